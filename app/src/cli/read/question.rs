//! What is asked of the events: which of them match, and which of their fields are wanted.

use std::borrow::Cow;

use fabula_core::event::{EventBatch, EventRef};
use fabula_core::store::search::SearchReport;
use fabula_core::store::{Matches, Snapshot};
use tokio_util::sync::CancellationToken;

use super::told::Part;

/// What is asked of the events.
#[derive(Debug, Default)]
pub struct Question {
    columns: Vec<String>,
}

impl Question {
    /// Reads the question.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self::default())
    }

    /// The names of the fields wanted.
    pub fn column_names(&self) -> &[String] {
        &self.columns
    }

    /// Looks for the events of a part that match; `None` where every event does.
    pub fn search(
        &self,
        _part: &Part,
        _snapshot: &Snapshot,
        _cancel: &CancellationToken,
    ) -> anyhow::Result<Option<(Matches, SearchReport)>> {
        Ok(None)
    }

    /// Those of a batch's rows that match.
    pub fn keep(&self, _events: &EventBatch, rows: Vec<u32>) -> Vec<u32> {
        rows
    }

    /// The fields wanted of an event.
    pub fn cells<'e>(&self, _event: EventRef<'e>) -> Vec<Option<Cow<'e, str>>> {
        Vec::new()
    }

    /// Says what the search came to.
    pub fn say(&self, search: Option<&SearchReport>) {
        if let Some(report) = search {
            crate::cli::say(&report.to_string());
        }
    }
}
