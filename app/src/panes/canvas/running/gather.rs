//! What the views of a running pipeline come to, kept within bounds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use fabula_core::engine::{Materialised, PlannedView, Rows, RowsBuilder, Sign, Sink, Stop};
use fabula_core::pipeline::Flow;

use crate::state::NodeRows;

/// Keeps what the views come to, within bounds.
pub(super) struct Gather {
    views: Vec<(PlannedView, Kept)>,
    most: usize,
}

enum Kept {
    /// The first rows of a stream, or of a table's changes that hold.
    First(Vec<Rows>, usize, u64),
    /// The last rows of a stream.
    Last(VecDeque<Rows>, usize, u64),
    /// A table.
    Table(Materialised),
}

impl Gather {
    /// Keeps the last rows of streams and all of tables.
    pub(super) fn new(views: &[PlannedView], most: usize) -> Self {
        let kept = |view: &PlannedView| match view.flow {
            Flow::Stream => Kept::Last(VecDeque::new(), 0, 0),
            Flow::Table => Kept::Table(Materialised::new(view.id.clone())),
        };
        Self { views: views.iter().map(|view| (view.clone(), kept(view))).collect(), most }
    }

    /// Keeps the first rows of streams, and of tables those that hold.
    pub(super) fn first(views: &[PlannedView], most: usize) -> Self {
        let kept = |view: &PlannedView| match view.flow {
            Flow::Stream => Kept::First(Vec::new(), 0, 0),
            Flow::Table => Kept::Table(Materialised::new(view.id.clone())),
        };
        Self { views: views.iter().map(|view| (view.clone(), kept(view))).collect(), most }
    }

    /// What the views come to by now.
    pub(super) fn so_far(&self) -> Result<BTreeMap<String, Arc<NodeRows>>, Stop> {
        let mut all = BTreeMap::new();
        for (view, kept) in &self.views {
            let (rows, count) = match kept {
                Kept::First(rows, _, count) => (Rows::concat(rows.clone()), *count),
                Kept::Last(rows, _, count) => (Rows::concat(rows.iter().cloned().collect()), *count),
                Kept::Table(table) => {
                    let mut built = None;
                    // What is beyond is not made into rows at all: the table may be far larger.
                    table.visit_first(self.most, |row| -> Result<(), Stop> {
                        let columns = row.cells.len();
                        let builder = built.get_or_insert_with(|| RowsBuilder::new(columns, false));
                        builder.push(0, row.time_ms, Sign::Plus, row.cells);
                        Ok(())
                    })?;
                    let mut builder = built.unwrap_or_else(|| RowsBuilder::new(0, false));
                    (builder.finish(), table.len() as u64)
                }
            };
            let rows = NodeRows { flow: view.flow, columns: view.columns.clone(), id: view.id.clone(), rows, count };
            all.insert(view.name.clone(), Arc::new(rows));
        }
        Ok(all)
    }

    /// Whether every view has got a row.
    pub(super) fn has_rows_of_all(&self) -> bool {
        self.views.iter().all(|(_, kept)| match kept {
            Kept::First(_, _, count) | Kept::Last(_, _, count) => *count > 0,
            Kept::Table(table) => !table.is_empty(),
        })
    }
}

impl Sink for Gather {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        let most = self.most;
        match &mut self.views[view].1 {
            Kept::First(kept, len, count) => {
                *count += rows.len() as u64;
                let room = most.saturating_sub(*len).min(rows.len());
                if room > 0 {
                    let places: Vec<u32> = (0..room as u32).collect();
                    kept.push(rows.take(&places));
                    *len += room;
                }
            }
            Kept::Last(kept, len, count) => {
                *count += rows.len() as u64;
                *len += rows.len();
                kept.push_back(rows.clone());
                while kept.front().is_some_and(|oldest| *len - oldest.len() >= most) {
                    *len -= kept.pop_front().map_or(0, |oldest| oldest.len());
                }
            }
            Kept::Table(table) => table.apply(rows),
        }
        Ok(())
    }
}
