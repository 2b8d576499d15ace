//! Runs the pipeline on the canvas over what has been read: first a stretch of it, with every node's rows, then all of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::engine::{
    Dropped, Feed, Mark, Materialised, Plan, PlannedView, Rows, RowsBuilder, Running, Sign, Sink, Stop, run_history,
};
use fabula_core::event::TopicName;
use fabula_core::pipeline::{Flow, Pipeline};
use fabula_core::schema::Sample;
use fabula_core::store::Snapshot;
use parking_lot::Mutex;

use crate::formats::Formats;
use crate::jobs::{Job, Jobs, Progress, Title, Unit, Waker};
use crate::panes::Context;
use crate::state::{AsideLine, NodeRows, Outcome};

/// So many events are looked at for the first rows of every node.
const FIRST_EVENTS: usize = 20_000;
/// So many of the first rows are kept of each node.
const FIRST_ROWS: usize = 200;
/// So many of the last rows are kept of a stream, and so many of a table are handed over.
const SHOWN_ROWS: usize = 100_000;
/// How often what came out so far is handed over.
const TICK: Duration = Duration::from_millis(100);
/// A run that took no longer is made again by itself when the log has grown.
const QUICK: Duration = Duration::from_millis(700);
/// How long to wait before that.
const REST: Duration = Duration::from_secs(1);

/// The run of the pipeline on the canvas.
#[derive(Default)]
pub(super) struct Runs {
    asked: Option<Asked>,
    job: Option<Job<Duration>>,
    shared: Arc<Mutex<Shared>>,
    taken: u64,
    outcome: Option<Arc<Outcome>>,
    /// When the last run ended, and how long it took.
    ended: Option<(Instant, Duration)>,
    again: bool,
}

/// What the run hands over; `number` counts how often.
#[derive(Default)]
struct Shared {
    number: u64,
    outcome: Outcome,
}

/// What a run was started for.
#[derive(Clone, PartialEq)]
struct Asked {
    generation: u64,
    design: u64,
    chosen: Option<String>,
    snapshot: u64,
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

    /// Runs again over what the log holds now.
    pub(super) fn run_again(&mut self) {
        self.again = true;
    }

    /// Whether the log has grown since the last run began.
    pub(super) fn is_behind(&self, context: &Context<'_>) -> bool {
        let version = context.state.log.snapshot.as_ref().map(|snapshot| snapshot.version);
        self.asked.as_ref().is_some_and(|asked| version.is_some_and(|version| asked.snapshot != version))
    }

    /// Takes in what came out, ends what is stale, starts what is missing.
    pub(super) fn update(&mut self, context: &Context<'_>) {
        if let Some(job) = &mut self.job {
            if let Some(took) = job.poll() {
                self.ended = Some((Instant::now(), took));
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
        let Some(snapshot) = state.log.snapshot.as_ref().filter(|_| ready) else {
            self.stop(context);
            return;
        };
        let asked = Asked {
            generation: state.log.generation,
            design: design.version,
            chosen: design.chosen.clone(),
            snapshot: snapshot.version,
            formats: SameFormats(state.formats.clone()),
        };
        let grown_only =
            self.asked.as_ref().is_some_and(|known| Asked { snapshot: asked.snapshot, ..known.clone() } == asked);
        if grown_only && !self.again {
            let unchanged = self.asked.as_ref() == Some(&asked);
            if unchanged || self.job.is_some() {
                return;
            }
            // What takes long is made again when somebody asks for it.
            match self.ended {
                Some((at, took)) if took < QUICK && at.elapsed() >= REST => {}
                Some((_, took)) if took < QUICK => {
                    context.jobs.waker().wake_after(REST);
                    return;
                }
                _ => return,
            }
        }
        self.again = false;
        let other = !grown_only
            && self
                .asked
                .as_ref()
                .is_none_or(|known| known.design != asked.design || known.generation != asked.generation);
        if other {
            self.outcome = None;
        }
        self.asked = Some(asked);
        self.shared = Arc::default();
        self.taken = 0;
        let run = Run {
            version: design.version,
            pipeline: Arc::clone(&design.pipeline),
            chosen: design.chosen.clone(),
            snapshot: Arc::clone(snapshot),
            formats: state.formats.clone(),
            shared: Arc::clone(&self.shared),
            wake: context.jobs.waker().clone(),
        };
        self.job = Some(begin(run, context.jobs));
    }

    fn stop(&mut self, context: &Context<'_>) {
        (self.asked, self.job) = (None, None);
        let stale = |outcome: &Arc<Outcome>| outcome.version != context.state.design.version;
        if self.outcome.as_ref().is_some_and(stale) {
            self.outcome = None;
        }
    }
}

fn begin(run: Run, jobs: &Jobs) -> Job<Duration> {
    let name = if run.pipeline.name.is_empty() {
        "Running the pipeline".to_owned()
    } else {
        format!("Running {}", run.pipeline.name)
    };
    jobs.spawn_blocking(Title::listed(name, Unit::Events), move |progress| {
        let began = Instant::now();
        let mut outcome = Outcome { version: run.version, ..Outcome::default() };
        if let Err(why) = run.whole(&mut outcome, progress) {
            outcome.failure = why;
        }
        run.hand_over(&outcome);
        began.elapsed()
    })
}

/// What a run needs.
struct Run {
    version: u64,
    pipeline: Arc<Pipeline>,
    chosen: Option<String>,
    snapshot: Arc<Snapshot>,
    formats: Formats,
    shared: Arc<Mutex<Shared>>,
    wake: Waker,
}

impl Run {
    /// # Errors
    /// Why it could not go on; `None` when it was to stop.
    fn whole(&self, outcome: &mut Outcome, progress: &Progress) -> Result<(), Option<String>> {
        let plan = |also: &[&str]| {
            Plan::showing(&self.pipeline, also).map_err(|problems| problems.first().map(ToString::to_string))
        };
        let every: Vec<&str> = self.pipeline.nodes.iter().map(|node| node.name.as_str()).collect();
        let first = plan(&every)?;
        let topics = first.topics();
        let codecs = self.codecs(&topics)?;
        let missing: Vec<&TopicName> = topics.iter().filter(|topic| self.snapshot.topic(topic).is_none()).collect();
        if let Some(topic) = missing.first() {
            return Err(Some(format!("nothing of {topic} has been read: show the topic in the catalogue")));
        }
        outcome.done.1 = topics.iter().filter_map(|topic| self.snapshot.topic(topic)).map(|topic| topic.events()).sum();
        self.first_rows(first, &codecs, outcome, progress)?;
        self.hand_over(outcome);
        self.shapes(&topics, outcome);
        self.hand_over(outcome);
        let chosen: Vec<&str> = self.chosen.as_deref().into_iter().collect();
        let plan = plan(&chosen)?;
        let mut feed = Feed::new(&self.snapshot, &plan.sources, |topic| codec_of(&codecs, topic), None);
        let mut running = Running::new(plan);
        let done = AtomicU64::new(0);
        let gather = Gather::new(running.views(), SHOWN_ROWS);
        let mut watched = Watched { gather, run: self, outcome, progress, done: &done, last: Instant::now() };
        run_history(&mut running, &mut feed, &mut watched, progress.token(), &done).map_err(why)?;
        let gather = watched.gather;
        outcome.done.0 = done.load(Ordering::Relaxed);
        outcome.reports = running.report();
        outcome.aside = self.pipeline.nodes.iter().filter_map(|node| aside(&running, &node.name)).collect();
        outcome.views = gather.finish().map_err(why)?;
        outcome.whole = true;
        match feed.damages() {
            [] => Ok(()),
            damages => Err(Some(damages.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))),
        }
    }

    fn codecs(&self, topics: &[TopicName]) -> Result<BTreeMap<TopicName, TopicCodecs>, Option<String>> {
        let mut codecs = BTreeMap::new();
        for topic in topics {
            let formats = self.formats.of(topic, &self.snapshot).map_err(|damage| Some(damage.to_string()))?;
            codecs.insert(topic.clone(), formats.codecs);
        }
        Ok(codecs)
    }

    /// Every node's first rows, of a stretch of the log from its beginning.
    fn first_rows(
        &self,
        plan: Plan,
        codecs: &BTreeMap<TopicName, TopicCodecs>,
        outcome: &mut Outcome,
        progress: &Progress,
    ) -> Result<(), Option<String>> {
        let mut feed = Feed::new(&self.snapshot, &plan.sources, |topic| codec_of(codecs, topic), None);
        let mut running = Running::new(plan);
        let mut gather = Gather::first(running.views(), FIRST_ROWS);
        if let Some(step) = feed.step(FIRST_EVENTS) {
            running.step(step.rows, &mut gather, progress.token()).map_err(why)?;
        }
        outcome.reports = running.report();
        outcome.first = gather.finish().map_err(why)?;
        Ok(())
    }

    /// Types and fields, as samples of the topics show them.
    fn shapes(&self, topics: &[TopicName], outcome: &mut Outcome) {
        let shapes: BTreeMap<_, _> = topics
            .iter()
            .filter_map(|topic| {
                let chosen = self.formats.chosen().get(topic).copied().unwrap_or_default();
                Some((topic.clone(), Sample::of(self.snapshot.topic(topic)?, chosen.key, chosen.value)?.shape))
            })
            .collect();
        outcome.nodes = Plan::describe(&self.pipeline, Some(&shapes))
            .or_else(|_| Plan::describe(&self.pipeline, None))
            .unwrap_or_default();
        outcome.unseen = Plan::of(&self.pipeline).map(|plan| plan.unseen(&shapes)).unwrap_or_default();
    }

    fn hand_over(&self, outcome: &Outcome) {
        let mut shared = self.shared.lock();
        shared.outcome = outcome.clone();
        shared.number += 1;
        drop(shared);
        self.wake.wake();
    }
}

fn codec_of(codecs: &BTreeMap<TopicName, TopicCodecs>, topic: &TopicName) -> TopicCodecs {
    codecs.get(topic).cloned().unwrap_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json))
}

fn why(stop: Stop) -> Option<String> {
    match stop {
        Stop::Cancelled => None,
        Stop::Bound(why) => Some(why),
    }
}

/// The last rows that a node set aside, newest first.
fn aside(running: &Running, node: &str) -> Option<(String, Arc<[AsideLine]>)> {
    let aside = running.aside(node)?;
    let line = |row: &fabula_core::engine::AsideRow| {
        let why = match row.why {
            Dropped::Late => {
                let behind = row.stream_time_ms.saturating_sub(row.time_ms);
                format!("late: {behind} ms behind the newest")
            }
            why => why.to_string(),
        };
        let cells: Vec<String> = row.cells.iter().filter(|cell| !cell.is_null()).map(ToString::to_string).collect();
        AsideLine { time_ms: row.time_ms, why, row: cells.join("  ") }
    };
    let mut lines: Vec<AsideLine> = aside.rows().map(line).collect();
    lines.reverse();
    (!lines.is_empty()).then(|| (node.to_owned(), lines.into()))
}

/// Keeps what the views come to, within bounds.
struct Gather {
    views: Vec<(PlannedView, Kept)>,
    most: usize,
}

enum Kept {
    /// The first rows of a stream, or of a table's changes that hold.
    First(Vec<Rows>, usize, u64),
    /// The last rows of a stream.
    Last(VecDeque<Rows>, usize, u64),
    /// A table.
    Table(Materialised),
}

impl Gather {
    /// Keeps the last rows of streams and all of tables.
    fn new(views: &[PlannedView], most: usize) -> Self {
        let kept = |view: &PlannedView| match view.flow {
            Flow::Stream => Kept::Last(VecDeque::new(), 0, 0),
            Flow::Table => Kept::Table(Materialised::new(view.id.clone())),
        };
        Self { views: views.iter().map(|view| (view.clone(), kept(view))).collect(), most }
    }

    /// Keeps the first rows of streams, and of tables those that hold.
    fn first(views: &[PlannedView], most: usize) -> Self {
        let kept = |view: &PlannedView| match view.flow {
            Flow::Stream => Kept::First(Vec::new(), 0, 0),
            Flow::Table => Kept::Table(Materialised::new(view.id.clone())),
        };
        Self { views: views.iter().map(|view| (view.clone(), kept(view))).collect(), most }
    }

    fn finish(self) -> Result<BTreeMap<String, Arc<NodeRows>>, Stop> {
        let most = self.most;
        let mut all = BTreeMap::new();
        for (view, kept) in self.views {
            let (rows, count) = match kept {
                Kept::First(rows, _, count) => (Rows::concat(rows), count),
                Kept::Last(rows, _, count) => (Rows::concat(rows.into()), count),
                Kept::Table(table) => {
                    let mut built = None;
                    // What is beyond is not made into rows at all: the table may be far larger.
                    table.visit_first(most, |row| -> Result<(), Stop> {
                        let columns = row.cells.len();
                        let builder = built.get_or_insert_with(|| RowsBuilder::new(columns, false));
                        builder.push(0, row.time_ms, Sign::Plus, row.cells);
                        Ok(())
                    })?;
                    let mut builder = built.unwrap_or_else(|| RowsBuilder::new(0, false));
                    (builder.finish(), table.len() as u64)
                }
            };
            let rows = NodeRows { flow: view.flow, columns: view.columns, id: view.id, rows, count };
            all.insert(view.name, Arc::new(rows));
        }
        Ok(all)
    }
}

impl Sink for Gather {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        let most = self.most;
        match &mut self.views[view].1 {
            Kept::First(kept, len, count) => {
                *count += rows.len() as u64;
                let room = most.saturating_sub(*len).min(rows.len());
                if room > 0 {
                    let places: Vec<u32> = (0..room as u32).collect();
                    kept.push(rows.take(&places));
                    *len += room;
                }
            }
            Kept::Last(kept, len, count) => {
                *count += rows.len() as u64;
                *len += rows.len();
                kept.push_back(rows.clone());
                while kept.front().is_some_and(|oldest| *len - oldest.len() >= most) {
                    *len -= kept.pop_front().map_or(0, |oldest| oldest.len());
                }
            }
            Kept::Table(table) => table.apply(rows),
        }
        Ok(())
    }
}

/// Keeps the rows, and hands over how far the run is.
struct Watched<'r> {
    gather: Gather,
    run: &'r Run,
    outcome: &'r mut Outcome,
    progress: &'r Progress,
    done: &'r AtomicU64,
    last: Instant,
}

impl Sink for Watched<'_> {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        self.gather.rows(view, rows)
    }

    fn stepped(&mut self, running: &Running, _mark: &Mark) -> Result<(), Stop> {
        let taken = self.done.load(Ordering::Relaxed);
        self.progress.set(taken, self.outcome.done.1);
        if self.last.elapsed() >= TICK {
            self.outcome.done.0 = taken;
            self.outcome.reports = running.report();
            self.run.hand_over(self.outcome);
            self.last = Instant::now();
        }
        Ok(())
    }
}
