//! What can be put on the canvas, and what each does at first.

use fabula_core::pipeline::{Emit, Flow, JoinHow, Keep, NodeKind, OrderBy, Select, Span, Window};

/// What a filter looks for, and what a key is made of, before anybody has said anything else.
pub(super) const ANY_ROW: &str = "key IS NOT NULL";
pub(super) const KEY: &str = "key";

/// What can be put on the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Filter,
    Project,
    Rekey,
    Flatten,
    Merge,
    Aggregate,
    Join,
    Deduplicate,
    TopN,
    View,
}

impl Piece {
    pub(super) const ALL: [Self; 10] = [
        Self::Filter,
        Self::Project,
        Self::Rekey,
        Self::Flatten,
        Self::Merge,
        Self::Aggregate,
        Self::Join,
        Self::Deduplicate,
        Self::TopN,
        Self::View,
    ];

    /// As it is offered.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Filter => "Filter",
            Self::Project => "Project",
            Self::Rekey => "Rekey",
            Self::Flatten => "Flatten",
            Self::Merge => "Merge",
            Self::Aggregate => "Aggregate",
            Self::Join => "Join",
            Self::Deduplicate => "Deduplicate",
            Self::TopN => "Top n",
            Self::View => "View",
        }
    }

    /// What it is for, in a line.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Filter => "Only the rows for which a condition holds",
            Self::Project => "Other columns in place of those that there are",
            Self::Rekey => "The same rows under another key",
            Self::Flatten => "A row for each element of an array",
            Self::Merge => "The rows of several nodes, as they come",
            Self::Aggregate => "Counts, sums and more by group, in windows of time",
            Self::Join => "Rows of two nodes put together where they match",
            Self::Deduplicate => "The first row of each key, or the last",
            Self::TopN => "The first rows of each group in an order",
            Self::View => "A result to look at, keep and export",
        }
    }

    pub(super) fn stem(self) -> &'static str {
        match self {
            Self::Filter => "some",
            Self::Project => "columns",
            Self::Rekey => "rekeyed",
            Self::Flatten => "elements",
            Self::Merge => "merged",
            Self::Aggregate => "totals",
            Self::Join => "joined",
            Self::Deduplicate => "distinct",
            Self::TopN => "top",
            Self::View => "result",
        }
    }

    /// A node of this kind that does something sensible with its input, whose rows have a column `key`.
    pub(super) fn kind(self, input: &str, flow: Option<Flow>, key: &str) -> NodeKind {
        let (input, key) = (input.to_owned(), key.to_owned());
        let minute = Span::of_ms(60_000);
        match self {
            Self::Filter => NodeKind::Filter { input, condition: ANY_ROW.replace(KEY, &key) },
            Self::Project => NodeKind::Project { input, select: vec![Select { name: KEY.to_owned(), expr: key }] },
            Self::Rekey => NodeKind::Rekey { input, by: vec![key] },
            Self::Flatten => {
                NodeKind::Flatten { input, field: "value.items".to_owned(), name: "item".to_owned(), outer: false }
            }
            Self::Merge => NodeKind::Merge { inputs: if input.is_empty() { Vec::new() } else { vec![input] } },
            Self::Aggregate => NodeKind::Aggregate {
                input,
                by: Vec::new(),
                window: (flow != Some(Flow::Table)).then_some(Window::Tumbling { size: minute }),
                grace: (flow != Some(Flow::Table)).then_some(Span::of_ms(0)),
                select: vec![Select { name: "events".to_owned(), expr: "count(*)".to_owned() }],
                emit: Emit::Updates,
            },
            Self::Join => NodeKind::Join {
                how: JoinHow::Inner,
                left: input,
                right: String::new(),
                on: Vec::new(),
                within: None,
                grace: None,
            },
            Self::Deduplicate => NodeKind::Deduplicate { input, by: vec![key], within: None, keep: Keep::First },
            Self::TopN => {
                NodeKind::TopN { input, by: Vec::new(), order: vec![OrderBy { expr: key, descending: true }], n: 10 }
            }
            Self::View => NodeKind::View { input },
        }
    }
}
