//! Reading the few events that tell how long groups are behind: those at the commits, and those at the ends.

use std::collections::BTreeMap;

use fabula_core::event::{TopicPartition, Watermarks};
use fabula_core::log::plan::Plan;
use fabula_core::log::{Groups, Log, LogError, PartitionRange, RangeEnd};
use fabula_core::store::{Coverage, Store};
use tokio_util::sync::CancellationToken;

use crate::cli::fetch::fetch;
use crate::cli::pipeline::BUDGET_BYTES;
use crate::figures;

/// So many offsets are read from each commit on, and before each end.
const OFFSETS: i64 = 100;

/// Of so many partitions at most.
const PARTITIONS: usize = 1_000;

/// What was read of the commits and ends.
pub struct Ends {
    /// The events.
    pub store: Store,
    partitions: usize,
    left_out: usize,
}

impl Ends {
    /// Reads the events at commits and ends of all partitions in which a group is behind.
    pub async fn read(log: &dyn Log, groups: &Groups, cancel: &CancellationToken) -> anyhow::Result<Self> {
        let store = Store::temporary(log.origin(), BUDGET_BYTES)?;
        let mut wanted = wanted(groups);
        let all = wanted.len();
        while wanted.len() > PARTITIONS {
            wanted.pop_last();
        }
        let partitions = wanted.len();
        // A log is asked for one range of a partition at a time.
        for nth in 0.. {
            let ranges: Vec<PartitionRange> = wanted.iter().filter_map(|(at, wanted)| wanted.range(at, nth)).collect();
            if ranges.is_empty() || cancel.is_cancelled() {
                break;
            }
            let watermarks = wanted.iter().map(|(at, wanted)| (at.clone(), wanted.marks)).collect();
            let plan = Plan { ranges, watermarks, from_ms: None, to_ms: None, failed: Vec::new() };
            fetch(log, plan, &store, cancel).await?;
        }
        if cancel.is_cancelled() {
            return Err(LogError::Cancelled.into());
        }
        Ok(Self { store, partitions, left_out: all - partitions })
    }

    /// What was read, to be said after what is listed.
    pub fn told(&self) -> String {
        let offsets = figures::count(OFFSETS.unsigned_abs());
        let read = match self.partitions {
            0 => return String::new(),
            partitions => format!(
                "; to tell times, {offsets} offsets at commits and ends of {} were read",
                figures::of(partitions as u64, "partition")
            ),
        };
        match self.left_out {
            0 => read,
            left_out => format!("{read}, and none of {}", figures::of(left_out as u64, "partition")),
        }
    }
}

/// What is to be read of a partition.
struct Wanted {
    ranges: Coverage,
    marks: Watermarks,
}

impl Wanted {
    fn range(&self, partition: &TopicPartition, nth: usize) -> Option<PartitionRange> {
        let &(from, to) = self.ranges.ranges().get(nth)?;
        Some(PartitionRange { partition: partition.clone(), from, end: RangeEnd::Before(to) })
    }
}

fn wanted(groups: &Groups) -> BTreeMap<TopicPartition, Wanted> {
    let mut wanted: BTreeMap<TopicPartition, Wanted> = BTreeMap::new();
    for position in groups.groups.iter().flat_map(|group| &group.positions) {
        let (Some(committed), Some(marks)) = (position.committed, position.watermarks) else { continue };
        let from = committed.max(marks.low);
        if from >= marks.high {
            continue;
        }
        let wanted =
            wanted.entry(position.partition.clone()).or_insert_with(|| Wanted { ranges: Coverage::new(), marks });
        wanted.ranges.insert(from, from.saturating_add(OFFSETS).min(marks.high));
        wanted.ranges.insert(marks.high.saturating_sub(OFFSETS).max(from), marks.high);
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabula_core::log::{ConsumerGroup, GroupPosition};

    #[test]
    fn only_commits_and_ends_are_read_and_what_is_near_is_read_once() {
        let position = |partition, committed| GroupPosition {
            partition: TopicPartition::new("orders", partition),
            committed,
            watermarks: Some(Watermarks { low: 50, high: 1_000 }),
        };
        let group = |positions| ConsumerGroup { positions, ..ConsumerGroup::default() };
        let groups = Groups {
            at_ms: 0,
            groups: vec![
                group(vec![position(0, Some(10)), position(1, Some(1_000)), position(2, None)]),
                group(vec![position(0, Some(120)), position(3, Some(850))]),
            ],
        };
        let wanted = wanted(&groups);
        let ranges = |partition| wanted.get(&TopicPartition::new("orders", partition)).map(|it| it.ranges.ranges());
        assert_eq!(ranges(0), Some(&[(50, 220), (900, 1_000)][..]));
        assert_eq!(ranges(3), Some(&[(850, 1_000)][..]));
        assert_eq!((ranges(1), ranges(2)), (None, None));
    }
}
