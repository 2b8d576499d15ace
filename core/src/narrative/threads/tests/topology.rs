//! Who writes and reads which topic, on events written down for it.

use std::sync::Arc;

use super::stage::{Written, batches, correlate, snapshot, topics_of};
use crate::event::{TopicPartition, Watermarks};
use crate::log::{ConsumerGroup, GroupMember, GroupPosition, Groups};
use crate::narrative::lag::{EventsBehind, Standings};
use crate::narrative::threads::topology::{Topology, Unknown};
use crate::store::{PartitionSnapshot, Snapshot, TopicSnapshot};

const PLACED: &[(&str, &[u8])] = &[("ce_id", b"e-0001"), ("ce_source", b"/orders"), ("ce_correlationid", b"order-7")];
const PLACED_TOO: &[(&str, &[u8])] =
    &[("ce_id", b"e-0002"), ("ce_source", b"/orders"), ("ce_correlationid", b"order-8")];
const CHECKED: &[(&str, &[u8])] =
    &[("ce_id", b"e-0003"), ("ce_source", b"/orders"), ("ce_correlationid", b"order-7"), ("ce_causationid", b"e-0001")];
const PAID: &[(&str, &[u8])] = &[
    ("ce_id", b"e-0004"),
    ("ce_source", b"/billing"),
    ("ce_correlationid", b"order-7"),
    ("ce_causationid", b"e-0003"),
];
const FAILED: &[(&str, &[u8])] = &[
    ("ce_id", b"e-0004"),
    ("ce_source", b"/billing"),
    ("ce_correlationid", b"order-7"),
    ("ce_causationid", b"e-0003"),
    ("kafka_dlt-original-topic", b"payments"),
    ("kafka_dlt-original-partition", b"0"),
    ("kafka_dlt-original-offset", b"0"),
];

const EVENTS: &[Written<'_>] = &[
    ("orders", 1_000, None, PLACED, Some("{}")),
    ("orders", 2_000, None, PLACED_TOO, Some("{}")),
    ("orders", 2_500, None, CHECKED, Some("{}")),
    ("payments", 3_000, None, PAID, Some("{}")),
    ("payments-dlt", 4_000, None, FAILED, Some("{}")),
    ("carts", 5_000, None, &[("ce_correlationid", b"order-7")], Some("{}")),
];

fn position(topic: &str, partition: i32, committed: Option<i64>, high: i64) -> GroupPosition {
    let watermarks = Some(Watermarks { low: 0, high });
    GroupPosition { partition: TopicPartition::new(topic, partition), committed, watermarks }
}

fn groups() -> Groups {
    let member = |client: &str, topic: &str| GroupMember {
        client_id: client.to_owned(),
        host: "/10.0.0.7".to_owned(),
        assigned: Some(vec![TopicPartition::new(topic, 0)]),
    };
    let ledger = ConsumerGroup {
        name: "ledger".to_owned(),
        state: Some("Stable".to_owned()),
        protocol: "consumer".to_owned(),
        members: Some(vec![member("ledger-1", "orders"), member("ledger-2", "elsewhere")]),
        positions: vec![position("orders", 0, Some(1), 3), position("orders", 1, None, 0)],
        error: None,
    };
    let newer = ConsumerGroup {
        name: "newer".to_owned(),
        positions: vec![position("payments", 0, Some(1), 1)],
        ..ConsumerGroup::default()
    };
    let shut = ConsumerGroup { name: "shut".to_owned(), error: Some("not allowed".into()), ..Default::default() };
    Groups { at_ms: 9_000, groups: vec![ledger, newer, shut] }
}

/// The same, with what its segments hold accounted for.
fn covered(snapshot: &Snapshot) -> Snapshot {
    let partition = |held: &Arc<PartitionSnapshot>| {
        let mut held = PartitionSnapshot::clone(held);
        let covers: Vec<(i64, i64)> = held.segments.iter().map(|segment| segment.covers()).collect();
        covers.into_iter().for_each(|(from, to)| held.coverage.insert(from, to));
        Arc::new(held)
    };
    let topic = |held: &Arc<TopicSnapshot>| {
        let partitions = held.partitions.iter().map(partition).collect();
        Arc::new(TopicSnapshot { partitions, ..TopicSnapshot::clone(held) })
    };
    Snapshot::new(2, snapshot.origin.clone(), snapshot.topics.iter().map(topic).collect())
}

fn topology(groups: Option<&Groups>) -> (Topology, Snapshot) {
    let snapshot = covered(&snapshot(&batches(EVENTS)));
    let (_, threads) = correlate(&snapshot);
    let standings = groups.map(|groups| Standings::of(groups, &snapshot));
    let topics = topics_of(&snapshot);
    let topology = Topology::of(&threads, &topics, &|| false).with_groups(&snapshot, standings.as_ref());
    (topology, snapshot)
}

#[test]
fn writers_are_those_that_name_themselves_with_their_counts_and_rates() {
    let (topology, _) = topology(None);
    let told: Vec<(&str, &str, u64)> =
        topology.writers.iter().map(|writer| (&*writer.topic, &*writer.service, writer.flow.events)).collect();
    assert_eq!(told, [("orders", "/orders", 3), ("payments", "/billing", 1)]);
    let flow = topology.writers[0].flow;
    assert_eq!((flow.first_ms, flow.last_ms), (Some(1_000), Some(2_500)));
    assert_eq!(flow.per_second(), Some(2.0 / 1.5));
    assert_eq!(topology.writers[1].flow.per_second(), None, "one event has no rate");
    assert_eq!(topology.topic("carts").map(|topic| topic.unnamed), Some(1));
    assert_eq!(topology.topic("payments-dlt").map(|topic| (topic.unnamed, topic.dead_letters)), Some((0, 1)));
}

#[test]
fn a_service_reads_what_caused_its_events_unless_it_made_both() {
    let (topology, _) = topology(None);
    let told: Vec<(&str, &str, u64)> =
        topology.inferred.iter().map(|inferred| (&*inferred.topic, &*inferred.service, inferred.events)).collect();
    assert_eq!(told, [("orders", "/billing", 1)]);
    assert_eq!(topology.inferred[0].example.to_string(), "payments 0:0");
}

#[test]
fn groups_read_what_they_have_committed_in_or_been_assigned() {
    let groups = groups();
    let (topology, _) = topology(Some(&groups));
    let [ledger, newer] = &topology.readers[..] else { panic!("{:?}", topology.readers) };
    assert_eq!(
        (ledger.group.as_str(), &*ledger.topic, ledger.committed, ledger.partitions),
        ("ledger", "orders", 1, 2)
    );
    assert_eq!(ledger.clients, Some(vec![("ledger-1".to_owned(), "/10.0.0.7".to_owned())]));
    assert_eq!(ledger.events, Some(EventsBehind::Exactly(2)));
    assert_eq!((newer.state.clone(), newer.clients.clone()), (None, None), "not told is not none");
    assert_eq!(topology.groups_at_ms, Some(9_000));
}

#[test]
fn what_cannot_be_known_is_listed() {
    let groups = groups();
    let (known, _) = topology(Some(&groups));
    for expected in [
        Unknown::Unnamed { topic: "carts".into(), events: 1, of: 1 },
        Unknown::DeadLetters { topic: "payments-dlt".into(), events: 1 },
        Unknown::NoReader { topic: "carts".into() },
        Unknown::Uncommitted { group: "ledger".into(), topic: "orders".into(), partitions: 1, of: 2 },
        Unknown::Shut { group: "shut".into(), why: "not allowed".into() },
        Unknown::Untold { group: "newer".into() },
    ] {
        assert!(known.unknown.contains(&expected), "{expected:?} is not in {:?}", known.unknown);
    }
    assert!(!known.unknown.contains(&Unknown::NoReader { topic: "orders".into() }));
    let (without, _) = topology(None);
    assert!(without.unknown.contains(&Unknown::NoGroups));
    assert!(
        !without.unknown.iter().any(|unknown| matches!(unknown, Unknown::NoReader { .. })),
        "that is not known then"
    );
}
