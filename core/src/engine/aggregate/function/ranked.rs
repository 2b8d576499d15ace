//! The functions that keep values in their order: `collect_set(x)` and `top(x, n)`, and where rows may be taken away
//! again also `min(x)`, `max(x)` and `quantile(x, q)`.

use std::collections::BTreeMap;

use super::list::json_array;
use super::per_slot::{check, fill_with, grown, heap_of, load_cells, pick_owned, save_cells};
use super::quantile::{between, place};
use super::value_order::{Kind, Ordered, same_worth};
use super::{Accumulator, Part, Taken};
use crate::codec::Cell;
use crate::engine::column::borrowed;
use crate::engine::{Sign, StateError, StateReader, StateWriter};

/// What is asked of the values in their order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rank {
    /// The smallest.
    Smallest,
    /// The largest, as an array if a number of them is asked for; then it is also said whether values may be taken away.
    Largest(Option<(usize, bool)>),
    /// The one below which a share of them lies.
    Share(f64),
    /// Each different one.
    Each,
}

/// The values of every slot, each with how often it is there.
///
/// The smallest and the largest are those of the kind that came first; the kind of values that were all taken away is
/// forgotten.
#[derive(Debug)]
pub(super) struct Ranked {
    rank: Rank,
    slots: Vec<Values>,
    /// How many different values all slots have, and bytes of their texts.
    values: usize,
    heap: usize,
}

#[derive(Debug, Default)]
struct Values {
    counts: BTreeMap<Ordered, u64>,
    /// The kinds that are there, in order.
    kinds: Vec<Held>,
}

/// Values of a kind.
#[derive(Debug, Clone, Copy)]
struct Held {
    kind: Kind,
    /// The number of the row that was the first of this kind.
    came: u64,
    count: u64,
}

impl Values {
    fn first_kind(&self) -> Option<Kind> {
        self.kinds.iter().min_by_key(|held| held.came).map(|held| held.kind)
    }

    fn held(&mut self, kind: Kind, came: u64) -> &mut Held {
        let at = self.kinds.binary_search_by_key(&kind, |held| held.kind).unwrap_or_else(|at| {
            self.kinds.insert(at, Held { kind, came, count: 0 });
            at
        });
        &mut self.kinds[at]
    }

    /// The values of the kind that came first, in order.
    fn of_first_kind(&self) -> impl DoubleEndedIterator<Item = (&Cell<'static>, u64)> {
        let first = self.first_kind();
        let alone = self.kinds.len() < 2;
        let values = self.counts.iter().map(|(value, count)| (&value.0, *count));
        values.filter(move |(cell, _)| alone || Kind::of(cell) == first)
    }

    /// The value at a place in the order of all.
    fn at(&self, place: u64) -> Option<&Cell<'static>> {
        let mut passed = 0;
        let value = self.counts.iter().find(|(_, count)| {
            passed += *count;
            passed > place
        });
        value.map(|(value, _)| &value.0)
    }
}

impl Ranked {
    pub(super) fn new(rank: Rank) -> Self {
        Self { rank, slots: Vec::new(), values: 0, heap: 0 }
    }

    /// Adds a value or takes it away; whether it can't be compared with the first.
    fn change(&mut self, taken: Taken<'_>) -> bool {
        if matches!(self.rank, Rank::Share(_)) && !taken.cell.is_number() {
            return false;
        }
        let Some(kind) = Kind::of(&taken.cell) else { return false };
        let compared = matches!(self.rank, Rank::Smallest | Rank::Largest(_));
        let slot = taken.slot as usize;
        let value = Ordered(taken.cell.into_owned());
        if taken.sign == Sign::Minus {
            self.remove(slot, kind, &value);
            return false;
        }
        let mismatched = compared && self.slots[slot].first_kind().is_some_and(|first| first != kind);
        self.insert(slot, kind, value, 1, taken.ordinal);
        self.trim(slot, kind);
        mismatched
    }

    fn insert(&mut self, slot: usize, kind: Kind, value: Ordered, count: u64, came: u64) {
        let values = &mut self.slots[slot];
        let held = values.held(kind, came);
        held.came = held.came.min(came);
        held.count += count;
        let heap = heap_of(&value.0);
        let own = values.counts.entry(value).or_insert(0);
        if *own == 0 {
            self.values += 1;
            self.heap += heap;
        }
        *own += count;
    }

    fn remove(&mut self, slot: usize, kind: Kind, value: &Ordered) {
        let values = &mut self.slots[slot];
        let Some(count) = values.counts.get_mut(value) else { return };
        *count -= 1;
        if *count == 0 {
            values.counts.remove(value);
            self.values -= 1;
            self.heap -= heap_of(&value.0);
        }
        let held = values.held(kind, 0);
        held.count = held.count.saturating_sub(1);
        values.kinds.retain(|held| held.count > 0);
    }

    /// Of a number of largest values no more are kept than that, if none is ever taken away.
    fn trim(&mut self, slot: usize, kind: Kind) {
        let Rank::Largest(Some((wanted, false))) = self.rank else { return };
        while self.slots[slot].held(kind, 0).count > wanted as u64 {
            let smallest = self.slots[slot].counts.keys().find(|value| Kind::of(&value.0) == Some(kind)).cloned();
            let Some(smallest) = smallest else { return };
            self.remove(slot, kind, &smallest);
        }
    }

    fn recount(&mut self) {
        self.values = self.slots.iter().map(|slot| slot.counts.len()).sum();
        self.heap = self.slots.iter().flat_map(|slot| slot.counts.keys()).map(|value| heap_of(&value.0)).sum();
    }
}

impl Accumulator for Ranked {
    fn grow(&mut self, slots: usize) {
        fill_with(&mut self.slots, slots, Values::default);
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        let mut mismatched = 0;
        part.each(|taken| mismatched += u64::from(self.change(taken)));
        mismatched
    }

    fn merge(&mut self, into: u32, from: u32) {
        let from = std::mem::take(&mut self.slots[from as usize]);
        self.values -= from.counts.len();
        self.heap -= from.counts.keys().map(|value| heap_of(&value.0)).sum::<usize>();
        for (value, count) in from.counts {
            let Some(kind) = Kind::of(&value.0) else { continue };
            let came = from.kinds.iter().find(|held| held.kind == kind).map_or(u64::MAX, |held| held.came);
            self.insert(into as usize, kind, value, count, came);
        }
        for held in from.kinds {
            self.trim(into as usize, held.kind);
        }
    }

    fn keep(&mut self, slots: &[u32]) {
        self.slots = pick_owned(&mut self.slots, slots);
        self.recount();
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        let values = &self.slots[slot as usize];
        match self.rank {
            Rank::Smallest => values.of_first_kind().next().map_or(Cell::Null, |(cell, _)| borrowed(cell)),
            Rank::Largest(None) => values.of_first_kind().next_back().map_or(Cell::Null, |(cell, _)| borrowed(cell)),
            Rank::Largest(Some((wanted, _))) => {
                let each = values.of_first_kind().rev().flat_map(|(cell, count)| {
                    std::iter::repeat_n(cell, usize::try_from(count).unwrap_or(usize::MAX).min(wanted))
                });
                json_array(each.take(wanted))
            }
            Rank::Share(share) => {
                let count = values.kinds.iter().map(|held| held.count).sum();
                let Some((below, part)) = place(count, share) else { return Cell::Null };
                match (values.at(below), values.at(below + 1)) {
                    (Some(low), Some(high)) => between(low, high, part),
                    (low, _) => low.map_or(Cell::Null, borrowed),
                }
            }
            Rank::Each => {
                let mut different: Vec<&Cell<'_>> = Vec::with_capacity(values.counts.len());
                for value in values.counts.keys() {
                    if !different.last().is_some_and(|last| same_worth(last, &value.0)) {
                        different.push(&value.0);
                    }
                }
                json_array(different)
            }
        }
    }

    fn bytes(&self) -> usize {
        // A node of the tree is a little more than half full.
        let value = (size_of::<Ordered>() + 8) * 3 / 2;
        grown(self.slots.len()) * (size_of::<Values>() + size_of::<Held>()) + self.values * value + self.heap
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.slots.len());
        for values in &self.slots {
            save_cells(values.counts.keys().map(|value| &value.0), state);
            state.put(&values.counts.values().collect::<Vec<_>>());
            state.put(&values.kinds.iter().map(|held| (held.kind as u8, held.came)).collect::<Vec<_>>());
        }
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        check(state.take::<usize>()? == slots)?;
        self.slots.clear();
        self.grow(slots);
        for slot in 0..slots {
            let (cells, counts, kinds): (_, Vec<u64>, Vec<(u8, u64)>) =
                (load_cells(state)?, state.take()?, state.take()?);
            check(cells.len() == counts.len())?;
            for (cell, count) in cells.into_iter().zip(counts) {
                let kind = Kind::of(&cell).filter(|_| count > 0);
                let came = kind.and_then(|kind| kinds.iter().find(|(number, _)| *number == kind as u8));
                let (Some(kind), Some((_, came))) = (kind, came) else { return check(false) };
                self.insert(slot, kind, Ordered(cell), count, *came);
            }
        }
        self.recount();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::number_cell;

    fn ranked(rank: Rank, texts: &[&str]) -> Ranked {
        let mut ranked = Ranked::new(rank);
        ranked.grow(2);
        for (ordinal, text) in (0..).zip(texts) {
            change(&mut ranked, 0, text, ordinal, Sign::Plus);
        }
        ranked
    }

    fn change(ranked: &mut Ranked, slot: u32, text: &str, ordinal: u64, sign: Sign) -> bool {
        let cell = if text.starts_with(char::is_alphabetic) { Cell::Text(text.into()) } else { number_cell(text) };
        ranked.change(Taken { slot, cell, sign, time_ms: 0, ordinal })
    }

    #[test]
    fn a_set_holds_each_worth_once_and_a_top_each_value() {
        assert_eq!(ranked(Rank::Each, &["2", "b", "1.0", "1", "b"]).result(0), Cell::Array("[1,2,\"b\"]".into()));
        let top = ranked(Rank::Largest(Some((3, false))), &["2", "5.0", "1", "5", "b", "3"]);
        assert_eq!(top.result(0), Cell::Array("[5.0,5,3]".into()));
        assert_eq!(top.values, 4);
        assert_eq!(ranked(Rank::Largest(Some((3, false))), &[]).result(0), Cell::Array("[]".into()));
    }

    #[test]
    fn the_kind_that_came_first_counts_also_when_slots_are_put_together() {
        let mut largest = ranked(Rank::Largest(None), &["7", "x", "9"]);
        assert!(change(&mut largest, 0, "y", 10, Sign::Plus));
        assert_eq!(largest.result(0), Cell::Int(9));
        change(&mut largest, 1, "z", 3, Sign::Plus);
        change(&mut largest, 1, "5", 4, Sign::Plus);
        largest.merge(1, 0);
        assert_eq!(largest.result(1), Cell::Int(9));
        assert_eq!(largest.result(0), Cell::Null);
        for number in ["7", "9", "5"] {
            change(&mut largest, 1, number, 20, Sign::Minus);
        }
        assert_eq!(largest.result(1), Cell::Text("z".into()));
    }
}
