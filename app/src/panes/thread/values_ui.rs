//! Paints how fields change along a thread: a row a field, a column a step; what changed is lit.

use egui::{Align2, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2};

use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::state::Tale;
use crate::theme::{font, mix, size, tokens, widgets};

const NAMES: f32 = 132.0;
const CELL: f32 = 116.0;

/// Paints the fields of a thread; a press on a step's name goes to its event.
pub(super) fn values_ui(ui: &mut Ui, rect: Rect, tale: &Tale, context: &Context<'_>) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    let values = &tale.values;
    let note = match (&values.failure, values.steps < tale.steps.len()) {
        (Some(failure), _) => Some(failure.clone()),
        (None, true) => Some(format!("the first {} only", figures::of(values.steps as u64, "step"))),
        (None, false) => None,
    };
    let head = rect.with_max_y(rect.top() + 26.0);
    let foot = if note.is_some() { size::ROW } else { 0.0 };
    let body = Rect::from_min_max(head.left_bottom(), pos2(rect.right(), rect.bottom() - foot));
    let width = NAMES + values.steps as f32 * CELL + size::INSET;
    let mut child = ui.new_child(UiBuilder::new().max_rect(body).id_salt("values"));
    let area = ScrollArea::both().id_salt("values").auto_shrink(false);
    let shown = area.show_viewport(&mut child, |ui, viewport| {
        ui.set_width(width);
        ui.set_height(values.fields.len() as f32 * size::ROW);
        let corner = ui.max_rect().min;
        let rows = (viewport.top() / size::ROW).floor().max(0.0) as usize
            ..((viewport.bottom() / size::ROW).ceil() as usize).min(values.fields.len());
        let steps = ((viewport.left() - NAMES) / CELL).floor().max(0.0) as usize
            ..(((viewport.right() - NAMES) / CELL).ceil().max(0.0) as usize).min(values.steps);
        for row in rows {
            field_ui(ui, tale, row, steps.clone(), corner + vec2(0.0, row as f32 * size::ROW), width);
        }
    });
    head_ui(ui, head, tale, -shown.state.offset.x, context);
    if let Some(note) = note {
        let place = rect.with_min_y(body.bottom()).shrink2(vec2(size::INSET, 0.0));
        widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, &note, font::small(), tokens.text_second);
    }
}

fn head_ui(ui: &mut Ui, head: Rect, tale: &Tale, shift: f32, context: &Context<'_>) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(head, 0.0, tokens.pane);
    let clip = head.with_min_x(head.left() + 4.0);
    let painter = ui.painter().with_clip_rect(clip.intersect(ui.clip_rect()));
    for (at, step) in tale.steps.iter().take(tale.values.steps).enumerate() {
        let left = head.left() + NAMES + at as f32 * CELL + shift;
        let place = Rect::from_min_size(pos2(left, head.top()), vec2(CELL - 8.0, head.height()));
        if !place.intersects(clip) {
            continue;
        }
        let response = ui.interact(place.intersect(clip), ui.id().with(("value head", at)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Values of {}", step.step)));
        let selected = context.state.selection.as_ref().is_some_and(|selection| selection.coordinates == step.at);
        let color = if selected { tokens.accent } else { tokens.text_second };
        widgets::text_in(&painter, place, Align2::LEFT_CENTER, &step.step, font::small(), color);
        if response.on_hover_text(step.at.to_string()).clicked() {
            context.send(Command::GoToEvent(step.at.clone()));
        }
    }
    widgets::hairline_h(ui, head.x_range(), head.bottom() - 1.0);
}

fn field_ui(ui: &mut Ui, tale: &Tale, row: usize, steps: std::ops::Range<usize>, corner: egui::Pos2, width: f32) {
    let tokens = tokens(ui);
    let name = &tale.values.fields[row];
    let cells = &tale.values.cells[row];
    let line = Rect::from_min_size(corner, vec2(width, size::ROW));
    let faint = mix(tokens.hairline, tokens.window, 0.5);
    ui.painter().hline(line.x_range(), line.bottom() - 0.5, Stroke::new(1.0, faint));
    let place = Rect::from_min_size(corner + vec2(size::INSET, 0.0), vec2(NAMES - size::INSET - 8.0, size::ROW));
    widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, name, font::mono(), tokens.text_second);
    let response = ui.interact(line, ui.id().with(("field", row)), Sense::hover());
    response.widget_info(|| {
        let said: Vec<&str> = cells.iter().flatten().map(String::as_str).collect();
        WidgetInfo::labeled(WidgetType::Label, true, format!("{name}: {}", said.join(", ")))
    });
    for at in steps {
        let Some(text) = &cells[at] else { continue };
        let before = cells[..at].iter().rev().flatten().next();
        let place = Rect::from_min_size(corner + vec2(NAMES + at as f32 * CELL, 0.0), vec2(CELL - 8.0, size::ROW));
        let changed = before.is_some_and(|before| before != text);
        if changed {
            let under = place.expand2(vec2(4.0, -2.0));
            ui.painter().rect_filled(under, 3.0, mix(tokens.warning, tokens.window, 0.8));
        }
        let color = if before.is_none() || changed { tokens.text } else { tokens.text_faint };
        widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, text, font::mono(), color);
    }
}
