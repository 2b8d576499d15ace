//! What the keyboard does, and on what: everything on the canvas is done with keys alone, and a key means what has them.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::panes::canvas::SAMPLES;
use fabula::window::Start;
use fabula_core::pipeline::NodeKind;
use fabula_tests::pane::Pane;

const NONE: Modifiers = Modifiers::NONE;

/// A small sample, read.
fn sample() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: 20_000, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        harness.state().state().log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= 20_000)
    });
    pane.settle();
    pane
}

/// The canvas with a pipeline on it, and a node that is chosen.
fn designed(chosen: &str) -> Pane {
    let mut pane = sample();
    pane.send(Command::ShowPane(PaneKind::Canvas));
    pane.send(Command::SetPipeline(Some(SAMPLES[1].1.to_owned())));
    pane.run();
    pane.send(Command::ChooseNode(Some(chosen.to_owned())));
    pane
}

fn nodes(pane: &Pane) -> Vec<String> {
    pane.state().design.pipeline.nodes.iter().map(|node| node.name.clone()).collect()
}

fn has(pane: &Pane, node: &str) -> bool {
    pane.state().design.pipeline.node(node).is_some()
}

fn placed(pane: &Pane, node: &str) -> [f32; 2] {
    pane.state().design.pipeline.layout[node]
}

/// Picks what is offered on the canvas.
fn add(pane: &mut Pane, typed: &str) {
    pane.text(typed);
    pane.key(NONE, Key::Enter);
}

#[test]
fn the_canvas_is_worked_from_the_keyboard_alone() {
    let mut pane = sample();
    pane.key(Modifiers::ALT, Key::Num5);
    pane.key(NONE, Key::T);
    add(&mut pane, "orders");
    assert!(has(&pane, "orders"));
    // Behind the chosen node, an aggregate; behind that, a view.
    for (typed, node) in [("aggregate", "totals"), ("view", "result")] {
        pane.key(NONE, Key::C);
        add(&mut pane, typed);
        assert!(has(&pane, node), "{typed}");
    }
    pane.run();
    // From card to card along the wires, and into a card's form.
    pane.key(NONE, Key::G);
    pane.key(NONE, Key::ArrowLeft);
    assert_eq!(pane.state().design.chosen.as_deref(), Some("totals"));
    let before = placed(&pane, "totals");
    pane.key(Modifiers::SHIFT, Key::ArrowDown);
    assert_eq!(placed(&pane, "totals"), [before[0], before[1] + 24.0]);
    pane.key(NONE, Key::Enter);
    assert_eq!(pane.focused().as_deref(), Some("Name"), "the form has the keyboard");
    pane.key(NONE, Key::End);
    add(&mut pane, "s");
    assert!(has(&pane, "totalss"), "{:?}", pane.state().design.text());
    // Another stream, and a join of the two: which side takes its rows is chosen.
    pane.key(NONE, Key::T);
    add(&mut pane, "payments");
    pane.key(NONE, Key::C);
    add(&mut pane, "join");
    assert!(has(&pane, "joined"), "{:?}", nodes(&pane));
    pane.key(NONE, Key::G);
    pane.tab_to("orders (", false);
    pane.key(NONE, Key::C);
    add(&mut pane, "connect to joined, right");
    let joined = |pane: &Pane| {
        let inputs = pane.state().design.pipeline.node("joined").unwrap().kind.inputs();
        inputs.into_iter().map(|(_, of)| of.to_owned()).filter(|of| !of.is_empty()).collect::<Vec<_>>()
    };
    assert_eq!(joined(&pane), ["payments", "orders"]);
    // A wire shows its rows and is cut; the cards that it joined stay.
    pane.key(NONE, Key::G);
    pane.tab_to("Wire from orders to joined", true);
    assert!(pane.says("orders to joined · latest rows"), "{:?}", pane.all_that_say("orders to joined"));
    let before = nodes(&pane);
    pane.key(NONE, Key::Delete);
    assert_eq!((joined(&pane), nodes(&pane)), (vec!["payments".to_owned()], before));
    pane.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(joined(&pane), ["payments", "orders"]);
    // One looks nearer, elsewhere, and at everything again.
    let card = |pane: &Pane| pane.card("orders");
    let seen = card(&pane);
    pane.key(NONE, Key::Minus);
    assert!(card(&pane).width() < seen.width());
    let smaller = card(&pane);
    pane.key(Modifiers::ALT, Key::ArrowLeft);
    assert!(card(&pane).left() > smaller.left() + 50.0, "what stands at the left comes into sight");
    pane.key(NONE, Key::S);
    assert!(card(&pane).width() < smaller.width(), "as on the timeline");
    pane.key(NONE, Key::Num0);
    let all = card(&pane);
    pane.key(NONE, Key::Plus);
    assert!(card(&pane).width() > all.width());
    // A note is written, moved and sized.
    pane.key(NONE, Key::T);
    add(&mut pane, "note");
    pane.text("!");
    pane.key(NONE, Key::Escape);
    let note = |pane: &Pane| pane.state().design.pipeline.notes[0].clone();
    assert!(note(&pane).text.contains('!'), "{}", note(&pane).text);
    pane.key(NONE, Key::G);
    pane.tab_to("Note: ", true);
    let was = note(&pane);
    pane.key(Modifiers::SHIFT, Key::ArrowRight);
    assert_eq!(note(&pane).at, [was.at[0] + 24.0, was.at[1]]);
    pane.tab_to("Size of note 1", false);
    pane.key(NONE, Key::ArrowDown);
    assert_eq!(note(&pane).size, [was.size[0], was.size[1] + 24.0]);
    // What is chosen is copied beside itself, and taken away.
    pane.key(NONE, Key::G);
    pane.tab_to("result (", false);
    pane.key(Modifiers::COMMAND, Key::D);
    assert!(has(&pane, "result_2"), "{:?}", nodes(&pane));
    pane.key(NONE, Key::Delete);
    assert!(!has(&pane, "result_2") && has(&pane, "result"), "{:?}", nodes(&pane));
}

#[test]
fn history_is_cut_and_let_go_with_the_keys() {
    let mut pane = designed("orders");
    let extent = pane.state().extent.unwrap();
    pane.key(NONE, Key::G);
    // The strip stands before the cards.
    pane.tab_to("History", true);
    let at = |pane: &Pane| pane.state().cut;
    assert_eq!(at(&pane), None);
    pane.key(NONE, Key::ArrowLeft);
    let first = at(&pane).expect("history is cut");
    assert!(first < extent.end_ns && first > extent.end_ns - extent.span_ns() / 100, "by a small step");
    pane.key(NONE, Key::PageDown);
    let paged = at(&pane).expect("history is cut");
    assert!(first - paged > extent.span_ns() / 20, "by a large step");
    pane.key(NONE, Key::ArrowRight);
    assert!(at(&pane).is_some_and(|later| later > paged && later < first));
    let chosen = pane.state().selection.clone();
    pane.key(NONE, Key::Home);
    assert_eq!(at(&pane), Some(extent.start_ns));
    pane.key(NONE, Key::End);
    assert_eq!(at(&pane), None, "to the end is all of it");
    assert_eq!(pane.state().selection, chosen, "the keys are the strip's, not the story's");
    // At the chosen event.
    pane.send(Command::FirstEvent);
    pane.key(NONE, Key::Period);
    let event = pane.state().selection.clone().unwrap();
    pane.key(NONE, Key::X);
    assert_eq!(at(&pane), event.time_ns);
}

#[test]
fn keys_that_change_nodes_are_the_canvas_s_alone() {
    let mut pane = designed("orders");
    let text = pane.state().document.pipeline.clone();
    let story = pane.harness.get_by_role_and_label(Role::Button, "Story").rect().center();
    pane.send(Command::ShowPane(PaneKind::Timeline));
    pane.move_to(story);
    pane.button(story, true, NONE);
    pane.button(story, false, NONE);
    for (modifiers, key) in [(NONE, Key::Delete), (Modifiers::COMMAND, Key::D), (Modifiers::COMMAND, Key::A)] {
        pane.key(modifiers, key);
        assert_eq!(pane.state().document.pipeline, text, "{key:?} with the canvas out of sight");
    }
    // In sight, but with another control at the keyboard.
    pane.send(Command::ShowPane(PaneKind::Canvas));
    pane.harness.get_by_label("UTC").focus();
    pane.settle();
    assert_eq!(pane.focused().as_deref(), Some("UTC"));
    pane.key(NONE, Key::Delete);
    assert_eq!(pane.state().document.pipeline, text);
    // And where the canvas has them they do their work.
    pane.key(NONE, Key::G);
    pane.key(NONE, Key::Delete);
    assert!(!has(&pane, "orders"));
}

#[test]
fn delete_takes_what_has_the_keyboard_and_not_what_was_chosen_before() {
    let mut pane = designed("orders");
    pane.harness.get_by_label_contains("payments (stream)").focus();
    pane.settle();
    pane.key(NONE, Key::Delete);
    assert!(has(&pane, "orders") && !has(&pane, "payments"), "{:?}", nodes(&pane));
    pane.key(Modifiers::COMMAND, Key::Z);
    pane.send(Command::ChooseNode(Some("orders".to_owned())));
    let wire = pane.all_that_say("Wire from payments to").remove(0);
    pane.harness.get_by_label(&wire).focus();
    pane.settle();
    let before = nodes(&pane);
    pane.key(NONE, Key::Delete);
    assert_eq!(nodes(&pane), before);
    assert!(!pane.says("Wire from payments to"));
}

#[test]
fn enter_presses_the_button_that_has_the_keyboard() {
    let mut pane = designed("orders");
    pane.send(Command::ShowPane(PaneKind::View));
    pane.harness.get_by_label("Export…").focus();
    pane.settle();
    assert!(!pane.says("Export the view"));
    pane.key(NONE, Key::Enter);
    assert!(pane.says("Export the view"), "{:?}", pane.focused());
    // A link, too; and on a card it opens the form.
    pane.send(Command::NewPipeline);
    pane.send(Command::ShowPane(PaneKind::Canvas));
    pane.harness.get_by_label("Payment latency").focus();
    pane.settle();
    pane.key(NONE, Key::Enter);
    assert_eq!(pane.state().design.pipeline.name, "Payment latency");
    pane.key(NONE, Key::G);
    pane.key(NONE, Key::Enter);
    assert_eq!(pane.focused().as_deref(), Some("Name"));
}

#[test]
fn what_gets_the_keyboard_is_brought_into_sight() {
    let mut pane = designed("orders");
    pane.send(Command::SetPipeline(Some(SAMPLES[0].1.to_owned())));
    pane.run();
    let aggregate = pane.state().design.pipeline.nodes.iter();
    let mut aggregate =
        aggregate.filter(|node| matches!(node.kind, NodeKind::Aggregate { .. })).map(|node| node.name.clone());
    let aggregate = aggregate.next_back().unwrap();
    pane.send(Command::ChooseNode(Some(aggregate)));
    pane.key(NONE, Key::Enter);
    pane.send(Command::EditNode);
    // Down the form, whatever is in sight at first.
    let pane_foot = 1000.0 - 24.0;
    for _ in 0..40 {
        pane.harness.key_press(Key::Tab);
        for _ in 0..4 {
            pane.harness.step();
        }
        let focused = pane.harness.query_all_by(|node| node.is_focused()).next().expect("something has the keyboard");
        let rect = focused.rect();
        assert!(rect.top() >= 0.0 && rect.bottom() <= pane_foot + 24.0, "{:?} at {rect:?}", pane.focused());
    }
}
