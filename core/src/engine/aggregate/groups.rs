//! Groups of rows: a slot for each key.

use super::AggregateSpec;
use super::function::per_slot::check;
use super::keys::Keys;
use super::results::{Head, ResultRows};
use super::slots::Slots;
use super::touched::{Bounds, Touched};
use crate::engine::{KeyTable, Sign, StateError, StateReader, StateWriter, hash_key};
use crate::pipeline::Emit;

/// The groups of a window, or of all time: a key's number is its slot.
pub(super) struct Groups {
    pub(super) table: KeyTable,
    pub(super) slots: Slots,
    /// What changed in this batch, if changes are given.
    pub(super) touched: Option<Touched>,
    /// How many groups there were before this batch.
    pub(super) settled: usize,
}

impl Groups {
    pub(super) fn new(spec: &AggregateSpec) -> Self {
        Self::of(KeyTable::default(), Slots::new(spec), spec)
    }

    fn of(table: KeyTable, slots: Slots, spec: &AggregateSpec) -> Self {
        let touched = (spec.emit == Emit::Updates).then(|| Touched::new(spec.calls.len()));
        Self { settled: slots.len(), table, slots, touched }
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The slots of some rows' keys, into `numbers`; new keys get new ones.
    pub(super) fn number(&mut self, keys: &Keys, rows: &[u32], numbers: &mut Vec<u32>) {
        numbers.clear();
        self.table.insert_each(rows.iter().map(|&row| keys.of(row)), numbers);
        self.slots.grow(self.table.len());
    }

    /// Notes that rows are about to change groups, of each of which a row was given if it stood before this batch.
    pub(super) fn touch(&mut self, numbers: &[u32], rows: &[u32], bounds: Bounds) {
        if let Some(touched) = &mut self.touched {
            for (&slot, &row) in numbers.iter().zip(rows) {
                touched.touch(&self.slots, slot, row, || ((slot as usize) < self.settled).then_some(bounds));
            }
        }
    }

    /// Begins the next batch.
    pub(super) fn settle(&mut self) {
        self.settled = self.len();
        if let Some(touched) = &mut self.touched {
            touched.clear();
        }
    }

    /// Keeps some groups, which are then numbered in this order; only between two batches.
    pub(super) fn keep(&mut self, slots: &[u32]) {
        let mut table = KeyTable::default();
        for &slot in slots {
            let key = self.table.key(slot);
            table.insert(key, hash_key(key));
        }
        self.table = table;
        self.slots.keep(slots);
        self.settled = slots.len();
        if let Some(touched) = &mut self.touched {
            touched.renumber();
        }
    }

    /// The slots in the order of their keys' bytes.
    pub(super) fn in_order_of_keys(&self) -> Vec<u32> {
        // What all keys begin with tells none apart; of most, the sixteen bytes behind it do.
        let first = if self.len() == 0 { &[] } else { self.table.key(0) };
        let numbers = 0..self.len() as u32;
        let shared = numbers.clone().fold(first.len(), |shared, number| {
            let same = first.iter().zip(self.table.key(number)).take(shared).take_while(|(a, b)| a == b);
            same.count()
        });
        let mut order: Vec<(u128, u32)> =
            numbers.map(|number| (sixteen(&self.table.key(number)[shared..]), number)).collect();
        order.sort_unstable_by(|(a, at), (b, bt)| a.cmp(b).then_with(|| self.table.key(*at).cmp(self.table.key(*bt))));
        order.into_iter().map(|(_, number)| number).collect()
    }

    /// Adds groups' rows, caused by the event `seq`.
    pub(super) fn tell(&self, slots: &[u32], seq: u64, bounds: Bounds, results: &mut ResultRows<'_>) {
        let head = |slot: u32| {
            let (time_ms, key) = (self.slots.newest(slot), self.table.key(slot));
            (slot, Head { seq, time_ms, sign: Sign::Plus, key, bounds })
        };
        results.push_slots(&self.slots, slots.iter().copied().map(head));
    }

    pub(super) fn bytes(&self) -> usize {
        let touched = self.touched.as_ref().map_or(0, |_| Touched::bytes(self.len()));
        self.table.bytes() + self.slots.bytes() + touched
    }

    pub(super) fn save(&self, state: &mut StateWriter) {
        save_keys(&self.table, state);
        self.slots.save(state);
    }

    pub(super) fn load(spec: &AggregateSpec, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let table = load_keys(state)?;
        let slots = Slots::load(spec, table.len(), state)?;
        Ok(Self::of(table, slots, spec))
    }
}

/// The first sixteen bytes as a number that orders as they do.
fn sixteen(bytes: &[u8]) -> u128 {
    let mut first = [0; 16];
    let length = bytes.len().min(16);
    first[..length].copy_from_slice(&bytes[..length]);
    u128::from_be_bytes(first)
}

/// Writes keys in the order of their numbers.
pub(super) fn save_keys(table: &KeyTable, state: &mut StateWriter) {
    state.put(&table.len());
    (0..table.len() as u32).for_each(|number| state.put_bytes(table.key(number)));
}

/// Reads what [`save_keys`] wrote.
///
/// # Errors
/// [`StateError`] when something else stands there.
pub(super) fn load_keys(state: &mut StateReader<'_>) -> Result<KeyTable, StateError> {
    let mut table = KeyTable::default();
    for _ in 0..state.take::<usize>()? {
        let key: &[u8] = state.take()?;
        check(table.insert(key, hash_key(key)).1)?;
    }
    Ok(table)
}
