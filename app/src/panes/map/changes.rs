//! How edges differ between two ranges of time.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::narrative::threads::MapEdge;

use crate::state::{Tied, TimeRange};

/// A change is shown from this many threads on, in both ranges.
const COMPARED: u64 = 20;
/// A median is another from this many times and this many milliseconds on.
const SLOWER: f64 = 1.5;
const LONGER_MS: f64 = 2.0;
/// An edge is more or less frequent from this many of a hundred threads on.
const MORE: f64 = 5.0;

/// From where on a difference is shown, in words.
pub(super) fn thresholds() -> String {
    format!(
        "Shown are edges {SLOWER} times slower or faster (and {LONGER_MS:.0} ms), or in {MORE:.0} of 100 threads more or \
         fewer; both ranges need {COMPARED} threads"
    )
}

/// The map of the threads that start in a range.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) threads: u64,
    edges: BTreeMap<(Arc<str>, Arc<str>), MapEdge>,
}

impl Part {
    pub(super) fn of(tied: &Tied, range: TimeRange) -> Self {
        let starts_in = |thread: &u32| {
            let first = tied.threads.events_of(*thread).first().and_then(|&event| tied.threads.time_ms(event));
            first.is_some_and(|ms| range.contains(ms.saturating_mul(1_000_000)))
        };
        let threads: Vec<u32> = (0..tied.threads.len() as u32).filter(starts_in).collect();
        let map = tied.threads.map_of(threads.iter().copied());
        let edges = map.edges.into_iter().map(|edge| ((edge.from.clone(), edge.to.clone()), edge)).collect();
        Self { threads: threads.len() as u64, edges }
    }
}

/// How an edge differs between two ranges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// In how many of a hundred threads it is, in the first range and in the second.
    pub(super) shares: [f64; 2],
    /// The medians, in the first range and in the second.
    pub(super) medians_ms: [Option<f64>; 2],
    /// Whether it is rarer or faster (below 0), or more frequent or slower (above); 0 where it is about the same.
    pub(super) way: i8,
}

impl Change {
    pub(super) fn of(parts: &[Part; 2], edge: &MapEdge) -> Self {
        let key = (edge.from.clone(), edge.to.clone());
        let edges = [parts[0].edges.get(&key), parts[1].edges.get(&key)];
        let count = |at: usize| edges[at].map_or(0, |edge| edge.count);
        let share = |at: usize| count(at) as f64 / parts[at].threads.max(1) as f64 * 100.0;
        let median = |at: usize| edges[at].and_then(|edge| edge.median_ms);
        let (shares, medians_ms) = ([share(0), share(1)], [median(0), median(1)]);
        let enough = parts.iter().all(|part| part.threads >= COMPARED) && count(0).max(count(1)) >= COMPARED;
        let slower = match medians_ms {
            [Some(first), Some(second)] if count(0).min(count(1)) >= COMPARED => {
                // A few milliseconds are no change, however small the median is.
                if second > first * SLOWER + LONGER_MS {
                    1
                } else if first > second * SLOWER + LONGER_MS {
                    -1
                } else {
                    0
                }
            }
            _ => 0,
        };
        let more = if shares[1] > shares[0] + MORE {
            1
        } else if shares[0] > shares[1] + MORE {
            -1
        } else {
            0
        };
        let way = if !enough {
            0
        } else if slower != 0 {
            slower
        } else {
            more
        };
        Self { shares, medians_ms, way }
    }

    /// How much it changed, to sort by: points of share, at most a hundred, and forty for each doubling of the
    /// median.
    pub(super) fn weight(&self) -> f64 {
        let slower = match self.medians_ms {
            [Some(first), Some(second)] => (second.max(0.1) / first.max(0.1)).log2().abs() * 40.0,
            _ => 0.0,
        };
        (self.shares[1] - self.shares[0]).abs().min(100.0) + slower
    }
}
