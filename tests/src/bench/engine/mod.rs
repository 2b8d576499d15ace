//! The pipeline engine beside stream engines and a one-shot engine: windows, sessions, joins, Nexmark.
//!
//! Everybody gets the same events out of memory, and counts what comes of them. The goal is ten times the rows in a second
//! of the stream engines on one core, and no less than half of Polars', which has all rows at once, knows that no more will
//! come, and keeps nothing. What it takes to start is left out. Fabula's rows lie ready in columns and Flink's are made by
//! a formula (Nexmark's lie ready as rows); Kafka Streams reads from a broker, on the same machine and therefore the same
//! cores, and fewer rows. It has none of Nexmark's queries here. Polars runs on as many threads as `POLARS_MAX_THREADS`
//! says: `tests/bench` says one.

mod decoding;
mod nexmark;
mod one_shot;
mod ours;
mod windows;

use std::time::Duration;

use anyhow::Result;

use super::{Data, Line, Table};

/// How many rows are measured at most: more changes no rate.
const MOST_ROWS: u64 = 2_000_000;

/// Runs of ours and of Polars', of which the best counts.
const RUNS: usize = 3;

/// How many times the rate of stream engines is aimed at, on one core.
const TIMES: f64 = 10.0;

/// The share of a one-shot engine's rate that is aimed at.
const SHARE: f64 = 0.5;

/// Measures the engine.
///
/// # Errors
/// When the data cannot be made, or results differ that should not.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let rows = data.events().min(MOST_ROWS);
    decoding::measure(rows, table)?;
    windows::state(rows, table)?;
    windows::measure(rows, table)?;
    nexmark::measure(data, rows, table)
}

/// How many rows were taken in how long.
#[derive(Debug, Clone, Copy)]
struct Pace {
    rows: u64,
    took: Duration,
}

impl Pace {
    fn rate(self) -> f64 {
        self.rows as f64 / self.took.as_secs_f64().max(1e-9)
    }

    fn text(self) -> String {
        format!("{:.2} M/s", self.rate() / 1e6)
    }

    /// A line of this beside another, of whose rate it is to be so many times as much.
    fn beside(self, what: &str, name: &str, other: Self, times: Option<f64>) -> Line {
        let ratio = self.rate() / other.rate();
        Line {
            what: format!("engine: {what}"),
            ours: self.text(),
            peer: format!("{name} {}", other.text()),
            ratio: Some(ratio),
            goal: times.map(|times| format!("{times} ×")).unwrap_or_default(),
            met: times.map(|times| ratio >= times),
        }
    }
}

/// Says which measurement has to be left out, and why.
fn left_out(what: &str, why: &str) {
    eprintln!("{what}: {why}");
}
