//! Bytes to values.
//!
//! A topic's keys and its values each have a [`Choice`] of format: detected from samples ([`detect`]) or chosen by a
//! person. A [`Codec`] made from it decodes a whole payload ([`Codec::decode`]) or only the fields that were asked
//! for, many payloads at once ([`Codec::columns`]). What is not of its format survives as text or bytes, with the
//! reason.
//!
//! Null, empty and the format's own null are three things: [`Decoded::Null`] (a tombstone), [`Decoded::Empty`], and
//! [`Value::Null`].
//!
//! ```
//! use fabula_core::codec::{Choice, Codec, Decoded, Path, json};
//!
//! let codec = Codec::new(Choice::Json);
//! let Decoded::Value(order) = codec.decode(Some(br#"{"id": 9007199254740993, "total": 12.50}"#)) else { panic!() };
//! assert_eq!(order.get(&"total".parse::<Path>().unwrap()).unwrap().cell().to_string(), "12.50");
//! assert_eq!(json::compact(&order), r#"{"id":9007199254740993,"total":12.50}"#);
//! ```

mod cell;
mod decoder;
mod detect;
pub mod hex;
pub mod json;
mod number;
mod path;
mod preview;
mod primitive;
mod value;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::event::EventRef;

pub use cell::{Cell, Fault};
pub use decoder::{Decoder, Payloads, Refusal, Traces};
pub use detect::{Detection, SAMPLES, detect};
pub use path::{Path, PathError, Step};
pub use preview::preview;
pub use value::{Number, Value};

pub(crate) use cell::time_in_ms;
pub(crate) use number::{number_cell, number_in_least_digits};
pub(crate) use path::is_plain_name;

/// A format by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// JSON.
    Json,
    /// UTF-8 text.
    Text,
    /// A big-endian integer of 16 bits.
    Short,
    /// A big-endian integer of 32 bits.
    Int,
    /// A big-endian integer of 64 bits.
    Long,
    /// A big-endian float of 32 bits.
    Float,
    /// A big-endian float of 64 bits.
    Double,
    /// A UUID, as 16 bytes or as text.
    Uuid,
    /// Bytes as they are.
    Bytes,
    /// A zero byte, a schema's id and a body that only the schema explains (Avro, Protobuf, JSON Schema). Recognised
    /// and named, shown as bytes.
    Framed,
}

impl Choice {
    /// Every format, in the order in which they are offered.
    pub const ALL: [Self; 10] = [
        Self::Json,
        Self::Text,
        Self::Short,
        Self::Int,
        Self::Long,
        Self::Float,
        Self::Double,
        Self::Uuid,
        Self::Bytes,
        Self::Framed,
    ];

    /// The name, as in `--codec` and in a workspace.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Short => "short",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Uuid => "uuid",
            Self::Bytes => "bytes",
            Self::Framed => "framed",
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a format: write json, text, short, int, long, float, double, uuid, bytes or framed")]
pub struct UnknownFormat(String);

impl FromStr for Choice {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|choice| choice.name() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// A payload, decoded as far as it can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// The payload is null. A null value makes a tombstone.
    Null,
    /// The payload has no bytes.
    Empty,
    /// The payload's value.
    Value(Value),
    /// The payload is not of its topic's format.
    Undecodable(Undecodable),
}

/// A payload that is not of its topic's format: what it is as text or bytes, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Undecodable {
    /// The format that it is not of.
    pub choice: Choice,
    /// Why not, in a line.
    pub reason: String,
    /// The byte at which it went wrong, where that is known.
    pub at: Option<usize>,
    /// The payload as [`Value::String`] if it is UTF-8, else as [`Value::Bytes`].
    pub raw: Value,
}

/// Decodes payloads of one format. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Codec {
    choice: Choice,
    decoder: Arc<dyn Decoder>,
}

impl Codec {
    /// The codec of a format.
    pub fn new(choice: Choice) -> Self {
        let decoder: Arc<dyn Decoder> = match choice {
            Choice::Json => Arc::new(json::Json),
            Choice::Text => Arc::new(primitive::Text),
            Choice::Short => Arc::new(primitive::Primitive::Short),
            Choice::Int => Arc::new(primitive::Primitive::Int),
            Choice::Long => Arc::new(primitive::Primitive::Long),
            Choice::Float => Arc::new(primitive::Primitive::Float),
            Choice::Double => Arc::new(primitive::Primitive::Double),
            Choice::Uuid => Arc::new(primitive::Uuid),
            Choice::Bytes => Arc::new(primitive::Bytes),
            Choice::Framed => Arc::new(primitive::Framed),
        };
        Self { choice, decoder }
    }

    /// Which format it is.
    pub fn choice(&self) -> Choice {
        self.choice
    }

    /// Decodes a whole payload; `None` is null.
    pub fn decode(&self, payload: Option<&[u8]>) -> Decoded {
        match payload {
            None => Decoded::Null,
            Some([]) => Decoded::Empty,
            Some(payload) => match self.decoder.decode(payload) {
                Ok(value) => Decoded::Value(value),
                Err(Refusal { reason, at }) => Decoded::Undecodable(Undecodable {
                    choice: self.choice,
                    reason,
                    at,
                    raw: primitive::survive(payload),
                }),
            },
        }
    }

    /// Chosen fields of many payloads: for each path (no two alike) a column with a cell a payload. Nothing else is
    /// decoded. A null payload has no fields, and is itself missing; a payload that is not of the format gives
    /// `Cell::Failed(undecodable)` in every column.
    pub fn columns<'a>(&self, payloads: &Payloads<'a>, paths: &[Path], undecodable: Fault) -> Vec<Vec<Cell<'a>>> {
        self.decoder.columns(payloads, paths, undecodable)
    }

    /// What must be found in the bytes of every payload that holds this text in one of its texts; `None` if there is
    /// no telling.
    pub fn traces(&self, text: &str) -> Option<Traces> {
        self.decoder.traces(text)
    }
}

/// The formats of a topic's keys and values.
#[derive(Debug, Clone)]
pub struct TopicCodecs {
    /// Of keys.
    pub key: Codec,
    /// Of values.
    pub value: Codec,
}

impl TopicCodecs {
    /// From chosen formats.
    pub fn new(key: Choice, value: Choice) -> Self {
        Self { key: Codec::new(key), value: Codec::new(value) }
    }

    /// Judges the formats of a topic by samples of its events.
    pub fn detect<'e>(events: impl IntoIterator<Item = EventRef<'e>>) -> (Detection, Detection) {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        // Nulls say nothing, so some more events are looked at than there are samples.
        for event in events.into_iter().take(4 * SAMPLES) {
            keys.push(event.key());
            values.push(event.value());
        }
        (detect(&keys), detect(&values))
    }
}

/// The schema id in a payload that begins as Confluent's serializers write it: a zero byte and four of the id.
pub fn framed_schema_id(payload: &[u8]) -> Option<u32> {
    match payload {
        [0, a, b, c, d, _, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])).filter(|&id| id > 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
