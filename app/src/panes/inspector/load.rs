//! From coordinates to everything that the inspector shows, in two steps: a bounded preview at once, the whole value,
//! decoded, when it is ready.

use std::sync::Arc;

use fabula_core::codec::{self, Choice, Codec, Decoded, Value};
use fabula_core::event::{Coordinates, EventRef, TimestampType};
use fabula_core::store::{Damage, Snapshot};

use super::lines::Lines;
use super::tree::Tree;
use crate::formats::{Formats, TopicFormats};

/// A value up to this size is decoded in the first step.
const AT_ONCE: usize = 64 << 10;
/// How much of a header's value is shown.
const HEADER_CHARS: usize = 2_000;
/// A key longer than this is shown by its beginning.
const KEY_CHARS: usize = 1_000;

/// An event as the inspector shows it.
pub struct Detail {
    /// Where it stands.
    pub coordinates: Coordinates,
    /// Its time.
    pub time_ns: Option<i64>,
    /// What the time means.
    pub timestamp_type: TimestampType,
    /// What kind of event it says it is.
    pub kind: Option<String>,
    /// The key in one line.
    pub key: Payload,
    /// How large the key is.
    pub key_len: Option<usize>,
    /// The headers, in order.
    pub headers: Vec<(String, Payload)>,
    /// How large the value is; `None` for a tombstone.
    pub value_len: Option<usize>,
    /// The value, as far as it is loaded.
    pub body: Body,
    /// How the topic's events are decoded, and why so.
    pub formats: TopicFormats,
}

/// A payload in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Null.
    Null,
    /// No bytes.
    Empty,
    /// What it says.
    Text(String),
}

/// The value.
pub enum Body {
    /// Its beginning; the whole is being decoded.
    Beginning(String),
    /// All of it.
    Whole(Arc<Whole>),
}

/// A value with all of its views.
pub struct Whole {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Decoded.
    pub decoded: Decoded,
    /// The tree as it is first seen.
    pub tree: Tree,
    /// The bytes as text: `None` if they are none.
    pub lines: Option<Lines>,
}

impl Whole {
    fn of(bytes: Vec<u8>, codec: &Codec, is_null: bool) -> Self {
        let decoded = codec.decode((!is_null).then_some(&bytes));
        let tree = match &decoded {
            Decoded::Value(value) => Tree::of(value),
            Decoded::Undecodable(undecodable) => Tree::of(&undecodable.raw),
            Decoded::Null | Decoded::Empty => Tree::default(),
        };
        let lines = std::str::from_utf8(&bytes).ok().map(Lines::of);
        Self { bytes, decoded, tree, lines }
    }

    /// The value of the tree: what it was decoded to, or what it is in spite of its format.
    pub fn value(&self) -> Option<&Value> {
        match &self.decoded {
            Decoded::Value(value) => Some(value),
            Decoded::Undecodable(undecodable) => Some(&undecodable.raw),
            Decoded::Null | Decoded::Empty => None,
        }
    }

    /// The bytes as text.
    pub fn text(&self) -> Option<&str> {
        self.lines.as_ref().and_then(|_| std::str::from_utf8(&self.bytes).ok())
    }
}

/// Loads an event, its value only if it is small; `None` if the store does not hold the event.
///
/// # Errors
/// When the segment that holds it turns out to be damaged.
pub fn load(at: &Coordinates, snapshot: &Snapshot, formats: &Formats) -> Result<Option<Detail>, Damage> {
    let Some(id) = snapshot.find(at)? else { return Ok(None) };
    let Some(stored) = snapshot.event(id)? else { return Ok(None) };
    let formats = formats.of(&at.topic, snapshot)?;
    let event = stored.get();
    let body = match event.value() {
        Some(value) if value.len() > AT_ONCE => Body::Beginning(codec::preview(value, 4_000)),
        value => {
            Body::Whole(Arc::new(Whole::of(value.unwrap_or_default().to_vec(), &formats.codecs.value, value.is_none())))
        }
    };
    Ok(Some(Detail {
        coordinates: at.clone(),
        time_ns: event.time_ns(),
        timestamp_type: event.timestamp_type(),
        kind: crate::panes::story::kind_of_event(event, &formats),
        key: payload(event.key(), &formats.codecs.key, KEY_CHARS),
        key_len: event.key().map(<[u8]>::len),
        headers: headers(event),
        value_len: event.value().map(<[u8]>::len),
        body,
        formats,
    }))
}

/// Loads and decodes the whole value of an event.
///
/// # Errors
/// When the segment that holds it turns out to be damaged.
pub fn load_whole(at: &Coordinates, snapshot: &Snapshot, codec: &Codec) -> Result<Option<Arc<Whole>>, Damage> {
    let Some(id) = snapshot.find(at)? else { return Ok(None) };
    let Some(stored) = snapshot.event(id)? else { return Ok(None) };
    let value = stored.get().value();
    Ok(Some(Arc::new(Whole::of(value.unwrap_or_default().to_vec(), codec, value.is_none()))))
}

fn headers(event: EventRef<'_>) -> Vec<(String, Payload)> {
    let text = Codec::new(Choice::Text);
    event.headers().map(|(name, value)| (name.to_owned(), payload(value, &text, HEADER_CHARS))).collect()
}

fn payload(bytes: Option<&[u8]>, codec: &Codec, max_chars: usize) -> Payload {
    let bytes = match bytes {
        None => return Payload::Null,
        Some([]) => return Payload::Empty,
        Some(bytes) => bytes,
    };
    let primitive = !matches!(codec.choice(), Choice::Json | Choice::Text | Choice::Bytes | Choice::Framed);
    Payload::Text(match codec.decode(primitive.then_some(bytes)) {
        Decoded::Value(value) => value.cell().to_string(),
        _ => codec::preview(bytes, max_chars),
    })
}
