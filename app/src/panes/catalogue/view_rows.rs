//! The views of the pipeline on the canvas: name, rows.

use egui::{Align2, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::command::Command;
use crate::figures;
use crate::panes::{Context, PaneKind};
use crate::theme::{font, size, tokens, widgets};

/// Draws the head of the views.
pub fn head_ui(ui: &mut Ui, rect: Rect, views: usize) {
    let line = rect.with_min_y(rect.bottom() - size::PANE_HEADER);
    let color = tokens(ui).text_second;
    let inner = line.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, "Views", font::strong(), color);
    let count = figures::count(views as u64);
    widgets::text_in(ui.painter(), inner, Align2::RIGHT_CENTER, &count, font::small(), color);
    widgets::hairline_h(ui, line.x_range(), line.bottom() - 1.0);
}

/// Draws one view with how many rows it has, once that is known; a click shows it.
pub fn view_row_ui(ui: &mut Ui, rect: Rect, name: &str, context: &Context<'_>) {
    let response = ui.allocate_rect(rect, Sense::click());
    let (design, outcome) = (&context.state.design, context.state.outcome.as_ref());
    let outcome = outcome.filter(|outcome| outcome.version == design.version);
    let failed = design.problems_of(name).next().is_some();
    let rows = outcome.and_then(|outcome| outcome.views.get(name)).map(|rows| rows.count);
    let fact = rows.map_or_else(String::new, figures::count);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("View {name} {fact}")));
    let tokens = tokens(ui);
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hovered);
    }
    let color = if failed { tokens.error } else { tokens.accent };
    widgets::chip(ui.painter(), tokens, pos2(rect.left() + size::INSET + 4.0, rect.center().y), color, false);
    let inner = rect.with_min_x(rect.left() + 29.0).with_max_x(rect.right() - size::INSET);
    let galley = widgets::line(ui.painter(), &fact, font::small(), tokens.text_second, 90.0);
    let at = Align2::RIGHT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(at, galley, tokens.text_second);
    let cut = inner.with_max_x(at.x - 8.0);
    widgets::text_in(ui.painter(), cut, Align2::LEFT_CENTER, name, font::body(), tokens.text);
    if response.on_hover_text("Show this view's rows").clicked() {
        context.send(Command::ChooseNode(Some(name.to_owned())));
        context.send(Command::ShowPane(PaneKind::View));
    }
}
