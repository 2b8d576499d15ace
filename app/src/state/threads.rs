//! Threads as the panes show them: all that were tied, and the one that is looked at.

use std::sync::Arc;

use fabula_core::event::{Coordinates, TopicName};
use fabula_core::narrative::threads::diagnose::{Diagnosed, Diagnosis, Kind, Outcome};
use fabula_core::narrative::threads::{Edge, Profile, Threads};
use fabula_core::store::Snapshot;

/// The threads of what had been read at a moment, and what is unusual about them.
#[derive(Debug, Clone)]
pub struct Tied {
    /// The threads.
    pub threads: Threads,
    /// What is unusual, and how each thread came out.
    pub diagnosed: Arc<Diagnosed>,
    /// How many findings there are of each kind; only kinds with any.
    pub kinds: Arc<[(Kind, u64)]>,
    /// When something unusual was found, in nanoseconds since the epoch, in order.
    pub moments: Arc<[i64]>,
    /// By which fields events were tied.
    pub profile: Arc<Profile>,
    /// What had been read.
    pub snapshot: Arc<Snapshot>,
    /// The topics that take part.
    pub topics: Arc<[TopicName]>,
    /// What the threads lack or left out, in sentences.
    pub notes: Arc<[String]>,
    /// Which log this is of.
    pub generation: u64,
    /// Counts the tyings of a window: the same number is the same threads.
    pub number: u64,
}

impl Tied {
    /// How many events of its topics have been read since.
    pub fn behind(&self, now: &Snapshot) -> u64 {
        let events = |snapshot: &Snapshot| -> u64 {
            self.topics.iter().filter_map(|topic| snapshot.topic(topic)).map(|topic| topic.events()).sum()
        };
        events(now).saturating_sub(events(&self.snapshot))
    }
}

/// One thread from its first event to its last.
#[derive(Debug, Clone)]
pub struct Tale {
    /// Its number among the threads.
    pub thread: u32,
    /// Of which threads.
    pub of: u64,
    /// The value that names it.
    pub name: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Its events in the narrative's order.
    pub steps: Vec<TaleStep>,
    /// What led to each event but the first, by the place of the effect.
    pub causes: Vec<Option<Edge>>,
    /// The services (or topics) that took part, in the order of their first events.
    pub participants: Vec<Arc<str>>,
    /// What is unusual about it.
    pub findings: Vec<Diagnosis>,
    /// Steps that peers have and this lacks.
    pub missing: Vec<Arc<str>>,
    /// Fields and their values along the thread.
    pub values: Values,
}

/// One event of a thread.
#[derive(Debug, Clone)]
pub struct TaleStep {
    /// Where it stands in its log.
    pub at: Coordinates,
    /// When it happened, in milliseconds since the epoch.
    pub time_ms: Option<i64>,
    /// What happened.
    pub step: Arc<str>,
    /// Who did it, by place among the participants.
    pub participant: usize,
    /// Findings that this event shows, by their places.
    pub findings: Vec<usize>,
}

/// Fields along a thread.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// The fields' paths.
    pub fields: Vec<String>,
    /// For each field what each step says of it; `None` where it says nothing.
    pub cells: Vec<Vec<Option<String>>>,
    /// How many of the thread's steps were looked at.
    pub steps: usize,
    /// What could not be read.
    pub failure: Option<String>,
}

impl Tale {
    /// From the first to the last time, in milliseconds since the epoch.
    pub fn span_ms(&self) -> Option<(i64, i64)> {
        let times = || self.steps.iter().filter_map(|step| step.time_ms);
        times().min().zip(times().max())
    }

    /// The place of an event.
    pub fn place_of(&self, at: &Coordinates) -> Option<usize> {
        self.steps.iter().position(|step| step.at == *at)
    }
}
