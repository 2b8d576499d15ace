//! From a symptom to its cause: threads, findings and one thread's sequence in the whole window without a screen.

use egui::Key;
use egui::accesskit::{Role, Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::{Command, Form};
use fabula::panes::PaneKind;
use fabula::state::TimeRange;
use fabula::window::Start;
use fabula_core::log::sample::{DEFAULT_EVENTS, DEFAULT_SEED, Incident, IncidentKind, SampleLog};
use fabula_core::narrative::threads::diagnose::{Certainty, Kind, Outcome};
use fabula_tests::pane::Pane;
use fabula_tests::program;
use fabula_tests::walkthrough::{self, INCIDENT, Step};
use serde_json::Value;

const EVENTS: u64 = 60_000;
const SEED: u64 = 7;

fn sample() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: EVENTS, seed: SEED }).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= EVENTS)
    });
    pane.send(Command::ShowAllTopics);
    pane
}

fn planted(kind: IncidentKind) -> Incident {
    let mut truth = SampleLog::new(EVENTS, SEED).truth();
    let at = truth.incidents.iter().position(|incident| incident.kind == kind).expect("it is planted");
    truth.incidents.swap_remove(at)
}

/// The one thing on the screen whose name begins so.
fn named(pane: &Pane, begin: &str) -> String {
    let mut all: Vec<String> = pane.all_that_say(begin).into_iter().filter(|name| name.starts_with(begin)).collect();
    all.dedup();
    assert_eq!(all.len(), 1, "{begin}: {all:?}");
    all.remove(0)
}

/// The one thing on the screen whose name holds this.
fn named_within(pane: &Pane, part: &str) -> String {
    let mut all = pane.all_that_say(part);
    all.dedup();
    assert_eq!(all.len(), 1, "{part}: {all:?}");
    all.remove(0)
}

/// What the window puts on the clipboard.
fn copied(pane: &mut Pane, form: Form) -> String {
    pane.harness.state().commands().send(Command::CopyThread(form));
    let mut found = None;
    pane.until("something is copied", |harness| {
        for command in &harness.output().platform_output.commands {
            if let egui::OutputCommand::CopyText(text) = command {
                found = Some(text.clone());
            }
        }
        found.is_some()
    });
    found.unwrap_or_default()
}

#[test]
fn why_an_order_was_never_shipped_is_four_clicks_away() {
    let planted = planted(IncidentKind::LostStep);
    let mut pane = sample();
    assert!(pane.state().tied.is_none(), "nothing is tied before it is asked for");
    // The first: look for what is unusual.
    pane.click("Look for what is unusual");
    pane.settle();
    let tied = pane.state().tied.clone().expect("threads are tied");
    let count = tied.kinds.iter().find(|(kind, _)| *kind == Kind::MissingStep).expect("it is among the findings").1;
    // The second: its kind.
    pane.click(&named(&pane, "Diagnosis Missing step"));
    assert!(pane.says(&format!("Findings, {count} shown")), "{:?}", pane.all_that_say("Findings"));
    // The third: the order.
    let order = planted.events[0].key.clone().expect("an order's events have its number for a key");
    // Names are read in the background.
    let of_order = format!("| Missing step | {order} |");
    pane.until("the order is listed", |harness| harness.query_all_by_label_contains(&of_order).next().is_some());
    let row = named_within(&pane, &of_order);
    pane.click(&row);
    pane.until("its thread is open", |harness| harness.state().state().tale.is_some());
    let tale = pane.state().tale.clone().expect("its thread is open");
    assert_eq!((tale.name.as_str(), tale.outcome), (order.as_str(), Outcome::Incomplete));
    for missing in &*tale.missing {
        assert_eq!(missing.absence, Certainty::Absent, "{}: all was read, and the day goes on", missing.step);
        assert!(pane.says(&format!("Missing step {}, never came", missing.step)), "{}", missing.step);
    }
    assert!(!tale.missing.is_empty());
    // The fourth: the last that happened.
    let last = tale.steps.iter().position(|step| planted.events.iter().any(|event| event.at == step.at));
    let last = last.expect("the planted event is a step of the thread");
    pane.click(&named(&pane, &format!("Step {} ", last + 1)));
    pane.until("the event is chosen", |harness| {
        let selection = harness.state().state().selection.as_ref();
        selection.is_some_and(|selection| planted.events.iter().any(|event| event.at == selection.coordinates))
    });
}

#[test]
fn the_threads_of_the_window_are_those_of_the_command_line() {
    let mut pane = sample();
    pane.send(Command::TieThreads);
    let tied = pane.state().tied.clone().expect("threads are tied");
    let log = format!("--sample={EVENTS}");
    let run = |more: &[&str]| -> Value {
        let mut arguments = vec!["threads", log.as_str(), "--seed", "7", "-t", "*", "-J"];
        arguments.extend(more);
        serde_json::from_str(&program::run(arguments).ok().stdout).expect("it is JSON")
    };
    let findings = run(&["--diagnose"]);
    let all = findings.as_array().or_else(|| findings["findings"].as_array()).expect("a list of findings");
    assert_eq!(all.len(), tied.diagnosed.findings.len());
    // A thread is found by any of its ids, and says the same in JSON.
    let order = planted(IncidentKind::DeadLetter).events[0].key.clone().expect("a key");
    pane.send(Command::ShowPane(PaneKind::Threads));
    pane.harness.get_by_role_and_label(Role::TextInput, "Find a thread").focus();
    pane.harness.step();
    pane.harness.get_by_role_and_label(Role::TextInput, "Find a thread").type_text(&order);
    pane.harness.step();
    pane.harness.key_press(Key::Enter);
    pane.settle();
    pane.settle();
    let tale = pane.state().tale.clone().expect("it is found");
    assert_eq!(tale.name, order);
    let told = run(&["--id", &order]);
    let events = told["events"].as_array().expect("a list of events");
    assert_eq!(events.len(), tale.steps.len());
    let written: Value = serde_json::from_str(&copied(&mut pane, Form::Json)).expect("it is JSON");
    assert_eq!(written, told);
    assert!(told["findings"].as_array().unwrap().iter().any(|finding| finding["reason"].is_string()), "{told}");
    assert!(tale.findings.iter().any(|finding| finding.what.contains(": ")), "why it was put aside is told");
    // What is not there is said, and what was open stays.
    pane.send(Command::FindThread("no-such-order".to_owned()));
    pane.settle();
    assert!(pane.says("no thread says “no-such-order”"), "{:?}", pane.all_that_say("no thread"));
    assert_eq!(pane.state().tale.as_ref().map(|tale| tale.name.clone()), Some(order));
    // What ties nothing is looked for in every event.
    let read = ["read", log.as_str(), "--seed", "7", "-t", "fraud-requests", "--limit", "1", "-J"];
    let asked = program::run(read).ok().json_lines()[0].clone();
    let value: Value = serde_json::from_str(asked["value"].as_str().expect("a value")).expect("it is JSON");
    pane.send(Command::FindThread(value["ip"].as_str().expect("an address").to_owned()));
    pane.settle();
    pane.settle();
    let at = format!("fraud-requests/{}/{}", asked["partition"], asked["offset"]).parse().expect("coordinates");
    assert!(pane.state().tale.as_ref().is_some_and(|tale| tale.place_of(&at).is_some()), "{value}");
}

#[test]
fn the_thread_of_an_event_is_drawn_walked_and_written_down() {
    let mut pane = sample();
    let event = planted(IncidentKind::SlowProvider).events[0].at.clone();
    pane.send(Command::GoToEvent(event.clone()));
    pane.until("the event is chosen", |harness| harness.state().state().selection.is_some());
    pane.harness.key_press(Key::Y);
    pane.until("its thread is open", |harness| harness.state().state().tale.is_some());
    pane.settle();
    let tale = pane.state().tale.clone().unwrap();
    let place = tale.place_of(&event).expect("the event is one of its steps");
    for name in &tale.participants {
        assert!(pane.says(&format!("Service {name}")), "{name}");
    }
    let step = named(&pane, &format!("Step {} ", place + 1));
    assert!(step.contains(&*tale.steps[place].step), "{step}");
    // Values along the thread: the order's number is the same all along.
    pane.click("Values");
    let number = tale.values.fields.iter().position(|field| field == "order_id").expect("the order's number");
    let said: Vec<&String> = tale.values.cells[number].iter().flatten().collect();
    assert!(said.len() > 1 && said.iter().all(|text| **text == tale.name), "{said:?}");
    // In every form each step is there.
    let (markdown, mermaid, svg) =
        (copied(&mut pane, Form::Markdown), copied(&mut pane, Form::Mermaid), copied(&mut pane, Form::Svg));
    for step in &tale.steps {
        assert!(markdown.contains(&format!("`{}`", step.at)), "{}", step.at);
    }
    let edges = tale.causes.iter().flatten().count();
    assert_eq!(mermaid.lines().filter(|line| line.contains(">>")).count(), edges);
    assert_eq!(svg.matches("<path ").count() + svg.matches("<circle ").count(), tale.steps.len());
    // Only what events say themselves is drawn solid.
    let exact = tale.causes.iter().flatten().filter(|edge| edge.kind.is_exact()).count();
    assert_eq!(mermaid.matches("->>").count() - mermaid.matches("-->>").count(), exact);
}

#[test]
fn threads_are_sorted_narrowed_and_opened_from_the_keyboard() {
    let mut pane = sample();
    pane.send(Command::TieThreads);
    let tied = pane.state().tied.clone().unwrap();
    let longest = (0..tied.threads.len() as u32).map(|thread| tied.threads.events_of(thread).len()).max().unwrap();
    pane.click("All threads");
    pane.click("Sort by events");
    pane.settle();
    let list = named(&pane, "Threads, ");
    assert!(list.contains(&fabula::figures::count(tied.threads.len() as u64)), "{list}");
    pane.harness.get_by_label(&list).focus();
    pane.settle();
    pane.harness.key_press(Key::ArrowDown);
    pane.settle();
    pane.settle();
    let first = pane.state().tale.clone().expect("the arrows open threads");
    assert_eq!(first.steps.len(), longest);
    pane.harness.key_press(Key::ArrowDown);
    pane.settle();
    pane.settle();
    let second = pane.state().tale.clone().unwrap();
    assert_ne!(first.thread, second.thread);
    assert!(second.steps.len() <= longest);
}

/// Writes into a field.
fn write(pane: &mut Pane, field: &str, text: &str) {
    pane.harness.get_by_role_and_label(Role::TextInput, field).focus();
    pane.harness.step();
    pane.harness.get_by_role_and_label(Role::TextInput, field).type_text(text);
    pane.settle();
    pane.settle();
}

#[test]
fn threads_and_findings_are_filtered_by_a_condition() {
    let mut pane = sample();
    pane.send(Command::TieThreads);
    pane.send(Command::ShowPane(PaneKind::Threads));
    let tied = pane.state().tied.clone().unwrap();
    pane.click("All threads");
    write(&mut pane, "Filter threads", "events > 4 AND steps LIKE '%OrderConfirmed%' AND NOT outcome = 'as its peers'");
    let passes = |thread: &u32| {
        let (threads, events) = (&tied.threads, tied.threads.events_of(*thread));
        events.len() > 4
            && events.iter().any(|&event| threads.step_name(threads.step(event)).contains("OrderConfirmed"))
            && tied.diagnosed.outcome(*thread) != Outcome::Usual
    };
    let passing: Vec<u32> = (0..tied.threads.len() as u32).filter(passes).collect();
    assert!(!passing.is_empty() && passing.len() < tied.threads.len());
    let count = |count: usize| fabula::figures::count(count as u64);
    assert_eq!(named(&pane, "Threads, "), format!("Threads, {} shown", count(passing.len())));
    // Findings are those of the threads that pass.
    pane.click("Findings");
    pane.settle();
    let of = |thread: Option<u32>| thread.is_some_and(|thread| passing.binary_search(&thread).is_ok());
    let findings = tied.diagnosed.findings.iter().filter(|finding| of(finding.thread)).count();
    assert_eq!(named(&pane, "Findings, "), format!("Findings, {} shown", count(findings)));
    // A mistake is told, and leaves what was filtered.
    write(&mut pane, "Filter threads", " AND order_id = 'A'");
    assert!(pane.says("threads have no “order_id”"), "{:?}", pane.all_that_say("threads have"));
    assert_eq!(named(&pane, "Findings, "), format!("Findings, {} shown", count(findings)));
    pane.click("Clear the filter");
    pane.settle();
    assert_eq!(named(&pane, "Findings, "), format!("Findings, {} shown", count(tied.diagnosed.findings.len())));
}

#[test]
fn a_sequence_is_walked_with_the_arrows() {
    let mut pane = sample();
    let planted = planted(IncidentKind::LostStep);
    pane.send(Command::FindThread(planted.events[0].key.clone().unwrap()));
    pane.until("its thread is open", |harness| harness.state().state().tale.is_some());
    pane.settle();
    let tale = pane.state().tale.clone().unwrap();
    let sequence = named(&pane, "Sequence of ");
    pane.harness.get_by_label(&sequence).focus();
    pane.settle();
    for step in &tale.steps {
        pane.harness.key_press(Key::ArrowDown);
        pane.until("the next step is chosen", |harness| {
            let selection = harness.state().state().selection.as_ref();
            selection.is_some_and(|selection| selection.coordinates == step.at)
        });
        pane.settle();
    }
}

#[test]
fn the_walk_of_the_readme_ends_at_the_planted_event() {
    let mut pane = walkthrough::first_start().unwrap();
    for step in INCIDENT {
        walkthrough::walk(&mut pane, step);
    }
    let truth = SampleLog::new(DEFAULT_EVENTS, DEFAULT_SEED).truth();
    let lost = truth.incidents.iter().find(|incident| incident.kind == IncidentKind::LostStep).expect("it is planted");
    let tale = pane.state().tale.clone().expect("a thread is open");
    assert!(
        lost.events.iter().any(|event| tale.place_of(&event.at).is_some()),
        "the thread of {} is struck",
        tale.name
    );
    // What orders of that day did last: they were confirmed, and nobody booked a shipment.
    let confirmed =
        tale.steps.iter().find(|step| &*step.step == "OrderConfirmed").expect("it was confirmed").at.clone();
    pane.until("the last event is chosen", |harness| {
        harness.state().state().selection.as_ref().is_some_and(|selection| selection.coordinates == confirmed)
    });
    let clicks = INCIDENT.iter().filter(|step| !matches!(step, Step::Picture(_))).count();
    assert_eq!(clicks, 4);
}

#[test]
fn a_thread_is_saved_in_every_form() {
    let mut pane = sample();
    let order = planted(IncidentKind::LostStep).events[0].key.clone().expect("an order's number");
    pane.send(Command::FindThread(order.clone()));
    pane.until("its thread is open", |harness| harness.state().state().tale.is_some());
    let folder = tempfile::tempdir().expect("a folder");
    for form in Form::ALL {
        let path = folder.path().join(form.ending());
        pane.send(Command::WriteThread(form, path.clone()));
        pane.until("it is written", |_| path.exists());
        let bytes = std::fs::read(&path).expect("the file");
        match form {
            Form::Png => {
                let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().expect("a picture");
                let mut pixels = vec![0; reader.output_buffer_size().expect("its size")];
                let info = reader.next_frame(&mut pixels).expect("its pixels");
                let steps = pane.state().tale.as_ref().map_or(0, |tale| tale.steps.len() as u32);
                assert!(info.height > steps * 36, "each step has its room: {} of {steps}", info.height);
                let ground = pixels[..3].to_vec();
                let inked = pixels.chunks(3).filter(|pixel| **pixel != ground[..]).count();
                assert!(inked > 2_000, "it is drawn: {inked}");
            }
            _ => assert!(String::from_utf8(bytes).expect("a text").contains(&order), "{}", form.name()),
        }
    }
    let nowhere = folder.path().join("no-such-folder").join("thread.md");
    pane.send(Command::WriteThread(Form::Markdown, nowhere));
    pane.until("it is said", |harness| {
        harness.query_all_by_label_contains("the thread was not saved").next().is_some()
    });
}

#[test]
fn the_list_is_narrowed_by_facets_that_say_how_many_there_are() {
    let mut pane = sample();
    pane.send(Command::TieThreads);
    pane.click("All threads");
    let tied = pane.state().tied.clone().expect("threads are tied");
    let count = |count: usize| fabula::figures::count(count as u64);
    let all = 0..tied.threads.len() as u32;
    // The most frequent end.
    let last = |thread: &u32| tied.threads.events_of(*thread).last().map(|&event| tied.threads.step(event));
    let ends: Vec<u16> = all.clone().filter_map(|thread| last(&thread)).collect();
    let most = ends.iter().max_by_key(|step| ends.iter().filter(|other| other == step).count()).copied().expect("ends");
    let name = tied.threads.step_name(most).clone();
    pick(&mut pane, "Last step: Any end", &format!("Choose ends with {name}"));
    let passing = ends.iter().filter(|step| **step == most).count();
    assert_eq!(named(&pane, "Threads, "), format!("Threads, {} shown", count(passing)));
    // And how they came out.
    pick(&mut pane, "Outcome: Any outcome", "Choose as its peers");
    let usual =
        all.clone().filter(|thread| last(thread) == Some(most) && tied.diagnosed.outcome(*thread) == Outcome::Usual);
    let usual = usual.count();
    assert!(usual < passing);
    assert_eq!(named(&pane, "Threads, "), format!("Threads, {} shown", count(usual)));
    pane.click("Show all");
    assert_eq!(named(&pane, "Threads, "), format!("Threads, {} shown", count(tied.threads.len())));
    // A variant.
    let variants = tied.threads.variants();
    let way: Vec<&str> = variants[0].steps.iter().map(|step| &**tied.threads.step_name(*step)).collect();
    pick(&mut pane, "Variant: Any variant", &format!("Choose {}", way.join(" → ")));
    assert_eq!(named(&pane, "Threads, "), format!("Threads, {} shown", count(variants[0].count as usize)));
}

/// Opens a list and takes one of its choices.
fn pick(pane: &mut Pane, field: &str, choice: &str) {
    pane.until("the choices are counted", |harness| harness.query_all_by_label(field).next().is_some());
    pane.click(field);
    pane.until(choice, |harness| harness.query_all_by_label(choice).next().is_some());
    pane.click(choice);
    pane.settle();
}

#[test]
fn only_what_lies_in_the_marked_range_is_listed() {
    let mut pane = sample();
    pane.send(Command::TieThreads);
    pane.click("All threads");
    let tied = pane.state().tied.clone().expect("threads are tied");
    let extent = pane.state().extent.expect("events have times");
    let middle = extent.start_ns + extent.span_ns() / 2;
    let range = TimeRange::new(middle, middle + extent.span_ns() / 48);
    pane.send(Command::ThreadsInRange);
    assert!(pane.says("mark a range on the timeline"));
    pane.send(Command::MarkRange(Some(range)));
    pane.settle();
    let overlaps = |thread: &u32| {
        let times = || tied.threads.events_of(*thread).iter().filter_map(|&event| tied.threads.time_ms(event));
        let ns = |ms: Option<i64>| ms.map(|ms| ms * 1_000_000);
        ns(times().min()).is_some_and(|from| from < range.end_ns)
            && ns(times().max()).is_some_and(|to| to >= range.start_ns)
    };
    let threads = (0..tied.threads.len() as u32).filter(overlaps).count();
    let count = |count: usize| fabula::figures::count(count as u64);
    assert!(threads > 0 && threads < tied.threads.len());
    assert_eq!(named(&pane, "Threads, "), format!("Threads, {} shown", count(threads)));
    pane.click("Findings");
    pane.settle();
    let within = |ms: Option<i64>| ms.is_some_and(|ms| range.contains(ms * 1_000_000));
    let findings = tied.diagnosed.findings.iter().filter(|finding| within(finding.at_ms)).count();
    assert_eq!(named(&pane, "Findings, "), format!("Findings, {} shown", count(findings)));
}

#[test]
fn findings_are_marked_on_the_timeline_and_listed_from_there() {
    let mut pane = sample();
    pane.send(Command::TieThreads);
    let tied = pane.state().tied.clone().expect("threads are tied");
    pane.send(Command::ShowPane(PaneKind::Timeline));
    let timed = tied.diagnosed.findings.iter().filter(|finding| finding.at_ms.is_some()).count();
    let strip = named(&pane, &fabula::figures::of(timed as u64, "finding"));
    assert!(strip.ends_with("on the timeline, list them"), "{strip}");
    pane.click(&strip);
    assert!(pane.says("Findings, "), "{:?}", pane.all_that_say("Findings"));
}

#[test]
fn what_was_opened_stays_lit_in_its_own_list_also_when_events_are_tied_again() {
    let mut pane = sample();
    pane.send(Command::TieThreads);
    pane.click("All threads");
    pane.settle();
    let lit = |pane: &Pane| -> Vec<String> {
        let rows = pane.harness.query_all_by_label_contains(" | ");
        let lit = rows.filter(|row| row.accesskit_node().toggled() == Some(Toggled::True));
        lit.filter_map(|row| row.accesskit_node().label()).collect()
    };
    assert!(lit(&pane).is_empty(), "nothing was opened");
    let fourth = pane.all_that_say(" | ").swap_remove(3);
    pane.click(&fourth);
    assert_eq!(lit(&pane), std::slice::from_ref(&fourth));
    pane.click("Findings");
    pane.settle();
    assert!(lit(&pane).is_empty(), "no finding was opened");
    pane.click("All threads");
    pane.settle();
    let before = pane.state().tied.as_ref().map(|tied| tied.number);
    pane.send(Command::TieThreads);
    pane.until("events are tied again", |harness| {
        harness.state().state().tied.as_ref().map(|tied| tied.number) != before
    });
    pane.settle();
    pane.settle();
    assert_eq!(lit(&pane), [fourth]);
}
