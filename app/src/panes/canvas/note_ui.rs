//! Notes: words on the canvas, and frames around groups of nodes. A note that is moved takes along what stands in it.

use std::collections::BTreeSet;

use egui::{
    CursorIcon, FontSelection, Modifiers, Rect, Sense, Stroke, StrokeKind, TextEdit, Ui, WidgetInfo, WidgetType, vec2,
};
use fabula_core::pipeline::Note;

use super::card::{self, Card};
use super::places::{self, Chosen};
use super::{Canvas, Drag, keys_ui, send_edit};
use crate::panes::Context;
use crate::theme::{font, mix, tokens, widgets};

/// The smallest note.
const SMALLEST: [f32; 2] = [96.0, 40.0];
/// How near the pointer must come to the corner that sizes a note.
const CORNER: f32 = 14.0;

/// The words of a note while they are written.
#[derive(Debug, Clone)]
pub(super) struct Writing {
    number: usize,
    text: String,
    fresh: bool,
}

impl Writing {
    pub(super) fn of(number: usize, text: &str) -> Self {
        Self { number, text: text.to_owned(), fresh: true }
    }
}

pub(super) fn notes_ui(ui: &mut Ui, canvas: &mut Canvas, cards: &[Card], context: &Context<'_>) {
    let pipeline = context.state.design.pipeline.clone();
    for (number, note) in pipeline.notes.iter().enumerate() {
        note_ui(ui, canvas, cards, (number, note), context);
    }
    writing_ui(ui, canvas, context);
}

/// Where a note is on the screen, as it is being moved or sized.
fn place_of(canvas: &Canvas, number: usize, note: &Note) -> Rect {
    let (mut at, mut size) = (note.at, note.size);
    match &canvas.drag {
        Some(Drag::Chosen { by, .. }) if canvas.chosen.notes.contains(&number) => at = [at[0] + by[0], at[1] + by[1]],
        Some(Drag::NoteSize(held, by)) if *held == number => size = sized(size, *by),
        _ => {}
    }
    Rect::from_min_size(canvas.view.to_screen(at), vec2(size[0], size[1]) * canvas.view.zoom)
}

fn sized(size: [f32; 2], by: [f32; 2]) -> [f32; 2] {
    [(size[0] + by[0]).max(SMALLEST[0]), (size[1] + by[1]).max(SMALLEST[1])]
}

fn note_ui(ui: &mut Ui, canvas: &mut Canvas, cards: &[Card], (number, note): (usize, &Note), context: &Context<'_>) {
    let (zoom, tokens) = (canvas.view.zoom, tokens(ui));
    let rect = place_of(canvas, number, note);
    let chosen = canvas.chosen.notes.contains(&number);
    let response = ui.interact(rect, ui.id().with(("note", number)), Sense::click_and_drag());
    let spoken = format!("Note: {}", note.text);
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, chosen, &spoken));
    let held = format!("note {number}");
    if response.drag_started() {
        if !chosen {
            canvas.chosen = Chosen { nodes: inside(note, cards), notes: [number].into() };
        }
        canvas.drag = Some(Drag::Chosen { by: [0.0, 0.0], held: held.clone() });
    }
    if let Some(Drag::Chosen { by, held: holder }) = &mut canvas.drag
        && *holder == held
    {
        let moved = response.drag_delta() / zoom;
        *by = [by[0] + moved.x, by[1] + moved.y];
        if response.drag_stopped() {
            let by = *by;
            canvas.drag = None;
            send_edit(&places::moved(&context.state.design.pipeline, &canvas.chosen, by), context);
        }
    }
    if response.clicked() {
        let more = ui.input(|input| input.modifiers.shift || input.modifiers.command);
        if !more {
            canvas.chosen = Chosen::default();
        }
        if !canvas.chosen.notes.remove(&number) {
            canvas.chosen.notes.insert(number);
        }
        response.request_focus();
    }
    if response.gained_focus() && !chosen {
        canvas.chosen = Chosen { notes: [number].into(), ..Chosen::default() };
    }
    if response.has_focus() {
        canvas.attended = true;
        if let Some(by) = keys_ui::moved_by(ui, &response, Modifiers::SHIFT) {
            // As when it is dragged, it takes along what stands in it, unless more is chosen.
            let mut moving = canvas.chosen.clone();
            if moving.nodes.is_empty() && moving.notes.len() < 2 {
                moving = Chosen { nodes: inside(note, cards), notes: [number].into() };
            }
            send_edit(&places::moved(&context.state.design.pipeline, &moving, by), context);
        }
    }
    let entered = response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::F2));
    if response.double_clicked() || entered {
        canvas.writing = Some(Writing::of(number, &note.text));
    }
    let fill = mix(tokens.raised, tokens.window, 0.45);
    let stroke = match chosen || response.has_focus() {
        true => Stroke::new(1.5, tokens.accent),
        false => Stroke::new(1.0, tokens.hairline),
    };
    ui.painter().rect(rect, 6.0 * zoom, fill, stroke, StrokeKind::Inside);
    if canvas.writing.as_ref().is_none_or(|writing| writing.number != number) {
        let size = egui::FontId::new(font::medium().size * zoom, font::medium().family);
        let inner = rect.shrink(10.0 * zoom);
        let galley = ui.painter().layout(note.text.clone(), size, tokens.text_second, inner.width());
        ui.painter().with_clip_rect(rect.intersect(ui.clip_rect())).galley(inner.min, galley, tokens.text_second);
    }
    size_ui(ui, canvas, (number, note), rect, context);
}

/// The nodes that stand within a note.
fn inside(note: &Note, cards: &[Card]) -> BTreeSet<String> {
    let inside = cards.iter().filter(|card| card::note_rect(note).contains_rect(card.rect()));
    inside.map(|card| card.name.clone()).collect()
}

/// The corner that makes a note larger or smaller.
fn size_ui(ui: &mut Ui, canvas: &mut Canvas, (number, note): (usize, &Note), rect: Rect, context: &Context<'_>) {
    let corner = Rect::from_min_max(rect.max - vec2(CORNER, CORNER), rect.max);
    let response = ui.interact(corner, ui.id().with(("note size", number)), Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, format!("Size of note {}", number + 1)));
    if response.drag_started() {
        canvas.drag = Some(Drag::NoteSize(number, [0.0, 0.0]));
    }
    if let Some(Drag::NoteSize(held, by)) = &mut canvas.drag
        && *held == number
    {
        let moved = response.drag_delta() / canvas.view.zoom;
        *by = [by[0] + moved.x, by[1] + moved.y];
        if response.drag_stopped() {
            let size = places::snapped(sized(note.size, *by));
            canvas.drag = None;
            let changed = places::change_note(&context.state.design.pipeline, number, |note| note.size = size);
            send_edit(&changed, context);
        }
    }
    if response.has_focus() {
        canvas.attended = true;
        if let Some(by) = keys_ui::moved_by(ui, &response, Modifiers::NONE) {
            let size = places::snapped(sized(note.size, by));
            let changed = places::change_note(&context.state.design.pipeline, number, |note| note.size = size);
            send_edit(&changed, context);
        }
        widgets::focus_ring(ui, corner);
    }
    let response = response.on_hover_cursor(CursorIcon::ResizeNwSe);
    if response.hovered() || response.dragged() || response.has_focus() {
        let color = tokens(ui).text_faint;
        for inset in [4.0, 8.0] {
            let (one, other) = (rect.max - vec2(inset, 2.0), rect.max - vec2(2.0, inset));
            ui.painter().line_segment([one, other], Stroke::new(1.0, color));
        }
    }
}

/// The field in which a note's words are written; they are taken when it is left.
fn writing_ui(ui: &mut Ui, canvas: &mut Canvas, context: &Context<'_>) {
    let Some(mut writing) = canvas.writing.take() else { return };
    let Some(note) = context.state.design.pipeline.notes.get(writing.number) else {
        // A note that was added in this very frame is there in the next.
        canvas.writing = Some(writing).filter(|writing| writing.fresh);
        return;
    };
    let rect = place_of(canvas, writing.number, note).shrink(4.0);
    let mut done = false;
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
        let edit = TextEdit::multiline(&mut writing.text)
            .font(FontSelection::FontId(font::medium()))
            .desired_width(rect.width())
            .min_size(rect.size());
        let response = ui.add(edit);
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("The note's words"));
        canvas.attended |= response.has_focus();
        if std::mem::take(&mut writing.fresh) {
            response.request_focus();
        } else {
            done = !response.has_focus();
        }
    });
    if done {
        let changed = places::change_note(&context.state.design.pipeline, writing.number, |note| {
            note.text.clone_from(&writing.text);
        });
        send_edit(&changed, context);
    } else {
        canvas.writing = Some(writing);
    }
}
