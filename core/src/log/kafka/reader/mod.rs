//! Reading ranges of partitions: one client and one thread for each read.
//!
//! Every partition has its own queue in librdkafka, so that whatever comes out of it, be it a record, the end of the
//! partition or an error, is known to be that partition's. The queues say when they are no longer empty ([`Ready`]),
//! and the thread empties them in turn into batches.
//!
//! Memory is bounded: librdkafka fetches ahead at most [`PREFETCH_KBYTES`] over all partitions (more only where the
//! least for each partition comes to more), and when the taker does not take, nothing is polled.

mod line;
mod outlet;
mod ready;
mod track;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;

use super::config::Settings;
use super::context::{Context, Reports};
use super::link::Link;
use super::{catalogue, fault, offsets};
use crate::event::TopicPartition;
use crate::log::{LogError, PartitionRange, RangeEnd, ReadItem, ReadOptions, Reading};
use line::Line;
use outlet::{Outlet, Stopped};
use ready::Ready;
use track::{Start, Track};

/// What librdkafka wants for a name before it assigns partitions. No group of this name comes to be.
const GROUP_NAME: &str = "fabula-reads-without-a-group";

/// How much is fetched ahead of the reading thread, over all partitions.
const PREFETCH_KBYTES: usize = 64 << 10;

/// The least that is fetched ahead for a partition.
const LEAST_PREFETCH_KBYTES: usize = 64;

/// How long an event that belongs to no partition may wait. Their queue calls only when it was empty before, and what
/// came before anyone listened (the wish for a token) calls nobody.
const EVENTS_EVERY: Duration = Duration::from_millis(250);

/// How many records of one partition are taken before the next has its turn.
const TURN: usize = 2_048;

/// Starts to read in a thread of its own.
pub(super) fn start(
    link: Arc<Link>,
    settings: &Settings,
    ranges: Vec<PartitionRange>,
    options: ReadOptions,
) -> Reading {
    let (sender, items) = mpsc::channel(options.queued_batches.max(1));
    let (settings, asked) = (settings.clone(), ranges.clone());
    let thread = std::thread::Builder::new().name("fabula-kafka-read".into()).spawn(move || {
        match Outlet::new(sender.clone(), options.cancel.clone()) {
            Ok(outlet) => {
                // An error here only says that nobody wants more.
                let _ = read(&link, &settings, &ranges, &options, &outlet);
                outlet.close();
            }
            Err(error) => fail_all(&ranges, &no_thread(&error), |item| sender.blocking_send(item).is_ok()),
        }
    });
    match thread {
        Ok(_) => Reading { items },
        Err(error) => {
            let (sender, items) = mpsc::channel(asked.len().max(1));
            fail_all(&asked, &no_thread(&error), |item| sender.try_send(item).is_ok());
            Reading { items }
        }
    }
}

fn no_thread(error: &std::io::Error) -> LogError {
    LogError::Other { what: "starting to read".into(), reason: error.to_string() }
}

fn fail_all(ranges: &[PartitionRange], error: &LogError, mut send: impl FnMut(ReadItem) -> bool) {
    for PartitionRange { partition, from, .. } in ranges {
        if !send(ReadItem::Failed { partition: partition.clone(), next: *from, error: error.clone() }) {
            return;
        }
    }
}

fn read(
    link: &Arc<Link>,
    settings: &Settings,
    ranges: &[PartitionRange],
    options: &ReadOptions,
    outlet: &Outlet,
) -> Result<(), Stopped> {
    let partitions: Vec<TopicPartition> = ranges.iter().map(|range| range.partition.clone()).collect();
    let marks = match outlet.wait_for(offsets::watermarks(link, &partitions))? {
        Ok(marks) => marks,
        Err(error) => {
            fail_all(ranges, &error, |item| outlet.send(item).is_ok());
            return Ok(());
        }
    };
    let mut tracks = Vec::with_capacity(ranges.len());
    for (range, (partition, marks)) in ranges.iter().zip(marks) {
        let started = match marks {
            Ok(marks) => Track::begin(range, marks),
            Err(error) => Start::Over(vec![ReadItem::Failed { partition, next: range.from, error }]),
        };
        match started {
            Start::Over(items) => items.into_iter().try_for_each(|item| outlet.send(item))?,
            Start::Read(track, gone) => {
                gone.into_iter().try_for_each(|item| outlet.send(item))?;
                tracks.push(track);
            }
        }
    }
    if tracks.is_empty() {
        return Ok(());
    }
    let following = ranges.iter().any(|range| range.end == RangeEnd::Follow);
    match Reader::assign(link, settings, tracks, following, options, outlet) {
        Ok(mut reader) => reader.run(),
        Err((tracks, error)) => tracks.iter().try_for_each(|track| outlet.send(track.failed(error.clone()))),
    }
}

/// A read under way.
struct Reader<'a> {
    // The queues must go before the client they belong to.
    queues: Vec<Option<PartitionQueue<Context>>>,
    tracks: Vec<Track>,
    active: usize,
    /// Partitions that are read to their end but still assigned.
    over: Vec<usize>,
    /// When unfinished batches are due, in order. An entry whose batch has gone already does no harm: the next batch
    /// only leaves early.
    due: VecDeque<(Instant, usize)>,
    events_due: Instant,
    line: Line,
    ready: Arc<Ready>,
    reports: Arc<Reports>,
    consumer: Arc<BaseConsumer<Context>>,
    link: &'a Arc<Link>,
    options: &'a ReadOptions,
    outlet: &'a Outlet,
}

impl<'a> Reader<'a> {
    /// Makes the client and assigns the partitions to it.
    fn assign(
        link: &'a Arc<Link>,
        settings: &Settings,
        tracks: Vec<Track>,
        following: bool,
        options: &'a ReadOptions,
        outlet: &'a Outlet,
    ) -> Result<Self, (Vec<Track>, LogError)> {
        let reports = Arc::new(Reports::new(settings.brokers()));
        let ready = Arc::new(Ready::new(tracks.len()));
        let config = reading_config(settings, tracks.len(), following);
        let made: Result<BaseConsumer<Context>, KafkaError> =
            config.create_with_context(Context::new(settings, reports.clone()));
        let mut consumer = match made {
            Ok(consumer) => consumer,
            Err(error) => return Err((tracks, fault::answer(&error, "settings", &reports, 0))),
        };
        let events = ready.clone();
        consumer.set_nonempty_callback(move || events.mark_events());
        let mut reader = Self {
            queues: Vec::new(),
            active: tracks.len(),
            over: Vec::new(),
            due: VecDeque::new(),
            events_due: Instant::now(),
            line: Line::new(tracks.len()),
            ready,
            reports,
            consumer: Arc::new(consumer),
            link,
            options,
            outlet,
            tracks,
        };
        reader.queues = (0..reader.tracks.len()).map(|at| reader.queue(at)).collect();
        let all: Vec<usize> = (0..reader.tracks.len()).collect();
        let assigned = reader.list(&all).and_then(|list| reader.consumer.assign(&list));
        match assigned {
            Ok(()) if reader.queues.iter().all(Option::is_some) => Ok(reader),
            Ok(()) => {
                let error = LogError::Other { what: "reading".into(), reason: "a topic's name makes no sense".into() };
                Err((std::mem::take(&mut reader.tracks), error))
            }
            Err(error) => {
                let error = fault::answer(&error, "assigning partitions", &reader.reports, 0);
                Err((std::mem::take(&mut reader.tracks), error))
            }
        }
    }

    fn queue(&self, at: usize) -> Option<PartitionQueue<Context>> {
        let TopicPartition { topic, partition } = self.tracks[at].partition();
        let mut queue = self.consumer.split_partition_queue(topic, *partition)?;
        let ready = self.ready.clone();
        queue.set_nonempty_callback(move || ready.mark(at));
        Some(queue)
    }

    fn list(&self, tracks: &[usize]) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(tracks.len());
        for track in tracks.iter().map(|&at| &self.tracks[at]) {
            let TopicPartition { topic, partition } = track.partition();
            list.add_partition(topic, *partition).set_offset(Offset::Offset(track.next()))?;
        }
        Ok(list)
    }

    fn run(&mut self) -> Result<(), Stopped> {
        loop {
            if self.ready.take_events() || self.events_due <= Instant::now() {
                self.serve_events();
                self.events_due = Instant::now() + EVENTS_EVERY;
            }
            if let Some(change) = self.line.change(&self.reports) {
                self.outlet.send(ReadItem::Connection(change))?;
            }
            let took = self.ready.take();
            if let Some(at) = took {
                self.drain(at)?;
            }
            self.send_due()?;
            self.release();
            if self.active == 0 {
                return Ok(());
            }
            if took.is_none() {
                let due = self.due.front().map_or(self.events_due, |(due, _)| self.events_due.min(*due));
                self.outlet.wait_until(due, self.ready.wait())?;
            }
        }
    }

    /// Takes what belongs to no partition; the context keeps what matters of it. A poll that only served a log line
    /// returns like one that found nothing, hence the millisecond.
    fn serve_events(&self) {
        while self.consumer.poll(Duration::from_millis(1)).is_some() {}
    }

    /// Takes what a partition has, but no more than its turn.
    fn drain(&mut self, at: usize) -> Result<(), Stopped> {
        for _ in 0..TURN {
            let Some(queue) = &self.queues[at] else { return Ok(()) };
            let polled = queue.poll(Duration::ZERO);
            if let Some(change) = polled.as_ref().and_then(|_| self.line.came(at, &self.reports)) {
                self.outlet.send(ReadItem::Connection(change))?;
            }
            let track = &mut self.tracks[at];
            match polled {
                None => {
                    self.line.is_dry(at);
                    return Ok(());
                }
                Some(Ok(message)) => {
                    let first = !track.has_waiting();
                    track.take(&message);
                    let (full, over) = (track.waiting_bytes() >= self.options.batch_bytes, track.is_over());
                    if over {
                        self.finish(at)?;
                    } else if full {
                        self.send_batch(at)?;
                    } else if first {
                        self.due.push_back((Instant::now() + self.options.linger, at));
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => self.at_end(at)?,
                Some(Err(error)) => self.trouble(at, &error)?,
            }
            if self.over.last() == Some(&at) {
                return Ok(());
            }
        }
        // More may be there, and its queue will not say so again.
        self.ready.mark(at);
        Ok(())
    }

    fn send_batch(&mut self, at: usize) -> Result<(), Stopped> {
        self.tracks[at].finish_batch().map_or(Ok(()), |batch| self.outlet.send(batch))
    }

    fn send_due(&mut self) -> Result<(), Stopped> {
        while let Some(&(due, at)) = self.due.front() {
            if due > Instant::now() {
                break;
            }
            self.due.pop_front();
            self.send_batch(at)?;
        }
        Ok(())
    }

    fn finish(&mut self, at: usize) -> Result<(), Stopped> {
        self.send_batch(at)?;
        self.outlet.send(self.tracks[at].caught_up(true))?;
        self.over.push(at);
        Ok(())
    }

    fn fail(&mut self, at: usize, error: LogError) -> Result<(), Stopped> {
        self.send_batch(at)?;
        self.outlet.send(self.tracks[at].failed(error))?;
        self.over.push(at);
        Ok(())
    }

    fn at_end(&mut self, at: usize) -> Result<(), Stopped> {
        let told = fault::end_of_partition(&self.reports.last_reason());
        let end = self.tracks[at].at_end(told);
        self.send_batch(at)?;
        self.outlet.send(end.item)?;
        if end.over {
            self.over.push(at);
        }
        Ok(())
    }

    fn trouble(&mut self, at: usize, error: &KafkaError) -> Result<(), Stopped> {
        let code = error.rdkafka_error_code().unwrap_or(Code::Unknown);
        let partition = self.tracks[at].partition().clone();
        match code {
            Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation => self.out_of_range(at),
            // A broker that has just started may not know all its topics yet: the catalogue decides.
            Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition | Code::UnknownTopicId => {
                match self.outlet.wait_for(catalogue::topic(self.link, &partition.topic))? {
                    Ok(None) => self.fail(at, fault::partition(code, &partition)),
                    Err(error @ LogError::Unauthorised { .. }) => self.fail(at, error),
                    Ok(Some(_)) | Err(_) => Ok(()),
                }
            }
            code if fault::is_connection(code) => Ok(()),
            Code::TopicAuthorizationFailed => self.fail(at, fault::partition(code, &partition)),
            _ => {
                let reason = fault::one_line(&self.reports.last_reason());
                let what = format!("reading {partition} at offset {}", self.tracks[at].next());
                self.fail(at, LogError::Other { what, reason })
            }
        }
    }

    /// The log does not have the next offset: it has deleted it (go on after the hole, and say so), or never had it.
    fn out_of_range(&mut self, at: usize) -> Result<(), Stopped> {
        self.send_batch(at)?;
        let partition = self.tracks[at].partition().clone();
        let marks = self.outlet.wait_for(offsets::watermarks(self.link, std::slice::from_ref(&partition)))?;
        let marks = match marks.map(|mut marks| marks.pop()) {
            Ok(Some((_, Ok(marks)))) => marks,
            Ok(Some((_, Err(error)))) | Err(error) => return self.fail(at, error),
            Ok(None) => return Ok(()),
        };
        let next = self.tracks[at].next();
        if next > marks.high {
            return self.fail(at, LogError::OutOfRange { partition, offset: next, low: marks.low });
        }
        if let Some(gone) = self.tracks[at].skip_to(marks.low) {
            self.outlet.send(gone)?;
        }
        if self.tracks[at].is_over() {
            return self.finish(at);
        }
        self.assign_again(at)
    }

    /// librdkafka has given up on a partition: begins it anew where it stands.
    fn assign_again(&mut self, at: usize) -> Result<(), Stopped> {
        let again = self.list(&[at]).and_then(|list| {
            self.queues[at] = None;
            self.consumer.incremental_unassign(&list)?;
            self.queues[at] = self.queue(at);
            self.consumer.incremental_assign(&list)
        });
        match again {
            Ok(()) => Ok(()),
            Err(error) => {
                let what = format!("reading {} again", self.tracks[at].partition());
                self.fail(at, fault::answer(&error, &what, &self.reports, 0))
            }
        }
    }

    /// Lets go of partitions that are over, so that nothing more of them is fetched.
    fn release(&mut self) {
        if self.over.is_empty() {
            return;
        }
        let over = std::mem::take(&mut self.over);
        self.active -= over.len();
        for &at in &over {
            self.queues[at] = None;
        }
        if self.active > 0
            && let Err(error) = self.list(&over).and_then(|list| self.consumer.incremental_unassign(&list))
        {
            tracing::warn!("partitions that are read to their end stay assigned: {error}");
        }
    }
}

fn reading_config(settings: &Settings, partitions: usize, following: bool) -> rdkafka::ClientConfig {
    let mut config = settings.client_config();
    let ahead_kbytes = (PREFETCH_KBYTES / partitions).max(LEAST_PREFETCH_KBYTES);
    let defaults = [
        ("queued.max.messages.kbytes", ahead_kbytes.to_string()),
        ("queued.min.messages", (200_000 / partitions).clamp(200, 100_000).to_string()),
        ("fetch.message.max.bytes", ((ahead_kbytes << 10) / 2).clamp(64 << 10, 4 << 20).to_string()),
        ("fetch.wait.max.ms", if following { "100" } else { "20" }.to_owned()),
        // When what was fetched ahead has filled its bound, look again soon: the default of a second starves a fast
        // reader.
        ("fetch.queue.backoff.ms", "5".to_owned()),
        ("check.crcs", "true".to_owned()),
        // Tells when connections come back; rarer where there is more to tell.
        ("statistics.interval.ms", (1_000 + partitions).to_string()),
    ];
    for (name, value) in defaults {
        if !settings.sets(name) {
            config.set(name, value);
        }
    }
    config.set("group.id", GROUP_NAME);
    config
}
