//! The rows that come out: the group's values, the window's bounds, and what is selected.

use std::sync::Arc;

use super::function::value_order::identical;
use super::keys::cells_of_key;
use super::slots::Slots;
use super::touched::{Bounds, Touch, Touched};
use super::{AggregateSpec, Ledger};
use crate::codec::Cell;
use crate::engine::{Column, OUTPUT_ROWS, Output, Rows, Sign, Stop};
use crate::event::time::ms_to_ns;
use crate::expr::{Formula, Input};
use crate::pipeline::Emit;

/// Rows on their way out.
pub(super) struct ResultRows<'s> {
    spec: &'s AggregateSpec,
    seq: Vec<u64>,
    time_ms: Vec<i64>,
    sign: Vec<Sign>,
    by: Vec<Column>,
    starts: Vec<i64>,
    ends: Vec<i64>,
    calls: Vec<Column>,
    /// The first rows of pairs that may turn out to be the same.
    pairs: Vec<usize>,
}

/// A row's head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'k> {
    pub(super) seq: u64,
    pub(super) time_ms: i64,
    pub(super) sign: Sign,
    pub(super) key: &'k [u8],
    pub(super) bounds: Bounds,
}

impl<'s> ResultRows<'s> {
    pub(super) fn new(spec: &'s AggregateSpec) -> Self {
        Self {
            spec,
            seq: Vec::new(),
            time_ms: Vec::new(),
            sign: Vec::new(),
            by: vec![Column::default(); spec.by.len()],
            starts: Vec::new(),
            ends: Vec::new(),
            calls: vec![Column::default(); spec.calls.len()],
            pairs: Vec::new(),
        }
    }

    /// Adds a row: its head, and what each call comes to in it.
    fn push<'c>(&mut self, head: Head<'_>, calls: impl Iterator<Item = Cell<'c>>) {
        self.push_head(head);
        self.calls.iter_mut().zip(calls).for_each(|(column, cell)| column.push(cell));
    }

    /// Adds rows of slots as they stand, each with its head; no more than are to be handed over at once.
    ///
    /// Slots in an order of their own lie all over memory. So first the heads are found, then the keys fetched, then the
    /// results, each in a run of loads that don't wait for each other.
    pub(super) fn push_slots<'k>(&mut self, slots: &Slots, rows: impl Iterator<Item = (u32, Head<'k>)>) {
        let (told, heads): (Vec<u32>, Vec<Head<'k>>) = rows.unzip();
        let mut keys = Vec::new();
        heads.iter().for_each(|head| keys.extend_from_slice(head.key));
        let mut start = 0;
        for head in &heads {
            let end = start + head.key.len();
            self.push_head(Head { key: &keys[start..end], ..*head });
            start = end;
        }
        slots.results_of(&told, &mut self.calls);
    }

    fn push_head(&mut self, head: Head<'_>) {
        self.seq.push(head.seq);
        self.time_ms.push(head.time_ms);
        self.sign.push(head.sign);
        let mut cells = cells_of_key(head.key);
        self.by.iter_mut().for_each(|column| column.push(cells.next().unwrap_or(Cell::Null)));
        if let Some((start, end)) = head.bounds {
            self.starts.push(ms_to_ns(start));
            self.ends.push(ms_to_ns(end));
        }
    }

    /// Adds the change of a slot: the rows that stood for it are taken away, and the one that does now is added, unless
    /// nothing is left in it (`now` is `None`).
    pub(super) fn push_change(
        &mut self,
        touched: &Touched,
        touch: &Touch,
        slots: &Slots,
        (seq, key): (u64, &[u8]),
        now: Option<Bounds>,
    ) {
        let time_ms = slots.newest(touch.slot);
        let before = touched.before(touch);
        if let ([(_, before)], Some(bounds)) = (before.as_slice(), now)
            && (before.bounds, before.time_ms) == (bounds, time_ms)
        {
            self.pairs.push(self.seq.len());
        }
        for (place, before) in before {
            let head = Head { seq, time_ms, sign: Sign::Minus, key, bounds: before.bounds };
            self.push(head, touched.results(place));
        }
        if let Some(bounds) = now {
            self.push(Head { seq, time_ms, sign: Sign::Plus, key, bounds }, slots.results(touch.slot));
        }
    }

    /// Hands the rows over if there are many.
    pub(super) fn give_if_many(&mut self, ledger: &mut Ledger, out: &mut Output<'_>) -> Result<(), Stop> {
        if self.seq.len() >= OUTPUT_ROWS { self.give(ledger, out) } else { Ok(()) }
    }

    /// Hands the rows over.
    pub(super) fn give(&mut self, ledger: &mut Ledger, out: &mut Output<'_>) -> Result<(), Stop> {
        let whole = std::mem::replace(self, Self::new(self.spec));
        let rows = whole.finish(&mut ledger.metrics.mismatched);
        ledger.metrics.rows_out += rows.len() as u64;
        out.give(rows)
    }

    /// The rows that were added. Adds to `mismatched` how often a value was of another kind than what it was compared
    /// or calculated with.
    pub(super) fn finish(self, mismatched: &mut u64) -> Rows {
        let Self { spec, seq, time_ms, mut sign, by, starts, ends, calls, pairs } = self;
        let rows = seq.len();
        let mut columns: Vec<Arc<Column>> = by.into_iter().map(Arc::new).collect();
        if spec.window.is_some() {
            columns.extend([Arc::new(Column::of_times(starts)), Arc::new(Column::of_times(ends))]);
        }
        let calls: Vec<Arc<Column>> = calls.into_iter().map(Arc::new).collect();
        let shared = columns.clone();
        let read = |input: &Input| match input {
            Input::Column(column) => shared.get(*column),
            Input::Aggregate(call) => calls.get(*call),
        };
        for formula in &spec.select {
            columns.push(selected(formula, read, rows, mismatched));
        }
        if spec.emit == Emit::Final {
            sign.clear();
        }
        let all = Rows { seq, time_ms, sign, columns };
        let changes_nothing =
            |row: usize| all.columns.iter().all(|column| identical(&column.cell(row), &column.cell(row + 1)));
        let mut dropped = pairs.into_iter().filter(|&row| changes_nothing(row)).peekable();
        if dropped.peek().is_none() {
            return all;
        }
        let mut kept = Vec::with_capacity(rows);
        let mut row = 0;
        while row < rows {
            if dropped.next_if_eq(&row).is_some() {
                row += 2;
            } else {
                kept.push(row as u32);
                row += 1;
            }
        }
        all.take(&kept)
    }
}

fn selected<'c>(
    formula: &Formula,
    read: impl Fn(&Input) -> Option<&'c Arc<Column>>,
    rows: usize,
    mismatched: &mut u64,
) -> Arc<Column> {
    if let Some(column) = formula.as_input().and_then(|input| read(&input)) {
        return Arc::clone(column);
    }
    let cells = |input: &Input| read(input).map_or_else(|| vec![Cell::Missing; rows], |column| column.cells());
    let inputs: Vec<Vec<Cell<'_>>> = formula.inputs().iter().map(cells).collect();
    Arc::new(Column::from_cells(formula.evaluate(&inputs, rows, mismatched)))
}
