//! What is dragged onto the canvas out of other panes: topics, and fields of events.

use egui::{Rect, Response, Stroke, StrokeKind, Ui};
use fabula_core::event::TopicName;
use fabula_core::pipeline::{NodeKind, Pipeline, Select};

use super::card::Card;
use super::pieces::{ANY_ROW, KEY};
use super::{Canvas, edits, places, send_edit};
use crate::command::Command;
use crate::panes::{Context, PaneKind};
use crate::state::State;
use crate::theme::tokens;

/// What is dragged onto the canvas out of another pane.
#[derive(Debug, Clone, PartialEq)]
pub enum Dragged {
    /// A topic: as a table, or as a stream.
    Topic(TopicName, bool),
    /// A field as an expression writes it, with the topic of the event that it was seen in, where there is one.
    Field(Option<TopicName>, String),
}

impl Dragged {
    /// A topic, as a table where it keeps the latest event of each key.
    pub fn topic(name: &TopicName, state: &State) -> Self {
        let of = state.log.topics.iter().find(|topic| topic.name == *name);
        let table = of.and_then(|topic| topic.config.as_ref()).is_some_and(|config| config.is_compacted());
        Self::Topic(name.clone(), table)
    }

    /// Takes hold of it where a drag begins, and brings the canvas into sight.
    pub fn begin(self, response: &Response, context: &Context<'_>) {
        if response.drag_started() {
            response.dnd_set_drag_payload(self);
            context.send(Command::ShowPane(PaneKind::Canvas));
        }
    }
}

impl Canvas {
    /// Takes what is dragged here out of another pane: a topic anywhere, a field on the ground or on a node that can use it.
    pub(super) fn drop_dragged(&mut self, ui: &Ui, rect: Rect, cards: &[Card], context: &Context<'_>) {
        let Some(dragged) = egui::DragAndDrop::payload::<Dragged>(ui.ctx()) else { return };
        let Some(at) = ui.input(|input| input.pointer.interact_pos()).filter(|at| rect.contains(*at)) else { return };
        let on_screen = |card: &Card| Rect::from_min_size(self.view.to_screen(card.at), card.size() * self.view.zoom);
        let under = cards.iter().find(|card| on_screen(card).contains(at));
        let under = under.filter(|_| matches!(*dragged, Dragged::Field(..)));
        let stroke = Stroke::new(1.5, tokens(ui).accent);
        let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Middle, ui.id().with("drop")));
        let target = under.map_or(rect.shrink(2.0), |card| on_screen(card).expand(3.0));
        painter.with_clip_rect(rect).rect_stroke(target, 4.0, stroke, StrokeKind::Inside);
        if !ui.input(|input| input.pointer.any_released()) {
            return;
        }
        egui::DragAndDrop::clear_payload(ui.ctx());
        let pipeline = &context.state.design.pipeline;
        let place = places::free_beside(pipeline, self.view.to_scene(at));
        let changed = match (&*dragged, under) {
            (Dragged::Topic(topic, table), _) => Ok(edits::add_topic(pipeline, topic, *table, place)),
            (Dragged::Field(_, field), Some(card)) => {
                used_by(pipeline, &card.name, field).map(|changed| (changed, card.name.clone()))
            }
            (Dragged::Field(Some(topic), field), None) => Ok(filtered(pipeline, topic, field, place)),
            (Dragged::Field(None, field), None) => {
                Err(format!("{field} is a column of many topics: drop it on a node that has it"))
            }
        };
        match changed {
            Ok((pipeline, name)) => {
                send_edit(&pipeline, context);
                context.send(Command::ChooseNode(Some(name.clone())));
                self.reveal = Some(name);
            }
            Err(why) => self.refused = Some((at, why)),
        }
    }
}

/// The events of a topic that have a field; of a topic that is there already behind its stream. Gives the filter's name too.
fn filtered(pipeline: &Pipeline, topic: &TopicName, field: &str, at: [f32; 2]) -> (Pipeline, String) {
    let is_of = |kind: &NodeKind| matches!(kind, NodeKind::Stream { topic: of, .. } if **of == **topic);
    let known = pipeline.nodes.iter().find(|node| is_of(&node.kind)).map(|node| node.name.clone());
    let is_known = known.is_some();
    let (pipeline, stream) = match known {
        Some(stream) => (pipeline.clone(), stream),
        None => edits::add_topic(pipeline, topic, false, at),
    };
    let at = if is_known { at } else { places::free_beside(&pipeline, [at[0] + places::COLUMN, at[1]]) };
    edits::add_filter(&pipeline, &stream, &format!("{field} IS NOT NULL"), "some", at)
}

/// The pipeline with a field used by a node: to group by, to look at, to show.
///
/// # Errors
/// Why the node has no use for one, in a line.
fn used_by(pipeline: &Pipeline, node: &str, field: &str) -> Result<Pipeline, String> {
    let mut changed = pipeline.clone();
    let Some(node) = changed.nodes.iter_mut().find(|known| known.name == node) else {
        return Err(format!("there is no node {node}"));
    };
    let add = |list: &mut Vec<String>| {
        // What stood there at first was nobody's choice.
        list.retain(|entry| entry != KEY && entry != field);
        list.push(field.to_owned());
    };
    match &mut node.kind {
        NodeKind::Filter { condition, .. } => {
            let has = format!("{field} IS NOT NULL");
            *condition = match condition.trim() {
                "" | ANY_ROW => has,
                others => format!("({others}) AND {has}"),
            };
        }
        NodeKind::Project { select, .. } => {
            let stem: String = field
                .rsplit(['.', '['])
                .next()
                .unwrap_or(field)
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let numbered = (2..).map(|number| format!("{stem}_{number}"));
            let mut names = std::iter::once(stem.clone()).chain(numbered);
            let name = names.find(|name| select.iter().all(|known| known.name != *name)).unwrap_or(stem);
            select.push(Select { name, expr: field.to_owned() });
        }
        NodeKind::Aggregate { by, .. } | NodeKind::TopN { by, .. } => {
            by.retain(|entry| entry != field);
            by.push(field.to_owned());
        }
        NodeKind::Rekey { by, .. } | NodeKind::Deduplicate { by, .. } => add(by),
        NodeKind::Flatten { field: array, .. } => field.clone_into(array),
        NodeKind::Stream { .. }
        | NodeKind::Table { .. }
        | NodeKind::Merge { .. }
        | NodeKind::Join { .. }
        | NodeKind::View { .. } => {
            return Err(format!(
                "a {} has no use for a field: drop it on a filter, a project or an aggregate",
                node.kind.name()
            ));
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panes::canvas::pieces::Piece;

    fn behind_orders(piece: Piece) -> (Pipeline, String) {
        let (pipeline, orders) = edits::add_topic(&Pipeline::default(), "orders", false, [0.0, 0.0]);
        edits::add_piece(&pipeline, piece, Some(&orders), [300.0, 0.0])
    }

    fn dropped_on(piece: Piece) -> Result<NodeKind, String> {
        let (pipeline, name) = behind_orders(piece);
        let changed = used_by(&pipeline, &name, "value.region")?;
        assert_eq!(fabula_core::pipeline::check(&changed), [], "{piece:?}");
        Ok(changed.node(&name).expect("it is there").kind.clone())
    }

    #[test]
    fn a_field_is_used_as_the_node_that_it_is_dropped_on_can() {
        let fits = |piece: Piece, fits: &dyn Fn(&NodeKind) -> bool| {
            let kind = dropped_on(piece).expect("it has a use for it");
            assert!(fits(&kind), "{kind:?}");
        };
        fits(
            Piece::Filter,
            &|kind| matches!(kind, NodeKind::Filter { condition, .. } if condition == "value.region IS NOT NULL"),
        );
        fits(Piece::Aggregate, &|kind| matches!(kind, NodeKind::Aggregate { by, .. } if *by == ["value.region"]));
        fits(Piece::Rekey, &|kind| matches!(kind, NodeKind::Rekey { by, .. } if *by == ["value.region"]));
        fits(
            Piece::Project,
            &|kind| matches!(kind, NodeKind::Project { select, .. } if select.last().is_some_and(|last| last.name == "region")),
        );
        assert!(dropped_on(Piece::View).is_err_and(|why| why.contains("a view has no use for a field")));
    }

    #[test]
    fn a_field_on_the_ground_brings_its_topic_unless_that_is_there() {
        let (pipeline, some) = filtered(&Pipeline::default(), &"orders".into(), "value.region", [0.0, 0.0]);
        assert_eq!(pipeline.node(&some).expect("it is there").kind.inputs(), [("input", "orders")]);
        let (pipeline, _) = filtered(&pipeline, &"orders".into(), "value.total", [0.0, 300.0]);
        let topics = pipeline.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Stream { .. })).count();
        assert_eq!((topics, pipeline.nodes.len()), (1, 3));
    }
}
