//! `fabula run --to FILE`: every form holds the same rows, and a file is there whole or not at all.

use std::path::Path;

use fabula_tests::arguments;
use fabula_tests::program::{self, Running};
use serde_json::Value;

const SAMPLE: &str = "--sample=20000";

/// Columns of every kind: an integer, an exact number, a time, texts, null, a condition, JSON, and what can't be told.
const ROWS: &str = "version = 1\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n[nodes.rows]\nkind = \"project\"\n\
                    input = \"payments\"\n[nodes.rows.select]\nat = \"offset\"\namount = \"TRY_CAST(value.amount AS DECIMAL)\"\n\
                    time = \"timestamp\"\nid = \"key\"\nnothing = \"value.nothing\"\nsmall = \"offset < 100\"\nwhole = \"value\"\n\
                    odd = \"1 / (offset - offset % 7)\"\n";

const PER_CURRENCY: &str = "version = 1\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n[nodes.per]\nkind = \"aggregate\"\n\
                            input = \"payments\"\nby = [\"value.currency AS currency\"]\nwindow = { kind = \"tumbling\", size = \"1h\" }\n\
                            select = { n = \"count(*)\", revenue = \"sum(value.amount)\" }\n";

fn written(folder: &Path, text: &str) -> std::path::PathBuf {
    let file = folder.join("pipeline.toml");
    std::fs::write(&file, text).expect("the file can be written");
    file
}

/// The rows of a Parquet file, as an import of it tells them.
fn parquet_rows(folder: &Path, file: &Path) -> Vec<Value> {
    let dir = folder.join("imported");
    program::run(arguments!["import", file, "--to", &dir, "--topic", "rows"]).ok();
    let read = program::run(arguments!["read", "--recording", &dir, "-t", "rows", "-J", "--value-codec", "json"]).ok();
    read.json_lines().into_iter().map(|event| event["value"].clone()).collect()
}

#[test]
fn a_parquet_file_has_the_rows_of_json_with_their_types() {
    for text in [ROWS, PER_CURRENCY] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pipeline = written(folder.path(), text);
        let json = program::run(arguments!["run", &pipeline, SAMPLE, "-J"]).ok().json_lines();
        let file = folder.path().join("rows.parquet");
        let ran = program::run(arguments!["run", &pipeline, SAMPLE, "--to", &file]).ok();
        assert_eq!(ran.stdout, "");
        let rows = parquet_rows(folder.path(), &file);
        assert_eq!(rows.len(), json.len());
        for (row, line) in rows.iter().zip(&json) {
            for (name, value) in line.as_object().expect("an object") {
                let ours = &row[name];
                let same = match (name.as_str(), value) {
                    // A payload stands as the text that it is; what can't be told is null.
                    ("whole", value) => {
                        serde_json::from_str(ours.as_str().expect("a text")).ok().as_ref() == Some(value)
                    }
                    (_, Value::Object(_)) => ours.is_null(),
                    // The same number with as many digits as the column has.
                    (_, Value::Number(number)) if !number.is_i64() => ours.as_f64() == number.as_f64(),
                    ("amount" | "revenue" | "odd", value) => ours.as_f64() == value.as_f64(),
                    ("time" | "window_start" | "window_end", Value::String(time)) => {
                        let parsed = |text: &str| text.parse::<jiff::Timestamp>().expect("ISO 8601");
                        ours.as_str().is_some_and(|ours| parsed(ours) == parsed(time))
                    }
                    (_, value) => ours == value,
                };
                assert!(same, "{name}: {ours} is not {value}");
            }
        }
        if text == ROWS {
            assert!(ran.stderr.contains("odd: 42 values could not be calculated, and are null"), "{}", ran.stderr);
        }
    }
}

#[test]
fn the_ending_of_the_name_says_the_form_and_the_flag_goes_before_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipeline = written(folder.path(), PER_CURRENCY);
    let to = |name: &str, more: &[&str]| {
        let file = folder.path().join(name);
        let run = arguments!["run", &pipeline, SAMPLE, "--to", &file];
        program::run(run.iter().cloned().chain(more.iter().map(Into::into))).ok();
        std::fs::read(&file).expect("the file")
    };
    assert!(to("rows.parquet", &[]).starts_with(b"PAR1"));
    for name in ["rows.arrow", "rows.ipc", "rows.feather"] {
        assert!(to(name, &[]).starts_with(b"ARROW1"), "{name}");
    }
    assert!(to("rows.csv", &[]).starts_with(b"currency,window_start,"));
    assert!(to("rows.jsonl", &[]).starts_with(b"{\"currency\":"));
    assert!(to("rows.csv", &["--format", "parquet"]).starts_with(b"PAR1"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 7, "nothing else is left there");
    let stdout = program::run(arguments!["run", &pipeline, SAMPLE, "--format", "parquet"]);
    assert_eq!((stdout.code, stdout.stdout.as_str()), (Some(2), ""), "{}", stdout.stderr);
    let unknown = program::run(arguments!["run", &pipeline, SAMPLE, "--to", folder.path().join("rows.xls")]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("“.xls” tells no form"), "{}", unknown.stderr);
}

#[test]
fn an_export_that_is_killed_or_fails_leaves_the_old_file_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipeline = written(folder.path(), ROWS);
    for name in ["rows.json", "rows.csv", "rows.parquet", "rows.arrow"] {
        let (file, aside) = (folder.path().join(name), folder.path().join(format!("{name}.aside")));
        // One that is done before it is killed was too fast, and is tried again.
        loop {
            std::fs::write(&file, "old").expect("the file can be written");
            let mut running = Running::start(arguments!["run", &pipeline, "--sample=400k", "--to", &file]);
            let mut is_done = || running.child().try_wait().expect("it can be asked").is_some();
            while !aside.exists() && !is_done() {
                std::thread::yield_now();
            }
            running.child().kill().expect("it can be killed");
            let status = running.child().wait().expect("it can be waited for");
            if status.code().is_none() {
                break;
            }
        }
        assert_eq!(std::fs::read(&file).expect("the file"), b"old", "{name}");
        // The next one is not in its way.
        program::run(arguments!["run", &pipeline, "--sample=1000", "--to", &file]).ok();
        assert!(!aside.exists());
        assert_ne!(std::fs::read(&file).expect("the file"), b"old", "{name}");
    }
    // A file is no folder.
    let nowhere = pipeline.join("rows.csv");
    let refused = program::run(arguments!["run", &pipeline, "--sample=1000", "--to", &nowhere]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("pipeline.toml/rows.csv can't be written"), "{}", refused.stderr);
}

#[test]
fn of_two_exports_to_one_file_the_second_is_refused_and_the_first_is_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipeline = written(folder.path(), ROWS);
    let (file, aside) = (folder.path().join("rows.csv"), folder.path().join("rows.csv.aside"));
    let lines = || std::fs::read_to_string(&file).expect("the file").lines().count();
    program::run(arguments!["run", &pipeline, "--sample=400k", "--to", &file]).ok();
    let whole = lines();
    // One that is done before the other begins was too fast, and is tried again.
    loop {
        std::fs::remove_file(&file).expect("the file can be removed");
        let mut first = Running::start(arguments!["run", &pipeline, "--sample=400k", "--to", &file]);
        while !aside.exists() && first.child().try_wait().expect("it can be asked").is_none() {
            std::thread::yield_now();
        }
        let second = program::run(arguments!["run", &pipeline, "--sample=1000", "--to", &file]);
        let status = first.child().wait().expect("it can be waited for");
        if second.code == Some(0) {
            continue;
        }
        assert_eq!(second.code, Some(1), "{}", second.stderr);
        assert!(second.stderr.contains("is being written by another export"), "{}", second.stderr);
        assert!(status.success());
        assert_eq!(lines(), whole, "nothing of the second is in it");
        break;
    }
    assert!(!aside.exists());
}
