//! Clocks that are wrong by a known amount, estimated.

use proptest::prelude::*;

use super::super::diagnose::{Diagnosis, Kind, Outcome};
use super::stage::{Made, correlate, log};

/// A story: services that each send an event caused by the one before, after so many milliseconds. The clock of `wrong`
/// shows so much more than it should.
fn stories(route: &[&'static str], latencies: &[i64], wrong: &str, ahead_ms: i64) -> Vec<Made> {
    let mut events = Vec::new();
    for (story, chunk) in latencies.chunks(route.len()).enumerate() {
        let mut at = 1_000_000 + story as i64 * 10_000;
        for (hop, (service, latency)) in route.iter().zip(chunk).enumerate() {
            at += latency;
            let stamp = if *service == wrong { at + ahead_ms } else { at };
            let made = Made::new(service, stamp)
                .header("ce_source", service)
                .header("ce_id", format!("{service}-{story}-{hop}"))
                .header("ce_type", format!("{service}-{hop}"));
            events.push(match hop {
                0 => made,
                hop => made.header("ce_causationid", format!("{}-{story}-{}", route[hop - 1], hop - 1)),
            });
        }
    }
    events
}

fn skews(events: &[Made]) -> Vec<Diagnosis> {
    let (_, threads) = correlate(&log(events));
    let found = threads.diagnose(&Default::default(), &Default::default(), &|| false);
    found.findings.into_iter().filter(|finding| finding.kind == Kind::ClockSkew).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_clock_that_is_wrong_is_found_and_by_how_much(
        latencies in prop::collection::vec(1_i64..200, 210..400),
        ahead_ms in prop_oneof![-5_000_i64..-300, 300_i64..5_000],
    ) {
        let route = ["shop", "store", "shop", "bank", "store", "bank", "shop"];
        let found = skews(&stories(&route, &latencies, "store", ahead_ms));
        prop_assert_eq!(found.len(), 1, "{:?}", found);
        let skew = found[0].skew.as_ref().unwrap();
        prop_assert_eq!(&*skew.participant, "store");
        let within = skew.within_ms.unwrap();
        prop_assert!((skew.ms - ahead_ms).abs() <= within, "{:?} for {}", skew, ahead_ms);
        prop_assert!(within <= 200);
        prop_assert_eq!(found[0].thread, None);
        prop_assert!(!found[0].evidence.is_empty());
    }

    #[test]
    fn clocks_that_are_right_are_not_called_wrong(latencies in prop::collection::vec(0_i64..200, 210..300)) {
        let route = ["shop", "store", "shop", "bank", "store"];
        prop_assert_eq!(skews(&stories(&route, &latencies, "store", 0)), []);
    }
}

#[test]
fn one_direction_alone_says_how_much_it_is_at_least() {
    let latencies: Vec<i64> = (0..300).map(|at| 20 + at % 90).collect();
    let found = skews(&stories(&["shop", "bank", "store"], &latencies, "store", -2_000));
    assert_eq!(found.len(), 1, "{found:?}");
    let skew = found[0].skew.as_ref().unwrap();
    assert_eq!((&*skew.participant, skew.within_ms), ("store", None));
    assert!((-2_000..-1_900).contains(&skew.ms), "{skew:?}");
    assert!(found[0].what.contains("at least"), "{}", found[0].what);
}

/// What comes after a service that is behind comes later still, which is no sign that its clock is right.
#[test]
fn which_of_two_clocks_is_wrong_is_left_open_where_nothing_says() {
    let latencies: Vec<i64> = (0..300).map(|at| 20 + at % 90).collect();
    let events = stories(&["shop", "bank", "store"], &latencies, "bank", -5_000);
    let found = skews(&events);
    assert_eq!(found.len(), 1, "{found:?}");
    let skew = found[0].skew.as_ref().unwrap();
    assert_eq!((&*skew.participant, skew.or.as_deref()), ("bank", Some("shop")));
    assert!(found[0].what.contains("nothing says"), "{}", found[0].what);
    // Once another one leads to the bank too, it is the bank's.
    let mut events = events;
    events.extend(stories(&["desk", "bank"], &latencies, "bank", -5_000));
    let found = skews(&events);
    assert_eq!(found.len(), 1, "{found:?}");
    let skew = found[0].skew.as_ref().unwrap();
    assert_eq!((&*skew.participant, skew.or.as_deref()), ("bank", None));
}

#[test]
fn a_wrong_clock_makes_no_thread_of_its_service_unusual() {
    let latencies: Vec<i64> = (0..300).map(|at| 20 + at % 90).collect();
    let (_, threads) = correlate(&log(&stories(&["shop", "bank", "store"], &latencies, "store", -2_000)));
    let found = threads.diagnose(&Default::default(), &Default::default(), &|| false);
    let told = found.findings.iter().filter(|finding| finding.kind == Kind::ClockContradiction);
    assert!(told.clone().count() > 90 && told.into_iter().all(|finding| finding.explained));
    assert!(found.outcomes.iter().all(|outcome| *outcome == Outcome::Usual), "{:?}", found.outcomes);
}
