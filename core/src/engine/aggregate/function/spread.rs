//! `stddev(x)`: the standard deviation of a sample.

use std::collections::BTreeMap;

use super::big::{Big, times_power_of_two};
use super::per_slot::{as_many, check, fill, grown, keep_sparse, load_sparse, pick, save_sparse};
use super::{Accumulator, Part};
use crate::codec::Cell;
use crate::engine::{Sign, StateError, StateReader, StateWriter};

/// How far a slot's numbers lie from their mean.
///
/// The sum and the sum of squares are kept exactly, of integers and decimals as whole numbers of the slot's scale, of
/// floats in binary. So nothing cancels out, however far the numbers are from zero, and what is taken away leaves no
/// trace; only the root is rounded. Numbers of both kinds are put together by their means, in floats.
#[derive(Debug, Default)]
pub(super) struct Spread {
    counts: Vec<u64>,
    sums: Vec<i128>,
    squares: Vec<i128>,
    scales: Vec<u8>,
    /// Sums and sums of squares that 128 bits don't hold; their own places hold zero.
    wide: BTreeMap<u32, (Big, Big)>,
    floats: BTreeMap<u32, Floats>,
}

/// The floats of a slot.
#[derive(Debug, Clone, Default)]
struct Floats {
    count: u64,
    /// How many of them are not finite.
    endless: u64,
    sum: Big,
    squares: Big,
}

/// How many numbers there are, their mean and the sum of the squares of their distances from it.
#[derive(Debug, Clone, Copy)]
struct Moments {
    count: f64,
    mean: f64,
    distances: f64,
}

impl Spread {
    fn add(&mut self, slot: u32, cell: &Cell<'_>, minus: bool) {
        match cell {
            Cell::Int(int) => self.add_exact(slot, (*int).into(), 0, minus),
            Cell::Decimal(decimal) => self.add_exact(slot, decimal.mantissa(), decimal.scale() as u8, minus),
            Cell::Float(float) => self.add_float(slot, *float, minus),
            Cell::Number(_) => self.add_float(slot, crate::expr::float_of(cell).unwrap_or(f64::NAN), minus),
            _ => {}
        }
    }

    fn add_exact(&mut self, slot: u32, mantissa: i128, scale: u8, minus: bool) {
        let at = slot as usize;
        self.counts[at] = if minus { self.counts[at].saturating_sub(1) } else { self.counts[at] + 1 };
        if self.counts[at] == 0 {
            return self.clear_exact(slot);
        }
        let own = self.scales[at];
        if !self.wide.contains_key(&slot) && scale == own {
            let square = mantissa.checked_mul(mantissa);
            let (sum, squares) = (self.sums[at], self.squares[at]);
            let more = match minus {
                true => sum.checked_sub(mantissa).zip(square.and_then(|square| squares.checked_sub(square))),
                false => sum.checked_add(mantissa).zip(square.and_then(|square| squares.checked_add(square))),
            };
            if let Some((sum, squares)) = more {
                (self.sums[at], self.squares[at]) = (sum, squares);
                return;
            }
        }
        let number = Big::whole(mantissa);
        let square = number.times(&number);
        self.add_wide(slot, &number, &square, scale, minus);
    }

    /// Adds sums of a scale, at whatever length, and goes back to 128 bits where they hold the result.
    fn add_wide(&mut self, slot: u32, sum: &Big, squares: &Big, scale: u8, minus: bool) {
        let at = slot as usize;
        let own = self.scales[at];
        let common = own.max(scale);
        let (mut own_sum, mut own_squares) = self.exact(slot);
        let factor = |from: u8| Big::power_of_ten((common - from).into());
        let (factor_own, factor) = (factor(own), factor(scale));
        own_sum = own_sum.times(&factor_own);
        own_squares = own_squares.times(&factor_own.times(&factor_own));
        own_sum.add_big(&sum.times(&factor), minus);
        own_squares.add_big(&squares.times(&factor.times(&factor)), minus);
        self.scales[at] = common;
        self.wide.remove(&slot);
        match own_sum.as_whole().zip(own_squares.as_whole()) {
            Some((sum, squares)) => (self.sums[at], self.squares[at]) = (sum, squares),
            None => {
                (self.sums[at], self.squares[at]) = (0, 0);
                self.wide.insert(slot, (own_sum, own_squares));
            }
        }
    }

    fn exact(&self, slot: u32) -> (Big, Big) {
        let at = slot as usize;
        self.wide.get(&slot).cloned().unwrap_or_else(|| (Big::whole(self.sums[at]), Big::whole(self.squares[at])))
    }

    fn clear_exact(&mut self, slot: u32) {
        let at = slot as usize;
        (self.counts[at], self.sums[at], self.squares[at], self.scales[at]) = (0, 0, 0, 0);
        self.wide.remove(&slot);
    }

    fn add_float(&mut self, slot: u32, float: f64, minus: bool) {
        let floats = self.floats.entry(slot).or_default();
        let changed = |count: u64| if minus { count.saturating_sub(1) } else { count + 1 };
        floats.count = changed(floats.count);
        if float.is_finite() {
            floats.sum.add_float(float, minus);
            floats.squares.add_square(float, minus);
        } else {
            floats.endless = changed(floats.endless);
        }
        if floats.count == 0 {
            self.floats.remove(&slot);
        }
    }

    fn deviation(&self, slot: u32) -> Option<f64> {
        let count = self.counts[slot as usize];
        let floats = self.floats.get(&slot);
        if floats.is_some_and(|floats| floats.endless > 0) {
            return Some(f64::NAN);
        }
        let (sum, squares) = self.exact(slot);
        let scale = Big::power_of_ten(self.scales[slot as usize].into()).to_float();
        match floats {
            None if count < 2 => None,
            None => Some(root_of_variance(count, &sum, &squares) / scale),
            Some(floats) if count == 0 => {
                (floats.count > 1).then(|| root_of_variance(floats.count, &floats.sum, &floats.squares))
            }
            Some(floats) => {
                let ours = moments(count, &sum, &squares, scale);
                let theirs = moments(floats.count, &floats.sum, &floats.squares, 1.0);
                Some(variance_of_both(ours, theirs).sqrt())
            }
        }
    }
}

/// `n·Σx² - (Σx)²`, exactly: the variance times n·(n - 1).
fn scaled_variance(count: u64, sum: &Big, squares: &Big) -> Big {
    let mut scaled = squares.times(&Big::whole(count.into()));
    scaled.add_big(&sum.times(sum), true);
    scaled
}

fn root_of_variance(count: u64, sum: &Big, squares: &Big) -> f64 {
    let (float, exponent) = scaled_variance(count, sum, squares).parts();
    let odd = exponent.rem_euclid(2);
    let pairs = count as f64 * (count - 1) as f64;
    // The square of a float may lie beyond all floats; its root does not.
    times_power_of_two((float * f64::from(1 + odd) / pairs).sqrt(), (exponent - odd) / 2)
}

fn moments(count: u64, sum: &Big, squares: &Big, scale: f64) -> Moments {
    let of = count as f64;
    let distances = scaled_variance(count, sum, squares).to_float() / of;
    Moments { count: of, mean: sum.to_float() / of / scale, distances: distances / scale / scale }
}

fn variance_of_both(a: Moments, b: Moments) -> f64 {
    let count = a.count + b.count;
    let apart = a.mean - b.mean;
    (a.distances + b.distances + apart * apart * a.count * b.count / count) / (count - 1.0)
}

impl Accumulator for Spread {
    fn grow(&mut self, slots: usize) {
        fill(&mut self.counts, slots, 0);
        fill(&mut self.sums, slots, 0);
        fill(&mut self.squares, slots, 0);
        fill(&mut self.scales, slots, 0);
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        part.each(|taken| self.add(taken.slot, &taken.cell, taken.sign == Sign::Minus));
        0
    }

    fn merge(&mut self, into: u32, from: u32) {
        let (sum, squares) = self.exact(from);
        self.add_wide(into, &sum, &squares, self.scales[from as usize], false);
        self.counts[into as usize] += self.counts[from as usize];
        self.clear_exact(from);
        if let Some(floats) = self.floats.remove(&from) {
            let own = self.floats.entry(into).or_default();
            own.count += floats.count;
            own.endless += floats.endless;
            own.sum.add_big(&floats.sum, false);
            own.squares.add_big(&floats.squares, false);
        }
    }

    fn keep(&mut self, slots: &[u32]) {
        self.counts = pick(&self.counts, slots);
        self.sums = pick(&self.sums, slots);
        self.squares = pick(&self.squares, slots);
        self.scales = pick(&self.scales, slots);
        keep_sparse(&mut self.wide, slots);
        keep_sparse(&mut self.floats, slots);
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        self.deviation(slot).map_or(Cell::Null, Cell::Float)
    }

    fn bytes(&self) -> usize {
        let wide: usize = self.wide.values().map(|(sum, squares)| 96 + sum.bytes() + squares.bytes()).sum();
        let floats: usize = self.floats.values().map(|floats| 128 + floats.sum.bytes() + floats.squares.bytes()).sum();
        grown(self.counts.len()) * (8 + 16 + 16 + 1) + wide + floats
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.counts);
        state.put(&self.sums);
        state.put(&self.squares);
        state.put(&self.scales);
        save_sparse(&self.wide, state, |(sum, squares), state| {
            sum.save(state);
            squares.save(state);
        });
        save_sparse(&self.floats, state, |floats, state| {
            state.put(&(floats.count, floats.endless));
            floats.sum.save(state);
            floats.squares.save(state);
        });
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.counts = state.take()?;
        self.sums = state.take()?;
        self.squares = state.take()?;
        self.scales = state.take()?;
        as_many(self.counts.len(), slots)?;
        check(self.sums.len() == slots && self.squares.len() == slots && self.scales.len() == slots)?;
        check(self.scales.iter().all(|&scale| scale <= 28))?;
        self.wide = load_sparse(slots, state, |state| Ok((Big::load(state)?, Big::load(state)?)))?;
        self.floats = load_sparse(slots, state, |state| {
            let (count, endless) = state.take()?;
            Ok(Floats { count, endless, sum: Big::load(state)?, squares: Big::load(state)? })
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::number_cell;

    fn spread(texts: &[&str]) -> Spread {
        let mut spread = Spread::default();
        spread.grow(2);
        texts.iter().for_each(|text| spread.add(0, &number_cell(text), false));
        spread
    }

    #[test]
    fn a_deviation_is_right_however_far_from_zero() {
        assert_eq!(spread(&["4"]).deviation(0), None);
        assert_eq!(spread(&["2", "4", "4", "4", "5", "5", "7", "9"]).deviation(0), Some((32.0_f64 / 7.0).sqrt()));
        assert_eq!(spread(&["9000000000000000001", "9000000000000000003"]).deviation(0), Some(2.0_f64.sqrt()));
        let far = ["79228162514264337593543950333", "79228162514264337593543950335"];
        assert_eq!(spread(&far).deviation(0), Some(2.0_f64.sqrt()));
        let cents = spread(&["1000000000.01", "1000000000.02", "1000000000.030"]).deviation(0).unwrap();
        assert!((cents - 0.01).abs() < 1e-17, "{cents}");
    }

    #[test]
    fn floats_beyond_the_root_of_the_largest_have_a_deviation() {
        let mut spread = Spread::default();
        spread.grow(1);
        [1e300, -1e300].iter().for_each(|&float| spread.add(0, &Cell::Float(float), false));
        let deviation = spread.deviation(0).unwrap();
        assert!((deviation / (2.0_f64.sqrt() * 1e300) - 1.0).abs() < 1e-15, "{deviation}");
        spread.add(0, &Cell::Float(f64::INFINITY), false);
        assert!(spread.deviation(0).unwrap().is_nan());
    }

    proptest! {
        #[test]
        fn numbers_of_both_kinds_taken_away_and_put_together_agree_with_the_plain_formula(
            numbers in prop::collection::vec((-10_000..10_000_i32, any::<bool>(), any::<bool>(), 0..2_u32), 2..20),
        ) {
            let mut spread = Spread::default();
            spread.grow(2);
            let cell = |number: i32, float: bool| match float {
                true => Cell::Float(f64::from(number) / 4.0),
                false => Cell::Decimal(rust_decimal::Decimal::new(i64::from(number) * 25, 2)),
            };
            for (number, float, _, slot) in &numbers {
                spread.add(*slot, &cell(*number, *float), false);
            }
            for (number, float, _, slot) in numbers.iter().filter(|number| !number.2) {
                spread.add(*slot, &cell(*number, *float), true);
            }
            spread.merge(0, 1);
            let rest: Vec<f64> = numbers.iter().filter(|number| number.2).map(|number| f64::from(number.0) / 4.0).collect();
            let mean = rest.iter().sum::<f64>() / rest.len() as f64;
            let squares: f64 = rest.iter().map(|number| (number - mean).powi(2)).sum();
            let plain = (rest.len() > 1).then(|| (squares / (rest.len() - 1) as f64).sqrt());
            match (spread.deviation(0), plain) {
                (Some(ours), Some(plain)) => prop_assert!((ours - plain).abs() <= 1e-9 * (1.0 + plain), "{} {}", ours, plain),
                (ours, plain) => prop_assert_eq!(ours, plain),
            }
        }
    }
}
