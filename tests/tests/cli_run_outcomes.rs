//! What `fabula run` comes to where something is wrong: with the file, with a calculation, with the shape of events.

use std::path::{Path, PathBuf};

use fabula_tests::arguments;
use fabula_tests::program::{self, Ran};

/// A pipeline over the topic `events`, in a file.
fn pipeline(folder: &Path, nodes: &str) -> PathBuf {
    let file = folder.join("pipeline.toml");
    let text = format!("version = 1\n[nodes.events]\nkind = \"stream\"\ntopic = \"events\"\n{nodes}");
    std::fs::write(&file, text).expect("the file can be written");
    file
}

/// Runs a pipeline over events with these values.
fn run(nodes: &str, values: &[&str]) -> Ran {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (lines, recording) = (folder.path().join("events.json"), folder.path().join("recording"));
    std::fs::write(&lines, values.join("\n") + "\n").expect("the file can be written");
    program::run(arguments!["import", &lines, "--to", &recording, "--topic", "events", "--time-field", "t"]).ok();
    let file = pipeline(folder.path(), nodes);
    program::run(arguments!["run", &file, "--recording", &recording, "-J"])
}

#[test]
fn a_file_that_is_no_pipeline_is_refused_with_its_line_and_nothing_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("pipeline.toml");
    let cases: [(&[u8], &str); 6] = [
        (b"version = 1\n[nodes.a\nkind = 3\n", "line 2"),
        (b"", "version"),
        (b"version = 99\n", "99"),
        (b"version = 1\n[nodes.a]\nkind = \"steam\"\n", "did you mean stream?"),
        (b"version = 1\n", "there is no node"),
        (b"version = 1\nname = \"\xff\xfe\"\n", "can't be read"),
    ];
    for (text, says) in cases {
        std::fs::write(&file, text).expect("the file can be written");
        for command in ["run", "check"] {
            let ran = program::run(arguments![command, &file, "--sample=100"]);
            let case = String::from_utf8_lossy(text);
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{case}: {}", ran.stderr);
            assert!(ran.stderr.contains(says), "{case}: {}", ran.stderr);
            assert!(ran.stderr.lines().all(|line| line.starts_with("fabula: ")), "{}", ran.stderr);
        }
    }
    let missing = program::run(arguments!["run", folder.path().join("none.toml"), "--sample=100"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("none.toml can't be read"), "{}", missing.stderr);
}

#[test]
fn what_divides_by_zero_or_overflows_is_shown_where_it_is_shown_and_counted_where_it_is_not() {
    let values = [r#"{"t":1,"n":0,"big":9223372036854775807}"#, r#"{"t":2,"n":4,"big":1}"#];
    let project = "[nodes.p]\nkind = \"project\"\ninput = \"events\"\n\
                   select = { q = \"8 / value.n\", m = \"value.big * value.big\", s = \"value.big + 1\" }\n";
    let ran = run(project, &values).ok();
    let rows = ran.json_lines();
    assert_eq!(rows[0]["q"]["$error"], "division by zero");
    assert_eq!(rows[0]["m"]["$error"], "a number has more than 28 digits");
    assert_eq!(rows[0]["s"].to_string(), "9223372036854775808", "no integer wraps around");
    assert_eq!((rows[1]["q"].to_string(), rows[1]["m"].to_string()), ("2".to_owned(), "1".to_owned()));

    let filter = "[nodes.f]\nkind = \"filter\"\ninput = \"events\"\nwhere = \"8 / value.n > 1\"\n";
    let ran = run(filter, &values).ok();
    assert_eq!(ran.json_lines().len(), 1);
    assert!(ran.stderr.contains("f: 1 can't be calculated"), "{}", ran.stderr);

    let aggregate = "[nodes.a]\nkind = \"aggregate\"\ninput = \"events\"\nby = [\"1\"]\n\
                     select = { rows = \"count(*)\", q = \"sum(8 / value.n)\" }\n";
    let ran = run(aggregate, &values).ok();
    assert_eq!((ran.json_lines()[0]["rows"].as_i64(), ran.json_lines()[0]["q"].as_i64()), (Some(2), Some(2)));
    assert!(ran.stderr.contains("a: 1 can't be calculated"), "{}", ran.stderr);

    let key = "[nodes.a]\nkind = \"aggregate\"\ninput = \"events\"\nby = [\"8 / value.n AS q\"]\nselect = { rows = \"count(*)\" }\n";
    let ran = run(key, &values).ok();
    assert_eq!(ran.json_lines().len(), 1);
    assert!(ran.stderr.contains("a: 1 key can't be told"), "{}", ran.stderr);
}

#[test]
fn a_field_that_is_a_text_in_one_event_and_a_number_in_the_next_is_both() {
    let values = [r#"{"t":1,"n":5}"#, r#"{"t":2,"n":"5"}"#, r#"{"t":3,"n":"x"}"#, r#"{"t":4,"n":2.5}"#, r#"{"t":5}"#];
    let project = "[nodes.p]\nkind = \"project\"\ninput = \"events\"\n\
                   select = { n = \"value.n\", more = \"value.n + 1\", cast = \"TRY_CAST(value.n AS DECIMAL)\" }\n";
    let ran = run(project, &values).ok();
    assert_eq!(
        ran.stdout,
        "{\"n\":5,\"more\":6,\"cast\":5}\n{\"n\":\"5\",\"more\":null,\"cast\":5}\n{\"n\":\"x\",\"more\":null,\"cast\":null}\n\
         {\"n\":2.5,\"more\":3.5,\"cast\":2.5}\n{\"n\":null,\"more\":null,\"cast\":null}\n"
    );
    assert!(ran.stderr.contains("p: 2 values of another kind than they were used as"), "{}", ran.stderr);

    let filter = "[nodes.f]\nkind = \"filter\"\ninput = \"events\"\nwhere = \"value.n > 3\"\n";
    let ran = run(filter, &values).ok();
    assert_eq!(ran.json_lines().len(), 1, "a text is not larger than a number");
    assert!(ran.stderr.contains("f: 2 values of another kind"), "{}", ran.stderr);

    let aggregate = "[nodes.a]\nkind = \"aggregate\"\ninput = \"events\"\nby = [\"1\"]\n\
                     select = { rows = \"count(*)\", there = \"count(value.n)\", total = \"sum(value.n)\" }\n";
    let ran = run(aggregate, &values).ok();
    let row = &ran.json_lines()[0];
    assert_eq!((row["rows"].as_i64(), row["there"].as_i64(), row["total"].as_f64()), (Some(5), Some(4), Some(7.5)));
    assert!(ran.stderr.contains("a: 2 values of another kind"), "{}", ran.stderr);

    let by = "[nodes.a]\nkind = \"aggregate\"\ninput = \"events\"\nby = [\"value.n AS n\"]\nselect = { rows = \"count(*)\" }\n";
    let ran = run(by, &values).ok();
    assert_eq!(ran.json_lines().len(), 4, "5 and \"5\" are two keys");
    assert!(ran.stderr.contains("1 null key"), "{}", ran.stderr);
}

#[test]
fn an_expression_that_no_event_can_be_meant_by_is_refused_before_anything_runs() {
    let aggregate =
        "[nodes.a]\nkind = \"aggregate\"\ninput = \"events\"\nby = [\"1\"]\nselect = { s = \"sum(value.n)\" }\n";
    let texts = [r#"{"t":1,"n":"5"}"#, r#"{"t":2,"n":"6"}"#];
    let ran = run(aggregate, &texts);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("pipeline.toml has 1 problem"), "{}", ran.stderr);
    assert!(ran.stderr.contains("line 9"), "the place is named: {}", ran.stderr);
    let mixed = [r#"{"t":1,"n":"5"}"#, r#"{"t":2,"n":6}"#];
    assert_eq!(run(aggregate, &mixed).ok().json_lines()[0]["s"].as_i64(), Some(6));
}

#[test]
fn windows_that_may_still_change_are_counted_among_all() {
    let updates = "[nodes.a]\nkind = \"aggregate\"\ninput = \"events\"\nby = [\"value.k AS k\"]\n\
                   window = { kind = \"tumbling\", size = \"10s\" }\ngrace = \"5s\"\nselect = { n = \"count(*)\" }\nemit = \"updates\"\n";
    let times = ["2026-03-14T09:00:01Z", "2026-03-14T09:00:11Z", "2026-03-14T09:00:21Z"];
    let values = times.map(|t| format!("{{\"t\":\"{t}\",\"k\":1}}"));
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let ran = run(updates, &values).ok();
    assert!(ran.stderr.contains("a: 2 of 3 windows may still change"), "{}", ran.stderr);
    let finals = run(&updates.replace("updates", "final"), &values).ok();
    assert!(finals.stderr.contains("a: 2 windows still open: no final result yet"), "{}", finals.stderr);
    let join = "[nodes.others]\nkind = \"filter\"\ninput = \"events\"\nwhere = \"value.k = 2\"\n[nodes.j]\nkind = \"join\"\nhow = \"left\"\n\
                left = \"events\"\nright = \"others\"\non = [\"events.value.k = others.value.k\"]\nwithin = \"5s\"\n";
    let ran = run(join, &values).ok();
    assert!(ran.stderr.contains("j: 1 row still waits for a partner"), "{}", ran.stderr);
}

#[test]
fn what_is_wrong_with_expressions_is_told_along_with_what_is_wrong_with_the_structure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nodes = "[nodes.f]\nkind = \"filter\"\ninput = \"events\"\nwhere = \"1 +\"\n[nodes.g]\nkind = \"filter\"\ninput = \"nowhere\"\nwhere = \"true\"\n";
    let file = pipeline(folder.path(), nodes);
    let ran = program::run(arguments!["check", &file]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("there is no node “nowhere”"), "{}", ran.stderr);
    assert!(ran.stderr.contains("pipeline.toml has 2 problems"), "{}", ran.stderr);
}
