//! A window of time: its kind, its lengths, and a small picture of what they mean, in which they can be dragged.

use egui::{Align2, CornerRadius, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::pipeline::{Span, Window};

use super::field::{self, Texts};
use super::handle_ui::{self, Axis};
use crate::theme::{font, mix, tokens, widgets};

/// Lengths that are often wanted.
pub(super) const LENGTHS: [(&str, i64); 6] =
    [("1m", 60_000), ("5m", 300_000), ("10m", 600_000), ("15m", 900_000), ("1h", 3_600_000), ("1d", 86_400_000)];
/// How long a window waits, as is often wanted.
const GRACES: [(&str, i64); 4] = [("0s", 0), ("10s", 10_000), ("30s", 30_000), ("1m", 60_000)];

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
        done |= picture(ui, window, grace);
        ui.add_space(4.0);
        done |= match window {
            Window::Tumbling { size } | Window::Sliding { size } => field::presets(ui, "Size", size, &LENGTHS),
            Window::Hopping { size, advance } => {
                let done = field::presets(ui, "Size", size, &LENGTHS);
                if done {
                    *advance = Span::of_ms((size.ms / 5).max(1));
                }
                done
            }
            Window::Session { gap } => field::presets(ui, "Gap", gap, &LENGTHS),
        };
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
        if let Some(grace) = grace {
            done |= field::presets(ui, "Grace", grace, &GRACES);
        }
    }
    done
}

/// The windows over time, to scale, with the time that they wait for late rows. What they are long can be dragged; says
/// whether a length was changed for good.
fn picture(ui: &mut Ui, window: &mut Window, grace: &mut Option<Span>) -> bool {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 80.0), Sense::hover());
    let wait = grace.unwrap_or_default();
    let spoken = format!("{} window, grace {wait}", window.name());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, &spoken));
    ui.painter().rect_filled(rect, CornerRadius::same(5), tokens.window);
    let inner = rect.shrink2(vec2(12.0, 10.0));
    let (size, step) = match *window {
        Window::Tumbling { size } => (size.ms, size.ms),
        Window::Hopping { size, advance } => (size.ms, advance.ms.max(1)),
        Window::Sliding { size } => (size.ms, (size.ms / 3).max(1)),
        Window::Session { gap } => (gap.ms * 2, gap.ms * 3),
    };
    let size = size.max(1) as f64;
    // While a length is held the scale stays as it was, or the handle would run away from the hand.
    let axis = Axis::held(ui, "window", inner, size * 3.2 + (wait.ms as f64).min(size));
    let rows = if matches!(window, Window::Hopping { .. } | Window::Sliding { .. }) { 3 } else { 1 };
    let height = (inner.height() - 18.0) / rows as f32;
    let fill = mix(tokens.good, tokens.window, 0.6);
    let painter = ui.painter().with_clip_rect(inner.expand2(vec2(4.0, 8.0)));
    let (mut start, mut at) = (0.0_f64, 0_usize);
    while start < axis.shown && at < 40 {
        let row = at % rows;
        let top = inner.top() + row as f32 * height;
        let place = Rect::from_min_max(
            pos2(axis.x(start) + 1.0, top + 1.0),
            pos2(axis.x((start + size).min(axis.shown)) - 1.0, top + height - 1.0),
        );
        painter.rect_filled(place, 3.0, fill);
        if wait.ms > 0 && start + size < axis.shown && (rows == 1 || at < rows) {
            let until = (start + size + wait.ms as f64).min(axis.shown);
            let waits = Rect::from_min_max(
                pos2(axis.x(start + size) + 1.0, top + 3.0),
                pos2(axis.x(until), top + height - 3.0),
            );
            let edge =
                [waits.left_top(), waits.right_top(), waits.right_bottom(), waits.left_bottom(), waits.left_top()];
            painter.extend(egui::Shape::dashed_line(&edge, Stroke::new(1.0, tokens.warning), 3.0, 2.0));
        }
        start += step as f64;
        at += 1;
    }
    let band = inner.with_max_y(inner.bottom() - 18.0);
    let done = handles_ui(ui, window, grace, &axis, band);
    let foot = inner.with_min_y(inner.bottom() - 14.0);
    let first = match window {
        Window::Session { gap } => format!("ends {gap} after its last row"),
        Window::Tumbling { size } => format!("each {size}"),
        Window::Hopping { size, advance } => format!("each {size}, a new one every {advance}"),
        Window::Sliding { size } => format!("rows at most {size} apart"),
    };
    widgets::text_in(ui.painter(), foot, Align2::LEFT_CENTER, &first, font::small(), tokens.text_second);
    if wait.ms > 0 {
        let wait = format!("waits {wait}");
        widgets::text_in(ui.painter(), foot, Align2::RIGHT_CENTER, &wait, font::small(), tokens.warning);
    }
    done
}

/// The handles at the ends of what a window is set to.
fn handles_ui(ui: &mut Ui, window: &mut Window, grace: &mut Option<Span>, axis: &Axis, band: Rect) -> bool {
    let mut done = false;
    let end = match window {
        Window::Tumbling { size } | Window::Sliding { size } => {
            done |= handle_ui::handle(ui, axis, band, "Size", 0, size, 1);
            size.ms
        }
        Window::Hopping { size, advance } => {
            done |= handle_ui::handle(ui, axis, band.with_max_y(band.top() + band.height() / 3.0), "Size", 0, size, 1);
            let second = band.with_min_y(band.top() + band.height() / 3.0);
            done |= handle_ui::handle(ui, axis, second, "Every", 0, advance, 1);
            advance.ms = advance.ms.min(size.ms);
            size.ms
        }
        Window::Session { gap } => {
            // Drawn is a session with rows over one gap, then the gap that ends it.
            done |= handle_ui::handle_of_two(ui, axis, band, "Gap", gap);
            gap.ms * 2
        }
    };
    if let Some(grace) = grace {
        done |= handle_ui::handle(ui, axis, band, "Grace", end, grace, 0);
    }
    done
}
