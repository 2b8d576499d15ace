//! `fabula run` and `fabula check`, as a script meets them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fabula_tests::program::{self, Ran};
use serde_json::Value;

const SAMPLE: &str = "--sample=20000";

fn sample_pipelines() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/pipelines");
    let entries = std::fs::read_dir(&folder).expect("the sample pipelines");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    assert!(files.len() >= 6, "{files:?}");
    files
}

fn pipeline(name: &str) -> String {
    let file = sample_pipelines().into_iter().find(|file| file.file_stem().is_some_and(|stem| stem == name));
    file.unwrap_or_else(|| panic!("there is no sample pipeline {name}")).display().to_string()
}

/// A pipeline of a test, in a file.
fn written(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("pipeline.toml");
    std::fs::write(&file, text).expect("the file can be written");
    let file = file.display().to_string();
    (folder, file)
}

fn run(arguments: &[&str]) -> Ran {
    program::run([&["run"], arguments].concat())
}

/// The events of a topic of the sample, in the order of their times.
fn events(topic: &str) -> Vec<Value> {
    program::run(["read", SAMPLE, "-t", topic, "--format", "json", "--value-codec", "json"]).ok().json_lines()
}

fn header<'e>(event: &'e Value, name: &str) -> Option<&'e str> {
    let headers = event["headers"].as_array().expect("headers");
    headers.iter().find(|header| header[0] == name).and_then(|header| header[1].as_str())
}

#[test]
fn every_sample_pipeline_checks_against_the_sample_and_gives_rows() {
    for file in sample_pipelines() {
        let file = file.display().to_string();
        let checked = program::run(["check", &file, SAMPLE]).ok();
        assert!(checked.stdout.contains("gives a "), "{file}: {}", checked.stdout);
        let views: Vec<String> = program::run(["check", &file, "--json"]).ok().json_lines()[0]
            .as_array()
            .expect("an array")
            .iter()
            .filter(|node| node["kind"] == "view")
            .map(|node| node["node"].as_str().expect("a name").to_owned())
            .collect();
        for view in views {
            let ran = run(&[&file, SAMPLE, "--view", &view, "--format", "json", "--stats"]).ok();
            assert!(!ran.stdout.is_empty(), "{file}: {view} has no rows: {}", ran.stderr);
            assert!(ran.stderr.contains("complete"), "{file}: {}", ran.stderr);
        }
    }
}

/// Cents of a number of the sample, which has at most two digits behind its point, or of a text that is one.
fn cents(value: &Value) -> i64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    whole.parse::<i64>().expect("a number") * 100 + format!("{part:0<2}").parse::<i64>().expect("cents")
}

#[test]
fn revenue_per_minute_is_what_a_sum_by_hand_comes_to() {
    let mut seen = BTreeSet::new();
    let mut by_hand: BTreeMap<(String, i64), (i64, u64)> = BTreeMap::new();
    for event in events("payments") {
        let id = header(&event, "ce_id").map(str::to_owned);
        if header(&event, "ce_type") != Some("PaymentCaptured") || !seen.insert(id) {
            continue;
        }
        let minute = event["timestamp_ms"].as_i64().expect("a time").div_euclid(60_000);
        let currency = event["value"]["currency"].as_str().expect("a currency").to_owned();
        let sum = by_hand.entry((currency, minute)).or_default();
        sum.0 += cents(&event["value"]["amount"]);
        sum.1 += 1;
    }
    let ran = run(&[&pipeline("revenue-per-minute"), SAMPLE, "-J"]).ok();
    let time =
        |row: &Value| row["window_start"].as_str().expect("a time").parse::<jiff::Timestamp>().expect("ISO 8601");
    let ours: BTreeMap<(String, i64), (i64, u64)> = ran
        .json_lines()
        .iter()
        .map(|row| {
            let minute = time(row).as_millisecond() / 60_000;
            let currency = row["currency"].as_str().expect("a currency").to_owned();
            ((currency, minute), (cents(&row["revenue"]), row["payments"].as_u64().expect("a count")))
        })
        .collect();
    assert!(!ran.stderr.contains("late"), "the sample's payments are in time for thirty seconds: {}", ran.stderr);
    assert_eq!(ours, by_hand);
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_nothing_runs() {
    let text = "version = 1\n\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n\n[nodes.big]\nkind = \"filter\"\n\
                input = \"order\"\nwhere = \"value.total > 100\"\n\n[nodes.wide]\nkind = \"aggregate\"\ninput = \"orders\"\n\
                grace = \"1m\"\nselect = { n = \"count(*)\" }\n";
    let (_folder, file) = written(text);
    for arguments in [vec!["check", &file], vec!["run", &file, SAMPLE]] {
        let ran = program::run(arguments);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("line 9, big.input: "), "{}", ran.stderr);
        assert!(ran.stderr.contains("wide.grace: "), "{}", ran.stderr);
        assert!(ran.stdout.is_empty());
    }
}

#[test]
fn a_field_that_no_event_has_is_a_problem_to_check_and_a_remark_to_run() {
    let text = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n[nodes.big]\nkind = \"filter\"\n\
                input = \"orders\"\nwhere = \"value.totl > 100\"\n";
    let (_folder, file) = written(text);
    let remark = "no event of orders that was looked at has value.totl; did you mean total?";
    let checked = program::run(["check", &file, SAMPLE]);
    assert_eq!(checked.code, Some(1), "{}", checked.stderr);
    assert!(checked.stderr.contains(remark), "{}", checked.stderr);
    let ran = run(&[&file, SAMPLE]).ok();
    assert!(ran.stderr.contains(remark), "{}", ran.stderr);
}

#[test]
fn a_view_at_a_time_is_the_view_of_the_log_cut_there() {
    let file = pipeline("revenue-per-minute");
    let whole = run(&[&file, SAMPLE, "-J"]).ok().json_lines();
    let noon = "2026-03-14T12:00:00Z";
    let cut = run(&[&file, SAMPLE, "-J", "--at", noon]).ok().json_lines();
    let before: Vec<&Value> = whole
        .iter()
        .filter(|row| row["window_end"].as_str().is_some_and(|end| end <= "2026-03-14T12:00:00.000Z"))
        .collect();
    assert!(!cut.is_empty() && cut.len() < whole.len());
    assert_eq!(cut.iter().filter(|row| row["window_end"] != "2026-03-14T12:01:00.000Z").collect::<Vec<_>>(), before);
}

#[test]
fn what_cannot_be_calculated_is_shown_and_what_has_no_key_is_counted() {
    let text = "version = 1\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n[nodes.odd]\nkind = \"project\"\n\
                input = \"payments\"\nselect = { n = \"offset / 0\" }\n\
                [nodes.per]\nkind = \"aggregate\"\ninput = \"payments\"\nby = [\"value.nothing\"]\nselect = { n = \"count(*)\" }\n";
    let (_folder, file) = written(text);
    let odd = run(&[&file, SAMPLE, "--view", "odd", "-J"]).ok();
    assert_eq!(odd.json_lines()[0]["n"]["$error"], "division by zero");
    // What can be calculated of no event at all is refused instead.
    let (_other, refused) = written(&text.replace("offset / 0", "value.order_id + 1"));
    let refused = run(&[&refused, SAMPLE, "--view", "odd", "-J"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{}", refused.stderr);
    let per = run(&[&file, SAMPLE, "--view", "per", "-J"]).ok();
    assert!(per.stdout.is_empty());
    assert!(per.stderr.contains("null key"), "{}", per.stderr);
}
