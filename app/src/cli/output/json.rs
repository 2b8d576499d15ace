//! Events as JSON lines: the format that scripts rely on, documented in the README.
//!
//! Written by hand rather than through a JSON value, because a history is millions of rows: each is put together in one
//! buffer that is used again.

use base64::Engine as _;
use fabula_core::event::time::format_iso_ms;
use fabula_core::event::{EventRef, TimestampType};

use super::payload::{Decoding, Payload, Shown};

/// Writes one event after the other as a JSON object a line.
#[derive(Debug, Default)]
pub struct JsonLines {
    decoding: Decoding,
    clock: IsoClock,
}

impl JsonLines {
    /// A writer that shows keys and values as asked.
    pub fn new(decoding: Decoding) -> Self {
        Self { decoding, clock: IsoClock::default() }
    }

    /// Appends one event's line.
    pub fn event(&mut self, event: EventRef<'_>, line: &mut Vec<u8>) {
        line.extend_from_slice(b"{\"topic\":");
        push_string(line, event.topic());
        line.extend_from_slice(b",\"partition\":");
        push_integer(line, event.partition().into());
        line.extend_from_slice(b",\"offset\":");
        push_integer(line, event.offset());
        if event.timestamp_type() == TimestampType::None {
            line.extend_from_slice(b",\"timestamp\":null,\"timestamp_ms\":null");
        } else {
            line.extend_from_slice(b",\"timestamp\":\"");
            self.clock.push(line, event.timestamp_ms());
            line.extend_from_slice(b"\",\"timestamp_ms\":");
            push_integer(line, event.timestamp_ms());
        }
        line.extend_from_slice(b",\"timestamp_type\":\"");
        line.extend_from_slice(event.timestamp_type().name().as_bytes());
        line.extend_from_slice(b"\",\"key\":");
        push_shown(line, self.decoding.key.show(event.key()));
        line.extend_from_slice(b",\"value\":");
        push_shown(line, self.decoding.value.show(event.value()));
        line.extend_from_slice(b",\"headers\":[");
        for (at, (name, value)) in event.headers().enumerate() {
            line.extend_from_slice(if at == 0 { b"[" } else { b",[" });
            push_string(line, name);
            line.push(b',');
            push_payload(line, Payload::of(value));
            line.push(b']');
        }
        line.extend_from_slice(b"]}\n");
    }
}

fn push_shown(line: &mut Vec<u8>, shown: Shown<'_>) {
    match shown {
        Shown::Payload(payload) => push_payload(line, payload),
        Shown::Number(number) => line.extend_from_slice(number.as_bytes()),
        Shown::Word(word) => push_string(line, &word),
        Shown::Json(text) => {
            line.extend(text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }))
        }
    }
}

/// Appends a payload: text as a JSON string, null as null, other bytes as `{"$base64": "…"}`.
pub fn push_payload(line: &mut Vec<u8>, payload: Payload<'_>) {
    match payload {
        Payload::Null => line.extend_from_slice(b"null"),
        Payload::Text(text) => push_string(line, text),
        Payload::Bytes(bytes) => {
            line.extend_from_slice(b"{\"$base64\":\"");
            line.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(bytes).as_bytes());
            line.extend_from_slice(b"\"}");
        }
    }
}

/// Appends a text as a JSON string.
pub fn push_string(line: &mut Vec<u8>, text: &str) {
    line.push(b'"');
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if !NEEDS_ESCAPE[usize::from(byte)] {
            continue;
        }
        line.extend_from_slice(&bytes[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => line.extend_from_slice(b"\\\""),
            b'\\' => line.extend_from_slice(b"\\\\"),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            control => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                line.extend_from_slice(b"\\u00");
                line.extend_from_slice(&[HEX[usize::from(control >> 4)], HEX[usize::from(control & 15)]]);
            }
        }
    }
    line.extend_from_slice(&bytes[plain_from..]);
    line.push(b'"');
}

/// Control characters, the quote and the backslash.
const NEEDS_ESCAPE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Appends an integer in decimal.
pub fn push_integer(line: &mut Vec<u8>, number: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        line.push(b'-');
    }
    line.extend_from_slice(&digits[at..]);
}

/// Writes times as ISO 8601, remembering the last second's calendar: neighbours in a history mostly share it.
#[derive(Debug, Default)]
pub struct IsoClock {
    second: Option<i64>,
    calendar: Vec<u8>,
}

impl IsoClock {
    /// Appends a time in milliseconds since the epoch, e.g. `2026-03-14T09:14:07.482Z`.
    pub fn push(&mut self, line: &mut Vec<u8>, timestamp_ms: i64) {
        let second = timestamp_ms.div_euclid(1_000);
        if self.second != Some(second) {
            let text = format_iso_ms(timestamp_ms);
            let Some(calendar) = text.strip_suffix('Z').and_then(|text| text.get(..text.len() - 3)) else {
                line.extend_from_slice(text.as_bytes());
                return;
            };
            self.calendar = calendar.as_bytes().to_vec();
            self.second = Some(second);
        }
        let ms = timestamp_ms.rem_euclid(1_000) as u16;
        line.extend_from_slice(&self.calendar);
        line.extend_from_slice(&[b'0' + (ms / 100) as u8, b'0' + (ms / 10 % 10) as u8, b'0' + (ms % 10) as u8, b'Z']);
    }
}

#[cfg(test)]
mod tests {
    use fabula_core::event::{EventBatch, EventBatchBuilder};

    use super::*;

    fn line(batch: &EventBatch, row: usize) -> String {
        let mut line = Vec::new();
        JsonLines::default().event(batch.event(row), &mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_line_has_the_documented_fields_in_their_order() {
        let mut batch = EventBatchBuilder::new("orders", 3);
        let headers = [("source", Some(&b"web"[..])), ("source", None), ("bin", Some(&b"\xff"[..]))];
        batch.push(7, 1_773_479_647_482, TimestampType::Create, Some(b"k"), Some(b"{\"a\": 1}\n"), headers);
        batch.push(9, -1, TimestampType::None, None, None, []);
        batch.push(10, 0, TimestampType::LogAppend, Some(b""), Some(b"\xc3\x28"), []);
        let batch = batch.finish();
        assert_eq!(
            line(&batch, 0),
            r#"{"topic":"orders","partition":3,"offset":7,"timestamp":"2026-03-14T09:14:07.482Z","timestamp_ms":1773479647482,"timestamp_type":"create","key":"k","value":"{\"a\": 1}\n","headers":[["source","web"],["source",null],["bin",{"$base64":"/w=="}]]}"#
                .to_owned()
                + "\n"
        );
        assert_eq!(
            line(&batch, 1),
            r#"{"topic":"orders","partition":3,"offset":9,"timestamp":null,"timestamp_ms":null,"timestamp_type":"none","key":null,"value":null,"headers":[]}"#
                .to_owned()
                + "\n"
        );
        assert_eq!(
            line(&batch, 2),
            r#"{"topic":"orders","partition":3,"offset":10,"timestamp":"1970-01-01T00:00:00.000Z","timestamp_ms":0,"timestamp_type":"log_append","key":"","value":{"$base64":"wyg="},"headers":[]}"#
                .to_owned()
                + "\n"
        );
    }

    #[test]
    fn every_character_survives_escaping() {
        let text: String = (0..0x250).filter_map(char::from_u32).chain("\u{2028}\u{1F980}".chars()).collect();
        let mut line = Vec::new();
        push_string(&mut line, &text);
        assert!(!line.contains(&b'\n'));
        assert_eq!(serde_json::from_slice::<String>(&line).unwrap(), text);
    }

    #[test]
    fn integers_are_written_to_their_ends() {
        for number in [0, 7, -7, 10, i64::MAX, i64::MIN] {
            let mut line = Vec::new();
            push_integer(&mut line, number);
            assert_eq!(String::from_utf8(line).unwrap(), number.to_string());
        }
    }

    #[test]
    fn the_clock_agrees_with_the_calendar() {
        let mut clock = IsoClock::default();
        let far = [i64::MIN, i64::MAX, -62_135_596_800_001];
        for ms in (-3_000..3_000).step_by(7).chain([1_773_479_647_482, 1_773_479_647_001]).chain(far).chain([5]) {
            let mut line = Vec::new();
            clock.push(&mut line, ms);
            assert_eq!(String::from_utf8(line).unwrap(), format_iso_ms(ms), "{ms}");
        }
    }
}
