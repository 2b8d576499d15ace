//! Rows kept in memory and in checkpoints: their values as bytes, exactly as they were.
//!
//! Unlike a key's bytes these tell apart what was written differently (`5` and `5.0`), null and missing, and what failed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use parking_lot::Mutex;
use rust_decimal::Decimal;

use super::column::{Column, Presence, Values};
use super::operator::{StateError, StateReader};
use super::rows::Rows;
use crate::codec::{Cell, Fault};

const MISSING: u8 = 0;
const NULL: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
const INT: u8 = 4;
const DECIMAL: u8 = 5;
const NUMBER: u8 = 6;
const FLOAT: u8 = 7;
const TIME: u8 = 8;
const TEXT: u8 = 9;
const BYTES: u8 = 10;
const ARRAY: u8 = 11;
const OBJECT: u8 = 12;
const FAILED: u8 = 13;

/// What a kept row's own allocation costs beside its bytes, near enough.
pub(crate) const ALLOCATION: usize = 16;

/// Writes a value to the end of `out`.
pub fn store_cell(cell: &Cell<'_>, out: &mut Vec<u8>) {
    match cell {
        Cell::Missing => out.push(MISSING),
        Cell::Null => out.push(NULL),
        Cell::Bool(value) => out.push(if *value { TRUE } else { FALSE }),
        Cell::Int(int) => put_number(INT, zigzag(*int), out),
        Cell::Decimal(decimal) => put_array(DECIMAL, decimal.serialize(), out),
        Cell::Float(float) => put_array(FLOAT, float.to_le_bytes(), out),
        Cell::Time(ns) => put_array(TIME, ns.to_le_bytes(), out),
        Cell::Number(text) => put_bytes(NUMBER, text.as_bytes(), out),
        Cell::Text(text) => put_bytes(TEXT, text.as_bytes(), out),
        Cell::Array(text) => put_bytes(ARRAY, text.as_bytes(), out),
        Cell::Object(text) => put_bytes(OBJECT, text.as_bytes(), out),
        Cell::Bytes(bytes) => put_bytes(BYTES, bytes, out),
        Cell::Failed(fault) => {
            out.push(FAILED);
            put_fault(*fault, out);
        }
    }
}

/// Writes every column of a row to the end of `out`.
pub(crate) fn store_row(rows: &Rows, row: usize, out: &mut Vec<u8>) {
    for column in &rows.columns {
        match (column.values(), column.presence(row)) {
            (Values::Ints(values), Presence::Here) => put_number(INT, zigzag(values[row]), out),
            (Values::Times(values), Presence::Here) => put_array(TIME, values[row].to_le_bytes(), out),
            (Values::Texts(texts), Presence::Here) => put_bytes(TEXT, texts.get(row).as_bytes(), out),
            _ => store_cell(&column.cell(row), out),
        }
    }
}

/// A tag and a number in as few bytes as it needs.
#[inline]
fn put_number(tag: u8, mut number: u64, out: &mut Vec<u8>) {
    let mut bytes = [tag; 11];
    let mut length = 1;
    while number >= 0x80 {
        bytes[length] = number as u8 | 0x80;
        number >>= 7;
        length += 1;
    }
    bytes[length] = number as u8;
    out.extend_from_slice(&bytes[..=length]);
}

#[inline]
fn put_array<const N: usize>(tag: u8, array: [u8; N], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&array);
}

#[inline]
fn put_bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    put_number(tag, bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn put_fault(fault: Fault, out: &mut Vec<u8>) {
    let (code, text) = match fault {
        Fault::UndecodableValue => (0, ""),
        Fault::UndecodableKey => (1, ""),
        Fault::Overflow => (2, ""),
        Fault::DivisionByZero => (3, ""),
        Fault::Cast(to) => (4, to),
        Fault::Argument(why) => (5, why),
    };
    put_bytes(code, text.as_bytes(), out);
}

/// Reads values that [`store_cell`] wrote, one after the other.
#[derive(Debug, Clone)]
pub struct StoredCells<'s> {
    bytes: &'s [u8],
}

impl<'s> StoredCells<'s> {
    /// Reads from the beginning of these bytes.
    pub fn new(bytes: &'s [u8]) -> Self {
        Self { bytes }
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next value.
    ///
    /// # Errors
    /// [`StateError`] when no value stands there.
    pub fn take(&mut self) -> Result<Cell<'s>, StateError> {
        let [tag] = *self.part(1)? else { return Err(cut_short()) };
        Ok(match tag {
            MISSING => Cell::Missing,
            NULL => Cell::Null,
            FALSE => Cell::Bool(false),
            TRUE => Cell::Bool(true),
            INT => {
                let number = self.number()?;
                Cell::Int(unzigzag(number))
            }
            DECIMAL => Cell::Decimal(Decimal::deserialize(self.array()?)),
            FLOAT => Cell::Float(f64::from_le_bytes(self.array()?)),
            TIME => Cell::Time(i64::from_le_bytes(self.array()?)),
            NUMBER => Cell::Number(Cow::Borrowed(self.text()?)),
            TEXT => Cell::Text(Cow::Borrowed(self.text()?)),
            ARRAY => Cell::Array(Cow::Borrowed(self.text()?)),
            OBJECT => Cell::Object(Cow::Borrowed(self.text()?)),
            BYTES => Cell::Bytes(Cow::Borrowed(self.run()?)),
            FAILED => Cell::Failed(self.fault()?),
            other => return Err(StateError(format!("no value begins with {other}"))),
        })
    }

    /// Adds the next value to a column.
    ///
    /// # Errors
    /// As [`StoredCells::take`].
    #[inline]
    pub(crate) fn take_into(&mut self, column: &mut Column) -> Result<(), StateError> {
        match self.bytes.first() {
            Some(&INT) => {
                self.bytes = &self.bytes[1..];
                let number = self.number()?;
                column.push_int(unzigzag(number));
            }
            Some(&TEXT) => {
                self.bytes = &self.bytes[1..];
                column.push_text(self.text()?);
            }
            Some(&TIME) => {
                self.bytes = &self.bytes[1..];
                column.push_time(i64::from_le_bytes(self.array()?));
            }
            _ => column.push(self.take()?),
        }
        Ok(())
    }

    /// Adds the next values to columns, one to each. What is kept was written here, or read through when it was loaded,
    /// so there is a value for each column; if there were not, it would be null.
    #[inline]
    pub(crate) fn take_row_into(&mut self, columns: &mut [Column]) {
        for column in columns {
            if self.take_into(column).is_err() {
                column.push(Cell::Null);
            }
        }
    }

    #[inline]
    fn part(&mut self, length: usize) -> Result<&'s [u8], StateError> {
        let (part, rest) = self.bytes.split_at_checked(length).ok_or_else(cut_short)?;
        self.bytes = rest;
        Ok(part)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        self.part(N)?.try_into().map_err(|_| cut_short())
    }

    #[inline]
    fn number(&mut self) -> Result<u64, StateError> {
        if let Some((&byte, rest)) = self.bytes.split_first()
            && byte < 0x80
        {
            self.bytes = rest;
            return Ok(u64::from(byte));
        }
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(StateError("a number does not end".into()))
    }

    #[inline]
    fn run(&mut self) -> Result<&'s [u8], StateError> {
        let length = usize::try_from(self.number()?).map_err(|_| cut_short())?;
        self.part(length)
    }

    #[inline]
    fn text(&mut self) -> Result<&'s str, StateError> {
        std::str::from_utf8(self.run()?).map_err(|_| StateError("a text is not UTF-8".into()))
    }

    fn fault(&mut self) -> Result<Fault, StateError> {
        let [code] = self.array()?;
        let text = self.text()?;
        Ok(match code {
            0 => Fault::UndecodableValue,
            1 => Fault::UndecodableKey,
            2 => Fault::Overflow,
            3 => Fault::DivisionByZero,
            4 => Fault::Cast(kept_text(text)?),
            5 => Fault::Argument(kept_text(text)?),
            other => return Err(StateError(format!("{other} is no fault"))),
        })
    }
}

/// Reads the bytes of a row that was written down, and makes sure that they are so many values.
///
/// # Errors
/// [`StateError`] when they are not.
pub(crate) fn take_stored_row<'s>(state: &mut StateReader<'s>, columns: usize) -> Result<&'s [u8], StateError> {
    let bytes: &[u8] = state.take()?;
    let mut cells = StoredCells::new(bytes);
    for _ in 0..columns {
        cells.take()?;
    }
    if cells.is_at_end() { Ok(bytes) } else { Err(StateError("a row has more values than columns".into())) }
}

/// Numbers near zero are short, whatever their sign.
#[inline]
fn zigzag(int: i64) -> u64 {
    (int as u64) << 1 ^ (int >> 63) as u64
}

#[inline]
fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cold]
fn cut_short() -> StateError {
    StateError("it ends in the middle of a value".into())
}

/// The texts of faults live as long as the program: there are few, and no state may bring in more than a few.
fn kept_text(text: &str) -> Result<&'static str, StateError> {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock();
    if let Some(known) = kept.get(text) {
        return Ok(known);
    }
    if kept.len() >= 200 || text.len() > 200 {
        return Err(StateError("it holds more kinds of faults than there are".into()));
    }
    let text: &'static str = Box::leak(text.into());
    kept.insert(text);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::number_cell;

    fn round_trip(cells: &[Cell<'_>]) {
        let mut bytes = Vec::new();
        cells.iter().for_each(|cell| store_cell(cell, &mut bytes));
        let mut stored = StoredCells::new(&bytes);
        for cell in cells {
            assert_eq!(stored.take().as_ref(), Ok(cell));
        }
        assert!(stored.is_at_end());
    }

    #[test]
    fn values_come_back_as_they_were() {
        round_trip(&[
            Cell::Missing,
            Cell::Null,
            Cell::Bool(true),
            Cell::Int(i64::MIN),
            Cell::Int(-1),
            number_cell("5.00"),
            number_cell("123456789012345678901234567890123"),
            Cell::Float(-0.5),
            Cell::Time(i64::MAX),
            Cell::Text("".into()),
            Cell::Bytes(vec![0, 255].into()),
            Cell::Array("[1]".into()),
            Cell::Object("{}".into()),
            Cell::Failed(Fault::Cast("integer")),
            Cell::Failed(Fault::DivisionByZero),
        ]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_fall(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut stored = StoredCells::new(&bytes);
            while !stored.is_at_end() && stored.take().is_ok() {}
        }

        #[test]
        fn integers_come_back(int in any::<i64>()) {
            round_trip(&[Cell::Int(int)]);
        }
    }
}
