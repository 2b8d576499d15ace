//! Which slots changed in a batch, and how they stood before it: what a changelog is written from.

use super::NONE;
use super::function::per_slot::{fill, grown};
use super::slots::Slots;
use crate::codec::Cell;
use crate::engine::Column;

/// From when to when a window goes, in milliseconds, as it is shown; nothing where there are no windows.
pub(super) type Bounds = Option<(i64, i64)>;

/// The slots that a batch changed, each once.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// For each slot one more than its place among the touches; 0 if it was not touched.
    marks: Vec<u32>,
    touches: Vec<Touch>,
    before: Vec<Before>,
    /// What each call came to, for each of `before`.
    results: Vec<Column>,
}

/// A slot that changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touch {
    /// The slot; no slot if it became part of another.
    pub(super) slot: u32,
    /// The last of the batch's rows that changed it.
    pub(super) row: u32,
    /// The first of the rows that stood for it before the batch.
    before: u32,
}

/// A row that was given before the batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    pub(super) bounds: Bounds,
    pub(super) time_ms: i64,
    next: u32,
}

impl Touched {
    pub(super) fn new(calls: usize) -> Self {
        Self { results: vec![Column::default(); calls], ..Self::default() }
    }

    /// Notes that a row is about to change a slot. The first time in a batch the slot is taken down as it stands, if a
    /// row was given for it.
    #[inline]
    pub(super) fn touch(&mut self, slots: &Slots, slot: u32, row: u32, given: impl FnOnce() -> Option<Bounds>) {
        match self.marks.get(slot as usize).copied().unwrap_or(0) {
            0 => self.add(slots, slot, row, given()),
            mark => self.touches[mark as usize - 1].row = row,
        }
    }

    fn add(&mut self, slots: &Slots, slot: u32, row: u32, given: Option<Bounds>) {
        if self.marks.len() < slots.len() {
            fill(&mut self.marks, slots.len(), 0);
        }
        let before = given.map_or(NONE, |bounds| {
            for (column, result) in self.results.iter_mut().zip(slots.results(slot)) {
                column.push(result);
            }
            self.before.push(Before { bounds, time_ms: slots.newest(slot), next: NONE });
            self.before.len() as u32 - 1
        });
        self.touches.push(Touch { slot, row, before });
        self.marks[slot as usize] = self.touches.len() as u32;
    }

    /// A touched slot becomes part of another touched one.
    pub(super) fn merge(&mut self, into: u32, from: u32) {
        let (into, gone) =
            (self.marks[into as usize] as usize - 1, std::mem::take(&mut self.marks[from as usize]) as usize - 1);
        self.touches[gone].slot = NONE;
        let chain = self.touches[gone].before;
        let mut end = self.touches[into].before;
        if end == NONE {
            self.touches[into].before = chain;
            return;
        }
        while self.before[end as usize].next != NONE {
            end = self.before[end as usize].next;
        }
        self.before[end as usize].next = chain;
    }

    /// The touches in the order of the rows that caused them, those of one row in the order of their bounds' start.
    pub(super) fn in_order(&self) -> Vec<Touch> {
        let mut touches: Vec<Touch> = self.touches.iter().filter(|touch| touch.slot != NONE).copied().collect();
        touches.sort_by_key(|touch| touch.row);
        touches
    }

    /// The rows that stood for a slot, ordered by their start; each with the place of its results.
    pub(super) fn before(&self, touch: &Touch) -> Vec<(usize, Before)> {
        let mut chain = Vec::new();
        let mut next = touch.before;
        while next != NONE {
            let before = self.before[next as usize];
            chain.push((next as usize, before));
            next = before.next;
        }
        chain.sort_by_key(|(_, before)| before.bounds);
        chain
    }

    /// What each call came to in a row that was given before.
    pub(super) fn results(&self, place: usize) -> impl Iterator<Item = Cell<'_>> {
        self.results.iter().map(move |column| column.cell(place))
    }

    /// Whether nothing changed.
    pub(super) fn is_empty(&self) -> bool {
        self.touches.is_empty()
    }

    /// Begins the next batch.
    pub(super) fn clear(&mut self) {
        for touch in self.touches.iter().filter(|touch| touch.slot != NONE) {
            self.marks[touch.slot as usize] = 0;
        }
        self.touches.clear();
        self.before.clear();
        self.results.iter_mut().for_each(|column| *column = Column::default());
    }

    /// Forgets how slots were numbered; only between two batches.
    pub(super) fn renumber(&mut self) {
        self.marks.clear();
    }

    /// Bytes of memory for so many slots.
    pub(super) fn bytes(slots: usize) -> usize {
        grown(slots) * 4
    }
}
