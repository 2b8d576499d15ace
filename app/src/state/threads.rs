//! Threads as the panes show them: all that were tied, and the one that is looked at.

use std::sync::Arc;

use fabula_core::event::{Coordinates, TopicName};
use fabula_core::narrative::threads::diagnose::{Certainty, Diagnosed, Diagnosis, Kind, Outcome};
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
    /// When something unusual was found, in order of time.
    pub moments: Arc<Moments>,
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

/// When findings were made, for the timeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moments {
    /// Nanoseconds since the epoch and the kind, in order of time.
    all: Vec<(i64, Kind)>,
    /// How many of those before each are grave; one more than there are moments.
    graves: Vec<u32>,
}

impl Moments {
    /// Of findings: those that have a time.
    pub fn of(findings: &[Diagnosis]) -> Self {
        let timed = |finding: &Diagnosis| {
            let ns = finding.at_ms?.saturating_mul(1_000_000);
            Some((ns, finding.kind, is_grave(finding.kind) && !finding.may_still_come))
        };
        let mut timed: Vec<(i64, Kind, bool)> = findings.iter().filter_map(timed).collect();
        timed.sort_unstable_by_key(|(ns, kind, grave)| (*ns, *kind, *grave));
        let mut graves = Vec::with_capacity(timed.len() + 1);
        graves.push(0);
        for (at, (.., grave)) in timed.iter().enumerate() {
            graves.push(graves[at] + u32::from(*grave));
        }
        Self { all: timed.into_iter().map(|(ns, kind, _)| (ns, kind)).collect(), graves }
    }

    /// Those from a moment on and before another, by place.
    pub fn within(&self, from_ns: i64, to_ns: i64) -> std::ops::Range<usize> {
        let from = self.all.partition_point(|(ns, _)| *ns < from_ns);
        from..self.all.partition_point(|(ns, _)| *ns < to_ns).max(from)
    }

    /// When the one at a place was.
    pub fn ns(&self, place: usize) -> Option<i64> {
        self.all.get(place).map(|(ns, _)| *ns)
    }

    /// Whether any of some is grave.
    pub fn any_grave(&self, places: std::ops::Range<usize>) -> bool {
        match (self.graves.get(places.start), self.graves.get(places.end)) {
            (Some(before), Some(after)) => after > before,
            _ => false,
        }
    }

    /// How many of each kind there are among some, the most frequent first.
    pub fn kinds(&self, places: std::ops::Range<usize>) -> Vec<(Kind, u64)> {
        let mut counts = [0_u64; Kind::ALL.len()];
        for (_, kind) in self.all.get(places).unwrap_or_default() {
            counts[*kind as usize] += 1;
        }
        let mut kinds: Vec<(Kind, u64)> = Kind::ALL.iter().map(|kind| (*kind, counts[*kind as usize])).collect();
        kinds.retain(|(_, count)| *count > 0);
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        kinds
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Whether a finding of this kind says that something was lost, rather than that it was unlike its peers.
pub fn is_grave(kind: Kind) -> bool {
    matches!(kind, Kind::MissingStep | Kind::Died | Kind::DeadLettered | Kind::Undecodable)
}

impl Tied {
    /// Where a thread's first event stands: by it the thread is found again among others.
    pub fn first_of(&self, thread: u32) -> Option<Coordinates> {
        self.threads.events_of(thread).first().map(|&event| self.threads.coordinates(event))
    }

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
    pub missing: Vec<Missing>,
    /// Fields and their values along the thread.
    pub values: Values,
}

/// A step that peers have and a thread lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The step's name.
    pub step: Arc<str>,
    /// What is known about its absence.
    pub absence: Certainty,
    /// The finding that says so, by its place.
    pub finding: usize,
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
    /// How many fields more there are.
    pub left_out: usize,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: Kind, at_ms: i64, may_still_come: bool) -> Diagnosis {
        Diagnosis {
            kind,
            thread: Some(0),
            what: String::new(),
            sureness: 1.0,
            may_still_come,
            certainty: if may_still_come { Certainty::MayStillCome } else { Certainty::Shown },
            at_ms: Some(at_ms),
            evidence: Vec::new(),
            missing: Vec::new(),
            skew: None,
            explained: false,
        }
    }

    #[test]
    fn moments_are_counted_by_kind_and_gravity() {
        let findings = [
            finding(Kind::SlowEdge, 30, false),
            finding(Kind::MissingStep, 10, true),
            finding(Kind::SlowEdge, 20, false),
            finding(Kind::Died, 40, false),
        ];
        let moments = Moments::of(&findings);
        let ns = |ms: i64| ms * 1_000_000;
        let all = moments.within(ns(0), ns(100));
        assert_eq!(moments.kinds(all.clone()), [(Kind::SlowEdge, 2), (Kind::MissingStep, 1), (Kind::Died, 1)]);
        assert!(moments.any_grave(all));
        assert!(!moments.any_grave(moments.within(ns(0), ns(40))), "what may still come is not grave");
        assert_eq!(moments.within(ns(20), ns(30)), 1..2);
    }
}
