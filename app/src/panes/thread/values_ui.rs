//! Paints how fields change along a thread: a row a field, a column a step; what changed is lit. The fields' names stand
//! still while the steps are scrolled.

use std::ops::Range;

use egui::{Align2, Painter, Pos2, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2};

use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::state::{Tale, Values};
use crate::theme::{font, mix, size, tokens, widgets};

const NAMES: f32 = 132.0;
const CELL: f32 = 116.0;
const HEAD: f32 = 26.0;

/// Paints the fields of a thread; a press on a step's name goes to its event.
pub(super) fn values_ui(ui: &mut Ui, rect: Rect, tale: &Tale, context: &Context<'_>) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    let values = &tale.values;
    let note = note(values, tale.steps.len());
    let foot = if note.is_some() { size::ROW } else { 0.0 };
    let lower = rect.with_min_y(rect.top() + HEAD).with_max_y(rect.bottom() - foot);
    let body = lower.with_min_x(lower.left() + NAMES);
    let mut child = ui.new_child(UiBuilder::new().max_rect(body).id_salt("values"));
    child.set_clip_rect(body.intersect(ui.clip_rect()));
    let area = ScrollArea::both().id_salt("values").auto_shrink(false);
    let mut rows = 0..0;
    let shown = area.show_viewport(&mut child, |ui, viewport| {
        ui.set_width(values.steps as f32 * CELL + size::INSET);
        ui.set_height(values.fields.len() as f32 * size::ROW);
        let corner = ui.max_rect().min;
        let first = |from: f32, each: f32| (from / each).floor().max(0.0) as usize;
        let last = |to: f32, each: f32, count: usize| ((to / each).ceil().max(0.0) as usize).min(count);
        rows = first(viewport.top(), size::ROW)..last(viewport.bottom(), size::ROW, values.fields.len());
        let steps = first(viewport.left(), CELL)..last(viewport.right(), CELL, values.steps);
        for row in rows.clone() {
            cells_ui(ui, tale, row, steps.clone(), corner + vec2(0.0, row as f32 * size::ROW));
        }
    });
    let shift = shown.state.offset;
    names_ui(ui, lower.with_max_x(body.left()), tale, rows, shift.y);
    head_ui(ui, rect.with_max_y(lower.top()), tale, -shift.x, context);
    if let Some(note) = note {
        let place = rect.with_min_y(lower.bottom()).shrink2(vec2(size::INSET, 0.0));
        widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, &note, font::small(), tokens.text_second);
        let response = ui.interact(place, ui.id().with("values note"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &note));
        response.on_hover_text(note);
    }
}

/// What is not there.
fn note(values: &Values, steps: usize) -> Option<String> {
    let mut notes = Vec::new();
    notes.extend(values.failure.clone());
    if values.steps < steps {
        notes.push(format!("the first {} only", figures::of(values.steps as u64, "step")));
    }
    if values.left_out > 0 {
        let (shown, more) = (values.fields.len(), figures::of(values.left_out as u64, "field"));
        notes.push(format!("the first {shown} fields, {more} more are left out"));
    }
    (!notes.is_empty()).then(|| notes.join(" · "))
}

fn head_ui(ui: &mut Ui, head: Rect, tale: &Tale, shift: f32, context: &Context<'_>) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(head, 0.0, tokens.pane);
    let clip = head.with_min_x(head.left() + NAMES);
    let painter = ui.painter().with_clip_rect(clip.intersect(ui.clip_rect()));
    let first = (-shift / CELL).floor().max(0.0) as usize;
    let seen = (clip.width() / CELL).ceil() as usize + 2;
    for (at, step) in tale.steps.iter().enumerate().take(tale.values.steps).skip(first).take(seen) {
        let left = clip.left() + at as f32 * CELL + shift + 8.0;
        let place = Rect::from_min_size(pos2(left, head.top()), vec2(CELL - 16.0, head.height()));
        if !place.intersects(clip) {
            continue;
        }
        let response = ui.interact(place.intersect(clip), ui.id().with(("value head", at)), Sense::click());
        let said = format!("Values of step {} {}", at + 1, step.step);
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &said));
        let selected = context.state.selection.as_ref().is_some_and(|selection| selection.coordinates == step.at);
        let color = if selected { tokens.accent } else { tokens.text_second };
        widgets::text_in(&painter, place, Align2::LEFT_CENTER, &step.step, font::small(), color);
        if response.on_hover_text(format!("{} · {}", step.step, step.at)).clicked() {
            context.send(Command::GoToEvent(step.at.clone()));
        }
    }
    widgets::hairline_h(ui, head.x_range(), head.bottom() - 1.0);
}

/// The fields' names, at the left.
fn names_ui(ui: &mut Ui, place: Rect, tale: &Tale, rows: Range<usize>, shift: f32) {
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(place.intersect(ui.clip_rect()));
    for row in rows {
        let (name, cells) = (&tale.values.fields[row], &tale.values.cells[row]);
        let corner = pos2(place.left(), place.top() + row as f32 * size::ROW - shift);
        let line = Rect::from_min_size(corner, vec2(NAMES, size::ROW));
        underline(&painter, tokens.window, tokens.hairline, line);
        let words = line.shrink2(vec2(size::INSET, 0.0));
        let cut = widgets::text_in(&painter, words, Align2::LEFT_CENTER, name, font::mono(), tokens.text_second);
        let response = ui.interact(line.intersect(place), ui.id().with(("field", row)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, spoken(name, cells)));
        if cut {
            response.on_hover_text(name);
        }
    }
    widgets::hairline_v(ui, place.right(), place.y_range());
}

/// A field's values, each with the steps that say it.
fn spoken(name: &str, cells: &[Option<String>]) -> String {
    let mut said: Vec<(usize, usize, &str)> = Vec::new();
    for (at, text) in cells.iter().enumerate().filter_map(|(at, text)| Some((at + 1, text.as_deref()?))) {
        match said.last_mut() {
            Some((_, to, last)) if *last == text && *to + 1 == at => *to = at,
            _ => said.push((at, at, text)),
        }
    }
    let parts = said.into_iter().map(|(from, to, text)| match from == to {
        true => format!("step {from} {text}"),
        false => format!("steps {from} to {to} {text}"),
    });
    format!("{name}: {}", parts.collect::<Vec<_>>().join(", "))
}

fn underline(painter: &Painter, window: egui::Color32, hairline: egui::Color32, line: Rect) {
    painter.hline(line.x_range(), line.bottom() - 0.5, Stroke::new(1.0, mix(hairline, window, 0.5)));
}

fn cells_ui(ui: &Ui, tale: &Tale, row: usize, steps: Range<usize>, corner: Pos2) {
    let tokens = tokens(ui);
    let cells = &tale.values.cells[row];
    let whole = Rect::from_min_size(corner, vec2(cells.len() as f32 * CELL + size::INSET, size::ROW));
    underline(ui.painter(), tokens.window, tokens.hairline, whole);
    for at in steps {
        let Some(text) = &cells[at] else { continue };
        let before = cells[..at].iter().rev().flatten().next();
        let place = Rect::from_min_size(corner + vec2(at as f32 * CELL + 8.0, 0.0), vec2(CELL - 16.0, size::ROW));
        let changed = before.is_some_and(|before| before != text);
        if changed {
            let under = place.expand2(vec2(4.0, -2.0));
            ui.painter().rect_filled(under, 3.0, mix(tokens.warning, tokens.window, 0.8));
        }
        let color = if before.is_none() || changed { tokens.text } else { tokens.text_faint };
        if widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, text, font::mono(), color) {
            // Only what is cut has more to tell.
            let response = ui.interact(place, ui.id().with(("cell", row, at)), Sense::hover());
            let said = format!("{} of step {}: {text}", tale.values.fields[row], at + 1);
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &said));
            response.on_hover_text(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spoken_says_which_step_says_what() {
        let cells = [None, Some("NEW"), Some("NEW"), Some("PAID"), None, Some("NEW")];
        let cells: Vec<Option<String>> = cells.iter().map(|text| text.map(str::to_owned)).collect();
        assert_eq!(spoken("status", &cells), "status: steps 2 to 3 NEW, step 4 PAID, step 6 NEW");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let values = Values { fields: vec!["a".to_owned()], steps: 200, left_out: 3, ..Values::default() };
        let said = note(&values, 900).expect("something is left out");
        assert!(said.contains("first 200 steps") && said.contains("3 fields more"), "{said}");
        assert_eq!(note(&Values { steps: 5, ..Values::default() }, 5), None);
    }
}
