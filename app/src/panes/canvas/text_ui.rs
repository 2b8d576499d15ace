//! The pipeline as text beside its cards: the same thing, both ways.

use egui::{Rect, ScrollArea, TextEdit, Ui, vec2};

use crate::command::Command;
use crate::panes::Context;
use crate::theme::{font, widgets};

/// The text side.
#[derive(Debug, Clone)]
pub(super) struct TextSide {
    /// What is being written.
    draft: String,
    /// The text that was shown last.
    shown: Option<String>,
    /// Which stretch of writing it is: a stretch is from when the field gets the keyboard until it loses it.
    stretch: u64,
}

impl TextSide {
    pub(super) fn of(text: Option<&str>) -> Self {
        let draft = text.map_or_else(|| "version = 1\nname = \"\"\n".to_owned(), str::to_owned);
        Self { draft, shown: text.map(str::to_owned), stretch: 0 }
    }

    /// Shows another text when it has changed elsewhere.
    pub(super) fn follow(&mut self, text: Option<&str>) {
        if self.shown.as_deref() != text {
            *self = Self { stretch: self.stretch, ..Self::of(text) };
        }
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, rect: Rect, context: &Context<'_>) {
        let design = &context.state.design;
        let problems: Vec<String> = design.problems.iter().take(4).map(ToString::to_string).collect();
        let below = if problems.is_empty() { 0.0 } else { 8.0 + 30.0 * problems.len() as f32 };
        let edit = rect.with_max_y(rect.bottom() - below);
        ui.scope_builder(egui::UiBuilder::new().max_rect(edit), |ui| {
            ui.set_clip_rect(edit.intersect(ui.clip_rect()));
            ScrollArea::both().id_salt("pipeline text").auto_shrink(false).show(ui, |ui| {
                let field = TextEdit::multiline(&mut self.draft)
                    .font(egui::FontSelection::FontId(font::mono()))
                    .code_editor()
                    .frame(egui::Frame::NONE.inner_margin(egui::Margin::same(12)))
                    .desired_width(f32::INFINITY)
                    .min_size(edit.size() - vec2(16.0, 16.0));
                let response = ui.add(field);
                response
                    .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::TextEdit, true, "The pipeline's text"));
                if response.gained_focus() {
                    self.stretch = ui.input(|input| input.time.to_bits());
                }
                if response.changed() {
                    self.shown = Some(self.draft.clone());
                    context.send(Command::WritePipeline(self.draft.clone(), self.stretch));
                }
            });
        });
        let place = Rect::from_min_max(egui::pos2(rect.left() + 8.0, edit.bottom() + 4.0), rect.max - vec2(8.0, 4.0));
        ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| {
            for problem in &problems {
                widgets::error_line(ui, problem);
            }
        });
    }
}
