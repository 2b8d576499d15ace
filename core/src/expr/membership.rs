//! `IN` over a list.

use rustc_hash::FxHashSet;

use super::node::Node;
use crate::codec::Cell;

/// The right side of an `IN`.
#[derive(Debug, Clone)]
pub(crate) enum Members {
    /// Only constant texts: looked up.
    Texts(FxHashSet<Box<str>>),
    /// Only constant integers: looked up.
    Integers(FxHashSet<i64>),
    /// Anything else: compared one by one.
    Nodes(Vec<Node>),
}

impl Members {
    /// From the members as they are written.
    pub(crate) fn new(members: Vec<Node>) -> Self {
        let text = |node: &Node| match node {
            Node::Constant(Cell::Text(text)) => Some((&**text).into()),
            _ => None,
        };
        let integer = |node: &Node| match node {
            Node::Constant(Cell::Int(int)) => Some(*int),
            _ => None,
        };
        if let Some(texts) = members.iter().map(text).collect() {
            Self::Texts(texts)
        } else if let Some(integers) = members.iter().map(integer).collect() {
            Self::Integers(integers)
        } else {
            Self::Nodes(members)
        }
    }
}
