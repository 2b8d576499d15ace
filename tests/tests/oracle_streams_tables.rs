//! Kafka Streams' tables as they are: look-ups, joins and aggregations of changelogs, asked of the real thing.
//!
//! Each test's name is the rule.

use fabula_tests::oracle::streams::{Aggregate, Answer, Case, Join, Kind, Node, Record, Select, ask};
use serde_json::{Value, json};

/// Ends the test where Kafka Streams cannot be had.
macro_rules! answer {
    ($test:expr, $case:expr) => {
        match ask($test, &$case) {
            Some(answer) => answer,
            None => return,
        }
    };
}

fn record(topic: &str, key: &str, time_ms: i64, value: Value) -> Record {
    Record::new(topic, key, time_ms, value)
}

/// Stream `a` looks into table `t`.
fn lookup(versioned: Option<i64>, grace_ms: Option<i64>, input: Vec<Record>) -> Case {
    let table = Kind::Table { topic: Some("t".to_owned()), input: None, versioned };
    let join =
        Join { how: "left".to_owned(), left: "a".to_owned(), right: "t".to_owned(), grace_ms, ..Join::default() };
    let nodes = vec![Node::stream("a"), Node::new("t", table), Node::new("j", Kind::Join(Box::new(join)))];
    Case { nodes, output: "j".to_owned(), input, ..Case::default() }
}

/// Tables `t` and `u` together.
fn tables(how: &str, foreign: Option<&str>, input: Vec<Record>) -> Case {
    let join = Join {
        how: how.to_owned(),
        left: "t".to_owned(),
        right: "u".to_owned(),
        foreign: foreign.map(str::to_owned),
        ..Join::default()
    };
    let nodes = vec![Node::table("t"), Node::table("u"), Node::new("j", Kind::Join(Box::new(join)))];
    Case { nodes, output: "j".to_owned(), input, ..Case::default() }
}

/// Table `t` counted and summed by its field `g`.
fn grouped(drop_empty: bool, input: Vec<Record>) -> Case {
    let aggregate = Aggregate {
        input: "t".to_owned(),
        by: json!("g"),
        select: vec![Select::count(), Select::of("sum", "x"), Select::of("max", "x")],
        drop_empty,
        ..Aggregate::default()
    };
    let nodes = vec![Node::table("t"), Node::new("w", Kind::Aggregate(aggregate))];
    Case { nodes, output: "w".to_owned(), input, ..Case::default() }
}

/// Each change: what caused it, key, time, row.
fn changes(answer: &Answer) -> Vec<(usize, &str, i64, Value)> {
    answer.rows.iter().map(|row| (row.by, row.key.as_str().expect("text"), row.time_ms, row.value.clone())).collect()
}

#[test]
fn a_stream_looks_into_a_plain_table_in_order_of_arrival() {
    let input = vec![record("t", "k", 0, json!(1)), record("t", "k", 10, json!(2)), record("a", "k", 5, json!("a"))];
    let answer = answer!("a_stream_looks_into_a_plain_table_in_order_of_arrival", lookup(None, None, input));
    assert_eq!(changes(&answer), [(2, "k", 5, json!({ "left": "a", "right": 2 }))]);
}

#[test]
fn a_stream_looks_into_a_versioned_table_as_of_its_own_time() {
    let input = vec![
        record("t", "k", 0, json!(1)),
        record("t", "k", 10, json!(2)),
        record("a", "k", 5, json!("a")),
        record("a", "k", 10, json!("b")),
        record("t", "k", 20, Value::Null),
        record("a", "k", 19, json!("c")),
        record("a", "k", 20, json!("d")),
    ];
    let answer = answer!("a_stream_looks_into_a_versioned_table_as_of_its_own_time", lookup(Some(1000), None, input));
    let expected = [
        (2, "k", 5, json!({ "left": "a", "right": 1 })),
        (3, "k", 10, json!({ "left": "b", "right": 2 })),
        (5, "k", 19, json!({ "left": "c", "right": 2 })),
        (6, "k", 20, json!({ "left": "d", "right": null })),
    ];
    assert_eq!(changes(&answer), expected);
}

#[test]
fn with_a_grace_a_row_waits_until_the_streams_time_has_passed_it_by_the_grace() {
    // It waits for the time of the stream, not of the table: rows of the table alone let nothing through.
    let input = vec![
        record("a", "k", 5, json!("a")),
        record("t", "k", 3, json!(1)),
        record("t", "k", 100, json!(2)),
        record("a", "z", 9, json!("b")),
        record("a", "z", 10, json!("c")),
    ];
    let case = lookup(Some(1000), Some(5), input);
    let answer = answer!("with_a_grace_a_row_waits_until_the_streams_time_has_passed_it_by_the_grace", case);
    assert_eq!(changes(&answer), [(4, "k", 5, json!({ "left": "a", "right": 1 }))]);
}

#[test]
fn each_change_of_either_table_comes_out_at_the_later_time() {
    let input = vec![
        record("t", "k", 10, json!(1)),
        record("u", "k", 5, json!("u")),
        record("t", "k", 3, json!(2)),
        record("u", "k", 20, Value::Null),
        record("t", "k", 15, Value::Null),
    ];
    let inner =
        answer!("each_change_of_either_table_comes_out_at_the_later_time", tables("inner", None, input.clone()));
    let expected = [
        (1, "k", 10, json!({ "left": 1, "right": "u" })),
        (2, "k", 5, json!({ "left": 2, "right": "u" })),
        (3, "k", 20, Value::Null),
    ];
    assert_eq!(changes(&inner), expected);
    for how in ["left", "full"] {
        let answer =
            answer!("each_change_of_either_table_comes_out_at_the_later_time", tables(how, None, input.clone()));
        let expected = [
            (0, "k", 10, json!({ "left": 1, "right": null })),
            (1, "k", 10, json!({ "left": 1, "right": "u" })),
            (2, "k", 5, json!({ "left": 2, "right": "u" })),
            (3, "k", 20, json!({ "left": 2, "right": null })),
            (4, "k", 15, Value::Null),
        ];
        assert_eq!(changes(&answer), expected, "{how}");
    }
}

#[test]
fn a_foreign_key_finds_its_row_and_a_change_of_either_finds_the_result() {
    let input = vec![
        record("t", "k", 1, json!({ "f": "a" })),
        record("u", "a", 5, json!("A")),
        record("t", "z", 3, json!({ "f": "a" })),
        record("t", "z", 7, json!({ "f": "b" })),
        record("u", "a", 9, Value::Null),
    ];
    let case = tables("inner", Some("f"), input.clone());
    let answer = answer!("a_foreign_key_finds_its_row_and_a_change_of_either_finds_the_result", case);
    let expected = [
        (1, "k", 5, json!({ "left": { "f": "a" }, "right": "A" })),
        (2, "z", 5, json!({ "left": { "f": "a" }, "right": "A" })),
        (3, "z", 7, Value::Null),
        (4, "k", 9, Value::Null),
    ];
    assert_eq!(changes(&answer), expected);
    let case = tables("left", Some("f"), input);
    let answer = answer!("a_foreign_key_finds_its_row_and_a_change_of_either_finds_the_result", case);
    let expected = [
        (0, "k", 1, json!({ "left": { "f": "a" }, "right": null })),
        (1, "k", 5, json!({ "left": { "f": "a" }, "right": "A" })),
        (2, "z", 5, json!({ "left": { "f": "a" }, "right": "A" })),
        (3, "z", 7, json!({ "left": { "f": "b" }, "right": null })),
        (4, "k", 9, json!({ "left": { "f": "a" }, "right": null })),
    ];
    assert_eq!(changes(&answer), expected);
}

#[test]
fn a_row_that_changes_its_group_leaves_the_one_and_then_enters_the_other() {
    let input = vec![
        record("t", "k", 1, json!({ "g": "a", "x": 5 })),
        record("t", "z", 3, json!({ "g": "a", "x": 7 })),
        record("t", "z", 4, json!({ "g": "b", "x": 8 })),
        record("t", "k", 2, json!({ "g": "a", "x": 6 })),
        record("t", "k", 9, Value::Null),
    ];
    let group = |n: i64, sum: Option<i64>, max: Option<i64>| json!({ "n": n, "sum_x": sum, "max_x": max });
    for (drop_empty, left) in [(false, group(0, None, None)), (true, Value::Null)] {
        let answer = answer!(
            "a_row_that_changes_its_group_leaves_the_one_and_then_enters_the_other",
            grouped(drop_empty, input.clone())
        );
        let expected = [
            (0, "a", 1, group(1, Some(5), Some(5))),
            (1, "a", 3, group(2, Some(12), Some(7))),
            (2, "a", 4, group(1, Some(5), Some(5))),
            (2, "b", 4, group(1, Some(8), Some(8))),
            (3, "a", 4, group(1, Some(6), Some(6))),
            (4, "a", 9, left),
        ];
        assert_eq!(changes(&answer), expected, "drop_empty: {drop_empty}");
    }
}

#[test]
fn a_filtered_table_sends_a_tombstone_for_what_it_let_through_and_of_a_versioned_one_for_all() {
    let input = vec![
        record("t", "k", 1, json!({ "x": 1 })),
        record("t", "k", 2, json!({ "x": 4 })),
        record("t", "k", 3, json!({ "x": 2 })),
    ];
    for versioned in [None, Some(1000)] {
        let table = Kind::Table { topic: Some("t".to_owned()), input: None, versioned };
        let filter = Kind::Filter { input: "t".to_owned(), field: "x".to_owned(), op: ">".to_owned(), value: json!(3) };
        let nodes = vec![Node::new("t", table), Node::new("f", filter)];
        let case = Case { nodes, output: "f".to_owned(), input: input.clone(), ..Case::default() };
        let answer =
            answer!("a_filtered_table_sends_a_tombstone_for_what_it_let_through_and_of_a_versioned_one_for_all", case);
        let mut expected = vec![(1, "k", 2, json!({ "x": 4 })), (2, "k", 3, Value::Null)];
        if versioned.is_some() {
            expected.insert(0, (0, "k", 1, Value::Null));
        }
        assert_eq!(changes(&answer), expected, "versioned: {versioned:?}");
    }
}
