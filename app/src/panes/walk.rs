//! Walking through a table's rows with the keyboard, and keeping in sight where one is.

use egui::scroll_area::State;
use egui::{EventFilter, Id, Key, Modifiers, Rect, Response, ScrollArea, Stroke, StrokeKind, Ui};

use crate::theme::{size, tokens, widgets};

/// One press of an arrow moves a wide table sideways by so much.
const SIDEWAYS: f32 = 80.0;
/// What a bar at the lower edge may cover.
const BAR: f32 = 12.0;

/// What the keys of a frame came to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Walk {
    /// The row that they came to.
    pub(super) row: Option<usize>,
    sideways: f32,
}

/// Takes the arrows, Page Up, Page Down, Home and End while a table of so many rows has the focus.
pub(super) fn walk(ui: &Ui, response: &Response, rows: usize, from: Option<usize>) -> Walk {
    if !response.has_focus() || rows == 0 {
        return Walk::default();
    }
    let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    widgets::take_arrows(ui, response.id);
    widgets::take_ends(ui, response.id);
    let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)) as isize;
    let page = ((response.rect.height() / size::ROW) as isize).max(1);
    let down = pressed(Key::ArrowDown) - pressed(Key::ArrowUp) + page * (pressed(Key::PageDown) - pressed(Key::PageUp));
    let sideways = (pressed(Key::ArrowRight) - pressed(Key::ArrowLeft)) as f32 * SIDEWAYS;
    let last = rows - 1;
    let row = match (pressed(Key::Home) > 0, pressed(Key::End) > 0) {
        (_, true) => Some(last),
        (true, false) => Some(0),
        (false, false) if down != 0 => Some(from.map_or(0, |row| row.saturating_add_signed(down).min(last))),
        (false, false) => None,
    };
    Walk { row, sideways }
}

impl Walk {
    /// The scrolled area of a table of some width, moved so that what the keys came to is in sight.
    pub(super) fn in_sight(self, area: ScrollArea, ui: &Ui, id: Id, body: Rect, width: f32) -> ScrollArea {
        let known = || State::load(ui.ctx(), id).map_or(egui::Vec2::ZERO, |state| state.offset);
        let area = match self.row {
            Some(row) => {
                let top = row as f32 * size::ROW;
                let least = top + size::ROW - body.height() + BAR;
                area.vertical_scroll_offset(known().y.clamp(least.min(top).max(0.0), top))
            }
            None => area,
        };
        if self.sideways == 0.0 {
            return area;
        }
        let most = (width - body.width() + BAR).max(0.0);
        area.horizontal_scroll_offset((known().x + self.sideways).clamp(0.0, most))
    }
}

/// Shows that a table has the focus.
pub(super) fn focus_ui(ui: &Ui, response: &Response, body: Rect) {
    if response.has_focus() {
        ui.painter().rect_stroke(body.shrink(0.5), 0.0, Stroke::new(1.0, tokens(ui).accent), StrokeKind::Inside);
    }
}
