//! A column of parts of known heights, of which only what is in sight is painted.

use egui::{Rangef, Rect, ScrollArea, Ui, pos2, vec2};

/// A part of the sheet: rows of one height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part<K> {
    /// What it is.
    pub(super) kind: K,
    /// How many rows it has.
    pub(super) rows: usize,
    /// The height of a row.
    pub(super) height: f32,
}

/// Paints the parts one below the other in a scrolled area. `paint` is called for each row in sight with its part, its
/// number and its rectangle.
pub(super) fn sheet_ui<K: Copy>(
    ui: &mut Ui,
    id: impl std::hash::Hash + std::fmt::Debug,
    parts: &[Part<K>],
    mut paint: impl FnMut(&mut Ui, K, usize, Rect),
) {
    let whole: f32 = parts.iter().map(|part| part.rows as f32 * part.height).sum();
    ScrollArea::vertical().id_salt(id).auto_shrink([false, false]).show_viewport(ui, |ui, viewport| {
        ui.set_height(whole);
        let origin = ui.min_rect().min;
        let width = ui.available_width();
        let mut top = 0.0;
        for part in parts {
            for row in in_sight(*part, top, viewport.y_range()) {
                let y = origin.y + top + row as f32 * part.height;
                let rect = Rect::from_min_size(pos2(origin.x, y), vec2(width, part.height));
                paint(ui, part.kind, row, rect);
            }
            top += part.rows as f32 * part.height;
        }
    });
}

/// The rows of a part that are in sight when the part begins at `top`.
fn in_sight<K>(part: Part<K>, top: f32, sight: Rangef) -> std::ops::Range<usize> {
    let row_at = |y: f32| ((y - top) / part.height).clamp(0.0, part.rows as f32);
    row_at(sight.min).floor() as usize..row_at(sight.max).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_in_sight_are_painted() {
        let part = Part { kind: (), rows: 1_000_000, height: 18.0 };
        let rows = in_sight(part, 200.0, Rangef::new(9_000.0, 9_900.0));
        assert_eq!(rows, 488..539);
        assert_eq!(in_sight(part, 20_000.0, Rangef::new(0.0, 900.0)), 0..0);
        assert!(in_sight(part, -18.0 * 1_000_000.0, Rangef::new(0.0, 900.0)).is_empty());
    }
}
