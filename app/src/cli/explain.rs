//! `fabula explain`: why a row of a pipeline is there, and what became of an event.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use clap::Args;
use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::engine::{ExplainError, Explainer, RowName};
use fabula_core::event::time::Moment;
use fabula_core::event::{Coordinates, TopicName};

use super::pipeline::{self, Held};
use super::run::{cut, with_bar};
use super::source::LogArgs;
use super::{Usage, interrupt};

/// Explain a row of a view by the events that made it, or what became of an event at each node.
///
/// The pipeline is replayed over what the log holds. Of two events it says where they met, or why they did not: no
/// partner, outside of what a join allows and by how much, keys or types that differ, late for which window, ruled out by
/// which condition.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["row", "events"]))]
pub struct Explain {
    /// The pipeline's file.
    #[arg(value_name = "PIPELINE")]
    pipeline: PathBuf,

    #[command(flatten)]
    log: LogArgs,

    /// The row: its key, and where it has several windows the start of one (of a stream's row its time). Values are
    /// separated by commas; column=value names columns.
    #[arg(long, value_name = "KEY[@WINDOW]", allow_hyphen_values = true)]
    row: Option<RowName>,

    /// One event or two, each as topic/partition/offset.
    #[arg(long, value_name = "EVENT", num_args = 1..=2)]
    events: Vec<Coordinates>,

    /// The view that has the row, where the pipeline has several.
    #[arg(long, value_name = "NAME", requires = "row")]
    view: Option<String>,

    /// As of this time: only events up to it count.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    at: Option<Moment>,

    /// Write a JSON object.
    #[arg(long, short = 'J')]
    json: bool,
}

impl Explain {
    /// Explains, and says what that covers.
    pub fn run(self) -> anyhow::Result<()> {
        let (document, plan) = pipeline::read(&self.pipeline)?;
        let source = self.log.source()?;
        let cancel = interrupt::cancelled_by_ctrl_c()?;
        let held = Held::of(source, &plan, &cancel)?;
        let snapshot = held.store.snapshot();
        let topics = plan.topics();
        let samples = pipeline::samples(&snapshot, &topics);
        let codecs = |topic: &TopicName| {
            let sample = samples.get(topic).map(|sample| sample.codecs.clone());
            sample.unwrap_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json))
        };
        let until_ms = self.at.map(|at| cut(at, &snapshot, &topics)).transpose()?.flatten();
        let done = AtomicU64::new(0);
        let explainer = Explainer {
            pipeline: document.pipeline(),
            snapshot: &snapshot,
            codecs: &codecs,
            from_ms: None,
            until_ms,
            cancel: &cancel,
            done: &done,
        };
        let events: u64 = topics.iter().filter_map(|topic| snapshot.topic(topic)).map(|topic| topic.events()).sum();
        // The log is gone through at least twice.
        let text = with_bar(events * 2, "events", &done, || match &self.row {
            Some(row) => explainer.row(self.view.as_deref(), row).map(|told| written(self.json, &told)),
            None => explainer.events(&self.events).map(|told| written(self.json, &told)),
        });
        let held = held.until(&topics, until_ms)?;
        match text.map_err(refused).flatten() {
            Ok(text) => std::io::stdout().write_all(text.as_bytes())?,
            Err(error) => {
                // What is not found may be in what is missing.
                return Err(match held.lacking() {
                    Some(what) if !error.is::<Usage>() => error.context(format!("not complete ({what})")),
                    _ => error,
                });
            }
        }
        held.say(events)
    }
}

fn written(json: bool, told: &(impl serde::Serialize + std::fmt::Display)) -> anyhow::Result<String> {
    Ok(if json { format!("{}\n", serde_json::to_string(told)?) } else { told.to_string() })
}

/// What was asked for in a way that can't be meant is told from what is not there.
fn refused(error: ExplainError) -> anyhow::Error {
    match error {
        ExplainError::View(_) | ExplainError::RowName(_) | ExplainError::Count(_) => {
            Usage::new(error.to_string()).into()
        }
        error => error.into(),
    }
}
