//! How logs are commonly laid out, and that one order is one thread in each: with keys of customers, with several traces
//! an order, with one trace for many orders, with tenants, with values that stand for nothing.

use super::super::{Correlator, Field, Profile, Role, Settings, Threads, suggest};
use super::stage::{Made, correlate, log, told};
use crate::codec::TopicCodecs;

const MINUTE: i64 = 60_000;

/// So many orders, each with one event in each of three topics.
fn orders(count: i64, event: impl Fn(i64, usize, Made) -> Made) -> Vec<Made> {
    let one = |order: i64| {
        let made = |(hop, topic): (usize, &str)| event(order, hop, Made::new(topic, order * MINUTE + hop as i64 * 900));
        ["orders", "payments", "shipments"].into_iter().enumerate().map(made).collect::<Vec<Made>>()
    };
    (0..count).flat_map(one).collect()
}

fn uuid(one: i64, other: i64) -> String {
    format!("3f2504e0-4f89-11d3-{one:04x}-{other:012x}")
}

fn trace(one: i64, other: i64) -> String {
    format!("00-4bf92f3577b34da6a3ce{one:04x}{other:08x}-00f067aa0ba902b7-01")
}

/// That there is a thread for each order, with so many events.
fn assert_a_thread_an_order(profile: &Profile, threads: &Threads, count: usize, events: usize) {
    assert_eq!(threads.len(), count, "{profile:#?}");
    assert!((0..count as u32).all(|thread| threads.events_of(thread).len() == events), "{:?}", told(threads));
}

fn use_of<'p>(profile: &'p Profile, topic: &str, field: &str) -> &'p super::super::FieldUse {
    let field = field.parse().unwrap();
    profile.topic(topic).unwrap().fields.iter().find(|wanted| wanted.field == field).unwrap()
}

#[test]
fn keyed_by_customer_each_order_is_still_its_own_story() {
    let event = |order: i64, made: Made| {
        let customer = format!("cust-{:03}", order * 7919 % 40);
        made.key(&customer).value(format!(r#"{{"order_id":"ORD-{order}","customer_id":"{customer}"}}"#))
    };
    let (profile, threads) = correlate(&log(&orders(200, |order, _, made| event(order, made))));
    assert_a_thread_an_order(&profile, &threads, 200, 3);
    let correlated = |order: i64, _: usize, made: Made| event(order, made).header("X-Correlation-ID", uuid(1, order));
    let snapshot = log(&orders(200, correlated));
    let (profile, threads) = correlate(&snapshot);
    assert_a_thread_an_order(&profile, &threads, 200, 3);
    // People know it by its number.
    assert_eq!(threads.label(7, &snapshot).unwrap(), "ORD-7");
}

/// What nothing ties to others is still told by its key.
#[test]
fn a_customers_own_events_are_together_where_no_order_ties_them() {
    let mut events = orders(200, |order, _, made| {
        made.key(format!("ORD-{order}"))
            .value(format!(r#"{{"order_id":"ORD-{order}","customer_id":"cust-{}"}}"#, order % 40))
    });
    for customer in 0..40 {
        for change in 0..3 {
            let made = Made::new("customers", customer * MINUTE + change * 7_000);
            events.push(made.key(format!("cust-{customer}")).value(format!(r#"{{"customer_id":"cust-{customer}"}}"#)));
        }
    }
    let (profile, threads) = correlate(&log(&events));
    assert!(use_of(&profile, "customers", "key").within_topic, "{profile:#?}");
    assert_eq!(threads.len(), 240);
}

#[test]
fn an_order_is_one_story_in_however_many_traces_or_requests() {
    let two = |header: fn(i64, i64) -> (&'static str, String)| {
        let mut events = Vec::new();
        for order in 0..100 {
            for (at, topic, request) in
                [(0, "orders", 1), (900, "payments", 1), (3_600_000, "orders", 2), (3_605_000, "payments", 2)]
            {
                let (name, value) = header(request, order);
                let made = Made::new(topic, order * MINUTE + at).key(format!("ORD-{order}")).header(name, value);
                events.push(made.value(format!(r#"{{"order_id":"ORD-{order}","customer_id":"cust-{}"}}"#, order % 17)));
            }
        }
        log(&events)
    };
    let (profile, threads) = correlate(&two(|request, order| ("traceparent", trace(request, order))));
    assert_a_thread_an_order(&profile, &threads, 100, 4);
    assert!(!use_of(&profile, "orders", "value.customer_id").ties, "{profile:#?}");
    let (profile, threads) = correlate(&two(|request, order| ("x-request-id", uuid(request, order))));
    assert_a_thread_an_order(&profile, &threads, 100, 4);
}

/// Nothing but traces tells the orders of a shop apart, so its number must not tie them.
#[test]
fn what_ties_very_many_traces_is_coarse_though_nothing_finer_is_known() {
    let event = |order: i64, _: usize, made: Made| {
        made.header("traceparent", trace(1, order)).value(format!(r#"{{"shop_id":"shop-{}"}}"#, order % 9))
    };
    let (profile, threads) = correlate(&log(&orders(200, event)));
    assert_a_thread_an_order(&profile, &threads, 200, 3);
}

#[test]
fn a_tenant_ties_nothing_however_few_there_are() {
    for tenants in 1..=4 {
        let event = |order: i64, _: usize, made: Made| {
            let tenant = ["acme", "globex", "initech", "hooli"][(order % tenants) as usize];
            made.key(format!("ORD-{order}")).value(format!(r#"{{"order_id":"ORD-{order}","tenant_id":"{tenant}"}}"#))
        };
        let (profile, threads) = correlate(&log(&orders(20, event)));
        assert_a_thread_an_order(&profile, &threads, 20, 3);
    }
}

#[test]
fn a_trace_of_a_batch_of_orders_does_not_make_them_one_story() {
    let event = |order: i64, hop: usize, made: Made| {
        let own = if hop < 2 { trace(1, order / 10) } else { trace(2, order) };
        made.key(format!("ORD-{order}")).header("traceparent", own).value(format!(r#"{{"order_id":"ORD-{order}"}}"#))
    };
    let (profile, threads) = correlate(&log(&orders(300, event)));
    assert_a_thread_an_order(&profile, &threads, 300, 3);
    let wanted = use_of(&profile, "orders", "headers.traceparent");
    assert!(!wanted.ties && wanted.because.starts_with("coarse: 30 of 30"), "{wanted:?}");
}

/// An order and its picks are one request; an account is in many transfers.
#[test]
fn a_trace_that_is_about_several_things_is_one_story_all_the_same() {
    let mut events = Vec::new();
    for order in 0..100 {
        let at = order * MINUTE;
        let own = |made: Made| made.header("traceparent", trace(1, order));
        events.push(own(Made::new("orders", at)).value(format!(r#"{{"order_id":"ORD-{order}"}}"#)));
        for pick in 0..4 {
            for (topic, after) in [("picked", 10), ("packed", 20)] {
                let value = format!(r#"{{"pick_id":"PICK-{order}-{pick}","sku_id":"SKU-{}"}}"#, (order + pick) % 23);
                events.push(own(Made::new(topic, at + after + pick)).value(value));
            }
        }
    }
    let (profile, threads) = correlate(&log(&events));
    assert_a_thread_an_order(&profile, &threads, 100, 9);
    let mut events = Vec::new();
    for transfer in 0..100 {
        for (hop, (topic, account)) in
            [("debits", transfer % 30), ("credits", (transfer * 7 + 1) % 30), ("debited", transfer % 30)]
                .into_iter()
                .enumerate()
        {
            let made = Made::new(topic, transfer * MINUTE + hop as i64).header("traceparent", trace(1, transfer));
            events.push(made.value(format!(r#"{{"account_id":"ACC-{account}"}}"#)));
        }
    }
    let (profile, threads) = correlate(&log(&events));
    assert_a_thread_an_order(&profile, &threads, 100, 3);
}

#[test]
fn a_correlation_that_stands_for_nothing_ties_nothing() {
    for nothing in ["00000000-0000-0000-0000-000000000000", "undefined", "N/A"] {
        let event = |order: i64, _: usize, made: Made| {
            let correlation = if order % 3 == 0 { nothing.to_owned() } else { uuid(1, order) };
            made.key(format!("ORD-{order}")).header("X-Correlation-ID", correlation)
        };
        let (profile, threads) = correlate(&log(&orders(30, event)));
        assert_a_thread_an_order(&profile, &threads, 30, 3);
    }
}

/// Every tenant counts its orders from one.
#[test]
fn what_a_person_asks_for_together_ties_together() {
    let mut events = Vec::new();
    for order in 0..40 {
        for (nth, tenant) in ["acme", "globex"].into_iter().enumerate() {
            for topic in ["orders", "payments"] {
                let made = Made::new(topic, order * MINUTE + nth as i64 * 7_000);
                events.push(made.value(format!(r#"{{"order_id":{order},"tenant":"{tenant}"}}"#)));
            }
        }
    }
    events.push(Made::new("orders", 0).value(r#"{"order_id":1}"#));
    let snapshot = log(&events);
    let topics = super::stage::topics_of(&snapshot);
    let (like, codecs) = suggest(&snapshot, &topics, |_| None::<TopicCodecs>).unwrap();
    let both: Vec<Field> = ["value.tenant", "value.order_id"].map(|field| field.parse().unwrap()).into();
    let profile = Profile::by_fields(&[both], &topics, &like);
    let mut correlator = Correlator::new(Settings { profile, codecs, keep_hubs: true, ..Settings::default() });
    correlator.take_snapshot(&snapshot, &topics, &Default::default(), &|| false);
    let threads = correlator.threads();
    assert_eq!((threads.len(), threads.loose()), (80, 1));
    let found = threads.find_all("globex+17");
    assert_eq!(found.len(), 1);
    assert_eq!(threads.label(found[0], &snapshot).unwrap(), "globex+17");
    assert_eq!(threads.events_of(found[0]).len(), 2);
}

#[test]
fn a_number_is_that_of_what_the_topic_is_about_wherever_the_topic_lies() {
    for [orders, payments] in [["shop.orders.v1", "shop.payments.v1"], ["prod-order-events", "prod-payment-events"]] {
        let mut events = Vec::new();
        for order in 1_000..1_060 {
            events.push(Made::new(orders, order * MINUTE).key(order).value(r#"{"amount":3}"#));
            let paid = format!(r#"{{"order_id":{order},"payment_id":{}}}"#, order + 50_000);
            events.push(Made::new(payments, order * MINUTE + 900).key(order + 50_000).value(paid));
        }
        let (profile, threads) = correlate(&log(&events));
        assert_a_thread_an_order(&profile, &threads, 60, 2);
    }
}

#[test]
fn the_type_of_an_address_is_not_the_events() {
    let mut events = Vec::new();
    for order in 0..60 {
        let kind = ["home", "work"][order as usize % 2];
        let named = |name: &str| {
            format!(r#"{{"address":{{"type":"{kind}"}},"type":"x","{name}":"OrderPlaced","order_id":"ORD-{order}"}}"#)
        };
        events.push(Made::new("orders", order * MINUTE).value(named("eventType")));
        events.push(Made::new("orders2", order * MINUTE + 300).value(named("messageType")));
        let paid = format!(r#"{{"order_id":"ORD-{order}","card":{{"type":"visa"}}}}"#);
        events.push(Made::new("payments", order * MINUTE + 900).value(paid));
        let shipped = format!(r#"{{"metadata":{{"type":"Shipped"}},"data":{{"order_id":"ORD-{order}"}}}}"#);
        events.push(Made::new("shipments", order * MINUTE + 1_900).value(shipped));
    }
    let (_, threads) = correlate(&log(&events));
    let steps: Vec<&str> = threads.steps_of(0).iter().map(|&step| &**threads.step_name(step)).collect();
    assert_eq!(steps, ["OrderPlaced", "OrderPlaced", "payments", "Shipped"]);
}

/// An envelope of plain JSON: what others call its cause and its correlation are its identity.
#[test]
fn an_envelope_in_the_value_has_an_identity() {
    let event = |topic: &str, at: i64, [own, story, cause]: [&str; 3]| {
        Made::new(topic, at).value(format!(
            r#"{{"eventId":"{own}","eventType":"{topic}","correlationId":"{story}","causationId":{cause},"data":{{"n":1}}}}"#
        ))
    };
    let mut events = Vec::new();
    for order in 0..100 {
        let (placed, paid) = (uuid(1, order), uuid(2, order));
        for _ in 0..if order == 10 { 2 } else { 1 } {
            events.push(event("orders", order * MINUTE, [&placed, &placed, "null"]));
        }
        events.push(event("payments", order * MINUTE + 900, [&paid, &placed, &format!("\"{placed}\"")]));
    }
    let (profile, threads) = correlate(&log(&events));
    assert_eq!(use_of(&profile, "orders", "value.eventId").role, Role::Identity);
    assert_eq!(use_of(&profile, "orders", "value.correlationId").role, Role::Correlation);
    assert_eq!(threads.len(), 100);
    let edge = ("orders/0".to_owned(), "payments/0".to_owned(), "causation");
    assert_eq!(super::stage::exact(&threads, 0), [edge]);
    let found = threads.diagnose(&Default::default(), &Default::default(), &|| false);
    assert!(found.findings.iter().all(|finding| finding.thread == Some(10)), "{:?}", found.findings);
    assert!(found.of(10).iter().any(|finding| finding.kind == super::super::diagnose::Kind::DuplicateDelivery));
}

/// A message that is sent, delivered and read is what several events are about.
#[test]
fn a_message_told_of_by_several_events_is_no_identity() {
    let mut events = Vec::new();
    for message in 0..60 {
        for (topic, after) in [("sent", 0), ("delivered", 40), ("opened", 900)] {
            let made = Made::new(topic, message * MINUTE + after);
            events.push(made.value(format!(r#"{{"message_id":{}}}"#, 5_000 + message)));
        }
    }
    let (profile, threads) = correlate(&log(&events));
    assert_eq!(use_of(&profile, "sent", "value.message_id").role, Role::Entity);
    assert_a_thread_an_order(&profile, &threads, 60, 3);
}
