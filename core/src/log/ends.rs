//! The newest or the oldest few events of a plan, without reading all of it.
//!
//! Partitions are rarely equal: the newest thousand events of a topic may all lie in one partition, or a partition's
//! last event may be a week old. Taking the tail of each partition and merging would leave holes in time. So the tails
//! only say *how far back in time* the newest events reach; the log's own look-up of times then says which offsets
//! hold everything since.

use std::collections::{BTreeMap, BinaryHeap};

use super::plan::Plan;
use super::{Log, LogError, PartitionRange, RangeEnd, ReadItem, ReadOptions};
use crate::event::{EventRef, TopicPartition};

/// How much further the next look goes when one did not show enough events.
const GROWTH: i64 = 8;

/// Narrows a plan to ranges that hold its newest `count` events, and every other event since the oldest of them.
///
/// Exact, however far timestamps run backwards: an event that is new by its timestamp lies at or after the first offset
/// with such a timestamp. A range that follows the log goes on following.
///
/// # Errors
/// When the log cannot be asked. A single partition that fails is in [`Plan::failed`].
pub async fn newest(log: &dyn Log, plan: &Plan, count: usize) -> Result<Plan, LogError> {
    let mut narrowed = plan.clone();
    let tail = |range: &PartitionRange, length: i64| {
        let end = end_of(plan, range);
        (range.from.max(end.saturating_sub(length)), end)
    };
    // The newest times, negated so that the heap's top is the oldest of them.
    let Some(rank) = sampled(log, &mut narrowed, count, tail, |time_ms| time_ms.saturating_neg()).await? else {
        return Ok(narrowed);
    };
    if rank == UNTIMED.saturating_neg() {
        return Ok(narrowed);
    }
    let since_ms = rank.saturating_neg();
    let starts = boundaries(log, &mut narrowed, since_ms).await?;
    for range in &mut narrowed.ranges {
        if let Some(&start) = starts.get(&range.partition) {
            range.from = range.from.max(start.min(end_of(plan, range)));
        }
    }
    narrowed.from_ms = Some(plan.from_ms.map_or(since_ms, |from| from.max(since_ms)));
    Ok(narrowed)
}

/// Narrows a plan to ranges that hold its oldest `count` events, and every other event up to the newest of them.
///
/// Later offsets may hold older timestamps, and no log can look those up. They are found as far as `lateness_ms`: ranges
/// end where the log is so much past the newest event taken.
///
/// # Errors
/// When the log cannot be asked. A single partition that fails is in [`Plan::failed`].
pub async fn oldest(log: &dyn Log, plan: &Plan, count: usize, lateness_ms: i64) -> Result<Plan, LogError> {
    let mut narrowed = plan.clone();
    let head =
        |range: &PartitionRange, length: i64| (range.from, end_of(plan, range).min(range.from.saturating_add(length)));
    let Some(until_ms) = sampled(log, &mut narrowed, count, head, |time_ms| time_ms).await? else {
        return Ok(narrowed);
    };
    if until_ms == UNTIMED {
        return Ok(narrowed);
    }
    let after_ms = until_ms.saturating_add(1);
    let ends = boundaries(log, &mut narrowed, after_ms.saturating_add(lateness_ms)).await?;
    for range in &mut narrowed.ranges {
        if let Some(&end) = ends.get(&range.partition) {
            range.end = RangeEnd::Before(end_of(plan, range).min(end).max(range.from));
        }
    }
    narrowed.to_ms = Some(plan.to_ms.map_or(after_ms, |to| to.min(after_ms)));
    Ok(narrowed)
}

/// The time of an event that has none: before every other, as in the narrative. A log cannot look such events up, so a
/// plan whose ends lie among them is left as it is.
const UNTIMED: i64 = i64::MIN;

/// Where a range ends now: a range that follows ends at the high watermark for this purpose.
fn end_of(plan: &Plan, range: &PartitionRange) -> i64 {
    match range.end {
        RangeEnd::Before(end) => end,
        RangeEnd::Follow => {
            let marks = plan.watermarks.iter().find(|(partition, _)| *partition == range.partition);
            marks.map_or(range.from, |(_, marks)| marks.high.max(range.from))
        }
    }
}

/// Looks at longer and longer parts of each range until they hold `count` events; returns the largest of the `count`
/// smallest ranks (`rank` orders times), or `None` when the whole plan holds no more than `count`.
async fn sampled(
    log: &dyn Log,
    plan: &mut Plan,
    count: usize,
    part: impl Fn(&PartitionRange, i64) -> (i64, i64),
    rank: impl Fn(i64) -> i64,
) -> Result<Option<i64>, LogError> {
    let mut length = i64::try_from(count).unwrap_or(i64::MAX).max(1);
    loop {
        let mut whole = true;
        let mut parts = Vec::with_capacity(plan.ranges.len());
        for range in &plan.ranges {
            let (from, end) = part(range, length);
            whole &= (from, end) == (range.from, end_of(plan, range));
            parts.push(PartitionRange { partition: range.partition.clone(), from, end: RangeEnd::Before(end) });
        }
        if whole {
            return Ok(None);
        }
        let ranks = smallest_ranks(log, plan, parts, count, &rank).await?;
        if ranks.len() >= count {
            return Ok(ranks.peek().copied());
        }
        length = length.saturating_mul(GROWTH);
    }
}

async fn smallest_ranks(
    log: &dyn Log,
    plan: &mut Plan,
    parts: Vec<PartitionRange>,
    count: usize,
    rank: &impl Fn(i64) -> i64,
) -> Result<BinaryHeap<i64>, LogError> {
    let mut ranks = BinaryHeap::with_capacity(count.saturating_add(1).min(1 << 20));
    let mut reading = log.read(parts, ReadOptions::default());
    while let Some(item) = reading.next().await {
        match item {
            ReadItem::Batch { events, .. } => {
                for time_ms in events.events().filter_map(|event| wanted_time(plan, event)) {
                    ranks.push(rank(time_ms));
                    if ranks.len() > count {
                        ranks.pop();
                    }
                }
            }
            ReadItem::Failed { error: LogError::Cancelled, .. } => return Err(LogError::Cancelled),
            ReadItem::Failed { partition, error, .. } => fail(plan, partition, error),
            ReadItem::CaughtUp { .. } | ReadItem::Gone { .. } | ReadItem::Connection(_) => {}
        }
    }
    Ok(ranks)
}

/// The event's time in milliseconds, where the plan keeps the event.
fn wanted_time(plan: &Plan, event: EventRef<'_>) -> Option<i64> {
    if event.time_ns().is_none() {
        return plan.from_ms.is_none().then_some(UNTIMED);
    }
    let time_ms = event.timestamp_ms();
    let in_time = plan.from_ms.is_none_or(|from| from <= time_ms) && plan.to_ms.is_none_or(|to| time_ms < to);
    in_time.then_some(time_ms)
}

async fn boundaries(log: &dyn Log, plan: &mut Plan, time_ms: i64) -> Result<BTreeMap<TopicPartition, i64>, LogError> {
    let partitions: Vec<TopicPartition> = plan.ranges.iter().map(|range| range.partition.clone()).collect();
    let mut offsets = BTreeMap::new();
    for (partition, found) in log.offsets_at(time_ms, &partitions).await? {
        match found {
            Ok(offset) => drop(offsets.insert(partition, offset)),
            Err(error) => fail(plan, partition, error),
        }
    }
    Ok(offsets)
}

/// Leaves a partition out, and says why.
fn fail(plan: &mut Plan, partition: TopicPartition, error: LogError) {
    plan.ranges.retain(|range| range.partition != partition);
    plan.failed.push((partition, error));
}

#[cfg(test)]
mod tests;
