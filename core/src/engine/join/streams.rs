//! Two streams joined where their keys are equal and their times near.

use super::merged::{Merged, both};
use super::row_store::{NewRow, RowStore};
use super::run::{Chunks, Entry, Run};
use crate::engine::evaluated::Evaluated;
use crate::engine::key::NoKey;
use crate::engine::operator::{
    Aside, AsideRow, Dropped, Metrics, Operator, Output, StateError, StateReader, StateWriter, Stop,
};
use crate::engine::outgoing::{Half, OutgoingRows};
use crate::engine::recycled::RecycledKeys;
use crate::engine::rows::{Rows, Sign};
use crate::engine::stored::store_row;
use crate::expr::Formula;
use crate::pipeline::JoinHow;

/// How two streams are joined.
///
/// A left row and a right row match iff their keys are equal and
/// `left.time - before_ms <= right.time <= left.time + after_ms`, both included.
#[derive(Debug, Clone)]
pub struct StreamJoinSpec {
    /// What becomes of rows without a partner.
    pub how: JoinHow,
    /// The key of a left row.
    pub left_key: Vec<Formula>,
    /// The key of a right row; as many parts as the left one's.
    pub right_key: Vec<Formula>,
    /// How much earlier than the left row the right one may be, in milliseconds.
    pub before_ms: i64,
    /// How much later than the left row the right one may be, in milliseconds.
    pub after_ms: i64,
    /// How long a row waits beyond that for a partner that is out of order, in milliseconds.
    pub grace_ms: i64,
    /// How many columns a left row has.
    pub left_columns: usize,
    /// How many columns a right row has.
    pub right_columns: usize,
    /// The left column that is null when the event's value is; `None`: it never is.
    pub left_value: Option<usize>,
    /// The right column that is null when the event's value is; `None`: it never is.
    pub right_value: Option<usize>,
}

/// Joins two streams: a left row's columns and then a right row's, a stream.
///
/// - T is the largest time of the rows of both sides, the current one included. A row *expires* once
///   `T > time + (after_ms of a left row, before_ms of a right one) + grace_ms`.
/// - A match has the later of the two rows' times and is given when the second of them comes, those of one row in the
///   order of the partners' times, and of their arrival where these are equal. A row that has expired matches nothing.
/// - A row of a side that is kept (left, right, full) is given once with nulls on the other side when it expires
///   without having matched: with its own time and the `seq` of the row that made T pass, before that row's own
///   matches; of several, the one that expires first comes first, then the one that came first.
/// - A row whose key is null, or whose value is, matches nothing: a side that is kept gives it with nulls at once,
///   whatever its time; the other drops it. A row whose key can't be told is dropped.
/// - Any other row that has expired when it comes is late: dropped, neither matched nor given with nulls.
///
/// Rows that were set aside stand in the columns of the output, the other side's missing.
/// [`Operator::open_rows`] are the rows of kept sides that have no partner so far.
pub fn join_streams(spec: StreamJoinSpec) -> Box<dyn Operator> {
    Box::new(StreamJoin::new(spec))
}

/// One side of the join.
#[derive(Debug)]
pub(super) struct Side {
    key: Vec<Formula>,
    value: Option<usize>,
    pub(super) columns: usize,
    /// Whether rows without a partner are given.
    pub(super) kept: bool,
    /// A row expires once T is more than this beyond its time.
    wait_ms: i64,
    /// How much earlier than a row of this side, and how much later, its partners may be.
    reach_ms: (i64, i64),
    pub(super) rows: RowStore,
    /// Of a kept side: the rows that had no partner when they came. Those that have found one are marked in `rows`.
    pub(super) waiting: Chunks,
}

/// What belongs to a key.
#[derive(Debug, Default)]
pub(super) struct KeyRows {
    /// The rows of each side. An entry without a row in the store, or with another, is earlier than all that matter.
    pub(super) runs: [Run; 2],
    /// How many rows of both stores, and of the batches that are being taken, have the key.
    rows: u32,
}

/// So many rows are looked ahead.
const AHEAD: usize = 32;

/// A row's key, or why it has none.
type KeyOfRow = Result<u32, NoKey>;

impl KeyRows {
    /// One row less has the key; without any it is forgotten.
    fn let_go(&mut self, number: u32, keys: &mut RecycledKeys, run_bytes: &mut usize) {
        self.rows -= 1;
        if self.rows == 0 {
            *run_bytes -= self.runs.iter().map(Run::heap_bytes).sum::<usize>();
            *self = Self::default();
            keys.remove(number);
        }
    }
}

#[derive(Debug)]
pub(super) struct StreamJoin {
    pub(super) sides: [Side; 2],
    pub(super) keys: RecycledKeys,
    pub(super) of_key: Vec<KeyRows>,
    /// T; the smallest integer before the first row.
    pub(super) time_ms: i64,
    /// How many rows were kept so far, of both sides.
    pub(super) arrivals: u64,
    /// How many rows wait for a first partner.
    pub(super) open: u64,
    pub(super) last_seq: u64,
    /// Bytes of the runs beside `of_key`.
    pub(super) run_bytes: usize,
    pub(super) joined: OutgoingRows,
    pub(super) metrics: Metrics,
    pub(super) aside: Aside,
}

impl StreamJoin {
    pub(super) fn new(spec: StreamJoinSpec) -> Self {
        let (before, after) = (spec.before_ms, spec.after_ms);
        let both_kept = spec.how == JoinHow::Full;
        let side = |key, value, columns, kept, wait: i64, reach_ms| Side {
            key,
            value,
            columns,
            kept,
            wait_ms: wait.saturating_add(spec.grace_ms),
            reach_ms,
            rows: RowStore::new(both_kept),
            waiting: Chunks::default(),
        };
        let how = spec.how;
        Self {
            sides: [
                side(spec.left_key, spec.left_value, spec.left_columns, how.keeps_left(), after, (before, after)),
                side(spec.right_key, spec.right_value, spec.right_columns, how.keeps_right(), before, (after, before)),
            ],
            keys: RecycledKeys::default(),
            of_key: Vec::new(),
            time_ms: i64::MIN,
            arrivals: 0,
            open: 0,
            last_seq: 0,
            run_bytes: 0,
            joined: OutgoingRows::new(spec.left_columns, spec.right_columns, false),
            metrics: Metrics::default(),
            aside: Aside::default(),
        }
    }

    /// The earliest time of a side that has not expired.
    pub(super) fn alive_from(&self, side: usize) -> i64 {
        self.time_ms.saturating_sub(self.sides[side].wait_ms)
    }

    /// The keys of a batch's rows, which are held until [`StreamJoin::let_go`]. They are looked up one after the other,
    /// because then the waits for memory overlap.
    fn hold_keys(&mut self, side: usize, batch: &Rows) -> Result<Vec<KeyOfRow>, Stop> {
        let keys = Evaluated::of(&self.sides[side].key, batch, &mut self.metrics.mismatched);
        let mut held = Vec::with_capacity(batch.len());
        let mut key = Vec::new();
        for row in 0..batch.len() {
            held.push(match keys.key(row, &mut key) {
                Ok(()) => Ok(self.hold(&key)?),
                Err(why) => Err(why),
            });
        }
        Ok(held)
    }

    /// Holds a key for a row; tells its number.
    pub(super) fn hold(&mut self, key: &[u8]) -> Result<u32, Stop> {
        let (number, _) = self.keys.insert(key)?;
        if number as usize == self.of_key.len() {
            self.of_key.push(KeyRows::default());
        }
        self.of_key[number as usize].rows += 1;
        Ok(number)
    }

    /// Reads the runs of the next rows' keys one after the other, so that the waits for memory overlap.
    fn touch(&self, keys: &[KeyOfRow]) {
        let runs = keys.iter().flatten().map(|&number| &self.of_key[number as usize].runs);
        std::hint::black_box(runs.fold(0, |read, [left, right]| read ^ left.touch() ^ right.touch()));
    }

    fn take(&mut self, side: usize, batch: &Rows, key: KeyOfRow, row: usize, out: &mut Output<'_>) -> Result<(), Stop> {
        let (seq, time_ms) = (batch.seq[row], batch.time_ms[row]);
        self.last_seq = seq;
        self.metrics.rows_in += 1;
        if time_ms > self.time_ms {
            self.time_ms = time_ms;
            self.expire(seq, out)?;
        }
        let number = match key {
            Ok(number) => number,
            Err(NoKey::Null) => return self.pass_matchless(side, batch, row, Dropped::NullKey, out),
            Err(NoKey::Failed(_)) => {
                self.set_aside(Dropped::FailedKey, side, batch, row);
                return Ok(());
            }
        };
        if self.sides[side].value.is_some_and(|value| batch.cell(value, row).is_null()) {
            self.let_go(number);
            return self.pass_matchless(side, batch, row, Dropped::NullValue, out);
        }
        if time_ms < self.alive_from(side) {
            self.let_go(number);
            self.set_aside(Dropped::Late, side, batch, row);
            return Ok(());
        }
        let matched = self.match_row(side, batch, row, number, out)?;
        let new = NewRow { time_ms, tag: number, arrival: self.arrivals, marked: matched };
        self.keep(side, new, |bytes| store_row(batch, row, bytes))
    }

    /// A row that matches nothing, whatever comes.
    fn pass_matchless(
        &mut self,
        side: usize,
        batch: &Rows,
        row: usize,
        why: Dropped,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        if !self.sides[side].kept {
            self.metrics.drop_row(why);
            return Ok(());
        }
        let halves = in_order(side, Half::Row(batch, row), Half::Nothing);
        self.joined.push(batch.seq[row], batch.time_ms[row], Sign::Plus, halves);
        self.joined.give_many(out)
    }

    /// Lets a key go that was held for a row that is not kept.
    fn let_go(&mut self, number: u32) {
        let Self { keys, of_key, run_bytes, .. } = self;
        of_key[number as usize].let_go(number, keys, run_bytes);
    }

    fn set_aside(&mut self, why: Dropped, side: usize, batch: &Rows, row: usize) {
        self.metrics.drop_row(why);
        let columns = [self.sides[0].columns, self.sides[1].columns];
        self.aside.keep_row(AsideRow::of_half(why, batch, row, self.time_ms, side, columns));
    }

    /// Gives the row's matches; tells whether there were any.
    fn match_row(
        &mut self,
        side: usize,
        batch: &Rows,
        row: usize,
        number: u32,
        out: &mut Output<'_>,
    ) -> Result<bool, Stop> {
        let (seq, time_ms) = (batch.seq[row], batch.time_ms[row]);
        let (earlier, later) = self.sides[side].reach_ms;
        let from = time_ms.saturating_sub(earlier).max(self.alive_from(1 - side));
        let to = time_ms.saturating_add(later);
        let Self { sides, of_key, joined, open, .. } = self;
        let partners = &mut sides[1 - side];
        let mut matched = false;
        of_key[number as usize].runs[1 - side].between(from, to, |entries| {
            for entry in entries {
                matched = true;
                if partners.kept && partners.rows.mark(entry.row) {
                    *open -= 1;
                }
                let halves = in_order(side, Half::Row(batch, row), Half::Stored(partners.rows.bytes(entry.row)));
                joined.push(seq, time_ms.max(entry.time_ms), Sign::Plus, halves);
                joined.give_many(out)?;
            }
            Ok(())
        })?;
        Ok(matched)
    }

    /// Keeps a row, for which its key is held.
    pub(super) fn keep(&mut self, side: usize, new: NewRow, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stop> {
        let this = &mut self.sides[side];
        let entry = Entry { time_ms: new.time_ms, row: this.rows.push(new, write)? };
        if this.kept && !new.marked {
            this.waiting.insert(entry);
            self.open += 1;
        }
        let run = &mut self.of_key[new.tag as usize].runs[side];
        let before = run.heap_bytes();
        run.insert(entry);
        self.run_bytes = self.run_bytes + run.heap_bytes() - before;
        self.arrivals += 1;
        Ok(())
    }

    /// Gives the rows of kept sides that have expired alone, and forgets what has expired.
    fn expire(&mut self, seq: u64, out: &mut Output<'_>) -> Result<(), Stop> {
        while let Some(side) = self.next_to_expire() {
            let Some(entry) = self.sides[side].waiting.pop_first() else { break };
            let this = &self.sides[side];
            if !this.rows.is_marked(entry.row) {
                let halves = in_order(side, Half::Stored(this.rows.bytes(entry.row)), Half::Nothing);
                self.joined.push(seq, entry.time_ms, Sign::Plus, halves);
                self.open -= 1;
                self.joined.give_many(out)?;
            }
        }
        for side in 0..2 {
            let from = self.alive_from(side);
            let Self { sides, keys, of_key, run_bytes, .. } = self;
            sides[side].rows.drop_before(from, |number| {
                let of_key = &mut of_key[number as usize];
                let run = &mut of_key.runs[side];
                let before = run.heap_bytes();
                run.forget_before(from);
                *run_bytes = *run_bytes + run.heap_bytes() - before;
                of_key.let_go(number, keys, run_bytes);
            });
        }
        Ok(())
    }

    /// The side whose first waiting row has expired, and before the other side's.
    fn next_to_expire(&self) -> Option<usize> {
        let due = |side: usize| {
            let entry = self.sides[side].waiting.first()?;
            let this = &self.sides[side];
            (entry.time_ms < self.alive_from(side)).then(|| (entry.time_ms.saturating_add(this.wait_ms), entry.row))
        };
        match (due(0), due(1)) {
            (None, None) => None,
            (Some(_), None) => Some(0),
            (None, Some(_)) => Some(1),
            (Some(left), Some(right)) => {
                let arrival = |side: usize, row| self.sides[side].rows.arrival(row);
                let left_first = (left.0, arrival(0, left.1)) < (right.0, arrival(1, right.1));
                Some(usize::from(!left_first))
            }
        }
    }

    /// Bytes of memory.
    fn memory(&self) -> usize {
        let sides: usize = self.sides.iter().map(|side| side.rows.memory() + side.waiting.heap_bytes()).sum();
        sides + self.keys.bytes() + self.of_key.len() * size_of::<KeyRows>() + self.run_bytes
    }
}

/// The halves of a row, left and right, from those of a side and of the other one.
pub(super) fn in_order<'h>(side: usize, this: Half<'h>, other: Half<'h>) -> [Half<'h>; 2] {
    if side == 0 { [this, other] } else { [other, this] }
}

impl Operator for StreamJoin {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        let inputs = both(inputs);
        let keys = [self.hold_keys(0, &inputs[0])?, self.hold_keys(1, &inputs[1])?];
        let mut merged = Merged::new();
        while let Some((side, row)) = merged.next(&inputs) {
            if row % 1024 == 0 {
                out.check()?;
            }
            if row % AHEAD == 0 {
                self.touch(&keys[side][row..keys[side].len().min(row + AHEAD)]);
            }
            self.take(side, &inputs[side], keys[side][row], row, out)?;
        }
        self.joined.give(out)
    }

    fn metrics(&self) -> Metrics {
        Metrics {
            rows_out: self.joined.given(),
            stream_time_ms: (self.time_ms > i64::MIN).then_some(self.time_ms),
            open_windows: self.open,
            state_bytes: self.memory() as u64,
            ..self.metrics.clone()
        }
    }

    fn aside(&self) -> Option<&Aside> {
        Some(&self.aside)
    }

    fn open_rows(&self) -> Rows {
        let alone = |side: usize| {
            let this = &self.sides[side];
            let alone = this.waiting.iter().filter(|entry| !this.rows.is_marked(entry.row));
            alone.map(move |entry| {
                let expiry = entry.time_ms.saturating_add(this.wait_ms);
                (expiry, this.rows.arrival(entry.row), side, entry)
            })
        };
        let mut rows: Vec<_> = alone(0).chain(alone(1)).collect();
        rows.sort_by_key(|(expiry, arrival, ..)| (*expiry, *arrival));
        let mut open = OutgoingRows::new(self.sides[0].columns, self.sides[1].columns, false);
        for (_, _, side, entry) in rows {
            let bytes = self.sides[side].rows.bytes(entry.row);
            open.push(self.last_seq, entry.time_ms, Sign::Plus, in_order(side, Half::Stored(bytes), Half::Nothing));
        }
        open.finish()
    }

    fn save(&self, state: &mut StateWriter) {
        self.write(state);
    }

    fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.read(state)
    }
}

#[cfg(test)]
mod tests;
