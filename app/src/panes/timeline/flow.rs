//! A thread's steps and arrows put in order for drawing: by time, with their lanes, so that a frame costs what is in sight.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use fabula_core::event::TopicName;

use super::lanes::LaneKey;
use crate::state::Tale;

const NS: i64 = 1_000_000;

/// A thread over some lanes.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) tale: Arc<Tale>,
    /// Steps that have a time and a lane, by time.
    steps: Vec<Stop>,
    /// Arrows between such steps, by their earlier end.
    arrows: Vec<Arrow>,
    /// The latest end of each arrow and all before it.
    latest: Vec<i64>,
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) ns: i64,
    pub(super) lane: u32,
    /// Its place among the thread's steps.
    pub(super) place: u32,
}

/// What led to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrow {
    pub(super) from: Stop,
    pub(super) to: Stop,
    /// Whether the events say so themselves.
    pub(super) exact: bool,
}

impl Arrow {
    fn start(&self) -> i64 {
        self.from.ns.min(self.to.ns)
    }

    fn end(&self) -> i64 {
        self.from.ns.max(self.to.ns)
    }
}

impl Flow {
    pub(super) fn of(tale: &Arc<Tale>, lanes: &[LaneKey]) -> Self {
        let mut of_topic: HashMap<&TopicName, Vec<u32>> = HashMap::new();
        for (at, lane) in lanes.iter().enumerate() {
            of_topic.entry(lane.topic()).or_default().push(at as u32);
        }
        let stop = |(place, step): (usize, &crate::state::TaleStep)| {
            let ns = step.time_ms?.saturating_mul(NS);
            let mut own = of_topic.get(&step.at.topic)?.iter().copied();
            let lane = own.find(|lane| lanes[*lane as usize].holds(&step.at.topic, step.at.partition))?;
            Some(Stop { ns, lane, place: place as u32 })
        };
        let stops: Vec<Option<Stop>> = tale.steps.iter().enumerate().map(stop).collect();
        let arrow = |edge: &fabula_core::narrative::threads::Edge| {
            let end = |at: u32| stops.get(at as usize).copied().flatten();
            Some(Arrow { from: end(edge.from)?, to: end(edge.to)?, exact: edge.kind.is_exact() })
        };
        let mut arrows: Vec<Arrow> = tale.causes.iter().flatten().filter_map(arrow).collect();
        arrows.sort_by_key(Arrow::start);
        let mut last = i64::MIN;
        let latest = arrows.iter().map(|arrow| {
            last = last.max(arrow.end());
            last
        });
        let latest = latest.collect();
        let mut steps: Vec<Stop> = stops.into_iter().flatten().collect();
        steps.sort_by_key(|stop| stop.ns);
        Self { tale: Arc::clone(tale), steps, arrows, latest }
    }

    /// The steps of a stretch of time.
    pub(super) fn steps(&self, time: Range<i64>) -> &[Stop] {
        let from = self.steps.partition_point(|stop| stop.ns < time.start);
        let to = self.steps.partition_point(|stop| stop.ns <= time.end);
        &self.steps[from..to.max(from)]
    }

    /// Arrows that may touch a stretch of time: all that do are among them.
    pub(super) fn arrows(&self, time: Range<i64>) -> &[Arrow] {
        let from = self.latest.partition_point(|end| *end < time.start);
        let to = self.arrows.partition_point(|arrow| arrow.start() <= time.end);
        &self.arrows[from..to.max(from)]
    }
}

#[cfg(test)]
mod tests {
    use fabula_core::event::{Coordinates, TopicPartition};
    use fabula_core::narrative::threads::{Edge, EdgeKind};

    use super::*;
    use crate::state::TaleStep;

    fn tale(times: &[i64]) -> Arc<Tale> {
        let step = |(place, time_ms): (usize, &i64)| TaleStep {
            at: Coordinates { topic: ["orders", "payments"][place % 2].into(), partition: 0, offset: place as i64 },
            time_ms: Some(*time_ms),
            step: Arc::from("Step"),
            participant: 0,
            findings: Vec::new(),
        };
        let cause = |place: usize| {
            let from = place.checked_sub(1)? as u32;
            Some(Edge { from, to: place as u32, kind: EdgeKind::Causation, latency_ms: None })
        };
        Arc::new(Tale {
            thread: 0,
            of: 1,
            name: "A".to_owned(),
            outcome: Default::default(),
            steps: times.iter().enumerate().map(step).collect(),
            causes: (0..times.len()).map(cause).collect(),
            participants: vec![Arc::from("shop")],
            findings: Vec::new(),
            missing: Vec::new(),
            values: Default::default(),
        })
    }

    #[test]
    fn only_what_is_in_sight_is_looked_at_and_nothing_of_it_is_missed() {
        let times: Vec<i64> = (0..10_000).map(|at| at * 10).collect();
        let lanes = [LaneKey::Topic("orders".into()), LaneKey::Topic("payments".into())];
        let flow = Flow::of(&tale(&times), &lanes);
        let seen = 50_000 * NS..50_100 * NS;
        let steps: Vec<u32> = flow.steps(seen.clone()).iter().map(|stop| stop.place).collect();
        assert_eq!(steps, (5_000..=5_010).collect::<Vec<u32>>());
        let arrows = flow.arrows(seen.clone());
        assert_eq!(arrows.len(), 12, "those that lead in and out too");
        assert!(arrows.iter().all(|arrow| arrow.end() >= seen.start && arrow.start() <= seen.end));
    }

    #[test]
    fn a_step_without_a_lane_is_not_drawn() {
        let lanes = [LaneKey::Partition(TopicPartition::new("orders", 0))];
        let flow = Flow::of(&tale(&[0, 10, 20, 30]), &lanes);
        assert_eq!(flow.steps(0..NS * 100).iter().map(|stop| stop.place).collect::<Vec<u32>>(), [0, 2]);
        assert!(flow.arrows(0..NS * 100).is_empty());
    }
}
