//! Rows in parts on the disk, by what those that may match have in common: however many there are, in memory is one part.

use std::io;
use std::ops::Range;

use crate::view::TemporaryBlocks;

/// In so many parts rows are put.
pub(super) const PARTS: usize = 64;

/// Rows of one side.
pub(super) struct Parts {
    blocks: TemporaryBlocks,
    entry: Vec<u8>,
}

/// The rows of a part, in the order of their places.
pub(super) struct Part {
    bytes: Vec<u8>,
    rows: Vec<(u64, Range<usize>)>,
}

impl Parts {
    pub(super) fn new() -> Self {
        Self { blocks: TemporaryBlocks::new(PARTS), entry: Vec::new() }
    }

    /// Adds a row with its place among all; those that may match have the same `bucket`.
    ///
    /// # Errors
    /// When the disk is full, say.
    pub(super) fn push(&mut self, bucket: u64, at: u64, cells: &[u8]) -> io::Result<()> {
        self.entry.clear();
        self.entry.extend(at.to_le_bytes());
        self.entry.extend((cells.len() as u64).to_le_bytes());
        self.entry.extend_from_slice(cells);
        self.blocks.append((bucket % PARTS as u64) as usize, &self.entry)
    }

    /// The rows of a part.
    ///
    /// # Errors
    /// When it can't be read.
    pub(super) fn read(&self, part: usize) -> io::Result<Part> {
        let bytes = self.blocks.read(part)?;
        let (mut rows, mut from) = (Vec::new(), 0);
        let number = |from: usize| {
            let number = bytes.get(from..from + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
            number.ok_or(io::ErrorKind::UnexpectedEof)
        };
        while from < bytes.len() {
            let (at, len) = (number(from)?, number(from + 8)? as usize);
            rows.push((at, from + 16..from + 16 + len));
            from += 16 + len;
        }
        rows.sort_unstable_by_key(|(at, _)| *at);
        if from == bytes.len() { Ok(Part { bytes, rows }) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Part {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The place of a row among all.
    pub(super) fn at(&self, row: usize) -> u64 {
        self.rows[row].0
    }

    /// The stored cells of a row.
    pub(super) fn cells(&self, row: usize) -> &[u8] {
        &self.bytes[self.rows[row].1.clone()]
    }
}
