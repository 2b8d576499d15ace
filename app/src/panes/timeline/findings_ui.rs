//! Paints where findings are, at the foot of the ruler: what was lost as a triangle, what was only unlike its peers as a
//! short bar. A press lists them.

use std::ops::Range;

use egui::{Mesh, Pos2, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2};
use fabula_core::narrative::threads::diagnose::Kind;

use super::{Frame, Outcome};
use crate::command::Command;
use crate::figures;
use crate::theme::{font, tokens};

/// Findings closer together than this are one tick.
const CLOSE: f32 = 6.0;
/// How high the strip is that takes the pointer.
const STRIP: f32 = 8.0;
/// So many findings under the pointer are told apart by kind.
const TOLD: usize = 100_000;

/// A tick and the findings that it stands for.
struct Tick {
    x: f32,
    places: Range<usize>,
}

pub(super) fn findings_ui(ui: &mut Ui, frame: &Frame<'_>, outcomes: &mut Vec<Outcome>) {
    let Some(moments) = frame.model.findings.filter(|moments| !moments.is_empty()) else { return };
    let (plot, foot) = (frame.parts.plot(), frame.parts.ruler.bottom());
    let shown = frame.scale.shown();
    let seen = moments.within(shown.from_ns, shown.to_ns.saturating_add(1));
    let strip = Rect::from_min_max(pos2(plot.left(), foot - STRIP), pos2(plot.right(), foot));
    let response = ui.interact(strip, ui.id().with("findings"), Sense::click());
    let spoken = format!("{} on the timeline, list them", figures::of(seen.len() as u64, "finding"));
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &spoken));
    let ticks = ticks(frame, seen);
    let tokens = tokens(ui);
    let mut mesh = Mesh::default();
    let painter = ui.painter().with_clip_rect(frame.parts.ruler.with_min_x(plot.left()).intersect(ui.clip_rect()));
    for tick in &ticks {
        let x = tick.x;
        if moments.any_grave(tick.places.clone()) {
            let first = mesh.vertices.len() as u32;
            for corner in [pos2(x - 3.5, foot), pos2(x, foot - 7.0), pos2(x + 3.5, foot)] {
                mesh.colored_vertex(corner, tokens.error);
            }
            mesh.add_triangle(first, first + 1, first + 2);
        } else {
            let bar = Rect::from_min_max(pos2(x - 1.0, foot - 4.0), pos2(x + 1.0, foot));
            mesh.add_colored_rect(bar, tokens.warning);
        }
    }
    painter.add(mesh);
    if response.has_focus() {
        let stroke = egui::Stroke::new(1.0, tokens.accent);
        painter.rect_stroke(strip, 2.0, stroke, egui::StrokeKind::Inside);
    }
    let under = response.hover_pos().and_then(|pointer| nearest(&ticks, pointer));
    let kinds = under.map(|tick| {
        let told = tick.places.start..tick.places.end.min(tick.places.start + TOLD);
        (moments.kinds(told), tick.places.len())
    });
    if response.clicked() {
        let kind = match &kinds {
            Some((kinds, _)) => match kinds.as_slice() {
                [(kind, _)] => Some(*kind),
                _ => None,
            },
            None => None,
        };
        outcomes.push(Outcome::Command(Command::ShowFindings(kind)));
    }
    if let Some((kinds, count)) = kinds {
        ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
        response.on_hover_ui_at_pointer(|ui| {
            for line in words(&kinds, count) {
                ui.label(egui::RichText::new(line).font(font::small()));
            }
        });
    }
}

/// What a tick stands for, a line a kind.
fn words(kinds: &[(Kind, u64)], count: usize) -> Vec<String> {
    let line = |(kind, count): &(Kind, u64)| format!("{} × {}", figures::count(*count), kind.title());
    let mut lines: Vec<String> = kinds.iter().map(line).collect();
    if count > TOLD {
        lines.push(format!("of {} in all", figures::of(count as u64, "finding")));
    }
    lines
}

/// From tick to tick, not from finding to finding: there may be very many of them.
fn ticks(frame: &Frame<'_>, seen: Range<usize>) -> Vec<Tick> {
    let Some(moments) = frame.model.findings else { return Vec::new() };
    let mut ticks = Vec::new();
    let mut next = seen.start;
    while let Some(ns) = moments.ns(next).filter(|_| next < seen.end) {
        let x = frame.scale.x(ns);
        let beyond = frame.scale.ns_at(x + CLOSE).max(ns.saturating_add(1));
        let end = moments.within(ns, beyond).end.clamp(next + 1, seen.end);
        ticks.push(Tick { x, places: next..end });
        next = end;
    }
    ticks
}

fn nearest(ticks: &[Tick], pointer: Pos2) -> Option<&Tick> {
    let after = ticks.partition_point(|tick| tick.x < pointer.x);
    let near = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|at| ticks.get(at));
    let away = |tick: &&Tick| (tick.x - pointer.x).abs();
    near.min_by(|one, other| away(one).total_cmp(&away(other))).filter(|tick| away(tick) <= CLOSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_says_how_often_each_kind_is_there() {
        let kinds = [(Kind::SlowEdge, 3), (Kind::Died, 1)];
        assert_eq!(words(&kinds, 4), ["3 × Slow edge", "1 × Died"]);
        assert_eq!(words(&kinds, TOLD + 1).len(), 3, "that not all were told apart is said");
    }

    #[test]
    fn the_nearest_tick_is_under_the_pointer() {
        let ticks = [Tick { x: 10.0, places: 0..1 }, Tick { x: 30.0, places: 1..5 }];
        let at = |x: f32| nearest(&ticks, pos2(x, 0.0)).map(|tick| tick.places.clone());
        assert_eq!(at(12.0), Some(0..1));
        assert_eq!(at(26.0), Some(1..5));
        assert_eq!(at(20.0), None);
    }
}
