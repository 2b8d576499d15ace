//! What is offered while an expression is written in a form: the columns that there are, and functions.

use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{Align2, Area, Frame, Id, Key, Margin, Modifiers, Order, Rect, Sense, Ui, WidgetInfo, WidgetType, vec2};
use fabula_core::expr::{AggregateFunction, Function};

use crate::state::Name;
use crate::theme::{font, size, tokens, widgets};

/// How many offers are shown.
const OFFERED: usize = 9;

/// What expressions of a form can use.
#[derive(Clone, Copy)]
pub(super) struct Help<'n> {
    /// The columns.
    pub(super) names: &'n [Name],
    /// Whether functions over many rows make sense.
    pub(super) aggregates: bool,
}

/// Which offer is chosen, and for which text offers were sent away.
#[derive(Debug, Clone, Default, PartialEq)]
struct Open {
    chosen: usize,
    count: usize,
    dismissed: Option<String>,
}

/// The word before the cursor: where it begins, in letters, and the word.
fn word_before(text: &str, cursor: usize) -> (usize, String) {
    let letters: Vec<char> = text.chars().take(cursor).collect();
    let part = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
    let start = letters.iter().rposition(|c| !part(c)).map_or(0, |at| at + 1);
    (start, letters[start..].iter().collect())
}

fn offers(text: &str, cursor: usize, help: Help<'_>) -> Vec<(String, String)> {
    let (start, word) = word_before(text, cursor);
    let inside_text = text.chars().take(start).filter(|c| *c == '\'').count() % 2 == 1;
    if word.is_empty() || inside_text {
        return Vec::new();
    }
    let word = word.to_lowercase();
    let mut found: Vec<(String, String)> = Vec::new();
    for name in help.names {
        let lower = name.text.to_lowercase();
        let part = lower.split('.').any(|part| part.starts_with(&word));
        if lower != word && (lower.starts_with(&word) || part) {
            found.push((name.text.clone(), name.kind.to_string()));
        }
    }
    found.sort_by_key(|(name, _)| !name.to_lowercase().starts_with(&word));
    if !word.contains('.') {
        if help.aggregates {
            let of = |(_, names, about): (AggregateFunction, &'static [&'static str], &'static str)| (names[0], about);
            let fits = AggregateFunction::ALL.into_iter().map(of).filter(|(name, _)| name.starts_with(&word));
            found.extend(fits.map(|(name, about)| (format!("{name}("), about.to_owned())));
        }
        let functions = Function::all();
        let fits = functions.iter().filter(|function| function.name.to_lowercase().starts_with(&word));
        found.extend(fits.map(|function| (format!("{}(", function.name), function.about.to_owned())));
    }
    found.truncate(OFFERED);
    found
}

/// Takes the keys that are for the offers, before the field hears them; gives the offer that was taken.
pub(super) fn keys(ui: &Ui, id: Id) -> bool {
    let mut open: Open = ui.data_mut(|data| data.get_temp(id.with("offers"))).unwrap_or_default();
    if open.count == 0 || !ui.memory(|memory| memory.has_focus(id)) {
        return false;
    }
    let (down, up, taken) = ui.input_mut(|input| {
        let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key);
        (count(Key::ArrowDown), count(Key::ArrowUp), count(Key::Tab) > 0)
    });
    open.chosen = (open.chosen + down).min(open.count - 1).saturating_sub(up);
    ui.data_mut(|data| data.insert_temp(id.with("offers"), open));
    taken
}

/// Draws the offers under a field that is written in, and puts the one that was taken into the text.
pub(super) fn offers_ui(ui: &Ui, id: Id, rect: Rect, text: &mut String, help: Help<'_>, take: bool) -> bool {
    let focused = ui.memory(|memory| memory.has_focus(id));
    let place = id.with("offers");
    let mut open: Open = ui.data_mut(|data| data.get_temp(place)).unwrap_or_default();
    let cursor =
        TextEditState::load(ui.ctx(), id).and_then(|state| state.cursor.char_range()).map(|range| range.primary.index);
    let cursor: Option<usize> = cursor.map(Into::into);
    let found = match cursor.filter(|_| focused && open.dismissed.as_ref() != Some(&*text)) {
        Some(cursor) => offers(text, cursor, help),
        None => Vec::new(),
    };
    open.count = found.len();
    open.chosen = open.chosen.min(found.len().saturating_sub(1));
    let mut taken = take.then_some(open.chosen).filter(|at| *at < found.len());
    if !found.is_empty() {
        let area = Area::new(place).order(Order::Foreground).fixed_pos(rect.left_bottom() + vec2(0.0, 2.0));
        area.constrain(true).show(ui.ctx(), |ui| {
            let frame = Frame::popup(ui.style()).fill(tokens(ui).raised).inner_margin(Margin::same(4));
            frame.show(ui, |ui| {
                ui.set_width(rect.width().max(260.0));
                ui.spacing_mut().item_spacing.y = 0.0;
                for (at, (name, about)) in found.iter().enumerate() {
                    if line_ui(ui, name, about, at == open.chosen) {
                        taken = Some(at);
                    }
                }
            });
        });
    }
    let mut changed = false;
    if let (Some(at), Some(cursor)) = (taken, cursor) {
        let (start, _) = word_before(text, cursor);
        let before: String = text.chars().take(start).collect();
        let after: String = text.chars().skip(cursor).collect();
        let end = start + found[at].0.chars().count();
        *text = format!("{before}{}{after}", found[at].0);
        if let Some(mut state) = TextEditState::load(ui.ctx(), id) {
            state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(end))));
            state.store(ui.ctx(), id);
        }
        ui.memory_mut(|memory| memory.request_focus(id));
        open = Open { dismissed: Some(text.clone()), ..Open::default() };
        changed = true;
    }
    ui.data_mut(|data| data.insert_temp(place, open));
    changed
}

fn line_ui(ui: &mut Ui, name: &str, about: &str, chosen: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, format!("Write {name}")));
    let tokens = tokens(ui);
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, 3.0, if chosen { tokens.selected } else { tokens.raised_hover });
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let galley = widgets::line(ui.painter(), name, font::mono(), tokens.text, inner.width() * 0.7);
    let rest = inner.with_min_x(inner.left() + galley.size().x + 12.0);
    let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(at, galley, tokens.text);
    widgets::text_in(ui.painter(), rest, Align2::RIGHT_CENTER, about, font::small(), tokens.text_faint);
    // The click would take the focus from the field, and with it the offers, before it is let go.
    response.is_pointer_button_down_on()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_before_functions_and_any_part_of_a_name_finds_it() {
        let names = crate::state::Names::plain_for_tests(&["value.amount", "value.count", "key"]);
        let help = Help { names: &names, aggregates: true };
        let found =
            |text: &str| offers(text, text.chars().count(), help).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(found("am").first().map(String::as_str), Some("value.amount"));
        let counts = found("cou");
        assert_eq!(counts[..2], ["value.count", "count("]);
        assert_eq!(found("key = 'va"), [""; 0]);
        assert_eq!(found("sum(value.am"), ["value.amount"]);
    }
}
