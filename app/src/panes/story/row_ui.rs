//! Paints one row of the story.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align2, Color32, CornerRadius, Painter, Rangef, Rect, Stroke, StrokeKind, Ui, pos2, vec2};
use fabula_core::event::time::format_span_ns;

use super::columns::{Place, Placed};
use super::row::{RowCell, StoryRow};
use crate::state::Column;
use crate::theme::{Tokens, font, mix, size, widgets};
use crate::zone::Clock;

/// Paints a row's cells within its rectangle.
pub(super) struct RowPainter<'a> {
    pub(super) ui: &'a Ui,
    pub(super) tokens: &'a Tokens,
    pub(super) clock: &'a Clock,
    pub(super) at: Rect,
    pub(super) placed: &'a [Placed],
}

impl RowPainter<'_> {
    fn painter(&self) -> &Painter {
        self.ui.painter()
    }

    /// What lies behind the row, and the line under it.
    pub(super) fn ground(&self, selected: bool, hovered: bool) {
        let tokens = self.tokens;
        if selected {
            self.painter().rect_filled(self.at, 0.0, tokens.selected);
            let bar = self.at.with_max_x(self.at.left() + 2.0);
            self.painter().rect_filled(bar, 0.0, tokens.accent);
        } else if hovered {
            self.painter().rect_filled(self.at, 0.0, tokens.hovered);
        }
        let line = 1.0 / self.ui.pixels_per_point();
        let y = self.painter().round_to_pixel_center(self.at.bottom() - line);
        let faint = mix(tokens.hairline, tokens.window, 0.5);
        self.painter().hline(self.at.x_range(), y, Stroke::new(line, faint));
    }

    /// A mark at the edge of a row that was pointed out.
    pub(super) fn pointed_out(&self) {
        let at = pos2(self.at.left() + 6.0, self.at.center().y);
        self.painter().rect_filled(self.at.with_max_x(self.at.left() + 3.0), 0.0, self.tokens.warning);
        self.painter().circle_filled(at + vec2(1.0, 0.0), 2.5, self.tokens.warning);
    }

    /// Every cell of the row.
    pub(super) fn row(&self, row: &StoryRow, before: Option<&StoryRow>, columns: &[Column], series: usize) {
        for placed in self.placed {
            let rect = Rect::from_x_y_ranges(placed.x, self.at.y_range());
            match &placed.place {
                Place::Time => self.time(rect, row),
                Place::Since => self.since(rect, row, before),
                Place::Topic => self.topic(rect, row, series),
                Place::Offset => self.offset(rect, row),
                Place::Kind => self.kind(rect, row),
                Place::Chosen(Column::Key) => self.cell(rect, &row.key, "null"),
                Place::Chosen(Column::Value) => self.cell(rect, &row.value, "tombstone"),
                Place::Chosen(column @ Column::Field(_)) => {
                    let fields = columns.iter().filter(|column| matches!(column, Column::Field(_)));
                    let field = fields.zip(&row.fields).find(|(of, _)| *of == column).map(|(_, cell)| cell);
                    self.cell(rect, field.unwrap_or(&RowCell::Absent), "null");
                }
            }
        }
    }

    fn text(&self, rect: Rect, align: Align2, text: &str, font: egui::FontId, color: Color32) {
        widgets::text_in(self.painter(), rect, align, text, font, color);
    }

    /// The time of day, milliseconds dimmed: the eye reads the seconds, and finds the rest when it looks.
    fn time(&self, rect: Rect, row: &StoryRow) {
        let Some(ns) = row.time_ns else {
            self.text(rect, Align2::LEFT_CENTER, "no timestamp", font::small(), self.tokens.text_faint);
            return;
        };
        let text = self.clock.time_of_day(ns);
        let cut = text.len().saturating_sub(4);
        let (seconds, rest) = if text.is_char_boundary(cut) { text.split_at(cut) } else { (text.as_str(), "") };
        let mut job = LayoutJob::default();
        job.append(seconds, 0.0, TextFormat::simple(font::mono(), self.tokens.text));
        job.append(rest, 0.0, TextFormat::simple(font::mono(), self.tokens.text_faint));
        let galley = self.painter().layout_job(job);
        let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), rect).min;
        self.painter().galley(at, galley, self.tokens.text);
    }

    /// How long after the event before; where a day begins, the day; where time runs backwards, that.
    fn since(&self, rect: Rect, row: &StoryRow, before: Option<&StoryRow>) {
        let tokens = self.tokens;
        if row.runs_backwards {
            let text = "↶ backwards";
            self.text(rect, Align2::RIGHT_CENTER, text, font::small(), tokens.warning);
            return;
        }
        let day_turns = row.time_ns.zip(before.and_then(|before| before.time_ns)).filter(|(this, last)| {
            // Days are compared only where one may have begun: writing out two dates a row is not free.
            this - last > 86_400_000_000_000 || self.clock.date(*this) != self.clock.date(*last)
        });
        if let Some((this, _)) = day_turns {
            self.text(rect, Align2::RIGHT_CENTER, &self.clock.date(this), font::mono_small(), tokens.accent);
            return;
        }
        let Some(since) = row.since_ns else { return };
        let color = if row.unusual { tokens.warning } else { tokens.text_faint };
        self.text(rect, Align2::RIGHT_CENTER, &format!("+{}", format_span_ns(since)), font::mono_small(), color);
    }

    fn topic(&self, rect: Rect, row: &StoryRow, series: usize) {
        let chip = pos2(rect.left() + size::CHIP / 2.0, rect.center().y);
        widgets::chip(self.painter(), self.tokens, chip, self.tokens.series(series), true);
        let name = rect.with_min_x(rect.left() + size::CHIP + 7.0);
        self.text(name, Align2::LEFT_CENTER, &row.topic, font::body(), self.tokens.text);
    }

    fn offset(&self, rect: Rect, row: &StoryRow) {
        let text = format!("{}:{}", row.partition, row.offset);
        self.text(rect, Align2::LEFT_CENTER, &text, font::mono_small(), self.tokens.text_faint);
    }

    fn kind(&self, rect: Rect, row: &StoryRow) {
        let Some(kind) = &row.kind else { return };
        let color = if row.is_failure() { self.tokens.error } else { self.tokens.text };
        self.text(rect, Align2::LEFT_CENTER, kind, font::body(), color);
    }

    fn cell(&self, rect: Rect, cell: &RowCell, null: &str) {
        let tokens = self.tokens;
        match cell {
            RowCell::Absent => {}
            RowCell::Null => self.chip(rect, null),
            RowCell::Empty => self.text(rect, Align2::LEFT_CENTER, "(empty)", font::small(), tokens.text_faint),
            RowCell::Text { text, number: true, .. } => {
                self.text(rect, Align2::RIGHT_CENTER, text, font::mono(), tokens.text_second);
            }
            RowCell::Text { text, found, .. } => self.found(rect, text, found),
            RowCell::Undecodable { text } => {
                let mark = Rect::from_center_size(pos2(rect.left() + 7.0, rect.center().y), vec2(14.0, 14.0));
                crate::theme::icon::paint(self.painter(), mark, crate::theme::icon::Icon::Warning, tokens.warning);
                let rest = rect.with_min_x(rect.left() + 18.0);
                self.text(rest, Align2::LEFT_CENTER, text, font::mono(), tokens.text_faint);
            }
        }
    }

    /// A word in a frame: what is not a text must not look like one.
    fn chip(&self, rect: Rect, word: &str) {
        let galley = self.painter().layout_no_wrap(word.to_owned(), font::mono_small(), self.tokens.text_second);
        let frame = Rect::from_min_size(
            pos2(rect.left(), rect.center().y - 8.0),
            vec2((galley.size().x + 10.0).min(rect.width()), 16.0),
        );
        let stroke = Stroke::new(1.0, self.tokens.outline);
        self.painter().rect_stroke(frame, CornerRadius::same(3), stroke, StrokeKind::Inside);
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), frame).min;
        self.painter().with_clip_rect(frame.intersect(self.painter().clip_rect())).galley(
            at,
            galley,
            self.tokens.text_second,
        );
    }

    /// Text with what the search found on a ground of its own.
    fn found(&self, rect: Rect, text: &str, found: &[std::ops::Range<usize>]) {
        let tokens = self.tokens;
        let plain = TextFormat::simple(font::mono(), tokens.text_second);
        let marked = TextFormat { color: tokens.text, background: tokens.found, ..plain.clone() };
        let mut job = LayoutJob::default();
        let mut at = 0;
        for range in found {
            job.append(&text[at..range.start], 0.0, plain.clone());
            job.append(&text[range.clone()], 0.0, marked.clone());
            at = range.end;
        }
        job.append(&text[at..], 0.0, plain);
        job.wrap = TextWrapping::truncate_at_width(rect.width().max(0.0));
        let galley = self.painter().layout_job(job);
        let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), rect).min;
        self.painter().galley(at, galley, tokens.text_second);
    }

    /// The row in words, for those who can't see it.
    pub(super) fn spoken(&self, row: &StoryRow) -> String {
        let time = row.time_ns.map_or_else(|| "no timestamp".to_owned(), |ns| self.clock.full(ns));
        let kind = row.kind.as_deref().unwrap_or_default();
        let fields: String = row.fields.iter().map(|field| format!(" {}", field.spoken())).collect();
        format!("{time} {} {}:{} {} {kind}{fields}", row.topic, row.partition, row.offset, row.key.spoken())
    }
}

/// A row that is still being fetched: quiet bars where its texts will be.
pub(super) fn waiting_ui(ui: &Ui, placed: &[Placed], at: Rect, row: u64) {
    let tokens = crate::theme::tokens(ui);
    let color = mix(tokens.raised, tokens.window, 0.4);
    for (nth, column) in placed.iter().enumerate() {
        // Lengths that differ as texts do, and stay the same while the row is waited for.
        let seed = row.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(nth as u32 * 7) >> 56;
        let share = 0.35 + seed as f32 / 256.0 * 0.5;
        let width = (column.x.span() * share).min(340.0);
        let bar = Rect::from_x_y_ranges(
            Rangef::new(column.x.min, column.x.min + width),
            Rangef::new(at.center().y - 4.0, at.center().y + 4.0),
        );
        ui.painter().rect_filled(bar, CornerRadius::same(2), color);
    }
}
