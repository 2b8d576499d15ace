//! What is found of a checkpoint is all of it, or a reason.

use super::*;
use crate::engine::Plan;
use crate::event::TopicPartition;
use crate::log::Origin;
use crate::pipeline::{Document, Pipeline};

const COUNTED: &str = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n\
                       [nodes.per]\nkind = \"aggregate\"\ninput = \"orders\"\nby = [\"key\"]\nselect = { n = \"count(*)\" }\n";

fn pipeline(text: &str) -> Pipeline {
    Document::parse(text).unwrap().pipeline().clone()
}

fn running(text: &str) -> Running {
    Running::new(Plan::of(&pipeline(text)).ok().unwrap())
}

fn of(text: &str) -> CheckpointOf {
    let log = Origin::Sample { events: 5, seed: 1 };
    CheckpointOf::new(&pipeline(text), log, "per", "json", Some(PathBuf::from("/rows.json")))
}

fn written(dir: &Path) -> (Mark, OutputMark) {
    let (folder, none) = CheckpointFolder::open(dir, of(COUNTED)).unwrap();
    assert!(none.is_none());
    let lane = crate::engine::LaneMark { partition: TopicPartition::new("orders", 1), next_offset: 7, time_ms: 3 };
    let furthest = Some((3, lane.partition.clone()));
    let mark = Mark { lanes: vec![lane], next_seq: 9, furthest, behind: 2, untimed: Vec::new() };
    let output = OutputMark { rows: 4, bytes: 100, checksum: u64::MAX };
    let formats = [TopicFormats { topic: "orders".into(), key: Choice::Text, value: Choice::Json }];
    folder.write(&running(COUNTED), &mark, &formats, output).unwrap();
    (mark, output)
}

#[test]
fn what_was_written_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mark, output) = written(dir.path());
    let (_folder, found) = CheckpointFolder::open(dir.path(), of(COUNTED)).unwrap();
    let found = found.unwrap();
    assert_eq!((&found.mark, found.output), (&mark, output));
    assert_eq!(found.formats[0].key, Choice::Text);
    found.take_up(&mut running(COUNTED)).unwrap();
}

#[test]
fn every_byte_that_is_spoiled_and_every_cut_is_found() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let path = dir.path().join(FILE);
    let sound = fs::read(&path).unwrap();
    let refused = || CheckpointFolder::open(dir.path(), of(COUNTED)).unwrap_err();
    for at in 0..sound.len() {
        let mut spoiled = sound.clone();
        spoiled[at] ^= 0x10;
        fs::write(&path, &spoiled).unwrap();
        let error = refused();
        let is_other_format = matches!(error, CheckpointError::OtherFormat { .. }) && (8..12).contains(&at);
        assert!(is_other_format || matches!(error, CheckpointError::Damaged { .. }), "byte {at}: {error}");
    }
    for length in [0, 7, PREFIX_BYTES - 1, PREFIX_BYTES, sound.len() / 2, sound.len() - 1] {
        fs::write(&path, &sound[..length]).unwrap();
        assert!(matches!(refused(), CheckpointError::Damaged { .. }), "cut to {length}");
    }
}

#[test]
fn another_pipeline_log_view_or_output_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let changed = COUNTED.replace("by = [\"key\"]", "by = [\"value.region\"]");
    let more = format!("{COUNTED}[nodes.f]\nkind = \"filter\"\ninput = \"orders\"\nwhere = \"true\"\n");
    let parts = |log: Origin, view: &str, form: &str, to: Option<&str>| {
        CheckpointOf::new(&pipeline(COUNTED), log, view, form, to.map(PathBuf::from))
    };
    let sample = Origin::Sample { events: 5, seed: 1 };
    let cases = [
        (of(&changed), "the node per was changed"),
        (of(&more), "the node f is new"),
        (of(&COUNTED.replace("orders", "payments")), "the node orders is gone, the node per was changed"),
        (parts(Origin::Sample { events: 6, seed: 1 }, "per", "json", Some("/rows.json")), "on the sample of 5 events"),
        (parts(sample.clone(), "other", "json", Some("/rows.json")), "goes with the view per, not with other"),
        (parts(sample.clone(), "per", "csv", Some("/rows.json")), "written as json, not as csv"),
        (parts(sample, "per", "json", None), "went to /rows.json, not to stdout"),
    ];
    for (run, says) in cases {
        let error = CheckpointFolder::open(dir.path(), run).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let titled = format!("name = \"anything\"\n{COUNTED}[layout]\norders = [1, 2]\n");
    assert!(CheckpointFolder::open(dir.path(), of(&titled)).is_ok(), "a title and a layout are no difference");
}

#[test]
fn a_folder_is_one_runs_and_of_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let held = CheckpointFolder::open(dir.path(), of(COUNTED)).unwrap();
    assert!(matches!(CheckpointFolder::open(dir.path(), of(COUNTED)), Err(CheckpointError::Locked { .. })));
    drop(held);
    fs::write(dir.path().join("letter.txt"), "dear").unwrap();
    let error = CheckpointFolder::open(dir.path(), of(COUNTED)).unwrap_err();
    assert!(error.to_string().contains("holds letter.txt"), "{error}");
}
