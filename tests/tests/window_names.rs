//! Everything that can be pressed, written in or drawn along has a name for those who cannot see it.

use std::collections::BTreeSet;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::panes::canvas::SAMPLES;
use fabula::window::Start;
use fabula_tests::pane::Pane;

/// What is there to be used.
const USED: [Role; 12] = [
    Role::Button,
    Role::CheckBox,
    Role::ComboBox,
    Role::Link,
    Role::MenuItem,
    Role::MultilineTextInput,
    Role::PasswordInput,
    Role::RadioButton,
    Role::Slider,
    Role::SpinButton,
    Role::Tab,
    Role::TextInput,
];

/// Notes what is used and has no name; says how many there are to be used.
fn hold(pane: &Pane, place: &str, nameless: &mut BTreeSet<String>) -> usize {
    let used = |role: Role| USED.contains(&role);
    let mut count = 0;
    for node in pane.harness.query_all_by(|node| used(node.role())) {
        count += 1;
        let own = node.accesskit_node();
        // A field's value is what was written in it, and no name.
        let value = (!own.is_text_input()).then(|| own.value()).flatten();
        if own.label().or(value).is_none_or(|name| name.trim().is_empty()) {
            nameless.insert(format!("{place}: {:?} at {:?}", own.role(), node.rect()));
        }
    }
    count
}

#[test]
fn every_control_has_a_name() {
    let nameless = &mut BTreeSet::new();
    let mut pane = Pane::open(Start::Sample { events: 20_000, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= 20_000)
    });
    pane.send(Command::ShowAllTopics);
    for kind in PaneKind::ALL {
        pane.send(Command::ShowPane(kind));
        hold(&pane, &format!("{kind:?}, empty"), nameless);
    }
    let (_, text) = SAMPLES[0];
    pane.send(Command::SetPipeline(Some(text.to_owned())));
    pane.run();
    let nodes: Vec<String> = pane.state().design.pipeline.nodes.iter().map(|node| node.name.clone()).collect();
    for node in nodes {
        pane.send(Command::ChooseNode(Some(node.clone())));
        hold(&pane, &node, nameless);
    }
    pane.send(Command::TieThreads);
    let first = pane.state().tied.as_ref().and_then(|tied| tied.first_of(0)).expect("threads are tied");
    pane.send(Command::OpenThread(first));
    pane.send(Command::ShowTyingFields);
    hold(&pane, "fields that tie", nameless);
    pane.send(Command::ShowTyingFields);
    pane.send(Command::LastEvent);
    let mut all = 0;
    for kind in PaneKind::ALL {
        pane.send(Command::ShowPane(kind));
        all += hold(&pane, &format!("{kind:?}"), nameless);
    }
    assert!(all > 200, "only {all} controls were looked at");
    for command in
        [Command::ShowPast, Command::ShowDetails, Command::ShowColumn, Command::ToggleChart, Command::ExportView]
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
