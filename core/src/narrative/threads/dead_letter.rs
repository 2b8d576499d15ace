//! Dead letters: events put aside, whose headers say exactly which event they were.

use crate::event::{Coordinates, EventRef};

/// Where a dead letter was before.
pub(super) type Origin = Coordinates;

/// The families of headers, oldest names last: topic, partition, offset.
const FAMILIES: [[&str; 3]; 3] = [
    ["kafka_dlt-original-topic", "kafka_dlt-original-partition", "kafka_dlt-original-offset"],
    ["__connect.errors.topic", "__connect.errors.partition", "__connect.errors.offset"],
    ["kafka_original-topic", "kafka_original-partition", "kafka_original-offset"],
];

/// Headers that say why, the most telling first.
const REASONS: [&str; 6] = [
    "kafka_dlt-exception-message",
    "kafka_exception-message",
    "__connect.errors.exception.message",
    "kafka_dlt-exception-fqcn",
    "kafka_exception-fqcn",
    "__connect.errors.exception.class.name",
];

/// Where a reader keeps the headers of dead letters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DeadLetterHeaders {
    families: [[usize; 3]; 3],
    reasons: [usize; 2],
}

impl DeadLetterHeaders {
    pub(super) fn new(mut place: impl FnMut(&str) -> usize) -> Self {
        let families = FAMILIES.map(|names| names.map(&mut place));
        Self { families, reasons: [REASONS[0], REASONS[2]].map(place) }
    }

    /// The event that a dead letter was, if the headers are a dead letter's and say so.
    pub(super) fn origin(&self, headers: &[Option<&[u8]>]) -> Option<Origin> {
        self.families.iter().find_map(|&[topic, partition, offset]| {
            let topic = std::str::from_utf8(headers[topic]?).ok()?;
            let partition = i32::try_from(number(headers[partition]?)?).ok()?;
            let offset = number(headers[offset]?)?;
            (!topic.is_empty()).then(|| Origin { topic: topic.trim_matches('"').into(), partition, offset })
        })
    }

    /// Whether the headers say that something failed, though not where the event was before.
    pub(super) fn says_failed(&self, headers: &[Option<&[u8]>]) -> bool {
        self.reasons.iter().any(|&reason| headers[reason].is_some())
    }
}

/// A number as Spring writes it (big-endian bytes) or as Kafka Connect does (digits).
fn number(bytes: &[u8]) -> Option<i64> {
    let digits = std::str::from_utf8(bytes).ok().and_then(|text| text.trim_matches('"').parse::<i64>().ok());
    match (digits, bytes) {
        (Some(number), _) => Some(number),
        (None, &[a, b, c, d]) => Some(i32::from_be_bytes([a, b, c, d]).into()),
        (None, bytes) => <[u8; 8]>::try_from(bytes).ok().map(i64::from_be_bytes),
    }
}

/// Why an event was put aside, in the words of its headers.
pub(super) fn reason(event: EventRef<'_>) -> Option<String> {
    REASONS.iter().find_map(|reason| {
        let header = event.headers().find(|(name, _)| name.eq_ignore_ascii_case(reason));
        let text = String::from_utf8_lossy(header?.1?).into_owned();
        (!text.is_empty()).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_both_ways_of_writing() {
        assert_eq!(number(&7_i32.to_be_bytes()), Some(7));
        assert_eq!(number(&1_234_567_890_123_i64.to_be_bytes()), Some(1_234_567_890_123));
        assert_eq!(number(b"42"), Some(42));
        assert_eq!(number(b"1234"), Some(1234));
        assert_eq!(number(b""), None);
    }
}
