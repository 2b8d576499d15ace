//! kcat, an independent reader to compare with.

use std::process::Command;

use fabula_core::log::Isolation;
use serde_json::Value;

use super::reading::Event;
use crate::part;

/// Whether kcat can be started; says that the test is skipped where it cannot.
pub fn is_here(test: &str) -> bool {
    let here = part::is_installed("kcat");
    if !here {
        part::skipped(test, "kcat is not installed");
    }
    here
}

/// What kcat reads of a topic, by partition and offset.
///
/// # Panics
/// If kcat fails, or prints what is not its JSON.
pub fn read(brokers: &str, topic: &str, isolation: Isolation) -> Vec<Event> {
    let mut command = Command::new("kcat");
    command.env("HOME", "/nonexistent").env_remove("KCAT_CONFIG");
    command.args(["-C", "-b", brokers, "-t", topic, "-o", "beginning", "-e", "-q", "-J"]);
    command.args(["-X", &format!("isolation.level={}", isolation.name()), "-X", "check.crcs=true"]);
    let output = command.output().expect("kcat can be started");
    assert!(output.status.success(), "kcat: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("the test's records are UTF-8");
    let mut events: Vec<Event> = lines.lines().map(event).collect();
    events.sort_by_key(|event| (event.partition, event.offset));
    events
}

fn event(line: &str) -> Event {
    let json: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let text = |value: &Value| value.as_str().map(|text| text.as_bytes().to_vec());
    let headers = json["headers"].as_array().map(Vec::as_slice).unwrap_or_default();
    Event {
        partition: i32::try_from(json["partition"].as_i64().expect("a number")).expect("a partition"),
        offset: json["offset"].as_i64().expect("a number"),
        timestamp_ms: json["ts"].as_i64().expect("a number"),
        timestamp_type: match json["tstype"].as_str() {
            Some("create") => "create",
            Some("logappend") => "log_append",
            _ => "none",
        },
        key: text(&json["key"]),
        value: text(&json["payload"]),
        headers: headers.chunks(2).map(|pair| (pair[0].as_str().expect("a name").to_owned(), text(&pair[1]))).collect(),
    }
}
