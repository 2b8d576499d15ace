//! What a result covers: said after every result, and nothing incomplete takes the place of something whole.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use fabula_tests::program::{self, Ran};
use fabula_tests::{arguments, recordings};

const COUNTS: &str = "version = 1\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n[nodes.counts]\n\
                      kind = \"aggregate\"\ninput = \"payments\"\nby = [\"value.currency AS currency\"]\n\
                      select = { payments = \"count(*)\" }\n";

/// A pipeline's file, and a recording.
struct Recorded {
    folder: tempfile::TempDir,
}

impl Recorded {
    fn nothing() -> Self {
        let recorded = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        std::fs::write(recorded.pipeline(), COUNTS).expect("the file can be written");
        recorded
    }

    /// All of the sample.
    fn whole() -> Self {
        let recorded = Self::nothing();
        recordings::sample(20_000, &recorded.dir());
        recorded
    }

    fn record(&self, span: &[&str]) -> Ran {
        let record = arguments!["record", "--sample=20000", "-t", "*", "--to", self.dir()];
        program::run(record.into_iter().chain(span.iter().map(Into::into)))
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("recording")
    }

    fn pipeline(&self) -> PathBuf {
        self.folder.path().join("counts.toml")
    }

    fn with(&self, command: &str, more: &[OsString]) -> Ran {
        let log = arguments![command, self.pipeline(), "--recording", self.dir()];
        program::run(log.iter().chain(more))
    }

    /// The segment of a topic's last partition.
    fn segment(&self, topic: &str) -> PathBuf {
        let of_topic = |path: &PathBuf| path.parent().is_some_and(|folder| folder.ends_with(topic));
        let mut found: Vec<PathBuf> = recordings::segments(&self.dir()).into_iter().filter(of_topic).collect();
        found.sort();
        found.pop().expect("a segment")
    }

    fn lose(&self, topic: &str) {
        std::fs::remove_file(self.segment(topic)).expect("the file can be removed");
    }
}

#[test]
fn what_a_recording_lacks_is_said_and_fails_and_what_is_sound_is_told() {
    let recorded = Recorded::whole();
    let whole = recorded.with("run", &arguments!["-J"]).ok();
    assert!(whole.stderr.contains("· complete"), "{}", whole.stderr);
    recorded.lose("payments");
    let event = "payments/0/0";
    let copy = recorded.folder.path().join("copy.csv");
    std::fs::write(&copy, "currency,payments\nEUR,1\n").expect("the file can be written");
    let cases: [(&str, &[OsString]); 4] = [
        ("run", &arguments!["-J"]),
        ("run", &arguments!["--sql", "SELECT * FROM counts", "-J"]),
        ("explain", &arguments!["--events", event]),
        ("drift", &arguments!["--copy", &copy]),
    ];
    for (command, more) in cases {
        let ran = recorded.with(command, more);
        assert_eq!(ran.code, Some(1), "{command} {more:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("not complete"), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("offsets are missing"), "{command}: {}", ran.stderr);
        assert_ne!(ran.stdout, "", "{command}");
        assert_ne!(ran.stdout, whole.stdout, "{command}");
    }
}

#[test]
fn a_hole_in_a_topic_that_is_not_asked_for_is_none() {
    let recorded = Recorded::whole();
    recorded.lose("orders");
    let ran = recorded.with("run", &arguments!["-J"]).ok();
    assert!(ran.stderr.contains("· complete"), "{}", ran.stderr);
}

#[test]
fn up_to_a_moment_before_the_hole_nothing_is_missing() {
    let recorded = Recorded::nothing();
    recorded.record(&["--until", "2026-03-14T10:00:00Z"]).ok();
    recorded.record(&["--from", "2026-03-14T15:00:00Z"]).ok();
    let morning = recorded.with("run", &arguments!["-J", "--at", "2026-03-14T09:00:00Z"]).ok();
    assert!(morning.stderr.contains("· complete"), "{}", morning.stderr);
    let evening = recorded.with("run", &arguments!["-J", "--at", "2026-03-14T20:00:00Z"]);
    assert_eq!(evening.code, Some(1), "{}", evening.stderr);
    assert!(evening.stderr.contains("offsets are missing"), "{}", evening.stderr);
}

#[test]
fn a_recording_that_begins_after_its_log_did_says_where() {
    let recorded = Recorded::nothing();
    recorded.record(&["--from", "2026-03-14T15:00:00Z"]).ok();
    let ran = recorded.with("run", &arguments!["-J"]).ok();
    assert!(ran.stderr.contains("its log began at 0"), "{}", ran.stderr);
}

#[test]
fn a_recording_that_ends_before_its_log_did_says_where() {
    let recorded = Recorded::nothing();
    recorded.record(&["--until", "2026-03-14T12:00:00Z"]).ok();
    let ran = recorded.with("run", &arguments!["-J"]).ok();
    assert!(ran.stderr.contains("payments [0]: recorded up to offset"), "{}", ran.stderr);
    assert!(ran.stderr.contains("its log went to"), "{}", ran.stderr);
}

#[test]
fn what_is_not_complete_takes_the_place_of_nothing() {
    let recorded = Recorded::whole();
    let to = |name: &str| recorded.folder.path().join(name);
    let write = |name: &str, more: &[OsString]| {
        let arguments: Vec<OsString> = arguments!["--to", to(name)].into_iter().chain(more.iter().cloned()).collect();
        recorded.with("run", &arguments)
    };
    let cases: [(&str, &[OsString]); 5] = [
        ("good.csv", &[]),
        ("good.parquet", &[]),
        ("good.sqlite", &[]),
        ("upserted.sqlite", &arguments!["--upsert"]),
        ("answer.csv", &arguments!["--sql", "SELECT payments FROM counts"]),
    ];
    let bytes = |name: &str| std::fs::read(to(name)).expect("the file is there");
    for (name, more) in cases {
        write(name, more).ok();
    }
    let good: Vec<Vec<u8>> = cases.iter().map(|(name, _)| bytes(name)).collect();
    // One is gone, one has a byte that is not what it was.
    recorded.lose("payments");
    flip(&recorded.segment("payments"));
    for ((name, more), good) in cases.iter().zip(&good) {
        let ran = write(name, more);
        assert_eq!(ran.code, Some(1), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("is left as it was"), "{name}: {}", ran.stderr);
        assert!(bytes(name) == *good, "{name} was replaced");
    }
    let beside: Vec<_> = std::fs::read_dir(recorded.folder.path()).expect("the folder").flatten().collect();
    assert_eq!(beside.len(), cases.len() + 2, "nothing else is left there: {beside:?}");
    let fresh = write("new.csv", &[]);
    assert!(fresh.code == Some(1) && !to("new.csv").exists(), "{}", fresh.stderr);
}

fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).expect("the file can be read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).expect("the file can be written");
}

#[test]
fn what_is_damaged_is_named_once_and_the_rest_is_told() {
    let recorded = Recorded::whole();
    let damaged = recorded.segment("payments");
    flip(&damaged);
    let name = damaged.file_name().expect("a name").to_string_lossy().into_owned();
    let topics = arguments!["-t", "orders", "payments"];
    let log = arguments!["--recording", recorded.dir()];
    for command in ["threads", "topology", "read"] {
        let ran = program::run(arguments![command].iter().chain(&log).chain(&topics));
        assert_eq!(ran.code, Some(1), "{command}: {}", ran.stderr);
        assert!(ran.stdout.lines().count() > 3, "{command}: {}", ran.stdout);
        assert_eq!(ran.stderr.matches(&*name).count(), 1, "{command}: {}", ran.stderr);
        assert!(!ran.stderr.contains("1 parts"), "{command}: {}", ran.stderr);
    }
    let checked = recorded.with("check", &[]);
    assert_eq!(checked.code, Some(1), "{}", checked.stderr);
    assert!(checked.stdout.contains("currency"), "{}", checked.stdout);
    assert_eq!(checked.stderr.matches(&*name).count(), 1, "{}", checked.stderr);
}

#[test]
fn a_recording_is_not_said_to_have_deleted_what_is_damaged_in_it() {
    let recorded = Recorded::whole();
    flip(&recorded.segment("payments"));
    let copy = recorded.folder.path().join("copy");
    let ran = program::run(arguments!["record", "--recording", recorded.dir(), "-t", "payments", "--to", &copy]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(!ran.stderr.contains("the log deleted them"), "{}", ran.stderr);
    assert!(ran.stderr.contains("damaged there"), "{}", ran.stderr);
}

#[test]
fn a_catalogue_of_a_recording_that_lacks_a_file_fails_and_is_told() {
    let recorded = Recorded::whole();
    recorded.lose("payments");
    let ran = program::run(arguments!["topics", "--recording", recorded.dir()]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("payments"), "{}", ran.stdout);
}
