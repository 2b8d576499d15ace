//! Where Fabula differs from Kafka Streams on purpose: each difference by fixed records, with both answers.
//!
//! First comes Fabula's, then Kafka Streams'. A line is `event key start..end value @time`; `-` is a row that goes.

use fabula_tests::agreement::draw::Topics;
use fabula_tests::agreement::fixed::{
    both, differ, grouped, keyless, looked_up, record, streams, tables, valueless, windowed,
};
use fabula_tests::agreement::{Question, Reading, fabula};
use fabula_tests::oracle::streams::{Aggregate, Case, Emit, Field, Join, Kind, Node, Record, Window, attempt};
use serde_json::json;

const TEN: Option<Window> = Some(Window::Tumbling { size_ms: 10 });
const SESSION: Option<Window> = Some(Window::Session { gap_ms: 10 });
const SLIDING: Option<Window> = Some(Window::Sliding { size_ms: 10 });

fn a(key: &str, time_ms: i64, u: i64) -> Record {
    record("a", key, time_ms, u)
}

fn b(key: &str, time_ms: i64, u: i64) -> Record {
    record("b", key, time_ms, u)
}

/// The last node's join.
fn join(question: &mut Question) -> &mut Join {
    match &mut question.nodes.last_mut().expect("there are nodes").kind {
        Kind::Join(join) => join,
        other => panic!("no join: {other:?}"),
    }
}

/// The last node's aggregate.
fn aggregate(question: &mut Question) -> &mut Aggregate {
    match &mut question.nodes.last_mut().expect("there are nodes").kind {
        Kind::Aggregate(aggregate) => aggregate,
        other => panic!("no aggregate: {other:?}"),
    }
}

#[test]
fn a_session_is_final_when_it_is_closed_and_once() {
    // Kafka Streams' suppress is 1 ms early, and so may give two finals of one session.
    let records = vec![a("k", 100, 1), a("z", 115, 2), a("k", 105, 3), a("z", 200, 4)];
    let question = windowed(SESSION, 5, Emit::Final, records);
    let ours = ["3 k 100..105 {list:[1,3],n:2} @105", "3 z 115..115 {list:[2],n:1} @115"];
    let theirs =
        ["1 k 100..100 {list:[1],n:1} @100", "3 k 100..105 {list:[1,3],n:2} @105", "3 z 115..115 {list:[2],n:1} @115"];
    differ("a_session_is_final_when_it_is_closed_and_once", &question, &ours, &theirs);
}

#[test]
fn a_sliding_window_is_final_when_it_is_closed_and_once() {
    let records = vec![a("k", 100, 1), a("z", 105, 2), a("k", 95, 3), a("z", 200, 4)];
    let question = windowed(SLIDING, 5, Emit::Final, records);
    let ours =
        ["3 k 90..100 {list:[1,3],n:2} @100", "3 z 95..105 {list:[2],n:1} @105", "3 k 96..106 {list:[1],n:1} @100"];
    let theirs = [
        "1 k 90..100 {list:[1],n:1} @100",
        "2 k 90..100 {list:[1,3],n:2} @100",
        "3 z 95..105 {list:[2],n:1} @105",
        "3 k 96..106 {list:[1],n:1} @100",
    ];
    differ("a_sliding_window_is_final_when_it_is_closed_and_once", &question, &ours, &theirs);
}

#[test]
fn an_open_session_is_not_forgotten() {
    // Kafka Streams' store is 1 ms too short by its own choice, so it begins the session anew.
    let records = vec![a("k", 100, 1), a("z", 115, 2), a("k", 100, 3)];
    let mut question = windowed(SESSION, 5, Emit::Updates, records);
    aggregate(&mut question).retention_ms = None;
    let before = ["0 k 100..100 {list:[1],n:1} @100", "1 z 115..115 {list:[2],n:1} @115"];
    let ours = [before[0], before[1], "2 k 100..100 {list:[1,3],n:2} @100"];
    let theirs = [before[0], before[1], "2 k 100..100 {list:[3],n:1} @100"];
    differ("an_open_session_is_not_forgotten", &question, &ours, &theirs);
}

#[test]
fn a_merged_session_goes_at_the_time_of_what_takes_its_place() {
    // Kafka Streams: at its own end.
    let question = windowed(SESSION, 0, Emit::Updates, vec![a("k", 5, 1), a("k", 15, 2)]);
    let ours = ["0 k 5..5 {list:[1],n:1} @5", "1 k 5..5 - @15", "1 k 5..15 {list:[1,2],n:2} @15"];
    let theirs = ["0 k 5..5 {list:[1],n:1} @5", "1 k 5..5 - @5", "1 k 5..15 {list:[1,2],n:2} @15"];
    differ("a_merged_session_goes_at_the_time_of_what_takes_its_place", &question, &ours, &theirs);
}

#[test]
fn a_row_that_is_late_for_its_own_sliding_window_is_there_for_those_to_come() {
    // At 60 windows that end before 35 are closed, so [0, 30], the row's at 24, is; [7, 37] isn't and holds it.
    let thirty = Some(Window::Sliding { size_ms: 30 });
    let question = windowed(thirty, 25, Emit::Updates, vec![a("z", 60, 1), a("k", 24, 2), a("k", 37, 3)]);
    let first = "0 z 30..60 {list:[1],n:1} @60";
    let ours = [first, "2 k 7..37 {list:[2,3],n:2} @37", "2 k 25..55 {list:[3],n:1} @37"];
    let theirs = [first, "2 k 7..37 {list:[3],n:1} @37"];
    differ("a_row_that_is_late_for_its_own_sliding_window_is_there_for_those_to_come", &question, &ours, &theirs);
}

#[test]
fn a_sliding_window_holds_no_row_from_before_it() {
    // The row at 35 is late for its own window at 39. Kafka Streams makes [58, 88] of a window that it takes for empty.
    let thirty = Some(Window::Sliding { size_ms: 30 });
    let records = vec![a("k", 32, 1), a("z", 39, 2), a("k", 35, 3), a("k", 58, 4), a("k", 57, 5)];
    let question = windowed(thirty, 3, Emit::Updates, records);
    let ours: &[&str] = &[
        "0 k 2..32 {list:[1],n:1} @32",
        "1 z 9..39 {list:[2],n:1} @39",
        "2 k 33..63 {list:[3],n:1} @35",
        "3 k 28..58 {list:[1,3,4],n:3} @58",
        "3 k 33..63 {list:[3,4],n:2} @58",
        "3 k 36..66 {list:[4],n:1} @58",
        "4 k 27..57 {list:[1,3,5],n:3} @57",
        "4 k 28..58 {list:[1,3,4,5],n:4} @58",
        "4 k 33..63 {list:[3,4,5],n:3} @58",
        "4 k 36..66 {list:[4,5],n:2} @58",
        "4 k 58..88 {list:[4],n:1} @58",
    ];
    let theirs: &[&str] = &[
        "0 k 2..32 {list:[1],n:1} @32",
        "1 z 9..39 {list:[2],n:1} @39",
        "2 k 33..63 {list:[3],n:1} @35",
        "3 k 33..63 {list:[3,4],n:2} @58",
        "3 k 28..58 {list:[1,4],n:2} @58",
        "4 k 33..63 {list:[3,4,5],n:3} @58",
        "4 k 28..58 {list:[1,4,5],n:3} @58",
        "4 k 27..57 {list:[1,5],n:2} @57",
        "4 k 58..88 {list:[3,4],n:2} @58",
    ];
    differ("a_sliding_window_holds_no_row_from_before_it", &question, ours, theirs);
}

#[test]
fn a_row_without_a_key_moves_time() {
    // It reached the operator. Kafka Streams drops it before it looks at its time.
    let question = windowed(TEN, 0, Emit::Updates, vec![keyless("a", 90, 1), a("k", 1, 2)]);
    differ("a_row_without_a_key_moves_time", &question, &[], &["1 k 0..10 {list:[2],n:1} @1"]);
}

#[test]
fn a_null_value_is_a_row_whatever_the_window() {
    // Kafka Streams drops it of sliding windows, and where there are none.
    const TEST: &str = "a_null_value_is_a_row_whatever_the_window";
    let records = || vec![valueless("a", "k", 10)];
    differ(TEST, &windowed(None, 0, Emit::Updates, records()), &["0 k {list:[],n:1} @10"], &[]);
    differ(TEST, &windowed(SLIDING, 0, Emit::Updates, records()), &["0 k 0..10 {list:[],n:1} @10"], &[]);
    both(TEST, &windowed(SESSION, 0, Emit::Updates, records()), &["0 k 10..10 {list:[],n:1} @10"]);
}

#[test]
fn a_join_keeps_a_row_until_it_has_expired() {
    // Kafka Streams keeps it for both bounds and the grace: where one bound is 0 that is 1 ms too short.
    let records = vec![b("k", 309, 1), b("z", 311, 2), a("k", 310, 3)];
    let mut question = streams("inner", [1, 0, 1], records);
    both("a_join_keeps_a_row_until_it_has_expired", &question, &["2 null {left:{u:3},right:{u:1}} @310"]);
    join(&mut question).exact_retention = false;
    differ("a_join_keeps_a_row_until_it_has_expired", &question, &["2 null {left:{u:3},right:{u:1}} @310"], &[]);
}

#[test]
fn a_row_that_has_expired_on_arrival_is_late() {
    // Kafka Streams joins it with what its stores still have, and else pads it.
    let records = vec![b("k", 100, 1), b("z", 110, 2), a("k", 90, 3), a("k", 80, 4)];
    let theirs = ["2 null {left:{u:3},right:{u:1}} @100", "3 null {left:{u:4},right:null} @80"];
    differ("a_row_that_has_expired_on_arrival_is_late", &streams("left", [0, 10, 5], records), &[], &theirs);
}

#[test]
fn what_was_given_alone_is_never_matched() {
    // Kafka Streams pads a row behind its bound before the grace is over, and may match it then.
    let question = streams("left", [0, 10, 100], vec![b("z", 50, 1), a("k", 0, 2), b("k", 5, 3)]);
    let matched = "2 null {left:{u:2},right:{u:3}} @5";
    let theirs = ["1 null {left:{u:2},right:null} @0", matched];
    differ("what_was_given_alone_is_never_matched", &question, &[matched], &theirs);
}

#[test]
fn a_row_without_a_partner_comes_as_soon_as_it_has_expired() {
    const TEST: &str = "a_row_without_a_partner_comes_as_soon_as_it_has_expired";
    // Kafka Streams takes the last row that it looked at for the first that waits, so the second comes too late.
    let records = vec![a("k", 0, 1), a("l", 5, 2), a("m", 14, 3), b("z", 16, 4), b("z", 23, 5), b("z", 32, 6)];
    let (first, third) = ("3 null {left:{u:1},right:null} @0", "5 null {left:{u:3},right:null} @14");
    let ours = [first, "4 null {left:{u:2},right:null} @5", third];
    let theirs = [first, "5 null {left:{u:2},right:null} @5", third];
    differ(TEST, &streams("left", [10, 10, 5], records), &ours, &theirs);
    // With unlike bounds it goes by the bound of the side that moves time.
    let records = vec![b("k", 0, 1), a("y", 15, 2), a("y", 16, 3)];
    let (ours, theirs) = (["1 null {left:null,right:{u:1}} @0"], ["2 null {left:null,right:{u:1}} @0"]);
    differ(TEST, &streams("full", [0, 10, 5], records), &ours, &theirs);
}

#[test]
fn a_row_without_a_value_is_padded_at_once_by_a_side_that_is_kept() {
    // Kafka Streams drops it, of every join of streams and of streams with tables.
    const TEST: &str = "a_row_without_a_value_is_padded_at_once_by_a_side_that_is_kept";
    let records = vec![valueless("a", "k", 50), a("k", 90, 1), b("k", 90, 2)];
    let (alone, matched) = ("0 null {left:null,right:null} @50", "2 null {left:{u:1},right:{u:2}} @90");
    both(TEST, &streams("inner", [0, 10, 5], records.clone()), &[matched]);
    both(TEST, &streams("right", [0, 10, 5], records.clone()), &[matched]);
    differ(TEST, &streams("left", [0, 10, 5], records.clone()), &[alone, matched], &[matched]);
    differ(TEST, &streams("full", [0, 10, 5], records), &[alone, matched], &[matched]);
    let records = vec![record("t", "k", 1, 1), valueless("a", "k", 50)];
    let alone = "1 null {left:null,right:null} @50";
    differ(TEST, &looked_up("left", None, false, records), &[alone], &[]);
}

#[test]
fn a_stream_looks_up_the_version_of_its_time_not_the_latest_that_came() {
    // As Kafka Streams' versioned tables; its plain ones give what came last.
    let records = vec![record("t", "k", 0, 1), record("t", "k", 10, 2), a("k", 5, 3)];
    let test = "a_stream_looks_up_the_version_of_its_time_not_the_latest_that_came";
    let ours = ["2 null {left:{u:3},right:{u:1}} @5"];
    both(test, &looked_up("inner", None, false, records.clone()), &ours);
    let theirs = ["2 null {left:{u:3},right:{u:2}} @5"];
    differ(test, &looked_up("inner", None, true, records), &ours, &theirs);
}

#[test]
fn a_row_that_waits_for_a_table_goes_by_the_time_of_both() {
    // Kafka Streams goes by the stream's alone.
    let records = vec![a("k", 5, 1), record("t", "k", 3, 2), record("t", "z", 10, 3), a("z", 10, 4)];
    let (ours, theirs) = (["2 null {left:{u:1},right:{u:2}} @5"], ["3 null {left:{u:1},right:{u:2}} @5"]);
    let question = looked_up("inner", Some(5), false, records);
    differ("a_row_that_waits_for_a_table_goes_by_the_time_of_both", &question, &ours, &theirs);
}

#[test]
fn a_row_without_a_key_that_would_wait_is_padded() {
    // Kafka Streams ends over it.
    const TEST: &str = "a_row_without_a_key_that_would_wait_is_padded";
    let question = looked_up("left", Some(5), false, vec![keyless("a", 5, 1), a("z", 10, 2)]);
    let case = Case {
        nodes: question.nodes.clone(),
        output: "j".to_owned(),
        input: question.records.clone(),
        ..Case::default()
    };
    let Some(answer) = attempt(TEST, &case) else { return };
    assert_eq!(answer.error.as_deref(), Some("key cannot be null"));
    let (ours, _) = fabula::run(&question.pipeline, &question.reading, &question.records, 1);
    let given: Vec<usize> = ours.iter().map(Vec::len).collect();
    assert_eq!(given.iter().sum::<usize>(), 1, "{ours:?}");
}

#[test]
fn a_result_of_a_foreign_key_has_the_later_time_of_its_rows() {
    // Kafka Streams gives it that of the change, and gives it again when an absent row is taken away.
    let of = |time_ms| Record::new("t", "k", time_ms, json!({ "f": "x" }));
    let records = vec![of(52), valueless("s", "x", 60), record("s", "x", 0, 1)];
    let padded = "0 k {left:{f:\"x\"},right:null} @52";
    let ours = [padded, "2 k {left:{f:\"x\"},right:{u:1}} @52"];
    let theirs = [padded, "1 k {left:{f:\"x\"},right:null} @60", "2 k {left:{f:\"x\"},right:{u:1}} @0"];
    let question = tables("left", true, records);
    differ("a_result_of_a_foreign_key_has_the_later_time_of_its_rows", &question, &ours, &theirs);
}

#[test]
fn a_group_that_has_lost_its_last_row_goes() {
    // In Kafka Streams it stays, unless the one who writes the aggregate returns null for it.
    let of = |key: &str, time_ms, u: i64| Record::new("t", key, time_ms, json!({ "g": "a", "u": u }));
    let records = vec![of("k", 1, 5), valueless("t", "k", 9)];
    let ours = ["0 a {n:1,sum:5} @1", "1 a - @9"];
    let theirs = ["0 a {n:1,sum:5} @1", "1 a {n:0,sum:null} @9"];
    let test = "a_group_that_has_lost_its_last_row_goes";
    both(test, &grouped(true, records.clone()), &ours);
    differ(test, &grouped(false, records), &ours, &theirs);
}

#[test]
fn a_row_gets_a_key_of_null_and_stays() {
    // The topic through which Kafka Streams sends re-keyed rows takes none without a key.
    let pipeline = "version = 1\n[nodes.a]\nkind = \"stream\"\ntopic = \"a\"\n\
                    [nodes.r]\nkind = \"rekey\"\ninput = \"a\"\nby = \"value.g\"\n\
                    [nodes.p]\nkind = \"project\"\ninput = \"r\"\nselect = { key = \"key\", u = \"value.u\" }\n";
    let select = vec![Field { name: "u".to_owned(), field: "u".to_owned() }];
    let nodes = vec![
        Node::stream("a"),
        Node::new("r", Kind::Rekey { input: "a".to_owned(), by: json!("g") }),
        Node::new("p", Kind::Project { input: "r".to_owned(), select }),
    ];
    let reading = Reading::Columns { key: vec!["key".to_owned()], values: vec!["u".to_owned()] };
    let records = vec![a("k", 1, 1), Record::new("a", "k", 2, json!({ "g": "x", "u": 2 }))];
    let question = Question::new(pipeline.to_owned(), nodes, Topics::new(&[], &[]), records, reading);
    let kept = "1 x {u:2} @2";
    differ("a_row_gets_a_key_of_null_and_stays", &question, &["0 null {u:1} @1", kept], &[kept]);
}
