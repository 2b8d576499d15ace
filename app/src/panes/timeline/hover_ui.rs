//! What the pointer stands on: a line at its moment, and a word about the bar or the mark under it.

use egui::{Align2, CornerRadius, Pos2, Rangef, Rect, Response, Stroke, Ui, pos2, vec2};
use fabula_core::event::time::format_span_ns;

use super::axis::SECOND;
use super::bars::bars;
use super::marks::Mark;
use super::picture::{EventMark, LanePicture};
use super::plot_ui::{drawn, lane_marks};
use super::{Frame, spell};
use crate::figures;
use crate::theme::{font, tokens};

/// Paints the hover line and the tooltip.
pub(super) fn hover_ui(ui: &Ui, response: &Response, frame: &Frame<'_>) {
    let plot = frame.parts.plot();
    let Some(pointer) = response.hover_pos().filter(|pointer| plot.contains(*pointer)) else { return };
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(frame.parts.ruler.union(plot));
    let ruler = frame.parts.ruler;
    let x = painter.round_to_pixel_center(pointer.x);
    painter.vline(x, Rangef::new(ruler.bottom() - 5.0, plot.bottom()), Stroke::new(1.0, tokens.outline));
    let text = frame.model.clock.time_of_day(frame.scale.ns_at(pointer.x));
    let galley = painter.layout_no_wrap(text, font::mono_small(), tokens.text);
    let half = galley.size().x / 2.0 + 5.0;
    let middle = beside_cursor(frame, pointer.x, half);
    let middle = middle.clamp(plot.left() + half, (plot.right() - half).max(plot.left() + half));
    let pill = Rect::from_center_size(pos2(middle, ruler.center().y), vec2(half * 2.0, 17.0));
    painter.rect(
        pill,
        CornerRadius::same(3),
        tokens.raised,
        Stroke::new(1.0, tokens.outline),
        egui::StrokeKind::Inside,
    );
    let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), pill).min;
    painter.galley(at, galley, tokens.text);

    if let Some(lines) = about(frame, pointer) {
        response.clone().on_hover_ui_at_pointer(|ui| {
            for line in &lines {
                ui.label(egui::RichText::new(line).font(font::small()));
            }
        });
    }
}

/// The middle of the pill: at the pointer, or pushed aside by the selected event's pill.
fn beside_cursor(frame: &Frame<'_>, x: f32, half: f32) -> f32 {
    let selected = frame.model.selected.and_then(|selected| selected.time_ns);
    let Some(cursor) = selected.map(|ns| super::ruler_ui::cursor_range(frame, ns)) else { return x };
    let is_apart = x + half < cursor.min || cursor.max < x - half;
    match () {
        () if is_apart || !cursor.min.is_finite() => x,
        () if x < cursor.center() => cursor.min - half - 2.0,
        () => cursor.max + half + 2.0,
    }
}

/// What is under the pointer, in a few lines.
fn about(frame: &Frame<'_>, pointer: Pos2) -> Option<Vec<String>> {
    let placed = frame.lane_at(pointer.y)?;
    let key = &frame.model.lanes[placed.lane];
    let picture = frame.model.picture?.lane(key)?;
    match &picture.events {
        Some(events) if (placed.top + placed.height / 2.0 - pointer.y).abs() <= 10.0 => {
            let marks = lane_marks(frame, events);
            let under = marks.iter().find(|mark| (mark.x - pointer.x).abs() <= mark.reach() + 1.0)?;
            Some(about_mark(frame, drawn(frame, events), under, &key.label()))
        }
        Some(_) => None,
        None => about_bar(frame, picture, pointer, &key.label()),
    }
}

fn about_mark(frame: &Frame<'_>, events: &[EventMark], mark: &Mark, lane: &str) -> Vec<String> {
    let clock = frame.model.clock;
    let first = events[mark.first].time_ns;
    if mark.count == 1 {
        return vec![lane.to_owned(), clock.full(first)];
    }
    let last = events[(mark.first + mark.count as usize - 1).min(events.len() - 1)].time_ns;
    vec![
        format!("{lane} · {} within {}", figures::of(u64::from(mark.count), "event"), format_span_ns(last - first)),
        format!("{} – {}", clock.full(first), clock.time_of_day(last)),
    ]
}

fn about_bar(frame: &Frame<'_>, picture: &LanePicture, pointer: Pos2, lane: &str) -> Option<Vec<String>> {
    let heights = super::bars::Heights::Linear;
    let bar = bars(&picture.parts, &frame.scale, heights)
        .into_iter()
        .find(|bar| bar.left <= pointer.x && pointer.x < bar.right.max(bar.left + 1.0))?;
    let seconds = bar.stretch.len_ns() as f64 / SECOND as f64;
    Some(vec![
        format!(
            "{lane} · {} · {}/s",
            figures::of(bar.count, "event"),
            super::rate(bar.count as f64 / seconds.max(1e-9))
        ),
        spell(frame.model.clock, bar.stretch),
    ])
}
