//! Rows of texts as a table: only those in sight are laid out.

use egui::{Align2, Rect, ScrollArea, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::codec::Cell;

use super::walk::{focus_ui, walk};
use crate::theme::{font, mix, size, tokens, widgets};
use crate::zone::Clock;

/// So many rows say how wide a column is.
const MEASURED: usize = 40;

/// So many bytes of a value are kept in a table: more than a column shows.
const LONGEST: usize = 1 << 10;

/// How a text is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tone {
    /// A value.
    #[default]
    Plain,
    /// There is none.
    Nothing,
    /// What the row is about.
    Marked,
}

/// A table of texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    /// The columns' names, and whether they hold numbers.
    pub(super) columns: Vec<(String, bool)>,
    /// The rows; a text a column.
    pub(super) rows: Vec<Vec<(String, Tone)>>,
}

impl Grid {
    /// A value as it stands in a table: in a line, and cut where it is long.
    pub(super) fn text(cell: &Cell<'_>, clock: &Clock) -> (String, Tone) {
        match cell {
            Cell::Null | Cell::Missing => ("null".to_owned(), Tone::Nothing),
            Cell::Time(ns) => (clock.exact(*ns), Tone::Plain),
            Cell::Text(text) | Cell::Array(text) | Cell::Object(text) => (in_line(text), Tone::Plain),
            Cell::Bytes(bytes) => {
                (in_line(&Cell::Bytes(bytes[..bytes.len().min(LONGEST)].into()).to_string()), Tone::Plain)
            }
            cell => (in_line(&cell.to_string()), Tone::Plain),
        }
    }

    /// Draws it below a name; gives the row that was clicked, or that the keys came to.
    pub(super) fn ui(&self, ui: &mut Ui, name: &str, chosen: Option<usize>) -> Option<usize> {
        let rect = ui.available_rect_before_wrap();
        let widths = self.widths();
        let width = (size::INSET + widths.iter().sum::<f32>()).max(rect.width());
        ui.painter().rect_filled(rect, 0.0, tokens(ui).window);
        let head = rect.with_max_y(rect.top() + size::ROW);
        let body = rect.with_min_y(head.bottom());
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(body));
        let response = child.interact(body, child.id().with("grid"), Sense::HOVER | Sense::FOCUSABLE);
        let spoken = format!("{name}, {}", crate::figures::of(self.rows.len() as u64, "row"));
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, &spoken));
        let walked = walk(&child, &response, self.rows.len(), chosen);
        let area = ScrollArea::both().id_salt(name).auto_shrink(false);
        let area = walked.in_sight(area, &child, child.make_persistent_id(name), body, width);
        let mut clicked = None;
        let shown = area.show_viewport(&mut child, |ui, viewport| {
            ui.set_width(width);
            ui.set_height(self.rows.len() as f32 * size::ROW);
            let corner = ui.max_rect().min;
            let first = (viewport.top() / size::ROW).floor().max(0.0) as usize;
            let last = ((viewport.bottom() / size::ROW).ceil() as usize).min(self.rows.len());
            for row in first..last {
                let line =
                    Rect::from_min_size(pos2(corner.x, corner.y + row as f32 * size::ROW), vec2(width, size::ROW));
                if self.row_ui(ui, &widths, row, line, chosen == Some(row)) {
                    clicked = Some(row);
                }
            }
        });
        if clicked.is_some() {
            response.request_focus();
        }
        focus_ui(ui, &response, body);
        self.head_ui(ui, &widths, head, -shown.state.offset.x);
        clicked.or(walked.row)
    }

    fn widths(&self) -> Vec<f32> {
        let width = |(at, (name, _)): (usize, &(String, bool))| {
            let longest = self.rows.iter().take(MEASURED).map(|row| row[at].0.chars().take(48).count()).max();
            (longest.unwrap_or(0).max(name.chars().count() + 2) as f32 * 7.3 + 18.0).clamp(64.0, 360.0)
        };
        self.columns.iter().enumerate().map(width).collect()
    }

    fn head_ui(&self, ui: &mut Ui, widths: &[f32], head: Rect, shift: f32) {
        let tokens = tokens(ui);
        ui.painter().rect_filled(head, 0.0, tokens.pane);
        let painter = ui.painter().with_clip_rect(head.intersect(ui.clip_rect()));
        let mut left = head.left() + size::INSET + shift;
        for ((name, number), width) in self.columns.iter().zip(widths) {
            let place = Rect::from_min_size(pos2(left, head.top()), vec2(width - 10.0, head.height()));
            let align = if *number { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
            widgets::text_in(&painter, place, align, name, font::small(), tokens.text_second);
            left += width;
        }
        widgets::hairline_h(ui, head.x_range(), head.bottom() - 1.0);
    }

    fn row_ui(&self, ui: &Ui, widths: &[f32], row: usize, line: Rect, chosen: bool) -> bool {
        let tokens = tokens(ui);
        // Not focusable: the arrows move from row to row within the table.
        let response = ui.interact(line, ui.id().with(("row", row)), Sense::CLICK);
        let cells = &self.rows[row];
        response.widget_info(|| {
            let words: Vec<&str> = cells.iter().map(|(text, _)| text.as_str()).collect();
            WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, words.join(" | "))
        });
        if chosen {
            ui.painter().rect_filled(line, 0.0, tokens.selected);
            ui.painter().rect_filled(line.with_max_x(line.left() + 2.0), 0.0, tokens.accent);
        } else if response.hovered() {
            ui.painter().rect_filled(line, 0.0, tokens.hovered);
        }
        let faint = mix(tokens.hairline, tokens.window, 0.5);
        ui.painter().hline(line.x_range(), line.bottom() - 0.5, Stroke::new(1.0, faint));
        let mut left = line.left() + size::INSET;
        for (((text, tone), width), (_, number)) in cells.iter().zip(widths).zip(&self.columns) {
            let place = Rect::from_min_size(pos2(left, line.top()), vec2(width - 10.0, size::ROW));
            left += width;
            if !ui.is_rect_visible(place) {
                continue;
            }
            let (color, font) = match tone {
                Tone::Plain => (tokens.text, font::mono()),
                Tone::Nothing => (tokens.text_faint, font::mono()),
                Tone::Marked => (tokens.text_second, font::small()),
            };
            let align = if *number { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
            widgets::text_in(ui.painter(), place, align, text, font, color);
        }
        response.clicked()
    }
}

/// A text in one line, cut where it is long.
fn in_line(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST);
    let mut line = text[..end].replace(['\n', '\r', '\t'], " ");
    if end < text.len() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_at_a_letter() {
        assert_eq!(in_line("a\nb"), "a b");
        let long = "ä".repeat(LONGEST);
        let cut = in_line(&long);
        assert!(cut.len() <= LONGEST + 3 && cut.ends_with("ä…"), "{cut}");
        assert_eq!(in_line(&"x".repeat(LONGEST)).len(), LONGEST);
    }
}
