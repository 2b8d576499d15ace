//! A range of time.

/// From a moment up to another, in nanoseconds since the epoch. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct TimeRange {
    /// The first nanosecond.
    pub start_ns: i64,
    /// One past the last nanosecond.
    pub end_ns: i64,
}

impl TimeRange {
    /// The shortest range that is shown: below it a millisecond would be wider than the screen.
    pub const SHORTEST_NS: i64 = 1_000;

    /// A range; put in order and at least one microsecond long.
    pub fn new(start_ns: i64, end_ns: i64) -> Self {
        let (start_ns, end_ns) = (start_ns.min(end_ns), start_ns.max(end_ns));
        Self { start_ns, end_ns: end_ns.max(start_ns.saturating_add(Self::SHORTEST_NS)) }
    }

    /// How long it is.
    pub fn span_ns(self) -> i64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// Whether a moment lies in it.
    pub fn contains(self, time_ns: i64) -> bool {
        (self.start_ns..self.end_ns).contains(&time_ns)
    }

    /// Both and what lies between.
    pub fn union(self, other: Self) -> Self {
        Self { start_ns: self.start_ns.min(other.start_ns), end_ns: self.end_ns.max(other.end_ns) }
    }

    /// The range that is `factor` as long, with the point at `share` (0 start, 1 end) staying where it is.
    pub fn zoomed(self, factor: f64, share: f64) -> Self {
        let span = self.span_ns() as f64;
        let longest = i64::MAX as f64 / 8.0;
        let new_span = (span * factor).clamp(Self::SHORTEST_NS as f64, longest);
        let start = self.start_ns as f64 + (span - new_span) * share;
        // The difference is worked out in f64, the sum in i64: zoomed in, nanoseconds do not fit a double.
        let shift = (start - self.start_ns as f64) as i64;
        let start_ns = self.start_ns.saturating_add(shift);
        Self::new(start_ns, start_ns.saturating_add(new_span as i64))
    }

    /// The range moved by a share of its length; negative is to earlier.
    pub fn panned(self, share: f64) -> Self {
        let shift = (self.span_ns() as f64 * share) as i64;
        Self::new(self.start_ns.saturating_add(shift), self.end_ns.saturating_add(shift))
    }

    /// The range with a share of its length added on either side.
    pub fn with_margin(self, share: f64) -> Self {
        let margin = (self.span_ns() as f64 * share) as i64;
        Self::new(self.start_ns.saturating_sub(margin), self.end_ns.saturating_add(margin))
    }
}

/// From when and up to when events count, in milliseconds; `None` is the beginning, and the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stretch {
    /// The beginning.
    pub from_ms: Option<i64>,
    /// The end.
    pub until_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let range = TimeRange::new(1_700_000_000_000_000_000, 1_700_000_100_000_000_000);
        let near = range.zoomed(0.5, 0.25);
        assert_eq!(near.span_ns(), range.span_ns() / 2);
        let at = |range: TimeRange| range.start_ns + range.span_ns() / 4;
        assert!((at(range) - at(near)).abs() <= 1_024, "{} {}", at(range), at(near));
    }

    #[test]
    fn a_range_is_never_empty() {
        assert_eq!(TimeRange::new(5, 5).span_ns(), TimeRange::SHORTEST_NS);
        assert_eq!(TimeRange::new(9_000, 0), TimeRange { start_ns: 0, end_ns: 9_000 });
        assert!(TimeRange::new(0, 10_000).zoomed(1e-12, 0.5).span_ns() >= TimeRange::SHORTEST_NS);
    }
}
