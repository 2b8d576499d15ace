//! `fabula explain`, as a script meets it.

use std::collections::BTreeSet;
use std::path::Path;

use fabula_tests::program::{self, Ran};
use serde_json::Value;

const SAMPLE: &str = "--sample=20000";

fn pipeline(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/pipelines");
    folder.join(format!("{name}.toml")).display().to_string()
}

fn explain(arguments: &[&str]) -> Ran {
    program::run([&["explain"], arguments].concat())
}

/// What is explained, as JSON.
fn told(arguments: &[&str]) -> Value {
    let ran = explain(&[arguments, &["--json"]].concat()).ok();
    let mut lines = ran.json_lines();
    assert_eq!(lines.len(), 1, "one object on one line");
    lines.remove(0)
}

/// The events of a topic of the sample, in the order of their times.
fn events(topic: &str) -> Vec<Value> {
    program::run(["read", SAMPLE, "-t", topic, "--format", "json", "--value-codec", "json"]).ok().json_lines()
}

fn is_of(event: &Value, of: &str) -> bool {
    event["headers"].as_array().expect("headers").iter().any(|header| header[0] == "ce_type" && header[1] == of)
}

fn time(event: &Value) -> i64 {
    event["timestamp_ms"].as_i64().expect("a time")
}

fn address(event: &Value) -> String {
    format!("{}/{}/{}", event["topic"].as_str().expect("a topic"), event["partition"], event["offset"])
}

/// What is said of an event at a node.
fn said<'j>(journey: &'j Value, node: &str) -> &'j Vec<Value> {
    let nodes = journey["nodes"].as_array().expect("nodes");
    let visit = nodes.iter().find(|visit| visit["node"] == node).unwrap_or_else(|| panic!("{node}: {journey}"));
    visit["verdicts"].as_array().expect("verdicts")
}

#[test]
fn a_minutes_revenue_is_made_by_its_payments() {
    let file = pipeline("revenue-per-minute");
    let rows = program::run(["run", &file, SAMPLE, "-J"]).ok().json_lines();
    let row = rows.iter().find(|row| row["payments"] == 3).expect("a minute with three payments");
    let (currency, start) = (row["currency"].as_str().expect("text"), row["window_start"].as_str().expect("text"));
    let explained = told(&[&file, SAMPLE, "--row", &format!("{currency}@{start}")]);
    assert_eq!(explained["view"], "revenue");
    assert_eq!(explained["row"]["revenue"].to_string().trim_matches('"').parse::<f64>().ok(), row["revenue"].as_f64());
    assert_eq!(explained["made_by"]["count"], 3);
    let start: jiff::Timestamp = start.parse().expect("ISO 8601");
    let inside = |event: &&Value| (0..60_000).contains(&(time(event) - start.as_millisecond()));
    let paid = events("payments");
    let paid = paid.iter().filter(|event| is_of(event, "PaymentCaptured") && event["value"]["currency"] == currency);
    let by_hand: BTreeSet<String> = paid.filter(inside).map(address).collect();
    let named: BTreeSet<String> =
        explained["made_by"]["events"].as_array().expect("events").iter().map(address).collect();
    assert!(named.is_subset(&by_hand), "{named:?} of {by_hand:?}");
    let text = explain(&[&file, SAMPLE, "--row", &format!("{currency}@{}", start.as_millisecond())]).ok().stdout;
    assert!(text.contains("made by 3 events:"), "{text}");
    assert!(named.iter().all(|event| text.contains(event.as_str())), "{text}");
}

/// A placed order and its only captured payment, and how many milliseconds the payment came later.
fn paid_order() -> (Value, Value, i64) {
    let (orders, payments) = (events("orders"), events("payments"));
    let of = |event: &Value| event["value"]["order_id"].clone();
    for order in orders.iter().filter(|event| is_of(event, "OrderPlaced")) {
        let own: Vec<&Value> =
            payments.iter().filter(|event| is_of(event, "PaymentCaptured") && of(event) == of(order)).collect();
        if let [payment] = own.as_slice()
            && (1_000..500_000).contains(&(time(payment) - time(order)))
            && orders.iter().filter(|event| is_of(event, "OrderPlaced") && of(event) == of(order)).count() == 1
        {
            return (order.clone(), (*payment).clone(), time(payment) - time(order));
        }
    }
    panic!("no order was paid")
}

#[test]
fn an_order_is_there_because_its_payment_came_three_milliseconds_too_late() {
    let (order, payment, after) = paid_order();
    let text = std::fs::read_to_string(pipeline("orders-without-payment")).expect("the pipeline");
    let allowed = format!("after = \"{}ms\"", after - 3);
    let text = text.replace("after = \"10m\"", &allowed);
    assert!(text.contains(&allowed));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("pipeline.toml");
    std::fs::write(&file, text).expect("the file can be written");
    let file = file.display().to_string();

    let id = order["value"]["order_id"].as_str().expect("an id");
    let explained = told(&[&file, SAMPLE, "--row", id]);
    assert_eq!(explained["made_by"]["count"], 1);
    assert_eq!(address(&explained["made_by"]["events"][0]), address(&order));
    let settled = &said(&explained["journeys"][0], "settled")[0];
    assert_eq!(settled["verdict"], "no_partner");
    let near = &settled["near"][0];
    assert_eq!(address(&near["events"]["events"][0]), address(&payment));
    assert_eq!((&near["because"]["reason"], &near["because"]["by_ms"]), (&"outside_window".into(), &3.into()));

    let both = told(&[&file, SAMPLE, "--events", &address(&order), &address(&payment)]);
    assert_eq!(both["meetings"][0]["node"], "settled");
    assert_eq!(both["meetings"][0]["apart"]["by_ms"], 3);
    let text = explain(&[&file, SAMPLE, "--events", &address(&order), &address(&payment)]).ok().stdout;
    assert!(text.contains("settled: they did not meet: 3 ms too late"), "{text}");

    // In the pipeline as it is they met, and so the order is not in the view.
    let file = pipeline("orders-without-payment");
    let both = told(&[&file, SAMPLE, "--events", &address(&order), &address(&payment)]);
    assert!(both["meetings"][0]["apart"].is_null(), "{both}");
    let filtered = &said(&both["journeys"][0], "unpaid")[0];
    assert_eq!(filtered["verdict"], "filtered");
    assert_eq!(filtered["condition"], "captured.value.order_id IS NULL");
    assert_eq!(filtered["operands"][0]["value"], id);
    assert_eq!(both["journeys"][0]["shown"], false);
}

#[test]
fn every_row_of_the_sample_pipelines_can_be_explained() {
    for (name, view, key) in [
        ("orders-with-customers", "orders_with_customers", "order_id"),
        ("orders-without-payment", "overdue", "order_id"),
        ("payment-latency", "payment_latency", "method"),
        ("sessions-per-customer", "sessions_per_customer", "customer"),
        ("error-rate-per-service", "error_rates", "service"),
    ] {
        let file = pipeline(name);
        let rows = program::run(["run", &file, SAMPLE, "--view", view, "-J"]).ok().json_lines();
        let row = &rows[rows.len() / 2];
        let key = row[key].as_str().unwrap_or_else(|| panic!("{row}"));
        let row_name = match row["window_start"].as_str() {
            Some(start) => format!("{key}@{start}"),
            None => key.to_owned(),
        };
        let explained = told(&[&file, SAMPLE, "--view", view, "--row", &row_name]);
        assert!(explained["made_by"]["count"].as_u64().is_some_and(|count| count > 0), "{name}: {explained}");
        for (column, value) in row.as_object().expect("an object").iter().filter(|(_, value)| value.is_string()) {
            assert_eq!(&explained["row"][column], value, "{name}: {column}");
        }
        if let Some(count) = row.get("events").and_then(Value::as_u64) {
            assert_eq!(explained["made_by"]["count"], count, "{name}: {row}");
        }
    }
}

#[test]
fn one_event_alone_is_followed_to_where_it_stopped() {
    let requested = events("payments").into_iter().find(|event| is_of(event, "PaymentRequested")).expect("a request");
    let explained = told(&[&pipeline("revenue-per-minute"), SAMPLE, "--events", &address(&requested)]);
    let journey = &explained["journeys"][0];
    assert_eq!(address(&journey["event"]), address(&requested));
    assert_eq!(journey["event"]["timestamp_ms"], requested["timestamp_ms"]);
    assert_eq!(said(journey, "payments")[0]["verdict"], "passed");
    assert_eq!(said(journey, "captured")[0]["operands"][0]["value"], "PaymentRequested");
    assert_eq!(journey["nodes"].as_array().map(Vec::len), Some(2), "it came no further");
    assert_eq!(explained["meetings"].as_array().map(Vec::len), Some(0));
}

#[test]
fn what_is_not_there_is_said_and_what_cannot_be_meant_is_usage() {
    let file = pipeline("revenue-per-minute");
    let failed = |arguments: &[&str], code: i32, says: &str| {
        let ran = explain(&[&[file.as_str(), SAMPLE], arguments].concat());
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty());
    };
    failed(&["--row", "EUR@2026-03-14T00:00:07Z"], 1, "the nearest are @2026-03-14T00:09:00.000Z");
    failed(&["--row", "EURO"], 1, "EUR");
    failed(&["--row", "EUR"], 1, "name one, such as EUR@");
    failed(&["--row", "EUR", "--view", "nothing"], 2, "there is no view");
    failed(&["--events", "payments/0/99999999"], 1, "have offsets from 0 to");
    failed(&["--events", "payments/99/0"], 1, "partitions");
    failed(&["--events", "orders/0/0"], 1, "it reads payments");
    failed(&["--events", "payments"], 2, "topic/partition/offset");
    failed(&[], 2, "--row");
}
