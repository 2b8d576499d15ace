//! Paints a node's windows along time, its stream time, what came too late, and the moment at which history is cut.

use egui::{
    Color32, CursorIcon, EventFilter, Key, Modifiers, Painter, Rect, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo,
    WidgetType, pos2, vec2,
};
use fabula_core::event::Coordinates;

use super::axis::{Scale, Stretch};
use super::windows::{Phase, Windows};
use crate::command::Command;
use crate::figures;
use crate::state::AsideLine;
use crate::theme::{Tokens, font, mix, tokens, widgets};
use crate::zone::Clock;

const NS: i64 = 1_000_000;
/// Marks of late rows stand at least so far apart.
const APART: f32 = 6.0;

/// In so many steps the arrows take the cut through what is shown, and so many of them are a page.
const STEPS: i64 = 120;
const PAGE: i64 = 12;

/// What the strip shows.
pub struct Strip<'a> {
    /// Which time is where.
    pub scale: &'a Scale,
    /// All the time there is.
    pub whole: Stretch,
    /// The chosen node's windows.
    pub windows: Option<&'a Windows>,
    /// The moment at which history is cut.
    pub cut: Option<i64>,
    /// How times are written.
    pub clock: &'a Clock,
    /// The chosen event.
    pub chosen: Option<&'a Coordinates>,
}

/// Paints the strip and takes what is done to the cut, or to a mark; gives the command that comes of it.
pub fn windows_ui(ui: &mut Ui, rect: Rect, strip: &Strip<'_>) -> Option<Command> {
    let Strip { scale, windows, cut, clock, .. } = *strip;
    let tokens = tokens(ui);
    let response = ui.interact(rect, ui.id().with("windows"), Sense::click_and_drag());
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let lanes = rect.shrink2(vec2(0.0, 3.0));
    if let Some(windows) = windows {
        bands_ui(&painter, lanes, scale, windows, tokens);
        time_ui(&painter, lanes, scale, windows, tokens);
    }
    // What lies behind the cut is not part of what is shown: it is dimmed.
    let held: Option<i64> = ui.data(|data| data.get_temp(response.id));
    let shown = held.or(cut);
    if let Some(ns) = shown {
        let x = scale.x(ns);
        let behind = rect.with_min_x(x.max(rect.left()));
        painter.rect_filled(behind, 0.0, tokens.window.gamma_multiply(0.65));
        painter.vline(painter.round_to_pixel_center(x), rect.y_range(), Stroke::new(1.5, tokens.accent));
        let knob = [pos2(x - 5.0, rect.top()), pos2(x + 5.0, rect.top()), pos2(x, rect.top() + 6.0)];
        painter.add(Shape::convex_polygon(knob.to_vec(), tokens.accent, Stroke::NONE));
    }
    let spoken = spoken(windows, shown, clock);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Slider, true, &spoken));
    let response = response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    let at = |x: f32| scale.ns_at(x.clamp(rect.left(), rect.right())).div_euclid(NS) * NS;
    let mut command = keys(ui, &response, strip);
    if response.has_focus() {
        let stroke = Stroke::new(1.0, tokens.accent);
        ui.painter().rect_stroke(rect.shrink(0.5), 2.0, stroke, StrokeKind::Inside);
    }
    if let Some(pointer) = response.interact_pointer_pos() {
        if response.drag_stopped() || response.clicked() {
            ui.data_mut(|data| data.remove::<i64>(response.id));
            command = Some(Command::CutHistory(Some(at(pointer.x))));
        } else if response.dragged() {
            ui.data_mut(|data| data.insert_temp(response.id, at(pointer.x)));
        }
    }
    if response.double_clicked() {
        command = Some(Command::CutHistory(None));
    }
    let pointer = response.hover_pos();
    response.on_hover_ui_at_pointer(|ui| {
        if let Some(pointer) = pointer {
            hover_ui(ui, scale, windows, pointer.x, clock);
        }
    });
    command.or_else(|| windows.and_then(|windows| late_ui(ui, rect, strip, windows)))
}

/// The arrows, Home, End and the page keys move the cut while the strip has the focus.
fn keys(ui: &Ui, response: &egui::Response, strip: &Strip<'_>) -> Option<Command> {
    if !response.has_focus() {
        return None;
    }
    let arrows = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    widgets::keep_keys(ui, response.id, &[Key::Home, Key::End, Key::PageUp, Key::PageDown]);
    let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)) as i64;
    if pressed(Key::Home) > 0 {
        return Some(Command::CutHistory(Some(strip.whole.from_ns)));
    }
    if pressed(Key::End) > 0 {
        return Some(Command::CutHistory(None));
    }
    let steps =
        pressed(Key::ArrowRight) - pressed(Key::ArrowLeft) + PAGE * (pressed(Key::PageUp) - pressed(Key::PageDown));
    if steps == 0 {
        return None;
    }
    let by = (strip.scale.shown().len_ns() / STEPS).max(NS);
    let from = strip.cut.unwrap_or(strip.whole.to_ns);
    let to = from.saturating_add(by.saturating_mul(steps)).div_euclid(NS) * NS;
    // Behind the end there is nothing to be cut off.
    Some(Command::CutHistory((to < strip.whole.to_ns).then_some(to.max(strip.whole.from_ns))))
}

fn spoken(windows: Option<&Windows>, cut: Option<i64>, clock: &Clock) -> String {
    let of = windows.map(|windows| format!("Windows of {}", windows.node)).unwrap_or_else(|| "History".to_owned());
    let time = windows
        .and_then(|windows| windows.stream_time_ms)
        .map(|ms| format!(", its time is {}", clock.time_of_day(ms.saturating_mul(NS))));
    let cut = cut.map(|ns| format!(", cut at {}", clock.time_of_day(ns)));
    format!("{of}{}{}", time.unwrap_or_default(), cut.unwrap_or_default())
}

fn bands_ui(painter: &Painter, lanes: Rect, scale: &Scale, windows: &Windows, tokens: &Tokens) {
    let shown = scale.shown();
    let closed = mix(tokens.good, tokens.window, 0.62);
    let Some(bands) = windows.bands(shown.from_ns.div_euclid(NS), shown.to_ns.div_euclid(NS).saturating_add(1)) else {
        // Too many to be told apart: what is closed, and what may still change.
        let until = scale.x(windows.closed_until_ms().unwrap_or(i64::MIN / NS).saturating_mul(NS));
        let end = scale.x(windows.stream_time_ms.unwrap_or(i64::MIN / NS).saturating_mul(NS));
        let of = |from: f32, to: f32| {
            Rect::from_min_max(pos2(from.max(lanes.left()), lanes.top()), pos2(to, lanes.bottom()))
        };
        painter.rect_filled(of(lanes.left(), until), 2.0, closed);
        painter.rect_stroke(of(until, end), 2.0, Stroke::new(1.0, tokens.good), StrokeKind::Inside);
        return;
    };
    let rows = windows.rows();
    let height = lanes.height() / rows as f32;
    for (nth, band) in bands.iter().enumerate() {
        let top = lanes.top() + (nth % rows) as f32 * height;
        let (from, to) = (scale.x(band.from_ms.saturating_mul(NS)), scale.x(band.to_ms.saturating_mul(NS)));
        let gap = if to - from > 4.0 { 1.0 } else { 0.0 };
        let place = Rect::from_min_max(pos2(from, top), pos2((to - gap).max(from + 1.0), top + height - gap));
        match band.phase {
            Phase::Closed => drop(painter.rect_filled(place, 2.0, closed)),
            Phase::Waiting => {
                painter.rect_filled(place, 2.0, mix(tokens.warning, tokens.window, 0.72));
                dashed(painter, place, tokens.warning);
            }
            Phase::Open => {
                painter.rect_filled(place, 2.0, mix(tokens.good, tokens.window, 0.85));
                dashed(painter, place, tokens.good);
            }
        }
        if band.phase != Phase::Closed && band.until_ms > band.to_ms {
            let until = scale.x(band.until_ms.saturating_mul(NS));
            let waits = Rect::from_min_max(pos2(to, place.top() + 2.0), pos2(until, place.bottom() - 2.0));
            if waits.width() > 2.0 {
                dashed(painter, waits, tokens.warning);
            }
        }
    }
}

fn dashed(painter: &Painter, rect: Rect, color: Color32) {
    let rect = rect.shrink(0.5);
    let edge = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    painter.extend(Shape::dashed_line(&edge, Stroke::new(1.0, color), 3.0, 2.0));
}

/// The stream's time as a line.
fn time_ui(painter: &Painter, lanes: Rect, scale: &Scale, windows: &Windows, tokens: &Tokens) {
    if let Some(ms) = windows.stream_time_ms {
        let x = painter.round_to_pixel_center(scale.x(ms.saturating_mul(NS)));
        painter.vline(x, lanes.y_range().expand(2.0), Stroke::new(1.0, tokens.text));
    }
}

/// A mark for what came too late or was set aside; rows that stand too near to be told apart share one. A press chooses the
/// row's event, the next press the next one's.
fn late_ui(ui: &Ui, rect: Rect, strip: &Strip<'_>, windows: &Windows) -> Option<Command> {
    let (tokens, scale) = (tokens(ui), strip.scale);
    let shown = scale.shown();
    let at = |line: &AsideLine| line.time_ms.unwrap_or(0).saturating_mul(NS);
    let first = windows.aside.partition_point(|line| at(line) < shown.from_ns);
    let last = windows.aside.partition_point(|line| at(line) < shown.to_ns);
    let mut command = None;
    let mut next = first;
    while next < last {
        let from = next;
        let x = scale.x(at(&windows.aside[from]));
        next += windows.aside[from..last].partition_point(|line| scale.x(at(line)) < x + APART).max(1);
        let lines = &windows.aside[from..next];
        let (middle, foot) = (x + APART / 2.0, rect.bottom() - 2.0);
        let place = Rect::from_min_max(pos2(middle - 5.0, foot - 11.0), pos2(middle + 5.0, foot)).intersect(rect);
        let response = ui.interact(place, ui.id().with(("late", from)), Sense::click());
        let spoken = in_words(lines, strip.clock);
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &spoken));
        let late = lines.iter().any(|line| line.late_by_ms.is_some());
        let color = if late { tokens.warning } else { tokens.error };
        let lit = response.hovered() || response.has_focus();
        let size = if lit || lines.len() > 1 { 5.0 } else { 3.5 };
        let mark = [pos2(middle, foot - 1.7 * size), pos2(middle + size, foot), pos2(middle - size, foot)];
        let edge = Stroke::new(if lit { 1.5 } else { 0.75 }, if lit { tokens.text } else { tokens.window });
        ui.painter().add(Shape::convex_polygon(mark.to_vec(), color, edge));
        if response.on_hover_text(&spoken).clicked() {
            let chosen = lines.iter().position(|line| strip.chosen.is_some() && line.event.as_ref() == strip.chosen);
            let after = chosen.map_or(0, |chosen| (chosen + 1) % lines.len());
            command = lines[after].selection().map(|selection| Command::Select(Some(selection)));
        }
    }
    command
}

/// What a mark stands for.
fn in_words(lines: &[AsideLine], clock: &Clock) -> String {
    let Some(first) = lines.first() else { return String::new() };
    let words = format!("{} {}", first.event_name(), first.words(clock));
    match lines.len() {
        1 => words,
        many => format!("{}, the first {words}", figures::of(many as u64, "row")),
    }
}

/// What stands at the pointer: the window, and what came too late for it.
fn hover_ui(ui: &mut Ui, scale: &Scale, windows: Option<&Windows>, x: f32, clock: &Clock) {
    let tokens = tokens(ui);
    let ns = scale.ns_at(x);
    let ms = ns.div_euclid(NS);
    let time = |ms: i64| clock.time_of_day(ms.saturating_mul(NS));
    ui.label(egui::RichText::new(time(ms)).font(font::mono()).color(tokens.text));
    let Some(windows) = windows else { return };
    for band in windows.bands(ms, ms.saturating_add(1)).unwrap_or_default().iter().take(4) {
        let phase = match band.phase {
            Phase::Open => "open",
            Phase::Waiting => "waits for late rows",
            Phase::Closed => "closed",
        };
        let words = format!("{} – {} · {phase}", time(band.from_ms), time(band.to_ms));
        ui.label(egui::RichText::new(words).font(font::small()).color(tokens.text_second));
    }
    let near = (scale.ns_per_px() * 5.0) as i64 / NS + 1;
    for line in windows.aside.iter().filter(|line| line.time_ms.is_some_and(|time| (time - ms).abs() <= near)).take(4) {
        let words = format!("{} {} {}", time(line.time_ms.unwrap_or(ms)), line.event_name(), line.words(clock));
        ui.label(egui::RichText::new(words).font(font::small()).color(tokens.warning));
    }
    let hint = "Drag to cut history here, double-click for all of it";
    ui.label(egui::RichText::new(hint).font(font::small()).color(tokens.text_faint));
}
