//! Fields of a node's form. Each says whether a person is done with it, so that a setting is taken when it is whole, not
//! letter by letter.

use std::collections::BTreeMap;

use egui::{FontSelection, Response, RichText, TextEdit, Ui, vec2};
use fabula_core::pipeline::{Problem, Span};

use crate::theme::{font, size, tokens, widgets};

/// Texts that are being written and are no setting yet: by what they stand for.
pub(super) type Texts = BTreeMap<String, String>;

/// The heading of a setting.
pub(super) fn label(ui: &mut Ui, text: &str) {
    ui.add_space(size::GRID * 2.0);
    ui.label(RichText::new(text).font(font::strong()).color(tokens(ui).text_second));
    ui.add_space(2.0);
}

/// Whether a person has left a field or pressed Enter in it.
fn is_done(ui: &Ui, response: &Response) -> bool {
    response.lost_focus() && !ui.input(|input| input.key_pressed(egui::Key::Escape))
}

/// A text in one line.
pub(super) fn line(ui: &mut Ui, name: &str, text: &mut String, hint: &str) -> bool {
    let edit = TextEdit::singleline(text)
        .font(FontSelection::FontId(font::mono()))
        .hint_text(RichText::new(hint).color(tokens(ui).text_faint))
        .margin(vec2(8.0, 4.0))
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    name_field(ui, &response, name);
    is_done(ui, &response)
}

/// An expression, which may take several lines; Enter is done with it, Shift+Enter begins another line.
pub(super) fn expression(ui: &mut Ui, name: &str, text: &mut String, hint: &str) -> bool {
    let edit = TextEdit::multiline(text)
        .font(FontSelection::FontId(font::mono()))
        .hint_text(RichText::new(hint).color(tokens(ui).text_faint))
        .margin(vec2(8.0, 4.0))
        .desired_rows(1)
        .return_key(Some(egui::KeyboardShortcut::new(egui::Modifiers::SHIFT, egui::Key::Enter)))
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    name_field(ui, &response, name);
    let entered =
        response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter) && !input.modifiers.shift);
    entered || is_done(ui, &response)
}

fn name_field(ui: &Ui, response: &Response, name: &str) {
    let name = name.to_owned();
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
}

/// A length of time; one that can't be read is said below and not taken.
pub(super) fn span(ui: &mut Ui, texts: &mut Texts, name: &str, span: &mut Span) -> bool {
    let mut text = texts.get(name).cloned().unwrap_or_else(|| span.to_string());
    let edit = TextEdit::singleline(&mut text)
        .font(FontSelection::FontId(font::mono()))
        .margin(vec2(8.0, 4.0))
        .desired_width(72.0);
    let response = ui.add(edit);
    name_field(ui, &response, name);
    if response.changed() {
        texts.insert(name.to_owned(), text.clone());
    }
    let Some(written) = texts.get(name) else { return false };
    match written.parse::<Span>() {
        Ok(read) => {
            if is_done(ui, &response) {
                texts.remove(name);
                *span = read;
                return true;
            }
        }
        Err(error) if !response.has_focus() => {
            widgets::error_line(ui, &error.to_string());
        }
        Err(_) => {}
    }
    false
}

/// A length of time that need not be said.
pub(super) fn optional_span(ui: &mut Ui, texts: &mut Texts, name: &str, given: &mut Option<Span>, first: Span) -> bool {
    let mut is_given = given.is_some();
    let mut done = false;
    if ui.checkbox(&mut is_given, name).changed() {
        *given = is_given.then_some(first);
        done = true;
    }
    if let Some(given) = given {
        done |= span(ui, texts, name, given);
    }
    done
}

/// One of a few words.
pub(super) fn choice<T: Copy + PartialEq>(ui: &mut Ui, chosen: &mut T, words: &[(T, &str)]) -> bool {
    let mut done = false;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for (value, word) in words {
            if widgets::bar_toggle(ui, word, chosen == value).clicked() && chosen != value {
                *chosen = *value;
                done = true;
            }
        }
    });
    done
}

/// Expressions, one a line, with one more to add.
pub(super) fn expressions(ui: &mut Ui, name: &str, list: &mut Vec<String>, hint: &str) -> bool {
    let mut done = false;
    let mut gone = None;
    for (at, text) in list.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            let room = ui.available_width() - 24.0;
            ui.scope(|ui| {
                ui.set_width(room);
                done |= expression(ui, &format!("{name} {}", at + 1), text, hint);
            });
            if widgets::icon_button(ui, crate::theme::icon::Icon::Close, &format!("Remove {name} {}", at + 1)).clicked()
            {
                gone = Some(at);
            }
        });
    }
    if let Some(at) = gone {
        list.remove(at);
        done = true;
    }
    if widgets::link(ui, &format!("Add {name}")).clicked() {
        list.push(hint.to_owned());
        done = true;
    }
    done
}

/// What is wrong with a setting, below it.
pub(super) fn problems(ui: &mut Ui, problems: &[Problem], setting: &str) {
    for problem in problems.iter().filter(|problem| concerns(problem, setting)) {
        let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        widgets::error_line(ui, &format!("{}{hint}", problem.message));
    }
}

/// Whether a problem is about a setting or a part of it: `on[0]` is a part of `on`.
pub(super) fn concerns(problem: &Problem, setting: &str) -> bool {
    problem
        .setting
        .as_deref()
        .is_some_and(|of| of.strip_prefix(setting).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])))
}
