//! The aggregate: rows put together by group, and by window.
//!
//! ```text
//!            Batch                        Keys            Groups, Sessions, Sliding         ResultRows
//!  rows ── by, arguments, filters ── the rows' keys ── slots: a number for each group ── select, signs ── rows
//!          and stream time, in                         of a window; Accumulators keep,
//!          columns, once a batch                       in columns, what came to a slot
//! ```
//!
//! What does not depend on the window is worked out once for a batch ([`batch`]): columns of the group's values, of the
//! arguments and filters, and the stream time of each row (a prefix maximum). Then stretches of rows are brought to
//! their windows row by row, in the order in which they came, and taken in there column by column ([`slots`],
//! [`function`]). Whether a row is late, and when a window closes, is decided by the row's stream time, so it is the same
//! however the rows were cut.
//!
//! | window | file | what is kept |
//! |---|---|---|
//! | none | [`whole`] | groups for ever; of a table only those that have rows |
//! | tumbling, hopping | [`hopping`] | groups for each open window, dropped with it |
//! | session | [`session`] | each key's open sessions |
//! | sliding | [`sliding`] | each key's open windows, and the rows that later windows may take up |
//!
//! A row's time and a window's bounds are milliseconds here; columns hold nanoseconds.

mod batch;
mod function;
mod groups;
mod hopping;
mod keys;
mod log;
mod results;
mod session;
mod sliding;
mod slots;
#[cfg(test)]
mod tests;
mod touched;
mod whole;

use crate::engine::operator::{KEPT, OUTPUT_ROWS};
use crate::engine::{
    Aside, Dropped, Metrics, Missed, Operator, Output, Rows, StateError, StateReader, StateWriter, Stop,
};
use crate::expr::{AggregateCall, AggregateFunction, Formula};
use crate::pipeline::{Emit, Window};
use batch::Batch;

/// What an aggregate is set to.
///
/// It gives the values of `by`, then for windows `window_start` and `window_end`, then what `select` comes to. The end
/// of a tumbling or hopping window is where the next begins; of a session it is its last row's time; of a sliding
/// window the last time that belongs to it. The rows are a table's, with signs, unless `emit` is [`Emit::Final`]: then
/// each window's row comes once, without a sign.
#[derive(Debug)]
pub struct AggregateSpec {
    /// What the groups are made of, over the input's columns; all rows are one group where there is nothing.
    pub by: Vec<Formula>,
    /// How time is cut. A table has no windows.
    pub window: Option<Window>,
    /// How long a window waits for rows that are out of order, in milliseconds.
    pub grace_ms: i64,
    /// Which rows come out.
    pub emit: Emit,
    /// The functions; their arguments and filters are over the input's columns.
    pub calls: Vec<AggregateCall>,
    /// The columns that come out behind the group's. Column i is the value i of `by`; behind those stand, of windows,
    /// `window_start` and `window_end`. Aggregate k is the result of call k.
    pub select: Vec<Formula>,
    /// Whether the input is a table, whose rows may be taken away again.
    pub table_input: bool,
    /// Whether the changes of each event are given as they are, for somebody who goes by when a row held. Otherwise those
    /// of a batch are put together.
    pub each_event: bool,
}

/// Whether a function of a table's rows goes by the order in which they come, and so by every change of them.
pub(super) fn goes_by_order(function: AggregateFunction) -> bool {
    function::knows_rows_again(function)
}

/// An aggregate, before its first row.
pub fn aggregate(spec: AggregateSpec) -> Box<dyn Operator> {
    let windows: Box<dyn Windows> = match spec.window {
        None => Box::new(whole::Whole::new(&spec)),
        Some(Window::Tumbling { size }) => Box::new(hopping::Hopping::new(size.ms, size.ms)),
        Some(Window::Hopping { size, advance }) => Box::new(hopping::Hopping::new(size.ms, advance.ms)),
        Some(Window::Session { gap }) => Box::new(session::Sessions::new(&spec, gap.ms)),
        Some(Window::Sliding { size }) => Box::new(sliding::Sliding::new(&spec, size.ms)),
    };
    Box::new(Aggregate { spec, windows, ledger: Ledger::default() })
}

/// How rows come to windows, and when those close.
trait Windows: Send {
    /// Takes a batch, and gives what comes of it.
    fn take(
        &mut self,
        batch: &Batch,
        spec: &AggregateSpec,
        ledger: &mut Ledger,
        out: &mut Output<'_>,
    ) -> Result<(), Stop>;

    /// The rows of the windows that are open, caused by the event `seq`, ordered by end, start and key.
    fn open_rows(&self, spec: &AggregateSpec, seq: u64) -> Rows;

    /// How many windows (of a key each) are open.
    fn open_windows(&self) -> usize;

    /// Bytes of memory, near enough.
    fn bytes(&self) -> usize;

    fn save(&self, state: &mut StateWriter);

    fn load(&mut self, spec: &AggregateSpec, state: &mut StateReader<'_>) -> Result<(), StateError>;
}

/// How many rows are brought to their windows at a time: few enough for what is known of them to stay near. Tests cut
/// their few rows too.
const STRETCH: usize = if cfg!(test) { 5 } else { 4_096 };

/// So many slots may lie idle before those that don't are moved together.
const IDLE: usize = if cfg!(test) { 3 } else { 1_024 };

/// No slot, row or key.
const NONE: u32 = u32::MAX;

struct Aggregate {
    spec: AggregateSpec,
    windows: Box<dyn Windows>,
    ledger: Ledger,
}

/// What is counted and set aside on the way.
#[derive(Debug, Default)]
struct Ledger {
    metrics: Metrics,
    aside: Aside,
    /// Rows of this batch that are to be set aside, those that are late with the windows that they missed.
    dropped: Vec<(usize, Dropped, Option<Missed>)>,
    /// Rows of this batch that came too late for some of their windows, in their order.
    partly: Vec<(usize, Missed)>,
    /// The number of the last event that came.
    last_seq: u64,
}

impl Ledger {
    /// Counts a row that goes no further, or not as it should.
    fn drop_row(&mut self, why: Dropped, row: usize) {
        self.metrics.drop_row(why);
        self.dropped.push((row, why, None));
    }

    /// Counts a row that came too late for all of its windows.
    fn drop_late(&mut self, row: usize, missed: Missed) {
        self.metrics.drop_row(Dropped::Late);
        self.dropped.push((row, Dropped::Late, Some(missed)));
    }

    /// Counts the windows that a row came too late for, while others take it.
    fn miss(&mut self, row: usize, windows: u64, missed: Missed) {
        self.metrics.late_windows += windows;
        self.partly.push((row, missed));
    }

    /// Sets the rows of a batch aside that are to be, in their order.
    fn set_aside(&mut self, batch: &Batch) {
        self.dropped.sort_unstable();
        let forgotten = self.dropped.len().saturating_sub(KEPT);
        for (row, why, missed) in self.dropped.drain(..).skip(forgotten) {
            self.aside.keep_late(why, missed, &batch.rows, row, batch.stream_time[row]);
        }
        let forgotten = self.partly.len().saturating_sub(KEPT);
        for (row, missed) in self.partly.drain(..).skip(forgotten) {
            self.aside.keep_partly(missed, &batch.rows, row, batch.stream_time[row]);
        }
    }
}

impl Aggregate {
    fn take(&mut self, rows: Rows, out: &mut Output<'_>) -> Result<(), Stop> {
        self.ledger.last_seq = rows.seq.last().copied().unwrap_or(self.ledger.last_seq);
        let batch = Batch::of(rows, &self.spec, &mut self.ledger);
        self.windows.take(&batch, &self.spec, &mut self.ledger, out)?;
        self.ledger.set_aside(&batch);
        Ok(())
    }

    fn functions(&self) -> Vec<AggregateFunction> {
        self.spec.calls.iter().map(|call| call.function).collect()
    }
}

impl Operator for Aggregate {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        for rows in inputs.into_iter().filter(|rows| !rows.is_empty()) {
            if !self.spec.each_event {
                self.take(rows, out)?;
                continue;
            }
            // What is given together goes on together.
            let (mut given, mut count) = (Vec::new(), 0);
            for event in rows.events() {
                let mut give = |rows: Rows| {
                    count += rows.len();
                    given.push(rows);
                    Ok(())
                };
                self.take(rows.slice(event), &mut out.to(&mut give))?;
                if count >= OUTPUT_ROWS {
                    count = 0;
                    out.give(Rows::concat(std::mem::take(&mut given)))?;
                }
            }
            out.give(Rows::concat(given))?;
        }
        Ok(())
    }

    fn metrics(&self) -> Metrics {
        Metrics {
            open_windows: self.windows.open_windows() as u64,
            state_bytes: self.windows.bytes() as u64,
            ..self.ledger.metrics.clone()
        }
    }

    fn aside(&self) -> Option<&Aside> {
        Some(&self.ledger.aside)
    }

    fn open_rows(&self) -> Rows {
        match self.spec.emit {
            Emit::Final => self.windows.open_rows(&self.spec, self.ledger.last_seq),
            Emit::Updates => Rows::default(),
        }
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.functions());
        state.put(&self.ledger.metrics);
        state.put(&self.ledger.last_seq);
        self.ledger.aside.save(state);
        self.windows.save(state);
    }

    fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        if state.take::<Vec<AggregateFunction>>()? != self.functions() {
            return Err(StateError("it is of other aggregates".into()));
        }
        self.ledger.metrics = state.take()?;
        self.ledger.last_seq = state.take()?;
        self.ledger.aside.load(state)?;
        self.windows.load(&self.spec, state)
    }
}

/// The stretches of a batch's rows.
fn stretches(rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..rows).step_by(STRETCH).map(move |start| start..rows.min(start + STRETCH))
}
