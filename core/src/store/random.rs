//! Random logs for properties: skewed, out of order, tied, untimed, of hostile times, in segments of any size.

use std::sync::Arc;

use proptest::prelude::*;

use super::run::UNTIMED;
use super::{Coverage, EventId, PartitionSnapshot, Segment, SegmentId, Snapshot, TopicSnapshot, time_key};
use crate::event::{Coordinates, EventBatchBuilder, TimestampType};
use crate::log::{Origin, TopicConfig};

/// An event of a random log.
#[derive(Debug, Clone)]
pub(crate) struct RandomEvent {
    pub stamp: Option<i64>,
    pub gap: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A log's partitions (topic, partition number, events) and how they are cut into segments.
#[derive(Debug, Clone)]
pub(crate) struct RandomLog {
    pub partitions: Vec<(String, i32, Vec<RandomEvent>)>,
    pub cuts: Vec<usize>,
}

/// What an event of a random log is known by in a naive account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Naive {
    pub key: i64,
    pub at: Coordinates,
    pub id: EventId,
    pub runs_backwards: bool,
}

fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::weighted(0.9, prop::collection::vec(prop::sample::select(&b"abAB\xc3"[..]), 0..6))
}

fn stamp() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        30 => (0i64..12).prop_map(Some),
        30 => (0i64..5_000_000).prop_map(|ms| Some(1_700_000_000_000 + ms)),
        4 => Just(None),
        1 => any::<i64>().prop_map(Some),
        1 => prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, i64::MAX]).prop_map(Some),
    ]
}

/// Events: sometimes in time order, sometimes nearly, sometimes not at all.
fn events(most: usize) -> impl Strategy<Value = Vec<RandomEvent>> {
    let header = ("[abA]{0,2}", bytes());
    let event = (stamp(), 1i64..4, bytes(), bytes(), prop::collection::vec(header, 0..3));
    let event = event.prop_map(|(stamp, gap, key, value, headers)| RandomEvent { stamp, gap, key, value, headers });
    (prop::collection::vec(event, 0..most), 0..3, any::<prop::sample::Index>()).prop_map(|(mut events, order, swap)| {
        if order > 0 {
            let mut stamps: Vec<_> = events.iter().map(|event| event.stamp).collect();
            stamps.sort_unstable();
            if order == 2 && stamps.len() > 1 {
                let at = swap.index(stamps.len() - 1);
                stamps.swap(at, at + 1);
            }
            events.iter_mut().zip(stamps).for_each(|(event, stamp)| event.stamp = stamp);
        }
        events
    })
}

impl RandomLog {
    pub(crate) fn any(most_events: usize) -> impl Strategy<Value = Self> {
        let partitions = prop::collection::vec(events(most_events), 1..6);
        let cuts = prop::collection::vec(prop_oneof![1usize..20, 1usize..3000], 1..5);
        (partitions, cuts).prop_map(|(partitions, cuts)| {
            let partitions = partitions.into_iter().enumerate();
            let named = partitions.map(|(at, events)| (format!("topic-{}", at / 2), at as i32 % 2, events));
            Self { partitions: named.collect(), cuts }
        })
    }

    /// The log as a snapshot, and every event as a naive account has it, in log order.
    pub(crate) fn snapshot(&self) -> (Snapshot, Vec<Naive>) {
        let mut naive = Vec::new();
        let mut cuts = self.cuts.iter().copied().cycle();
        let mut next_id = 0;
        let mut topics: Vec<TopicSnapshot> = Vec::new();
        for (topic, partition, events) in &self.partitions {
            let mut segments = Vec::new();
            let (mut rest, mut offset, mut last_key) = (&events[..], 0, UNTIMED);
            while !rest.is_empty() {
                let (now, later) = rest.split_at(cuts.next().unwrap_or(1).min(rest.len()));
                rest = later;
                let id = SegmentId(next_id);
                next_id += 1;
                let mut builder = EventBatchBuilder::new(topic.as_str(), *partition);
                for (row, event) in now.iter().enumerate() {
                    offset += event.gap;
                    let kind = if event.stamp.is_some() { TimestampType::Create } else { TimestampType::None };
                    let stamp = event.stamp.unwrap_or(-1);
                    let headers = event.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
                    builder.push(offset, stamp, kind, event.key.as_deref(), event.value.as_deref(), headers);
                    let key = time_key(stamp, kind as i8);
                    naive.push(Naive {
                        key,
                        at: Coordinates { topic: topic.as_str().into(), partition: *partition, offset },
                        id: EventId { segment: id, row: row as u32 },
                        runs_backwards: key != UNTIMED && last_key > key,
                    });
                    last_key = key;
                }
                segments.extend(Segment::live(id, builder.finish(), (0, offset + 1)).map(Arc::new));
            }
            let partition = Arc::new(PartitionSnapshot {
                partition: *partition,
                segments,
                coverage: Coverage::new(),
                watermarks: None,
                watermarks_at_ms: None,
                failure: None,
            });
            match topics.last_mut().filter(|last| *last.name == **topic) {
                Some(last) => last.partitions.push(partition),
                None => topics.push(TopicSnapshot {
                    name: topic.as_str().into(),
                    config: TopicConfig::default(),
                    partitions: vec![partition],
                }),
            }
        }
        let origin = Arc::new(Origin::Sample { events: naive.len() as u64, seed: 0 });
        (Snapshot::new(1, origin, topics.into_iter().map(Arc::new).collect()), naive)
    }
}
