//! What a store being written holds of one partition: sealed segments, and runs of events still in memory.

use std::sync::Arc;
use std::time::Instant;

use super::columns::concat;
use super::coverage::Coverage;
use super::damage::StoreError;
use super::segment::{Segment, SegmentId};
use super::snapshot::PartitionSnapshot;
use crate::event::{EventBatch, TopicPartition, Watermarks};
use crate::log::LogError;

/// Chunks in memory larger than this are not merged with those that follow: copying them again would cost more than
/// having one more of them.
const CHUNK_BYTES: u64 = 1 << 20;

/// One partition of a store.
#[derive(Debug, Default)]
pub(super) struct PartitionState {
    /// In offset order.
    pub sealed: Vec<Arc<Segment>>,
    /// Events in memory, each run without a hole in it, in offset order.
    runs: Vec<Run>,
    /// Runs that are being written.
    sealing: Vec<Run>,
    /// Everything accounted for, in memory or on disk.
    pub coverage: Coverage,
    pub watermarks: Option<Watermarks>,
    pub watermarks_at_ms: Option<i64>,
    pub failure: Option<LogError>,
    published: Option<Arc<PartitionSnapshot>>,
}

/// Events in memory that follow each other without a hole.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// The offsets accounted for: the first, one past the last.
    pub covers: (i64, i64),
    /// In offset order; small ones are merged, so that there are never many.
    pub chunks: Vec<Arc<Segment>>,
    pub bytes: u64,
    /// When its first event came.
    pub since: Instant,
}

impl Run {
    fn new(from: i64) -> Self {
        Self { covers: (from, from), chunks: Vec::new(), bytes: 0, since: Instant::now() }
    }

    /// How many events the run holds.
    pub(super) fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// All events of the run in one batch.
    pub(super) fn events(&self, partition: &TopicPartition) -> Result<EventBatch, StoreError> {
        let batches = self.chunks.iter().map(|chunk| chunk.events()).collect::<Result<Vec<_>, _>>()?;
        concat(partition, &batches)
    }

    fn push(
        &mut self,
        partition: &TopicPartition,
        chunk: Segment,
        ids: &mut impl FnMut() -> SegmentId,
    ) -> Result<(), StoreError> {
        self.bytes += chunk.bytes();
        self.covers.1 = chunk.covers().1;
        let mut chunk = chunk;
        // Each merge at least halves what is left to be merged again, as in a binary counter.
        while let Some(before) = self.chunks.last()
            && before.bytes() < CHUNK_BYTES
            && before.len() <= 2 * chunk.len()
        {
            let covers = (before.covers().0, chunk.covers().1);
            let events = concat(partition, &[before.events()?, chunk.events()?])?;
            let Some(merged) = Segment::live(ids(), events, covers) else { break };
            chunk = merged;
            self.chunks.pop();
        }
        self.chunks.push(Arc::new(chunk));
        Ok(())
    }
}

impl PartitionState {
    /// Takes events that account for `covers`. What is accounted for already is left out.
    pub(super) fn append(
        &mut self,
        partition: &TopicPartition,
        events: &EventBatch,
        covers: (i64, i64),
        ids: &mut impl FnMut() -> SegmentId,
    ) -> Result<u64, StoreError> {
        let mut added = 0;
        for (from, to) in self.coverage.missing(covers.0, covers.1) {
            let first = events.offsets().partition_point(|&offset| offset < from);
            let last = events.offsets().partition_point(|&offset| offset < to);
            let chunk =
                if first == 0 && last == events.len() { events.clone() } else { events.slice(first, last - first) };
            added += self.append_new(partition, chunk, (from, to), ids)?;
        }
        self.published = None;
        Ok(added)
    }

    fn append_new(
        &mut self,
        partition: &TopicPartition,
        events: EventBatch,
        covers: (i64, i64),
        ids: &mut impl FnMut() -> SegmentId,
    ) -> Result<u64, StoreError> {
        let rows = events.len() as u64;
        let at = self.runs.partition_point(|run| run.covers.1 < covers.0);
        let follows = self.runs.get(at).is_some_and(|run| run.covers.1 == covers.0);
        match Segment::live(ids(), events, covers) {
            Some(chunk) => {
                if !follows {
                    self.runs.insert(at, Run::new(covers.0));
                }
                self.runs[at].push(partition, chunk, ids)?;
            }
            None if follows => self.runs[at].covers.1 = covers.1,
            None => {}
        }
        self.coverage.insert(covers.0, covers.1);
        Ok(rows)
    }

    /// Bytes of the largest run that is not being written yet.
    pub(super) fn largest_run(&self) -> u64 {
        self.runs.iter().map(|run| run.bytes).max().unwrap_or(0)
    }

    /// Bytes of all runs that are not being written yet.
    pub(super) fn live_bytes(&self) -> u64 {
        self.runs.iter().map(|run| run.bytes).sum()
    }

    /// Takes the runs that `chosen` names, to be written. They stay visible until [`PartitionState::sealed`].
    pub(super) fn take_runs(&mut self, chosen: impl Fn(&Run) -> bool) -> Vec<Run> {
        let (taken, left): (Vec<Run>, Vec<Run>) = std::mem::take(&mut self.runs).into_iter().partition(chosen);
        self.runs = left;
        self.sealing.extend(taken.iter().cloned());
        taken
    }

    /// A run that began at `from` has been written: its segment takes the place of its chunks.
    pub(super) fn replace_sealed(&mut self, from: i64, segment: Arc<Segment>) {
        self.sealing.retain(|run| run.covers.0 != from);
        self.coverage.insert(segment.covers().0, segment.covers().1);
        let at = self.sealed.partition_point(|other| other.first_offset() < segment.first_offset());
        self.sealed.insert(at, segment);
        self.published = None;
    }

    /// Leaves a segment out; what it accounted for becomes a hole. Gives its bytes.
    pub(super) fn remove(&mut self, id: SegmentId) -> Option<Arc<Segment>> {
        let at = self.sealed.iter().position(|segment| segment.id() == id)?;
        let segment = self.sealed.remove(at);
        self.coverage.remove(segment.covers().0, segment.covers().1);
        self.published = None;
        Some(segment)
    }

    /// The offsets accounted for by what is on the disk: everything but the runs in memory.
    pub(super) fn durable_coverage(&self) -> Coverage {
        let mut coverage = self.coverage.clone();
        for run in self.runs.iter().chain(&self.sealing) {
            coverage.remove(run.covers.0, run.covers.1);
        }
        coverage
    }

    /// Says that something other than the events changed.
    pub(super) fn touch(&mut self) {
        self.published = None;
    }

    /// The partition as it is now; shared with the snapshot before where nothing changed.
    pub(super) fn snapshot(&mut self, partition: i32) -> Arc<PartitionSnapshot> {
        if let Some(published) = &self.published {
            return published.clone();
        }
        let mut segments = self.sealed.clone();
        segments.extend(self.runs.iter().chain(&self.sealing).flat_map(|run| run.chunks.iter().cloned()));
        segments.sort_by_key(|segment| segment.first_offset());
        let snapshot = Arc::new(PartitionSnapshot {
            partition,
            segments,
            coverage: self.coverage.clone(),
            watermarks: self.watermarks,
            watermarks_at_ms: self.watermarks_at_ms,
            failure: self.failure.clone(),
        });
        self.published = Some(snapshot.clone());
        snapshot
    }
}
