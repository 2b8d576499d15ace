//! Numbers of any length in binary: what exact sums become when nothing shorter holds them.
//!
//! A [`Big`] is a whole number times a power of 2^64, so both a decimal's digits (as a whole number) and a float of any
//! size are held exactly, and what was added can be taken away again without a trace.

use crate::engine::{StateError, StateReader, StateWriter};

/// An exact binary number; nothing in it is zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Big {
    /// In two's complement, the least significant first; the last one says nothing but the sign.
    limbs: Vec<u64>,
    /// The power of 2^64 that the first limb counts.
    base: i32,
}

/// Beyond the square of the largest and of the smallest float, counted in 2^64.
const FARTHEST: i32 = 64;

impl Big {
    /// A whole number.
    pub(super) fn whole(number: i128) -> Self {
        let mut big = Self::default();
        big.add(number < 0, number.unsigned_abs(), 0);
        big
    }

    /// A power of ten.
    pub(super) fn power_of_ten(power: u32) -> Self {
        let mut big = Self::whole(10_i128.pow(power % 38));
        for _ in 0..power / 38 {
            big = big.times(&Self::whole(10_i128.pow(38)));
        }
        big
    }

    pub(super) fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    fn is_negative(&self) -> bool {
        self.limbs.last().is_some_and(|&limb| limb >> 63 == 1)
    }

    /// Adds `±magnitude · 2^exponent`.
    pub(super) fn add(&mut self, negative: bool, magnitude: u128, exponent: i32) {
        if magnitude == 0 {
            return;
        }
        let (low, high) = (magnitude as u64, (magnitude >> 64) as u64);
        let shift = exponent.rem_euclid(64) as u32;
        let limbs = match shift {
            0 => [low, high, 0],
            _ => [low << shift, high << shift | low >> (64 - shift), high >> (64 - shift)],
        };
        self.add_limbs(exponent.div_euclid(64), &limbs, 0, negative);
    }

    /// Adds a finite float, or takes it away.
    pub(super) fn add_float(&mut self, float: f64, minus: bool) {
        let (negative, mantissa, exponent) = float_parts(float);
        self.add(negative != minus, mantissa.into(), exponent);
    }

    /// Adds the square of a finite float, or takes it away.
    pub(super) fn add_square(&mut self, float: f64, minus: bool) {
        let (_, mantissa, exponent) = float_parts(float);
        self.add(minus, u128::from(mantissa) * u128::from(mantissa), 2 * exponent);
    }

    /// Adds another number, or takes it away.
    pub(super) fn add_big(&mut self, other: &Self, minus: bool) {
        let rest = if other.is_negative() { u64::MAX } else { 0 };
        self.add_limbs(other.base, &other.limbs, rest, minus);
    }

    /// Adds limbs, behind which `rest` goes on for ever, or takes them away.
    fn add_limbs(&mut self, base: i32, limbs: &[u64], rest: u64, minus: bool) {
        if limbs.is_empty() {
            return;
        }
        let at = self.reach(base, limbs.len());
        let mut carry = false;
        for (index, limb) in self.limbs[at..].iter_mut().enumerate() {
            let part = limbs.get(index).copied().unwrap_or(rest);
            let (sum, (over, more)) = if minus {
                let (difference, under) = limb.overflowing_sub(part);
                let (difference, less) = difference.overflowing_sub(carry.into());
                (difference, (under, less))
            } else {
                let (sum, over) = limb.overflowing_add(part);
                let (sum, more) = sum.overflowing_add(carry.into());
                (sum, (over, more))
            };
            *limb = sum;
            carry = over || more;
        }
        self.settle();
    }

    /// Makes room for so many limbs from a power on, and for a carry behind them; gives the place of the first.
    fn reach(&mut self, base: i32, count: usize) -> usize {
        if self.limbs.is_empty() {
            self.base = base;
            self.limbs.push(0);
        }
        if base < self.base {
            let missing = (self.base - base) as usize;
            self.limbs.splice(0..0, std::iter::repeat_n(0, missing));
            self.base = base;
        }
        let at = (base - self.base) as usize;
        let sign = if self.is_negative() { u64::MAX } else { 0 };
        let wanted = self.limbs.len().max(at + count + 1);
        self.limbs.resize(wanted, sign);
        at
    }

    /// Leaves one limb for the sign, and none of a zero.
    fn settle(&mut self) {
        let sign = if self.is_negative() { u64::MAX } else { 0 };
        if self.limbs.last().is_some_and(|&last| last != sign) {
            self.limbs.push(sign);
        }
        while self.limbs.len() > 1 && self.limbs[self.limbs.len() - 2] == sign {
            self.limbs.pop();
        }
        if self.limbs == [0] {
            *self = Self::default();
        }
    }

    /// Whether it is below zero, and its limbs without that sign and without zeros at the end.
    fn magnitude(&self) -> (bool, Vec<u64>) {
        let mut limbs = self.limbs.clone();
        let negative = self.is_negative();
        if negative {
            let mut carry = true;
            for limb in &mut limbs {
                (*limb, carry) = (!*limb).overflowing_add(carry.into());
            }
        }
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        (negative, limbs)
    }

    /// The product of the two.
    pub(super) fn times(&self, other: &Self) -> Self {
        let ((a_negative, a), (b_negative, b)) = (self.magnitude(), other.magnitude());
        if a.is_empty() || b.is_empty() {
            return Self::default();
        }
        let mut limbs = vec![0_u64; a.len() + b.len()];
        for (at, &a) in a.iter().enumerate() {
            let mut carry = 0_u128;
            for (limb, &b) in limbs[at..].iter_mut().zip(&b) {
                let sum = u128::from(a) * u128::from(b) + u128::from(*limb) + carry;
                *limb = sum as u64;
                carry = sum >> 64;
            }
            limbs[at + b.len()] = carry as u64;
        }
        let mut product = Self::default();
        product.add_limbs(self.base + other.base, &limbs, 0, a_negative != b_negative);
        product
    }

    /// A tenth of it, if that is a whole number; only of whole numbers.
    pub(super) fn tenth(&self) -> Option<Self> {
        let (negative, mut limbs) = self.magnitude();
        let mut rest = 0_u128;
        for limb in limbs.iter_mut().rev() {
            let part = rest << 64 | u128::from(*limb);
            *limb = (part / 10) as u64;
            rest = part % 10;
        }
        let mut tenth = Self::default();
        tenth.add_limbs(self.base, &limbs, 0, negative);
        (rest == 0 && self.base == 0).then_some(tenth)
    }

    /// The whole number, if it is one of 128 bits.
    pub(super) fn as_whole(&self) -> Option<i128> {
        let (negative, limbs) = self.magnitude();
        let magnitude = match (limbs.as_slice(), self.base) {
            ([], _) => 0,
            ([low], 0) => i128::from(*low),
            ([low, high], 0) => i128::try_from(u128::from(*high) << 64 | u128::from(*low)).ok()?,
            _ => return None,
        };
        Some(if negative { -magnitude } else { magnitude })
    }

    /// The number as `f · 2^e`, where f is rounded once, to the nearest float.
    pub(super) fn parts(&self) -> (f64, i32) {
        let (negative, limbs) = self.magnitude();
        let Some((&top, below)) = limbs.split_last() else { return (0.0, 0) };
        let zeros = top.leading_zeros();
        let next = below.last().copied().unwrap_or(0);
        let bits = if zeros == 0 { top } else { top << zeros | next >> (64 - zeros) };
        let lost = next << zeros != 0 && zeros > 0 || zeros == 0 && next != 0;
        let lost = lost || below.iter().rev().skip(1).any(|&limb| limb != 0);
        // What is lost only matters in the middle between two floats, far to the right of which this bit stands.
        let float = (bits | u64::from(lost)) as f64;
        let exponent = 64 * (self.base + below.len() as i32) - zeros as i32;
        (if negative { -float } else { float }, exponent)
    }

    /// The nearest float; infinite beyond the largest.
    pub(super) fn to_float(&self) -> f64 {
        let (float, exponent) = self.parts();
        times_power_of_two(float, exponent)
    }

    /// Bytes of memory beside the struct itself.
    pub(super) fn bytes(&self) -> usize {
        self.limbs.len() * size_of::<u64>()
    }

    pub(super) fn save(&self, state: &mut StateWriter) {
        state.put(self);
    }

    pub(super) fn load(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let big: Self = state.take()?;
        let sound = big.limbs.last().is_none_or(|&last| last == 0 || last == u64::MAX);
        let near = big.base.abs() <= FARTHEST && big.limbs.len() <= 3 * FARTHEST as usize;
        if sound && near { Ok(big) } else { Err(StateError("a number is out of all bounds".into())) }
    }
}

/// A finite float as `±mantissa · 2^exponent`.
fn float_parts(float: f64) -> (bool, u64, i32) {
    let bits = float.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = match (bits >> 52 & 0x7ff) as i32 {
        0 => (fraction, -1_074),
        exponent => (fraction | 1 << 52, exponent - 1_075),
    };
    (bits >> 63 == 1, mantissa, exponent)
}

/// `float · 2^exponent`, rounded at most once.
pub(super) fn times_power_of_two(float: f64, exponent: i32) -> f64 {
    let power = |exponent: i32| f64::from_bits(((exponent + 1_023) as u64) << 52);
    let mut scaled = float;
    let mut rest = exponent;
    while rest > 1_000 {
        scaled *= power(1_000);
        rest -= 1_000;
    }
    while rest < -1_000 {
        scaled *= power(-1_000);
        rest += 1_000;
    }
    scaled * power(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(floats: &[f64]) -> Big {
        let mut big = Big::default();
        floats.iter().for_each(|&float| big.add_float(float, false));
        big
    }

    #[test]
    fn what_is_taken_away_leaves_no_trace() {
        let mut big = sum(&[1e300, 1e-300, 5e-324, -0.1]);
        for float in [1e300, -0.1, 1e-300, 5e-324] {
            big.add_float(float, true);
        }
        assert!(big.is_zero());
        assert_eq!(sum(&[1e16, 1.0, -1e16]).to_float(), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]).to_float(), f64::MAX);
        assert_eq!(sum(&[f64::MAX, f64::MAX]).to_float(), f64::INFINITY);
        assert_eq!(sum(&[5e-324, 5e-324]).to_float(), 1e-323);
    }

    #[test]
    fn a_tie_is_broken_by_what_lies_far_below_it() {
        let tie = [9_007_199_254_740_992.0, 1.0];
        assert_eq!(sum(&tie).to_float(), 9_007_199_254_740_992.0);
        assert_eq!(sum(&[tie[0], tie[1], 1e-200]).to_float(), 9_007_199_254_740_994.0);
    }

    proptest! {
        #[test]
        fn whole_numbers_agree_with_those_of_128_bits(numbers in prop::collection::vec(any::<i64>(), 0..20)) {
            let mut big = Big::default();
            let mut whole = 0_i128;
            for (at, &number) in numbers.iter().enumerate() {
                let (number, minus) = (i128::from(number) << (at % 40), at % 3 == 0);
                big.add_big(&Big::whole(number), minus);
                whole += if minus { -number } else { number };
                prop_assert_eq!(big.as_whole(), Some(whole));
                prop_assert_eq!(big.to_float(), whole as f64);
            }
        }

        #[test]
        fn products_agree_with_those_of_128_bits(a in any::<i64>(), b in any::<i64>(), shift in 0..60_u32) {
            let (a, b) = (i128::from(a >> shift), i128::from(b));
            let product = Big::whole(a).times(&Big::whole(b));
            prop_assert_eq!(product.as_whole(), Some(a * b));
            prop_assert_eq!(product.times(&Big::power_of_ten(1)).tenth(), Some(product.clone()));
            prop_assert_eq!(product.tenth().is_some(), a * b % 10 == 0);
        }

        #[test]
        fn a_sum_of_two_floats_is_rounded_as_the_machine_rounds(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(a.is_finite() && b.is_finite());
            prop_assert_eq!(sum(&[a, b]).to_float(), a + b);
            let mut square = Big::default();
            square.add_square(a, false);
            square.add_big(&sum(&[a]).times(&sum(&[a])), true);
            prop_assert!(square.is_zero());
        }

        #[test]
        fn the_order_of_adding_makes_no_difference(mut floats in prop::collection::vec(any::<f64>(), 0..12)) {
            floats.retain(|float| float.is_finite());
            let forwards = sum(&floats).to_float();
            floats.reverse();
            prop_assert_eq!(sum(&floats).to_float(), forwards);
        }
    }
}
