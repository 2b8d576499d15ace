//! A table of a database that a view's rows become.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use anyhow::Context as _;
use fabula_core::copies::{Address, CopyError, Mode, TableRows, TableWritten, key_of};
use fabula_core::engine::PlannedView;
use fabula_core::log::kafka::Secret;
use tokio_util::sync::CancellationToken;

use crate::cli::say;
use crate::figures;

/// Where a table is, and what becomes of the rows that it has.
pub struct Target {
    place: Place,
    table: Option<String>,
    mode: Mode,
    key: Vec<String>,
    cancel: CancellationToken,
}

enum Place {
    Sqlite(PathBuf),
    Postgres(Address),
}

impl Target {
    /// A table of an SQLite file.
    pub fn sqlite(file: &Path, cancel: &CancellationToken) -> Self {
        Self::new(Place::Sqlite(file.to_owned()), cancel)
    }

    /// A table of a PostgreSQL database. Whether the server can be reached and lets the user in is found out now.
    pub fn postgres(address: &str, cancel: &CancellationToken) -> anyhow::Result<Self> {
        Ok(Self::new(Place::Postgres(reached(address, cancel)?), cancel))
    }

    fn new(place: Place, cancel: &CancellationToken) -> Self {
        Self { place, table: None, mode: Mode::Replace, key: Vec::new(), cancel: cancel.clone() }
    }

    /// The same with what the flags say of it.
    pub fn with(self, table: Option<&str>, upsert: bool, key: &[String]) -> Self {
        let mode = if upsert { Mode::Upsert } else { Mode::Replace };
        Self { table: table.map(str::to_owned), mode, key: key.to_vec(), ..self }
    }

    /// Rows of a view for this table.
    pub fn rows(&self, view: &PlannedView) -> Result<TableRows, CopyError> {
        let columns: Vec<_> = view.columns.iter().map(|(name, _, of)| (name.clone(), *of)).collect();
        let key = if self.key.is_empty() { key_of(view) } else { self.key.clone() };
        let key = if self.mode == Mode::Upsert { key } else { Vec::new() };
        let aside = match &self.place {
            Place::Sqlite(file) => file.parent().map(Path::to_owned).unwrap_or_default(),
            Place::Postgres(_) => std::env::temp_dir(),
        };
        TableRows::new(&columns, &key, self.mode, &aside)
    }

    /// Writes the rows, with a bar.
    pub fn write(&self, rows: TableRows, view: &str) -> Result<TableWritten, CopyError> {
        let table = self.table.as_deref().unwrap_or(view);
        let (count, done) = (rows.rows(), AtomicU64::new(0));
        let written = super::with_bar(count, "rows", &done, || match &self.place {
            Place::Sqlite(file) => rows.write_sqlite(file, table, &self.cancel, &done),
            Place::Postgres(address) => rows.write_postgres(address, table, &self.cancel, &done),
        })?;
        if let Some(added) = written.added {
            say(&format!("{table}: {} new, {} replaced", figures::count(added), figures::count(written.rows - added)));
        }
        if let Some(anew) = &written.anew {
            say(&format!("{table}: {anew}"));
        }
        Ok(written)
    }
}

/// An address whose server was reached. A password that it asks for and that is not known is asked for, where there is
/// somebody to ask.
pub fn reached(address: &str, cancel: &CancellationToken) -> anyhow::Result<Address> {
    let address = Address::parse(address)?;
    let error = match address.try_to_connect(cancel) {
        Ok(()) => return Ok(address),
        Err(error) => error,
    };
    let terminal = console::Term::stderr();
    if !matches!(error, CopyError::Password { .. }) || !terminal.is_term() || !std::io::stdin().is_terminal() {
        return Err(error.into());
    }
    terminal.write_str(&format!("password for {}: ", address.server()))?;
    let password = terminal.read_secure_line().context("the password could not be asked for")?;
    let address = address.with_password(Secret::new(password));
    address.try_to_connect(cancel)?;
    Ok(address)
}
