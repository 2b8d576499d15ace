//! One thread from its first event to its last: steps, and what led from one to another.

use rustc_hash::FxHashMap;

use super::Role;
use super::reader::Flags;
use super::threads::Threads;

/// What is known of how one event led to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EdgeKind {
    /// The later one names the earlier one's identity as its cause.
    Causation,
    /// The later one is a dead letter; its headers say that it was the earlier one.
    DeadLetter,
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

impl Threads {
    /// What led to each event of a thread, by its place in the thread: its exact cause where the events say one, else
    /// the event before it. Nothing led to the first.
    pub fn edges(&self, thread: u32) -> Vec<Edge> {
        let events = self.events_of(thread);
        let mut identities: FxHashMap<u32, u32> = FxHashMap::default();
        let mut requests: FxHashMap<u32, u32> = FxHashMap::default();
        for (place, &event) in events.iter().enumerate() {
            let flags = self.flags(event);
            // A dead letter carries the headers of what it was; it is not that event.
            if flags.has(Flags::DEAD_LETTER) {
                continue;
            }
            for (slot, role) in self.events().links_of(event) {
                match role {
                    Role::Identity => _ = identities.entry(slot).or_insert(place as u32),
                    Role::Reply if flags.has(Flags::ASKS_REPLY) => _ = requests.entry(slot).or_insert(place as u32),
                    _ => {}
                }
            }
        }
        let mut edges = Vec::with_capacity(events.len());
        for (place, &event) in events.iter().enumerate() {
            let Some((from, kind)) = self.cause(events, place, &identities, &requests) else { continue };
            let (one, other) = (self.time_ms(events[from as usize]), self.time_ms(event));
            let latency_ms = one.zip(other).map(|(one, other)| other - one);
            edges.push(Edge { from, to: place as u32, kind, latency_ms });
        }
        edges
    }

    fn cause(
        &self,
        events: &[u32],
        place: usize,
        identities: &FxHashMap<u32, u32>,
        requests: &FxHashMap<u32, u32>,
    ) -> Option<(u32, EdgeKind)> {
        let event = events[place];
        let flags = self.flags(event);
        if flags.has(Flags::DEAD_LETTER)
            && let Some(origin) = self.origin(event)
        {
            let was = events.iter().position(|&other| other != event && self.is_at(other, origin));
            if let Some(was) = was {
                return Some((was as u32, EdgeKind::DeadLetter));
            }
        }
        let others = |found: Option<&u32>| found.copied().filter(|&other| other as usize != place);
        let exact = self.events().links_of(event).find_map(|(slot, role)| match role {
            Role::Causation => others(identities.get(&slot)).map(|cause| (cause, EdgeKind::Causation)),
            Role::Reply if !flags.has(Flags::ASKS_REPLY) => {
                others(requests.get(&slot)).map(|request| (request, EdgeKind::Reply))
            }
            _ => None,
        });
        exact.or_else(|| place.checked_sub(1).map(|before| (before as u32, EdgeKind::Follows)))
    }

    /// Which of some events is there.
    pub(super) fn event_in(&self, events: &[u32], at: &crate::event::Coordinates) -> Option<u32> {
        events.iter().copied().find(|&event| self.is_at(event, at))
    }

    fn is_at(&self, event: u32, at: &crate::event::Coordinates) -> bool {
        let (partition, offset) = self.events().place(event);
        let partition = &self.events().partitions[partition as usize];
        offset == at.offset && partition.partition == at.partition && partition.topic == at.topic
    }
}
