use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::codec::{Fault, number_cell};
use crate::engine::trial::{Outcome, Row, Trial, column, int, minus, plus, text};

/// Rows of a group, a score and a name; the largest score is first.
fn spec(n: u32, table_input: bool) -> TopNSpec {
    TopNSpec { by: vec![column(0)], order: vec![(column(1), true)], n, columns: 3, table_input }
}

fn run(spec: &TopNSpec, given: &[Row]) -> Outcome {
    let make = || top_n(spec.clone());
    Trial { make: &make, inputs: vec![(3, spec.table_input)] }.run(given)
}

fn row(seq: u64, time_ms: i64, score: Cell<'static>, name: &str) -> Row {
    plus(0, seq, time_ms, vec![text("g"), score, text(name)])
}

fn goes(seq: u64, time_ms: i64, score: i64, name: &str) -> Row {
    minus(0, seq, time_ms, vec![text("g"), int(score), text(name)])
}

/// What came out, in short: `+seq@time rank name`.
fn told(outcome: &Outcome) -> Vec<String> {
    let short = |row: &Row| {
        let sign = if row.sign == Sign::Plus { '+' } else { '-' };
        format!("{sign}{}@{} {} {}", row.seq, row.time_ms, row.cells[3], row.cells[2])
    };
    outcome.rows.iter().map(short).collect()
}

#[test]
fn a_row_that_comes_moves_those_behind_it() {
    let given = [row(0, 10, int(5), "a"), row(1, 20, int(7), "b"), row(2, 5, int(6), "c"), row(3, 30, int(1), "d")];
    let expected = [
        "+0@10 1 a", //
        "-1@20 1 a",
        "+1@20 1 b",
        "+1@20 2 a", //
        "-2@5 2 a",  // at the later time of the change's and of the row's that has the rank now
        "+2@5 2 c",
    ];
    let outcome = run(&spec(2, false), &given);
    assert_eq!(told(&outcome), expected, "what is beyond the last rank changes nothing");
}

#[test]
fn the_row_that_came_first_is_ahead_of_its_equals_and_null_is_last() {
    let given = [
        row(0, 0, Cell::Null, "null"),
        row(1, 0, int(5), "a"),
        row(2, 0, number_cell("5.0"), "b"),
        row(3, 0, Cell::Missing, "missing"),
    ];
    let names = |descending| {
        let spec = TopNSpec { order: vec![(column(1), descending)], ..spec(4, false) };
        let mut ranks = BTreeMap::new();
        for row in run(&spec, &given).rows {
            match row.sign {
                Sign::Plus => ranks.insert(row.cells[3].to_string(), row.cells[2].to_string()),
                Sign::Minus => ranks.remove(&row.cells[3].to_string()),
            };
        }
        ranks.into_values().collect::<Vec<_>>()
    };
    assert_eq!(names(true), ["a", "b", "null", "missing"]);
    assert_eq!(names(false), ["a", "b", "null", "missing"]);
}

#[test]
fn a_row_of_a_table_that_goes_makes_room_for_the_next() {
    let given = [
        row(0, 0, int(9), "a"),
        row(1, 0, int(8), "b"),
        row(2, 7, int(7), "c"),
        goes(3, 5, 9, "a"),
        goes(4, 5, 8, "b"),
        goes(5, 5, 7, "c"),
    ];
    let expected = [
        "+0@0 1 a", "+1@0 2 b", //
        "-3@5 1 a", "+3@5 1 b", "-3@7 2 b", "+3@7 2 c", //
        "-4@7 1 b", "+4@7 1 c", "-4@7 2 c", //
        "-5@7 1 c",
    ];
    assert_eq!(told(&run(&spec(2, true), &given)), expected);
}

#[test]
fn a_change_of_a_tables_row_is_one_change_of_each_rank() {
    let given = [
        row(0, 0, int(9), "a"),
        row(1, 0, int(8), "b"),
        row(2, 0, int(7), "c"),
        goes(3, 5, 9, "a"),
        row(3, 5, int(6), "a"),
        goes(4, 6, 6, "a"),
        row(4, 6, int(5), "a"),
    ];
    let outcome = run(&spec(3, true), &given);
    let moved = ["-3@5 1 a", "+3@5 1 b", "-3@5 2 b", "+3@5 2 c", "-3@5 3 c", "+3@5 3 a"];
    assert_eq!(told(&outcome)[3..9], moved);
    assert_eq!(told(&outcome)[9..], ["-4@6 3 a", "+4@6 3 a"], "other values in the same place");
}

#[test]
fn a_row_without_a_place_is_dropped() {
    let given = [
        plus(0, 0, 0, vec![Cell::Null, int(1), text("a")]),
        row(1, 0, Cell::Failed(Fault::Overflow), "b"),
        row(2, 0, int(1), "c"),
    ];
    let outcome = run(&spec(2, false), &given);
    assert_eq!(told(&outcome), ["+2@0 1 c"]);
    assert_eq!(outcome.metrics.dropped, [(Dropped::NullKey, 1), (Dropped::FailedKey, 1)].into());
    assert_eq!(outcome.aside.len(), 1);
    assert_eq!(told(&run(&spec(0, false), &given)), [""; 0], "of none there is none");
}

#[test]
fn all_rows_are_one_group_if_nothing_is_said() {
    let spec = TopNSpec { by: Vec::new(), ..spec(1, false) };
    let given = [row(0, 0, int(1), "a"), plus(0, 1, 0, vec![text("other"), int(2), text("b")])];
    assert_eq!(told(&run(&spec, &given)), ["+0@0 1 a", "-1@0 1 a", "+1@0 1 b"]);
}

#[test]
fn of_a_stream_only_what_is_ranked_is_kept() {
    let make = || top_n(spec(3, false));
    let trial = Trial { make: &make, inputs: vec![(3, false)] };
    let mut operator = make();
    for step in 0..20_u64 {
        let rows: Vec<Row> =
            (step * 1_000..(step + 1) * 1_000).map(|seq| row(seq, 0, int(seq as i64 % 977), "name")).collect();
        trial.step(operator.as_mut(), &rows);
    }
    assert!(operator.metrics().state_bytes < 2_000, "{} bytes", operator.metrics().state_bytes);
}

/// The first rows of each group, by sorting all.
fn sorted(rows: &[Row], n: usize) -> BTreeMap<(String, i64), Vec<Cell<'static>>> {
    let mut groups: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(row.cells[0].to_string()).or_default().push(row);
    }
    let mut ranks = BTreeMap::new();
    for (group, mut rows) in groups {
        // Largest score first, null behind all, then smallest name; the sort keeps equals as they came.
        rows.sort_by_key(|row| match (&row.cells[1], &row.cells[2]) {
            (Cell::Int(score), name) => (0, -score, name.to_string()),
            (_, name) => (1, 0, name.to_string()),
        });
        for (rank, row) in (1..).zip(rows.into_iter().take(n)) {
            ranks.insert((group.clone(), rank), row.cells.clone());
        }
    }
    ranks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_ranks_are_those_of_all_rows_sorted(
        steps in prop::collection::vec((0..3_i64, 0..6_i64, 0..3_i64, 0..50_i64, 0..30_usize, 0..4_u8), 0..60),
        n in 1..5_u32,
        table_input: bool,
        cuts in prop::collection::vec(0..100_usize, 0..4),
    ) {
        let new = |group: i64, score: i64, name: i64| {
            let score = if score == 0 { Cell::Null } else { int(score) };
            vec![int(group), score, int(name)]
        };
        let mut rows: Vec<Row> = Vec::new();
        let mut given: Vec<Row> = Vec::new();
        let mut states: Vec<Vec<Row>> = Vec::new();
        for (seq, (group, score, name, time_ms, at, what)) in steps.into_iter().enumerate() {
            let seq = seq as u64;
            if table_input && what < 3 && !rows.is_empty() {
                // Of several equal rows the one that came first goes.
                let old = rows[at % rows.len()].cells.clone();
                let first = rows.iter().position(|row| row.cells == old).expect("it is there");
                rows.remove(first);
                given.push(minus(0, seq, time_ms, old));
            }
            if what > 0 || !table_input {
                let row = plus(0, seq, time_ms, new(group, score, name));
                rows.push(row.clone());
                given.push(row);
            }
            states.push(rows.clone());
        }
        let order = vec![(column(1), true), (column(2), false)];
        let spec = TopNSpec { order, ..spec(n, table_input) };
        let make = || top_n(spec.clone());
        let outcome = Trial { make: &make, inputs: vec![(3, table_input)] }.run_cut(&given, &cuts);
        let mut told = outcome.rows.iter().peekable();
        let mut ranks: BTreeMap<(String, i64), Vec<Cell<'static>>> = BTreeMap::new();
        for (seq, rows) in states.iter().enumerate() {
            let mut changed: Vec<(String, i64, Sign)> = Vec::new();
            while let Some(change) = told.next_if(|change| change.seq == seq as u64) {
                let Cell::Int(rank) = change.cells[3] else { panic!("a rank") };
                let id = (change.cells[0].to_string(), rank);
                changed.push((id.0.clone(), id.1, change.sign));
                match change.sign {
                    Sign::Minus => prop_assert_eq!(ranks.remove(&id), Some(change.cells[..3].to_vec())),
                    Sign::Plus => prop_assert_eq!(ranks.insert(id, change.cells[..3].to_vec()), None),
                }
            }
            let changes = changed.len();
            changed.sort_by_key(|(group, rank, sign)| (group.clone(), *rank, *sign == Sign::Plus));
            changed.dedup();
            prop_assert_eq!(changed.len(), changes, "one change of a rank at a time");
            prop_assert_eq!(&ranks, &sorted(rows, n as usize));
        }
    }
}
