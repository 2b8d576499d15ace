//! The rows of a table as they stand, as bytes.

use std::collections::HashMap;
use std::io;

use super::bytes::{Reader, put, put_bytes, put_signed};
use super::change::{Change, row_of};
use crate::engine::{Rows, RowsBuilder, Sign, TableRow, order_of, store_cell};

/// The rows of a table as they stand; of a stream all that there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    rows: HashMap<Box<[u8]>, Kept>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) time_ms: i64,
    /// How many there are of it, where rows are told apart by all that stands in them.
    pub(super) count: u64,
    /// Empty where the identity is all.
    cells: Box<[u8]>,
}

impl Kept {
    pub(super) fn cells<'k>(&'k self, identity: &'k [u8]) -> &'k [u8] {
        if self.cells.is_empty() { identity } else { &self.cells }
    }
}

impl Table {
    pub(super) fn apply(&mut self, change: &Change<'_>) {
        let identity = change.identity();
        match (self.rows.get_mut(identity), change.holds) {
            (Some(kept), true) => {
                kept.time_ms = change.time_ms;
                if change.key.is_empty() {
                    kept.count += 1;
                } else if *kept.cells != *change.cells {
                    kept.cells = change.cells.into();
                }
            }
            (None, true) => {
                let cells = if change.key.is_empty() { Box::default() } else { change.cells.into() };
                self.rows.insert(identity.into(), Kept { time_ms: change.time_ms, count: 1, cells });
            }
            (Some(kept), false) if kept.count > 1 => kept.count -= 1,
            (Some(_), false) => drop(self.rows.remove(identity)),
            (None, false) => {}
        }
    }

    pub(super) fn get(&self, identity: &[u8]) -> Option<&Kept> {
        self.rows.get(identity)
    }

    /// Every row once, with how many there are of it, in no order.
    pub(super) fn each(&self) -> impl Iterator<Item = (&[u8], &Kept)> {
        self.rows.iter().map(|(identity, kept)| (&**identity, kept))
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> u64 {
        self.rows.values().map(|kept| kept.count).sum()
    }

    /// The first rows in the order of what tells them apart, up to so many.
    pub(super) fn sorted(&self, id: &[usize], columns: usize, most: usize) -> io::Result<Rows> {
        let mut rows: Vec<(TableRow, u64)> = Vec::with_capacity(self.rows.len());
        for (identity, kept) in self.each() {
            rows.push((row_of(kept.time_ms, kept.cells(identity))?, kept.count));
        }
        rows.sort_unstable_by(|one, other| compare(&one.0, &other.0, id));
        let mut builder = RowsBuilder::new(columns, false);
        for (row, count) in rows {
            for _ in 0..count.min((most - builder.len()) as u64) {
                builder.push(0, row.time_ms, Sign::Plus, row.cells.iter().cloned());
            }
            if builder.len() == most {
                break;
            }
        }
        Ok(builder.finish())
    }

    pub(super) fn save(&self, out: &mut Vec<u8>) {
        for (identity, kept) in self.each() {
            put_bytes(identity, out);
            put_signed(kept.time_ms, out);
            put(kept.count, out);
            put_bytes(&kept.cells, out);
        }
    }

    pub(super) fn load(bytes: &[u8]) -> io::Result<Self> {
        let (mut reader, mut table) = (Reader { bytes }, Self::default());
        while !reader.bytes.is_empty() {
            let identity = reader.bytes()?.into();
            let (time_ms, count) = (reader.signed()?, reader.number()?);
            table.rows.insert(identity, Kept { time_ms, count, cells: reader.bytes()?.into() });
        }
        Ok(table)
    }
}

/// Writes the kept columns of a row, and those of them that tell it apart.
pub(super) fn write_row(
    rows: &Rows,
    row: usize,
    columns: &[usize],
    id: &[usize],
    key: &mut Vec<u8>,
    cells: &mut Vec<u8>,
) {
    key.clear();
    cells.clear();
    columns.iter().for_each(|&column| store_cell(&rows.cell(column, row), cells));
    id.iter().for_each(|&at| store_cell(&rows.cell(columns[at], row), key));
}

/// The order of what tells rows apart: all columns where nothing does; then the order of their times.
pub(super) fn compare(one: &TableRow, other: &TableRow, id: &[usize]) -> std::cmp::Ordering {
    let order = |at: usize| order_of(&one.cells[at], &other.cells[at]);
    let mut orders: Box<dyn Iterator<Item = std::cmp::Ordering>> = if id.is_empty() {
        Box::new((0..one.cells.len()).map(order))
    } else {
        Box::new(id.iter().map(|&at| order(at)))
    };
    orders.find(|order| order.is_ne()).unwrap_or_else(|| one.time_ms.cmp(&other.time_ms))
}
