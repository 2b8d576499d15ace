//! Flink SQL as an oracle: tables, their rows in one order, a query, its changes.
//!
//! At parallelism 1 a case is run one input after the other: the next row is sent only when all that comes of the one
//! before, its watermark included, has come out at the end. So the order between tables is the case's, the answer is
//! always the same, and each change is known by the input that caused it. What the end of all input brings out (Flink
//! ends every source with the largest watermark there is) is known by having no such input: those are the windows that
//! were still open.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Engine;
use super::rows::Rows;

static ENGINE: Engine = Engine {
    name: "Flink SQL",
    folder: "flink",
    main: "fabula.flink.Oracle",
    for_cases: &["@jvm.options", "-Xmx1g", "-XX:+UseSerialGC"],
    for_timing: &["@jvm.options", "-Xmx4g"],
    shared: OnceLock::new(),
};

/// Tables and a query over them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Case {
    /// What the answer repeats.
    pub id: u64,
    /// Flink's settings, over those of the oracle: times are in UTC, and at parallelism 1 a watermark is sent for each
    /// row (`pipeline.auto-watermark-interval` is 0).
    pub config: BTreeMap<String, String>,
    /// How many tasks run each operator. With more than 1 the order of the input is Flink's affair.
    pub parallelism: u32,
    /// The tables.
    pub tables: Vec<Table>,
    /// Statements before the query, such as `CREATE TEMPORARY VIEW`.
    pub statements: Vec<String>,
    /// The query.
    pub query: String,
    /// The tables' rows and watermarks, in the order in which they come.
    pub input: Vec<Input>,
    /// Whether the query is only measured: the changes are counted and thrown away.
    pub timing: bool,
}

impl Case {
    /// A query over tables, at parallelism 1.
    pub fn new(tables: &[Table], query: &str, input: Vec<Input>) -> Self {
        Self { parallelism: 1, tables: tables.to_vec(), query: query.to_owned(), input, ..Self::default() }
    }
}

/// A table of a case.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The column that is the event time.
    pub time: String,
    /// The watermark as an expression, such as `ts - INTERVAL '5.001' SECOND`, or `SOURCE_WATERMARK()` where the input
    /// gives the watermarks; `None` if the table has no event time.
    pub watermark: Option<String>,
    /// The columns of the primary key.
    pub primary_key: Vec<String>,
    /// What its rows may be.
    pub changelog: Changelog,
    /// Rows made by a formula instead of the case's input: `k STRING`, `x BIGINT`, `ts TIMESTAMP_LTZ(3)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    /// A file of JSON lines instead of the case's input, read into memory before anything is measured: texts and
    /// whole numbers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loaded: Option<String>,
    /// A file of rows instead of the case's input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The file's format: `json` is an object a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

impl Table {
    /// A table that is only added to, with columns `name TYPE`, and the event time in `ts` where there is a watermark.
    ///
    /// # Panics
    /// If a column has no type.
    pub fn new(name: &str, columns: &[&str], watermark: Option<&str>) -> Self {
        let column = |column: &&str| {
            let (name, of_type) = column.split_once(' ').expect("a column is `name TYPE`");
            Column(name.to_owned(), of_type.to_owned(), None)
        };
        Self {
            name: name.to_owned(),
            columns: columns.iter().map(column).collect(),
            time: "ts".to_owned(),
            watermark: watermark.map(str::to_owned),
            ..Self::default()
        }
    }
}

/// A column: its name, its SQL type, and where it is computed the expression, which then says the type. A time is given
/// and returned in milliseconds since the epoch.
#[derive(Debug, Clone, Serialize)]
pub struct Column(pub String, pub String, pub Option<String>);

impl Column {
    /// A column that is computed from the others, such as `TO_TIMESTAMP_LTZ(time_ms, 3)`: files have no times.
    pub fn computed(name: &str, expression: &str) -> Self {
        Self(name.to_owned(), String::new(), Some(expression.to_owned()))
    }
}

/// What the rows of a table may be.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Changelog {
    /// Only new rows, `+I`.
    #[default]
    Append,
    /// `+I`, `-U`, `+U` and `-D`.
    Retract,
    /// `+I` or `+U`, and `-D`, by primary key.
    Upsert,
}

/// Rows of one topic of [`Rows`].
#[derive(Debug, Clone, Serialize)]
pub struct Generated {
    /// The formula's numbers.
    #[serde(flatten)]
    pub rows: Rows,
    /// The topic, from 0.
    pub topic: u64,
}

/// What comes next.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Input {
    /// A row.
    Row {
        /// The table.
        table: String,
        /// Its cells.
        row: Vec<Value>,
        /// `+I`, `-U`, `+U` or `-D`.
        kind: &'static str,
    },
    /// A watermark of a table whose watermark is `SOURCE_WATERMARK()`.
    Watermark {
        /// The table.
        table: String,
        /// The watermark.
        watermark_ms: i64,
    },
}

impl Input {
    /// A new row.
    pub fn row(table: &str, row: impl Into<Vec<Value>>) -> Self {
        Self::change(table, "+I", row)
    }

    /// A change.
    pub fn change(table: &str, kind: &'static str, row: impl Into<Vec<Value>>) -> Self {
        Self::Row { table: table.to_owned(), row: row.into(), kind }
    }

    /// A watermark.
    pub fn watermark(table: &str, watermark_ms: i64) -> Self {
        Self::Watermark { table: table.to_owned(), watermark_ms }
    }
}

/// What came of a case.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Answer {
    /// The names of the result's columns.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Every change, in order.
    #[serde(default)]
    pub changelog: Vec<Change>,
    /// The rows that the changes lead to, in the order in which they came to be.
    #[serde(default)]
    pub rows: Vec<Vec<Value>>,
    /// Changes counted, where the case is measured.
    #[serde(default)]
    pub rows_out: u64,
    /// Where the case is measured: planning and deployment, until the last operator was ready.
    #[serde(default)]
    pub start_seconds: f64,
    /// Where the case is measured, from then to the end of the job; else all of it.
    #[serde(default)]
    pub seconds: f64,
    /// Why the case could not be run to its end.
    pub error: Option<String>,
}

/// A change: `+I`, `-U`, `+U` or `-D`, the cells, and the place in [`Case::input`] of what caused it (`None`: the end
/// of all input).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Change(pub String, pub Vec<Value>, pub Option<usize>);

/// Asks Flink; `None` (and said so) where its parts are missing.
///
/// # Panics
/// If it ends or does not answer, or if the case cannot be run.
pub fn ask(test: &str, case: &Case) -> Option<Answer> {
    let answer = attempt(test, case)?;
    assert_eq!(answer.error, None, "Flink SQL, on {}", serde_json::to_string(case).expect("a case is JSON"));
    Some(answer)
}

/// Asks Flink and leaves [`Answer::error`] to the test.
///
/// # Panics
/// If it ends or does not answer.
pub fn attempt(test: &str, case: &Case) -> Option<Answer> {
    ENGINE.ask(test, case)
}

/// Measures a case in a process of its own: [`Answer::rows_out`], [`Answer::start_seconds`], [`Answer::seconds`].
///
/// # Errors
/// What part is missing.
///
/// # Panics
/// If Flink ends or does not answer, or if the case cannot be run to its end.
pub fn measure(case: &Case) -> Result<Answer, String> {
    let answer: Answer = ENGINE.measure(&Case { timing: true, ..case.clone() })?;
    assert_eq!(answer.error, None, "Flink SQL, on {}", serde_json::to_string(case).expect("a case is JSON"));
    Ok(answer)
}
