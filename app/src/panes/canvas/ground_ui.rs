//! The ground of the canvas: where one looks, what is chosen by a frame, what is dropped.

use egui::{Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, WidgetType, pos2, vec2};

use super::add_ui::Adding;
use super::card::Card;
use super::places::Chosen;
use super::{Canvas, Drag};
use crate::command::Command;
use crate::panes::Context;
use crate::theme::tokens;

impl Canvas {
    /// The ground: dragging it moves the view, or with Shift draws a frame around what is to be chosen; so does the
    /// wheel, and with Ctrl, or pinched, it looks nearer at the pointer; a click lets go of the chosen node, a double click or the second button offers what can be added.
    pub(super) fn ground_ui(&mut self, ui: &mut Ui, rect: Rect, cards: &[Card], context: &Context<'_>) -> Response {
        let response = ui.interact(rect, ui.id().with("ground"), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, "Canvas"));
        self.attended |= response.has_focus();
        if response.drag_started() && ui.input(|input| input.modifiers.shift) {
            self.drag = ui.input(|input| input.pointer.press_origin()).map(Drag::Band);
        }
        match self.drag {
            None if response.dragged() => self.view.offset += response.drag_delta(),
            Some(Drag::Band(from)) => self.band_ui(ui, &response, from, cards, context),
            _ => {}
        }
        if response.clicked() {
            self.adding = None;
            self.refused = None;
            self.chosen = Chosen::default();
            context.send(Command::ChooseNode(None));
        }
        if let Some(at) = response.interact_pointer_pos()
            && (response.double_clicked() || response.secondary_clicked())
        {
            let adding = Adding::at(at, self.view.to_scene(at), None);
            // On a wire what is offered is put into it.
            self.adding = Some(match self.near.clone() {
                Some((to, port)) => adding.into_wire(to, port),
                None => adding,
            });
        }
        if let Some(at) = ui.input(|input| input.pointer.hover_pos()).filter(|at| rect.contains(*at))
            && self.adding.is_none()
            && response.contains_pointer()
        {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
            if (pinch - 1.0).abs() > f32::EPSILON {
                self.view.zoom_at(at, pinch);
            } else if scroll != Vec2::ZERO {
                self.view.offset += scroll;
            }
        }
        self.drop_dragged(ui, rect, cards, context);
        self.grid(ui, rect);
        if response.has_focus() {
            let stroke = Stroke::new(1.0, tokens(ui).accent);
            ui.painter().rect_stroke(rect.shrink(1.0), 0.0, stroke, StrokeKind::Inside);
        }
        response
    }

    /// The frame that chooses what it touches.
    fn band_ui(&mut self, ui: &Ui, response: &Response, from: Pos2, cards: &[Card], context: &Context<'_>) {
        let Some(to) = ui.input(|input| input.pointer.interact_pos()) else { return };
        let band = Rect::from_two_pos(from, to);
        let tokens = tokens(ui);
        let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Middle, ui.id().with("band")));
        let painter = painter.with_clip_rect(ui.clip_rect());
        painter.rect(band, 2.0, tokens.marked, Stroke::new(1.0, tokens.accent), StrokeKind::Inside);
        let zoom = self.view.zoom;
        let on_screen = |rect: Rect| {
            Rect::from_min_size(self.view.to_screen([rect.left(), rect.top()]), rect.size() * zoom).intersects(band)
        };
        let nodes = cards.iter().filter(|card| on_screen(card.rect())).map(|card| card.name.clone()).collect();
        let notes = context.state.design.pipeline.notes.iter().enumerate().filter(|(_, note)| {
            let rect = Rect::from_min_size(pos2(note.at[0], note.at[1]), vec2(note.size[0], note.size[1]));
            // A frame is chosen as a whole: what stands in it is chosen without it.
            band.contains_rect(Rect::from_min_size(self.view.to_screen(note.at), rect.size() * zoom))
        });
        self.chosen = Chosen { nodes, notes: notes.map(|(at, _)| at).collect() };
        if response.drag_stopped() || !ui.input(|input| input.pointer.any_down()) {
            self.drag = None;
            // Of what is chosen one is looked at.
            let is_chosen = |name: &String| self.chosen.nodes.contains(name);
            if let Some(first) = self.chosen.nodes.first()
                && !context.state.design.chosen.as_ref().is_some_and(is_chosen)
            {
                context.send(Command::ChooseNode(Some(first.clone())));
            }
        }
    }

    fn grid(&self, ui: &Ui, rect: Rect) {
        let tokens = tokens(ui);
        ui.painter().rect_filled(rect, 0.0, tokens.window);
        let step = 24.0 * self.view.zoom * if self.view.zoom < 0.6 { 2.0 } else { 1.0 };
        let origin = rect.min + self.view.offset;
        let first = |origin: f32, start: f32| origin - ((origin - start) / step).floor() * step;
        let mut y = first(origin.y, rect.top());
        while y < rect.bottom() {
            let mut x = first(origin.x, rect.left());
            while x < rect.right() {
                ui.painter().circle_filled(pos2(x, y), 0.8, tokens.hairline);
                x += step;
            }
            y += step;
        }
    }
}
