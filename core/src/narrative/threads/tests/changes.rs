//! Debezium's change events, as its documentation writes them.

use super::stage::{Made, correlate, log, steps, told};

/// Without the schema beside it (`schemas.enable=false`), with transaction metadata (`provide.transaction.metadata`).
fn change(at: i64, table: &str, op: &str, row: &str, transaction: &str, order: u32) -> Made {
    let (before, after) = if op == "d" { (row, "null") } else { ("null", row) };
    Made::new(&format!("shop.public.{table}"), at).key(row.trim_end_matches(",\"n\":1}").to_owned() + "}").value(format!(
        r#"{{"before":{before},"after":{after},"source":{{"version":"2.5","connector":"postgresql","db":"shop","schema":"public","table":"{table}","txId":{order}}},"op":"{op}","ts_ms":{at},"transaction":{{"id":"{transaction}","total_order":{order},"data_collection_order":1}}}}"#
    ))
}

#[test]
fn changes_of_one_transaction_and_millisecond_stand_in_the_transactions_order() {
    let row = |id: u32| format!(r#"{{"id":{id},"n":1}}"#);
    let snapshot = log(&[
        change(10, "a_last", "c", &row(1), "571:1", 3),
        change(10, "m_first", "c", &row(2), "571:1", 1),
        change(10, "z_second", "u", &row(3), "571:1", 2),
    ]);
    let (_, threads) = correlate(&snapshot);
    assert_eq!(threads.len(), 1);
    assert_eq!(steps(&threads, 0), ["m_first created", "z_second updated", "a_last created"]);
}

#[test]
fn a_delete_and_its_tombstone_are_told_apart() {
    let key = r#"{"id":900001}"#;
    let row = r#"{"id":900001,"n":1}"#;
    let snapshot = log(&[
        change(10, "orders", "c", row, "571:1", 1),
        change(20, "orders", "u", row, "572:1", 1),
        change(30, "orders", "d", row, "573:1", 1),
        Made::new("shop.public.orders", 30).key(key).without_value(),
    ]);
    let (_, threads) = correlate(&snapshot);
    assert_eq!(threads.len(), 1, "{:?}", told(&threads));
    assert_eq!(
        steps(&threads, 0),
        ["orders created", "orders updated", "orders deleted", "orders tombstone"],
        "{:?}",
        told(&threads)
    );
}

/// <https://debezium.io/documentation/reference/stable/transformations/event-flattening.html>, `add.fields=op,table` and
/// `delete.tombstone.handling.mode=rewrite`.
#[test]
fn flattened_changes_are_named_by_their_added_fields() {
    let flat = |at: i64, more: &str| {
        Made::new("shop.public.orders", at).key("7001").value(format!(r#"{{"id":7001,"total":3{more}}}"#))
    };
    let snapshot = log(&[
        flat(10, r#","__op":"c","__table":"orders","__deleted":"false""#),
        flat(20, r#","__op":"u","__table":"orders","__deleted":"false""#),
        flat(30, r#","__op":"d","__table":"orders","__deleted":"true""#),
        Made::new("shop.public.orders", 30).key("7001").without_value(),
    ]);
    let (_, threads) = correlate(&snapshot);
    assert_eq!(
        steps(&threads, 0),
        ["orders created", "orders updated", "orders deleted", "orders tombstone"],
        "{:?}",
        told(&threads)
    );
    // Only the field that is there by itself.
    let snapshot = log(&[flat(10, r#","__deleted":"false""#), flat(20, r#","__deleted":"true""#)]);
    let (_, threads) = correlate(&snapshot);
    assert_eq!(steps(&threads, 0), ["orders changed", "orders deleted"]);
    // In headers: `add.headers=op,table`.
    let headed = |at: i64, op: &str| flat(at, "").header("__op", op).header("__table", "orders");
    let (_, threads) = correlate(&log(&[headed(10, "c"), headed(20, "d")]));
    assert_eq!(steps(&threads, 0), ["orders created", "orders deleted"]);
}

/// MongoDB's connector names a collection where others name a table.
#[test]
fn a_collection_is_a_table() {
    let change = |at: i64, op: &str| {
        Made::new("shop.shop.orders", at).key(r#"{"id":"{\"$oid\":\"65a1b2c3d4\"}"}"#).value(format!(
            r#"{{"before":null,"after":"{{\"_id\":1}}","source":{{"connector":"mongodb","db":"shop","collection":"orders","ord":1}},"op":"{op}","ts_ms":1}}"#
        ))
    };
    let (_, threads) = correlate(&log(&[change(10, "c"), change(20, "u")]));
    assert_eq!(steps(&threads, 0), ["orders created", "orders updated"], "{:?}", told(&threads));
}
