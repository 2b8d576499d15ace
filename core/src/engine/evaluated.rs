//! Formulas worked out for a batch.

use std::sync::Arc;

use super::column::{Column, Values};
use super::key::{NoKey, write_key_of_row};
use super::rows::Rows;
use crate::codec::Cell;
use crate::expr::{Formula, Input};

/// How many rows are worked on at a time: few enough for their values to stay near.
const CHUNK: usize = 2_048;

/// What some formulas come to for each row of a batch.
#[derive(Debug)]
pub(crate) struct Evaluated {
    columns: Vec<Arc<Column>>,
}

impl Evaluated {
    /// Works formulas out. Adds to `mismatched` how often a value was of another kind than what it was compared or
    /// calculated with.
    pub(crate) fn of(formulas: &[Formula], rows: &Rows, mismatched: &mut u64) -> Self {
        if rows.is_empty() {
            return Self { columns: Vec::new() };
        }
        let column = |formula: &Formula| match formula.as_column().and_then(|column| rows.columns.get(column)) {
            Some(column) => Arc::clone(column),
            None => Arc::new(worked_out(formula, rows, mismatched)),
        };
        Self { columns: formulas.iter().map(column).collect() }
    }

    /// The values, a column a formula; none for a batch without rows.
    pub(crate) fn columns(&self) -> &[Arc<Column>] {
        &self.columns
    }

    /// Writes the key that the formulas make of a row in the place of what `key` held.
    ///
    /// # Errors
    /// [`NoKey`] when a part is null or can't be told.
    pub(crate) fn key(&self, row: usize, key: &mut Vec<u8>) -> Result<(), NoKey> {
        key.clear();
        self.columns.iter().try_for_each(|column| write_key_of_row(&[column], row, key))
    }

    /// Whether two rows have one key; those without any never do.
    pub(crate) fn same_key(&self, row: usize, other: usize) -> bool {
        self.columns.iter().all(|column| match (column.values(), column.is_all_here()) {
            (Values::Ints(values), true) => values[row] == values[other],
            (Values::Texts(texts), true) => texts.get(row) == texts.get(other),
            _ => {
                let (mut key, mut other_key) = (Vec::new(), Vec::new());
                write_key_of_row(&[column], row, &mut key).is_ok()
                    && write_key_of_row(&[column], other, &mut other_key).is_ok()
                    && key == other_key
            }
        })
    }
}

fn worked_out(formula: &Formula, rows: &Rows, mismatched: &mut u64) -> Column {
    let mut column = Column::default();
    for start in (0..rows.len()).step_by(CHUNK) {
        let part = start..rows.len().min(start + CHUNK);
        let input = |input: &Input| match input {
            Input::Column(place) if *place < rows.columns.len() => {
                part.clone().map(|row| rows.cell(*place, row)).collect()
            }
            _ => vec![Cell::Missing; part.len()],
        };
        let inputs: Vec<Vec<Cell<'_>>> = formula.inputs().iter().map(input).collect();
        formula.evaluate(&inputs, part.len(), mismatched).into_iter().for_each(|cell| column.push(cell));
    }
    column
}
