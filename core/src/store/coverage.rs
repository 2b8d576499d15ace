//! Which offsets of a partition the store accounts for.

use crate::event::Watermarks;

/// Ranges of offsets that are accounted for: sorted, disjoint, and never touching, each from its first offset to one
/// past its last.
///
/// An offset is accounted for when the store holds its event, or when the log was seen to have none there (compaction,
/// transaction markers, aborted transactions). Whatever is not accounted for between the watermarks is a *hole*.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    ranges: Vec<(i64, i64)>,
}

impl Coverage {
    /// Covers nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes ranges as a file has them; `None` unless they are sorted, disjoint and none is empty.
    pub fn from_sorted(ranges: Vec<(i64, i64)>) -> Option<Self> {
        let sound = ranges.iter().all(|&(from, to)| from < to) && ranges.windows(2).all(|two| two[0].1 <= two[1].0);
        if !sound {
            return None;
        }
        let mut coverage = Self::new();
        for (from, to) in ranges {
            coverage.insert(from, to);
        }
        Some(coverage)
    }

    /// The ranges, sorted: first offset, one past the last.
    pub fn ranges(&self) -> &[(i64, i64)] {
        &self.ranges
    }

    /// Whether nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many offsets are covered.
    pub fn offsets(&self) -> u64 {
        self.ranges.iter().map(|&(from, to)| from.abs_diff(to)).fold(0, u64::saturating_add)
    }

    /// One past the last offset covered.
    pub fn end(&self) -> Option<i64> {
        self.ranges.last().map(|&(_, to)| to)
    }

    /// Whether an offset is covered.
    pub fn contains(&self, offset: i64) -> bool {
        let after = self.ranges.partition_point(|&(from, _)| from <= offset);
        after > 0 && offset < self.ranges[after - 1].1
    }

    /// Whether any offset of a range is covered.
    pub fn intersects(&self, from: i64, to: i64) -> bool {
        let first = self.first_ending_after(from);
        from < to && self.ranges.get(first).is_some_and(|range| range.0 < to)
    }

    /// Covers a range, merging it with those that it overlaps or touches. An empty range changes nothing.
    pub fn insert(&mut self, from: i64, to: i64) {
        if from >= to {
            return;
        }
        let first = self.ranges.partition_point(|range| range.1 < from);
        let last = self.ranges.partition_point(|range| range.0 <= to);
        let (mut start, mut end) = (from, to);
        if first < last {
            start = start.min(self.ranges[first].0);
            end = end.max(self.ranges[last - 1].1);
        }
        self.ranges.splice(first..last, [(start, end)]);
    }

    /// Uncovers a range.
    pub fn remove(&mut self, from: i64, to: i64) {
        if from >= to {
            return;
        }
        let first = self.first_ending_after(from);
        let last = self.ranges.partition_point(|range| range.0 < to);
        if first >= last {
            return;
        }
        let head = (self.ranges[first].0, from);
        let tail = (to, self.ranges[last - 1].1);
        let left = [head, tail].into_iter().filter(|range| range.0 < range.1);
        self.ranges.splice(first..last, left.collect::<Vec<_>>());
    }

    /// The parts of a range that are not covered, sorted.
    pub fn missing(&self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut missing = Vec::new();
        let mut at = from;
        for &(start, end) in &self.ranges[self.first_ending_after(from)..] {
            if start >= to {
                break;
            }
            if at < start {
                missing.push((at, start));
            }
            at = at.max(end);
        }
        if at < to {
            missing.push((at, to));
        }
        missing
    }

    /// The parts between a partition's watermarks that are not covered, sorted.
    pub fn holes(&self, watermarks: Watermarks) -> Vec<(i64, i64)> {
        self.missing(watermarks.low, watermarks.high)
    }

    /// Whether everything between a partition's watermarks is covered.
    pub fn is_complete(&self, watermarks: Watermarks) -> bool {
        self.holes(watermarks).is_empty()
    }

    fn first_ending_after(&self, offset: i64) -> usize {
        self.ranges.partition_point(|range| range.1 <= offset)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ranges_of(set: &BTreeSet<i64>) -> Vec<(i64, i64)> {
        let mut ranges: Vec<(i64, i64)> = Vec::new();
        for &offset in set {
            match ranges.last_mut() {
                Some(range) if range.1 == offset => range.1 = offset + 1,
                _ => ranges.push((offset, offset + 1)),
            }
        }
        ranges
    }

    proptest! {
        #[test]
        fn coverage_is_a_set_of_offsets(
            steps in prop::collection::vec((any::<bool>(), 0_i64..60, 0_i64..20), 0..40),
            probe in (0_i64..60, 0_i64..30),
        ) {
            let mut coverage = Coverage::new();
            let mut naive = BTreeSet::new();
            for (insert, from, len) in steps {
                if insert {
                    coverage.insert(from, from + len);
                    naive.extend(from..from + len);
                } else {
                    coverage.remove(from, from + len);
                    naive.retain(|offset| !(from..from + len).contains(offset));
                }
                prop_assert_eq!(coverage.ranges(), &ranges_of(&naive)[..]);
            }
            let (from, to) = (probe.0, probe.0 + probe.1);
            let absent: BTreeSet<i64> = (from..to).filter(|offset| !naive.contains(offset)).collect();
            prop_assert_eq!(coverage.missing(from, to), ranges_of(&absent));
            prop_assert_eq!(coverage.intersects(from, to), (from..to).any(|offset| naive.contains(&offset)));
            prop_assert_eq!(coverage.contains(from), naive.contains(&from));
            prop_assert_eq!(coverage.offsets(), naive.len() as u64);
            prop_assert_eq!(Coverage::from_sorted(coverage.ranges().to_vec()), Some(coverage));
        }
    }

    #[test]
    fn the_ends_of_what_an_offset_can_be_are_no_trouble() {
        let mut coverage = Coverage::new();
        coverage.insert(i64::MIN, i64::MAX);
        assert_eq!(coverage.offsets(), u64::MAX);
        coverage.remove(0, 1);
        assert_eq!(coverage.missing(i64::MIN, i64::MAX), [(0, 1)]);
    }

    #[test]
    fn ranges_that_overlap_or_are_empty_are_refused() {
        assert_eq!(Coverage::from_sorted(vec![(0, 5), (4, 6)]), None);
        assert_eq!(Coverage::from_sorted(vec![(5, 5)]), None);
        assert_eq!(Coverage::from_sorted(vec![(0, 5), (5, 6)]).map(|it| it.ranges().to_vec()), Some(vec![(0, 6)]));
    }
}
