//! The command line against a real broker: what it writes is what kcat reads.

use std::path::Path;

use fabula_core::log::Isolation;
use fabula_tests::kafka::produce::{Pen, Record};
use fabula_tests::kafka::reading::{Event, assert_same};
use fabula_tests::kafka::{Kafka, kcat};
use fabula_tests::program::{self, Ran, Running};
use fabula_tests::{arguments, recordings};

/// How many events the large topic has; `FABULA_KAFKA_EVENTS` says another number.
fn many() -> i32 {
    std::env::var("FABULA_KAFKA_EVENTS").ok().and_then(|number| number.parse().ok()).unwrap_or(100_000)
}

/// Twelve partitions: the first has most, the others ever fewer, the last four nothing. Times run backwards now and
/// then; keys and values are null and empty; headers repeat.
fn skewed(topic_size: i32) -> impl Iterator<Item = Record> {
    (0..8).flat_map(move |partition| {
        (0..(topic_size / 2) >> partition).map(move |at| {
            let time = 1_700_000_000_000 + i64::from(at) * 10 - if at % 11 == 0 { 60_000 } else { 0 };
            let value = format!("{{\"n\":{at},\"big\":9007199254740993,\"text\":\"é \u{1f642}\\n\"}}");
            let record = Record::new(partition, format!("key {}", at % 97), value).at(time);
            match at % 13 {
                0 => Record { key: None, ..record },
                1 => Record { value: None, ..record },
                2 => Record { key: Some(Vec::new()), value: Some(Vec::new()), ..record },
                3 => record.with(&[("trace", Some(b"1")), ("trace", Some(b"2")), ("none", None), ("empty", Some(b""))]),
                _ => record,
            }
        })
    })
}

fn record(kafka: &Kafka, topic: &str, dir: &Path, isolation: Isolation) -> Ran {
    let arguments =
        arguments!["record", "-b", kafka.brokers(), "-t", topic, "--to", dir, "--isolation", isolation.name()];
    program::run(arguments).ok()
}

#[test]
fn a_recording_of_a_skewed_topic_reads_as_kcat_reads_the_topic() {
    let test = "a_recording_of_a_skewed_topic_reads_as_kcat_reads_the_topic";
    let Some(kafka) = Kafka::shared(test) else { return };
    if !kcat::is_here(test) {
        return;
    }
    kafka.create_topic("skewed", 12, &[]);
    Pen::new(&kafka.brokers()).write("skewed", skewed(many()));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = record(kafka, "skewed", folder.path(), Isolation::ReadCommitted).stderr;
    assert!(said.contains("12 of 12 partitions complete"), "{said}");
    let recorded = program::run(arguments!["read", "--recording", folder.path(), "-t", "skewed", "-J"]).ok();
    assert_same(&Event::all_of(&recorded), &kcat::read(&kafka.brokers(), "skewed", Isolation::ReadCommitted), "skewed");

    let whole: Vec<&str> = recorded.stdout.lines().collect();
    let newest = ["read", "-b", &kafka.brokers(), "-t", "skewed", "--from", "latest", "--limit", "1000", "-J"];
    let newest = program::run(newest).ok();
    let expected = &whole[whole.len() - 1_000..];
    assert!(newest.stdout.lines().eq(expected.iter().copied()), "the newest thousand are no window of time");
    assert!(kafka.groups().is_empty(), "a group was left on the broker: {:?}", kafka.groups());
}

#[test]
fn both_isolation_levels_are_those_of_kcat() {
    let test = "both_isolation_levels_are_those_of_kcat";
    let Some(kafka) = Kafka::shared(test) else { return };
    if !kcat::is_here(test) {
        return;
    }
    kafka.create_topic("transfers", 2, &[]);
    let pen = Pen::transactional(&kafka.brokers(), "transfers");
    for round in 0..20 {
        pen.begin();
        pen.write("transfers", (0..50).map(|at| Record::new(at % 2, format!("{round}"), format!("{round}.{at}"))));
        if round % 3 == 0 { pen.abort() } else { pen.commit() }
    }
    let mut lengths = Vec::new();
    for isolation in [Isolation::ReadCommitted, Isolation::ReadUncommitted] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        record(kafka, "transfers", folder.path(), isolation);
        let recorded = program::run(arguments!["read", "--recording", folder.path(), "-t", "transfers", "-J"]).ok();
        let ours = Event::all_of(&recorded);
        assert_same(&ours, &kcat::read(&kafka.brokers(), "transfers", isolation), isolation.name());
        lengths.push(ours.len());
    }
    assert_eq!(lengths, [650, 1_000]);
}

#[test]
fn a_follower_is_told_what_comes_until_it_is_interrupted() {
    let test = "a_follower_is_told_what_comes_until_it_is_interrupted";
    let Some(kafka) = Kafka::shared(test) else { return };
    kafka.create_topic("live", 3, &[]);
    let pen = Pen::new(&kafka.brokers());
    pen.write("live", [Record::new(0, "k", "history")]);
    let mut running = Running::start(["read", "-b", &kafka.brokers(), "-t", "live", "--follow", "-J"]);
    assert!(running.read_until(|line| line.contains("history")).len() == 1);
    for round in 0..5 {
        pen.write("live", (0..3).map(|partition| Record::new(partition, "k", format!("round {round}"))));
        let mut seen = 0;
        let said = format!("\"round {round}\"");
        running.read_until(|line| {
            seen += usize::from(line.contains(&said));
            seen == 3
        });
    }
    running.signal("INT");
    let ran = running.finish();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
}

#[test]
fn a_cluster_that_cannot_be_read_is_one_line_each() {
    let test = "a_cluster_that_cannot_be_read_is_one_line_each";
    let Some(kafka) = Kafka::shared(test) else { return };
    kafka.create_topic("payments", 1, &[]);
    let brokers = kafka.brokers();
    let failures: [(&[&str], &str); 3] = [
        (&["topics", "-b", "127.0.0.1:1"], "127.0.0.1:1"),
        (&["read", "-b", &brokers, "-t", "payment"], "did you mean “payments”"),
        (&["read", "-b", &brokers, "-t", "payments", "-X", "no.such.property=1"], "no.such.property"),
    ];
    for (arguments, says) in failures {
        let ran = program::run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn segments_are_on_the_disk_when_a_recording_is_done() {
    let test = "segments_are_on_the_disk_when_a_recording_is_done";
    let Some(kafka) = Kafka::shared(test) else { return };
    kafka.create_topic("small", 2, &[]);
    Pen::new(&kafka.brokers()).write("small", (0..10).map(|at| Record::new(at % 2, "k", "v")));
    let folder = tempfile::tempdir().expect("a temporary folder");
    record(kafka, "small", folder.path(), Isolation::ReadCommitted);
    assert_eq!(recordings::segments(folder.path()).len(), 2);
}
