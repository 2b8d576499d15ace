//! Tumbling and hopping windows: `[start, start + size)`, starts at every multiple of `advance` from the epoch on.
//!
//! A row falls into every window that holds its time and is not closed by the row's stream time T, so it is late for one
//! hop and in time for the next. A window is closed once `T >= end + grace`; it takes rows as long as
//! `end > T - grace`, which is the same.
//!
//! Each open window keeps its groups by itself: what a window comes to does not hang on its neighbours, rows that are
//! late for some of them need no care, and a closed window is dropped whole. Rows are brought to windows a stretch at a
//! time: first it is found out which rows go to which window, then each window takes its rows column by column.

use std::collections::{BTreeMap, HashMap};

use rustc_hash::FxBuildHasher;

use super::batch::Batch;
use super::groups::Groups;
use super::keys::Keys;
use super::results::ResultRows;
use super::{AggregateSpec, Ledger, STRETCH, Windows, stretches};
use crate::engine::{Dropped, Missed, Output, Rows, StateError, StateReader, StateWriter, Stop};
use crate::pipeline::Emit;

/// Windows of one size.
pub(super) struct Hopping {
    size: i64,
    advance: i64,
    /// The groups of the open windows, by the windows' start.
    windows: BTreeMap<i64, Groups>,
    keys: Keys,
    routes: Routes,
    numbers: Vec<u32>,
}

/// Which rows of a stretch go to which windows.
#[derive(Debug, Default)]
struct Routes {
    /// The windows with their rows; those behind `used` are kept for their memory.
    routes: Vec<(i64, Vec<u32>)>,
    used: usize,
    places: HashMap<i64, usize, FxBuildHasher>,
}

impl Routes {
    fn clear(&mut self) {
        self.routes[..self.used].iter_mut().for_each(|(_, rows)| rows.clear());
        self.used = 0;
        self.places.clear();
    }

    /// Adds a row to a window, whose place may be guessed; gives the place.
    fn add(&mut self, start: i64, row: u32, guess: usize) -> usize {
        let guessed = self.routes[..self.used].get(guess).is_some_and(|(of, _)| *of == start);
        let place = if guessed { guess } else { self.place(start) };
        self.routes[place].1.push(row);
        place
    }

    fn place(&mut self, start: i64) -> usize {
        let used = self.used;
        let place = *self.places.entry(start).or_insert(used);
        if place == used {
            match self.routes.get_mut(used) {
                Some((of, _)) => *of = start,
                None => self.routes.push((start, Vec::new())),
            }
            self.used += 1;
        }
        place
    }

    fn iter(&self) -> impl Iterator<Item = (i64, &[u32])> {
        self.routes[..self.used].iter().map(|(start, rows)| (*start, rows.as_slice()))
    }
}

impl Hopping {
    pub(super) fn new(size_ms: i64, advance_ms: i64) -> Self {
        Self {
            // Held within what a checked pipeline may say: every time then falls into a window, and into finitely many.
            size: size_ms.max(1),
            advance: advance_ms.clamp(1, size_ms.max(1)),
            windows: BTreeMap::new(),
            keys: Keys::default(),
            routes: Routes::default(),
            numbers: Vec::new(),
        }
    }

    fn end(&self, start: i64) -> i64 {
        start.saturating_add(self.size)
    }

    /// Finds out which rows go to which windows.
    fn route(&mut self, batch: &Batch, grace: i64, ledger: &mut Ledger) {
        self.routes.clear();
        let mut guess = 0;
        for &row in self.keys.rows() {
            let at = row as usize;
            let time = batch.rows.time_ms[at];
            if time < 0 {
                // The first window begins at the epoch.
                ledger.drop_row(Dropped::Untimed, at);
                continue;
            }
            let newest = time - time % self.advance;
            let mut start = (time - self.size).div_euclid(self.advance).saturating_add(1).max(0) * self.advance;
            // Windows take the row whose end is beyond this.
            let closed = batch.stream_time[at].saturating_sub(grace);
            let behind = closed.saturating_sub(self.end(start));
            if behind >= 0 {
                let hops = (newest - start) / self.advance + 1;
                let late = behind / self.advance + 1;
                let last = start + (late.min(hops) - 1) * self.advance;
                let missed = Missed {
                    first_ms: (start, self.end(start)),
                    last_ms: (last, self.end(last)),
                    late_by_ms: closed.saturating_sub(self.end(last)).saturating_add(1),
                };
                if late >= hops {
                    ledger.drop_late(at, missed);
                    continue;
                }
                ledger.miss(at, late as u64, missed);
                start += late * self.advance;
            }
            if batch.is_any_amiss() {
                batch.count_amiss(at, ledger);
            }
            let first = self.routes.add(start, row, guess);
            guess = first;
            let mut next = first;
            while start < newest {
                start += self.advance;
                next = self.routes.add(start, row, next + 1);
            }
        }
    }

    /// Brings the rows of a stretch to their windows.
    fn take_stretch(&mut self, batch: &Batch, spec: &AggregateSpec, ledger: &mut Ledger) {
        self.route(batch, spec.grace_ms, ledger);
        for (start, rows) in self.routes.iter() {
            let groups = self.windows.entry(start).or_insert_with(|| Groups::new(spec));
            groups.number(&self.keys, rows, &mut self.numbers);
            groups.touch(&self.numbers, rows, Some((start, start.saturating_add(self.size))));
            groups.slots.note_times(&self.numbers, rows, &batch.rows.time_ms);
            groups.slots.take(batch, &self.numbers, rows, ledger);
        }
    }

    /// Takes the windows away that are closed at a stream time, each with its start, in order.
    fn closed(&mut self, stream_time: i64, grace: i64) -> Vec<(i64, Groups)> {
        let mut closed = Vec::new();
        while let Some(first) = self.windows.first_entry() {
            if first.key().saturating_add(self.size).saturating_add(grace) > stream_time {
                break;
            }
            closed.push(first.remove_entry());
        }
        closed
    }

    /// Gives the windows that some rows closed.
    fn give_closed(
        &mut self,
        batch: &Batch,
        stretch: std::ops::Range<usize>,
        spec: &AggregateSpec,
        ledger: &mut Ledger,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let Some(last) = stretch.clone().last() else { return Ok(()) };
        let closed = self.closed(batch.stream_time[last], spec.grace_ms);
        if closed.is_empty() {
            return Ok(());
        }
        let mut results = ResultRows::new(spec);
        for (start, groups) in closed {
            let end = self.end(start);
            let times = &batch.stream_time[stretch.clone()];
            let row = stretch.start + times.partition_point(|&time| time < end.saturating_add(spec.grace_ms));
            for slots in groups.in_order_of_keys().chunks(STRETCH) {
                groups.tell(slots, batch.rows.seq[row.min(last)], Some((start, end)), &mut results);
                results.give_if_many(ledger, out)?;
            }
        }
        results.give(ledger, out)
    }

    /// Gives the changes of a batch: by the rows that caused them last, those of one row by the windows' start.
    fn give_changes(
        &self,
        batch: &Batch,
        spec: &AggregateSpec,
        ledger: &mut Ledger,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let mut changes = Vec::new();
        for (start, groups) in &self.windows {
            if let Some(touched) = groups.touched.as_ref().filter(|touched| !touched.is_empty()) {
                changes.extend(touched.in_order().into_iter().map(|touch| (touch, *start, groups, touched)));
            }
        }
        // Windows come in order, and those of a row stay so.
        changes.sort_by_key(|(touch, ..)| touch.row);
        let mut results = ResultRows::new(spec);
        for (touch, start, groups, touched) in changes {
            let caused = (batch.rows.seq[touch.row as usize], groups.table.key(touch.slot));
            results.push_change(touched, &touch, &groups.slots, caused, Some(Some((start, self.end(start)))));
            results.give_if_many(ledger, out)?;
        }
        results.give(ledger, out)
    }
}

impl Windows for Hopping {
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
            }
        }
        if spec.emit == Emit::Updates {
            self.give_changes(batch, spec, ledger, out)?;
            self.closed(batch.last_stream_time(), spec.grace_ms);
            self.windows.values_mut().for_each(Groups::settle);
        }
        Ok(())
    }

    fn open_rows(&self, spec: &AggregateSpec, seq: u64) -> Rows {
        let mut results = ResultRows::new(spec);
        for (start, groups) in &self.windows {
            groups.tell(&groups.in_order_of_keys(), seq, Some((*start, self.end(*start))), &mut results);
        }
        results.finish(&mut 0)
    }

    fn open_windows(&self) -> usize {
        self.windows.values().map(Groups::len).sum()
    }

    fn bytes(&self) -> usize {
        self.windows.values().map(Groups::bytes).sum()
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.windows.len());
        for (start, groups) in &self.windows {
            state.put(start);
            groups.save(state);
        }
    }

    fn load(&mut self, spec: &AggregateSpec, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.windows.clear();
        for _ in 0..state.take::<usize>()? {
            let start = state.take()?;
            self.windows.insert(start, Groups::load(spec, state)?);
        }
        Ok(())
    }
}
