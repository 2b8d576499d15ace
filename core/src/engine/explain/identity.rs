//! Which row is which: the numbers of the rows that a node gives.
//!
//! A row of a table that goes has the number of the one that came, wherever it is told.

use std::collections::HashMap;

use super::groups::Groups;
use super::lineage::{Lineage, NOBODY, RowId};
use super::trace::{Traced, id_in, is_pair, taken_out};
use crate::engine::evaluated::Evaluated;
use crate::engine::key::write_identity;
use crate::engine::plan::{ColumnOf, Recipe};
use crate::engine::stored::store_row;
use crate::engine::{Rows, Sign, Stop};
use crate::expr::Formula;
use crate::pipeline::Keep;

/// How the rows of a node are known.
pub(super) enum Identity {
    /// They are the event's own.
    Event,
    /// They are the input's; the column of their numbers stands there.
    Carried(usize),
    /// They are the input's, and the latest of each key.
    Latest { at: usize, known_as: HashMap<RowId, RowId> },
    /// Of each key the latest event.
    Table { key: usize, now: HashMap<Vec<u8>, RowId> },
    /// Each is made of a row of either side; so many columns has the left one.
    Pairs { left: usize, right: usize, told: Vec<Halves> },
    /// As pairs, and they go again.
    TablePairs { left: usize, right: usize, told: Vec<Halves>, now: HashMap<Halves, RowId> },
    /// Those that a group has at each rank.
    Ranked(Ranked),
    /// Each is of a group, and of a window.
    Groups(Box<Groups>),
}

/// The numbers of a row's halves.
pub(super) type Halves = [Option<RowId>; 2];

/// The rows of groups by rank.
pub(super) struct Ranked {
    at: usize,
    by: Vec<Formula>,
    /// Whether a row is made of those ahead of it too.
    ahead: bool,
    /// For each group and rank the row's number.
    now: HashMap<Vec<u8>, Vec<RowId>>,
}

impl Identity {
    /// Of a node; `widths` are the numbers of columns of all wires.
    pub(super) fn of(recipe: &Recipe, columns: &[ColumnOf], widths: &[usize], ahead: bool) -> Self {
        match recipe {
            Recipe::Stream { .. } => Self::Event,
            Recipe::Table { key, .. } => Self::Table { key: *key, now: HashMap::new() },
            Recipe::Merge { .. } => {
                Self::Carried(columns.iter().filter(|column| matches!(column, ColumnOf::Given(_))).count())
            }
            Recipe::Filter { input, .. }
            | Recipe::Extend { input, .. }
            | Recipe::Flatten { input, .. }
            | Recipe::Pass { input }
            | Recipe::Deduplicate { input, keep: Keep::First, .. } => Self::Carried(widths[*input]),
            Recipe::Deduplicate { input, keep: Keep::Last, .. } => {
                Self::Latest { at: widths[*input], known_as: HashMap::new() }
            }
            Recipe::TopN { input, by, .. } => {
                Self::Ranked(Ranked { at: widths[*input], by: by.clone(), ahead, now: HashMap::new() })
            }
            Recipe::JoinStreams { sides, .. } | Recipe::JoinStreamWithTable { sides, .. } => {
                Self::Pairs { left: widths[sides[0]], right: widths[sides[1]], told: Vec::new() }
            }
            Recipe::JoinTables { sides, .. } => {
                let (left, right) = (widths[sides[0]], widths[sides[1]]);
                Self::TablePairs { left, right, told: Vec::new(), now: HashMap::new() }
            }
            Recipe::Aggregate { .. } => Groups::of(recipe).map_or(Self::Event, |groups| Self::Groups(Box::new(groups))),
        }
    }

    /// Whether the operator takes the rows' numbers as a column of theirs.
    pub(super) fn carries(&self) -> bool {
        !matches!(self, Self::Event | Self::Table { .. } | Self::Groups(_))
    }

    /// Of a join: the halves of the rows that it gave last.
    pub(super) fn halves(&self) -> &[Halves] {
        match self {
            Self::Pairs { told, .. } | Self::TablePairs { told, .. } => told,
            _ => &[],
        }
    }

    /// The rows that an operator gave, without the columns of their numbers, and those.
    ///
    /// # Errors
    /// [`Stop::Bound`] when there are too many.
    pub(super) fn identify(&mut self, raw: Rows, inputs: &[Traced], lineage: &mut Lineage) -> Result<Traced, Stop> {
        let mut rows = raw;
        let or_nobody = |ids: Vec<Option<RowId>>| ids.into_iter().map(|id| id.unwrap_or(NOBODY)).collect();
        let ids: Vec<RowId> = match self {
            Self::Event => inputs.first().map(|input| input.ids.clone()).unwrap_or_default(),
            Self::Carried(at) => or_nobody(taken_out(&mut rows, *at)),
            Self::Latest { at, known_as } => {
                let ids = or_nobody(taken_out(&mut rows, *at));
                return Ok(latest(rows, ids, known_as));
            }
            Self::Table { key, now } => table(&rows, *key, now),
            Self::Pairs { left, right, told } => {
                *told = halves(&mut rows, *left, *right);
                told.iter().map(|halves| pair(*halves, lineage)).collect::<Result<_, _>>()?
            }
            Self::TablePairs { left, right, told, now } => {
                *told = halves(&mut rows, *left, *right);
                return table_pairs(rows, told, now, lineage);
            }
            Self::Ranked(ranked) => return ranked.identify(rows, lineage),
            Self::Groups(groups) => groups.identify(&rows),
        };
        Ok(Traced { rows, ids })
    }
}

fn halves(rows: &mut Rows, left: usize, right: usize) -> Vec<Halves> {
    let of_right = taken_out(rows, left + 1 + right);
    let of_left = taken_out(rows, left);
    of_left.into_iter().zip(of_right).map(|(left, right)| [left, right]).collect()
}

fn pair(halves: Halves, lineage: &mut Lineage) -> Result<RowId, Stop> {
    match halves {
        [Some(left), Some(right)] => lineage.both(left, right),
        [Some(one), None] | [None, Some(one)] => Ok(one),
        [None, None] => Ok(NOBODY),
    }
}

/// Whether two rows look the same.
fn look_the_same(rows: &Rows, one: usize, other: usize) -> bool {
    let bytes = |row| {
        let mut bytes = Vec::new();
        store_row(rows, row, &mut bytes);
        bytes
    };
    bytes(one) == bytes(other)
}

/// Rows without those at some places.
fn without(rows: Rows, ids: Vec<RowId>, gone: &[usize]) -> Traced {
    if gone.is_empty() {
        return Traced { rows, ids };
    }
    let kept: Vec<u32> = (0..rows.len()).filter(|row| !gone.contains(row)).map(|row| row as u32).collect();
    let ids = kept.iter().map(|&row| ids[row as usize]).collect();
    Traced { rows: rows.take(&kept), ids }
}

/// A row whose place is taken by one that looks the same was not told of: it stays, under its number.
fn latest(rows: Rows, mut ids: Vec<RowId>, known_as: &mut HashMap<RowId, RowId>) -> Traced {
    let mut gone = Vec::new();
    let mut row = 0;
    while row < rows.len() {
        if is_pair(&rows, row) && look_the_same(&rows, row, row + 1) {
            let old = known_as.remove(&ids[row]).unwrap_or(ids[row]);
            known_as.insert(ids[row + 1], old);
            gone.extend([row, row + 1]);
            row += 2;
            continue;
        }
        if rows.sign(row) == Sign::Minus {
            ids[row] = known_as.remove(&ids[row]).unwrap_or(ids[row]);
        }
        row += 1;
    }
    without(rows, ids, &gone)
}

fn table(rows: &Rows, key: usize, now: &mut HashMap<Vec<u8>, RowId>) -> Vec<RowId> {
    let mut ids = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let mut bytes = Vec::new();
        write_identity(rows, &[key], row, &mut bytes);
        ids.push(match rows.sign(row) {
            Sign::Minus => now.remove(&bytes).unwrap_or(NOBODY),
            Sign::Plus => {
                let id = rows.seq[row] as RowId;
                now.insert(bytes, id);
                id
            }
        });
    }
    ids
}

fn table_pairs(
    rows: Rows,
    halves: &mut Vec<Halves>,
    now: &mut HashMap<Halves, RowId>,
    lineage: &mut Lineage,
) -> Result<Traced, Stop> {
    let (mut ids, mut gone) = (Vec::with_capacity(rows.len()), Vec::new());
    let mut row = 0;
    while row < rows.len() {
        if is_pair(&rows, row) {
            let [old, new] = [halves[row], halves[row + 1]];
            // Only one side has changed, and in nothing that is seen: the join knows rows by what is seen of them.
            if (old[0] == new[0]) != (old[1] == new[1]) && look_the_same(&rows, row, row + 1) {
                let id = now.remove(&old).unwrap_or(NOBODY);
                now.insert(new, id);
                ids.extend([id, id]);
                gone.extend([row, row + 1]);
                row += 2;
                continue;
            }
        }
        ids.push(match rows.sign(row) {
            Sign::Minus => now.remove(&halves[row]).unwrap_or(NOBODY),
            Sign::Plus => {
                let id = pair(halves[row], lineage)?;
                now.insert(halves[row], id);
                id
            }
        });
        row += 1;
    }
    let mut row = 0;
    halves.retain(|_| {
        row += 1;
        !gone.contains(&(row - 1))
    });
    Ok(without(rows, ids, &gone))
}

impl Ranked {
    fn identify(&mut self, mut rows: Rows, lineage: &mut Lineage) -> Result<Traced, Stop> {
        let own = taken_out(&mut rows, self.at);
        let groups = Evaluated::of(&self.by, &rows, &mut 0);
        let (mut ids, mut gone, mut key) = (Vec::with_capacity(rows.len()), Vec::new(), Vec::new());
        let mut row = 0;
        while row < rows.len() {
            if is_pair(&rows, row) && look_the_same(&rows, row, row + 1) {
                ids.extend([NOBODY, NOBODY]);
                gone.extend([row, row + 1]);
                row += 2;
                continue;
            }
            let rank = rows.columns.last().and_then(|column| id_in(column, row)).unwrap_or(1).max(1) as usize;
            // A group without a key has no rows.
            let _ = groups.key(row, &mut key);
            let ranks = self.now.entry(key.clone()).or_default();
            match rows.sign(row) {
                Sign::Minus => {
                    ids.push(ranks.get(rank - 1).copied().unwrap_or(NOBODY));
                    ranks.truncate(if is_pair(&rows, row) { ranks.len() } else { rank - 1 });
                }
                Sign::Plus => {
                    let before = rank.checked_sub(2).and_then(|at| ranks.get(at)).copied();
                    let own = own[row].unwrap_or(NOBODY);
                    let id = match before.filter(|_| self.ahead) {
                        Some(before) => lineage.both(before, own)?,
                        None => own,
                    };
                    if ranks.len() < rank {
                        ranks.resize(rank, NOBODY);
                    }
                    ranks[rank - 1] = id;
                    ids.push(id);
                }
            }
            row += 1;
        }
        Ok(without(rows, ids, &gone))
    }
}
