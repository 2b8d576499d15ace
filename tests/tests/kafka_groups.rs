//! Consumer groups of a real broker: members, lag and what they have passed, as Kafka's own tool and a count by hand say;
//! and looking leaves no group behind.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fabula_core::event::{Coordinates, TopicPartition};
use fabula_core::log::kafka::{KafkaLog, Settings};
use fabula_core::log::{ConsumerGroup, Log as _};
use fabula_core::narrative::lag::{EventsBehind, Passed, Standings, TimeBehind};
use fabula_core::store::record::{RecordProgress, record};
use fabula_core::store::{Snapshot, Store};
use fabula_tests::kafka::produce::{Pen, Record};
use fabula_tests::kafka::{Kafka, block_on, reading};
use fabula_tests::{arguments, program};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(120);

fn open(kafka: &Kafka) -> KafkaLog {
    KafkaLog::open(Settings::new(&kafka.brokers())).expect("settings that make sense")
}

fn commit(kafka: &Kafka, group: &str, positions: &[(&str, i32, i64)]) {
    let member: BaseConsumer = kafka.client().set("group.id", group).create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    for &(topic, partition, offset) in positions {
        list.add_partition_offset(topic, partition, Offset::Offset(offset)).expect("an offset");
    }
    member.commit(&list, CommitMode::Sync).expect("a group's position");
}

fn group(log: &KafkaLog, name: &str) -> ConsumerGroup {
    let groups = block_on(log.groups()).expect("the groups").expect("a cluster tells them");
    groups.groups.into_iter().find(|group| group.name == name).unwrap_or_else(|| panic!("{name} is not listed"))
}

/// What Kafka's own tool says of a group, by topic and partition: its columns by name.
fn described(kafka: &Kafka, group: &str) -> BTreeMap<(String, i32), BTreeMap<String, String>> {
    let class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    let said = kafka.tool(class, &["--describe", "--group", group]);
    let mut lines = said.lines().skip_while(|line| !line.contains("CURRENT-OFFSET"));
    let names: Vec<&str> = lines.next().expect("a line of names").split_whitespace().collect();
    let row = |line: &str| {
        let fields = line.split_whitespace().map(str::to_owned);
        let row: BTreeMap<String, String> = names.iter().map(|name| (*name).to_owned()).zip(fields).collect();
        let partition = row.get("PARTITION")?.parse().ok()?;
        Some(((row["TOPIC"].clone(), partition), row))
    };
    lines.filter_map(row).collect()
}

/// Reads topics whole into a store.
fn recorded(log: &KafkaLog, topics: &[&str]) -> (Store, std::sync::Arc<Snapshot>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::create(&folder.path().join("recording"), log.origin()).expect("a recording");
    block_on(async {
        for topic in topics {
            let ranges = reading::whole(log, topic).await;
            let partitions: Vec<TopicPartition> = ranges.iter().map(|range| range.partition.clone()).collect();
            let marks = log.watermarks(&partitions).await.expect("the watermarks");
            let watermarks = marks.into_iter().map(|(at, marks)| (at, marks.expect("a mark"))).collect();
            let plan =
                fabula_core::log::plan::Plan { ranges, watermarks, from_ms: None, to_ms: None, failed: Vec::new() };
            record(log, plan, &store, &RecordProgress::default(), CancellationToken::new()).await.expect("recorded");
        }
    });
    let snapshot = store.snapshot();
    (store, snapshot, folder)
}

#[test]
fn lags_are_those_of_kafkas_own_tool_and_of_a_count_by_hand() {
    let Some(kafka) = Kafka::start("lags_are_those_of_kafkas_own_tool_and_of_a_count_by_hand") else { return };
    kafka.create_topic("payments", 3, &[]);
    const START: i64 = 1_700_000_000_000;
    // Times run backwards now and then; transactions leave markers, and one is aborted: offsets without an event.
    let pen = Pen::transactional(&kafka.brokers(), "payments");
    let mut number = 0;
    for round in 0..12 {
        pen.begin();
        let records = (0..30).map(|_| {
            number += 1;
            let back = if number % 7 == 0 { 40_000 } else { 0 };
            Record::new(number % 2, format!("{number}"), "{}").at(START + i64::from(number) * 1_000 - back)
        });
        pen.write("payments", records.collect::<Vec<_>>());
        if round % 4 == 1 { pen.abort() } else { pen.commit() }
    }
    commit(&kafka, "ledger", &[("payments", 0, 50), ("payments", 1, 0)]);
    let before = kafka.groups();

    let log = open(&kafka);
    let ledger = group(&log, "ledger");
    let theirs = described(&kafka, "ledger");
    assert_eq!(ledger.positions.len(), 3, "the partition without a commit is stated: {:?}", ledger.positions);
    for position in &ledger.positions {
        let at = (position.partition.topic.to_string(), position.partition.partition);
        match (position.committed, theirs.get(&at)) {
            (Some(committed), Some(row)) => {
                assert_eq!(row["CURRENT-OFFSET"], committed.to_string(), "{at:?}");
                assert_eq!(row["LOG-END-OFFSET"], position.watermarks.unwrap().high.to_string(), "{at:?}");
                assert_eq!(row["LAG"], position.lag().unwrap().to_string(), "{at:?}");
            }
            (None, row) => assert!(row.is_none_or(|row| row["CURRENT-OFFSET"] == "-"), "{at:?}: {row:?}"),
            (Some(_), None) => panic!("{at:?} is not in {theirs:?}"),
        }
    }

    // In events and in time, against what a reading hands over.
    let read = block_on(async { reading::read(&log, reading::whole(&log, "payments").await).await });
    let (store, snapshot, _folder) = recorded(&log, &["payments"]);
    let groups = store.groups().expect("the recording keeps how groups stood");
    let standings = Standings::of(&groups, &snapshot);
    let standing = standings.group("ledger").expect("the group");
    for (position, known) in standing.group.positions.iter().zip(&standing.partitions) {
        let Some(committed) = position.committed else {
            assert_eq!((known.events, known.time), (None, None));
            continue;
        };
        let unread: Vec<_> = read
            .events
            .iter()
            .filter(|event| event.partition == position.partition.partition && event.offset >= committed)
            .collect();
        assert_eq!(known.events, Some(EventsBehind::Exactly(unread.len() as u64)));
        assert!((unread.len() as u64) < position.lag().unwrap(), "markers and aborted records are no events");
        let next = unread[0].timestamp_ms;
        let newest = unread.iter().map(|event| event.timestamp_ms).max().unwrap();
        assert_eq!(known.time, Some(TimeBehind::Exactly((newest - next) * 1_000_000)));
        assert_eq!(known.next_ns, Some(next * 1_000_000));
        for event in read.events.iter().filter(|event| event.partition == position.partition.partition) {
            let at = Coordinates { topic: "payments".into(), partition: event.partition, offset: event.offset };
            let between = |from: i64, to: i64| {
                let events = read.events.iter().filter(|other| other.partition == event.partition);
                EventsBehind::Exactly(events.filter(|other| (from..to).contains(&other.offset)).count() as u64)
            };
            let expected = match event.offset < committed {
                true => Passed::Yes(between(event.offset + 1, committed)),
                false => Passed::No(between(committed, event.offset)),
            };
            assert_eq!(standing.passed(&at, &snapshot), Some(expected), "{at}");
        }
    }

    // The command line reads a few events to tell the same.
    let arguments = arguments!["groups", "-b", kafka.brokers(), "--group", "ledger", "--json"];
    let told: Value = serde_json::from_str(&program::run(arguments).ok().stdout).expect("JSON");
    let partitions = told["groups"][0]["partitions"].as_array().expect("partitions");
    for (told, (position, known)) in partitions.iter().zip(standing.group.positions.iter().zip(&standing.partitions)) {
        assert_eq!(told["lag_offsets"].as_u64(), position.lag());
        assert_eq!(told["committed"].as_i64(), position.committed);
        let (Some(events), Some(next)) = (known.events, known.next_ns) else { continue };
        assert_eq!(told["next_ms"].as_i64(), Some(next / 1_000_000));
        let bound = told["lag_events"].as_u64().expect("a number");
        match told["lag_events_exact"].as_bool() {
            Some(true) => assert_eq!(bound, events.number()),
            _ => assert!(bound >= events.number(), "at most {bound}, and it is {events:?}"),
        }
    }
    let event = format!("payments/0/{}", 49);
    let asked = arguments!["groups", "-b", kafka.brokers(), "--event", event, "--json"];
    let told: Value = serde_json::from_str(&program::run(asked).ok().stdout).expect("JSON");
    assert_eq!(
        (told["groups"][0]["group"].as_str(), told["groups"][0]["passed"].as_str()),
        (Some("ledger"), Some("yes"))
    );
    assert_eq!(kafka.groups(), before, "no group more and none less");
}

/// Polls until the broker has given the consumer its part.
fn until_assigned(member: &BaseConsumer, partitions: usize) {
    let began = Instant::now();
    while member.assignment().expect("an assignment").count() < partitions {
        // Records are of no interest here, and neither is that there are none yet.
        let _ = member.poll(Duration::from_millis(100));
        assert!(began.elapsed() < PATIENCE, "the group does not come to rest");
    }
}

#[test]
fn members_are_told_with_their_clients_and_what_they_read() {
    let Some(kafka) = Kafka::shared("members_are_told_with_their_clients_and_what_they_read") else { return };
    kafka.create_topic("shared-out", 4, &[]);
    let mut settings = kafka.client();
    settings.set("group.id", "readers").set("client.id", "web-1").set("enable.auto.commit", "false");
    let member: BaseConsumer = settings.create().expect("a consumer");
    member.subscribe(&["shared-out"]).expect("a subscription");
    until_assigned(&member, 4);
    let log = open(kafka);
    let readers = group(&log, "readers");
    let Some([told]) = readers.members.as_deref() else { panic!("{:?}", readers.members) };
    assert_eq!((readers.state.as_deref(), readers.protocol.as_str()), (Some("Stable"), "consumer"));
    assert_eq!(told.client_id, "web-1");
    assert!(told.host.contains("127.0.0.1"), "{}", told.host);
    let expected: Vec<TopicPartition> = (0..4).map(|number| TopicPartition::new("shared-out", number)).collect();
    assert_eq!(told.assigned.as_deref(), Some(&expected[..]));
    assert_eq!(readers.positions.len(), 4, "assigned and without a commit is stated");
    assert!(readers.positions.iter().all(|position| position.committed.is_none()));
}

#[test]
fn a_group_of_the_newer_protocol_has_its_commits_and_what_is_not_told_is_not_said_to_be_dead() {
    let test = "a_group_of_the_newer_protocol_has_its_commits_and_what_is_not_told_is_not_said_to_be_dead";
    let Some(kafka) = Kafka::shared(test) else { return };
    kafka.create_topic("newer", 2, &[]);
    Pen::new(&kafka.brokers()).write("newer", (0..20).map(|at| Record::new(at % 2, "k", format!("{at}"))));
    let mut settings = kafka.client();
    settings.set("group.id", "kip-848").set("group.protocol", "consumer").set("auto.offset.reset", "earliest");
    settings.set("enable.auto.commit", "false");
    let member: BaseConsumer = settings.create().expect("a consumer");
    member.subscribe(&["newer"]).expect("a subscription");
    until_assigned(&member, 2);
    let mut list = TopicPartitionList::new();
    list.add_partition_offset("newer", 1, Offset::Offset(4)).expect("an offset");
    member.commit(&list, CommitMode::Sync).expect("a commit");

    let log = open(kafka);
    let newer = group(&log, "kip-848");
    assert_ne!(newer.state.as_deref(), Some("Dead"), "it lives");
    // Whether members are told depends on the broker; where they are not, that is said and not taken for none.
    assert!(newer.members.as_ref().is_none_or(|members| members.len() == 1), "{:?}", newer.members);
    assert_eq!(newer.state.is_some(), newer.members.is_some());
    assert_eq!(newer.error, None);
    let position = newer.position("newer", 1).expect("its position");
    assert_eq!((position.committed, position.lag()), (Some(4), Some(6)));
    assert_eq!(newer.position("newer", 0).map(|position| position.committed), Some(None));
}
