//! Handles of lengths of time in a small picture: dragged by the pointer, moved by the arrows.

use egui::{CursorIcon, EventFilter, Key, Modifiers, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use fabula_core::pipeline::Span;

use crate::theme::tokens;

/// How near the pointer must come to a handle.
const REACH: f32 = 6.0;

/// Time along a picture: so many milliseconds from its left to its right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    inner: Rect,
    /// The milliseconds that are shown.
    pub(super) shown: f64,
    /// Where zero stands, in milliseconds from the left.
    pub(super) zero: f64,
}

impl Axis {
    /// An axis that stays as it is while a handle upon it is held.
    pub(super) fn held(ui: &Ui, name: &str, inner: Rect, shown: f64) -> Self {
        Self::held_from(ui, name, inner, shown, 0.0)
    }

    /// The same with a zero that is not at the left.
    pub(super) fn held_from(ui: &Ui, name: &str, inner: Rect, shown: f64, zero: f64) -> Self {
        let id = ui.make_persistent_id(("axis", name));
        let holds = ui.data(|data| data.get_temp::<bool>(egui::Id::new("handle held"))).unwrap_or(false);
        let before: Option<(f64, f64)> = ui.data(|data| data.get_temp(id));
        let (shown, zero) = before.filter(|_| holds).unwrap_or((shown.max(1.0), zero));
        ui.data_mut(|data| data.insert_temp(id, (shown, zero)));
        Self { inner, shown, zero }
    }

    /// Where a moment stands.
    pub(super) fn x(&self, ms: f64) -> f32 {
        self.inner.left() + self.inner.width() * ((ms + self.zero) / self.shown) as f32
    }

    fn ms(&self, x: f32) -> f64 {
        f64::from((x - self.inner.left()) / self.inner.width()) * self.shown - self.zero
    }
}

/// The step in which a length of about this size is set.
fn step(ms: i64) -> i64 {
    match ms.abs() {
        ..1_000 => 50,
        1_000..10_000 => 500,
        10_000..60_000 => 5_000,
        60_000..600_000 => 30_000,
        600_000..3_600_000 => 300_000,
        3_600_000..86_400_000 => 1_800_000,
        _ => 21_600_000,
    }
}

/// The handle at the end of a length that begins at a moment; says whether it was let go with another length.
pub(super) fn handle(
    ui: &mut Ui,
    axis: &Axis,
    band: Rect,
    name: &str,
    from: i64,
    length: &mut Span,
    least: i64,
) -> bool {
    moved(ui, axis, band, name, length, least, |ms| from as f64 + ms, |ms| ms - from as f64)
}

/// The handle at the start of a length that ends at zero.
pub(super) fn handle_left(ui: &mut Ui, axis: &Axis, band: Rect, name: &str, length: &mut Span) -> bool {
    moved(ui, axis, band, name, length, 0, |ms| -ms, |ms| -ms)
}

/// The handle at the end of two such lengths, one after the other.
pub(super) fn handle_of_two(ui: &mut Ui, axis: &Axis, band: Rect, name: &str, length: &mut Span) -> bool {
    moved(ui, axis, band, name, length, 1, |ms| ms * 2.0, |ms| ms / 2.0)
}

#[expect(clippy::too_many_arguments, reason = "what a handle is has as many parts")]
fn moved(
    ui: &mut Ui,
    axis: &Axis,
    band: Rect,
    name: &str,
    length: &mut Span,
    least: i64,
    place: impl Fn(f64) -> f64,
    length_at: impl Fn(f64) -> f64,
) -> bool {
    let x = axis.x(place(length.ms as f64));
    let rect = Rect::from_min_max(pos2(x - REACH, band.top() - 2.0), pos2(x + REACH, band.bottom() + 2.0));
    let id = ui.make_persistent_id(("handle", name));
    let response = ui.interact(rect, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, length.ms as f64 / 1_000.0, format!("{name} in the picture")));
    let response = response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    let holding = egui::Id::new("handle held");
    if response.drag_started() {
        ui.data_mut(|data| data.insert_temp(holding, true));
    }
    if response.dragged()
        && let Some(at) = response.interact_pointer_pos()
    {
        let wanted = length_at(axis.ms(at.x)).max(0.0) as i64;
        let step = step(wanted);
        length.ms = ((wanted + step / 2) / step * step).max(least);
    }
    let mut done = response.drag_stopped();
    if done {
        ui.data_mut(|data| data.insert_temp(holding, false));
    }
    if response.has_focus() {
        let arrows = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, arrows));
        let (less, more) = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            (pressed(Key::ArrowLeft), pressed(Key::ArrowRight))
        });
        if less || more {
            let by = step(if less { length.ms - 1 } else { length.ms });
            length.ms = (if less { length.ms - by } else { length.ms + by }).max(least);
            done = true;
        }
    }
    let tokens = tokens(ui);
    let lit = response.hovered() || response.dragged() || response.has_focus();
    let color = if lit { tokens.accent } else { tokens.text_second };
    let top = pos2(x, band.top());
    ui.painter().vline(x, band.y_range(), Stroke::new(if lit { 2.0 } else { 1.0 }, color));
    ui.painter().rect_filled(Rect::from_center_size(top, vec2(6.0, 6.0)), 1.5, color);
    response.on_hover_text(format!("{name}: {length}. Drag, or use the arrows"));
    done
}
