//! Why a row is there, and how far an event got: found by a job that replays the pipeline.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::engine::{Explainer, NamedEvent};
use fabula_core::event::{Coordinates, TopicName};
use fabula_core::pipeline::Pipeline;
use fabula_core::store::Snapshot;

use super::past::codecs_of;
use super::showing::Chosen;
use crate::command::Command;
use crate::formats::Formats;
use crate::jobs::{Progress, Title, Unit};
use crate::panes::Context;
use crate::panes::asking::Asking;

/// What is asked, of which pipeline and which version of the log.
#[derive(Clone, PartialEq)]
pub(super) struct Question {
    pub(super) about: About,
    design: u64,
    generation: u64,
    snapshot: u64,
}

/// What is asked.
#[derive(Clone, PartialEq)]
pub(super) enum About {
    /// Why a row is there, as of a moment.
    Row(Chosen, Option<i64>),
    /// How far an event got.
    Event(Coordinates),
}

/// What was found.
pub(super) struct Told {
    /// Of a row: the events that made it, as far as they are named.
    pub(super) events: Vec<NamedEvent>,
    /// How many there are.
    pub(super) count: u64,
    /// The rest, in a person's words.
    pub(super) lines: Vec<String>,
}

/// Explanations asked for.
#[derive(Default)]
pub(super) struct Why {
    asking: Asking<Question, Result<Told, String>>,
    /// Whether the events of the last answer are marked.
    marked: bool,
}

impl Why {
    pub(super) fn is_busy(&self) -> bool {
        self.asking.is_busy()
    }

    /// The answer about a thing, if it was asked last.
    pub(super) fn answer(&self, about: &About) -> Option<&Result<Told, String>> {
        let (question, _) = self.asking.last()?;
        self.asking.answer().filter(|_| question.about == *about)
    }

    /// Asks about a thing.
    pub(super) fn ask(&mut self, about: About, node: Option<&str>, context: &Context<'_>) {
        let state = context.state;
        let Some(snapshot) = state.log.snapshot.clone() else { return };
        let question = Question {
            about: about.clone(),
            design: state.design.version,
            generation: state.log.generation,
            snapshot: snapshot.version,
        };
        let name = match &about {
            About::Row(..) => "Why is this here?".to_owned(),
            About::Event(event) => format!("How far did {event} get?"),
        };
        let (pipeline, formats) = (Arc::clone(&state.design.runs), state.formats.clone());
        let node = node.map(str::to_owned);
        self.marked = false;
        let job = move |progress: &Progress| explain(&about, node.as_deref(), &pipeline, &snapshot, &formats, progress);
        self.asking.ask(question, context.jobs, Title::listed(name, Unit::Events), job);
    }

    /// Takes in an answer, and marks its events for all panes.
    pub(super) fn update(&mut self, context: &Context<'_>) {
        self.asking.update();
        if let Some(Ok(told)) = self.asking.answer()
            && !self.marked
        {
            let events = told.events.iter().filter_map(|event| event.coordinates.clone());
            let events: BTreeSet<Coordinates> = events.collect();
            context.send(Command::MarkEvents(Arc::new(events)));
            self.marked = true;
        }
    }
}

fn explain(
    about: &About,
    node: Option<&str>,
    pipeline: &Pipeline,
    snapshot: &Snapshot,
    formats: &Formats,
    progress: &Progress,
) -> Result<Told, String> {
    // A row of any node can be asked about: the pipeline up to it has it as its end.
    let pipeline = node.map_or_else(|| pipeline.clone(), |node| pipeline.up_to(node));
    let mut codecs = std::collections::BTreeMap::new();
    for end in pipeline.ends() {
        codecs.extend(codecs_of(&pipeline, &end.name, snapshot, formats).map_err(|error| error.to_string())?);
    }
    let codec =
        |topic: &TopicName| codecs.get(topic).cloned().unwrap_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json));
    let done = AtomicU64::new(0);
    let until_ms = match about {
        About::Row(_, until_ms) => *until_ms,
        About::Event(_) => None,
    };
    let explainer =
        Explainer { pipeline: &pipeline, snapshot, codecs: &codec, until_ms, cancel: progress.token(), done: &done };
    let text = |it: &dyn std::fmt::Display| it.to_string().lines().map(str::to_owned).collect::<Vec<_>>();
    match about {
        About::Row(chosen, _) => {
            let told = explainer.row(node, &chosen.row_name()).map_err(|error| error.to_string())?;
            let mut lines = Vec::new();
            if told.others > 0 {
                lines.push(format!("{} more rows look the same", told.others));
            }
            if !told.made_by.events.iter().any(|event| event.seq == told.came_with.seq) {
                lines.push(format!("It came out when {} made time pass", told.came_with));
            }
            for journey in &told.journeys {
                lines.push(String::new());
                lines.extend(text(journey));
            }
            Ok(Told { count: told.made_by.count, events: told.made_by.events, lines })
        }
        About::Event(event) => {
            let told = explainer.events(std::slice::from_ref(event)).map_err(|error| error.to_string())?;
            Ok(Told { events: Vec::new(), count: 0, lines: text(&told) })
        }
    }
}
