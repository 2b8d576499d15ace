//! Paints the find field: what is asked at the left, how far the answer is at the right.

use std::time::{Duration, Instant};

use egui::text::{CCursor, CCursorRange};
use egui::{Align, Align2, FontSelection, Key, Layout, Modifiers, Rect, Sense, Stroke, StrokeKind, TextEdit, Ui};
use egui::{UiBuilder, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::store::search::SearchEnd;

use super::FindField;
use super::complete::Completion;
use super::drop_ui;
use super::question::Question;
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::state::Found;
use crate::theme::icon::Icon;
use crate::theme::{font, size, tokens, widgets};

/// A mistake is shown when the text has stood still for so long.
const PATIENCE: Duration = Duration::from_millis(700);

/// Paints the field and takes what is written.
pub(super) fn field_ui(ui: &mut Ui, field: &mut FindField, context: &Context<'_>) {
    let tokens = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::hover());
    let id = ui.id().with("find");
    let focused = ui.memory(|memory| memory.has_focus(id));
    let line = match (&field.misunderstood, focused) {
        (Some(_), _) => tokens.error,
        (None, true) => tokens.accent,
        (None, false) => tokens.hairline,
    };
    ui.painter().rect(rect, size::RADIUS, tokens.window, Stroke::new(1.0, line), StrokeKind::Inside);
    let inner = rect.shrink2(vec2(10.0, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, "Find", font::body(), tokens.text_faint);
    let right = answer_ui(ui, field, inner, context);
    let text_rect = Rect::from_min_max(pos2(inner.left() + 36.0, rect.top()), pos2(right - 8.0, rect.bottom()));
    edit_ui(ui, field, id, text_rect, context);
    if field.is_searching() {
        ui.ctx().request_repaint_after(Duration::from_millis(100));
    }
    if ui.memory(|memory| memory.has_focus(id)) {
        field.learn(context);
        drop_ui::drop_ui(ui, field, rect, id, context);
    } else if field.misunderstood.is_some() {
        drop_ui::mistake_ui(ui, field, rect);
    }
}

fn edit_ui(ui: &mut Ui, field: &mut FindField, id: egui::Id, rect: Rect, context: &Context<'_>) {
    let focused = ui.memory(|memory| memory.has_focus(id));
    let taken = focused && keys(ui, field, id);
    let mut place = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    let output = TextEdit::singleline(&mut field.text)
        .id(id)
        .font(FontSelection::FontId(font::mono()))
        .frame(egui::Frame::NONE)
        .hint_text("a text, or a condition such as value.amount > 100")
        .desired_width(rect.width())
        .clip_text(true)
        .show(&mut place);
    let response = output.response.response;
    response.widget_info(|| WidgetInfo::text_edit(true, "", &field.text, "Find"));
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label("Find in the log"));
    if std::mem::take(&mut field.focus) {
        response.request_focus();
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(field.text.chars().count()));
        let mut state = output.state;
        state.cursor.set_char_range(Some(all));
        state.store(ui.ctx(), id);
    } else if response.changed() || taken {
        field.edited = Some(Instant::now());
        field.misunderstood = None;
        field.advice.clear();
        let cursor = output.cursor_range.map_or(field.text.len(), |range| {
            let chars = range.primary.index;
            field.text.char_indices().nth(chars.into()).map_or(field.text.len(), |(at, _)| at)
        });
        field.completion = match taken {
            true => Completion::default(),
            false => Completion::of(&field.text, cursor, &field.fields),
        };
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        field.completion = Completion::default();
        field.ask(context);
        if field.misunderstood.is_some() {
            response.request_focus();
        }
    }
    patience(ui, field, focused);
}

/// Arrows choose among the offers, Tab and Enter take one. Says whether one was taken.
fn keys(ui: &Ui, field: &mut FindField, id: egui::Id) -> bool {
    if field.completion.offers.is_empty() {
        return false;
    }
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    if pressed(Key::ArrowDown) {
        field.completion.step(true);
    }
    if pressed(Key::ArrowUp) {
        field.completion.step(false);
    }
    let chosen = field.completion.chosen;
    let take = match chosen {
        Some(_) => pressed(Key::Enter) || pressed(Key::Tab),
        None => pressed(Key::Tab),
    };
    take && take_offer(ui, field, id, chosen.unwrap_or(0))
}

/// Puts an offer into the text.
pub(super) fn take_offer(ui: &Ui, field: &mut FindField, id: egui::Id, offer: usize) -> bool {
    let Some((text, cursor)) = field.completion.taken(&field.text, offer) else { return false };
    let chars = text[..cursor].chars().count();
    field.text = text;
    field.completion = Completion::default();
    if let Some(mut state) = TextEdit::load_state(ui.ctx(), id) {
        state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(chars))));
        state.store(ui.ctx(), id);
    }
    true
}

/// Says what is wrong with a text that has stood still for a while.
fn patience(ui: &Ui, field: &mut FindField, focused: bool) {
    let Some(edited) = field.edited.filter(|_| focused) else { return };
    match PATIENCE.checked_sub(edited.elapsed()) {
        Some(rest) => ui.ctx().request_repaint_after(rest),
        None => {
            field.edited = None;
            field.misunderstood = Question::parse(&field.text).err();
            field.advice = field.fields.advice(&field.text);
        }
    }
}

/// How far the answer is, at the right of the field; gives back where it begins.
fn answer_ui(ui: &mut Ui, field: &FindField, inner: Rect, context: &Context<'_>) -> f32 {
    let tokens = tokens(ui);
    let Some(searching) = &field.searching else {
        let cap = Rect::from_center_size(pos2(inner.right() - 7.0, inner.center().y), vec2(16.0, 16.0));
        ui.painter().rect_stroke(cap, 3.0, Stroke::new(1.0, tokens.hairline), StrokeKind::Inside);
        widgets::text_in(ui.painter(), cap, Align2::CENTER_CENTER, "/", font::mono_small(), tokens.text_faint);
        return cap.left();
    };
    let close = Rect::from_center_size(pos2(inner.right() - 6.0, inner.center().y), vec2(20.0, 20.0));
    let mut corner = ui.new_child(UiBuilder::new().max_rect(close));
    if widgets::icon_button(&mut corner, Icon::Close, "Clear the search").clicked() {
        context.send(Command::ClearSearch);
    }
    let right = mode_ui(ui, pos2(close.left() - 4.0, inner.center().y), context);
    let found = searching.found();
    let words = match searching.refused() {
        Some(why) => why,
        None => in_words(&found, searching.is_running()),
    };
    let room = inner.width() * 0.6;
    let color = if found.report.is_complete() { tokens.text_second } else { tokens.text };
    let galley = widgets::line(ui.painter(), &words, font::small(), color, room);
    let place =
        Rect::from_min_size(pos2(right - 8.0 - galley.size().x, inner.top()), vec2(galley.size().x, inner.height()));
    ui.painter().galley(pos2(place.left(), place.center().y - galley.size().y / 2.0), galley, color);
    let response = ui.interact(place, ui.id().with("answer"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &words));
    if let Some(details) = details(&found) {
        response.on_hover_text(details);
    }
    if searching.is_running() && found.report.total > 0 {
        let share = (found.report.scanned as f64 / found.report.total as f64).min(1.0) as f32;
        let bar = Rect::from_min_max(
            pos2(inner.left() - 6.0, inner.bottom() - 2.0),
            pos2(inner.right() + 6.0, inner.bottom()),
        );
        widgets::progress_bar(ui, bar, Some(share));
    }
    place.left()
}

/// Whether the story tells only what was found, or marks it among everything.
fn mode_ui(ui: &mut Ui, right_middle: egui::Pos2, context: &Context<'_>) -> f32 {
    let tokens = tokens(ui);
    let name = if context.state.search.filters { "filter" } else { "mark" };
    let galley = ui.painter().layout_no_wrap(name.to_owned(), font::small(), tokens.accent);
    let width = galley.size().x + 12.0;
    let rect = Rect::from_min_size(right_middle - vec2(width, 9.0), vec2(width, 18.0));
    let response = ui.interact(rect, ui.id().with("mode"), Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(WidgetType::Button, true, context.state.search.filters, "Show only what was found")
    });
    ui.painter().rect_filled(rect, 4.0, if response.hovered() { tokens.raised_hover } else { tokens.selected });
    let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
    ui.painter().galley(at, galley, tokens.accent);
    let response = response.on_hover_text(match context.state.search.filters {
        true => "The story shows only what was found; click to mark it among everything (M)",
        false => "What was found is marked among everything; click to show only that (M)",
    });
    if response.clicked() {
        context.send(Command::ToggleFilter);
    }
    rect.left()
}

/// How far a search is, always in the same words.
pub(super) fn in_words(found: &Found, running: bool) -> String {
    let report = &found.report;
    let scanned = format!("scanned {} of {}", figures::count(report.scanned), figures::count(report.total));
    let matched = format!("{} matched", figures::count(report.matched.max(found.matches.count())));
    let state = match report.end {
        _ if running => "searching…",
        _ if report.is_complete() && report.failed > 0 => "complete, some undecodable",
        _ if report.is_complete() => "complete",
        Some(SearchEnd::Cancelled) => "stopped",
        _ => "incomplete",
    };
    format!("{scanned} · {matched} · {state}")
}

/// Why an answer may lack something.
fn details(found: &Found) -> Option<String> {
    let report = &found.report;
    let mut lines = Vec::new();
    if report.failed > 0 {
        lines.push(format!(
            "{} could not be judged, and are not among the matches",
            figures::of(report.failed, "event")
        ));
        if let Some(first) = &report.first_failure {
            lines.push(format!("first: {}: {}", first.event, first.why));
        }
    }
    if found.mismatched > 0 {
        let times = figures::of(found.mismatched, "comparison");
        lines.push(format!("{times} of values of unlike kinds, such as a text and a number, count as unknown"));
    }
    lines.extend(report.left_out.iter().take(5).map(ToString::to_string));
    (!lines.is_empty()).then(|| lines.join("\n"))
}
