//! Single events as marks, and marks that would touch as one pill with a count.

use super::axis::Scale;

/// The radius of a single event's mark.
pub const RADIUS: f32 = 3.5;
/// Events nearer to one another than this share a pill.
pub const TOUCHING: f32 = 3.0;

/// What is drawn for one event, or for several that stand too near to be told apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// The middle of the mark.
    pub x: f32,
    /// How many events it stands for.
    pub count: u32,
    /// The first event it stands for, as an index into what was given.
    pub first: usize,
}

impl Mark {
    /// The half of the mark's width.
    pub fn reach(&self) -> f32 {
        if self.count == 1 { RADIUS } else { pill_width(self.count) / 2.0 }
    }
}

/// How wide a pill with a count is.
pub fn pill_width(count: u32) -> f32 {
    let digits = if count < 1_000 { count.checked_ilog10().unwrap_or(0) + 1 } else { 4 };
    8.0 + 6.5 * digits as f32
}

/// What a pill says: whole numbers up to 999, then `1.2k`.
pub fn pill_label(count: u32) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..10_000 => format!("{}.{}k", count / 1_000, count / 100 % 10),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", count / 1_000_000),
    }
}

/// Merges events of a lane into marks.
///
/// `events` are times with how many events stand at them, sorted by time. Two events nearer than [`TOUCHING`] become
/// one pill; whatever a pill would cover joins it, so that a count is never hidden. At most one mark comes out for each
/// few pixels, however many events go in.
pub fn merge(scale: &Scale, events: impl IntoIterator<Item = (i64, u32)>) -> Vec<Mark> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for (index, (ns, count)) in events.into_iter().enumerate() {
        let x = scale.x(ns);
        let mut new = Cluster { from: x, to: x, count, first: index };
        while let Some(last) = clusters.last() {
            if !last.takes(&new) {
                break;
            }
            let last = clusters.pop().unwrap_or(new);
            new = Cluster { from: last.from, to: new.to, count: last.count + new.count, first: last.first };
        }
        clusters.push(new);
    }
    clusters.into_iter().map(|cluster| cluster.mark()).collect()
}

/// Events side by side that are drawn as one.
#[derive(Debug, Clone, Copy)]
struct Cluster {
    from: f32,
    to: f32,
    count: u32,
    first: usize,
}

impl Cluster {
    /// A cluster that has grown this wide takes no more neighbours for being near: a busy lane is a row of pills that
    /// says where it is busiest, not one long pill.
    const WIDEST: f32 = 22.0;

    fn mark(self) -> Mark {
        Mark { x: (self.from + self.to) / 2.0, count: self.count, first: self.first }
    }

    fn takes(&self, next: &Self) -> bool {
        if next.from - self.to < TOUCHING && next.to - self.from <= Self::WIDEST {
            return true;
        }
        let (mark, next_mark) = (self.mark(), next.mark());
        let covered = next_mark.x - mark.x < mark.reach() + next_mark.reach();
        covered && (mark.count > 1 || next_mark.count > 1)
    }
}

/// Whether a lane is drawn as density (`true`) or as single events, by how many events are in view.
///
/// The two bounds lie apart, so that a lane at the edge does not flicker while it is moved.
pub fn is_far(events_in_view: u64, width_px: f32, was_far: bool) -> bool {
    let room = f64::from(width_px);
    let bound = if was_far { room * 0.3 } else { room * 0.4 };
    events_in_view as f64 > bound
}

#[cfg(test)]
mod tests {
    use super::super::axis::Stretch;
    use super::*;

    fn scale() -> Scale {
        Scale { view: Stretch { from_ns: 0, to_ns: 1_000_000 }, left: 0.0, width: 1_000.0, folds: Default::default() }
    }

    fn at(px: &[f32]) -> Vec<Mark> {
        merge(&scale(), px.iter().map(|px| ((px * 1_000.0) as i64, 1)))
    }

    #[test]
    fn events_apart_stay_single() {
        let marks = at(&[10.0, 14.0, 50.0]);
        assert_eq!(marks.iter().map(|mark| mark.count).collect::<Vec<_>>(), [1, 1, 1]);
    }

    #[test]
    fn events_that_touch_become_a_counted_pill() {
        let marks = at(&[10.0, 12.0, 13.0, 50.0]);
        assert_eq!(marks.iter().map(|mark| (mark.count, mark.first)).collect::<Vec<_>>(), [(3, 0), (1, 3)]);
    }

    #[test]
    fn no_event_is_lost_and_no_pill_is_covered() {
        let mut seed = 7_u64;
        for spread in [20.0_f32, 200.0, 1_000.0] {
            let mut px: Vec<f32> = (0..700)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (seed >> 40) as f32 / (1_u64 << 24) as f32 * spread
                })
                .collect();
            px.sort_by(f32::total_cmp);
            let marks = at(&px);
            assert_eq!(marks.iter().map(|mark| mark.count).sum::<u32>(), 700);
            for pair in marks.windows(2).filter(|pair| pair[0].count > 1 || pair[1].count > 1) {
                let gap = pair[1].x - pair[0].x - pair[0].reach() - pair[1].reach();
                assert!(gap > -0.01, "{pair:?} overlap by {gap}");
            }
        }
    }

    #[test]
    fn marks_follow_pixels_not_events() {
        let many: Vec<f32> = (0..20_000).map(|i| i as f32 / 20.0).collect();
        assert!(at(&many).len() < 120);
    }

    #[test]
    fn a_lane_at_the_edge_does_not_flicker() {
        assert!(!is_far(350, 1_000.0, false));
        assert!(is_far(350, 1_000.0, true));
        assert!(is_far(450, 1_000.0, false));
        assert!(!is_far(250, 1_000.0, true));
    }

    #[test]
    fn pills_say_large_counts_shortly() {
        let cases = [(7, "7"), (999, "999"), (1_200, "1.2k"), (45_678, "45k"), (3_000_000, "3M")];
        for (count, label) in cases {
            assert_eq!(pill_label(count), label);
        }
    }
}
