//! The aggregate, held against fixed cases and against a model that keeps every row.

mod boundaries;
mod functions;
mod model;
mod properties;
mod retraction;

use tokio_util::sync::CancellationToken;

use super::{AggregateSpec, aggregate};
use crate::codec::{Cell, Step};
use crate::engine::{Operator, Output, Rows, RowsBuilder, Sign, StateReader, StateWriter};
use crate::event::time::NS_PER_MS;
use crate::expr::{Formula, NameError, Scope, Type};
use crate::pipeline::{Emit, Span, Window};

/// The columns of the input: a key, a value, and another value that filters go by.
const COLUMNS: [(&str, Type); 3] = [("k", Type::Any), ("v", Type::Any), ("w", Type::Any)];

struct Names(Vec<(&'static str, Type)>);

impl Scope for Names {
    fn roots(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn column(&self, name: &[Step]) -> Result<(usize, Type), NameError> {
        let wanted = match name {
            [Step::Field(wanted)] => wanted.to_string(),
            _ => String::new(),
        };
        let found = self.0.iter().position(|(name, _)| *name == wanted);
        let column = found.map(|column| (column, self.0[column].1));
        column.ok_or(NameError { message: format!("no {wanted}"), hint: None })
    }
}

/// An aggregate over [`COLUMNS`], grouped by the key.
fn spec(window: Option<Window>, grace_ms: i64, emit: Emit, select: &[&str]) -> AggregateSpec {
    spec_by(&["k"], window, grace_ms, emit, select)
}

fn spec_by(by: &[&'static str], window: Option<Window>, grace_ms: i64, emit: Emit, select: &[&str]) -> AggregateSpec {
    let rows = Names(COLUMNS.to_vec());
    let mut of_groups: Vec<(&'static str, Type)> = by.iter().map(|name| (*name, Type::Any)).collect();
    if window.is_some() {
        of_groups.extend([("window_start", Type::Time), ("window_end", Type::Time)]);
    }
    let groups = Names(of_groups);
    let mut calls = Vec::new();
    let formula = |text: &&str| Formula::of_groups(text, &groups, &rows, &mut calls).expect("an expression");
    let select = select.iter().map(formula).collect();
    let by = by.iter().map(|text| Formula::parse(text, &rows).expect("an expression")).collect();
    AggregateSpec { by, window, grace_ms, emit, calls, select, table_input: false, each_event: false }
}

fn tumbling(size_ms: i64) -> Option<Window> {
    Some(Window::Tumbling { size: Span::of_ms(size_ms) })
}

fn hopping(size_ms: i64, advance_ms: i64) -> Option<Window> {
    Some(Window::Hopping { size: Span::of_ms(size_ms), advance: Span::of_ms(advance_ms) })
}

fn session(gap_ms: i64) -> Option<Window> {
    Some(Window::Session { gap: Span::of_ms(gap_ms) })
}

fn sliding(size_ms: i64) -> Option<Window> {
    Some(Window::Sliding { size: Span::of_ms(size_ms) })
}

/// A row that goes in or comes out.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    seq: u64,
    time_ms: i64,
    sign: Sign,
    cells: Vec<Cell<'static>>,
}

/// A row of a stream with a number as its value.
fn row(seq: u64, time_ms: i64, key: &'static str, value: i64) -> Row {
    row_of(seq, time_ms, [Cell::Text(key.into()), Cell::Int(value), Cell::Null])
}

fn row_of(seq: u64, time_ms: i64, cells: [Cell<'static>; 3]) -> Row {
    Row { seq, time_ms, sign: Sign::Plus, cells: cells.to_vec() }
}

/// Rows as a batch; with signs if they are of a table.
fn batch(rows: &[Row], table: bool) -> Rows {
    let mut builder = RowsBuilder::new(COLUMNS.len(), table);
    for row in rows {
        builder.push(row.seq, row.time_ms, row.sign, row.cells.iter().cloned());
    }
    builder.finish()
}

fn rows_of(rows: &Rows) -> Vec<Row> {
    (0..rows.len())
        .map(|at| Row {
            seq: rows.seq[at],
            time_ms: rows.time_ms[at],
            sign: rows.sign(at),
            cells: rows.row(at).into_iter().map(Cell::into_owned).collect(),
        })
        .collect()
}

/// Feeds a batch; gives what comes out.
fn feed(operator: &mut dyn Operator, rows: Rows) -> Vec<Row> {
    let mut given = Vec::new();
    let mut take = |rows: Rows| {
        given.extend(rows_of(&rows));
        Ok(())
    };
    let cancel = CancellationToken::new();
    operator.process(vec![rows], &mut Output::new(&mut take, &cancel)).expect("nobody stops it");
    given
}

/// What comes out for a row each.
fn one_by_one(operator: &mut dyn Operator, rows: &[Row]) -> Vec<Vec<Row>> {
    rows.iter().map(|row| feed(operator, batch(std::slice::from_ref(row), false))).collect()
}

/// A row as a text: `+k 0..10 3` with its sign, its window in milliseconds and its values.
fn show(row: &Row, windowed: bool) -> String {
    let sign = if row.sign == Sign::Plus { '+' } else { '-' };
    let ms = |cell: &Cell<'_>| match cell {
        Cell::Time(ns) => (ns / NS_PER_MS).to_string(),
        other => panic!("{other:?} is no time"),
    };
    let shown = |cells: &[Cell<'_>]| {
        cells
            .iter()
            .map(|cell| if cell.is_null() { "null".to_owned() } else { cell.to_string() })
            .collect::<Vec<_>>()
            .join(" ")
    };
    match row.cells.as_slice() {
        [key, start, end, rest @ ..] if windowed => format!("{sign}{key} {}..{} {}", ms(start), ms(end), shown(rest)),
        cells => format!("{sign}{}", shown(cells)),
    }
}

fn show_all(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| show(row, true)).collect()
}

/// Another operator of the same kind that goes on where this one stands.
fn reloaded(operator: &dyn Operator, spec: AggregateSpec) -> Box<dyn Operator> {
    let mut state = StateWriter::default();
    operator.save(&mut state);
    let bytes = state.finish();
    let mut loaded = aggregate(spec);
    loaded.load(&mut StateReader::new(&bytes)).expect("what was saved");
    let mut again = StateWriter::default();
    loaded.save(&mut again);
    assert!(again.finish() == bytes, "a loaded state is the saved one");
    loaded
}

/// A batch of one column less than a row has: what an operator is given whose input lacks a column.
fn without_last_column(rows: &Rows) -> Rows {
    let mut rows = rows.clone();
    rows.columns.pop();
    rows
}

#[test]
fn a_column_that_is_not_there_is_missing() {
    let mut operator = aggregate(spec(None, 0, Emit::Updates, &["count(w)", "count(*)"]));
    let given = feed(&mut *operator, without_last_column(&batch(&[row(1, 5, "a", 1)], false)));
    assert_eq!(given.iter().map(|row| show(row, false)).collect::<Vec<_>>(), ["+a 0 1"]);
}
