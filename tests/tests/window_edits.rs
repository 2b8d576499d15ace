//! Editing on the canvas by hand, in the whole window without a screen: notes, copies, what is dragged there, what is saved.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Event, Key, Modifiers, Pos2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::panes::canvas::SAMPLES;
use fabula::state::{Column, Outcome, TimeRange};
use fabula::window::{Options, Start};
use fabula_core::pipeline::NodeKind;
use fabula_tests::pane::Pane;

const EVENTS: u64 = 20_000;

/// Two streams, a filter and a window, without a mistake.
const TOTALS: &str = "version = 1\nname = \"totals\"\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n\
                      [nodes.some]\nkind = \"filter\"\ninput = \"orders\"\nwhere = \"value.order_id IS NOT NULL\"\n\
                      [nodes.totals]\nkind = \"aggregate\"\ninput = \"some\"\nby = []\n\
                      window = { kind = \"tumbling\", size = \"1m\" }\nselect = { events = \"count(*)\" }\n\
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

fn outcome(pane: &Pane) -> Arc<Outcome> {
    pane.state().outcome.clone().unwrap()
}

/// A file that the system says was dropped.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

fn kind(pane: &Pane, node: &str) -> NodeKind {
    pane.state().design.pipeline.node(node).unwrap().kind.clone()
}

#[test]
fn a_new_note_waits_for_its_words() {
    let mut pane = with_totals();
    pane.send(Command::AddNote);
    assert!(pane.harness.get_by_label("The note's words").accesskit_node().is_focused());
    pane.harness.event(Event::Text(" and why".to_owned()));
    pane.harness.step();
    // A click beside it is done with it.
    let beside = pane.card("result").center_bottom() + egui::vec2(0.0, 60.0);
    pane.move_to(beside);
    pane.button(beside, true, Modifiers::NONE);
    pane.button(beside, false, Modifiers::NONE);
    pane.settle();
    assert!(pane.state().design.pipeline.notes[0].text.contains("and why"));
}

#[test]
fn what_is_duplicated_is_chosen_as_a_whole() {
    let mut pane = with_totals();
    let before = pane.state().design.pipeline.nodes.len();
    pane.send(Command::SelectAllNodes);
    pane.send(Command::DuplicateNodes);
    assert_eq!(pane.state().design.pipeline.nodes.len(), 2 * before);
    // All that was put there goes again with one command, and nothing else does.
    pane.send(Command::RemoveNode);
    let left: Vec<String> = pane.state().design.pipeline.nodes.iter().map(|node| node.name.clone()).collect();
    assert_eq!(left, ["orders", "some", "totals", "result"]);
}

#[test]
fn what_is_arranged_is_brought_into_sight_where_it_stands_then() {
    let mut pane = with_totals();
    let far =
        TOTALS.to_owned() + "[layout]\norders = [0, 0]\nsome = [0, 4000]\ntotals = [4000, 0]\nresult = [9000, 0]\n";
    pane.send(Command::SetPipeline(Some(far)));
    pane.send(Command::ArrangePipeline);
    let cards: Vec<egui::Rect> = ["orders", "some", "totals", "result"].map(|node| pane.card(node)).into();
    let wide = cards[0].width();
    assert!(wide > 100.0, "what stood far apart before is not looked at from afar: {wide}");
    let all = cards.iter().fold(egui::Rect::NOTHING, |all, card| all.union(*card));
    assert!(egui::Rect::from_min_size(Pos2::ZERO, egui::vec2(1600.0, 1000.0)).contains_rect(all), "{all:?}");
}

#[test]
fn what_nobody_wrote_is_no_change_of_a_condition() {
    let mut pane = sample();
    let quoted = TOTALS.replace("value.order_id IS NOT NULL", "key = 'it''s'");
    pane.send(Command::PutPipeline(quoted, None));
    pane.send(Command::ChooseNode(Some("some".to_owned())));
    let condition = |pane: &Pane| match kind(pane, "some") {
        NodeKind::Filter { condition, .. } => condition,
        other => panic!("{other:?}"),
    };
    let field = |pane: &Pane| pane.harness.get_by_label("Value").accesskit_node().value();
    assert_eq!(field(&pane).as_deref(), Some("it's"));
    let leave = |pane: &mut Pane, key: Key| {
        pane.harness.key_press(key);
        pane.settle();
    };
    pane.harness.get_by_label("Value").focus();
    pane.settle();
    leave(&mut pane, Key::Enter);
    assert_eq!(condition(&pane), "key = 'it''s'");
    // Escape thinks better of what was written, Enter means it.
    for (key, after) in [(Key::Escape, "key = 'it''s'"), (Key::Enter, "key = 'it''s!'")] {
        pane.harness.get_by_label("Value").focus();
        pane.harness.step();
        pane.harness.key_press(Key::End);
        pane.harness.event(Event::Text("!".to_owned()));
        pane.harness.step();
        leave(&mut pane, key);
        assert_eq!(condition(&pane), after);
    }
}

#[test]
fn a_wire_let_go_over_another_pane_offers_nothing() {
    let mut pane = with_totals();
    let from = pane.output("result");
    let catalogue = Pos2::new(40.0, 500.0);
    pane.drag(from, catalogue);
    assert!(!pane.says("What to add"));
    let ground = pane.card("totals").center_bottom() + egui::vec2(0.0, 70.0);
    pane.drag(pane.output("result"), ground);
    assert!(pane.says("What to add"));
}

#[test]
fn topics_are_dragged_out_of_the_catalogue_and_the_story() {
    let mut pane = sample();
    let ground = Pos2::new(700.0, 300.0);
    let row = pane.harness.query_all_by_label_contains("orders ").find(|node| node.rect().left() < 200.0).unwrap();
    pane.drag(row.rect().center(), ground);
    assert!(pane.state().design.pipeline.node("orders").is_some(), "{:?}", pane.state().design.pipeline.nodes);
    pane.send(Command::NewPipeline);
    pane.send(Command::ShowPane(PaneKind::Story));
    let list = pane.harness.get_by_label_contains("Story, ").rect();
    pane.drag(list.left_top() + egui::vec2(60.0, 8.0), ground);
    let nodes = &pane.state().design.pipeline.nodes;
    assert!(matches!(nodes[..], [fabula_core::pipeline::Node { kind: NodeKind::Stream { .. }, .. }]), "{nodes:?}");
}

#[test]
fn fields_are_dragged_onto_the_nodes_that_use_them() {
    let mut pane = with_totals();
    pane.send(Command::AddColumn(Column::Field("value.region".to_owned())));
    pane.send(Command::ShowPane(PaneKind::Story));
    let heading = pane.harness.get_by_label("Column value.region").rect().center();
    pane.send(Command::ShowPane(PaneKind::Canvas));
    let totals = pane.card("totals").center();
    pane.send(Command::ShowPane(PaneKind::Story));
    pane.drag(heading, totals);
    let NodeKind::Aggregate { by, .. } = kind(&pane, "totals") else { panic!("an aggregate") };
    assert_eq!(by, ["value.region"]);
    // Onto a node that has no use for it, the canvas says why.
    let before = pane.state().design.pipeline.clone();
    let result = pane.card("result").center();
    pane.send(Command::ShowPane(PaneKind::Story));
    pane.drag(heading, result);
    assert!(pane.says("a view has no use for a field"));
    assert_eq!(pane.state().design.pipeline, before);
}

#[test]
fn a_sample_is_not_saved_over_the_file_that_was_open() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine.toml");
    std::fs::write(&mine, TOTALS).unwrap();
    let mut pane = Pane::open(Start::Path(mine.clone())).unwrap();
    pane.until("the file is open", |harness| !harness.state().state().design.pipeline.nodes.is_empty());
    pane.settle();
    assert_eq!(pane.state().design.pipeline.name, "totals");
    // An edit of it is saved in it.
    pane.send(Command::SetPipeline(Some(TOTALS.replace("1m", "2m"))));
    pane.send(Command::SavePipeline);
    assert!(std::fs::read_to_string(&mine).unwrap().contains("\"2m\""));
    // A sample is of no file.
    pane.click("Pipeline");
    pane.click(SAMPLES[0].0);
    assert_eq!(pane.state().design.pipeline.name, SAMPLES[0].0.to_owned());
    assert_eq!(pane.state().document.pipeline_file, None);
    pane.send(Command::Undo);
    assert_eq!(pane.state().document.pipeline_file.as_ref(), Some(&mine));
}

#[test]
fn a_file_that_is_dropped_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dropped.toml");
    std::fs::write(&file, TOTALS).unwrap();
    let mut pane = sample();
    pane.harness.input_mut().dropped_files.push(Arc::new(Dropped(file.clone())));
    pane.harness.step();
    pane.until("the file is open", |harness| !harness.state().state().design.pipeline.nodes.is_empty());
    pane.settle();
    assert_eq!(pane.state().document.pipeline_file.as_ref(), Some(&file));
    assert_eq!(pane.state().design.pipeline.name, "totals");
}

#[test]
fn a_marked_range_is_all_the_history_there_is() {
    let mut pane = with_totals();
    let all = outcome(&pane).report("orders").unwrap().metrics.rows_out;
    let extent = pane.state().extent.unwrap();
    let third = extent.span_ns() / 3;
    let range = TimeRange::new(extent.start_ns + third, extent.start_ns + 2 * third);
    pane.send(Command::MarkRange(Some(range)));
    pane.send(Command::RunOverMarked);
    pane.run();
    let some = outcome(&pane).report("orders").unwrap().metrics.clone();
    assert!(some.rows_out > 0 && some.rows_out < all / 2, "{} of {all}", some.rows_out);
    let first = outcome(&pane).first["orders"].rows.time_ms[0];
    assert!(first >= range.start_ns / 1_000_000, "{first}");
    assert!(some.stream_time_ms.unwrap() <= range.end_ns / 1_000_000);
    assert!(pane.says(", from "), "the header says which stretch");
    pane.send(Command::CutHistory(None));
    pane.run();
    assert_eq!(outcome(&pane).report("orders").unwrap().metrics.rows_out, all);
}

#[test]
fn to_look_at_a_node_runs_nothing_else_again() {
    let mut pane = with_totals();
    let before = outcome(&pane);
    pane.send(Command::ChooseNode(Some("some".to_owned())));
    let after = outcome(&pane);
    assert!(Arc::ptr_eq(&before.views["result"], &after.views["result"]), "the view's rows are the same ones");
    assert_eq!(after.views["some"].count, after.report("some").unwrap().metrics.rows_out);
    assert!(after.latest["some"].rows.len() <= 20 && !after.latest["some"].rows.is_empty());
    // The latest rows of every node are the last that there are.
    let last = after.views["some"].rows.time_ms.last().copied();
    assert_eq!(after.latest["some"].rows.time_ms.last().copied(), last);
}

#[test]
fn what_stands_above_an_edit_keeps_its_figures() {
    let mut pane = with_totals();
    let all = outcome(&pane).report("some").unwrap().metrics.rows_out;
    pane.harness.state().commands().send(Command::SetPipeline(Some(TOTALS.replace("1m", "7m"))));
    let mut least = u64::MAX;
    pane.until("the edit has run", |harness| {
        let state = harness.state().state();
        let edited = state.design.pipeline.nodes.iter().any(|node| {
            matches!(&node.kind, NodeKind::Aggregate { window: Some(window), .. } if format!("{window:?}").contains("420000"))
        });
        if let Some(outcome) = state.outcome.as_ref().filter(|outcome| outcome.version == state.design.version) {
            let some = outcome.report("some").map_or(0, |report| report.metrics.rows_out);
            least = least.min(some);
            return edited && outcome.whole;
        }
        least = if edited { 0 } else { least };
        false
    });
    assert_eq!(least, all, "at no moment were there fewer");
}

#[test]
fn a_pipeline_is_there_again_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("mine.fabula");
    let open = |start: Start| {
        let options = Options { start, workspace: Some(workspace.clone()), local_zone: jiff::tz::TimeZone::UTC };
        Pane::open_with(options).unwrap()
    };
    let mut pane = open(Start::Sample { events: EVENTS, seed: 7 });
    pane.settle();
    pane.send(Command::ShowAllTopics);
    pane.send(Command::PutPipeline(TOTALS.to_owned(), Some("totals.toml".into())));
    let text = pane.state().document.pipeline.clone().unwrap();
    pane.harness.state_mut().close();
    drop(pane);
    let mut pane = open(Start::Last);
    pane.until("the log is read again, and the pipeline has run over it", |harness| {
        let state = harness.state().state();
        let read = state.log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= EVENTS);
        let rows = state.outcome.as_ref().and_then(|outcome| outcome.views.get("result"));
        read && rows.is_some_and(|rows| rows.count > 0)
    });
    pane.run();
    assert_eq!(pane.state().document.pipeline.as_ref(), Some(&text));
    assert!(outcome(&pane).views["result"].count > 0);
    assert_eq!(pane.state().document.pipeline_file, None, "the file may be another by now: where to save is asked");
}
