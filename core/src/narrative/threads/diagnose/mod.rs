//! What is unusual about a thread, held against its peers: each finding with its evidence and how sure it is.
//!
//! Nothing here knows what a topic or a step means. What threads have in common is counted first ([`peers`]); then each
//! thread is held against that.

mod certainty;
mod clocks;
mod dead;
mod extent;
mod extra;
mod kind;
mod missing;
mod order;
mod peers;
mod repeat;
mod shape;
mod slow;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::threads::Threads;
use crate::event::Coordinates;

pub use certainty::Certainty;
pub use clocks::Skew;
pub use extent::{Extent, TopicExtent};
pub use kind::Kind;
pub use shape::shape_changes;

use peers::Peers;

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// What kind of thing.
    pub kind: Kind,
    /// The thread that it is about; `None` where it is about a topic or a value.
    pub thread: Option<u32>,
    /// In a person's words, with the figures.
    pub what: String,
    /// How sure it is, from 0 to 1.
    pub sureness: f64,
    /// Whether the thread may yet go on as its peers do, so that this is no finding but a possibility.
    pub may_still_come: bool,
    /// How far what was read tells.
    pub certainty: Certainty,
    /// When, in milliseconds since the epoch.
    pub at_ms: Option<i64>,
    /// The events that show it.
    pub evidence: Vec<Coordinates>,
    /// Numbers of the steps that are missing, if it is about that.
    pub missing: Vec<u16>,
    /// By how much a clock is wrong, if it is about that.
    pub skew: Option<Skew>,
    /// Whether another finding explains it: a service's wrong clock is not unusual of every thread of the service.
    pub explained: bool,
}

impl Diagnosis {
    /// What the events themselves show.
    fn shown(
        kind: Kind,
        thread: Option<u32>,
        what: String,
        sureness: f64,
        at_ms: Option<i64>,
        evidence: Vec<Coordinates>,
    ) -> Self {
        let (may_still_come, certainty, missing, skew) = (false, Certainty::Shown, Vec::new(), None);
        let explained = false;
        Self { kind, thread, what, sureness, may_still_come, certainty, at_ms, evidence, missing, skew, explained }
    }

    /// How sure it is, as a person reads it: never more than it is.
    pub fn sure(&self) -> String {
        format!("{:.0} %", (self.sureness * 100.0 + 1e-9).floor())
    }
}

/// How a thread came out, against its peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Outcome {
    /// As its peers.
    #[default]
    Usual,
    /// It may still go on.
    Open,
    /// It came to its end, with something unusual on the way.
    Unusual,
    /// An event of it was put aside.
    DeadLettered,
    /// A step is missing, or it died.
    Incomplete,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Usual, Self::Open, Self::Unusual, Self::DeadLettered, Self::Incomplete];

    /// The outcome as a word, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Open => "open",
            Self::Unusual => "unusual",
            Self::DeadLettered => "dead_lettered",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Everything that was found.
#[derive(Debug, Clone, Default)]
pub struct Diagnosed {
    /// Findings: those about topics and values first, then by thread, then by kind.
    pub findings: Vec<Diagnosis>,
    /// Each thread's outcome.
    pub outcomes: Arc<[Outcome]>,
}

impl Diagnosed {
    /// The findings about one thread.
    pub fn of(&self, thread: u32) -> &[Diagnosis] {
        let from = self.findings.partition_point(|finding| finding.thread < Some(thread));
        let to = self.findings.partition_point(|finding| finding.thread <= Some(thread));
        &self.findings[from..to]
    }

    /// A thread's outcome.
    pub fn outcome(&self, thread: u32) -> Outcome {
        self.outcomes.get(thread as usize).copied().unwrap_or_default()
    }

    /// Puts findings that were made elsewhere with these.
    pub fn add(&mut self, findings: impl IntoIterator<Item = Diagnosis>) {
        self.findings.extend(findings);
        self.findings.sort_by_key(|one| (one.thread, one.kind, one.at_ms));
    }
}

impl Threads {
    /// Holds every thread against its peers. `done` counts threads twice over; `cancelled` is asked now and then, and
    /// what was found until then is given.
    pub fn diagnose(&self, extent: &Extent, done: &AtomicU64, cancelled: &(dyn Fn() -> bool + Sync)) -> Diagnosed {
        let peers = Peers::of(self, done, cancelled);
        let end_ms = extent::end_ms(self);
        let clocks = clocks::Clocks::of(self, end_ms);
        let ways = Default::default();
        let mut found = Findings { threads: self, extent, peers: &peers, all: Vec::new(), clocks, ways, end_ms };
        for thread in 0..self.len() as u32 {
            if thread % 1024 == 0 {
                done.fetch_add(1024, Ordering::Relaxed);
                if cancelled() {
                    break;
                }
            }
            found.thread(thread);
        }
        certainty::settle(&mut found);
        let (mut findings, clocks) = (found.all, found.clocks);
        clocks.explain(self, &mut findings);
        findings.extend(clocks.findings(self));
        repeat::hubs(self, &mut findings);
        dead::loose(self, &mut findings);
        let mut outcomes = vec![Outcome::Usual; self.len()];
        for finding in &findings {
            let Some(outcome) = finding.thread.and_then(|thread| outcomes.get_mut(thread as usize)) else { continue };
            let seen = match finding.kind {
                _ if finding.explained => Outcome::Usual,
                _ if finding.may_still_come => Outcome::Open,
                Kind::MissingStep | Kind::Died => Outcome::Incomplete,
                Kind::DeadLettered => Outcome::DeadLettered,
                _ => Outcome::Unusual,
            };
            *outcome = (*outcome).max(seen);
        }
        let mut diagnosed = Diagnosed { findings: Vec::new(), outcomes: outcomes.into() };
        diagnosed.add(findings);
        diagnosed
    }
}

/// Findings being made.
struct Findings<'t> {
    threads: &'t Threads,
    extent: &'t Extent,
    peers: &'t Peers,
    all: Vec<Diagnosis>,
    clocks: clocks::Clocks,
    ways: missing::Ways,
    /// When the log ends.
    end_ms: Option<i64>,
}

impl Findings<'_> {
    fn thread(&mut self, thread: u32) {
        let events = self.threads.events_of(thread);
        dead::find(self, thread, events);
        if events.len() < 2 {
            missing::find(self, thread, events, &[]);
            return;
        }
        let edges = self.threads.edges(thread);
        self.clocks.look(self.threads, events, &edges);
        order::duplicates(self, thread, events);
        let before = self.all.len();
        order::in_partitions(self, thread, events);
        order::against_causes(self, thread, events, &edges, before);
        let contradicted = order::contradictions(self, thread, events, &edges);
        if !contradicted {
            slow::find(self, thread, events, &edges);
        }
        repeat::find(self, thread, events);
        extra::find(self, thread, events);
        missing::find(self, thread, events, &edges);
    }

    fn add(&mut self, kind: Kind, thread: u32, what: String, sureness: f64, events: &[u32]) {
        let at_ms = events.first().and_then(|&event| self.threads.time_ms(event));
        let evidence = events.iter().map(|&event| self.threads.coordinates(event)).collect();
        self.all.push(Diagnosis::shown(kind, Some(thread), what, sureness, at_ms, evidence));
    }
}

/// The share that a proportion is at least, with 95 % confidence: Wilson's lower bound.
fn at_least(part: u64, of: u64) -> f64 {
    if of == 0 {
        return 0.0;
    }
    let (n, p, z) = (of as f64, part as f64 / of as f64, 1.96_f64);
    let middle = p + z * z / (2.0 * n);
    let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - spread) / (1.0 + z * z / n)).clamp(0.0, 1.0)
}
