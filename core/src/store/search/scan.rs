//! Looking through segments in parallel.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use parking_lot::Mutex;

use super::literal::{Literal, Prefilter, Sieve};
use super::report::{SearchEnd, SearchFailure, SearchProgress, SearchReport};
use crate::event::EventBatch;
use crate::store::matches::{Chosen, Found, Matches};
use crate::store::{Damage, Segment};

/// Rows that are looked through between two looks at whether the search was cancelled.
const STEP_ROWS: usize = 1 << 16;

/// Segments whose matches may wait to be taken.
const QUEUED: usize = 32;

/// Which segments are looked through first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Those with the latest events.
    #[default]
    NewestFirst,
    /// Those with the earliest events.
    OldestFirst,
}

/// How to search.
#[derive(Debug, Clone, Copy, Default)]
pub struct SearchOptions {
    /// Which segments are looked through first.
    pub direction: Direction,
    /// After how many matches to stop; `None` is never. A segment that was begun is finished, so there may be some more.
    pub limit: Option<u64>,
    /// How many threads to use; `None` is as many as there are processors.
    pub threads: Option<usize>,
}

/// What judges rows, where holding literals is not enough.
pub trait Judge: Send + Sync + 'static {
    /// Which of `rows` (growing) match. Called from several threads, with at most some ten thousand rows at a time.
    fn judge(&self, events: &EventBatch, rows: &[u32]) -> Verdict;
}

impl<F: Fn(&EventBatch, &[u32]) -> Verdict + Send + Sync + 'static> Judge for F {
    fn judge(&self, events: &EventBatch, rows: &[u32]) -> Verdict {
        self(events, rows)
    }
}

/// What a [`Judge`] says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The rows that match, growing.
    pub rows: Vec<u32>,
    /// How many rows could not be judged.
    pub failed: u64,
    /// The first of them, and why.
    pub first_failure: Option<(u32, String)>,
}

/// Why a search could not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// What to look for is more than can be looked for.
    #[error("cannot search for so long a text: {0}")]
    Literal(String),
    /// No thread could be started.
    #[error("cannot start searching: {0}; close some programs and try again")]
    Threads(String),
}

/// A search under way. Dropping it cancels it.
#[derive(Debug)]
pub struct Search {
    found: Receiver<Found>,
    work: Arc<Work>,
}

/// What the threads of a search share.
struct Work {
    segments: Vec<Arc<Segment>>,
    next: AtomicUsize,
    sieve: Sieve,
    judge: Option<Arc<dyn Judge>>,
    limit: u64,
    progress: SearchProgress,
    stopped: AtomicBool,
    /// Dropped to wake threads that wait for somebody to take what they found.
    wake: Mutex<Option<Sender<()>>>,
    woken: Receiver<()>,
    busy: AtomicUsize,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").field("segments", &self.segments.len()).field("progress", &self.progress).finish()
    }
}

/// Starts to look for a literal in segments.
///
/// # Errors
/// When the literal is too long to be looked for in any case, or no thread can be started.
pub fn search_literal(
    segments: Vec<Arc<Segment>>,
    literal: Literal,
    options: SearchOptions,
) -> Result<Search, SearchError> {
    start(segments, &Prefilter::Holds(literal), None, options)
}

/// Starts to look for rows that `judge` finds to match, among those that pass the prefilter.
///
/// # Errors
/// When a literal is too long to be looked for in any case, or no thread can be started.
pub fn search_rows(
    segments: Vec<Arc<Segment>>,
    prefilter: &Prefilter,
    judge: Arc<dyn Judge>,
    options: SearchOptions,
) -> Result<Search, SearchError> {
    start(segments, prefilter, Some(judge), options)
}

fn start(
    mut segments: Vec<Arc<Segment>>,
    prefilter: &Prefilter,
    judge: Option<Arc<dyn Judge>>,
    options: SearchOptions,
) -> Result<Search, SearchError> {
    match options.direction {
        Direction::NewestFirst => {
            segments.sort_by_key(|segment| std::cmp::Reverse(segment.time_span_ns().map(|(_, max)| max)));
        }
        Direction::OldestFirst => segments.sort_by_key(|segment| segment.time_span_ns().map(|(min, _)| min)),
    }
    let total = segments.iter().map(|segment| segment.len() as u64).sum();
    let sieve = Sieve::new(prefilter).map_err(|error| SearchError::Literal(error.to_string()))?;
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = options.threads.unwrap_or(processors).clamp(1, segments.len().max(1));
    let (wake, woken) = bounded(0);
    let work = Arc::new(Work {
        segments,
        next: AtomicUsize::new(0),
        sieve,
        judge,
        limit: options.limit.unwrap_or(u64::MAX),
        progress: SearchProgress::new(total),
        stopped: AtomicBool::new(false),
        wake: Mutex::new(Some(wake)),
        woken,
        busy: AtomicUsize::new(1),
    });
    let (results, found) = bounded(QUEUED);
    let mut started = Err(SearchError::Threads(String::new()));
    for number in 0..threads {
        work.busy.fetch_add(1, Ordering::SeqCst);
        let (its_work, its_results) = (work.clone(), results.clone());
        let thread = thread::Builder::new().name(format!("search-{number}"));
        match thread.spawn(move || its_work.run(&its_results)) {
            Ok(_) => started = Ok(()),
            Err(error) => {
                work.leave();
                started = started.map_err(|_| SearchError::Threads(error.to_string()));
            }
        }
    }
    work.leave();
    started.map(|()| Search { found, work })
}

impl Search {
    /// What was found in one more segment, if something waits to be taken; never waits itself.
    pub fn try_next(&self) -> Option<Found> {
        self.found.try_recv().ok()
    }

    /// What was found in one more segment; waits for it. `None` when the search has ended.
    pub fn next(&self) -> Option<Found> {
        self.found.recv().ok()
    }

    /// Whether the search has ended and everything it found has been taken.
    pub fn is_over(&self) -> bool {
        self.work.busy.load(Ordering::SeqCst) == 0 && self.found.is_empty()
    }

    /// Waits for the end, and takes everything that is found.
    pub fn finish(self) -> (Matches, SearchReport) {
        let mut matches = Matches::new();
        while let Some(found) = self.next() {
            matches.insert(found);
        }
        let report = self.report();
        (matches, report)
    }

    /// What was looked at and found so far.
    pub fn report(&self) -> SearchReport {
        self.work.progress.report()
    }

    /// Ends the search. What was found stands.
    pub fn cancel(&self) {
        self.work.stop(SearchEnd::Cancelled);
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Work {
    fn run(&self, results: &Sender<Found>) {
        while !self.stopped.load(Ordering::Relaxed) {
            let Some(segment) = self.segments.get(self.next.fetch_add(1, Ordering::Relaxed)) else { break };
            match self.look_through(segment) {
                Ok(Some(found)) => {
                    let matched = self.progress.add_matched(found.chosen.len() as u64);
                    if !self.hand_over(results, found) {
                        break;
                    }
                    if matched >= self.limit {
                        self.stop(SearchEnd::LimitReached);
                    }
                }
                Ok(None) => break,
                Err(damage) => self.progress.leave_out(damage),
            }
        }
        self.leave();
    }

    /// Waits until there is room for what was found; false when the search was cancelled meanwhile.
    fn hand_over(&self, results: &Sender<Found>, found: Found) -> bool {
        select! {
            send(results, found) -> sent => sent.is_ok(),
            recv(self.woken) -> _ => false,
        }
    }

    /// `None` when the search was stopped half way through the segment.
    fn look_through(&self, segment: &Arc<Segment>) -> Result<Option<Found>, Damage> {
        let events = segment.events()?;
        let mut rows = Vec::new();
        for start in (0..events.len()).step_by(STEP_ROWS) {
            if self.stopped.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let step = start..(start + STEP_ROWS).min(events.len());
            rows.extend(self.look_at(&events, &step));
            let bytes = events.slice(step.start, step.len()).payload_bytes();
            self.progress.add_scanned(step.len() as u64, bytes as u64);
        }
        let chosen = Arc::new(Chosen::new(&events, rows));
        segment.release();
        Ok(Some(Found { segment: segment.clone(), chosen }))
    }

    fn look_at(&self, events: &EventBatch, step: &Range<usize>) -> Vec<u32> {
        let candidates = self.sieve.rows(events, step);
        let Some(judge) = self.judge.as_ref().filter(|_| !candidates.is_empty()) else { return candidates };
        let Verdict { rows, failed, first_failure } = judge.judge(events, &candidates);
        self.progress.add_failed(failed, || {
            let (row, why) = first_failure.filter(|(row, _)| (*row as usize) < events.len())?;
            Some(SearchFailure { event: events.event(row as usize).coordinates(), why })
        });
        rows
    }

    fn stop(&self, end: SearchEnd) {
        self.progress.end(end);
        self.stopped.store(true, Ordering::Relaxed);
        if end == SearchEnd::Cancelled {
            self.wake.lock().take();
        }
    }

    /// The last to leave says that everything was looked at, unless somebody had a reason to stop before.
    fn leave(&self) {
        if self.busy.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.progress.end(SearchEnd::Finished);
        }
    }
}
