//! How far apart two joined rows may be, as a small picture around the left one, in which it can be dragged.

use egui::{Align2, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::pipeline::{Span, Within};

use super::handle_ui::{self, Axis};
use crate::theme::{font, mix, tokens, widgets};

/// Draws when the right row may come, around the left one; says whether a length was changed for good.
pub(super) fn picture(ui: &mut Ui, within: &mut Within, grace: &mut Option<Span>) -> bool {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 56.0), Sense::hover());
    let spoken = format!("The right row may come from {} before to {} after the left one", within.before, within.after);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, &spoken));
    ui.painter().rect_filled(rect, CornerRadius::same(5), tokens.window);
    let inner = rect.shrink2(vec2(16.0, 10.0));
    let wait = grace.unwrap_or_default().ms as f64;
    let (before, after) = (within.before.ms as f64, within.after.ms as f64);
    let span = (before + after).max(1.0);
    let axis = Axis::held_from(ui, "within", inner, (span + wait.min(span)) * 1.2, before + span * 0.06);
    let bar = Rect::from_min_max(
        pos2(axis.x(-before), inner.top()),
        pos2(axis.x(after).max(axis.x(-before) + 2.0), inner.top() + 16.0),
    );
    ui.painter().rect_filled(bar, 3.0, mix(tokens.value_bool, tokens.window, 0.55));
    if wait > 0.0 {
        let end = pos2(axis.x(after + wait).min(inner.right()), bar.bottom() - 2.0);
        let waits = Rect::from_min_max(bar.right_top() + vec2(1.0, 2.0), end);
        ui.painter().rect_stroke(waits, 2.0, Stroke::new(1.0, tokens.warning), StrokeKind::Inside);
    }
    let zero = axis.x(0.0);
    ui.painter().vline(zero, inner.top() - 3.0..=inner.top() + 21.0, Stroke::new(1.5, tokens.text));
    let mut done = handle_ui::handle_left(ui, &axis, bar, "Earlier", &mut within.before);
    done |= handle_ui::handle(ui, &axis, bar, "Later", 0, &mut within.after, 0);
    if let Some(grace) = grace {
        done |= handle_ui::handle(ui, &axis, bar, "Join's grace", within.after.ms, grace, 0);
    }
    let foot = inner.with_min_y(inner.bottom() - 12.0);
    let left = foot.with_min_x((zero - 10.0).min(inner.right() - 60.0));
    widgets::text_in(ui.painter(), left, Align2::LEFT_CENTER, "left row", font::small(), tokens.text_second);
    let ends = format!("+{}", within.after);
    let right = foot.with_max_x(bar.right().max(zero + 90.0).min(inner.right()));
    widgets::text_in(ui.painter(), right, Align2::RIGHT_CENTER, &ends, font::small(), tokens.text_second);
    done
}
