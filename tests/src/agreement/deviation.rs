//! Where Fabula differs from Kafka Streams on purpose, and what Kafka Streams' answer comes to there.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Change, Changes, canonical};
use crate::oracle::streams::{Record, Window};

/// A difference on purpose.
#[derive(Debug, Clone)]
pub enum Deviation {
    /// None: the answers are equal as they are.
    None,
    /// What a session's merge takes back is told at another time: Kafka Streams gives it the end of the session that goes,
    /// Fabula the time of the change.
    Sessions,
    /// Finals of sessions and sliding windows, which Kafka Streams' `suppress` gives 1 ms early and may give twice. So it
    /// is asked for the updates; what stands of a window when it is closed is its final.
    Finals {
        /// The windows.
        window: Window,
        /// How long they wait.
        grace_ms: i64,
    },
    /// A record without a value meets nothing, and is padded by the side that is kept; Kafka Streams drops it.
    NullValues {
        /// The topics of the kept sides, and whether each is the left one.
        kept: Vec<(&'static str, bool)>,
    },
    /// A result of a foreign key has the later time of its two rows and of the change, as that of any join of tables;
    /// Kafka Streams gives it the time of the change alone, and gives it once more when an absent row is taken away.
    ForeignTimes,
    /// A row that has expired matches nothing, and one without a match is padded once, when it expires. Kafka Streams may
    /// join it all the same, pads rows that lie behind their bound before the grace is over, and may join them then.
    Expiry(Expiry),
}

/// A join of the streams `a` and `b`.
#[derive(Debug, Clone)]
pub struct Expiry {
    /// The topics whose rows are kept.
    pub kept: Vec<(&'static str, bool)>,
    /// How long a left row waits for partners, and a right one, the grace included.
    pub wait_ms: [i64; 2],
    /// The field of the value that is the left key; `None` is the record's key.
    pub left_field: Option<&'static str>,
    /// Whether every row comes so early that Kafka Streams matches as Fabula does. Then what it pads must be what Fabula
    /// pads; it may do so later, since it looks for rows that have expired only now and then.
    pub in_time: bool,
}

impl Deviation {
    /// Whether Kafka Streams is asked for updates although Fabula gives something else.
    pub fn is_of_updates(&self) -> bool {
        matches!(self, Self::Finals { .. })
    }

    /// Whether it is not compared when a row was taken back.
    pub fn forgets_times_of_tombstones(&self) -> bool {
        matches!(self, Self::Sessions | Self::ForeignTimes)
    }

    /// What Kafka Streams' answer comes to.
    pub fn applied(&self, theirs: Changes, records: &[Record]) -> Changes {
        match self {
            Self::None | Self::Sessions => theirs,
            Self::Finals { window, grace_ms } => finals(theirs, records, *window, *grace_ms),
            Self::NullValues { kept } => with_null_values(theirs, records, kept),
            Self::ForeignTimes => with_times_of_both(theirs, records),
            Self::Expiry(expiry) => expiry.applied(theirs, records),
        }
    }
}

/// What stands of each window when it is closed.
fn finals(updates: Changes, records: &[Record], window: Window, grace_ms: i64) -> Changes {
    let mut open: BTreeMap<(String, Option<(i64, i64)>), Change> = BTreeMap::new();
    let mut largest = i64::MIN;
    let of_event = |(changes, record): (Vec<Change>, &Record)| {
        for change in changes {
            let id = (change.key.clone(), change.window);
            match change.value {
                Some(_) => open.insert(id, change),
                None => open.remove(&id),
            };
        }
        largest = largest.max(record.time_ms);
        let is_closed = |(_, end): (i64, i64)| match window {
            Window::Tumbling { .. } | Window::Hopping { .. } => largest >= end + grace_ms,
            Window::Session { gap_ms } => end < largest - grace_ms - gap_ms,
            Window::Sliding { .. } => end < largest - grace_ms,
        };
        let closed: Vec<_> = open.keys().filter(|(_, ends)| ends.is_some_and(is_closed)).cloned().collect();
        closed.iter().filter_map(|id| open.remove(id)).collect()
    };
    updates.into_iter().zip(records).map(of_event).collect()
}

fn with_null_values(mut theirs: Changes, records: &[Record], kept: &[(&'static str, bool)]) -> Changes {
    for (changes, record) in theirs.iter_mut().zip(records) {
        if record.value.is_null() && kept.iter().any(|(topic, _)| **topic == record.topic) {
            changes.push(pair(Value::Null, Value::Null, record.time_ms));
        }
    }
    theirs
}

fn with_times_of_both(theirs: Changes, records: &[Record]) -> Changes {
    let mut table: BTreeMap<String, String> = BTreeMap::new();
    let rights: Vec<&Record> = records.iter().filter(|record| record.topic == "s").collect();
    let lefts: Vec<&Record> = records.iter().filter(|record| record.topic == "t" && !record.value.is_null()).collect();
    let mut of_change = |mut change: Change, at: usize| {
        let Some(value) = &change.value else {
            table.remove(&change.key);
            return Some(change);
        };
        if table.insert(change.key.clone(), value.clone()).as_ref() == Some(value) {
            return None;
        }
        let nothing = Record::new("s", Value::Null, i64::MIN, Value::Null);
        let mut pairs = lefts.iter().flat_map(|left| rights.iter().map(move |right| (*left, *right)));
        let alone = lefts.iter().map(|left| (*left, &nothing));
        let is_of =
            |(left, right): &(&Record, &Record)| pair(left.value.clone(), right.value.clone(), 0).value == change.value;
        let of = pairs.by_ref().filter(|(_, right)| !right.value.is_null()).chain(alone).find(is_of);
        let (left, right) = of.unwrap_or_else(|| panic!("{change:?} is of no two records"));
        change.time_ms = Some(left.time_ms.max(right.time_ms).max(records[at].time_ms));
        Some(change)
    };
    let each = theirs.into_iter().enumerate();
    each.map(|(at, changes)| changes.into_iter().filter_map(|change| of_change(change, at)).collect()).collect()
}

fn pair(left: Value, right: Value, time_ms: i64) -> Change {
    let value = canonical(&json!({ "left": left, "right": right }));
    Change { key: "null".to_owned(), window: None, value: Some(value), time_ms: Some(time_ms) }
}

impl Expiry {
    /// The largest time when each record has come.
    fn times(records: &[Record]) -> Vec<i64> {
        let largest = records.iter().scan(i64::MIN, |largest, record| {
            *largest = record.time_ms.max(*largest);
            Some(*largest)
        });
        largest.collect()
    }

    fn wait_ms(&self, record: &Record) -> i64 {
        self.wait_ms[usize::from(record.topic == "b")]
    }

    fn has_key(&self, record: &Record) -> bool {
        let key = match self.left_field {
            Some(field) if record.topic == "a" => &record.value[field],
            _ => &record.key,
        };
        !key.is_null() && !record.value.is_null()
    }

    fn padded(record: &Record) -> Change {
        let nothing = Value::Null;
        match record.topic.as_str() {
            "a" => pair(record.value.clone(), nothing, record.time_ms),
            _ => pair(nothing, record.value.clone(), record.time_ms),
        }
    }

    /// Kafka Streams' matches, but those of rows that had expired, and the rows of kept sides that have none, each when
    /// it expires.
    fn applied(&self, theirs: Changes, records: &[Record]) -> Changes {
        let times = Self::times(records);
        let is_kept = |record: &Record| self.kept.iter().any(|(topic, _)| **topic == record.topic);
        let alive = |record: &Record, at: usize| times[at] <= record.time_ms + self.wait_ms(record);
        let mut matched = vec![false; records.len()];
        let mut answer: Changes = vec![Vec::new(); records.len()];
        let mut theirs_alone = Vec::new();
        for (at, changes) in theirs.into_iter().enumerate() {
            for change in changes {
                match Self::partner(&change, records, at) {
                    Some(partner) if alive(&records[at], at) && alive(&records[partner], at) => {
                        matched[at] = true;
                        matched[partner] = true;
                        answer[at].push(change);
                    }
                    Some(_) => {}
                    None => theirs_alone.push((at, change)),
                }
            }
        }
        let expires = |row: usize| (row + 1..records.len()).find(|&later| !alive(&records[row], later));
        for (at, record) in records.iter().enumerate().filter(|(_, record)| is_kept(record)) {
            if !self.has_key(record) {
                answer[at].push(Self::padded(record));
            } else if !matched[at]
                && alive(record, at)
                && let Some(later) = expires(at)
            {
                answer[later].push(Self::padded(record));
            }
        }
        if self.in_time {
            for (at, change) in theirs_alone {
                // What they pad must be a row that has expired without a match, or one that has no key.
                let is_so = |row: &usize| {
                    let record = &records[*row];
                    let is_over = expires(*row).is_some_and(|expired| expired <= at) && !matched[*row];
                    Self::padded(record) == change
                        && is_kept(record)
                        && (is_over || !self.has_key(record) && *row == at)
                };
                if !(0..=at).any(|row| is_so(&row)) {
                    answer[at].push(change);
                }
            }
        }
        answer
    }

    /// The earlier row that, paired with the row at a place, gives a result.
    fn partner(change: &Change, records: &[Record], at: usize) -> Option<usize> {
        (0..at).find(|&other| {
            let (left, right) = if records[at].topic == "a" { (at, other) } else { (other, at) };
            let [left, right] = [&records[left], &records[right]];
            let are_both = left.topic == "a" && right.topic == "b" && !left.value.is_null() && !right.value.is_null();
            are_both && pair(left.value.clone(), right.value.clone(), 0).value == change.value
        })
    }
}
