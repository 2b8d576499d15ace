//! Rows of a form: a name left, what is asked for right.

use egui::{ComboBox, RichText, TextEdit, Ui, vec2};

use crate::theme::{font, tokens, widgets};

const LABEL: f32 = 112.0;

/// A row.
pub(super) fn field(ui: &mut Ui, label: &str, control: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(LABEL, 26.0), egui::Sense::hover());
        let color = tokens(ui).text_second;
        widgets::text_in(ui.painter(), rect, egui::Align2::LEFT_CENTER, label, font::body(), color);
        ui.spacing_mut().item_spacing.x = 6.0;
        control(ui);
    });
}

/// A row that asks for a text; says whether it was changed.
pub(super) fn text(ui: &mut Ui, label: &str, value: &mut String, hint: &str) -> bool {
    let mut changed = false;
    field(ui, label, |ui| {
        let response = ui.add(edit(ui, value, hint).desired_width(f32::INFINITY));
        named(&response, label);
        changed = response.changed();
    });
    changed
}

/// A row that asks for one of some, or for none, whose name is `none`.
pub(super) fn choice(ui: &mut Ui, label: &str, value: &mut Option<String>, none: &str, among: &[String]) {
    field(ui, label, |ui| {
        let shown = value.clone().unwrap_or_else(|| none.to_owned());
        let shown = ComboBox::from_id_salt(label)
            .icon(widgets::list_mark)
            .selected_text(shown)
            .width(ui.available_width())
            .truncate()
            .show_ui(ui, |ui| {
                ui.selectable_value(value, None, none);
                for name in among {
                    ui.selectable_value(value, Some(name.clone()), name);
                }
            });
        named(&shown.response, label);
    });
}

/// A field for a line of text.
pub(super) fn edit<'t>(ui: &Ui, value: &'t mut String, hint: &str) -> TextEdit<'t> {
    TextEdit::singleline(value)
        .hint_text(RichText::new(hint).color(tokens(ui).text_faint))
        .margin(egui::Margin::symmetric(8, 5))
}

/// Gives a field its name for those who cannot see what stands beside it.
pub(super) fn named(response: &egui::Response, label: &str) {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(label));
}
