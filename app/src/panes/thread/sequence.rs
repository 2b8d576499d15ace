//! Where the steps of a sequence stand, and which of them are in sight.

use crate::state::Tale;

/// How high a step is.
pub(super) const STEP: f32 = 36.0;

/// What distances mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Distances {
    /// Every step is as high as the others.
    #[default]
    Steps,
    /// As far apart as in time.
    Time,
}

impl Distances {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Steps => Self::Time,
            Self::Time => Self::Steps,
        }
    }
}

/// Where the steps stand, from the top of the diagram.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Places {
    /// The height of every step's line.
    pub(super) ys: Vec<f32>,
    /// Steps by height.
    sorted: Vec<u32>,
    /// Which steps have the room for their words.
    pub(super) worded: Vec<bool>,
    /// The height of the first step that is missing.
    pub(super) foot: f32,
}

impl Places {
    pub(super) fn of(tale: &Tale, distances: Distances) -> Self {
        let count = tale.steps.len();
        let even = |place: usize| STEP * (place as f32 + 0.75);
        let mut ys: Vec<f32> = (0..count).map(even).collect();
        if distances == Distances::Time
            && let Some((from, to)) = tale.span_ms().filter(|(from, to)| to > from)
        {
            let room = f64::from(STEP) * count.saturating_sub(1).max(1) as f64;
            let mut last = even(0);
            for (y, step) in ys.iter_mut().zip(&tale.steps) {
                // What has no time stands where the one before does.
                last =
                    step.time_ms.map_or(last, |ms| even(0) + ((ms - from) as f64 / (to - from) as f64 * room) as f32);
                *y = last;
            }
        }
        let mut sorted: Vec<u32> = (0..count as u32).collect();
        sorted.sort_by(|&one, &other| ys[one as usize].total_cmp(&ys[other as usize]).then(one.cmp(&other)));
        let mut worded = vec![false; count];
        let mut free = f32::NEG_INFINITY;
        for &place in &sorted {
            let y = ys[place as usize];
            if y >= free {
                worded[place as usize] = true;
                free = y + STEP - 9.0;
            }
        }
        let foot = sorted.last().map_or(0.0, |&last| ys[last as usize]) + STEP;
        Self { ys, sorted, worded, foot }
    }

    /// The steps between two heights.
    pub(super) fn within(&self, from: f32, to: f32) -> &[u32] {
        let first = self.sorted.partition_point(|&place| self.ys[place as usize] < from);
        let last = self.sorted.partition_point(|&place| self.ys[place as usize] <= to);
        &self.sorted[first..last.max(first)]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fabula_core::event::Coordinates;

    use super::*;
    use crate::state::TaleStep;

    fn tale(times: &[Option<i64>]) -> Tale {
        let step = |(place, time_ms): (usize, &Option<i64>)| TaleStep {
            at: Coordinates { topic: "orders".into(), partition: 0, offset: place as i64 },
            time_ms: *time_ms,
            step: Arc::from("Step"),
            participant: 0,
            findings: Vec::new(),
        };
        Tale {
            thread: 0,
            of: 1,
            name: "A".to_owned(),
            outcome: Default::default(),
            steps: times.iter().enumerate().map(step).collect(),
            causes: vec![None; times.len()],
            participants: vec![Arc::from("shop")],
            findings: Vec::new(),
            missing: Vec::new(),
            values: Default::default(),
        }
    }

    #[test]
    fn distances_are_those_of_time_or_all_alike() {
        let tale = tale(&[Some(0), Some(10), Some(1_000), None, Some(900)]);
        let even = Places::of(&tale, Distances::Steps);
        assert!(even.ys.windows(2).all(|pair| (pair[1] - pair[0] - STEP).abs() < 0.01));
        assert!(even.worded.iter().all(|worded| *worded));
        let timed = Places::of(&tale, Distances::Time);
        let share = |place: usize| (timed.ys[place] - timed.ys[0]) / (timed.ys[2] - timed.ys[0]);
        assert!((share(1) - 0.01).abs() < 1e-3 && (share(4) - 0.9).abs() < 1e-3);
        assert_eq!(timed.ys[3], timed.ys[2], "what has no time stands where the one before does");
        assert!(!timed.worded[1], "words that would touch are left out");
        let seen: Vec<u32> = timed.within(timed.ys[4] - 1.0, timed.ys[2]).to_vec();
        assert_eq!(seen, [4, 2, 3]);
    }

    #[test]
    fn one_moment_is_drawn_as_steps() {
        let tale = tale(&[Some(5), Some(5)]);
        assert_eq!(Places::of(&tale, Distances::Time).ys, Places::of(&tale, Distances::Steps).ys);
    }
}
