//! How much of a log the threads were made of, so that what was not read is not taken for missing.

use std::collections::BTreeMap;

use super::super::threads::Threads;
use crate::event::TopicName;
use crate::event::time::ns_to_ms;
use crate::store::Snapshot;

/// When a log ends: the latest time of its events but for those that lie far beyond all others. One clock that shows the
/// year 2100 must not make everything that is on its way look lost.
pub(super) fn end_ms(threads: &Threads) -> Option<i64> {
    const LOOKED_AT: usize = 100_000;
    const DAY_MS: i64 = 86_400_000;
    let times = || threads.events().times_ms.pages().flatten().copied().filter(|&at| at != i64::MIN);
    let mut some: Vec<i64> = times().step_by(threads.events().len() / LOOKED_AT + 1).collect();
    some.sort_unstable();
    // All but a hundredth, and all but one of a few.
    let last = some.len().checked_sub(1)?;
    let (from, to) = (some[last - last * 99 / 100], some[last * 99 / 100]);
    let sane = to.saturating_add(to.saturating_sub(from).max(0)).saturating_add(DAY_MS);
    times().filter(|&at| at <= sane).max()
}

/// How much of each topic is held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extent {
    /// By topic.
    pub topics: BTreeMap<TopicName, TopicExtent>,
    /// The earliest time of the range that was asked for, in milliseconds since the epoch; `None` where it has no start.
    pub from_ms: Option<i64>,
    /// The latest time of the range that was asked for; it may lie behind the log's end.
    pub cut_ms: Option<i64>,
}

/// How much of one topic is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TopicExtent {
    /// Events that were read.
    pub events: u64,
    /// Offsets between the watermarks that were not read.
    pub missing: u64,
    /// Whether the log no longer has the topic's first offsets.
    pub is_cut: bool,
    /// The earliest time held, in milliseconds since the epoch.
    pub from_ms: Option<i64>,
}

impl Extent {
    /// What a snapshot holds of some topics.
    pub fn of(snapshot: &Snapshot, topics: &[TopicName]) -> Self {
        let of_topic = |name: &TopicName| {
            let topic = snapshot.topic(name)?;
            let holes = topic.partitions.iter().flat_map(|partition| partition.holes());
            let low = topic.partitions.iter().filter_map(|partition| partition.watermarks);
            let extent = TopicExtent {
                events: topic.events(),
                missing: holes.map(|(from, to)| (to - from).max(0) as u64).sum(),
                is_cut: low.into_iter().any(|marks| marks.low > 0),
                from_ms: topic.time_span_ns().map(|(from, _)| ns_to_ms(from)),
            };
            Some((name.clone(), extent))
        };
        Self { topics: topics.iter().filter_map(of_topic).collect(), from_ms: None, cut_ms: None }
    }
}
