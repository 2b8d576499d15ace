//! Rows of one segment in time order: what every reader of a story, a count or a search result merges.
//!
//! A [`Run`] is known by its length and its span alone until somebody needs to look inside; then it is [opened](Run::open)
//! and its [`Keys`] can be searched. Time order within a run is (time key, row), and rows of one partition grow with
//! their offsets, so that runs of a partition's successive segments continue each other even among equal times.

use std::cmp::Ordering;
use std::sync::Arc;

use super::index::{BLOCK_ROWS, time_key};
use super::matches::Chosen;
use super::{Damage, Segment};
use crate::event::EventBatch;
use crate::event::time::ms_to_ns;

/// The time key of a row without a timestamp: before every time there is. See [`super::time_key`].
pub const UNTIMED: i64 = i64::MIN;

/// Rows of one segment in time order: all of them, or those that were chosen by a search.
#[derive(Debug, Clone)]
pub struct Run {
    segment: Arc<Segment>,
    chosen: Option<Arc<Chosen>>,
}

impl Run {
    /// Every row of a segment.
    pub fn whole(segment: Arc<Segment>) -> Self {
        Self { segment, chosen: None }
    }

    /// The rows of a segment that a search has chosen.
    pub fn chosen(segment: Arc<Segment>, rows: Arc<Chosen>) -> Self {
        Self { segment, chosen: Some(rows) }
    }

    /// The segment that the rows are of.
    pub fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// The rows that were chosen; `None` for all.
    pub(crate) fn choice(&self) -> Option<&Arc<Chosen>> {
        self.chosen.as_ref()
    }

    /// Whether this is the same choice of the same segment's rows.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.segment.id() == other.segment.id()
            && match (&self.chosen, &other.chosen) {
                (None, None) => true,
                (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
                _ => false,
            }
    }

    /// How many rows the run has.
    pub fn len(&self) -> usize {
        self.chosen.as_ref().map_or(self.segment.len(), |chosen| chosen.len())
    }

    /// Whether the run has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The segment's row at a place in offset order, among the rows of the run.
    pub fn row_at(&self, place: usize) -> u32 {
        self.chosen.as_ref().map_or(place as u32, |chosen| chosen.rows()[place])
    }

    /// The place in offset order of a segment's row, among the rows of the run; `None` if it is not one of them.
    pub fn place_of(&self, row: u32) -> Option<usize> {
        match &self.chosen {
            Some(chosen) => chosen.rows().binary_search(&row).ok(),
            None => Some(row as usize).filter(|&place| place < self.len()),
        }
    }

    /// How many rows have no timestamp; they come first.
    pub fn untimed(&self) -> usize {
        self.chosen.as_ref().map_or(self.segment.untimed() as usize, |chosen| chosen.untimed())
    }

    /// The smallest and the largest time in nanoseconds; `None` where no row has a timestamp.
    pub fn span_ns(&self) -> Option<(i64, i64)> {
        match &self.chosen {
            Some(chosen) => chosen.span_ns(),
            None => self.segment.time_span_ns().map(|(min, max)| (min.max(UNTIMED + 1), max.max(UNTIMED + 1))),
        }
    }

    /// The time key of the first row in time order; `None` where the run is empty.
    pub fn first_key(&self) -> Option<i64> {
        if self.untimed() > 0 { Some(UNTIMED) } else { self.span_ns().map(|(min, _)| min) }
    }

    /// The time key of the last row in time order; `None` where the run is empty.
    pub fn last_key(&self) -> Option<i64> {
        self.span_ns().map(|(_, max)| max).or((self.untimed() > 0).then_some(UNTIMED))
    }

    /// Where the run's times are, roughly, without looking inside.
    ///
    /// # Errors
    /// When the segment's index turns out to be damaged.
    pub fn starts(&self) -> Result<Starts<'_>, Damage> {
        Ok(Starts(match &self.chosen {
            Some(chosen) => chosen.time_starts(),
            None => self.segment.blocks()?.time_starts(),
        }))
    }

    /// Looks inside.
    ///
    /// # Errors
    /// When the segment turns out to be damaged.
    pub fn open(&self) -> Result<OpenRun, Damage> {
        Ok(OpenRun { events: self.segment.events()?, run: self.clone() })
    }
}

/// The time keys of every [`BLOCK_ROWS`]th position of a run, from the first: in memory, so that asking touches no page.
#[derive(Debug, Clone, Copy)]
pub struct Starts<'a>(&'a [i64]);

impl Starts<'_> {
    /// At least and at most how many rows come before `key`: [`BLOCK_ROWS`] apart, or the number itself. The greater
    /// bound may exceed the run's length.
    pub fn before(self, key: i64) -> (usize, usize) {
        let blocks = self.0.partition_point(|&start| start < key);
        // The first row of the last such block is before the key; the first of the next block is not.
        (blocks.checked_sub(1).map_or(0, |last| last * BLOCK_ROWS + 1), blocks * BLOCK_ROWS)
    }
}

/// A run whose events are at hand.
#[derive(Debug, Clone)]
pub struct OpenRun {
    events: EventBatch,
    run: Run,
}

impl OpenRun {
    /// The segment's events, in offset order.
    pub fn events(&self) -> &EventBatch {
        &self.events
    }

    /// The run that was opened.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The run's rows and time keys, to be searched.
    ///
    /// # Errors
    /// When the segment's index turns out to be damaged.
    pub fn keys(&self) -> Result<Keys<'_>, Damage> {
        let order = match &self.run.chosen {
            Some(chosen) => Some(chosen.in_time_order()),
            None => self.run.segment.time_order()?,
        };
        let (starts, untimed, len) = (self.run.starts()?, self.run.untimed(), self.run.len());
        Ok(Keys { stamps: self.events.timestamps_ms(), order, starts, untimed, len })
    }
}

/// The rows and time keys of a run, by position in time order.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    stamps: &'a [i64],
    order: Option<&'a [u32]>,
    starts: Starts<'a>,
    untimed: usize,
    len: usize,
}

impl Keys<'_> {
    /// How many positions there are.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether there is no position.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The segment's row at a position.
    pub fn row(self, position: usize) -> u32 {
        self.order.map_or(position as u32, |order| order[position])
    }

    /// The time key at a position.
    pub fn key(self, position: usize) -> i64 {
        if position < self.untimed {
            UNTIMED
        } else {
            ms_to_ns(self.stamps[self.row(position) as usize]).max(UNTIMED + 1)
        }
    }

    /// The first position within `low..high` whose key is not less than `key`, or `high`. Nothing before `low` may be at or
    /// after `key`, and nothing from `high` on before it.
    pub fn first_at(self, key: i64, low: usize, high: usize) -> usize {
        if key == UNTIMED {
            return low;
        }
        // Timed rows only from here on; which block the border lies in is known without touching the segment's pages.
        let (mut low, mut high) = (low.max(self.untimed.min(high)), high);
        let (least, most) = self.starts.before(key);
        low = low.max(least).min(high);
        high = high.min(most.max(low));
        while low < high {
            let middle = low.midpoint(high);
            if self.key(middle) < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The first position whose key is not less than `key`: how many rows come before that time.
    pub fn before(self, key: i64) -> usize {
        self.first_at(key, 0, self.len)
    }

    /// The first position within `low..high` whose key is greater than `key`, or `high`; bounds as for
    /// [`Keys::first_at`].
    pub fn first_after(self, key: i64, low: usize, high: usize) -> usize {
        match key.checked_add(1) {
            Some(next) => self.first_at(next, low, high),
            None => high,
        }
    }

    /// The positions of the timed rows with a time at or after `from` and before `to`, which may lie beyond what times
    /// can be.
    pub(crate) fn positions_between(self, from: i128, to: i128) -> (usize, usize) {
        // Every timed key is greater than UNTIMED, so that asking from there on leaves out the untimed.
        let before = |time: i128| match i64::try_from(time.max(i128::from(UNTIMED) + 1)) {
            Ok(time) => self.before(time),
            Err(_) => self.len,
        };
        let first = before(from);
        (first, before(to).max(first))
    }

    /// The position of a segment's row; `None` if it is not one of the run's.
    pub fn position_of(self, events: &EventBatch, row: u32) -> Option<usize> {
        let at = row as usize;
        let key = time_key(*events.timestamps_ms().get(at)?, *events.timestamp_types().get(at)?);
        let (mut low, mut high) = if key == UNTIMED {
            (0, self.untimed)
        } else {
            let first = self.before(key);
            (first, self.first_after(key, first, self.len))
        };
        // Rows of the same time stand in their own order.
        while low < high {
            let middle = low.midpoint(high);
            match self.row(middle).cmp(&row) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => high = middle,
            }
        }
        None
    }
}
