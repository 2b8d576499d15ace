//! Tables of SQLite files.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;

use rusqlite::ErrorCode;
use tokio_util::sync::CancellationToken;

use super::CopyError;
use crate::engine::Stop;

pub(super) use read::{cell, columns, each};
pub(super) use write::write;

/// How long to wait for another program that writes the file.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// What SQLite says, in a line that names the file.
fn failed(file: &Path, cancel: &CancellationToken) -> impl Fn(rusqlite::Error) -> CopyError + use<> {
    let (name, cancel) = (file.display().to_string(), cancel.clone());
    move |error| {
        let code = error.sqlite_error_code();
        if cancel.is_cancelled() || code == Some(ErrorCode::OperationInterrupted) {
            return Stop::Cancelled.into();
        }
        CopyError::refused(match code {
            Some(ErrorCode::NotADatabase) => format!("{name} is no SQLite file"),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                format!("{name} is in use by another program; try again when that is done")
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => format!("{name} can't be written: no rights"),
            Some(ErrorCode::DiskFull) => format!("{name} can't be written: the disk is full"),
            Some(ErrorCode::CannotOpen) => format!("{name} can't be opened"),
            _ => format!("{name}: {}", told(&error)),
        })
    }
}

/// SQLite's own words.
pub(super) fn told(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
