//! What is wrong with a join.

use super::Check;
use crate::pipeline::entry::split_equality;
use crate::pipeline::graph::Flow;
use crate::pipeline::name::shown;
use crate::pipeline::{JoinHow, Node, Span, Within};

impl Check {
    pub(super) fn join(
        &mut self,
        node: &Node,
        how: JoinHow,
        (left, right): (&str, &str),
        within: Option<Within>,
        grace: Option<Span>,
    ) {
        if left == right && !left.is_empty() {
            let message = format!("both sides are {left}: a name couldn't say which of them it means");
            let hint = "take one side through a node of another name, such as a filter";
            self.wrong_with_hint(node, "right", message, hint);
        }
        let (Some(left_is), Some(right_is)) = (self.flow_of(left), self.flow_of(right)) else { return };
        match (left_is, right_is) {
            (Flow::Stream, Flow::Stream) => {
                if within.is_none() {
                    let message = "of two streams it must be said how far apart in time the rows may be";
                    let hint =
                        "write within = { before = \"0s\", after = \"10m\" }, or a span for both: within = \"5m\"";
                    self.wrong_with_hint(node, "within", message, hint);
                }
            }
            (Flow::Stream, Flow::Table) => {
                if how.keeps_right() {
                    let message =
                        format!("a {} join keeps rows of {right}, which is a table: they never end", how.name());
                    let hint = "a stream and a table are joined inner or left";
                    self.wrong_with_hint(node, "how", message, hint);
                }
                self.without_within(node, right, within);
            }
            (Flow::Table, Flow::Stream) => {
                let message = format!("{left} is a table, and {right} a stream: the stream comes left");
                let hint = format!("write left = \"{right}\" and right = \"{left}\"");
                self.wrong_with_hint(node, "left", message, hint);
            }
            (Flow::Table, Flow::Table) => {
                self.without_within(node, left, within);
                if grace.is_some() {
                    let message = "grace is for rows that wait: two tables are joined as they are at every moment";
                    self.wrong(node, "grace", message);
                }
            }
        }
    }

    fn without_within(&mut self, node: &Node, table: &str, within: Option<Within>) {
        if within.is_some() {
            let message = format!("{table} is a table: its row holds until the next one, however far apart they are");
            self.wrong_with_hint(node, "within", message, "leave it out");
        }
    }

    pub(super) fn join_on(&mut self, node: &Node, on: &[String]) {
        if on.is_empty() {
            let hint = "write on = [\"left.field = right.field\"], with the names of the two nodes";
            self.wrong_with_hint(node, "on", "it doesn't say which rows belong together", hint);
        }
        for (at, text) in on.iter().enumerate().filter(|(_, text)| split_equality(text).is_none()) {
            let message = match text.trim() {
                "" => "it doesn't say which rows belong together".to_owned(),
                text => format!("“{}” is no equality of two sides", shown(text)),
            };
            let hint = "write left.field = right.field; of several, each is an entry of its own";
            self.wrong_with_hint(node, format!("on[{at}]"), message, hint);
        }
    }
}
