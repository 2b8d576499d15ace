//! Events for tests, written down shortly, in a store and correlated.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::super::{Profile, Settings, Threads, suggest};
use crate::codec::TopicCodecs;
use crate::event::{EventBatch, EventBatchBuilder, TimestampType, TopicName};
use crate::log::Origin;
use crate::narrative::threads::Correlator;
use crate::store::{PartitionSnapshot, Segment, SegmentId, Snapshot, TopicSnapshot};

/// One event: topic, milliseconds, key, headers, value.
pub type Written<'a> = (&'a str, i64, Option<&'a str>, &'a [(&'a str, &'a [u8])], Option<&'a str>);

/// One event, made up by a test.
#[derive(Debug, Clone, Default)]
pub struct Made {
    pub topic: String,
    pub at: i64,
    key: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    value: Option<String>,
}

impl Made {
    /// An event with an empty object for a value.
    pub fn new(topic: &str, at: i64) -> Self {
        Self { topic: topic.to_owned(), at, value: Some("{}".to_owned()), ..Self::default() }
    }

    pub fn key(self, key: impl ToString) -> Self {
        Self { key: Some(key.to_string()), ..self }
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub fn value(self, value: impl ToString) -> Self {
        Self { value: Some(value.to_string()), ..self }
    }

    pub fn without_value(self) -> Self {
        Self { value: None, ..self }
    }
}

/// Made-up events in a snapshot, a partition a topic, offsets in the order given.
pub fn log(events: &[Made]) -> Snapshot {
    let headers: Vec<Vec<(&str, &[u8])>> = events
        .iter()
        .map(|event| event.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect())
        .collect();
    let written: Vec<Written<'_>> = events
        .iter()
        .zip(&headers)
        .map(|(event, headers)| {
            (event.topic.as_str(), event.at, event.key.as_deref(), headers.as_slice(), event.value.as_deref())
        })
        .collect();
    snapshot(&batches(&written))
}

/// The names of a thread's steps.
pub fn steps(threads: &Threads, thread: u32) -> Vec<String> {
    threads.steps_of(thread).iter().map(|&step| threads.step_name(step).to_string()).collect()
}

/// The events as batches, a partition a topic, offsets in the order given.
pub fn batches(events: &[Written<'_>]) -> Vec<EventBatch> {
    let mut topics: Vec<&str> = events.iter().map(|event| event.0).collect();
    topics.sort_unstable();
    topics.dedup();
    let of_topic = |topic: &str| {
        let mut builder = EventBatchBuilder::new(topic, 0);
        let own = events.iter().filter(|event| event.0 == topic);
        for (offset, (_, at, key, headers, value)) in own.enumerate() {
            let headers = headers.iter().map(|(name, value)| (*name, Some(*value)));
            let (key, value) = (key.map(str::as_bytes), value.map(str::as_bytes));
            builder.push(offset as i64, *at, TimestampType::Create, key, value, headers);
        }
        builder.finish()
    };
    topics.into_iter().map(of_topic).collect()
}

/// A snapshot of live segments.
pub fn snapshot(batches: &[EventBatch]) -> Snapshot {
    let mut topics: Vec<TopicSnapshot> = Vec::new();
    let mut sorted: Vec<&EventBatch> = batches.iter().collect();
    sorted.sort_by_key(|batch| (batch.topic().clone(), batch.partition(), batch.offsets()[0]));
    for (number, batch) in sorted.into_iter().enumerate() {
        let covers = (batch.offsets()[0], batch.offsets()[batch.len() - 1] + 1);
        let segment = Segment::live(SegmentId(number as u32 + 1), batch.clone(), covers);
        let segments: Vec<Arc<Segment>> = segment.map(Arc::new).into_iter().collect();
        if topics.last().is_none_or(|topic| topic.name != *batch.topic()) {
            topics.push(TopicSnapshot {
                name: batch.topic().clone(),
                config: Default::default(),
                partitions: Vec::new(),
            });
        }
        let topic = topics.last_mut().unwrap();
        match topic.partitions.last_mut().filter(|partition| partition.partition == batch.partition()) {
            Some(partition) => Arc::get_mut(partition).unwrap().segments.extend(segments),
            None => topic.partitions.push(Arc::new(PartitionSnapshot {
                partition: batch.partition(),
                segments,
                coverage: Default::default(),
                watermarks: None,
                watermarks_at_ms: None,
                failure: None,
            })),
        }
    }
    let origin = Arc::new(Origin::Sample { events: 0, seed: 0 });
    Snapshot::new(1, origin, topics.into_iter().map(Arc::new).collect())
}

pub fn topics_of(snapshot: &Snapshot) -> Vec<TopicName> {
    snapshot.topics.iter().map(|topic| topic.name.clone()).collect()
}

/// Correlates a snapshot by what is suggested for it.
pub fn correlate(snapshot: &Snapshot) -> (Profile, Threads) {
    let topics = topics_of(snapshot);
    let (profile, codecs) = suggest(snapshot, &topics, |_| None::<TopicCodecs>).unwrap();
    let mut correlator = Correlator::new(Settings { profile: profile.clone(), codecs, ..Settings::default() });
    correlator.take_snapshot(snapshot, &topics, &AtomicU64::new(0), &|| false);
    (profile, correlator.threads())
}

/// Each thread as its events' topics and offsets.
pub fn told(threads: &Threads) -> Vec<Vec<String>> {
    let one = |thread: u32| {
        let events = threads.events_of(thread).iter();
        events.map(|&event| threads.coordinates(event)).map(|at| format!("{}/{}", at.topic, at.offset)).collect()
    };
    (0..threads.len() as u32).map(one).collect()
}

/// Each exact edge of a thread: from, to, kind.
pub fn exact(threads: &Threads, thread: u32) -> Vec<(String, String, &'static str)> {
    let events = threads.events_of(thread);
    let name = |place: u32| {
        let at = threads.coordinates(events[place as usize]);
        format!("{}/{}", at.topic, at.offset)
    };
    let exact = threads.edges(thread).into_iter().filter(|edge| edge.kind.is_exact());
    exact.map(|edge| (name(edge.from), name(edge.to), edge.kind.name())).collect()
}
