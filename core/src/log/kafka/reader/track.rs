//! How far one partition's range has been read.

use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers as _, Message as _};
use rdkafka::message::{Header, Timestamp};

use crate::event::{EventBatchBuilder, TimestampType, TopicPartition, Watermarks};
use crate::log::{LogError, PartitionRange, RangeEnd, ReadItem};

/// One partition's range on its way: what was read of it, and where it ends.
#[derive(Debug)]
pub(super) struct Track {
    partition: TopicPartition,
    /// One past the last offset accounted for.
    next: i64,
    /// The offset before which to stop; `None` follows.
    stop: Option<i64>,
    watermarks: Watermarks,
    events: EventBatchBuilder,
}

/// What a range comes to before anything is read.
#[derive(Debug)]
pub(super) enum Start {
    /// Something to read.
    Read(Track, Option<ReadItem>),
    /// Nothing to read; these say why.
    Over(Vec<ReadItem>),
}

/// What the end of the partition comes to.
#[derive(Debug)]
pub(super) struct End {
    /// What to tell.
    pub item: ReadItem,
    /// Whether reading of this partition is over.
    pub over: bool,
}

impl Track {
    /// Sets a range against the partition's watermarks.
    pub fn begin(range: &PartitionRange, watermarks: Watermarks) -> Start {
        let PartitionRange { partition, from, end } = range;
        let stop = match end {
            RangeEnd::Before(offset) => Some(*offset),
            RangeEnd::Follow => None,
        };
        if *from > watermarks.high && stop.is_none_or(|stop| *from < stop) {
            let error = LogError::OutOfRange { partition: partition.clone(), offset: *from, low: watermarks.low };
            return Start::Over(vec![ReadItem::Failed { partition: partition.clone(), next: *from, error }]);
        }
        let events = EventBatchBuilder::new(partition.topic.clone(), partition.partition);
        let mut track = Self { partition: partition.clone(), next: *from, stop, watermarks, events };
        let gone = track.skip_to(watermarks.low);
        if track.is_over() {
            return Start::Over(gone.into_iter().chain([track.caught_up(true)]).collect());
        }
        Start::Read(track, gone)
    }

    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    pub fn next(&self) -> i64 {
        self.next
    }

    pub fn is_over(&self) -> bool {
        self.stop.is_some_and(|stop| self.next >= stop)
    }

    /// Bytes of the events that wait in the unfinished batch.
    pub fn waiting_bytes(&self) -> usize {
        self.events.bytes()
    }

    pub fn has_waiting(&self) -> bool {
        !self.events.is_empty()
    }

    /// Moves on to an offset that is later because the log has deleted what was before, and tells what is missing.
    pub fn skip_to(&mut self, low: i64) -> Option<ReadItem> {
        let to = self.stop.map_or(low, |stop| low.min(stop));
        let from = self.next;
        self.next = from.max(to);
        (from < to).then(|| ReadItem::Gone { partition: self.partition.clone(), from, to })
    }

    /// Takes a record. One past the range's end only says that the rest of the range is a gap.
    pub fn take(&mut self, message: &BorrowedMessage<'_>) {
        let offset = message.offset();
        if offset < self.next {
            return;
        }
        if let Some(stop) = self.stop
            && offset >= stop
        {
            self.next = stop;
            return;
        }
        let (timestamp_ms, timestamp_type) = match message.timestamp() {
            Timestamp::NotAvailable => (-1, TimestampType::None),
            Timestamp::CreateTime(ms) => (ms, TimestampType::Create),
            Timestamp::LogAppendTime(ms) => (ms, TimestampType::LogAppend),
        };
        let (key, value) = (message.key(), message.payload());
        let headers = message.headers().into_iter().flat_map(headers);
        self.events.push(offset, timestamp_ms, timestamp_type, key, value, headers);
        self.next = offset + 1;
    }

    /// The unfinished batch, if it holds anything.
    pub fn finish_batch(&mut self) -> Option<ReadItem> {
        self.has_waiting().then(|| ReadItem::Batch { events: self.events.finish(), next: self.next })
    }

    /// That the range is over.
    pub fn caught_up(&self, done: bool) -> ReadItem {
        ReadItem::CaughtUp { partition: self.partition.clone(), next: self.next, watermarks: self.watermarks, done }
    }

    pub fn failed(&self, error: LogError) -> ReadItem {
        ReadItem::Failed { partition: self.partition.clone(), next: self.next, error }
    }

    /// The broker has nothing after `end` to give now, with its last record before `high`: all before `end` is read or
    /// is a gap. Where these are not known, they are what they were when the read began.
    pub fn at_end(&mut self, told: Option<(i64, i64)>) -> End {
        let (end, high) = told.unwrap_or((self.watermarks.high, self.watermarks.high));
        self.next = self.next.max(self.stop.map_or(end, |stop| end.min(stop)));
        self.watermarks.high = self.watermarks.high.max(end);
        match self.stop {
            None => End { item: self.caught_up(false), over: false },
            Some(stop) if self.next >= stop => End { item: self.caught_up(true), over: true },
            Some(stop) => {
                let reason = if high > end {
                    format!(
                        "a transaction is still open at offset {end}: what comes after is undecided under read_committed; read again when it has ended, or read_uncommitted"
                    )
                } else {
                    format!("the log ends at offset {end}; follow it to wait for more")
                };
                let what = format!("reading {} up to offset {stop}", self.partition);
                End { item: self.failed(LogError::Other { what, reason }), over: true }
            }
        }
    }
}

/// A name that is not UTF-8 cannot be had from the client library, nor the value that goes with it: the header keeps
/// its place under the replacement character.
const UNREADABLE: Header<'static, &'static [u8]> = Header { key: "\u{fffd}", value: None };

fn headers(headers: &BorrowedHeaders) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
    (0..headers.count()).map(|at| {
        // rdkafka unwraps the name's conversion. The protocol says that names are UTF-8, but nobody checks it.
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| headers.try_get(at)));
        let header = read.ok().flatten().unwrap_or(UNREADABLE);
        (header.key, header.value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: Watermarks = Watermarks { low: 10, high: 100 };

    fn range(from: i64, end: RangeEnd) -> PartitionRange {
        PartitionRange { partition: TopicPartition::new("orders", 3), from, end }
    }

    fn track(from: i64, end: RangeEnd) -> Track {
        match Track::begin(&range(from, end), MARKS) {
            Start::Read(track, None) => track,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_empty_range_is_over_at_once() {
        let Start::Over(items) = Track::begin(&range(100, RangeEnd::Before(100)), MARKS) else { panic!() };
        assert!(matches!(items[..], [ReadItem::CaughtUp { next: 100, done: true, .. }]), "{items:?}");
    }

    #[test]
    fn deleted_offsets_are_told_and_reading_begins_after_them() {
        let Start::Read(track, Some(gone)) = Track::begin(&range(4, RangeEnd::Before(50)), MARKS) else { panic!() };
        assert!(matches!(gone, ReadItem::Gone { from: 4, to: 10, .. }), "{gone:?}");
        assert_eq!(track.next(), 10);
    }

    #[test]
    fn a_range_that_was_deleted_whole_is_gone_and_over() {
        let Start::Over(items) = Track::begin(&range(4, RangeEnd::Before(8)), MARKS) else { panic!() };
        let [ReadItem::Gone { from: 4, to: 8, .. }, ReadItem::CaughtUp { next: 8, done: true, .. }] = items[..] else {
            panic!("{items:?}")
        };
    }

    #[test]
    fn a_start_beyond_the_log_is_out_of_range() {
        let Start::Over(items) = Track::begin(&range(101, RangeEnd::Follow), MARKS) else { panic!() };
        assert!(matches!(items[..], [ReadItem::Failed { error: LogError::OutOfRange { .. }, .. }]), "{items:?}");
    }

    #[test]
    fn a_range_that_ends_in_a_gap_at_the_end_of_the_log_ends_there() {
        let mut track = track(10, RangeEnd::Before(100));
        let End { item, over } = track.at_end(Some((100, 100)));
        assert!(over && matches!(item, ReadItem::CaughtUp { next: 100, done: true, .. }), "{item:?}");
    }

    #[test]
    fn an_open_transaction_ends_a_bounded_read_with_its_reason() {
        let mut track = track(10, RangeEnd::Before(120));
        let End { item, over } = track.at_end(Some((100, 130)));
        let ReadItem::Failed { next: 100, error, .. } = item else { panic!("{item:?}") };
        assert!(over && error.to_string().contains("transaction is still open at offset 100"), "{error}");
    }

    #[test]
    fn following_goes_on_at_the_end_and_says_how_far_it_is() {
        let mut track = track(10, RangeEnd::Follow);
        let End { item, over } = track.at_end(Some((130, 130)));
        assert!(!over);
        let ReadItem::CaughtUp { next: 130, watermarks: Watermarks { high: 130, .. }, done: false, .. } = item else {
            panic!("{item:?}")
        };
    }
}
