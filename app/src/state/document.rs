//! What a person sets up, can undo, and saves in a workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fabula_core::event::{Coordinates, TopicName};

use super::Ties;
use crate::formats::Chosen;

/// Topics shown, columns, notes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Document {
    /// The topics whose events are shown.
    pub shown: BTreeSet<TopicName>,
    /// Topics whose lanes stay on top.
    pub pinned: BTreeSet<TopicName>,
    /// The story's columns after time, topic and offset.
    pub columns: Vec<Column>,
    /// Formats of keys and values that a person chose.
    pub formats: BTreeMap<TopicName, Chosen>,
    /// What a person changed about how events are tied into threads.
    #[serde(skip_serializing_if = "Ties::is_empty")]
    pub ties: Ties,
    /// The text of the pipeline on the canvas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// The file that the pipeline was opened from or saved in. It is no part of a workspace: by the time that one is opened
    /// again the file may hold something else, which must not be written over unasked.
    #[serde(skip)]
    pub pipeline_file: Option<PathBuf>,
    /// Notes at events, also its bookmarks: a bookmark is a note that may be empty.
    #[serde(with = "notes")]
    pub notes: BTreeMap<Coordinates, String>,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            shown: BTreeSet::new(),
            pinned: BTreeSet::new(),
            columns: vec![Column::Key, Column::Value],
            formats: BTreeMap::new(),
            ties: Ties::new(),
            pipeline: None,
            pipeline_file: None,
            notes: BTreeMap::new(),
        }
    }
}

/// A column of the story after time, topic and offset.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The event's key.
    Key,
    /// The event's value in one line.
    Value,
    /// What an expression over the event says, e.g. `value.order_id` or `headers.ce_type`.
    Field(String),
}

impl Column {
    /// Its heading.
    pub fn name(&self) -> &str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
            Self::Field(expression) => expression,
        }
    }
}

/// Which end of the story comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As it happened.
    #[default]
    OldestFirst,
    /// The end first.
    NewestFirst,
}

impl Order {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::OldestFirst => Self::NewestFirst,
            Self::NewestFirst => Self::OldestFirst,
        }
    }
}

/// Documents before and after the present one. Bounded: the oldest steps are forgotten.
#[derive(Debug, Clone, Default)]
pub struct History {
    before: Vec<Document>,
    after: Vec<Document>,
    /// The stretch of writing that the last step is of, if it is of one.
    writing: Option<u64>,
}

impl History {
    const STEPS: usize = 100;

    /// Remembers a document that is about to change.
    pub fn remember(&mut self, document: &Document) {
        self.writing = None;
        self.after.clear();
        if self.before.len() == Self::STEPS {
            self.before.remove(0);
        }
        self.before.push(document.clone());
    }

    /// Remembers a document that is about to change by a letter of a stretch of writing: the stretch is one step.
    pub fn remember_writing(&mut self, document: &Document, stretch: u64) {
        if self.writing != Some(stretch) {
            self.remember(document);
            self.writing = Some(stretch);
        }
    }

    /// A pipeline is in another file from now on: so it was before, or a step back would be saved over the old file.
    pub fn move_pipeline(&mut self, from: &Path, to: &Path) {
        for document in self.before.iter_mut().chain(&mut self.after) {
            if document.pipeline_file.as_deref() == Some(from) {
                document.pipeline_file = Some(to.to_path_buf());
            }
        }
    }

    /// The document before this one.
    pub fn undo(&mut self, document: &mut Document) -> bool {
        self.writing = None;
        let Some(earlier) = self.before.pop() else { return false };
        self.after.push(std::mem::replace(document, earlier));
        true
    }

    /// The document after this one.
    pub fn redo(&mut self, document: &mut Document) -> bool {
        self.writing = None;
        let Some(later) = self.after.pop() else { return false };
        self.before.push(std::mem::replace(document, later));
        true
    }
}

/// Notes as a list, because JSON's keys are texts.
mod notes {
    use super::{BTreeMap, Coordinates};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Note {
        #[serde(flatten)]
        at: Coordinates,
        note: String,
    }

    pub(super) fn serialize<S: Serializer>(notes: &BTreeMap<Coordinates, String>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(notes.iter().map(|(at, note)| Note { at: at.clone(), note: note.clone() }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Coordinates, String>, D::Error> {
        let notes = Vec::<Note>::deserialize(from)?;
        Ok(notes.into_iter().map(|note| (note.at, note.note)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_can_be_taken_back_and_made_again() {
        let mut document = Document::default();
        let mut history = History::default();
        history.remember(&document);
        document.shown.insert("orders".into());
        let changed = document.clone();
        assert!(history.undo(&mut document));
        assert_eq!(document, Document::default());
        assert!(history.redo(&mut document));
        assert_eq!(document, changed);
        assert!(!history.redo(&mut document));
    }
}
