//! What is found unusual, on logs made for it.

use super::super::diagnose::{Certainty, Diagnosed, Diagnosis, Extent, Kind, TopicExtent};
use super::super::{Correlator, Profile, Settings, Threads, suggest};
use super::stage::{Made, correlate, exact, log, topics_of};
use crate::codec::TopicCodecs;
use crate::event::TopicName;

const MINUTE: i64 = 60_000;

/// One order's events: steps, and how long after the start.
fn order(number: i64, start: i64, steps: &[(&str, i64)]) -> Vec<Made> {
    let event = |&(step, after): &(&str, i64)| {
        let topic = format!("{}-topic", step.to_lowercase());
        Made::new(&topic, start + after).header("correlationid", format!("order-{number:05}")).header("eventType", step)
    };
    steps.iter().map(event).collect()
}

const USUAL: [(&str, i64); 3] = [("Placed", 0), ("Paid", MINUTE), ("Shipped", 2 * MINUTE)];

/// So many usual orders, a second apart.
fn orders(count: i64) -> Vec<Made> {
    (0..count).flat_map(|number| order(number, number * 1_000, &USUAL)).collect()
}

fn diagnose(events: &[Made], extent: &Extent) -> (Threads, Diagnosed) {
    let (_, threads) = correlate(&log(events));
    let found = threads.diagnose(extent, &Default::default(), &|| false);
    (threads, found)
}

fn of<'d>(threads: &Threads, found: &'d Diagnosed, id: &str) -> &'d [Diagnosis] {
    found.of(threads.find(id).unwrap())
}

#[test]
fn a_step_that_hardly_any_peer_has_is_extra() {
    let mut events = orders(4_000);
    for number in 0..3 {
        let steps = [("Placed", 0), ("Paid", MINUTE), ("Rerouted", 90_000), ("Shipped", 2 * MINUTE)];
        events.extend(order(90_000 + number, number * 500_000, &steps));
    }
    // A refund is rare, but not among returns.
    for number in 0..40 {
        let mut steps = USUAL.to_vec();
        steps.push(("Returned", 3 * MINUTE));
        if number % 3 == 0 {
            steps.push(("Refunded", 4 * MINUTE));
        }
        events.extend(order(80_000 + number, number * 50_000, &steps));
    }
    let (threads, found) = diagnose(&events, &Extent::default());
    let extra: Vec<&Diagnosis> = found.findings.iter().filter(|found| found.kind == Kind::ExtraStep).collect();
    assert_eq!(extra.len(), 3, "{extra:#?}");
    for number in 0..3 {
        let found = of(&threads, &found, &format!("order-{:05}", 90_000 + number));
        assert_eq!(found.len(), 1);
        assert!(found[0].what.starts_with("Rerouted is there; 3 of 4,043"), "{}", found[0].what);
        assert!(found[0].sureness > 0.99 && found[0].evidence.len() == 2, "{found:?}");
    }
}

#[test]
fn an_order_after_which_nothing_came_is_missed_and_a_page_view_is_not() {
    let mut events = orders(400);
    events.extend(order(90_000, 100_000, &USUAL[..1]));
    for view in 0..300 {
        events.extend(order(50_000 + view, view * 1_000, &[("Viewed", 0)]));
    }
    let (threads, found) = diagnose(&events, &Extent::default());
    let alone = of(&threads, &found, "order-90000");
    assert_eq!(alone.len(), 1, "{alone:?}");
    assert!(matches!(alone[0].kind, Kind::MissingStep | Kind::Died));
    assert_eq!(alone[0].certainty, Certainty::Absent);
    assert!(alone[0].sureness > 0.95, "{alone:?}");
    assert_eq!(found.findings.len(), 1, "{:?}", found.findings);
}

/// 400 orders, one of them never shipped.
fn unshipped() -> Vec<Made> {
    let mut events = orders(400);
    events.extend(order(90_000, 100_000, &USUAL[..2]));
    events
}

#[test]
fn one_thread_that_lies_about_for_a_day_does_not_excuse_the_others() {
    let mut events = unshipped();
    events.extend(order(70_000, 0, &[("Placed", 0), ("Paid", MINUTE), ("Shipped", 1_440 * MINUTE)]));
    let (threads, found) = diagnose(&events, &Extent::default());
    let missing = of(&threads, &found, "order-90000");
    assert_eq!((missing[0].kind, missing[0].certainty), (Kind::MissingStep, Certainty::Absent));
    assert!(!missing[0].may_still_come);
}

fn extent(topic: &str, missing: u64) -> Extent {
    let held = TopicExtent { events: 400, missing, ..TopicExtent::default() };
    Extent { topics: [(TopicName::from(topic), held)].into_iter().collect(), ..Extent::default() }
}

#[test]
fn only_offsets_of_the_topics_that_would_have_the_step_count() {
    let events = unshipped();
    let missing = |extent: &Extent| {
        let (threads, found) = diagnose(&events, extent);
        of(&threads, &found, "order-90000")[0].clone()
    };
    let sure = missing(&Extent::default());
    assert_eq!(sure.certainty, Certainty::Absent);
    assert_eq!(missing(&extent("placed-topic", 1_000)), sure);
    let (one, many) = (missing(&extent("shipped-topic", 1)), missing(&extent("shipped-topic", 1_000)));
    assert_eq!((one.certainty, many.certainty), (Certainty::NotRead, Certainty::NotRead));
    assert!(one.sureness < sure.sureness && many.sureness < one.sureness, "{} {}", one.sureness, many.sureness);
    assert!((many.sureness - sure.sureness / 2.0).abs() < 1e-9);
    assert!(many.what.contains("1,000 offsets"), "{}", many.what);
}

#[test]
fn what_lies_before_the_time_asked_for_is_not_called_missing() {
    let from = 200_000;
    let events: Vec<Made> = orders(2_000).into_iter().filter(|event| event.at >= from).collect();
    let cut = Extent { from_ms: Some(from), ..Extent::default() };
    let (_, blind) = diagnose(&events, &Extent::default());
    let (_, told) = diagnose(&events, &cut);
    let absent =
        |found: &Diagnosed| found.findings.iter().filter(|finding| finding.certainty == Certainty::Absent).count();
    assert!(absent(&blind) > 50);
    assert_eq!(absent(&told), 0);
    assert!(told.findings.iter().any(|finding| finding.certainty == Certainty::NotRead));
    // What is missing behind the start is missing all the same.
    let mut events = events;
    events.extend(order(90_000, 300_000, &USUAL[..2]));
    let (threads, found) = diagnose(&events, &cut);
    assert_eq!(of(&threads, &found, "order-90000")[0].certainty, Certainty::Absent);
}

#[test]
fn a_range_that_goes_on_behind_the_logs_end_ends_with_the_log() {
    let mut events = orders(400);
    events.extend(order(90_000, 399_500, &USUAL[..2]));
    let found = |cut_ms| {
        let (threads, found) = diagnose(&events, &Extent { cut_ms, ..Extent::default() });
        of(&threads, &found, "order-90000")[0].clone()
    };
    assert_eq!(found(None).certainty, Certainty::MayStillCome);
    assert_eq!(found(Some(i64::MAX / 2)), found(None));
}

#[test]
fn a_cause_appended_behind_its_effect_is_out_of_order_whatever_the_clocks_say() {
    let event = |id: &str| Made::new("orders", 10).header("messageid", id);
    let (_, found) =
        diagnose(&[event("m-effect").header("causationid", "m-cause"), event("m-cause")], &Extent::default());
    assert_eq!(found.findings.len(), 1, "{:?}", found.findings);
    assert_eq!(found.findings[0].kind, Kind::OutOfOrder);
    let (_, found) =
        diagnose(&[event("m-cause"), event("m-effect").header("causationid", "m-cause")], &Extent::default());
    assert_eq!(found.findings, []);
}

/// What a person ties by leaves causes, duplicates and clocks as they are.
#[test]
fn tied_by_a_persons_field_events_still_say_what_led_to_what() {
    let event = |at: i64, id: &str, cause: &str| {
        let made = Made::new("orders", at).key("7").header("messageid", id);
        if cause.is_empty() { made } else { made.header("causationid", cause) }
    };
    let other = Made::new("orders", 900).key("8").header("messageid", "m-0009").header("causationid", "m-0001");
    let snapshot = log(&[
        event(100, "m-0001", ""),
        event(50, "m-0002", "m-0001"),
        event(200, "m-0003", "m-0001"),
        event(300, "m-0003", "m-0001"),
        other,
    ]);
    let topics = topics_of(&snapshot);
    let (like, codecs) = suggest(&snapshot, &topics, |_| None::<TopicCodecs>).unwrap();
    let profile = Profile::by_fields(&[vec!["key".parse().unwrap()]], &topics, &like);
    let mut correlator = Correlator::new(Settings { profile, codecs, ..Settings::default() });
    correlator.take_snapshot(&snapshot, &topics, &Default::default(), &|| false);
    let threads = correlator.threads();
    // By their identities and causes all five would be one.
    assert_eq!(threads.len(), 2);
    assert_eq!(threads.events_of(0).len(), 4);
    let causes: Vec<(String, String)> = exact(&threads, 0).into_iter().map(|(from, to, _)| (from, to)).collect();
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let from_first = ["orders/1", "orders/2", "orders/3"].map(|to| pair("orders/0", to));
    assert_eq!(causes, from_first);
    let found = threads.diagnose(&Extent::default(), &Default::default(), &|| false);
    let kinds: Vec<Kind> = found.of(0).iter().map(|finding| finding.kind).collect();
    assert!(kinds.contains(&Kind::DuplicateDelivery) && kinds.contains(&Kind::ClockContradiction), "{kinds:?}");
    assert_eq!(threads.thread_at(&"orders/0/4".parse().unwrap()), Some(1));
}

/// A number is that of an order and of an invoice: both are told.
#[test]
fn a_number_of_several_things_leads_to_all_of_them_and_what_ties_nothing_to_whoever_has_it() {
    let mut events = Vec::new();
    for number in 100..160 {
        let at = number * 1_000;
        let order = format!(r#"{{"order_id":{number},"note":"Gift For {number}x"}}"#);
        let invoice = format!(r#"{{"invoice_id":{number}}}"#);
        events.push(Made::new("orders", at).value(&order));
        events.push(Made::new("packed", at + 10).value(&order));
        events.push(Made::new("invoices", at + 500).value(&invoice));
        events.push(Made::new("paid", at + 600).value(&invoice));
    }
    let snapshot = log(&events);
    let topics = topics_of(&snapshot);
    let (_, threads) = correlate(&snapshot);
    assert_eq!(threads.len(), 120);
    let found = threads.find_all("117");
    assert_eq!(found.len(), 2);
    assert_eq!(threads.find("117"), Some(found[0]));
    assert_eq!(threads.find_all("gift for 117x"), [0; 0]);
    let mentions = threads.mentioning("gift for 117x", &snapshot, &topics).unwrap();
    assert_eq!((mentions.threads, mentions.events, mentions.loose), (vec![found[0]], 2, 0));
}

/// Kafka Streams hands headers on to what it writes.
#[test]
fn headers_handed_on_to_another_topic_are_no_second_delivery() {
    let mut events = Vec::new();
    for order in 0..100 {
        let at = order * MINUTE;
        let own = |topic: &str, at: i64| {
            let made = Made::new(topic, at).header("ce_id", format!("e-{order:05}")).header("ce_source", "/shop");
            made.header("ce_type", "OrderPlaced")
        };
        events.extend([own("orders", at), own("orders-enriched", at + 50)]);
        if order == 7 {
            events.push(own("orders", at + 70));
        }
    }
    let (_, found) = diagnose(&events, &Extent::default());
    let twice: Vec<_> = found.findings.iter().filter(|found| found.kind == Kind::DuplicateDelivery).collect();
    assert_eq!(twice.len(), 1, "{twice:?}");
    assert_eq!(twice[0].thread, Some(7));
    assert!(twice[0].evidence.iter().all(|at| &*at.topic == "orders"), "{twice:?}");
}

#[test]
fn one_clock_far_in_the_future_does_not_end_the_log_then() {
    let end = 4_000 * 1_000;
    let mut events: Vec<Made> = orders(4_000).into_iter().filter(|event| event.at < end).collect();
    let certainties = |events: &[Made]| {
        let (_, found) = diagnose(events, &Extent::default());
        let mut all: Vec<Certainty> = found.findings.iter().map(|finding| finding.certainty).collect();
        all.sort_unstable();
        all
    };
    let before = certainties(&events);
    assert!(before.len() > 50 && before.iter().all(|one| *one == Certainty::MayStillCome), "{before:?}");
    events.push(Made::new("audit", 4_102_444_800_000));
    assert_eq!(certainties(&events), before);
}

#[test]
fn what_led_to_an_event_that_is_there_did_not_stop() {
    let mut events = Vec::new();
    for order in 0..100 {
        let at = order * MINUTE;
        let made = |at: i64, step: &str| Made::new("orders", at).header("eventType", step).key(format!("ORD-{order}"));
        let confirmed = if order == 40 { at - 1_500 } else { at + 800 };
        events.push(made(at, "Placed").header("messageid", format!("p-{order:04}")));
        let confirmed = made(confirmed, "Confirmed").header("messageid", format!("c-{order:04}"));
        events.push(confirmed.header("causationid", format!("p-{order:04}")));
    }
    let (threads, found) = diagnose(&events, &Extent::default());
    let found = of(&threads, &found, "ORD-40");
    assert!(found.iter().all(|finding| finding.kind != Kind::Died), "{found:?}");
    let clock = found.iter().find(|finding| finding.kind == Kind::ClockContradiction).unwrap();
    assert!(clock.what.contains("orders stamped both"), "{}", clock.what);
}

#[test]
fn sureness_is_never_told_as_more_than_it_is() {
    let (_, found) = diagnose(&unshipped(), &Extent::default());
    let told = |sureness: f64| Diagnosis { sureness, ..found.findings[0].clone() }.sure();
    assert_eq!([1.0, 0.997, 0.99, 0.29].map(told), ["100 %", "99 %", "99 %", "29 %"]);
}

#[test]
fn a_topic_that_is_called_one_of_dead_letters_holds_them() {
    let mut events = Vec::new();
    for order in 0..300 {
        let at = order * 1_000;
        let made = |topic: &str, at: i64| Made::new(topic, at).key(format!("ORD-{order:04}"));
        events.push(made("orders", at));
        match order {
            50 => events.push(made("payments.dlq", at + 900).header("error", "x").header("error-message", "no funds")),
            _ => events.push(made("payments", at + 900)),
        }
    }
    let snapshot = log(&events);
    let (_, threads) = correlate(&snapshot);
    let found = threads.diagnose(&Extent::default(), &Default::default(), &|| false);
    let found = of(&threads, &found, "ORD-0050");
    let dead = found.iter().find(|finding| finding.kind == Kind::DeadLettered).unwrap_or_else(|| panic!("{found:?}"));
    assert!(dead.sureness < 0.9 && dead.what.contains("payments.dlq"), "{dead:?}");
    let reason = threads.reason(&dead.evidence[0], &snapshot).unwrap();
    assert_eq!(reason.as_deref(), Some("no funds"));
}

/// Fifteen orders of a thousand are declined and cancelled, and none of those is shipped.
#[test]
fn a_way_that_few_threads_go_but_all_alike_lacks_nothing() {
    let mut events = Vec::new();
    for number in 0..1_000 {
        let last = match number {
            _ if number % 66 == 5 => "Cancelled",
            500 => "",
            _ => "Shipped",
        };
        let paid = if last == "Cancelled" { "Declined" } else { "Paid" };
        let steps: Vec<(&str, i64)> =
            [("Placed", 0), (paid, 900), (last, 1_900)].into_iter().filter(|(step, _)| !step.is_empty()).collect();
        events.extend(order(number, number * MINUTE, &steps));
    }
    let (threads, found) = diagnose(&events, &Extent::default());
    let ill: Vec<Option<u32>> = found.findings.iter().map(|finding| finding.thread).collect();
    assert_eq!(ill, [threads.find("order-00500")], "{:?}", found.findings);
}

#[test]
fn zeros_before_a_number_belong_to_it_unless_it_is_that_of_a_trace() {
    let mut events = Vec::new();
    for number in 10..60 {
        for topic in ["orders", "packed"] {
            events.push(Made::new(topic, number * 1_000).value(format!(r#"{{"order_id":"{number}"}}"#)));
        }
    }
    let (_, threads) = correlate(&log(&events));
    assert_eq!(threads.find_all("17").len(), 1);
    assert_eq!(threads.find_all("0017"), [0; 0]);
}
