//! What flows along a wire: rows in columns, each with its time and its place in the input's order.

use std::ops::Range;
use std::sync::Arc;

use super::column::Column;
use crate::codec::Cell;

/// Whether a row of a table's changelog holds from now on, or no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Sign {
    /// The row holds. Every row of a stream does.
    Plus,
    /// A row that held before does no more; the columns are those that it had.
    Minus,
}

/// A batch of rows of one wire, in order.
///
/// On a table's wire a change of a key is a [`Sign::Minus`] of the row that was, if there was one, directly followed by a
/// [`Sign::Plus`] of the row that is, if there is one; both have the same `seq` and the same time.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The number of the input event that caused each row; never falls within a wire, and rows of one event stand
    /// together.
    pub seq: Vec<u64>,
    /// Each row's time in milliseconds since the epoch.
    pub time_ms: Vec<i64>,
    /// Each row's sign; empty on a stream's wire, where all hold.
    pub sign: Vec<Sign>,
    /// The columns, each as long as the batch.
    pub columns: Vec<Arc<Column>>,
}

impl Rows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.seq.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.seq.is_empty()
    }

    /// The sign of a row.
    pub fn sign(&self, row: usize) -> Sign {
        self.sign.get(row).copied().unwrap_or(Sign::Plus)
    }

    /// What stands in a column of a row.
    pub fn cell(&self, column: usize, row: usize) -> Cell<'_> {
        self.columns[column].cell(row)
    }

    /// Every column of a row.
    pub fn row(&self, row: usize) -> Vec<Cell<'_>> {
        self.columns.iter().map(|column| column.cell(row)).collect()
    }

    /// The rows at some places, in that order.
    pub fn take(&self, rows: &[u32]) -> Self {
        fn pick<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|&row| values[row as usize]).collect()
        }
        Self {
            seq: pick(&self.seq, rows),
            time_ms: pick(&self.time_ms, rows),
            sign: if self.sign.is_empty() { Vec::new() } else { pick(&self.sign, rows) },
            columns: self.columns.iter().map(|column| Arc::new(column.take(rows))).collect(),
        }
    }

    /// Whether a row and the next one are one change that changes nothing: the row goes and comes as it was.
    pub fn is_unchanged(&self, row: usize) -> bool {
        let next = row + 1;
        let pair = self.sign(row) == Sign::Minus && next < self.len() && self.sign(next) == Sign::Plus;
        pair && self.seq[row] == self.seq[next]
            && self.columns.iter().all(|column| column.cell(row) == column.cell(next))
    }

    /// Whether a row is one of two that are a change which changes nothing.
    pub fn is_of_no_change(&self, row: usize) -> bool {
        !self.sign.is_empty() && (self.is_unchanged(row) || row > 0 && self.is_unchanged(row - 1))
    }

    /// The rows of each event.
    pub fn events(&self) -> impl Iterator<Item = Range<usize>> + use<'_> {
        let mut start = 0;
        self.seq.chunk_by(|one, next| one == next).map(move |rows| {
            let event = start..start + rows.len();
            start = event.end;
            event
        })
    }

    /// The rows from one place to another.
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let rows: Vec<u32> = (rows.start as u32..rows.end as u32).collect();
        self.take(&rows)
    }

    /// The batches one after the other.
    pub fn concat(batches: Vec<Self>) -> Self {
        let mut batches = batches.into_iter().filter(|batch| !batch.is_empty());
        let Some(mut all) = batches.next() else { return Self::default() };
        for batch in batches {
            if all.sign.is_empty() != batch.sign.is_empty() {
                all.sign.resize(all.seq.len(), Sign::Plus);
            }
            all.sign.extend_from_slice(&batch.sign);
            all.seq.extend_from_slice(&batch.seq);
            all.time_ms.extend_from_slice(&batch.time_ms);
            if !all.sign.is_empty() {
                all.sign.resize(all.seq.len(), Sign::Plus);
            }
            for (column, more) in all.columns.iter_mut().zip(&batch.columns) {
                Arc::make_mut(column).append(more);
            }
        }
        all
    }

    /// Bytes of memory, near enough for a budget.
    pub fn bytes(&self) -> usize {
        self.len() * 17 + self.columns.iter().map(|column| column.bytes()).sum::<usize>()
    }
}

/// Builds a batch row by row.
#[derive(Debug, Default)]
pub struct RowsBuilder {
    seq: Vec<u64>,
    time_ms: Vec<i64>,
    sign: Vec<Sign>,
    columns: Vec<Column>,
    table: bool,
}

impl RowsBuilder {
    /// A builder of rows with so many columns; of a table's wire the signs are kept.
    pub fn new(columns: usize, table: bool) -> Self {
        Self { columns: vec![Column::default(); columns], table, ..Self::default() }
    }

    /// How many rows were added.
    pub fn len(&self) -> usize {
        self.seq.len()
    }

    /// Whether no row was added.
    pub fn is_empty(&self) -> bool {
        self.seq.is_empty()
    }

    /// Adds a row; the cells are as many as the columns.
    pub fn push<'a>(&mut self, seq: u64, time_ms: i64, sign: Sign, cells: impl IntoIterator<Item = Cell<'a>>) {
        self.seq.push(seq);
        self.time_ms.push(time_ms);
        if self.table {
            self.sign.push(sign);
        }
        let mut columns = self.columns.iter_mut();
        for cell in cells {
            columns.next().expect("no more cells than columns").push(cell);
        }
        debug_assert!(columns.next().is_none(), "as many cells as columns");
    }

    /// The rows that were added; the builder is empty again.
    pub fn finish(&mut self) -> Rows {
        let fresh = Self::new(self.columns.len(), self.table);
        let Self { seq, time_ms, sign, columns, .. } = std::mem::replace(self, fresh);
        Rows { seq, time_ms, sign, columns: columns.into_iter().map(Arc::new).collect() }
    }
}
