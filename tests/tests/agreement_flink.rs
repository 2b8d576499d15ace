//! Fabula held against Flink SQL: the same question over the same random rows.
//!
//! Rows are put in one by one. Where both give a stream of finals, each row must have the same cause; where a table comes
//! of it, the table must be the same in the end. Flink ends every source with the largest watermark there is, which closes
//! what is open: such rows have no cause and are held against what Fabula says is open.
//!
//! A grace of g is a watermark of so much behind the largest time: g + 1 ms for windows, g + 2 ms for sessions (whose last
//! millisecond is theirs), g for joins.

use std::collections::{BTreeMap, BTreeSet};

use fabula_core::pipeline::Flow;
use fabula_tests::agreement::answer::{Changes, canonical};
use fabula_tests::agreement::draw::Draw;
use fabula_tests::agreement::{Reading, fabula};
use fabula_tests::oracle::flink::{Answer, Case, Changelog, Input, Table, ask};
use fabula_tests::oracle::streams::Record;
use serde_json::{Value, json};

/// How many cases there are of each question; `FABULA_TIMES` multiplies them.
const CASES: u64 = 8;

/// When the first row comes: windows that begin before the epoch are another matter.
const START_MS: i64 = 1_000_000;

/// One question in both languages.
struct Question {
    pipeline: String,
    tables: Vec<Table>,
    statements: Vec<String>,
    query: String,
    records: Vec<Record>,
    /// The columns of the answer that tell a row of a table apart, and the others: as both name them.
    key: Vec<&'static str>,
    values: Vec<&'static str>,
}

/// What came out with its cause, or the rows that hold in the end.
type Rows = BTreeSet<(Option<usize>, String)>;

impl Question {
    fn ours(&self) -> (Changes, Flow) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let reading = Reading::Columns { key: owned(&self.key), values: owned(&self.values) };
        fabula::run(&self.pipeline, &reading, &self.records, 1)
    }

    fn theirs(&self, test: &str) -> Option<Answer> {
        let row = |record: &Record| {
            let table = self.tables.iter().find(|table| table.name == record.topic).expect("a table for each topic");
            let cell = |name: &str| match name {
                "k" => record.key.clone(),
                "ts" => json!(record.time_ms),
                name => record.value[name].clone(),
            };
            let cells: Vec<Value> = table.columns.iter().map(|column| cell(&column.0)).collect();
            let goes = record.value.is_null();
            Input::change(&record.topic, if goes { "-D" } else { "+I" }, cells)
        };
        let mut case = Case::new(&self.tables, &self.query, self.records.iter().map(row).collect());
        case.statements.clone_from(&self.statements);
        ask(test, &case)
    }

    /// A row of Flink's as one of ours.
    fn row(&self, columns: &[String], cells: &[Value]) -> String {
        let cell = |name: &&str| {
            let at =
                columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("{name} in {columns:?}"));
            canonical(&cells[at])
        };
        self.key.iter().chain(&self.values).map(cell).collect::<Vec<_>>().join(" ")
    }
}

/// A row of ours: its key's parts and its values, in the order in which the question names them.
fn row_of(question: &Question, key: &str, value: &str) -> String {
    let key: Value = serde_json::from_str(&quoted(key)).unwrap_or(Value::Null);
    let keys = if question.key.len() == 1 { vec![key] } else { key.as_array().cloned().unwrap_or_default() };
    let value: Value = serde_json::from_str(&quoted(value)).unwrap_or(Value::Null);
    let values = question.values.iter().map(|name| canonical(&value[*name]));
    keys.iter().map(canonical).chain(values).collect::<Vec<_>>().join(" ")
}

/// The canonical form names fields without quotes.
fn quoted(canonical: &str) -> String {
    let mut quoted = String::new();
    for part in canonical.split_inclusive([',', '{']) {
        match part.split_once(':') {
            Some((name, rest)) if !name.starts_with('"') => quoted.push_str(&format!("\"{name}\":{rest}")),
            _ => quoted.push_str(part),
        }
    }
    quoted
}

/// Holds Fabula against Flink over many draws.
fn agree(test: &str, draw_question: impl Fn(&mut Draw) -> Question) {
    let times = std::env::var("FABULA_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    let (mut rows, mut late) = (0, 0);
    for seed in 0..CASES * times {
        let question = draw_question(&mut Draw::new(seed));
        let Some(answer) = question.theirs(test) else { return };
        let (changes, flow) = question.ours();
        let (ours, theirs) = match flow {
            Flow::Stream => (caused(&question, &changes), caused_by_flink(&question, &answer)),
            Flow::Table => (in_the_end(&question, &changes), in_the_end_of_flink(&question, &answer)),
        };
        let (more, fewer): (Vec<_>, Vec<_>) = (ours.difference(&theirs).collect(), theirs.difference(&ours).collect());
        assert!(
            more.is_empty() && fewer.is_empty(),
            "{test}, seed {seed}: only ours {more:?}, only Flink's {fewer:?}\n{}\n{}\n{:?}",
            question.pipeline,
            question.query,
            question.records
        );
        rows += theirs.len();
        late += usize::from(is_out_of_order(&question.records));
    }
    assert!(rows > 5 * CASES as usize, "{test}: only {rows} rows came");
    println!("{test}: {} cases, {rows} rows the same, {late} of them out of order", CASES * times);
}

fn is_out_of_order(records: &[Record]) -> bool {
    records.windows(2).any(|pair| pair[1].time_ms < pair[0].time_ms)
}

/// Rows of a stream, each with its cause.
fn caused(question: &Question, changes: &Changes) -> Rows {
    let rows = changes.iter().enumerate().flat_map(|(by, changes)| changes.iter().map(move |change| (by, change)));
    rows.filter_map(|(by, change)| Some((Some(by), row_of(question, &change.key, change.value.as_ref()?)))).collect()
}

/// Flink's, without those that only the end of all input has brought out.
fn caused_by_flink(question: &Question, answer: &Answer) -> Rows {
    let caused = answer.changelog.iter().filter(|change| change.2.is_some());
    caused.map(|change| (change.2, question.row(&answer.columns, &change.1))).collect()
}

/// The rows of a table as they stand in the end.
fn in_the_end(question: &Question, changes: &Changes) -> Rows {
    let mut table = BTreeMap::new();
    for change in changes.iter().flatten() {
        match &change.value {
            Some(value) => table.insert((&change.key, change.window), value),
            None => table.remove(&(&change.key, change.window)),
        };
    }
    table.into_iter().map(|((key, _), value)| (None, row_of(question, key, value))).collect()
}

fn in_the_end_of_flink(question: &Question, answer: &Answer) -> Rows {
    answer.rows.iter().map(|row| (None, question.row(&answer.columns, row))).collect()
}

/// Rows of topics by chance: keys, numbers, times that wander upwards by up to `step_ms` and fall back by up to `back_ms`.
fn rows(draw: &mut Draw, topics: &[&str], count: usize, step_ms: i64, back_ms: i64) -> Vec<Record> {
    let mut now = START_MS;
    let record = |_| {
        now += draw.between(0, step_ms);
        let time = now - if draw.chance(40) { draw.between(0, back_ms) } else { 0 };
        let key = draw.one_of(&["a", "b", "c"]);
        Record::new(draw.one_of(topics), key, time, json!({ "k": key, "x": draw.between(-9, 9) }))
    };
    (0..count).map(record).collect()
}

/// A table of `k`, `x` and `ts` whose watermark is so many milliseconds behind the largest time.
fn table(name: &str, behind_ms: i64) -> Table {
    let behind = format!("ts - INTERVAL '{}.{:03}' SECOND", behind_ms / 1000, behind_ms % 1000);
    Table::new(name, &["k STRING", "x BIGINT", "ts TIMESTAMP_LTZ(3)"], Some(&behind))
}

/// A table that is updated by its key.
fn upserted(name: &str) -> Table {
    Table { changelog: Changelog::Upsert, primary_key: vec!["k".to_owned()], ..table(name, 0) }
}

fn stream(name: &str) -> String {
    format!("[nodes.{name}]\nkind = \"stream\"\ntopic = \"{name}\"\n")
}

fn table_node(name: &str) -> String {
    format!("[nodes.{name}]\nkind = \"table\"\ntopic = \"{name}\"\n")
}

fn seconds(ms: i64) -> String {
    format!("INTERVAL '{}.{:03}' SECOND", ms / 1000, ms % 1000)
}

/// Counts and sums by key in windows, finals only.
fn windows(draw: &mut Draw, window: &str, sql: &str, behind_ms: i64, grace_ms: i64, end: &str) -> Question {
    Question {
        pipeline: format!(
            "version = 1\n{}[nodes.w]\nkind = \"aggregate\"\ninput = \"a\"\nby = [\"value.k AS k\"]\nwindow = {window}\n\
             grace = \"{grace_ms}ms\"\nemit = \"final\"\nselect = {{ n = \"count(*)\", total = \"sum(value.x)\" }}\n",
            stream("a")
        ),
        tables: vec![table("a", behind_ms)],
        statements: Vec::new(),
        query: format!(
            "SELECT k, window_start, {end} AS window_end, COUNT(*) AS n, SUM(x) AS total FROM TABLE({sql}) \
             GROUP BY k, window_start, window_end"
        ),
        records: rows(draw, &["a"], 90, 30, 150),
        key: vec!["k", "window_start", "window_end"],
        values: vec!["n", "total"],
    }
}

#[test]
fn tumbling_windows_give_the_same_finals_at_the_same_rows() {
    agree("tumbling_windows_give_the_same_finals_at_the_same_rows", |draw| {
        let (size, grace) = (draw.between(20, 200), draw.between(0, 120));
        let window = format!("{{ kind = \"tumbling\", size = \"{size}ms\" }}");
        let sql = format!("TUMBLE(TABLE a, DESCRIPTOR(ts), {})", seconds(size));
        windows(draw, &window, &sql, grace + 1, grace, "window_end")
    });
}

#[test]
fn hopping_windows_give_the_same_finals_at_the_same_rows() {
    agree("hopping_windows_give_the_same_finals_at_the_same_rows", |draw| {
        let (advance, grace) = (draw.between(10, 60), draw.between(0, 120));
        let size = advance * draw.between(2, 5);
        let window = format!("{{ kind = \"hopping\", size = \"{size}ms\", advance = \"{advance}ms\" }}");
        let sql = format!("HOP(TABLE a, DESCRIPTOR(ts), {}, {})", seconds(advance), seconds(size));
        windows(draw, &window, &sql, grace + 1, grace, "window_end")
    });
}

#[test]
fn sessions_give_the_same_finals_at_the_same_rows() {
    agree("sessions_give_the_same_finals_at_the_same_rows", |draw| {
        let (gap, grace) = (draw.between(10, 80), draw.between(0, 120));
        let window = format!("{{ kind = \"session\", gap = \"{gap}ms\" }}");
        let sql = format!("SESSION(TABLE a PARTITION BY k, DESCRIPTOR(ts), {})", seconds(gap));
        // Flink's sessions end a gap after the last row.
        let end = format!("window_end - {}", seconds(gap));
        windows(draw, &window, &sql, grace + 2, grace, &end)
    });
}

/// Rows that expire all that waits, whose own rows are not compared.
fn last_rows(records: &mut Vec<Record>, topics: &[&str]) {
    let end = records.iter().map(|record| record.time_ms).max().unwrap_or(START_MS) + 10_000;
    records.extend(topics.iter().zip(0..).map(|(topic, at)| {
        let key = format!("end of {at}");
        Record::new(topic, key.as_str(), end, json!({ "k": key, "x": 0 }))
    }));
}

fn joined_columns(left: &str, right: &str) -> String {
    format!(
        "[nodes.out]\nkind = \"project\"\ninput = \"j\"\n\
         select = {{ k = \"coalesce({left}.value.k, {right}.value.k)\", ax = \"{left}.value.x\", bx = \"{right}.value.x\" }}\n"
    )
}

/// Two streams joined within bounds. No row comes later than the grace: what becomes of such a row differs, and is among
/// what the dialects' notes say.
fn interval_join(draw: &mut Draw, how: &str) -> Question {
    let (before, after, grace) = (draw.between(0, 60), draw.between(0, 60), 200);
    let mut records = rows(draw, &["a", "b"], 90, 30, 150);
    last_rows(&mut records, &["a", "b", "a", "b"]);
    Question {
        pipeline: format!(
            "version = 1\n{}{}[nodes.j]\nkind = \"join\"\nhow = \"{how}\"\nleft = \"a\"\nright = \"b\"\n\
             on = [\"a.value.k = b.value.k\"]\nwithin = {{ before = \"{before}ms\", after = \"{after}ms\" }}\n\
             grace = \"{grace}ms\"\n{}",
            stream("a"),
            stream("b"),
            joined_columns("a", "b")
        ),
        tables: vec![table("a", grace), table("b", grace)],
        statements: Vec::new(),
        query: format!(
            "SELECT COALESCE(a.k, b.k) AS k, a.x AS ax, b.x AS bx FROM a {how} JOIN b ON a.k = b.k \
             AND b.ts BETWEEN a.ts - {} AND a.ts + {}",
            seconds(before),
            seconds(after)
        ),
        records,
        key: vec!["k"],
        values: vec!["ax", "bx"],
    }
}

/// Rows of a stream whatever caused them, each as often as it comes.
fn multiset(rows: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    rows.filter(|row| !row.contains("end of")).for_each(|row| *counted.entry(row).or_default() += 1);
    counted
}

/// As [`agree`], where rows may come at another moment: Flink waits for both sides' watermarks and cleans up by timers.
fn agree_whenever(test: &str, draw_question: impl Fn(&mut Draw) -> Question) {
    let times: u64 = std::env::var("FABULA_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    let mut rows = 0;
    for seed in 0..CASES * times {
        let question = draw_question(&mut Draw::new(seed));
        let Some(answer) = question.theirs(test) else { return };
        let (changes, flow) = question.ours();
        assert_eq!(flow, Flow::Stream, "{test}");
        let given = changes.iter().flatten();
        let ours = multiset(given.filter_map(|row| Some(row_of(&question, &row.key, row.value.as_ref()?))));
        let theirs = multiset(answer.rows.iter().map(|row| question.row(&answer.columns, row)));
        assert_eq!(ours, theirs, "{test}, seed {seed}\n{}\n{:?}", question.pipeline, question.records);
        rows += ours.values().sum::<usize>();
    }
    assert!(rows > 10 * CASES as usize, "{test}: only {rows} rows came");
    println!("{test}: {} cases, {rows} rows the same", CASES * times);
}

#[test]
fn interval_joins_give_the_same_pairs_and_the_same_rows_alone() {
    for how in ["inner", "left", "right", "full"] {
        agree_whenever("interval_joins_give_the_same_pairs_and_the_same_rows_alone", |draw| interval_join(draw, how));
    }
}

#[test]
fn a_stream_finds_what_held_in_a_table_at_its_time() {
    for how in ["inner", "left"] {
        agree_whenever("a_stream_finds_what_held_in_a_table_at_its_time", |draw| {
            let mut records = rows(draw, &["a", "t"], 90, 30, 150);
            // Of two versions of one time Flink keeps the one it likes.
            let mut taken = BTreeSet::new();
            records.retain(|record| record.topic != "t" || taken.insert((record.key.to_string(), record.time_ms)));
            last_rows(&mut records, &["t", "a", "t", "a"]);
            Question {
                pipeline: format!(
                    "version = 1\n{}{}[nodes.j]\nkind = \"join\"\nhow = \"{how}\"\nleft = \"a\"\nright = \"t\"\n\
                     on = [\"a.value.k = t.key\"]\ngrace = \"200ms\"\n{}",
                    stream("a"),
                    table_node("t"),
                    joined_columns("a", "t")
                ),
                tables: vec![
                    table("a", 200),
                    Table { changelog: Changelog::Upsert, primary_key: vec!["k".to_owned()], ..table("t", 200) },
                ],
                statements: Vec::new(),
                query: format!(
                    "SELECT a.k AS k, a.x AS ax, t.x AS bx FROM a {how} JOIN t FOR SYSTEM_TIME AS OF a.ts ON a.k = t.k"
                ),
                records,
                key: vec!["k"],
                values: vec!["ax", "bx"],
            }
        });
    }
}

#[test]
fn tables_joined_come_to_the_same() {
    for how in ["inner", "left", "right", "full"] {
        agree("tables_joined_come_to_the_same", |draw| {
            // A table's rows come in order here: Flink's tables go by arrival.
            let mut records = rows(draw, &["s", "t"], 40, 30, 0);
            let keys = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];
            let mut there = BTreeSet::new();
            for record in &mut records {
                let key = draw.one_of(&keys);
                record.key = json!(key);
                record.value["k"] = json!(key);
                let row = (record.topic.clone(), key);
                // Only what is there can go.
                if there.contains(&row) && draw.chance(25) {
                    there.remove(&row);
                    record.value = Value::Null;
                } else {
                    there.insert(row);
                }
            }
            Question {
                pipeline: format!(
                    "version = 1\n{}{}[nodes.j]\nkind = \"join\"\nhow = \"{how}\"\nleft = \"s\"\nright = \"t\"\n\
                     on = [\"s.key = t.key\"]\n[nodes.out]\nkind = \"project\"\ninput = \"j\"\n\
                     select = {{ k = \"coalesce(s.key, t.key)\", ax = \"s.value.x\", bx = \"t.value.x\" }}\n",
                    table_node("s"),
                    table_node("t"),
                ),
                tables: vec![upserted("s"), upserted("t")],
                statements: Vec::new(),
                query: format!("SELECT COALESCE(s.k, t.k) AS k, s.x AS ax, t.x AS bx FROM s {how} JOIN t ON s.k = t.k"),
                records,
                key: vec!["k"],
                values: vec!["ax", "bx"],
            }
        });
    }
}

/// The rows of each key that are first in an order.
fn ranked(draw: &mut Draw, node: &str, order: &str, n: i64, values: Vec<&'static str>) -> Question {
    Question {
        pipeline: format!(
            "version = 1\n{}[nodes.r]\n{node}[nodes.out]\nkind = \"project\"\ninput = \"r\"\n\
             select = {{ k = \"value.k\", {} }}\n",
            stream("a"),
            values
                .iter()
                .map(|name| match *name {
                    "rank" => "rank = \"rank\"".to_owned(),
                    name => format!("{name} = \"value.{name}\""),
                })
                .collect::<Vec<_>>()
                .join(", ")
        ),
        tables: vec![table("a", 200)],
        statements: Vec::new(),
        query: format!(
            "SELECT k, x, n AS `rank` FROM (SELECT k, x, ROW_NUMBER() OVER (PARTITION BY k ORDER BY {order}) AS n FROM a) \
             WHERE n <= {n}"
        ),
        records: rows(draw, &["a"], 60, 30, 150),
        key: if values.contains(&"rank") { vec!["k", "rank"] } else { vec!["k"] },
        values: vec!["x"],
    }
}

#[test]
fn the_last_row_of_each_key_is_the_same() {
    agree("the_last_row_of_each_key_is_the_same", |draw| {
        let mut question = ranked(
            draw,
            "kind = \"deduplicate\"\ninput = \"a\"\nby = [\"value.k\"]\nkeep = \"last\"\n",
            "ts DESC",
            1,
            vec!["x"],
        );
        spread_keys(draw, &mut question);
        question
    });
}

#[test]
fn the_highest_rows_of_each_key_have_the_same_ranks() {
    agree("the_highest_rows_of_each_key_have_the_same_ranks", |draw| {
        let n = draw.between(1, 4);
        let node =
            format!("kind = \"top-n\"\ninput = \"a\"\nby = [\"value.k\"]\norder = [\"value.x desc\"]\nn = {n}\n");
        let mut question = ranked(draw, &node, "x DESC", n, vec!["x", "rank"]);
        spread_keys(draw, &mut question);
        question
    });
}

/// More keys, so that more rows are compared.
fn spread_keys(draw: &mut Draw, question: &mut Question) {
    for record in &mut question.records {
        let key = format!("k{}", draw.below(20));
        record.key = json!(key);
        record.value["k"] = json!(key);
    }
}
