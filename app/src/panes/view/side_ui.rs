//! Paints what stands beside the rows: the chosen row, a column, what changed, how it compares, how far an event got.

use egui::{Align2, Panel, Rect, RichText, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::codec::Cell;
use fabula_core::engine::NamedEvent;
use fabula_core::event::time::ms_to_ns;

use super::showing::Showing;
use super::why::Why;
use super::{Side, ViewPane, cell_text, changes_ui, column_ui, key_text};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::panes::journey::UNASKED;
use crate::state::{Selection, Way};
use crate::theme::{font, size, tokens, widgets};

/// How wide it is at first.
const WIDTH: f32 = 330.0;

/// Paints the side, where it is open.
pub(super) fn side_ui(ui: &mut Ui, pane: &mut ViewPane, showing: Option<&Showing>, context: &Context<'_>) {
    let Some(side) = pane.side else { return };
    let frame = egui::Frame::new().fill(tokens(ui).pane);
    let panel = Panel::right("beside the rows").default_size(WIDTH).min_size(240.0).frame(frame);
    let edge = egui::Id::new("beside the rows").with("__resize");
    panel.show_separator_line(true).show(ui, |ui| {
        ui.add_space(size::GRID);
        ui.horizontal_wrapped(|ui| {
            ui.add_space(size::GRID);
            ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
            for other in Side::ALL {
                if widgets::bar_toggle(ui, other.name(), side == other).clicked() {
                    pane.side = Some(other);
                }
            }
        });
        ui.add_space(size::GRID);
        let rect = ui.max_rect();
        let y = ui.cursor().top();
        widgets::hairline_h(ui, rect.x_range(), y);
        ScrollArea::vertical().id_salt(("side", side.name())).auto_shrink(false).show(ui, |ui| {
            egui::Frame::new().inner_margin(egui::Margin::symmetric(size::INSET as i8, 8)).show(ui, |ui| {
                ui.set_width(ui.available_width());
                match (side, showing) {
                    (Side::Event, _) => event_ui(ui, context),
                    (_, None) => drop(widgets::caption(ui, "There are no rows yet")),
                    (Side::Row, Some(showing)) => row_ui(ui, pane, showing, context),
                    (Side::Column, Some(_)) => column_ui::column_ui(ui, pane, context),
                    (Side::Changes, Some(_)) => changes_ui::changes_ui(ui, pane, context),
                    (Side::Check, Some(showing)) => changes_ui::check_ui(ui, pane, showing, context),
                }
            });
        });
    });
    ui.ctx().accesskit_node_builder(edge, |node| node.set_label("Edge of what stands beside the rows"));
}

/// A heading within the side.
pub(super) fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(10.0);
    ui.label(RichText::new(text).font(font::strong()).color(tokens(ui).text_second));
    ui.add_space(2.0);
}

/// A sentence in the quiet colour, as long as it needs to be.
pub(super) fn quiet(ui: &mut Ui, text: impl Into<String>) {
    ui.add(egui::Label::new(RichText::new(text).color(tokens(ui).text_second)).wrap());
}

/// A name and a value.
pub(super) fn fact(ui: &mut Ui, name: &str, value: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 19.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{name} {value}")));
    let tokens = tokens(ui);
    let left = rect.with_max_x(rect.left() + rect.width() * 0.42);
    let cut = widgets::text_in(ui.painter(), left, Align2::LEFT_CENTER, name, font::small(), tokens.text_second);
    let right = rect.with_min_x(left.right() + 8.0);
    let cut_too = widgets::text_in(ui.painter(), right, Align2::LEFT_CENTER, value, font::mono(), tokens.text);
    if cut || cut_too {
        response.on_hover_text(format!("{name}\n{value}"));
    }
}

fn row_ui(ui: &mut Ui, pane: &mut ViewPane, showing: &Showing, context: &Context<'_>) {
    let Some(chosen) = pane.chosen.clone().filter(|chosen| chosen.view == showing.name) else {
        quiet(ui, "Choose a row to see what it holds, what became of it and why it is there");
        return;
    };
    let clock = &context.state.clock;
    let title = chosen.title(|cell| key_text(cell, clock));
    ui.add(egui::Label::new(RichText::new(title).font(font::title())).truncate());
    // Until it is found it is what it was when it was chosen.
    let place = pane.place_among(&showing.rows);
    let here = place.flatten();
    if place == Some(None) {
        ui.label(RichText::new("Not there at this moment").color(tokens(ui).warning));
    }
    ui.add_space(size::GRID);
    for (at, (name, was)) in chosen.named.iter().enumerate() {
        let column = showing.rows.columns.iter().find(|(known, ..)| known == name).map(|(_, column, _)| *column);
        let cell = here.zip(column).map(|(row, column)| showing.rows.rows.cell(column, row));
        let cell = cell.as_ref().unwrap_or(was);
        fact(ui, name, &if chosen.is_key(at) { key_text(cell, clock) } else { cell_text(cell, clock) });
    }
    heading(ui, "What made it");
    let about = (chosen.clone(), pane.pasts.at_ms);
    match pane.why.answer(&about, context) {
        Some(Ok(told)) => {
            quiet(ui, format!("Made by {}", figures::of(told.count, "event")));
            let left_out = told.count - told.events.len() as u64;
            for (at, event) in told.events.iter().enumerate() {
                if left_out > 0 && at == told.events.len() / 2 {
                    quiet(ui, format!("… {} more …", figures::count(left_out)));
                }
                event_row_ui(ui, event, context);
            }
            lines_ui(ui, &told.lines);
            if pane.why.is_behind(context) {
                quiet(ui, "More has been read since");
                if widgets::link(ui, "Ask again").clicked() {
                    context.send(Command::WhyHere);
                }
            }
        }
        Some(Err(error)) => drop(widgets::error_line(ui, error)),
        None if pane.why.is_busy() => quiet(ui, "Replaying the pipeline …"),
        None => {
            let events = Why::events(&showing.name, context);
            if events > UNASKED {
                quiet(ui, format!("To tell, {} have to be replayed", figures::of(events, "event")));
            }
            if widgets::button(ui, "Why is this here?").clicked() {
                context.send(Command::WhyHere);
            }
        }
    }
    heading(ui, "History");
    history_ui(ui, pane, context);
}

/// One of the events that made a row: a click chooses it for all panes.
fn event_row_ui(ui: &mut Ui, event: &NamedEvent, context: &Context<'_>) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    let tokens = tokens(ui);
    let chosen = context.state.selection.as_ref().map(|selection| &selection.coordinates);
    let selected = event.coordinates.is_some() && chosen == event.coordinates.as_ref();
    response
        .widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, selected, format!("Event {event}")));
    if selected {
        ui.painter().rect_filled(rect, 4.0, tokens.selected);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, tokens.hovered);
    }
    let Some(at) = &event.coordinates else {
        widgets::text_in(
            ui.painter(),
            rect,
            Align2::LEFT_CENTER,
            &event.to_string(),
            font::small(),
            tokens.text_second,
        );
        return;
    };
    let color = tokens.series(context.state.series.number(&at.topic));
    widgets::chip(ui.painter(), tokens, pos2(rect.left() + 6.0, rect.center().y), color, true);
    let time =
        event.timestamp_ms.map_or_else(|| "no time".to_owned(), |ms| context.state.clock.time_of_day(ms_to_ns(ms)));
    let right = rect.with_min_x(rect.right() - 88.0);
    widgets::text_in(ui.painter(), right, Align2::RIGHT_CENTER, &time, font::mono_small(), tokens.text_second);
    let words = format!("{} {}:{}  {}", at.topic, at.partition, at.offset, event.key);
    let left = Rect::from_min_max(pos2(rect.left() + 17.0, rect.top()), pos2(right.left() - 4.0, rect.bottom()));
    widgets::text_in(ui.painter(), left, Align2::LEFT_CENTER, &words, font::body(), tokens.text);
    if response.clicked() {
        let selection = Selection { coordinates: at.clone(), time_ns: event.timestamp_ms.map(ms_to_ns) };
        context.send(Command::Select(Some(selection)));
    }
}

/// Lines of an explanation: those that are set in are details of the one before.
fn lines_ui(ui: &mut Ui, lines: &[String]) {
    let tokens = tokens(ui);
    for line in lines {
        let depth = line.len() - line.trim_start().len();
        let color = if depth == 0 { tokens.text } else { tokens.text_second };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(depth as f32 * 4.0);
            ui.add(egui::Label::new(RichText::new(line.trim_start()).color(color)).wrap());
        });
    }
}

fn history_ui(ui: &mut Ui, pane: &mut ViewPane, context: &Context<'_>) {
    if pane.pasts.derived.is_none() {
        if pane.pasts.is_deriving() {
            quiet(ui, "Deriving the past from the log …");
        } else if widgets::button(ui, "Show the history").clicked() {
            pane.pasts.wanted = true;
        }
        return;
    }
    let Some(answer) = pane.pasts.histories.answer() else {
        quiet(ui, "Looking …");
        return;
    };
    let (Ok(history), Some(derived)) = (answer, &pane.pasts.derived) else {
        if let Err(error) = answer {
            widgets::error_line(ui, &error.to_string());
        }
        return;
    };
    let (tokens, clock) = (tokens(ui), &context.state.clock);
    let view = derived.past.view();
    let mut words = figures::of(history.count, "version");
    if !history.whole {
        words.push_str(", older ones are forgotten");
    }
    if history.count > history.versions.len() as u64 {
        words.push_str(&format!(", the last {}", figures::count(history.versions.len() as u64)));
    }
    quiet(ui, words);
    let mut go_to = None;
    for (at, version) in history.versions.iter().enumerate().rev() {
        let before = at.checked_sub(1).and_then(|before| history.versions[before].row.as_ref());
        let what = match (&version.row, before) {
            (None, _) => "gone".to_owned(),
            (Some(row), before) => {
                let differs = |column: usize| before.is_none_or(|before| before.cells[column] != row.cells[column]);
                let key = |column: &usize| view.id.contains(column);
                let changed = view.columns.iter().filter(|(_, column, _)| differs(*column) && !key(column));
                let told: Vec<String> =
                    changed.map(|(name, column, _)| told(name, &row.cells[*column], clock)).collect();
                told.join("  ")
            }
        };
        let time = clock.full(ms_to_ns(version.at.time_ms));
        let response = line_ui(ui, &time, &what, if version.row.is_none() { tokens.warning } else { tokens.text });
        if response.on_hover_text("Look at this moment").clicked() {
            go_to = Some(version.at.time_ms);
        }
    }
    if go_to.is_some() {
        pane.pasts.at_ms = go_to;
    }
}

fn told(name: &str, cell: &Cell<'_>, clock: &crate::zone::Clock) -> String {
    let short = name.rsplit('.').next().unwrap_or(name);
    format!("{short} {}", cell_text(cell, clock))
}

/// A line with a time before it, which can be pressed.
fn line_ui(ui: &mut Ui, time: &str, what: &str, color: egui::Color32) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("At {time}: {what}")));
    let tokens = tokens(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, tokens.hovered);
    }
    let galley = widgets::line(ui.painter(), time, font::mono_small(), tokens.text_second, rect.width());
    let rest = rect.with_min_x(rect.left() + galley.size().x + 10.0);
    ui.painter().galley(pos2(rect.left(), rect.center().y - galley.size().y / 2.0), galley, tokens.text_second);
    widgets::text_in(ui.painter(), rest, Align2::LEFT_CENTER, what, font::body(), color);
    response
}

/// How far the chosen event got.
fn event_ui(ui: &mut Ui, context: &Context<'_>) {
    let Some(selection) = &context.state.selection else {
        quiet(ui, "Choose an event in the story to see how far it gets in the pipeline, and where and why it stops");
        return;
    };
    let at = &selection.coordinates;
    ui.add(egui::Label::new(RichText::new(at.to_string()).font(font::title())).truncate());
    ui.add_space(size::GRID);
    if !context.state.design.topics().contains(&at.topic) {
        quiet(ui, format!("The pipeline does not read {}", at.topic));
        return;
    }
    let journey = context.state.journey.as_ref().filter(|journey| journey.event == *at);
    match journey.map(|journey| &journey.way) {
        Some(Way::Known(_, lines)) => lines_ui(ui, lines),
        Some(Way::Failed(error)) => drop(widgets::error_line(ui, error)),
        Some(Way::Asked) => quiet(ui, "Replaying the pipeline …"),
        Some(Way::Long(_)) | None => {
            if let Some(Way::Long(events)) = journey.map(|journey| &journey.way) {
                quiet(ui, format!("To tell, {} have to be replayed", figures::of(*events, "event")));
            }
            if widgets::button(ui, "How far did this get?").clicked() {
                context.send(Command::HowFar);
            }
        }
    }
}
