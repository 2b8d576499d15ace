//! What a chart draws, worked out by a job: figures as lines over time, or how they are spread.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::codec::Cell;
use fabula_core::event::time::ns_to_ms;
use fabula_core::view::{Bar, bars};

use super::order::Ordered;
use crate::figures;
use crate::panes::asking::{Asking, Same};
use crate::state::NodeRows;

/// So many points are drawn.
const POINTS: usize = 20_000;
/// So many bars there are at most.
const BARS: usize = 60;

/// What is drawn: which column's figures, by which column's groups, as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drawing {
    pub(super) figure: usize,
    pub(super) group: Option<usize>,
    pub(super) spread: bool,
}

/// A drawing that was asked for.
pub(super) type Asked = Asking<(Same<Ordered>, Drawing), Drawn>;

/// What was worked out.
pub(super) struct Drawn {
    pub(super) drawing: Drawing,
    /// Each group's name and points: seconds since the epoch, and the figure; those with the most points first.
    pub(super) lines: Vec<(String, Vec<[f64; 2]>)>,
    pub(super) bars: Vec<Bar>,
    /// How many rows are left out of the lines, because they are too many.
    pub(super) left_out: usize,
}

pub(super) fn drawn(ordered: &Arc<Ordered>, drawing: Drawing) -> Drawn {
    let rows = &ordered.showing.rows;
    if drawing.spread {
        let values: Vec<f64> =
            ordered.places.iter().filter_map(|&row| number(&rows.rows.cell(drawing.figure, row as usize))).collect();
        return Drawn { drawing, lines: Vec::new(), bars: bars(&values, BARS), left_out: 0 };
    }
    let time = ["window_start", "timestamp"]
        .iter()
        .find_map(|wanted| rows.columns.iter().find(|(name, ..)| name == wanted).map(|(_, column, _)| *column));
    let mut groups: BTreeMap<String, Vec<[f64; 2]>> = BTreeMap::new();
    // The last rows in their own order, whatever the table is sorted by.
    let mut places = ordered.places.clone();
    places.sort_unstable();
    let left_out = places.len().saturating_sub(POINTS);
    for row in places[left_out..].iter().map(|&row| row as usize) {
        let at = match time.map(|time| rows.rows.cell(time, row)) {
            Some(Cell::Time(ns)) => ns_to_ms(ns),
            _ => rows.rows.time_ms[row],
        };
        let Some(value) = number(&rows.rows.cell(drawing.figure, row)) else { continue };
        let name = drawing.group.map_or_else(String::new, |group| rows.rows.cell(group, row).to_string());
        groups.entry(name).or_default().push([at as f64 / 1e3, value]);
    }
    let mut lines: Vec<_> = groups.into_iter().collect();
    lines.iter_mut().for_each(|(_, points)| points.sort_by(|one, other| one[0].total_cmp(&other[0])));
    lines.sort_by(|one, other| other.1.len().cmp(&one.1.len()).then_with(|| one.0.cmp(&other.0)));
    Drawn { drawing, lines, bars: Vec::new(), left_out }
}

/// A number as near as it can be drawn.
pub(super) fn number(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Int(int) => Some(*int as f64),
        Cell::Float(float) => Some(*float).filter(|float| float.is_finite()),
        Cell::Decimal(_) | Cell::Number(_) => cell.to_string().parse().ok().filter(|float: &f64| float.is_finite()),
        _ => None,
    }
}

/// Columns' names and places.
type Named = Vec<(String, usize)>;

/// The columns that a chart can be of: those with numbers, and those whose values may name groups.
pub(super) type Columns = (Named, Named);

/// The columns of some rows that were asked for.
pub(super) type AskedColumns = Asking<Same<NodeRows>, Columns>;

/// The columns with numbers, and those whose values may name groups. All rows are looked at: a figure may come late.
pub(super) fn columns(rows: &NodeRows) -> Columns {
    let first = |column: usize| (0..rows.rows.len()).map(move |row| rows.rows.cell(column, row));
    let named = |name: &String, column: &usize| (name.clone(), *column);
    let all = || rows.columns.iter().map(|(name, column, _)| (name, column));
    let numeric = all().filter(|(_, column)| first(**column).any(|cell| number(&cell).is_some()));
    let grouping =
        all().filter(|(_, column)| first(**column).any(|cell| matches!(cell, Cell::Text(_) | Cell::Bool(_))));
    let grouping = grouping.filter(|(name, _)| !matches!(name.as_str(), "value"));
    (
        numeric.map(|(name, column)| named(name, column)).collect(),
        grouping.map(|(name, column)| named(name, column)).collect(),
    )
}

/// A figure without digits that say nothing.
pub(super) fn figure_text(figure: f64) -> String {
    let text = format!("{figure:.3}");
    figures::separated(text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use fabula_core::engine::{RowsBuilder, Sign};
    use fabula_core::expr::Type;
    use fabula_core::pipeline::Flow;

    use super::super::order::ordered;
    use super::super::showing::Showing;
    use super::*;

    #[test]
    fn a_column_whose_first_number_comes_late_can_be_drawn() {
        let mut rows = RowsBuilder::new(2, false);
        for at in 0..500 {
            let late = if at == 499 { Cell::Int(1) } else { Cell::Null };
            rows.push(0, at, Sign::Plus, [late, if at == 450 { Cell::Text("g".into()) } else { Cell::Null }]);
        }
        let columns = vec![("n".to_owned(), 0, Type::Any), ("g".to_owned(), 1, Type::Any)];
        let rows = NodeRows { flow: Flow::Stream, columns, id: vec![], rows: rows.finish(), count: 500 };
        assert_eq!(super::columns(&rows), (vec![("n".to_owned(), 0)], vec![("g".to_owned(), 1)]));
    }

    #[test]
    fn each_group_is_a_line_in_the_order_of_time() {
        let mut rows = RowsBuilder::new(2, false);
        for (time, group, figure) in [(3_000, "a", 1), (1_000, "b", 2), (2_000, "a", 3), (4_000, "a", 3)] {
            rows.push(0, time, Sign::Plus, [Cell::Text(group.into()), Cell::Int(figure)]);
        }
        let columns = vec![("g".to_owned(), 0, Type::Text), ("n".to_owned(), 1, Type::Number)];
        let rows = NodeRows { flow: Flow::Table, columns, id: vec![0], rows: rows.finish(), count: 4 };
        let (numeric, grouping) = super::columns(&rows);
        assert_eq!((numeric, grouping), (vec![("n".to_owned(), 1)], vec![("g".to_owned(), 0)]));
        let showing = Showing::new("v".to_owned(), Arc::new(rows), true, (None, None), None);
        let ordered = Arc::new(ordered(showing, None, None));
        let lines = drawn(&ordered, Drawing { figure: 1, group: Some(0), spread: false }).lines;
        assert_eq!(lines[0], ("a".to_owned(), vec![[2.0, 3.0], [3.0, 1.0], [4.0, 3.0]]));
        assert_eq!(lines[1], ("b".to_owned(), vec![[1.0, 2.0]]));
        let bars = drawn(&ordered, Drawing { figure: 1, group: None, spread: true }).bars;
        assert_eq!(bars.iter().map(|bar| bar.count).collect::<Vec<_>>(), [1, 1, 2]);
    }
}
