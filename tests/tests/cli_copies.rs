//! Files and SQLite tables that `fabula run --to` writes, as other programs read them; SQL over views; drift.

use std::path::Path;

use fabula_tests::arguments;
use fabula_tests::copies::{Rows, assert_same};
use fabula_tests::program::{self, Running};
use fabula_tests::readers::{Read, Readers};
use serde_json::{Value, json};

const SAMPLE: &str = "--sample=20000";

const PER_CURRENCY: &str = "version = 1\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n[nodes.per]\nkind = \"aggregate\"\n\
    input = \"payments\"\nby = [\"value.currency AS currency\", \"value.status AS status\"]\n\
    window = { kind = \"tumbling\", size = \"1h\" }\nselect = { n = \"count(*)\", revenue = \"sum(value.amount)\" }\n";

fn written(folder: &Path, text: &str) -> String {
    let file = folder.join("per.toml");
    std::fs::write(&file, text).expect("the file can be written");
    file.display().to_string()
}

#[test]
fn other_programs_read_the_view_out_of_every_form() {
    let test = "other_programs_read_the_view_out_of_every_form";
    let Some(readers) = Readers::find(test) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = Rows::new(folder.path(), 100);
    let view = rows.json();
    assert_eq!(view.len(), 106);
    for (reader, file, types) in [
        ("duckdb", "rows.parquet", DUCKDB),
        ("pyarrow", "rows.parquet", ARROW),
        ("pyarrow", "rows.arrow", ARROW),
        ("sqlite3", "rows.sqlite", SQLITE),
        ("duckdb", "rows.csv", ""),
        ("json", "rows.json", ""),
    ] {
        let path = folder.path().join(file);
        let ran = program::run(rows.run(&["--to", &path.display().to_string()])).ok();
        assert!(ran.stderr.contains("rows: 106 rows"), "{}", ran.stderr);
        let read = readers.rows(reader, &path, "rows");
        let declared: Vec<String> =
            read.names.iter().zip(&read.types).map(|(name, of)| format!("{name} {of}")).collect();
        match (file, types) {
            ("rows.csv", _) => assert!(read.types.iter().all(|of| of == "VARCHAR"), "{declared:?}"),
            _ => assert_eq!(declared.join(", "), types, "{reader} of {file}"),
        }
        let kinds = |kind: &str| match (file, kind) {
            ("rows.csv", _) => "text",
            // SQLite has integers, floats, texts and bytes.
            ("rows.sqlite", "bool" | "int") => "int",
            ("rows.sqlite", "float") => "float",
            ("rows.sqlite", "bytes") => "bytes",
            ("rows.sqlite", _) => "text",
            (_, "json" | "text") => "text",
            (_, "int") => "int",
            (_, "decimal") => "decimal",
            (_, "float") => "float",
            (_, "time" | "time in microseconds" | "time in nanoseconds") => "time",
            (_, "bool") => "bool",
            (_, "bytes") => "bytes",
            (_, other) => panic!("{other}"),
        };
        if file == "rows.json" {
            as_json(&view, &read);
            continue;
        }
        // A reader of CSV can't tell the text that is empty from null, unless it looks at the quotes.
        let view: Vec<Value> =
            view.iter().cloned().map(|row| without_empty(row, file == "rows.csv", &read.rows)).collect();
        assert_same(&view, &read.names, &read.rows, &kinds);
    }
}

/// What each form declares the columns as, in its readers' words.
const DUCKDB: &str = "id VARCHAR, n BIGINT, price DECIMAL(38,4), ratio DOUBLE, at TIMESTAMP WITH TIME ZONE, ok BOOLEAN, \
    text VARCHAR, list VARCHAR, odd VARCHAR, nothing VARCHAR, failed DECIMAL(38,1), raw BLOB, us TIMESTAMPTZ_NS, ns TIMESTAMPTZ_NS, \
    nan DOUBLE";
const ARROW: &str = "id string, n int64, price decimal128(38, 4), ratio double, at timestamp[ms, tz=UTC], ok bool, \
    text string, list string, odd string, nothing string, failed decimal128(38, 1), \
    raw binary, us timestamp[ns, tz=UTC], \
    ns timestamp[ns, tz=UTC], nan double";
const SQLITE: &str = "id TEXT, n INTEGER, price TEXT, ratio REAL, at TEXT, ok BOOLEAN, text TEXT, list TEXT, odd TEXT, \
    nothing TEXT, failed TEXT, raw BLOB, us TEXT, ns TEXT, nan REAL";

/// A line of JSON has the values of the view, whoever reads it: numbers with all of their digits.
fn as_json(view: &[Value], read: &Read) {
    assert_eq!(read.rows.len(), view.len());
    for (row, line) in read.rows.iter().zip(view) {
        for (name, cell) in read.names.iter().zip(row) {
            let value = &line[name];
            let (of, text) = (cell[0].as_str().unwrap_or("null"), cell[1].as_str().unwrap_or_default());
            let same = match (of, value) {
                ("null", value) => value.is_null(),
                ("json", value) => serde_json::from_str::<Value>(text).ok().as_ref() == Some(value),
                // The view's own prices are texts here, for the digits that a float has not.
                ("int" | "decimal" | "text", Value::String(value)) => text == value,
                (_, value) => {
                    let written = value.to_string();
                    text == written || text.parse().ok() == value.as_f64()
                }
            };
            assert!(same, "{name} of {line}: {cell}");
        }
    }
}

/// The row as a reader of CSV has it, who takes an empty text for null if `is_csv`.
fn without_empty(mut row: Value, is_csv: bool, read: &[Vec<Value>]) -> Value {
    let null = read.iter().any(|cells| cells[0][1] == row["id"] && cells[6].is_null());
    if is_csv && row["text"] == "" && null {
        row["text"] = Value::Null;
    }
    // CSV tells what could not be calculated in words.
    if is_csv && let Some(why) = row["failed"]["$error"].as_str() {
        row["failed"] = json!(format!("({why})"));
    }
    row
}

#[test]
fn a_table_of_sqlite_is_replaced_or_takes_rows_by_their_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipeline = written(folder.path(), PER_CURRENCY);
    let file = folder.path().join("out.sqlite");
    let file = file.to_str().expect("a plain name");
    let run = |more: &[&str]| program::run([&["run", &pipeline, SAMPLE, "--to", file], more].concat());
    let ask = |sql: &str| sqlite(file, sql);
    let count = || ask("SELECT count(*) FROM per").parse::<u64>().expect("a count");
    run(&["--upsert", "--at", "2026-03-14T12:00:00Z"]).ok();
    let some = count();
    assert!(ask("SELECT sql FROM sqlite_schema WHERE name = 'per'").contains("PRIMARY KEY (\"currency\", \"status\""));
    ask(
        "UPDATE per SET n = -1; INSERT INTO per (currency, status, window_start, window_end, n) VALUES ('X', 'Y', '', '', 1)",
    );
    let ran = run(&["--upsert"]).ok();
    let all = program::run(["run", &pipeline, SAMPLE, "-J"]).ok().json_lines().len() as u64;
    assert!(some > 0 && all > some);
    // What the view does not have stays; every row that it has is as it has it.
    assert_eq!((count(), ask("SELECT count(*) FROM per WHERE n < 0")), (all + 1, "0".to_owned()));
    assert!(ran.stderr.contains(&format!("per: {} new, {some} replaced", all - some)), "{}", ran.stderr);
    let drift = program::run(["drift", &pipeline, SAMPLE, "--copy", file, "-J"]).ok().json_lines();
    assert_eq!([&drift[0]["equal"], &drift[0]["extra"], &drift[0]["missing"]], [&json!(all), &json!(1), &json!(0)]);
    // An index that somebody made stays; other tables of the file do.
    ask("CREATE INDEX mine ON per (n); CREATE TABLE other AS SELECT 1 AS one");
    run(&["--table", "PER"]).ok();
    assert_eq!(count(), all);
    assert_eq!(ask("SELECT count(*) FROM sqlite_schema WHERE name IN ('mine', 'other')"), "2");
    // A column of another type that holds the values stays; where one does not, the table is made anew, and what is lost said.
    for (of, anew) in [("NUMERIC", false), ("REAL", true)] {
        ask(&format!(
            "DROP TABLE IF EXISTS typed; CREATE TABLE typed (n {of}, currency TEXT, status TEXT, window_start TEXT, window_end TEXT, \
             revenue TEXT, PRIMARY KEY (currency, status, window_start)); CREATE INDEX by_n ON typed (n)"
        ));
        let ran = run(&["--table", "typed"]).ok();
        assert_eq!(ask("SELECT count(*) FROM typed"), all.to_string());
        let told = "typed: made anew, because n was REAL and its values need INTEGER; \
            gone with the old table: the primary key, index by_n";
        assert_eq!(ran.stderr.contains(told), anew, "{}", ran.stderr);
        let index = ask("SELECT count(*) FROM sqlite_schema WHERE name = 'by_n'");
        assert_eq!(index, if anew { "0" } else { "1" });
    }
    ask("DROP TABLE typed");
    // What is not the view's table is left alone.
    for (more, why) in [
        (&["--table", "other"][..], "other in ".to_owned() + file + " exists with other columns"),
        (&["--upsert", "--key", "currency"], "several rows have the same currency".to_owned()),
        (&["--upsert", "--key", "nothing"], "the view has no column nothing".to_owned()),
    ] {
        let refused = run(more);
        assert_eq!(refused.code, Some(1), "{}", refused.stderr);
        assert!(refused.stderr.contains(&why), "{}", refused.stderr);
        assert_eq!((count(), ask("SELECT one FROM other")), (all, "1".to_owned()));
    }
    ask("CREATE VIEW seen AS SELECT * FROM per");
    let refused = run(&["--table", "seen"]);
    assert!(refused.stderr.contains("is no table"), "{}", refused.stderr);
    std::fs::write(folder.path().join("words.db"), "these are words and no database at all, whatever the name says")
        .expect("the file can be written");
    let words = folder.path().join("words.db").display().to_string();
    let refused = program::run(["run", &pipeline, SAMPLE, "--to", &words]);
    assert!(refused.stderr.contains("words.db is no SQLite file"), "{}", refused.stderr);
    let refused = program::run(["run", &pipeline, SAMPLE, "--to", "rows.csv", "--upsert"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
}

/// What sqlite3 prints.
fn sqlite(file: &str, sql: &str) -> String {
    const ASK: &str = "import sqlite3, sys\nconnection = sqlite3.connect(sys.argv[1])\n\
        for sql in sys.argv[2].split('; '):\n    rows = connection.execute(sql).fetchall()\nconnection.commit()\n\
        print('\\n'.join('|'.join(str(v) for v in row) for row in rows))\n";
    let output = std::process::Command::new("python3").args(["-c", ASK, file, sql]).output();
    let output = output.expect("python3 is installed");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
}

#[test]
fn an_export_to_sqlite_that_is_killed_leaves_the_old_table_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = Rows::new(folder.path(), 300_000);
    let small = Rows::new(
        &{
            let dir = folder.path().join("small");
            std::fs::create_dir(&dir).expect("a folder");
            dir
        },
        3,
    );
    for mode in [&[][..], &["--upsert", "--key", "id"]] {
        let file = folder.path().join(format!("killed-{}.sqlite", mode.len()));
        let path = file.to_str().expect("a plain name");
        let to = [&["--to", path][..], mode].concat();
        let killed = |sign: &Path| {
            let mut running = Running::start(rows.run(&to));
            let mut is_done = || running.child().try_wait().expect("it can be asked").is_some();
            while !sign.exists() && !is_done() {
                std::thread::yield_now();
            }
            running.child().kill().expect("it can be killed");
            running.child().wait().expect("it can be waited for").code().is_none()
        };
        // A file that was not there is not there; one that is done before it is killed was too fast.
        let aside = folder.path().join(format!("killed-{}.sqlite.aside", mode.len()));
        while !killed(&aside) {
            std::fs::remove_file(&file).expect("the file can be removed");
        }
        assert!(!file.exists());
        program::run(small.run(&to)).ok();
        let journal = folder.path().join(format!("killed-{}.sqlite-journal", mode.len()));
        while !killed(&journal) {
            std::fs::remove_file(&file).expect("the file can be removed");
            program::run(small.run(&to)).ok();
        }
        assert_eq!(sqlite(path, "SELECT count(*) FROM rows"), "9");
        assert_eq!(sqlite(path, "PRAGMA integrity_check"), "ok");
        let drift = program::run(small.of("drift", &["--copy", path, "--key", "id", "--fail-on-drift"]));
        drift.ok();
        // The next one is not in its way.
        program::run(rows.run(&to)).ok();
        assert_eq!(sqlite(path, "SELECT count(*) FROM rows"), "300006");
    }
}

#[test]
fn drift_tells_what_differs_in_every_kind_of_copy_and_which_events_made_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipeline = written(folder.path(), PER_CURRENCY);
    let path = |name: &str| folder.path().join(name).display().to_string();
    for name in ["copy.csv", "copy.json", "copy.parquet", "copy.sqlite"] {
        program::run(["run", &pipeline, SAMPLE, "--to", &path(name)]).ok();
        let ran = program::run(["drift", &pipeline, SAMPLE, "--copy", &path(name), "-J", "--fail-on-drift"]).ok();
        let drift = &ran.json_lines()[0];
        assert_eq!([&drift["missing"], &drift["extra"], &drift["different"]], [0, 0, 0].map(|n| json!(n)).each_ref());
        assert_eq!(drift["equal"], drift["view_rows"]);
        assert_eq!(drift["key"], json!(["currency", "status", "window_start", "window_end"]));
        assert_eq!((&drift["only_view"], &drift["rows"]), (&json!([]), &json!([])));
    }
    // As of a moment the copy of the whole is ahead.
    let at = ["--at", "2026-03-14T12:00:00Z"];
    let ahead = program::run([&["drift", &pipeline, SAMPLE, "--copy", &path("copy.csv"), "-J"][..], &at].concat()).ok();
    let ahead = &ahead.json_lines()[0];
    assert!(ahead["extra"].as_u64() > Some(0) && ahead["missing"] == 0, "{ahead}");
    // One row changed, one taken away, one added.
    let view = program::run(["run", &pipeline, SAMPLE, "-J"]).ok().json_lines();
    let (changed, gone) = (&view[3], &view[5]);
    let mut copy: Vec<Value> = view.clone();
    copy[3]["revenue"] = json!("0.5");
    copy.remove(5);
    copy.push(
        json!({"currency": "ZZZ", "status": "s", "window_start": gone["window_start"], "window_end": null, "n": 1}),
    );
    let lines: Vec<String> = copy.iter().map(ToString::to_string).collect();
    std::fs::write(path("copy.json"), lines.join("\n")).expect("the file can be written");
    let ran = program::run(["drift", &pipeline, SAMPLE, "--copy", &path("copy.json"), "-J"]).ok();
    let drift = &ran.json_lines()[0];
    assert_eq!([&drift["missing"], &drift["extra"], &drift["different"]], [1, 1, 1].map(|n| json!(n)).each_ref());
    assert_eq!(drift["columns"], json!({"n": 0, "revenue": 1}));
    let row =
        |kind: &str| drift["rows"].as_array().expect("rows").iter().find(|row| row["drift"] == kind).expect("a row");
    let different = row("different");
    assert_eq!(different["columns"], json!({"revenue": {"view": changed["revenue"], "copy": "0.5"}}));
    assert_eq!(different["key"]["window_start"], changed["window_start"]);
    assert_eq!(row("missing")["row"], *gone);
    assert_eq!(row("extra")["row"]["currency"], "ZZZ");
    assert_eq!(row("extra").get("events"), None);
    // The events are those of the row's group and window.
    for (row, of) in [(different, changed), (row("missing"), gone)] {
        assert_eq!(row["events"]["count"], of["n"], "{row}");
        let made = row["events"]["made_by"].as_array().expect("events");
        assert_eq!(made.len() as u64, of["n"].as_u64().expect("a count").min(40));
        for event in made {
            let event = event.as_str().expect("an event");
            let explained = program::run(["explain", &pipeline, SAMPLE, "--events", event, "-J"]).ok().json_lines();
            assert_eq!(explained[0]["journeys"][0]["shown"], true, "{event}");
        }
    }
    let text = program::run(["drift", &pipeline, SAMPLE, "--copy", &path("copy.json"), "--fail-on-drift"]);
    assert_eq!(text.code, Some(1), "{}", text.stderr);
    assert!(text.stdout.contains("1 missing, 1 extra, 1 different (revenue in 1)"), "{}", text.stdout);
    assert!(text.stdout.contains("0.5 in the copy"), "{}", text.stdout);
    for (copy, more, code, why) in [
        ("nowhere.csv", &[][..], 1, "nowhere.csv is not there"),
        ("copy.csv", &["--key", "colour"], 2, "no column colour to match rows by"),
        ("copy.sqlite", &["--table", "t"], 1, "has no table t; it has per"),
    ] {
        let refused = program::run([&["drift", &pipeline, SAMPLE, "--copy", &path(copy)][..], more].concat());
        assert_eq!(refused.code, Some(code), "{}", refused.stderr);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
}

#[test]
fn a_copy_that_is_empty_or_lacks_a_column_has_drifted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipeline = written(folder.path(), PER_CURRENCY);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let drift = |copy: &str, more: &[&str]| {
        program::run([&["drift", &pipeline, SAMPLE, "--copy", copy, "--explain", "0"][..], more].concat())
    };
    for name in ["empty.csv", "empty.jsonl"] {
        std::fs::write(path(name), "").expect("the file can be written");
        let found = drift(&path(name), &["-J"]).ok().json_lines().remove(0);
        assert_eq!([&found["missing"], &found["copy_rows"]], [&found["view_rows"], &json!(0)], "{name}: {found}");
        assert_eq!(drift(&path(name), &["--fail-on-drift"]).code, Some(1), "{name}");
    }
    let rows = program::run(["run", &pipeline, SAMPLE, "-J"]).ok().json_lines();
    let without = |name: &str| -> String {
        let rows = rows.iter().cloned().map(|mut row| {
            row.as_object_mut().expect("an object").remove(name);
            row.to_string() + "\n"
        });
        rows.collect()
    };
    std::fs::write(path("narrow.jsonl"), without("revenue")).expect("the file can be written");
    let found = drift(&path("narrow.jsonl"), &["--fail-on-drift"]);
    assert_eq!(found.code, Some(1), "{}", found.stdout);
    assert!(found.stdout.contains("only in the view, and not compared: revenue"), "{}", found.stdout);
    std::fs::write(path("whole.jsonl"), without("nothing")).expect("the file can be written");
    drift(&path("whole.jsonl"), &["--fail-on-drift"]).ok();
}

#[test]
fn an_export_as_of_a_moment_has_not_drifted_from_the_view_of_that_moment() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipeline = written(folder.path(), PER_CURRENCY);
    let at = ["--at", "2026-03-14T12:00:00Z"];
    for name in ["then.csv", "then.json", "then.parquet", "then.sqlite"] {
        let path = folder.path().join(name).display().to_string();
        program::run([&["run", &pipeline, SAMPLE, "--to", &path][..], &at].concat()).ok();
        let drift = ["drift", &pipeline, SAMPLE, "--copy", &path, "-J"];
        let then = program::run([&drift[..], &at, &["--fail-on-drift"]].concat()).ok().json_lines().remove(0);
        assert_eq!([&then["equal"], &then["copy_rows"]], [&then["view_rows"]; 2], "{name}: {then}");
        let now = program::run(drift).ok().json_lines().remove(0);
        assert!(now["missing"].as_u64() > Some(0), "{name}: {now}");
    }
}

#[test]
fn every_kind_of_value_is_the_same_in_a_copy_of_every_kind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = Rows::new(folder.path(), 50);
    for name in ["rows.parquet", "rows.sqlite", "rows.json", "rows.csv"] {
        let path = folder.path().join(name).display().to_string();
        program::run(rows.run(&["--to", &path])).ok();
        let drift = program::run(rows.of("drift", &["--copy", &path, "--key", "id", "-J"])).ok();
        let drift = &drift.json_lines()[0];
        assert_eq!([&drift["equal"], &drift["different"]], [&json!(56), &json!(0)], "{name}: {drift}");
    }
}

#[test]
fn sql_over_views_answers_as_duckdb_does_over_their_export() {
    let test = "sql_over_views_answers_as_duckdb_does_over_their_export";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipeline = written(folder.path(), PER_CURRENCY);
    let sql = |question: &str, more: &[&str]| {
        program::run([&["run", &pipeline, SAMPLE, "--sql", question][..], more].concat())
    };
    let two = sql("SELECT 1; SELECT 2", &[]);
    assert!(two.code == Some(2) && two.stderr.contains("one question at a time"), "{}", two.stderr);
    for question in [
        "DROP TABLE per",
        "SELECT 1; DELETE FROM per",
        "SELECT nothing FROM per",
        "SELECT * FROM nowhere",
        "PRAGMA user_version = 3",
    ] {
        assert_ne!(sql(question, &[]).code, Some(0), "{question}");
    }
    let csv = sql("SELECT count(*) AS n, max(window_start) AS last FROM per", &["--format", "csv"]).ok();
    assert!(csv.stdout.starts_with("n,last\n") && csv.stderr.contains("answer: 1 row of"), "{}", csv.stderr);
    let Some(readers) = Readers::find(test) else { return };
    let parquet = folder.path().join("per.parquet").display().to_string();
    program::run(["run", &pipeline, SAMPLE, "--to", &parquet]).ok();
    for question in [
        "SELECT currency, status, sum(n), sum(revenue) FROM per GROUP BY currency, status ORDER BY currency, status",
        "SELECT status, avg(n), min(revenue), max(revenue), count(DISTINCT currency) FROM per GROUP BY status ORDER BY status",
        "SELECT n, revenue FROM per WHERE revenue > 100.5 AND n BETWEEN 2 AND 40 ORDER BY revenue, n, window_start LIMIT 20",
        "SELECT a.currency, count(*) FROM per a JOIN per b ON a.status = b.status AND a.window_start < b.window_start \
         GROUP BY a.currency ORDER BY 1",
        "SELECT n, sum(n) OVER (ORDER BY window_start, currency, status ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM per \
         ORDER BY window_start, currency, status",
    ] {
        let ours = sql(question, &["-J"]).ok().json_lines();
        let theirs = readers.duckdb(&question.replace(" per ", &format!(" '{parquet}' ")));
        assert!(!theirs.is_empty() && ours.len() == theirs.len(), "{question}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            for ((name, ours), theirs) in ours.as_object().expect("an object").iter().zip(theirs) {
                let text = theirs[1].as_str().unwrap_or_default();
                let same = match ours {
                    Value::Null => theirs.is_null(),
                    Value::String(ours) => ours == text,
                    number => number.as_f64() == text.parse().ok(),
                };
                assert!(same, "{question}: {name}: {ours} is not {theirs}");
            }
        }
    }
    // An answer goes where rows go.
    let file = folder.path().join("answer.sqlite").display().to_string();
    sql("SELECT currency, sum(n) AS n FROM per GROUP BY 1", &["--to", &file, "--table", "sums"]).ok();
    assert_eq!(sqlite(&file, "SELECT count(*) > 0 FROM sums"), "1");
    let arguments = arguments!["run", &pipeline, SAMPLE, "--sql", "SELECT 1", "--follow"];
    assert_eq!(program::run(arguments).code, Some(2));
}
