//! `fabula import`: files of events become a recording.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use fabula_tests::arguments;
use fabula_tests::program::{self, Ran};
use serde_json::Value;

fn import(file: &Path, dir: &Path, more: &[&str]) -> Ran {
    let mut arguments = arguments!["import", file, "--to", dir].to_vec();
    arguments.extend(more.iter().map(Into::into));
    program::run(arguments)
}

fn read(dir: &Path) -> Vec<Value> {
    program::run(arguments!["read", "--recording", dir, "-t", "*", "-J"]).ok().json_lines()
}

/// A process's log as CSV: cases interleave, times carry zones, texts hold commas, quotes and line ends.
fn process_log(path: &Path, rows: usize) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(file, "case:concept:name,concept:name,org:resource,time:timestamp,note").unwrap();
    for row in 0..rows {
        let (case, second) = (row % 97, row % 60);
        let minute = row / 60;
        let time = format!(
            "2011-10-{:02} {:02}:{:02}:{second:02}.250000+02:00",
            11 + minute / 1_440,
            minute / 60 % 24,
            minute % 60
        );
        writeln!(file, "case-{case},\"T{:02} Check, \"\"again\"\"\",Resource{case},{time},\"two\nlines\"", row % 7)
            .unwrap();
    }
}

const PROCESS: [&str; 6] = ["--key-field", "case:concept:name", "--time-field", "time:timestamp", "--topic", "permits"];

/// Where the data that nobody here made lies, when it is there.
fn real_process_log() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/receipt.csv");
    path.is_file().then_some(path)
}

#[test]
fn a_process_log_in_csv_becomes_a_topic_with_keys_and_times() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made.csv");
    process_log(&made, 8_577);
    let real = real_process_log();
    if real.is_none() {
        println!("note: ../shared/data/receipt.csv is not here; only a log made for the purpose was imported");
    }
    for (at, file) in std::iter::once(made).chain(real).enumerate() {
        let dir = folder.path().join(at.to_string());
        import(&file, &dir, &PROCESS).ok();
        let events = read(&dir);
        assert_eq!(events.len(), 8_577, "{}", file.display());
        assert!(events.iter().all(|event| event["topic"] == "permits"));
        assert!(events.iter().all(|event| event["key"].as_str().is_some_and(|key| key.starts_with("case-"))));
        assert!(events.iter().all(|event| event["timestamp"].as_str().is_some_and(|time| time.starts_with("201"))));
        let value: Value = serde_json::from_str(events[0]["value"].as_str().unwrap()).unwrap();
        assert_eq!(value["case:concept:name"], events[0]["key"]);
    }
}

#[test]
fn fabulas_own_lines_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let sample = program::run(["read", "--sample=20000", "-t", "*", "-J"]).ok().stdout;
    let file = folder.path().join("events.jsonl");
    std::fs::write(&file, &sample).unwrap();
    let dir = folder.path().join("recording");
    import(&file, &dir, &[]).ok();
    let again = program::run(arguments!["read", "--recording", &dir, "-t", "*", "-J"]).ok().stdout;
    assert!(again == sample, "the recording of the lines differs from them");
}

#[test]
fn a_dump_of_kcat_keeps_topics_partitions_and_offsets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.json");
    let lines = [
        r#"{"topic":"orders","partition":1,"offset":7,"tstype":"create","ts":1700000000000,"broker":0,"headers":["a","1","a","2"],"key":"k","payload":"{\"n\":9007199254740993}"}"#,
        r#"{"topic":"orders","partition":1,"offset":9,"tstype":"create","ts":1700000000001,"broker":0,"key":null,"payload":null}"#,
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let dir = folder.path().join("recording");
    import(&file, &dir, &[]).ok();
    let events = read(&dir);
    let places: Vec<_> = events.iter().map(|event| (event["partition"].as_i64(), event["offset"].as_i64())).collect();
    assert_eq!(places, [(Some(1), Some(7)), (Some(1), Some(9))]);
    assert_eq!(events[0]["value"], r#"{"n":9007199254740993}"#);
    assert_eq!(events[0]["headers"], serde_json::json!([["a", "1"], ["a", "2"]]));
    assert_eq!((&events[1]["key"], &events[1]["value"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_cannot_be_read_is_named_by_file_and_line_and_the_rest_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.jsonl");
    std::fs::write(&file, "{\"id\":1}\n{\"id\":2\n{\"id\":3}\n").unwrap();
    let dir = folder.path().join("recording");
    let ran = import(&file, &dir, &["--topic", "lines"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("lines.jsonl, line 2"), "{}", ran.stderr);
    assert_eq!(read(&dir).len(), 2);
}

#[test]
fn an_import_does_not_touch_a_recording_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.jsonl");
    std::fs::write(&file, "{\"id\":1}\n").unwrap();
    let dir = folder.path().join("recording");
    import(&file, &dir, &[]).ok();
    let refused = import(&file, &dir, &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("holds a recording already"), "{}", refused.stderr);
}

/// Imports a file of this content.
fn import_text(folder: &Path, name: &str, text: &str, more: &[&str]) -> (Ran, PathBuf) {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    let dir = folder.join(format!("{name}-recording"));
    (import(&file, &dir, more), dir)
}

#[test]
fn the_elements_of_an_array_are_events_on_one_line_and_on_several() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("one.json", "[{\"id\":1},{\"id\":2}]"), ("several.json", "[\n  {\"id\": 1},\n  {\"id\": 2}\n]\n")]
    {
        let (ran, dir) = import_text(folder.path(), name, text, &["--key-field", "id"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let keys: Vec<Value> = read(&dir).into_iter().map(|event| event["key"].clone()).collect();
        assert_eq!(keys, ["1", "2"], "{name}");
    }
    let (_, dir) = import_text(folder.path(), "lines.json", "[1]\n[2]\n[3]\n", &[]);
    assert_eq!(read(&dir).len(), 3, "lines of arrays are a value each");
}

#[test]
fn what_comes_on_stdin_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("recording");
    let lines = folder.path().join("lines");
    std::fs::write(&lines, "{\"topic\":\"orders\",\"partition\":0,\"offset\":3,\"ts\":5,\"payload\":\"x\"}\n").unwrap();
    let mut command = program::command(arguments!["import", "-", "--to", &dir]);
    let ran: Ran = command.stdin(std::fs::File::open(&lines).unwrap()).output().unwrap().into();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!((&read(&dir)[0]["topic"], read(&dir)[0]["offset"].as_i64()), (&Value::from("orders"), Some(3)));
}

#[test]
fn an_import_that_nothing_came_of_leaves_nothing_and_names_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &str, &[&str], &str); 3] = [
        ("plain.txt", "hello\n", &[], "--format"),
        ("table.csv", "a,b\n1,2\n", &["--key-field", "nope"], "--key-field: “nope” is no column"),
        ("odd.jsonl", "{}\n", &["--topic", "a/b c"], "--topic: “a/b c” can be no topic"),
    ];
    for (name, text, more, says) in cases {
        let (ran, dir) = import_text(folder.path(), name, text, more);
        assert_eq!(ran.code, Some(1), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{name}: {}", ran.stderr);
        assert!(!dir.exists(), "{name} left a folder");
    }
    let (ran, dir) = import_text(folder.path(), "plain.txt", "1,2\n", &["--format", "csv"]);
    assert!(ran.code == Some(0) && dir.exists(), "{}", ran.stderr);
}

#[test]
fn offsets_that_run_backwards_in_a_dump_leave_gaps_and_no_holes() {
    let folder = tempfile::tempdir().unwrap();
    let line = |offset| format!("{{\"topic\":\"t\",\"partition\":0,\"offset\":{offset},\"ts\":5,\"payload\":\"x\"}}\n");
    let (ran, dir) = import_text(folder.path(), "dump.json", &(line(5) + &line(3)), &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(read(&dir).len(), 2);
}

#[test]
fn values_of_csv_are_said_to_be_texts() {
    let folder = tempfile::tempdir().unwrap();
    let (ran, _) = import_text(folder.path(), "table.csv", "a,b\n1,2\n", &[]);
    assert!(ran.stderr.contains("CAST("), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 event has no time"), "{}", ran.stderr);
}
