//! Questions with fixed records, and answers as lines that a test can write down.

use fabula_core::pipeline::Flow;
use serde_json::{Value, json};

use super::aggregates::written;
use super::answer::{Changes, settled, sorted, without_times_of_tombstones};
use super::draw::Topics;
use super::joins::joined;
use super::stateless::Chain;
use super::{KeyOf, Question, Reading};
use crate::oracle::streams::{Aggregate, Emit, Join, Kind, Record, Select, Window};

/// A record whose value has the field `u`.
pub fn record(topic: &str, key: &str, time_ms: i64, u: i64) -> Record {
    Record::new(topic, key, time_ms, json!({ "u": u }))
}

/// Counts the records of stream `a` by key, in windows or without, and lists their `u`.
pub fn windowed(window: Option<Window>, grace_ms: i64, emit: Emit, records: Vec<Record>) -> Question {
    let mut pipeline = "kind = \"aggregate\"\ninput = \"a\"\nby = [\"key AS k\"]\n\
                        select = { n = \"count(*)\", list = \"collect_list(value.u)\" }\n"
        .to_owned();
    if let Some(window) = window {
        pipeline.push_str(&format!("window = {}\ngrace = \"{grace_ms}ms\"\n", written(window)));
    }
    if matches!(emit, Emit::Final) {
        pipeline.push_str("emit = \"final\"\n");
    }
    let aggregate = Aggregate {
        input: "a".to_owned(),
        window,
        grace_ms,
        select: vec![Select::count(), Select { name: "list".to_owned(), ..Select::of("collect_list", "u") }],
        emit,
        retention_ms: window.map(|window| window.exact_retention_ms(grace_ms)),
        ..Aggregate::default()
    };
    let chain = Chain::stream("a").then("w", &pipeline, Kind::Aggregate(aggregate));
    let reading = Reading::Columns { key: vec!["k".to_owned()], values: vec!["n".to_owned(), "list".to_owned()] };
    asked(chain, records, reading)
}

/// Joins the streams `a` and `b` by key: how, how far before and after the left row the right one may be, and the grace.
pub fn streams(how: &str, [before, after, grace]: [i64; 3], records: Vec<Record>) -> Question {
    let join = Join {
        how: how.to_owned(),
        before_ms: Some(before),
        after_ms: Some(after),
        grace_ms: Some(grace),
        exact_retention: true,
        ..Join::default()
    };
    let (chain, reading) = joined(Chain::stream("a").beside(&Chain::stream("b")), "b", KeyOf::Nobody, join);
    asked(chain, records, reading)
}

/// Looks the records of stream `a` up in table `t` by key, as of their time, or in a plain table of Kafka Streams.
pub fn looked_up(how: &str, grace_ms: Option<i64>, plain: bool, records: Vec<Record>) -> Question {
    let join = Join { how: how.to_owned(), grace_ms, ..Join::default() };
    let mut chain = Chain::stream("a").beside(&Chain::table("t"));
    if !plain {
        let table = Kind::Table { topic: Some("t".to_owned()), input: None, versioned: Some(1_000_000) };
        chain.nodes.last_mut().expect("a table").kind = table;
    }
    let (chain, reading) = joined(chain, "t", KeyOf::Nobody, join);
    asked(chain, records, reading)
}

/// Joins the tables `t` and `s` by key, or by the left field `f`.
pub fn tables(how: &str, by_field: bool, records: Vec<Record>) -> Question {
    let foreign = by_field.then(|| "f".to_owned());
    let join = Join { how: how.to_owned(), foreign, ..Join::default() };
    let key = if by_field { KeyOf::Left } else { KeyOf::Either };
    let (chain, reading) = joined(Chain::table("t").beside(&Chain::table("s")), "s", key, join);
    asked(chain, records, reading)
}

/// Counts the rows of table `t` by `g`, and sums their `u`.
pub fn grouped(drop_empty: bool, records: Vec<Record>) -> Question {
    let pipeline = "kind = \"aggregate\"\ninput = \"t\"\nby = [\"value.g AS g\"]\n\
                    select = { n = \"count(*)\", sum = \"sum(value.u)\" }\n";
    let aggregate = Aggregate {
        input: "t".to_owned(),
        by: json!("g"),
        select: vec![Select::count(), Select { name: "sum".to_owned(), ..Select::of("sum", "u") }],
        drop_empty,
        ..Aggregate::default()
    };
    let chain = Chain::table("t").then("w", pipeline, Kind::Aggregate(aggregate));
    let reading = Reading::Columns { key: vec!["g".to_owned()], values: vec!["n".to_owned(), "sum".to_owned()] };
    asked(chain, records, reading)
}

fn asked(chain: Chain, records: Vec<Record>, reading: Reading) -> Question {
    Question::new(chain.pipeline, chain.nodes, Topics::new(&[], &[]), records, reading)
}

/// Asks both, who say the same; `expected` is that, in the order in which Fabula gives it.
///
/// A line is `event key start..end value @time`; without windows there are none, and `-` is a row that goes.
///
/// # Panics
/// If one of them says something else.
pub fn both(test: &str, question: &Question, expected: &[&str]) {
    let Some((ours, theirs, flow)) = told(test, question) else { return };
    assert_eq!(lines(&ours), expected, "Fabula, in\n{}", question.pipeline);
    let [ours, theirs] = [ours, theirs].map(|changes| {
        let forgets = question.deviation.forgets_times_of_tombstones();
        if forgets { without_times_of_tombstones(changes) } else { changes }
    });
    assert_eq!(lines(&sorted(theirs)), lines(&sorted(ours)), "Kafka Streams, {flow:?}, in\n{}", question.pipeline);
}

/// Asks both, who differ.
///
/// # Panics
/// If one of them says something else than expected of it.
pub fn differ(test: &str, question: &Question, expected: &[&str], expected_of_streams: &[&str]) {
    assert_ne!(expected, expected_of_streams);
    let Some((ours, theirs, _)) = told(test, question) else { return };
    assert_eq!(lines(&ours), expected, "Fabula, in\n{}", question.pipeline);
    assert_eq!(lines(&theirs), expected_of_streams, "Kafka Streams, in\n{}", question.pipeline);
}

fn told(test: &str, question: &Question) -> Option<(Changes, Changes, Flow)> {
    let (ours, theirs, flow) = question.answers(test)?;
    let told = |changes: Changes| if flow == Flow::Table { settled(changes) } else { changes };
    Some((told(ours), told(theirs), flow))
}

fn lines(changes: &Changes) -> Vec<String> {
    let line = |event: usize, change: &super::answer::Change| {
        let key = change.key.trim_matches('"');
        let window = change.window.map_or_else(String::new, |(start, end)| format!(" {start}..{end}"));
        let value = change.value.as_deref().unwrap_or("-");
        let time = change.time_ms.map_or_else(String::new, |time| format!(" @{time}"));
        format!("{event} {key}{window} {value}{time}")
    };
    let each = changes.iter().enumerate();
    each.flat_map(|(event, changes)| changes.iter().map(move |change| line(event, change))).collect()
}

/// A record without a key.
pub fn keyless(topic: &str, time_ms: i64, u: i64) -> Record {
    Record { key: Value::Null, ..record(topic, "", time_ms, u) }
}

/// A record without a value.
pub fn valueless(topic: &str, key: &str, time_ms: i64) -> Record {
    Record::new(topic, key, time_ms, Value::Null)
}
