use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::codec::{Cell, Fault};
use crate::engine::trial::{Outcome, Row, Trial, cancelled_after, column, int, minus, plus, text};

const LEFT: usize = 0;
const RIGHT: usize = 1;
const NULL: Cell<'static> = Cell::Null;

/// Rows of an identity, what they are joined on, and a word.
fn spec(how: JoinHow) -> TableJoinSpec {
    TableJoinSpec {
        how,
        left_on: vec![column(1)],
        right_on: vec![column(1)],
        left_id: vec![0],
        right_id: vec![0],
        left_columns: 3,
        right_columns: 3,
    }
}

fn run(how: JoinHow, given: &[Row]) -> Outcome {
    let make = || join_tables(spec(how));
    Trial { make: &make, inputs: vec![(3, true), (3, true)] }.run(given)
}

fn comes(side: usize, seq: u64, time_ms: i64, [id, on, word]: [&str; 3]) -> Row {
    plus(side, seq, time_ms, vec![text(id), text(on), text(word)])
}

fn goes(side: usize, seq: u64, time_ms: i64, [id, on, word]: [&str; 3]) -> Row {
    minus(side, seq, time_ms, vec![text(id), text(on), text(word)])
}

/// What came out, in short: `+seq@time left word/right word`, `-` for a side without a row.
fn told(outcome: &Outcome) -> Vec<String> {
    let word =
        |row: &Row, at: usize| if row.cells[at - 2].is_null() { "-".to_owned() } else { row.cells[at].to_string() };
    let short = |row: &Row| {
        let sign = if row.sign == Sign::Plus { '+' } else { '-' };
        format!("{sign}{}@{} {}/{}", row.seq, row.time_ms, word(row, 2), word(row, 5))
    };
    outcome.rows.iter().map(short).collect()
}

#[test]
fn a_change_of_either_table_changes_the_join_at_once() {
    let given = [
        comes(LEFT, 0, 10, ["l", "k", "a"]),
        comes(RIGHT, 1, 5, ["r", "k", "x"]),
        goes(LEFT, 2, 7, ["l", "k", "a"]),
        comes(LEFT, 2, 7, ["l", "k", "b"]),
        goes(RIGHT, 3, 20, ["r", "k", "x"]),
        comes(RIGHT, 3, 20, ["r", "k", "y"]),
        goes(RIGHT, 4, 6, ["r", "k", "y"]),
    ];
    // The time is the later one of the change's and of the other side's row, whatever the row was before.
    let expected = ["+1@10 a/x", "-2@7 a/x", "+2@7 b/x", "-3@20 b/x", "+3@20 b/y", "-4@7 b/y"];
    assert_eq!(told(&run(JoinHow::Inner, &given)), expected);
}

#[test]
fn a_row_without_partner_gives_way_to_its_match_and_comes_back() {
    let given = [
        comes(LEFT, 0, 10, ["l", "k", "a"]),
        comes(RIGHT, 1, 5, ["r", "k", "x"]),
        goes(RIGHT, 2, 6, ["r", "k", "x"]),
        goes(LEFT, 3, 7, ["l", "k", "a"]),
    ];
    let left = ["+0@10 a/-", "-1@10 a/-", "+1@10 a/x", "-2@10 a/x", "+2@10 a/-", "-3@7 a/-"];
    assert_eq!(told(&run(JoinHow::Left, &given)), left);
    assert_eq!(told(&run(JoinHow::Full, &given)), left);
    assert_eq!(told(&run(JoinHow::Right, &given)), ["+1@10 a/x", "-2@10 a/x"]);
}

#[test]
fn an_update_shows_no_row_without_partner_in_between() {
    let given = [
        comes(LEFT, 0, 0, ["l", "k", "a"]),
        comes(RIGHT, 1, 1, ["r", "k", "x"]),
        goes(LEFT, 2, 2, ["l", "k", "a"]),
        comes(LEFT, 2, 2, ["l", "k", "b"]),
    ];
    assert_eq!(told(&run(JoinHow::Full, &given))[3..], ["-2@2 a/x", "+2@2 b/x"]);
}

#[test]
fn a_foreign_key_that_changes_takes_one_partner_for_another() {
    let given = [
        comes(RIGHT, 0, 1, ["r1", "k1", "x"]),
        comes(RIGHT, 1, 9, ["r2", "k2", "y"]),
        comes(LEFT, 2, 2, ["l", "k1", "a"]),
        goes(LEFT, 3, 3, ["l", "k1", "a"]),
        comes(LEFT, 3, 3, ["l", "k2", "a"]),
        goes(LEFT, 4, 4, ["l", "k2", "a"]),
        comes(LEFT, 4, 4, ["l", "k3", "a"]),
    ];
    let pair = ["+2@2 a/x", "-3@9 a/x", "+3@9 a/y"];
    assert_eq!(told(&run(JoinHow::Inner, &given)), [&pair[..], &["-4@9 a/y"]].concat());
    assert_eq!(told(&run(JoinHow::Left, &given)), [&pair[..], &["-4@4 a/y", "+4@4 a/-"]].concat());
    let full = [
        "+0@1 -/x", "+1@9 -/y", "-2@2 -/x", "+2@2 a/x", // meets x
        "-3@3 a/x", "+3@3 -/x", "-3@9 -/y", "+3@9 a/y", // leaves it alone for y
        "-4@9 a/y", "+4@9 -/y", "+4@4 a/-",
    ];
    assert_eq!(told(&run(JoinHow::Full, &given)), full);
}

#[test]
fn many_rows_meet_many() {
    let given = [
        comes(LEFT, 0, 0, ["l1", "k", "a"]),
        comes(LEFT, 1, 0, ["l2", "k", "b"]),
        comes(RIGHT, 2, 0, ["r1", "k", "x"]),
        comes(RIGHT, 3, 0, ["r2", "k", "y"]),
        goes(LEFT, 4, 0, ["l1", "k", "a"]),
    ];
    let expected = ["+2@0 a/x", "+2@0 b/x", "+3@0 a/y", "+3@0 b/y", "-4@0 a/x", "-4@0 a/y"];
    assert_eq!(told(&run(JoinHow::Inner, &given)), expected);
}

#[test]
fn null_is_joined_with_nothing() {
    let null = |side, seq| plus(side, seq, 0, vec![text("id"), NULL, text("a")]);
    let given = [null(LEFT, 0), null(RIGHT, 1)];
    let outcome = run(JoinHow::Inner, &given);
    assert_eq!(told(&outcome), [""; 0]);
    assert_eq!(outcome.metrics.dropped[&Dropped::NullKey], 2);
    assert_eq!(told(&run(JoinHow::Full, &given)), ["+0@0 a/-", "+1@0 -/a"]);
    // A row that had a partner leaves it when its key becomes null.
    let given = [
        comes(LEFT, 0, 0, ["l", "k", "a"]),
        comes(RIGHT, 1, 0, ["r", "k", "x"]),
        goes(RIGHT, 2, 0, ["r", "k", "x"]),
        plus(RIGHT, 2, 0, vec![text("r"), NULL, text("x")]),
    ];
    assert_eq!(told(&run(JoinHow::Left, &given))[2..], ["+1@0 a/x", "-2@0 a/x", "+2@0 a/-"]);
}

#[test]
fn a_row_whose_key_can_not_be_told_is_set_aside() {
    let failed = plus(LEFT, 1, 3, vec![text("l"), Cell::Failed(Fault::Overflow), text("b")]);
    let given = [comes(LEFT, 0, 0, ["l", "k", "a"]), goes(LEFT, 1, 3, ["l", "k", "a"]), failed];
    let outcome = run(JoinHow::Left, &given);
    assert_eq!(told(&outcome), ["+0@0 a/-", "-1@3 a/-"]);
    assert_eq!(outcome.metrics.dropped[&Dropped::FailedKey], 1);
    assert_eq!(outcome.aside.len(), 1);
}

#[test]
fn numbers_are_joined_by_worth() {
    let row = |side, seq, on| plus(side, seq, 0, vec![text("id"), on, text("a")]);
    let given = [row(LEFT, 0, int(5)), row(RIGHT, 1, crate::codec::number_cell("5.0"))];
    assert_eq!(run(JoinHow::Inner, &given).rows.len(), 1);
}

#[test]
fn a_row_with_a_million_partners_gives_its_changes_in_batches() {
    let make = || join_tables(spec(JoinHow::Inner));
    let trial = Trial { make: &make, inputs: vec![(3, true), (3, true)] };
    let mut operator = make();
    let lefts: Vec<Row> = (0..300_000).map(|seq| comes(LEFT, seq, 0, [&format!("{seq}"), "hot", "a"])).collect();
    assert!(trial.step(operator.as_mut(), &lefts).is_empty());
    let right = [comes(RIGHT, 300_000, 0, ["r", "hot", "x"])];
    let (given, largest) = cancelled_after(operator.as_mut(), trial.batches(&right), 100_000);
    assert!(given < 200_000 && largest <= (1 << 16) + 1, "{given} rows, at most {largest} at a time");
}

#[test]
fn rows_that_come_and_go_leave_nothing() {
    let make = || join_tables(spec(JoinHow::Full));
    let trial = Trial { make: &make, inputs: vec![(3, true), (3, true)] };
    let mut operator = make();
    let mut sizes = Vec::new();
    for step in 0..50_u64 {
        let rows: Vec<Row> = (step * 1_000..(step + 1) * 1_000)
            .flat_map(|seq| {
                let row = [&*format!("{seq}"), &*format!("{}", seq / 3), "a"];
                [
                    comes(LEFT, seq * 2, 0, row),
                    comes(RIGHT, seq * 2, 0, row),
                    goes(LEFT, seq * 2 + 1, 0, row),
                    goes(RIGHT, seq * 2 + 1, 0, row),
                ]
            })
            .collect();
        trial.step(operator.as_mut(), &rows);
        sizes.push(operator.metrics().state_bytes);
    }
    assert!(sizes.iter().all(|size| *size < 60_000), "{sizes:?}");
}

/// The rows of a table, each with its identity and time.
type Table = BTreeMap<i64, (i64, Vec<Cell<'static>>)>;

/// The join of two tables as they stand: for the identities of the halves the row.
fn joined(how: JoinHow, left: &Table, right: &Table) -> BTreeMap<[Option<i64>; 2], Vec<Cell<'static>>> {
    let mut rows = BTreeMap::new();
    let nulls = || vec![NULL; 3];
    let meet = |a: &[Cell<'static>], b: &[Cell<'static>]| !a[1].is_null() && a[1] == b[1];
    for (l, (_, a)) in left {
        for (r, (_, b)) in right.iter().filter(|(_, (_, b))| meet(a, b)) {
            rows.insert([Some(*l), Some(*r)], [a.clone(), b.clone()].concat());
        }
        if how.keeps_left() && !right.values().any(|(_, b)| meet(a, b)) {
            rows.insert([Some(*l), None], [a.clone(), nulls()].concat());
        }
    }
    for (r, (_, b)) in right {
        if how.keeps_right() && !left.values().any(|(_, a)| meet(a, b)) {
            rows.insert([None, Some(*r)], [nulls(), b.clone()].concat());
        }
    }
    rows
}

/// A random history of two tables: inserts, updates, deletes, each with a time; what they are joined on may be null.
fn changes(steps: &[(usize, i64, i64, i64, bool)]) -> Vec<Row> {
    let mut tables = [Table::new(), Table::new()];
    let mut given = Vec::new();
    for (index, &(side, id, on, time_ms, stays)) in steps.iter().enumerate() {
        let (seq, table) = (index as u64, &mut tables[side]);
        if let Some((_, old)) = table.remove(&id) {
            given.push(minus(side, seq, time_ms, old));
        }
        if stays {
            let row = vec![int(id), if on == 0 { NULL } else { int(on) }, int(index as i64 / 2)];
            table.insert(id, (time_ms, row.clone()));
            given.push(plus(side, seq, time_ms, row));
        }
    }
    given
}

fn any_how() -> impl Strategy<Value = JoinHow> {
    prop_oneof![Just(JoinHow::Inner), Just(JoinHow::Left), Just(JoinHow::Right), Just(JoinHow::Full)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_join_is_at_any_moment_that_of_the_tables_as_they_stand(
        how in any_how(),
        steps in prop::collection::vec((0..2_usize, 0..6_i64, 0..4_i64, 0..50_i64, prop::bool::weighted(0.75)), 0..80),
        cuts in prop::collection::vec(0..150_usize, 0..4),
    ) {
        let given = changes(&steps);
        let make = || join_tables(spec(how));
        let outcome = Trial { make: &make, inputs: vec![(3, true), (3, true)] }.run_cut(&given, &cuts);
        let mut tables = [Table::new(), Table::new()];
        let mut told = outcome.rows.iter().peekable();
        let mut before = joined(how, &tables[0], &tables[1]);
        for event in given.chunk_by(|a, b| a.seq == b.seq) {
            let (side, time_ms) = (event[0].input, event[0].time_ms);
            for row in event {
                let Cell::Int(id) = row.cells[0] else { panic!("an identity") };
                match row.sign {
                    Sign::Minus => tables[side].remove(&id),
                    Sign::Plus => tables[side].insert(id, (time_ms, row.cells.clone())),
                };
            }
            let after = joined(how, &tables[0], &tables[1]);
            // What was told of this event, by identity: at most one row that goes and one that comes.
            let mut changes: BTreeMap<[Option<i64>; 2], [Option<Row>; 2]> = BTreeMap::new();
            while let Some(row) = told.next_if(|row| row.seq == event[0].seq) {
                let half = |at: usize| if let Cell::Int(id) = row.cells[at] { Some(id) } else { None };
                let change = &mut changes.entry([half(0), half(3)]).or_default()[usize::from(row.sign == Sign::Plus)];
                prop_assert!(change.is_none(), "one change of a row at a time");
                *change = Some(row.clone());
            }
            let mut expected: BTreeMap<[Option<i64>; 2], [Option<Vec<Cell<'static>>>; 2]> = BTreeMap::new();
            for id in before.keys().chain(after.keys()) {
                if before.get(id) != after.get(id) {
                    expected.insert(*id, [before.get(id).cloned(), after.get(id).cloned()]);
                }
            }
            let cells = |change: &Option<Row>| change.as_ref().map(|row| row.cells.clone());
            let as_told: BTreeMap<_, _> = changes.iter().map(|(id, [a, b])| (*id, [cells(a), cells(b)])).collect();
            prop_assert_eq!(&as_told, &expected);
            let keeps_other = if side == LEFT { how.keeps_right() } else { how.keeps_left() };
            for (id, rows) in &changes {
                let partner = id[1 - side].and_then(|id| tables[1 - side].get(&id)).map_or(time_ms, |(time_ms, _)| *time_ms);
                for row in rows.iter().flatten() {
                    let goes_for_another = changes.len() == 2 && !keeps_other && row.sign == Sign::Minus;
                    prop_assert!(goes_for_another || row.time_ms == time_ms.max(partner));
                }
            }
            before = after;
        }
        prop_assert_eq!(told.next(), None);
    }

    #[test]
    fn a_change_in_place_is_a_pair(
        steps in prop::collection::vec((0..2_usize, 0..6_i64, 0..4_i64, 0..50_i64, prop::bool::weighted(0.9)), 0..80),
    ) {
        let given = changes(&steps);
        let outcome = run(JoinHow::Left, &given);
        // Seen by the left identity alone, a row that goes is directly followed by what takes its place, if anything
        // does and it was the only one.
        for event in outcome.rows.chunk_by(|a, b| a.seq == b.seq) {
            if let [one, other] = event && one.cells[0] == other.cells[0] && one.sign != other.sign {
                prop_assert_eq!((one.sign, other.sign), (Sign::Minus, Sign::Plus));
                prop_assert_eq!(one.time_ms, other.time_ms);
            }
        }
    }
}
