//! What differs between two states of a table.

use std::io;

use super::change::row_of;
use super::table::{Kept, Table, compare};
use crate::codec::Cell;
use crate::engine::{Rows, TableRow};

/// A row that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedRow {
    /// As it was; `None` where it was not there.
    pub before: Option<TableRow>,
    /// As it is; `None` where it is gone.
    pub after: Option<TableRow>,
    /// How many of the same there are.
    pub count: u64,
}

/// What differs between two states of a view.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// Rows that came.
    pub added: u64,
    /// Rows that went.
    pub gone: u64,
    /// Rows that hold other values.
    pub changed: u64,
    /// The rows that differ, in the order of what tells them apart: the first where there are many.
    pub rows: Vec<ChangedRow>,
    /// How many of them are left out.
    pub left_out: u64,
}

impl ChangedRow {
    /// The row as it is, or was.
    pub fn row(&self) -> Option<&TableRow> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Whether a column has another value than before.
    pub fn differs_in(&self, column: usize) -> bool {
        let cell = |row: &Option<TableRow>| row.as_ref().and_then(|row| row.cells.get(column).cloned());
        self.before.is_some() && self.after.is_some() && cell(&self.before) != cell(&self.after)
    }
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_none(&self) -> bool {
        self.added + self.gone + self.changed == 0
    }

    /// Of a stream: rows that came, of which these are told.
    pub(super) fn of_added(rows: &Rows, count: u64) -> Self {
        let row = |row: usize| ChangedRow {
            before: None,
            after: Some(TableRow {
                time_ms: rows.time_ms[row],
                cells: rows.row(row).into_iter().map(Cell::into_owned).collect(),
            }),
            count: 1,
        };
        let told: Vec<ChangedRow> = (0..rows.len()).map(row).collect();
        Self { added: count, left_out: count - told.len() as u64, rows: told, ..Self::default() }
    }
}

/// What differs between two tables whose rows the columns `id` tell apart.
pub(super) fn difference(before: &Table, after: &Table, id: &[usize], most: usize) -> io::Result<Difference> {
    let mut all = Difference::default();
    let row = |identity: &[u8], kept: &Kept| row_of(kept.time_ms, kept.cells(identity)).map(Some);
    for (identity, was) in before.each() {
        match after.get(identity) {
            None => {
                all.gone += was.count;
                all.rows.push(ChangedRow { before: row(identity, was)?, after: None, count: was.count });
            }
            Some(is) if is.cells(identity) != was.cells(identity) => {
                all.changed += 1;
                all.rows.push(ChangedRow { before: row(identity, was)?, after: row(identity, is)?, count: 1 });
            }
            Some(is) if is.count < was.count => {
                all.gone += was.count - is.count;
                all.rows.push(ChangedRow { before: row(identity, was)?, after: None, count: was.count - is.count });
            }
            Some(_) => {}
        }
    }
    for (identity, is) in after.each() {
        let was = before.get(identity).map_or(0, |was| was.count);
        if is.count > was {
            all.added += is.count - was;
            all.rows.push(ChangedRow { before: None, after: row(identity, is)?, count: is.count - was });
        }
    }
    all.rows.sort_by(|one, other| match (one.row(), other.row()) {
        (Some(one), Some(other)) => compare(one, other, id),
        _ => std::cmp::Ordering::Equal,
    });
    all.left_out = all.rows.len().saturating_sub(most) as u64;
    all.rows.truncate(most);
    Ok(all)
}
