//! Asking views in SQL, from the window.

use fabula_core::codec::Cell;
use fabula_core::copies::SqlViews;
use fabula_core::engine::Stop;

use crate::jobs::Progress;
use crate::state::Stretch;
use crate::whole_run::{Ended, WholeRun};

/// So many rows of an answer are shown.
pub const SHOWN_ROWS: u64 = 10_000;

/// An answer is shown up to about so many bytes.
const SHOWN_BYTES: usize = 64 << 20;

/// Views that were loaded, and what they are of.
pub struct Loaded {
    run: WholeRun,
    views: SqlViews,
    events: u64,
    left_out: Vec<String>,
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows, the first of them where there are many.
    pub rows: Vec<Vec<Cell<'static>>>,
    /// Whether there are more.
    pub more: bool,
    /// Over how many events.
    pub events: u64,
    /// Of which stretch of history.
    pub stretch: Stretch,
    /// What is not in the views' rows, in words.
    pub left_out: Vec<String>,
    /// Columns with numbers of more digits than floats hold, and how many were rounded.
    pub rounded: Vec<(String, u64)>,
    /// Columns with values that are null in SQL, because they could not be decoded or calculated or are not a number, and how
    /// many.
    pub nulled: Vec<(String, u64)>,
}

/// What asking came to: the views, to be asked again, and the answer.
pub type Asked = (Option<Loaded>, Result<Answer, Ended>);

/// Answers a question to a pipeline's views, and gives the views back for the next one.
pub fn ask(run: &WholeRun, known: Option<Loaded>, sql: &str, progress: &Progress) -> Asked {
    let loaded = match known.filter(|known| known.run.is_same(run)) {
        Some(known) => Ok(known),
        None => load(run, sql, progress),
    };
    match loaded {
        Err(ended) => (None, Err(ended)),
        Ok(mut loaded) => {
            let answer = loaded.answer(sql, progress);
            (Some(loaded), answer)
        }
    }
}

fn load(run: &WholeRun, sql: &str, progress: &Progress) -> Result<Loaded, Ended> {
    let mut ready = run.ready(&[])?;
    let mut views = SqlViews::new(ready.views())?;
    // What is wrong with the question is told before the run, and not after it.
    views.columns(sql)?;
    ready.run(&mut views, progress)?;
    views.seal()?;
    Ok(Loaded { run: run.clone(), views, events: ready.events(), left_out: ready.left_out() })
}

impl Loaded {
    fn answer(&mut self, sql: &str, progress: &Progress) -> Result<Answer, Ended> {
        let (mut rows, mut bytes, mut is_full) = (Vec::new(), 0, false);
        let take = &mut |cells: Vec<Cell<'_>>| {
            if bytes >= SHOWN_BYTES {
                is_full = true;
                return Err(Stop::Cancelled.into());
            }
            bytes += cells.iter().map(size).sum::<usize>();
            rows.push(cells.into_iter().map(Cell::into_owned).collect());
            Ok(())
        };
        let told = self.views.ask(sql, SHOWN_ROWS, progress.token(), take);
        let (columns, more) = match told {
            Err(error) if error.is_cancelled() && is_full => (self.views.columns(sql)?, true),
            told => told.map(|told| (told.columns, told.more))?,
        };
        Ok(Answer {
            columns,
            rows,
            more,
            events: self.events,
            stretch: self.run.stretch,
            left_out: self.left_out.clone(),
            rounded: self.views.rounded(),
            nulled: self.views.nulled(),
        })
    }
}

/// What a value takes, near enough.
fn size(cell: &Cell<'_>) -> usize {
    let bytes = match cell {
        Cell::Text(text) | Cell::Array(text) | Cell::Object(text) | Cell::Number(text) => text.len(),
        Cell::Bytes(bytes) => bytes.len(),
        _ => 0,
    };
    bytes + size_of::<Cell<'_>>()
}
