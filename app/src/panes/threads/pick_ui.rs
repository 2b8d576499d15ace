//! A field that drops down a list of choices: searched by typing, and only the rows in sight are laid out.

use std::borrow::Cow;

use egui::{Align2, Popup, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, vec2};

use crate::panes::form;
use crate::theme::icon::{self, Icon};
use crate::theme::{font, size, tokens, widgets};

/// How wide and how high the list is at most.
const WIDTH: f32 = 300.0;
const HEIGHT: f32 = 280.0;
/// A list longer than this is searched by typing.
const LONG: usize = 12;

/// A choice: what is written, and a figure or a word about it.
pub(super) type Offer<'t> = (Cow<'t, str>, Cow<'t, str>);

/// Draws the field, and the list while it is open; gives the place of what was picked. `offer` gives the choice at a
/// place below `count`.
pub(super) fn pick<'t>(
    ui: &mut Ui,
    name: &str,
    shown: &str,
    width: f32,
    count: usize,
    offer: &dyn Fn(usize) -> Offer<'t>,
) -> Option<usize> {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 24.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::ComboBox, true, format!("{name}: {shown}")));
    let tokens = tokens(ui);
    let fill = if response.hovered() || response.has_focus() { tokens.raised_hover } else { tokens.raised };
    ui.painter().rect_filled(rect, f32::from(size::RADIUS), fill);
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let text = inner.with_max_x(inner.right() - 14.0);
    let cut = widgets::text_in(ui.painter(), text, Align2::LEFT_CENTER, shown, font::body(), tokens.text);
    icon::paint(ui.painter(), inner.with_min_x(inner.right() - 10.0), Icon::Open, tokens.text_second);
    let response = if cut { response.on_hover_text(shown) } else { response };
    let mut picked = None;
    let wanted_id = response.id.with("wanted");
    Popup::menu(&response).show(|ui| {
        ui.set_width(WIDTH);
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut wanted: String = ui.data_mut(|data| data.get_temp(wanted_id)).unwrap_or_default();
        if count > LONG {
            let field = ui.add_sized(vec2(WIDTH, 24.0), widgets::bare_field(ui, &mut wanted, "Type to find…", 8));
            form::named(ui, &field, "Type to find");
            ui.data_mut(|data| data.insert_temp(wanted_id, wanted.clone()));
        }
        let wanted = wanted.trim().to_lowercase();
        let fits: Vec<usize> = match wanted.is_empty() {
            true => (0..count).collect(),
            false => (0..count).filter(|&at| offer(at).0.to_lowercase().contains(&wanted)).collect(),
        };
        ScrollArea::vertical().max_height(HEIGHT).show_rows(ui, size::ROW, fits.len(), |ui, rows| {
            for &at in fits.get(rows).unwrap_or_default() {
                if row_ui(ui, &offer(at)) {
                    picked = Some(at);
                }
            }
        });
        if fits.is_empty() {
            widgets::caption(ui, "Nothing here is called so");
        }
        if picked.is_some() {
            ui.data_mut(|data| data.remove::<String>(wanted_id));
            ui.close();
        }
    });
    picked
}

fn row_ui(ui: &mut Ui, (text, about): &Offer<'_>) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Choose {text}")));
    let tokens = tokens(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, tokens.raised_hover);
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let figure = widgets::line(ui.painter(), about, font::small(), tokens.text_faint, inner.width() * 0.5);
    let at = Align2::RIGHT_CENTER.align_size_within_rect(figure.size(), inner).min;
    let words = inner.with_max_x(at.x - 8.0);
    ui.painter().galley(at, figure, tokens.text_faint);
    let cut = widgets::text_in(ui.painter(), words, Align2::LEFT_CENTER, text, font::body(), tokens.text);
    let pressed = response.clicked();
    if cut {
        response.on_hover_text(&**text);
    }
    pressed
}
