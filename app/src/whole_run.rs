//! A pipeline over all that has been read, once more: for what must not be made of the rows on the screen alone, which
//! are as many as fit there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fabula_core::codec::{Cell, Choice, TopicCodecs};
use fabula_core::engine::{Feed, Mark, Materialised, Plan, PlannedView, Rows, Running, Sink, Stop, run_history};
use fabula_core::event::TopicName;
use fabula_core::event::time::{Moment, format_iso_ms};
use fabula_core::pipeline::{Flow, Node, NodeKind, Pipeline, Problem, sound};
use fabula_core::store::{Segment, Snapshot};

use crate::cli::run::{cut, dropped_line, still_open};
use crate::figures;
use crate::formats::Formats;
use crate::jobs::Progress;
use crate::state::{State, Stretch};

/// What of a pipeline can run over what has been read, and the nodes that can't: nothing of their topics has been read.
/// Where nothing can run it is the whole.
pub fn read_part(pipeline: &Arc<Pipeline>, snapshot: &Snapshot) -> (Arc<Pipeline>, BTreeMap<String, TopicName>) {
    let unread = |node: &Node| match &node.kind {
        NodeKind::Stream { topic, .. } | NodeKind::Table { topic, .. } if snapshot.topic(topic).is_none() => {
            Some((node.name.clone(), topic.as_str().into()))
        }
        _ => None,
    };
    let unread: BTreeMap<String, TopicName> = pipeline.nodes.iter().filter_map(unread).collect();
    if unread.is_empty() {
        return (Arc::clone(pipeline), unread);
    }
    let wrong: Vec<Problem> = unread.keys().map(|node| Problem::of_node(node, "is not read")).collect();
    let part = sound(pipeline, &wrong);
    (if part.nodes.is_empty() { Arc::clone(pipeline) } else { Arc::new(part) }, unread)
}

/// A pipeline and what it runs over.
#[derive(Clone)]
pub struct WholeRun {
    /// The pipeline.
    pub pipeline: Arc<Pipeline>,
    /// What has been read.
    pub snapshot: Arc<Snapshot>,
    /// Which stretch of what has been read counts.
    pub stretch: Stretch,
    formats: Formats,
}

/// Why a run, or what was made of it, came to no end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Somebody ended it.
    Cancelled,
    /// A server asks for a password.
    Password(String),
    /// Why, in a line.
    Failed(String),
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled"),
            Self::Password(server) => write!(f, "{server} asks for a password"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl From<Stop> for Ended {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled => Self::Cancelled,
            Stop::Bound(why) => Self::Failed(why),
        }
    }
}

impl From<fabula_core::copies::CopyError> for Ended {
    fn from(error: fabula_core::copies::CopyError) -> Self {
        use fabula_core::copies::CopyError;
        match error {
            error if error.is_cancelled() => Self::Cancelled,
            CopyError::Password { server } => Self::Password(server),
            error => Self::Failed(error.to_string()),
        }
    }
}

/// The node whose rows are meant: the chosen one, else the first view.
pub fn shown_node(state: &State) -> Option<String> {
    let design = &state.design;
    let chosen = design.chosen.clone().filter(|name| design.pipeline.node(name).is_some());
    let views = design.pipeline.nodes.iter().filter(|node| matches!(node.kind, NodeKind::View { .. }));
    chosen.or_else(|| views.chain(design.pipeline.ends()).map(|node| node.name.clone()).next())
}

impl WholeRun {
    /// What runs of the canvas's pipeline, over what has been read, where history is cut only over that stretch.
    pub fn of(state: &State) -> Option<Self> {
        let design = &state.design;
        let runs = design.readable && !design.runs.nodes.is_empty();
        let snapshot = state.log.snapshot.as_ref().filter(|_| runs)?;
        let (pipeline, _) = read_part(&design.runs, snapshot);
        Some(Self::over(pipeline, Arc::clone(snapshot), state))
    }

    /// What a pipeline runs over: what has been read, or the stretch of it that counts.
    pub fn over(pipeline: Arc<Pipeline>, snapshot: Arc<Snapshot>, state: &State) -> Self {
        Self { pipeline, snapshot, stretch: state.stretch(), formats: state.formats.clone() }
    }

    /// The same as of a moment in milliseconds; where history is cut before that, up to there.
    #[must_use]
    pub fn at(self, at_ms: Option<i64>) -> Self {
        let until_ms = self.stretch.until_ms.into_iter().chain(at_ms).min();
        Self { stretch: Stretch { until_ms, ..self.stretch }, ..self }
    }

    /// The moment that a person names, in milliseconds; `None` is the end. A span counts from where history is cut.
    ///
    /// # Errors
    /// When the text names no moment.
    pub fn moment(&self, text: &str, topics: &[TopicName]) -> Result<Option<i64>, Ended> {
        let failed = |why: &dyn std::fmt::Display| Ended::Failed(why.to_string());
        let at: Moment = text.parse().map_err(|error| failed(&error))?;
        if let (Moment::BeforeEnd(span_ms), Some(until)) = (at, self.stretch.until_ms) {
            return Ok(Some(until.saturating_sub(span_ms)));
        }
        cut(at, &self.snapshot, topics).map_err(|error| failed(&error))
    }

    /// How topics are decoded, as far as that was chosen.
    pub fn formats(&self) -> &Formats {
        &self.formats
    }

    /// Whether two come to the same.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = Arc::ptr_eq(&self.snapshot, &other.snapshot) || self.snapshot.version == other.snapshot.version;
        let same = same && self.stretch == other.stretch;
        same && self.pipeline.nodes == other.pipeline.nodes && self.formats.is_same(&other.formats)
    }

    /// Gets ready to run it: its views, and these nodes besides.
    ///
    /// # Errors
    /// What is wrong with it, or missing.
    pub fn ready(&self, also: &[&str]) -> Result<Ready, Ended> {
        if let Some(node) = also.iter().find(|node| self.pipeline.node(node).is_none()) {
            return Err(Ended::Failed(format!("{node} does not run: the canvas says what is wrong")));
        }
        let first = |problems: Vec<_>| {
            let why = problems.first().map(ToString::to_string);
            Ended::Failed(why.unwrap_or_else(|| "the pipeline does not run".to_owned()))
        };
        let plan = Plan::showing(&self.pipeline, also).map_err(first)?;
        let topics = plan.topics();
        if let Some(topic) = topics.iter().find(|topic| self.snapshot.topic(topic).is_none()) {
            return Err(Ended::Failed(format!("nothing of {topic} has been read: show the topic in the catalogue")));
        }
        let feed = self.feed(&plan, &self.codecs(&topics)?);
        let total = self.events(&topics);
        Ok(Ready { running: Running::new(plan), feed, total, taken: 0, stretch: self.stretch, topics })
    }

    /// The events that a plan of its pipeline takes.
    pub fn feed(&self, plan: &Plan, codecs: &BTreeMap<TopicName, TopicCodecs>) -> Feed {
        let mut feed = Feed::new(&self.snapshot, &plan.sources, |topic| codec_of(codecs, topic), self.stretch.until_ms);
        if let Some(from) = self.stretch.from_ms {
            feed.begin_at_time(from);
        }
        feed
    }

    /// How many events there are to be taken of these topics: those of the segments that reach into the stretch.
    pub fn events(&self, topics: &[TopicName]) -> u64 {
        let Stretch { from_ms, until_ms } = self.stretch;
        let reaches = |segment: &&Arc<Segment>| match segment.time_span_ms() {
            Some((first, last)) => {
                from_ms.is_none_or(|from| last >= from) && until_ms.is_none_or(|until| first <= until)
            }
            None => true,
        };
        let held = topics.iter().filter_map(|topic| self.snapshot.topic(topic)).flat_map(|topic| &topic.partitions);
        held.flat_map(|held| held.segments.iter().filter(reaches)).map(|segment| segment.len() as u64).sum()
    }

    /// How the topics' events are decoded.
    ///
    /// # Errors
    /// When a segment turns out to be damaged.
    pub fn codecs(&self, topics: &[TopicName]) -> Result<BTreeMap<TopicName, TopicCodecs>, Ended> {
        let codecs = |topic: &TopicName| {
            let formats = self.formats.of(topic, &self.snapshot);
            formats.map(|formats| (topic.clone(), formats.codecs)).map_err(|damage| Ended::Failed(damage.to_string()))
        };
        topics.iter().map(codecs).collect()
    }
}

/// A topic's codecs; of one that is not known, those of most topics.
pub fn codec_of(codecs: &BTreeMap<TopicName, TopicCodecs>, topic: &TopicName) -> TopicCodecs {
    codecs.get(topic).cloned().unwrap_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json))
}

/// A run that is about to begin.
pub struct Ready {
    running: Running,
    feed: Feed,
    total: u64,
    taken: u64,
    stretch: Stretch,
    topics: Vec<TopicName>,
}

impl Ready {
    /// The topics that it reads.
    pub fn topics(&self) -> Vec<TopicName> {
        self.topics.clone()
    }

    /// What it shows.
    pub fn views(&self) -> &[PlannedView] {
        self.running.views()
    }

    /// How many events it went over.
    pub fn events(&self) -> u64 {
        self.taken
    }

    /// What it went over, in words.
    pub fn told(&self) -> String {
        told(self.taken, self.stretch)
    }

    /// What is not in its rows, in words: what was late or set aside, and what is not final yet, by node.
    pub fn left_out(&self) -> Vec<String> {
        let untimed = match self.feed.untimed().iter().map(|untimed| untimed.count).sum::<u64>() {
            0 => None,
            untimed => Some(format!("{} without a time were set aside", figures::of(untimed, "event"))),
        };
        let open = still_open(&self.running, None);
        let dropped: Vec<String> = self.running.report().iter().filter_map(dropped_line).collect();
        untimed.into_iter().chain(dropped).chain(open).collect()
    }

    /// The place of a node among what it shows.
    ///
    /// # Errors
    /// When it is not among them.
    pub fn view(&self, node: &str) -> Result<usize, Ended> {
        let place = self.views().iter().position(|view| view.name == node);
        place.ok_or_else(|| Ended::Failed(format!("{node} is no node of the pipeline any more")))
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// [`Ended`].
    pub fn run(&mut self, sink: &mut dyn Sink, progress: &Progress) -> Result<(), Ended> {
        let done = AtomicU64::new(0);
        let Self { running, feed, total, taken, .. } = self;
        let mut watched = Watched { sink, progress, done: &done, events: *total };
        run_history(running, feed, &mut watched, progress.token(), &done)?;
        *taken = done.load(Ordering::Relaxed);
        match feed.damages() {
            [] => Ok(()),
            damages => {
                let lines: Vec<String> = damages.iter().map(ToString::to_string).collect();
                Err(Ended::Failed(lines.join("; ")))
            }
        }
    }

    /// Runs it, and hands over every row of a view: a stream's as they come, those that a table holds at the end.
    ///
    /// # Errors
    /// [`Ended`], and what `take` gives.
    pub fn each_row(
        &mut self,
        view: usize,
        progress: &Progress,
        take: &mut dyn FnMut(Vec<Cell<'_>>) -> Result<(), String>,
    ) -> Result<(), Ended> {
        let shown = self.views()[view].clone();
        let mut one = OneView { view, table: Materialised::new(shown.id.clone()), shown, take };
        self.run(&mut one, progress)?;
        if one.shown.flow == Flow::Table {
            let (take, columns) = (&mut one.take, &one.shown.columns);
            one.table.visit_sorted(|row| {
                if progress.token().is_cancelled() {
                    return Err(Ended::Cancelled);
                }
                let cells = columns.iter().map(|(_, column, _)| row.cells[*column].clone());
                take(cells.collect()).map_err(Ended::Failed)
            })?;
        }
        Ok(())
    }
}

/// Events that were gone over, and of which stretch, in words.
pub fn told(events: u64, stretch: Stretch) -> String {
    let events = figures::of(events, "event");
    match (stretch.from_ms, stretch.until_ms) {
        (Some(from), Some(until)) => {
            format!("the {events} from {} to {}", format_iso_ms(from), format_iso_ms(until))
        }
        (Some(from), None) => format!("the {events} from {} on", format_iso_ms(from)),
        (None, Some(until)) => format!("the {events} up to {}", format_iso_ms(until)),
        (None, None) => format!("the {events} that have been read"),
    }
}

/// Says how far a run is.
struct Watched<'s> {
    sink: &'s mut dyn Sink,
    progress: &'s Progress,
    done: &'s AtomicU64,
    events: u64,
}

impl Sink for Watched<'_> {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        self.sink.rows(view, rows)
    }

    fn stepped(&mut self, running: &Running, mark: &Mark) -> Result<(), Stop> {
        self.progress.set(self.done.load(Ordering::Relaxed), self.events);
        self.sink.stepped(running, mark)
    }
}

struct OneView<'t> {
    view: usize,
    shown: PlannedView,
    table: Materialised,
    take: &'t mut dyn FnMut(Vec<Cell<'_>>) -> Result<(), String>,
}

impl Sink for OneView<'_> {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        if view != self.view {
            return Ok(());
        }
        if self.shown.flow == Flow::Table {
            self.table.apply(rows);
            return Ok(());
        }
        for row in 0..rows.len() {
            let cells = self.shown.columns.iter().map(|(_, column, _)| rows.cell(*column, row));
            (self.take)(cells.collect()).map_err(Stop::Bound)?;
        }
        Ok(())
    }
}
