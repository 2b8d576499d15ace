//! What can be added: topics, and the steps that fit behind a node.

use egui::{Align2, Pos2, Sense, Ui, WidgetInfo, WidgetType, vec2};

use super::edits::{self, Piece};
use super::{Canvas, send_edit};
use crate::command::Command;
use crate::panes::Context;
use crate::theme::{font, size, tokens, widgets};

/// How wide the list is.
const WIDTH: f32 = 360.0;
/// So many topics are listed; the rest is found by typing.
const TOPICS: usize = 8;

/// The list of what can be added, while it is open.
#[derive(Debug, Clone)]
pub(super) struct Adding {
    at: Pos2,
    place: [f32; 2],
    behind: Option<String>,
    filter: String,
    fresh: bool,
}

impl Adding {
    /// Opens it at a place of the screen, for a place of the pipeline; behind a node, if a wire was drawn.
    pub(super) fn at(at: Pos2, place: [f32; 2], behind: Option<String>) -> Self {
        Self { at, place, behind, filter: String::new(), fresh: true }
    }
}

/// What was chosen.
enum Choice {
    Topic(String, bool),
    Piece(Piece),
}

pub(super) fn adding_ui(ui: &mut Ui, canvas: &mut Canvas, context: &Context<'_>) {
    let Some(adding) = &mut canvas.adding else { return };
    let mut choice = None;
    let area = egui::Area::new(ui.id().with("add")).order(egui::Order::Foreground).fixed_pos(adding.at).constrain(true);
    let shown = area.show(ui.ctx(), |ui| {
        egui::Frame::popup(ui.style()).show(ui, |ui| {
            ui.set_width(WIDTH);
            let hint = if adding.behind.is_some() { "What comes next…" } else { "A topic, or a step…" };
            let field = ui.add_sized(vec2(WIDTH, 24.0), widgets::bare_field(ui, &mut adding.filter, hint, 8));
            if std::mem::take(&mut adding.fresh) {
                field.request_focus();
            }
            ui.separator();
            let wanted = adding.filter.trim().to_lowercase();
            let enter = ui.input(|input| input.key_pressed(egui::Key::Enter));
            let mut first = enter;
            let mut offer = |ui: &mut Ui, name: &str, about: &str, picked: Choice| {
                let clicked = row_ui(ui, name, about);
                if clicked || std::mem::take(&mut first) {
                    choice = Some(picked);
                }
            };
            if adding.behind.is_none() {
                let matching = context.state.log.topics.iter().filter(|topic| {
                    (!topic.internal || context.state.internal_shown) && topic.name.to_lowercase().contains(&wanted)
                });
                for topic in matching.take(TOPICS) {
                    let table = topic.config.as_ref().is_some_and(|config| config.is_compacted());
                    let about = if table { "table, its latest events by key" } else { "stream" };
                    offer(ui, &topic.name, about, Choice::Topic(topic.name.to_string(), table));
                }
            }
            let flow = adding.behind.as_ref().and_then(|name| context.state.design.flows.get(name)).copied();
            let fits = |piece: &Piece| {
                piece.takes(flow)
                    && (piece.title().to_lowercase().contains(&wanted)
                        || piece.about().to_lowercase().contains(&wanted))
            };
            let any = adding.behind.is_some() || !context.state.design.pipeline.nodes.is_empty();
            for piece in Piece::ALL.into_iter().filter(fits).filter(|_| any) {
                offer(ui, piece.title(), piece.about(), Choice::Piece(piece));
            }
        })
    });
    let outside = ui.input(|input| input.pointer.any_pressed())
        && ui.input(|input| input.pointer.interact_pos()).is_some_and(|at| !shown.response.rect.contains(at));
    let escaped = ui.input(|input| input.key_pressed(egui::Key::Escape));
    if let Some(choice) = choice {
        let pipeline = &context.state.design.pipeline;
        let (pipeline, name) = match choice {
            Choice::Topic(topic, table) => edits::add_topic(pipeline, &topic, table, adding.place),
            Choice::Piece(piece) => edits::add_piece(pipeline, piece, adding.behind.as_deref(), adding.place),
        };
        send_edit(&pipeline, context);
        context.send(Command::ChooseNode(Some(name)));
        canvas.adding = None;
    } else if outside || escaped {
        canvas.adding = None;
    }
}

fn row_ui(ui: &mut Ui, name: &str, about: &str) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Add {name}")));
    let tokens = tokens(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, tokens.raised_hover);
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    // What it is for stands in a column of its own behind the names; a long name pushes it to the right.
    let galley = widgets::line(ui.painter(), name, font::medium(), tokens.text, inner.width());
    let rest = inner.with_min_x(inner.left() + (galley.size().x + 12.0).max(88.0));
    let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(at, galley, tokens.text);
    widgets::text_in(ui.painter(), rest, Align2::LEFT_CENTER, about, font::small(), tokens.text_faint);
    response.clicked()
}
