//! A view's past, to be asked.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;

use super::PastError;
use super::blobs::Blobs;
use super::bytes::Reader;
use super::change::{Change, row_of};
use super::compare::{Difference, difference};
use super::recorder::Keyframe;
use super::table::Table;
use super::tape::{At, Tape};
use super::windows::Closing;
use crate::codec::Cell;
use crate::engine::{PlannedView, Rows, RowsBuilder, Sign, TableRow, store_cell};
use crate::pipeline::Flow;

/// All that a view's rows were. Made by a [`Recorder`](super::Recorder); it does not change any more.
#[derive(Debug)]
pub struct Past {
    /// How many columns a row has.
    pub(super) columns: usize,
    pub(super) view: PlannedView,
    pub(super) closing: Option<Closing>,
    pub(super) tape: Tape,
    pub(super) stream_times: Tape,
    pub(super) blobs: Blobs,
    pub(super) keyframes: Vec<Keyframe>,
    pub(super) latest: Table,
    pub(super) events: u64,
    pub(super) span_ms: Option<(i64, i64)>,
    pub(super) stream_time_ms: Option<i64>,
}

/// What a view was at a moment.
#[derive(Debug, Clone)]
pub struct AsOf {
    /// Its rows, in the columns of [`Past::view`]: of a table the first, in the order of what tells them apart; of a
    /// stream the last, in their order.
    pub rows: Rows,
    /// How many there were; `rows` may be fewer.
    pub count: u64,
    /// How far the time of the aggregate was whose windows the rows stand for, in milliseconds.
    pub stream_time_ms: Option<i64>,
}

/// What a row was from an event on.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The event that made it so.
    pub at: At,
    /// The row; `None` where it is gone.
    pub row: Option<TableRow>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Its versions, oldest first: the last ones where there are many.
    pub versions: Vec<Version>,
    /// How many there are.
    pub count: u64,
    /// Whether nothing of it is forgotten.
    pub whole: bool,
}

impl Past {
    /// The view, with the places that its columns have among the cells of [`AsOf::rows`].
    pub fn view(&self) -> &PlannedView {
        &self.view
    }

    /// When its windows close, where it has windows.
    pub fn closing(&self) -> Option<&Closing> {
        self.closing.as_ref()
    }

    /// How many events were taken.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many changes are kept, or are forgotten.
    pub fn changes(&self) -> u64 {
        self.tape.len()
    }

    /// When the first and the last event are told, in milliseconds; `None` where there is none.
    pub fn span_ms(&self) -> Option<(i64, i64)> {
        self.span_ms
    }

    /// Bytes in memory beside the table as it stands, and on the disk.
    pub fn bytes(&self) -> (u64, u64) {
        (self.blobs.in_memory() as u64, self.blobs.on_disk())
    }

    /// The first moment that can be told; `None` where nothing is forgotten.
    pub fn kept_from_ms(&self) -> Option<i64> {
        let first = self.tape.first_kept(&self.blobs);
        match self.view.flow {
            _ if first == 0 => None,
            Flow::Stream => self.tape.chunks.get(first).map(|chunk| chunk.first.time_ms),
            Flow::Table => {
                let kept = self.keyframes.iter().find(|frame| self.is_kept(frame));
                kept.map(|frame| self.tape.chunks[frame.before_chunk - 1].last.time_ms)
                    .or(self.span_ms.map(|span| span.1))
            }
        }
    }

    fn is_kept(&self, frame: &Keyframe) -> bool {
        frame.blob >= self.blobs.forgotten() && frame.before_chunk >= self.tape.first_kept(&self.blobs)
    }

    /// What the view was at a moment (the end where none is named), of its rows so many at most.
    ///
    /// # Errors
    /// [`PastError::Forgotten`], [`PastError::Disk`].
    pub fn as_of(&self, until_ms: Option<i64>, most: usize) -> Result<AsOf, PastError> {
        let stream_time_ms = self.stream_time_at(until_ms)?;
        if self.view.flow == Flow::Table {
            let table = self.table_at(until_ms)?;
            let rows = table.sorted(&self.view.id, self.columns, most)?;
            return Ok(AsOf { rows, count: table.count(), stream_time_ms });
        }
        let (rows, count) = self.stream_rows(None, until_ms, most)?;
        Ok(AsOf { rows, count, stream_time_ms })
    }

    /// The last rows of a stream behind one moment and up to another, and how many there are.
    fn stream_rows(
        &self,
        behind_ms: Option<i64>,
        until_ms: Option<i64>,
        most: usize,
    ) -> Result<(Rows, u64), PastError> {
        let until = until_ms.unwrap_or(i64::MAX);
        let behind = behind_ms.unwrap_or(i64::MIN);
        let first_kept = self.tape.first_kept(&self.blobs);
        let begun = self.tape.begun(until);
        if until_ms.is_some() && begun < first_kept {
            return Err(self.forgotten());
        }
        let (mut count, mut kept) = (0, VecDeque::new());
        let mut stretches: Vec<Vec<TableRow>> = Vec::new();
        for chunk in (0..begun).rev() {
            let of = self.tape.chunks[chunk];
            let inside = of.last.time_ms <= until && (behind_ms.is_none() || of.first.time_ms > behind);
            let enough = stretches.iter().map(Vec::len).sum::<usize>() >= most;
            if chunk < first_kept || inside && enough {
                count += if inside { of.entries } else { 0 };
                continue;
            }
            if behind_ms.is_some() && of.last.time_ms <= behind {
                break;
            }
            let (mut rows, mut entries) = (Vec::new(), self.tape.entries(chunk, &self.blobs)?);
            while let Some((at, entry)) = entries.next()? {
                if at.time_ms > until {
                    break;
                }
                if behind_ms.is_none_or(|behind| at.time_ms > behind) {
                    count += 1;
                    let change = Change::read(entry)?;
                    rows.push(row_of(change.time_ms, change.cells)?);
                }
            }
            stretches.push(rows);
        }
        for rows in stretches.into_iter().rev() {
            kept.extend(rows);
            while kept.len() > most {
                kept.pop_front();
            }
        }
        let mut builder = RowsBuilder::new(self.columns, false);
        for row in kept {
            builder.push(0, row.time_ms, Sign::Plus, row.cells);
        }
        Ok((builder.finish(), count))
    }

    pub(super) fn forgotten(&self) -> PastError {
        PastError::Forgotten { kept_from_ms: self.kept_from_ms().unwrap_or(i64::MIN) }
    }

    /// The table at a moment.
    pub(super) fn table_at(&self, until_ms: Option<i64>) -> Result<Cow<'_, Table>, PastError> {
        let Some(until) = until_ms else { return Ok(Cow::Borrowed(&self.latest)) };
        let begun = self.tape.begun(until);
        // A chunk that has begun by then may go on behind it.
        let whole = self.tape.chunks[..begun].partition_point(|chunk| chunk.last.time_ms <= until);
        let done = whole == self.tape.chunks.len();
        if done {
            return Ok(Cow::Borrowed(&self.latest));
        }
        if self.kept_from_ms().is_some_and(|from| until < from) {
            return Err(self.forgotten());
        }
        let frame = self.keyframes.iter().rev().find(|frame| frame.before_chunk <= whole && self.is_kept(frame));
        let (mut table, from) = match frame {
            Some(frame) => (Table::load(&self.blobs.get(frame.blob)?)?, frame.before_chunk),
            None if self.tape.first_kept(&self.blobs) > 0 => return Err(self.forgotten()),
            None => (Table::default(), 0),
        };
        for chunk in from..begun {
            let mut entries = self.tape.entries(chunk, &self.blobs)?;
            while let Some((at, entry)) = entries.next()? {
                if at.time_ms > until {
                    break;
                }
                table.apply(&Change::read(entry)?);
            }
        }
        Ok(Cow::Owned(table))
    }

    fn stream_time_at(&self, until_ms: Option<i64>) -> Result<Option<i64>, PastError> {
        let Some(until) = until_ms else { return Ok(self.stream_time_ms) };
        let Some(chunk) = self.stream_times.begun(until).checked_sub(1) else { return Ok(None) };
        if chunk < self.stream_times.first_kept(&self.blobs) {
            return Err(self.forgotten());
        }
        let (mut found, mut entries) = (None, self.stream_times.entries(chunk, &self.blobs)?);
        while let Some((at, entry)) = entries.next()? {
            if at.time_ms > until {
                break;
            }
            found = Some(Reader { bytes: entry }.signed()?);
        }
        Ok(found)
    }

    /// The columns whose values are a row's key: those that tell a table's rows apart; of a stream its key, or what stands
    /// before its window, or all.
    pub fn key_columns(&self) -> Vec<usize> {
        let all = || (0..self.columns).collect();
        match self.view.flow {
            Flow::Table if self.view.id.is_empty() => all(),
            Flow::Table => self.view.id.clone(),
            Flow::Stream => {
                let names = &self.view.columns;
                let place = |wanted: &str| names.iter().position(|(name, ..)| name == wanted);
                match (place("key"), place("window_start")) {
                    (Some(key), _) => vec![names[key].1],
                    (None, Some(start)) if start > 0 => names[..start].iter().map(|(_, column, _)| *column).collect(),
                    _ => all(),
                }
            }
        }
    }

    /// What became, up to a moment, of the row whose key is that of `row` (a cell for each column of [`AsOf::rows`]): of a
    /// table its versions, of a stream all rows with the key. So many versions at most are told.
    ///
    /// # Errors
    /// [`PastError::Disk`].
    pub fn history(&self, row: &[Cell<'_>], until_ms: Option<i64>, most: usize) -> Result<History, PastError> {
        let columns = self.key_columns();
        let mut wanted = Vec::new();
        columns.iter().filter_map(|&column| row.get(column)).for_each(|cell| store_cell(cell, &mut wanted));
        let is_stream = self.view.flow == Flow::Stream;
        let first = self.tape.first_kept(&self.blobs);
        let (mut versions, mut count, mut standing) = (VecDeque::<(Version, Option<Vec<u8>>)>::new(), 0_u64, 0_u64);
        let until = until_ms.unwrap_or(i64::MAX);
        for chunk in first..self.tape.begun(until) {
            let mut entries = self.tape.entries(chunk, &self.blobs)?;
            while let Some((at, entry)) = entries.next()? {
                let change = Change::read(entry)?;
                if at.time_ms > until {
                    break;
                }
                let is_it = if is_stream { has_key(&change, &columns, &wanted)? } else { change.identity() == wanted };
                if !is_it {
                    continue;
                }
                // Of rows told apart by all that stands in them there may be more of the same.
                let stays = !change.holds && change.key.is_empty() && standing > 1;
                standing = if change.holds { standing + 1 } else { standing.saturating_sub(1) };
                let cells = (change.holds || stays).then(|| change.cells.to_vec());
                if !is_stream {
                    // What an event brought and took away again was never there.
                    if versions.back().is_some_and(|(last, _)| last.at.seq == at.seq) {
                        versions.pop_back();
                        count -= 1;
                    }
                    let was = versions.back().map(|(_, cells)| cells.as_ref());
                    if was.unwrap_or(None) == cells.as_ref() && (was.is_some() || first == 0) {
                        continue;
                    }
                }
                let row = cells.as_ref().map(|cells| row_of(change.time_ms, cells)).transpose()?;
                count += 1;
                versions.push_back((Version { at, row }, cells));
                // Two more, because those of the last event may go again.
                if versions.len() > most.saturating_add(2) {
                    versions.pop_front();
                }
            }
        }
        let few = versions.len().saturating_sub(most);
        let versions = versions.into_iter().skip(few).map(|(version, _)| version).collect();
        Ok(History { versions, count, whole: first == 0 })
    }

    /// What changed behind one moment up to another, of the rows so many at most.
    ///
    /// # Errors
    /// [`PastError::Forgotten`], [`PastError::Disk`].
    pub fn between(&self, from_ms: i64, to_ms: Option<i64>, most: usize) -> Result<Difference, PastError> {
        if self.view.flow == Flow::Stream {
            let (rows, count) = self.stream_rows(Some(from_ms), to_ms, most)?;
            return Ok(Difference::of_added(&rows, count));
        }
        let (before, after) = (self.table_at(Some(from_ms))?, self.table_at(to_ms)?);
        Ok(difference(&before, &after, &self.view.id, most)?)
    }
}

fn has_key(change: &Change<'_>, columns: &[usize], wanted: &[u8]) -> io::Result<bool> {
    let row = row_of(change.time_ms, change.cells)?;
    let mut key = Vec::new();
    columns.iter().filter_map(|&column| row.cells.get(column)).for_each(|cell| store_cell(cell, &mut key));
    Ok(key == wanted)
}
