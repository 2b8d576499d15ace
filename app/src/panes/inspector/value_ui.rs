//! Paints the value's heading and its rows as text or bytes.

use egui::{Align2, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::codec::hex::HexView;
use fabula_core::codec::{Choice, Decoded};

use super::lines::Rows;
use super::load::{Body, Detail, Whole};
use super::tree_ui::{chip, size_of};
use super::{Form, Shown};
use crate::command::Command;
use crate::figures;
use crate::formats::Chosen;
use crate::panes::Context;
use crate::theme::{font, size, tokens, widgets};

/// `value · 5 fields · 96 B`, the format, and how it is looked at.
pub(super) fn value_head_ui(ui: &mut Ui, detail: &Detail, form: &mut Form, rect: Rect, context: &Context<'_>) {
    let tokens = tokens(ui);
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    let mut right = inner.right();
    for (which, name) in [(Form::Hex, "Hex"), (Form::Text, "Text"), (Form::Tree, "Tree")] {
        right = form_ui(ui, form, which, name, pos2(right, inner.center().y));
    }
    right = format_ui(ui, detail, context, pos2(right - 6.0, inner.center().y));
    let title = widgets::line(ui.painter(), "Value", font::strong(), tokens.text, inner.width());
    let left = inner.left() + title.size().x + 8.0;
    let at = Align2::LEFT_CENTER.align_size_within_rect(title.size(), inner).min;
    ui.painter().galley(at, title, tokens.text);
    let facts = Rect::from_min_max(pos2(left, rect.top()), pos2((right - 6.0).max(left), rect.bottom()));
    widgets::text_in(ui.painter(), facts, Align2::LEFT_CENTER, &facts_of(detail), font::small(), tokens.text_second);
}

fn facts_of(detail: &Detail) -> String {
    let Some(len) = detail.value_len else { return "null".to_owned() };
    let size = figures::bytes(len as u64);
    match &detail.body {
        Body::Whole(whole) => match whole.value().filter(|value| super::tree::child_count(value) > 0) {
            Some(value) => format!("{} · {size}", size_of(value)),
            None => size,
        },
        Body::Beginning(_) => size,
    }
}

/// One of the forms as a small toggle; gives back its left edge.
fn form_ui(ui: &mut Ui, form: &mut Form, which: Form, name: &str, right_middle: egui::Pos2) -> f32 {
    let tokens = tokens(ui);
    let on = *form == which;
    let color = if on { tokens.accent } else { tokens.text_second };
    let galley = ui.painter().layout_no_wrap(name.to_owned(), font::small(), color);
    let width = galley.size().x + 10.0;
    let rect = Rect::from_min_size(right_middle - vec2(width, 9.0), vec2(width, 18.0));
    let response = ui.interact(rect, ui.id().with(("form", name)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(WidgetType::RadioButton, true, on, name));
    if on || response.hovered() {
        ui.painter().rect_filled(rect, 4.0, if on { tokens.selected } else { tokens.raised });
    }
    let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
    ui.painter().galley(at, galley, color);
    if response.clicked() {
        *form = which;
    }
    rect.left() - 2.0
}

/// The format, which can be changed for the whole topic.
fn format_ui(ui: &mut Ui, detail: &Detail, context: &Context<'_>, right_middle: egui::Pos2) -> f32 {
    let tokens = tokens(ui);
    let topic = &detail.coordinates.topic;
    let chosen = context.state.document.formats.get(topic).copied().unwrap_or_default();
    let name = detail.formats.codecs.value.choice().name();
    let galley = ui.painter().layout_no_wrap(format!("{name} ▾"), font::small(), tokens.text_second);
    let width = galley.size().x + 8.0;
    let rect = Rect::from_min_size(right_middle - vec2(width, 9.0), vec2(width, 18.0));
    let response = ui.interact(rect, ui.id().with("format"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Format {name}")));
    let color = if response.hovered() { tokens.text } else { tokens.text_second };
    let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
    ui.painter().galley_with_override_text_color(at, galley, color);
    egui::Popup::menu(&response).show(|ui| {
        let detection = &detail.formats.value;
        let detected = format!("Detected: {}", detection.choice);
        let choose = |value| context.send(Command::SetFormats(topic.clone(), Chosen { value, ..chosen }));
        if ui.selectable_label(chosen.value.is_none(), detected).on_hover_text(&detection.why).clicked() {
            choose(None);
            ui.close();
        }
        ui.separator();
        for choice in Choice::ALL {
            if ui.selectable_label(chosen.value == Some(choice), choice.name()).clicked() {
                choose(Some(choice));
                ui.close();
            }
        }
    });
    if !egui::Popup::is_any_open(ui.ctx()) {
        response.on_hover_text(format!("How values of {topic} are decoded: {}", detail.formats.value.why));
    }
    rect.left()
}

/// What stands for a value that has nothing to lay out.
pub(super) fn value_note_ui(ui: &Ui, detail: &Detail, rect: Rect) {
    let tokens = tokens(ui);
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    match &detail.body {
        Body::Beginning(text) => {
            let job = egui::text::LayoutJob::simple(text.clone(), font::mono(), tokens.text_second, inner.width());
            let galley = ui.painter().layout_job(job);
            let clip = inner.with_max_y(inner.bottom() - 22.0);
            ui.painter().with_clip_rect(clip.intersect(ui.clip_rect())).galley(inner.min, galley, tokens.text_second);
            let note = inner.with_min_y(inner.bottom() - 20.0);
            let words = "The beginning; the whole value is being decoded…";
            widgets::text_in(ui.painter(), note, Align2::LEFT_CENTER, words, font::small(), tokens.text_faint);
        }
        Body::Whole(whole) if matches!(whole.decoded, Decoded::Null) => chip(ui, tokens, inner, "tombstone"),
        Body::Whole(_) => {
            let words = "The value is there and has no bytes";
            widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, words, font::body(), tokens.text_faint);
        }
    }
}

/// Why the value is not of its topic's format.
pub(super) fn refusal_ui(ui: &mut Ui, whole: &Whole, rect: Rect) {
    let Decoded::Undecodable(undecodable) = &whole.decoded else { return };
    let mut place = ui.new_child(egui::UiBuilder::new().max_rect(rect.shrink2(vec2(size::INSET, 1.0))));
    widgets::error_line(&mut place, &undecodable.reason);
}

/// The width of a character of the mono font, which all have.
fn advance(ui: &Ui) -> f32 {
    ui.fonts_mut(|fonts| fonts.glyph_width(&font::mono(), '0')).max(1.0)
}

/// Cuts the value's text for the width there is, if that has changed.
pub(super) fn fit_rows(ui: &Ui, shown: &mut Shown) {
    let columns = ((ui.available_width() - 2.0 * size::INSET - 8.0) / advance(ui)).floor().max(8.0) as usize;
    if let Body::Whole(whole) = &shown.detail.body
        && let Some(lines) = &whole.lines
        && (shown.rows.columns() != columns || shown.rows.is_empty())
    {
        shown.rows = lines.rows(columns);
    }
}

/// A row of the value's text.
pub(super) fn text_row_ui(ui: &Ui, whole: &Whole, rows: &Rows, nth: usize, rect: Rect) {
    let (Some(text), Some(lines)) = (whole.text(), &whole.lines) else { return };
    let row = rows.row(text, lines, nth);
    let place = rect.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, row, font::mono(), tokens(ui).text);
}

/// A row of the value's bytes.
pub(super) fn hex_row_ui(ui: &Ui, whole: &Whole, nth: usize, rect: Rect) {
    let Some(row) = HexView::new(&whole.bytes).row(nth) else { return };
    let tokens = tokens(ui);
    let mut x = rect.left() + size::INSET;
    for (text, color) in
        [(row.offset_text(), tokens.text_faint), (row.hex_text(), tokens.text), (row.ascii_text(), tokens.text_second)]
    {
        let galley = ui.painter().layout_no_wrap(text, font::mono_small(), color);
        let at = pos2(x, rect.center().y - galley.size().y / 2.0);
        x += galley.size().x + 12.0;
        ui.painter().galley(at, galley, color);
    }
}
