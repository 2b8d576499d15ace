//! Events as the specifications write them, and the threads and edges that they say.

use super::stage::{batches, correlate, exact, snapshot, told};
use crate::narrative::threads::{Role, diagnose::Kind};

fn owned(edges: &[(&str, &str, &'static str)]) -> Vec<(String, String, &'static str)> {
    edges.iter().map(|(from, to, kind)| ((*from).to_owned(), (*to).to_owned(), *kind)).collect()
}

fn strings(threads: &[&[&str]]) -> Vec<Vec<String>> {
    threads.iter().map(|thread| thread.iter().map(|event| (*event).to_owned()).collect()).collect()
}

/// <https://www.w3.org/TR/trace-context/>: version, trace, span, flags; OpenTelemetry propagates it in a header.
#[test]
fn one_trace_is_one_thread_whatever_the_spans() {
    let a = [
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".as_slice(),
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01",
    ];
    let b = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".as_slice();
    let snapshot = snapshot(&batches(&[
        ("orders", 10, None, &[("traceparent", a[0])], Some("{}")),
        ("orders", 11, None, &[("traceparent", b)], Some("{}")),
        ("payments", 20, None, &[("traceparent", a[1]), ("tracestate", b"rojo=00f067aa0ba902b7")], Some("{}")),
    ]));
    let (_, threads) = correlate(&snapshot);
    assert_eq!(told(&threads), strings(&[&["orders/0", "payments/0"], &["orders/1"]]));
    assert_eq!(threads.find("4bf92f3577b34da6a3ce929d0e0e4736"), Some(0));
    assert_eq!(threads.find("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), Some(1));
    assert_eq!(exact(&threads, 0), []);
}

/// Numbers are about something: an order and an invoice of the same number are two threads, and both are found.
#[test]
fn a_number_of_two_things_leads_to_both_threads() {
    let mut events: Vec<super::stage::Written<'_>> = Vec::new();
    let values: Vec<[String; 2]> =
        (0..40).map(|n| [format!(r#"{{"order_id":{n}}}"#), format!(r#"{{"invoice_id":{n}}}"#)]).collect();
    for (nth, [order, invoice]) in values.iter().enumerate() {
        for (after, (topic, value)) in
            [("orders", order), ("shipments", order), ("invoices", invoice), ("payments", invoice)]
                .into_iter()
                .enumerate()
        {
            events.push((topic, nth as i64 * 100 + after as i64, None, &[], Some(value.as_str())));
        }
    }
    let snapshot = snapshot(&batches(&events));
    let (_, threads) = correlate(&snapshot);
    let found = threads.find_all("17");
    assert_eq!(found.len(), 2, "{found:?} of {}", threads.len());
    assert_eq!(threads.find("17"), found.first().copied());
    assert_eq!(threads.find_all("no such number"), Vec::<u32>::new());
}

/// CloudEvents' Kafka binding: attributes in `ce_` headers, or the whole event in the value.
#[test]
fn cloud_events_in_both_modes_name_their_causes() {
    let binary: &[(&str, &[u8])] = &[
        ("ce_specversion", b"1.0"),
        ("ce_id", b"e-0001"),
        ("ce_type", b"OrderPlaced"),
        ("ce_source", b"/orders"),
        ("ce_correlationid", b"order-7"),
    ];
    let structured = r#"{"specversion":"1.0","id":"s-0001","type":"ShipmentBooked","source":"/shipping","subject":"order-7","correlationid":"order-7","causationid":"e-0001","data":{"carrier":"dhl"}}"#;
    let second = r#"{"specversion":"1.0","id":"s-0002","type":"ShipmentSent","source":"/shipping","subject":"order-7","correlationid":"order-7","causationid":"s-0001","data":{}}"#;
    let content: &[(&str, &[u8])] = &[("content-type", b"application/cloudevents+json; charset=UTF-8")];
    let snapshot = snapshot(&batches(&[
        ("orders", 10, None, binary, Some(r#"{"total":1}"#)),
        ("shipments", 20, None, content, Some(structured)),
        ("shipments", 30, None, content, Some(second)),
    ]));
    let (_, threads) = correlate(&snapshot);
    assert_eq!(told(&threads), strings(&[&["orders/0", "shipments/0", "shipments/1"]]));
    assert_eq!(
        exact(&threads, 0),
        owned(&[("orders/0", "shipments/0", "causation"), ("shipments/0", "shipments/1", "causation")])
    );
    let names: Vec<&str> = threads.steps_of(0).iter().map(|&step| &**threads.step_name(step)).collect();
    assert_eq!(names, ["OrderPlaced", "ShipmentBooked", "ShipmentSent"]);
    let who: Vec<&str> = threads.summary(0).participants.iter().map(|&who| &**threads.participant_name(who)).collect();
    assert_eq!(who, ["/orders", "/shipping"]);
    assert_eq!(threads.label(0, &snapshot).unwrap(), "order-7");
}

/// Spring for Apache Kafka's `DeadLetterPublishingRecoverer`: numbers as big-endian bytes; and Kafka Connect's: as text.
#[test]
fn a_dead_letter_is_tied_to_what_it_was() {
    let (partition, offset) = (0_i32.to_be_bytes(), 1_i64.to_be_bytes());
    let spring: &[(&str, &[u8])] = &[
        ("kafka_dlt-original-topic", b"payments"),
        ("kafka_dlt-original-partition", &partition),
        ("kafka_dlt-original-offset", &offset),
        ("kafka_dlt-exception-message", b"timeout"),
    ];
    let connect: &[(&str, &[u8])] = &[
        ("__connect.errors.topic", b"clicks"),
        ("__connect.errors.partition", b"0"),
        ("__connect.errors.offset", b"0"),
    ];
    let snapshot = snapshot(&batches(&[
        ("payments", 10, None, &[], Some("{}")),
        ("payments", 11, None, &[], Some("{}")),
        ("payments.DLT", 50, None, spring, Some("{}")),
        ("clicks", 12, None, &[], Some("x")),
        ("clicks-dlq", 60, None, connect, Some("x")),
    ]));
    let (_, threads) = correlate(&snapshot);
    assert_eq!(told(&threads), strings(&[&["payments/1", "payments.DLT/0"], &["clicks/0", "clicks-dlq/0"]]));
    assert_eq!(threads.loose(), 1);
    assert_eq!(exact(&threads, 0), owned(&[("payments/1", "payments.DLT/0", "dead_letter")]));
    let diagnosed = threads.diagnose(&Default::default(), &Default::default(), &|| false);
    assert_eq!(diagnosed.of(1)[0].kind, Kind::DeadLettered);
    assert_eq!(diagnosed.of(1)[0].evidence.len(), 2);
}

/// Debezium's envelope, with its schema beside it, with transaction metadata.
#[test]
fn changes_of_one_transaction_are_one_thread() {
    let change = |op: &str, table: &str, row: &str, transaction: &str, order: u32| {
        format!(
            r#"{{"schema":{{"type":"struct"}},"payload":{{"before":null,"after":{row},"source":{{"db":"shop","table":"{table}","txId":9}},"op":"{op}","ts_ms":1,"transaction":{{"id":"{transaction}","total_order":{order},"data_collection_order":1}}}}}}"#
        )
    };
    let events = [
        change("c", "orders", r#"{"id":7}"#, "571:53195829", 1),
        change("u", "stock", r#"{"id":900001}"#, "571:53195829", 2),
        change("c", "orders", r#"{"id":8}"#, "572:53195999", 1),
    ];
    let snapshot = snapshot(&batches(&[
        ("shop.orders", 10, None, &[], Some(&events[0])),
        ("shop.stock", 10, None, &[], Some(&events[1])),
        ("shop.orders", 20, None, &[], Some(&events[2])),
    ]));
    let (_, threads) = correlate(&snapshot);
    assert_eq!(told(&threads), strings(&[&["shop.orders/0", "shop.stock/0"], &["shop.orders/1"]]));
    let names: Vec<&str> = threads.steps_of(0).iter().map(|&step| &**threads.step_name(step)).collect();
    assert_eq!(names, ["orders created", "stock updated"]);
}

/// Axon: `correlationId` is the identity of the message before, `traceId` that of the first.
#[test]
fn a_correlation_id_that_names_the_parent_is_told_from_one_that_names_the_story() {
    let message = |id: usize| format!("m-{id:08}");
    let ids: Vec<String> = (0..40).map(message).collect();
    let mut headers: Vec<Vec<(&str, &[u8])>> = Vec::new();
    for at in 0..40 {
        let mut own: Vec<(&str, &[u8])> = vec![("axon-message-id", ids[at].as_bytes())];
        if at % 4 > 0 {
            own.push(("axon-metadata-correlationid", ids[at - 1].as_bytes()));
            own.push(("axon-metadata-traceid", ids[at - at % 4].as_bytes()));
        }
        own.push(("axon-message-type", b"Step"));
        headers.push(own);
    }
    let events: Vec<_> = headers
        .iter()
        .enumerate()
        .map(|(at, headers)| (["commands", "events"][at % 2], at as i64, None, headers.as_slice(), Some("{}")))
        .collect();
    let snapshot = snapshot(&batches(&events));
    let (profile, threads) = correlate(&snapshot);
    let field = "headers['axon-metadata-correlationid']".parse().unwrap();
    for topic in &profile.topics {
        let wanted = topic.fields.iter().find(|wanted| wanted.field == field).unwrap();
        assert_eq!(wanted.role, Role::Causation, "{}", topic.topic);
    }
    assert_eq!(threads.len(), 10);
    assert_eq!(
        exact(&threads, 0),
        owned(&[
            ("commands/0", "events/0", "causation"),
            ("events/0", "commands/1", "causation"),
            ("commands/1", "events/1", "causation"),
        ])
    );
}

/// Spring's request and reply: a correlation id of sixteen raw bytes, and a topic to reply to.
#[test]
fn a_reply_is_tied_to_its_request() {
    let one = [0xF3_u8, 0x50, 4, 0xE0, 0x4F, 0x89, 0x11, 0xD3, 0x9A, 0x0C, 3, 5, 0xE8, 0x2C, 0x33, 1];
    let mut two = one;
    two[15] = 2;
    let snapshot = snapshot(&batches(&[
        ("asked", 10, None, &[("kafka_replyTopic", b"answered"), ("kafka_correlationId", &one)], Some("{}")),
        ("asked", 12, None, &[("kafka_replyTopic", b"answered"), ("kafka_correlationId", &two)], Some("{}")),
        ("answered", 45, None, &[("kafka_correlationId", &two)], Some("{}")),
        ("answered", 50, None, &[("kafka_correlationId", &one)], Some("{}")),
    ]));
    let (_, threads) = correlate(&snapshot);
    assert_eq!(told(&threads), strings(&[&["asked/0", "answered/1"], &["asked/1", "answered/0"]]));
    assert_eq!(exact(&threads, 0), owned(&[("asked/0", "answered/1", "reply")]));
    assert_eq!(threads.edges(0)[0].latency_ms, Some(40));
}

/// Nothing but keys and ids in payloads; a customer has many orders, and numbers of two kinds are not mixed up.
#[test]
fn without_any_header_the_finest_id_that_recurs_ties() {
    let mut values: Vec<(String, String, String)> = Vec::new();
    for order in 0..60 {
        let customer = order % 9 + 1;
        values.push((
            format!("{order}"),
            format!(r#"{{"order_id":{order},"customer_id":{customer}}}"#),
            format!(r#"{{"orderId":{order},"status":"PAID"}}"#),
        ));
    }
    let mut events = Vec::new();
    for (at, (key, placed, paid)) in values.iter().enumerate() {
        let at = at as i64 * 100;
        events.push(("orders", at, Some(key.as_str()), &[][..], Some(placed.as_str())));
        events.push(("payments", at + 20, None, &[][..], Some(paid.as_str())));
    }
    let snapshot = snapshot(&batches(&events));
    let (profile, threads) = correlate(&snapshot);
    let ties = |topic: &str, field: &str| {
        let field = field.parse().unwrap();
        profile.topic(topic).unwrap().fields.iter().any(|wanted| wanted.field == field && wanted.ties)
    };
    assert!(ties("payments", "value.orderId"), "{profile:#?}");
    assert!(!ties("orders", "value.customer_id"), "{profile:#?}");
    assert_eq!(threads.len(), 60);
    assert!((0..60).all(|thread| threads.events_of(thread).len() == 2));
    assert!(threads.find("17").is_some());
}
