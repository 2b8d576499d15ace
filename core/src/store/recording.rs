//! A store as a log: what was recorded is read as if from where it came.

use std::sync::Arc;

use async_trait::async_trait;

use super::damage::Damage;
use super::handle::Store;
use super::index::{BLOCK_ROWS, time_key};
use super::read;
use super::segment::Segment;
use super::snapshot::{PartitionSnapshot, Snapshot};
use crate::event::{TopicPartition, Watermarks};
use crate::log::{
    Groups, Log, LogError, Origin, PartitionInfo, PartitionRange, ReadOptions, Reading, TopicConfig, TopicInfo,
};

/// A recording, read as a log. Its watermarks are the ends of what was recorded (and of what was lost to damage), not
/// those that the original log had; holes between them are [`crate::log::ReadItem::Gone`].
#[derive(Debug, Clone)]
pub struct RecordingLog {
    store: Store,
}

impl RecordingLog {
    /// Reads a store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The store that is read.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

#[async_trait]
impl Log for RecordingLog {
    fn origin(&self) -> Origin {
        Origin::Recording { path: self.store.dir().to_owned() }
    }

    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        let snapshot = self.store.snapshot();
        let topics = snapshot.topics.iter().map(|topic| TopicInfo {
            name: topic.name.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|partition| PartitionInfo { id: partition.partition, available: true })
                .collect(),
            error: None,
        });
        Ok(topics.collect())
    }

    async fn watermarks(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<Watermarks, LogError>)>, LogError> {
        let (snapshot, damages) = (self.store.snapshot(), self.store.damages());
        let marks = |partition: &TopicPartition| match snapshot.partition(partition) {
            Some(held) => Ok(extent(partition, held, &damages)),
            None => Err(LogError::UnknownPartition { partition: partition.clone() }),
        };
        Ok(partitions.iter().map(|partition| (partition.clone(), marks(partition))).collect())
    }

    async fn offsets_at(
        &self,
        time_ms: i64,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<i64, LogError>)>, LogError> {
        let (snapshot, damages) = (self.store.snapshot(), self.store.damages());
        let partitions = partitions.to_vec();
        // Blocks at the edges are looked at in their files.
        let found = tokio::task::spawn_blocking(move || {
            let offset = |partition: &TopicPartition| offset_at(&snapshot, &damages, partition, time_ms);
            partitions.into_iter().map(|partition| (partition.clone(), offset(&partition))).collect()
        });
        found.await.map_err(|error| LogError::Other { what: "looking up a time".to_owned(), reason: error.to_string() })
    }

    async fn topic_config(&self, topic: &str) -> Result<TopicConfig, LogError> {
        let snapshot = self.store.snapshot();
        let found = snapshot.topic(topic).map(|topic| topic.config.clone());
        found.ok_or_else(|| LogError::UnknownTopic { topic: topic.to_owned(), suggestion: None })
    }

    async fn groups(&self) -> Result<Option<Groups>, LogError> {
        Ok(self.store.groups().map(|groups| (*groups).clone()))
    }

    fn read(&self, ranges: Vec<PartitionRange>, options: ReadOptions) -> Reading {
        read::start(&self.store, ranges, options)
    }
}

/// From the first to the last offset that is accounted for, or was before it was damaged.
pub(super) fn extent(partition: &TopicPartition, held: &PartitionSnapshot, damages: &[Damage]) -> Watermarks {
    let lost = damages.iter().filter_map(|damage| damage.lost.as_ref()).filter(|lost| lost.partition == *partition);
    let ranges = held.coverage.ranges().iter().copied().chain(lost.map(|lost| (lost.from, lost.to)));
    ranges
        .map(|(low, high)| Watermarks { low, high })
        .reduce(|a, b| Watermarks { low: a.low.min(b.low), high: a.high.max(b.high) })
        .or(held.watermarks.map(|marks| Watermarks { low: marks.high, high: marks.high }))
        .unwrap_or_default()
}

fn offset_at(
    snapshot: &Snapshot,
    damages: &[Damage],
    partition: &TopicPartition,
    time_ms: i64,
) -> Result<i64, LogError> {
    let unknown = || LogError::UnknownPartition { partition: partition.clone() };
    let held = snapshot.partition(partition).ok_or_else(unknown)?;
    // A segment that is damaged is a hole: what was in it is not there to be found.
    let found = held.segments.iter().find_map(|segment| first_at_or_after(segment, time_ms).ok().flatten());
    Ok(found.unwrap_or_else(|| extent(partition, held, damages).high))
}

fn first_at_or_after(segment: &Arc<Segment>, time_ms: i64) -> Result<Option<i64>, Damage> {
    let possible = |max_ms: i64| max_ms >= time_ms;
    if !segment.time_span_ms().is_some_and(|(_, max_ms)| possible(max_ms)) {
        return Ok(None);
    }
    let Some(block) = segment.blocks()?.blocks().iter().position(|block| possible(block.max_ms)) else {
        return Ok(None);
    };
    let events = segment.events()?;
    let (times, types) = (events.timestamps_ms(), events.timestamp_types());
    let timed = |row: &usize| time_key(times[*row], types[*row]) != i64::MIN;
    let row = (block * BLOCK_ROWS..events.len()).filter(timed).find(|&row| times[row] >= time_ms);
    Ok(row.map(|row| events.offsets()[row]))
}

/// How many events of a segment lie in a range of offsets.
pub(super) fn events_within(segment: &Segment, (from, to): (i64, i64)) -> u64 {
    if from <= segment.first_offset() && segment.last_offset() < to {
        return segment.len() as u64;
    }
    if to <= segment.first_offset() || segment.last_offset() < from {
        return 0;
    }
    let Ok(events) = segment.events() else { return 0 };
    let before = |end: i64| events.offsets().partition_point(|&offset| offset < end);
    (before(to) - before(from)) as u64
}
