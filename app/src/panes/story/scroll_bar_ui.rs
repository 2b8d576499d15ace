//! Paints the bar of a list that is scrolled by rank.

use egui::{CornerRadius, Rangef, Rect, Sense, Ui, WidgetInfo, WidgetType};

use super::scroll::{Extent, ROW, Scroll};
use crate::theme::tokens;

/// The room that the scroll bar takes.
pub(in crate::panes) const BAR: f32 = 10.0;

/// The scroll bar: its thumb stands for what is on the screen, and never gets too small to be held. Gives the place that it
/// was moved to.
pub(in crate::panes) fn scroll_bar_ui(
    ui: &mut Ui,
    name: &str,
    rect: Rect,
    scroll: Scroll,
    extent: Extent,
) -> Option<Scroll> {
    const LEAST: f32 = 28.0;
    let rows = extent.rows as f64 * f64::from(ROW);
    if rows <= f64::from(rect.height()) {
        return None;
    }
    let tokens = tokens(ui);
    let response = ui.interact(rect, ui.id().with("scroll bar"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::ScrollBar, true, name));
    let thumb = (f64::from(rect.height()) / rows * f64::from(rect.height())).max(f64::from(LEAST)) as f32;
    let way = rect.height() - thumb;
    let held = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked());
    let moved = held.map(|pointer| {
        let share = f64::from((pointer.y - rect.top() - thumb / 2.0) / way.max(1.0));
        Scroll::at_share(share, extent)
    });
    let scroll = moved.unwrap_or(scroll);
    let top = rect.top() + (scroll.share(extent) * f64::from(way)) as f32;
    let held = response.hovered() || response.dragged();
    let width = if held { 6.0 } else { 4.0 };
    let x = Rangef::new(rect.right() - 2.0 - width, rect.right() - 2.0);
    let color = if held { tokens.text_faint } else { tokens.outline };
    let thumb = Rect::from_x_y_ranges(x, Rangef::new(top + 1.0, top + thumb - 1.0));
    ui.painter().rect_filled(thumb, CornerRadius::same(3), color);
    moved
}
