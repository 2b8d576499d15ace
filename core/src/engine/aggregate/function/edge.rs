//! `first(x)` and `last(x)` where no row is taken away.

use super::per_slot::{as_many, check, fill, grown, heap_of, load_cells, pick, pick_cells, replace, save_cells};
use super::{Accumulator, Part};
use crate::codec::Cell;
use crate::engine::column::borrowed;
use crate::engine::{StateError, StateReader, StateWriter};

/// The value of the row with the smallest time, of several the first that came; or of that with the largest, of several
/// the last that came.
#[derive(Debug)]
pub(super) struct Edge {
    last: bool,
    /// The time of each slot's row; without a value it is nothing.
    times: Vec<i64>,
    /// Null where no value came.
    cells: Vec<Cell<'static>>,
    /// Bytes of all texts together.
    heap: usize,
}

impl Edge {
    pub(super) fn new(last: bool) -> Self {
        Self { last, times: Vec::new(), cells: Vec::new(), heap: 0 }
    }

    /// Whether a row of this time, that came after the slot's, takes its place.
    fn is_beyond(&self, slot: u32, time_ms: i64) -> bool {
        let at = slot as usize;
        let beyond = if self.last { time_ms >= self.times[at] } else { time_ms < self.times[at] };
        beyond || matches!(self.cells[at], Cell::Null)
    }

    fn put(&mut self, slot: u32, time_ms: i64, cell: Cell<'_>) {
        let at = slot as usize;
        self.heap = self.heap + heap_of(&cell) - heap_of(&self.cells[at]);
        self.times[at] = time_ms;
        replace(&mut self.cells[at], cell);
    }
}

impl Accumulator for Edge {
    fn grow(&mut self, slots: usize) {
        fill(&mut self.times, slots, 0);
        fill(&mut self.cells, slots, Cell::Null);
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        part.each(|taken| {
            if self.is_beyond(taken.slot, taken.time_ms) {
                self.put(taken.slot, taken.time_ms, taken.cell);
            }
        });
        0
    }

    /// Slots that are put together are sessions, whose times don't meet: which of two rows came first does not matter.
    fn merge(&mut self, into: u32, from: u32) {
        let cell = std::mem::replace(&mut self.cells[from as usize], Cell::Null);
        self.heap -= heap_of(&cell);
        if !cell.is_null() && self.is_beyond(into, self.times[from as usize]) {
            self.put(into, self.times[from as usize], cell);
        }
    }

    fn keep(&mut self, slots: &[u32]) {
        self.times = pick(&self.times, slots);
        self.cells = pick_cells(&mut self.cells, slots);
        self.heap = self.cells.iter().map(heap_of).sum();
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        borrowed(&self.cells[slot as usize])
    }

    fn bytes(&self) -> usize {
        grown(self.times.len()) * (8 + size_of::<Cell<'_>>()) + self.heap
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.times);
        save_cells(&self.cells, state);
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.times = state.take()?;
        self.cells = load_cells(state)?;
        as_many(self.times.len(), slots)?;
        check(self.cells.len() == slots)?;
        self.heap = self.cells.iter().map(heap_of).sum();
        Ok(())
    }
}
