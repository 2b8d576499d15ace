//! Runs the pipeline on the canvas over what has been read: first a stretch of it, with every node's rows, then all of it,
//! then what comes. An edit ends the run that is under way and begins another; a log that grows is gone on with.

mod aside;
mod gather;
mod run;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fabula_core::pipeline::NodeKind;
use parking_lot::Mutex;

use crate::formats::Formats;
use crate::jobs::{Job, Jobs, Title, Unit};
use crate::panes::Context;
use crate::state::{Outcome, State};

use run::{Ended, Live, Run, Shapes, Shared};

/// How long to wait before a run goes on with what has come; at least so many times what that took the last time.
const REST: Duration = Duration::from_millis(250);
const REST_TIMES: u32 = 4;

/// The run of the pipeline on the canvas.
#[derive(Default)]
pub(super) struct Runs {
    asked: Option<Asked>,
    /// The version of the log that the run has taken, or is taking.
    snapshot: u64,
    job: Option<Job<Ended>>,
    /// The run, between two jobs.
    live: Option<Box<Live>>,
    shared: Arc<Mutex<Shared>>,
    taken: u64,
    outcome: Option<Arc<Outcome>>,
    /// When the last job ended, and how long it took.
    ended: Option<(Instant, Duration)>,
    again: bool,
    shapes: Shapes,
}

/// What a run was started for.
#[derive(Clone, PartialEq)]
struct Asked {
    generation: u64,
    design: u64,
    /// A node whose rows are wanted beside the views'.
    also: Option<String>,
    cut: Option<i64>,
    formats: SameFormats,
}

/// Formats compare by what they answer.
#[derive(Clone)]
struct SameFormats(Formats);

impl PartialEq for SameFormats {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }
}

impl Runs {
    /// What the pipeline came to so far.
    pub(super) fn outcome(&self) -> Option<&Arc<Outcome>> {
        self.outcome.as_ref()
    }

    /// Whether nothing is under way.
    pub(super) fn is_settled(&self) -> bool {
        self.job.is_none()
    }

    /// Runs again over all that the log holds.
    pub(super) fn run_again(&mut self) {
        self.again = true;
    }

    /// Takes in what came out, ends what is stale, starts what is missing.
    pub(super) fn update(&mut self, context: &Context<'_>) {
        if let Some(job) = &mut self.job {
            if let Some(ended) = job.poll() {
                self.ended = Some((Instant::now(), ended.took));
                self.live = ended.live;
                self.job = None;
            } else if job.is_lost() {
                self.job = None;
                let outcome = Outcome { failure: Some("the run came to no end".to_owned()), ..Outcome::default() };
                self.outcome = Some(Arc::new(outcome));
            }
        }
        let shared = self.shared.lock();
        if shared.number != self.taken {
            self.taken = shared.number;
            self.outcome = Some(Arc::new(shared.outcome.clone()));
        }
        drop(shared);
        self.start(context);
    }

    fn start(&mut self, context: &Context<'_>) {
        let (state, design) = (context.state, &context.state.design);
        let ready = design.readable && design.problems.is_empty() && !design.pipeline.nodes.is_empty();
        let Some(snapshot) = state.log.snapshot.clone().filter(|_| ready) else {
            self.stop(context);
            return;
        };
        let asked = self.asks(state);
        let known = self.asked.as_ref().filter(|_| !self.again);
        if known == Some(&asked) {
            if self.job.is_none() && self.snapshot != snapshot.version && self.may_go_on(context) {
                self.snapshot = snapshot.version;
                match self.live.take().filter(|live| live.is_of(&snapshot)) {
                    Some(live) => {
                        let title = Title::quiet("Following the pipeline's topics");
                        let job = context.jobs.spawn_blocking(title, move |progress| live.grow(snapshot, progress));
                        self.job = Some(job);
                    }
                    None => self.begin(asked, context),
                }
            }
            return;
        }
        // To look at another node is no reason to break off a run of the same pipeline.
        let only_looks = known.is_some_and(|known| Asked { also: asked.also.clone(), ..known.clone() } == asked);
        if only_looks && self.job.is_some() {
            return;
        }
        self.begin(asked, context);
    }

    /// What is wanted now.
    fn asks(&self, state: &State) -> Asked {
        let design = &state.design;
        let inner = design.chosen_node().filter(|node| !matches!(node.kind, NodeKind::View { .. }));
        let shown = |name: &str| self.outcome.as_ref().is_some_and(|outcome| outcome.views.contains_key(name));
        let before = self.asked.as_ref().filter(|asked| asked.design == design.version);
        // What a run shows beside the views stays until something else is looked at.
        let also = match inner {
            Some(node) if before.is_some_and(|asked| asked.also.as_ref() != Some(&node.name)) && shown(&node.name) => {
                before.and_then(|asked| asked.also.clone())
            }
            Some(node) => Some(node.name.clone()),
            None => before.and_then(|asked| asked.also.clone()),
        };
        Asked {
            generation: state.log.generation,
            design: design.version,
            also,
            cut: state.cut,
            formats: SameFormats(state.formats.clone()),
        }
    }

    /// Whether it has rested since it last went on; if not it is woken then.
    fn may_go_on(&self, context: &Context<'_>) -> bool {
        let Some((at, took)) = self.ended else { return true };
        let rest = REST.max(took.min(Duration::from_secs(2)) * REST_TIMES);
        let rested = at.elapsed() >= rest;
        if !rested {
            context.jobs.waker().wake_after(rest.saturating_sub(at.elapsed()));
        }
        rested
    }

    fn begin(&mut self, asked: Asked, context: &Context<'_>) {
        let (state, design) = (context.state, &context.state.design);
        let Some(snapshot) = state.log.snapshot.clone() else { return };
        let same_log = self
            .asked
            .as_ref()
            .is_some_and(|known| known.generation == asked.generation && known.formats == asked.formats);
        if !same_log {
            self.shapes = Shapes::default();
        }
        let same = self
            .asked
            .as_ref()
            .is_some_and(|known| Asked { also: asked.also.clone(), cut: asked.cut, ..known.clone() } == asked);
        if !same {
            self.outcome = None;
        }
        self.again = false;
        self.live = None;
        self.snapshot = snapshot.version;
        self.shared = Arc::default();
        self.taken = 0;
        let run = Run {
            version: design.version,
            pipeline: Arc::clone(&design.pipeline),
            also: asked.also.clone(),
            snapshot,
            formats: state.formats.clone(),
            until_ms: asked.cut.map(|ns| ns.div_euclid(1_000_000)),
            grows: state.log.can_read_more,
            shapes: Arc::clone(&self.shapes),
            shared: Arc::clone(&self.shared),
            wake: context.jobs.waker().clone(),
        };
        self.asked = Some(asked);
        self.job = Some(begin(run, self.outcome.clone(), context.jobs));
    }

    fn stop(&mut self, context: &Context<'_>) {
        (self.asked, self.job, self.live) = (None, None, None);
        let stale = |outcome: &Arc<Outcome>| outcome.version != context.state.design.version;
        if self.outcome.as_ref().is_some_and(stale) {
            self.outcome = None;
        }
    }
}

fn begin(run: Run, before: Option<Arc<Outcome>>, jobs: &Jobs) -> Job<Ended> {
    let name = if run.pipeline.name.is_empty() {
        "Running the pipeline".to_owned()
    } else {
        format!("Running {}", run.pipeline.name)
    };
    let work = move |progress: &crate::jobs::Progress| run.begin(before.as_deref(), progress);
    jobs.spawn_blocking(Title::listed(name, Unit::Events), work)
}
