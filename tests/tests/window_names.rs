//! Everything that can be pressed, or have the keyboard, has a name for those who cannot see it: in every state that the
//! window comes into.

use std::collections::BTreeSet;

use egui::accesskit::{Action, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::panes::canvas::SAMPLES;
use fabula::window::Start;
use fabula_tests::pane::Pane;

/// A pipeline with a node of every kind, notes, rows that are late and a node that waits for a wire.
const EVERY_KIND: &str = r#"version = 1
name = "every kind"

[nodes.orders]
kind = "stream"
topic = "orders"

[nodes.payments]
kind = "stream"
topic = "payments"

[nodes.customers]
kind = "table"
topic = "customers"

[nodes.some]
kind = "filter"
input = "orders"
where = "value.type = 'OrderPlaced'"

[nodes.short]
kind = "project"
input = "some"
select = { region = "value.region", at = "timestamp" }

[nodes.keyed]
kind = "rekey"
input = "some"
by = ["value.region"]

[nodes.lines]
kind = "flatten"
input = "some"
field = "value.items"
as = "item"

[nodes.both]
kind = "merge"
inputs = ["orders", "payments"]

[nodes.joined]
kind = "join"
how = "left"
left = "some"
right = "payments"
on = ["some.key = payments.key"]
within = { before = "0s", after = "10m" }
grace = "0s"

[nodes.held]
kind = "join"
how = "left"
left = "orders"
right = "customers"
on = ["orders.value.customer_id = customers.key"]

[nodes.hops]
kind = "aggregate"
input = "payments"
by = ["value.currency AS currency"]
window = { kind = "hopping", size = "2s", advance = "1s" }
select = { n = "count(*)" }

[nodes.sessions]
kind = "aggregate"
input = "orders"
by = ["key"]
window = { kind = "session", gap = "1m" }
select = { n = "count(*)" }

[nodes.sliding]
kind = "aggregate"
input = "payments"
by = ["value.currency AS currency"]
window = { kind = "sliding", size = "1s" }
select = { n = "count(*)" }

[nodes.once]
kind = "deduplicate"
input = "payments"
by = ["key"]

[nodes.first]
kind = "top-n"
input = "orders"
by = ["value.region"]
order = ["timestamp DESC"]
n = 3

[nodes.result]
kind = "view"
input = "hops"

[[notes]]
text = "Words"
at = [600, 600]
size = [240, 80]
"#;

/// What the toolkit puts around others, and names by what it holds: bars of what is scrolled, and the ground of a menu.
fn is_the_toolkits(node: &egui_kittest::kittest::AccessKitNode<'_>) -> bool {
    let holds = node.children().next().is_some();
    node.role() == Role::ScrollBar || node.role() == Role::Unknown && holds
}

/// Notes what can be used and has no name; says how many there are to be used.
fn hold(pane: &Pane, place: &str, nameless: &mut BTreeSet<String>) -> usize {
    let mut count = 0;
    for node in pane.harness.query_all_by(|_| true) {
        let own = node.accesskit_node();
        let used = own.data().supports_action(Action::Focus) || own.data().supports_action(Action::Click);
        // The root is the window itself, which has its title.
        if !used || own.is_root() || is_the_toolkits(&own) {
            continue;
        }
        count += 1;
        // A value is what was written or chosen, and no name; a text that can be pressed says itself.
        let value = (own.role() == Role::Label).then(|| own.value()).flatten();
        if own.label().or(value).is_none_or(|name| name.trim().is_empty()) {
            nameless.insert(format!("{place}: {:?} at {:?}", own.role(), node.rect()));
        }
    }
    count
}

/// The sample, read, with every topic shown.
fn opened() -> Pane {
    let mut pane = Pane::open(Start::Sample { events: 20_000, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= 20_000)
    });
    pane.send(Command::ShowAllTopics);
    pane
}

#[test]
fn every_control_of_the_panes_has_a_name() {
    let nameless = &mut BTreeSet::new();
    let mut pane = opened();
    for kind in PaneKind::ALL {
        pane.send(Command::ShowPane(kind));
        hold(&pane, &format!("{kind:?}, empty"), nameless);
    }
    pane.send(Command::SetPipeline(Some(SAMPLES[0].1.to_owned())));
    pane.run();
    pane.send(Command::TieThreads);
    let first = pane.state().tied.as_ref().and_then(|tied| tied.first_of(0)).expect("threads are tied");
    pane.send(Command::OpenThread(first));
    pane.send(Command::ShowTyingFields);
    hold(&pane, "fields that tie", nameless);
    pane.send(Command::ShowTyingFields);
    pane.send(Command::LastEvent);
    pane.send(Command::ShowPane(PaneKind::Sql));
    pane.click("Ask");
    let mut all = 0;
    for kind in PaneKind::ALL {
        pane.send(Command::ShowPane(kind));
        all += hold(&pane, &format!("{kind:?}"), nameless);
    }
    assert!(all > 200, "only {all} controls were looked at");
    for command in
        [Command::ShowFindings(None), Command::ShowThreadValues, Command::ToggleLanes, Command::CompareRanges]
    {
        pane.send(command.clone());
        hold(&pane, &format!("{command:?}"), nameless);
    }
    for command in [
        Command::ShowPalette,
        Command::ShowKeys,
        Command::ShowSettings,
        Command::Connect,
        Command::GoTo,
        Command::AddToCanvas,
    ] {
        pane.send(Command::Back);
        pane.send(command.clone());
        hold(&pane, &format!("{command:?}"), nameless);
    }
    assert!(nameless.is_empty(), "{nameless:#?}");
}

#[test]
fn every_control_of_the_canvas_and_of_every_nodes_form_has_a_name() {
    let nameless = &mut BTreeSet::new();
    let mut pane = opened();
    for (name, text) in SAMPLES.iter().copied().chain([("every kind", EVERY_KIND)]) {
        pane.send(Command::SetPipeline(Some(text.to_owned())));
        pane.run();
        assert_eq!(pane.state().design.problems.first(), None, "{name}");
        pane.send(Command::ShowPane(PaneKind::Canvas));
        let nodes: Vec<String> = pane.state().design.pipeline.nodes.iter().map(|node| node.name.clone()).collect();
        for node in nodes {
            pane.send(Command::ChooseNode(Some(node.clone())));
            hold(&pane, &format!("{name}, {node}"), nameless);
        }
    }
    pane.send(Command::ChooseNode(Some("hops".to_owned())));
    for command in [Command::ShowAside, Command::ConnectNode, Command::AddNote] {
        pane.send(command.clone());
        hold(&pane, &format!("{command:?}"), nameless);
        pane.send(Command::Back);
    }
    for bar in ["Text", "Pipeline", "Add"] {
        pane.click(bar);
        hold(&pane, bar, nameless);
        pane.harness.key_press(egui::Key::Escape);
        pane.settle();
    }
    // A text that is wrong, with what is wrong with it; and a node that waits for a wire.
    pane.send(Command::SetPipeline(Some("version = 1\n[nodes.a]\nkind = \"filter\"\nwhere = \"x = \"\n".to_owned())));
    pane.send(Command::ChooseNode(Some("a".to_owned())));
    hold(&pane, "a node that is not finished", nameless);
    assert!(nameless.is_empty(), "{nameless:#?}");
}

#[test]
fn every_control_beside_a_views_rows_has_a_name() {
    let nameless = &mut BTreeSet::new();
    let mut pane = opened();
    pane.send(Command::SetPipeline(Some(SAMPLES[0].1.to_owned())));
    pane.run();
    pane.send(Command::ShowPane(PaneKind::View));
    pane.send(Command::ShowPast);
    pane.send(Command::FirstEvent);
    pane.send(Command::ShowDetails);
    for side in ["Row", "Column", "Changes", "Check", "Event's way"] {
        pane.click(side);
        hold(&pane, side, nameless);
    }
    for command in
        [Command::DeriveAgain, Command::MarkMoment, Command::MarkMoment, Command::ShowColumn, Command::ToggleChart]
    {
        pane.send(command.clone());
        hold(&pane, &format!("{command:?}"), nameless);
    }
    pane.click("Spread");
    hold(&pane, "Spread", nameless);
    pane.send(Command::ExportView);
    for form in ["CSV", "SQLite", "PostgreSQL"] {
        pane.click(form);
        hold(&pane, &format!("Export as {form}"), nameless);
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.csv");
    std::fs::write(&copy, "currency,window_start,revenue\nEUR,2026-03-14T00:00:00Z,1\n").unwrap();
    pane.send(Command::ShowPane(PaneKind::Drift));
    let field = pane.harness.query_all_by_label("Copy").find(|node| node.accesskit_node().is_text_input());
    field.expect("a field for the copy").click();
    pane.harness.step();
    pane.harness.event(egui::Event::Text(copy.display().to_string()));
    pane.harness.step();
    pane.click("Compare");
    hold(&pane, "Drift, compared", nameless);
    assert!(nameless.is_empty(), "{nameless:#?}");
}
