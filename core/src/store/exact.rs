//! Counting timestamps themselves, where bins are narrower than histograms tell.

use super::Damage;
use super::index::BLOCK_ROWS;
use super::run::{Keys, OpenRun, UNTIMED};
use crate::event::TimestampType;
use crate::event::time::ms_to_ns;

/// Bins of `2^level` ns, of which the first holds the times `t` with `t >> level == start`.
struct Bins<'a> {
    start: i64,
    level: u8,
    counts: &'a mut [u64],
    /// Events in time order fall into one bin after the other: two counters in turn, so that one need not wait for the
    /// other's sum to be stored.
    others: Vec<u64>,
}

impl Bins<'_> {
    /// Adds one event, if it falls into a bin.
    fn add(&mut self, time_ns: i64, other: bool) {
        let counts = if other { &mut self.others[..] } else { &mut *self.counts };
        // The first and the last time there can be are further apart than `i64` can say.
        let bin = (time_ns >> self.level).checked_sub(self.start).and_then(|bin| usize::try_from(bin).ok());
        if let Some(count) = bin.and_then(|bin| counts.get_mut(bin)) {
            *count += 1;
        }
    }
}

impl OpenRun {
    /// Adds the run's timed events to the bins `start, start + 1, …` of `2^level` ns each; those outside are left out.
    ///
    /// # Errors
    /// When the segment's index turns out to be damaged.
    pub(super) fn count_into(&self, start: i64, level: u8, counts: &mut [u64]) -> Result<(), Damage> {
        let others = vec![0; counts.len()];
        let mut bins = Bins { start, level, counts, others };
        if self.run().choice().is_some() {
            count_positions(self.keys()?, &mut bins);
        } else {
            self.count_rows(&mut bins)?;
        }
        for (count, other) in bins.counts.iter_mut().zip(bins.others) {
            *count += other;
        }
        Ok(())
    }

    /// Goes through the rows as they stand, without their order by time, leaving out blocks that lie elsewhere.
    fn count_rows(&self, bins: &mut Bins<'_>) -> Result<(), Damage> {
        let (stamps, types) = (self.events().timestamps_ms(), self.events().timestamp_types());
        let (from, to) = span(bins);
        for (at, block) in self.run().segment().blocks()?.blocks().iter().enumerate() {
            let (min, max) = (i128::from(time_of(block.min_ms)), i128::from(time_of(block.max_ms)));
            if block.min_ms > block.max_ms || max < from || to <= min {
                continue;
            }
            let rows = at * BLOCK_ROWS..(at * BLOCK_ROWS + BLOCK_ROWS).min(stamps.len());
            let timed = |row: &usize| TimestampType::from_code(types[*row]) != TimestampType::None;
            if block.untimed > 0 {
                rows.filter(timed).for_each(|row| bins.add(time_of(stamps[row]), false));
            } else {
                for (row, &stamp) in stamps[rows].iter().enumerate() {
                    bins.add(time_of(stamp), row % 2 == 1);
                }
            }
        }
        Ok(())
    }
}

fn count_positions(keys: Keys<'_>, bins: &mut Bins<'_>) {
    let (from, to) = span(bins);
    let (first, last) = keys.positions_between(from, to);
    for position in first..last {
        bins.add(keys.key(position), position % 2 == 1);
    }
}

/// From the first nanosecond of the first bin to one past the last of the last. Wider than `i64` at its ends.
fn span(bins: &Bins<'_>) -> (i128, i128) {
    let start = i128::from(bins.start);
    (start << bins.level, (start + bins.counts.len() as i128) << bins.level)
}

fn time_of(stamp_ms: i64) -> i64 {
    ms_to_ns(stamp_ms).max(UNTIMED + 1)
}
