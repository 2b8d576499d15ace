//! What the subcommands about pipelines share: reading the file, and getting what its topics hold.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use fabula_core::codec::Choice;
use fabula_core::engine::{Description, Plan, Unseen, unseen_in};
use fabula_core::event::TopicName;
use fabula_core::event::time::Moment;
use fabula_core::expr::Source as Field;
use fabula_core::log::plan::{Plan as Ranges, Request};
use fabula_core::log::{Log, LogError};
use fabula_core::pipeline::{Document, Problem};
use fabula_core::schema::{Sample, TopicShape};
use fabula_core::store::{RecordingLog, Snapshot, Store};
use tokio_util::sync::CancellationToken;

use super::coverage::Covered;
use super::fetch::fetch;
use super::say;
use super::source::Source;
use crate::figures;

/// How much of the disk a temporary copy may take.
pub const BUDGET_BYTES: u64 = 64 << 30;

/// So many lines tell what is missing beside the first.
const MOST_LACKING: usize = 12;

/// Reads a pipeline's file and plans it.
///
/// # Errors
/// When it can't be read, or something is wrong with it: every problem is said, a line each.
pub fn read(path: &Path) -> anyhow::Result<(Document, Plan)> {
    let named = path.display();
    let text = std::fs::read(path).with_context(|| format!("{named} can't be read"))?;
    let text = String::from_utf8(text).ok().with_context(|| format!("{named} can't be read: it is not text"))?;
    let document = Document::parse(&text).or_else(|problems| refuse(path, &problems))?;
    let plan = Plan::of(document.pipeline()).or_else(|_| {
        // What can be told of the part whose structure is sound is told along with what is wrong with the rest.
        let (_, mut problems) = Plan::sound_part(document.pipeline());
        document.locate(&mut problems);
        refuse(path, &problems)
    })?;
    Ok((document, plan))
}

/// What each node gives, held against what samples of the topics show.
///
/// # Errors
/// When an expression can't be meant of what the topics hold: every problem is said, a line each.
pub fn typed(
    path: &Path,
    document: &Document,
    shapes: Option<&BTreeMap<TopicName, TopicShape>>,
) -> anyhow::Result<Vec<Description>> {
    Plan::describe(document.pipeline(), shapes).or_else(|mut problems| {
        document.locate(&mut problems);
        refuse(path, &problems)
    })
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
    /// So many of its damages were said.
    said: Cell<usize>,
    /// What is asked for of the log, and how it was got.
    covered: Covered,
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
                let (store, _) = Store::open(&dir)?;
                let log = RecordingLog::new(store.clone());
                let ranges = super::runtime()?.block_on(async {
                    named(&log, &topics).await?;
                    ranges(&log, &topics, Moment::Latest).await
                })?;
                Ok(Self { store, said: Cell::new(0), covered: Covered::Recording(ranges) })
            }
            source => super::runtime()?.block_on(async {
                let log = source.log()?;
                let ranges = async {
                    named(log.as_ref(), &topics).await?;
                    ranges(log.as_ref(), &topics, Moment::Latest).await
                };
                let ranges = tokio::select! {
                    ranges = ranges => ranges?,
                    () = cancel.cancelled() => return Err(LogError::Cancelled.into()),
                };
                let store = Store::temporary(log.origin(), BUDGET_BYTES)?;
                let report = fetch(log.as_ref(), ranges, &store, cancel).await?;
                Ok(Self { store, said: Cell::new(0), covered: Covered::Recorded(report) })
            }),
        }
    }

    /// The same, where only events up to a moment count: what a recording lacks after that is not missed.
    ///
    /// # Errors
    /// When the recording can't be read.
    pub fn until(mut self, topics: &[TopicName], until_ms: Option<i64>) -> anyhow::Result<Self> {
        if let (Covered::Recording(_), Some(until_ms)) = (&self.covered, until_ms) {
            let log = RecordingLog::new(self.store.clone());
            let end = Moment::At(until_ms.saturating_add(1));
            self.covered = Covered::Recording(super::runtime()?.block_on(ranges(&log, topics, end))?);
        }
        Ok(self)
    }

    /// What is missing of what was asked for, in a line; the rest of it is said.
    pub fn lacking(&self) -> Option<String> {
        self.say_damage();
        let lacking = self.covered.lacking(&self.store);
        lacking.iter().skip(1).take(MOST_LACKING).for_each(|line| say(line));
        lacking.into_iter().next()
    }

    /// Says what is damaged, each once.
    fn say_damage(&self) {
        let damages = self.store.damages();
        damages.iter().skip(self.said.replace(damages.len())).for_each(|damage| say(&damage.to_string()));
    }

    /// Makes sure that all was read of which rows are to be put in the place of others.
    ///
    /// # Errors
    /// What is missing.
    pub fn whole(&self, place: &str) -> anyhow::Result<()> {
        match self.lacking() {
            Some(what) => bail!("{place} is left as it was, since rows would be missing: {what}"),
            None => Ok(()),
        }
    }

    /// Says what was covered, after a result of so many events.
    ///
    /// # Errors
    /// Why it is not complete, in one line.
    pub fn say(&self, events: u64) -> anyhow::Result<()> {
        self.say_damage();
        self.covered.say(&self.store, events)
    }
}

/// All that a log holds of topics, up to a moment.
async fn ranges(log: &dyn Log, topics: &[TopicName], to: Moment) -> Result<Ranges, LogError> {
    let topics = topics.iter().map(ToString::to_string).collect();
    // What comes after the first event that is later is not taken, so nothing is looked for there.
    let request = Request { topics, from: Moment::Earliest, to: Some(to), lateness_ms: 0 };
    fabula_core::log::plan::plan(log, &request).await
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

/// Says which of these fields no event of any of the topics was seen to have.
pub fn say_unseen<'f>(
    snapshot: &Snapshot,
    topics: &[TopicName],
    fields: impl IntoIterator<Item = &'f Field>,
    (key, value): (Option<Choice>, Option<Choice>),
) {
    let mut fields: Vec<&Field> = fields.into_iter().collect();
    fields.dedup();
    if fields.is_empty() {
        return;
    }
    let sample = |name: &TopicName| Some((name.clone(), Sample::of(snapshot.topic(name)?, key, value)?));
    let samples: Vec<(TopicName, Sample)> = topics.iter().filter_map(sample).collect();
    for field in fields {
        let unseen: Option<Vec<Option<String>>> =
            samples.iter().map(|(_, sample)| unseen_in(&sample.shape, field)).collect();
        let Some(unseen) = unseen.filter(|unseen| !unseen.is_empty()) else { continue };
        let similar = unseen.into_iter().flatten().next();
        let similar = similar.map(|similar| format!("; did you mean {similar}?")).unwrap_or_default();
        let of = match samples.as_slice() {
            [(topic, _)] => topic.to_string(),
            several => figures::of(several.len() as u64, "topic"),
        };
        say(&format!("no event of {of} that was looked at has {field}{similar}"));
    }
}

/// Fields that no event of the samples has, a line each.
pub fn unseen_line(unseen: &Unseen) -> String {
    let similar = unseen.similar.as_ref().map(|similar| format!("; did you mean {similar}?")).unwrap_or_default();
    format!("no event of {} that was looked at has {}{similar}", unseen.topic, unseen.field)
}
