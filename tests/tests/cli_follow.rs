//! `fabula run --follow` on a real broker: what comes is written as it comes, and a run that is killed at any moment and
//! started again has written each row once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fabula_tests::arguments;
use fabula_tests::kafka::Kafka;
use fabula_tests::kafka::produce::{Pen, Record};
use fabula_tests::program::{self, Running};
use serde_json::Value;

const ROWS: &str = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"TOPIC\"\n\
                    [nodes.rows]\nkind = \"project\"\ninput = \"orders\"\n\
                    select = { at = \"offset\", n = \"value.n\", twice = \"value.n * 2\", region = \"value.region\" }\n";

const COUNTS: &str = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"TOPIC\"\n\
                      [nodes.counts]\nkind = \"aggregate\"\ninput = \"orders\"\nby = [\"value.region AS region\"]\n\
                      select = { n = \"count(*)\", total = \"sum(value.n)\" }\n";

const WINDOWS: &str = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"TOPIC\"\n\
                       [nodes.large]\nkind = \"filter\"\ninput = \"orders\"\nwhere = \"value.n % 3 = 0\"\n\
                       [nodes.pairs]\nkind = \"join\"\nhow = \"left\"\nleft = \"orders\"\nright = \"large\"\n\
                       on = [\"orders.value.n = large.value.n\"]\nwithin = { before = \"1s\", after = \"1s\" }\ngrace = \"2h\"\n\
                       [nodes.windows]\nkind = \"aggregate\"\ninput = \"pairs\"\nby = [\"orders.value.region AS region\"]\n\
                       window = { kind = \"hopping\", size = \"20s\", advance = \"10s\" }\ngrace = \"2h\"\nemit = \"final\"\n\
                       select = { n = \"count(*)\", pairs = \"count(large.value.n)\", total = \"sum(large.value.n)\" }\n";

/// When the tests' events are, in milliseconds.
const BEGAN: i64 = 1_700_000_000_000;

/// How many records a round writes to each partition.
const ROUND: i64 = 50;

/// How often a run is killed.
const KILLS: usize = 6;

/// A test's numbers, the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn round(number: i64, partitions: i32) -> impl Iterator<Item = Record> {
    (0..ROUND).flat_map(move |at| {
        (0..partitions).map(move |partition| {
            let n = (number * ROUND + at) * i64::from(partitions) + i64::from(partition);
            let value = format!("{{\"n\":{n},\"region\":\"region {}\"}}", n % 17);
            Record::new(partition, format!("{n}"), value).at(BEGAN + (number * ROUND + at) * 10)
        })
    })
}

/// A record on each partition after which every window of a round is closed.
fn closing(partitions: i32) -> impl Iterator<Item = Record> {
    let value = "{\"n\":0,\"region\":\"none\"}";
    (0..2).flat_map(move |_| (0..partitions).map(move |at| Record::new(at, "end", value).at(BEGAN + 100_000_000)))
}

/// A pipeline over a topic, in a file.
fn pipeline(folder: &Path, text: &str, topic: &str) -> std::path::PathBuf {
    let file = folder.join("pipeline.toml");
    std::fs::write(&file, text.replace("TOPIC", topic)).expect("the file can be written");
    file
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |found| found.len())
}

/// Follows a topic while it is written, and is killed and started again so many times; what is in its file when that is
/// enough.
fn killed(kafka: &Kafka, folder: &Path, topic: &str, partitions: i32, enough: impl Fn(&str) -> bool) -> String {
    let (rows, checkpoint) = (folder.join("rows.json"), folder.join("checkpoint"));
    let file = folder.join("pipeline.toml");
    let start = || {
        Running::start(arguments![
            "run",
            &file,
            "-b",
            kafka.brokers(),
            "--follow",
            "--checkpoint",
            &checkpoint,
            "--to",
            &rows
        ])
    };
    let pen = Pen::new(&kafka.brokers());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut number = 0;
    // What is there before anybody looks.
    while number < 40 {
        pen.write(topic, round(number, partitions));
        number += 1;
    }
    // Progress is told by the file as it grows, and by the checkpoint, which is replaced.
    let progress = || {
        let replaced = std::fs::metadata(checkpoint.join("checkpoint.fabula")).and_then(|found| found.modified());
        (length(&rows), replaced.ok())
    };
    for _ in 0..KILLS {
        let running = start();
        let mut left = 1 + dice.below(15);
        let mut before = progress();
        while left > 0 {
            pen.write(topic, round(number, partitions));
            number += 1;
            let now = progress();
            left -= u64::from(now != before);
            before = now;
        }
        running.signal("KILL");
        drop(running);
    }
    let running = start();
    for _ in 0..10 {
        pen.write(topic, round(number, partitions));
        number += 1;
    }
    pen.write(topic, closing(partitions));
    let began = std::time::Instant::now();
    while !enough(&std::fs::read_to_string(&rows).unwrap_or_default()) {
        if began.elapsed().as_secs() > 120 {
            running.signal("INT");
            panic!("the rows do not come: {}", running.finish().stderr);
        }
        std::thread::yield_now();
    }
    running.signal("INT");
    let ended = running.finish().ok();
    assert!(ended.stderr.contains("going on from the checkpoint"), "{}", ended.stderr);
    std::fs::read_to_string(&rows).expect("the rows")
}

#[test]
fn a_killed_run_that_is_started_again_writes_each_row_of_a_stream_once_and_in_order() {
    let test = "a_killed_run_that_is_started_again_writes_each_row_of_a_stream_once_and_in_order";
    let Some(kafka) = Kafka::shared(test) else { return };
    kafka.create_topic("killed-rows", 1, &[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = pipeline(folder.path(), ROWS, "killed-rows");
    let rows = killed(kafka, folder.path(), "killed-rows", 1, |rows| rows.matches("\"none\"").count() == 2);
    let whole = program::run(arguments!["run", &file, "-b", kafka.brokers(), "-J"]).ok();
    assert!(rows == whole.stdout, "the rows of the killed run are not those of one that was not");
    assert!(rows.lines().count() > 2_000);
}

#[test]
fn a_killed_run_that_is_started_again_leads_to_the_table_of_one_that_was_not() {
    let test = "a_killed_run_that_is_started_again_leads_to_the_table_of_one_that_was_not";
    let Some(kafka) = Kafka::shared(test) else { return };
    kafka.create_topic("killed-counts", 3, &[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = pipeline(folder.path(), COUNTS, "killed-counts");
    let changes =
        killed(kafka, folder.path(), "killed-counts", 3, |rows| rows.contains("\"region\":\"none\",\"n\":6,"));
    let mut table: BTreeMap<String, Value> = BTreeMap::new();
    for line in changes.lines() {
        let mut row: Value = serde_json::from_str(line).expect("a JSON object a line");
        let change = row.as_object_mut().and_then(|row| row.remove("$change")).expect("what became of it");
        let before = table.insert(row["region"].to_string(), row.clone());
        // A change that came again, or was lost, would not fit what was before.
        match change.as_str() {
            Some("insert") => assert_eq!(before, None, "{line}"),
            Some("update") => assert!(before.is_some_and(|before| before["n"].as_i64() < row["n"].as_i64()), "{line}"),
            _ => panic!("{line}"),
        }
    }
    let whole = program::run(arguments!["run", &file, "-b", kafka.brokers(), "-J"]).ok();
    let whole: BTreeMap<String, Value> =
        whole.json_lines().into_iter().map(|row| (row["region"].to_string(), row)).collect();
    assert_eq!(table, whole);
}

#[test]
fn a_killed_run_of_joins_and_windows_gives_the_finals_of_one_that_was_not() {
    let test = "a_killed_run_of_joins_and_windows_gives_the_finals_of_one_that_was_not";
    let Some(kafka) = Kafka::shared(test) else { return };
    kafka.create_topic("killed-windows", 3, &[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = pipeline(folder.path(), WINDOWS, "killed-windows");
    // The last window of a round's events closes when the last of the events comes.
    let whole = std::cell::OnceCell::new();
    let run = || program::run(arguments!["run", &file, "-b", kafka.brokers(), "-J"]).ok();
    let finals = killed(kafka, folder.path(), "killed-windows", 3, |rows| {
        rows.lines().count() >= whole.get_or_init(run).stdout.lines().count()
    });
    let whole = whole.get_or_init(run);
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    assert_eq!(finals.lines().count(), whole.stdout.lines().count());
    assert_eq!(sorted(&finals), sorted(&whole.stdout));
}

#[test]
fn rows_come_as_they_are_written_and_a_broker_that_dies_and_comes_back_is_said() {
    let test = "rows_come_as_they_are_written_and_a_broker_that_dies_and_comes_back_is_said";
    let Some(mut kafka) = Kafka::start(test) else { return };
    kafka.create_topic("orders", 3, &[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = pipeline(folder.path(), ROWS, "orders");
    let pen = Pen::new(&kafka.brokers());
    pen.write("orders", round(0, 3));
    let mut running = Running::start(arguments!["run", &file, "-b", kafka.brokers(), "--follow", "-J"]);
    let came = |running: &mut Running, rows: i64| {
        let mut left = rows;
        running.read_until(|_| {
            left -= 1;
            left == 0
        })
    };
    let history = came(&mut running, 3 * ROUND);
    assert!(history[0].starts_with("{\"at\":0,\"n\":0,\"twice\":0,\"region\":\"region 0\"}"), "{}", history[0]);
    pen.write("orders", round(1, 3));
    came(&mut running, 3 * ROUND);
    kafka.kill();
    kafka.restart();
    Pen::new(&kafka.brokers()).write("orders", round(2, 3));
    let last = came(&mut running, 3 * ROUND);
    let mut numbers: Vec<i64> = Vec::new();
    for line in &last {
        let row: Value = serde_json::from_str(line).expect("a JSON object");
        numbers.push(row["n"].as_i64().expect("a number"));
    }
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(6 * ROUND..9 * ROUND), "{numbers:?}");
    running.signal("INT");
    let ran = running.finish();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    for said in ["caught up after 150 events", "connection lost", "connected again", "rows: 450 rows of 450 events"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}

/// Follows the sample until it has given a row, and is interrupted.
fn follow_the_sample(arguments: &[&str]) -> program::Ran {
    let mut running = Running::start([&["run", "--follow", "-J"], arguments].concat());
    running.read_until(|_| true);
    running.signal("INT");
    running.finish()
}

#[test]
fn a_checkpoint_of_another_run_is_refused_by_name_and_never_passed_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let by_partition = COUNTS.replace("value.region", "partition");
    let file = pipeline(folder.path(), &by_partition, "orders").display().to_string();
    let kept = folder.path().join("kept");
    let checkpoint = kept.display().to_string();
    let sample = ["--sample=5000", "--checkpoint", &checkpoint];
    follow_the_sample(&[&[file.as_str()][..], &sample].concat()).ok();
    let refused = |arguments: &[&str], says: &str| {
        let ran = program::run([&["run", "--follow"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments:?}: {}", ran.stderr);
        let last = ran.stderr.lines().last().unwrap_or_default();
        assert!(last.contains(says), "{last}");
    };
    refused(&[&file, "-J", "--sample=6000", "--checkpoint", &checkpoint], "made on the sample of 5000 events");
    refused(&[&[file.as_str(), "--format", "csv"], &sample[..]].concat(), "written as json, not as csv");
    let changed = folder.path().join("changed.toml");
    let text = std::fs::read_to_string(&file).expect("the pipeline");
    std::fs::write(&changed, text.replace("partition AS", "key AS")).expect("the file can be written");
    let changed = changed.display().to_string();
    refused(&[&[changed.as_str(), "-J"], &sample[..]].concat(), "the node counts was changed");

    // The same run goes on: everything was taken already.
    let mut again = Running::start([&["run", "--follow", "-J", &file], &sample[..]].concat());
    let stderr = again.child().stderr.take().expect("it is piped");
    let mut said = std::io::BufRead::lines(std::io::BufReader::new(stderr)).map(|line| line.expect("it can be read"));
    assert!(said.any(|line| line.contains("going on from the checkpoint, after ")));
    assert!(said.any(|line| line.contains("caught up after 0 events")));
    again.signal("INT");
    let ended = again.finish().ok();
    assert_eq!(ended.stdout, "", "no row comes again");

    let file_kept = kept.join("checkpoint.fabula");
    let mut bytes = std::fs::read(&file_kept).expect("the checkpoint");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file_kept, &bytes).expect("it can be written");
    refused(&[&[file.as_str(), "-J"], &sample[..]].concat(), "is damaged: its checksum");
    std::fs::write(&file_kept, "something else entirely, and long enough").expect("it can be written");
    refused(&[&[file.as_str(), "-J"], &sample[..]].concat(), "does not begin as a checkpoint does");
    let folder_of_others = folder.path().display().to_string();
    refused(&[&file, "-J", "--sample=5000", "--checkpoint", &folder_of_others], "which is no checkpoint");
}

#[test]
fn what_can_not_be_followed_is_wrong_usage() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = pipeline(folder.path(), ROWS, "orders").display().to_string();
    let cases: [(&[&str], &str); 4] = [
        (&["--recording", "x", "--follow"], "a recording does not grow"),
        (&["--sample=100", "--checkpoint", "x"], "--follow"),
        (&["--sample=100", "--follow", "--at", "latest"], "--at"),
        (&["--sample=100", "--follow", "--checkpoint", "x", "--to", "x.txt"], "--format json or csv"),
    ];
    for (arguments, says) in cases {
        let ran = program::run([&["run", file.as_str()], arguments].concat());
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
    }
}
