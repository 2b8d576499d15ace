//! The process map: which step directly follows which, how often and how fast; and the ways that threads go.

use std::cmp::Reverse;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::threads::Threads;

/// A step and how often it was.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StepCount {
    /// The step.
    pub step: Arc<str>,
    /// How often.
    pub count: u64,
}

/// One step directly follows another.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MapEdge {
    /// The earlier step.
    pub from: Arc<str>,
    /// The later step.
    pub to: Arc<str>,
    /// How often.
    pub count: u64,
    /// The median of the time between them in milliseconds (of an even number of times the mean of the middle two);
    /// `None` where no pair has times.
    pub median_ms: Option<f64>,
    /// The time within which 95 of a hundred follow, interpolated between neighbours.
    pub p95_ms: Option<f64>,
}

/// What directly follows what, over all threads. What is more frequent comes first.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct ProcessMap {
    /// Steps, and in how many events each is.
    pub nodes: Vec<StepCount>,
    /// Pairs of steps.
    pub edges: Vec<MapEdge>,
    /// Steps that threads start with.
    pub starts: Vec<StepCount>,
    /// Steps that threads end with.
    pub ends: Vec<StepCount>,
}

/// A way that threads go: the same steps in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Numbers of the steps.
    pub steps: Box<[u16]>,
    /// How many threads go that way.
    pub count: u64,
    /// The first of them.
    pub example: u32,
}

/// The quantile of sorted numbers, interpolated between neighbours.
pub(super) fn quantile(sorted: &[i64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(last);
    Some(sorted[below] as f64 + (sorted[above] - sorted[below]) as f64 * part)
}

impl Threads {
    /// The process map of all threads.
    pub fn map(&self) -> ProcessMap {
        self.map_of(0..self.len() as u32)
    }

    /// The process map of some threads.
    pub fn map_of(&self, threads: impl Iterator<Item = u32>) -> ProcessMap {
        let steps = self.steps().len();
        let (mut nodes, mut starts, mut ends) = (vec![0_u64; steps], vec![0_u64; steps], vec![0_u64; steps]);
        let mut edges: FxHashMap<(u16, u16), (u64, Vec<i64>)> = FxHashMap::default();
        for thread in threads {
            let mut before: Option<(u16, Option<i64>)> = None;
            for &event in self.events_of(thread) {
                let (step, at) = (self.step(event), self.time_ms(event));
                nodes[usize::from(step)] += 1;
                match before {
                    None => starts[usize::from(step)] += 1,
                    Some((from, from_at)) => {
                        let (count, latencies) = edges.entry((from, step)).or_default();
                        *count += 1;
                        latencies.extend(from_at.zip(at).map(|(from, to)| to - from));
                    }
                }
                before = Some((step, at));
            }
            if let Some((last, _)) = before {
                ends[usize::from(last)] += 1;
            }
        }
        let name = |step: u16| self.step_name(step).clone();
        let counted = |counts: Vec<u64>| {
            let some = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
            let mut counts: Vec<StepCount> =
                some.map(|(step, count)| StepCount { step: name(step as u16), count }).collect();
            counts.sort_by(|one, other| (Reverse(one.count), &one.step).cmp(&(Reverse(other.count), &other.step)));
            counts
        };
        let mut edges: Vec<MapEdge> = edges
            .into_iter()
            .map(|((from, to), (count, mut latencies))| {
                latencies.sort_unstable();
                let (median_ms, p95_ms) = (quantile(&latencies, 0.5), quantile(&latencies, 0.95));
                MapEdge { from: name(from), to: name(to), count, median_ms, p95_ms }
            })
            .collect();
        edges.sort_by(|one, other| {
            (Reverse(one.count), &one.from, &one.to).cmp(&(Reverse(other.count), &other.from, &other.to))
        });
        ProcessMap { nodes: counted(nodes), edges, starts: counted(starts), ends: counted(ends) }
    }

    /// The steps of a thread, by number.
    pub fn steps_of(&self, thread: u32) -> Box<[u16]> {
        self.events_of(thread).iter().map(|&event| self.step(event)).collect()
    }

    /// The ways that threads go, the most frequent first; of two alike the one whose steps come first by name.
    pub fn variants(&self) -> Vec<Variant> {
        let mut ways: FxHashMap<Box<[u16]>, (u64, u32)> = FxHashMap::default();
        let mut steps: Vec<u16> = Vec::new();
        for thread in 0..self.len() as u32 {
            steps.clear();
            steps.extend(self.events_of(thread).iter().map(|&event| self.step(event)));
            match ways.get_mut(steps.as_slice()) {
                Some((count, _)) => *count += 1,
                None => _ = ways.insert(steps.as_slice().into(), (1, thread)),
            }
        }
        let mut variants: Vec<Variant> =
            ways.into_iter().map(|(steps, (count, example))| Variant { steps, count, example }).collect();
        let names =
            |variant: &Variant| variant.steps.iter().map(|&step| self.step_name(step).clone()).collect::<Vec<_>>();
        variants.sort_by(|one, other| {
            Reverse(one.count).cmp(&Reverse(other.count)).then_with(|| names(one).cmp(&names(other)))
        });
        variants
    }
}

/// A step of a thread beside the way it is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Both have it.
    Both(u16),
    /// The way has it, the thread has not.
    Missing(u16),
    /// The thread has it, the way has not.
    Extra(u16),
}

/// How far two ways may be compared: the product of their lengths.
const MOST_COMPARED: usize = 4_000_000;

/// Holds a thread's steps against a way: the fewest moves that make one of the other. `None` if both are too long.
pub fn conformance(thread: &[u16], way: &[u16]) -> Option<Vec<Move>> {
    let (rows, columns) = (thread.len(), way.len());
    if (rows + 1) * (columns + 1) > MOST_COMPARED {
        return None;
    }
    // The longest common run of steps from each pair of places on.
    let at = |row: usize, column: usize| row * (columns + 1) + column;
    let mut common = vec![0_u32; (rows + 1) * (columns + 1)];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            common[at(row, column)] = match thread[row] == way[column] {
                true => common[at(row + 1, column + 1)] + 1,
                false => common[at(row + 1, column)].max(common[at(row, column + 1)]),
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut moves = Vec::with_capacity(rows.max(columns));
    while row < rows || column < columns {
        if row < rows && column < columns && thread[row] == way[column] {
            moves.push(Move::Both(thread[row]));
            (row, column) = (row + 1, column + 1);
        } else if column < columns && (row == rows || common[at(row, column + 1)] >= common[at(row + 1, column)]) {
            moves.push(Move::Missing(way[column]));
            column += 1;
        } else {
            moves.push(Move::Extra(thread[row]));
            row += 1;
        }
    }
    Some(moves)
}

/// How alike two ways are, from 0 to 1: twice the steps that both have, by the steps of both.
pub fn fitness(moves: &[Move]) -> f64 {
    let both = moves.iter().filter(|step| matches!(step, Move::Both(_))).count();
    let all = moves.len() + both;
    if all == 0 { 1.0 } else { 2.0 * both as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7], 0.95), Some(7.0));
        assert_eq!(quantile(&[1, 2, 3, 10], 0.5), Some(2.5));
        assert_eq!(quantile(&[0, 100], 0.95), Some(95.0));
    }

    #[test]
    fn a_thread_is_held_against_a_way_by_the_fewest_moves() {
        let moves = conformance(&[1, 2, 2, 4], &[1, 2, 3, 4]).unwrap();
        assert_eq!(moves, [Move::Both(1), Move::Both(2), Move::Missing(3), Move::Extra(2), Move::Both(4)]);
        assert_eq!(fitness(&moves), 6.0 / 8.0);
        assert_eq!(conformance(&[0; 3000], &[0; 3000]), None);
        assert_eq!(fitness(&conformance(&[], &[]).unwrap()), 1.0);
    }
}
