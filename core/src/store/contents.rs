//! Everything a store holds, behind its one lock: topics, partitions, and what has to be written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::damage::{Damage, StoreError};
use super::manifest::{Manifest, PartitionEntry, SegmentEntry, TopicEntry};
use super::partition::{PartitionState, Run};
use super::segment::{Segment, SegmentId};
use super::snapshot::{SegmentTable, Snapshot, TopicSnapshot};
use crate::event::{EventBatch, TopicName, TopicPartition};
use crate::log::{Groups, Origin, TopicConfig};

/// How much is kept in memory before it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A partition's run is sealed when it has this many bytes.
    pub segment_bytes: u64,
    /// When all runs together have more, the largest are sealed.
    pub live_bytes: u64,
    /// A run of a recording is sealed when its first event is this old, so that a crash loses little.
    pub seal_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { segment_bytes: 32 << 20, live_bytes: 96 << 20, seal_after: Duration::from_secs(30) }
    }
}

/// Events to be written as a segment.
#[derive(Debug)]
pub(super) struct Job {
    pub partition: TopicPartition,
    pub run: Run,
}

/// What a store holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    topics: BTreeMap<TopicName, TopicState>,
    groups: Option<Arc<Groups>>,
    version: u64,
    /// Topics that changed since the last snapshot.
    changed: BTreeSet<TopicName>,
    snapshot: Option<Arc<Snapshot>>,
    next_id: u32,
    /// Bytes of runs in memory that are not being written yet.
    live_bytes: u64,
    /// Bytes of runs that are being written.
    pub sealing_bytes: u64,
    /// Bytes of sealed segments.
    disk_bytes: u64,
    /// Whether the manifest on the disk is behind.
    pub manifest_behind: bool,
    /// Files that the next manifest will not name any more.
    doomed: Vec<PathBuf>,
    /// Folders with new segments in them, to be forced to the disk before a manifest names those.
    unsynced: BTreeSet<PathBuf>,
    /// What could not be written. Nothing is taken in after that.
    pub failed: Option<StoreError>,
    /// Damage found so far.
    pub damages: Vec<Damage>,
}

#[derive(Debug, Default)]
struct TopicState {
    config: TopicConfig,
    partitions: BTreeMap<i32, PartitionState>,
}

impl Contents {
    /// The next name for a segment.
    pub(super) fn next_id(&mut self) -> SegmentId {
        self.next_id += 1;
        SegmentId(self.next_id)
    }

    /// Grows with every change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Bytes held, on disk and in memory.
    pub(super) fn bytes(&self) -> u64 {
        self.disk_bytes + self.live_bytes + self.sealing_bytes
    }

    /// A partition, made if it is not there, to be changed.
    pub(super) fn partition(&mut self, partition: &TopicPartition) -> &mut PartitionState {
        self.mark(&partition.topic);
        let topic = self.topics.entry(partition.topic.clone()).or_default();
        let state = topic.partitions.entry(partition.partition).or_default();
        state.touch();
        state
    }

    /// Sets what the log says of a topic's configuration.
    pub(super) fn set_config(&mut self, topic: &TopicName, config: TopicConfig) {
        self.mark(topic);
        self.topics.entry(topic.clone()).or_default().config = config;
        self.manifest_behind = true;
    }

    /// Sets how the log's consumer groups stand.
    pub(super) fn set_groups(&mut self, groups: Option<Arc<Groups>>) {
        self.groups = groups;
        self.manifest_behind = true;
    }

    /// How the log's consumer groups stood when they were last set.
    pub(super) fn groups(&self) -> Option<Arc<Groups>> {
        self.groups.clone()
    }

    fn mark(&mut self, topic: &TopicName) {
        self.version += 1;
        if !self.changed.contains(topic) {
            self.changed.insert(topic.clone());
        }
    }

    /// Takes events in; gives how many were new.
    pub(super) fn append(
        &mut self,
        partition: &TopicPartition,
        events: &EventBatch,
        covers: (i64, i64),
    ) -> Result<u64, StoreError> {
        let mut next_id = self.next_id;
        let mut ids = || {
            next_id += 1;
            SegmentId(next_id)
        };
        let state = self.partition(partition);
        let before = state.live_bytes();
        let added = state.append(partition, events, covers, &mut ids);
        let grown = state.live_bytes() - before;
        self.next_id = next_id;
        self.live_bytes += grown;
        if grown == 0 {
            self.manifest_behind = true;
        }
        added
    }

    /// What must be written now: the run that has grown to a segment, or the largest when memory is short.
    pub(super) fn due(&mut self, partition: &TopicPartition, limits: &Limits) -> Vec<Job> {
        let full = |run: &Run| run.bytes >= limits.segment_bytes;
        let mut jobs = self.take(partition, full);
        if self.live_bytes > limits.live_bytes {
            let mut sizes: Vec<(u64, TopicPartition)> =
                self.partitions().map(|(partition, state)| (state.largest_run(), partition)).collect();
            sizes.sort();
            while self.live_bytes > limits.live_bytes / 4 * 3
                && let Some((size, partition)) = sizes.pop()
                && size > 0
            {
                jobs.extend(self.take(&partition, |_| true));
            }
        }
        jobs
    }

    /// Every run that `chosen` names.
    pub(super) fn take_all(&mut self, chosen: impl Fn(&Run) -> bool) -> Vec<Job> {
        let with_runs: Vec<TopicPartition> =
            self.partitions().filter(|(_, state)| state.largest_run() > 0).map(|(partition, _)| partition).collect();
        with_runs.iter().flat_map(|partition| self.take(partition, &chosen)).collect()
    }

    fn take(&mut self, partition: &TopicPartition, chosen: impl Fn(&Run) -> bool) -> Vec<Job> {
        let state =
            self.topics.get_mut(&partition.topic).and_then(|topic| topic.partitions.get_mut(&partition.partition));
        let runs = state.map(|state| state.take_runs(chosen)).unwrap_or_default();
        let bytes: u64 = runs.iter().map(|run| run.bytes).sum();
        self.live_bytes -= bytes;
        self.sealing_bytes += bytes;
        runs.into_iter().map(|run| Job { partition: partition.clone(), run }).collect()
    }

    /// The sealed segment that ends where `from` begins, if writing it again together with so many rows and bytes more is
    /// worth it: each event is written again at most a logarithmic number of times, and segments do not stay tiny.
    pub(super) fn small_before(
        &self,
        partition: &TopicPartition,
        from: i64,
        (rows, bytes): (usize, u64),
        limits: &Limits,
    ) -> Option<Arc<Segment>> {
        let state = self.topics.get(&partition.topic)?.partitions.get(&partition.partition)?;
        let before = state.sealed.iter().rfind(|segment| segment.covers().1 == from)?;
        let small = before.len() <= 2 * rows && before.bytes() + bytes <= limits.segment_bytes / 4;
        small.then(|| before.clone())
    }

    /// A run has been written as `segment`, which holds the events of `merged` too.
    pub(super) fn sealed(&mut self, job: &Job, segment: Arc<Segment>, merged: &[Arc<Segment>]) {
        self.sealing_bytes -= job.run.bytes;
        for merged in merged {
            self.remove(&job.partition, merged.id());
        }
        self.disk_bytes += segment.bytes();
        self.unsynced.extend(segment.path().and_then(Path::parent).map(PathBuf::from));
        self.partition(&job.partition).replace_sealed(job.run.covers.0, segment);
        self.manifest_behind = true;
    }

    /// Takes in a segment found on the disk.
    pub(super) fn adopt(&mut self, segment: Arc<Segment>) {
        self.disk_bytes += segment.bytes();
        let partition = segment.partition().clone();
        let covers = segment.covers();
        self.partition(&partition).replace_sealed(covers.0, segment);
    }

    /// Leaves a sealed segment out. Its file goes when the manifest does not name it any more.
    pub(super) fn remove(&mut self, partition: &TopicPartition, id: SegmentId) -> Option<Arc<Segment>> {
        let segment = self.partition(partition).remove(id)?;
        self.disk_bytes = self.disk_bytes.saturating_sub(segment.bytes());
        self.doomed.extend(segment.path().map(PathBuf::from));
        self.manifest_behind = true;
        Some(segment)
    }

    /// Leaves out the sealed segments of a partition that end before an offset, which stays accounted for; whether
    /// there were any.
    pub(super) fn let_go_before(&mut self, partition: &TopicPartition, offset: i64) -> bool {
        let sealed = self.topics.get(&partition.topic).and_then(|topic| topic.partitions.get(&partition.partition));
        let over: Vec<(SegmentId, (i64, i64))> = sealed
            .into_iter()
            .flat_map(|state| &state.sealed)
            .filter(|segment| segment.covers().1 <= offset)
            .map(|segment| (segment.id(), segment.covers()))
            .collect();
        for (id, (from, to)) in &over {
            self.remove(partition, *id);
            self.partition(partition).coverage.insert(*from, *to);
        }
        !over.is_empty()
    }

    /// The sealed segment whose latest event is the oldest.
    pub(super) fn oldest(&self) -> Option<Arc<Segment>> {
        let sealed = self.partitions().flat_map(|(_, state)| &state.sealed);
        sealed.min_by_key(|segment| segment.time_span_ns().map_or(i64::MIN, |span| span.1)).cloned()
    }

    /// A damaged segment is left out. Its file is kept: somebody may want to look at it.
    pub(super) fn leave_out(&mut self, id: SegmentId, damage: Damage) {
        if let Some(lost) = &damage.lost {
            self.remove(&lost.partition.clone(), id);
            self.doomed.retain(|path| *path != damage.file);
        }
        self.damages.push(damage);
    }

    /// Files that the manifest about to be written does not name any more.
    pub(super) fn take_doomed(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.doomed)
    }

    /// Files that could not be removed yet.
    pub(super) fn doom(&mut self, paths: Vec<PathBuf>) {
        self.doomed.extend(paths);
    }

    /// Folders to be forced to the disk before the manifest about to be written.
    pub(super) fn take_unsynced(&mut self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.unsynced)
    }

    fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
        self.topics.iter().flat_map(|(name, topic)| {
            topic.partitions.iter().map(|(&number, state)| (TopicPartition::new(name.clone(), number), state))
        })
    }

    /// The manifest of what is on the disk.
    pub(super) fn manifest(&self, dir: &Path, origin: &Origin) -> Manifest {
        let topics = self.topics.iter().map(|(name, topic)| TopicEntry {
            name: name.clone(),
            config: topic.config.clone(),
            partitions: topic.partitions.iter().map(|(&number, state)| partition_entry(dir, number, state)).collect(),
        });
        let names: Vec<TopicName> = self.topics.keys().cloned().collect();
        let groups = self.groups.as_ref().map(|groups| groups.within(&names));
        Manifest::new(origin.clone(), groups, topics.collect())
    }

    /// The store as it is now. Topics that did not change are shared with the snapshot before.
    pub(super) fn snapshot(&mut self, origin: &Arc<Origin>, table: &Arc<SegmentTable>) -> Arc<Snapshot> {
        let before = self.snapshot.take();
        if let Some(before) = before.as_ref().filter(|before| before.version == self.version) {
            self.snapshot = Some(before.clone());
            return before.clone();
        }
        let mut topics = before.map(|before| before.topics.clone()).unwrap_or_default();
        for name in std::mem::take(&mut self.changed) {
            let Some(state) = self.topics.get_mut(&name) else { continue };
            let topic = Arc::new(state.snapshot(&name));
            topic.partitions.iter().flat_map(|partition| &partition.segments).for_each(|segment| table.add(segment));
            match topics.binary_search_by(|other| other.name.cmp(&name)) {
                Ok(at) => topics[at] = topic,
                Err(at) => topics.insert(at, topic),
            }
        }
        let snapshot = Arc::new(Snapshot::with_table(self.version, origin.clone(), topics, table.clone()));
        self.snapshot = Some(snapshot.clone());
        snapshot
    }
}

impl TopicState {
    fn snapshot(&mut self, name: &TopicName) -> TopicSnapshot {
        let partitions = self.partitions.iter_mut().map(|(&number, state)| state.snapshot(number)).collect();
        TopicSnapshot { name: name.clone(), config: self.config.clone(), partitions }
    }
}

fn partition_entry(dir: &Path, partition: i32, state: &PartitionState) -> PartitionEntry {
    let segments = state.sealed.iter().filter_map(|segment| {
        let file = segment.path()?.strip_prefix(dir).ok()?;
        Some(SegmentEntry::new(file, segment.facts(), segment.checksum()?))
    });
    PartitionEntry {
        partition,
        watermarks: state.watermarks,
        watermarks_at_ms: state.watermarks_at_ms,
        coverage: state.durable_coverage().ranges().to_vec(),
        segments: segments.collect(),
    }
}
