//! A stream joined with a table: each row with what held at its time.

use super::merged::{Merged, both};
use super::row_store::{NewRow, RowStore};
use super::run::{Chunks, Entry};
use super::versions::Versions;
use crate::engine::evaluated::Evaluated;
use crate::engine::key::NoKey;
use crate::engine::operator::{
    Aside, AsideRow, Dropped, Metrics, Operator, Output, StateError, StateReader, StateWriter, Stop,
};
use crate::engine::outgoing::{Half, OutgoingRows};
use crate::engine::rows::{Rows, Sign};
use crate::engine::stored::{store_row, take_stored_row};
use crate::expr::Formula;
use crate::pipeline::JoinHow;

/// How a stream is joined with a table.
#[derive(Debug, Clone)]
pub struct StreamTableJoinSpec {
    /// What becomes of rows of the stream without a row of the table: [`JoinHow::Left`] gives them with nulls,
    /// anything else drops them.
    pub how: JoinHow,
    /// The key of a row of the stream.
    pub stream_key: Vec<Formula>,
    /// The key of a row of the table; as many parts as the stream's.
    pub table_key: Vec<Formula>,
    /// How many columns a row of the stream has.
    pub stream_columns: usize,
    /// How many columns a row of the table has.
    pub table_columns: usize,
    /// How long a row of the stream waits for the table, in milliseconds; `None`: it does not.
    pub grace_ms: Option<i64>,
    /// For how long the table's past is known, in milliseconds; `None`: for ever.
    pub history_ms: Option<i64>,
    /// The stream's column that is null when the event's value is; `None`: it never is.
    pub stream_value: Option<usize>,
}

/// Joins a stream (the first input) with a table's changelog: the stream's columns and then the table's, a stream.
///
/// - A row meets the *version* of the table that was valid at its time: of those with its key the one with the largest
///   time that is not later than the row's. Each row that the table's changelog adds is a version from its time on, each
///   that it takes away without adding another says that from its time on there is none; an update out of order is an
///   older version. Of two versions of one time the one that came last holds.
/// - Without `grace_ms` a row meets what has come before it; of one event the stream's rows come first. With it the row
///   waits until T, the largest time of both inputs, has reached `time + grace_ms`; a row whose time T has passed by
///   that much when it comes does not wait. Rows that have waited are given with the `seq` of the row that made T pass,
///   by time, and those of one time as they came.
/// - The result's time is that of the stream's row.
/// - A row whose key or value is null meets nothing: a left join gives it with nulls at once, others drop it. A row whose
///   key can't be told is dropped, and so is a table's row that has no key.
///
/// **History.** Where `history_ms` is `None` every version is kept for ever. With it (at least the grace, so that no
/// row waits in vain) a version is forgotten when the one after it is as old as `T - history_ms`: whoever looks back no
/// further than that finds what held then, and a row older than that finds nothing where it does not hold still. An
/// update older than that is late.
///
/// Rows that were set aside stand in the columns of the output, the other side's missing.
/// [`Operator::open_rows`] are the rows that wait, as they would be given now.
pub fn join_stream_with_table(spec: StreamTableJoinSpec) -> Box<dyn Operator> {
    Box::new(AsOfJoin::new(spec))
}

const STREAM: usize = 0;
const TABLE: usize = 1;

#[derive(Debug)]
struct AsOfJoin {
    keys: [Vec<Formula>; 2],
    columns: [usize; 2],
    value: Option<usize>,
    /// Whether rows that meet nothing are given.
    kept: bool,
    grace_ms: i64,
    versions: Versions,
    /// The rows that wait, each as its key and its values; the tag is how long the key is.
    rows: RowStore,
    /// The rows that wait, by time.
    waiting: Chunks,
    open: u64,
    /// T; the smallest integer before the first row.
    time_ms: i64,
    last_seq: u64,
    joined: OutgoingRows,
    metrics: Metrics,
    aside: Aside,
    key: Vec<u8>,
    values: Vec<u8>,
}

impl AsOfJoin {
    fn new(spec: StreamTableJoinSpec) -> Self {
        let grace_ms = spec.grace_ms.unwrap_or(0);
        Self {
            keys: [spec.stream_key, spec.table_key],
            columns: [spec.stream_columns, spec.table_columns],
            value: spec.stream_value,
            kept: spec.how.keeps_left(),
            grace_ms,
            versions: Versions::new(spec.history_ms.map(|history| history.max(grace_ms))),
            rows: RowStore::new(false),
            waiting: Chunks::default(),
            open: 0,
            time_ms: i64::MIN,
            last_seq: 0,
            joined: OutgoingRows::new(spec.stream_columns, spec.table_columns, false),
            metrics: Metrics::default(),
            aside: Aside::default(),
            key: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Makes T pass. Rows that waited for this are given before what they look for is forgotten.
    fn pass(&mut self, seq: u64, time_ms: i64, out: &mut Output<'_>) -> Result<(), Stop> {
        self.last_seq = seq;
        self.metrics.rows_in += 1;
        if time_ms <= self.time_ms {
            return Ok(());
        }
        self.time_ms = time_ms;
        let until = self.waited_until();
        while self.waiting.first().is_some_and(|entry| entry.time_ms <= until) {
            let Some(entry) = self.waiting.pop_first() else { break };
            let (key, row) = waiting_row(&self.rows, entry.row);
            meet(
                &mut self.joined,
                self.kept,
                seq,
                entry.time_ms,
                Half::Stored(row),
                self.versions.at(key, entry.time_ms),
            );
            self.open -= 1;
            self.joined.give_many(out)?;
        }
        self.rows.drop_before(until.saturating_add(1), |_| {});
        self.versions.forget(time_ms);
        Ok(())
    }

    /// Rows up to this time have waited for long enough.
    fn waited_until(&self) -> i64 {
        self.time_ms.saturating_sub(self.grace_ms)
    }

    fn take_stream_row(
        &mut self,
        batch: &Rows,
        keys: &Evaluated,
        row: usize,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let (seq, time_ms) = (batch.seq[row], batch.time_ms[row]);
        self.pass(seq, time_ms, out)?;
        let why = match keys.key(row, &mut self.key) {
            Err(NoKey::Null) => Some(Dropped::NullKey),
            Err(NoKey::Failed(_)) => {
                self.set_aside(Dropped::FailedKey, STREAM, batch, row);
                return Ok(());
            }
            Ok(()) if self.value.is_some_and(|value| batch.cell(value, row).is_null()) => Some(Dropped::NullValue),
            Ok(()) => None,
        };
        if let Some(why) = why {
            if self.kept {
                self.joined.push(seq, time_ms, Sign::Plus, [Half::Row(batch, row), Half::Nothing]);
                self.joined.give_many(out)?;
            } else {
                self.metrics.drop_row(why);
            }
            return Ok(());
        }
        if time_ms <= self.waited_until() {
            let version = self.versions.at(&self.key, time_ms);
            meet(&mut self.joined, self.kept, seq, time_ms, Half::Row(batch, row), version);
            return self.joined.give_many(out);
        }
        let Ok(tag) = u32::try_from(self.key.len()) else {
            return Err(Stop::Bound("a key comes to more than 4 GiB".into()));
        };
        let key = &self.key;
        let new = NewRow { time_ms, tag, arrival: 0, marked: false };
        let row = self.rows.push(new, |bytes| {
            bytes.extend_from_slice(key);
            store_row(batch, row, bytes);
        })?;
        self.waiting.insert(Entry { time_ms, row });
        self.open += 1;
        Ok(())
    }

    fn take_table_row(&mut self, batch: &Rows, keys: &Evaluated, row: usize, out: &mut Output<'_>) -> Result<(), Stop> {
        let time_ms = batch.time_ms[row];
        self.pass(batch.seq[row], time_ms, out)?;
        let sign = batch.sign(row);
        let why = match keys.key(row, &mut self.key) {
            Ok(()) if self.versions.is_past(time_ms, self.time_ms) => Dropped::Late,
            Ok(()) => {
                let values = (sign == Sign::Plus).then(|| {
                    self.values.clear();
                    store_row(batch, row, &mut self.values);
                    self.values.as_slice().into()
                });
                self.versions.insert(&self.key, time_ms, values)?;
                self.versions.forget(self.time_ms);
                return Ok(());
            }
            Err(NoKey::Null) => Dropped::NullKey,
            Err(NoKey::Failed(_)) => Dropped::FailedKey,
        };
        // What a row without a key takes away was not taken either.
        if sign == Sign::Plus || why == Dropped::Late {
            if why == Dropped::NullKey {
                self.metrics.drop_row(why);
            } else {
                self.set_aside(why, TABLE, batch, row);
            }
        }
        Ok(())
    }

    fn set_aside(&mut self, why: Dropped, side: usize, batch: &Rows, row: usize) {
        self.metrics.drop_row(why);
        self.aside.keep_row(AsideRow::of_half(why, batch, row, self.time_ms, side, self.columns));
    }
}

/// Gives a row of the stream with what it meets.
fn meet(joined: &mut OutgoingRows, kept: bool, seq: u64, time_ms: i64, row: Half<'_>, version: Option<&[u8]>) {
    match version {
        Some(version) => joined.push(seq, time_ms, Sign::Plus, [row, Half::Stored(version)]),
        None if kept => joined.push(seq, time_ms, Sign::Plus, [row, Half::Nothing]),
        None => {}
    }
}

/// The key and the values of a row that waits.
fn waiting_row(rows: &RowStore, row: u32) -> (&[u8], &[u8]) {
    let bytes = rows.bytes(row);
    bytes.split_at(bytes.len().min(rows.tag(row) as usize))
}

/// Whether a row of a table is taken away only to make room for the next one.
fn makes_room(batch: &Rows, keys: &Evaluated, row: usize) -> bool {
    let next = row + 1;
    let pair = batch.sign(row) == Sign::Minus && next < batch.len() && batch.sign(next) == Sign::Plus;
    pair && batch.seq[row] == batch.seq[next] && batch.time_ms[row] == batch.time_ms[next] && keys.same_key(row, next)
}

impl Operator for AsOfJoin {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        let inputs = both(inputs);
        let mut mismatched = 0;
        let keys = [STREAM, TABLE].map(|side| Evaluated::of(&self.keys[side], &inputs[side], &mut mismatched));
        self.metrics.mismatched += mismatched;
        let mut merged = Merged::new();
        while let Some((side, row)) = merged.next(&inputs) {
            if row % 1024 == 0 {
                out.check()?;
            }
            let (batch, keys) = (&inputs[side], &keys[side]);
            if side == STREAM {
                self.take_stream_row(batch, keys, row, out)?;
            } else if makes_room(batch, keys, row) {
                self.metrics.rows_in += 1;
            } else {
                self.take_table_row(batch, keys, row, out)?;
            }
        }
        self.joined.give(out)
    }

    fn metrics(&self) -> Metrics {
        Metrics {
            rows_out: self.joined.given(),
            stream_time_ms: (self.time_ms > i64::MIN).then_some(self.time_ms),
            open_windows: self.open,
            state_bytes: (self.versions.memory() + self.rows.memory() + self.waiting.heap_bytes()) as u64,
            ..self.metrics.clone()
        }
    }

    fn aside(&self) -> Option<&Aside> {
        Some(&self.aside)
    }

    fn open_rows(&self) -> Rows {
        let mut open = OutgoingRows::new(self.columns[STREAM], self.columns[TABLE], false);
        for Entry { time_ms, row } in self.waiting.iter() {
            let (key, values) = waiting_row(&self.rows, row);
            meet(&mut open, self.kept, self.last_seq, time_ms, Half::Stored(values), self.versions.at(key, time_ms));
        }
        open.finish()
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&(self.time_ms, self.last_seq, self.joined.given()));
        state.put(&self.metrics);
        self.aside.save(state);
        self.versions.save(state);
        state.put(&self.open);
        for Entry { time_ms, row } in self.waiting.iter() {
            let (key, values) = waiting_row(&self.rows, row);
            state.put(&time_ms);
            state.put_bytes(key);
            state.put_bytes(values);
        }
    }

    fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        let (time_ms, last_seq, given) = state.take::<(i64, u64, u64)>()?;
        (self.time_ms, self.last_seq) = (time_ms, last_seq);
        self.joined.set_given(given);
        self.metrics = state.take()?;
        self.aside.load(state)?;
        self.versions.load(self.columns[TABLE], time_ms, state)?;
        (self.rows, self.waiting) = (RowStore::new(false), Chunks::default());
        self.open = state.take()?;
        for _ in 0..self.open {
            let (time_ms, key) = (state.take::<i64>()?, state.take::<&[u8]>()?);
            let values = take_stored_row(state, self.columns[STREAM])?;
            let tag = u32::try_from(key.len()).map_err(|_| StateError("a key is too long".into()))?;
            let new = NewRow { time_ms, tag, arrival: 0, marked: false };
            let write = |bytes: &mut Vec<u8>| {
                bytes.extend_from_slice(key);
                bytes.extend_from_slice(values);
            };
            let row = self.rows.push(new, write).map_err(|stop| StateError(stop.to_string()))?;
            self.waiting.insert(Entry { time_ms, row });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
