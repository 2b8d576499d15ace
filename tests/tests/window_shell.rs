//! The window without a screen: what stands around the panes, driven as a person would drive it.

use std::path::PathBuf;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use fabula::chrome::connect::{Login, Profile, Secrets, Security};
use fabula::command::{Command, LISTED};
use fabula::theme::Theme;
use fabula::window::{Options, Start, Window};
use fabula::workspace::{SavedLog, Workspace};
use fabula_core::log::kafka::Settings;
use fabula_tests::pane::Pane;

/// How long a test waits before it is lost. Nothing is measured by it.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(90);

/// A window at the size of a laptop's screen.
fn window(start: Start, workspace: Option<PathBuf>) -> Harness<'static, Window> {
    let options = Options { start, workspace, local_zone: jiff::tz::TimeZone::UTC };
    let window = Window::new(options).expect("a window");
    Harness::builder().with_size([1440.0, 900.0]).build_ui_state(|ui, window| window.ui(ui), window)
}

fn sample() -> Start {
    Start::Sample { events: 2_000, seed: 1 }
}

/// Draws frames until something is so. Jobs run on threads of their own; nothing here waits for a time to pass.
fn until(harness: &mut Harness<'_, Window>, what: &str, so: impl Fn(&Harness<'_, Window>) -> bool) {
    let begun = std::time::Instant::now();
    while begun.elapsed() < PATIENCE {
        harness.step();
        if so(harness) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("this did not come about: {what}");
}

fn send(harness: &mut Harness<'_, Window>, command: Command) {
    harness.state().commands().send(command);
    harness.step();
    harness.step();
}

fn shows(harness: &Harness<'_, Window>, label: &str) -> bool {
    harness.query_all_by_label_contains(label).next().is_some()
}

/// How many things on the screen have a label that begins like this.
fn begin_with(harness: &Harness<'_, Window>, text: &str) -> usize {
    harness.query_all_by(|node| node.label().is_some_and(|label| label.starts_with(text))).count()
}

#[test]
fn the_first_start_shows_the_sample_s_topics() {
    let mut harness = window(sample(), None);
    until(&mut harness, "the sample's topics are listed", |harness| shows(harness, "payments"));
    until(&mut harness, "their events have been read", |harness| {
        harness.state().state().log.coverage.events == 2_000 && !harness.state().jobs().is_busy()
    });
    harness.step();
    let coverage = harness.state().state().log.coverage;
    assert_eq!(coverage.complete, coverage.partitions);
    assert!(shows(&harness, "orders"));
}

#[test]
fn the_palette_opens_by_its_keys_and_runs_a_command() {
    let mut harness = window(Start::Nothing, None);
    harness.step();
    harness.step();
    assert_eq!(harness.state().state().theme, Theme::Dark);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.step();
    harness.step();
    harness.event(egui::Event::Text("dark or light".to_owned()));
    harness.step();
    harness.step();
    assert!(shows(&harness, "Dark or light"));
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    assert_eq!(harness.state().state().theme, Theme::Light);
    assert!(!shows(&harness, "Dark or light"), "the palette closes when it has run a command");
}

#[test]
fn the_sheet_of_keys_lists_every_command() {
    let mut harness = window(Start::Nothing, None);
    harness.step();
    send(&mut harness, Command::ShowKeys);
    for command in LISTED {
        assert!(shows(&harness, command.info().name), "{} is missing", command.info().name);
    }
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!shows(&harness, "Keyboard shortcuts"));
}

#[test]
fn the_look_is_changed_by_one_command_for_the_whole_window() {
    let mut harness = window(Start::Nothing, None);
    harness.step();
    send(&mut harness, Command::ToggleTheme);
    harness.run_steps(2);
    assert!(!harness.ctx.global_style().visuals.dark_mode);
    send(&mut harness, Command::ToggleTheme);
    harness.run_steps(2);
    assert!(harness.ctx.global_style().visuals.dark_mode);
}

#[test]
fn a_connection_that_fails_says_why_in_the_dialog() {
    let mut harness = window(Start::Nothing, None);
    harness.step();
    // A setting that makes no sense is refused before anything goes over a network.
    let profile = Profile {
        name: "shop".to_owned(),
        brokers: "127.0.0.1:1".to_owned(),
        properties: vec![("no.such.property".to_owned(), "1".to_owned())],
        ..Profile::default()
    };
    send(&mut harness, Command::ConnectTo(Box::new((profile, Secrets::default()))));
    until(&mut harness, "the error stands in the dialog", |harness| {
        shows(harness, "Connect to a cluster") && shows(harness, "no.such.property")
    });
}

#[test]
fn a_login_without_its_password_asks_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.fabula");
    let login = Security { tls: false, login: Login::Plain };
    let profile = Profile {
        name: "shop".to_owned(),
        brokers: "127.0.0.1:1".to_owned(),
        security: login,
        keep_secrets: false,
        ..Profile::default()
    };
    let mut harness = window(Start::Nothing, Some(path.clone()));
    harness.step();
    let mut secrets = Secrets::default();
    *secrets.entry("sasl.password") = "hunter2".to_owned();
    send(&mut harness, Command::ConnectTo(Box::new((profile, secrets))));
    send(&mut harness, Command::SaveWorkspace);
    until(&mut harness, "the workspace is saved", |_| path.exists());
    let text = std::fs::read_to_string(&path).expect("the workspace's text");
    assert!(text.contains("127.0.0.1:1") && !text.contains("hunter2"), "no secret in the file: {text}");
    drop(harness);

    let mut harness = window(Start::Last, Some(path));
    until(&mut harness, "the password is asked for", |harness| shows(harness, "shop needs the password"));
}

#[test]
fn a_workspace_is_restored_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.fabula");
    let mut harness = window(sample(), Some(path.clone()));
    until(&mut harness, "the sample is open", |harness| harness.state().state().log.topics.len() > 1);
    send(&mut harness, Command::OnlyTopic("payments".into()));
    send(&mut harness, Command::ToggleTheme);
    send(&mut harness, Command::ToggleZone);
    until(&mut harness, "the workspace is saved by itself", |_| {
        Workspace::read(&path).is_ok_and(|saved| saved.view.theme == Theme::Light && saved.document.shown.len() == 1)
    });
    let saved = Workspace::read(&path).expect("a workspace");
    assert_eq!(saved.log, Some(SavedLog::Sample { events: 2_000, seed: 1 }));
    drop(harness);

    let mut harness = window(Start::Last, Some(path));
    until(&mut harness, "the sample is open again", |harness| harness.state().state().log.topics.len() > 1);
    let state = harness.state().state();
    assert_eq!(state.theme, Theme::Light);
    assert!(state.is_shown("payments") && !state.is_shown("orders"));
}

#[test]
fn a_workspace_that_cannot_be_read_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.fabula");
    std::fs::write(&path, "{\"version\": 99}").expect("writes");
    let mut harness = window(Start::Nothing, Some(path.clone()));
    harness.run_steps(3);
    assert!(shows(&harness, "later Fabula"));
    send(&mut harness, Command::ToggleTheme);
    drop(harness);
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), "{\"version\": 99}");
}

#[test]
fn ten_thousand_topics_have_only_the_rows_in_sight_as_nodes() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = fabula_tests::catalogue::recording(folder.path(), 10_000).expect("a recording");
    let mut harness = window(Start::Path(recording), None);
    until(&mut harness, "the topics are listed", |harness| harness.state().state().log.topics.len() == 10_000);
    harness.run_steps(3);
    let rows = begin_with(&harness, "topic-0");
    assert!((10..120).contains(&rows), "{rows} rows for a pane of some forty");
    assert!(shows(&harness, "topic-00000"));
}

#[test]
fn a_cluster_that_does_not_answer_is_named_where_its_topics_would_be() {
    let mut settings = Settings::new("127.0.0.1:1");
    settings.set_connect_timeout(std::time::Duration::from_millis(500));
    let mut harness = window(Start::Cluster(Box::new(settings)), None);
    until(&mut harness, "the catalogue says why", |harness| {
        shows(harness, "no broker answers at 127.0.0.1:1") && shows(harness, "Try again")
    });
}

#[test]
fn a_path_that_cannot_be_opened_says_why() {
    let mut harness = window(Start::Path("/no/such/recording".into()), None);
    until(&mut harness, "the reason is said", |harness| shows(harness, "no such file"));
}

#[test]
fn a_dropped_file_of_events_becomes_a_recording_and_what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("visits.csv");
    let rows = "id,page,seen_at\n1,home,2026-03-14T09:00:00Z\n2,shop\n3,cart,2026-03-14T09:00:02Z\n";
    std::fs::write(&file, rows).unwrap();
    let mut pane = Pane::open(Start::Nothing).unwrap();
    pane.send(Command::OpenPath(file));
    pane.until("it is asked which field means what", |harness| harness.query_by_label("Time").is_some());
    assert_eq!(pane.harness.get_by_label("Time").value(), Some("seen_at".to_owned()));
    assert_eq!(pane.harness.get_by_label("Key").value(), Some("id".to_owned()));
    pane.harness.get_by_label("Import").click();
    pane.until("the recording is open", |harness| {
        harness.state().state().log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() == 2)
    });
    pane.until("what could not be read is told", |harness| {
        harness.query_by_label_contains("visits.csv, line 3: 2 cells under 3 names").is_some()
    });
    assert!(folder.path().join("visits-recording/recording.json").exists());
    let snapshot = pane.harness.state().state().log.snapshot.clone().unwrap();
    assert!(snapshot.topic("visits").is_some());
}
