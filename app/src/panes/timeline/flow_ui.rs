//! Paints the thread that is looked at from lane to lane, and where findings are.

use egui::epaint::CubicBezierShape;
use egui::{Color32, Mesh, Pos2, Rect, Shape, Stroke, Ui, pos2};

use super::Frame;
use super::marks::RADIUS;
use crate::theme::tokens;

const NS: i64 = 1_000_000;
/// So many arrows are drawn at most: beyond that they are a cloud.
const ARROWS: usize = 2_000;

/// Paints what led to what, solid where events say so and dashed where it is inferred.
pub(super) fn flow_ui(ui: &Ui, frame: &Frame<'_>) {
    let Some(tale) = frame.model.tale else { return };
    let tokens = tokens(ui);
    let plot = frame.parts.plot();
    let painter = ui.painter().with_clip_rect(plot.intersect(ui.clip_rect()));
    let place = |at: usize| -> Option<Pos2> {
        let step = tale.steps.get(at)?;
        let lane = frame
            .placed
            .iter()
            .find(|placed| frame.model.lanes[placed.lane].holds(&step.at.topic, step.at.partition))?;
        let x = frame.scale.x(step.time_ms?.saturating_mul(NS));
        Some(pos2(x, lane.top + lane.height / 2.0))
    };
    let in_sight = |from: Pos2, to: Pos2| from.x.max(to.x) >= plot.left() && from.x.min(to.x) <= plot.right();
    let edges = tale.causes.iter().flatten().filter_map(|edge| {
        let (from, to) = (place(edge.from as usize)?, place(edge.to as usize)?);
        in_sight(from, to).then_some((from, to, edge.kind.is_exact()))
    });
    let line = Stroke::new(1.25, tokens.text.gamma_multiply(0.75));
    for (from, to, exact) in edges.take(ARROWS) {
        if from.distance(to) < 3.0 {
            continue;
        }
        let bend = ((to.x - from.x).abs() * 0.45).clamp(14.0, 90.0);
        let points = [from, pos2(from.x + bend, from.y), pos2(to.x - bend, to.y), to];
        let curve = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, line);
        if exact {
            painter.add(curve);
        } else {
            painter.extend(Shape::dashed_line(&curve.flatten(Some(0.5)), line, 4.0, 3.0));
        }
    }
    for (at, step) in tale.steps.iter().enumerate().take(ARROWS) {
        if let Some(center) = place(at).filter(|center| plot.expand(4.0).contains(*center)) {
            let color = tokens.series((frame.model.series)(&step.at.topic));
            painter.circle(center, RADIUS + 0.5, color, Stroke::new(1.25, tokens.text));
        }
    }
}

/// Paints a tick at the foot of the ruler wherever something unusual was found.
pub(super) fn findings_ui(ui: &Ui, frame: &Frame<'_>) {
    let moments = frame.model.findings;
    if moments.is_empty() {
        return;
    }
    let plot = frame.parts.plot();
    let foot = frame.parts.ruler.bottom();
    let shown = frame.scale.shown();
    let first = moments.partition_point(|ns| *ns < shown.from_ns);
    let color = tokens(ui).error;
    let mut mesh = Mesh::default();
    let mut next = first;
    // From tick to tick, not from finding to finding: there may be very many of them.
    while let Some(&ns) = moments.get(next).filter(|ns| **ns <= shown.to_ns) {
        let x = frame.scale.x(ns);
        mesh.add_colored_rect(Rect::from_min_max(pos2(x - 1.0, foot - 5.0), pos2(x + 1.0, foot)), color);
        let beyond = frame.scale.ns_at(x + 3.0).max(ns.saturating_add(1));
        next += moments[next..].partition_point(|ns| *ns < beyond).max(1);
    }
    ui.painter().with_clip_rect(frame.parts.ruler.with_min_x(plot.left())).add(mesh);
}
