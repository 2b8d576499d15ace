//! Paints the bar with which a moment is chosen: where it stands, what it is, and how fresh the rows are.

use egui::{
    Align2, EventFilter, FontSelection, Key, Modifiers, Rect, RichText, Sense, Stroke, TextEdit, Ui, WidgetInfo, pos2,
    vec2,
};
use fabula_core::event::time::{Moment, ms_to_ns};

use super::ViewPane;
use super::freshness::of_past;
use super::past::Pasts;
use super::showing::Showing;
use crate::panes::Context;
use crate::theme::{font, mix, size, tokens, widgets};

/// The height of the slider.
const SLIDER: f32 = 26.0;
/// One press of an arrow moves by this part of the whole.
const STEP: f64 = 1.0 / 200.0;

/// Paints the bar above the rows.
pub(super) fn past_ui(ui: &mut Ui, pane: &mut ViewPane, showing: &Showing, context: &Context<'_>) {
    let tokens = tokens(ui);
    egui::Frame::new().fill(tokens.pane).inner_margin(egui::Margin::symmetric(size::INSET as i8, 4)).show(ui, |ui| {
        if let Some(failure) = pane.pasts.failure.clone() {
            widgets::error_line(ui, &failure);
            if widgets::link(ui, "Derive again").clicked() {
                context.send(crate::command::Command::DeriveAgain);
            }
            return;
        }
        let Some(span) = pane.pasts.span_ms() else {
            let words = if pane.pasts.is_deriving() {
                "Deriving the past from the log …"
            } else if pane.pasts.derived.is_some() {
                "The log has no events with a time: there is no past to look at"
            } else {
                "The past is derived when the pipeline has run over all that has been read"
            };
            ui.add_space(2.0);
            widgets::caption(ui, words);
            return;
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            statement_ui(ui, pane, showing, context);
        });
        slider_ui(ui, &mut pane.pasts, span, context);
        if let Some(refusal) = pane.pasts.refusal().or_else(|| pane.moment_error.clone()) {
            widgets::error_line(ui, &refusal);
        }
        if let Some(derived) = &pane.pasts.derived {
            for damage in &derived.damages {
                widgets::error_line(ui, damage);
            }
        }
    });
    let bottom = ui.cursor().top();
    widgets::hairline_h(ui, ui.max_rect().x_range(), bottom - 1.0);
}

/// What moment it is, the way to another and the way back, and the marks.
fn statement_ui(ui: &mut Ui, pane: &mut ViewPane, showing: &Showing, context: &Context<'_>) {
    let (tokens, clock) = (tokens(ui), &context.state.clock);
    let words = match pane.pasts.at_ms {
        Some(at) => format!("As of {} {}", clock.full(ms_to_ns(at)), clock.name()),
        None => "Now".to_owned(),
    };
    let color = if pane.pasts.at_ms.is_some() { tokens.accent } else { tokens.text };
    ui.label(RichText::new(&words).font(font::strong()).color(color));
    let back = ui.add_enabled_ui(pane.pasts.at_ms.is_some(), |ui| widgets::link(ui, "Back to now"));
    if back.inner.clicked() {
        context.send(crate::command::Command::AsOfNow);
    }
    moment_field(ui, pane);
    for (at, name) in ["A", "B"].into_iter().enumerate() {
        let is_set = pane.pasts.marks[at].is_some();
        let response = widgets::bar_toggle(ui, &format!("Mark {name}"), is_set);
        if response.on_hover_text("Mark this moment, to be held against the other mark").clicked() {
            pane.mark(at);
        }
    }
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        widgets::caption(ui, of_past(&pane.pasts, showing, context));
    });
}

/// A field in which a moment is written.
fn moment_field(ui: &mut Ui, pane: &mut ViewPane) {
    let edit = TextEdit::singleline(&mut pane.moment)
        .font(FontSelection::FontId(font::mono_small()))
        .hint_text(RichText::new("a time, or -15m").color(tokens(ui).text_faint))
        .margin(vec2(6.0, 3.0))
        .desired_width(176.0);
    let response = ui.add(edit);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Moment to look at"));
    if !(response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))) {
        return;
    }
    let Some((first, last)) = pane.pasts.span_ms() else { return };
    pane.moment_error = None;
    match pane.moment.parse::<Moment>() {
        Ok(Moment::Latest) => pane.pasts.at_ms = None,
        Ok(Moment::Earliest) => pane.pasts.at_ms = Some(first),
        Ok(Moment::At(ms)) => pane.pasts.at_ms = Some(ms),
        Ok(Moment::BeforeEnd(ms)) => pane.pasts.at_ms = Some(last.saturating_sub(ms)),
        Err(error) => pane.moment_error = Some(error.to_string()),
    }
}

/// The whole past from left to right, the moment that is looked at and the two marks.
fn slider_ui(ui: &mut Ui, pasts: &mut Pasts, (first, last): (i64, i64), context: &Context<'_>) {
    let (tokens, clock) = (tokens(ui), &context.state.clock);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), SLIDER), Sense::click_and_drag());
    let track = rect.shrink2(vec2(7.0, 0.0));
    let span = (last - first).max(1) as f64;
    let x = |ms: i64| track.left() + track.width() * ((ms.clamp(first, last) - first) as f64 / span) as f32;
    let now = pasts.at_ms.unwrap_or(last);
    if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        let share = f64::from(((pointer.x - track.left()) / track.width()).clamp(0.0, 1.0));
        pasts.at_ms = (share < 1.0).then(|| first + (span * share) as i64);
        response.request_focus();
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let pressed = |key, modifiers| ui.input_mut(|input| input.count_and_consume_key(modifiers, key)) as i64;
        let steps = |modifiers| pressed(Key::ArrowRight, modifiers) - pressed(Key::ArrowLeft, modifiers);
        let (fine, coarse) = (steps(Modifiers::SHIFT), steps(Modifiers::NONE));
        if fine != 0 || coarse != 0 {
            let to = now + fine + coarse * ((span * STEP) as i64).max(1);
            pasts.at_ms = (to < last).then(|| to.max(first));
        }
    }
    let at = pasts.at_ms;
    let spoken = at.map_or_else(|| "now".to_owned(), |at| clock.full(ms_to_ns(at)));
    response.widget_info(|| WidgetInfo::slider(true, at.unwrap_or(last) as f64, format!("Moment, {spoken}")));
    let painter = ui.painter();
    let middle = rect.center().y;
    let bar = |from: f32, to: f32| Rect::from_min_max(pos2(from, middle - 1.5), pos2(to, middle + 1.5));
    painter.rect_filled(bar(track.left(), track.right()), 1.5, tokens.raised_hover);
    let handle = at.map_or(track.right(), x);
    painter.rect_filled(bar(track.left(), handle), 1.5, mix(tokens.accent, tokens.pane, 0.35));
    if let [Some(a), Some(b)] = pasts.marks {
        painter.rect_filled(bar(x(a.min(b)), x(a.max(b))), 1.5, tokens.warning);
    }
    for (mark, name) in pasts.marks.into_iter().zip(["A", "B"]) {
        let Some(mark) = mark else { continue };
        let at = x(mark);
        painter.vline(at, egui::Rangef::new(middle - 7.0, middle + 7.0), Stroke::new(1.5, tokens.warning));
        let place = Rect::from_center_size(pos2(at + 7.0, middle - 7.0), vec2(10.0, 12.0));
        widgets::text_in(painter, place, Align2::LEFT_CENTER, name, font::small(), tokens.warning);
    }
    let fill = if at.is_some() { tokens.accent } else { tokens.text_second };
    painter.circle_filled(pos2(handle, middle), 6.0, fill);
    if response.has_focus() || response.hovered() {
        painter.circle_stroke(pos2(handle, middle), 8.5, Stroke::new(1.5, tokens.accent));
    }
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
    if let Some(pointer) = response.hover_pos() {
        let share = f64::from(((pointer.x - track.left()) / track.width()).clamp(0.0, 1.0));
        response.on_hover_text_at_pointer(clock.full(ms_to_ns(first + (span * share) as i64)));
    }
}
