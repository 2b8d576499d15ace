//! A recording with values of every kind, a view of them, and what a reader may make of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::arguments;
use crate::program;

/// A view that shows values of every kind.
const PIPELINE: &str = "version = 1\n[nodes.events]\nkind = \"stream\"\ntopic = \"rows\"\n[nodes.rows]\nkind = \"project\"\n\
    input = \"events\"\n[nodes.rows.select]\nid = \"key\"\nn = \"value.n\"\nprice = \"value.price\"\n\
    ratio = \"CAST(value.price AS DOUBLE)\"\nat = \"timestamp\"\nok = \"value.ok\"\ntext = \"value.text\"\nlist = \"value.list\"\n\
    odd = \"value.odd\"\nnothing = \"value.nothing\"\nfailed = \"1 / value.zero\"\n";

/// The kind of each of its columns.
pub const KINDS: [(&str, &str); 11] = [
    ("id", "text"),
    ("n", "int"),
    ("price", "decimal"),
    ("ratio", "float"),
    ("at", "time"),
    ("ok", "bool"),
    ("text", "text"),
    ("list", "json"),
    ("odd", "text"),
    ("nothing", "text"),
    ("failed", "decimal"),
];

/// A pipeline's file and a recording.
pub struct Rows {
    /// The pipeline's file.
    pub pipeline: PathBuf,
    /// The recording.
    pub recording: PathBuf,
}

impl Rows {
    /// Writes both into a folder: so many plain rows after those that are hard to keep as they are.
    ///
    /// # Panics
    /// If the program can't import them.
    pub fn new(folder: &Path, plain: usize) -> Self {
        let (pipeline, recording, lines) =
            (folder.join("pipeline.toml"), folder.join("recording"), folder.join("events.jsonl"));
        std::fs::write(&pipeline, PIPELINE).expect("the file can be written");
        let hard = [
            r#"{"id":"least","at":"1970-01-01T00:00:00.001Z","n":-9223372036854775808,"price":-0.01,"ok":true,"text":"","list":[1,"two",null],"odd":5,"zero":1}"#,
            r#"{"id":"most","at":"2262-01-01T00:00:00Z","n":9223372036854775807,"price":12345678901234567890.1234,"ok":false,"text":"tab\tline\nquote\"s' comma, bar| back\\slash \\N ","list":{"b":{"c":1.50},"a":"ü"},"odd":"5.0"}"#,
            r#"{"id":"none","at":"2026-03-14T09:14:07.482Z","n":null,"price":null,"ok":null,"text":null,"list":null,"odd":null,"zero":0}"#,
            r#"{"id":"missing","at":"2026-03-14T09:14:07.483Z","zero":2}"#,
            r#"{"id":"7","at":"1969-12-31T23:59:59.999Z","n":7,"price":7,"ok":true,"text":"007","list":[],"odd":{"deep":[true]}}"#,
            r#"{"id":"naïve ✓","at":"2026-03-14T09:14:07Z","n":0,"price":0.10,"ok":false,"text":"é😀 NULL","list":[[]],"odd":true}"#,
        ];
        let mut text = hard.join("\n");
        for at in 0..plain {
            let (ms, cents) = (at % 1_000, at % 100);
            text.push_str(&format!(
                "\n{{\"id\":\"row {at}\",\"at\":\"2026-03-15T09:14:07.{ms:03}Z\",\"n\":{at},\"price\":{at}.{cents:02},\"ok\":true,\
                 \"text\":\"{at}\",\"list\":[{at}],\"odd\":{at}}}"
            ));
        }
        std::fs::write(&lines, text).expect("the file can be written");
        let import = arguments!["import", &lines, "--to", &recording, "--topic", "rows", "--key-field", "id"];
        program::run(import.into_iter().chain(arguments!["--time-field", "at"])).ok();
        Self { pipeline, recording }
    }

    /// `run PIPELINE --recording DIR`, and more.
    pub fn run<'a>(&self, more: &[&'a str]) -> Vec<std::ffi::OsString> {
        self.of("run", more)
    }

    /// A subcommand over them.
    pub fn of(&self, subcommand: &str, more: &[&str]) -> Vec<std::ffi::OsString> {
        let first = arguments![subcommand, &self.pipeline, "--recording", &self.recording];
        first.into_iter().chain(more.iter().map(Into::into)).collect()
    }

    /// The view's rows as JSON; a price is a text, because it has more digits than a number of JSON's readers.
    ///
    /// # Panics
    /// If the program fails.
    pub fn json(&self) -> Vec<Value> {
        let ran = program::run(self.run(&["-J"])).ok();
        let row = |line: &str| {
            let mut row: Value = serde_json::from_str(line).expect("JSON");
            let price = line.split_once("\"price\":").and_then(|(_, rest)| rest.split_once(',')).expect("a price").0;
            if price != "null" {
                row["price"] = price.into();
            }
            row
        };
        ran.stdout.lines().map(row).collect()
    }
}

/// Holds rows that a reader has against the view's: values, types, nulls. `reads` says as what kind a reader has the
/// values of a kind.
///
/// # Panics
/// If they differ.
pub fn assert_same(view: &[Value], names: &[String], rows: &[Vec<Value>], reads: &dyn Fn(&str) -> &'static str) {
    assert_eq!(names, KINDS.map(|(name, _)| name), "the columns");
    assert_eq!(rows.len(), view.len(), "how many rows");
    for (row, line) in rows.iter().zip(view) {
        for ((name, kind), read) in KINDS.iter().zip(row) {
            let value = &line[*name];
            // What could not be calculated is null everywhere but in JSON.
            if value.is_null() || value.get("$error").is_some() {
                assert!(read.is_null(), "{name} of {line}: {read}");
                continue;
            }
            let written = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let (of, text) = (read[0].as_str().unwrap_or("null"), read[1].as_str().unwrap_or_default());
            assert_eq!(of, reads(kind), "{name} of {line}: {read}");
            let same = match *kind {
                "decimal" => is_same_decimal(text, &written),
                "float" => text.parse::<f64>().ok() == written.parse().ok(),
                "time" => text.replace("000Z", "Z") == written || text == written,
                "bool" => text == written || [("1", "true"), ("0", "false")].contains(&(text, &written)),
                "json" => serde_json::from_str::<Value>(text).ok().as_ref() == Some(value),
                _ if value.is_object() => serde_json::from_str::<Value>(text).ok().as_ref() == Some(value),
                _ => text == written,
            };
            assert!(same, "{name} of {line}: {read}");
        }
    }
}

/// Whether two texts are the same decimal, however many zeros end them.
fn is_same_decimal(one: &str, other: &str) -> bool {
    let least = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    least(one) == least(other)
}

/// A value as a reader tells it.
pub fn told(kind: &str, text: &str) -> Value {
    json!([kind, text])
}
