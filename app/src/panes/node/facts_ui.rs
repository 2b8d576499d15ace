//! What a node gives and what has gone through it.

use egui::{RichText, Sense, Ui, vec2};
use fabula_core::expr::Type;

use super::{aside_ui, field};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::theme::{font, tokens, widgets};

/// So many of the rows that were set aside are listed.
const ASIDE: usize = 3;

pub(super) fn facts_ui(ui: &mut Ui, name: &str, context: &Context<'_>) {
    let state = context.state;
    let Some(outcome) = state.outcome.as_ref().filter(|outcome| outcome.version == state.design.version) else {
        return;
    };
    let tokens = tokens(ui);
    if let Some(report) = outcome.report(name) {
        let metrics = &report.metrics;
        field::label(ui, "Went through");
        let mut facts =
            vec![("rows taken", figures::count(metrics.rows_in)), ("rows given", figures::count(metrics.rows_out))];
        if metrics.open_windows > 0 {
            facts.push(("windows open", figures::count(metrics.open_windows)));
        }
        if metrics.state_bytes > 0 {
            facts.push(("memory", figures::bytes(metrics.state_bytes)));
        }
        if let Some(ms) = metrics.stream_time_ms {
            facts.push(("stream time", state.clock.full(ms.saturating_mul(1_000_000))));
        }
        if metrics.late_windows > 0 {
            facts.push(("windows that missed rows", figures::count(metrics.late_windows)));
        }
        if metrics.mismatched > 0 {
            facts.push(("of another type", figures::count(metrics.mismatched)));
        }
        egui::Grid::new(("facts", name)).num_columns(2).spacing(vec2(16.0, 2.0)).show(ui, |ui| {
            for (what, figure) in facts {
                ui.label(RichText::new(what).color(tokens.text_second));
                ui.label(RichText::new(figure).font(font::mono()));
                ui.end_row();
            }
            for (why, count) in &metrics.dropped {
                ui.label(RichText::new(why.to_string()).color(tokens.warning));
                ui.label(RichText::new(figures::count(*count)).font(font::mono()).color(tokens.warning));
                ui.end_row();
            }
        });
    }
    if let Some(description) = outcome.description(name) {
        field::label(ui, "Columns it gives");
        egui::Grid::new(("columns", name)).num_columns(2).spacing(vec2(16.0, 2.0)).show(ui, |ui| {
            for (column, of) in &description.columns {
                let response = ui.add(
                    egui::Label::new(RichText::new(column).font(font::mono())).sense(egui::Sense::click()).extend(),
                );
                if response.on_hover_text("Copy the name").clicked() {
                    ui.ctx().copy_text(column.clone());
                }
                ui.label(RichText::new(type_name(*of)).font(font::small()).color(tokens.text_faint));
                ui.end_row();
            }
        });
    }
    let unseen = outcome.unseen.iter().map(|unseen| {
        let similar = unseen.similar.as_ref().map(|similar| format!(", did you mean {similar}?")).unwrap_or_default();
        format!("no event of {} that was looked at has {}{similar}", unseen.topic, unseen.field)
    });
    for line in unseen {
        ui.add_space(4.0);
        ui.label(RichText::new(line).color(tokens.warning));
    }
    some_aside_ui(ui, name, context);
}

/// The last of the rows that were set aside, and the way to all of them.
fn some_aside_ui(ui: &mut Ui, name: &str, context: &Context<'_>) {
    let Some(lines) = aside_ui::lines(name, context) else { return };
    field::label(ui, "Late and set aside, newest first");
    for (at, line) in lines.iter().take(ASIDE).enumerate() {
        let (place, _) = ui.allocate_exact_size(vec2(ui.available_width(), aside_ui::ROW), Sense::hover());
        if aside_ui::row_ui(ui, place, (name, at), line, Sense::click(), context)
            && let Some(selection) = line.selection()
        {
            context.send(Command::Select(Some(selection)));
        }
    }
    if widgets::link(ui, &format!("All {}…", figures::count(lines.len() as u64))).clicked() {
        context.send(Command::ShowAside);
    }
}

fn type_name(of: Type) -> &'static str {
    match of {
        Type::Any | Type::Null => "any",
        Type::Bool => "boolean",
        Type::Number => "number",
        Type::Text => "text",
        Type::Time => "timestamp",
    }
}
