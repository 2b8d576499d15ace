//! Fields of a node's form. Each says whether a person is done with it, so that a setting is taken when it is whole, not
//! letter by letter.

use std::collections::BTreeMap;

use egui::{FontSelection, Response, RichText, TextEdit, Ui, vec2};
use fabula_core::pipeline::{Problem, Span};

use super::complete_ui::{self, Help};
use super::pick::{self, Offer};
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
    line_with(ui, name, text, hint, false)
}

/// A text in one line, which gets the keyboard where that is asked for.
pub(super) fn line_with(ui: &mut Ui, name: &str, text: &mut String, hint: &str, focus: bool) -> bool {
    let edit = TextEdit::singleline(text)
        .font(FontSelection::FontId(font::mono()))
        .hint_text(RichText::new(hint).color(tokens(ui).text_faint))
        .margin(vec2(8.0, 4.0))
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    name_field(ui, &response, name);
    if focus {
        response.request_focus();
    }
    is_done(ui, &response)
}

/// An expression, which may take several lines; Enter is done with it, Shift+Enter begins another line. Columns and functions
/// are offered while it is written.
pub(super) fn expression(ui: &mut Ui, name: &str, text: &mut String, hint: &str, help: Help<'_>) -> bool {
    let id = ui.make_persistent_id(("expression", name));
    let take = complete_ui::keys(ui, id);
    let edit = TextEdit::multiline(text)
        .id(id)
        .font(FontSelection::FontId(font::mono()))
        .hint_text(RichText::new(hint).color(tokens(ui).text_faint))
        .margin(vec2(8.0, 4.0))
        .desired_rows(1)
        .return_key(Some(egui::KeyboardShortcut::new(egui::Modifiers::SHIFT, egui::Key::Enter)))
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    name_field(ui, &response, name);
    let completed = complete_ui::offers_ui(ui, id, response.rect, text, help, take);
    let entered =
        response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter) && !input.modifiers.shift);
    entered || (is_done(ui, &response) && !completed)
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

/// Expressions, one a line, with one more to add from those that are offered.
pub(super) fn expressions(
    ui: &mut Ui,
    name: &str,
    list: &mut Vec<String>,
    hint: &str,
    offers: &[Offer],
    help: Help<'_>,
) -> bool {
    let mut done = false;
    let mut gone = None;
    for (at, text) in list.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            let room = ui.available_width() - 24.0;
            ui.scope(|ui| {
                ui.set_width(room);
                done |= expression(ui, &format!("{name} {}", at + 1), text, hint, help);
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
    let words = format!("Add {name}");
    let free: Vec<Offer> = offers.iter().filter(|offer| !list.contains(&offer.text)).cloned().collect();
    if free.is_empty() {
        if widgets::link(ui, &words).clicked() {
            list.push(hint.to_owned());
            done = true;
        }
    } else if let Some(picked) = pick::add(ui, &words, &free) {
        list.push(picked);
        done = true;
    }
    done
}

/// Lengths of time that are often wanted, each a click.
pub(super) fn presets(ui: &mut Ui, name: &str, span: &mut Span, lengths: &[(&str, i64)]) -> bool {
    let mut done = false;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for (word, ms) in lengths {
            let response = widgets::bar_toggle(ui, word, span.ms == *ms);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(format!("{name} {word}")));
            if response.clicked() && span.ms != *ms {
                *span = Span::of_ms(*ms);
                done = true;
            }
        }
    });
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
