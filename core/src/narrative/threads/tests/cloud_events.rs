//! CloudEvents: both modes in one topic, and ids that are ids only together with their source.

use super::stage::{Made, correlate, exact, log, steps, told};

/// <https://github.com/cloudevents/spec>, Kafka binding 3: the content type says structured, `ce_` headers say binary.
#[test]
fn the_mode_is_told_event_by_event() {
    let binary = |at: i64, id: &str| {
        Made::new("orders", at)
            .header("ce_specversion", "1.0")
            .header("ce_id", id)
            .header("ce_type", "OrderPlaced")
            .header("ce_source", "/orders")
            .header("ce_correlationid", "order-7")
            .header("content-type", "application/json")
            // Data may look like attributes: it is none.
            .value(r#"{"specversion":"9","id":"s-0001","type":"gold","source":"shop","subject":"order-8"}"#)
    };
    let structured = |at: i64, id: &str, order: &str, cause: &str| {
        Made::new("orders", at).header("content-type", "Application/CloudEvents+json; charset=UTF-8").value(format!(
            r#"{{"specversion":"1.0","id":"{id}","type":"OrderPacked","source":"/store","subject":"{order}","correlationid":"{order}","causationid":"{cause}","data":{{}}}}"#
        ))
    };
    let snapshot = log(&[
        binary(10, "e-0001"),
        structured(20, "s-0001", "order-7", "e-0001"),
        structured(30, "s-0002", "order-8", "s-0001"),
        binary(40, "e-0002"),
    ]);
    let (_, threads) = correlate(&snapshot);
    // The second story names the first's event as its cause, so all are one; but no event took its data for its id.
    assert_eq!(threads.len(), 1);
    assert_eq!(steps(&threads, 0), ["OrderPlaced", "OrderPacked", "OrderPacked", "OrderPlaced"]);
    assert_eq!(
        exact(&threads, 0),
        [
            ("orders/0".to_owned(), "orders/1".to_owned(), "causation"),
            ("orders/1".to_owned(), "orders/2".to_owned(), "causation"),
        ]
    );
    let who: Vec<&str> = threads.summary(0).participants.iter().map(|&who| &**threads.participant_name(who)).collect();
    assert_eq!(who, ["/orders", "/store"]);
}

fn event(topic: &str, at: i64, source: &str, id: &str) -> Made {
    Made::new(topic, at)
        .header("ce_specversion", "1.0")
        .header("ce_type", "Done")
        .header("ce_source", source)
        .header("ce_id", id)
}

#[test]
fn an_id_is_one_only_together_with_its_source() {
    let snapshot = log(&[
        event("orders", 10, "/orders", "1"),
        event("payments", 20, "/payments", "1"),
        event("payments", 30, "/payments", "1"),
        event("orders", 40, "/orders", "2"),
        // Nothing else has the id 2: the bare id is enough.
        event("payments", 50, "/payments", "3").header("ce_causationid", "2"),
        // This may be either: it is tied to neither.
        event("payments", 60, "/payments", "4").header("ce_causationid", "1"),
    ]);
    let (_, threads) = correlate(&snapshot);
    let threads_told = told(&threads);
    assert_eq!(
        threads_told,
        [vec!["orders/0"], vec!["payments/0", "payments/1"], vec!["orders/1", "payments/2"], vec!["payments/3"]]
    );
    assert_eq!(exact(&threads, 2), [("orders/1".to_owned(), "payments/2".to_owned(), "causation")]);
    // Both are found by what they share.
    assert_eq!(threads.find_all("1"), [0, 1]);
    assert_eq!(threads.find_all("2"), [2]);
    for (thread, events) in threads_told.iter().enumerate() {
        for event in events {
            let at = format!("{}/0/{}", event.split('/').next().unwrap(), event.split('/').nth(1).unwrap());
            assert_eq!(threads.thread_at(&at.parse().unwrap()), Some(thread as u32), "{at}");
        }
    }
}

#[test]
fn within_one_story_an_ambiguous_cause_is_not_guessed() {
    let story = |event: Made| event.header("ce_correlationid", "story-0001");
    let snapshot = log(&[
        story(event("orders", 10, "/orders", "1")),
        story(event("payments", 20, "/payments", "1")),
        story(event("orders", 30, "/orders", "2").header("ce_causationid", "1")),
        story(event("orders", 40, "/orders", "3").header("ce_causationid", "2")),
    ]);
    let (_, threads) = correlate(&snapshot);
    assert_eq!(threads.len(), 1);
    assert_eq!(exact(&threads, 0), [("orders/1".to_owned(), "orders/2".to_owned(), "causation")]);
}

#[test]
fn a_plain_id_of_two_services_is_no_tie_and_a_uuid_is() {
    let uuid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    let plain = |topic: &str, at: i64, id: &str| Made::new(topic, at).header("id", id);
    let snapshot = log(&[plain("a", 10, "17"), plain("b", 20, "17"), plain("a", 30, uuid), plain("b", 40, uuid)]);
    let (_, threads) = correlate(&snapshot);
    assert_eq!(told(&threads), [vec!["a/0"], vec!["b/0"], vec!["a/1", "b/1"]]);
}
