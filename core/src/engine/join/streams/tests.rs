use proptest::prelude::*;

use super::*;
use crate::codec::{Cell, Fault};
use crate::engine::trial::{Outcome, Row, Trial, cancelled_after, column, int, plus, text};

/// Rows of a key and a number; the number is null where the event's value is.
fn spec(how: JoinHow, before_ms: i64, after_ms: i64, grace_ms: i64) -> StreamJoinSpec {
    StreamJoinSpec {
        how,
        left_key: vec![column(0)],
        right_key: vec![column(0)],
        before_ms,
        after_ms,
        grace_ms,
        left_columns: 2,
        right_columns: 2,
        left_value: Some(1),
        right_value: Some(1),
    }
}

fn run(spec: &StreamJoinSpec, given: &[Row]) -> Outcome {
    let make = || join_streams(spec.clone());
    Trial { make: &make, inputs: vec![(2, false), (2, false)] }.run(given)
}

/// What came out, in short: seq, time, the left number and the right one.
fn told(outcome: &Outcome) -> Vec<(u64, i64, Cell<'static>, Cell<'static>)> {
    let short = |row: &Row| (row.seq, row.time_ms, row.cells[1].clone(), row.cells[3].clone());
    outcome.rows.iter().map(short).collect()
}

fn left(seq: u64, time_ms: i64, key: &str) -> Row {
    plus(0, seq, time_ms, vec![text(key), int(seq as i64)])
}

fn right(seq: u64, time_ms: i64, key: &str) -> Row {
    plus(1, seq, time_ms, vec![text(key), int(seq as i64)])
}

const NULL: Cell<'static> = Cell::Null;

#[test]
fn both_bounds_are_inclusive() {
    let given = [
        left(0, 100, "a"),
        right(1, 89, "a"),
        right(2, 90, "a"),
        right(3, 105, "a"),
        right(4, 106, "a"),
        right(5, 100, "b"),
    ];
    let outcome = run(&spec(JoinHow::Inner, 10, 5, 100), &given);
    assert_eq!(told(&outcome), [(2, 100, int(0), int(2)), (3, 105, int(0), int(3))], "the later time is the result's");
}

#[test]
fn a_row_alone_is_given_strictly_after_its_last_moment() {
    let spec = spec(JoinHow::Left, 0, 10, 5);
    let until = |time_ms| [left(0, 0, "a"), right(1, time_ms, "b")];
    assert_eq!(told(&run(&spec, &until(15))), []);
    assert_eq!(told(&run(&spec, &until(16))), [(1, 0, int(0), NULL)], "with its own time");
    assert_eq!(run(&spec, &until(15)).open.len(), 1, "open until then");
    assert_eq!(run(&spec, &until(16)).open.len(), 0);
}

#[test]
fn a_partner_in_the_last_moment_still_matches() {
    let spec = spec(JoinHow::Left, 0, 10, 5);
    let outcome = run(&spec, &[left(0, 0, "a"), right(1, 15, "b"), right(2, 10, "a"), right(3, 100, "b")]);
    assert_eq!(told(&outcome), [(2, 10, int(0), int(2))], "and is not given alone any more");
}

#[test]
fn each_side_waits_for_as_long_as_its_partners_may_take() {
    // A right row waits `before`, a left row `after`.
    let spec = spec(JoinHow::Full, 20, 10, 5);
    let outcome =
        run(&spec, &[left(0, 0, "a"), right(1, 0, "b"), left(2, 16, "x"), left(3, 25, "x"), left(4, 26, "x")]);
    assert_eq!(told(&outcome), [(2, 0, int(0), NULL), (4, 0, NULL, int(1))]);
}

#[test]
fn a_row_that_has_expired_when_it_comes_is_late() {
    let spec = spec(JoinHow::Full, 0, 10, 5);
    let given = [right(0, 16, "b"), left(1, 0, "a"), left(2, 1, "a"), right(3, 11, "a"), right(4, 10, "a")];
    let outcome = run(&spec, &given);
    // The left row at 0 and the right row at 10 (which waits for 0 + 5) have expired at 16.
    assert_eq!(told(&outcome), [(3, 11, int(2), int(3))]);
    assert_eq!(outcome.metrics.late(), 2);
    let late: Vec<_> = outcome.aside.iter().map(|row| (row.why, row.seq, row.stream_time_ms)).collect();
    assert_eq!(late, [(Dropped::Late, 1, 16), (Dropped::Late, 4, 16)]);
    assert_eq!(outcome.aside[0].cells, [text("a"), int(1), Cell::Missing, Cell::Missing]);
    assert_eq!(outcome.aside[1].cells, [Cell::Missing, Cell::Missing, text("a"), int(4)]);
}

#[test]
fn a_row_that_was_given_alone_matches_no_more() {
    // At T = 16 the left row at 0 has expired; the right row at 10 waits until 35 and would match it.
    let spec = |how| spec(how, 20, 10, 5);
    let given = [left(0, 0, "a"), right(1, 16, "b"), right(2, 10, "a")];
    assert_eq!(told(&run(&spec(JoinHow::Left), &given)), [(1, 0, int(0), NULL)]);
    assert_eq!(told(&run(&spec(JoinHow::Inner), &given)), [], "of an inner join neither");
}

#[test]
fn rows_alone_come_in_the_order_in_which_they_expire_then_came() {
    let given =
        [left(0, 5, "a"), right(1, 3, "b"), left(2, 3, "c"), right(3, 5, "d"), left(4, 3, "e"), right(5, 100, "z")];
    let alone = told(&run(&spec(JoinHow::Full, 10, 10, 0), &given));
    let expected = [(3, NULL, int(1)), (3, int(2), NULL), (3, int(4), NULL), (5, int(0), NULL), (5, NULL, int(3))];
    assert_eq!(alone, expected.map(|(time_ms, left, right)| (5, time_ms, left, right)));
    // The left side waits longer here.
    let alone = told(&run(&spec(JoinHow::Full, 10, 12, 0), &given));
    let expected = [(3, NULL, int(1)), (3, int(2), NULL), (5, NULL, int(3)), (3, int(4), NULL), (5, int(0), NULL)];
    assert_eq!(alone, expected.map(|(time_ms, left, right)| (5, time_ms, left, right)));
}

#[test]
fn partners_come_by_time_then_arrival() {
    let given = [right(0, 7, "a"), right(1, 3, "a"), right(2, 7, "a"), right(3, 5, "a"), left(4, 6, "a")];
    let order: Vec<_> = told(&run(&spec(JoinHow::Inner, 10, 10, 10), &given)).into_iter().map(|row| row.3).collect();
    assert_eq!(order, [int(1), int(3), int(0), int(2)]);
}

#[test]
fn the_left_row_of_one_event_comes_first() {
    let given = [left(0, 0, "a"), right(0, 0, "a"), left(1, 0, "a")];
    let outcome = run(&spec(JoinHow::Left, 0, 0, 0), &given);
    assert_eq!(told(&outcome), [(0, 0, int(0), int(0)), (1, 0, int(1), int(0))]);
}

#[test]
fn a_row_without_key_or_value_is_given_alone_at_once_by_a_side_that_is_kept() {
    let null_key = |input, seq| plus(input, seq, 100 - seq as i64 * 40, vec![NULL, int(seq as i64)]);
    let null_value = |input, seq| plus(input, seq, 100, vec![text("a"), Cell::Missing]);
    let failed = plus(0, 4, 100, vec![Cell::Failed(Fault::Overflow), int(4)]);
    let given = [null_key(0, 0), null_key(1, 1), null_value(0, 2), null_value(1, 3), failed];
    let counts = |outcome: &Outcome| outcome.metrics.dropped.clone().into_iter().collect::<Vec<_>>();

    let inner = run(&spec(JoinHow::Inner, 1, 1, 0), &given);
    assert_eq!(told(&inner), []);
    assert_eq!(counts(&inner), [(Dropped::NullKey, 2), (Dropped::FailedKey, 1), (Dropped::NullValue, 2)]);
    assert_eq!(inner.aside.len(), 1, "what can't be told is kept for inspection");

    let left = run(&spec(JoinHow::Left, 1, 1, 0), &given);
    assert_eq!(left.rows[0].cells, [NULL, int(0), NULL, NULL]);
    assert_eq!(left.rows[1].cells, [text("a"), Cell::Missing, NULL, NULL], "missing stays missing");
    assert_eq!(counts(&left), [(Dropped::NullKey, 1), (Dropped::FailedKey, 1), (Dropped::NullValue, 1)]);

    let full = run(&spec(JoinHow::Full, 1, 1, 0), &given);
    let times: Vec<_> = full.rows.iter().map(|row| (row.seq, row.time_ms)).collect();
    assert_eq!(times, [(0, 100), (1, 60), (2, 100), (3, 100)], "however late");
}

#[test]
fn times_at_the_ends_of_the_range_do_no_harm() {
    let given = [left(0, i64::MIN, "a"), right(1, i64::MIN, "a"), left(2, i64::MAX, "a"), right(3, i64::MAX, "a")];
    let outcome = run(&spec(JoinHow::Full, i64::MAX, i64::MAX, i64::MAX), &given);
    assert_eq!(outcome.rows.len(), 2);
}

#[test]
fn a_hot_key_gives_its_matches_in_batches_and_can_be_cancelled() {
    let mut operator = join_streams(spec(JoinHow::Left, 1_000_000, 0, 0));
    let make = || join_streams(spec(JoinHow::Left, 1_000_000, 0, 0));
    let trial = Trial { make: &make, inputs: vec![(2, false), (2, false)] };
    let rights: Vec<Row> = (0..300_000).map(|seq| right(seq, seq as i64 / 2, "hot")).collect();
    assert!(trial.step(operator.as_mut(), &rights).is_empty());
    let lefts: Vec<Row> = (300_000..300_003).map(|seq| left(seq, 150_000, "hot")).collect();
    let (given, largest) = cancelled_after(operator.as_mut(), trial.batches(&lefts), 100_000);
    assert!(given < 200_000 && largest <= 1 << 16, "{given} rows, at most {largest} at a time");
}

#[test]
fn ever_new_keys_take_no_more_than_the_window_holds() {
    let make = || join_streams(spec(JoinHow::Full, 500, 500, 100));
    let trial = Trial { make: &make, inputs: vec![(2, false), (2, false)] };
    let mut operator = make();
    let mut most = 0;
    for step in 0..200_u64 {
        let rows: Vec<Row> = (step * 500..(step + 1) * 500)
            .flat_map(|seq| [left(seq, seq as i64, &format!("{seq}")), right(seq, seq as i64, &format!("{seq}"))])
            .collect();
        trial.step(operator.as_mut(), &rows);
        most = most.max(operator.metrics().state_bytes);
    }
    // 600 ms hold 600 rows a side; at most a slice more has expired.
    assert!(most < 2 * 900 * 150, "{most} bytes");
    assert_eq!(operator.metrics().open_windows, 0);
}

/// The rule as it is written, over all rows that ever came.
fn model(spec: &StreamJoinSpec, given: &[Row]) -> (Vec<Row>, u64) {
    struct Seen {
        side: usize,
        row: Row,
        matched: bool,
        told: bool,
    }
    let mut seen: Vec<Seen> = Vec::new();
    let (mut told, mut late, mut now) = (Vec::new(), 0, i64::MIN);
    let kept = [spec.how.keeps_left(), spec.how.keeps_right()];
    let last_moment = |side: usize, time_ms: i64| time_ms + [spec.after_ms, spec.before_ms][side] + spec.grace_ms;
    let both = |side: usize, this: &[Cell<'static>], other: &[Cell<'static>]| {
        if side == 0 { [this, other].concat() } else { [other, this].concat() }
    };
    for row in given {
        now = now.max(row.time_ms);
        let mut due: Vec<&mut Seen> = seen
            .iter_mut()
            .filter(|seen| kept[seen.side] && !seen.matched && !seen.told)
            .filter(|seen| now > last_moment(seen.side, seen.row.time_ms))
            .collect();
        due.sort_by_key(|seen| last_moment(seen.side, seen.row.time_ms));
        for seen in due {
            seen.told = true;
            told.push(plus(0, row.seq, seen.row.time_ms, both(seen.side, &seen.row.cells, &[NULL, NULL])));
        }
        let side = row.input;
        if row.cells.iter().any(Cell::is_null) {
            if kept[side] {
                told.push(plus(0, row.seq, row.time_ms, both(side, &row.cells, &[NULL, NULL])));
            }
            continue;
        }
        if now > last_moment(side, row.time_ms) {
            late += 1;
            continue;
        }
        let mut partners: Vec<&mut Seen> = seen
            .iter_mut()
            .filter(|seen| seen.side != side && seen.row.cells[0] == row.cells[0])
            .filter(|seen| now <= last_moment(seen.side, seen.row.time_ms))
            .filter(|seen| {
                let (left, right) =
                    if side == 0 { (row.time_ms, seen.row.time_ms) } else { (seen.row.time_ms, row.time_ms) };
                left - spec.before_ms <= right && right <= left + spec.after_ms
            })
            .collect();
        partners.sort_by_key(|seen| seen.row.time_ms);
        let matched = !partners.is_empty();
        for partner in partners {
            partner.matched = true;
            let time_ms = row.time_ms.max(partner.row.time_ms);
            told.push(plus(0, row.seq, time_ms, both(side, &row.cells, &partner.row.cells)));
        }
        seen.push(Seen { side, row: row.clone(), matched, told: false });
    }
    (told, late)
}

fn any_how() -> impl Strategy<Value = JoinHow> {
    prop_oneof![Just(JoinHow::Inner), Just(JoinHow::Left), Just(JoinHow::Right), Just(JoinHow::Full)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_join_of_streams_is_what_the_rule_says(
        how in any_how(),
        before_ms in 0..12_i64,
        after_ms in 0..12_i64,
        grace_ms in prop_oneof![Just(0), 0..20_i64],
        rows in prop::collection::vec((0..2_usize, 0..25_i64, 0..4_i64, 0..12_u8, 0..3_u64), 0..120),
        pace in 0..4_i64,
        cuts in prop::collection::vec(0..120_usize, 0..4),
    ) {
        let mut seq = 0;
        let mut given: Vec<Row> = Vec::new();
        for (index, (input, ahead, key, null, step)) in rows.into_iter().enumerate() {
            // Rows of one event: the left side's first.
            seq += if given.last().is_some_and(|last| last.input > input) { step.max(1) } else { step };
            let key = if null == 0 { NULL } else { int(key) };
            let value = if null == 1 { NULL } else { int(index as i64) };
            given.push(plus(input, seq, index as i64 * pace / 2 + ahead, vec![key, value]));
        }
        let spec = spec(how, before_ms, after_ms, grace_ms);
        let make = || join_streams(spec.clone());
        let outcome = Trial { make: &make, inputs: vec![(2, false), (2, false)] }.run_cut(&given, &cuts);
        let (expected, late) = model(&spec, &given);
        prop_assert_eq!(outcome.rows, expected);
        prop_assert_eq!(outcome.metrics.late(), late);
        prop_assert_eq!(outcome.metrics.rows_in, given.len() as u64);
        prop_assert_eq!(outcome.metrics.open_windows, outcome.open.len() as u64);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]
    #[test]
    fn long_runs_and_many_slices_change_nothing(
        how in any_how(),
        before_ms in 0..2_000_i64,
        after_ms in 0..2_000_i64,
        keys in 1..40_i64,
        seed in prop::collection::vec((0..2_usize, 0..3_000_i64, 0..40_i64), 1_500),
    ) {
        let row = |(index, (input, behind, key)): (usize, (usize, i64, i64))| {
            // Mostly in order, every twelfth row far behind.
            let time_ms = index as i64 * 3 - if index % 12 == 0 { behind } else { behind % 5 };
            plus(input, index as u64, time_ms, vec![int(key % keys), int(index as i64)])
        };
        let given: Vec<Row> = seed.into_iter().enumerate().map(row).collect();
        let spec = spec(how, before_ms, after_ms, 700);
        let make = || join_streams(spec.clone());
        let trial = Trial { make: &make, inputs: vec![(2, false), (2, false)] };
        let mut operator = make();
        let mut told = Vec::new();
        for rows in given.chunks(311) {
            told.extend(trial.step(operator.as_mut(), rows));
            operator = trial.reloaded(operator.as_ref());
        }
        let (expected, late) = model(&spec, &given);
        prop_assert!(told == expected);
        prop_assert_eq!(operator.metrics().late(), late);
    }
}
