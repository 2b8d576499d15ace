//! Why a row is there: found by a job that replays the pipeline, by itself where that is soon done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::engine::{Explainer, NamedEvent};
use fabula_core::event::TopicName;
use fabula_core::event::time::ms_to_ns;
use fabula_core::pipeline::Pipeline;
use fabula_core::store::Snapshot;

use super::past::codecs_of;
use super::showing::Chosen;
use crate::command::Command;
use crate::formats::Formats;
use crate::jobs::{Progress, Title, Unit};
use crate::panes::Context;
use crate::panes::asking::{Asking, Pause};
use crate::panes::journey;
use crate::state::Stretch;

/// What is asked, of which pipeline. What came to the log since is no reason to ask again.
#[derive(Clone, PartialEq)]
struct Question {
    about: Row,
    /// From when and up to when events count, where history is cut.
    stretch: Stretch,
    design: u64,
    generation: u64,
    formats: Formats,
}

impl Question {
    fn of(about: Row, context: &Context<'_>) -> Self {
        let state = context.state;
        Self {
            about,
            stretch: state.stretch(),
            design: state.design.version,
            generation: state.log.generation,
            formats: state.formats.clone(),
        }
    }
}

/// A row, as of a moment.
pub(super) type Row = (Chosen, Option<i64>);

/// What was found.
pub(super) struct Told {
    /// The events that made it, as far as they are named.
    pub(super) events: Vec<NamedEvent>,
    /// How many there are.
    pub(super) count: u64,
    /// The rest, in a person's words.
    pub(super) lines: Vec<String>,
}

/// Explanations asked for.
#[derive(Default)]
pub(super) struct Why {
    /// Each question with the version of what had been read then.
    asking: Asking<(Question, u64), Result<Told, String>>,
    pause: Pause<Question>,
    /// What was asked last, or waits for the button.
    asked: Option<Question>,
    /// Whether the events of the last answer are marked.
    marked: bool,
}

impl Why {
    pub(super) fn is_busy(&self) -> bool {
        self.asking.is_busy()
    }

    /// The answer about a row, if it was asked last.
    pub(super) fn answer(&self, about: &Row, context: &Context<'_>) -> Option<&Result<Told, String>> {
        let ((question, _), _) = self.asking.last()?;
        self.asking.answer().filter(|_| *question == Question::of(about.clone(), context))
    }

    /// Whether more has been read since that was answered.
    pub(super) fn is_behind(&self, context: &Context<'_>) -> bool {
        let snapshot = context.state.log.snapshot.as_ref().map(|snapshot| snapshot.version);
        self.asking.last().is_some_and(|((_, version), _)| Some(*version) != snapshot)
    }

    /// How many events would be replayed for a row of a node.
    pub(super) fn events(node: &str, context: &Context<'_>) -> u64 {
        journey::events_of(&context.state.design.runs.up_to(node), context)
    }

    /// Asks about a row that was chosen, once the choice rests and if not too much has to be replayed.
    pub(super) fn follow(&mut self, about: Option<Row>, node: &str, context: &Context<'_>) {
        let question = about.map(|about| Question::of(about, context));
        let Some(question) = question.filter(|question| self.asked.as_ref() != Some(question)) else { return };
        if self.pause.is_over(&question, context) {
            if Self::events(node, context) <= journey::UNASKED {
                self.ask(question.about, node, context);
            } else {
                // It waits for the button.
                self.asked = Some(question);
            }
        }
    }

    /// Asks about a row.
    pub(super) fn ask(&mut self, about: Row, node: &str, context: &Context<'_>) {
        let state = context.state;
        let Some(snapshot) = state.log.snapshot.clone() else { return };
        let question = Question::of(about.clone(), context);
        let version = snapshot.version;
        let (pipeline, formats) = (Arc::clone(&state.design.runs), state.formats.clone());
        let node = node.to_owned();
        self.asked = Some(question.clone());
        self.marked = false;
        let until_ms = about.1.into_iter().chain(question.stretch.until_ms).min();
        let stretch = Stretch { until_ms, ..question.stretch };
        let job =
            move |progress: &Progress| explain(&about.0, (&node, stretch), &pipeline, &snapshot, &formats, progress);
        self.asking.ask((question, version), context.jobs, Title::listed("Why is this here?", Unit::Events), job);
    }

    /// Takes in an answer, and marks its events for all panes.
    pub(super) fn update(&mut self, context: &Context<'_>) {
        self.asking.update();
        if let Some(Ok(told)) = self.asking.answer()
            && !self.marked
        {
            let of = |event: &NamedEvent| Some((event.coordinates.clone()?, event.timestamp_ms.map(ms_to_ns)));
            context.send(Command::MarkEvents(Arc::new(told.events.iter().filter_map(of).collect())));
            self.marked = true;
        }
    }
}

fn explain(
    chosen: &Chosen,
    (node, stretch): (&str, Stretch),
    pipeline: &Pipeline,
    snapshot: &Snapshot,
    formats: &Formats,
    progress: &Progress,
) -> Result<Told, String> {
    // A row of any node can be asked about: the pipeline up to it has it as its end.
    let pipeline = pipeline.up_to(node);
    let mut codecs = BTreeMap::new();
    for end in pipeline.ends() {
        codecs.extend(codecs_of(&pipeline, &end.name, snapshot, formats).map_err(|error| error.to_string())?);
    }
    let codec =
        |topic: &TopicName| codecs.get(topic).cloned().unwrap_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json));
    let done = AtomicU64::new(0);
    let explainer = Explainer {
        pipeline: &pipeline,
        snapshot,
        codecs: &codec,
        from_ms: stretch.from_ms,
        until_ms: stretch.until_ms,
        cancel: progress.token(),
        done: &done,
    };
    let told = explainer.row(Some(node), &chosen.row_name()).map_err(|error| error.to_string())?;
    let mut lines = Vec::new();
    if told.others > 0 {
        lines.push(format!("{} more rows look the same", told.others));
    }
    if !told.made_by.events.iter().any(|event| event.seq == told.came_with.seq) {
        lines.push(format!("It came out when {} made time pass", told.came_with));
    }
    for journey in &told.journeys {
        lines.push(String::new());
        lines.extend(journey.to_string().lines().map(str::to_owned));
    }
    Ok(Told { count: told.made_by.count, events: told.made_by.events, lines })
}
