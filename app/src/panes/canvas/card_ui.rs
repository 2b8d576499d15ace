//! The cards, and the ports at their sides from which wires are drawn.

use egui::{
    Align2, CornerRadius, CursorIcon, FontId, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2,
};
use fabula_core::pipeline::Flow;

use super::add_ui::Adding;
use super::card::{Card, Line};
use super::{Canvas, Drag, edits, send_edit};
use crate::command::Command;
use crate::panes::{Context, PaneKind};
use crate::theme::{font, mix, tokens, widgets};

/// How near the pointer must come to a port.
const PORT: f32 = 9.0;

pub(super) fn cards_ui(ui: &mut Ui, canvas: &mut Canvas, cards: &[Card], context: &Context<'_>) {
    for card in cards {
        card_ui(ui, canvas, card, context);
    }
    for card in cards {
        ports_ui(ui, canvas, card);
    }
    drop_wire(ui, canvas, cards, context);
}

fn card_ui(ui: &mut Ui, canvas: &mut Canvas, card: &Card, context: &Context<'_>) {
    let (view, tokens) = (canvas.view, tokens(ui));
    let corner = view.to_screen(card.at);
    let rect = Rect::from_min_size(corner, card.size() * view.zoom);
    let response = ui.interact(rect, ui.id().with(("card", &card.name)), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, card.chosen, card.spoken()));
    if response.drag_started() {
        canvas.drag = Some(Drag::Card(card.name.clone(), card.at));
        canvas.refused = None;
    }
    if let Some(Drag::Card(name, at)) = &mut canvas.drag
        && *name == card.name
    {
        let moved = response.drag_delta() / view.zoom;
        *at = [at[0] + moved.x, at[1] + moved.y];
        if response.drag_stopped() {
            let mut pipeline = (*context.state.design.pipeline).clone();
            // Cards stand on the grid, so that they line up without care.
            let snapped = at.map(|part| (part / 4.0).round() * 4.0);
            pipeline.layout.insert(card.name.clone(), snapped);
            send_edit(&pipeline, context);
            canvas.drag = None;
        }
    }
    let activated = response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if response.clicked() || activated {
        context.send(Command::ChooseNode(Some(card.name.clone())));
        canvas.refused = None;
    }
    if response.double_clicked() {
        context.send(Command::ShowPane(PaneKind::View));
    }
    if response.secondary_clicked() {
        context.send(Command::ChooseNode(Some(card.name.clone())));
    }
    response.context_menu(|ui| {
        for piece in edits::Piece::ALL.into_iter().filter(|piece| piece.takes(card.flow)) {
            if ui.button(piece.title()).on_hover_text(piece.about()).clicked() {
                let at = [card.at[0] + 244.0, card.at[1]];
                let (pipeline, name) = edits::add_piece(&context.state.design.pipeline, piece, Some(&card.name), at);
                send_edit(&pipeline, context);
                context.send(Command::ChooseNode(Some(name)));
                ui.close();
            }
        }
        ui.separator();
        if ui.button("Remove").clicked() {
            context.send(Command::RemoveNode);
            ui.close();
        }
    });
    if !ui.is_rect_visible(rect) {
        return;
    }
    let rounding = CornerRadius::same((6.0 * view.zoom) as u8);
    let stroke = match (card.failing, card.chosen) {
        (true, _) => Stroke::new(1.5, tokens.error),
        (false, true) => Stroke::new(1.5, tokens.accent),
        (false, false) if response.hovered() => Stroke::new(1.0, tokens.text_faint),
        (false, false) => Stroke::new(1.0, tokens.outline),
    };
    ui.painter().rect(rect, rounding, tokens.pane, stroke, StrokeKind::Inside);
    let bar = Rect::from_min_size(rect.min, vec2(4.0 * view.zoom, rect.height()));
    let left = CornerRadius { ne: 0, se: 0, ..rounding };
    ui.painter().rect_filled(bar, left, card.mark.color(tokens));
    words_ui(ui, card, rect, view.zoom);
}

fn words_ui(ui: &Ui, card: &Card, rect: Rect, zoom: f32) {
    let tokens = tokens(ui);
    let sized = |font: FontId| FontId::new(font.size * zoom, font.family);
    let inner = Rect::from_min_max(rect.min + vec2(14.0, 4.0) * zoom, rect.max - vec2(12.0, 0.0) * zoom);
    let head = inner.with_max_y(inner.top() + 20.0 * zoom);
    let kind = widgets::line(ui.painter(), card.kind, sized(font::small()), tokens.text_faint, head.width());
    let kind_width = kind.size().x;
    let at = Align2::RIGHT_CENTER.align_size_within_rect(kind.size(), head).min;
    ui.painter().galley(at, kind, tokens.text_faint);
    let title = head.with_max_x(head.right() - kind_width - 6.0 * zoom);
    let name_font = FontId::new(12.0 * zoom, font::strong().family);
    widgets::text_in(ui.painter(), title, Align2::LEFT_CENTER, &card.name, name_font, tokens.text);
    if zoom < 0.45 {
        return;
    }
    for (at, (line, text)) in card.lines.iter().enumerate() {
        let top = inner.top() + (22.0 + at as f32 * 16.0) * zoom;
        let place = Rect::from_min_max(pos2(inner.left(), top), pos2(inner.right(), top + 16.0 * zoom));
        let (font, color) = match line {
            Line::Setting => (font::mono_small(), tokens.text_second),
            Line::Figures => (font::small(), tokens.text_faint),
            Line::Warning => (font::small(), tokens.warning),
            Line::Error => (font::small(), tokens.error),
        };
        widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, text, sized(font), color);
    }
}

fn ports_ui(ui: &mut Ui, canvas: &mut Canvas, card: &Card) {
    let (view, tokens) = (canvas.view, tokens(ui));
    let stroke = Stroke::new(1.2, mix(tokens.text_second, tokens.pane, 0.2));
    let radius = 4.5 * view.zoom.max(0.6);
    for (port, input) in card.inputs.iter().enumerate() {
        let at = view.to_screen(card.input(port));
        let wanted = matches!(canvas.drag, Some(Drag::Wire(_)));
        let fill = if wanted { tokens.selected } else { tokens.window };
        // An input that takes no rows yet is an open ring in the accent's colour.
        let ring = if input.is_none() { Stroke::new(1.2, tokens.accent) } else { stroke };
        ui.painter().circle(at, radius, fill, ring);
    }
    let at = view.to_screen(card.output());
    let response = ui.interact(
        Rect::from_center_size(at, vec2(PORT, PORT) * 2.0),
        ui.id().with(("out", &card.name)),
        Sense::drag(),
    );
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, format!("Rows of {}", card.name)));
    let response = response.on_hover_cursor(CursorIcon::Crosshair);
    let fill = if response.hovered() || response.dragged() { tokens.accent } else { tokens.window };
    if card.flow == Some(Flow::Table) {
        let square = Rect::from_center_size(at, vec2(radius, radius) * 1.8);
        ui.painter().rect(square, 1.5, fill, stroke, StrokeKind::Middle);
    } else {
        ui.painter().circle(at, radius, fill, stroke);
    }
    if response.drag_started() {
        canvas.drag = Some(Drag::Wire(card.name.clone()));
        canvas.refused = None;
    }
}

/// Lets a wire go: on a card it is connected, on the ground what fits is offered.
fn drop_wire(ui: &Ui, canvas: &mut Canvas, cards: &[Card], context: &Context<'_>) {
    let Some(Drag::Wire(from)) = &canvas.drag else { return };
    if !ui.input(|input| input.pointer.any_released()) {
        return;
    }
    let from = from.clone();
    canvas.drag = None;
    let Some(at) = ui.input(|input| input.pointer.interact_pos()) else { return };
    let under = cards.iter().find(|card| {
        let rect = Rect::from_min_size(canvas.view.to_screen(card.at), card.size() * canvas.view.zoom);
        rect.expand(PORT).contains(at)
    });
    let Some(card) = under else {
        canvas.adding = Some(Adding::at(at, canvas.view.to_scene(at), Some(from)));
        return;
    };
    if card.name == from {
        return;
    }
    let distance = |port: &usize| canvas.view.to_screen(card.input(*port)).distance(at);
    let free = (0..card.inputs.len())
        .filter(|port| card.inputs[*port].is_none())
        .min_by(|one, other| distance(one).total_cmp(&distance(other)));
    let nearest = (0..card.inputs.len()).min_by(|one, other| distance(one).total_cmp(&distance(other)));
    // On the port itself that one is meant; on the card, one that is free.
    let port = nearest.filter(|port| distance(port) <= PORT * 2.0).or(free).or(nearest).unwrap_or(0);
    match edits::connect(&context.state.design.pipeline, &from, &card.name, port) {
        Ok(pipeline) => send_edit(&pipeline, context),
        Err(why) => canvas.refused = Some((at, why)),
    }
}
