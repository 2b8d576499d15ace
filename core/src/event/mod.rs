//! The words of the domain as types.
//!
//! An *event* is one record of a log. It is found by its [`Coordinates`] (topic, partition, offset). Events travel
//! through Fabula in columns, as an [`EventBatch`]: many events of one topic partition in offset order, in the same
//! Arrow layout whether they were just read from a broker or lie in a mapped file.

mod batch;
pub mod figures;
pub mod time;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use batch::{BatchError, EventBatch, EventBatchBuilder, EventRef, Headers, batch_schema};

/// A topic's name, shared rather than copied.
pub type TopicName = Arc<str>;

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: TopicName,
    /// The partition's number, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition of a topic.
    pub fn new(topic: impl Into<TopicName>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.topic, self.partition)
    }
}

/// Where an event stands in its log. Ordered by topic, partition, offset: the tie-break of the narrative's order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Coordinates {
    /// The topic's name.
    pub topic: TopicName,
    /// The partition's number.
    pub partition: i32,
    /// The offset within the partition.
    pub offset: i64,
}

impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{}", self.topic, self.partition, self.offset)
    }
}

/// A text that names no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” names no event: write topic/partition/offset, such as orders/0/12")]
pub struct CoordinatesError(String);

impl FromStr for Coordinates {
    type Err = CoordinatesError;

    /// `orders/0/12`, or as they are shown: `orders 0:12`.
    fn from_str(text: &str) -> Result<Self, CoordinatesError> {
        let parts = |text: &str| {
            let (rest, offset) = text.rsplit_once(['/', ':'])?;
            let (topic, partition) = rest.rsplit_once(['/', ' '])?;
            let (partition, offset) = (partition.parse().ok()?, offset.parse().ok()?);
            let whole = !topic.is_empty() && partition >= 0 && offset >= 0;
            whole.then(|| Self { topic: topic.into(), partition, offset })
        };
        parts(text.trim()).ok_or_else(|| CoordinatesError(text.to_owned()))
    }
}

/// What a record's timestamp means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i8)]
pub enum TimestampType {
    /// The record carries no timestamp.
    None = -1,
    /// Set by the producer when it made the record.
    Create = 0,
    /// Set by the broker when it appended the record.
    LogAppend = 1,
}

impl TimestampType {
    /// From Kafka's own number; anything unknown counts as no timestamp.
    pub fn from_code(code: i8) -> Self {
        match code {
            0 => Self::Create,
            1 => Self::LogAppend,
            _ => Self::None,
        }
    }

    /// The name used in JSON output: `none`, `create` or `log_append`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Create => "create",
            Self::LogAppend => "log_append",
        }
    }
}

/// The range of offsets that a partition holds: `low` is the first that can be read, `high` is one past the last.
///
/// Not every offset between them is a record: compaction, transaction markers and aborted transactions leave gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Watermarks {
    /// First offset that can be read.
    pub low: i64,
    /// One past the last offset.
    pub high: i64,
}

impl Watermarks {
    /// How many offsets lie between the marks: an upper bound on the number of events.
    pub fn span(self) -> u64 {
        self.high.saturating_sub(self.low).max(0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_named_with_slashes_or_as_it_is_shown() {
        let event = Coordinates { topic: "a.b-c".into(), partition: 2, offset: 31 };
        assert_eq!("a.b-c/2/31".parse(), Ok(event.clone()));
        assert_eq!(event.to_string().parse(), Ok(event));
        for wrong in ["", "orders", "orders/1", "/1/2", "orders/x/1", "orders/-1/2"] {
            assert!(wrong.parse::<Coordinates>().is_err(), "{wrong}");
        }
    }
}
