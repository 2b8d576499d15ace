//! The local columnar copy of what has been read from a log.
//!
//! Connecting *is* recording into a store, browsing *is* reading a store, sharing *is* handing its folder over. A
//! store holds, for each partition, [`Segment`]s (runs of events in columns, immutable) and its [`Coverage`] (which
//! offsets are accounted for). Readers take a [`Snapshot`]: immutable, shared, cheap.
//!
//! ```text
//! log ──append──▶ live runs (memory) ──seal──▶ segments (mapped files) + recording.json
//!                        └──────────── Snapshot ────────────┘
//! ```
//!
//! Every segment is a [`Run`] of events in time order. From runs come the [`Density`] of a lane, the [`search`] and its
//! [`Matches`], and, further up, the story.
//!
//! Events that were just read are in the next snapshot at once, as live segments. When a partition has gathered enough
//! of them they are sealed, off the reading thread: written aside, forced to the disk, renamed. A crash loses at most
//! what can be read again from the log.

mod columns;
mod contents;
mod coverage;
mod damage;
mod density;
mod exact;
mod files;
mod handle;
mod histogram;
mod imported;
mod index;
mod ipc;
mod manifest;
mod map;
mod matches;
mod memory;
mod open;
mod partition;
mod pyramid;
#[cfg(test)]
pub(crate) mod random;
mod read;
pub mod record;
mod recording;
mod run;
mod seal;
pub mod search;
mod segment;
mod shared;
mod sidecar;
mod snapshot;
mod temporary;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod whole_file;

use arrow_buffer::Buffer;

use crate::event::EventBatch;

pub use coverage::Coverage;
pub use damage::{Damage, LostRange, StoreError};
pub use density::Density;
pub(crate) use density::joined_span;
pub use handle::{Store, VerifyProgress};
pub use histogram::{COARSEST_LEVEL, FINEST_LEVEL, Histogram, HistogramError};
pub use index::{BLOCK_ROWS, Block, BlockIndex, time_key};
pub use matches::{Chosen, Found, Matches};
pub use recording::RecordingLog;
pub use run::{Keys, OpenRun, Run, Starts, UNTIMED};
pub use segment::{EventId, Segment, SegmentId};
pub use snapshot::{PartitionSnapshot, Snapshot, StoredEvent, TopicSnapshot};
pub use whole_file::WholeFile;

/// Reads the bytes of a segment's file, trusting nothing in them. For tools that check files, and for fuzzing.
///
/// # Errors
/// What is wrong with them.
pub fn check_segment(bytes: &[u8]) -> Result<EventBatch, String> {
    ipc::decode(&Buffer::from(bytes)).map(|(_, events)| events)
}

/// Reads the bytes of a `recording.json` as if its checksum were right, trusting nothing else in them. For fuzzing:
/// whoever wishes us ill can compute checksums too.
///
/// # Errors
/// What is wrong with them.
pub fn check_manifest(bytes: &[u8]) -> Result<(), String> {
    manifest::check_bytes(bytes)
}
