//! `min(x)` and `max(x)` where no row is taken away.

use std::collections::BTreeMap;

use super::per_slot::{
    as_many, check, fill, grown, heap_of, keep_sparse, load_cells, load_sparse, pick, pick_cells, replace, save_cells,
    save_sparse,
};
use super::value_order::{Kind, order};
use super::{Accumulator, Part, Taken};
use crate::codec::Cell;
use crate::engine::column::{Values, borrowed};
use crate::engine::{StateError, StateReader, StateWriter};

/// The smallest value, or the largest; of equal ones that which comes first in the order of how they are written.
///
/// Only values of the kind of the first that came are compared. The best of other kinds is kept all the same: when two
/// sessions become one, it may be its kind that came first.
#[derive(Debug)]
pub(super) struct Extreme {
    largest: bool,
    /// Whether a slot has a value.
    here: Vec<bool>,
    /// The values, as long as all are integers.
    ints: Option<Vec<i64>>,
    /// The values of the kind that came first, when they no longer are.
    cells: Vec<Cell<'static>>,
    /// The number of the row that was the first of that kind; 0 of an integer that came before anything else did.
    came: Vec<u64>,
    others: BTreeMap<u32, Vec<Best>>,
    /// Bytes of all texts together.
    heap: usize,
}

/// The best value of a kind, and when the first of them came.
#[derive(Debug, Clone)]
struct Best {
    cell: Cell<'static>,
    came: u64,
}

impl Extreme {
    pub(super) fn new(largest: bool) -> Self {
        let (here, cells, came) = Default::default();
        Self { largest, here, ints: Some(Vec::new()), cells, came, others: BTreeMap::new(), heap: 0 }
    }

    fn is_better(&self, new: &Cell<'_>, old: &Cell<'_>) -> bool {
        let order = order(new, old);
        if self.largest { order.is_gt() } else { order.is_lt() }
    }

    /// Adds a value; whether it can't be compared with the first.
    fn add(&mut self, taken: &Taken<'_>) -> bool {
        let at = taken.slot as usize;
        if let (Some(ints), Cell::Int(int)) = (&mut self.ints, &taken.cell) {
            let better = !self.here[at] || if self.largest { *int > ints[at] } else { *int < ints[at] };
            if better {
                ints[at] = *int;
                self.here[at] = true;
            }
            return false;
        }
        self.make_cells();
        // One more than its number, so that 0 comes before all.
        let came = taken.ordinal + 1;
        if !self.here[at] {
            self.here[at] = true;
            self.came[at] = came;
            self.put(at, borrowed(&taken.cell));
            return false;
        }
        if Kind::of(&self.cells[at]) == Kind::of(&taken.cell) {
            if self.is_better(&taken.cell, &self.cells[at]) {
                self.put(at, borrowed(&taken.cell));
            }
            return false;
        }
        self.add_other(taken.slot, Best { cell: borrowed(&taken.cell).into_owned(), came });
        true
    }

    fn put(&mut self, at: usize, cell: Cell<'_>) {
        self.heap = self.heap + heap_of(&cell) - heap_of(&self.cells[at]);
        replace(&mut self.cells[at], cell);
    }

    fn make_cells(&mut self) {
        if let Some(ints) = self.ints.take() {
            let cell = |(int, here): (i64, &bool)| if *here { Cell::Int(int) } else { Cell::Null };
            self.cells = ints.into_iter().zip(&self.here).map(cell).collect();
            self.came = vec![0; self.cells.len()];
        }
    }

    /// Keeps the better of two of one kind, of a kind that did not come first.
    fn add_other(&mut self, slot: u32, new: Best) {
        let largest = self.largest;
        let others = self.others.entry(slot).or_default();
        match others.iter_mut().find(|best| Kind::of(&best.cell) == Kind::of(&new.cell)) {
            Some(best) => {
                best.came = best.came.min(new.came);
                let order = order(&new.cell, &best.cell);
                if if largest { order.is_gt() } else { order.is_lt() } {
                    best.cell = new.cell;
                }
            }
            None => others.push(new),
        }
    }

    /// Every kind's best value of a slot, which then has none.
    fn drain(&mut self, slot: u32) -> Vec<Best> {
        let at = slot as usize;
        let mut bests = self.others.remove(&slot).unwrap_or_default();
        if std::mem::take(&mut self.here[at]) {
            let cell = std::mem::replace(&mut self.cells[at], Cell::Null);
            self.heap -= heap_of(&cell);
            bests.push(Best { cell, came: self.came[at] });
        }
        bests
    }
}

impl Accumulator for Extreme {
    fn grow(&mut self, slots: usize) {
        fill(&mut self.here, slots, false);
        match &mut self.ints {
            Some(ints) => fill(ints, slots, 0),
            None => {
                self.cells.resize(slots, Cell::Null);
                fill(&mut self.came, slots, 0);
            }
        }
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        if let (Some(ints), Some(Values::Ints(values))) = (&mut self.ints, part.plain_values()) {
            for (&slot, &row) in part.slots.iter().zip(part.rows) {
                let (best, here, value) =
                    (&mut ints[slot as usize], &mut self.here[slot as usize], values[row as usize]);
                if !*here || (if self.largest { value > *best } else { value < *best }) {
                    (*best, *here) = (value, true);
                }
            }
            return 0;
        }
        let mut mismatched = 0;
        part.each(|taken| mismatched += u64::from(self.add(&taken)));
        mismatched
    }

    fn merge(&mut self, into: u32, from: u32) {
        let (a, b) = (into as usize, from as usize);
        if let Some(ints) = &mut self.ints {
            let better = if self.largest { ints[b] > ints[a] } else { ints[b] < ints[a] };
            if self.here[b] && (better || !self.here[a]) {
                (ints[a], self.here[a]) = (ints[b], true);
            }
            self.here[b] = false;
            return;
        }
        let bests = [self.drain(into), self.drain(from)].concat();
        for best in bests {
            self.add_other(into, best);
        }
        // What came first is told apart again.
        let mut bests = self.others.remove(&into).unwrap_or_default();
        bests.sort_by_key(|best| best.came);
        let mut bests = bests.into_iter();
        if let Some(first) = bests.next() {
            (self.here[a], self.came[a]) = (true, first.came);
            self.put(a, first.cell);
        }
        let others: Vec<Best> = bests.collect();
        if !others.is_empty() {
            self.others.insert(into, others);
        }
    }

    fn keep(&mut self, slots: &[u32]) {
        self.here = pick(&self.here, slots);
        match &mut self.ints {
            Some(ints) => *ints = pick(ints, slots),
            None => {
                self.cells = pick_cells(&mut self.cells, slots);
                self.came = pick(&self.came, slots);
                self.heap = self.cells.iter().map(heap_of).sum();
            }
        }
        keep_sparse(&mut self.others, slots);
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        let at = slot as usize;
        match &self.ints {
            _ if !self.here[at] => Cell::Null,
            Some(ints) => Cell::Int(ints[at]),
            None => borrowed(&self.cells[at]),
        }
    }

    fn bytes(&self) -> usize {
        let ints = self.ints.as_ref().map_or(0, |ints| grown(ints.len()) * 8);
        let cells = grown(self.cells.len()) * (size_of::<Cell<'_>>() + 8) + self.heap;
        let others: usize = self.others.values().flatten().map(|best| 64 + heap_of(&best.cell)).sum();
        grown(self.here.len()) + ints + cells + others
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.here);
        state.put(&self.ints);
        save_cells(&self.cells, state);
        state.put(&self.came);
        save_sparse(&self.others, state, |bests, state| {
            save_cells(bests.iter().map(|best| &best.cell), state);
            state.put(&bests.iter().map(|best| best.came).collect::<Vec<_>>());
        });
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.here = state.take()?;
        self.ints = state.take()?;
        self.cells = load_cells(state)?;
        self.came = state.take()?;
        as_many(self.here.len(), slots)?;
        match &self.ints {
            Some(ints) => as_many(ints.len(), slots)?,
            None => check(self.cells.len() == slots && self.came.len() == slots)?,
        }
        self.heap = self.cells.iter().map(heap_of).sum();
        self.others = load_sparse(slots, state, |state| {
            let (cells, came): (Vec<Cell<'static>>, Vec<u64>) = (load_cells(state)?, state.take()?);
            check(cells.len() == came.len())?;
            Ok(cells.into_iter().zip(came).map(|(cell, came)| Best { cell, came }).collect())
        })?;
        Ok(())
    }
}
