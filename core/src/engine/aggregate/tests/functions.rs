//! What the functions say in cases of their own.

use super::*;
use crate::codec::{Fault, number_cell};
use crate::engine::Dropped;

/// What a call comes to over values.
fn over(call: &str, values: &[Cell<'static>]) -> (String, crate::engine::Metrics) {
    let mut operator = aggregate(spec(None, 0, Emit::Updates, &[call]));
    let rows: Vec<Row> = (0..)
        .zip(values)
        .map(|(at, value)| row_of(at, at as i64, [Cell::Text("a".into()), value.clone(), Cell::Int(1)]))
        .collect();
    let given = feed(&mut *operator, batch(&rows, false));
    (show(given.last().expect("a row"), false), operator.metrics())
}

fn text(text: &'static str) -> Cell<'static> {
    Cell::Text(text.into())
}

#[test]
fn sums_and_averages_are_exact() {
    let decimals = |texts: &[&'static str]| texts.iter().map(|text| number_cell(text)).collect::<Vec<_>>();
    for (call, values, result) in [
        ("sum(v)", vec!["0.1", "0.2"], "+a 0.3"),
        ("sum(v)", vec!["9223372036854775807", "1"], "+a 9223372036854775808"),
        ("avg(v)", vec!["1", "2", "2"], "+a 1.6666666666666666666666666667"),
        ("avg(v)", vec!["2", "4"], "+a 3"),
        ("sum(v)", vec!["79228162514264337593543950335", "1"], "+a (a number has more than 28 digits)"),
        ("avg(v)", vec!["79228162514264337593543950335", "1"], "+a (a number has more than 28 digits)"),
        ("sum(v)", vec!["1", "123456789012345678901234567890123"], "+a (a number has more than 28 digits)"),
        ("sum(v) / 2", vec!["1", "2"], "+a 1.5"),
    ] {
        assert_eq!(over(call, &decimals(&values)).0, result, "{call} {values:?}");
    }
    assert_eq!(over("sum(v)", &[Cell::Float(0.1), Cell::Float(0.2), number_cell("0.3")]).0, "+a 0.6");
    assert_eq!(over("sum(v)", &[Cell::Null]).0, "+a null");
    assert_eq!(over("avg(v)", &[Cell::Null]).0, "+a null");
    assert_eq!(over("count(v)", &[Cell::Null]).0, "+a 0");
    assert_eq!(over("count(*)", &[Cell::Null]).0, "+a 1");
}

#[test]
fn what_is_no_number_is_left_out_and_counted() {
    for call in ["sum(v)", "avg(v)", "stddev(v)", "quantile(v, 0.5)"] {
        let (_, metrics) = over(call, &[Cell::Int(1), text("2"), Cell::Bool(true), Cell::Null]);
        assert_eq!(metrics.mismatched, 2, "{call}");
    }
    let (shown, metrics) = over("sum(v)", &[Cell::Int(1), text("2"), Cell::Int(4)]);
    assert_eq!((shown.as_str(), metrics.mismatched), ("+a 5", 1));
    let (shown, metrics) = over("count(DISTINCT v)", &[Cell::Int(1), text("1"), number_cell("1.0")]);
    assert_eq!((shown.as_str(), metrics.mismatched), ("+a 2", 0));
}

#[test]
fn what_cannot_be_compared_with_the_first_is_left_out_and_counted() {
    let values = [text("b"), Cell::Int(1), text("a"), Cell::Bool(true)];
    for (call, result) in [("min(v)", "+a a"), ("max(v)", "+a b"), ("top(v, 5)", "+a [\"b\",\"a\"]")] {
        let (shown, metrics) = over(call, &values);
        assert_eq!((shown.as_str(), metrics.mismatched), (result, 2), "{call}");
    }
    // A time is compared with a number as milliseconds.
    let (shown, metrics) = over("max(v)", &[Cell::Int(5), Cell::Time(6_000_000)]);
    assert_eq!((shown.as_str(), metrics.mismatched), ("+a 1970-01-01T00:00:00.006Z", 0));
}

#[test]
fn a_failed_argument_is_counted_set_aside_and_left_out() {
    let failed = Cell::Failed(Fault::DivisionByZero);
    let mut operator = aggregate(spec(tumbling(10), 0, Emit::Updates, &["count(*)", "count(v)", "sum(v)", "max(v)"]));
    let rows = [row(1, 1, "a", 1), row_of(2, 2, [text("a"), failed, Cell::Null])];
    let given = feed(&mut *operator, batch(&rows, false));
    assert_eq!(show_all(&given), ["+a 0..10 2 1 1 1"]);
    // Once a row, however many calls take it.
    assert_eq!(operator.metrics().dropped[&Dropped::Failed], 1);
    let aside: Vec<_> = operator.aside().unwrap().rows().map(|row| (row.why, row.seq)).collect();
    assert_eq!(aside, [(Dropped::Failed, 2)]);
}

#[test]
fn a_filter_decides_before_the_argument_does() {
    let mut operator = aggregate(spec(
        None,
        0,
        Emit::Updates,
        &["sum(v) FILTER (WHERE w = 1)", "count(*) FILTER (WHERE w > 1)", "sum(1 / w)"],
    ));
    let rows = [
        row_of(1, 1, [text("a"), Cell::Int(5), Cell::Int(1)]),
        row_of(2, 2, [text("a"), text("no number"), Cell::Int(2)]),
        row_of(3, 3, [text("a"), Cell::Int(7), Cell::Int(0)]),
        row_of(4, 4, [text("a"), Cell::Int(9), Cell::Null]),
    ];
    let given = feed(&mut *operator, batch(&rows, false));
    assert_eq!(given.iter().map(|row| show(row, false)).collect::<Vec<_>>(), ["+a 5 1 1.5"]);
    let metrics = operator.metrics();
    assert_eq!((metrics.mismatched, metrics.dropped[&Dropped::Failed]), (0, 1));
}

#[test]
fn first_and_last_go_by_time_and_among_equals_by_arrival() {
    let rows = [row(1, 5, "a", 1), row(2, 3, "a", 2), row(3, 3, "a", 3), row(4, 5, "a", 4), row(5, 4, "a", 5)];
    let mut operator = aggregate(spec(None, 0, Emit::Updates, &["first(v)", "last(v)", "collect_list(v)"]));
    let given = feed(&mut *operator, batch(&rows, false));
    assert_eq!(given.iter().map(|row| show(row, false)).collect::<Vec<_>>(), ["+a 2 4 [1,2,3,4,5]"]);
}

#[test]
fn a_list_is_json_with_every_digit() {
    let values = [
        number_cell("12.50"),
        Cell::Int(i64::MAX),
        text("say \"hi\"\n"),
        Cell::Bool(true),
        Cell::Float(0.1),
        Cell::Time(1_500_000_000),
        Cell::Object("{\"a\":[1.0]}".into()),
        number_cell("123456789012345678901234567890123"),
        Cell::Bytes(vec![1, 2].into()),
    ];
    let expected = "[12.50,9223372036854775807,\"say \\\"hi\\\"\\n\",true,0.1,\"1970-01-01T00:00:01.500Z\",\
                    {\"a\":[1.0]},123456789012345678901234567890123,{\"$base64\":\"AQI=\"}]";
    assert_eq!(over("collect_list(v)", &values).0, format!("+a {expected}"));
    assert!(crate::codec::json::parse(expected.as_bytes()).is_ok());
}

#[test]
fn groups_are_by_worth_and_shown_in_the_fewest_digits() {
    let mut operator = aggregate(spec(None, 0, Emit::Updates, &["count(*)"]));
    let keys = [number_cell("5.0"), Cell::Int(5), Cell::Float(5.0), text("5"), number_cell("5.50")];
    let rows: Vec<Row> = (0..).zip(keys).map(|(at, key)| row_of(at, 1, [key, Cell::Int(1), Cell::Null])).collect();
    let given = feed(&mut *operator, batch(&rows, false));
    assert_eq!(given.iter().map(|row| show(row, false)).collect::<Vec<_>>(), ["+5 3", "+5 1", "+5.5 1"]);
    assert_eq!(given[0].cells[0], Cell::Int(5));
}
