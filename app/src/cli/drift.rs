//! `fabula drift`: what differs between a view and a copy of it.

mod told;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{bail, ensure};
use clap::Args;
use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::copies::{Address, Comparison, Copy, explain_drift, key_of};
use fabula_core::engine::{Explainer, Feed, Materialised, PlannedView, Rows, Running, Sink, Stop, run_history};
use fabula_core::event::TopicName;
use fabula_core::event::time::Moment;
use fabula_core::pipeline::Flow;
use tokio_util::sync::CancellationToken;

use super::pipeline::{self, Held};
use super::run::table::reached;
use super::run::{chosen, cut, still_open, with_bar};
use super::source::LogArgs;
use super::{Usage, interrupt, say};
use crate::figures;

/// Compare a view with a copy of it that is kept elsewhere: what is missing there, what is extra, what differs.
///
/// Rows are matched by the columns that tell the view's rows apart, or by those that --key names. Values are compared by
/// what they are worth, however they are written: 5 is 5.00, a time is its instant, an empty cell of a CSV is null or empty.
///
/// Drift that was found is told, and no failure: the exit code is 0, with --fail-on-drift 1.
#[derive(Debug, Args)]
pub struct Drift {
    /// The pipeline's file.
    #[arg(value_name = "PIPELINE")]
    pipeline: PathBuf,

    #[command(flatten)]
    log: LogArgs,

    /// The copy: a file (.csv, .tsv, .json, .jsonl, .parquet, else SQLite), sqlite:FILE#TABLE, or a PostgreSQL database:
    /// postgres://USER@HOST:PORT/DATABASE.
    #[arg(long, value_name = "COPY")]
    copy: String,

    /// The table of the database (of PostgreSQL the view's name unless it is said; of SQLite its only one).
    #[arg(long, value_name = "NAME")]
    table: Option<String>,

    /// The view, where the pipeline has several.
    #[arg(long, value_name = "NAME")]
    view: Option<String>,

    /// The columns by which rows are matched.
    #[arg(long, value_name = "COLUMN", num_args = 1..)]
    key: Vec<String>,

    /// As of this time: only events up to it count.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    at: Option<Moment>,

    /// At most so many rows of each kind are told; all are counted.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,

    /// Of so many rows that differ or are missing, tell the events that made them. Each replays the log.
    #[arg(long, value_name = "N", default_value_t = 3)]
    explain: usize,

    /// Write a JSON object.
    #[arg(long, short = 'J')]
    json: bool,

    /// Drift that was found is a failure: exit code 1.
    #[arg(long)]
    fail_on_drift: bool,
}

impl Drift {
    /// Compares, tells what differs, and says what that covers.
    pub fn run(self) -> anyhow::Result<()> {
        let (document, plan) = pipeline::read(&self.pipeline)?;
        let view = chosen(&plan.views, self.view.as_deref())?;
        let source = self.log.source()?;
        let cancel = interrupt::cancelled_by_ctrl_c()?;
        let copy = self.copy(&plan.views[view].name, &cancel)?;
        let shown = plan.views[view].clone();
        let names: Vec<String> = shown.columns.iter().map(|(name, ..)| name.clone()).collect();
        let key = if self.key.is_empty() { key_of(&shown) } else { self.key.clone() };
        let comparison = Comparison::new(&names, copy.columns(), &key);
        let comparison = comparison.map_err(|error| Usage::new(error.to_string()))?;
        let held = Held::of(source, &plan, &cancel)?;
        let snapshot = held.store.snapshot();
        let topics = plan.topics();
        let samples = pipeline::samples(&snapshot, &topics);
        pipeline::typed(&self.pipeline, &document, Some(&pipeline::shapes(&samples)))?;
        let codecs = |topic: &TopicName| {
            let sample = samples.get(topic).map(|sample| sample.codecs.clone());
            sample.unwrap_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json))
        };
        let until_ms = self.at.map(|at| cut(at, &snapshot, &topics)).transpose()?.flatten();
        let mut feed = Feed::new(&snapshot, &plan.sources, codecs, until_ms);
        let events: u64 = topics.iter().filter_map(|topic| snapshot.topic(topic)).map(|topic| topic.events()).sum();
        let mut running = Running::new(plan);
        let done = AtomicU64::new(0);
        let table = Materialised::new(shown.id.clone());
        let mut sink = Compared { view, shown, table, comparison };
        match with_bar(events, "events", &done, || run_history(&mut running, &mut feed, &mut sink, &cancel, &done)) {
            Err(Stop::Cancelled) => bail!("stopped after {}", figures::of(done.load(Ordering::Relaxed), "event")),
            Err(Stop::Bound(why)) => bail!("{why}"),
            Ok(()) => {}
        }
        still_open(&running, None).iter().for_each(|line| say(line));
        let taken = done.load(Ordering::Relaxed);
        let (mut comparison, view) = (sink.finish()?, running.views()[view].name.clone());
        copy.each(&cancel, &mut |row| comparison.copy_row(&row))?;
        let mut drift = comparison.finish(self.limit, &cancel)?;
        let done = AtomicU64::new(0);
        let explainer = Explainer {
            pipeline: document.pipeline(),
            snapshot: &snapshot,
            codecs: &codecs,
            from_ms: None,
            until_ms,
            cancel: &cancel,
            done: &done,
        };
        // Each row that is explained takes the log twice and more.
        let replayed = events * 2 * self.explain.min(drift.rows.len()) as u64;
        with_bar(replayed, "events", &done, || explain_drift(&mut drift, &explainer, &view, self.explain))?;
        let text = if self.json {
            told::json(&drift, &view, &copy.name())
        } else {
            told::text(&drift, &view, &copy.name()).into_bytes()
        };
        std::io::stdout().write_all(&text)?;
        held.until(&topics, until_ms)?.say(taken)?;
        ensure!(!self.fail_on_drift || drift.is_none(), "{} has drifted from {view}", copy.name());
        Ok(())
    }

    fn copy(&self, view: &str, cancel: &CancellationToken) -> anyhow::Result<Copy> {
        if Address::is_meant(&self.copy) {
            let address = reached(&self.copy, cancel)?;
            return Ok(Copy::postgres(&address, self.table.as_deref().unwrap_or(view), cancel)?);
        }
        let Some(named) = self.copy.strip_prefix("sqlite:") else {
            return Ok(Copy::file(Path::new(&self.copy), self.table.as_deref(), cancel)?);
        };
        let (file, table) = named.rsplit_once('#').map_or((named, None), |(file, table)| (file, Some(table)));
        Ok(Copy::sqlite(Path::new(file), table.or(self.table.as_deref()), cancel)?)
    }
}

/// Hands a view's rows to a comparison: a stream's as they come, a table's when all is done.
struct Compared {
    view: usize,
    shown: PlannedView,
    table: Materialised,
    comparison: Comparison,
}

impl Sink for Compared {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        if view != self.view {
            return Ok(());
        }
        if self.shown.flow == Flow::Table {
            self.table.apply(rows);
            return Ok(());
        }
        for row in 0..rows.len() {
            let cells: Vec<_> = self.shown.columns.iter().map(|(_, column, _)| rows.cell(*column, row)).collect();
            self.comparison.view_row(&cells).map_err(|error| Stop::Bound(error.to_string()))?;
        }
        Ok(())
    }
}

impl Compared {
    fn finish(mut self) -> anyhow::Result<Comparison> {
        let (comparison, columns) = (&mut self.comparison, &self.shown.columns);
        self.table.visit_sorted(|row| {
            let cells: Vec<_> = columns.iter().map(|(_, column, _)| row.cells[*column].clone()).collect();
            comparison.view_row(&cells).map_err(|error| Stop::Bound(error.to_string()))
        })?;
        Ok(self.comparison)
    }
}
