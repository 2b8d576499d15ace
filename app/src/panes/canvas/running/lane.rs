//! One run and what it goes on with: begun, polled, and grown with the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fabula_core::pipeline::Pipeline;
use fabula_core::store::Snapshot;
use parking_lot::Mutex;

use super::run::{Ended, Live, Run, Shapes, Shared};
use crate::jobs::{Job, Title, Unit};
use crate::panes::Context;
use crate::state::Outcome;
use crate::whole_run::{WholeRun, read_part};

/// How long to wait before a run goes on with what has come; at least so many times what that took the last time.
const REST: Duration = Duration::from_millis(250);
const REST_TIMES: u32 = 4;

/// A run of a pipeline.
#[derive(Default)]
pub(super) struct Lane {
    /// The version of the log that the run has taken, or is taking.
    snapshot: u64,
    job: Option<Job<Ended>>,
    /// The run, between two jobs.
    live: Option<Box<Live>>,
    shared: Arc<Mutex<Shared>>,
    taken: u64,
    outcome: Option<Arc<Outcome>>,
    /// Whether somebody ended the last job: it rests until it is asked for again.
    cancelled: bool,
    /// When the last job ended, and how long it took.
    ended: Option<(Instant, Duration)>,
}

impl Lane {
    /// What it came to so far.
    pub(super) fn outcome(&self) -> Option<&Arc<Outcome>> {
        self.outcome.as_ref()
    }

    /// Whether nothing is under way.
    pub(super) fn is_settled(&self) -> bool {
        self.job.is_none()
    }

    /// Whether it has taken all that there was, at least once.
    pub(super) fn has_been_through(&self) -> bool {
        self.ended.is_some()
    }

    /// Takes in what came out; says whether anything did.
    pub(super) fn take_in(&mut self) -> bool {
        let mut news = false;
        if let Some(job) = &mut self.job {
            if let Some(ended) = job.poll() {
                self.ended = Some((Instant::now(), ended.took));
                (self.live, self.cancelled) = (ended.live, ended.cancelled);
                self.job = None;
                news = true;
            } else if job.is_lost() {
                self.job = None;
                let outcome = Outcome { failure: Some("the run came to no end".to_owned()), ..Outcome::default() };
                self.outcome = Some(Arc::new(outcome));
                news = true;
            }
        }
        let shared = self.shared.lock();
        if shared.number != self.taken {
            self.taken = shared.number;
            self.outcome = Some(Arc::new(shared.outcome.clone()));
            news = true;
        }
        news
    }

    /// Goes on with what the log holds by now, where there is more and it has rested; false where it has to begin anew.
    pub(super) fn goes_on(&mut self, snapshot: &Arc<Snapshot>, context: &Context<'_>) -> bool {
        if self.job.is_some() || self.cancelled || self.snapshot == snapshot.version || !self.has_rested(context) {
            return true;
        }
        let Some(live) = self.live.take().filter(|live| live.is_of(snapshot)) else { return false };
        self.snapshot = snapshot.version;
        let snapshot = Arc::clone(snapshot);
        let title = Title::quiet("Following the pipeline's topics");
        self.job = Some(context.jobs.spawn_blocking(title, move |progress| live.grow(snapshot, progress)));
        true
    }

    /// Goes on to where history is cut now, which is later than it was; false where it has to begin anew.
    pub(super) fn reaches(&mut self, context: &Context<'_>) -> bool {
        let Some(live) = self.live.take() else { return false };
        let until_ms = context.state.stretch().until_ms;
        self.outcome = self.outcome.as_deref().map(|outcome| Arc::new(Outcome { whole: false, ..outcome.clone() }));
        let title = Title::quiet("Going on through history");
        self.job = Some(context.jobs.spawn_blocking(title, move |progress| live.reach(until_ms, progress)));
        true
    }

    /// Lets go of what it holds, aside: that may be much.
    pub(super) fn end(&mut self, context: &Context<'_>) {
        context.jobs.drop_aside(std::mem::take(self));
    }

    /// Whether it has rested since it last went on; if not it is woken then.
    fn has_rested(&self, context: &Context<'_>) -> bool {
        let Some((at, took)) = self.ended else { return true };
        let rest = REST.max(took.min(Duration::from_secs(2)) * REST_TIMES);
        let rested = at.elapsed() >= rest;
        if !rested {
            context.jobs.waker().wake_after(rest.saturating_sub(at.elapsed()));
        }
        rested
    }

    /// Begins a run in place of the one that there was: of all, or of one node's rows. What was `before` stands until there
    /// is something newer.
    pub(super) fn begin(
        &mut self,
        pipeline: &Arc<Pipeline>,
        only: Option<&str>,
        shapes: &Shapes,
        before: Option<Arc<Outcome>>,
        context: &Context<'_>,
    ) {
        let state = context.state;
        let Some(snapshot) = state.log.snapshot.clone() else { return };
        self.end(context);
        *self = Self { snapshot: snapshot.version, outcome: before.clone(), ..Self::default() };
        let (part, unread) = read_part(pipeline, &snapshot);
        let run = Run {
            version: state.design.version,
            pipeline: Arc::clone(pipeline),
            only: only.map(str::to_owned),
            over: WholeRun::over(part, snapshot, state),
            unread,
            grows: state.log.can_read_more,
            shapes: Arc::clone(shapes),
            shared: Arc::clone(&self.shared),
            wake: context.jobs.waker().clone(),
        };
        let name = match only {
            Some(node) => format!("Looking at {node}"),
            None if pipeline.name.is_empty() => "Running the pipeline".to_owned(),
            None => format!("Running {}", pipeline.name),
        };
        let work = move |progress: &crate::jobs::Progress| run.begin(before.as_deref(), progress);
        self.job = Some(context.jobs.spawn_blocking(Title::listed(name, Unit::Events), work));
    }
}
