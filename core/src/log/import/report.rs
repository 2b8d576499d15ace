//! What an import came to.

use std::path::PathBuf;

use super::Format;
use crate::event::{TopicPartition, Watermarks};

/// How many lines or rows that could not be read are listed at most. How many there are in all is always said.
pub const MOST_LISTED: usize = 1_000;

/// What was read, and what could not be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Each file, in the order given.
    pub files: Vec<FileReport>,
    /// Each partition that events went to, sorted.
    pub partitions: Vec<ImportedPartition>,
    /// How many events were handed over.
    pub events: u64,
    /// How many lines or rows were left out.
    pub unread: u64,
    /// How many events were handed over without a timestamp, whether there was none or it could not be understood.
    pub untimed: u64,
    /// The first [`MOST_LISTED`] things that could not be read.
    pub listed: Vec<Unread>,
}

/// What one file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// What it was taken for.
    pub format: Format,
    /// How many events it gave.
    pub events: u64,
    /// How many of its lines or rows were left out.
    pub unread: u64,
}

/// What one partition came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPartition {
    /// The partition.
    pub partition: TopicPartition,
    /// How many events it got.
    pub events: u64,
    /// Its first offset, and one past its last.
    pub watermarks: Watermarks,
}

/// Something in a file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The file.
    pub path: PathBuf,
    /// The line or row, from 1; `None` when it is the file as such.
    pub place: Option<Place>,
    /// What is wrong there.
    pub reason: String,
    /// Whether the event was kept all the same, without what could not be read of it.
    pub kept: bool,
}

/// Where in a file something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A line, from 1.
    Line(u64),
    /// A row, from 1.
    Row(u64),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.path.display())?;
        match self.place {
            Some(Place::Line(line)) => write!(f, ", line {line}")?,
            Some(Place::Row(row)) => write!(f, ", row {row}")?,
            None => {}
        }
        write!(f, ": {}", self.reason)
    }
}
