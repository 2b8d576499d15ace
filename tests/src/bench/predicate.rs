//! A condition on a field of JSON: Fabula's search of the recording beside DuckDB's of the same events in Parquet.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fabula_core::expr::{Codecs, Query, search};
use fabula_core::store::Snapshot;
use fabula_core::store::search::{SearchEnd, SearchOptions};

use super::{Data, Line, Table, race};

/// The topic with the most events.
const TOPIC: &str = "web-clicks";

/// What is asked: in Fabula's words, and in DuckDB's.
const QUESTIONS: &[(&str, &str)] = &[
    ("value.seq > 8", "try_cast((value->>'$.seq') as bigint) > 8"),
    ("value.type = 'CheckoutSubmitted'", "(value->>'$.type') = 'CheckoutSubmitted'"),
    ("value.order_id = 'A-10084'", "(value->>'$.order_id') = 'A-10084'"),
];

const RUNS: usize = 3;

/// Measures both, reading from the system's cache and not from the disk.
///
/// # Errors
/// When the data cannot be made or read, or DuckDB cannot be had.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let duckdb = DuckDb::install(data)?;
    let parquet = duckdb.parquet(data)?;
    let (_store, snapshot) = data.open()?;
    snapshot.segments().try_for_each(|segment| segment.verify())?;
    for (condition, sql) in QUESTIONS {
        let theirs = || duckdb.count(&parquet, sql);
        let ((ours, took), ((theirs, inside), _)) = race(RUNS, || count(&snapshot, condition), theirs)?;
        anyhow::ensure!(ours == theirs && ours > 0, "{condition}: {ours} matches, and {theirs} by DuckDB");
        table.add(Line::beside(format!("predicate: {condition}"), took, "DuckDB", inside, 5.0));
    }
    Ok(())
}

/// How many events of the topic meet a condition.
fn count(snapshot: &Snapshot, condition: &str) -> Result<u64> {
    let topic = snapshot.topic(TOPIC).with_context(|| format!("there is no topic {TOPIC}"))?;
    let query = Query::parse(condition).map_err(|error| anyhow::anyhow!("{error}"))?;
    let segments = topic.segments().cloned().collect();
    let search = search(segments, &query, &Arc::new(Codecs::default()), SearchOptions::default())?.search;
    let (matches, report) = search.finish();
    anyhow::ensure!(report.end == Some(SearchEnd::Finished) && report.left_out.is_empty(), "{report}");
    Ok(matches.count())
}

/// DuckDB in a Python environment of its own.
struct DuckDb {
    python: PathBuf,
}

impl DuckDb {
    fn install(data: &Data) -> Result<Self> {
        let home = data.dir().with_file_name("venv");
        let python = home.join("bin").join("python");
        if !python.exists() {
            eprintln!("installing DuckDB …");
            run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "duckdb"]))?;
        }
        Ok(Self { python })
    }

    /// The topic's events as Parquet, but for those whose value is no JSON, of which none can match and over which DuckDB
    /// would fail; made on first use.
    fn parquet(&self, data: &Data) -> Result<PathBuf> {
        let done = data.dir().join("topic.parquet");
        if !done.exists() {
            eprintln!("writing the events of {TOPIC} as Parquet …");
            let (lines, aside) = (data.json_lines()?, data.dir().join("topic.parquet.part"));
            let columns = "columns = {topic: 'VARCHAR', partition: 'INTEGER', \"offset\": 'BIGINT', \
                           timestamp_ms: 'BIGINT', key: 'VARCHAR', value: 'VARCHAR'}";
            let lines = format!("read_json('{}', format = 'newline_delimited', {columns})", lines.display());
            self.ask(&format!(
                "copy (select * from {lines} where topic = '{TOPIC}' and json_valid(value)) to '{}' (format parquet)",
                aside.display()
            ))?;
            std::fs::rename(&aside, &done)?;
        }
        Ok(done)
    }

    /// How many events meet a condition, and how long DuckDB itself took to say so.
    fn count(&self, parquet: &Path, condition: &str) -> Result<(u64, Duration)> {
        let said = self.ask(&format!("select count(*) from '{}' where {condition}", parquet.display()))?;
        let figures = || {
            let (count, seconds) = said.trim().split_once(' ')?;
            Some((count.parse().ok()?, Duration::from_secs_f64(seconds.parse().ok()?)))
        };
        figures().with_context(|| format!("DuckDB gave no count but: {said}"))
    }

    /// Runs a statement, and says the first figure of its result and the seconds it took; the best of a few runs where
    /// it only asks.
    fn ask(&self, statement: &str) -> Result<String> {
        const ASK: &str = "import duckdb, sys, time\n\
            duckdb.execute('set enable_progress_bar = false')\n\
            best, result = float('inf'), None\n\
            for _ in range(3 if sys.argv[1].startswith('select') else 1):\n\
            \x20   start = time.perf_counter()\n\
            \x20   result = duckdb.execute(sys.argv[1]).fetchone()\n\
            \x20   best = min(best, time.perf_counter() - start)\n\
            print(result and result[0], best)\n";
        run(Command::new(&self.python).args(["-c", ASK, statement]))
    }
}

fn run(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("cannot run {command:?}"))?;
    anyhow::ensure!(done.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
