//! A row of the story, made ready to be painted by the job that fetched it: a frame only lays out its texts.

use std::ops::Range;

use fabula_core::event::TopicName;
use fabula_core::store::EventId;

/// How many characters of a payload are kept for a row: more than any screen shows in one line.
pub const PREVIEW_CHARS: usize = 320;

/// What a column shows of one event. Null, empty and absent are three pictures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RowCell {
    /// The field is not there, or there is nothing to say.
    #[default]
    Absent,
    /// The payload or the field is null.
    Null,
    /// It is there, and empty.
    Empty,
    /// Text, with the parts that the search found.
    Text {
        /// What is shown.
        text: String,
        /// Byte ranges of `text`.
        found: Vec<Range<usize>>,
        /// Whether it is a number, and stands to the right in a column of its own.
        number: bool,
    },
    /// Bytes that are not of the topic's format, as text or in hex.
    Undecodable {
        /// What is shown.
        text: String,
    },
}

impl RowCell {
    /// Text with the parts marked that hold one of the literals (ASCII case is not told apart, as the search does not).
    pub fn text(text: String, literals: &[String]) -> Self {
        if text.is_empty() {
            return Self::Empty;
        }
        let found = occurrences(&text, literals);
        Self::Text { text, found, number: false }
    }

    /// What a screen reader says, and what is copied.
    pub fn spoken(&self) -> &str {
        match self {
            Self::Absent => "",
            Self::Null => "null",
            Self::Empty => "empty",
            Self::Text { text, .. } | Self::Undecodable { text } => text,
        }
    }
}

/// One event of the story.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryRow {
    /// Which event.
    pub id: EventId,
    /// Its topic.
    pub topic: TopicName,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its time; `None` where the record has none.
    pub time_ns: Option<i64>,
    /// How long after the event before it in time.
    pub since_ns: Option<i64>,
    /// Whether that is unusually long among its neighbours.
    pub unusual: bool,
    /// Whether its time is before that of the event before it in its partition.
    pub runs_backwards: bool,
    /// Its key.
    pub key: RowCell,
    /// What kind of event it says it is.
    pub kind: Option<String>,
    /// Its value; [`RowCell::Null`] is a tombstone.
    pub value: RowCell,
    /// The chosen fields, one for each column asked for.
    pub fields: Vec<RowCell>,
    /// Whether the search matched it.
    pub matched: bool,
}

impl StoryRow {
    /// Whether the event speaks of a failure, by its kind's own name.
    pub fn is_failure(&self) -> bool {
        let failure = |kind: &str| {
            ["fail", "error", "deadletter", "dead-letter", "dead_letter", "rejected"]
                .iter()
                .any(|word| kind.to_ascii_lowercase().contains(word))
        };
        self.kind.as_deref().is_some_and(failure)
    }
}

/// Where the literals stand in a text, sorted and apart from one another.
fn occurrences(text: &str, literals: &[String]) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<Range<usize>> = Vec::new();
    for literal in literals.iter().filter(|literal| !literal.is_empty()) {
        let literal = literal.to_ascii_lowercase();
        found.extend(lower.match_indices(&literal).map(|(at, part)| at..at + part.len()));
    }
    found.sort_by_key(|range| range.start);
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// Marks the waits that stand out among their neighbours: beyond the upper fence of their quartiles (Tukey's far-out
/// fence, Q3 + 3 times the quartiles' distance), and at least a tenth of a second.
pub fn mark_unusual(rows: &mut [StoryRow]) {
    const LEAST: i64 = 100_000_000;
    let mut waits: Vec<i64> = rows.iter().filter_map(|row| row.since_ns).filter(|wait| *wait >= 0).collect();
    if waits.len() < 8 {
        return;
    }
    waits.sort_unstable();
    let (first, third) = (waits[waits.len() / 4], waits[waits.len() * 3 / 4]);
    let fence = third.saturating_add((third - first).saturating_mul(3)).max(LEAST);
    for row in rows {
        row.unusual = row.since_ns.is_some_and(|wait| wait > fence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(since_ms: i64) -> StoryRow {
        StoryRow {
            id: EventId { segment: fabula_core::store::SegmentId(0), row: 0 },
            topic: "orders".into(),
            partition: 0,
            offset: 0,
            time_ns: Some(0),
            since_ns: Some(since_ms * 1_000_000),
            unusual: false,
            runs_backwards: false,
            key: RowCell::Absent,
            kind: None,
            value: RowCell::Absent,
            fields: Vec::new(),
            matched: false,
        }
    }

    #[test]
    fn a_wait_that_stands_out_is_marked() {
        let mut rows: Vec<StoryRow> = [38, 264, 120, 356, 168, 722, 374, 101, 153, 5_204].map(row).into();
        mark_unusual(&mut rows);
        let unusual: Vec<bool> = rows.iter().map(|row| row.unusual).collect();
        assert_eq!(unusual.iter().filter(|unusual| **unusual).count(), 1);
        assert!(unusual[9]);
    }

    #[test]
    fn an_even_pace_has_no_unusual_wait() {
        let mut rows: Vec<StoryRow> = (0..50).map(|_| row(1_000)).collect();
        mark_unusual(&mut rows);
        assert!(rows.iter().all(|row| !row.unusual));
    }

    #[test]
    fn what_was_found_is_marked_once() {
        let RowCell::Text { found, .. } = RowCell::text("abcabcX".into(), &["ABC".into(), "bca".into()]) else {
            panic!("text")
        };
        assert_eq!((found.len(), found[0].clone()), (1, 0..6));
    }

    #[test]
    fn null_empty_and_absent_are_three_things() {
        assert_eq!(RowCell::text(String::new(), &[]), RowCell::Empty);
        let spoken = [RowCell::Null, RowCell::Empty, RowCell::Absent].map(|cell| cell.spoken().to_owned());
        assert_eq!(spoken, ["null", "empty", ""]);
    }
}
