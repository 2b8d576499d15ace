//! Paints what stands in a column, in figures.

use std::sync::Arc;

use egui::{ComboBox, Rect, RichText, Sense, Ui, pos2, vec2};
use fabula_core::engine::Rows;
use fabula_core::view::{Bar, ColumnStats, Sum, bars};

use super::chart::number;
use super::order::Ordered;
use super::side_ui::{fact, heading, quiet};
use super::{ViewPane, cell_text};
use crate::figures;
use crate::jobs::{Progress, Title};
use crate::panes::Context;
use crate::panes::asking::{Asking, Same};
use crate::theme::{font, tokens};

/// How many bars there are at most.
const BARS: usize = 24;

/// Figures of a column.
pub(super) struct Figures {
    stats: ColumnStats,
    bars: Vec<Bar>,
}

/// The figures that were asked for: of which rows, and of which column.
pub(super) type Asked = Asking<(Same<Ordered>, usize), Figures>;

fn figures_of(rows: &Rows, places: &[u32], column: usize) -> Figures {
    let cells = || places.iter().map(|&row| rows.cell(column, row as usize));
    let numbers: Vec<f64> = cells().filter_map(|cell| number(&cell)).collect();
    Figures { stats: ColumnStats::of(cells()), bars: bars(&numbers, BARS) }
}

/// Paints the figures of the chosen column.
pub(super) fn column_ui(ui: &mut Ui, pane: &mut ViewPane, context: &Context<'_>) {
    let Some(ordered) = pane.ordered.last().map(|(_, ordered)| Arc::clone(ordered)) else { return };
    let showing = &ordered.showing;
    let columns = &showing.rows.columns;
    if columns.is_empty() {
        return;
    }
    let chosen = pane.column.clone().filter(|name| columns.iter().any(|(known, ..)| known == name));
    let mut chosen = chosen.unwrap_or_else(|| columns[0].0.clone());
    let list = ComboBox::from_id_salt("column")
        .selected_text(&chosen)
        .width(ui.available_width())
        .icon(crate::theme::widgets::list_mark);
    let response = list.show_ui(ui, |ui| {
        for (name, ..) in columns {
            ui.selectable_value(&mut chosen, name.clone(), name);
        }
    });
    ui.ctx().accesskit_node_builder(response.response.id, |node| node.set_label("Column to look at"));
    pane.column = Some(chosen.clone());
    let Some(column) = columns.iter().find(|(name, ..)| *name == chosen).map(|(_, column, _)| *column) else { return };
    let job = {
        let ordered = Arc::clone(&ordered);
        move |_: &Progress| figures_of(&ordered.showing.rows.rows, &ordered.places, column)
    };
    pane.figures.ask((Same(Arc::clone(&ordered)), column), context.jobs, Title::quiet("Column in figures"), job);
    let Some((_, told)) = pane.figures.last() else {
        quiet(ui, "Counting …");
        return;
    };
    let ColumnStats { rows, nulls, missing, failed, distinct, ends, numbers, .. } = &told.stats;
    heading(ui, "In figures");
    let count = |ui: &mut Ui, name: &str, number: u64| fact(ui, name, &figures::count(number));
    count(ui, "rows", *rows);
    count(ui, "distinct", *distinct);
    count(ui, "null", *nulls);
    if *missing > 0 {
        count(ui, "missing", *missing);
    }
    if *failed > 0 {
        count(ui, "can't be calculated", *failed);
    }
    let clock = &context.state.clock;
    match ends {
        Some((least, most)) => {
            fact(ui, "min", &cell_text(least, clock));
            fact(ui, "max", &cell_text(most, clock));
        }
        None if *distinct > 0 => fact(ui, "min, max", "values of several kinds"),
        None => {}
    }
    if let (Some(sum), Some(mean)) = (told.stats.sum, told.stats.mean()) {
        if *numbers < rows - nulls - missing - failed {
            count(ui, "numbers", *numbers);
        }
        fact(ui, "sum", &sum_text(sum, None));
        fact(ui, "mean", &sum_text(mean, Some(4)));
    }
    if let [first, .., last] = told.bars.as_slice() {
        heading(ui, "Spread");
        bars_ui(ui, &told.bars, *first, *last);
    }
    if showing.rows.count > showing.rows.rows.len() as u64 {
        let shown = figures::count(showing.rows.rows.len() as u64);
        ui.add_space(6.0);
        quiet(ui, format!("Of the {shown} rows that are shown, of {}", figures::count(showing.rows.count)));
    }
}

fn sum_text(sum: Sum, digits: Option<u32>) -> String {
    match (sum, digits) {
        (Sum::Exact(sum), None) => figures::separated(&sum.normalize().to_string()),
        (Sum::Exact(sum), Some(digits)) => figures::separated(&sum.round_dp(digits).normalize().to_string()),
        (Sum::Float(sum), _) => figures::separated(&sum.to_string()),
    }
}

fn bars_ui(ui: &mut Ui, bars: &[Bar], first: Bar, last: Bar) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 64.0), Sense::hover());
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    let width = rect.width() / bars.len() as f32;
    let text = |number: f64| super::chart::figure_text(number);
    for (at, bar) in bars.iter().enumerate() {
        let left = rect.left() + width * at as f32;
        // A bar with anything in it can be seen.
        let height = if bar.count == 0 { 0.0 } else { (rect.height() * bar.count as f32 / most as f32).max(2.0) };
        let area =
            Rect::from_min_max(pos2(left, rect.bottom() - height), pos2(left + (width - 1.0).max(1.0), rect.bottom()));
        ui.painter().rect_filled(area, 0.0, tokens.accent);
    }
    let pointed = response.hover_pos().and_then(|at| bars.get(((at.x - rect.left()) / width) as usize));
    if let Some(bar) = pointed {
        let words = format!("{} to {}: {}", text(bar.from), text(bar.to), figures::of(bar.count, "row"));
        response.clone().on_hover_text_at_pointer(words);
    }
    response.widget_info(|| {
        let words = format!("Spread from {} to {}, {} bars", text(first.from), text(last.to), bars.len());
        egui::WidgetInfo::labeled(egui::WidgetType::Image, true, words)
    });
    ui.horizontal(|ui| {
        let end = |text: String| RichText::new(text).font(font::mono_small()).color(tokens.text_second);
        ui.label(end(text(first.from)));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(end(text(last.to))));
    });
}
