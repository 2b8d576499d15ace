//! Rows as a table: only those in sight are laid out.

use std::sync::Arc;

use egui::{
    Align2, EventFilter, Key, Modifiers, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2,
    vec2,
};
use fabula_core::codec::Cell;
use fabula_core::expr::Type;

use super::order::{Ordered, Sorting};
use super::showing::Showing;
use super::{Side, ViewPane, cell_text};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::state::NodeRows;
use crate::theme::icon::{self, Icon};
use crate::theme::{font, mix, size, tokens, widgets};

/// A column as it is drawn.
struct Placed {
    name: String,
    column: usize,
    left: f32,
    width: f32,
    right_aligned: bool,
}

/// Paints the rows that passed the filter, and takes what is done to them.
pub(super) fn table_ui(ui: &mut Ui, pane: &mut ViewPane, context: &Context<'_>) {
    let Some(ordered) = pane.ordered.last().map(|(_, ordered)| Arc::clone(ordered)) else { return };
    let (showing, rows) = (&ordered.showing, &ordered.showing.rows);
    let rect = ui.available_rect_before_wrap();
    let placed = placed(rows, if showing.has_windows() { 58.0 } else { 0.0 });
    let width = placed.last().map_or(0.0, |last| last.left + last.width).max(rect.width());
    ui.painter().rect_filled(rect, 0.0, tokens(ui).window);
    let spoken = figures::of(ordered.places.len() as u64, "row");
    let head = rect.with_max_y(rect.top() + size::ROW);
    let body = rect.with_min_y(head.bottom());
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(body));
    let response = child.interact(body, child.id().with("table"), Sense::HOVER | Sense::FOCUSABLE);
    response
        .widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, format!("Rows of {}, {spoken}", showing.name)));
    let moved = keys(&child, pane, &ordered, &response);
    let mut area = ScrollArea::both().id_salt(("rows", &showing.name)).auto_shrink(false);
    if let Some(rank) = moved {
        // The row that the arrows came to stays in sight.
        let known = egui::scroll_area::State::load(child.ctx(), child.make_persistent_id(("rows", &showing.name)));
        let offset = known.map_or(0.0, |state| state.offset.y);
        let top = rank as f32 * size::ROW;
        let least = top + size::ROW - body.height() + 12.0;
        area = area.vertical_scroll_offset(offset.clamp(least.min(top).max(0.0), top));
    }
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
                let open = showing.is_open(row).map_or("", |open| if open { "open " } else { "final " });
                let cells: Vec<String> = placed
                    .iter()
                    .map(|column| cell_text(&rows.rows.cell(column.column, row), &context.state.clock))
                    .collect();
                WidgetInfo::selected(WidgetType::SelectableLabel, true, selected, format!("{open}{}", cells.join(" ")))
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
    if response.has_focus() {
        ui.painter().rect_stroke(body.shrink(0.5), 0.0, Stroke::new(1.0, tokens(ui).accent), StrokeKind::Inside);
    }
    if ordered.places.is_empty() {
        let words = if rows.rows.is_empty() { "No rows" } else { "No row passes the filter" };
        let place = body.with_max_y(body.top() + 60.0);
        widgets::text_in(ui.painter(), place, Align2::CENTER_CENTER, words, font::body(), tokens(ui).text_second);
    }
    head_ui(ui, pane, &placed, head, -shown.state.offset.x, showing.has_windows());
}

/// The arrows move the choice while the table has the focus; gives the rank that they came to.
fn keys(ui: &Ui, pane: &mut ViewPane, ordered: &Ordered, response: &egui::Response) -> Option<usize> {
    if !response.has_focus() || ordered.places.is_empty() {
        return None;
    }
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    widgets::take_arrows(ui, response.id);
    let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)) as isize;
    let page = (response.rect.height() / size::ROW) as isize;
    let down = pressed(Key::ArrowDown) - pressed(Key::ArrowUp) + page * (pressed(Key::PageDown) - pressed(Key::PageUp));
    if down == 0 {
        return None;
    }
    let last = ordered.places.len() - 1;
    let from = pane.rank.filter(|rank| {
        ordered.places.get(*rank).is_some_and(|&row| pane.is_chosen(&ordered.showing.rows, row as usize))
    });
    let to = from.map_or(0, |rank| rank.saturating_add_signed(down).min(last));
    pane.choose(to);
    Some(to)
}

fn placed(rows: &NodeRows, before: f32) -> Vec<Placed> {
    let mut left = size::INSET + before;
    let mut all = Vec::new();
    for (name, column, of) in &rows.columns {
        // The first rows say how wide a column is: to measure all would take as long as to draw them.
        let longest = (0..rows.rows.len().min(40)).map(|row| length(&rows.rows.cell(*column, row))).max().unwrap_or(0);
        let width = (longest.max(name.chars().count() + 2) as f32 * 7.3 + 18.0).clamp(64.0, 320.0);
        let numbers = (0..rows.rows.len().min(40)).map(|row| rows.rows.cell(*column, row)).find(|cell| !cell.is_null());
        let number = numbers
            .is_some_and(|cell| matches!(cell, Cell::Int(_) | Cell::Decimal(_) | Cell::Float(_) | Cell::Number(_)));
        all.push(Placed {
            name: name.clone(),
            column: *column,
            left,
            width,
            right_aligned: number || *of == Type::Number,
        });
        left += width;
    }
    all
}

fn length(cell: &Cell<'_>) -> usize {
    match cell {
        Cell::Time(_) => 24,
        Cell::Text(text) | Cell::Object(text) | Cell::Array(text) => text.len().min(48),
        other => other.to_string().len().min(48),
    }
}

fn head_ui(ui: &mut Ui, pane: &mut ViewPane, placed: &[Placed], head: Rect, shift: f32, state: bool) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(head, 0.0, tokens.pane);
    let clip = ui.clip_rect();
    ui.set_clip_rect(head.intersect(clip));
    if state {
        let place = Rect::from_min_size(pos2(head.left() + size::INSET + shift, head.top()), vec2(56.0, head.height()));
        widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, "state", font::small(), tokens.text_second);
    }
    for column in placed {
        let cell = Rect::from_min_size(
            pos2(head.left() + column.left + shift, head.top()),
            vec2(column.width - 10.0, head.height()),
        );
        let response = ui.interact(cell, ui.id().with(("head", column.column, &column.name)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Sort by {}", column.name)));
        let by = pane.sorting.filter(|sorting| sorting.column == column.column);
        let color = if by.is_some() || response.hovered() { tokens.text } else { tokens.text_second };
        let align = if column.right_aligned { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
        let inner = if by.is_some() && column.right_aligned { cell.with_max_x(cell.right() - 12.0) } else { cell };
        let galley = widgets::line(ui.painter(), &column.name, font::small(), color, inner.width());
        let at = align.align_size_within_rect(galley.size(), inner).min;
        let end = at.x + galley.size().x;
        ui.painter().galley(at, galley, color);
        if let Some(by) = by {
            let mark = Rect::from_center_size(pos2(end + 8.0, cell.center().y), vec2(10.0, 10.0));
            if by.descending {
                icon::paint(ui.painter(), mark, Icon::Open, tokens.accent);
            } else {
                icon::paint(ui.painter(), mark, Icon::Shut, tokens.accent);
            }
        }
        if response.clicked() {
            pane.sorting = match by {
                None => Some(Sorting { column: column.column, descending: column.right_aligned }),
                Some(by) if by.descending == column.right_aligned => {
                    Some(Sorting { column: column.column, descending: !by.descending })
                }
                Some(_) => None,
            };
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
    let (tokens, rows) = (tokens(ui), &showing.rows);
    if selected {
        ui.painter().rect_filled(line, 0.0, tokens.selected);
        ui.painter().rect_filled(line.with_max_x(line.left() + 2.0), 0.0, tokens.accent);
    } else if ui.rect_contains_pointer(line) {
        ui.painter().rect_filled(line, 0.0, tokens.hovered);
    }
    let faint = mix(tokens.hairline, tokens.window, 0.5);
    ui.painter().hline(line.x_range(), line.bottom() - 0.5, Stroke::new(1.0, faint));
    if let Some(open) = showing.is_open(row) {
        let place = Rect::from_min_size(pos2(line.left() + size::INSET, line.top() + 3.0), vec2(42.0, size::ROW - 6.0));
        let (word, color) = if open { ("open", tokens.good) } else { ("final", tokens.text_second) };
        if open {
            ui.painter().rect_stroke(place, 4.0, Stroke::new(1.0, tokens.good), StrokeKind::Inside);
        } else {
            ui.painter().rect_filled(place, 4.0, tokens.raised);
        }
        widgets::text_in(
            ui.painter(),
            place.shrink2(vec2(6.0, 0.0)),
            Align2::CENTER_CENTER,
            word,
            font::small(),
            color,
        );
    }
    for column in placed {
        let cell = rows.rows.cell(column.column, row);
        let place =
            Rect::from_min_size(pos2(line.left() + column.left, line.top()), vec2(column.width - 10.0, size::ROW));
        if !ui.is_rect_visible(place) {
            continue;
        }
        let color = match &cell {
            Cell::Null | Cell::Missing => tokens.text_faint,
            Cell::Failed(_) => tokens.error,
            Cell::Time(_) => tokens.text_second,
            _ => tokens.text,
        };
        let align = if column.right_aligned { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
        let text = cell_text(&cell, &context.state.clock);
        widgets::text_in(ui.painter(), place, align, &text, font::mono(), color);
    }
}
