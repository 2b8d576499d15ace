//! What must stand in an event's bytes for a condition to hold: looked for before anything is decoded.

use super::node::{Comparison, Node};
use super::source::Source;
use crate::codec::{Cell, Codec, TopicCodecs, Traces};

/// Which bytes of an event are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The key.
    Key,
    /// The value.
    Value,
    /// A header's value.
    Header,
}

/// What must stand in an event's bytes for a condition to hold. It may stand there and the condition still not hold,
/// never the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Nothing in particular.
    Nothing,
    /// These bytes.
    Bytes(Place, Vec<u8>),
    /// All of these.
    All(Vec<Need>),
    /// One of these; with an empty list the condition can't hold.
    Any(Vec<Need>),
}

impl Need {
    /// What a condition needs in order to be true.
    pub(crate) fn of(condition: &Node, sources: &[Source], codecs: &TopicCodecs) -> Self {
        Needs { sources, codecs }.truth_of(condition)
    }

    /// Whether an event's bytes have what is needed.
    pub fn is_met(&self, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Option<&[u8]>]) -> bool {
        let holds = |payload: Option<&[u8]>, bytes: &[u8]| {
            payload.is_some_and(|payload| memchr::memmem::find(payload, bytes).is_some())
        };
        match self {
            Self::Nothing => true,
            Self::Bytes(Place::Key, bytes) => holds(key, bytes),
            Self::Bytes(Place::Value, bytes) => holds(value, bytes),
            Self::Bytes(Place::Header, bytes) => headers.iter().any(|header| holds(*header, bytes)),
            Self::All(needs) => needs.iter().all(|need| need.is_met(key, value, headers)),
            Self::Any(needs) => needs.iter().any(|need| need.is_met(key, value, headers)),
        }
    }

    fn all(needs: Vec<Self>) -> Self {
        let mut needs: Vec<Self> = needs.into_iter().filter(|need| *need != Self::Nothing).collect();
        match needs.len() {
            0 => Self::Nothing,
            1 => needs.remove(0),
            _ => Self::All(needs),
        }
    }

    fn any(mut needs: Vec<Self>) -> Self {
        if needs.contains(&Self::Nothing) {
            return Self::Nothing;
        }
        if needs.len() == 1 { needs.remove(0) } else { Self::Any(needs) }
    }
}

struct Needs<'n> {
    sources: &'n [Source],
    codecs: &'n TopicCodecs,
}

impl Needs<'_> {
    fn truth_of(&self, condition: &Node) -> Need {
        match condition {
            Node::And(nodes) => Need::all(nodes.iter().map(|node| self.truth_of(node)).collect()),
            Node::Or(nodes) => Need::any(nodes.iter().map(|node| self.truth_of(node)).collect()),
            Node::Is { truth: Some(true), negated: false, of } => self.truth_of(of),
            Node::Compare { op: Comparison::Equal, left, right } => match (&**left, &**right) {
                (field @ Node::Field(_), Node::Constant(Cell::Text(text)))
                | (Node::Constant(Cell::Text(text)), field @ Node::Field(_)) => self.text(field, text),
                _ => Need::Nothing,
            },
            Node::In { of, negated: false, members: super::membership::Members::Texts(texts) } => {
                let mut texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
                texts.sort_unstable();
                Need::any(texts.into_iter().map(|text| self.text(of, text)).collect())
            }
            Node::Like { of, negated: false, pattern } => match pattern.longest_text() {
                Some(text) => self.text(of, &text),
                None => Need::Nothing,
            },
            Node::Call { function, arguments } if matches!(function.name, "starts_with" | "ends_with" | "contains") => {
                match arguments.as_slice() {
                    [field, Node::Constant(Cell::Text(text))] => self.text(field, text),
                    _ => Need::Nothing,
                }
            }
            _ => Need::Nothing,
        }
    }

    /// What the bytes hold if a field holds this text.
    fn text(&self, field: &Node, text: &str) -> Need {
        let traces = |place: Place, codec: &Codec| match codec.traces(text) {
            Some(Traces::AnyOf(any_of)) => {
                Need::any(any_of.into_iter().map(|bytes| Need::Bytes(place, bytes)).collect())
            }
            None => Need::Nothing,
        };
        match field.source(self.sources) {
            Some(Source::Key(_)) => traces(Place::Key, &self.codecs.key),
            Some(Source::Value(_)) => traces(Place::Value, &self.codecs.value),
            Some(Source::Header(_)) if !text.is_empty() => Need::Bytes(Place::Header, text.as_bytes().to_vec()),
            _ => Need::Nothing,
        }
    }
}
