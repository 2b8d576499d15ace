//! Operators on trial: rows in, rows out, however they are cut, saved and loaded.

use tokio_util::sync::CancellationToken;

use super::operator::{AsideRow, Metrics, Operator, Output, StateReader, StateWriter, Stop};
use super::rows::{Rows, RowsBuilder, Sign};
use crate::codec::Cell;
use crate::expr::{Formula, Type};

/// A row that an operator takes or gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) input: usize,
    pub(crate) seq: u64,
    pub(crate) time_ms: i64,
    pub(crate) sign: Sign,
    pub(crate) cells: Vec<Cell<'static>>,
}

/// A row that holds.
pub(crate) fn plus(input: usize, seq: u64, time_ms: i64, cells: Vec<Cell<'static>>) -> Row {
    Row { input, seq, time_ms, sign: Sign::Plus, cells }
}

/// A row that holds no more.
pub(crate) fn minus(input: usize, seq: u64, time_ms: i64, cells: Vec<Cell<'static>>) -> Row {
    Row { sign: Sign::Minus, ..plus(input, seq, time_ms, cells) }
}

pub(crate) fn int(int: i64) -> Cell<'static> {
    Cell::Int(int)
}

pub(crate) fn text(text: &str) -> Cell<'static> {
    Cell::Text(text.to_owned().into())
}

/// The formula that is a column.
pub(crate) fn column(column: usize) -> Formula {
    Formula::of_column(&format!("c{column}"), column, Type::Any)
}

/// How an operator is made, and what it takes: for each input how many columns, and whether it is a table.
pub(crate) struct Trial<'t> {
    pub(crate) make: &'t dyn Fn() -> Box<dyn Operator>,
    pub(crate) inputs: Vec<(usize, bool)>,
}

/// What came out.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) rows: Vec<Row>,
    /// All but the bytes of memory.
    pub(crate) metrics: Metrics,
    pub(crate) aside: Vec<AsideRow>,
    pub(crate) open: Vec<Row>,
}

impl Trial<'_> {
    /// What comes of some rows; it is the same however they are cut.
    pub(crate) fn run(&self, given: &[Row]) -> Outcome {
        self.run_cut(given, &[given.len() / 2, given.len() / 3])
    }

    /// As [`Trial::run`], with these cuts beside those that are always tried; the operator is saved and loaded at each.
    pub(crate) fn run_cut(&self, given: &[Row], cuts: &[usize]) -> Outcome {
        let whole = self.outcome(given, |_| false, false);
        assert_eq!(self.outcome(given, |_| true, false), whole, "one event at a time");
        assert_eq!(self.outcome(given, |at| cuts.contains(&at), true), whole, "saved and loaded on the way");
        whole
    }

    fn outcome(&self, given: &[Row], cut_at: impl Fn(usize) -> bool, reloads: bool) -> Outcome {
        let mut operator = (self.make)();
        let mut told = Vec::new();
        let mut start = 0;
        for end in 1..=given.len() {
            let inside_event = given.get(end).is_some_and(|next| next.seq == given[end - 1].seq);
            if end == given.len() || (!inside_event && cut_at(end)) {
                told.extend(self.step(operator.as_mut(), &given[start..end]));
                start = end;
                if reloads {
                    operator = self.reloaded(operator.as_ref());
                }
            }
        }
        assert!(told.is_sorted_by_key(|row| row.seq), "seq never falls");
        let metrics = Metrics { state_bytes: 0, ..operator.metrics() };
        assert_eq!(metrics.rows_out, told.len() as u64);
        let aside = operator.aside().map(|aside| aside.rows().cloned().collect()).unwrap_or_default();
        Outcome { rows: told, metrics, aside, open: rows_of(&operator.open_rows()) }
    }

    /// Another operator that takes up what this one has saved.
    pub(crate) fn reloaded(&self, operator: &dyn Operator) -> Box<dyn Operator> {
        let mut state = StateWriter::default();
        operator.save(&mut state);
        let state = state.finish();
        let mut loaded = (self.make)();
        loaded.load(&mut StateReader::new(&state)).expect("what was saved loads");
        let mut again = StateWriter::default();
        loaded.save(&mut again);
        assert!(again.finish() == state || state.is_empty(), "what was loaded is saved the same");
        // A state that was cut or spoiled is refused, or taken, but never makes it fall.
        for at in [state.len() / 3, state.len() / 2] {
            let _ = (self.make)().load(&mut StateReader::new(&state[..at]));
            let mut spoiled = state.clone();
            if let Some(byte) = spoiled.get_mut(at) {
                *byte ^= 0x55;
            }
            let _ = (self.make)().load(&mut StateReader::new(&spoiled));
        }
        loaded
    }

    /// Gives rows to an operator in one step.
    pub(crate) fn step(&self, operator: &mut dyn Operator, given: &[Row]) -> Vec<Row> {
        let mut told = Vec::new();
        let mut take = |rows: Rows| {
            told.extend(rows_of(&rows));
            Ok(())
        };
        operator.process(self.batches(given), &mut Output::new(&mut take, &CancellationToken::new())).expect("it runs");
        told
    }

    /// The rows of each input as a batch.
    pub(crate) fn batches(&self, given: &[Row]) -> Vec<Rows> {
        let batch = |(input, (columns, table)): (usize, &(usize, bool))| {
            let mut builder = RowsBuilder::new(*columns, *table);
            for row in given.iter().filter(|row| row.input == input) {
                builder.push(row.seq, row.time_ms, row.sign, row.cells.iter().cloned());
            }
            builder.finish()
        };
        self.inputs.iter().enumerate().map(batch).collect()
    }
}

/// The rows of a batch.
pub(crate) fn rows_of(rows: &Rows) -> Vec<Row> {
    let row = |row: usize| Row {
        input: 0,
        seq: rows.seq[row],
        time_ms: rows.time_ms[row],
        sign: rows.sign(row),
        cells: rows.row(row).into_iter().map(Cell::into_owned).collect(),
    };
    (0..rows.len()).map(row).collect()
}

/// Cancels an operator that has given so many rows, and tells how many there were, and the largest batch.
pub(crate) fn cancelled_after(operator: &mut dyn Operator, inputs: Vec<Rows>, rows: usize) -> (usize, usize) {
    let cancel = CancellationToken::new();
    let (mut given, mut largest) = (0, 0);
    let mut take = |batch: Rows| {
        given += batch.len();
        largest = largest.max(batch.len());
        if given >= rows {
            cancel.cancel();
        }
        Ok(())
    };
    assert_eq!(operator.process(inputs, &mut Output::new(&mut take, &cancel)), Err(Stop::Cancelled));
    (given, largest)
}
