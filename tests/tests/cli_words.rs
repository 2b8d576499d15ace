//! What the command line says of what it can't do, and of what was meant otherwise.

use std::io::Read as _;
use std::process::Stdio;

use fabula_tests::arguments;
use fabula_tests::program::{self, Ran, Running};

const SAMPLE: &str = "--sample=20000";

fn refused(arguments: &[&str], says: &str) -> Ran {
    let ran = program::run(arguments);
    assert!(matches!(ran.code, Some(1 | 2)), "{arguments:?}: {:?} {}", ran.code, ran.stderr);
    assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
    ran
}

#[test]
fn a_field_that_no_event_has_is_said_with_what_may_be_meant() {
    let line = "no event of orders that was looked at has value.regoin; did you mean";
    let cases: [&[&str]; 4] = [
        &["read", SAMPLE, "-t", "orders", "--where", "value.regoin = 'EU'"],
        &["read", SAMPLE, "-t", "orders", "--limit", "2", "--columns", "value.regoin"],
        &["threads", SAMPLE, "-t", "orders", "--by", "value.regoin"],
        &["threads", SAMPLE, "-t", "orders", "--step", "value.regoin"],
    ];
    for arguments in cases {
        let ran = program::run(arguments).ok();
        assert!(ran.stderr.contains(line), "{arguments:?}: {}", ran.stderr);
    }
    let known =
        program::run(["read", SAMPLE, "-t", "orders,payments", "--limit", "2", "--where", "value.region = 'EU'"]);
    assert!(!known.stderr.contains("no event of"), "one of the topics has it: {}", known.stderr);
}

#[test]
fn an_event_that_is_not_there_has_been_passed_by_nobody() {
    refused(&["groups", SAMPLE, "--event", "nowhere/0/0"], "nowhere");
    refused(&["groups", SAMPLE, "--event", "orders/99/0"], "orders has 6 partitions");
    refused(&["groups", SAMPLE, "--event", "orders/0/99999999"], "the partition's events have offsets from 0 to");
    program::run(["groups", SAMPLE, "--event", "orders/0/0"]).ok();
}

#[test]
fn a_time_beyond_four_digits_is_a_date() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (lines, dir) = (folder.path().join("events.json"), folder.path().join("recording"));
    let line = |offset: u32, ms: i64| {
        format!(
            "{{\"topic\":\"t\",\"partition\":0,\"offset\":{offset},\"tstype\":\"create\",\"ts\":{ms},\"payload\":\"x\"}}\n"
        )
    };
    let text = line(0, 1_773_446_418_424) + &line(1, 1_773_446_418_424_000);
    std::fs::write(&lines, text).expect("the file can be written");
    program::run(arguments!["import", &lines, "--to", &dir]).ok();
    let events = program::run(arguments!["read", "--recording", &dir, "-t", "t", "-J"]).ok().json_lines();
    assert_eq!(events[1]["timestamp"], "+058168-04-12T05:07:04.000Z");
}

#[test]
fn a_span_without_a_unit_and_a_port_that_there_is_not_are_refused() {
    refused(&["read", SAMPLE, "-t", "orders", "--from", "-15"], "a span before the end (-15m)");
    refused(&["topics", "-b", "127.0.0.1:99999"], "they go from 1 to 65535");
    refused(&["read", SAMPLE, "-t", "orders", "--limit", "0"], "0");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let binary = folder.path().join("binary.toml");
    std::fs::write(&binary, b"\xff\xfe\x00").expect("the file can be written");
    refused(&["check", &binary.display().to_string()], "binary.toml can't be read: it is not text");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let cases: [&[&str]; 4] = [
        &["threads", SAMPLE, "-t", "*", "--json"],
        &["threads", SAMPLE, "-t", "*", "--variants", "--json"],
        &["threads", SAMPLE, "-t", "*", "--diagnose", "--json"],
        &["topics", SAMPLE, "--json"],
    ];
    for arguments in cases {
        let mut command = program::command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the program can be started");
        let mut stdout = child.stdout.take().expect("a pipe");
        stdout.read_exact(&mut [0]).expect("a byte");
        drop(stdout);
        let ran: Ran = child.wait_with_output().expect("it ends").into();
        assert_eq!((ran.code, ran.stderr.contains("roken pipe")), (Some(0), false), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_home_that_can_not_be_written_stops_nothing() {
    let mut command = program::command(["read", SAMPLE, "-t", "orders", "--limit", "1"]);
    let ran: Ran = command.env("HOME", "/proc").output().expect("the program can be started").into();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let mut command = program::command(["read", SAMPLE, "-t", "orders", "--limit", "1"]);
    command.env("HOME", "/proc").env("TMPDIR", "/proc");
    let ran: Ran = command.output().expect("the program can be started").into();
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("set XDG_CACHE_HOME"), "{}", ran.stderr);
}

#[test]
fn what_was_followed_is_counted_with_what_came_before() {
    let mut following = Running::start(["read", "--sample=1000", "-t", "orders", "--follow", "-J"]);
    following.read_until(|_| true);
    following.signal("INT");
    let ran = following.finish();
    assert!(!ran.stderr.contains("· 0 events") && !ran.stderr.contains("run it again"), "{}", ran.stderr);
}

#[test]
fn the_examples_of_the_readme_are_what_the_program_writes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let revenue = "run assets/pipelines/revenue-per-minute.toml --sample";
    for example in ["topics --sample", "read --sample -t orders,payments --limit 3", revenue] {
        let (_, shown) = readme.split_once(&format!("$ fabula {example}\n")).expect("the example");
        let shown: Vec<&str> = shown.lines().take_while(|line| !line.is_empty() && !line.starts_with("```")).collect();
        let mut command = program::command(example.split(' '));
        let ran: Ran = command.current_dir(&root).output().expect("the program can be started").into();
        assert!(shown.len() > 3, "{shown:?}");
        for (line, written) in shown.iter().zip(ran.ok().stdout.lines()) {
            let begins = line.split('…').next().unwrap_or_default();
            assert!(written.starts_with(begins), "{example}: the README has {line}, and it is {written}");
        }
    }
    let mut command = program::command(revenue.split(' ').chain(["--format", "csv"]));
    let ran: Ran = command.current_dir(&root).output().expect("the program can be started").into();
    let rows = fabula::figures::count(ran.ok().stdout.lines().count() as u64 - 1);
    assert!(readme.contains(&format!("revenue: {rows} rows; revenue in")), "the view has {rows} rows");
}
