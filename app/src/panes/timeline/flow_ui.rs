//! Paints the thread that is looked at from lane to lane.

use egui::epaint::CubicBezierShape;
use egui::{Color32, Pos2, Shape, Stroke, Ui, pos2};

use super::Frame;
use super::flow::Stop;
use super::marks::RADIUS;
use crate::theme::tokens;

/// So many arrows are drawn at most: beyond that they are a cloud.
const ARROWS: usize = 2_000;

/// Paints what led to what, solid where events say so and dashed where it is inferred.
pub(super) fn flow_ui(ui: &Ui, frame: &Frame<'_>) {
    let Some(flow) = frame.model.flow else { return };
    let tokens = tokens(ui);
    let plot = frame.parts.plot();
    let painter = ui.painter().with_clip_rect(plot.intersect(ui.clip_rect()));
    // Lanes stand in their order, the pinned ones first.
    let place = |stop: &Stop| -> Option<Pos2> {
        let at = frame.placed.binary_search_by_key(&(stop.lane as usize), |placed| placed.lane).ok()?;
        let lane = &frame.placed[at];
        Some(pos2(frame.scale.x(stop.ns), lane.top + lane.height / 2.0))
    };
    let shown = frame.scale.shown();
    let near = shown.grown(0.02);
    let line = Stroke::new(1.25, tokens.text.gamma_multiply(0.75));
    let ends = |arrow: &super::flow::Arrow| {
        let (from, to) = (place(&arrow.from)?, place(&arrow.to)?);
        (from.distance(to) >= 3.0).then_some((from, to, arrow.exact))
    };
    for (from, to, exact) in flow.arrows(near.from_ns..near.to_ns).iter().filter_map(ends).take(ARROWS) {
        let bend = ((to.x - from.x).abs() * 0.45).clamp(14.0, 90.0);
        let points = [from, pos2(from.x + bend, from.y), pos2(to.x - bend, to.y), to];
        let curve = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, line);
        if exact {
            painter.add(curve);
        } else {
            painter.extend(Shape::dashed_line(&curve.flatten(Some(0.5)), line, 4.0, 3.0));
        }
    }
    // Rings that would cover each other are one.
    let mut last: Vec<f32> = vec![f32::NEG_INFINITY; frame.placed.len()];
    for stop in flow.steps(near.from_ns..near.to_ns) {
        let Ok(at) = frame.placed.binary_search_by_key(&(stop.lane as usize), |placed| placed.lane) else { continue };
        let lane = &frame.placed[at];
        let x = frame.scale.x(stop.ns);
        if x - last[at] < 1.0 {
            continue;
        }
        last[at] = x;
        let color = tokens.series((frame.model.series)(lane_topic(frame, at)));
        painter.circle(pos2(x, lane.top + lane.height / 2.0), RADIUS + 0.5, color, Stroke::new(1.25, tokens.text));
    }
}

fn lane_topic<'f>(frame: &'f Frame<'_>, placed: usize) -> &'f str {
    frame.model.lanes[frame.placed[placed].lane].topic()
}
