//! What a process map shows: the steps and arrows that are frequent enough, and what is left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::narrative::threads::{MapEdge, ProcessMap, Variant};

use super::layout::{Laid, lay_out};
use crate::state::{Tied, TimeRange};

/// So many variants are listed.
pub(super) const VARIANTS: usize = 500;
/// A change is shown from this many threads' edges on.
const COMPARED: u64 = 20;

/// The maps of the threads.
#[derive(Debug, Clone)]
pub(super) struct Mapped {
    pub(super) whole: ProcessMap,
    /// Where in their threads steps are first, on average, from 0 to 1: in the order of the map's nodes.
    pub(super) order: Vec<f64>,
    /// The most frequent variants.
    pub(super) variants: Vec<Variant>,
    /// How many there are.
    pub(super) all_variants: usize,
    pub(super) threads: u64,
    /// Of threads that start before a marked range, and of those that start in it.
    pub(super) parts: Option<[Part; 2]>,
}

/// The map of some of the threads.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) threads: u64,
    edges: BTreeMap<(Arc<str>, Arc<str>), MapEdge>,
}

impl Part {
    fn of(tied: &Tied, threads: &[u32]) -> Self {
        let map = tied.threads.map_of(threads.iter().copied());
        let edges = map.edges.into_iter().map(|edge| ((edge.from.clone(), edge.to.clone()), edge)).collect();
        Self { threads: threads.len() as u64, edges }
    }
}

/// How an edge differs between two ranges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// In how many of a hundred threads it is, before and in the range.
    pub(super) shares: [f64; 2],
    /// The medians, before and in the range.
    pub(super) medians_ms: [Option<f64>; 2],
    /// Whether it is rarer or faster (below 0), or more frequent or slower (above); 0 where it is about the same.
    pub(super) way: i8,
}

impl Mapped {
    /// Maps all threads, and by a range those before it and in it.
    pub(super) fn of(tied: &Tied, range: Option<TimeRange>) -> Self {
        let mut variants = tied.threads.variants();
        let all_variants = variants.len();
        variants.truncate(VARIANTS);
        let parts = range.map(|range| {
            let (mut before, mut within) = (Vec::new(), Vec::new());
            for thread in 0..tied.threads.len() as u32 {
                let first = tied.threads.events_of(thread).first().and_then(|&event| tied.threads.time_ms(event));
                match first.map(|ms| ms.saturating_mul(1_000_000)) {
                    Some(ns) if ns < range.start_ns => before.push(thread),
                    Some(ns) if ns < range.end_ns => within.push(thread),
                    _ => {}
                }
            }
            [Part::of(tied, &before), Part::of(tied, &within)]
        });
        let whole = tied.threads.map();
        let order = order(tied, &whole);
        Self { whole, order, variants, all_variants, threads: tied.threads.len() as u64, parts }
    }

    /// How an edge differs before and in the range; `None` without one.
    pub(super) fn change(&self, edge: &MapEdge) -> Option<Change> {
        let parts = self.parts.as_ref()?;
        let of = |part: &Part| part.edges.get(&(edge.from.clone(), edge.to.clone())).cloned();
        let edges = [of(&parts[0]), of(&parts[1])];
        let count = |at: usize| edges[at].as_ref().map_or(0, |edge| edge.count);
        let share = |at: usize| count(at) as f64 / parts[at].threads.max(1) as f64 * 100.0;
        let median = |at: usize| edges[at].as_ref().and_then(|edge| edge.median_ms);
        let (shares, medians_ms) = ([share(0), share(1)], [median(0), median(1)]);
        let enough = parts.iter().all(|part| part.threads >= COMPARED) && count(0).max(count(1)) >= COMPARED;
        let slower = match medians_ms {
            [Some(before), Some(within)] if count(0).min(count(1)) >= COMPARED => {
                // A few milliseconds are no change, however small the median is.
                if within > before * 1.5 + 2.0 {
                    1
                } else if before > within * 1.5 + 2.0 {
                    -1
                } else {
                    0
                }
            }
            _ => 0,
        };
        let more = if shares[1] > shares[0] + 5.0 {
            1
        } else if shares[0] > shares[1] + 5.0 {
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
        Some(Change { shares, medians_ms, way })
    }
}

/// Where in their threads steps are first, on average.
fn order(tied: &Tied, map: &ProcessMap) -> Vec<f64> {
    let steps = tied.threads.steps();
    let (mut sums, mut counts) = (vec![0.0_f64; steps.len()], vec![0_u64; steps.len()]);
    let mut seen = vec![u32::MAX; steps.len()];
    for thread in 0..tied.threads.len() as u32 {
        let events = tied.threads.events_of(thread);
        for (at, &event) in events.iter().enumerate() {
            let step = usize::from(tied.threads.step(event));
            if seen[step] != thread {
                seen[step] = thread;
                sums[step] += at as f64 / events.len() as f64;
                counts[step] += 1;
            }
        }
    }
    let named: BTreeMap<&str, usize> = steps.iter().enumerate().map(|(at, name)| (&**name, at)).collect();
    let mean = |at: usize| sums[at] / counts[at].max(1) as f64;
    map.nodes.iter().map(|node| named.get(&*node.step).map_or(1.0, |&at| mean(at))).collect()
}

/// A map as it is drawn.
#[derive(Debug, Clone, Default)]
pub(super) struct Picture {
    /// Names of the steps and how often they are.
    pub(super) steps: Vec<(Arc<str>, u64)>,
    /// Edges by their places in the whole map, in the order of the arrows.
    pub(super) edges: Vec<usize>,
    /// Between which of the steps each arrow is.
    pub(super) ends: Vec<(usize, usize)>,
    pub(super) laid: Laid,
    /// How many edges are not drawn, and how often those are taken.
    pub(super) left_out: (usize, u64),
}

impl Picture {
    /// Draws the edges that make up a share of all that are taken; of every step its most frequent way in and out stays.
    pub(super) fn of(map: &ProcessMap, order: &[f64], share: f64) -> Self {
        let total: u64 = map.edges.iter().map(|edge| edge.count).sum();
        let (mut sum, mut kept) = (0, Vec::new());
        let (mut has_in, mut has_out) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        // The edges come from the most to the least frequent.
        for (at, edge) in map.edges.iter().enumerate() {
            let loops = edge.from == edge.to;
            let frequent = (sum as f64) < total as f64 * share;
            let first = !loops && (!has_in.contains(&edge.to) || !has_out.contains(&edge.from));
            sum += edge.count;
            if frequent || first {
                kept.push(at);
                if !loops {
                    has_in.insert(edge.to.clone());
                    has_out.insert(edge.from.clone());
                }
            }
        }
        let mut steps: Vec<(Arc<str>, u64)> = Vec::new();
        let mut places: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for node in &map.nodes {
            places.insert(node.step.clone(), steps.len());
            steps.push((node.step.clone(), node.count));
        }
        let ends: Vec<(usize, usize)> =
            kept.iter().map(|&at| (places[&map.edges[at].from], places[&map.edges[at].to])).collect();
        let drawn: u64 = kept.iter().map(|&at| map.edges[at].count).sum();
        let laid = lay_out(order, &ends);
        Self { left_out: (map.edges.len() - kept.len(), total - drawn), edges: kept, ends, laid, steps }
    }
}

#[cfg(test)]
mod tests {
    use fabula_core::narrative::threads::StepCount;

    use super::*;

    fn map(edges: &[(&str, &str, u64)]) -> ProcessMap {
        let mut names: Vec<&str> = edges.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        names.sort_unstable();
        names.dedup();
        let edge = |(from, to, count): &(&str, &str, u64)| MapEdge {
            from: Arc::from(*from),
            to: Arc::from(*to),
            count: *count,
            median_ms: None,
            p95_ms: None,
        };
        let mut edges: Vec<MapEdge> = edges.iter().map(edge).collect();
        edges.sort_by_key(|edge| std::cmp::Reverse(edge.count));
        let nodes = names.iter().map(|name| StepCount { step: Arc::from(*name), count: 1 }).collect();
        ProcessMap { nodes, edges, ..ProcessMap::default() }
    }

    #[test]
    fn rare_edges_are_left_out_and_no_step_is_left_alone() {
        let map = map(&[("a", "b", 900), ("b", "c", 80), ("a", "c", 15), ("c", "d", 4), ("b", "d", 1)]);
        let order = [0.0, 1.0, 2.0, 3.0];
        let few = Picture::of(&map, &order, 0.5);
        let names: Vec<(&str, &str)> = few.edges.iter().map(|&at| (&*map.edges[at].from, &*map.edges[at].to)).collect();
        assert_eq!(names, [("a", "b"), ("b", "c"), ("c", "d")]);
        assert_eq!(few.left_out, (2, 16));
        assert_eq!(Picture::of(&map, &order, 1.0).left_out, (0, 0));
    }
}
