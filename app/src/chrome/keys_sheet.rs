//! The `?` sheet: every command with its keys, in two columns.

use egui::{Align2, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, vec2};

use super::dialog::title_ui;
use crate::command::{Category, Command, LISTED};
use crate::theme::{font, tokens, widgets};

/// The `?` sheet: every command with its keys.
#[derive(Default)]
pub struct KeysSheet {}

impl KeysSheet {
    /// Draws the sheet and says whether it is done with.
    pub fn ui(&mut self, ui: &mut Ui) -> bool {
        let closed = title_ui(ui, "Keyboard shortcuts");
        let height = ui.ctx().content_rect().height() - 180.0;
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = 36.0;
            let left = [Category::Log, Category::Edit, Category::Topics, Category::Pipeline];
            let right = [Category::Go, Category::Timeline, Category::Story, Category::Threads];
            ui.columns(2, |columns| {
                for category in left {
                    category_ui(&mut columns[0], category);
                }
                for category in right {
                    category_ui(&mut columns[1], category);
                }
            });
            ui.columns(2, |columns| {
                let all: Vec<&Command> =
                    LISTED.iter().filter(|command| command.info().category == Category::Window).collect();
                let (one, other) = all.split_at(all.len().div_ceil(2));
                heading_ui(&mut columns[0], Category::Window.name());
                heading_ui(&mut columns[1], "");
                one.iter().for_each(|command| row_ui(&mut columns[0], command));
                other.iter().for_each(|command| row_ui(&mut columns[1], command));
            });
        });
        closed
    }
}

fn category_ui(ui: &mut Ui, category: Category) {
    heading_ui(ui, category.name());
    for command in LISTED.iter().filter(|command| command.info().category == category) {
        row_ui(ui, command);
    }
    ui.add_space(12.0);
}

fn heading_ui(ui: &mut Ui, name: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    let color = tokens(ui).text_second;
    widgets::text_in(ui.painter(), rect, Align2::LEFT_CENTER, name, font::strong(), color);
    widgets::hairline_h(ui, rect.x_range(), rect.bottom() - 1.0);
}

fn row_ui(ui: &mut Ui, command: &Command) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    let info = command.info();
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, info.name));
    let mut right = rect.right();
    if let Some(keys) = command.keys() {
        right = widgets::keys_right(ui, rect, right, &keys) - 8.0;
    }
    let name = rect.with_max_x(right);
    let color = tokens(ui).text;
    widgets::text_in(ui.painter(), name, Align2::LEFT_CENTER, info.name, font::body(), color);
    response.on_hover_text(info.tooltip);
}
