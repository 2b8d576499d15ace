//! Numbers, exactly: as long as they are and compared by what they are worth.
//!
//! A payload's number keeps the text it was written in. It is worked with as an `i64` where it is one, as a decimal
//! of up to 28 digits where it fits, and else only compared. A binary float counts as the decimal that it is written
//! as (the shortest that reads back to it), so `0.1` finds the 0.1 of a double.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::Cell;

/// The largest number of digits that a [`Decimal`] is sure to hold.
const DECIMAL_DIGITS: usize = 28;

/// A JSON number's text as a cell: an integer, a decimal, or (beyond both) the text.
///
/// The text must follow JSON's grammar of numbers.
pub(crate) fn number_cell(text: &str) -> Cell<'_> {
    if let Some(int) = small_int(text.as_bytes()) {
        return Cell::Int(int);
    }
    let integral = !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    if integral && let Ok(int) = text.parse::<i64>() {
        return Cell::Int(int);
    }
    match Digits::parse(text).and_then(|digits| digits.decimal()) {
        Some(decimal) => Cell::Decimal(decimal),
        None => Cell::Number(text.into()),
    }
}

/// Integers of up to 18 digits, which is nearly every number there is.
fn small_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut int = 0_i64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        int = int * 10 + i64::from(digit);
    }
    Some(if negative { -int } else { int })
}

/// A number as digits and a power of ten: `±digits · 10^exponent`, without zeros at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digits {
    negative: bool,
    /// Values 0 to 9, most significant first; empty for zero.
    digits: Vec<u8>,
    /// Of the last digit.
    exponent: i64,
    /// How many digits after the point were written, when that is known to matter for showing.
    scale: i64,
}

impl Digits {
    /// Reads JSON's and Rust's way to write a number; `None` for anything else, also for inf and NaN.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            // An exponent beyond i64 is beyond everything that can be told apart; the ends stand for it.
            Some(at) => (&rest[..at], parse_exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let scale = (fraction.len() as i64).saturating_sub(exponent);
        let mut digits: Vec<u8> =
            whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').skip_while(|&d| d == 0).collect();
        let mut exponent = exponent.saturating_sub(fraction.len() as i64);
        while digits.last() == Some(&0) {
            digits.pop();
            exponent = exponent.saturating_add(1);
        }
        if digits.is_empty() {
            exponent = 0;
        }
        Some(Self { negative: negative && !digits.is_empty(), digits, exponent, scale })
    }

    /// The number as a decimal, with the digits after the point that were written, if it fits without rounding.
    fn decimal(&self) -> Option<Decimal> {
        let scale = self.scale.max(0).max(-self.exponent);
        let shift = self.exponent.checked_add(scale).filter(|shift| (0..=DECIMAL_DIGITS as i64).contains(shift))?;
        if scale > DECIMAL_DIGITS as i64 || self.digits.len() + shift as usize > DECIMAL_DIGITS + 1 {
            return None;
        }
        let mut mantissa = 0_i128;
        for &digit in &self.digits {
            mantissa = mantissa * 10 + i128::from(digit);
        }
        mantissa *= 10_i128.pow(shift as u32);
        Decimal::try_from_i128_with_scale(if self.negative { -mantissa } else { mantissa }, scale as u32).ok()
    }

    /// Compares by worth.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let (a, b) = (sign(self), sign(other));
        if a != b || a == 0 {
            return a.cmp(&b);
        }
        let magnitude = self.magnitude(other);
        if a < 0 { magnitude.reverse() } else { magnitude }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let top = |number: &Self| number.exponent.saturating_add(number.digits.len() as i64);
        top(self).cmp(&top(other)).then_with(|| {
            let length = self.digits.len().max(other.digits.len());
            let padded = |number: &Self, at: usize| number.digits.get(at).copied().unwrap_or(0);
            (0..length)
                .map(|at| padded(self, at).cmp(&padded(other, at)))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        })
    }
}

/// A number's sign, its digits (values 0 to 9) without zeros at either end, and the power of ten of the last: the same
/// for numbers of the same worth. `None` for what is no number.
pub(crate) fn number_in_least_digits(text: &str) -> Option<(bool, Vec<u8>, i64)> {
    Digits::parse(text).map(|number| (number.negative, number.digits, number.exponent))
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Held well inside i64, so that adding a length cannot leave it.
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX).min(i64::MAX / 4);
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

/// The shortest text that reads back to this float.
pub(crate) fn float_text(float: f64) -> String {
    if float.is_nan() {
        "NaN".into()
    } else if float.is_infinite() {
        if float > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else if float == 0.0 || (1e-5..1e17).contains(&float.abs()) {
        float.to_string()
    } else {
        format!("{float:e}")
    }
}

/// Compares two numbers of any kind by worth; `None` if either is not a number. NaN equals itself and is above all.
pub(crate) fn compare_numbers(a: &Cell<'_>, b: &Cell<'_>) -> Option<Ordering> {
    match (a, b) {
        (Cell::Int(a), Cell::Int(b)) => Some(a.cmp(b)),
        (Cell::Decimal(a), Cell::Decimal(b)) => Some(a.cmp(b)),
        (Cell::Int(a), Cell::Decimal(b)) => Some(Decimal::from(*a).cmp(b)),
        (Cell::Decimal(a), Cell::Int(b)) => Some(a.cmp(&Decimal::from(*b))),
        (Cell::Float(a), Cell::Float(b)) => Some(order_floats(*a, *b)),
        (Cell::Float(a), b) => compare_float(*a, b),
        (a, Cell::Float(b)) => compare_float(*b, a).map(Ordering::reverse),
        (a, b) => Some(digits_of(a)?.order(&digits_of(b)?)),
    }
}

fn order_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn compare_float(a: f64, b: &Cell<'_>) -> Option<Ordering> {
    let b = digits_of(b)?;
    if a.is_nan() || a == f64::INFINITY {
        return Some(Ordering::Greater);
    }
    if a == f64::NEG_INFINITY {
        return Some(Ordering::Less);
    }
    Some(Digits::parse(&format!("{a:e}"))?.order(&b))
}

fn digits_of(cell: &Cell<'_>) -> Option<Digits> {
    match cell {
        Cell::Int(int) => Digits::parse(&int.to_string()),
        Cell::Decimal(decimal) => Digits::parse(&decimal.to_string()),
        Cell::Number(text) => Digits::parse(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(a: &str, b: &str) -> Ordering {
        compare_numbers(&number_cell(a), &number_cell(b)).expect("both are numbers")
    }

    #[test]
    fn numbers_keep_what_they_are() {
        assert_eq!(number_cell("9223372036854775807"), Cell::Int(i64::MAX));
        assert_eq!(number_cell("-9223372036854775808"), Cell::Int(i64::MIN));
        assert_eq!(number_cell("-0"), Cell::Int(0));
        assert!(matches!(number_cell("9223372036854775808"), Cell::Decimal(_)));
        assert!(matches!(number_cell("123456789012345678901234567890123"), Cell::Number(_)));
        assert!(matches!(number_cell("1e400"), Cell::Number(_)));
        let Cell::Decimal(price) = number_cell("12.50") else { panic!("a decimal") };
        assert_eq!(price.to_string(), "12.50");
    }

    #[test]
    fn numbers_compare_by_worth_however_they_are_written() {
        for (a, b) in [
            ("42", "4.2e1"),
            ("42", "42.000"),
            ("0", "-0.0e5"),
            ("1e3", "1000"),
            ("1e400", "10e399"),
            ("100000000000000000000000000000000000", "1e35"),
        ] {
            assert_eq!(order(a, b), Ordering::Equal, "{a} {b}");
        }
        for (a, b) in [
            ("9007199254740992", "9007199254740993"),
            ("0.1", "0.10000000000000000000000000000000000001"),
            ("-2", "-1.5"),
            ("-1e999999999999999999999", "0"),
            ("99999999999999999999999999999999", "1e32"),
        ] {
            assert_eq!(order(a, b), Ordering::Less, "{a} {b}");
            assert_eq!(order(b, a), Ordering::Greater, "{a} {b}");
        }
    }

    #[test]
    fn a_float_is_the_decimal_that_it_is_written_as() {
        let compare = |float, text| compare_numbers(&Cell::Float(float), &number_cell(text));
        assert_eq!(compare(0.1, "0.1"), Some(Ordering::Equal));
        assert_eq!(compare(1e23, "1e23"), Some(Ordering::Equal));
        assert_eq!(compare(f64::NAN, "1e400"), Some(Ordering::Greater));
        assert_eq!(compare(f64::NEG_INFINITY, "-1e400"), Some(Ordering::Less));
        assert_eq!(compare_numbers(&Cell::Float(f64::NAN), &Cell::Float(f64::NAN)), Some(Ordering::Equal));
    }

    proptest! {
        #[test]
        fn comparing_agrees_with_wide_integers(a in any::<i128>(), b in any::<i128>(), shift in 0_i128..30) {
            // Numbers of every length, not only long ones.
            let (a, b) = (a >> (shift * 4), b >> (shift * 4));
            prop_assert_eq!(order(&a.to_string(), &b.to_string()), a.cmp(&b));
        }

        #[test]
        fn a_decimal_reads_back_as_it_was_written(whole in any::<i64>(), fraction in "[0-9]{0,9}") {
            let text = if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") };
            prop_assert_eq!(number_cell(&text).to_string(), text);
        }
    }
}
