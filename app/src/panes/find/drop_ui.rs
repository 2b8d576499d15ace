//! Paints what drops down from the find field: offers, earlier searches, and what is wrong with the text.

use egui::{Align2, Area, Frame, Id, Margin, Order, Rect, Sense, Ui, WidgetInfo, WidgetType, vec2};

use super::FindField;
use super::field_ui::take_offer;
use crate::command::Command;
use crate::panes::Context;
use crate::theme::{Tokens, font, size, tokens, widgets};

/// From the field's edge to where the popup must stand for its text to stand under the field's.
const TEXT_INSET: f32 = 41.0;
/// How many earlier searches are offered.
const EARLIER: usize = 8;

/// Paints what belongs under the field while it is written in.
pub(super) fn drop_ui(ui: &Ui, field: &mut FindField, rect: Rect, id: Id, context: &Context<'_>) {
    if field.misunderstood.is_some() {
        mistake_ui(ui, field, rect);
    } else if !field.completion.offers.is_empty() {
        offers_ui(ui, field, rect, id);
    } else if !field.advice.is_empty() {
        advice_ui(ui, field, rect);
    } else if field.text.is_empty() && !field.history.is_empty() {
        earlier_ui(ui, field, rect, context);
    }
}

fn below(ui: &Ui, rect: Rect, add: impl FnOnce(&mut Ui)) {
    Area::new(ui.id().with("find drop")).order(Order::Foreground).fixed_pos(rect.left_bottom() + vec2(0.0, 3.0)).show(
        ui.ctx(),
        |ui| {
            let frame = Frame::popup(ui.style()).fill(tokens(ui).raised).inner_margin(Margin::same(4));
            frame.show(ui, |ui| {
                ui.set_width((rect.width() - 10.0).min(620.0));
                ui.spacing_mut().item_spacing.y = 0.0;
                add(ui);
            });
        },
    );
}

/// A line that can be chosen: what it writes at the left, a word about it at the right.
fn line_ui(ui: &mut Ui, tokens: &Tokens, name: &str, about: &str, chosen: bool) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, name));
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, 3.0, if chosen { tokens.selected } else { tokens.raised_hover });
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let galley = widgets::line(ui.painter(), name, font::mono(), tokens.text, inner.width() * 0.7);
    let left = inner.left() + galley.size().x + 12.0;
    let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(at, galley, tokens.text);
    widgets::text_in(
        ui.painter(),
        inner.with_min_x(left),
        Align2::RIGHT_CENTER,
        about,
        font::small(),
        tokens.text_faint,
    );
    response
}

fn offers_ui(ui: &Ui, field: &mut FindField, rect: Rect, id: Id) {
    let tokens = tokens(ui);
    let mut taken = None;
    below(ui, rect, |ui| {
        for (nth, offer) in field.completion.offers.iter().enumerate() {
            let response = line_ui(ui, tokens, &offer.text, &offer.about, field.completion.chosen == Some(nth));
            // The click would take the focus from the field, and with it the offers, before it is let go.
            if response.is_pointer_button_down_on() {
                taken = Some(nth);
            }
        }
    });
    if let Some(offer) = taken {
        take_offer(ui, field, id, offer);
        ui.memory_mut(|memory| memory.request_focus(id));
    }
}

fn earlier_ui(ui: &Ui, field: &FindField, rect: Rect, context: &Context<'_>) {
    let tokens = tokens(ui);
    below(ui, rect, |ui| {
        for text in field.history.iter().rev().take(EARLIER) {
            if line_ui(ui, tokens, text, "earlier", false).is_pointer_button_down_on() {
                context.send(Command::Search(text.clone()));
            }
        }
    });
}

/// What looks mistaken in a text that can be read: it is searched for all the same.
fn advice_ui(ui: &Ui, field: &FindField, rect: Rect) {
    let tokens = tokens(ui);
    below(ui, rect, |ui| {
        for line in &field.advice {
            ui.label(egui::RichText::new(line).font(font::body()).color(tokens.warning));
        }
    });
}

/// What is wrong with the text: carets under the place, the reason, and what to write instead.
pub(super) fn mistake_ui(ui: &Ui, field: &FindField, rect: Rect) {
    let Some(mistake) = &field.misunderstood else { return };
    let tokens = tokens(ui);
    let before = field.text.get(..mistake.at.start).unwrap_or(&field.text).chars().count();
    let wrong = field.text.get(mistake.at.clone()).map_or(1, |wrong| wrong.chars().count().max(1));
    // Carets stand under the text itself; the text scrolls once it is longer than the field, and then they can't.
    let carets = format!("{}{}", " ".repeat(before), "^".repeat(wrong));
    let place = rect.translate(vec2(TEXT_INSET, 0.0));
    below(ui, place, |ui| {
        if before + wrong < 90 {
            ui.label(egui::RichText::new(carets).font(font::mono()).color(tokens.error));
        }
        ui.label(egui::RichText::new(&mistake.message).font(font::body()).color(tokens.error));
        if let Some(hint) = &mistake.hint {
            ui.label(egui::RichText::new(hint).font(font::body()).color(tokens.text_second));
        }
    });
}
