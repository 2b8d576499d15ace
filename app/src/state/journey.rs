//! How far the chosen event got in the pipeline on the canvas, and why it stopped.

use fabula_core::event::Coordinates;

/// What is known of an event's way through the pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Journey {
    /// The event.
    pub event: Coordinates,
    /// The [`super::Design::version`] that it is about.
    pub design: u64,
    /// What is known.
    pub way: Way,
}

/// What is known of a way.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// So many events would have to be replayed to tell: more than are replayed unasked.
    Long(u64),
    /// It is being found out.
    Asked,
    /// It can't be told, for this reason.
    Failed(String),
    /// The nodes that it came to, in the order in which rows flow; and all of it in a person's words.
    Known(Vec<Visit>, Vec<String>),
}

/// What became of the event at a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The node.
    pub node: String,
    /// Whether rows with a part in the event went on from here, or are shown.
    pub went_on: bool,
    /// What happened, in words.
    pub words: String,
}

impl Journey {
    /// What became of the event at a node; `None` if it did not come there, or that is not known.
    pub fn at(&self, node: &str) -> Option<&Visit> {
        match &self.way {
            Way::Known(visits, _) => visits.iter().find(|visit| visit.node == node),
            _ => None,
        }
    }

    /// Whether rows with a part in the event went from a node to another.
    pub fn went(&self, from: &str, to: &str) -> bool {
        self.at(from).is_some_and(|visit| visit.went_on) && self.at(to).is_some()
    }
}
