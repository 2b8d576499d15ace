//! Where a feed is: what a checkpoint must know to go on with neither loss nor repeat.

use super::feed::Untimed;
use crate::event::{Coordinates, TopicPartition};

/// Where the events of a step stand, and when they are told: for each the largest time that its partition has come to, in
/// milliseconds. In this order events are taken, so a log that is cut at a time is the events before the first that is told
/// later.
#[derive(Debug, Clone, Default)]
pub struct StepTimes {
    /// The number of the first event.
    pub first_seq: u64,
    /// The time of each event from there on; of events that have none before the first that has, [`i64::MIN`].
    pub times_ms: Vec<i64>,
    /// The partitions that are read; `lanes` has places in it.
    partitions: Vec<TopicPartition>,
    /// The partition of each event, and its offset.
    lanes: Vec<u32>,
    offsets: Vec<i64>,
}

impl StepTimes {
    /// Of no events yet, with room for so many; the first will have this number.
    pub(super) fn new(first_seq: u64, partitions: Vec<TopicPartition>, room: usize) -> Self {
        let (lanes, offsets) = (Vec::with_capacity(room), Vec::with_capacity(room));
        Self { first_seq, times_ms: Vec::with_capacity(room), partitions, lanes, offsets }
    }

    /// Takes in the next event: its time, the place of its partition, its offset.
    pub(super) fn push(&mut self, time_ms: i64, lane: u32, offset: i64) {
        self.times_ms.push(time_ms);
        self.lanes.push(lane);
        self.offsets.push(offset);
    }

    /// When an event of the step is told, by its number.
    pub fn of(&self, seq: u64) -> Option<i64> {
        let at = usize::try_from(seq.checked_sub(self.first_seq)?).ok()?;
        self.times_ms.get(at).copied()
    }

    /// Where an event of the step stands in the log, by its number.
    pub fn event(&self, seq: u64) -> Option<Coordinates> {
        let at = usize::try_from(seq.checked_sub(self.first_seq)?).ok()?;
        let partition = self.partitions.get(*self.lanes.get(at)? as usize)?;
        let (topic, offset) = (partition.topic.clone(), *self.offsets.get(at)?);
        Some(Coordinates { topic, partition: partition.partition, offset })
    }
}

/// Where a feed is.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// Its partitions.
    pub lanes: Vec<LaneMark>,
    /// The number that the next event gets.
    pub next_seq: u64,
    /// How far the merge has come: a time in milliseconds, and the partition that had it.
    pub furthest: Option<(i64, TopicPartition)>,
    /// How many events came to the merge after others had passed their place.
    pub behind: u64,
    /// Events without a time, for each source.
    pub untimed: Vec<Untimed>,
}

/// Where a feed is in one partition.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LaneMark {
    /// The partition.
    pub partition: TopicPartition,
    /// One past the last offset that was taken.
    pub next_offset: i64,
    /// The largest time so far in milliseconds.
    pub time_ms: i64,
}

/// Offsets that a feed needs and that are not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the offsets {from} to {} of {partition} were gone before they were taken: the result would be without them", to - 1)]
pub struct Gap {
    /// The partition.
    pub partition: TopicPartition,
    /// The first offset that is missing.
    pub from: i64,
    /// One past the last offset that is missing.
    pub to: i64,
}
