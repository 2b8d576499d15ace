//! Paints a node's windows along time, its stream time, what came too late, and the moment at which history is cut.

use egui::{
    Color32, CursorIcon, Painter, Rect, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2,
};

use super::axis::Scale;
use super::windows::{Phase, Windows};
use crate::command::Command;
use crate::theme::{Tokens, font, mix, tokens};
use crate::zone::Clock;

const NS: i64 = 1_000_000;

/// Paints the strip and takes what is done to the cut; gives the command that comes of it.
pub fn windows_ui(
    ui: &mut Ui,
    rect: Rect,
    scale: &Scale,
    windows: Option<&Windows>,
    cut: Option<i64>,
    clock: &Clock,
) -> Option<Command> {
    let tokens = tokens(ui);
    let response = ui.interact(rect, ui.id().with("windows"), Sense::click_and_drag());
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let lanes = rect.shrink2(vec2(0.0, 3.0));
    if let Some(windows) = windows {
        bands_ui(&painter, lanes, scale, windows, tokens);
        marks_ui(&painter, lanes, scale, windows, tokens);
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
    let mut command = None;
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
    command
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

/// The stream's time as a line, and a mark for every row that came too late or was set aside.
fn marks_ui(painter: &Painter, lanes: Rect, scale: &Scale, windows: &Windows, tokens: &Tokens) {
    if let Some(ms) = windows.stream_time_ms {
        let x = painter.round_to_pixel_center(scale.x(ms.saturating_mul(NS)));
        painter.vline(x, lanes.y_range().expand(2.0), Stroke::new(1.0, tokens.text));
    }
    let mut last = f32::NEG_INFINITY;
    for line in windows.aside.iter().rev() {
        let x = scale.x(line.time_ms.saturating_mul(NS));
        if x - last < 2.0 && x >= last {
            continue;
        }
        last = x;
        let color = if line.late_by_ms.is_some() { tokens.warning } else { tokens.error };
        let y = lanes.bottom();
        let mark = [pos2(x, y - 6.0), pos2(x + 3.5, y), pos2(x - 3.5, y)];
        painter.add(Shape::convex_polygon(mark.to_vec(), color, Stroke::new(0.75, tokens.window)));
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
    for line in windows.aside.iter().filter(|line| (line.time_ms - ms).abs() <= near).take(4) {
        let missed = line.late_by_ms.and_then(|_| windows.missed_by(line.time_ms));
        let of = missed.map(|(from, to)| format!(" for {} – {}", time(from), time(to))).unwrap_or_default();
        let words = format!("{} {}{of}", time(line.time_ms), line.why);
        ui.label(egui::RichText::new(words).font(font::small()).color(tokens.warning));
    }
    let hint = "Drag to cut history here, double-click for all of it";
    ui.label(egui::RichText::new(hint).font(font::small()).color(tokens.text_faint));
}
