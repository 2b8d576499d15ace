//! The catalogue: the log's topics, what is known of each, the pipeline's views, and the log's consumer groups.
//!
//! Rows are laid out from a flat list, so that ten thousand topics cost as much as those in sight.

mod bookmark_rows;
mod details;
mod finding_rows;
mod group_rows;
mod rows;
mod topic_row;
mod view_rows;

use std::sync::Arc;

use egui::{Align2, ScrollArea, Sense, Ui, vec2};

use super::{Context, Pane};
use crate::command::Command;
use crate::figures;
use crate::state::{LogStatus, Readers};
use crate::theme::{font, icon::Icon, size, tokens, widgets};
use rows::{Item, Listing};

/// The catalogue: the log's topics and groups.
#[derive(Default)]
pub struct Catalogue {
    filter: String,
    listing: Listing,
    groups_shut: bool,
    /// The group that is to be brought into sight.
    sought: Option<Arc<str>>,
}

impl Pane for Catalogue {
    fn command(&mut self, command: &Command, _context: &Context<'_>) {
        if let Command::ShowGroup(group) = command {
            (self.groups_shut, self.sought) = (false, Some(group.clone()));
            self.filter.clear();
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let shown = context.state.shown_topics().count();
        let listed = self.listing.topics();
        if listed > 0 && !context.state.log.topics.is_empty() {
            let text = format!("{} of {}", figures::count(shown as u64), figures::count(listed as u64));
            let color = tokens(ui).text_second;
            let label = egui::RichText::new(text).font(font::small()).color(color);
            ui.label(label).on_hover_text("Topics shown, of those listed");
        }
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let log = &context.state.log;
        match &log.status {
            LogStatus::Closed => return no_log_ui(ui, context),
            LogStatus::Failed(error) => return failed_ui(ui, context, &error.to_string()),
            LogStatus::Opening if log.topics.is_empty() => {
                widgets::empty_state(ui, "Opening …", "Asking the log for its topics", None);
                return;
            }
            _ if log.topics.is_empty() => {
                let hint = "The log answers, but lists no topic that may be seen";
                if widgets::empty_state(ui, "No topics", hint, Some("Refresh")) {
                    context.send(Command::Refresh);
                }
                return;
            }
            _ => {}
        }
        self.filter_ui(ui);
        if let Some(failure) = &log.failure {
            ui.scope(|ui| widgets::error_line(ui, failure));
        }
        self.listing.update(context.state, &self.filter, self.groups_shut);
        self.list_ui(ui, context);
    }
}

impl Catalogue {
    /// The field that narrows the list down.
    fn filter_ui(&mut self, ui: &mut Ui) {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
        let tokens = tokens(ui);
        let mark = egui::Rect::from_center_size(
            egui::pos2(rect.left() + size::INSET + 5.0, rect.center().y),
            vec2(16.0, 16.0),
        );
        crate::theme::icon::paint(ui.painter(), mark, Icon::Find, tokens.text_faint);
        let inner = rect.with_min_x(rect.left() + size::INSET + 16.0).with_max_x(rect.right() - 8.0);
        let mut field = ui
            .new_child(egui::UiBuilder::new().max_rect(inner).layout(egui::Layout::right_to_left(egui::Align::Center)));
        if !self.filter.is_empty() && widgets::icon_button(&mut field, Icon::Close, "Clear the filter").clicked() {
            self.filter.clear();
        }
        let edit = widgets::bare_field(&field, &mut self.filter, "Filter topics", 4);
        let response = field.add(edit);
        response.ctx.accesskit_node_builder(response.id, |node| node.set_label("Filter topics"));
        if response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Escape)) {
            self.filter.clear();
        }
        widgets::hairline_h(ui, rect.x_range(), rect.bottom() - 1.0);
    }

    fn list_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        ui.spacing_mut().item_spacing.y = 0.0;
        let rect = ui.available_rect_before_wrap();
        let total = self.listing.height();
        let mut area = ScrollArea::vertical().auto_shrink([false, false]);
        if let Some(top) = self.sought.take().and_then(|group| self.listing.top_of_group(context.state, &group)) {
            area = area.vertical_scroll_offset((top - rect.height() / 3.0).max(0.0));
        }
        area.show_viewport(ui, |ui, view| {
            ui.set_height(total);
            let top = ui.max_rect().top();
            for (at, offset) in self.listing.in_view(view.min.y, view.max.y) {
                let item = self.listing.item(at);
                let place =
                    egui::Rect::from_min_size(egui::pos2(rect.left(), top + offset), vec2(rect.width(), item.height()));
                let mut row = ui.new_child(egui::UiBuilder::new().max_rect(place).id_salt(item.id()));
                row.set_clip_rect(rect.intersect(ui.clip_rect()));
                self.item_ui(&mut row, place, &item, context);
            }
        });
    }

    fn item_ui(&mut self, ui: &mut Ui, rect: egui::Rect, item: &Item, context: &Context<'_>) {
        let state = context.state;
        match item {
            Item::Topic(at) => {
                if let Some(topic) = state.log.topics.get(*at) {
                    topic_row::topic_row_ui(ui, rect, topic, context);
                }
            }
            Item::Details(at) => {
                if let Some(topic) = state.log.topics.get(*at) {
                    details::details_ui(ui, rect, topic, context);
                }
            }
            Item::Hidden(count) => hidden_ui(ui, rect, *count, context),
            Item::NothingFits => {
                let color = tokens(ui).text_second;
                let text = "No topic has this in its name";
                widgets::text_in(ui.painter(), rect, Align2::CENTER_CENTER, text, font::body(), color);
            }
            Item::ViewsHead => view_rows::head_ui(ui, rect, state.design.views().count()),
            Item::View(at) => {
                if let Some(view) = state.design.views().nth(*at) {
                    view_rows::view_row_ui(ui, rect, &view.name, context);
                }
            }
            Item::BookmarksHead => bookmark_rows::head_ui(ui, rect, state.document.notes.len()),
            Item::Bookmark(at) => {
                if let Some((at, note)) = state.document.notes.iter().nth(*at) {
                    bookmark_rows::bookmark_row_ui(ui, rect, at, note, context);
                }
            }
            Item::FindingsHead => finding_rows::head_ui(ui, rect, state.tied.as_deref(), context),
            Item::Finding(at) => {
                if let Some(kind) = state.tied.as_ref().and_then(|tied| tied.kinds.get(*at)) {
                    finding_rows::kind_row_ui(ui, rect, *kind, context);
                }
            }
            Item::GroupsHead => {
                if group_rows::head_ui(ui, rect, &state.log.readers, self.groups_shut) {
                    self.groups_shut = !self.groups_shut;
                }
            }
            Item::GroupsNotTold => {
                if let Readers::NotTold(why) = &state.log.readers {
                    group_rows::not_told_ui(ui, rect, why);
                }
            }
            Item::Group(at) | Item::GroupFacts(at) | Item::GroupPartition(at, _) | Item::GroupMember(at, _) => {
                let Some(standing) = state.log.readers.groups().get(*at) else { return };
                match item {
                    Item::GroupFacts(_) => group_rows::facts_ui(ui, rect, standing, context),
                    Item::GroupPartition(_, nth) => group_rows::partition_ui(ui, rect, standing, *nth, context),
                    Item::GroupMember(_, nth) => group_rows::member_ui(ui, rect, standing, *nth),
                    _ => {
                        let open = state.open_groups.contains(standing.group.name.as_str());
                        group_rows::group_row_ui(ui, rect, standing, open, context);
                    }
                }
            }
        }
    }
}

/// How many internal topics are not listed, and the switch that lists them.
fn hidden_ui(ui: &mut Ui, rect: egui::Rect, count: usize, context: &Context<'_>) {
    let text = format!("{} hidden", figures::of(count as u64, "internal topic"));
    let response = ui.allocate_rect(rect, Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &text));
    let tokens = tokens(ui);
    let color = if response.hovered() { tokens.text_second } else { tokens.text_faint };
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, &text, font::small(), color);
    if response.on_hover_text(Command::ToggleInternal.info().tooltip).clicked() {
        context.send(Command::ToggleInternal);
    }
}

fn no_log_ui(ui: &mut Ui, context: &Context<'_>) {
    let hint = "Connect to a cluster, open a recording, or look at the sample";
    if widgets::empty_state(ui, "No log is open", hint, Some("Connect…")) {
        context.send(Command::Connect);
    }
    ui.vertical_centered(|ui| {
        ui.add_space(4.0);
        if widgets::link(ui, "Open the sample").clicked() {
            context.send(Command::OpenSample);
        }
    });
}

fn failed_ui(ui: &mut Ui, context: &Context<'_>, error: &str) {
    egui::Frame::new().inner_margin(egui::Margin::same(size::INSET as i8)).show(ui, |ui| {
        widgets::error_line(ui, error);
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if widgets::button(ui, "Try again").clicked() {
                context.send(Command::Refresh);
            }
            if widgets::button(ui, "Connect…").clicked() {
                context.send(Command::Connect);
            }
        });
    });
}
