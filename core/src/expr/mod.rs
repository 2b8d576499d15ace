//! The one expression language: SQL scalar expressions over an event.
//!
//! ```
//! use fabula_core::codec::{Choice, TopicCodecs};
//! use fabula_core::event::{EventBatchBuilder, TimestampType};
//! use fabula_core::expr::Expr;
//!
//! let mut builder = EventBatchBuilder::new("payments", 0);
//! builder.push(7, 0, TimestampType::Create, Some(b"a"), Some(br#"{"amount": 120.50, "status": "OK"}"#), []);
//! builder.push(8, 0, TimestampType::Create, Some(b"b"), Some(br#"{"amount": 99}"#), []);
//! let batch = builder.finish();
//!
//! let large = Expr::condition("value.amount > 100 AND headers.source IS NULL").unwrap();
//! let matching = large.matches(&batch, &[0, 1], &TopicCodecs::new(Choice::Text, Choice::Json));
//! assert_eq!(matching.rows, [0]);
//! ```
//!
//! # Fields
//!
//! | field | type | |
//! |---|---|---|
//! | `topic`, `timestamp_type` | text | |
//! | `partition`, `offset`, `size(key)`, `size(value)` | number | sizes in bytes |
//! | `timestamp` | timestamp | compares with ISO 8601 texts and with milliseconds since the epoch; null where the record has none |
//! | `key`, `key.f`, `value`, `value.f[0].g` | what the payload holds | names are case-sensitive, as in JSON; `value."any name"`, `value['any name']` |
//! | `headers.name`, `headers['x-id']` | text | the first header of that name |
//! | `headers_all.name` | array | every header of that name |
//!
//! # Rules
//!
//! - Null, missing and empty are three things. `IS NULL` holds for null and for missing, `is_missing(f)` for missing
//!   only, `exists(f)` for all else. An empty text is not null. A tombstone's `value` is missing.
//! - Logic is SQL's, of three values.
//! - Nothing is converted silently. A payload's field that is of another kind than it is compared with (`'5'` and `5`)
//!   neither equals nor differs: the comparison is unknown, and counted as a mismatch. `CAST` and `TRY_CAST` convert.
//! - Numbers are exact: an integer, a decimal and a float compare by worth, a float as the decimal that it is written
//!   as. A division is exact too (`7 / 2` is 3.5).
//! - What can't be calculated (a division by zero, more than 28 digits, an impossible cast, a payload that is not of
//!   its topic's format) is a failure: the event does not match, and is counted and named.
//! - A time plus or minus a number moves it by milliseconds; a difference of times is milliseconds;
//!   `INTERVAL '5 minutes'` is 300000.
//! - LIKE, regular expressions and the functions of texts take an array or object as its JSON text.

mod aggregate;
mod arithmetic;
mod cast;
mod date_format;
mod error;
mod evaluate;
mod formula;
mod functions;
mod help;
mod like;
mod lower;
mod membership;
mod need;
mod node;
mod parse;
mod projection;
mod query;
mod search;
mod source;
mod time;
mod truth;

use std::fmt;

use crate::codec::{Cell, Fault, TopicCodecs};
use crate::event::EventBatch;
use evaluate::Evaluation;
use lower::{Lowering, Typed};
use node::Node;

pub use aggregate::{AggregateCall, AggregateFunction};
pub use error::ExprError;
pub(crate) use error::most_similar;
pub use formula::{Formula, Input, NameError, Scope};
pub use functions::Function;
pub use help::{Completion, complete};
pub use need::{Need, Place};
pub use node::Type;
pub use projection::{ProjectedColumn, Projection};
pub use query::Query;
pub use search::{Codecs, ConditionSearch, search};
pub use source::Source;
pub(crate) use source::columns as event_columns;
pub(crate) use time::parse_time as time_of_text;
pub use truth::Truth;

pub(crate) use arithmetic::{calculate, float_of};
pub(crate) use node::Arithmetic;

/// How many rows are worked on at a time: few enough for their columns to stay near.
const CHUNK: usize = 2_048;

/// An expression that was read and found to be well typed.
#[derive(Debug, Clone)]
pub struct Expr {
    text: String,
    node: Node,
    of: Type,
    sources: Vec<Source>,
    /// The condition in parts that must all hold, those first that need no payload: what they rule out is not decoded.
    stages: Vec<Stage>,
}

/// A part of a condition.
#[derive(Debug, Clone)]
struct Stage {
    node: Node,
    /// Which of the expression's sources the part reads.
    reads: Vec<bool>,
}

impl Stage {
    fn new(node: Node, sources: &[Source]) -> Self {
        let reads = (0..sources.len()).map(|source| node.reads(&|read| read == source)).collect();
        Self { node, reads }
    }

    /// The stages of a condition.
    fn all_of(condition: &Node, sources: &[Source]) -> Vec<Self> {
        let Node::And(parts) = condition else { return vec![Self::new(condition.clone(), sources)] };
        let decodes = |node: &&Node| node.reads(&|read| sources[read].is_inside_payload());
        let (later, first): (Vec<_>, Vec<_>) = parts.iter().partition(decodes);
        let stage = |parts: Vec<&Node>| Self::new(Node::And(parts.into_iter().cloned().collect()), sources);
        [first, later].into_iter().filter(|parts| !parts.is_empty()).map(stage).collect()
    }
}

/// What a condition found in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matching {
    /// Rows for which it holds, in the order in which they were given.
    pub rows: Vec<u32>,
    /// Rows for which there is no telling, and why.
    pub failures: Vec<(u32, Fault)>,
    /// How often a value was of another kind than what it was compared with or given to.
    pub mismatched: u64,
}

impl Expr {
    /// Reads an expression of any type.
    ///
    /// # Errors
    /// [`ExprError`] with the place, if it is not one or is not well typed.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        let source = parse::Source::of_event(text);
        let sql = source.parse()?;
        let mut lowering = Lowering::new(&source);
        let typed = lowering.lower(&sql)?;
        Ok(Self::new(text, typed, lowering.sources))
    }

    /// Reads a condition: an expression that is true or false, or may be.
    ///
    /// # Errors
    /// As [`Expr::parse`], and if the expression can never be true or false.
    pub fn condition(text: &str) -> Result<Self, ExprError> {
        let expr = Self::parse(text)?;
        if expr.of.may_be(Type::Bool) {
            return Ok(expr);
        }
        let message = format!("this is {}, not a condition", expr.of.named());
        let at = 0..text.len();
        Err(ExprError { message, hint: Some("compare it with something".to_owned()), at, text: text.to_owned() })
    }

    fn new(text: &str, typed: Typed, sources: Vec<Source>) -> Self {
        let stages = Stage::all_of(&typed.node, &sources);
        Self { text: text.to_owned(), node: typed.node, of: typed.of, sources, stages }
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is known of its type.
    pub fn type_of(&self) -> Type {
        self.of
    }

    /// The fields that it reads.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The field that the expression is, if it is a field and nothing else.
    pub fn field(&self) -> Option<&Source> {
        self.node.source(&self.sources)
    }

    /// A field's name, if the expression is a field and nothing else.
    fn name(&self) -> Option<String> {
        self.node.source(&self.sources).map(ToString::to_string)
    }

    /// What must stand in an event's bytes for this condition to hold.
    pub fn need(&self, codecs: &TopicCodecs) -> Need {
        Need::of(&self.node, &self.sources, codecs)
    }

    /// What the expression comes to for each of some rows of a batch.
    ///
    /// # Panics
    /// If a row is not in the batch.
    pub fn evaluate<'a>(&self, batch: &'a EventBatch, rows: &'a [u32], codecs: &TopicCodecs) -> Vec<Cell<'a>> {
        let all = vec![true; self.sources.len()];
        let mut cells = Vec::with_capacity(rows.len());
        for rows in rows.chunks(CHUNK) {
            let sources = source::columns(&self.sources, &all, batch, rows, codecs);
            let mut evaluation = Evaluation { sources: &sources, rows: rows.len(), mismatched: 0 };
            cells.extend(evaluation.cells(&self.node).into_cells(rows.len()));
        }
        cells
    }

    /// For which of some rows of a batch the condition holds.
    ///
    /// # Panics
    /// If a row is not in the batch.
    pub fn matches(&self, batch: &EventBatch, rows: &[u32], codecs: &TopicCodecs) -> Matching {
        let mut matching = Matching::default();
        for rows in rows.chunks(CHUNK) {
            for (row, truth) in self.judge(batch, rows, codecs, &mut matching.mismatched) {
                match truth {
                    Truth::True => matching.rows.push(row),
                    Truth::Failed(fault) => matching.failures.push((row, fault)),
                    Truth::False | Truth::Unknown => {}
                }
            }
        }
        matching
    }

    /// The truth of each row that no stage has ruled out.
    fn judge(&self, batch: &EventBatch, rows: &[u32], codecs: &TopicCodecs, mismatched: &mut u64) -> Vec<(u32, Truth)> {
        let mut left: Vec<(u32, Truth)> = rows.iter().map(|&row| (row, Truth::True)).collect();
        for stage in &self.stages {
            let rows: Vec<u32> = left.iter().map(|(row, _)| *row).collect();
            let sources = source::columns(&self.sources, &stage.reads, batch, &rows, codecs);
            let mut evaluation = Evaluation { sources: &sources, rows: rows.len(), mismatched: 0 };
            for ((_, so_far), next) in left.iter_mut().zip(evaluation.truths(&stage.node)) {
                *so_far = so_far.and(next);
            }
            *mismatched += evaluation.mismatched;
            left.retain(|(_, truth)| *truth != Truth::False);
        }
        left
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
