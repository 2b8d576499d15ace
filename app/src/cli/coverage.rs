//! What a result covers, said on stderr after every result: complete, or why not.

use anyhow::bail;
use fabula_core::event::Watermarks;
use fabula_core::event::time::format_iso_ms;
use fabula_core::log::plan::Plan;
use fabula_core::log::{PartitionRange, RangeEnd};
use fabula_core::store::record::{RecordReport, Stopped};
use fabula_core::store::{PartitionSnapshot, Snapshot, Store};

use super::say;
use crate::figures;

/// More partitions than this are not listed one by one.
const MOST_LISTED: usize = 12;

/// Says what was read of a log.
///
/// # Errors
/// Why it is not complete, in one line. What a person stopped is not complete, unless it was `endless`.
pub fn say_recorded(report: &RecordReport, endless: bool) -> anyhow::Result<()> {
    say_some(&report.lines());
    judge(report, endless)
}

/// Says how much was read of a log by somebody who went on until it was enough.
///
/// # Errors
/// As [`say_recorded`].
pub fn say_followed(report: &RecordReport, events: u64) -> anyhow::Result<()> {
    let partitions = figures::of(report.partitions.len() as u64, "partition");
    let mut lines = vec![format!("{} of {partitions}, followed until it was stopped", figures::of(events, "event"))];
    let failed = report.partitions.iter().filter_map(|at| Some(format!("{}: {}", at.partition, at.failure.as_ref()?)));
    lines.extend(failed);
    say_some(&lines);
    judge(report, true)
}

fn judge(report: &RecordReport, endless: bool) -> anyhow::Result<()> {
    let lines = report.lines();
    match report.stopped {
        Some(Stopped::Cancelled) if endless && report.partitions.iter().all(|it| it.failure.is_none()) => Ok(()),
        Some(Stopped::Cancelled) => bail!("stopped before it was done"),
        Some(Stopped::Budget { .. }) => {
            bail!("more than the temporary copy may hold: ask for less (--from, --limit), or record it (fabula record)")
        }
        None if report.is_complete() => Ok(()),
        None => bail!("not complete: {}", lines.get(1).map_or("see above", String::as_str)),
    }
}

/// What was asked for of a log, and how it was got.
pub enum Covered {
    /// Read into a temporary copy.
    Recorded(RecordReport),
    /// A recording, read where it lies: the ranges that are meant.
    Recording(Plan),
}

impl Covered {
    /// What keeps a store from holding all that was asked for, a line each. What the log itself does not have any more, or
    /// never had, is none of that.
    pub fn lacking(&self, store: &Store) -> Vec<String> {
        match self {
            Self::Recorded(report) if report.is_complete() && report.stopped.is_none() => Vec::new(),
            Self::Recorded(report) => {
                let why = match report.stopped {
                    Some(Stopped::Cancelled) => "it was stopped",
                    Some(Stopped::Budget { .. }) => "it is more than a temporary copy may hold",
                    None => "not all of the log could be read",
                };
                let lines = report.lines();
                if lines.len() > 1 { lines[1..].to_vec() } else { vec![why.to_owned()] }
            }
            Self::Recording(plan) => holes(&store.snapshot(), plan),
        }
    }

    /// Says what was covered, after a result of so many events.
    ///
    /// # Errors
    /// Why it is not complete, in one line.
    pub fn say(&self, store: &Store, events: u64) -> anyhow::Result<()> {
        match self {
            Self::Recorded(report) => say_recorded(report, false),
            Self::Recording(plan) => say_held(&store.snapshot(), plan, events),
        }
    }
}

/// Says what a recording holds of what was asked for.
///
/// # Errors
/// Why it is not complete, in one line: a hole in it, which is damage or was never recorded.
pub fn say_held(snapshot: &Snapshot, plan: &Plan, events: u64) -> anyhow::Result<()> {
    let holes = holes(snapshot, plan);
    let held = |range: &PartitionRange| Some(beyond(range, snapshot.partition(&range.partition)?));
    let partitions = figures::of(plan.ranges.len() as u64, "partition");
    let complete = if holes.is_empty() { "complete" } else { "not complete" };
    let mut lines = vec![format!("{} of {partitions} · {complete}", figures::of(events, "event"))];
    lines.extend(plan.ranges.iter().filter_map(held).flatten());
    lines.extend(holes.iter().cloned());
    say_some(&lines);
    match holes.first() {
        Some(hole) => bail!("the recording has holes: {hole}; record it again from its log to fill them"),
        None => Ok(()),
    }
}

/// The holes in what a recording holds of the ranges of a plan, a line a partition.
fn holes(snapshot: &Snapshot, plan: &Plan) -> Vec<String> {
    let hole = |range: &PartitionRange| {
        let held = snapshot.partition(&range.partition)?;
        let end = match range.end {
            RangeEnd::Before(end) => end,
            RangeEnd::Follow => held.coverage.end().unwrap_or(range.from),
        };
        let missing: u64 = held.coverage.missing(range.from, end).iter().map(|(from, to)| from.abs_diff(*to)).sum();
        let are = if missing == 1 { "is" } else { "are" };
        (missing > 0).then(|| format!("{}: {} {are} missing", range.partition, figures::of(missing, "offset")))
    };
    plan.ranges.iter().filter_map(hole).collect()
}

/// What the log had, when it was last asked, before and after what was recorded.
fn beyond(range: &PartitionRange, held: &PartitionSnapshot) -> Vec<String> {
    let PartitionRange { partition, from, .. } = range;
    let Some(Watermarks { low, high }) = held.watermarks else { return Vec::new() };
    let asked = if let RangeEnd::Before(end) = range.end { end } else { 0 };
    // What was recorded and is damaged now was recorded.
    let end = held.coverage.end().unwrap_or(0).max(asked);
    let when = held.watermarks_at_ms.map_or_else(String::new, |ms| format!(" on {}", format_iso_ms(ms)));
    let is_beginning = held.coverage.ranges().first().is_some_and(|(first, _)| from <= first);
    let before = (is_beginning && *from > low)
        .then(|| format!("{partition}: recorded from offset {from} on; its log began at {low}{when}"));
    let after = (end < high).then(|| format!("{partition}: recorded up to offset {end}; its log went to {high}{when}"));
    before.into_iter().chain(after).collect()
}

fn say_some(lines: &[String]) {
    lines.iter().take(MOST_LISTED).for_each(|line| say(line));
    if lines.len() > MOST_LISTED {
        say(&format!("… and {} more", lines.len() - MOST_LISTED));
    }
}

#[cfg(test)]
mod tests {
    use fabula_core::event::TopicPartition;
    use fabula_core::log::{LogError, Origin};
    use fabula_core::store::record::PartitionReport;

    use super::*;

    #[test]
    fn a_partition_that_failed_is_lacking_and_one_that_is_empty_is_not() {
        let store = Store::temporary(Origin::Import { files: Vec::new() }, 1 << 20).unwrap();
        let partition = |at: i32, failure: Option<LogError>| PartitionReport {
            partition: TopicPartition::new("orders", at),
            wanted: (5, 5),
            events: 0,
            holes: Vec::new(),
            failure,
        };
        let report = |partitions| RecordReport { partitions, ..RecordReport::default() };
        let sound = Covered::Recorded(report(vec![partition(0, None), partition(1, None)]));
        assert!(sound.lacking(&store).is_empty());
        let failed = LogError::Other { what: "reading".to_owned(), reason: "refused".to_owned() };
        let failed = Covered::Recorded(report(vec![partition(0, None), partition(1, Some(failed))]));
        assert!(failed.lacking(&store)[0].starts_with("orders [1]: incomplete"), "{:?}", failed.lacking(&store));
        let full =
            RecordReport { stopped: Some(Stopped::Budget { bytes: 1 << 20 }), ..report(vec![partition(0, None)]) };
        assert_eq!(Covered::Recorded(full).lacking(&store), ["it is more than a temporary copy may hold"]);
    }
}
