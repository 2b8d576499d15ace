//! Which threads and findings are listed, in which order, and what they are called.

use std::collections::HashMap;

use fabula_core::narrative::threads::diagnose::{Kind, Outcome};

use super::filter::{Condition, Passing};
use crate::state::Tied;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Listed {
    /// Every thread.
    #[default]
    Threads,
    /// Everything that is unusual.
    Findings,
}

/// What narrows the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Facets {
    /// Only threads that came out so.
    pub(super) outcome: Option<Outcome>,
    /// Only findings of this kind, or threads that have one.
    pub(super) kind: Option<Kind>,
    /// Only threads in which this participant takes part.
    pub(super) participant: Option<u16>,
    /// Only threads that end with this step.
    pub(super) last: Option<u16>,
}

/// A column that the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Column {
    /// When it began.
    #[default]
    Start,
    /// How long it took.
    Duration,
    /// How many events it has.
    Events,
    /// How many take part.
    Participants,
    /// How it came out.
    Outcome,
    /// How many findings it has; of a finding how sure it is.
    Findings,
}

/// What the list is sorted by, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct By {
    pub(super) column: Column,
    pub(super) largest_first: bool,
}

/// The threads, or the findings, by number, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Listing {
    pub(super) rows: Vec<u32>,
    /// Of how many threads the condition can't be told.
    pub(super) failed: u64,
    /// How often a value was of another kind than what it was compared with.
    pub(super) mismatched: u64,
}

impl Listing {
    /// Puts them in order. A thread that has nothing to sort by comes last.
    pub(super) fn of(tied: &Tied, listed: Listed, facets: Facets, condition: Option<&Condition>, by: By) -> Self {
        let mut rows = match listed {
            Listed::Threads => threads(tied, facets),
            Listed::Findings => findings(tied, facets),
        };
        let mut listing = Self::default();
        if let Some(condition) = condition {
            let Passing { threads, failed, mismatched } = match listed {
                Listed::Threads => condition.of(tied, &rows),
                Listed::Findings => condition.of(tied, &struck(tied, &rows)),
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
        match listed {
            Listed::Threads => sort(&mut rows, by, |thread| thread_figure(tied, by.column, thread)),
            Listed::Findings => sort(&mut rows, by, |at| finding_figure(tied, by.column, at)),
        }
        listing.rows = rows;
        listing
    }
}

/// The threads that some findings are about, in order.
fn struck(tied: &Tied, findings: &[u32]) -> Vec<u32> {
    let mut threads: Vec<u32> = findings.iter().filter_map(|&at| tied.diagnosed.findings[at as usize].thread).collect();
    threads.sort_unstable();
    threads.dedup();
    threads
}

fn threads(tied: &Tied, facets: Facets) -> Vec<u32> {
    let threads = &tied.threads;
    let passes = |thread: &u32| {
        let events = || threads.events_of(*thread);
        facets.outcome.is_none_or(|outcome| tied.diagnosed.outcome(*thread) == outcome)
            && facets.kind.is_none_or(|kind| tied.diagnosed.of(*thread).iter().any(|found| found.kind == kind))
            && facets.last.is_none_or(|last| events().last().is_some_and(|&event| threads.step(event) == last))
            && facets.participant.is_none_or(|who| events().iter().any(|&event| threads.participant(event) == who))
    };
    (0..threads.len() as u32).filter(passes).collect()
}

fn thread_figure(tied: &Tied, column: Column, thread: u32) -> Option<i64> {
    let summary = || tied.threads.summary(thread);
    match column {
        Column::Start => summary().start_ms,
        Column::Duration => {
            let summary = summary();
            summary.start_ms.zip(summary.end_ms).map(|(start, end)| end - start)
        }
        Column::Events => Some(tied.threads.events_of(thread).len() as i64),
        Column::Participants => Some(summary().participants.len() as i64),
        Column::Outcome => Some(tied.diagnosed.outcome(thread) as i64),
        Column::Findings => Some(tied.diagnosed.of(thread).len() as i64),
    }
}

fn findings(tied: &Tied, facets: Facets) -> Vec<u32> {
    let all = &tied.diagnosed.findings;
    let passes = |at: &u32| {
        let finding = &all[*at as usize];
        facets.kind.is_none_or(|kind| finding.kind == kind)
            && facets
                .outcome
                .is_none_or(|outcome| finding.thread.is_some_and(|thread| tied.diagnosed.outcome(thread) == outcome))
            && facets.participant.is_none_or(|who| {
                let of = |thread| tied.threads.events_of(thread).iter();
                finding.thread.is_some_and(|thread| of(thread).any(|&event| tied.threads.participant(event) == who))
            })
            && facets.last.is_none_or(|last| {
                let of = |thread| tied.threads.events_of(thread).last();
                finding.thread.and_then(of).is_some_and(|&event| tied.threads.step(event) == last)
            })
    };
    (0..all.len() as u32).filter(passes).collect()
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

/// What threads are called.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    names: HashMap<u32, String>,
}

impl Labels {
    /// Reads the names of some threads; one that cannot be read says why.
    pub(super) fn of(tied: &Tied, threads: &[u32]) -> Self {
        let name = |thread: u32| tied.threads.label(thread, &tied.snapshot).unwrap_or_else(|damage| damage.to_string());
        Self { names: threads.iter().map(|&thread| (thread, name(thread))).collect() }
    }

    /// The name of a thread, if it has been read.
    pub(super) fn name(&self, thread: u32) -> Option<&str> {
        self.names.get(&thread).map(String::as_str)
    }
}
