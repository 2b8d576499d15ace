//! Comparing a view with a copy of it, from the window.

use std::path::Path;
use std::sync::atomic::AtomicU64;

use fabula_core::codec::Cell;
use fabula_core::copies::{Address, Comparison, Copy, Drift, DriftRow, Events, explain_drift, key_of};
use fabula_core::engine::Explainer;
use fabula_core::log::kafka::Secret;

use crate::export::address;
use crate::jobs::Progress;
use crate::state::Stretch;
use crate::whole_run::{Ended, WholeRun, codec_of};

/// So many rows of each kind are told.
const TOLD: usize = 1_000;

/// So many bytes of a value are kept to be shown.
const LONGEST: usize = 4 << 10;

/// What is compared with what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// The path of a file, or the address of a database.
    pub copy: String,
    /// The table of a database.
    pub table: String,
    /// The columns by which rows are matched; the view's where there are none.
    pub key: Vec<String>,
    /// As of when; the end, or where history is cut, where it is empty.
    pub at: String,
    /// The password for a server.
    pub password: Option<Secret>,
}

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The view.
    pub view: String,
    /// What the copy is called.
    pub copy: String,
    /// What differs.
    pub drift: Drift,
    /// Of which stretch of history events counted.
    pub stretch: Stretch,
    /// How many events were gone over.
    pub events: u64,
    /// What is not in the view's rows, in words.
    pub left_out: Vec<String>,
}

/// Compares a node's rows with a copy.
///
/// # Errors
/// [`Ended`].
pub fn compare(run: &WholeRun, node: &str, with: &Compared, progress: &Progress) -> Result<Found, Ended> {
    let text = with.copy.trim();
    if text.is_empty() {
        return Err(Ended::Failed("with what? write the path of a copy, or the address of a database".to_owned()));
    }
    let table = Some(with.table.trim()).filter(|table| !table.is_empty());
    let copy = if Address::is_meant(text) {
        Copy::postgres(&address(text, with.password.as_ref())?, table.unwrap_or(node), progress.token())?
    } else {
        Copy::file(Path::new(text), table, progress.token())?
    };
    let at_ms = match with.at.trim() {
        "" => None,
        at => run.moment(at, &run.ready(&[node])?.topics())?,
    };
    let run = run.clone().at(at_ms);
    let mut ready = run.ready(&[node])?;
    let view = ready.view(node)?;
    let shown = ready.views()[view].clone();
    let names: Vec<String> = shown.columns.iter().map(|(name, ..)| name.clone()).collect();
    let key = if with.key.is_empty() { key_of(&shown) } else { with.key.clone() };
    let mut comparison = Comparison::new(&names, copy.columns(), &key)?;
    ready.each_row(view, progress, &mut |cells| comparison.view_row(&cells).map_err(|error| error.to_string()))?;
    progress.set(0, 0);
    copy.each(progress.token(), &mut |row| comparison.copy_row(&row))?;
    let mut drift = comparison.finish(TOLD, progress.token())?;
    drift.rows.iter_mut().for_each(|row| cut(row, &drift.compared, &drift.key));
    Ok(Found {
        view: node.to_owned(),
        copy: copy.name(),
        drift,
        stretch: run.stretch,
        events: ready.events(),
        left_out: ready.left_out(),
    })
}

/// Cuts what is long in a row and not of its key: a list shows the beginning, and only the key is asked for again.
fn cut(row: &mut DriftRow, compared: &[String], key: &[String]) {
    for cells in [&mut row.view, &mut row.copy] {
        for (name, cell) in compared.iter().zip(cells) {
            let (Cell::Text(text) | Cell::Array(text) | Cell::Object(text)) = &cell else { continue };
            if text.len() > LONGEST && !key.contains(name) {
                *cell = Cell::Text(format!("{}…", &text[..text.floor_char_boundary(LONGEST)]).into());
            }
        }
    }
}

/// The events that made a row of the view.
///
/// # Errors
/// [`Ended`].
pub fn explain(run: &WholeRun, found: &Found, row: &DriftRow, progress: &Progress) -> Result<Events, Ended> {
    let topics = run.ready(&[])?.topics();
    let codecs = run.codecs(&topics)?;
    let done = AtomicU64::new(0);
    let explainer = Explainer {
        pipeline: &run.pipeline,
        snapshot: &run.snapshot,
        codecs: &|topic| codec_of(&codecs, topic),
        from_ms: found.stretch.from_ms,
        until_ms: found.stretch.until_ms,
        cancel: progress.token(),
        done: &done,
    };
    let Drift { key, compared, .. } = found.drift.clone();
    let mut one = Drift { key, compared, rows: vec![row.clone()], ..Drift::default() };
    explain_drift(&mut one, &explainer, &found.view, 1)?;
    let events = one.rows.pop().and_then(|row| row.events);
    Ok(events.unwrap_or_else(|| Events::Unknown("no event made a row that only the copy has".to_owned())))
}
