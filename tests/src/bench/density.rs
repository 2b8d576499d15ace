//! The timeline's density: its build, and ten lanes at every zoom.

use std::time::Duration;

use anyhow::Result;
use fabula_core::store::{Density, Histogram, Run, Snapshot};

use super::{Data, Dice, Durations, Line, Table, timed};

const LANES: usize = 10;
const BINS: usize = 1500;

/// Measures building and asking.
///
/// # Errors
/// When the data cannot be made or read.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let (_store, snapshot) = data.open()?;
    build(&snapshot, table)?;
    let (lanes, took) = timed(|| lanes(&snapshot).into_iter().map(Density::of).collect::<Vec<_>>());
    table.add(Line::figure(format!("density: {} lanes from saved histograms", lanes.len()), super::span(took)));
    let bytes = lanes.iter().map(|lane| lane.bytes() as u64).sum();
    table.add(Line::smaller("density: memory of all lanes", bytes, 20_000_000));
    ask(&lanes, table)
}

/// Ten lanes with all events between them: topics, the largest split by partition until there are enough.
fn lanes(snapshot: &Snapshot) -> Vec<Vec<Run>> {
    let whole = |segments: &mut dyn Iterator<Item = &std::sync::Arc<fabula_core::store::Segment>>| {
        segments.map(|segment| Run::whole(segment.clone())).collect::<Vec<_>>()
    };
    let mut lanes: Vec<_> = snapshot.topics.iter().map(|topic| whole(&mut topic.segments())).collect();
    lanes.sort_by_key(|runs| std::cmp::Reverse(runs.iter().map(Run::len).sum::<usize>()));
    while lanes.len() < LANES && lanes.iter().any(|runs| runs.len() > 1) {
        lanes.sort_by_key(|runs| runs.len());
        let Some(mut largest) = lanes.pop() else { break };
        let half = largest.split_off(largest.len() / 2);
        lanes.extend([largest, half]);
    }
    while lanes.len() > LANES {
        let Some(smallest) = lanes.pop() else { break };
        lanes[0].extend(smallest);
    }
    lanes
}

fn build(snapshot: &Snapshot, table: &mut Table) -> Result<()> {
    let mut took = Duration::ZERO;
    let mut counted = 0;
    for segment in snapshot.segments() {
        let (events, order) = (segment.events()?, segment.time_order()?);
        let mut building = Durations::default();
        counted += building.time(|| Histogram::of(&events, order)).total();
        took += building.quantile(1.0);
        segment.release();
    }
    table.add(Line::above("density: build, one thread", counted, took, 20e6));
    Ok(())
}

fn ask(lanes: &[Density], table: &mut Table) -> Result<()> {
    let spans = lanes.iter().filter_map(Density::span_ns);
    let Some((min, max)) = spans.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))) else { return Ok(()) };
    let far = (0..=63u8).find(|level| (max >> level) - (min >> level) < BINS as i64).unwrap_or(63);
    let mut dice = Dice::new();
    let mut worst = (Duration::ZERO, 0);
    for level in (12..=far).rev() {
        let mut durations = Durations::default();
        for _ in 0..60 {
            let at = min + dice.below(min.abs_diff(max)) as i64;
            let start = (at >> level) - BINS as i64 / 2;
            let start = if level == far { min >> level } else { start };
            durations.time(|| count(lanes, start, level))?;
        }
        let p99 = durations.quantile(0.99);
        if p99 > worst.0 {
            worst = (p99, level);
        }
        if level == far || level == 32 || level == 24 {
            let what = format!("density: {} lanes, {BINS} bins of 2^{level} ns, p99", lanes.len());
            table.add(Line::below(what, p99, Duration::from_millis(1)));
        }
    }
    let what = format!("density: {} lanes, the slowest zoom (2^{} ns), p99", lanes.len(), worst.1);
    table.add(Line::below(what, worst.0, Duration::from_millis(1)));
    Ok(())
}

fn count(lanes: &[Density], start: i64, level: u8) -> Result<u64> {
    let mut sum = 0;
    for lane in lanes {
        sum += lane.bins(start, level, BINS)?.iter().sum::<u64>();
    }
    Ok(std::hint::black_box(sum))
}
