//! Session windows: rows of a key that follow each other within a gap; from the first row's time to the last's, both
//! inclusive.
//!
//! A row joins the open sessions that lie within the gap of it, of which there are at most two, and makes them one. The
//! session that it would then be in must not be closed: `end >= T - grace - gap`, where T is the stream time of the row.
//! A session is closed strictly after that, and then is no more: a later row within its gap begins a session of its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::batch::Batch;
use super::function::per_slot::{as_many, check, fill, grown};
use super::groups::{load_keys, save_keys};
use super::keys::Keys;
use super::results::{Head, ResultRows};
use super::slots::Slots;
use super::touched::{Bounds, Touched};
use super::{AggregateSpec, IDLE, Ledger, NONE, STRETCH, Windows, stretches};
use crate::engine::{KeyTable, Missed, Output, Rows, Sign, StateError, StateReader, StateWriter, Stop, hash_key};
use crate::pipeline::Emit;

/// The open sessions of every key. Each has a slot; the largest time in it is its end.
pub(super) struct Sessions {
    gap: i64,
    table: KeyTable,
    /// For each key its session with the latest start.
    heads: Vec<u32>,
    /// For each slot its key; no key if the session is closed or became part of another.
    key: Vec<u32>,
    start: Vec<i64>,
    /// For each slot its key's session before it.
    earlier: Vec<u32>,
    slots: Slots,
    touched: Option<Touched>,
    /// How many slots there were before this batch.
    settled: usize,
    /// How many slots hold no session.
    idle: usize,
    /// Each session by an end that it had; it may have moved on since.
    closing: BinaryHeap<Reverse<(i64, u32)>>,
    keys: Keys,
    numbers: Vec<u32>,
    pending: Pending,
}

/// Rows that have their slots but were not yet taken in.
#[derive(Debug, Default)]
struct Pending {
    slots: Vec<u32>,
    rows: Vec<u32>,
}

/// Where a row belongs.
enum Place {
    /// Its session would be closed.
    Late,
    /// It begins a session, which comes behind this one in its key's list (the later ones come first).
    New(u32),
    /// It belongs to a session.
    Into(u32),
    /// It makes one of the two: the later and the earlier.
    Both(u32, u32),
}

impl Sessions {
    pub(super) fn new(spec: &AggregateSpec, gap: i64) -> Self {
        Self::of(spec, gap, KeyTable::default(), Slots::new(spec))
    }

    /// Sessions of some keys, none of which is linked yet.
    fn of(spec: &AggregateSpec, gap: i64, table: KeyTable, slots: Slots) -> Self {
        Self {
            gap,
            heads: vec![NONE; table.len()],
            table,
            key: Vec::new(),
            start: Vec::new(),
            earlier: Vec::new(),
            touched: (spec.emit == Emit::Updates).then(|| Touched::new(spec.calls.len())),
            settled: slots.len(),
            slots,
            idle: 0,
            closing: BinaryHeap::new(),
            keys: Keys::default(),
            numbers: Vec::new(),
            pending: Pending::default(),
        }
    }

    /// Sessions that end before this are closed.
    fn closes(&self, stream_time: i64, spec: &AggregateSpec) -> i64 {
        stream_time.saturating_sub(spec.grace_ms).saturating_sub(self.gap)
    }

    /// A session's first and last time.
    fn bounds(&self, slot: u32) -> Bounds {
        Some((self.start[slot as usize], self.slots.newest(slot)))
    }

    /// Where a row of a key belongs, when sessions that end before `closes` are closed.
    fn place(&mut self, number: u32, time: i64, closes: i64) -> Place {
        let mut behind = NONE;
        let mut next = self.heads[number as usize];
        while next != NONE && self.start[next as usize] > time.saturating_add(self.gap) {
            (behind, next) = (next, self.earlier[next as usize]);
        }
        let joins = |slot: u32| {
            let end = if slot == NONE { i64::MIN } else { self.slots.newest(slot) };
            slot != NONE && end >= closes && end >= time.saturating_sub(self.gap)
        };
        if joins(next) {
            let before = self.earlier[next as usize];
            return if joins(before) { Place::Both(next, before) } else { Place::Into(next) };
        }
        if next != NONE && self.slots.newest(next) < closes {
            // So are all that are earlier still.
            self.link(behind, number, NONE);
        }
        if time < closes { Place::Late } else { Place::New(behind) }
    }

    /// Makes a session follow another in a key's list, or be its first.
    fn link(&mut self, behind: u32, number: u32, slot: u32) {
        match behind {
            NONE => self.heads[number as usize] = slot,
            behind => self.earlier[behind as usize] = slot,
        }
    }

    /// Begins a session.
    fn begin(&mut self, number: u32, time: i64, behind: u32) -> u32 {
        let slot = self.start.len() as u32;
        let earlier = if behind == NONE { self.heads[number as usize] } else { self.earlier[behind as usize] };
        self.key.push(number);
        self.start.push(time);
        self.earlier.push(earlier);
        self.slots.grow(self.start.len());
        self.slots.set_newest(slot, time);
        self.link(behind, number, slot);
        self.closing.push(Reverse((time, slot)));
        slot
    }

    /// Notes that a row is about to change a session.
    fn touch(&mut self, slot: u32, row: u32) {
        let bounds = self.bounds(slot);
        if let Some(touched) = &mut self.touched {
            touched.touch(&self.slots, slot, row, || ((slot as usize) < self.settled).then_some(bounds));
        }
    }

    fn take_stretch(&mut self, batch: &Batch, spec: &AggregateSpec, ledger: &mut Ledger) {
        self.numbers.clear();
        self.table.insert_each(self.keys.rows().iter().map(|&row| self.keys.of(row)), &mut self.numbers);
        fill(&mut self.heads, self.table.len(), NONE);
        for at in 0..self.numbers.len() {
            self.take_row(batch, self.keys.rows()[at], self.numbers[at], spec, ledger);
        }
        self.flush(batch, ledger);
    }

    fn take_row(&mut self, batch: &Batch, row: u32, number: u32, spec: &AggregateSpec, ledger: &mut Ledger) {
        let at = row as usize;
        let time = batch.rows.time_ms[at];
        let closes = self.closes(batch.stream_time[at], spec);
        let slot = match self.place(number, time, closes) {
            Place::Late => {
                // It would have been a session by itself.
                let (first_ms, late_by_ms) = ((time, time), closes.saturating_sub(time));
                return ledger.drop_late(at, Missed { first_ms, last_ms: first_ms, late_by_ms });
            }
            Place::New(behind) => {
                let slot = self.begin(number, time, behind);
                self.touch(slot, row);
                slot
            }
            Place::Into(slot) => {
                self.touch(slot, row);
                slot
            }
            Place::Both(later, before) => {
                self.touch(later, row);
                self.touch(before, row);
                self.flush(batch, ledger);
                self.merge(later, before);
                later
            }
        };
        if batch.is_any_amiss() {
            batch.count_amiss(at, ledger);
        }
        let start = &mut self.start[slot as usize];
        *start = (*start).min(time);
        self.slots.set_newest(slot, self.slots.newest(slot).max(time));
        self.pending.slots.push(slot);
        self.pending.rows.push(row);
    }

    /// Makes a session part of the one after it.
    fn merge(&mut self, later: u32, before: u32) {
        self.slots.merge(later, before);
        if let Some(touched) = &mut self.touched {
            touched.merge(later, before);
        }
        let (a, b) = (later as usize, before as usize);
        self.start[a] = self.start[a].min(self.start[b]);
        self.earlier[a] = self.earlier[b];
        self.key[b] = NONE;
        self.idle += 1;
    }

    /// Takes in the rows that have their slots.
    fn flush(&mut self, batch: &Batch, ledger: &mut Ledger) {
        self.slots.take(batch, &self.pending.slots, &self.pending.rows, ledger);
        self.pending.slots.clear();
        self.pending.rows.clear();
    }

    /// Ends the sessions that are closed at a stream time, and gives their slots with their keys.
    fn close(&mut self, closes: i64) -> Vec<(u32, u32)> {
        let mut closed = Vec::new();
        while let Some(&Reverse((end, slot))) = self.closing.peek().filter(|first| first.0.0 < closes) {
            self.closing.pop();
            if end < self.slots.newest(slot) && self.key[slot as usize] != NONE {
                self.closing.push(Reverse((self.slots.newest(slot), slot)));
            } else if self.key[slot as usize] != NONE {
                closed.push((slot, std::mem::replace(&mut self.key[slot as usize], NONE)));
            }
        }
        self.idle += closed.len();
        closed
    }

    /// Gives the sessions that some rows closed: in the order of those rows, then by end, start and key.
    fn give_closed(
        &mut self,
        batch: &Batch,
        stretch: std::ops::Range<usize>,
        spec: &AggregateSpec,
        ledger: &mut Ledger,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let Some(last) = stretch.clone().last() else { return Ok(()) };
        let closed = self.close(self.closes(batch.stream_time[last], spec));
        let closing_row = |end: i64| {
            let times = &batch.stream_time[stretch.clone()];
            stretch.start + times.partition_point(|&time| self.closes(time, spec) <= end)
        };
        let mut results = ResultRows::new(spec);
        let mut order: Vec<_> = closed
            .into_iter()
            .map(|(slot, number)| {
                (closing_row(self.slots.newest(slot)), self.slots.newest(slot), self.start[slot as usize], number, slot)
            })
            .collect();
        let head = |&(row, end, start, ..): &(usize, i64, i64, u32, u32)| (row, end, start);
        order.sort_unstable_by(|a, b| head(a).cmp(&head(b)).then_with(|| self.table.key(a.3).cmp(self.table.key(b.3))));
        for some in order.chunks(STRETCH) {
            let head = |&(row, end, start, number, slot): &(usize, i64, i64, u32, u32)| {
                let (seq, key) = (batch.rows.seq[row.min(last)], self.table.key(number));
                (slot, Head { seq, time_ms: end, sign: Sign::Plus, key, bounds: Some((start, end)) })
            };
            results.push_slots(&self.slots, some.iter().map(head));
            results.give_if_many(ledger, out)?;
        }
        results.give(ledger, out)
    }

    fn give_changes(
        &self,
        batch: &Batch,
        spec: &AggregateSpec,
        ledger: &mut Ledger,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let Some(touched) = &self.touched else { return Ok(()) };
        let mut results = ResultRows::new(spec);
        for touch in touched.in_order() {
            let caused = (batch.rows.seq[touch.row as usize], self.table.key(self.key[touch.slot as usize]));
            results.push_change(touched, &touch, &self.slots, caused, Some(self.bounds(touch.slot)));
            results.give_if_many(ledger, out)?;
        }
        results.give(ledger, out)
    }

    /// Begins the next batch. If many slots hold no session, those that do are moved together, and keys without any are
    /// forgotten.
    fn settle(&mut self, spec: &AggregateSpec) {
        if let Some(touched) = &mut self.touched {
            touched.clear();
        }
        if self.idle >= IDLE && self.idle * 2 >= self.start.len() {
            self.move_together(spec);
        }
        self.settled = self.start.len();
    }

    fn move_together(&mut self, spec: &AggregateSpec) {
        let live: Vec<u32> = (0..self.start.len() as u32).filter(|&slot| self.key[slot as usize] != NONE).collect();
        let mut table = KeyTable::default();
        let mut key = Vec::with_capacity(live.len());
        for &slot in &live {
            let bytes = self.table.key(self.key[slot as usize]);
            key.push(table.insert(bytes, hash_key(bytes)).0);
        }
        let mut slots = std::mem::replace(&mut self.slots, Slots::new(spec));
        slots.keep(&live);
        let start = live.iter().map(|&slot| self.start[slot as usize]).collect();
        *self = Self::of(spec, self.gap, table, slots);
        self.link_all(key, start);
    }

    /// Links sessions of which nothing but the key and the start is known.
    fn link_all(&mut self, key: Vec<u32>, start: Vec<i64>) {
        self.earlier = vec![NONE; start.len()];
        (self.key, self.start) = (key, start);
        for slot in 0..self.start.len() {
            let (number, start) = (self.key[slot], self.start[slot]);
            if number == NONE {
                self.idle += 1;
                continue;
            }
            let (mut behind, mut next) = (NONE, self.heads[number as usize]);
            while next != NONE && self.start[next as usize] > start {
                (behind, next) = (next, self.earlier[next as usize]);
            }
            self.earlier[slot] = next;
            self.link(behind, number, slot as u32);
            self.closing.push(Reverse((self.slots.newest(slot as u32), slot as u32)));
        }
    }
}

impl Windows for Sessions {
    fn take(
        &mut self,
        batch: &Batch,
        spec: &AggregateSpec,
        ledger: &mut Ledger,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        for stretch in stretches(batch.len()) {
            out.check()?;
            self.keys.read(batch, stretch.clone(), ledger);
            self.take_stretch(batch, spec, ledger);
            if spec.emit == Emit::Final {
                self.give_closed(batch, stretch, spec, ledger, out)?;
                self.settle(spec);
            }
        }
        if spec.emit == Emit::Updates {
            self.give_changes(batch, spec, ledger, out)?;
            self.close(self.closes(batch.last_stream_time(), spec));
            self.settle(spec);
        }
        Ok(())
    }

    fn open_rows(&self, spec: &AggregateSpec, seq: u64) -> Rows {
        let open = (0..self.start.len() as u32).filter(|&slot| self.key[slot as usize] != NONE);
        let mut order: Vec<(i64, i64, &[u8], u32)> = open
            .map(|slot| {
                let key = self.table.key(self.key[slot as usize]);
                (self.slots.newest(slot), self.start[slot as usize], key, slot)
            })
            .collect();
        order.sort_unstable();
        let mut results = ResultRows::new(spec);
        let rows = order.into_iter().map(|(end, start, key, slot)| {
            (slot, Head { seq, time_ms: end, sign: Sign::Plus, key, bounds: Some((start, end)) })
        });
        results.push_slots(&self.slots, rows);
        results.finish(&mut 0)
    }

    fn open_windows(&self) -> usize {
        self.start.len() - self.idle
    }

    fn bytes(&self) -> usize {
        let slots = self.start.len();
        let touched = self.touched.as_ref().map_or(0, |_| Touched::bytes(slots));
        let of_slots = grown(slots) * (4 + 8 + 4) + grown(slots - self.idle) * size_of::<(i64, u32)>();
        self.table.bytes() + grown(self.heads.len()) * 4 + of_slots + self.slots.bytes() + touched
    }

    fn save(&self, state: &mut StateWriter) {
        save_keys(&self.table, state);
        state.put(&self.key);
        state.put(&self.start);
        self.slots.save(state);
    }

    fn load(&mut self, spec: &AggregateSpec, state: &mut StateReader<'_>) -> Result<(), StateError> {
        let table = load_keys(state)?;
        let (key, start): (Vec<u32>, Vec<i64>) = (state.take()?, state.take()?);
        as_many(key.len(), start.len())?;
        check(key.iter().all(|&number| number == NONE || (number as usize) < table.len()))?;
        let slots = Slots::load(spec, start.len(), state)?;
        *self = Self::of(spec, self.gap, table, slots);
        self.link_all(key, start);
        Ok(())
    }
}
