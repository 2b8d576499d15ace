//! The bar at the foot: connection, coverage, jobs, the frame's time, memory.

use std::time::Duration;

use egui::{Align, Layout, Rect, RichText, Sense, Ui, pos2, vec2};

use super::top_bar::status_mark;
use crate::command::Command;
use crate::figures;
use crate::jobs::{Progress, Unit};
use crate::meters::Meters;
use crate::panes::Context;
use crate::state::State;
use crate::theme::{font, icon::Icon, size, tokens, widgets};

/// How often the figures of running jobs are drawn again.
const REFRESH: Duration = Duration::from_millis(100);

/// Draws the bar.
pub fn status_bar_ui(ui: &mut Ui, context: &Context<'_>, meters: &Meters) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.add_space(size::INSET);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(size::INSET);
            fact(ui, &meters.memory(), "Memory that Fabula holds (resident)");
            ui.add_space(8.0);
            fact(ui, &meters.frame(), "Time to draw a frame, typical of late");
            jobs_ui(ui, context);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| state_ui(ui, context));
        });
    });
}

fn state_ui(ui: &mut Ui, context: &Context<'_>) {
    let tokens = tokens(ui);
    let (dot, words) = status_mark(&context.state.log, tokens);
    let (rect, _) = ui.allocate_exact_size(vec2(7.0, 7.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 3.5, dot);
    let words = RichText::new(&words).font(font::small()).color(tokens.text_second);
    let response = ui.add(egui::Label::new(words).truncate().sense(Sense::click()));
    if response.on_hover_text("Copy").clicked() {
        ui.ctx().copy_text(status_mark(&context.state.log, tokens).1);
    }
    if let Some(coverage) = coverage(context.state) {
        ui.add_space(12.0);
        let hint = "What has been read of the topics that are shown, against the log's watermarks";
        let text = RichText::new(coverage).font(font::small()).color(tokens.text_second);
        ui.add(egui::Label::new(text).truncate()).on_hover_text(hint);
    }
}

/// What has been read, against what there is.
fn coverage(state: &State) -> Option<String> {
    let coverage = &state.log.coverage;
    if coverage.partitions == 0 {
        return None;
    }
    let what = format!(
        "coverage {}, {}",
        figures::of(coverage.topics as u64, "topic"),
        figures::of(coverage.partitions as u64, "partition")
    );
    // The day is said where it is not the only one.
    let one_day = state.extent.is_some_and(|all| state.clock.date(all.start_ns) == state.clock.date(all.end_ns));
    let written = |ns: i64| if one_day { state.clock.time_of_day(ns) } else { state.clock.full(ns) };
    let until = coverage.until_ns.map(|ns| format!(" to {}", written(ns))).unwrap_or_default();
    Some(if coverage.failed > 0 {
        format!("{what}, {} of them failed", coverage.failed)
    } else if coverage.complete == coverage.partitions {
        format!("{what}, complete{until}")
    } else {
        let (covered, offsets) = (figures::count(coverage.covered), figures::count(coverage.offsets));
        format!("{what}, {covered} of {offsets} offsets{until}")
    })
}

/// The oldest jobs under way: name, bar, rate, and the mark that ends one. Laid out from the right.
fn jobs_ui(ui: &mut Ui, context: &Context<'_>) {
    const IN_SIGHT: usize = 2;
    let jobs = context.jobs.listed();
    if jobs.is_empty() {
        return;
    }
    ui.ctx().request_repaint_after(REFRESH);
    ui.add_space(8.0);
    if jobs.len() > IN_SIGHT {
        let rest: Vec<&str> = jobs.iter().skip(IN_SIGHT).map(|job| job.title().name.as_str()).collect();
        fact(ui, &format!("and {} more", rest.len()), &rest.join("\n"));
    }
    for job in jobs.iter().take(IN_SIGHT) {
        job_ui(ui, context, job);
        ui.add_space(8.0);
    }
}

fn job_ui(ui: &mut Ui, context: &Context<'_>, job: &Progress) {
    let name = format!("Cancel {}", job.title().name);
    if widgets::icon_button(ui, Icon::Close, &name).clicked() {
        context.send(Command::CancelJob(job.id()));
    }
    let figures = job_figures(job);
    if !figures.is_empty() {
        fact(ui, &figures, &done(job));
    }
    let (rect, _) = ui.allocate_exact_size(vec2(76.0, 16.0), Sense::hover());
    let bar = Rect::from_center_size(pos2(rect.center().x, rect.center().y), vec2(76.0, 4.0));
    widgets::progress_bar(ui, bar, job.share());
    fact(ui, &job.title().name, &done(job));
}

fn job_figures(job: &Progress) -> String {
    let rate = match job.title().unit {
        Unit::None => None,
        Unit::Events => Some(format!("{}/s", figures::short(job.per_second()))),
        Unit::Bytes => Some(format!("{}/s", figures::bytes(job.per_second() as u64))),
    };
    let share = job.share().map(|share| format!("{:.0} %", share * 100.0));
    rate.into_iter().chain(share).collect::<Vec<_>>().join(" · ")
}

fn done(job: &Progress) -> String {
    let (done, total) = job.figures();
    match (job.title().unit, total) {
        (Unit::None, _) => job.title().name.clone(),
        (Unit::Events, 0) => figures::of(done, "event"),
        (Unit::Events, total) => format!("{} of {}", figures::count(done), figures::of(total, "event")),
        (Unit::Bytes, 0) => figures::bytes(done),
        (Unit::Bytes, total) => format!("{} of {}", figures::bytes(done), figures::bytes(total)),
    }
}

fn fact(ui: &mut Ui, text: &str, hint: &str) {
    let color = tokens(ui).text_second;
    ui.label(RichText::new(text).font(font::small()).color(color)).on_hover_text(hint);
}
