//! Reading a table of an SQLite file.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use tokio_util::sync::CancellationToken;

use super::{BUSY, failed};
use crate::codec::Cell;
use crate::copies::table::quoted;
use crate::copies::{CopyError, CopyRow};
use crate::engine::Stop;

fn open(file: &Path, cancel: &CancellationToken) -> Result<Connection, CopyError> {
    if !file.is_file() {
        return Err(CopyError::refused(format!("{} is not there", file.display())));
    }
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed(file, cancel))?;
    connection.busy_timeout(BUSY).map_err(failed(file, cancel))?;
    Ok(connection)
}

/// The table's columns. Without a name it is the file's only table.
pub(in crate::copies) fn columns(
    file: &Path,
    table: Option<&str>,
    cancel: &CancellationToken,
) -> Result<(String, Vec<String>), CopyError> {
    let connection = open(file, cancel)?;
    let failed = failed(file, cancel);
    let sql = "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(sql).map_err(&failed)?;
    let names = statement.query_map((), |row| row.get(0)).map_err(&failed)?;
    let names = names.collect::<rusqlite::Result<Vec<String>>>().map_err(&failed)?;
    let file = file.display();
    let table = match (table, names.as_slice()) {
        (Some(table), names) => names
            .iter()
            .find(|name| name.eq_ignore_ascii_case(table))
            .cloned()
            .ok_or_else(|| CopyError::refused(format!("{file} has no table {table}; it has {}", all(names))))?,
        (None, [only]) => only.clone(),
        (None, []) => return Err(CopyError::refused(format!("{file} has no tables"))),
        (None, names) => {
            return Err(CopyError::refused(format!(
                "which table of {file}? it has {}: write sqlite:FILE#TABLE",
                all(names)
            )));
        }
    };
    let statement = connection.prepare(&format!("SELECT * FROM main.{}", quoted(&table))).map_err(&failed)?;
    let columns = statement.column_names().map(str::to_owned).collect();
    Ok((table, columns))
}

fn all(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Hands over every row of a table.
pub(in crate::copies) fn each(
    file: &Path,
    table: &str,
    cancel: &CancellationToken,
    take: &mut dyn FnMut(CopyRow<'_>) -> Result<(), CopyError>,
) -> Result<(), CopyError> {
    let connection = open(file, cancel)?;
    let failed = failed(file, cancel);
    let mut statement = connection.prepare(&format!("SELECT * FROM main.{}", quoted(table))).map_err(&failed)?;
    let count = statement.column_count();
    let mut rows = statement.query(()).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        if cancel.is_cancelled() {
            return Err(Stop::Cancelled.into());
        }
        let mut cells = Vec::with_capacity(count);
        for column in 0..count {
            cells.push(cell(row.get_ref(column).map_err(&failed)?));
        }
        take(cells)?;
    }
    Ok(())
}

/// A value of SQLite.
pub(in crate::copies) fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(int) => Cell::Int(int),
        ValueRef::Real(float) => Cell::Float(float),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Cell::Text(text.into()),
            Err(_) => Cell::Bytes(text.into()),
        },
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.into()),
    }
}
