//! Events and logs for the store's tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::segment::Segment;
use super::snapshot::Snapshot;
use crate::event::{EventBatch, EventBatchBuilder, EventRef, TimestampType, TopicPartition, Watermarks};
use crate::log::{
    Groups, Log, LogError, Origin, PartitionInfo, PartitionRange, RangeEnd, ReadItem, ReadOptions, Reading,
    TopicConfig, TopicInfo,
};

/// One event, owned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub offset: i64,
    pub time_ms: i64,
    pub kind: TimestampType,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Row {
    pub(crate) fn of(event: EventRef<'_>) -> Self {
        Self {
            offset: event.offset(),
            time_ms: event.timestamp_ms(),
            kind: event.timestamp_type(),
            key: event.key().map(<[u8]>::to_vec),
            value: event.value().map(<[u8]>::to_vec),
            headers: event.headers().map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec))).collect(),
        }
    }

    /// An event with this offset and time, and nothing remarkable else.
    pub(crate) fn plain(offset: i64, time_ms: i64) -> Self {
        let value = Some(format!("{{\"offset\":{offset}}}").into_bytes());
        Self { offset, time_ms, kind: TimestampType::Create, key: None, value, headers: Vec::new() }
    }
}

pub(crate) fn partition() -> TopicPartition {
    TopicPartition::new("orders", 3)
}

pub(crate) fn origin() -> Origin {
    Origin::Sample { events: 100, seed: 1 }
}

pub(crate) fn batch(partition: &TopicPartition, rows: &[Row]) -> EventBatch {
    let mut builder = EventBatchBuilder::new(partition.topic.clone(), partition.partition);
    for row in rows {
        let headers = row.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
        builder.push(row.offset, row.time_ms, row.kind, row.key.as_deref(), row.value.as_deref(), headers);
    }
    builder.finish()
}

/// Events of one partition, with gaps, times that run backwards, nulls, empties and repeated headers.
pub(crate) fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let bytes = || prop::option::of(prop::collection::vec(any::<u8>(), 0..12));
    let headers = prop::collection::vec(("[a-c]{0,2}", bytes()), 0..3);
    let kind = prop_oneof![
        8 => Just(TimestampType::Create),
        1 => Just(TimestampType::LogAppend),
        1 => Just(TimestampType::None)
    ];
    let time = prop_oneof![10 => 0_i64..200, 1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => Just(-1)];
    let row = (1_i64..4, time, kind, bytes(), bytes(), headers);
    (0_i64..50, prop::collection::vec(row, 0..most)).prop_map(|(first, rows)| {
        let mut offset = first;
        let row = |(step, time_ms, kind, key, value, headers)| {
            offset += step;
            Row { offset, time_ms, kind, key, value, headers }
        };
        rows.into_iter().map(row).collect()
    })
}

/// Every event that a snapshot holds of a partition, in the order in which its segments give them.
pub(crate) fn rows_of(snapshot: &Snapshot, partition: &TopicPartition) -> Vec<Row> {
    let Some(held) = snapshot.partition(partition) else { return Vec::new() };
    held.segments.iter().flat_map(rows_of_segment).collect()
}

fn rows_of_segment(segment: &Arc<Segment>) -> Vec<Row> {
    segment.events().unwrap().events().map(Row::of).collect()
}

/// A log in memory.
#[derive(Debug, Default)]
pub(crate) struct FakeLog {
    pub partitions: BTreeMap<TopicPartition, (Watermarks, Vec<Row>)>,
    /// How many events a batch has.
    pub batch_rows: usize,
    /// Partitions that fail at an offset.
    pub failing: BTreeMap<TopicPartition, i64>,
    /// What was asked for.
    pub asked: Mutex<Vec<PartitionRange>>,
    /// What it tells of groups.
    pub groups: Option<Groups>,
}

impl FakeLog {
    /// A log of one partition whose watermarks are `0..high`.
    pub(crate) fn new(rows: Vec<Row>, high: i64) -> Self {
        let partitions = [(partition(), (Watermarks { low: 0, high }, rows))].into();
        Self { partitions, batch_rows: 3, ..Self::default() }
    }

    fn items(&self, range: &PartitionRange) -> Vec<ReadItem> {
        let (marks, rows) = &self.partitions[&range.partition];
        let end = match range.end {
            RangeEnd::Before(end) => end,
            RangeEnd::Follow => marks.high,
        };
        let wanted: Vec<Row> =
            rows.iter().filter(|row| range.from <= row.offset && row.offset < end).cloned().collect();
        let mut items = Vec::new();
        let mut next = range.from;
        for rows in wanted.chunks(self.batch_rows.max(1)) {
            if self.failing.get(&range.partition).is_some_and(|&at| rows.iter().any(|row| row.offset >= at)) {
                let error = LogError::Unauthorised { what: "this test".to_owned() };
                items.push(ReadItem::Failed { partition: range.partition.clone(), next, error });
                return items;
            }
            next = rows.last().map_or(next, |row| row.offset + 1);
            items.push(ReadItem::Batch { events: batch(&range.partition, rows), next });
        }
        let done = range.end != RangeEnd::Follow;
        items.push(ReadItem::CaughtUp { partition: range.partition.clone(), next: end, watermarks: *marks, done });
        items
    }
}

#[async_trait]
impl Log for FakeLog {
    fn origin(&self) -> Origin {
        origin()
    }

    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        let mut topics: Vec<TopicInfo> = Vec::new();
        for partition in self.partitions.keys() {
            if topics.last().is_none_or(|topic| topic.name != partition.topic) {
                topics.push(TopicInfo { name: partition.topic.clone(), partitions: Vec::new(), error: None });
            }
            let info = PartitionInfo { id: partition.partition, available: true };
            topics.last_mut().unwrap().partitions.push(info);
        }
        Ok(topics)
    }

    async fn watermarks(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<Watermarks, LogError>)>, LogError> {
        Ok(partitions.iter().map(|partition| (partition.clone(), Ok(self.partitions[partition].0))).collect())
    }

    async fn offsets_at(
        &self,
        time_ms: i64,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<i64, LogError>)>, LogError> {
        let offset = |partition: &TopicPartition| {
            let (marks, rows) = &self.partitions[partition];
            let found = rows.iter().find(|row| row.kind != TimestampType::None && row.time_ms >= time_ms);
            found.map_or(marks.high, |row| row.offset)
        };
        Ok(partitions.iter().map(|partition| (partition.clone(), Ok(offset(partition)))).collect())
    }

    async fn topic_config(&self, _topic: &str) -> Result<TopicConfig, LogError> {
        Ok(TopicConfig([("retention.ms".to_owned(), "1000".to_owned())].into()))
    }

    async fn groups(&self) -> Result<Option<Groups>, LogError> {
        Ok(self.groups.clone())
    }

    fn read(&self, ranges: Vec<PartitionRange>, options: ReadOptions) -> Reading {
        self.asked.lock().extend(ranges.iter().cloned());
        let items: Vec<ReadItem> = ranges.iter().flat_map(|range| self.items(range)).collect();
        let follows = ranges.iter().any(|range| range.end == RangeEnd::Follow);
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            for item in items {
                if sender.send(item).await.is_err() {
                    return;
                }
            }
            if follows {
                options.cancel.cancelled().await;
            }
        });
        Reading { items: receiver }
    }
}
