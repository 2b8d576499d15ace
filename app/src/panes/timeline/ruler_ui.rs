//! Paints the ruler, the lines that fall from it through the lanes, and the selected event's cursor.

use egui::{Align2, CornerRadius, FontId, Rangef, Rect, Stroke, Ui, pos2, vec2};

use super::ticks::{date_at, ticks};
use super::{Frame, LABEL_WIDTH};
use crate::theme::{font, mix, size, tokens, widgets};

/// Paints the ruler and its lines.
pub(super) fn ruler_ui(ui: &Ui, frame: &Frame<'_>) {
    let tokens = tokens(ui);
    let (ruler, plot) = (frame.parts.ruler, frame.parts.plot());
    let zone = frame.model.clock.time_zone();
    let shown = frame.scale.shown();
    date_ui(ui, frame, shown.from_ns);

    let painter = ui.painter().with_clip_rect(ruler.with_min_x(plot.left()).union(plot));
    let line = 1.0 / ui.pixels_per_point();
    let faint = mix(tokens.hairline, tokens.window, 0.35);
    let cursor = frame.model.selected.and_then(|selected| selected.time_ns).map(|ns| cursor_range(frame, ns));
    let hovered = hover_range(ui, frame);
    let marked = super::range_ui::pill_range(frame);
    for part in frame.scale.folds.open_parts(shown) {
        for tick in ticks(part, frame.scale.ns_per_px(), &zone) {
            let x = painter.round_to_pixel_center(frame.scale.x(tick.ns));
            if tick.label.is_empty() {
                painter.vline(x, Rangef::new(ruler.bottom() - 5.0, ruler.bottom()), Stroke::new(line, tokens.outline));
                continue;
            }
            painter.vline(x, Rangef::new(ruler.top() + 6.0, plot.bottom()), Stroke::new(line, tokens.hairline));
            if tick.turns {
                painter.vline(x, Rangef::new(ruler.top(), plot.bottom()), Stroke::new(line, tokens.outline));
            }
            let (font, color) =
                if tick.turns { (font::strong(), tokens.text) } else { (font::small(), tokens.text_second) };
            let galley = painter.layout_no_wrap(tick.label, font, color);
            let at = pos2(x + 5.0, ruler.center().y - galley.size().y / 2.0 - 1.0);
            let taken = Rangef::new(at.x - 3.0, at.x + galley.size().x + 3.0);
            let covered = [cursor, hovered, marked].into_iter().flatten().any(|pill| pill.intersects(taken));
            if !covered {
                painter.galley(at, galley, color);
            }
        }
    }
    for fold in frame.scale.folds.idle() {
        fold_ui(ui, frame, fold.from_ns, fold.to_ns, faint);
    }
    cursor_line_ui(ui, frame);
    widgets::hairline_h(ui, ruler.x_range(), ruler.bottom());
}

/// The date at the left edge, over the lanes' labels: so that a ruler of hours always says of which day.
fn date_ui(ui: &Ui, frame: &Frame<'_>, from_ns: i64) {
    let tokens = tokens(ui);
    let corner = Rect::from_min_size(frame.parts.ruler.min, vec2(LABEL_WIDTH, frame.parts.ruler.height()))
        .shrink2(vec2(size::INSET, 0.0));
    let date = date_at(from_ns, &frame.model.clock.time_zone());
    let text = format!("{date} {}", frame.model.clock.name());
    widgets::text_in(ui.painter(), corner, Align2::LEFT_CENTER, &text, font::small(), tokens.text_faint);
}

/// A folded stretch: a band with a torn line in the middle.
fn fold_ui(ui: &Ui, frame: &Frame<'_>, from_ns: i64, to_ns: i64, color: egui::Color32) {
    let plot = frame.parts.plot();
    let (from, to) = (frame.scale.x(from_ns), frame.scale.x(to_ns));
    if to < plot.left() || from > plot.right() {
        return;
    }
    let tokens = tokens(ui);
    let band = Rect::from_min_max(pos2(from, frame.parts.ruler.top()), pos2(to, plot.bottom()));
    let painter = ui.painter().with_clip_rect(frame.parts.ruler.union(frame.parts.lanes).with_min_x(plot.left()));
    painter.rect_filled(band, 0.0, color);
    let middle = band.center().x;
    let mut points = Vec::new();
    let mut y = band.top();
    let mut side = 2.0;
    while y <= band.bottom() {
        points.push(pos2(middle + side, y));
        side = -side;
        y += 6.0;
    }
    painter.add(egui::Shape::line(points, Stroke::new(1.0, tokens.outline)));
    let text = fabula_core::event::time::format_span_ns(to_ns - from_ns);
    let galley = painter.layout_no_wrap(text, font::small(), tokens.text_faint);
    if galley.size().x + 4.0 < band.width() {
        let at = pos2(middle - galley.size().x / 2.0, frame.parts.ruler.center().y - galley.size().y / 2.0);
        painter.rect_filled(Rect::from_min_size(at, galley.size()).expand(2.0), 2.0, color);
        painter.galley(at, galley, tokens.text_faint);
    }
}

fn cursor_font() -> FontId {
    font::mono_small()
}

/// The pixels that the cursor's pill takes on the ruler: labels keep out of them.
pub(super) fn cursor_range(frame: &Frame<'_>, ns: i64) -> Rangef {
    let half = 44.0;
    let plot = frame.parts.plot();
    let x = frame.scale.x(ns);
    if x < plot.left() - 1.0 || x > plot.right() + 1.0 {
        return Rangef::new(f32::NEG_INFINITY, f32::NEG_INFINITY);
    }
    let middle = x.clamp(plot.left() + half, (plot.right() - half).max(plot.left() + half));
    Rangef::new(middle - half, middle + half)
}

/// The pixels that the hovered moment's pill takes.
fn hover_range(ui: &Ui, frame: &Frame<'_>) -> Option<Rangef> {
    let pointer = ui.input(|input| input.pointer.hover_pos())?;
    let hovers = frame.parts.plot().contains(pointer) && frame.model.view.held.is_none();
    hovers.then(|| Rangef::new(pointer.x - 46.0, pointer.x + 46.0))
}

/// The selected event's time as a line through the lanes, under their marks.
fn cursor_line_ui(ui: &Ui, frame: &Frame<'_>) {
    let Some(ns) = frame.model.selected.and_then(|selected| selected.time_ns) else { return };
    let plot = frame.parts.plot();
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(plot);
    let x = painter.round_to_pixel_center(frame.scale.x(ns));
    painter.vline(x, plot.y_range(), Stroke::new(1.0, mix(tokens.accent, tokens.window, 0.25)));
}

/// The selected event's time in a pill on the ruler.
pub(super) fn cursor_ui(ui: &Ui, frame: &Frame<'_>) {
    let Some(ns) = frame.model.selected.and_then(|selected| selected.time_ns) else { return };
    let plot = frame.parts.plot();
    let x = frame.scale.x(ns);
    if x < plot.left() - 1.0 || x > plot.right() + 1.0 {
        return;
    }
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(frame.parts.ruler.union(plot));
    let range = cursor_range(frame, ns);
    let ruler = frame.parts.ruler;
    let pill = Rect::from_min_max(pos2(range.min, ruler.top() + 4.0), pos2(range.max, ruler.bottom() - 5.0));
    painter.rect_filled(pill, CornerRadius::same(3), tokens.accent);
    let text = frame.model.clock.time_of_day(ns);
    painter.text(pill.center(), Align2::CENTER_CENTER, text, cursor_font(), tokens.on_accent);
}
