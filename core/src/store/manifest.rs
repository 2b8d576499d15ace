//! `recording.json`: what a recording is, where it came from, and what is in it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::coverage::Coverage;
use super::damage::StoreError;
use super::files::{self, Durability, MANIFEST};
use super::index::Times;
use super::segment::Facts;
use crate::event::{TopicName, TopicPartition, Watermarks};
use crate::log::{Groups, Origin, TopicConfig};

/// The format that this version writes, and the newest that it reads.
const FORMAT: u64 = 1;
/// More than this is no manifest: 39 000 partitions of a hundred segments each stay below it.
const LARGEST: u64 = 2 << 30;
const NO_CHECKSUM: &str = "0000000000000000";
const CHECKSUM_FIELD: &str = "\"checksum\": \"";

/// The manifest as it lies in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u64,
    /// Of the whole file, with these digits as zeros.
    checksum: String,
    pub origin: Origin,
    /// The log's consumer groups as they stood when it was recorded, where it told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
    pub topics: Vec<TopicEntry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TopicEntry {
    pub name: TopicName,
    #[serde(default)]
    pub config: TopicConfig,
    pub partitions: Vec<PartitionEntry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartitionEntry {
    pub partition: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermarks: Option<Watermarks>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermarks_at_ms: Option<i64>,
    /// Offsets accounted for: first, one past the last.
    pub coverage: Vec<(i64, i64)>,
    pub segments: Vec<SegmentEntry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SegmentEntry {
    pub file: String,
    pub rows: u64,
    pub first_offset: i64,
    pub last_offset: i64,
    pub covers: (i64, i64),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_span_ms: Option<(i64, i64)>,
    #[serde(default)]
    pub untimed: u64,
    pub bytes: u64,
    pub xxh3: String,
}

/// A segment that a manifest names, checked as far as that goes without its file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed {
    pub file: PathBuf,
    pub facts: Facts,
    pub checksum: u64,
}

/// Why there is no manifest to be had.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Unreadable {
    Missing,
    Damaged(String),
    Refused(StoreError),
}

impl Manifest {
    pub(super) fn new(origin: Origin, groups: Option<Groups>, topics: Vec<TopicEntry>) -> Self {
        Self { format: FORMAT, checksum: NO_CHECKSUM.to_owned(), origin, groups, topics }
    }

    /// Writes the manifest into a store's folder, whole or not at all.
    pub(super) fn write(&self, dir: &Path, durability: Durability) -> Result<(), StoreError> {
        let path = dir.join(MANIFEST);
        let text = self.to_text().map_err(|error| StoreError::Io {
            doing: "write",
            path: path.clone(),
            reason: error.to_string(),
        })?;
        files::write_whole(&path, durability, |out| out.write_all(&text))?;
        files::sync_folder(dir, durability)
    }

    fn to_text(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        sum(&mut text);
        Ok(text)
    }

    /// Reads the manifest of a store's folder.
    pub(super) fn read(dir: &Path) -> Result<Self, Unreadable> {
        let path = dir.join(MANIFEST);
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Unreadable::Missing,
            _ => Unreadable::Refused(StoreError::io("read", &path, &error)),
        };
        if std::fs::metadata(&path).map_err(failed)?.len() > LARGEST {
            return Err(Unreadable::Damaged("it is far too large".to_owned()));
        }
        Self::parse(&std::fs::read(&path).map_err(failed)?, &path)
    }

    /// Reads a manifest's text.
    pub(super) fn parse(text: &[u8], path: &Path) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
        let Version { format } = serde_json::from_slice(text).map_err(damaged)?;
        if format > FORMAT {
            let refused = StoreError::NewerFormat { path: path.to_owned(), found: format, known: FORMAT };
            return Err(Unreadable::Refused(refused));
        }
        let manifest: Self = serde_json::from_slice(text).map_err(damaged)?;
        let mut unsummed = text.to_vec();
        if let Some(at) = checksum_at(text) {
            unsummed[at..at + NO_CHECKSUM.len()].copy_from_slice(NO_CHECKSUM.as_bytes());
        }
        if manifest.checksum != format!("{:016x}", xxh3_64(&unsummed)) {
            return Err(Unreadable::Damaged("its checksum is not the one it was written with".to_owned()));
        }
        manifest.check().map_err(Unreadable::Damaged)?;
        Ok(manifest)
    }

    /// What must hold for the manifest as a whole. A single segment that makes no sense is left to
    /// [`SegmentEntry::check`].
    fn check(&self) -> Result<(), String> {
        let mut seen = std::collections::BTreeSet::new();
        for topic in &self.topics {
            for entry in &topic.partitions {
                let partition = TopicPartition::new(topic.name.clone(), entry.partition);
                if entry.partition < 0 {
                    return Err(format!("{partition} is no partition"));
                }
                if Coverage::from_sorted(entry.coverage.clone()).is_none() {
                    return Err(format!("the coverage of {partition} is not sorted"));
                }
                if entry.watermarks.is_some_and(|marks| marks.low > marks.high) {
                    return Err(format!("the watermarks of {partition} are the wrong way round"));
                }
                if !seen.insert(partition) {
                    return Err(format!("{} [{}] is there twice", topic.name, entry.partition));
                }
            }
        }
        Ok(())
    }
}

impl SegmentEntry {
    pub(super) fn new(file: &Path, facts: &Facts, checksum: u64) -> Self {
        let parts: Vec<_> = file.iter().map(|part| part.to_string_lossy()).collect();
        Self {
            file: parts.join("/"),
            rows: facts.rows as u64,
            first_offset: facts.first_offset,
            last_offset: facts.last_offset,
            covers: facts.covers,
            time_span_ms: facts.times.span_ms,
            untimed: facts.times.untimed,
            bytes: facts.bytes,
            xxh3: format!("{checksum:016x}"),
        }
    }

    /// What the entry says, if it makes sense.
    pub(super) fn check(&self, partition: TopicPartition) -> Result<Listed, String> {
        let file = files::checked_segment_file(&self.file).ok_or("its name leads out of the recording")?;
        let (from, to) = self.covers;
        let room = self.last_offset.checked_sub(self.first_offset).and_then(|span| span.checked_add(1));
        let fits = room.is_some_and(|room| 0 < self.rows && self.rows <= u64::try_from(room).unwrap_or(0));
        if !fits || self.rows > u64::from(u32::MAX) || from > self.first_offset || self.last_offset >= to {
            return Err("its number of events does not fit its offsets".to_owned());
        }
        if self.untimed > self.rows || self.time_span_ms.is_some() != (self.untimed < self.rows) {
            return Err("its number of timestamps does not fit its number of events".to_owned());
        }
        let checksum = u64::from_str_radix(&self.xxh3, 16).map_err(|_| "its checksum is no checksum")?;
        let facts = Facts {
            partition,
            rows: self.rows as usize,
            first_offset: self.first_offset,
            last_offset: self.last_offset,
            covers: self.covers,
            times: Times { span_ms: self.time_span_ms, untimed: self.untimed },
            bytes: self.bytes,
        };
        Ok(Listed { file, facts, checksum })
    }
}

/// Reads a manifest and everything it names as if its checksum were right, without looking at any file.
pub(super) fn check_bytes(bytes: &[u8]) -> Result<(), String> {
    let mut bytes = bytes.to_vec();
    sum(&mut bytes);
    let manifest = match Manifest::parse(&bytes, Path::new(MANIFEST)) {
        Ok(manifest) => manifest,
        Err(Unreadable::Missing) => return Err("it is missing".to_owned()),
        Err(Unreadable::Damaged(reason)) => return Err(reason),
        Err(Unreadable::Refused(error)) => return Err(error.to_string()),
    };
    for topic in &manifest.topics {
        for entry in &topic.partitions {
            let partition = TopicPartition::new(topic.name.clone(), entry.partition);
            entry.segments.iter().try_for_each(|segment| segment.check(partition.clone()).map(|_| ()))?;
        }
    }
    Ok(())
}

/// Puts the checksum of a manifest's text into it, in place of whatever digits are there.
fn sum(text: &mut [u8]) {
    if let Some(at) = checksum_at(text) {
        let digits = at..at + NO_CHECKSUM.len();
        text[digits.clone()].copy_from_slice(NO_CHECKSUM.as_bytes());
        let checksum = format!("{:016x}", xxh3_64(text));
        text[digits].copy_from_slice(checksum.as_bytes());
    }
}

/// The text of a manifest that a test has changed, with the checksum that makes it look untouched.
#[cfg(test)]
pub(super) fn summed(manifest: &serde_json::Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(manifest).unwrap();
    sum(&mut text);
    text
}

/// Where the digits of the file's own checksum begin.
fn checksum_at(text: &[u8]) -> Option<usize> {
    let at = memchr::memmem::find(text, CHECKSUM_FIELD.as_bytes())? + CHECKSUM_FIELD.len();
    (at + NO_CHECKSUM.len() <= text.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::ConsumerGroup;

    fn manifest() -> Manifest {
        let segment = SegmentEntry {
            file: "segments/orders/0-5-9.arrow".to_owned(),
            rows: 3,
            first_offset: 5,
            last_offset: 8,
            covers: (5, 9),
            time_span_ms: Some((-7, i64::MAX)),
            untimed: 1,
            bytes: 1000,
            xxh3: "00ff".to_owned(),
        };
        let partition = PartitionEntry {
            partition: 0,
            watermarks: Some(Watermarks { low: 0, high: 9 }),
            watermarks_at_ms: Some(1),
            coverage: vec![(5, 9)],
            segments: vec![segment],
        };
        let config = TopicConfig([("cleanup.policy".to_owned(), "compact".to_owned())].into());
        let topics = vec![TopicEntry { name: "orders".into(), config, partitions: vec![partition] }];
        let group = ConsumerGroup { name: "mailer".to_owned(), ..ConsumerGroup::default() };
        let groups = Groups { at_ms: 12, groups: vec![group] };
        Manifest::new(Origin::Sample { events: 10, seed: 7 }, Some(groups), topics)
    }

    fn parse(text: &[u8]) -> Result<Manifest, Unreadable> {
        Manifest::parse(text, Path::new(MANIFEST))
    }

    #[test]
    fn a_manifest_survives_a_round_trip() {
        let dir = tempfile::tempdir().unwrap();
        manifest().write(dir.path(), Durability::Synced).unwrap();
        let again = Manifest::read(dir.path()).unwrap();
        assert_eq!((again.origin, again.topics), (manifest().origin, manifest().topics));
        assert_eq!(again.groups, manifest().groups);
    }

    #[test]
    fn a_manifest_without_groups_tells_of_none_and_is_written_as_before() {
        let without = Manifest { groups: None, ..manifest() };
        let text = without.to_text().unwrap();
        assert!(!String::from_utf8(text.clone()).unwrap().contains("groups"));
        assert_eq!(parse(&text).unwrap().groups, None);
    }

    #[test]
    fn any_flipped_bit_of_a_manifest_is_found() {
        let text = manifest().to_text().unwrap();
        for at in 0..text.len() {
            let mut flipped = text.clone();
            flipped[at] ^= 1;
            assert!(parse(&flipped).is_err(), "byte {at} of {}", text.len());
        }
    }

    #[test]
    fn a_later_format_is_refused_by_name() {
        let text = String::from_utf8(manifest().to_text().unwrap()).unwrap().replace("\"format\": 1", "\"format\": 2");
        assert!(matches!(parse(text.as_bytes()), Err(Unreadable::Refused(StoreError::NewerFormat { found: 2, .. }))));
    }

    #[test]
    fn a_segment_that_makes_no_sense_is_refused() {
        let sound = manifest().topics[0].partitions[0].segments[0].clone();
        let partition = || TopicPartition::new("orders", 0);
        assert!(sound.check(partition()).is_ok());
        let cases = [
            SegmentEntry { file: "segments/../../etc/passwd.arrow".to_owned(), ..sound.clone() },
            SegmentEntry { rows: 0, ..sound.clone() },
            SegmentEntry { rows: 5, ..sound.clone() },
            SegmentEntry { rows: u64::MAX, first_offset: i64::MIN, covers: (i64::MIN, 9), ..sound.clone() },
            SegmentEntry { first_offset: 9, ..sound.clone() },
            SegmentEntry { covers: (6, 9), ..sound.clone() },
            SegmentEntry { covers: (5, 8), ..sound.clone() },
            SegmentEntry { untimed: 4, ..sound.clone() },
            SegmentEntry { time_span_ms: None, ..sound.clone() },
            SegmentEntry { xxh3: "nonsense".to_owned(), ..sound },
        ];
        for case in cases {
            assert!(case.check(partition()).is_err(), "{case:?}");
        }
    }

    #[test]
    fn a_partition_listed_twice_is_refused() {
        let mut twice = manifest();
        twice.topics.push(twice.topics[0].clone());
        assert!(matches!(parse(&twice.to_text().unwrap()), Err(Unreadable::Damaged(_))));
    }
}
