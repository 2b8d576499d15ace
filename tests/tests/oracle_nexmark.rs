//! Nexmark's queries: as pipelines, and as Flink SQL has them, over the same events.
//!
//! Flink ends with the largest watermark there is, so its windows are all closed in the end; a pipeline's table has the
//! open ones too. Only q7 gives finals, and is compared as far as they go.

use std::path::Path;
use std::sync::OnceLock;

use fabula_tests::nexmark::{Nexmark, columns, file, pipeline, record};
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

/// Compares a pipeline with a query of Flink's over these topics; only rows that `counts` takes.
fn compare(test: &str, query: &str, topics: &[&str], sql: &str, counts: impl Fn(&[String]) -> bool) {
    let tables: Vec<Table> = topics.iter().map(|topic| table(events().path(), topic)).collect();
    let Some(answer) = ask(test, &Case::new(&tables, sql, Vec::new())) else { return };
    let theirs = answer.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>());
    let theirs = sorted(theirs.filter(|row| counts(row)));
    let ours = ours(query);
    assert!(ours.len() > 2 || query == "q15", "{query} gives only {ours:?}");
    if let Some((mine, other)) = ours.iter().zip(&theirs).find(|(mine, other)| mine != other) {
        panic!("{query}: of {} and {} rows, ours {mine:?}, Flink's {other:?}", ours.len(), theirs.len());
    }
    assert_eq!(ours.len(), theirs.len(), "{query}: rows");
}

/// A test of one query: its name, the query, the topics, Flink's SQL.
macro_rules! is_flinks {
    ($($test:ident: $query:literal, $topics:expr, $sql:expr;)+) => {$(
        #[test]
        fn $test() {
            compare(stringify!($test), $query, &$topics, &$sql, |_| true);
        }
    )+};
}

is_flinks! {
    q0_passes_bids_on: "q0", ["bid"], "SELECT auction, bidder, price, ts, extra FROM bid";

    q1_is_exact_in_another_currency: "q1", ["bid"],
        "SELECT auction, bidder, 0.908 * price AS price, ts, extra FROM bid";

    q2_selects_by_remainder: "q2", ["bid"], "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0";

    q3_joins_two_tables: "q3", ["auction", "person"],
        "SELECT P.name, P.city, P.state, A.id FROM auction A JOIN person P ON A.seller = P.id \
         WHERE A.category = 10 AND (P.state = 'or' OR P.state = 'id' OR P.state = 'ca')";

    q5_finds_every_hot_item_of_hopping_windows: "q5", ["bid"], format!(
        "SELECT B.auction, B.num, B.window_start FROM ({counts}) B JOIN \
         (SELECT MAX(num) AS num, window_start, window_end FROM ({counts}) C GROUP BY window_start, window_end) M \
         ON B.window_start = M.window_start AND B.window_end = M.window_end AND B.num >= M.num",
        counts = "SELECT auction, COUNT(*) AS num, window_start, window_end FROM \
                  TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND)) \
                  GROUP BY auction, window_start, window_end");

    q8_joins_windows_of_two_streams: "q8", ["person", "auction"],
        "SELECT P.id, P.name, P.window_start FROM \
         (SELECT id, name, window_start, window_end FROM \
          TABLE(TUMBLE(TABLE person, DESCRIPTOR(ts), INTERVAL '10' SECOND)) \
          GROUP BY id, name, window_start, window_end) P JOIN \
         (SELECT seller, window_start, window_end FROM \
          TABLE(TUMBLE(TABLE auction, DESCRIPTOR(ts), INTERVAL '10' SECOND)) \
          GROUP BY seller, window_start, window_end) A \
         ON P.id = A.seller AND P.window_start = A.window_start AND P.window_end = A.window_end";

    q11_counts_in_sessions: "q11", ["bid"],
        "SELECT bidder, window_start, window_end - INTERVAL '10' SECOND, COUNT(*) FROM \
         TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(ts), INTERVAL '10' SECOND)) \
         GROUP BY bidder, window_start, window_end";

    q12_counts_in_windows: "q12", ["bid"],
        "SELECT bidder, window_start, window_end, COUNT(*) FROM \
         TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY bidder, window_start, window_end";

    q14_calculates: "q14", ["bid"],
        "SELECT auction, bidder, 0.908 * price AS price, \
         CASE WHEN HOUR(CAST(ts AS TIMESTAMP(3))) BETWEEN 8 AND 18 THEN 'dayTime' \
              WHEN HOUR(CAST(ts AS TIMESTAMP(3))) <= 6 OR HOUR(CAST(ts AS TIMESTAMP(3))) >= 20 THEN 'nightTime' \
              ELSE 'otherTime' END, \
         ts, extra, CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', '')) \
         FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000";

    q15_counts_what_differs_per_day: "q15", ["bid"], format!(
        "SELECT DATE_FORMAT(ts, 'yyyy-MM-dd') AS d, {} FROM bid GROUP BY DATE_FORMAT(ts, 'yyyy-MM-dd')", counts());

    q16_counts_what_differs_per_channel: "q16", ["bid"], format!(
        "SELECT channel, DATE_FORMAT(ts, 'yyyy-MM-dd') AS d, MAX(DATE_FORMAT(ts, 'HH:mm')), {} FROM bid \
         GROUP BY channel, DATE_FORMAT(ts, 'yyyy-MM-dd')", counts());

    q17_tells_statistics_per_auction: "q17", ["bid"],
        "SELECT auction, DATE_FORMAT(ts, 'yyyy-MM-dd') AS d, COUNT(*), COUNT(*) FILTER (WHERE price < 10000), \
         COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000), COUNT(*) FILTER (WHERE price >= 1000000), \
         MIN(price), MAX(price), AVG(CAST(price AS DOUBLE)), SUM(price) FROM bid \
         GROUP BY auction, DATE_FORMAT(ts, 'yyyy-MM-dd')";

    q18_keeps_the_last_bid: "q18", ["bid"],
        "SELECT auction, bidder, price, channel, url, ts, extra FROM \
         (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY ts DESC) AS n FROM bid) WHERE n <= 1";

    q19_ranks_the_ten_highest_bids: "q19", ["bid"],
        "SELECT auction, bidder, price, channel, url, ts, extra, n FROM \
         (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS n FROM bid) WHERE n <= 10";

    q20_joins_bids_with_their_auction: "q20", ["bid", "auction"],
        "SELECT B.auction, bidder, price, channel, url, B.ts, B.extra, item_name, description, initial_bid, reserve, \
         A.ts, expires, seller, category, A.extra FROM bid B JOIN auction A ON B.auction = A.id WHERE A.category = 10";

    q21_takes_a_number_out_of_a_text: "q21", ["bid"],
        "SELECT auction, bidder, price, channel, CASE LOWER(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' \
         WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3' ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END \
         FROM bid WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL \
         OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu')";

    q22_takes_a_text_apart: "q22", ["bid"],
        "SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3), SPLIT_INDEX(url, '/', 4), \
         SPLIT_INDEX(url, '/', 5) FROM bid";
}

/// The counts of q15 and q16.
fn counts() -> String {
    let ranks = [
        "",
        " FILTER (WHERE price < 10000)",
        " FILTER (WHERE price >= 10000 AND price < 1000000)",
        " FILTER (WHERE price >= 1000000)",
    ];
    let counted = ["*", "DISTINCT bidder", "DISTINCT auction"];
    let all = counted.iter().flat_map(|what| ranks.iter().map(move |rank| format!("COUNT({what}){rank}")));
    all.collect::<Vec<_>>().join(", ")
}

#[test]
fn q7_finds_the_highest_bids_of_closed_windows() {
    const WINDOW_MS: i64 = 10_000;
    let latest = EVENTS.events().map(|event| event.timestamp() as i64).max().expect("events");
    let closed_before = (latest - 1_000) / WINDOW_MS * WINDOW_MS;
    let sql = "SELECT B.auction, B.price, B.bidder, B.ts, B.extra FROM bid B JOIN \
               (SELECT MAX(price) AS price, window_start, window_end FROM \
                TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end) M \
               ON B.price = M.price AND B.ts >= M.window_start AND B.ts < M.window_end";
    compare("q7_finds_the_highest_bids_of_closed_windows", "q7", &["bid"], sql, |row| {
        row[3].parse::<i64>().expect("a time") < closed_before
    });
}
