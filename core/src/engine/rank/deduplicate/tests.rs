use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::codec::{Cell, Fault};
use crate::engine::rows::Sign;
use crate::engine::trial::{Outcome, Row, Trial, column, int, minus, plus, text};

fn run(keep: Keep, within_ms: Option<i64>, given: &[Row], cuts: &[usize]) -> Outcome {
    let make = || deduplicate(DeduplicateSpec { by: vec![column(0)], within_ms, keep, columns: 2 });
    Trial { make: &make, inputs: vec![(2, false)] }.run_cut(given, cuts)
}

fn row(seq: u64, time_ms: i64, key: &str) -> Row {
    plus(0, seq, time_ms, vec![text(key), int(seq as i64)])
}

fn first(within_ms: Option<i64>, given: &[Row]) -> Vec<u64> {
    run(Keep::First, within_ms, given, &[2]).rows.iter().map(|row| row.seq).collect()
}

#[test]
fn a_key_is_remembered_until_the_stream_is_further_than_was_said() {
    assert_eq!(first(Some(10), &[row(0, 5, "a"), row(1, 15, "a")]), [0], "T = 15 is not beyond 5 + 10");
    assert_eq!(first(Some(10), &[row(0, 5, "a"), row(1, 16, "a")]), [0, 1]);
    assert_eq!(
        first(Some(10), &[row(0, 5, "a"), row(1, 16, "b"), row(2, 6, "a")]),
        [0, 1, 2],
        "T counts, not its own time"
    );
    assert_eq!(first(None, &[row(0, 5, "a"), row(1, 1_000_000, "a")]), [0]);
}

#[test]
fn a_repeated_row_does_not_prolong_it() {
    assert_eq!(first(Some(10), &[row(0, 0, "a"), row(1, 9, "a"), row(2, 11, "a")]), [0, 2]);
}

#[test]
fn what_is_older_than_is_remembered_is_given_and_not_remembered() {
    assert_eq!(first(Some(10), &[row(0, 100, "z"), row(1, 89, "a"), row(2, 89, "a"), row(3, 90, "a")]), [0, 1, 2, 3]);
    assert_eq!(first(Some(10), &[row(0, 100, "z"), row(1, 90, "a"), row(2, 89, "a")]), [0, 1], "unless its key is");
}

#[test]
fn a_key_behind_one_that_is_ahead_is_forgotten_in_time() {
    // The second row stands behind the first, which is remembered for longer.
    let given = [row(0, 50, "z"), row(1, 45, "a"), row(2, 56, "a"), row(3, 60, "a"), row(4, 66, "a"), row(5, 67, "a")];
    assert_eq!(first(Some(10), &given), [0, 1, 2, 5]);
}

#[test]
fn a_row_without_key_is_dropped() {
    let failed = plus(0, 1, 0, vec![Cell::Failed(Fault::Overflow), int(1)]);
    for keep in [Keep::First, Keep::Last] {
        let outcome = run(keep, None, &[plus(0, 0, 0, vec![Cell::Null, int(0)]), failed.clone()], &[]);
        assert_eq!(outcome.rows, []);
        assert_eq!(outcome.metrics.dropped, [(Dropped::NullKey, 1), (Dropped::FailedKey, 1)].into());
        assert_eq!(outcome.aside.len(), 1);
    }
}

#[test]
fn the_latest_row_holds_and_of_one_time_the_last_that_came() {
    let given = [row(0, 10, "a"), row(1, 5, "a"), row(2, 10, "a"), row(3, 20, "b")];
    let outcome = run(Keep::Last, None, &given, &[1]);
    assert_eq!(
        outcome.rows,
        [given[0].clone(), minus(0, 2, 10, given[0].cells.clone()), given[2].clone(), given[3].clone()]
    );
}

#[test]
fn a_row_leaves_the_table_when_it_is_remembered_no_more() {
    let given = [row(0, 10, "a"), row(1, 5, "b"), row(2, 12, "c"), row(3, 10, "d"), row(4, 15, "a"), row(5, 23, "e")];
    let outcome = run(Keep::Last, Some(10), &given, &[3]);
    let left: Vec<_> = outcome.rows.iter().filter(|row| row.sign == Sign::Minus).collect();
    let left: Vec<_> = left.into_iter().map(|row| (row.seq, row.time_ms, row.cells[1].clone())).collect();
    // b at T = 16 by the rule, which row 5 passes; then d and c; a was renewed at 15.
    assert_eq!(left, [(4, 15, int(0)), (5, 16, int(1)), (5, 21, int(3)), (5, 23, int(2))]);
}

#[test]
fn a_row_that_would_leave_at_once_is_late() {
    let outcome =
        run(Keep::Last, Some(10), &[row(0, 100, "a"), row(1, 89, "b"), row(2, 50, "a"), row(3, 90, "c")], &[]);
    assert_eq!(outcome.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [0, 3]);
    assert_eq!(outcome.metrics.late(), 1, "but not the one whose key has a newer row");
}

#[test]
fn ever_new_keys_take_no_more_than_is_remembered() {
    for keep in [Keep::First, Keep::Last] {
        let make = || deduplicate(DeduplicateSpec { by: vec![column(0)], within_ms: Some(1_000), keep, columns: 2 });
        let trial = Trial { make: &make, inputs: vec![(2, false)] };
        let mut operator = make();
        let mut most = 0;
        for step in 0..100_u64 {
            let rows: Vec<Row> =
                (step * 1_000..(step + 1) * 1_000).map(|seq| row(seq, seq as i64, &format!("{seq}"))).collect();
            trial.step(operator.as_mut(), &rows);
            most = most.max(operator.metrics().state_bytes);
        }
        assert!(most < 200_000, "{keep:?}: {most} bytes for a thousand keys");
    }
}

fn rows(steps: Vec<(i64, i64)>, pace: i64) -> Vec<Row> {
    let row = |(index, (key, ahead)): (usize, (i64, i64))| {
        let key = if key == 9 { Cell::Null } else { int(key) };
        plus(0, index as u64, index as i64 * pace / 2 + ahead, vec![key, int(index as i64 / 3)])
    };
    steps.into_iter().enumerate().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_first_of_each_key_is_what_a_scan_finds(
        steps in prop::collection::vec((0..10_i64, 0..30_i64), 0..120),
        pace in 0..4_i64,
        within_ms in prop_oneof![Just(None), (0..25_i64).prop_map(Some)],
        cuts in prop::collection::vec(0..120_usize, 0..4),
    ) {
        let given = rows(steps, pace);
        let outcome = run(Keep::First, within_ms, &given, &cuts);
        let mut remembered: Vec<(Cell<'static>, i64)> = Vec::new();
        let (mut now, mut expected) = (i64::MIN, Vec::new());
        for row in &given {
            now = now.max(row.time_ms);
            if row.cells[0].is_null() {
                continue;
            }
            remembered.retain(|(_, time_ms)| within_ms.is_none_or(|within| now <= time_ms + within));
            if !remembered.iter().any(|(key, _)| *key == row.cells[0]) {
                remembered.push((row.cells[0].clone(), row.time_ms));
                expected.push(row.clone());
            }
        }
        prop_assert_eq!(outcome.rows, expected);
    }

    #[test]
    fn the_table_of_the_latest_is_what_a_scan_finds(
        steps in prop::collection::vec((0..10_i64, 0..30_i64), 0..120),
        pace in 0..4_i64,
        within_ms in prop_oneof![Just(None), (0..25_i64).prop_map(Some)],
        cuts in prop::collection::vec(0..120_usize, 0..4),
    ) {
        let given = rows(steps, pace);
        let outcome = run(Keep::Last, within_ms, &given, &cuts);
        let mut told = outcome.rows.iter().peekable();
        let mut table: BTreeMap<String, Vec<Cell<'static>>> = BTreeMap::new();
        let mut seen: Vec<&Row> = Vec::new();
        let mut now = i64::MIN;
        for row in &given {
            now = now.max(row.time_ms);
            if !row.cells[0].is_null() {
                seen.push(row);
            }
            while let Some(change) = told.next_if(|change| change.seq == row.seq) {
                let key = change.cells[0].to_string();
                match change.sign {
                    Sign::Minus => prop_assert_eq!(table.remove(&key), Some(change.cells.clone())),
                    Sign::Plus => prop_assert_eq!(table.insert(key, change.cells.clone()), None),
                }
            }
            let mut latest: BTreeMap<String, &Row> = BTreeMap::new();
            for row in seen.iter().filter(|row| within_ms.is_none_or(|within| now <= row.time_ms + within)) {
                let held = latest.entry(row.cells[0].to_string()).or_insert(row);
                if row.time_ms >= held.time_ms {
                    *held = row;
                }
            }
            let latest: BTreeMap<_, _> = latest.into_iter().map(|(key, row)| (key, row.cells.clone())).collect();
            prop_assert_eq!(&table, &latest);
        }
    }
}
