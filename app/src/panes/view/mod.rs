//! What a node comes to: its rows as a table, or its figures as lines over time.

mod chart_ui;
mod export_ui;
mod order;
mod table_ui;

use std::sync::Arc;

use egui::Ui;
use fabula_core::codec::Cell;
use fabula_core::pipeline::{Flow, NodeKind, Pipeline};

use super::{Context, Pane};
use crate::command::Command;
use crate::figures;
use crate::jobs::Job;
use crate::state::{NodeRows, State};
use crate::theme::{size, widgets};
use crate::zone::Clock;

use order::{Ordered, Sorting};

/// What a node comes to.
#[derive(Default)]
pub struct ViewPane {
    form: Form,
    sorting: Option<Sorting>,
    ordered: Option<Ordered>,
    ordering: Option<Job<Ordered>>,
    drawn: Option<chart_ui::Drawn>,
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

/// The node that is shown and its rows: the chosen one, else the first view.
fn shown(state: &State) -> Option<(String, Arc<NodeRows>, bool)> {
    let design = &state.design;
    let outcome = state.outcome.as_ref().filter(|outcome| outcome.version == design.version)?;
    let chosen = design.chosen.clone().filter(|name| design.pipeline.node(name).is_some());
    let first = || {
        let views = design.pipeline.nodes.iter().filter(|node| matches!(node.kind, NodeKind::View { .. }));
        views.chain(design.pipeline.ends()).map(|node| node.name.clone()).next()
    };
    let name = chosen.or_else(first)?;
    if let Some(rows) = outcome.views.get(&name) {
        return Some((name.clone(), Arc::clone(rows), true));
    }
    outcome.first.get(&name).map(|rows| (name.clone(), Arc::clone(rows), false))
}

impl ViewPane {
    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        self.ordering.is_none() && self.export.is_settled()
    }
}

impl Pane for ViewPane {
    fn command(&mut self, command: &Command, _context: &Context<'_>) {
        if *command == Command::ExportView {
            self.export.toggle();
        }
    }

    fn update(&mut self, context: &Context<'_>) {
        self.export.update();
        let Some((name, rows, _)) = shown(context.state) else {
            (self.ordered, self.ordering) = (None, None);
            return;
        };
        if self.of.as_ref() != Some(&name) {
            (self.of, self.sorting) = (Some(name), None);
        }
        order::update(self, &rows, context);
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some((name, rows, whole)) = shown(context.state) else { return };
        for (form, word) in [(Form::Chart, "Chart"), (Form::Table, "Table")] {
            if widgets::bar_toggle(ui, word, self.form == form).clicked() {
                self.form = form;
            }
        }
        if widgets::bar_toggle(ui, "Export…", self.export.is_open()).clicked() {
            self.export.toggle();
        }
        ui.add_space(size::GRID);
        let count = figures::of(rows.count, "row");
        let words = match (whole, rows.flow) {
            (false, _) => format!("{name} · first rows"),
            (true, _) if rows.count > rows.rows.len() as u64 => {
                let end = if rows.flow == Flow::Table { "first" } else { "last" };
                format!("{name} · {count} · the {end} {} shown", figures::count(rows.rows.len() as u64))
            }
            (true, _) => format!("{name} · {count}"),
        };
        widgets::caption(ui, words);
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some((name, rows, _)) = shown(context.state) else {
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
        self.export.ui(ui, context);
        match self.form {
            Form::Table => table_ui::table_ui(ui, self, &name, &rows, context),
            Form::Chart => chart_ui::chart_ui(ui, &mut self.drawn, &rows, context),
        }
    }
}

/// A value as it stands in a table.
pub(super) fn cell_text(cell: &Cell<'_>, clock: &Clock) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Time(ns) => clock.full(*ns),
        other => other.to_string(),
    }
}

/// When the windows that a node's rows stand for are closed: how far the stream's time is, less the grace, in milliseconds.
/// `None` where there are no windows, or no result that may still change.
pub(super) fn closed_until(node: &str, state: &State) -> Option<i64> {
    let pipeline: &Pipeline = &state.design.pipeline;
    let mut at = pipeline.node(node)?;
    for _ in 0..pipeline.nodes.len() {
        match &at.kind {
            NodeKind::Aggregate { window: Some(_), grace, .. } => {
                let time = state.outcome.as_ref()?.report(&at.name)?.metrics.stream_time_ms?;
                return Some(time.saturating_sub(grace.map_or(0, |grace| grace.ms)));
            }
            NodeKind::Filter { input, .. } | NodeKind::View { input } => at = pipeline.node(input)?,
            _ => return None,
        }
    }
    None
}
