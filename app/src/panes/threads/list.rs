//! Which threads and findings are listed, in which order, and what they are called.

use std::collections::HashMap;
use std::sync::Arc;

use fabula_core::event::Coordinates;
use fabula_core::narrative::threads::Summary;
use fabula_core::narrative::threads::diagnose::{Diagnosis, Kind};

use super::facets::{Facets, Sieve};
use super::filter::{Condition, Passing};
use crate::jobs::Progress;
use crate::state::Tied;

/// More threads than this are not sorted by their names: each is read from the store.
pub(super) const NAMED: usize = 200_000;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Listed {
    /// Every thread.
    #[default]
    Threads,
    /// Everything that is unusual.
    Findings,
}

/// A column that the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Column {
    /// What it is called.
    Name,
    /// When it began.
    #[default]
    Start,
    /// How long it took.
    Duration,
    /// How many events it has.
    Events,
    /// How many take part.
    Participants,
    /// What happened last.
    Last,
    /// How it came out.
    Outcome,
    /// How many findings it has; of a finding how sure it is.
    Findings,
}

impl Column {
    /// Whether what is read from the beginning comes first at the first press, rather than what is largest.
    pub(super) fn is_read(self) -> bool {
        matches!(self, Self::Start | Self::Name | Self::Last)
    }
}

/// What the list is sorted by, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct By {
    pub(super) column: Column,
    pub(super) largest_first: bool,
}

/// The threads, or the findings, by number, in order; and the threads that the numbers are of.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    pub(super) tied: Arc<Tied>,
    pub(super) listed: Listed,
    pub(super) rows: Vec<u32>,
    /// Of how many threads the condition can't be told.
    pub(super) failed: u64,
    /// How often a value was of another kind than what it was compared with.
    pub(super) mismatched: u64,
    /// Whether there were too many to sort them by name.
    pub(super) is_unsorted: bool,
}

impl Listing {
    /// Puts them in order. A thread that has nothing to sort by comes last. A part where the work is ended.
    pub(super) fn of(
        tied: Arc<Tied>,
        listed: Listed,
        facets: &Facets,
        condition: Option<&Condition>,
        by: By,
        progress: &Progress,
    ) -> Self {
        let mut rows = sieved(&tied, listed, facets, progress);
        let mut listing =
            Self { tied: Arc::clone(&tied), listed, rows: Vec::new(), failed: 0, mismatched: 0, is_unsorted: false };
        if let Some(condition) = condition {
            let ended = || progress.is_cancelled();
            let Passing { threads, failed, mismatched } = match listed {
                Listed::Threads => condition.of(&tied, &rows, &ended),
                Listed::Findings => condition.of(&tied, &struck(&tied, &rows), &ended),
            };
            (listing.failed, listing.mismatched) = (failed, mismatched);
            match listed {
                Listed::Threads => rows = threads,
                Listed::Findings => rows.retain(|&at| {
                    let thread = tied.diagnosed.findings[at as usize].thread;
                    thread.is_some_and(|thread| threads.binary_search(&thread).is_ok())
                }),
            }
        }
        if progress.is_cancelled() {
            return listing;
        }
        listing.is_unsorted = by.column == Column::Name && rows.len() > NAMED;
        match by.column {
            Column::Name if !listing.is_unsorted => sort_by_name(&tied, listed, &mut rows, by, progress),
            column => {
                let ranks = by_name(&tied);
                sort(&mut rows, by, |row| match listed {
                    Listed::Threads => thread_figure(&tied, column, &ranks, row),
                    Listed::Findings => finding_figure(&tied, column, row),
                });
            }
        }
        listing.rows = rows;
        listing
    }

    /// The finding of a row.
    pub(super) fn finding(&self, row: usize) -> Option<&Diagnosis> {
        self.tied.diagnosed.findings.get(*self.rows.get(row)? as usize)
    }

    /// The thread of a row: itself, or the one that the finding is about.
    pub(super) fn thread(&self, row: usize) -> Option<u32> {
        match self.listed {
            Listed::Threads => self.rows.get(row).copied(),
            Listed::Findings => self.finding(row)?.thread,
        }
    }

    /// What tells a row apart from all others, also when events are tied again.
    pub(super) fn mark(&self, row: usize) -> Option<Mark> {
        match self.listed {
            Listed::Threads => self.tied.first_of(*self.rows.get(row)?).map(Mark::Thread),
            Listed::Findings => self.finding(row).map(Mark::of),
        }
    }

    /// The row of a mark.
    pub(super) fn row_of(&self, mark: &Mark) -> Option<usize> {
        match (self.listed, mark) {
            (Listed::Threads, Mark::Thread(at)) => {
                let thread = self.tied.threads.thread_at(at)?;
                self.rows.iter().position(|&row| row == thread)
            }
            (Listed::Findings, Mark::Finding { .. }) => {
                (0..self.rows.len()).find(|&row| self.finding(row).is_some_and(|finding| mark.is_of(finding)))
            }
            _ => None,
        }
    }
}

/// A row by what it is about, not by its number: numbers are others when events are tied again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// A thread by one of its events.
    Thread(Coordinates),
    /// A finding by its kind and what shows it; by its words where nothing does.
    Finding { kind: Kind, evidence: Vec<Coordinates>, what: Option<String> },
}

impl Mark {
    fn of(finding: &Diagnosis) -> Self {
        let what = finding.evidence.is_empty().then(|| finding.what.clone());
        Self::Finding { kind: finding.kind, evidence: finding.evidence.clone(), what }
    }

    fn is_of(&self, finding: &Diagnosis) -> bool {
        match self {
            Self::Thread(_) => false,
            Self::Finding { kind, evidence, what } => {
                *kind == finding.kind
                    && *evidence == finding.evidence
                    && what.as_ref().is_none_or(|what| *what == finding.what)
            }
        }
    }
}

/// What the facets let through, by number.
fn sieved(tied: &Tied, listed: Listed, facets: &Facets, progress: &Progress) -> Vec<u32> {
    let sieve = Sieve::new(tied, facets);
    let all = match listed {
        Listed::Threads => tied.threads.len(),
        Listed::Findings => tied.diagnosed.findings.len(),
    };
    let mut rows = Vec::new();
    for row in 0..all as u32 {
        if row % 4096 == 0 && progress.is_cancelled() {
            break;
        }
        let passes = match listed {
            Listed::Threads => sieve.thread(row),
            Listed::Findings => sieve.finding(row as usize),
        };
        if passes {
            rows.push(row);
        }
    }
    rows
}

/// The threads that some findings are about, in order.
fn struck(tied: &Tied, findings: &[u32]) -> Vec<u32> {
    let mut threads: Vec<u32> = findings.iter().filter_map(|&at| tied.diagnosed.findings[at as usize].thread).collect();
    threads.sort_unstable();
    threads.dedup();
    threads
}

fn thread_figure(tied: &Tied, column: Column, ranks: &[i64], thread: u32) -> Option<i64> {
    let summary = || tied.threads.summary(thread);
    match column {
        Column::Name | Column::Start => summary().start_ms,
        Column::Duration => {
            let summary = summary();
            summary.start_ms.zip(summary.end_ms).map(|(start, end)| end - start)
        }
        Column::Events => Some(tied.threads.events_of(thread).len() as i64),
        Column::Participants => Some(summary().participants.len() as i64),
        Column::Last => {
            let last = tied.threads.events_of(thread).last()?;
            ranks.get(usize::from(tied.threads.step(*last))).copied()
        }
        Column::Outcome => Some(tied.diagnosed.outcome(thread) as i64),
        Column::Findings => Some(tied.diagnosed.of(thread).len() as i64),
    }
}

fn finding_figure(tied: &Tied, column: Column, at: u32) -> Option<i64> {
    let finding = &tied.diagnosed.findings[at as usize];
    match column {
        Column::Outcome => Some(finding.kind as i64),
        Column::Findings => Some((finding.sureness * 1e6) as i64),
        _ => finding.at_ms,
    }
}

/// Sorts by a figure; what has none comes last, what has the same stays in its order.
fn sort(rows: &mut [u32], by: By, figure: impl Fn(u32) -> Option<i64>) {
    rows.sort_by_cached_key(|&row| {
        let figure = figure(row);
        let rank = figure.map_or(i128::MAX, |figure| i128::from(if by.largest_first { !figure } else { figure }));
        (rank, row)
    });
}

/// Sorts by what the threads are called; findings about none come last.
fn sort_by_name(tied: &Tied, listed: Listed, rows: &mut Vec<u32>, by: By, progress: &Progress) {
    let thread = |row: u32| match listed {
        Listed::Threads => Some(row),
        Listed::Findings => tied.diagnosed.findings[row as usize].thread,
    };
    let (mut named, nameless): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| thread(**row).is_some());
    named.sort_by_cached_key(|&row| {
        let read = |thread| tied.threads.label(thread, &tied.snapshot).unwrap_or_default();
        (thread(row).filter(|_| !progress.is_cancelled()).map(read), row)
    });
    if by.largest_first {
        named.reverse();
    }
    named.extend(nameless);
    *rows = named;
}

/// Where each step stands among all of them by name.
fn by_name(tied: &Tied) -> Vec<i64> {
    let steps = tied.threads.steps();
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by(|&one, &other| steps[one].cmp(&steps[other]));
    let mut ranks = vec![0; steps.len()];
    order.into_iter().enumerate().for_each(|(rank, step)| ranks[step] = rank as i64);
    ranks
}

/// What is to be read of a thread before its row can be drawn.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) summary: Summary,
    /// The kinds of its findings, in words.
    pub(super) kinds: String,
}

/// What has been read of threads, by number.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    of: HashMap<u32, Line>,
}

impl Lines {
    /// Reads some threads; one whose name cannot be read says why.
    pub(super) fn of(tied: &Tied, threads: &[u32]) -> Self {
        let read = |&thread: &u32| {
            let name = tied.threads.label(thread, &tied.snapshot).unwrap_or_else(|damage| damage.to_string());
            let mut kinds: Vec<&str> = tied.diagnosed.of(thread).iter().map(|found| found.kind.title()).collect();
            kinds.dedup();
            (thread, Line { name, summary: tied.threads.summary(thread), kinds: kinds.join(", ") })
        };
        Self { of: threads.iter().map(read).collect() }
    }

    /// A thread, once it has been read.
    pub(super) fn get(&self, thread: u32) -> Option<&Line> {
        self.of.get(&thread)
    }
}

#[cfg(test)]
mod tests {
    use fabula_core::narrative::threads::diagnose::Certainty;

    use super::*;

    #[test]
    fn a_finding_is_known_again_by_its_kind_and_evidence() {
        let at = |offset: i64| Coordinates { topic: "orders".into(), partition: 0, offset };
        let finding = |kind: Kind, evidence: Vec<Coordinates>, what: &str| Diagnosis {
            kind,
            thread: Some(1),
            what: what.to_owned(),
            sureness: 1.0,
            may_still_come: false,
            certainty: Certainty::Shown,
            at_ms: None,
            evidence,
            missing: Vec::new(),
            skew: None,
            explained: false,
        };
        let mark = Mark::of(&finding(Kind::SlowEdge, vec![at(1), at(2)], "took 3 s"));
        assert!(mark.is_of(&finding(Kind::SlowEdge, vec![at(1), at(2)], "took 3 s, 9 of 10 are faster")));
        assert!(!mark.is_of(&finding(Kind::Late, vec![at(1), at(2)], "took 3 s")));
        assert!(!mark.is_of(&finding(Kind::SlowEdge, vec![at(1)], "took 3 s")));
        let bare = Mark::of(&finding(Kind::HotValue, Vec::new(), "A"));
        assert!(!bare.is_of(&finding(Kind::HotValue, Vec::new(), "B")), "without evidence its words tell it apart");
    }
}
