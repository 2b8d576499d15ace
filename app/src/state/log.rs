//! The open log as the window shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::event::{TopicName, Watermarks};
use fabula_core::log::{Connection, LogError, Origin, TopicConfig};
use fabula_core::store::Snapshot;

use super::{Readers, TimeRange};
use crate::workspace::SavedLog;

/// The log that is open.
#[derive(Debug, Clone, Default)]
pub struct LogState {
    /// Counts the logs opened: what belongs to an older one is stale.
    pub generation: u64,
    /// What a person calls it, e.g. a profile's name, a folder's name, `sample`.
    pub name: String,
    /// What it is; `None` while nothing is open.
    pub origin: Option<Origin>,
    /// How to open it again.
    pub saved: Option<SavedLog>,
    /// What has been read of it; replaced whenever the store's version moves.
    pub snapshot: Option<Arc<Snapshot>>,
    /// What is known about it in sum.
    pub coverage: CoverageTotals,
    /// Whether it can be read.
    pub status: LogStatus,
    /// Whether this is where the business runs: the window wears a band.
    pub production: bool,
    /// Whether nothing can be written through this connection.
    pub read_only: bool,
    /// Whether more can be read than has been: a recording is all there is.
    pub can_read_more: bool,
    /// Every topic, sorted by name.
    pub topics: Arc<[Topic]>,
    /// Consumer groups, and how far each is behind.
    pub readers: Readers,
    /// Why topics or events could not be read the last time, in one line.
    pub failure: Option<String>,
}

impl LogState {
    /// The topic of a name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.binary_search_by(|topic| (*topic.name).cmp(name)).ok().map(|at| &self.topics[at])
    }
}

/// How much of the chosen topics is in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CoverageTotals {
    /// Topics that are read.
    pub topics: usize,
    /// Their partitions.
    pub partitions: usize,
    /// Those of them that are covered from mark to mark.
    pub complete: usize,
    /// Those of them that could not be read on.
    pub failed: usize,
    /// Offsets accounted for.
    pub covered: u64,
    /// Offsets between the watermarks.
    pub offsets: u64,
    /// Events held.
    pub events: u64,
    /// The last event's time.
    pub until_ns: Option<i64>,
}

/// Whether the log can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LogStatus {
    /// Nothing is open.
    #[default]
    Closed,
    /// It is being opened.
    Opening,
    /// It answers.
    Up,
    /// It answered once and does not now.
    Reconnecting(Arc<str>),
    /// It could not be opened.
    Failed(LogError),
}

impl From<Connection> for LogStatus {
    fn from(connection: Connection) -> Self {
        match connection {
            Connection::Up => Self::Up,
            Connection::Reconnecting { why } => Self::Reconnecting(why),
        }
    }
}

/// A topic as the catalogue shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Its name.
    pub name: TopicName,
    /// Whether it is a tool's own.
    pub internal: bool,
    /// How many partitions it has.
    pub partitions: usize,
    /// Why it cannot be read.
    pub error: Option<LogError>,
    /// What is known about its content.
    pub totals: TopicTotals,
    /// Its configuration, once asked for.
    pub config: Option<Arc<TopicConfig>>,
}

impl Topic {
    /// Why it, or the first of its partitions that fails, cannot be read; in one line.
    pub fn failure(&self) -> Option<String> {
        let listed = self.error.as_ref().map(ToString::to_string);
        listed.or_else(|| self.totals.failures.first().map(|(_, error)| error.to_string()))
    }
}

/// What is known about a topic's content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TopicTotals {
    /// Watermarks by partition, as far as they are known.
    pub watermarks: Vec<(i32, Watermarks)>,
    /// Partitions that could not be read on, and why.
    pub failures: Vec<(i32, LogError)>,
    /// Events in the store.
    pub events: u64,
    /// Bytes of keys, values and headers in the store.
    pub bytes: u64,
    /// Offsets accounted for in the store.
    pub covered: u64,
    /// Offsets between the watermarks.
    pub offsets: u64,
    /// From the first to the last event in the store.
    pub extent: Option<TimeRange>,
    /// Events per slice of the whole extent, oldest first: the sparkline.
    pub rate: Arc<[f32]>,
}

/// Which colour each topic has: the next free one when it is first seen, and then the same for good.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Series {
    numbers: BTreeMap<TopicName, usize>,
}

impl Series {
    /// Gives a number to those topics that have none yet.
    pub fn assign<'a>(&mut self, topics: impl IntoIterator<Item = &'a TopicName>) {
        let mut next = self.numbers.values().max().map_or(0, |highest| highest + 1);
        for topic in topics {
            if !self.numbers.contains_key(topic) {
                self.numbers.insert(topic.clone(), next);
                next += 1;
            }
        }
    }

    /// A topic's number, for [`crate::theme::Tokens::series`].
    pub fn number(&self, topic: &str) -> usize {
        self.numbers.get(topic).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_keeps_its_colour_when_others_come() {
        let mut series = Series::default();
        let (orders, payments, carts): (TopicName, TopicName, TopicName) =
            ("orders".into(), "payments".into(), "carts".into());
        series.assign([&orders, &payments]);
        series.assign([&carts, &orders]);
        assert_eq!([series.number("orders"), series.number("payments"), series.number("carts")], [0, 1, 2]);
    }
}
