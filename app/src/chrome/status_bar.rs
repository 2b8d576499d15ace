//! The bar at the foot: connection, coverage, jobs, the frame's time, memory.

use egui::{RichText, Ui};

use super::top_bar::status_mark;
use crate::panes::Context;
use crate::theme::{font, size, tokens};

/// Draws the bar.
pub fn status_bar_ui(ui: &mut Ui, context: &Context<'_>) {
    let tokens = tokens(ui);
    ui.horizontal_centered(|ui| {
        ui.add_space(size::INSET);
        let (dot, words) = status_mark(&context.state.log, tokens);
        let (rect, _) = ui.allocate_exact_size(egui::vec2(8.0, 8.0), egui::Sense::hover());
        ui.painter().circle_filled(rect.center(), 3.5, dot);
        ui.label(RichText::new(words).font(font::small()).color(tokens.text_second));
    });
}
