//! What is shown: a node's rows as they stand, or as they were at a moment.

use std::sync::Arc;

use fabula_core::codec::Cell;
use fabula_core::engine::RowName;
use fabula_core::event::time::ns_to_ms;
use fabula_core::pipeline::{Flow, NodeKind};
use fabula_core::view::Closing;

use crate::state::{NodeRows, State, Stretch};

/// Rows, and what is known of them.
#[derive(Clone)]
pub(super) struct Showing {
    pub(super) name: String,
    pub(super) rows: Arc<NodeRows>,
    /// Whether they are of all that has been read, not of the first events.
    pub(super) whole: bool,
    /// Whether the run has been over all that has been read.
    pub(super) is_through: bool,
    /// The moment as of which they are; `None` is now.
    pub(super) as_of_ms: Option<i64>,
    /// From when and up to when events count, where history is cut.
    pub(super) stretch: Stretch,
    closing: Option<Closing>,
    pub(super) stream_time_ms: Option<i64>,
    /// The columns of the windows' starts and ends.
    window: Option<(usize, usize)>,
}

impl PartialEq for Showing {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rows, &other.rows)
            && self.stream_time_ms == other.stream_time_ms
            && self.as_of_ms == other.as_of_ms
            && self.stretch == other.stretch
    }
}

impl Showing {
    pub(super) fn new(
        name: String,
        rows: Arc<NodeRows>,
        whole: bool,
        (as_of_ms, stream_time_ms): (Option<i64>, Option<i64>),
        closing: Option<Closing>,
    ) -> Self {
        let place = |wanted| rows.columns.iter().find(|(name, ..)| name == wanted).map(|(_, column, _)| *column);
        let window = place("window_start").zip(place("window_end"));
        Self {
            name,
            rows,
            whole,
            is_through: true,
            as_of_ms,
            stretch: Stretch::default(),
            closing,
            stream_time_ms,
            window,
        }
    }

    /// The chosen node, else the first view, as the pipeline's run left it.
    pub(super) fn now(state: &State) -> Option<Self> {
        let design = &state.design;
        let outcome = state.outcome.as_ref().filter(|outcome| outcome.version == design.version)?;
        let chosen = design.chosen.clone().filter(|name| design.pipeline.node(name).is_some());
        let first = || {
            let views = design.pipeline.nodes.iter().filter(|node| matches!(node.kind, NodeKind::View { .. }));
            views.chain(design.pipeline.ends()).map(|node| node.name.clone()).next()
        };
        let name = chosen.or_else(first)?;
        let whole = outcome.views.get(&name).map(|rows| (rows, true));
        let (rows, whole) = whole.or_else(|| outcome.first.get(&name).map(|rows| (rows, false)))?;
        let closing = Closing::of(&design.pipeline, &name);
        let time = closing.as_ref().and_then(|closing| outcome.report(&closing.node)?.metrics.stream_time_ms);
        let now = Self::new(name, Arc::clone(rows), whole, (None, time), closing);
        Some(Self { is_through: outcome.whole, stretch: outcome.stretch, ..now })
    }

    /// Whether rows are of windows that are open or final.
    pub(super) fn has_windows(&self) -> bool {
        self.closing.is_some() && self.window.is_some()
    }

    /// The columns with the start and the end of each row's window.
    pub(super) fn window(&self) -> Option<(usize, usize)> {
        self.window
    }

    /// Whether a row's window may still change; `None` where rows are of no windows.
    pub(super) fn is_open(&self, row: usize) -> Option<bool> {
        let (closing, (_, end)) = (self.closing.as_ref()?, self.window?);
        match self.rows.rows.cell(end, row) {
            Cell::Time(ns) => Some(closing.is_open(ns_to_ms(ns), self.stream_time_ms)),
            _ => None,
        }
    }
}

/// The row that is looked at, known again among the rows of another moment.
#[derive(Clone, PartialEq)]
pub(super) struct Chosen {
    pub(super) view: String,
    /// What tells it apart; empty where all that is shown does.
    pub(super) id: Vec<Cell<'static>>,
    /// What is shown of it.
    pub(super) named: Vec<(String, Cell<'static>)>,
    /// Which of these tell it apart: all where not all that do are shown.
    keys: Vec<usize>,
    is_stream: bool,
    pub(super) time_ms: i64,
}

impl Chosen {
    pub(super) fn of(showing: &Showing, row: usize) -> Self {
        let rows = &showing.rows;
        let cell = |column: usize| rows.rows.cell(column, row).into_owned();
        let place = |id: &usize| rows.columns.iter().position(|(_, column, _)| column == id);
        let keys: Option<Vec<usize>> = rows.id.iter().map(place).collect();
        Self {
            keys: keys.filter(|keys| !keys.is_empty()).unwrap_or_else(|| (0..rows.columns.len()).collect()),
            is_stream: rows.flow == Flow::Stream,
            view: showing.name.clone(),
            id: rows.id.iter().map(|&column| cell(column)).collect(),
            named: rows.columns.iter().map(|(name, column, _)| (name.clone(), cell(*column))).collect(),
            time_ms: rows.rows.time_ms[row],
        }
    }

    /// Whether one of what is shown of it tells it apart.
    pub(super) fn is_key(&self, at: usize) -> bool {
        !self.id.is_empty() && self.keys.contains(&at)
    }

    /// Whether a row is this one, maybe with other values.
    pub(super) fn is(&self, rows: &NodeRows, row: usize) -> bool {
        if self.id.is_empty() {
            let mut cells = rows.columns.iter().map(|(_, column, _)| rows.rows.cell(*column, row));
            return rows.rows.time_ms[row] == self.time_ms
                && self.named.iter().all(|(_, own)| cells.next().as_ref() == Some(own));
        }
        rows.id.len() == self.id.len()
            && rows.id.iter().zip(&self.id).all(|(&column, own)| rows.rows.cell(column, row) == *own)
    }

    /// Its cells in the columns of a past's rows.
    pub(super) fn cells_in(&self, view: &fabula_core::engine::PlannedView) -> Vec<Cell<'static>> {
        let places = view.columns.iter().map(|(_, column, _)| *column).chain(view.id.iter().copied());
        let mut cells = vec![Cell::Missing; places.max().map_or(0, |last| last + 1)];
        for (name, column, _) in &view.columns {
            if let Some((_, cell)) = self.named.iter().find(|(own, _)| own == name) {
                cells[*column] = cell.clone();
            }
        }
        view.id.iter().zip(&self.id).for_each(|(&column, cell)| cells[column] = cell.clone());
        cells
    }

    /// Its name for an explanation: what tells it apart, and its window or its time.
    pub(super) fn row_name(&self) -> RowName {
        let start = self.named.iter().find(|(name, _)| name == "window_start").map(|(_, cell)| cell);
        let at_ms = match start {
            Some(Cell::Time(ns)) => Some(ns_to_ms(*ns)),
            _ => self.is_stream.then_some(self.time_ms),
        };
        let keys = self.keys.iter().filter_map(|&key| self.named.get(key));
        let keys: Vec<(String, Cell<'static>)> =
            keys.filter(|(name, _)| !matches!(name.as_str(), "window_start" | "window_end")).cloned().collect();
        RowName::of_values(&keys, at_ms)
    }

    /// Its key in a line.
    pub(super) fn title(&self, write: impl Fn(&Cell<'_>) -> String) -> String {
        let keys = self.keys.iter().filter_map(|&key| self.named.get(key));
        keys.filter(|(name, _)| name != "window_end")
            .take(4)
            .map(|(_, cell)| write(cell))
            .collect::<Vec<_>>()
            .join(" · ")
    }
}
