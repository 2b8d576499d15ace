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

/// What became of an event that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Put aside for good.
    Dead,
    /// In a topic of dead letters by its name: its headers say nothing of it.
    Named,
    /// Put aside to be tried again: Spring's retry topics name the original as dead letters do.
    Retry,
}

/// Says how often an event in one of Spring's retry topics was tried; the dead letter in the end has it too.
const ATTEMPTS: &str = "retry_topic-attempts";

/// Where a reader keeps the headers of dead letters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DeadLetterHeaders {
    families: [[usize; 3]; 3],
    reasons: [usize; 2],
    attempts: usize,
    is_dead: bool,
    /// Whether the topic's name says that all in it are dead letters.
    is_named: bool,
    is_retry: bool,
}

impl DeadLetterHeaders {
    pub(super) fn new(topic: &str, mut place: impl FnMut(&str) -> usize) -> Self {
        let topic = topic.to_ascii_lowercase();
        let families = FAMILIES.map(|names| names.map(&mut place));
        let reasons = [REASONS[0], REASONS[2]].map(&mut place);
        let is_dead = ["dlt", "dlq", "dead"].iter().any(|name| topic.contains(name));
        let is_retry = !is_dead && ["retry", "retries"].iter().any(|name| topic.contains(name));
        let is_named = is_of_dead_letters(&topic);
        Self { families, reasons, attempts: place(ATTEMPTS), is_dead, is_named, is_retry }
    }

    /// The event that a dead letter or a retry was, if its headers say so.
    pub(super) fn origin(&self, headers: &[Option<&[u8]>]) -> Option<Origin> {
        self.families.iter().find_map(|&[topic, partition, offset]| {
            let topic = std::str::from_utf8(headers[topic]?).ok()?;
            let partition = i32::try_from(number(headers[partition]?)?).ok()?;
            let offset = number(headers[offset]?)?;
            (!topic.is_empty()).then(|| Origin { topic: topic.trim_matches('"').into(), partition, offset })
        })
    }

    /// What became of the event, if its headers say that something failed.
    pub(super) fn fate(&self, headers: &[Option<&[u8]>]) -> Option<Fate> {
        let named = self.families.iter().any(|family| family.iter().all(|&header| headers[header].is_some()));
        let tried = headers[self.attempts].is_some();
        let failed = self.reasons.iter().any(|&reason| headers[reason].is_some());
        if !(named || tried || failed) {
            return self.is_named.then_some(Fate::Named);
        }
        // The headers of a retry and of the dead letter in the end are alike: the topic's name tells.
        Some(if self.is_retry || (tried && !self.is_dead) { Fate::Retry } else { Fate::Dead })
    }
}

/// Whether a topic is one of dead letters by its name: `orders.dlq`, `orders-dlt`, `dead-letter-queue`, `orders.dlq.v1`.
fn is_of_dead_letters(topic: &str) -> bool {
    let mut words: Vec<&str> = topic.split(['.', '-', '_']).filter(|word| !word.is_empty()).collect();
    let is_version = |word: &&str| {
        let digits = word.strip_prefix('v').unwrap_or(word);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    while words.last().is_some_and(|word| is_version(word) || matches!(*word, "queue" | "topic")) {
        words.pop();
    }
    match words.as_slice() {
        [.., "dead", "letter" | "letters"] => true,
        [.., last] => ["dlq", "dlt", "deadletter", "deadletters"].contains(last),
        [] => false,
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

/// Why an event was put aside, in the words of its headers: of those that frameworks write, else of any that speaks of
/// an exception or an error, a message rather than a name.
pub(super) fn reason(event: EventRef<'_>) -> Option<String> {
    let text = |value: &[u8]| Some(String::from_utf8_lossy(value).into_owned()).filter(|text| !text.is_empty());
    let known = REASONS.iter().find_map(|reason| {
        let header = event.headers().find(|(name, _)| name.eq_ignore_ascii_case(reason));
        text(header?.1?)
    });
    known.or_else(|| {
        let mut speaking: Vec<(bool, String)> = event
            .headers()
            .filter_map(|(name, value)| {
                let name = name.to_ascii_lowercase();
                let speaks = ["exception", "error"].iter().any(|word| name.contains(word));
                let is_trace = ["stack", "trace"].iter().any(|word| name.contains(word));
                let is_place = ["topic", "partition", "offset"].iter().any(|word| name.ends_with(word));
                let value = value.filter(|_| speaks && !is_trace && !is_place)?;
                Some((!name.contains("message"), text(value)?))
            })
            .collect();
        speaking.sort_by_key(|(is_no_message, _)| *is_no_message);
        speaking.into_iter().next().map(|(_, text)| text)
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

    #[test]
    fn a_retry_is_no_dead_letter() {
        let fate = |topic: &str, said: &[&str]| {
            let mut names: Vec<String> = Vec::new();
            let headers = DeadLetterHeaders::new(topic, |name| {
                names.push(name.to_owned());
                names.len() - 1
            });
            let values: Vec<Option<&[u8]>> =
                names.iter().map(|name| said.contains(&name.as_str()).then_some(b"0".as_slice())).collect();
            headers.fate(&values)
        };
        let original = FAMILIES[2];
        let tried: Vec<&str> = original.into_iter().chain([ATTEMPTS]).collect();
        assert_eq!(fate("orders-retry-0", &tried), Some(Fate::Retry));
        assert_eq!(fate("orders-retry-0", &original), Some(Fate::Retry));
        assert_eq!(fate("orders-again", &tried), Some(Fate::Retry));
        assert_eq!(fate("orders-dlt", &tried), Some(Fate::Dead));
        assert_eq!(fate("orders-retry-dlt", &tried), Some(Fate::Dead));
        assert_eq!(fate("orders.DLT", &FAMILIES[0]), Some(Fate::Dead));
        assert_eq!(fate("orders", &[]), None);
        assert_eq!(fate("orders-retry-0", &[]), None);
        for topic in ["orders.DLQ", "orders-dlt", "dead-letter-queue", "orders_dead_letters", "orders.dlq.v1", "dlq"] {
            assert_eq!(fate(topic, &[]), Some(Fate::Named), "{topic}");
        }
        for topic in ["deadlines", "orders.dlq.replayed", "letters", "v1"] {
            assert_eq!(fate(topic, &[]), None, "{topic}");
        }
    }
}
