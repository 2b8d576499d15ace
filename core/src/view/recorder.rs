//! Writing a view's past down while its pipeline runs.

use std::io;

use super::PastError;
use super::blobs::{Blobs, Limits};
use super::bytes::put_signed;
use super::change::Change;
use super::past::Past;
use super::table::{Table, write_row};
use super::tape::{At, Tape};
use super::windows::Closing;
use crate::engine::{Plan, PlannedView, Rows, Sign, Sink, StepTimes, Stop};
use crate::pipeline::{Flow, Pipeline};

/// A table is written down whole when changes of so many bytes have come since the last time, and of as many as it took
/// then: so what is kept is twice the changes at most, and to tell a moment takes as long as the table is large.
const KEYFRAME: usize = if cfg!(test) { 600 } else { 4 << 20 };

/// Writes a view's past down: a [`Sink`] of a pipeline that [`Plan::with_past`] planned for it.
#[derive(Debug)]
pub struct Recorder {
    /// The view's place in the plan.
    at: usize,
    /// The columns of the view's wire that are kept.
    columns: Vec<usize>,
    /// The aggregate's place in the plan, where windows close.
    timed: Option<usize>,
    closing: Option<Closing>,
    view: PlannedView,
    times: StepTimes,
    /// When the last event that was taken is told.
    end_ms: i64,
    tape: Tape,
    stream_times: Tape,
    stream_time_ms: Option<i64>,
    blobs: Blobs,
    keyframes: Vec<Keyframe>,
    since_keyframe: usize,
    table: Table,
    events: u64,
    first_ms: Option<i64>,
    error: Option<io::Error>,
}

/// The whole table as it stood before a chunk of changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keyframe {
    pub(super) before_chunk: usize,
    pub(super) blob: usize,
    bytes: usize,
}

impl Recorder {
    /// Of the node `node` of a pipeline that was planned for it.
    ///
    /// # Errors
    /// [`PastError::Node`] when the plan does not show it.
    pub fn new(pipeline: &Pipeline, plan: &Plan, node: &str, limits: Limits) -> Result<Self, PastError> {
        let at = plan.views.iter().position(|view| view.name == node);
        let at = at.ok_or_else(|| PastError::Node(node.to_owned()))?;
        let PlannedView { columns, id, .. } = &plan.views[at];
        let mut kept: Vec<usize> = columns.iter().map(|(_, column, _)| *column).chain(id.iter().copied()).collect();
        kept.sort_unstable();
        kept.dedup();
        let place = |column: usize| kept.binary_search(&column).unwrap_or(0);
        let view = PlannedView {
            columns: columns.iter().map(|(name, column, of)| (name.clone(), place(*column), *of)).collect(),
            id: id.iter().map(|&column| place(column)).collect(),
            ..plan.views[at].clone()
        };
        let closing = Closing::of(pipeline, node);
        let aggregate = |closing: &Closing| plan.nodes.iter().position(|node| node.name == closing.node);
        Ok(Self {
            at,
            timed: closing.as_ref().and_then(aggregate),
            closing,
            view,
            columns: kept,
            times: StepTimes::default(),
            end_ms: i64::MIN,
            tape: Tape::default(),
            stream_times: Tape::default(),
            stream_time_ms: None,
            blobs: Blobs::new(limits),
            keyframes: Vec::new(),
            since_keyframe: 0,
            table: Table::default(),
            events: 0,
            first_ms: None,
            error: None,
        })
    }

    /// What was written down.
    ///
    /// # Errors
    /// [`PastError::Disk`].
    pub fn finish(mut self) -> Result<Past, PastError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        self.tape.close(&mut self.blobs)?;
        self.stream_times.close(&mut self.blobs)?;
        let span_ms = self.first_ms.map(|first| (first, self.end_ms));
        Ok(Past {
            columns: self.columns.len(),
            view: self.view,
            closing: self.closing,
            tape: self.tape,
            stream_times: self.stream_times,
            blobs: self.blobs,
            keyframes: self.keyframes,
            latest: self.table,
            events: self.events,
            span_ms,
            stream_time_ms: self.stream_time_ms,
        })
    }

    /// Where an event of this step stands.
    fn place(&self, seq: u64) -> At {
        At { seq, time_ms: self.times.of(seq).unwrap_or(self.end_ms) }
    }

    fn take(&mut self, rows: &Rows) -> io::Result<()> {
        let (mut key, mut cells, mut entry) = (Vec::new(), Vec::new(), Vec::new());
        let (mut next_key, mut next_cells) = (Vec::new(), Vec::new());
        for row in 0..rows.len() {
            if row == 0 {
                write_row(rows, row, &self.columns, &self.view.id, &mut key, &mut cells);
            } else {
                std::mem::swap(&mut key, &mut next_key);
                std::mem::swap(&mut cells, &mut next_cells);
            }
            let holds = rows.sign(row) == Sign::Plus;
            let mut replaced = false;
            if row + 1 < rows.len() {
                write_row(rows, row + 1, &self.columns, &self.view.id, &mut next_key, &mut next_cells);
                // A row whose place the next takes needs no end of its own.
                replaced = !holds
                    && !key.is_empty()
                    && key == next_key
                    && rows.seq[row] == rows.seq[row + 1]
                    && rows.sign(row + 1) == Sign::Plus;
            }
            if replaced {
                continue;
            }
            let at = self.place(rows.seq[row]);
            let needed: &[u8] = if holds || key.is_empty() { &cells } else { &[] };
            let change = Change { key: &key, time_ms: rows.time_ms[row], holds, cells: needed };
            if self.view.flow == Flow::Table {
                if holds && self.stands(&change) {
                    continue;
                }
                self.table.apply(&change);
            }
            entry.clear();
            change.write(&mut entry);
            self.since_keyframe += entry.len();
            if self.tape.push(at, &entry, &mut self.blobs)? && self.view.flow == Flow::Table {
                self.write_keyframe()?;
            }
        }
        Ok(())
    }

    /// Whether a row stands there as it is already.
    fn stands(&self, change: &Change<'_>) -> bool {
        let kept = self.table.get(change.identity()).filter(|_| !change.key.is_empty());
        kept.is_some_and(|kept| kept.time_ms == change.time_ms && kept.cells(change.identity()) == change.cells)
    }

    fn write_keyframe(&mut self) -> io::Result<()> {
        let least = self.keyframes.last().map_or(KEYFRAME, |last| last.bytes.max(KEYFRAME));
        if self.since_keyframe >= least {
            let mut bytes = Vec::new();
            self.table.save(&mut bytes);
            let blob = self.blobs.put(&bytes)?;
            self.keyframes.push(Keyframe { before_chunk: self.tape.chunks.len(), blob, bytes: bytes.len() });
            self.since_keyframe = 0;
        }
        Ok(())
    }

    /// Follows the time of the windows' aggregate.
    fn follow(&mut self, inputs: &[Rows]) -> io::Result<()> {
        for rows in inputs {
            for (&seq, &time) in rows.seq.iter().zip(&rows.time_ms) {
                if self.stream_time_ms.is_some_and(|now| time <= now) {
                    continue;
                }
                self.stream_time_ms = Some(time);
                let at = self.place(seq);
                let mut entry = Vec::new();
                put_signed(time, &mut entry);
                self.stream_times.push(at, &entry, &mut self.blobs)?;
            }
        }
        Ok(())
    }

    fn failed(&mut self, done: io::Result<()>) -> Result<(), Stop> {
        done.map_err(|error| {
            let stop = Stop::Bound(error.to_string());
            self.error = Some(error);
            stop
        })
    }
}

impl Sink for Recorder {
    fn begins(&mut self, times: &StepTimes) -> Result<(), Stop> {
        self.times.clone_from(times);
        // A followed log may bring earlier times later: what came before them held until then.
        for time in &mut self.times.times_ms {
            self.end_ms = self.end_ms.max(*time);
            *time = self.end_ms;
        }
        self.events += times.times_ms.len() as u64;
        if self.first_ms.is_none() {
            self.first_ms = times.times_ms.iter().copied().find(|&time| time != i64::MIN);
        }
        Ok(())
    }

    fn reached(&mut self, node: usize, inputs: &[Rows]) -> Result<(), Stop> {
        if self.timed != Some(node) {
            return Ok(());
        }
        let done = self.follow(inputs);
        self.failed(done)
    }

    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        if view != self.at {
            return Ok(());
        }
        let done = self.take(rows);
        self.failed(done)
    }
}
