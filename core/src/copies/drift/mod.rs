//! What differs between a view and a copy of it: rows that are missing, extra, or different.

mod explained;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::same::{same, write_bucket};
use super::{CopyError, CopyRow};
use crate::codec::Cell;
use crate::engine::{NamedEvent, Stop, StoredCells, store_cell};

pub use explained::explain_drift;

/// Holds a view's rows against a copy's.
///
/// Rows are matched by the columns of a key, by value as [`same`] says. Where several rows of a side have the same key,
/// those that are the same in all columns are matched first, and then the others in their order.
pub struct Comparison {
    /// The columns that both have: name, place in the view, place in the copy.
    columns: Vec<(String, usize, usize)>,
    /// Which of those are the key.
    key: Vec<usize>,
    only_view: Vec<String>,
    only_copy: Vec<String>,
    view: Vec<Box<[u8]>>,
    matched: Vec<bool>,
    buckets: HashMap<Box<[u8]>, Bucket>,
    copy_rows: u64,
    equal: u64,
}

/// Rows that may have the same key.
#[derive(Default)]
struct Bucket {
    view: Vec<u32>,
    /// Rows of the copy that are the same as none of the view's that were not matched yet.
    copy: Vec<Box<[u8]>>,
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
    /// Whether the copy says all that the view says, and nothing else.
    pub fn is_none(&self) -> bool {
        self.missing + self.extra + self.different == 0
    }
}

impl Comparison {
    /// A comparison of the columns that both have. A column of the copy is meant by its name, or else by one that differs
    /// only in upper and lower case.
    ///
    /// # Errors
    /// When there is no key, or a column of it is not on both sides.
    pub fn new(view: &[String], copy: &[String], key: &[String]) -> Result<Self, CopyError> {
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
            view: Vec::new(),
            matched: Vec::new(),
            buckets: HashMap::new(),
            copy_rows: 0,
            equal: 0,
        })
    }

    /// Takes a row of the view; a cell a column. All of them come before the first of the copy.
    pub fn view_row<'c>(&mut self, cells: &[Cell<'c>]) {
        let cells: Vec<&Cell<'c>> = self.columns.iter().map(|(_, at, _)| &cells[*at]).collect();
        let mut stored = Vec::new();
        cells.iter().for_each(|cell| store_cell(cell, &mut stored));
        let bucket = bucket(&self.key, &cells);
        self.buckets.entry(bucket).or_default().view.push(self.view.len() as u32);
        self.view.push(stored.into());
        self.matched.push(false);
    }

    /// Takes a row of the copy; a cell a column. A column that its last cells do not reach is null.
    ///
    /// # Errors
    /// Never in practice: the rows were kept here.
    pub fn copy_row(&mut self, cells: &CopyRow<'_>) -> Result<(), CopyError> {
        self.copy_rows += 1;
        let cells: Vec<&Cell<'_>> =
            self.columns.iter().map(|(_, _, place)| cells.get(*place).unwrap_or(&Cell::Missing)).collect();
        let bucket = self.buckets.entry(bucket(&self.key, &cells)).or_default();
        for &row in &bucket.view {
            if self.matched[row as usize] {
                continue;
            }
            let kept = read(&self.view[row as usize])?;
            if kept.iter().zip(&cells).all(|(view, copy)| same(view, copy)) {
                self.matched[row as usize] = true;
                self.equal += 1;
                return Ok(());
            }
        }
        let mut stored = Vec::new();
        cells.iter().for_each(|cell| store_cell(cell, &mut stored));
        bucket.copy.push(stored.into());
        Ok(())
    }

    /// What differs. Of each kind at most so many rows are told; all are counted.
    ///
    /// # Errors
    /// As [`Comparison::copy_row`].
    pub fn finish(self, most: usize) -> Result<Drift, CopyError> {
        let Self { columns, key, only_view, only_copy, view, matched, buckets, copy_rows, equal } = self;
        let compared: Vec<String> = columns.into_iter().map(|(name, ..)| name).collect();
        let mut drift = Drift {
            key: key.iter().map(|&at| compared[at].clone()).collect(),
            only_view,
            only_copy,
            view_rows: view.len() as u64,
            copy_rows,
            equal,
            ..Drift::default()
        };
        let mut by_column = vec![0; compared.len()];
        // In the order of the view, so that the same copy always gives the same list.
        let mut told: Vec<(u32, DriftRow)> = Vec::new();
        let mut extra: Vec<Box<[u8]>> = Vec::new();
        for bucket in buckets.into_values() {
            let mut copies: Vec<Option<Box<[u8]>>> = bucket.copy.into_iter().map(Some).collect();
            for row in bucket.view.into_iter().filter(|row| !matched[*row as usize]) {
                let cells = read(&view[row as usize])?;
                let mut partner = None;
                for kept in copies.iter_mut() {
                    let Some(bytes) = kept else { continue };
                    let copy = read(bytes)?;
                    if key.iter().all(|&at| same(&cells[at], &copy[at])) {
                        partner = Some(copy.into_iter().map(Cell::into_owned).collect::<Vec<_>>());
                        *kept = None;
                        break;
                    }
                }
                let view: Vec<Cell<'static>> = cells.into_iter().map(Cell::into_owned).collect();
                let row_of = match partner {
                    Some(copy) => {
                        let differs: Vec<usize> =
                            (0..compared.len()).filter(|&at| !same(&view[at], &copy[at])).collect();
                        differs.iter().for_each(|&at| by_column[at] += 1);
                        DriftRow { kind: DriftKind::Different, view, copy, differs, events: None }
                    }
                    None => {
                        DriftRow { kind: DriftKind::Missing, view, copy: Vec::new(), differs: Vec::new(), events: None }
                    }
                };
                told.push((row, row_of));
            }
            extra.extend(copies.into_iter().flatten());
        }
        told.sort_by_key(|(row, _)| *row);
        extra.sort();
        let mut count = |kind: DriftKind| {
            let count = match kind {
                DriftKind::Missing => &mut drift.missing,
                DriftKind::Extra => &mut drift.extra,
                DriftKind::Different => &mut drift.different,
            };
            *count += 1;
            *count <= most as u64
        };
        for (_, row) in told {
            if count(row.kind) {
                drift.rows.push(row);
            }
        }
        for bytes in extra {
            if count(DriftKind::Extra) {
                let copy = read(&bytes)?.into_iter().map(Cell::into_owned).collect();
                let kind = DriftKind::Extra;
                drift.rows.push(DriftRow { kind, view: Vec::new(), copy, differs: Vec::new(), events: None });
            }
        }
        let differing = (0..compared.len()).filter(|at| !key.contains(at));
        drift.by_column = differing.map(|at| (compared[at].clone(), by_column[at])).collect();
        drift.compared = compared;
        Ok(drift)
    }
}

fn bucket(key: &[usize], cells: &[&Cell<'_>]) -> Box<[u8]> {
    let mut bucket = Vec::new();
    key.iter().for_each(|&at| write_bucket(cells[at], &mut bucket));
    bucket.into()
}

fn read(bytes: &[u8]) -> Result<Vec<Cell<'_>>, CopyError> {
    let (mut stored, mut cells) = (StoredCells::new(bytes), Vec::new());
    while !stored.is_at_end() {
        cells.push(stored.take().map_err(|error| Stop::Bound(error.to_string()))?);
    }
    Ok(cells)
}
