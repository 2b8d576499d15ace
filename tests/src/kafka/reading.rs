//! What a log hands over, gathered for a test to look at.

use std::collections::BTreeMap;

use fabula_core::event::{EventBatch, TopicPartition, Watermarks};
use fabula_core::log::{Connection, Log, LogError, PartitionRange, RangeEnd, ReadItem, ReadOptions, Reading};

/// One event, in plain values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// `none`, `create` or `log_append`.
    pub timestamp_type: &'static str,
    /// The key; `None` is null.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Names and values in the record's order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// The events of a batch.
pub fn events(batch: &EventBatch) -> impl Iterator<Item = Event> + '_ {
    batch.events().map(|event| Event {
        partition: event.partition(),
        offset: event.offset(),
        timestamp_ms: event.timestamp_ms(),
        timestamp_type: event.timestamp_type().name(),
        key: event.key().map(<[u8]>::to_vec),
        value: event.value().map(<[u8]>::to_vec),
        headers: event.headers().map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec))).collect(),
    })
}

/// All that a reading came to.
#[derive(Debug, Default)]
pub struct Read {
    /// Events by partition and offset.
    pub events: Vec<Event>,
    /// For each partition that came to the end of its range, how far, and the watermarks.
    pub caught_up: BTreeMap<TopicPartition, (i64, Watermarks)>,
    /// What was deleted before it could be read.
    pub gone: Vec<(TopicPartition, i64, i64)>,
    /// For each partition that failed, how far it came, and why.
    pub failed: BTreeMap<TopicPartition, (i64, LogError)>,
    /// The connection's changes, in order.
    pub connection: Vec<Connection>,
}

impl Read {
    /// Takes an item in, and checks what must hold of every reading: nothing twice, nothing out of order, and `next`
    /// beyond what was handed over.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn take(&mut self, item: ReadItem) {
        match item {
            ReadItem::Batch { events: batch, next } => {
                let last = batch.offsets().last().copied().expect("a batch is not empty");
                let before = self.events.iter().rev().find(|event| event.partition == batch.partition());
                assert!(before.is_none_or(|before| before.offset < batch.offsets()[0]), "a batch goes back");
                assert!(last < next, "offset {last} is not before {next}");
                self.events.extend(events(&batch));
            }
            ReadItem::CaughtUp { partition, next, watermarks, done: true } => {
                let twice = self.caught_up.insert(partition, (next, watermarks));
                assert!(twice.is_none(), "a range ends once");
            }
            ReadItem::CaughtUp { .. } => {}
            ReadItem::Gone { partition, from, to } => self.gone.push((partition, from, to)),
            ReadItem::Failed { partition, next, error } => {
                self.failed.insert(partition, (next, error));
            }
            ReadItem::Connection(change) => self.connection.push(change),
        }
    }

    /// Takes in all that is left of a reading; events are in order of partition and offset then.
    pub async fn take_all(&mut self, reading: &mut Reading) {
        while let Some(item) = reading.next().await {
            self.take(item);
        }
        self.events.sort_by_key(|event| (event.partition, event.offset));
    }
}

/// The ranges from the low to the high watermark of every partition of a topic.
///
/// # Panics
/// If the log does not tell.
pub async fn whole(log: &dyn Log, topic: &str) -> Vec<PartitionRange> {
    let partitions: Vec<TopicPartition> = log.topic(topic).await.expect("the topic").topic_partitions().collect();
    let marks = log.watermarks(&partitions).await.expect("watermarks");
    let ranges = marks.into_iter().map(|(partition, marks)| {
        let marks = marks.expect("watermarks");
        PartitionRange { partition, from: marks.low, end: RangeEnd::Before(marks.high) }
    });
    ranges.collect()
}

/// Reads ranges to their end.
pub async fn read(log: &dyn Log, ranges: Vec<PartitionRange>) -> Read {
    let mut read = Read::default();
    read.take_all(&mut log.read(ranges, ReadOptions::default())).await;
    read
}
