//! Pasts of pipelines that were drawn at random, held against runs over the log that was cut.

mod cut;
mod limits;
mod naive;

use std::sync::atomic::AtomicU64;

use tokio_util::sync::CancellationToken;

use super::{Deriving, Limits, Past};
use crate::codec::{Cell, Choice, TopicCodecs};
use crate::engine::tests::drawn::{Drawn, batches};
use crate::engine::{Feed, Materialised, Plan, PlannedView, Rows, Running, Sink, Stop, run_history};
use crate::event::{EventBatch, TopicPartition};
use crate::log::Origin;
use crate::pipeline::{Document, Flow};
use crate::store::Store;

/// A row's shown cells.
type Row = Vec<Cell<'static>>;

/// A pipeline and a log.
struct Case {
    document: Document,
    store: Store,
}

fn codecs(_: &crate::event::TopicName) -> TopicCodecs {
    TopicCodecs::new(Choice::Text, Choice::Json)
}

/// What the views come to.
struct Shown {
    views: Vec<PlannedView>,
    tables: Vec<Materialised>,
    streams: Vec<Vec<Row>>,
}

impl Sink for Shown {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        match self.views[view].flow {
            Flow::Table => self.tables[view].apply(rows),
            Flow::Stream => self.streams[view].extend((0..rows.len()).map(|row| shown(rows, row, &self.views[view]))),
        }
        Ok(())
    }
}

fn shown(rows: &Rows, row: usize, view: &PlannedView) -> Row {
    view.columns.iter().map(|(_, column, _)| rows.cell(*column, row).into_owned()).collect()
}

impl Shown {
    fn new(plan: &Plan) -> Self {
        Self {
            views: plan.views.clone(),
            tables: plan.views.iter().map(|view| Materialised::new(view.id.clone())).collect(),
            streams: vec![Vec::new(); plan.views.len()],
        }
    }

    /// The rows of a view: a stream's in their order, a table's in one that does not go by columns that nobody sees.
    fn rows(&self, view: usize) -> Vec<String> {
        let planned = &self.views[view];
        match planned.flow {
            Flow::Stream => self.streams[view].iter().map(|row| format!("{row:?}")).collect(),
            Flow::Table => {
                let rows = self.tables[view].sorted().unwrap();
                let cells = |row: &crate::engine::TableRow| -> Row {
                    planned.columns.iter().map(|(_, column, _)| row.cells[*column].clone()).collect()
                };
                in_order(rows.iter().map(|row| format!("{:?}", cells(row))).collect())
            }
        }
    }
}

fn in_order(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

/// A store that holds these partitions.
fn stored(batches: impl Iterator<Item = EventBatch>) -> Store {
    let store = Store::temporary(Origin::Sample { events: 0, seed: 0 }, 1 << 30).unwrap();
    for batch in batches {
        let end = batch.offsets().last().map_or(0, |last| last + 1);
        store.append(&batch, 0, end).unwrap();
    }
    store
}

impl Case {
    fn new(text: &str, events: &[Drawn]) -> Self {
        let document = Document::parse(text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        Self { document, store: stored(batches(events).into_iter().map(|(_, batch)| batch)) }
    }

    /// The same pipeline over a log that holds no more: each partition ends before its first event that is later.
    fn truncated_at(&self, events: &[Drawn], moment: i64) -> Self {
        let cut = |(_, batch): (TopicPartition, EventBatch)| {
            batch.slice(0, batch.timestamps_ms().iter().take_while(|time| **time <= moment).count())
        };
        Self { document: self.document.clone(), store: stored(batches(events).into_iter().map(cut)) }
    }

    /// The pipeline over the log cut at a moment, as `fabula run --at` does it.
    fn cut_at(&self, until_ms: Option<i64>) -> (Shown, Running) {
        let plan = Plan::of(self.document.pipeline()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut feed = Feed::new(&self.store.snapshot(), &plan.sources, codecs, until_ms);
        let (mut shown, mut running) = (Shown::new(&plan), Running::new(plan));
        run_history(&mut running, &mut feed, &mut shown, &CancellationToken::new(), &AtomicU64::new(0)).unwrap();
        (shown, running)
    }

    fn past(&self, node: &str, limits: Limits) -> Past {
        let deriving = Deriving {
            pipeline: self.document.pipeline(),
            snapshot: &self.store.snapshot(),
            codecs: &codecs,
            from_ms: None,
            until_ms: None,
            limits,
            cancel: &CancellationToken::new(),
            done: &AtomicU64::new(0),
        };
        let (past, damages) = deriving.past(node).unwrap();
        assert_eq!(damages, []);
        past
    }
}

/// The rows of a past at a moment, as [`Shown::rows`] gives them.
fn rows_at(past: &Past, until_ms: Option<i64>) -> Vec<String> {
    let told = past.as_of(until_ms, usize::MAX).unwrap();
    let rows: Vec<String> =
        (0..told.rows.len()).map(|row| format!("{:?}", shown(&told.rows, row, past.view()))).collect();
    assert_eq!(told.count, rows.len() as u64);
    if past.view().flow == Flow::Stream { rows } else { in_order(rows) }
}
