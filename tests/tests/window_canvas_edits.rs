//! What hands do to a pipeline on the canvas and what becomes of it, in the whole window without a screen: steps put into
//! wires, what is chosen, what Escape and Undo bring back, what a file on the disk says by then.

use egui::accesskit::{Role, Toggled};
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::panes::canvas::{Look, SAMPLES};
use fabula::window::Start;
use fabula_core::pipeline::NodeKind;
use fabula_tests::pane::Pane;

const EVENTS: u64 = 20_000;

/// A stream, a filter and windows.
const TOTALS: &str = "version = 1\nname = \"totals\"\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n\
                      [nodes.some]\nkind = \"filter\"\ninput = \"orders\"\nwhere = \"value.order_id IS NOT NULL\"\n\
                      [nodes.totals]\nkind = \"aggregate\"\ninput = \"some\"\nby = []\n\
                      window = { kind = \"tumbling\", size = \"10s\" }\nselect = { events = \"count(*)\" }\n\
                      [nodes.result]\nkind = \"view\"\ninput = \"totals\"\n";

fn sample() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: EVENTS, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= EVENTS)
    });
    pane.send(Command::ShowAllTopics);
    pane.send(Command::ShowPane(PaneKind::Canvas));
    pane
}

fn with_totals() -> Pane {
    let mut pane = sample();
    pane.send(Command::PutPipeline(TOTALS.to_owned(), None));
    pane.run();
    pane
}

fn input(pane: &Pane, node: &str) -> String {
    let node = pane.state().design.pipeline.node(node).unwrap();
    node.kind.inputs()[0].1.to_owned()
}

fn condition(pane: &Pane, node: &str) -> String {
    match &pane.state().design.pipeline.node(node).unwrap().kind {
        NodeKind::Filter { condition, .. } => condition.clone(),
        other => panic!("{other:?}"),
    }
}

fn is_chosen(pane: &Pane, node: &str) -> bool {
    let name = format!("{node} (");
    let card = pane.harness.get_by_label_contains(&name);
    card.accesskit_node().toggled() == Some(Toggled::True)
}

#[test]
fn a_step_is_put_into_a_wire_with_the_mouse() {
    let mut pane = with_totals();
    let before = pane.state().design.text().unwrap().to_owned();
    pane.harness.get_by_label_contains("Wire from orders to some").click_secondary();
    pane.settle();
    pane.click("Put a step into the wire…");
    assert!(!pane.says("Add View"), "what ends a pipeline is not offered in the middle of one");
    pane.click("Add Deduplicate");
    assert_eq!((input(&pane, "some"), input(&pane, "distinct")), ("distinct".to_owned(), "orders".to_owned()));
    let cards = ["orders", "distinct", "some", "totals"].map(|node| pane.card(node));
    assert!(cards.windows(2).all(|pair| pair[0].right() < pair[1].left()), "there is room for it: {cards:?}");
    pane.run();
    assert!(pane.state().outcome.as_ref().unwrap().report("distinct").unwrap().metrics.rows_out > 0);
    pane.send(Command::Undo);
    assert_eq!(pane.state().design.text(), Some(before.as_str()), "it was one step");
}

#[test]
fn a_step_is_put_into_a_wire_from_the_keyboard() {
    let mut pane = with_totals();
    pane.harness.get_by_label_contains("Wire from some to totals").focus();
    pane.settle();
    pane.key(Modifiers::NONE, Key::T);
    assert!(pane.says("What to add"));
    pane.text("filter");
    pane.key(Modifiers::NONE, Key::Enter);
    assert_eq!((input(&pane, "totals"), input(&pane, "some_2")), ("some_2".to_owned(), "some".to_owned()));
    pane.send(Command::Undo);
    assert_eq!(input(&pane, "totals"), "some");
}

#[test]
fn a_loose_card_that_is_let_go_of_on_a_wire_goes_into_it() {
    let mut pane = sample();
    let loose = TOTALS.to_owned()
        + "[nodes.loose]\nkind = \"filter\"\ninput = \"\"\nwhere = \"key IS NOT NULL\"\n\
           [layout]\norders = [32, 40]\nsome = [500, 40]\ntotals = [760, 40]\nresult = [1020, 40]\nloose = [260, 300]\n";
    pane.send(Command::PutPipeline(loose, None));
    let before = pane.state().design.text().unwrap().to_owned();
    let wire = pane.harness.get_by_label_contains("Wire from orders to some").rect().center();
    let card = pane.card("loose");
    pane.drag(card.center(), wire);
    assert_eq!((input(&pane, "some"), input(&pane, "loose")), ("loose".to_owned(), "orders".to_owned()));
    pane.send(Command::Undo);
    assert_eq!(pane.state().design.text(), Some(before.as_str()), "it was one step");
    // One that has wires is only moved.
    let wire = pane.harness.get_by_label_contains("Wire from orders to some").rect().center();
    let result = pane.card("result");
    pane.drag(result.center(), wire);
    assert_eq!((input(&pane, "some"), input(&pane, "result")), ("orders".to_owned(), "totals".to_owned()));
}

#[test]
fn what_follows_a_node_that_was_taken_away_still_runs() {
    let mut pane = sample();
    let named = TOTALS.replace("count(*)", "count(some.value.order_id)");
    pane.send(Command::PutPipeline(named, None));
    pane.run();
    pane.send(Command::ChooseNode(Some("some".to_owned())));
    pane.send(Command::RemoveNode);
    assert_eq!(pane.state().design.problems.first(), None);
    assert!(pane.state().design.text().unwrap().contains("count(orders.value.order_id)"));
}

#[test]
fn what_escape_left_is_not_taken_by_another_field() {
    let mut pane = with_totals();
    pane.send(Command::ChooseNode(Some("some".to_owned())));
    let before = condition(&pane, "some");
    pane.harness.get_by_role_and_label(Role::MultilineTextInput, "Where").focus();
    pane.harness.step();
    pane.harness.key_press(Key::End);
    pane.harness.event(Event::Text(" AND false".to_owned()));
    pane.harness.step();
    pane.key(Modifiers::NONE, Key::Escape);
    pane.send(Command::EditNode);
    pane.key(Modifiers::NONE, Key::Enter);
    assert_eq!(condition(&pane, "some"), before);
    let field = pane.harness.get_by_role_and_label(Role::MultilineTextInput, "Where");
    assert_eq!(field.accesskit_node().value().as_deref(), Some(before.as_str()));
}

#[test]
fn rows_that_are_late_are_counted_apart_from_the_windows_that_missed_them() {
    let mut pane = sample();
    let hops = TOTALS
        .replace("orders", "shipments")
        .replace("value.order_id IS NOT NULL", "true")
        .replace("tumbling\", size", "hopping\", advance = \"1s\", size");
    pane.send(Command::PutPipeline(hops, None));
    pane.run();
    let metrics = pane.state().outcome.as_ref().unwrap().report("totals").unwrap().metrics.clone();
    assert!(metrics.late_windows > 1, "{metrics:?}");
    let card = pane.all_that_say("totals (").concat();
    let windows: String = card.chars().filter(|c| *c != ',').collect();
    assert!(windows.contains(&format!("{} windows missed rows", metrics.late_windows)), "{card}");
    assert_eq!(windows.contains(&format!("{} late", metrics.late())), metrics.late() > 0, "{card}");
}

#[test]
fn another_log_is_not_cut_where_the_one_before_was() {
    let mut pane = with_totals();
    let extent = pane.state().extent.unwrap();
    pane.send(Command::RunOverRange(extent));
    assert_ne!(pane.state().stretch(), fabula::state::Stretch::default());
    pane.send(Command::OpenSample);
    assert_eq!(pane.state().stretch(), fabula::state::Stretch::default());
}

#[test]
fn what_is_looked_at_is_not_drawn_as_what_is_chosen() {
    let mut pane = with_totals();
    pane.send(Command::ChooseNode(Some("totals".to_owned())));
    assert!(is_chosen(&pane, "totals") && pane.says("looked at"));
    let totals = pane.card("totals").center();
    pane.move_to(totals);
    pane.button(totals, true, Modifiers::SHIFT);
    pane.button(totals, false, Modifiers::SHIFT);
    pane.settle();
    assert_eq!(pane.state().design.chosen.as_deref(), Some("totals"));
    assert!(!is_chosen(&pane, "totals") && pane.says("looked at"));
    let before = pane.state().design.pipeline.clone();
    pane.send(Command::RemoveNode);
    assert_eq!(pane.state().design.pipeline, before, "nothing is chosen that could go");
    // What is added goes behind what is chosen, and of several it can't be said which is meant.
    pane.send(Command::SelectAllNodes);
    pane.send(Command::ConnectNode);
    assert!(!pane.says("What to add") && pane.says("Choose one node"));
}

#[test]
fn nothing_is_dragged_when_what_was_held_has_gone() {
    let mut pane = with_totals();
    let held = pane.card("some").center();
    pane.move_to(held);
    pane.button(held, true, Modifiers::NONE);
    pane.move_to(held + egui::vec2(20.0, 60.0));
    pane.harness.state().commands().send(Command::SetPipeline(Some(TOTALS.replace("some", "others"))));
    pane.harness.step();
    pane.harness.step();
    pane.button(held + egui::vec2(20.0, 60.0), false, Modifiers::NONE);
    pane.settle();
    let before = pane.card("orders");
    let ground = pane.card("totals").center_bottom() + egui::vec2(0.0, 70.0);
    pane.drag(ground, ground + egui::vec2(-30.0, 20.0));
    assert_ne!(pane.card("orders"), before, "the ground is dragged, as ever");
}

#[test]
fn a_name_that_is_written_moves_nothing_on_the_canvas() {
    let mut pane = with_totals();
    pane.send(Command::LookAt(Look::Left));
    let before = pane.card("some");
    let text =
        pane.state().design.text().unwrap().replace("\"totals\"\n[nodes.orders]", "\"totals of\"\n[nodes.orders]");
    pane.send(Command::WritePipeline(text.clone(), 1));
    assert_eq!(pane.state().design.pipeline.name, "totals of");
    assert_eq!(pane.card("some"), before);
    // Another name of a node neither.
    pane.send(Command::WritePipeline(text.replace("nodes.some]", "nodes.few]").replace("\"some\"", "\"few\""), 1));
    assert_eq!(pane.card("few").min, before.min);
    assert!(!pane.state().design.text().unwrap().contains("some ="), "no place of nothing is left");
}

#[test]
fn a_drawing_that_was_replaced_is_said_and_comes_back() {
    let mut pane = with_totals();
    pane.click("Pipeline");
    pane.click(SAMPLES[0].0);
    assert!(pane.says("Replaced totals. Undo (Ctrl+Z) brings it back"), "{:?}", pane.all_that_say("Undo"));
    pane.send(Command::Undo);
    assert_eq!(pane.state().design.pipeline.name, "totals");
}

#[test]
fn a_file_that_was_changed_elsewhere_is_not_written_over_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine.toml");
    std::fs::write(&mine, TOTALS).unwrap();
    let mut pane = Pane::open(Start::Path(mine.clone())).unwrap();
    pane.until("the file is open", |harness| !harness.state().state().design.pipeline.nodes.is_empty());
    pane.settle();
    let theirs = TOTALS.replace("10s", "20s");
    std::fs::write(&mine, &theirs).unwrap();
    pane.send(Command::SetPipeline(Some(TOTALS.replace("10s", "30s"))));
    pane.send(Command::SavePipeline);
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), theirs);
    assert!(pane.says("was changed elsewhere"), "{:?}", pane.all_that_say("mine.toml"));
    // Who has been told and saves again means it; from then on it is known what is there.
    for size in ["30s", "40s"] {
        pane.send(Command::SetPipeline(Some(TOTALS.replace("10s", size))));
        pane.send(Command::SavePipeline);
        assert!(std::fs::read_to_string(&mine).unwrap().contains(size));
    }
}
