//! The timeline, the story, the chosen event and the search, in the whole window without a screen.

use egui::{Event, Modifiers, MouseWheelUnit, Pos2, Vec2};
use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::state::{Order, State};
use fabula::window::Start;
use fabula_core::event::EventRef;
use fabula_core::event::{Coordinates, EventBatchBuilder, TimestampType, TopicPartition, Watermarks};
use fabula_core::log::Origin;
use fabula_core::store::{Snapshot, Store};
use fabula_tests::pane::Pane;

const EVENTS: u64 = 20_000;

fn sample() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: EVENTS, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= EVENTS)
    });
    pane.send(Command::ShowAllTopics);
    pane
}

fn state(pane: &Pane) -> &State {
    pane.harness.state().state()
}

fn snapshot(pane: &Pane) -> std::sync::Arc<Snapshot> {
    state(pane).log.snapshot.clone().unwrap()
}

/// What `look` makes of every event that was read.
fn every<T>(snapshot: &Snapshot, mut look: impl FnMut(EventRef<'_>) -> Option<T>) -> Vec<T> {
    let mut found = Vec::new();
    for segment in snapshot.segments() {
        let batch = segment.events().unwrap();
        found.extend(batch.events().filter_map(&mut look));
    }
    found
}

fn wheel(pane: &mut Pane, at: Pos2, points: f32) {
    pane.harness.event(Event::PointerMoved(at));
    pane.harness.step();
    pane.harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: Vec2::new(0.0, points),
        modifiers: Modifiers::NONE,
        phase: egui::TouchPhase::Move,
    });
    pane.settle();
}

#[test]
fn the_wheel_keeps_the_time_at_the_pointer() {
    let mut pane = sample();
    let timeline = pane.harness.get_by_label_contains("Timeline, ").rect();
    let plot = timeline.with_min_x(timeline.left() + fabula::panes::timeline::lanes::LABEL_WIDTH);
    let at = Pos2::new(plot.left() + plot.width() * 0.3, plot.bottom() - 60.0);
    let share = f64::from((at.x - plot.left()) / plot.width());
    wheel(&mut pane, at, 120.0);
    let mut before = state(&pane).view.expect("the wheel has zoomed");
    for _ in 0..6 {
        wheel(&mut pane, at, 120.0);
        let now = state(&pane).view.unwrap();
        assert!(now.span_ns() < before.span_ns(), "it zooms in");
        let under = |range: fabula::state::TimeRange| range.start_ns as f64 + range.span_ns() as f64 * share;
        let px = now.span_ns() as f64 / f64::from(plot.width());
        assert!((under(now) - under(before)).abs() < 1.5 * px, "{} px", (under(now) - under(before)) / px);
        before = now;
    }
}

#[test]
fn choosing_a_row_rings_it_on_its_lane_and_opens_it() {
    let mut pane = sample();
    pane.send(Command::OnlyTopic("orders".into()));
    let row = pane.harness.query_all_by_label_contains(" orders ").next().expect("a row of orders");
    row.click();
    pane.settle();
    let chosen = state(&pane).selection.clone().expect("a row was chosen").coordinates;
    assert_eq!(&*chosen.topic, "orders");
    assert!(pane.says(&format!("Chosen event {chosen}, lane orders")), "ringed on its lane");
    let place = format!("orders · {}:{}", chosen.partition, chosen.offset);
    assert!(pane.says(&place), "open in the inspector: {place}");
}

#[test]
fn going_to_a_moment_chooses_the_first_event_from_it_on() {
    let mut pane = sample();
    let extent = state(&pane).extent.unwrap();
    let moment = extent.start_ns + extent.span_ns() / 3;
    pane.send(Command::GoToMoment(moment));
    let first = every(&snapshot(&pane), |event| event.time_ns().filter(|ns| *ns >= moment)).into_iter().min();
    let chosen = state(&pane).selection.clone().unwrap();
    assert_eq!(chosen.time_ns, first);
    assert!(
        pane.says(&format!(
            "{} {}:{}",
            chosen.coordinates.topic, chosen.coordinates.partition, chosen.coordinates.offset
        ))
    );
}

#[test]
fn an_event_that_is_hidden_is_not_gone_to_in_silence() {
    let mut pane = sample();
    pane.send(Command::OnlyTopic("orders".into()));
    pane.send(Command::GoToEvent(Coordinates { topic: "payments".into(), partition: 0, offset: 0 }));
    assert!(state(&pane).selection.is_none());
    assert!(pane.says("not in the story"));
}

#[test]
fn a_search_finds_what_a_look_at_every_event_finds_and_says_so() {
    let mut pane = sample();
    let needle = "ShipmentDispatched";
    pane.send(Command::Search(needle.to_owned()));
    pane.until("the search is complete", |harness| {
        harness.state().state().search.found.as_ref().is_some_and(|found| found.report.is_complete())
    });
    pane.settle();
    let holds = |bytes: Option<&[u8]>| {
        bytes.is_some_and(|bytes| String::from_utf8_lossy(bytes).to_lowercase().contains(&needle.to_lowercase()))
    };
    let expected = every(&snapshot(&pane), |event| {
        let found = holds(event.key())
            || holds(event.value())
            || event.headers().any(|(name, value)| holds(Some(name.as_bytes())) || holds(value));
        found.then(|| event.coordinates())
    });
    let found = state(&pane).search.found.clone().unwrap();
    assert!(!expected.is_empty());
    assert_eq!(found.matches.count(), expected.len() as u64);
    assert_eq!((found.report.scanned, found.report.total), (EVENTS, EVENTS));
    assert!(pane.says(" · complete"), "{:?}", pane.all_that_say("scanned"));

    pane.send(Command::NextMatch);
    let first = state(&pane).selection.clone().unwrap().coordinates;
    assert!(expected.contains(&first));
    pane.send(Command::NextMatch);
    let second = state(&pane).selection.clone().unwrap().coordinates;
    assert!(expected.contains(&second) && second != first);
}

#[test]
fn a_condition_finds_what_reading_every_value_finds() {
    let mut pane = sample();
    pane.send(Command::Search("topic = 'payments' AND value.amount > 100".to_owned()));
    pane.until("the search is complete", |harness| {
        harness.state().state().search.found.as_ref().is_some_and(|found| found.report.is_complete())
    });
    let expected = every(&snapshot(&pane), |event| {
        let value: serde_json::Value = serde_json::from_slice(event.value()?).ok()?;
        let amount = value.get("amount")?.as_f64()?;
        (&**event.topic() == "payments" && amount > 100.0).then_some(())
    });
    assert!(!expected.is_empty());
    assert_eq!(state(&pane).search.found.as_ref().unwrap().matches.count(), expected.len() as u64);
}

#[test]
fn a_condition_with_a_mistake_says_where_and_is_not_searched_for() {
    let mut pane = sample();
    pane.send(Command::Find);
    pane.harness.event(Event::Text("value.amount >".to_owned()));
    pane.harness.step();
    pane.harness.key_press(egui::Key::Enter);
    pane.settle();
    assert!(state(&pane).search.text.is_empty());
    assert!(pane.says("^"), "carets stand under the place");
}

#[test]
fn a_field_of_the_value_becomes_a_typed_column() {
    let mut pane = sample();
    pane.send(Command::OnlyTopic("payments".into()));
    pane.send(Command::AddColumn(fabula::state::Column::Field("offset + 9007199254740993".to_owned())));
    pane.send(Command::FirstEvent);
    let first = state(&pane).selection.clone().unwrap().coordinates;
    let exact = 9_007_199_254_740_993 + first.offset;
    assert!(pane.says(&exact.to_string()), "{exact} stands in the first row");
}

#[test]
fn turning_the_story_around_shows_the_newest_first() {
    let mut pane = sample();
    pane.send(Command::LastEvent);
    let last = state(&pane).selection.clone().unwrap();
    let newest = every(&snapshot(&pane), |event| event.time_ns()).into_iter().max();
    assert_eq!(last.time_ns, newest);
    pane.send(Command::ToggleOrder);
    assert_eq!(state(&pane).order, Order::NewestFirst);
    pane.send(Command::PreviousEvent);
    let before = state(&pane).selection.clone().unwrap();
    assert!(before.time_ns <= last.time_ns && before.coordinates != last.coordinates);
}

#[test]
fn stepping_goes_through_the_story_event_by_event() {
    let mut pane = sample();
    pane.send(Command::FirstEvent);
    let mut times = Vec::new();
    for _ in 0..30 {
        times.push(state(&pane).selection.clone().unwrap());
        pane.send(Command::NextEvent);
    }
    let mut all = every(&snapshot(&pane), |event| Some((event.time_ns(), event.coordinates())));
    all.sort();
    let told: Vec<_> = times.into_iter().map(|chosen| (chosen.time_ns, chosen.coordinates)).collect();
    assert_eq!(told, all[..30]);
}

#[test]
fn following_ends_when_a_person_scrolls_away() {
    let mut pane = sample();
    pane.send(Command::ToggleFollow);
    assert!(state(&pane).follow);
    let story = pane.harness.get_by_label_contains("Story, ").rect();
    wheel(&mut pane, story.center(), 400.0);
    assert!(!state(&pane).follow);
}

#[test]
fn a_value_of_twenty_megabytes_opens_and_can_be_looked_at_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("large");
    let mut value = String::from("{\"items\": [");
    for nth in 0..400_000 {
        value.push_str(&format!("{}{{\"nth\": {nth}, \"sku\": \"KB-{nth:012}\"}}", if nth > 0 { ", " } else { "" }));
    }
    value.push_str("]}");
    assert!(value.len() > 16_000_000);
    let store = Store::create(&recording, Origin::Import { files: vec!["large.json".into()] }).unwrap();
    let mut batch = EventBatchBuilder::new("large", 0);
    batch.push(0, 1_773_479_647_482, TimestampType::Create, Some(b"k"), Some(value.as_bytes()), []);
    store.append(&batch.finish(), 0, 1).unwrap();
    let partition = TopicPartition::new("large", 0);
    store.set_watermarks(&partition, Watermarks { low: 0, high: 1 }, 1_773_479_647_482).unwrap();
    store.flush().unwrap();
    drop(store);

    let mut pane = Pane::open(Start::Path(recording)).unwrap();
    pane.until("the recording is open", |harness| harness.state().state().log.snapshot.is_some());
    pane.send(Command::ShowAllTopics);
    pane.send(Command::FirstEvent);
    pane.until("the value is decoded", |harness| harness.query_all_by_label_contains("400,000 items").next().is_some());
    for form in ["Text", "Hex", "Tree"] {
        pane.harness.get_by_label(form).click();
        pane.settle();
    }
    let nodes = pane.harness.query_all_by_label_contains("").count();
    assert!(nodes < 1_000, "only what is in sight is laid out: {nodes} nodes");
}

#[test]
fn an_event_that_is_not_there_is_named_once_and_not_asked_for_again() {
    let mut pane = sample();
    let coordinates = Coordinates { topic: "orders".into(), partition: 0, offset: 1 << 40 };
    pane.send(Command::Select(Some(fabula::state::Selection { coordinates, time_ns: None })));
    assert!(pane.says("is not in the store"));
    for _ in 0..20 {
        pane.harness.step();
        assert!(pane.says("is not in the store"), "the message stays");
        assert!(!pane.harness.state().jobs().is_busy(), "nothing is loaded in vain");
    }
}
