//! Kafka Streams as an oracle: a topology, records in, each update out.
//!
//! A case is run by Kafka Streams' own `TopologyTestDriver`: one record is put in and everything that comes of it taken
//! out before the next, with a clock that stands still and no cache, so the answer is always the same. `tests/streams`
//! documents what is known of Kafka Streams' habits, node by node. It has no deduplication and no top-n.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Engine;
use super::rows::Rows;

static ENGINE: Engine = Engine {
    name: "Kafka Streams",
    folder: "streams",
    main: "fabula.streams.Oracle",
    for_cases: &["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
    for_timing: &["-Xmx4g"],
    shared: OnceLock::new(),
};

/// A topology and its input.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Case {
    /// What the answer repeats.
    pub id: u64,
    /// The nodes; one may use those before it.
    pub nodes: Vec<Node>,
    /// The node whose changes are wanted: of a table the new rows and the tombstones.
    pub output: String,
    /// The records, in the order in which they are put in.
    pub input: Vec<Record>,
    /// Where windows and tables are kept.
    pub stores: Stores,
}

/// Where Kafka Streams keeps windows and tables. It has versioned tables only in RocksDB.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stores {
    /// In memory: two thousand small cases a second.
    #[default]
    Memory,
    /// In RocksDB, whose files lie in memory: twenty cases a second.
    Rocksdb,
}

/// A named node.
#[derive(Debug, Clone, Serialize)]
pub struct Node {
    /// By which others refer to it.
    pub name: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: Kind,
}

impl Node {
    /// A node.
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind }
    }

    /// A stream of the topic that has its name.
    pub fn stream(name: &str) -> Self {
        Self::new(name, Kind::Stream { topic: name.to_owned() })
    }

    /// A table of the topic that has its name.
    pub fn table(name: &str) -> Self {
        Self::new(name, Kind::Table { topic: Some(name.to_owned()), input: None, versioned: None })
    }
}

/// The kinds of node. A `field` is the name of a field of the value, or a path with dots (`left.x` after a join).
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// The records of a topic.
    Stream {
        /// The topic.
        topic: String,
    },
    /// The latest value of each key: of a topic, or of a stream.
    Table {
        /// The topic, if it is one's.
        topic: Option<String>,
        /// The stream, if it is one's.
        input: Option<String>,
        /// How many milliseconds of its past it knows; without, a stream joins it in order of arrival.
        versioned: Option<i64>,
    },
    /// The rows for which a comparison is true. Of a table, the others' keys get tombstones.
    Filter {
        /// The stream or table.
        input: String,
        /// What is compared.
        field: String,
        /// `=`, `<>`, `<`, `<=`, `>`, `>=`, `is_null` or `is_not_null`.
        op: String,
        /// What it is compared with.
        value: Value,
    },
    /// Some fields, under other names.
    Project {
        /// The stream or table.
        input: String,
        /// The fields.
        select: Vec<Field>,
    },
    /// A stream with another key.
    Rekey {
        /// The stream.
        input: String,
        /// A field, or a list of fields: then the key is the list of their values, null if one of them is.
        by: Value,
    },
    /// A row for each element of an array: the whole, with the element as a field beside.
    Flatten {
        /// The stream.
        input: String,
        /// The array.
        field: String,
        /// The element's name.
        #[serde(rename = "as")]
        name: String,
    },
    /// The records of several streams.
    Merge {
        /// The streams.
        inputs: Vec<String>,
    },
    /// The changes of a table as a stream. A windowed key stays one.
    ToStream {
        /// The table.
        input: String,
    },
    /// An aggregation of a stream or of a table.
    Aggregate(Aggregate),
    /// A join.
    Join(Box<Join>),
}

/// A field under another name.
#[derive(Debug, Clone, Serialize)]
pub struct Field {
    /// The new name.
    pub name: String,
    /// The field.
    pub field: String,
}

/// An aggregation. Its result is a table; [`Row::window`] tells the windows of a key apart.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Aggregate {
    /// The stream or table.
    pub input: String,
    /// As [`Kind::Rekey`]'s; `Null` is the record's key.
    pub by: Value,
    /// The windows; `None` is all time.
    pub window: Option<Window>,
    /// How long a window waits for late rows.
    pub grace_ms: i64,
    /// The columns.
    pub select: Vec<Select>,
    /// Every update, or each window once.
    pub emit: Emit,
    /// How each window comes once.
    pub final_by: FinalBy,
    /// How long a window is kept; Kafka Streams' own choice if `None`, which forgets some sessions that are open yet:
    /// see [`Window::exact_retention_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_ms: Option<i64>,
    /// Of a table: whether a group that has lost its last row gets a tombstone. Else it stays, with a count of 0.
    pub drop_empty: bool,
}

/// Windows of an aggregation.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Window {
    /// Side by side, from start to before end.
    Tumbling {
        /// From start to end.
        size_ms: i64,
    },
    /// Overlapping, from start to before end.
    Hopping {
        /// From start to end.
        size_ms: i64,
        /// From one start to the next.
        advance_ms: i64,
    },
    /// From a first row to a last, with no gap larger than this between.
    Session {
        /// The largest gap.
        gap_ms: i64,
    },
    /// Up to each row, and right after each row.
    Sliding {
        /// From the first to the last row that it may hold.
        size_ms: i64,
    },
}

impl Window {
    /// The retention with which Kafka Streams keeps exactly those windows that are not closed yet.
    ///
    /// Its own choice for sessions, gap and grace, is 1 ms too short: a session that a row in time could still join is
    /// forgotten when the largest time has reached `end + gap + grace`. (Measured, 4.3.1.)
    pub fn exact_retention_ms(self, grace_ms: i64) -> i64 {
        match self {
            Self::Tumbling { size_ms } | Self::Hopping { size_ms, .. } => size_ms + grace_ms,
            Self::Session { gap_ms } => gap_ms + grace_ms + 1,
            // A new window is made of the one before, which may be closed by then.
            Self::Sliding { size_ms } => 2 * size_ms + grace_ms + 1,
        }
    }
}

/// Which changes come out of an aggregation.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Emit {
    /// Every update.
    #[default]
    Updates,
    /// Each window once, when it is closed.
    Final,
}

/// Kafka Streams' two ways to finals.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalBy {
    /// `suppress(untilWindowCloses)`: sessions and sliding windows come 1 ms early.
    #[default]
    Suppress,
    /// `EmitStrategy.onWindowClose`: loses windows when time jumps beyond the retention.
    EmitStrategy,
}

/// A column of an aggregation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Select {
    /// Its name.
    pub name: String,
    /// `count`, `sum`, `avg`, `min`, `max`, `first`, `last` (by time, then arrival) or `collect_list` (by arrival).
    #[serde(rename = "fn")]
    pub function: String,
    /// What is aggregated; only `count` can do without, and then counts rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `keep` if nulls count as values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nulls: Option<String>,
    /// `time` if `collect_list` is to be by time, then arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

impl Select {
    /// A function of a field; the column is called `function_field`.
    pub fn of(function: &str, field: &str) -> Self {
        let name = format!("{function}_{field}");
        Self { name, function: function.to_owned(), field: Some(field.to_owned()), ..Self::default() }
    }

    /// The number of rows, as column `n`.
    pub fn count() -> Self {
        Self { name: "n".to_owned(), function: "count".to_owned(), ..Self::default() }
    }
}

/// A join: of two streams, of a stream with a table, or of two tables. A result is `{"left": …, "right": …}`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Join {
    /// `inner`, `left`, `right` or `full`, where Kafka Streams has it.
    pub how: String,
    /// A stream or table.
    pub left: String,
    /// A stream or table; a table if the left one is.
    pub right: String,
    /// The left stream's field that is the key, as [`Kind::Rekey`]'s; `Null` is the record's key.
    pub on_left: Value,
    /// The right stream's field that is the key.
    pub on_right: Value,
    /// Of streams: how far before the left row the right one may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_ms: Option<i64>,
    /// Of streams: how far after the left row the right one may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<i64>,
    /// Of streams: how long to wait for late rows. Of a stream with a versioned table: how long a row waits for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_ms: Option<i64>,
    /// Of streams: whether a row is kept for as long as it may be joined. Kafka Streams' own choice, both bounds and the
    /// grace, is 1 ms too short where one bound is 0. (Measured, 4.3.1.)
    pub exact_retention: bool,
    /// Of tables: the field of the left row that is the right row's key. Without, the keys are equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign: Option<String>,
}

/// A record of a topic.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// The topic.
    pub topic: String,
    /// The key: any JSON; null is none.
    pub key: Value,
    /// Event time, in milliseconds since the epoch; not negative.
    pub time_ms: i64,
    /// An object; null is a tombstone.
    pub value: Value,
}

impl Record {
    /// A record.
    pub fn new(topic: &str, key: impl Into<Value>, time_ms: i64, value: Value) -> Self {
        Self { topic: topic.to_owned(), key: key.into(), time_ms, value }
    }
}

/// What came of a case.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Answer {
    /// Every change of the output, in order.
    #[serde(default)]
    pub rows: Vec<Row>,
    /// How many records Kafka Streams counted as dropped: late, or without the key or value that a node needs. A row
    /// that is late for two hops counts twice.
    #[serde(default)]
    pub dropped: u64,
    /// Why the case could not be run to its end.
    pub error: Option<String>,
}

/// A change of the output.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Row {
    /// The place in [`Case::input`] of the record that caused it.
    pub by: usize,
    /// The key, without its window.
    pub key: Value,
    /// The window, where the key has one.
    pub window: Option<Ends>,
    /// The result's time.
    pub time_ms: i64,
    /// The new row; null is a tombstone.
    pub value: Value,
}

/// A window's ends, as Kafka Streams has them: of tumbling and hopping windows the end is outside, of sessions and
/// sliding windows inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Ends {
    /// The start.
    pub start_ms: i64,
    /// The end.
    pub end_ms: i64,
}

/// Asks Kafka Streams; `None` (and said so) where its parts are missing.
///
/// # Panics
/// If it ends or does not answer, or if the case cannot be run.
pub fn ask(test: &str, case: &Case) -> Option<Answer> {
    let answer = attempt(test, case)?;
    assert_eq!(answer.error, None, "Kafka Streams, on {}", serde_json::to_string(case).expect("a case is JSON"));
    Some(answer)
}

/// Asks Kafka Streams and leaves [`Answer::error`] to the test.
///
/// # Panics
/// If it ends or does not answer.
pub fn attempt(test: &str, case: &Case) -> Option<Answer> {
    ENGINE.ask(test, case)
}

/// A topology to be measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// The nodes; each topic they read gets rows of its own, in the order of the topics' names.
    pub nodes: Vec<Node>,
    /// The node whose changes are counted.
    pub output: String,
    /// What is read, and from where.
    pub timing: Timing,
}

/// What a measured topology reads.
#[derive(Debug, Clone, Serialize)]
pub struct Timing {
    /// The rows of each topic.
    #[serde(flatten)]
    pub rows: Rows,
    /// A broker, whose topics are filled first (not measured) unless they are full. Without it the test driver is
    /// measured.
    pub bootstrap: Option<String>,
    /// Where windows and tables are kept.
    pub stores: Stores,
    /// Whether they have changelog topics, as they do by default.
    pub changelog: bool,
}

/// What was measured.
#[derive(Debug, Clone, Deserialize)]
pub struct Times {
    /// Rows read, of all topics.
    #[serde(default)]
    pub rows_in: u64,
    /// Changes of the output.
    #[serde(default)]
    pub rows_out: u64,
    /// Until the first row was read.
    #[serde(default)]
    pub start_seconds: f64,
    /// From then until nothing more came out.
    #[serde(default)]
    pub seconds: f64,
    error: Option<String>,
}

/// Measures a topology in a process of its own.
///
/// # Errors
/// What part is missing.
///
/// # Panics
/// If Kafka Streams ends or does not answer, or if the topology cannot be run to its end.
pub fn measure(measured: &Measured) -> Result<Times, String> {
    let times: Times = ENGINE.measure(measured)?;
    assert_eq!(times.error, None, "Kafka Streams, on {}", serde_json::to_string(measured).expect("a case is JSON"));
    Ok(times)
}
