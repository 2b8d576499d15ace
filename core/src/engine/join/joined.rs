//! Rows made of a left and a right half.

use std::sync::Arc;

use crate::codec::Cell;
use crate::engine::column::Column;
use crate::engine::operator::{OUTPUT_ROWS, Output, Stop};
use crate::engine::rows::{Rows, Sign};
use crate::engine::stored::StoredCells;

/// One side of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Half<'h> {
    /// A row of a batch.
    Row(&'h Rows, usize),
    /// A row that was kept.
    Stored(&'h [u8]),
    /// No row: null in every column.
    Nothing,
}

/// Builds batches of joined rows: the left side's columns, then the right side's.
#[derive(Debug)]
pub(crate) struct JoinedRows {
    rows: Rows,
    columns: Vec<Column>,
    left_columns: usize,
    /// Whether the rows are a table's changelog.
    table: bool,
    /// How many rows were given.
    given: u64,
}

impl JoinedRows {
    /// Of so many columns on the left and on the right; a stream's rows or a table's changelog.
    pub(crate) fn new(left_columns: usize, right_columns: usize, table: bool) -> Self {
        let columns = vec![Column::default(); left_columns + right_columns];
        Self { rows: Rows::default(), columns, left_columns, table, given: 0 }
    }

    /// Adds a row of two halves, left and right.
    pub(crate) fn push(&mut self, seq: u64, time_ms: i64, sign: Sign, halves: [Half<'_>; 2]) {
        self.rows.seq.push(seq);
        self.rows.time_ms.push(time_ms);
        if self.table {
            self.rows.sign.push(sign);
        }
        let (left, right) = self.columns.split_at_mut(self.left_columns);
        halves[0].write(left);
        halves[1].write(right);
    }

    /// Hands the rows over if there are many.
    ///
    /// # Errors
    /// As [`Output::give`].
    #[inline]
    pub(crate) fn give_many(&mut self, out: &mut Output<'_>) -> Result<(), Stop> {
        if self.rows.seq.len() < OUTPUT_ROWS { Ok(()) } else { self.give(out) }
    }

    /// Hands the rows over.
    ///
    /// # Errors
    /// As [`Output::give`].
    pub(crate) fn give(&mut self, out: &mut Output<'_>) -> Result<(), Stop> {
        self.given += self.rows.seq.len() as u64;
        out.give(self.finish())
    }

    /// The rows that were added; there are none then.
    pub(crate) fn finish(&mut self) -> Rows {
        if self.rows.is_empty() {
            return Rows::default();
        }
        let mut rows = std::mem::take(&mut self.rows);
        rows.columns = self.columns.iter_mut().map(|column| Arc::new(std::mem::take(column))).collect();
        rows
    }

    /// How many rows were given in all.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// Counts as if so many had been given before.
    pub(crate) fn set_given(&mut self, given: u64) {
        self.given = given;
    }
}

impl Half<'_> {
    #[inline]
    fn write(self, columns: &mut [Column]) {
        match self {
            Self::Row(rows, row) => {
                columns.iter_mut().zip(&rows.columns).for_each(|(out, column)| out.push_row(column, row));
            }
            Self::Stored(bytes) => {
                let mut cells = StoredCells::new(bytes);
                // What is kept was written here, or read through when it was loaded: there is a value for each column.
                for out in columns {
                    if cells.take_into(out).is_err() {
                        out.push(Cell::Null);
                    }
                }
            }
            Self::Nothing => columns.iter_mut().for_each(|out| out.push(Cell::Null)),
        }
    }
}
