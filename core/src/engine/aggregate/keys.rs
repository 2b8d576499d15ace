//! The keys of a batch's rows, and the values that a key is made of.

use std::borrow::Cow;
use std::ops::Range;

use rust_decimal::Decimal;

use super::Ledger;
use super::batch::Batch;
use crate::codec::Cell;
use crate::engine::key::{self, NoKey};
use crate::engine::{Column, Dropped, hash_key, write_key_of_row};

/// The keys of a stretch of a batch's rows.
#[derive(Debug, Default)]
pub(super) struct Keys {
    first: usize,
    bytes: Vec<u8>,
    /// Where each row's key ends.
    ends: Vec<u32>,
    hashes: Vec<u64>,
    /// The rows that have a key.
    rows: Vec<u32>,
}

impl Keys {
    /// Reads the keys of some rows; those without one are counted and set aside.
    pub(super) fn read(&mut self, batch: &Batch, stretch: Range<usize>, ledger: &mut Ledger) {
        let columns: Vec<&Column> = batch.by.iter().map(|column| &**column).collect();
        self.first = stretch.start;
        self.bytes.clear();
        self.ends.clear();
        self.hashes.clear();
        self.rows.clear();
        for row in stretch {
            let start = self.bytes.len();
            match write_key_of_row(&columns, row, &mut self.bytes) {
                Ok(()) => self.rows.push(row as u32),
                Err(why) => {
                    self.bytes.truncate(start);
                    let why = if why == NoKey::Null { Dropped::NullKey } else { Dropped::FailedKey };
                    ledger.drop_row(why, row);
                }
            }
            self.hashes.push(hash_key(&self.bytes[start..]));
            self.ends.push(self.bytes.len() as u32);
        }
    }

    /// The rows that have a key, in order.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// A row's key and its hash.
    #[inline]
    pub(super) fn of(&self, row: u32) -> (&[u8], u64) {
        let at = row as usize - self.first;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        (&self.bytes[start..self.ends[at] as usize], self.hashes[at])
    }
}

/// The values that a key is made of, one after the other. A number comes in the fewest digits, whatever it was written
/// as in the rows: they are one group.
pub(super) fn cells_of_key(key: &[u8]) -> impl Iterator<Item = Cell<'_>> {
    let mut rest = key;
    std::iter::from_fn(move || {
        let (cell, behind) = take_cell(rest)?;
        rest = behind;
        Some(cell)
    })
}

fn take_cell(key: &[u8]) -> Option<(Cell<'_>, &[u8])> {
    let (&tag, rest) = key.split_first()?;
    Some(match tag {
        key::FALSE => (Cell::Bool(false), rest),
        key::TRUE => (Cell::Bool(true), rest),
        key::INT => take_int(rest).map(|(int, rest)| (Cell::Int(int), rest))?,
        key::TIME => take_int(rest).map(|(ns, rest)| (Cell::Time(ns), rest))?,
        key::DECIMAL => {
            let (mantissa, rest) = rest.split_first_chunk()?;
            let (&scale, rest) = rest.split_first()?;
            let decimal = Decimal::try_from_i128_with_scale(i128::from_le_bytes(*mantissa), scale.into()).ok()?;
            (Cell::Decimal(decimal), rest)
        }
        key::FLOAT => match rest.split_first()? {
            (1, rest) => (Cell::Float(f64::INFINITY), rest),
            (2, rest) => (Cell::Float(f64::NEG_INFINITY), rest),
            (_, rest) => (Cell::Float(f64::NAN), rest),
        },
        key::NUMBER => {
            let (&negative, rest) = rest.split_first()?;
            let (exponent, rest) = take_int(rest)?;
            let (digits, rest) = take_run(rest.split_first()?.1)?;
            let mut text = String::from(if negative == 1 { "-" } else { "" });
            text.extend(digits.iter().map(|digit| char::from(b'0'.wrapping_add(*digit))));
            (Cell::Number(format!("{text}e{exponent}").into()), rest)
        }
        key::BYTES => take_run(rest).map(|(bytes, rest)| (Cell::Bytes(Cow::Borrowed(bytes)), rest))?,
        key::TEXT | key::ARRAY | key::OBJECT => {
            let (text, rest) = take_run(rest)?;
            let text = Cow::Borrowed(std::str::from_utf8(text).ok()?);
            let cell = match tag {
                key::TEXT => Cell::Text(text),
                key::ARRAY => Cell::Array(text),
                _ => Cell::Object(text),
            };
            (cell, rest)
        }
        _ => return None,
    })
}

fn take_int(key: &[u8]) -> Option<(i64, &[u8])> {
    key.split_first_chunk().map(|(bytes, rest)| (i64::from_le_bytes(*bytes), rest))
}

fn take_run(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0;
    let mut rest = key;
    for shift in (0..usize::BITS).step_by(7) {
        let (&byte, behind) = rest.split_first()?;
        rest = behind;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return rest.split_at_checked(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::number_cell;
    use crate::engine::write_key;

    #[test]
    fn a_key_gives_back_the_values_that_it_is_made_of() {
        let long = "x".repeat(300);
        let cells = [
            Cell::Bool(true),
            Cell::Int(-5),
            Cell::Time(7),
            Cell::Float(f64::NAN),
            Cell::Bool(false),
            Cell::Float(f64::INFINITY),
            Cell::Text(long.as_str().into()),
            number_cell("12.5"),
            Cell::Bytes(vec![0, 255].into()),
            Cell::Array("[1]".into()),
            Cell::Object("{}".into()),
            number_cell("123456789012345678901234567890123e40"),
            number_cell("-1e-300"),
        ];
        let mut key = Vec::new();
        write_key(&cells, &mut key).unwrap();
        let back: Vec<Cell<'_>> = cells_of_key(&key).collect();
        assert_eq!(back.len(), cells.len());
        for (cell, back) in cells.iter().zip(&back) {
            assert!(cell.compare(back).is_some_and(|order| order.is_eq()), "{cell:?} became {back:?}");
        }
    }

    #[test]
    fn numbers_of_one_group_come_in_the_fewest_digits() {
        for (text, shown) in [("5.00", "5"), ("12.50", "12.5"), ("1e2", "100"), ("1e40", "1e40")] {
            let mut key = Vec::new();
            write_key(&[number_cell(text)], &mut key).unwrap();
            assert_eq!(cells_of_key(&key).next().unwrap().to_string(), shown);
        }
    }
}
