//! Paints figures as lines over time, one for each group, or how they are spread.

use std::sync::Arc;

use egui::{ComboBox, Response, Ui, WidgetInfo, WidgetType};
use egui_plot::{Bar, BarChart, HoverPosition, Legend, Line, Plot, PlotPoints, uniform_grid_spacer};

use super::ViewPane;
use super::chart::{Drawing, Drawn, columns, drawn, figure_text};
use crate::figures;
use crate::jobs::{Progress, Title};
use crate::panes::Context;
use crate::panes::asking::Same;
use crate::theme::{font, size, tokens, widgets};

/// So many lines can be told apart; the others are left out, and that is said.
const LINES: usize = 8;

/// What the chart is set to, by names, so that it outlasts the rows.
#[derive(Default)]
pub(super) struct Setting {
    figure: Option<String>,
    /// `Some(None)` is no groups.
    group: Option<Option<String>>,
    spread: bool,
}

pub(super) fn chart_ui(ui: &mut Ui, pane: &mut ViewPane, context: &Context<'_>) {
    let Some(ordered) = pane.ordered.last().map(|(_, ordered)| Arc::clone(ordered)) else { return };
    let rows = Arc::clone(&ordered.showing.rows);
    let job = {
        let rows = Arc::clone(&rows);
        move |_: &Progress| columns(&rows)
    };
    pane.charted.ask(Same(Arc::clone(&rows)), context.jobs, Title::quiet("What can be drawn"), job);
    // What is known of rows that were there before is of use until more is known, if the columns are the same.
    let known = pane.charted.last().filter(|(of, _)| of.0.columns == rows.columns);
    let Some((numeric, grouping)) = known.map(|(_, columns)| columns.clone()) else { return };
    if numeric.is_empty() {
        widgets::empty_state(ui, "Nothing to draw", "None of the columns holds numbers", None);
        return;
    }
    let drawing = setting_ui(ui, &mut pane.chart, &numeric, &grouping);
    let job = {
        let ordered = Arc::clone(&ordered);
        move |_: &Progress| drawn(&ordered, drawing)
    };
    pane.drawn.ask((Same(ordered), drawing), context.jobs, Title::quiet("Chart"), job);
    let Some((_, drawn)) = pane.drawn.last() else { return };
    let mut notes = Vec::new();
    if drawn.lines.len() > LINES {
        notes
            .push(format!("the {LINES} groups with the most points; {} more are not drawn", drawn.lines.len() - LINES));
    }
    if drawn.left_out > 0 {
        notes.push(format!("{} before the last are not drawn", figures::of(drawn.left_out as u64, "row")));
    }
    if !notes.is_empty() {
        ui.horizontal(|ui| {
            ui.add_space(size::INSET);
            widgets::caption(ui, notes.join(" · "));
        });
    }
    // Lines of the grid and words beside it take the colour of text, and must not drown what is drawn.
    ui.visuals_mut().override_text_color = Some(tokens(ui).text_faint);
    ui.style_mut().text_styles.insert(egui::TextStyle::Small, font::small());
    let setting = &pane.chart;
    let figure = setting.figure.as_deref().unwrap_or_default();
    let response = if drawn.drawing.spread { spread_ui(ui, drawn) } else { lines_ui(ui, drawn, context) };
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, spoken(drawn, figure, setting)));
}

/// What a chart shows, for those who cannot see it.
fn spoken(drawn: &Drawn, figure: &str, setting: &Setting) -> String {
    if drawn.drawing.spread {
        let rows = figures::of(drawn.bars.iter().map(|bar| bar.count).sum(), "row");
        return format!("Chart of how {figure} is spread: {}, {rows}", figures::of(drawn.bars.len() as u64, "bar"));
    }
    let points = drawn.lines.iter().take(LINES).map(|(_, points)| points.len() as u64).sum();
    let points = figures::of(points, "point");
    match setting.group.as_ref().and_then(Option::as_ref) {
        Some(group) => {
            let names: Vec<&str> = drawn.lines.iter().take(LINES).map(|(name, _)| name.as_str()).collect();
            format!("Chart of {figure} over time by {group}: {points}, of {}", names.join(", "))
        }
        None => format!("Chart of {figure} over time: {points}"),
    }
}

/// Which figure, by which groups, as what.
fn setting_ui(
    ui: &mut Ui,
    setting: &mut Setting,
    numeric: &[(String, usize)],
    grouping: &[(String, usize)],
) -> Drawing {
    let mut figure = setting.figure.clone().filter(|name| numeric.iter().any(|(known, _)| known == name));
    let mut group = setting
        .group
        .clone()
        .filter(|name| name.as_ref().is_none_or(|name| grouping.iter().any(|(known, _)| known == name)));
    let first = || grouping.iter().find(|(name, _)| name != "topic").map(|(name, _)| name.clone());
    let (mut chosen, mut by) =
        (figure.get_or_insert_with(|| numeric[0].0.clone()).clone(), group.get_or_insert_with(first).clone());
    ui.add_space(size::GRID);
    ui.horizontal(|ui| {
        ui.add_space(size::INSET);
        for (spread, word) in [(false, "Over time"), (true, "Spread")] {
            if widgets::bar_toggle(ui, word, setting.spread == spread).clicked() {
                setting.spread = spread;
            }
        }
        ui.add_space(size::GRID);
        list(ui, "Figure to draw", &chosen.clone(), |ui| {
            for (name, _) in numeric {
                ui.selectable_value(&mut chosen, name.clone(), name);
            }
        });
        if !setting.spread {
            widgets::caption(ui, "by");
            let words = by.clone().unwrap_or_else(|| "nothing".to_owned());
            list(ui, "Groups to draw", &words, |ui| {
                ui.selectable_value(&mut by, None, "nothing");
                for (name, _) in grouping {
                    ui.selectable_value(&mut by, Some(name.clone()), name);
                }
            });
        }
    });
    let place =
        |columns: &[(String, usize)], name: &str| columns.iter().find(|(known, _)| known == name).map(|(_, at)| *at);
    let drawing = Drawing {
        figure: place(numeric, &chosen).unwrap_or(numeric[0].1),
        group: by.as_ref().and_then(|name| place(grouping, name)),
        spread: setting.spread,
    };
    (setting.figure, setting.group) = (Some(chosen), Some(by));
    drawing
}

fn list(ui: &mut Ui, name: &str, chosen: &str, items: impl FnOnce(&mut Ui)) {
    let list = ComboBox::from_id_salt(name).selected_text(chosen).width(150.0).icon(widgets::list_mark);
    let response = list.show_ui(ui, items).response;
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
}

fn spread_ui(ui: &mut Ui, drawn: &Drawn) -> Response {
    let color = tokens(ui).accent;
    let bars = drawn.bars.iter().map(|bar| {
        let words = format!("{} to {}\n{}", figure_text(bar.from), figure_text(bar.to), figures::of(bar.count, "row"));
        Bar::new((bar.from + bar.to) / 2.0, bar.count as f64).width((bar.to - bar.from) * 0.96).name(words).fill(color)
    });
    let chart = BarChart::new("spread", bars.collect()).element_formatter(Box::new(|bar, _| bar.name.clone()));
    let plot = Plot::new("spread").show_background(false).allow_scroll(false).include_y(0.0);
    let shown = plot.show(ui, |plot| plot.bar_chart(chart));
    name_axes(ui, &shown.response);
    shown.response
}

fn lines_ui(ui: &mut Ui, drawn: &Drawn, context: &Context<'_>) -> Response {
    let (clock, pointed) = (context.state.clock.clone(), context.state.clock.clone());
    let palette = tokens(ui).palette;
    let mut plot = Plot::new("figures")
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
    if drawn.drawing.group.is_some() {
        plot = plot.legend(Legend::default().text_style(egui::TextStyle::Small));
    }
    let shown = plot.show(ui, |plot| {
        for (at, (name, points)) in drawn.lines.iter().take(LINES).enumerate() {
            plot.line(Line::new(name, PlotPoints::from(points.clone())).color(palette[at % palette.len()]).width(1.5));
        }
    });
    name_axes(ui, &shown.response);
    shown.response
}

/// Says what the places beside a chart are to those who cannot see them.
fn name_axes(ui: &Ui, chart: &Response) {
    let around = chart.rect.expand(80.0);
    let layer = chart.layer_id;
    let is_axis = |widget: &egui::WidgetRect| widget.layer_id == layer && around.contains_rect(widget.rect);
    widgets::name_unnamed(ui.ctx(), "Axis of the chart", |widget| is_axis(widget) && !widget.sense.senses_click());
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
