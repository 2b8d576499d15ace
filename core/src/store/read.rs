//! Reading a store in offset order, as a log is read.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::handle::Store;
use super::recording::extent;
use super::segment::Segment;
use super::snapshot::Snapshot;
use crate::event::{TopicPartition, Watermarks};
use crate::log::{LogError, PartitionRange, RangeEnd, ReadItem, ReadOptions, Reading};

/// Starts to read; the work is done by a thread of its own, which waits for the taker.
pub(super) fn start(store: &Store, ranges: Vec<PartitionRange>, options: ReadOptions) -> Reading {
    let (sender, items) = mpsc::channel(options.queued_batches.max(1));
    let changes = store.changes();
    let mut reader = Reader { store: store.clone(), options, sender: sender.clone(), changes };
    let partition = ranges.first().map(|range| range.partition.clone());
    let started = std::thread::Builder::new().name("fabula-read".to_owned()).spawn(move || {
        // The taker is gone or the reading was cancelled: there is nobody to tell.
        let _ = reader.run(ranges);
    });
    if let (Err(error), Some(partition)) = (started, partition) {
        let error = LogError::Other { what: "starting to read".to_owned(), reason: error.to_string() };
        // The queue is empty and holds at least one.
        let _ = sender.try_send(ReadItem::Failed { partition, next: 0, error });
    }
    Reading { items }
}

/// Nobody takes what is read any more.
struct Ended;

struct Reader {
    store: Store,
    options: ReadOptions,
    sender: mpsc::Sender<ReadItem>,
    changes: watch::Receiver<u64>,
}

/// One range being read.
struct Cursor {
    partition: TopicPartition,
    /// The next offset to be accounted for.
    at: i64,
    end: RangeEnd,
}

impl Reader {
    fn run(&mut self, ranges: Vec<PartitionRange>) -> Result<(), Ended> {
        let mut cursors: Vec<Cursor> = ranges
            .into_iter()
            .map(|range| Cursor { partition: range.partition, at: range.from, end: range.end })
            .collect();
        loop {
            self.changes.borrow_and_update();
            let snapshot = self.store.snapshot();
            self.read_to_ends(&snapshot, &mut cursors)?;
            cursors.retain(|cursor| cursor.end == RangeEnd::Follow);
            if cursors.is_empty() {
                return Ok(());
            }
            self.wait_for_change()?;
        }
    }

    /// Reads every cursor up to what the snapshot holds. What is earlier in time is read first, so that whoever merges
    /// partitions need not keep much.
    fn read_to_ends(&self, snapshot: &Snapshot, cursors: &mut [Cursor]) -> Result<(), Ended> {
        let mut open: Vec<usize> = (0..cursors.len()).collect();
        while !open.is_empty() {
            let next_time = |at: usize| {
                let cursor: &Cursor = &cursors[at];
                let segment = next_segment(snapshot, cursor);
                segment.and_then(|segment| segment.time_span_ns()).map_or(i64::MIN, |span| span.0)
            };
            let Some(first) = (0..open.len()).min_by_key(|&at| next_time(open[at])) else { return Ok(()) };
            if self.read_segment(snapshot, &mut cursors[open[first]])? {
                open.remove(first);
            }
        }
        Ok(())
    }

    /// Reads one segment's worth; true when the cursor is at the end of what there is.
    fn read_segment(&self, snapshot: &Snapshot, cursor: &mut Cursor) -> Result<bool, Ended> {
        let Some(held) = snapshot.partition(&cursor.partition) else {
            let error = LogError::UnknownPartition { partition: cursor.partition.clone() };
            self.send(ReadItem::Failed { partition: cursor.partition.clone(), next: cursor.at, error })?;
            cursor.end = RangeEnd::Before(cursor.at);
            return Ok(true);
        };
        let marks = extent(&cursor.partition, held, &self.store.damages());
        let stop = match cursor.end {
            RangeEnd::Before(end) => end.min(marks.high).max(cursor.at),
            RangeEnd::Follow => marks.high.max(cursor.at),
        };
        let segment =
            next_segment(snapshot, cursor).filter(|segment| cursor.at < stop && segment.first_offset() < stop);
        let upto = segment.map_or(stop, |segment| segment.first_offset().max(cursor.at));
        for (from, to) in held.coverage.missing(cursor.at, upto) {
            self.send(ReadItem::Gone { partition: cursor.partition.clone(), from, to })?;
            cursor.at = to;
        }
        let Some(segment) = segment else {
            cursor.at = stop;
            self.caught_up(cursor, marks)?;
            return Ok(true);
        };
        self.send_segment(segment, cursor, stop)?;
        Ok(false)
    }

    fn send_segment(&self, segment: &Arc<Segment>, cursor: &mut Cursor, stop: i64) -> Result<(), Ended> {
        let (_, covered) = segment.covers();
        let end = covered.min(stop);
        let Ok(events) = segment.events() else {
            let from = cursor.at.max(segment.covers().0);
            self.send(ReadItem::Gone { partition: cursor.partition.clone(), from, to: end })?;
            cursor.at = end;
            return Ok(());
        };
        let before = |offset: i64| events.offsets().partition_point(|&other| other < offset);
        let (mut row, last) = (before(cursor.at), before(end));
        let bytes_a_row = (segment.bytes() as usize / segment.len()).max(1);
        let rows_a_batch = (self.options.batch_bytes / bytes_a_row).max(1);
        while row < last {
            let rows = rows_a_batch.min(last - row);
            let next = if row + rows == last { end } else { events.offsets()[row + rows] };
            self.send(ReadItem::Batch { events: events.slice(row, rows), next })?;
            cursor.at = next;
            row += rows;
        }
        cursor.at = cursor.at.max(end);
        Ok(())
    }

    fn caught_up(&self, cursor: &Cursor, watermarks: Watermarks) -> Result<(), Ended> {
        let done = cursor.end != RangeEnd::Follow;
        self.send(ReadItem::CaughtUp { partition: cursor.partition.clone(), next: cursor.at, watermarks, done })
    }

    fn send(&self, item: ReadItem) -> Result<(), Ended> {
        if self.options.cancel.is_cancelled() {
            return Err(Ended);
        }
        self.sender.blocking_send(item).map_err(|_| Ended)
    }

    fn wait_for_change(&mut self) -> Result<(), Ended> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|_| Ended)?;
        runtime.block_on(async {
            tokio::select! {
                () = self.options.cancel.cancelled() => Err(Ended),
                () = self.sender.closed() => Err(Ended),
                changed = self.changes.changed() => changed.map_err(|_| Ended),
            }
        })
    }
}

fn next_segment<'a>(snapshot: &'a Snapshot, cursor: &Cursor) -> Option<&'a Arc<Segment>> {
    let held = snapshot.partition(&cursor.partition)?;
    held.segments.get(held.segments.partition_point(|segment| segment.last_offset() < cursor.at))
}
