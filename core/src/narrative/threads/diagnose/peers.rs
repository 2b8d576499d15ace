//! What threads have in common: which steps go together, how often, how fast, how they end.

use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;

use super::super::map::quantile;
use super::super::tale::EdgeKind;
use super::super::threads::Threads;
use super::Diagnosis;
use crate::event::TopicName;

/// Steps that are told apart when it is counted which go together; rarer ones beyond that are not.
const MOST_STEPS: usize = 512;

/// How fast one step follows another, as far as this has been seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    pub(super) seen: u64,
    pub(super) median_ms: f64,
    pub(super) p95_ms: f64,
}

/// A pair of steps, and whether the events say that one caused the other.
pub(super) type Pair = (u16, u16, bool);

#[derive(Debug, Default)]
pub(super) struct Peers {
    /// In how many threads each step is.
    pub(super) has: Vec<u64>,
    /// How many threads end with each step.
    pub(super) ends: Vec<u64>,
    /// How often each step is in the threads that have it: in 99 of a hundred at most so often.
    pub(super) usual_count: Vec<u32>,
    /// A step's place among the most frequent.
    rank: Vec<Option<usize>>,
    /// In how many threads both of two steps are.
    both: Vec<u32>,
    ranked: usize,
    pub(super) paces: FxHashMap<Pair, Pace>,
    /// Sizes of threads by their first step: in 99 of a hundred at most so many events, and how many threads.
    pub(super) usual_size: FxHashMap<u16, (u32, u64)>,
    /// The topics that each step is in, each as its first partition's number.
    topics: Vec<Vec<u32>>,
}

/// Of a step's events the first so many are asked for their topic, and those of one thread of so many.
const PLACED: u64 = 64;

impl Peers {
    pub(super) fn of(threads: &Threads, done: &AtomicU64, cancelled: &(dyn Fn() -> bool + Sync)) -> Self {
        let steps = threads.steps().len();
        let mut peers = Self { has: vec![0; steps], ends: vec![0; steps], ..Self::default() };
        let mut counts: Vec<FxHashMap<u32, u64>> = vec![FxHashMap::default(); steps];
        let mut latencies: FxHashMap<Pair, Vec<i64>> = FxHashMap::default();
        let mut sizes: FxHashMap<u16, Vec<i64>> = FxHashMap::default();
        let mut own: Vec<(u16, u32)> = Vec::new();
        let partitions = &threads.events().partitions;
        let first_of = |partition: u32| {
            let topic = &partitions[partition as usize].topic;
            partitions.iter().position(|known| known.topic == *topic).unwrap_or_default() as u32
        };
        let topic_of: Vec<u32> = (0..partitions.len() as u32).map(first_of).collect();
        peers.topics = vec![Vec::new(); steps];
        for thread in 0..threads.len() as u32 {
            if thread % 1024 == 0 {
                done.fetch_add(1024, Ordering::Relaxed);
                if cancelled() {
                    break;
                }
            }
            let events = threads.events_of(thread);
            let Some(&last) = events.last() else { continue };
            own.clear();
            for &event in events {
                let step = threads.step(event);
                if peers.has[usize::from(step)] < PLACED || u64::from(thread) % PLACED == 0 {
                    let topic = topic_of[threads.events().place(event).0 as usize];
                    let topics = &mut peers.topics[usize::from(step)];
                    if !topics.contains(&topic) {
                        topics.push(topic);
                    }
                }
                match own.iter_mut().find(|(known, _)| *known == step) {
                    Some((_, count)) => *count += 1,
                    None => own.push((step, 1)),
                }
            }
            for &(step, count) in &own {
                peers.has[usize::from(step)] += 1;
                *counts[usize::from(step)].entry(count).or_default() += 1;
            }
            peers.ends[usize::from(threads.step(last))] += 1;
            if events.len() < 2 {
                continue;
            }
            sizes.entry(threads.step(events[0])).or_default().push(events.len() as i64);
            for edge in threads.edges(thread) {
                let Some(latency) = edge.latency_ms.filter(|&latency| latency >= 0) else { continue };
                let (from, to) = (events[edge.from as usize], events[edge.to as usize]);
                let pair = (threads.step(from), threads.step(to), edge.kind != EdgeKind::Follows);
                latencies.entry(pair).or_default().push(latency);
            }
        }
        peers.usual_count = counts.into_iter().map(most_of).collect();
        peers.paces = latencies.into_iter().filter_map(|(pair, latencies)| Some((pair, pace(latencies)?))).collect();
        peers.usual_size = sizes
            .into_iter()
            .map(|(step, mut sizes)| {
                sizes.sort_unstable();
                let usual = quantile(&sizes, 0.99).unwrap_or(0.0) as u32;
                (step, (usual, sizes.len() as u64))
            })
            .collect();
        peers.count_pairs(threads, cancelled);
        peers
    }

    /// Counts which steps go together, for the most frequent steps.
    fn count_pairs(&mut self, threads: &Threads, cancelled: &(dyn Fn() -> bool + Sync)) {
        let mut frequent: Vec<usize> = (0..self.has.len()).filter(|&step| self.has[step] > 0).collect();
        frequent.sort_by_key(|&step| (std::cmp::Reverse(self.has[step]), step));
        frequent.truncate(MOST_STEPS);
        self.rank = vec![None; self.has.len()];
        for (rank, &step) in frequent.iter().enumerate() {
            self.rank[step] = Some(rank);
        }
        self.ranked = frequent.len();
        self.both = vec![0; self.ranked * self.ranked];
        let mut own: Vec<usize> = Vec::new();
        for thread in 0..threads.len() as u32 {
            let events = threads.events_of(thread);
            if thread % 1024 == 0 && cancelled() {
                break;
            }
            own.clear();
            for &event in events {
                if let Some(rank) = self.rank[usize::from(threads.step(event))].filter(|rank| !own.contains(rank)) {
                    own.push(rank);
                }
            }
            for &one in &own {
                for &other in &own {
                    self.both[one * self.ranked + other] += 1;
                }
            }
        }
    }

    /// Of the threads that have a step, how many have another too.
    pub(super) fn with(&self, step: u16, other: u16) -> Option<u64> {
        let one = self.rank.get(usize::from(step)).copied().flatten()?;
        let other = self.rank.get(usize::from(other)).copied().flatten()?;
        Some(self.both[one * self.ranked + other].into())
    }

    /// The topics that what a finding misses would be in: those of the missing steps, else those of what follows the
    /// thread's last step in peers.
    pub(super) fn topics_of(&self, threads: &Threads, finding: &Diagnosis, last: u16) -> Vec<TopicName> {
        let follows = self.paces.keys().filter(|(from, ..)| *from == last).map(|(_, to, _)| *to);
        let steps: Vec<u16> = match finding.missing.is_empty() {
            true => follows.collect(),
            false => finding.missing.clone(),
        };
        let partitions = &threads.events().partitions;
        let topics = steps.iter().filter_map(|&step| self.topics.get(usize::from(step))).flatten();
        let mut topics: Vec<TopicName> = topics.map(|&topic| partitions[topic as usize].topic.clone()).collect();
        topics.sort();
        topics.dedup();
        topics
    }

    /// The steps that are told apart.
    pub(super) fn ranked(&self) -> impl Iterator<Item = u16> {
        (0..self.rank.len()).filter(|&step| self.rank[step].is_some()).map(|step| step as u16)
    }
}

/// What 99 of a hundred do not pass.
fn most_of(counts: FxHashMap<u32, u64>) -> u32 {
    let all: u64 = counts.values().sum();
    let mut counts: Vec<(u32, u64)> = counts.into_iter().collect();
    counts.sort_unstable();
    let mut seen = 0;
    for (count, threads) in counts {
        seen += threads;
        if seen * 100 >= all * 99 {
            return count;
        }
    }
    0
}

fn pace(mut latencies: Vec<i64>) -> Option<Pace> {
    latencies.sort_unstable();
    let (median_ms, p95_ms) = (quantile(&latencies, 0.5)?, quantile(&latencies, 0.95)?);
    Some(Pace { seen: latencies.len() as u64, median_ms, p95_ms })
}
