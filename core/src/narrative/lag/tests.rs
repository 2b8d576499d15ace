//! Figures equal a naive account, whatever has been read of the log and however it is cut into segments.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::event::{EventBatchBuilder, TimestampType, TopicPartition, Watermarks};
use crate::log::Origin;
use crate::store::{Coverage, PartitionSnapshot, Segment, SegmentId, TopicSnapshot};

const MS: i64 = 1_000_000;

/// A partition: events by offset with their times, and which offsets have been read.
#[derive(Debug, Clone)]
struct Drawn {
    events: Vec<(i64, Option<i64>)>,
    read: Coverage,
    cut: usize,
    high: i64,
}

impl Drawn {
    fn any() -> impl Strategy<Value = Self> {
        let event = (1_i64..4, prop::option::weighted(0.9, 0_i64..500));
        let reads = prop::collection::vec((0_i64..60, 1_i64..40), 0..5);
        (prop::collection::vec(event, 0..40), reads, any::<bool>(), 1_usize..9, 0_i64..4).prop_map(
            |(events, reads, all, cut, tail)| {
                let mut next = -1;
                let place = |(step, at): (i64, Option<i64>)| {
                    next += step;
                    (next, at)
                };
                let events: Vec<(i64, Option<i64>)> = events.into_iter().map(place).collect();
                let high = events.last().map_or(0, |(offset, _)| offset + 1) + tail;
                let mut read = Coverage::new();
                let reads = if all { vec![(0, high)] } else { reads };
                reads.into_iter().for_each(|(from, len)| read.insert(from, (from + len).min(high)));
                Self { events, read, cut, high }
            },
        )
    }

    fn held(&self) -> Vec<(i64, Option<i64>)> {
        self.events.iter().copied().filter(|(offset, _)| self.read.contains(*offset)).collect()
    }

    fn snapshot(&self) -> Snapshot {
        let mut segments = Vec::new();
        for &(from, to) in self.read.ranges() {
            let within: Vec<_> = self.held().into_iter().filter(|(offset, _)| (from..to).contains(offset)).collect();
            for part in within.chunks(self.cut) {
                let mut builder = EventBatchBuilder::new("orders", 0);
                for (offset, at) in part {
                    let kind = if at.is_some() { TimestampType::Create } else { TimestampType::None };
                    builder.push(*offset, at.unwrap_or(-1), kind, None, Some(b"v"), std::iter::empty());
                }
                let covers = (part[0].0, part[part.len() - 1].0 + 1);
                segments
                    .extend(Segment::live(SegmentId(segments.len() as u32), builder.finish(), covers).map(Arc::new));
            }
        }
        let partition = PartitionSnapshot {
            partition: 0,
            segments,
            coverage: self.read.clone(),
            watermarks: None,
            watermarks_at_ms: None,
            failure: None,
        };
        let topic =
            TopicSnapshot { name: "orders".into(), config: Default::default(), partitions: vec![Arc::new(partition)] };
        Snapshot::new(1, Arc::new(Origin::Sample { events: 0, seed: 0 }), vec![Arc::new(topic)])
    }

    fn naive_events(&self, from: i64, to: i64) -> EventsBehind {
        let held = self.held().iter().filter(|(offset, _)| (from..to).contains(offset)).count() as u64;
        match (from..to).filter(|offset| !self.read.contains(*offset)).count() as u64 {
            0 => EventsBehind::Exactly(held),
            unread => EventsBehind::AtMost(held + unread),
        }
    }

    fn naive_time(&self, from: i64, to: i64) -> TimeBehind {
        let held: Vec<_> = self.held().into_iter().filter(|(offset, _)| (from..to).contains(offset)).collect();
        let hole = (from..to).find(|offset| !self.read.contains(*offset));
        let last_hole = (from..to).rev().find(|offset| !self.read.contains(*offset));
        let next =
            held.iter().find(|(_, at)| at.is_some()).filter(|(offset, _)| hole.is_none_or(|hole| *offset < hole));
        match (next, hole) {
            (None, None) if held.is_empty() => TimeBehind::Exactly(0),
            (None, None) => TimeBehind::Untimed,
            (None, Some(_)) => TimeBehind::NotRead,
            (Some((_, next)), hole) => {
                let newest = held.iter().filter_map(|(_, at)| *at).max();
                let span = (newest.unwrap() - next.unwrap()) * MS;
                match hole {
                    None => TimeBehind::Exactly(span),
                    Some(_) if held.last().is_some_and(|(offset, _)| Some(*offset) > last_hole) => {
                        TimeBehind::AtLeast(span)
                    }
                    Some(_) => TimeBehind::NotRead,
                }
            }
        }
    }
}

fn group(committed: Option<i64>, low: i64, high: i64) -> Groups {
    let partition = TopicPartition::new("orders", 0);
    let position = GroupPosition { partition, committed, watermarks: Some(Watermarks { low, high }) };
    let group = ConsumerGroup { name: "g".to_owned(), positions: vec![position], ..ConsumerGroup::default() };
    Groups { at_ms: 1, groups: vec![group] }
}

fn at(offset: i64) -> Coordinates {
    Coordinates { topic: "orders".into(), partition: 0, offset }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lag_equals_a_count_by_hand(drawn in Drawn::any(), committed in 0_i64..100, low in 0_i64..20) {
        let low = low.min(drawn.high);
        let standings = Standings::of(&group(Some(committed), low, drawn.high), &drawn.snapshot());
        let found = standings.groups[0].partitions[0];
        let from = committed.max(low);
        prop_assert_eq!(found.events, Some(drawn.naive_events(from, drawn.high.max(from))));
        prop_assert_eq!(found.time, Some(drawn.naive_time(from, drawn.high.max(from))));
        prop_assert_eq!(found.lost, (low - committed).max(0) as u64);
        prop_assert_eq!(standings.groups[0].events, found.events);
    }

    #[test]
    fn a_bound_holds_once_more_has_been_read(drawn in Drawn::any(), committed in 0_i64..80) {
        let mut whole = drawn.clone();
        whole.read.insert(0, drawn.high);
        let figures = |drawn: &Drawn| {
            Standings::of(&group(Some(committed), 0, drawn.high), &drawn.snapshot()).groups[0].partitions[0]
        };
        let (part, all) = (figures(&drawn), figures(&whole));
        prop_assert!(all.events.unwrap().is_exact());
        prop_assert!(all.events.unwrap().number() <= part.events.unwrap().number());
        match (part.time.unwrap(), all.time.unwrap()) {
            (TimeBehind::Exactly(known), time) => prop_assert_eq!(time, TimeBehind::Exactly(known)),
            (TimeBehind::AtLeast(least), time) => prop_assert!(time.ns().unwrap() >= least),
            _ => {}
        }
    }

    #[test]
    fn passed_is_what_the_commit_says(drawn in Drawn::any(), committed in prop::option::of(0_i64..80), offset in 0_i64..80) {
        let snapshot = drawn.snapshot();
        let standings = Standings::of(&group(committed, 0, drawn.high), &snapshot);
        let passed = standings.groups[0].passed(&at(offset), &snapshot).unwrap();
        match committed {
            None => prop_assert!(matches!(passed, Passed::NotKnown(_))),
            Some(next) if offset < next => {
                prop_assert_eq!(passed, Passed::Yes(drawn.naive_events(offset + 1, next)));
            }
            Some(next) => prop_assert_eq!(passed, Passed::No(drawn.naive_events(next, offset))),
        }
    }
}

#[test]
fn a_partition_without_a_commit_is_stated_and_counts_for_nothing() {
    let drawn =
        Drawn { events: vec![(0, Some(0))], read: Coverage::from_sorted(vec![(0, 1)]).unwrap(), cut: 1, high: 1 };
    let standings = Standings::of(&group(None, 0, 1), &drawn.snapshot());
    let standing = &standings.groups[0];
    assert_eq!((standing.events, standing.time, standing.uncommitted()), (None, None, 1));
}

#[test]
fn what_retention_took_before_a_group_came_is_gone_and_not_behind_it() {
    let read = Coverage::from_sorted(vec![(5, 8)]).unwrap();
    let drawn = Drawn { events: vec![(5, Some(10)), (6, Some(20)), (7, Some(15))], read, cut: 2, high: 8 };
    let snapshot = drawn.snapshot();
    let standings = Standings::of(&group(Some(2), 5, 8), &snapshot);
    let found = standings.groups[0].partitions[0];
    assert_eq!((found.events, found.lost, found.next_ns), (Some(EventsBehind::Exactly(3)), 3, Some(10 * MS)));
    assert_eq!(found.time, Some(TimeBehind::Exactly(10 * MS)), "to the largest time, not to the last event's");
    assert_eq!(standings.groups[0].passed(&at(3), &snapshot), Some(Passed::Gone));
    assert_eq!(standings.groups[0].passed(&at(6), &snapshot), Some(Passed::No(EventsBehind::Exactly(1))));
}

#[test]
fn a_group_of_other_topics_is_not_asked_and_one_that_is_shut_may_read_it() {
    let drawn = Drawn { events: vec![], read: Coverage::new(), cut: 1, high: 0 };
    let snapshot = drawn.snapshot();
    let mut groups = group(Some(0), 0, 0);
    groups.groups.push(ConsumerGroup {
        name: "shut".to_owned(),
        error: Some("not allowed".into()),
        ..Default::default()
    });
    let standings = Standings::of(&groups, &snapshot);
    let elsewhere = Coordinates { topic: "carts".into(), partition: 0, offset: 1 };
    let passed = standings.passed(&elsewhere, &snapshot);
    assert_eq!(passed.len(), 1);
    assert_eq!(passed[0].1, Passed::NotKnown("not allowed".to_owned()));
    let beyond = Coordinates { partition: 9, ..at(0) };
    assert!(matches!(standings.groups[0].passed(&beyond, &snapshot), Some(Passed::NotKnown(_))));
}

#[test]
fn the_longest_lag_is_a_bound_where_another_is_not_known() {
    let (known, none) = (TimeBehind::Exactly(5), TimeBehind::Exactly(0));
    assert_eq!(known.or_longer(none), known);
    assert_eq!(none.or_longer(TimeBehind::NotRead), TimeBehind::NotRead);
    assert_eq!(TimeBehind::NotRead.or_longer(known), TimeBehind::AtLeast(5));
    assert_eq!(known.or_longer(TimeBehind::AtLeast(3)), TimeBehind::AtLeast(5));
    assert_eq!(TimeBehind::Untimed.or_longer(none), TimeBehind::Untimed);
}
