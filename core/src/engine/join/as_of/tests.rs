use proptest::prelude::*;

use super::*;
use crate::codec::{Cell, Fault};
use crate::engine::trial::{Outcome, Row, Trial, column, int, minus, plus, text};

/// The stream's rows are a key and a number, the table's a key and a word.
fn spec(how: JoinHow, grace_ms: Option<i64>, history_ms: Option<i64>) -> StreamTableJoinSpec {
    StreamTableJoinSpec {
        how,
        stream_key: vec![column(0)],
        table_key: vec![column(0)],
        stream_columns: 2,
        table_columns: 2,
        grace_ms,
        history_ms,
        stream_value: Some(1),
    }
}

fn run(spec: &StreamTableJoinSpec, given: &[Row]) -> Outcome {
    let make = || join_stream_with_table(spec.clone());
    Trial { make: &make, inputs: vec![(2, false), (2, true)] }.run(given)
}

/// What came out, in short: seq, time, the stream's number and the table's word.
fn told(outcome: &Outcome) -> Vec<(u64, i64, Cell<'static>, Cell<'static>)> {
    let short = |row: &Row| (row.seq, row.time_ms, row.cells[1].clone(), row.cells[3].clone());
    outcome.rows.iter().map(short).collect()
}

fn row(seq: u64, time_ms: i64, key: &str) -> Row {
    plus(STREAM, seq, time_ms, vec![text(key), int(seq as i64)])
}

fn holds(seq: u64, time_ms: i64, key: &str, word: &str) -> Row {
    plus(TABLE, seq, time_ms, vec![text(key), text(word)])
}

fn gone(seq: u64, time_ms: i64, key: &str, word: &str) -> Row {
    minus(TABLE, seq, time_ms, vec![text(key), text(word)])
}

const NULL: Cell<'static> = Cell::Null;

#[test]
fn a_row_meets_the_version_of_its_time() {
    let given = [
        holds(0, 10, "a", "first"),
        gone(1, 20, "a", "first"),
        holds(1, 20, "a", "second"),
        gone(2, 30, "a", "second"),
        row(3, 40, "a"),
        row(4, 30, "a"),
        row(5, 29, "a"),
        row(6, 20, "a"),
        row(7, 19, "a"),
        row(8, 9, "a"),
        row(9, 25, "b"),
    ];
    let words = [NULL, NULL, text("second"), text("second"), text("first"), NULL, NULL];
    let times = [40, 30, 29, 20, 19, 9, 25];
    let all: Vec<_> =
        (3..).zip(times).zip(words).map(|((seq, time_ms), word)| (seq, time_ms, int(seq as i64), word)).collect();
    assert_eq!(told(&run(&spec(JoinHow::Left, None, None), &given)), all);
    let met: Vec<_> = all.into_iter().filter(|row| row.3 != NULL).collect();
    assert_eq!(told(&run(&spec(JoinHow::Inner, None, None), &given)), met);
}

#[test]
fn without_grace_a_row_meets_what_came_before_it() {
    let given = [row(0, 50, "a"), holds(0, 10, "a", "x"), row(1, 50, "a")];
    let outcome = run(&spec(JoinHow::Left, None, None), &given);
    assert_eq!(
        told(&outcome),
        [(0, 50, int(0), NULL), (1, 50, int(1), text("x"))],
        "the stream's row of an event first"
    );
}

#[test]
fn with_grace_a_row_waits_until_the_last_moment() {
    let spec = spec(JoinHow::Left, Some(10), None);
    let before = [row(0, 50, "a"), row(1, 59, "b")];
    assert_eq!(told(&run(&spec, &before)), []);
    assert_eq!(run(&spec, &before).open.len(), 2);
    let given = [row(0, 50, "a"), row(1, 59, "b"), holds(2, 45, "a", "late, but in time"), holds(3, 60, "b", "x")];
    let outcome = run(&spec, &given);
    assert_eq!(told(&outcome), [(3, 50, int(0), text("late, but in time"))], "at T = time + grace, by either side");
    assert_eq!(outcome.open[0].cells[3], NULL, "what waits is shown as it would be now");
    assert_eq!(outcome.metrics.open_windows, 1);
}

#[test]
fn a_row_that_comes_after_its_grace_does_not_wait() {
    let given = [row(0, 100, "z"), row(1, 90, "a"), row(2, 91, "a")];
    let outcome = run(&spec(JoinHow::Left, Some(10), None), &given);
    assert_eq!(told(&outcome), [(1, 90, int(1), NULL)]);
}

#[test]
fn rows_that_waited_come_by_time_then_as_they_came() {
    let given = [row(0, 30, "a"), row(1, 20, "a"), row(2, 30, "b"), row(3, 25, "a"), row(4, 90, "z")];
    let order: Vec<_> = told(&run(&spec(JoinHow::Left, Some(50), None), &given)).into_iter().map(|row| row.2).collect();
    assert_eq!(order, [int(1), int(3), int(0), int(2)]);
}

#[test]
fn an_update_out_of_order_is_an_older_version() {
    let given =
        [holds(0, 20, "a", "new"), gone(1, 10, "a", "new"), holds(1, 10, "a", "old"), row(2, 25, "a"), row(3, 15, "a")];
    let outcome = run(&spec(JoinHow::Inner, None, None), &given);
    assert_eq!(told(&outcome), [(2, 25, int(2), text("new")), (3, 15, int(3), text("old"))]);
}

#[test]
fn the_past_is_known_for_as_long_as_was_said() {
    let given = |at: i64, look: i64| {
        [holds(0, 10, "a", "1"), gone(1, 50, "a", "1"), holds(1, 50, "a", "2"), row(2, at, "z"), row(3, look, "a")]
    };
    let words = |at, look| {
        let outcome = run(&spec(JoinHow::Left, None, Some(30)), &given(at, look));
        outcome.rows.last().map(|row| row.cells[3].clone())
    };
    assert_eq!(words(79, 49), Some(text("1")), "49 is within 30 ms of 79");
    assert_eq!(words(80, 49), Some(NULL), "at 80 nobody may ask for what was before 50");
    assert_eq!(words(1_000, 50), Some(text("2")), "what holds still is known for ever");
}

#[test]
fn an_update_before_the_known_past_is_late() {
    let given =
        [row(0, 100, "z"), holds(1, 70, "a", "x"), holds(2, 69, "b", "x"), gone(3, 69, "c", "x"), row(4, 100, "b")];
    let outcome = run(&spec(JoinHow::Inner, None, Some(30)), &given);
    assert_eq!(outcome.metrics.late(), 2);
    assert_eq!(outcome.aside[0].cells, [Cell::Missing, Cell::Missing, text("b"), text("x")]);
    assert_eq!(told(&outcome), []);
}

#[test]
fn a_row_that_waits_never_loses_what_it_waits_for() {
    // T jumps far beyond the history while the row waits.
    let given = [holds(0, 10, "a", "1"), row(1, 40, "a"), holds(2, 45, "a", "2"), row(3, 10_000, "z")];
    let outcome = run(&spec(JoinHow::Inner, Some(20), Some(5)), &given);
    assert_eq!(told(&outcome), [(3, 40, int(1), text("1"))]);
}

#[test]
fn a_row_without_key_or_value_meets_nothing() {
    let given = [
        holds(0, 0, "a", "x"),
        plus(STREAM, 1, 5, vec![NULL, int(1)]),
        plus(STREAM, 2, 5, vec![text("a"), NULL]),
        plus(STREAM, 3, 5, vec![Cell::Failed(Fault::Overflow), int(3)]),
        plus(TABLE, 4, 5, vec![NULL, text("x")]),
        minus(TABLE, 5, 5, vec![NULL, text("x")]),
    ];
    let counts = |how| run(&spec(how, Some(100), None), &given).metrics.dropped.into_iter().collect::<Vec<_>>();
    assert_eq!(counts(JoinHow::Inner), [(Dropped::NullKey, 2), (Dropped::FailedKey, 1), (Dropped::NullValue, 1)]);
    assert_eq!(counts(JoinHow::Left), [(Dropped::NullKey, 1), (Dropped::FailedKey, 1)]);
    let left = run(&spec(JoinHow::Left, Some(100), None), &given);
    assert_eq!(told(&left), [(1, 5, int(1), NULL), (2, 5, NULL, NULL)], "at once, without waiting");
}

#[test]
fn what_is_kept_of_the_past_follows_the_history() {
    let make = || join_stream_with_table(spec(JoinHow::Inner, Some(100), Some(500)));
    let trial = Trial { make: &make, inputs: vec![(2, false), (2, true)] };
    let mut operator = make();
    let mut sizes = Vec::new();
    for step in 0..60_u64 {
        // One key that changes all the time, and ever new ones that go again after 100 ms.
        let rows: Vec<Row> = (step * 1_000..(step + 1) * 1_000)
            .flat_map(|seq| {
                let time_ms = seq as i64;
                let (key, ended) = (format!("{seq}"), format!("{}", seq.saturating_sub(100)));
                [
                    row(seq, time_ms, &key),
                    holds(seq, time_ms, "hot", "x"),
                    holds(seq, time_ms, &key, "x"),
                    gone(seq, time_ms, &ended, "x"),
                ]
            })
            .collect();
        trial.step(operator.as_mut(), &rows);
        sizes.push(operator.metrics().state_bytes);
    }
    assert!(sizes[59] < sizes[5] * 11 / 10, "{sizes:?}");
}

/// The rule as it is written, over all versions that ever were.
fn model(spec: &StreamTableJoinSpec, given: &[Row]) -> Vec<Row> {
    struct Version {
        key: Cell<'static>,
        time_ms: i64,
        row: Option<Vec<Cell<'static>>>,
        forgotten: bool,
    }
    let kept = spec.how == JoinHow::Left;
    let grace = spec.grace_ms.unwrap_or(0);
    let history = spec.history_ms.map(|history| history.max(grace));
    let mut versions: Vec<Version> = Vec::new();
    let mut waiting: Vec<Row> = Vec::new();
    let mut told = Vec::new();
    let mut now = i64::MIN;
    let look = |versions: &[Version], seq: u64, row: &Row, told: &mut Vec<Row>| {
        let valid = versions.iter().filter(|version| version.key == row.cells[0] && version.time_ms <= row.time_ms);
        // Of equal times the last that came.
        let version = valid.max_by_key(|version| version.time_ms).filter(|version| !version.forgotten);
        match version.and_then(|version| version.row.clone()) {
            Some(met) => told.push(plus(0, seq, row.time_ms, [row.cells.clone(), met].concat())),
            None if kept => told.push(plus(0, seq, row.time_ms, [row.cells.clone(), vec![NULL, NULL]].concat())),
            None => {}
        }
    };
    let forget = |versions: &mut Vec<Version>, now: i64| {
        let Some(history) = history else { return };
        for at in 0..versions.len() {
            let next =
                versions.iter().filter(|next| next.key == versions[at].key && next.time_ms > versions[at].time_ms);
            let next = next.map(|next| next.time_ms).min();
            versions[at].forgotten |= next.is_some_and(|next| next <= now - history);
        }
    };
    for row in given {
        now = now.max(row.time_ms);
        let (mut due, rest): (Vec<Row>, Vec<Row>) = waiting.into_iter().partition(|row| now >= row.time_ms + grace);
        waiting = rest;
        due.sort_by_key(|row| row.time_ms);
        due.iter().for_each(|waited| look(&versions, row.seq, waited, &mut told));
        forget(&mut versions, now);
        if row.input == STREAM {
            if row.cells.iter().any(Cell::is_null) {
                if kept {
                    told.push(plus(0, row.seq, row.time_ms, [row.cells.clone(), vec![NULL, NULL]].concat()));
                }
            } else if now >= row.time_ms + grace {
                look(&versions, row.seq, row, &mut told);
            } else {
                waiting.push(row.clone());
            }
        } else if !row.cells[0].is_null() && history.is_none_or(|history| row.time_ms >= now - history) {
            let values = (row.sign == Sign::Plus).then(|| row.cells.clone());
            versions.push(Version { key: row.cells[0].clone(), time_ms: row.time_ms, row: values, forgotten: false });
            forget(&mut versions, now);
        }
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_join_with_a_table_is_what_the_rule_says(
        how in prop_oneof![Just(JoinHow::Inner), Just(JoinHow::Left)],
        grace_ms in prop_oneof![Just(None), (0..15_i64).prop_map(Some)],
        history_ms in prop_oneof![Just(None), (0..25_i64).prop_map(Some)],
        rows in prop::collection::vec((0..2_usize, 0..25_i64, 0..3_i64, 0..10_u8), 0..120),
        pace in 0..4_i64,
        cuts in prop::collection::vec(0..120_usize, 0..4),
    ) {
        let mut given: Vec<Row> = Vec::new();
        // What the table's changelog says last of each key.
        let mut table: std::collections::BTreeMap<i64, Vec<Cell<'static>>> = Default::default();
        for (index, (input, ahead, key, what)) in rows.into_iter().enumerate() {
            let (seq, time_ms) = (index as u64, index as i64 * pace / 2 + ahead);
            if input == STREAM {
                let key = if what == 0 { NULL } else { int(key) };
                let value = if what == 1 { NULL } else { int(index as i64) };
                given.push(plus(STREAM, seq, time_ms, vec![key, value]));
                continue;
            }
            if what == 0 {
                given.push(plus(TABLE, seq, time_ms, vec![NULL, int(0)]));
                continue;
            }
            if let Some(old) = table.remove(&key) {
                given.push(minus(TABLE, seq, time_ms, old));
            }
            if what > 3 {
                let new = vec![int(key), int(index as i64)];
                table.insert(key, new.clone());
                given.push(plus(TABLE, seq, time_ms, new));
            }
        }
        let spec = spec(how, grace_ms, history_ms);
        let make = || join_stream_with_table(spec.clone());
        let outcome = Trial { make: &make, inputs: vec![(2, false), (2, true)] }.run_cut(&given, &cuts);
        prop_assert_eq!(outcome.rows, model(&spec, &given));
    }
}
