//! Fabula and Kafka Streams over the same random cases: they agree row for row, but where `SEMANTICS` says otherwise.
//!
//! The seeds are fixed, so a failure comes again.

use std::collections::{BTreeMap, BTreeSet};

use fabula_tests::agreement::aggregates::{Windows, of_streams as aggregated, of_tables as aggregated_table};
use fabula_tests::agreement::draw::Draw;
use fabula_tests::agreement::joins::{self, LookUp, of_stream_with_table as looked_up};
use fabula_tests::agreement::{Family, chained, stateless};
use fabula_tests::oracle::streams::{Emit, Kind, Window};

/// The families, and a test for each.
macro_rules! families {
    ($($name:ident, $cases:literal, $question:expr;)*) => {
        const FAMILIES: &[Family] = &[$(Family { name: stringify!($name), cases: $cases, question: $question }),*];

        $(
            #[test]
            fn $name() {
                let family = FAMILIES.iter().find(|family| family.name == stringify!($name));
                family.expect("it is one of them").agrees();
            }
        )*
    };
}

families! {
    filter_project_rekey_flatten_and_merge_agree, 300, stateless::of_streams;
    filters_and_projections_of_tables_agree, 200, stateless::of_tables;
    aggregates_without_windows_agree, 150, |draw| aggregated(draw, Windows::Whole, Emit::Updates);
    updates_of_tumbling_windows_agree, 200, |draw| aggregated(draw, Windows::Tumbling, Emit::Updates);
    updates_of_hopping_windows_agree, 200, |draw| aggregated(draw, Windows::Hopping, Emit::Updates);
    updates_of_sessions_agree, 250, |draw| aggregated(draw, Windows::Session, Emit::Updates);
    updates_of_sliding_windows_agree, 250, |draw| aggregated(draw, Windows::Sliding, Emit::Updates);
    finals_of_tumbling_windows_agree, 150, |draw| aggregated(draw, Windows::Tumbling, Emit::Final);
    finals_of_hopping_windows_agree, 150, |draw| aggregated(draw, Windows::Hopping, Emit::Final);
    finals_of_sessions_agree, 150, |draw| aggregated(draw, Windows::Session, Emit::Final);
    finals_of_sliding_windows_agree, 150, |draw| aggregated(draw, Windows::Sliding, Emit::Final);
    aggregates_of_tables_agree, 250, aggregated_table;
    inner_joins_of_streams_in_time_agree, 150, |draw| joins::of_streams_in_time(draw, "inner");
    left_joins_of_streams_in_time_agree, 150, |draw| joins::of_streams_in_time(draw, "left");
    right_joins_of_streams_in_time_agree, 150, |draw| joins::of_streams_in_time(draw, "right");
    full_joins_of_streams_in_time_agree, 150, |draw| joins::of_streams_in_time(draw, "full");
    inner_joins_of_streams_agree, 150, |draw| joins::of_streams(draw, "inner");
    left_joins_of_streams_agree, 150, |draw| joins::of_streams(draw, "left");
    right_joins_of_streams_agree, 150, |draw| joins::of_streams(draw, "right");
    full_joins_of_streams_agree, 150, |draw| joins::of_streams(draw, "full");
    inner_look_ups_agree, 150, |draw| looked_up(draw, "inner", LookUp::Plain);
    left_look_ups_agree, 150, |draw| looked_up(draw, "left", LookUp::Plain);
    inner_look_ups_as_of_a_time_agree, 50, |draw| looked_up(draw, "inner", LookUp::Versioned);
    left_look_ups_as_of_a_time_agree, 50, |draw| looked_up(draw, "left", LookUp::Versioned);
    inner_look_ups_that_wait_agree, 50, |draw| looked_up(draw, "inner", LookUp::Waiting);
    left_look_ups_that_wait_agree, 50, |draw| looked_up(draw, "left", LookUp::Waiting);
    inner_joins_of_tables_agree, 100, |draw| joins::of_tables(draw, "inner");
    left_joins_of_tables_agree, 100, |draw| joins::of_tables(draw, "left");
    right_joins_of_tables_agree, 100, |draw| joins::of_tables(draw, "right");
    full_joins_of_tables_agree, 100, |draw| joins::of_tables(draw, "full");
    inner_joins_by_a_foreign_key_agree, 150, |draw| joins::of_tables_by_foreign_key(draw, "inner");
    left_joins_by_a_foreign_key_agree, 150, |draw| joins::of_tables_by_foreign_key(draw, "left");
    windows_behind_a_join_of_streams_agree, 100, chained::windows_behind_a_join;
    groups_behind_a_join_of_tables_agree, 150, chained::groups_behind_a_join;
    filters_behind_an_aggregate_agree, 150, chained::filter_behind_an_aggregate;
    joins_of_aggregates_agree, 150, chained::join_of_aggregates;
}

/// What a node is, with its window or its way to join.
fn kinds(kind: &Kind, tables: &BTreeSet<String>) -> Vec<String> {
    match kind {
        Kind::Stream { .. } => vec!["stream".to_owned()],
        Kind::Table { .. } => vec!["table".to_owned()],
        Kind::Filter { .. } => vec!["filter".to_owned()],
        Kind::Project { .. } => vec!["project".to_owned()],
        Kind::Rekey { .. } => vec!["rekey".to_owned()],
        Kind::Flatten { .. } => vec!["flatten".to_owned()],
        Kind::Merge { .. } => vec!["merge".to_owned()],
        Kind::ToStream { .. } => Vec::new(),
        Kind::Aggregate(aggregate) => {
            let window = match aggregate.window {
                None if tables.contains(&aggregate.input) => "of a table",
                None => "without windows",
                Some(Window::Tumbling { .. }) => "tumbling",
                Some(Window::Hopping { .. }) => "hopping",
                Some(Window::Session { .. }) => "session",
                Some(Window::Sliding { .. }) => "sliding",
            };
            let functions = aggregate.select.iter().map(|select| format!("function {}", select.function));
            functions.chain([format!("aggregate {window}")]).collect()
        }
        Kind::Join(join) => {
            let of = match (tables.contains(&join.left), tables.contains(&join.right), &join.foreign) {
                (_, _, Some(_)) => "foreign key",
                (true, ..) => "table-table",
                (_, true, _) => "stream-table",
                _ => "stream-stream",
            };
            vec![format!("{of} {}", join.how)]
        }
    }
}

#[test]
fn the_cases_are_many_and_of_every_kind() {
    let mut cases: BTreeMap<String, u64> = BTreeMap::new();
    let mut records: BTreeMap<&str, u64> = BTreeMap::new();
    for family in FAMILIES {
        for seed in 0..family.cases {
            let question = (family.question)(&mut Draw::new(seed));
            let mut tables = BTreeSet::new();
            let mut of_case = BTreeSet::new();
            for node in &question.nodes {
                let is_table = match &node.kind {
                    Kind::Table { .. } | Kind::Aggregate(_) => true,
                    Kind::Filter { input, .. } | Kind::Project { input, .. } => tables.contains(input),
                    Kind::Join(join) => tables.contains(&join.left),
                    _ => false,
                };
                of_case.extend(kinds(&node.kind, &tables));
                if is_table {
                    tables.insert(node.name.clone());
                }
            }
            of_case.into_iter().for_each(|kind| *cases.entry(kind).or_default() += 1);
            let mut largest = i64::MIN;
            for record in &question.records {
                let mut count = |what, is_so| *records.entry(what).or_default() += u64::from(is_so);
                count("all", true);
                count("out of order", record.time_ms < largest);
                count("ties", record.time_ms == largest);
                count("without key", record.key.is_null());
                count("without value", record.value.is_null());
                largest = largest.max(record.time_ms);
            }
        }
    }
    let all: u64 = FAMILIES.iter().map(|family| family.cases).sum();
    println!("{all} cases: {cases:#?}, records: {records:#?}");
    assert!(all >= 2_000);
    let nodes = ["stream", "table", "filter", "project", "rekey", "flatten", "merge"].map(str::to_owned);
    let windows = ["without windows", "of a table", "tumbling", "hopping", "session", "sliding"];
    let functions = ["count", "sum", "min", "max", "avg", "first", "last", "collect_list"];
    let ways = ["inner", "left", "right", "full"];
    let joins = ["stream-stream", "table-table"].into_iter().flat_map(|of| ways.map(|how| format!("{of} {how}")));
    let looking_up = ["stream-table", "foreign key"];
    let look_ups = looking_up.into_iter().flat_map(|of| ["inner", "left"].map(|how| format!("{of} {how}")));
    let wanted = nodes.into_iter().chain(windows.map(|window| format!("aggregate {window}")));
    let wanted = wanted.chain(functions.map(|function| format!("function {function}"))).chain(joins).chain(look_ups);
    for kind in wanted {
        assert!(cases.get(&kind).copied().unwrap_or(0) >= 100, "{kind} is in too few cases: {cases:?}");
    }
    for (what, percent) in [("out of order", 20), ("ties", 2), ("without key", 1), ("without value", 3)] {
        assert!(records[what] * 100 >= records["all"] * percent, "{what}: {records:?}");
    }
}
