//! Each reason for which a row goes no further, or is there.

use super::{explain, followed, made};
use crate::codec::Cell;
use crate::engine::explain::{Apart, ExplainError, Journey, RowExplanation, Verdict};
use crate::engine::tests::Told;
use crate::engine::{Dropped, EventsExplanation};
use crate::event::Coordinates;

const ORDERS: &str = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n";
const PAYMENTS: &str = "[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n";

fn orders(more: &str) -> String {
    format!("{ORDERS}{more}")
}

/// Orders left joined with payments that come no more than 10 ms later.
fn settled() -> String {
    format!(
        "{ORDERS}{PAYMENTS}[nodes.settled]\nkind = \"join\"\nhow = \"left\"\nleft = \"orders\"\nright = \"payments\"\n\
         on = [\"orders.value.id = payments.value.id\"]\nwithin = {{ before = \"0s\", after = \"10ms\" }}\ngrace = \"5ms\"\n"
    )
}

fn aggregate(settings: &str) -> String {
    orders(&format!(
        "[nodes.sums]\nkind = \"aggregate\"\ninput = \"orders\"\nby = [\"value.id AS id\"]\n\
         select = {{ n = \"count(*)\" }}\n{settings}\n"
    ))
}

fn order(time_ms: i64, id: &'static str) -> Told<'static> {
    ("orders", time_ms, "k", id)
}

const A: &str = r#"{"id":"a"}"#;
const B: &str = r#"{"id":"b"}"#;

/// What is said of an event at a node.
fn said<'j>(journey: &'j Journey, node: &str) -> &'j [Verdict] {
    let visit = journey.nodes.iter().find(|visit| visit.node == node);
    match visit.map_or(&[][..], |visit| visit.verdicts.as_slice()) {
        // Of most nodes here the last is the view too.
        [rest @ .., Verdict::Shown { .. }] if !rest.is_empty() => rest,
        all => all,
    }
}

fn of_first(pipeline: &str, events: &[Told<'_>], event: &str) -> EventsExplanation {
    followed(pipeline, events, &[event])
}

#[test]
fn a_condition_that_rules_a_row_out_is_told_with_the_values_that_it_was_about() {
    let text =
        orders("[nodes.big]\nkind = \"filter\"\ninput = \"orders\"\nwhere = \"value.total >= 5 AND key <> 'x'\"\n");
    let told = of_first(&text, &[("orders", 0, "k", r#"{"total":4}"#)], "orders/0/0");
    let [Verdict::Filtered { condition, came_to, operands }] = said(&told.journeys[0], "big") else {
        panic!("{told:?}")
    };
    assert_eq!((condition.as_str(), came_to), ("value.total >= 5 AND key <> 'x'", &Cell::Bool(false)));
    let operands: Vec<_> = operands.iter().map(|named| format!("{}={}", named.name, named.cell)).collect();
    assert_eq!(operands, ["value.total=4", "key=k"]);
    assert!(!told.journeys[0].shown);
}

#[test]
fn a_row_that_passes_is_followed_to_the_view() {
    let text = orders("[nodes.all]\nkind = \"view\"\ninput = \"orders\"\n");
    let told = of_first(&text, &[order(0, A)], "orders/0/0");
    assert_eq!(said(&told.journeys[0], "orders"), [Verdict::Passed { rows: 1 }]);
    assert!(matches!(said(&told.journeys[0], "all"), [Verdict::Shown { rows: 1, .. }]));
    assert!(told.journeys[0].shown);
}

/// The payment comes 3 ms after the last at which it would have been joined.
const TOO_LATE: &[Told<'_>] =
    &[("orders", 100, "a", A), ("payments", 113, "a", A), ("orders", 200, "b", B), ("payments", 205, "b", B)];

#[test]
fn a_partner_outside_of_the_window_is_told_with_the_milliseconds() {
    let told = followed(&settled(), TOO_LATE, &["orders/0/0", "payments/0/0"]);
    let outside = Apart::OutsideWindow { by_ms: 3, right_minus_left_ms: 13, before_ms: 0, after_ms: 10 };
    assert_eq!(told.meetings.len(), 1);
    assert_eq!(told.meetings[0].apart, Some(outside.clone()));
    let [Verdict::NoPartner { given_alone: Some(by), near, .. }] = said(&told.journeys[0], "settled") else {
        panic!("{told:?}")
    };
    assert_eq!(by.coordinates, "orders/0/1".parse().ok(), "it made time pass");
    assert_eq!(near[0].because, outside);
    assert_eq!(near[0].events.events[0].coordinates, "payments/0/0".parse().ok());
    assert!(told.to_string().contains("3 ms too late"), "{told}");
}

#[test]
fn a_row_of_a_left_join_is_explained_by_what_nearly_fitted() {
    let text = settled()
        + "[nodes.unpaid]\nkind = \"filter\"\ninput = \"settled\"\nwhere = \"payments.value.id IS NULL\"\n\
           [nodes.report]\nkind = \"project\"\ninput = \"unpaid\"\nselect = { id = \"orders.value.id\" }\n";
    let told = made(&text, TOO_LATE, "a").unwrap();
    assert_eq!(names(&told), ["orders/0/0"]);
    assert_eq!(told.came_with.coordinates, "orders/0/1".parse().ok());
    assert!(told.to_string().contains("nearly payments/0/0"), "{told}");
}

#[test]
fn rows_that_were_joined_name_each_other() {
    let told = followed(&settled(), TOO_LATE, &["orders/0/1", "payments/0/1"]);
    assert_eq!(told.meetings[0].apart, None);
    let [Verdict::Joined { with, rows: 1 }] = said(&told.journeys[0], "settled") else { panic!("{told:?}") };
    assert_eq!(with.events[0].coordinates, "payments/0/1".parse().ok());
}

#[test]
fn keys_that_differ_are_told_with_their_types() {
    let events = [("orders", 0, "k", r#"{"id":5}"#), ("payments", 1, "k", r#"{"id":"5"}"#), ("orders", 99, "k", B)];
    let told = followed(&settled(), &events, &["orders/0/0", "payments/0/0"]);
    let Some(Apart::KeysDiffer { parts, types_only: true }) = &told.meetings[0].apart else { panic!("{told:?}") };
    assert_eq!((parts[0].0.cell.kind(), parts[0].1.cell.kind()), ("integer", "text"));
    let [Verdict::NoPartner { near, .. }] = said(&told.journeys[0], "settled") else { panic!("{told:?}") };
    assert!(matches!(near[0].because, Apart::KeysDiffer { types_only: true, .. }));
    let told = followed(&settled(), TOO_LATE, &["orders/0/0", "payments/0/1"]);
    assert!(matches!(told.meetings[0].apart, Some(Apart::KeysDiffer { types_only: false, .. })));
}

#[test]
fn a_row_that_had_expired_when_it_came_is_late_at_the_join() {
    let events = [order(100, B), order(50, A), ("payments", 60, "k", A)];
    let told = followed(&settled(), &events, &["orders/0/1", "payments/0/0"]);
    // Partitions are merged by their times, so the payment of 60 is taken before.
    let [Verdict::Late { late_by_ms, stream_time_ms: 100, grace_ms: 5, .. }] = said(&told.journeys[0], "settled")
    else {
        panic!("{told:?}")
    };
    assert_eq!(*late_by_ms, 35, "50 + 10 + 5 is 35 before 100");
    assert!(matches!(told.meetings[0].apart, Some(Apart::Dropped { side: "left", why: Dropped::Late })));
}

#[test]
fn a_null_key_is_told() {
    let told = of_first(&aggregate(""), &[order(0, "{}")], "orders/0/0");
    let [Verdict::Dropped { why: Dropped::NullKey, key, .. }] = said(&told.journeys[0], "sums") else {
        panic!("{told:?}")
    };
    assert_eq!(key[0].name, "value.id");
}

#[test]
fn a_late_row_is_told_with_the_window_and_what_grace_would_have_taken_it() {
    let text = aggregate("window = { kind = \"tumbling\", size = \"10ms\" }\ngrace = \"5ms\"");
    let events = [order(17, A), order(8, A)];
    let told = of_first(&text, &events, "orders/0/1");
    let [Verdict::Late { windows, late_by_ms: 3, time_ms: 8, stream_time_ms: 17, grace_ms: 5 }] =
        said(&told.journeys[0], "sums")
    else {
        panic!("{told:?}")
    };
    assert_eq!([(windows[0].start_ms, windows[0].end_ms)], [(0, 10)]);
    let longer = aggregate("window = { kind = \"tumbling\", size = \"10ms\" }\ngrace = \"8ms\"");
    let told = of_first(&longer, &events, "orders/0/1");
    assert!(matches!(said(&told.journeys[0], "sums"), [Verdict::Grouped { .. }]), "{told:?}");
}

#[test]
fn late_by_so_much_is_what_a_longer_grace_makes_good_for_every_window() {
    let windows = [
        "kind = \"hopping\", size = \"10ms\", advance = \"4ms\"",
        "kind = \"session\", gap = \"10ms\"",
        "kind = \"sliding\", size = \"10ms\"",
    ];
    for window in windows {
        let text = |grace: i64| aggregate(&format!("window = {{ {window} }}\ngrace = \"{grace}ms\""));
        let events = [order(60, B), order(20, A)];
        let told = of_first(&text(2), &events, "orders/0/1");
        let [Verdict::Late { late_by_ms, .. }] = said(&told.journeys[0], "sums") else { panic!("{window}: {told:?}") };
        let told = of_first(&text(2 + late_by_ms), &events, "orders/0/1");
        // A sliding window's row is taken, if only for windows to come.
        assert!(
            !matches!(said(&told.journeys[0], "sums"), [Verdict::Late { windows, .. }] if !window.contains("sliding") || windows.len() > 1),
            "{window}: {told:?}"
        );
        let told = of_first(&text(1 + late_by_ms), &events, "orders/0/1");
        assert!(matches!(said(&told.journeys[0], "sums"), [Verdict::Late { late_by_ms: 1, .. }]), "{window}: {told:?}");
    }
}

#[test]
fn a_row_that_is_late_for_one_hop_is_in_the_next() {
    let text = aggregate("window = { kind = \"hopping\", size = \"10ms\", advance = \"5ms\" }");
    let told = of_first(&text, &[order(12, A), order(8, A)], "orders/0/1");
    let [Verdict::Grouped { windows, .. }, Verdict::Late { windows: late, .. }] = said(&told.journeys[0], "sums")
    else {
        panic!("{told:?}")
    };
    assert_eq!((windows[0].start_ms, windows.len()), (5, 1));
    assert_eq!((late[0].start_ms, late.len()), (0, 1));
}

#[test]
fn a_window_that_is_not_closed_yet_is_told_with_when_it_closes() {
    let text = aggregate("window = { kind = \"tumbling\", size = \"10ms\" }\ngrace = \"5ms\"\nemit = \"final\"");
    let told = of_first(&text, &[order(1, A), order(14, B)], "orders/0/0");
    let [Verdict::Grouped { windows, only_when_closed: true, .. }] = said(&told.journeys[0], "sums") else {
        panic!("{told:?}")
    };
    assert_eq!((windows[0].closed, windows[0].closes_at_ms, &windows[0].given_at), (false, 15, &None));
    assert!(!told.journeys[0].shown);
    let told = of_first(&text, &[order(1, A), order(15, B)], "orders/0/0");
    let [Verdict::Grouped { windows, .. }] = said(&told.journeys[0], "sums") else { panic!("{told:?}") };
    assert!(told.journeys[0].shown);
    assert_eq!(windows[0].given_at.as_ref().unwrap().coordinates, "orders/0/1".parse().ok());
}

#[test]
fn a_repeated_row_names_the_one_before() {
    let text = orders("[nodes.once]\nkind = \"deduplicate\"\ninput = \"orders\"\nby = \"value.id\"\n");
    let told = of_first(&text, &[order(0, B), order(1, A), order(2, A)], "orders/0/2");
    let [Verdict::Duplicate { of: Some(of), .. }] = said(&told.journeys[0], "once") else { panic!("{told:?}") };
    assert_eq!(of.coordinates, "orders/0/1".parse().ok());
}

#[test]
fn an_older_row_gives_way_to_the_latest() {
    let text = orders("[nodes.last]\nkind = \"deduplicate\"\ninput = \"orders\"\nby = \"value.id\"\nkeep = \"last\"\n");
    let told = of_first(&text, &[order(5, A), order(2, A)], "orders/0/1");
    assert!(matches!(said(&told.journeys[0], "last"), [Verdict::Older { .. }]), "{told:?}");
}

const LATEST: &str = "version = 1\n[nodes.latest]\nkind = \"table\"\ntopic = \"orders\"\n\
                      [nodes.all]\nkind = \"view\"\ninput = \"latest\"\n";

#[test]
fn an_event_of_a_table_is_overtaken_by_the_next_of_its_key() {
    let events = [("orders", 0, "k", A), ("orders", 1, "k", B), ("orders", 2, "k", "null"), ("orders", 3, "q", A)];
    let told = of_first(LATEST, &events, "orders/0/0");
    let Some(Verdict::Retracted { by }) = said(&told.journeys[0], "latest").last() else { panic!("{told:?}") };
    assert_eq!(by.coordinates, "orders/0/1".parse().ok());
    let told = of_first(LATEST, &events, "orders/0/2");
    let [Verdict::Tombstone { of: Some(of) }] = said(&told.journeys[0], "latest") else { panic!("{told:?}") };
    assert_eq!(of.coordinates, "orders/0/1".parse().ok());
    let told = of_first(LATEST, &[("orders", 0, "k", "null")], "orders/0/0");
    assert_eq!(said(&told.journeys[0], "latest"), [Verdict::Tombstone { of: None }]);
    let told = of_first(LATEST, &[("orders", 0, "k", A), ("orders", 1, "k", A)], "orders/0/1");
    assert!(said(&told.journeys[0], "latest").len() == 2 || said(&told.journeys[0], "latest").len() == 1, "{told:?}");
}

#[test]
fn a_row_beyond_the_first_of_its_group_is_told_with_what_the_order_goes_by() {
    let text = orders("[nodes.top]\nkind = \"top-n\"\ninput = \"orders\"\norder = [\"value.v DESC\"]\nn = 1\n");
    let events = [("orders", 0, "k", r#"{"v":5}"#), ("orders", 1, "k", r#"{"v":3}"#), ("orders", 2, "k", r#"{"v":9}"#)];
    let told = of_first(&text, &events, "orders/0/1");
    let [Verdict::BeyondRank { n: 1, order, .. }] = said(&told.journeys[0], "top") else { panic!("{told:?}") };
    assert_eq!(order[0].cell, Cell::Int(3));
    let told = of_first(&text, &events, "orders/0/0");
    assert!(matches!(said(&told.journeys[0], "top"), [Verdict::Retracted { .. }]), "{told:?}");
}

#[test]
fn an_array_without_elements_is_told() {
    let text =
        orders("[nodes.items]\nkind = \"flatten\"\ninput = \"orders\"\nfield = \"value.items\"\nas = \"item\"\n");
    let told = of_first(&text, &[("orders", 0, "k", r#"{"items":[]}"#)], "orders/0/0");
    assert!(matches!(said(&told.journeys[0], "items"), [Verdict::NoElements { .. }]), "{told:?}");
}

#[test]
fn a_stream_is_told_when_the_tables_row_holds_only_later() {
    let text = format!(
        "{ORDERS}[nodes.known]\nkind = \"table\"\ntopic = \"payments\"\n[nodes.both]\nkind = \"join\"\nhow = \"left\"\n\
         left = \"orders\"\nright = \"known\"\non = [\"orders.key = known.key\"]\ngrace = \"1s\"\n"
    );
    let events = [("orders", 10, "k", A), ("payments", 17, "k", B), ("orders", 2_000, "z", A)];
    let told = followed(&text, &events, &["orders/0/0", "payments/0/0"]);
    assert_eq!(told.meetings[0].apart, Some(Apart::TableLater { by_ms: 7 }));
    let [Verdict::NoPartner { near, .. }] = said(&told.journeys[0], "both") else { panic!("{told:?}") };
    assert_eq!(near[0].because, Apart::TableLater { by_ms: 7 });
}

#[test]
fn rows_of_one_group_and_no_common_window_do_not_meet() {
    let text = aggregate("window = { kind = \"tumbling\", size = \"10ms\" }");
    let events = [order(1, A), order(5, A), order(11, A), order(12, B)];
    let apart = |one: &str, other: &str| followed(&text, &events, &[one, other]).meetings[0].apart.clone();
    assert_eq!(apart("orders/0/0", "orders/0/1"), None);
    assert_eq!(apart("orders/0/0", "orders/0/2"), Some(Apart::OtherWindow));
    assert!(matches!(apart("orders/0/2", "orders/0/3"), Some(Apart::OtherGroup { .. })));
}

#[test]
fn an_event_that_stopped_before_is_not_at_the_join() {
    let text = settled().replace("right = \"payments\"", "right = \"good\"").replace("payments.value", "good.value")
        + "[nodes.good]\nkind = \"filter\"\ninput = \"payments\"\nwhere = \"key = 'good'\"\n";
    let told = followed(&text, TOO_LATE, &["orders/0/1", "payments/0/1"]);
    assert_eq!(told.meetings[0].apart, Some(Apart::NotHere { which: vec![1] }));
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let text = aggregate("window = { kind = \"tumbling\", size = \"10ms\" }");
    let events = [order(1, A), order(11, A), order(12, B)];
    let error = |name: &str| made(&text, &events, name).unwrap_err();
    let ExplainError::NoRow { near, .. } = error("c@0") else { panic!("no row") };
    assert_eq!(near, ["a", "b"]);
    let ExplainError::NoRow { near, .. } = error("b@0") else { panic!("no row") };
    assert_eq!(near, ["@1970-01-01T00:00:00.010Z"]);
    assert!(matches!(error("a"), ExplainError::ManyRows { count: 2, .. }));
    let ask = |at: &str| {
        let at: Coordinates = at.parse().unwrap();
        explain(&text, &events, |explainer| explainer.events(std::slice::from_ref(&at))).unwrap_err()
    };
    assert!(ask("orders/0/3").to_string().contains("offsets from 0 to 2"), "{}", ask("orders/0/3"));
    assert!(ask("orders/1/0").to_string().contains("1 partitions"));
    assert!(matches!(ask("payments/0/0"), ExplainError::NotRead { .. }));
    let view = explain(&text, &events, |explainer| explainer.row(Some("x"), &"a".parse().unwrap())).unwrap_err();
    assert!(view.to_string().contains("there are sums"), "{view}");
}

/// The events that made a row.
fn names(told: &RowExplanation) -> Vec<String> {
    let name = |at: &Coordinates| format!("{}/{}/{}", at.topic, at.partition, at.offset);
    told.made_by.events.iter().map(|event| event.coordinates.as_ref().map(name).unwrap()).collect()
}

#[test]
fn of_many_events_the_count_and_both_ends_are_told() {
    let events: Vec<Told<'_>> = (0..5_000).map(|time| order(time, A)).collect();
    let told = made(&aggregate(""), &events, "a").unwrap();
    assert_eq!((told.made_by.count, told.made_by.left_out), (5_000, 4_960));
    assert_eq!((names(&told)[0].as_str(), names(&told)[39].as_str()), ("orders/0/0", "orders/0/4999"));
}
