//! The find field of the top bar: a text or an expression over all chosen topics.

use egui::{Align2, FontSelection, TextEdit, Ui, vec2};

use super::Context;
use crate::command::Command;
use crate::theme::{font, tokens, widgets};

/// The find field of the top bar.
#[derive(Default)]
pub struct FindField {
    text: String,
    focus: bool,
}

impl FindField {
    /// Takes in results of the search under way.
    pub fn update(&mut self, _context: &Context<'_>) {}

    /// Hears a command that was sent, after the state has taken it.
    pub fn command(&mut self, command: &Command, _context: &Context<'_>) {
        match command {
            Command::Find => self.focus = true,
            Command::ClearSearch => self.text.clear(),
            _ => {}
        }
    }

    /// Draws the field in the space there is.
    pub fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let tokens = tokens(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), egui::Sense::hover());
        ui.painter().rect(
            rect,
            crate::theme::size::RADIUS,
            tokens.window,
            egui::Stroke::new(1.0, tokens.hairline),
            egui::StrokeKind::Inside,
        );
        let label = rect.shrink2(vec2(10.0, 0.0));
        widgets::text_in(ui.painter(), label, Align2::LEFT_CENTER, "Find", font::body(), tokens.text_faint);
        let mut field = ui.new_child(
            egui::UiBuilder::new()
                .max_rect(label.with_min_x(label.left() + 36.0))
                .layout(egui::Layout::left_to_right(egui::Align::Center)),
        );
        let edit = TextEdit::singleline(&mut self.text)
            .font(FontSelection::FontId(font::mono()))
            .frame(egui::Frame::NONE)
            .desired_width(f32::INFINITY);
        let response = field.add(edit);
        if std::mem::take(&mut self.focus) {
            response.request_focus();
        }
        if response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
            context.send(Command::Search(self.text.clone()));
        }
    }
}
