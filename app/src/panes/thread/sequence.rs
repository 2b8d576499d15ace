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

/// Steps that stand closer together than this are drawn as one.
const CLOSE: f32 = 3.0;

/// Where the steps stand, from the top of the diagram.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Places {
    /// The height of every step's line.
    pub(super) ys: Vec<f32>,
    /// Steps by height.
    sorted: Vec<u32>,
    /// What is drawn, by height.
    drawn: Vec<Drawn>,
    /// The height of the first step that is missing.
    pub(super) foot: f32,
}

/// A step, or several that are too close to be told apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawn {
    /// The steps, as a range of all of them by height.
    steps: std::ops::Range<u32>,
    /// The height of the first.
    pub(super) y: f32,
    /// Whether there is room for words.
    pub(super) worded: bool,
    /// The participants from the first to the last that take part.
    pub(super) across: (usize, usize),
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
        let foot = sorted.last().map_or(0.0, |&last| ys[last as usize]) + STEP;
        let drawn = merged(tale, &ys, &sorted);
        Self { ys, sorted, drawn, foot }
    }

    /// What is drawn between two heights.
    pub(super) fn within(&self, from: f32, to: f32) -> &[Drawn] {
        let first = self.drawn.partition_point(|drawn| drawn.y < from);
        let last = self.drawn.partition_point(|drawn| drawn.y <= to);
        &self.drawn[first..last.max(first)]
    }

    /// The steps of something that is drawn.
    pub(super) fn steps(&self, drawn: &Drawn) -> &[u32] {
        &self.sorted[drawn.steps.start as usize..drawn.steps.end as usize]
    }
}

/// Puts together what is too close to be told apart, and finds out what has room for words.
fn merged(tale: &Tale, ys: &[f32], sorted: &[u32]) -> Vec<Drawn> {
    let mut drawn: Vec<Drawn> = Vec::new();
    for (at, &place) in sorted.iter().enumerate() {
        let (at, y, who) = (at as u32, ys[place as usize], tale.steps[place as usize].participant);
        match drawn.last_mut().filter(|last| y - last.y < CLOSE) {
            Some(last) => {
                last.steps.end = at + 1;
                last.across = (last.across.0.min(who), last.across.1.max(who));
            }
            None => drawn.push(Drawn { steps: at..at + 1, y, worded: false, across: (who, who) }),
        }
    }
    let mut free = f32::NEG_INFINITY;
    for one in &mut drawn {
        if one.y >= free {
            one.worded = true;
            free = one.y + STEP - 9.0;
        }
    }
    drawn
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
        assert!(even.drawn.iter().all(|drawn| drawn.worded && even.steps(drawn).len() == 1));
        let timed = Places::of(&tale, Distances::Time);
        let share = |place: usize| (timed.ys[place] - timed.ys[0]) / (timed.ys[2] - timed.ys[0]);
        assert!((share(1) - 0.01).abs() < 1e-3 && (share(4) - 0.9).abs() < 1e-3);
        assert_eq!(timed.ys[3], timed.ys[2], "what has no time stands where the one before does");
        let seen: Vec<&[u32]> =
            timed.within(timed.ys[4] - 1.0, timed.ys[2]).iter().map(|drawn| timed.steps(drawn)).collect();
        assert_eq!(seen, [&[4][..], &[2, 3]]);
    }

    #[test]
    fn one_moment_is_drawn_as_steps() {
        let tale = tale(&[Some(5), Some(5)]);
        assert_eq!(Places::of(&tale, Distances::Time).ys, Places::of(&tale, Distances::Steps).ys);
    }

    #[test]
    fn a_burst_is_drawn_as_one_and_words_do_not_touch() {
        let mut times: Vec<Option<i64>> = (0..1_000).map(|_| Some(500)).collect();
        times.extend([Some(0), Some(501), Some(540), Some(100_000)]);
        let tale = tale(&times);
        let places = Places::of(&tale, Distances::Time);
        let counts: Vec<usize> = places.drawn.iter().map(|drawn| places.steps(drawn).len()).collect();
        assert_eq!(counts.iter().sum::<usize>(), tale.steps.len(), "no step is lost");
        assert_eq!(counts, [1, 1_001, 1, 1]);
        assert!(places.drawn[1].worded && !places.drawn[2].worded, "words that would touch are left out");
        assert!(places.drawn.windows(2).all(|pair| pair[1].y - pair[0].y >= CLOSE));
    }
}
