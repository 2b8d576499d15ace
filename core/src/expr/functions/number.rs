//! Functions of numbers.

use std::cmp::Ordering;

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Function, int_of};
use crate::codec::{Cell, Fault};
use crate::expr::arithmetic::{calculate, float_of};
use crate::expr::node::Arithmetic;
use crate::expr::node::Type::{Any, Number};

const fn function(
    name: &'static str,
    parameters: &'static [super::Type],
    run: super::Run,
    about: &'static str,
) -> Function {
    Function { name, parameters, optional: 0, repeats: false, result: Number, sees_nulls: false, run, about }
}

pub(super) const FUNCTIONS: &[Function] = &[
    function("abs", &[Number], abs, "the number without its sign"),
    function("sign", &[Number], sign, "-1, 0 or 1"),
    Function {
        optional: 1,
        ..function(
            "round",
            &[Number, Number],
            round,
            "rounded to so many digits after the point (none unless said), halves away from zero",
        )
    },
    function("floor", &[Number], |a| whole(a[0], Decimal::floor, f64::floor), "the next integer below"),
    function("ceil", &[Number], |a| whole(a[0], Decimal::ceil, f64::ceil), "the next integer above"),
    function(
        "trunc",
        &[Number],
        |a| whole(a[0], |decimal| decimal.trunc(), f64::trunc),
        "without what follows the point",
    ),
    function(
        "mod",
        &[Number, Number],
        |a| calculate(Arithmetic::Modulo, a[0], a[1]),
        "the rest of a division, with the dividend's sign",
    ),
    function("power", &[Number, Number], |a| floats(a, f64::powf), "a number to the power of another"),
    function("sqrt", &[Number], |a| floats(a, |x, _| x.sqrt()), "the square root"),
    function("ln", &[Number], |a| floats(a, |x, _| x.ln()), "the natural logarithm"),
    function("log10", &[Number], |a| floats(a, |x, _| x.log10()), "the logarithm to the base of 10"),
    function("exp", &[Number], |a| floats(a, |x, _| x.exp()), "e to the power of a number"),
    Function {
        repeats: true,
        sees_nulls: true,
        result: Any,
        ..function("least", &[Any], |a| extreme(a, Ordering::Less), "the least of the arguments that are not null")
    },
    Function {
        repeats: true,
        sees_nulls: true,
        result: Any,
        ..function(
            "greatest",
            &[Any],
            |a| extreme(a, Ordering::Greater),
            "the greatest of the arguments that are not null",
        )
    },
];

/// A number beyond 28 digits can be compared, but not calculated with.
fn overflow<'a>() -> Cell<'a> {
    Cell::Failed(Fault::Overflow)
}

fn abs<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    match a[0] {
        Cell::Int(int) => int.checked_abs().map_or(Cell::Decimal(Decimal::from(*int).abs()), Cell::Int),
        Cell::Decimal(decimal) => Cell::Decimal(decimal.abs()),
        Cell::Float(float) => Cell::Float(float.abs()),
        _ => overflow(),
    }
}

fn sign<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    match a[0].compare(&Cell::Int(0)) {
        Some(order) => Cell::Int(order as i64),
        None => Cell::Null,
    }
}

fn round<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let digits = match a.get(1).map(|digits| int_of(digits)) {
        None => 0,
        Some(Ok(digits)) => digits.clamp(-40, 28),
        Some(Err(fault)) => return Cell::Failed(fault),
    };
    let rounded = |decimal: Decimal| {
        if digits >= 0 {
            return Some(decimal.round_dp_with_strategy(digits as u32, RoundingStrategy::MidpointAwayFromZero));
        }
        // Beyond the point: rounded as a fraction of the power of ten.
        let power = Decimal::from(10_i128.checked_pow(u32::try_from(-digits).ok()?)?);
        let scaled = decimal.checked_div(power)?;
        scaled.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).checked_mul(power)
    };
    match a[0] {
        Cell::Int(int) if digits >= 0 => Cell::Int(*int),
        Cell::Int(_) if digits < -28 => Cell::Int(0),
        Cell::Int(int) => rounded(Decimal::from(*int)).map_or_else(overflow, Cell::Decimal),
        Cell::Decimal(_) if digits < -28 => Cell::Int(0),
        Cell::Decimal(decimal) => rounded(*decimal).map_or_else(overflow, Cell::Decimal),
        Cell::Float(float) => {
            let power = 10_f64.powi(digits as i32);
            let scaled = (float * power).round() / power;
            Cell::Float(if scaled.is_finite() { scaled } else { *float })
        }
        _ => overflow(),
    }
}

fn whole<'a>(cell: &Cell<'a>, decimals: fn(&Decimal) -> Decimal, floats: fn(f64) -> f64) -> Cell<'a> {
    match cell {
        Cell::Int(int) => Cell::Int(*int),
        Cell::Decimal(decimal) => {
            let whole = decimals(decimal);
            i64::try_from(whole).map_or(Cell::Decimal(whole), Cell::Int)
        }
        Cell::Float(float) => Cell::Float(floats(*float)),
        _ => overflow(),
    }
}

/// Functions whose results are no decimals are worked out in binary floats.
fn floats<'a>(a: &[&Cell<'a>], function: fn(f64, f64) -> f64) -> Cell<'a> {
    let x = float_of(a[0]);
    let y = a.get(1).map_or(Some(0.0), |cell| float_of(cell));
    match (x, y) {
        (Some(x), Some(y)) => {
            let result = function(x, y);
            if result.is_nan() && !x.is_nan() && !y.is_nan() {
                return Cell::Failed(Fault::Argument("the function has no value there"));
            }
            Cell::Float(result)
        }
        _ => overflow(),
    }
}

fn extreme<'a>(a: &[&Cell<'a>], wanted: Ordering) -> Cell<'a> {
    let mut best: Option<&Cell<'a>> = None;
    for cell in a.iter().filter(|cell| !cell.is_null()) {
        match best.map(|best| cell.compare(best)) {
            None => best = Some(cell),
            Some(Some(order)) if order == wanted => best = Some(cell),
            Some(Some(_)) => {}
            Some(None) => return Cell::Failed(Fault::Argument("least and greatest take values of one kind")),
        }
    }
    best.cloned().unwrap_or(Cell::Null)
}
