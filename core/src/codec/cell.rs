//! One value in a column: what a field of an event holds, borrowed from the event where it can be.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use rust_decimal::Decimal;

use super::number::{compare_numbers, float_text};
use crate::event::time::{format_iso, ns_to_ms};

/// What a field of one event holds.
///
/// [`Cell::Missing`] (the field is not there) and [`Cell::Null`] (it is there and null) are two things; an empty text
/// is neither.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// The field is not there.
    Missing,
    /// The field is there, and null.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A number that a decimal holds exactly.
    Decimal(Decimal),
    /// A number too long for either, as it is written.
    Number(Cow<'a, str>),
    /// A binary float.
    Float(f64),
    /// A moment in nanoseconds since the epoch.
    Time(i64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes that are not text.
    Bytes(Cow<'a, [u8]>),
    /// An array, as JSON text.
    Array(Cow<'a, str>),
    /// An object, as JSON text.
    Object(Cow<'a, str>),
    /// There is no telling: the payload or the calculation failed.
    Failed(Fault),
}

/// Why a cell has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The value could not be decoded by its topic's codec.
    UndecodableValue,
    /// The key could not be decoded by its topic's codec.
    UndecodableKey,
    /// A number left the range that is held exactly (28 digits).
    Overflow,
    /// A division by zero.
    DivisionByZero,
    /// A text, or something else, that `CAST` can't make into this type.
    Cast(&'static str),
    /// A function was given something of a kind that it does not take.
    Argument(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UndecodableValue => f.write_str("the value can't be decoded"),
            Self::UndecodableKey => f.write_str("the key can't be decoded"),
            Self::Overflow => f.write_str("a number has more than 28 digits"),
            Self::DivisionByZero => f.write_str("division by zero"),
            Self::Cast(to) => write!(f, "can't be cast to {to}"),
            Self::Argument(why) => f.write_str(why),
        }
    }
}

impl<'a> Cell<'a> {
    /// Whether SQL calls it null: null or not there.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Missing)
    }

    /// Whether it is a number of any kind.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Decimal(_) | Self::Number(_) | Self::Float(_))
    }

    /// The text, of a text, array or object (those as their JSON).
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Array(text) | Self::Object(text) => Some(text),
            _ => None,
        }
    }

    /// The value as it stands where texts do, in a file or a table: a time with all of its digits, bytes in hexadecimal
    /// behind `\x`, so that they are known again. `None` where there is none.
    pub fn written(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Missing | Self::Null | Self::Failed(_) => None,
            Self::Number(text) | Self::Text(text) | Self::Array(text) | Self::Object(text) => Some(Cow::Borrowed(text)),
            Self::Bytes(_) => Some(Cow::Owned(format!("\\x{self}"))),
            cell => Some(Cow::Owned(cell.to_string())),
        }
    }

    /// What kind of value it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Decimal(_) | Self::Number(_) => "decimal",
            Self::Float(_) => "float",
            Self::Time(_) => "timestamp",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Failed(_) => "failed",
        }
    }

    /// Compares two values of one kind. Numbers of every kind compare by worth; a time compares with a number as
    /// milliseconds since the epoch. `None`: the two can't be compared, or one is null or failed.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) | (Self::Array(a), Self::Array(b)) | (Self::Object(a), Self::Object(b)) => {
                Some(a.as_bytes().cmp(b.as_bytes()))
            }
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Time(a), b) if b.is_number() => compare_numbers(&time_in_ms(*a), b),
            (a, Self::Time(b)) if a.is_number() => compare_numbers(a, &time_in_ms(*b)),
            (a, b) if a.is_number() && b.is_number() => compare_numbers(a, b),
            _ => None,
        }
    }

    /// The same value, owning what it borrowed.
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Missing => Cell::Missing,
            Self::Null => Cell::Null,
            Self::Bool(b) => Cell::Bool(b),
            Self::Int(int) => Cell::Int(int),
            Self::Decimal(decimal) => Cell::Decimal(decimal),
            Self::Number(text) => Cell::Number(Cow::Owned(text.into_owned())),
            Self::Float(float) => Cell::Float(float),
            Self::Time(ns) => Cell::Time(ns),
            Self::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Cell::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Array(text) => Cell::Array(Cow::Owned(text.into_owned())),
            Self::Object(text) => Cell::Object(Cow::Owned(text.into_owned())),
            Self::Failed(fault) => Cell::Failed(fault),
        }
    }
}

/// A time as a number of milliseconds, exactly.
pub(crate) fn time_in_ms(ns: i64) -> Cell<'static> {
    if ns % crate::event::time::NS_PER_MS == 0 {
        Cell::Int(ns_to_ms(ns))
    } else {
        Cell::Decimal(Decimal::new(ns, 6).normalize())
    }
}

impl fmt::Display for Cell<'_> {
    /// As a person reads it; a text stands as it is, without quotes, and null and missing are the empty text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing | Self::Null => Ok(()),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(int) => write!(f, "{int}"),
            Self::Decimal(decimal) => write!(f, "{decimal}"),
            Self::Float(float) => f.write_str(&float_text(*float)),
            Self::Time(ns) => f.write_str(&format_iso(*ns)),
            Self::Number(text) | Self::Text(text) | Self::Array(text) | Self::Object(text) => f.write_str(text),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Failed(fault) => write!(f, "({fault})"),
        }
    }
}
