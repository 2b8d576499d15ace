//! What can be added: topics, the steps that fit behind a node, and the nodes that can take its rows.

use egui::{Align2, Key, Modifiers, Pos2, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, vec2};
use fabula_core::pipeline::{NodeKind, Pipeline};

use super::edits;
use super::pieces::Piece;
use super::{Canvas, places, send_edit};
use crate::command::Command;
use crate::panes::Context;
use crate::state::State;
use crate::theme::{font, size, tokens, widgets};

/// How wide the list is, and how high at most.
const WIDTH: f32 = 360.0;
const HEIGHT: f32 = 300.0;
/// So many topics are listed; the rest is found by typing.
const TOPICS: usize = 30;
/// So many types of events are offered behind a topic.
const TYPES: usize = 8;

/// The list of what can be added, while it is open.
#[derive(Debug, Clone)]
pub(super) struct Adding {
    at: Pos2,
    place: [f32; 2],
    behind: Option<String>,
    /// The wire that it is put into: the node that takes its rows, and as which input.
    wire: Option<(String, usize)>,
    filter: String,
    /// The one that Enter takes.
    first: usize,
    fresh: bool,
}

impl Adding {
    /// Opens it at a place of the screen, for a place of the pipeline; behind a node, if a wire was drawn.
    pub(super) fn at(at: Pos2, place: [f32; 2], behind: Option<String>) -> Self {
        Self { at, place, behind, wire: None, filter: String::new(), first: 0, fresh: true }
    }

    /// For a step that is put into the wire to an input of a node.
    pub(super) fn into_wire(self, to: String, port: usize) -> Self {
        Self { wire: Some((to, port)), ..self }
    }
}

/// Something that can be added.
struct Offer {
    name: String,
    about: String,
    choice: Choice,
}

#[derive(Clone)]
enum Choice {
    Topic(String, bool),
    Piece(Piece),
    /// The rows for which a field has a value.
    Only(String, String),
    /// The rows that a join found no partner for.
    Unmatched,
    /// A wire to another node's input.
    Connect(String, usize),
    Note,
}

fn offers(adding: &Adding, state: &State) -> Vec<Offer> {
    let design = &state.design;
    let mut offers = Vec::new();
    if let Some((to, port)) = &adding.wire {
        let taker = design.pipeline.node(to).map(|node| &node.kind);
        if let Some(from) = taker.and_then(|kind| edits::input_at(kind, *port)) {
            offers.extend(only_types(state, from));
        }
        let fits = |piece: &Piece| edits::fits_between(&design.pipeline, *piece, to, *port);
        offers.extend(Piece::ALL.into_iter().filter(fits).map(of_piece));
        return offers;
    }
    let Some(behind) = &adding.behind else {
        let topics = state.log.topics.iter().filter(|topic| !topic.internal || state.internal_shown);
        for topic in topics {
            let table = topic.config.as_ref().is_some_and(|config| config.is_compacted());
            let about = if table { "table, the latest event of each key" } else { "stream" };
            let choice = Choice::Topic(topic.name.to_string(), table);
            offers.push(Offer { name: topic.name.to_string(), about: about.to_owned(), choice });
        }
        let note = "Words on the canvas, or a frame around the chosen nodes";
        offers.push(Offer { name: "Note".to_owned(), about: note.to_owned(), choice: Choice::Note });
        if !design.pipeline.nodes.is_empty() {
            offers.extend(Piece::ALL.into_iter().map(of_piece));
        }
        return offers;
    };
    let kind = design.pipeline.node(behind).map(|node| &node.kind);
    if let Some(NodeKind::Join { .. }) = kind
        && edits::only_unmatched(&design.pipeline, behind).is_ok()
    {
        let about = "Only the rows that have no partner on the other side".to_owned();
        offers.push(Offer { name: "Without a partner".to_owned(), about, choice: Choice::Unmatched });
    }
    offers.extend(only_types(state, behind));
    let fits = |piece: &Piece| edits::fits(&design.pipeline, *piece, behind);
    offers.extend(Piece::ALL.into_iter().filter(fits).map(of_piece));
    for node in &design.pipeline.nodes {
        for port in (0..edits::ports(&node.kind)).filter(|port| edits::input_at(&node.kind, *port).is_none()) {
            if edits::connect(&design.pipeline, behind, &node.name, port, &state.names).is_err() {
                continue;
            }
            // The two sides of a join are not the same, so which is meant is asked.
            let side = match &node.kind {
                NodeKind::Join { .. } => [", left", ", right"].get(port).copied().unwrap_or_default(),
                _ => "",
            };
            let about = format!("A wire to this {}", node.kind.name());
            let choice = Choice::Connect(node.name.clone(), port);
            offers.push(Offer { name: format!("Connect to {}{side}", node.name), about, choice });
        }
    }
    offers
}

/// The types of events that a topic has, each as the only one.
fn only_types(state: &State, source: &str) -> Vec<Offer> {
    let kind = state.design.pipeline.node(source).map(|node| &node.kind);
    let is_source = matches!(kind, Some(NodeKind::Stream { .. } | NodeKind::Table { .. }));
    let Some(field) = state.names.kind_of_event(source).filter(|_| is_source) else { return Vec::new() };
    let only = |value: &String| {
        let condition = format!("{} = {value}", field.text);
        let choice = Choice::Only(condition.clone(), edits::stem_of_type(value));
        Offer { name: format!("Only {}", value.trim_matches('\'')), about: condition, choice }
    };
    field.examples.iter().take(TYPES).map(only).collect()
}

fn of_piece(piece: Piece) -> Offer {
    Offer { name: piece.title().to_owned(), about: piece.about().to_owned(), choice: Choice::Piece(piece) }
}

pub(super) fn adding_ui(ui: &mut Ui, canvas: &mut Canvas, context: &Context<'_>) {
    let Some(adding) = &mut canvas.adding else { return };
    // The press that opened it may be of this very frame, as when a touchpad is tapped.
    let opened_now = adding.fresh;
    let wanted = adding.filter.trim().to_lowercase();
    let fits =
        |offer: &Offer| offer.name.to_lowercase().contains(&wanted) || offer.about.to_lowercase().contains(&wanted);
    let mut found: Vec<Offer> = offers(adding, context.state).into_iter().filter(fits).collect();
    let topics = found.iter().filter(|offer| matches!(offer.choice, Choice::Topic(..))).count();
    found.drain(TOPICS.min(topics)..topics);
    let mut picked = keys(ui, adding, found.len()).then_some(adding.first);
    let area = egui::Area::new(ui.id().with("add")).order(egui::Order::Foreground).fixed_pos(adding.at).constrain(true);
    let shown = area.show(ui.ctx(), |ui| {
        egui::Frame::popup(ui.style()).show(ui, |ui| {
            ui.set_width(WIDTH);
            ui.spacing_mut().item_spacing.y = 0.0;
            let hint = match (&adding.wire, &adding.behind) {
                (Some(_), _) => "A step in this wire…",
                (None, Some(_)) => "What comes next…",
                (None, None) => "A topic, or a step…",
            };
            let field = ui.add_sized(vec2(WIDTH, 24.0), widgets::bare_field(ui, &mut adding.filter, hint, 8));
            ui.ctx().accesskit_node_builder(field.id, |node| node.set_label("What to add"));
            canvas.attended |= field.has_focus();
            if field.changed() {
                adding.first = 0;
            }
            if std::mem::take(&mut adding.fresh) {
                field.request_focus();
            }
            ui.add_space(4.0);
            ui.separator();
            ui.add_space(4.0);
            ScrollArea::vertical().max_height(HEIGHT).show(ui, |ui| {
                for (at, offer) in found.iter().enumerate() {
                    if row_ui(ui, offer, at == adding.first) {
                        picked = Some(at);
                    }
                }
                if found.is_empty() {
                    widgets::caption(ui, "Nothing of this name fits here");
                }
            });
        })
    });
    let outside = !opened_now
        && ui.input(|input| input.pointer.any_pressed())
        && ui.input(|input| input.pointer.interact_pos()).is_some_and(|at| !shown.response.rect.contains(at));
    let escaped = ui.input(|input| input.key_pressed(Key::Escape));
    if let Some(offer) = picked.and_then(|at| found.get(at)) {
        let adding = adding.clone();
        canvas.adding = None;
        take(canvas, &adding, &offer.choice, context);
    } else if outside || escaped {
        canvas.adding = None;
    }
}

/// Moves the choice by the keyboard; true when Enter was pressed.
fn keys(ui: &Ui, adding: &mut Adding, count: usize) -> bool {
    ui.input_mut(|input| {
        let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown);
        let up = input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp);
        adding.first = (adding.first + down).saturating_sub(up).min(count.saturating_sub(1));
        input.count_and_consume_key(Modifiers::NONE, Key::Enter) > 0
    })
}

fn take(canvas: &mut Canvas, adding: &Adding, choice: &Choice, context: &Context<'_>) {
    let pipeline: &Pipeline = &context.state.design.pipeline;
    let behind = adding.behind.as_deref();
    // A card hangs by its input from where the wire was let go.
    let place = if behind.is_some() { [adding.place[0], adding.place[1] - 30.0] } else { adding.place };
    let place = places::free_beside(pipeline, place);
    let added = match choice {
        Choice::Piece(piece) if let Some((to, port)) = &adding.wire => {
            edits::add_between(pipeline, piece.stem(), |given, key| piece.kind("", given, key), to, *port)
        }
        Choice::Only(condition, stem) if let Some((to, port)) = &adding.wire => {
            let kind = |_, _: &str| NodeKind::Filter { input: String::new(), condition: condition.clone() };
            edits::add_between(pipeline, stem, kind, to, *port)
        }
        Choice::Topic(topic, table) => Ok(edits::add_topic(pipeline, topic, *table, place)),
        Choice::Piece(piece) => Ok(edits::add_piece(pipeline, *piece, behind, place)),
        Choice::Only(condition, stem) => {
            Ok(edits::add_filter(pipeline, behind.unwrap_or_default(), condition, stem, place))
        }
        Choice::Unmatched => edits::only_unmatched(pipeline, behind.unwrap_or_default()).map(|(mut changed, name)| {
            changed.layout.insert(name.clone(), places::snapped(place));
            (changed, name)
        }),
        Choice::Connect(to, port) => {
            let from = behind.unwrap_or_default();
            edits::connect(pipeline, from, to, *port, &context.state.names).map(|changed| (changed, to.clone()))
        }
        Choice::Note => {
            context.send(Command::AddNote);
            return;
        }
    };
    match added {
        Ok((pipeline, name)) => {
            send_edit(&pipeline, context);
            context.send(Command::ChooseNode(Some(name.clone())));
            canvas.reveal = Some(name);
        }
        Err(why) => canvas.refused = Some((adding.at, why)),
    }
}

fn row_ui(ui: &mut Ui, offer: &Offer, first: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW + 2.0), Sense::click());
    let spoken = match &offer.choice {
        Choice::Connect(..) => offer.name.clone(),
        _ => format!("Add {}", offer.name),
    };
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, first, &spoken));
    let tokens = tokens(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, tokens.raised_hover);
    } else if first {
        ui.painter().rect_filled(rect, 4.0, tokens.selected);
        if ui.input(|input| input.key_pressed(Key::ArrowDown) || input.key_pressed(Key::ArrowUp)) {
            response.scroll_to_me(None);
        }
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    // What it is for stands in a column of its own behind the names; a long name pushes it to the right.
    let galley = widgets::line(ui.painter(), &offer.name, font::medium(), tokens.text, inner.width() * 0.6);
    let rest = inner.with_min_x(inner.left() + (galley.size().x + 12.0).max(88.0));
    let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(at, galley, tokens.text);
    widgets::text_in(ui.painter(), rest, Align2::LEFT_CENTER, &offer.about, font::small(), tokens.text_faint);
    response.clicked()
}
