//! A recording with values of every kind, a view of them, and what a reader may make of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::arguments;
use crate::program;

/// A view that shows values of every kind.
const PIPELINE: &str = "version = 1\n[nodes.events]\nkind = \"stream\"\ntopic = \"rows\"\n[nodes.rows]\nkind = \"project\"\n\
    input = \"events\"\n[nodes.rows.select]\nid = \"key\"\nn = \"value.n\"\nprice = \"value.price\"\n\
    ratio = \"CAST(value.price AS DOUBLE)\"\nat = \"timestamp\"\nok = \"value.ok\"\ntext = \"value.text\"\nlist = \"value.list\"\n\
    odd = \"value.odd\"\nnothing = \"value.nothing\"\nfailed = \"1 / value.zero\"\nraw = \"headers.raw\"\n\
    us = \"CAST(value.us AS TIMESTAMP)\"\nns = \"CAST(value.ns AS TIMESTAMP)\"\nnan = \"CAST(value.nan AS DOUBLE)\"\n";

/// The kind of each of its columns.
pub const KINDS: [(&str, &str); 15] = [
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
    ("raw", "bytes"),
    ("us", "time in microseconds"),
    ("ns", "time in nanoseconds"),
    ("nan", "float"),
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
            (
                r#"{"id":"least","at":"1970-01-01T00:00:00.001Z","n":-9223372036854775808,"price":-0.01,"ok":true,"text":"","list":[1,"two",null],"odd":5,"zero":1,"us":"1970-01-01T00:00:00.000001Z","ns":"1970-01-01T00:00:00.000000001Z","nan":"NaN"}"#,
                Some("/w=="),
            ),
            (
                r#"{"id":"most","at":"2262-01-01T00:00:00Z","n":9223372036854775807,"price":12345678901234567890.1234,"ok":false,"text":"tab\tline\nquote\"s' comma, bar| back\\slash \\N ","list":{"b":{"c":1.50},"a":"ü"},"odd":"5.0","us":"2262-01-01T00:00:00.999999Z","ns":"2262-01-01T00:00:00.999999999Z","nan":"Infinity"}"#,
                Some("gCcsIlxOCQo="),
            ),
            (
                r#"{"id":"none","at":"2026-03-14T09:14:07.482Z","n":null,"price":null,"ok":null,"text":null,"list":null,"odd":null,"zero":0,"us":null,"ns":null,"nan":null}"#,
                None,
            ),
            (r#"{"id":"missing","at":"2026-03-14T09:14:07.483Z","zero":2}"#, None),
            (
                r#"{"id":"7","at":"1969-12-31T23:59:59.999Z","n":7,"price":7,"ok":true,"text":"007","list":[],"odd":{"deep":[true]},"us":"1969-12-31T23:59:59.999999Z","ns":"1969-12-31T23:59:59.999999999Z","nan":"-Infinity"}"#,
                Some("AP8A"),
            ),
            (
                r#"{"id":"naïve ✓","at":"2026-03-14T09:14:07Z","n":0,"price":0.10,"ok":false,"text":"é😀 NULL","list":[[]],"odd":true,"us":"2026-03-14T09:14:07.482Z","ns":"2026-03-14T09:14:07Z","nan":"-0.5"}"#,
                Some("3q2+7w=="),
            ),
        ];
        let mut text = String::new();
        for (at, (value, raw)) in hard.iter().enumerate() {
            text.push_str(&line(at, value, *raw));
        }
        for at in 0..plain {
            let (ms, cents) = (at % 1_000, at % 100);
            let value = format!(
                "{{\"id\":\"row {at}\",\"at\":\"2026-03-15T09:14:07.{ms:03}Z\",\"n\":{at},\"price\":{at}.{cents:02},\"ok\":true,\
                 \"text\":\"{at}\",\"list\":[{at}],\"odd\":{at},\"us\":\"2026-03-15T09:14:07.{ms:03}{ms:03}Z\",\
                 \"ns\":\"2026-03-15T09:14:07.{ms:03}{ms:03}{ms:03}Z\",\"nan\":\"{at}.25\"}}"
            );
            text.push_str(&line(hard.len() + at, &value, Some("/wAB")));
        }
        std::fs::write(&lines, text).expect("the file can be written");
        program::run(arguments!["import", &lines, "--to", &recording]).ok();
        Self { pipeline, recording }
    }

    /// `run PIPELINE --recording DIR`, and more.
    pub fn run(&self, more: &[&str]) -> Vec<std::ffi::OsString> {
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

/// An event as `fabula read -J` writes it: with a value, of which it has the key and the time, and bytes in a header.
fn line(offset: usize, value: &str, raw: Option<&str>) -> String {
    let fields: Value = serde_json::from_str(value).expect("JSON");
    let headers = raw.map(|raw| json!([["raw", {"$base64": raw}]])).unwrap_or_else(|| json!([]));
    let event = json!({
        "topic": "rows", "partition": 0, "offset": offset, "timestamp": fields["at"], "timestamp_type": "create",
        "key": fields["id"], "value": value, "headers": headers,
    });
    format!("{event}\n")
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
            let written = match (*kind, value) {
                ("bytes", value) => hexadecimal(value),
                (_, Value::String(text)) => text.clone(),
                (_, other) => other.to_string(),
            };
            let (of, text) = (read[0].as_str().unwrap_or("null"), read[1].as_str().unwrap_or_default());
            // SQLite takes what is not a number for null, so it is a text there.
            let as_text = *kind == "float" && (of, text) == ("text", "NaN");
            assert!(of == reads(kind) || as_text, "{name} of {line}: {read} is no {}", reads(kind));
            let same = match *kind {
                "bytes" => {
                    text.strip_prefix("\\x").unwrap_or(text) == written && (of == "bytes") != text.starts_with('\\')
                }
                "float" if !is_finite(&written) => spelled(text) == spelled(&written),
                "decimal" => is_same_decimal(text, &written),
                "float" => text.parse::<f64>().ok() == written.parse().ok(),
                "time" | "time in microseconds" | "time in nanoseconds" => is_same_time(text, &written),
                "bool" => text == written || [("1", "true"), ("0", "false")].contains(&(text, &written)),
                "json" => serde_json::from_str::<Value>(text).ok().as_ref() == Some(value),
                _ if value.is_object() => serde_json::from_str::<Value>(text).ok().as_ref() == Some(value),
                _ => text == written,
            };
            assert!(same, "{name} of {line}: {read}");
        }
    }
}

/// Bytes that stand as base64 in JSON, in hexadecimal.
fn hexadecimal(value: &Value) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = value["$base64"].as_str().unwrap_or_else(|| panic!("no bytes: {value}"));
    let (mut bits, mut count, mut written) = (0_u32, 0, String::new());
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let six = LETTERS.iter().position(|known| *known == letter).expect("base64");
        (bits, count) = (bits << 6 | six as u32, count + 6);
        if count >= 8 {
            count -= 8;
            written.push_str(&format!("{:02x}", bits >> count & 0xff));
        }
    }
    written
}

fn is_finite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// What is no finite number, as every reader spells it.
fn spelled(text: &str) -> String {
    text.to_lowercase().replace("infinity", "inf")
}

/// Whether two texts are the same moment to the last nanosecond.
fn is_same_time(one: &str, other: &str) -> bool {
    let whole = |text: &str| {
        let plain = text.strip_suffix('Z').expect("a time in UTC");
        let (second, digits) = plain.split_once('.').unwrap_or((plain, ""));
        format!("{second}.{digits:0<9}")
    };
    whole(one) == whole(other)
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
