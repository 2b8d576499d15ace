//! Paints the range of time that is marked, with its length on the ruler.

use egui::{Align2, CornerRadius, Rangef, Rect, Stroke, Ui, pos2};
use fabula_core::event::time::format_span_ns;

use super::Frame;
use crate::theme::{font, tokens};

/// The pixels that the marked range's pill takes on the ruler, about: labels keep out of them.
pub(super) fn pill_range(frame: &Frame<'_>) -> Option<Rangef> {
    let range = frame.model.view.range?;
    let seen = Rangef::new(frame.scale.x(range.from_ns), frame.scale.x(range.to_ns))
        .intersection(frame.parts.plot().x_range());
    let half = 40.0_f32.min(seen.span() / 2.0);
    (seen.span() > 0.0).then(|| Rangef::new(seen.center() - half, seen.center() + half))
}

/// Paints the marked range.
pub(super) fn range_ui(ui: &Ui, frame: &Frame<'_>) {
    let Some(range) = frame.model.view.range else { return };
    let tokens = tokens(ui);
    let plot = frame.parts.plot();
    let ruler = frame.parts.ruler.with_min_x(plot.left());
    let painter = ui.painter().with_clip_rect(ruler.union(plot));
    let (from, to) = (frame.scale.x(range.from_ns), frame.scale.x(range.to_ns));
    let band = Rect::from_min_max(pos2(from, ruler.top()), pos2(to, plot.bottom()));
    painter.rect_filled(band, 0.0, tokens.accent.gamma_multiply(0.12));
    for x in [from, to] {
        let edge = Rangef::new(ruler.top(), plot.bottom());
        painter.vline(painter.round_to_pixel_center(x), edge, Stroke::new(1.0, tokens.accent));
    }
    let text = painter.layout_no_wrap(format_span_ns(range.len_ns()), font::small(), tokens.text);
    let seen = band.x_range().intersection(plot.x_range());
    if text.size().x + 12.0 <= seen.span() {
        let pill = Rect::from_center_size(pos2(seen.center(), ruler.center().y), text.size() + egui::vec2(12.0, 4.0));
        painter.rect_filled(pill, CornerRadius::same(3), tokens.marked);
        let at = Align2::CENTER_CENTER.align_size_within_rect(text.size(), pill).min;
        painter.galley(at, text, tokens.text);
    }
}
