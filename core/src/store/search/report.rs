//! How far a search has come, and whether what it says is all there is.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::event::Coordinates;
use crate::event::figures::count;
use crate::store::Damage;

/// How far a search has come. Shared between the search and whoever shows it.
#[derive(Debug)]
pub struct SearchProgress {
    total: u64,
    scanned: AtomicU64,
    matched: AtomicU64,
    bytes: AtomicU64,
    failed: AtomicU64,
    rest: Mutex<Rest>,
}

/// What changes seldom.
#[derive(Debug, Default)]
struct Rest {
    first_failure: Option<SearchFailure>,
    left_out: Vec<Damage>,
    end: Option<SearchEnd>,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchEnd {
    /// Everything was looked at.
    Finished,
    /// As many matches as were wanted had been found.
    LimitReached,
    /// Somebody cancelled it.
    Cancelled,
}

/// An event that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchFailure {
    /// The event.
    pub event: Coordinates,
    /// Why.
    pub why: String,
}

/// What a search has looked at and found, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchReport {
    /// Events that were to be looked at.
    pub total: u64,
    /// Events that were looked at.
    pub scanned: u64,
    /// Events that match.
    pub matched: u64,
    /// Bytes of keys, values and headers that were looked at.
    pub bytes: u64,
    /// Events that could not be judged, and so are not among the matches.
    pub failed: u64,
    /// The first of them that was come across.
    pub first_failure: Option<SearchFailure>,
    /// Segments that could not be looked at.
    pub left_out: Vec<Damage>,
    /// How the search ended; `None` while it is under way.
    pub end: Option<SearchEnd>,
}

impl SearchProgress {
    pub(super) fn new(total: u64) -> Self {
        Self {
            total,
            scanned: AtomicU64::new(0),
            matched: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            rest: Mutex::default(),
        }
    }

    pub(super) fn add_scanned(&self, events: u64, bytes: u64) {
        self.scanned.fetch_add(events, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts matches; says how many there are now.
    pub(super) fn add_matched(&self, events: u64) -> u64 {
        self.matched.fetch_add(events, Ordering::Relaxed) + events
    }

    pub(super) fn add_failed(&self, events: u64, first: impl FnOnce() -> Option<SearchFailure>) {
        if events > 0 && self.failed.fetch_add(events, Ordering::Relaxed) == 0 {
            let first = first();
            self.rest.lock().first_failure = first;
        }
    }

    pub(super) fn leave_out(&self, damage: Damage) {
        self.rest.lock().left_out.push(damage);
    }

    /// Says how the search ends; whoever says so first is believed.
    pub(super) fn end(&self, end: SearchEnd) {
        self.rest.lock().end.get_or_insert(end);
    }

    /// What was looked at and found so far.
    pub fn report(&self) -> SearchReport {
        let rest = self.rest.lock();
        SearchReport {
            total: self.total,
            scanned: self.scanned.load(Ordering::Relaxed),
            matched: self.matched.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            first_failure: rest.first_failure.clone(),
            left_out: rest.left_out.clone(),
            end: rest.end,
        }
    }
}

impl SearchReport {
    /// Whether the matches are all there are in what was to be looked at.
    pub fn is_complete(&self) -> bool {
        self.end == Some(SearchEnd::Finished) && self.left_out.is_empty() && self.failed == 0
    }
}

/// `scanned 10,000 of 10,000 · matched 12 · complete`, or why it is not.
impl fmt::Display for SearchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scanned, total, matched) = (count(self.scanned), count(self.total), count(self.matched));
        write!(f, "scanned {scanned} of {total} · matched {matched}")?;
        match self.end {
            None => f.write_str(" · searching")?,
            Some(SearchEnd::Finished) if self.is_complete() => f.write_str(" · complete")?,
            Some(SearchEnd::Finished) => f.write_str(" · not complete")?,
            Some(SearchEnd::LimitReached) => f.write_str(" · stopped at the limit, there may be more")?,
            Some(SearchEnd::Cancelled) => f.write_str(" · cancelled, there may be more")?,
        }
        if self.failed > 0 {
            write!(f, " · {} could not be judged", count(self.failed))?;
            if let Some(first) = &self.first_failure {
                write!(f, " (first {}: {})", first.event, first.why)?;
            }
        }
        for damage in &self.left_out {
            write!(f, " · {damage}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_it_covers() {
        let progress = SearchProgress::new(1_234_567);
        assert_eq!(progress.report().to_string(), "scanned 0 of 1,234,567 · matched 0 · searching");
        progress.add_scanned(1_234_567, 1);
        progress.add_matched(12);
        progress.end(SearchEnd::Finished);
        assert_eq!(progress.report().to_string(), "scanned 1,234,567 of 1,234,567 · matched 12 · complete");
        progress.add_failed(2, || None);
        assert!(!progress.report().is_complete());
        assert!(progress.report().to_string().ends_with("not complete · 2 could not be judged"));
    }
}
