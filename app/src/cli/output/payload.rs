//! What a key or value is to a reader: null, text, or bytes; and how a person asked to have it shown.

use fabula_core::codec::{Choice, Codec, Decoded, Value};

/// A key, value or header value, as every output tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Null: a tombstone, where it is a value.
    Null,
    /// UTF-8 text; may be empty.
    Text(&'a str),
    /// Bytes that are not UTF-8.
    Bytes(&'a [u8]),
}

impl<'a> Payload<'a> {
    /// Tells bytes apart.
    pub fn of(bytes: Option<&'a [u8]>) -> Self {
        match bytes {
            None => Self::Null,
            Some(bytes) => std::str::from_utf8(bytes).map_or(Self::Bytes(bytes), Self::Text),
        }
    }
}

/// A key or value as it is written.
#[derive(Debug, PartialEq)]
pub enum Shown<'a> {
    /// As it lies in the log.
    Payload(Payload<'a>),
    /// A number in digits.
    Number(String),
    /// A word in place of bytes: a UUID, a float that is no number.
    Word(String),
    /// JSON, as it was written.
    Json(&'a str),
}

/// How keys and values are shown.
#[derive(Debug, Clone, Default)]
pub struct Decoding {
    /// The form of keys.
    pub key: Form,
    /// The form of values.
    pub value: Form,
}

/// How one of them is shown: as text where it is UTF-8, unless a format was named.
#[derive(Debug, Clone, Default)]
pub struct Form(Option<Codec>);

impl Form {
    /// The form that a format gives; without one, payloads stay what they are.
    pub fn new(format: Option<Choice>) -> Self {
        Self(format.map(Codec::new))
    }

    /// A payload in this form. One that is not of the named format is shown as its bytes.
    pub fn show<'a>(&self, bytes: Option<&'a [u8]>) -> Shown<'a> {
        let (Some(codec), Some(payload)) = (&self.0, bytes) else { return Shown::Payload(Payload::of(bytes)) };
        match codec.choice() {
            Choice::Text => Shown::Payload(Payload::of(bytes)),
            Choice::Json => json(payload).map_or(Shown::Payload(Payload::of(bytes)), Shown::Json),
            Choice::Bytes | Choice::Framed => Shown::Payload(Payload::Bytes(payload)),
            Choice::Short | Choice::Int | Choice::Long | Choice::Float | Choice::Double | Choice::Uuid => {
                match codec.decode(bytes) {
                    Decoded::Value(value) => primitive(value).unwrap_or(Shown::Payload(Payload::Bytes(payload))),
                    Decoded::Null | Decoded::Empty | Decoded::Undecodable(_) => Shown::Payload(Payload::Bytes(payload)),
                }
            }
        }
    }
}

fn json(payload: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(payload).ok()?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok().map(|_| text.trim())
}

fn primitive(value: Value) -> Option<Shown<'static>> {
    match value {
        Value::Int(number) => Some(Shown::Number(number.to_string())),
        Value::Number(number) => Some(Shown::Number(number.text().to_owned())),
        Value::Float(number) if number.is_finite() => Some(Shown::Number(number.to_string())),
        Value::Float(number) => Some(Shown::Word(number.to_string())),
        Value::String(text) => Some(Shown::Word(text)),
        Value::Null | Value::Bool(_) | Value::Bytes(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: Choice, bytes: &[u8]) -> Shown<'_> {
        Form::new(Some(format)).show(Some(bytes))
    }

    #[test]
    fn a_named_format_shows_numbers_exactly_and_anything_else_as_bytes() {
        assert_eq!(shown(Choice::Long, &i64::MIN.to_be_bytes()), Shown::Number(i64::MIN.to_string()));
        assert_eq!(shown(Choice::Long, b"seven"), Shown::Payload(Payload::Bytes(b"seven")));
        assert_eq!(shown(Choice::Bytes, b"text"), Shown::Payload(Payload::Bytes(b"text")));
        assert_eq!(Form::new(Some(Choice::Long)).show(None), Shown::Payload(Payload::Null));
    }

    #[test]
    fn json_is_handed_on_as_it_was_written() {
        let odd = br#" {"a": 1.00, "a": 12345678901234567890123} "#;
        assert_eq!(shown(Choice::Json, odd), Shown::Json(r#"{"a": 1.00, "a": 12345678901234567890123}"#));
        assert_eq!(shown(Choice::Json, b"{nonsense"), Shown::Payload(Payload::Text("{nonsense")));
    }
}
