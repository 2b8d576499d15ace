//! Views, exports, drift and SQL with the keyboard alone: Tab, Space, Enter, the arrows, and letters.

use egui::accesskit::Toggled;
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::window::Start;
use fabula_tests::pane::Pane;

const EVENTS: u64 = 20_000;

const PIPELINE: &str = "version = 1\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n[nodes.hours]\nkind = \"aggregate\"\n\
    input = \"payments\"\nby = [\"value.currency AS currency\"]\nwindow = { kind = \"tumbling\", size = \"10m\" }\n\
    select = { n = \"count(*)\", revenue = \"sum(value.amount)\" }\n[nodes.per_hour]\nkind = \"view\"\ninput = \"hours\"\n";

/// The window with the pipeline run over the sample.
fn opened() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: EVENTS, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= EVENTS)
    });
    pane.send(Command::ShowAllTopics);
    pane.send(Command::SetPipeline(Some(PIPELINE.to_owned())));
    pane.run();
    pane
}

fn press(pane: &mut Pane, key: Key) {
    pane.harness.key_press(key);
    pane.settle();
}

fn press_with(pane: &mut Pane, modifiers: Modifiers, key: Key) {
    pane.harness.key_press_modifiers(modifiers, key);
    pane.settle();
}

fn type_text(pane: &mut Pane, text: &str) {
    press_with(pane, Modifiers::COMMAND, Key::A);
    pane.harness.event(Event::Text(text.to_owned()));
    pane.settle();
}

/// What has the focus says, if it begins so.
fn focused(pane: &Pane, name: &str) -> Option<String> {
    let mut nodes = pane.harness.query_all_by_label_contains(name).filter(|node| node.is_focused());
    nodes.find_map(|node| node.accesskit_node().label()).filter(|label| label.starts_with(name))
}

/// Presses Tab until what is called so has the focus; a name that ends in a space or a comma is the beginning of one.
fn tab_to(pane: &mut Pane, name: &str) -> String {
    let begins = name.ends_with([' ', ',']);
    for _ in 0..400 {
        pane.harness.key_press(Key::Tab);
        pane.harness.step();
        pane.harness.step();
        if let Some(label) = focused(pane, name).filter(|label| begins || label == name) {
            return label;
        }
    }
    panic!("Tab does not come to {name}: {:?}", pane.all_that_say(name.trim()));
}

/// The rows that are chosen and in sight.
fn chosen(pane: &Pane, words: &str) -> Vec<String> {
    let nodes = pane.harness.query_all_by_label_contains(words);
    let chosen = nodes.filter(|node| node.accesskit_node().toggled() == Some(Toggled::True));
    chosen.filter_map(|node| node.accesskit_node().label()).collect()
}

#[test]
fn every_row_of_an_answer_is_reached_with_the_arrows() {
    let mut pane = opened();
    pane.send(Command::ShowPane(PaneKind::Sql));
    tab_to(&mut pane, "Question in SQL");
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) \
        SELECT 'row ' || i AS name, i, 'a rather long text that takes the room of a column ' || i AS a, \
        'another long text that takes the room of a column ' || i AS b, 'and one more of the same kind for the width ' || i AS c, \
        'and the last of them, which is out of sight at first ' || i AS d FROM n";
    type_text(&mut pane, many);
    press_with(&mut pane, Modifiers::COMMAND, Key::Enter);
    tab_to(&mut pane, "Answer, 900 rows");
    let row = |at: usize| format!("row {at} | {at} | ");
    assert!(pane.says(&row(1)) && !pane.says(&row(900)), "the first are in sight");
    let at = |pane: &Pane, expected: usize| {
        let chosen = chosen(pane, " | ");
        assert!(chosen.len() == 1 && chosen[0].starts_with(&row(expected)), "{expected}: {chosen:?}");
    };
    press(&mut pane, Key::ArrowDown);
    at(&pane, 1);
    press(&mut pane, Key::ArrowDown);
    press(&mut pane, Key::ArrowDown);
    press(&mut pane, Key::ArrowUp);
    at(&pane, 2);
    press(&mut pane, Key::End);
    at(&pane, 900);
    press(&mut pane, Key::PageUp);
    let page = chosen(&pane, " | ").remove(0);
    assert!(!page.starts_with(&row(900)) && !page.starts_with(&row(899)), "{page}");
    press(&mut pane, Key::PageDown);
    at(&pane, 900);
    press(&mut pane, Key::Home);
    at(&pane, 1);
    // Sideways too: what is out of sight comes into it.
    let left = |pane: &Pane| pane.harness.get_by_label_contains(&row(1)).rect().left();
    let before = left(&pane);
    press(&mut pane, Key::ArrowRight);
    assert!(left(&pane) < before, "the table has moved to the left");
    press(&mut pane, Key::ArrowLeft);
    assert_eq!(left(&pane), before);
    // One press of Tab leaves the table, however many rows it has.
    pane.harness.key_press(Key::Tab);
    pane.harness.step();
    pane.harness.step();
    assert_eq!(focused(&pane, "Answer"), None);
    assert_eq!(focused(&pane, "row "), None, "a row is no stop of its own");
}

#[test]
fn a_view_is_filtered_sorted_exported_compared_and_asked_with_the_keyboard_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut pane = opened();
    press_with(&mut pane, Modifiers::ALT, Key::Num6);
    // Filter and sort.
    tab_to(&mut pane, "Filter rows");
    type_text(&mut pane, "n >= 2");
    assert!(pane.says(" pass"), "{:?}", pane.all_that_say("pass"));
    tab_to(&mut pane, "Sort by revenue");
    press(&mut pane, Key::Space);
    let rows = tab_to(&mut pane, "Rows of per_hour, ");
    press(&mut pane, Key::ArrowDown);
    let largest = chosen(&pane, "2026-").remove(0);
    press(&mut pane, Key::End);
    let smallest = chosen(&pane, "2026-").remove(0);
    let revenue = |line: &str| line.split(' ').next_back().unwrap().replace(',', "").parse::<f64>().unwrap();
    assert!(revenue(&largest) > revenue(&smallest), "{rows}: {largest}, {smallest}");
    press(&mut pane, Key::Home);
    assert_eq!(chosen(&pane, "2026-"), [largest]);
    // The past, and what changed between two of its moments.
    tab_to(&mut pane, "Past");
    press(&mut pane, Key::Space);
    assert!(pane.says("Deriving") || pane.says("Moment, "), "{:?}", pane.all_that_say("past"));
    pane.until("the past is derived", |harness| harness.query_all_by_label_contains("Moment, now").next().is_some());
    tab_to(&mut pane, "Moment, now");
    for _ in 0..80 {
        pane.harness.key_press(Key::ArrowLeft);
        pane.harness.step();
    }
    pane.settle();
    assert!(pane.says("As of 20"), "{:?}", pane.all_that_say("As of"));
    tab_to(&mut pane, "Mark A");
    press(&mut pane, Key::Space);
    tab_to(&mut pane, "Moment, ");
    for _ in 0..30 {
        pane.harness.key_press(Key::ArrowRight);
        pane.harness.step();
    }
    pane.settle();
    tab_to(&mut pane, "Mark B");
    press(&mut pane, Key::Space);
    assert!(pane.says(" added · 0 gone · "), "{:?}", pane.all_that_say("added"));
    let at = pane.state().moment_ms.expect("a moment of the past");
    // Export what is shown.
    press_with(&mut pane, Modifiers::COMMAND, Key::E);
    tab_to(&mut pane, "CSV");
    press(&mut pane, Key::Space);
    tab_to(&mut pane, "File");
    let path = folder.path().join("copy.csv");
    type_text(&mut pane, &path.display().to_string());
    tab_to(&mut pane, "Export the view");
    press(&mut pane, Key::Space);
    assert!(pane.says("events up to "), "{:?}", pane.all_that_say("rows in"));
    // One row of the copy is changed by somebody.
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let last = lines.len() - 1;
    let (kept, _) = lines[last].rsplit_once(',').unwrap();
    lines[last] = format!("{kept},0.01");
    std::fs::write(&path, lines.join("\n")).unwrap();
    // Compare as of the same moment; which events made the row.
    press_with(&mut pane, Modifiers::ALT, Key::Num9);
    tab_to(&mut pane, "Copy");
    type_text(&mut pane, &path.display().to_string());
    tab_to(&mut pane, "As of");
    type_text(&mut pane, &at.to_string());
    tab_to(&mut pane, "Compare");
    press(&mut pane, Key::Space);
    assert!(pane.says("0 missing · 0 extra · 1 different"), "{:?}", pane.all_that_say("equal"));
    tab_to(&mut pane, "Drift, 1 row");
    press(&mut pane, Key::ArrowDown);
    assert_eq!(chosen(&pane, "different | ").len(), 1);
    tab_to(&mut pane, "Which events made it?");
    press(&mut pane, Key::Space);
    assert!(pane.says("made by "), "{:?}", pane.all_that_say("event"));
    // Topics and groups of that name come, too.
    let is_event = |label: &str| label.split_once(':').is_some_and(|(_, offset)| offset.parse::<u64>().is_ok());
    let event = loop {
        let label = tab_to(&mut pane, "payments ");
        if is_event(&label) {
            break label;
        }
    };
    press(&mut pane, Key::Space);
    pane.until("the event is chosen", |harness| harness.state().state().selection.is_some());
    assert_eq!(pane.state().selection.clone().unwrap().coordinates.to_string(), event);
    // And ask.
    press_with(&mut pane, Modifiers::ALT, Key::Num8);
    tab_to(&mut pane, "Question in SQL");
    type_text(&mut pane, "SELECT currency, sum(n) AS n FROM per_hour GROUP BY currency ORDER BY n DESC");
    press_with(&mut pane, Modifiers::COMMAND, Key::Enter);
    tab_to(&mut pane, "Answer, ");
    press(&mut pane, Key::ArrowDown);
    assert_eq!(chosen(&pane, " | ").len(), 1, "{:?}", pane.all_that_say(" | "));
}
