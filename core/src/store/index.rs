//! What is known of a segment without looking at its events: times by blocks of rows, and the order by time.

use arrow_buffer::ScalarBuffer;

use crate::event::EventBatch;
use crate::event::time::ms_to_ns;

/// How many rows a block has; the last of a segment may have fewer.
pub const BLOCK_ROWS: usize = 512;

/// Where a row with this timestamp and [`crate::event::TimestampType`] code stands in time: its time in nanoseconds, or
/// `i64::MIN` for a row without a timestamp, so that those come first.
pub fn time_key(timestamp_ms: i64, timestamp_type: i8) -> i64 {
    if is_timed(timestamp_type) { ms_to_ns(timestamp_ms).max(i64::MIN + 1) } else { i64::MIN }
}

fn is_timed(timestamp_type: i8) -> bool {
    timestamp_type == 0 || timestamp_type == 1
}

/// The times within one block of rows (in offset order).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The smallest timestamp in milliseconds; greater than `max_ms` where no row has one.
    pub min_ms: i64,
    /// The largest timestamp in milliseconds.
    pub max_ms: i64,
    /// How many rows have no timestamp.
    pub untimed: u32,
}

/// The times of a segment, in blocks of [`BLOCK_ROWS`] rows. About 28 bytes a block: small enough to keep in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockIndex {
    blocks: Vec<Block>,
    time_starts: Vec<i64>,
}

impl BlockIndex {
    /// The blocks in offset order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// For each block of rows *in time order*, the [`time_key`] of its first row: sorted, so that the block in which a
    /// time falls is found by a binary search without touching the segment.
    pub fn time_starts(&self) -> &[i64] {
        &self.time_starts
    }

    pub(super) fn from_parts(blocks: Vec<Block>, time_starts: Vec<i64>) -> Option<Self> {
        let sound = blocks.len() == time_starts.len() && time_starts.is_sorted();
        sound.then_some(Self { blocks, time_starts })
    }
}

/// A segment's index: its blocks, and its rows in time order where that is not their own order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Index {
    pub blocks: BlockIndex,
    pub order: Option<ScalarBuffer<u32>>,
}

impl Index {
    /// Builds the index of a batch.
    pub(super) fn build(events: &EventBatch) -> Self {
        let (times, types) = (events.timestamps_ms(), events.timestamp_types());
        let blocks = times
            .chunks(BLOCK_ROWS)
            .zip(types.chunks(BLOCK_ROWS))
            .map(|(times, types)| {
                let mut block = Block { min_ms: i64::MAX, max_ms: i64::MIN, untimed: 0 };
                for (&time, &kind) in times.iter().zip(types) {
                    if is_timed(kind) {
                        block.min_ms = block.min_ms.min(time);
                        block.max_ms = block.max_ms.max(time);
                    } else {
                        block.untimed += 1;
                    }
                }
                block
            })
            .collect();
        let key = |row: usize| time_key(times[row], types[row]);
        let backwards = (1..events.len()).any(|row| key(row) < key(row - 1));
        let order = backwards.then(|| {
            let mut rows: Vec<u32> = (0..events.len() as u32).collect();
            rows.sort_by_key(|&row| key(row as usize));
            rows
        });
        let in_time = |at: usize| order.as_ref().map_or(at, |order| order[at] as usize);
        let time_starts = (0..events.len()).step_by(BLOCK_ROWS).map(|at| key(in_time(at))).collect();
        Self { blocks: BlockIndex { blocks, time_starts }, order: order.map(ScalarBuffer::from) }
    }
}

/// The span and number of a batch's timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    /// Smallest and largest timestamp in milliseconds; `None` where no row has one.
    pub span_ms: Option<(i64, i64)>,
    /// How many rows have no timestamp.
    pub untimed: u64,
}

impl Times {
    pub(super) fn of(events: &EventBatch) -> Self {
        let timed = events.timestamps_ms().iter().zip(events.timestamp_types()).filter(|(_, kind)| is_timed(**kind));
        let (mut min, mut max, mut count) = (i64::MAX, i64::MIN, 0);
        for (&time, _) in timed {
            min = min.min(time);
            max = max.max(time);
            count += 1;
        }
        Self { span_ms: (count > 0).then_some((min, max)), untimed: (events.len() - count) as u64 }
    }
}
