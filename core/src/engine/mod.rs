//! Pipelines running: incremental operators over columnar batches.
//!
//! A [`Plan`] is made of a pipeline; a [`Running`] holds its operators and what they remember; a [`Feed`] gives it the
//! events of a store in one order, step by step; a [`Sink`] takes what its views come to, and a [`Materialised`] table
//! keeps it.
//!
//! # Rules
//!
//! - A result does not depend on how the input was cut into steps: operators work row by row; only updates of a table may
//!   be put together within a step.
//! - Time is event time. Every operator has its own stream time, the largest time among the rows that reached it. Rows
//!   that come after a window's close are late: counted and kept for inspection, never lost in silence.
//! - What can't be told (a division by zero, a number of more than 28 digits, a payload that is not of its format) is a
//!   failed value. A condition that fails rules its row out, counted as failed; a failed key or a failed argument of an
//!   aggregate likewise; a failed column is shown as failed.
//! - A field that is a text in one event and a number in the next is both: comparisons and calculations leave out what is
//!   of another kind, and count it as mismatched.
//! - Input order goes by the records' timestamps, also where a stream takes its time from a field.

mod aggregate;
mod checkpoint;
mod column;
mod evaluated;
mod explain;
mod export;
mod feed;
mod history;
mod join;
mod key;
mod mark;
mod operator;
mod outgoing;
mod plan;
mod rank;
mod recycled;
mod rows;
mod run;
mod simple;
mod source;
mod stored;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod trial;
mod view;

pub use checkpoint::{Checkpoint, CheckpointError, CheckpointFolder, CheckpointOf, OutputMark, TopicFormats};
pub use column::{Column, Presence, Texts, Values};
pub use explain::{
    Apart, EventList, EventsExplanation, ExplainError, Explainer, Journey, LateWindow, Meeting, NAMED_EVENTS, Named,
    NamedEvent, Near, NodeVisit, RowExplanation, RowName, TakenWindow, Verdict,
};
pub use export::{ColumnFile, ColumnFormat, Exported, Untold};
pub(crate) use export::{Kind, Seen, WaitingRows};
pub use feed::{Feed, HISTORY_STEP, Step, Untimed};
pub use history::{run_history, run_steps};
pub use key::{KeyTable, NoKey, hash_key, write_key, write_key_of_row};
pub use mark::{Gap, LaneMark, Mark, StepTimes};
pub use operator::{
    Aside, AsideRow, Dropped, Metrics, Missed, OUTPUT_ROWS, Operator, Output, StateError, StateReader, StateWriter,
    Stop,
};
pub use plan::{ColumnOf, Description, Plan, PlannedNode, PlannedSource, PlannedView, Unseen, unseen_in};
pub use rows::{Rows, RowsBuilder, Sign};
pub use run::{NodeReport, NodeWire, Running, Sink};
pub use simple::inside;
pub use stored::{StoredCells, store_cell};
pub use view::{Materialised, TableRow, order_of};
