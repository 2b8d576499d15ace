//! Rows on their way out: built one by one, handed over in batches.

use std::sync::Arc;

use super::column::Column;
use super::operator::{OUTPUT_ROWS, Output, Stop};
use super::rows::{Rows, Sign};
use super::stored::StoredCells;
use crate::codec::Cell;

/// A part of a row: some columns on the left, or some on the right.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Half<'h> {
    /// A row of a batch.
    Row(&'h Rows, usize),
    /// A row that was kept.
    Stored(&'h [u8]),
    /// An integer, in each column.
    Int(i64),
    /// No row: null in every column.
    Nothing,
}

/// Builds batches of rows of two halves: the left one's columns, then the right one's.
#[derive(Debug)]
pub(crate) struct OutgoingRows {
    rows: Rows,
    columns: Vec<Column>,
    left_columns: usize,
    /// Whether the rows are a table's changelog.
    table: bool,
    /// How many rows were given.
    given: u64,
}

impl OutgoingRows {
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
            Self::Stored(bytes) => StoredCells::new(bytes).take_row_into(columns),
            Self::Int(int) => columns.iter_mut().for_each(|out| out.push_int(int)),
            Self::Nothing => columns.iter_mut().for_each(|out| out.push(Cell::Null)),
        }
    }
}
