//! The minimap's brush: the window of time on the screen, as a frame over the whole story that can be dragged.

use super::axis::Stretch;

/// How near to an edge the pointer takes hold of it.
const EDGE: f32 = 5.0;
/// The brush is never drawn narrower, however far the timeline is zoomed in.
pub const NARROWEST: f32 = 6.0;

/// What of the brush the pointer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grip {
    /// Its left edge.
    From,
    /// Its right edge.
    To,
    /// All of it.
    Whole,
    /// Nothing: a new stretch is drawn from here.
    New,
}

/// The whole story over the minimap's width.
#[derive(Debug, Clone, Copy)]
pub struct Minimap {
    /// The whole story.
    pub whole: Stretch,
    /// The minimap's left edge.
    pub left: f32,
    /// Its width.
    pub width: f32,
}

impl Minimap {
    /// The pixel of a moment, held within the minimap.
    pub fn x(&self, ns: i64) -> f32 {
        let share = (i128::from(ns) - i128::from(self.whole.from_ns)) as f64 / self.whole.len_ns().max(1) as f64;
        self.left + (share.clamp(0.0, 1.0) * f64::from(self.width)) as f32
    }

    /// The moment at a pixel.
    pub fn ns_at(&self, x: f32) -> i64 {
        let share = f64::from(x - self.left) / f64::from(self.width.max(1.0));
        self.whole.from_ns.saturating_add((share * self.whole.len_ns() as f64) as i64)
    }

    /// The brush's edges on the screen.
    pub fn brush(&self, view: Stretch) -> (f32, f32) {
        let (from, to) = (self.x(view.from_ns), self.x(view.to_ns));
        let missing = (NARROWEST - (to - from)).max(0.0) / 2.0;
        (from - missing, to + missing)
    }

    /// What the pointer would take hold of.
    pub fn grip_at(&self, view: Stretch, x: f32) -> Grip {
        let (from, to) = self.brush(view);
        let wide = to - from > 4.0 * EDGE;
        let slack = if wide { EDGE } else { 2.0 };
        if (x - from).abs() <= slack && (wide || x < from) {
            Grip::From
        } else if (x - to).abs() <= slack && (wide || x > to) {
            Grip::To
        } else if from < x && x < to {
            Grip::Whole
        } else {
            Grip::New
        }
    }

    /// The view after the pointer went from `start` to `x` holding `grip`, when it was `view` at the start.
    pub fn dragged(&self, grip: Grip, view: Stretch, start: f32, x: f32) -> Stretch {
        let by = self.ns_at(x).saturating_sub(self.ns_at(start));
        match grip {
            Grip::From => Stretch::between(view.from_ns.saturating_add(by).min(view.to_ns), view.to_ns),
            Grip::To => Stretch::between(view.from_ns, view.to_ns.saturating_add(by).max(view.from_ns)),
            Grip::Whole => view.moved(by, self.whole),
            Grip::New => Stretch::between(self.ns_at(start), self.ns_at(x)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: Minimap = Minimap { whole: Stretch { from_ns: 0, to_ns: 1_000_000 }, left: 100.0, width: 1_000.0 };
    const VIEW: Stretch = Stretch { from_ns: 200_000, to_ns: 400_000 };

    #[test]
    fn edges_body_and_outside_are_told_apart() {
        let cases = [
            (300.0, Grip::From),
            (303.0, Grip::From),
            (400.0, Grip::Whole),
            (497.0, Grip::To),
            (502.0, Grip::To),
            (800.0, Grip::New),
        ];
        for (x, grip) in cases {
            assert_eq!(MAP.grip_at(VIEW, x), grip, "{x}");
        }
    }

    #[test]
    fn a_brush_too_narrow_for_edges_can_still_be_moved() {
        let view = Stretch { from_ns: 500_000, to_ns: 500_010 };
        let (from, to) = MAP.brush(view);
        assert_eq!(to - from, NARROWEST);
        assert_eq!(MAP.grip_at(view, (from + to) / 2.0), Grip::Whole);
    }

    #[test]
    fn dragging_does_what_is_held() {
        let drag = |grip| MAP.dragged(grip, VIEW, 300.0, 350.0);
        assert_eq!(drag(Grip::From), Stretch { from_ns: 250_000, to_ns: 400_000 });
        assert_eq!(drag(Grip::To), Stretch { from_ns: 200_000, to_ns: 450_000 });
        assert_eq!(drag(Grip::Whole), Stretch { from_ns: 250_000, to_ns: 450_000 });
        assert_eq!(drag(Grip::New), Stretch { from_ns: 200_000, to_ns: 250_000 });
    }

    #[test]
    fn an_edge_dragged_over_the_other_leaves_a_sliver() {
        let view = MAP.dragged(Grip::From, VIEW, 300.0, 900.0);
        assert!(view.len_ns() >= 1 && view.to_ns >= VIEW.to_ns);
    }
}
