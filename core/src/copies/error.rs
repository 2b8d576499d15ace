//! Why a copy could not be written, read or asked.

use crate::engine::Stop;

/// Why a copy could not be written, read or asked: one line that says what, on what, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It was refused, by what is asked for or by the database.
    #[error("{0}")]
    Refused(String),
    /// The server asks for a password, and none is known.
    #[error("{server} asks for a password: set PGPASSWORD, or write it to ~/.pgpass")]
    Password {
        /// The server and the user, without anything secret.
        server: String,
    },
    /// The disk or the network failed.
    #[error("{what}: {source}")]
    Io {
        /// What could not be done, and on what.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// It was stopped, or a bound was passed.
    #[error("{0}")]
    Stopped(#[from] Stop),
}

impl CopyError {
    /// Something was refused.
    pub(super) fn refused(line: impl Into<String>) -> Self {
        Self::Refused(line.into())
    }

    /// What could not be done failed for this reason.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        |source| Self::Io { what: what.into(), source }
    }

    /// Whether it was stopped by whoever asked for it.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Stopped(Stop::Cancelled))
    }
}
