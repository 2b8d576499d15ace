//! The functions over many rows: each keeps, in columns, what it must of the rows of every slot.
//!
//! A slot is a group, or a window of one: the operator numbers them, and brings rows to them in the order in which they
//! came. What a slot comes to is decided by its rows alone, never by how they were cut into batches; sums don't depend
//! on the order either.

mod big;
mod count;
mod distinct;
mod edge;
mod exact;
mod extreme;
mod floats;
mod list;
pub(super) mod per_slot;
mod quantile;
mod ranked;
mod spread;
mod sum;
mod timeline;
pub(super) mod value_order;

use crate::codec::Cell;
use crate::engine::column::Values;
use crate::engine::{Column, Sign, StateError, StateReader, StateWriter};
use crate::expr::{AggregateCall, AggregateFunction};

use super::batch::Argument;

/// What one call of an aggregate keeps of the rows of every slot.
pub(super) trait Accumulator: Send {
    /// Makes room for slots up to a number; new ones have no rows.
    fn grow(&mut self, slots: usize);

    /// Takes rows, in order. Gives how many values were of another kind than what they had to be compared with.
    fn take(&mut self, part: &Part<'_>) -> u64;

    /// Adds one slot's rows to another's; the first then has none.
    fn merge(&mut self, into: u32, from: u32);

    /// Keeps some slots, which are then numbered in this order.
    fn keep(&mut self, slots: &[u32]);

    /// What a slot's rows come to.
    fn result(&self, slot: u32) -> Cell<'_>;

    /// As [`Accumulator::result`] of several slots, added to a column.
    fn results(&self, slots: &[u32], column: &mut Column) {
        slots.iter().for_each(|&slot| column.push(self.result(slot)));
    }

    /// Bytes of memory, near enough.
    fn bytes(&self) -> usize;

    fn save(&self, state: &mut StateWriter);

    /// Takes up what was saved, of so many slots.
    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError>;
}

/// What keeps the rows for a call. Where rows may be taken away again (`retracts`), more is kept of them.
pub(super) fn accumulator(call: &AggregateCall, retracts: bool) -> Box<dyn Accumulator> {
    let constant = call.constant.unwrap_or_default();
    match call.function {
        AggregateFunction::Count if call.distinct => Box::new(distinct::Distinct::default()),
        AggregateFunction::Count => Box::new(count::Count::new(call.argument.is_some())),
        AggregateFunction::Sum => Box::new(sum::Sums::new(false, retracts)),
        AggregateFunction::Avg => Box::new(sum::Sums::new(true, retracts)),
        AggregateFunction::StdDev => Box::new(spread::Spread::default()),
        AggregateFunction::Min if retracts => Box::new(ranked::Ranked::new(ranked::Rank::Smallest)),
        AggregateFunction::Max if retracts => Box::new(ranked::Ranked::new(ranked::Rank::Largest(None))),
        AggregateFunction::Min => Box::new(extreme::Extreme::new(false)),
        AggregateFunction::Max => Box::new(extreme::Extreme::new(true)),
        AggregateFunction::First if retracts => Box::new(timeline::Timeline::new(false)),
        AggregateFunction::Last if retracts => Box::new(timeline::Timeline::new(true)),
        AggregateFunction::First => Box::new(edge::Edge::new(false)),
        AggregateFunction::Last => Box::new(edge::Edge::new(true)),
        AggregateFunction::Quantile if retracts => Box::new(ranked::Ranked::new(ranked::Rank::Share(constant))),
        AggregateFunction::Quantile => Box::new(quantile::Quantile::new(constant)),
        AggregateFunction::CollectList => Box::new(list::List::default()),
        AggregateFunction::CollectSet => Box::new(ranked::Ranked::new(ranked::Rank::Each)),
        AggregateFunction::Top => {
            Box::new(ranked::Ranked::new(ranked::Rank::Largest(Some((constant as usize, retracts)))))
        }
    }
}

/// Whether a function takes numbers only: other values are left out, and counted as mismatched.
pub(super) fn takes_numbers_only(function: AggregateFunction) -> bool {
    use AggregateFunction::{Avg, Quantile, StdDev, Sum};
    matches!(function, Sum | Avg | StdDev | Quantile)
}

/// Whether a function goes by when its rows came, so that a row that is taken away must be known again.
pub(super) fn knows_rows_again(function: AggregateFunction) -> bool {
    matches!(function, AggregateFunction::First | AggregateFunction::Last | AggregateFunction::CollectList)
}

/// Rows on their way into slots: each of `rows` goes to the slot beside it.
#[derive(Clone, Copy)]
pub(super) struct Part<'p> {
    pub(super) slots: &'p [u32],
    /// The rows' places among all those that the fields below tell of.
    pub(super) rows: &'p [u32],
    pub(super) argument: &'p Argument,
    pub(super) arrivals: Arrivals<'p>,
}

/// When rows came, by their places.
#[derive(Clone, Copy)]
pub(super) struct Arrivals<'p> {
    /// Their event times in milliseconds.
    pub(super) time_ms: &'p [i64],
    /// The number of each in the order of arrival.
    pub(super) ordinals: Ordinals<'p>,
    /// Empty where all are added.
    pub(super) signs: &'p [Sign],
}

/// Numbers of rows in the order of their arrival.
#[derive(Clone, Copy)]
pub(super) enum Ordinals<'p> {
    /// One after the other, from this one on.
    From(u64),
    /// One for each row.
    Each(&'p [u64]),
}

/// A row that counts, and whose value is there.
pub(super) struct Taken<'c> {
    pub(super) slot: u32,
    pub(super) cell: Cell<'c>,
    pub(super) sign: Sign,
    pub(super) time_ms: i64,
    pub(super) ordinal: u64,
}

impl<'p> Part<'p> {
    /// The argument's values as they lie, if every row is added, counts and has one.
    fn plain_values(&self) -> Option<&'p Values> {
        let column = self.argument.column.as_deref()?;
        let plain = column.is_all_here() && self.argument.passes.is_none() && self.arrivals.signs.is_empty();
        plain.then(|| column.values())
    }

    /// Every row that counts and has a value, in order.
    fn each(&self, mut take: impl FnMut(Taken<'p>)) {
        let Some(column) = self.argument.column.as_deref() else { return };
        for (&slot, &row) in self.slots.iter().zip(self.rows) {
            let at = row as usize;
            if !self.argument.passes(at) {
                continue;
            }
            let cell = column.cell(at);
            if !cell.is_null() && !matches!(cell, Cell::Failed(_)) {
                take(Taken {
                    slot,
                    cell,
                    sign: self.sign(at),
                    time_ms: self.arrivals.time_ms[at],
                    ordinal: self.ordinal(at),
                });
            }
        }
    }

    fn sign(&self, row: usize) -> Sign {
        self.arrivals.signs.get(row).copied().unwrap_or(Sign::Plus)
    }

    fn ordinal(&self, row: usize) -> u64 {
        match self.arrivals.ordinals {
            Ordinals::From(first) => first + row as u64,
            Ordinals::Each(ordinals) => ordinals[row],
        }
    }
}
