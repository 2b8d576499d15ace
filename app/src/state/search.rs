//! What is searched for, and what was found of it.

use std::sync::Arc;

use fabula_core::store::Matches;
use fabula_core::store::search::SearchReport;

/// What is searched for.
#[derive(Debug, Clone)]
pub struct Search {
    /// A text or an expression; empty shows every event.
    pub text: Arc<str>,
    /// Whether the story tells only what was found; else what was found is marked.
    pub filters: bool,
    /// What was found so far; `None` while nothing is searched for.
    pub found: Option<Found>,
}

impl Default for Search {
    fn default() -> Self {
        Self { text: "".into(), filters: true, found: None }
    }
}

/// What a search has found so far, and how far it is.
#[derive(Debug, Clone)]
pub struct Found {
    /// Counts the changes of `matches`, for those who keep something that was made from them.
    pub version: u64,
    /// The events that match.
    pub matches: Arc<Matches>,
    /// Texts that are marked where they stand in keys and values.
    pub literals: Arc<[String]>,
    /// What was looked at, what could not be, and whether that was all.
    pub report: SearchReport,
    /// How often a value was of another kind than what it was compared with: such comparisons are unknown.
    pub mismatched: u64,
}
