//! The palette: any command or topic by some letters of its name.

use egui::{Align2, Key, Rect, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, vec2};

use super::fuzzy;
use crate::command::{Command, LISTED};
use crate::panes::Context;
use crate::theme::{Tokens, font, size, tokens, widgets};

const ROW: f32 = 30.0;
const ROWS_IN_SIGHT: f32 = 12.0;

/// The palette: any command or topic by some letters of its name.
#[derive(Default)]
pub struct Palette {
    letters: String,
    chosen: usize,
    found: Vec<Found>,
    searched: Option<String>,
}

struct Found {
    command: Command,
    name: String,
    places: Vec<usize>,
    score: i32,
}

impl Palette {
    /// Draws the palette and says whether it is done with.
    pub fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) -> bool {
        let before = self.chosen;
        let enter = self.keys(ui);
        let response = ui.add_sized(
            vec2(ui.available_width(), 44.0),
            widgets::bare_field(ui, &mut self.letters, "Find a command or topic", 16)
                .id(egui::Id::new("palette letters"))
                .font(egui::FontSelection::FontId(egui::FontId { size: 14.0, ..font::body() })),
        );
        response.ctx.accesskit_node_builder(response.id, |node| node.set_label("Find a command or topic"));
        response.request_focus();
        widgets::hairline_h(ui, response.rect.x_range(), response.rect.bottom());
        self.search(context);
        self.chosen = self.chosen.min(self.found.len().saturating_sub(1));
        let picked = self.rows(ui, context, self.chosen != before).or(enter.then_some(self.chosen));
        let Some(found) = picked.and_then(|at| self.found.get(at)) else { return false };
        context.send(found.command.clone());
        true
    }

    /// Moves the choice by the keyboard; true when Enter was pressed.
    fn keys(&mut self, ui: &Ui) -> bool {
        let last = self.found.len().saturating_sub(1);
        ui.input_mut(|input| {
            let mut take = |key| input.count_and_consume_key(egui::Modifiers::NONE, key);
            self.chosen = (self.chosen + take(Key::ArrowDown)).min(last);
            self.chosen = self.chosen.saturating_sub(take(Key::ArrowUp));
            self.chosen = (self.chosen + take(Key::PageDown) * ROWS_IN_SIGHT as usize).min(last);
            self.chosen = self.chosen.saturating_sub(take(Key::PageUp) * ROWS_IN_SIGHT as usize);
            take(Key::Enter) > 0
        })
    }

    fn search(&mut self, context: &Context<'_>) {
        if self.searched.as_ref() == Some(&self.letters) {
            return;
        }
        if self.searched.is_some() {
            self.chosen = 0;
        }
        let commands = LISTED.iter().map(|command| (command.clone(), command.info().name.to_owned()));
        let topics = context.state.log.topics.iter();
        let topics = topics.map(|topic| (Command::ToggleTopic(topic.name.clone()), topic.name.to_string()));
        let fits = |(command, name): (Command, String)| {
            let (score, places) = fuzzy::fit(&self.letters, &name)?;
            Some(Found { command, name, places, score })
        };
        self.found = commands.chain(topics).filter_map(fits).collect();
        if !self.letters.trim().is_empty() {
            self.found.sort_by_key(|found| std::cmp::Reverse(found.score));
        }
        self.searched = Some(self.letters.clone());
    }

    fn rows(&self, ui: &mut Ui, context: &Context<'_>, follow: bool) -> Option<usize> {
        if self.found.is_empty() {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 56.0), Sense::hover());
            let color = tokens(ui).text_second;
            let text = "No command or topic has these letters";
            widgets::text_in(ui.painter(), rect, Align2::CENTER_CENTER, text, font::body(), color);
            return None;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut picked = None;
        let mut area = ScrollArea::vertical().max_height(ROW * ROWS_IN_SIGHT).auto_shrink([false, true]);
        if follow {
            let top = self.chosen as f32 * ROW;
            area = area.vertical_scroll_offset((top - ROW * (ROWS_IN_SIGHT - 1.0) / 2.0).max(0.0));
        }
        area.show_rows(ui, ROW, self.found.len(), |ui, rows| {
            for at in rows {
                if self.row(ui, context, at) {
                    picked = Some(at);
                }
            }
        });
        ui.add_space(4.0);
        picked
    }

    fn row(&self, ui: &mut Ui, context: &Context<'_>, at: usize) -> bool {
        let found = &self.found[at];
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
        response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, at == self.chosen, &found.name));
        let tokens = tokens(ui);
        let inside = rect.shrink2(vec2(6.0, 1.0));
        if at == self.chosen {
            ui.painter().rect_filled(inside, size::RADIUS, tokens.selected);
        } else if response.hovered() {
            ui.painter().rect_filled(inside, size::RADIUS, tokens.hovered);
        }
        let text = rect.shrink2(vec2(16.0, 0.0));
        let right = self.place_ui(ui, context, found, text, tokens);
        let name = text.with_max_x(right - 12.0);
        let job = name_job(found, name.width(), tokens);
        let galley = ui.painter().layout_job(job);
        let place = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), name).min;
        ui.painter().galley(place, galley, tokens.text);
        response.clicked()
    }

    /// What stands right: the keys, or what kind of thing it is. Gives where it begins.
    fn place_ui(&self, ui: &Ui, context: &Context<'_>, found: &Found, rect: Rect, tokens: &Tokens) -> f32 {
        let (category, keys) = match &found.command {
            Command::ToggleTopic(topic) => {
                let shown = context.state.is_shown(topic);
                (if shown { "Topic · hide" } else { "Topic · show" }, None)
            }
            command => (command.info().category.name(), command.keys()),
        };
        let mut right = rect.right();
        if let Some(keys) = keys {
            right = widgets::keys_right(ui, rect, right, &keys) - 10.0;
        }
        let galley = widgets::line(ui.painter(), category, font::small(), tokens.text_faint, rect.width());
        let at = egui::pos2(right - galley.size().x, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, tokens.text_faint);
        at.x
    }
}

/// The name with the letters that were typed standing out.
fn name_job(found: &Found, width: f32, tokens: &Tokens) -> egui::text::LayoutJob {
    let mut job = egui::text::LayoutJob::default();
    for (at, letter) in found.name.chars().enumerate() {
        let color = if found.places.contains(&at) { tokens.accent } else { tokens.text };
        job.append(letter.encode_utf8(&mut [0; 4]), 0.0, egui::TextFormat::simple(font::body(), color));
    }
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(0.0));
    job
}
