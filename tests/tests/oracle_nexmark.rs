//! Nexmark's queries: as pipelines, and as Flink SQL has them, over the same events.
//!
//! Flink ends with the largest watermark there is, so its windows are all closed in the end; a pipeline's table has the
//! open ones too. Only q7 gives finals, and is compared as far as they go.

use std::path::Path;
use std::sync::OnceLock;

use fabula_tests::nexmark::{Nexmark, columns, file, pipeline, record, sql};
use fabula_tests::oracle::flink::{Case, Column, Table, ask};
use fabula_tests::program;
use serde_json::Value;
use tempfile::TempDir;

/// Two minutes and a bit, over an evening's hour, so that windows, sessions and times of day change; out of order by up
/// to a tenth of a second.
const EVENTS: Nexmark = Nexmark { events: 60_000, per_second: 450, disorder: 50, start_ms: 1_773_514_740_000 };

/// More than what events are out of order by: nothing is late.
const WATERMARK: &str = "ts - INTERVAL '1' SECOND";

/// Pipelines and oracles read the same events.
fn events() -> &'static TempDir {
    static EVENTS_WRITTEN: OnceLock<TempDir> = OnceLock::new();
    EVENTS_WRITTEN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        EVENTS.write(folder.path()).expect("the events can be written");
        record(folder.path(), &folder.path().join("recording")).expect("the events can be recorded");
        folder
    })
}

fn table(folder: &Path, topic: &str) -> Table {
    let mut table = Table::new(topic, columns(topic), Some(WATERMARK));
    table.columns.push(Column::computed("ts", "TO_TIMESTAMP_LTZ(date_time, 3)"));
    table.path = Some(file(folder, topic).to_str().expect("a temporary folder has a plain name").to_owned());
    table
}

/// A cell as a text that is the same in both forms: a time is milliseconds, a number has six digits after its point.
fn cell(value: &Value) -> String {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => int.to_string(),
            (None, Some(float)) if float.fract() == 0.0 => format!("{float:.0}"),
            (None, float) => format!("{:.6}", float.unwrap_or(f64::NAN)),
        },
        Value::String(text) => {
            let time = text.ends_with('Z').then(|| text.parse::<jiff::Timestamp>().ok()).flatten();
            time.map_or_else(|| text.clone(), |time| time.as_millisecond().to_string())
        }
        other => other.to_string(),
    }
}

fn sorted(rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

/// What a pipeline comes to: its rows, the columns in their order.
fn ours(query: &str) -> Vec<Vec<String>> {
    let (file, recording) = (pipeline(query), events().path().join("recording"));
    let (file, recording) = (file.display().to_string(), recording.display().to_string());
    let ran = program::run(["run", &file, "--recording", &recording, "-J"]).ok();
    let late = ["late", "dropped", "can't", "of another kind"].into_iter().find(|word| ran.stderr.contains(word));
    assert_eq!(late, None, "{query}: {}", ran.stderr);
    sorted(ran.json_lines().iter().map(|row| row.as_object().expect("a row").values().map(cell).collect()))
}

/// Compares a pipeline with the same query of Flink's; only rows that `counts` takes.
fn compare(test: &str, query: &str, counts: impl Fn(&[String]) -> bool) {
    let (topics, sql) = sql(query).expect("it is one of Nexmark's");
    let tables: Vec<Table> = topics.iter().map(|topic| table(events().path(), topic)).collect();
    let Some(answer) = ask(test, &Case::new(&tables, &sql, Vec::new())) else { return };
    let theirs = answer.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>());
    let theirs = sorted(theirs.filter(|row| counts(row)));
    let ours = ours(query);
    assert!(ours.len() > 2 || query == "q15", "{query} gives only {ours:?}");
    if let Some((mine, other)) = ours.iter().zip(&theirs).find(|(mine, other)| mine != other) {
        panic!("{query}: of {} and {} rows, ours {mine:?}, Flink's {other:?}", ours.len(), theirs.len());
    }
    assert_eq!(ours.len(), theirs.len(), "{query}: rows");
}

/// A test for each query.
macro_rules! is_flinks {
    ($($test:ident: $query:literal;)+) => {$(
        #[test]
        fn $test() {
            compare(stringify!($test), $query, |_| true);
        }
    )+};
}

is_flinks! {
    q0_passes_bids_on: "q0";
    q1_is_exact_in_another_currency: "q1";
    q2_selects_by_remainder: "q2";
    q3_joins_two_tables: "q3";
    q5_finds_every_hot_item_of_hopping_windows: "q5";
    q8_joins_windows_of_two_streams: "q8";
    q11_counts_in_sessions: "q11";
    q12_counts_in_windows: "q12";
    q14_calculates: "q14";
    q15_counts_what_differs_per_day: "q15";
    q16_counts_what_differs_per_channel: "q16";
    q17_tells_statistics_per_auction: "q17";
    q18_keeps_the_last_bid: "q18";
    q19_ranks_the_ten_highest_bids: "q19";
    q20_joins_bids_with_their_auction: "q20";
    q21_takes_a_number_out_of_a_text: "q21";
    q22_takes_a_text_apart: "q22";
}

#[test]
fn q7_finds_the_highest_bids_of_closed_windows() {
    const WINDOW_MS: i64 = 10_000;
    let latest = EVENTS.events().map(|event| event.timestamp() as i64).max().expect("events");
    let closed_before = (latest - 1_000) / WINDOW_MS * WINDOW_MS;
    compare("q7_finds_the_highest_bids_of_closed_windows", "q7", |row| {
        row[3].parse::<i64>().expect("a time") < closed_before
    });
}
