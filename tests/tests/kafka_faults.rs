//! Brokers that are not there, die, and come back.

use std::net::TcpListener;

use fabula_core::event::TopicPartition;
use fabula_core::log::kafka::{KafkaLog, Settings};
use fabula_core::log::{Connection, Isolation, Log as _, LogError, PartitionRange, RangeEnd, ReadOptions};
use fabula_tests::kafka::produce::{Pen, Record};
use fabula_tests::kafka::reading::{self, Read};
use fabula_tests::kafka::{Kafka, block_on, kcat};

#[test]
fn a_dead_broker_is_told_with_its_address() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("a bound port").to_string();
    drop(socket);
    let log = KafkaLog::open(Settings::new(&address)).expect("settings that make sense");
    let error = block_on(log.topics()).expect_err("nobody is there");
    assert!(matches!(error, LogError::Unreachable { .. }), "{error}");
    let line = error.to_string();
    assert!(line.starts_with(&format!("no broker answers at {address}: ")) && line.lines().count() == 1, "{line}");
    assert!(line.contains("Connection refused"), "{line}");

    let range = PartitionRange { partition: TopicPartition::new("t", 0), from: 0, end: RangeEnd::Before(1) };
    let read = block_on(reading::read(&log, vec![range]));
    assert!(matches!(read.failed.values().next(), Some((0, LogError::Unreachable { .. }))), "{:?}", read.failed);
}

#[test]
fn a_broker_killed_in_the_middle_costs_nothing_and_doubles_nothing() {
    let test = "a_broker_killed_in_the_middle_costs_nothing_and_doubles_nothing";
    let Some(mut kafka) = Kafka::start(test) else { return };
    if !kcat::is_here(test) {
        return;
    }
    const EACH: usize = 60_000;
    kafka.create_topic("killed", 3, &[]);
    let value = "x".repeat(500);
    let pen = Pen::new(&kafka.brokers());
    for partition in 0..3 {
        pen.write("killed", (0..EACH).map(|at| Record::new(partition, format!("{at}"), format!("{at} {value}"))));
    }
    drop(pen);
    let mut settings = Settings::new(&kafka.brokers());
    // Little is fetched ahead, so that most is still on the broker when it dies.
    for (name, value) in [("queued.max.messages.kbytes", "256"), ("fetch.message.max.bytes", "65536")] {
        settings.set(name, value).expect("a property of librdkafka's");
    }
    let log = KafkaLog::open(settings).expect("settings that make sense");
    let options = ReadOptions { batch_bytes: 100_000, queued_batches: 1, ..ReadOptions::default() };
    let read = block_on(async {
        let mut reading = log.read(reading::whole(&log, "killed").await, options);
        let mut read = Read::default();
        while read.events.len() < EACH / 2 {
            read.take(reading.next().await.expect("there is more"));
        }
        kafka.kill();
        while !read.connection.iter().any(|state| matches!(state, Connection::Reconnecting { .. })) {
            read.take(reading.next().await.expect("there is more"));
        }
        assert!(read.events.len() < 3 * EACH, "it died in the middle");
        std::thread::scope(|scope| scope.spawn(|| kafka.restart()).join()).expect("the broker comes back");
        read.take_all(&mut reading).await;
        read
    });
    assert_eq!(read.events.len(), 3 * EACH, "{:?}", read.failed);
    assert!(read.events == kcat::read(&kafka.brokers(), "killed", Isolation::ReadCommitted), "ours and kcat's differ");
    assert_eq!(read.connection.last(), Some(&Connection::Up), "{:?}", read.connection);
    assert_eq!(read.caught_up.len(), 3);
}
