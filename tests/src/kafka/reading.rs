//! What a log hands over, gathered for a test to look at.

use std::collections::BTreeMap;

use fabula_core::event::{EventBatch, TopicPartition, Watermarks};
use fabula_core::log::{Connection, Log, LogError, PartitionRange, RangeEnd, ReadItem, ReadOptions, Reading};
use serde_json::Value;

use crate::program::Ran;

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

impl Event {
    /// A line of `fabula read --format json`.
    ///
    /// # Panics
    /// If it is not one.
    pub fn of_line(line: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(|text| text.as_bytes().to_vec());
        let header = |pair: &Value| (pair[0].as_str().expect("a name").to_owned(), text(&pair[1]));
        Self {
            partition: line["partition"].as_i64().and_then(|number| number.try_into().ok()).expect("a partition"),
            offset: line["offset"].as_i64().expect("an offset"),
            timestamp_ms: line["timestamp_ms"].as_i64().expect("a timestamp"),
            timestamp_type: match line["timestamp_type"].as_str() {
                Some("create") => "create",
                Some("log_append") => "log_append",
                _ => "none",
            },
            key: text(&line["key"]),
            value: text(&line["value"]),
            headers: line["headers"].as_array().expect("a list of headers").iter().map(header).collect(),
        }
    }

    /// Every line that `fabula read --format json` wrote, by partition and offset.
    ///
    /// # Panics
    /// If what it wrote is something else.
    pub fn all_of(ran: &Ran) -> Vec<Self> {
        let mut events: Vec<Self> = ran.json_lines().iter().map(Self::of_line).collect();
        events.sort_by_key(|event| (event.partition, event.offset));
        events
    }
}

/// Fails with the first event that two readings of the same events tell differently.
///
/// # Panics
/// If there is one, or one reading has more.
#[track_caller]
pub fn assert_same(ours: &[Event], theirs: &[Event], what: &str) {
    let differs = ours.iter().zip(theirs).find(|(ours, theirs)| ours != theirs);
    assert!(differs.is_none(), "{what}: ours and kcat's differ: {differs:?}");
    assert_eq!(ours.len(), theirs.len(), "{what}: number of events");
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
