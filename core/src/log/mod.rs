//! Where events come from.
//!
//! A [`Log`] is a source of topics: a Kafka cluster, a recording, or the built-in sample. It is only ever read. Reading
//! is asynchronous, cancellable and bounded: the reader of a [`Reading`] decides the pace, and a log that has nothing
//! more to say within a range says why it stopped, by its watermarks, never by having been silent for a while.

pub mod ends;
mod error;
mod group;
pub mod import;
pub mod kafka;
mod origin;
pub mod plan;
pub mod sample;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::event::{EventBatch, TopicName, TopicPartition, Watermarks};

pub use error::LogError;
pub use group::{ConsumerGroup, GroupMember, GroupPosition, Groups};

/// A source of topics.
#[async_trait]
pub trait Log: Send + Sync {
    /// What the log is, for a person and for a recording's manifest. Holds no secret.
    fn origin(&self) -> Origin;

    /// Every topic with its partitions, sorted by name. Cheap: no watermarks, no configs.
    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError>;

    /// One topic by name. A log that can ask for one topic alone does, so that a topic which may not be listed still
    /// gets its own error.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`] with the most similar name, or the topic's own error.
    async fn topic(&self, name: &str) -> Result<TopicInfo, LogError> {
        let catalogue = self.topics().await?;
        let found = plan::find_topics(&catalogue, &[name.to_owned()])?;
        found.into_iter().next().cloned().ok_or_else(|| LogError::UnknownTopic { topic: name.into(), suggestion: None })
    }

    /// The watermarks of partitions, each with its own failure. Under `read_committed` the high mark is the last
    /// stable offset.
    async fn watermarks(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<Watermarks, LogError>)>, LogError>;

    /// For each partition the first offset whose timestamp is at or after a time (milliseconds since the epoch), or
    /// the high watermark where there is none.
    async fn offsets_at(
        &self,
        time_ms: i64,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<i64, LogError>)>, LogError>;

    /// A topic's configuration (`retention.ms`, `cleanup.policy`, …), as far as it may be seen.
    async fn topic_config(&self, topic: &str) -> Result<TopicConfig, LogError>;

    /// Consumer groups and how far each has come, as they stand at this moment, or stood when a recording was made. `None`
    /// is not known, which is not the same as none: a recording that kept no groups cannot tell who reads its log.
    async fn groups(&self) -> Result<Option<Groups>, LogError>;

    /// Starts to read ranges of partitions. Returns at once; what is read arrives in the [`Reading`].
    fn read(&self, ranges: Vec<PartitionRange>, options: ReadOptions) -> Reading;
}

/// What a log is, for a person and for a recording's manifest. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A Kafka cluster.
    Kafka {
        /// The bootstrap servers as they were given.
        brokers: String,
        /// The cluster's own id, where it told.
        cluster_id: Option<String>,
        /// Which records of transactions are read.
        isolation: Isolation,
    },
    /// A recording in a folder.
    Recording {
        /// The folder.
        path: std::path::PathBuf,
    },
    /// The built-in sample.
    Sample {
        /// How many events it has.
        events: u64,
        /// What it was grown from.
        seed: u64,
    },
    /// Files that were imported.
    Import {
        /// The files' names.
        files: Vec<String>,
    },
}

/// Which records of transactions are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Only records of committed transactions (and those outside of any).
    #[default]
    ReadCommitted,
    /// Every record, aborted and undecided ones too.
    ReadUncommitted,
}

impl Isolation {
    /// Kafka's own name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read_committed",
            Self::ReadUncommitted => "read_uncommitted",
        }
    }
}

/// A topic as the log lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicInfo {
    /// The topic's name.
    pub name: TopicName,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionInfo>,
    /// Why the topic cannot be read, where the log says so.
    pub error: Option<LogError>,
}

impl TopicInfo {
    /// Whether the topic is a tool's own rather than people's: `__*`, `*-changelog`, `*-repartition`.
    pub fn is_internal(&self) -> bool {
        self.name.starts_with("__") || self.name.ends_with("-changelog") || self.name.ends_with("-repartition")
    }

    /// Each partition by topic and number.
    pub fn topic_partitions(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        self.partitions.iter().map(|partition| TopicPartition::new(self.name.clone(), partition.id))
    }
}

/// A partition as the log lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionInfo {
    /// The partition's number.
    pub id: i32,
    /// Whether a leader can serve it now.
    pub available: bool,
}

/// A topic's configuration, by Kafka's names.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TopicConfig(pub BTreeMap<String, String>);

impl TopicConfig {
    /// Whether the topic keeps only the latest record of each key.
    pub fn is_compacted(&self) -> bool {
        self.0.get("cleanup.policy").is_some_and(|policy| policy.contains("compact"))
    }

    /// How long records are kept, in milliseconds; `None` is for ever or unknown.
    pub fn retention_ms(&self) -> Option<i64> {
        self.0.get("retention.ms").and_then(|text| text.parse().ok()).filter(|&ms| ms >= 0)
    }
}

/// Which offsets of one partition to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionRange {
    /// The partition.
    pub partition: TopicPartition,
    /// The first offset wanted.
    pub from: i64,
    /// Where to stop.
    pub end: RangeEnd,
}

/// Where a read of a partition stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeEnd {
    /// Before this offset. Reached also when the log has only gaps up to it.
    Before(i64),
    /// Never: new events are handed over as they come.
    Follow,
}

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Ends the reading when cancelled; what was read stays sound.
    pub cancel: CancellationToken,
    /// How many bytes a batch aims at. Small when following, large for history.
    pub batch_bytes: usize,
    /// How long an event may wait in an unfinished batch.
    pub linger: std::time::Duration,
    /// How many batches may wait to be taken: together with `batch_bytes` the bound on memory.
    pub queued_batches: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            cancel: CancellationToken::new(),
            batch_bytes: 4 << 20,
            linger: std::time::Duration::from_millis(20),
            queued_batches: 8,
        }
    }
}

/// A read under way: take items until `None`.
pub struct Reading {
    /// What is read, in the order it came. Bounded: the log waits for the taker.
    pub items: mpsc::Receiver<ReadItem>,
}

impl Reading {
    /// The next thing that happened; `None` when the reading has ended.
    pub async fn next(&mut self) -> Option<ReadItem> {
        self.items.recv().await
    }
}

/// Something that happened during a read.
#[derive(Debug, Clone)]
pub enum ReadItem {
    /// Events of one partition. `next` is the offset from which reading goes on: every offset from where the last
    /// batch left off up to `next` that is not in the batch is a gap of the log's own (compaction, transactions).
    Batch {
        /// The events.
        events: EventBatch,
        /// One past the last offset that this batch accounts for.
        next: i64,
    },
    /// A partition's range ended, or (when following) the partition has been read up to its present end.
    CaughtUp {
        /// The partition.
        partition: TopicPartition,
        /// One past the last offset accounted for.
        next: i64,
        /// The watermarks at that time.
        watermarks: Watermarks,
        /// Whether the range is at its end; false when following.
        done: bool,
    },
    /// Offsets that were asked for but that the log has deleted meanwhile (retention), or that a recording never had or
    /// lost to damage: a hole, unlike the log's own gaps. Reading goes on at `to`.
    Gone {
        /// The partition.
        partition: TopicPartition,
        /// The first offset that is missing.
        from: i64,
        /// One past the last offset that is missing.
        to: i64,
    },
    /// A partition cannot be read any further; the others go on.
    Failed {
        /// The partition.
        partition: TopicPartition,
        /// One past the last offset accounted for.
        next: i64,
        /// Why.
        error: LogError,
    },
    /// The connection's state changed.
    Connection(Connection),
}

/// The state of a log's connection, as shown in the status bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// Everything can be reached.
    Up,
    /// Some or all brokers cannot be reached; reading goes on by itself when they can.
    Reconnecting {
        /// What was lost, in one line.
        why: Arc<str>,
    },
}
