//! The story equals a naive sort, however the log is cut into segments.

use std::ops::ControlFlow;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::store::random::{Naive, RandomLog};
use crate::store::{Chosen, Found, Matches, Snapshot, UNTIMED};

fn row_of(event: &Naive) -> Row {
    Row { id: event.id, time_ns: (event.key != UNTIMED).then_some(event.key), runs_backwards: event.runs_backwards }
}

fn rows_of(events: &[Naive]) -> Vec<Row> {
    events.iter().map(row_of).collect()
}

fn told(log: &RandomLog) -> (Snapshot, Vec<Naive>) {
    let (snapshot, mut events) = log.snapshot();
    events.sort();
    (snapshot, events)
}

fn every_nth(snapshot: &Snapshot, n: u32) -> Matches {
    let mut matches = Matches::new();
    for segment in snapshot.segments() {
        let rows = (0..segment.len() as u32).filter(|row| row % n == 0).collect();
        let chosen = Arc::new(Chosen::new(&segment.events().unwrap(), rows));
        matches.insert(Found { segment: segment.clone(), chosen });
    }
    matches
}

/// The narrative tells exactly these events, from wherever it is read.
fn tells(narrative: &Narrative, events: &[Naive], at: &[prop::sample::Index]) -> Result<(), TestCaseError> {
    prop_assert_eq!(narrative.len(), events.len() as u64);
    prop_assert_eq!(narrative.rows(0, usize::MAX).unwrap(), rows_of(events));
    prop_assert_eq!(narrative.rows(narrative.len(), 10).unwrap(), vec![]);
    for index in at.iter().filter(|_| !events.is_empty()) {
        let rank = index.index(events.len());
        let event = &events[rank];
        let end = (rank + 37).min(events.len());
        prop_assert_eq!(narrative.rows(rank as u64, 37).unwrap(), rows_of(&events[rank..end]));
        prop_assert_eq!(narrative.rank_of(event.id).unwrap(), Some(rank as u64));
    }
    Ok(())
}

fn places() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_story_is_a_sort_by_time_topic_partition_offset(log in RandomLog::any(1500), at in places()) {
        let (snapshot, events) = told(&log);
        let narrative = Narrative::of_all(&snapshot, None);
        tells(&narrative, &events, &at)?;
        let timed = || events.iter().map(|event| event.key).filter(|&key| key != UNTIMED);
        prop_assert_eq!(narrative.span_ns(), timed().min().zip(timed().max()));
    }

    #[test]
    fn a_time_stands_before_its_first_event(
        log in RandomLog::any(800),
        at in places(),
        by in -2_000_000i64..2_000_000,
    ) {
        let (snapshot, events) = told(&log);
        let narrative = Narrative::of_all(&snapshot, None);
        let near = at.iter().filter(|_| !events.is_empty()).map(|index| index.get(&events).key.saturating_add(by));
        for time in near.chain([i64::MIN, i64::MAX, 0, 3_000_000]) {
            let rank = events.partition_point(|event| event.key == UNTIMED || event.key < time);
            prop_assert_eq!(narrative.rank_of_time(time).unwrap(), rank as u64);
        }
    }

    #[test]
    fn some_topics_are_told_alone(log in RandomLog::any(300), at in places()) {
        let (snapshot, mut events) = told(&log);
        events.retain(|event| &*event.at.topic == "topic-1");
        let narrative = Narrative::new(&snapshot, &["topic-1".into(), "nowhere".into(), "topic-1".into()], None);
        tells(&narrative, &events, &at)?;
    }

    #[test]
    fn matches_are_told_alone(log in RandomLog::any(900), n in 1u32..6, at in places()) {
        let (snapshot, mut events) = told(&log);
        let narrative = Narrative::of_all(&snapshot, Some(&every_nth(&snapshot, n)));
        let left_out = events.iter().find(|event| event.id.row % n != 0).map(|event| event.id);
        if let Some(left_out) = left_out {
            prop_assert_eq!(narrative.rank_of(left_out).unwrap(), None);
        }
        events.retain(|event| event.id.row % n == 0);
        tells(&narrative, &events, &at)?;
    }

    #[test]
    fn a_stretch_of_time_is_told_alone(log in RandomLog::any(600), n in 1u32..3, at in places()) {
        let (snapshot, mut events) = told(&log);
        let matches = (n > 1).then(|| every_nth(&snapshot, n));
        let (from, to) = (3_000_000, 1_700_000_900_000_000_000);
        events.retain(|event| (from..to).contains(&event.key) && event.id.row % n == 0);
        let narrative = Narrative::of_all(&snapshot, matches.as_ref()).between(from, to).unwrap();
        tells(&narrative, &events, &at)?;
        prop_assert_eq!(narrative.span_ns(), events.first().zip(events.last()).map(|(a, b)| (a.key, b.key)));
        prop_assert_eq!(narrative.rank_of_time(i64::MIN).unwrap(), 0);
        prop_assert_eq!(narrative.rank_of_time(i64::MAX).unwrap(), events.len() as u64);
        events.sort_by(|one, other| one.at.cmp(&other.at));
        let narrative = Narrative::of_all(&snapshot, matches.as_ref()).in_log_order().between(from, to).unwrap();
        tells(&narrative, &events, &at)?;
    }

    #[test]
    fn log_order_is_each_partition_in_its_own(log in RandomLog::any(600), n in 1u32..3, at in places()) {
        let (snapshot, mut events) = told(&log);
        let matches = (n > 1).then(|| every_nth(&snapshot, n));
        events.retain(|event| event.id.row % n == 0);
        events.sort_by(|one, other| one.at.cmp(&other.at));
        let narrative = Narrative::of_all(&snapshot, matches.as_ref()).in_log_order();
        tells(&narrative, &events, &at)?;
        let time = 5_000_000;
        let first = events.iter().position(|event| event.key != UNTIMED && event.key >= time);
        prop_assert_eq!(narrative.rank_of_time(time).unwrap(), first.unwrap_or(events.len()) as u64);
    }

    #[test]
    fn a_cursor_tells_the_same_in_steps_of_any_size(log in RandomLog::any(600), from: prop::sample::Index, step in 1u64..90) {
        let (snapshot, events) = told(&log);
        let from = from.index(events.len() + 1);
        let mut cursor = Narrative::of_all(&snapshot, None).cursor(from as u64).unwrap();
        let mut rows = Vec::new();
        while cursor.left() > 0 {
            cursor.read(step, |row, event| {
                assert_eq!(event.row(), row.id.row as usize);
                rows.push(row);
                if rows.len() % 7 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }).unwrap();
        }
        prop_assert_eq!(rows, rows_of(&events[from..]));
    }
}

#[test]
fn a_million_events_of_one_moment_are_told_in_order() {
    let event = crate::store::random::RandomEvent { stamp: Some(7), gap: 1, key: None, value: None, headers: vec![] };
    let partition = |number| (format!("topic-{}", number / 2), number % 2, vec![event.clone(); 250_000]);
    let log = RandomLog { partitions: (0..4).map(partition).collect(), cuts: vec![70_000, 9] };
    let (snapshot, events) = told(&log);
    let narrative = Narrative::of_all(&snapshot, None);
    for rank in [0, 1, 69_999, 70_000, 250_000, 499_999, 999_999] {
        assert_eq!(narrative.row(rank).unwrap(), Some(row_of(&events[rank as usize])));
        assert_eq!(narrative.rank_of(events[rank as usize].id).unwrap(), Some(rank));
    }
}
