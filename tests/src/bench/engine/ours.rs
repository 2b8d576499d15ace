//! Fabula's own runs: rows that lie ready, through a pipeline.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::engine::{Feed, HISTORY_STEP, Metrics, Plan, Rows, Running, Sink, Stop};
use fabula_core::pipeline::Document;
use fabula_core::store::Snapshot;
use tokio_util::sync::CancellationToken;

/// What a run came to.
pub struct Ran {
    pub took: Duration,
    /// Rows of the views: of tables every change.
    pub rows_out: u64,
    /// What went through each node, by its name.
    pub nodes: Vec<(String, Metrics)>,
    /// Windows that are held back and still open.
    pub open: u64,
}

impl Ran {
    /// What went through a node.
    pub fn node(&self, name: &str) -> Result<&Metrics> {
        let found = self.nodes.iter().find(|(known, _)| known == name);
        found.map(|(_, metrics)| metrics).with_context(|| format!("there is no node {name}"))
    }
}

/// Counts what comes.
#[derive(Default)]
pub struct Counted(pub u64);

impl Sink for Counted {
    fn rows(&mut self, _view: usize, rows: &Rows) -> Result<(), Stop> {
        self.0 += rows.len() as u64;
        Ok(())
    }
}

/// The plan of a pipeline.
pub fn plan(text: &str) -> Result<Plan> {
    let document = Document::parse(text).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    Plan::of(document.pipeline()).map_err(|problems| anyhow::anyhow!("{problems:?}"))
}

/// The plan of a pipeline in a file.
pub fn plan_of_file(file: &Path) -> Result<Plan> {
    plan(&std::fs::read_to_string(file).with_context(|| file.display().to_string())?)
}

/// How every payload is decoded.
pub fn codecs() -> TopicCodecs {
    TopicCodecs::new(Choice::Text, Choice::Json)
}

/// All that a snapshot holds for a plan, decoded.
pub fn decoded(snapshot: &Snapshot, plan: &Plan) -> Vec<Vec<Rows>> {
    let mut feed = Feed::new(snapshot, &plan.sources, |_| codecs(), None);
    std::iter::from_fn(|| feed.step(HISTORY_STEP)).map(|step| step.rows).collect()
}

/// Runs a plan over rows that lie ready, the best of some times, on this thread.
pub fn run(plan: impl Fn() -> Result<Plan>, steps: &[Vec<Rows>], runs: usize) -> Result<Ran> {
    let mut best: Option<Ran> = None;
    for _ in 0..runs {
        let mut running = Running::new(plan()?);
        let (mut sink, cancel) = (Counted::default(), CancellationToken::new());
        let steps = steps.to_vec();
        let start = Instant::now();
        for rows in steps {
            running.step(rows, &mut sink, &cancel)?;
        }
        let took = start.elapsed();
        let nodes = running.report().into_iter().map(|report| (report.name, report.metrics)).collect();
        let ran = Ran { took, rows_out: sink.0, nodes, open: running.held_back().into_iter().sum() };
        if best.as_ref().is_none_or(|best| ran.took < best.took) {
            best = Some(ran);
        }
    }
    best.context("it was not run at all")
}
