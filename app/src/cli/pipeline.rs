//! What the subcommands about pipelines share: reading the file, and getting what its topics hold.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use fabula_core::engine::{Plan, Unseen};
use fabula_core::event::TopicName;
use fabula_core::event::time::Moment;
use fabula_core::log::plan::Request;
use fabula_core::log::{Log, LogError};
use fabula_core::pipeline::{Document, Problem};
use fabula_core::schema::{Sample, TopicShape};
use fabula_core::store::record::RecordReport;
use fabula_core::store::{RecordingLog, Snapshot, Store};
use tokio_util::sync::CancellationToken;

use super::fetch::fetch;
use super::say;
use super::source::Source;

/// How much of the disk a temporary copy may take.
pub const BUDGET_BYTES: u64 = 64 << 30;

/// Reads a pipeline's file and plans it.
///
/// # Errors
/// When it can't be read, or something is wrong with it: every problem is said, a line each.
pub fn read(path: &Path) -> anyhow::Result<(Document, Plan)> {
    let named = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{named} can't be read"))?;
    let document = Document::parse(&text).or_else(|problems| refuse(path, &problems))?;
    let problems = document.check();
    if !problems.is_empty() {
        return refuse(path, &problems);
    }
    let plan = Plan::of(document.pipeline()).or_else(|mut problems| {
        document.locate(&mut problems);
        refuse(path, &problems)
    })?;
    Ok((document, plan))
}

/// Says every problem of a file.
pub fn refuse<T>(path: &Path, problems: &[Problem]) -> anyhow::Result<T> {
    problems.iter().for_each(|problem| say(&problem.to_string()));
    let count = crate::figures::of(problems.len() as u64, "problem");
    bail!("{} has {count}", path.display())
}

/// What a log holds of a plan's topics.
pub struct Held {
    /// Where it lies.
    pub store: Store,
    /// What was read of the log; `None` of a recording, which is read where it lies.
    pub report: Option<RecordReport>,
}

impl Held {
    /// Gets the plan's topics: a recording as it is, any other log into a temporary copy.
    ///
    /// # Errors
    /// When the log can't be read, or a topic is not in it.
    pub fn of(source: Source, plan: &Plan, cancel: &CancellationToken) -> anyhow::Result<Self> {
        let topics = plan.topics();
        match source {
            Source::Recording(dir) => {
                let (store, damages) = Store::open(&dir)?;
                damages.iter().for_each(|damage| say(&format!("damaged: {damage}")));
                let log = RecordingLog::new(store.clone());
                super::runtime()?.block_on(named(&log, &topics))?;
                Ok(Self { store, report: None })
            }
            source => super::runtime()?.block_on(async {
                let log = source.log()?;
                named(log.as_ref(), &topics).await?;
                let request = Request {
                    topics: topics.iter().map(ToString::to_string).collect(),
                    from: Moment::Earliest,
                    to: Some(Moment::Latest),
                    lateness_ms: Request::DEFAULT_LATENESS_MS,
                };
                let planned = fabula_core::log::plan::plan(log.as_ref(), &request);
                let ranges = tokio::select! {
                    planned = planned => planned?,
                    () = cancel.cancelled() => return Err(LogError::Cancelled.into()),
                };
                let store = Store::temporary(log.origin(), BUDGET_BYTES)?;
                let report = fetch(log.as_ref(), ranges, &store, cancel).await?;
                Ok(Self { store, report: Some(report) })
            }),
        }
    }
}

/// Makes sure that the log has the topics.
async fn named(log: &dyn Log, topics: &[TopicName]) -> Result<(), LogError> {
    for topic in topics {
        log.topic(topic).await?;
    }
    Ok(())
}

/// What samples of the topics show.
pub fn samples(snapshot: &Snapshot, topics: &[TopicName]) -> BTreeMap<TopicName, Sample> {
    let sample = |name: &TopicName| Some((name.clone(), Sample::of(snapshot.topic(name)?, None, None)?));
    topics.iter().filter_map(sample).collect()
}

/// The shapes alone.
pub fn shapes(samples: &BTreeMap<TopicName, Sample>) -> BTreeMap<TopicName, TopicShape> {
    samples.iter().map(|(topic, sample)| (topic.clone(), sample.shape.clone())).collect()
}

/// Fields that no event of the samples has, a line each.
pub fn unseen_line(unseen: &Unseen) -> String {
    let similar = unseen.similar.as_ref().map(|similar| format!("; did you mean {similar}?")).unwrap_or_default();
    format!("no event of {} that was looked at has {}{similar}", unseen.topic, unseen.field)
}
