//! The pipeline on the canvas: read from the document's text, with what is wrong with it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fabula_core::engine::{Description, NodeReport, Unseen};
use fabula_core::engine::{Plan, Rows, Untimed};
use fabula_core::event::time::{format_span_ns, ms_to_ns};
use fabula_core::event::{Coordinates, TopicName};
use fabula_core::expr::Type;
use fabula_core::pipeline::{self, Flow, Node, NodeKind, Pipeline, Problem};

use super::{Selection, Stretch};
use crate::figures;
use crate::zone::Clock;

/// The pipeline on the canvas.
#[derive(Debug, Clone, Default)]
pub struct Design {
    /// The text that all the rest was read from; `None` while there is no pipeline.
    text: Option<Arc<str>>,
    /// The pipeline; while the text can't be read, as it was before.
    pub pipeline: Arc<Pipeline>,
    /// The part of it that runs: the nodes that nothing is wrong with, nor with any that their rows come through. While the
    /// text can't be read it is that of the pipeline before.
    pub runs: Arc<Pipeline>,
    /// What is wrong with it, with lines.
    pub problems: Arc<[Problem]>,
    /// Whether the text could be read as a pipeline.
    pub readable: bool,
    /// What each node gives, where that can be said.
    pub flows: Arc<BTreeMap<String, Flow>>,
    /// Counts the changes of what runs: a place on the canvas is none, nor is a node that something is missing of.
    pub version: u64,
    /// The node that is looked at.
    pub chosen: Option<String>,
}

impl Design {
    /// Reads a text, if it is not the one that was read.
    pub(super) fn follow(&mut self, text: Option<&str>) {
        if self.text.as_deref() == text {
            return;
        }
        self.text = text.map(Arc::from);
        let Some(text) = text else {
            let version = self.version + 1;
            *self = Self { version, ..Self::default() };
            return;
        };
        match pipeline::Document::parse(text) {
            Ok(document) => {
                self.pipeline = Arc::new(document.pipeline().clone());
                self.flows = Arc::new(pipeline::flow(&self.pipeline));
                let (runs, mut problems) = Plan::sound_part(&self.pipeline);
                document.locate(&mut problems);
                if self.pipeline.nodes.is_empty() {
                    // A canvas on which nothing stands yet is no mistake.
                    problems.clear();
                }
                self.problems = problems.into();
                if self.runs.nodes != runs.nodes {
                    self.version += 1;
                }
                self.runs = Arc::new(runs);
                self.readable = true;
            }
            Err(problems) => {
                self.problems = problems.into();
                self.readable = false;
            }
        }
        if self.chosen.as_ref().is_some_and(|name| self.pipeline.node(name).is_none()) {
            self.chosen = None;
        }
    }

    /// The text as it stands.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The nodes that are views, in the order of the text.
    pub fn views(&self) -> impl Iterator<Item = &Node> {
        self.pipeline.nodes.iter().filter(|node| matches!(node.kind, NodeKind::View { .. }))
    }

    /// The topics that the pipeline reads.
    pub fn topics(&self) -> Vec<TopicName> {
        self.pipeline.topics()
    }

    /// The node that is looked at.
    pub fn chosen_node(&self) -> Option<&Node> {
        self.pipeline.node(self.chosen.as_deref()?)
    }

    /// The node before this one, over however many, that something is wrong with: the nearest, if there is one.
    pub fn waits_for(&self, node: &str) -> Option<&str> {
        self.nearest_before(node, |name| self.problems_of(name).next().is_some())
    }

    /// The nearest node before this one, over however many, of which something holds.
    pub fn nearest_before(&self, node: &str, holds: impl Fn(&str) -> bool) -> Option<&str> {
        let mut waiting: VecDeque<&str> = VecDeque::from([self.pipeline.node(node)?.name.as_str()]);
        let mut seen = Vec::new();
        while let Some(name) = waiting.pop_front() {
            if name != node && holds(name) {
                return Some(name);
            }
            if let Some(node) = self.pipeline.node(name).filter(|_| !seen.contains(&name)) {
                seen.push(name);
                waiting.extend(node.kind.inputs().into_iter().map(|(_, input)| input));
            }
        }
        None
    }

    /// What is wrong with a node.
    pub fn problems_of<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a Problem> {
        self.problems.iter().filter(move |problem| problem.node.as_deref() == Some(node))
    }
}

/// What the pipeline on the canvas comes to over what has been read.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The [`Design::version`] that ran.
    pub version: u64,
    /// The first rows of every node, by its name.
    pub first: BTreeMap<String, Arc<NodeRows>>,
    /// What each node gives, with types as the topics' samples show them.
    pub nodes: Vec<Description>,
    /// Fields that are named and that no event looked at has.
    pub unseen: Vec<Unseen>,
    /// What has gone through each node.
    pub reports: Vec<NodeReport>,
    /// The rows of the views and of the chosen node, by name.
    pub views: BTreeMap<String, Arc<NodeRows>>,
    /// From when and up to when events count in those rows, where history was cut.
    pub stretch: Stretch,
    /// Rows set aside, and rows that missed some of their windows: by node, newest first.
    pub aside: BTreeMap<String, Arc<[AsideLine]>>,
    /// The last rows of every node, by its name, in the columns that the pipeline asks for.
    pub latest: BTreeMap<String, Arc<NodeRows>>,
    /// Nodes above an edit, with their figures of the run before it: those stand until there is as much again.
    pub kept: BTreeMap<String, NodeReport>,
    /// How fast rows go, while they do.
    pub pace: Option<Pace>,
    /// Events taken so far, and how many there are.
    pub done: (u64, u64),
    /// Whether all was taken.
    pub whole: bool,
    /// What has to be read before it can go on, in words.
    pub waits: Option<String>,
    /// Nodes that do not run since nothing of their topics has been read, and those topics.
    pub unread: BTreeMap<String, TopicName>,
    /// Events that nodes set aside because they have no time, by the node's name.
    pub untimed: BTreeMap<String, Untimed>,
    /// Events that came after others had passed their place in the order of all.
    pub behind: u64,
    /// Why it could not go on.
    pub failure: Option<String>,
    /// The node that could not, where it was one.
    pub failed: Option<String>,
}

/// Why a run could not go on, and the node that could not, where it was one; `None` when somebody ended it.
pub type Failure = Option<(String, Option<String>)>;

/// How many rows each node gives in a second.
#[derive(Debug, Clone)]
pub struct Pace {
    /// When that was found.
    pub at: Instant,
    /// By the node's name: of the run's own seconds while it goes through history, of the clock's while it follows.
    pub rows_per_second: BTreeMap<String, f64>,
}

impl Pace {
    /// The longest time for which a pace is told after it was found.
    pub const LASTS: Duration = Duration::from_secs(5);

    /// The pace of nodes that had given so many rows, and some time later so many; `None` where nothing was given.
    pub fn between(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>, time: Duration) -> Option<Self> {
        let seconds = time.as_secs_f64().max(0.001);
        let of = |(name, rows): (&String, &u64)| {
            let more = rows.saturating_sub(before.get(name).copied().unwrap_or(0));
            (more > 0).then(|| (name.clone(), more as f64 / seconds))
        };
        let rows_per_second: BTreeMap<String, f64> = after.iter().filter_map(of).collect();
        (!rows_per_second.is_empty()).then(|| Self { at: Instant::now(), rows_per_second })
    }
}

impl Outcome {
    /// What has gone through a node.
    pub fn report(&self, node: &str) -> Option<&NodeReport> {
        let now = self.reports.iter().find(|report| report.name == node);
        let before = self.kept.get(node);
        match (now, before) {
            (Some(now), Some(before)) if now.metrics.rows_in < before.metrics.rows_in => Some(before),
            (now, before) => now.or(before),
        }
    }

    /// The run came to no end: it failed, or somebody ended it.
    pub fn ended(&mut self, failure: Failure) {
        self.pace = None;
        (self.failure, self.failed) = failure.map_or_else(
            || {
                let (done, total) = self.done;
                let taken = format!("ended after {} of {}", figures::count(done), figures::of(total, "event"));
                (Some(format!("{taken}: run it again for the rest")), None)
            },
            |(why, node)| (Some(why), node),
        );
    }

    /// What stands of this outcome while another version of its pipeline runs over the same events: what is told of the
    /// nodes that are the same, and behind the same.
    pub fn above(&self, before: &Pipeline, now: &Pipeline, version: u64) -> Self {
        let same = |name: &str| now.node(name).is_some() && before.up_to(name).nodes == now.up_to(name).nodes;
        let rows = |of: &BTreeMap<String, Arc<NodeRows>>| {
            let stand = of.iter().filter(|(name, _)| same(name));
            stand.map(|(name, rows)| (name.clone(), Arc::clone(rows))).collect()
        };
        let reports = before.nodes.iter().filter(|node| same(&node.name));
        let kept = reports.filter_map(|node| Some((node.name.clone(), self.report(&node.name)?.clone())));
        Self {
            version,
            kept: kept.collect(),
            first: rows(&self.first),
            views: rows(&self.views),
            latest: rows(&self.latest),
            aside: self
                .aside
                .iter()
                .filter(|(name, _)| same(name))
                .map(|(n, lines)| (n.clone(), lines.clone()))
                .collect(),
            nodes: self.nodes.iter().filter(|node| same(&node.node)).cloned().collect(),
            ..Self::default()
        }
    }

    /// What a node gives.
    pub fn description(&self, node: &str) -> Option<&Description> {
        self.nodes.iter().find(|description| description.node == node)
    }
}

/// A row that went no further, or missed some of its windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsideLine {
    /// Its time in milliseconds; `None` when it has none that can be used.
    pub time_ms: Option<i64>,
    /// How much it was late, if it was: for the last window that it missed, and without windows behind the newest row.
    pub late_by_ms: Option<i64>,
    /// The first and the last window that it missed, each with its start and end in milliseconds.
    pub missed_ms: Option<[(i64, i64); 2]>,
    /// Whether other windows took it.
    pub partly: bool,
    /// Why, in a word or two.
    pub why: &'static str,
    /// The event that it came of; `None` where that is not known.
    pub event: Option<Coordinates>,
    /// What stood in it, in a line.
    pub row: String,
}

impl AsideLine {
    /// Why it went no further, with figures: `late for 09:10:00.000 – 09:15:00.000 by 2.1 s`.
    pub fn words(&self, clock: &Clock) -> String {
        let time = |ms: i64| clock.time_of_day(ms_to_ns(ms));
        let Some(late_ms) = self.late_by_ms else { return self.why.to_owned() };
        let by = format_span_ns(ms_to_ns(late_ms));
        match self.missed_ms {
            None => format!("late, {by} behind the newest"),
            Some([(from, to), last]) if (from, to) == last && from == to => {
                format!("late for a session at {} by {by}", time(from))
            }
            Some([(from, to), last]) if (from, to) == last => format!("late for {} – {} by {by}", time(from), time(to)),
            Some([first, last]) => {
                format!("late for the windows from {} to {} by {by}", time(first.0), time(last.1))
            }
        }
    }

    /// The event that it came of, or that this is not known.
    pub fn event_name(&self) -> String {
        self.event.as_ref().map_or_else(|| "an event".to_owned(), ToString::to_string)
    }

    /// It as a choice for all panes.
    pub fn selection(&self) -> Option<Selection> {
        Some(Selection { coordinates: self.event.clone()?, time_ns: self.time_ms.map(ms_to_ns) })
    }
}

/// Rows of a node.
#[derive(Debug, Clone)]
pub struct NodeRows {
    /// Whether they are a stream's, in order, or those that a table holds.
    pub flow: Flow,
    /// Names, places among the cells, and types.
    pub columns: Vec<(String, usize, Type)>,
    /// The places of what tells a table's rows apart.
    pub id: Vec<usize>,
    /// The rows.
    pub rows: Rows,
    /// How many there were of a stream, or are in a table: `rows` may be fewer.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabula_core::engine::Metrics;

    #[test]
    fn a_pace_is_how_many_rows_more_there_are_in_a_second() {
        let rows = |of: &[(&str, u64)]| -> BTreeMap<String, u64> {
            of.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect()
        };
        let pace =
            Pace::between(&rows(&[("a", 100), ("b", 7)]), &rows(&[("a", 400), ("b", 7)]), Duration::from_secs(2));
        let pace = pace.expect("rows came").rows_per_second;
        assert_eq!(pace.get("a"), Some(&150.0));
        assert_eq!(pace.get("b"), None, "where nothing comes there is no pace");
        assert!(Pace::between(&rows(&[("a", 4)]), &rows(&[("a", 4)]), Duration::from_secs(2)).is_none());
    }

    #[test]
    fn what_stands_above_an_edit_is_told_until_there_is_as_much_again() {
        let read = |text: &str| {
            pipeline::Document::parse(text).map(|document| document.pipeline().clone()).unwrap_or_default()
        };
        let text = "version = 1\n[nodes.a]\nkind = 'stream'\ntopic = 'a'\n[nodes.b]\nkind = 'filter'\ninput = 'a'\n\
                    where = 'true'\n[nodes.c]\nkind = 'view'\ninput = 'b'\n";
        let (before, after) = (read(text), read(&text.replace("'true'", "'false'")));
        let report = |name: &str, rows: u64| NodeReport {
            name: name.to_owned(),
            kind: "",
            flow: Flow::Stream,
            metrics: Metrics { rows_in: rows, rows_out: rows, ..Metrics::default() },
        };
        let ran =
            Outcome { reports: ["a", "b", "c"].map(|name| report(name, 9)).into(), whole: true, ..Outcome::default() };
        let mut now = ran.above(&before, &after, 2);
        assert_eq!(now.kept.keys().collect::<Vec<_>>(), ["a"]);
        assert!(!now.whole && now.report("b").is_none() && now.report("c").is_none());
        now.reports = vec![report("a", 4), report("b", 4)];
        let told = |outcome: &Outcome, name: &str| outcome.report(name).map(|report| report.metrics.rows_out);
        assert_eq!((told(&now, "a"), told(&now, "b")), (Some(9), Some(4)));
        now.reports = vec![report("a", 10)];
        assert_eq!(told(&now, "a"), Some(10));
    }
}
