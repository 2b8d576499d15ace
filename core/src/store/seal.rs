//! Sealing: events in memory become files, off the thread that reads the log.

use std::fs;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::columns::concat;
use super::contents::Job;
use super::damage::StoreError;
use super::files::{self, Aside};
use super::histogram::Histogram;
use super::index::Index;
use super::ipc;
use super::segment::{Facts, Segment, sidecar_path};
use super::shared::Shared;
use super::sidecar;

/// How many runs may wait to be written. Together with those being written this bounds the memory that sealing takes,
/// and makes whoever reads the log wait for the disk rather than fill memory.
const WAITING: usize = 2;
/// One waits for the disk while the other puts columns together.
const SEALERS: usize = 2;
/// How often is looked for runs that have waited long enough, and for pages to give back.
const HOUSEKEEPING: Duration = Duration::from_millis(500);
/// Segments at least this large are mapped by the sealer, so that no reader waits for it.
const MAPPED_AT_ONCE: u64 = 1 << 20;

/// The threads that write segments. They end when this is dropped, after writing what was queued.
#[derive(Debug)]
pub(super) struct Sealers {
    queue: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Sealers {
    /// Starts the threads.
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, StoreError> {
        let (queue, jobs) = bounded(WAITING);
        let mut sealers = Self { queue: Some(queue), threads: Vec::new() };
        for number in 0..SEALERS {
            let (shared, jobs) = (shared.clone(), jobs.clone());
            let thread = thread::Builder::new()
                .name(format!("fabula-seal-{number}"))
                .spawn(move || work(&shared, &jobs))
                .map_err(|error| StoreError::Io {
                    doing: "start a thread to write",
                    path: std::path::PathBuf::new(),
                    reason: error.to_string(),
                })?;
            sealers.threads.push(thread);
        }
        Ok(sealers)
    }

    /// Hands a run over to be written; waits while too many are waiting.
    pub(super) fn seal(&self, job: Job) {
        if let Some(queue) = &self.queue {
            // The threads hold the other end until this one is dropped.
            let _ = queue.send(job);
        }
    }
}

impl Drop for Sealers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A sealer that panicked has said so; there is nobody left here to tell.
            let _ = thread.join();
        }
    }
}

fn work(shared: &Shared, jobs: &Receiver<Job>) {
    loop {
        match jobs.recv_timeout(HOUSEKEEPING) {
            Ok(job) => seal(shared, &job),
            Err(RecvTimeoutError::Timeout) => shared.keep_house(|job| seal(shared, &job)),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Writes a run. Should that be a defect's end, it is a failure like others: whoever waits for the run must not wait for
/// ever.
fn seal(shared: &Shared, job: &Job) {
    let written = panic::catch_unwind(AssertUnwindSafe(|| write(shared, job)));
    let written = written.unwrap_or_else(|_| {
        let reason = "its columns could not be put together".to_owned();
        Err(StoreError::Columns { partition: job.partition.clone(), reason })
    });
    shared.finish(job, written);
}

/// A run as written: its segment, and those before it that it took in.
pub(super) struct Written {
    pub segment: Arc<Segment>,
    pub merged: Vec<Arc<Segment>>,
}

/// Writes a run as a segment, together with the segments before it where those are small.
fn write(shared: &Shared, job: &Job) -> Result<Written, StoreError> {
    let run = &job.run;
    let (mut covers, mut rows, mut bytes) = (run.covers, run.rows(), run.bytes);
    let (mut batches, mut merged) = (vec![run.events(&job.partition)?], Vec::new());
    while let Some(before) = shared.small_before(&job.partition, covers.0, (rows, bytes))
        && let Ok(earlier) = before.events()
    {
        batches.insert(0, earlier);
        covers.0 = before.covers().0;
        rows += before.len();
        bytes += before.bytes();
        merged.push(before);
    }
    let events = concat(&job.partition, &batches)?;
    let path = shared.free_path(&job.partition, covers);
    let folder = path.parent().unwrap_or(shared.dir());
    fs::create_dir_all(folder).map_err(|error| StoreError::io("make", folder, &error))?;

    let aside = Aside::write(&path, shared.durability(), |out| {
        ipc::encode(&events, covers, shared.origin(), out).map_err(|error| match error {
            arrow_schema::ArrowError::IoError(_, error) => error,
            other => io::Error::other(other),
        })
    })?;
    let index = Index::build(&events);
    let histogram = Histogram::of(&events, index.order.as_deref());
    let sidecar = sidecar::encode(aside.checksum, events.len(), &index, &histogram);
    // The sidecar first: a segment that is in its place has one, with the checksum that proves it whole. It is not
    // forced to the disk, because it can be made again.
    files::write_whole(&sidecar_path(&path), files::Durability::Cached, |out| out.write_all(&sidecar))?;
    let (checksum, bytes) = (aside.checksum, aside.bytes);
    aside.place()?;

    let facts = Facts::of(&events, covers, bytes).ok_or_else(|| StoreError::Columns {
        partition: job.partition.clone(),
        reason: "a segment must hold events".to_owned(),
    })?;
    let segment = shared.sealed_segment(facts, path, checksum);
    segment.trust_file();
    if bytes >= MAPPED_AT_ONCE {
        // What goes wrong here is noted by the segment, and met again by whoever uses it.
        let _ = segment.events().and(segment.blocks().map(|_| ()));
        segment.release();
    }
    Ok(Written { segment, merged })
}
