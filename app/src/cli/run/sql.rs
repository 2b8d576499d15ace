//! `fabula run --sql`: a question to the views.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;
use fabula_core::codec::Cell;
use fabula_core::copies::{CopyError, SqlViews};
use fabula_core::engine::{Feed, PlannedView, Running, Stop, run_history};
use fabula_core::expr::Type;
use fabula_core::pipeline::Flow;
use tokio_util::sync::CancellationToken;

use super::output::ViewOutput;
use super::with_bar;
use crate::cli::{Usage, say};
use crate::figures;

/// Fills tables of the views' names, asks, and writes the answer to what `output` gives for its columns, if `whole` lets
/// it. Gives how many rows it has.
pub fn ask(
    sql: &str,
    running: &mut Running,
    feed: &mut Feed,
    cancel: &CancellationToken,
    (events, done): (u64, &AtomicU64),
    whole: impl Fn() -> anyhow::Result<()>,
    output: impl Fn(&PlannedView) -> anyhow::Result<ViewOutput>,
) -> anyhow::Result<u64> {
    let mut views = SqlViews::new(running.views())?;
    let columns = views.columns(sql).map_err(|error| Usage::new(error.to_string()))?;
    match with_bar(events, "events", done, || run_history(running, feed, &mut views, cancel, done)) {
        Err(Stop::Cancelled) => bail!("stopped after {}", figures::of(done.load(Ordering::Relaxed), "event")),
        Err(Stop::Bound(why)) => bail!("{why}"),
        Ok(()) => {}
    }
    whole()?;
    views.seal()?;
    for (column, count) in views.rounded() {
        say(&format!("{column}: {} rounded to a float: more than 15 digits", figures::of(count, "value")));
    }
    for (column, count) in views.nulled() {
        let values = figures::of(count, "value");
        say(&format!("{column}: {values} null in SQL: not decoded, not calculated, or not a number"));
    }
    let columns = columns.into_iter().enumerate().map(|(at, name)| (name, at, Type::Any)).collect();
    let answer = PlannedView { node: 0, name: "answer".to_owned(), flow: Flow::Stream, columns, id: Vec::new() };
    let mut out = output(&answer)?;
    let take = &mut |cells: Vec<Cell<'_>>| {
        out.row(cells).map_err(|source| CopyError::Io { what: "the answer can't be written".to_owned(), source })
    };
    views.ask(sql, u64::MAX, cancel, take)?;
    Ok(out.finish()?.say())
}
