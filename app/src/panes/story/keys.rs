//! Keys that move within the list: they are the list's own while no text is being written.

use egui::{Key, Modifiers, Ui};

use super::Story;
use super::scroll::Scroll;
use crate::command::Command;
use crate::panes::Context;
use crate::state::Order;
use crate::theme::widgets;

/// Takes the arrows and the page keys.
pub(super) fn keys(ui: &Ui, story: &mut Story, context: &Context<'_>) {
    if ui.ctx().text_edit_focused() || widgets::arrows_are_taken(ui.ctx()) || egui::Popup::is_any_open(ui.ctx()) {
        return;
    }
    let pressed = |key: Key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)) as i64;
    let page = story.extent.page().saturating_sub(1).max(1) as i64;
    let down = pressed(Key::ArrowDown) - pressed(Key::ArrowUp) + page * (pressed(Key::PageDown) - pressed(Key::PageUp));
    if down != 0 {
        story.step_down(down, context);
        leave_following(story, context);
    }
}

/// Following ends when a person goes away from the newest event.
pub(super) fn leave_following(story: &Story, context: &Context<'_>) {
    let at_newest = match story.order {
        Order::OldestFirst => story.scroll.is_at_end(story.extent),
        Order::NewestFirst => story.scroll == Scroll::default(),
    };
    if context.state.follow && !at_newest {
        context.send(Command::ToggleFollow);
    }
}
