//! `fabula record`: what is in a recording, and what becomes of it when something goes wrong.

use std::path::Path;

use fabula_tests::program::{self, Ran, Running};
use fabula_tests::window::wait_for;
use fabula_tests::{arguments, recordings};

/// Enough that recording takes a while.
const MANY: u64 = 3_000_000;

fn record(events: u64, dir: &Path, more: &[&str]) -> Ran {
    let mut arguments = arguments!["record", format!("--sample={events}"), "-t", "*", "--to", dir].to_vec();
    arguments.extend(more.iter().map(Into::into));
    program::run(arguments)
}

fn read(dir: &Path) -> Ran {
    program::run(arguments!["read", "--recording", dir, "-t", "*", "--format", "json"])
}

/// Starts to record, and waits until a first segment is on the disk.
fn begin(dir: &Path) -> Running {
    let mut running = Running::start(arguments!["record", format!("--sample={MANY}"), "-t", "*", "--to", dir]);
    let begun = wait_for("a first segment", || {
        anyhow::ensure!(running.child().try_wait()?.is_none(), "the recording is done already");
        Ok((!recordings::segments(dir).is_empty()).then_some(()))
    });
    begun.expect("the recording has begun");
    running
}

#[test]
fn extending_adds_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let count = |ran: &Ran| ran.stdout.lines().count();
    record(20_000, &whole, &[]).ok();
    record(20_000, &parts, &["--until", "2026-03-14T12:00:00Z"]).ok();
    let half = count(&read(&parts));
    let extended = record(20_000, &parts, &[]).ok();
    let whole = read(&whole).ok();
    assert!(read(&parts).ok().stdout == whole.stdout, "the extended recording differs from one made at once");
    assert!(half > 2_000 && half < 18_000, "{half} of {}", count(&whole));
    let new = fabula::figures::count((count(&whole) - half) as u64);
    assert!(extended.stderr.contains(&format!("· {new} new")), "{}", extended.stderr);
    let again = record(20_000, &parts, &[]).ok();
    assert!(again.stderr.contains("· 0 new"), "{}", again.stderr);
}

#[test]
fn a_recording_of_a_recording_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    recordings::sample(20_000, &first);
    program::run(arguments!["record", "--recording", &first, "-t", "*", "--to", &second]).ok();
    assert_eq!(read(&first).ok().stdout, read(&second).ok().stdout);
}

#[test]
fn a_recording_of_another_log_is_not_extended() {
    let folder = tempfile::tempdir().unwrap();
    recordings::sample(1_000, folder.path());
    let refused = record(2_000, folder.path(), &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("choose another folder"), "{}", refused.stderr);
}

#[test]
fn ctrl_c_leaves_a_sound_recording_that_can_be_completed() {
    let folder = tempfile::tempdir().unwrap();
    let running = begin(folder.path());
    running.signal("INT");
    let stopped = running.finish();
    assert_eq!(stopped.code, Some(1), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("run it again"), "{}", stopped.stderr);
    completes(folder.path());
}

#[test]
fn a_recording_that_was_killed_opens_and_can_be_completed() {
    let folder = tempfile::tempdir().unwrap();
    let running = begin(folder.path());
    running.signal("KILL");
    assert_eq!(running.finish().code, None);
    completes(folder.path());
}

/// Whether a recording that ended early opens without damage, lacks something, and holds every event after another try.
fn completes(dir: &Path) {
    let count = |ran: &Ran| ran.stdout.lines().count() as u64;
    let partial = program::run(arguments!["read", "--recording", dir, "-t", "*", "--format", "csv"]);
    assert!(!partial.stderr.contains("damaged"), "{}", partial.stderr);
    assert!(count(&partial) < MANY, "nothing was interrupted");
    record(MANY, dir, &[]).ok();
    let whole = program::run(arguments!["read", "--recording", dir, "-t", "fx-rates,orders", "-J"]).ok();
    let fresh = program::run(["read", &format!("--sample={MANY}"), "-t", "fx-rates,orders", "-J"]).ok();
    assert!(whole.stdout == fresh.stdout, "the completed recording differs from its log");
    let all = program::run(arguments!["read", "--recording", dir, "-t", "*", "--last", "1"]).ok();
    assert!(all.stderr.contains("complete"), "{}", all.stderr);
}

#[test]
fn damage_is_named_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let whole = {
        recordings::sample(20_000, folder.path());
        read(folder.path()).ok().stdout.lines().count()
    };
    let [flipped, cut] = [0, 1].map(|at| recordings::segments(folder.path()).remove(at));
    let mut bytes = std::fs::read(&flipped).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&flipped, bytes).unwrap();
    let length = std::fs::metadata(&cut).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&cut).unwrap().set_len(length / 2).unwrap();

    let read = read(folder.path());
    assert_eq!(read.code, Some(1));
    for damaged in [&flipped, &cut] {
        let name = damaged.file_name().unwrap().to_string_lossy();
        assert!(read.stderr.contains(&*name), "{name} is not named: {}", read.stderr);
    }
    let left = read.stdout.lines().count();
    assert!(left > whole / 4 && left < whole, "{left} of {whole}");

    let mended = record(20_000, folder.path(), &[]).ok();
    assert!(mended.stderr.contains("complete"), "{}", mended.stderr);
}

#[test]
fn the_planted_incidents_lie_beside_a_recording_of_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    recordings::sample(20_000, folder.path());
    let truth = std::fs::read_to_string(folder.path().join("sample-truth.json")).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&truth).unwrap().is_object());
}
