//! What a store's handles and its sealing threads share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::watch;

use super::contents::{Contents, Job, Limits};
use super::damage::StoreError;
use super::files::{self, Durability, Hold};
use super::partition::Run;
use super::seal::Written;
use super::segment::{DamageLog, Facts, Segment, sidecar_path};
use super::snapshot::{SegmentTable, Snapshot};
use crate::event::TopicPartition;
use crate::log::Origin;

/// The manifest of a growing recording is written at most this often: it grows with the recording, and segments that
/// it does not name yet are found again by their sidecars.
const MANIFEST_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Shared {
    dir: PathBuf,
    durability: Durability,
    origin: Arc<Origin>,
    pub limits: Limits,
    hold: Hold,
    contents: Mutex<Contents>,
    /// Told whenever a run has been written.
    written: Condvar,
    table: Arc<SegmentTable>,
    damages: Arc<DamageLog>,
    changes: watch::Sender<u64>,
    /// Held while the manifest is written; when that was last.
    manifest: Mutex<Instant>,
}

impl Shared {
    pub(super) fn new(
        dir: PathBuf,
        durability: Durability,
        origin: Origin,
        hold: Hold,
        contents: Contents,
        damages: Arc<DamageLog>,
        limits: Limits,
    ) -> Self {
        Self {
            dir,
            durability,
            origin: Arc::new(origin),
            limits,
            hold,
            contents: Mutex::new(contents),
            written: Condvar::new(),
            table: Arc::default(),
            damages,
            changes: watch::Sender::new(0),
            manifest: Mutex::new(Instant::now()),
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn durability(&self) -> Durability {
        self.durability
    }

    pub(super) fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The contents, with what was found damaged since left out.
    pub(super) fn contents(&self) -> MutexGuard<'_, Contents> {
        let mut contents = self.contents.lock();
        for (id, damage) in self.damages.take() {
            contents.leave_out(id, damage);
        }
        contents
    }

    /// The contents to be changed; refused where the store is only read, or could not be written.
    pub(super) fn writable(&self) -> Result<MutexGuard<'_, Contents>, StoreError> {
        if let Hold::Read(_) = &self.hold {
            return Err(StoreError::ReadOnly { dir: self.dir.clone() });
        }
        let contents = self.contents();
        match &contents.failed {
            Some(error) => Err(error.clone()),
            None => Ok(contents),
        }
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.contents().snapshot(&self.origin, &self.table)
    }

    /// Tells whoever waits for changes.
    pub(super) fn announce(&self, version: u64) {
        self.changes.send_replace(version);
    }

    pub(super) fn small_before(
        &self,
        partition: &TopicPartition,
        from: i64,
        more: (usize, u64),
    ) -> Option<Arc<Segment>> {
        self.contents().small_before(partition, from, more, &self.limits)
    }

    pub(super) fn sealed_segment(&self, facts: Facts, path: PathBuf, checksum: u64) -> Arc<Segment> {
        let id = self.contents.lock().next_id();
        Arc::new(Segment::sealed(id, facts, path, checksum, self.damages.clone()))
    }

    /// A name for a segment that no file has.
    pub(super) fn free_path(&self, partition: &TopicPartition, covers: (i64, i64)) -> PathBuf {
        let paths = (0..).map(|again| self.dir.join(files::segment_file(partition, covers, again)));
        paths.into_iter().find(|path| !path.exists()).unwrap_or_default()
    }

    /// A run has been written, or could not be.
    pub(super) fn finish(&self, job: &Job, written: Result<Written, StoreError>) {
        let mut contents = self.contents();
        match written {
            Ok(written) => contents.sealed(job, written.segment, &written.merged),
            Err(error) => {
                tracing::error!(%error, partition = %job.partition, "a segment could not be written");
                contents.sealing_bytes -= job.run.bytes;
                contents.failed.get_or_insert(error);
            }
        }
        let version = contents.version();
        drop(contents);
        self.written.notify_all();
        self.announce(version);
        self.write_manifest_if_due();
    }

    /// Waits until nothing is being written.
    pub(super) fn wait_written(&self) {
        let mut contents = self.contents.lock();
        while contents.sealing_bytes > 0 {
            self.written.wait(&mut contents);
        }
    }

    /// Done now and then: what has waited long enough is written, and memory is given back.
    pub(super) fn keep_house(&self, write: impl Fn(Job)) {
        if self.durability == Durability::Synced {
            let old = |run: &Run| run.since.elapsed() >= self.limits.seal_after;
            let jobs = self.writable().map(|mut contents| contents.take_all(old)).unwrap_or_default();
            jobs.into_iter().for_each(write);
            self.write_manifest_if_due();
        }
    }

    fn write_manifest_if_due(&self) {
        let Some(last) = self.manifest.try_lock() else { return };
        if last.elapsed() < MANIFEST_EVERY || !self.contents().manifest_behind {
            return;
        }
        drop(last);
        if let Err(error) = self.write_manifest() {
            tracing::error!(%error, "the manifest could not be written");
            self.contents().failed.get_or_insert(error);
        }
    }

    /// Writes the manifest, then removes the files that it does not name any more. A temporary store has none.
    pub(super) fn write_manifest(&self) -> Result<(), StoreError> {
        let mut last = self.manifest.lock();
        let mut contents = self.contents();
        contents.manifest_behind = false;
        let manifest = (self.durability == Durability::Synced).then(|| contents.manifest(&self.dir, &self.origin));
        let (unsynced, doomed) = (contents.take_unsynced(), contents.take_doomed());
        drop(contents);
        if let Some(manifest) = manifest {
            unsynced.iter().try_for_each(|folder| files::sync_folder(folder, self.durability))?;
            manifest.write(&self.dir, self.durability)?;
        }
        let removed = files::without_readers(&self.dir, || {
            for path in &doomed {
                // What cannot be removed is in nobody's way, and is looked at again at the next opening.
                let _ = std::fs::remove_file(sidecar_path(path));
                let _ = std::fs::remove_file(path);
            }
        });
        if removed.is_none() {
            self.contents().doom(doomed);
        }
        *last = Instant::now();
        Ok(())
    }
}
