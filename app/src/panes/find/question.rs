//! What a person asks in the find field: a text that stands somewhere in an event, or a condition.

use std::sync::Arc;

use fabula_core::store::search::{Direction, Literal, Places, Search, SearchOptions, search_literal};
use fabula_core::store::{Segment, Snapshot};

use crate::formats::Formats;

/// A question, understood.
#[derive(Debug, Clone)]
pub(super) struct Question {
    text: Arc<str>,
}

/// Why a text is no question, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misunderstood {
    /// What is wrong.
    pub(super) message: String,
    /// What to write instead.
    pub(super) hint: Option<String>,
    /// Which part of the text, in bytes.
    pub(super) at: std::ops::Range<usize>,
}

impl Question {
    /// Understands a text; `None` asks for nothing.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Misunderstood> {
        Ok((!text.trim().is_empty()).then(|| Self { text: text.trim().into() }))
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Texts to mark in what is found.
    pub(super) fn literals(&self) -> Vec<String> {
        vec![self.text.to_string()]
    }

    /// Starts to look for the answer.
    pub(super) fn ask(
        &self,
        segments: Vec<Arc<Segment>>,
        _formats: &Formats,
        _snapshot: &Snapshot,
    ) -> Result<Search, String> {
        let options = SearchOptions { direction: Direction::default(), ..SearchOptions::default() };
        let literal = Literal { bytes: self.text.as_bytes().to_vec(), ignore_ascii_case: true, places: Places::ALL };
        search_literal(segments, literal, options).map_err(|error| error.to_string())
    }
}
