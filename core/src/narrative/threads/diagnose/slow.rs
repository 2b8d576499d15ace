//! Steps that took far longer than they take in peers.

use super::super::tale::{Edge, EdgeKind};
use super::peers::Pace;
use super::{Findings, Kind};
use crate::event::time::format_span_ms as span;

/// How often a pair of steps must have been seen before one of them can be slow.
const SEEN: u64 = 30;
/// How far beyond the 95th percentile slow begins, in distances from the median to it.
const BEYOND: f64 = 1.25;
/// What is quicker than this is never called slow, in milliseconds.
const QUICK_MS: i64 = 20;

impl Pace {
    /// From here on an edge is slow.
    fn slow_from_ms(&self) -> f64 {
        self.p95_ms + BEYOND * (self.p95_ms - self.median_ms).max(self.p95_ms * 0.2)
    }
}

pub(super) fn find(found: &mut Findings<'_>, thread: u32, events: &[u32], edges: &[Edge]) {
    for edge in edges {
        let Some(latency) = edge.latency_ms.filter(|&latency| latency > QUICK_MS) else { continue };
        let (from, to) = (events[edge.from as usize], events[edge.to as usize]);
        let (one, other) = (found.threads.step(from), found.threads.step(to));
        // What comes again and again waits for nothing before it.
        if one == other {
            continue;
        }
        let Some(pace) = found.peers.paces.get(&(one, other, edge.kind != EdgeKind::Follows)) else { continue };
        let slow = pace.slow_from_ms();
        if pace.seen < SEEN || (latency as f64) < slow {
            continue;
        }
        let what = format!(
            "{} → {} took {}; half take at most {}, 95 % at most {}",
            found.threads.step_name(one),
            found.threads.step_name(other),
            span(latency),
            span(pace.median_ms as i64),
            span(pace.p95_ms as i64)
        );
        // Twice as far out as where slow begins is as sure as it gets; what merely follows is less sure.
        let far = ((latency as f64 - slow) / slow.max(1.0)).min(1.0);
        let sureness = (0.7 + 0.25 * far) * if edge.kind.is_exact() { 1.0 } else { 0.8 };
        found.add(Kind::SlowEdge, thread, what, sureness, &[from, to]);
    }
}
