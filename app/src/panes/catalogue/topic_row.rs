//! A topic in the catalogue: chip, name, rate, count.

use egui::{Align2, Pos2, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::chrome::menu;
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::panes::canvas::Dragged;
use crate::state::Topic;
use crate::theme::{Tokens, font, icon, names, size, tokens, widgets};

const SPARKLINE: f32 = 44.0;

/// Draws the row.
pub fn topic_row_ui(ui: &mut Ui, rect: Rect, topic: &Topic, context: &Context<'_>) {
    let state = context.state;
    let shown = state.is_shown(&topic.name);
    let response = ui.allocate_rect(rect, Sense::click_and_drag());
    let events = figures::of(topic.totals.events, "event");
    response
        .widget_info(|| WidgetInfo::selected(WidgetType::Checkbox, true, shown, format!("{} {events}", topic.name)));
    let tokens = tokens(ui);
    let selected = state.selection.as_ref().is_some_and(|selection| selection.coordinates.topic == topic.name);
    if selected {
        ui.painter().rect_filled(rect, 0.0, tokens.selected);
    } else if response.contains_pointer() {
        ui.painter().rect_filled(rect, 0.0, tokens.hovered);
    }
    let color = tokens.series(state.series.number(&topic.name));
    widgets::chip(ui.painter(), tokens, pos2(rect.left() + size::INSET + 4.0, rect.center().y), color, shown);
    // The mark of the details lies over the row, so that the pointer upon it is upon both.
    let marked = response.contains_pointer() || state.details.contains(&topic.name);
    let right = figures_ui(ui, rect, topic, shown, tokens, marked);
    let name = Rect::from_min_max(
        pos2(rect.left() + 29.0, rect.top()),
        pos2((right - 8.0).max(rect.left() + 60.0), rect.bottom()),
    );
    let text = match (topic.failure(), shown) {
        (Some(_), _) => tokens.error,
        (None, true) => tokens.text,
        (None, false) => tokens.text_second,
    };
    let cut = names::name_in(ui.painter(), name, Align2::LEFT_CENTER, &topic.name, font::body(), text);
    details_switch_ui(ui, rect, topic, context, marked);
    respond(response, topic, context, cut, &events);
}

fn respond(response: egui::Response, topic: &Topic, context: &Context<'_>, cut: bool, events: &str) {
    Dragged::topic(&topic.name, context.state).begin(&response, context);
    if response.clicked() {
        let only = response.ctx.input(|input| input.modifiers.command);
        let name = topic.name.clone();
        context.send(if only { Command::OnlyTopic(name) } else { Command::ToggleTopic(name) });
    }
    response.context_menu(|ui| menu::topic_menu_ui(ui, context, topic));
    response.on_hover_ui(|ui| {
        if cut || topic.failure().is_some() {
            ui.label(egui::RichText::new(&*topic.name).font(font::medium()));
        }
        if let Some(error) = topic.failure() {
            ui.label(egui::RichText::new(error).font(font::body()).color(tokens(ui).error));
        }
        let partitions = figures::of(topic.partitions as u64, "partition");
        widgets::caption(ui, format!("{events} read · {partitions} · {}", figures::bytes(topic.totals.bytes)));
        widgets::caption(ui, "Click to show or hide, Ctrl+click to show no other, drag onto the canvas");
    });
}

/// Count and sparkline, from the right; gives where they begin.
fn figures_ui(ui: &Ui, rect: Rect, topic: &Topic, shown: bool, tokens: &Tokens, marked: bool) -> f32 {
    let mut right = rect.right() - if marked { 26.0 } else { size::INSET };
    let narrow = rect.width() < 190.0;
    let count = if topic.totals.events > 0 || shown {
        figures::count(topic.totals.events)
    } else if topic.totals.offsets > 0 {
        figures::count(topic.totals.offsets)
    } else {
        String::new()
    };
    if !count.is_empty() {
        let color = if shown { tokens.text_second } else { tokens.text_faint };
        let galley = widgets::line(ui.painter(), &count, font::small(), color, 90.0);
        let at = Align2::RIGHT_CENTER.align_size_within_rect(galley.size(), rect.with_max_x(right)).min;
        right = at.x;
        ui.painter().galley(at, galley, color);
    }
    if !narrow && topic.totals.rate.len() > 1 {
        // Counts differ in width: the sparklines stand in one column all the same.
        let line = Rect::from_min_max(
            pos2(rect.right() - size::INSET - 66.0 - SPARKLINE, rect.top() + 6.0),
            pos2(rect.right() - size::INSET - 66.0, rect.bottom() - 6.0),
        );
        if line.right() <= right + 2.0 {
            sparkline(ui, line, &topic.totals.rate, tokens.text_faint);
            right = line.left();
        }
    }
    right
}

fn sparkline(ui: &Ui, rect: Rect, rate: &[f32], color: egui::Color32) {
    let most = rate.iter().copied().fold(0.0_f32, f32::max);
    if most <= 0.0 {
        return;
    }
    let step = rect.width() / (rate.len() - 1) as f32;
    let points: Vec<Pos2> = rate
        .iter()
        .enumerate()
        .map(|(at, &events)| rect.left_bottom() + vec2(at as f32 * step, -events / most * rect.height()))
        .collect();
    ui.painter().add(Shape::line(points, Stroke::new(1.0, color)));
}

/// The mark that opens the details, under the pointer or when they are open.
fn details_switch_ui(ui: &mut Ui, rect: Rect, topic: &Topic, context: &Context<'_>, marked: bool) {
    let open = context.state.details.contains(&topic.name);
    if !marked {
        return;
    }
    let place = Rect::from_center_size(pos2(rect.right() - 13.0, rect.center().y), vec2(20.0, 20.0));
    let response = ui.interact(place, ui.id().with("details"), Sense::click());
    let tokens = tokens(ui);
    let color = if response.hovered() { tokens.text } else { tokens.text_second };
    icon::paint(ui.painter(), place, if open { icon::Icon::Open } else { icon::Icon::Shut }, color);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Details of {}", topic.name)));
    if response.on_hover_text(Command::ToggleDetails(topic.name.clone()).info().tooltip).clicked() {
        context.send(Command::ToggleDetails(topic.name.clone()));
    }
}
