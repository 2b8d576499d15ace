//! What each fuzz target does with an input, and what must hold for every input. A target fails by panicking.

use std::sync::LazyLock;

use fabula_core::codec::hex::HexView;
use fabula_core::codec::{
    Choice, Codec, Decoded, Fault, Path, Payloads, TopicCodecs, detect, json as json_format, preview,
};
use fabula_core::event::time::Moment;
use fabula_core::event::{EventBatch, EventBatchBuilder, TimestampType};
use fabula_core::expr::{Projection, Query};
use fabula_core::pipeline::{Document, NodeKind, notes};

/// One event a piece of the input; pieces are cut at the byte 0xFF, which no UTF-8 holds.
fn batch_of(input: &[u8]) -> EventBatch {
    let mut builder = EventBatchBuilder::new("fuzzed", 0);
    for (offset, piece) in input.split(|&byte| byte == 0xFF).enumerate() {
        let header = [("h", Some(piece))];
        builder.push(offset as i64, offset as i64, TimestampType::Create, Some(piece), Some(piece), header);
    }
    builder.finish()
}

/// JSON: what is read is written and read again as the same; the fields read on the way are those of the whole value.
pub fn json(input: &[u8]) {
    let codec = Codec::new(Choice::Json);
    let batch = batch_of(input);
    let rows: Vec<u32> = (0..batch.len() as u32).collect();
    let paths: Vec<Path> =
        ["", "a", "a.b", "a[0]", "b", "[1]"].iter().map(|text| text.parse().expect("a path")).collect();
    let columns = codec.columns(&Payloads::new(batch.values(), &rows), &paths, Fault::UndecodableValue);
    for (row, event) in batch.events().enumerate() {
        let Decoded::Value(value) = codec.decode(event.value()) else { continue };
        let compact = json_format::compact(&value);
        assert_eq!(json_format::parse(compact.as_bytes()).as_ref(), Ok(&value));
        assert_eq!(json_format::parse(json_format::pretty(&value).as_bytes()).as_ref(), Ok(&value));
        for (column, path) in columns.iter().zip(&paths) {
            let alone = value.get(path).map(|found| found.cell().kind()).unwrap_or("missing");
            assert_eq!(column[row].kind(), alone, "{path}");
        }
    }
}

/// Any payload: it is judged, decoded in every format, previewed and shown in hex.
pub fn payload(input: &[u8]) {
    let samples: Vec<Option<&[u8]>> = input.split(|&byte| byte == 0xFF).map(Some).collect();
    assert!((0.0..=1.0).contains(&detect(&samples).confidence));
    for choice in Choice::ALL {
        match Codec::new(choice).decode(Some(input)) {
            Decoded::Value(value) => drop(json_format::pretty(&value)),
            Decoded::Undecodable(undecodable) => assert!(!undecodable.reason.is_empty()),
            Decoded::Null | Decoded::Empty => assert!(input.is_empty()),
        }
    }
    let width = input.first().copied().unwrap_or_default().into();
    let line = preview(input, width);
    assert!(line.chars().count() <= width && !line.chars().any(char::is_control));
    let shown: usize = HexView::new(input).rows().map(|row| (row.to_string().len() > 16, row.bytes.len()).1).sum();
    assert_eq!(shown, input.len());
}

/// The events that every expression is evaluated over.
static EVENTS: LazyLock<EventBatch> = LazyLock::new(|| {
    let mut builder = EventBatchBuilder::new("orders", 3);
    let values: [Option<&[u8]>; 6] = [
        Some(br#"{"a": 1, "b": [1.5, {"c": "\u00e9"}], "s": "FAILED", "t": "2026-03-14T09:00:00Z", "n": null}"#),
        Some(br#"{"a": "1", "b": {}, "s": 5, "big": 123456789012345678901234567890123, "x": true}"#),
        Some(b"{\"a\": 1"),
        Some(b""),
        None,
        Some(b"[1, 2, 3]"),
    ];
    for (offset, value) in values.into_iter().enumerate() {
        let kind = if offset == 4 { TimestampType::None } else { TimestampType::Create };
        let headers = [("h", Some(&b"web"[..])), ("x-id", None)];
        builder.push(offset as i64, 1_000 * offset as i64, kind, Some(b"key-7"), value, headers);
    }
    builder.finish()
});

/// An expression: read or refused with a place, evaluated, and all that matches has what the condition needs.
pub fn expression(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let codecs = TopicCodecs::new(Choice::Text, Choice::Json);
    let events = &*EVENTS;
    let rows: Vec<u32> = (0..events.len() as u32).collect();
    match Query::parse(text) {
        Ok(Query::Condition(condition)) => {
            let need = condition.need(&codecs);
            for row in condition.matches(events, &rows, &codecs).rows {
                let event = events.event(row as usize);
                let headers: Vec<Option<&[u8]>> = event.headers().map(|(_, value)| value).collect();
                assert!(need.is_met(event.key(), event.value(), &headers), "{need:?}");
            }
        }
        Ok(_) => {}
        Err(error) => assert!(!error.pointed().is_empty() && error.column() > 0),
    }
    if let Ok(projection) = Projection::parse(text) {
        for column in projection.evaluate(events, &rows, &codecs) {
            assert_eq!(column.len(), rows.len());
            column.iter().for_each(|cell| drop(cell.to_string()));
        }
    }
}

/// Small texts that people write: a moment, a path. Written out, they read back as the same.
pub fn names(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(moment) = text.parse::<Moment>() {
        assert_eq!(moment.to_string().parse::<Moment>(), Ok(moment));
    }
    if let Ok(path) = text.parse::<Path>() {
        assert_eq!(path.to_string().parse::<Path>(), Ok(path));
    }
}

/// A pipeline's file: read or refused, checked, written anew, and changed; the text always says what the pipeline is.
pub fn pipeline(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(problems) => return assert!(problems.iter().any(|problem| !problem.message.is_empty())),
    };
    assert_eq!(document.text(), text, "of the present version");
    let pipeline = document.pipeline();
    let mut problems = document.check();
    problems.extend(notes(pipeline));
    document.locate(&mut problems);
    problems.iter().for_each(|problem| drop(problem.to_string()));
    let anew = Document::of(pipeline).expect("what was read can be written");
    assert_eq!(anew.pipeline(), pipeline);

    let mut same = document.clone();
    same.set_pipeline(pipeline).expect("it stands there");
    assert_eq!(same.text(), text);
    let mut changed = pipeline.clone();
    changed.name.push('x');
    let many = changed.nodes.len();
    changed.nodes.rotate_left(usize::from(many > 1));
    changed.layout.insert("added".to_owned(), [1.0, 2.5]);
    if let Some(node) = changed.nodes.first_mut() {
        node.kind = NodeKind::Rekey { input: node.name.clone(), by: vec![text.chars().take(9).collect()] };
    }
    if changed.nodes.len() > 2 {
        changed.nodes.remove(1);
    }
    let mut edited = document.clone();
    edited.set_pipeline(&changed).expect("any pipeline can be written into any file");
    assert_eq!(edited.pipeline(), &changed);
    assert_eq!(Document::parse(edited.text()).as_ref(), Ok(&edited));
}
