//! What a process map shows: the steps and arrows that are frequent enough, and what is left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::narrative::threads::{ProcessMap, Variant};

use super::changes::{Change, Part};
use super::layout::{Laid, lay_out};
use crate::jobs::Progress;
use crate::state::{Tied, TimeRange};

/// So many variants are listed.
pub(super) const VARIANTS: usize = 500;

/// The steps of a variant, in their order.
pub(super) type Way = Arc<[Arc<str>]>;

/// The maps of some threads, and the threads themselves: numbers of steps and threads mean something only there.
#[derive(Debug, Clone)]
pub(super) struct Mapped {
    pub(super) tied: Arc<Tied>,
    pub(super) whole: ProcessMap,
    /// Where in their threads steps are first, on average, from 0 to 1: in the order of the map's nodes.
    pub(super) order: Vec<f64>,
    /// The most frequent variants, and their steps by name.
    pub(super) variants: Vec<(Variant, Way)>,
    /// How many there are.
    pub(super) all_variants: usize,
    pub(super) threads: u64,
    /// How many threads start in each of two ranges, where two are compared.
    pub(super) parts: Option<[u64; 2]>,
    /// How each edge differs between those, in the order of the map's edges.
    pub(super) changes: Vec<Option<Change>>,
    /// The edges that differ, those that changed most first.
    pub(super) changed: Vec<usize>,
}

impl Mapped {
    /// Maps all threads, and by two ranges those that start in each. A part where the work is ended.
    pub(super) fn of(tied: Arc<Tied>, ranges: Option<[TimeRange; 2]>, progress: &Progress) -> Self {
        let threads = &tied.threads;
        let mut variants = threads.variants();
        let all_variants = variants.len();
        variants.truncate(VARIANTS);
        let named = |variant: Variant| {
            let way: Way = variant.steps.iter().map(|step| Arc::clone(threads.step_name(*step))).collect();
            (variant, way)
        };
        let variants = variants.into_iter().map(named).collect();
        let whole = if progress.is_cancelled() { ProcessMap::default() } else { threads.map() };
        let order = if progress.is_cancelled() { vec![1.0; whole.nodes.len()] } else { order(&tied, &whole) };
        let parts =
            ranges.filter(|_| !progress.is_cancelled()).map(|ranges| ranges.map(|range| Part::of(&tied, range)));
        let changes: Vec<Option<Change>> =
            whole.edges.iter().map(|edge| parts.as_ref().map(|parts| Change::of(parts, edge))).collect();
        let weight = |edge: &usize| changes[*edge].as_ref().map_or(0.0, Change::weight);
        let mut changed: Vec<usize> =
            (0..changes.len()).filter(|edge| changes[*edge].as_ref().is_some_and(|change| change.way != 0)).collect();
        changed.sort_by(|one, other| weight(other).total_cmp(&weight(one)));
        Self {
            threads: threads.len() as u64,
            parts: parts.map(|parts| parts.map(|part| part.threads)),
            tied,
            whole,
            order,
            variants,
            all_variants,
            changes,
            changed,
        }
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
    pub(super) laid: Laid,
    /// How many edges are not drawn, and how often those are taken.
    pub(super) left_out: (usize, u64),
    /// How many steps are not drawn, and how many events those have.
    pub(super) steps_out: (usize, u64),
}

impl Picture {
    /// Draws the steps that make up a share of all events, and of the edges between them those that make up a share of all
    /// that are taken; of every step its most frequent way in and out stays.
    pub(super) fn of(map: &ProcessMap, order: &[f64], steps_share: f64, edges_share: f64) -> Self {
        let (nodes, steps_out) = frequent(map, steps_share);
        let places: BTreeMap<Arc<str>, usize> =
            nodes.iter().enumerate().map(|(place, &node)| (Arc::clone(&map.nodes[node].step), place)).collect();
        let total: u64 = map.edges.iter().map(|edge| edge.count).sum();
        let (mut sum, mut kept, mut ends) = (0, Vec::new(), Vec::new());
        let (mut has_in, mut has_out) = (vec![false; nodes.len()], vec![false; nodes.len()]);
        // The map's edges come from the most to the least frequent.
        for (at, edge) in map.edges.iter().enumerate() {
            let (Some(&from), Some(&to)) = (places.get(&edge.from), places.get(&edge.to)) else { continue };
            let loops = from == to;
            let is_frequent = (sum as f64) < total as f64 * edges_share;
            let is_first = !loops && (!has_in[to] || !has_out[from]);
            sum += edge.count;
            if is_frequent || is_first {
                kept.push(at);
                ends.push((from, to));
                has_in[to] |= !loops;
                has_out[from] |= !loops;
            }
        }
        let drawn: u64 = kept.iter().map(|&at| map.edges[at].count).sum();
        let own_order: Vec<f64> = nodes.iter().map(|&node| order[node]).collect();
        Self {
            laid: lay_out(&own_order, &ends),
            steps: nodes.iter().map(|&node| (Arc::clone(&map.nodes[node].step), map.nodes[node].count)).collect(),
            left_out: (map.edges.len() - kept.len(), total - drawn),
            steps_out,
            edges: kept,
        }
    }
}

/// The nodes that make up a share of all events, in the map's order, at least one; and what is left out.
fn frequent(map: &ProcessMap, share: f64) -> (Vec<usize>, (usize, u64)) {
    let total: u64 = map.nodes.iter().map(|node| node.count).sum();
    let mut by_count: Vec<usize> = (0..map.nodes.len()).collect();
    by_count.sort_by_key(|&node| std::cmp::Reverse(map.nodes[node].count));
    let (mut sum, mut kept) = (0, Vec::new());
    for node in by_count {
        if kept.is_empty() || (sum as f64) < total as f64 * share {
            kept.push(node);
            sum += map.nodes[node].count;
        }
    }
    kept.sort_unstable();
    let out = map.nodes.len() - kept.len();
    (kept, (out, total - sum))
}

#[cfg(test)]
mod tests {
    use fabula_core::narrative::threads::{MapEdge, StepCount};

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
        let few = Picture::of(&map, &order, 1.0, 0.5);
        let names: Vec<(&str, &str)> = few.edges.iter().map(|&at| (&*map.edges[at].from, &*map.edges[at].to)).collect();
        assert_eq!(names, [("a", "b"), ("b", "c"), ("c", "d")]);
        assert_eq!(few.left_out, (2, 16));
        assert_eq!(Picture::of(&map, &order, 1.0, 1.0).left_out, (0, 0));
    }

    #[test]
    fn rare_steps_are_left_out_with_their_edges() {
        let mut map = map(&[("a", "b", 900), ("b", "c", 80), ("a", "c", 15), ("c", "d", 4)]);
        for (node, count) in map.nodes.iter_mut().zip([900, 900, 95, 4]) {
            node.count = count;
        }
        let order = [0.0, 1.0, 2.0, 3.0];
        let few = Picture::of(&map, &order, 0.9, 1.0);
        let names: Vec<&str> = few.steps.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!((few.steps_out, few.left_out), ((2, 99), (3, 99)));
        assert_eq!(Picture::of(&map, &order, 0.0, 1.0).steps.len(), 1, "the most frequent step stays");
        assert_eq!(Picture::of(&map, &order, 1.0, 1.0).steps_out, (0, 0));
    }
}
