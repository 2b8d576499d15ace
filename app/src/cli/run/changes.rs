//! What a followed run writes: a stream's rows, a table's changes; and when it keeps a checkpoint.

use std::time::{Duration, Instant};

use fabula_core::codec::Cell;
use fabula_core::engine::{
    CheckpointFolder, Mark, OutputMark, PlannedView, Rows, Running, Sign, Sink, Stop, TopicFormats,
};
use fabula_core::pipeline::Flow;

use super::growing::GrowingFile;
use crate::cli::output::ViewRows;

/// The name of the column that says what became of a table's row.
pub const CHANGE: &str = "$change";

/// A checkpoint is made at most this often.
const OFTEN: Duration = Duration::from_secs(1);

/// … and takes at most this part of the time.
const PART: u32 = 10;

/// Writes what comes of a followed view.
pub struct Changes {
    view: usize,
    shown: PlannedView,
    rows: ViewRows,
    /// A table's row that holds no more, which the next may take the place of: its event's number, its cells.
    gone: Option<(u64, Vec<Cell<'static>>)>,
    /// How many rows were handed over.
    flushed: u64,
    kept: Option<Kept>,
    /// Why it could not go on.
    pub error: Option<anyhow::Error>,
}

/// Where checkpoints go.
pub struct Kept {
    pub folder: CheckpointFolder,
    /// `None` is stdout.
    pub file: Option<GrowingFile>,
    pub formats: Vec<TopicFormats>,
    mark: Option<Mark>,
    /// When the last was made; `None` before the first.
    last: Option<Instant>,
    took: Duration,
}

impl Kept {
    pub fn new(folder: CheckpointFolder, file: Option<GrowingFile>, formats: Vec<TopicFormats>) -> Self {
        Self { folder, file, formats, mark: None, last: None, took: Duration::ZERO }
    }

    fn is_due(&self) -> bool {
        let long_ago = |last: Instant| last.elapsed() >= OFTEN.max(self.took * PART);
        self.mark.is_some() && self.last.is_none_or(long_ago)
    }

    fn save(&mut self, running: &Running, rows: u64) -> anyhow::Result<()> {
        let Some(mark) = self.mark.take() else { return Ok(()) };
        let began = Instant::now();
        let output = match &self.file {
            Some(file) => file.sync(rows)?,
            None => OutputMark { rows, ..OutputMark::default() },
        };
        self.folder.write(running, &mark, &self.formats, output)?;
        (self.last, self.took) = (Some(Instant::now()), began.elapsed());
        Ok(())
    }
}

impl Changes {
    pub fn new(view: usize, shown: PlannedView, rows: ViewRows, kept: Option<Kept>) -> Self {
        let flushed = rows.written();
        Self { view, shown, rows, gone: None, flushed, kept, error: None }
    }

    /// The columns of what is written.
    pub fn names(shown: &PlannedView) -> Vec<String> {
        let change = (shown.flow == Flow::Table).then(|| CHANGE.to_owned());
        change.into_iter().chain(shown.columns.iter().map(|column| column.0.clone())).collect()
    }

    /// How many rows were written.
    pub fn written(&self) -> u64 {
        self.rows.written()
    }

    /// Learns how the payloads of a topic are decoded.
    pub fn learn(&mut self, formats: TopicFormats) {
        if let Some(kept) = &mut self.kept {
            kept.formats.push(formats);
        }
    }

    /// Keeps a checkpoint, if it is time for one.
    pub fn save_if_due(&mut self, running: &Running) -> anyhow::Result<()> {
        if self.kept.as_ref().is_some_and(Kept::is_due) { self.save(running) } else { Ok(()) }
    }

    /// Keeps a checkpoint of all that was done.
    pub fn save(&mut self, running: &Running) -> anyhow::Result<()> {
        let rows = self.rows.written();
        self.kept.as_mut().map_or(Ok(()), |kept| kept.save(running, rows))
    }

    fn write_row(&mut self, change: &'static str, rows: &Rows, row: usize) -> std::io::Result<()> {
        let change = (self.shown.flow == Flow::Table).then_some(Cell::Text(change.into()));
        let cells = self.shown.columns.iter().map(|(_, column, _)| rows.cell(*column, row));
        self.rows.row(change.into_iter().chain(cells))
    }

    fn write_gone(&mut self) -> std::io::Result<()> {
        let Some((_, cells)) = self.gone.take() else { return Ok(()) };
        let shown = self.shown.columns.iter().map(|(_, column, _)| cells[*column].clone());
        self.rows.row(std::iter::once(Cell::Text("delete".into())).chain(shown))
    }

    /// A table's rows: a row that takes the place of one that goes is an update of it.
    fn write_changes(&mut self, rows: &Rows) -> std::io::Result<()> {
        for row in 0..rows.len() {
            if rows.sign(row) == Sign::Minus {
                self.write_gone()?;
                self.gone = Some((rows.seq[row], rows.row(row).into_iter().map(Cell::into_owned).collect()));
                continue;
            }
            let takes_its_place = self.gone.as_ref().is_some_and(|(seq, cells)| {
                let same = |&column: &usize| cells[column] == rows.cell(column, row);
                *seq == rows.seq[row] && !self.shown.id.is_empty() && self.shown.id.iter().all(same)
            });
            if takes_its_place {
                self.gone = None;
                self.write_row("update", rows, row)?;
            } else {
                self.write_gone()?;
                self.write_row("insert", rows, row)?;
            }
        }
        Ok(())
    }

    fn after_step(&mut self, running: &Running, mark: &Mark) -> anyhow::Result<()> {
        self.write_gone()?;
        if self.rows.written() > self.flushed {
            self.rows.flush()?;
            self.flushed = self.rows.written();
        }
        if let Some(kept) = &mut self.kept {
            kept.mark = Some(mark.clone());
        }
        self.save_if_due(running)
    }

    fn stopped_by(&mut self, error: anyhow::Error) -> Stop {
        self.error = Some(error);
        Stop::Cancelled
    }
}

impl Sink for Changes {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        if view != self.view {
            return Ok(());
        }
        let written = match self.shown.flow {
            Flow::Table => self.write_changes(rows),
            Flow::Stream => (0..rows.len()).try_for_each(|row| self.write_row("", rows, row)),
        };
        written.map_err(|error| self.stopped_by(error.into()))
    }

    fn stepped(&mut self, running: &Running, mark: &Mark) -> Result<(), Stop> {
        self.after_step(running, mark).map_err(|error| self.stopped_by(error))
    }
}
