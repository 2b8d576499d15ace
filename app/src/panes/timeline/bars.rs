//! Density as bars: how many events stand in each bin of time.
//!
//! Bins are powers of two nanoseconds wide and aligned to multiples of their width, so that bins of one zoom add up
//! exactly to those of the next: while a finer picture is fetched, the one at hand is coarsened or drawn wide.

use super::axis::{Scale, Stretch};

/// A bar is at least this wide.
const NARROWEST: f64 = 2.5;

/// The exponent of the bins' width for a zoom: the narrowest bins whose bars can be told apart.
pub fn level_for(ns_per_px: f64) -> u8 {
    let least = (ns_per_px * NARROWEST).max(1.0);
    (least.log2().ceil() as u8).clamp(16, 58)
}

/// Counts in bins of equal width over one stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bins {
    /// The first bin's number: its beginning divided by the width.
    pub first: i64,
    /// Bins are `2^level` nanoseconds wide.
    pub level: u8,
    /// How many events in each.
    pub counts: Vec<u64>,
}

impl Bins {
    /// The time that a bin stands for.
    pub fn stretch(&self, bin: usize) -> Stretch {
        let from_ns = (self.first + bin as i64) << self.level;
        Stretch { from_ns, to_ns: from_ns.saturating_add(1_i64 << self.level) }
    }

    /// The time that all bins stand for.
    pub fn whole(&self) -> Stretch {
        let from_ns = self.first << self.level;
        Stretch { from_ns, to_ns: from_ns.saturating_add((self.counts.len() as i64) << self.level) }
    }

    /// How many events in the bins that touch a stretch.
    pub fn count_in(&self, stretch: Stretch) -> u64 {
        let range = self.range_of(stretch);
        self.counts[range].iter().sum()
    }

    /// The non-empty bins' stretches, in order.
    pub fn busy(&self) -> impl Iterator<Item = Stretch> + '_ {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bin, _)| self.stretch(bin))
    }

    /// The bins that touch a stretch.
    fn range_of(&self, stretch: Stretch) -> std::ops::Range<usize> {
        let len = self.counts.len() as i64;
        let from = ((stretch.from_ns >> self.level) - self.first).clamp(0, len);
        let last = (stretch.to_ns.saturating_sub(1) >> self.level) - self.first;
        from as usize..(last + 1).clamp(from, len) as usize
    }

    /// Neighbours added up until bins are at `level`.
    fn coarsened(&self, stretch: Stretch, level: u8) -> Self {
        let by = level.saturating_sub(self.level).min(62);
        let range = self.range_of(stretch);
        let first = (self.first + range.start as i64) >> by;
        let mut counts: Vec<u64> = Vec::with_capacity((range.len() >> by) + 2);
        for bin in range {
            let into = (((self.first + bin as i64) >> by) - first) as usize;
            if into >= counts.len() {
                counts.resize(into + 1, 0);
            }
            counts[into] += self.counts[bin];
        }
        Self { first, level: self.level + by, counts }
    }
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Its left edge.
    pub left: f32,
    /// Its right edge.
    pub right: f32,
    /// Its height, from 0 to 1 of the highest in view.
    pub height: f32,
    /// The bin behind it.
    pub stretch: Stretch,
    /// How many events.
    pub count: u64,
}

/// How counts become heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heights {
    /// In proportion.
    #[default]
    Linear,
    /// By their logarithm, so that quiet times are seen beside busy ones.
    Log,
}

impl Heights {
    fn of(self, count: u64, most: u64) -> f32 {
        let share = match self {
            Self::Linear => count as f64 / most.max(1) as f64,
            Self::Log => (count as f64).ln_1p() / (most.max(1) as f64).ln_1p(),
        };
        share as f32
    }
}

/// The bars of a lane for what is in view: no more than pixels allow, none for an empty bin.
///
/// `parts` are the lane's bins, one for each stretch between folds, in order; all share one measure of height.
pub fn bars(parts: &[Bins], scale: &Scale, heights: Heights) -> Vec<Bar> {
    let wanted = level_for(scale.ns_per_px());
    let mut bars: Vec<Bar> = Vec::new();
    for bins in parts {
        let coarse;
        let bins = if bins.level < wanted {
            coarse = bins.coarsened(scale.shown(), wanted);
            &coarse
        } else {
            bins
        };
        bars.extend(bins.range_of(scale.shown()).filter(|&bin| bins.counts[bin] > 0).map(|bin| {
            let stretch = bins.stretch(bin);
            Bar {
                left: scale.x(stretch.from_ns),
                right: scale.x(stretch.to_ns),
                height: 0.0,
                stretch,
                count: bins.counts[bin],
            }
        }));
    }
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    for bar in &mut bars {
        bar.height = heights.of(bar.count, most);
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(from_ns: i64, to_ns: i64) -> Scale {
        Scale { view: Stretch { from_ns, to_ns }, left: 0.0, width: 1_000.0, folds: Default::default() }
    }

    #[test]
    fn bars_are_never_narrower_than_can_be_seen_and_never_lose_an_event() {
        let bins = Bins { first: 3, level: 20, counts: (0..4_096).map(|i| i % 7).collect() };
        let whole = bins.whole();
        for zoom in [1, 4, 16, 64] {
            let scale = scale(whole.from_ns, whole.from_ns + whole.len_ns() / zoom);
            let bars = bars(std::slice::from_ref(&bins), &scale, Heights::Linear);
            assert!(bars.len() <= 401, "{}", bars.len());
            for bar in &bars[1..bars.len() - 1] {
                assert!(bar.right - bar.left >= 2.4, "{bar:?}");
            }
            if zoom == 1 {
                assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), bins.counts.iter().sum::<u64>());
            }
        }
    }

    #[test]
    fn the_highest_in_view_fills_the_lane() {
        let bins = Bins { first: 0, level: 20, counts: vec![1, 5, 0, 2] };
        let scale = scale(0, 4 << 20);
        let bars = bars(std::slice::from_ref(&bins), &scale, Heights::Linear);
        assert_eq!(bars.iter().map(|bar| bar.height).collect::<Vec<_>>(), [0.2, 1.0, 0.4]);
    }

    #[test]
    fn log_heights_keep_quiet_bins_in_sight() {
        assert!(Heights::Log.of(1, 100_000) > 0.05);
        assert!(Heights::Linear.of(1, 100_000) < 0.001);
        assert_eq!(Heights::Log.of(9, 9), 1.0);
    }

    #[test]
    fn counting_a_stretch_takes_every_bin_it_touches() {
        let bins = Bins { first: 2, level: 4, counts: vec![1, 2, 4, 8] };
        assert_eq!(bins.count_in(Stretch { from_ns: 0, to_ns: 1_000 }), 15);
        assert_eq!(bins.count_in(Stretch { from_ns: 48, to_ns: 64 }), 2);
        assert_eq!(bins.count_in(Stretch { from_ns: 40, to_ns: 49 }), 3);
        assert_eq!(bins.count_in(Stretch { from_ns: 500, to_ns: 600 }), 0);
    }
}
