//! Zooming and panning ease towards where they go, in 120 ms: long enough to be followed, too short to wait for.

use super::axis::Stretch;

/// How long a move takes, in seconds.
pub const DURATION: f64 = 0.12;

/// The view on its way from one stretch to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    from: Stretch,
    to: Stretch,
    began: f64,
}

impl Motion {
    /// At rest.
    pub fn still(at: Stretch) -> Self {
        Self { from: at, to: at, began: f64::NEG_INFINITY }
    }

    /// Where it will come to rest. What a person asks for next counts from here, so that quick steps add up.
    pub fn target(&self) -> Stretch {
        self.to
    }

    /// Where it is at a time (in seconds, as egui counts them).
    pub fn at(&self, now: f64) -> Stretch {
        let eased = 1.0 - (1.0 - self.share(now)).powi(3);
        self.from.towards(self.to, eased)
    }

    /// How much of its time has passed. The last microsecond counts as all of it: seconds since the start are not exact.
    fn share(&self, now: f64) -> f64 {
        let share = ((now - self.began) / DURATION).clamp(0.0, 1.0);
        if share > 1.0 - 1e-5 { 1.0 } else { share }
    }

    /// Whether it has not come to rest yet.
    pub fn is_moving(&self, now: f64) -> bool {
        self.share(now) < 1.0
    }

    /// Sets out for another stretch from where it is now.
    pub fn go(&mut self, to: Stretch, now: f64) {
        if to != self.to {
            *self = Self { from: self.at(now), to, began: now };
        }
    }

    /// Is there at once: for a drag, where the hand is the motion.
    pub fn jump(&mut self, to: Stretch) {
        *self = Self::still(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Stretch = Stretch { from_ns: 0, to_ns: 1_000 };
    const B: Stretch = Stretch { from_ns: 500, to_ns: 800 };

    #[test]
    fn it_arrives_exactly_and_in_time() {
        let mut motion = Motion::still(A);
        motion.go(B, 10.0);
        assert_eq!(motion.at(10.0), A);
        assert_eq!(motion.at(10.0 + DURATION), B);
        assert!(!motion.is_moving(10.0 + DURATION));
    }

    #[test]
    fn quick_steps_add_up_without_a_jerk() {
        let mut motion = Motion::still(A);
        motion.go(B, 10.0);
        let before = motion.at(10.05);
        motion.go(A, 10.05);
        assert_eq!(motion.at(10.05), before);
        assert_eq!(motion.target(), A);
    }
}
