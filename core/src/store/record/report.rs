//! What a recording came to, for people and for exit codes.

use std::fmt;

use super::super::snapshot::Snapshot;
use crate::event::TopicPartition;
use crate::event::figures::{count, of};
use crate::log::{LogError, PartitionRange};

/// What a recording came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordReport {
    /// Every partition of the plan, sorted.
    pub partitions: Vec<PartitionReport>,
    /// How many events were new.
    pub added: u64,
    /// Offsets that the log had deleted before they could be read: partition, first, one past the last.
    pub gone: Vec<(TopicPartition, i64, i64)>,
    /// How many events were let go of to keep to the budget.
    pub let_go: u64,
    /// Why the recording ended before it was done.
    pub stopped: Option<Stopped>,
    /// Whether what was read is a recording: offsets that are gone were lost there, and not deleted by a log.
    pub of_recording: bool,
}

/// Why a recording ended before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// A person cancelled it.
    Cancelled,
    /// The store holds as much as it may.
    Budget {
        /// The budget, in bytes.
        bytes: u64,
    },
}

/// What a recording came to in one partition.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionReport {
    /// The partition.
    pub partition: TopicPartition,
    /// The offsets asked for: the first, one past the last. For what was followed, up to the high watermark.
    pub wanted: (i64, i64),
    /// How many events the store holds of them.
    pub events: u64,
    /// The parts of `wanted` that the store does not account for, sorted.
    pub holes: Vec<(i64, i64)>,
    /// Why the partition could not be read any further, if so.
    pub failure: Option<LogError>,
}

impl PartitionReport {
    pub(super) fn new(snapshot: &Snapshot, range: &PartitionRange, end: i64, failure: Option<LogError>) -> Self {
        let wanted = (range.from, end.max(range.from));
        let held = snapshot.partition(&range.partition);
        let holes = match held {
            Some(held) => held.coverage.missing(wanted.0, wanted.1),
            None if wanted.0 < wanted.1 => vec![wanted],
            None => Vec::new(),
        };
        let inside = held.map_or(0, |held| {
            let segments = held.segments.iter();
            segments.map(|segment| super::super::recording::events_within(segment, wanted)).sum()
        });
        Self { partition: range.partition.clone(), wanted, events: inside, holes, failure }
    }

    /// A partition that could not even be planned.
    pub(super) fn unplanned(partition: &TopicPartition, error: &LogError) -> Self {
        let (wanted, holes) = ((0, 0), Vec::new());
        Self { partition: partition.clone(), wanted, events: 0, holes, failure: Some(error.clone()) }
    }

    /// Whether the store accounts for everything that was asked for.
    pub fn is_complete(&self) -> bool {
        self.holes.is_empty() && self.failure.is_none()
    }
}

impl RecordReport {
    /// Whether everything that was asked for is accounted for.
    pub fn is_complete(&self) -> bool {
        self.partitions.iter().all(PartitionReport::is_complete)
    }

    /// How many events the store holds of what was asked for.
    pub fn events(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.events).sum()
    }

    /// The report in lines for people: the summary first, then what is incomplete and why.
    pub fn lines(&self) -> Vec<String> {
        let complete = self.partitions.iter().filter(|partition| partition.is_complete()).count();
        let mut summary = format!(
            "{complete} of {} complete · {}",
            of(self.partitions.len() as u64, "partition"),
            of(self.events(), "event")
        );
        if self.added != self.events() {
            summary.push_str(&format!(" · {} new", count(self.added)));
        }
        match self.stopped {
            Some(Stopped::Cancelled) => summary.push_str(" · cancelled"),
            Some(Stopped::Budget { bytes }) => {
                let budget = count(bytes >> 20);
                summary.push_str(&format!(" · stopped: the store may hold {budget} MiB and has reached that"));
            }
            None => {}
        }
        let mut lines = vec![summary];
        if self.let_go > 0 {
            let were = if self.let_go == 1 { "was" } else { "were" };
            lines.push(format!("{} {were} let go of to keep to the budget", of(self.let_go, "old event")));
        }
        lines.extend(self.partitions.iter().filter(|partition| !partition.is_complete()).map(|it| self.why(it)));
        lines
    }

    fn why(&self, partition: &PartitionReport) -> String {
        let mut line = format!("{}: incomplete", partition.partition);
        if !partition.holes.is_empty() {
            let shown: Vec<String> = partition.holes.iter().take(3).map(|&hole| range_name(hole)).collect();
            let more = partition.holes.len() - shown.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            line.push_str(&format!(", no offsets {}{more}", shown.join(", ")));
        }
        let gone = |&&(from, to): &&(i64, i64)| {
            self.gone.iter().any(|(of, start, end)| *of == partition.partition && *start <= from && to <= *end)
        };
        match &partition.failure {
            Some(error) => line.push_str(&format!(": {error}")),
            None if partition.holes.iter().any(|hole| gone(&hole)) => {
                line.push_str(match self.of_recording {
                    true => ": the recording that was read does not have them, or they are damaged there",
                    false => ": the log deleted them before they were read",
                });
            }
            None => {}
        }
        line
    }
}

impl fmt::Display for RecordReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

fn range_name((from, to): (i64, i64)) -> String {
    let last = to.saturating_sub(1);
    if from == last { from.to_string() } else { format!("{from} to {last}") }
}
