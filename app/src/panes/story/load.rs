//! From ranks to rows that can be painted: payloads previewed, kinds recognised, chosen fields decoded.

use std::collections::BTreeMap;

use fabula_core::codec::{self, Cell, Choice, Codec, Decoded, Fault, Path, Payloads};
use fabula_core::event::EventRef;
use fabula_core::narrative::{Narrative, Row};
use fabula_core::store::{Damage, EventId, Matches, SegmentId, Snapshot};

use super::fields::Fields;
use super::row::{PREVIEW_CHARS, RowCell, StoryRow, mark_unusual};
use super::told::Dress;
use crate::formats::TopicFormats;

/// What rows are read with.
pub struct Reading<'a> {
    /// Where events lie.
    pub snapshot: &'a Snapshot,
    /// How rows look.
    pub dress: &'a Dress,
    /// Which events the search found.
    pub matches: Option<&'a Matches>,
    /// The chosen fields, read for columns.
    pub(super) fields: Fields,
}

/// Header names that say what kind of event it is, strongest first.
const KIND_HEADERS: [&str; 6] = ["ce_type", "type", "eventType", "__TypeId__", "axon-message-type", "MT-MessageType"];
/// Fields of the value that say so.
const KIND_FIELDS: [&str; 4] = ["eventType", "event_type", "type", "@type"];

/// Loads `count` rows from a rank on.
///
/// # Errors
/// When a segment turns out to be damaged.
pub fn load(narrative: &Narrative, first: u64, count: u64, reading: &Reading<'_>) -> Result<Vec<StoryRow>, Damage> {
    // The row before the first says how long the first one waited.
    let before = u64::from(first > 0);
    let told = narrative.rows(first - before, (count + before) as usize)?;
    let mut by_segment: BTreeMap<SegmentId, Vec<usize>> = BTreeMap::new();
    for (at, row) in told.iter().enumerate().skip(before as usize) {
        by_segment.entry(row.id.segment).or_default().push(at);
    }
    let mut rows: Vec<Option<StoryRow>> = told.iter().map(|_| None).collect();
    for (segment, places) in by_segment {
        load_segment(segment, &places, &told, reading, &mut rows)?;
    }
    for at in 1..told.len() {
        let since = told[at].time_ns.zip(told[at - 1].time_ns).map(|(this, last)| this.saturating_sub(last));
        if let Some(row) = &mut rows[at] {
            row.since_ns = since;
        }
    }
    let mut rows: Vec<StoryRow> = rows.into_iter().flatten().collect();
    mark_unusual(&mut rows);
    Ok(rows)
}

fn load_segment(
    id: SegmentId,
    places: &[usize],
    told: &[Row],
    reading: &Reading<'_>,
    rows: &mut [Option<StoryRow>],
) -> Result<(), Damage> {
    let Some(segment) = reading.snapshot.segment(id) else { return Ok(()) };
    let batch = segment.events()?;
    let formats = reading.dress.formats.of(batch.topic(), reading.snapshot)?;
    let numbers: Vec<u32> = places.iter().map(|&at| told[at].id.row).collect();
    let paths = kind_fields();
    let payloads = Payloads::new(batch.values(), &numbers);
    let kinds = formats.codecs.value.columns(&payloads, &paths, Fault::UndecodableValue);
    let mut fields = reading.fields.read(&batch, &numbers, &formats.codecs);
    for (nth, &at) in places.iter().enumerate() {
        let event = batch.event(numbers[nth] as usize);
        let row = &told[at];
        let undecodable = kinds.first().is_some_and(|column| matches!(column[nth], Cell::Failed(_)));
        rows[at] = Some(StoryRow {
            id: row.id,
            topic: event.topic().clone(),
            partition: event.partition(),
            offset: event.offset(),
            time_ns: row.time_ns,
            since_ns: None,
            unusual: false,
            runs_backwards: row.runs_backwards,
            key: payload_cell(event.key(), &formats.codecs.key, false, &reading.dress.literals),
            kind: kind_of(event, kinds.iter().map(|column| &column[nth])),
            value: payload_cell(event.value(), &formats.codecs.value, undecodable, &reading.dress.literals),
            fields: fields.iter_mut().map(|column| std::mem::take(&mut column[nth])).collect(),
            matched: is_match(reading, row.id),
        });
    }
    Ok(())
}

fn is_match(reading: &Reading<'_>, id: EventId) -> bool {
    reading.matches.is_some_and(|matches| matches.contains(id))
}

/// What kind of event it says it is.
pub fn kind_of_event(event: EventRef<'_>, formats: &TopicFormats) -> Option<String> {
    let rows = [event.row() as u32];
    let payloads = Payloads::new(event.batch().values(), &rows);
    let fields = formats.codecs.value.columns(&payloads, &kind_fields(), Fault::UndecodableValue);
    kind_of(event, fields.iter().filter_map(|column| column.first()))
}

fn kind_fields() -> Vec<Path> {
    KIND_FIELDS.iter().filter_map(|field| field.parse().ok()).collect()
}

/// What kind of event it says it is: by a header, else by a field of its value.
fn kind_of<'a>(event: EventRef<'_>, fields: impl Iterator<Item = &'a Cell<'a>>) -> Option<String> {
    let headers: Vec<(&str, Option<&[u8]>)> = event.headers().collect();
    let header = KIND_HEADERS.iter().find_map(|name| {
        let (_, value) = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name))?;
        std::str::from_utf8((*value)?).ok().filter(|text| !text.is_empty())
    });
    match header {
        Some(kind) => Some(short_kind(kind)),
        None => fields.into_iter().find_map(|cell| match cell {
            Cell::Text(text) if !text.is_empty() => Some(short_kind(text)),
            _ => None,
        }),
    }
}

/// A Java class goes by its own name; everything else as it is.
fn short_kind(kind: &str) -> String {
    let own = kind.rsplit(['.', '$']).next().unwrap_or(kind);
    let is_class = own.starts_with(|c: char| c.is_ascii_uppercase()) && kind.contains('.');
    if is_class { own.to_owned() } else { kind.to_owned() }
}

/// A key or value on one line. Text and JSON are shown as they lie there, without decoding them; a primitive is decoded.
fn payload_cell(payload: Option<&[u8]>, codec: &Codec, undecodable: bool, literals: &[String]) -> RowCell {
    let payload = match payload {
        None => return RowCell::Null,
        Some([]) => return RowCell::Empty,
        Some(payload) => payload,
    };
    let as_it_lies = || codec::preview(payload, PREVIEW_CHARS);
    let excerpt = || RowCell::text(excerpt(payload, literals), literals);
    match codec.choice() {
        _ if undecodable => RowCell::Undecodable { text: as_it_lies() },
        Choice::Json | Choice::Text | Choice::Bytes | Choice::Framed => excerpt(),
        Choice::Short | Choice::Int | Choice::Long | Choice::Float | Choice::Double | Choice::Uuid => {
            match codec.decode(Some(payload)) {
                Decoded::Value(value) => RowCell::text(value.cell().to_string(), literals),
                Decoded::Null | Decoded::Empty | Decoded::Undecodable(_) => RowCell::Undecodable { text: as_it_lies() },
            }
        }
    }
}

/// The beginning of a payload; where what was found stands too far behind it to be seen, the part around that.
fn excerpt(payload: &[u8], literals: &[String]) -> String {
    /// What stands further behind would be cut off in most windows.
    const SEEN: usize = 36;
    /// How far is looked: a row is one line, and the rest is the inspector's.
    const LOOKED_AT: usize = 64 << 10;
    let head = &payload[..payload.len().min(LOOKED_AT)];
    let first = literals.iter().filter_map(|literal| position(head, literal.as_bytes())).min();
    let Some(at) = first.filter(|at| *at > SEEN) else { return codec::preview(payload, PREVIEW_CHARS) };
    let is_start = |at: usize| payload[at] & 0b1100_0000 != 0b1000_0000;
    let start = (at - SEEN / 2..at).find(|&at| is_start(at)).unwrap_or(at);
    format!("…{}", codec::preview(&payload[start..], PREVIEW_CHARS))
}

/// Where bytes stand, ASCII letters small or large.
fn position(bytes: &[u8], literal: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(literal.len()).filter(|_| !literal.is_empty())?;
    (0..=last).find(|&at| bytes[at..at + literal.len()].eq_ignore_ascii_case(literal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_goes_by_its_own_name() {
        assert_eq!(short_kind("com.shop.payments.PaymentFailed"), "PaymentFailed");
        assert_eq!(short_kind("com.shop.Events$Paid"), "Paid");
        assert_eq!(short_kind("shop.payment.failed.v2"), "shop.payment.failed.v2");
        assert_eq!(short_kind("OrderPlaced"), "OrderPlaced");
    }

    #[test]
    fn what_was_found_far_behind_is_brought_into_sight() {
        let value = format!("{{\"a\":\"{}\",\"id\":\"A-7\"}}", "ž".repeat(300));
        let shown = excerpt(value.as_bytes(), &["a-7".into()]);
        assert!(shown.starts_with('…') && shown.chars().take(40).collect::<String>().contains("A-7"), "{shown}");
        assert_eq!(excerpt(b"A-7 first", &["A-7".into()]), "A-7 first");
        assert_eq!(excerpt(b"nothing", &["A-7".into()]), "nothing");
    }

    #[test]
    fn null_empty_text_and_nonsense_are_told_apart() {
        let json = Codec::new(Choice::Json);
        assert_eq!(payload_cell(None, &json, false, &[]), RowCell::Null);
        assert_eq!(payload_cell(Some(b""), &json, false, &[]), RowCell::Empty);
        assert!(matches!(payload_cell(Some(b"{}"), &json, false, &[]), RowCell::Text { .. }));
        assert!(matches!(payload_cell(Some(b"{"), &json, true, &[]), RowCell::Undecodable { .. }));
        let long = Codec::new(Choice::Long);
        assert_eq!(payload_cell(Some(&7_i64.to_be_bytes()), &long, false, &[]).spoken(), "7");
        assert!(matches!(payload_cell(Some(b"abc"), &long, false, &[]), RowCell::Undecodable { .. }));
    }
}
