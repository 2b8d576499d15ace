//! A filter's condition: a field, how it is compared and with what, each to be chosen; and the condition as it is written.

use egui::{TextEdit, Ui, vec2};
use fabula_core::pipeline::Problem;

use super::complete_ui::Help;
use super::condition::{Compare, Condition, as_literal, as_read};
use super::field;
use super::pick::{self, Offer};
use crate::panes::{Context, canvas};
use crate::state::Name;
use crate::theme::font;

/// Draws the condition; says whether it was changed for good. A filter that still has the name that it was given at first is
/// called by the value that is chosen.
pub(super) fn condition_ui(
    ui: &mut Ui,
    (name, condition): (&mut String, &mut String),
    names: &[Name],
    problems: &[Problem],
    context: &Context<'_>,
) -> bool {
    let mut done = false;
    if let Some(mut parts) = Condition::of(condition, names) {
        let before = parts.clone();
        parts_ui(ui, &mut parts, names);
        if parts != before {
            *condition = parts.text();
            let own = canvas::stem_of_type(&before.value);
            let given = |name: &str, stem: &str| {
                let rest = name.strip_prefix(stem).map(|rest| rest.trim_start_matches('_'));
                !stem.is_empty() && rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
            };
            let stem = canvas::stem_of_type(&parts.value);
            let telling = parts.compare == Compare::Is && stem.chars().all(|c| c.is_alphanumeric() || c == '_');
            if telling && !stem.is_empty() && (given(name, "some") || given(name, &own)) {
                *name = canvas::free_name(&context.state.design.pipeline, &stem);
            }
            done = true;
        }
        ui.add_space(4.0);
    } else if !names.is_empty() {
        // What is more than a comparison is written; one of a field can take its place.
        if let Some(field) = pick::add(ui, "Choose a field", &Offer::of_names(names)) {
            *condition = start(&field, names).text();
            done = true;
        }
    }
    let help = Help { names, aggregates: false };
    done |= field::checked_expression(ui, "Where", condition, "value.amount > 100", help, (problems, "where"));
    done
}

/// A first comparison of a field: with its most frequent value, if it has few.
fn start(field: &str, names: &[Name]) -> Condition {
    let value = names.iter().find(|name| name.text == field).and_then(|name| name.examples.first());
    match value {
        Some(value) => Condition { field: field.to_owned(), compare: Compare::Is, value: value.clone() },
        None => Condition { field: field.to_owned(), compare: Compare::NotNull, value: String::new() },
    }
}

fn parts_ui(ui: &mut Ui, parts: &mut Condition, names: &[Name]) {
    let width = ui.available_width();
    if let Some(field) = pick::pick(ui, "Field", &parts.field, width, &Offer::of_names(names))
        && field != parts.field
    {
        *parts = start(&field, names);
        return;
    }
    ui.horizontal(|ui| {
        let words: Vec<Offer> = Compare::ALL.iter().map(|compare| Offer::new(compare.words(), "")).collect();
        if let Some(picked) = pick::pick(ui, "Comparison", parts.compare.words(), width * 0.34, &words)
            && let Some(compare) = Compare::ALL.into_iter().find(|compare| compare.words() == picked)
        {
            parts.compare = compare;
            if compare.takes_value() && parts.value.is_empty() {
                let first = names.iter().find(|name| name.text == parts.field).and_then(|name| name.examples.first());
                parts.value = first.cloned().unwrap_or_else(|| "''".to_owned());
            }
        }
        if parts.compare.takes_value() {
            value_ui(ui, parts, names);
        }
    });
}

fn value_ui(ui: &mut Ui, parts: &mut Condition, names: &[Name]) {
    let of = names.iter().find(|name| name.text == parts.field);
    let examples = of.map(|name| name.examples.clone()).unwrap_or_default();
    if !examples.is_empty() && (examples.contains(&parts.value) || parts.value == "''") {
        let offers: Vec<Offer> = examples.iter().map(|value| Offer::new(as_read(value), "")).collect();
        let shown = as_read(&parts.value);
        if let Some(picked) = pick::pick(ui, "Value", &shown, ui.available_width(), &offers) {
            let literal = examples.iter().find(|value| as_read(value) == picked);
            parts.value = literal.cloned().unwrap_or_else(|| as_literal(&picked, of));
        }
        return;
    }
    // A value that events were not seen to have is written; it is taken when the field is left.
    let id = ui.make_persistent_id(("value of", &parts.field));
    let kept: Option<String> = ui.data_mut(|data| data.get_temp(id));
    let mut written = kept.clone().unwrap_or_else(|| as_read(&parts.value));
    let edit = TextEdit::singleline(&mut written)
        .font(egui::FontSelection::FontId(font::mono()))
        .margin(vec2(8.0, 4.0))
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Value"));
    if response.lost_focus() {
        ui.data_mut(|data| data.remove::<String>(id));
        // What nobody wrote is left as it was; Escape thinks better of it.
        let escaped = ui.input(|input| input.key_pressed(egui::Key::Escape));
        if !escaped && written != as_read(&parts.value) {
            parts.value = as_literal(&written, of);
        }
    } else if response.changed() {
        ui.data_mut(|data| data.insert_temp(id, written));
    }
}
