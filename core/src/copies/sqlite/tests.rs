use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::codec::{Cell, number_cell};
use crate::copies::{Copy, CopyError, Mode, TableRows, TableWritten, same};
use crate::expr::Type;

fn columns() -> Vec<(String, Type)> {
    ["key", "at", "price"].map(|name| (name.to_owned(), Type::Any)).into()
}

/// Writes rows of a key, a second key and a price.
fn written(
    file: &Path,
    mode: Mode,
    rows: &[(String, i64, String)],
    cancel: &CancellationToken,
) -> Result<TableWritten, CopyError> {
    let key = ["key".to_owned(), "at".to_owned()];
    let mut table = TableRows::new(&columns(), &key, mode, file.parent().unwrap()).unwrap();
    for (key, at, price) in rows {
        table.row([Cell::Text(key.into()), Cell::Time(at * 1_000_000), number_cell(price)]).unwrap();
    }
    table.write_sqlite(file, "prices", cancel, &AtomicU64::new(0))
}

/// The table as another reader of it has it, sorted.
fn read(file: &Path) -> Vec<Vec<Cell<'static>>> {
    let cancel = CancellationToken::new();
    let copy = Copy::sqlite(file, None, &cancel).unwrap();
    let mut rows = Vec::new();
    let take = &mut |row: Vec<Cell<'_>>| {
        rows.push(row.into_iter().map(Cell::into_owned).collect::<Vec<_>>());
        Ok(())
    };
    copy.each(&cancel, take).unwrap();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

fn price() -> impl Strategy<Value = String> {
    prop_oneof![
        (-99_999_i64..99_999, 0_u32..4)
            .prop_map(|(digits, scale)| rust_decimal::Decimal::new(digits, scale).to_string()),
        Just("12345678901234567890.123456".to_owned()),
        Just("9223372036854775807".to_owned()),
    ]
}

/// A price by its key and moment.
type Prices = BTreeMap<(String, i64), String>;

/// Exports one after the other: whether each upserts, and its rows.
fn exports() -> impl Strategy<Value = Vec<(bool, Prices)>> {
    let rows = prop::collection::btree_map(("[a-c'\"7]{1,2}", 0_i64..3), price(), 0..8);
    prop::collection::vec((any::<bool>(), rows), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_table_is_what_its_exports_make_of_it(exports in exports()) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("prices.sqlite");
        let mut model = Prices::new();
        for (upserts, rows) in exports {
            let mode = if upserts { Mode::Upsert } else { Mode::Replace };
            let list: Vec<_> = rows.iter().map(|((key, at), price)| (key.clone(), *at, price.clone())).collect();
            let new = rows.keys().filter(|key| !model.contains_key(*key)).count() as u64;
            match written(&file, mode, &list, &CancellationToken::new()) {
                Ok(written) => {
                    if !upserts {
                        model.clear();
                    }
                    model.extend(rows);
                    prop_assert_eq!(written.rows, list.len() as u64);
                    prop_assert_eq!(written.added, upserts.then_some(new));
                }
                // A column that was made for integers does not take decimals, which are texts.
                Err(CopyError::Refused(why)) => prop_assert!(upserts && why.contains("does not hold"), "{}", why),
                Err(other) => prop_assert!(false, "{}", other),
            }
            let read = read(&file);
            prop_assert_eq!(read.len(), model.len());
            for row in read {
                let Cell::Text(key) = &row[0] else { panic!("{row:?}") };
                let at = (0..3).find(|at| same(&Cell::Time(at * 1_000_000), &row[1])).unwrap();
                let price = &model[&(key.to_string(), at)];
                prop_assert!(same(&number_cell(price), &row[2]), "{} {:?}", price, row);
            }
        }
    }
}

#[test]
fn a_column_that_is_declared_for_times_takes_them_and_keeps_its_index() {
    let dir = tempfile::tempdir().unwrap();
    let go = CancellationToken::new();
    let rows = [("a".to_owned(), 1, "1.5".to_owned())];
    for (declared, strict, stays) in [
        ("DATETIME", "", true),
        ("TIMESTAMP", "", true),
        ("DATE", "", true),
        ("TEXT", "STRICT", true),
        ("ANY", "STRICT", true),
        ("INTEGER", "STRICT", false),
    ] {
        let file = dir.path().join(format!("{declared}{strict}.sqlite"));
        let table = format!(
            "CREATE TABLE prices (key TEXT, at {declared}, price TEXT) {strict}; CREATE INDEX by_time ON prices (at)"
        );
        rusqlite::Connection::open(&file).unwrap().execute_batch(&table).unwrap();
        let written = written(&file, Mode::Replace, &rows, &go).unwrap();
        assert_eq!(written.anew.is_none(), stays, "{declared} {strict}: {:?}", written.anew);
        assert!(same(&Cell::Time(1_000_000), &read(&file)[0][1]), "{declared}");
    }
}

#[test]
fn an_export_that_is_cancelled_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("prices.sqlite");
    let (go, stop) = (CancellationToken::new(), CancellationToken::new());
    stop.cancel();
    let rows = |price: &str| vec![("a".to_owned(), 0, price.to_owned()), ("b".to_owned(), 1, price.to_owned())];
    for mode in [Mode::Replace, Mode::Upsert] {
        assert!(written(&file, mode, &rows("1.5"), &stop).unwrap_err().is_cancelled());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left of what was given up");
        written(&file, mode, &rows("1.5"), &go).unwrap();
        let before = read(&file);
        assert!(written(&file, mode, &rows("2.5"), &stop).unwrap_err().is_cancelled());
        assert_eq!(read(&file), before);
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_file_that_another_program_writes_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("prices.sqlite");
    let go = CancellationToken::new();
    written(&file, Mode::Replace, &[("a".to_owned(), 0, "1".to_owned())], &go).unwrap();
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let refused = written(&file, Mode::Replace, &[], &go).unwrap_err().to_string();
    assert!(refused.contains("prices.sqlite is in use by another program"), "{refused}");
}
