//! Why a checkpoint could not be used, each in one line: what failed, on what, what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a checkpoint could not be used. None is ever passed over: a run that began anew in silence would repeat itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The folder holds something else.
    #[error("{} holds {by}, which is no checkpoint; name a folder of its own", dir.display())]
    Occupied {
        /// The folder.
        dir: PathBuf,
        /// A file in it.
        by: String,
    },
    /// Another run writes its checkpoints there.
    #[error("{} is in use by another run; wait until it is done, or name another folder", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// The file is not what was written.
    #[error("{} is damaged: {reason}; remove it to begin anew", path.display())]
    Damaged {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is of another version.
    #[error(
        "{} has format {found}, and this version reads format {known}; go on with the version that wrote it, or remove \
         it to begin anew", path.display()
    )]
    OtherFormat {
        /// The checkpoint.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format known here.
        known: u32,
    },
    /// It was made by another pipeline, on another log, or for another output.
    #[error("{} is another run's checkpoint: {difference}; name another folder, or remove it to begin anew", path.display())]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
        /// What is different.
        difference: String,
    },
    /// The file system did not let it.
    #[error("cannot {doing} {}: {reason}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl CheckpointError {
    pub(super) fn io(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), reason: error.to_string() }
    }

    pub(super) fn damaged(path: &Path, reason: String) -> Self {
        Self::Damaged { path: path.to_owned(), reason }
    }
}
