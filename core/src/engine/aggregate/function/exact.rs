//! Sums of integers and decimals, exact whatever the order in which they are added, taken away and put together.
//!
//! A sum begins as an integer of 64 bits. When one leaves that range, or the first decimal comes, all sums of the column
//! become integers of 128 bits with a scale each: the largest number of digits after the point that was added, which is
//! also how the sum is shown. The few that leave 128 bits go on as numbers of any length.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::big::{Big, times_power_of_two};
use super::per_slot::{as_many, check, fill, grown, keep_sparse, load_sparse, pick, save_sparse};
use crate::codec::{Cell, Fault};
use crate::engine::column::canonical;
use crate::engine::{StateError, StateReader, StateWriter};

/// The most digits after a decimal's point.
const LARGEST_SCALE: u8 = 28;

/// A sum for each slot.
#[derive(Debug)]
pub(super) struct ExactSums {
    /// The sums, as long as all are integers of 64 bits.
    ints: Option<Vec<i64>>,
    /// The sums as integers of their scales, when they no longer are.
    scaled: Vec<i128>,
    scales: Vec<u8>,
    /// Sums that 128 bits don't hold, as whole numbers of their slot's scale; their own place holds zero.
    wide: BTreeMap<u32, Big>,
}

impl Default for ExactSums {
    fn default() -> Self {
        Self { ints: Some(Vec::new()), scaled: Vec::new(), scales: Vec::new(), wide: BTreeMap::new() }
    }
}

impl ExactSums {
    pub(super) fn grow(&mut self, slots: usize) {
        match &mut self.ints {
            Some(ints) => fill(ints, slots, 0),
            None => {
                self.scaled.resize(slots, 0);
                fill(&mut self.scales, slots, 0);
            }
        }
    }

    /// Adds the integers of some rows, each to its slot.
    pub(super) fn add_ints(&mut self, slots: &[u32], rows: &[u32], values: &[i64]) {
        let mut done = 0;
        if let Some(ints) = &mut self.ints {
            for (&slot, &row) in slots.iter().zip(rows) {
                let sum = &mut ints[slot as usize];
                let Some(more) = sum.checked_add(values[row as usize]) else { break };
                *sum = more;
                done += 1;
            }
        }
        for (&slot, &row) in slots.iter().zip(rows).skip(done) {
            self.add(slot, values[row as usize].into(), 0);
        }
    }

    /// Adds a decimal, or takes it away.
    pub(super) fn add_decimal(&mut self, slot: u32, decimal: Decimal, minus: bool) {
        let mantissa = decimal.mantissa();
        self.add(slot, if minus { -mantissa } else { mantissa }, decimal.scale() as u8);
    }

    /// Adds `mantissa · 10^-scale`.
    pub(super) fn add(&mut self, slot: u32, mantissa: i128, scale: u8) {
        if let (Some(ints), 0) = (&mut self.ints, scale) {
            let sum = &mut ints[slot as usize];
            if let Some(more) = i64::try_from(mantissa).ok().and_then(|int| sum.checked_add(int)) {
                *sum = more;
                return;
            }
        }
        self.make_scaled();
        let (sum, own) = (&mut self.scaled[slot as usize], &mut self.scales[slot as usize]);
        if !self.wide.is_empty()
            && let Some(big) = self.wide.get_mut(&slot)
        {
            return add_wide(big, own, &Big::whole(mantissa), scale);
        }
        let common = scale.max(*own);
        let total = if scale == *own {
            sum.checked_add(mantissa)
        } else {
            let aligned = |number: i128, scale: u8| number.checked_mul(10_i128.checked_pow((common - scale).into())?);
            aligned(*sum, *own).zip(aligned(mantissa, scale)).and_then(|(sum, more)| sum.checked_add(more))
        };
        if let Some(total) = total {
            (*sum, *own) = (total, common);
            return;
        }
        let mut big = Big::whole(*sum);
        add_wide(&mut big, own, &Big::whole(mantissa), scale);
        *sum = 0;
        self.wide.insert(slot, big);
    }

    fn make_scaled(&mut self) {
        if let Some(ints) = self.ints.take() {
            self.scales = vec![0; ints.len()];
            self.scaled = ints.into_iter().map(i128::from).collect();
        }
    }

    /// Adds one slot's sum to another's, and forgets it.
    pub(super) fn merge(&mut self, into: u32, from: u32) {
        let (mantissa, scale) = self.mantissa(from);
        if let Some(big) = self.wide.remove(&from) {
            self.make_scaled();
            let (sum, own) = (&mut self.scaled[into as usize], &mut self.scales[into as usize]);
            let mut total = self.wide.remove(&into).unwrap_or_else(|| Big::whole(*sum));
            add_wide(&mut total, own, &big, scale);
            *sum = 0;
            self.wide.insert(into, total);
        } else {
            self.add(into, mantissa, scale);
        }
        self.clear(from);
    }

    /// What stands in a slot's place, and its scale.
    fn mantissa(&self, slot: u32) -> (i128, u8) {
        match &self.ints {
            Some(ints) => (ints[slot as usize].into(), 0),
            None => (self.scaled[slot as usize], self.scales[slot as usize]),
        }
    }

    /// Forgets a slot's sum, and how it was written.
    pub(super) fn clear(&mut self, slot: u32) {
        match &mut self.ints {
            Some(ints) => ints[slot as usize] = 0,
            None => {
                self.scaled[slot as usize] = 0;
                self.scales[slot as usize] = 0;
            }
        }
        self.wide.remove(&slot);
    }

    /// Keeps some slots, in this order.
    pub(super) fn keep(&mut self, slots: &[u32]) {
        match &mut self.ints {
            Some(ints) => *ints = pick(ints, slots),
            None => {
                self.scaled = pick(&self.scaled, slots);
                self.scales = pick(&self.scales, slots);
            }
        }
        keep_sparse(&mut self.wide, slots);
    }

    /// A slot's sum: an integer, a decimal, or the failure of one that is too long.
    pub(super) fn result(&self, slot: u32) -> Cell<'static> {
        if let Some(ints) = &self.ints {
            return Cell::Int(ints[slot as usize]);
        }
        let (mut mantissa, mut scale) = self.mantissa(slot);
        if let Some(big) = self.wide.get(&slot) {
            let mut big = big.clone();
            // Zeros at the end may be what makes it too long.
            while big.as_whole().is_none() {
                let Some(tenth) = big.tenth().filter(|_| scale > 0) else { return Cell::Failed(Fault::Overflow) };
                big = tenth;
                scale -= 1;
            }
            mantissa = big.as_whole().unwrap_or(0);
        }
        loop {
            if let Ok(decimal) = Decimal::try_from_i128_with_scale(mantissa, scale.into()) {
                return canonical(decimal);
            }
            if scale == 0 || mantissa % 10 != 0 {
                return Cell::Failed(Fault::Overflow);
            }
            mantissa /= 10;
            scale -= 1;
        }
    }

    /// The sums, if all are integers of 64 bits.
    pub(super) fn ints(&self) -> Option<&[i64]> {
        self.ints.as_deref()
    }

    /// A slot's sum as a float: the nearest, but of one that is too long for a decimal it may be its neighbour.
    pub(super) fn float(&self, slot: u32) -> f64 {
        if let Some(float) = crate::expr::float_of(&self.result(slot)) {
            return float;
        }
        let (mantissa, mut scale) = self.mantissa(slot);
        let mut big = self.wide.get(&slot).cloned().unwrap_or_else(|| Big::whole(mantissa));
        // In the fewest digits, so that it does not matter how they were written.
        while let Some(tenth) = big.tenth().filter(|_| scale > 0) {
            big = tenth;
            scale -= 1;
        }
        let ((over, up), (under, down)) = (big.parts(), Big::power_of_ten(scale.into()).parts());
        times_power_of_two(over / under, up - down)
    }

    pub(super) fn bytes(&self) -> usize {
        let ints = self.ints.as_ref().map_or(0, |ints| grown(ints.len()) * 8);
        ints + grown(self.scaled.len()) * 17 + self.wide.values().map(|big| 64 + big.bytes()).sum::<usize>()
    }

    pub(super) fn save(&self, state: &mut StateWriter) {
        state.put(&self.ints);
        state.put(&self.scaled);
        state.put(&self.scales);
        save_sparse(&self.wide, state, Big::save);
    }

    pub(super) fn load(slots: usize, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (ints, scaled, scales): (Option<Vec<i64>>, Vec<i128>, Vec<u8>) =
            (state.take()?, state.take()?, state.take()?);
        let wide = load_sparse(slots, state, Big::load)?;
        match &ints {
            Some(ints) => as_many(ints.len(), slots)?,
            None => as_many(scaled.len(), slots).and_then(|()| as_many(scales.len(), slots))?,
        }
        check(ints.is_none() || wide.is_empty() && scaled.is_empty() && scales.is_empty())?;
        check(scales.iter().all(|&scale| scale <= LARGEST_SCALE))?;
        Ok(Self { ints, scaled, scales, wide })
    }
}

/// Adds `more · 10^-scale` to `big · 10^-own`; both then have the larger scale.
fn add_wide(big: &mut Big, own: &mut u8, more: &Big, scale: u8) {
    let common = scale.max(*own);
    if common > *own {
        *big = big.times(&Big::power_of_ten((common - *own).into()));
    }
    big.add_big(&more.times(&Big::power_of_ten((common - scale).into())), false);
    *own = common;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::number_cell;

    fn sum(texts: &[&str]) -> ExactSums {
        let mut sums = ExactSums::default();
        sums.grow(1);
        for text in texts {
            match number_cell(text) {
                Cell::Int(int) => sums.add(0, int.into(), 0),
                Cell::Decimal(decimal) => sums.add_decimal(0, decimal, false),
                other => panic!("{other:?} is no short number"),
            }
        }
        sums
    }

    #[test]
    fn sums_are_exact_or_a_failure() {
        let seventy = "70000000000000000000000000000";
        for (texts, result) in [
            (vec!["1", "2"], "3"),
            (vec!["5.50", "5.50"], "11.00"),
            (vec!["0.1", "0.25"], "0.35"),
            (vec!["9223372036854775807", "1"], "9223372036854775808"),
            (vec!["9223372036854775807", "1", "-2"], "9223372036854775806"),
            (vec![seventy, seventy], "(a number has more than 28 digits)"),
            (vec![seventy, "0.1"], "(a number has more than 28 digits)"),
            (vec![seventy, "0.1", "0.9"], "70000000000000000000000000001"),
            (vec![seventy, "0.0000000000000000000000000001"], "(a number has more than 28 digits)"),
            (
                vec![seventy, "0.0000000000000000000000000001", "-70000000000000000000000000000"],
                "0.0000000000000000000000000001",
            ),
        ] {
            assert_eq!(sum(&texts).result(0).to_string(), result, "{texts:?}");
            let backwards: Vec<&str> = texts.iter().rev().copied().collect();
            assert_eq!(sum(&backwards).result(0).to_string(), result, "{backwards:?}");
        }
    }

    #[test]
    fn a_sum_that_is_too_long_still_has_its_nearest_float() {
        assert_eq!(sum(&["70000000000000000000000000000", "0.1"]).float(0), 7e28);
        assert_eq!(sum(&["0.1", "0.2"]).float(0), 0.3);
    }

    fn any_decimal() -> impl Strategy<Value = Decimal> {
        (any::<i128>(), 32..128_u32, 0..=28_u32)
            .prop_map(|(mantissa, shift, scale)| Decimal::from_i128_with_scale(mantissa >> shift, scale))
    }

    proptest! {
        #[test]
        fn what_is_taken_away_and_put_together_leaves_the_sum_of_the_rest(
            numbers in prop::collection::vec((any_decimal(), 0..2_u32, any::<bool>()), 1..12),
        ) {
            let (mut sums, mut rest) = (ExactSums::default(), ExactSums::default());
            sums.grow(2);
            rest.grow(1);
            for (decimal, slot, _) in &numbers {
                sums.add_decimal(*slot, *decimal, false);
            }
            for (decimal, slot, stays) in &numbers {
                if *stays {
                    rest.add_decimal(0, *decimal, false);
                } else {
                    sums.add_decimal(*slot, *decimal, true);
                }
            }
            sums.merge(0, 1);
            prop_assert_eq!(sums.float(0), rest.float(0));
            let (sum, of_rest) = (sums.result(0), rest.result(0));
            prop_assert!(sum == of_rest || sum.compare(&of_rest).is_some_and(|order| order.is_eq()), "{} {}", sum, of_rest);
            prop_assert_eq!(sums.result(1), Cell::Int(0));
        }
    }
}
