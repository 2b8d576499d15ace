//! How many events of a segment fall into which stretch of time.
//!
//! A [`Histogram`] counts events in buckets `2^level` nanoseconds wide, aligned to the epoch, and keeps only those that
//! hold any. It is made once, when a segment is sealed, and saved beside it; the timeline's density is summed from them.

use super::index::time_key;
use super::run::UNTIMED;
use crate::event::EventBatch;
use crate::event::time::ms_to_ns;

/// The finest buckets a histogram has: 2^20 ns, about a millisecond, which is what Kafka's timestamps can tell apart.
pub const FINEST_LEVEL: u8 = 20;

/// The coarsest buckets there can be: one before the epoch and one after it.
pub const COARSEST_LEVEL: u8 = 63;

/// Counts of one segment's events by time: sparse buckets of `2^level` ns, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    level: u8,
    buckets: Vec<(i64, u32)>,
    untimed: u32,
}

/// Why bytes are not a histogram.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the saved counts by time cannot be read: {0}")]
pub struct HistogramError(&'static str);

/// How many buckets a histogram of so many events may keep. Many: a lane merges segments that lie side by side in time,
/// and bins narrower than the buckets are counted from the timestamps of all of them. At some three bytes a bucket on the
/// disk this is still little beside the events.
fn bucket_limit(events: usize) -> usize {
    (events / 2).max(4096)
}

impl Histogram {
    /// Counts a batch's events. `order` is the segment's permutation by time, where its timestamps run backwards.
    pub fn of(events: &EventBatch, order: Option<&[u32]>) -> Self {
        let (stamps, types) = (events.timestamps_ms(), events.timestamp_types());
        match order {
            Some(order) => Self::of_sorted_keys(order.len(), order.iter().map(|&row| key_at(stamps, types, row))),
            None => {
                let untimed = types.iter().take_while(|&&code| time_key(0, code) == UNTIMED).count();
                let timed = stamps[untimed..].iter().map(|&ms| ms_to_ns(ms).max(UNTIMED + 1));
                let mut histogram = Self::of_sorted_keys(stamps.len(), timed);
                histogram.untimed = untimed as u32;
                histogram
            }
        }
    }

    /// Counts time keys that come in order; `events` is about how many there are.
    pub fn of_sorted_keys(events: usize, keys: impl Iterator<Item = i64>) -> Self {
        let limit = bucket_limit(events);
        let mut histogram = Self { level: FINEST_LEVEL, buckets: Vec::new(), untimed: 0 };
        let mut open: Option<(i64, u32)> = None;
        for key in keys {
            if key == UNTIMED {
                histogram.untimed += 1;
                continue;
            }
            let bucket = key >> histogram.level;
            match &mut open {
                Some((at, count)) if *at == bucket => *count += 1,
                _ => {
                    histogram.buckets.extend(open.replace((bucket, 1)));
                    // Whatever needs coarser buckets half way through needs them at the end: the level that comes out
                    // is the same as if all had been counted finely first, in a fraction of the memory.
                    if histogram.buckets.len() > 4 * limit {
                        let before = histogram.level;
                        histogram.coarsen_to_fit(2 * limit);
                        open = open.map(|(at, count)| (at >> (histogram.level - before), count));
                    }
                }
            }
        }
        histogram.buckets.extend(open);
        // The bucket that was open when the level last rose may stand twice.
        join_equal(&mut histogram.buckets);
        histogram.coarsen_to_fit(limit);
        histogram
    }

    /// Buckets are `2^level` ns wide.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// `(time >> level, events)` of every bucket that holds any, in order of time.
    pub fn buckets(&self) -> &[(i64, u32)] {
        &self.buckets
    }

    /// How many events have no timestamp.
    pub fn untimed(&self) -> u64 {
        u64::from(self.untimed)
    }

    /// How many events were counted, with and without a timestamp.
    pub fn total(&self) -> u64 {
        self.untimed() + self.buckets.iter().map(|&(_, count)| u64::from(count)).sum::<u64>()
    }

    fn coarsen_to_fit(&mut self, limit: usize) {
        while self.buckets.len() > limit && self.level < COARSEST_LEVEL {
            self.level += 1;
            for (bucket, _) in &mut self.buckets {
                *bucket >>= 1;
            }
            join_equal(&mut self.buckets);
        }
    }

    /// The histogram as a few bytes a bucket: level, untimed, number of buckets, then gaps and counts, all as
    /// variable-length integers.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + self.buckets.len() * 3);
        bytes.push(self.level);
        put(&mut bytes, u64::from(self.untimed));
        put(&mut bytes, self.buckets.len() as u64);
        let mut last = i64::MIN;
        for &(bucket, count) in &self.buckets {
            put(&mut bytes, bucket.wrapping_sub(last) as u64);
            put(&mut bytes, u64::from(count));
            last = bucket;
        }
        bytes
    }

    /// Reads what [`Histogram::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes end early, go on too long, or say what no histogram can.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HistogramError> {
        let (&level, mut rest) = bytes.split_first().ok_or(HistogramError("it is empty"))?;
        if !(FINEST_LEVEL..=COARSEST_LEVEL).contains(&level) {
            return Err(HistogramError("its buckets have an impossible width"));
        }
        let count_of = |number| u32::try_from(number).map_err(|_| HistogramError("a count is too large"));
        let untimed = count_of(take(&mut rest)?)?;
        let number = take(&mut rest)?;
        // A bucket takes at least two bytes: a hostile number of them must not decide how much memory is taken.
        if number > rest.len() as u64 {
            return Err(HistogramError("it ends early"));
        }
        let mut buckets = Vec::with_capacity(number as usize);
        let mut last = i64::MIN;
        for _ in 0..number {
            let bucket = last.wrapping_add(take(&mut rest)? as i64);
            let count = count_of(take(&mut rest)?)?;
            if (bucket <= last && !buckets.is_empty()) || count == 0 {
                return Err(HistogramError("its buckets are out of order or empty"));
            }
            buckets.push((bucket, count));
            last = bucket;
        }
        if rest.is_empty() { Ok(Self { level, buckets, untimed }) } else { Err(HistogramError("it goes on too long")) }
    }
}

fn key_at(stamps: &[i64], types: &[i8], row: u32) -> i64 {
    time_key(stamps[row as usize], types[row as usize])
}

/// Adds up neighbours of the same bucket.
fn join_equal(buckets: &mut Vec<(i64, u32)>) {
    buckets.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Result<u64, HistogramError> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(HistogramError("it ends early"))?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(HistogramError("a number is too long"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted_keys() -> impl Strategy<Value = Vec<i64>> {
        let key = prop_oneof![
            Just(UNTIMED),
            Just(i64::MAX),
            Just(UNTIMED + 1),
            any::<i64>(),
            (0i64..50_000_000).prop_map(|ms| 1_700_000_000_000_000_000 + ms * 1_000_000),
        ];
        prop::collection::vec(key, 0..6000).prop_map(|mut keys| {
            keys.sort_unstable();
            keys
        })
    }

    proptest! {
        #[test]
        fn every_event_is_in_its_bucket_and_no_level_is_coarser_than_need_be(keys in sorted_keys()) {
            let histogram = Histogram::of_sorted_keys(keys.len(), keys.iter().copied());
            let naive = |level: u8| {
                let mut buckets: Vec<(i64, u32)> =
                    keys.iter().filter(|&&key| key != UNTIMED).map(|&key| (key >> level, 1)).collect();
                join_equal(&mut buckets);
                buckets
            };
            prop_assert_eq!(histogram.buckets(), naive(histogram.level()));
            prop_assert_eq!(histogram.total(), keys.len() as u64);
            let limit = bucket_limit(keys.len());
            prop_assert!(histogram.buckets().len() <= limit);
            prop_assert!(histogram.level() == FINEST_LEVEL || naive(histogram.level() - 1).len() > limit);
        }

        #[test]
        fn a_histogram_survives_its_bytes(keys in sorted_keys()) {
            let histogram = Histogram::of_sorted_keys(keys.len(), keys.iter().copied());
            prop_assert_eq!(Histogram::from_bytes(&histogram.to_bytes()), Ok(histogram));
        }

        #[test]
        fn no_bytes_upset_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(histogram) = Histogram::from_bytes(&bytes) {
                prop_assert!(histogram.buckets().windows(2).all(|pair| pair[0].0 < pair[1].0));
            }
        }
    }

    #[test]
    fn a_long_spread_history_keeps_its_limit_while_it_is_counted() {
        let keys = (0..400_000i64).map(|n| n * 7_919_000_000);
        let histogram = Histogram::of_sorted_keys(400_000, keys);
        assert!(histogram.buckets().len() <= 400_000 / 2);
        assert_eq!(histogram.total(), 400_000);
    }
}
