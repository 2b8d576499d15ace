//! What is unusual, by kind: how often it was found.

use egui::{Align2, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::narrative::threads::diagnose::Kind;

use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::state::Tied;
use crate::theme::{font, size, tokens, widgets};

/// Draws the head of what is unusual; before anybody has looked for it, the link that does.
pub fn head_ui(ui: &mut Ui, rect: Rect, tied: Option<&Tied>, context: &Context<'_>) {
    let line = rect.with_min_y(rect.bottom() - size::PANE_HEADER);
    let color = tokens(ui).text_second;
    let inner = line.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, "Diagnoses", font::strong(), color);
    match tied {
        Some(tied) => {
            let count = figures::count(tied.diagnosed.findings.len() as u64);
            widgets::text_in(ui.painter(), inner, Align2::RIGHT_CENTER, &count, font::small(), color);
        }
        None => {
            let layout = egui::Layout::right_to_left(egui::Align::Center);
            let mut right = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout));
            let link = widgets::link(&mut right, "Look for what is unusual");
            if link.on_hover_text(Command::TieThreads.info().tooltip).clicked() {
                context.send(Command::ShowFindings(None));
            }
        }
    }
    widgets::hairline_h(ui, line.x_range(), line.bottom() - 1.0);
}

/// Draws a kind of finding with how many there are; a click lists them.
pub fn kind_row_ui(ui: &mut Ui, rect: Rect, (kind, count): (Kind, u64), context: &Context<'_>) {
    let response = ui.allocate_rect(rect, Sense::click());
    let fact = figures::count(count);
    let name = kind.title();
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Diagnosis {name} {fact}")));
    let tokens = tokens(ui);
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hovered);
    }
    let color = match kind {
        Kind::MissingStep | Kind::Died | Kind::DeadLettered | Kind::Undecodable => tokens.error,
        _ => tokens.warning,
    };
    ui.painter().circle_filled(pos2(rect.left() + size::INSET + 4.0, rect.center().y), 4.0, color);
    let inner = rect.with_min_x(rect.left() + 29.0).with_max_x(rect.right() - size::INSET);
    let galley = widgets::line(ui.painter(), &fact, font::small(), tokens.text_second, 90.0);
    let at = Align2::RIGHT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(at, galley, tokens.text_second);
    let cut = inner.with_max_x(at.x - 8.0);
    widgets::text_in(ui.painter(), cut, Align2::LEFT_CENTER, name, font::body(), tokens.text);
    if response.on_hover_text("List these findings").clicked() {
        context.send(Command::ShowFindings(Some(kind)));
    }
}
