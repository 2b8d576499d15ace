//! What is asked of the events: which of them match, and which of their fields are wanted.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use fabula_core::codec::Choice;
use fabula_core::event::{EventBatch, EventRef, TopicName, TopicPartition};
use fabula_core::expr::{Codecs, Expr, ExprError, Projection, Query, search};
use fabula_core::schema::codecs_of;
use fabula_core::store::search::{Prefilter, Search, SearchOptions, SearchReport, Verdict, search_rows};
use fabula_core::store::{Matches, Segment, Snapshot};
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::told::Part;
use crate::cli::pipeline::say_unseen;
use crate::cli::{Usage, say};
use crate::figures;

/// How often a search that is under way is looked at.
const TICK: Duration = Duration::from_millis(10);

/// What is asked of the events.
#[derive(Debug)]
pub struct Question {
    condition: Option<Expr>,
    projection: Projection,
    names: Vec<String>,
    key: Option<Choice>,
    value: Option<Choice>,
    codecs: Arc<Codecs>,
    known: Vec<TopicName>,
}

/// What a search came to.
#[derive(Debug)]
pub struct Searched {
    report: SearchReport,
    mismatched: u64,
}

impl Question {
    /// Reads the question; payloads are in the formats named, else in those that their topics' samples show.
    ///
    /// # Errors
    /// [`Usage`] that points at the place in an expression that is none.
    pub fn new(
        condition: Option<&str>,
        columns: &[String],
        key: Option<Choice>,
        value: Option<Choice>,
    ) -> Result<Self, Usage> {
        let wrong = |flag: &str, error: &ExprError| Usage::pointing(format!("{flag}: {error}"), error.pointed());
        let condition = condition.map(Expr::condition).transpose().map_err(|error| wrong("--where", &error))?;
        let projection = Projection::parse(&columns.join(", ")).map_err(|error| wrong("--columns", &error))?;
        let names = projection.columns().iter().map(|column| column.name.clone()).collect();
        Ok(Self { condition, projection, names, key, value, codecs: Arc::default(), known: Vec::new() })
    }

    /// The names of the fields wanted.
    pub fn column_names(&self) -> &[String] {
        &self.names
    }

    /// Learns from a snapshot in which formats the topics are, where that matters and is not known yet.
    pub fn learn(&mut self, snapshot: &Snapshot, topics: &[TopicName]) {
        if self.condition.is_none() && self.names.is_empty() {
            return;
        }
        for topic in topics.iter().filter(|topic| !self.known.contains(topic)).cloned().collect::<Vec<_>>() {
            let Some(codecs) = snapshot.topic(&topic).and_then(|topic| codecs_of(topic, self.key, self.value)) else {
                continue;
            };
            Arc::make_mut(&mut self.codecs).insert(topic.clone(), codecs);
            self.known.push(topic);
        }
    }

    /// Looks for the events of a part that match; `None` where every event does.
    pub fn search(
        &self,
        part: &Part,
        snapshot: &Snapshot,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Option<(Matches, Searched)>> {
        let partitions = part.partitions(snapshot);
        let segments: Vec<Arc<Segment>> = partitions.flat_map(|partition| &partition.segments).cloned().collect();
        let options = SearchOptions::default();
        match &self.condition {
            None if part.first_offsets.is_empty() => Ok(None),
            Some(condition) if part.first_offsets.is_empty() => {
                let found = search(segments, &Query::Condition(condition.clone()), &self.codecs, options)?;
                let (matches, report) = take(&found.search, cancel);
                Ok(Some((matches, Searched { report, mismatched: found.mismatched() })))
            }
            condition => {
                let found = search_rows(segments, &Prefilter::Nothing, self.judge(condition.clone(), part), options)?;
                let (matches, report) = take(&found, cancel);
                Ok(Some((matches, Searched { report, mismatched: 0 })))
            }
        }
    }

    /// Judges rows by the first offsets wanted, and by a condition.
    fn judge(
        &self,
        condition: Option<Expr>,
        part: &Part,
    ) -> Arc<impl Fn(&EventBatch, &[u32]) -> Verdict + Send + Sync + 'static> {
        let (first_offsets, codecs) = (part.first_offsets.clone(), self.codecs.clone());
        Arc::new(move |events: &EventBatch, rows: &[u32]| {
            let partition = TopicPartition::new(events.topic().clone(), events.partition());
            let first = first_offsets.get(&partition).copied().unwrap_or(i64::MAX);
            let wanted = |row: &u32| events.offsets()[*row as usize] >= first;
            let rows: Vec<u32> = rows.iter().copied().filter(wanted).collect();
            let Some(condition) = &condition else { return Verdict { rows, ..Verdict::default() } };
            let matching = condition.matches(events, &rows, codecs.of(events.topic()));
            Verdict {
                rows: matching.rows,
                failed: matching.failures.len() as u64,
                first_failure: matching.failures.first().map(|(row, fault)| (*row, fault.to_string())),
            }
        })
    }

    /// Those of a batch's rows that match.
    pub fn keep(&self, events: &EventBatch, rows: Vec<u32>) -> Vec<u32> {
        match &self.condition {
            Some(condition) => condition.matches(events, &rows, self.codecs.of(events.topic())).rows,
            None => rows,
        }
    }

    /// The fields wanted of an event; `None` is null or missing.
    pub fn cells(&self, event: EventRef<'_>) -> Vec<Option<Cow<'static, str>>> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let rows = [event.row() as u32];
        let cells = self.projection.evaluate(event.batch(), &rows, self.codecs.of(event.topic()));
        let shown = |column: Vec<fabula_core::codec::Cell<'_>>| {
            column.first().filter(|cell| !cell.is_null()).map(|cell| Cow::Owned(cell.to_string()))
        };
        cells.into_iter().map(shown).collect()
    }

    /// Says which fields no event was seen to have.
    pub fn say_unseen(&self, snapshot: &Snapshot, topics: &[TopicName]) {
        let condition = self.condition.iter().flat_map(|condition| condition.sources());
        let columns = self.projection.columns().iter().flat_map(|column| column.expr.sources());
        say_unseen(snapshot, topics, condition.chain(columns), (self.key, self.value));
    }

    /// Says what the search came to, where a condition was asked for.
    pub fn say(&self, searched: Option<&Searched>) {
        let Some(Searched { report, mismatched }) = searched.filter(|_| self.condition.is_some()) else { return };
        say(&report.to_string());
        if let Some(failure) = &report.first_failure {
            let failed = figures::of(report.failed, "event");
            say(&format!(
                "{failed} could not be judged and did not match; the first is {}: {}",
                failure.event, failure.why
            ));
        }
        if *mismatched > 0 {
            let times = figures::of(*mismatched, "value");
            say(&format!("{times} of another kind than what --where compares with did not match; CAST converts"));
        }
    }
}

/// Takes what a search finds until it is over or cancelled, and shows how far it is.
fn take(search: &Search, cancel: &CancellationToken) -> (Matches, SearchReport) {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:32} {percent:>3} %  scanned {human_pos} of {human_len}  {msg}")
    {
        bar.set_style(style);
    }
    let mut matches = Matches::new();
    loop {
        if let Some(found) = search.try_next() {
            matches.insert(found);
            continue;
        }
        if search.is_over() {
            break;
        }
        if cancel.is_cancelled() {
            search.cancel();
        }
        let report = search.report();
        bar.set_length(report.total);
        bar.set_position(report.scanned);
        bar.set_message(format!("matched {}", figures::count(report.matched)));
        std::thread::sleep(TICK);
    }
    bar.finish_and_clear();
    (matches, search.report())
}
