//! Events as CSV: coordinates, key, value and chosen columns.
//!
//! Null and empty are told apart as CSV can: null is nothing between the commas, empty is `""`.

use std::borrow::Cow;

use fabula_core::event::{EventRef, TimestampType};

use super::json::{IsoClock, push_integer, push_payload};
use super::payload::{Decoding, Payload, Shown};

/// Writes one event after the other as a row of CSV.
#[derive(Debug, Default)]
pub struct CsvRows {
    decoding: Decoding,
    clock: IsoClock,
}

impl CsvRows {
    /// A writer that shows keys and values as asked.
    pub fn new(decoding: Decoding) -> Self {
        Self { decoding, clock: IsoClock::default() }
    }

    /// Appends the row of column names.
    pub fn header(columns: &[String], row: &mut Vec<u8>) {
        row.extend_from_slice(b"topic,partition,offset,timestamp,timestamp_type,key,value");
        for column in columns {
            row.push(b',');
            push_field(row, column);
        }
        row.push(b'\n');
    }

    /// Appends one event's row; `cells` are its chosen columns, `None` where a field is null or absent.
    pub fn event(&mut self, event: EventRef<'_>, cells: &[Option<Cow<'_, str>>], row: &mut Vec<u8>) {
        push_field(row, event.topic());
        row.push(b',');
        push_integer(row, event.partition().into());
        row.push(b',');
        push_integer(row, event.offset());
        row.push(b',');
        if event.timestamp_type() != TimestampType::None {
            self.clock.push(row, event.timestamp_ms());
        }
        row.push(b',');
        row.extend_from_slice(event.timestamp_type().name().as_bytes());
        row.push(b',');
        push_shown(row, self.decoding.key.show(event.key()));
        row.push(b',');
        push_shown(row, self.decoding.value.show(event.value()));
        for cell in cells {
            row.push(b',');
            if let Some(cell) = cell {
                push_field(row, cell);
            }
        }
        row.push(b'\n');
    }
}

fn push_shown(row: &mut Vec<u8>, shown: Shown<'_>) {
    match shown {
        Shown::Payload(Payload::Null) => {}
        Shown::Payload(Payload::Text(text)) | Shown::Json(text) => push_field(row, text),
        Shown::Payload(bytes @ Payload::Bytes(_)) => {
            let mut text = Vec::new();
            push_payload(&mut text, bytes);
            push_field(row, &String::from_utf8_lossy(&text));
        }
        Shown::Number(text) | Shown::Word(text) => push_field(row, &text),
    }
}

/// Appends a field, quoted where it must be, and where it is empty.
pub fn push_field(row: &mut Vec<u8>, text: &str) {
    let quoted = text.is_empty() || text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    if !quoted {
        row.extend_from_slice(text.as_bytes());
        return;
    }
    row.push(b'"');
    for part in text.split_inclusive('"') {
        row.extend_from_slice(part.as_bytes());
        if part.ends_with('"') {
            row.push(b'"');
        }
    }
    row.push(b'"');
}

#[cfg(test)]
mod tests {
    use fabula_core::event::EventBatchBuilder;

    use super::*;

    #[test]
    fn null_and_empty_and_bytes_are_told_apart() {
        let mut batch = EventBatchBuilder::new("orders", 0);
        batch.push(0, 0, TimestampType::Create, None, None, []);
        batch.push(1, -1, TimestampType::None, Some(b""), Some(b""), []);
        batch.push(2, 5, TimestampType::LogAppend, Some(b"a,b"), Some(b"say \"hi\"\n"), []);
        batch.push(3, 5, TimestampType::Create, Some(b"\xff"), Some(b"v"), []);
        let batch = batch.finish();
        let mut text = Vec::new();
        CsvRows::header(&["value.a, b".to_owned()], &mut text);
        let mut rows = CsvRows::default();
        let cells = [[None], [Some("".into())], [Some("x".into())], [Some("1,5".into())]];
        for (event, cells) in batch.events().zip(&cells) {
            rows.event(event, cells, &mut text);
        }
        let expected = "topic,partition,offset,timestamp,timestamp_type,key,value,\"value.a, b\"\n\
            orders,0,0,1970-01-01T00:00:00.000Z,create,,,\n\
            orders,0,1,,none,\"\",\"\",\"\"\n\
            orders,0,2,1970-01-01T00:00:00.005Z,log_append,\"a,b\",\"say \"\"hi\"\"\n\",x\n\
            orders,0,3,1970-01-01T00:00:00.005Z,create,\"{\"\"$base64\"\":\"\"/w==\"\"}\",v,\"1,5\"\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
