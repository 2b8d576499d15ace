//! Fields of a node's form. Each says whether a person is done with it, so that a setting is taken when it is whole, not
//! letter by letter.

use std::collections::BTreeMap;
use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{FontSelection, Response, RichText, Stroke, TextBuffer, TextEdit, Ui, vec2};
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

/// Where it is kept for the rest of a frame that Escape was pressed in a field.
const ABANDONED: &str = "a field of the node's form was abandoned";

/// Whether a person has left a field or pressed Enter in it. Escape leaves it too, and means nothing that was written.
pub(super) fn is_done(ui: &Ui, response: &Response) -> bool {
    let escaped = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Escape));
    if escaped {
        ui.data_mut(|data| data.insert_temp(egui::Id::new(ABANDONED), true));
    }
    response.lost_focus() && !escaped
}

/// Whether a field was abandoned in this frame.
pub(super) fn was_abandoned(ui: &Ui) -> bool {
    ui.data_mut(|data| data.remove_temp::<bool>(egui::Id::new(ABANDONED))).is_some()
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
/// are offered while it is written. With what is wrong with it: the part that is wrong is underlined, and told below.
pub(super) fn checked_expression(
    ui: &mut Ui,
    name: &str,
    text: &mut String,
    hint: &str,
    help: Help<'_>,
    (all, setting): (&[Problem], &str),
) -> bool {
    let done = underlined_expression(ui, name, text, hint, help, (all, setting));
    problems(ui, all, setting);
    done
}

/// An expression of which the part that is wrong is underlined; what is wrong is told elsewhere.
pub(super) fn underlined_expression(
    ui: &mut Ui,
    name: &str,
    text: &mut String,
    hint: &str,
    help: Help<'_>,
    (all, setting): (&[Problem], &str),
) -> bool {
    let wrong = all.iter().filter(|problem| concerns(problem, setting)).find_map(|problem| problem.within.clone());
    expression_with(ui, name, text, hint, help, wrong)
}

fn expression_with(
    ui: &mut Ui,
    name: &str,
    text: &mut String,
    hint: &str,
    help: Help<'_>,
    wrong: Option<Range<usize>>,
) -> bool {
    let id = ui.make_persistent_id(("expression", name));
    let take = complete_ui::keys(ui, id);
    // What is wrong is wrong with the text that was taken last; what is being written has not been looked at.
    let place = id.with("taken");
    if !ui.memory(|memory| memory.has_focus(id)) {
        ui.data_mut(|data| data.insert_temp(place, text.clone()));
    }
    let is_taken = ui.data(|data| data.get_temp::<String>(place)).as_ref() == Some(&*text);
    let wrong = wrong.filter(|wrong| is_taken && !wrong.is_empty() && text.get(wrong.clone()).is_some());
    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, width: f32| {
        let mut job = underlined(ui, text.as_str(), wrong.clone());
        job.wrap.max_width = width;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let edit = TextEdit::multiline(text)
        .id(id)
        .font(FontSelection::FontId(font::mono()))
        .hint_text(RichText::new(hint).color(tokens(ui).text_faint))
        .margin(vec2(8.0, 4.0))
        .desired_rows(1)
        .return_key(Some(egui::KeyboardShortcut::new(egui::Modifiers::SHIFT, egui::Key::Enter)))
        .layouter(&mut layouter)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    name_field(ui, &response, name);
    let completed = complete_ui::offers_ui(ui, id, response.rect, text, help, take);
    let entered =
        response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter) && !input.modifiers.shift);
    if entered {
        ui.data_mut(|data| data.insert_temp(place, text.clone()));
    }
    entered || (is_done(ui, &response) && !completed)
}

/// A text of which a part is underlined.
fn underlined(ui: &Ui, text: &str, part: Option<Range<usize>>) -> LayoutJob {
    let tokens = tokens(ui);
    let plain = TextFormat { font_id: font::mono(), color: tokens.text, ..TextFormat::default() };
    let wrong = TextFormat { underline: Stroke::new(1.5, tokens.error), ..plain.clone() };
    let part = part.filter(|part| text.get(part.clone()).is_some()).unwrap_or(text.len()..text.len());
    let mut job = LayoutJob::default();
    for (text, format) in [(&text[..part.start], &plain), (&text[part.clone()], &wrong), (&text[part.end..], &plain)] {
        if !text.is_empty() {
            job.append(text, 0.0, format.clone());
        }
    }
    if text.is_empty() {
        job.append("", 0.0, plain);
    }
    job
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
    (all, setting): (&[Problem], &str),
) -> bool {
    let mut done = false;
    let mut gone = None;
    for (at, text) in list.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            let room = ui.available_width() - 24.0;
            ui.scope(|ui| {
                ui.set_width(room);
                let of = format!("{setting}[{at}]");
                done |= underlined_expression(ui, &format!("{name} {}", at + 1), text, hint, help, (all, &of));
            });
            if widgets::icon_button(ui, crate::theme::icon::Icon::Close, &format!("Remove {name} {}", at + 1)).clicked()
            {
                gone = Some(at);
            }
        });
        problems(ui, all, &format!("{setting}[{at}]"));
    }
    problems_of_all(ui, all, setting);
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

/// What is wrong with a setting as a whole, not with one of its entries.
pub(super) fn problems_of_all(ui: &mut Ui, all: &[Problem], setting: &str) {
    let whole: Vec<Problem> =
        all.iter().filter(|problem| problem.setting.as_deref() == Some(setting)).cloned().collect();
    problems(ui, &whole, setting);
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
