//! The typed tree of an expression.

use regex::Regex;

use super::functions::Function;
use super::like::Pattern;
use super::membership::Members;
use super::source::Source;
use crate::codec::Cell;

/// What is known of a value before anything runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// A payload's field: known only when an event is there.
    Any,
    /// The constant NULL.
    Null,
    /// True or false.
    Bool,
    /// A number of any kind.
    Number,
    /// Text.
    Text,
    /// A moment.
    Time,
}

impl Type {
    /// With its article, for a sentence.
    pub fn named(self) -> &'static str {
        match self {
            Self::Any => "a value of any type",
            Self::Null => "NULL",
            Self::Bool => "a condition",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Time => "a timestamp",
        }
    }

    /// Whether a value of this type may turn out to be of the other.
    pub fn may_be(self, other: Self) -> bool {
        self == other || matches!(self, Self::Any | Self::Null) || matches!(other, Self::Any | Self::Null)
    }

    /// Whether a cell that is neither null nor failed is of this type.
    pub(crate) fn holds(self, cell: &Cell<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Null => false,
            Self::Bool => matches!(cell, Cell::Bool(_)),
            Self::Number => cell.is_number(),
            Self::Text => cell.as_text().is_some(),
            Self::Time => matches!(cell, Cell::Time(_)),
        }
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// An operation on numbers (and on times and milliseconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// What `CAST` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CastTo {
    Text,
    Integer,
    /// With so many digits after the point, if that was said.
    Decimal(Option<u32>),
    Float,
    Bool,
    Time,
}

/// One node of an expression.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Constant(Cell<'static>),
    /// A field, by its place in the expression's list of sources.
    Field(usize),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare {
        op: Comparison,
        left: Box<Node>,
        right: Box<Node>,
    },
    /// `IS DISTINCT FROM`: as `<>`, with null a value like others.
    Distinct {
        negated: bool,
        left: Box<Node>,
        right: Box<Node>,
    },
    IsNull {
        negated: bool,
        of: Box<Node>,
    },
    /// Whether a field is not there at all; null is there.
    IsMissing(Box<Node>),
    /// `IS TRUE`, `IS FALSE`, `IS UNKNOWN`.
    Is {
        truth: Option<bool>,
        negated: bool,
        of: Box<Node>,
    },
    In {
        of: Box<Node>,
        negated: bool,
        members: Members,
    },
    Like {
        of: Box<Node>,
        negated: bool,
        pattern: Pattern,
    },
    Matches {
        of: Box<Node>,
        negated: bool,
        regex: Regex,
    },
    /// What a group of a pattern took of a text; null where the text does not match.
    Extract {
        of: Box<Node>,
        regex: Regex,
        group: usize,
    },
    Calculate {
        op: Arithmetic,
        left: Box<Node>,
        right: Box<Node>,
    },
    Concat(Box<Node>, Box<Node>),
    Case {
        arms: Vec<(Node, Node)>,
        otherwise: Box<Node>,
    },
    Coalesce(Vec<Node>),
    Cast {
        of: Box<Node>,
        to: CastTo,
        /// `TRY_CAST`: null rather than a failure.
        tries: bool,
    },
    Call {
        function: &'static Function,
        arguments: Vec<Node>,
    },
}

impl Node {
    /// Whether any of these fields is in the node.
    pub(crate) fn reads(&self, is_it: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Constant(_) => false,
            Self::Field(at) => is_it(*at),
            Self::And(nodes) | Self::Or(nodes) | Self::Coalesce(nodes) | Self::Call { arguments: nodes, .. } => {
                nodes.iter().any(|node| node.reads(is_it))
            }
            Self::Compare { left, right, .. }
            | Self::Distinct { left, right, .. }
            | Self::Calculate { left, right, .. }
            | Self::Concat(left, right) => left.reads(is_it) || right.reads(is_it),
            Self::In { of, members: Members::Nodes(nodes), .. } => {
                of.reads(is_it) || nodes.iter().any(|node| node.reads(is_it))
            }
            Self::Not(of)
            | Self::IsMissing(of)
            | Self::IsNull { of, .. }
            | Self::Is { of, .. }
            | Self::In { of, .. }
            | Self::Like { of, .. }
            | Self::Matches { of, .. }
            | Self::Extract { of, .. }
            | Self::Cast { of, .. } => of.reads(is_it),
            Self::Case { arms, otherwise } => {
                let arm_reads = |(when, then): &(Self, Self)| when.reads(is_it) || then.reads(is_it);
                otherwise.reads(is_it) || arms.iter().any(arm_reads)
            }
        }
    }

    /// The source of a field node.
    pub(crate) fn source<'s>(&self, sources: &'s [Source]) -> Option<&'s Source> {
        match self {
            Self::Field(at) => sources.get(*at),
            _ => None,
        }
    }
}
