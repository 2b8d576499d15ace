//! SQL over views: they are loaded into a private SQLite database as tables of their names.
//!
//! Integers of 64 bits stay exact. A decimal becomes a float, which holds up to 15 digits exactly; values of more are
//! rounded and counted. In a column with decimals or floats integers are floats too, so that a division has a rest whatever
//! the row. `sum`, `avg` and `total` add the decimals that those floats stand for, exactly, and round once, so
//! that a sum of prices is what a person would write. Times are texts in ISO 8601, in milliseconds, or all in nanoseconds
//! where one needs them, so that they sort and compare; arrays and objects are their JSON, true and false 1 and 0.

mod loaded;
mod sums;

use rusqlite::hooks::{AuthAction, Authorization};
use rusqlite::{Connection, ErrorCode, Statement, params_from_iter};
use tokio_util::sync::CancellationToken;

use super::CopyError;
use super::sqlite::{cell, told};
use crate::codec::Cell;
use crate::engine::{PlannedView, Rows, Sink, Stop};
use crate::pipeline::Flow;
use loaded::Loaded;

/// After so many of SQLite's steps it is asked whether to go on.
const STEPS: i32 = 10_000;

/// What is said to all that is no question.
const ONLY_SELECT: &str = "views can be read and not changed: ask with SELECT";

/// Views as tables that can be asked in SQL. It is the [`Sink`] of the run that fills them.
pub struct SqlViews {
    connection: Connection,
    views: Vec<Loaded>,
    sealed: bool,
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The names of its columns, each once: of a name that is repeated the second is `name_2`.
    pub columns: Vec<String>,
    /// How many rows were handed over.
    pub rows: u64,
    /// Whether there are more, beyond as many as were asked for.
    pub more: bool,
}

impl SqlViews {
    /// Tables for these views, without rows. What does not fit into memory goes to a temporary file that ends with it.
    ///
    /// # Errors
    /// When two views, or two columns of one, have names that SQL takes for the same; when there is no room.
    pub fn new(views: &[PlannedView]) -> Result<Self, CopyError> {
        // An empty name is a database of its own, in memory as far as that goes.
        let connection = Connection::open("").map_err(|error| refused(&error))?;
        connection
            .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
            .map_err(|error| refused(&error))?;
        sums::add(&connection).map_err(|error| refused(&error))?;
        let mut loaded = Vec::with_capacity(views.len());
        for view in views {
            let view = Loaded::new(view);
            connection.execute_batch(&view.create()).map_err(|error| refused(&error))?;
            loaded.push(view);
        }
        connection.execute_batch("BEGIN").map_err(|error| refused(&error))?;
        Ok(Self { connection, views: loaded, sealed: false })
    }

    /// The names of the columns that a question's answer will have: to find out what is wrong with it before there are rows
    /// to answer it from.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn columns(&self, sql: &str) -> Result<Vec<String>, CopyError> {
        let statement = self.connection.prepare(sql).map_err(|error| refused(&error))?;
        if statement.column_count() == 0 || !statement.readonly() {
            return Err(CopyError::refused(ONLY_SELECT));
        }
        Ok(names(&statement))
    }

    /// Ends loading: from now on the tables can be asked, and not changed.
    ///
    /// # Errors
    /// When there is no room for them.
    pub fn seal(&mut self) -> Result<(), CopyError> {
        for loaded in &mut self.views {
            let table = std::mem::take(&mut loaded.table);
            let mut insert = self.connection.prepare(&loaded.insert).map_err(|error| refused(&error))?;
            table.visit_sorted(|row| {
                let values = loaded.values(|column| row.cells[column].clone());
                insert.execute(params_from_iter(values)).map(drop).map_err(|error| refused(&error))
            })?;
        }
        let nanoseconds = self.views.iter().any(Loaded::needs_nanoseconds);
        for sql in self.views.iter_mut().filter_map(|loaded| loaded.evened(nanoseconds)) {
            self.connection.execute(&sql, ()).map_err(|error| refused(&error))?;
        }
        self.connection.execute_batch("COMMIT").map_err(|error| refused(&error))?;
        // Beyond reading nothing is allowed: no other file can be opened, and nothing changed.
        let judge = |asked: rusqlite::hooks::AuthContext<'_>| match asked.action {
            AuthAction::Select | AuthAction::Read { .. } | AuthAction::Function { .. } | AuthAction::Recursive => {
                Authorization::Allow
            }
            _ => Authorization::Deny,
        };
        self.connection.authorizer(Some(judge)).map_err(|error| refused(&error))?;
        self.sealed = true;
        Ok(())
    }

    /// Columns with numbers that have more digits than a float holds, and how many were rounded.
    pub fn rounded(&self) -> Vec<(String, u64)> {
        self.views.iter().flat_map(Loaded::rounded).collect()
    }

    /// Columns with values that are null here, because they could not be decoded or calculated or are not a number, and how
    /// many.
    pub fn nulled(&self) -> Vec<(String, u64)> {
        self.views.iter().flat_map(Loaded::nulled).collect()
    }

    /// The tables and their columns.
    pub fn tables(&self) -> Vec<(String, Vec<String>)> {
        let columns = |view: &PlannedView| view.columns.iter().map(|(name, ..)| name.clone()).collect();
        self.views.iter().map(|loaded| (loaded.view.name.clone(), columns(&loaded.view))).collect()
    }

    /// Answers a `SELECT`: `take` is given at most so many of its rows.
    ///
    /// # Errors
    /// What is wrong with it; when it was cancelled; what `take` gives.
    pub fn ask(
        &mut self,
        sql: &str,
        most: u64,
        cancel: &CancellationToken,
        take: &mut dyn FnMut(Vec<Cell<'_>>) -> Result<(), CopyError>,
    ) -> Result<Answer, CopyError> {
        if !self.sealed {
            self.seal()?;
        }
        let stop = cancel.clone();
        let watch = self.connection.progress_handler(STEPS, Some(move || stop.is_cancelled()));
        watch.map_err(|error| refused(&error))?;
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Stop::Cancelled.into(),
            Some(ErrorCode::AuthorizationForStatementDenied) => CopyError::refused(ONLY_SELECT),
            _ => refused(&error),
        };
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let columns = names(&statement);
        if columns.is_empty() {
            return Err(CopyError::refused(ONLY_SELECT));
        }
        let mut answer = Answer { columns, rows: 0, more: false };
        let count = answer.columns.len();
        let mut rows = statement.query(()).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if answer.rows == most {
                answer.more = true;
                break;
            }
            let cells = (0..count).map(|column| row.get_ref(column).map(cell)).collect::<rusqlite::Result<Vec<_>>>();
            take(cells.map_err(failed)?)?;
            answer.rows += 1;
        }
        Ok(answer)
    }
}

impl Sink for SqlViews {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        let loaded = &mut self.views[view];
        if loaded.view.flow == Flow::Table {
            loaded.table.apply(rows);
            return Ok(());
        }
        let no_room = |error: rusqlite::Error| Stop::Bound(told(&error));
        let mut insert = self.connection.prepare(&loaded.insert).map_err(no_room)?;
        for row in 0..rows.len() {
            let values = loaded.values(|column| rows.cell(column, row).into_owned());
            insert.execute(params_from_iter(values)).map_err(no_room)?;
        }
        Ok(())
    }
}

fn refused(error: &rusqlite::Error) -> CopyError {
    if matches!(error, rusqlite::Error::MultipleStatement) {
        return CopyError::refused("SQL: one question at a time: what stands behind the semicolon is not asked");
    }
    CopyError::refused(format!("SQL: {}", told(error)))
}

/// The names of an answer's columns, each once, whatever the case of its letters: rows are kept by names elsewhere.
fn names(statement: &Statement<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(statement.column_count());
    let own: Vec<&str> = statement.column_names().collect();
    for name in &own {
        let known = |names: &[String], name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut unique = (*name).to_owned();
        let mut number = 2;
        // A name with a number may be another column's own.
        while known(&names, &unique) || number > 2 && own.iter().any(|own| own.eq_ignore_ascii_case(&unique)) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        names.push(unique);
    }
    names
}

#[cfg(test)]
mod tests;
