//! The canvas, what its pipelines come to, and building one by hand, in the whole window without a screen.

use egui::{Event, Modifiers, PointerButton, Pos2};
use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::panes::canvas::SAMPLES;
use fabula::state::State;
use fabula::window::Start;
use fabula_core::pipeline::NodeKind;
use fabula_tests::pane::Pane;
use fabula_tests::program;

const EVENTS: u64 = 20_000;

fn sample() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: EVENTS, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= EVENTS)
    });
    pane.send(Command::ShowAllTopics);
    pane.send(Command::ShowPane(PaneKind::Canvas));
    pane.send(Command::ShowPane(PaneKind::View));
    pane
}

fn state(pane: &Pane) -> &State {
    pane.harness.state().state()
}

/// Draws until the pipeline on the canvas has run over everything.
fn run(pane: &mut Pane) {
    pane.until("the pipeline has run", |harness| {
        let state = harness.state().state();
        let ran =
            state.outcome.as_ref().is_some_and(|outcome| outcome.whole && outcome.version == state.design.version);
        ran || !state.design.problems.is_empty()
    });
    pane.settle();
    assert_eq!(state(pane).design.problems.first(), None);
}

fn move_to(pane: &mut Pane, at: Pos2) {
    pane.harness.event(Event::PointerMoved(at));
    pane.harness.step();
}

fn button(pane: &mut Pane, at: Pos2, pressed: bool) {
    pane.harness.event(Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    });
    pane.harness.step();
}

fn drag(pane: &mut Pane, from: Pos2, to: Pos2) {
    move_to(pane, from);
    button(pane, from, true);
    for share in 1..=8 {
        move_to(pane, from + (to - from) * (share as f32 / 8.0));
    }
    button(pane, to, false);
    pane.settle();
}

fn click(pane: &mut Pane, name: &str) {
    pane.harness.get_by_label(name).click();
    pane.settle();
}

/// Where the rows of a node leave its card.
fn output(pane: &Pane, node: &str) -> Pos2 {
    pane.harness.get_by_label(&format!("Rows of {node}")).rect().center()
}

fn card(pane: &Pane, node: &str) -> egui::Rect {
    pane.harness.get_by_label_contains(&format!("{node} (")).rect()
}

#[test]
fn every_sample_comes_to_what_the_command_line_says() {
    let mut pane = sample();
    for (name, text) in SAMPLES {
        pane.send(Command::SetPipeline(Some(text.to_owned())));
        run(&mut pane);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pipeline.toml");
        std::fs::write(&file, text).unwrap();
        let outcome = state(&pane).outcome.clone().unwrap();
        assert_eq!(outcome.failure, None, "{name}");
        let mut views = 0;
        for node in state(&pane).design.pipeline.nodes.iter().filter(|node| matches!(node.kind, NodeKind::View { .. }))
        {
            let log = format!("--sample={EVENTS}");
            let file = file.display().to_string();
            let ran = program::run(["run", &file, &log, "--seed", "7", "--view", &node.name, "-J"]).ok();
            assert_eq!(outcome.views[&node.name].count, ran.json_lines().len() as u64, "{name}: {}", node.name);
            views += 1;
        }
        assert!(views > 0, "{name} shows nothing");
        assert!(pane.says("Rows of "), "{name}: the view lists its rows");
    }
}

#[test]
fn a_pipeline_is_built_with_the_mouse_alone() {
    let mut pane = sample();
    click(&mut pane, "Add a topic…");
    click(&mut pane, "Add orders");
    assert!(pane.says("orders (stream)"));
    let empty = output(&pane, "orders") + egui::vec2(160.0, 0.0);
    let from = output(&pane, "orders");
    drag(&mut pane, from, empty);
    click(&mut pane, "Add Aggregate");
    assert!(pane.says("totals (aggregate)"));
    let from = output(&pane, "totals");
    drag(&mut pane, from, from + egui::vec2(120.0, 0.0));
    click(&mut pane, "Add View");
    run(&mut pane);
    let outcome = state(&pane).outcome.clone().unwrap();
    let orders = state(&pane).log.snapshot.as_ref().unwrap().topic("orders").unwrap().events();
    assert_eq!(outcome.report("orders").unwrap().metrics.rows_out, orders);
    assert!(outcome.views["result"].count > 0);
    // What was built is a file like any other.
    let text = state(&pane).document.pipeline.clone().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("built.toml");
    std::fs::write(&file, &text).unwrap();
    let log = format!("--sample={EVENTS}");
    let ran = program::run(["run", &file.display().to_string(), &log, "--seed", "7", "-J"]).ok();
    assert_eq!(outcome.views["result"].count, ran.json_lines().len() as u64);
    // Another kind of window is a click, and undo takes it back.
    pane.send(Command::ChooseNode(Some("totals".to_owned())));
    click(&mut pane, "Session");
    assert!(state(&pane).design.text().unwrap().contains("session"));
    pane.send(Command::Undo);
    assert_eq!(state(&pane).document.pipeline.as_ref(), Some(&text));
}

#[test]
fn two_streams_are_joined_by_drawing_two_wires() {
    let mut pane = sample();
    pane.send(Command::AddTopicToPipeline("orders".into(), false));
    pane.send(Command::AddTopicToPipeline("payments".into(), false));
    let from = output(&pane, "orders");
    drag(&mut pane, from, from + egui::vec2(160.0, 60.0));
    click(&mut pane, "Add Join");
    assert!(!state(&pane).design.problems.is_empty(), "a join of one side is not whole, and says so");
    let (from, to) = (output(&pane, "payments"), card(&pane, "joined").center());
    drag(&mut pane, from, to);
    run(&mut pane);
    let joined = state(&pane).design.pipeline.node("joined").unwrap();
    assert_eq!(joined.kind.inputs(), [("left", "orders"), ("right", "payments")]);
    assert!(state(&pane).outcome.as_ref().unwrap().report("joined").unwrap().metrics.rows_out > 0);
    // A wire that can't be is refused, and says why.
    let (from, to) = (output(&pane, "joined"), card(&pane, "orders").center());
    drag(&mut pane, from, to);
    assert!(pane.says("takes rows of orders already"));
}

#[test]
fn what_is_wrong_with_a_node_stands_on_its_card() {
    let mut pane = sample();
    let text = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n\n[nodes.some]\nkind = \"filter\"\n\
                input = \"orders\"\nwhere = \"valu.amount > 1\"\n";
    pane.send(Command::SetPipeline(Some(text.to_owned())));
    assert_eq!(state(&pane).design.problems.len(), 1);
    assert!(
        pane.says("some (filter): valu.amount > 1, unknown name “valu"),
        "{:?}",
        pane.all_that_say("some (filter)")
    );
    pane.until("the rest has run", |harness| {
        harness.state().state().outcome.as_ref().is_some_and(|outcome| outcome.whole)
    });
    let outcome = state(&pane).outcome.clone().unwrap();
    let orders = state(&pane).log.snapshot.as_ref().unwrap().topic("orders").unwrap().events();
    assert_eq!(outcome.report("orders").unwrap().metrics.rows_out, orders, "what is sound runs");
    assert!(outcome.report("some").is_none(), "what is wrong does not run");
    pane.send(Command::SetPipeline(Some(text.replace("valu.amount > 1", "value.total IS NOT NULL"))));
    run(&mut pane);
    assert!(pane.says("some (filter): value.total IS NOT NULL"));
}

#[test]
fn a_moved_card_is_not_run_again_and_stays_where_it_was_put() {
    let mut pane = sample();
    pane.send(Command::SetPipeline(Some(SAMPLES[0].1.to_owned())));
    run(&mut pane);
    let version = state(&pane).design.version;
    let name = state(&pane).design.pipeline.nodes[0].name.clone();
    let before = state(&pane).design.pipeline.layout[&name];
    let from = card(&pane, &name).left_top() + egui::vec2(40.0, 8.0);
    drag(&mut pane, from, from + egui::vec2(0.0, 80.0));
    let after = state(&pane).design.pipeline.layout[&name];
    assert!(after[1] > before[1] + 40.0, "{before:?} {after:?}");
    assert_eq!(state(&pane).design.version, version);
    assert!(state(&pane).document.pipeline.as_ref().unwrap().starts_with('#'), "comments stay");
}
