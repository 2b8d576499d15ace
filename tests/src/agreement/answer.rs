//! Both engines' answers in one form, so that they can be held against each other.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::oracle::streams;

/// A row that came out, or one of a table that goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The key, as JSON.
    pub key: String,
    /// The window's start and end.
    pub window: Option<(i64, i64)>,
    /// The row as JSON; `None`: it is taken back.
    pub value: Option<String>,
    /// The result's time; `None` where it is not compared.
    pub time_ms: Option<i64>,
}

/// What each event of the input caused.
pub type Changes = Vec<Vec<Change>>;

/// What Kafka Streams said. Of a stream of events a null value is a row of nulls.
pub fn of_streams(answer: &streams::Answer, events: usize, is_table: bool, nothing: &Value) -> Changes {
    let mut changes = vec![Vec::new(); events];
    for row in &answer.rows {
        let value = match &row.value {
            Value::Null if is_table => None,
            Value::Null => Some(canonical(nothing)),
            value => Some(canonical(value)),
        };
        changes[row.by].push(Change {
            key: canonical(&row.key),
            window: row.window.map(|ends| (ends.start_ms, ends.end_ms)),
            value,
            time_ms: Some(row.time_ms),
        });
    }
    changes
}

/// JSON in one form: fields by name, numbers by what they are worth to ten digits.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<&String, String> = fields.iter().map(|(name, part)| (name, canonical(part))).collect();
            let fields: Vec<String> = fields.into_iter().map(|(name, part)| format!("{name}:{part}")).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(parts) => format!("[{}]", parts.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 => format!("{float:.0}"),
            Some(float) => format!("{float:.9e}"),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// The changes of a table without those that change nothing, which Kafka Streams gives and Fabula doesn't (a change whose
/// old and new row are equal is none): a tombstone directly before the same row's next value, a value that stands with
/// the same time, a tombstone of what is not there.
pub fn settled(changes: Changes) -> Changes {
    let mut table: BTreeMap<(String, Option<(i64, i64)>), Change> = BTreeMap::new();
    let of_event = |changes: Vec<Change>| {
        let same = |one: &Change, other: &Change| (&one.key, one.window) == (&other.key, other.window);
        let replaced = |at: usize| {
            let mut later = changes[at + 1..].iter();
            changes[at].value.is_none() && later.any(|later| later.value.is_some() && same(&changes[at], later))
        };
        let kept: Vec<Change> = (0..changes.len()).filter(|&at| !replaced(at)).map(|at| changes[at].clone()).collect();
        let mut settled = Vec::new();
        for change in kept {
            let id = (change.key.clone(), change.window);
            let changes_it = if change.value.is_some() {
                table.insert(id, change.clone()).as_ref() != Some(&change)
            } else {
                table.remove(&id).is_some()
            };
            if changes_it {
                settled.push(change);
            }
        }
        settled
    };
    changes.into_iter().map(of_event).collect()
}

/// Of each event the last change of each row.
pub fn last_of_each(changes: Changes) -> Changes {
    let last = |changes: Vec<Change>| {
        let mut last: BTreeMap<_, Change> = BTreeMap::new();
        changes.into_iter().for_each(|change| drop(last.insert((change.key.clone(), change.window), change)));
        last.into_values().collect()
    };
    changes.into_iter().map(last).collect()
}

/// The same without the times of what is taken back.
pub fn without_times_of_tombstones(mut changes: Changes) -> Changes {
    let gone = changes.iter_mut().flatten().filter(|change| change.value.is_none());
    gone.for_each(|change| change.time_ms = None);
    changes
}

/// The table that changes lead to, with its rows' times or without.
pub fn table_of(changes: &Changes, with_times: bool) -> BTreeMap<(String, Option<(i64, i64)>), Change> {
    let mut table = BTreeMap::new();
    for change in changes.iter().flatten() {
        let id = (change.key.clone(), change.window);
        let time_ms = change.time_ms.filter(|_| with_times);
        match change.value {
            Some(_) => table.insert(id, Change { time_ms, ..change.clone() }),
            None => table.remove(&id),
        };
    }
    table
}

/// Each event's changes in an order that says nothing.
pub fn sorted(mut changes: Changes) -> Changes {
    changes.iter_mut().for_each(|changes| changes.sort());
    changes
}
