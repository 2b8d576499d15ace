//! `CAST` and `TRY_CAST`.

use rust_decimal::{Decimal, RoundingStrategy};

use super::arithmetic::{decimal_of, float_of};
use super::node::CastTo;
use super::time::parse_time;
use crate::codec::{Cell, Fault, json, number_cell};

/// A cell as another type. Null stays null; what can't be made into the type is a failure.
pub(crate) fn cast<'a>(cell: &Cell<'a>, to: CastTo) -> Cell<'a> {
    if cell.is_null() || matches!(cell, Cell::Failed(_)) {
        return if cell.is_null() { Cell::Null } else { cell.clone() };
    }
    match to {
        CastTo::Text => match cell {
            Cell::Text(text) | Cell::Array(text) | Cell::Object(text) => Cell::Text(text.clone()),
            other => Cell::Text(other.to_string().into()),
        },
        CastTo::Integer => to_integer(&number_in(cell)),
        CastTo::Decimal(scale) => to_decimal(&number_in(cell), scale),
        CastTo::Float => float_of(&number_in(cell)).map_or(Cell::Failed(Fault::Cast("a float")), Cell::Float),
        CastTo::Bool => to_bool(cell),
        CastTo::Time => match cell {
            Cell::Time(ns) => Cell::Time(*ns),
            Cell::Text(text) => parse_time(text).map_or(Cell::Failed(Fault::Cast("a timestamp")), Cell::Time),
            _ => Cell::Failed(Fault::Cast("a timestamp")),
        },
    }
}

/// The number that a cell is, or that its text writes; null if there is none.
fn number_in<'a>(cell: &Cell<'a>) -> Cell<'a> {
    match cell {
        Cell::Bool(b) => Cell::Int((*b).into()),
        Cell::Text(text) => {
            let digits = text.trim();
            let digits = digits.strip_prefix('+').unwrap_or(digits);
            if json::parse(digits.as_bytes()).is_ok_and(|value| value.cell().is_number()) {
                return number_cell(digits).into_owned();
            }
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if plain { number_cell(digits).into_owned() } else { special_float(digits) }
        }
        number if number.is_number() => number.clone(),
        _ => Cell::Null,
    }
}

fn special_float<'a>(text: &str) -> Cell<'a> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Cell::Float(f64::NAN),
        "inf" | "infinity" => Cell::Float(f64::INFINITY),
        "-inf" | "-infinity" => Cell::Float(f64::NEG_INFINITY),
        _ => Cell::Null,
    }
}

/// Rounds halves away from zero.
pub(crate) fn to_integer<'a>(number: &Cell<'_>) -> Cell<'a> {
    const FAILED: Cell<'static> = Cell::Failed(Fault::Cast("an integer"));
    let round = |decimal: Decimal| {
        let whole = decimal.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        i64::try_from(whole).map_or(FAILED, Cell::Int)
    };
    match number {
        Cell::Int(int) => Cell::Int(*int),
        Cell::Decimal(decimal) => round(*decimal),
        Cell::Float(float) => {
            let whole = float.round();
            // 2^63 is the first float beyond i64, and -2^63 is i64's least.
            let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole);
            if fits { Cell::Int(whole as i64) } else { FAILED }
        }
        _ => FAILED,
    }
}

fn to_decimal<'a>(number: &Cell<'a>, scale: Option<u32>) -> Cell<'a> {
    const FAILED: Cell<'static> = Cell::Failed(Fault::Cast("a decimal"));
    let decimal = match number {
        // A float is the decimal that it is written as.
        Cell::Float(float) if float.is_finite() => decimal_of(&number_cell(&format!("{float:e}"))),
        exact => decimal_of(exact),
    };
    let round = |decimal: Decimal| match scale {
        Some(scale) => decimal.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero),
        None => decimal,
    };
    decimal.map_or(FAILED, |decimal| Cell::Decimal(round(decimal)))
}

fn to_bool<'a>(cell: &Cell<'_>) -> Cell<'a> {
    match cell {
        Cell::Bool(b) => Cell::Bool(*b),
        Cell::Int(int) => Cell::Bool(*int != 0),
        Cell::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Cell::Bool(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Cell::Bool(false),
            _ => Cell::Failed(Fault::Cast("a boolean")),
        },
        _ => Cell::Failed(Fault::Cast("a boolean")),
    }
}
