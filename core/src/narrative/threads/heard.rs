//! The events that are asked by which fields a log's events belong together.
//!
//! Of a large log many are looked at, in stretches from end to end, since random events have nothing to do with each other.
//! A story may be longer than any stretch, so the events are not taken as neighbours but by what they say: one value of so
//! many is chosen by its hash, every event that says such a value is kept, and so is what those are tied to. Of the
//! chosen values all is known then, however far their events lie apart.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::field::Field;
use super::resolve::SMALL;
use super::role::Role;
use super::suggest::Look;
use super::text;
use crate::event::TopicName;
use crate::narrative::Narrative;
use crate::store::{Damage, EventId, Snapshot};

/// How many events are looked at, in how many stretches where that is not all.
const LOOKED_AT: u64 = 400_000;
const STRETCHES: u64 = 20;
/// So many events are all kept.
const KEPT: usize = 120_000;
/// So many values are chosen of more events.
const CHOSEN: usize = 30_000;

/// A value that an event says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spoken {
    pub(super) hash: u64,
    /// The field's place in its topic's profile.
    pub(super) field: u16,
    pub(super) plain: bool,
}

/// What the events of one segment say.
struct Part {
    topic: usize,
    said: Vec<Spoken>,
    /// Where each event's values end.
    ends: Vec<u32>,
    /// For each field in how many events it is, and in how many it is equal to the key.
    alike: Vec<(u64, u64)>,
}

/// What was heard of a log.
pub(super) struct Heard {
    parts: Vec<Part>,
    keep: Option<Vec<Vec<bool>>>,
    /// One value of so many is judged by.
    pub(super) one_of: u64,
}

impl Heard {
    pub(super) fn of(snapshot: &Snapshot, topics: &[TopicName], looks: &[Look]) -> Result<Self, Damage> {
        let narrative = Narrative::new(snapshot, topics, None);
        let all = narrative.len();
        let stretches = if all <= LOOKED_AT { 1 } else { STRETCHES };
        let mut chosen: Vec<EventId> = Vec::new();
        for stretch in 0..stretches {
            let rows = narrative.rows(all * stretch / stretches, (LOOKED_AT / stretches) as usize)?;
            chosen.extend(rows.into_iter().map(|row| row.id));
        }
        chosen.sort_unstable();
        chosen.dedup();
        let of_segments: Vec<&[EventId]> = chosen.chunk_by(|one, other| one.segment == other.segment).collect();
        let parts: Result<Vec<Option<Part>>, Damage> =
            of_segments.into_par_iter().map(|events| Part::of(snapshot, events, looks)).collect();
        let mut heard = Self { parts: parts?.into_iter().flatten().collect(), keep: None, one_of: 1 };
        heard.choose(looks);
        Ok(heard)
    }

    fn choose(&mut self, looks: &[Look]) {
        let events: usize = self.parts.iter().map(|part| part.ends.len()).sum();
        if events <= KEPT {
            return;
        }
        // A trace says nothing of how coarse anything is, and every event may have one.
        let counts = |topic: usize, said: &Spoken| {
            looks[topic].found.profile.fields[usize::from(said.field)].role != Role::Trace
        };
        let distinct: FxHashSet<u64> = self
            .parts
            .iter()
            .flat_map(|part| part.said.iter().filter(|said| counts(part.topic, said)))
            .map(|said| said.hash)
            .collect();
        self.one_of = distinct.len().div_ceil(CHOSEN).max(1) as u64;
        drop(distinct);
        let mut near: FxHashMap<u64, u32> = FxHashMap::default();
        let mut keep: Vec<Vec<bool>> = Vec::new();
        for part in &self.parts {
            let is_chosen = |said: &Spoken| counts(part.topic, said) && self.is_judged(said.hash);
            let chosen: Vec<bool> = part.events().map(|said| said.iter().any(is_chosen)).collect();
            for (said, _) in part.events().zip(&chosen).filter(|(_, chosen)| **chosen) {
                near.extend(said.iter().map(|said| (said.hash, 0)));
            }
            keep.push(chosen);
        }
        for said in self.parts.iter().flat_map(|part| &part.said) {
            if let Some(count) = near.get_mut(&said.hash) {
                *count += 1;
            }
        }
        // What is said everywhere is near to everything.
        let is_near = |said: &Spoken| near.get(&said.hash).is_some_and(|&count| count <= 2 * SMALL);
        for (part, keep) in self.parts.iter().zip(&mut keep) {
            for (said, keep) in part.events().zip(keep) {
                *keep = *keep || said.iter().any(is_near);
            }
        }
        self.keep = Some(keep);
    }

    /// Whether a value is judged by: all that was looked at of it is kept.
    pub(super) fn is_judged(&self, hash: u64) -> bool {
        hash.is_multiple_of(self.one_of)
    }

    /// The events that are kept: the topic's place and what they say.
    pub(super) fn kept(&self) -> impl Iterator<Item = (usize, &[Spoken])> {
        self.parts.iter().enumerate().flat_map(move |(number, part)| {
            let keep = self.keep.as_ref().map(|keep| &keep[number]);
            let is_kept = move |event: usize| keep.is_none_or(|keep| keep[event]);
            let events = part.events().enumerate().filter(move |(event, _)| is_kept(*event));
            events.map(move |(_, said)| (part.topic, said))
        })
    }

    /// In how many events a field of a topic is, and in how many it equals the key.
    pub(super) fn alike(&self, topic: usize, field: usize) -> (u64, u64) {
        let parts = self.parts.iter().filter(|part| part.topic == topic);
        let add = |one: (u64, u64), other: (u64, u64)| (one.0 + other.0, one.1 + other.1);
        parts.filter_map(|part| part.alike.get(field).copied()).fold((0, 0), add)
    }
}

impl Part {
    fn of(snapshot: &Snapshot, events: &[EventId], looks: &[Look]) -> Result<Option<Self>, Damage> {
        let Some(segment) = events.first().and_then(|event| snapshot.segment(event.segment)) else { return Ok(None) };
        let name = &segment.partition().topic;
        let Ok(topic) = looks.binary_search_by(|look| look.found.profile.topic.cmp(name)) else { return Ok(None) };
        let fields = &looks[topic].found.profile.fields;
        let key = fields.iter().position(|known| known.field == Field::Key(Default::default()));
        let rows: Vec<u32> = events.iter().map(|event| event.row).collect();
        let batch = segment.events()?;
        let mut part = Self { topic, said: Vec::new(), ends: vec![0; rows.len()], alike: vec![(0, 0); fields.len()] };
        let (mut before, mut key_text) = (0, (usize::MAX, String::new()));
        looks[topic].reader.each_tie(&batch, &rows, |at, field, hash, tie| {
            if at != before {
                part.ends[before..at].fill(part.said.len() as u32);
                before = at;
            }
            part.alike[field].0 += 1;
            if Some(field) == key {
                key_text.0 = at;
                key_text.1.clear();
                key_text.1.push_str(tie);
            } else if key_text.0 == at && key_text.1 == tie {
                part.alike[field].1 += 1;
            }
            part.said.push(Spoken { hash, field: field as u16, plain: text::is_plain(tie) });
        });
        part.ends[before..].fill(part.said.len() as u32);
        segment.release();
        Ok(Some(part))
    }

    /// What each event says.
    fn events(&self) -> impl Iterator<Item = &[Spoken]> {
        self.ends.iter().enumerate().map(|(event, &to)| {
            let from = if event == 0 { 0 } else { self.ends[event - 1] };
            &self.said[from as usize..to as usize]
        })
    }
}
