//! Events in a range of offsets: how many, and over which time.

use crate::event::EventBatch;
use crate::store::{Damage, PartitionSnapshot, Segment, UNTIMED, time_key};

/// How many events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsBehind {
    /// So many.
    Exactly(u64),
    /// No more than so many: some of the offsets have not been read, and not each of them need be an event.
    AtMost(u64),
}

impl EventsBehind {
    /// The number, exact or not.
    pub fn number(self) -> u64 {
        match self {
            Self::Exactly(number) | Self::AtMost(number) => number,
        }
    }

    /// Whether the number is no bound.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exactly(_))
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = self.number().saturating_add(other.number());
        if self.is_exact() && other.is_exact() { Self::Exactly(sum) } else { Self::AtMost(sum) }
    }
}

/// How long, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeBehind {
    /// So long.
    Exactly(i64),
    /// At least so long: the first and the last unread event have been read, and not all between them.
    AtLeast(i64),
    /// The events that would tell have not been read.
    NotRead,
    /// The unread events have no times.
    Untimed,
}

impl TimeBehind {
    /// The time, exact or not, where any is known.
    pub fn ns(self) -> Option<i64> {
        match self {
            Self::Exactly(ns) | Self::AtLeast(ns) => Some(ns),
            Self::NotRead | Self::Untimed => None,
        }
    }

    /// The longer of two: at least so long where the other is not known.
    #[must_use]
    pub fn or_longer(self, other: Self) -> Self {
        let longest = |one: i64, other: i64, exact: bool| match exact {
            true => Self::Exactly(one.max(other)),
            false => Self::AtLeast(one.max(other)),
        };
        match (self, other) {
            (Self::Exactly(one), Self::Exactly(other)) => longest(one, other, true),
            (Self::Exactly(one) | Self::AtLeast(one), Self::Exactly(other) | Self::AtLeast(other)) => {
                longest(one, other, false)
            }
            // Nothing can be said of a partition that is not behind beside one that is not known.
            (known, Self::NotRead) | (Self::NotRead, known) => match known.ns() {
                Some(ns) if ns > 0 => Self::AtLeast(ns),
                _ => Self::NotRead,
            },
            (known, Self::Untimed) | (Self::Untimed, known) => match known.ns() {
                Some(ns) if ns > 0 => Self::AtLeast(ns),
                _ => Self::Untimed,
            },
        }
    }
}

/// The unread events of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unread {
    pub events: EventsBehind,
    pub time: TimeBehind,
    /// The time of the first of them that has one.
    pub next_ns: Option<i64>,
}

/// Rows of one segment that lie in a range.
struct Part<'s> {
    segment: &'s Segment,
    /// Of a segment that lies wholly in the range nothing has to be opened to count it.
    rows: Option<(EventBatch, std::ops::Range<usize>)>,
}

impl Part<'_> {
    fn len(&self) -> u64 {
        self.rows.as_ref().map_or(self.segment.len(), |(_, rows)| rows.len()) as u64
    }

    /// The largest time.
    fn newest(&self) -> Option<i64> {
        match &self.rows {
            None => self.segment.time_span_ns().map(|(_, newest)| newest),
            Some((events, rows)) => rows.clone().map(|row| key(events, row)).filter(|key| *key != UNTIMED).max(),
        }
    }
}

fn key(events: &EventBatch, row: usize) -> i64 {
    time_key(events.timestamps_ms()[row], events.timestamp_types()[row])
}

/// What a store holds of offsets `from..to`: parts in offset order, and the ranges that it does not account for (damage
/// too).
fn parts(held: Option<&PartitionSnapshot>, from: i64, to: i64) -> (Vec<Part<'_>>, Vec<(i64, i64)>) {
    let Some(held) = held else { return (Vec::new(), vec![(from, to)]) };
    let mut coverage = held.coverage.clone();
    let mut parts = Vec::new();
    let first = held.segments.partition_point(|segment| segment.last_offset() < from);
    for segment in held.segments[first..].iter().take_while(|segment| segment.first_offset() < to) {
        if from <= segment.first_offset() && segment.last_offset() < to {
            parts.push(Part { segment, rows: None });
            continue;
        }
        match segment.events() {
            Ok(events) => {
                let before = |end: i64| events.offsets().partition_point(|&offset| offset < end);
                let rows = before(from)..before(to);
                if !rows.is_empty() {
                    parts.push(Part { segment, rows: Some((events, rows)) });
                }
            }
            Err(_) => coverage.remove(segment.covers().0, segment.covers().1),
        }
    }
    (parts, coverage.missing(from, to))
}

/// How many events lie at offsets `from..to`.
pub(super) fn count(held: Option<&PartitionSnapshot>, from: i64, to: i64) -> EventsBehind {
    if from >= to {
        return EventsBehind::Exactly(0);
    }
    let (parts, missing) = parts(held, from, to);
    counted(&parts, &missing)
}

fn counted(parts: &[Part<'_>], missing: &[(i64, i64)]) -> EventsBehind {
    let events: u64 = parts.iter().map(Part::len).sum();
    let unread = missing.iter().map(|&(from, to)| from.abs_diff(to)).fold(0, u64::saturating_add);
    match unread {
        0 => EventsBehind::Exactly(events),
        unread => EventsBehind::AtMost(events.saturating_add(unread)),
    }
}

/// The events at offsets `from..to`, which somebody has not read yet.
pub(super) fn unread(held: Option<&PartitionSnapshot>, from: i64, to: i64) -> Unread {
    if from >= to {
        return Unread { events: EventsBehind::Exactly(0), time: TimeBehind::Exactly(0), next_ns: None };
    }
    let (parts, missing) = parts(held, from, to);
    let events = counted(&parts, &missing);
    let known_until = missing.first().map_or(to, |&(missing, _)| missing);
    let Ok(next_ns) = first_time(&parts, known_until) else {
        return Unread { events, time: TimeBehind::NotRead, next_ns: None };
    };
    let time = match next_ns {
        None if missing.is_empty() && events.number() == 0 => TimeBehind::Exactly(0),
        None if missing.is_empty() => TimeBehind::Untimed,
        None => TimeBehind::NotRead,
        Some(next) => {
            let newest = parts.iter().filter_map(Part::newest).max().unwrap_or(next);
            let span = newest.saturating_sub(next).max(0);
            let last_missing = missing.last().map(|&(_, end)| end);
            match last_missing {
                None => TimeBehind::Exactly(span),
                Some(end) if has_event_from(&parts, end) => TimeBehind::AtLeast(span),
                Some(_) => TimeBehind::NotRead,
            }
        }
    };
    Unread { events, time, next_ns }
}

/// The time of the first event before an offset that has one. What is damaged cannot tell, nor can what stands behind it.
fn first_time(parts: &[Part<'_>], until: i64) -> Result<Option<i64>, Damage> {
    for part in parts.iter().take_while(|part| part.segment.first_offset() < until) {
        if part.segment.time_span_ns().is_none() {
            continue;
        }
        let (events, rows) = match &part.rows {
            Some((events, rows)) => (events.clone(), rows.clone()),
            None => {
                let events = part.segment.events()?;
                let rows = 0..events.len();
                (events, rows)
            }
        };
        let until = events.offsets().partition_point(|&offset| offset < until);
        let timed = (rows.start..rows.end.min(until)).map(|row| key(&events, row)).find(|key| *key != UNTIMED);
        if timed.is_some() {
            return Ok(timed);
        }
    }
    Ok(None)
}

fn has_event_from(parts: &[Part<'_>], offset: i64) -> bool {
    parts.last().is_some_and(|part| match &part.rows {
        None => part.segment.last_offset() >= offset,
        Some((events, rows)) => rows.clone().last().is_some_and(|row| events.offsets()[row] >= offset),
    })
}
