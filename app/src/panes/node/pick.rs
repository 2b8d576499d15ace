//! Choices that drop down: columns, values, functions. What is chosen is written for the person.

use egui::{Align2, Popup, RichText, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, vec2};

use crate::state::Name;
use crate::theme::icon::{self, Icon};
use crate::theme::{font, size, tokens, widgets};

/// How high a list of choices is at most.
const HEIGHT: f32 = 280.0;
/// A list longer than this is searched by typing.
const LONG: usize = 12;

/// One thing that can be chosen: what is written, and a word about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    pub(super) text: String,
    pub(super) about: String,
}

impl Offer {
    pub(super) fn new(text: impl Into<String>, about: impl Into<String>) -> Self {
        Self { text: text.into(), about: about.into() }
    }

    /// The names of a node's rows.
    pub(super) fn of_names(names: &[Name]) -> Vec<Self> {
        names.iter().map(|name| Self::new(name.text.clone(), name.kind.to_string())).collect()
    }
}

/// A field that shows what is chosen and drops down what can be; gives what was picked.
pub(super) fn pick(ui: &mut Ui, name: &str, shown: &str, width: f32, offers: &[Offer]) -> Option<String> {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::ComboBox, true, format!("{name}: {shown}")));
    let tokens = tokens(ui);
    let fill = if response.hovered() || response.has_focus() { tokens.raised_hover } else { tokens.raised };
    ui.painter().rect_filled(rect, 4.0, fill);
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let text = inner.with_max_x(inner.right() - 14.0);
    widgets::text_in(ui.painter(), text, Align2::LEFT_CENTER, shown, font::mono(), tokens.text);
    icon::paint(ui.painter(), inner.with_min_x(inner.right() - 10.0), Icon::Open, tokens.text_second);
    drop_down(ui, &response, offers)
}

/// A link that drops down what can be added; gives what was picked.
pub(super) fn add(ui: &mut Ui, words: &str, offers: &[Offer]) -> Option<String> {
    let response = widgets::link(ui, words);
    drop_down(ui, &response, offers)
}

fn drop_down(ui: &Ui, response: &egui::Response, offers: &[Offer]) -> Option<String> {
    let mut picked = None;
    let wanted_id = response.id.with("wanted");
    Popup::menu(response).show(|ui| {
        ui.set_width(300.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut wanted: String = ui.data_mut(|data| data.get_temp(wanted_id)).unwrap_or_default();
        if offers.len() > LONG {
            let field = ui.add_sized(vec2(300.0, 24.0), widgets::bare_field(ui, &mut wanted, "Type to find…", 8));
            ui.ctx().accesskit_node_builder(field.id, |node| node.set_label("Type to find"));
            ui.data_mut(|data| data.insert_temp(wanted_id, wanted.clone()));
        }
        let wanted = wanted.trim().to_lowercase();
        ScrollArea::vertical().max_height(HEIGHT).show(ui, |ui| {
            for offer in offers.iter().filter(|offer| offer.text.to_lowercase().contains(&wanted)) {
                if row_ui(ui, offer).clicked() {
                    picked = Some(offer.text.clone());
                }
            }
        });
        if offers.is_empty() {
            ui.label(RichText::new("Nothing is known to choose from").font(font::small()));
        }
        if picked.is_some() {
            ui.data_mut(|data| data.remove::<String>(wanted_id));
            ui.close();
        }
    });
    let _ = ui;
    picked
}

fn row_ui(ui: &mut Ui, offer: &Offer) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Choose {}", offer.text)));
    let tokens = tokens(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, tokens.raised_hover);
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let galley = widgets::line(ui.painter(), &offer.text, font::mono(), tokens.text, inner.width() * 0.75);
    let rest = inner.with_min_x(inner.left() + galley.size().x + 12.0);
    let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(at, galley, tokens.text);
    widgets::text_in(ui.painter(), rest, Align2::RIGHT_CENTER, &offer.about, font::small(), tokens.text_faint);
    response
}
