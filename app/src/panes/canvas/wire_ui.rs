//! The wires: streams thin, tables thick; a figure on each, and its rows under the pointer.

use egui::epaint::CubicBezierShape;
use egui::{Align2, Color32, FontId, Pos2, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, vec2};
use fabula_core::pipeline::Flow;

use super::card::{Card, curve};
use super::view::View;
use super::{Canvas, Drag, edits, send_edit};
use crate::chrome::menu;
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::state::Pace;
use crate::theme::icon::{self, Icon};
use crate::theme::{font, tokens, widgets};

/// So many rows are shown under the pointer.
const PEEK: usize = 6;
/// How thick wires are.
const STREAM: f32 = 1.4;
const TABLE: f32 = 5.0;

/// Every wire: the card that gives its rows, the one that takes them, and as which input.
fn wires(cards: &[Card]) -> impl Iterator<Item = (&Card, &Card, usize)> {
    cards.iter().flat_map(move |to| {
        to.inputs.iter().enumerate().filter_map(move |(port, input)| {
            let from = cards.iter().find(|other| Some(&other.name) == input.as_ref())?;
            Some((from, to, port))
        })
    })
}

fn bezier(view: View, from: &Card, to: &Card, port: usize) -> CubicBezierShape {
    let points = curve(view.to_screen(from.output()), view.to_screen(to.input(port)), view.zoom);
    CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, Stroke::NONE)
}

/// Where the middle of a wire is on the screen.
pub(super) fn middle(view: View, cards: &[Card], to: &str, port: usize) -> Option<Pos2> {
    let (from, to, port) = wires(cards).find(|(_, card, at)| card.name == to && *at == port)?;
    Some(bezier(view, from, to, port).sample(0.5))
}

/// The wire that goes through a part of the screen, of no card of this name.
pub(super) fn wire_through(view: View, cards: &[Card], part: Rect, name: &str) -> Option<(String, usize)> {
    let goes_through = |(from, to, port): &(&Card, &Card, usize)| {
        let bezier = bezier(view, from, to, *port);
        from.name != name && to.name != name && (0..=32).any(|at| part.contains(bezier.sample(at as f32 / 32.0)))
    };
    wires(cards).find(goes_through).map(|(_, to, port)| (to.name.clone(), port))
}

pub(super) fn wires_ui(ui: &mut Ui, canvas: &mut Canvas, cards: &[Card], context: &Context<'_>) {
    let mut cut = None;
    canvas.near = None;
    for (from, to, port) in wires(cards) {
        if wire_ui(ui, canvas, from, to, port, context) {
            cut = Some((to.name.clone(), port));
        }
    }
    if let Some((to, port)) = cut {
        send_edit(&edits::disconnect(&context.state.design.pipeline, &to, port), context);
    }
    let Some(Drag::Wire(from)) = &canvas.drag else { return };
    let (Some(from), Some(at)) =
        (cards.iter().find(|card| card.name == *from), ui.input(|input| input.pointer.hover_pos()))
    else {
        return;
    };
    let points = curve(canvas.view.to_screen(from.output()), at, canvas.view.zoom);
    line(ui, points, from.flow, tokens(ui).accent);
}

fn line(ui: &Ui, points: [Pos2; 4], flow: Option<Flow>, color: Color32) {
    let curve = |width: f32, color: Color32| {
        CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, Stroke::new(width, color))
    };
    if flow == Some(Flow::Table) {
        // A table is a band with two edges, which begins in a square; a stream is a thin line that begins in a ring.
        ui.painter().add(curve(TABLE, color));
        ui.painter().add(curve(TABLE - 2.4, tokens(ui).window));
    } else {
        ui.painter().add(curve(STREAM, color));
    }
}

/// What stands on a wire: how many rows went along it, and while they do how many in a second.
fn label_of(from: &Card) -> String {
    let count = from.given.map(|given| figures::short(given as f64)).unwrap_or_default();
    match from.pace.filter(|pace| *pace > 0.0) {
        Some(pace) => format!("{count} · {}/s", figures::short(pace)),
        None => count,
    }
}

/// Draws one wire; says whether it is to be taken away.
fn wire_ui(ui: &mut Ui, canvas: &mut Canvas, from: &Card, to: &Card, port: usize, context: &Context<'_>) -> bool {
    let (view, tokens) = (canvas.view, tokens(ui));
    let bezier = bezier(view, from, to, port);
    let points = bezier.points;
    let middle = bezier.sample(0.5);
    let near = ui.input(|input| input.pointer.hover_pos()).is_some_and(|pointer| {
        ui.clip_rect().contains(pointer) && (0..=24).any(|at| bezier.sample(at as f32 / 24.0).distance(pointer) < 8.0)
    });
    let went = super::card::journey(context.state).is_some_and(|journey| journey.went(&from.name, &to.name));
    if went {
        // The way of the chosen event is a wire within a wire, so that it is not told by its colour alone.
        ui.painter().add(CubicBezierShape::from_points_stroke(
            points,
            false,
            Color32::TRANSPARENT,
            Stroke::new(6.0, tokens.selected),
        ));
    }
    let quiet = match from.flow {
        _ if went => tokens.accent,
        Some(Flow::Table) => tokens.palette[6],
        _ => tokens.text_faint,
    };
    let id = ui.id().with(("wire", &from.name, &to.name, port));
    let focused = ui.memory(|memory| memory.has_focus(id));
    let here = Some((to.name.clone(), port));
    if near {
        canvas.near.clone_from(&here);
    }
    let is_meant = (near || focused) && canvas.drag.is_none() || canvas.over == here;
    line(ui, points, from.flow, if is_meant { tokens.accent } else { quiet });
    let label = label_of(from);
    if from.pace.is_some() {
        // When rows stop coming the pace is taken away again.
        ui.ctx().request_repaint_after(Pace::LASTS);
    }
    // The pace stands below the count: side by side they would be wider than the gap between two cards.
    let words = label.replace(" · ", "\n");
    let small = FontId::new(font::small().size * view.zoom.max(0.7), font::small().family);
    let galley = ui.painter().layout_no_wrap(words, small, tokens.text_second);
    let place = Rect::from_center_size(middle, (galley.size() + vec2(10.0, 4.0)).max(vec2(22.0, 18.0)));
    let response = ui.interact(place, id, Sense::click());
    let way = if went { ", the chosen event went along it" } else { "" };
    response.widget_info(|| {
        WidgetInfo::labeled(WidgetType::Button, true, format!("Wire from {} to {}: {label}{way}", from.name, to.name))
    });
    if !label.is_empty() || near {
        ui.painter().rect_filled(place, 4.0, tokens.window);
    }
    if response.hovered() || response.has_focus() {
        icon::paint(ui.painter(), place, Icon::Close, tokens.error);
    } else {
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), place).min;
        ui.painter().galley(at, galley, tokens.text_second);
    }
    if (near || response.hovered() || focused) && canvas.drag.is_none() {
        peek_ui(ui, &response, from, to, context);
    }
    if focused {
        // Delete is the wire's then, and no node's.
        canvas.attended = true;
        canvas.wire = Some((to.name.clone(), port));
        widgets::focus_ring(ui, place);
    }
    response.context_menu(|ui| {
        menu::command_ui(ui, context, &Command::AddToWire(to.name.clone(), port));
        menu::command_ui(ui, context, &Command::CutWire(to.name.clone(), port));
    });
    let hint = "Take the wire away. The second button, or a double click beside it, puts a step into it.";
    response.on_hover_text(hint).clicked()
}

/// The latest of the rows that go along a wire; until there are any, the first.
fn peek_ui(ui: &Ui, response: &egui::Response, from: &Card, to: &Card, context: &Context<'_>) {
    let design = &context.state.design;
    let Some(outcome) = context.state.outcome.as_ref().filter(|outcome| outcome.version == design.version) else {
        return;
    };
    let latest = outcome.latest.get(&from.name).map(|rows| (rows, "latest rows"));
    let Some((rows, which)) = latest.or_else(|| Some((outcome.first.get(&from.name)?, "first rows"))) else { return };
    let tip = egui::Tooltip::always_open(
        ui.ctx().clone(),
        ui.layer_id(),
        response.id.with("rows"),
        response.rect.expand(6.0),
    );
    tip.gap(6.0).show(|ui| {
        let tokens = tokens(ui);
        widgets::caption(ui, format!("{} to {} · {which}", from.name, to.name));
        if rows.rows.is_empty() {
            ui.label("no row yet");
        }
        egui::Grid::new("rows").spacing(vec2(12.0, 2.0)).show(ui, |ui| {
            let columns: Vec<_> = rows.columns.iter().filter(|(name, ..)| name != "topic").take(6).collect();
            ui.label(egui::RichText::new("time").font(font::small()).color(tokens.text_faint));
            for (name, ..) in &columns {
                ui.label(egui::RichText::new(name).font(font::small()).color(tokens.text_faint));
            }
            ui.end_row();
            for row in rows.rows.len().saturating_sub(PEEK)..rows.rows.len() {
                let time = context.state.clock.time_of_day(rows.rows.time_ms[row].saturating_mul(1_000_000));
                ui.label(egui::RichText::new(time).font(font::mono_small()).color(tokens.text_second));
                for (_, column, _) in &columns {
                    let text = crate::panes::view::cell_text(&rows.rows.cell(*column, row), &context.state.clock);
                    let cut: String = text.chars().take(28).collect();
                    ui.label(egui::RichText::new(cut).font(font::mono_small()));
                }
                ui.end_row();
            }
        });
    });
}
