//! `fabula run --follow`: the history of a log, then what comes.
//!
//! What comes is recorded into a temporary store, as for everything else that is read, and taken from there in the merge's
//! order: a partition that has been read up to its end does not hold the others back, one that has not does. So while a
//! broker is away, rows that may still have to wait do wait.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::engine::{
    CheckpointFolder, CheckpointOf, Feed, HISTORY_STEP, Mark, Plan, Running, Sink as _, Stop, TopicFormats, run_steps,
};
use fabula_core::event::time::Moment;
use fabula_core::event::{TopicName, TopicPartition};
use fabula_core::log::plan::{Plan as Ranges, Request};
use fabula_core::log::{Log, LogError, PartitionRange, RangeEnd};
use fabula_core::pipeline::Document;
use fabula_core::schema::codecs_of;
use fabula_core::store::record::Stopped;
use fabula_core::store::{Snapshot, Store};
use tokio_util::sync::CancellationToken;

use super::changes::{Changes, Kept};
use super::growing::{GrowingFile, absolute};
use super::output::Form;
use super::{Run, with_bar};
use crate::cli::coverage::say_recorded;
use crate::cli::fetch::fetch;
use crate::cli::output::{Format, ViewRows};
use crate::cli::pipeline::{self, BUDGET_BYTES};
use crate::cli::source::Source;
use crate::cli::{Usage, interrupt, runtime, say};
use crate::figures;

/// How long a step may go on after Ctrl+C before it is broken off.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often it is looked whether a checkpoint is due, and whether a partition has failed.
const LOOK: Duration = Duration::from_secs(1);

/// How often it is looked whether a topic has got new partitions.
const LOOK_FOR_PARTITIONS: Duration = Duration::from_secs(30);

/// Ends a run: between two steps, or anywhere when that takes too long.
struct Ends {
    /// Asked for.
    soon: CancellationToken,
    /// What is under way is broken off: the operators can't be used after that.
    now: CancellationToken,
}

/// A followed run under way.
struct Followed {
    running: Running,
    feed: Feed,
    changes: Changes,
    /// Topics of which there was no event yet.
    unknown: Vec<TopicName>,
    /// Whether the operators stand between two steps, and all that came of the events before was written.
    sound: bool,
}

/// Runs a pipeline over what a log holds, and on with what comes.
pub fn follow(
    run: &Run,
    source: Source,
    document: &Document,
    plan: Plan,
    view: usize,
    form: Form,
) -> anyhow::Result<()> {
    let Some(format) = form.lines() else {
        return Err(Usage::new("a file of typed columns can't grow: with --follow write --format json or csv").into());
    };
    let is_recording = matches!(source, Source::Recording(_));
    ensure!(!is_recording, Usage::new("a recording does not grow: leave --follow out"));
    let cut = "a table's columns can't be gone on with: with --to and --checkpoint write --format json or csv";
    let goes_on = run.to.is_none() || run.checkpoint.is_none() || format != Format::Table;
    ensure!(goes_on, Usage::new(cut));
    let soon = interrupt::cancelled_by_ctrl_c()?;
    let log = source.log()?;
    runtime()?.block_on(async {
        let ends = Ends { soon, now: CancellationToken::new() };
        let (soon, now) = (ends.soon.clone(), ends.now.clone());
        tokio::spawn(async move {
            soon.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
            now.cancel();
        });
        of_log(run, log.as_ref(), document, plan, (view, format), &ends).await
    })
}

async fn of_log(
    run: &Run,
    log: &dyn Log,
    document: &Document,
    plan: Plan,
    (view, format): (usize, Format),
    ends: &Ends,
) -> anyhow::Result<()> {
    let topics = plan.topics();
    let mut ranges = tokio::select! {
        ranges = all_of(log, &topics) => ranges?,
        () = ends.soon.cancelled() => return Err(LogError::Cancelled.into()),
    };
    let shown = plan.views[view].clone();
    let of = CheckpointOf::new(
        document.pipeline(),
        log.origin(),
        &shown.name,
        &format!("{format:?}").to_lowercase(),
        run.to.as_deref().map(absolute),
    );
    let opened = run.checkpoint.as_deref().map(|dir| CheckpointFolder::open(dir, of)).transpose()?;
    let (folder, found) = opened.map_or((None, None), |(folder, found)| (Some(folder), found));
    if let Some(found) = &found {
        begin_at(&mut ranges, &found.mark)?;
    }
    let store = Store::temporary(log.origin(), BUDGET_BYTES)?;
    let report = fetch(log, ranges.clone(), &store, &ends.soon).await?;
    say_recorded(&report, report.stopped == Some(Stopped::Cancelled))?;
    if ends.soon.is_cancelled() {
        return Ok(());
    }
    let snapshot = store.snapshot();
    let mut formats = found.as_ref().map(|found| found.formats.clone()).unwrap_or_default();
    formats.extend(known_formats(&snapshot, &topics, &formats));
    if found.is_none() {
        let samples = pipeline::samples(&snapshot, &topics);
        let shapes = pipeline::shapes(&samples);
        plan.unseen(&shapes).iter().for_each(|unseen| say(&pipeline::unseen_line(unseen)));
        pipeline::typed(&run.pipeline, document, Some(&shapes))?;
    }
    let codecs = |topic: &TopicName| {
        let known = formats.iter().find(|formats| formats.topic == *topic);
        known.map_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json), TopicFormats::codecs)
    };
    let mut feed = Feed::new(&snapshot, &plan.sources, codecs, None);
    let mut running = Running::new(plan);
    if let Some(found) = &found {
        feed.resume(&found.mark);
        found.take_up(&mut running)?;
        say(&format!("going on from the checkpoint, after {}", figures::of(found.mark.next_seq, "event")));
    }
    feed.start_at(&ranges.ranges.iter().map(|range| (range.partition.clone(), range.from)).collect::<Vec<_>>());
    let file = match (&run.to, &found) {
        (None, _) => None,
        (Some(path), Some(found)) => Some(GrowingFile::go_on(path, found.output)?),
        (Some(path), None) => Some(GrowingFile::create(path)?),
    };
    let to: Box<dyn std::io::Write> = match &file {
        Some(file) => Box::new(file.clone()),
        None => Box::new(std::io::stdout()),
    };
    let mut rows = ViewRows::new(Changes::names(&shown), format, to);
    match &found {
        Some(found) => rows.go_on(found.output.rows),
        // Names stand above the rows before a checkpoint is made. A table's wait for its widths.
        None if format != Format::Table => rows.flush()?,
        None => {}
    }
    let unknown = topics.iter().filter(|topic| !formats.iter().any(|known| known.topic == **topic)).cloned().collect();
    let kept = folder.map(|folder| Kept::new(folder, file, formats));
    let mut followed =
        Followed { running, feed, changes: Changes::new(view, shown.clone(), rows, kept), unknown, sound: true };
    let done = followed.history(report.events(), ends);
    let done = match done {
        Ok(()) => followed.live(log, ranges, &store, ends).await,
        Err(error) => Err(error),
    };
    if followed.sound && !ends.now.is_cancelled() {
        followed.changes.save(&followed.running)?;
    }
    let Followed { running, feed, changes, .. } = followed;
    run.tell(&running, &feed, &shown.name, changes.written(), feed.mark().next_seq);
    if feed.behind() > 0 {
        let behind = figures::of(feed.behind(), "event");
        say(&format!(
            "{behind} came after later ones of other partitions had been taken; a run without --follow puts each in its place"
        ));
    }
    done
}

/// Everything that a log holds of topics.
async fn all_of(log: &dyn Log, topics: &[TopicName]) -> anyhow::Result<Ranges> {
    let request = Request {
        topics: topics.iter().map(ToString::to_string).collect(),
        from: Moment::Earliest,
        to: Some(Moment::Latest),
        lateness_ms: Request::DEFAULT_LATENESS_MS,
    };
    let ranges = fabula_core::log::plan::plan(log, &request).await?;
    match ranges.failed.first() {
        Some((partition, error)) => bail!("{partition} can't be read: {error}"),
        None => Ok(ranges),
    }
}

/// Begins where a checkpoint was, where the log still has that.
fn begin_at(ranges: &mut Ranges, mark: &Mark) -> anyhow::Result<()> {
    let anew = "the checkpoint can't be gone on from; remove it to begin anew";
    for lane in &mark.lanes {
        let partition = &lane.partition;
        let found = ranges.ranges.iter_mut().find(|range| range.partition == *partition);
        let range = found.ok_or_else(|| anyhow!("{partition} is not in the log any more: {anew}"))?;
        let RangeEnd::Before(high) = range.end else { continue };
        let (next, low) = (lane.next_offset, range.from);
        ensure!(next <= high, "{partition} ends at offset {high}, and was read up to {next}: {anew}");
        ensure!(next >= low, "{partition} begins at offset {low}, and was read up to {next}: {anew}");
        range.from = next;
    }
    Ok(())
}

/// The formats of topics that have events and are not known yet.
fn known_formats(snapshot: &Snapshot, topics: &[TopicName], known: &[TopicFormats]) -> Vec<TopicFormats> {
    let unknown = topics.iter().filter(|topic| !known.iter().any(|known| known.topic == **topic));
    unknown
        .filter_map(|topic| Some(TopicFormats::new(topic, &codecs_of(snapshot.topic(topic)?, None, None)?)))
        .collect()
}

impl Followed {
    /// What the log held when it was asked.
    fn history(&mut self, events: u64, ends: &Ends) -> anyhow::Result<()> {
        let done = AtomicU64::new(0);
        let Self { running, feed, changes, .. } = self;
        let stopped =
            with_bar(events, "events", &done, || run_steps(running, feed, changes, &ends.soon, &ends.now, &done));
        self.ended(stopped)?;
        ensure!(self.feed.damages().is_empty(), "{}", damaged(&self.feed));
        if !ends.soon.is_cancelled() {
            let taken = figures::of(done.load(Ordering::Relaxed), "event");
            say(&format!("caught up after {taken}; following, until Ctrl+C"));
        }
        Ok(())
    }

    /// What comes after.
    async fn live(&mut self, log: &dyn Log, ranges: Ranges, store: &Store, ends: &Ends) -> anyhow::Result<()> {
        if ends.soon.is_cancelled() {
            return Ok(());
        }
        let follows = |range: &PartitionRange| match range.end {
            RangeEnd::Before(end) => PartitionRange { from: end, end: RangeEnd::Follow, ..range.clone() },
            RangeEnd::Follow => range.clone(),
        };
        let endless = Ranges { ranges: ranges.ranges.iter().map(follows).collect(), ..ranges };
        let partitions: Vec<TopicPartition> = endless.ranges.iter().map(|range| range.partition.clone()).collect();
        let mut changes = store.changes();
        let reading = ends.soon.child_token();
        let recording = fetch(log, endless, store, &reading);
        let news = new_partitions(log, &partitions);
        tokio::pin!(recording, news);
        let mut look = tokio::time::interval(LOOK);
        let mut told = false;
        loop {
            tokio::select! {
                report = &mut recording => {
                    report?;
                    return Ok(());
                }
                changed = changes.changed() => {
                    changed.context("the temporary store has ended")?;
                    self.take_new(store, &partitions, ends)?;
                }
                _ = look.tick() => self.changes.save_if_due(&self.running)?,
                news = &mut news, if !told => {
                    say(&news);
                    told = true;
                }
            }
        }
    }

    /// Takes what the store has and may be taken by now.
    fn take_new(&mut self, store: &Store, partitions: &[TopicPartition], ends: &Ends) -> anyhow::Result<()> {
        let snapshot = store.snapshot();
        for formats in known_formats(&snapshot, &self.unknown, &[]) {
            self.unknown.retain(|topic| *topic != formats.topic);
            self.feed.set_codecs(&formats.topic, &formats.codecs());
            self.changes.learn(formats);
        }
        self.feed.grow(&snapshot)?;
        let stopped = self.steps(ends);
        self.ended(stopped)?;
        ensure!(self.feed.damages().is_empty(), "{}", damaged(&self.feed));
        for lane in self.feed.mark().lanes {
            store.let_go_before(&lane.partition, lane.next_offset)?;
        }
        for partition in partitions {
            if let Some(error) = snapshot.partition(partition).and_then(|held| held.failure.as_ref()) {
                bail!("{partition} can't be read any further: {error}");
            }
        }
        Ok(())
    }

    fn steps(&mut self, ends: &Ends) -> Result<(), Stop> {
        while !ends.soon.is_cancelled()
            && let Some(step) = self.feed.step(HISTORY_STEP)
        {
            self.running.step(step.rows, &mut self.changes, &ends.now)?;
            self.changes.stepped(&self.running, &self.feed.mark())?;
        }
        Ok(())
    }

    /// What a stop means: nothing, where a person asked for it.
    fn ended(&mut self, stopped: Result<(), Stop>) -> anyhow::Result<()> {
        let error = match (self.changes.error.take(), stopped) {
            (Some(error), _) => error,
            (None, Err(Stop::Bound(why))) => anyhow!(why),
            (None, Ok(()) | Err(Stop::Cancelled)) => return Ok(()),
        };
        self.sound = false;
        Err(error)
    }
}

fn damaged(feed: &Feed) -> String {
    feed.damages().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Waits until a topic has more partitions than are followed, and says so in a line.
async fn new_partitions(log: &dyn Log, followed: &[TopicPartition]) -> String {
    let mut counts: BTreeMap<&TopicName, usize> = BTreeMap::new();
    followed.iter().for_each(|partition| *counts.entry(&partition.topic).or_default() += 1);
    let mut look = tokio::time::interval(LOOK_FOR_PARTITIONS);
    loop {
        look.tick().await;
        for (topic, count) in &counts {
            // A cluster that can't be asked now is asked again.
            let Ok(found) = log.topic(topic).await else { continue };
            if found.partitions.len() > *count {
                let new = figures::of((found.partitions.len() - count) as u64, "new partition");
                return format!("{topic} has {new}, which is not read until this is run again");
            }
        }
    }
}
