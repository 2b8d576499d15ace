//! Paints the inspector's sections: title, key, headers, where and when.

use egui::{Align2, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::event::TimestampType;

use super::load::{Body, Detail, Payload};
use super::parts::{Kind, parts};
use super::readers::Readers;
use super::same_key::SameKey;
use super::sheet::sheet_ui;
use super::tree_ui::{chip, column_of_names, tree_row_ui, tying_menu};
use super::value_ui::{fit_rows, hex_row_ui, refusal_ui, text_row_ui, value_head_ui, value_note_ui};
use super::{Form, Shown};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::state::Column;
use crate::theme::icon::Icon;
use crate::theme::{font, size, tokens, widgets};

/// Paints the sheet of an event.
pub(super) fn sections_ui(
    ui: &mut Ui,
    shown: &mut Shown,
    form: &mut Form,
    (same_key, readers): (&SameKey, &Readers),
    context: &Context<'_>,
) {
    fit_rows(ui, shown);
    let parts = parts(&shown.detail, &shown.tree, &shown.rows, *form, readers.rows(&shown.detail.coordinates));
    let id = (&shown.asked.at.topic, shown.asked.at.partition, shown.asked.at.offset);
    let Shown { detail, tree, rows, .. } = shown;
    let whole = match &detail.body {
        Body::Whole(whole) => Some(std::sync::Arc::clone(whole)),
        Body::Beginning(_) => None,
    };
    sheet_ui(ui, id, &parts, |ui, kind, nth, rect| match (kind, &whole) {
        (Kind::Title, _) => title_ui(ui, detail, rect, context),
        (Kind::Key, _) => key_ui(ui, detail, same_key, rect, context),
        (Kind::Rule, _) => widgets::hairline_h(ui, rect.x_range().shrink(size::INSET), rect.center().y),
        (Kind::ValueHead, _) => value_head_ui(ui, detail, form, rect, context),
        (Kind::ValueNote, _) => value_note_ui(ui, detail, rect),
        (Kind::Refusal, Some(whole)) => refusal_ui(ui, whole, rect),
        (Kind::TreeRow, Some(whole)) => {
            if let Some(value) = whole.value() {
                tree_row_ui(ui, tree, value, nth, rect, context);
            }
        }
        (Kind::TextRow, Some(whole)) => text_row_ui(ui, whole, rows, nth, rect),
        (Kind::HexRow, Some(whole)) => hex_row_ui(ui, whole, nth, rect),
        (Kind::HeadersHead, _) => head_ui(ui, "Headers", &figures::count(detail.headers.len() as u64), rect),
        (Kind::Header, _) => header_ui(ui, detail, nth, rect, context),
        (Kind::ReadersHead, _) => head_ui(ui, "Read by", &Readers::as_of(context), rect),
        (Kind::Reader, _) => readers.row_ui(ui, &detail.coordinates, nth, rect, context),
        (Kind::PlaceHead, _) => head_ui(ui, "Place in the log", "", rect),
        (Kind::Place, _) => place_ui(ui, detail, nth, rect, context),
        (Kind::Refusal | Kind::TreeRow | Kind::TextRow | Kind::HexRow, None) => {}
    });
}

fn title_ui(ui: &mut Ui, detail: &Detail, rect: Rect, context: &Context<'_>) {
    let tokens = tokens(ui);
    let at = &detail.coordinates;
    let response = ui.interact(rect, ui.id().with("title"), Sense::hover());
    let painter = ui.painter();
    let first =
        Rect::from_min_max(rect.min + vec2(size::INSET, 12.0), pos2(rect.right() - size::INSET, rect.top() + 32.0));
    let color = tokens.series(context.state.series.number(&at.topic));
    widgets::chip(painter, tokens, pos2(first.left() + size::CHIP / 2.0, first.center().y), color, true);
    let title = detail.kind.as_deref().unwrap_or(&at.topic);
    let place = match &detail.kind {
        Some(_) => format!("{} · {}:{}", at.topic, at.partition, at.offset),
        None => format!("{}:{}", at.partition, at.offset),
    };
    let left = first.left() + size::CHIP + 8.0;
    let galley = widgets::line(painter, title, font::title(), tokens.text, (first.right() - left) * 0.62);
    let rest = Rect::from_min_max(pos2(left + galley.size().x + 8.0, first.top()), first.max);
    painter.galley(pos2(left, first.center().y - galley.size().y / 2.0), galley, tokens.text);
    widgets::text_in(painter, rest, Align2::LEFT_CENTER, &place, font::small(), tokens.text_second);

    let second =
        Rect::from_min_max(pos2(first.left(), first.bottom() + 3.0), pos2(first.right(), first.bottom() + 21.0));
    let (time, meaning) = when(detail, context);
    let galley = widgets::line(painter, &time, font::mono(), tokens.text, second.width());
    let rest = second.with_min_x(second.left() + galley.size().x + 8.0);
    painter.galley(pos2(second.left(), second.center().y - galley.size().y / 2.0), galley, tokens.text);
    widgets::text_in(painter, rest, Align2::LEFT_CENTER, meaning, font::small(), tokens.text_faint);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{title} {place} {time} {meaning}")));
}

fn when(detail: &Detail, context: &Context<'_>) -> (String, &'static str) {
    let clock = &context.state.clock;
    match detail.time_ns {
        None => ("no timestamp".to_owned(), ""),
        Some(ns) => (format!("{} {}", clock.full(ns), clock.name()), meaning(detail.timestamp_type)),
    }
}

fn meaning(timestamp_type: TimestampType) -> &'static str {
    match timestamp_type {
        TimestampType::Create => "create time",
        TimestampType::LogAppend => "append time",
        TimestampType::None => "",
    }
}

/// The key, and the way to the other events that have it.
fn key_ui(ui: &mut Ui, detail: &Detail, same_key: &SameKey, rect: Rect, context: &Context<'_>) {
    let tokens = tokens(ui);
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    let mut right = inner.right();
    let steps = [
        (Icon::Shut, "Next event of this key", Command::NextOfKey),
        (Icon::Back, "Previous event of this key", Command::PreviousOfKey),
    ];
    for (mark, name, command) in steps {
        let place = Rect::from_center_size(pos2(right - 10.0, inner.center().y), vec2(20.0, 20.0));
        let mut corner = ui.new_child(egui::UiBuilder::new().max_rect(place));
        if widgets::icon_button(&mut corner, mark, name).clicked() {
            context.send(command);
        }
        right = place.left() - 2.0;
    }
    let known = match same_key.place() {
        _ if same_key.is_looking() => "looking…".to_owned(),
        Some((at, all)) => format!("{} of {}", figures::count(at + 1), figures::count(all)),
        None => String::new(),
    };
    let galley = widgets::line(ui.painter(), &known, font::small(), tokens.text_faint, inner.width());
    right -= galley.size().x + 6.0;
    ui.painter().galley(pos2(right, inner.center().y - galley.size().y / 2.0), galley, tokens.text_faint);
    let name = ui.painter().layout_no_wrap("Key".to_owned(), font::strong(), tokens.text);
    let left = inner.left() + name.size().x + 10.0;
    ui.painter().galley(pos2(inner.left(), inner.center().y - name.size().y / 2.0), name, tokens.text);
    let place = Rect::from_min_max(pos2(left, inner.top()), pos2((right - 8.0).max(left), inner.bottom()));
    payload_ui(ui, &detail.key, place);
    let response = ui.interact(place, ui.id().with("key"), Sense::click());
    if let Payload::Text(text) = &detail.key {
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Key {text}")));
        filter_menu(&response, "key", text, context);
    }
}

fn payload_ui(ui: &Ui, payload: &Payload, place: Rect) {
    let tokens = tokens(ui);
    match payload {
        Payload::Null => chip(ui, tokens, place, "null"),
        Payload::Empty => {
            widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, "(empty)", font::small(), tokens.text_faint);
        }
        Payload::Text(text) => {
            widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, text, font::mono(), tokens.text);
        }
    }
}

fn filter_menu(response: &egui::Response, field: &str, text: &str, context: &Context<'_>) {
    response.context_menu(|ui| {
        if ui.button("Filter by this value").clicked() {
            context.send(Command::Search(format!("{field} = '{}'", text.replace('\'', "''"))));
            ui.close();
        }
        if field != "key" && ui.button("Add as column").clicked() {
            context.send(Command::AddColumn(Column::Field(field.to_owned())));
            ui.close();
        }
        tying_menu(ui, field, context);
        if ui.button("Copy value").clicked() {
            ui.ctx().copy_text(text.to_owned());
            ui.close();
        }
    });
}

fn head_ui(ui: &Ui, name: &str, figure: &str, rect: Rect) {
    let tokens = tokens(ui);
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    let galley = ui.painter().layout_no_wrap(name.to_owned(), font::strong(), tokens.text);
    let rest = inner.with_min_x(inner.left() + galley.size().x + 8.0);
    ui.painter().galley(pos2(inner.left(), inner.center().y - galley.size().y / 2.0), galley, tokens.text);
    widgets::text_in(ui.painter(), rest, Align2::LEFT_CENTER, figure, font::small(), tokens.text_faint);
}

fn header_ui(ui: &mut Ui, detail: &Detail, nth: usize, rect: Rect, context: &Context<'_>) {
    let tokens = tokens(ui);
    let (name, value) = &detail.headers[nth];
    let names_width = column_of_names(ui, detail.headers.iter().map(|(name, _)| name.as_str()));
    let response = ui.interact(rect, ui.id().with(("header", nth)), Sense::click());
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hovered);
    }
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    let galley = widgets::line(ui.painter(), name, font::mono(), tokens.text_second, inner.width() * 0.5);
    let place = inner.with_min_x(inner.left() + galley.size().x.max(names_width) + 10.0);
    ui.painter().galley(pos2(inner.left(), inner.center().y - galley.size().y / 2.0), galley, tokens.text_second);
    payload_ui(ui, value, place);
    let text = match value {
        Payload::Null => "null",
        Payload::Empty => "empty",
        Payload::Text(text) => text,
    };
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Header {name} {text}")));
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let field = if plain { format!("headers.{name}") } else { format!("headers['{}']", name.replace('\'', "''")) };
    filter_menu(&response, &field, text, context);
    response.on_hover_text_at_pointer(format!("{name}\n{text}"));
}

fn place_ui(ui: &Ui, detail: &Detail, nth: usize, rect: Rect, context: &Context<'_>) {
    let at = &detail.coordinates;
    let (name, value) = match nth {
        0 => ("topic", at.topic.to_string()),
        1 => ("partition", at.partition.to_string()),
        2 => ("offset", figures::signed(at.offset)),
        3 => {
            let (time, meaning) = when(detail, context);
            (if meaning.is_empty() { "timestamp" } else { meaning }, time)
        }
        _ => {
            let size = |len: Option<usize>| len.map_or_else(|| "null".to_owned(), |len| figures::bytes(len as u64));
            ("size", format!("key {} · value {}", size(detail.key_len), size(detail.value_len)))
        }
    };
    let tokens = tokens(ui);
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, name, font::mono(), tokens.text_second);
    let place = inner.with_min_x(inner.left() + 92.0);
    widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, &value, font::mono(), tokens.text);
}
