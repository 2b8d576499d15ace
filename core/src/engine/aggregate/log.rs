//! Rows that are kept for windows that are not there yet.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::batch::{Argument, Batch};
use super::function::per_slot::{check, heap_of, load_cells, pick, save_cells};
use super::{AggregateSpec, IDLE, NONE};
use crate::engine::{Column, StateError, StateReader, StateWriter, Values};

/// Rows in the order in which they came: when, of which key, and what each call takes of them.
#[derive(Debug)]
pub(super) struct RowLog {
    times: Vec<i64>,
    ordinals: Vec<u64>,
    /// For each row its key; no key when it has left.
    keys: Vec<u32>,
    arguments: Vec<Argument>,
    /// How many rows have left.
    idle: usize,
    /// Bytes of all texts together.
    heap: usize,
    leaving: BinaryHeap<Reverse<(i64, u32)>>,
}

impl RowLog {
    pub(super) fn new(spec: &AggregateSpec) -> Self {
        let argument = |call: &crate::expr::AggregateCall| Argument {
            column: call.argument.as_ref().map(|_| Arc::default()),
            passes: call.filter.as_ref().map(|_| Vec::new()),
        };
        Self {
            times: Vec::new(),
            ordinals: Vec::new(),
            keys: Vec::new(),
            arguments: spec.calls.iter().map(argument).collect(),
            idle: 0,
            heap: 0,
            leaving: BinaryHeap::new(),
        }
    }

    pub(super) fn times(&self) -> &[i64] {
        &self.times
    }

    pub(super) fn ordinals(&self) -> &[u64] {
        &self.ordinals
    }

    pub(super) fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    /// Keeps a row of a batch; gives its place.
    pub(super) fn push(&mut self, batch: &Batch, row: usize, key: u32) -> u32 {
        let place = self.times.len() as u32;
        let time = batch.rows.time_ms[row];
        self.times.push(time);
        self.ordinals.push(batch.first_ordinal + row as u64);
        self.keys.push(key);
        self.leaving.push(Reverse((time, place)));
        for (own, argument) in self.arguments.iter_mut().zip(&batch.arguments) {
            if let (Some(own), Some(column)) = (&mut own.column, &argument.column) {
                let cell = column.cell(row);
                self.heap += heap_of(&cell);
                Arc::make_mut(own).push(cell);
            }
            if let Some(own) = &mut own.passes {
                own.push(argument.passes(row));
            }
        }
        place
    }

    /// Lets the rows go whose time is before this; gives each one's time, key and place.
    pub(super) fn leave(&mut self, before: i64) -> Vec<(i64, u32, u32)> {
        let mut left = Vec::new();
        while let Some(Reverse((time, place))) = self.leaving.peek().filter(|first| first.0.0 < before).copied() {
            self.leaving.pop();
            left.push((time, std::mem::replace(&mut self.keys[place as usize], NONE), place));
        }
        self.idle += left.len();
        left
    }

    /// The rows that are kept: each one's time, key and place.
    pub(super) fn rows(&self) -> impl Iterator<Item = (i64, u32, u32)> {
        let rows = self.times.iter().zip(&self.keys).zip(0..).map(|((&time, &key), place)| (time, key, place));
        rows.filter(|&(_, key, _)| key != NONE)
    }

    /// Whether more rows have left than are kept.
    pub(super) fn is_mostly_idle(&self) -> bool {
        self.idle >= IDLE && self.idle * 2 >= self.times.len()
    }

    /// Moves the rows that are kept together; their places change.
    pub(super) fn move_together(&mut self) {
        let kept: Vec<u32> = self.rows().map(|(_, _, place)| place).collect();
        self.times = pick(&self.times, &kept);
        self.ordinals = pick(&self.ordinals, &kept);
        self.keys = pick(&self.keys, &kept);
        for argument in &mut self.arguments {
            argument.column = argument.column.take().map(|column| Arc::new(column.take(&kept)));
            argument.passes = argument.passes.take().map(|passes| pick(&passes, &kept));
        }
        self.idle = 0;
        self.weigh();
        self.leaving = self.times.iter().copied().zip(0..).map(Reverse).collect();
    }

    /// Gives the keys of the rows that are kept other numbers.
    pub(super) fn renumber(&mut self, mut number: impl FnMut(u32) -> u32) {
        self.keys.iter_mut().filter(|key| **key != NONE).for_each(|key| *key = number(*key));
    }

    /// Counts the bytes of all texts.
    fn weigh(&mut self) {
        let columns = self.arguments.iter().filter_map(|argument| argument.column.as_deref());
        self.heap = columns.map(|column| (0..column.len()).map(|row| heap_of(&column.cell(row))).sum::<usize>()).sum();
    }

    pub(super) fn bytes(&self) -> usize {
        let value = |argument: &Argument| {
            let passes = usize::from(argument.passes.is_some());
            argument.column.as_deref().map_or(0, |column| usize::from(!column.is_all_here()) + size_of_one(column))
                + passes
        };
        let row = 8 + 8 + 4 + size_of::<(i64, u32)>() + self.arguments.iter().map(value).sum::<usize>();
        // These lists double when they grow.
        self.times.len() * row * 4 / 3 + self.heap
    }

    pub(super) fn save(&self, state: &mut StateWriter) {
        state.put(&self.times);
        state.put(&self.ordinals);
        state.put(&self.keys);
        for argument in &self.arguments {
            if let Some(column) = &argument.column {
                save_cells(&column.cells(), state);
            }
            if let Some(passes) = &argument.passes {
                state.put(passes);
            }
        }
    }

    /// Takes up what was saved, where there are so many keys.
    pub(super) fn load(spec: &AggregateSpec, keys: usize, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut log = Self::new(spec);
        (log.times, log.ordinals, log.keys) = (state.take()?, state.take()?, state.take()?);
        let rows = log.times.len();
        check(log.ordinals.len() == rows && log.keys.len() == rows)?;
        check(log.keys.iter().all(|&key| key == NONE || (key as usize) < keys))?;
        for argument in &mut log.arguments {
            if let Some(column) = &mut argument.column {
                *column = Arc::new(Column::from_cells(load_cells(state)?));
                check(column.len() == rows)?;
            }
            if let Some(passes) = &mut argument.passes {
                *passes = state.take()?;
                check(passes.len() == rows)?;
            }
        }
        log.idle = log.keys.iter().filter(|&&key| key == NONE).count();
        log.weigh();
        log.leaving = log.rows().map(|(time, _, place)| Reverse((time, place))).collect();
        Ok(log)
    }
}

/// What a value of a column takes beside its text.
fn size_of_one(column: &Column) -> usize {
    match column.values() {
        Values::Nothing => 0,
        Values::Bools(_) => 1,
        Values::Ints(_) | Values::Floats(_) | Values::Times(_) | Values::Texts(_) => 8,
        Values::Decimals(_) => size_of::<rust_decimal::Decimal>(),
        Values::Cells(_) => size_of::<crate::codec::Cell<'_>>(),
    }
}
