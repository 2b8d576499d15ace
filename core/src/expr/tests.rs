use proptest::prelude::*;

use super::*;
use crate::codec::Choice;
use crate::event::{EventBatchBuilder, TimestampType};

const ORDER: &str = r#"{
    "id": 9007199254740993, "total": 12.50, "status": "FAILED", "note": "", "gone": null, "paid": true,
    "order": {"from": "shop"}, "items": [{"sku": "a-1"}, {"sku": "b-2"}], "big": 123456789012345678901234567890123,
    "at": "2026-03-14T09:00:00Z", "text": "42", "net price": 7, "é": "ž"
}"#;

/// One event with the value above, and all there is to an event.
fn order() -> EventBatch {
    let mut builder = EventBatchBuilder::new("orders", 3);
    let headers = [("source", Some(&b"web"[..])), ("x-id", Some(b"7")), ("source", Some(b"app")), ("null", None)];
    builder.push(41, 1_000, TimestampType::Create, Some(b"customer-9"), Some(ORDER.as_bytes()), headers);
    builder.finish()
}

fn json_codecs() -> TopicCodecs {
    TopicCodecs::new(Choice::Text, Choice::Json)
}

fn value_of(text: &str) -> String {
    let expr = Expr::parse(text).unwrap_or_else(|error| panic!("{error}\n{}", error.pointed()));
    let cell = expr.evaluate(&order(), &[0], &json_codecs()).remove(0).into_owned();
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Missing => "missing".to_owned(),
        cell => cell.to_string(),
    }
}

#[track_caller]
fn values(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(value_of(text), *expected, "{text}");
    }
}

#[test]
fn every_field_of_an_event_can_be_named() {
    values(&[
        ("topic", "orders"),
        ("partition", "3"),
        ("offset", "41"),
        ("timestamp", "1970-01-01T00:00:01.000Z"),
        ("timestamp_type", "create"),
        ("key", "customer-9"),
        ("size(key)", "10"),
        ("value.id", "9007199254740993"),
        ("value.order.from", "shop"),
        ("value.items[1].sku", "b-2"),
        ("value['net price']", "7"),
        ("value.\"net price\"", "7"),
        ("value.é", "ž"),
        ("value.items[9]", "missing"),
        ("value.nothing.at.all", "missing"),
        ("value.gone", "null"),
        ("headers.source", "web"),
        ("headers.x-id", "7"),
        ("headers['x-id'] || '!'", "7!"),
        ("headers.null", "null"),
        ("headers.none", "missing"),
        ("headers_all.source", "[\"web\",\"app\"]"),
        ("headers_all.none", "missing"),
    ]);
}

#[test]
fn null_missing_and_empty_are_three_things() {
    values(&[
        ("value.gone IS NULL", "true"),
        ("value.none IS NULL", "true"),
        ("value.note IS NULL", "false"),
        ("value.note = ''", "true"),
        ("is_missing(value.gone)", "false"),
        ("is_missing(value.none)", "true"),
        ("exists(value.gone)", "true"),
        ("exists(value.none)", "false"),
        ("value.gone IS DISTINCT FROM NULL", "false"),
        ("value.id IS NOT DISTINCT FROM 9007199254740993", "true"),
        ("value.none = 1", "null"),
        ("value.none = 1 OR partition = 3", "true"),
        ("(value.none = 1) IS UNKNOWN", "true"),
        ("coalesce(value.none, value.gone, 'x')", "x"),
        ("nullif(value.status, 'FAILED') IS NULL", "true"),
    ]);
}

#[test]
fn comparisons_are_exact_and_convert_nothing() {
    values(&[
        ("value.id = 9007199254740993", "true"),
        ("value.id = 9007199254740992", "false"),
        ("value.total = 12.5", "true"),
        ("value.total BETWEEN 12 AND 13", "true"),
        ("value.total NOT BETWEEN 12 AND 13", "false"),
        ("value.big > 9223372036854775807", "true"),
        ("value.text = 42", "null"),
        ("value.text = '42'", "true"),
        ("CAST(value.text AS BIGINT) = 42", "true"),
        ("value.text <> 42", "null"),
        ("value.paid", "true"),
        ("NOT value.paid", "false"),
        ("value.paid = true", "true"),
        ("value.status IN ('OK', 'FAILED')", "true"),
        ("value.status NOT IN ('OK', 'FAILED')", "false"),
        ("value.status IN ('OK', NULL)", "null"),
        ("value.id IN (1, 9007199254740993)", "true"),
        ("value.total IN (1, 12.5)", "true"),
        ("value.total IN (12, 13)", "false"),
        ("value.id IN ('a')", "null"),
        ("-9223372036854775808 < value.id", "true"),
    ]);
}

#[test]
fn a_timestamp_compares_with_texts_times_and_milliseconds() {
    values(&[
        ("timestamp = '1970-01-01T00:00:01Z'", "true"),
        ("'1970-01-01' < timestamp", "true"),
        ("timestamp > TIMESTAMP '1970-01-01 00:00:00.999'", "true"),
        ("timestamp < DATE '1970-01-02'", "true"),
        ("timestamp = 1000", "true"),
        ("timestamp = 1000.5", "false"),
        ("timestamp IN ('1970-01-01T00:00:01Z')", "true"),
        ("timestamp + INTERVAL '1 minute'", "1970-01-01T00:01:01.000Z"),
        ("timestamp - INTERVAL '1' SECOND = 0", "true"),
        ("to_timestamp(value.at) - TIMESTAMP '2026-03-14T08:59:00Z'", "60000"),
        ("age_ms(timestamp, to_timestamp(0))", "1000"),
        ("extract(year FROM timestamp)", "1970"),
        ("date_trunc('day', timestamp) = DATE '1970-01-01'", "true"),
        ("epoch_ms(timestamp)", "1000"),
        ("date_format(timestamp, 'yyyy-MM-dd HH:mm:ss.SSS')", "1970-01-01 00:00:01.000"),
        ("timestamp < now()", "true"),
        ("value.at > timestamp", "null"),
        ("CAST(value.at AS TIMESTAMP) > timestamp", "true"),
    ]);
}

#[test]
fn texts_are_searched_cut_and_joined() {
    values(&[
        ("value.status LIKE 'F%'", "true"),
        ("value.status NOT LIKE '%X%'", "true"),
        ("value.status ILIKE 'failed'", "true"),
        ("value.status LIKE 'F!%' ESCAPE '!'", "false"),
        ("value.id LIKE '9%'", "null"),
        ("value.items LIKE '%a-1%'", "true"),
        ("value.status ~ '^F.*D$'", "true"),
        ("value.status ~* 'failed'", "true"),
        ("value.status !~ 'X'", "true"),
        ("regexp_like(value.status, 'AI')", "true"),
        ("regexp_extract(key, '-[0-9]+')", "-9"),
        ("regexp_extract(key, '([a-z]+)-([0-9]+)', 2)", "9"),
        ("regexp_extract(key, 'x(y)?', 1)", "null"),
        ("regexp_extract(key, '(x)|-', 1)", "null"),
        ("regexp_extract(value.id, '9')", "null"),
        ("lower(value.status)", "failed"),
        ("length('žluť')", "4"),
        ("substring(value.status, 2, 3)", "AIL"),
        ("substring(value.status FROM 4)", "LED"),
        ("substr(value.status, -1, 3)", "F"),
        ("trim('  a ')", "a"),
        ("trim('xxaxx', 'x')", "a"),
        ("trim(LEADING 'x' FROM 'xa')", "a"),
        ("replace(value.status, 'ED', 'URE')", "FAILURE"),
        ("starts_with(key, 'customer')", "true"),
        ("ends_with(key, '9')", "true"),
        ("contains(key, '-')", "true"),
        ("split_part(key, '-', 2)", "9"),
        ("split_part(key, '-', -1)", "9"),
        ("position('-' IN key)", "9"),
        ("concat(key, NULL, 1, true)", "customer-91true"),
        ("key || ':' || offset", "customer-9:41"),
        ("left(key, 3) || right(key, 2)", "cus-9"),
        ("upper(value.none) IS NULL", "true"),
        ("upper(value.id) IS NULL", "true"),
        ("typeof(value.items)", "array"),
        ("array_length(value.items)", "2"),
    ]);
}

#[test]
fn numbers_are_calculated_exactly() {
    values(&[
        ("0.1 + 0.2 = 0.3", "true"),
        ("7 / 2", "3.5"),
        ("-7 % 3", "-1"),
        ("mod(7, 4)", "3"),
        ("value.total * 2", "25.00"),
        ("9223372036854775807 + 1", "9223372036854775808"),
        ("round(2.5)", "3"),
        ("round(-2.345, 2)", "-2.35"),
        ("round(1250, -2)", "1300"),
        ("floor(-1.5)", "-2"),
        ("ceil(1.2)", "2"),
        ("abs(-3)", "3"),
        ("sqrt(16)", "4"),
        ("power(2, 10)", "1024"),
        ("least(3, 1, 2)", "1"),
        ("greatest(1, NULL, 2.5)", "2.5"),
        ("CAST('12.50' AS DECIMAL)", "12.50"),
        ("CAST(12.345 AS DECIMAL(10, 2))", "12.35"),
        ("CAST(2.5 AS BIGINT)", "3"),
        ("CAST(0.1 AS DOUBLE) = 0.1", "true"),
        ("CAST(value.items AS TEXT)", r#"[{"sku": "a-1"}, {"sku": "b-2"}]"#),
        ("TRY_CAST('x' AS BIGINT) IS NULL", "true"),
        ("CASE WHEN value.total > 10 THEN 'large' ELSE 'small' END", "large"),
        ("CASE value.status WHEN 'OK' THEN 1 WHEN 'FAILED' THEN 2 END", "2"),
        ("CASE WHEN partition = 0 THEN 1 / 0 ELSE 1 END", "1"),
        ("CASE WHEN false THEN 1 END IS NULL", "true"),
        ("partition = 3 OR 1 / (partition - 3) > 0", "true"),
    ]);
}

#[test]
fn what_cannot_be_told_is_counted_and_named() {
    let mut builder = EventBatchBuilder::new("t", 0);
    for (offset, value) in
        [Some("{\"x\":1}"), Some("{\"x\":"), Some("{\"x\":\"1\"}"), None, Some("{\"x\":0}")].iter().enumerate()
    {
        builder.push(offset as i64, 0, TimestampType::Create, None, value.map(str::as_bytes), []);
    }
    let batch = builder.finish();
    let matching = Expr::condition("10 / value.x = 10").unwrap().matches(&batch, &[0, 1, 2, 3, 4], &json_codecs());
    assert_eq!(matching.rows, [0]);
    assert_eq!(matching.failures, [(1, Fault::UndecodableValue), (4, Fault::DivisionByZero)]);
    assert_eq!(matching.mismatched, 1);
    let by_key = Expr::condition("value.x = 1 OR offset = 1").unwrap().matches(&batch, &[1], &json_codecs());
    assert_eq!(by_key.rows, [1], "an answer that needs no value is given without one");
}

#[track_caller]
fn mistake(text: &str, message: &str, pointed: &str) {
    let error = Expr::condition(text).expect_err(text);
    assert_eq!(error.to_string(), message, "{text}");
    assert_eq!(error.pointed(), pointed, "{text}");
}

#[test]
fn mistakes_are_found_before_anything_runs_and_pointed_at() {
    mistake("offzet > 5", "unknown name “offzet” at column 1: did you mean offset?", "offzet > 5\n^^^^^^");
    mistake(
        "value.é = 'x' AND\n status = 'OK'",
        "unknown name “status” at column 2: a field of the value is written value.status, a text 'status'",
        " status = 'OK'\n ^^^^^^",
    );
    mistake(
        "value.status = \"FAILED\"",
        "unknown name “FAILED” at column 16: for a text write 'FAILED'",
        "value.status = \"FAILED\"\n               ^^^^^^^^",
    );
    mistake(
        "timestamp > 'yesterday'",
        "“yesterday” is not a time at column 13: write it as 2026-03-14T09:00:00Z, or with another offset than Z",
        "timestamp > 'yesterday'\n            ^^^^^^^^^^^",
    );
    mistake("uper(key) = 'A'", "unknown function “uper” at column 1: did you mean upper?", "uper(key) = 'A'\n^^^^");
    mistake("value.x >", "an expression is missing at column 10", "value.x >\n         ^");
    mistake("value.a >> 1", "this is no operator between two values at column 9", "value.a >> 1\n        ^");
    mistake("value. = 1", "a field's name is expected where “=” stands at column 8", "value. = 1\n       ^");
    mistake("key = 'open", "a text is not closed: a ' is missing at column 7", "key = 'open\n      ^");
    mistake(
        "value.x + 1",
        "this is a number, not a condition at column 1: compare it with something",
        "value.x + 1\n^^^^^^^^^^^",
    );
}

#[test]
fn types_that_do_not_go_together_are_refused() {
    for (text, part) in [
        ("offset = 'seven'", "a number can't be compared with a text"),
        ("headers.n > 3", "CAST(… AS DECIMAL) makes a number of a text"),
        ("topic + 1 = 2", "can't be calculated with"),
        ("NOT offset", "NOT takes a condition"),
        ("offset AND true", "AND takes a condition"),
        ("upper(offset) = 'A'", "argument 1 is a number, not a text"),
        ("upper() = 'A'", "upper(text)"),
        ("offset LIKE '4%'", "LIKE takes a text"),
        ("key LIKE value.pattern", "must be a text in single quotes"),
        ("key ~ '('", "not a regular expression"),
        ("date_trunc('fortnight', timestamp) = 0", "no part of a time"),
        ("count(*) > 1", "an expression is about one"),
        ("value.x = 1 ORDER BY key", "does not belong here"),
        ("EXISTS (SELECT 1)", ""),
        ("key IN (SELECT 1)", "IN takes a list"),
        ("topic.x = 1", "topic has no fields"),
        ("headers = 'x'", "which header?"),
        ("CASE WHEN true THEN 1 ELSE 'a' END = 1", "what it stands beside is a number"),
        ("value[99999999999999999999] = 1", "too large an index"),
        ("CAST(key AS BLOB) = 1", "there is no type"),
    ] {
        let error = Expr::condition(text).expect_err(text);
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
}

#[test]
fn a_hostile_expression_is_refused_not_a_crash() {
    for text in [
        "(".repeat(100_000),
        "NOT ".repeat(100_000),
        format!("1{}", " + 1".repeat(100_000)),
        format!("value{} = 1", "[0]".repeat(100_000)),
        "CASE WHEN ".repeat(10_000),
        format!("key{}", "::text".repeat(10_000)),
        "-".repeat(300),
        format!("{}1", "- ".repeat(390)),
    ] {
        assert!(Expr::condition(&text).is_err(), "{}", &text[..20]);
    }
    let long = format!("key IN ({})", vec!["'x'"; 10_000].join(","));
    assert!(Expr::condition(&long).is_ok(), "a long list nests nothing");
    let deep = format!("value.x > 0{}", " OR value.x > 0".repeat(150));
    assert!(Expr::condition(&deep).is_ok());
}

#[test]
fn a_projection_names_its_columns() {
    let projection = Projection::parse("value.total, upper(key) AS \"KEY\", headers.x-id, offset + 1").unwrap();
    let names: Vec<_> = projection.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["value.total", "KEY", "headers['x-id']", "offset + 1"]);
    let batch = order();
    let columns = projection.evaluate(&batch, &[0], &json_codecs());
    let row: Vec<String> = columns.iter().map(|column| column[0].to_string()).collect();
    assert_eq!(row, ["12.50", "CUSTOMER-9", "7", "42"]);
    let error = Projection::parse("value.a, offzet").unwrap_err();
    assert_eq!(error.column(), 10);
    assert!(Projection::parse("").unwrap().columns().is_empty());
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![Just("FAILED".to_owned()), Just("é/\"\\".to_owned()), Just("a".to_owned()), "[aé/\"\\\\\n%_x]{0,4}"]
}

/// Payloads of three kinds of field, written by an encoder that escapes as it likes.
fn any_payload() -> impl Strategy<Value = Option<Vec<u8>>> {
    let value = prop_oneof![
        any_text().prop_map(serde_json::Value::from),
        (-3_i64..3).prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        Just(serde_json::Value::Bool(true)),
    ];
    let object = prop::collection::vec((prop_oneof![Just("a"), Just("b")], value), 0..4);
    let written = (object, any::<bool>()).prop_map(|(fields, escapes)| {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let text = format!("{{{}}}", fields.join(","));
        let escaped = text.chars().map(|c| match c {
            '/' => "\\/".to_owned(),
            c if c.is_ascii() => c.to_string(),
            c => format!("\\u{:04x}", u32::from(c)),
        });
        if escapes { escaped.collect::<String>().into_bytes() } else { text.into_bytes() }
    });
    prop_oneof![8 => written.prop_map(Some), 1 => Just(None), 1 => any_text().prop_map(|t| Some(t.into_bytes()))]
}

fn any_condition() -> impl Strategy<Value = String> {
    let field = prop_oneof![Just("value.a"), Just("value.b"), Just("key"), Just("headers.h"), Just("value")];
    let quoted = || any_text().prop_map(|text| format!("'{}'", text.replace('\'', "''")));
    let leaf = (field, quoted(), quoted(), 0..9_u8).prop_map(|(field, one, other, kind)| match kind {
        0 | 1 => format!("{field} = {one}"),
        2 => format!("{one} = {field}"),
        3 => format!("{field} IN ({one}, {other})"),
        4 => format!("{field} LIKE {one}"),
        5 => format!("{field} NOT LIKE {one}"),
        6 => format!("contains({field}, {one})"),
        7 => format!("{field} <> {one}"),
        _ => "value.a > 0".to_owned(),
    });
    leaf.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), inner, 0..4_u8).prop_map(|(a, b, kind)| match kind {
            0 => format!("({a} AND {b})"),
            1 => format!("({a} OR {b})"),
            2 => format!("NOT ({a})"),
            _ => format!("(({a}) IS TRUE OR {b})"),
        })
    })
}

type AnyEvent = (Option<Vec<u8>>, Option<Vec<u8>>, Option<String>);

fn batch_of(events: &[AnyEvent]) -> EventBatch {
    let mut builder = EventBatchBuilder::new("t", 0);
    for (offset, (key, value, header)) in events.iter().enumerate() {
        let headers = header.iter().map(|text| ("h", Some(text.as_bytes())));
        builder.push(offset as i64, 0, TimestampType::Create, key.as_deref(), value.as_deref(), headers);
    }
    builder.finish()
}

fn any_events() -> impl Strategy<Value = Vec<AnyEvent>> {
    prop::collection::vec((any_payload(), any_payload(), prop::option::of(any_text())), 1..12)
}

fn any_codecs() -> impl Strategy<Value = TopicCodecs> {
    let choice = prop::sample::select(Choice::ALL.to_vec());
    (choice.clone(), prop_oneof![4 => Just(Choice::Json), 1 => choice])
        .prop_map(|(key, value)| TopicCodecs::new(key, value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_a_condition_needs_is_in_every_event_that_matches(
        events in any_events(), condition in any_condition(), codecs in any_codecs(),
    ) {
        let expr = Expr::condition(&condition).unwrap();
        let batch = batch_of(&events);
        let rows: Vec<u32> = (0..events.len() as u32).collect();
        let need = expr.need(&codecs);
        for row in expr.matches(&batch, &rows, &codecs).rows {
            let (key, value, header) = &events[row as usize];
            let headers: Vec<Option<&[u8]>> = header.iter().map(|text| Some(text.as_bytes())).collect();
            prop_assert!(need.is_met(key.as_deref(), value.as_deref(), &headers), "{} {:?}", condition, need);
        }
    }

    #[test]
    fn many_rows_come_to_what_each_comes_to_alone(
        events in any_events(), condition in any_condition(), codecs in any_codecs(),
    ) {
        let expr = Expr::condition(&condition).unwrap();
        let batch = batch_of(&events);
        let rows: Vec<u32> = (0..events.len() as u32).collect();
        let together = expr.matches(&batch, &rows, &codecs);
        let mut alone = Matching::default();
        for row in &rows {
            let one = expr.matches(&batch, std::slice::from_ref(row), &codecs);
            alone.rows.extend(one.rows);
            alone.failures.extend(one.failures);
            alone.mismatched += one.mismatched;
        }
        prop_assert_eq!(together, alone);
    }

    #[test]
    fn de_morgan_holds_for_every_pair_of_conditions(
        events in any_events(), a in any_condition(), b in any_condition(),
    ) {
        let batch = batch_of(&events);
        let rows: Vec<u32> = (0..events.len() as u32).collect();
        let run = |text: &str| {
            let expr = Expr::condition(text).unwrap();
            format!("{:?}", expr.evaluate(&batch, &rows, &json_codecs()))
        };
        prop_assert_eq!(run(&format!("NOT ({a} AND {b})")), run(&format!("(NOT {a}) OR (NOT {b})")));
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), words in prop::collection::vec(prop_oneof![
        Just("value"), Just(".x"), Just("["), Just("]"), Just("0"), Just("("), Just(")"), Just("AND"), Just("NOT"),
        Just("="), Just("'a'"), Just("CASE"), Just("WHEN"), Just("END"), Just("é"), Just("-"), Just("IN"), Just(","),
        Just("LIKE"), Just("CAST"), Just("AS"), Just("TEXT"), Just("headers"), Just("."), Just("exists"), Just("*"),
        Just("INTERVAL"), Just("'1 day'"), Just("timestamp"), Just("IS"), Just("NULL"), Just("BETWEEN"), Just("~"),
    ], 0..12)) {
        for text in [text, words.join(" "), words.concat()] {
            let read = [Expr::parse(&text).err(), Query::parse(&text).err(), Projection::parse(&text).err()];
            for error in read.into_iter().flatten() {
                prop_assert!(error.column() >= 1 && !error.pointed().is_empty() && !error.message.is_empty());
            }
        }
    }
}
