//! One partition of a feed, read on.

use std::ops::Range;
use std::sync::Arc;

use crate::engine::mark::{Gap, StepTimes};
use crate::event::time::is_in_range_ms;
use crate::event::{EventBatch, TopicPartition};
use crate::store::{Damage, PartitionSnapshot, Segment};

/// One partition, read on.
pub(super) struct Lane {
    pub(super) partition: TopicPartition,
    pub(super) segments: std::vec::IntoIter<Arc<Segment>>,
    pub(super) segment: Option<Arc<Segment>>,
    pub(super) events: Option<EventBatch>,
    pub(super) row: usize,
    /// The largest time so far, the head's included.
    pub(super) time_ms: i64,
    /// Only events from the first on that is not earlier than this; `None` when that has come.
    pub(super) from_ms: Option<i64>,
    /// Only events before the first that is later than this.
    pub(super) until_ms: i64,
    /// One past the last offset that was taken.
    pub(super) next_offset: i64,
    /// What the segments are of.
    pub(super) held: Arc<PartitionSnapshot>,
    /// Whether nothing comes after the segments for now; a lane without a head that is not at its end holds the others
    /// back.
    pub(super) at_end: bool,
}

impl Lane {
    pub(super) fn new(partition: TopicPartition, held: Arc<PartitionSnapshot>, until_ms: i64) -> Self {
        Self {
            partition,
            segments: held.segments.clone().into_iter(),
            segment: None,
            events: None,
            row: 0,
            time_ms: i64::MIN,
            from_ms: None,
            until_ms,
            next_offset: 0,
            held,
            at_end: true,
        }
    }

    pub(super) fn grow(&mut self, held: &Arc<PartitionSnapshot>) -> Result<(), Gap> {
        let end = held.coverage.end();
        let is_at_end = |high: i64| end.map_or(self.next_offset >= high, |end| end == high);
        self.at_end = held.watermarks.is_none_or(|marks| is_at_end(marks.high));
        if Arc::ptr_eq(&self.held, held) {
            return Ok(());
        }
        let missing = end.map(|end| held.coverage.missing(self.next_offset, end)).unwrap_or_default();
        if let Some(&(from, to)) = missing.first() {
            return Err(Gap { partition: self.partition.clone(), from, to });
        }
        let first = held.segments.partition_point(|segment| segment.last_offset() < self.next_offset);
        let ahead: Vec<Arc<Segment>> = held.segments.iter().skip(first).cloned().collect();
        self.segments = ahead.into_iter();
        // The head is looked up again: segments are put together anew as they grow.
        (self.events, self.segment, self.row) = (None, None, 0);
        self.held = held.clone();
        Ok(())
    }

    /// The offset from which reading goes on: what the log itself does not have behind the last event is done with.
    pub(super) fn position(&self) -> i64 {
        let in_batch = self.events.as_ref().is_some_and(|events| self.row < events.len());
        let end = if in_batch || self.segments.len() > 0 { None } else { self.held.coverage.end() };
        end.map_or(self.next_offset, |end| end.max(self.next_offset))
    }

    /// The time at which the head stands, if there is one.
    pub(super) fn head(&mut self, damages: &mut Vec<Damage>) -> Option<i64> {
        loop {
            if let Some(events) = &self.events
                && self.row < events.len()
            {
                if let Some(from) = self.from_ms {
                    let first = (self.row..events.len()).find(|row| time_of(events, *row) >= from);
                    self.row = first.unwrap_or(events.len());
                    let Some(first) = first else { continue };
                    (self.from_ms, self.next_offset) = (None, events.offsets()[first]);
                }
                let time = self.time_ms.max(time_of(events, self.row));
                return (time <= self.until_ms).then_some(time);
            }
            let segment = self.segments.next()?;
            if self.from_ms.is_some_and(|from| segment.time_span_ms().is_none_or(|(_, last)| last < from)) {
                continue;
            }
            match segment.events() {
                Ok(events) => {
                    self.row = events.offsets().partition_point(|&offset| offset < self.next_offset);
                    (self.events, self.segment) = (Some(events), Some(segment));
                }
                Err(damage) => damages.push(damage),
            }
        }
    }

    /// Whether what comes next is later than what is wanted, where there is no head: nothing that is still to be read
    /// comes before it.
    pub(super) fn is_cut(&self) -> bool {
        self.events.as_ref().is_some_and(|events| self.row < events.len())
    }

    /// Takes rows from the head on, as long as they come before the head of another lane: those with a smaller time,
    /// and those with the same if this lane comes first.
    pub(super) fn take(
        &mut self,
        limit: usize,
        other: Option<(i64, bool)>,
        number: u32,
        times: &mut StepTimes,
    ) -> Option<(EventBatch, Arc<Segment>, Range<usize>)> {
        let events = self.events.as_ref()?;
        let start = self.row;
        while self.row < events.len() && self.row - start < limit {
            let time = self.time_ms.max(time_of(events, self.row));
            let before = other.is_none_or(|(other, first)| time < other || (time == other && first));
            if !before || time > self.until_ms {
                break;
            }
            self.time_ms = time;
            times.push(time, number, events.offsets()[self.row]);
            self.row += 1;
        }
        if self.row == start {
            return None;
        }
        self.next_offset = events.offsets()[self.row - 1] + 1;
        Some((events.clone(), self.segment.clone()?, start..self.row))
    }
}

/// The time of a row for the order; a row without one that can be used stands where it is.
pub(super) fn time_of(events: &EventBatch, row: usize) -> i64 {
    let time = events.timestamps_ms()[row];
    if events.timestamp_types()[row] < 0 || !is_in_range_ms(time) { i64::MIN } else { time }
}
