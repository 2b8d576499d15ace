//! Rows as a table: only those in sight are laid out.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{Align2, Rect, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::codec::Cell;

use super::columns::{GAP, Placed, Shows, placed, window_text};
use super::order::Sorting;
use super::showing::Showing;
use super::{Side, ViewPane, cell_text, key_text};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::panes::walk::{focus_ui, walk};
use crate::theme::icon::{self, Icon};
use crate::theme::{Tokens, font, mix, size, tokens, widgets};
use crate::zone::Clock;

/// Paints the rows that passed the filter, and takes what is done to them.
pub(super) fn table_ui(ui: &mut Ui, pane: &mut ViewPane, context: &Context<'_>) {
    let Some(ordered) = pane.ordered.last().map(|(_, ordered)| Arc::clone(ordered)) else { return };
    let (showing, rows) = (&ordered.showing, &ordered.showing.rows);
    let rect = ui.available_rect_before_wrap();
    let placed = placed(showing, &ordered.places);
    let width = placed.last().map_or(0.0, |last| last.left + last.width).max(rect.width());
    ui.painter().rect_filled(rect, 0.0, tokens(ui).window);
    let spoken = figures::of(ordered.places.len() as u64, "row");
    let head = rect.with_max_y(rect.top() + size::ROW);
    let body = rect.with_min_y(head.bottom());
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(body));
    let response = child.interact(body, child.id().with("table"), Sense::HOVER | Sense::FOCUSABLE);
    response
        .widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, format!("Rows of {}, {spoken}", showing.name)));
    let from =
        pane.rank.filter(|rank| ordered.places.get(*rank).is_some_and(|&row| pane.is_chosen(rows, row as usize)));
    let walked = walk(&child, &response, ordered.places.len(), from);
    if let Some(rank) = walked.row {
        pane.choose(rank);
    }
    let area = ScrollArea::both().id_salt(("rows", &showing.name)).auto_shrink(false);
    let area = walked.in_sight(area, &child, child.make_persistent_id(("rows", &showing.name)), body, width);
    let mut pressed = None;
    let shown = area.show_viewport(&mut child, |ui, viewport| {
        ui.set_width(width);
        ui.set_height(ordered.places.len() as f32 * size::ROW);
        let corner = ui.max_rect().min;
        let first = (viewport.top() / size::ROW).floor().max(0.0) as usize;
        let last = ((viewport.bottom() / size::ROW).ceil() as usize).min(ordered.places.len());
        for rank in first..last {
            let row = ordered.places[rank] as usize;
            let top = corner.y + rank as f32 * size::ROW;
            let line = Rect::from_min_size(pos2(corner.x, top), vec2(width, size::ROW));
            // Not focusable: the arrows move from row to row within the table.
            let response = ui.interact(line, ui.id().with(("row", rank)), Sense::CLICK);
            let selected = pane.is_chosen(rows, row);
            response.widget_info(|| {
                let words: Vec<String> =
                    placed.iter().map(|column| text(showing, column, row, &context.state.clock)).collect();
                WidgetInfo::selected(WidgetType::SelectableLabel, true, selected, words.join(" "))
            });
            row_ui(ui, showing, &placed, row, line, selected, context);
            if response.clicked() || response.secondary_clicked() {
                pressed = Some(rank);
            }
            response.context_menu(|ui| {
                if ui.button("Why is this here?").clicked() {
                    context.send(Command::WhyHere);
                    ui.close();
                }
            });
        }
    });
    if let Some(rank) = pressed {
        pane.choose(rank);
        pane.side = Some(Side::Row);
        response.request_focus();
    }
    focus_ui(ui, &response, body);
    if ordered.places.is_empty() {
        let words = if rows.rows.is_empty() { "No rows" } else { "No row passes the filter" };
        let place = body.with_max_y(body.top() + 60.0);
        widgets::text_in(ui.painter(), place, Align2::CENTER_CENTER, words, font::body(), tokens(ui).text_second);
    }
    head_ui(ui, pane, &placed, head, -shown.state.offset.x);
}

/// What a row says in a column.
fn text(showing: &Showing, column: &Placed, row: usize, clock: &Clock) -> String {
    let cell = |at: usize| showing.rows.rows.cell(at, row);
    match column.shows {
        Shows::Window(start, end) => window_text(&cell(start), &cell(end), clock),
        Shows::State => match showing.is_open(row) {
            Some(true) => "open".to_owned(),
            Some(false) => "final".to_owned(),
            None => String::new(),
        },
        Shows::Cell(at) if column.is_key => key_text(&cell(at), clock),
        Shows::Cell(at) => cell_text(&cell(at), clock),
    }
}

fn head_ui(ui: &mut Ui, pane: &mut ViewPane, placed: &[Placed], head: Rect, shift: f32) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(head, 0.0, tokens.pane);
    let clip = ui.clip_rect();
    ui.set_clip_rect(head.intersect(clip));
    for column in placed {
        let left = head.left() + column.left + shift;
        let cell = Rect::from_min_size(pos2(left, head.top()), vec2(column.width - GAP, head.height()));
        let align = if column.right_aligned { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
        let Some(sorts) = &column.sorts else {
            widgets::text_in(ui.painter(), cell, align, &column.name, font::small(), tokens.text_second);
            continue;
        };
        let response = ui.interact(cell, ui.id().with(("head", sorts)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Sort by {sorts}")));
        let by = pane.sorting.clone().filter(|sorting| sorting.column == *sorts);
        let lit = by.is_some() || response.hovered() || response.has_focus();
        let color = if lit { tokens.text } else { tokens.text_second };
        let room = if by.is_some() { cell.width() - 12.0 } else { cell.width() };
        let galley = widgets::line(ui.painter(), &column.name, font::small(), color, room);
        let at = align.align_size_within_rect(galley.size(), cell).min;
        // The mark stands where no figure is moved by it: before a name at the right, behind one at the left.
        let mark = if column.right_aligned { at.x - 8.0 } else { at.x + galley.size().x + 8.0 };
        ui.painter().galley(at, galley, color);
        if let Some(by) = &by {
            let mark = Rect::from_center_size(pos2(mark, cell.center().y), vec2(10.0, 10.0));
            icon::paint(ui.painter(), mark, if by.descending { Icon::Open } else { Icon::Up }, tokens.accent);
        }
        if response.has_focus() {
            let ring = cell.expand2(vec2(4.0, -2.0));
            ui.painter().rect_stroke(ring, 3.0, Stroke::new(1.0, tokens.accent), StrokeKind::Inside);
        }
        if response.clicked() {
            // Figures are wanted largest first; a third press gives the own order back.
            let descending = match by {
                None => Some(column.right_aligned),
                Some(by) if by.descending == column.right_aligned => Some(!by.descending),
                Some(_) => None,
            };
            pane.sorting = descending.map(|descending| Sorting { column: sorts.clone(), descending });
        }
    }
    ui.set_clip_rect(clip);
    widgets::hairline_h(ui, head.x_range(), head.bottom() - 1.0);
}

fn row_ui(
    ui: &Ui,
    showing: &Showing,
    placed: &[Placed],
    row: usize,
    line: Rect,
    selected: bool,
    context: &Context<'_>,
) {
    let (tokens, clock) = (tokens(ui), &context.state.clock);
    if selected {
        ui.painter().rect_filled(line, 0.0, tokens.selected);
        ui.painter().rect_filled(line.with_max_x(line.left() + 2.0), 0.0, tokens.accent);
    } else if ui.rect_contains_pointer(line) {
        ui.painter().rect_filled(line, 0.0, tokens.hovered);
    }
    let faint = mix(tokens.hairline, tokens.window, 0.5);
    ui.painter().hline(line.x_range(), line.bottom() - 0.5, Stroke::new(1.0, faint));
    for column in placed {
        let left = line.left() + column.left;
        let place = Rect::from_min_size(pos2(left, line.top()), vec2(column.width - GAP, size::ROW));
        if !ui.is_rect_visible(place) {
            continue;
        }
        let cell = match column.shows {
            Shows::State => {
                if let Some(open) = showing.is_open(row) {
                    state_ui(ui, place, open);
                }
                continue;
            }
            Shows::Window(..) => {
                window_ui(ui, tokens, place, &text(showing, column, row, clock));
                continue;
            }
            Shows::Cell(at) => showing.rows.rows.cell(at, row),
        };
        let color = match &cell {
            Cell::Null | Cell::Missing => tokens.text_faint,
            Cell::Failed(_) => tokens.error,
            Cell::Time(_) => tokens.text_second,
            _ => tokens.text,
        };
        let align = if column.right_aligned { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
        let text = text(showing, column, row, clock);
        widgets::text_in(ui.painter(), place, align, &text, font::mono(), color);
    }
}

/// Whether a window may still change: dashed where it may, filled where it is final.
fn state_ui(ui: &Ui, place: Rect, open: bool) {
    let tokens = tokens(ui);
    let pill = Rect::from_min_size(pos2(place.left(), place.top() + 3.0), vec2(42.0, size::ROW - 6.0));
    let (word, color) = if open { ("open", tokens.good) } else { ("final", tokens.text_second) };
    if open {
        let edge = pill.shrink(0.5);
        let cut = 3.0;
        let (left, right, top, bottom) = (edge.left(), edge.right(), edge.top(), edge.bottom());
        let outline = [
            pos2(left + cut, top),
            pos2(right - cut, top),
            pos2(right, top + cut),
            pos2(right, bottom - cut),
            pos2(right - cut, bottom),
            pos2(left + cut, bottom),
            pos2(left, bottom - cut),
            pos2(left, top + cut),
            pos2(left + cut, top),
        ];
        ui.painter().extend(Shape::dashed_line(&outline, Stroke::new(1.0, tokens.good), 3.0, 2.0));
    } else {
        ui.painter().rect_filled(pill, 4.0, tokens.raised);
    }
    widgets::text_in(ui.painter(), pill, Align2::CENTER_CENTER, word, font::small(), color);
}

/// A window's span, with the day and all milliseconds dimmed.
fn window_ui(ui: &Ui, tokens: &Tokens, place: Rect, text: &str) {
    let mut job = LayoutJob::default();
    for part in text.split_inclusive(' ') {
        let is_time = part.contains(':');
        let cut = if is_time { part.find('.').unwrap_or(part.len()) } else { 0 };
        job.append(&part[..cut], 0.0, TextFormat::simple(font::mono(), tokens.text));
        job.append(&part[cut..], 0.0, TextFormat::simple(font::mono(), tokens.text_faint));
    }
    job.wrap = egui::text::TextWrapping::truncate_at_width(place.width());
    let galley = ui.painter().layout_job(job);
    let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), place).min;
    ui.painter().galley(at, galley, tokens.text);
}
