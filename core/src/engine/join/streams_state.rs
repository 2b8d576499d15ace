//! What a join of streams writes down, and takes up again.

use super::row_store::{NewRow, RowStore};
use super::run::{Chunks, Entry};
use super::streams::StreamJoin;
use crate::engine::operator::{Metrics, StateError, StateReader, StateWriter};
use crate::engine::recycled::RecycledKeys;
use crate::engine::stored::take_stored_row;

impl StreamJoin {
    /// Writes all that is remembered: the rows that have not expired, each with the place of its key.
    pub(super) fn write(&self, state: &mut StateWriter) {
        state.put(&(self.time_ms, self.last_seq, self.arrivals, self.joined.given()));
        state.put(&self.metrics);
        self.aside.save(state);
        let times = [0, 1].map(|side| self.times(side));
        let mut places = vec![None; self.keys.numbers()];
        let mut keys: Vec<u32> = Vec::new();
        for (side, times) in times.iter().enumerate() {
            for row in self.kept_rows(side, times).map(|(row, _)| row) {
                let number = self.sides[side].rows.tag(row);
                if places[number as usize].is_none() {
                    places[number as usize] = Some(keys.len());
                    keys.push(number);
                }
            }
        }
        state.put(&keys.len());
        keys.iter().for_each(|&number| state.put_bytes(self.keys.key(number)));
        for (side, times) in times.iter().enumerate() {
            let rows = &self.sides[side].rows;
            state.put(&times.iter().flatten().count());
            for (row, time_ms) in self.kept_rows(side, times) {
                let place = places[rows.tag(row) as usize].unwrap_or_default();
                state.put(&(place, time_ms, rows.is_marked(row), rows.arrival(row)));
                state.put_bytes(rows.bytes(row));
            }
        }
    }

    /// For each row in the store of a side its time, unless it has expired.
    fn times(&self, side: usize) -> Vec<Option<i64>> {
        let rows = &self.sides[side].rows;
        let mut times = vec![None; rows.len()];
        for of_key in &self.of_key {
            let note = |entries: &[Entry]| {
                entries.iter().for_each(|entry| times[rows.place_of(entry.row)] = Some(entry.time_ms));
                Ok::<(), ()>(())
            };
            // What notes never stops.
            let _ = of_key.runs[side].between(self.alive_from(side), i64::MAX, note);
        }
        times
    }

    /// The rows of a side that have times, in the order of their arrival.
    fn kept_rows<'s>(&'s self, side: usize, times: &'s [Option<i64>]) -> impl Iterator<Item = (u32, i64)> + 's {
        let kept = times.iter().enumerate();
        kept.filter_map(move |(place, time_ms)| Some((self.sides[side].rows.number(place), (*time_ms)?)))
    }

    /// Takes up what [`StreamJoin::write`] wrote.
    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        let (time_ms, last_seq, arrivals, given) = state.take::<(i64, u64, u64, u64)>()?;
        self.metrics = state.take::<Metrics>()?;
        self.aside.load(state)?;
        self.joined.set_given(given);
        (self.time_ms, self.last_seq, self.open, self.run_bytes) = (time_ms, last_seq, 0, 0);
        self.keys = RecycledKeys::default();
        self.of_key.clear();
        let mut keys: Vec<&[u8]> = Vec::new();
        for _ in 0..state.take::<usize>()? {
            keys.push(state.take()?);
        }
        for side in 0..2 {
            self.read_side(side, &keys, state)?;
        }
        self.arrivals = arrivals;
        Ok(())
    }

    fn read_side(&mut self, side: usize, keys: &[&[u8]], state: &mut StateReader<'_>) -> Result<(), StateError> {
        let keeps_arrivals = self.sides.iter().all(|side| side.kept);
        self.sides[side].rows = RowStore::new(keeps_arrivals);
        self.sides[side].waiting = Chunks::default();
        for _ in 0..state.take::<usize>()? {
            let (place, time_ms, marked, arrival) = state.take::<(usize, i64, bool, u64)>()?;
            let bytes = take_stored_row(state, self.sides[side].columns)?;
            let key = keys.get(place).ok_or_else(|| StateError("a row has no key".into()))?;
            if time_ms < self.alive_from(side) {
                return Err(StateError("a row has expired".into()));
            }
            let bound = |stop| StateError(format!("{stop}"));
            let new = NewRow { time_ms, tag: self.hold(key).map_err(bound)?, arrival, marked };
            self.keep(side, new, |out| out.extend_from_slice(bytes)).map_err(bound)?;
        }
        Ok(())
    }
}
