//! One thread from its first event to its last: steps, and what led from one to another.

use rustc_hash::FxHashMap;

use super::Role;
use super::reader::Flags;
use super::threads::Threads;
use crate::event::{Coordinates, TopicPartition};

/// What is known of how one event led to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EdgeKind {
    /// The later one names the earlier one as its cause, by its identity or by the hop of the trace that it was sent in.
    Causation,
    /// The later one is a dead letter; its headers say that it was the earlier one.
    DeadLetter,
    /// The later one is the earlier one, put aside to be tried again.
    Retry,
    /// The earlier one asked, the later one answers.
    Reply,
    /// Nothing says so: the later one comes next in time.
    Follows,
}

impl EdgeKind {
    /// Whether the events themselves say so.
    pub fn is_exact(self) -> bool {
        self != Self::Follows
    }

    /// The kind as a word, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Causation => "causation",
            Self::DeadLetter => "dead_letter",
            Self::Retry => "retry",
            Self::Reply => "reply",
            Self::Follows => "follows",
        }
    }
}

/// One event led to another; both by their places in the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The earlier event's place.
    pub from: u32,
    /// The later event's place.
    pub to: u32,
    /// What is known of it.
    pub kind: EdgeKind,
    /// From one time to the other in milliseconds: negative where times contradict the cause. `None` where an event has
    /// no time.
    pub latency_ms: Option<i64>,
}

/// Who of a thread says what, by place.
#[derive(Default)]
struct Sayers {
    /// By identity: the first that has it; `None` where it is that of events of several participants.
    identities: FxHashMap<u32, Option<u32>>,
    /// By the hop of a trace: the event that was sent in it; `None` where several were.
    spans: FxHashMap<u32, Option<u32>>,
    requests: FxHashMap<u32, u32>,
    /// By correlation: how many say it whose identity it is not.
    correlations: FxHashMap<u32, u32>,
    /// By where an event stands, in a thread that has copies.
    places: FxHashMap<(u32, i64), u32>,
    /// The copies, by what they are copies of.
    copies: FxHashMap<Coordinates, Vec<u32>>,
}

impl Threads {
    /// What led to each event of a thread, by its place in the thread: its exact cause where the events say one, else
    /// the event before it. Nothing led to the first.
    pub fn edges(&self, thread: u32) -> Vec<Edge> {
        let events = self.events_of(thread);
        let sayers = self.sayers(events);
        let mut edges = Vec::with_capacity(events.len());
        for (place, &event) in events.iter().enumerate() {
            let Some((from, kind)) = self.cause(events, place, &sayers) else { continue };
            let (one, other) = (self.time_ms(events[from as usize]), self.time_ms(event));
            let latency_ms = one.zip(other).map(|(one, other)| other - one);
            edges.push(Edge { from, to: place as u32, kind, latency_ms });
        }
        edges
    }

    fn sayers(&self, events: &[u32]) -> Sayers {
        let mut sayers = Sayers::default();
        let mut any_copy = false;
        for (place, &event) in (0_u32..).zip(events) {
            let flags = self.flags(event);
            // A copy carries the headers of what it was; it is not that event.
            if flags.has(Flags::COPY) {
                any_copy = true;
                if let Some(origin) = self.origin(event) {
                    sayers.copies.entry(origin.clone()).or_default().push(place);
                }
                continue;
            }
            for (slot, role) in self.events().links_of(event) {
                match role {
                    Role::Identity => {
                        let other = |known: &Option<u32>| {
                            known
                                .is_none_or(|known| self.participant(events[known as usize]) != self.participant(event))
                        };
                        match sayers.identities.get_mut(&slot) {
                            None => _ = sayers.identities.insert(slot, Some(place)),
                            Some(known) if self.is_shared(slot) && other(known) => *known = None,
                            Some(_) => {}
                        }
                    }
                    Role::Span => _ = sayers.spans.entry(slot).and_modify(|one| *one = None).or_insert(Some(place)),
                    Role::Reply if flags.has(Flags::ASKS_REPLY) => _ = sayers.requests.entry(slot).or_insert(place),
                    Role::Correlation => {
                        let own = self.events().links_of(event).any(|link| link == (slot, Role::Identity));
                        *sayers.correlations.entry(slot).or_default() += u32::from(!own);
                    }
                    _ => {}
                }
            }
        }
        if any_copy {
            let at = |(place, &event): (u32, &u32)| (self.events().place(event), place);
            sayers.places = (0_u32..).zip(events).map(at).collect();
        }
        sayers
    }

    fn cause(&self, events: &[u32], place: usize, sayers: &Sayers) -> Option<(u32, EdgeKind)> {
        let event = events[place];
        let flags = self.flags(event);
        if flags.has(Flags::COPY)
            && let Some(was) = self.copied(events, place, sayers)
        {
            let kind = if flags.has(Flags::RETRY) { EdgeKind::Retry } else { EdgeKind::DeadLetter };
            return Some((was, kind));
        }
        let others = |found: Option<u32>| found.filter(|&other| other as usize != place);
        let identity = |slot: u32| others(sayers.identities.get(&slot).copied().flatten());
        let exact = self.events().links_of(event).find_map(|(slot, role)| match role {
            Role::Causation => {
                let hop = || others(sayers.spans.get(&slot).copied().flatten());
                identity(slot).or_else(hop).map(|cause| (cause, EdgeKind::Causation))
            }
            Role::Reply if !flags.has(Flags::ASKS_REPLY) => {
                others(sayers.requests.get(&slot).copied()).map(|request| (request, EdgeKind::Reply))
            }
            _ => None,
        });
        // A correlation id that is another's identity, and that nobody else repeats, names the parent.
        let parent = || {
            let only = |slot: &u32| sayers.correlations.get(slot) == Some(&1);
            let mut said = self.events().links_of(event).filter(|&(_, role)| role == Role::Correlation);
            said.find_map(|(slot, _)| identity(slot).filter(|_| only(&slot))).map(|cause| (cause, EdgeKind::Causation))
        };
        let before = || place.checked_sub(1).map(|before| (before as u32, EdgeKind::Follows));
        exact.or_else(|| if flags.has(Flags::COPY) { None } else { parent() }).or_else(before)
    }

    /// What an event is a copy of: the copy before it, of the same event in another topic; else that event.
    fn copied(&self, events: &[u32], place: usize, sayers: &Sayers) -> Option<u32> {
        let origin = self.origin(events[place])?;
        let own = self.topic_number(events[place]);
        let copies = sayers.copies.get(origin)?;
        let earlier = copies.iter().rev().copied().filter(|&copy| (copy as usize) < place);
        let hop = earlier.into_iter().find(|&copy| self.topic_number(events[copy as usize]) != own);
        hop.or_else(|| {
            let partitions = &self.events().partitions;
            let is_there = |known: &TopicPartition| known.topic == origin.topic && known.partition == origin.partition;
            let partition = partitions.iter().position(is_there)? as u32;
            let was = sayers.places.get(&(partition, origin.offset)).copied();
            was.filter(|&was| was as usize != place)
        })
    }

    /// A number that is the same for the partitions of one topic: the first of them.
    pub(super) fn topic_number(&self, event: u32) -> usize {
        let partitions = &self.events().partitions;
        let (partition, _) = self.events().place(event);
        let topic = &partitions[partition as usize].topic;
        partitions.iter().position(|known| known.topic == *topic).unwrap_or_default()
    }
}
