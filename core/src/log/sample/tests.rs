//! The rules that the sample keeps, at several sizes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hasher as _;

use proptest::prelude::*;

use super::*;
use crate::event::{Coordinates, EventBatch, EventRef, TimestampType};
use crate::log::RangeEnd;
use crate::log::plan::{Request, plan};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

fn ranges(log: &SampleLog) -> Vec<PartitionRange> {
    let names = TOPICS.iter().map(|topic| topic.name.to_owned()).collect();
    let request = Request {
        topics: names,
        from: crate::event::time::Moment::Earliest,
        to: Some(crate::event::time::Moment::Latest),
        lateness_ms: Request::DEFAULT_LATENESS_MS,
    };
    runtime().block_on(plan(log, &request)).unwrap().ranges
}

/// Reads ranges to their ends: batches by partition, in the order they came.
fn read(log: &SampleLog, ranges: Vec<PartitionRange>, batch_bytes: usize) -> BTreeMap<TopicPartition, Vec<EventBatch>> {
    let mut read: BTreeMap<TopicPartition, Vec<EventBatch>> = BTreeMap::new();
    let mut ends: HashMap<TopicPartition, i64> = HashMap::new();
    for range in &ranges {
        let RangeEnd::Before(end) = range.end else { panic!("a range without an end") };
        ends.insert(range.partition.clone(), end);
    }
    let mut reading = log.read(ranges, ReadOptions { batch_bytes, ..ReadOptions::default() });
    runtime().block_on(async {
        while let Some(item) = reading.next().await {
            match item {
                ReadItem::Batch { events, next } => {
                    assert_eq!(events.offsets().last().map(|last| last + 1), Some(next));
                    let partition = TopicPartition::new(events.topic().clone(), events.partition());
                    read.entry(partition).or_default().push(events);
                }
                ReadItem::CaughtUp { partition, next, done, .. } => {
                    assert!(done);
                    assert_eq!(ends.remove(&partition), Some(next));
                }
                other => panic!("{other:?}"),
            }
        }
    });
    assert!(ends.is_empty(), "not caught up: {ends:?}");
    read
}

fn everything(log: &SampleLog) -> BTreeMap<TopicPartition, Vec<EventBatch>> {
    read(log, ranges(log), 1 << 20)
}

fn each(batches: &BTreeMap<TopicPartition, Vec<EventBatch>>) -> impl Iterator<Item = EventRef<'_>> {
    batches.values().flatten().flat_map(EventBatch::events)
}

/// An event in full, for comparing: offset, timestamp, key and value, headers.
type Whole = (i64, i64, [Option<Vec<u8>>; 2], Vec<(String, Option<Vec<u8>>)>);

fn whole(event: EventRef<'_>) -> Whole {
    let headers = event.headers().map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec))).collect();
    let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    (event.offset(), event.timestamp_ms(), [bytes(event.key()), bytes(event.value())], headers)
}

fn digest(log: &SampleLog) -> u64 {
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    let mut bytes = |bytes: Option<&[u8]>| {
        hash.write(&bytes.map_or(-1, |bytes| bytes.len() as i64).to_le_bytes());
        hash.write(bytes.unwrap_or_default());
    };
    for event in each(&everything(log)) {
        bytes(Some(event.topic().as_bytes()));
        for number in [i64::from(event.partition()), event.offset(), event.timestamp_ms()] {
            bytes(Some(&number.to_le_bytes()));
        }
        bytes(event.key());
        bytes(event.value());
        for (name, value) in event.headers() {
            bytes(Some(name.as_bytes()));
            bytes(value);
        }
    }
    hash.finish()
}

fn header<'a>(event: EventRef<'a>, name: &str) -> Option<&'a [u8]> {
    event.headers().find(|(found, _)| *found == name).and_then(|(_, value)| value)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_sample_is_the_same_on_every_platform_and_for_every_reader() {
    assert_eq!(digest(&SampleLog::new(5_000, 1)), digest(&SampleLog::new(5_000, 1)));
    assert_ne!(digest(&SampleLog::new(5_000, 1)), digest(&SampleLog::new(5_000, 2)));
    // A figure from one platform holds on the others. It changes when the sample's content is changed on purpose.
    assert_eq!(digest(&SampleLog::new(5_000, 1)), 5_427_971_617_096_359_077);
}

#[test]
fn there_are_exactly_as_many_events_as_asked_for() {
    for events in [0, 1, 15, 999, 1_000, 4_321, 200_000] {
        let log = SampleLog::new(events, 7);
        let held: i64 = ranges(&log)
            .iter()
            .map(|range| match range.end {
                RangeEnd::Before(end) => end - range.from,
                RangeEnd::Follow => 0,
            })
            .sum();
        assert_eq!(held as u64, events);
        assert_eq!(each(&everything(&log)).count() as u64, events);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any cut of any partition is what the whole holds there: reading from the middle equals reading on to there.
    #[test]
    fn any_range_is_a_cut_of_the_whole(events in 1_000_u64..60_000, lane in 0..LANES, cut in any::<(u16, u16)>()) {
        let log = SampleLog::new(events, 3);
        let (topic, partition) = shop::lane(lane);
        let partition = TopicPartition::new(topic.name, partition);
        let high = log.shop.outline().end(lane);
        let point = |share: u16| high * i64::from(share) / i64::from(u16::MAX);
        let (from, to) = (point(cut.0.min(cut.1)), point(cut.0.max(cut.1)));
        let all = PartitionRange { partition: partition.clone(), from: 0, end: RangeEnd::Before(high) };
        let part = PartitionRange { partition: partition.clone(), from, end: RangeEnd::Before(to) };
        let all = read(&log, vec![all], 4 << 20);
        let part = read(&log, vec![part], 10_000);
        let cut: Vec<_> = each(&part).map(whole).collect();
        let expected: Vec<_> =
            each(&all).filter(|event| (from..to).contains(&event.offset())).map(whole).collect();
        prop_assert_eq!(cut, expected);
    }

    /// A look-up of a time finds the first offset that is at or after it.
    #[test]
    fn a_time_is_found_as_kafka_finds_it(minute in -10_i64..1_460, lane in 0..LANES) {
        let log = SampleLog::new(20_000, 1);
        let (topic, number) = shop::lane(lane);
        let partition = TopicPartition::new(topic.name, number);
        let high = log.shop.outline().end(lane);
        let range = PartitionRange { partition: partition.clone(), from: 0, end: RangeEnd::Before(high) };
        let all = read(&log, vec![range], 4 << 20);
        let time_ms = DAY_START_MS + minute * 60_000;
        let expected = each(&all).find(|event| event.timestamp_ms() >= time_ms).map_or(high, EventRef::offset);
        let found = runtime().block_on(log.offsets_at(time_ms, &[partition])).unwrap();
        prop_assert_eq!(found[0].1.clone(), Ok(expected));
    }
}

#[test]
fn every_payload_is_what_its_topic_says() {
    let log = SampleLog::new(60_000, 1);
    let (mut garbled, mut empty, mut tombstones) = (0, 0, 0);
    for event in each(&everything(&log)) {
        let Some(value) = event.value() else {
            assert_eq!(&**event.topic(), "customers");
            tombstones += 1;
            continue;
        };
        match &**event.topic() {
            "stock-levels" => {
                assert_eq!(value.len(), 8);
                uuid::Uuid::parse_str(text(event.key().unwrap())).unwrap();
            }
            "page-latency" => assert!(f64::from_be_bytes(value.try_into().unwrap()) > 0.0),
            "fx-rates" => {
                assert!(text(value).starts_with("EUR/"));
                assert_eq!(event.timestamp_type(), TimestampType::LogAppend);
            }
            _ if value.is_empty() => empty += 1,
            "web-clicks" | "web-clicks-dlq" if std::str::from_utf8(value).is_err() => garbled += 1,
            topic => {
                let parsed = serde_json::from_slice::<serde_json::Value>(value);
                assert!(parsed.is_ok_and(|value| value.is_object()), "{topic}: {}", text(value));
            }
        }
    }
    assert!(garbled > 1 && empty > 1 && tombstones > 1, "{garbled} {empty} {tombstones}");
}

#[test]
fn headers_name_the_trace_and_the_story() {
    let batches = everything(&SampleLog::new(20_000, 1));
    let mut orders_of_traces: HashMap<Vec<u8>, HashSet<Vec<u8>>> = HashMap::new();
    let mut ids: HashSet<Vec<u8>> = HashSet::new();
    for event in each(&batches).filter(|event| ["orders", "payments"].contains(&&**event.topic())) {
        let trace = header(event, "traceparent").unwrap();
        assert_eq!((trace.len(), &trace[..3], &trace[52..]), (55, &b"00-"[..], &b"-01"[..]));
        let order = header(event, "correlationid").unwrap();
        assert_eq!(event.key(), Some(order));
        orders_of_traces.entry(trace[3..35].to_vec()).or_default().insert(order.to_vec());
        ids.insert(header(event, "ce_id").unwrap().to_vec());
    }
    assert!(orders_of_traces.len() > 300);
    assert!(orders_of_traces.values().all(|orders| orders.len() == 1));
    for event in each(&batches).filter(|event| &**event.topic() == "shipments") {
        let value: serde_json::Value = serde_json::from_slice(event.value().unwrap()).unwrap();
        ids.insert(value["id"].as_str().unwrap().as_bytes().to_vec());
    }
    for event in each(&batches) {
        if let Some(cause) = header(event, "ce_causationid") {
            assert!(ids.contains(cause), "{} has no cause in the log", event.coordinates());
        }
    }
}

#[test]
fn a_dead_letter_points_at_the_event_that_it_was() {
    let batches = everything(&SampleLog::new(100_000, 1));
    let places: HashMap<Coordinates, EventRef<'_>> = each(&batches).map(|event| (event.coordinates(), event)).collect();
    let number = |bytes: &[u8]| bytes.iter().fold(0_i64, |number, &byte| (number << 8) | i64::from(byte));
    let mut followed = [0; 2];
    for event in each(&batches) {
        let origin = match &**event.topic() {
            "payments-dlt" => {
                followed[0] += 1;
                let named = |name| number(header(event, name).unwrap());
                let offset = named("kafka_dlt-original-offset");
                let partition = named("kafka_dlt-original-partition") as i32;
                Coordinates { topic: "payments".into(), partition, offset }
            }
            "web-clicks-dlq" => {
                followed[1] += 1;
                let named = |name| text(header(event, name).unwrap()).parse::<i64>().unwrap();
                let offset = named("__connect.errors.offset");
                let partition = named("__connect.errors.partition") as i32;
                Coordinates { topic: "web-clicks".into(), partition, offset }
            }
            _ => continue,
        };
        assert_eq!(places[&origin].value(), event.value());
        assert_eq!(places[&origin].key(), event.key());
    }
    assert!(followed[0] > 2 && followed[1] > 2, "{followed:?}");
}

#[test]
fn every_key_lies_in_kafkas_own_partition_for_it() {
    for event in each(&everything(&SampleLog::new(20_000, 5))) {
        let (Some(key), Some(plan)) = (event.key(), find_topic(event.topic())) else { continue };
        let hash = partitioner::murmur2(key);
        let expected = partitioner::partition_of(hash, u32::from(plan.partitions));
        assert_eq!(event.partition(), expected as i32, "{} {}", event.coordinates(), text(key));
    }
}

#[test]
fn timestamps_run_backwards_only_where_it_was_planted() {
    let log = SampleLog::new(100_000, 1);
    let truth = log.truth();
    let planted: HashSet<&Coordinates> = [IncidentKind::OutOfOrder, IncidentKind::Late, IncidentKind::ClockSkew]
        .iter()
        .flat_map(|&kind| &truth.incident(kind).unwrap().events)
        .map(|event| &event.at)
        .collect();
    let mut backwards = 0;
    for batches in everything(&log).values() {
        let mut newest = i64::MIN;
        for event in batches.iter().flat_map(EventBatch::events) {
            if event.timestamp_ms() < newest {
                assert!(planted.contains(&event.coordinates()), "{}", event.coordinates());
                backwards += 1;
            }
            newest = newest.max(event.timestamp_ms());
        }
    }
    let expected =
        [IncidentKind::OutOfOrder, IncidentKind::Late].map(|kind| truth.incident(kind).unwrap().events_total);
    assert!(backwards >= expected.iter().sum::<u64>());
}

#[test]
fn every_incident_is_there_from_a_thousand_events_on() {
    for (events, seed) in [(1_000, 1), (1_000, 2), (1_000, 3), (10_000, 1), (200_000, 1)] {
        let truth = SampleLog::new(events, seed).truth();
        let kinds: Vec<IncidentKind> = truth.incidents.iter().map(|incident| incident.kind).collect();
        assert_eq!(kinds, day::WINDOWS.map(|window| window.kind), "{events} events, seed {seed}");
    }
}

/// The types of events that each order's story has, by order.
fn stories(batches: &BTreeMap<TopicPartition, Vec<EventBatch>>) -> HashMap<String, HashMap<String, usize>> {
    let mut stories: HashMap<String, HashMap<String, usize>> = HashMap::new();
    for event in each(batches).filter(|event| ["orders", "payments"].contains(&&**event.topic())) {
        let kinds = stories.entry(text(event.key().unwrap()).to_owned()).or_default();
        *kinds.entry(text(header(event, "ce_type").unwrap()).to_owned()).or_default() += 1;
    }
    for event in each(batches).filter(|event| &**event.topic() == "shipments") {
        let value: serde_json::Value = serde_json::from_slice(event.value().unwrap()).unwrap();
        let kinds = stories.entry(text(event.key().unwrap()).to_owned()).or_default();
        *kinds.entry(value["type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    stories
}

#[test]
fn what_the_truth_says_holds_in_the_data() {
    let log = SampleLog::new(100_000, 1);
    let (truth, batches) = (log.truth(), everything(&log));
    let places: HashMap<Coordinates, EventRef<'_>> = each(&batches).map(|event| (event.coordinates(), event)).collect();
    let events = |kind: IncidentKind| &truth.incident(kind).unwrap().events;
    let stories = stories(&batches);

    for planted in truth.incidents.iter().flat_map(|incident| &incident.events) {
        assert_eq!(places[&planted.at].key().map(|key| text(key).to_owned()), planted.key);
    }
    for planted in events(IncidentKind::Duplicate) {
        let (again, first) = (places[&planted.at], places[planted.of.as_ref().unwrap()]);
        assert_eq!((again.key(), again.value()), (first.key(), first.value()));
        assert_eq!(header(again, "ce_id"), header(first, "ce_id"));
        assert!(again.offset() > first.offset());
    }
    let repeated: HashSet<&str> =
        events(IncidentKind::Duplicate).iter().filter_map(|planted| planted.key.as_deref()).collect();
    let lost: HashSet<&str> =
        events(IncidentKind::LostStep).iter().filter_map(|planted| planted.key.as_deref()).collect();
    for (order, kinds) in &stories {
        let captured = kinds.get("PaymentCaptured").copied().unwrap_or(0);
        assert_eq!(captured > 1, repeated.contains(order.as_str()), "{order}");
        let unshipped = captured > 0 && !kinds.contains_key("ShipmentBooked");
        assert_eq!(unshipped, lost.contains(order.as_str()), "{order}");
    }
    for planted in events(IncidentKind::DeadLetter) {
        let kinds = &stories[planted.key.as_ref().unwrap()];
        assert_eq!((kinds["PaymentRequested"], kinds["PaymentFailed"]), (3, 3));
        assert!(kinds.contains_key("OrderCancelled") && !kinds.contains_key("PaymentCaptured"));
    }
    for planted in events(IncidentKind::SchemaChange) {
        let value: serde_json::Value = serde_json::from_slice(places[&planted.at].value().unwrap()).unwrap();
        assert!(value["customer_id"].is_string() && value["total"].is_string() && value.get("customer").is_none());
    }
    for planted in events(IncidentKind::Undecodable) {
        assert!(std::str::from_utf8(places[&planted.at].value().unwrap()).is_err());
    }
    let scraped = events(IncidentKind::HotKey)[0].key.clone().unwrap();
    let of_scraper = each(&batches).filter(|event| event.key() == Some(scraped.as_bytes())).count();
    assert_eq!(of_scraper as u64, truth.incident(IncidentKind::HotKey).unwrap().events_total);
}

#[test]
fn a_skewed_shipment_stands_before_its_payment() {
    let log = SampleLog::new(50_000, 1);
    let batches = everything(&log);
    let truth = log.truth();
    let captured: HashMap<&[u8], i64> = each(&batches)
        .filter(|event| header(*event, "ce_type") == Some(b"PaymentCaptured"))
        .map(|event| (event.key().unwrap(), event.timestamp_ms()))
        .collect();
    let places: HashMap<Coordinates, EventRef<'_>> = each(&batches).map(|event| (event.coordinates(), event)).collect();
    for planted in &truth.incident(IncidentKind::ClockSkew).unwrap().events {
        let shipment = places[&planted.at];
        assert!(shipment.timestamp_ms() < captured[shipment.key().unwrap()]);
    }
}

#[test]
fn truth_survives_its_file() {
    let log = SampleLog::new(2_000, 1);
    let again: Truth = serde_json::from_str(&log.truth_json().unwrap()).unwrap();
    assert_eq!(again, log.truth());
}

#[test]
fn a_follower_catches_up_and_then_waits_until_cancelled() {
    let log = SampleLog::new(1_000, 1);
    let options = ReadOptions::default();
    let range = PartitionRange { partition: TopicPartition::new("orders", 0), from: 0, end: RangeEnd::Follow };
    let mut reading = log.read(vec![range], options.clone());
    runtime().block_on(async {
        loop {
            match reading.next().await.unwrap() {
                ReadItem::Batch { .. } => {}
                ReadItem::CaughtUp { done, next, watermarks, .. } => {
                    assert!(!done);
                    assert_eq!(next, watermarks.high);
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        options.cancel.cancel();
        assert!(reading.next().await.is_none());
    });
}

#[test]
fn what_is_not_there_fails_alone() {
    let log = SampleLog::new(1_000, 1);
    let range = |topic: &str, partition, from| PartitionRange {
        partition: TopicPartition::new(topic, partition),
        from,
        end: RangeEnd::Before(i64::MAX),
    };
    let mut reading =
        log.read(vec![range("orders", 6, 0), range("orders", 1, -5), range("orders", 0, 0)], ReadOptions::default());
    let (mut failed, mut done) = (Vec::new(), Vec::new());
    runtime().block_on(async {
        while let Some(item) = reading.next().await {
            match item {
                ReadItem::Failed { partition, error, .. } => failed.push((partition.partition, error)),
                ReadItem::CaughtUp { partition, .. } => done.push(partition.partition),
                _ => {}
            }
        }
    });
    assert!(matches!(failed[0], (6, LogError::UnknownPartition { .. })));
    assert!(matches!(failed[1], (1, LogError::OutOfRange { offset: -5, low: 0, .. })));
    assert_eq!(done, [0]);
}
