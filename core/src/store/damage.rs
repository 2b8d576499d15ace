//! What can go wrong with a store, each in one line: what failed, on what, what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::event::TopicPartition;

/// A part of a recording that cannot be used. The rest of it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file that is damaged or missing.
    pub file: PathBuf,
    /// What is wrong with it.
    pub reason: String,
    /// The offsets that are left out because of it; `None` where nothing is lost by it.
    pub lost: Option<LostRange>,
}

impl std::error::Error for Damage {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is damaged: {}", self.file.display(), self.reason)?;
        match &self.lost {
            Some(lost) => write!(f, "; left out: {lost}; record again from the log to fill the hole"),
            None => Ok(()),
        }
    }
}

/// A range of offsets of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRange {
    /// The partition.
    pub partition: TopicPartition,
    /// The first offset.
    pub from: i64,
    /// One past the last offset.
    pub to: i64,
}

impl fmt::Display for LostRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} offsets {} to {}", self.partition, self.from, self.to.saturating_sub(1))
    }
}

/// Why a store could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The folder holds no recording.
    #[error("{} holds no recording: there is neither a recording.json nor a segment in it", dir.display())]
    NotARecording {
        /// The folder.
        dir: PathBuf,
    },
    /// A recording is there already.
    #[error("{} holds a recording already; extend it, or choose another folder", dir.display())]
    Exists {
        /// The folder.
        dir: PathBuf,
    },
    /// Another program writes to the recording.
    #[error("{} is being written by another program; wait until it is done, or choose another folder", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// The store was opened to be read.
    #[error("{} was opened for reading only", dir.display())]
    ReadOnly {
        /// The folder.
        dir: PathBuf,
    },
    /// The recording was made by a later version.
    #[error("{} has format {found}, and this version reads up to format {known}; use a newer Fabula", path.display())]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// The format it says it has.
        found: u64,
        /// The newest format known here.
        known: u64,
    },
    /// The recording is of another log than the one to be added to it.
    #[error("{} was recorded from {recorded}, not from {offered}; choose another folder", dir.display())]
    OtherLog {
        /// The folder.
        dir: PathBuf,
        /// Where the recording came from.
        recorded: String,
        /// Where the new events would come from.
        offered: String,
    },
    /// The disk is full.
    #[error("no space left on the disk for {}; free some and run it again: what is there stays sound", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {reason}", path.display())]
    Io {
        /// What was tried, e.g. `write`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Events could not be put into columns.
    #[error("cannot write events of {partition}: {reason}")]
    Columns {
        /// The partition.
        partition: TopicPartition,
        /// What Arrow said.
        reason: String,
    },
    /// A part of the store is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
}

impl StoreError {
    /// An error of the file system, with what was tried on what.
    pub(crate) fn io(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.to_owned() },
            _ => Self::Io { doing, path: path.to_owned(), reason: error.to_string() },
        }
    }
}
