//! Deriving a view again, from the log.

use std::sync::atomic::AtomicU64;

use tokio_util::sync::CancellationToken;

use super::{Limits, Past, PastError, Recorder};
use crate::codec::TopicCodecs;
use crate::engine::{Feed, Plan, Running, run_history};
use crate::event::TopicName;
use crate::pipeline::Pipeline;
use crate::store::{Damage, Snapshot};

/// What is needed to derive a view from what a log holds.
pub struct Deriving<'l> {
    /// The pipeline.
    pub pipeline: &'l Pipeline,
    /// What the log holds.
    pub snapshot: &'l Snapshot,
    /// How each topic's payloads are decoded.
    pub codecs: &'l dyn Fn(&TopicName) -> TopicCodecs,
    /// Where the stretch of history begins, in milliseconds: what comes before it in each partition does not count.
    pub from_ms: Option<i64>,
    /// As of this time, in milliseconds: only events up to it count.
    pub until_ms: Option<i64>,
    /// How much room the past may take.
    pub limits: Limits,
    /// Ends it early.
    pub cancel: &'l CancellationToken,
    /// Counts the events that were taken.
    pub done: &'l AtomicU64,
}

impl Deriving<'_> {
    /// Runs the pipeline up to a node and writes its past down; with what could not be read of the log.
    ///
    /// # Errors
    /// [`PastError`].
    pub fn past(&self, node: &str) -> Result<(Past, Vec<Damage>), PastError> {
        if self.pipeline.node(node).is_none() {
            return Err(PastError::Node(node.to_owned()));
        }
        let plan = Plan::with_past(self.pipeline, node).map_err(PastError::Pipeline)?;
        let mut recorder = Recorder::new(self.pipeline, &plan, node, self.limits)?;
        let mut feed = Feed::new(self.snapshot, &plan.sources, self.codecs, self.until_ms);
        if let Some(from) = self.from_ms {
            feed.begin_at_time(from);
        }
        let mut running = Running::new(plan);
        let ran = run_history(&mut running, &mut feed, &mut recorder, self.cancel, self.done);
        // What the recorder says of the disk comes before what the run says of the recorder.
        let past = recorder.finish()?;
        ran?;
        Ok((past, feed.damages().to_vec()))
    }
}
