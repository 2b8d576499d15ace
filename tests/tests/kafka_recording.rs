//! The program against a real broker: what it records and reads back is what kcat reads, whoever is killed meanwhile.

use std::path::Path;

use fabula_core::log::Isolation;
use fabula_tests::kafka::produce::{Pen, Record};
use fabula_tests::kafka::reading::{Event, assert_same};
use fabula_tests::kafka::{Kafka, kcat};
use fabula_tests::program::{self, Running};

/// How many events the first, largest partition of the large topic holds. More by hand: `FABULA_TEST_EVENTS`.
const LARGEST: usize = 160_000;

/// A topic of many megabytes, most of them in one partition, so that recording takes a while and seals on its way.
fn fill(kafka: &Kafka, topic: &str) {
    let largest =
        std::env::var("FABULA_TEST_EVENTS").map_or(LARGEST, |count| count.parse().expect("a number of events"));
    kafka.create_topic(topic, 12, &[]);
    let pen = Pen::new(&kafka.brokers());
    let padding = "x".repeat(480);
    for partition in 0..6 {
        let count = largest >> (3 * partition);
        pen.write(
            topic,
            (0..count).map(|at| {
                let record = Record::new(partition, format!("key {}", at % 997), format!("{at} é {padding}"));
                match at % 9 {
                    0 => Record { key: None, ..record },
                    1 => Record { value: None, ..record },
                    2 => Record { key: Some(Vec::new()), value: Some(Vec::new()), ..record },
                    3 => record.with(&[("trace", Some(b"1")), ("trace", None), ("trace", Some(b""))]),
                    _ => record,
                }
            }),
        );
    }
}

/// Lets the program read only so many bytes a second, so that there is a middle to be killed in.
fn slow_down(kafka: &Kafka) {
    let alter = ["--alter", "--entity-type", "clients", "--entity-name", "fabula"];
    let slow = ["--add-config", "consumer_byte_rate=12000000"];
    kafka.tool("kafka.admin.ConfigCommand", &[&alter[..], &slow[..]].concat());
}

fn record(kafka: &Kafka, topic: &str, dir: &str, more: &[&str]) -> Vec<String> {
    let brokers = kafka.brokers();
    let arguments = ["record", "-b", &brokers, "-t", topic, "--to", dir];
    arguments.into_iter().chain(more.iter().copied()).map(str::to_owned).collect()
}

/// What a recording holds of a topic, by partition and offset.
fn recorded(dir: &str, topic: &str) -> Vec<Event> {
    let read = program::run(["read", "--recording", dir, "-t", topic, "--format", "json"]).ok();
    Event::all_of(&read)
}

/// Waits until a segment of the recording is sealed while the program still runs.
fn wait_for_a_segment(running: &mut Running, dir: &Path) {
    while !holds_a_segment(dir) {
        let ended = running.child().try_wait().expect("the program can be asked");
        assert!(ended.is_none(), "the program ended before anything was sealed: {ended:?}");
        std::thread::yield_now();
    }
    assert!(running.child().try_wait().expect("the program can be asked").is_none(), "it is in the middle");
}

fn holds_a_segment(dir: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(dir) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        if path.is_dir() { holds_a_segment(&path) } else { path.extension().is_some_and(|ending| ending == "arrow") }
    })
}

#[test]
fn transactions_are_recorded_as_kcat_reads_them_under_either_isolation() {
    let test = "transactions_are_recorded_as_kcat_reads_them_under_either_isolation";
    let Some(kafka) = Kafka::start(test) else { return };
    if !kcat::is_here(test) {
        return;
    }
    kafka.create_topic("transactions", 2, &[]);
    let pen = Pen::transactional(&kafka.brokers(), "writer");
    for round in 0..5 {
        pen.begin();
        pen.write("transactions", (0..200).map(|at| Record::new(at % 2, format!("{round}"), format!("{at}"))));
        if round % 2 == 0 { pen.commit() } else { pen.abort() }
    }
    let folder = tempfile::tempdir().expect("a folder");
    for isolation in [Isolation::ReadCommitted, Isolation::ReadUncommitted] {
        let dir = folder.path().join(isolation.name()).display().to_string();
        program::run(record(&kafka, "transactions", &dir, &["--isolation", isolation.name()])).ok();
        assert_same(
            &recorded(&dir, "transactions"),
            &kcat::read(&kafka.brokers(), "transactions", isolation),
            "a recording",
        );
        // Recording again finds nothing new, and adds nothing.
        program::run(record(&kafka, "transactions", &dir, &["--isolation", isolation.name()])).ok();
        assert_same(
            &recorded(&dir, "transactions"),
            &kcat::read(&kafka.brokers(), "transactions", isolation),
            "a recording",
        );
    }
    assert_eq!(kafka.groups(), [""; 0], "no group is left behind");
}

#[test]
fn a_recording_survives_the_death_of_the_broker_and_of_the_program() {
    let test = "a_recording_survives_the_death_of_the_broker_and_of_the_program";
    let Some(mut kafka) = Kafka::start(test) else { return };
    if !kcat::is_here(test) {
        return;
    }
    fill(&kafka, "large");
    let theirs = kcat::read(&kafka.brokers(), "large", Isolation::ReadCommitted);
    slow_down(&kafka);
    let folder = tempfile::tempdir().expect("a folder");
    let dir = |name: &str| folder.path().join(name);

    // The broker dies in the middle and comes back: the recording completes by itself.
    let outlived = dir("outlived");
    let mut running = Running::start(record(&kafka, "large", &outlived.display().to_string(), &[]));
    wait_for_a_segment(&mut running, &outlived);
    kafka.kill();
    kafka.restart();
    running.finish().ok();
    assert_same(&recorded(&outlived.display().to_string(), "large"), &theirs, "a recording");

    // The program dies in the middle: what it left opens, and extending it completes it.
    let cut = dir("cut");
    let mut running = Running::start(record(&kafka, "large", &cut.display().to_string(), &[]));
    wait_for_a_segment(&mut running, &cut);
    running.signal("KILL");
    assert_eq!(running.finish().code, None, "a signal ended it");
    let part = recorded(&cut.display().to_string(), "large");
    assert!(part.len() < theirs.len(), "it was killed in the middle");
    assert!(part.iter().all(|event| is_among(event, &theirs)), "what is there is right");
    program::run(record(&kafka, "large", &cut.display().to_string(), &[])).ok();
    assert_same(&recorded(&cut.display().to_string(), "large"), &theirs, "a recording");
}

/// Whether an event is, unchanged, among events that are sorted by coordinates.
fn is_among(event: &Event, sorted: &[Event]) -> bool {
    let at = sorted.binary_search_by_key(&(event.partition, event.offset), |other| (other.partition, other.offset));
    at.is_ok_and(|at| sorted[at] == *event)
}

#[test]
fn what_bars_the_way_is_one_line_on_the_command_line() {
    let Some(kafka) = Kafka::start("what_bars_the_way_is_one_line_on_the_command_line") else { return };
    kafka.create_topic("orders", 1, &[]);
    let brokers = kafka.brokers();
    let cases: [(&[&str], &str); 3] = [
        (&["read", "-b", "127.0.0.1:1", "-t", "orders"], "no broker answers at 127.0.0.1:1"),
        (&["read", "-b", &brokers, "-t", "ordres"], "did you mean “orders”?"),
        (&["read", "-b", &brokers, "-X", "no.such.property=1", "-t", "orders"], "no.such.property"),
    ];
    for (arguments, words) in cases {
        let ran = program::run(arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.lines().count() == 1 && ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
}
