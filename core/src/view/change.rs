//! One change of a view's rows, as bytes.

use std::io;

use super::bytes::{Reader, put_bytes, put_signed};
use crate::codec::Cell;
use crate::engine::{StoredCells, TableRow};

const GONE: u8 = 0;
const HOLDS: u8 = 1;

/// One change of a view's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change<'b> {
    /// What tells the row apart; empty where all that stands in it does, and of a stream's row.
    pub(super) key: &'b [u8],
    /// The row's own time in milliseconds.
    pub(super) time_ms: i64,
    /// Whether the row holds from now on, or no more.
    pub(super) holds: bool,
    /// What stands in the row; empty of a row that holds no more and is told apart by its key.
    pub(super) cells: &'b [u8],
}

impl<'b> Change<'b> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(if self.holds { HOLDS } else { GONE });
        put_signed(self.time_ms, out);
        put_bytes(self.key, out);
        out.extend_from_slice(self.cells);
    }

    pub(super) fn read(bytes: &'b [u8]) -> io::Result<Self> {
        let (&sign, rest) = bytes.split_first().ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut reader = Reader { bytes: rest };
        let (time_ms, key) = (reader.signed()?, reader.bytes()?);
        Ok(Self { key, time_ms, holds: sign == HOLDS, cells: reader.bytes })
    }

    /// What tells the row apart.
    pub(super) fn identity(&self) -> &'b [u8] {
        if self.key.is_empty() { self.cells } else { self.key }
    }
}

/// A row from its bytes.
pub(super) fn row_of(time_ms: i64, cells: &[u8]) -> io::Result<TableRow> {
    let mut stored = StoredCells::new(cells);
    let mut row: Vec<Cell<'static>> = Vec::new();
    while !stored.is_at_end() {
        row.push(stored.take().map_err(io::Error::other)?.into_owned());
    }
    Ok(TableRow { time_ms, cells: row })
}
