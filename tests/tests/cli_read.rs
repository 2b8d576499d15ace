//! `fabula read` and `fabula topics`, as a script meets them.

use std::io::Read as _;
use std::path::Path;
use std::sync::OnceLock;

use fabula_tests::program::{self, Ran, Running};
use fabula_tests::{arguments, recordings};
use serde_json::Value;

const EVENTS: u64 = 20_000;

/// One recording of the sample for all tests here.
fn recorded() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            recordings::sample(EVENTS, folder.path());
            folder
        })
        .path()
}

/// Reads the recording with more arguments.
fn read(more: &[&str]) -> Ran {
    let mut arguments = arguments!["read", "--recording", recorded(), "--format", "json"].to_vec();
    arguments.extend(more.iter().map(Into::into));
    program::run(arguments)
}

fn lines(more: &[&str]) -> Vec<String> {
    read(more).ok().stdout.lines().map(str::to_owned).collect()
}

/// Time, topic, partition, offset: the order of the narrative.
fn place(event: &Value) -> (Option<i64>, String, i64, i64) {
    let topic = event["topic"].as_str().expect("a topic").to_owned();
    let number = |field: &str| event[field].as_i64().expect("a number");
    (event["timestamp_ms"].as_i64(), topic, number("partition"), number("offset"))
}

#[test]
fn every_event_is_read_once_in_the_order_of_the_narrative() {
    let events = read(&["-t", "*"]).ok().json_lines();
    assert_eq!(events.len() as u64, EVENTS);
    let places: Vec<_> = events.iter().map(place).collect();
    assert!(places.is_sorted());
    assert!(places.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn an_event_has_the_documented_fields_in_their_order() {
    let first = lines(&["-t", "orders", "--limit", "1"]).remove(0);
    let names =
        ["topic", "partition", "offset", "timestamp", "timestamp_ms", "timestamp_type", "key", "value", "headers"];
    let places: Vec<_> = names.iter().map(|name| first.find(&format!("\"{name}\":")).expect("the field")).collect();
    assert!(places.is_sorted(), "{first}");
    let event: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(event["timestamp_type"], "create");
    assert!(event["timestamp"].as_str().is_some_and(|time| time.len() == 24 && time.ends_with('Z')));
    assert!(event["headers"].as_array().is_some_and(|headers| headers.iter().all(|pair| pair[0].is_string())));
}

#[test]
fn a_log_reads_the_same_directly_and_from_its_recording() {
    let direct = program::run(["read", &format!("--sample={EVENTS}"), "-t", "orders,payments", "-J"]).ok();
    let recorded = read(&["-t", "orders", "payments"]).ok();
    assert_eq!(direct.stdout, recorded.stdout);
}

#[test]
fn the_first_and_the_last_few_are_the_ends_of_the_whole() {
    let whole = lines(&["-t", "*"]);
    assert_eq!(lines(&["-t", "*", "--limit", "100"]), whole[..100]);
    let newest = &whole[whole.len() - 100..];
    assert_eq!(lines(&["-t", "*", "--last", "100"]), *newest);
    assert_eq!(lines(&["-t", "*", "--from", "latest", "--limit", "100"]), *newest);
    let sample = format!("--sample={EVENTS}");
    let from_log = program::run(["read", &sample, "-t", "*", "--last", "100", "-J"]).ok();
    assert_eq!(from_log.stdout.lines().collect::<Vec<_>>(), newest);
    let from_log = program::run(["read", &sample, "-t", "*", "-c", "100", "-J"]).ok();
    assert_eq!(from_log.stdout.lines().collect::<Vec<_>>(), whole[..100]);
}

#[test]
fn from_is_included_and_to_is_not() {
    let whole = read(&["-t", "web-clicks"]).ok().json_lines();
    let (from, to) = (place(&whole[50]).0, place(&whole[150]).0);
    let expected: Vec<_> =
        whole.iter().filter(|event| from <= place(event).0 && place(event).0 < to).cloned().collect();
    let (from, to) = (from.expect("a time").to_string(), whole[150]["timestamp"].as_str().expect("a time").to_owned());
    assert_eq!(read(&["-t", "web-clicks", "--from", &from, "--to", &to]).ok().json_lines(), expected);
    assert!(!expected.is_empty());
}

#[test]
fn offsets_as_kcat_says_them_count_in_each_partition() {
    let tail = read(&["-t", "orders", "-p", "1,2", "-o", "-5"]).ok().json_lines();
    let mut places: Vec<_> = tail.iter().map(|event| (event["partition"].as_i64(), event["offset"].as_i64())).collect();
    places.sort_unstable();
    let whole = read(&["-t", "orders"]).ok().json_lines();
    for partition in [1, 2] {
        let of_partition = whole.iter().filter(|event| event["partition"] == partition);
        let mut offsets: Vec<_> = of_partition.map(|event| (Some(partition), event["offset"].as_i64())).collect();
        offsets.sort_unstable();
        let got: Vec<_> = places.iter().filter(|(of, _)| *of == Some(partition)).copied().collect();
        assert_eq!(got, offsets[offsets.len() - 5..]);
    }
    assert_eq!(places.len(), 10);
}

/// The value of an event as JSON, where it is.
fn value(event: &Value) -> Value {
    event["value"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}

#[test]
fn a_condition_keeps_what_it_holds_for_and_a_limit_counts_matches() {
    let whole = read(&["-t", "payments", "orders"]).ok().json_lines();
    let captured: Vec<Value> = whole.into_iter().filter(|event| value(event)["status"] == "CAPTURED").collect();
    assert!(captured.len() > 20, "{} payments", captured.len());
    let condition = "value.status = 'CAPTURED'";
    let matched = read(&["-t", "payments,orders", "--where", condition]).ok();
    assert_eq!(matched.json_lines(), captured);
    let said = format!("matched {}", fabula::figures::count(captured.len() as u64));
    assert!(matched.stderr.contains(&said), "{}", matched.stderr);
    let first = read(&["-t", "payments,orders", "--where", condition, "--limit", "7"]).ok().json_lines();
    assert_eq!(first, captured[..7]);
    let last =
        program::run(["read", "--sample=20000", "-t", "payments,orders", "--where", condition, "--last", "7", "-J"]);
    assert_eq!(last.ok().json_lines(), captured[captured.len() - 7..]);
    let offsets = read(&["-t", "payments,orders", "--where", condition, "-o", "0"]).ok().json_lines();
    assert_eq!(offsets, captured);
}

#[test]
fn a_mistake_in_a_condition_is_pointed_at() {
    let ran = read(&["-t", "orders", "--where", "value.total >> 5"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("column") && ran.stderr.contains("value.total >> 5"), "{}", ran.stderr);
    assert!(ran.stderr.lines().any(|line| line.trim_start().starts_with('^')), "{}", ran.stderr);
}

#[test]
fn chosen_columns_stand_beside_key_and_value() {
    let whole = read(&["-t", "payments", "-c", "50"]).ok().json_lines();
    let csv = [
        "read",
        "--sample=20000",
        "-t",
        "payments",
        "-c",
        "50",
        "--format",
        "csv",
        "--columns",
        "value.status",
        "size(key)",
    ];
    let csv = program::run(csv).ok().stdout;
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows[0].starts_with("topic,partition,offset,timestamp,timestamp_type,key,value,"), "{}", rows[0]);
    for (row, event) in rows[1..].iter().zip(&whole) {
        let status = value(event)["status"].as_str().unwrap_or_default().to_owned();
        let size = event["key"].as_str().expect("a key of text").len();
        assert!(row.ends_with(&format!(",{status},{size}")), "{row}");
    }
    assert_eq!(rows.len(), 51);
}

#[test]
fn csv_has_a_row_an_event_and_a_row_of_names() {
    let csv =
        program::run(arguments!["read", "--recording", recorded(), "-t", "orders", "--format", "csv", "-c", "7"]).ok();
    let rows: Vec<&str> = csv.stdout.lines().collect();
    assert_eq!(rows[0], "topic,partition,offset,timestamp,timestamp_type,key,value");
    assert_eq!(rows.len(), 8);
}

#[test]
fn the_catalogue_is_a_json_array_of_topics() {
    let topics = program::run(["topics", "--sample=20000", "--json"]).ok();
    let topics: Vec<Value> = serde_json::from_str(&topics.stdout).expect("a JSON array");
    let names: Vec<_> = topics.iter().map(|topic| topic["topic"].as_str().expect("a name")).collect();
    assert!(names.len() >= 8 && names.is_sorted(), "{names:?}");
    let offsets = |topic: &Value| {
        let partitions = topic["partitions"].as_array().expect("partitions");
        partitions.iter().map(|at| at["high"].as_u64().unwrap() - at["low"].as_u64().unwrap()).sum::<u64>()
    };
    assert!(topics.iter().all(|topic| topic["offsets"] == offsets(topic)));
    assert!(topics.iter().all(|topic| topic["config"]["cleanup.policy"].is_string()));
}

#[test]
fn what_was_covered_is_said_beside_the_result() {
    let ran = read(&["-t", "orders"]).ok();
    assert!(ran.stderr.contains("complete"), "{}", ran.stderr);
    assert!(ran.stderr.lines().all(|line| line.starts_with("fabula: ")), "{}", ran.stderr);
}

#[test]
fn wrong_usage_is_told_apart_from_failure() {
    let usage: [&[&str]; 9] = [
        &["read", "-t", "orders"],
        &["read", "--sample"],
        &["read", "--sample", "--recording", "x", "-t", "orders"],
        &["read", "--sample", "-t", "orders", "--from", "yesterday-ish"],
        &["read", "--sample", "-t", "orders", "--limit", "0"],
        &["read", "--sample", "-t", "orders", "--format", "xml"],
        &["read", "--recording", "x", "-t", "orders", "--follow"],
        &["record", "--sample", "-t", "orders"],
        &["reed"],
    ];
    for arguments in usage {
        let ran = program::run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.stderr);
    }
    for help in [&["--help"][..], &["read", "--help"], &["--version"]] {
        assert!(!program::run(help).ok().stdout.is_empty());
    }
}

#[test]
fn a_failure_is_one_line_that_says_what_to_do() {
    let failures: [(&[&str], &str); 4] = [
        (&["read", "--sample", "-t", "order"], "did you mean “orders”"),
        (&["read", "--sample", "-t", "nothing-like*"], "nothing-like*"),
        (&["read", "--recording", "/nonexistent", "-t", "orders"], "/nonexistent holds no recording"),
        (&["read", "--sample=1000", "-t", "orders", "-p", "99"], "99"),
    ];
    for (arguments, says) in failures {
        let ran = program::run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut running = Running::start(arguments!["read", "--recording", recorded(), "-t", "*", "-J"]);
    let mut stdout = running.child().stdout.take().expect("stdout");
    stdout.read_exact(&mut [0; 64]).expect("a beginning");
    drop(stdout);
    let ran = running.finish();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn completions_name_every_subcommand() {
    for shell in ["bash", "zsh", "fish"] {
        let script = program::run(["completions", shell]).ok().stdout;
        for subcommand in ["topics", "read", "record", "completions"] {
            assert!(script.contains(subcommand), "{shell}: {subcommand}");
        }
    }
}
