//! Paints what stands on one lane: density or single events, unread stretches, matches, the selected event.

use egui::{Align2, Color32, CornerRadius, Mesh, Painter, Rect, Shape, Stroke, pos2, vec2};

use super::Frame;
use super::axis::Stretch;
use super::bars::bars;
use super::lanes::{DENSE_LANE_HEIGHT, LaneKey};
use super::marks::{self, Mark, RADIUS};
use super::picture::{EventMark, LanePicture};
use crate::theme::{Tokens, font, mix};

/// A lane as the painter of its events knows it.
pub(super) struct PlotLane<'a> {
    pub(super) key: &'a LaneKey,
    pub(super) rect: Rect,
    pub(super) color: Color32,
    pub(super) fill: Color32,
}

/// The events of a picture that can be seen: those in view and a little around it, so that a pill at the edge keeps
/// its count while it moves out.
pub(super) fn drawn<'a>(frame: &Frame<'_>, events: &'a [EventMark]) -> &'a [EventMark] {
    let room = (frame.scale.ns_per_px() * 40.0) as i64;
    let shown = frame.scale.shown();
    let (from, to) = (shown.from_ns.saturating_sub(room), shown.to_ns.saturating_add(room));
    let first = events.partition_point(|event| event.time_ns < from);
    let last = events.partition_point(|event| event.time_ns < to);
    &events[first..last.max(first)]
}

/// The marks of a lane's events in this frame.
pub(super) fn lane_marks(frame: &Frame<'_>, events: &[EventMark]) -> Vec<Mark> {
    marks::merge(&frame.scale, drawn(frame, events).iter().map(|event| (event.time_ns, 1)))
}

impl PlotLane<'_> {
    /// Paints everything on the lane.
    pub(super) fn paint(&self, painter: &Painter, tokens: &Tokens, frame: &Frame<'_>, picture: &LanePicture) {
        for unread in &picture.unread {
            self.unread(painter, tokens, frame, *unread);
        }
        match &picture.events {
            None => self.density(painter, frame, picture),
            Some(events) => {
                for mark in lane_marks(frame, events) {
                    self.mark(painter, tokens, &mark);
                }
            }
        }
        self.matched(painter, tokens, frame, picture);
        self.selected(painter, tokens, frame);
    }

    fn density(&self, painter: &Painter, frame: &Frame<'_>, picture: &LanePicture) {
        let dense = self.rect.height() <= DENSE_LANE_HEIGHT;
        let foot = self.rect.bottom() - if dense { 1.0 } else { 4.0 };
        let room = self.rect.height() - if dense { 4.0 } else { 12.0 };
        let px = painter.pixels_per_point();
        let snap = |x: f32| (x * px).round() / px;
        let mut mesh = Mesh::default();
        for bar in bars(&picture.parts, &frame.scale, frame.model.view.heights_of(self.key)) {
            let height = snap((bar.height * room).max(1.5));
            let (left, right) = (snap(bar.left), snap(bar.right));
            // A gap of one pixel between bars that have the room for it.
            let right = if right - left >= 3.0 { right - 1.0 } else { right - 1.0 / px };
            let bar = Rect::from_min_max(pos2(left, foot - height), pos2(right.max(left + 1.0 / px), foot));
            mesh.add_colored_rect(bar, self.color.gamma_multiply(0.82));
        }
        painter.add(mesh);
    }

    fn mark(&self, painter: &Painter, tokens: &Tokens, mark: &Mark) {
        let center = pos2(mark.x, self.rect.center().y);
        if mark.count == 1 {
            painter.circle(center, RADIUS, self.color, Stroke::new(0.75, mix(self.color, tokens.window, 0.6)));
            return;
        }
        let pill = Rect::from_center_size(center, vec2(marks::pill_width(mark.count), 16.0));
        painter.rect_filled(pill, CornerRadius::same(4), self.fill);
        let label = marks::pill_label(mark.count);
        painter.text(center, Align2::CENTER_CENTER, label, font::mono_small(), tokens.text);
    }

    /// Times that the search matched: ticks under the lane's marks, a pixel apart at least.
    fn matched(&self, painter: &Painter, tokens: &Tokens, frame: &Frame<'_>, picture: &LanePicture) {
        let mut last = f32::NEG_INFINITY;
        let mut mesh = Mesh::default();
        for &ns in &picture.matched {
            let x = frame.scale.x(ns);
            if x - last < 2.0 || x < frame.scale.left - 2.0 || x > frame.scale.right() + 2.0 {
                continue;
            }
            last = x;
            let foot = self.rect.bottom() - 1.0;
            let tick = Rect::from_min_max(pos2(x - 1.0, foot - 5.0), pos2(x + 1.0, foot));
            mesh.add_colored_rect(tick, tokens.warning);
        }
        painter.add(mesh);
    }

    /// A ring around the selected event, on its own lane.
    fn selected(&self, painter: &Painter, tokens: &Tokens, frame: &Frame<'_>) {
        let Some(selected) = frame.model.selected else { return };
        let Some(ns) = selected.time_ns else { return };
        if !self.key.holds(&selected.coordinates.topic, selected.coordinates.partition) {
            return;
        }
        let center = pos2(frame.scale.x(ns), self.rect.center().y);
        painter.circle_filled(center, RADIUS + 5.0, tokens.window);
        painter.circle_filled(center, RADIUS, self.color);
        painter.circle_stroke(center, RADIUS + 5.0, Stroke::new(1.75, tokens.accent));
    }

    /// A stretch of which not everything was read: hatched, so that its emptiness is not taken for silence.
    fn unread(&self, painter: &Painter, tokens: &Tokens, frame: &Frame<'_>, unread: Stretch) {
        let (left, right) = (frame.scale.left, frame.scale.right());
        let from = frame.scale.x(unread.from_ns).clamp(left, right);
        let to = frame.scale.x(unread.to_ns).clamp(left, right);
        if to - from < 1.0 {
            return;
        }
        let band = Rect::from_min_max(pos2(from, self.rect.top() + 1.0), pos2(to, self.rect.bottom() - 1.0));
        let painter = painter.with_clip_rect(painter.clip_rect().intersect(band));
        let stroke = Stroke::new(1.0, mix(tokens.hairline, tokens.window, 0.2));
        // Lines stand at places fixed to the screen's grid, so that the hatching does not shimmer while panning.
        let step = 7.0;
        let mut x = (band.left() - band.height()) - (band.left() - band.height()).rem_euclid(step);
        let mut lines = Vec::new();
        while x < band.right() {
            lines.push(Shape::line_segment([pos2(x, band.bottom()), pos2(x + band.height(), band.top())], stroke));
            x += step;
        }
        painter.extend(lines);
    }
}
