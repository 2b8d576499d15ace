//! Rows as a table: only those in sight are laid out.

use std::sync::Arc;

use egui::{Align2, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::codec::Cell;
use fabula_core::event::time::ns_to_ms;
use fabula_core::expr::Type;

use super::order::Sorting;
use super::{ViewPane, cell_text, closed_until};
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

pub(super) fn table_ui(ui: &mut Ui, pane: &mut ViewPane, name: &str, rows: &Arc<NodeRows>, context: &Context<'_>) {
    let rect = ui.available_rect_before_wrap();
    let closed = closed_until(name, context.state);
    let end = rows.columns.iter().find(|(name, ..)| name == "window_end").map(|(_, column, _)| *column);
    let state = closed.zip(end);
    let placed = placed(rows, if state.is_some() { 58.0 } else { 0.0 });
    let width = placed.last().map_or(0.0, |last| last.left + last.width).max(rect.width());
    ui.painter().rect_filled(rect, 0.0, tokens(ui).window);
    let spoken = figures::of(rows.rows.len() as u64, "row");
    let head = rect.with_max_y(rect.top() + size::ROW);
    let body = rect.with_min_y(head.bottom());
    let area = ScrollArea::both().id_salt(("rows", name)).auto_shrink(false);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(body));
    let response = child.interact(body, child.id().with("table"), Sense::HOVER);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, format!("Rows of {name}, {spoken}")));
    let shown = area.show_viewport(&mut child, |ui, viewport| {
        ui.set_width(width);
        ui.set_height(rows.rows.len() as f32 * size::ROW);
        let corner = ui.max_rect().min;
        let first = (viewport.top() / size::ROW).floor().max(0.0) as usize;
        let last = ((viewport.bottom() / size::ROW).ceil() as usize).min(rows.rows.len());
        for rank in first..last {
            let known = pane.ordered.as_ref().filter(|ordered| ordered.is_of(rows));
            let row = known.map_or(Some(rank), |ordered| ordered.place(rank));
            let Some(row) = row else { continue };
            let top = corner.y + rank as f32 * size::ROW;
            let line = Rect::from_min_size(pos2(corner.x, top), vec2(width, size::ROW));
            row_ui(ui, rows, &placed, row, line, state, context);
        }
    });
    head_ui(ui, pane, &placed, head, -shown.state.offset.x, state.is_some());
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
    rows: &NodeRows,
    placed: &[Placed],
    row: usize,
    line: Rect,
    state: Option<(i64, usize)>,
    context: &Context<'_>,
) {
    let tokens = tokens(ui);
    if ui.rect_contains_pointer(line) {
        ui.painter().rect_filled(line, 0.0, tokens.hovered);
    }
    let faint = mix(tokens.hairline, tokens.window, 0.5);
    ui.painter().hline(line.x_range(), line.bottom() - 0.5, Stroke::new(1.0, faint));
    if let Some((closed, end)) = state
        && let Cell::Time(end) = rows.rows.cell(end, row)
    {
        let open = ns_to_ms(end) > closed;
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
