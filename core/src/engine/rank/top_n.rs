//! The first rows of each group in an order.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::order::{Ordered, Place, compare};
use super::sought::Sought;
use crate::codec::Cell;
use crate::engine::evaluated::Evaluated;
use crate::engine::key::NoKey;
use crate::engine::operator::{Aside, Dropped, Metrics, Operator, Output, StateError, StateReader, StateWriter, Stop};
use crate::engine::outgoing::{Half, OutgoingRows};
use crate::engine::recycled::RecycledKeys;
use crate::engine::rows::{Rows, Sign};
use crate::engine::stored::{ALLOCATION, StoredCells, store_cell, store_row, take_stored_row};
use crate::expr::Formula;

/// What the groups are, and the order in them.
#[derive(Debug, Clone)]
pub struct TopNSpec {
    /// What the groups are; nothing: all rows are one.
    pub by: Vec<Formula>,
    /// What rows are ordered by, most important first, and whether the largest comes first.
    pub order: Vec<(Formula, bool)>,
    /// How many rows of each group are in the result.
    pub n: u32,
    /// How many columns a row has.
    pub columns: usize,
    /// Whether the rows are a table's changelog, so that rows go again.
    pub table_input: bool,
}

/// Keeps the first rows of each group in an order: a table's changelog, of the same columns and the rank, an integer
/// from 1. A row of it is identified by its group and its rank.
///
/// - Null comes last, whichever way the order goes; of rows that are equal in it the one that came first is ahead. A row
///   of a table that changes comes anew.
/// - Each row, or each change of a table's row, gives at once what changes: of each rank at most one change, from the
///   first rank to the last. Its time is the later one of the change's and of the row that has the rank now, or that had it
///   where none has it any more.
/// - Of a stream the rows that are in the result are kept, of a table all.
/// - A row whose group is null, or can't be told, is dropped; so is one with a value in the order that can't be told.
pub fn top_n(spec: TopNSpec) -> Box<dyn Operator> {
    Box::new(TopN::new(spec))
}

#[derive(Debug)]
struct TopN {
    by: Vec<Formula>,
    order: Vec<Formula>,
    descending: Vec<bool>,
    n: usize,
    columns: usize,
    table_input: bool,
    keys: RecycledKeys,
    groups: Vec<BTreeMap<Place, Ranked>>,
    /// Of a table's rows: where each stands.
    sought: Sought,
    arrivals: u64,
    rows: usize,
    /// Bytes of memory of the rows' values and places.
    row_bytes: usize,
    changes: OutgoingRows,
    metrics: Metrics,
    aside: Aside,
    key: Vec<u8>,
    values: Vec<u8>,
}

/// A row of a group.
#[derive(Debug)]
struct Ranked {
    time_ms: i64,
    values: Box<[u8]>,
}

/// A change of a group: a row that goes, one that comes, or both.
#[derive(Debug, Default)]
struct Change {
    goes: Option<Place>,
    comes: Option<(Place, Ranked)>,
}

/// What a batch's rows are grouped and ordered by.
struct Worked {
    groups: Evaluated,
    order: Evaluated,
}

impl TopN {
    fn new(spec: TopNSpec) -> Self {
        let (order, descending) = spec.order.into_iter().unzip();
        Self {
            by: spec.by,
            order,
            descending,
            n: spec.n as usize,
            columns: spec.columns,
            table_input: spec.table_input,
            keys: RecycledKeys::default(),
            groups: Vec::new(),
            sought: Sought::default(),
            arrivals: 0,
            rows: 0,
            row_bytes: 0,
            changes: OutgoingRows::new(spec.columns, 1, true),
            metrics: Metrics::default(),
            aside: Aside::default(),
            key: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Takes a row, and the next one too if the two are one change of a group; tells how many it took.
    fn take(&mut self, batch: &Rows, worked: &Worked, row: usize, out: &mut Output<'_>) -> Result<usize, Stop> {
        let taken = if self.is_pair(batch, worked, row) { 2 } else { 1 };
        if batch.is_unchanged(row) {
            self.metrics.rows_in += 2;
            self.metrics.stream_time_ms = self.metrics.stream_time_ms.max(Some(batch.time_ms[row]));
            return Ok(2);
        }
        let mut change = Change::default();
        let mut group = None;
        for row in row..row + taken {
            self.metrics.rows_in += 1;
            self.metrics.stream_time_ms = self.metrics.stream_time_ms.max(Some(batch.time_ms[row]));
            let Some(number) = self.group(batch, worked, row)? else { continue };
            group = Some(number);
            if self.is_beyond(number, worked, row) {
                continue;
            }
            let place = self.place(worked, row);
            self.values.clear();
            store_row(batch, row, &mut self.values);
            if batch.sign(row) == Sign::Minus {
                change.goes = self.find(number, place);
            } else {
                let ranked = Ranked { time_ms: batch.time_ms[row], values: self.values.as_slice().into() };
                change.comes = Some((place, ranked));
            }
        }
        if let Some(group) = group {
            self.change(group, change, batch.seq[row], batch.time_ms[row], out)?;
        }
        Ok(taken)
    }

    fn is_pair(&self, batch: &Rows, worked: &Worked, row: usize) -> bool {
        let next = row + 1;
        self.table_input
            && next < batch.len()
            && (batch.sign(row), batch.sign(next)) == (Sign::Minus, Sign::Plus)
            && batch.seq[row] == batch.seq[next]
            && worked.groups.same_key(row, next)
    }

    /// A row's group; `None` if it has no place in any.
    fn group(&mut self, batch: &Rows, worked: &Worked, row: usize) -> Result<Option<u32>, Stop> {
        let failed = worked.order.columns().iter().any(|column| matches!(column.cell(row), Cell::Failed(_)));
        let why = match worked.groups.key(row, &mut self.key) {
            Ok(()) if !failed => {
                let (number, _) = self.keys.insert(&self.key)?;
                self.groups.resize_with(self.keys.numbers(), BTreeMap::default);
                return Ok(Some(number));
            }
            Err(NoKey::Null) => Dropped::NullKey,
            Ok(()) | Err(NoKey::Failed(_)) => Dropped::FailedKey,
        };
        // A row that goes was not taken when it came.
        if batch.sign(row) == Sign::Plus {
            self.metrics.drop_row(why);
            if why == Dropped::FailedKey {
                let now_ms = self.metrics.stream_time_ms.unwrap_or(batch.time_ms[row]);
                self.aside.keep(why, batch, row, now_ms);
            }
        }
        Ok(None)
    }

    /// Whether a stream's row comes after all that its group has room for.
    fn is_beyond(&self, group: u32, worked: &Worked, row: usize) -> bool {
        let rows = &self.groups[group as usize];
        if self.table_input || rows.len() < self.n {
            return false;
        }
        let Some((last, _)) = rows.last_key_value() else { return true };
        let values = worked.order.columns().iter().map(|column| column.cell(row));
        let order = values.zip(&last.by).map(|(value, last)| compare(&value, &last.value, last.descending));
        // It came last, so it is behind those that are equal.
        !order.into_iter().find(|order| order.is_ne()).is_some_and(Ordering::is_lt)
    }

    fn place(&self, worked: &Worked, row: usize) -> Place {
        let columns = worked.order.columns().iter().zip(&self.descending);
        let by = columns
            .map(|(column, descending)| Ordered { value: column.cell(row).into_owned(), descending: *descending })
            .collect();
        Place { by, arrival: self.arrivals }
    }

    /// Where the row that has these values stands: of several that are the same, the one that came first.
    fn find(&self, group: u32, mut place: Place) -> Option<Place> {
        let rows = &self.groups[group as usize];
        let mut first: Option<u64> = None;
        for arrival in self.sought.candidates(group, &self.values) {
            place.arrival = arrival;
            if rows.get(&place).is_some_and(|row| *row.values == *self.values) {
                first = Some(first.map_or(arrival, |first| first.min(arrival)));
            }
        }
        Some(Place { arrival: first?, ..place })
    }

    fn change(&mut self, group: u32, change: Change, seq: u64, time_ms: i64, out: &mut Output<'_>) -> Result<(), Stop> {
        let n = self.n;
        let rank_of = |rows: &BTreeMap<Place, Ranked>, place: &Place| rows.range(..place).take(n).count();
        let rows = &mut self.groups[group as usize];
        let (mut old_rank, mut new_rank) = (n, n);
        let gone = change.goes.and_then(|place| {
            old_rank = rank_of(rows, &place);
            rows.remove_entry(&place)
        });
        if let Some((place, _)) = &change.comes {
            new_rank = rank_of(rows, place);
        }
        let shift = Shift {
            old: gone.as_ref().map(|(_, row)| (old_rank, row)),
            new: change.comes.as_ref().map(|(_, row)| (new_rank, row)),
            n,
        };
        shift.give(rows, seq, time_ms, &mut self.changes, out)?;
        if let Some((place, row)) = gone {
            self.row_bytes -= bytes_of(&place, &row);
            self.rows -= 1;
            self.sought.remove(group, &row.values, place.arrival);
        }
        if let Some((place, row)) = change.comes {
            self.keep(group, place, row);
            self.arrivals += 1;
        }
        if self.groups[group as usize].is_empty() {
            self.keys.remove(group);
        }
        Ok(())
    }

    fn keep(&mut self, group: u32, place: Place, row: Ranked) {
        self.row_bytes += bytes_of(&place, &row);
        self.rows += 1;
        let rows = &mut self.groups[group as usize];
        if self.table_input {
            self.sought.insert(group, &row.values, place.arrival);
        }
        rows.insert(place, row);
        if !self.table_input
            && rows.len() > self.n
            && let Some((place, row)) = rows.pop_last()
        {
            self.row_bytes -= bytes_of(&place, &row);
            self.rows -= 1;
        }
    }
}

fn bytes_of(place: &Place, row: &Ranked) -> usize {
    place.heap_bytes() + row.values.len() + 2 * ALLOCATION
}

/// How ranks move when a row goes and another one comes.
struct Shift<'s> {
    /// The row that goes with its rank, from 0, before.
    old: Option<(usize, &'s Ranked)>,
    /// The row that comes with its rank after.
    new: Option<(usize, &'s Ranked)>,
    n: usize,
}

impl Shift<'_> {
    /// Gives what changes, where `rows` are those that stay.
    fn give(
        &self,
        rows: &BTreeMap<Place, Ranked>,
        seq: u64,
        time_ms: i64,
        changes: &mut OutgoingRows,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let ranks = [self.old, self.new].into_iter().flatten().map(|(rank, _)| rank);
        let Some(first) = ranks.min().filter(|first| *first < self.n) else { return Ok(()) };
        let last = match (self.old, self.new) {
            (Some((old, _)), Some((new, _))) => old.max(new).min(self.n - 1),
            _ => self.n - 1,
        };
        let stay: Vec<&Ranked> = rows.values().skip(first).take(last + 1 - first).collect();
        for rank in first..=last {
            let (before, after) = (row_at(&stay, first, self.old, rank), row_at(&stay, first, self.new, rank));
            if before.is_none() && after.is_none() {
                break;
            }
            if let (Some(before), Some(after)) = (before, after)
                && before.values == after.values
            {
                continue;
            }
            let time_ms = after.or(before).map_or(time_ms, |row| time_ms.max(row.time_ms));
            let place = Half::Int(rank as i64 + 1);
            if let Some(before) = before {
                changes.push(seq, time_ms, Sign::Minus, [Half::Stored(&before.values), place]);
            }
            if let Some(after) = after {
                changes.push(seq, time_ms, Sign::Plus, [Half::Stored(&after.values), place]);
            }
            changes.give_many(out)?;
        }
        Ok(())
    }
}

/// The row at a rank among those that stay, of which those from rank `first` on are in `stay`, and one more.
fn row_at<'r>(stay: &[&'r Ranked], first: usize, one: Option<(usize, &'r Ranked)>, rank: usize) -> Option<&'r Ranked> {
    match one {
        Some((at, row)) if rank == at => Some(row),
        Some((at, _)) if rank > at => stay.get(rank - 1 - first).copied(),
        _ => stay.get(rank - first).copied(),
    }
}

impl Operator for TopN {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        for batch in inputs {
            let mismatched = &mut self.metrics.mismatched;
            let worked = Worked {
                groups: Evaluated::of(&self.by, &batch, mismatched),
                order: Evaluated::of(&self.order, &batch, mismatched),
            };
            let mut row = 0;
            while row < batch.len() {
                if row % 128 < 2 {
                    out.check()?;
                }
                row += self.take(&batch, &worked, row, out)?;
            }
        }
        self.changes.give(out)
    }

    fn metrics(&self) -> Metrics {
        // A node of a tree has room for 11 rows, and is about two thirds full.
        let nodes = self.rows * (size_of::<Place>() + size_of::<Ranked>()) * 3 / 2;
        let groups = self.groups.len() * size_of::<BTreeMap<Place, Ranked>>() + self.keys.bytes();
        Metrics {
            rows_out: self.changes.given(),
            state_bytes: (nodes + groups + self.row_bytes + self.sought.memory()) as u64,
            ..self.metrics.clone()
        }
    }

    fn aside(&self) -> Option<&Aside> {
        Some(&self.aside)
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.metrics);
        state.put(&(self.changes.given(), self.arrivals));
        self.aside.save(state);
        state.put(&self.keys.len());
        let mut order = Vec::new();
        for (number, key) in self.keys.iter() {
            state.put_bytes(key);
            let rows = &self.groups[number as usize];
            state.put(&rows.len());
            for (place, row) in rows {
                order.clear();
                place.by.iter().for_each(|ordered| store_cell(&ordered.value, &mut order));
                state.put(&(place.arrival, row.time_ms));
                state.put_bytes(&order);
                state.put_bytes(&row.values);
            }
        }
    }

    fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.metrics = state.take()?;
        let (given, arrivals) = state.take::<(u64, u64)>()?;
        self.changes.set_given(given);
        self.aside.load(state)?;
        (self.keys, self.sought) = (RecycledKeys::default(), Sought::default());
        self.groups.clear();
        (self.rows, self.row_bytes, self.arrivals) = (0, 0, arrivals);
        for _ in 0..state.take::<usize>()? {
            let (group, _) = self.keys.insert(state.take()?).map_err(|stop| StateError(stop.to_string()))?;
            self.groups.resize_with(self.keys.numbers(), BTreeMap::default);
            for _ in 0..state.take::<usize>()? {
                let (arrival, time_ms) = state.take::<(u64, i64)>()?;
                let mut order = StoredCells::new(take_stored_row(state, self.descending.len())?);
                let values: Box<[u8]> = take_stored_row(state, self.columns)?.into();
                let ordered = |descending: &bool| {
                    order.take().map(|value| Ordered { value: value.into_owned(), descending: *descending })
                };
                let by = self.descending.iter().map(ordered).collect::<Result<_, _>>()?;
                self.keep(group, Place { by, arrival }, Ranked { time_ms, values });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
