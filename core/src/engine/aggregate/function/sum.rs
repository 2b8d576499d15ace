//! `sum(x)` and `avg(x)`.

use std::collections::BTreeMap;

use super::exact::ExactSums;
use super::floats::FloatSums;
use super::per_slot::{as_many, grown, keep_sparse, load_sparse, pick, save_sparse};
use super::{Accumulator, Part};
use crate::codec::{Cell, Fault};
use crate::engine::column::Values;
use crate::engine::{Sign, StateError, StateReader, StateWriter};
use crate::expr::{Arithmetic, calculate};

/// The sum of a slot's numbers, or their average.
///
/// Integers and decimals are summed exactly, and floats apart from them, so a sum is the same whatever order its numbers
/// come in; with a float among them the result is one, rounded from the exact sum. A number too long to calculate with
/// makes the sum fail for as long as it is in it.
#[derive(Debug)]
pub(super) struct Sums {
    average: bool,
    /// How many numbers are in each sum.
    counts: Vec<u64>,
    exact: ExactSums,
    /// There from the first float on.
    floats: Option<FloatSums>,
    /// How many numbers of a slot are too long.
    too_long: BTreeMap<u32, u64>,
}

impl Sums {
    pub(super) fn new(average: bool) -> Self {
        Self { average, counts: Vec::new(), exact: ExactSums::default(), floats: None, too_long: BTreeMap::new() }
    }

    fn add(&mut self, slot: u32, cell: &Cell<'_>, minus: bool) {
        let at = slot as usize;
        match cell {
            Cell::Int(int) => self.exact.add(slot, if minus { -i128::from(*int) } else { i128::from(*int) }, 0),
            Cell::Decimal(decimal) => self.exact.add_decimal(slot, *decimal, minus),
            Cell::Float(float) => self.floats().add(slot, *float, minus),
            Cell::Number(_) => {
                let count = self.too_long.entry(slot).or_default();
                *count = if minus { count.saturating_sub(1) } else { *count + 1 };
                if *count == 0 {
                    self.too_long.remove(&slot);
                }
            }
            _ => return,
        }
        let count = &mut self.counts[at];
        *count = if minus { count.saturating_sub(1) } else { *count + 1 };
        if *count == 0 {
            self.clear(slot);
        }
    }

    fn floats(&mut self) -> &mut FloatSums {
        let slots = self.counts.len();
        self.floats.get_or_insert_with(|| {
            let mut floats = FloatSums::default();
            floats.grow(slots);
            floats
        })
    }

    fn clear(&mut self, slot: u32) {
        self.counts[slot as usize] = 0;
        self.exact.clear(slot);
        if let Some(floats) = &mut self.floats {
            floats.clear(slot);
        }
        self.too_long.remove(&slot);
    }

    fn sum(&self, slot: u32) -> Cell<'static> {
        if self.too_long.contains_key(&slot) {
            return Cell::Failed(Fault::Overflow);
        }
        match self.floats.as_ref().filter(|floats| floats.count(slot) > 0) {
            Some(floats) => Cell::Float(floats.total(slot, self.exact.float(slot))),
            None => self.exact.result(slot),
        }
    }
}

impl Accumulator for Sums {
    fn grow(&mut self, slots: usize) {
        self.counts.resize(slots, 0);
        self.exact.grow(slots);
        if let Some(floats) = &mut self.floats {
            floats.grow(slots);
        }
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        match part.plain_values() {
            Some(Values::Ints(values)) => {
                self.exact.add_ints(part.slots, part.rows, values);
                part.slots.iter().for_each(|&slot| self.counts[slot as usize] += 1);
            }
            Some(Values::Decimals(values)) => {
                for (&slot, &row) in part.slots.iter().zip(part.rows) {
                    self.exact.add_decimal(slot, values[row as usize], false);
                    self.counts[slot as usize] += 1;
                }
            }
            Some(Values::Floats(values)) => {
                let floats = self.floats();
                part.slots
                    .iter()
                    .zip(part.rows)
                    .for_each(|(&slot, &row)| floats.add(slot, values[row as usize], false));
                part.slots.iter().for_each(|&slot| self.counts[slot as usize] += 1);
            }
            _ => part.each(|taken| self.add(taken.slot, &taken.cell, taken.sign == Sign::Minus)),
        }
        0
    }

    fn merge(&mut self, into: u32, from: u32) {
        self.exact.merge(into, from);
        if let Some(floats) = &mut self.floats {
            floats.merge(into, from);
        }
        if let Some(count) = self.too_long.remove(&from) {
            *self.too_long.entry(into).or_default() += count;
        }
        self.counts[into as usize] += std::mem::take(&mut self.counts[from as usize]);
    }

    fn keep(&mut self, slots: &[u32]) {
        self.counts = pick(&self.counts, slots);
        self.exact.keep(slots);
        if let Some(floats) = &mut self.floats {
            floats.keep(slots);
        }
        keep_sparse(&mut self.too_long, slots);
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        let count = self.counts[slot as usize];
        match self.sum(slot) {
            _ if count == 0 => Cell::Null,
            failed @ Cell::Failed(_) => failed,
            sum if self.average => calculate(Arithmetic::Divide, &sum, &Cell::Int(count as i64)),
            sum => sum,
        }
    }

    fn bytes(&self) -> usize {
        let floats = self.floats.as_ref().map_or(0, FloatSums::bytes);
        grown(self.counts.len()) * 8 + self.exact.bytes() + floats + self.too_long.len() * 32
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.counts);
        self.exact.save(state);
        state.put(&self.floats.is_some());
        if let Some(floats) = &self.floats {
            floats.save(state);
        }
        save_sparse(&self.too_long, state, |count, state| state.put(count));
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.counts = state.take()?;
        as_many(self.counts.len(), slots)?;
        self.exact = ExactSums::load(slots, state)?;
        self.floats = if state.take()? { Some(FloatSums::load(slots, state)?) } else { None };
        self.too_long = load_sparse(slots, state, |state| state.take())?;
        Ok(())
    }
}
