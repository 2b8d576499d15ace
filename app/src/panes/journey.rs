//! How far the chosen event got in the pipeline: asked by itself while somebody looks at the canvas, as long as there are
//! not too many events to be replayed; else when it is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::engine::{Explainer, NodeVisit, Verdict};
use fabula_core::event::{Coordinates, TopicName};
use fabula_core::pipeline::Pipeline;
use fabula_core::store::Snapshot;

use super::Context;
use super::asking::{Asking, Pause};
use crate::command::Command;
use crate::formats::Formats;
use crate::jobs::{Progress, Title, Unit};
use crate::state::{Journey, Stretch, Visit, Way};

/// So many events are replayed unasked.
pub(super) const UNASKED: u64 = 2_000_000;

/// What is asked of an event. What came to the log since is no reason to ask again.
#[derive(Debug, Clone, PartialEq)]
struct Question {
    event: Coordinates,
    generation: u64,
    design: u64,
    stretch: Stretch,
    formats: Formats,
}

/// The way of the chosen event.
#[derive(Default)]
pub struct Journeys {
    asking: Asking<Question, Result<Told, String>>,
    pause: Pause<Question>,
    told: Option<Arc<Journey>>,
}

/// The nodes that an event came to, and all of it in a person's words.
type Told = (Vec<Visit>, Vec<String>);

impl Journeys {
    /// What is known of the chosen event's way.
    pub fn told(&self) -> Option<Arc<Journey>> {
        self.told.clone()
    }

    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        !self.asking.is_busy()
    }

    /// Hears a command, after the state has taken it.
    pub fn command(&mut self, command: &Command, context: &Context<'_>) {
        if !matches!(command, Command::HowFar) {
            return;
        }
        match question(context) {
            Some(question) => self.ask(question, context),
            None if context.state.selection.is_none() => {
                context.send(Command::Notify("Choose an event first".to_owned()));
            }
            None => {}
        }
    }

    /// Takes in what was found, and asks for what is missing while somebody looks.
    pub fn update(&mut self, context: &Context<'_>, in_sight: bool) {
        self.asking.update();
        let Some(question) = question(context) else {
            if self.told.take().is_some() {
                self.asking.forget();
            }
            return;
        };
        let known = self.asking.last().filter(|(of, _)| **of == question).map(|(_, told)| match told {
            Ok((visits, lines)) => Way::Known(visits.clone(), lines.clone()),
            Err(why) => Way::Failed(why.clone()),
        });
        let events = events_of(&context.state.design.pipeline, context);
        let way = match known {
            Some(way) => Some(way),
            None if self.asking.asks(&question) => Some(Way::Asked),
            None if events > UNASKED => Some(Way::Long(events)),
            None => {
                if self.asking.is_busy() {
                    // What was asked about another event is wanted no more.
                    self.asking.forget();
                }
                if in_sight && self.pause.is_over(&question, context) {
                    self.ask(question.clone(), context);
                }
                None
            }
        };
        let journey = way.map(|way| Journey { event: question.event, design: question.design, way });
        if self.told.as_deref() != journey.as_ref() {
            self.told = journey.map(Arc::new);
        }
    }

    fn ask(&mut self, question: Question, context: &Context<'_>) {
        let state = context.state;
        let Some(snapshot) = state.log.snapshot.clone() else { return };
        let name = format!("How far did {} get?", question.event);
        let (pipeline, formats) = (Arc::clone(&state.design.runs), state.formats.clone());
        let (event, stretch) = (question.event.clone(), question.stretch);
        let job = move |progress: &Progress| explain(&event, &pipeline, &snapshot, &formats, stretch, progress);
        self.asking.ask(question, context.jobs, Title::listed(name, Unit::Events), job);
    }
}

/// What is to be asked of the chosen event, if the pipeline runs and reads its topic.
fn question(context: &Context<'_>) -> Option<Question> {
    let (state, design) = (context.state, &context.state.design);
    let event = state.selection.as_ref()?.coordinates.clone();
    let runs = design.readable && design.runs.topics().contains(&event.topic);
    runs.then_some(Question {
        event,
        generation: state.log.generation,
        design: design.version,
        stretch: state.stretch(),
        formats: state.formats.clone(),
    })
}

/// How many events of what has been read a pipeline takes.
pub(super) fn events_of(pipeline: &Pipeline, context: &Context<'_>) -> u64 {
    let Some(snapshot) = &context.state.log.snapshot else { return 0 };
    pipeline.topics().iter().filter_map(|topic| snapshot.topic(topic)).map(|topic| topic.events()).sum()
}

fn explain(
    event: &Coordinates,
    pipeline: &Pipeline,
    snapshot: &Snapshot,
    formats: &Formats,
    stretch: Stretch,
    progress: &Progress,
) -> Result<Told, String> {
    let mut codecs: BTreeMap<TopicName, TopicCodecs> = BTreeMap::new();
    for topic in pipeline.topics() {
        let of = formats.of(&topic, snapshot).map_err(|damage| damage.to_string())?;
        codecs.insert(topic, of.codecs);
    }
    let codec =
        |topic: &TopicName| codecs.get(topic).cloned().unwrap_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json));
    let (cancel, done) = (progress.token(), AtomicU64::new(0));
    let Stretch { from_ms, until_ms } = stretch;
    let explainer = Explainer { pipeline, snapshot, codecs: &codec, from_ms, until_ms, cancel, done: &done };
    let told = explainer.events(std::slice::from_ref(event)).map_err(|error| error.to_string())?;
    let visits = told.journeys.first().map(|journey| journey.nodes.iter().map(visit).collect()).unwrap_or_default();
    Ok((visits, told.to_string().lines().map(str::to_owned).collect()))
}

fn visit(visit: &NodeVisit) -> Visit {
    let shown = visit.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Shown { .. }));
    let mut words: Vec<String> = visit.verdicts.iter().map(ToString::to_string).collect();
    if visit.left_out > 0 {
        words.push(format!("and {} more", visit.left_out));
    }
    Visit { node: visit.node.clone(), went_on: visit.went_on || shown, words: words.join("; ") }
}
