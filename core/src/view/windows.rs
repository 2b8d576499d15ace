//! Which windows of a view may still change.

use crate::pipeline::{NodeKind, Pipeline, Select, Window};

/// When the windows whose results stand in a view close: by the time of the aggregate that gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The aggregate's node.
    pub node: String,
    /// How long behind its end a window closes, in milliseconds of stream time.
    after_end_ms: i64,
}

impl Closing {
    /// Of a view's node: the aggregate with windows whose rows it shows, with the columns `window_start` and `window_end` as
    /// they are; `None` where there is none.
    pub fn of(pipeline: &Pipeline, node: &str) -> Option<Self> {
        let mut at = pipeline.node(node)?;
        for _ in 0..pipeline.nodes.len() {
            match &at.kind {
                NodeKind::Aggregate { window: Some(window), grace, .. } => {
                    // Inclusive ends close a millisecond later.
                    let behind = match window {
                        Window::Session { gap } => gap.ms.saturating_add(1),
                        Window::Sliding { .. } => 1,
                        Window::Tumbling { .. } | Window::Hopping { .. } => 0,
                    };
                    let after_end_ms = grace.map_or(0, |grace| grace.ms).saturating_add(behind);
                    return Some(Self { node: at.name.clone(), after_end_ms });
                }
                NodeKind::Filter { input, .. }
                | NodeKind::View { input }
                | NodeKind::Rekey { input, .. }
                | NodeKind::TopN { input, .. } => at = pipeline.node(input)?,
                NodeKind::Project { input, select } if keeps_windows(select) => at = pipeline.node(input)?,
                _ => return None,
            }
        }
        None
    }

    /// The stream time at which a window with this end closes, in milliseconds.
    pub fn closes_at_ms(&self, end_ms: i64) -> i64 {
        end_ms.saturating_add(self.after_end_ms)
    }

    /// Whether a window with this end may still change, when the aggregate has come to a stream time.
    pub fn is_open(&self, end_ms: i64, stream_time_ms: Option<i64>) -> bool {
        stream_time_ms.is_none_or(|now| now < self.closes_at_ms(end_ms))
    }
}

/// Whether a projection has the windows' starts and ends under their own names.
fn keeps_windows(select: &[Select]) -> bool {
    let keeps = |name: &str| select.iter().any(|column| column.name == name && column.expr.trim() == name);
    keeps("window_start") && keeps("window_end")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Document;

    #[test]
    fn windows_are_known_behind_a_projection_that_keeps_their_columns() {
        let closing = |select: &str, between: &str| {
            let text = format!(
                "version = 1\n[nodes.s]\nkind = \"stream\"\ntopic = \"t\"\n[nodes.a]\nkind = \"aggregate\"\ninput = \"s\"\n\
                 by = [\"key\"]\nwindow = {{ kind = \"tumbling\", size = \"1m\" }}\ngrace = \"10s\"\nselect = {{ n = \"count(*)\" }}\n\
                 [nodes.p]\nkind = \"project\"\ninput = \"a\"\nselect = {{ {select} }}\n{between}\
                 [nodes.v]\nkind = \"view\"\ninput = \"{}\"\n",
                if between.is_empty() { "p" } else { "b" }
            );
            Closing::of(Document::parse(&text).unwrap().pipeline(), "v")
        };
        let kept = "window_start = \"window_start\", window_end = \"window_end\", per_second = \"n / 60\"";
        let found = closing(kept, "").expect("it shows windows");
        assert_eq!((found.node.as_str(), found.closes_at_ms(60_000)), ("a", 70_000));
        let top = "[nodes.b]\nkind = \"top-n\"\ninput = \"p\"\nby = [\"window_start\"]\norder = [\"per_second DESC\"]\nn = 3\n";
        assert_eq!(closing(kept, top), Some(found));
        assert_eq!(closing("window_end = \"window_end\", n = \"n\"", ""), None);
        assert_eq!(closing("window_start = \"window_start\", window_end = \"window_start\"", ""), None);
    }
}
