//! Exporting a view, comparing it with a copy, and asking it in SQL, in the whole window without a screen.

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::state::State;
use fabula::window::Start;
use fabula_core::event::time::{format_iso_ms, ms_to_ns, ns_to_ms};
use fabula_tests::pane::Pane;
use fabula_tests::postgres::{PASSWORD, Postgres, USER};
use fabula_tests::program;
use polars::prelude::{DataType, IpcReader, SerReader as _};
use serde_json::Value;

const EVENTS: u64 = 20_000;

const PIPELINE: &str = "version = 1\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n[nodes.hours]\nkind = \"aggregate\"\n\
    input = \"payments\"\nby = [\"value.currency AS currency\"]\nwindow = { kind = \"tumbling\", size = \"1h\" }\n\
    select = { n = \"count(*)\", revenue = \"sum(value.amount)\" }\n[nodes.per_hour]\nkind = \"view\"\ninput = \"hours\"\n";

/// The window with the pipeline run over the sample, and its file.
fn opened(folder: &std::path::Path) -> (Pane, String) {
    opened_over(EVENTS, folder)
}

fn opened_over(events: u64, folder: &std::path::Path) -> (Pane, String) {
    let mut pane = Pane::open(Start::Sample { events, seed: 7 }).unwrap();
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= events)
    });
    pane.send(Command::ShowAllTopics);
    pane.send(Command::SetPipeline(Some(PIPELINE.to_owned())));
    pane.until("the pipeline has run", |harness| {
        let state: &State = harness.state().state();
        state.outcome.as_ref().is_some_and(|outcome| outcome.whole && outcome.version == state.design.version)
    });
    pane.send(Command::ShowPane(PaneKind::View));
    let file = folder.join("pipeline.toml");
    std::fs::write(&file, PIPELINE).unwrap();
    (pane, file.display().to_string())
}

fn click(pane: &mut Pane, name: &str) {
    pane.harness.get_by_label(name).click();
    pane.settle();
}

/// Writes into a field, in place of what stands there.
fn write(pane: &mut Pane, field: &str, text: &str) {
    // The name stands beside its field, too.
    let is_field = |role| matches!(role, Role::TextInput | Role::MultilineTextInput | Role::PasswordInput);
    let mut fields = pane.harness.query_all_by_label(field).filter(|node| is_field(node.accesskit_node().role()));
    fields.next().unwrap_or_else(|| panic!("no field {field}")).click();
    drop(fields);
    pane.harness.step();
    let all =
        Event::Key { key: Key::A, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::COMMAND };
    pane.harness.event(all);
    pane.harness.step();
    pane.harness.event(Event::Text(text.to_owned()));
    pane.harness.step();
}

fn run(file: &str, more: &[&str]) -> Vec<Value> {
    let log = format!("--sample={EVENTS}");
    program::run([&["run", file, &log, "--seed", "7", "-J"][..], more].concat()).ok().json_lines()
}

fn drift(file: &str, copy: &str) -> Value {
    drift_at(file, copy, &[])
}

fn drift_at(file: &str, copy: &str, more: &[&str]) -> Value {
    let log = format!("--sample={EVENTS}");
    let ran = program::run([&["drift", file, &log, "--seed", "7", "--copy", copy, "-J"][..], more].concat()).ok();
    ran.json_lines().remove(0)
}

/// Whether a comparison found the same rows on both sides, and how many.
fn same(drift: &Value) -> Option<u64> {
    let sides = [&drift["equal"], &drift["view_rows"], &drift["copy_rows"]].map(Value::as_u64);
    sides[0].filter(|_| sides.iter().all(|count| *count == sides[0]))
}

/// A moment somewhere in the log, in milliseconds.
fn moment(pane: &Pane, share: f64) -> i64 {
    let snapshot = pane.state().log.snapshot.clone().unwrap();
    let (first, last) = snapshot.topic("payments").unwrap().time_span_ns().unwrap();
    ns_to_ms(first + ((last - first) as f64 * share) as i64)
}

/// Opens the past of the view, and looks at a moment.
fn look_at(pane: &mut Pane, at: i64) {
    if !pane.says("Moment, ") {
        pane.send(Command::ShowPast);
        pane.until("the past is derived", |harness| {
            harness.query_all_by_label_contains("Moment, now").next().is_some()
        });
    }
    write(pane, "Moment to look at", &format_iso_ms(at));
    pane.harness.key_press(Key::Enter);
    pane.settle();
    pane.until("the moment is looked at", |harness| harness.state().state().moment_ms == Some(at));
    pane.settle();
}

#[test]
fn a_view_is_exported_in_every_form_and_is_the_whole_view() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, file) = opened(folder.path());
    let rows = run(&file, &[]).len() as u64;
    pane.send(Command::ExportView);
    let arrow = folder.path().join("a.arrow").display().to_string();
    click(&mut pane, "Arrow");
    write(&mut pane, "File", &arrow);
    click(&mut pane, "Export the view");
    assert!(pane.says(&format!("per_hour: {rows} rows in ")), "{:?}", pane.all_that_say("row"));
    let frame = IpcReader::new(std::fs::File::open(&arrow).unwrap()).finish().unwrap();
    assert_eq!(frame.height() as u64, rows);
    let revenue: f64 = run(&file, &[]).iter().filter_map(|row| row["revenue"].as_f64()).sum();
    let sum =
        frame.column("revenue").unwrap().cast(&DataType::Float64).unwrap().f64().unwrap().iter().flatten().sum::<f64>();
    assert!((sum - revenue).abs() < 1e-6, "{sum} is not {revenue}");
    for (form, name) in [("CSV", "a.csv"), ("JSON lines", "a.jsonl"), ("Parquet", "a.parquet"), ("SQLite", "a.sqlite")]
    {
        click(&mut pane, form);
        let path = folder.path().join(name).display().to_string();
        write(&mut pane, "File", &path);
        click(&mut pane, "Export the view");
        assert!(pane.says(&format!("{rows} rows in ")), "{form}: {:?}", pane.all_that_say("row"));
        let drift = drift(&file, &path);
        assert_eq!([drift["equal"].as_u64(), drift["copy_rows"].as_u64()], [Some(rows); 2], "{form}: {drift}");
    }
    // By key, into the table that is there; then into one with other columns.
    click(&mut pane, "Upsert by key");
    click(&mut pane, "Export the view");
    assert!(pane.says(&format!("; 0 new, {rows} replaced")), "{:?}", pane.all_that_say("row"));
    click(&mut pane, "Replace the table");
    let nowhere = folder.path().join("no/such/folder/a.sqlite").display().to_string();
    write(&mut pane, "File", &nowhere);
    click(&mut pane, "Export the view");
    assert!(pane.says("can't be written"), "an error stands where it happened");
    let path = folder.path().join("b.csv").display().to_string();
    click(&mut pane, "CSV");
    write(&mut pane, "File", &path);
    click(&mut pane, "Export the view");
    assert!(!pane.says("can't be written"), "and goes away when it is mended");
}

#[test]
fn what_is_exported_and_asked_is_as_of_the_moment_that_is_shown_unless_now_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, file) = opened(folder.path());
    let at = moment(&pane, 0.4);
    let (then, now) = (run(&file, &[&format!("--at={at}")]).len(), run(&file, &[]).len());
    assert!(0 < then && then < now);
    look_at(&mut pane, at);
    pane.send(Command::ExportView);
    let iso = format_iso_ms(at);
    for (form, name) in [("CSV", "a.csv"), ("Parquet", "a.parquet"), ("SQLite", "a.sqlite")] {
        click(&mut pane, form);
        let path = folder.path().join(name).display().to_string();
        write(&mut pane, "File", &path);
        click(&mut pane, "Export the view");
        assert!(pane.says(&format!("events up to {iso}")), "{form}: {:?}", pane.all_that_say("row"));
        let found = drift_at(&file, &path, &[&format!("--at={at}")]);
        assert_eq!(same(&found), Some(then as u64), "{form}: {found}");
        assert_ne!(drift(&file, &path)["missing"], 0, "and not of now");
    }
    click(&mut pane, "now");
    click(&mut pane, "Export the view");
    assert!(pane.says("events that have been read"), "{:?}", pane.all_that_say("row"));
    let path = folder.path().join("a.sqlite").display().to_string();
    assert_eq!(same(&drift(&file, &path)), Some(now as u64));
    // Another moment is meant again.
    let later = moment(&pane, 0.7);
    look_at(&mut pane, later);
    click(&mut pane, "Export the view");
    assert!(same(&drift_at(&file, &path, &[&format!("--at={later}")])).is_some());
    // SQL is of the same moment, or of now.
    pane.send(Command::ShowPane(PaneKind::Sql));
    write(&mut pane, "Question in SQL", "SELECT count(*) AS n, sum(n) AS payments FROM per_hour");
    let answer = |more: &[&str]| {
        let row =
            &run(&file, &[&["--sql", "SELECT count(*) AS n, sum(n) AS payments FROM per_hour"], more].concat())[0];
        format!("{} | {}", row["n"], row["payments"])
    };
    click(&mut pane, "Ask");
    assert_eq!(pane.all_that_say(" | "), [answer(&[&format!("--at={later}")])]);
    assert!(pane.says(&format!("events up to {}", format_iso_ms(later))), "{:?}", pane.all_that_say("over"));
    click(&mut pane, "now");
    click(&mut pane, "Ask");
    assert_eq!(pane.all_that_say(" | "), [answer(&[])]);
}

#[test]
fn where_history_is_cut_exports_sql_and_drift_end_there() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, file) = opened(folder.path());
    let cut = moment(&pane, 0.5);
    let at = format!("--at={cut}");
    let rows = run(&file, &[&at]).len() as u64;
    pane.send(Command::CutHistory(Some(ms_to_ns(cut))));
    pane.run();
    pane.send(Command::ExportView);
    click(&mut pane, "CSV");
    let path = folder.path().join("cut.csv").display().to_string();
    write(&mut pane, "File", &path);
    click(&mut pane, "Export the view");
    assert!(pane.says(&format!("events up to {}", format_iso_ms(cut))), "{:?}", pane.all_that_say("row"));
    assert_eq!(same(&drift_at(&file, &path, &[&at])), Some(rows));
    pane.send(Command::ShowPane(PaneKind::Sql));
    write(&mut pane, "Question in SQL", "SELECT count(*), 'rows' FROM per_hour");
    click(&mut pane, "Ask");
    assert_eq!(pane.all_that_say(" | "), [format!("{rows} | rows")]);
    pane.send(Command::ShowPane(PaneKind::Drift));
    write(&mut pane, "Copy", &path);
    click(&mut pane, "Compare");
    assert!(pane.says("No drift."), "{:?}", pane.all_that_say("row"));
    pane.send(Command::CutHistory(None));
    pane.run();
    click(&mut pane, "Compare");
    assert!(!pane.says("No drift."), "the copy is behind what has been read");
}

#[test]
fn an_export_says_which_windows_have_no_final_result_yet() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, file) = opened(folder.path());
    let text = PIPELINE.replace("select = {", "emit = \"final\"\nselect = {");
    std::fs::write(&file, &text).unwrap();
    let log = format!("--sample={EVENTS}");
    let told = program::run(["run", &file, &log, "--seed", "7", "-J"]).ok().stderr;
    let open =
        told.lines().find_map(|line| line.split_once("fabula: ")?.1.strip_suffix(" still open: no final result yet"));
    let open = open.unwrap_or_else(|| panic!("{told}")).to_owned();
    change(&mut pane, text);
    pane.send(Command::ExportView);
    click(&mut pane, "CSV");
    write(&mut pane, "File", &folder.path().join("final.csv").display().to_string());
    click(&mut pane, "Export the view");
    assert!(pane.says(&format!("; {open} still open: no final result yet")), "{:?}", pane.all_that_say("row"));
}

/// Puts another pipeline on the canvas, and waits until it has run.
fn change(pane: &mut Pane, text: String) {
    pane.send(Command::SetPipeline(Some(text)));
    pane.until("the pipeline has run", |harness| {
        let state: &State = harness.state().state();
        state.outcome.as_ref().is_some_and(|outcome| outcome.whole && outcome.version == state.design.version)
    });
    pane.settle();
}

#[test]
fn what_was_found_of_another_pipeline_says_so_and_is_explained_by_that_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, file) = opened(folder.path());
    let mut rows = run(&file, &[]);
    rows[2]["revenue"] = Value::from(1);
    let copy = folder.path().join("copy.jsonl");
    std::fs::write(&copy, rows.iter().map(|row| row.to_string() + "\n").collect::<String>()).unwrap();
    pane.send(Command::ExportView);
    click(&mut pane, "CSV");
    write(&mut pane, "File", &folder.path().join("old.csv").display().to_string());
    click(&mut pane, "Export the view");
    pane.send(Command::ShowPane(PaneKind::Sql));
    write(&mut pane, "Question in SQL", "SELECT count(*) FROM per_hour");
    click(&mut pane, "Ask");
    pane.send(Command::ShowPane(PaneKind::Drift));
    write(&mut pane, "Copy", &copy.display().to_string());
    click(&mut pane, "Compare");
    assert!(!pane.says("has changed since"), "nothing has changed yet");
    // The view gets another name, and counts only some of the payments.
    let text = PIPELINE.replace("per_hour", "hourly").replace("input = \"payments\"", "input = \"some\"");
    change(
        &mut pane,
        text + "[nodes.some]\nkind = \"filter\"\ninput = \"payments\"\nwhere = \"value.amount > 1000000\"\n",
    );
    assert!(pane.says("The comparison: the pipeline has changed since"), "{:?}", pane.all_that_say("since"));
    let row = pane.all_that_say("different | ").remove(0);
    click(&mut pane, &row);
    click(&mut pane, "Which events made it?");
    let made = format!("made by {} event", rows[2]["n"]);
    assert!(pane.says(&made), "{made}: {:?}", pane.all_that_say("event"));
    pane.send(Command::ShowPane(PaneKind::Sql));
    pane.settle();
    assert!(pane.says("The answer: the pipeline has changed since"), "{:?}", pane.all_that_say("since"));
    pane.send(Command::ShowPane(PaneKind::View));
    pane.settle();
    assert!(pane.says("What was exported: the pipeline has changed since"), "{:?}", pane.all_that_say("since"));
    // Asked again it is fresh.
    change(&mut pane, PIPELINE.to_owned());
    pane.send(Command::ShowPane(PaneKind::Sql));
    click(&mut pane, "Ask");
    assert!(!pane.says("The answer: "), "{:?}", pane.all_that_say("since"));
    let cut = moment(&pane, 0.5);
    pane.send(Command::CutHistory(Some(ms_to_ns(cut))));
    pane.settle();
    assert!(pane.says("The answer: history is cut elsewhere since"), "{:?}", pane.all_that_say("since"));
}

#[test]
fn an_export_that_is_cancelled_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, _) = opened_over(200_000, folder.path());
    let path = folder.path().join("old.csv");
    pane.send(Command::ExportView);
    click(&mut pane, "CSV");
    write(&mut pane, "File", &path.display().to_string());
    // One that is done before it can be cancelled was too fast, and is tried again.
    loop {
        std::fs::write(&path, "old").unwrap();
        pane.harness.get_by_label("Export the view").click();
        pane.until("it is under way, or done", |harness| {
            let says = |words| harness.query_all_by_label_contains(words).next().is_some();
            harness.query_by_label("Cancel").is_some() || says("rows in ")
        });
        if let Some(cancel) = pane.harness.query_by_label("Cancel") {
            cancel.click();
        }
        pane.settle();
        if pane.says("cancelled; what was there before is there still") {
            break;
        }
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the pipeline and the file, and nothing half");
}

#[test]
fn a_copy_is_one_of_several_tables_as_of_a_moment_and_matched_by_other_columns() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, file) = opened(folder.path());
    let at = moment(&pane, 0.6);
    let path = folder.path().join("copies.sqlite").display().to_string();
    let log = format!("--sample={EVENTS}");
    for (table, more) in [("all_of_it", vec![]), ("then", vec![format!("--at={at}")])] {
        let first = ["run", &file, &log, "--seed", "7", "--to", &path, "--table", table];
        program::run(first.into_iter().map(str::to_owned).chain(more)).ok();
    }
    pane.send(Command::ShowPane(PaneKind::Drift));
    write(&mut pane, "Copy", &path);
    click(&mut pane, "Compare");
    assert!(pane.says("which table"), "{:?}", pane.all_that_say("table"));
    write(&mut pane, "Table of the copy", "then");
    click(&mut pane, "Compare");
    assert!(!pane.says("No drift."));
    write(&mut pane, "As of", &format_iso_ms(at));
    click(&mut pane, "Compare");
    assert!(pane.says("No drift."), "{:?}", pane.all_that_say("row"));
    assert!(pane.says(&format!("events up to {}", format_iso_ms(at))));
    write(&mut pane, "Matched by", "window_start, currency");
    click(&mut pane, "Compare");
    assert!(pane.says("matched by window_start, currency") && pane.says("No drift."), "{:?}", pane.all_that_say("row"));
    write(&mut pane, "Matched by", "colour");
    click(&mut pane, "Compare");
    assert!(pane.says("no column colour"), "{:?}", pane.all_that_say("column"));
}

#[test]
fn a_view_is_exported_to_postgresql_with_a_password_that_is_asked_for() {
    let Some(server) = Postgres::shared("a_view_is_exported_to_postgresql") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, file) = opened(folder.path());
    server.ask("DROP SCHEMA IF EXISTS \"window\" CASCADE; CREATE SCHEMA \"window\"");
    pane.send(Command::ExportView);
    click(&mut pane, "PostgreSQL");
    write(&mut pane, "Address", &server.address(USER));
    write(&mut pane, "Table", "window.hours");
    click(&mut pane, "Export the view");
    assert!(pane.says("asks for a password"));
    write(&mut pane, "Password", "no secret");
    click(&mut pane, "Export the view");
    assert!(pane.says("refuses the password"));
    write(&mut pane, "Password", PASSWORD);
    click(&mut pane, "Export the view");
    let rows = run(&file, &[]).len();
    assert!(pane.says(&format!("{rows} rows in window.hours")), "{:?}", pane.all_that_say("window.hours"));
    assert_eq!(server.ask("SELECT count(*) FROM \"window\".hours"), rows.to_string());
    assert!(!pane.says(PASSWORD), "the password is not shown");
}

#[test]
fn a_copy_that_has_drifted_is_told_row_by_row_with_the_events_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, file) = opened(folder.path());
    let mut rows = run(&file, &[]);
    let copy = folder.path().join("copy.jsonl");
    let write_copy = |rows: &[Value]| {
        let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
        std::fs::write(&copy, lines.join("\n")).unwrap();
        copy.display().to_string()
    };
    let path = write_copy(&rows);
    pane.send(Command::ShowPane(PaneKind::Drift));
    write(&mut pane, "Copy", &path);
    click(&mut pane, "Compare");
    assert!(pane.says("No drift."), "{:?}", pane.all_that_say("row"));
    rows[2]["revenue"] = Value::from(1);
    rows.remove(4);
    write_copy(&rows);
    click(&mut pane, "Compare");
    let told = format!("{} equal · 1 missing · 0 extra · 1 different", rows.len() - 1);
    assert!(pane.says(&told), "{:?}", pane.all_that_say("equal"));
    let row = pane.all_that_say("different | ");
    assert_eq!(row.len(), 1, "{row:?}");
    assert!(row[0].contains("| revenue |") && row[0].ends_with("| 1"), "{row:?}");
    click(&mut pane, &row[0]);
    click(&mut pane, "Which events made it?");
    assert!(pane.says("made by "), "{:?}", pane.all_that_say("event"));
    let event = pane.all_that_say("payments ").into_iter().find(|label| label.contains(':')).expect("an event");
    click(&mut pane, &event);
    pane.until("the event is chosen", |harness| harness.state().state().selection.is_some());
    let chosen = pane.harness.state().state().selection.clone().expect("the event is chosen");
    assert_eq!(chosen.coordinates.to_string(), event);
    pane.send(Command::ShowPane(PaneKind::Drift));
    write(&mut pane, "Copy", "/no/such/copy.csv");
    click(&mut pane, "Compare");
    assert!(pane.says("/no/such/copy.csv is not there"));
}

#[test]
fn views_are_asked_in_sql() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pane, file) = opened(folder.path());
    pane.send(Command::ShowPane(PaneKind::Sql));
    let question =
        "SELECT currency, sum(n) AS n, sum(revenue) AS revenue FROM per_hour GROUP BY currency ORDER BY currency";
    write(&mut pane, "Question in SQL", question);
    click(&mut pane, "Ask");
    for row in run(&file, &["--sql", question]) {
        let line = format!("{} | {} | {}", row["currency"].as_str().unwrap(), row["n"], row["revenue"]);
        assert_eq!(pane.all_that_say(&line).len(), 1, "{line}: {:?}", pane.all_that_say(" | "));
    }
    // A long value is cut where it is shown.
    write(&mut pane, "Question in SQL", "SELECT 'long' || hex(zeroblob(50000)) FROM per_hour LIMIT 1");
    click(&mut pane, "Ask");
    let told = pane.all_that_say("long00");
    assert!(!told.is_empty() && told.iter().all(|text| text.len() < 1_100 && text.ends_with('…')), "{told:?}");
    write(&mut pane, "Question in SQL", "DELETE FROM per_hour");
    click(&mut pane, "Ask");
    assert!(pane.says("views can be read and not changed"));
    write(&mut pane, "Question in SQL", "SELECT count(*) FROM per_hour");
    pane.harness.event(Event::Key {
        key: Key::Enter,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::COMMAND,
    });
    pane.settle();
    let rows = run(&file, &[]).len();
    assert!(!pane.says("views can be read and not changed"));
    assert!(pane.all_that_say(&rows.to_string()).contains(&rows.to_string()));
}
