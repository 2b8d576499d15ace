//! Paints the lines of a value's tree.

use egui::{
    Align2, Color32, CornerRadius, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2,
};
use fabula_core::codec::{Value, json};
use fabula_core::narrative::threads::{Field, FieldUse};

use super::tree::{NodePath, Tree, TreeRow, child_count, field_path, label, node};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::panes::canvas::Dragged;
use crate::state::{Column, ties};
use crate::theme::icon::{self, Icon};
use crate::theme::{Tokens, font, size, tokens, widgets};

/// How far children stand in from their parent.
const INDENT: f32 = 14.0;
/// More of a text than fits any pane.
const LONGEST: usize = 600;

/// Paints one line and takes what is done to it.
pub(super) fn tree_row_ui(ui: &mut Ui, tree: &mut Tree, root: &Value, nth: usize, rect: Rect, context: &Context<'_>) {
    let Some(row) = tree.rows().get(nth).cloned() else { return };
    let response = ui.interact(rect, ui.id().with(("node", nth)), Sense::click_and_drag());
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens(ui).hovered);
    }
    match row {
        TreeRow::More { parent, hidden } => {
            let left = rect.left() + size::INSET + INDENT * (parent.len() as f32 + 1.0);
            let text = format!("{} more, show the next", figures::count(hidden as u64));
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &text));
            let color = tokens(ui).accent;
            widgets::text_in(ui.painter(), rect.with_min_x(left), Align2::LEFT_CENTER, &text, font::small(), color);
            if response.clicked() {
                tree.show_more(root, &parent);
            }
        }
        TreeRow::Node { path, open } => {
            let Some(value) = node(root, &path) else { return };
            node_ui(ui, root, value, &path, open, rect, &response);
            if response.clicked() && open.is_some() {
                tree.toggle(root, &path);
            }
            let topic = context.state.selection.as_ref().map(|selection| selection.coordinates.topic.clone());
            Dragged::Field(topic, field_name(root, &path)).begin(&response, context);
            menu(&response, root, value, &path, context);
        }
    }
}

fn node_ui(ui: &Ui, root: &Value, value: &Value, path: &NodePath, open: Option<bool>, rect: Rect, response: &Response) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let left = rect.left() + size::INSET + INDENT * (path.len().max(1) as f32 - 1.0);
    if let Some(open) = open {
        let mark = Rect::from_center_size(pos2(left + 4.0, rect.center().y), vec2(12.0, 12.0));
        icon::paint(painter, mark, if open { Icon::Open } else { Icon::Shut }, tokens.text_faint);
    }
    let name = label(root, path);
    let mut x = left + 14.0;
    let end = rect.right() - size::INSET;
    if !path.is_empty() {
        // A name never takes more than half: the value is what is looked for.
        let galley = widgets::line(painter, &name, font::mono(), tokens.text_second, ((end - x) * 0.5).max(40.0));
        let at = pos2(x, rect.center().y - galley.size().y / 2.0);
        x += galley.size().x.max(names_beside(ui, root, path)) + 10.0;
        painter.galley(at, galley, tokens.text_second);
    }
    let place = Rect::from_min_max(pos2(x, rect.top()), pos2(end, rect.bottom()));
    let spoken = match (value, open) {
        (Value::Null, _) => {
            chip(ui, tokens, place, "null");
            "null".to_owned()
        }
        (Value::Array(_) | Value::Object(_), Some(true)) => {
            widgets::text_in(painter, place, Align2::LEFT_CENTER, &size_of(value), font::small(), tokens.text_faint);
            size_of(value)
        }
        (value, _) => {
            let (text, color) = written(value, tokens);
            widgets::text_in(painter, place, Align2::LEFT_CENTER, &text, font::mono(), color);
            text
        }
    };
    response.widget_info(|| {
        let label = format!("{name} {spoken}");
        match open {
            Some(open) => WidgetInfo::selected(WidgetType::CollapsingHeader, true, open, label),
            None => WidgetInfo::labeled(WidgetType::Label, true, label),
        }
    });
}

/// The width of the names beside a node, so that the values of one object stand below each other.
fn names_beside(ui: &Ui, root: &Value, path: &[u32]) -> f32 {
    match path.split_last().and_then(|(_, parent)| node(root, parent)) {
        Some(Value::Object(fields)) => column_of_names(ui, fields.iter().take(60).map(|(name, _)| name.as_str())),
        _ => 0.0,
    }
}

/// The width of a column of names in mono: of the longest, but for those that are too long for a column.
pub(super) fn column_of_names<'n>(ui: &Ui, names: impl Iterator<Item = &'n str>) -> f32 {
    const LONGEST_NAME: usize = 18;
    let longest = names.map(|name| name.chars().count()).filter(|chars| *chars <= LONGEST_NAME).max().unwrap_or(0);
    let advance = ui.fonts_mut(|fonts| fonts.glyph_width(&font::mono(), '0'));
    longest as f32 * advance
}

/// How many fields or items, in words.
pub(super) fn size_of(value: &Value) -> String {
    let count = child_count(value) as u64;
    match value {
        Value::Object(_) => figures::of(count, "field"),
        _ => figures::of(count, "item"),
    }
}

/// A value on one line, in the colour of its type. Text stands in quotes, so that `"1"` is not taken for `1`.
fn written(value: &Value, tokens: &Tokens) -> (String, Color32) {
    match value {
        Value::Null => ("null".to_owned(), tokens.text_faint),
        Value::Bool(truth) => (truth.to_string(), tokens.value_bool),
        Value::Int(number) => (number.to_string(), tokens.value_number),
        Value::Number(number) => (cut(number.text()), tokens.value_number),
        Value::Float(_) => (value.cell().to_string(), tokens.value_number),
        Value::String(text) => (json::compact(&Value::String(cut(text))), tokens.value_text),
        Value::Bytes(bytes) => (format!("{} · {}", figures::bytes(bytes.len() as u64), hex(bytes)), tokens.text_second),
        Value::Array(items) if items.is_empty() => ("[ ]".to_owned(), tokens.text_faint),
        Value::Object(fields) if fields.is_empty() => ("{ }".to_owned(), tokens.text_faint),
        Value::Array(_) => (format!("[…] {}", size_of(value)), tokens.text_faint),
        Value::Object(_) => (format!("{{…}} {}", size_of(value)), tokens.text_faint),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(64)];
    shown.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// A word in a frame, for what is no text.
pub(super) fn chip(ui: &Ui, tokens: &Tokens, place: Rect, word: &str) {
    let galley = ui.painter().layout_no_wrap(word.to_owned(), font::mono_small(), tokens.text_second);
    let frame = Rect::from_min_size(pos2(place.left(), place.center().y - 8.0), vec2(galley.size().x + 10.0, 16.0));
    ui.painter().rect_stroke(frame, CornerRadius::same(3), Stroke::new(1.0, tokens.outline), StrokeKind::Inside);
    let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), frame).min;
    ui.painter().galley(at, galley, tokens.text_second);
}

/// A field of the value, as an expression writes it.
fn field_name(root: &Value, path: &NodePath) -> String {
    let inside = field_path(root, path).to_string();
    match inside.as_str() {
        "" => "value".to_owned(),
        indexed if indexed.starts_with('[') => format!("value{indexed}"),
        named => format!("value.{named}"),
    }
}

fn menu(response: &Response, root: &Value, value: &Value, path: &NodePath, context: &Context<'_>) {
    response.context_menu(|ui| {
        let field = field_name(root, path);
        if ui.button("Add as column").clicked() {
            context.send(Command::AddColumn(Column::Field(field.clone())));
            ui.close();
        }
        if let Some(filter) = filter(&field, value) {
            if ui.button("Filter by this value").clicked() {
                context.send(Command::Search(filter.clone()));
                ui.close();
            }
            if let Some(selection) = &context.state.selection
                && ui.button("Add to the canvas as a filter").clicked()
            {
                context.send(Command::AddFilterToPipeline(selection.coordinates.topic.clone(), filter));
                ui.close();
            }
        }
        tying_menu(ui, &field, context);
        if ui.button("Copy value").clicked() {
            ui.ctx().copy_text(match value {
                Value::String(text) => text.clone(),
                value => json::compact(value),
            });
            ui.close();
        }
        if ui.button("Copy path").clicked() {
            ui.ctx().copy_text(field);
            ui.close();
        }
    });
}

/// Ties events by a field of the chosen event's topic, or no longer; and opens the event's thread.
pub(super) fn tying_menu(ui: &mut Ui, field: &str, context: &Context<'_>) {
    let (Some(selection), Ok(field)) = (&context.state.selection, field.parse::<Field>()) else { return };
    let topic = &selection.coordinates.topic;
    if ui.button("Open thread").clicked() {
        context.send(Command::ThreadOf(selection.coordinates.clone()));
        ui.close();
    }
    let own = context.state.document.ties.get(topic).and_then(|own| own.fields.iter().find(|own| own.field == field));
    let profile = context.state.tied.as_ref().map(|tied| &*tied.profile);
    let known = own.cloned().unwrap_or_else(|| ties::use_of(profile, topic, &field, false));
    let suggested = profile.and_then(|profile| profile.topic(topic)?.fields.iter().find(|known| known.field == field));
    let is_tying = own.or(suggested).is_some_and(|known| known.ties);
    let wanted = FieldUse { ties: !is_tying, ..known };
    let command = Command::TieBy(topic.clone(), wanted);
    if ui.button(command.info().name).on_hover_text(command.info().tooltip).clicked() {
        context.send(command);
        ui.close();
    }
}

/// The expression that finds events with this value in this field; arrays and objects are not compared.
pub(super) fn filter(field: &str, value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => format!("{field} IS NULL"),
        Value::Bool(truth) => format!("{field} = {truth}"),
        Value::Int(number) => format!("{field} = {number}"),
        Value::Number(number) => format!("{field} = {}", number.text()),
        Value::String(text) => format!("{field} = '{}'", text.replace('\'', "''")),
        Value::Float(_) | Value::Bytes(_) | Value::Array(_) | Value::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_what_was_pointed_at() {
        let cases = [
            (Value::String("it's".into()), Some("value.a = 'it''s'")),
            (Value::Int(9_007_199_254_740_993), Some("value.a = 9007199254740993")),
            (Value::Null, Some("value.a IS NULL")),
            (Value::Array(Vec::new()), None),
        ];
        for (value, expected) in cases {
            assert_eq!(filter("value.a", &value).as_deref(), expected);
        }
    }
}
