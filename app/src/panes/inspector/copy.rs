//! What is copied of an event.

use base64::Engine as _;
use fabula_core::codec::{Choice, Codec, Decoded, json};
use fabula_core::event::EventRef;
use fabula_core::event::time::format_iso_ms;
use serde_json::{Value, json};

/// What to copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// Everything, as `fabula read --format json` writes it.
    Json,
    /// The value as it is.
    Value,
    /// The key as it is.
    Key,
    /// The headers, a line each.
    Headers,
}

impl Copy {
    /// What it is called once it is on the clipboard.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "The event as JSON",
            Self::Value => "The value",
            Self::Key => "The key",
            Self::Headers => "The headers",
        }
    }
}

/// The text to put on the clipboard.
pub fn text(copy: Copy, event: EventRef<'_>, key: &Codec, value: &Codec) -> String {
    match copy {
        Copy::Json => as_json(event),
        Copy::Value => payload(event.value(), value),
        Copy::Key => payload(event.key(), key),
        Copy::Headers => headers(event),
    }
}

fn as_json(event: EventRef<'_>) -> String {
    let headers: Vec<Value> = event.headers().map(|(name, value)| json!([name, bytes(value)])).collect();
    let fields = json!({
        "topic": &**event.topic(),
        "partition": event.partition(),
        "offset": event.offset(),
        "timestamp": event.time_ns().map(|_| format_iso_ms(event.timestamp_ms())),
        "timestamp_ms": event.timestamp_ms(),
        "timestamp_type": event.timestamp_type().name(),
        "key": bytes(event.key()),
        "value": bytes(event.value()),
        "headers": headers,
    });
    fields.to_string()
}

fn bytes(payload: Option<&[u8]>) -> Value {
    match payload.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => Value::Null,
        Some((_, Ok(text))) => Value::String(text.to_owned()),
        Some((bytes, Err(_))) => json!({"$base64": base64::engine::general_purpose::STANDARD.encode(bytes)}),
    }
}

fn payload(payload: Option<&[u8]>, codec: &Codec) -> String {
    let Some(bytes) = payload else { return String::new() };
    if codec.choice() != Choice::Json
        && let Decoded::Value(value) = codec.decode(Some(bytes))
    {
        return match value {
            fabula_core::codec::Value::String(text) => text,
            value => json::compact(&value),
        };
    }
    String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| base64::engine::general_purpose::STANDARD.encode(bytes))
}

fn headers(event: EventRef<'_>) -> String {
    let lines = event.headers().map(|(name, value)| match bytes(value) {
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabula_core::event::{EventBatchBuilder, TimestampType};

    #[test]
    fn a_copied_event_keeps_null_empty_and_bytes_apart() {
        let mut builder = EventBatchBuilder::new("orders", 3);
        let headers = [("a", Some(&b"1"[..])), ("a", None)];
        builder.push(7, 1_000, TimestampType::Create, Some(b""), None, headers);
        builder.push(8, -1, TimestampType::None, None, Some(&[0xff]), []);
        let batch = builder.finish();
        assert_eq!(
            as_json(batch.event(0)),
            r#"{"topic":"orders","partition":3,"offset":7,"timestamp":"1970-01-01T00:00:01.000Z","timestamp_ms":1000,"timestamp_type":"create","key":"","value":null,"headers":[["a","1"],["a",null]]}"#
        );
        let second: Value = serde_json::from_str(&as_json(batch.event(1))).unwrap();
        assert_eq!(second["value"]["$base64"], "/w==");
        assert_eq!(second["timestamp"], Value::Null);
    }
}
