//! No window: groups for ever, of a stream or of a table.

use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;

use super::batch::Batch;
use super::function::per_slot::{check, fill, fill_with, grown, pick, pick_owned};
use super::function::{Arrivals, Ordinals, knows_rows_again};
use super::groups::Groups;
use super::keys::Keys;
use super::results::ResultRows;
use super::{AggregateSpec, IDLE, Ledger, Windows, stretches};
use crate::engine::{Dropped, Output, Rows, Sign, StateError, StateReader, StateWriter, Stop, store_cell};

/// Groups that never close.
pub(super) struct Whole {
    groups: Groups,
    /// Of a table: which groups have rows.
    live: Option<Live>,
    keys: Keys,
    numbers: Vec<u32>,
}

/// How many rows the groups of a table have.
#[derive(Debug, Default)]
struct Live {
    rows: Vec<u64>,
    /// How many groups have none.
    idle: usize,
    /// Whether the one group of all rows stays when it has none.
    stays: bool,
    /// For each group its rows, if a function must know them again when they are taken away.
    known: Option<Vec<Known>>,
    /// Bytes of all known rows.
    bytes: usize,
    emptied: Emptied,
}

/// Groups that the present event has left without rows. What it puts in again takes the place of what was there, so the
/// group goes on in its time. Events lie within a step, so nothing of this is saved.
#[derive(Debug, Default)]
struct Emptied {
    seq: u64,
    slots: HashSet<u32, FxBuildHasher>,
}

impl Emptied {
    /// Makes an event the present one.
    fn turn_to(&mut self, seq: u64) {
        if self.seq != seq {
            *self = Self { seq, slots: HashSet::default() };
        }
    }
}

/// Rows by what stands in them. Of equal rows the first that came is taken away.
type Known = HashMap<Box<[u8]>, Came, FxBuildHasher>;

/// When rows came: the time and the number of each.
type Came = Vec<(i64, u64)>;

/// The rows of a stretch that change something, and when each row of the batch came.
#[derive(Debug, Default)]
struct Changes {
    slots: Vec<u32>,
    rows: Vec<u32>,
    times: Vec<i64>,
    ordinals: Vec<u64>,
}

impl Whole {
    pub(super) fn new(spec: &AggregateSpec) -> Self {
        let knows = spec.calls.iter().any(|call| knows_rows_again(call.function));
        let known = knows.then(Vec::new);
        let live = spec.table_input.then(|| Live { stays: spec.by.is_empty(), known, ..Live::default() });
        Self { groups: Groups::new(spec), live, keys: Keys::default(), numbers: Vec::new() }
    }

    fn take_stream(&mut self, batch: &Batch, ledger: &mut Ledger) {
        let rows = self.keys.rows();
        if batch.is_any_amiss() {
            rows.iter().for_each(|&row| batch.count_amiss(row as usize, ledger));
        }
        self.groups.touch(&self.numbers, rows, None);
        self.groups.slots.note_times(&self.numbers, rows, &batch.rows.time_ms);
        self.groups.slots.take(batch, &self.numbers, rows, ledger);
    }

    /// Gives the changes of a batch.
    fn give_changes(
        &self,
        batch: &Batch,
        spec: &AggregateSpec,
        ledger: &mut Ledger,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let Some(touched) = &self.groups.touched else { return Ok(()) };
        let mut results = ResultRows::new(spec);
        for touch in touched.in_order() {
            let lives = self.live.as_ref().is_none_or(|live| live.has_row(&self.groups, touch.slot));
            let caused = (batch.rows.seq[touch.row as usize], self.groups.table.key(touch.slot));
            results.push_change(touched, &touch, &self.groups.slots, caused, lives.then_some(None));
            results.give_if_many(ledger, out)?;
        }
        results.give(ledger, out)
    }
}

impl Live {
    /// Whether there is a row for a group.
    fn has_row(&self, groups: &Groups, slot: u32) -> bool {
        self.rows[slot as usize] > 0 || self.stays && groups.slots.newest(slot) > i64::MIN
    }

    fn grow(&mut self, slots: usize) {
        self.idle += slots - self.rows.len();
        fill(&mut self.rows, slots, 0);
        if let Some(known) = &mut self.known {
            fill_with(known, slots, Known::default);
        }
    }

    /// Counts the rows of groups, and picks those that change something.
    fn count(
        &mut self,
        groups: &mut Groups,
        batch: &Batch,
        numbers: &[u32],
        rows: &[u32],
        ledger: &mut Ledger,
    ) -> Changes {
        self.grow(groups.len());
        let mut changes = Changes::default();
        if self.known.is_some() {
            (changes.times, changes.ordinals) = (batch.rows.time_ms.clone(), vec![0; batch.len()]);
        }
        for (&slot, &row) in numbers.iter().zip(rows) {
            if batch.rows.is_of_no_change(row as usize) {
                continue;
            }
            let (at, sign, time) = (row as usize, batch.rows.sign(row as usize), batch.rows.time_ms[row as usize]);
            let came = (time, batch.first_ordinal + u64::from(row));
            let Some((time_then, ordinal)) = self.recognise(batch, slot, at, sign, came) else {
                // It takes away what is not there.
                ledger.drop_row(Dropped::Unchanged, at);
                continue;
            };
            batch.count_amiss(at, ledger);
            if self.known.is_some() {
                (changes.times[at], changes.ordinals[at]) = (time_then, ordinal);
            }
            let given = (slot as usize) < groups.settled && self.has_row(groups, slot);
            if let Some(touched) = &mut groups.touched {
                touched.touch(&groups.slots, slot, row, || given.then_some(None));
            }
            self.emptied.turn_to(batch.rows.seq[at]);
            let count = &mut self.rows[slot as usize];
            // A group that had none begins anew.
            let is_new = *count == 0 && !self.stays && !self.emptied.slots.contains(&slot);
            let newest = if is_new { time } else { time.max(groups.slots.newest(slot)) };
            groups.slots.set_newest(slot, newest);
            match sign {
                Sign::Plus => {
                    self.idle -= usize::from(*count == 0);
                    *count += 1;
                }
                Sign::Minus => {
                    *count -= 1;
                    if *count == 0 {
                        self.idle += 1;
                        self.emptied.slots.insert(slot);
                    }
                }
            }
            changes.slots.push(slot);
            changes.rows.push(row);
        }
        changes
    }

    /// When a row came that is added or taken away; `None` if it is to be taken away and never came.
    fn recognise(&mut self, batch: &Batch, slot: u32, row: usize, sign: Sign, came: (i64, u64)) -> Option<(i64, u64)> {
        if sign == Sign::Minus && self.rows[slot as usize] == 0 {
            return None;
        }
        let Some(known) = &mut self.known else { return Some(came) };
        let known = &mut known[slot as usize];
        let mut bytes = Vec::new();
        batch.rows.columns.iter().for_each(|column| store_cell(&column.cell(row), &mut bytes));
        if sign == Sign::Plus {
            self.bytes += 16 + bytes.len();
            known.entry(bytes.into()).or_default().push(came);
            return Some(came);
        }
        let rows = known.get_mut(bytes.as_slice())?;
        let first = rows.remove(0);
        if rows.is_empty() {
            known.remove(bytes.as_slice());
        }
        self.bytes -= 16 + bytes.len();
        Some(first)
    }

    /// The groups that have rows or had some just now, if so many have none that the others are to be moved together.
    fn sweep(&mut self) -> Option<Vec<u32>> {
        if self.stays || self.idle < IDLE || self.idle * 2 < self.rows.len() {
            return None;
        }
        let is_kept = |slot: &u32| self.rows[*slot as usize] > 0 || self.emptied.slots.contains(slot);
        let kept: Vec<u32> = (0..self.rows.len() as u32).filter(is_kept).collect();
        self.rows = pick(&self.rows, &kept);
        self.emptied.slots = (0..kept.len() as u32).filter(|&slot| self.rows[slot as usize] == 0).collect();
        if let Some(known) = &mut self.known {
            *known = pick_owned(known, &kept);
        }
        self.idle = self.emptied.slots.len();
        Some(kept)
    }

    fn bytes(&self) -> usize {
        let known = self.known.as_ref().map_or(0, |known| {
            let rows: usize = known.iter().map(HashMap::len).sum();
            grown(known.len()) * size_of::<Known>() + rows * 72 + self.bytes
        });
        grown(self.rows.len()) * 8 + known + self.emptied.slots.capacity() * 5
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.rows);
        for known in self.known.iter().flatten() {
            let mut rows: Vec<(&[u8], &Came)> = known.iter().map(|(row, came)| (&**row, came)).collect();
            rows.sort_unstable();
            state.put(&rows);
        }
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.rows = state.take()?;
        check(self.rows.len() == slots)?;
        self.idle = self.rows.iter().filter(|&&rows| rows == 0).count();
        self.bytes = 0;
        if let Some(known) = &mut self.known {
            known.clear();
            for _ in 0..slots {
                let rows: Vec<(&[u8], Came)> = state.take()?;
                check(rows.iter().all(|(_, came)| !came.is_empty()))?;
                self.bytes += rows.iter().map(|(row, came)| (16 + row.len()) * came.len()).sum::<usize>();
                known.push(rows.into_iter().map(|(row, came)| (row.into(), came)).collect());
            }
        }
        Ok(())
    }
}

impl Windows for Whole {
    fn take(
        &mut self,
        batch: &Batch,
        spec: &AggregateSpec,
        ledger: &mut Ledger,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        for stretch in stretches(batch.len()) {
            out.check()?;
            self.keys.read(batch, stretch, ledger);
            self.groups.number(&self.keys, self.keys.rows(), &mut self.numbers);
            let Some(live) = &mut self.live else {
                self.take_stream(batch, ledger);
                continue;
            };
            let changes = live.count(&mut self.groups, batch, &self.numbers, self.keys.rows(), ledger);
            let arrivals = match live.known {
                None => Arrivals {
                    time_ms: &batch.rows.time_ms,
                    ordinals: Ordinals::From(batch.first_ordinal),
                    signs: &batch.rows.sign,
                },
                Some(_) => Arrivals {
                    time_ms: &changes.times,
                    ordinals: Ordinals::Each(&changes.ordinals),
                    signs: &batch.rows.sign,
                },
            };
            self.groups.slots.take_arrived(&batch.arguments, arrivals, &changes.slots, &changes.rows, ledger);
        }
        self.give_changes(batch, spec, ledger, out)?;
        self.groups.settle();
        if let Some(kept) = self.live.as_mut().and_then(Live::sweep) {
            self.groups.keep(&kept);
        }
        Ok(())
    }

    fn open_rows(&self, spec: &AggregateSpec, seq: u64) -> Rows {
        let mut results = ResultRows::new(spec);
        let mut slots = self.groups.in_order_of_keys();
        slots.retain(|&slot| self.live.as_ref().is_none_or(|live| live.has_row(&self.groups, slot)));
        self.groups.tell(&slots, seq, None, &mut results);
        results.finish(&mut 0)
    }

    fn open_windows(&self) -> usize {
        0
    }

    fn bytes(&self) -> usize {
        self.groups.bytes() + self.live.as_ref().map_or(0, Live::bytes)
    }

    fn save(&self, state: &mut StateWriter) {
        self.groups.save(state);
        if let Some(live) = &self.live {
            live.save(state);
        }
    }

    fn load(&mut self, spec: &AggregateSpec, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.groups = Groups::load(spec, state)?;
        let slots = self.groups.len();
        self.live.as_mut().map_or(Ok(()), |live| live.load(slots, state))
    }
}
