//! Opening a store's folder: what the manifest names, what it does not name yet, and what is damaged.
//!
//! No segment that the manifest names is opened here, so that opening takes no longer for a large recording: its file
//! is looked for, and its length compared. Its bytes are verified when it is first used.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::contents::Contents;
use super::coverage::Coverage;
use super::damage::{Damage, LostRange, StoreError};
use super::files::{self, ASIDE_EXTENSION, MANIFEST, SEGMENT_EXTENSION};
use super::ipc;
use super::manifest::{Listed, Manifest, PartitionEntry, Unreadable};
use super::map::MappedFile;
use super::segment::{DamageLog, Facts, Segment, checksum_of, sidecar_path};
use super::sidecar;
use crate::event::TopicPartition;
use crate::log::Origin;

/// A folder as it was found.
pub(super) struct Found {
    pub origin: Origin,
    pub contents: Contents,
}

/// Whether the folder may be tidied while it is opened: only by whoever holds its lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// Reads a store's folder.
pub(super) fn load(dir: &Path, purpose: Purpose, damages: &Arc<DamageLog>) -> Result<Found, StoreError> {
    let files = files::list(dir).map_err(|error| StoreError::io("read", dir, &error))?;
    let mut opening =
        Opening { dir, purpose, damages, contents: Contents::default(), claimed: BTreeSet::new(), origin: None };
    let reason = match Manifest::read(dir) {
        Ok(manifest) => {
            opening.take_listed(manifest, &files);
            None
        }
        Err(Unreadable::Refused(error)) => return Err(error),
        Err(Unreadable::Missing) => Some("it is missing".to_owned()),
        Err(Unreadable::Damaged(reason)) => Some(reason),
    };
    if let Some(reason) = &reason {
        let is_segment = |file: &PathBuf| file.extension() == Some(OsStr::new(SEGMENT_EXTENSION));
        if !files.iter().any(is_segment) && reason == "it is missing" {
            return Err(StoreError::NotARecording { dir: dir.to_owned() });
        }
        let reason = format!("{reason}; the recording was put together again from its segments");
        opening.contents.damages.push(Damage { file: dir.join(MANIFEST), reason, lost: None });
    }
    for file in &files {
        match file.extension().and_then(OsStr::to_str) {
            Some(SEGMENT_EXTENSION) if !opening.claimed.contains(file) => opening.take_unlisted(file, reason.is_some()),
            Some(ASIDE_EXTENSION) if purpose == Purpose::Write => opening.discard(&dir.join(file)),
            _ => {}
        }
    }
    let Opening { mut contents, origin, .. } = opening;
    contents.manifest_behind |= reason.is_some();
    Ok(Found { origin: origin.unwrap_or(Origin::Import { files: Vec::new() }), contents })
}

struct Opening<'a> {
    dir: &'a Path,
    purpose: Purpose,
    damages: &'a Arc<DamageLog>,
    contents: Contents,
    /// Files that the manifest names.
    claimed: BTreeSet<PathBuf>,
    origin: Option<Origin>,
}

impl Opening<'_> {
    fn take_listed(&mut self, manifest: Manifest, files: &[PathBuf]) {
        self.origin = Some(manifest.origin);
        self.contents.set_groups(manifest.groups.map(Arc::new));
        for topic in manifest.topics {
            self.contents.set_config(&topic.name, topic.config);
            for entry in topic.partitions {
                self.take_partition(&TopicPartition::new(topic.name.clone(), entry.partition), &entry, files);
            }
        }
        self.contents.manifest_behind = !self.contents.damages.is_empty();
    }

    fn take_partition(&mut self, partition: &TopicPartition, entry: &PartitionEntry, files: &[PathBuf]) {
        let mut coverage = Coverage::from_sorted(entry.coverage.clone()).unwrap_or_default();
        let mut listed = Vec::new();
        for segment in &entry.segments {
            match segment.check(partition.clone()) {
                Ok(segment) => listed.push(segment),
                Err(reason) => {
                    let file = self.dir.join(MANIFEST);
                    let reason = format!("segment {}: {reason}", segment.file);
                    self.note(&mut coverage, file, reason, partition, segment.covers);
                }
            }
        }
        listed.sort_by_key(|segment| segment.facts.first_offset);
        let mut sound: Vec<Listed> = Vec::new();
        for segment in listed {
            let before = sound.last().map_or(i64::MIN, |before| before.facts.covers.1);
            let wrong = if segment.facts.covers.0 < before {
                Some("its offsets overlap those of another segment".to_owned())
            } else if !self.claimed.insert(segment.file.clone()) {
                Some("it is named twice".to_owned())
            } else {
                self.wrong_file(&segment, files)
            };
            match wrong {
                None => sound.push(segment),
                Some(reason) => {
                    let (file, covers) = (self.dir.join(&segment.file), segment.facts.covers);
                    self.note(&mut coverage, file, reason, partition, covers);
                }
            }
        }
        let state = self.contents.partition(partition);
        state.coverage = coverage;
        state.watermarks = entry.watermarks;
        state.watermarks_at_ms = entry.watermarks_at_ms;
        for segment in sound {
            let path = self.dir.join(&segment.file);
            let id = self.contents.next_id();
            let segment = Segment::sealed(id, segment.facts, path, segment.checksum, self.damages.clone());
            self.contents.adopt(Arc::new(segment));
        }
    }

    fn wrong_file(&self, segment: &Listed, files: &[PathBuf]) -> Option<String> {
        if files.binary_search(&segment.file).is_err() {
            return Some("the file is missing".to_owned());
        }
        let bytes = match fs::metadata(self.dir.join(&segment.file)) {
            Ok(file) => file.len(),
            Err(error) => return Some(format!("it cannot be read ({error})")),
        };
        let written = segment.facts.bytes;
        (bytes != written).then(|| match bytes < written {
            true => format!("it was cut short: {bytes} bytes where {written} were written"),
            false => format!("it has {bytes} bytes where {written} were written"),
        })
    }

    fn note(
        &mut self,
        coverage: &mut Coverage,
        file: PathBuf,
        reason: String,
        partition: &TopicPartition,
        (from, to): (i64, i64),
    ) {
        coverage.remove(from, to);
        let lost = (from < to).then(|| LostRange { partition: partition.clone(), from, to });
        self.contents.damages.push(Damage { file, reason, lost });
    }

    /// A segment that the manifest does not name: sealed after the manifest was last written, or left over, or all
    /// there is when the manifest is lost. It is taken in where it fills a hole and proves to be whole.
    fn take_unlisted(&mut self, file: &Path, manifest_lost: bool) {
        let path = self.dir.join(file);
        match self.read_unlisted(&path, manifest_lost) {
            Ok(Some((facts, checksum))) => {
                let id = self.contents.next_id();
                let segment = Segment::sealed(id, facts, path, checksum, self.damages.clone());
                self.contents.adopt(Arc::new(segment));
                self.contents.manifest_behind = true;
            }
            Ok(None) => {}
            Err(reason) if manifest_lost => {
                self.contents.damages.push(Damage { file: path, reason, lost: None });
            }
            // Never part of the recording, or named as damaged and left out before: its offsets are a hole.
            Err(_) => {}
        }
    }

    fn read_unlisted(&mut self, path: &Path, manifest_lost: bool) -> Result<Option<(Facts, u64)>, String> {
        let map = MappedFile::open(path).map_err(|error| format!("it cannot be read ({error})"))?;
        let label = ipc::label(&map.buffer())?;
        let (from, to) = label.covers;
        let coverage = &self.contents.partition(&label.partition).coverage;
        if coverage.intersects(from, to) {
            if coverage.missing(from, to).is_empty() && !manifest_lost {
                files::without_readers(self.dir, || {
                    self.discard(&sidecar_path(path));
                    self.discard(path);
                });
            }
            return Ok(None);
        }
        let sealed = MappedFile::open(&sidecar_path(path)).ok();
        let checksum = match sealed.and_then(|map| sidecar::segment_checksum(&map.buffer())) {
            Some(checksum) => checksum,
            None if manifest_lost => checksum_of(path).map_err(|error| format!("it cannot be read ({error})"))?.0,
            None => return Ok(None),
        };
        let (label, events) = ipc::decode(&map.buffer())?;
        self.origin = self.origin.take().or(label.origin);
        let facts = Facts::of(&events, label.covers, map.len() as u64).ok_or("it holds no events")?;
        Ok(Some((facts, checksum)))
    }

    fn discard(&self, path: &Path) {
        if self.purpose == Purpose::Write {
            // It is in nobody's way if it cannot be removed.
            let _ = fs::remove_file(path);
        }
    }
}
