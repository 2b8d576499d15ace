//! Views with a past: what a node's rows were at any moment of the log, what became of a row, what changed between two
//! moments, which windows could still change.
//!
//! ```text
//!   Plan::with_past ── Running ── Recorder ──┬── Tape (changes, in the order of the events)  ──┐
//!                                            ├── keyframes (the whole table, now and then)      ├── Past
//!                                            └── Tape (the time of the windows' aggregate)     ──┘
//! ```
//!
//! # Rules
//!
//! - *As of T* is what the pipeline comes to over the log cut at T: each partition before its first event that is later.
//!   The events before that cut are those that come first in the order of a [`Feed`](crate::engine::Feed), whatever their
//!   times, because that order goes by the largest time that a partition has come to ([`StepTimes`](crate::engine::StepTimes)).
//!   So a change is kept with the number and that time of the event that caused it. The time of the row itself may be
//!   earlier or later, and decides nothing.
//! - Every event's changes are kept. That costs more than to put together those of a batch, so a past is recorded for one
//!   node, when somebody asks for it, by a plan of its own.
//! - Memory is bounded by the table as it stands and by [`Limits`]: changes beyond go to the disk, and of those beyond the
//!   disk's share the oldest are forgotten, and that is said ([`Past::kept_from_ms`]).

mod beside;
mod blobs;
mod bytes;
mod change;
mod compare;
mod derive;
mod filter;
mod past;
mod recorder;
mod stats;
mod table;
mod tape;
mod temporary_blocks;
#[cfg(test)]
mod tests;
mod windows;

use std::io;

use crate::engine::Stop;
use crate::event::time::format_iso_ms;
use crate::pipeline::Problem;

pub use beside::Beside;
pub use blobs::Limits;
pub use compare::{ChangedRow, Difference};
pub use derive::Deriving;
pub use filter::{Filtered, RowFilter};
pub use past::{AsOf, History, Past, Version};
pub use recorder::Recorder;
pub use stats::{Bar, ColumnStats, Sum, bars};
pub use tape::At;
pub(crate) use temporary_blocks::TemporaryBlocks;
pub use windows::Closing;

/// Why a past can't be told.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PastError {
    /// The pipeline does not run.
    #[error("the pipeline does not run: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Pipeline(Vec<Problem>),
    /// There is no such node.
    #[error("the pipeline has no node {0}")]
    Node(String),
    /// It was stopped.
    #[error("{0}")]
    Stopped(#[from] Stop),
    /// What was put on the disk can't be written or read.
    #[error("the view's past could not be kept on the disk: {0}; make room there and derive it again")]
    Disk(String),
    /// The moment is before what is kept.
    #[error("the past before {} is forgotten: its changes took more room than there is", format_iso_ms(*.kept_from_ms))]
    Forgotten {
        /// The first moment that can be told, in milliseconds.
        kept_from_ms: i64,
    },
}

impl From<io::Error> for PastError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}
