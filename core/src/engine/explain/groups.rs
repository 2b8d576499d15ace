//! Which rows an aggregate's groups are made of, window by window.
//!
//! Beside the aggregate itself runs a witness: another one over the same windows that counts rows and tells of each at
//! once. The groups whose count a row changes are those that took it.

use std::collections::{HashMap, HashSet};

use tokio_util::sync::CancellationToken;

use super::lineage::{Lineage, Marks, NOBODY, RowId};
use super::trace::{Traced, processed};
use crate::codec::{Cell, Step, number_cell};
use crate::engine::aggregate::{AggregateSpec, aggregate};
use crate::engine::evaluated::Evaluated;
use crate::engine::key::write_identity;
use crate::engine::operator::Operator;
use crate::engine::plan::Recipe;
use crate::engine::{Rows, Sign, Stop};
use crate::event::time::ns_to_ms;
use crate::expr::{Formula, NameError, Scope, Type};
use crate::pipeline::{Emit, Window};

/// Which groups are followed.
#[derive(Debug)]
pub(super) enum Followed {
    /// Those of every key.
    All,
    /// Those whose values of `by` are written so, where it is said.
    Written(Vec<Option<String>>),
    /// Those with a row of an event that is looked into, from then on.
    Marked(HashSet<Vec<u8>>),
}

/// The groups of an aggregate.
pub(super) struct Groups {
    pub(super) followed: Followed,
    by: Vec<Formula>,
    window: Option<Window>,
    grace_ms: i64,
    /// How many columns tell the groups apart.
    id_columns: usize,
    witness: Option<Box<dyn Operator>>,
    now: HashMap<Vec<u8>, Group>,
    /// The rows that were given last.
    given: HashMap<Vec<u8>, RowId>,
    /// Of sliding windows: the rows that each key has, with their times.
    came: HashMap<Vec<u8>, Vec<(i64, RowId)>>,
}

/// A group that is followed.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// All of its rows.
    pub(super) rows: RowId,
    /// How many, where rows go again.
    count: u64,
    /// Those of events that are looked into.
    marked: Vec<(RowId, Marks)>,
    /// The window, in milliseconds.
    pub(super) window: Option<(i64, i64)>,
    /// What the group is of, and its window.
    pub(super) cells: Vec<Cell<'static>>,
    /// The event at which its row was last given.
    pub(super) given_at: Option<u64>,
}

impl Groups {
    /// Of an aggregate; `None` of any other node.
    pub(super) fn of(recipe: &Recipe) -> Option<Self> {
        let Recipe::Aggregate { by, window, grace_ms, .. } = recipe else { return None };
        let witness = match window {
            Some(_) => Some(witness(by, *window, *grace_ms)?),
            None => None,
        };
        Some(Self {
            followed: Followed::All,
            by: by.clone(),
            window: *window,
            grace_ms: *grace_ms,
            id_columns: by.len() + if window.is_some() { 2 } else { 0 },
            witness,
            now: HashMap::new(),
            given: HashMap::new(),
            came: HashMap::new(),
        })
    }

    /// The groups that are followed.
    pub(super) fn now(&self) -> impl Iterator<Item = &Group> {
        self.now.values()
    }

    /// Finds out which rows are to be taken one by one; those that are already stay.
    pub(super) fn follow(&mut self, rows: &Rows, followed: &mut [bool]) {
        if rows.is_empty() {
            return;
        }
        let keys = Evaluated::of(&self.by, rows, &mut 0);
        match &mut self.followed {
            Followed::All => followed.fill(true),
            Followed::Written(written) => {
                for (row, followed) in followed.iter_mut().enumerate() {
                    let parts = keys.columns().iter().zip(written.iter());
                    *followed |= parts
                        .into_iter()
                        .all(|(column, text)| text.as_ref().is_none_or(|text| is_written(&column.cell(row), text)));
                }
            }
            Followed::Marked(known) => {
                let mut key = Vec::new();
                for (row, followed) in followed.iter_mut().enumerate() {
                    if keys.key(row, &mut key).is_err() {
                        continue;
                    }
                    if *followed {
                        known.insert(key.clone());
                    }
                    *followed = known.contains(&key);
                }
            }
        }
    }

    /// Takes rows; where one is followed it stands alone, or is a pair. Gives the windows that it went into.
    pub(super) fn take(
        &mut self,
        rows: &Traced,
        close: bool,
        lineage: &mut Lineage,
        cancel: &CancellationToken,
    ) -> Result<Vec<(i64, i64)>, Stop> {
        let keys = Evaluated::of(&self.by, &rows.rows, &mut 0);
        let mut key = Vec::new();
        let Some(witness) = &mut self.witness else {
            for row in (0..rows.len()).filter(|_| close) {
                if keys.key(row, &mut key).is_ok() {
                    self.count(&key, rows, row, lineage)?;
                }
            }
            return Ok(Vec::new());
        };
        let before = witness.metrics().dropped;
        let told = processed(witness.as_mut(), vec![rows.rows.clone()], cancel)?;
        if !close || rows.is_empty() || keys.key(0, &mut key).is_err() || witness.metrics().dropped != before {
            return Ok(Vec::new());
        }
        if let Some(Window::Sliding { size }) = self.window {
            // Those that no window can come to hold any more are forgotten.
            let reach = size.ms.saturating_add(self.grace_ms).saturating_add(1);
            let from = witness.metrics().stream_time_ms.unwrap_or(i64::MIN).saturating_sub(reach);
            let came = self.came.entry(key.clone()).or_default();
            came.retain(|(time, _)| *time >= from);
            came.push((rows.rows.time_ms[0], rows.ids[0]));
        }
        self.note(&key, &told, rows.ids[0], lineage)
    }

    /// Adds a row to a group without windows, or takes it away.
    fn count(&mut self, key: &[u8], rows: &Traced, row: usize, lineage: &mut Lineage) -> Result<(), Stop> {
        let id = rows.ids[row];
        if rows.rows.sign(row) == Sign::Plus {
            let group = self.now.entry(key.to_vec()).or_insert_with(|| Group { rows: NOBODY, ..Group::default() });
            group.rows = lineage.both(group.rows, id)?;
            group.count += 1;
            group.mark(id, lineage);
            return Ok(());
        }
        let Some(group) = self.now.get_mut(key) else { return Ok(()) };
        if let Some(at) = group.marked.iter().position(|(known, _)| *known == id) {
            group.marked.swap_remove(at);
        }
        group.count = group.count.saturating_sub(1);
        if group.count == 0 {
            self.now.remove(key);
            return Ok(());
        }
        let marks = group.marked.iter().fold(0, |marks, (_, more)| marks | more);
        group.rows = lineage.without(group.rows, id, marks)?;
        Ok(())
    }

    /// Notes what the witness told of a row.
    fn note(&mut self, key: &[u8], told: &Rows, id: RowId, lineage: &mut Lineage) -> Result<Vec<(i64, i64)>, Stop> {
        let columns: Vec<usize> = (0..self.id_columns).collect();
        let (mut windows, mut before) = (Vec::new(), Vec::<(RowId, Option<u64>)>::new());
        for row in 0..told.len() {
            let mut name = Vec::new();
            write_identity(told, &columns, row, &mut name);
            if told.sign(row) == Sign::Minus {
                // Sessions that become one are taken away before it comes.
                before.push(self.now.remove(&name).map_or((NOBODY, None), |group| (group.rows, group.given_at)));
                continue;
            }
            let window = bounds(told, self.by.len(), row);
            let rows = match before.is_empty() {
                true => self.first_rows(key, window, id, lineage)?,
                false => before.iter().try_fold(id, |rows, &(more, _)| lineage.both(more, rows))?,
            };
            let given_at = before.drain(..).filter_map(|(_, given_at)| given_at).max();
            let cells = told.row(row).into_iter().take(self.id_columns).map(Cell::into_owned).collect();
            let group = Group { rows, window: Some(window), cells, given_at, ..Group::default() };
            self.now.insert(name, group);
            windows.push(window);
        }
        Ok(windows)
    }

    /// The rows of a window that has just come into being: a sliding one may hold rows that came before.
    fn first_rows(
        &self,
        key: &[u8],
        (start, end): (i64, i64),
        id: RowId,
        lineage: &mut Lineage,
    ) -> Result<RowId, Stop> {
        let Some(came) = self.came.get(key) else { return Ok(id) };
        let inside = came.iter().filter(|(time, _)| start <= *time && *time <= end);
        inside.map(|(_, id)| *id).try_fold(NOBODY, |rows, id| lineage.both(rows, id))
    }

    /// The numbers of the rows that the aggregate gave.
    pub(super) fn identify(&mut self, rows: &Rows) -> Vec<RowId> {
        let columns: Vec<usize> = (0..self.id_columns).collect();
        let mut ids = Vec::with_capacity(rows.len());
        let mut name = Vec::new();
        for row in 0..rows.len() {
            name.clear();
            write_identity(rows, &columns, row, &mut name);
            ids.push(match rows.sign(row) {
                Sign::Minus => self.given.remove(&name).unwrap_or(NOBODY),
                Sign::Plus => match self.now.get_mut(&name) {
                    None => NOBODY,
                    Some(group) => {
                        group.given_at = Some(rows.seq[row]);
                        self.given.insert(name.clone(), group.rows);
                        group.rows
                    }
                },
            });
        }
        ids
    }
}

impl Group {
    fn mark(&mut self, id: RowId, lineage: &Lineage) {
        let marks = lineage.marks(id);
        if marks != 0 {
            self.marked.push((id, marks));
        }
    }
}

/// Whether a value is written so.
pub(super) fn is_written(cell: &Cell<'_>, text: &str) -> bool {
    match cell {
        Cell::Text(own) => own == text,
        Cell::Null | Cell::Missing => matches!(text, "null" | "∅"),
        cell if cell.is_number() && text.parse::<f64>().is_ok() => {
            number_cell(text).compare(cell).is_some_and(std::cmp::Ordering::is_eq)
        }
        cell => cell.to_string() == text,
    }
}

/// A window's start and end in milliseconds, behind the columns of `by`.
fn bounds(rows: &Rows, by: usize, row: usize) -> (i64, i64) {
    let ms = |column: usize| match rows.cell(column, row) {
        Cell::Time(ns) => ns_to_ms(ns),
        _ => 0,
    };
    (ms(by), ms(by + 1))
}

/// An aggregate over the same windows that counts rows, and tells at once.
fn witness(by: &[Formula], window: Option<Window>, grace_ms: i64) -> Option<Box<dyn Operator>> {
    struct Nameless;
    impl Scope for Nameless {
        fn roots(&self) -> Vec<String> {
            Vec::new()
        }

        fn column(&self, _: &[Step]) -> Result<(usize, Type), NameError> {
            Err(NameError { message: "there are no names".to_owned(), hint: None })
        }
    }
    let mut calls = Vec::new();
    let count = Formula::of_groups("count(*)", &Nameless, &Nameless, &mut calls).ok()?;
    let (by, emit, select) = (by.to_vec(), Emit::Updates, vec![count]);
    Some(aggregate(AggregateSpec { by, window, grace_ms, emit, calls, select, table_input: false, each_event: false }))
}
