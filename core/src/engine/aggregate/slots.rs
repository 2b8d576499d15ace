//! What came to each slot.

use super::batch::{Argument, Batch};
use super::function::per_slot::{as_many, fill, grown, pick};
use super::function::{Accumulator, Arrivals, Ordinals, Part, accumulator};
use super::{AggregateSpec, Ledger};
use crate::codec::Cell;
use crate::engine::{Column, StateError, StateReader, StateWriter};

/// What came to each slot: what the calls keep of its rows, and the largest time among them.
pub(super) struct Slots {
    calls: Vec<Box<dyn Accumulator>>,
    newest: Vec<i64>,
}

impl Slots {
    pub(super) fn new(spec: &AggregateSpec) -> Self {
        let calls = spec.calls.iter().map(|call| accumulator(call, spec.table_input)).collect();
        Self { calls, newest: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.newest.len()
    }

    /// Makes room for slots up to a number; no row came to the new ones.
    pub(super) fn grow(&mut self, slots: usize) {
        if slots > self.newest.len() {
            fill(&mut self.newest, slots, i64::MIN);
            self.calls.iter_mut().for_each(|call| call.grow(slots));
        }
    }

    /// The largest time in a slot, in milliseconds.
    pub(super) fn newest(&self, slot: u32) -> i64 {
        self.newest[slot as usize]
    }

    pub(super) fn set_newest(&mut self, slot: u32, time_ms: i64) {
        self.newest[slot as usize] = time_ms;
    }

    /// Notes the times of rows that come to slots.
    pub(super) fn note_times(&mut self, slots: &[u32], rows: &[u32], time_ms: &[i64]) {
        for (&slot, &row) in slots.iter().zip(rows) {
            let newest = &mut self.newest[slot as usize];
            *newest = (*newest).max(time_ms[row as usize]);
        }
    }

    /// Takes rows of a batch.
    pub(super) fn take(&mut self, batch: &Batch, slots: &[u32], rows: &[u32], ledger: &mut Ledger) {
        let arrivals =
            Arrivals { time_ms: &batch.rows.time_ms, ordinals: Ordinals::From(batch.first_ordinal), signs: &[] };
        self.take_arrived(&batch.arguments, arrivals, slots, rows, ledger);
    }

    /// Takes rows of which it is known when they came.
    pub(super) fn take_arrived(
        &mut self,
        arguments: &[Argument],
        arrivals: Arrivals<'_>,
        slots: &[u32],
        rows: &[u32],
        ledger: &mut Ledger,
    ) {
        for (call, argument) in self.calls.iter_mut().zip(arguments) {
            ledger.metrics.mismatched += call.take(&Part { slots, rows, argument, arrivals });
        }
    }

    /// Adds one slot's rows to another's.
    pub(super) fn merge(&mut self, into: u32, from: u32) {
        self.newest[into as usize] = self.newest(into).max(self.newest(from));
        self.calls.iter_mut().for_each(|call| call.merge(into, from));
    }

    /// Keeps some slots, which are then numbered in this order.
    pub(super) fn keep(&mut self, slots: &[u32]) {
        self.newest = pick(&self.newest, slots);
        self.calls.iter_mut().for_each(|call| call.keep(slots));
    }

    /// What each call comes to in a slot.
    pub(super) fn results(&self, slot: u32) -> impl Iterator<Item = Cell<'_>> {
        self.calls.iter().map(move |call| call.result(slot))
    }

    /// As [`Slots::results`] of several slots, added to a column for each call.
    pub(super) fn results_of(&self, slots: &[u32], columns: &mut [Column]) {
        self.calls.iter().zip(columns).for_each(|(call, column)| call.results(slots, column));
    }

    pub(super) fn bytes(&self) -> usize {
        grown(self.newest.len()) * 8 + self.calls.iter().map(|call| call.bytes()).sum::<usize>()
    }

    pub(super) fn save(&self, state: &mut StateWriter) {
        state.put(&self.newest);
        self.calls.iter().for_each(|call| call.save(state));
    }

    /// Takes up what was saved, of so many slots.
    pub(super) fn load(spec: &AggregateSpec, slots: usize, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut loaded = Self { newest: state.take()?, ..Self::new(spec) };
        as_many(loaded.newest.len(), slots)?;
        loaded.calls.iter_mut().try_for_each(|call| call.load(slots, state))?;
        Ok(loaded)
    }
}
