//! Entries in the order of the events that caused them, in chunks.

use std::borrow::Cow;
use std::io;

use super::blobs::Blobs;
use super::bytes::{Reader, put, put_bytes, put_signed};

/// A chunk is closed when it has so many bytes. Tests have several chunks of few entries.
const CHUNK: usize = if cfg!(test) { 256 } else { 256 << 10 };

/// The place of an event in the order of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At {
    /// Its number.
    pub seq: u64,
    /// The largest time that its partition has come to, in milliseconds; never falls from an event to the next.
    pub time_ms: i64,
}

/// A stretch of entries that is kept as one piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) blob: usize,
    pub(super) first: At,
    pub(super) last: At,
    pub(super) entries: u64,
}

/// Entries, oldest first.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) chunks: Vec<Chunk>,
    open: Vec<u8>,
    first: At,
    last: At,
    entries: u64,
}

impl Tape {
    /// Adds an entry behind the others; whether a chunk was closed by it.
    pub(super) fn push(&mut self, at: At, entry: &[u8], blobs: &mut Blobs) -> io::Result<bool> {
        if self.entries == 0 {
            (self.first, self.last) = (at, at);
        }
        put(at.seq.wrapping_sub(self.last.seq), &mut self.open);
        put_signed(at.time_ms.wrapping_sub(self.last.time_ms), &mut self.open);
        put_bytes(entry, &mut self.open);
        self.last = at;
        self.entries += 1;
        if self.open.len() < CHUNK {
            return Ok(false);
        }
        self.close(blobs).map(|()| true)
    }

    /// Closes the chunk that has begun.
    pub(super) fn close(&mut self, blobs: &mut Blobs) -> io::Result<()> {
        if self.entries > 0 {
            let blob = blobs.put(&self.open)?;
            self.chunks.push(Chunk { blob, first: self.first, last: self.last, entries: self.entries });
            self.open.clear();
            self.entries = 0;
        }
        Ok(())
    }

    /// How many entries there are in closed chunks.
    pub(super) fn len(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.entries).sum()
    }

    /// How many chunks begin no later than a moment.
    pub(super) fn begun(&self, until_ms: i64) -> usize {
        self.chunks.partition_point(|chunk| chunk.first.time_ms <= until_ms)
    }

    /// The first chunk that is not forgotten.
    pub(super) fn first_kept(&self, blobs: &Blobs) -> usize {
        self.chunks.partition_point(|chunk| chunk.blob < blobs.forgotten())
    }

    /// The entries of a chunk.
    pub(super) fn entries<'b>(&self, chunk: usize, blobs: &'b Blobs) -> io::Result<Entries<'b>> {
        let chunk = &self.chunks[chunk];
        Ok(Entries { bytes: blobs.get(chunk.blob)?, read: 0, at: chunk.first })
    }
}

/// The entries of a chunk, one after the other.
pub(super) struct Entries<'b> {
    bytes: Cow<'b, [u8]>,
    read: usize,
    at: At,
}

impl Entries<'_> {
    /// The next entry.
    pub(super) fn next(&mut self) -> io::Result<Option<(At, &[u8])>> {
        let mut reader = Reader { bytes: &self.bytes[self.read..] };
        if reader.bytes.is_empty() {
            return Ok(None);
        }
        self.at.seq = self.at.seq.wrapping_add(reader.number()?);
        self.at.time_ms = self.at.time_ms.wrapping_add(reader.signed()?);
        let entry = reader.bytes()?;
        self.read = self.bytes.len() - reader.bytes.len();
        Ok(Some((self.at, entry)))
    }
}
