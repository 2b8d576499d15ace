//! `fabula run`: a pipeline over what a log holds, and over what comes.

mod changes;
mod follow;
mod growing;
mod output;
mod sql;
pub(super) mod table;

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::Args;
use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::copies::Address;
use fabula_core::engine::{Feed, Materialised, NodeReport, PlannedView, Rows, Running, Sink, Stop, run_history};
use fabula_core::event::time::{Moment, format_iso_ms, ns_to_ms};
use fabula_core::pipeline::Flow;
use fabula_core::store::Snapshot;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::pipeline::{self, Held};
use super::source::LogArgs;
use super::{Usage, interrupt, say};
use crate::figures;
pub(crate) use output::{Form, ViewOutput};
use table::Target;

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Run a pipeline over what a log holds, and write a view's rows.
///
/// A table's rows are those that hold at the end (or at the time that --at names); a stream's are all, in order. Windows
/// that hold their result back until they close and are still open then are counted on stderr, not written.
///
/// With --follow the run goes on with what comes, until Ctrl+C: a stream's rows are written as they come; of a table every
/// change is a row, whose first column ($change) says insert, update or delete.
#[derive(Debug, Args)]
pub struct Run {
    /// The pipeline's file.
    #[arg(value_name = "PIPELINE")]
    pipeline: PathBuf,

    #[command(flatten)]
    log: LogArgs,

    /// The view to write, where the pipeline has several.
    #[arg(long, value_name = "NAME")]
    view: Option<String>,

    /// Write to a file; its ending says the form: .json, .jsonl, .ndjson, .csv, .txt, .parquet, .arrow, .ipc, .feather,
    /// .sqlite, .sqlite3, .db. Or to a PostgreSQL database: postgres://USER@HOST:PORT/DATABASE, with the password from
    /// PGPASSWORD, ~/.pgpass or the terminal. It is there whole or not at all, but with --follow, where a file grows.
    #[arg(long, value_name = "FILE|ADDRESS")]
    to: Option<PathBuf>,

    /// The table of the database (the view's name unless it is said; SCHEMA.TABLE of PostgreSQL). One that is there is
    /// replaced at once, if it has the view's columns.
    #[arg(long, value_name = "NAME", requires = "to")]
    table: Option<String>,

    /// Put the rows into the table by their key: those that are there are updated, new ones added, others stay.
    #[arg(long, requires = "to")]
    upsert: bool,

    /// The columns that tell rows apart, where they are not those of the view.
    #[arg(long, value_name = "COLUMN", num_args = 1.., requires = "upsert")]
    key: Vec<String>,

    /// Ask in SQL, and write the answer: the views are tables of their names, that can be read and not changed.
    #[arg(long, value_name = "SELECT", conflicts_with_all = ["view", "follow"])]
    sql: Option<String>,

    /// As of this time: only events up to it count.
    #[arg(long, value_name = "T", allow_hyphen_values = true, conflicts_with = "follow")]
    at: Option<Moment>,

    /// Go on with what comes, until Ctrl+C; connections that are lost come back by themselves.
    #[arg(short, long)]
    follow: bool,

    /// Keep the state and the place in the log in this folder, and go on from there when run again, also after a crash:
    /// with --to each row is in the file once; on stdout rows written since the last checkpoint come again.
    #[arg(long, value_name = "FOLDER", requires = "follow")]
    checkpoint: Option<PathBuf>,

    /// The form of the output.
    #[arg(long, value_enum)]
    format: Option<Form>,

    /// The same as --format json.
    #[arg(short = 'J', conflicts_with = "format")]
    json: bool,

    /// Say on stderr what went through each node: rows, late ones, dropped ones and why, open windows, memory.
    #[arg(long)]
    stats: bool,
}

impl Run {
    /// Runs the pipeline, writes the view, says what that covers.
    pub fn run(self) -> anyhow::Result<()> {
        let form = self.form()?;
        let (document, plan) = pipeline::read(&self.pipeline)?;
        let view = if self.sql.is_some() { 0 } else { chosen(&plan.views, self.view.as_deref())? };
        let source = self.log.source()?;
        if self.follow {
            return follow::follow(&self, source, &document, plan, view, form);
        }
        let cancel = interrupt::cancelled_by_ctrl_c()?;
        let target = self.target(form, &cancel)?;
        let held = Held::of(source, &plan, &cancel)?;
        let snapshot = held.store.snapshot();
        let topics = plan.topics();
        let samples = pipeline::samples(&snapshot, &topics);
        let shapes = pipeline::shapes(&samples);
        plan.unseen(&shapes).iter().for_each(|unseen| say(&pipeline::unseen_line(unseen)));
        pipeline::typed(&self.pipeline, &document, Some(&shapes))?;
        let codecs = |topic: &fabula_core::event::TopicName| {
            samples
                .get(topic)
                .map_or_else(|| TopicCodecs::new(Choice::Text, Choice::Json), |sample| sample.codecs.clone())
        };
        let until_ms = self.at.map(|at| cut(at, &snapshot, &topics)).transpose()?.flatten();
        let held = held.until(&topics, until_ms)?;
        let whole = || self.to.as_ref().map_or(Ok(()), |to| held.whole(&self.place(to)));
        let mut feed = Feed::new(&snapshot, &plan.sources, codecs, until_ms);
        let events: u64 = topics.iter().filter_map(|topic| snapshot.topic(topic)).map(|topic| topic.events()).sum();
        let mut running = Running::new(plan);
        let done = AtomicU64::new(0);
        if let Some(question) = &self.sql {
            let output = |answer: &PlannedView| ViewOutput::new(answer, form, self.to.as_deref(), target.as_ref());
            let rows = sql::ask(question, &mut running, &mut feed, &cancel, (events, &done), whole, output)?;
            self.tell(&running, &feed, "answer", rows, done.load(Ordering::Relaxed));
            return held.say(done.load(Ordering::Relaxed));
        }
        let shown = running.views()[view].clone();
        let rows = ViewOutput::new(&shown, form, self.to.as_deref(), target.as_ref())?;
        let mut out = ViewSink { view, table: Materialised::new(shown.id.clone()), shown, rows, error: None };
        let stopped =
            with_bar(events, "events", &done, || run_history(&mut running, &mut feed, &mut out, &cancel, &done));
        if let Some(error) = out.error.take() {
            return Err(error.into());
        }
        match stopped {
            Err(Stop::Cancelled) => bail!("stopped after {}", figures::of(done.load(Ordering::Relaxed), "event")),
            Err(Stop::Bound(why)) => bail!("{why}"),
            Ok(()) => {}
        }
        whole()?;
        let name = out.shown.name.clone();
        let rows = out.finish()?;
        self.tell(&running, &feed, &name, rows, done.load(Ordering::Relaxed));
        held.say(done.load(Ordering::Relaxed))
    }

    /// What rows are written to, for a person.
    fn place(&self, to: &Path) -> String {
        let table = self.table.as_ref().map_or_else(String::new, |table| format!("{table} in "));
        let address = to.to_string_lossy();
        match Address::is_meant(&address) {
            true => format!("{table}the database"),
            false => format!("{table}{address}"),
        }
    }

    fn form(&self) -> Result<Form, Usage> {
        if self.json {
            return Ok(Form::Json);
        }
        match (self.format, &self.to) {
            (_, Some(to)) if Address::is_meant(&to.to_string_lossy()) => Ok(Form::Postgres),
            (Some(form), _) => Ok(form),
            (None, Some(to)) => Form::of_name(to).map(Option::unwrap_or_default),
            (None, None) => Ok(Form::default()),
        }
    }

    /// The table that is written, if it is one.
    fn target(&self, form: Form, cancel: &CancellationToken) -> anyhow::Result<Option<Rc<Target>>> {
        let target = match (form, &self.to) {
            (Form::Sqlite, Some(to)) => Target::sqlite(to, cancel),
            (Form::Postgres, Some(to)) => Target::postgres(&to.to_string_lossy(), cancel)?,
            _ => {
                let only = "only a table of SQLite (.sqlite) or PostgreSQL (postgres://…)";
                ensure!(self.table.is_none(), Usage::new(format!("{only} has a --table")));
                ensure!(!self.upsert, Usage::new(format!("{only} takes rows by their key: leave --upsert out")));
                return Ok(None);
            }
        };
        Ok(Some(Rc::new(target.with(self.table.as_deref(), self.upsert, &self.key))))
    }

    /// Says what went through, and what is not in the rows.
    fn tell(&self, running: &Running, feed: &Feed, view: &str, rows: u64, events: u64) {
        let reports = running.report();
        if self.stats {
            reports.iter().for_each(|report| say(&stats_line(report)));
        }
        let untimed: u64 = feed.untimed().iter().map(|untimed| untimed.count).sum();
        if untimed > 0 {
            let first = feed.untimed().iter().find_map(|untimed| untimed.first.first());
            let first = first.map(|at| format!("; the first is {at}")).unwrap_or_default();
            let were = if untimed == 1 { "was" } else { "were" };
            say(&format!("{} without a time {were} set aside{first}", figures::of(untimed, "event")));
        }
        for report in reports.iter().filter(|_| !self.stats) {
            if let Some(line) = dropped_line(report) {
                say(&line);
            }
        }
        let shown = (self.sql.is_none() && !self.follow).then_some((view, rows));
        still_open(running, shown).iter().for_each(|line| say(line));
        say(&format!("{view}: {} of {}", figures::of(rows, "row"), figures::of(events, "event")));
    }
}

/// What is not final, a line a node. Of the view that is shown the rows are known: where it shows an aggregate as it is,
/// each is one of its windows.
pub(crate) fn still_open(running: &Running, shown: Option<(&str, u64)>) -> Vec<String> {
    let windows = shown.and_then(|(view, rows)| {
        let view = running.views().iter().find(|known| known.name == view)?;
        Some((running.shown_of(view), rows))
    });
    let line = |(at, (report, held_back)): (usize, (NodeReport, u64))| {
        let NodeReport { name, kind, metrics, .. } = report;
        let open = figures::of(held_back, if kind == "join" { "row" } else { "window" });
        match (held_back, kind) {
            (1, "join") => Some(format!("{name}: {open} still waits for a partner: no final result yet")),
            (1.., "join") => Some(format!("{name}: {open} still wait for a partner: no final result yet")),
            (1.., _) => Some(format!("{name}: {open} still open: no final result yet")),
            // What is told at once may be told anew as long as its window is open.
            (0, "aggregate") if metrics.open_windows > 0 => {
                let all = windows.filter(|(node, rows)| *node == at && *rows >= metrics.open_windows);
                let of = all.map_or_else(
                    || figures::of(metrics.open_windows, "window"),
                    |(_, rows)| format!("{} of {}", figures::count(metrics.open_windows), figures::of(rows, "window")),
                );
                Some(format!("{name}: {of} may still change"))
            }
            _ => None,
        }
    };
    running.report().into_iter().zip(running.held_back()).enumerate().filter_map(line).collect()
}

/// Where a log is cut, in milliseconds.
pub(crate) fn cut(
    at: Moment,
    snapshot: &Snapshot,
    topics: &[fabula_core::event::TopicName],
) -> anyhow::Result<Option<i64>> {
    let spans = topics.iter().filter_map(|topic| snapshot.topic(topic)).filter_map(|topic| topic.time_span_ns());
    let end = spans.map(|(_, end)| ns_to_ms(end)).max();
    Ok(match at {
        Moment::Latest => None,
        Moment::At(ms) => Some(ms),
        Moment::BeforeEnd(ms) => Some(end.unwrap_or(0).saturating_sub(ms)),
        Moment::Earliest => return Err(Usage::new("--at earliest is before the first event: name a time").into()),
    })
}

/// The view that is meant.
pub(super) fn chosen(views: &[PlannedView], name: Option<&str>) -> anyhow::Result<usize> {
    let names: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
    match (name, names.as_slice()) {
        (None, [_]) => Ok(0),
        (None, _) => Err(Usage::new(format!("which view? --view {}", names.join(", --view "))).into()),
        (Some(name), _) => names
            .iter()
            .position(|known| *known == name)
            .ok_or_else(|| Usage::new(format!("there is no view “{name}”; there are {}", names.join(", "))).into()),
    }
}

/// Writes a stream's rows as they come, and keeps a table's until the end.
struct ViewSink {
    view: usize,
    shown: PlannedView,
    table: Materialised,
    rows: ViewOutput,
    error: Option<std::io::Error>,
}

impl Sink for ViewSink {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        if view != self.view {
            return Ok(());
        }
        if self.shown.flow == Flow::Table {
            self.table.apply(rows);
            return Ok(());
        }
        for row in 0..rows.len() {
            let cells = self.shown.columns.iter().map(|(_, column, _)| rows.cell(*column, row));
            if let Err(error) = self.rows.row(cells) {
                self.error = Some(error);
                return Err(Stop::Cancelled);
            }
        }
        Ok(())
    }
}

impl ViewSink {
    /// Writes a table's rows, and what is left; gives how many rows there are.
    fn finish(mut self) -> anyhow::Result<u64> {
        if self.shown.flow == Flow::Table {
            let (rows, columns) = (&mut self.rows, &self.shown.columns);
            self.table.visit_sorted(|row| {
                let cells = columns.iter().map(|(_, column, _)| row.cells[*column].clone());
                rows.row(cells).map_err(anyhow::Error::from)
            })?;
        }
        Ok(self.rows.finish()?.say())
    }
}

/// Works while a bar shows how many events, or rows, are done.
pub(super) fn with_bar<T>(all: u64, what: &str, done: &AtomicU64, work: impl FnOnce() -> T) -> T {
    let bar = ProgressBar::new(all);
    let template = format!("{{bar:32}} {{percent:>3}} %  {{human_pos}} of {{human_len}} {what}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    let result = watched(|| bar.set_position(done.load(Ordering::Relaxed)), work);
    bar.finish_and_clear();
    result
}

/// Works while `draw` is called now and then.
pub(super) fn watched<T>(draw: impl Fn() + Sync, work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = || {
            while !over.load(Ordering::Relaxed) {
                draw();
                std::thread::park_timeout(TICK);
            }
        };
        // Without the thread the work goes on, only unseen.
        let watcher = std::thread::Builder::new().name("fabula-bar".to_owned()).spawn_scoped(scope, watch);
        let result = work();
        over.store(true, Ordering::Relaxed);
        if let Ok(watcher) = watcher {
            watcher.thread().unpark();
        }
        result
    })
}

/// What went wrong at a node, in a line; `None` if nothing did.
pub(crate) fn dropped_line(report: &NodeReport) -> Option<String> {
    let metrics = &report.metrics;
    let mut parts: Vec<String> =
        metrics.dropped.iter().map(|(why, count)| format!("{} {}", figures::count(*count), why.why())).collect();
    if metrics.late_windows > 0 {
        parts.push(format!("{} late for one of several windows", figures::count(metrics.late_windows)));
    }
    if metrics.mismatched > 0 {
        parts.push(format!("{} of another kind than they were used as", figures::of(metrics.mismatched, "value")));
    }
    (!parts.is_empty()).then(|| format!("{}: {}", report.name, parts.join(", ")))
}

fn stats_line(report: &NodeReport) -> String {
    let metrics = &report.metrics;
    let mut line = format!(
        "{} ({}): {} in, {} out",
        report.name,
        report.kind,
        figures::count(metrics.rows_in),
        figures::count(metrics.rows_out)
    );
    if let Some(time) = metrics.stream_time_ms {
        line.push_str(&format!(", stream time {}", format_iso_ms(time)));
    }
    if metrics.open_windows > 0 {
        line.push_str(&format!(", {} open", figures::of(metrics.open_windows, "window")));
    }
    if metrics.state_bytes > 0 {
        line.push_str(&format!(", {} of state", figures::bytes(metrics.state_bytes)));
    }
    if let Some(dropped) = dropped_line(report).and_then(|line| line.split_once(": ").map(|(_, rest)| rest.to_owned()))
    {
        line.push_str(&format!("; {dropped}"));
    }
    line
}
