//! A pipeline designed as a newcomer would, with the mouse alone, from the program's first start; and what the canvas does
//! for the hand and for the keyboard.

use egui::{Key, Modifiers, Vec2, vec2};
use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::panes::canvas::SAMPLES;
use fabula::state::NodeRows;
use fabula::window::Start;
use fabula_core::pipeline::{Document, NodeKind, Window};
use fabula_tests::pane::Pane;
use fabula_tests::program;

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
    let mut pane = Pane::open(Start::Last).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| {
            let read = |topic: &str| snapshot.topic(topic).is_some_and(|topic| topic.events() > 10_000);
            read("orders") && read("payments")
        })
    });
    pane.settle();
    let mut hands = 0;
    let mut click = |pane: &mut Pane, name: &str| {
        pane.click(name);
        hands += 1;
    };
    click(&mut pane, "Canvas");
    click(&mut pane, "Add a topic…");
    click(&mut pane, "Add orders");
    let beside = vec2(60.0, 0.0);
    pane.drag(pane.output("orders"), pane.output("orders") + beside);
    click(&mut pane, "Add Only OrderPlaced");
    click(&mut pane, "Add");
    click(&mut pane, "Add payments");
    pane.drag(pane.output("payments"), pane.output("payments") + beside);
    click(&mut pane, "Add Only PaymentCaptured");
    pane.drag(pane.output("order_placed"), pane.output("order_placed") + vec2(60.0, 60.0));
    click(&mut pane, "Add Join");
    pane.drag(pane.output("payment_captured"), pane.card("joined").center());
    click(&mut pane, "Only those without a partner");
    pane.drag(pane.output("unmatched"), pane.output("unmatched") + beside);
    click(&mut pane, "Add Aggregate");
    click(&mut pane, "Add field");
    click(&mut pane, "Choose order_placed.value.region");
    click(&mut pane, "Size 5m");
    pane.drag(pane.output("totals"), pane.output("totals") + beside);
    click(&mut pane, "Add View");
    pane.run();
    assert_eq!(pane.state().design.problems.first(), None);
    assert!(hands <= 20, "{hands} clicks are no two minutes' work");

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
