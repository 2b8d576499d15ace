//! Rows of a view that are held against its past, however many there are: put in parts on the disk by what tells them
//! apart, and compared part by part. In memory is one part.

use std::io;

use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_64;

use super::PastError;
use super::bytes::{Reader, put_bytes};
use super::change::{Change, row_of};
use super::compare::{Difference, difference};
use super::past::Past;
use super::table::{Table, compare};
use super::temporary_blocks::TemporaryBlocks;
use crate::codec::Cell;
use crate::engine::{Rows, Stop, store_cell};
use crate::expr::Type;
use crate::pipeline::Flow;

/// In so many parts rows are put.
const PARTS: usize = 64;

/// Rows of a view, to be held against its past. Made by [`Past::beside`].
#[derive(Debug)]
pub struct Beside {
    /// The places of what tells rows apart, among what is shown; none where not all of it is.
    id: Vec<usize>,
    parts: TemporaryBlocks,
    rows: u64,
    /// How many rows of the view are not among them.
    left_out: u64,
    key: Vec<u8>,
    cells: Vec<u8>,
    change: Vec<u8>,
    entry: Vec<u8>,
}

impl Beside {
    fn new(id: Vec<usize>) -> Self {
        Self {
            id,
            parts: TemporaryBlocks::new(PARTS),
            rows: 0,
            left_out: 0,
            key: Vec::new(),
            cells: Vec::new(),
            change: Vec::new(),
            entry: Vec::new(),
        }
    }

    /// How many rows have come.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Says that the view has so many rows besides, which do not come: they are not missing.
    pub fn leave_out(&mut self, rows: u64) {
        self.left_out = rows;
    }

    /// Takes a row: what stands in the columns that the view shows, in their order.
    ///
    /// # Errors
    /// When the disk is full, say.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let Self { id, parts, rows, key, cells: stored, change: written, entry, .. } = self;
        for bytes in [&mut *key, &mut *stored, &mut *written, &mut *entry] {
            bytes.clear();
        }
        cells.iter().for_each(|cell| store_cell(cell, stored));
        id.iter().filter_map(|&at| cells.get(at)).for_each(|cell| store_cell(cell, key));
        let change = Change { key: &key[..], time_ms: 0, holds: true, cells: &stored[..] };
        let part = (xxh3_64(change.identity()) % PARTS as u64) as usize;
        change.write(written);
        put_bytes(written, entry);
        *rows += 1;
        parts.append(part, entry)
    }

    /// The rows of a part as they stand.
    fn table(&self, part: usize) -> io::Result<Table> {
        let mut table = Table::default();
        let bytes = self.parts.read(part)?;
        let mut reader = Reader { bytes: &bytes };
        while !reader.bytes.is_empty() {
            table.apply(&Change::read(reader.bytes()?)?);
        }
        Ok(table)
    }
}

impl Past {
    /// For rows of the same view, which are to be held against its own.
    pub fn beside(&self) -> Beside {
        // Only what is shown can be compared: rows may be told apart by columns that nobody sees.
        let place = |id: &usize| self.view.columns.iter().position(|(_, column, _)| column == id);
        Beside::new(self.view.id.iter().map(place).collect::<Option<Vec<_>>>().unwrap_or_default())
    }

    /// How these rows of the same view differ from its own at the end, as [`Past::differs_from`] says. Their columns are
    /// named as the view's. `count` is how many rows the view has: those that are not among these are left out.
    ///
    /// # Errors
    /// As [`Past::differs_from`].
    pub fn compared_with(
        &self,
        rows: &Rows,
        columns: &[(String, usize, Type)],
        count: u64,
        most: usize,
        cancel: &CancellationToken,
    ) -> Result<Difference, PastError> {
        let mut beside = self.beside();
        beside.leave_out(count.saturating_sub(rows.len() as u64));
        for row in 0..rows.len() {
            let cells: Vec<Cell<'_>> = columns.iter().map(|(_, column, _)| rows.cell(*column, row)).collect();
            beside.row(&cells)?;
        }
        self.differs_from(&beside, most, cancel)
    }

    /// How rows of the same view differ from its own at the end: what is told as added is missing from them, what is gone
    /// they have too much. At most so many are told; all are counted. Where rows were left out as many may be missing, and
    /// which of the others are can't be told.
    ///
    /// # Errors
    /// [`PastError::Forgotten`] of a stream whose first rows are, [`PastError::Disk`], [`PastError::Stopped`].
    pub fn differs_from(
        &self,
        beside: &Beside,
        most: usize,
        cancel: &CancellationToken,
    ) -> Result<Difference, PastError> {
        let own = self.own_rows(&beside.id, cancel)?;
        let (mut all, mut count) = (Difference::default(), 0);
        for part in 0..PARTS {
            if cancel.is_cancelled() {
                return Err(Stop::Cancelled.into());
            }
            let mut told = difference(&beside.table(part)?, &own.table(part)?, &beside.id, usize::MAX)?;
            if beside.left_out > 0 {
                told.rows.retain(|row| row.before.is_some());
            }
            let count_of_part = told.rows.len();
            told.rows.truncate(most);
            told.left_out = (count_of_part - told.rows.len()) as u64;
            all.added += told.added;
            all.gone += told.gone;
            all.changed += told.changed;
            count += told.rows.len() as u64 + told.left_out;
            all.rows.extend(told.rows);
        }
        all.rows.sort_by(|one, other| match (one.row(), other.row()) {
            (Some(one), Some(other)) => compare(one, other, &beside.id),
            _ => std::cmp::Ordering::Equal,
        });
        all.rows.truncate(most);
        all.left_out = count - all.rows.len() as u64;
        // Where there are more rows than were said to be left out some are missing, and where there are fewer some are extra.
        let (added, expected) = (all.added, beside.left_out);
        all.added = added.saturating_sub(expected);
        all.gone += expected.saturating_sub(added);
        Ok(all)
    }

    /// What its rows at the end show.
    fn own_rows(&self, id: &[usize], cancel: &CancellationToken) -> Result<Beside, PastError> {
        let mut own = Beside::new(id.to_vec());
        let shown: Vec<usize> = self.view.columns.iter().map(|(_, column, _)| *column).collect();
        let mut take = |time_ms: i64, cells: &[u8], count: u64| -> io::Result<()> {
            let row = row_of(time_ms, cells)?;
            let cells: Vec<Cell<'_>> = shown.iter().map(|&column| row.cells[column].clone()).collect();
            (0..count).try_for_each(|_| own.row(&cells))
        };
        match self.view.flow {
            Flow::Table => {
                for (identity, kept) in self.latest.each() {
                    take(kept.time_ms, kept.cells(identity), kept.count)?;
                }
            }
            Flow::Stream => {
                if self.tape.first_kept(&self.blobs) > 0 {
                    return Err(self.forgotten());
                }
                for chunk in 0..self.tape.chunks.len() {
                    if cancel.is_cancelled() {
                        return Err(Stop::Cancelled.into());
                    }
                    let mut entries = self.tape.entries(chunk, &self.blobs)?;
                    while let Some((_, entry)) = entries.next()? {
                        let change = Change::read(entry)?;
                        take(change.time_ms, change.cells, 1)?;
                    }
                }
            }
        }
        Ok(own)
    }
}
