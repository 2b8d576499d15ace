//! Whole pipelines give the same, however their input is cut, saved and loaded, or comes.

use std::sync::atomic::AtomicU64;

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;
use tokio_util::sync::CancellationToken;

use super::drawn::{Drawn, any_events, batches, pipeline};
use crate::codec::{Cell, Choice, TopicCodecs};
use crate::engine::{
    Feed, Mark, Materialised, Metrics, Plan, PlannedView, Rows, Running, Sink, StateReader, StateWriter, Stop,
    run_history,
};
use crate::event::{EventBatch, TopicPartition, Watermarks};
use crate::log::Origin;
use crate::pipeline::{Document, Flow, Pipeline};
use crate::store::Store;

/// What the views of a pipeline came to.
#[derive(Default)]
struct Shown {
    views: Vec<PlannedView>,
    tables: Vec<Materialised>,
    streams: Vec<Vec<(i64, Vec<Cell<'static>>)>>,
}

impl Sink for Shown {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        match self.views[view].flow {
            Flow::Table => self.tables[view].apply(rows),
            Flow::Stream => {
                let row = |row: usize| (rows.time_ms[row], rows.row(row).into_iter().map(Cell::into_owned).collect());
                self.streams[view].extend((0..rows.len()).map(row));
            }
        }
        Ok(())
    }
}

/// What a run came to: a line for each row of each view, and what was late or dropped where no table's updates are put
/// together before.
#[derive(Debug, PartialEq)]
struct Outcome {
    lines: Vec<String>,
    dropped: Vec<String>,
}

impl Shown {
    fn new(plan: &Plan) -> Self {
        Self {
            views: plan.views.clone(),
            tables: plan.views.iter().map(|view| Materialised::new(view.id.clone())).collect(),
            streams: vec![Vec::new(); plan.views.len()],
        }
    }

    fn outcome(&self, running: &Running, pipeline: &Pipeline) -> Outcome {
        let mut lines = Vec::new();
        for (at, view) in self.views.iter().enumerate() {
            match view.flow {
                // A table's row may carry the time of an event that changed nothing in it, or not: that is no part of it.
                Flow::Table => {
                    let rows = self.tables[at].sorted().unwrap();
                    lines.extend(rows.iter().map(|row| format!("{}: {:?}", view.name, row.cells)));
                }
                Flow::Stream => {
                    let rows = self.streams[at].iter();
                    lines.extend(rows.map(|(time, cells)| format!("{} at {time}: {cells:?}", view.name)));
                }
            }
        }
        let only_streams_before = |name: &str| behind_streams_only(pipeline, name);
        let reports = running.report().into_iter().filter(|report| only_streams_before(&report.name));
        let dropped = reports.map(|report| {
            let Metrics { rows_in, dropped, late_windows, mismatched, stream_time_ms, .. } = report.metrics;
            format!("{}: {rows_in} in, {dropped:?}, {late_windows}, {mismatched}, {stream_time_ms:?}", report.name)
        });
        Outcome { lines, dropped: dropped.collect() }
    }
}

/// Whether a node takes rows of streams alone, all the way from the topics: those are never put together.
fn behind_streams_only(pipeline: &Pipeline, name: &str) -> bool {
    let flows = crate::pipeline::flow(pipeline);
    let node = pipeline.node(name).unwrap();
    node.kind.inputs().iter().all(|(_, input)| flows[*input] == Flow::Stream && behind_streams_only(pipeline, input))
}

/// A pipeline and a log, to be run in several ways.
struct Case {
    document: Document,
    batches: Vec<(TopicPartition, EventBatch)>,
    store: Store,
}

fn codecs(_: &crate::event::TopicName) -> TopicCodecs {
    TopicCodecs::new(Choice::Text, Choice::Json)
}

fn empty_store() -> Store {
    Store::temporary(Origin::Sample { events: 0, seed: 0 }, 1 << 30).unwrap()
}

impl Case {
    fn new(text: &str, events: &[Drawn]) -> Self {
        let document = Document::parse(text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        assert_eq!(document.check(), [], "{text}");
        let store = empty_store();
        let batches = batches(events);
        for (partition, batch) in &batches {
            store.append(batch, 0, end(batch)).unwrap();
            store.set_watermarks(partition, Watermarks { low: 0, high: end(batch) }, 0).unwrap();
        }
        Self { document, batches, store }
    }

    fn plan(&self) -> Plan {
        Plan::of(self.document.pipeline()).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn feed(&self, plan: &Plan) -> Feed {
        Feed::new(&self.store.snapshot(), &plan.sources, codecs, None)
    }

    /// As the program runs history.
    fn whole(&self) -> Outcome {
        let plan = self.plan();
        let (mut feed, mut shown) = (self.feed(&plan), Shown::new(&plan));
        let mut running = Running::new(plan);
        run_history(&mut running, &mut feed, &mut shown, &CancellationToken::new(), &AtomicU64::new(0)).unwrap();
        shown.outcome(&running, self.document.pipeline())
    }

    /// In steps of these sizes over and over; where a step says so everything is saved, thrown away, and loaded.
    fn cut(&self, steps: &[(usize, bool)]) -> Outcome {
        let plan = self.plan();
        let (mut feed, mut shown) = (self.feed(&plan), Shown::new(&plan));
        let mut running = Running::new(plan);
        for (limit, reloads) in steps.iter().cycle() {
            let Some(step) = feed.step(*limit) else { break };
            running.step(step.rows, &mut shown, &CancellationToken::new()).unwrap();
            if *reloads {
                (running, feed) = self.reloaded(&running, &feed.mark());
            }
        }
        shown.outcome(&running, self.document.pipeline())
    }

    fn reloaded(&self, running: &Running, mark: &Mark) -> (Running, Feed) {
        let mut state = StateWriter::default();
        running.save(&mut state);
        let state = state.finish();
        let plan = self.plan();
        let mut feed = self.feed(&plan);
        feed.resume(mark);
        let mut loaded = Running::new(plan);
        let mut reader = StateReader::new(&state);
        loaded.load(&mut reader).unwrap();
        assert!(reader.is_at_end());
        (loaded, feed)
    }

    /// As a log that is followed: parts of partitions come in an order of their own. A partition of which more is known to
    /// come holds the others back.
    fn growing(&self, parts: &[(usize, usize)]) -> Outcome {
        let store = empty_store();
        for (partition, batch) in &self.batches {
            store.account(partition, 0, 0).unwrap();
            store.set_watermarks(partition, Watermarks { low: 0, high: end(batch) }, 0).unwrap();
        }
        let plan = self.plan();
        let mut shown = Shown::new(&plan);
        let mut feed = Feed::new(&store.snapshot(), &plan.sources, codecs, None);
        let mut running = Running::new(plan);
        let mut next = vec![0_usize; self.batches.len()];
        let rest = (0..self.batches.len()).map(|at| (at, usize::MAX));
        for (at, count) in parts.iter().copied().chain(rest) {
            let at = at % self.batches.len();
            let (_, batch) = &self.batches[at];
            let (from, to) = (next[at], next[at].saturating_add(count).min(batch.len()));
            let start = if from == 0 { 0 } else { batch.offsets()[from - 1] + 1 };
            let stop = if to == batch.len() { end(batch) } else { batch.offsets()[to] };
            store.append(&batch.slice(from, to - from), start, stop).unwrap();
            next[at] = to;
            feed.grow(&store.snapshot()).unwrap();
            while let Some(step) = feed.step(5) {
                running.step(step.rows, &mut shown, &CancellationToken::new()).unwrap();
            }
        }
        assert_eq!(feed.behind(), 0, "nobody was passed");
        shown.outcome(&running, self.document.pipeline())
    }
}

/// One past the last offset of a partition.
fn end(batch: &EventBatch) -> i64 {
    batch.offsets().last().map_or(0, |last| last + 1)
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_pipeline_gives_the_same_however_its_input_is_cut_saved_and_comes(
        choices in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..7),
        events in any_events(90),
        steps in prop::collection::vec((1..12_usize, any::<bool>()), 1..6),
        parts in prop::collection::vec((0..6_usize, 0..20_usize), 0..12),
    ) {
        let text = pipeline(&choices);
        let case = Case::new(&text, &events);
        let whole = case.whole();
        prop_assert_eq!(&with_threads(1, || case.cut(&[(1, false)])), &whole, "event by event, one thread\n{}", &text);
        prop_assert_eq!(&with_threads(2, || case.cut(&steps)), &whole, "cut, saved and loaded, two threads\n{}", &text);
        prop_assert_eq!(case.growing(&parts), whole, "as it comes\n{}", &text);
    }
}
