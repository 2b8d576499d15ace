//! Sums of binary floats: rounded once, from the exact sum, so that neither the order of the values nor what was added
//! and taken away in between makes a difference.
//!
//! Two floats hold nearly every exact sum: its nearest float, and what is left. A sum that needs more goes on as a number
//! of any length. What is not finite is counted apart.

use std::collections::BTreeMap;

use super::big::Big;
use super::per_slot::{check, fill, grown, keep_sparse, load_sparse, pick, save_sparse};
use crate::engine::{StateError, StateReader, StateWriter};

/// A sum for each slot.
#[derive(Debug, Default)]
pub(super) struct FloatSums {
    sums: Vec<FloatSum>,
    /// Sums that two floats don't hold; their own place holds zero.
    wide: BTreeMap<u32, Big>,
    /// How often NaN, infinity and minus infinity were added.
    endless: BTreeMap<u32, [u64; 3]>,
}

#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
struct FloatSum {
    /// How many floats are in it, finite or not.
    count: u64,
    nearest: f64,
    left: f64,
}

impl FloatSums {
    pub(super) fn grow(&mut self, slots: usize) {
        fill(&mut self.sums, slots, FloatSum::default());
    }

    /// How many floats are in a slot's sum.
    pub(super) fn count(&self, slot: u32) -> u64 {
        self.sums[slot as usize].count
    }

    /// Adds a float, or takes it away.
    pub(super) fn add(&mut self, slot: u32, float: f64, minus: bool) {
        let sum = &mut self.sums[slot as usize];
        sum.count = if minus { sum.count.saturating_sub(1) } else { sum.count + 1 };
        if !float.is_finite() {
            let counts = self.endless.entry(slot).or_default();
            let count = &mut counts[if float.is_nan() { 0 } else { 1 + usize::from(float < 0.0) }];
            *count = if minus { count.saturating_sub(1) } else { *count + 1 };
        } else if let Some(big) = self.wide.get_mut(&slot) {
            big.add_float(float, minus);
        } else if let Some((nearest, left)) = add_to_pair(sum.nearest, sum.left, if minus { -float } else { float }) {
            (sum.nearest, sum.left) = (nearest, left);
        } else {
            let mut big = self.finite(slot);
            big.add_float(float, minus);
            self.set(slot, big);
        }
        if self.sums[slot as usize].count == 0 {
            self.clear(slot);
        }
    }

    fn set(&mut self, slot: u32, big: Big) {
        let sum = &mut self.sums[slot as usize];
        (sum.nearest, sum.left) = (0.0, 0.0);
        self.wide.insert(slot, big);
    }

    /// The sum of a slot's finite floats, exactly.
    fn finite(&self, slot: u32) -> Big {
        self.wide.get(&slot).cloned().unwrap_or_else(|| {
            let sum = &self.sums[slot as usize];
            let mut big = Big::default();
            big.add_float(sum.nearest, false);
            big.add_float(sum.left, false);
            big
        })
    }

    /// A slot's sum together with one more number.
    pub(super) fn total(&self, slot: u32, more: f64) -> f64 {
        let [not_numbers, up, down] = self.endless.get(&slot).copied().unwrap_or_default();
        if not_numbers > 0 || up > 0 && down > 0 || more.is_nan() {
            return f64::NAN;
        }
        if up > 0 || down > 0 {
            return if up > 0 { f64::INFINITY } else { f64::NEG_INFINITY };
        }
        let sum = &self.sums[slot as usize];
        if more == 0.0 && (self.wide.is_empty() || !self.wide.contains_key(&slot)) {
            return sum.nearest;
        }
        let mut big = self.finite(slot);
        big.add_float(more, false);
        big.to_float()
    }

    /// Adds one slot's sum to another's, and forgets it.
    pub(super) fn merge(&mut self, into: u32, from: u32) {
        let count = self.count(into) + self.count(from);
        if let Some(counts) = self.endless.get(&from).copied() {
            let own = self.endless.entry(into).or_default();
            own.iter_mut().zip(counts).for_each(|(own, count)| *own += count);
        }
        let mut big = self.finite(into);
        big.add_big(&self.finite(from), false);
        let nearest = big.to_float();
        let mut left = big.clone();
        if nearest.is_finite() {
            left.add_float(nearest, true);
        }
        // As adding one by one would leave it: two floats where they hold the sum.
        let left = left.to_float();
        match add_to_pair(nearest, 0.0, left).filter(|_| nearest.is_finite()) {
            Some(pair) if pair_is(pair, &big) => {
                self.wide.remove(&into);
                let sum = &mut self.sums[into as usize];
                (sum.nearest, sum.left) = pair;
            }
            _ => self.set(into, big),
        }
        self.sums[into as usize].count = count;
        self.clear(from);
    }

    /// Forgets a slot's sum.
    pub(super) fn clear(&mut self, slot: u32) {
        self.sums[slot as usize] = FloatSum::default();
        self.wide.remove(&slot);
        self.endless.remove(&slot);
    }

    pub(super) fn keep(&mut self, slots: &[u32]) {
        self.sums = pick(&self.sums, slots);
        keep_sparse(&mut self.wide, slots);
        keep_sparse(&mut self.endless, slots);
    }

    pub(super) fn bytes(&self) -> usize {
        let wide: usize = self.wide.values().map(|big| 64 + big.bytes()).sum();
        grown(self.sums.len()) * size_of::<FloatSum>() + wide + self.endless.len() * 48
    }

    pub(super) fn save(&self, state: &mut StateWriter) {
        state.put(&self.sums);
        save_sparse(&self.wide, state, Big::save);
        save_sparse(&self.endless, state, |counts, state| state.put(counts));
    }

    pub(super) fn load(slots: usize, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let sums: Vec<FloatSum> = state.take()?;
        check(sums.len() == slots && sums.iter().all(|sum| sum.nearest.is_finite() && sum.left.is_finite()))?;
        let wide = load_sparse(slots, state, Big::load)?;
        Ok(Self { sums, wide, endless: load_sparse(slots, state, |state| state.take())? })
    }
}

/// The pair of floats that is exactly `nearest + left + more`, if there is one.
fn add_to_pair(nearest: f64, left: f64, more: f64) -> Option<(f64, f64)> {
    let (small, lost) = two_sum(left, more);
    let (large, middle) = two_sum(nearest, small);
    let (rest, lost_too) = two_sum(middle, lost);
    let (large, rest) = two_sum(large, rest);
    (lost_too == 0.0 && large.is_finite()).then_some((large, rest))
}

fn pair_is((nearest, left): (f64, f64), big: &Big) -> bool {
    let mut rest = big.clone();
    rest.add_float(nearest, true);
    rest.add_float(left, true);
    rest.is_zero()
}

/// The rounded sum, and exactly what the rounding lost.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sums(floats: &[f64]) -> FloatSums {
        let mut sums = FloatSums::default();
        sums.grow(2);
        floats.iter().for_each(|&float| sums.add(0, float, false));
        sums
    }

    #[test]
    fn a_sum_is_rounded_once() {
        assert_eq!(sums(&[0.1; 10]).total(0, 0.0), 1.0);
        assert_eq!(sums(&[1e100, 1.0, -1e100]).total(0, 0.0), 1.0);
        assert_eq!(sums(&[1e300, 1.0, 1e-300, -1e300]).total(0, -1.0), 1e-300);
        assert_eq!(sums(&[f64::MAX, f64::MAX, -f64::MAX]).total(0, 0.0), f64::MAX);
    }

    #[test]
    fn what_is_not_finite_can_be_taken_away() {
        let mut sums = sums(&[1.0, f64::INFINITY, f64::NEG_INFINITY]);
        assert!(sums.total(0, 0.0).is_nan());
        sums.add(0, f64::NEG_INFINITY, true);
        assert_eq!(sums.total(0, 0.0), f64::INFINITY);
        sums.add(0, f64::INFINITY, true);
        assert_eq!(sums.total(0, 0.0), 1.0);
    }

    fn any_float() -> impl Strategy<Value = f64> {
        prop_oneof![any::<f64>().prop_filter("finite", |float| float.is_finite()), -1e3..1e3, Just(1e16), Just(-1e16)]
    }

    proptest! {
        #[test]
        fn neither_order_nor_detours_nor_merging_make_a_difference(
            floats in prop::collection::vec((any_float(), any::<bool>(), 0..2_u32), 0..12),
        ) {
            let stay: Vec<f64> = floats.iter().filter(|float| float.1).map(|float| float.0).collect();
            let backwards: Vec<f64> = stay.iter().rev().copied().collect();
            let mut apart = FloatSums::default();
            apart.grow(2);
            for (float, _, slot) in &floats {
                apart.add(*slot, *float, false);
            }
            for (float, _, slot) in floats.iter().filter(|float| !float.1).rev() {
                apart.add(*slot, *float, true);
            }
            apart.merge(0, 1);
            let mut exact = Big::default();
            stay.iter().for_each(|&float| exact.add_float(float, false));
            prop_assert_eq!(sums(&stay).total(0, 0.0), exact.to_float());
            prop_assert_eq!(sums(&backwards).total(0, 0.0), exact.to_float());
            prop_assert_eq!(apart.total(0, 0.0), exact.to_float());
        }
    }
}
