//! Writing a view out, from the window: to a file, to a table of a database.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fabula_core::copies::{Address, Mode, TableRows, TableWritten, key_of};
use fabula_core::engine::Untold;
use fabula_core::log::kafka::Secret;

use crate::cli::run::{Form, ViewOutput};
use crate::figures;
use crate::jobs::Progress;
use crate::whole_run::{Ended, Ready, WholeRun};

/// How often it is said how many rows were written.
const TICK: Duration = Duration::from_millis(100);

/// Where a view goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// In which form.
    pub form: Form,
    /// The path of a file, or the address of a database.
    pub place: String,
    /// The table of a database; the view's name where it is empty.
    pub table: String,
    /// What becomes of the rows that it has.
    pub mode: Mode,
    /// The columns that tell rows apart, for an upsert; the view's where there are none.
    pub key: Vec<String>,
    /// The password for a server.
    pub password: Option<Secret>,
}

/// An address, with a password that was given for it.
///
/// # Errors
/// What is wrong with it.
pub fn address(text: &str, password: Option<&Secret>) -> Result<Address, Ended> {
    let address = Address::parse(text.trim())?;
    Ok(match password {
        Some(password) => address.with_password(password.clone()),
        None => address,
    })
}

/// Writes a node's rows; gives what came of it, in a line.
///
/// # Errors
/// [`Ended`]; what was there before is there still.
pub fn export(run: &WholeRun, node: &str, to: &Export, progress: &Progress) -> Result<String, Ended> {
    let place = to.place.trim();
    if place.is_empty() {
        return Err(Ended::Failed("where to? write a path, or the address of a database".to_owned()));
    }
    match to.form {
        Form::Sqlite | Form::Postgres => table(run, node, to, progress),
        form => file(run, node, form, Path::new(place), progress),
    }
}

fn file(run: &WholeRun, node: &str, form: Form, path: &Path, progress: &Progress) -> Result<String, Ended> {
    let failed = |error: anyhow::Error| Ended::Failed(format!("{error:#}"));
    let mut ready = run.ready(&[node])?;
    let view = ready.view(node)?;
    let mut out = ViewOutput::new(&ready.views()[view], form, Some(path), None).map_err(failed)?;
    ready.each_row(view, progress, &mut |cells| out.row(cells).map_err(|error| error.to_string()))?;
    let finished = out.finish().map_err(failed)?;
    Ok(told(finished.rows, &finished.failed, &ready, &path.display().to_string()))
}

fn table(run: &WholeRun, node: &str, to: &Export, progress: &Progress) -> Result<String, Ended> {
    let place = match to.form {
        Form::Postgres => {
            let address = address(&to.place, to.password.as_ref())?;
            // What is wrong there is told before the run, and not after it.
            address.try_to_connect(progress.token())?;
            Place::Postgres(address)
        }
        _ => Place::Sqlite(PathBuf::from(to.place.trim())),
    };
    let mut ready = run.ready(&[node])?;
    let view = ready.view(node)?;
    let shown = ready.views()[view].clone();
    let columns: Vec<_> = shown.columns.iter().map(|(name, _, of)| (name.clone(), *of)).collect();
    let key = if to.key.is_empty() { key_of(&shown) } else { to.key.clone() };
    let key = if to.mode == Mode::Upsert { key } else { Vec::new() };
    let aside = match &place {
        Place::Sqlite(file) => file.parent().map(Path::to_owned).unwrap_or_default(),
        Place::Postgres(_) => std::env::temp_dir(),
    };
    let mut rows = TableRows::new(&columns, &key, to.mode, &aside)?;
    ready.each_row(view, progress, &mut |cells| rows.row(cells).map_err(|error| error.to_string()))?;
    let table = if to.table.trim().is_empty() { node } else { to.table.trim() };
    let (count, done) = (rows.rows(), AtomicU64::new(0));
    let written = watched(progress, count, &done, || match &place {
        Place::Sqlite(file) => rows.write_sqlite(file, table, progress.token(), &done),
        Place::Postgres(address) => rows.write_postgres(address, table, progress.token(), &done),
    })?;
    let place = match &place {
        Place::Sqlite(file) => file.display().to_string(),
        Place::Postgres(address) => address.server().to_owned(),
    };
    let TableWritten { rows, added, failed, anew } = written;
    let mut line = told(rows, &failed, &ready, &format!("{table} in {place}"));
    if let Some(anew) = anew {
        line.push_str(&format!("; {anew}"));
    }
    if let Some(added) = added {
        line.push_str(&format!("; {} new, {} replaced", figures::count(added), figures::count(rows - added)));
    }
    Ok(line)
}

enum Place {
    Sqlite(PathBuf),
    Postgres(Address),
}

fn told(rows: u64, failed: &[Untold], ready: &Ready, place: &str) -> String {
    let mut line = format!("{} in {place}, of {}", figures::of(rows, "row"), ready.told());
    line.extend(ready.left_out().iter().map(|left_out| format!("; {left_out}")));
    for untold in failed {
        for (count, why) in untold.reasons() {
            line.push_str(&format!("; {}: {} {why}", untold.column, figures::of(count, "value")));
        }
    }
    line
}

/// Works while it is said how far that is.
fn watched<T>(progress: &Progress, all: u64, done: &AtomicU64, work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = || {
            while !over.load(Ordering::Relaxed) {
                progress.set(done.load(Ordering::Relaxed), all);
                std::thread::park_timeout(TICK);
            }
        };
        // Without the thread the work goes on, only unseen.
        let watcher = std::thread::Builder::new().name("fabula-watch".to_owned()).spawn_scoped(scope, watch);
        let result = work();
        over.store(true, Ordering::Relaxed);
        if let Ok(watcher) = watcher {
            watcher.thread().unpark();
        }
        result
    })
}
