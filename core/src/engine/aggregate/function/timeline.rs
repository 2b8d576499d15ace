//! `first(x)` and `last(x)` where rows may be taken away again.

use std::collections::BTreeMap;

use super::per_slot::{check, fill_with, grown, heap_of, load_cells, pick_owned, save_cells};
use super::{Accumulator, Part};
use crate::codec::Cell;
use crate::engine::column::borrowed;
use crate::engine::{Sign, StateError, StateReader, StateWriter};

/// Every value by its row's time and arrival, so that the next one stands ready when the first is taken away.
#[derive(Debug)]
pub(super) struct Timeline {
    last: bool,
    slots: Vec<BTreeMap<(i64, u64), Cell<'static>>>,
    /// How many values there are, and bytes of their texts.
    values: usize,
    heap: usize,
}

impl Timeline {
    pub(super) fn new(last: bool) -> Self {
        Self { last, slots: Vec::new(), values: 0, heap: 0 }
    }

    fn count(&mut self) {
        let cells = || self.slots.iter().flat_map(BTreeMap::values);
        (self.values, self.heap) = (cells().count(), cells().map(heap_of).sum());
    }
}

impl Accumulator for Timeline {
    fn grow(&mut self, slots: usize) {
        fill_with(&mut self.slots, slots, BTreeMap::new);
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        part.each(|taken| {
            let row = (taken.time_ms, taken.ordinal);
            let slot = &mut self.slots[taken.slot as usize];
            if taken.sign == Sign::Plus {
                self.values += 1;
                self.heap += heap_of(&taken.cell);
                slot.insert(row, taken.cell.into_owned());
            } else if let Some(cell) = slot.remove(&row) {
                self.values -= 1;
                self.heap -= heap_of(&cell);
            }
        });
        0
    }

    fn merge(&mut self, into: u32, from: u32) {
        let mut from = std::mem::take(&mut self.slots[from as usize]);
        self.slots[into as usize].append(&mut from);
    }

    fn keep(&mut self, slots: &[u32]) {
        self.slots = pick_owned(&mut self.slots, slots);
        self.count();
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        let values = &self.slots[slot as usize];
        let edge = if self.last { values.last_key_value() } else { values.first_key_value() };
        edge.map_or(Cell::Null, |(_, cell)| borrowed(cell))
    }

    fn bytes(&self) -> usize {
        // A node of the tree is a little more than half full.
        grown(self.slots.len()) * 24 + self.values * (16 + size_of::<Cell<'_>>()) * 3 / 2 + self.heap
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.slots.len());
        for values in &self.slots {
            state.put(&values.keys().collect::<Vec<_>>());
            save_cells(values.values(), state);
        }
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        check(state.take::<usize>()? == slots)?;
        self.slots.clear();
        for _ in 0..slots {
            let (rows, cells): (Vec<(i64, u64)>, _) = (state.take()?, load_cells(state)?);
            check(rows.len() == cells.len())?;
            self.slots.push(rows.into_iter().zip(cells).collect());
        }
        self.count();
        Ok(())
    }
}
