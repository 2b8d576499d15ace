//! When events are tied: once somebody asks for threads, and again when what was read or who takes part has changed.

use std::sync::Arc;

use fabula_core::event::TopicName;
use fabula_core::narrative::threads::Correlator;

use crate::formats::Formats;
use crate::jobs::{Job, Title, Unit};
use crate::panes::Context;
use crate::state::Tied;
use crate::tying::{self, Ask};

/// Ties events, when it is wanted.
#[derive(Default)]
pub(super) struct Tying {
    wanted: bool,
    /// Whether what has been read since is to be taken in.
    again: bool,
    job: Option<(Key, Job<tying::Outcome>)>,
    known: Option<(Key, Correlator)>,
    tied: Option<(Key, Arc<Tied>)>,
    failure: Option<String>,
    number: u64,
    failed: Option<Key>,
}

/// What decides by which fields and of which topics threads are tied.
#[derive(Clone)]
struct Key {
    generation: u64,
    topics: Arc<[TopicName]>,
    formats: Formats,
}

impl Key {
    fn is_same(&self, other: &Self) -> bool {
        self.generation == other.generation && self.topics == other.topics && self.formats.is_same(&other.formats)
    }
}

impl Tying {
    /// From now on there shall be threads.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// Takes in what has been read since.
    pub(super) fn again(&mut self) {
        (self.wanted, self.again, self.failed) = (true, true, None);
    }

    pub(super) fn tied(&self) -> Option<Arc<Tied>> {
        self.tied.as_ref().map(|(_, tied)| Arc::clone(tied))
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    pub(super) fn job(&self) -> Option<&Job<tying::Outcome>> {
        self.job.as_ref().map(|(_, job)| job)
    }

    /// Takes in what was tied and begins what is to be tied; says whether there are other threads than before.
    pub(super) fn update(&mut self, context: &Context<'_>) -> bool {
        let changed = self.take(context);
        let state = context.state;
        let Some(snapshot) = &state.log.snapshot else {
            let had = self.tied.is_some();
            *self = Self { number: self.number, ..Self::default() };
            return had;
        };
        let topics: Vec<TopicName> = state.document.shown.iter().cloned().collect();
        let key = Key { generation: state.log.generation, topics: topics.into(), formats: state.formats.clone() };
        if self.tied.as_ref().is_some_and(|(of, _)| of.generation != key.generation) {
            // Another log: nobody has asked for its threads.
            *self = Self { number: self.number, ..Self::default() };
            return true;
        }
        let stale = self.again || self.tied.as_ref().is_none_or(|(of, _)| !of.is_same(&key));
        let failed = self.failed.as_ref().is_some_and(|failed| failed.is_same(&key));
        if !self.wanted || !stale || failed || self.job.is_some() || key.topics.is_empty() {
            return changed;
        }
        self.again = false;
        self.failure = None;
        self.number += 1;
        let ask = Ask {
            snapshot: Arc::clone(snapshot),
            topics: Arc::clone(&key.topics),
            formats: key.formats.clone(),
            generation: key.generation,
            number: self.number,
        };
        let known = self.known.take().filter(|(of, _)| of.is_same(&key)).map(|(_, correlator)| correlator);
        let title = Title::listed("Tying threads", Unit::Events);
        let job = context.jobs.spawn_blocking(title, move |progress| tying::tie(&ask, known, progress));
        self.job = Some((key, job));
        changed
    }

    fn take(&mut self, context: &Context<'_>) -> bool {
        let Some((key, job)) = &mut self.job else { return false };
        let outcome = match job.poll() {
            Some(outcome) => outcome,
            None if job.is_lost() => (None, Err("tying came to no end".to_owned())),
            None => return false,
        };
        let key = key.clone();
        self.job = None;
        let (correlator, tied) = outcome;
        self.known = correlator.map(|correlator| (key.clone(), correlator));
        match tied {
            Ok(tied) => {
                let before = self.tied.replace((key, Arc::new(tied)));
                context.jobs.drop_aside(before);
                self.failed = None;
                true
            }
            Err(why) => {
                (self.failure, self.failed, self.wanted) = (Some(why), Some(key), self.tied.is_some());
                false
            }
        }
    }
}
