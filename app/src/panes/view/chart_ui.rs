//! Figures as lines over time: one for each group, the groups being what the first text column says.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::Ui;
use egui_plot::{HoverPosition, Legend, Line, Plot, PlotPoints, uniform_grid_spacer};
use fabula_core::codec::Cell;
use fabula_core::event::time::ns_to_ms;

use crate::panes::Context;
use crate::state::NodeRows;
use crate::theme::{font, size, tokens, widgets};

/// So many lines can be told apart; the others are left out, and that is said.
const LINES: usize = 8;
/// So many points are drawn.
const POINTS: usize = 20_000;

/// Lines that were worked out once: of which rows, and of which column.
pub(super) struct Drawn {
    of: Arc<NodeRows>,
    figure: usize,
    lines: Lines,
}

/// Each group's name and points: seconds since the epoch, and the figure.
type Lines = Vec<(String, Vec<[f64; 2]>)>;

pub(super) fn chart_ui(ui: &mut Ui, drawn: &mut Option<Drawn>, rows: &Arc<NodeRows>, context: &Context<'_>) {
    let time = ["window_start", "timestamp"]
        .iter()
        .find_map(|wanted| rows.columns.iter().find(|(name, ..)| name == wanted).map(|(_, column, _)| *column));
    let numeric: Vec<(&str, usize)> = rows
        .columns
        .iter()
        .filter(|(_, column, _)| is_number(rows, *column))
        .map(|(name, column, _)| (name.as_str(), *column))
        .collect();
    if numeric.is_empty() {
        widgets::empty_state(ui, "Nothing to draw", "None of the columns holds numbers", None);
        return;
    }
    let id = ui.id().with("figure");
    let chosen: usize = ui.data(|data| data.get_temp(id)).unwrap_or(0).min(numeric.len() - 1);
    ui.add_space(size::GRID);
    ui.horizontal(|ui| {
        ui.add_space(size::INSET);
        for (at, (name, _)) in numeric.iter().enumerate() {
            if widgets::bar_toggle(ui, name, at == chosen).clicked() {
                ui.data_mut(|data| data.insert_temp(id, at));
            }
        }
    });
    let group = rows
        .columns
        .iter()
        .filter(|(name, ..)| !matches!(name.as_str(), "topic" | "value"))
        .find(|(_, column, _)| {
            (0..rows.rows.len().min(40)).any(|row| matches!(rows.rows.cell(*column, row), Cell::Text(_)))
        })
        .map(|(_, column, _)| *column);
    let figure = numeric[chosen].1;
    let known = drawn.take().filter(|drawn| Arc::ptr_eq(&drawn.of, rows) && drawn.figure == figure);
    let drawn = drawn.insert(known.unwrap_or_else(|| Drawn {
        of: Arc::clone(rows),
        figure,
        lines: lines(rows, time, figure, group),
    }));
    let lines = &drawn.lines;
    let left_out = lines.len().saturating_sub(LINES);
    if left_out > 0 {
        ui.horizontal(|ui| {
            ui.add_space(size::INSET);
            widgets::caption(ui, format!("the {LINES} groups with the most points; {left_out} more are not drawn"));
        });
    }
    let (clock, pointed) = (context.state.clock.clone(), context.state.clock.clone());
    let palette = tokens(ui).palette;
    let plot = Plot::new("figures")
        .legend(Legend::default().text_style(egui::TextStyle::Small))
        .show_background(false)
        .allow_scroll(false)
        .x_grid_spacer(uniform_grid_spacer(|input| grid_steps(input.base_step_size)))
        .x_axis_formatter(move |mark, _| {
            let text = clock.write((mark.value * 1e9) as i64, "%H:%M:%S");
            text.strip_suffix(":00").map_or(text.clone(), str::to_owned)
        })
        .label_formatter(move |position| match position {
            HoverPosition::NearDataPoint { plot_name, position, .. } => {
                let time = pointed.full((position.x * 1e9) as i64);
                Some(format!("{plot_name}\n{}\n{time}", figure_text(position.y)))
            }
            HoverPosition::Elsewhere { .. } => None,
        });
    // Lines of the grid and words beside it take the colour of text, and must not drown what is drawn.
    ui.visuals_mut().override_text_color = Some(tokens(ui).text_faint);
    ui.style_mut().text_styles.insert(egui::TextStyle::Small, font::small());
    plot.show(ui, |plot| {
        for (at, (name, points)) in lines.iter().take(LINES).enumerate() {
            plot.line(Line::new(name, PlotPoints::from(points.clone())).color(palette[at % palette.len()]).width(1.5));
        }
    });
}

/// Steps of a grid over time that are no shorter than `least` seconds, the finest first.
fn grid_steps(least: f64) -> [f64; 3] {
    const STEPS: [f64; 14] = [
        0.1,
        1.0,
        5.0,
        15.0,
        60.0,
        300.0,
        900.0,
        3_600.0,
        10_800.0,
        21_600.0,
        86_400.0,
        604_800.0,
        2_592_000.0,
        31_536_000.0,
    ];
    let first = STEPS.iter().position(|step| *step >= least).unwrap_or(STEPS.len() - 3).min(STEPS.len() - 3);
    [STEPS[first], STEPS[first + 1], STEPS[first + 2]]
}

/// A figure under the pointer, without digits that say nothing.
fn figure_text(figure: f64) -> String {
    let text = format!("{figure:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn is_number(rows: &NodeRows, column: usize) -> bool {
    (0..rows.rows.len().min(40)).any(|row| number(&rows.rows.cell(column, row)).is_some())
}

/// A number as near as it can be drawn.
fn number(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Int(int) => Some(*int as f64),
        Cell::Float(float) => Some(*float).filter(|float| float.is_finite()),
        Cell::Decimal(_) | Cell::Number(_) => cell.to_string().parse().ok().filter(|float: &f64| float.is_finite()),
        _ => None,
    }
}

/// The points of each group, those with the most points first.
fn lines(rows: &NodeRows, time: Option<usize>, figure: usize, group: Option<usize>) -> Lines {
    let mut groups: BTreeMap<String, Vec<[f64; 2]>> = BTreeMap::new();
    let first = rows.rows.len().saturating_sub(POINTS);
    for row in first..rows.rows.len() {
        let at = match time.map(|time| rows.rows.cell(time, row)) {
            Some(Cell::Time(ns)) => ns_to_ms(ns),
            _ => rows.rows.time_ms[row],
        };
        let Some(value) = number(&rows.rows.cell(figure, row)) else { continue };
        let name = group.map_or_else(String::new, |group| rows.rows.cell(group, row).to_string());
        groups.entry(name).or_default().push([at as f64 / 1e3, value]);
    }
    let mut lines: Vec<_> = groups.into_iter().collect();
    lines.iter_mut().for_each(|(_, points)| points.sort_by(|one, other| one[0].total_cmp(&other[0])));
    lines.sort_by(|one, other| other.1.len().cmp(&one.1.len()).then_with(|| one.0.cmp(&other.0)));
    lines
}
