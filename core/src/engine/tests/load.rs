//! Whole pipelines under load: one key that is in every row, and a join whose rows multiply.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::codec::{Cell, Choice, TopicCodecs};
use crate::engine::{Column, Feed, HISTORY_STEP, OUTPUT_ROWS, Plan, Rows, Running, Sink, Stop};
use crate::event::{EventBatchBuilder, TimestampType};
use crate::expr::Source;
use crate::log::Origin;
use crate::pipeline::Document;
use crate::store::Store;

/// Counts what comes, and cancels when that is enough.
struct Counted {
    rows: usize,
    largest: usize,
    enough: usize,
    cancel: CancellationToken,
    last: Vec<Cell<'static>>,
}

impl Counted {
    fn new(enough: usize) -> Self {
        Self { rows: 0, largest: 0, enough, cancel: CancellationToken::new(), last: Vec::new() }
    }
}

impl Sink for Counted {
    fn rows(&mut self, _: usize, rows: &Rows) -> Result<(), Stop> {
        self.rows += rows.len();
        self.largest = self.largest.max(rows.len());
        self.last = rows.row(rows.len() - 1).into_iter().map(Cell::into_owned).collect();
        if self.rows >= self.enough {
            self.cancel.cancel();
        }
        Ok(())
    }
}

fn plan(text: &str) -> Plan {
    let document = Document::parse(text).unwrap_or_else(|problems| panic!("{problems:?}"));
    Plan::of(document.pipeline()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// How many rows the hot key has; `FABULA_HOT_ROWS` says another number.
fn hot_rows() -> usize {
    std::env::var("FABULA_HOT_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(10_000_000)
}

#[test]
fn a_key_that_is_in_every_row_takes_no_more_memory_than_any_other() {
    let plan = plan(
        "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n[nodes.per]\nkind = \"aggregate\"\n\
         input = \"orders\"\nby = [\"value.k AS k\"]\nwindow = { kind = \"tumbling\", size = \"1d\" }\n\
         select = { rows = \"count(*)\", total = \"sum(value.n)\", largest = \"max(value.n)\" }\n",
    );
    let is_number = |field: &Source| matches!(field, Source::Value(path) if path.to_string().ends_with('n'));
    let fields: Vec<bool> = plan.sources[0].fields.iter().map(is_number).collect();
    let view = plan.views[0].clone();
    let mut running = Running::new(plan);
    let mut shown = Counted::new(usize::MAX);
    let step = |from: usize, len: usize| {
        let column = |number: &bool| match number {
            true => Column::of_ints((from as i64..(from + len) as i64).collect()),
            false => Column::of_one(&Cell::Text("hot".into()), len),
        };
        let columns = fields.iter().map(column).map(Arc::new).collect();
        Rows {
            seq: (from as u64..(from + len) as u64).collect(),
            time_ms: (from as i64..(from + len) as i64).collect(),
            sign: Vec::new(),
            columns,
        }
    };
    let rows = hot_rows();
    for from in (0..rows).step_by(HISTORY_STEP) {
        let len = HISTORY_STEP.min(rows - from);
        running.step(vec![step(from, len)], &mut shown, &CancellationToken::new()).unwrap();
    }
    let last = |name: &str| {
        let (_, column, _) = view.columns.iter().find(|column| column.0 == name).unwrap();
        shown.last[*column].clone()
    };
    let count = rows as i64;
    assert_eq!(last("rows"), Cell::Int(count));
    assert_eq!(last("total"), Cell::Int(count * (count - 1) / 2));
    assert_eq!(last("largest"), Cell::Int(count - 1));
    let state: u64 = running.report().iter().map(|report| report.metrics.state_bytes).sum();
    assert!(state < 64 << 10, "one window of one key: {state} bytes");
    // Each step tells of the window once: what was, and what is.
    assert_eq!(shown.rows, 2 * rows.div_ceil(HISTORY_STEP) - 1);
}

/// A thousand rows on each side, which all match each other.
fn fan_out() -> (Running, Feed) {
    let store = Store::temporary(Origin::Sample { events: 0, seed: 0 }, 1 << 30).unwrap();
    for topic in ["left", "right"] {
        let mut builder = EventBatchBuilder::new(topic, 0);
        for at in 0..1_000_i64 {
            let value = format!("{{\"n\":{at}}}");
            builder.push(at, at, TimestampType::Create, Some(b"hot"), Some(value.as_bytes()), []);
        }
        store.append(&builder.finish(), 0, 1_000).unwrap();
    }
    let plan = plan(
        "version = 1\n[nodes.l]\nkind = \"stream\"\ntopic = \"left\"\n[nodes.r]\nkind = \"stream\"\ntopic = \"right\"\n\
         [nodes.j]\nkind = \"join\"\nhow = \"inner\"\nleft = \"l\"\nright = \"r\"\non = [\"l.key = r.key\"]\nwithin = \"1h\"\n\
         [nodes.p]\nkind = \"project\"\ninput = \"j\"\nselect = { a = \"l.value.n\", b = \"r.value.n\" }\n",
    );
    let codecs = |_: &_| TopicCodecs::new(Choice::Text, Choice::Json);
    let feed = Feed::new(&store.snapshot(), &plan.sources, codecs, None);
    (Running::new(plan), feed)
}

#[test]
fn a_join_of_a_million_pairs_hands_them_over_in_parts_and_counts_them() {
    let (mut running, mut feed) = fan_out();
    let mut shown = Counted::new(usize::MAX);
    let step = feed.step(HISTORY_STEP).unwrap();
    running.step(step.rows, &mut shown, &CancellationToken::new()).unwrap();
    assert_eq!(shown.rows, 1_000_000);
    assert!(shown.largest <= OUTPUT_ROWS + 1_000, "no batch grows without bound: {}", shown.largest);
    let report = running.report();
    let join = report.iter().find(|report| report.name == "j").unwrap();
    assert_eq!((join.metrics.rows_in, join.metrics.rows_out), (2_000, 1_000_000));
    assert!(join.metrics.state_bytes < 1 << 20, "the rows that wait, not their pairs: {}", join.metrics.state_bytes);
}

#[test]
fn a_join_of_a_million_pairs_ends_when_it_is_cancelled() {
    let (mut running, mut feed) = fan_out();
    let mut shown = Counted::new(100_000);
    let cancel = shown.cancel.clone();
    let step = feed.step(HISTORY_STEP).unwrap();
    assert_eq!(running.step(step.rows, &mut shown, &cancel), Err(Stop::Cancelled));
    assert!(shown.rows < 100_000 + 2 * OUTPUT_ROWS, "{} rows came", shown.rows);
}
