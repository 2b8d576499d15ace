//! The order of a table's rows, found by a job.

use std::sync::Arc;

use fabula_core::engine::order_of;

use super::ViewPane;
use crate::jobs::{Progress, Title};
use crate::panes::Context;
use crate::state::NodeRows;

/// By which column, and whether the largest come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sorting {
    pub(super) column: usize,
    pub(super) descending: bool,
}

/// Rows in an order.
pub(super) struct Ordered {
    of: Arc<NodeRows>,
    by: Option<Sorting>,
    places: Vec<u32>,
}

impl Ordered {
    /// The place of the row that comes at this rank.
    pub(super) fn place(&self, rank: usize) -> Option<usize> {
        self.places.get(rank).map(|place| *place as usize)
    }

    /// Whether it is the order of these rows.
    pub(super) fn is_of(&self, rows: &Arc<NodeRows>) -> bool {
        Arc::ptr_eq(&self.of, rows)
    }
}

pub(super) fn update(pane: &mut ViewPane, rows: &Arc<NodeRows>, context: &Context<'_>) {
    if let Some(job) = &mut pane.ordering {
        match job.poll() {
            Some(ordered) => {
                pane.ordered = Some(ordered);
                pane.ordering = None;
            }
            None if job.is_lost() => pane.ordering = None,
            None => return,
        }
    }
    let by = pane.sorting;
    if pane.ordered.as_ref().is_some_and(|ordered| ordered.is_of(rows) && ordered.by == by) {
        return;
    }
    let of = Arc::clone(rows);
    let job = move |_: &Progress| sorted(of, by);
    pane.ordering = Some(context.jobs.spawn_blocking(Title::quiet("Sorting"), job));
}

fn sorted(of: Arc<NodeRows>, by: Option<Sorting>) -> Ordered {
    let mut places: Vec<u32> = (0..of.rows.len() as u32).collect();
    match by {
        Some(Sorting { column, descending }) => {
            let cells: Vec<_> = (0..of.rows.len()).map(|row| of.rows.cell(column, row)).collect();
            places.sort_by(|&one, &other| {
                let order = order_of(&cells[one as usize], &cells[other as usize]);
                if descending { order.reverse() } else { order }
            });
        }
        // What is newest comes first where nothing else was asked for.
        None => places.sort_by_key(|&row| std::cmp::Reverse(of.rows.time_ms[row as usize])),
    }
    Ordered { of, by, places }
}

#[cfg(test)]
mod tests {
    use fabula_core::codec::Cell;
    use fabula_core::engine::{RowsBuilder, Sign};
    use fabula_core::pipeline::Flow;

    use super::*;

    fn rows() -> Arc<NodeRows> {
        let mut rows = RowsBuilder::new(1, false);
        for (time, value) in [(1, Some(5)), (3, None), (2, Some(-7))] {
            let cell = value.map_or(Cell::Null, Cell::Int);
            rows.push(0, time, Sign::Plus, [cell]);
        }
        Arc::new(NodeRows { flow: Flow::Table, columns: Vec::new(), rows: rows.finish(), count: 3 })
    }

    #[test]
    fn the_newest_come_first_unless_a_column_is_chosen() {
        let by = |column, descending| Some(Sorting { column, descending });
        assert_eq!(sorted(rows(), None).places, [1, 2, 0]);
        assert_eq!(sorted(rows(), by(0, false)).places, [1, 2, 0]);
        assert_eq!(sorted(rows(), by(0, true)).places, [0, 2, 1]);
    }
}
