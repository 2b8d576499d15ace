//! What is measured is the same work everywhere: the generated rows are, and the results can be foretold.

use std::collections::BTreeSet;

use fabula_tests::kafka::Kafka;
use fabula_tests::oracle::flink::{self, Generated, Table};
use fabula_tests::oracle::rows::Rows;
use fabula_tests::oracle::streams::{self, Aggregate, Kind, Measured, Node, Select, Stores, Timing, Window};
use fabula_tests::part;
use serde_json::{Value, json};

const ROWS: Rows = Rows { rows: 20_000, keys: 50, step_us: 1500, jitter_ms: 100 };

/// The keys and windows of 1 s of those rows of the first topic that have a small `x`.
fn windows() -> (u64, BTreeSet<(u64, i64)>) {
    let small: Vec<_> = (0..ROWS.rows).map(|row| ROWS.row(0, row)).filter(|row| row.x < 100).collect();
    (small.len() as u64, small.iter().map(|row| (row.key, row.time_ms / 1000)).collect())
}

/// Counts the rows with a small `x` by key and second, first by the key of the record or else by the field.
fn measured(topic: &str, by: Value, bootstrap: Option<String>) -> Measured {
    let filter = Kind::Filter { input: "a".to_owned(), field: "x".to_owned(), op: "<".to_owned(), value: json!(100) };
    let aggregate = Aggregate {
        input: "f".to_owned(),
        by,
        window: Some(Window::Tumbling { size_ms: 1000 }),
        grace_ms: 1000,
        select: vec![Select::count()],
        ..Aggregate::default()
    };
    let stream = Node::new("a", Kind::Stream { topic: topic.to_owned() });
    Measured {
        nodes: vec![stream, Node::new("f", filter), Node::new("w", Kind::Aggregate(aggregate))],
        output: "w".to_owned(),
        timing: Timing { rows: ROWS, bootstrap, stores: Stores::Memory, changelog: false },
    }
}

/// What was measured; `None` (and said so) where a part is missing.
fn times(test: &str, measured: &Measured) -> Option<streams::Times> {
    streams::measure(measured).map_err(|missing| part::skipped(test, &missing)).ok()
}

#[test]
fn kafka_streams_updates_a_window_for_each_row_with_and_without_a_broker() {
    const TEST: &str = "kafka_streams_updates_a_window_for_each_row_with_and_without_a_broker";
    let (small, _) = windows();
    let Some(driven) = times(TEST, &measured("a", Value::Null, None)) else { return };
    assert_eq!((driven.rows_in, driven.rows_out), (ROWS.rows, small));
    let Some(kafka) = Kafka::shared(TEST) else { return };
    // By a field it goes through a topic between; the second time the topic is full already.
    for by in [Value::Null, json!("k")] {
        let Some(real) = times(TEST, &measured("timed", by, Some(kafka.brokers()))) else { return };
        assert_eq!((real.rows_in, real.rows_out), (ROWS.rows, small));
        assert!(real.seconds > 0.0 && real.start_seconds > 0.0, "{real:?}");
    }
}

#[test]
fn flink_finishes_each_window_of_the_same_rows() {
    const TEST: &str = "flink_finishes_each_window_of_the_same_rows";
    let columns = ["k STRING", "x BIGINT", "ts TIMESTAMP_LTZ(3)"];
    let mut table = Table::new("a", &columns, Some("ts - INTERVAL '0.101' SECOND"));
    table.generated = Some(Generated { rows: ROWS, topic: 0 });
    let query = "SELECT k, window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '1' SECOND)) \
                 WHERE x < 100 GROUP BY k, window_start, window_end";
    let case = flink::Case::new(&[table], query, vec![]);
    match flink::measure(&case) {
        Ok(answer) => {
            assert_eq!(answer.rows_out, windows().1.len() as u64);
            assert!(answer.seconds > 0.0 && answer.start_seconds > 0.0, "{answer:?}");
        }
        Err(missing) => part::skipped(TEST, &missing),
    }
}
