//! What every node of a running pipeline has in common.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;

use tokio_util::sync::CancellationToken;

use super::rows::Rows;
use super::stored::{StoredCells, store_cell};
use crate::codec::Cell;

/// How many of the rows that an operator set aside it keeps for inspection.
pub(crate) const KEPT: usize = 1_000;

/// After so many rows an operator hands over what it has, so that no batch grows without bound.
pub const OUTPUT_ROWS: usize = 1 << 16;

/// A running node: takes rows, keeps what it must remember, gives rows.
///
/// What an operator gives depends on the rows that it was given and their order, never on how they were cut into
/// batches; only updates of a table may be put together within a batch.
pub trait Operator: Send {
    /// Takes the next rows of every input, and gives what comes of them to `out`. Rows of the inputs are taken in the
    /// order of their `seq`; of rows of one event, those of the first input come first. What is given has `seq`s that
    /// never fall, and none below those that were given before.
    ///
    /// # Errors
    /// [`Stop`] when it was cancelled or went beyond a bound; the operator is not to be used any more then.
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop>;

    /// What has gone through it, and what it keeps.
    fn metrics(&self) -> Metrics;

    /// The last of the rows that it set aside.
    fn aside(&self) -> Option<&Aside> {
        None
    }

    /// Rows of windows that are not closed yet, as they stand; only of operators that hold results back until then.
    fn open_rows(&self) -> Rows {
        Rows::default()
    }

    /// Writes all that it remembers.
    fn save(&self, state: &mut StateWriter);

    /// Takes up what [`Operator::save`] has written.
    ///
    /// # Errors
    /// [`StateError`] when that is not what stands there.
    fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError>;
}

/// Where an operator puts its rows.
pub struct Output<'o> {
    take: &'o mut dyn FnMut(Rows) -> Result<(), Stop>,
    cancel: &'o CancellationToken,
}

impl<'o> Output<'o> {
    /// An output that hands rows on to `take`.
    pub fn new(take: &'o mut dyn FnMut(Rows) -> Result<(), Stop>, cancel: &'o CancellationToken) -> Self {
        Self { take, cancel }
    }

    /// Hands rows on.
    ///
    /// # Errors
    /// [`Stop`] when nobody wants them any more.
    pub fn give(&mut self, rows: Rows) -> Result<(), Stop> {
        if self.cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        if rows.is_empty() { Ok(()) } else { (self.take)(rows) }
    }

    /// An output that hands rows on to `take`, and ends when this one does.
    pub(crate) fn to<'t>(&self, take: &'t mut dyn FnMut(Rows) -> Result<(), Stop>) -> Output<'t>
    where
        'o: 't,
    {
        Output { take, cancel: self.cancel }
    }

    /// To be asked now and then in long work without output.
    ///
    /// # Errors
    /// [`Stop::Cancelled`] when it is to end.
    pub fn check(&self) -> Result<(), Stop> {
        if self.cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }
}

/// Why an operator stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Somebody wanted it to.
    #[error("cancelled")]
    Cancelled,
    /// It went beyond a bound that was set.
    #[error("{0}")]
    Bound(String),
}

/// Why a row went no further, although no condition ruled it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// It came after the last window (or partner) that it belongs to was closed.
    Late,
    /// Its key is null.
    NullKey,
    /// Its key, or what it is compared by, can't be told.
    FailedKey,
    /// Its condition or its value can't be told.
    Failed,
    /// It has no time.
    Untimed,
    /// An inner join's row whose value is null.
    NullValue,
    /// A table's row that changes nothing.
    Unchanged,
}

impl Dropped {
    /// In a few words.
    pub fn why(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::NullKey => "null key",
            Self::FailedKey => "key can't be told",
            Self::Failed => "can't be calculated",
            Self::Untimed => "no time",
            Self::NullValue => "null value",
            Self::Unchanged => "changes nothing",
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

/// What has gone through an operator, and what it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Metrics {
    /// Rows taken, of all inputs together.
    pub rows_in: u64,
    /// Rows given.
    pub rows_out: u64,
    /// Rows that went no further, by reason. A row that is late for some of its windows only is counted under
    /// `late_windows`, not here.
    pub dropped: BTreeMap<Dropped, u64>,
    /// Windows that rows came too late for, although other windows still took them.
    pub late_windows: u64,
    /// How often a value was of another kind than what it was compared or calculated with.
    pub mismatched: u64,
    /// The largest time among the rows taken, in milliseconds; `None` before the first.
    pub stream_time_ms: Option<i64>,
    /// Windows (of a key each) that are not closed.
    pub open_windows: u64,
    /// Bytes of memory that the operator keeps, near enough.
    pub state_bytes: u64,
}

impl Metrics {
    /// Counts a row that goes no further.
    pub fn drop_row(&mut self, why: Dropped) {
        *self.dropped.entry(why).or_default() += 1;
    }

    /// Rows that came too late for everything.
    pub fn late(&self) -> u64 {
        self.dropped.get(&Dropped::Late).copied().unwrap_or(0)
    }
}

/// Windows that a row came too late for: from the first of them to the last. Each has its start and its end in milliseconds;
/// the end of session and sliding windows belongs to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Missed {
    /// The first.
    pub first_ms: (i64, i64),
    /// The last; the first itself where there is only one.
    pub last_ms: (i64, i64),
    /// So many milliseconds more of grace would have let the row into the last.
    pub late_by_ms: i64,
}

/// A row that went no further, as it was; or one that went on and came too late for some of its windows.
#[derive(Debug, Clone, PartialEq)]
pub struct AsideRow {
    /// Why.
    pub why: Dropped,
    /// The windows that it came too late for, at an aggregate.
    pub missed: Option<Missed>,
    /// The event that caused it.
    pub seq: u64,
    /// Its time in milliseconds.
    pub time_ms: i64,
    /// How far the stream's time was when it came, in milliseconds.
    pub stream_time_ms: i64,
    /// What stood in its columns.
    pub cells: Vec<Cell<'static>>,
}

impl AsideRow {
    /// A row of one side (0 left, 1 right) of a join, in the columns of both; the other side's are missing.
    pub(crate) fn of_half(
        why: Dropped,
        rows: &Rows,
        row: usize,
        stream_time_ms: i64,
        side: usize,
        columns: [usize; 2],
    ) -> Self {
        let mut cells = vec![Cell::Missing; columns[0] + columns[1]];
        let start = if side == 0 { 0 } else { columns[0] };
        for (cell, column) in cells.iter_mut().skip(start).zip(&rows.columns) {
            *cell = column.cell(row).into_owned();
        }
        Self { why, missed: None, seq: rows.seq[row], time_ms: rows.time_ms[row], stream_time_ms, cells }
    }
}

/// The last rows that an operator set aside, for inspection; and the last of those that it took although they came too late
/// for some of their windows. The counts are in its [`Metrics`].
#[derive(Debug, Clone, Default)]
pub struct Aside {
    rows: VecDeque<AsideRow>,
    partly: VecDeque<AsideRow>,
}

impl Aside {
    /// Keeps a row, and forgets the oldest if there are too many.
    pub fn keep(&mut self, why: Dropped, rows: &Rows, row: usize, stream_time_ms: i64) {
        self.keep_row(copied(why, None, rows, row, stream_time_ms));
    }

    /// As [`Aside::keep`], with the windows that the row came too late for.
    pub(crate) fn keep_late(
        &mut self,
        why: Dropped,
        missed: Option<Missed>,
        rows: &Rows,
        row: usize,
        stream_time_ms: i64,
    ) {
        self.keep_row(copied(why, missed, rows, row, stream_time_ms));
    }

    /// Keeps a row that went on, and came too late for some of its windows.
    pub(crate) fn keep_partly(&mut self, missed: Missed, rows: &Rows, row: usize, stream_time_ms: i64) {
        keep_last(&mut self.partly, copied(Dropped::Late, Some(missed), rows, row, stream_time_ms));
    }

    /// As [`Aside::keep`], of a row that was made up already.
    pub(crate) fn keep_row(&mut self, row: AsideRow) {
        keep_last(&mut self.rows, row);
    }

    /// Writes the rows down.
    pub(crate) fn save(&self, state: &mut StateWriter) {
        let mut bytes = Vec::new();
        for rows in [&self.rows, &self.partly] {
            state.put(&rows.len());
            for row in rows {
                state.put(&(row.why, row.missed, row.seq, row.time_ms, row.stream_time_ms));
                bytes.clear();
                row.cells.iter().for_each(|cell| store_cell(cell, &mut bytes));
                state.put_bytes(&bytes);
            }
        }
    }

    /// Takes up rows that were written down, in the place of those that there are.
    ///
    /// # Errors
    /// [`StateError`] when something else stands there.
    pub(crate) fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        for rows in [&mut self.rows, &mut self.partly] {
            rows.clear();
            for _ in 0..state.take::<usize>()? {
                let (why, missed, seq, time_ms, stream_time_ms) = state.take()?;
                let mut stored = StoredCells::new(state.take()?);
                let mut cells = Vec::new();
                while !stored.is_at_end() {
                    cells.push(stored.take()?.into_owned());
                }
                keep_last(rows, AsideRow { why, missed, seq, time_ms, stream_time_ms, cells });
            }
        }
        Ok(())
    }

    /// The rows that went no further, oldest first.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &AsideRow> + ExactSizeIterator {
        self.rows.iter()
    }

    /// The rows that went on and came too late for some of their windows, oldest first.
    pub fn partly(&self) -> impl DoubleEndedIterator<Item = &AsideRow> + ExactSizeIterator {
        self.partly.iter()
    }
}

fn copied(why: Dropped, missed: Option<Missed>, rows: &Rows, row: usize, stream_time_ms: i64) -> AsideRow {
    let cells = rows.row(row).into_iter().map(Cell::into_owned).collect();
    AsideRow { why, missed, seq: rows.seq[row], time_ms: rows.time_ms[row], stream_time_ms, cells }
}

/// Keeps a row, and forgets the oldest if there are too many.
fn keep_last(rows: &mut VecDeque<AsideRow>, row: AsideRow) {
    if rows.len() == KEPT {
        rows.pop_front();
    }
    rows.push_back(row);
}

/// What is wrong with a saved state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the saved state is not what this pipeline wrote: {0}")]
pub struct StateError(pub String);

/// Writes an operator's state.
#[derive(Debug, Default)]
pub struct StateWriter {
    bytes: Vec<u8>,
}

impl StateWriter {
    /// Writes anything that serde can.
    ///
    /// # Panics
    /// Never: memory takes everything.
    pub fn put<T: serde::Serialize + ?Sized>(&mut self, value: &T) {
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(value, bytes).expect("memory takes everything");
    }

    /// Writes bytes; [`StateReader::take`] reads them as `&[u8]`.
    pub fn put_bytes(&mut self, bytes: &[u8]) {
        struct Bytes<'b>(&'b [u8]);
        impl serde::Serialize for Bytes<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(self.0)
            }
        }
        self.put(&Bytes(bytes));
    }

    /// All that was written.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads an operator's state.
#[derive(Debug)]
pub struct StateReader<'s> {
    bytes: &'s [u8],
}

impl<'s> StateReader<'s> {
    /// Reads from the beginning of what a [`StateWriter`] wrote.
    pub fn new(bytes: &'s [u8]) -> Self {
        Self { bytes }
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads what was put next.
    ///
    /// # Errors
    /// [`StateError`] when something else stands there.
    pub fn take<T: serde::Deserialize<'s>>(&mut self) -> Result<T, StateError> {
        let (value, rest) = postcard::take_from_bytes(self.bytes).map_err(|error| StateError(error.to_string()))?;
        self.bytes = rest;
        Ok(value)
    }
}
