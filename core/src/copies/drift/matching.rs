//! Which rows of the two sides belong together.

use std::collections::{HashMap, VecDeque};
use std::io;

use xxhash_rust::xxh3::xxh3_64;

use super::parts::{Part, Parts};
use super::telling::Telling;
use super::{Drift, DriftKind, DriftRow};
use crate::codec::Cell;
use crate::copies::CopyError;
use crate::copies::same::{same, write_bucket};
use crate::engine::{Stop, StoredCells, store_cell};

/// Rows of the view that are written alike to the last byte, and were not matched yet.
struct Alike {
    first: usize,
    rows: VecDeque<usize>,
}

/// Rows of the copy whose keys are written alike, in their order.
struct AlikeKeys {
    key: Box<[u8]>,
    rows: VecDeque<usize>,
}

/// Matches rows of a part that are the same in all columns, and puts the others in parts by their keys.
pub(super) fn take_equal(
    view: &Part,
    copy: &Part,
    key: &[usize],
    [view_rest, copy_rest]: [&mut Parts; 2],
    telling: &mut Telling,
) -> Result<u64, CopyError> {
    let mut unmatched: HashMap<u64, Vec<Alike>> = HashMap::new();
    let all = |cells: &[Cell<'_>]| bucket(0..cells.len(), &cells.iter().collect::<Vec<_>>());
    for row in 0..view.len() {
        telling.looks()?;
        let alike = unmatched.entry(all(&read(view.cells(row))?)).or_default();
        match alike.iter_mut().find(|alike| view.cells(alike.first) == view.cells(row)) {
            Some(alike) => alike.rows.push_back(row),
            None => alike.push(Alike { first: row, rows: [row].into() }),
        }
    }
    let (mut equal, mut matched) = (0, vec![false; view.len()]);
    let put = |rest: &mut Parts, part: &Part, row: usize, cells: &[Cell<'_>]| {
        let cells: Vec<&Cell<'_>> = cells.iter().collect();
        rest.push(bucket(key.iter().copied(), &cells), part.at(row), part.cells(row)).map_err(no_room())
    };
    for row in 0..copy.len() {
        telling.looks()?;
        let cells = read(copy.cells(row))?;
        let mut partner = None;
        for alike in unmatched.get_mut(&all(&cells)).into_iter().flatten().filter(|alike| !alike.rows.is_empty()) {
            let kept = read(view.cells(alike.first))?;
            if kept.iter().zip(&cells).all(|(view, copy)| same(view, copy)) {
                partner = alike.rows.pop_front();
                break;
            }
        }
        match partner {
            Some(row) => {
                matched[row] = true;
                equal += 1;
            }
            None => put(copy_rest, copy, row, &cells)?,
        }
    }
    for row in (0..view.len()).filter(|&row| !matched[row]) {
        put(view_rest, view, row, &read(view.cells(row))?)?;
    }
    Ok(equal)
}

/// Matches what is left of a part by the key, in the order of the view, so that the same copy always gives the same list.
pub(super) fn match_by_key(
    view: &Part,
    copy: &Part,
    key: &[usize],
    drift: &mut Drift,
    telling: &mut Telling,
) -> Result<(), CopyError> {
    let mut by_key: HashMap<u64, Vec<AlikeKeys>> = HashMap::new();
    for row in 0..copy.len() {
        telling.looks()?;
        let cells = read(copy.cells(row))?;
        let cells: Vec<&Cell<'_>> = cells.iter().collect();
        let own = stored(&of_key(key, &cells));
        let alike = by_key.entry(bucket(key.iter().copied(), &cells)).or_default();
        match alike.iter_mut().find(|alike| alike.key == own) {
            Some(alike) => alike.rows.push_back(row),
            None => alike.push(AlikeKeys { key: own, rows: [row].into() }),
        }
    }
    let owned = |cells: Vec<Cell<'_>>| cells.into_iter().map(Cell::into_owned).collect();
    let mut paired = vec![false; copy.len()];
    for row in 0..view.len() {
        telling.looks()?;
        let cells = read(view.cells(row))?;
        let refs: Vec<&Cell<'_>> = cells.iter().collect();
        let partner = partner(by_key.get_mut(&bucket(key.iter().copied(), &refs)), &of_key(key, &refs))?;
        let (at, mut told) = (view.at(row), DriftRow::of(DriftKind::Missing));
        let Some(partner) = partner else {
            drift.missing += 1;
            telling.tell(DriftKind::Missing, at, || DriftRow { view: owned(cells), ..told });
            continue;
        };
        paired[partner] = true;
        let other = read(copy.cells(partner))?;
        told.differs = (0..cells.len()).filter(|&at| !same(&cells[at], &other[at])).collect();
        told.differs.iter().for_each(|&at| telling.by_column[at] += 1);
        drift.different += 1;
        let row = || DriftRow { kind: DriftKind::Different, view: owned(cells), copy: owned(other), ..told };
        telling.tell(DriftKind::Different, at, row);
    }
    for row in (0..copy.len()).filter(|&row| !paired[row]) {
        telling.looks()?;
        let cells = read(copy.cells(row))?;
        drift.extra += 1;
        let told = || DriftRow { copy: owned(cells), ..DriftRow::of(DriftKind::Extra) };
        telling.tell(DriftKind::Extra, copy.at(row), told);
    }
    Ok(())
}

pub(super) fn no_room() -> impl FnOnce(io::Error) -> CopyError {
    CopyError::io("the rows that are compared can't be kept")
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
pub(super) fn bucket(columns: impl IntoIterator<Item = usize>, cells: &[&Cell<'_>]) -> u64 {
    let mut bucket = Vec::new();
    columns.into_iter().for_each(|at| write_bucket(cells[at], &mut bucket));
    xxh3_64(&bucket)
}

pub(super) fn stored(cells: &[&Cell<'_>]) -> Box<[u8]> {
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
