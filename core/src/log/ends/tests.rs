use async_trait::async_trait;
use proptest::prelude::*;

use super::*;
use crate::event::time::Moment;
use crate::event::{EventBatch, EventBatchBuilder, TimestampType, Watermarks};
use crate::log::plan::{Request, plan};
use crate::log::{Groups, Origin, PartitionInfo, Reading, TopicConfig, TopicInfo};

const TOPIC: &str = "orders";

/// A log of one topic in memory; each partition is its events' (offset, time), with gaps between the offsets.
#[derive(Debug)]
struct InMemory(Vec<Vec<(i64, i64)>>);

impl InMemory {
    fn high(&self, partition: i32) -> i64 {
        self.0[partition as usize].last().map_or(0, |(offset, _)| offset + 3)
    }

    fn batch(&self, range: &PartitionRange) -> (EventBatch, i64) {
        let partition = range.partition.partition;
        let RangeEnd::Before(end) = range.end else { panic!("only what ends is read here") };
        let mut batch = EventBatchBuilder::new(TOPIC, partition);
        for &(offset, time_ms) in self.0[partition as usize].iter().filter(|(at, _)| (range.from..end).contains(at)) {
            batch.push(offset, time_ms, TimestampType::Create, None, None, []);
        }
        (batch.finish(), end)
    }
}

#[async_trait]
impl Log for InMemory {
    fn origin(&self) -> Origin {
        Origin::Import { files: Vec::new() }
    }

    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        let partitions = (0..self.0.len()).map(|id| PartitionInfo { id: id as i32, available: true }).collect();
        Ok(vec![TopicInfo { name: TOPIC.into(), partitions, error: None }])
    }

    async fn watermarks(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<Watermarks, LogError>)>, LogError> {
        let marks = |at: &TopicPartition| Ok(Watermarks { low: 0, high: self.high(at.partition) });
        Ok(partitions.iter().map(|at| (at.clone(), marks(at))).collect())
    }

    async fn offsets_at(
        &self,
        time_ms: i64,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<i64, LogError>)>, LogError> {
        let first = |at: &TopicPartition| {
            let found = self.0[at.partition as usize].iter().find(|(_, time)| *time >= time_ms);
            Ok(found.map_or(self.high(at.partition), |(offset, _)| *offset))
        };
        Ok(partitions.iter().map(|at| (at.clone(), first(at))).collect())
    }

    async fn topic_config(&self, _topic: &str) -> Result<TopicConfig, LogError> {
        Ok(TopicConfig::default())
    }

    async fn groups(&self) -> Result<Option<Groups>, LogError> {
        Ok(None)
    }

    fn read(&self, ranges: Vec<PartitionRange>, _options: ReadOptions) -> Reading {
        let (sender, items) = tokio::sync::mpsc::channel(ranges.len().max(1));
        for range in ranges {
            let (events, next) = self.batch(&range);
            sender.try_send(ReadItem::Batch { events, next }).expect("there is room for a batch a range");
        }
        Reading { items }
    }
}

/// Events in the order of the narrative: time, partition, offset.
fn in_order(log: &InMemory) -> Vec<(i64, usize, i64)> {
    let partitions = log.0.iter().enumerate();
    let mut events: Vec<_> =
        partitions.flat_map(|(at, events)| events.iter().map(move |(offset, time)| (*time, at, *offset))).collect();
    events.sort_unstable();
    events
}

/// What is read by a plan, in the order of the narrative.
fn read_by(log: &InMemory, plan: &Plan) -> Vec<(i64, usize, i64)> {
    let kept = |time: i64| plan.from_ms.is_none_or(|from| from <= time) && plan.to_ms.is_none_or(|to| time < to);
    let inside = |at: usize, offset: i64| {
        plan.ranges.iter().any(|range| {
            range.partition.partition as usize == at && (range.from..end_of(plan, range)).contains(&offset)
        })
    };
    in_order(log).into_iter().filter(|&(time, at, offset)| kept(time) && inside(at, offset)).collect()
}

fn request(from: Moment, to: Moment) -> Request {
    Request { topics: vec![TOPIC.to_owned()], from, to: Some(to), lateness_ms: 1_000_000 }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

/// Partitions of very different lengths; times run backwards now and then; offsets have gaps.
fn logs() -> impl Strategy<Value = InMemory> {
    let event = (1..4_i64, -20..40_i64);
    let partition = prop_oneof![prop::collection::vec(event.clone(), 0..4), prop::collection::vec(event, 0..200)];
    prop::collection::vec(partition, 1..6).prop_map(|partitions| {
        let walk = |steps: Vec<(i64, i64)>| {
            let (mut offset, mut time) = (0, 1_000);
            let mut step = |(skip, later)| {
                offset += skip;
                time += later;
                (offset, time)
            };
            steps.into_iter().map(&mut step).collect()
        };
        InMemory(partitions.into_iter().map(walk).collect())
    })
}

proptest! {
    #[test]
    fn the_newest_events_are_a_contiguous_window_of_time(log in logs(), count in 1..60_usize, to in 0..6_000_i64) {
        let ends = [Moment::Latest, Moment::At(to)];
        for end in ends {
            let whole = wait(plan(&log, &request(Moment::Earliest, end))).unwrap();
            let narrowed = wait(newest(&log, &whole, count)).unwrap();
            let (all, read) = (read_by(&log, &whole), read_by(&log, &narrowed));
            let expected = &all[all.len().saturating_sub(count)..];
            prop_assert_eq!(&read[read.len().saturating_sub(count)..], expected);
            prop_assert_eq!(&all[all.len() - read.len()..], &read[..], "nothing is missing in between");
        }
    }

    #[test]
    fn the_oldest_events_are_a_contiguous_window_of_time(log in logs(), count in 1..60_usize, from in 0..6_000_i64) {
        for start in [Moment::Earliest, Moment::At(from)] {
            let whole = wait(plan(&log, &request(start, Moment::Latest))).unwrap();
            let narrowed = wait(oldest(&log, &whole, count, 1_000_000)).unwrap();
            let (all, read) = (read_by(&log, &whole), read_by(&log, &narrowed));
            prop_assert_eq!(&read[..read.len().min(count)], &all[..all.len().min(count)]);
            prop_assert_eq!(&all[..read.len()], &read[..], "nothing is missing in between");
        }
    }
}

#[test]
fn a_few_events_of_a_long_log_are_found_by_reading_a_few() {
    let long = |from: i64| (0..100_000).map(|at| (at, from + at * 10)).collect();
    let log = InMemory(vec![long(0), Vec::new(), long(5), vec![(0, 999_990)]]);
    let whole = wait(plan(&log, &request(Moment::Earliest, Moment::Latest))).unwrap();
    let newest = read_by(&log, &wait(newest(&log, &whole, 10)).unwrap());
    assert_eq!((newest.len(), newest[0]), (10, (999_955, 2, 99_995)));
    let oldest = wait(oldest(&log, &whole, 10, 100)).unwrap();
    let offsets: i64 = oldest.ranges.iter().map(|range| end_of(&oldest, range) - range.from).sum();
    assert!(offsets < 60, "{offsets} offsets would be read");
}
