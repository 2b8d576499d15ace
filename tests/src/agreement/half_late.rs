//! Rows that are late for their own sliding window, and in time for windows that later rows open.
//!
//! Fabula takes each row into every window of its key that is not closed. Kafka Streams keeps a row only in windows: one
//! whose own is closed gets into those that there are already, and is forgotten for those to come; and windows that begin
//! behind it may hold it by mistake, since they are made of others. So windows about such a row are left out of the
//! comparison; a fixed case shows both answers.

use serde_json::Value;

use super::answer::{Change, canonical};
use crate::oracle::streams::Record;

/// Which rows are half late.
#[derive(Debug, Clone)]
pub struct HalfLate {
    /// How far back a window reaches.
    pub size_ms: i64,
    /// How long it waits.
    pub grace_ms: i64,
    /// The fields that are the key; none if it is the record's.
    pub by: Vec<&'static str>,
}

impl HalfLate {
    /// The keys and times of such rows.
    pub fn rows(&self, records: &[Record]) -> Vec<(String, i64)> {
        let mut largest = i64::MIN;
        let mut rows = Vec::new();
        for record in records {
            largest = largest.max(record.time_ms);
            let closed = largest - self.grace_ms;
            let own_end = record.time_ms.max(self.size_ms);
            if own_end < closed && record.time_ms + 1 + self.size_ms >= closed {
                rows.push((self.key(record), record.time_ms));
            }
        }
        rows
    }

    fn key(&self, record: &Record) -> String {
        match &*self.by {
            [] => canonical(&record.key),
            [field] => canonical(&record.value[field]),
            fields => canonical(&Value::Array(fields.iter().map(|field| record.value[field].clone()).collect())),
        }
    }

    /// Whether a change is of a window that such a row has to do with.
    pub fn concerns(&self, rows: &[(String, i64)], change: &Change) -> bool {
        let reach = 2 * (self.size_ms + 1);
        let is_of = |(start, end): (i64, i64), time: i64| start <= time + reach && time <= end;
        rows.iter().any(|(key, time)| *key == change.key && change.window.is_some_and(|ends| is_of(ends, *time)))
    }
}
