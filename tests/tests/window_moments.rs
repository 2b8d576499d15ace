//! Lateness and reasons on the canvas: what came too late leads to its event, a row to the events that made it, and an
//! event shows how far it got.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::state::{AsideLine, Selection, Way};
use fabula::window::Start;
use fabula_tests::pane::Pane;

/// Clicks over windows that wait for nothing: some rows miss them all, some only the first. And a filter of payments.
const LATE: &str = "version = 1\nname = \"late\"\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n\
    [nodes.captured]\nkind = \"filter\"\ninput = \"payments\"\nwhere = \"headers.ce_type = 'PaymentCaptured'\"\n\
    [nodes.only]\nkind = \"view\"\ninput = \"captured\"\n[nodes.clicks]\nkind = \"stream\"\ntopic = \"web-clicks\"\n\
    [nodes.hops]\nkind = \"aggregate\"\ninput = \"clicks\"\nby = [\"topic AS which\"]\n\
    window = { kind = \"hopping\", size = \"50m\", advance = \"1m\" }\nselect = { n = \"count(*)\" }\n\
    [nodes.result]\nkind = \"view\"\ninput = \"hops\"\n";

/// The pipeline, run over a small sample, on the canvas.
fn opened(text: &str) -> Pane {
    let mut pane = Pane::open(Start::Sample { events: 20_000, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        harness.state().state().log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= 20_000)
    });
    pane.send(Command::ShowAllTopics);
    pane.send(Command::ShowPane(PaneKind::Canvas));
    pane.send(Command::SetPipeline(Some(text.to_owned())));
    pane.run();
    pane
}

fn aside(pane: &Pane, node: &str) -> Vec<AsideLine> {
    pane.state().outcome.as_ref().unwrap().aside.get(node).map(|lines| lines.to_vec()).unwrap_or_default()
}

fn chosen(pane: &Pane) -> Option<Selection> {
    pane.state().selection.clone()
}

#[test]
fn what_a_card_says_is_late_leads_to_every_row_and_its_event() {
    let mut pane = opened(LATE);
    let lines = aside(&pane, "hops");
    assert!(lines.iter().any(|line| line.partly), "some rows missed some of their windows: {}", lines.len());
    assert!(lines.iter().all(|line| line.event.is_some() && line.missed_ms.is_some()), "{:?}", lines.first());
    let button = pane.all_that_say(" late of hops").remove(0);
    pane.click(&button);
    // The newest comes first, and a row of the list chooses its event for all panes.
    let words = |pane: &Pane, line: &AsideLine| format!("{} {}", line.event_name(), line.words(&pane.state().clock));
    let first = words(&pane, &lines[0]);
    assert!(first.contains(" late for "), "{first}");
    {
        let mut rows = pane.harness.query_all_by_label_contains(&first);
        rows.find(|node| node.accesskit_node().role() != Role::Label).expect("a row of the list").click();
    }
    pane.settle();
    assert_eq!(chosen(&pane), lines[0].selection());
    // All of them are come to with the arrows, however long the list is.
    pane.harness.get_by_label("Late and set aside of hops").focus();
    pane.settle();
    for line in &lines[1..lines.len().min(40)] {
        pane.key(Modifiers::NONE, Key::ArrowDown);
        assert_eq!(chosen(&pane), line.selection());
    }
    pane.click("Back to the settings");
    assert!(pane.says("Went through"));
}

#[test]
fn a_mark_on_the_strip_names_the_event_and_the_windows_it_missed() {
    let mut pane = opened(LATE);
    pane.send(Command::ChooseNode(Some("hops".to_owned())));
    let lines = aside(&pane, "hops");
    let mark = {
        let buttons = pane.harness.query_all_by_role(Role::Button);
        let mut marks = buttons.filter_map(|node| node.accesskit_node().label());
        marks.find(|label| label.contains(" late for ") && !label.contains("See ")).expect("a mark")
    };
    pane.harness.query_all_by_label(&mark).next().unwrap().focus();
    pane.settle();
    pane.key(Modifiers::NONE, Key::Space);
    let event = chosen(&pane).expect("an event is chosen");
    let line = lines.iter().find(|line| line.selection().as_ref() == Some(&event)).expect("it is one of those aside");
    assert!(mark.contains(&line.words(&pane.state().clock)), "{mark}");
    // The windows are those of the row's time.
    let [first, last] = line.missed_ms.unwrap();
    let time_ms = line.time_ms.expect("a time");
    assert!(first.0 <= time_ms && time_ms < first.1, "{line:?}");
    assert!(first.0 <= last.0 && last.0 <= time_ms, "{line:?}");
}

#[test]
fn a_row_that_is_chosen_marks_the_events_that_made_it_in_the_story_and_on_the_timeline() {
    let mut pane = opened(LATE);
    pane.send(Command::OnlyTopic("web-clicks".into()));
    pane.send(Command::ShowPane(PaneKind::Timeline));
    pane.send(Command::ChooseNode(Some("result".to_owned())));
    pane.send(Command::ShowPane(PaneKind::View));
    assert!(pane.state().pointed_out.is_empty());
    let row =
        pane.all_that_say("web-clicks").into_iter().find(|label| label.contains(" open") || label.contains(" final"));
    let row = row.unwrap_or_else(|| panic!("a row: {:?}", pane.all_that_say("web-clicks")));
    pane.harness.query_all_by_label(&row).next().unwrap().click();
    pane.until("the row is explained", |harness| !harness.state().state().pointed_out.is_empty());
    pane.settle();
    let made_by = pane.state().pointed_out.clone();
    assert!(made_by.keys().all(|event| &*event.topic == "web-clicks"), "{made_by:?}");
    let said = pane.all_that_say("Pointed out: web-clicks ");
    assert!(!said.is_empty() && said.len() <= made_by.len(), "{said:?} of {made_by:?}");
}

#[test]
fn an_event_that_is_chosen_lights_its_way_and_says_where_and_why_it_stops() {
    let mut pane = opened(LATE);
    // The first event of another kind than the filter lets through.
    let rows = pane.state().outcome.as_ref().unwrap().first["captured"].rows.clone();
    assert!(!rows.is_empty());
    pane.send(Command::OnlyTopic("payments".into()));
    pane.send(Command::FirstEvent);
    let mut journey = None;
    for _ in 0..40 {
        pane.until("the way is known", |harness| {
            let journey = harness.state().state().journey.as_ref();
            journey.is_some_and(|journey| matches!(journey.way, Way::Known(..)))
        });
        journey = pane.state().journey.clone();
        if journey.as_ref().and_then(|journey| journey.at("captured")).is_some_and(|visit| !visit.went_on) {
            break;
        }
        pane.send(Command::NextEvent);
    }
    let journey = journey.expect("a journey");
    let stop = journey.at("captured").expect("it came to the filter");
    assert!(!stop.went_on && journey.went("payments", "captured"), "{journey:?}");
    pane.settle();
    assert!(pane.says(&format!("The chosen event stops here: {}", stop.words)), "{:?}", pane.all_that_say("stops"));
    assert!(pane.says("captured (filter)"));
    let card = pane.all_that_say("captured (filter)").remove(0);
    assert!(card.contains("the chosen event stops here"), "{card}");
    let wire = pane.all_that_say("Wire from payments to captured").remove(0);
    assert!(wire.contains("the chosen event went along it"), "{wire}");
    let beyond = pane.all_that_say("Wire from captured to only").remove(0);
    assert!(!beyond.contains("went along"), "{beyond}");
    // Without a choice nothing is lit.
    pane.send(Command::Select(None));
    assert!(!pane.says("the chosen event"), "{:?}", pane.all_that_say("the chosen event"));
}
