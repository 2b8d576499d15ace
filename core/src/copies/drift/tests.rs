use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::copies::same::same;

const COLUMNS: [&str; 3] = ["key", "window", "figure"];

fn names() -> Vec<String> {
    COLUMNS.map(str::to_owned).into()
}

fn drift(view: &[Vec<Cell<'static>>], copy: &[Vec<Cell<'static>>], key: &[&str]) -> Drift {
    let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
    let mut comparison = Comparison::new(&names(), &names(), &key).unwrap();
    view.iter().for_each(|row| comparison.view_row(row).unwrap());
    copy.iter().for_each(|row| comparison.copy_row(row).unwrap());
    comparison.finish(usize::MAX, &CancellationToken::new()).unwrap()
}

/// The same by going through all pairs: first those that are the same, then those of the same key in order.
fn naive(view: &[Vec<Cell<'static>>], copy: &[Vec<Cell<'static>>], key: &[usize]) -> [u64; 4] {
    let alike = |one: &[Cell<'_>], other: &[Cell<'_>], at: &[usize]| at.iter().all(|&at| same(&one[at], &other[at]));
    let mut view: Vec<&Vec<_>> = view.iter().collect();
    let mut copy: Vec<&Vec<_>> = copy.iter().collect();
    let pairs = |columns: &[usize], view: &mut Vec<&Vec<Cell<'static>>>, copy: &mut Vec<&Vec<Cell<'static>>>| {
        let mut count = 0;
        copy.retain(|row| {
            let Some(at) = view.iter().position(|ours| alike(ours, row, columns)) else { return true };
            view.remove(at);
            count += 1;
            false
        });
        count
    };
    let equal = pairs(&[0, 1, 2], &mut view, &mut copy);
    let different = pairs(key, &mut view, &mut copy);
    [equal, view.len() as u64, copy.len() as u64, different]
}

/// Values that are one of a few, in whatever form.
fn cell() -> impl Strategy<Value = Cell<'static>> {
    prop_oneof![
        1 => Just(Cell::Null),
        4 => (0_i64..3).prop_map(Cell::Int),
        2 => (0_i64..3).prop_map(|int| Cell::Decimal(Decimal::new(int * 100, 2))),
        1 => (0_i64..3).prop_map(|int| Cell::Float(int as f64)),
        2 => (0_i64..3).prop_map(|int| Cell::Text(int.to_string().into())),
        1 => (0_i64..3).prop_map(|ms| Cell::Time(ms * 1_000_000)),
        1 => (0_i64..3).prop_map(|ms| Cell::Text(format!("1970-01-01 00:00:00.00{ms}+00").into())),
        1 => any::<bool>().prop_map(Cell::Bool),
        1 => Just(Cell::Text("x".into())),
    ]
}

/// Values of which two that are the same as a third are the same: which row is matched to which then makes no difference.
fn plain_cell() -> impl Strategy<Value = Cell<'static>> {
    prop_oneof![
        Just(Cell::Null),
        (0_i64..3).prop_map(Cell::Int),
        (0_i64..3).prop_map(|int| Cell::Decimal(Decimal::new(int * 100, 2))),
        Just(Cell::Text("x".into())),
        Just(Cell::Text("y".into())),
    ]
}

fn rows(cell: impl Strategy<Value = Cell<'static>> + Clone) -> impl Strategy<Value = Vec<Vec<Cell<'static>>>> {
    prop::collection::vec(prop::collection::vec(cell, 3), 0..12)
}

#[test]
fn a_copy_without_a_column_of_the_view_has_drifted() {
    let row = [Cell::Int(1), Cell::Int(2), Cell::Int(3)];
    let key = ["key".to_owned()];
    let compared = |view: &[String], copy: &[String]| {
        let mut comparison = Comparison::new(view, copy, &key).unwrap();
        comparison.view_row(&row[..view.len()]).unwrap();
        comparison.copy_row(&row[..copy.len()].to_vec()).unwrap();
        comparison.finish(usize::MAX, &CancellationToken::new()).unwrap()
    };
    let drift = compared(&names(), &names()[..2]);
    assert_eq!((drift.equal, drift.rows_count(), drift.only_view.as_slice()), (1, 0, &names()[2..]));
    assert!(!drift.is_none(), "it does not say all that the view says");
    assert!(compared(&names()[..2], &names()).is_none(), "what it says besides is its own");
}

#[test]
fn an_empty_copy_lacks_every_row() {
    let mut comparison = Comparison::new(&names(), &[], &["key".to_owned()]).unwrap();
    comparison.view_row(&[Cell::Int(1), Cell::Int(2), Cell::Int(3)]).unwrap();
    let drift = comparison.finish(usize::MAX, &CancellationToken::new()).unwrap();
    assert_eq!((drift.missing, drift.copy_rows, drift.only_view.len()), (1, 0, 0));
}

proptest! {
    #[test]
    fn drift_is_what_going_through_all_pairs_finds(
        view in rows(plain_cell().boxed()),
        copy in rows(plain_cell().boxed()),
    ) {
        for (key, at) in [(vec!["key"], vec![0]), (vec!["key", "window"], vec![0, 1])] {
            let drift = drift(&view, &copy, &key);
            let found = [drift.equal, drift.missing, drift.extra, drift.different];
            prop_assert_eq!(found, naive(&view, &copy, &at));
        }
    }

    #[test]
    fn every_row_is_told_once_and_as_it_is(view in rows(cell().boxed()), copy in rows(cell().boxed())) {
        let drift = drift(&view, &copy, &["key", "window"]);
        prop_assert_eq!(drift.view_rows, drift.equal + drift.missing + drift.different);
        prop_assert_eq!(drift.copy_rows, drift.equal + drift.extra + drift.different);
        prop_assert_eq!(drift.rows.len() as u64, drift.missing + drift.extra + drift.different);
        for row in &drift.rows {
            match row.kind {
                DriftKind::Missing => {
                    prop_assert!(view.contains(&row.view));
                    prop_assert!(row.copy.is_empty());
                }
                DriftKind::Extra => prop_assert!(row.view.is_empty() && row.copy.len() == 3),
                DriftKind::Different => {
                    prop_assert!(same(&row.view[0], &row.copy[0]) && same(&row.view[1], &row.copy[1]));
                    prop_assert!(!same(&row.view[2], &row.copy[2]));
                    prop_assert_eq!(&row.differs, &[2]);
                }
            }
        }
        let counted: u64 = drift.by_column.iter().map(|(_, count)| count).sum();
        prop_assert_eq!(counted, drift.different);
    }

    #[test]
    fn a_view_has_not_drifted_from_itself_in_any_order(view in rows(cell().boxed()), turn in 0_usize..12) {
        let mut copy = view.clone();
        let turn = turn.min(copy.len());
        copy.rotate_left(turn);
        let drift = drift(&view, &copy, &["key"]);
        prop_assert!(drift.equal <= view.len() as u64);
        // Values such as 1, "1" and true are the same one by one and not all among each other.
        if view.iter().flatten().all(|cell| !matches!(cell, Cell::Text(_) | Cell::Bool(_) | Cell::Time(_))) {
            prop_assert!(drift.is_none(), "{drift:?}");
        }
    }
}

#[test]
fn a_row_that_differs_says_in_which_columns() {
    let row = |key: &'static str, figure: i64| vec![Cell::Text(key.into()), Cell::Int(0), Cell::Int(figure)];
    let found = drift(&[row("a", 1), row("b", 2), row("c", 3)], &[row("b", 5), row("c", 3), row("d", 4)], &["key"]);
    assert_eq!([found.equal, found.missing, found.extra, found.different], [1, 1, 1, 1]);
    assert_eq!(found.by_column, [("window".to_owned(), 0), ("figure".to_owned(), 1)]);
    let kinds: Vec<DriftKind> = found.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [DriftKind::Missing, DriftKind::Different, DriftKind::Extra]);
    let different = &found.rows[1];
    assert_eq!(
        (&different.view[2], &different.copy[2], &different.differs[..]),
        (&Cell::Int(2), &Cell::Int(5), &[2][..])
    );
}

#[test]
fn columns_that_only_one_side_has_are_told_and_not_compared() {
    let view = vec!["Key".to_owned(), "figure".to_owned(), "more".to_owned()];
    let copy = vec!["FIGURE".to_owned(), "key".to_owned(), "loaded_at".to_owned()];
    let mut comparison = Comparison::new(&view, &copy, &["Key".to_owned()]).unwrap();
    comparison.view_row(&[Cell::Int(1), Cell::Int(2), Cell::Int(3)]).unwrap();
    comparison.copy_row(&vec![Cell::Text("2".into()), Cell::Text("1".into()), Cell::Null]).unwrap();
    let drift = comparison.finish(10, &CancellationToken::new()).unwrap();
    assert_eq!((drift.equal, drift.rows_count()), (1, 0));
    assert_eq!((drift.only_view, drift.only_copy), (vec!["more".to_owned()], vec!["loaded_at".to_owned()]));
    for key in [vec![], vec!["more".to_owned()], vec!["nothing".to_owned()]] {
        assert!(Comparison::new(&view, &copy, &key).is_err());
    }
}

#[test]
fn rows_beyond_what_is_told_are_counted() {
    let view: Vec<Vec<Cell<'static>>> = (0..100).map(|key| vec![Cell::Int(key), Cell::Null, Cell::Null]).collect();
    let mut comparison = Comparison::new(&names(), &names(), &["key".to_owned()]).unwrap();
    view.iter().for_each(|row| comparison.view_row(row).unwrap());
    let drift = comparison.finish(7, &CancellationToken::new()).unwrap();
    assert_eq!((drift.missing, drift.rows.len()), (100, 7));
    let told: Vec<_> = drift.rows.iter().map(|row| row.view[0].clone()).collect();
    assert_eq!(told, (0..7).map(Cell::Int).collect::<Vec<_>>(), "the first of them");
}

/// A key of three values over 90,000 rows: to go through the pairs of a key would take minutes.
#[test]
fn a_coarse_key_over_many_rows_is_told_as_well() {
    const ROWS: i64 = 90_000;
    let row =
        |at: i64, figure: i64| vec![Cell::Int(at % 3), Cell::Text((at / 30).to_string().into()), Cell::Int(figure)];
    let mut comparison = Comparison::new(&names(), &names(), &["key".to_owned()]).unwrap();
    (0..ROWS).for_each(|at| comparison.view_row(&row(at, at % 10)).unwrap());
    // The same rows in another order and spelling, of each thousand one another figure, and three more of one key.
    for at in (0..ROWS).rev() {
        let mut copy = row(at, if at % 1_000 == 0 { -1 - at } else { at % 10 });
        copy[0] = Cell::Text(format!("{}.0", at % 3).into());
        comparison.copy_row(&copy).unwrap();
    }
    (0..3).for_each(|_| comparison.copy_row(&row(0, -1)).unwrap());
    let drift = comparison.finish(5, &CancellationToken::new()).unwrap();
    assert_eq!([drift.equal, drift.missing, drift.extra, drift.different], [ROWS as u64 - 90, 0, 3, 90]);
    assert_eq!(drift.rows.len(), 5 + 3);
    assert_eq!(drift.by_column[1], ("figure".to_owned(), 90));
}

/// Nothing is the same but the key.
#[test]
fn rows_of_one_key_that_all_differ_are_paired_in_their_order() {
    const ROWS: i64 = 60_000;
    let row = |figure: i64| vec![Cell::Null, Cell::Int(0), Cell::Int(figure)];
    let mut comparison = Comparison::new(&names(), &names(), &["window".to_owned()]).unwrap();
    (0..ROWS).for_each(|at| comparison.view_row(&row(at)).unwrap());
    (0..ROWS).for_each(|at| comparison.copy_row(&row(at + ROWS)).unwrap());
    let drift = comparison.finish(usize::MAX, &CancellationToken::new()).unwrap();
    assert_eq!([drift.equal, drift.missing, drift.extra, drift.different], [0, 0, 0, ROWS as u64]);
    for (at, row) in drift.rows.iter().enumerate() {
        assert_eq!((&row.view[2], &row.copy[2]), (&Cell::Int(at as i64), &Cell::Int(at as i64 + ROWS)));
    }
}

#[test]
fn a_comparison_that_is_cancelled_says_so() {
    let mut comparison = Comparison::new(&names(), &names(), &["key".to_owned()]).unwrap();
    (0..5_000).for_each(|at| comparison.view_row(&[Cell::Int(at), Cell::Null, Cell::Null]).unwrap());
    let stop = CancellationToken::new();
    stop.cancel();
    assert!(comparison.finish(10, &stop).unwrap_err().is_cancelled());
}
