//! Settings: few, each shown in its own words, each at once in effect.

use egui::{RichText, Ui};

use super::dialog::title_ui;
use crate::command::Command;
use crate::panes::Context;
use crate::source::Depth;
use crate::theme::{Theme, font, tokens, widgets};
use crate::zone::Zone;

/// Draws the settings and says whether they are done with.
pub fn settings_ui(ui: &mut Ui, context: &Context<'_>) -> bool {
    let closed = title_ui(ui, "Settings");
    let state = context.state;
    setting(ui, "Look", "Dark or light", |ui| {
        choice(ui, context, "Dark", state.theme == Theme::Dark, Command::ToggleTheme);
        choice(ui, context, "Light", state.theme == Theme::Light, Command::ToggleTheme);
    });
    setting(ui, "Time", "The zone of every time in the window", |ui| {
        choice(ui, context, "UTC", state.clock.zone() == Zone::Utc, Command::ToggleZone);
        choice(ui, context, "Local", state.clock.zone() == Zone::Local, Command::ToggleZone);
    });
    setting(ui, "Size", "Everything larger or smaller", |ui| {
        if widgets::button(ui, "-").clicked() {
            context.send(Command::Scale(-1));
        }
        ui.label(RichText::new(format!("{} %", state.scale_percent)).font(font::body()));
        if widgets::button(ui, "+").clicked() {
            context.send(Command::Scale(1));
        }
    });
    setting(ui, "Internal topics", "__*, *-changelog and *-repartition", |ui| {
        choice(ui, context, "Hide", !state.internal_shown, Command::ToggleInternal);
        choice(ui, context, "List", state.internal_shown, Command::ToggleInternal);
    });
    setting(ui, "Read at first", "Offsets of a cluster's topic, from its end", |ui| {
        for depth in Depth::CHOICES {
            let on = state.first_read == depth;
            choice(ui, context, &depth.name(), on, Command::ReadAtFirst(depth));
        }
    });
    setting(ui, "Panes", "Where they were at first", |ui| {
        if widgets::button(ui, "Reset the layout").clicked() {
            context.send(Command::ResetLayout);
        }
    });
    closed
}

fn setting(ui: &mut Ui, name: &str, what: &str, control: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.set_width(210.0);
            ui.label(RichText::new(name).font(font::medium()).color(tokens(ui).text));
            widgets::caption(ui, what);
        });
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), control);
    });
    ui.add_space(10.0);
}

fn choice(ui: &mut Ui, context: &Context<'_>, text: &str, on: bool, turn: Command) {
    if widgets::bar_toggle(ui, text, on).clicked() && !on {
        context.send(turn);
    }
}
