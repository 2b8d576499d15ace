//! The runs that a narrative is made of, opened as they are needed.

use std::sync::Arc;

use crate::event::EventBatch;
use crate::store::{Damage, Keys, OpenRun, Run, Segment};

/// One run of a narrative. Strands stand in order of topic, partition and offset, so that a strand's place decides
/// between equal times.
#[derive(Debug)]
pub(super) struct Strand {
    pub run: Run,
    pub first_key: i64,
    pub last_key: i64,
    /// The segment before this one in the same partition, whether or not it belongs to the narrative.
    pub previous: Option<Arc<Segment>>,
}

/// Strands of a narrative that were looked into so far.
#[derive(Debug)]
pub(super) struct OpenStrands {
    strands: Arc<[Strand]>,
    open: Vec<Option<Box<OpenRun>>>,
}

impl OpenStrands {
    pub(super) fn new(strands: Arc<[Strand]>) -> Self {
        let open = strands.iter().map(|_| None).collect();
        Self { strands, open }
    }

    pub(super) fn strands(&self) -> &Arc<[Strand]> {
        &self.strands
    }

    /// A strand's events and keys.
    pub(super) fn get(&mut self, strand: usize) -> Result<(&EventBatch, Keys<'_>), Damage> {
        let slot = &mut self.open[strand];
        let open = match slot {
            Some(open) => open,
            None => slot.insert(Box::new(self.strands[strand].run.open()?)),
        };
        Ok((open.events(), open.keys()?))
    }

    /// How many rows of a strand come before `key`, given that it is between `low` and `high`.
    pub(super) fn first_at(&mut self, strand: usize, key: i64, low: usize, high: usize) -> Result<usize, Damage> {
        let Strand { first_key, last_key, .. } = self.strands[strand];
        if low == high || key <= first_key {
            Ok(low)
        } else if last_key < key {
            Ok(high)
        } else {
            Ok(self.get(strand)?.1.first_at(key, low, high))
        }
    }

    /// How many rows of a strand come at or before `key`, given that it is between `low` and `high`.
    pub(super) fn first_after(&mut self, strand: usize, key: i64, low: usize, high: usize) -> Result<usize, Damage> {
        match key.checked_add(1) {
            Some(next) => self.first_at(strand, next, low, high),
            None => Ok(high),
        }
    }

    /// Lets go of a strand that was read to its end.
    pub(super) fn close(&mut self, strand: usize) {
        self.open[strand] = None;
    }

    /// Gives the pages of every open strand back; they return as they are looked at.
    pub(super) fn release(&self) {
        for open in self.open.iter().flatten() {
            open.run().segment().release();
        }
    }
}
