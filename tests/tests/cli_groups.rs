//! `fabula groups` and `fabula topology`: what they say of the sample is what its events say, counted by hand.

use std::collections::BTreeMap;
use std::path::Path;

use fabula_tests::program::{self, Ran};
use fabula_tests::{arguments, recordings};
use serde_json::Value;

const EVENTS: u64 = 20_000;

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
}

fn entries(told: &Value) -> &Vec<Value> {
    told.as_array().expect("an array")
}

fn of_recording(command: &str, dir: &Path, more: &[&str]) -> Ran {
    let mut arguments = arguments![command, "--recording", dir].to_vec();
    arguments.extend(more.iter().map(Into::into));
    program::run(arguments)
}

/// Every event of a recording's topic: partition, offset, time.
fn read(dir: &Path, topic: &str) -> Vec<(i64, i64, i64)> {
    let lines = of_recording("read", dir, &["-t", topic, "-J"]).ok().json_lines();
    let number = |line: &Value, name: &str| line[name].as_i64().expect("a number");
    lines.iter().map(|line| (number(line, "partition"), number(line, "offset"), number(line, "timestamp_ms"))).collect()
}

#[test]
fn lags_of_a_recording_are_a_count_of_its_events() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("recording");
    recordings::sample(EVENTS, &dir);
    let ran = of_recording("groups", &dir, &["--json"]).ok();
    assert!(ran.stderr.contains("5 groups as of 2026-03-15T"), "{}", ran.stderr);
    let told = json(&ran);
    let groups = entries(&told["groups"]);
    assert_eq!(groups.len(), 5);
    let mut seen = 0;
    for group in groups {
        let partitions = entries(&group["partitions"]);
        let events = read(&dir, partitions[0]["topic"].as_str().expect("a topic"));
        for partition in partitions {
            let number = partition["partition"].as_i64().expect("a number");
            let Some(committed) = partition["committed"].as_i64() else {
                assert_eq!(partition["lag_events"], Value::Null, "{partition}");
                continue;
            };
            let unread: Vec<i64> =
                events.iter().filter(|event| event.0 == number && event.1 >= committed).map(|event| event.2).collect();
            assert_eq!(partition["lag_events"].as_u64(), Some(unread.len() as u64), "{partition}");
            assert_eq!(partition["lag_events_exact"], true);
            let span = unread.iter().max().zip(unread.first()).map_or(0, |(newest, next)| newest - next);
            assert_eq!(partition["lag_ms"].as_i64(), Some(span), "{partition}");
            assert_eq!(partition["lag_ms_known"], "exact");
            seen += unread.len();
        }
    }
    assert!(seen > 100, "{seen}");
    let training = groups.iter().find(|group| group["group"] == "fraud-model-training").expect("the group");
    assert_eq!((training["uncommitted"].as_u64(), training["state"].as_str()), (Some(1), Some("Empty")));

    // The same from the log itself, of which only commits and ends are read: bounds hold.
    let live = program::run(["groups", &format!("--sample={EVENTS}"), "--json"]).ok();
    assert!(live.stderr.contains("100 offsets at commits and ends of"), "{}", live.stderr);
    for (live, whole) in entries(&json(&live)["groups"]).iter().zip(groups) {
        for (live, whole) in entries(&live["partitions"]).iter().zip(entries(&whole["partitions"])) {
            let figures = |of: &Value, name: &str| of[name].as_i64();
            assert_eq!(figures(live, "committed"), figures(whole, "committed"));
            assert_eq!(figures(live, "next_ms"), figures(whole, "next_ms"));
            assert!(figures(live, "lag_events") >= figures(whole, "lag_events"), "{live} {whole}");
            match live["lag_ms_known"].as_str() {
                Some("exact") => assert_eq!(figures(live, "lag_ms"), figures(whole, "lag_ms")),
                Some("at_least") => assert!(figures(live, "lag_ms") <= figures(whole, "lag_ms"), "{live} {whole}"),
                known => assert_eq!(known, whole["lag_ms_known"].as_str(), "{live}"),
            }
        }
    }
}

#[test]
fn an_event_is_passed_when_the_commit_stands_behind_it() {
    let sample = format!("--sample={EVENTS}");
    let told = json(&program::run(["groups", &sample, "--json"]).ok());
    let shipping = entries(&told["groups"]).iter().find(|group| group["group"] == "shipping").expect("the group");
    let partition = &shipping["partitions"][0];
    let (number, committed) = (partition["partition"].as_i64().unwrap(), partition["committed"].as_i64().unwrap());
    let passed = |offset: i64| {
        let event = format!("payments/{number}/{offset}");
        let told = json(&program::run(["groups", &sample, "--event", &event, "--json"]).ok());
        let groups = entries(&told["groups"]);
        assert_eq!(groups.len(), 1, "only who reads the topic");
        groups[0]["passed"].as_str().map(str::to_owned)
    };
    assert_eq!(passed(committed - 1).as_deref(), Some("yes"));
    assert_eq!(passed(committed).as_deref(), Some("no"));
    let table = program::run(["groups", &sample, "--event", "fraud-requests/1/0"]).ok();
    assert!(table.stdout.contains("not known: no commit in this partition"), "{}", table.stdout);
    let nobody = program::run(["groups", &sample, "--event", "customers/0/0"]).ok();
    assert!(nobody.stderr.contains("no group has committed in customers"), "{}", nobody.stderr);
}

#[test]
fn a_recording_made_of_files_does_not_know_groups_and_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, dir) = (folder.path().join("orders.csv"), folder.path().join("recording"));
    std::fs::write(&file, "id,at\n1,2026-01-01T00:00:00Z\n2,2026-01-01T00:00:01Z\n").expect("a file");
    program::run(arguments!["import", &file, "--to", &dir]).ok();
    let ran = of_recording("groups", &dir, &["--json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("does not know the groups of its log"), "{}", ran.stderr);
    let told = json(&of_recording("topology", &dir, &["-t", "*", "--json"]).ok());
    assert!(entries(&told["not_known"]).iter().any(|unknown| unknown["what"] == "groups_not_known"), "{told}");
    let wrong = program::run(["groups", "--sample=1000", "--event", "nonsense"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    let unknown = program::run(["groups", "--sample=1000", "--group", "nobody"]);
    assert_eq!(unknown.code, Some(1));
}

#[test]
fn writers_are_counted_as_their_headers_say_and_the_rest_is_not_known() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("recording");
    recordings::sample(EVENTS, &dir);
    let told = json(&of_recording("topology", &dir, &["-t", "*", "--json"]).ok());
    let lines = of_recording("read", &dir, &["-t", "orders", "-J"]).ok().json_lines();
    let mut named: BTreeMap<String, u64> = BTreeMap::new();
    for line in &lines {
        let headers = line["headers"].as_array().expect("headers");
        let source = headers.iter().find(|pair| pair[0] == "ce_source").and_then(|pair| pair[1].as_str());
        if let Some(source) = source {
            *named.entry(source.to_owned()).or_default() += 1;
        }
    }
    assert!(!named.is_empty());
    let writers: BTreeMap<String, u64> = entries(&told["writers"])
        .iter()
        .filter(|writer| writer["topic"] == "orders")
        .map(|writer| (writer["service"].as_str().unwrap().to_owned(), writer["events"].as_u64().unwrap()))
        .collect();
    assert_eq!(writers, named);
    let topics = entries(&told["topics"]);
    let written = |topic: &str| -> u64 {
        let of_topic = entries(&told["writers"]).iter().filter(|writer| writer["topic"] == topic);
        of_topic.map(|writer| writer["events"].as_u64().unwrap()).sum()
    };
    for topic in topics {
        let sum = written(topic["topic"].as_str().unwrap())
            + topic["unnamed"].as_u64().unwrap()
            + topic["dead_letters"].as_u64().unwrap();
        assert_eq!(Some(sum), topic["events"].as_u64(), "no event is left out: {topic}");
    }
    let groups: Vec<&str> = entries(&told["readers"]).iter().map(|reader| reader["group"].as_str().unwrap()).collect();
    assert!(groups.contains(&"shipping") && groups.contains(&"mailer"), "{groups:?}");
    let of_customers = entries(&told["not_known"]).iter().filter(|unknown| unknown["topic"] == "customers");
    assert!(of_customers.into_iter().any(|unknown| unknown["what"] == "no_group"), "{told}");
    let table = of_recording("topology", &dir, &["-t", "*"]).ok().stdout;
    assert!(table.contains("WRITER") && table.contains("READER") && table.contains("NOT KNOWN"), "{table}");
}
