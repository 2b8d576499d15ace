//! What differs between a view and a copy of it: rows that are missing, extra, or different.

mod explained;
mod matching;
mod parts;
mod telling;
#[cfg(test)]
mod tests;

use tokio_util::sync::CancellationToken;

use super::{CopyError, CopyRow};
use crate::codec::Cell;
use crate::engine::NamedEvent;

pub use explained::explain_drift;
use matching::{bucket, match_by_key, no_room, stored, take_equal};
use parts::{PARTS, Parts};
use telling::Telling;

/// Holds a view's rows against a copy's.
///
/// Rows are matched by the columns of a key, by value as [`same`](super::same()) says. Where several rows of a side have the same key,
/// those that are the same in all columns are matched first, and then the others in their order. What it costs grows with
/// the rows of both sides, however many of them have one key: rows are found by what those that are the same have in
/// common, first of all columns and then of the key. Rows lie on the disk in parts by that, and in memory is one part.
pub struct Comparison {
    /// The columns that both have: name, place in the view, place in the copy.
    columns: Vec<(String, usize, usize)>,
    /// Which of those are the key.
    key: Vec<usize>,
    only_view: Vec<String>,
    only_copy: Vec<String>,
    view: Parts,
    view_rows: u64,
    copy: Parts,
    copy_rows: u64,
}

/// What differs between a view and a copy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drift {
    /// The columns by which rows were matched.
    pub key: Vec<String>,
    /// The columns that were compared, those of the key among them.
    pub compared: Vec<String>,
    /// The view's columns that the copy does not have: they were not compared.
    pub only_view: Vec<String>,
    /// The copy's columns that the view does not have.
    pub only_copy: Vec<String>,
    /// How many rows the view has.
    pub view_rows: u64,
    /// How many rows the copy has.
    pub copy_rows: u64,
    /// How many rows are the same.
    pub equal: u64,
    /// How many rows of the view the copy does not have.
    pub missing: u64,
    /// How many rows of the copy the view does not have.
    pub extra: u64,
    /// How many rows differ in a column that is not of the key.
    pub different: u64,
    /// For each column that is not of the key, in how many rows it differs.
    pub by_column: Vec<(String, u64)>,
    /// The rows, in the order of the view and then of the copy; at most so many of each kind as were asked for.
    pub rows: Vec<DriftRow>,
}

/// How a row drifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftKind {
    /// The copy does not have it.
    Missing,
    /// The view does not have it.
    Extra,
    /// They differ in a column.
    Different,
}

impl DriftKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Missing, Self::Extra, Self::Different];

    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
        }
    }
}

/// A row that drifted.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftRow {
    /// How.
    pub kind: DriftKind,
    /// The columns that were compared, as the view has them; empty of a row that it does not have.
    pub view: Vec<Cell<'static>>,
    /// The columns that were compared, as the copy has them; empty of a row that it does not have.
    pub copy: Vec<Cell<'static>>,
    /// Which columns differ: places in [`Drift::compared`].
    pub differs: Vec<usize>,
    /// The events that made the view's row, where they were asked for.
    pub events: Option<Events>,
}

impl DriftRow {
    fn of(kind: DriftKind) -> Self {
        Self { kind, view: Vec::new(), copy: Vec::new(), differs: Vec::new(), events: None }
    }
}

/// The events that made a row of the view.
#[derive(Debug, Clone, PartialEq)]
pub enum Events {
    /// How many there are, the first and the last of them, and the one with which the row came out as it is.
    MadeBy {
        /// How many.
        count: u64,
        /// Those that are named, in the order in which they were taken.
        named: Vec<NamedEvent>,
        /// With which the row came out.
        came_with: NamedEvent,
    },
    /// Why they are not known.
    Unknown(String),
}

impl Drift {
    /// Whether the copy has every row and every column of the view as the view has them, and no other row.
    pub fn is_none(&self) -> bool {
        self.rows_count() == 0 && self.only_view.is_empty()
    }

    /// How many rows are missing, extra or different.
    pub fn rows_count(&self) -> u64 {
        self.missing + self.extra + self.different
    }
}

impl Comparison {
    /// A comparison of the columns that both have. A column of the copy is meant by its name, or else by one that differs
    /// only in upper and lower case. A copy that has no columns at all is an empty one, of the view's columns.
    ///
    /// # Errors
    /// When there is no key, or a column of it is not on both sides.
    pub fn new(view: &[String], copy: &[String], key: &[String]) -> Result<Self, CopyError> {
        let copy = if copy.is_empty() { view } else { copy };
        let in_copy = |name: &str| {
            let exactly = copy.iter().position(|known| known == name);
            exactly.or_else(|| {
                let mut alike = (0..copy.len()).filter(|&at| copy[at].eq_ignore_ascii_case(name));
                alike.next().filter(|_| alike.next().is_none())
            })
        };
        let columns: Vec<(String, usize, usize)> = view
            .iter()
            .enumerate()
            .filter_map(|(at, name)| in_copy(name).map(|place| (name.clone(), at, place)))
            .collect();
        if key.is_empty() {
            let how = format!("nothing tells the view's rows apart: name columns of {} with --key", view.join(", "));
            return Err(CopyError::refused(how));
        }
        let place = |name: &String| {
            if let Some(at) = columns.iter().position(|(known, ..)| known == name) {
                return Ok(at);
            }
            let (side, has) = if view.contains(name) { ("copy", copy) } else { ("view", view) };
            Err(CopyError::refused(format!(
                "the {side} has no column {name} to match rows by; it has {}",
                has.join(", ")
            )))
        };
        let key = key.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let used: Vec<usize> = columns.iter().map(|(_, _, place)| *place).collect();
        Ok(Self {
            only_view: view.iter().filter(|name| in_copy(name).is_none()).cloned().collect(),
            only_copy: (0..copy.len()).filter(|at| !used.contains(at)).map(|at| copy[at].clone()).collect(),
            columns,
            key,
            view: Parts::new(),
            view_rows: 0,
            copy: Parts::new(),
            copy_rows: 0,
        })
    }

    /// Takes a row of the view; a cell a column.
    ///
    /// # Errors
    /// When the disk is full, say.
    pub fn view_row<'c>(&mut self, cells: &[Cell<'c>]) -> Result<(), CopyError> {
        let cells: Vec<&Cell<'c>> = self.columns.iter().map(|(_, at, _)| &cells[*at]).collect();
        self.view_rows += 1;
        self.view.push(bucket(0..cells.len(), &cells), self.view_rows, &stored(&cells)).map_err(no_room())
    }

    /// Takes a row of the copy; a cell a column. A column that its last cells do not reach is null.
    ///
    /// # Errors
    /// When the disk is full, say.
    pub fn copy_row(&mut self, cells: &CopyRow<'_>) -> Result<(), CopyError> {
        let cells: Vec<&Cell<'_>> =
            self.columns.iter().map(|(_, _, place)| cells.get(*place).unwrap_or(&Cell::Missing)).collect();
        self.copy_rows += 1;
        self.copy.push(bucket(0..cells.len(), &cells), self.copy_rows, &stored(&cells)).map_err(no_room())
    }

    /// What differs. Of each kind at most so many rows are told; all are counted.
    ///
    /// # Errors
    /// When it was cancelled, or the disk is full, say.
    pub fn finish(self, most: usize, cancel: &CancellationToken) -> Result<Drift, CopyError> {
        let Self { columns, key, only_view, only_copy, view, view_rows, copy, copy_rows } = self;
        let compared: Vec<String> = columns.into_iter().map(|(name, ..)| name).collect();
        let mut drift = Drift {
            key: key.iter().map(|&at| compared[at].clone()).collect(),
            only_view,
            only_copy,
            view_rows,
            copy_rows,
            ..Drift::default()
        };
        let mut telling = Telling::new(most, compared.len(), cancel);
        let (mut view_rest, mut copy_rest) = (Parts::new(), Parts::new());
        for part in 0..PARTS {
            let (view, copy) = (view.read(part).map_err(no_room())?, copy.read(part).map_err(no_room())?);
            drift.equal += take_equal(&view, &copy, &key, [&mut view_rest, &mut copy_rest], &mut telling)?;
        }
        drop((view, copy));
        for part in 0..PARTS {
            let (view, copy) = (view_rest.read(part).map_err(no_room())?, copy_rest.read(part).map_err(no_room())?);
            match_by_key(&view, &copy, &key, &mut drift, &mut telling)?;
        }
        let differing = (0..compared.len()).filter(|at| !key.contains(at));
        drift.by_column = differing.map(|at| (compared[at].clone(), telling.by_column[at])).collect();
        drift.compared = compared;
        drift.rows = telling.rows();
        Ok(drift)
    }
}
