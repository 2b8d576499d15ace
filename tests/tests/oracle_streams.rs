//! Kafka Streams as it is: the facts that the engine's semantics were made from, asked of the real thing.
//!
//! Each test's name is the rule. Where Fabula does otherwise on purpose, the test says so.

use fabula_tests::oracle::streams::{
    Aggregate, Answer, Case, Emit, Ends, FinalBy, Join, Kind, Node, Record, Row, Select, Window, ask,
};
use serde_json::{Value, json};

/// Ends the test where Kafka Streams cannot be had.
macro_rules! answer {
    ($test:expr, $case:expr) => {
        match ask($test, &$case) {
            Some(answer) => answer,
            None => return,
        }
    };
}

/// A record of topic `a` with key `k` and a field `x`.
fn a(time_ms: i64, x: i64) -> Record {
    Record::new("a", "k", time_ms, json!({ "x": x }))
}

fn b(time_ms: i64, x: i64) -> Record {
    Record { topic: "b".to_owned(), ..a(time_ms, x) }
}

/// Counts rows and collects `x` of stream `a` in windows.
fn windowed(window: Window, grace_ms: i64, emit: Emit, input: Vec<Record>) -> Case {
    let aggregate = Aggregate {
        input: "a".to_owned(),
        window: Some(window),
        grace_ms,
        select: vec![Select::count(), Select::of("collect_list", "x")],
        emit,
        retention_ms: Some(window.exact_retention_ms(grace_ms)),
        ..Aggregate::default()
    };
    let nodes = vec![Node::stream("a"), Node::new("w", Kind::Aggregate(aggregate))];
    Case { nodes, output: "w".to_owned(), input, ..Case::default() }
}

fn aggregate(case: &mut Case) -> &mut Aggregate {
    match &mut case.nodes.last_mut().expect("there are nodes").kind {
        Kind::Aggregate(aggregate) => aggregate,
        other => panic!("no aggregation: {other:?}"),
    }
}

/// Joins `a` and `b` on their keys.
fn joined(how: &str, before_ms: i64, after_ms: i64, grace_ms: i64, input: Vec<Record>) -> Case {
    let join = Join {
        how: how.to_owned(),
        left: "a".to_owned(),
        right: "b".to_owned(),
        before_ms: Some(before_ms),
        after_ms: Some(after_ms),
        grace_ms: Some(grace_ms),
        ..Join::default()
    };
    let nodes = vec![Node::stream("a"), Node::stream("b"), Node::new("j", Kind::Join(Box::new(join)))];
    Case { nodes, output: "j".to_owned(), input, ..Case::default() }
}

/// A change of a windowed result: what caused it, the window, the values in it (`None`: taken back).
type Changed = (usize, (i64, i64), Option<Vec<i64>>);

fn windows(answer: &Answer) -> Vec<Changed> {
    let values = |value: &Value| {
        let list = value["collect_list_x"].as_array()?;
        Some(list.iter().map(|x| x.as_i64().expect("an integer")).collect())
    };
    let ends = |row: &Row| row.window.map(|Ends { start_ms, end_ms }| (start_ms, end_ms)).expect("a window");
    answer.rows.iter().map(|row| (row.by, ends(row), values(&row.value))).collect()
}

/// Each result of a join: what caused it, its time, the two sides' `x`.
fn pairs(answer: &Answer) -> Vec<(usize, i64, Option<i64>, Option<i64>)> {
    let x = |row: &Row, side: &str| row.value[side]["x"].as_i64();
    answer.rows.iter().map(|row| (row.by, row.time_ms, x(row, "left"), x(row, "right"))).collect()
}

const TUMBLING: Window = Window::Tumbling { size_ms: 10_000 };
const SESSION: Window = Window::Session { gap_ms: 10 };
const SLIDING: Window = Window::Sliding { size_ms: 10 };

#[test]
fn a_row_is_in_time_while_its_window_ends_after_the_largest_time_less_grace() {
    let case = windowed(TUMBLING, 5000, Emit::Updates, vec![a(14_999, 1), a(5000, 2)]);
    let answer = answer!("a_row_is_in_time_while_its_window_ends_after_the_largest_time_less_grace", case);
    assert_eq!(windows(&answer)[1..], [(1, (0, 10_000), Some(vec![2]))]);
    assert_eq!(answer.dropped, 0);
}

#[test]
fn a_row_is_late_once_its_window_ends_at_the_largest_time_less_grace() {
    let case = windowed(TUMBLING, 5000, Emit::Updates, vec![a(15_000, 1), a(5001, 2)]);
    let answer = answer!("a_row_is_late_once_its_window_ends_at_the_largest_time_less_grace", case);
    assert_eq!(windows(&answer).len(), 1);
    assert_eq!(answer.dropped, 1);
}

#[test]
fn a_row_is_late_for_one_hop_and_in_time_for_the_next() {
    let hopping = Window::Hopping { size_ms: 10, advance_ms: 5 };
    let case = windowed(hopping, 0, Emit::Updates, vec![a(20, 1), a(12, 2)]);
    let answer = answer!("a_row_is_late_for_one_hop_and_in_time_for_the_next", case);
    // Of [5, 15) and [10, 20) both are over; with one more millisecond of grace only the first is.
    assert_eq!(windows(&answer)[2..], []);
    assert_eq!(answer.dropped, 2);
    let case = windowed(hopping, 1, Emit::Updates, vec![a(20, 1), a(12, 2)]);
    let answer = answer!("a_row_is_late_for_one_hop_and_in_time_for_the_next", case);
    assert_eq!(windows(&answer)[2..], [(1, (10, 20), Some(vec![2]))]);
    assert_eq!(answer.dropped, 1);
}

#[test]
fn hops_start_at_zero_or_later_and_their_advance_need_not_divide_their_size() {
    let case = windowed(Window::Hopping { size_ms: 10, advance_ms: 4 }, 0, Emit::Updates, vec![a(3, 1), a(9, 2)]);
    let answer = answer!("hops_start_at_zero_or_later_and_their_advance_need_not_divide_their_size", case);
    let changed: Vec<_> = windows(&answer).into_iter().map(|(by, ends, _)| (by, ends)).collect();
    assert_eq!(changed, [(0, (0, 10)), (1, (0, 10)), (1, (4, 14)), (1, (8, 18))]);
}

#[test]
fn a_tumbling_window_is_final_when_the_largest_time_reaches_end_and_grace() {
    let case = windowed(TUMBLING, 5000, Emit::Final, vec![a(1, 1), a(14_999, 2), a(15_000, 3)]);
    let answer = answer!("a_tumbling_window_is_final_when_the_largest_time_reaches_end_and_grace", case);
    assert_eq!(windows(&answer), [(2, (0, 10_000), Some(vec![1]))]);
    assert_eq!(answer.rows[0].time_ms, 1, "its time is that of its last row");
}

#[test]
fn sessions_merge_at_the_distance_of_the_gap_and_take_the_merged_ones_back_first() {
    let case = windowed(SESSION, 100, Emit::Updates, vec![a(100, 1), a(120, 2), a(110, 3)]);
    let answer = answer!("sessions_merge_at_the_distance_of_the_gap_and_take_the_merged_ones_back_first", case);
    let expected = [
        (0, (100, 100), Some(vec![1])),
        (1, (120, 120), Some(vec![2])),
        (2, (100, 100), None),
        (2, (120, 120), None),
        (2, (100, 120), Some(vec![1, 2, 3])),
    ];
    assert_eq!(windows(&answer), expected);
    assert_eq!(answer.rows[4].time_ms, 120, "its time is that of its last row");
}

#[test]
fn a_session_is_open_while_its_end_is_the_largest_time_less_grace_and_gap() {
    // At 115 the session of 100 is open for the last time, at 116 it is closed.
    for (largest, in_time) in [(115, true), (116, false)] {
        let other = Record::new("a", "z", largest, json!({ "x": 0 }));
        let case = windowed(SESSION, 5, Emit::Updates, vec![a(100, 1), other, a(100, 2)]);
        let answer = answer!("a_session_is_open_while_its_end_is_the_largest_time_less_grace_and_gap", case);
        let expected = in_time.then_some((2, (100, 100), Some(vec![1, 2])));
        assert_eq!(windows(&answer).get(2).cloned(), expected, "at {largest}");
        assert_eq!(answer.dropped, u64::from(!in_time), "at {largest}");
    }
}

#[test]
fn by_default_an_open_session_is_forgotten_one_millisecond_early() {
    // Fabula doesn't: it is a matter of Kafka Streams' stores, not of its semantics.
    let other = Record::new("a", "z", 115, json!({ "x": 0 }));
    let mut case = windowed(SESSION, 5, Emit::Updates, vec![a(100, 1), other, a(100, 2)]);
    aggregate(&mut case).retention_ms = None;
    let answer = answer!("by_default_an_open_session_is_forgotten_one_millisecond_early", case);
    assert_eq!(windows(&answer)[2..], [(2, (100, 100), Some(vec![2]))]);
}

#[test]
fn suppressed_sessions_are_final_one_millisecond_early_and_may_be_final_twice() {
    // Fabula closes a session when it is closed, and once.
    let other = |time_ms| Record::new("a", "z", time_ms, json!({ "x": 0 }));
    let case = windowed(SESSION, 5, Emit::Final, vec![a(100, 1), other(115), a(105, 2), other(200)]);
    let answer = answer!("suppressed_sessions_are_final_one_millisecond_early_and_may_be_final_twice", case);
    let finals: Vec<_> = windows(&answer).into_iter().filter(|(_, (start, _), _)| *start == 100).collect();
    assert_eq!(finals, [(1, (100, 100), Some(vec![1])), (3, (100, 105), Some(vec![1, 2]))]);
}

#[test]
fn sliding_windows_have_both_ends_inside_and_lie_before_and_right_after_each_row() {
    let case = windowed(SLIDING, 100, Emit::Updates, vec![a(100, 1), a(110, 2)]);
    let answer = answer!("sliding_windows_have_both_ends_inside_and_lie_before_and_right_after_each_row", case);
    let expected = [(0, (90, 100), Some(vec![1])), (1, (101, 111), Some(vec![2])), (1, (100, 110), Some(vec![1, 2]))];
    assert_eq!(windows(&answer), expected);
}

#[test]
fn sliding_windows_of_rows_earlier_than_their_size_are_one_from_zero() {
    let case = windowed(SLIDING, 100, Emit::Updates, vec![a(3, 1), a(7, 2)]);
    let answer = answer!("sliding_windows_of_rows_earlier_than_their_size_are_one_from_zero", case);
    let mut last: Vec<_> = windows(&answer).into_iter().filter(|(by, ..)| *by == 1).collect();
    last.sort_by_key(|(_, ends, _)| *ends);
    assert_eq!(last, [(1, (0, 10), Some(vec![1, 2])), (1, (4, 14), Some(vec![2]))]);
}

#[test]
fn a_sliding_window_is_late_once_its_end_is_before_the_largest_time_less_grace() {
    // The row at 100 belongs into [100, 110], which is the window of the row at 110.
    for (largest, in_time) in [(115, true), (116, false)] {
        let other = Record::new("a", "z", largest, json!({ "x": 0 }));
        let case = windowed(SLIDING, 5, Emit::Updates, vec![a(110, 1), other, a(100, 2)]);
        let answer = answer!("a_sliding_window_is_late_once_its_end_is_before_the_largest_time_less_grace", case);
        let found = windows(&answer).contains(&(2, (100, 110), Some(vec![1, 2])));
        assert_eq!(found, in_time, "at {largest}: {:?}", windows(&answer));
    }
}

#[test]
fn count_counts_a_null_value_in_tumbling_hopping_and_session_windows_only() {
    let hopping = Window::Hopping { size_ms: 10, advance_ms: 10 };
    let null = || Record::new("a", "k", 10, Value::Null);
    for (window, counted) in [(TUMBLING, true), (hopping, true), (SESSION, true), (SLIDING, false)] {
        let answer = answer!(
            "count_counts_a_null_value_in_tumbling_hopping_and_session_windows_only",
            windowed(window, 0, Emit::Updates, vec![null()])
        );
        let counts: Vec<_> = answer.rows.iter().map(|row| row.value["n"].clone()).collect();
        assert_eq!(counts, if counted { vec![json!(1)] } else { vec![] }, "{window:?}");
        assert_eq!(answer.dropped, u64::from(!counted), "{window:?}");
        assert_eq!(windows(&answer).first().map(|(.., values)| values.clone()), counted.then_some(Some(vec![])));
    }
    let mut without = windowed(TUMBLING, 0, Emit::Updates, vec![null()]);
    (aggregate(&mut without).window, aggregate(&mut without).retention_ms) = (None, None);
    let answer = answer!("count_counts_a_null_value_in_tumbling_hopping_and_session_windows_only", without);
    assert_eq!((answer.rows.len(), answer.dropped), (0, 1));
}

#[test]
fn a_row_without_a_key_is_dropped_counted_and_does_not_move_time() {
    let keyless = Record::new("a", Value::Null, 90_000, json!({ "x": 1 }));
    let case = windowed(TUMBLING, 0, Emit::Updates, vec![keyless, a(1, 2)]);
    let answer = answer!("a_row_without_a_key_is_dropped_counted_and_does_not_move_time", case);
    assert_eq!(windows(&answer), [(1, (0, 10_000), Some(vec![2]))]);
    assert_eq!(answer.dropped, 1);
}

#[test]
fn finals_by_emit_strategy_are_lost_when_time_jumps_beyond_the_retention() {
    // Why `suppress` is what finals are compared with.
    let mut case = windowed(TUMBLING, 5000, Emit::Final, vec![a(1, 1), a(40_000, 2)]);
    let suppressed = answer!("finals_by_emit_strategy_are_lost_when_time_jumps_beyond_the_retention", case);
    assert_eq!(windows(&suppressed), [(1, (0, 10_000), Some(vec![1]))]);
    aggregate(&mut case).final_by = FinalBy::EmitStrategy;
    let answer = answer!("finals_by_emit_strategy_are_lost_when_time_jumps_beyond_the_retention", case);
    assert_eq!(windows(&answer), []);
    aggregate(&mut case).retention_ms = Some(1_000_000);
    let answer = answer!("finals_by_emit_strategy_are_lost_when_time_jumps_beyond_the_retention", case);
    assert_eq!(windows(&answer), [(1, (0, 10_000), Some(vec![1]))]);
}

#[test]
fn a_stream_join_includes_both_bounds_and_takes_the_later_time() {
    let input = vec![a(100, 0), b(94, 1), b(95, 2), b(110, 3), b(111, 4), a(115, 5)];
    let case = joined("inner", 5, 10, 100, input);
    let answer = answer!("a_stream_join_includes_both_bounds_and_takes_the_later_time", case);
    let expected = [
        (2, 100, Some(0), Some(2)),
        (3, 110, Some(0), Some(3)),
        (5, 115, Some(5), Some(3)),
        (5, 115, Some(5), Some(4)),
    ];
    assert_eq!(pairs(&answer), expected);
}

#[test]
fn an_unmatched_row_comes_once_time_is_beyond_its_bound_and_grace() {
    let other = |time_ms| Record::new("b", "z", time_ms, json!({ "x": 9 }));
    for how in ["left", "full"] {
        let case = joined(how, 0, 10, 5, vec![a(0, 1), other(15), other(16)]);
        let answer = answer!("an_unmatched_row_comes_once_time_is_beyond_its_bound_and_grace", case);
        assert_eq!(pairs(&answer), [(2, 0, Some(1), None)], "{how}");
    }
}

#[test]
fn a_row_that_is_expired_on_arrival_still_joins_what_is_kept_and_else_is_padded_at_once() {
    // Fabula counts it as late and does neither.
    let input = vec![b(100, 1), Record::new("b", "z", 110, json!({ "x": 9 })), a(90, 2), a(80, 3)];
    let case = joined("left", 0, 10, 5, input);
    let answer = answer!("a_row_that_is_expired_on_arrival_still_joins_what_is_kept_and_else_is_padded_at_once", case);
    assert_eq!(pairs(&answer), [(2, 100, Some(2), Some(1)), (3, 80, Some(3), None)]);
}

#[test]
fn a_row_behind_its_bound_is_padded_at_once_and_may_match_within_the_grace() {
    // Fabula waits for the grace to pass, and never pads what matches.
    let input = vec![Record::new("b", "z", 50, json!({ "x": 9 })), a(0, 1), b(5, 2)];
    let case = joined("left", 0, 10, 100, input);
    let answer = answer!("a_row_behind_its_bound_is_padded_at_once_and_may_match_within_the_grace", case);
    assert_eq!(pairs(&answer), [(1, 0, Some(1), None), (2, 5, Some(1), Some(2))]);
}

#[test]
fn with_unlike_bounds_an_unmatched_row_comes_when_the_side_with_the_smaller_bound_moves_time() {
    // Fabula asks only how long ago the row was. The right row is expired from 6 on.
    let late = |topic: &str, time_ms| Record::new(topic, "y", time_ms, json!({ "x": 2 }));
    for (input, by) in [(vec![b(0, 1), late("b", 6)], 1), (vec![b(0, 1), late("a", 15), late("a", 16)], 2)] {
        let case = joined("full", 0, 10, 5, input);
        let answer =
            answer!("with_unlike_bounds_an_unmatched_row_comes_when_the_side_with_the_smaller_bound_moves_time", case);
        assert_eq!(pairs(&answer), [(by, 0, None, Some(1))]);
    }
}

#[test]
fn a_row_without_a_join_key_is_padded_at_once_by_outer_joins_and_dropped_by_inner_ones() {
    let keyless = || Record::new("a", Value::Null, 50, json!({ "x": 1 }));
    for (how, padded) in [("left", true), ("full", true), ("inner", false), ("right", false)] {
        let case = joined(how, 0, 10, 5, vec![keyless()]);
        let answer =
            answer!("a_row_without_a_join_key_is_padded_at_once_by_outer_joins_and_dropped_by_inner_ones", case);
        assert_eq!(pairs(&answer), if padded { vec![(0, 50, Some(1), None)] } else { vec![] }, "{how}");
        assert_eq!(answer.dropped, u64::from(!padded), "{how}");
    }
}

#[test]
fn a_null_value_is_dropped_by_every_join_of_streams() {
    for how in ["inner", "left", "full", "right"] {
        let case = joined(how, 0, 10, 5, vec![Record::new("a", "k", 50, Value::Null), a(90, 1), b(90, 2)]);
        let answer = answer!("a_null_value_is_dropped_by_every_join_of_streams", case);
        assert_eq!(pairs(&answer), [(2, 90, Some(1), Some(2))], "{how}");
        assert_eq!(answer.dropped, 1, "{how}");
    }
}
