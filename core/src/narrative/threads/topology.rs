//! Who writes and who reads which topic, as far as events and consumer groups tell, and what they do not tell.
//!
//! Kafka keeps with an event neither who wrote it nor who reads it. Writers are known where events name them in a header
//! ([`super::TopicProfile::participant`]). Readers are known by the groups that have committed in a topic or have been
//! assigned a part of it. Where an event names another as its cause, or answers it, its service has read the other's
//! topic: such readers are inferred. Everything else is listed as not known.

mod unknown;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::reader::Flags;
use super::tale::EdgeKind;
use super::threads::Threads;
use crate::event::{Coordinates, TopicName};
use crate::narrative::lag::{EventsBehind, GroupStanding, Standings, TimeBehind};
use crate::store::Snapshot;

pub use unknown::Unknown;

/// Between so many threads it is asked whether to go on.
const ASK_EVERY: u32 = 1 << 12;

/// Who writes and who reads which topic.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    /// The topics, sorted by name.
    pub topics: Vec<TopicFlow>,
    /// Services that name themselves, and what they wrote where; by topic, then service.
    pub writers: Vec<Writer>,
    /// Groups by the topics that they read; by topic, then group.
    pub readers: Vec<Reader>,
    /// Services whose events are caused by a topic's; by topic, then service.
    pub inferred: Vec<Inferred>,
    /// What is not known.
    pub unknown: Vec<Unknown>,
    /// When the groups were asked for, in milliseconds since the epoch; `None` where they are not known.
    pub groups_at_ms: Option<i64>,
}

/// Events over a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// How many.
    pub events: u64,
    /// The smallest time, in milliseconds since the epoch; `None` where no event has one.
    pub first_ms: Option<i64>,
    /// The largest time.
    pub last_ms: Option<i64>,
}

impl Flow {
    fn add(&mut self, at_ms: i64) {
        self.events += 1;
        if at_ms != i64::MIN {
            self.first_ms = Some(self.first_ms.map_or(at_ms, |first| first.min(at_ms)));
            self.last_ms = Some(self.last_ms.map_or(at_ms, |last| last.max(at_ms)));
        }
    }

    fn join(&mut self, other: Self) {
        let pick = |one: Option<i64>, other: Option<i64>, of: fn(i64, i64) -> i64| match (one, other) {
            (Some(one), Some(other)) => Some(of(one, other)),
            (one, other) => one.or(other),
        };
        self.events += other.events;
        self.first_ms = pick(self.first_ms, other.first_ms, i64::min);
        self.last_ms = pick(self.last_ms, other.last_ms, i64::max);
    }

    /// Events a second between the first and the last; `None` where they are at one moment or have no times.
    pub fn per_second(self) -> Option<f64> {
        let span_ms = self.last_ms?.checked_sub(self.first_ms?).filter(|span| *span > 0)?;
        Some(self.events.saturating_sub(1) as f64 * 1000.0 / span_ms as f64)
    }
}

/// A topic and what went through it.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicFlow {
    /// The topic.
    pub topic: TopicName,
    /// All of its events.
    pub flow: Flow,
    /// Events that name no service.
    pub unnamed: u64,
    /// Dead letters among its events: their headers are those of what they were, so they name no writer either.
    pub dead_letters: u64,
    /// Where in their threads its events stand on average, from 0 to 1; `None` where they are in none.
    pub place: Option<f64>,
}

/// A service wrote to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// The service, as it names itself.
    pub service: Arc<str>,
    /// The topic.
    pub topic: TopicName,
    /// What it wrote.
    pub flow: Flow,
}

/// A group reads a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Reader {
    /// The group.
    pub group: String,
    /// Its state; `None` where it is not told.
    pub state: Option<String>,
    /// The topic.
    pub topic: TopicName,
    /// Who of its members reads the topic: client id and host; `None` where that is not told.
    pub clients: Option<Vec<(String, String)>>,
    /// In how many of the topic's partitions it has committed.
    pub committed: usize,
    /// How many partitions the topic has.
    pub partitions: usize,
    /// How many events it is behind.
    pub events: Option<EventsBehind>,
    /// How long it is behind.
    pub time: Option<TimeBehind>,
}

/// A service reads a topic, as its own events imply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    /// The service.
    pub service: Arc<str>,
    /// The topic.
    pub topic: TopicName,
    /// How many of its events name one of the topic's as their cause, or answer it.
    pub events: u64,
    /// One of them.
    pub example: Coordinates,
}

impl Topology {
    /// Puts together what threads tell about topics: who wrote them, and who has read them by what came of it.
    /// `cancelled` is asked now and then; what has been gone through by then is told.
    pub fn of(threads: &Threads, topics: &[TopicName], cancelled: &dyn Fn() -> bool) -> Self {
        let mut names: Vec<TopicName> = topics.to_vec();
        names.sort();
        names.dedup();
        let mut gathered = Gathered::new(threads, names);
        gathered.writers();
        gathered.threads(cancelled);
        gathered.finish()
    }

    /// The same with the groups that read the topics, and with what is not known. `groups` is `None` where the log does
    /// not tell them. Cheap beside [`Topology::of`], so it can follow the groups.
    #[must_use]
    pub fn with_groups(&self, snapshot: &Snapshot, groups: Option<&Standings>) -> Self {
        let mut topology = self.clone();
        topology.readers = groups.map_or_else(Vec::new, |groups| readers(groups, &topology.topics));
        topology.groups_at_ms = groups.map(|groups| groups.at_ms);
        topology.unknown = unknown::unknown(&topology, snapshot, groups);
        topology
    }

    /// A topic by its name.
    pub fn topic(&self, name: &str) -> Option<&TopicFlow> {
        self.topics.binary_search_by(|topic| (*topic.topic).cmp(name)).ok().map(|at| &self.topics[at])
    }
}

/// What is being counted.
struct Gathered<'t> {
    threads: &'t Threads,
    topics: Vec<TopicName>,
    /// The place of each partition's topic among the topics.
    of_partition: Vec<Option<usize>>,
    flows: Vec<TopicFlow>,
    written: BTreeMap<(usize, u16), Flow>,
    read: FxHashMap<(usize, u16), (u64, u32)>,
}

impl<'t> Gathered<'t> {
    fn new(threads: &'t Threads, topics: Vec<TopicName>) -> Self {
        let place = |partition: &crate::event::TopicPartition| topics.binary_search(&partition.topic).ok();
        let of_partition = threads.events().partitions.iter().map(place).collect();
        let flow = |topic: &TopicName| TopicFlow {
            topic: topic.clone(),
            flow: Flow::default(),
            unnamed: 0,
            dead_letters: 0,
            place: None,
        };
        let flows = topics.iter().map(flow).collect();
        Self { threads, topics, of_partition, flows, written: BTreeMap::new(), read: FxHashMap::default() }
    }

    /// Whether a participant is a service that named itself: without one an event's participant is its topic.
    fn is_named(&self, topic: usize, participant: u16) -> bool {
        **self.threads.participant_name(participant) != *self.topics[topic]
    }

    /// Goes through all events, in threads or not.
    fn writers(&mut self) {
        let events = self.threads.events();
        for chunk in &events.chunks {
            let Some(topic) = self.of_partition[chunk.partition as usize] else { continue };
            let mut flows: FxHashMap<u16, Flow> = FxHashMap::default();
            for event in chunk.first..chunk.first + chunk.len {
                let at_ms = events.times_ms.get(event as usize);
                self.flows[topic].flow.add(at_ms);
                if self.threads.flags(event).has(Flags::DEAD_LETTER) {
                    self.flows[topic].dead_letters += 1;
                } else {
                    flows.entry(self.threads.participant(event)).or_default().add(at_ms);
                }
            }
            for (participant, flow) in flows {
                match self.is_named(topic, participant) {
                    true => self.written.entry((topic, participant)).or_default().join(flow),
                    false => self.flows[topic].unnamed += flow.events,
                }
            }
        }
    }

    /// Goes through the threads: which service's events were caused by which topic's, and where topics stand.
    fn threads(&mut self, cancelled: &dyn Fn() -> bool) {
        let threads = self.threads;
        let mut places = vec![(0.0_f64, 0_u64); self.topics.len()];
        for thread in 0..threads.len() as u32 {
            if thread % ASK_EVERY == 0 && cancelled() {
                break;
            }
            let events = threads.events_of(thread);
            for (place, &event) in events.iter().enumerate() {
                if let Some(topic) = self.topic_of(event) {
                    places[topic].0 += place as f64 / events.len() as f64;
                    places[topic].1 += 1;
                }
            }
            if events.len() < 2 {
                continue;
            }
            for edge in threads.edges(thread) {
                let (from, to) = (events[edge.from as usize], events[edge.to as usize]);
                let says = matches!(edge.kind, EdgeKind::Causation | EdgeKind::Reply);
                if says && !threads.flags(to).has(Flags::DEAD_LETTER) {
                    self.caused(from, to);
                }
            }
        }
        for (flow, (sum, count)) in self.flows.iter_mut().zip(places) {
            flow.place = (count > 0).then(|| sum / count as f64);
        }
    }

    /// One event caused another: who made the other has read the one, unless it made both and need not have read it.
    fn caused(&mut self, from: u32, to: u32) {
        let (Some(read), Some(written)) = (self.topic_of(from), self.topic_of(to)) else { return };
        let participant = self.threads.participant(to);
        if participant != self.threads.participant(from) && self.is_named(written, participant) {
            self.read.entry((read, participant)).or_insert((0, to)).0 += 1;
        }
    }

    fn topic_of(&self, event: u32) -> Option<usize> {
        let (partition, _) = self.threads.events().place(event);
        self.of_partition[partition as usize]
    }

    fn finish(self) -> Topology {
        let service = |participant: u16| self.threads.participant_name(participant).clone();
        let mut writers: Vec<Writer> = self
            .written
            .iter()
            .map(|(&(topic, participant), &flow)| Writer {
                service: service(participant),
                topic: self.topics[topic].clone(),
                flow,
            })
            .collect();
        writers.sort_by(|one, other| (&one.topic, &one.service).cmp(&(&other.topic, &other.service)));
        let mut inferred: Vec<Inferred> = self
            .read
            .iter()
            .map(|(&(topic, participant), &(events, example))| Inferred {
                service: service(participant),
                topic: self.topics[topic].clone(),
                events,
                example: self.threads.coordinates(example),
            })
            .collect();
        inferred.sort_by(|one, other| (&one.topic, &one.service).cmp(&(&other.topic, &other.service)));
        Topology { topics: self.flows, writers, inferred, ..Topology::default() }
    }
}

fn readers(groups: &Standings, topics: &[TopicFlow]) -> Vec<Reader> {
    let of_topic = |topic: &TopicFlow| {
        let reads = groups.groups.iter().filter_map(|standing| reader(standing, &topic.topic));
        reads.collect::<Vec<Reader>>()
    };
    topics.iter().flat_map(of_topic).collect()
}

fn reader(standing: &GroupStanding, topic: &TopicName) -> Option<Reader> {
    let group = &standing.group;
    let positions = || group.positions.iter().filter(|position| position.partition.topic == *topic);
    let partitions = positions().count();
    if partitions == 0 {
        return None;
    }
    let reads =
        |member: &&crate::log::GroupMember| member.assigned.iter().flatten().any(|partition| partition.topic == *topic);
    let clients = group.members.as_ref().map(|members| {
        let of_topic = members.iter().filter(reads);
        of_topic.map(|member| (member.client_id.clone(), member.host.clone())).collect()
    });
    let (events, time) = standing.within(topic);
    Some(Reader {
        group: group.name.clone(),
        state: group.state.clone(),
        topic: topic.clone(),
        clients,
        committed: positions().filter(|position| position.committed.is_some()).count(),
        partitions,
        events,
        time,
    })
}
