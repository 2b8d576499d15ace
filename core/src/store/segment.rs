//! Segments: runs of events of one partition, in offset order; on disk once sealed, in memory until then.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use xxhash_rust::xxh3::Xxh3Default;

use super::damage::{Damage, LostRange};
use super::files::SIDECAR_EXTENSION;
use super::histogram::Histogram;
use super::index::{BlockIndex, Index, Times};
use super::ipc;
use super::map::MappedFile;
use super::sidecar;
use crate::event::time::ms_to_ns;
use crate::event::{EventBatch, TopicPartition};

/// What an event takes beside its payload: offset, timestamp, and where its key, value and headers begin.
const BYTES_A_ROW: usize = 40;

/// Names a segment within one open store. Never used again for another, so a segment that is gone is not found rather
/// than mistaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub u32);

/// Names an event within one open store: its segment and its row there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    /// The segment.
    pub segment: SegmentId,
    /// The row, in offset order.
    pub row: u32,
}

/// What is known of a segment without opening its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub partition: TopicPartition,
    pub rows: usize,
    pub first_offset: i64,
    pub last_offset: i64,
    /// The offsets accounted for: the first, one past the last.
    pub covers: (i64, i64),
    pub times: Times,
    /// Bytes of the file, or of the payloads in memory.
    pub bytes: u64,
}

impl Facts {
    /// The facts of a batch; `None` if it is empty.
    pub(super) fn of(events: &EventBatch, covers: (i64, i64), bytes: u64) -> Option<Self> {
        Some(Self {
            partition: TopicPartition::new(events.topic().clone(), events.partition()),
            rows: events.len(),
            first_offset: *events.offsets().first()?,
            last_offset: *events.offsets().last()?,
            covers,
            times: Times::of(events),
            bytes,
        })
    }
}

/// Events of one partition, in offset order, immutable. Sealed ones are mapped when first used.
pub struct Segment {
    id: SegmentId,
    facts: Facts,
    body: Body,
}

enum Body {
    Live { events: EventBatch, index: OnceLock<Index> },
    Sealed(SealedFile),
}

struct SealedFile {
    path: PathBuf,
    checksum: u64,
    sound: OnceLock<Result<(), Damage>>,
    opened: OnceLock<Result<(MappedFile, EventBatch), Damage>>,
    /// With the map that the time order points into, where there is one.
    index: OnceLock<Result<(Index, Option<MappedFile>), Damage>>,
    touched: AtomicBool,
    damages: Arc<DamageLog>,
}

impl Segment {
    /// A segment in memory. `covers` are the offsets accounted for: the first, one past the last. `None` if there are
    /// no events in it.
    pub fn live(id: SegmentId, events: EventBatch, covers: (i64, i64)) -> Option<Self> {
        if events.is_empty() {
            return None;
        }
        let bytes = events.payload_bytes() + events.len() * BYTES_A_ROW;
        let facts = Facts::of(&events, covers, bytes as u64)?;
        Some(Self { id, facts, body: Body::Live { events, index: OnceLock::new() } })
    }

    /// A segment in a file, which is not looked at yet.
    pub(super) fn sealed(id: SegmentId, facts: Facts, path: PathBuf, checksum: u64, damages: Arc<DamageLog>) -> Self {
        let file = SealedFile {
            path,
            checksum,
            sound: OnceLock::new(),
            opened: OnceLock::new(),
            index: OnceLock::new(),
            touched: AtomicBool::new(false),
            damages,
        };
        Self { id, facts, body: Body::Sealed(file) }
    }

    /// Says that a file's bytes are known to be what was written, because they were written just now.
    pub(super) fn trust_file(&self) {
        if let Body::Sealed(file) = &self.body {
            // Set already means checked already, which is as good.
            let _ = file.sound.set(Ok(()));
        }
    }

    /// The segment's name within its store.
    pub fn id(&self) -> SegmentId {
        self.id
    }

    /// The partition of every event in it.
    pub fn partition(&self) -> &TopicPartition {
        &self.facts.partition
    }

    /// How many events it holds; never zero.
    #[allow(clippy::len_without_is_empty)] // a segment is never empty
    pub fn len(&self) -> usize {
        self.facts.rows
    }

    /// The offset of its first event.
    pub fn first_offset(&self) -> i64 {
        self.facts.first_offset
    }

    /// The offset of its last event.
    pub fn last_offset(&self) -> i64 {
        self.facts.last_offset
    }

    /// The offsets that it accounts for: the first, one past the last. Those without an event are gaps of the log.
    pub fn covers(&self) -> (i64, i64) {
        self.facts.covers
    }

    /// How many events have no timestamp.
    pub fn untimed(&self) -> u64 {
        self.facts.times.untimed
    }

    /// The smallest and the largest time of its events in nanoseconds; `None` where none has a timestamp.
    pub fn time_span_ns(&self) -> Option<(i64, i64)> {
        self.facts.times.span_ms.map(|(min, max)| (ms_to_ns(min), ms_to_ns(max)))
    }

    /// The smallest and the largest timestamp of its events in milliseconds; `None` where none has one.
    pub fn time_span_ms(&self) -> Option<(i64, i64)> {
        self.facts.times.span_ms
    }

    /// Bytes of its file, or of its payloads while it is in memory.
    pub fn bytes(&self) -> u64 {
        self.facts.bytes
    }

    /// Whether it is still in memory only.
    pub fn is_live(&self) -> bool {
        matches!(self.body, Body::Live { .. })
    }

    /// Its file, once sealed.
    pub fn path(&self) -> Option<&Path> {
        match &self.body {
            Body::Live { .. } => None,
            Body::Sealed(file) => Some(&file.path),
        }
    }

    /// Its events. A sealed segment is verified and mapped on first use; afterwards this is cheap.
    ///
    /// # Errors
    /// When the file is missing, damaged, or not the one that the recording names.
    pub fn events(&self) -> Result<EventBatch, Damage> {
        match &self.body {
            Body::Live { events, .. } => Ok(events.clone()),
            Body::Sealed(file) => self.opened(file).map(|(_, events)| events.clone()),
        }
    }

    /// The times of its rows by blocks. Read from the sidecar, or built from the events where there is none.
    ///
    /// # Errors
    /// When neither the sidecar nor the segment can be used.
    pub fn blocks(&self) -> Result<&BlockIndex, Damage> {
        Ok(&self.index()?.blocks)
    }

    /// Its rows in time order (by [`super::time_key`], ties by row), where that is not the order in which they stand.
    ///
    /// # Errors
    /// When neither the sidecar nor the segment can be used.
    pub fn time_order(&self) -> Result<Option<&[u32]>, Damage> {
        Ok(self.index()?.order.as_deref())
    }

    /// Its counts by time. Read from the sidecar, or counted from the events where there is none, each time it is asked
    /// for: whoever wants it merges it into something of its own.
    ///
    /// # Errors
    /// When neither the sidecar nor the segment can be used.
    pub fn histogram(&self) -> Result<Histogram, Damage> {
        if let Body::Sealed(file) = &self.body
            && let Ok(map) = MappedFile::open(&sidecar_path(&file.path))
            && let Some(saved) = sidecar::histogram(&map.buffer(), file.checksum, self.facts.rows)
        {
            return Ok(saved);
        }
        Ok(Histogram::of(&self.events()?, self.time_order()?))
    }

    /// Compares a sealed segment's file with its checksum, unless that was done before. Memory is not touched.
    ///
    /// # Errors
    /// When the file is missing, cut short, or not what was written.
    pub fn verify(&self) -> Result<(), Damage> {
        match &self.body {
            Body::Live { .. } => Ok(()),
            Body::Sealed(file) => self.sound(file),
        }
    }

    /// Gives the memory of a sealed segment's pages back to the system; batches of it stay good, and pages return from
    /// the file when they are looked at. Worth calling after reading through a segment.
    pub fn release(&self) {
        let Body::Sealed(file) = &self.body else { return };
        file.touched.store(false, Ordering::Relaxed);
        if let Some(Ok((map, _))) = file.opened.get() {
            map.give_back();
        }
        if let Some(Ok((_, Some(map)))) = file.index.get() {
            map.give_back();
        }
    }

    /// Whether the segment was used since it was last asked; see [`super::memory`].
    pub(super) fn take_touched(&self) -> bool {
        match &self.body {
            Body::Live { .. } => false,
            Body::Sealed(file) => file.touched.swap(false, Ordering::Relaxed),
        }
    }

    /// The checksum of a sealed segment's file.
    pub(super) fn checksum(&self) -> Option<u64> {
        match &self.body {
            Body::Live { .. } => None,
            Body::Sealed(file) => Some(file.checksum),
        }
    }

    /// What is known of the segment without opening it.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    fn sound(&self, file: &SealedFile) -> Result<(), Damage> {
        file.sound.get_or_init(|| self.noted(file, self.check_file(file))).clone()
    }

    fn opened<'a>(&self, file: &'a SealedFile) -> Result<&'a (MappedFile, EventBatch), Damage> {
        file.touched.store(true, Ordering::Relaxed);
        let opened = file.opened.get_or_init(|| {
            self.sound(file)?;
            self.noted(file, self.map(file))
        });
        opened.as_ref().map_err(Damage::clone)
    }

    fn index(&self) -> Result<&Index, Damage> {
        match &self.body {
            Body::Live { events, index } => Ok(index.get_or_init(|| Index::build(events))),
            Body::Sealed(file) => {
                let index = file.index.get_or_init(|| match self.read_sidecar(file) {
                    Some(found) => Ok(found),
                    None => self.opened(file).map(|(_, events)| (Index::build(events), None)),
                });
                index.as_ref().map(|(index, _)| index).map_err(Damage::clone)
            }
        }
    }

    fn read_sidecar(&self, file: &SealedFile) -> Option<(Index, Option<MappedFile>)> {
        let map = MappedFile::open(&sidecar_path(&file.path)).ok()?;
        let index = sidecar::decode(&map.buffer(), file.checksum, self.facts.rows)?;
        let kept = index.order.is_some().then_some(map);
        Some((index, kept))
    }

    fn check_file(&self, file: &SealedFile) -> Result<(), String> {
        let (checksum, bytes) = checksum_of(&file.path).map_err(|error| read_failure(&error))?;
        if bytes != self.facts.bytes {
            return Err(format!("it has {bytes} bytes where {} were written", self.facts.bytes));
        }
        if checksum != file.checksum {
            return Err("its checksum is not the one it was written with".to_owned());
        }
        Ok(())
    }

    fn map(&self, file: &SealedFile) -> Result<(MappedFile, EventBatch), String> {
        let map = MappedFile::open(&file.path).map_err(|error| read_failure(&error))?;
        let (label, events) = ipc::decode(&map.buffer())?;
        let facts = Facts::of(&events, label.covers, map.len() as u64).ok_or("it holds no events")?;
        if facts != self.facts {
            return Err("it is not the segment that the recording names".to_owned());
        }
        Ok((map, events))
    }

    fn noted<T>(&self, file: &SealedFile, found: Result<T, String>) -> Result<T, Damage> {
        found.map_err(|reason| {
            let damage = self.damage(&file.path, reason);
            file.damages.note(self.id, damage.clone());
            damage
        })
    }

    fn damage(&self, file: &Path, reason: String) -> Damage {
        let (from, to) = self.facts.covers;
        let lost = LostRange { partition: self.facts.partition.clone(), from, to };
        Damage { file: file.to_owned(), reason, lost: Some(lost) }
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").field("id", &self.id).field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// Where a segment's sidecar lies.
pub(super) fn sidecar_path(segment: &Path) -> PathBuf {
    segment.with_extension(SIDECAR_EXTENSION)
}

/// The checksum and length of a file, read through a small buffer.
pub(super) fn checksum_of(path: &Path) -> io::Result<(u64, u64)> {
    let mut file = File::open(path)?;
    let mut hash = Xxh3Default::new();
    let mut chunk = vec![0; 1 << 18];
    let mut total = 0;
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((hash.digest(), total)),
            read => {
                hash.update(&chunk[..read]);
                total += read as u64;
            }
        }
    }
}

fn read_failure(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "the file is missing".to_owned(),
        _ => format!("it cannot be read ({error})"),
    }
}

/// Segments that turned out to be damaged when they were first used.
#[derive(Debug, Default)]
pub(super) struct DamageLog {
    found: Mutex<Vec<(SegmentId, Damage)>>,
    any: AtomicBool,
}

impl DamageLog {
    fn note(&self, id: SegmentId, damage: Damage) {
        self.found.lock().push((id, damage));
        self.any.store(true, Ordering::Release);
    }

    /// What was found since this was last asked.
    pub(super) fn take(&self) -> Vec<(SegmentId, Damage)> {
        if self.any.swap(false, Ordering::Acquire) { std::mem::take(&mut *self.found.lock()) } else { Vec::new() }
    }
}
