//! The bar at the top: name, connection, find, and the few switches that are used all day.

use egui::containers::menu::MenuButton;
use egui::{Align, Button, Layout, RichText, Ui, vec2};

use fabula_core::log::{Isolation, Origin};

use super::menu;
use crate::command::{Category, Command};
use crate::panes::{Context, FindField};
use crate::state::{LogState, LogStatus};
use crate::theme::{Tokens, font, size, tokens, widgets};
use crate::zone::Zone;

/// Draws the bar.
pub fn top_bar_ui(ui: &mut Ui, context: &Context<'_>, find: &mut FindField) {
    let tokens = tokens(ui);
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.add_space(size::INSET);
        name_ui(ui, context, tokens);
        connection_ui(ui, context, tokens);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(size::INSET);
            switch(ui, context, "Ctrl K", Command::ShowPalette, false);
            let local = context.state.clock.zone() == Zone::Local;
            switch(ui, context, &context.state.clock.name(), Command::ToggleZone, local);
            switch(ui, context, "Follow", Command::ToggleFollow, context.state.follow);
            ui.add_space(4.0);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| find.ui(ui, context));
        });
    });
}

/// The program's name, which is also the menu of everything.
fn name_ui(ui: &mut Ui, context: &Context<'_>, tokens: &Tokens) {
    let name = RichText::new("Fabula").font(font::title()).size(14.0).color(tokens.text);
    let button = Button::new(name).frame_when_inactive(false).stroke(egui::Stroke::NONE).min_size(vec2(0.0, 24.0));
    // The name's letters, not the button around them, stand at the inset.
    ui.add_space(-ui.spacing().button_padding.x);
    MenuButton::from_button(button).ui(ui, |ui| menu::window_menu_ui(ui, context));
}

fn switch(ui: &mut Ui, context: &Context<'_>, text: &str, command: Command, on: bool) {
    let info = command.info();
    let response = widgets::bar_toggle(ui, text, on);
    let keys = command.keys().map(|keys| format!("  {keys}")).unwrap_or_default();
    if response.on_hover_text(format!("{}{keys}", info.tooltip)).clicked() {
        context.send(command);
    }
}

/// The chip that says which log is open and how it is; its menu opens another.
fn connection_ui(ui: &mut Ui, context: &Context<'_>, tokens: &Tokens) {
    let log = &context.state.log;
    let (dot, _) = status_mark(log, tokens);
    let mut text = egui::text::LayoutJob::default();
    let name = if log.name.is_empty() { "No log" } else { &log.name };
    text.append(name, 14.0, egui::TextFormat::simple(font::medium(), tokens.text));
    if log.production {
        text.append("production", 6.0, egui::TextFormat::simple(font::medium(), tokens.error));
    }
    if log.read_only {
        text.append("read-only", 6.0, egui::TextFormat::simple(font::medium(), tokens.text_faint));
    }
    text.wrap = egui::text::TextWrapping::truncate_at_width(260.0);
    let button = Button::new(text).stroke(egui::Stroke::NONE).min_size(vec2(0.0, 24.0));
    let opened = MenuButton::from_button(button).ui(ui, |ui| menu::category_menu_ui(ui, context, Category::Log));
    let response = opened.0;
    let at = egui::pos2(response.rect.left() + 13.0, response.rect.center().y);
    ui.painter().circle_filled(at, 3.5, dot);
}

/// The band that a production connection wears.
pub fn production_band_ui(ui: &mut Ui) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), egui::Sense::hover());
    ui.painter().rect_filled(rect, 0.0, tokens(ui).error);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, "Production"));
    response.on_hover_text("This is a production connection");
}

/// The colour and the words for the state of a log.
pub fn status_mark(log: &LogState, tokens: &Tokens) -> (egui::Color32, String) {
    match &log.status {
        LogStatus::Closed => (tokens.text_faint, "no log".to_owned()),
        LogStatus::Opening => (tokens.warning, "opening".to_owned()),
        LogStatus::Up => {
            let words = match &log.origin {
                Some(Origin::Recording { .. } | Origin::Import { .. }) => "recording open",
                Some(Origin::Sample { .. }) => "sample open",
                Some(Origin::Kafka { isolation: Isolation::ReadUncommitted, .. }) => "connected · read_uncommitted",
                Some(Origin::Kafka { .. }) | None => "connected",
            };
            (tokens.good, words.to_owned())
        }
        LogStatus::Reconnecting(why) => (tokens.warning, format!("reconnecting: {why}")),
        LogStatus::Failed(error) => (tokens.error, error.to_string()),
    }
}
