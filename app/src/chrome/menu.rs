//! Menus: the same commands as everywhere, by their categories, and those of one topic.

use egui::{Align2, Sense, Ui, WidgetInfo, WidgetType, vec2};

use crate::command::{Category, Command, LISTED};
use crate::panes::Context;
use crate::state::Topic;
use crate::theme::{font, size, tokens, widgets};

const ROW: f32 = 26.0;
const WIDTH: f32 = 268.0;

/// The menu of the whole window: a submenu for each category.
pub fn window_menu_ui(ui: &mut Ui, context: &Context<'_>) {
    ui.set_min_width(140.0);
    for category in Category::ALL {
        ui.menu_button(category.name(), |ui| category_menu_ui(ui, context, category));
    }
}

/// The commands of one category.
pub fn category_menu_ui(ui: &mut Ui, context: &Context<'_>, category: Category) {
    ui.spacing_mut().item_spacing.y = 0.0;
    for command in LISTED.iter().filter(|command| command.info().category == category) {
        row_ui(ui, context, command, command.info().name);
    }
}

/// What can be done about a topic.
pub fn topic_menu_ui(ui: &mut Ui, context: &Context<'_>, topic: &Topic) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let name = &topic.name;
    let shown = context.state.is_shown(name);
    row_ui(ui, context, &Command::ToggleTopic(name.clone()), if shown { "Hide" } else { "Show" });
    row_ui(ui, context, &Command::OnlyTopic(name.clone()), "Show only this topic");
    row_ui(ui, context, &Command::ShowAllTopics, Command::ShowAllTopics.info().name);
    row_ui(ui, context, &Command::ToggleDetails(name.clone()), "Details");
    row_ui(ui, context, &Command::AddTopicToPipeline(name.clone(), false), "Add to the canvas as a stream");
    row_ui(ui, context, &Command::AddTopicToPipeline(name.clone(), true), "Add to the canvas as a table");
    if shown && context.state.log.can_read_more && topic.totals.covered < topic.totals.offsets {
        row_ui(ui, context, &Command::ReadMore(name.clone()), "Read more of the past");
        row_ui(ui, context, &Command::ReadAll(name.clone()), "Read all of it");
    }
}

/// A command under its own name, in a menu.
pub fn command_ui(ui: &mut Ui, context: &Context<'_>, command: &Command) {
    row_ui(ui, context, command, command.info().name);
}

/// One command in a menu: name left, keys right.
fn row_ui(ui: &mut Ui, context: &Context<'_>, command: &Command, name: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, ROW), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, name));
    let tokens = tokens(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, size::RADIUS, tokens.raised_hover);
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let mut right = inner.right();
    if let Some(keys) = command.keys() {
        right = widgets::keys_right(ui, inner, right, &keys) - 8.0;
    }
    let text = inner.with_max_x(right);
    widgets::text_in(ui.painter(), text, Align2::LEFT_CENTER, name, font::body(), tokens.text);
    if response.on_hover_text(command.info().tooltip).clicked() {
        context.send(command.clone());
        ui.close();
    }
}
