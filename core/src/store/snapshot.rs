//! What a store holds at one moment: immutable, shared, cheap to take.

use std::sync::{Arc, Weak};

use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use super::coverage::Coverage;
use super::damage::Damage;
use super::segment::{EventId, Segment, SegmentId};
use crate::event::{Coordinates, EventBatch, EventRef, TopicName, TopicPartition, Watermarks};
use crate::log::{LogError, Origin, TopicConfig};

/// What a store holds at one moment. It stays as it is while the store goes on; topics and partitions that did not
/// change between two snapshots are shared by them.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Grows with every change of the store.
    pub version: u64,
    /// Where the events came from.
    pub origin: Arc<Origin>,
    /// The topics, sorted by name.
    pub topics: Vec<Arc<TopicSnapshot>>,
    segments: Arc<SegmentTable>,
}

/// One topic of a snapshot.
#[derive(Debug, Clone)]
pub struct TopicSnapshot {
    /// The topic's name.
    pub name: TopicName,
    /// Its configuration, as far as the log told.
    pub config: TopicConfig,
    /// Its partitions, sorted by number.
    pub partitions: Vec<Arc<PartitionSnapshot>>,
}

/// One partition of a snapshot.
#[derive(Debug, Clone)]
pub struct PartitionSnapshot {
    /// The partition's number.
    pub partition: i32,
    /// Its segments in offset order; their ranges of offsets are disjoint.
    pub segments: Vec<Arc<Segment>>,
    /// The offsets accounted for.
    pub coverage: Coverage,
    /// The log's watermarks when they were last asked for.
    pub watermarks: Option<Watermarks>,
    /// When the watermarks were asked for, in milliseconds since the epoch.
    pub watermarks_at_ms: Option<i64>,
    /// Why the partition could not be read any further, if so.
    pub failure: Option<LogError>,
}

impl Snapshot {
    /// Puts a snapshot together; topics must be sorted by name.
    pub fn new(version: u64, origin: Arc<Origin>, topics: Vec<Arc<TopicSnapshot>>) -> Self {
        let segments = SegmentTable::default();
        topics.iter().flat_map(|topic| topic.segments()).for_each(|segment| segments.add(segment));
        Self::with_table(version, origin, topics, Arc::new(segments))
    }

    pub(super) fn with_table(
        version: u64,
        origin: Arc<Origin>,
        topics: Vec<Arc<TopicSnapshot>>,
        segments: Arc<SegmentTable>,
    ) -> Self {
        Self { version, origin, topics, segments }
    }

    /// A topic by name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicSnapshot>> {
        let at = self.topics.binary_search_by(|topic| (*topic.name).cmp(name)).ok()?;
        self.topics.get(at)
    }

    /// A partition of a topic.
    pub fn partition(&self, partition: &TopicPartition) -> Option<&Arc<PartitionSnapshot>> {
        self.topic(&partition.topic)?.partition(partition.partition)
    }

    /// Every segment: by topic, partition, offset.
    pub fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.topics.iter().flat_map(|topic| topic.segments())
    }

    /// A segment by its name. One that this snapshot holds is always found.
    pub fn segment(&self, id: SegmentId) -> Option<Arc<Segment>> {
        self.segments.get(id)
    }

    /// How many events there are.
    pub fn events(&self) -> u64 {
        self.segments().map(|segment| segment.len() as u64).sum()
    }

    /// How many bytes the segments take, on disk or in memory.
    pub fn bytes(&self) -> u64 {
        self.segments().map(|segment| segment.bytes()).sum()
    }

    /// An event by its name; `None` when its segment is gone.
    ///
    /// # Errors
    /// When the segment is damaged.
    pub fn event(&self, id: EventId) -> Result<Option<StoredEvent>, Damage> {
        let Some(segment) = self.segment(id.segment) else { return Ok(None) };
        let (events, row) = (segment.events()?, id.row as usize);
        Ok((row < events.len()).then_some(StoredEvent { events, row }))
    }

    /// The event at these coordinates; `None` when the store does not hold it.
    ///
    /// # Errors
    /// When the segment that should hold it is damaged.
    pub fn find(&self, at: &Coordinates) -> Result<Option<EventId>, Damage> {
        let partition = self.topic(&at.topic).and_then(|topic| topic.partition(at.partition));
        let Some(segment) = partition.and_then(|partition| partition.segment_at(at.offset)) else { return Ok(None) };
        let row = segment.events()?.offsets().binary_search(&at.offset).ok();
        Ok(row.map(|row| EventId { segment: segment.id(), row: row as u32 }))
    }
}

impl TopicSnapshot {
    /// A partition by its number.
    pub fn partition(&self, partition: i32) -> Option<&Arc<PartitionSnapshot>> {
        let at = self.partitions.binary_search_by_key(&partition, |partition| partition.partition).ok()?;
        self.partitions.get(at)
    }

    /// Every segment: by partition, offset.
    pub fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.partitions.iter().flat_map(|partition| &partition.segments)
    }

    /// How many events the store holds of the topic.
    pub fn events(&self) -> u64 {
        self.segments().map(|segment| segment.len() as u64).sum()
    }

    /// The smallest and the largest time of its events in nanoseconds.
    pub fn time_span_ns(&self) -> Option<(i64, i64)> {
        let spans = self.segments().filter_map(|segment| segment.time_span_ns());
        spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

impl PartitionSnapshot {
    /// How many events the store holds of the partition.
    pub fn events(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len() as u64).sum()
    }

    /// The ranges between the watermarks that the store does not account for.
    pub fn holes(&self) -> Vec<(i64, i64)> {
        self.watermarks.map(|watermarks| self.coverage.holes(watermarks)).unwrap_or_default()
    }

    /// The segment whose offsets span this one.
    pub fn segment_at(&self, offset: i64) -> Option<&Arc<Segment>> {
        let after = self.segments.partition_point(|segment| segment.first_offset() <= offset);
        let segment = self.segments.get(after.checked_sub(1)?)?;
        (offset <= segment.last_offset()).then_some(segment)
    }
}

/// One event of a store, with the batch that holds it.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    events: EventBatch,
    row: usize,
}

impl StoredEvent {
    /// The event.
    pub fn get(&self) -> EventRef<'_> {
        self.events.event(self.row)
    }
}

/// Finds segments by their names, for as long as somebody holds them.
#[derive(Debug, Default)]
pub(super) struct SegmentTable {
    held: RwLock<Held>,
}

#[derive(Debug, Default)]
struct Held {
    segments: FxHashMap<SegmentId, Weak<Segment>>,
    sweep_at: usize,
}

impl SegmentTable {
    pub(super) fn add(&self, segment: &Arc<Segment>) {
        let mut held = self.held.write();
        held.segments.insert(segment.id(), Arc::downgrade(segment));
        if held.segments.len() > held.sweep_at {
            held.segments.retain(|_, segment| segment.strong_count() > 0);
            held.sweep_at = held.segments.len() * 2 + 256;
        }
    }

    fn get(&self, id: SegmentId) -> Option<Arc<Segment>> {
        self.held.read().segments.get(&id)?.upgrade()
    }
}
