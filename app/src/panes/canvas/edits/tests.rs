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
    let written = |text: &str| mention::renamed_path(text, &["orders"], "o", &|node| (node == "joined").then_some("j"));
    assert_eq!(written("reorders.x = orders.y + a.orders.z"), "reorders.x = o.y + a.orders.z");
    assert_eq!(written("orders.x = 'orders.y'"), "o.x = 'orders.y'");
    assert_eq!(written("\"orders\".x = \"orders.y\".orders"), "o.x = \"orders.y\".orders");
    assert_eq!(written("orders['x'] + orders + value.orders.x"), "o['x'] + orders + value.orders.x");
    assert_eq!(written("joined.orders.x + orders.joined.orders.y"), "joined.j.x + o.joined.orders.y");
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

/// Orders with those payments that pass a filter, and what follows: all of it names the filter.
fn settled() -> Pipeline {
    let text = "version = 1\n[nodes.orders]\nkind = 'stream'\ntopic = 'orders'\n\
                [nodes.payments]\nkind = 'stream'\ntopic = 'payments'\n\
                [nodes.paid]\nkind = 'filter'\ninput = 'payments'\nwhere = 'payments.value.ok'\n\
                [nodes.settled]\nkind = 'join'\nleft = 'orders'\nright = 'paid'\non = ['orders.key = paid.key']\n\
                within = '10m'\n\
                [nodes.large]\nkind = 'filter'\ninput = 'settled'\nwhere = 'paid.value.amount > 5'\n\
                [nodes.sums]\nkind = 'aggregate'\ninput = 'large'\nby = ['paid.value.method']\n\
                window = { kind = 'tumbling', size = '1m' }\nselect = { sum = 'sum(settled.paid.value.amount)' }\n\
                [nodes.best]\nkind = 'top-n'\ninput = 'sums'\nby = ['paid.value.method']\norder = ['sum desc']\nn = 3\n\
                [nodes.result]\nkind = 'view'\ninput = 'best'\n";
    fabula_core::pipeline::Document::parse(text).expect("it can be read").pipeline().clone()
}

fn problems(pipeline: &Pipeline) -> Vec<String> {
    fabula_core::engine::Plan::sound_part(pipeline).1.iter().map(ToString::to_string).collect()
}

fn text_of(pipeline: &Pipeline) -> String {
    fabula_core::pipeline::Document::of(pipeline).expect("it can be written").text().to_owned()
}

#[test]
fn what_is_behind_a_node_that_is_taken_away_names_what_its_rows_come_from_then() {
    assert_eq!(problems(&settled()), [""; 0]);
    let without = remove(&settled(), "paid");
    assert_eq!(problems(&without), [""; 0], "{}", text_of(&without));
    assert!(!text_of(&without).contains("paid"), "{}", text_of(&without));
    assert!(text_of(&without).contains("sum(settled.payments.value.amount)"), "{}", text_of(&without));
    // Of a join its left side stays, under its own name.
    let (flat, _) =
        add_filter(&settled(), "settled", "settled.orders.value.total > 1 AND orders.key = 'a'", "flat", [0.0; 2]);
    let flat = remove(&flat, "settled");
    assert!(text_of(&flat).contains("orders.value.total > 1 AND orders.key = 'a'"), "{}", text_of(&flat));
}

#[test]
fn a_join_takes_no_node_twice_because_another_was_taken_away() {
    let (pipeline, some) = add_piece(&shop(), Piece::Filter, Some("orders"), [0.0, 0.0]);
    let (pipeline, joined) = add_piece(&pipeline, Piece::Join, Some("orders"), [0.0, 0.0]);
    let pipeline = connect(&pipeline, &some, &joined, 1, &Names::default()).expect("two streams");
    let pipeline = remove(&pipeline, &some);
    assert_eq!(pipeline.node(&joined).expect("the join").kind.inputs(), [("left", "orders"), ("right", "")]);
}

#[test]
fn another_wire_into_a_join_is_followed_by_what_names_the_side() {
    let (pipeline, more) = add_piece(&settled(), Piece::Filter, Some("paid"), [0.0, 0.0]);
    let wired = connect(&pipeline, &more, "settled", 1, &Names::default()).expect("a stream");
    assert_eq!(problems(&wired), [""; 0]);
    assert!(text_of(&wired).contains(&format!("{more}.value.amount > 5")), "{}", text_of(&wired));
    // So it is where the wire was cut first.
    let cut = disconnect(&pipeline, "settled", 1);
    let again = connect(&cut, &more, "settled", 1, &Names::default()).expect("a stream");
    assert_eq!(again.nodes, wired.nodes);
}

#[test]
fn a_step_is_put_into_a_wire_and_names_follow() {
    let (put, name) = add_between(&settled(), "some", |given, key| Piece::Filter.kind("", given, key), "settled", 1)
        .expect("it fits");
    assert_eq!(put.node(&name).expect("it is there").kind.inputs(), [("input", "paid")]);
    assert_eq!(put.node("settled").expect("the join").kind.inputs(), [("left", "orders"), ("right", name.as_str())]);
    assert_eq!(problems(&put), [""; 0], "{}", text_of(&put));
    assert!(text_of(&put).contains(&format!("orders.key = {name}.key")), "{}", text_of(&put));
    assert_eq!(remove(&put, &name).nodes, settled().nodes);
    // A join keeps the name of the side that it takes.
    let (joined, name) =
        add_between(&settled(), "more", |given, key| Piece::Join.kind("", given, key), "settled", 1).expect("it fits");
    assert!(text_of(&joined).contains("orders.key = paid.key"));
    let customers = add_topic(&joined, "customers", true, [0.0, 0.0]).0;
    let whole = connect(&customers, "customers", &name, 1, &Names::default()).expect("a table");
    assert_eq!(problems(&whole), [""; 0], "{}", text_of(&whole));
    // What makes no sense there is not offered.
    assert!(
        !fits_between(&settled(), Piece::View, "settled", 1)
            && !fits_between(&settled(), Piece::Aggregate, "settled", 1)
    );
}

#[test]
fn what_a_step_is_set_to_at_first_is_there_behind_any_node() {
    let settled = settled();
    for behind in settled.nodes.iter().map(|node| &node.name) {
        for piece in
            [Piece::Filter, Piece::Project, Piece::TopN].into_iter().filter(|piece| fits(&settled, *piece, behind))
        {
            let (added, _) = add_piece(&settled, piece, Some(behind), [0.0, 0.0]);
            assert_eq!(problems(&added), [""; 0], "{piece:?} behind {behind}");
        }
    }
}

#[test]
fn a_loose_node_is_put_into_a_wire_and_one_with_wires_is_not() {
    let (pipeline, loose) = add_piece(&settled(), Piece::Filter, None, [0.0, 0.0]);
    let put = put_between(&pipeline, &loose, "paid", 0).expect("it is loose");
    assert_eq!(put.node("paid").expect("it is there").kind.inputs(), [("input", loose.as_str())]);
    assert_eq!(problems(&put), [""; 0]);
    assert!(put_between(&pipeline, "paid", "large", 0).is_err_and(|why| why.contains("wires of its own")));
    assert!(put_between(&disconnect(&pipeline, "large", 0), &loose, "large", 0).is_err());
}

#[test]
fn a_name_that_is_no_plain_word_is_written_in_quotes() {
    let pipeline = rename(&settled(), "paid", "paid-1");
    assert_eq!(problems(&pipeline), [""; 0], "{}", text_of(&pipeline));
    assert_eq!(rename(&pipeline, "paid-1", "paid"), settled());
    let (pipeline, joined) =
        add_piece(&rename(&shop(), "orders", "web-orders"), Piece::Join, Some("web-orders"), [0.0; 2]);
    let pipeline = connect(&pipeline, "customers", &joined, 1, &Names::default()).expect("a stream and a table");
    let NodeKind::Join { on, .. } = &pipeline.node(&joined).expect("the join").kind else { panic!("a join") };
    assert_eq!(on, &["\"web-orders\".key = customers.key"]);
    let (pipeline, unmatched) = only_unmatched(&pipeline, &joined).expect("two sides");
    assert_eq!(problems(&pipeline), [""; 0]);
    assert!(pipeline.node(&unmatched).is_some());
}
