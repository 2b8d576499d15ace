//! Sliding windows: of a size d, both ends inclusive, as Kafka Streams' `SlidingWindows` has them.
//!
//! A row at t brings the window `[t - d, t]` into being, or `[0, d]` if t < d, and `[t + 1, t + 1 + d]` once that holds a
//! row. A window holds every row of its key in it that came in time. It takes rows as long as `end >= T - grace` and is
//! closed strictly after; a row is late when `t + d`, the end of the last window that could hold it, is closed.
//!
//! A row is kept for as long as a window may come into being because of it or with it in it, which is until
//! `t + 1 + d` is closed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::batch::Batch;
use super::function::per_slot::{as_many, check, fill_with, grown};
use super::function::{Arrivals, Ordinals};
use super::groups::{load_keys, save_keys};
use super::keys::Keys;
use super::log::RowLog;
use super::results::{Head, ResultRows};
use super::slots::Slots;
use super::touched::{Bounds, Touched};
use super::{AggregateSpec, IDLE, Ledger, NONE, STRETCH, Windows, stretches};
use crate::engine::{
    Dropped, KeyTable, Missed, Output, Rows, Sign, StateError, StateReader, StateWriter, Stop, hash_key,
};
use crate::pipeline::Emit;

/// The open windows of every key. Each has a slot.
pub(super) struct Sliding {
    size: i64,
    table: KeyTable,
    /// For each key what is there of it.
    timelines: Vec<Timeline>,
    /// For each slot its key; no key if the window is closed.
    key: Vec<u32>,
    start: Vec<i64>,
    slots: Slots,
    touched: Option<Touched>,
    /// How many slots there were before this batch.
    settled: usize,
    /// How many slots hold no window.
    idle: usize,
    /// The windows by their end.
    closing: BinaryHeap<Reverse<(i64, u32)>>,
    /// The rows that are kept.
    log: RowLog,
    keys: Keys,
    part: Part,
}

/// A key's rows, by time and in the order in which they came, and its windows by their start.
#[derive(Debug, Default)]
struct Timeline {
    rows: Vec<(i64, u32)>,
    windows: Vec<(i64, u32)>,
}

/// Rows of the log on their way into windows.
#[derive(Debug, Default)]
struct Part {
    slots: Vec<u32>,
    rows: Vec<u32>,
}

impl Timeline {
    /// The rows whose times lie within these bounds, both inclusive.
    fn rows_within(&self, first: i64, last: i64) -> &[(i64, u32)] {
        let from = self.rows.partition_point(|&(time, _)| time < first);
        let to = self.rows.partition_point(|&(time, _)| time <= last);
        self.rows.get(from..to).unwrap_or_default()
    }

    /// The largest time before another.
    fn time_before(&self, time: i64) -> Option<i64> {
        let at = self.rows.partition_point(|&(other, _)| other < time);
        at.checked_sub(1).map(|before| self.rows[before].0)
    }

    fn add_row(&mut self, time: i64, row: u32) {
        let at = self.rows.partition_point(|&other| other < (time, row));
        self.rows.insert(at, (time, row));
    }

    /// Where a window stands, or would stand.
    fn window(&self, start: i64) -> Result<usize, usize> {
        self.windows.binary_search_by_key(&start, |&(start, _)| start)
    }
}

impl Sliding {
    pub(super) fn new(spec: &AggregateSpec, size: i64) -> Self {
        Self::of(spec, size.max(0), KeyTable::default(), Slots::new(spec), RowLog::new(spec))
    }

    /// Windows of some keys, none of which is listed yet.
    fn of(spec: &AggregateSpec, size: i64, table: KeyTable, slots: Slots, log: RowLog) -> Self {
        Self {
            size,
            timelines: (0..table.len()).map(|_| Timeline::default()).collect(),
            table,
            key: Vec::new(),
            start: Vec::new(),
            touched: (spec.emit == Emit::Updates).then(|| Touched::new(spec.calls.len())),
            settled: slots.len(),
            slots,
            idle: 0,
            closing: BinaryHeap::new(),
            log,
            keys: Keys::default(),
            part: Part::default(),
        }
    }

    fn end(&self, start: i64) -> i64 {
        start.saturating_add(self.size)
    }

    fn bounds(&self, slot: u32) -> Bounds {
        let start = self.start[slot as usize];
        Some((start, self.end(start)))
    }

    fn take_row(&mut self, batch: &Batch, row: u32, spec: &AggregateSpec, ledger: &mut Ledger) {
        let at = row as usize;
        let time = batch.rows.time_ms[at];
        if time < 0 {
            // The first window begins at the epoch.
            return ledger.drop_row(Dropped::Untimed, at);
        }
        // Windows that end before this are closed.
        let closes = batch.stream_time[at].saturating_sub(spec.grace_ms);
        let own = time.saturating_sub(self.size).max(0);
        let first_ms = (own, self.end(own));
        if self.end(time) < closes {
            let late_by_ms = closes.saturating_sub(self.end(time));
            return ledger.drop_late(at, Missed { first_ms, last_ms: (time, self.end(time)), late_by_ms });
        }
        batch.count_amiss(at, ledger);
        let (key, hash) = self.keys.of(row);
        let number = self.table.insert(key, hash).0;
        fill_with(&mut self.timelines, self.table.len(), Timeline::default);
        let logged = self.log.push(batch, at, number);
        self.timelines[number as usize].add_row(time, logged);

        self.join_windows(number, time, logged, row, closes, ledger);
        let before = self.timelines[number as usize].time_before(time);
        if self.end(own) < closes {
            let late_by_ms = closes.saturating_sub(self.end(own));
            ledger.miss(at, 1, Missed { first_ms, last_ms: first_ms, late_by_ms });
        }
        for start in [before.map(|before| before + 1), Some(own), Some(time + 1)].into_iter().flatten() {
            let end = self.end(start);
            if end < closes {
                continue;
            }
            if !self.timelines[number as usize].rows_within(start, end).is_empty() {
                self.open(number, start, row, ledger);
            }
        }
    }

    /// Brings a row to the windows that are there and hold its time.
    fn join_windows(&mut self, number: u32, time: i64, logged: u32, row: u32, closes: i64, ledger: &mut Ledger) {
        let (first, windows) = (time.saturating_sub(self.size), &self.timelines[number as usize].windows);
        let from = windows.partition_point(|&(start, _)| start < first);
        let to = windows.partition_point(|&(start, _)| start <= time);
        self.part.slots.clear();
        for &(start, slot) in windows.get(from..to).unwrap_or_default() {
            if self.end(start) < closes {
                continue;
            }
            let bounds = Some((start, self.end(start)));
            if let Some(touched) = &mut self.touched {
                touched.touch(&self.slots, slot, row, || ((slot as usize) < self.settled).then_some(bounds));
            }
            self.slots.set_newest(slot, self.slots.newest(slot).max(time));
            self.part.slots.push(slot);
        }
        self.part.rows.clear();
        self.part.rows.resize(self.part.slots.len(), logged);
        self.take_part(ledger);
    }

    /// Brings a window into being, unless it is there, with the rows that are in it.
    fn open(&mut self, number: u32, start: i64, row: u32, ledger: &mut Ledger) {
        let end = self.end(start);
        let timeline = &mut self.timelines[number as usize];
        let Err(place) = timeline.window(start) else { return };
        let slot = self.start.len() as u32;
        timeline.windows.insert(place, (start, slot));
        let rows = timeline.rows_within(start, end);
        let newest = rows.last().map_or(start, |&(time, _)| time);
        self.part.rows.clear();
        self.part.rows.extend(rows.iter().map(|&(_, logged)| logged));
        // They are taken in the order in which they came.
        self.part.rows.sort_unstable();
        self.part.slots.clear();
        self.part.slots.resize(self.part.rows.len(), slot);
        self.key.push(number);
        self.start.push(start);
        self.slots.grow(self.start.len());
        self.slots.set_newest(slot, newest);
        self.closing.push(Reverse((end, slot)));
        if let Some(touched) = &mut self.touched {
            touched.touch(&self.slots, slot, row, || None);
        }
        self.take_part(ledger);
    }

    fn take_part(&mut self, ledger: &mut Ledger) {
        let arrivals =
            Arrivals { time_ms: self.log.times(), ordinals: Ordinals::Each(self.log.ordinals()), signs: &[] };
        self.slots.take_arrived(self.log.arguments(), arrivals, &self.part.slots, &self.part.rows, ledger);
    }

    /// Ends the windows that are closed when those that end before `closes` are, and gives their slots with their keys.
    fn close(&mut self, closes: i64) -> Vec<(u32, u32)> {
        let mut closed = Vec::new();
        while let Some(Reverse((_, slot))) = self.closing.peek().filter(|first| first.0.0 < closes).copied() {
            self.closing.pop();
            let number = std::mem::replace(&mut self.key[slot as usize], NONE);
            let windows = &mut self.timelines[number as usize].windows;
            if let Ok(place) = windows.binary_search_by_key(&self.start[slot as usize], |&(start, _)| start) {
                windows.remove(place);
            }
            closed.push((slot, number));
        }
        self.idle += closed.len();
        for (time, number, logged) in self.log.leave(closes.saturating_sub(self.size).saturating_sub(1)) {
            let rows = &mut self.timelines[number as usize].rows;
            if let Ok(place) = rows.binary_search(&(time, logged)) {
                rows.remove(place);
            }
        }
        closed
    }

    /// Gives the windows that some rows closed: in the order of those rows, then by end and key.
    fn give_closed(
        &mut self,
        batch: &Batch,
        stretch: std::ops::Range<usize>,
        spec: &AggregateSpec,
        ledger: &mut Ledger,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let Some(last) = stretch.clone().last() else { return Ok(()) };
        let closed = self.close(batch.stream_time[last].saturating_sub(spec.grace_ms));
        let closing_row = |end: i64| {
            let times = &batch.stream_time[stretch.clone()];
            stretch.start + times.partition_point(|&time| time.saturating_sub(spec.grace_ms) <= end)
        };
        let mut order: Vec<(usize, i64, &[u8], u32)> = closed
            .into_iter()
            .map(|(slot, number)| {
                let start = self.start[slot as usize];
                (closing_row(self.end(start)), start, self.table.key(number), slot)
            })
            .collect();
        order.sort_unstable();
        let mut results = ResultRows::new(spec);
        for some in order.chunks(STRETCH) {
            let head = |&(row, _, key, slot): &(usize, i64, _, u32)| {
                (slot, self.head(slot, batch.rows.seq[row.min(last)], key))
            };
            results.push_slots(&self.slots, some.iter().map(head));
            results.give_if_many(ledger, out)?;
        }
        results.give(ledger, out)
    }

    fn head<'k>(&self, slot: u32, seq: u64, key: &'k [u8]) -> Head<'k> {
        Head { seq, time_ms: self.slots.newest(slot), sign: Sign::Plus, key, bounds: self.bounds(slot) }
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
        let mut touches = touched.in_order();
        touches.sort_by_key(|touch| (touch.row, self.start[touch.slot as usize]));
        for touch in touches {
            let caused = (batch.rows.seq[touch.row as usize], self.table.key(self.key[touch.slot as usize]));
            results.push_change(touched, &touch, &self.slots, caused, Some(self.bounds(touch.slot)));
            results.give_if_many(ledger, out)?;
        }
        results.give(ledger, out)
    }

    /// Begins the next batch. If much of what is kept lies idle, the rest is moved together.
    fn settle(&mut self, spec: &AggregateSpec) {
        if let Some(touched) = &mut self.touched {
            touched.clear();
        }
        let slots_idle = self.idle >= IDLE && self.idle * 2 >= self.start.len();
        if slots_idle || self.log.is_mostly_idle() {
            self.move_together(spec);
        }
        self.settled = self.start.len();
    }

    fn move_together(&mut self, spec: &AggregateSpec) {
        let live: Vec<u32> = (0..self.start.len() as u32).filter(|&slot| self.key[slot as usize] != NONE).collect();
        let mut log = std::mem::replace(&mut self.log, RowLog::new(spec));
        log.move_together();
        let mut table = KeyTable::default();
        let mut renumber = |number: u32| {
            let bytes = self.table.key(number);
            table.insert(bytes, hash_key(bytes)).0
        };
        let key: Vec<u32> = live.iter().map(|&slot| renumber(self.key[slot as usize])).collect();
        log.renumber(renumber);
        let start = live.iter().map(|&slot| self.start[slot as usize]).collect();
        let mut slots = std::mem::replace(&mut self.slots, Slots::new(spec));
        slots.keep(&live);
        *self = Self::of(spec, self.size, table, slots, log);
        self.list_all(key, start);
    }

    /// Lists windows of which nothing but the key and the start is known, and the rows of the log.
    fn list_all(&mut self, key: Vec<u32>, start: Vec<i64>) {
        (self.key, self.start) = (key, start);
        for (slot, (&number, &start)) in (0..).zip(self.key.iter().zip(&self.start)) {
            if number == NONE {
                self.idle += 1;
                continue;
            }
            self.timelines[number as usize].windows.push((start, slot));
            self.closing.push(Reverse((start.saturating_add(self.size), slot)));
        }
        for (time, number, logged) in self.log.rows() {
            self.timelines[number as usize].rows.push((time, logged));
        }
        for timeline in &mut self.timelines {
            timeline.windows.sort_unstable();
            timeline.rows.sort_unstable();
        }
    }
}

impl Windows for Sliding {
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
            for at in 0..self.keys.rows().len() {
                self.take_row(batch, self.keys.rows()[at], spec, ledger);
            }
            if spec.emit == Emit::Final {
                self.give_closed(batch, stretch, spec, ledger, out)?;
                self.settle(spec);
            }
        }
        if spec.emit == Emit::Updates {
            self.give_changes(batch, spec, ledger, out)?;
            self.close(batch.last_stream_time().saturating_sub(spec.grace_ms));
            self.settle(spec);
        }
        Ok(())
    }

    fn open_rows(&self, spec: &AggregateSpec, seq: u64) -> Rows {
        let open = (0..self.start.len() as u32).filter(|&slot| self.key[slot as usize] != NONE);
        let mut order: Vec<(i64, &[u8], u32)> =
            open.map(|slot| (self.start[slot as usize], self.table.key(self.key[slot as usize]), slot)).collect();
        order.sort_unstable();
        let mut results = ResultRows::new(spec);
        results.push_slots(&self.slots, order.into_iter().map(|(_, key, slot)| (slot, self.head(slot, seq, key))));
        results.finish(&mut 0)
    }

    fn open_windows(&self) -> usize {
        self.start.len() - self.idle
    }

    fn bytes(&self) -> usize {
        let slots = self.start.len();
        let touched = self.touched.as_ref().map_or(0, |_| Touched::bytes(slots));
        // A key's lists have room for four at least.
        let lists = grown(self.timelines.len()) * (size_of::<Timeline>() + 8 * 16);
        let windows = grown(slots) * (4 + 8 + size_of::<(i64, u32)>()) + self.open_windows() * size_of::<(i64, u32)>();
        self.table.bytes() + lists + windows + self.slots.bytes() + touched + self.log.bytes()
    }

    fn save(&self, state: &mut StateWriter) {
        save_keys(&self.table, state);
        state.put(&self.key);
        state.put(&self.start);
        self.slots.save(state);
        self.log.save(state);
    }

    fn load(&mut self, spec: &AggregateSpec, state: &mut StateReader<'_>) -> Result<(), StateError> {
        let table = load_keys(state)?;
        let (key, start): (Vec<u32>, Vec<i64>) = (state.take()?, state.take()?);
        as_many(key.len(), start.len())?;
        check(key.iter().all(|&number| number == NONE || (number as usize) < table.len()))?;
        let slots = Slots::load(spec, start.len(), state)?;
        let log = RowLog::load(spec, table.len(), state)?;
        *self = Self::of(spec, self.size, table, slots, log);
        self.list_all(key, start);
        Ok(())
    }
}
