//! Operators that look at one row at a time and remember nothing.

use std::sync::Arc;

use super::column::Column;
use super::evaluated::Evaluated;
use super::operator::{
    Aside, Dropped, Metrics, OUTPUT_ROWS, Operator, Output, StateError, StateReader, StateWriter, Stop,
};
use super::rows::Rows;
use crate::codec::{Cell, Decoded, Value, json};
use crate::expr::Formula;

/// Counts rows that come in and go out of an operator without memory.
#[derive(Debug, Default)]
struct Passage {
    metrics: Metrics,
    aside: Aside,
}

impl Passage {
    fn came(&mut self, rows: &Rows) {
        self.metrics.rows_in += rows.len() as u64;
        self.metrics.stream_time_ms = self.metrics.stream_time_ms.max(rows.time_ms.iter().copied().max());
    }

    fn drop(&mut self, why: Dropped, rows: &Rows, row: usize) {
        self.metrics.drop_row(why);
        self.aside.keep(why, rows, row, self.metrics.stream_time_ms.unwrap_or(i64::MIN));
    }

    fn give(&mut self, rows: Rows, out: &mut Output<'_>) -> Result<(), Stop> {
        self.metrics.rows_out += rows.len() as u64;
        out.give(rows)
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.metrics);
        self.aside.save(state);
    }

    fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.metrics = state.take()?;
        self.aside.load(state)
    }
}

/// What the operators of this file have in common.
macro_rules! passes {
    () => {
        fn metrics(&self) -> Metrics {
            self.passage.metrics.clone()
        }

        fn aside(&self) -> Option<&Aside> {
            Some(&self.passage.aside)
        }

        fn save(&self, state: &mut StateWriter) {
            self.passage.save(state);
        }

        fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
            self.passage.load(state)
        }
    };
}

/// The rows for which a condition holds, in the input's columns.
pub fn filter(condition: Formula) -> Box<dyn Operator> {
    Box::new(Filter { condition, passage: Passage::default() })
}

struct Filter {
    condition: Formula,
    passage: Passage,
}

impl Operator for Filter {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        for rows in inputs {
            self.passage.came(&rows);
            let mut mismatched = 0;
            let truths = Evaluated::of(std::slice::from_ref(&self.condition), &rows, &mut mismatched);
            self.passage.metrics.mismatched += mismatched;
            let Some(truths) = truths.columns().first() else { continue };
            let mut kept = Vec::with_capacity(rows.len());
            for row in 0..rows.len() {
                match truths.cell(row) {
                    Cell::Bool(true) => kept.push(row as u32),
                    Cell::Failed(_) => self.passage.drop(Dropped::Failed, &rows, row),
                    Cell::Bool(false) | Cell::Null | Cell::Missing => {}
                    _ => self.passage.metrics.mismatched += 1,
                }
            }
            let kept = if kept.len() == rows.len() { rows } else { rows.take(&kept) };
            self.passage.give(kept, out)?;
        }
        Ok(())
    }

    passes!();
}

/// The input's columns, and behind them those that formulas come to.
pub fn extend(formulas: Vec<Formula>) -> Box<dyn Operator> {
    Box::new(Extend { formulas, passage: Passage::default() })
}

struct Extend {
    formulas: Vec<Formula>,
    passage: Passage,
}

impl Operator for Extend {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        for mut rows in inputs {
            self.passage.came(&rows);
            if !rows.is_empty() {
                let more = Evaluated::of(&self.formulas, &rows, &mut self.passage.metrics.mismatched);
                rows.columns.extend(more.columns().iter().cloned());
            }
            self.passage.give(rows, out)?;
        }
        Ok(())
    }

    passes!();
}

/// A row for each element of an array: the input's columns, and behind them the element. With `outer` a row without
/// elements is kept, with null in its place.
pub fn flatten(array: Formula, outer: bool) -> Box<dyn Operator> {
    Box::new(Flatten { array, outer, passage: Passage::default() })
}

struct Flatten {
    array: Formula,
    outer: bool,
    passage: Passage,
}

impl Flatten {
    /// The elements of what stands in a row.
    fn elements(&mut self, cell: &Cell<'_>, rows: &Rows, row: usize) -> Vec<Cell<'static>> {
        let mut elements = Vec::new();
        match cell {
            Cell::Null | Cell::Missing => {}
            Cell::Failed(_) => {
                self.passage.drop(Dropped::Failed, rows, row);
                return elements;
            }
            Cell::Array(text) => match json::parse(text.as_bytes()) {
                Ok(Value::Array(values)) => elements.extend(values.iter().map(|value| value.cell().into_owned())),
                _ => self.passage.metrics.mismatched += 1,
            },
            _ => self.passage.metrics.mismatched += 1,
        }
        if elements.is_empty() && self.outer {
            elements.push(Cell::Null);
        }
        elements
    }
}

impl Operator for Flatten {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        for rows in inputs {
            self.passage.came(&rows);
            let arrays = Evaluated::of(std::slice::from_ref(&self.array), &rows, &mut self.passage.metrics.mismatched);
            let Some(arrays) = arrays.columns().first().cloned() else { continue };
            let (mut taken, mut elements) = (Vec::new(), Column::default());
            for row in 0..rows.len() {
                for element in self.elements(&arrays.cell(row), &rows, row) {
                    taken.push(row as u32);
                    elements.push(element);
                    if taken.len() >= OUTPUT_ROWS {
                        let elements = std::mem::take(&mut elements);
                        self.passage.give(with_column(rows.take(&taken), elements), out)?;
                        taken.clear();
                    }
                }
            }
            self.passage.give(with_column(rows.take(&taken), elements), out)?;
        }
        Ok(())
    }

    passes!();
}

fn with_column(mut rows: Rows, column: Column) -> Rows {
    rows.columns.push(Arc::new(column));
    rows
}

/// The rows of several inputs as they come; for each column of the output the place it has in each input, if it has one.
pub fn merge(columns: Vec<Vec<Option<usize>>>) -> Box<dyn Operator> {
    Box::new(Merge { columns, passage: Passage::default() })
}

struct Merge {
    columns: Vec<Vec<Option<usize>>>,
    passage: Passage,
}

impl Operator for Merge {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        let mut order: Vec<(u64, usize, u32)> = Vec::new();
        let mut parts = Vec::with_capacity(inputs.len());
        let mut before = 0;
        // An input that nothing came of has no columns either.
        for (input, rows) in inputs.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            self.passage.came(&rows);
            order.extend(rows.seq.iter().enumerate().map(|(row, &seq)| (seq, input, before + row as u32)));
            before += rows.len() as u32;
            let missing = Arc::new(Column::of_one(&Cell::Missing, rows.len()));
            let column = |places: &Vec<Option<usize>>| {
                places.get(input).copied().flatten().map_or_else(|| missing.clone(), |at| rows.columns[at].clone())
            };
            let columns = self.columns.iter().map(column).collect();
            parts.push(Rows { columns, ..rows });
        }
        let all = Rows::concat(parts);
        // The sort is stable and rows of one input come in order, so this is a merge.
        order.sort();
        let order: Vec<u32> = order.into_iter().map(|(_, _, row)| row).collect();
        let sorted = order.is_sorted();
        self.passage.give(if sorted { all } else { all.take(&order) }, out)
    }

    passes!();
}

/// What stands inside of a column's arrays and objects: JSON texts. Missing where there is nothing of that path.
pub fn inside(column: &Column, path: &crate::codec::Path) -> Column {
    let codec = crate::codec::Codec::new(crate::codec::Choice::Json);
    let cells = (0..column.len()).map(|row| match column.cell(row) {
        Cell::Array(text) | Cell::Object(text) => match codec.decode(Some(text.as_bytes())) {
            Decoded::Value(value) => value.get(path).map_or(Cell::Missing, |found| found.cell().into_owned()),
            _ => Cell::Missing,
        },
        Cell::Failed(fault) => Cell::Failed(fault),
        _ => Cell::Missing,
    });
    Column::from_cells(cells.collect::<Vec<_>>())
}
