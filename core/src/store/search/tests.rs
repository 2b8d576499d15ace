//! Searching equals a naive look at every event.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::event::EventRef;
use crate::store::random::RandomLog;
use crate::store::{EventId, Matches, Segment, Snapshot};

fn segments(snapshot: &Snapshot) -> Vec<Arc<Segment>> {
    snapshot.segments().cloned().collect()
}

fn holds(bytes: Option<&[u8]>, literal: &Literal) -> bool {
    let fold = |bytes: &[u8]| if literal.ignore_ascii_case { bytes.to_ascii_lowercase() } else { bytes.to_vec() };
    let wanted = fold(&literal.bytes);
    bytes.is_some_and(|bytes| fold(bytes).windows(wanted.len()).any(|window| window == wanted))
}

fn event_holds(event: EventRef<'_>, literal: &Literal) -> bool {
    let places = literal.places;
    literal.bytes.is_empty()
        || (places.key && holds(event.key(), literal))
        || (places.value && holds(event.value(), literal))
        || event.headers().any(|(name, value)| {
            (places.header_names && holds(Some(name.as_bytes()), literal))
                || (places.header_values && holds(value, literal))
        })
}

fn passes(event: EventRef<'_>, prefilter: &Prefilter) -> bool {
    match prefilter {
        Prefilter::Nothing => true,
        Prefilter::Holds(literal) => event_holds(event, literal),
        Prefilter::And(parts) => parts.iter().all(|part| passes(event, part)),
        Prefilter::Or(parts) => parts.iter().any(|part| passes(event, part)),
    }
}

fn naive(snapshot: &Snapshot, wanted: impl Fn(EventRef<'_>) -> bool) -> BTreeSet<EventId> {
    let mut found = BTreeSet::new();
    for segment in snapshot.segments() {
        for event in segment.events().unwrap().events().filter(|event| wanted(*event)) {
            found.insert(EventId { segment: segment.id(), row: event.row() as u32 });
        }
    }
    found
}

fn found(matches: &Matches) -> BTreeSet<EventId> {
    let rows = |(segment, chosen): (_, &Arc<crate::store::Chosen>)| {
        chosen.rows().iter().map(|&row| EventId { segment, row }).collect::<Vec<_>>()
    };
    matches.segments().flat_map(rows).collect()
}

fn literal() -> impl Strategy<Value = Literal> {
    let bytes = prop::collection::vec(prop::sample::select(&b"abAB\xc3"[..]), 0..4);
    (bytes, any::<bool>(), any::<[bool; 4]>()).prop_map(|(bytes, ignore_ascii_case, places)| {
        let [key, value, header_names, header_values] = places;
        Literal { bytes, ignore_ascii_case, places: Places { key, value, header_names, header_values } }
    })
}

fn prefilter() -> impl Strategy<Value = Prefilter> {
    let leaf = prop_oneof![1 => Just(Prefilter::Nothing), 6 => literal().prop_map(Prefilter::Holds)];
    leaf.prop_recursive(3, 10, 3, |part| {
        let parts = prop::collection::vec(part, 0..3);
        prop_oneof![parts.clone().prop_map(Prefilter::And), parts.prop_map(Prefilter::Or)]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_literal_is_found_where_a_plain_look_finds_it(log in RandomLog::any(400), literal in literal()) {
        let (snapshot, events) = log.snapshot();
        let search = search_literal(segments(&snapshot), literal.clone(), SearchOptions::default()).unwrap();
        let (matches, report) = search.finish();
        prop_assert_eq!(found(&matches), naive(&snapshot, |event| event_holds(event, &literal)));
        prop_assert!(report.is_complete());
        prop_assert_eq!((report.scanned, report.matched), (events.len() as u64, matches.count()));
    }

    #[test]
    fn a_judge_sees_all_rows_that_pass_and_no_other(log in RandomLog::any(400), prefilter in prefilter()) {
        let (snapshot, _) = log.snapshot();
        let every_third = |row: u32| row.is_multiple_of(3);
        let judge = move |_: &crate::event::EventBatch, rows: &[u32]| Verdict {
            rows: rows.iter().copied().filter(|&row| every_third(row)).collect(),
            ..Verdict::default()
        };
        let search = search_rows(segments(&snapshot), &prefilter, Arc::new(judge), SearchOptions::default()).unwrap();
        let (matches, _) = search.finish();
        let expected = naive(&snapshot, |event| passes(event, &prefilter) && every_third(event.row() as u32));
        prop_assert_eq!(found(&matches), expected);
    }
}

fn three_hundred_segments() -> Snapshot {
    let event = crate::store::random::RandomEvent {
        stamp: Some(1),
        gap: 1,
        key: None,
        value: Some(b"ab".to_vec()),
        headers: vec![],
    };
    RandomLog { partitions: vec![("topic".to_owned(), 0, vec![event; 300])], cuts: vec![1] }.snapshot().0
}

fn ab() -> Literal {
    Literal { bytes: b"ab".to_vec(), ignore_ascii_case: false, places: Places::ALL }
}

#[test]
fn a_search_that_nobody_takes_from_waits_and_can_be_cancelled() {
    let snapshot = three_hundred_segments();
    let search = search_literal(segments(&snapshot), ab(), SearchOptions::default()).unwrap();
    search.cancel();
    while !search.is_over() {
        while search.try_next().is_some() {}
        std::thread::yield_now();
    }
    let report = search.report();
    assert!(report.end == Some(SearchEnd::Cancelled) && report.scanned < 300 && !report.is_complete());
}

#[test]
fn a_search_ends_at_its_limit_and_says_so() {
    let snapshot = three_hundred_segments();
    let options = SearchOptions { limit: Some(5), threads: Some(1), ..SearchOptions::default() };
    let (matches, report) = search_literal(segments(&snapshot), ab(), options).unwrap().finish();
    assert_eq!((matches.count(), report.end), (5, Some(SearchEnd::LimitReached)));
    assert!(!report.is_complete());
}

#[test]
fn what_cannot_be_judged_is_counted_and_the_first_is_named() {
    let snapshot = three_hundred_segments();
    let judge = |_: &crate::event::EventBatch, rows: &[u32]| Verdict {
        rows: Vec::new(),
        failed: rows.len() as u64,
        first_failure: rows.first().map(|&row| (row, "it is no JSON".to_owned())),
    };
    let options = SearchOptions { threads: Some(1), direction: Direction::OldestFirst, limit: None };
    let search = search_rows(segments(&snapshot), &Prefilter::Nothing, Arc::new(judge), options).unwrap();
    let (_, report) = search.finish();
    assert_eq!(report.failed, 300);
    assert_eq!(report.first_failure.map(|first| first.event.to_string()), Some("topic 0:1".to_owned()));
    assert!(report.end == Some(SearchEnd::Finished));
}
