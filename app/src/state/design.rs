//! The pipeline on the canvas: read from the document's text, with what is wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::engine::{Description, NodeReport, Unseen};
use fabula_core::engine::{Plan, Rows};
use fabula_core::event::time::{format_span_ns, ms_to_ns};
use fabula_core::event::{Coordinates, TopicName};
use fabula_core::expr::Type;
use fabula_core::pipeline::{self, Flow, Node, NodeKind, Pipeline, Problem};

use super::Selection;
use crate::zone::Clock;

/// The pipeline on the canvas.
#[derive(Debug, Clone, Default)]
pub struct Design {
    /// The text that all the rest was read from; `None` while there is no pipeline.
    text: Option<Arc<str>>,
    /// The pipeline; while the text can't be read, as it was before.
    pub pipeline: Arc<Pipeline>,
    /// What is wrong with it, with lines.
    pub problems: Arc<[Problem]>,
    /// Whether the text could be read as a pipeline.
    pub readable: bool,
    /// What each node gives, where that can be said.
    pub flows: Arc<BTreeMap<String, Flow>>,
    /// Counts the changes of what is calculated: a place on the canvas is none.
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
                let before = Arc::clone(&self.pipeline);
                self.pipeline = Arc::new(document.pipeline().clone());
                self.flows = Arc::new(pipeline::flow(&self.pipeline));
                let mut problems = document.check();
                if problems.is_empty()
                    && let Err(found) = Plan::of(&self.pipeline)
                {
                    problems = found;
                    document.locate(&mut problems);
                }
                if self.pipeline.nodes.is_empty() {
                    // A canvas on which nothing stands yet is no mistake.
                    problems.clear();
                }
                self.problems = problems.into();
                if !self.readable || before.nodes != self.pipeline.nodes {
                    self.version += 1;
                }
                self.readable = true;
            }
            Err(problems) => {
                self.problems = problems.into();
                self.readable = false;
                self.version += 1;
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
        let topic = |node: &Node| match &node.kind {
            NodeKind::Stream { topic, .. } | NodeKind::Table { topic, .. } => Some(topic.as_str().into()),
            _ => None,
        };
        self.pipeline.nodes.iter().filter_map(topic).collect()
    }

    /// The node that is looked at.
    pub fn chosen_node(&self) -> Option<&Node> {
        self.pipeline.node(self.chosen.as_deref()?)
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
    /// Up to when events count in those rows, in milliseconds, where history was cut.
    pub until_ms: Option<i64>,
    /// Rows set aside, and rows that missed some of their windows: by node, newest first.
    pub aside: BTreeMap<String, Arc<[AsideLine]>>,
    /// Events taken so far, and how many there are.
    pub done: (u64, u64),
    /// Whether all was taken.
    pub whole: bool,
    /// What has to be read before it can go on, in words.
    pub waits: Option<String>,
    /// Why it could not go on.
    pub failure: Option<String>,
}

impl Outcome {
    /// What has gone through a node.
    pub fn report(&self, node: &str) -> Option<&NodeReport> {
        self.reports.iter().find(|report| report.name == node)
    }

    /// What a node gives.
    pub fn description(&self, node: &str) -> Option<&Description> {
        self.nodes.iter().find(|description| description.node == node)
    }
}

/// A row that went no further, or missed some of its windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsideLine {
    /// Its time in milliseconds.
    pub time_ms: i64,
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
        Some(Selection { coordinates: self.event.clone()?, time_ns: Some(ms_to_ns(self.time_ms)) })
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
