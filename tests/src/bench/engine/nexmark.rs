//! Nexmark's heavier queries.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::Result;
use fabula_core::engine::{Feed, Plan, Running, run_history};
use fabula_core::store::{Snapshot, Store};
use tokio_util::sync::CancellationToken;

use super::super::{Data, Table};
use super::one_shot::Frames;
use super::{Pace, RUNS, SHARE, TIMES, left_out, ours, windows};
use crate::nexmark::{Nexmark, columns, file, pipeline, record, sql};
use crate::oracle::flink::{self, Case, Column};

/// The queries.
const QUERIES: [&str; 5] = ["q5", "q7", "q8", "q11", "q20"];

/// Those that are also measured from what lies on the disk.
const FROM_DISK: [&str; 2] = ["q5", "q20"];

/// How many rows there are for each of Nexmark's events, which are larger.
const ROWS_OF_AN_EVENT: u64 = 4;

/// Measures the queries.
pub fn measure(data: &Data, rows: u64, table: &mut Table) -> Result<()> {
    let events = Nexmark {
        events: (rows / ROWS_OF_AN_EVENT) as usize,
        per_second: 10_000,
        disorder: 50,
        start_ms: 1_773_514_740_000,
    };
    let folder = written(data, events)?;
    let (store, damage) = Store::open(&folder.join("recording"))?;
    anyhow::ensure!(damage.is_empty(), "the recording of Nexmark is damaged: {}", damage[0]);
    let snapshot = store.snapshot();
    let frames = Frames::of(events.events())?;
    for query in QUERIES {
        let plan = || ours::plan_of_file(&pipeline(query));
        let steps = ours::decoded(&snapshot, &plan()?);
        let rows: u64 = steps.iter().flatten().map(|rows| rows.len() as u64).sum();
        let ran = ours::run(plan, &steps, RUNS)?;
        drop(steps);
        let mine = Pace { rows, took: ran.took };
        for (parallelism, times) in [(1, Some(TIMES)), (2, None)] {
            match flink(query, &folder, parallelism, true) {
                Ok(took) => {
                    let theirs = Pace { rows, took };
                    table.add(mine.beside(query, &format!("Flink {parallelism}"), theirs, times));
                }
                Err(missing) => left_out(query, &missing),
            }
        }
        if let Some(answer) = frames.ask(query)? {
            table.add(mine.beside(query, "Polars", Pace { rows, took: answer.took }, Some(SHARE)));
        }
        if FROM_DISK.contains(&query) {
            let mine = Pace { rows, took: from_disk(&snapshot, plan()?)? };
            match flink(query, &folder, 2, false) {
                Ok(took) => {
                    let what = format!("{query} from disk, two cores");
                    table.add(mine.beside(&what, "Flink 2", Pace { rows, took }, Some(TIMES)));
                }
                Err(missing) => left_out(query, &missing),
            }
        }
    }
    Ok(())
}

/// The events as files and as a recording; made on first use.
fn written(data: &Data, events: Nexmark) -> Result<PathBuf> {
    let done = data.dir().join(format!("nexmark-{}", events.events));
    if !done.exists() {
        eprintln!("writing {} events of Nexmark …", events.events);
        let aside = done.with_extension("part");
        let _ = fs::remove_dir_all(&aside);
        events.write(&aside)?;
        drop(record(&aside, &aside.join("recording"))?);
        fs::rename(&aside, &done)?;
    }
    Ok(done)
}

/// How long a pipeline takes over a recording: one thread decodes, another works.
fn from_disk(snapshot: &Snapshot, plan: Plan) -> Result<Duration> {
    let mut feed = Feed::new(snapshot, &plan.sources, |_| ours::codecs(), None);
    let mut running = Running::new(plan);
    let start = Instant::now();
    run_history(&mut running, &mut feed, &mut ours::Counted::default(), &CancellationToken::new(), &AtomicU64::new(0))?;
    Ok(start.elapsed())
}

/// How long Flink takes, over rows in memory or over the files.
fn flink(query: &str, folder: &Path, parallelism: u32, loaded: bool) -> Result<Duration, String> {
    let (topics, sql) = sql(query).ok_or_else(|| format!("{query} is not in SQL"))?;
    let table = |topic: &&str| {
        let mut table = flink::Table::new(topic, columns(topic), Some("ts - INTERVAL '1' SECOND"));
        table.columns.push(Column::computed("ts", "TO_TIMESTAMP_LTZ(date_time, 3)"));
        let path = Some(file(folder, topic).display().to_string());
        if loaded {
            table.loaded = path;
        } else {
            table.path = path;
        }
        table
    };
    let tables: Vec<_> = topics.iter().map(table).collect();
    let answer =
        flink::measure(&Case { parallelism, config: windows::fast(), ..Case::new(&tables, &sql, Vec::new()) })?;
    Ok(Duration::from_secs_f64(answer.seconds))
}
