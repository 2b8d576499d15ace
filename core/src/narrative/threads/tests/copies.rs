//! Copies of events: Spring's retry topics and dead letters, told apart.

use super::stage::{Made, correlate, exact, log, told};
use crate::narrative::threads::diagnose::{Diagnosed, Kind};

/// What Spring for Apache Kafka's non-blocking retries write: the original's place in every hop, and how often it was
/// tried, as big-endian bytes.
fn hop(topic: &str, at: i64, attempts: u32, offset: i64) -> Made {
    Made::new(topic, at)
        .header("kafka_original-topic", "orders")
        .header("kafka_original-partition", 0_i32.to_be_bytes())
        .header("kafka_original-offset", offset.to_be_bytes())
        .header("kafka_exception-message", "stock is down")
        .header("retry_topic-attempts", attempts.to_be_bytes())
        .header("retry_topic-original-timestamp", 10_i64.to_be_bytes())
        .header("retry_topic-backoff-timestamp", at.to_be_bytes())
}

/// Exact edges: from, to, kind.
type Edges = Vec<(String, String, &'static str)>;

fn diagnosed(events: &[Made]) -> (Diagnosed, Vec<Vec<String>>, Edges) {
    let (_, threads) = correlate(&log(events));
    (threads.diagnose(&Default::default(), &Default::default(), &|| false), told(&threads), exact(&threads, 0))
}

fn dead(diagnosed: &Diagnosed) -> Vec<String> {
    let dead = diagnosed.findings.iter().filter(|finding| finding.kind == Kind::DeadLettered);
    dead.map(|finding| finding.evidence[0].to_string()).collect()
}

#[test]
fn a_retry_is_no_dead_letter_and_the_last_hop_is() {
    let hops = [
        Made::new("orders", 10),
        hop("orders-retry-0", 1_000, 2, 0),
        hop("orders-retry-1", 3_000, 3, 0),
        hop("orders-dlt", 7_000, 4, 0),
    ];
    let (found, threads, edges) = diagnosed(&hops);
    assert_eq!(threads, [vec!["orders/0", "orders-retry-0/0", "orders-retry-1/0", "orders-dlt/0"]]);
    let edges: Vec<(&str, &str, &str)> = edges.iter().map(|(from, to, kind)| (&**from, &**to, *kind)).collect();
    assert_eq!(
        edges,
        [
            ("orders/0", "orders-retry-0/0", "retry"),
            ("orders-retry-0/0", "orders-retry-1/0", "retry"),
            ("orders-retry-1/0", "orders-dlt/0", "dead_letter"),
        ]
    );
    assert_eq!(dead(&found).len(), 1);
    assert!(dead(&found)[0].starts_with("orders-dlt"), "{:?}", dead(&found));
    // Without the last hop nothing was given up.
    assert_eq!(dead(&diagnosed(&hops[..3]).0), [""; 0]);
}

#[test]
fn without_attempts_a_later_hop_says_that_the_earlier_was_a_retry() {
    let bare = |topic: &str, at: i64| {
        Made::new(topic, at)
            .header("kafka_original-topic", "orders")
            .header("kafka_original-partition", "0")
            .header("kafka_original-offset", "0")
    };
    let (found, ..) = diagnosed(&[Made::new("orders", 10), bare("orders-later", 20), bare("orders-given-up", 30)]);
    assert_eq!(dead(&found).len(), 1);
    assert!(dead(&found)[0].starts_with("orders-given-up"), "{:?}", dead(&found));
}

#[test]
fn what_is_in_no_thread_is_told_too() {
    let (found, threads, _) = diagnosed(&[
        Made::new("orders", 10).value("{\"total\":1}"),
        Made::new("orders", 20).value("{\"total\":1}"),
        Made::new("orders", 30).value("<order/>"),
        Made::new("orders-dlt", 40).header("kafka_dlt-exception-message", "no"),
    ]);
    assert!(threads.is_empty());
    let found: Vec<(Kind, Option<u32>, String)> =
        found.findings.iter().map(|found| (found.kind, found.thread, found.evidence[0].to_string())).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|(_, thread, _)| thread.is_none()));
    assert!(found.iter().any(|(kind, _, at)| *kind == Kind::Undecodable && at.ends_with('2')), "{found:?}");
    assert!(found.iter().any(|(kind, _, at)| *kind == Kind::DeadLettered && at.starts_with("orders-dlt")));
}
