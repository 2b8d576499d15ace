//! The process map in the whole window without a screen: what follows what, variants, two ranges, one thread beside the
//! main way.

use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::figures;
use fabula::panes::PaneKind;
use fabula::state::TimeRange;
use fabula::window::Start;
use fabula_core::event::time::parse_iso_ms;
use fabula_core::log::sample::{IncidentKind, SampleLog};
use fabula_tests::pane::Pane;

const EVENTS: u64 = 60_000;
const SEED: u64 = 7;

fn sample() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: EVENTS, seed: SEED }).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= EVENTS)
    });
    pane.send(Command::ShowAllTopics);
    pane.send(Command::TieThreads);
    pane.send(Command::ShowPane(PaneKind::Map));
    pane.settle();
    pane
}

#[test]
fn the_map_is_that_of_the_threads_and_variants_lead_to_one() {
    let mut pane = sample();
    let tied = pane.state().tied.clone().expect("threads are tied");
    let (map, variants) = (tied.threads.map(), tied.threads.variants());
    assert!(pane.says(&format!("Process map, {} steps", map.nodes.len())), "{:?}", pane.all_that_say("Process map"));
    for node in &map.nodes {
        let told = format!("Step {}, {}", node.step, figures::of(node.count, "event"));
        assert!(pane.says(&told), "{told}: {:?}", pane.all_that_say("Step "));
    }
    // The most frequent edge is always drawn, with its figures.
    let edge = &map.edges[0];
    let told = format!("Edge {} to {}, {}", edge.from, edge.to, figures::of(edge.count, "time"));
    assert!(pane.says(&told), "{told}: {:?}", pane.all_that_say("Edge "));
    assert!(pane.says(" left out, taken "), "rare edges are left out, and that is said");
    let first = format!("Variant 1, {}", figures::of(variants[0].count, "thread"));
    let label = pane.all_that_say(&first).remove(0);
    pane.click(&label);
    let tale = pane.state().tale.clone().expect("a thread of the variant is open");
    assert_eq!(tied.threads.steps_of(tale.thread), variants[0].steps);
    assert!(pane.says(" beside the main way"));
}

#[test]
fn a_thread_that_lacks_a_step_is_told_from_the_main_way() {
    let mut pane = sample();
    let truth = SampleLog::new(EVENTS, SEED).truth();
    let lost = truth.incidents.iter().find(|incident| incident.kind == IncidentKind::LostStep).expect("it is planted");
    pane.send(Command::FindThread(lost.events[0].key.clone().expect("an order's number")));
    pane.until("its thread is open", |harness| harness.state().state().tale.is_some());
    pane.send(Command::ShowPane(PaneKind::Map));
    pane.settle();
    for step in ["ShipmentBooked", "ShipmentDispatched", "OrderShipped"] {
        assert!(pane.says(&format!(" missing {step}")), "{step}");
    }
    assert!(pane.says(" = OrderConfirmed"));
}

#[test]
fn what_differs_in_a_marked_range_is_told() {
    let mut pane = sample();
    let truth = SampleLog::new(EVENTS, SEED).truth();
    let slow = truth.incidents.iter().find(|incident| incident.kind == IncidentKind::SlowProvider).expect("planted");
    let ns = |text: &str| parse_iso_ms(text).expect("a time").saturating_mul(1_000_000);
    pane.send(Command::CompareRanges);
    pane.settle();
    assert!(pane.says("mark a range on the timeline"));
    pane.send(Command::MarkRange(Some(TimeRange::new(ns(&slow.from), ns(&slow.to)))));
    pane.settle();
    pane.settle();
    // Payments took longer while the provider was slow, and nothing else did.
    assert!(pane.says("threads in the range, "));
    assert!(pane.says("The second range against the first"));
    assert!(!pane.says("Nothing differs by much"));
    assert!(pane.says("; in the second range "), "edges say both figures");
    assert!(pane.says("Shown are edges 1.5 times slower or faster"), "from where on is said");
    let first = differences(&pane).swap_remove(0);
    assert!(first.contains("→ PaymentCaptured "), "the planted edge comes first: {first}");
    // The other way round, both chosen by hand: what was slower is faster.
    pane.send(Command::CompareFrom);
    pane.send(Command::MarkRange(Some(TimeRange::new(ns(&slow.from) - HOURS, ns(&slow.from)))));
    pane.send(Command::CompareTo);
    pane.settle();
    pane.settle();
    assert!(pane.says("threads in the second, "), "{:?}", pane.all_that_say("in the second"));
    let again = differences(&pane).swap_remove(0);
    assert!(again.contains("→ PaymentCaptured "), "{again}");
    let medians = |line: &str| -> Vec<String> {
        let figures =
            line.split("PaymentCaptured ").nth(1).and_then(|rest| rest.split(" · ").next()).unwrap_or_default();
        figures.split(" → ").map(str::to_owned).collect()
    };
    assert_eq!(medians(&again)[0], medians(&first)[1], "the slow range is the first now");
}

/// Four hours in nanoseconds.
const HOURS: i64 = 4 * 3_600 * 1_000_000_000;

/// The edges that differ, as they are listed.
fn differences(pane: &Pane) -> Vec<String> {
    let lines = pane.all_that_say(" % ").into_iter().chain(pane.all_that_say(" %"));
    let mut lines: Vec<String> = lines.filter(|line| line.contains(" → ") && line.contains(" · ")).collect();
    lines.retain(|line| !line.starts_with("Edge "));
    assert!(!lines.is_empty(), "something differs");
    lines
}

#[test]
fn rare_steps_are_taken_off_the_map_and_that_is_said() {
    let mut pane = sample();
    let map = pane.state().tied.as_ref().expect("threads are tied").threads.map();
    let slider = pane.harness.get_by_label("Share of the events whose steps are drawn");
    slider.focus();
    pane.settle();
    for _ in 0..40 {
        pane.harness.key_press(egui::Key::ArrowLeft);
        pane.harness.step();
    }
    pane.settle();
    assert!(!pane.says(&format!("Process map, {} steps", map.nodes.len())), "some are not drawn");
    assert!(pane.says(" left out with "), "{:?}", pane.all_that_say("left out"));
}
