//! Bookmarks: events that a person wants to find again.

use egui::{Align2, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::event::Coordinates;

use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::theme::{font, size, tokens, widgets};

/// Draws the head of the bookmarks.
pub fn head_ui(ui: &mut Ui, rect: Rect, bookmarks: usize) {
    let line = rect.with_min_y(rect.bottom() - size::PANE_HEADER);
    let color = tokens(ui).text_second;
    let inner = line.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, "Bookmarks", font::strong(), color);
    let count = figures::count(bookmarks as u64);
    widgets::text_in(ui.painter(), inner, Align2::RIGHT_CENTER, &count, font::small(), color);
    widgets::hairline_h(ui, line.x_range(), line.bottom() - 1.0);
}

/// Draws one bookmark; a click goes to its event.
pub fn bookmark_row_ui(ui: &mut Ui, rect: Rect, at: &Coordinates, note: &str, context: &Context<'_>) {
    let response = ui.allocate_rect(rect, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Bookmark {at}")));
    let tokens = tokens(ui);
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hovered);
    }
    let color = tokens.series(context.state.series.number(&at.topic));
    widgets::chip(ui.painter(), tokens, pos2(rect.left() + size::INSET + 4.0, rect.center().y), color, true);
    let inner = rect.with_min_x(rect.left() + 29.0).with_max_x(rect.right() - size::INSET);
    let place = format!("{}:{}", at.partition, figures::signed(at.offset));
    let galley = widgets::line(ui.painter(), &place, font::mono_small(), tokens.text_second, 120.0);
    let corner = Align2::RIGHT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(corner, galley, tokens.text_second);
    let text = if note.is_empty() { &*at.topic } else { note };
    let name = inner.with_max_x(corner.x - 8.0);
    widgets::text_in(ui.painter(), name, Align2::LEFT_CENTER, text, font::body(), tokens.text);
    if response.on_hover_text("Go to this event").clicked() {
        context.send(Command::GoToEvent(at.clone()));
    }
}
