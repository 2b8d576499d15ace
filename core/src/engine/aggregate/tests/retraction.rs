//! Aggregates of a table: what is taken away leaves what the rest comes to.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::model::{CALLS, alike, result};
use super::*;
use crate::codec::{Fault, number_cell};
use crate::engine::Dropped;

fn of_table(by: &[&'static str], select: &[&str]) -> AggregateSpec {
    AggregateSpec { table_input: true, ..spec_by(by, None, 0, Emit::Updates, select) }
}

fn change(seq: u64, time_ms: i64, sign: Sign, key: &'static str, value: i64) -> Row {
    Row { sign, ..row(seq, time_ms, key, value) }
}

fn shown(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| show(row, false)).collect()
}

#[test]
fn a_row_that_changes_its_group_leaves_one_and_joins_the_other() {
    use Sign::{Minus, Plus};
    let mut operator = aggregate(of_table(&["k"], &["count(*)", "sum(v)", "max(v)"]));
    let rows = [change(1, 1, Plus, "a", 5), change(2, 2, Plus, "a", 7)];
    assert_eq!(shown(&feed(&mut *operator, batch(&rows, true))), ["+a 2 12 7"]);
    let rows = [change(3, 3, Minus, "a", 7), change(3, 3, Plus, "b", 8)];
    let given = feed(&mut *operator, batch(&rows, true));
    assert_eq!(shown(&given), ["-a 2 12 7", "+a 1 5 5", "+b 1 8 8"]);
    assert_eq!(given.iter().map(|row| (row.seq, row.time_ms)).collect::<Vec<_>>(), [(3, 3); 3]);
    // The last row of a group takes the group with it.
    let given = feed(&mut *operator, batch(&[change(4, 2, Minus, "a", 5)], true));
    assert_eq!(shown(&given), ["-a 1 5 5"]);
    assert_eq!(given[0].time_ms, 3);
    let given = feed(&mut *operator, batch(&[change(5, 1, Plus, "a", 9)], true));
    assert_eq!((shown(&given), given[0].time_ms), (vec!["+a 1 9 9".to_owned()], 1));
}

#[test]
fn a_group_goes_on_in_its_time_when_its_only_row_changes() {
    use Sign::{Minus, Plus};
    // As Kafka Streams: a result's time never falls while there is a result.
    for knows in [&["count(*)", "sum(v)"][..], &["count(*)", "collect_list(v)"]] {
        let mut operator = aggregate(of_table(&["k"], knows));
        feed(&mut *operator, batch(&[change(1, 10, Plus, "a", 5)], true));
        let given = feed(&mut *operator, batch(&[change(2, 9, Minus, "a", 5), change(2, 9, Plus, "a", 6)], true));
        assert_eq!(given.iter().map(|row| row.time_ms).collect::<Vec<_>>(), [10, 10]);
        // The change of another event begins it anew.
        feed(&mut *operator, batch(&[change(3, 3, Minus, "a", 6)], true));
        let given = feed(&mut *operator, batch(&[change(4, 4, Plus, "a", 6)], true));
        assert_eq!(given.iter().map(|row| row.time_ms).collect::<Vec<_>>(), [4]);
    }
}

#[test]
fn the_group_of_all_rows_stays_when_it_has_none() {
    use Sign::{Minus, Plus};
    let mut operator = aggregate(of_table(&[], &["count(*)", "sum(v)"]));
    let given = feed(&mut *operator, batch(&[change(1, 1, Plus, "a", 5)], true));
    assert_eq!(shown(&given), ["+1 5"]);
    let given = feed(&mut *operator, batch(&[change(2, 1, Minus, "a", 5)], true));
    assert_eq!(shown(&given), ["-1 5", "+0 null"]);
}

#[test]
fn a_group_that_comes_and_goes_within_a_batch_was_never_there() {
    use Sign::{Minus, Plus};
    let mut operator = aggregate(of_table(&["k"], &["count(*)"]));
    let rows = [change(1, 1, Plus, "a", 5), change(2, 1, Minus, "a", 5)];
    assert_eq!(feed(&mut *operator, batch(&rows, true)), []);
    // And one that goes and comes has changed.
    feed(&mut *operator, batch(&[change(3, 1, Plus, "a", 5)], true));
    let rows = [change(4, 1, Minus, "a", 5), change(5, 2, Plus, "a", 5)];
    let given = feed(&mut *operator, batch(&rows, true));
    assert_eq!(shown(&given), ["-a 1", "+a 1"]);
    assert_eq!(given[0].time_ms, 2);
}

#[test]
fn what_was_never_there_cannot_be_taken_away() {
    use Sign::{Minus, Plus};
    let mut operator = aggregate(of_table(&["k"], &["count(*)", "collect_list(v)"]));
    let rows = [change(1, 1, Minus, "a", 5), change(2, 1, Plus, "a", 5), change(3, 1, Minus, "a", 6)];
    assert_eq!(shown(&feed(&mut *operator, batch(&rows, true))), ["+a 1 [5]"]);
    assert_eq!(operator.metrics().dropped[&Dropped::Unchanged], 2);
}

#[test]
fn a_sum_that_was_too_long_comes_back() {
    use Sign::{Minus, Plus};
    let mut operator = aggregate(of_table(&["k"], &["sum(v)"]));
    let of = |seq, sign, text: &'static str| Row {
        sign,
        ..row_of(seq, 1, [Cell::Text("a".into()), number_cell(text), Cell::Null])
    };
    let (long, longer) = ("79228162514264337593543950335", "123456789012345678901234567890123");
    let rows = [of(1, Plus, long), of(2, Plus, "1.5"), of(3, Plus, longer)];
    assert_eq!(shown(&feed(&mut *operator, batch(&rows, true))), ["+a (a number has more than 28 digits)"]);
    let rows = [of(4, Minus, longer), of(5, Minus, long)];
    assert_eq!(shown(&feed(&mut *operator, batch(&rows, true))), ["-a (a number has more than 28 digits)", "+a 1.5"]);
}

#[test]
fn groups_without_rows_are_forgotten() {
    use Sign::{Minus, Plus};
    let mut operator = aggregate(of_table(&["k"], &["count(*)", "max(v)", "last(v)"]));
    for round in 0..40_u64 {
        let key = |at: u64| Cell::Text(format!("key {round} {at}").into());
        let rows = |sign| (0..100).map(move |at| Row { sign, ..row_of(round, 1, [key(at), Cell::Int(1), Cell::Null]) });
        assert_eq!(feed(&mut *operator, batch(&rows(Plus).collect::<Vec<_>>(), true)).len(), 100);
        assert_eq!(feed(&mut *operator, batch(&rows(Minus).collect::<Vec<_>>(), true)).len(), 100);
    }
    assert!(operator.metrics().state_bytes < 1_000_000, "{}", operator.metrics().state_bytes);
}

/// A table's changes: rows by an identity that is a column, so that no two rows are the same.
#[derive(Debug, Clone)]
enum Step {
    Put(u8, &'static str, Cell<'static>),
    Delete(u8),
}

fn any_step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![
        6 => (-4..4_i64).prop_map(Cell::Int),
        2 => prop::sample::select(vec!["1.50", "1.5", "-2.25"]).prop_map(|text| number_cell(text).into_owned()),
        1 => Just(Cell::Float(0.25)),
        1 => Just(Cell::Null),
        1 => Just(Cell::Failed(Fault::Overflow)),
    ];
    let key = prop::sample::select(vec!["a", "b"]);
    prop_oneof![
        3 => (0..6_u8, key, value).prop_map(|(id, key, value)| Step::Put(id, key, value)),
        1 => (0..6_u8).prop_map(Step::Delete),
    ]
}

/// The changelog of the steps, and after each of them the rows that are there: when each came, and what is in it.
fn changelog(steps: &[(Step, i64)]) -> (Vec<Row>, Vec<Vec<Row>>) {
    let mut rows: Vec<Row> = Vec::new();
    let mut changes = Vec::new();
    let mut held = Vec::new();
    for (seq, (step, time_ms)) in (0..).zip(steps) {
        let id = match step {
            Step::Put(id, ..) | Step::Delete(id) => i64::from(*id),
        };
        let there = rows.iter().position(|row| row.cells[2] == Cell::Int(id));
        let put = match step {
            Step::Put(_, key, value) => Some(vec![Cell::Text((*key).into()), value.clone(), Cell::Int(id)]),
            Step::Delete(_) => None,
        };
        if let (Some(at), Some(put)) = (there, &put)
            && rows[at].cells == *put
        {
            // A row that goes and comes as it was is the one that came before.
            for sign in [Sign::Minus, Sign::Plus] {
                changes.push(Row { seq, time_ms: *time_ms, sign, cells: put.clone() });
            }
            held.push(rows.clone());
            continue;
        }
        if let Some(at) = there {
            changes.push(Row { seq, time_ms: *time_ms, sign: Sign::Minus, cells: rows.remove(at).cells });
        }
        if let Some([key, value, id]) = put.map(|cells| <[Cell<'static>; 3]>::try_from(cells).unwrap()) {
            let row = row_of(seq, *time_ms, [key, value, id]);
            rows.push(row.clone());
            changes.push(row);
        }
        held.push(rows.clone());
    }
    (changes, held)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_left_comes_to_what_it_would_alone(
        steps in prop::collection::vec((any_step(), 0..10_i64), 0..40), cuts in prop::collection::vec(0..40_usize, 0..6),
        reload in 0..6_usize, all in any::<bool>(),
    ) {
        let by: &[&str] = if all { &[] } else { &["k"] };
        let set = || of_table(by, &CALLS);
        let (changes, held) = changelog(&steps);
        let mut operator = aggregate(set());
        let mut table: BTreeMap<String, Row> = BTreeMap::new();
        let mut cuts: Vec<u64> = cuts.iter().map(|cut| (cut % (steps.len() + 1)) as u64).chain([0, steps.len() as u64]).collect();
        cuts.sort_unstable();
        for (at, cut) in cuts.windows(2).enumerate() {
            if at == reload {
                // Idle slots are not saved, so that the memory may be less.
                let metrics = |operator: &dyn Operator| crate::engine::Metrics { state_bytes: 0, ..operator.metrics() };
                let before = metrics(&*operator);
                operator = reloaded(&*operator, set());
                prop_assert_eq!(metrics(&*operator), before);
            }
            let piece: Vec<Row> = changes.iter().filter(|row| (cut[0]..cut[1]).contains(&row.seq)).cloned().collect();
            for row in feed(&mut *operator, batch(&piece, true)) {
                let key = if all { String::new() } else { row.cells[0].to_string() };
                match row.sign {
                    Sign::Minus => {
                        let stood = table.remove(&key).expect("what is taken away is there");
                        prop_assert_eq!(stood.cells, row.cells);
                    }
                    Sign::Plus => prop_assert!(table.insert(key, row).is_none()),
                }
            }
            let Some(rows) = (cut[1] as usize).checked_sub(1).map(|last| &held[last]) else { continue };
            let any_came = changes.iter().any(|row| row.seq < cut[1]);
            let mut groups: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
            if all && any_came {
                groups.insert(String::new(), Vec::new());
            }
            for row in rows {
                let key = if all { String::new() } else { row.cells[0].to_string() };
                groups.entry(key).or_default().push(row);
            }
            prop_assert_eq!(table.keys().collect::<Vec<_>>(), groups.keys().collect::<Vec<_>>());
            for (key, rows) in groups {
                let ours = &table[&key].cells[by.len()..];
                for (call, ours) in CALLS.iter().zip(ours) {
                    let theirs = result(call, &rows);
                    prop_assert!(alike(ours, &theirs), "{}: {} is {:?}, and should be {:?}", key, call, ours, theirs);
                }
            }
        }
    }
}
