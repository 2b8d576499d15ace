//! History under the canvas: how much happened when, the chosen node's windows, and the moment at which history is cut.

use std::sync::Arc;

use egui::{Align2, Mesh, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

use super::Canvas;
use crate::command::Command;
use crate::panes::Context;
use crate::panes::timeline::axis::{Scale, Stretch};
use crate::panes::timeline::windows::Windows;
use crate::panes::timeline::windows_ui::{Strip, windows_ui};
use crate::theme::{font, size, tokens, widgets};

/// How high it is.
pub(super) const HEIGHT: f32 = 40.0;
/// In so many steps history is played.
const STEPS: i64 = 120;
/// A step takes so many seconds at least, so that it can be seen.
const STEP_SECONDS: f64 = 0.1;

/// Draws the strip.
pub(super) fn strip_ui(ui: &mut Ui, canvas: &mut Canvas, rect: Rect, context: &Context<'_>) {
    let state = context.state;
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.pane);
    widgets::hairline_h(ui, rect.x_range(), rect.top());
    let Some(extent) = state.extent else { return };
    let button = Rect::from_min_size(rect.min + vec2(8.0, 8.0), vec2(24.0, 24.0));
    play_ui(ui, canvas, button, context);
    let time = Rect::from_min_max(pos2(button.right() + 8.0, rect.top()), pos2(button.right() + 112.0, rect.bottom()));
    let at = state.cut.unwrap_or(extent.end_ns);
    widgets::text_in(ui.painter(), time, Align2::LEFT_CENTER, &state.clock.time_of_day(at), font::mono(), tokens.text);
    let end = Rect::from_min_max(pos2(rect.right() - 92.0, rect.top() + 8.0), rect.max - vec2(8.0, 8.0));
    if state.cut.is_some() {
        let response = ui.put(end.shrink2(vec2(8.0, 0.0)), egui::Button::new("Latest"));
        if response.on_hover_text(Command::CutHistory(None).info().tooltip).clicked() {
            canvas.playing = None;
            context.send(Command::CutHistory(None));
        }
    } else {
        widgets::text_in(ui.painter(), end, Align2::CENTER_CENTER, "all history", font::small(), tokens.text_faint);
    }
    let plot =
        Rect::from_min_max(pos2(time.right() + 8.0, rect.top() + 5.0), pos2(end.left() - 8.0, rect.bottom() - 4.0));
    if plot.width() < 40.0 {
        return;
    }
    let scale = Scale { view: Stretch::from(extent), left: plot.left(), width: plot.width(), folds: Arc::default() };
    density_ui(ui, plot.with_max_y(plot.bottom() - 13.0), &scale, context);
    if canvas
        .windows_of
        .as_ref()
        .is_none_or(|(outcome, node, _)| *outcome != outcome_id(context) || *node != state.design.chosen)
    {
        canvas.windows_of = Some((outcome_id(context), state.design.chosen.clone(), Windows::of(state)));
    }
    let windows = canvas.windows_of.as_ref().and_then(|(_, _, windows)| windows.as_ref());
    let strip = plot.with_min_y(plot.bottom() - 14.0);
    let shown = Strip {
        scale: &scale,
        whole: Stretch::from(extent),
        windows,
        cut: state.cut,
        clock: &state.clock,
        chosen: state.selection.as_ref().map(|selection| &selection.coordinates),
    };
    if let Some(command) = windows_ui(ui, strip, &shown) {
        if matches!(command, Command::CutHistory(_)) {
            canvas.playing = None;
        }
        context.send(command);
    }
}

fn outcome_id(context: &Context<'_>) -> usize {
    context.state.outcome.as_ref().map_or(0, |outcome| Arc::as_ptr(outcome) as usize)
}

/// Plays history: the cut goes on by a step as often as the pipeline has run up to it.
fn play_ui(ui: &mut Ui, canvas: &mut Canvas, rect: Rect, context: &Context<'_>) {
    let Some(extent) = context.state.extent else { return };
    let (tokens, now) = (tokens(ui), ui.input(|input| input.time));
    let response = ui.interact(rect, ui.id().with("play"), Sense::click());
    let word = if canvas.playing.is_some() { "Stop" } else { "Play history" };
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, word));
    let fill = if response.hovered() || response.has_focus() { tokens.raised_hover } else { tokens.raised };
    ui.painter().rect_filled(rect, size::RADIUS, fill);
    let middle = rect.center();
    if canvas.playing.is_some() {
        ui.painter().rect_filled(Rect::from_center_size(middle, vec2(8.0, 8.0)), 1.0, tokens.text);
    } else {
        let mark = vec![middle + vec2(-3.5, -5.0), middle + vec2(5.0, 0.0), middle + vec2(-3.5, 5.0)];
        ui.painter().add(Shape::convex_polygon(mark, tokens.text, Stroke::NONE));
    }
    if response.on_hover_text("Run the pipeline through history, step by step").clicked() {
        canvas.playing = if canvas.playing.is_some() { None } else { Some(now) };
        let at_end = context.state.cut.is_none_or(|cut| cut >= extent.end_ns);
        if canvas.playing.is_some() && at_end {
            context.send(Command::CutHistory(Some(extent.start_ns)));
        }
        return;
    }
    if let Some(since) = canvas.playing.filter(|_| canvas.runs.is_settled()) {
        if now - since < STEP_SECONDS {
            let rest = std::time::Duration::from_secs_f64((since + STEP_SECONDS - now).max(0.001));
            ui.ctx().request_repaint_after(rest);
            return;
        }
        canvas.playing = Some(now);
        match context.state.cut.map(|cut| cut.saturating_add((extent.span_ns() / STEPS).max(1_000_000))) {
            Some(next) if next < extent.end_ns => context.send(Command::CutHistory(Some(next))),
            _ => {
                canvas.playing = None;
                context.send(Command::CutHistory(None));
            }
        }
    }
}

/// How much happened when, as in the timeline's overview.
fn density_ui(ui: &Ui, rect: Rect, scale: &Scale, context: &Context<'_>) {
    let Some(density) = &context.state.density else { return };
    let tokens = tokens(ui);
    let columns = (rect.width() / 3.0).ceil().max(1.0) as usize;
    let mut counts = vec![0_u64; columns];
    for (ns, count) in density.counts.iter().filter(|(_, count)| *count > 0) {
        let at = ((scale.x(*ns) - rect.left()) / 3.0).max(0.0) as usize;
        counts[at.min(columns - 1)] += count;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let mut mesh = Mesh::default();
    for (column, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // The square root keeps quiet times in sight beside a burst.
        let height = ((count as f32 / most as f32).sqrt() * rect.height()).max(1.0);
        let left = rect.left() + column as f32 * 3.0;
        let bar = Rect::from_min_max(pos2(left, rect.bottom() - height), pos2(left + 1.5, rect.bottom()));
        let behind = context.state.cut.is_some_and(|cut| left > scale.x(cut))
            || context.state.begins.is_some_and(|begins| left < scale.x(begins));
        mesh.add_colored_rect(bar, if behind { tokens.hairline } else { tokens.accent.gamma_multiply(0.75) });
    }
    ui.painter().add(mesh);
}
