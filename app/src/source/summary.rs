//! What is known in sum about each topic of a store: counts, sizes, coverage, and its rate over time for a sparkline.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::event::time::ms_to_ns;
use fabula_core::event::{TopicName, Watermarks};
use fabula_core::log::LogError;
use fabula_core::store::{BLOCK_ROWS, Snapshot, TopicSnapshot};

use crate::state::{CoverageTotals, TimeRange, TopicTotals};

/// How many slices of time a sparkline has.
const SLICES: usize = 32;

/// Up to so many events of a topic are counted one by one.
const FEW_EVENTS: u64 = 32_768;

/// Sums of a whole store.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The version of the snapshot that was summed.
    pub version: u64,
    /// By topic.
    pub topics: BTreeMap<TopicName, TopicTotals>,
    /// All together.
    pub coverage: CoverageTotals,
}

/// Sums a snapshot. Costs as much as it has blocks (of about 512 events); for a job.
pub fn summarise(snapshot: &Snapshot) -> Summary {
    let whole = snapshot.topics.iter().filter_map(|topic| topic.time_span_ns());
    let whole = whole.map(|(first, last)| TimeRange::new(first, last)).reduce(TimeRange::union);
    let mut summary = Summary { version: snapshot.version, ..Summary::default() };
    for topic in &snapshot.topics {
        let totals = topic_totals(topic, whole);
        add(&mut summary.coverage, topic, &totals);
        summary.topics.insert(topic.name.clone(), totals);
    }
    summary
}

fn topic_totals(topic: &TopicSnapshot, whole: Option<TimeRange>) -> TopicTotals {
    let watermarks: Vec<(i32, Watermarks)> =
        topic.partitions.iter().filter_map(|partition| Some((partition.partition, partition.watermarks?))).collect();
    TopicTotals {
        offsets: watermarks.iter().map(|(_, marks)| marks.span()).sum(),
        watermarks,
        failures: failures(topic),
        events: topic.events(),
        bytes: topic.segments().map(|segment| segment.bytes()).sum(),
        covered: topic.partitions.iter().map(|partition| partition.coverage.offsets()).sum(),
        extent: topic.time_span_ns().map(|(first, last)| TimeRange::new(first, last)),
        rate: whole.map_or_else(|| Arc::from([]), |whole| rate(topic, whole)),
    }
}

fn failures(topic: &TopicSnapshot) -> Vec<(i32, LogError)> {
    topic.partitions.iter().filter_map(|held| Some((held.partition, held.failure.clone()?))).collect()
}

/// Events per slice of the whole extent.
fn rate(topic: &TopicSnapshot, whole: TimeRange) -> Arc<[f32]> {
    let slice_ns = (whole.span_ns() as f64 / SLICES as f64).max(1.0);
    let slices =
        if topic.events() <= FEW_EVENTS { counted(topic, whole, slice_ns) } else { spread(topic, whole, slice_ns) };
    slices.into_iter().map(|events| events as f32).collect()
}

/// Counts event by event. A segment that is damaged has none.
fn counted(topic: &TopicSnapshot, whole: TimeRange, slice_ns: f64) -> Vec<f64> {
    let mut slices = vec![0.0_f64; SLICES];
    for events in topic.segments().filter_map(|segment| segment.events().ok()) {
        for time_ns in events.events().filter_map(|event| event.time_ns()) {
            let at = time_ns.saturating_sub(whole.start_ns) as f64 / slice_ns;
            slices[(at as usize).min(SLICES - 1)] += 1.0;
        }
    }
    slices
}

/// Spreads each block's events evenly over its time: near enough where there are many blocks.
fn spread(topic: &TopicSnapshot, whole: TimeRange, slice_ns: f64) -> Vec<f64> {
    let mut slices = vec![0.0_f64; SLICES];
    for segment in topic.segments() {
        let Ok(index) = segment.blocks() else { continue };
        let mut rows_left = segment.len();
        for block in index.blocks() {
            let timed = rows_left.min(BLOCK_ROWS) as f64 - f64::from(block.untimed);
            rows_left = rows_left.saturating_sub(BLOCK_ROWS);
            if block.min_ms > block.max_ms {
                continue;
            }
            let from = ms_to_ns(block.min_ms).saturating_sub(whole.start_ns) as f64 / slice_ns;
            let to = (ms_to_ns(block.max_ms).saturating_sub(whole.start_ns) as f64 / slice_ns).max(from + 1e-9);
            let (begin, end) = (from as usize, (to as usize).min(SLICES - 1));
            for (at, slice) in slices.iter_mut().enumerate().take(end + 1).skip(begin.min(SLICES - 1)) {
                let overlap = (to.min(at as f64 + 1.0) - from.max(at as f64)).max(0.0) / (to - from);
                *slice += timed * overlap;
            }
        }
    }
    slices
}

fn add(coverage: &mut CoverageTotals, topic: &TopicSnapshot, totals: &TopicTotals) {
    coverage.topics += 1;
    coverage.covered += totals.covered;
    coverage.offsets += totals.offsets;
    coverage.events += totals.events;
    coverage.until_ns = coverage.until_ns.max(totals.extent.map(|extent| extent.end_ns));
    for partition in &topic.partitions {
        coverage.partitions += 1;
        coverage.failed += usize::from(partition.failure.is_some());
        let complete = partition.watermarks.is_some_and(|marks| partition.coverage.is_complete(marks));
        coverage.complete += usize::from(complete && partition.failure.is_none());
    }
}
