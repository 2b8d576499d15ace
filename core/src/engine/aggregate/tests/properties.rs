//! The operator against the model: random windows, graces, disorder and cuts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::model::{Answer, CALLS, Pane, Told, alike, answer};
use super::*;
use crate::codec::{Fault, number_cell};
use crate::engine::Dropped;

fn any_window() -> impl Strategy<Value = Window> {
    prop_oneof![
        (1..30_i64).prop_map(|size| tumbling(size).unwrap()),
        (1..30_i64, 1..30_i64).prop_map(|(size, advance)| hopping(size, advance.min(size)).unwrap()),
        (0..12_i64).prop_map(|gap| session(gap).unwrap()),
        (0..20_i64).prop_map(|size| sliding(size).unwrap()),
    ]
}

fn any_value() -> impl Strategy<Value = Cell<'static>> {
    prop_oneof![
        6 => (-5..5_i64).prop_map(Cell::Int),
        3 => prop::sample::select(vec!["1.50", "1.5", "-2.25", "3.0", "0.5"]).prop_map(|text| number_cell(text).into_owned()),
        2 => prop::sample::select(vec![1.5, -0.25, 3.0]).prop_map(Cell::Float),
        2 => "[a-c]{1,2}".prop_map(|text| Cell::Text(text.into())),
        1 => any::<bool>().prop_map(Cell::Bool),
        1 => Just(Cell::Null),
        1 => Just(Cell::Missing),
        1 => Just(Cell::Failed(Fault::DivisionByZero)),
    ]
}

fn any_key() -> impl Strategy<Value = Cell<'static>> {
    prop_oneof![12 => prop::sample::select(vec!["a", "b", "cc"]).prop_map(|key| Cell::Text(key.into())), 1 => Just(Cell::Null)]
}

/// Rows whose times wander upwards and jump back.
fn any_rows(values: impl Strategy<Value = Cell<'static>>) -> impl Strategy<Value = Vec<Row>> {
    let row = (any_key(), values, 0..2_i64, -1..8_i64, prop_oneof![3 => Just(0), 1 => 0..40_i64], 0..2_u64);
    prop::collection::vec(row, 0..40).prop_map(|rows| {
        let (mut now, mut seq) = (0, 0);
        let of = |(key, value, flag, step, back, more): (_, _, i64, i64, i64, u64)| {
            now += step;
            seq += more;
            let time = (now - back).max(0);
            row_of(seq, time, [key, value, Cell::Int(flag)])
        };
        rows.into_iter().map(of).collect()
    })
}

fn cut_rows(rows: &[Row], cuts: &[usize]) -> Vec<Vec<Row>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (rows.len() + 1)).chain([0, rows.len()]).collect();
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| rows[pair[0]..pair[1]].to_vec()).collect()
}

fn pane_of(row: &Row) -> Pane {
    let ms = |cell: &Cell<'_>| match cell {
        Cell::Time(ns) => ns / NS_PER_MS,
        other => panic!("{other:?} is no time"),
    };
    (row.cells[0].to_string(), ms(&row.cells[1]), ms(&row.cells[2]))
}

fn assert_told(row: &Row, (cells, newest): &Told, what: &str) {
    assert_eq!(row.time_ms, *newest, "{what}");
    for (call, (ours, theirs)) in CALLS.iter().zip(row.cells[3..].iter().zip(cells)) {
        assert!(alike(ours, theirs), "{what}: {call} is {ours:?}, and should be {theirs:?}");
    }
}

/// The table before and after a batch differ by exactly what was given.
fn apply(table: &mut BTreeMap<Pane, Row>, given: &[Row], after: &BTreeMap<Pane, Told>, before: &BTreeMap<Pane, Told>) {
    let mut changed = 0;
    for row in given {
        let pane = pane_of(row);
        match row.sign {
            Sign::Minus => {
                let stood = table.remove(&pane).expect("what is taken away is there");
                assert_eq!(stood.cells, row.cells, "what is taken away is what stands there");
                changed += usize::from(!after.contains_key(&pane));
            }
            Sign::Plus => {
                assert!(table.insert(pane.clone(), row.clone()).is_none(), "{pane:?} was there already");
                let same = before.get(&pane).is_some_and(|before| before == &after[&pane]);
                assert!(!same, "{pane:?} did not change");
                changed += 1;
            }
        }
    }
    assert_eq!(table.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    table.iter().for_each(|(pane, row)| assert_told(row, &after[pane], &format!("{pane:?}")));
    let differs = |(pane, told): &(&Pane, &Told)| before.get(*pane) != Some(*told);
    let gone = before.keys().filter(|pane| !after.contains_key(pane)).count();
    assert_eq!(changed, after.iter().filter(differs).count() + gone, "every window changes once");
}

fn finals_are_the_models(window: Window, grace: i64, rows: &[Row], cuts: &[usize], reload: usize) {
    let set = || spec(Some(window), grace, Emit::Final, &CALLS);
    let mut operator = aggregate(set());
    let mut given = Vec::new();
    for (at, piece) in cut_rows(rows, cuts).into_iter().enumerate() {
        if at == reload {
            // Idle slots are not saved, so that the memory may be less.
            let metrics = |operator: &dyn Operator| crate::engine::Metrics { state_bytes: 0, ..operator.metrics() };
            let before = metrics(&*operator);
            operator = reloaded(&*operator, set());
            assert_eq!(metrics(&*operator), before);
        }
        given.extend(feed(&mut *operator, batch(&piece, false)));
    }
    let expected = answer(window, grace, rows);
    let panes: Vec<(u64, Pane)> = given.iter().map(|row| (row.seq, pane_of(row))).collect();
    let of_model: Vec<(u64, Pane)> = expected.closed.iter().map(|(seq, pane, _)| (*seq, pane.clone())).collect();
    assert_eq!(panes, of_model);
    for (row, (_, pane, of)) in given.iter().zip(&expected.closed) {
        assert_told(row, &super::model::told(rows, of, &CALLS), &format!("{pane:?}"));
    }
    let open = rows_of(&operator.open_rows());
    let table = expected.table(rows, &CALLS);
    let mut panes: Vec<Pane> = open.iter().map(pane_of).collect();
    open.iter().for_each(|row| assert_told(row, &table[&pane_of(row)], "open"));
    assert!(panes.is_sorted_by_key(|(key, start, end)| (*end, *start, key.len(), key.clone())), "{panes:?}");
    panes.sort_unstable();
    assert_eq!(panes, expected.open.keys().cloned().collect::<Vec<_>>());
    assert_counts(&*operator, &expected, rows, given.len());
}

fn assert_counts(operator: &dyn Operator, expected: &Answer, rows: &[Row], given: usize) {
    let metrics = operator.metrics();
    assert_eq!(metrics.late(), expected.late);
    assert_eq!(metrics.late_windows, expected.late_windows);
    assert_eq!((metrics.rows_in, metrics.rows_out), (rows.len() as u64, given as u64));
    assert_eq!(metrics.open_windows, expected.open.len() as u64);
    assert_eq!(metrics.stream_time_ms, rows.iter().map(|row| row.time_ms).max());
    let null_keys = rows.iter().filter(|row| row.cells[0].is_null()).count() as u64;
    assert_eq!(metrics.dropped.get(&Dropped::NullKey).copied().unwrap_or(0), null_keys);
}

fn updates_lead_to_the_models_table(window: Window, grace: i64, rows: &[Row], cuts: &[usize], reload: usize) {
    let set = || spec(Some(window), grace, Emit::Updates, &CALLS);
    let mut operator = aggregate(set());
    let mut table = BTreeMap::new();
    let mut before = BTreeMap::new();
    let (mut taken, mut given, mut last_seq) = (0, 0, 0);
    for (at, piece) in cut_rows(rows, cuts).into_iter().enumerate() {
        if at == reload {
            operator = reloaded(&*operator, set());
        }
        let changes = feed(&mut *operator, batch(&piece, false));
        taken += piece.len();
        given += changes.len();
        for row in &changes {
            assert!(last_seq <= row.seq && piece.iter().any(|cause| cause.seq == row.seq), "{row:?}");
            last_seq = row.seq;
        }
        let after = answer(window, grace, &rows[..taken]).table(&rows[..taken], &CALLS);
        apply(&mut table, &changes, &after, &before);
        before = after;
    }
    assert_counts(&*operator, &answer(window, grace, rows), rows, given);
}

/// What comes out in the end does not depend on the cuts: the finals row by row, and all that is counted.
fn cuts_make_no_difference(window: Window, grace: i64, rows: &[Row], cuts: &[usize]) {
    for emit in [Emit::Final, Emit::Updates] {
        let set = || spec(Some(window), grace, emit, &CALLS);
        let run = |cuts: &[usize]| {
            let mut operator = aggregate(set());
            let given: Vec<Row> =
                cut_rows(rows, cuts).iter().flat_map(|piece| feed(&mut *operator, batch(piece, false))).collect();
            let aside: Vec<_> =
                operator.aside().unwrap().rows().chain(operator.aside().unwrap().partly()).cloned().collect();
            let metrics = crate::engine::Metrics { state_bytes: 0, ..operator.metrics() };
            (given, rows_of(&operator.open_rows()), metrics, aside)
        };
        let whole = run(&[]);
        let all: Vec<usize> = (0..rows.len()).collect();
        for cuts in [cuts, &all] {
            let cut = run(cuts);
            if emit == Emit::Final {
                assert_eq!(cut, whole);
            } else {
                let held = |(given, _, mut metrics, aside): (Vec<Row>, Vec<Row>, crate::engine::Metrics, _)| {
                    let mut table = BTreeMap::new();
                    for row in given {
                        match row.sign {
                            Sign::Minus => table.remove(&pane_of(&row)),
                            Sign::Plus => table.insert(pane_of(&row), (row.time_ms, row.cells)),
                        };
                    }
                    metrics.rows_out = 0;
                    (table, metrics, aside)
                };
                assert_eq!(held(cut), held(whole.clone()));
            }
        }
    }
}

fn any_cuts() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![prop::collection::vec(0..60_usize, 0..6), Just((0..60).collect())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn each_window_is_given_once_when_it_closes(
        window in any_window(), grace in 0..20_i64, rows in any_rows(any_value()), cuts in any_cuts(), reload in 0..6_usize,
    ) {
        finals_are_the_models(window, grace, &rows, &cuts, reload);
    }

    #[test]
    fn updates_are_exactly_what_changes_in_the_table(
        window in any_window(), grace in 0..20_i64, rows in any_rows(any_value()), cuts in any_cuts(), reload in 0..6_usize,
    ) {
        updates_lead_to_the_models_table(window, grace, &rows, &cuts, reload);
    }

    #[test]
    fn nothing_depends_on_how_the_rows_are_cut(
        window in any_window(), grace in 0..20_i64, rows in any_rows(any_value()), cuts in any_cuts(),
    ) {
        cuts_make_no_difference(window, grace, &rows, &cuts);
    }

    #[test]
    fn no_state_makes_the_operator_fall(
        window in prop::option::of(any_window()), rows in any_rows(any_value()), at in 0..1_000_usize, byte in any::<u8>(),
    ) {
        let set = || spec(window, 5, Emit::Updates, &CALLS);
        let mut operator = aggregate(set());
        feed(&mut *operator, batch(&rows, false));
        let mut state = StateWriter::default();
        operator.save(&mut state);
        let mut bytes = state.finish();
        let place = at % bytes.len();
        bytes[place] = byte;
        let mut loaded = aggregate(set());
        if loaded.load(&mut StateReader::new(&bytes)).is_ok() {
            feed(&mut *loaded, batch(&rows, false));
            loaded.metrics();
            loaded.open_rows();
        }
    }
}
