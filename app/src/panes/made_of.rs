//! What a result was made of, so that it is not taken for what there is by now.

use std::sync::Arc;

use egui::{Label, RichText, Ui};
use fabula_core::event::TopicName;
use fabula_core::pipeline::Pipeline;
use fabula_core::store::{Segment, Snapshot};

use crate::figures;
use crate::formats::Formats;
use crate::state::{State, Stretch};
use crate::theme::{font, tokens};
use crate::whole_run::WholeRun;

/// The run that a result was made of, and how things stood when it was asked for.
pub(super) struct MadeOf {
    pub(super) run: WholeRun,
    generation: u64,
    /// Where history was cut.
    stretch: Stretch,
    formats: Formats,
    /// How many events there were of the pipeline's topics.
    events: u64,
}

impl MadeOf {
    pub(super) fn new(run: WholeRun, state: &State) -> Self {
        Self {
            generation: state.log.generation,
            stretch: state.stretch(),
            formats: state.formats.clone(),
            events: events(&run.pipeline.topics(), &run.snapshot, run.stretch),
            run,
        }
    }

    /// Whether the log is still open that it was made of.
    pub(super) fn is_of_open_log(&self, state: &State) -> bool {
        self.generation == state.log.generation
    }

    /// Why the same would come to something else by now, in words; `None` where it would not.
    pub(super) fn outdated(&self, state: &State) -> Option<String> {
        if !self.is_of_open_log(state) {
            return Some("of the log that was open before".to_owned());
        }
        let now = WholeRun::of(state).map(|now| now.pipeline);
        let is_same =
            |now: &Arc<Pipeline>| Arc::ptr_eq(&self.run.pipeline, now) || self.run.pipeline.nodes == now.nodes;
        if !now.as_ref().is_some_and(is_same) {
            return Some("the pipeline has changed since".to_owned());
        }
        if !self.formats.is_same(&state.formats) {
            return Some("topics are decoded in other ways since".to_owned());
        }
        if self.stretch != state.stretch() {
            return Some("history is cut elsewhere since".to_owned());
        }
        let (topics, snapshot) = (self.run.pipeline.topics(), state.log.snapshot.as_ref());
        let now = snapshot.map_or(0, |snapshot| events(&topics, snapshot, self.run.stretch));
        let since = now.checked_sub(self.events).filter(|since| *since > 0)?;
        let words = figures::of(since, "event");
        Some(match self.run.stretch.until_ms {
            // As of a moment of the past, too, events may come late.
            Some(_) => format!("{words} came since"),
            None => format!("{words} behind"),
        })
    }

    /// Says so where it is.
    pub(super) fn outdated_ui(&self, ui: &mut Ui, what: &str, state: &State) {
        if let Some(why) = self.outdated(state) {
            let words = RichText::new(format!("{what}: {why}")).font(font::small()).color(tokens(ui).warning);
            ui.add(Label::new(words).wrap());
        }
    }
}

/// How many events a snapshot holds of topics, as far as they may count: those of the segments that reach into a stretch.
pub(super) fn events(topics: &[TopicName], snapshot: &Snapshot, stretch: Stretch) -> u64 {
    let reaches = |segment: &&Arc<Segment>| {
        let span = segment.time_span_ms();
        span.is_none_or(|(first, last)| {
            stretch.from_ms.is_none_or(|from| last >= from) && stretch.until_ms.is_none_or(|until| first <= until)
        })
    };
    let held = topics.iter().filter_map(|topic| snapshot.topic(topic)).flat_map(|topic| &topic.partitions);
    held.flat_map(|held| held.segments.iter().filter(reaches)).map(|segment| segment.len() as u64).sum()
}
