//! What is wrong with the settings of one node, but for joins.

use std::collections::HashSet;

use super::Check;
use crate::pipeline::entry::split_name;
use crate::pipeline::graph::Flow;
use crate::pipeline::name::{WINDOW_COLUMNS, shown};
use crate::pipeline::{Emit, Keep, Node, NodeKind, Select, Span, Window};

/// How many windows may hold one row: each costs a place in memory.
const MOST_WINDOWS: i64 = 10_000;

impl Check {
    pub(super) fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Stream { topic, time } | NodeKind::Table { topic, time } => {
                self.said(node, "topic", topic, "which topic it reads");
                if let Some(time) = time {
                    self.said(node, "time", time, "which field is the time");
                }
            }
            NodeKind::Filter { condition, .. } => self.said(node, "where", condition, "which rows go on"),
            NodeKind::Project { select, .. } => {
                if select.is_empty() {
                    self.wrong(node, "select", "it has no column");
                }
                self.columns(node, select, &[], false);
            }
            NodeKind::Rekey { input, by } => self.rekey(node, input, by),
            NodeKind::Flatten { field, name, .. } => {
                self.said(node, "field", field, "which array is taken apart");
                self.said(node, "as", name, "how the elements' column is called");
            }
            NodeKind::Merge { inputs } => self.merge(node, inputs),
            NodeKind::Aggregate { input, by, window, grace, select, emit } => {
                self.all_said(node, "by", by.iter().map(String::as_str), "what the groups are");
                self.columns(node, select, by, window.is_some());
                match window {
                    Some(window) => self.window(node, input, *window),
                    None => self.windowless(node, *grace, *emit),
                }
            }
            NodeKind::Join { how, left, right, on, within, grace } => {
                self.join(node, *how, (left, right), *within, *grace);
                self.join_on(node, on);
            }
            NodeKind::Deduplicate { input, by, within, keep } => self.deduplicate(node, input, by, *within, *keep),
            NodeKind::TopN { by, order, n, .. } => {
                self.all_said(node, "by", by.iter().map(String::as_str), "what the groups are");
                self.all_said(node, "order", order.iter().map(|order| order.expr.as_str()), "what comes first");
                if order.is_empty() {
                    self.wrong(node, "order", "it doesn't say what comes first");
                }
                if *n == 0 {
                    self.wrong(node, "n", "of no rows none is the first: n is 1 or more");
                }
            }
            NodeKind::View { .. } => {}
        }
    }

    /// Columns of a project or an aggregate: each has a name of its own, and says what stands in it.
    fn columns(&mut self, node: &Node, select: &[Select], by: &[String], windowed: bool) {
        let mut names: HashSet<String> = HashSet::new();
        if windowed {
            names.extend(WINDOW_COLUMNS.map(str::to_owned));
        }
        let of_group = by.iter().enumerate().map(|(at, entry)| {
            let (expr, name) = split_name(entry);
            (format!("by[{at}]"), name.unwrap_or_else(|| expr.to_owned()))
        });
        for (setting, name) in of_group.filter(|(_, name)| !name.is_empty()) {
            self.named_once(node, setting, name, &mut names);
        }
        for column in select {
            let setting = format!("select.{}", column.name);
            if column.name.trim().is_empty() {
                self.wrong(node, "select", "a column has no name");
            } else {
                self.said(node, &setting, &column.expr, "what stands in the column");
                self.named_once(node, setting, column.name.clone(), &mut names);
            }
        }
    }

    fn named_once(&mut self, node: &Node, setting: String, name: String, names: &mut HashSet<String>) {
        if names.contains(&name) {
            let message = match WINDOW_COLUMNS.contains(&name.as_str()) {
                true => format!("“{name}” is a column that every window has"),
                false => format!("two columns are called “{}”", shown(&name)),
            };
            self.wrong_with_hint(node, setting, message, "give it another name");
        }
        names.insert(name);
    }

    fn rekey(&mut self, node: &Node, input: &str, by: &[String]) {
        if by.is_empty() {
            self.wrong(node, "by", "it doesn't say what the key is made of");
        }
        self.all_said(node, "by", by.iter().map(String::as_str), "what the key is made of");
        if self.flow_of(input) == Some(Flow::Table) {
            let message = format!("{input} is a table, whose rows are told apart by the key that they have");
            self.wrong_with_hint(node, "input", message, "aggregate it by the new key instead");
        }
    }

    fn merge(&mut self, node: &Node, inputs: &[String]) {
        if inputs.is_empty() {
            self.wrong(node, "inputs", "it takes no node's rows");
        }
        let mut flows = inputs.iter().enumerate().filter_map(|(at, input)| Some((at, input, self.flow_of(input)?)));
        let Some((_, first, flow)) = flows.next() else { return };
        if let Some((at, other, is)) = flows.find(|(_, _, other)| *other != flow) {
            let message = format!("{other} is a {}, and {first} is a {}: they can't be merged", is.name(), flow.name());
            self.wrong(node, format!("inputs[{at}]"), message);
        }
    }

    fn window(&mut self, node: &Node, input: &str, window: Window) {
        if self.flow_of(input) == Some(Flow::Table) {
            let message = format!("{input} is a table: it says what holds now, and there is no time to cut");
            let hint = "leave the window out, or take the stream that the table is made of";
            self.wrong_with_hint(node, "window", message, hint);
        }
        let (setting, span) = match window {
            Window::Tumbling { size } | Window::Hopping { size, .. } | Window::Sliding { size } => {
                ("window.size", size)
            }
            Window::Session { gap } => ("window.gap", gap),
        };
        if span.ms == 0 {
            let what = if setting == "window.gap" { "a gap" } else { "a window" };
            self.wrong(node, setting, format!("{what} of no time holds nothing"));
        }
        if let Window::Hopping { size, advance } = window {
            self.advance(node, size, advance);
        }
    }

    fn advance(&mut self, node: &Node, size: Span, advance: Span) {
        if advance.ms == 0 {
            self.wrong(node, "window.advance", "windows that don't advance never end");
        } else if advance > size {
            let message = format!("an advance of {advance} leaves out time between windows of {size}");
            self.wrong(node, "window.advance", message);
        } else if size.ms / advance.ms > MOST_WINDOWS {
            let message = format!("every row would be in {} windows: at most {MOST_WINDOWS}", size.ms / advance.ms);
            self.wrong_with_hint(node, "window.advance", message, "advance further, or make the window smaller");
        }
    }

    fn windowless(&mut self, node: &Node, grace: Option<Span>, emit: Emit) {
        if grace.is_some() {
            self.wrong(node, "grace", "grace is for windows, and there is none: without one no row is late");
        }
        if emit == Emit::Final {
            let message = "without a window nothing is ever final";
            self.wrong_with_hint(node, "emit", message, "add a window, or write emit = \"updates\"");
        }
    }

    fn deduplicate(&mut self, node: &Node, input: &str, by: &[String], within: Option<Span>, keep: Keep) {
        self.all_said(node, "by", by.iter().map(String::as_str), "what tells rows apart");
        if self.flow_of(input) == Some(Flow::Table) {
            let message = format!("{input} is a table: it has one row of each key already");
            self.wrong(node, "input", message);
        }
        match (within, keep) {
            (Some(_), Keep::Last) => {
                let message = "the last row of a key stays until another comes: there is nothing to forget";
                self.wrong_with_hint(node, "within", message, "leave it out, or write keep = \"first\"");
            }
            (Some(Span { ms: 0 }), Keep::First) => {
                self.wrong(node, "within", "what is remembered for no time is never found again");
            }
            _ => {}
        }
    }
}
