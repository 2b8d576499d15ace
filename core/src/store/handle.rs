//! A store as the rest of the program holds it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::contents::{Contents, Limits};
use super::damage::{Damage, StoreError};
use super::files::{self, Durability, Hold, Lock, MANIFEST, ReaderMark};
use super::memory::Keeper;
use super::open::{self, Found, Purpose};
use super::seal::Sealers;
use super::segment::{DamageLog, Segment};
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::temporary::TemporaryFolder;
use crate::event::{EventBatch, EventBatchBuilder, TopicName, TopicPartition, Watermarks};
use crate::log::{Groups, LogError, Origin, TopicConfig};

/// The local copy of what has been read from a log. Cheap to clone: clones are the same store.
///
/// Events in memory are lost when the last clone goes without [`Store::flush`]; what was sealed before is not.
#[derive(Debug, Clone)]
pub struct Store {
    // Dropped in this order: what was queued is written before a temporary folder goes.
    sealers: Option<Arc<Sealers>>,
    _keeper: Option<Arc<Keeper>>,
    shared: Arc<Shared>,
    folder: Option<Arc<TemporaryFolder>>,
    budget: Arc<AtomicU64>,
}

/// How far [`Store::verify`] is.
#[derive(Debug, Default)]
pub struct VerifyProgress {
    /// Bytes to be read.
    pub total_bytes: AtomicU64,
    /// Bytes read.
    pub done_bytes: AtomicU64,
}

impl Store {
    /// Makes a recording in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When there is a recording in it already, another program is writing it, or it cannot be written.
    pub fn create(dir: &Path, origin: Origin) -> Result<Self, StoreError> {
        Self::create_with(dir, origin, Limits::default())
    }

    pub(super) fn create_with(dir: &Path, origin: Origin, limits: Limits) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir).map_err(|error| StoreError::io("make", dir, &error))?;
        let lock = Lock::take(dir)?;
        let segments = files::list(dir).map_err(|error| StoreError::io("read", dir, &error))?;
        if dir.join(MANIFEST).exists() || !segments.is_empty() {
            return Err(StoreError::Exists { dir: dir.to_owned() });
        }
        let found = Found { origin, contents: Contents::default() };
        let store = Self::writing(dir, Durability::Synced, lock, found, Arc::default(), limits)?;
        store.shared.write_manifest()?;
        Ok(store)
    }

    /// Opens a recording to read it. What is damaged is left out and named; the rest opens.
    ///
    /// # Errors
    /// When the folder holds no recording, or one of a later format, or cannot be read.
    pub fn open(dir: &Path) -> Result<(Self, Vec<Damage>), StoreError> {
        if !dir.is_dir() {
            return Err(StoreError::NotARecording { dir: dir.to_owned() });
        }
        let log: Arc<DamageLog> = Arc::default();
        let mark = if dir.join(MANIFEST).exists() { ReaderMark::leave(dir) } else { None };
        let Found { origin, contents } = open::load(dir, Purpose::Read, &log)?;
        let damages = contents.damages.clone();
        let shared =
            Shared::new(dir.to_owned(), Durability::Synced, origin, Hold::Read(mark), contents, log, Limits::default());
        Ok((Self::over(shared), damages))
    }

    /// Opens a recording to add to it. What is damaged is left out and named: recording again fills the holes.
    ///
    /// # Errors
    /// As [`Store::open`], and when another program is writing it.
    pub fn extend(dir: &Path) -> Result<(Self, Vec<Damage>), StoreError> {
        Self::extend_with(dir, Limits::default())
    }

    pub(super) fn extend_with(dir: &Path, limits: Limits) -> Result<(Self, Vec<Damage>), StoreError> {
        if !dir.is_dir() {
            return Err(StoreError::NotARecording { dir: dir.to_owned() });
        }
        let lock = Lock::take(dir)?;
        let log: Arc<DamageLog> = Arc::default();
        let found = open::load(dir, Purpose::Write, &log)?;
        let damages = found.contents.damages.clone();
        Ok((Self::writing(dir, Durability::Synced, lock, found, log, limits)?, damages))
    }

    /// Makes a store for a connection, in the user's cache folder, or the system's folder for such things where that one can't
    /// be written. It goes when the store is dropped; what programs
    /// that were killed have left there goes now. `budget_bytes` bounds what it holds, in memory and on the disk.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn temporary(origin: Origin, budget_bytes: u64) -> Result<Self, StoreError> {
        let refused = match Self::temporary_in(&super::temporary::default_parent(), origin.clone(), budget_bytes) {
            Err(refused @ StoreError::Io { .. }) => refused,
            made => return made,
        };
        let other = super::temporary::other_parent();
        Self::temporary_in(&other, origin, budget_bytes).map_err(|error| match (refused, error) {
            (StoreError::Io { doing, path, reason }, StoreError::Io { .. }) => {
                let how =
                    format!("{reason}, nor {}; set XDG_CACHE_HOME to a folder that can be written", other.display());
                StoreError::Io { doing, path, reason: how }
            }
            (_, error) => error,
        })
    }

    /// As [`Store::temporary`], in a folder of one's choice.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn temporary_in(parent: &Path, origin: Origin, budget_bytes: u64) -> Result<Self, StoreError> {
        let (folder, lock) = TemporaryFolder::make(parent)?;
        let found = Found { origin, contents: Contents::default() };
        let log = Arc::default();
        let mut store = Self::writing(folder.path(), Durability::Cached, lock, found, log, Limits::default())?;
        store.folder = Some(Arc::new(folder));
        store.set_budget(Some(budget_bytes));
        Ok(store)
    }

    fn writing(
        dir: &Path,
        durability: Durability,
        lock: Lock,
        found: Found,
        log: Arc<DamageLog>,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let Found { origin, contents } = found;
        let shared = Shared::new(dir.to_owned(), durability, origin, Hold::Write(lock), contents, log, limits);
        let mut store = Self::over(shared);
        store.sealers = Some(Arc::new(Sealers::start(&store.shared)?));
        Ok(store)
    }

    fn over(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        Self {
            sealers: None,
            _keeper: Keeper::start(&shared).map(Arc::new),
            shared,
            folder: None,
            budget: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    /// The store's folder.
    pub fn dir(&self) -> &Path {
        self.shared.dir()
    }

    /// Where the events came from.
    pub fn origin(&self) -> &Origin {
        self.shared.origin()
    }

    /// Whether the store goes when it is dropped.
    pub fn is_temporary(&self) -> bool {
        self.folder.is_some()
    }

    /// What the store holds now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot()
    }

    /// The version that [`Store::snapshot`] would have; cheap enough to ask every frame.
    pub fn version(&self) -> u64 {
        self.shared.contents().version()
    }

    /// Tells of changes: the value is the version. A receiver that is slow sees only the latest.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes()
    }

    /// Damage found so far: on opening, and since.
    pub fn damages(&self) -> Vec<Damage> {
        self.shared.contents().damages.clone()
    }

    /// Takes in events of one partition, which account for the offsets `from..next`: those of them that are not in
    /// `events` are gaps of the log. Offsets that are accounted for already are left out. Gives how many were new.
    ///
    /// Waits for the disk when more has come than it could take: call it where waiting does no harm.
    ///
    /// # Errors
    /// When the store is only read, or something could not be written before; see [`Store::flush`].
    pub fn append(&self, events: &EventBatch, from: i64, next: i64) -> Result<u64, StoreError> {
        let partition = TopicPartition::new(events.topic().clone(), events.partition());
        let mut contents = self.shared.writable()?;
        let added = contents.append(&partition, events, (from, next))?;
        let jobs = contents.due(&partition, &self.shared.limits);
        let version = contents.version();
        drop(contents);
        self.shared.announce(version);
        if let Some(sealers) = &self.sealers {
            jobs.into_iter().for_each(|job| sealers.seal(job));
        }
        Ok(added)
    }

    /// Accounts for offsets `from..next` that hold no events.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn account(&self, partition: &TopicPartition, from: i64, next: i64) -> Result<(), StoreError> {
        let nothing = EventBatchBuilder::new(partition.topic.clone(), partition.partition).finish();
        self.append(&nothing, from, next).map(|_| ())
    }

    /// Keeps what the log says of a topic's configuration.
    ///
    /// # Errors
    /// When the store is only read.
    pub fn set_config(&self, topic: &TopicName, config: TopicConfig) -> Result<(), StoreError> {
        self.shared.writable()?.set_config(topic, config);
        Ok(())
    }

    /// Keeps how the log's consumer groups stand. The recording keeps what concerns its topics.
    ///
    /// # Errors
    /// When the store is only read.
    pub fn set_groups(&self, groups: Groups) -> Result<(), StoreError> {
        self.shared.writable()?.set_groups(Some(Arc::new(groups)));
        Ok(())
    }

    /// How the log's consumer groups stood when they were last asked for; `None` where that is not known.
    pub fn groups(&self) -> Option<Arc<Groups>> {
        self.shared.contents().groups()
    }

    /// Keeps a partition's watermarks, as the log gave them at a time (milliseconds since the epoch).
    ///
    /// # Errors
    /// When the store is only read.
    pub fn set_watermarks(
        &self,
        partition: &TopicPartition,
        watermarks: Watermarks,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let mut contents = self.shared.writable()?;
        let state = contents.partition(partition);
        state.watermarks = Some(watermarks);
        state.watermarks_at_ms = Some(at_ms);
        contents.manifest_behind = true;
        let version = contents.version();
        drop(contents);
        self.shared.announce(version);
        Ok(())
    }

    /// Keeps why a partition could not be read any further, or that it can be again.
    ///
    /// # Errors
    /// When the store is only read.
    pub fn set_failure(&self, partition: &TopicPartition, failure: Option<LogError>) -> Result<(), StoreError> {
        let mut contents = self.shared.writable()?;
        contents.partition(partition).failure = failure;
        let version = contents.version();
        drop(contents);
        self.shared.announce(version);
        Ok(())
    }

    /// Writes everything that is in memory, and the manifest. Waits until that is done.
    ///
    /// # Errors
    /// What could not be written, now or before; whatever was sealed stays sound.
    pub fn flush(&self) -> Result<(), StoreError> {
        let taken = self.shared.writable().map(|mut contents| contents.take_all(|_| true));
        if let Err(error @ StoreError::ReadOnly { .. }) = taken {
            return Err(error);
        }
        if let (Some(sealers), Ok(jobs)) = (&self.sealers, taken) {
            jobs.into_iter().for_each(|job| sealers.seal(job));
        }
        self.shared.wait_written();
        // What was written is worth naming even when something could not be.
        let named = self.shared.write_manifest();
        let failed = self.shared.contents().failed.clone();
        failed.map_or(named, Err)
    }

    /// Bytes held, in memory and on the disk.
    pub fn bytes(&self) -> u64 {
        self.shared.contents().bytes()
    }

    /// Bounds what the store may hold; see [`Store::is_over_budget`].
    pub fn set_budget(&self, bytes: Option<u64>) {
        self.budget.store(bytes.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The bound on what the store may hold, in bytes.
    pub fn budget(&self) -> Option<u64> {
        Some(self.budget.load(Ordering::Relaxed)).filter(|&bytes| bytes != u64::MAX)
    }

    /// Whether the store holds more than its budget.
    pub fn is_over_budget(&self) -> bool {
        self.budget().is_some_and(|budget| self.bytes() > budget)
    }

    /// Lets go of the sealed segment whose latest event is the oldest; its offsets become a hole. `None` when there is
    /// no sealed segment.
    ///
    /// # Errors
    /// When the store is only read.
    pub fn drop_oldest(&self) -> Result<Option<Arc<Segment>>, StoreError> {
        let mut contents = self.shared.writable()?;
        let Some(oldest) = contents.oldest() else { return Ok(None) };
        let dropped = contents.remove(oldest.partition(), oldest.id());
        let version = contents.version();
        drop(contents);
        self.shared.announce(version);
        if self.is_temporary() {
            self.shared.write_manifest()?;
        }
        Ok(dropped)
    }

    /// Lets go of the sealed segments of a partition whose events all stand before an offset: nobody needs them any more.
    /// Unlike what [`Store::drop_oldest`] drops, their offsets stay accounted for.
    ///
    /// # Errors
    /// When the store is only read.
    pub fn let_go_before(&self, partition: &TopicPartition, offset: i64) -> Result<(), StoreError> {
        let let_go = self.shared.writable()?.let_go_before(partition, offset);
        if let_go { self.shared.write_manifest() } else { Ok(()) }
    }

    /// Compares every sealed segment with its checksum. Damaged ones are left out of the snapshots that follow, and
    /// what they accounted for becomes a hole.
    pub fn verify(&self, progress: &VerifyProgress, cancel: &CancellationToken) -> Vec<Damage> {
        self.verify_those(|_| true, progress, cancel)
    }

    /// As [`Store::verify`], of the partitions that `wanted` names.
    pub(super) fn verify_those(
        &self,
        wanted: impl Fn(&TopicPartition) -> bool,
        progress: &VerifyProgress,
        cancel: &CancellationToken,
    ) -> Vec<Damage> {
        let snapshot = self.snapshot();
        let sealed = snapshot.segments().filter(|segment| !segment.is_live() && wanted(segment.partition()));
        let sealed: Vec<&Arc<Segment>> = sealed.collect();
        let total = sealed.iter().map(|segment| segment.bytes()).sum();
        progress.total_bytes.store(total, Ordering::Relaxed);
        let found = sealed
            .into_par_iter()
            .filter_map(|segment| {
                let damage = if cancel.is_cancelled() { None } else { segment.verify().err() };
                progress.done_bytes.fetch_add(segment.bytes(), Ordering::Relaxed);
                damage
            })
            .collect();
        self.shared.announce(self.version());
        found
    }
}
