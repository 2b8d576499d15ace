//! The row of a view that is asked about, and finding it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::groups::{Followed, is_written};
use super::identity::Identity;
use super::lineage::RowId;
use super::trace::{Replay, Taken, Watcher};
use crate::codec::Cell;
use crate::engine::plan::{ColumnOf, PlannedView, Recipe};
use crate::engine::stored::store_row;
use crate::engine::{Sign, Stop};
use crate::event::time::{format_iso_ms, ns_to_ms, parse_iso_ms};
use crate::pipeline::Flow;

/// So many different keys and windows are remembered for the case that the one sought is not there.
const REMEMBERED: usize = 100_000;

/// So many of them are told.
const TOLD: usize = 5;

/// So many rows of a stream that fit are kept.
const KEPT: usize = 1_000;

/// A row as a person names it: `KEY`, or `KEY@WINDOW` with the window's start (of a stream without windows the row's
/// time). Several values of a key are separated by commas; `column=value` names the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowName {
    /// The key, as it was written.
    pub key: String,
    /// The window's start, or the row's time, in milliseconds.
    pub at_ms: Option<i64>,
    /// Columns by name with what is written in them, where the row is named so and not by a text.
    values: Vec<(String, String)>,
}

impl RowName {
    /// A row by what stands in columns that tell it apart.
    pub fn of_values(values: &[(String, Cell<'_>)], at_ms: Option<i64>) -> Self {
        let written = |cell: &Cell<'_>| if cell.is_null() { "null".to_owned() } else { cell.to_string() };
        let values: Vec<_> = values.iter().map(|(name, cell)| (name.clone(), written(cell))).collect();
        let key = values.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(",");
        Self { key, at_ms, values }
    }
}

impl FromStr for RowName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A key may have an @ in it; what follows is a time or part of the key.
        let split = text.rsplit_once('@').and_then(|(key, at)| {
            let at_ms = at.parse::<i64>().ok().or_else(|| parse_iso_ms(at))?;
            Some(Self { key: key.to_owned(), at_ms: Some(at_ms), values: Vec::new() })
        });
        Ok(split.unwrap_or_else(|| Self { key: text.to_owned(), at_ms: None, values: Vec::new() }))
    }
}

/// A row that was found.
#[derive(Debug, Clone)]
pub(super) struct FoundRow {
    pub(super) cells: Vec<Cell<'static>>,
    pub(super) time_ms: i64,
    pub(super) seq: u64,
    pub(super) id: RowId,
}

/// Looks for a row of a view.
pub(super) struct RowWatch {
    node: usize,
    flow: Flow,
    /// Columns of the view's wire, and what is to stand in them.
    wanted: Vec<(usize, String)>,
    at_ms: Option<i64>,
    /// The column of windows' starts.
    starts: Option<usize>,
    id: Vec<usize>,
    table: BTreeMap<Vec<u8>, FoundRow>,
    stream: Vec<FoundRow>,
    more: u64,
    keys: BTreeSet<String>,
    times: BTreeSet<i64>,
}

impl RowWatch {
    /// Makes out which columns a name is about.
    ///
    /// # Errors
    /// A line that says what to write.
    pub(super) fn new(replay: &Replay, view: &PlannedView, name: &RowName) -> Result<Self, String> {
        let names = &replay.nodes[view.node].names;
        let window = |column: &usize| matches!(names[*column].as_str(), "window_start" | "window_end");
        let shown: Vec<(usize, &str)> = view.columns.iter().map(|(name, column, _)| (*column, name.as_str())).collect();
        let starts = (0..names.len()).find(|&column| names[column] == "window_start");
        let named = |part: &str| {
            let (column, value) = part.split_once('=')?;
            let (column, _) = shown.iter().find(|(_, name)| *name == column.trim())?;
            Some((*column, value.trim().to_owned()))
        };
        let parts: Vec<&str> = name.key.split(',').collect();
        let by_name: Option<Vec<(usize, String)>> = parts.iter().map(|part| named(part)).collect();
        let keys: Vec<usize> = match view.id.iter().copied().filter(|column| !window(column)).collect::<Vec<_>>() {
            keys if !keys.is_empty() || view.flow == Flow::Table && !view.id.is_empty() => keys,
            _ => match shown.iter().find(|(_, name)| *name == "key") {
                Some((column, _)) => vec![*column],
                None => shown.iter().map(|(column, _)| *column).filter(|column| !window(column)).collect(),
            },
        };
        let of_values = name.values.iter().map(|(name, value)| {
            let column = shown.iter().find(|(_, shown)| shown == name).map(|(column, _)| *column);
            column.map(|column| (column, value.clone())).ok_or_else(|| format!("{} has no column {name}", view.name))
        });
        let of_values = of_values.collect::<Result<Vec<_>, _>>()?;
        let wanted = match by_name {
            _ if !of_values.is_empty() => of_values,
            Some(wanted) => wanted,
            None if keys.is_empty() || name.key.is_empty() => Vec::new(),
            None if keys.len() == 1 || parts.len() == 1 => vec![(keys[0], name.key.clone())],
            None if parts.len() > keys.len() => {
                let columns: Vec<&str> = keys.iter().map(|&column| names[column].as_str()).collect();
                return Err(format!("a row's key is {} of {}", columns.join(","), view.name));
            }
            None => keys.into_iter().zip(parts.iter().map(|part| part.trim().to_owned())).collect(),
        };
        Ok(Self {
            node: view.node,
            flow: view.flow,
            wanted,
            at_ms: name.at_ms,
            starts,
            id: view.id.clone(),
            table: BTreeMap::new(),
            stream: Vec::new(),
            more: 0,
            keys: BTreeSet::new(),
            times: BTreeSet::new(),
        })
    }

    /// Has only those groups followed that the row can be of, and of nodes that the view does not hang on none.
    pub(super) fn narrow(&self, replay: &mut Replay) {
        let mut needed = vec![false; replay.nodes.len()];
        needed[self.node] = true;
        for node in (0..replay.nodes.len()).rev() {
            if needed[node] {
                replay.nodes[node].inputs.clone().into_iter().for_each(|input| needed[input] = true);
            }
        }
        let mut written: BTreeMap<usize, Vec<Option<String>>> = BTreeMap::new();
        for (column, text) in &self.wanted {
            if let Some((node, by, count)) = self.origin(replay, *column) {
                written.entry(node).or_insert_with(|| vec![None; count])[by] = Some(text.clone());
            }
        }
        for (node, needed) in needed.into_iter().enumerate() {
            if let Identity::Groups(groups) = &mut replay.nodes[node].identity {
                groups.followed = match written.remove(&node) {
                    _ if !needed => Followed::Marked(Default::default()),
                    Some(written) => Followed::Written(written),
                    None => Followed::All,
                };
            }
        }
    }

    /// The aggregate that a column of the view is a group of, and which part; only where nothing between them puts rows
    /// together.
    fn origin(&self, replay: &Replay, column: usize) -> Option<(usize, usize, usize)> {
        let (mut node, mut column) = (self.node, column);
        loop {
            let of = &replay.nodes[node];
            let ColumnOf::Given(given) = of.columns.get(column)? else { return None };
            match &of.recipe {
                Recipe::Aggregate { by, .. } if *given < by.len() => return Some((node, *given, by.len())),
                Recipe::Filter { input, .. } | Recipe::Extend { input, .. } | Recipe::Pass { input }
                    if *given < replay.nodes[*input].columns.len() =>
                {
                    (node, column) = (*input, *given);
                }
                _ => return None,
            }
        }
    }

    /// The rows that fit, and how many more there are of a stream.
    pub(super) fn found(&self) -> (Vec<&FoundRow>, u64) {
        (self.table.values().chain(&self.stream).collect(), self.more)
    }

    /// The window of a row, or its time.
    pub(super) fn time_of(&self, row: &FoundRow) -> i64 {
        match self.starts.and_then(|column| row.cells.get(column)) {
            Some(Cell::Time(ns)) => ns_to_ms(*ns),
            _ => row.time_ms,
        }
    }

    /// What there is instead: windows of that key, or else other keys.
    pub(super) fn instead(&self) -> Vec<String> {
        if let (Some(at_ms), false) = (self.at_ms, self.times.is_empty()) {
            let mut times: Vec<i64> = self.times.iter().copied().collect();
            times.sort_by_key(|time| time.abs_diff(at_ms));
            return times.into_iter().take(TOLD).map(|time| format!("@{}", format_iso_ms(time))).collect();
        }
        let sought: Vec<&str> = self.wanted.iter().map(|(_, text)| text.as_str()).collect();
        let sought = sought.join(",");
        let mut keys: Vec<(usize, &String)> = self.keys.iter().map(|key| (distance(&sought, key), key)).collect();
        keys.sort();
        keys.into_iter().take(TOLD).map(|(_, key)| key.clone()).collect()
    }
}

impl Watcher for RowWatch {
    fn taken(&mut self, taken: &Taken<'_>) -> Result<(), Stop> {
        if taken.node != self.node {
            return Ok(());
        }
        let rows = &taken.given.rows;
        for row in 0..rows.len() {
            let cells = || self.wanted.iter().map(|(column, text)| (rows.cell(*column, row), text));
            if !cells().all(|(cell, text)| is_written(&cell, text)) {
                if self.keys.len() < REMEMBERED && rows.sign(row) == Sign::Plus {
                    let key: Vec<String> = cells().map(|(cell, _)| cell.to_string()).collect();
                    self.keys.insert(key.join(","));
                }
                continue;
            }
            let found = FoundRow {
                cells: rows.row(row).into_iter().map(Cell::into_owned).collect(),
                time_ms: rows.time_ms[row],
                seq: rows.seq[row],
                id: taken.given.ids[row],
            };
            let time = self.time_of(&found);
            if self.at_ms.is_some_and(|at_ms| at_ms != time) {
                if self.times.len() < REMEMBERED {
                    self.times.insert(time);
                }
                continue;
            }
            if self.flow == Flow::Stream {
                if self.stream.len() < KEPT {
                    self.stream.push(found)
                } else {
                    self.more += 1
                }
                continue;
            }
            let mut id = Vec::new();
            match self.id.as_slice() {
                [] => store_row(rows, row, &mut id),
                columns => crate::engine::key::write_identity(rows, columns, row, &mut id),
            }
            match rows.sign(row) {
                Sign::Plus => self.table.insert(id, found),
                Sign::Minus => self.table.remove(&id),
            };
        }
        Ok(())
    }
}

/// How many letters have to be changed, of texts that are not too long.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(64).collect(), other.chars().take(64).collect());
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_named_by_its_key_and_its_window() {
        let name = |text: &str| text.parse::<RowName>().expect("any text is a name");
        let of = |key: &str, at_ms| RowName { key: key.to_owned(), at_ms, values: Vec::new() };
        assert_eq!(name("EUR@1970-01-01T00:01:00Z"), of("EUR", Some(60_000)));
        assert_eq!(name("EUR@60000"), of("EUR", Some(60_000)));
        assert_eq!(name("bob@example.com"), of("bob@example.com", None));
        assert_eq!(name("bob@example.com@60000"), of("bob@example.com", Some(60_000)));
    }

    #[test]
    fn the_nearest_text_has_the_fewest_letters_changed() {
        assert_eq!([distance("kitten", "sitting"), distance("", "ab"), distance("EUR", "EUR")], [3, 2, 0]);
    }
}
