//! From what a person asks for (topics, from, to) to ranges of offsets.

use super::{Log, LogError, PartitionRange, RangeEnd, TopicInfo};
use crate::event::time::Moment;
use crate::event::{TopicPartition, Watermarks};

/// What to read: topics between two moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Topic names; each must be in the log.
    pub topics: Vec<String>,
    /// Where to begin.
    pub from: Moment,
    /// Where to stop; `None` follows the log for ever.
    pub to: Option<Moment>,
    /// How far (in milliseconds) an event may stand behind its neighbours' time and still be looked for when a range
    /// ends at a time: reading goes on until the log is this much past the end asked for.
    pub lateness_ms: i64,
}

impl Request {
    /// How far past a range's end in time out-of-order events are looked for, unless it is said: ten minutes.
    pub const DEFAULT_LATENESS_MS: i64 = 600_000;
}

/// What a request comes to.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The ranges to read, sorted by partition.
    pub ranges: Vec<PartitionRange>,
    /// The watermarks of every partition at the time.
    pub watermarks: Vec<(TopicPartition, Watermarks)>,
    /// Keep events at or after this time (milliseconds since the epoch).
    pub from_ms: Option<i64>,
    /// Keep events before this time (milliseconds since the epoch).
    pub to_ms: Option<i64>,
    /// Partitions that could not be planned, and why.
    pub failed: Vec<(TopicPartition, LogError)>,
}

/// Finds the named topics in a catalogue.
///
/// # Errors
/// [`LogError::UnknownTopic`] with the most similar name, or the topic's own error.
pub fn find_topics<'a>(catalogue: &'a [TopicInfo], names: &[String]) -> Result<Vec<&'a TopicInfo>, LogError> {
    names
        .iter()
        .map(|name| match catalogue.iter().find(|topic| *topic.name == **name) {
            Some(TopicInfo { error: Some(error), .. }) => Err(error.clone()),
            Some(topic) => Ok(topic),
            None => Err(LogError::UnknownTopic { topic: name.clone(), suggestion: most_similar(catalogue, name) }),
        })
        .collect()
}

fn most_similar(catalogue: &[TopicInfo], name: &str) -> Option<String> {
    let furthest = name.chars().count() / 3 + 1;
    catalogue
        .iter()
        .map(|topic| (edit_distance(&topic.name, name), &topic.name))
        .filter(|(distance, _)| *distance <= furthest)
        .min()
        .map(|(_, found)| found.to_string())
}

/// Insertions, deletions and replacements of characters that turn one name into the other.
pub fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a_char) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &b_char) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(a_char != b_char);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Turns a request into ranges of offsets, by the log's watermarks and its look-up of times.
///
/// A range from a time begins at the first offset with that timestamp or a later one, so nothing is missed however the
/// timestamps are ordered. A range to a time ends where the log is `lateness_ms` past it.
///
/// # Errors
/// When a topic is unknown or may not be read, or the log cannot be asked. A single partition that fails is in
/// [`Plan::failed`].
pub async fn plan(log: &dyn Log, request: &Request) -> Result<Plan, LogError> {
    let mut partitions: Vec<TopicPartition> = Vec::new();
    for name in &request.topics {
        partitions.extend(log.topic(name).await?.topic_partitions());
    }
    partitions.sort();
    partitions.dedup();

    let mut failed = Vec::new();
    let mut watermarks: Vec<(TopicPartition, Watermarks)> = Vec::new();
    for (partition, marks) in log.watermarks(&partitions).await? {
        match marks {
            Ok(marks) => watermarks.push((partition, marks)),
            Err(error) => failed.push((partition, error)),
        }
    }
    watermarks.sort_by(|a, b| a.0.cmp(&b.0));
    let readable: Vec<TopicPartition> = watermarks.iter().map(|(partition, _)| partition.clone()).collect();

    let end_ms = match (request.from, request.to) {
        (Moment::BeforeEnd(_), _) | (_, Some(Moment::BeforeEnd(_))) => latest_timestamp(log, &watermarks).await?,
        _ => None,
    };
    let absolute = |moment: Moment| match moment {
        Moment::At(ms) => Some(ms),
        Moment::BeforeEnd(span) => end_ms.map(|end| end.saturating_sub(span)),
        Moment::Earliest | Moment::Latest => None,
    };
    let from_ms = absolute(request.from);
    let to_ms = request.to.and_then(absolute);

    let starts = boundaries(log, request.from, from_ms, &watermarks, &readable, &mut failed).await?;
    let ends = match request.to {
        Some(to) => {
            let searched = to_ms.map(|ms| ms.saturating_add(request.lateness_ms));
            Some(boundaries(log, to, searched, &watermarks, &readable, &mut failed).await?)
        }
        None => None,
    };
    let ranges = readable
        .iter()
        .enumerate()
        .filter(|(_, partition)| !failed.iter().any(|(failed, _)| failed == *partition))
        .map(|(at, partition)| PartitionRange {
            partition: partition.clone(),
            from: starts[at],
            end: ends.as_ref().map_or(RangeEnd::Follow, |ends| RangeEnd::Before(ends[at].max(starts[at]))),
        })
        .collect();
    Ok(Plan { ranges, watermarks, from_ms, to_ms, failed })
}

async fn boundaries(
    log: &dyn Log,
    moment: Moment,
    at_ms: Option<i64>,
    watermarks: &[(TopicPartition, Watermarks)],
    partitions: &[TopicPartition],
    failed: &mut Vec<(TopicPartition, LogError)>,
) -> Result<Vec<i64>, LogError> {
    let Some(ms) = at_ms else {
        let early = moment == Moment::Earliest;
        return Ok(watermarks.iter().map(|(_, marks)| if early { marks.low } else { marks.high }).collect());
    };
    let mut offsets: Vec<i64> = watermarks.iter().map(|(_, marks)| marks.high).collect();
    for (partition, found) in log.offsets_at(ms, partitions).await? {
        let Ok(at) = partitions.binary_search(&partition) else { continue };
        match found {
            Ok(offset) => offsets[at] = offset.clamp(watermarks[at].1.low, watermarks[at].1.high),
            Err(error) => failed.push((partition, error)),
        }
    }
    Ok(offsets)
}

/// The largest timestamp near the end of the partitions, in milliseconds: what a span before the end counts from.
async fn latest_timestamp(log: &dyn Log, watermarks: &[(TopicPartition, Watermarks)]) -> Result<Option<i64>, LogError> {
    const LOOK_BACK: i64 = 32;
    let ranges: Vec<PartitionRange> = watermarks
        .iter()
        .filter(|(_, marks)| marks.high > marks.low)
        .map(|(partition, marks)| PartitionRange {
            partition: partition.clone(),
            from: marks.low.max(marks.high - LOOK_BACK),
            end: RangeEnd::Before(marks.high),
        })
        .collect();
    let mut reading = log.read(ranges, super::ReadOptions::default());
    let mut latest = None;
    while let Some(item) = reading.next().await {
        match item {
            super::ReadItem::Batch { events, .. } => {
                let newest = events.events().filter_map(|event| event.time_ns().map(|_| event.timestamp_ms())).max();
                latest = latest.max(newest);
            }
            super::ReadItem::Failed { error, .. } => return Err(error),
            super::ReadItem::CaughtUp { .. } | super::ReadItem::Gone { .. } | super::ReadItem::Connection(_) => {}
        }
    }
    Ok(latest)
}
