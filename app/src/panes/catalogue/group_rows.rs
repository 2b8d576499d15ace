//! Consumer groups: name, state, lag.

use egui::{Align2, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::log::ConsumerGroup;

use crate::figures;
use crate::theme::{font, icon, size, tokens, widgets};

/// Draws the head of the groups and says whether it was clicked.
pub fn head_ui(ui: &mut Ui, rect: Rect, groups: usize, shut: bool) -> bool {
    let line = rect.with_min_y(rect.bottom() - size::PANE_HEADER);
    let response = ui.allocate_rect(line, Sense::click());
    let tokens = tokens(ui);
    response.widget_info(|| WidgetInfo::selected(WidgetType::CollapsingHeader, true, !shut, "Groups"));
    let inner = line.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, "Groups", font::strong(), tokens.text_second);
    let count = figures::count(groups as u64);
    widgets::text_in(ui.painter(), inner, Align2::RIGHT_CENTER, &count, font::small(), tokens.text_second);
    let mark = Rect::from_center_size(pos2(inner.left() + 52.0, line.center().y), vec2(16.0, 16.0));
    if response.hovered() || shut {
        let shape = if shut { icon::Icon::Shut } else { icon::Icon::Open };
        icon::paint(ui.painter(), mark, shape, tokens.text_faint);
    }
    widgets::hairline_h(ui, line.x_range(), line.bottom() - 1.0);
    response.clicked()
}

/// Draws one group.
pub fn group_row_ui(ui: &mut Ui, rect: Rect, group: &ConsumerGroup) {
    let response = ui.allocate_rect(rect, Sense::hover());
    let lag: u64 = group.positions.iter().map(|(_, position)| position.lag()).sum();
    let fact = if group.error.is_some() { "?".to_owned() } else { figures::count(lag) };
    let spoken = format!("{} {} lag {fact}", group.name, group.state);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &spoken));
    let tokens = tokens(ui);
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hovered);
    }
    let dot = match group.state.as_str() {
        "Stable" => tokens.good,
        "Empty" => tokens.text_faint,
        "Dead" => tokens.error,
        _ => tokens.warning,
    };
    ui.painter().circle_filled(pos2(rect.left() + size::INSET + 4.0, rect.center().y), 3.5, dot);
    let inner = rect.with_min_x(rect.left() + 29.0).with_max_x(rect.right() - size::INSET);
    let color = if lag > 0 { tokens.warning } else { tokens.text_second };
    let galley = widgets::line(ui.painter(), &fact, font::small(), color, 90.0);
    let at = Align2::RIGHT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(at, galley, color);
    let name = inner.with_max_x(at.x - 8.0);
    widgets::text_in(ui.painter(), name, Align2::LEFT_CENTER, &group.name, font::body(), tokens.text);
    response.on_hover_ui(|ui| {
        ui.label(egui::RichText::new(&group.name).font(font::medium()));
        let members = figures::of(group.members as u64, "member");
        let known = group.error.as_ref().map(ToString::to_string);
        let lag = known.unwrap_or_else(|| format!("{fact} offsets behind"));
        widgets::caption(ui, format!("{} · {members} · {lag}", group.state.to_lowercase()));
    });
}
