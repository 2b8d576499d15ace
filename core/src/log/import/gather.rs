//! From records in whatever order to batches of one partition each, in offset order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;

use super::report::{FileReport, ImportReport, ImportedPartition, MOST_LISTED, Place, Unread};
use super::{Format, ImportError, ImportProgress, Sink, topic_fault};
use crate::event::{EventBatchBuilder, TimestampType, TopicName, TopicPartition, Watermarks};
use crate::log::LogError;

/// How many bytes a batch aims at.
const BATCH_BYTES: usize = 4 << 20;

/// How many bytes may wait in the batches of all partitions together.
const HELD_BYTES: usize = 64 << 20;

/// How many records of a partition may wait for those with smaller offsets. Dumps in the order of time have a few of
/// them at a time; a gap of the log itself is only known for one when so many have come after it.
const WAITING_RECORDS: usize = 4_096;

/// How many records pass between two looks at whether it was cancelled.
const RECORDS_A_LOOK: u64 = 1024;

/// A header as a file has it.
pub(super) type Header<'r> = (Cow<'r, str>, Option<Cow<'r, [u8]>>);

/// A record as a file has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'r> {
    pub(super) topic: &'r str,
    pub(super) partition: i32,
    /// `None` takes the next free one.
    pub(super) offset: Option<i64>,
    pub(super) timestamp: Option<(i64, TimestampType)>,
    pub(super) key: Option<&'r [u8]>,
    pub(super) value: Option<&'r [u8]>,
    pub(super) headers: &'r [Header<'r>],
}

/// Events of one partition on their way to the sink.
struct Partition {
    name: TopicPartition,
    /// Records whose offset came before smaller ones, by offset.
    waiting: BTreeMap<i64, Waiting>,
    batch: EventBatchBuilder,
    /// Runs of growing offsets that ended: sorted, apart from one another, `[from, next)`.
    covered: Vec<(i64, i64)>,
    run: Option<Run>,
    events: u64,
}

/// A record that waits, with where it stands in its file.
struct Waiting {
    place: Place,
    timestamp: Option<(i64, TimestampType)>,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<Header<'static>>,
}

impl Waiting {
    fn new(place: Place, record: &Record<'_>) -> Self {
        let owned = |(name, value): &Header<'_>| {
            let value = value.as_ref().map(|value| Cow::Owned(value.to_vec()));
            (Cow::Owned(name.to_string()), value)
        };
        Self {
            place,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(owned).collect(),
        }
    }

    fn bytes(&self) -> usize {
        let headers =
            self.headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, |value| value.len()));
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len) + headers.sum::<usize>() + 64
    }
}

/// Growing offsets without an end yet.
struct Run {
    from: i64,
    /// One past the last offset.
    next: i64,
    /// From where the batch under way accounts for offsets.
    batch_from: i64,
    /// The first offset above the run that an earlier one accounts for.
    ceiling: i64,
}

impl Partition {
    fn covers(&self, offset: i64) -> bool {
        let at = self.covered.partition_point(|&(from, _)| from <= offset);
        let ended = at > 0 && offset < self.covered[at - 1].1;
        ended || self.run.as_ref().is_some_and(|run| (run.from..run.next).contains(&offset))
    }

    /// Whether a record has to wait: others that belong before it may come yet.
    fn comes_early(&self, offset: i64) -> bool {
        self.run.as_ref().is_some_and(|run| offset > run.next && offset < run.ceiling)
    }

    fn next_offset(&self) -> i64 {
        let ended = self.covered.last().map_or(0, |&(_, next)| next);
        self.run.as_ref().map_or(ended, |run| run.next.max(ended))
    }

    fn start_run(&mut self, offset: i64) {
        let above = self.covered.partition_point(|&(from, _)| from <= offset);
        let ceiling = self.covered.get(above).map_or(i64::MAX, |&(from, _)| from);
        self.run = Some(Run { from: offset, next: offset, batch_from: offset, ceiling });
    }

    fn end_run(&mut self) {
        if let Some(run) = self.run.take() {
            let at = self.covered.partition_point(|&(from, _)| from < run.from);
            self.covered.insert(at, (run.from, run.next));
        }
    }

    fn watermarks(&self) -> Watermarks {
        match (self.covered.first(), self.covered.last()) {
            (Some(&(low, _)), Some(&(_, high))) => Watermarks { low, high },
            _ => Watermarks::default(),
        }
    }
}

/// Gathers records into batches and hands those to the sink; keeps count of everything.
pub(super) struct Gathering<'i> {
    progress: &'i ImportProgress,
    cancel: &'i CancellationToken,
    sink: &'i mut Sink<'i>,
    partitions: Vec<Partition>,
    by_name: BTreeMap<TopicName, BTreeMap<i32, usize>>,
    /// The partition of the record before: neighbours mostly share it.
    latest: Option<usize>,
    held_bytes: usize,
    path: PathBuf,
    report: ImportReport,
}

impl<'i> Gathering<'i> {
    pub(super) fn new(
        progress: &'i ImportProgress,
        cancel: &'i CancellationToken,
        sink: &'i mut Sink<'_>,
    ) -> Gathering<'i> {
        Gathering {
            progress,
            cancel,
            sink,
            partitions: Vec::new(),
            by_name: BTreeMap::new(),
            latest: None,
            held_bytes: 0,
            path: PathBuf::new(),
            report: ImportReport::default(),
        }
    }

    /// What comes now comes from another file.
    pub(super) fn begin_file(&mut self, path: &Path, format: Format) {
        self.path = path.to_owned();
        self.report.files.push(FileReport { path: path.to_owned(), format, events: 0, unread: 0 });
    }

    /// So many more bytes were read.
    pub(super) fn read_bytes(&self, bytes: usize) {
        self.progress.bytes_done.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A line or row is left out.
    pub(super) fn leave_out(&mut self, place: Option<Place>, reason: impl Into<String>) {
        self.report.unread += 1;
        if let Some(file) = self.report.files.last_mut() {
            file.unread += 1;
        }
        self.progress.unread.fetch_add(1, Ordering::Relaxed);
        self.list(place, reason.into(), false);
    }

    /// Something of a line or row could not be read; the rest of it is kept.
    pub(super) fn keep_without(&mut self, place: Place, reason: impl Into<String>) {
        self.list(Some(place), reason.into(), true);
    }

    fn list(&mut self, place: Option<Place>, reason: String, kept: bool) {
        if self.report.listed.len() < MOST_LISTED {
            self.report.listed.push(Unread { path: self.path.clone(), place, reason, kept });
        }
    }

    /// Takes one record.
    pub(super) fn take(&mut self, place: Place, record: &Record<'_>) -> Result<(), ImportError> {
        if !self.by_name.contains_key(record.topic)
            && let Some(fault) = topic_fault(record.topic)
        {
            self.leave_out(Some(place), format!("“{}” can be no topic: {fault}", record.topic));
            return Ok(());
        }
        let at = self.partition(record.topic, record.partition);
        let offset = match record.offset {
            Some(offset) => offset,
            None => {
                self.admit_waiting(at, 0)?;
                self.partitions[at].next_offset()
            }
        };
        if offset < 0 || offset == i64::MAX {
            self.leave_out(Some(place), format!("{offset} is no offset"));
            return Ok(());
        }
        if self.partitions[at].comes_early(offset) {
            return self.keep_waiting(at, offset, place, record);
        }
        self.admit(at, offset, place, record)?;
        self.admit_contiguous(at)?;
        if self.report.events.is_multiple_of(RECORDS_A_LOOK) && self.cancel.is_cancelled() {
            return Err(LogError::Cancelled.into());
        }
        self.keep_to_bounds(at)
    }

    fn keep_waiting(&mut self, at: usize, offset: i64, place: Place, record: &Record<'_>) -> Result<(), ImportError> {
        if self.partitions[at].waiting.contains_key(&offset) {
            self.read_before(at, offset, place);
            return Ok(());
        }
        let waiting = Waiting::new(place, record);
        self.held_bytes += waiting.bytes();
        self.partitions[at].waiting.insert(offset, waiting);
        self.admit_waiting(at, WAITING_RECORDS)?;
        self.keep_to_bounds(at)
    }

    /// Lets the first of those that wait in until no more than `most` are left.
    fn admit_waiting(&mut self, at: usize, most: usize) -> Result<(), ImportError> {
        while self.partitions[at].waiting.len() > most {
            self.admit_first(at)?;
            self.admit_contiguous(at)?;
        }
        Ok(())
    }

    /// Lets those in that wait for nothing any more.
    fn admit_contiguous(&mut self, at: usize) -> Result<(), ImportError> {
        loop {
            let partition = &self.partitions[at];
            let Some((&offset, _)) = partition.waiting.first_key_value() else { return Ok(()) };
            if partition.comes_early(offset) {
                return Ok(());
            }
            self.admit_first(at)?;
        }
    }

    fn admit_first(&mut self, at: usize) -> Result<(), ImportError> {
        let partition = &mut self.partitions[at];
        let Some((offset, waiting)) = partition.waiting.pop_first() else { return Ok(()) };
        self.held_bytes -= waiting.bytes();
        let topic = partition.name.topic.clone();
        let record = Record {
            topic: &topic,
            partition: partition.name.partition,
            offset: Some(offset),
            timestamp: waiting.timestamp,
            key: waiting.key.as_deref(),
            value: waiting.value.as_deref(),
            headers: &waiting.headers,
        };
        self.admit(at, offset, waiting.place, &record)
    }

    /// Puts a record where it belongs among those of its partition.
    fn admit(&mut self, at: usize, offset: i64, place: Place, record: &Record<'_>) -> Result<(), ImportError> {
        let partition = &self.partitions[at];
        if partition.covers(offset) {
            self.read_before(at, offset, place);
            return Ok(());
        }
        if partition.run.as_ref().is_some_and(|run| offset < run.from || offset >= run.ceiling) {
            self.hand_over(at)?;
            self.partitions[at].end_run();
        }
        self.push(at, offset, record);
        Ok(())
    }

    fn read_before(&mut self, at: usize, offset: i64, place: Place) {
        let name = &self.partitions[at].name;
        let reason = format!("offset {offset} of {name} was read before, or passed over as a gap");
        self.leave_out(Some(place), reason);
    }

    fn keep_to_bounds(&mut self, at: usize) -> Result<(), ImportError> {
        if self.partitions[at].batch.bytes() >= BATCH_BYTES {
            self.hand_over(at)?;
        }
        if self.held_bytes >= HELD_BYTES {
            self.hand_over_all()?;
        }
        Ok(())
    }

    fn push(&mut self, at: usize, offset: i64, record: &Record<'_>) {
        let partition = &mut self.partitions[at];
        if partition.run.is_none() {
            partition.start_run(offset);
        }
        if let Some(run) = &mut partition.run {
            run.next = offset + 1;
        }
        let held = partition.batch.bytes();
        let (timestamp_ms, timestamp_type) = record.timestamp.unwrap_or((-1, TimestampType::None));
        let headers = record.headers.iter().map(|(name, value)| (name.as_ref(), value.as_deref()));
        partition.batch.push(offset, timestamp_ms, timestamp_type, record.key, record.value, headers);
        partition.events += 1;
        self.held_bytes += partition.batch.bytes() - held;
        self.report.events += 1;
        self.report.untimed += u64::from(timestamp_type == TimestampType::None);
        if let Some(file) = self.report.files.last_mut() {
            file.events += 1;
        }
        self.progress.events.fetch_add(1, Ordering::Relaxed);
    }

    fn partition(&mut self, topic: &str, number: i32) -> usize {
        let is_it = |partition: &Partition| partition.name.partition == number && &*partition.name.topic == topic;
        if let Some(at) = self.latest.filter(|&at| is_it(&self.partitions[at])) {
            return at;
        }
        let known = self.by_name.get(topic).and_then(|partitions| partitions.get(&number)).copied();
        let at = known.unwrap_or_else(|| {
            let topic: TopicName =
                self.by_name.get_key_value(topic).map_or_else(|| topic.into(), |(name, _)| name.clone());
            let at = self.partitions.len();
            self.by_name.entry(topic.clone()).or_default().insert(number, at);
            let batch = EventBatchBuilder::new(topic.clone(), number);
            let name = TopicPartition::new(topic, number);
            self.partitions.push(Partition {
                name,
                waiting: BTreeMap::new(),
                batch,
                covered: Vec::new(),
                run: None,
                events: 0,
            });
            at
        });
        self.latest = Some(at);
        at
    }

    fn hand_over(&mut self, at: usize) -> Result<(), ImportError> {
        let partition = &mut self.partitions[at];
        let Some(run) = partition.run.as_mut().filter(|_| !partition.batch.is_empty()) else { return Ok(()) };
        self.held_bytes -= partition.batch.bytes();
        let from = std::mem::replace(&mut run.batch_from, run.next);
        (self.sink)(partition.batch.finish(), from, run.next).map_err(ImportError::Sink)
    }

    fn hand_over_all(&mut self) -> Result<(), ImportError> {
        (0..self.partitions.len()).try_for_each(|at| {
            self.admit_waiting(at, 0)?;
            self.hand_over(at)
        })
    }

    /// What came between no two runs of offsets is a gap of the log that was dumped, as what is skipped within one is.
    fn account_for_gaps(&mut self) -> Result<(), ImportError> {
        for partition in &self.partitions {
            for pair in partition.covered.windows(2).filter(|pair| pair[0].1 < pair[1].0) {
                let TopicPartition { topic, partition } = &partition.name;
                let nothing = EventBatchBuilder::new(topic.clone(), *partition).finish();
                (self.sink)(nothing, pair[0].1, pair[1].0).map_err(ImportError::Sink)?;
            }
        }
        Ok(())
    }

    /// Hands over what is left.
    pub(super) fn finish(mut self) -> Result<ImportReport, ImportError> {
        if self.cancel.is_cancelled() {
            return Err(LogError::Cancelled.into());
        }
        self.hand_over_all()?;
        self.partitions.iter_mut().for_each(Partition::end_run);
        self.account_for_gaps()?;
        self.partitions.sort_by(|a, b| a.name.cmp(&b.name));
        let report = |partition: &Partition| ImportedPartition {
            partition: partition.name.clone(),
            events: partition.events,
            watermarks: partition.watermarks(),
        };
        self.report.partitions = self.partitions.iter().map(report).collect();
        Ok(self.report)
    }
}
