//! Keys as bytes: equal bytes for equal keys, and a table that gives each key a small number.
//!
//! Numbers are one key if they are worth the same, whatever they are written as (`5`, `5.0`, `5e0`); a text and a
//! number never are. Null is no key: a row with a null in its key groups with nothing and joins nothing.

use std::hash::Hasher as _;

use hashbrown::HashTable;
use rust_decimal::Decimal;
use rustc_hash::FxHasher;

use super::column::{Column, Values};
use super::rows::Rows;
use super::stored::store_cell;
use crate::codec::{Cell, Fault};

/// Why a row has no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoKey {
    /// Part of it is null or missing.
    Null,
    /// Part of it can't be told.
    Failed(Fault),
}

/// Writes the key of a row, one value after the other, to the end of `out`.
///
/// # Errors
/// [`NoKey`] when a part is null or failed; what was written so far stays in `out`.
pub fn write_key(cells: &[Cell<'_>], out: &mut Vec<u8>) -> Result<(), NoKey> {
    cells.iter().try_for_each(|cell| write_cell(cell, out))
}

/// As [`write_key`], from columns.
///
/// # Errors
/// As [`write_key`].
#[inline]
pub fn write_key_of_row(columns: &[&Column], row: usize, out: &mut Vec<u8>) -> Result<(), NoKey> {
    for column in columns {
        match (column.values(), column.is_all_here()) {
            (Values::Ints(values), true) => write_int(values[row], out),
            (Values::Texts(texts), true) => write_bytes(TEXT, texts.get(row).as_bytes(), out),
            _ => write_cell(&column.cell(row), out)?,
        }
    }
    Ok(())
}

/// Writes what identifies a row of a table to the end of `out`: as a key, but that nulls and what can't be told are
/// values like any other.
pub(crate) fn write_identity(rows: &Rows, columns: &[usize], row: usize, out: &mut Vec<u8>) {
    for column in columns {
        let column = &rows.columns[*column];
        match write_key_of_row(&[column], row, out) {
            Ok(()) => {}
            Err(NoKey::Null) => out.push(NULL),
            Err(NoKey::Failed(_)) => {
                out.push(FAILED);
                store_cell(&column.cell(row), out);
            }
        }
    }
}

pub(crate) const FALSE: u8 = 1;
pub(crate) const TRUE: u8 = 2;
pub(crate) const INT: u8 = 3;
pub(crate) const DECIMAL: u8 = 4;
pub(crate) const FLOAT: u8 = 5;
pub(crate) const NUMBER: u8 = 6;
pub(crate) const TIME: u8 = 7;
pub(crate) const TEXT: u8 = 8;
pub(crate) const BYTES: u8 = 9;
pub(crate) const ARRAY: u8 = 10;
pub(crate) const OBJECT: u8 = 11;
const FAILED: u8 = 12;
/// Stands for a null where nulls may be part of a key.
pub(crate) const NULL: u8 = 0;

pub(crate) fn write_cell(cell: &Cell<'_>, out: &mut Vec<u8>) -> Result<(), NoKey> {
    match cell {
        Cell::Missing | Cell::Null => return Err(NoKey::Null),
        Cell::Failed(fault) => return Err(NoKey::Failed(*fault)),
        Cell::Bool(value) => out.push(if *value { TRUE } else { FALSE }),
        Cell::Int(int) => write_int(*int, out),
        Cell::Decimal(decimal) => write_decimal(*decimal, out),
        Cell::Float(float) => write_float(*float, out),
        Cell::Number(text) => write_number(text, out),
        Cell::Time(ns) => {
            out.push(TIME);
            out.extend_from_slice(&ns.to_le_bytes());
        }
        Cell::Text(text) => write_bytes(TEXT, text.as_bytes(), out),
        Cell::Bytes(bytes) => write_bytes(BYTES, bytes, out),
        Cell::Array(text) => write_bytes(ARRAY, text.as_bytes(), out),
        Cell::Object(text) => write_bytes(OBJECT, text.as_bytes(), out),
    }
    Ok(())
}

#[inline]
fn write_int(int: i64, out: &mut Vec<u8>) {
    out.push(INT);
    out.extend_from_slice(&int.to_le_bytes());
}

#[inline]
fn write_bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}

fn write_decimal(decimal: Decimal, out: &mut Vec<u8>) {
    let least = decimal.normalize();
    match i64::try_from(least) {
        Ok(int) if least.scale() == 0 => write_int(int, out),
        _ => {
            out.push(DECIMAL);
            out.extend_from_slice(&least.mantissa().to_le_bytes());
            out.push(least.scale() as u8);
        }
    }
}

/// A float is worth the decimal that it is written as, as in comparisons.
fn write_float(float: f64, out: &mut Vec<u8>) {
    if !float.is_finite() {
        out.extend_from_slice(&[
            FLOAT,
            if float.is_nan() {
                0
            } else if float > 0.0 {
                1
            } else {
                2
            },
        ]);
        return;
    }
    write_number(&format!("{float:e}"), out);
}

/// A number of any length, by worth.
fn write_number(text: &str, out: &mut Vec<u8>) {
    match crate::codec::number_in_least_digits(text) {
        Some((negative, digits, exponent)) => {
            if let Some(int) = small_integer(negative, &digits, exponent) {
                return write_int(int, out);
            }
            if let Some(decimal) = small_decimal(negative, &digits, exponent) {
                return write_decimal(decimal, out);
            }
            out.push(NUMBER);
            out.push(u8::from(negative));
            out.extend_from_slice(&exponent.to_le_bytes());
            write_bytes(NUMBER, &digits, out);
        }
        None => write_bytes(NUMBER, text.as_bytes(), out),
    }
}

fn small_integer(negative: bool, digits: &[u8], exponent: i64) -> Option<i64> {
    let mantissa = mantissa(digits)?;
    let scale = u32::try_from(exponent).ok().filter(|&exponent| exponent <= 19)?;
    let magnitude = mantissa.checked_mul(10_i128.checked_pow(scale)?)?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

fn small_decimal(negative: bool, digits: &[u8], exponent: i64) -> Option<Decimal> {
    let mantissa = mantissa(digits)?;
    let (magnitude, scale) = if exponent >= 0 {
        (mantissa.checked_mul(10_i128.checked_pow(u32::try_from(exponent).ok()?)?)?, 0)
    } else {
        (mantissa, u32::try_from(exponent.checked_neg()?).ok()?)
    };
    Decimal::try_from_i128_with_scale(if negative { -magnitude } else { magnitude }, scale).ok()
}

fn mantissa(digits: &[u8]) -> Option<i128> {
    (digits.len() <= 30).then(|| digits.iter().fold(0, |sum, &digit| sum * 10 + i128::from(digit)))
}

/// The hash of a key's bytes.
#[inline]
pub fn hash_key(key: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(key);
    // Mixed once more, because tables and shards take bits from both ends.
    let hash = hasher.finish();
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Keys, each with a number: the first that is seen has 0, the next one 1 and so on.
#[derive(Debug, Clone, Default)]
pub struct KeyTable {
    table: HashTable<Numbered>,
    bytes: Vec<u8>,
    /// Where each key ends.
    ends: Vec<u32>,
}

/// A key's number, with a part of its hash: enough to pass over other keys, and for the table to grow, without looking
/// at their bytes.
#[derive(Debug, Clone, Copy)]
struct Numbered {
    number: u32,
    hash: u32,
}

impl Numbered {
    /// The part of a hash that is kept.
    fn part(hash: u64) -> u32 {
        (hash >> 32) as u32
    }

    /// The hash that the table goes by.
    fn of_part(part: u32) -> u64 {
        u64::from(part) << 32 | u64::from(part)
    }
}

impl KeyTable {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The key of a number.
    ///
    /// # Panics
    /// If no key has it.
    #[inline]
    pub fn key(&self, number: u32) -> &[u8] {
        key_of(&self.bytes, &self.ends, number)
    }

    /// The number of a key, if it is there.
    pub fn find(&self, key: &[u8], hash: u64) -> Option<u32> {
        let part = Numbered::part(hash);
        let found = self.table.find(Numbered::of_part(part), |of| of.hash == part && self.key(of.number) == key);
        found.map(|of| of.number)
    }

    /// The number of a key, and whether it is new.
    ///
    /// # Panics
    /// If the keys together come to 4 GiB.
    pub fn insert(&mut self, key: &[u8], hash: u64) -> (u32, bool) {
        let Self { table, bytes, ends } = self;
        let part = Numbered::part(hash);
        let entry = table.entry(
            Numbered::of_part(part),
            |of| of.hash == part && key_of(bytes, ends, of.number) == key,
            |of| Numbered::of_part(of.hash),
        );
        match entry {
            hashbrown::hash_table::Entry::Occupied(entry) => (entry.get().number, false),
            hashbrown::hash_table::Entry::Vacant(entry) => {
                let number = ends.len() as u32;
                entry.insert(Numbered { number, hash: part });
                make_room(bytes, key.len());
                bytes.extend_from_slice(key);
                make_room(ends, 1);
                ends.push(u32::try_from(bytes.len()).expect("keys of less than 4 GiB"));
                (number, true)
            }
        }
    }

    /// The numbers of several keys, each with its hash, added to `numbers`; as one [`KeyTable::insert`] after the other.
    ///
    /// Keys lie all over memory. So numbers are found for all of them first, then keys compared, in runs of loads that
    /// don't wait for each other; only what was not found goes the long way.
    ///
    /// # Panics
    /// As [`KeyTable::insert`].
    pub fn insert_each<'k>(&mut self, keys: impl Iterator<Item = (&'k [u8], u64)> + Clone, numbers: &mut Vec<u32>) {
        const NOBODY: u32 = u32::MAX;
        let first = numbers.len();
        numbers.extend(keys.clone().map(|(_, hash)| {
            let part = Numbered::part(hash);
            self.table.find(Numbered::of_part(part), |of| of.hash == part).map_or(NOBODY, |of| of.number)
        }));
        let mut missing = false;
        for (number, (key, _)) in numbers[first..].iter_mut().zip(keys.clone()) {
            if *number == NOBODY || self.key(*number) != key {
                (*number, missing) = (NOBODY, true);
            }
        }
        if missing {
            for (number, (key, hash)) in numbers[first..].iter_mut().zip(keys).filter(|(number, _)| **number == NOBODY)
            {
                *number = self.insert(key, hash).0;
            }
        }
    }

    /// Bytes of memory, near enough; the same for the same keys, however the table grew.
    pub fn bytes(&self) -> usize {
        // Seven of eight places are used at most, and an eighth is left empty behind a list on average.
        let places = if self.is_empty() { 0 } else { (self.len() * 8 / 7).next_power_of_two().max(4) };
        let lists = self.bytes.len() + self.ends.len() * 4;
        places * (size_of::<Numbered>() + 1) + lists + lists / 8
    }
}

/// Makes room for a little more than is needed now, but not for twice as much.
fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.len() + more > list.capacity() {
        list.reserve_exact(more.max(list.len() / 4).max(16));
    }
}

#[inline]
fn key_of<'k>(bytes: &'k [u8], ends: &[u32], number: u32) -> &'k [u8] {
    let number = number as usize;
    let start = number.checked_sub(1).map_or(0, |before| ends[before] as usize);
    &bytes[start..ends[number] as usize]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::number_cell;

    fn key(cells: &[Cell<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        write_key(cells, &mut out).expect("a key");
        out
    }

    #[test]
    fn numbers_of_one_worth_are_one_key() {
        let five = key(&[Cell::Int(5)]);
        for text in ["5", "5.0", "5.000", "5e0", "0.5e1"] {
            assert_eq!(key(&[number_cell(text)]), five, "{text}");
        }
        assert_eq!(key(&[Cell::Float(5.0)]), five);
        assert_eq!(key(&[Cell::Float(0.1)]), key(&[number_cell("0.10")]));
        assert_eq!(key(&[Cell::Float(1e300)]), key(&[number_cell("1e300")]));
        assert_ne!(key(&[Cell::Text("5".into())]), five);
        assert_ne!(key(&[Cell::Time(5)]), five);
    }

    #[test]
    fn keys_of_several_values_do_not_run_into_each_other() {
        let two = |a: &'static str, b: &'static str| key(&[Cell::Text(a.into()), Cell::Text(b.into())]);
        assert_ne!(two("ab", "c"), two("a", "bc"));
        assert_eq!(write_key(&[Cell::Int(1), Cell::Null], &mut Vec::new()), Err(NoKey::Null));
    }

    proptest! {
        #[test]
        fn two_numbers_are_one_key_if_they_compare_equal(a in "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?(e-?[0-9]{1,2})?", b in "-?[0-9](\\.[0-9])?") {
            let (a, b) = (number_cell(&a), number_cell(&b));
            let equal = a.compare(&b).is_some_and(|order| order.is_eq());
            prop_assert_eq!(key(&[a]) == key(&[b]), equal);
        }

        #[test]
        fn a_table_numbers_keys_in_the_order_of_first_sight(keys in prop::collection::vec("[a-e]{0,2}", 0..60)) {
            let mut table = KeyTable::default();
            let mut seen: Vec<String> = Vec::new();
            for key in &keys {
                let expected = seen.iter().position(|known| known == key);
                let (number, new) = table.insert(key.as_bytes(), hash_key(key.as_bytes()));
                prop_assert_eq!(new, expected.is_none());
                prop_assert_eq!(number as usize, expected.unwrap_or(seen.len()));
                if new {
                    seen.push(key.clone());
                }
                prop_assert_eq!(table.key(number), key.as_bytes());
            }
        }
    }
}
