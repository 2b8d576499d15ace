//! What a node comes to: its rows as a table, or its figures as a chart; now, or as of a moment; and beside them what is
//! known of a row, of a column, of what changed.
//!
//! The past is derived from the log by a job of its own ([`past`]) when somebody opens it: the pipeline's run goes on as it
//! is.

mod changes_ui;
mod chart;
mod chart_ui;
mod column_ui;
mod columns;
mod export_ui;
mod filter_ui;
mod freshness;
mod order;
mod past;
mod past_ui;
mod showing;
mod side_ui;
mod table_ui;
mod why;

use std::sync::Arc;

use egui::Ui;
use fabula_core::codec::Cell;
use fabula_core::view::RowFilter;

use super::{Context, Pane};
use crate::command::Command;
use crate::figures;
use crate::jobs::{Progress, Title};
use crate::state::NodeRows;
use crate::theme::{size, widgets};
use crate::zone::Clock;

use crate::panes::asking::{Asking, Same};
use order::{Ordered, Sorting, ordered};
use showing::{Chosen, Showing};

/// Which rows are wanted, in which order, of those that pass which filter.
type Wanted = (Showing, Option<Sorting>, Option<Same<RowFilter>>);

/// What a node comes to.
#[derive(Default)]
pub struct ViewPane {
    form: Form,
    sorting: Option<Sorting>,
    filter: filter_ui::Filter,
    ordered: Asking<Wanted, Arc<Ordered>>,
    chart: chart_ui::Setting,
    charted: chart::AskedColumns,
    drawn: chart::Asked,
    side: Option<Side>,
    /// The row that is looked at, and its rank where that is known.
    chosen: Option<Chosen>,
    rank: Option<usize>,
    /// Where that row stands among the rows that are shown; `None` where it does not.
    place: Asking<(Same<NodeRows>, Chosen), Option<usize>>,
    /// The column that is looked at.
    column: Option<String>,
    figures: column_ui::Asked,
    pasts: past::Pasts,
    /// A moment as it is written, and what is wrong with it.
    moment: String,
    moment_error: Option<String>,
    why: why::Why,
    export: export_ui::ExportForm,
    /// Of which node that is.
    of: Option<String>,
}

/// How the rows are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    #[default]
    Table,
    Chart,
}

/// What stands beside the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Row,
    Column,
    Changes,
    Check,
    Event,
}

impl Side {
    const ALL: [Self; 5] = [Self::Row, Self::Column, Self::Changes, Self::Check, Self::Event];

    fn name(self) -> &'static str {
        match self {
            Self::Row => "Row",
            Self::Column => "Column",
            Self::Changes => "Changes",
            Self::Check => "Check",
            Self::Event => "Event's way",
        }
    }
}

impl ViewPane {
    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        let charts = self.charted.is_busy() || self.drawn.is_busy();
        let asked = self.ordered.is_busy() || charts || self.figures.is_busy() || self.why.is_busy();
        let asked = asked || self.place.is_busy();
        !asked && self.pasts.is_settled() && self.export.is_settled()
    }

    /// Whether it shows how far the chosen event got.
    pub fn shows_way(&self) -> bool {
        self.side == Some(Side::Event)
    }

    /// What is to be shown: as of the moment that is looked at, or now.
    fn showing(&self, context: &Context<'_>) -> Option<Showing> {
        let now = Showing::now(context.state)?;
        self.pasts.showing(&now).or(Some(now))
    }

    fn is_chosen(&self, rows: &NodeRows, row: usize) -> bool {
        self.chosen.as_ref().is_some_and(|chosen| chosen.is(rows, row))
    }

    /// Finds the chosen row among those that are shown: there may be very many.
    fn find_chosen(&mut self, rows: &Arc<NodeRows>, context: &Context<'_>) {
        let Some(chosen) = self.chosen.clone() else { return };
        let question = (Same(Arc::clone(rows)), chosen.clone());
        let rows = Arc::clone(rows);
        let job = move |_: &Progress| (0..rows.rows.len()).find(|&row| chosen.is(&rows, row));
        self.place.ask(question, context.jobs, Title::quiet("Finding a row"), job);
    }

    /// Where the chosen row stands among these rows; `Some(None)` where it does not, `None` while that is not known.
    fn place_among(&self, rows: &Arc<NodeRows>) -> Option<Option<usize>> {
        let ((of, chosen), place) = self.place.last()?;
        (Arc::ptr_eq(&of.0, rows) && Some(chosen) == self.chosen.as_ref()).then_some(*place)
    }

    /// Looks at the row of a rank.
    fn choose(&mut self, rank: usize) {
        let Some((_, ordered)) = self.ordered.last() else { return };
        let Some(&row) = ordered.places.get(rank) else { return };
        self.chosen = Some(Chosen::of(&ordered.showing, row as usize));
        self.rank = Some(rank);
    }

    /// Marks the moment that is looked at; of two marks what changed between them is shown.
    fn mark(&mut self, which: usize) {
        self.pasts.wanted = true;
        let end = self.pasts.span_ms().map(|(_, last)| last);
        self.pasts.marks[which] = self.pasts.at_ms.or(end);
        if self.pasts.marks.iter().all(Option::is_some) {
            self.side = Some(Side::Changes);
        }
    }

    fn say_no_row(context: &Context<'_>) {
        context.send(Command::Notify("Choose a row of the view first".to_owned()));
    }
}

impl Pane for ViewPane {
    fn update(&mut self, context: &Context<'_>) {
        self.export.update();
        self.charted.update();
        self.drawn.update();
        self.figures.update();
        self.ordered.update();
        self.place.update();
        self.why.update(context);
        let now = Showing::now(context.state);
        self.pasts.update(now.as_ref(), context);
        if context.state.moment_ms != self.pasts.at_ms {
            context.send(Command::LookBack(self.pasts.at_ms));
        }
        let Some(now) = now else {
            self.ordered.forget();
            return;
        };
        if self.of.as_ref() != Some(&now.name) {
            (self.of, self.sorting, self.chosen, self.rank) = (Some(now.name.clone()), None, None, None);
            self.ordered.forget();
            self.figures.forget();
            self.charted.forget();
            self.drawn.forget();
            self.place.forget();
        }
        let name = now.name.clone();
        let showing = self.pasts.showing(&now).unwrap_or(now);
        self.filter.read(&showing);
        if self.side == Some(Side::Row) {
            self.find_chosen(&showing.rows, context);
        }
        let (by, filter) = (self.sorting.clone(), self.filter.condition.clone());
        let question = (showing.clone(), by.clone(), filter.clone().map(Same));
        let job = move |_: &Progress| Arc::new(ordered(showing, by.as_ref(), filter.as_deref()));
        self.ordered.ask(question, context.jobs, Title::quiet("Sorting"), job);
        let about = self.chosen.clone().map(|chosen| (chosen, self.pasts.at_ms));
        self.why.follow(about, &name, context);
        if self.side == Some(Side::Row)
            && let Some(chosen) = self.chosen.clone()
        {
            self.pasts.ask_history(&chosen, context);
        }
        if self.side == Some(Side::Changes) {
            self.pasts.ask_difference(context);
        }
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::ExportView => self.export.toggle(),
            Command::ToggleChart => {
                self.form = if self.form == Form::Chart { Form::Table } else { Form::Chart };
            }
            Command::FilterRows => self.filter.wanted = true,
            Command::ShowDetails => self.side = if self.side.is_some() { None } else { Some(Side::Row) },
            Command::ShowColumn => self.side = Some(Side::Column),
            Command::MarkMoment => {
                let next = usize::from(self.pasts.marks[0].is_some() && self.pasts.marks[1].is_none());
                if next == 0 {
                    self.pasts.marks = [None, None];
                }
                self.mark(next);
            }
            Command::RowHistory => {
                (self.side, self.pasts.wanted) = (Some(Side::Row), true);
                if self.chosen.is_none() {
                    Self::say_no_row(context);
                }
            }
            Command::AsOfNow => self.pasts.at_ms = None,
            Command::ShowPast => {
                // A moment of the past is never shown without saying so.
                self.pasts.at_ms = None;
                self.pasts.wanted = !self.pasts.wanted;
            }
            Command::DeriveAgain => {
                let now = Showing::now(context.state).filter(|now| now.whole && now.is_through);
                let is_known = now.as_ref().is_some_and(|now| self.pasts.derive_again(now, context));
                if is_known {
                    self.side = Some(Side::Check);
                } else {
                    context.send(Command::Notify("The pipeline has not run over all that has been read".to_owned()));
                }
            }
            Command::WhyHere => match (&self.chosen, &self.of) {
                (Some(chosen), Some(node)) => {
                    self.side = Some(Side::Row);
                    self.why.ask((chosen.clone(), self.pasts.at_ms), node, context);
                }
                _ => Self::say_no_row(context),
            },
            Command::HowFar if context.state.selection.is_some() => self.side = Some(Side::Event),
            _ => {}
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(showing) = self.showing(context) else { return };
        if widgets::bar_toggle(ui, "Details", self.side.is_some()).clicked() {
            context.send(Command::ShowDetails);
        }
        if widgets::bar_toggle(ui, "Past", self.pasts.wanted).clicked() {
            context.send(Command::ShowPast);
        }
        ui.add_space(size::GRID);
        for (form, word) in [(Form::Chart, "Chart"), (Form::Table, "Table")] {
            if widgets::bar_toggle(ui, word, self.form == form).clicked() {
                self.form = form;
            }
        }
        if widgets::bar_toggle(ui, "Export…", self.export.is_open()).clicked() {
            context.send(Command::ExportView);
        }
        ui.add_space(size::GRID);
        if freshness::is_behind(context) && widgets::bar_toggle(ui, "Run again", false).clicked() {
            context.send(Command::RunAgain);
        }
        widgets::caption(ui, freshness::statement(&self.pasts, &showing, context));
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let showing = self.showing(context);
        side_ui::side_ui(ui, self, showing.as_ref(), context);
        let Some(showing) = showing else {
            let design = &context.state.design;
            let empty = design.pipeline.nodes.is_empty();
            let (title, hint) = match (empty, design.problems.is_empty()) {
                (true, _) => ("No pipeline yet", "A pipeline's results stand here; draw one on the canvas"),
                (false, false) => ("Nothing to show", "Something is wrong with the pipeline: the canvas says what"),
                (false, true) => ("No rows yet", "The pipeline has not run"),
            };
            let button = empty.then_some("Open the canvas");
            if widgets::empty_state(ui, title, hint, button) {
                context.send(Command::ShowPane(super::PaneKind::Canvas));
            }
            return;
        };
        ui.spacing_mut().item_spacing.y = 0.0;
        self.export.ui(ui, context);
        if self.pasts.wanted {
            past_ui::past_ui(ui, self, &showing, context);
        }
        filter_ui::filter_ui(ui, self);
        match self.form {
            Form::Table => table_ui::table_ui(ui, self, context),
            Form::Chart => chart_ui::chart_ui(ui, self, context),
        }
    }
}

/// A value as it stands in a table: numbers with their thousands separated.
pub(super) fn cell_text(cell: &Cell<'_>, clock: &Clock) -> String {
    match cell {
        Cell::Int(_) | Cell::Decimal(_) | Cell::Float(_) | Cell::Number(_) => figures::separated(&cell.to_string()),
        cell => key_text(cell, clock),
    }
}

/// A value that tells a row apart: a number in it is a name.
pub(super) fn key_text(cell: &Cell<'_>, clock: &Clock) -> String {
    match cell {
        Cell::Null | Cell::Missing => "null".to_owned(),
        Cell::Time(ns) => clock.exact(*ns),
        // A table has lines of its own.
        other => other.to_string().replace(['\n', '\r', '\t'], " "),
    }
}
