//! What edits of the canvas come to.

use super::*;

fn shop() -> Pipeline {
    let (pipeline, _) = add_topic(&Pipeline::default(), "orders", false, [0.0, 0.0]);
    let (pipeline, _) = add_topic(&pipeline, "customers", true, [0.0, 100.0]);
    let (pipeline, _) = add_topic(&pipeline, "order-payments.v2", false, [0.0, 200.0]);
    pipeline
}

#[test]
fn names_come_from_topics_and_are_free() {
    let pipeline = shop();
    assert!(pipeline.node("order_payments_v2").is_some());
    assert_eq!(free_name(&pipeline, "orders"), "orders_2");
    assert_eq!(free_name(&pipeline, "2nd"), "n2nd");
    assert_eq!(free_name(&pipeline, "…"), "node");
}

#[test]
fn two_streams_that_are_joined_get_what_they_cannot_do_without() {
    let (pipeline, joined) = add_piece(&shop(), Piece::Join, Some("orders"), [0.0, 0.0]);
    let pipeline =
        connect(&pipeline, "order_payments_v2", &joined, 1, &Names::default()).expect("two streams can be joined");
    let NodeKind::Join { on, within, .. } = &pipeline.node(&joined).expect("the join").kind else { panic!("a join") };
    assert_eq!(on, &["orders.key = order_payments_v2.key"]);
    assert_eq!(within.map(|within| within.after.ms), Some(600_000));
    assert_eq!(fabula_core::pipeline::check(&pipeline), []);
}

#[test]
fn a_wire_that_cannot_be_says_why() {
    let (pipeline, joined) = add_piece(&shop(), Piece::Join, Some("customers"), [0.0, 0.0]);
    let refused = connect(&pipeline, "orders", &joined, 1, &Names::default()).expect_err("a table and then a stream");
    assert!(refused.contains("put the stream on the left"), "{refused}");
    let (pipeline, some) = add_piece(&shop(), Piece::Filter, Some("orders"), [0.0, 0.0]);
    let (pipeline, more) = add_piece(&pipeline, Piece::Filter, Some(&some), [0.0, 0.0]);
    assert!(connect(&pipeline, &more, &some, 0, &Names::default()).expect_err("a ring").contains("ring"));
    assert!(connect(&pipeline, "orders", "customers", 0, &Names::default()).is_err());
}

#[test]
fn taking_a_node_away_closes_the_gap() {
    let (pipeline, some) = add_piece(&shop(), Piece::Filter, Some("orders"), [0.0, 0.0]);
    let (pipeline, result) = add_piece(&pipeline, Piece::View, Some(&some), [0.0, 0.0]);
    let pipeline = remove(&pipeline, &some);
    assert_eq!(pipeline.node(&result).expect("the view").kind.inputs(), [("input", "orders")]);
}

#[test]
fn another_name_is_followed_by_what_names_it() {
    let (pipeline, joined) = add_piece(&shop(), Piece::Join, Some("orders"), [0.0, 0.0]);
    let pipeline = connect(&pipeline, "customers", &joined, 1, &Names::default()).expect("a stream and a table");
    let pipeline = rename(&pipeline, "orders", "placed");
    let NodeKind::Join { left, on, .. } = &pipeline.node(&joined).expect("the join").kind else { panic!("a join") };
    assert_eq!((left.as_str(), on[0].as_str()), ("placed", "placed.key = customers.key"));
    assert_eq!(renamed_root("reorders.x = orders.y + a.orders.z", "orders", "o"), "reorders.x = o.y + a.orders.z");
    assert_eq!(renamed_root("orders.x = 'orders.y'", "orders", "o"), "o.x = 'orders.y'");
    let (pipeline, behind) = add_filter(&pipeline, &joined, "placed.value.total > 5", "large", [0.0, 0.0]);
    let pipeline = rename(&pipeline, "placed", "p");
    let NodeKind::Filter { condition, .. } = &pipeline.node(&behind).expect("the filter").kind else {
        panic!("a filter")
    };
    assert_eq!(condition, "p.value.total > 5");
}

#[test]
fn a_join_shows_what_has_no_partner_in_one_step() {
    let (pipeline, joined) = add_piece(&shop(), Piece::Join, Some("orders"), [100.0, 0.0]);
    assert!(only_unmatched(&pipeline, &joined).is_err(), "a join of one side");
    let pipeline = connect(&pipeline, "order_payments_v2", &joined, 1, &Names::default()).expect("two streams");
    let (pipeline, unmatched) = only_unmatched(&pipeline, &joined).expect("two sides that are equal in something");
    let NodeKind::Filter { input, condition } = &pipeline.node(&unmatched).expect("the filter").kind else {
        panic!("a filter")
    };
    assert_eq!((input.as_str(), condition.as_str()), (joined.as_str(), "order_payments_v2.key IS NULL"));
    let NodeKind::Join { how, .. } = pipeline.node(&joined).expect("the join").kind else { panic!("a join") };
    assert_eq!(how, JoinHow::Left);
    assert_eq!(fabula_core::pipeline::check(&pipeline), []);
}

#[test]
fn rows_of_a_type_are_called_by_it() {
    assert_eq!(stem_of_type("'OrderPlaced'"), "order_placed");
    assert_eq!(stem_of_type("'CAPTURED'"), "captured");
}

#[test]
fn a_wire_into_a_node_that_cannot_take_it_is_refused_with_the_reason() {
    let refused = |pipeline: &Pipeline, from: &str, to: &str, port: usize| {
        connect(pipeline, from, to, port, &Names::default()).expect_err("it can't be")
    };
    let (pipeline, distinct) = add_piece(&shop(), Piece::Deduplicate, Some("orders"), [0.0, 0.0]);
    assert!(refused(&pipeline, "customers", &distinct, 0).contains("one row of each key already"));
    let (pipeline, totals) = add_piece(&pipeline, Piece::Aggregate, Some("orders"), [0.0, 0.0]);
    assert!(refused(&pipeline, "customers", &totals, 0).contains("there is no time to cut"));
    let (pipeline, joined) = add_piece(&pipeline, Piece::Join, Some("orders"), [0.0, 0.0]);
    assert!(refused(&pipeline, "orders", &joined, 1).contains("both sides are orders"));
    let mut full = pipeline.clone();
    if let Some(NodeKind::Join { how, .. }) =
        full.nodes.iter_mut().find(|node| node.name == joined).map(|node| &mut node.kind)
    {
        *how = JoinHow::Full;
    }
    assert!(refused(&full, "customers", &joined, 1).contains("a full join keeps rows of customers"));
}

#[test]
fn what_is_offered_behind_a_node_is_sound_there_but_for_what_is_still_to_be_wired() {
    let (pipeline, totals) = add_piece(&shop(), Piece::Aggregate, Some("orders"), [0.0, 0.0]);
    let missing = ["nothing is connected here", "it doesn't say which rows belong together"];
    for behind in ["orders", "customers", &totals] {
        let (fit, others): (Vec<Piece>, Vec<Piece>) =
            Piece::ALL.into_iter().partition(|piece| fits(&pipeline, *piece, behind));
        let is_table = behind != "orders";
        assert_eq!(others, if is_table { vec![Piece::Rekey, Piece::Deduplicate] } else { vec![] }, "{behind}");
        for piece in fit {
            let (added, _) = add_piece(&pipeline, piece, Some(behind), [0.0, 0.0]);
            let wrong: Vec<Problem> = fabula_core::pipeline::check(&added);
            let other = wrong.iter().find(|problem| !missing.contains(&problem.message.as_str()));
            assert_eq!(other, None, "{piece:?} behind {behind}");
        }
    }
}
