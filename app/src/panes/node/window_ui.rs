//! A window of time: its kind, its lengths, and a small picture of what they mean.

use egui::{Align2, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::pipeline::{Span, Window, Within};

use super::field::{self, Texts};
use crate::theme::{font, mix, tokens, widgets};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tumbling,
    Hopping,
    Sliding,
    Session,
    None,
}

fn kind_of(window: Option<Window>) -> Kind {
    match window {
        Some(Window::Tumbling { .. }) => Kind::Tumbling,
        Some(Window::Hopping { .. }) => Kind::Hopping,
        Some(Window::Sliding { .. }) => Kind::Sliding,
        Some(Window::Session { .. }) => Kind::Session,
        None => Kind::None,
    }
}

/// The length that a window has, whatever its kind.
fn length_of(window: Option<Window>) -> Span {
    match window {
        Some(Window::Tumbling { size } | Window::Hopping { size, .. } | Window::Sliding { size }) => size,
        Some(Window::Session { gap }) => gap,
        None => Span::of_ms(60_000),
    }
}

pub(super) fn window_ui(ui: &mut Ui, window: &mut Option<Window>, grace: &mut Option<Span>, texts: &mut Texts) -> bool {
    let mut kind = kind_of(*window);
    let words = [
        (Kind::Tumbling, "Tumbling"),
        (Kind::Hopping, "Hopping"),
        (Kind::Sliding, "Sliding"),
        (Kind::Session, "Session"),
        (Kind::None, "None"),
    ];
    let mut done = field::choice(ui, &mut kind, &words);
    if done {
        let size = length_of(*window);
        *window = match kind {
            Kind::Tumbling => Some(Window::Tumbling { size }),
            Kind::Hopping => Some(Window::Hopping { size, advance: Span::of_ms((size.ms / 5).max(1)) }),
            Kind::Sliding => Some(Window::Sliding { size }),
            Kind::Session => Some(Window::Session { gap: size }),
            Kind::None => None,
        };
        *grace = window.map(|_| grace.unwrap_or_default());
        texts.clear();
    }
    if let Some(window) = window {
        ui.add_space(4.0);
        picture(ui, *window, grace.unwrap_or_default());
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| match window {
            Window::Tumbling { size } | Window::Sliding { size } => {
                ui.label("Size");
                done |= field::span(ui, texts, "Size", size);
            }
            Window::Hopping { size, advance } => {
                ui.label("Size");
                done |= field::span(ui, texts, "Size", size);
                ui.label("Every");
                done |= field::span(ui, texts, "Every", advance);
            }
            Window::Session { gap } => {
                ui.label("Gap");
                done |= field::span(ui, texts, "Gap", gap);
            }
        });
        done |= field::optional_span(ui, texts, "Grace", grace, Span::of_ms(0));
    }
    done
}

/// The windows over time, to scale, with the time that they wait for late rows.
fn picture(ui: &mut Ui, window: Window, grace: Span) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 72.0), Sense::hover());
    let spoken = format!("{} window, grace {grace}", window.name());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, &spoken));
    ui.painter().rect_filled(rect, CornerRadius::same(5), tokens.window);
    let inner = rect.shrink2(vec2(12.0, 10.0));
    let (size, step) = match window {
        Window::Tumbling { size } => (size.ms, size.ms),
        Window::Hopping { size, advance } => (size.ms, advance.ms.max(1)),
        Window::Sliding { size } => (size.ms, (size.ms / 3).max(1)),
        Window::Session { gap } => (gap.ms * 2, gap.ms * 3),
    };
    let size = size.max(1) as f32;
    let shown = size * 3.2 + (grace.ms as f32).min(size);
    let x = |ms: f32| inner.left() + inner.width() * (ms / shown);
    let rows = if matches!(window, Window::Hopping { .. } | Window::Sliding { .. }) { 3 } else { 1 };
    let height = (inner.height() - 18.0) / rows as f32;
    let fill = mix(tokens.good, tokens.window, 0.6);
    let painter = ui.painter().with_clip_rect(inner.expand2(vec2(4.0, 8.0)));
    let mut start = 0.0;
    let mut at = 0_usize;
    while start + size * 0.2 < size * 3.2 && at < 40 {
        let row = at % rows;
        let top = inner.top() + row as f32 * height;
        let end = (start + size).min(shown);
        let place = Rect::from_min_max(pos2(x(start) + 1.0, top + 1.0), pos2(x(end) - 1.0, top + height - 1.0));
        painter.rect_filled(place, 3.0, fill);
        if grace.ms > 0 && (rows == 1 || at < rows) && start + size < shown {
            let until = (start + size + grace.ms as f32).min(shown);
            let wait = Rect::from_min_max(pos2(x(end) + 1.0, top + 3.0), pos2(x(until), top + height - 3.0));
            painter.rect_stroke(wait, 2.0, Stroke::new(1.0, tokens.warning), StrokeKind::Inside);
        }
        start += step as f32;
        at += 1;
    }
    let foot = inner.with_min_y(inner.bottom() - 14.0);
    let first = match window {
        Window::Session { gap } => format!("ends {gap} after its last row"),
        Window::Tumbling { size } => format!("each {size}"),
        Window::Hopping { size, advance } => format!("each {size}, a new one every {advance}"),
        Window::Sliding { size } => format!("rows at most {size} apart"),
    };
    widgets::text_in(ui.painter(), foot, Align2::LEFT_CENTER, &first, font::small(), tokens.text_second);
    if grace.ms > 0 {
        let wait = format!("waits {grace}");
        widgets::text_in(ui.painter(), foot, Align2::RIGHT_CENTER, &wait, font::small(), tokens.warning);
    }
}

/// When the right row may come, around the left one.
pub(super) fn within_picture(ui: &mut Ui, within: Within, grace: Option<Span>) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 48.0), Sense::hover());
    let spoken = format!("The right row may come from {} before to {} after the left one", within.before, within.after);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, &spoken));
    ui.painter().rect_filled(rect, CornerRadius::same(5), tokens.window);
    let inner = rect.shrink2(vec2(16.0, 8.0));
    let grace = grace.unwrap_or_default().ms as f32;
    let (before, after) = (within.before.ms as f32, within.after.ms as f32);
    let all = (before + after + grace.min(before + after)).max(1.0) * 1.1;
    let zero = inner.left() + inner.width() * ((before / all) + 0.04);
    let x = |ms: f32| zero + inner.width() * 0.92 * (ms / all);
    let bar = Rect::from_min_max(
        pos2(x(-before), inner.top() + 4.0),
        pos2(x(after).max(x(-before) + 2.0), inner.top() + 16.0),
    );
    ui.painter().rect_filled(bar, 3.0, mix(tokens.value_bool, tokens.window, 0.55));
    if grace > 0.0 {
        let wait = Rect::from_min_max(
            bar.right_top() + vec2(1.0, 2.0),
            pos2(x(after + grace).min(inner.right()), bar.bottom() - 2.0),
        );
        ui.painter().rect_stroke(wait, 2.0, Stroke::new(1.0, tokens.warning), StrokeKind::Inside);
    }
    ui.painter().vline(zero, inner.top()..=inner.top() + 20.0, Stroke::new(1.5, tokens.text));
    let foot = inner.with_min_y(inner.bottom() - 12.0);
    widgets::text_in(
        ui.painter(),
        foot.with_min_x(zero - 10.0),
        Align2::LEFT_CENTER,
        "left row",
        font::small(),
        tokens.text_second,
    );
    let ends = format!("+{}", within.after);
    widgets::text_in(
        ui.painter(),
        foot.with_max_x(bar.right().max(zero + 90.0).min(inner.right())),
        Align2::RIGHT_CENTER,
        &ends,
        font::small(),
        tokens.text_second,
    );
}
