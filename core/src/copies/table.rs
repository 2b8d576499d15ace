//! Rows that will be a table of a database.

use std::path::Path;
use std::sync::atomic::AtomicU64;

use tokio_util::sync::CancellationToken;

use super::{Address, CopyError};
use crate::codec::Cell;
use crate::engine::{Kind, Seen, Untold, WaitingRows, store_cell};
use crate::expr::Type;

/// What becomes of the rows that a table has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// All are replaced, at once.
    #[default]
    Replace,
    /// Those with the key of a new row become that row; new rows are added, others stay.
    Upsert,
}

/// Takes rows that will be a table: of an SQLite file, or of a PostgreSQL database.
///
/// Types are chosen by the values that came, so rows wait on the disk until all are there.
///
/// | values of a column | SQLite | PostgreSQL |
/// |---|---|---|
/// | integers | `INTEGER` | `bigint` |
/// | integers, decimals and longer numbers | `TEXT`, exact, as SQLite has no decimals | `numeric`, exact |
/// | floats, also with integers that a float holds exactly | `REAL`; not a number as text | `double precision` |
/// | floats with other numbers | `TEXT` | `numeric`; `text` where one is infinite |
/// | true, false | `BOOLEAN`: 1, 0 | `boolean` |
/// | times | `TEXT`: ISO 8601 in UTC | `timestamptz`; `text` where one needs nanoseconds |
/// | texts, and values of several kinds | `TEXT` | `text` |
/// | bytes | `BLOB` | `bytea` |
/// | arrays and objects | `TEXT`: their JSON | `json` |
/// | none but nulls | what the pipeline says | what the pipeline says |
///
/// Null and missing are null, and so is what could not be decoded or calculated, which is counted.
#[derive(Debug)]
pub struct TableRows {
    pub(super) columns: Vec<Column>,
    /// The columns of the key, of an upsert.
    pub(super) key: Vec<usize>,
    pub(super) mode: Mode,
    pub(super) waiting: WaitingRows,
    row: Vec<u8>,
    rows: u64,
}

/// A column and what was seen of its values.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) seen: Seen,
    /// How many rows have no value here.
    nulls: u64,
}

/// What writing a table came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableWritten {
    /// How many rows were written.
    pub rows: u64,
    /// Of an upsert: how many of them were new.
    pub added: Option<u64>,
    /// The columns with values that could not be decoded or calculated and are null in the table.
    pub failed: Vec<Untold>,
    /// Where a table that was there had to be made anew.
    pub anew: Option<Anew>,
}

/// A table that was there and was made anew, because it could not hold the view's values as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anew {
    /// The first of its columns that could not: its name, its type there, and the type that holds the values.
    pub column: (String, String, String),
    /// What hung on the old table and is gone with it, in words.
    pub lost: Vec<String>,
}

impl std::fmt::Display for Anew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, was, is) = &self.column;
        let was = if was.is_empty() { "of no type" } else { was };
        write!(f, "made anew, because {name} was {was} and its values need {is}")?;
        match self.lost.as_slice() {
            [] => Ok(()),
            lost => write!(f, "; gone with the old table: {}", lost.join(", ")),
        }
    }
}

impl TableRows {
    /// Rows with these columns; what is known of their values decides where none comes. `key` names the columns that tell
    /// rows apart, which an upsert needs. Until they are written they wait in the folder `aside`.
    ///
    /// # Errors
    /// When an upsert has no key or one that is no column, or the folder can't be written.
    pub fn new(columns: &[(String, Type)], key: &[String], mode: Mode, aside: &Path) -> Result<Self, CopyError> {
        let place = |name: &String| {
            let found = columns.iter().position(|(known, _)| known == name);
            found.ok_or_else(|| CopyError::refused(format!("the view has no column {name} to tell rows apart by")))
        };
        let key = key.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        if mode == Mode::Upsert && key.is_empty() {
            let how = "nothing tells the view's rows apart; name the columns that do with --key, or replace the table";
            return Err(CopyError::refused(how));
        }
        let cannot = CopyError::io(format!("{} can't be written", aside.display()));
        let column = |(name, of): &(String, Type)| Column { name: name.clone(), seen: Seen::new(*of), nulls: 0 };
        Ok(Self {
            columns: columns.iter().map(column).collect(),
            key,
            mode,
            waiting: WaitingRows::beside(&aside.join("fabula")).map_err(cannot)?,
            row: Vec::new(),
            rows: 0,
        })
    }

    /// How many rows have come.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes a row; a cell a column.
    ///
    /// # Errors
    /// When the disk is full, say.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) -> std::io::Result<()> {
        self.row.clear();
        for (cell, column) in cells.into_iter().zip(&mut self.columns) {
            column.seen.add(&cell);
            column.nulls += u64::from(matches!(cell, Cell::Null | Cell::Missing | Cell::Failed(_)));
            store_cell(&cell, &mut self.row);
        }
        self.rows += 1;
        self.waiting.push(&self.row)
    }

    /// Writes them as a table of an SQLite file, in one transaction; a file that is not there yet comes whole or not at
    /// all. `done` counts the rows that were written.
    ///
    /// # Errors
    /// When it can't be written, or the table has other columns; what was there before is there still.
    pub fn write_sqlite(
        self,
        file: &Path,
        table: &str,
        cancel: &CancellationToken,
        done: &AtomicU64,
    ) -> Result<TableWritten, CopyError> {
        self.check_key()?;
        super::sqlite::write(self, file, table, cancel, done)
    }

    /// Writes them as a table of a PostgreSQL database, in one transaction. `done` counts the rows that were sent.
    ///
    /// # Errors
    /// When the server can't be reached or refuses, or the table has other columns; what was there before is there still.
    pub fn write_postgres(
        self,
        address: &Address,
        table: &str,
        cancel: &CancellationToken,
        done: &AtomicU64,
    ) -> Result<TableWritten, CopyError> {
        self.check_key()?;
        super::postgres::write(self, address, table, cancel, done)
    }

    /// A row without a key could not be found again.
    fn check_key(&self) -> Result<(), CopyError> {
        let upserts = self.mode == Mode::Upsert;
        let lacking = self.key.iter().map(|&at| &self.columns[at]).find(|column| upserts && column.nulls > 0);
        lacking.map_or(Ok(()), |column| {
            let rows = if column.nulls == 1 { "1 row has".to_owned() } else { format!("{} rows have", column.nulls) };
            Err(CopyError::refused(format!("{rows} no value in {}, which is part of the key", column.name)))
        })
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    pub(super) fn key_names(&self) -> Vec<&str> {
        self.key.iter().map(|&at| self.columns[at].name.as_str()).collect()
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.columns.iter().map(|column| column.seen.kind()).collect()
    }

    pub(super) fn written(&self, Put { added, anew }: Put) -> TableWritten {
        let failed = self.columns.iter().filter_map(|column| column.seen.untold(&column.name)).collect();
        TableWritten { rows: self.rows, added, anew, failed }
    }
}

/// What became of a table.
#[derive(Debug, Default)]
pub(super) struct Put {
    /// Of an upsert: how many rows were new.
    pub(super) added: Option<u64>,
    /// Where it was made anew.
    pub(super) anew: Option<Anew>,
}

/// Refuses a table whose columns are others than the view's.
pub(super) fn other_columns(place: &str, has: &[&str], wants: &[&str], exactly: bool) -> Result<(), CopyError> {
    let lacks: Vec<&str> = wants.iter().copied().filter(|name| !has.contains(name)).collect();
    let more: Vec<&str> = has.iter().copied().filter(|name| exactly && !wants.contains(name)).collect();
    if lacks.is_empty() && more.is_empty() {
        return Ok(());
    }
    let mut line = format!("{place} exists with other columns:");
    if !lacks.is_empty() {
        line.push_str(&format!(" it has no {}", lacks.join(", ")));
    }
    if !more.is_empty() {
        let and = if lacks.is_empty() { "" } else { ", and" };
        line.push_str(&format!("{and} it has {} besides", more.join(", ")));
    }
    line.push_str("; drop it, or name another with --table");
    Err(CopyError::refused(line))
}

/// A name in double quotes, as SQL takes any.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names in double quotes, with commas between them.
pub(super) fn list(names: &[&str]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}
