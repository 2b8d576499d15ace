//! Taking events in, batch by batch, and tying them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::dead_letter::Origin;
use super::events::{Chunk, Events, link};
use super::profile::Profile;
use super::reader::{Extracted, Names, Reader, StepNames};
use super::resolve;
use super::threads::Threads;
use super::values::Values;
use crate::codec::{Choice, TopicCodecs};
use crate::event::{EventBatch, TopicName, TopicPartition};
use crate::store::{Damage, Segment, Snapshot};

/// Rows of a segment that one thread looks at at a time.
const SLICE: usize = 16_384;

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
    end_ms: Option<i64>,
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
            end_ms: None,
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
        self.events.bytes() + self.values.bytes()
    }

    /// Takes a batch's events; those that were taken before are passed over.
    pub fn take(&mut self, batch: &EventBatch) {
        for part in self.untaken(batch) {
            let extracted = self.reader(part.topic()).extract(&part);
            self.absorb(extracted);
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
        let mut waiting: Vec<(Arc<Reader>, EventBatch)> = Vec::new();
        let mut extracted: Vec<Extracted> = Vec::new();
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
                    for part in self.untaken(&batch) {
                        let reader = self.reader(part.topic());
                        for from in (0..part.len()).step_by(SLICE) {
                            waiting.push((reader.clone(), part.slice(from, SLICE.min(part.len() - from))));
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
        ready: Vec<Extracted>,
        waiting: Vec<(Arc<Reader>, EventBatch)>,
        done: &AtomicU64,
    ) -> Vec<Extracted> {
        let read = || waiting.par_iter().map(|(reader, batch)| reader.extract(batch)).collect();
        let absorb = || {
            for extracted in ready {
                let events = extracted.offsets.len() as u64;
                self.absorb(extracted);
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

    /// The parts of a batch that were not taken before; marks them as taken.
    fn untaken(&mut self, batch: &EventBatch) -> Vec<EventBatch> {
        let offsets = batch.offsets();
        let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else { return Vec::new() };
        let number = self.number(TopicPartition::new(batch.topic().clone(), batch.partition()));
        let ranges = &mut self.taken[number as usize];
        let mut parts = Vec::new();
        let mut from = 0;
        for &(taken_first, taken_last) in ranges.iter() {
            let to = offsets.partition_point(|&offset| offset < taken_first);
            if from < to {
                parts.push(batch.slice(from, to - from));
            }
            from = from.max(offsets.partition_point(|&offset| offset <= taken_last));
        }
        if from < offsets.len() {
            parts.push(batch.slice(from, offsets.len() - from));
        }
        ranges.push((first, last));
        ranges.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::with_capacity(ranges.len());
        for &(first, last) in ranges.iter() {
            match joined.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        *ranges = joined;
        parts
    }

    fn absorb(&mut self, extracted: Extracted) {
        let Some(topic) = &extracted.topic else { return };
        let partition = self.number(TopicPartition::new(topic.clone(), extracted.partition));
        let numbers =
            |own: &mut Names, said: &Names| -> Vec<u16> { said.all().iter().map(|name| own.number(name)).collect() };
        let steps = numbers(&mut self.steps, &extracted.step_names);
        let participants = numbers(&mut self.participants, &extracted.participant_names);
        let mut origins = extracted.origins.iter().peekable();
        let mut slots: Vec<u32> = Vec::with_capacity(8);
        let first = self.events.len() as u32;
        for row in 0..extracted.offsets.len() {
            let from = if row == 0 { 0 } else { extracted.ends[row - 1] as usize };
            let links = &extracted.links[from..extracted.ends[row] as usize];
            let origin = origins.next_if(|(at, _)| *at as usize == row);
            let at_ms = extracted.times_ms[row];
            if self.settings.range_ms.is_some_and(|(from, to)| !(from..to).contains(&at_ms)) {
                continue;
            }
            let event = self.events.len() as u32;
            if event == u32::MAX {
                self.refused += 1;
                continue;
            }
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
                self.events.links.push(link(slot, role));
            }
            if at_ms != i64::MIN {
                self.end_ms = Some(self.end_ms.map_or(at_ms, |end| end.max(at_ms)));
            }
            self.place(partition, extracted.offsets[row], first);
            self.events.times_ms.push(at_ms);
            self.events.steps.push(steps[usize::from(extracted.steps[row])]);
            self.events.participants.push(participants[usize::from(extracted.participants[row])]);
            self.events.flags.push(extracted.flags[row]);
            self.events.ends.push(self.events.links.len() as u32);
            if let Some((_, origin)) = origin {
                self.origins.push((event, origin.clone()));
            }
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
        let resolved = resolve::resolve(&self.events, &self.values, &self.origins, self.settings.keep_hubs);
        Threads::new(
            self.events.clone(),
            self.values.hashes().clone(),
            resolved,
            super::threads::Told {
                steps: self.steps.all().into(),
                participants: self.participants.all().into(),
                readers: self.readers.clone(),
                end_ms: self.end_ms,
                refused: self.refused,
                origins: self.origins.iter().cloned().collect(),
            },
        )
    }
}
