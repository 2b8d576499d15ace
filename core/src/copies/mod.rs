//! What is kept of a view elsewhere: tables that its rows are written to, copies that it is held against, and a database
//! in which it is asked about in SQL.
//!
//! - [`TableRows`] takes a view's rows and writes them as a table of an SQLite file or of a PostgreSQL database, whole or
//!   not at all.
//! - [`Copy`] reads a copy: CSV, JSON lines, Parquet, a table of either database. [`Comparison`] holds a view's rows
//!   against it and tells what is missing, extra or different ([`Drift`]), and [`explain_drift`] by which events.
//! - [`SqlViews`] loads views into a private SQLite database and answers `SELECT`s.
//!
//! Everything here waits for files and servers: it is for threads that may.

mod address;
mod drift;
mod error;
mod postgres;
mod read;
mod same;
mod sql;
mod sqlite;
mod table;
mod value;

pub use address::{Address, Tls};
pub use drift::{Comparison, Drift, DriftKind, DriftRow, Events, explain_drift};
pub use error::CopyError;
pub use read::{Copy, CopyRow};
pub use same::same;
pub use sql::{Answer, SqlViews};
pub use table::{Anew, Mode, TableRows, TableWritten};

use crate::engine::PlannedView;

/// The names of the columns that tell a view's rows apart; none where nothing does, or where a view does not show them
/// all.
pub fn key_of(view: &PlannedView) -> Vec<String> {
    let name =
        |place: &usize| view.columns.iter().find(|(_, column, _)| column == place).map(|(name, ..)| name.clone());
    view.id.iter().map(name).collect::<Option<Vec<String>>>().unwrap_or_default()
}
