//! Flink SQL as it is: the facts that the notes on its dialect are made from, asked of the real thing.
//!
//! Each test's name is the rule. Results that only the end of all input brings out (windows that were open) have no
//! input that caused them.

use fabula_tests::oracle::flink::{Answer, Case, Change, Changelog, Column, Input, Table, ask, attempt};
use serde_json::{Value, json};

/// Ends the test where Flink cannot be had.
macro_rules! answer {
    ($test:expr, $case:expr) => {
        match ask($test, &$case) {
            Some(answer) => answer,
            None => return,
        }
    };
}

/// The watermark that stands for a grace of 5 s.
const FIVE_SECONDS: &str = "ts - INTERVAL '5.001' SECOND";

/// A table of `k`, `x` and `ts`.
fn table(name: &str, watermark: &str) -> Table {
    Table::new(name, &["k STRING", "x BIGINT", "ts TIMESTAMP_LTZ(3)"], Some(watermark))
}

/// A table that is updated by its key.
fn upserted(name: &str) -> Table {
    Table { changelog: Changelog::Upsert, primary_key: vec!["k".to_owned()], ..table(name, "ts") }
}

fn row(table: &str, k: impl Into<Value>, x: i64, time_ms: i64) -> Input {
    Input::row(table, [k.into(), x.into(), time_ms.into()])
}

/// Rows counted in windows of table `a`, such as `TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND)`.
fn windows(windows: &str) -> String {
    format!(
        "SELECT k, window_start, window_end, COUNT(*) AS n FROM TABLE({windows}) GROUP BY k, window_start, window_end"
    )
}

fn tumbling() -> String {
    windows("TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND)")
}

/// `a` joined with those rows of `b` that come up to 10 ms later.
fn joined(how: &str) -> String {
    format!(
        "SELECT a.k, a.x AS ax, b.x AS bx FROM a {how} JOIN b \
         ON a.k = b.k AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '0.010' SECOND"
    )
}

/// A new row and its cause.
fn new(by: impl Into<Option<usize>>, cells: Value) -> Change {
    change("+I", by, cells)
}

fn change(kind: &str, by: impl Into<Option<usize>>, cells: Value) -> Change {
    Change(kind.to_owned(), cells.as_array().expect("cells").clone(), by.into())
}

fn changes(answer: &Answer) -> &[Change] {
    &answer.changelog
}

#[test]
fn a_delay_of_a_grace_and_a_millisecond_is_that_grace() {
    let input = vec![
        row("a", "k", 1, 14_999),
        row("a", "k", 2, 5000),
        row("a", "k", 3, 15_000),
        row("a", "k", 4, 5001),
        row("a", "z", 5, 90_000),
    ];
    let case = Case::new(&[table("a", FIVE_SECONDS)], &tumbling(), input);
    let answer = answer!("a_delay_of_a_grace_and_a_millisecond_is_that_grace", case);
    let expected = [
        new(2, json!(["k", 0, 10_000, 1])),
        new(4, json!(["k", 10_000, 20_000, 2])),
        new(None, json!(["z", 90_000, 100_000, 1])),
    ];
    assert_eq!(changes(&answer), expected);
}

#[test]
fn a_delay_of_just_the_grace_closes_a_window_one_millisecond_early() {
    let input = vec![row("a", "k", 1, 14_999), row("a", "k", 2, 5000)];
    let case = Case::new(&[table("a", "ts - INTERVAL '5' SECOND")], &tumbling(), input);
    let answer = answer!("a_delay_of_just_the_grace_closes_a_window_one_millisecond_early", case);
    assert_eq!(changes(&answer), [new(None, json!(["k", 10_000, 20_000, 1]))]);
}

#[test]
fn a_session_takes_rows_at_the_distance_of_its_gap_and_ends_a_gap_after_the_last() {
    let query = windows("SESSION(TABLE a PARTITION BY k, DESCRIPTOR(ts), INTERVAL '1' SECOND)");
    let input = vec![row("a", "k", 1, 1000), row("a", "k", 2, 2000), row("a", "k", 3, 90_000)];
    let case = Case::new(&[table("a", FIVE_SECONDS)], &query, input);
    let answer = answer!("a_session_takes_rows_at_the_distance_of_its_gap_and_ends_a_gap_after_the_last", case);
    assert_eq!(changes(&answer)[0], new(2, json!(["k", 1000, 3000, 2])));
}

#[test]
fn hops_begin_before_the_epoch_too() {
    let query = windows("HOP(TABLE a, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)");
    let case = Case::new(&[table("a", FIVE_SECONDS)], &query, vec![row("a", "k", 1, 3000)]);
    let answer = answer!("hops_begin_before_the_epoch_too", case);
    assert_eq!(
        answer.rows,
        [[json!("k"), json!(-5000), json!(5000), json!(1)], [json!("k"), json!(0), json!(10_000), json!(1)]]
    );
}

#[test]
fn an_advance_that_does_not_divide_the_size_is_refused() {
    let query = windows("HOP(TABLE a, DESCRIPTOR(ts), INTERVAL '4' SECOND, INTERVAL '10' SECOND)");
    let case = Case::new(&[table("a", FIVE_SECONDS)], &query, vec![]);
    let Some(answer) = attempt("an_advance_that_does_not_divide_the_size_is_refused", &case) else { return };
    let error = answer.error.expect("it cannot be planned");
    assert!(error.contains("size must be an integral multiple of slide"), "{error}");
}

#[test]
fn windows_of_a_local_time_are_aligned_to_the_zone_of_the_session() {
    // 22:13 in Greenwich is the next day in Kathmandu.
    let query = windows("TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '1' DAY)");
    let mut case = Case::new(&[table("a", FIVE_SECONDS)], &query, vec![row("a", "k", 1, 80_000_000)]);
    for (zone, day) in [("UTC", 0), ("Asia/Kathmandu", 86_400_000)] {
        case.config.insert("table.local-time-zone".to_owned(), zone.to_owned());
        let answer = answer!("windows_of_a_local_time_are_aligned_to_the_zone_of_the_session", case);
        assert_eq!(answer.rows[0][1], json!(day), "{zone}");
    }
}

#[test]
fn rows_without_a_key_are_a_group() {
    let input = vec![row("a", Value::Null, 1, 1000), row("a", Value::Null, 2, 2000)];
    let case = Case::new(&[table("a", FIVE_SECONDS)], &tumbling(), input);
    let answer = answer!("rows_without_a_key_are_a_group", case);
    assert_eq!(changes(&answer), [new(None, json!([null, 0, 10_000, 2]))]);
}

#[test]
fn an_unmatched_row_comes_when_the_watermark_is_beyond_its_bound() {
    // So in a join a delay of d is a grace of d, where in a window it is one of d - 1 ms.
    for (delay, at) in [("0.005", 16), ("0.006", 17)] {
        let both = |time_ms| [row("a", "z", 9, time_ms), row("b", "y", 9, time_ms)];
        let input: Vec<Input> =
            [row("a", "k", 1, 1000)].into_iter().chain((10..20).flat_map(|after| both(1000 + after))).collect();
        let watermark = format!("ts - INTERVAL '{delay}' SECOND");
        let tables = [table("a", &watermark), table("b", &watermark)];
        let case = Case::new(&tables, &joined("LEFT"), input);
        let answer = answer!("an_unmatched_row_comes_when_the_watermark_is_beyond_its_bound", case);
        // Both sides have to move the watermark: the second of each pair does.
        let by = 2 * (at - 10) + 2;
        assert_eq!(changes(&answer)[0], new(by, json!(["k", 1, null])), "{delay}");
    }
}

#[test]
fn a_row_that_is_late_to_a_join_is_padded_at_once() {
    let input = vec![row("a", "z", 9, 2000), row("b", "y", 9, 2000), row("a", "k", 1, 1000), row("b", "k", 2, 1005)];
    let tables = [table("a", "ts"), table("b", "ts")];
    let answer = answer!("a_row_that_is_late_to_a_join_is_padded_at_once", Case::new(&tables, &joined("LEFT"), input));
    assert_eq!(changes(&answer)[0], new(2, json!(["k", 1, null])));
    assert!(!changes(&answer).contains(&new(3, json!(["k", 1, 2]))), "{:?}", changes(&answer));
}

#[test]
fn a_join_includes_both_bounds_and_matches_at_once() {
    let input = vec![
        row("a", "k", 1, 1000),
        row("b", "k", 2, 999),
        row("b", "k", 3, 1000),
        row("b", "k", 4, 1010),
        row("b", "k", 5, 1011),
    ];
    let tables = [table("a", FIVE_SECONDS), table("b", FIVE_SECONDS)];
    let answer =
        answer!("a_join_includes_both_bounds_and_matches_at_once", Case::new(&tables, &joined("INNER"), input));
    assert_eq!(changes(&answer), [new(2, json!(["k", 1, 3])), new(3, json!(["k", 1, 4]))]);
}

#[test]
fn a_look_up_is_as_of_the_rows_time_and_waits_for_the_watermark_of_both_sides() {
    let query = "SELECT a.k, a.x, t.x AS tx FROM a LEFT JOIN t FOR SYSTEM_TIME AS OF a.ts ON a.k = t.k";
    let input = vec![
        row("t", "k", 1, 0),
        row("t", "k", 2, 10),
        row("a", "k", 7, 5),
        row("a", "k", 8, 50),
        row("t", "k", 9, 40),
        row("t", "z", 0, 50),
    ];
    let case = Case::new(&[table("a", "ts"), upserted("t")], query, input);
    let answer = answer!("a_look_up_is_as_of_the_rows_time_and_waits_for_the_watermark_of_both_sides", case);
    assert_eq!(changes(&answer), [new(2, json!(["k", 7, 1])), new(5, json!(["k", 8, 9]))]);
}

#[test]
fn an_aggregation_of_a_table_takes_the_old_row_back_first() {
    let query = "SELECT x, COUNT(*) AS n FROM t GROUP BY x";
    let input = vec![
        row("t", "k", 1, 0),
        row("t", "z", 1, 1),
        row("t", "k", 2, 10),
        Input::change("t", "-D", [json!("z"), json!(1), json!(20)]),
    ];
    let answer =
        answer!("an_aggregation_of_a_table_takes_the_old_row_back_first", Case::new(&[upserted("t")], query, input));
    let expected = [
        new(0, json!([1, 1])),
        change("-U", 1, json!([1, 1])),
        change("+U", 1, json!([1, 2])),
        change("-U", 2, json!([1, 2])),
        change("+U", 2, json!([1, 1])),
        new(2, json!([2, 1])),
        change("-D", 3, json!([1, 1])),
    ];
    assert_eq!(changes(&answer), expected);
    assert_eq!(answer.rows, [[json!(2), json!(1)]]);
}

#[test]
fn the_largest_of_a_table_falls_back_to_the_next() {
    let input = vec![row("t", "a", 5, 1), row("t", "b", 7, 2), row("t", "b", 3, 3)];
    let case = Case::new(&[upserted("t")], "SELECT MAX(x) FROM t", input);
    let answer = answer!("the_largest_of_a_table_falls_back_to_the_next", case);
    assert_eq!(answer.rows, [[json!(5)]]);
}

#[test]
fn a_case_may_give_the_watermarks_itself() {
    let input = vec![
        row("a", "k", 1, 14_999),
        Input::watermark("a", 9998),
        row("a", "k", 2, 5000),
        Input::watermark("a", 9999),
        row("a", "k", 4, 5001),
    ];
    let case = Case::new(&[table("a", "SOURCE_WATERMARK()")], &tumbling(), input);
    let answer = answer!("a_case_may_give_the_watermarks_itself", case);
    assert_eq!(changes(&answer), [new(3, json!(["k", 0, 10_000, 1])), new(None, json!(["k", 10_000, 20_000, 1]))]);
}

#[test]
fn a_table_may_be_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("rows.json");
    let rows: String = (0..30).map(|at| format!("{{\"k\": \"k\", \"time_ms\": {}}}\n", at * 1000)).collect();
    std::fs::write(&file, rows).expect("the rows can be written");
    let mut table = Table::new("a", &["k STRING", "time_ms BIGINT"], Some(FIVE_SECONDS));
    table.columns.push(Column::computed("ts", "TO_TIMESTAMP_LTZ(time_ms, 3)"));
    table.path = Some(file.to_str().expect("a temporary folder has a plain name").to_owned());
    let answer = answer!("a_table_may_be_a_file", Case::new(&[table], &tumbling(), vec![]));
    let expected = [0, 10_000, 20_000].map(|start| json!(["k", start, start + 10_000, 10]));
    assert_eq!(answer.rows.into_iter().map(Value::Array).collect::<Vec<_>>(), expected);
}

#[test]
fn a_case_has_the_same_answer_each_time() {
    let input: Vec<Input> = (0..100)
        .map(|at: i64| {
            row(if at % 2 == 0 { "a" } else { "b" }, ["k", "z"][at as usize / 2 % 2], at, 1000 + at * 7 % 40)
        })
        .collect();
    let tables = [table("a", "ts - INTERVAL '0.006' SECOND"), table("b", "ts - INTERVAL '0.006' SECOND")];
    let case = Case::new(&tables, &joined("LEFT"), input);
    let first = answer!("a_case_has_the_same_answer_each_time", case);
    assert!(first.changelog.len() > 100, "{}", first.changelog.len());
    for _ in 0..10 {
        let again = answer!("a_case_has_the_same_answer_each_time", case);
        assert_eq!(again.changelog, first.changelog);
    }
}

#[test]
fn what_cannot_be_asked_is_answered_with_the_reason() {
    let Some(answer) =
        attempt("what_cannot_be_asked_is_answered_with_the_reason", &Case::new(&[], "SELECT nothing", vec![]))
    else {
        return;
    };
    assert_eq!(answer.error.as_deref(), Some("Column 'nothing' not found in any table"));
    let case = Case::new(&[table("a", "ts")], "SELECT 1 / (x - x) FROM a", vec![row("a", "k", 1, 5)]);
    let answer = attempt("what_cannot_be_asked_is_answered_with_the_reason", &case).expect("it was here before");
    assert_eq!(answer.error.as_deref(), Some("/ by zero"));
}
