//! One run: the first rows of every node, then all of history; then, as the log grows, what has come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fabula_core::codec::TopicCodecs;
use fabula_core::engine::{Feed, Mark, Plan, Rows, Running, Sink, StepTimes, Stop, Untimed, run_history};
use fabula_core::event::{TopicName, TopicPartition};
use fabula_core::pipeline::{Node, NodeKind, Pipeline};
use fabula_core::schema::{Sample, TopicShape};
use fabula_core::store::{Segment, Snapshot};
use parking_lot::Mutex;

use super::aside::{self, Events};
use super::gather::Gather;
use super::latest::Latest;
use crate::jobs::{Progress, Waker};
use crate::state::{Failure, Outcome, Pace};
use crate::whole_run::WholeRun;

/// At most so many events are looked at for the first rows of every node, so many at a time, and for so long.
const FIRST_EVENTS: usize = 20_000;
const FIRST_STEP: usize = 2_000;
const FIRST_TIME: Duration = Duration::from_millis(80);
/// So many of the first rows are kept of each node.
const FIRST_ROWS: usize = 200;
/// So many of the last rows are kept of a stream, and so many of a table are handed over.
const SHOWN_ROWS: usize = 100_000;
/// How often figures are handed over, and at most how often rows.
const TICK: Duration = Duration::from_millis(100);
const ROWS_TICK: Duration = Duration::from_millis(700);

/// What is said of a run whose topics have not been read.
const NOTHING_READ: &str = "nothing has been read of what it reads";

/// What a run hands over; `number` counts how often.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) number: u64,
    pub(super) outcome: Outcome,
}

/// The shapes of topics, as samples of so many events showed them: they are not looked at again for every edit.
pub(super) type Shapes = Arc<Mutex<BTreeMap<TopicName, (u64, TopicShape)>>>;

/// What a run needs.
pub(super) struct Run {
    pub(super) version: u64,
    /// All of the pipeline, of which some may wait until its topics are read.
    pub(super) pipeline: Arc<Pipeline>,
    /// The node whose rows alone are wanted: nothing else is found out then.
    pub(super) only: Option<String>,
    /// What runs, and over what.
    pub(super) over: WholeRun,
    /// The nodes of whose topics nothing has been read.
    pub(super) unread: BTreeMap<String, TopicName>,
    /// Whether the log may hold more later.
    pub(super) grows: bool,
    pub(super) shapes: Shapes,
    pub(super) shared: Arc<Mutex<Shared>>,
    pub(super) wake: Waker,
}

/// A run that has taken all there was, and goes on when there is more.
pub(super) struct Live {
    run: Run,
    feed: Feed,
    running: Running,
    gather: Gather,
    latest: Latest,
    outcome: Outcome,
    events: Events,
    done: AtomicU64,
    /// When it had taken all there was, the last time.
    ended: Option<Instant>,
    /// The partitions that it reads, and from which offset.
    lanes: BTreeMap<TopicPartition, i64>,
}

/// How a run ended.
pub(super) struct Ended {
    /// How long it took.
    pub(super) took: Duration,
    /// With what it goes on; `None` when it can't.
    pub(super) live: Option<Box<Live>>,
    /// Whether somebody ended it.
    pub(super) cancelled: bool,
}

impl Run {
    /// Runs over all that the snapshot holds. What was handed over before stands until there is something newer.
    pub(super) fn begin(self, before: Option<&Outcome>, progress: &Progress) -> Ended {
        let began = Instant::now();
        let mut outcome =
            Outcome { whole: false, failure: None, failed: None, pace: None, ..before.cloned().unwrap_or_default() };
        outcome.version = self.version;
        outcome.unread.clone_from(&self.unread);
        match self.started(&mut outcome, progress) {
            Ok((feed, running, gather)) => {
                let lanes = lanes_of(&self.over.snapshot, &self.pipeline);
                let (latest, done, events) = (Latest::new(&running), AtomicU64::new(0), Events::default());
                let mut live = Box::new(Live {
                    run: self,
                    feed,
                    running,
                    gather,
                    latest,
                    outcome,
                    events,
                    done,
                    ended: None,
                    lanes,
                });
                let sound = live.go_on(progress);
                live.ended(began, sound, progress.is_cancelled())
            }
            Err(failure) => {
                outcome.ended(failure);
                self.hand_over(&outcome);
                Ended { took: began.elapsed(), live: None, cancelled: progress.is_cancelled() }
            }
        }
    }

    /// The first rows, and everything set up for the rest.
    ///
    /// # Errors
    /// Why it could not go on, and the node that could not; `None` when it was to stop.
    fn started(&self, outcome: &mut Outcome, progress: &Progress) -> Result<(Feed, Running, Gather), Failure> {
        let topics = self.over.pipeline.topics();
        if topics.iter().all(|topic| self.over.snapshot.topic(topic).is_none()) {
            // What is missing stands on the cards.
            return Err(Some((NOTHING_READ.to_owned(), self.unread.keys().next().cloned())));
        }
        let codecs = self.codecs()?;
        outcome.done = (0, self.over.events(&topics));
        if self.only.is_none() {
            self.first_rows(&codecs, outcome, progress)?;
            self.hand_over(outcome);
            self.shapes(&topics, outcome);
            self.hand_over(outcome);
        }
        let also: Vec<&str> = self.only.as_deref().into_iter().collect();
        let plan = self.plan(&also)?;
        let mut feed = self.over.feed(&plan, &codecs);
        if self.grows {
            feed.start_at(&lanes_of(&self.over.snapshot, &self.pipeline).into_iter().collect::<Vec<_>>());
            // Partitions that are still being read hold the others back, so that rows come in their order. Where the log
            // has a hole there is nothing to wait for.
            if feed.grow(&self.over.snapshot).is_err() {
                feed = self.over.feed(&plan, &codecs);
            }
        }
        let running = Running::new(plan);
        let gather = Gather::new(running.views(), SHOWN_ROWS);
        Ok((feed, running, gather))
    }

    fn plan(&self, also: &[&str]) -> Result<Plan, Failure> {
        Plan::showing(&self.over.pipeline, also)
            .map_err(|problems| problems.first().map(|problem| (problem.to_string(), problem.node.clone())))
    }

    fn codecs(&self) -> Result<BTreeMap<TopicName, TopicCodecs>, Failure> {
        let mut all = BTreeMap::new();
        for topic in self.over.pipeline.topics() {
            let codecs = self.over.codecs(std::slice::from_ref(&topic));
            all.extend(codecs.map_err(|why| Some((why.to_string(), reader_of(&self.pipeline, &topic))))?);
        }
        Ok(all)
    }

    /// Every node's first rows, of a stretch of the log from its beginning: as long as it takes until every node has some,
    /// within bounds.
    fn first_rows(
        &self,
        codecs: &BTreeMap<TopicName, TopicCodecs>,
        outcome: &mut Outcome,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let (began, mut taken) = (Instant::now(), 0);
        let every: Vec<&str> = self.over.pipeline.nodes.iter().map(|node| node.name.as_str()).collect();
        let plan = self.plan(&every)?;
        let mut feed = self.over.feed(&plan, codecs);
        let mut running = Running::new(plan);
        let mut gather = Gather::first(running.views(), FIRST_ROWS);
        while taken < FIRST_EVENTS && began.elapsed() < FIRST_TIME {
            let Some(step) = feed.step(FIRST_STEP) else { break };
            taken += step.events;
            let stepped = running.step(step.rows, &mut gather, progress.token());
            stepped.map_err(|stop| failure(stop, &running))?;
            if progress.token().is_cancelled() {
                return Err(None);
            }
            if gather.has_rows_of_all() {
                break;
            }
        }
        outcome.reports = running.report();
        outcome.first = gather.so_far().map_err(|stop| failure(stop, &running))?;
        Ok(())
    }

    /// Types and fields, as samples of the topics show them.
    fn shapes(&self, topics: &[TopicName], outcome: &mut Outcome) {
        let mut shapes = BTreeMap::new();
        for topic in topics {
            let Some(held) = self.over.snapshot.topic(topic) else { continue };
            let known = self.shapes.lock().get(topic).cloned();
            let shape = match known.filter(|(events, _)| held.events() / 4 <= *events) {
                Some((_, shape)) => shape,
                None => {
                    let chosen = self.over.formats().chosen().get(topic).copied().unwrap_or_default();
                    let Some(sample) = Sample::of(held, chosen.key, chosen.value) else { continue };
                    self.shapes.lock().insert(topic.clone(), (held.events(), sample.shape.clone()));
                    sample.shape
                }
            };
            shapes.insert(topic.clone(), shape);
        }
        outcome.nodes = Plan::describe(&self.over.pipeline, Some(&shapes))
            .or_else(|_| Plan::describe(&self.over.pipeline, None))
            .unwrap_or_default();
        outcome.unseen = Plan::of(&self.over.pipeline).map(|plan| plan.unseen(&shapes)).unwrap_or_default();
    }

    fn hand_over(&self, outcome: &Outcome) {
        let mut shared = self.shared.lock();
        shared.outcome = outcome.clone();
        shared.number += 1;
        drop(shared);
        self.wake.wake();
    }
}

impl Live {
    /// Whether the log has become something that a run can't go on with: partitions are new, or more of their past is here.
    pub(super) fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.lanes == lanes_of(snapshot, &self.run.pipeline)
    }

    fn ended(mut self: Box<Self>, began: Instant, sound: bool, cancelled: bool) -> Ended {
        self.ended = Some(Instant::now());
        let goes_on = sound && (self.run.grows || self.run.over.stretch.until_ms.is_some());
        Ended { took: began.elapsed(), live: goes_on.then_some(self), cancelled }
    }

    /// Goes on to a later moment of history, or to its end.
    pub(super) fn reach(mut self: Box<Self>, until_ms: Option<i64>, progress: &Progress) -> Ended {
        let began = Instant::now();
        self.run.over.stretch.until_ms = until_ms;
        self.feed.reach(until_ms);
        self.outcome.whole = false;
        self.outcome.done.1 = self.run.over.events(&self.run.over.pipeline.topics());
        if self.run.only.is_none() && self.done.load(Ordering::Relaxed) < FIRST_EVENTS as u64 {
            // Where there was little at first there may be more now. What fails then fails again for all, and is told.
            let codecs = self.run.codecs();
            _ = codecs.and_then(|codecs| self.run.first_rows(&codecs, &mut self.outcome, progress));
        }
        let sound = self.go_on(progress);
        self.ended(began, sound, progress.is_cancelled())
    }

    /// Goes on with what the log holds beyond what it held before.
    pub(super) fn grow(mut self: Box<Self>, snapshot: Arc<Snapshot>, progress: &Progress) -> Ended {
        let began = Instant::now();
        let before = given(&self.outcome);
        self.run.over.snapshot = snapshot;
        self.outcome.done.1 = self.run.over.events(&self.run.over.pipeline.topics());
        let sound = self.feed.grow(&self.run.over.snapshot).is_ok() && self.go_on(progress);
        // What comes by and by is told by the clock: from the end of the last that came to the end of this.
        let since = self.ended.replace(Instant::now()).unwrap_or(began).elapsed();
        self.outcome.pace = Pace::between(&before, &given(&self.outcome), since);
        if sound {
            self.run.hand_over(&self.outcome);
        }
        Ended { took: began.elapsed(), live: sound.then_some(self), cancelled: progress.is_cancelled() }
    }

    /// Takes all that the feed has; says whether it can be gone on with.
    fn go_on(&mut self, progress: &Progress) -> bool {
        let Self { run, feed, running, gather, latest, outcome, events, done, .. } = self;
        let now = Instant::now();
        let given = given(outcome);
        let mut watched = Watched {
            gather,
            latest,
            run,
            outcome,
            events,
            progress,
            done,
            last: now,
            last_rows: now,
            rest: ROWS_TICK,
            given,
        };
        let ran = run_history(running, feed, &mut watched, progress.token(), done);
        let rows = ran.and_then(|()| gather.so_far()).map_err(|stop| failure(stop, running));
        outcome.pace = None;
        outcome.latest = latest.so_far();
        outcome.done.0 = done.load(Ordering::Relaxed);
        outcome.reports = running.report();
        outcome.aside = events.lines(running, &run.pipeline);
        outcome.untimed = untimed(running, feed);
        outcome.aside.extend(outcome.untimed.iter().map(|(node, events)| (node.clone(), aside::untimed(events))));
        outcome.behind = feed.behind();
        outcome.waits = run.grows.then(|| waits(&run.over)).flatten();
        let sound = rows.is_ok();
        match rows {
            Ok(views) => {
                (outcome.views, outcome.stretch) = (views, run.over.stretch);
                outcome.kept.clear();
                outcome.whole = outcome.waits.is_none();
            }
            // What is stale is broken off too; then nobody looks at what is handed over.
            Err(failure) => outcome.ended(failure),
        }
        if let damages @ [_, ..] = feed.damages() {
            outcome.failed = None;
            outcome.failure = Some(damages.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        }
        run.hand_over(outcome);
        sound
    }
}

/// The partitions that a pipeline reads, and the first offset that is here of each.
fn lanes_of(snapshot: &Snapshot, pipeline: &Pipeline) -> BTreeMap<TopicPartition, i64> {
    let mut lanes = BTreeMap::new();
    for topic in pipeline.topics().iter().filter_map(|topic| snapshot.topic(topic)) {
        for held in &topic.partitions {
            let from = held.coverage.ranges().first().map_or(0, |(from, _)| *from);
            lanes.insert(TopicPartition::new(topic.name.clone(), held.partition), from);
        }
    }
    lanes
}

/// What the run waits for: partitions that have not been read up to their end, or to where history is cut.
fn waits(over: &WholeRun) -> Option<String> {
    let (mut open, until_ms) = (Vec::new(), over.stretch.until_ms);
    let is_beyond = |segment: &Arc<Segment>| segment.time_span_ms().map(|(_, last)| last) > until_ms;
    for topic in over.pipeline.topics().iter().filter_map(|topic| over.snapshot.topic(topic)) {
        let behind = topic.partitions.iter().filter(|held| {
            let end = held.coverage.end();
            let is_cut = until_ms.is_some() && held.segments.iter().any(is_beyond);
            let is_behind = |high, low| end.map_or(high > low, |end| end < high);
            !is_cut && held.watermarks.is_some_and(|marks| is_behind(marks.high, marks.low))
        });
        open.extend(behind.map(|held| format!("{} {}", topic.name, held.partition)));
    }
    let more = open.len().saturating_sub(1);
    let first = open.into_iter().next()?;
    Some(if more == 0 { format!("waits for {first}") } else { format!("waits for {first} and {more} more") })
}

/// Events that sources could not take because they have no time, by the source's name.
fn untimed(running: &Running, feed: &Feed) -> BTreeMap<String, Untimed> {
    let told = running.sources().zip(feed.untimed()).filter(|(_, untimed)| untimed.count > 0);
    told.map(|(name, untimed)| (name.to_owned(), untimed.clone())).collect()
}

fn failure(stop: Stop, running: &Running) -> Failure {
    match stop {
        Stop::Cancelled => None,
        Stop::Bound(why) => Some((why, running.failed().map(str::to_owned))),
    }
}

/// The first node that reads a topic.
fn reader_of(pipeline: &Pipeline, topic: &TopicName) -> Option<String> {
    let reads = |node: &&Node| match &node.kind {
        NodeKind::Stream { topic: of, .. } | NodeKind::Table { topic: of, .. } => **of == **topic,
        _ => false,
    };
    pipeline.nodes.iter().find(reads).map(|node| node.name.clone())
}

/// How many rows each node has given.
fn given(outcome: &Outcome) -> BTreeMap<String, u64> {
    outcome.reports.iter().map(|report| (report.name.clone(), report.metrics.rows_out)).collect()
}

/// Keeps the rows, and hands over how far the run is, and now and then what it came to so far.
struct Watched<'r> {
    gather: &'r mut Gather,
    latest: &'r mut Latest,
    run: &'r Run,
    outcome: &'r mut Outcome,
    events: &'r mut Events,
    progress: &'r Progress,
    done: &'r AtomicU64,
    last: Instant,
    last_rows: Instant,
    /// How long to wait before rows are handed over again: they cost the more the more there are.
    rest: Duration,
    /// How many rows each node had given when figures were handed over last.
    given: BTreeMap<String, u64>,
}

impl Sink for Watched<'_> {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        self.gather.rows(view, rows)
    }

    fn begins(&mut self, times: &StepTimes) -> Result<(), Stop> {
        self.events.begins(times);
        Ok(())
    }

    fn given(&mut self, node: usize, rows: &Rows) {
        self.latest.given(node, rows);
    }

    fn stepped(&mut self, running: &Running, _mark: &Mark) -> Result<(), Stop> {
        self.events.stepped(running, &self.run.pipeline);
        let taken = self.done.load(Ordering::Relaxed);
        self.progress.set(taken, self.outcome.done.1);
        if self.last.elapsed() < TICK {
            return Ok(());
        }
        self.outcome.done.0 = taken;
        self.outcome.reports = running.report();
        self.outcome.latest = self.latest.so_far();
        let before = std::mem::replace(&mut self.given, given(self.outcome));
        self.outcome.pace = Pace::between(&before, &self.given, self.last.elapsed());
        if self.last_rows.elapsed() >= self.rest {
            let began = Instant::now();
            let mut views = self.gather.so_far()?;
            // What stands above an edit stands until there is as much of it again.
            for (name, rows) in &mut views {
                let before = self.outcome.views.get(name).filter(|before| before.count > rows.count);
                if let Some(before) = before.filter(|_| self.outcome.kept.contains_key(name)) {
                    rows.clone_from(before);
                }
            }
            (self.outcome.views, self.outcome.stretch) = (views, self.run.over.stretch);
            self.outcome.aside = self.events.lines(running, &self.run.pipeline);
            (self.last_rows, self.rest) = (Instant::now(), ROWS_TICK.max(began.elapsed() * 20));
        }
        self.run.hand_over(self.outcome);
        self.last = Instant::now();
        Ok(())
    }
}
