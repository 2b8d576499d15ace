//! Which columns a table of rows has on the screen, and how wide they are.

use fabula_core::codec::Cell;
use fabula_core::event::time::NS_PER_MS;
use fabula_core::expr::Type;

use super::showing::Showing;
use super::{cell_text, key_text};
use crate::theme::size;
use crate::zone::{Clock, Zone};

/// So many rows say how wide a column is: to measure all would take as long as to draw them.
const MEASURED: usize = 40;
/// What a letter of the table's font takes.
const LETTER: f32 = 7.25;
/// The space between two columns.
pub(super) const GAP: f32 = 16.0;
/// Windows that are shorter than this need the day once.
const DAY_NS: i64 = 86_400_000 * NS_PER_MS;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// From when to when a window lasts, of these two columns of the rows.
    Window(usize, usize),
    /// Whether the window may still change.
    State,
    /// The values of a column of the rows.
    Cell(usize),
}

/// A column as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) name: String,
    pub(super) shows: Shows,
    /// The column of the rows that a press on its head sorts by.
    pub(super) sorts: Option<String>,
    /// Whether it tells rows apart: then a number in it is a name and no figure.
    pub(super) is_key: bool,
    pub(super) right_aligned: bool,
    /// Where it begins, from the table's edge.
    pub(super) left: f32,
    /// With the space behind it.
    pub(super) width: f32,
}

/// The columns of what is shown, of which these rows are in sight first.
pub(super) fn placed(showing: &Showing, places: &[u32]) -> Vec<Placed> {
    let rows = &showing.rows;
    // Widths do not depend on the zone: a clock of any zone writes as many letters.
    let clock = Clock::new(Zone::Utc, jiff::tz::TimeZone::UTC);
    let first = || places.iter().take(MEASURED).map(|&row| row as usize);
    let longest = |text: &dyn Fn(usize) -> String| first().map(|row| letters(&text(row))).max().unwrap_or(0);
    let mut all = Vec::new();
    let mut add = |name: &str, shows: Shows, sorts: Option<&str>, (is_key, right_aligned): (bool, bool), letters| {
        all.push(Placed {
            name: name.to_owned(),
            shows,
            sorts: sorts.map(str::to_owned),
            is_key,
            right_aligned,
            left: 0.0,
            width: width(letters, name, sorts.is_some()),
        });
    };
    let of_window = showing.window();
    if let Some((start, end)) = of_window {
        let text = |row: usize| window_text(&rows.rows.cell(start, row), &rows.rows.cell(end, row), &clock);
        add("window", Shows::Window(start, end), Some("window_start"), (true, false), longest(&text));
        if showing.has_windows() {
            add("state", Shows::State, None, (false, false), 5);
        }
    }
    for (name, column, of) in &rows.columns {
        if of_window.is_some_and(|(start, end)| [start, end].contains(column)) {
            continue;
        }
        let is_key = rows.id.contains(column);
        let cell = |row: usize| rows.rows.cell(*column, row);
        let text = |row: usize| if is_key { key_text(&cell(row), &clock) } else { cell_text(&cell(row), &clock) };
        let known = first().map(cell).find(|cell| !cell.is_null());
        let number = match known {
            Some(cell) => matches!(cell, Cell::Int(_) | Cell::Decimal(_) | Cell::Float(_) | Cell::Number(_)),
            None => *of == Type::Number,
        };
        add(name, Shows::Cell(*column), Some(name), (is_key, number), longest(&text));
    }
    let mut left = size::INSET;
    for column in &mut all {
        column.left = left;
        left += column.width;
    }
    all
}

fn letters(text: &str) -> usize {
    text.chars().take(48).count()
}

/// What a column of so many letters takes; its head has room for the mark of sorting.
fn width(letters: usize, name: &str, sorts: bool) -> f32 {
    let head = name.chars().count() as f32 * 6.4 + if sorts { 12.0 } else { 0.0 };
    (letters as f32 * LETTER).max(head).clamp(42.0, 340.0) + GAP
}

/// A window in one text: the day once, where it is shorter than a day.
pub(super) fn window_text(start: &Cell<'_>, end: &Cell<'_>, clock: &Clock) -> String {
    match (start, end) {
        (Cell::Time(start), Cell::Time(end)) if (0..DAY_NS).contains(&end.saturating_sub(*start)) => {
            format!("{} – {}", clock.full(*start), clock.time_of_day(*end))
        }
        (start, end) => format!("{} – {}", cell_text(start, clock), cell_text(end, clock)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fabula_core::engine::{RowsBuilder, Sign};
    use fabula_core::event::time::ms_to_ns;
    use fabula_core::pipeline::Flow;

    use super::*;
    use crate::state::NodeRows;

    fn showing() -> Showing {
        let mut rows = RowsBuilder::new(4, false);
        for at in 0..3 {
            let window = [at, at + 1].map(|hour| Cell::Time(ms_to_ns(hour * 3_600_000)));
            let [start, end] = window;
            rows.push(0, at, Sign::Plus, [Cell::Int(10_482), start, end, Cell::Int(1_234_567 * at)]);
        }
        let names = ["order", "window_start", "window_end", "n"];
        let columns = names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), at, Type::Any)).collect();
        let rows = NodeRows { flow: Flow::Table, columns, id: vec![0, 1, 2], rows: rows.finish(), count: 3 };
        Showing::new("v".to_owned(), Arc::new(rows), true, (None, None), None)
    }

    #[test]
    fn a_windows_two_ends_are_one_column_before_the_others() {
        let placed = placed(&showing(), &[0, 1, 2]);
        assert_eq!(placed.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["window", "order", "n"]);
        assert!(placed.windows(2).all(|two| two[0].left + two[0].width == two[1].left));
        assert_eq!(placed.iter().map(|column| column.right_aligned).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(placed.iter().map(|column| column.is_key).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn a_window_shorter_than_a_day_names_the_day_once() {
        let clock = Clock::new(Zone::Utc, jiff::tz::TimeZone::UTC);
        let text = |start: i64, end: i64| window_text(&Cell::Time(ms_to_ns(start)), &Cell::Time(ms_to_ns(end)), &clock);
        assert_eq!(text(0, 300_000), "1970-01-01 00:00:00.000 – 00:05:00.000");
        assert_eq!(text(0, 86_400_000), "1970-01-01 00:00:00.000 – 1970-01-02 00:00:00.000");
        assert_eq!(window_text(&Cell::Null, &Cell::Null, &clock), "null – null");
    }
}
