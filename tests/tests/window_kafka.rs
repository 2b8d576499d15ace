//! The window on a real cluster: what it reads, follows, and says when the cluster is gone.

use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::state::LogStatus;
use fabula::window::Start;
use fabula_core::log::kafka::Settings;
use fabula_core::narrative::lag::EventsBehind;
use fabula_tests::kafka::Kafka;
use fabula_tests::kafka::produce::{Pen, Record};
use fabula_tests::pane::Pane;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

fn records(numbers: std::ops::Range<i32>) -> impl Iterator<Item = Record> {
    numbers.map(|number| Record::new(number % 3, format!("k{number}"), format!("{{\"n\":{number}}}")))
}

fn events(pane: &Pane) -> u64 {
    pane.harness.state().state().log.snapshot.as_ref().map_or(0, |snapshot| snapshot.events())
}

fn until_events(pane: &mut Pane, events: u64) {
    pane.until(&format!("{events} events have been read"), |harness| {
        harness.state().state().log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() == events)
    });
}

#[test]
fn a_cluster_is_followed_through_its_death_and_leaves_no_group() {
    let Some(mut kafka) = Kafka::start("a_cluster_is_followed_through_its_death_and_leaves_no_group") else { return };
    kafka.create_topic("orders", 3, &[("retention.ms", "86400000")]);
    kafka.create_topic("orders-changelog", 1, &[]);
    Pen::new(&kafka.brokers()).write("orders", records(0..1_000));
    let mut pane = Pane::open(Start::Cluster(Box::new(Settings::new(&kafka.brokers())))).expect("a window");
    until_events(&mut pane, 1_000);
    pane.until("its coverage is complete", |harness| {
        let coverage = harness.state().state().log.coverage;
        coverage.partitions >= 3 && coverage.complete == coverage.partitions
    });
    assert!(pane.harness.query_all_by_label_contains("1 internal topic hidden").next().is_some());

    // What is written from now on comes by itself.
    Pen::new(&kafka.brokers()).write("orders", records(1_000..1_100));
    until_events(&mut pane, 1_100);

    // Details of a topic come from the cluster: how long it keeps its records.
    pane.send(Command::ToggleDetails("orders".into()));
    pane.until("the topic's configuration is known", |harness| {
        let topic = harness.state().state().log.topic("orders").and_then(|topic| topic.config.clone());
        topic.is_some_and(|config| config.retention_ms() == Some(86_400_000))
    });
    assert_eq!(kafka.groups(), Vec::<String>::new());

    kafka.kill();
    pane.until("the window says that the connection is lost", |harness| {
        matches!(harness.state().state().log.status, LogStatus::Reconnecting(_))
    });
    assert_eq!(events(&pane), 1_100, "what was read stays");
    kafka.restart();
    Pen::new(&kafka.brokers()).write("orders", records(1_100..1_200));
    until_events(&mut pane, 1_200);
    pane.until("the window says that the cluster is back", |harness| {
        harness.state().state().log.status == LogStatus::Up
    });
}

#[test]
fn a_topic_that_is_hidden_and_shown_again_has_no_hole() {
    let Some(kafka) = Kafka::start("a_topic_that_is_hidden_and_shown_again_has_no_hole") else { return };
    kafka.create_topic("orders", 3, &[]);
    kafka.create_topic("payments", 3, &[]);
    let pen = Pen::new(&kafka.brokers());
    pen.write("orders", records(0..300));
    pen.write("payments", records(0..300));
    let mut pane = Pane::open(Start::Cluster(Box::new(Settings::new(&kafka.brokers())))).expect("a window");
    until_events(&mut pane, 600);
    pane.send(Command::HideAllTopics);
    pen.write("orders", records(300..600));
    pane.send(Command::ShowAllTopics);
    until_events(&mut pane, 900);
    pane.until("its coverage is complete", |harness| {
        let coverage = harness.state().state().log.coverage;
        coverage.partitions >= 6 && coverage.complete == coverage.partitions
    });
}

#[test]
fn how_far_a_group_is_comes_by_itself_while_the_log_is_followed() {
    let Some(kafka) = Kafka::start("how_far_a_group_is_comes_by_itself_while_the_log_is_followed") else { return };
    kafka.create_topic("orders", 3, &[]);
    Pen::new(&kafka.brokers()).write("orders", records(0..300));
    let member: BaseConsumer = kafka.client().set("group.id", "ledger").create().expect("a consumer");
    let commit = |offset: i64| {
        let mut position = TopicPartitionList::new();
        position.add_partition_offset("orders", 0, Offset::Offset(offset)).expect("an offset");
        member.commit(&position, CommitMode::Sync).expect("a group's position");
    };
    commit(10);
    let mut pane = Pane::open(Start::Cluster(Box::new(Settings::new(&kafka.brokers())))).expect("a window");
    let behind = |pane: &mut Pane, events: u64| {
        pane.until(&format!("the group is {events} events behind"), |harness| {
            let readers = &harness.state().state().log.readers;
            let standing = readers.standings().and_then(|standings| standings.group("ledger"));
            standing.is_some_and(|standing| standing.events == Some(EventsBehind::Exactly(events)))
        });
    };
    behind(&mut pane, 90);
    commit(60);
    behind(&mut pane, 40);
    assert!(pane.harness.query_all_by_label_contains("Group ledger empty lag 40").next().is_some());
    assert_eq!(kafka.groups(), ["ledger"], "looking leaves no group behind");
}
