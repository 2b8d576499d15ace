//! What commands do to the pipeline: add, connect, remove, line up, copy and paste.

use egui::vec2;
use fabula_core::pipeline::Pipeline;

use super::add_ui::Adding;
use super::card::{self, Card};
use super::note_ui::Writing;
use super::places::{self, Chosen};
use super::{AfterEdit, Canvas, clip, edits, send_edit, wire_ui};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;

impl Canvas {
    /// Does what a command asks of the pipeline.
    pub(super) fn act(&mut self, command: &Command, context: &Context<'_>) {
        let design = &context.state.design;
        match command {
            Command::RemoveNode | Command::AlignNodes(_) => self.edit_chosen(command, context),
            Command::ArrangePipeline => {
                self.send_and_then(
                    &places::arranged(&design.pipeline, true),
                    AfterEdit { fit: true, ..AfterEdit::default() },
                    context,
                );
            }
            Command::FitCanvas => self.fitted = None,
            Command::LookAt(look) => {
                if let Some(rect) = self.rect {
                    self.view.look(rect, *look);
                }
            }
            Command::CutWire(to, port) => drop(send_edit(&edits::disconnect(&design.pipeline, to, *port), context)),
            Command::AddToWire(to, port) => self.add_to_wire((to, *port), &card::cards(context.state)),
            Command::CutAtEvent => {
                self.playing = None;
                match context.state.selection.as_ref().map(|selection| selection.time_ns) {
                    Some(Some(ns)) => context.send(Command::CutHistory(Some(ns))),
                    Some(None) => context.send(Command::Notify("The chosen event has no time".to_owned())),
                    None => context.send(Command::Notify("Choose an event first".to_owned())),
                }
            }
            Command::RunAgain => self.runs.run_again(),
            Command::RunOverMarked if context.state.marked.is_none() => {
                context.send(Command::Notify("Drag over a stretch of time on the timeline first".to_owned()));
            }
            Command::AddTopicToPipeline(topic, table) => {
                self.add_topic(topic, *table, card::free_place(context.state), context);
            }
            Command::AddFilterToPipeline(topic, condition) => {
                let (pipeline, stream) =
                    edits::add_topic(&design.pipeline, topic, false, card::free_place(context.state));
                let at = pipeline.layout.get(&stream).copied().unwrap_or_default();
                let at = places::free_beside(&pipeline, [at[0] + places::COLUMN, at[1]]);
                let (pipeline, some) = edits::add_filter(&pipeline, &stream, condition, "some", at);
                send_edit(&pipeline, context);
                context.send(Command::ChooseNode(Some(some.clone())));
                self.reveal = Some(some);
            }
            Command::AddToCanvas => self.open_adding(None, &card::cards(context.state)),
            Command::ConnectNode => {
                let cards = card::cards(context.state);
                // As Delete and Copy it is about what is chosen on the canvas; what is looked at stands in where nothing is.
                let looked_at = |card: &&Card| self.chosen.is_empty() && card.looked_at;
                let chosen = cards.iter().filter(|card| self.chosen.nodes.contains(&card.name));
                match chosen.chain(cards.iter().filter(looked_at)).collect::<Vec<_>>()[..] {
                    [card] => self.open_adding(Some(card), &cards),
                    [] => context.send(Command::Notify("Choose a node first".to_owned())),
                    _ => context.send(Command::Notify("Choose one node: several are chosen".to_owned())),
                }
            }
            Command::AddNote => self.add_note(context),
            Command::FocusCanvas => {
                let chosen = design.chosen.clone();
                self.focus = chosen.or_else(|| design.pipeline.nodes.first().map(|node| node.name.clone()));
                self.reveal.clone_from(&self.focus);
            }
            Command::SelectAllNodes => {
                let nodes = design.pipeline.nodes.iter().map(|node| node.name.clone()).collect();
                self.chosen = Chosen { nodes, notes: (0..design.pipeline.notes.len()).collect() };
            }
            Command::CopyNodes => {
                if let Some(text) = self.copied(context) {
                    context.send(Command::CopyText(text));
                    let what = figures::of(self.chosen.len() as u64, "piece");
                    context.send(Command::Notify(format!("{what} of the pipeline copied, as its text")));
                }
            }
            Command::DuplicateNodes => {
                if let Some(text) = self.copied(context) {
                    self.paste(&text, context);
                }
            }
            Command::PasteNodes(text) => self.paste(text, context),
            Command::ChooseNode(node) => {
                self.reveal.clone_from(node);
                self.fresh = node.clone().filter(|name| !self.drawn.contains(name));
                match node {
                    Some(name) if self.chosen.nodes.contains(name) => {}
                    Some(name) => self.chosen = Chosen { nodes: [name.clone()].into(), ..Chosen::default() },
                    None => self.chosen = Chosen::default(),
                }
            }
            Command::SetPipeline(_) => {
                self.edited();
                self.keep_view(context);
            }
            Command::WritePipeline(..) => self.keep_view(context),
            Command::PutPipeline(..) => {
                self.fitted = None;
                self.chosen = Chosen::default();
            }
            _ => {}
        }
    }

    /// Another name of the pipeline that is being drawn or written is no reason to look elsewhere.
    fn keep_view(&mut self, context: &Context<'_>) {
        if self.fitted.is_some() {
            self.fitted = Some(context.state.design.pipeline.name.clone());
        }
    }

    /// Sends an edit, and keeps what is to be done when it has been made.
    fn send_and_then(&mut self, pipeline: &Pipeline, after: AfterEdit, context: &Context<'_>) {
        self.after = if send_edit(pipeline, context) { after } else { AfterEdit::default() };
    }

    /// An edit has been made: does what waited for it.
    fn edited(&mut self) {
        let AfterEdit { chosen, writing, fit } = std::mem::take(&mut self.after);
        if let Some(chosen) = chosen {
            self.chosen = chosen;
        }
        if writing.is_some() {
            self.writing = writing;
        }
        if fit {
            self.fitted = None;
        }
    }

    pub(super) fn add_topic(&mut self, topic: &str, table: bool, at: [f32; 2], context: &Context<'_>) {
        let (pipeline, name) = edits::add_topic(&context.state.design.pipeline, topic, table, at);
        send_edit(&pipeline, context);
        context.send(Command::ChooseNode(Some(name.clone())));
        self.reveal = Some(name);
    }

    /// Opens the list of what can be put into a wire, where that is.
    fn add_to_wire(&mut self, (to, port): (&String, usize), cards: &[Card]) {
        let Some(rect) = self.rect else { return };
        if let Some(at) = wire_ui::middle(self.view, cards, to, port) {
            let at = at.clamp(rect.min, rect.max);
            self.adding = Some(Adding::at(at, self.view.to_scene(at), None).into_wire(to.clone(), port));
        }
    }

    /// Opens the list of what can be added: in the middle of what is free, or behind a node.
    pub(super) fn open_adding(&mut self, behind: Option<&Card>, cards: &[Card]) {
        let Some(rect) = self.rect else { return };
        self.adding = Some(match behind {
            Some(card) => {
                let output = card.output();
                let at = self.view.to_screen(output) + vec2(8.0, 0.0);
                Adding::at(
                    at.clamp(rect.min, rect.max),
                    [card.at[0] + places::COLUMN, output[1]],
                    Some(card.name.clone()),
                )
            }
            None => {
                let lowest = cards.iter().filter(|card| card.at[0] < 200.0).map(|card| card.rect().bottom());
                let place = [32.0, lowest.fold(8.0, f32::max) + 32.0];
                let corner = rect.min + vec2(48.0, 40.0);
                Adding::at(corner, if cards.is_empty() { self.view.to_scene(corner) } else { place }, None)
            }
        });
    }

    /// What a command does to what is chosen.
    pub(super) fn edit_chosen(&mut self, command: &Command, context: &Context<'_>) {
        let pipeline = &context.state.design.pipeline;
        let edited = match command {
            Command::RemoveNode => {
                let left = places::remove_notes(pipeline, &self.chosen.notes);
                edits::remove_all(&left, &self.chosen.nodes)
            }
            Command::AlignNodes(how) => places::aligned(pipeline, &self.chosen.nodes, *how),
            _ => return,
        };
        if edited == **pipeline {
            return;
        }
        if matches!(command, Command::RemoveNode) {
            self.chosen = Chosen::default();
        }
        send_edit(&edited, context);
    }

    /// A note: a frame around what is chosen, else a box in the middle of what is in sight.
    pub(super) fn add_note(&mut self, context: &Context<'_>) {
        let pipeline = &context.state.design.pipeline;
        let cards = card::cards(context.state);
        let framed: Vec<Card> = cards.into_iter().filter(|card| self.chosen.nodes.contains(&card.name)).collect();
        let (at, size) = if framed.len() > 1 {
            let around = card::bounds(&framed).expand(20.0);
            ([around.left(), around.top() - 24.0], [around.width(), around.height() + 24.0])
        } else {
            let middle = self.rect.map_or([40.0, 40.0], |rect| self.view.to_scene(rect.center()));
            ([middle[0] - 120.0, middle[1] - 40.0], [240.0, 80.0])
        };
        let text = "What this part does";
        let (pipeline, number) = places::add_note(pipeline, text, at, size);
        let writing = Some(Writing::of(number, text));
        self.send_and_then(&pipeline, AfterEdit { writing, ..AfterEdit::default() }, context);
    }

    pub(super) fn paste(&mut self, text: &str, context: &Context<'_>) {
        match clip::pasted(&context.state.design.pipeline, text) {
            Ok((pipeline, chosen)) => {
                let first = chosen.nodes.first().cloned();
                self.send_and_then(&pipeline, AfterEdit { chosen: Some(chosen), ..AfterEdit::default() }, context);
                // A note alone is chosen on the canvas and nowhere else.
                if first.is_some() {
                    context.send(Command::ChooseNode(first));
                }
            }
            Err(why) => context.send(Command::Notify(why)),
        }
    }

    pub(super) fn copied(&self, context: &Context<'_>) -> Option<String> {
        match clip::copied(&context.state.design.pipeline, &self.chosen) {
            Ok(text) => text,
            Err(why) => {
                context.send(Command::Notify(why));
                None
            }
        }
    }
}
