//! Time on the axis: which stretch is on the screen, and where idle time is folded.
//!
//! egui's coordinates are f32, and nanoseconds since the epoch need 61 bits: a difference of one pixel would be lost if
//! either were computed from zero. So every pixel is computed relative to the left edge of the view, in f64.

use std::sync::Arc;

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// The shortest stretch that can be shown: Kafka's timestamps are milliseconds, so there is nothing to see below.
pub const SHORTEST: i64 = 2_000_000;

/// A stretch of time, from inclusive to exclusive, in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first nanosecond.
    pub from_ns: i64,
    /// One past the last nanosecond.
    pub to_ns: i64,
}

impl Stretch {
    /// A stretch between two moments, in whichever order they are given, never empty.
    pub fn between(a_ns: i64, b_ns: i64) -> Self {
        Self { from_ns: a_ns.min(b_ns), to_ns: a_ns.max(b_ns).max(a_ns.min(b_ns).saturating_add(1)) }
    }

    /// How long it is.
    pub fn len_ns(self) -> i64 {
        self.to_ns.saturating_sub(self.from_ns)
    }

    /// Whether a moment lies in it.
    pub fn contains(self, ns: i64) -> bool {
        self.from_ns <= ns && ns < self.to_ns
    }

    /// Whether the other stretch lies in it.
    pub fn covers(self, other: Self) -> bool {
        self.from_ns <= other.from_ns && other.to_ns <= self.to_ns
    }

    /// Grown on both sides by a share of its length.
    pub fn grown(self, share: f64) -> Self {
        let by = (self.len_ns() as f64 * share) as i64;
        Self { from_ns: self.from_ns.saturating_sub(by), to_ns: self.to_ns.saturating_add(by) }
    }

    /// Zoomed by a factor (above 1 shows less time) so that `at_ns` stays where it is on the screen.
    ///
    /// The result is no shorter than [`SHORTEST`] and no longer than about twice `whole`.
    pub fn zoomed(self, factor: f64, at_ns: i64, whole: Self) -> Self {
        let longest = whole.len_ns().saturating_mul(2).max(10 * SHORTEST);
        let len = self.len_ns().max(1) as f64;
        let new_len = (len / factor).clamp(SHORTEST as f64, longest as f64);
        let share = (at_ns.saturating_sub(self.from_ns)) as f64 / len;
        let from_ns = at_ns.saturating_sub((share * new_len).round() as i64);
        Self { from_ns, to_ns: from_ns.saturating_add(new_len.round() as i64) }.held_near(whole)
    }

    /// Moved by so many nanoseconds.
    pub fn moved(self, by_ns: i64, whole: Self) -> Self {
        Self { from_ns: self.from_ns.saturating_add(by_ns), to_ns: self.to_ns.saturating_add(by_ns) }.held_near(whole)
    }

    /// The stretch of the same length whose middle is at a moment.
    pub fn centred(self, at_ns: i64, whole: Self) -> Self {
        let middle = self.from_ns.saturating_add(self.len_ns() / 2);
        self.moved(at_ns.saturating_sub(middle), whole)
    }

    /// Moved as little as it takes so that at least a tenth of the view shows a part of the whole story.
    fn held_near(self, whole: Self) -> Self {
        let margin = self.len_ns() / 10;
        let too_late = self.from_ns.saturating_sub(whole.to_ns.saturating_sub(margin));
        let too_early = whole.from_ns.saturating_add(margin).saturating_sub(self.to_ns);
        let by = if too_late > 0 { -too_late } else { too_early.max(0) };
        Self { from_ns: self.from_ns.saturating_add(by), to_ns: self.to_ns.saturating_add(by) }
    }

    /// Part of the way towards another stretch: 0 is here, 1 is there.
    pub fn towards(self, other: Self, share: f64) -> Self {
        let mix = |a: i64, b: i64| a.saturating_add((b.saturating_sub(a) as f64 * share) as i64);
        if share >= 1.0 {
            return other;
        }
        Self::between(mix(self.from_ns, other.from_ns), mix(self.to_ns, other.to_ns))
    }
}

/// Idle stretches that are folded away: each is shown as long as `kept_ns`, whatever its real length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folds {
    idle: Vec<Stretch>,
    kept_ns: i64,
}

impl Folds {
    /// Folds idle stretches, which must be sorted and apart from one another, down to `kept_ns` each.
    pub fn new(idle: Vec<Stretch>, kept_ns: i64) -> Self {
        let kept_ns = kept_ns.max(1);
        Self { idle: idle.into_iter().filter(|idle| idle.len_ns() > kept_ns).collect(), kept_ns }
    }

    /// The stretches that are folded.
    pub fn idle(&self) -> &[Stretch] {
        &self.idle
    }

    /// Where a moment lies on the folded axis.
    pub fn to_axis(&self, ns: i64) -> i64 {
        let mut cut = 0_i64;
        for idle in &self.idle {
            if ns < idle.from_ns {
                break;
            }
            let excess = idle.len_ns() - self.kept_ns;
            if ns < idle.to_ns {
                let share = (ns - idle.from_ns) as f64 / idle.len_ns() as f64;
                return idle.from_ns - cut + (share * self.kept_ns as f64) as i64;
            }
            cut += excess;
        }
        ns.saturating_sub(cut)
    }

    /// The moment at a place on the folded axis.
    pub fn to_time(&self, axis_ns: i64) -> i64 {
        let mut cut = 0_i64;
        for idle in &self.idle {
            let start = idle.from_ns - cut;
            if axis_ns < start {
                break;
            }
            let excess = idle.len_ns() - self.kept_ns;
            if axis_ns < start + self.kept_ns {
                let share = (axis_ns - start) as f64 / self.kept_ns as f64;
                return idle.from_ns + (share * idle.len_ns() as f64) as i64;
            }
            cut += excess;
        }
        axis_ns.saturating_add(cut)
    }

    /// The parts of a stretch of real time that are not folded, in order.
    pub fn open_parts(&self, within: Stretch) -> Vec<Stretch> {
        let mut parts = Vec::new();
        let mut from = within.from_ns;
        for idle in self.idle.iter().filter(|idle| idle.to_ns > within.from_ns && idle.from_ns < within.to_ns) {
            if idle.from_ns > from {
                parts.push(Stretch { from_ns: from, to_ns: idle.from_ns });
            }
            from = idle.to_ns;
        }
        if from < within.to_ns {
            parts.push(Stretch { from_ns: from, to_ns: within.to_ns });
        }
        parts
    }
}

/// Finds stretches without any event that are long enough to be worth folding: a sixteenth of the whole or more.
///
/// `busy` are the non-empty bins of the whole story's density, sorted by time.
pub fn idle_stretches(busy: impl IntoIterator<Item = Stretch>, whole: Stretch) -> Vec<Stretch> {
    let least = whole.len_ns() / 16;
    let mut idle = Vec::new();
    let mut last_busy = whole.from_ns;
    for bin in busy {
        if bin.from_ns.saturating_sub(last_busy) >= least {
            idle.push(Stretch { from_ns: last_busy, to_ns: bin.from_ns });
        }
        last_busy = last_busy.max(bin.to_ns);
    }
    idle
}

/// Time to pixels and back, for one frame.
///
/// The view is a stretch of the *axis*: with nothing folded that is time itself.
#[derive(Debug, Clone)]
pub struct Scale {
    /// What is on the screen, in axis time.
    pub view: Stretch,
    /// The pixel of the view's left edge.
    pub left: f32,
    /// The view's width in pixels.
    pub width: f32,
    /// Folded idle time.
    pub folds: Arc<Folds>,
}

impl Scale {
    /// How much axis time a pixel stands for.
    pub fn ns_per_px(&self) -> f64 {
        self.view.len_ns().max(1) as f64 / f64::from(self.width.max(1.0))
    }

    /// The pixel of a moment. Moments far outside are held at a distance that f32 can still say exactly.
    pub fn x(&self, ns: i64) -> f32 {
        let axis = self.folds.to_axis(ns);
        let from_left = (i128::from(axis) - i128::from(self.view.from_ns)) as f64 / self.ns_per_px();
        self.left + from_left.clamp(-100_000.0, 100_000.0) as f32
    }

    /// The moment at a pixel.
    pub fn ns_at(&self, x: f32) -> i64 {
        self.folds.to_time(self.axis_at(x))
    }

    /// The place on the axis at a pixel.
    pub fn axis_at(&self, x: f32) -> i64 {
        let from_left = f64::from(x - self.left) * self.ns_per_px();
        self.view.from_ns.saturating_add(from_left.round() as i64)
    }

    /// The real time on the screen.
    pub fn shown(&self) -> Stretch {
        Stretch::between(self.folds.to_time(self.view.from_ns), self.folds.to_time(self.view.to_ns))
    }

    /// The last pixel of the view.
    pub fn right(&self) -> f32 {
        self.left + self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400 * SECOND;
    const START: i64 = 1_773_446_400 * SECOND;

    fn whole() -> Stretch {
        Stretch { from_ns: START, to_ns: START + DAY }
    }

    fn scale(view: Stretch) -> Scale {
        Scale { view, left: 140.0, width: 1_000.0, folds: Arc::default() }
    }

    #[test]
    fn a_pixel_round_trips_through_time_at_every_zoom() {
        for len in [SHORTEST, SECOND, DAY, 365 * DAY, 30 * 365 * DAY] {
            let scale = scale(Stretch { from_ns: START, to_ns: START + len });
            for x in [140.0_f32, 141.0, 639.5, 1_139.0] {
                assert!((scale.x(scale.ns_at(x)) - x).abs() < 0.01, "{len} {x}");
            }
        }
    }

    #[test]
    fn zooming_keeps_the_time_at_the_pointer() {
        let mut view = Stretch { from_ns: START, to_ns: START + DAY };
        let at = START + DAY / 3;
        for _ in 0..40 {
            let before = scale(view).x(at);
            view = view.zoomed(1.4, at, whole());
            assert!((scale(view).x(at) - before).abs() < 0.05, "{view:?}");
        }
    }

    #[test]
    fn zooming_stops_at_the_shortest_and_the_longest() {
        let mut view = whole();
        for _ in 0..200 {
            view = view.zoomed(2.0, START + 5, whole());
        }
        assert_eq!(view.len_ns(), SHORTEST);
        for _ in 0..200 {
            view = view.zoomed(0.5, START + 5, whole());
        }
        assert_eq!(view.len_ns(), 2 * DAY);
    }

    #[test]
    fn panning_never_loses_the_story() {
        let view = Stretch { from_ns: START, to_ns: START + DAY / 4 };
        for by in [i64::MIN / 4, -40 * DAY, 40 * DAY, i64::MAX / 4] {
            let moved = view.moved(by, whole());
            assert_eq!(moved.len_ns(), view.len_ns());
            assert!(moved.to_ns > whole().from_ns && moved.from_ns < whole().to_ns, "{by}: {moved:?}");
        }
    }

    #[test]
    fn folded_time_round_trips_and_keeps_its_order() {
        let idle = vec![
            Stretch { from_ns: START + DAY / 8, to_ns: START + DAY / 4 },
            Stretch { from_ns: START + DAY / 2, to_ns: START + DAY * 3 / 4 },
        ];
        let folds = Folds::new(idle, 60 * SECOND);
        let mut last = i64::MIN;
        for step in 0..1_000 {
            let ns = START - DAY / 10 + step * (DAY * 12 / 10) / 1_000;
            let axis = folds.to_axis(ns);
            assert!(axis >= last, "the axis runs forwards");
            last = axis;
            let slack = DAY / 4 / (60 * SECOND) + 2; // a nanosecond within a fold stands for many
            assert!((folds.to_time(axis) - ns).abs() <= slack, "{ns}");
        }
        let shown = folds.to_axis(START + DAY) - folds.to_axis(START);
        assert_eq!(shown, DAY - DAY / 8 - DAY / 4 + 120 * SECOND);
    }

    #[test]
    fn only_open_parts_are_asked_for() {
        let folds = Folds::new(vec![Stretch { from_ns: 100, to_ns: 200 }], 1);
        let parts = folds.open_parts(Stretch { from_ns: 50, to_ns: 250 });
        assert_eq!(parts, [Stretch { from_ns: 50, to_ns: 100 }, Stretch { from_ns: 200, to_ns: 250 }]);
        assert_eq!(folds.open_parts(Stretch { from_ns: 120, to_ns: 180 }), []);
        assert_eq!(folds.open_parts(Stretch { from_ns: 0, to_ns: 90 }), [Stretch { from_ns: 0, to_ns: 90 }]);
    }

    #[test]
    fn a_long_silence_is_idle_and_a_short_one_is_not() {
        let busy = [(0, 100), (150, 400), (1_000, 1_600)].map(|(from_ns, to_ns)| Stretch { from_ns, to_ns });
        let idle = idle_stretches(busy, Stretch { from_ns: 0, to_ns: 1_600 });
        assert_eq!(idle, [Stretch { from_ns: 400, to_ns: 1_000 }]);
    }
}
