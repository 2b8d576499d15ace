//! The threads that came of correlating: a frozen picture, cheap to clone and to ask.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Role;
use super::column::Column;
use super::dead_letter::Origin;
use super::events::Events;
use super::reader::{Flags, Reader, Said};
use super::resolve::Resolved;
use crate::event::{Coordinates, TopicName};
use crate::store::{Damage, Snapshot};

/// How many of a thread's events are looked at for the value that names it.
const NAMED_BY: usize = 64;

/// Threads, numbered in the order of their first events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Threads(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    events: Events,
    hashes: Column<u64>,
    resolved: Resolved,
    told: Told,
}

/// What the numbers in the columns stand for.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) steps: Arc<[Arc<str>]>,
    pub(super) participants: Arc<[Arc<str>]>,
    pub(super) readers: FxHashMap<TopicName, Arc<Reader>>,
    pub(super) refused: u64,
    pub(super) origins: FxHashMap<u32, Origin>,
}

/// A thread at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The thread's number.
    pub thread: u32,
    /// When its first event with a time happened, in milliseconds since the epoch.
    pub start_ms: Option<i64>,
    /// When its last event happened.
    pub end_ms: Option<i64>,
    /// How many events it has.
    pub events: u32,
    /// Numbers of its participants, in the order of their first events.
    pub participants: Vec<u16>,
    /// The number of its first step.
    pub first: u16,
    /// The number of its last step.
    pub last: u16,
}

impl Summary {
    /// From its start to its end in milliseconds; `None` where no event has a time.
    pub fn duration_ms(&self) -> Option<i64> {
        self.start_ms.zip(self.end_ms).map(|(start, end)| end.saturating_sub(start))
    }
}

/// A value that would have tied very many stories into one, and was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// How many events say it.
    pub events: u32,
    /// One of them.
    pub example: Coordinates,
    pub(super) slot: u32,
}

impl Threads {
    pub(super) fn new(events: Events, hashes: Column<u64>, resolved: Resolved, told: Told) -> Self {
        Self(Arc::new(Inner { events, hashes, resolved, told }))
    }

    /// How many threads there are.
    pub fn len(&self) -> usize {
        self.0.resolved.starts.len().saturating_sub(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events were taken in.
    pub fn events_taken(&self) -> u64 {
        self.0.events.len() as u64
    }

    /// How many events belong to no thread: they say no value that ties.
    pub fn loose(&self) -> u64 {
        self.0.resolved.loose
    }

    /// How many values or events there was no room for (4 billion events, half a billion values).
    pub fn refused(&self) -> u64 {
        self.0.told.refused
    }

    /// Whether there are more kinds of steps, or more participants, than are told apart (65 535): all others are one,
    /// called `(others)`.
    pub fn has_others(&self) -> bool {
        [&self.0.told.steps, &self.0.told.participants].iter().any(|names| names.len() > usize::from(u16::MAX))
    }

    /// Bytes of memory that the picture takes beside what it shares with the correlator.
    pub fn bytes(&self) -> usize {
        let resolved = &self.0.resolved;
        (resolved.thread_of_slot.capacity() + resolved.starts.capacity() + resolved.order.capacity()) * size_of::<u32>()
    }

    /// A thread's events, as numbers, in the narrative's order.
    pub fn events_of(&self, thread: u32) -> &[u32] {
        let starts = &self.0.resolved.starts;
        let at = thread as usize;
        match (starts.get(at), starts.get(at + 1)) {
            (Some(&from), Some(&to)) => &self.0.resolved.order[from as usize..to as usize],
            _ => &[],
        }
    }

    /// Where an event stands in its log.
    ///
    /// # Panics
    /// If no thread has an event of this number.
    pub fn coordinates(&self, event: u32) -> Coordinates {
        self.0.events.coordinates(event)
    }

    /// The event's time in milliseconds since the epoch; `None` where its record has none.
    pub fn time_ms(&self, event: u32) -> Option<i64> {
        self.0.events.time_ms(event)
    }

    /// The number of the event's step.
    pub fn step(&self, event: u32) -> u16 {
        self.0.events.steps.get(event as usize)
    }

    /// The name of a step.
    pub fn step_name(&self, step: u16) -> &Arc<str> {
        &self.0.told.steps[usize::from(step)]
    }

    /// The names of all steps, by number.
    pub fn steps(&self) -> &[Arc<str>] {
        &self.0.told.steps
    }

    /// The number of the event's participant.
    pub fn participant(&self, event: u32) -> u16 {
        self.0.events.participants.get(event as usize)
    }

    /// The name of a participant: the service that made the event, else its topic.
    pub fn participant_name(&self, participant: u16) -> &Arc<str> {
        &self.0.told.participants[usize::from(participant)]
    }

    /// The names of all participants, by number.
    pub fn participants(&self) -> &[Arc<str>] {
        &self.0.told.participants
    }

    /// The topic of an event.
    pub fn topic(&self, event: u32) -> TopicName {
        let (partition, _) = self.0.events.place(event);
        self.0.events.partitions[partition as usize].topic.clone()
    }

    pub(super) fn events(&self) -> &Events {
        &self.0.events
    }

    pub(super) fn flags(&self, event: u32) -> Flags {
        self.0.events.flags_of(event)
    }

    pub(super) fn origin(&self, event: u32) -> Option<&Origin> {
        self.0.told.origins.get(&event)
    }

    /// Whether a value is the identity of events of several participants.
    pub(super) fn is_shared(&self, slot: u32) -> bool {
        self.0.resolved.shared.contains_key(&slot)
    }

    pub(super) fn readers(&self) -> impl Iterator<Item = &Arc<Reader>> {
        self.0.told.readers.values()
    }

    pub(super) fn hashes(&self) -> &Column<u64> {
        &self.0.hashes
    }

    pub(super) fn resolved(&self) -> &Resolved {
        &self.0.resolved
    }

    pub(super) fn reader(&self, topic: &str) -> Option<&Arc<Reader>> {
        self.0.told.readers.get(topic)
    }

    /// A thread at a glance.
    pub fn summary(&self, thread: u32) -> Summary {
        let events = self.events_of(thread);
        let mut participants: Vec<u16> = Vec::new();
        for &event in events {
            let participant = self.participant(event);
            if participants.last() != Some(&participant) && !participants.contains(&participant) {
                participants.push(participant);
            }
        }
        let (first, last) = (events.first().copied(), events.last().copied());
        Summary {
            thread,
            start_ms: events.iter().find_map(|&event| self.time_ms(event)),
            end_ms: last.and_then(|event| self.time_ms(event)),
            events: events.len() as u32,
            participants,
            first: first.map_or(0, |event| self.step(event)),
            last: last.map_or(0, |event| self.step(event)),
        }
    }

    /// The thread of the event there.
    pub fn thread_at(&self, at: &Coordinates) -> Option<u32> {
        let event = self.0.events.finder().find(at)?;
        self.thread_of(event)
    }

    /// The number of the event there, if it was taken in.
    pub fn event_at(&self, at: &Coordinates) -> Option<u32> {
        self.0.events.finder().find(at)
    }

    /// The thread of an event.
    pub fn thread_of(&self, event: u32) -> Option<u32> {
        self.0.resolved.thread_of(&self.0.events, event)
    }

    /// Values that would have tied too much, and were left out; the one that most events say first.
    pub fn hubs(&self) -> Vec<Hub> {
        let hub = |hub: &super::resolve::HubSlot| Hub {
            events: hub.events,
            example: self.0.events.coordinates(hub.example),
            slot: hub.slot,
        };
        self.0.resolved.hubs.iter().map(hub).collect()
    }

    /// The value of a hub, and the field that says it.
    ///
    /// # Errors
    /// When the segment that holds its example is damaged.
    pub fn hub_value(&self, hub: &Hub, snapshot: &Snapshot) -> Result<Option<Said>, Damage> {
        let hash = self.0.hashes.get(hub.slot as usize);
        let Some(event) = self.event_at(&hub.example) else { return Ok(None) };
        Ok(self.said(event, snapshot)?.into_iter().find(|said| said.hash == hash))
    }

    /// The tying values of an event.
    ///
    /// # Errors
    /// When the segment that holds the event is damaged.
    pub fn said(&self, event: u32, snapshot: &Snapshot) -> Result<Vec<Said>, Damage> {
        let at = self.coordinates(event);
        let Some(reader) = self.reader(&at.topic) else { return Ok(Vec::new()) };
        let Some(id) = snapshot.find(&at)? else { return Ok(Vec::new()) };
        let Some(stored) = snapshot.event(id)? else { return Ok(Vec::new()) };
        let event = stored.get();
        Ok(reader.said(event.batch(), event.row()))
    }

    /// Why a dead letter was put aside, in the words of its headers.
    ///
    /// # Errors
    /// When the segment that holds the event is damaged.
    pub fn reason(&self, at: &Coordinates, snapshot: &Snapshot) -> Result<Option<String>, Damage> {
        let Some(id) = snapshot.find(at)? else { return Ok(None) };
        Ok(snapshot.event(id)?.and_then(|stored| super::dead_letter::reason(stored.get())))
    }

    /// The value that names a thread: the entity or correlation that most of its events share, an entity counting twice
    /// since people know an order by its number; else its trace; else whatever its first event is found by. The first event's coordinates where none can be read.
    ///
    /// # Errors
    /// When the segment that holds the event is damaged.
    pub fn label(&self, thread: u32, snapshot: &Snapshot) -> Result<String, Damage> {
        let events = self.events_of(thread);
        let mut best: Option<(u8, std::cmp::Reverse<u32>, usize, u32)> = None;
        let mut counted: Vec<(u32, u8, u32, usize)> = Vec::new();
        for (place, &event) in events.iter().take(NAMED_BY).enumerate() {
            for (slot, role) in self.0.events.links_of(event) {
                if self.0.resolved.thread_of_slot[slot as usize] != thread {
                    continue;
                }
                let (class, weight) = (class_of(role), if role == Role::Entity { 2 } else { 1 });
                match counted.iter_mut().find(|(known, ..)| *known == slot) {
                    Some((_, best, count, _)) => {
                        *best = (*best).min(class);
                        *count += weight;
                    }
                    None => counted.push((slot, class, weight, place)),
                }
            }
        }
        for (slot, class, count, place) in counted {
            let rank = (class, std::cmp::Reverse(count), place, slot);
            if best.is_none_or(|best| rank < best) {
                best = Some(rank);
            }
        }
        if let Some((_, _, place, slot)) = best {
            let hash = self.0.hashes.get(slot as usize);
            let said = self.said(events[place], snapshot)?;
            if let Some(said) = said.into_iter().find(|said| said.hash == hash) {
                return Ok(said.text);
            }
        }
        Ok(events.first().map(|&event| self.coordinates(event).to_string()).unwrap_or_default())
    }
}

/// How well a role names a thread, best first.
fn class_of(role: Role) -> u8 {
    match role {
        Role::Entity | Role::Correlation => 0,
        Role::Reply | Role::Transaction => 1,
        Role::Trace => 2,
        Role::Identity | Role::Causation | Role::Span => 3,
    }
}
