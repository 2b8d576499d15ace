//! What differs between a view and a copy of it: rows that are missing, extra, or different.

mod explained;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_64;

use super::same::{same, write_bucket};
use super::{CopyError, CopyRow};
use crate::codec::Cell;
use crate::engine::{NamedEvent, Stop, StoredCells, store_cell};

pub use explained::explain_drift;

/// After so many rows it is looked whether to go on.
const OFTEN: u64 = 1 << 10;

/// Holds a view's rows against a copy's.
///
/// Rows are matched by the columns of a key, by value as [`same`] says. Where several rows of a side have the same key,
/// those that are the same in all columns are matched first, and then the others in their order. What it costs grows with
/// the rows of both sides, however many of them have one key: rows are found by what those that are the same have in
/// common, first of all columns and then of the key.
pub struct Comparison {
    /// The columns that both have: name, place in the view, place in the copy.
    columns: Vec<(String, usize, usize)>,
    /// Which of those are the key.
    key: Vec<usize>,
    only_view: Vec<String>,
    only_copy: Vec<String>,
    view: Vec<Box<[u8]>>,
    matched: Vec<bool>,
    /// The view's rows that were not matched yet, by what rows that are the same in all columns have in common.
    unmatched: HashMap<u64, Vec<Alike>>,
    /// Rows of the copy that are the same as none of the view's that were not matched yet.
    copy: Vec<Box<[u8]>>,
    copy_rows: u64,
    equal: u64,
}

/// Rows that are written alike to the last byte.
struct Alike {
    first: u32,
    rows: VecDeque<u32>,
}

/// Rows of the copy whose keys are written alike, in their order.
struct AlikeKeys {
    key: Box<[u8]>,
    rows: VecDeque<usize>,
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

    /// Counts a row, and tells it where there is room: the view's cells, the copy's, and which of them differ.
    fn tell(
        &mut self,
        kind: DriftKind,
        most: usize,
        row: impl FnOnce() -> (Vec<Cell<'static>>, Vec<Cell<'static>>, Vec<usize>),
    ) {
        let count = match kind {
            DriftKind::Missing => &mut self.missing,
            DriftKind::Extra => &mut self.extra,
            DriftKind::Different => &mut self.different,
        };
        *count += 1;
        if *count <= most as u64 {
            let (view, copy, differs) = row();
            self.rows.push(DriftRow { kind, view, copy, differs, events: None });
        }
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
            unmatched: HashMap::new(),
            copy: Vec::new(),
            copy_rows: 0,
            equal: 0,
        })
    }

    /// Takes a row of the view; a cell a column. All of them come before the first of the copy.
    pub fn view_row<'c>(&mut self, cells: &[Cell<'c>]) {
        let cells: Vec<&Cell<'c>> = self.columns.iter().map(|(_, at, _)| &cells[*at]).collect();
        let (stored, row) = (stored(&cells), self.view.len() as u32);
        let alike = self.unmatched.entry(bucket(0..cells.len(), &cells)).or_default();
        match alike.iter_mut().find(|alike| self.view[alike.first as usize] == stored) {
            Some(alike) => alike.rows.push_back(row),
            None => alike.push(Alike { first: row, rows: [row].into() }),
        }
        self.view.push(stored);
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
        for alike in self.unmatched.get_mut(&bucket(0..cells.len(), &cells)).into_iter().flatten() {
            if alike.rows.is_empty() {
                continue;
            }
            let kept = read(&self.view[alike.first as usize])?;
            if kept.iter().zip(&cells).all(|(view, copy)| same(view, copy)) {
                if let Some(row) = alike.rows.pop_front() {
                    self.matched[row as usize] = true;
                    self.equal += 1;
                }
                return Ok(());
            }
        }
        self.copy.push(stored(&cells));
        Ok(())
    }

    /// What differs. Of each kind at most so many rows are told; all are counted.
    ///
    /// # Errors
    /// When it was cancelled; else as [`Comparison::copy_row`].
    pub fn finish(self, most: usize, cancel: &CancellationToken) -> Result<Drift, CopyError> {
        let Self { columns, key, only_view, only_copy, view, matched, unmatched, copy, copy_rows, equal } = self;
        drop(unmatched);
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
        let (mut looked_at, mut by_column) = (0, vec![0; compared.len()]);
        let mut looks = || -> Result<(), CopyError> {
            looked_at += 1;
            if looked_at % OFTEN == 0 && cancel.is_cancelled() { Err(Stop::Cancelled.into()) } else { Ok(()) }
        };
        let mut by_key: HashMap<u64, Vec<AlikeKeys>> = HashMap::new();
        for (at, bytes) in copy.iter().enumerate() {
            looks()?;
            let cells = read(bytes)?;
            let cells: Vec<&Cell<'_>> = cells.iter().collect();
            let own = stored(&of_key(&key, &cells));
            let alike = by_key.entry(bucket(key.iter().copied(), &cells)).or_default();
            match alike.iter_mut().find(|alike| alike.key == own) {
                Some(alike) => alike.rows.push_back(at),
                None => alike.push(AlikeKeys { key: own, rows: [at].into() }),
            }
        }
        let mut paired = vec![false; copy.len()];
        // In the order of the view, so that the same copy always gives the same list.
        for (bytes, _) in view.iter().zip(&matched).filter(|(_, matched)| !**matched) {
            looks()?;
            let cells = read(bytes)?;
            let refs: Vec<&Cell<'_>> = cells.iter().collect();
            let partner = partner(by_key.get_mut(&bucket(key.iter().copied(), &refs)), &of_key(&key, &refs))?;
            let Some(partner) = partner else {
                let view = || cells.iter().cloned().map(Cell::into_owned).collect();
                drift.tell(DriftKind::Missing, most, || (view(), Vec::new(), Vec::new()));
                continue;
            };
            paired[partner] = true;
            let copy = read(&copy[partner])?;
            let differs: Vec<usize> = (0..compared.len()).filter(|&at| !same(&cells[at], &copy[at])).collect();
            differs.iter().for_each(|&at| by_column[at] += 1);
            let owned = |cells: Vec<Cell<'_>>| cells.into_iter().map(Cell::into_owned).collect();
            drift.tell(DriftKind::Different, most, || (owned(cells), owned(copy), differs));
        }
        for (bytes, _) in copy.iter().zip(&paired).filter(|(_, paired)| !**paired) {
            looks()?;
            let cells = read(bytes)?;
            let copy = || cells.into_iter().map(Cell::into_owned).collect();
            drift.tell(DriftKind::Extra, most, || (Vec::new(), copy(), Vec::new()));
        }
        let differing = (0..compared.len()).filter(|at| !key.contains(at));
        drift.by_column = differing.map(|at| (compared[at].clone(), by_column[at])).collect();
        drift.compared = compared;
        Ok(drift)
    }
}

/// The first row of the copy that has the same key and no partner yet.
fn partner(alike: Option<&mut Vec<AlikeKeys>>, key: &[&Cell<'_>]) -> Result<Option<usize>, CopyError> {
    let mut first: Option<(usize, &mut AlikeKeys)> = None;
    for alike in alike.into_iter().flatten() {
        let Some(&row) = alike.rows.front() else { continue };
        if first.as_ref().is_some_and(|(known, _)| *known < row) {
            continue;
        }
        if read(&alike.key)?.iter().zip(key).all(|(copy, view)| same(view, copy)) {
            first = Some((row, alike));
        }
    }
    Ok(first.and_then(|(_, alike)| alike.rows.pop_front()))
}

fn of_key<'c>(key: &[usize], cells: &[&'c Cell<'c>]) -> Vec<&'c Cell<'c>> {
    key.iter().map(|&at| cells[at]).collect()
}

/// What rows that are the same in some columns have in common.
fn bucket(columns: impl IntoIterator<Item = usize>, cells: &[&Cell<'_>]) -> u64 {
    let mut bucket = Vec::new();
    columns.into_iter().for_each(|at| write_bucket(cells[at], &mut bucket));
    xxh3_64(&bucket)
}

fn stored(cells: &[&Cell<'_>]) -> Box<[u8]> {
    let mut stored = Vec::new();
    cells.iter().for_each(|cell| store_cell(cell, &mut stored));
    stored.into()
}

fn read(bytes: &[u8]) -> Result<Vec<Cell<'_>>, CopyError> {
    let (mut stored, mut cells) = (StoredCells::new(bytes), Vec::new());
    while !stored.is_at_end() {
        cells.push(stored.take().map_err(|error| Stop::Bound(error.to_string()))?);
    }
    Ok(cells)
}
