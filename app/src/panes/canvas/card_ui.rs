//! The cards, and the ports at their sides from which wires are drawn.

use egui::{
    Align2, CornerRadius, CursorIcon, FontId, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    WidgetType, pos2, vec2,
};
use fabula_core::pipeline::Flow;

use super::add_ui::Adding;
use super::card::{Card, Health, Line};
use super::pieces::Piece;
use super::places::{self, Chosen};
use super::{Canvas, Drag, edits, keys_ui, send_edit, wire_ui};
use crate::chrome::menu;
use crate::command::Command;
use crate::panes::{Context, PaneKind};
use crate::theme::icon::{self, Icon};
use crate::theme::{font, mix, tokens, widgets};

/// How near the pointer must come to a port.
const PORT: f32 = 9.0;

pub(super) fn cards_ui(ui: &mut Ui, canvas: &mut Canvas, cards: &[Card], context: &Context<'_>) {
    for card in cards {
        card_ui(ui, canvas, card, cards, context);
    }
    for card in cards {
        ports_ui(ui, canvas, card);
    }
    drop_wire(ui, canvas, cards, context);
}

fn card_ui(ui: &mut Ui, canvas: &mut Canvas, card: &Card, cards: &[Card], context: &Context<'_>) {
    let (view, tokens) = (canvas.view, tokens(ui));
    let corner = view.to_screen(card.at);
    let rect = Rect::from_min_size(corner, card.size() * view.zoom);
    let response = ui.interact(rect, ui.id().with(("card", &card.name)), Sense::click_and_drag());
    let chosen = canvas.chosen.nodes.contains(&card.name);
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, chosen, card.spoken()));
    if canvas.focus.as_ref() == Some(&card.name) {
        response.request_focus();
        canvas.focus = None;
    }
    drag_ui(&response, canvas, card, cards, context);
    if response.clicked() {
        choose(ui, canvas, card, context);
    }
    if response.double_clicked() {
        context.send(Command::ShowPane(PaneKind::View));
    }
    if response.secondary_clicked() && !canvas.chosen.nodes.contains(&card.name) {
        context.send(Command::ChooseNode(Some(card.name.clone())));
    }
    menu_ui(&response, card, context);
    if response.gained_focus() {
        // What the keys do they do to the card that has them.
        canvas.reveal = Some(card.name.clone());
        if !canvas.chosen.nodes.contains(&card.name) || context.state.design.chosen.as_ref() != Some(&card.name) {
            context.send(Command::ChooseNode(Some(card.name.clone())));
        }
    }
    if response.has_focus() {
        canvas.attended = true;
        keys_ui::card_keys(ui, &response, canvas, card, cards, context);
    }
    if !ui.is_rect_visible(rect) {
        return;
    }
    let rounding = CornerRadius::same((6.0 * view.zoom) as u8);
    let chosen = canvas.chosen.nodes.contains(&card.name);
    let stroke = match card.health {
        _ if chosen => Stroke::new(1.5, tokens.accent),
        Health::Failing => Stroke::new(1.5, tokens.error),
        _ if response.hovered() => Stroke::new(1.0, tokens.text_faint),
        _ => Stroke::new(1.0, tokens.outline),
    };
    let shadow = egui::Shadow { offset: [0, 2], blur: 8, spread: 0, color: tokens.shadow.gamma_multiply(0.5) };
    ui.painter().add(shadow.as_shape(rect, rounding));
    let unconfigured = card.health == Health::Unconfigured && !chosen;
    let solid = if unconfigured { Stroke::NONE } else { stroke };
    ui.painter().rect(rect, rounding, tokens.pane, solid, StrokeKind::Inside);
    if unconfigured {
        // A card that waits for a wire is drawn with a broken line, as its open port is.
        let edge = rect.shrink(0.5);
        let corners = [edge.left_top(), edge.right_top(), edge.right_bottom(), edge.left_bottom(), edge.left_top()];
        ui.painter().extend(egui::Shape::dashed_line(&corners, Stroke::new(1.0, tokens.accent), 4.0, 3.0));
    }
    if chosen && card.health == Health::Failing {
        let inner = rect.shrink(2.0);
        ui.painter().rect_stroke(inner, rounding, Stroke::new(1.0, tokens.error), StrokeKind::Inside);
    }
    if card.looked_at && !(chosen && canvas.chosen.len() == 1) {
        corners(ui, rect.expand(4.0), 10.0 * view.zoom.max(0.6), tokens.text_second);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect.expand(2.5), rounding, Stroke::new(1.0, tokens.accent), StrokeKind::Outside);
    }
    if let Some(share) = card.running {
        let foot = rect.with_min_y(rect.bottom() - 2.5 * view.zoom).shrink2(vec2(4.0 * view.zoom, 0.0));
        let done = foot.with_max_x(foot.left() + foot.width() * share);
        ui.painter().rect_filled(foot, 1.0, mix(tokens.accent, tokens.pane, 0.8));
        ui.painter().rect_filled(done, 1.0, tokens.accent);
    }
    let bar = Rect::from_min_size(rect.min, vec2(4.0 * view.zoom, rect.height()));
    let left = CornerRadius { ne: 0, se: 0, ..rounding };
    ui.painter().rect_filled(bar, left, card.mark.color(tokens));
    words_ui(ui, card, rect, view.zoom);
    way_ui(ui, card, rect, view.zoom);
    late_ui(ui, card, rect, view.zoom, context);
}

/// The corners of a frame around a card that is looked at and not, or not alone, chosen.
fn corners(ui: &Ui, rect: Rect, length: f32, color: egui::Color32) {
    let arms = [
        (rect.left_top(), vec2(1.0, 1.0)),
        (rect.right_top(), vec2(-1.0, 1.0)),
        (rect.left_bottom(), vec2(1.0, -1.0)),
        (rect.right_bottom(), vec2(-1.0, -1.0)),
    ];
    for (corner, way) in arms {
        let line = vec![corner + vec2(way.x * length, 0.0), corner, corner + vec2(0.0, way.y * length)];
        ui.painter().add(egui::Shape::line(line, Stroke::new(1.5, color)));
    }
}

/// Takes hold of what is chosen and moves it, notes and all.
fn drag_ui(response: &Response, canvas: &mut Canvas, card: &Card, cards: &[Card], context: &Context<'_>) {
    if response.drag_started() {
        if !canvas.chosen.nodes.contains(&card.name) {
            canvas.chosen = Chosen { nodes: [card.name.clone()].into(), ..Chosen::default() };
        }
        canvas.drag = Some(Drag::Chosen { by: [0.0, 0.0], held: card.name.clone() });
        canvas.refused = None;
    }
    let Some(Drag::Chosen { by, held }) = &mut canvas.drag else { return };
    if *held != card.name {
        return;
    }
    let moved = response.drag_delta() / canvas.view.zoom;
    *by = [by[0] + moved.x, by[1] + moved.y];
    let by = *by;
    let pipeline = &context.state.design.pipeline;
    // A card that is wired to none can be let go of on a wire, and goes into it.
    let middle = Rect::from_center_size(response.rect.center(), response.rect.size() * 0.5);
    canvas.over = (canvas.chosen.len() == 1 && edits::is_loose(pipeline, &card.name))
        .then(|| wire_ui::wire_through(canvas.view, cards, middle, &card.name))
        .flatten();
    if response.drag_stopped() {
        canvas.drag = None;
        let moved = places::moved(pipeline, &canvas.chosen, by);
        let put = canvas.over.take().map(|(to, port)| edits::put_between(&moved, &card.name, &to, port));
        match put {
            Some(Err(why)) => canvas.refused = Some((response.rect.center(), why)),
            Some(Ok(put)) => drop(send_edit(&put, context)),
            None => drop(send_edit(&moved, context)),
        }
    }
}

/// A click chooses a card; with Shift or Ctrl it comes to those that are chosen, or leaves them.
fn choose(ui: &Ui, canvas: &mut Canvas, card: &Card, context: &Context<'_>) {
    canvas.refused = None;
    let more = ui.input(|input| input.modifiers.shift || input.modifiers.command);
    if !more {
        canvas.chosen = Chosen { nodes: [card.name.clone()].into(), ..Chosen::default() };
        context.send(Command::ChooseNode(Some(card.name.clone())));
    } else if !canvas.chosen.nodes.remove(&card.name) {
        canvas.chosen.nodes.insert(card.name.clone());
    }
}

fn menu_ui(response: &Response, card: &Card, context: &Context<'_>) {
    response.context_menu(|ui| {
        for command in [Command::EditNode, Command::ConnectNode, Command::CopyNodes, Command::DuplicateNodes] {
            menu::command_ui(ui, context, &command);
        }
        ui.separator();
        let fits = |piece: &Piece| edits::fits(&context.state.design.pipeline, *piece, &card.name);
        for piece in Piece::ALL.into_iter().filter(fits) {
            if ui.button(piece.title()).on_hover_text(piece.about()).clicked() {
                let pipeline = &context.state.design.pipeline;
                let at = places::free_beside(pipeline, [card.at[0] + places::COLUMN, card.at[1]]);
                let (pipeline, name) = edits::add_piece(pipeline, piece, Some(&card.name), at);
                send_edit(&pipeline, context);
                context.send(Command::ChooseNode(Some(name)));
                ui.close();
            }
        }
        ui.separator();
        menu::command_ui(ui, context, &Command::RemoveNode);
    });
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
        let place = line_place(rect, at, zoom);
        let (font, color) = match line {
            Line::Setting => (font::mono_small(), tokens.text_second),
            Line::Figures => (font::small(), tokens.text_faint),
            Line::Warning => (font::small(), tokens.warning),
            Line::Hint => (font::small(), tokens.accent),
            Line::Error => (font::small(), tokens.error),
        };
        widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, text, sized(font), color);
    }
}

/// Where a line of a card stands.
fn line_place(rect: Rect, at: usize, zoom: f32) -> Rect {
    let inner = Rect::from_min_max(rect.min + vec2(14.0, 4.0) * zoom, rect.max - vec2(12.0, 0.0) * zoom);
    let top = inner.top() + (22.0 + at as f32 * 16.0) * zoom;
    Rect::from_min_max(pos2(inner.left(), top), pos2(inner.right(), top + 16.0 * zoom))
}

/// What is late or set aside is a way to the list of it.
fn late_ui(ui: &Ui, card: &Card, rect: Rect, zoom: f32, context: &Context<'_>) {
    let Some(at) = card.lines.iter().position(|(line, _)| *line == Line::Warning).filter(|_| zoom >= 0.45) else {
        return;
    };
    let (place, text) = (line_place(rect, at, zoom), &card.lines[at].1);
    let response = ui.interact(place, ui.id().with(("late", &card.name)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("See {text} of {}", card.name)));
    if response.hovered() || response.has_focus() {
        let y = place.bottom() - 1.0;
        ui.painter().hline(place.x_range(), y, Stroke::new(1.0, tokens(ui).warning));
    }
    if response.has_focus() {
        widgets::focus_ring(ui, place);
    }
    if response.on_hover_text("See the rows, and why").clicked() {
        context.send(Command::ChooseNode(Some(card.name.clone())));
        context.send(Command::ShowAside);
    }
}

/// The chosen event's way: a tick where it went through, and where it stops the reason below the card.
fn way_ui(ui: &Ui, card: &Card, rect: Rect, zoom: f32) {
    let Some(visit) = &card.visited else { return };
    let tokens = tokens(ui);
    let color = if visit.went_on { tokens.accent } else { tokens.warning };
    let mark = Rect::from_center_size(rect.right_top(), vec2(16.0, 16.0) * zoom.max(0.7));
    ui.painter().circle(mark.center(), mark.width() / 2.0, tokens.pane, Stroke::new(1.5, color));
    let icon = if visit.went_on { Icon::Check } else { Icon::Close };
    icon::paint(ui.painter(), mark.shrink(2.0), icon, color);
    if visit.went_on {
        return;
    }
    let below = Rect::from_min_size(rect.left_bottom() + vec2(0.0, 4.0), vec2(rect.width(), 18.0));
    let words = format!("stops here: {}", visit.words);
    ui.painter().rect_filled(below, 4.0, mix(tokens.warning, tokens.window, 0.85));
    let text = below.shrink2(vec2(6.0, 0.0));
    widgets::text_in(ui.painter(), text, Align2::LEFT_CENTER, &words, font::small(), tokens.text);
    let response = ui.interact(below, ui.id().with(("stops", &card.name)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("The chosen event {words}")));
    response.on_hover_text(words);
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
        // By the keyboard wires are drawn with “Add or connect”: a stop at every mark would be in the way.
        Sense::DRAG,
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

/// Holds a wire over what is under the pointer, and says at once where it can't be; lets it go: on a card it is connected, on
/// the ground what fits is offered.
fn drop_wire(ui: &mut Ui, canvas: &mut Canvas, cards: &[Card], context: &Context<'_>) {
    let Some(Drag::Wire(from)) = &canvas.drag else { return };
    let Some(at) = ui.input(|input| input.pointer.interact_pos()) else { return };
    let from = from.clone();
    let under = cards.iter().filter(|card| card.name != from).find(|card| {
        let rect = Rect::from_min_size(canvas.view.to_screen(card.at), card.size() * canvas.view.zoom);
        rect.expand(PORT).contains(at)
    });
    let connected = under.map(|card| {
        let port = port_at(canvas, card, at);
        edits::connect(&context.state.design.pipeline, &from, &card.name, port, &context.state.names)
    });
    if !ui.input(|input| input.pointer.any_released()) {
        canvas.refused = match connected {
            Some(Err(why)) => Some((at, why)),
            _ => None,
        };
        return;
    }
    canvas.drag = None;
    match connected {
        None if cards.iter().any(|card| {
            card.name == from
                && Rect::from_min_size(canvas.view.to_screen(card.at), card.size() * canvas.view.zoom).contains(at)
        }) => {}
        // Let go over another pane it is let go of, and nothing more.
        None if !canvas.rect.is_some_and(|rect| rect.contains(at)) => {}
        None => canvas.adding = Some(Adding::at(at, canvas.view.to_scene(at), Some(from))),
        Some(Ok(pipeline)) => drop(send_edit(&pipeline, context)),
        Some(Err(why)) => canvas.refused = Some((at, why)),
    }
}

/// The input that is meant at a place of a card: on the port itself that one, on the card one that is free.
fn port_at(canvas: &Canvas, card: &Card, at: Pos2) -> usize {
    let distance = |port: &usize| canvas.view.to_screen(card.input(*port)).distance(at);
    let free = (0..card.inputs.len())
        .filter(|port| card.inputs[*port].is_none())
        .min_by(|one, other| distance(one).total_cmp(&distance(other)));
    let nearest = (0..card.inputs.len()).min_by(|one, other| distance(one).total_cmp(&distance(other)));
    nearest.filter(|port| distance(port) <= PORT * 2.0).or(free).or(nearest).unwrap_or(0)
}
