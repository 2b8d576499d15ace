//! A pipeline designed as a newcomer would, with the mouse alone, from the program's first start; and what the canvas does
//! for the hand and for the keyboard.

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::panes::canvas::{Align, SAMPLES};
use fabula::state::NodeRows;
use fabula::window::Start;
use fabula_core::pipeline::{Document, NodeKind, Window};
use fabula_tests::pane::Pane;
use fabula_tests::program;
use fabula_tests::walkthrough::{self, STEPS, Step};

/// A small sample, read, with the canvas in front.
fn sample() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: 20_000, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        harness.state().state().log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= 20_000)
    });
    pane.send(Command::ShowPane(PaneKind::Canvas));
    pane
}

/// A node's rows as the command line writes them: a name and a text for each column.
fn rows_of(rows: &NodeRows) -> Vec<Vec<(String, String)>> {
    let cell = |row: usize| {
        let of = move |(name, column, _): &(String, usize, _)| (name.clone(), rows.rows.cell(*column, row).to_string());
        rows.columns.iter().map(of).collect()
    };
    let mut all: Vec<Vec<(String, String)>> = (0..rows.rows.len()).map(cell).collect();
    all.sort();
    all
}

fn json_rows(lines: &[serde_json::Value]) -> Vec<Vec<(String, String)>> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let row = |line: &serde_json::Value| {
        line.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let mut all: Vec<Vec<(String, String)>> = lines.iter().map(row).collect();
    all.sort();
    all
}

#[test]
fn a_newcomer_finds_orders_without_a_payment_per_region_with_the_mouse_alone() {
    let mut pane = walkthrough::first_start().unwrap();
    let hands = STEPS.iter().filter(|step| !matches!(step, Step::Picture(_))).count();
    assert!(hands <= 24, "{hands} things to do are no two minutes' work");
    for step in STEPS {
        walkthrough::walk(&mut pane, step);
    }
    pane.run();
    assert_eq!(pane.state().design.problems.first(), None);

    // What stands on the canvas is the question that was asked.
    let text = pane.state().document.pipeline.clone().unwrap();
    let pipeline = Document::parse(&text).unwrap().pipeline().clone();
    let NodeKind::Join { within, on, .. } = &pipeline.node("joined").unwrap().kind else { panic!("{text}") };
    assert_eq!(within.map(|within| (within.before.ms, within.after.ms)), Some((0, 600_000)));
    assert_eq!(on, &["order_placed.key = payment_captured.key"]);
    let NodeKind::Aggregate { window, by, .. } = &pipeline.node("totals").unwrap().kind else { panic!("{text}") };
    assert!(matches!(window, Some(Window::Tumbling { size }) if size.ms == 300_000));
    assert_eq!(by, &["order_placed.value.region"]);

    // And its answer is that of the command line over the saved file.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unpaid.toml");
    std::fs::write(&file, &text).unwrap();
    let ran = program::run(["run", &file.display().to_string(), "--sample", "-J"]).ok();
    let outcome = pane.state().outcome.clone().unwrap();
    let shown = rows_of(&outcome.views["result"]);
    assert!(shown.len() > 3, "there are such orders");
    assert_eq!(shown, json_rows(&ran.json_lines()));
}

/// Presses a key as the window hears it.
fn key(pane: &mut Pane, modifiers: Modifiers, key: Key) {
    pane.harness.key_press_modifiers(modifiers, key);
    pane.settle();
}

fn placed(pane: &Pane, node: &str) -> [f32; 2] {
    pane.state().design.pipeline.layout[node]
}

#[test]
fn cards_are_chosen_together_moved_lined_up_copied_and_everything_is_taken_back() {
    let mut pane = sample();
    pane.send(Command::SetPipeline(Some(SAMPLES[1].1.to_owned())));
    pane.run();
    let first = pane.state().document.pipeline.clone();
    let before = (placed(&pane, "orders"), placed(&pane, "payments"));
    // A frame drawn with Shift chooses what it touches; what is dragged takes the others along.
    let (one, other) = (pane.card("orders"), pane.card("payments"));
    let corner = one.union(other).expand(8.0);
    pane.drag_with(corner.left_top(), corner.right_bottom(), Modifiers::SHIFT);
    let held = pane.card("orders").left_top() + vec2(40.0, 8.0);
    pane.drag(held, held + vec2(0.0, 40.0));
    let after = (placed(&pane, "orders"), placed(&pane, "payments"));
    assert!(after.0[1] > before.0[1] + 20.0 && after.1[1] > before.1[1] + 20.0, "{before:?} {after:?}");
    assert_eq!(after.0[1] - before.0[1], after.1[1] - before.1[1], "both went the same way");
    pane.send(Command::AlignNodes(Align::Top));
    assert_eq!(placed(&pane, "orders")[1], placed(&pane, "payments")[1]);
    // A note frames them, and touches no logic.
    let version = pane.state().design.version;
    pane.send(Command::AddNote);
    assert_eq!(pane.state().design.pipeline.notes.len(), 1);
    assert_eq!(pane.state().design.version, version);
    // A copy stands beside what was copied.
    pane.send(Command::ChooseNode(Some("orders".to_owned())));
    pane.send(Command::DuplicateNodes);
    assert!(pane.state().design.pipeline.node("orders_2").is_some());
    let mut undone = 0;
    while pane.state().document.pipeline != first {
        pane.send(Command::Undo);
        undone += 1;
        assert!(undone < 20, "undo leads back to where it began");
    }
    assert!(pane.state().document.pipeline.as_ref().unwrap().starts_with('#'), "with its comments");
}

#[test]
fn a_wire_over_a_card_that_cannot_take_it_says_why_before_it_is_let_go() {
    let mut pane = sample();
    pane.send(Command::SetPipeline(Some(SAMPLES[1].1.to_owned())));
    let (from, to) = (pane.output("settled"), pane.card("orders").center());
    pane.move_to(from);
    pane.button(from, true, Modifiers::NONE);
    for share in 1..=4 {
        pane.move_to(from + (to - from) * (share as f32 / 4.0));
    }
    pane.move_to(to);
    assert!(
        pane.says("reads a topic: it takes no rows") || pane.says("takes rows of"),
        "{:?}",
        pane.all_that_say("row")
    );
    pane.button(to, false, Modifiers::NONE);
}

#[test]
fn windows_are_sized_in_their_picture_and_history_is_cut_on_the_strip() {
    let mut pane = sample();
    pane.send(Command::SetPipeline(Some(SAMPLES[0].1.to_owned())));
    pane.run();
    let aggregate = pane
        .state()
        .design
        .pipeline
        .nodes
        .iter()
        .find(|node| matches!(node.kind, NodeKind::Aggregate { window: Some(Window::Tumbling { .. }), .. }))
        .map(|node| node.name.clone())
        .unwrap();
    pane.send(Command::ChooseNode(Some(aggregate.clone())));
    let size = |pane: &Pane| match &pane.state().design.pipeline.node(&aggregate).unwrap().kind {
        NodeKind::Aggregate { window: Some(Window::Tumbling { size }), .. } => size.ms,
        _ => 0,
    };
    let before = size(&pane);
    let handle = pane.harness.get_by_label("Size in the picture").rect().center();
    pane.drag(handle, handle + vec2(40.0, 0.0));
    assert!(size(&pane) > before, "{before} {}", size(&pane));
    pane.send(Command::Undo);
    assert_eq!(size(&pane), before);
    // The pipeline up to a moment takes fewer events, and all of them again without the cut.
    pane.run();
    let whole = pane.state().outcome.as_ref().unwrap().done.0;
    let strip = pane.harness.get_by_label_contains("Windows of").rect();
    let at = strip.center();
    pane.move_to(at);
    pane.button(at, true, Modifiers::NONE);
    pane.button(at, false, Modifiers::NONE);
    pane.settle();
    pane.run();
    let cut = pane.state().cut.expect("history is cut");
    let outcome = pane.state().outcome.clone().unwrap();
    assert!(outcome.done.0 < whole && outcome.done.0 > 0, "{} of {whole}", outcome.done.0);
    for rows in outcome.views.values() {
        assert!(rows.rows.time_ms.iter().all(|ms| *ms <= cut / 1_000_000), "nothing is of later");
    }
    pane.click("Latest");
    pane.run();
    assert_eq!(pane.state().outcome.as_ref().unwrap().done.0, whole);
}

#[test]
fn the_text_beside_the_canvas_says_the_same_both_ways() {
    let mut pane = sample();
    pane.send(Command::SetPipeline(Some(SAMPLES[0].1.to_owned())));
    pane.run();
    pane.click("Text");
    let layout = pane.state().design.pipeline.layout.clone();
    // A person writes at the end of the text: a comment. The places and the other comments stay.
    let text = pane.state().document.pipeline.clone().unwrap();
    pane.harness.get_by_label("The pipeline's text").focus();
    pane.settle();
    key(&mut pane, Modifiers::COMMAND, Key::End);
    pane.harness.get_by_label("The pipeline's text").type_text("\n# mine\n");
    pane.settle();
    let written = pane.state().document.pipeline.clone().unwrap();
    assert!(written.contains("# mine"), "{written}");
    assert_eq!(written.replace("\n# mine\n", ""), text);
    assert_eq!(pane.state().design.pipeline.layout, layout);
    // A card is moved: the person's words stay, and the text beside says so at once.
    let name = pane.state().design.pipeline.nodes[0].name.clone();
    pane.send(Command::ChooseNode(Some(name.clone())));
    pane.send(Command::FocusCanvas);
    key(&mut pane, Modifiers::SHIFT, Key::ArrowDown);
    let moved = pane.state().document.pipeline.clone().unwrap();
    assert!(moved.contains("# mine") && moved != written);
    let shown = pane.harness.get_by_label("The pipeline's text").value();
    assert_eq!(shown.as_deref(), Some(moved.as_str()));
}
