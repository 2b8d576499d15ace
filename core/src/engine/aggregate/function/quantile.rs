//! `quantile(x, q)` where no row is taken away, and how a quantile lies between two values.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::per_slot::{as_many, check, fill_with, grown, load_cells, pick_owned, save_cells};
use super::value_order::Ordered;
use super::{Accumulator, Part};
use crate::codec::Cell;
use crate::engine::column::{Values, canonical};
use crate::engine::{StateError, StateReader, StateWriter};
use crate::expr::{Arithmetic, calculate};

/// Every number of a slot; they are ordered when the quantile is asked for.
#[derive(Debug)]
pub(super) struct Quantile {
    share: f64,
    /// The numbers, as long as all are integers.
    ints: Option<Vec<Vec<i64>>>,
    numbers: Vec<Vec<Ordered>>,
    count: usize,
}

impl Quantile {
    pub(super) fn new(share: f64) -> Self {
        Self { share, ints: Some(Vec::new()), numbers: Vec::new(), count: 0 }
    }

    fn add(&mut self, slot: u32, cell: Cell<'_>) {
        if !cell.is_number() {
            return;
        }
        self.count += 1;
        if let (Some(ints), Cell::Int(int)) = (&mut self.ints, &cell) {
            ints[slot as usize].push(*int);
            return;
        }
        if let Some(ints) = self.ints.take() {
            let ordered = |ints: Vec<i64>| ints.into_iter().map(|int| Ordered(Cell::Int(int))).collect();
            self.numbers = ints.into_iter().map(ordered).collect();
        }
        self.numbers[slot as usize].push(Ordered(cell.into_owned()));
    }

    fn recount(&mut self) {
        let ints = self.ints.iter().flatten().map(Vec::len).sum::<usize>();
        self.count = ints + self.numbers.iter().map(Vec::len).sum::<usize>();
    }
}

impl Accumulator for Quantile {
    fn grow(&mut self, slots: usize) {
        match &mut self.ints {
            Some(ints) => fill_with(ints, slots, Vec::new),
            None => self.numbers.resize_with(slots, Vec::new),
        }
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        if let (Some(ints), Some(Values::Ints(values))) = (&mut self.ints, part.plain_values()) {
            for (&slot, &row) in part.slots.iter().zip(part.rows) {
                ints[slot as usize].push(values[row as usize]);
            }
            self.count += part.slots.len();
            return 0;
        }
        part.each(|taken| self.add(taken.slot, taken.cell));
        0
    }

    fn merge(&mut self, into: u32, from: u32) {
        match &mut self.ints {
            Some(ints) => {
                let mut from = std::mem::take(&mut ints[from as usize]);
                ints[into as usize].append(&mut from);
            }
            None => {
                let mut from = std::mem::take(&mut self.numbers[from as usize]);
                self.numbers[into as usize].append(&mut from);
            }
        }
    }

    fn keep(&mut self, slots: &[u32]) {
        match &mut self.ints {
            Some(ints) => *ints = pick_owned(ints, slots),
            None => self.numbers = pick_owned(&mut self.numbers, slots),
        }
        self.recount();
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        match &self.ints {
            Some(ints) => of_unordered(&mut ints[slot as usize].clone(), self.share, |int| Cell::Int(*int)),
            None => of_unordered(&mut self.numbers[slot as usize].clone(), self.share, |number| number.0.clone()),
        }
    }

    fn bytes(&self) -> usize {
        let (slots, number) = match &self.ints {
            Some(ints) => (ints.len(), 8),
            None => (self.numbers.len(), size_of::<Ordered>()),
        };
        // A list that grows is three quarters full on average.
        grown(slots) * 24 + self.count * number * 4 / 3
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.ints);
        state.put(&self.numbers.len());
        self.numbers.iter().for_each(|numbers| save_cells(numbers.iter().map(|number| &number.0), state));
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.ints = state.take()?;
        let lists: usize = state.take()?;
        match &self.ints {
            Some(ints) => check(ints.len() == slots && lists == 0)?,
            None => as_many(lists, slots)?,
        }
        self.numbers.clear();
        for _ in 0..lists {
            let numbers = load_cells(state)?;
            check(numbers.iter().all(Cell::is_number))?;
            self.numbers.push(numbers.into_iter().map(Ordered).collect());
        }
        self.recount();
        Ok(())
    }
}

fn of_unordered<T: Ord>(values: &mut [T], share: f64, cell: impl Fn(&T) -> Cell<'static>) -> Cell<'static> {
    let Some((below, part)) = place(values.len() as u64, share) else { return Cell::Null };
    let (_, low, above) = values.select_nth_unstable(below as usize);
    match above.iter().min() {
        Some(high) => between(&cell(low), &cell(high), part),
        None => cell(low),
    }
}

/// Where the quantile of so many values in order lies: behind how many, and how far on the way to the next.
pub(super) fn place(count: u64, share: f64) -> Option<(u64, Decimal)> {
    let steps = Decimal::from(count.checked_sub(1)?);
    // The share as it was written; one with more digits than a decimal has is next to nothing.
    let share: Decimal = share.to_string().parse().unwrap_or_default();
    let place = share.checked_mul(steps).unwrap_or_default().min(steps);
    let below = place.trunc();
    Some((below.to_u64()?, (place - below).normalize()))
}

/// The value that lies `part` of the way between two, exactly as far as 28 digits go.
pub(super) fn between(low: &Cell<'_>, high: &Cell<'_>, part: Decimal) -> Cell<'static> {
    if part.is_zero() || low == high {
        return crate::engine::column::borrowed(low).into_owned();
    }
    let distance = calculate(Arithmetic::Subtract, high, low);
    let way = calculate(Arithmetic::Multiply, &distance, &Cell::Decimal(part));
    // A failure is a number of no kind, and stays what it is.
    let value = match (&distance, &way) {
        (failed @ Cell::Failed(_), _) | (_, failed @ Cell::Failed(_)) => {
            crate::engine::column::borrowed(failed).into_owned()
        }
        _ => calculate(Arithmetic::Add, low, &way),
    };
    match value {
        Cell::Decimal(decimal) => canonical(decimal.normalize()),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::number_cell;

    fn quantile(texts: &[&str], share: f64) -> String {
        let mut quantile = Quantile::new(share);
        quantile.grow(1);
        texts.iter().for_each(|text| quantile.add(0, number_cell(text)));
        quantile.result(0).to_string()
    }

    #[test]
    fn a_quantile_lies_between_two_values_in_proportion() {
        for (texts, share, result) in [
            (vec!["3", "1", "2"], 0.5, "2"),
            (vec!["1", "2"], 0.5, "1.5"),
            (vec!["4", "1", "3", "2"], 0.95, "3.85"),
            (vec!["10", "20"], 0.0, "10"),
            (vec!["10", "20"], 1.0, "20"),
            (vec!["1.10", "1.30"], 0.5, "1.2"),
            (vec!["1", "3"], 0.5, "2"),
            (vec!["5"], 0.3, "5"),
            (vec![], 0.3, ""),
        ] {
            assert_eq!(quantile(&texts, share), result, "{texts:?} {share}");
        }
    }
}
