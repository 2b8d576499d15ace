//! Calculating with numbers, exactly where it can be done.
//!
//! Integers stay integers as long as they fit, then become decimals; decimals have up to 28 digits, and what has more
//! is a failure, never a wrapped or silently rounded number. Only the digits of a quotient that never ends are
//! rounded, at the 28th. With a binary float on either side the result is one. A time and a number of milliseconds
//! make another time.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::node::Arithmetic;
use super::time::clamp;
use crate::codec::{Cell, Fault};
use crate::event::time::NS_PER_MS;

/// Whether two cells, neither null nor failed, can be calculated with in this way.
pub(crate) fn fits(op: Arithmetic, left: &Cell<'_>, right: &Cell<'_>) -> bool {
    match (left, right) {
        (Cell::Time(_), Cell::Time(_)) => op == Arithmetic::Subtract,
        (Cell::Time(_), right) => right.is_number() && matches!(op, Arithmetic::Add | Arithmetic::Subtract),
        (left, Cell::Time(_)) => left.is_number() && op == Arithmetic::Add,
        (left, right) => left.is_number() && right.is_number(),
    }
}

/// The result for cells that fit; null for those that don't.
pub(crate) fn calculate<'a>(op: Arithmetic, left: &Cell<'_>, right: &Cell<'_>) -> Cell<'a> {
    match (left, right) {
        (Cell::Int(a), Cell::Int(b)) => integers(op, *a, *b),
        (Cell::Time(a), Cell::Time(b)) if op == Arithmetic::Subtract => {
            let ns = i128::from(*a) - i128::from(*b);
            match Decimal::try_from_i128_with_scale(ns, 6) {
                Ok(ms) => whole_or_decimal(ms.normalize()),
                Err(_) => Cell::Failed(Fault::Overflow),
            }
        }
        (Cell::Time(time), number) if fits(op, left, right) => move_time(op, *time, number),
        (number, Cell::Time(time)) if fits(op, left, right) => move_time(op, *time, number),
        (Cell::Float(_), b) | (b, Cell::Float(_)) if b.is_number() => match (float_of(left), float_of(right)) {
            (Some(a), Some(b)) => floats(op, a, b),
            _ => Cell::Failed(Fault::Overflow),
        },
        _ => match (decimal_of(left), decimal_of(right)) {
            (Some(a), Some(b)) => decimals(op, a, b),
            _ if fits(op, left, right) => Cell::Failed(Fault::Overflow),
            _ => Cell::Null,
        },
    }
}

fn integers<'a>(op: Arithmetic, a: i64, b: i64) -> Cell<'a> {
    let exact = match op {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide | Arithmetic::Modulo if b == 0 => return Cell::Failed(Fault::DivisionByZero),
        // A quotient is exact: 7 / 2 is 3.5.
        Arithmetic::Divide => a.checked_rem(b).filter(|&rest| rest == 0).and_then(|_| a.checked_div(b)),
        Arithmetic::Modulo => Some(a.checked_rem(b).unwrap_or(0)),
    };
    exact.map_or_else(|| decimals(op, a.into(), b.into()), Cell::Int)
}

fn decimals<'a>(op: Arithmetic, a: Decimal, b: Decimal) -> Cell<'a> {
    let result = match op {
        Arithmetic::Add => exact_sum(a, b),
        Arithmetic::Subtract => exact_sum(a, -b),
        Arithmetic::Multiply => exact_product(a, b),
        Arithmetic::Divide | Arithmetic::Modulo if b.is_zero() => return Cell::Failed(Fault::DivisionByZero),
        Arithmetic::Divide => a.checked_div(b).map(|quotient| quotient.normalize()),
        Arithmetic::Modulo => a.checked_rem(b),
    };
    result.map_or(Cell::Failed(Fault::Overflow), Cell::Decimal)
}

/// The decimal library rounds a sum that has too many digits, which shows in how many are left after the point.
fn exact_sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let sum = a.checked_add(b)?;
    let digits = a.normalize().scale().max(b.normalize().scale());
    (sum.scale() >= digits).then_some(sum)
}

/// As for sums; the zeros that the sides end in are kept if there is room for them.
fn exact_product(a: Decimal, b: Decimal) -> Option<Decimal> {
    if a.is_zero() || b.is_zero() {
        // The library's zero has no digits after the point, which would look like lost ones.
        return Some(Decimal::new(0, (a.scale() + b.scale()).min(Decimal::MAX_SCALE)));
    }
    let exact = |a: Decimal, b: Decimal| a.checked_mul(b).filter(|product| product.scale() >= a.scale() + b.scale());
    exact(a, b).or_else(|| exact(a.normalize(), b.normalize()))
}

fn floats<'a>(op: Arithmetic, a: f64, b: f64) -> Cell<'a> {
    Cell::Float(match op {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide | Arithmetic::Modulo if b == 0.0 => return Cell::Failed(Fault::DivisionByZero),
        Arithmetic::Divide => a / b,
        Arithmetic::Modulo => a % b,
    })
}

fn move_time<'a>(op: Arithmetic, time: i64, ms: &Cell<'_>) -> Cell<'a> {
    let ns = match ms {
        Cell::Int(ms) => Some(i128::from(*ms) * i128::from(NS_PER_MS)),
        ms => decimal_of(ms)
            .or_else(|| float_of(ms).and_then(|ms| Decimal::try_from(ms).ok()))
            .and_then(|ms| ms.checked_mul(NS_PER_MS.into()))
            .and_then(|ns| ns.round().to_i128()),
    };
    let Some(ns) = ns else { return Cell::Failed(Fault::Overflow) };
    let moved = if op == Arithmetic::Subtract { i128::from(time) - ns } else { i128::from(time) + ns };
    // Beyond nanoseconds' years nothing is told apart; a clamped time would compare wrongly.
    if moved == i128::from(clamp(moved)) { Cell::Time(clamp(moved)) } else { Cell::Failed(Fault::Overflow) }
}

fn whole_or_decimal<'a>(decimal: Decimal) -> Cell<'a> {
    if decimal.scale() == 0
        && let Ok(int) = i64::try_from(decimal)
    {
        Cell::Int(int)
    } else {
        Cell::Decimal(decimal)
    }
}

/// The number as a decimal, if it is none of binary floats and not too long.
pub(crate) fn decimal_of(cell: &Cell<'_>) -> Option<Decimal> {
    match cell {
        Cell::Int(int) => Some(Decimal::from(*int)),
        Cell::Decimal(decimal) => Some(*decimal),
        _ => None,
    }
}

/// The float nearest to the number.
pub(crate) fn float_of(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Int(int) => Some(*int as f64),
        // By its text, because that rounds once.
        Cell::Decimal(decimal) => decimal.to_string().parse().ok(),
        Cell::Number(text) => text.parse().ok(),
        Cell::Float(float) => Some(*float),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::number_cell;

    fn show(left: &str, op: Arithmetic, right: &str) -> String {
        calculate(op, &number_cell(left), &number_cell(right)).to_string()
    }

    #[test]
    fn results_are_exact_or_a_failure() {
        for (left, op, right, result) in [
            ("0.1", Arithmetic::Add, "0.2", "0.3"),
            ("9223372036854775807", Arithmetic::Add, "1", "9223372036854775808"),
            ("-9223372036854775808", Arithmetic::Divide, "-1", "9223372036854775808"),
            ("-9223372036854775808", Arithmetic::Modulo, "-1", "0"),
            ("7", Arithmetic::Divide, "2", "3.5"),
            ("6", Arithmetic::Divide, "2", "3"),
            ("1", Arithmetic::Divide, "3", "0.3333333333333333333333333333"),
            ("-7", Arithmetic::Modulo, "3", "-1"),
            ("1", Arithmetic::Divide, "0", "(division by zero)"),
            ("1.5", Arithmetic::Modulo, "0", "(division by zero)"),
            ("0", Arithmetic::Multiply, "0.40", "0.00"),
            (
                "10000000000000000000",
                Arithmetic::Multiply,
                "10000000000000000000",
                "(a number has more than 28 digits)",
            ),
            ("0.00000000000001", Arithmetic::Multiply, "0.0000000000000001", "(a number has more than 28 digits)"),
            ("10000000000000000000000000", Arithmetic::Add, "0.00001", "(a number has more than 28 digits)"),
        ] {
            assert_eq!(show(left, op, right), result, "{left} {op:?} {right}");
        }
    }

    #[test]
    fn a_time_and_milliseconds_make_a_time() {
        let time = Cell::Time(1_500_000_000);
        assert_eq!(calculate(Arithmetic::Subtract, &time, &Cell::Int(500)), Cell::Time(1_000_000_000));
        assert_eq!(calculate(Arithmetic::Subtract, &time, &Cell::Time(0)), Cell::Int(1_500));
        assert_eq!(calculate(Arithmetic::Add, &time, &Cell::Int(i64::MAX)), Cell::Failed(Fault::Overflow));
        assert_eq!(calculate(Arithmetic::Multiply, &time, &Cell::Int(1)), Cell::Null);
    }

    proptest! {
        #[test]
        fn integers_agree_with_wider_ones(a in any::<i64>(), b in any::<i64>()) {
            for (op, wide) in [
                (Arithmetic::Add, i128::from(a) + i128::from(b)),
                (Arithmetic::Subtract, i128::from(a) - i128::from(b)),
            ] {
                prop_assert_eq!(calculate(op, &Cell::Int(a), &Cell::Int(b)).to_string(), wide.to_string());
            }
            let (a, b) = (a >> 20, b >> 20);
            let product = i128::from(a) * i128::from(b);
            prop_assert_eq!(calculate(Arithmetic::Multiply, &Cell::Int(a), &Cell::Int(b)).to_string(), product.to_string());
        }
    }
}
