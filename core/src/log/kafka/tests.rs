//! Against librdkafka's mock cluster: what needs no time and no real log.

use std::collections::BTreeSet;

use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};

use super::*;
use crate::log::{RangeEnd, ReadItem};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn open(cluster: &MockCluster<'_, DefaultProducerContext>) -> KafkaLog {
    KafkaLog::open(Settings::new(&cluster.bootstrap_servers())).unwrap()
}

#[test]
fn the_watermarks_of_ten_thousand_partitions_come_in_order_and_complete() {
    let cluster = MockCluster::new(3).unwrap();
    let mut asked = Vec::new();
    for topic in 0..200 {
        let name = format!("topic-{topic:03}");
        cluster.create_topic(&name, 50, 1).unwrap();
        asked.extend((0..50).map(|partition| TopicPartition::new(name.as_str(), partition)));
    }
    let log = open(&cluster);
    block_on(async {
        let topics = log.topics().await.unwrap();
        assert_eq!(topics.iter().flat_map(TopicInfo::topic_partitions).collect::<Vec<_>>(), asked);
        let marks = log.watermarks(&asked).await.unwrap();
        assert_eq!(marks.iter().map(|(partition, _)| partition.clone()).collect::<Vec<_>>(), asked);
        assert!(marks.iter().all(|(_, marks)| *marks == Ok(Watermarks { low: 0, high: 0 })));
    });
}

#[test]
fn partitions_of_the_same_number_in_different_topics_end_each_for_itself() {
    let cluster = MockCluster::new(2).unwrap();
    let producer: BaseProducer =
        rdkafka::ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    let topics = ["a", "b", "c"];
    for (at, topic) in topics.into_iter().enumerate() {
        cluster.create_topic(topic, 2, 1).unwrap();
        for event in 0..10 * (at + 1) {
            let record = BaseRecord::to(topic).partition(1).key("k").payload("v").timestamp(event as i64);
            producer.send(record).unwrap();
        }
    }
    producer.flush(std::time::Duration::from_secs(60)).unwrap();
    let range = |topic: &str, partition, high| PartitionRange {
        partition: TopicPartition::new(topic, partition),
        from: 0,
        end: RangeEnd::Before(high),
    };
    let ranges = [range("a", 0, 0), range("a", 1, 10), range("b", 1, 15), range("c", 1, 30)];
    let log = open(&cluster);
    block_on(async {
        let mut reading = log.read(ranges.to_vec(), ReadOptions::default());
        let (mut read, mut ended) = (0, BTreeSet::new());
        while let Some(item) = reading.next().await {
            match item {
                ReadItem::Batch { events, .. } => read += events.len(),
                ReadItem::CaughtUp { partition, next, done: true, .. } => {
                    ended.insert((partition.to_string(), next));
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(read, 10 + 15 + 30);
        let expected = ranges.map(|range| match range.end {
            RangeEnd::Before(end) => (range.partition.to_string(), end),
            RangeEnd::Follow => unreachable!("bounded"),
        });
        assert_eq!(ended, BTreeSet::from(expected));
    });
}
