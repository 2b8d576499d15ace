//! Who reads, in the whole window without a screen: groups unfold to their partitions, the inspector says who has passed
//! an event, the topology says who writes and who reads.

use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::state::{Readers, Selection};
use fabula::window::Start;
use fabula_core::narrative::lag::{EventsBehind, GroupStanding};
use fabula_tests::pane::Pane;
use fabula_tests::{arguments, program};

const EVENTS: u64 = 20_000;

fn sample() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: EVENTS, seed: 7 }).expect("a window");
    pane.until("the sample is read, and groups are held against it", |harness| {
        let log = &harness.state().state().log;
        let whole = log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= EVENTS);
        let exact = |standing: &GroupStanding| standing.events.is_none_or(EventsBehind::is_exact);
        whole && log.readers.standings().is_some_and(|standings| standings.groups.iter().all(exact))
    });
    pane.settle();
    pane
}

#[test]
fn a_group_unfolds_to_its_partitions_and_leads_to_what_it_has_not_read() {
    let mut pane = sample();
    let standing =
        pane.state().log.readers.standings().expect("told").group("clickstream-sink").expect("there").clone();
    let row = pane.all_that_say("Group clickstream-sink stable lag ").remove(0);
    let events = standing.events.expect("a lag").number();
    assert!(row.contains(&fabula::figures::count(events)), "{row}");
    pane.send(Command::ShowGroup("clickstream-sink".into()));
    assert!(pane.says("clickstream-sink as of 2026-03-15"), "{:?}", pane.all_that_say("clickstream-sink"));
    assert!(pane.says("clickstream-sink behind"));
    let partition = pane.all_that_say("Group clickstream-sink in web-clicks [0] lag ").remove(0);
    pane.click(&partition);
    let committed = standing.group.position("web-clicks", 0).and_then(|position| position.committed);
    let chosen = pane.state().selection.clone().expect("an event is chosen").coordinates;
    assert_eq!((&*chosen.topic, chosen.partition, Some(chosen.offset)), ("web-clicks", 0, committed));
    // The keyboard shuts it again.
    let row = pane.all_that_say("Group clickstream-sink stable lag ").remove(0);
    pane.harness.get_by_label(&row).focus();
    pane.harness.key_press(egui::Key::Space);
    pane.settle();
    assert!(!pane.says("Group clickstream-sink in web-clicks [0]"));
}

#[test]
fn the_inspector_says_who_has_passed_the_event() {
    let mut pane = sample();
    let standing =
        pane.state().log.readers.standings().expect("told").group("clickstream-sink").expect("there").clone();
    let position = standing.group.position("web-clicks", 0).expect("a position").clone();
    let committed = position.committed.expect("a commit");
    let mut choose = |offset: i64| {
        let coordinates = fabula_core::event::Coordinates { topic: "web-clicks".into(), partition: 0, offset };
        pane.send(Command::Select(Some(Selection { coordinates, time_ns: None })));
        pane.settle();
        pane.all_that_say("Read by clickstream-sink: ")
    };
    assert_eq!(choose(committed), ["Read by clickstream-sink: not yet, it is the next"]);
    assert_eq!(choose(committed + 2), ["Read by clickstream-sink: not yet, 2 events before it"]);
    assert_eq!(choose(committed - 4), ["Read by clickstream-sink: passed, 3 events further"]);
    let coordinates = fabula_core::event::Coordinates { topic: "customers".into(), partition: 0, offset: 0 };
    pane.send(Command::Select(Some(Selection { coordinates, time_ns: None })));
    pane.settle();
    assert!(pane.says("No group has committed in this topic"), "{:?}", pane.all_that_say("Read by"));
}

#[test]
fn the_topology_has_every_writer_and_reader_and_leads_on() {
    let mut pane = sample();
    pane.send(Command::ShowAllTopics);
    pane.send(Command::TieThreads);
    pane.send(Command::ShowPane(PaneKind::Topology));
    pane.settle();
    assert!(pane.says("Topology, "), "{:?}", pane.all_that_say("opology"));
    for topic in pane.state().log.topics.clone().iter() {
        assert!(pane.says(&format!("Topic {}, ", topic.name)), "{}", topic.name);
    }
    assert!(pane.says("payments is read by group shipping: "), "{:?}", pane.all_that_say("Arrow"));
    assert!(pane.says("is read, as its events imply, by"));
    assert!(pane.says("customers: who reads it, if anybody"), "{:?}", pane.all_that_say("who reads"));
    // A group leads to its partitions, a service to its threads.
    let group = pane.all_that_say("Group shipping, stable").remove(0);
    pane.click(&group);
    assert!(pane.state().open_groups.contains("shipping"));
    pane.send(Command::ShowPane(PaneKind::Topology));
    let service = pane.all_that_say("Service ").remove(0);
    pane.click(&service);
    pane.click("Threads of this service");
    assert!(pane.says("Service"), "the list is narrowed down to a service");
}

#[test]
fn a_recording_that_kept_no_groups_says_not_known_and_not_none() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, dir) = (folder.path().join("orders.csv"), folder.path().join("recording"));
    std::fs::write(&file, "id,at\n1,2026-01-01T00:00:00Z\n2,2026-01-01T00:00:01Z\n").expect("a file");
    program::run(arguments!["import", &file, "--to", &dir]).ok();
    let mut pane = Pane::open(Start::Path(dir)).expect("a window");
    pane.until("the recording is open", |harness| harness.state().state().log.snapshot.is_some());
    pane.settle();
    assert!(matches!(pane.state().log.readers, Readers::NotTold(_)));
    assert!(pane.says("Groups are not known: the recording kept no groups"));
}
