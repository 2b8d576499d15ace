//! A pipeline as data: its nodes, and what each is set to.

use std::collections::{BTreeMap, BTreeSet};

use super::span::Span;
use crate::event::TopicName;

/// The version of the file format that this program writes.
pub const VERSION: u32 = 1;

/// A graph of nodes that turns streams and tables into others.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pipeline {
    /// What a person calls it.
    pub name: String,
    /// What it is for, in a person's words; empty where nothing was said.
    pub description: String,
    /// The nodes, in the order in which they stand in the file.
    pub nodes: Vec<Node>,
    /// Where each node stands on the canvas, in points from its left upper corner.
    pub layout: BTreeMap<String, [f32; 2]>,
    /// What is written on the canvas around and between the nodes. It touches no logic.
    pub notes: Vec<Note>,
}

/// A box on the canvas with a person's words in it: a comment, or the frame of a group of nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The words.
    pub text: String,
    /// Where it stands on the canvas, in points from its left upper corner.
    pub at: [f32; 2],
    /// How wide and how high it is, in points.
    pub size: [f32; 2],
}

impl Pipeline {
    /// The node of a name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The topics that it reads, sorted.
    pub fn topics(&self) -> Vec<TopicName> {
        let topic = |node: &Node| match &node.kind {
            NodeKind::Stream { topic, .. } | NodeKind::Table { topic, .. } => Some(topic.as_str().into()),
            _ => None,
        };
        let topics: BTreeSet<TopicName> = self.nodes.iter().filter_map(topic).collect();
        topics.into_iter().collect()
    }

    /// The pipeline with no other nodes than this one and those that its rows come through.
    pub fn up_to(&self, node: &str) -> Self {
        let mut needed = BTreeSet::from([node]);
        let mut waiting = vec![node];
        while let Some(name) = waiting.pop() {
            let Some(node) = self.node(name) else { continue };
            waiting.extend(node.kind.inputs().into_iter().map(|(_, input)| input).filter(|input| needed.insert(input)));
        }
        let nodes = self.nodes.iter().filter(|node| needed.contains(node.name.as_str())).cloned().collect();
        Self { nodes, ..self.clone() }
    }

    /// The nodes that no other takes as an input, in the order of the file: what the pipeline comes to.
    pub fn ends(&self) -> Vec<&Node> {
        let taken =
            |name: &str| self.nodes.iter().any(|node| node.kind.inputs().iter().any(|(_, input)| *input == name));
        self.nodes.iter().filter(|node| !taken(&node.name)).collect()
    }
}

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The name by which other nodes and their expressions know it.
    pub name: String,
    /// What it does.
    pub kind: NodeKind,
}

/// A column that is worked out: its name and an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// The column's name.
    pub name: String,
    /// What stands in it.
    pub expr: String,
}

/// What a node does. Expressions are kept as they were written.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// The events of a topic, one row each.
    Stream {
        /// The topic.
        topic: String,
        /// The field that is the event's time; the record's timestamp unless it is said.
        time: Option<String>,
    },
    /// The latest event of each key of a topic; a tombstone takes its key away.
    Table {
        /// The topic.
        topic: String,
        /// The field that is the event's time; the record's timestamp unless it is said.
        time: Option<String>,
    },
    /// The rows for which a condition holds.
    Filter {
        /// The node whose rows are taken.
        input: String,
        /// The condition.
        condition: String,
    },
    /// Other columns in place of those that there are.
    Project {
        /// The node whose rows are taken.
        input: String,
        /// The columns, in order.
        select: Vec<Select>,
    },
    /// The same rows under another key.
    Rekey {
        /// The node whose rows are taken.
        input: String,
        /// What the key is made of.
        by: Vec<String>,
    },
    /// A row for each element of an array.
    Flatten {
        /// The node whose rows are taken.
        input: String,
        /// The array.
        field: String,
        /// The name of the column that takes the element.
        name: String,
        /// Whether a row without elements is kept, with null for the element.
        outer: bool,
    },
    /// The rows of several nodes, as they come.
    Merge {
        /// The nodes whose rows are taken.
        inputs: Vec<String>,
    },
    /// Rows put together by group, and by window.
    Aggregate {
        /// The node whose rows are taken.
        input: String,
        /// What the groups are; the row's key where nothing is said.
        by: Vec<String>,
        /// How time is cut; `None` is not at all.
        window: Option<Window>,
        /// How long a window waits for events that are out of order.
        grace: Option<Span>,
        /// The columns, in order.
        select: Vec<Select>,
        /// Which rows come out.
        emit: Emit,
    },
    /// Rows of two nodes put together where they match.
    Join {
        /// What becomes of rows that have no partner.
        how: JoinHow,
        /// The node on the left.
        left: String,
        /// The node on the right.
        right: String,
        /// What must be equal: `left.field = right.field`, one or more.
        on: Vec<String>,
        /// How far apart in time the two may be; streams only, and there it must be said.
        within: Option<Within>,
        /// How long a row waits for a partner that is out of order.
        grace: Option<Span>,
    },
    /// The first row of each key, or the last.
    Deduplicate {
        /// The node whose rows are taken.
        input: String,
        /// What tells rows apart; the row's key where nothing is said.
        by: Vec<String>,
        /// For how long a key is remembered; for ever where nothing is said.
        within: Option<Span>,
        /// Which row is kept.
        keep: Keep,
    },
    /// The first rows of each group in an order.
    TopN {
        /// The node whose rows are taken.
        input: String,
        /// What the groups are; all rows are one where nothing is said.
        by: Vec<String>,
        /// The order, most important first.
        order: Vec<OrderBy>,
        /// How many rows a group keeps.
        n: u32,
    },
    /// What is shown, kept and exported.
    View {
        /// The node whose rows are taken.
        input: String,
    },
}

impl NodeKind {
    /// The kind's name, as in a file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stream { .. } => "stream",
            Self::Table { .. } => "table",
            Self::Filter { .. } => "filter",
            Self::Project { .. } => "project",
            Self::Rekey { .. } => "rekey",
            Self::Flatten { .. } => "flatten",
            Self::Merge { .. } => "merge",
            Self::Aggregate { .. } => "aggregate",
            Self::Join { .. } => "join",
            Self::Deduplicate { .. } => "deduplicate",
            Self::TopN { .. } => "top-n",
            Self::View { .. } => "view",
        }
    }

    /// The nodes that it takes rows from, each with the setting that names it.
    pub fn inputs(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Stream { .. } | Self::Table { .. } => Vec::new(),
            Self::Filter { input, .. }
            | Self::Project { input, .. }
            | Self::Rekey { input, .. }
            | Self::Flatten { input, .. }
            | Self::Aggregate { input, .. }
            | Self::Deduplicate { input, .. }
            | Self::TopN { input, .. }
            | Self::View { input } => vec![("input", input)],
            Self::Merge { inputs } => inputs.iter().map(|input| ("inputs", input.as_str())).collect(),
            Self::Join { left, right, .. } => vec![("left", left), ("right", right)],
        }
    }
}

/// How an aggregate cuts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// `[start, start + size)`, one after the other.
    Tumbling {
        /// How long each is.
        size: Span,
    },
    /// `[start, start + size)`, a new one at every advance.
    Hopping {
        /// How long each is.
        size: Span,
        /// How far apart their starts are; at most the size.
        advance: Span,
    },
    /// `[t - size, t]` and `[t + 1 ms, t + 1 ms + size]` around every row's time t.
    Sliding {
        /// How far apart in time the first and the last row may be.
        size: Span,
    },
    /// As long as rows follow each other within a gap.
    Session {
        /// The longest time between two rows of one session.
        gap: Span,
    },
}

impl Window {
    /// The kind's name, as in a file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tumbling { .. } => "tumbling",
            Self::Hopping { .. } => "hopping",
            Self::Sliding { .. } => "sliding",
            Self::Session { .. } => "session",
        }
    }
}

/// Which rows come out of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Emit {
    /// A changelog: every group's new row as it changes.
    #[default]
    Updates,
    /// A window's row once, when it closes.
    Final,
}

/// What becomes of rows that have no partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JoinHow {
    /// Neither side's is shown.
    #[default]
    Inner,
    /// The left side's is shown.
    Left,
    /// The right side's is shown.
    Right,
    /// Both sides' are shown.
    Full,
}

impl JoinHow {
    /// The name, as in a file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inner => "inner",
            Self::Left => "left",
            Self::Right => "right",
            Self::Full => "full",
        }
    }

    /// Whether a row of the left side is shown without a partner.
    pub fn keeps_left(self) -> bool {
        matches!(self, Self::Left | Self::Full)
    }

    /// Whether a row of the right side is shown without a partner.
    pub fn keeps_right(self) -> bool {
        matches!(self, Self::Right | Self::Full)
    }
}

/// How far apart in time two joined rows may be: `left - before <= right <= left + after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// How much earlier than the left row the right one may be.
    pub before: Span,
    /// How much later than the left row the right one may be.
    pub after: Span,
}

/// Which of the rows of a key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// The one that came first: a stream.
    #[default]
    First,
    /// The one that came last: a table.
    Last,
}

/// One of the things that an order goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy {
    /// What is compared.
    pub expr: String,
    /// Whether the largest comes first.
    pub descending: bool,
}
