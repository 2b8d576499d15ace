//! Paints what stands beside the topology: what is lit, in words, and everything that nobody can tell.

use egui::{Align2, Color32, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, WidgetType, vec2};
use fabula_core::event::time::ms_to_ns;
use fabula_core::narrative::threads::topology::{Topology, Unknown};

use super::picture::{DRAWN, Node, Picture};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::standing;
use crate::theme::{font, size, tokens, widgets};

/// The height of a row.
const ROW: f32 = 20.0;

/// A row of the list.
enum Row {
    Head(&'static str, String),
    /// A box, with a fact.
    Node(Node, String),
    /// A sentence.
    Note(String),
    /// Something to be done.
    Act(&'static str, Command),
}

/// Paints the list; gives the box that was pressed in it.
pub(super) fn side_ui(
    ui: &mut Ui,
    rect: Rect,
    picture: &Picture,
    lit: Option<&Node>,
    why: Option<&str>,
    context: &Context<'_>,
) -> Option<Node> {
    ui.painter().rect_filled(rect, 0.0, tokens(ui).pane);
    let mut rows = Vec::new();
    if let Some(node) = lit {
        of_node(node, &picture.topology, context, &mut rows);
    }
    not_known(picture, lit, why, &mut rows);
    everything(&picture.topology, &mut rows);
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("topology side"));
    let mut pressed = None;
    child.spacing_mut().item_spacing.y = 0.0;
    let heights: Vec<f32> = rows.iter().map(|row| height(&child, row, rect.width())).collect();
    let whole: f32 = heights.iter().sum();
    ScrollArea::vertical().id_salt("topology side").auto_shrink(false).show_viewport(&mut child, |ui, view| {
        ui.set_height(whole);
        let (corner, mut top) = (ui.max_rect().min, 0.0);
        for (nth, (row, height)) in rows.into_iter().zip(heights).enumerate() {
            let place = Rect::from_min_size(corner + vec2(0.0, top), vec2(rect.width(), height));
            top += height;
            // Only what is in sight is painted.
            if top >= view.min.y && top - height <= view.max.y {
                let mut inner = ui.new_child(UiBuilder::new().max_rect(place).id_salt(("row", nth)));
                if let Some(node) = row_ui(&mut inner, row, place, context) {
                    pressed = Some(node);
                }
            }
        }
    });
    pressed
}

/// A sentence takes as many lines as it needs.
fn height(ui: &Ui, row: &Row, width: f32) -> f32 {
    match row {
        Row::Head(..) => size::PANE_HEADER + 4.0,
        Row::Node(..) | Row::Act(..) => ROW,
        Row::Note(words) => galley(ui, words, width).size().y + 7.0,
    }
}

fn galley(ui: &Ui, words: &str, width: f32) -> std::sync::Arc<egui::Galley> {
    let width = (width - 2.0 * size::INSET).max(40.0);
    ui.painter().layout(words.to_owned(), font::small(), Color32::PLACEHOLDER, width)
}

fn row_ui(ui: &mut Ui, row: Row, rect: Rect, context: &Context<'_>) -> Option<Node> {
    let tokens = tokens(ui);
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    match row {
        Row::Head(name, figure) => {
            ui.add_space(4.0);
            widgets::section_head(ui, name, &figure);
            None
        }
        Row::Note(words) => {
            let response = ui.allocate_rect(rect, Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &words));
            let galley = galley(ui, &words, rect.width());
            ui.painter().galley(inner.min + vec2(0.0, 3.0), galley, tokens.text_second);
            None
        }
        Row::Act(words, command) => {
            let mut child = ui.new_child(UiBuilder::new().max_rect(inner));
            if widgets::link(&mut child, words).on_hover_text(command.info().tooltip).clicked() {
                context.send(command);
            }
            None
        }
        Row::Node(node, fact) => {
            let response = ui.allocate_rect(rect, Sense::click());
            let spoken = format!("List {} {}: {fact}", node.kind(), node.name());
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &spoken));
            if response.hovered() || response.has_focus() {
                ui.painter().rect_filled(rect, 0.0, tokens.hovered);
            }
            let galley = widgets::line(ui.painter(), &fact, font::small(), tokens.text_second, inner.width() * 0.6);
            let at = Align2::RIGHT_CENTER.align_size_within_rect(galley.size(), inner).min;
            let name = inner.with_max_x(at.x - 8.0);
            ui.painter().galley(at, galley, tokens.text_second);
            widgets::text_in(ui.painter(), name, Align2::LEFT_CENTER, node.name(), font::body(), tokens.text);
            let pressed = response.clicked();
            response.on_hover_text(spoken);
            pressed.then_some(node)
        }
    }
}

/// What is lit, in words.
fn of_node(node: &Node, topology: &Topology, context: &Context<'_>, rows: &mut Vec<Row>) {
    let clock = &context.state.clock;
    let between = |first: Option<i64>, last: Option<i64>| match first.zip(last) {
        Some((first, last)) => format!("from {} to {}", clock.full(ms_to_ns(first)), clock.full(ms_to_ns(last))),
        None => "without times".to_owned(),
    };
    rows.push(Row::Head(node.kind(), node.name().to_string()));
    match node {
        Node::Service(service) => {
            for writer in topology.writers.iter().filter(|writer| writer.service == *service) {
                let events = figures::of(writer.flow.events, "event");
                let rate =
                    writer.flow.per_second().map_or_else(String::new, |rate| format!(", {}", figures::rate(rate)));
                rows.push(Row::Node(Node::Topic(writer.topic.clone()), format!("writes {events}{rate}")));
                rows.push(Row::Note(between(writer.flow.first_ms, writer.flow.last_ms)));
            }
            for inferred in topology.inferred.iter().filter(|inferred| inferred.service == *service) {
                let fact = format!("reads: {} caused by it", figures::of(inferred.events, "event"));
                rows.push(Row::Node(Node::Topic(inferred.topic.clone()), fact));
            }
            rows.push(Row::Act("Threads of this service", Command::ThreadsOfService(service.clone())));
        }
        Node::Topic(topic) => {
            if let Some(found) = topology.topic(topic) {
                let words = between(found.flow.first_ms, found.flow.last_ms);
                rows.push(Row::Note(format!("{} {words}", figures::of(found.flow.events, "event"))));
            }
            for writer in topology.writers.iter().filter(|writer| writer.topic == *topic) {
                let events = figures::of(writer.flow.events, "event");
                rows.push(Row::Node(Node::Service(writer.service.clone()), format!("writes {events}")));
            }
            for reader in topology.readers.iter().filter(|reader| reader.topic == *topic) {
                rows.push(Row::Node(Node::Group(reader.group.as_str().into()), lag_words(reader)));
            }
            for inferred in topology.inferred.iter().filter(|inferred| inferred.topic == *topic) {
                let fact = format!("reads, by {} of it", figures::of(inferred.events, "event"));
                rows.push(Row::Node(Node::Service(inferred.service.clone()), fact));
            }
            rows.push(Row::Act("Only this topic", Command::OnlyTopic(topic.clone())));
        }
        Node::Group(group) => {
            for reader in topology.readers.iter().filter(|reader| *reader.group == **group) {
                rows.push(Row::Node(Node::Topic(reader.topic.clone()), lag_words(reader)));
                match &reader.clients {
                    None => rows.push(Row::Note("Its clients are not told".to_owned())),
                    Some(clients) => {
                        rows.extend(clients.iter().map(|(client, host)| Row::Note(format!("{client} from {host}"))));
                    }
                }
            }
            rows.push(Row::Act("Show its partitions", Command::ShowGroup(group.clone())));
        }
    }
}

fn lag_words(reader: &fabula_core::narrative::threads::topology::Reader) -> String {
    match (reader.events, reader.time) {
        (Some(events), Some(time)) if events.number() > 0 => {
            format!("{} behind, {}", standing::events(events), standing::time(time))
        }
        (Some(_), _) => "no lag".to_owned(),
        (None, _) => standing::no_lag(reader.committed).to_owned(),
    }
}

fn not_known(picture: &Picture, lit: Option<&Node>, why: Option<&str>, rows: &mut Vec<Row>) {
    let concerns = |unknown: &&Unknown| match lit {
        None | Some(Node::Service(_)) => true,
        Some(Node::Topic(topic)) => unknown.topic() == Some(topic),
        Some(Node::Group(group)) => unknown.group() == Some(group),
    };
    let unknown: Vec<&Unknown> = picture.topology.unknown.iter().filter(concerns).collect();
    rows.push(Row::Head("Not known", figures::count(unknown.len() as u64)));
    for unknown in unknown {
        rows.push(Row::Note(match (unknown, why) {
            (Unknown::NoGroups, Some(why)) => format!("consumer groups: {why}"),
            _ => unknown.to_string(),
        }));
    }
    if picture.left_out > 0 {
        let left_out = figures::of(picture.left_out as u64, "topic");
        rows.push(Row::Note(format!("{left_out} not drawn: the {DRAWN} with most events are")));
    }
    let always = "Kafka keeps with an event neither who wrote nor who reads it: a writer that does not name itself, and a \
                  reader that commits nowhere, are not seen";
    rows.push(Row::Note(always.to_owned()));
}

fn everything(topology: &Topology, rows: &mut Vec<Row>) {
    rows.push(Row::Head("Writers", figures::count(topology.writers.len() as u64)));
    for writer in &topology.writers {
        let rate = writer.flow.per_second().map_or_else(String::new, |rate| format!(" · {}", figures::rate(rate)));
        rows.push(Row::Node(Node::Service(writer.service.clone()), format!("{}{rate}", writer.topic)));
    }
    let readers = topology.readers.len() + topology.inferred.len();
    rows.push(Row::Head("Readers", figures::count(readers as u64)));
    for reader in &topology.readers {
        let fact = format!("{} · {}", reader.topic, lag_words(reader));
        rows.push(Row::Node(Node::Group(reader.group.as_str().into()), fact));
    }
    for inferred in &topology.inferred {
        let fact = format!("{} · implied by {}", inferred.topic, figures::of(inferred.events, "event"));
        rows.push(Row::Node(Node::Service(inferred.service.clone()), fact));
    }
}
