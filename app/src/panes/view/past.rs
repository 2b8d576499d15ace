//! The past of what is shown: derived from the log when somebody asks for it, and then asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::engine::{Plan, Stop};
use fabula_core::event::TopicName;
use fabula_core::pipeline::Pipeline;
use fabula_core::store::Snapshot;
use fabula_core::view::{AsOf, Deriving, Difference, History, Limits, Past, PastError};

use super::freshness::held;
use super::showing::{Chosen, Showing};
use crate::formats::Formats;
use crate::jobs::{Job, Progress, Title, Unit};
use crate::panes::Context;
use crate::panes::asking::{Asking, Same};
use crate::state::{NodeRows, State, Stretch};

/// So many rows of a moment are shown, as of now.
const SHOWN_ROWS: usize = 100_000;
/// So many versions of a row, and so many differences, are listed.
const LISTED: usize = 500;

/// What a past is of.
#[derive(Clone)]
struct Of {
    generation: u64,
    design: u64,
    node: String,
    /// From when and up to when events count, where history is cut.
    stretch: Stretch,
    formats: Formats,
}

impl Of {
    fn new(now: &Showing, state: &State) -> Self {
        Self {
            generation: state.log.generation,
            design: state.design.version,
            node: now.name.clone(),
            stretch: now.stretch,
            formats: state.formats.clone(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.generation, self.design, &self.node) == (other.generation, other.design, &other.node)
            && self.stretch == other.stretch
            && self.formats.is_same(&other.formats)
    }
}

/// What was derived.
pub(super) struct Derived {
    pub(super) past: Past,
    /// Parts of the log that could not be read.
    pub(super) damages: Vec<String>,
    /// How many events had been read of the pipeline's topics.
    pub(super) held: u64,
    /// How it compares with what was there, or why it could not be compared.
    pub(super) check: Option<Result<Check, String>>,
}

/// Rows of which it is known what they came of.
#[derive(Clone)]
struct Counted {
    rows: Arc<NodeRows>,
    snapshot: Arc<Snapshot>,
    /// How many events of it they came of.
    events: u64,
    of: Of,
}

/// How what was derived compares with what was there.
pub(super) struct Check {
    pub(super) difference: Difference,
    /// How many events the rows that were there came of.
    pub(super) events_before: u64,
    /// How many rows there were, and how many of them are shown and were compared.
    pub(super) rows_before: u64,
    pub(super) compared: u64,
}

/// A row of what is shown, and the moment it was chosen at.
type OneRow = (Same<Derived>, Chosen, Option<i64>);

/// The past of what is shown.
#[derive(Default)]
pub(super) struct Pasts {
    /// Whether somebody looks at it.
    pub(super) wanted: bool,
    of: Option<Of>,
    /// The last rows that counted all that had been read: on a log that grows there is mostly more already.
    counted: Option<Counted>,
    deriving: Option<Job<Result<Derived, PastError>>>,
    pub(super) derived: Option<Arc<Derived>>,
    pub(super) failure: Option<String>,
    /// The moment that is looked at; `None` is now.
    pub(super) at_ms: Option<i64>,
    /// Two moments to be held against each other.
    pub(super) marks: [Option<i64>; 2],
    as_of: Asking<(Same<Derived>, i64), Result<Arc<MomentRows>, PastError>>,
    pub(super) histories: Asking<OneRow, Result<History, PastError>>,
    pub(super) differences: Asking<(Same<Derived>, i64, i64), Result<Difference, PastError>>,
}

/// Rows of a moment, and how far the time of their windows was.
pub(super) struct MomentRows {
    rows: Arc<NodeRows>,
    stream_time_ms: Option<i64>,
}

impl Pasts {
    /// Whether nothing is under way.
    pub(super) fn is_settled(&self) -> bool {
        self.deriving.is_none() && !self.as_of.is_busy() && !self.histories.is_busy() && !self.differences.is_busy()
    }

    /// Whether it is being derived.
    pub(super) fn is_deriving(&self) -> bool {
        self.deriving.is_some()
    }

    /// Takes in what was derived and answered, lets go of what is of something else, and starts what is missing.
    pub(super) fn update(&mut self, now: Option<&Showing>, context: &Context<'_>) {
        self.as_of.update();
        self.histories.update();
        self.differences.update();
        self.take(context);
        let state = context.state;
        let Some(now) = now else {
            self.forget(context);
            return;
        };
        let of = Of::new(now, state);
        if self.of.as_ref().is_some_and(|known| !known.is_same(&of)) {
            self.forget(context);
        }
        self.count(now, context);
        if self.wanted && now.whole && self.of.is_none() {
            let Some(snapshot) = state.log.snapshot.clone() else { return };
            self.derive(of, snapshot, None, context);
        }
        if let (Some(derived), Some(at)) = (&self.derived, self.at_ms) {
            let asked = (Same(Arc::clone(derived)), at);
            let job = {
                let derived = Arc::clone(derived);
                move |_: &Progress| {
                    derived.past.as_of(Some(at), SHOWN_ROWS).map(|told| Arc::new(rows_of(&derived.past, told)))
                }
            };
            self.as_of.ask(asked, context.jobs, Title::quiet("As of a moment"), job);
        }
    }

    fn take(&mut self, context: &Context<'_>) {
        let Some(job) = &mut self.deriving else { return };
        match job.poll() {
            Some(Ok(derived)) => {
                let was = self.derived.replace(Arc::new(derived));
                // To let go of a large past takes longer than a frame may.
                context.jobs.drop_aside(was);
            }
            Some(Err(PastError::Stopped(Stop::Cancelled))) => {
                self.failure = Some("deriving was stopped: derive again to see the past".to_owned());
            }
            Some(Err(error)) => self.failure = Some(error.to_string()),
            None if job.is_lost() => self.failure = Some("deriving came to no end".to_owned()),
            None => return,
        }
        self.deriving = None;
    }

    fn forget(&mut self, context: &Context<'_>) {
        let wanted = self.wanted;
        context.jobs.drop_aside(std::mem::take(self));
        self.wanted = wanted;
    }

    /// Remembers rows together with what they came of, where they count all that has been read.
    fn count(&mut self, now: &Showing, context: &Context<'_>) {
        let state = context.state;
        let (Some(outcome), Some(snapshot)) = (&state.outcome, &state.log.snapshot) else { return };
        let is_known = self.counted.as_ref().is_some_and(|counted| Arc::ptr_eq(&counted.rows, &now.rows));
        if !is_known && now.whole && now.is_through && held(state, snapshot) <= outcome.done.1 {
            let (rows, snapshot) = (Arc::clone(&now.rows), Arc::clone(snapshot));
            let counted = Counted { rows, snapshot, events: outcome.done.0, of: Of::new(now, state) };
            context.jobs.drop_aside(self.counted.replace(counted));
        }
    }

    fn derive(&mut self, of: Of, snapshot: Arc<Snapshot>, compared: Option<Counted>, context: &Context<'_>) {
        let state = context.state;
        let pipeline = Arc::clone(&state.design.pipeline);
        let held = held(state, &snapshot);
        let title = Title::listed(format!("Deriving {}", of.node), Unit::Events);
        let wake = context.jobs.waker().clone();
        self.of = Some(of.clone());
        self.failure = None;
        self.deriving = Some(context.jobs.spawn_blocking(title, move |progress| {
            let derived = derive(&pipeline, &of, &snapshot, compared, progress);
            wake.wake();
            derived.map(|derived| Derived { held, ..derived })
        }));
    }

    /// Derives again from the events that the rows count, and compares with them; whether it is known which those are.
    pub(super) fn derive_again(&mut self, now: &Showing, context: &Context<'_>) -> bool {
        self.count(now, context);
        let of = Of::new(now, context.state);
        let Some(counted) = self.counted.clone().filter(|counted| counted.of.is_same(&of)) else { return false };
        self.wanted = true;
        let snapshot = Arc::clone(&counted.snapshot);
        self.derive(of, snapshot, Some(counted), context);
        true
    }

    /// What was shown at the moment that is looked at: while that is found out, as of the moment before.
    pub(super) fn showing(&self, now: &Showing) -> Option<Showing> {
        self.at_ms?;
        let (asked, told) = self.as_of.last()?;
        let rows = told.as_ref().ok()?;
        let closing = self.derived.as_ref()?.past.closing().cloned();
        let times = (Some(asked.1), rows.stream_time_ms);
        Some(Showing::new(now.name.clone(), Arc::clone(&rows.rows), true, times, closing))
    }

    /// What is wrong with the moment that is looked at.
    pub(super) fn refusal(&self) -> Option<String> {
        let answer = self.at_ms.and(self.as_of.answer())?;
        answer.as_ref().err().map(ToString::to_string)
    }

    /// The moments that can be told, first and last.
    pub(super) fn span_ms(&self) -> Option<(i64, i64)> {
        let past = &self.derived.as_ref()?.past;
        let (first, last) = past.span_ms()?;
        Some((past.kept_from_ms().map_or(first, |from| from.max(first)), last))
    }

    /// What became of a row up to the moment that is looked at.
    pub(super) fn ask_history(&mut self, chosen: &Chosen, context: &Context<'_>) {
        let Some(derived) = &self.derived else { return };
        let asked = (Same(Arc::clone(derived)), chosen.clone(), self.at_ms);
        let (derived, at) = (Arc::clone(derived), self.at_ms);
        let cells = chosen.cells_in(derived.past.view());
        let job = move |_: &Progress| derived.past.history(&cells, at, LISTED);
        self.histories.ask(asked, context.jobs, Title::quiet("History of a row"), job);
    }

    /// What changed between the two marks.
    pub(super) fn ask_difference(&mut self, context: &Context<'_>) {
        let (Some(derived), [Some(a), Some(b)]) = (&self.derived, self.marks) else { return };
        let (from, to) = (a.min(b), a.max(b));
        let asked = (Same(Arc::clone(derived)), from, to);
        let derived = Arc::clone(derived);
        let job = move |_: &Progress| derived.past.between(from, Some(to), LISTED);
        self.differences.ask(asked, context.jobs, Title::quiet("Difference between two moments"), job);
    }
}

fn rows_of(past: &Past, told: AsOf) -> MomentRows {
    let view = past.view();
    let rows = NodeRows {
        flow: view.flow,
        columns: view.columns.clone(),
        id: view.id.clone(),
        rows: told.rows,
        count: told.count,
    };
    MomentRows { rows: Arc::new(rows), stream_time_ms: told.stream_time_ms }
}

/// How the topics of a node's sources are decoded.
pub(super) fn codecs_of(
    pipeline: &Pipeline,
    node: &str,
    snapshot: &Snapshot,
    formats: &Formats,
) -> Result<BTreeMap<TopicName, TopicCodecs>, PastError> {
    let plan = Plan::with_past(pipeline, node).map_err(PastError::Pipeline)?;
    let codecs = plan.topics().into_iter().map(|topic| {
        // What was never read has no events to be decoded.
        let known = formats.of(&topic, snapshot).map(|formats| formats.codecs);
        let codecs = known.unwrap_or_else(|_| TopicCodecs::new(Choice::Text, Choice::Json));
        (topic, codecs)
    });
    Ok(codecs.collect())
}

fn derive(
    pipeline: &Pipeline,
    of: &Of,
    snapshot: &Snapshot,
    compared: Option<Counted>,
    progress: &Progress,
) -> Result<Derived, PastError> {
    let codecs = codecs_of(pipeline, &of.node, snapshot, &of.formats)?;
    let total: u64 = codecs.keys().filter_map(|topic| snapshot.topic(topic)).map(|topic| topic.events()).sum();
    let codec =
        |topic: &TopicName| codecs.get(topic).cloned().unwrap_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json));
    progress.set(0, total);
    let done = AtomicU64::new(0);
    let deriving = Deriving {
        pipeline,
        snapshot,
        codecs: &codec,
        from_ms: of.stretch.from_ms,
        until_ms: of.stretch.until_ms,
        limits: Limits::default(),
        cancel: progress.token(),
        done: &done,
    };
    let (past, damages) = deriving.past(&of.node)?;
    let check = match compared.map(|compared| check(&past, &compared, progress)) {
        None => None,
        Some(Ok(check)) => Some(Ok(check)),
        Some(Err(PastError::Stopped(Stop::Cancelled))) => return Err(PastError::Stopped(Stop::Cancelled)),
        Some(Err(error)) => Some(Err(error.to_string())),
    };
    Ok(Derived { past, damages: damages.iter().map(ToString::to_string).collect(), held: total, check })
}

/// Holds what was derived against what was there.
fn check(past: &Past, before: &Counted, progress: &Progress) -> Result<Check, PastError> {
    let rows = &before.rows;
    let difference = past.compared_with(&rows.rows, &rows.columns, rows.count, LISTED, progress.token())?;
    let compared = rows.rows.len() as u64;
    Ok(Check { difference, events_before: before.events, rows_before: rows.count, compared })
}
