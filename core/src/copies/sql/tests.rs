use proptest::prelude::*;
use rusqlite::types::Value;
use rust_decimal::Decimal;

use super::*;
use crate::codec::number_cell;
use crate::engine::{RowsBuilder, Sign};
use crate::expr::Type;

fn view(name: &str, flow: Flow, columns: &[&str], id: Vec<usize>) -> PlannedView {
    let columns = columns.iter().enumerate().map(|(at, name)| ((*name).to_owned(), at, Type::Any)).collect();
    PlannedView { node: 0, name: name.to_owned(), flow, columns, id }
}

fn loaded() -> SqlViews {
    let prices = view("prices", Flow::Stream, &["id", "price", "at"], vec![]);
    let counts = view("counts per id", Flow::Table, &["id", "n"], vec![0]);
    let mut views = SqlViews::new(&[prices, counts]).unwrap();
    let mut rows = RowsBuilder::new(3, false);
    for (id, price) in [("a", "0.1"), ("a", "0.2"), ("b", "1234567.89"), ("b", "-0.01"), ("c", "3")] {
        rows.push(0, 0, Sign::Plus, [Cell::Text(id.into()), number_cell(price), Cell::Time(1_500_000_000)]);
    }
    rows.push(0, 0, Sign::Plus, [Cell::Null, number_cell("1234567890.12345678"), Cell::Missing]);
    views.rows(0, &rows.finish()).unwrap();
    let mut rows = RowsBuilder::new(2, true);
    rows.push(0, 0, Sign::Plus, [Cell::Text("a".into()), Cell::Int(1)]);
    rows.push(1, 0, Sign::Minus, [Cell::Text("a".into()), Cell::Int(1)]);
    rows.push(1, 0, Sign::Plus, [Cell::Text("a".into()), Cell::Int(i64::MAX)]);
    views.rows(1, &rows.finish()).unwrap();
    views.seal().unwrap();
    views
}

fn ask(views: &mut SqlViews, sql: &str) -> Result<Vec<String>, CopyError> {
    let mut rows = Vec::new();
    let mut take = |cells: Vec<Cell<'_>>| {
        rows.push(cells.iter().map(ToString::to_string).collect::<Vec<_>>().join("|"));
        Ok(())
    };
    views.ask(sql, 1_000, &CancellationToken::new(), &mut take)?;
    Ok(rows)
}

#[test]
fn sums_are_of_the_decimals_and_integers_stay_exact() {
    let mut views = loaded();
    let mut told = |sql: &str| ask(&mut views, sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert_eq!(
        told("SELECT id, sum(price), avg(price) FROM prices WHERE id < 'd' GROUP BY id ORDER BY id"),
        ["a|0.3|0.15", "b|1234567.88|617283.94", "c|3|3"]
    );
    assert_eq!(told("SELECT n FROM \"counts per id\""), ["9223372036854775807"]);
    assert_eq!(told("SELECT n - 1 FROM \"counts per id\""), ["9223372036854775806"]);
    assert_eq!(told("SELECT sum(n), typeof(sum(n)) FROM \"counts per id\""), ["9223372036854775807|integer"]);
    // Comparisons are of numbers, and a window's sums take rows away again.
    assert_eq!(told("SELECT id FROM prices GROUP BY id HAVING sum(price) > 1000000 AND id > ''"), ["b"]);
    let over = "SELECT sum(price) OVER (ORDER BY rowid ROWS 1 PRECEDING) FROM prices WHERE id = 'a' OR id = 'c'";
    assert_eq!(told(over), ["0.1", "0.3", "3.2"]);
    assert_eq!(told("SELECT at FROM prices WHERE price = 0.1"), ["1970-01-01T00:00:01.500Z"]);
    assert_eq!(told("SELECT sum(price), total(price), count(*) FROM prices WHERE 0"), ["|0|0"]);
    assert_eq!(views.rounded(), [("prices.price".to_owned(), 1)]);
}

#[test]
fn a_whole_number_among_decimals_is_divided_as_they_are() {
    let mut views = SqlViews::new(&[view("sales", Flow::Table, &["id", "revenue", "orders"], vec![0])]).unwrap();
    let mut rows = RowsBuilder::new(3, true);
    for (id, revenue) in [("a", "100"), ("b", "10.50"), ("c", "9007199254740993")] {
        rows.push(0, 0, Sign::Plus, [Cell::Text(id.into()), number_cell(revenue), Cell::Int(3)]);
    }
    views.rows(0, &rows.finish()).unwrap();
    let told = ask(&mut views, "SELECT revenue / orders, orders / 2 FROM sales WHERE id < 'c' ORDER BY id").unwrap();
    assert_eq!(told, ["33.333333333333336|1", "3.5|1"]);
    assert_eq!(
        ask(&mut views, "SELECT DISTINCT typeof(revenue), typeof(orders) FROM sales").unwrap(),
        ["real|integer"]
    );
    assert_eq!(views.rounded(), [("sales.revenue".to_owned(), 1)]);
    // Where no decimal came, large integers stay exact.
    let mut views = SqlViews::new(&[view("ids", Flow::Stream, &["id"], vec![])]).unwrap();
    let mut rows = RowsBuilder::new(1, false);
    rows.push(0, 0, Sign::Plus, [Cell::Int((1 << 53) + 1)]);
    rows.push(0, 0, Sign::Plus, [number_cell("12345678901234567890")]);
    views.rows(0, &rows.finish()).unwrap();
    assert_eq!(ask(&mut views, "SELECT id FROM ids WHERE typeof(id) = 'integer'").unwrap(), ["9007199254740993"]);
}

#[test]
fn times_sort_and_compare_whatever_their_digits() {
    let fine = view("fine", Flow::Stream, &["at", "text"], vec![]);
    let whole = view("whole", Flow::Stream, &["at"], vec![]);
    let mut views = SqlViews::new(&[fine, whole]).unwrap();
    let mut rows = RowsBuilder::new(2, false);
    for ns in [100_000_000, 100_000_001, 99_999_999, 101_000_000] {
        rows.push(0, 0, Sign::Plus, [Cell::Time(ns), Cell::Text("1970-01-01T00:00:00.100Z".into())]);
    }
    views.rows(0, &rows.finish()).unwrap();
    let mut rows = RowsBuilder::new(1, false);
    rows.push(0, 0, Sign::Plus, [Cell::Time(100_000_000)]);
    views.rows(1, &rows.finish()).unwrap();
    let at = |digits: &str| format!("1970-01-01T00:00:00.{digits}Z");
    let sorted = ["099999999", "100000000", "100000001", "101000000"].map(at);
    assert_eq!(ask(&mut views, "SELECT at FROM fine ORDER BY at").unwrap(), sorted);
    assert_eq!(ask(&mut views, "SELECT count(*) FROM fine JOIN whole ON fine.at > whole.at").unwrap(), ["2"]);
    assert_eq!(ask(&mut views, "SELECT count(*) FROM fine JOIN whole USING (at)").unwrap(), ["1"]);
    // A text that only looks like one is as it was.
    assert_eq!(ask(&mut views, "SELECT DISTINCT text FROM fine").unwrap(), [at("100")]);
}

#[test]
fn a_sum_of_texts_is_that_of_the_numbers_they_begin_with() {
    let plain = Connection::open_in_memory().unwrap();
    let ours = Connection::open_in_memory().unwrap();
    sums::add(&ours).unwrap();
    let texts = [
        "'12', '12 apples'",
        "'12', ' 7 '",
        "'007', '+5'",
        "'1e2x', '.5', '5.', '.'",
        "'', 'x', '-', '1e', '1e+'",
        "'-3.25', 4",
        "x'3132', 1",
        "'9223372036854775807', 1.5",
        "'0x10', 1",
        "'12.0', '\n3\t'",
    ];
    for list in texts {
        let values: Vec<String> = list.split(", ").map(|text| format!("({text})")).collect();
        let sql =
            format!("SELECT sum(column1), typeof(sum(column1)), total(column1) FROM (VALUES {})", values.join(", "));
        let ask = |connection: &Connection| {
            connection.query_row(&sql, (), |row| {
                Ok((row.get::<_, Value>(0)?, row.get::<_, String>(1)?, row.get::<_, f64>(2)?))
            })
        };
        assert_eq!(ask(&ours).unwrap(), ask(&plain).unwrap(), "{list}");
    }
}

#[test]
fn the_columns_of_an_answer_have_names_of_their_own() {
    let mut views = loaded();
    let sql = "SELECT id, price, id, ID, 1 AS id_2, a.id FROM prices a JOIN prices b USING (id) LIMIT 1";
    let sql = sql.replace("id, price, id, ID", "a.id, a.price, a.id, a.ID AS ID");
    let names = ["id", "price", "id_3", "ID_4", "id_2", "id_5"];
    assert_eq!(views.columns(&sql).unwrap(), names);
    let answer = views.ask(&sql, 1, &CancellationToken::new(), &mut |_| Ok(())).unwrap();
    assert_eq!(answer.columns, names);
}

#[test]
fn views_are_read_and_nothing_else() {
    let mut views = loaded();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("other.db");
    for sql in [
        "DELETE FROM prices".to_owned(),
        "CREATE TABLE t (a)".to_owned(),
        format!("ATTACH DATABASE '{}' AS other", file.display()),
        format!("VACUUM INTO '{}'", file.display()),
        "PRAGMA query_only = 0".to_owned(),
        "SELEC 1".to_owned(),
        "SELECT nothing FROM prices".to_owned(),
        "SELECT * FROM nowhere".to_owned(),
        String::new(),
        "SELECT 1; DELETE FROM prices".to_owned(),
    ] {
        let asked = ask(&mut views, &sql);
        assert!(asked.is_err(), "{sql}: {asked:?}");
    }
    for two in ["SELECT 1; SELECT 2", "SELECT 1; SELECT count(*) FROM prices;"] {
        let asked = ask(&mut views, two).unwrap_err().to_string();
        assert!(asked.contains("one question at a time"), "{asked}");
        assert!(views.columns(two).is_err());
    }
    assert_eq!(ask(&mut views, "SELECT 1; -- and no more").unwrap(), ["1"]);
    assert!(!file.exists());
    assert_eq!(ask(&mut views, "SELECT count(*) FROM prices").unwrap(), ["6"]);
}

#[test]
fn what_is_null_only_in_sql_is_counted() {
    let mut views = SqlViews::new(&[view("odd", Flow::Stream, &["n", "m"], vec![])]).unwrap();
    let mut rows = RowsBuilder::new(2, false);
    let failed = || Cell::Failed(crate::codec::Fault::DivisionByZero);
    for cells in [[failed(), Cell::Null], [failed(), Cell::Float(f64::NAN)], [Cell::Int(1), Cell::Missing]] {
        rows.push(0, 0, Sign::Plus, cells);
    }
    views.rows(0, &rows.finish()).unwrap();
    assert_eq!(ask(&mut views, "SELECT count(*), count(n), count(m) FROM odd").unwrap(), ["3|1|0"]);
    assert_eq!(views.nulled(), [("odd.m".to_owned(), 1), ("odd.n".to_owned(), 2)]);
    assert_eq!(views.rounded(), []);
}

#[test]
fn an_answer_has_a_bound_and_a_question_an_end() {
    let mut views = loaded();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let answer = views.ask(many, 5, &CancellationToken::new(), &mut |_| Ok(())).unwrap();
    assert_eq!((answer.rows, answer.more, answer.columns), (5, true, vec!["i".to_owned()]));
    let cancel = CancellationToken::new();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    cancel.cancel();
    let stopped = views.ask(endless, 5, &cancel, &mut |_| Ok(())).unwrap_err();
    assert!(stopped.is_cancelled(), "{stopped}");
}

proptest! {
    #[test]
    fn a_sum_is_that_of_the_decimals(prices in prop::collection::vec((-999_999_999_i64..999_999_999, 0_u32..6), 1..60)) {
        let column = view("prices", Flow::Stream, &["price"], vec![]);
        let mut views = SqlViews::new(&[column]).unwrap();
        let mut rows = RowsBuilder::new(1, false);
        let mut sum = Decimal::ZERO;
        for (digits, scale) in &prices {
            let price = Decimal::new(*digits, *scale);
            sum += price;
            rows.push(0, 0, Sign::Plus, [Cell::Decimal(price)]);
        }
        views.rows(0, &rows.finish()).unwrap();
        prop_assert_eq!(views.rounded(), []);
        let told = ask(&mut views, "SELECT sum(price), avg(price) FROM prices").unwrap();
        let (said, average) = told[0].split_once('|').unwrap();
        let nearest = |decimal: Decimal| decimal.to_string().parse::<f64>().unwrap();
        prop_assert_eq!(said.parse::<f64>().unwrap(), nearest(sum));
        prop_assert_eq!(average.parse::<f64>().unwrap(), nearest(sum / Decimal::from(prices.len())));
        // A window that moves on takes what leaves it away again.
        let over = "SELECT sum(price) OVER (ORDER BY rowid ROWS 2 PRECEDING) FROM prices";
        let told = ask(&mut views, over).unwrap();
        for (at, said) in told.iter().enumerate() {
            let window = &prices[at.saturating_sub(2)..=at];
            let sum: Decimal = window.iter().map(|(digits, scale)| Decimal::new(*digits, *scale)).sum();
            prop_assert_eq!(said.parse::<f64>().unwrap(), nearest(sum));
        }
    }
}
