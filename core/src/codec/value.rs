//! A whole payload, decoded.

use super::number::number_cell;
use super::{Cell, Path, Step, json};

/// A number as its text: what can't be an `i64` without losing something (a digit, or how it was written).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(Box<str>);

impl Number {
    /// The value of a number's text, which must follow JSON's grammar.
    pub(crate) fn value_of(text: &str) -> Value {
        match text.parse::<i64>() {
            Ok(int) if text != "-0" => Value::Int(int),
            _ => Value::Number(Self(text.into())),
        }
    }

    /// The number as it was written.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// A whole payload, decoded. Nothing is lost: numbers are exact, keys keep their order and may repeat.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON's null. (A payload that is null altogether, a tombstone, is [`super::Decoded::Null`].)
    Null,
    /// True or false.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// Any other number that is written in digits.
    Number(Number),
    /// A binary float.
    Float(f64),
    /// Text.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
    /// An object's keys and values, in order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// What stands at a path; of a repeated key the last counts. `None` if there is nothing.
    pub fn get(&self, path: &Path) -> Option<&Self> {
        path.steps().iter().try_fold(self, |value, step| match (value, step) {
            (Self::Object(entries), Step::Field(name)) => {
                entries.iter().rev().find(|(key, _)| **key == **name).map(|(_, value)| value)
            }
            (Self::Array(elements), Step::Index(index)) => elements.get(*index),
            _ => None,
        })
    }

    /// The value as a cell; an array or object as its JSON text on one line.
    pub fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Bool(b) => Cell::Bool(*b),
            Self::Int(int) => Cell::Int(*int),
            Self::Number(number) => number_cell(number.text()),
            Self::Float(float) => Cell::Float(*float),
            Self::String(text) => Cell::Text(text.as_str().into()),
            Self::Bytes(bytes) => Cell::Bytes(bytes.as_slice().into()),
            Self::Array(_) => Cell::Array(json::compact(self).into()),
            Self::Object(_) => Cell::Object(json::compact(self).into()),
        }
    }

    /// How many values the tree holds, this one included; counting stops at `limit`.
    pub fn count(&self, limit: usize) -> usize {
        let mut pending = vec![self];
        let mut seen = 0;
        while let Some(value) = pending.pop() {
            seen += 1;
            if seen >= limit {
                break;
            }
            match value {
                Self::Array(elements) => pending.extend(elements),
                Self::Object(entries) => pending.extend(entries.iter().map(|(_, value)| value)),
                _ => {}
            }
        }
        seen
    }
}
