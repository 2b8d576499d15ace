//! Fabula and Kafka Streams over the same random cases: they agree row for row, but where `SEMANTICS` says otherwise.
//!
//! The seeds are fixed, so a failure comes again; `FABULA_SEED` asks only one of them.

use fabula_tests::agreement::aggregates::{self, Windows};
use fabula_tests::agreement::joins::{self, LookUp};
use fabula_tests::agreement::{agree, stateless};
use fabula_tests::oracle::streams::Emit;

#[test]
fn filter_project_rekey_flatten_and_merge_agree() {
    agree("filter_project_rekey_flatten_and_merge_agree", 0..300, stateless::of_streams);
}

#[test]
fn filters_and_projections_of_tables_agree() {
    agree("filters_and_projections_of_tables_agree", 0..200, stateless::of_tables);
}

macro_rules! aggregates_agree {
    ($($name:ident, $windows:ident, $emit:ident, $cases:literal;)*) => {$(
        #[test]
        fn $name() {
            let family = |draw: &mut _| aggregates::of_streams(draw, Windows::$windows, Emit::$emit);
            agree(stringify!($name), 0..$cases, family);
        }
    )*};
}

aggregates_agree! {
    aggregates_without_windows_agree, Whole, Updates, 150;
    updates_of_tumbling_windows_agree, Tumbling, Updates, 200;
    updates_of_hopping_windows_agree, Hopping, Updates, 200;
    updates_of_sessions_agree, Session, Updates, 250;
    updates_of_sliding_windows_agree, Sliding, Updates, 250;
    finals_of_tumbling_windows_agree, Tumbling, Final, 150;
    finals_of_hopping_windows_agree, Hopping, Final, 150;
    finals_of_sessions_agree, Session, Final, 150;
    finals_of_sliding_windows_agree, Sliding, Final, 150;
}

#[test]
fn aggregates_of_tables_agree() {
    agree("aggregates_of_tables_agree", 0..250, aggregates::of_tables);
}

macro_rules! joins_agree {
    ($($name:ident, $cases:literal, $family:expr;)*) => {$(
        #[test]
        fn $name() {
            agree(stringify!($name), 0..$cases, $family);
        }
    )*};
}

joins_agree! {
    inner_joins_of_streams_in_time_agree, 100, |draw| joins::of_streams_in_time(draw, "inner");
    left_joins_of_streams_in_time_agree, 100, |draw| joins::of_streams_in_time(draw, "left");
    right_joins_of_streams_in_time_agree, 100, |draw| joins::of_streams_in_time(draw, "right");
    full_joins_of_streams_in_time_agree, 100, |draw| joins::of_streams_in_time(draw, "full");
    inner_joins_of_streams_agree, 100, |draw| joins::of_streams(draw, "inner");
    left_joins_of_streams_agree, 100, |draw| joins::of_streams(draw, "left");
    right_joins_of_streams_agree, 100, |draw| joins::of_streams(draw, "right");
    full_joins_of_streams_agree, 100, |draw| joins::of_streams(draw, "full");
    inner_look_ups_agree, 150, |draw| joins::of_stream_with_table(draw, "inner", LookUp::Plain);
    left_look_ups_agree, 150, |draw| joins::of_stream_with_table(draw, "left", LookUp::Plain);
    inner_look_ups_as_of_a_time_agree, 40, |draw| joins::of_stream_with_table(draw, "inner", LookUp::Versioned);
    left_look_ups_as_of_a_time_agree, 40, |draw| joins::of_stream_with_table(draw, "left", LookUp::Versioned);
    inner_look_ups_that_wait_agree, 40, |draw| joins::of_stream_with_table(draw, "inner", LookUp::Waiting);
    left_look_ups_that_wait_agree, 40, |draw| joins::of_stream_with_table(draw, "left", LookUp::Waiting);
    inner_joins_of_tables_agree, 100, |draw| joins::of_tables(draw, "inner");
    left_joins_of_tables_agree, 100, |draw| joins::of_tables(draw, "left");
    right_joins_of_tables_agree, 100, |draw| joins::of_tables(draw, "right");
    full_joins_of_tables_agree, 100, |draw| joins::of_tables(draw, "full");
    inner_joins_by_a_foreign_key_agree, 150, |draw| joins::of_tables_by_foreign_key(draw, "inner");
    left_joins_by_a_foreign_key_agree, 150, |draw| joins::of_tables_by_foreign_key(draw, "left");
}
