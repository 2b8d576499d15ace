//! A search under way: what was read is looked through once, and what is read later as it comes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fabula_core::event::TopicName;
use fabula_core::expr::ConditionSearch;
use fabula_core::store::search::{SearchEnd, SearchReport};
use fabula_core::store::{Matches, Segment, Snapshot};
use parking_lot::Mutex;

use super::question::Question;
use crate::formats::Formats;
use crate::jobs::{Job, Jobs, Title, Unit};
use crate::state::Found;

/// How often what was found is handed to the panes while a search goes on.
const HAND_OVER_EVERY: Duration = Duration::from_millis(80);

/// What is looked through: when this changes, all is looked through again.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) generation: u64,
    pub(super) topics: Vec<TopicName>,
    pub(super) formats: Formats,
}

impl Scope {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.generation == other.generation && self.topics == other.topics && self.formats.is_same(&other.formats)
    }
}

/// A question and what was found of its answer.
pub(super) struct Searching {
    question: Question,
    scope: Scope,
    /// Which version of the store was looked through, or is.
    version: u64,
    shared: Arc<Mutex<Shared>>,
    job: Option<Job<()>>,
}

/// What the search has found so far, and the search itself while it goes on.
#[derive(Default)]
struct Shared {
    matches: Arc<Matches>,
    changes: u64,
    search: Option<Arc<ConditionSearch>>,
    /// Events in segments that were looked through before this go.
    before: u64,
    failed_before: u64,
    total: u64,
    last: Option<SearchReport>,
    refused: Option<String>,
    /// Comparisons of unlike kinds, in what was looked through before this go.
    mismatched: u64,
    /// Texts to mark in what is found.
    literals: Arc<[String]>,
}

impl Searching {
    /// Begins to look for the answer to a question.
    pub(super) fn begin(question: Question, scope: Scope, snapshot: &Arc<Snapshot>, jobs: &Jobs) -> Self {
        let mut searching = Self { question, scope, version: snapshot.version, shared: Arc::default(), job: None };
        searching.go_on(snapshot, jobs);
        searching
    }

    /// Whether this is the answer to a question about a scope.
    pub(super) fn answers(&self, text: &str, scope: &Scope) -> bool {
        self.question.text() == text && self.scope.is_same(scope)
    }

    /// Looks through what was read since, once what is under way is done.
    pub(super) fn keep_up(&mut self, snapshot: &Arc<Snapshot>, jobs: &Jobs) {
        let is_busy = self.job.as_mut().is_some_and(|job| job.poll().is_none() && !job.is_lost());
        if is_busy {
            return;
        }
        self.job = None;
        let cancelled = self.report().end == Some(SearchEnd::Cancelled);
        if self.version != snapshot.version && !cancelled {
            self.version = snapshot.version;
            self.go_on(snapshot, jobs);
        }
    }

    fn go_on(&mut self, snapshot: &Arc<Snapshot>, jobs: &Jobs) {
        let title = Title::listed(format!("Searching {}", self.question.text()), Unit::Events);
        let (question, scope) = (self.question.clone(), self.scope.clone());
        let (snapshot, shared) = (Arc::clone(snapshot), Arc::clone(&self.shared));
        let wake = jobs.waker().clone();
        let wake = move || wake.wake();
        self.job = Some(jobs.spawn_blocking(title, move |progress| {
            run(&question, &scope, &snapshot, &shared, progress, &wake);
        }));
    }

    /// Whether something is still to be looked through.
    pub(super) fn is_running(&self) -> bool {
        self.job.is_some()
    }

    /// Why it could not begin.
    pub(super) fn refused(&self) -> Option<String> {
        self.shared.lock().refused.clone()
    }

    fn report(&self) -> SearchReport {
        self.shared.lock().report()
    }

    /// What was found so far.
    pub(super) fn found(&self) -> Found {
        let shared = self.shared.lock();
        Found {
            version: shared.changes,
            matches: Arc::clone(&shared.matches),
            literals: Arc::clone(&shared.literals),
            report: shared.report(),
            mismatched: shared.mismatched + shared.search.as_ref().map_or(0, |search| search.mismatched()),
        }
    }
}

impl Shared {
    fn report(&self) -> SearchReport {
        let mut report = match (&self.search, &self.last) {
            (Some(search), _) => search.search.report(),
            (None, Some(last)) => last.clone(),
            (None, None) => SearchReport {
                total: 0,
                scanned: 0,
                matched: 0,
                bytes: 0,
                failed: 0,
                first_failure: None,
                left_out: Vec::new(),
                end: None,
            },
        };
        if self.search.is_some() {
            report.end = None;
            report.scanned += self.before;
            report.failed += self.failed_before;
            report.total = self.total;
            report.matched = report.matched.max(self.matches.count());
        }
        report
    }
}

fn run(
    question: &Question,
    scope: &Scope,
    snapshot: &Snapshot,
    shared: &Mutex<Shared>,
    progress: &crate::jobs::Progress,
    wake: &dyn Fn(),
) {
    let segments: Vec<Arc<Segment>> = scope
        .topics
        .iter()
        .filter_map(|name| snapshot.topic(name))
        .flat_map(|topic| topic.segments().cloned())
        .collect();
    let total: u64 = segments.iter().map(|segment| segment.len() as u64).sum();
    let mut matches = (*shared.lock().matches).clone();
    // What was live may have been sealed under another name since, and is looked through there again.
    let mut ids: Vec<_> = segments.iter().map(|segment| segment.id()).collect();
    ids.sort_unstable();
    matches.retain(|id| ids.binary_search(&id).is_ok());
    let fresh: Vec<Arc<Segment>> = segments.into_iter().filter(|segment| matches.of(segment.id()).is_none()).collect();
    let before = total - fresh.iter().map(|segment| segment.len() as u64).sum::<u64>();

    let (search, literals) = match question.ask(fresh, &scope.topics, &scope.formats, snapshot) {
        Ok((search, literals)) => (Arc::new(search), literals),
        Err(why) => {
            shared.lock().refused = Some(why);
            return;
        }
    };
    {
        let mut shared = shared.lock();
        shared.search = Some(Arc::clone(&search));
        shared.literals = literals.into();
        (shared.before, shared.total) = (before, total);
        shared.failed_before = shared.last.as_ref().map_or(0, |last| last.failed);
    }
    let mut handed_over = Instant::now();
    let mut changed = false;
    while let Some(found) = search.search.next() {
        if progress.is_cancelled() {
            search.search.cancel();
        }
        changed |= !found.chosen.is_empty();
        matches.insert(found);
        let report = search.search.report();
        progress.set(before + report.scanned, total);
        if changed && handed_over.elapsed() > HAND_OVER_EVERY {
            hand_over(shared, &matches);
            (handed_over, changed) = (Instant::now(), false);
            wake();
        }
    }
    if changed {
        hand_over(shared, &matches);
    }
    let mut shared = shared.lock();
    let mut report = search.search.report();
    report.scanned += before;
    report.total = total;
    report.failed += shared.failed_before;
    report.matched = matches.count();
    shared.matches = Arc::new(matches);
    shared.last = Some(report);
    shared.mismatched += search.mismatched();
    shared.search = None;
}

fn hand_over(shared: &Mutex<Shared>, matches: &Matches) {
    let mut shared = shared.lock();
    shared.matches = Arc::new(matches.clone());
    shared.changes += 1;
}
