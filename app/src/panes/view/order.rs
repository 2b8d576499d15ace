//! Which rows are shown and in which order, found by a job.

use fabula_core::engine::order_of;
use fabula_core::view::RowFilter;

use super::showing::Showing;

/// By which column, and whether the largest come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sorting {
    /// By name: its place is another one as of a moment.
    pub(super) column: String,
    pub(super) descending: bool,
}

/// Rows that passed the filter, in an order.
pub(super) struct Ordered {
    pub(super) showing: Showing,
    pub(super) places: Vec<u32>,
    /// Rows of which the filter can't be told.
    pub(super) failed: u64,
    /// How often the filter met a value of another kind than it compares with.
    pub(super) mismatched: u64,
    /// How many of the rows are of windows that may still change.
    pub(super) open: u64,
}

pub(super) fn ordered(showing: Showing, by: Option<&Sorting>, filter: Option<&RowFilter>) -> Ordered {
    let rows = &showing.rows.rows;
    let (mut places, failed, mismatched) = match filter {
        None => ((0..rows.len() as u32).collect::<Vec<u32>>(), 0, 0),
        Some(filter) => {
            let filtered = filter.of(rows);
            (filtered.places, filtered.failed, filtered.mismatched)
        }
    };
    let place = |name: &String| showing.rows.columns.iter().find(|(known, ..)| known == name).map(|column| column.1);
    match by.and_then(|by| Some((place(&by.column)?, by.descending))) {
        Some((column, descending)) => {
            let cells: Vec<_> = (0..rows.len()).map(|row| rows.cell(column, row)).collect();
            places.sort_by(|&one, &other| {
                let order = order_of(&cells[one as usize], &cells[other as usize]);
                if descending { order.reverse() } else { order }
            });
        }
        // What is newest comes first where nothing else was asked for.
        None => places.sort_by_key(|&row| std::cmp::Reverse(rows.time_ms[row as usize])),
    }
    let open = places.iter().filter(|&&row| showing.is_open(row as usize) == Some(true)).count() as u64;
    Ordered { showing, places, failed, mismatched, open }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fabula_core::codec::Cell;
    use fabula_core::engine::{RowsBuilder, Sign};
    use fabula_core::expr::Type;
    use fabula_core::pipeline::Flow;

    use super::*;
    use crate::state::NodeRows;

    fn showing() -> Showing {
        let mut rows = RowsBuilder::new(1, false);
        for (time, value) in [(1, Some(5)), (3, None), (2, Some(-7))] {
            let cell = value.map_or(Cell::Null, Cell::Int);
            rows.push(0, time, Sign::Plus, [cell]);
        }
        let columns = vec![("n".to_owned(), 0, Type::Number)];
        let rows = NodeRows { flow: Flow::Table, columns, id: Vec::new(), rows: rows.finish(), count: 3 };
        Showing::new("v".to_owned(), Arc::new(rows), true, (None, None), None)
    }

    #[test]
    fn the_newest_come_first_unless_a_column_is_chosen() {
        let by = |column: &str, descending| {
            let by = Sorting { column: column.to_owned(), descending };
            ordered(showing(), Some(&by), None).places
        };
        assert_eq!(ordered(showing(), None, None).places, [1, 2, 0]);
        assert_eq!(by("n", false), [1, 2, 0]);
        assert_eq!(by("n", true), [0, 2, 1]);
        assert_eq!(by("gone", true), [1, 2, 0], "a column that there is no more");
    }

    #[test]
    fn rows_that_do_not_pass_the_filter_are_left_out() {
        let showing = showing();
        let filter = RowFilter::parse("n < 0 OR n IS NULL", &showing.rows.columns).unwrap();
        assert_eq!(ordered(showing, None, Some(&filter)).places, [1, 2]);
    }
}
