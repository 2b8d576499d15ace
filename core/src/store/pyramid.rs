//! Counts by time at every width: sparse buckets with sums, at ever coarser levels.

use super::histogram::COARSEST_LEVEL;

/// How many buckets a pyramid's finest level may have. With its coarser levels a full pyramid takes about 1.4 MB.
const BUCKET_LIMIT: usize = 1 << 16;

/// The coarsest level is not worth making coarser.
const SMALL: usize = 256;

/// Counts of events in sparse buckets, summed up so that the events in any range of buckets are one subtraction, and
/// repeated at coarser levels so that reading a few wide bins does not walk over all the narrow buckets.
#[derive(Debug, Clone)]
pub(super) struct Pyramid {
    /// Finest first; each has at most a quarter of the buckets of the one before.
    levels: Vec<Level>,
}

/// One width of buckets: `2^level` ns.
#[derive(Debug, Clone)]
struct Level {
    level: u8,
    buckets: Vec<i64>,
    /// Events before each bucket, and at the end the total.
    below: Vec<u64>,
}

/// Collects counts of several sources into one [`Pyramid`].
#[derive(Debug, Clone)]
pub(super) struct PyramidBuilder {
    level: u8,
    buckets: Vec<(i64, u64)>,
}

impl PyramidBuilder {
    /// Starts with buckets of `2^level` ns.
    pub(super) fn new(level: u8) -> Self {
        Self { level, buckets: Vec::new() }
    }

    /// Adds buckets of another level, finer or coarser.
    pub(super) fn add(&mut self, level: u8, buckets: impl Iterator<Item = (i64, u64)>) {
        if level > self.level {
            self.coarsen(level);
        }
        let finer = self.level - level;
        let mut open: Option<(i64, u64)> = None;
        for (bucket, count) in buckets {
            match &mut open {
                Some((at, sum)) if *at == bucket >> finer => *sum += count,
                _ => self.buckets.extend(open.replace((bucket >> finer, count))),
            }
        }
        self.buckets.extend(open);
        // More buckets than are allowed now will not be fewer at the end, so what is coarsened here had to be.
        if self.buckets.len() > 4 * BUCKET_LIMIT {
            self.settle();
        }
    }

    /// The pyramid over everything added.
    pub(super) fn finish(mut self) -> Pyramid {
        self.settle();
        let mut levels = Vec::new();
        loop {
            levels.push(Level::new(self.level, &self.buckets));
            let enough = self.buckets.len() / 4;
            if self.buckets.len() <= SMALL || self.level == COARSEST_LEVEL {
                return Pyramid { levels };
            }
            while self.buckets.len() > enough && self.level < COARSEST_LEVEL {
                self.coarsen(self.level + 1);
            }
        }
    }

    fn settle(&mut self) {
        // Stable sorting makes use of the runs that the sources are.
        self.buckets.sort_by_key(|&(bucket, _)| bucket);
        join_equal(&mut self.buckets);
        while self.buckets.len() > BUCKET_LIMIT && self.level < COARSEST_LEVEL {
            self.coarsen(self.level + 1);
        }
    }

    fn coarsen(&mut self, level: u8) {
        let by = level - self.level;
        for (bucket, _) in &mut self.buckets {
            *bucket >>= by;
        }
        join_equal(&mut self.buckets);
        self.level = level;
    }
}

fn join_equal(buckets: &mut Vec<(i64, u64)>) {
    buckets.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}

impl Pyramid {
    /// The finest level: bins of this width or wider are counted without looking at events.
    pub(super) fn level(&self) -> u8 {
        self.levels[0].level
    }

    /// How many buckets the finest level has.
    pub(super) fn len(&self) -> usize {
        self.levels[0].buckets.len()
    }

    /// How many bytes all levels take.
    pub(super) fn bytes(&self) -> usize {
        self.levels.iter().map(|level| level.buckets.len() * 16 + 8).sum()
    }

    /// The finest buckets and their counts.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.levels[0].counts(0, self.len())
    }

    /// Adds the counts of bins `start, start + 1, …` of `2^level` ns each; `level` is at least [`Pyramid::level`].
    pub(super) fn add_to(&self, start: i64, level: u8, counts: &mut [u64]) {
        let fitting = self.levels.iter().rev().find(|own| own.level <= level);
        if let Some(own) = fitting {
            own.add_to(start, level - own.level, counts);
        }
    }

    /// Adds an even share of each bucket to bins of `2^level` ns each, which are finer than the buckets.
    pub(super) fn spread_over(&self, start: i64, level: u8, shares: &mut [f64]) {
        let own = &self.levels[0];
        let finer = u32::from(own.level - level);
        let share = f64::from(finer).exp2().recip();
        let end = start.saturating_add(shares.len() as i64);
        let first = own.buckets.partition_point(|&bucket| bucket < start >> finer);
        let last = own.buckets.partition_point(|&bucket| bucket <= (end - 1) >> finer);
        for (bucket, count) in own.counts(first, last) {
            let bins = i128::from(bucket) << finer;
            let from = (bins - i128::from(start)).clamp(0, shares.len() as i128) as usize;
            let to = (bins + (1 << finer) - i128::from(start)).clamp(0, shares.len() as i128) as usize;
            for bin in &mut shares[from..to] {
                *bin += count as f64 * share;
            }
        }
    }
}

impl Level {
    fn new(level: u8, buckets: &[(i64, u64)]) -> Self {
        let mut below = Vec::with_capacity(buckets.len() + 1);
        let mut sum = 0;
        below.push(sum);
        below.extend(buckets.iter().map(|&(_, count)| {
            sum += count;
            sum
        }));
        Self { level, buckets: buckets.iter().map(|&(bucket, _)| bucket).collect(), below }
    }

    fn counts(&self, from: usize, to: usize) -> impl Iterator<Item = (i64, u64)> + '_ {
        (from..to).map(|at| (self.buckets[at], self.below[at + 1] - self.below[at]))
    }

    fn add_to(&self, start: i64, wider: u8, counts: &mut [u64]) {
        let border = |bin: i64| {
            let bucket = i128::from(bin) << wider;
            self.buckets.partition_point(|&own| i128::from(own) < bucket)
        };
        let (first, last) = (border(start), border(start.saturating_add(counts.len() as i64)));
        if last - first <= 4 * counts.len() {
            for (bucket, count) in self.counts(first, last) {
                counts[((bucket >> wider) - start) as usize] += count;
            }
            return;
        }
        let mut at = first;
        while at < last {
            let bin = self.buckets[at] >> wider;
            let next = at + galloping(&self.buckets[at..last], |&bucket| bucket >> wider == bin);
            counts[(bin - start) as usize] += self.below[next] - self.below[at];
            at = next;
        }
    }
}

/// How many items from the front are so, when those that are stand first and are likely few.
pub(super) fn galloping<T>(items: &[T], mut so: impl FnMut(&T) -> bool) -> usize {
    let mut step = 1;
    let mut from = 0;
    while from + step <= items.len() && so(&items[from + step - 1]) {
        from += step;
        step *= 2;
    }
    let to = (from + step).min(items.len());
    from + items[from..to].partition_point(so)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn galloping_finds_what_a_plain_walk_finds(ones in 0usize..200, zeros in 0usize..200) {
            let items: Vec<bool> = std::iter::repeat_n(true, ones).chain(std::iter::repeat_n(false, zeros)).collect();
            prop_assert_eq!(galloping(&items, |&item| item), ones);
        }

        #[test]
        fn every_level_counts_the_same(
            sources in prop::collection::vec((20u8..50, prop::collection::btree_map(-5000i64..5000, 1u64..9, 0..900)), 1..4),
            wider in 0u8..14,
            start in -6000i64..6000,
            bins in 1usize..300,
        ) {
            let mut builder = PyramidBuilder::new(20);
            for (level, buckets) in &sources {
                builder.add(*level, buckets.iter().map(|(&bucket, &count)| (bucket, count)));
            }
            let pyramid = builder.finish();
            let level = pyramid.level() + wider;
            let mut expected: BTreeMap<i64, u64> = BTreeMap::new();
            for (own, buckets) in &sources {
                for (&bucket, &count) in buckets {
                    *expected.entry(bucket >> (level - own)).or_default() += count;
                }
            }
            let mut counts = vec![0; bins];
            pyramid.add_to(start, level, &mut counts);
            for (bin, count) in counts.into_iter().enumerate() {
                prop_assert_eq!(count, expected.get(&(start + bin as i64)).copied().unwrap_or(0));
            }
        }
    }

    #[test]
    fn a_pyramid_stays_small_whatever_is_put_in() {
        let mut builder = PyramidBuilder::new(20);
        for source in 0..8 {
            builder.add(20, (0..50_000).map(|bucket| (bucket * 104_729 + source, 1)));
        }
        let pyramid = builder.finish();
        assert!(pyramid.len() <= BUCKET_LIMIT);
        assert!(pyramid.bytes() < 1_500_000, "{} bytes", pyramid.bytes());
        assert_eq!(pyramid.buckets().map(|(_, count)| count).sum::<u64>(), 400_000);
    }
}
