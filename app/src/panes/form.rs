//! Fields of the forms that stand in a pane: each with its name, which those who cannot see it hear.

use egui::text::{LayoutJob, TextFormat};
use egui::{FontSelection, Response, RichText, Stroke, TextEdit, Ui, vec2};
use fabula_core::expr::ExprError;

use crate::command::Command;
use crate::jobs::Job;
use crate::panes::Context;
use crate::theme::{font, size, tokens, widgets};

/// The name of a field, left of it.
pub(super) fn name(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(font::small()).color(tokens(ui).text_second));
}

/// A text in one line of some width; whether Enter was pressed in it.
pub(super) fn line(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32) -> bool {
    let response = ui.add(field(ui, text, hint, width));
    named(ui, &response, name);
    entered(ui, &response)
}

/// As [`line`]; puts the cursor into it where that is wanted.
pub(super) fn line_to_focus(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32, focus: bool) -> bool {
    let response = ui.add(field(ui, text, hint, width));
    named(ui, &response, name);
    if focus {
        response.request_focus();
    }
    entered(ui, &response)
}

/// As [`line`], for what nobody is to see.
pub(super) fn secret(ui: &mut Ui, name: &str, text: &mut String, width: f32) -> bool {
    let response = ui.add(field(ui, text, "", width).password(true));
    named(ui, &response, name);
    entered(ui, &response)
}

fn field<'t>(ui: &Ui, text: &'t mut String, hint: &str, width: f32) -> TextEdit<'t> {
    TextEdit::singleline(text)
        .font(FontSelection::FontId(font::mono()))
        .hint_text(RichText::new(hint).color(tokens(ui).text_faint))
        .margin(vec2(8.0, 4.0))
        .desired_width(width)
}

/// Says the name of a field to those who cannot see it.
pub(super) fn named(ui: &Ui, response: &Response, name: &str) {
    let name = name.to_owned();
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
}

fn entered(ui: &Ui, response: &Response) -> bool {
    response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}

/// One of a few words.
pub(super) fn choice<T: Copy + PartialEq>(ui: &mut Ui, chosen: &mut T, words: &[(T, &str)]) {
    for (value, word) in words {
        if widgets::bar_toggle(ui, word, chosen == value).clicked() {
            *chosen = *value;
        }
    }
}

/// How far work is, and the button that ends it.
pub(super) fn job_ui<T>(ui: &mut Ui, job: &Job<T>, context: &Context<'_>) {
    let progress = job.progress();
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(160.0, size::ROW), egui::Sense::hover());
        let bar = egui::Rect::from_center_size(rect.center(), vec2(rect.width(), 3.0));
        widgets::progress_bar(ui, bar, progress.share());
        if widgets::button(ui, "Cancel").clicked() {
            context.send(Command::CancelJob(progress.id()));
        }
    });
}

/// Names with commas between them.
pub(super) fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The condition once more with the wrong part marked, and what is wrong with it.
pub(super) fn mistake(ui: &mut Ui, error: &ExprError) {
    let tokens = tokens(ui);
    let plain = TextFormat::simple(font::mono(), tokens.text_second);
    let wrong = TextFormat { color: tokens.error, underline: Stroke::new(1.5, tokens.error), ..plain.clone() };
    let (from, to) = (error.at.start.min(error.text.len()), error.at.end.min(error.text.len()));
    let mut job = LayoutJob::default();
    job.append(&error.text[..from], 8.0, plain.clone());
    match &error.text[from..to] {
        // At a place where something is missing there is nothing to underline but the place.
        "" => job.append("␣", 0.0, wrong),
        part => job.append(part, 0.0, wrong),
    }
    job.append(&error.text[to..], 0.0, plain);
    ui.add(egui::Label::new(job).truncate());
    widgets::error_line(ui, &error.to_string());
}
