//! JSON: exact numbers, every key in its order, and a reason where a text is none.

mod fields;
mod pretty;
mod scan;
mod string;

use super::decoder::{Decoder, Payloads, Refusal, Traces};
use super::{Cell, Fault, Number, Path, Value};
use fields::Wanted;
use scan::Scanner;

pub use pretty::{compact, pretty};
pub use scan::{JsonError, JsonProblem, MAX_DEPTH};

pub(crate) use pretty::write_string;

/// Reads JSON.
#[derive(Debug)]
pub(crate) struct Json;

impl Decoder for Json {
    fn decode(&self, payload: &[u8]) -> Result<Value, Refusal> {
        parse(payload).map_err(|error| Refusal { reason: format!("not JSON: {error}"), at: Some(error.at) })
    }

    fn columns<'a>(&self, payloads: &Payloads<'a>, paths: &[Path], undecodable: Fault) -> Vec<Vec<Cell<'a>>> {
        let wanted = Wanted::new(paths);
        let mut columns: Vec<Vec<Cell<'a>>> = paths.iter().map(|_| Vec::with_capacity(payloads.len())).collect();
        let mut row = vec![Cell::Missing; paths.len()];
        for payload in payloads.iter() {
            row.fill(Cell::Missing);
            match payload {
                None => {}
                Some([]) => super::decoder::empty_row(paths, &mut row),
                Some(payload) => match wanted.read(payload, &mut row) {
                    Ok(()) => {}
                    Err(_) => row.fill(Cell::Failed(undecodable)),
                },
            }
            for (column, cell) in columns.iter_mut().zip(&mut row) {
                column.push(std::mem::replace(cell, Cell::Missing));
            }
        }
        columns
    }

    fn traces(&self, text: &str) -> Option<Traces> {
        // Any character may be written \uXXXX, and these may have an escape of their own besides. What stands between
        // them is there as it is, unless the payload holds a \u.
        let special = |c: char| matches!(c, '"' | '\\' | '/') || u32::from(c) < 0x20;
        let longest = text.split(special).max_by_key(|run| run.len()).filter(|run| !run.is_empty())?;
        Some(Traces::AnyOf(vec![longest.as_bytes().to_vec(), b"\\u".to_vec()]))
    }
}

/// Reads a payload as one JSON value.
///
/// # Errors
/// [`JsonError`] with the place, if it is not JSON from the first byte to the last or nested deeper than [`MAX_DEPTH`].
pub fn parse(payload: &[u8]) -> Result<Value, JsonError> {
    let mut scanner = Scanner::new(payload)?;
    let value = take_value(&mut scanner, 0)?;
    scanner.finish()?;
    Ok(value)
}

/// Whether a payload is JSON, without building anything.
///
/// # Errors
/// As [`parse`].
pub(crate) fn check(payload: &[u8]) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(payload)?;
    scanner.skip(0)?;
    scanner.finish()
}

fn take_value(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, JsonError> {
    match scanner.peek() {
        b'{' | b'[' if depth >= MAX_DEPTH => scanner.fail(JsonProblem::TooDeep),
        b'{' => take_object(scanner, depth + 1),
        b'[' => take_array(scanner, depth + 1),
        b'"' => {
            scanner.expect(b'"')?;
            Ok(Value::String(scanner.string()?.text().into_owned()))
        }
        b'-' | b'0'..=b'9' => scanner.number().map(Number::value_of),
        b't' => scanner.word("true").map(|()| Value::Bool(true)),
        b'f' => scanner.word("false").map(|()| Value::Bool(false)),
        b'n' => scanner.word("null").map(|()| Value::Null),
        _ => scanner.fail(JsonProblem::NoValue),
    }
}

fn take_object(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, JsonError> {
    let mut entries = Vec::new();
    scanner.expect(b'{')?;
    if scanner.take(b'}') {
        return Ok(Value::Object(entries));
    }
    loop {
        let key = scanner.key()?.text().into_owned();
        entries.push((key, take_value(scanner, depth)?));
        if !scanner.take(b',') {
            scanner.expect(b'}')?;
            return Ok(Value::Object(entries));
        }
    }
}

fn take_array(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, JsonError> {
    let mut elements = Vec::new();
    scanner.expect(b'[')?;
    if scanner.take(b']') {
        return Ok(Value::Array(elements));
    }
    loop {
        elements.push(take_value(scanner, depth)?);
        if !scanner.take(b',') {
            scanner.expect(b']')?;
            return Ok(Value::Array(elements));
        }
    }
}
