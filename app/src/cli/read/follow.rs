//! `--follow`: events as they come.

use std::collections::BTreeMap;

use anyhow::Context as _;
use fabula_core::event::{EventBatch, TopicName, TopicPartition};
use fabula_core::log::plan::Plan;
use fabula_core::log::{Log, RangeEnd};
use fabula_core::store::{Snapshot, Store, time_key};
use tokio_util::sync::CancellationToken;

use super::question::Question;
use crate::cli::coverage::say_followed;
use crate::cli::fetch::fetch;
use crate::cli::output::Output;

/// Writes what comes after a plan's ends until it is cancelled, or `left` more events were written than `written`. Events that came together
/// are written in the narrative's order; one that is older than what was written already comes when it comes.
pub async fn follow(
    log: &dyn Log,
    plan: &Plan,
    store: &Store,
    question: &mut Question,
    output: &mut Output,
    (written, left): (u64, Option<u64>),
    cancel: &CancellationToken,
) -> anyhow::Result<()> {
    if left == Some(0) {
        return Ok(());
    }
    let mut endless = plan.clone();
    let mut topics: Vec<TopicName> = plan.ranges.iter().map(|range| range.partition.topic.clone()).collect();
    topics.dedup();
    let mut tail = Tail { next: BTreeMap::new(), left, written };
    for range in &mut endless.ranges {
        if let RangeEnd::Before(end) = range.end {
            tail.next.insert(range.partition.clone(), end);
            range.from = end;
        }
        range.end = RangeEnd::Follow;
    }
    let enough = cancel.child_token();
    let mut changes = store.changes();
    let recording = fetch(log, endless, store, &enough);
    tokio::pin!(recording);
    let report = loop {
        tokio::select! {
            report = &mut recording => break report?,
            changed = changes.changed() => changed.context("the temporary store has ended")?,
        }
        let snapshot = store.snapshot();
        question.learn(&snapshot, &topics);
        if tail.write_new(&snapshot, question, output)? {
            enough.cancel();
            break recording.await?;
        }
    };
    tail.write_new(&store.snapshot(), question, output)?;
    say_followed(&report, tail.written)
}

/// Where each partition was written up to.
struct Tail {
    next: BTreeMap<TopicPartition, i64>,
    left: Option<u64>,
    written: u64,
}

impl Tail {
    /// Writes what the snapshot has and was not written yet; whether that is enough.
    fn write_new(&mut self, snapshot: &Snapshot, question: &Question, output: &mut Output) -> anyhow::Result<bool> {
        let mut batches: Vec<EventBatch> = Vec::new();
        let mut rows: Vec<(i64, usize, u32)> = Vec::new();
        for (partition, next) in &mut self.next {
            let Some(held) = snapshot.partition(partition) else { continue };
            let first = held.segments.partition_point(|segment| segment.last_offset() < *next);
            for segment in &held.segments[first..] {
                let events = segment.events()?;
                let from = events.offsets().partition_point(|offset| offset < next);
                let new: Vec<u32> = (from as u32..events.len() as u32).collect();
                let keys =
                    |row: u32| time_key(events.timestamps_ms()[row as usize], events.timestamp_types()[row as usize]);
                rows.extend(question.keep(&events, new).into_iter().map(|row| (keys(row), batches.len(), row)));
                *next = segment.last_offset() + 1;
                batches.push(events);
            }
        }
        // Partitions come sorted, and rows by offset: equal times keep the narrative's order.
        rows.sort_by_key(|&(time, ..)| time);
        for (_, batch, row) in rows {
            if self.left == Some(0) {
                break;
            }
            let event = batches[batch].event(row as usize);
            output.event(event, &question.cells(event))?;
            self.left = self.left.map(|left| left - 1);
            self.written += 1;
        }
        output.flush()?;
        Ok(self.left == Some(0))
    }
}
