//! By which fields and of which topics events are tied, in the whole window without a screen: chosen by hand, taken back,
//! kept; while topics come and go and a log is being read.

use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::state::{Selection, TopicTies};
use fabula::window::{Options, Start};
use fabula_core::event::Coordinates;
use fabula_tests::pane::Pane;

const EVENTS: u64 = 60_000;
const SEED: u64 = 7;

fn read(mut pane: Pane) -> Pane {
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= EVENTS)
    });
    pane
}

fn sample() -> Pane {
    let mut pane = read(Pane::open(Start::Sample { events: EVENTS, seed: SEED }).unwrap());
    pane.send(Command::ShowAllTopics);
    pane
}

fn tied_sample() -> Pane {
    let mut pane = sample();
    pane.send(Command::TieThreads);
    pane.until("events are tied", |harness| harness.state().state().tied.is_some());
    pane.settle();
    pane
}

/// How many threads there are, and which tying they are of.
fn threads(pane: &Pane) -> (usize, u64) {
    pane.state().tied.as_ref().map_or((0, 0), |tied| (tied.threads.len(), tied.number))
}

/// Draws until events have been tied anew.
fn tied_anew(pane: &mut Pane, before: u64) {
    pane.until("events are tied anew", |harness| {
        harness.state().state().tied.as_ref().is_some_and(|tied| tied.number > before)
    });
    pane.settle();
}

/// An event of a topic that is in a thread.
fn event_of(pane: &Pane, topic: &str) -> Coordinates {
    let tied = pane.state().tied.clone().expect("events are tied");
    let mut first = (0..tied.threads.len() as u32).flat_map(|thread| tied.threads.events_of(thread).to_vec());
    let event = first.find(|&event| *tied.threads.topic(event) == *topic).expect("the topic is in a thread");
    tied.threads.coordinates(event)
}

#[test]
fn hiding_topics_while_map_list_and_thread_are_open_leaves_them_whole() {
    for kind in [PaneKind::Map, PaneKind::Threads, PaneKind::Thread] {
        let mut pane = tied_sample();
        pane.send(Command::OpenThread(event_of(&pane, "orders")));
        pane.send(Command::ShowPane(kind));
        for topic in ["fraud-replies", "customers", "orders"] {
            let (_, before) = threads(&pane);
            pane.harness.state().commands().send(Command::OnlyTopic(topic.into()));
            // Every frame on the way is drawn.
            tied_anew(&mut pane, before);
        }
        let (_, before) = threads(&pane);
        pane.harness.state().commands().send(Command::ShowAllTopics);
        tied_anew(&mut pane, before);
        if kind == PaneKind::Map {
            let variant = pane.all_that_say("Variant 1, ").swap_remove(0);
            pane.click(&variant);
            let (tied, tale) = (pane.state().tied.clone().unwrap(), pane.state().tale.clone().expect("one is open"));
            assert_eq!(
                tied.threads.steps_of(tale.thread),
                tied.threads.variants()[0].steps,
                "the variant's own thread"
            );
        }
    }
}

#[test]
fn an_event_that_is_in_no_thread_is_told_why() {
    let mut pane = tied_sample();
    let at = event_of(&pane, "orders");
    let (_, before) = threads(&pane);
    pane.send(Command::OnlyTopic("payments".into()));
    tied_anew(&mut pane, before);
    pane.send(Command::ThreadOf(at.clone()));
    pane.until("it is said", |harness| {
        let said = format!("{at} is in no thread: orders takes no part");
        harness.query_all_by_label_contains(&said).next().is_some()
    });
    let beyond = Coordinates { topic: "payments".into(), partition: 0, offset: 99_999_999 };
    pane.send(Command::ThreadOf(beyond));
    pane.until("it is said", |harness| harness.query_all_by_label_contains("it has not been read").next().is_some());
    // The thread is there once its topic is.
    pane.send(Command::ShowAllTopics);
    pane.send(Command::Select(Some(Selection { coordinates: at.clone(), time_ns: None })));
    pane.send(Command::ThreadOfEvent);
    pane.until("its thread is open", |harness| {
        harness.state().state().tale.as_ref().is_some_and(|tale| tale.place_of(&at).is_some())
    });
}

#[test]
fn without_a_topic_the_window_says_so_and_offers_them() {
    let mut pane = sample();
    pane.send(Command::HideAllTopics);
    pane.send(Command::ShowFindings(None));
    assert!(pane.says("Show topics first"), "{:?}", pane.all_that_say("topics"));
    pane.click("Show all topics");
    pane.until("events are tied", |harness| harness.state().state().tied.is_some());
}

#[test]
fn after_tying_was_cancelled_it_can_be_asked_for_again() {
    let mut pane = sample();
    pane.harness.state().commands().send(Command::TieThreads);
    let mut is_cancelled = false;
    pane.until("it is being tied", |harness| {
        let listed = harness.state().jobs().listed();
        let tying = listed.iter().find(|job| job.title().name == "Tying threads");
        is_cancelled |= tying.map(|job| harness.state().jobs().cancel(job.id())).is_some();
        is_cancelled
    });
    pane.settle();
    assert!(pane.state().tied.is_none(), "what was found until then is not shown as all there is");
    assert!(pane.says("tying was cancelled"), "{:?}", pane.all_that_say("cancel"));
    pane.send(Command::ShowFindings(None));
    pane.until("events are tied", |harness| harness.state().state().tied.is_some());
}

#[test]
fn a_field_that_is_turned_off_ties_no_more_until_that_is_undone() {
    let mut pane = tied_sample();
    let (all, first) = threads(&pane);
    pane.send(Command::ShowTyingFields);
    pane.send(Command::OnlyTopic("orders".into()));
    tied_anew(&mut pane, first);
    let (of_orders, number) = threads(&pane);
    assert!(of_orders > 0 && of_orders < all);
    let ties: Vec<String> = pane.all_that_say("Tie orders by ");
    assert!(!ties.is_empty(), "{:?}", pane.all_that_say("orders"));
    // Every field that ties, one after the other, by its toggle.
    let mut number = number;
    let tied = pane.state().tied.clone().unwrap();
    let fields: Vec<String> = tied
        .profile
        .topic("orders")
        .expect("it has a part")
        .fields
        .iter()
        .filter(|wanted| wanted.ties)
        .map(|wanted| wanted.field.to_string())
        .collect();
    assert!(!fields.is_empty());
    for field in &fields {
        pane.click(&format!("Tie orders by {field}"));
        tied_anew(&mut pane, number);
        (_, number) = threads(&pane);
    }
    assert_eq!(threads(&pane).0, 0, "nothing ties any more");
    for _ in &fields {
        pane.send(Command::Undo);
        pane.settle();
    }
    pane.until("all is as before", |harness| {
        harness.state().state().tied.as_ref().is_some_and(|tied| tied.threads.len() == of_orders)
    });
    assert!(pane.state().document.ties.is_empty());
}

#[test]
fn what_was_changed_about_tying_is_kept_in_the_workspace() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.fabula");
    let options = || Options {
        start: Start::Sample { events: EVENTS, seed: SEED },
        workspace: Some(path.clone()),
        ..Options::default()
    };
    let mut pane = read(Pane::open_with(options()).unwrap());
    pane.send(Command::ShowAllTopics);
    pane.send(Command::KeepOut("customers".into(), true));
    pane.send(Command::SetStep("orders".into(), Some(Vec::new())));
    pane.send(Command::SaveWorkspace);
    pane.settle();
    let kept = pane.state().document.ties.clone();
    assert_eq!(kept.get("customers"), Some(&TopicTies { out: true, ..TopicTies::default() }));
    drop(pane);
    let mut pane = read(Pane::open_with(options()).unwrap());
    assert_eq!(pane.state().document.ties, kept);
    pane.send(Command::ShowAllTopics);
    pane.send(Command::TieThreads);
    pane.until("events are tied", |harness| harness.state().state().tied.is_some());
    let tied = pane.state().tied.clone().unwrap();
    assert!(!tied.topics.iter().any(|topic| **topic == *"customers"), "it takes no part");
    let steps: Vec<&str> = tied.threads.steps().iter().map(|step| &**step).collect();
    assert!(steps.contains(&"orders"), "steps are called by the topic's name: {steps:?}");
    pane.send(Command::TieAsSuggested("customers".into()));
    tied_anew(&mut pane, tied.number);
    assert!(pane.state().tied.as_ref().is_some_and(|tied| tied.topics.iter().any(|topic| **topic == *"customers")));
}

#[test]
fn what_is_read_after_tying_is_taken_in_by_itself_when_reading_ends() {
    const MANY: u64 = 400_000;
    let mut pane = Pane::open(Start::Sample { events: MANY, seed: SEED }).unwrap();
    pane.until("something is read", |harness| {
        harness.state().state().log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() > 1_000)
    });
    pane.harness.state().commands().send(Command::ShowAllTopics);
    pane.harness.state().commands().send(Command::TieThreads);
    pane.until("all of it is tied", |harness| {
        let state = harness.state().state();
        let read = state.log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= MANY);
        let now = state.log.snapshot.as_ref();
        let taken = state.tied.as_ref().zip(now).is_some_and(|(tied, now)| tied.behind(now) == 0);
        read && taken && state.tied.as_ref().is_some_and(|tied| tied.threads.events_taken() >= MANY)
    });
}
