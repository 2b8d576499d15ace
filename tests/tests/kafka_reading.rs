//! Reading a real broker gives what kcat reads, record by record, and leaves no trace there.

use std::collections::BTreeSet;
use std::time::Duration;

use fabula_core::event::{TopicPartition, Watermarks};
use fabula_core::log::kafka::{KafkaLog, Settings};
use fabula_core::log::{Isolation, Log as _, PartitionRange, RangeEnd, ReadItem, ReadOptions};
use fabula_tests::kafka::produce::{Pen, Record};
use fabula_tests::kafka::reading::{self, Read};
use fabula_tests::kafka::{Kafka, block_on, kcat};
use rdkafka::admin::AdminOptions;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

const BOTH: [Isolation; 2] = [Isolation::ReadCommitted, Isolation::ReadUncommitted];

fn open(kafka: &Kafka, isolation: Isolation) -> KafkaLog {
    let mut settings = Settings::new(&kafka.brokers());
    settings.set_isolation(isolation);
    KafkaLog::open(settings).expect("settings that make sense")
}

/// Reads a topic whole and holds it against kcat's reading.
#[track_caller]
fn same_as_kcat(kafka: &Kafka, topic: &str, isolation: Isolation) -> Read {
    let log = open(kafka, isolation);
    let (read, ranges) = block_on(async {
        let ranges = reading::whole(&log, topic).await;
        (reading::read(&log, ranges.clone()).await, ranges)
    });
    let expected = kcat::read(&kafka.brokers(), topic, isolation);
    let differs = read.events.iter().zip(&expected).find(|(ours, theirs)| ours != theirs);
    assert!(differs.is_none(), "{topic} under {isolation:?}: ours and kcat's differ: {differs:?}");
    assert_eq!(read.events.len(), expected.len(), "{topic} under {isolation:?}: number of events");
    assert!(read.failed.is_empty() && read.gone.is_empty(), "{:?} {:?}", read.failed, read.gone);
    for PartitionRange { partition, end, .. } in ranges {
        let RangeEnd::Before(end) = end else { unreachable!("whole topics are bounded") };
        assert_eq!(read.caught_up[&partition].0, end, "{partition} is accounted for up to its end");
    }
    read
}

#[test]
fn skewed_and_empty_partitions_and_every_kind_of_nothing_are_read_as_kcat_reads_them() {
    let test = "skewed_and_empty_partitions_and_every_kind_of_nothing_are_read_as_kcat_reads_them";
    let Some(kafka) = Kafka::shared(test) else { return };
    if !kcat::is_here(test) {
        return;
    }
    kafka.create_topic("skewed", 12, &[]);
    let pen = Pen::new(&kafka.brokers());
    // Partition 0 has most, 1 to 7 ever fewer, 8 to 11 nothing.
    for partition in 0..8 {
        let count = 40_000 >> (2 * partition);
        let records = (0..count).map(|at| {
            let record = Record::new(partition, format!("key {}", at % 97), format!("value {at} é \u{1f642}"));
            match at % 7 {
                0 => Record { key: None, ..record },
                1 => Record { value: None, ..record },
                2 => Record { key: Some(Vec::new()), value: Some(Vec::new()), ..record },
                3 => record.with(&[("trace", Some(b"1")), ("trace", Some(b"2")), ("none", None), ("empty", Some(b""))]),
                _ => record.at(1_700_000_000_000 - i64::from(at)),
            }
        });
        pen.write("skewed", records);
    }
    for isolation in BOTH {
        let read = same_as_kcat(kafka, "skewed", isolation);
        assert_eq!(read.events.len(), (0..8).map(|partition| 40_000 >> (2 * partition)).sum::<usize>());
        assert_eq!(read.caught_up.len(), 12, "empty partitions end too");
    }
}

#[test]
fn a_topic_with_append_time_says_so() {
    let test = "a_topic_with_append_time_says_so";
    let Some(kafka) = Kafka::shared(test) else { return };
    if !kcat::is_here(test) {
        return;
    }
    kafka.create_topic("appended", 2, &[("message.timestamp.type", "LogAppendTime")]);
    Pen::new(&kafka.brokers())
        .write("appended", (0..100).map(|at| Record::new(at % 2, "k", format!("{at}")).at(1_000)));
    let read = same_as_kcat(kafka, "appended", Isolation::ReadCommitted);
    assert!(read.events.iter().all(|event| event.timestamp_type == "log_append" && event.timestamp_ms > 1_000));
}

#[test]
fn the_gaps_of_a_compacted_topic_are_no_end_and_no_hole() {
    let test = "the_gaps_of_a_compacted_topic_are_no_end_and_no_hole";
    let Some(kafka) = Kafka::shared(test) else { return };
    if !kcat::is_here(test) {
        return;
    }
    let config = [("cleanup.policy", "compact"), ("segment.ms", "50"), ("min.cleanable.dirty.ratio", "0.001")];
    kafka.create_topic("compacted", 2, &config);
    let pen = Pen::new(&kafka.brokers());
    let mut rounds = 0;
    // The cleaner comes when it likes: written until it has been there.
    let compacted = loop {
        rounds += 1;
        assert!(rounds < 600, "the broker does not compact");
        // One key of its own in each round stays, between gaps.
        let key = |at| if at == 250 { format!("round {rounds}") } else { format!("key {}", at % 10) };
        pen.write("compacted", (0..500).map(|at| Record::new(at % 2, key(at), format!("{rounds}.{at}"))));
        let read = kcat::read(&kafka.brokers(), "compacted", Isolation::ReadCommitted);
        if read.len() < rounds * 400 {
            break read.len();
        }
    };
    assert!(compacted < rounds * 500, "there are gaps");
    // It may come again between our reading and kcat's: waited out until it finds nothing more to do.
    let kcats = || kcat::read(&kafka.brokers(), "compacted", Isolation::ReadCommitted);
    let log = open(kafka, Isolation::ReadCommitted);
    let read = loop {
        let before = kcats();
        let read = block_on(async { reading::read(&log, reading::whole(&log, "compacted").await).await });
        if before == kcats() {
            assert!(read.events == before, "ours and kcat's differ");
            assert!(read.failed.is_empty() && read.gone.is_empty(), "{:?} {:?}", read.failed, read.gone);
            break read;
        }
    };
    assert_eq!(read.caught_up.len(), 2, "both partitions are read to their end");
    let gaps = read.events.windows(2).filter(|pair| pair[1].offset > pair[0].offset + 1).count();
    assert!(gaps > 0, "the gaps were read across");
}

#[test]
fn aborted_records_are_read_only_uncommitted_and_markers_at_the_end_of_the_log_end_the_range() {
    let test = "aborted_records_are_read_only_uncommitted_and_markers_at_the_end_of_the_log_end_the_range";
    let Some(kafka) = Kafka::shared(test) else { return };
    if !kcat::is_here(test) {
        return;
    }
    kafka.create_topic("transactions", 3, &[]);
    let pen = Pen::transactional(&kafka.brokers(), "writer of transactions");
    let records = |name: &'static str| (0..300).map(move |at| Record::new(at % 2, name, format!("{name} {at}")));
    for round in 0..6 {
        pen.begin();
        pen.write("transactions", records(if round % 2 == 0 { "committed" } else { "aborted" }));
        if round % 2 == 0 { pen.commit() } else { pen.abort() }
    }
    // The last transaction is aborted: under read_committed the log ends in a gap of hundreds of offsets.
    let committed = same_as_kcat(kafka, "transactions", Isolation::ReadCommitted);
    assert_eq!(committed.events.len(), 900);
    assert!(committed.events.iter().all(|event| event.key.as_deref() == Some(b"committed")));
    let all = same_as_kcat(kafka, "transactions", Isolation::ReadUncommitted);
    assert_eq!(all.events.len(), 1_800);
}

#[test]
fn an_open_transaction_ends_a_bounded_read_at_the_last_stable_offset() {
    let Some(kafka) = Kafka::shared("an_open_transaction_ends_a_bounded_read_at_the_last_stable_offset") else {
        return;
    };
    kafka.create_topic("undecided", 1, &[]);
    let records = |name: &'static str| (0..10).map(move |at| Record::new(0, name, format!("{at}")));
    Pen::new(&kafka.brokers()).write("undecided", records("before"));
    let pen = Pen::transactional(&kafka.brokers(), "writer of undecided");
    pen.begin();
    pen.write("undecided", records("open"));

    let (committed, uncommitted) = (open(kafka, BOTH[0]), open(kafka, BOTH[1]));
    block_on(async {
        let stable = reading::whole(&committed, "undecided").await;
        assert_eq!(stable[0].end, RangeEnd::Before(10), "the high watermark is the last stable offset");
        let all = reading::whole(&uncommitted, "undecided").await;
        assert_eq!(all[0].end, RangeEnd::Before(20));
        assert_eq!(reading::read(&uncommitted, all.clone()).await.events.len(), 20);

        let read = reading::read(&committed, all).await;
        let (next, error) = &read.failed[&TopicPartition::new("undecided", 0)];
        assert_eq!((read.events.len(), *next), (10, 10));
        assert!(error.to_string().contains("a transaction is still open at offset 10"), "{error}");
    });
    pen.abort();
}

#[test]
fn reading_leaves_no_group_behind_and_other_groups_as_they_are() {
    let Some(kafka) = Kafka::shared("reading_leaves_no_group_behind_and_other_groups_as_they_are") else { return };
    kafka.create_topic("grouped", 2, &[]);
    Pen::new(&kafka.brokers()).write("grouped", (0..100).map(|at| Record::new(at % 2, "k", format!("{at}"))));
    let member: BaseConsumer = kafka.client().set("group.id", "accounting").create().expect("a consumer");
    let mut position = TopicPartitionList::new();
    position.add_partition_offset("grouped", 1, Offset::Offset(20)).expect("an offset");
    member.commit(&position, CommitMode::Sync).expect("a group's position");

    let before = kafka.groups();
    let log = open(kafka, Isolation::ReadCommitted);
    let groups = block_on(async {
        let ranges = reading::whole(&log, "grouped").await;
        assert_eq!(reading::read(&log, ranges).await.events.len(), 100);
        log.groups().await.expect("the groups").expect("a cluster tells them").groups
    });
    assert_eq!(kafka.groups(), before, "no group more and none less");
    assert!(before.contains(&"accounting".to_owned()), "{before:?}");

    let group = groups.iter().find(|group| group.name == "accounting").expect("the group is listed");
    let [without, at] = &group.positions[..] else { panic!("{group:?}") };
    assert_eq!((without.partition.to_string(), without.committed), ("grouped [0]".to_owned(), None), "it is stated");
    let marks = at.watermarks.map(|marks| marks.high);
    assert_eq!((at.partition.to_string(), at.committed, marks), ("grouped [1]".to_owned(), Some(20), Some(50)));
    assert_eq!(at.lag(), Some(30));
    let kept = member.committed_offsets(position, Duration::from_secs(30)).expect("the position");
    assert_eq!(kept.elements()[0].offset(), Offset::Offset(20));
}

#[test]
fn offsets_that_the_log_has_deleted_are_told_as_a_hole() {
    let Some(kafka) = Kafka::shared("offsets_that_the_log_has_deleted_are_told_as_a_hole") else { return };
    kafka.create_topic("shortened", 1, &[]);
    Pen::new(&kafka.brokers()).write("shortened", (0..100).map(|at| Record::new(0, "k", format!("{at}"))));
    delete_before(kafka, "shortened", 40);
    let log = open(kafka, Isolation::ReadCommitted);
    let partition = TopicPartition::new("shortened", 0);
    let range = PartitionRange { partition: partition.clone(), from: 10, end: RangeEnd::Before(100) };
    let read = block_on(reading::read(&log, vec![range]));
    assert_eq!(read.gone, [(partition.clone(), 10, 40)]);
    assert_eq!(read.events.iter().map(|event| event.offset).collect::<Vec<_>>(), (40..100).collect::<Vec<_>>());
    assert_eq!(read.caught_up[&partition], (100, Watermarks { low: 40, high: 100 }));
}

#[test]
fn what_is_deleted_under_a_slow_reader_is_told_and_the_rest_is_read() {
    let Some(kafka) = Kafka::shared("what_is_deleted_under_a_slow_reader_is_told_and_the_rest_is_read") else { return };
    const COUNT: i64 = 20_000;
    kafka.create_topic("outrun", 1, &[]);
    Pen::new(&kafka.brokers()).write("outrun", (0..COUNT).map(|_| Record::new(0, "k", [b'x'; 1_000])));
    let mut settings = Settings::new(&kafka.brokers());
    // Little is fetched ahead, so that most is still on the broker when it deletes.
    for (name, value) in [("queued.max.messages.kbytes", "64"), ("fetch.message.max.bytes", "20000")] {
        settings.set(name, value).expect("a property of librdkafka's");
    }
    let log = KafkaLog::open(settings).expect("settings that make sense");
    let partition = TopicPartition::new("outrun", 0);
    let range = PartitionRange { partition: partition.clone(), from: 0, end: RangeEnd::Before(COUNT) };
    let options = ReadOptions { batch_bytes: 10_000, queued_batches: 1, ..ReadOptions::default() };
    let read = block_on(async {
        let mut reading = log.read(vec![range], options);
        let mut read = Read::default();
        read.take(reading.next().await.expect("a first batch"));
        delete_before(kafka, "outrun", COUNT - 500);
        read.take_all(&mut reading).await;
        read
    });
    let [(_, from, to)] = read.gone[..] else { panic!("{:?} {:?}", read.gone, read.failed) };
    assert_eq!(to, COUNT - 500);
    let expected: Vec<i64> = (0..from).chain(to..COUNT).collect();
    assert_eq!(read.events.iter().map(|event| event.offset).collect::<Vec<_>>(), expected);
    assert_eq!(read.caught_up[&partition].0, COUNT);
}

fn delete_before(kafka: &Kafka, topic: &str, offset: i64) {
    let mut before = TopicPartitionList::new();
    before.add_partition_offset(topic, 0, Offset::Offset(offset)).expect("an offset");
    let admin = kafka.admin();
    std::thread::scope(|scope| {
        // In a thread of its own: the caller may be inside a runtime.
        let deleted = scope.spawn(|| block_on(admin.delete_records(&before, &AdminOptions::new())));
        deleted.join().expect("no panic").expect("records can be deleted");
    });
}

#[test]
fn following_hands_over_what_comes_and_says_when_it_has_caught_up() {
    let Some(kafka) = Kafka::shared("following_hands_over_what_comes_and_says_when_it_has_caught_up") else { return };
    kafka.create_topic("live", 3, &[]);
    let pen = Pen::new(&kafka.brokers());
    pen.write("live", (0..30).map(|at| Record::new(at % 3, "old", format!("{at}"))));
    let log = open(kafka, Isolation::ReadCommitted);
    let from = |partition| PartitionRange {
        partition: TopicPartition::new("live", partition),
        from: 5,
        end: RangeEnd::Follow,
    };
    let options = ReadOptions::default();
    let cancel = options.cancel.clone();
    block_on(async {
        let mut reading = log.read((0..3).map(from).collect(), options);
        let mut read = Read::default();
        for round in 1..=3_i64 {
            let end = 10 * round;
            let mut behind: BTreeSet<i32> = (0..3).collect();
            while !behind.is_empty() {
                let item = reading.next().await.expect("following does not end");
                if let ReadItem::CaughtUp { partition, next, watermarks, done: false } = &item {
                    assert_eq!(*next, watermarks.high);
                    if *next == end {
                        behind.remove(&partition.partition);
                    }
                }
                read.take(item);
            }
            assert_eq!(read.events.len() as i64, 3 * (end - 5));
            pen.write("live", (0..30).map(|at| Record::new(at % 3, "new", format!("{round} {at}"))));
        }
        cancel.cancel();
        while reading.next().await.is_some() {}
    });
}

#[test]
fn offsets_are_found_by_time_and_configurations_are_told() {
    let Some(kafka) = Kafka::shared("offsets_are_found_by_time_and_configurations_are_told") else { return };
    kafka.create_topic("timed", 3, &[("retention.ms", "123456789000")]);
    // Timestamps run backwards between offsets 4 and 5 of each partition.
    let times = [100, 200, 300, 400, 500, 50, 600, 700].map(|ms| 1_700_000_000_000 + ms);
    let records = times.iter().flat_map(|&ms| (0..2).map(move |partition| Record::new(partition, "k", "v").at(ms)));
    Pen::new(&kafka.brokers()).write("timed", records);
    let log = open(kafka, Isolation::ReadCommitted);
    let mut partitions: Vec<TopicPartition> = (0..3).map(|at| TopicPartition::new("timed", at)).collect();
    block_on(async {
        for (ms, offset) in [(0, 0), (50, 0), (150, 1), (500, 4), (501, 6), (700, 7), (701, 8)] {
            let found = log.offsets_at(1_700_000_000_000 + ms, &partitions).await.expect("offsets");
            let found: Vec<i64> = found.into_iter().map(|(_, offset)| offset.expect("an offset")).collect();
            assert_eq!(found, [offset, offset, 0], "at {ms}");
        }
        // One that is not there spoils nothing for the others.
        partitions.push(TopicPartition::new("timed", 7));
        partitions.push(TopicPartition::new("no-such-topic", 0));
        let marks = log.watermarks(&partitions).await.expect("watermarks");
        let high = |at: usize| marks[at].1.as_ref().map(|marks| marks.high).map_err(ToString::to_string);
        assert_eq!([high(0), high(1), high(2)], [Ok(8), Ok(8), Ok(0)]);
        assert!(high(3).is_err() && high(4).is_err(), "{marks:?}");
        let config = log.topic_config("timed").await.expect("a configuration");
        assert_eq!(config.retention_ms(), Some(123_456_789_000));
        assert!(!config.is_compacted());
    });
}

#[test]
fn a_topic_that_is_not_there_is_named_with_the_one_that_may_have_been_meant() {
    let test = "a_topic_that_is_not_there_is_named_with_the_one_that_may_have_been_meant";
    let Some(kafka) = Kafka::shared(test) else { return };
    kafka.create_topic("customers", 1, &[]);
    let log = open(kafka, Isolation::ReadCommitted);
    let error = block_on(log.topic("custommers")).expect_err("it is not there");
    assert_eq!(error.to_string(), "no topic “custommers” in this log; did you mean “customers”?");
    let listed = block_on(log.topics()).expect("the catalogue");
    assert!(listed.iter().all(|topic| &*topic.name != "custommers"), "asking for a topic does not create it");
}
