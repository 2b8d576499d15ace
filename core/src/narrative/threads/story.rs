//! Threads and findings as JSON says them: one description for the command line and for what the window writes down.

use std::sync::Arc;

use serde::Serialize;

use super::diagnose::{Diagnosed, Diagnosis, Kind};
use super::threads::Threads;
use crate::event::Coordinates;
use crate::event::time::format_iso_ms;
use crate::store::{Damage, Snapshot};

/// A thread at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Glance {
    /// What names it.
    pub thread: String,
    /// Its first event as `topic/partition/offset`, by which it is found again: other threads may have its name.
    pub reference: String,
    /// When it began, in ISO 8601; `None` where no event has a time.
    pub start: Option<String>,
    /// The same in milliseconds since the epoch.
    pub start_ms: Option<i64>,
    /// When its last event was.
    pub end: Option<String>,
    /// The same in milliseconds since the epoch.
    pub end_ms: Option<i64>,
    /// From start to end.
    pub duration_ms: Option<i64>,
    /// How many events it has.
    pub event_count: u32,
    /// Who took part, in the order of their first events.
    pub participants: Vec<Arc<str>>,
    /// Its first step.
    pub first: Arc<str>,
    /// Its last step.
    pub last: Arc<str>,
    /// How it came out.
    pub outcome: &'static str,
}

/// A thread in a list, with the kinds of what is unusual about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// The thread.
    #[serde(flatten)]
    pub glance: Glance,
    /// The kinds of its findings, each once.
    pub findings: Vec<&'static str>,
}

/// A thread, event by event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// The thread.
    #[serde(flatten)]
    pub glance: Glance,
    /// What is unusual about it.
    pub findings: Vec<Finding>,
    /// Its events in the narrative's order.
    pub events: Vec<StoryEvent>,
    /// What led to each event but the first.
    pub edges: Vec<StoryEdge>,
}

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// An event of a thread.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoryEvent {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// When it was, in ISO 8601.
    pub timestamp: Option<String>,
    /// The same in milliseconds since the epoch.
    pub timestamp_ms: Option<i64>,
    /// What happened.
    pub step: Arc<str>,
    /// Who did it.
    pub participant: Arc<str>,
}

/// What led to an event; both by their places among the events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoryEdge {
    /// The earlier event.
    pub from: u32,
    /// The later one.
    pub to: u32,
    /// What is known of it.
    pub kind: &'static str,
    /// Whether the events themselves say so.
    pub exact: bool,
    /// From one to the other.
    pub latency_ms: Option<i64>,
}

/// Something unusual.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: &'static str,
    /// The thread's name; `None` where it is about a topic, a value or a service.
    pub thread: Option<String>,
    /// In a person's words.
    pub what: String,
    /// Why an event was put aside, in the words of its headers; `what` ends with it too.
    pub reason: Option<String>,
    /// How sure it is, from 0 to 1, to three places.
    pub sureness: f64,
    /// Whether the thread may yet go on as its peers do.
    pub may_still_come: bool,
    /// How far what was read tells.
    pub certainty: &'static str,
    /// Whether another finding explains it.
    pub explained: bool,
    /// Steps that are missing.
    pub missing: Vec<Arc<str>>,
    /// The service whose clock is wrong.
    pub participant: Option<Arc<str>>,
    /// The other of two, where nothing says which of them is wrong.
    pub or_participant: Option<Arc<str>>,
    /// By how much the clock is ahead.
    pub skew_ms: Option<i64>,
    /// How far that may be wrong.
    pub skew_within_ms: Option<i64>,
    /// When, in ISO 8601.
    pub timestamp: Option<String>,
    /// The same in milliseconds since the epoch.
    pub timestamp_ms: Option<i64>,
    /// The events that show it.
    pub evidence: Vec<Place>,
}

impl From<&Coordinates> for Place {
    fn from(at: &Coordinates) -> Self {
        Self { topic: at.topic.to_string(), partition: at.partition, offset: at.offset }
    }
}

impl Threads {
    fn glance(&self, thread: u32, diagnosed: &Diagnosed, snapshot: &Snapshot) -> Result<Glance, Damage> {
        let summary = self.summary(thread);
        let first = self.events_of(thread).first().map(|&event| self.coordinates(event));
        Ok(Glance {
            thread: self.label(thread, snapshot)?,
            reference: first.map(|at| format!("{}/{}/{}", at.topic, at.partition, at.offset)).unwrap_or_default(),
            start: summary.start_ms.map(format_iso_ms),
            start_ms: summary.start_ms,
            end: summary.end_ms.map(format_iso_ms),
            end_ms: summary.end_ms,
            duration_ms: summary.duration_ms(),
            event_count: summary.events,
            participants: summary.participants.iter().map(|&who| self.participant_name(who).clone()).collect(),
            first: self.step_name(summary.first).clone(),
            last: self.step_name(summary.last).clone(),
            outcome: diagnosed.outcome(thread).name(),
        })
    }

    /// A thread as a list has it.
    ///
    /// # Errors
    /// When a segment that holds one of its events is damaged.
    pub fn listed(&self, thread: u32, diagnosed: &Diagnosed, snapshot: &Snapshot) -> Result<Listed, Damage> {
        let mut findings: Vec<&str> = diagnosed.of(thread).iter().map(|finding| finding.kind.name()).collect();
        findings.dedup();
        Ok(Listed { glance: self.glance(thread, diagnosed, snapshot)?, findings })
    }

    /// A thread, event by event.
    ///
    /// # Errors
    /// When a segment that holds one of its events is damaged.
    pub fn story(&self, thread: u32, diagnosed: &Diagnosed, snapshot: &Snapshot) -> Result<Story, Damage> {
        let findings = diagnosed.of(thread).iter().map(|finding| self.finding(finding, snapshot));
        let event = |&event: &u32| {
            let at = self.time_ms(event);
            StoryEvent {
                place: Place::from(&self.coordinates(event)),
                timestamp: at.map(format_iso_ms),
                timestamp_ms: at,
                step: self.step_name(self.step(event)).clone(),
                participant: self.participant_name(self.participant(event)).clone(),
            }
        };
        let edges = self.edges(thread).into_iter().map(|edge| StoryEdge {
            from: edge.from,
            to: edge.to,
            kind: edge.kind.name(),
            exact: edge.kind.is_exact(),
            latency_ms: edge.latency_ms,
        });
        Ok(Story {
            glance: self.glance(thread, diagnosed, snapshot)?,
            findings: findings.collect::<Result<_, _>>()?,
            events: self.events_of(thread).iter().map(event).collect(),
            edges: edges.collect(),
        })
    }

    /// A finding.
    ///
    /// # Errors
    /// When a segment that holds an event which shows it is damaged.
    pub fn finding(&self, finding: &Diagnosis, snapshot: &Snapshot) -> Result<Finding, Damage> {
        let reason = self.reason_of(finding, snapshot)?;
        let skew = finding.skew.as_ref();
        Ok(Finding {
            kind: finding.kind.name(),
            thread: finding.thread.map(|thread| self.label(thread, snapshot)).transpose()?,
            what: with_reason(finding, reason.as_deref()),
            reason,
            sureness: (finding.sureness * 1000.0).round() / 1000.0,
            may_still_come: finding.may_still_come,
            certainty: finding.certainty.name(),
            explained: finding.explained,
            missing: finding.missing.iter().map(|&step| self.step_name(step).clone()).collect(),
            participant: skew.map(|skew| skew.participant.clone()),
            or_participant: skew.and_then(|skew| skew.or.clone()),
            skew_ms: skew.map(|skew| skew.ms),
            skew_within_ms: skew.and_then(|skew| skew.within_ms),
            timestamp: finding.at_ms.map(format_iso_ms),
            timestamp_ms: finding.at_ms,
            evidence: finding.evidence.iter().map(Place::from).collect(),
        })
    }

    /// A finding's words; of a dead letter with the reason that its headers give.
    ///
    /// # Errors
    /// When the segment that holds the dead letter is damaged.
    pub fn words(&self, finding: &Diagnosis, snapshot: &Snapshot) -> Result<String, Damage> {
        Ok(with_reason(finding, self.reason_of(finding, snapshot)?.as_deref()))
    }

    fn reason_of(&self, finding: &Diagnosis, snapshot: &Snapshot) -> Result<Option<String>, Damage> {
        match (finding.kind, finding.evidence.first()) {
            (Kind::DeadLettered, Some(at)) => self.reason(at, snapshot),
            _ => Ok(None),
        }
    }
}

fn with_reason(finding: &Diagnosis, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{}: {reason}", finding.what),
        None => finding.what.clone(),
    }
}
