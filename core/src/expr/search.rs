//! Looking through a store for what a query asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::need::{Need, Place};
use super::{Expr, Query};
use crate::codec::{Choice, TopicCodecs};
use crate::event::{EventBatch, TopicName};
use crate::store::Segment;
use crate::store::search::{
    Judge, Literal, Places, Prefilter, Search, SearchError, SearchOptions, Verdict, search_literal, search_rows,
};

/// The formats of topics.
#[derive(Debug, Clone)]
pub struct Codecs {
    topics: BTreeMap<TopicName, TopicCodecs>,
    other: TopicCodecs,
}

impl Default for Codecs {
    /// No topic is known; those that are asked for are taken for JSON with keys of text.
    fn default() -> Self {
        Self { topics: BTreeMap::new(), other: TopicCodecs::new(Choice::Text, Choice::Json) }
    }
}

impl Codecs {
    /// Says which formats a topic is in.
    pub fn insert(&mut self, topic: TopicName, codecs: TopicCodecs) {
        self.topics.insert(topic, codecs);
    }

    /// The formats of a topic.
    pub fn of(&self, topic: &str) -> &TopicCodecs {
        self.topics.get(topic).unwrap_or(&self.other)
    }
}

/// A search under way, and what only conditions count.
#[derive(Debug)]
pub struct ConditionSearch {
    /// The search.
    pub search: Search,
    mismatched: Arc<AtomicU64>,
}

impl ConditionSearch {
    /// How often a value was of another kind than what it was compared with or given to: such comparisons are unknown.
    pub fn mismatched(&self) -> u64 {
        self.mismatched.load(Ordering::Relaxed)
    }
}

/// Starts to look through segments for what a query asks. A condition's literals are looked for first, at memory speed;
/// only events that hold them are decoded.
///
/// # Errors
/// As [`search_rows`].
pub fn search(
    segments: Vec<Arc<Segment>>,
    query: &Query,
    codecs: &Arc<Codecs>,
    options: SearchOptions,
) -> Result<ConditionSearch, SearchError> {
    let mismatched = Arc::new(AtomicU64::new(0));
    let search = match query {
        Query::Everything => {
            let all = |_: &EventBatch, rows: &[u32]| Verdict { rows: rows.to_vec(), ..Verdict::default() };
            search_rows(segments, &Prefilter::Nothing, Arc::new(all), options)?
        }
        Query::Literal(text) => {
            let bytes = text.as_bytes().to_vec();
            search_literal(segments, Literal { bytes, ignore_ascii_case: true, places: Places::ALL }, options)?
        }
        Query::Condition(condition) => {
            let prefilter = prefilter(&segments, condition, codecs);
            let judge =
                ConditionJudge { condition: condition.clone(), codecs: codecs.clone(), mismatched: mismatched.clone() };
            search_rows(segments, &prefilter, Arc::new(judge), options)?
        }
    };
    Ok(ConditionSearch { search, mismatched })
}

struct ConditionJudge {
    condition: Expr,
    codecs: Arc<Codecs>,
    mismatched: Arc<AtomicU64>,
}

impl Judge for ConditionJudge {
    fn judge(&self, events: &EventBatch, rows: &[u32]) -> Verdict {
        let matching = self.condition.matches(events, rows, self.codecs.of(events.topic()));
        self.mismatched.fetch_add(matching.mismatched, Ordering::Relaxed);
        Verdict {
            rows: matching.rows,
            failed: matching.failures.len() as u64,
            first_failure: matching.failures.first().map(|(row, fault)| (*row, fault.to_string())),
        }
    }
}

/// What every event that can match must hold, whatever its topic's formats.
fn prefilter(segments: &[Arc<Segment>], condition: &Expr, codecs: &Codecs) -> Prefilter {
    let mut topics: Vec<&TopicName> = segments.iter().map(|segment| &segment.partition().topic).collect();
    topics.sort_unstable();
    topics.dedup();
    let mut needs: Vec<Prefilter> = Vec::new();
    for topic in topics {
        let need = of_need(&condition.need(codecs.of(topic)));
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    if needs.len() == 1 { needs.remove(0) } else { Prefilter::Or(needs) }
}

fn of_need(need: &Need) -> Prefilter {
    let nowhere = Places { key: false, value: false, header_names: false, header_values: false };
    match need {
        Need::Nothing => Prefilter::Nothing,
        Need::Bytes(place, bytes) => {
            let places = match place {
                Place::Key => Places { key: true, ..nowhere },
                Place::Value => Places { value: true, ..nowhere },
                Place::Header => Places { header_values: true, ..nowhere },
            };
            Prefilter::Holds(Literal { bytes: bytes.clone(), ignore_ascii_case: false, places })
        }
        Need::All(needs) => Prefilter::And(needs.iter().map(of_need).collect()),
        Need::Any(needs) => Prefilter::Or(needs.iter().map(of_need).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventBatchBuilder, TimestampType};
    use crate::store::SegmentId;

    fn segment(id: u32, topic: &str, values: &[&str]) -> Arc<Segment> {
        let mut builder = EventBatchBuilder::new(topic, 0);
        for (offset, value) in values.iter().enumerate() {
            let value = Some(value.as_bytes());
            builder.push(offset as i64, offset as i64, TimestampType::Create, Some(b"k"), value, []);
        }
        let end = values.len() as i64;
        Arc::new(Segment::live(SegmentId(id), builder.finish(), (0, end)).unwrap())
    }

    #[test]
    fn a_condition_is_looked_for_in_every_topic_by_its_own_format() {
        let segments = vec![
            segment(
                1,
                "payments",
                &[r#"{"s":"FAILED"}"#, r#"{"s":"OK"}"#, "{\"s\":\"\\u0046AILED\"}", "{\"s\":\"FAILED"],
            ),
            segment(2, "log", &["FAILED", "{\"s\":\"FAILED\"}"]),
        ];
        let mut codecs = Codecs::default();
        codecs.insert("log".into(), TopicCodecs::new(Choice::Text, Choice::Text));
        let codecs = Arc::new(codecs);
        let matched = |text: &str| {
            let query = Query::parse(text).unwrap();
            let search = search(segments.clone(), &query, &codecs, SearchOptions::default()).unwrap();
            let (_, report) = search.search.finish();
            (report.matched, report.failed, report.scanned)
        };
        assert_eq!(matched("value.s = 'FAILED'"), (2, 1, 6));
        assert_eq!(matched("value = 'FAILED'"), (1, 1, 6));
        assert_eq!(matched("failed"), (4, 0, 6));
        assert_eq!(matched(""), (6, 0, 6));
        assert_eq!(matched("topic = 'log' AND offset = 1"), (1, 0, 6));
    }
}
