//! Reading on from a cut: the merge of the runs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use super::order::Order;
use super::strand::{OpenStrands, Strand};
use crate::event::{EventBatch, EventRef};
use crate::store::{Damage, EventId, Keys, UNTIMED, time_key};

/// After so many rows a [`Cursor`] gives back the pages that it has read.
const ROWS_BETWEEN_RELEASES: u64 = 1 << 18;

/// One row of a narrative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The event.
    pub id: EventId,
    /// Its time in nanoseconds; `None` where the record has no timestamp.
    pub time_ns: Option<i64>,
    /// Whether its timestamp is smaller than that of the event before it in its partition.
    pub runs_backwards: bool,
}

/// Merges strands from a cut onwards.
pub(super) struct Merge {
    open: OpenStrands,
    order: Order,
    positions: Vec<usize>,
    /// The next row of every strand that has one: its key, or in log order nothing, and the strand.
    next: BinaryHeap<Reverse<(i64, usize)>>,
}

impl Merge {
    pub(super) fn new(mut open: OpenStrands, order: Order, positions: Vec<usize>) -> Result<Self, Damage> {
        let mut next = Vec::with_capacity(positions.len());
        for (strand, &position) in positions.iter().enumerate() {
            let Strand { run, first_key, .. } = &open.strands()[strand];
            if position < run.len() {
                let first_key = *first_key;
                let key = match order {
                    Order::Log => UNTIMED,
                    Order::Time if position == 0 => first_key,
                    Order::Time => open.get(strand)?.1.key(position),
                };
                next.push(Reverse((key, strand)));
            }
        }
        Ok(Self { open, order, positions, next: BinaryHeap::from(next) })
    }

    /// Shows up to `limit` rows to `visit`, in order; says how many it has shown.
    pub(super) fn advance(
        &mut self,
        limit: u64,
        visit: &mut dyn FnMut(Row, EventRef<'_>) -> ControlFlow<()>,
    ) -> Result<u64, Damage> {
        let mut shown = 0;
        while shown < limit {
            let Some(Reverse((_, strand))) = self.next.pop() else { break };
            let until = self.next.peek().map(|Reverse(other)| *other);
            let strands = self.open.strands().clone();
            let (events, keys) = self.open.get(strand)?;
            let shower = Shower { strand: &strands[strand], events, keys, order: self.order };
            let position = &mut self.positions[strand];
            let mut go_on = ControlFlow::Continue(());
            let len = shower.strand.run.len();
            // While this strand's rows come before every other's there is no need to ask the heap.
            while *position < len && shown < limit && go_on.is_continue() {
                let key = shower.order_key(*position);
                if until.is_some_and(|until| until < (key, strand)) {
                    break;
                }
                go_on = shower.show(*position, visit)?;
                *position += 1;
                shown += 1;
            }
            if *position < len {
                self.next.push(Reverse((shower.order_key(*position), strand)));
            } else {
                self.open.close(strand);
            }
            if go_on.is_break() {
                break;
            }
        }
        Ok(shown)
    }

    fn release(&self) {
        self.open.release();
    }
}

/// Shows rows of one strand.
struct Shower<'a> {
    strand: &'a Strand,
    events: &'a EventBatch,
    keys: Keys<'a>,
    order: Order,
}

impl Shower<'_> {
    fn row(&self, position: usize) -> u32 {
        match self.order {
            Order::Time => self.keys.row(position),
            Order::Log => self.strand.run.row_at(position),
        }
    }

    fn order_key(&self, position: usize) -> i64 {
        match self.order {
            Order::Time => self.keys.key(position),
            Order::Log => UNTIMED,
        }
    }

    fn show(
        &self,
        position: usize,
        visit: &mut dyn FnMut(Row, EventRef<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Damage> {
        let row = self.row(position);
        let key = row_key(self.events, row as usize);
        let row = Row {
            id: EventId { segment: self.strand.run.segment().id(), row },
            time_ns: (key != UNTIMED).then_some(key),
            runs_backwards: self.runs_backwards(row as usize, key)?,
        };
        Ok(visit(row, self.events.event(row.id.row as usize)))
    }

    fn runs_backwards(&self, row: usize, key: i64) -> Result<bool, Damage> {
        if key == UNTIMED {
            return Ok(false);
        }
        if row > 0 {
            return Ok(row_key(self.events, row - 1) > key);
        }
        // Only a segment that reaches beyond this time can end beyond it.
        match &self.strand.previous {
            Some(previous) if previous.time_span_ns().is_some_and(|(_, max)| max > key) => {
                Ok(row_key(&previous.events()?, previous.len() - 1) > key)
            }
            _ => Ok(false),
        }
    }
}

fn row_key(events: &EventBatch, row: usize) -> i64 {
    time_key(events.timestamps_ms()[row], events.timestamp_types()[row])
}

/// Reads a narrative from a rank to its end, however long it is: memory stays bounded, because pages that were read are
/// given back.
pub struct Cursor {
    merge: Merge,
    left: u64,
    since_release: u64,
}

impl Cursor {
    pub(super) fn new(merge: Merge, left: u64) -> Self {
        Self { merge, left, since_release: 0 }
    }

    /// How many rows are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Shows the next rows, up to `limit`, to `visit`, each with its event; says how many it has shown, which is fewer
    /// only at the end or when `visit` breaks off.
    ///
    /// # Errors
    /// When a segment turns out to be damaged. The rows shown so far stand; the narrative of a new snapshot leaves the
    /// segment out.
    pub fn read(
        &mut self,
        limit: u64,
        mut visit: impl FnMut(Row, EventRef<'_>) -> ControlFlow<()>,
    ) -> Result<u64, Damage> {
        let mut shown = 0;
        let limit = limit.min(self.left);
        while shown < limit {
            let step = (limit - shown).min(ROWS_BETWEEN_RELEASES - self.since_release);
            let mut broken_off = false;
            let read = self.merge.advance(step, &mut |row, event| {
                let go_on = visit(row, event);
                broken_off = go_on.is_break();
                go_on
            })?;
            shown += read;
            self.left -= read;
            self.since_release += read;
            if self.since_release >= ROWS_BETWEEN_RELEASES {
                self.merge.release();
                self.since_release = 0;
            }
            if broken_off || read < step {
                break;
            }
        }
        Ok(shown)
    }
}
