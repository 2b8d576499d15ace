//! Whether a copy says the same as a view: by value, however it is written.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::value::{moment, number};
use crate::codec::{Cell, Value, json, number_in_least_digits, time_in_ms};

/// Whether a view's value and a copy's are the same.
///
/// | the one is | the other may be |
/// |---|---|
/// | a number | a number of any type that is worth the same (`5`, `5.00`; a float counts as the shortest decimal that reads back to it), a text that is written as such a number |
/// | a time | the same instant, in any offset and precision; a text that says it; milliseconds since the epoch |
/// | true or false | `1` or `0`, a text `true`, `false`, `t`, `f`, `1`, `0` |
/// | bytes | the same bytes; a text of them in hexadecimal behind `\x` or `0x` |
/// | an array, an object | the same JSON, whatever the order of an object's keys and the spaces; a text of it |
/// | a text | the same text; of another type, what is said above |
/// | null, missing, what could not be calculated | null (the latter also in the words of a CSV). An empty cell of a CSV is null and empty text both |
pub fn same(view: &Cell<'_>, copy: &Cell<'_>) -> bool {
    match (view, copy) {
        // A CSV tells in words what could not be calculated.
        (Cell::Failed(_), Cell::Text(text)) => *text == view.to_string(),
        (Cell::Null | Cell::Missing | Cell::Failed(_), copy) => copy.is_null(),
        // A CSV does not say whether a cell is null or empty.
        (Cell::Text(text), Cell::Missing) => text.is_empty(),
        (_, Cell::Null | Cell::Missing | Cell::Failed(_)) => false,
        (Cell::Text(one), Cell::Text(other)) => one == other,
        (Cell::Text(text), other) | (other, Cell::Text(text)) => is_written(other, text),
        (Cell::Bool(truth), number) | (number, Cell::Bool(truth)) if number.is_number() => {
            number.compare(&Cell::Int(i64::from(*truth))) == Some(Ordering::Equal)
        }
        (Cell::Array(one) | Cell::Object(one), Cell::Array(other) | Cell::Object(other)) => same_json(one, other),
        (one, other) => one.compare(other) == Some(Ordering::Equal),
    }
}

/// Whether a text says what a value that is no text is.
fn is_written(cell: &Cell<'_>, text: &str) -> bool {
    match cell {
        Cell::Time(_) => {
            let time = moment(text).map(Cell::Time).or_else(|| number(text));
            time.is_some_and(|time| cell.compare(&time) == Some(Ordering::Equal))
        }
        Cell::Bool(truth) => truth_of(text) == Some(*truth),
        Cell::Bytes(bytes) => bytes_of(text).is_some_and(|written| written == **bytes),
        Cell::Array(json) | Cell::Object(json) => same_json(json, text),
        // Not a number, and beyond all numbers, are no JSON.
        Cell::Float(float) if !float.is_finite() => special(text) == special(&cell.to_string()),
        cell => number(text).is_some_and(|number| cell.compare(&number) == Some(Ordering::Equal)),
    }
}

/// Not a number, and beyond all numbers, however they are spelled.
fn special(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some("nan"),
        "inf" | "infinity" => Some("infinity"),
        "-inf" | "-infinity" => Some("-infinity"),
        _ => None,
    }
}

fn truth_of(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("t") => Some(true),
        _ if text.eq_ignore_ascii_case("false") || text.eq_ignore_ascii_case("f") => Some(false),
        _ => None,
    }
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x").or_else(|| text.strip_prefix("0x"))?;
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    if digits.len() % 2 == 1 {
        return None;
    }
    digits.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

fn same_json(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    match (json::parse(one.as_bytes()), json::parse(other.as_bytes())) {
        (Ok(one), Ok(other)) => same_value(&one, &other),
        _ => false,
    }
}

fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            // Of a key that is repeated the last counts.
            let value = |entries: &[(String, Value)], key: &str| entries.iter().rposition(|(known, _)| known == key);
            let same_of = |key: &String| match (value(one, key), value(other, key)) {
                (Some(a), Some(b)) => same_value(&one[a].1, &other[b].1),
                _ => false,
            };
            one.iter().chain(other).all(|(key, _)| same_of(key))
        }
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        (Value::Null, Value::Null) => true,
        (Value::String(one), Value::String(other)) => one == other,
        (one, other) => one.cell().compare(&other.cell()) == Some(Ordering::Equal),
    }
}

/// Writes what numbers of one worth have in common.
fn write_number(cell: &Cell<'_>, out: &mut Vec<u8>) {
    out.push(b'n');
    match number_in_least_digits(&cell.to_string()) {
        Some((negative, digits, exponent)) => {
            out.push(u8::from(negative));
            out.push(digits.len() as u8);
            out.extend(digits);
            out.extend(exponent.to_le_bytes());
        }
        None => out.extend(cell.to_string().to_ascii_lowercase().into_bytes()),
    }
}

/// Writes what texts of the same JSON have in common; of what is no JSON the text.
fn write_json(text: &str, out: &mut Vec<u8>) {
    out.push(b'j');
    match json::parse(text.as_bytes()) {
        Ok(value) => write_value(&value, out),
        Err(_) => out.extend_from_slice(text.as_bytes()),
    }
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    let write_text = |text: &str, out: &mut Vec<u8>| {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    };
    match value {
        Value::Null => out.push(b'-'),
        Value::Bool(truth) => out.push(if *truth { b'+' } else { b'!' }),
        Value::String(text) => {
            out.push(b't');
            write_text(text, out);
        }
        Value::Array(values) => {
            out.push(b'[');
            values.iter().for_each(|value| write_value(value, out));
            out.push(b']');
        }
        Value::Object(entries) => {
            // Of a key that is repeated the last counts.
            let entries: BTreeMap<&String, &Value> = entries.iter().map(|(key, value)| (key, value)).collect();
            out.push(b'{');
            for (key, value) in entries {
                write_text(key, out);
                write_value(value, out);
            }
            out.push(b'}');
        }
        Value::Int(_) | Value::Number(_) | Value::Float(_) | Value::Bytes(_) => write_number(&value.cell(), out),
    }
}

/// Writes what values that are the same have in common, so that they are found by it. Others may have it in common too.
pub(super) fn write_bucket(cell: &Cell<'_>, out: &mut Vec<u8>) {
    match cell {
        Cell::Missing | Cell::Null | Cell::Failed(_) => out.push(b'-'),
        Cell::Bool(truth) => write_number(&Cell::Int(i64::from(*truth)), out),
        Cell::Time(ns) => write_number(&time_in_ms(*ns), out),
        Cell::Int(_) | Cell::Decimal(_) | Cell::Number(_) | Cell::Float(_) => write_number(cell, out),
        Cell::Array(json) | Cell::Object(json) => write_json(json, out),
        Cell::Bytes(bytes) => {
            out.push(b'b');
            out.extend_from_slice(bytes);
        }
        Cell::Text(text) if text.is_empty() || text.starts_with('(') && text.ends_with(')') => out.push(b'-'),
        Cell::Text(text) => {
            if let Some(number) = number(text) {
                write_number(&number, out);
            } else if let Some(ns) = moment(text) {
                write_number(&time_in_ms(ns), out);
            } else if let Some(truth) = truth_of(text) {
                write_number(&Cell::Int(i64::from(truth)), out);
            } else if let Some(bytes) = bytes_of(text) {
                out.push(b'b');
                out.extend(bytes);
            } else if text.trim_start().starts_with(['[', '{']) {
                write_json(text, out);
            } else if let Some(special) = special(text) {
                out.push(b'n');
                out.extend_from_slice(special.as_bytes());
            } else {
                out.push(b't');
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
    out.push(0xff);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::number_cell;

    fn text(text: &str) -> Cell<'_> {
        Cell::Text(text.into())
    }

    #[test]
    fn values_are_the_same_however_they_are_written() {
        let time = Cell::Time(1_773_479_647_482_000_000);
        let truth = Cell::Bool(true);
        let bytes = Cell::Bytes(vec![0xde, 0xad].into());
        let object = Cell::Object(r#"{"a":1.0,"b":[true,null]}"#.into());
        for (view, copy) in [
            (Cell::Int(5), number_cell("5.00")),
            (Cell::Int(5), text("5.00")),
            (Cell::Int(5), Cell::Float(5.0)),
            (number_cell("0.1"), Cell::Float(0.1)),
            (number_cell("123456789012345678901234567890123"), text("123456789012345678901234567890123")),
            (time.clone(), text("2026-03-14 09:14:07.482+00")),
            (time.clone(), text("2026-03-14T10:14:07.482+01:00")),
            (time.clone(), Cell::Int(1_773_479_647_482)),
            (text("2026-03-14T09:14:07.482Z"), time.clone()),
            (truth.clone(), Cell::Int(1)),
            (truth.clone(), text("t")),
            (bytes.clone(), text("\\xdead")),
            (object.clone(), text(r#"{ "b": [true, null], "a": 1 }"#)),
            (text("007"), text("007")),
            (Cell::Missing, Cell::Null),
            (text(""), Cell::Missing),
            (Cell::Float(f64::NAN), text("NaN")),
            (Cell::Float(f64::INFINITY), text("inf")),
            (Cell::Float(f64::NEG_INFINITY), text("-Infinity")),
            (Cell::Failed(crate::codec::Fault::DivisionByZero), text("(division by zero)")),
            (Cell::Failed(crate::codec::Fault::DivisionByZero), Cell::Null),
        ] {
            assert!(same(&view, &copy), "{view:?} {copy:?}");
            let bucket = |cell: &Cell<'_>| {
                let mut bytes = Vec::new();
                write_bucket(cell, &mut bytes);
                bytes
            };
            assert_eq!(bucket(&view), bucket(&copy), "{view:?} {copy:?}");
        }
        for (view, copy) in [
            (text("007"), Cell::Int(7)),
            (text("5"), text("5.0")),
            (text(""), Cell::Null),
            (Cell::Int(0), Cell::Null),
            (Cell::Null, text("")),
            (time, text("2026-03-14T09:14:07.483Z")),
            (truth, text("yes")),
            (bytes, text("dead")),
            (object, text(r#"{"a":1}"#)),
            (Cell::Int(i64::MAX), Cell::Float(i64::MAX as f64)),
        ] {
            assert!(!same(&view, &copy), "{view:?} {copy:?}");
        }
    }

    fn cells() -> impl Strategy<Value = Cell<'static>> {
        prop_oneof![
            Just(Cell::Null),
            Just(Cell::Missing),
            any::<bool>().prop_map(Cell::Bool),
            (-3_i64..3).prop_map(Cell::Int),
            (-30_i64..30, 0_u32..2)
                .prop_map(|(digits, scale)| Cell::Decimal(rust_decimal::Decimal::new(digits, scale))),
            prop_oneof![Just(0.0), Just(-0.0), Just(0.5), Just(1.0), Just(f64::NAN)].prop_map(Cell::Float),
            (-2_i64..2).prop_map(|ms| Cell::Time(ms * 1_000_000)),
            "[0-2tf.]{0,3}".prop_map(|text| Cell::Text(text.into())),
            prop_oneof![Just("1.0"), Just("1970-01-01T00:00:00.001Z"), Just("[1]"), Just("nan"), Just("\\x00")]
                .prop_map(|text| Cell::Text(text.into())),
            prop_oneof![Just("[1]"), Just("[1.0]"), Just("[ 1]"), Just("[true]")]
                .prop_map(|text| Cell::Array(text.into())),
            prop_oneof![Just(r#"{"a":1,"b":"x"}"#), Just(r#"{"b":"x","a":2,"a":1.0}"#), Just(r#"{"a":1}"#)]
                .prop_map(|text| Cell::Object(text.into())),
            prop_oneof![Just(r#"{"b": "x", "a": 1}"#), Just("[1"), Just("[[")].prop_map(|text| Cell::Text(text.into())),
            Just(Cell::Bytes(vec![0].into())),
        ]
    }

    proptest! {
        #[test]
        fn what_is_the_same_is_in_one_bucket(one in cells(), other in cells()) {
            let (mut first, mut second) = (Vec::new(), Vec::new());
            write_bucket(&one, &mut first);
            write_bucket(&other, &mut second);
            prop_assert!(!same(&one, &other) || first == second);
        }
    }
}
