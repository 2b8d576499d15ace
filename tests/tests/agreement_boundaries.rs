//! Every boundary of `SEMANTICS`, to the millisecond, by fixed records that Fabula and Kafka Streams both get.
//!
//! A line is `event key start..end value @time`; `-` is a row that goes.

use fabula_tests::agreement::Question;
use fabula_tests::agreement::deviation::Deviation;
use fabula_tests::agreement::fixed::{both, grouped, keyless, looked_up, record, streams, tables, valueless, windowed};
use fabula_tests::oracle::streams::{Emit, Record, Window};
use serde_json::json;

const TUMBLING: Option<Window> = Some(Window::Tumbling { size_ms: 10_000 });
const TEN: Option<Window> = Some(Window::Tumbling { size_ms: 10 });
const SESSION: Option<Window> = Some(Window::Session { gap_ms: 10 });
const SLIDING: Option<Window> = Some(Window::Sliding { size_ms: 10 });

fn hopping(size_ms: i64, advance_ms: i64) -> Option<Window> {
    Some(Window::Hopping { size_ms, advance_ms })
}

/// Of stream `a`.
fn a(key: &str, time_ms: i64, u: i64) -> Record {
    record("a", key, time_ms, u)
}

fn b(key: &str, time_ms: i64, u: i64) -> Record {
    record("b", key, time_ms, u)
}

#[test]
fn a_window_has_its_start_and_not_its_end() {
    let question = windowed(TEN, 0, Emit::Updates, vec![a("k", 9, 1), a("k", 10, 2), a("k", 19, 3), a("k", 20, 4)]);
    let expected = [
        "0 k 0..10 {list:[1],n:1} @9",
        "1 k 10..20 {list:[2],n:1} @10",
        "2 k 10..20 {list:[2,3],n:2} @19",
        "3 k 20..30 {list:[4],n:1} @20",
    ];
    both("a_window_has_its_start_and_not_its_end", &question, &expected);
}

#[test]
fn hops_begin_at_the_epoch_or_later_and_need_not_divide_the_size() {
    let question = windowed(hopping(10, 4), 0, Emit::Updates, vec![a("k", 3, 1), a("k", 9, 2)]);
    let expected = [
        "0 k 0..10 {list:[1],n:1} @3",
        "1 k 0..10 {list:[1,2],n:2} @9",
        "1 k 4..14 {list:[2],n:1} @9",
        "1 k 8..18 {list:[2],n:1} @9",
    ];
    both("hops_begin_at_the_epoch_or_later_and_need_not_divide_the_size", &question, &expected);
}

#[test]
fn a_row_is_in_time_while_its_window_ends_behind_the_largest_time_less_grace() {
    const TEST: &str = "a_row_is_in_time_while_its_window_ends_behind_the_largest_time_less_grace";
    let records = |largest, u| vec![a("z", largest, 1), a("k", 9_999, u)];
    let expected = ["0 z 10000..20000 {list:[1],n:1} @14999", "1 k 0..10000 {list:[2],n:1} @9999"];
    both(TEST, &windowed(TUMBLING, 5_000, Emit::Updates, records(14_999, 2)), &expected);
    let expected = ["0 z 10000..20000 {list:[1],n:1} @15000"];
    both(TEST, &windowed(TUMBLING, 5_000, Emit::Updates, records(15_000, 2)), &expected);
}

#[test]
fn a_row_is_late_for_one_hop_and_in_time_for_the_next() {
    let question = windowed(hopping(10, 5), 1, Emit::Updates, vec![a("z", 20, 1), a("k", 12, 2)]);
    let expected = ["0 z 15..25 {list:[1],n:1} @20", "0 z 20..30 {list:[1],n:1} @20", "1 k 10..20 {list:[2],n:1} @12"];
    both("a_row_is_late_for_one_hop_and_in_time_for_the_next", &question, &expected);
}

#[test]
fn a_window_is_final_when_the_largest_time_reaches_its_end_and_the_grace() {
    const TEST: &str = "a_window_is_final_when_the_largest_time_reaches_its_end_and_the_grace";
    let records = vec![a("k", 1, 1), a("z", 14, 2), a("k", 9, 3), a("z", 15, 4), a("k", 9, 5)];
    // The row that closes it is not in it, and none that comes behind; what is open at the end is no final.
    both(TEST, &windowed(TEN, 5, Emit::Final, records.clone()), &["3 k 0..10 {list:[1,3],n:2} @9"]);
    both(TEST, &windowed(hopping(10, 10), 5, Emit::Final, records), &["3 k 0..10 {list:[1,3],n:2} @9"]);
}

#[test]
fn rows_a_gap_apart_are_one_session_and_what_it_was_goes_first() {
    const TEST: &str = "rows_a_gap_apart_are_one_session_and_what_it_was_goes_first";
    let question = windowed(SESSION, 0, Emit::Updates, vec![a("k", 5, 1), a("k", 15, 2), a("k", 26, 3)]);
    let expected = [
        "0 k 5..5 {list:[1],n:1} @5",
        "1 k 5..5 - @15",
        "1 k 5..15 {list:[1,2],n:2} @15",
        "2 k 26..26 {list:[3],n:1} @26",
    ];
    // Kafka Streams gives what goes the end of the session that goes.
    both(TEST, &Question { deviation: Deviation::Sessions, ..question }, &expected);
}

#[test]
fn a_session_is_open_while_its_end_is_not_before_the_largest_time_less_grace_and_gap() {
    const TEST: &str = "a_session_is_open_while_its_end_is_not_before_the_largest_time_less_grace_and_gap";
    let records = |largest| vec![a("k", 100, 1), a("z", largest, 2), a("k", 100, 3)];
    let expected =
        ["0 k 100..100 {list:[1],n:1} @100", "1 z 115..115 {list:[2],n:1} @115", "2 k 100..100 {list:[1,3],n:2} @100"];
    both(TEST, &windowed(SESSION, 5, Emit::Updates, records(115)), &expected);
    let expected = ["0 k 100..100 {list:[1],n:1} @100", "1 z 116..116 {list:[2],n:1} @116"];
    both(TEST, &windowed(SESSION, 5, Emit::Updates, records(116)), &expected);
}

#[test]
fn what_counts_for_a_session_is_the_end_of_the_rows_together() {
    // At 30 sessions that end before 15 are closed; the row at 10 becomes part of one that ends at 20.
    let records = vec![a("k", 20, 1), a("z", 30, 2), a("k", 10, 3), a("y", 14, 4), a("y", 15, 5)];
    let question = Question { deviation: Deviation::Sessions, ..windowed(SESSION, 5, Emit::Updates, records) };
    let expected = [
        "0 k 20..20 {list:[1],n:1} @20",
        "1 z 30..30 {list:[2],n:1} @30",
        "2 k 20..20 - @20",
        "2 k 10..20 {list:[1,3],n:2} @20",
        "4 y 15..15 {list:[5],n:1} @15",
    ];
    both("what_counts_for_a_session_is_the_end_of_the_rows_together", &question, &expected);
}

#[test]
fn sliding_windows_lie_before_and_right_behind_each_row_with_both_ends_inside() {
    let records = vec![a("k", 100, 1), a("k", 110, 2), a("k", 121, 3)];
    let expected = [
        "0 k 90..100 {list:[1],n:1} @100",
        "1 k 100..110 {list:[1,2],n:2} @110",
        "1 k 101..111 {list:[2],n:1} @110",
        "2 k 111..121 {list:[3],n:1} @121",
    ];
    let question = windowed(SLIDING, 100, Emit::Updates, records);
    both("sliding_windows_lie_before_and_right_behind_each_row_with_both_ends_inside", &question, &expected);
}

#[test]
fn rows_earlier_than_the_size_of_a_sliding_window_share_the_one_from_zero() {
    let records = vec![a("k", 3, 1), a("k", 7, 2), a("k", 10, 3)];
    let expected = [
        "0 k 0..10 {list:[1],n:1} @3",
        "1 k 0..10 {list:[1,2],n:2} @7",
        "1 k 4..14 {list:[2],n:1} @7",
        "2 k 0..10 {list:[1,2,3],n:3} @10",
        "2 k 4..14 {list:[2,3],n:2} @10",
        "2 k 8..18 {list:[3],n:1} @10",
    ];
    let question = windowed(SLIDING, 100, Emit::Updates, records);
    both("rows_earlier_than_the_size_of_a_sliding_window_share_the_one_from_zero", &question, &expected);
}

#[test]
fn a_sliding_window_takes_rows_while_its_end_is_not_before_the_largest_time_less_grace() {
    const TEST: &str = "a_sliding_window_takes_rows_while_its_end_is_not_before_the_largest_time_less_grace";
    // The row at 100 belongs into [100, 110], which is the window of the row at 110.
    let records = |largest| vec![a("k", 110, 1), a("z", largest, 2), a("k", 100, 3)];
    let expected = [
        "0 k 100..110 {list:[1],n:1} @110",
        "1 z 105..115 {list:[2],n:1} @115",
        "2 k 100..110 {list:[1,3],n:2} @110",
        "2 k 101..111 {list:[1],n:1} @110",
    ];
    both(TEST, &windowed(SLIDING, 5, Emit::Updates, records(115)), &expected);
    // Too late for every window that it would be in, it begins none behind it either.
    let expected = ["0 k 100..110 {list:[1],n:1} @110", "1 z 106..116 {list:[2],n:1} @116"];
    both(TEST, &windowed(SLIDING, 5, Emit::Updates, records(116)), &expected);
}

#[test]
fn time_is_that_of_all_keys_together() {
    let records = vec![a("k", 1, 1), a("z", 10, 2), a("k", 9, 3)];
    let expected = ["0 k 0..10 {list:[1],n:1} @1", "1 z 10..20 {list:[2],n:1} @10"];
    both("time_is_that_of_all_keys_together", &windowed(TEN, 0, Emit::Updates, records), &expected);
}

#[test]
fn a_row_without_a_key_is_dropped_and_one_without_a_value_is_counted() {
    const TEST: &str = "a_row_without_a_key_is_dropped_and_one_without_a_value_is_counted";
    let records = vec![keyless("a", 1, 1), valueless("a", "k", 2), a("k", 3, 4)];
    let expected = ["1 k 0..10 {list:[],n:1} @2", "2 k 0..10 {list:[4],n:2} @3"];
    both(TEST, &windowed(TEN, 0, Emit::Updates, records.clone()), &expected);
    both(TEST, &windowed(hopping(10, 10), 0, Emit::Updates, records), &expected);
}

#[test]
fn a_join_includes_both_bounds_and_takes_the_later_time() {
    let records = vec![a("k", 100, 0), b("k", 94, 1), b("k", 95, 2), b("k", 110, 3), b("k", 111, 4), a("k", 115, 5)];
    let expected = [
        "2 null {left:{u:0},right:{u:2}} @100",
        "3 null {left:{u:0},right:{u:3}} @110",
        "5 null {left:{u:5},right:{u:3}} @115",
        "5 null {left:{u:5},right:{u:4}} @115",
    ];
    both("a_join_includes_both_bounds_and_takes_the_later_time", &streams("inner", [5, 10, 100], records), &expected);
}

#[test]
fn a_row_without_a_partner_comes_strictly_after_its_bound_and_the_grace() {
    const TEST: &str = "a_row_without_a_partner_comes_strictly_after_its_bound_and_the_grace";
    // A left row waits for `after`, a right row for `before`.
    let lefts = vec![a("k", 0, 1), b("z", 15, 2), b("z", 16, 3)];
    for how in ["left", "full"] {
        both(TEST, &streams(how, [0, 10, 5], lefts.clone()), &["2 null {left:{u:1},right:null} @0"]);
    }
    let rights = vec![b("k", 0, 1), a("z", 15, 2), a("z", 16, 3)];
    both(TEST, &streams("right", [10, 0, 5], rights.clone()), &["2 null {left:null,right:{u:1}} @0"]);
    both(TEST, &streams("inner", [10, 0, 5], rights), &[]);
}

#[test]
fn a_partner_in_the_last_moment_still_matches() {
    let records = vec![a("k", 0, 1), b("z", 15, 2), b("k", 10, 3), b("z", 30, 4)];
    let question = streams("left", [10, 10, 5], records);
    both("a_partner_in_the_last_moment_still_matches", &question, &["2 null {left:{u:1},right:{u:3}} @10"]);
}

#[test]
fn a_row_without_a_join_key_is_padded_at_once_by_a_side_that_is_kept() {
    const TEST: &str = "a_row_without_a_join_key_is_padded_at_once_by_a_side_that_is_kept";
    let records = vec![keyless("a", 50, 1), keyless("b", 50, 2)];
    let (left, right) = ("0 null {left:{u:1},right:null} @50", "1 null {left:null,right:{u:2}} @50");
    both(TEST, &streams("inner", [0, 10, 5], records.clone()), &[]);
    both(TEST, &streams("left", [0, 10, 5], records.clone()), &[left]);
    both(TEST, &streams("right", [0, 10, 5], records.clone()), &[right]);
    both(TEST, &streams("full", [0, 10, 5], records), &[left, right]);
}

#[test]
fn a_stream_finds_the_version_of_its_own_time() {
    let records = vec![
        record("t", "k", 10, 1),
        a("k", 9, 2),
        a("k", 10, 3),
        record("t", "k", 20, 4),
        a("k", 19, 5),
        a("k", 20, 6),
        valueless("t", "k", 30),
        a("k", 29, 7),
        a("k", 30, 8),
        keyless("a", 30, 9),
    ];
    let expected = [
        "1 null {left:{u:2},right:null} @9",
        "2 null {left:{u:3},right:{u:1}} @10",
        "4 null {left:{u:5},right:{u:1}} @19",
        "5 null {left:{u:6},right:{u:4}} @20",
        "7 null {left:{u:7},right:{u:4}} @29",
        "8 null {left:{u:8},right:null} @30",
        "9 null {left:{u:9},right:null} @30",
    ];
    both("a_stream_finds_the_version_of_its_own_time", &looked_up("left", None, false, records), &expected);
}

#[test]
fn with_a_grace_a_row_waits_until_time_is_beyond_it_by_the_grace() {
    // The table's record at 3 comes after the row at 5, and in time for it.
    let records = vec![a("k", 5, 1), record("t", "k", 3, 2), a("z", 9, 3), a("z", 10, 4), a("k", 4, 5)];
    let expected = ["3 null {left:{u:1},right:{u:2}} @5", "4 null {left:{u:5},right:{u:2}} @4"];
    let question = looked_up("inner", Some(5), false, records);
    both("with_a_grace_a_row_waits_until_time_is_beyond_it_by_the_grace", &question, &expected);
}

#[test]
fn each_change_of_a_table_comes_out_at_the_later_time_and_what_goes_takes_its_results_along() {
    let records = vec![
        record("t", "k", 10, 1),
        record("s", "k", 5, 2),
        record("t", "k", 3, 3),
        valueless("s", "k", 20),
        valueless("t", "k", 15),
    ];
    let test = "each_change_of_a_table_comes_out_at_the_later_time_and_what_goes_takes_its_results_along";
    let expected = ["1 k {left:{u:1},right:{u:2}} @10", "2 k {left:{u:3},right:{u:2}} @5", "3 k - @20"];
    both(test, &tables("inner", false, records.clone()), &expected);
    let expected = [
        "0 k {left:{u:1},right:null} @10",
        "1 k {left:{u:1},right:{u:2}} @10",
        "2 k {left:{u:3},right:{u:2}} @5",
        "3 k {left:{u:3},right:null} @20",
        "4 k - @15",
    ];
    both(test, &tables("left", false, records.clone()), &expected);
    both(test, &tables("full", false, records), &expected);
}

#[test]
fn a_foreign_key_finds_its_row_and_one_that_is_null_finds_none() {
    let of = |key: &str, time_ms, f: serde_json::Value| Record::new("t", key, time_ms, json!({ "f": f }));
    let records = vec![
        record("s", "x", 1, 1),
        of("k", 2, json!("x")),
        of("l", 3, json!("x")),
        of("m", 4, json!(null)),
        of("l", 5, json!("y")),
        record("s", "y", 6, 2),
        valueless("s", "x", 7),
        valueless("t", "l", 8),
    ];
    let test = "a_foreign_key_finds_its_row_and_one_that_is_null_finds_none";
    let expected = [
        "1 k {left:{f:\"x\"},right:{u:1}} @2",
        "2 l {left:{f:\"x\"},right:{u:1}} @3",
        "4 l - @5",
        "5 l {left:{f:\"y\"},right:{u:2}} @6",
        "6 k - @7",
        "7 l - @8",
    ];
    both(test, &tables("inner", true, records.clone()), &expected);
    let expected = [
        "1 k {left:{f:\"x\"},right:{u:1}} @2",
        "2 l {left:{f:\"x\"},right:{u:1}} @3",
        "3 m {left:{f:null},right:null} @4",
        "4 l {left:{f:\"y\"},right:null} @5",
        "5 l {left:{f:\"y\"},right:{u:2}} @6",
        "6 k {left:{f:\"x\"},right:null} @7",
        "7 l - @8",
    ];
    both(test, &tables("left", true, records), &expected);
}

#[test]
fn a_row_that_changes_its_group_leaves_the_one_and_then_enters_the_other() {
    let of = |key: &str, time_ms, g: &str, u: i64| Record::new("t", key, time_ms, json!({ "g": g, "u": u }));
    let records = vec![
        of("k", 1, "a", 5),
        of("z", 3, "a", 7),
        of("z", 4, "b", 8),
        of("k", 2, "a", 6),
        valueless("t", "k", 9),
        of("k", 5, "a", 1),
    ];
    let expected = [
        "0 a {n:1,sum:5} @1",
        "1 a {n:2,sum:12} @3",
        "2 a {n:1,sum:5} @4",
        "2 b {n:1,sum:8} @4",
        // The last of its rows is another one now: the group goes on in its time.
        "3 a {n:1,sum:6} @4",
        "4 a - @9",
        "5 a {n:1,sum:1} @5",
    ];
    both("a_row_that_changes_its_group_leaves_the_one_and_then_enters_the_other", &grouped(true, records), &expected);
}
