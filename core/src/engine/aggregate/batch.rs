//! A batch with everything worked out that is the same whatever window its rows fall in.

use std::sync::Arc;

use super::{AggregateSpec, Ledger};
use crate::codec::Cell;
use crate::engine::column::Values;
use crate::engine::{Column, Dropped, Rows};
use crate::expr::{Formula, Input, Truth};

use super::function::takes_numbers_only;

/// Rows with the columns that the aggregate needs.
pub(super) struct Batch {
    pub(super) rows: Rows,
    /// What the groups are made of.
    pub(super) by: Vec<Arc<Column>>,
    /// What each call takes.
    pub(super) arguments: Vec<Argument>,
    /// The largest time up to each row, itself included.
    pub(super) stream_time: Vec<i64>,
    /// The number of the first row among all that ever came.
    pub(super) first_ordinal: u64,
    /// What is to be counted of a row that is taken; `None` if nothing is of any.
    amiss: Option<Vec<Amiss>>,
}

/// The values of a call's argument, and which rows its filter lets pass.
#[derive(Debug, Default)]
pub(super) struct Argument {
    /// `None` of `count(*)`.
    pub(super) column: Option<Arc<Column>>,
    /// `None` if all do.
    pub(super) passes: Option<Vec<bool>>,
}

impl Argument {
    /// Whether a row counts.
    pub(super) fn passes(&self, row: usize) -> bool {
        self.passes.as_ref().is_none_or(|passes| passes[row])
    }
}

/// What is amiss with the arguments of a row.
#[derive(Debug, Clone, Copy, Default)]
struct Amiss {
    /// An argument or a filter can't be told.
    failed: bool,
    /// How many arguments are no numbers although they should be.
    mismatched: u32,
}

impl Batch {
    /// Evaluates a batch; the operator's stream time goes on from the rows before.
    pub(super) fn of(rows: Rows, spec: &AggregateSpec, ledger: &mut Ledger) -> Self {
        let first_ordinal = ledger.metrics.rows_in;
        ledger.metrics.rows_in += rows.len() as u64;
        let mut newest = ledger.metrics.stream_time_ms.unwrap_or(i64::MIN);
        let stream_time: Vec<i64> = rows
            .time_ms
            .iter()
            .map(|&time| {
                newest = newest.max(time);
                newest
            })
            .collect();
        ledger.metrics.stream_time_ms = stream_time.last().copied().or(ledger.metrics.stream_time_ms);
        let mismatched = &mut ledger.metrics.mismatched;
        let by = spec.by.iter().map(|formula| evaluate(formula, &rows, mismatched)).collect();
        let mut amiss = vec![Amiss::default(); rows.len()];
        let mut any_amiss = false;
        let mut arguments = Vec::with_capacity(spec.calls.len());
        for call in &spec.calls {
            let passes = call.filter.as_ref().map(|filter| {
                let truths = filter.truths(&inputs_of(filter, &rows), rows.len(), mismatched);
                for (truth, amiss) in truths.iter().zip(&mut amiss) {
                    any_amiss |= matches!(truth, Truth::Failed(_));
                    amiss.failed |= matches!(truth, Truth::Failed(_));
                }
                truths.into_iter().map(|truth| truth == Truth::True).collect()
            });
            let column = call.argument.as_ref().map(|argument| evaluate(argument, &rows, mismatched));
            let argument = Argument { column, passes };
            any_amiss |= note_amiss(&argument, takes_numbers_only(call.function), &mut amiss);
            arguments.push(argument);
        }
        Self { rows, by, arguments, stream_time, first_ordinal, amiss: any_amiss.then_some(amiss) }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How far the stream's time is at the end.
    pub(super) fn last_stream_time(&self) -> i64 {
        self.stream_time.last().copied().unwrap_or(i64::MIN)
    }

    /// Whether anything is to be counted of rows that are taken.
    pub(super) fn is_any_amiss(&self) -> bool {
        self.amiss.is_some()
    }

    /// Counts what is amiss with a row that is taken.
    pub(super) fn count_amiss(&self, row: usize, ledger: &mut Ledger) {
        let Some(amiss) = self.amiss.as_ref().map(|amiss| amiss[row]) else { return };
        ledger.metrics.mismatched += u64::from(amiss.mismatched);
        if amiss.failed {
            ledger.drop_row(Dropped::Failed, row);
        }
    }
}

/// Notes rows whose argument failed, or is no number although it should be; whether there are any.
fn note_amiss(argument: &Argument, numbers_only: bool, amiss: &mut [Amiss]) -> bool {
    let Some(column) = argument.column.as_deref() else { return false };
    let all_fine = match column.values() {
        Values::Nothing | Values::Ints(_) | Values::Decimals(_) | Values::Floats(_) => true,
        Values::Bools(_) | Values::Times(_) | Values::Texts(_) => !numbers_only,
        Values::Cells(_) => false,
    };
    if all_fine {
        return false;
    }
    let mut any = false;
    for (row, amiss) in amiss.iter_mut().enumerate().filter(|(row, _)| argument.passes(*row)) {
        match column.cell(row) {
            Cell::Failed(_) => amiss.failed = true,
            cell if numbers_only && !cell.is_null() && !cell.is_number() => amiss.mismatched += 1,
            _ => continue,
        }
        any = true;
    }
    any
}

/// A formula's value for each row.
fn evaluate(formula: &Formula, rows: &Rows, mismatched: &mut u64) -> Arc<Column> {
    if let Some(column) = formula.as_column().and_then(|column| rows.columns.get(column)) {
        return Arc::clone(column);
    }
    Arc::new(Column::from_cells(formula.evaluate(&inputs_of(formula, rows), rows.len(), mismatched)))
}

fn inputs_of<'r>(formula: &Formula, rows: &'r Rows) -> Vec<Vec<Cell<'r>>> {
    let cells = |input: &Input| match input {
        Input::Column(column) => rows.columns.get(*column).map(|column| column.cells()),
        Input::Aggregate(_) => None,
    };
    formula.inputs().iter().map(|input| cells(input).unwrap_or_else(|| vec![Cell::Missing; rows.len()])).collect()
}
