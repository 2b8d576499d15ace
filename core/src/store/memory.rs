//! Resident memory kept in bounds: pages of mapped segments that are not looked at are given back.
//!
//! The system would take them back by itself when memory is short. Until then they count as this program's, and a
//! person who looks sees a program that holds as much memory as it has ever read.

use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::shared::Shared;

/// More mapped pages than this, beside those of the program itself, are too many.
const MAPPED_BYTES: u64 = 64 << 20;
const EVERY: Duration = Duration::from_millis(250);

/// A thread that gives pages back. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts to watch over a store. `None` where the system does not tell how much is mapped.
    pub(super) fn start(shared: &Arc<Shared>) -> Option<Self> {
        mapped_bytes()?;
        let (stop, stopped) = bounded::<()>(0);
        let shared: Weak<Shared> = Arc::downgrade(shared);
        let thread = thread::Builder::new()
            .name("fabula-memory".to_owned())
            .spawn(move || {
                let mut limit = MAPPED_BYTES;
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(EVERY)
                    && let Some(shared) = shared.upgrade()
                {
                    if mapped_bytes().is_some_and(|bytes| bytes > limit) {
                        limit = give_back(&shared, limit);
                    }
                }
            })
            .ok()?;
        Some(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It holds nothing that could be left half done.
            let _ = thread.join();
        }
    }
}

/// First what was not used of late; then, if that is not enough, everything. What is left then is the program's own, and
/// does not count: gives the limit that follows from it.
fn give_back(shared: &Shared, limit: u64) -> u64 {
    let snapshot = shared.snapshot();
    let sealed = || snapshot.segments().filter(|segment| !segment.is_live());
    sealed().filter(|segment| !segment.take_touched()).for_each(|segment| segment.release());
    if mapped_bytes().is_none_or(|bytes| bytes <= limit) {
        return limit;
    }
    sealed().for_each(|segment| segment.release());
    mapped_bytes().map_or(limit, |own| own + MAPPED_BYTES)
}

/// Bytes of mapped files that are in memory.
#[cfg(target_os = "linux")]
fn mapped_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssFile:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(not(target_os = "linux"))]
fn mapped_bytes() -> Option<u64> {
    None
}
