//! What a result covers, said on stderr after every result: complete, or why not.

use anyhow::bail;
use fabula_core::event::time::format_iso_ms;
use fabula_core::event::{TopicPartition, Watermarks};
use fabula_core::log::RangeEnd;
use fabula_core::log::plan::Plan;
use fabula_core::store::record::{RecordReport, Stopped};
use fabula_core::store::{PartitionSnapshot, Snapshot};

use super::say;
use crate::figures;

/// More partitions than this are not listed one by one.
const MOST_LISTED: usize = 12;

/// Says what was read of a log.
///
/// # Errors
/// Why it is not complete, in one line. What a person stopped is not complete, unless it was `endless`.
pub fn say_recorded(report: &RecordReport, endless: bool) -> anyhow::Result<()> {
    let lines = report.lines();
    say_some(&lines);
    match report.stopped {
        Some(Stopped::Cancelled) if endless && report.partitions.iter().all(|it| it.failure.is_none()) => Ok(()),
        Some(Stopped::Cancelled) => bail!("stopped before it was done; run it again to go on from there"),
        Some(Stopped::Budget { .. }) => {
            bail!("more than the temporary copy may hold: ask for less (--from, --limit), or record it (fabula record)")
        }
        None if report.is_complete() => Ok(()),
        None => bail!("not complete: {}", lines.get(1).map_or("see above", String::as_str)),
    }
}

/// Says what a recording holds of what was asked for.
///
/// # Errors
/// Why it is not complete, in one line: a hole in it, which is damage or was never recorded.
pub fn say_held(snapshot: &Snapshot, plan: &Plan, events: u64) -> anyhow::Result<()> {
    let mut holes = Vec::new();
    let mut behind = Vec::new();
    for range in &plan.ranges {
        let Some(held) = snapshot.partition(&range.partition) else { continue };
        let end = match range.end {
            RangeEnd::Before(end) => end,
            RangeEnd::Follow => held.coverage.end().unwrap_or(range.from),
        };
        let missing: u64 = held.coverage.missing(range.from, end).iter().map(|(from, to)| from.abs_diff(*to)).sum();
        if missing > 0 {
            holes.push(format!("{}: {} are missing", range.partition, figures::of(missing, "offset")));
        }
        behind.extend(left_behind(&range.partition, held));
    }
    let partitions = figures::of(plan.ranges.len() as u64, "partition");
    let complete = if holes.is_empty() { "complete" } else { "not complete" };
    let mut lines = vec![format!("{} of {partitions} · {complete}", figures::of(events, "event"))];
    lines.extend(behind);
    lines.extend(holes.iter().cloned());
    say_some(&lines);
    match holes.first() {
        Some(hole) => bail!("the recording has holes: {hole}; record it again from its log to fill them"),
        None => Ok(()),
    }
}

/// What the log had, when it was last asked, beyond what was recorded.
fn left_behind(partition: &TopicPartition, held: &PartitionSnapshot) -> Option<String> {
    let Watermarks { high, .. } = held.watermarks?;
    let end = held.coverage.end().unwrap_or(0);
    let when = held.watermarks_at_ms.map_or_else(String::new, |ms| format!(" on {}", format_iso_ms(ms)));
    (end < high).then(|| format!("{partition}: recorded up to offset {end}; its log went to {high}{when}"))
}

fn say_some(lines: &[String]) {
    lines.iter().take(MOST_LISTED).for_each(|line| say(line));
    if lines.len() > MOST_LISTED {
        say(&format!("… and {} more", lines.len() - MOST_LISTED));
    }
}
