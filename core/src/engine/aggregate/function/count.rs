//! `count(*)` and `count(x)`.

use super::per_slot::{as_many, fill, grown, pick};
use super::{Accumulator, Part};
use crate::codec::Cell;
use crate::engine::{Column, Sign, StateError, StateReader, StateWriter};

/// How many rows there are, or values.
#[derive(Debug)]
pub(super) struct Count {
    of_values: bool,
    counts: Vec<u64>,
}

impl Count {
    pub(super) fn new(of_values: bool) -> Self {
        Self { of_values, counts: Vec::new() }
    }

    fn change(&mut self, slot: u32, sign: Sign) {
        let count = &mut self.counts[slot as usize];
        *count = if sign == Sign::Plus { *count + 1 } else { count.saturating_sub(1) };
    }
}

impl Accumulator for Count {
    fn grow(&mut self, slots: usize) {
        fill(&mut self.counts, slots, 0);
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        let every_row = !self.of_values && part.argument.passes.is_none() && part.arrivals.signs.is_empty();
        // A value may be a failure only where a column holds anything.
        let every_value = part.plain_values().is_some_and(|values| !matches!(values, crate::engine::Values::Cells(_)));
        if every_row || self.of_values && every_value {
            part.slots.iter().for_each(|&slot| self.counts[slot as usize] += 1);
        } else if self.of_values {
            part.each(|taken| self.change(taken.slot, taken.sign));
        } else {
            for (&slot, &row) in part.slots.iter().zip(part.rows) {
                if part.argument.passes(row as usize) {
                    self.change(slot, part.sign(row as usize));
                }
            }
        }
        0
    }

    fn merge(&mut self, into: u32, from: u32) {
        self.counts[into as usize] += std::mem::take(&mut self.counts[from as usize]);
    }

    fn keep(&mut self, slots: &[u32]) {
        self.counts = pick(&self.counts, slots);
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        Cell::Int(self.counts[slot as usize] as i64)
    }

    fn results(&self, slots: &[u32], column: &mut Column) {
        column.append(&Column::of_ints(slots.iter().map(|&slot| self.counts[slot as usize] as i64).collect()));
    }

    fn bytes(&self) -> usize {
        grown(self.counts.len()) * 8
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.counts);
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.counts = state.take()?;
        as_many(self.counts.len(), slots)
    }
}
