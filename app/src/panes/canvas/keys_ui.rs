//! The canvas from the keyboard: from card to card by the arrows, cards moved with Shift.

use egui::{EventFilter, Key, Modifiers, Response, Ui, Vec2, vec2};

use super::card::Card;
use super::places::{self, Chosen};
use super::{Canvas, send_edit};
use crate::command::Command;
use crate::panes::Context;
use crate::theme::widgets;

/// How far Shift and an arrow move what is chosen.
const STEP: f32 = 24.0;

const ARROWS: [(Key, Vec2); 4] = [
    (Key::ArrowLeft, vec2(-1.0, 0.0)),
    (Key::ArrowRight, vec2(1.0, 0.0)),
    (Key::ArrowUp, vec2(0.0, -1.0)),
    (Key::ArrowDown, vec2(0.0, 1.0)),
];

/// The way that Shift and an arrow move what has the focus, in points of the pipeline; its arrows are no longer the toolkit's.
pub(super) fn moved_by(ui: &Ui, response: &Response, modifiers: Modifiers) -> Option<[f32; 2]> {
    let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let pressed = ARROWS.into_iter().filter(|(key, _)| ui.input_mut(|input| input.consume_key(modifiers, *key)));
    let by = pressed.fold(Vec2::ZERO, |by, (_, way)| by + way * STEP);
    (by != Vec2::ZERO).then_some([by.x, by.y])
}

/// What the keys do while a card has the focus.
pub(super) fn card_keys(
    ui: &Ui,
    response: &Response,
    canvas: &mut Canvas,
    card: &Card,
    cards: &[Card],
    context: &Context<'_>,
) {
    let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    widgets::take_arrows(ui, response.id);
    for (key, way) in ARROWS {
        if ui.input_mut(|input| input.consume_key(Modifiers::SHIFT, key)) {
            if !canvas.chosen.nodes.contains(&card.name) {
                canvas.chosen = Chosen { nodes: [card.name.clone()].into(), ..Chosen::default() };
            }
            let by = [way.x * STEP, way.y * STEP];
            send_edit(&places::moved(&context.state.design.pipeline, &canvas.chosen, by), context);
        } else if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key))
            && let Some(next) = next_card(card, cards, way)
        {
            canvas.focus = Some(next.name.clone());
            canvas.reveal = Some(next.name.clone());
            context.send(Command::ChooseNode(Some(next.name.clone())));
        }
    }
}

/// The nearest card in a direction: along a wire if there is one that way, else by place.
fn next_card<'c>(from: &Card, cards: &'c [Card], way: Vec2) -> Option<&'c Card> {
    let center = from.rect().center();
    let wired = |other: &Card| {
        other.inputs.iter().flatten().any(|input| *input == from.name)
            || from.inputs.iter().flatten().any(|input| *input == other.name)
    };
    let distance = |other: &Card| {
        let apart = other.rect().center() - center;
        let along = apart.dot(way);
        let aside = (apart - way * along).length();
        let near = along + 2.0 * aside;
        (along > 8.0).then_some(if wired(other) && way.y == 0.0 { near / 4.0 } else { near })
    };
    cards
        .iter()
        .filter(|other| other.name != from.name)
        .filter_map(|other| Some((distance(other)?, other)))
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, other)| other)
}
