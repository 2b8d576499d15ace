//! By which fields a log's events belong together, found out.

use super::super::Role;
use super::stage::{Made, correlate, exact, log};

fn role(profile: &super::super::Profile, topic: &str, field: &str) -> Role {
    let field = field.parse().unwrap();
    profile.topic(topic).unwrap().fields.iter().find(|wanted| wanted.field == field).unwrap().role
}

/// The story's id is the first event's own; a second correlation is another for every event.
#[test]
fn a_storys_id_is_not_taken_for_a_parents_because_of_another_field() {
    let mut events = Vec::new();
    for story in 0..40 {
        for hop in 0..4 {
            events.push(
                Made::new("steps", story * 100 + hop)
                    .header("messageid", format!("m-{story:04}-{hop}"))
                    .header("correlationid", format!("m-{story:04}-0"))
                    .header("x-request-id", format!("r-{story:04}-{hop}")),
            );
        }
    }
    let (profile, threads) = correlate(&log(&events));
    assert_eq!(role(&profile, "steps", "headers.correlationid"), Role::Correlation);
    assert_eq!(threads.len(), 40);
    // Three name the first, so it is the story they name.
    assert_eq!(exact(&threads, 0), []);
}

#[test]
fn in_a_chain_of_two_a_correlation_is_the_cause_where_nobody_else_says_it() {
    let mut events = Vec::new();
    for story in 0..40 {
        let name = |what: &str| format!("{what}-{story:04}");
        events.push(Made::new("commands", story * 100).header("messageid", name("command")));
        let caused = |topic: &str, at: i64| {
            let own = format!("{topic}-{story:04}");
            Made::new(topic, story * 100 + at).header("messageid", own).header("correlationid", name("command"))
        };
        events.push(caused("events", 5));
        if story == 1 {
            events.push(caused("mails", 7));
        }
    }
    let (_, threads) = correlate(&log(&events));
    assert_eq!(threads.len(), 40);
    let edge = ("commands/0".to_owned(), "events/0".to_owned(), "causation");
    assert_eq!(exact(&threads, 0), [edge]);
    assert_eq!(exact(&threads, 1), []);
}

/// Neither event of a customer has the other near it, however near is meant.
#[test]
fn stories_longer_than_any_stretch_are_tied() {
    const CUSTOMERS: i64 = 150_000;
    let mut events = Vec::with_capacity(2 * CUSTOMERS as usize);
    for (topic, from) in [("signed_up", 0), ("left", CUSTOMERS)] {
        for customer in 0..CUSTOMERS {
            let shop = customer % 7;
            events.push(Made::new(topic, from + customer).value(format!(
                r#"{{"customer_id":"customer-{customer}","shop_id":"shop-{shop}","visit_id":"{topic}-{customer}"}}"#
            )));
        }
    }
    let (profile, threads) = correlate(&log(&events));
    let ties = |topic: &str, field: &str| {
        let field = field.parse().unwrap();
        profile.topic(topic).unwrap().fields.iter().any(|wanted| wanted.field == field && wanted.ties)
    };
    for topic in ["signed_up", "left"] {
        assert!(ties(topic, "value.customer_id"), "{profile:#?}");
        assert!(!ties(topic, "value.shop_id"), "{profile:#?}");
    }
    assert_eq!(threads.len() as i64, CUSTOMERS);
}
