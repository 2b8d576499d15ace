//! Taking events in, batch by batch, and tying them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::column::Column;
use super::dead_letter::Origin;
use super::events::{Chunk, Events, link};
use super::names::Names;
use super::profile::Profile;
use super::reader::{Extracted, Flags, Reader, StepNames};
use super::resolve::{self, Tying};
use super::role::Role;
use super::threads::Threads;
use super::values::Values;
use crate::codec::{Choice, TopicCodecs};
use crate::event::{EventBatch, TopicName, TopicPartition};
use crate::store::{Damage, Segment, Snapshot};

/// Rows of a segment that one thread looks at at a time.
const SLICE: usize = 16_384;

/// Nobody's identity.
const NOBODY: u16 = u16::MAX;

/// The first and the last offset of a stretch.
type Covers = (i64, i64);

/// A part of a batch that waits to be read, and the offsets that it accounts for.
type Slice = (Arc<Reader>, EventBatch, Covers);

/// How events are to be tied.
#[derive(Clone, Default)]
pub struct Settings {
    /// By which fields of which topics.
    pub profile: Profile,
    /// How each topic's payloads are decoded; a topic that is not named has texts for keys and JSON for values.
    pub codecs: FxHashMap<TopicName, TopicCodecs>,
    /// What a step is, where a person says so.
    pub steps: Option<StepNames>,
    /// Only events from the first time on and before the second, in milliseconds since the epoch.
    pub range_ms: Option<(i64, i64)>,
    /// Ties by a value however many stories it would tie into one: what a person asked for by name is not second-guessed.
    pub keep_hubs: bool,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("profile", &self.profile).field("range_ms", &self.range_ms).finish()
    }
}

/// Takes events in and ties them into threads.
///
/// What comes out depends on which events were taken, not on the order in which they came or how they were cut into
/// batches: the tying itself ([`Correlator::threads`]) looks at all that was taken.
#[derive(Debug)]
pub struct Correlator {
    settings: Settings,
    readers: FxHashMap<TopicName, Arc<Reader>>,
    partitions: FxHashMap<TopicPartition, u32>,
    /// Offsets that were taken of each partition, as sorted ranges of first and last.
    taken: Vec<Vec<(i64, i64)>>,
    events: Events,
    values: Values,
    steps: Names,
    participants: Names,
    origins: Vec<(u32, Origin)>,
    /// Places of changes in their transactions, by event.
    orders: Vec<(u32, u32)>,
    /// Of each value that is an identity: whose, as the first event's participant.
    owners: Column<u16>,
    /// Values that are identities of events of several participants.
    shared: FxHashSet<u32>,
    refused: u64,
}

impl Correlator {
    /// Nothing taken yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            readers: FxHashMap::default(),
            partitions: FxHashMap::default(),
            taken: Vec::new(),
            events: Events::default(),
            values: Values::default(),
            steps: Names::default(),
            participants: Names::default(),
            origins: Vec::new(),
            orders: Vec::new(),
            owners: Column::default(),
            shared: FxHashSet::default(),
            refused: 0,
        }
    }

    /// How events are tied.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many events were taken.
    pub fn events(&self) -> u64 {
        self.events.len() as u64
    }

    /// Bytes of memory that the events and their values take.
    pub fn bytes(&self) -> usize {
        let orders = self.orders.capacity() * size_of::<(u32, u32)>();
        self.events.bytes() + self.values.bytes() + self.owners.bytes() + orders
    }

    /// Takes a batch's events; those that were taken before are passed over.
    pub fn take(&mut self, batch: &EventBatch) {
        for (part, covers) in self.untaken(batch) {
            let extracted = self.reader(part.topic()).extract(&part);
            self.absorb(extracted, covers);
        }
    }

    /// Takes every event of a snapshot's topics that was not taken before, on all processors. `done` counts events;
    /// `cancelled` is asked between slices, and what was taken until then stays. Gives the damage that was met: those
    /// events are not in the threads.
    pub fn take_snapshot(
        &mut self,
        snapshot: &Snapshot,
        topics: &[TopicName],
        done: &AtomicU64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Damage> {
        let mut damages = Vec::new();
        let mut names: Vec<&TopicName> = topics.iter().collect();
        names.sort();
        names.dedup();
        let segments: Vec<Arc<Segment>> =
            names.iter().filter_map(|name| snapshot.topic(name)).flat_map(|topic| topic.segments().cloned()).collect();
        let group = rayon::current_num_threads().max(2) * 2;
        let mut waiting: Vec<Slice> = Vec::new();
        let mut extracted: Vec<(Extracted, Covers)> = Vec::new();
        for segment in &segments {
            if cancelled() {
                break;
            }
            if self.has_all(segment) {
                done.fetch_add(segment.len() as u64, Ordering::Relaxed);
                continue;
            }
            match segment.events() {
                Err(damage) => damages.push(damage),
                Ok(batch) => {
                    for (part, (mut first, last)) in self.untaken(&batch) {
                        let reader = self.reader(part.topic());
                        for from in (0..part.len()).step_by(SLICE) {
                            let to = part.len().min(from + SLICE);
                            let until = if to == part.len() { last } else { part.offsets()[to] - 1 };
                            waiting.push((reader.clone(), part.slice(from, to - from), (first, until)));
                            first = until + 1;
                            if waiting.len() >= group {
                                extracted = self.work(extracted, std::mem::take(&mut waiting), done);
                            }
                        }
                    }
                    segment.release();
                }
            }
        }
        if !cancelled() {
            extracted = self.work(extracted, waiting, done);
        }
        self.work(extracted, Vec::new(), done);
        damages
    }

    /// Takes in what was read while the next is being read.
    fn work(
        &mut self,
        ready: Vec<(Extracted, Covers)>,
        waiting: Vec<Slice>,
        done: &AtomicU64,
    ) -> Vec<(Extracted, Covers)> {
        let read = || waiting.par_iter().map(|(reader, batch, covers)| (reader.extract(batch), *covers)).collect();
        let absorb = || {
            for (extracted, covers) in ready {
                let events = extracted.offsets.len() as u64;
                self.absorb(extracted, covers);
                done.fetch_add(events, Ordering::Relaxed);
            }
        };
        let (next, ()) = rayon::join(read, absorb);
        next
    }

    fn reader(&mut self, topic: &TopicName) -> Arc<Reader> {
        if let Some(reader) = self.readers.get(topic) {
            return reader.clone();
        }
        let codecs = self.settings.codecs.get(topic).cloned();
        let codecs = codecs.unwrap_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json));
        let profile = self.settings.profile.topic(topic);
        let reader = Arc::new(Reader::new(topic, profile, codecs, self.settings.steps.clone()));
        self.readers.insert(topic.clone(), reader.clone());
        reader
    }

    fn number(&mut self, partition: TopicPartition) -> u32 {
        let next = self.taken.len() as u32;
        let number = *self.partitions.entry(partition.clone()).or_insert(next);
        if number == next {
            self.taken.push(Vec::new());
            self.events.partitions.push(partition);
        }
        number
    }

    fn has_all(&self, segment: &Segment) -> bool {
        let Some(&number) = self.partitions.get(segment.partition()) else { return false };
        let (first, last) = (segment.first_offset(), segment.last_offset());
        self.taken[number as usize].iter().any(|&(from, to)| from <= first && last <= to)
    }

    /// The parts of a batch that were not taken before, and the offsets that each accounts for.
    fn untaken(&self, batch: &EventBatch) -> Vec<(EventBatch, Covers)> {
        let offsets = batch.offsets();
        let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else { return Vec::new() };
        let number = self.partitions.get(&TopicPartition::new(batch.topic().clone(), batch.partition()));
        let taken = number.map_or(&[][..], |&number| &self.taken[number as usize]);
        let mut parts = Vec::new();
        let (mut from, mut covered) = (0, first);
        for &(taken_first, taken_last) in taken.iter().filter(|&&(from, to)| from <= last && to >= first) {
            let to = offsets.partition_point(|&offset| offset < taken_first);
            if from < to {
                parts.push((batch.slice(from, to - from), (covered, taken_first - 1)));
            }
            from = from.max(offsets.partition_point(|&offset| offset <= taken_last));
            covered = covered.max(taken_last + 1);
        }
        if from < offsets.len() {
            parts.push((batch.slice(from, offsets.len() - from), (covered, last)));
        }
        parts
    }

    /// Marks offsets as taken. Gives what of them was taken before.
    fn mark(&mut self, partition: u32, covers: Covers) -> Vec<Covers> {
        let ranges = &mut self.taken[partition as usize];
        let before = ranges.iter().copied().filter(|&(from, to)| from <= covers.1 && to >= covers.0).collect();
        ranges.push(covers);
        ranges.sort_unstable();
        let mut joined: Vec<Covers> = Vec::with_capacity(ranges.len());
        for &(first, last) in ranges.iter() {
            match joined.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        *ranges = joined;
        before
    }

    /// Takes in what a slice says. Only now its offsets are taken: what was dropped on the way can be read again.
    fn absorb(&mut self, extracted: Extracted, covers: Covers) {
        let Some(topic) = &extracted.topic else { return };
        let partition = self.number(TopicPartition::new(topic.clone(), extracted.partition));
        let before = self.mark(partition, covers);
        let numbers =
            |own: &mut Names, said: &Names| -> Vec<u16> { said.all().iter().map(|name| own.number(name)).collect() };
        let steps = numbers(&mut self.steps, &extracted.step_names);
        let participants = numbers(&mut self.participants, &extracted.participant_names);
        let mut origins = extracted.origins.iter().peekable();
        let mut orders = extracted.orders.iter().peekable();
        let mut slots: Vec<u32> = Vec::with_capacity(8);
        let first = self.events.len() as u32;
        for row in 0..extracted.offsets.len() {
            let from = if row == 0 { 0 } else { extracted.ends[row - 1] as usize };
            let links = &extracted.links[from..extracted.ends[row] as usize];
            let origin = origins.next_if(|(at, _)| *at as usize == row);
            let order = orders.next_if(|(at, _)| *at as usize == row);
            let at_ms = extracted.times_ms[row];
            let offset = extracted.offsets[row];
            if before.iter().any(|&(first, last)| (first..=last).contains(&offset)) {
                continue;
            }
            if self.settings.range_ms.is_some_and(|(from, to)| !(from..to).contains(&at_ms)) {
                continue;
            }
            let event = self.events.len() as u32;
            if event == u32::MAX {
                self.refused += 1;
                continue;
            }
            let participant = participants[usize::from(extracted.participants[row])];
            let flags = extracted.flags[row];
            // A copy carries the identity of what it is a copy of.
            let owns = Flags(flags).has(Flags::OWN_IDENTITY) && !Flags(flags).has(Flags::COPY);
            slots.clear();
            for &(hash, role) in links {
                let Some(slot) = self.values.slot(hash) else {
                    self.refused += 1;
                    continue;
                };
                if !slots.contains(&slot) {
                    slots.push(slot);
                    self.values.counted(slot);
                }
                if owns && role == Role::Identity {
                    self.own(slot, participant);
                }
                self.events.links.push(link(slot, role));
            }
            self.place(partition, offset, first);
            self.events.times_ms.push(at_ms);
            self.events.steps.push(steps[usize::from(extracted.steps[row])]);
            self.events.participants.push(participant);
            self.events.flags.push(flags);
            self.events.ends.push(self.events.links.len() as u32);
            if let Some((_, origin)) = origin {
                self.origins.push((event, origin.clone()));
            }
            self.orders.extend(order.map(|(_, order)| (event, *order)));
        }
    }

    /// A value is the identity of an event of this participant.
    fn own(&mut self, slot: u32, participant: u16) {
        while self.owners.len() <= slot as usize {
            self.owners.push(NOBODY);
        }
        match self.owners.get(slot as usize) {
            NOBODY => self.owners.set(slot as usize, participant),
            owner if owner == participant => {}
            _ => _ = self.shared.insert(slot),
        }
    }

    /// Puts the next event into the chunk before it, if that is of the same batch or goes on right where it ended: so the
    /// offsets of two chunks never mingle.
    fn place(&mut self, partition: u32, offset: i64, first_of_batch: u32) {
        let event = self.events.len() as u32;
        let last = self.events.offsets.len().checked_sub(1).map(|last| self.events.offsets.get(last));
        let goes_on = |chunk: &Chunk| {
            let last = chunk.base + i64::from(last.unwrap_or(0));
            let near = u32::try_from(offset - chunk.base).is_ok();
            chunk.partition == partition && near && offset > last && (event > first_of_batch || offset == last + 1)
        };
        match self.events.chunks.last_mut() {
            Some(chunk) if goes_on(chunk) => chunk.len += 1,
            _ => self.events.chunks.push(Chunk { first: event, len: 1, partition, base: offset }),
        }
        let base = self.events.chunks.last().map_or(offset, |chunk| chunk.base);
        self.events.offsets.push((offset - base) as u32);
    }

    /// Ties all that was taken so far into threads. The correlator can go on taking; the threads stay as they are.
    pub fn threads(&self) -> Threads {
        let tying = Tying {
            roles: self.settings.profile.tying_roles(),
            shared: &self.shared,
            orders: &self.orders,
            keep_hubs: self.settings.keep_hubs,
        };
        let resolved = resolve::resolve(&self.events, &self.values, &self.origins, &tying);
        Threads::new(
            self.events.clone(),
            self.values.hashes().clone(),
            resolved,
            super::threads::Told {
                steps: self.steps.all().into(),
                participants: self.participants.all().into(),
                readers: self.readers.clone(),
                refused: self.refused,
                origins: self.origins.iter().cloned().collect(),
            },
        )
    }
}
