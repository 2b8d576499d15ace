//! Which ranges to read, and when: what a plan asks for less what the store accounts for.

use std::collections::{BTreeMap, VecDeque};

use super::super::coverage::Coverage;
use super::super::snapshot::Snapshot;
use crate::event::TopicPartition;
use crate::log::plan::Plan;
use crate::log::{PartitionRange, RangeEnd};

/// A plan's ranges less what is there, in rounds: a log is asked for one range of a partition at a time. What is
/// followed comes last, since it never ends.
#[derive(Debug)]
pub(super) struct Rounds {
    finite: BTreeMap<TopicPartition, VecDeque<(i64, i64)>>,
    followed: Vec<PartitionRange>,
}

impl Rounds {
    pub(super) fn new(plan: &Plan, snapshot: &Snapshot) -> Self {
        let lows: BTreeMap<&TopicPartition, i64> =
            plan.watermarks.iter().map(|(partition, marks)| (partition, marks.low)).collect();
        let nothing = Coverage::new();
        let (mut finite, mut followed) = (BTreeMap::new(), Vec::new());
        for range in &plan.ranges {
            let held = snapshot.partition(&range.partition).map_or(&nothing, |partition| &partition.coverage);
            // What the log does not have any more cannot be asked for; it stays a hole, and the report says so.
            let from = range.from.max(lows.get(&range.partition).copied().unwrap_or(i64::MIN));
            let end = match range.end {
                RangeEnd::Before(end) => end,
                RangeEnd::Follow => {
                    let tail = held.end().map_or(from, |end| end.max(from));
                    followed.push(PartitionRange { from: tail, ..range.clone() });
                    tail
                }
            };
            let missing = held.missing(from, end);
            if !missing.is_empty() {
                finite.insert(range.partition.clone(), VecDeque::from(missing));
            }
        }
        Self { finite, followed }
    }

    /// How many offsets are to be read before anything is followed.
    pub(super) fn finite_offsets(&self) -> u64 {
        self.finite.values().flatten().map(|&(from, to)| from.abs_diff(to)).fold(0, u64::saturating_add)
    }

    /// What to read next: one range of each partition, without those that failed. `None` when nothing is left.
    pub(super) fn next(&mut self, failed: impl Fn(&TopicPartition) -> bool) -> Option<Vec<PartitionRange>> {
        self.finite.retain(|partition, ranges| !ranges.is_empty() && !failed(partition));
        let mut round: Vec<PartitionRange> = self
            .finite
            .iter_mut()
            .filter_map(|(partition, ranges)| {
                let (from, to) = ranges.pop_front()?;
                Some(PartitionRange { partition: partition.clone(), from, end: RangeEnd::Before(to) })
            })
            .collect();
        if round.is_empty() {
            round = std::mem::take(&mut self.followed);
            round.retain(|range| !failed(&range.partition));
        }
        (!round.is_empty()).then_some(round)
    }
}
