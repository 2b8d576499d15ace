//! Paints what changed between two moments, and how what was derived again compares with what was there.

use egui::{RichText, Ui};
use fabula_core::event::time::ms_to_ns;
use fabula_core::view::{ChangedRow, Difference};

use super::past::Check;
use super::showing::Showing;
use super::side_ui::{heading, quiet};
use super::{ViewPane, cell_text};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::theme::{font, size, tokens, widgets};
use crate::zone::Clock;

/// A column that is shown: its name, its place among the cells, and whether it tells rows apart.
type Shown = (String, usize, bool);

/// Paints what changed between the marks A and B.
pub(super) fn changes_ui(ui: &mut Ui, pane: &mut ViewPane, context: &Context<'_>) {
    let clock = &context.state.clock;
    let [Some(a), Some(b)] = pane.pasts.marks else {
        quiet(ui, "Open the past, go to a moment and mark it A, go to another and mark it B");
        if !pane.pasts.wanted && widgets::button(ui, "Open the past").clicked() {
            pane.pasts.wanted = true;
        }
        return;
    };
    for (name, at) in [("from", a.min(b)), ("to", a.max(b))] {
        super::side_ui::fact(ui, name, &clock.full(ms_to_ns(at)));
    }
    if widgets::link(ui, "Take the marks away").clicked() {
        pane.pasts.marks = [None, None];
        return;
    }
    let columns = columns_of(pane);
    match pane.pasts.differences.answer() {
        None => quiet(ui, "Looking …"),
        Some(Err(error)) => drop(widgets::error_line(ui, &error.to_string())),
        Some(Ok(difference)) => {
            let Difference { added, gone, changed, .. } = difference;
            let figures = [(added, "added"), (gone, "gone"), (changed, "changed")];
            let words: Vec<String> = figures.map(|(count, word)| format!("{} {word}", figures::count(*count))).into();
            heading(ui, &words.join(" · "));
            rows_ui(ui, difference, &columns, ["+", "−", "≠"], clock);
        }
    }
}

fn columns_of(pane: &ViewPane) -> Vec<Shown> {
    let Some(derived) = &pane.pasts.derived else { return Vec::new() };
    let view = derived.past.view();
    view.columns.iter().map(|(name, column, _)| (name.clone(), *column, view.id.contains(column))).collect()
}

fn rows_ui(ui: &mut Ui, difference: &Difference, columns: &[Shown], signs: [&str; 3], clock: &Clock) {
    for row in &difference.rows {
        changed_ui(ui, row, columns, signs, clock);
    }
    if difference.left_out > 0 {
        quiet(ui, format!("{} more are not listed", figures::count(difference.left_out)));
    }
}

/// A row that differs: its key, then the values that it has and had.
fn changed_ui(ui: &mut Ui, changed: &ChangedRow, columns: &[Shown], signs: [&str; 3], clock: &Clock) {
    let tokens = tokens(ui);
    let Some(row) = changed.row() else { return };
    let (sign, color) = match (&changed.before, &changed.after) {
        (None, _) => (signs[0], tokens.good),
        (_, None) => (signs[1], tokens.error),
        _ => (signs[2], tokens.warning),
    };
    let keyed = columns.iter().any(|(_, _, key)| *key);
    let text = |at: usize, row: &fabula_core::engine::TableRow| {
        row.cells.get(at).map(|cell| cell_text(cell, clock)).unwrap_or_default()
    };
    let title = columns.iter().filter(|(name, _, key)| *key == keyed && name != "window_end").take(4);
    let title: Vec<String> = title.map(|(_, column, _)| text(*column, row)).collect();
    let times = if changed.count > 1 { format!(" × {}", figures::count(changed.count)) } else { String::new() };
    ui.add_space(size::GRID);
    let head = format!("{sign} {}{times}", title.join(" · "));
    ui.add(egui::Label::new(RichText::new(head).font(font::medium()).color(color)).truncate());
    for (name, column, key) in columns.iter().filter(|_| keyed) {
        let words = match (&changed.before, &changed.after) {
            (Some(before), Some(after)) if before.cells.get(*column) != after.cells.get(*column) => {
                format!("{name}: {} → {}", text(*column, before), text(*column, after))
            }
            (None, Some(one)) | (Some(one), None) if !key => format!("{name}: {}", text(*column, one)),
            _ => continue,
        };
        let words = RichText::new(format!("    {words}")).font(font::mono_small()).color(tokens.text_second);
        ui.add(egui::Label::new(words).truncate());
    }
}

/// Paints how what was derived again compares with what was there.
pub(super) fn check_ui(ui: &mut Ui, pane: &mut ViewPane, showing: &Showing, context: &Context<'_>) {
    quiet(
        ui,
        "A view can be thrown away and derived again from the log. What comes of it is compared with what is shown.",
    );
    ui.add_space(size::GRID);
    if pane.pasts.is_deriving() {
        quiet(ui, "Deriving from the log …");
        return;
    }
    if widgets::button(ui, "Derive again").clicked() {
        context.send(Command::DeriveAgain);
    }
    if let Some(failure) = &pane.pasts.failure {
        widgets::error_line(ui, failure);
    }
    let Some(derived) = &pane.pasts.derived else { return };
    ui.add_space(size::GRID);
    let check = match &derived.check {
        None => return,
        Some(Ok(check)) => check,
        Some(Err(why)) => {
            widgets::error_line(ui, &format!("What was derived could not be compared: {why}"));
            return;
        }
    };
    let Check { difference, events_before, rows_before, compared } = check;
    let rows = figures::of(*rows_before, "row");
    if difference.is_none() {
        widgets::good_line(ui, &format!("The same {rows}, of {}", figures::of(derived.past.events(), "event")));
    } else {
        let Difference { added, gone, changed, .. } = difference;
        let [missing, extra, different] = [added, gone, changed].map(|count| figures::count(*count));
        let words = format!("{rows}: {missing} missing, {extra} extra, {different} different");
        widgets::error_line(ui, &words);
    }
    if compared < rows_before {
        let shown = figures::count(*compared);
        quiet(
            ui,
            format!("More rows than are shown: the {shown} that are were compared, of the others how many there are"),
        );
    }
    if derived.past.events() != *events_before {
        let counts = [*events_before, derived.past.events()].map(|count| figures::of(count, "event"));
        quiet(ui, format!("The rows that were there came of {}, these of {}", counts[0], counts[1]));
    }
    // Only what is shown is compared, so rows have the columns of what is shown.
    let id = |column: usize| showing.rows.id.contains(&column);
    let shown = showing.rows.columns.iter().enumerate();
    let columns: Vec<Shown> = shown.map(|(at, (name, column, _))| (name.clone(), at, id(*column))).collect();
    rows_ui(ui, difference, &columns, ["missing", "extra", "different"], &context.state.clock);
}
