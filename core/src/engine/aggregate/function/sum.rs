//! `sum(x)` and `avg(x)`.

use std::collections::BTreeMap;

use super::exact::ExactSums;
use super::floats::FloatSums;
use super::per_slot::{as_many, check, fill, grown, keep_sparse, load_sparse, pick, save_sparse};
use super::{Accumulator, Part};
use crate::codec::{Cell, Fault};
use crate::engine::column::Values;
use crate::engine::{Column, Sign, StateError, StateReader, StateWriter};
use crate::expr::{Arithmetic, calculate};

/// The sum of a slot's numbers, or their average.
///
/// Integers and decimals are summed exactly, and floats apart from them, so a sum is the same whatever order its numbers
/// come in; with a float among them the result is one, rounded from the exact sum. A number too long to calculate with
/// makes the sum fail for as long as it is in it.
#[derive(Debug)]
pub(super) struct Sums {
    average: bool,
    /// Whether a number is in each sum.
    here: Vec<bool>,
    /// How many are, where that matters: of averages, and where numbers are taken away again.
    counts: Option<Vec<u64>>,
    exact: ExactSums,
    /// There from the first float on.
    floats: Option<FloatSums>,
    /// How many numbers of a slot are too long.
    too_long: BTreeMap<u32, u64>,
}

impl Sums {
    pub(super) fn new(average: bool, retracts: bool) -> Self {
        let (here, exact, too_long) = Default::default();
        Self { average, here, counts: (average || retracts).then(Vec::new), exact, floats: None, too_long }
    }

    fn add(&mut self, slot: u32, cell: &Cell<'_>, minus: bool) {
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
        self.count(slot, minus);
    }

    fn count(&mut self, slot: u32, minus: bool) {
        let at = slot as usize;
        self.here[at] = true;
        if let Some(counts) = &mut self.counts {
            counts[at] = if minus { counts[at].saturating_sub(1) } else { counts[at] + 1 };
            if counts[at] == 0 {
                self.clear(slot);
            }
        }
    }

    /// Counts a number for each slot.
    fn count_each(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.here[slot as usize] = true);
        if let Some(counts) = &mut self.counts {
            slots.iter().for_each(|&slot| counts[slot as usize] += 1);
        }
    }

    fn floats(&mut self) -> &mut FloatSums {
        let slots = self.here.len();
        self.floats.get_or_insert_with(|| {
            let mut floats = FloatSums::default();
            floats.grow(slots);
            floats
        })
    }

    fn clear(&mut self, slot: u32) {
        self.here[slot as usize] = false;
        if let Some(counts) = &mut self.counts {
            counts[slot as usize] = 0;
        }
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
        fill(&mut self.here, slots, false);
        if let Some(counts) = &mut self.counts {
            fill(counts, slots, 0);
        }
        self.exact.grow(slots);
        if let Some(floats) = &mut self.floats {
            floats.grow(slots);
        }
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        match part.plain_values() {
            Some(Values::Ints(values)) => {
                self.exact.add_ints(part.slots, part.rows, values);
                self.count_each(part.slots);
            }
            Some(Values::Decimals(values)) => {
                for (&slot, &row) in part.slots.iter().zip(part.rows) {
                    self.exact.add_decimal(slot, values[row as usize], false);
                }
                self.count_each(part.slots);
            }
            Some(Values::Floats(values)) => {
                let floats = self.floats();
                part.slots
                    .iter()
                    .zip(part.rows)
                    .for_each(|(&slot, &row)| floats.add(slot, values[row as usize], false));
                self.count_each(part.slots);
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
        self.here[into as usize] |= std::mem::take(&mut self.here[from as usize]);
        if let Some(counts) = &mut self.counts {
            counts[into as usize] += std::mem::take(&mut counts[from as usize]);
        }
    }

    fn keep(&mut self, slots: &[u32]) {
        self.here = pick(&self.here, slots);
        self.counts = self.counts.as_ref().map(|counts| pick(counts, slots));
        self.exact.keep(slots);
        if let Some(floats) = &mut self.floats {
            floats.keep(slots);
        }
        keep_sparse(&mut self.too_long, slots);
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        if !self.here[slot as usize] {
            return Cell::Null;
        }
        match (self.sum(slot), &self.counts) {
            (sum, Some(counts)) if self.average && sum.is_number() => {
                calculate(Arithmetic::Divide, &sum, &Cell::Int(counts[slot as usize] as i64))
            }
            (sum, _) => sum,
        }
    }

    fn results(&self, slots: &[u32], column: &mut Column) {
        let all_here = || slots.iter().all(|&slot| self.here[slot as usize]);
        match self.exact.ints() {
            Some(sums) if !self.average && self.floats.is_none() && self.too_long.is_empty() && all_here() => {
                column.append(&Column::of_ints(slots.iter().map(|&slot| sums[slot as usize]).collect()));
            }
            _ => slots.iter().for_each(|&slot| column.push(self.result(slot))),
        }
    }

    fn bytes(&self) -> usize {
        let floats = self.floats.as_ref().map_or(0, FloatSums::bytes);
        grown(self.here.len()) * if self.counts.is_some() { 9 } else { 1 }
            + self.exact.bytes()
            + floats
            + self.too_long.len() * 32
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.here);
        state.put(&self.counts);
        self.exact.save(state);
        state.put(&self.floats.is_some());
        if let Some(floats) = &self.floats {
            floats.save(state);
        }
        save_sparse(&self.too_long, state, |count, state| state.put(count));
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.here = state.take()?;
        let counts: Option<Vec<u64>> = state.take()?;
        as_many(self.here.len(), slots)?;
        check(counts.is_some() == self.counts.is_some() && counts.iter().all(|counts| counts.len() == slots))?;
        self.counts = counts;
        self.exact = ExactSums::load(slots, state)?;
        self.floats = if state.take()? { Some(FloatSums::load(slots, state)?) } else { None };
        self.too_long = load_sparse(slots, state, |state| state.take())?;
        Ok(())
    }
}
