//! Which windows of a view may still change.

use crate::pipeline::{NodeKind, Pipeline, Window};

/// When the windows whose results stand in a view close: by the time of the aggregate that gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The aggregate's node.
    pub node: String,
    /// How long behind its end a window closes, in milliseconds of stream time.
    after_end_ms: i64,
}

impl Closing {
    /// Of a view's node: the aggregate with windows whose rows it shows as they are; `None` where there is none.
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
                NodeKind::Filter { input, .. } | NodeKind::View { input } => at = pipeline.node(input)?,
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
