//! Two tables joined where what they are joined on is equal.

use super::merged::{Merged, both};
use super::table_rows::{Chain, TableRows};
use crate::engine::evaluated::Evaluated;
use crate::engine::key::{NoKey, write_identity};
use crate::engine::operator::{
    Aside, AsideRow, Dropped, Metrics, Operator, Output, StateError, StateReader, StateWriter, Stop,
};
use crate::engine::outgoing::{Half, OutgoingRows};
use crate::engine::recycled::RecycledKeys;
use crate::engine::rows::{Rows, Sign};
use crate::engine::stored::store_row;
use crate::expr::Formula;
use crate::pipeline::JoinHow;

/// How two tables are joined.
#[derive(Debug, Clone)]
pub struct TableJoinSpec {
    /// What becomes of rows without a partner.
    pub how: JoinHow,
    /// What a left row is joined on.
    pub left_on: Vec<Formula>,
    /// What a right row is joined on; as many parts as of a left one.
    pub right_on: Vec<Formula>,
    /// The columns that identify a row of the left table; a null among them is a value like any other.
    pub left_id: Vec<usize>,
    /// The columns that identify a row of the right table.
    pub right_id: Vec<usize>,
    /// How many columns a left row has.
    pub left_columns: usize,
    /// How many columns a right row has.
    pub right_columns: usize,
}

/// Joins two tables: a left row's columns and then a right row's, a table's changelog.
///
/// - The result is at any moment the join of the two tables as they stand, whatever is joined on (keys with keys, a
///   foreign key with a key, anything with anything): every pair of a left and a right row whose values are equal,
///   and, where a side is kept (left, right, full), its rows without a partner with nulls. Null equals nothing.
/// - A row of it is identified by what identifies its left row and its right row together, null where there is none.
/// - Each change of either table gives its changes at once, at most one of each row of the result: the row that goes, and
///   directly after it what takes its place. Its time is the later one of the change's and of the other side's row; that
///   of a row that goes too. Where a changed row had one row in the result and has one again, the other side not being
///   kept, these two are a pair of one time, although the partner is another one.
/// - Partners are given in the order in which they came to have what they are joined on.
/// - A row whose key is null is dropped by a side that is not kept; one whose key can't be told by any side.
///
/// Rows that were set aside stand in the columns of the output, the other side's missing.
pub fn join_tables(spec: TableJoinSpec) -> Box<dyn Operator> {
    Box::new(TableJoin::new(spec))
}

#[derive(Debug)]
pub(super) struct Side {
    on: Vec<Formula>,
    id: Vec<usize>,
    pub(super) columns: usize,
    /// Whether rows without a partner are in the result.
    pub(super) kept: bool,
    pub(super) rows: TableRows,
}

#[derive(Debug)]
pub(super) struct TableJoin {
    pub(super) sides: [Side; 2],
    /// What rows are joined on.
    pub(super) keys: RecycledKeys,
    /// For each key the rows of each side.
    pub(super) chains: Vec<[Chain; 2]>,
    pub(super) joined: OutgoingRows,
    pub(super) metrics: Metrics,
    pub(super) aside: Aside,
    key: Vec<u8>,
    id: Vec<u8>,
    next_id: Vec<u8>,
    values: Vec<u8>,
}

/// A change of a row of one side.
#[derive(Debug, Clone, Copy)]
struct Change {
    side: usize,
    seq: u64,
    time_ms: i64,
}

/// A row of the changed side before a change, or after it.
#[derive(Debug, Clone, Copy)]
struct State<'s> {
    values: &'s [u8],
    /// The other side's rows that it is joined with.
    partners: Chain,
    /// Whether no other row of its side is joined with those.
    alone: bool,
}

impl TableJoin {
    fn new(spec: TableJoinSpec) -> Self {
        let side = |on, id, columns, kept| Side { on, id, columns, kept, rows: TableRows::default() };
        Self {
            sides: [
                side(spec.left_on, spec.left_id, spec.left_columns, spec.how.keeps_left()),
                side(spec.right_on, spec.right_id, spec.right_columns, spec.how.keeps_right()),
            ],
            keys: RecycledKeys::default(),
            chains: Vec::new(),
            joined: OutgoingRows::new(spec.left_columns, spec.right_columns, true),
            metrics: Metrics::default(),
            aside: Aside::default(),
            key: Vec::new(),
            id: Vec::new(),
            next_id: Vec::new(),
            values: Vec::new(),
        }
    }

    fn take(
        &mut self,
        side: usize,
        batch: &Rows,
        keys: &Evaluated,
        row: usize,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let time_ms = batch.time_ms[row];
        self.metrics.rows_in += 1;
        self.metrics.stream_time_ms = self.metrics.stream_time_ms.max(Some(time_ms));
        self.id.clear();
        write_identity(batch, &self.sides[side].id, row, &mut self.id);
        if batch.sign(row) == Sign::Minus && self.makes_room(side, batch, row) {
            return Ok(());
        }
        let change = Change { side, seq: batch.seq[row], time_ms };
        if batch.sign(row) == Sign::Plus && self.has_place(side, batch, keys, row) {
            self.values.clear();
            store_row(batch, row, &mut self.values);
            let key = if self.key.is_empty() { None } else { Some(self.keys.insert(&self.key)?.0) };
            self.chains.resize_with(self.keys.numbers(), Default::default);
            self.put(change, key, out)
        } else {
            self.remove(change, out)
        }
    }

    /// Whether the next row takes the place of this one, which is in `self.id`.
    fn makes_room(&mut self, side: usize, batch: &Rows, row: usize) -> bool {
        let next = row + 1;
        if next >= batch.len() || batch.sign(next) == Sign::Minus || batch.seq[next] != batch.seq[row] {
            return false;
        }
        self.next_id.clear();
        write_identity(batch, &self.sides[side].id, next, &mut self.next_id);
        self.next_id == self.id
    }

    /// Whether a row can be in the result. What it is joined on is in `self.key` then; nothing if that is null.
    fn has_place(&mut self, side: usize, batch: &Rows, keys: &Evaluated, row: usize) -> bool {
        let why = match keys.key(row, &mut self.key) {
            Ok(()) => return true,
            Err(NoKey::Null) if self.sides[side].kept => {
                self.key.clear();
                return true;
            }
            Err(NoKey::Null) => Dropped::NullKey,
            Err(NoKey::Failed(_)) => Dropped::FailedKey,
        };
        self.metrics.drop_row(why);
        if why == Dropped::FailedKey {
            let columns = [self.sides[0].columns, self.sides[1].columns];
            let now_ms = self.metrics.stream_time_ms.unwrap_or(batch.time_ms[row]);
            self.aside.keep_row(AsideRow::of_half(why, batch, row, now_ms, side, columns));
        }
        false
    }

    /// A row comes, or takes the place of another one with the same identity.
    fn put(&mut self, change: Change, key: Option<u32>, out: &mut Output<'_>) -> Result<(), Stop> {
        let side = change.side;
        let (row, old_values) = self.sides[side].rows.put(&self.id, change.time_ms, &self.values)?;
        let old_key = self.sides[side].rows.key(row);
        let new_values = std::mem::take(&mut self.values);
        match &old_values {
            Some(old) if old_key == key => {
                if **old != *new_values {
                    self.give_other_values(change, self.partners(side, key), [old, &new_values], out)?;
                }
            }
            old => {
                let old_alone = self.unlink(side, row, old_key);
                let new_alone = self.link(side, row, key);
                let before = old.as_deref().map(|values| State {
                    values,
                    partners: self.partners(side, old_key),
                    alone: old_alone,
                });
                let after = State { values: &new_values, partners: self.partners(side, key), alone: new_alone };
                self.give_other_partners(change, before, Some(after), out)?;
                self.forget_key(old_key);
            }
        }
        self.values = new_values;
        Ok(())
    }

    /// The row of `self.id` goes, if it is there.
    fn remove(&mut self, change: Change, out: &mut Output<'_>) -> Result<(), Stop> {
        let side = change.side;
        let Some(row) = self.sides[side].rows.find(&self.id) else { return Ok(()) };
        let key = self.sides[side].rows.key(row);
        let alone = self.unlink(side, row, key);
        let values = self.sides[side].rows.remove(row);
        let before = State { values: &values, partners: self.partners(side, key), alone };
        self.give_other_partners(change, Some(before), None, out)?;
        self.forget_key(key);
        Ok(())
    }

    /// The rows that a row of a side with some key is joined with.
    fn partners(&self, side: usize, key: Option<u32>) -> Chain {
        key.map_or(Chain::default(), |key| self.chains[key as usize][1 - side])
    }

    /// Takes a row from those of its key; tells whether none is left.
    fn unlink(&mut self, side: usize, row: u32, key: Option<u32>) -> bool {
        let Some(key) = key else { return false };
        let chain = &mut self.chains[key as usize][side];
        self.sides[side].rows.unlink(row, chain);
        chain.is_empty()
    }

    /// Adds a row to those of a key; tells whether it is the only one.
    pub(super) fn link(&mut self, side: usize, row: u32, key: Option<u32>) -> bool {
        let Some(key) = key else { return false };
        let chain = &mut self.chains[key as usize][side];
        self.sides[side].rows.link(row, key, chain);
        chain.len() == 1
    }

    fn forget_key(&mut self, key: Option<u32>) {
        if let Some(key) = key
            && self.chains[key as usize].iter().all(Chain::is_empty)
        {
            self.keys.remove(key);
        }
    }

    /// Gives what changes when a row has other values and the same partners.
    fn give_other_values(
        &mut self,
        change: Change,
        partners: Chain,
        [old, new]: [&[u8]; 2],
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let Self { sides, joined, .. } = self;
        let mut writer = Writer { change, joined };
        for partner in sides[1 - change.side].rows.of_chain(partners) {
            let rows = &sides[1 - change.side].rows;
            let (time_ms, other) = (change.time_ms.max(rows.time_ms(partner)), Half::Stored(rows.values(partner)));
            writer.push(Sign::Minus, time_ms, Half::Stored(old), other);
            writer.push(Sign::Plus, time_ms, Half::Stored(new), other);
            writer.joined.give_many(out)?;
        }
        if partners.is_empty() && sides[change.side].kept {
            writer.push(Sign::Minus, change.time_ms, Half::Stored(old), Half::Nothing);
            writer.push(Sign::Plus, change.time_ms, Half::Stored(new), Half::Nothing);
        }
        Ok(())
    }

    /// Gives what changes when a row comes, goes, or has other partners.
    fn give_other_partners(
        &mut self,
        change: Change,
        before: Option<State<'_>>,
        after: Option<State<'_>>,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let Self { sides, joined, .. } = self;
        let (this, other) = (&sides[change.side], &sides[1 - change.side]);
        let mut writer = Writer { change, joined };
        let time_with = |partner: u32| change.time_ms.max(other.rows.time_ms(partner));
        let rows_of = |state: Option<State<'_>>| match state {
            Some(state) if state.partners.is_empty() => usize::from(this.kept),
            Some(state) => state.partners.len(),
            None => 0,
        };
        let one_for_one = !other.kept && rows_of(before) == 1 && rows_of(after) == 1;
        let common_time = after
            .filter(|_| one_for_one)
            .map(|after| other.rows.of_chain(after.partners).next().map_or(change.time_ms, time_with));
        if let Some(before) = before {
            let values = Half::Stored(before.values);
            for partner in other.rows.of_chain(before.partners) {
                let half = Half::Stored(other.rows.values(partner));
                let time_ms = common_time.unwrap_or(time_with(partner));
                writer.push(Sign::Minus, time_ms, values, half);
                if other.kept && before.alone {
                    writer.push(Sign::Plus, time_ms, Half::Nothing, half);
                }
                if !one_for_one {
                    writer.joined.give_many(out)?;
                }
            }
            if before.partners.is_empty() && this.kept {
                writer.push(Sign::Minus, common_time.unwrap_or(change.time_ms), values, Half::Nothing);
            }
        }
        if let Some(after) = after {
            let values = Half::Stored(after.values);
            for partner in other.rows.of_chain(after.partners) {
                let half = Half::Stored(other.rows.values(partner));
                if other.kept && after.alone {
                    writer.push(Sign::Minus, time_with(partner), Half::Nothing, half);
                }
                writer.push(Sign::Plus, time_with(partner), values, half);
                writer.joined.give_many(out)?;
            }
            if after.partners.is_empty() && this.kept {
                writer.push(Sign::Plus, change.time_ms, values, Half::Nothing);
            }
        }
        Ok(())
    }
}

/// Writes the changes that one change causes.
struct Writer<'w> {
    change: Change,
    joined: &'w mut OutgoingRows,
}

impl Writer<'_> {
    /// A row of the result goes or comes: its half of the changed side, and its other half.
    fn push(&mut self, sign: Sign, time_ms: i64, this: Half<'_>, other: Half<'_>) {
        let halves = if self.change.side == 0 { [this, other] } else { [other, this] };
        self.joined.push(self.change.seq, time_ms, sign, halves);
    }
}

impl Operator for TableJoin {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        let inputs = both(inputs);
        let mut mismatched = 0;
        let keys = [0, 1].map(|side: usize| Evaluated::of(&self.sides[side].on, &inputs[side], &mut mismatched));
        self.metrics.mismatched += mismatched;
        let mut merged = Merged::new();
        while let Some((side, row)) = merged.next(&inputs) {
            if row % 1024 == 0 {
                out.check()?;
            }
            self.take(side, &inputs[side], &keys[side], row, out)?;
            self.joined.give_many(out)?;
        }
        self.joined.give(out)
    }

    fn metrics(&self) -> Metrics {
        let sides: usize = self.sides.iter().map(|side| side.rows.memory()).sum();
        let keys = self.keys.bytes() + self.chains.len() * size_of::<[Chain; 2]>();
        Metrics { rows_out: self.joined.given(), state_bytes: (sides + keys) as u64, ..self.metrics.clone() }
    }

    fn aside(&self) -> Option<&Aside> {
        Some(&self.aside)
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
