//! Runs over small logs, without a window.

use std::sync::Arc;

use fabula_core::engine::Metrics;
use fabula_core::event::{EventBatchBuilder, TimestampType};
use fabula_core::log::Origin;
use fabula_core::pipeline::Document;
use fabula_core::store::{Snapshot, Store};
use parking_lot::Mutex;

use super::run::{Ended, Run, Shapes, Shared};
use crate::jobs::{Jobs, Progress, Title};
use crate::state::{Outcome, State, Stretch};
use crate::theme::Theme;
use crate::whole_run::{WholeRun, read_part};
use crate::zone::{Clock, Zone};

const ORDERS: &str = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n";
const PER_MINUTE: &str = "[nodes.per_minute]\nkind = \"aggregate\"\ninput = \"orders\"\nby = [\"key\"]\n\
    window = { kind = \"tumbling\", size = \"1m\" }\nselect = { n = \"count(*)\", total = \"sum(value.n)\" }\n\
    [nodes.shown]\nkind = \"view\"\ninput = \"per_minute\"\n";
const ELSEWHERE: &str = "[nodes.elsewhere]\nkind = \"stream\"\ntopic = \"nowhere\"\n\
    [nodes.behind]\nkind = \"view\"\ninput = \"elsewhere\"\n";

/// Orders of two partitions, every few seconds; the fifth of each has no time.
fn log() -> Arc<Snapshot> {
    let store = Store::temporary(Origin::Sample { events: 0, seed: 0 }, 1 << 30).expect("a store");
    for partition in 0..2_i64 {
        let mut builder = EventBatchBuilder::new("orders", partition as i32);
        for offset in 0..400 {
            let kind = if offset == 4 { TimestampType::None } else { TimestampType::Create };
            // Now and then one is earlier than the one before it.
            let time = 1_000_000 + offset * 1_700 + partition * 300 - if offset % 7 == 3 { 70_000 } else { 0 };
            let (key, value) = (format!("k{}", offset % 3), format!("{{\"n\":{}}}", offset % 11));
            builder.push(offset, time, kind, Some(key.as_bytes()), Some(value.as_bytes()), []);
        }
        store.append(&builder.finish(), 0, 400).expect("room");
    }
    store.snapshot()
}

/// What a pipeline needs to run over a stretch, and where it hands over.
fn run_of(text: &str, snapshot: &Arc<Snapshot>, stretch: Stretch) -> (Run, Arc<Mutex<Shared>>) {
    let state = State::new(Clock::new(Zone::Utc, jiff::tz::TimeZone::UTC), Theme::Dark);
    let pipeline = Arc::new(Document::parse(text).expect("a pipeline").pipeline().clone());
    let (part, unread) = read_part(&pipeline, snapshot);
    let mut over = WholeRun::over(part, Arc::clone(snapshot), &state);
    over.stretch = stretch;
    let shared = Arc::<Mutex<Shared>>::default();
    let run = Run {
        version: 1,
        pipeline,
        only: None,
        over,
        unread,
        grows: false,
        shapes: Shapes::default(),
        shared: Arc::clone(&shared),
        wake: crate::jobs::Waker::default(),
    };
    (run, shared)
}

/// Does something as a job.
fn at_work<T: Send + 'static>(work: impl FnOnce(&Progress) -> T + Send + 'static) -> T {
    let jobs = Jobs::new().expect("threads");
    let mut job = jobs.spawn_blocking(Title::quiet("a run"), work);
    loop {
        if let Some(done) = job.poll() {
            return done;
        }
        assert!(!job.is_lost(), "the job came to no end");
        std::thread::yield_now();
    }
}

fn run(text: &str, snapshot: &Arc<Snapshot>, stretch: Stretch) -> (Ended, Outcome) {
    let (run, shared) = run_of(text, snapshot, stretch);
    let ended = at_work(move |progress| run.begin(None, progress));
    let outcome = shared.lock().outcome.clone();
    (ended, outcome)
}

/// What a person sees of an outcome's end: the rows of a node, and every node's figures but how many updates of a table
/// it gave, for those of one step may be put together.
fn seen(outcome: &Outcome, node: &str) -> (Vec<String>, Vec<String>) {
    let rows = &outcome.views[node].rows;
    let cells = |row: usize| (0..rows.columns.len()).map(|column| rows.cell(column, row).to_string() + " ").collect();
    let figures = outcome.reports.iter().map(|report| {
        let Metrics { dropped, late_windows, open_windows, stream_time_ms, .. } = &report.metrics;
        format!("{} {dropped:?} {late_windows} {open_windows} {stream_time_ms:?}", report.name)
    });
    ((0..rows.len()).map(cells).collect(), figures.collect())
}

#[test]
fn a_cut_that_moves_on_comes_to_what_a_run_up_to_there_comes_to() {
    let (log, text) = (log(), format!("{ORDERS}{PER_MINUTE}"));
    let cut = |until_ms: i64| Stretch { from_ms: None, until_ms: Some(until_ms) };
    let ends = [900_000, 1_000_000, 1_060_000, 1_200_123, 1_500_000];
    for pair in ends.windows(2) {
        let (run, shared) = run_of(&text, &log, cut(pair[0]));
        let until = Some(pair[1]);
        let live = at_work(move |progress| {
            let live = run.begin(None, progress).live.expect("what is cut can be gone on with");
            live.reach(until, progress).live.expect("and again")
        });
        let (_, whole) = run_at(&text, &log, until);
        let went_on = shared.lock().outcome.clone();
        assert_eq!(seen(&went_on, "shown"), seen(&whole, "shown"), "{pair:?}");
        assert!(went_on.whole && went_on.stretch.until_ms == until && went_on.done.0 == whole.done.0);
        assert_eq!(went_on.first["orders"].count > 0, whole.first["orders"].count > 0, "{pair:?}");
        let ended = at_work(move |progress| live.reach(None, progress));
        assert!(ended.live.is_none(), "all of a log that does not grow is all there is");
        let (_, whole) = run_at(&text, &log, None);
        assert_eq!(seen(&shared.lock().outcome, "shown"), seen(&whole, "shown"));
    }
}

fn run_at(text: &str, log: &Arc<Snapshot>, until_ms: Option<i64>) -> (Ended, Outcome) {
    run(text, log, Stretch { from_ms: None, until_ms })
}

#[test]
fn what_reads_a_topic_that_is_not_read_waits_and_the_rest_runs() {
    let (_, outcome) = run_at(&format!("{ORDERS}{PER_MINUTE}{ELSEWHERE}"), &log(), None);
    assert!(outcome.whole && outcome.failure.is_none(), "{:?}", outcome.failure);
    assert!(outcome.views["shown"].count > 10);
    assert_eq!(
        outcome.unread.iter().map(|(node, topic)| (&**node, &**topic)).collect::<Vec<_>>(),
        [("elsewhere", "nowhere")]
    );
    let (_, nothing) = run_at(&format!("version = 1\n{ELSEWHERE}"), &log(), None);
    assert!(!nothing.whole && nothing.failed.as_deref() == Some("elsewhere"), "{nothing:?}");
}

#[test]
fn events_without_a_time_are_counted_and_lead_to_themselves() {
    let (_, outcome) = run_at(&format!("{ORDERS}{PER_MINUTE}"), &log(), None);
    assert_eq!(outcome.untimed["orders"].count, 2);
    let lines = &outcome.aside["orders"];
    assert_eq!(
        lines.iter().filter_map(|line| line.selection()).map(|at| at.coordinates.offset).collect::<Vec<_>>(),
        [4, 4]
    );
    assert_eq!(outcome.report("orders").map(|report| report.metrics.rows_out), Some(798));
}

#[test]
fn a_run_that_somebody_ends_says_how_far_it_came_and_rests() {
    let log = log();
    let (run, shared) = run_of(&format!("{ORDERS}{PER_MINUTE}"), &log, Stretch::default());
    let ended = at_work(move |progress| {
        progress.token().cancel();
        run.begin(None, progress)
    });
    assert!(ended.cancelled && ended.live.is_none());
    let outcome = shared.lock().outcome.clone();
    assert!(!outcome.whole);
    assert_eq!(outcome.failure.as_deref(), Some("ended after 0 of 800 events: run it again for the rest"));
}
