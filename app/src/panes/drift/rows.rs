//! What differs, as rows of a table: one for each column that does.

use std::sync::Arc;

use egui::Ui;
use fabula_core::codec::Cell;
use fabula_core::copies::{DriftKind, DriftRow};

use crate::comparison::Found;
use crate::figures;
use crate::panes::grid_ui::{Grid, Tone};
use crate::theme::widgets;
use crate::whole_run::told;
use crate::zone::Clock;

/// What was found, as it is drawn.
pub(super) struct Listed {
    pub(super) found: Arc<Found>,
    pub(super) grid: Grid,
    /// Of each row of the grid, the row of the drift.
    rows: Vec<usize>,
    clock: Clock,
}

impl Listed {
    /// Goes over every row that is told, so it belongs in a job.
    pub(super) fn of(found: Arc<Found>, clock: &Clock) -> Self {
        let drift = &found.drift;
        let heads = ["drift"].into_iter().chain(drift.key.iter().map(String::as_str));
        let heads = heads.chain(["column", "in the view", "in the copy"]);
        let mut grid = Grid { columns: heads.map(|name| (name.to_owned(), false)).collect(), rows: Vec::new() };
        let mut rows = Vec::new();
        for (at, row) in drift.rows.iter().enumerate() {
            let cells = if row.view.is_empty() { &row.copy } else { &row.view };
            let key = drift.compared.iter().zip(cells).filter(|(name, _)| drift.key.contains(name));
            let key: Vec<(String, Tone)> = key.map(|(_, cell)| Grid::text(cell, clock)).collect();
            let kind = || (row.kind.name().to_owned(), Tone::Marked);
            let mut add = |column: String, view: (String, Tone), copy: (String, Tone)| {
                let first = [kind()].into_iter().chain(key.iter().cloned());
                grid.rows.push(first.chain([(column, Tone::Marked), view, copy]).collect());
                rows.push(at);
            };
            match row.kind {
                DriftKind::Different => {
                    for &column in &row.differs {
                        let name = drift.compared[column].clone();
                        add(name, Grid::text(&row.view[column], clock), Grid::text(&row.copy[column], clock));
                    }
                }
                DriftKind::Missing => add("the row".to_owned(), rest(&found, row, clock), nothing()),
                DriftKind::Extra => add("the row".to_owned(), nothing(), rest(&found, row, clock)),
            }
        }
        Self { grid, rows, found, clock: clock.clone() }
    }

    /// Whether its times are told by this clock.
    pub(super) fn is_by(&self, clock: &Clock) -> bool {
        self.clock.zone() == clock.zone()
    }

    /// Whether it lists what was found there.
    pub(super) fn is_of(&self, found: &Arc<Found>) -> bool {
        Arc::ptr_eq(&self.found, found)
    }

    /// The row of the drift that a row of the grid is of.
    pub(super) fn row_of(&self, row: usize) -> usize {
        self.rows.get(row).copied().unwrap_or_default()
    }

    /// How many rows there are of each kind.
    pub(super) fn counts(&self) -> String {
        let drift = &self.found.drift;
        let count = figures::count;
        format!(
            "{} equal · {} missing · {} extra · {} different",
            count(drift.equal),
            count(drift.missing),
            count(drift.extra),
            count(drift.different)
        )
    }

    /// What was compared, and what was not.
    pub(super) fn facts_ui(&self, ui: &mut Ui) {
        let Found { view, copy, drift, events, stretch, left_out: not_in_rows } = &*self.found;
        let rows = |count| figures::of(count, "row");
        let facts = format!(
            "{view}: {} of {}; {copy}: {}; matched by {}",
            rows(drift.view_rows),
            told(*events, *stretch),
            rows(drift.copy_rows),
            drift.key.join(", ")
        );
        if drift.is_none() {
            widgets::good_line(ui, &format!("No drift. {facts}"));
        } else {
            widgets::caption(ui, facts);
        }
        if !drift.only_view.is_empty() {
            widgets::error_line(ui, &format!("the copy lacks columns of the view: {}", drift.only_view.join(", ")));
        }
        if !drift.only_copy.is_empty() {
            widgets::caption(ui, format!("only in the copy, and not compared: {}", drift.only_copy.join(", ")));
        }
        not_in_rows.iter().for_each(|line| drop(widgets::caption(ui, line)));
        let left_out = drift.rows_count() - drift.rows.len() as u64;
        if left_out > 0 {
            widgets::caption(ui, format!("{} not listed", figures::of(left_out, "more row")));
        }
    }
}

fn nothing() -> (String, Tone) {
    ("no row".to_owned(), Tone::Nothing)
}

/// The columns of a row that are not of the key.
fn rest(found: &Found, row: &DriftRow, clock: &Clock) -> (String, Tone) {
    let drift = &found.drift;
    let cells = if row.view.is_empty() { &row.copy } else { &row.view };
    let others = drift.compared.iter().zip(cells).filter(|(name, _)| !drift.key.contains(name));
    let told: Vec<String> = others.map(|(name, cell)| format!("{name} {}", written(cell, clock))).collect();
    (told.join(", "), Tone::Plain)
}

fn written(cell: &Cell<'_>, clock: &Clock) -> String {
    Grid::text(cell, clock).0
}
