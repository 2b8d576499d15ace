//! What a search has found: rows, by segment.

use std::sync::Arc;

use super::histogram::Histogram;
use super::index::{BLOCK_ROWS, time_key};
use super::run::UNTIMED;
use super::{EventId, Segment, SegmentId};
use crate::event::EventBatch;

/// Rows of one segment that a search has chosen, with what their merging and drawing needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    rows: Vec<u32>,
    /// The same rows in time order, where that is another one.
    in_time: Option<Vec<u32>>,
    time_starts: Vec<i64>,
    untimed: usize,
    span_ns: Option<(i64, i64)>,
    histogram: Histogram,
}

impl Chosen {
    /// Takes rows of a segment's events, in growing order.
    pub fn new(events: &EventBatch, rows: Vec<u32>) -> Self {
        debug_assert!(rows.is_sorted_by(|a, b| a < b), "rows grow");
        let (stamps, types) = (events.timestamps_ms(), events.timestamp_types());
        let key = |row: u32| time_key(stamps[row as usize], types[row as usize]);
        let in_time = (!rows.is_sorted_by_key(|&row| key(row))).then(|| {
            let mut sorted = rows.clone();
            sorted.sort_by_key(|&row| key(row));
            sorted
        });
        let order = in_time.as_deref().unwrap_or(&rows);
        let untimed = order.partition_point(|&row| key(row) == UNTIMED);
        let span_ns = match (order.get(untimed), order.last()) {
            (Some(&first), Some(&last)) => Some((key(first), key(last))),
            _ => None,
        };
        let histogram = Histogram::of_sorted_keys(order.len(), order.iter().map(|&row| key(row)));
        let time_starts = order.iter().step_by(BLOCK_ROWS).map(|&row| key(row)).collect();
        Self { in_time, time_starts, untimed, span_ns, histogram, rows }
    }

    /// The rows, growing.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The rows in time order, those without a timestamp first.
    pub fn in_time_order(&self) -> &[u32] {
        self.in_time.as_deref().unwrap_or(&self.rows)
    }

    /// The time key of every [`BLOCK_ROWS`]th row in time order.
    pub(super) fn time_starts(&self) -> &[i64] {
        &self.time_starts
    }

    /// How many rows were chosen.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many of the rows have no timestamp.
    pub fn untimed(&self) -> usize {
        self.untimed
    }

    /// The smallest and the largest time in nanoseconds; `None` where no row has a timestamp.
    pub fn span_ns(&self) -> Option<(i64, i64)> {
        self.span_ns
    }

    /// The rows' counts by time.
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }
}

/// What a search has found in one segment, having looked through all of it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The segment.
    pub segment: Arc<Segment>,
    /// Its rows that match; may be none.
    pub chosen: Arc<Chosen>,
}

/// What a search has found so far. Cheap to clone: a new version shares what has not changed.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    /// By segment, sorted. A segment that was scanned and has no match is here too.
    segments: Vec<(SegmentId, Arc<Chosen>)>,
    count: u64,
}

impl Matches {
    /// Nothing found, nothing looked at.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what was found in one segment; what was found in it before is replaced.
    pub fn insert(&mut self, found: Found) {
        let id = found.segment.id();
        self.count += found.chosen.len() as u64;
        match self.segments.binary_search_by_key(&id, |(id, _)| *id) {
            Err(place) => self.segments.insert(place, (id, found.chosen)),
            Ok(place) => {
                let before = std::mem::replace(&mut self.segments[place].1, found.chosen);
                self.count -= before.len() as u64;
            }
        }
    }

    /// How many events match.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether nothing matches (yet).
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The rows found in a segment; `None` where it was not looked at.
    pub fn of(&self, segment: SegmentId) -> Option<&Arc<Chosen>> {
        let place = self.segments.binary_search_by_key(&segment, |(id, _)| *id).ok()?;
        Some(&self.segments[place].1)
    }

    /// Whether an event matches.
    pub fn contains(&self, event: EventId) -> bool {
        self.of(event.segment).is_some_and(|chosen| chosen.rows().binary_search(&event.row).is_ok())
    }

    /// Every segment that was looked at, with the rows found in it.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = (SegmentId, &Arc<Chosen>)> {
        self.segments.iter().map(|(id, chosen)| (*id, chosen))
    }

    /// Forgets segments that are no longer: what was live has been sealed under another name, and is to be searched
    /// there.
    pub fn retain(&mut self, mut is_there: impl FnMut(SegmentId) -> bool) {
        self.segments.retain(|(id, _)| is_there(*id));
        self.count = self.segments.iter().map(|(_, chosen)| chosen.len() as u64).sum();
    }
}

/// What is in either of two growing lists.
pub(crate) fn union(a: &[u32], b: &[u32]) -> Vec<u32> {
    if a.last() < b.first() || a.is_empty() || b.is_empty() {
        return [a, b].concat();
    }
    let mut all = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(&&left), Some(&&right)) = (a.peek(), b.peek()) {
        all.push(left.min(right));
        if left <= right {
            a.next();
        }
        if right <= left {
            b.next();
        }
    }
    all.extend(a.chain(b));
    all
}

/// What is in both of two growing lists.
pub(crate) fn intersection(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut rest = many;
    let mut both = Vec::new();
    for &row in few {
        let before = rest.partition_point(|&other| other < row);
        rest = &rest[before..];
        if rest.first() == Some(&row) {
            both.push(row);
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_of_rows_join_and_meet_like_sets(
            a in prop::collection::btree_set(0u32..60, 0..40),
            b in prop::collection::btree_set(0u32..60, 0..40),
        ) {
            let list = |rows: &BTreeSet<u32>| rows.iter().copied().collect::<Vec<_>>();
            prop_assert_eq!(union(&list(&a), &list(&b)), list(&(&a | &b)));
            prop_assert_eq!(intersection(&list(&a), &list(&b)), list(&(&a & &b)));
        }
    }
}
