//! Writing a table of an SQLite file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params_from_iter};
use tokio_util::sync::CancellationToken;

use super::{BUSY, failed};
use crate::codec::Cell;
use crate::copies::table::{Anew, Column, Put, list, other_columns, quoted};
use crate::copies::{CopyError, Mode, TableRows, TableWritten};
use crate::engine::{Kind, Stop, StoredCells};
use crate::event::time::{format_iso, format_iso_ns};
use crate::store::WholeFile;

/// Where rows wait that are put into a table by their key.
const INCOMING: &str = "temp.fabula_incoming";

/// After so many of SQLite's steps it is asked whether to go on.
const STEPS: i32 = 10_000;

/// Writes the rows: into a file of its own that then takes the name, or in one transaction into the file that is there.
pub(in crate::copies) fn write(
    rows: TableRows,
    file: &Path,
    table: &str,
    cancel: &CancellationToken,
    done: &AtomicU64,
) -> Result<TableWritten, CopyError> {
    let cannot = || CopyError::io(format!("{} can't be written", file.display()));
    if file.exists() {
        if !file.is_file() {
            return Err(CopyError::refused(format!("{} is no file", file.display())));
        }
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let connection = connection.map_err(failed(file, cancel))?;
        return Writing { rows, file: file.to_owned(), table, cancel, done }.into(connection);
    }
    let whole = WholeFile::create(file).map_err(cannot())?;
    let aside = whole.aside().unwrap_or(file).to_owned();
    let connection = Connection::open(&aside).map_err(failed(file, cancel))?;
    // Nobody sees this file before it is whole, and it is forced to the disk then.
    let quick = connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    quick.map_err(failed(file, cancel))?;
    let written = Writing { rows, file: file.to_owned(), table, cancel, done }.into(connection)?;
    whole.finish().map_err(cannot())?;
    Ok(written)
}

struct Writing<'w> {
    rows: TableRows,
    file: PathBuf,
    table: &'w str,
    cancel: &'w CancellationToken,
    done: &'w AtomicU64,
}

impl Writing<'_> {
    fn into(mut self, mut connection: Connection) -> Result<TableWritten, CopyError> {
        let cancel = self.cancel.clone();
        let failed = failed(&self.file, &cancel);
        connection.busy_timeout(BUSY).map_err(&failed)?;
        let stop = cancel.clone();
        connection.progress_handler(STEPS, Some(move || stop.is_cancelled())).map_err(&failed)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(&failed)?;
        // What is not committed is undone when the connection goes.
        let put = self.put(&connection, &failed)?;
        connection.execute_batch("COMMIT").map_err(&failed)?;
        connection.close().map_err(|(_, error)| failed(error))?;
        Ok(self.rows.written(put))
    }

    fn put(
        &mut self,
        connection: &Connection,
        failed: &dyn Fn(rusqlite::Error) -> CopyError,
    ) -> Result<Put, CopyError> {
        let main = format!("main.{}", quoted(self.table));
        let there = existing(connection, self.table).map_err(failed)?;
        let place = format!("{} in {}", self.table, self.file.display());
        let kinds = self.kinds();
        let Some(there) = there else {
            connection.execute_batch(&self.create(&main, self.rows.mode == Mode::Upsert)).map_err(failed)?;
            self.insert(connection, &main, failed)?;
            let added = (self.rows.mode == Mode::Upsert).then(|| self.rows.rows());
            return Ok(Put { added, anew: None });
        };
        if !there.is_table {
            return Err(CopyError::refused(format!("{place} is no table; name another with --table")));
        }
        let has: Vec<&str> = there.columns.iter().map(|(name, _)| name.as_str()).collect();
        other_columns(&place, &has, &self.rows.names(), self.rows.mode == Mode::Replace)?;
        let declared = |name: &str| there.columns.iter().find(|(known, _)| known == name).map_or("", |(_, of)| of);
        let lacking = self.rows.columns.iter().zip(&kinds).find_map(|(column, kind)| {
            let declared = declared(&column.name);
            let holds = column.seen.is_empty() || holds(declared, kind, there.is_strict);
            (!holds).then(|| (column.name.clone(), declared.to_owned(), declared_type(kind).to_owned()))
        });
        if self.rows.mode == Mode::Upsert {
            if let Some((name, declared, _)) = lacking {
                return Err(CopyError::refused(format!(
                    "{place} has {name} as {declared}, which does not hold the view's values as they are; replace the table"
                )));
            }
            let added = self.upsert(connection, &main, failed)?;
            return Ok(Put { added: Some(added), anew: None });
        }
        let Some(column) = lacking else {
            // Its indexes, its key, and what else hangs on it, stay.
            connection.execute_batch(&format!("DELETE FROM {main}")).map_err(failed)?;
            self.insert(connection, &main, failed)?;
            return Ok(Put::default());
        };
        let lost = what_hangs_on(connection, &there.name).map_err(failed)?;
        let anew = format!("DROP TABLE {main}; {}", self.create(&main, false));
        connection.execute_batch(&anew).map_err(failed)?;
        self.insert(connection, &main, failed)?;
        Ok(Put { added: None, anew: Some(Anew { column, lost }) })
    }

    fn kinds(&self) -> Vec<Kind> {
        self.rows.columns.iter().map(kind_of).collect()
    }

    /// The statement that makes the table.
    fn create(&self, name: &str, keyed: bool) -> String {
        let kinds = self.kinds();
        let column = |(name, kind): (&str, &Kind)| format!("{} {}", quoted(name), declared_type(kind));
        let mut parts: Vec<String> = self.rows.names().into_iter().zip(&kinds).map(column).collect();
        if keyed {
            parts.push(format!("PRIMARY KEY ({})", list(&self.rows.key_names())));
        }
        format!("CREATE TABLE {name} ({})", parts.join(", "))
    }

    /// Puts every row into a table.
    fn insert(
        &mut self,
        connection: &Connection,
        into: &str,
        failed: &dyn Fn(rusqlite::Error) -> CopyError,
    ) -> Result<(), CopyError> {
        let kinds = self.kinds();
        let marks = vec!["?"; kinds.len()].join(", ");
        let sql = format!("INSERT INTO {into} ({}) VALUES ({marks})", list(&self.rows.names()));
        let mut statement = connection.prepare(&sql).map_err(failed)?;
        let keys = self.rows.key_names().join(", ");
        let cannot = || CopyError::io("the rows that wait can't be read");
        let mut waiting = self.rows.waiting.read().map_err(cannot())?;
        let mut row = Vec::new();
        while waiting.next(&mut row).map_err(cannot())? {
            if self.cancel.is_cancelled() {
                return Err(Stop::Cancelled.into());
            }
            let mut cells = StoredCells::new(&row);
            let mut values = Vec::with_capacity(kinds.len());
            for kind in &kinds {
                let cell = cells.take().map_err(|error| CopyError::refused(error.to_string()))?;
                values.push(value(&cell, kind));
            }
            statement.execute(params_from_iter(values)).map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::ConstraintViolation) if into == INCOMING || self.rows.mode == Mode::Upsert => {
                    CopyError::refused(format!(
                        "several rows have the same {keys}: an upsert needs a key that tells rows apart"
                    ))
                }
                Some(ErrorCode::ConstraintViolation) => {
                    let file = self.file.display();
                    CopyError::refused(format!(
                        "{} in {file} does not take the rows: {}; take that away, or drop the table",
                        self.table,
                        super::told(&error)
                    ))
                }
                _ => failed(error),
            })?;
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Puts the rows into a table by their key; how many were new.
    fn upsert(
        &mut self,
        connection: &Connection,
        main: &str,
        failed: &dyn Fn(rusqlite::Error) -> CopyError,
    ) -> Result<u64, CopyError> {
        connection.execute_batch(&self.create(INCOMING, true)).map_err(failed)?;
        self.insert(connection, INCOMING, failed)?;
        let (names, key) = (self.rows.names(), self.rows.key_names());
        let from = |name: &&str| format!("{0} = \"in\".{0}", quoted(name));
        let rest: Vec<String> = names.iter().filter(|name| !key.contains(name)).map(from).collect();
        if !rest.is_empty() {
            let same: Vec<String> = key.iter().map(|name| format!("\"old\".{}", from(name))).collect();
            let sql = format!(
                "UPDATE {main} AS \"old\" SET {} FROM {INCOMING} AS \"in\" WHERE {}",
                rest.join(", "),
                same.join(" AND ")
            );
            connection.execute(&sql, ()).map_err(failed)?;
        }
        let known: Vec<String> = key.iter().map(|name| format!("{} IS NOT NULL", quoted(name))).collect();
        let (all, key) = (list(&names), list(&key));
        let sql = format!(
            "INSERT INTO {main} ({all}) SELECT {all} FROM {INCOMING} WHERE ({key}) NOT IN (SELECT {key} FROM {main} WHERE {})",
            known.join(" AND ")
        );
        let added = connection.execute(&sql, ()).map_err(failed)?;
        connection.execute_batch(&format!("DROP TABLE {INCOMING}")).map_err(failed)?;
        Ok(added as u64)
    }
}

/// A table that is there.
struct Existing {
    name: String,
    is_table: bool,
    /// Whether it takes nothing but what its columns are declared as.
    is_strict: bool,
    /// Names and declared types.
    columns: Vec<(String, String)>,
}

fn existing(connection: &Connection, table: &str) -> rusqlite::Result<Option<Existing>> {
    let sql = "SELECT name, type FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')";
    let found = connection.query_row(sql, [table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
    let Some((name, of)) = found.optional()? else { return Ok(None) };
    let sql = "SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND strict";
    let is_strict = connection.prepare(sql)?.exists([&name])?;
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let columns = columns.collect::<rusqlite::Result<_>>()?;
    Ok(Some(Existing { name, is_table: of == "table", is_strict, columns }))
}

/// What goes when a table does: its key, its indexes, its triggers.
fn what_hangs_on(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT 'the primary key' FROM pragma_table_info(?1) WHERE pk > 0 GROUP BY 1 \
               UNION ALL SELECT type || ' ' || name FROM main.sqlite_schema \
               WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL";
    let mut statement = connection.prepare(sql)?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// What a column is declared as.
fn declared_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Int => "INTEGER",
        Kind::Float => "REAL",
        Kind::Bool => "BOOLEAN",
        Kind::Bytes => "BLOB",
        // SQLite has no decimals and no times; a text keeps every digit.
        Kind::Decimal { .. } | Kind::Ms | Kind::Ns | Kind::Text | Kind::Json => "TEXT",
    }
}

/// What SQLite keeps a column's values as: it has no decimals, so they are texts, and the floats among them too.
fn kind_of(column: &Column) -> Kind {
    match column.seen.kind() {
        Kind::Float if column.seen.has_decimals() => Kind::Text,
        kind => kind,
    }
}

/// Whether a column that is declared so keeps values of a kind as they are: SQLite turns texts that look like numbers
/// into numbers, and numbers into texts, by the letters of the declaration. A time's text looks like none.
fn holds(declared: &str, kind: &Kind, is_strict: bool) -> bool {
    let declared = declared.to_ascii_uppercase();
    if is_strict && declared != "ANY" {
        return declared.trim_end_matches("EGER") == declared_type(kind).trim_end_matches("EGER");
    }
    let has = |part: &str| declared.contains(part);
    let (int, text, blob) = (has("INT"), has("CHAR") || has("CLOB") || has("TEXT"), has("BLOB") || declared.is_empty());
    let real = has("REAL") || has("FLOA") || has("DOUB");
    match kind {
        _ if blob && !int && !text => true,
        Kind::Bytes | Kind::Ms | Kind::Ns => true,
        // In a column of texts it is the text of its digits.
        Kind::Int => int || text || !real,
        Kind::Bool => int || !text && !real,
        Kind::Float => !int && !text,
        Kind::Decimal { .. } | Kind::Text | Kind::Json => text && !int,
    }
}

/// A value as SQLite keeps it.
fn value(cell: &Cell<'_>, kind: &Kind) -> Value {
    match (kind, cell) {
        (_, Cell::Missing | Cell::Null | Cell::Failed(_)) => Value::Null,
        (Kind::Int, Cell::Int(int)) => Value::Integer(*int),
        (Kind::Bool, Cell::Bool(truth)) => Value::Integer(i64::from(*truth)),
        (Kind::Float, Cell::Int(int)) => Value::Real(*int as f64),
        // SQLite takes what is not a number for null.
        (Kind::Float, Cell::Float(float)) if !float.is_nan() => Value::Real(*float),
        (Kind::Bytes, Cell::Bytes(bytes)) => Value::Blob(bytes.to_vec()),
        (Kind::Ms, Cell::Time(ns)) => Value::Text(format_iso(*ns)),
        (Kind::Ns, Cell::Time(ns)) => Value::Text(format_iso_ns(*ns)),
        _ => cell.written().map_or(Value::Null, |text| Value::Text(text.into_owned())),
    }
}
