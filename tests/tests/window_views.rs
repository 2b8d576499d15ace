//! A view's rows, its past and why they are there, in the whole window without a screen.

use std::collections::BTreeMap;

use egui::Key;
use egui::accesskit::Toggled;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::state::State;
use fabula_core::event::time::{format_iso_ms, ns_to_ms};
use fabula_tests::pane::Pane;
use fabula_tests::program;
use fabula_tests::shown::{EVENTS, Shown, text};
use serde_json::Value;

/// Payments by kind: few rows that change all the time.
const TOTALS: &str = "version = 1\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n\
    [nodes.sums]\nkind = \"aggregate\"\ninput = \"payments\"\nby = [\"headers.ce_type AS kind\"]\n\
    select = { revenue = \"sum(value.amount)\", payments = \"count(*)\" }\n[nodes.totals]\nkind = \"view\"\ninput = \"sums\"\n";

/// The same by the hour, with windows that stay open for a while.
const HOURS: &str = "version = 1\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n\
    [nodes.sums]\nkind = \"aggregate\"\ninput = \"payments\"\nby = [\"headers.ce_type AS kind\"]\n\
    window = { kind = \"tumbling\", size = \"1h\" }\ngrace = \"30m\"\n\
    select = { revenue = \"sum(value.amount)\", payments = \"count(*)\" }\n[nodes.hours]\nkind = \"view\"\ninput = \"sums\"\n";

fn state(pane: &Pane) -> &State {
    pane.state()
}

/// A moment somewhere in the log.
fn moment(pane: &Pane, share: f64) -> i64 {
    let (first, last) = state(pane).log.snapshot.as_ref().unwrap().topic("payments").unwrap().time_span_ns().unwrap();
    ns_to_ms(first + ((last - first) as f64 * share) as i64)
}

#[test]
fn as_of_a_moment_the_view_is_what_the_command_line_gives_for_the_log_cut_there() {
    let mut shown = Shown::new(TOTALS);
    shown.says_rows(&shown.rows_at(None));
    shown.click("Past");
    for share in [0.31, 0.72, 0.05] {
        let at = moment(&shown.pane, share);
        shown.go_to(at);
        let rows = shown.rows_at(Some(at));
        assert!(!rows.is_empty());
        shown.says_rows(&rows);
        assert!(shown.pane.says("before the last event"));
    }
    shown.click("Back to now");
    shown.says_rows(&shown.rows_at(None));
    assert!(shown.pane.says("of all that has been read"));
    shown.write("Moment to look at", "yesterday-ish");
    shown.press(Key::Enter);
    assert!(shown.pane.says("yesterday-ish"), "what is no moment is said");
}

#[test]
fn two_moments_are_held_against_each_other_and_a_rows_history_is_listed() {
    let mut shown = Shown::new(TOTALS);
    shown.click("Past");
    let moments = [0.2, 0.6].map(|share| moment(&shown.pane, share));
    for (at, name) in moments.into_iter().zip(["Mark A", "Mark B"]) {
        shown.go_to(at);
        shown.click(name);
    }
    let by_kind = |at: i64| -> BTreeMap<String, String> {
        shown.rows_at(Some(at)).iter().map(|row| (text(&row["kind"]), row.to_string())).collect()
    };
    let (before, after) = (by_kind(moments[0]), by_kind(moments[1]));
    let added = after.keys().filter(|key| !before.contains_key(*key)).count();
    let changed = after.iter().filter(|(key, row)| before.get(*key).is_some_and(|was| was != *row)).count();
    assert!(changed > 0);
    let words = format!("{added} added · 0 gone · {changed} changed");
    assert!(shown.pane.says(&words), "{words}: {:?}", shown.pane.all_that_say("added"));
    shown.click("Back to now");
    // A row's history has a version for each payment of its kind.
    let rows = shown.rows_at(None);
    let row = &rows[0];
    let line = shown.line_of(row).expect("the row is in sight");
    shown.click(&line);
    let versions: u64 = row["payments"].as_u64().unwrap();
    let words = format!("{} versions", fabula::figures::count(versions));
    assert!(shown.pane.says(&words), "{words}: {:?}", shown.pane.all_that_say("version"));
    let last = format!("payments {}", fabula::figures::count(versions));
    let listed = shown.pane.all_that_say("At ");
    assert!(listed.iter().any(|line| line.ends_with(&last)), "{last}: {listed:?}");
}

#[test]
fn rows_are_filtered_by_an_expression_and_a_mistake_is_shown_at_its_place() {
    let mut shown = Shown::new(HOURS);
    let rows = shown.rows_at(None);
    let passing = rows.iter().filter(|row| row["payments"].as_u64().unwrap() >= 12).count();
    assert!(passing > 0 && passing < rows.len());
    shown.write("Filter rows", "paymens >= 12");
    assert!(shown.pane.says("unknown column “paymens”"), "{:?}", shown.pane.all_that_say("column"));
    assert!(shown.pane.says("did you mean payments?"));
    shown.click("Clear the filter");
    shown.write("Filter rows", "payments >= 12");
    assert!(shown.pane.says(&format!("{passing} pass")), "{:?}", shown.pane.all_that_say("pass"));
    // A column's figures are of the rows that pass.
    shown.click("Details");
    shown.click("Column");
    shown.click("Column to look at");
    shown.click("payments");
    let counts: Vec<u64> =
        rows.iter().map(|row| row["payments"].as_u64().unwrap()).filter(|count| *count >= 12).collect();
    let facts = [
        format!("rows {}", counts.len()),
        format!("min {}", counts.iter().min().unwrap()),
        format!("max {}", counts.iter().max().unwrap()),
        format!("sum {}", fabula::figures::count(counts.iter().sum::<u64>())),
        "null 0".to_owned(),
    ];
    for fact in facts {
        assert!(shown.pane.says(&fact), "{fact}");
    }
}

#[test]
fn open_and_final_windows_are_told_apart_as_of_any_moment() {
    let mut shown = Shown::new(HOURS);
    shown.click("Past");
    let at = moment(&shown.pane, 0.5);
    shown.go_to(at);
    let rows = shown.rows_at(Some(at));
    let end = |row: &Value| text(&row["window_end"]).parse::<fabula_core::event::time::Moment>().unwrap();
    // The time of the aggregate is the time of the last payment.
    let last =
        program::run(["read", &format!("--sample={EVENTS}"), "--seed", "7", "-t", "payments", "--format", "json"]);
    let times = last.ok().json_lines().into_iter().map(|event| event["timestamp_ms"].as_i64().unwrap());
    let now = times.filter(|time| *time <= at).max().unwrap();
    let grace = 30 * 60_000;
    let is_open = |row: &&Value| matches!(end(row), fabula_core::event::time::Moment::At(end) if now < end + grace);
    let open = rows.iter().filter(is_open).count();
    assert!(open > 0 && open < rows.len());
    let words = format!("{open} open, {} final", rows.len() - open);
    assert!(shown.pane.says(&words), "{words}: {:?}", shown.pane.all_that_say("final"));
}

#[test]
fn windows_are_open_or_final_behind_a_projection_that_keeps_them() {
    let text = HOURS.replace("input = \"sums\"", "input = \"mean\"")
        + "[nodes.mean]\nkind = \"project\"\ninput = \"sums\"\nselect = { window_start = \"window_start\", \
           window_end = \"window_end\", kind = \"kind\", mean = \"revenue / payments\" }\n";
    let shown = Shown::new(&text);
    assert!(shown.pane.says(" open, "), "{:?}", shown.pane.all_that_say("open"));
}

#[test]
fn rows_of_a_run_that_goes_on_are_not_told_as_all() {
    let mut shown = Shown::over(250_000, TOTALS);
    shown.pane.send(Command::SetPipeline(Some(HOURS.to_owned())));
    let mut told = Vec::new();
    shown.pane.until("the pipeline has run", |harness| {
        let state = harness.state().state();
        let outcome = state.outcome.as_ref().filter(|outcome| outcome.version == state.design.version);
        let is_under_way = outcome.is_some_and(|outcome| !outcome.whole && outcome.views.contains_key("hours"));
        if is_under_way {
            told.extend(
                harness.query_all_by_label_contains("of all that has been read").next().map(|_| outcome.unwrap().done),
            );
        }
        outcome.is_some_and(|outcome| outcome.whole)
    });
    assert_eq!(told, [], "events that were counted, and all");
    shown.settle();
    assert!(shown.pane.says("of all that has been read"));
}

#[test]
fn a_row_is_explained_by_its_events_and_an_event_by_its_way() {
    let mut shown = Shown::new(HOURS);
    let rows = shown.rows_at(None);
    let some = rows.iter().filter(|row| row["payments"].as_u64() >= Some(3));
    let row = some.min_by_key(|row| row["payments"].as_u64()).expect("an hour with a few payments");
    let payments = row["payments"].as_u64().unwrap();
    shown.write("Filter rows", &format!("payments = {payments}"));
    let line = shown.line_of(row).expect("the row is in sight");
    shown.click(&line);
    shown.pane.until("the row is explained", |harness| !harness.state().state().pointed_out.is_empty());
    shown.settle();
    assert!(shown.pane.says(&format!("Made by {payments} events")), "{:?}", shown.pane.all_that_say(""));
    let events = shown.pane.all_that_say("Event payments/");
    assert_eq!(events.len() as u64, payments);
    assert_eq!(state(&shown.pane).pointed_out.len() as u64, payments);
    shown.click(&events[1]);
    let selected = state(&shown.pane).selection.clone().expect("the event is chosen").coordinates;
    assert!(events[1].contains(&format!("payments/{}/{}", selected.partition, selected.offset)), "{events:?}");
    shown.pane.send(Command::HowFar);
    assert!(shown.pane.says("sums"), "the nodes that it came to");
    let file = shown.folder.path().join("pipeline.toml").display().to_string();
    let log = format!("--sample={EVENTS}");
    let told = program::run(["explain", &file, &log, "--seed", "7", "--events", &selected.to_string()]).ok();
    for line in told.stdout.lines().filter(|line| !line.trim().is_empty()) {
        assert!(shown.pane.says(line.trim()), "{line}");
    }
}

#[test]
fn a_row_is_explained_anew_when_the_pipeline_is_another() {
    let mut shown = Shown::new(HOURS);
    let rows = shown.rows_at(None);
    let some = rows.iter().filter(|row| row["payments"].as_u64() >= Some(3));
    let row = some.min_by_key(|row| row["payments"].as_u64()).expect("an hour with a few payments");
    let payments = row["payments"].as_u64().unwrap();
    shown.write("Filter rows", &format!("payments = {payments}"));
    let line = shown.line_of(row).expect("the row is in sight");
    shown.write("Filter rows", "");
    shown.click(&line);
    shown.pane.until("the row is explained", |harness| !harness.state().state().pointed_out.is_empty());
    shown.settle();
    assert!(shown.pane.says(&format!("Made by {payments} events")));
    let (gone, _) = state(&shown.pane).pointed_out.first_key_value().map(|(at, ns)| (at.clone(), *ns)).unwrap();
    let without = format!("where = \"partition <> {} OR offset <> {}\"\n", gone.partition, gone.offset);
    let some = format!("[nodes.some]\nkind = \"filter\"\ninput = \"payments\"\n{without}[nodes.sums]");
    let text = HOURS.replace("input = \"payments\"", "input = \"some\"").replace("[nodes.sums]", &some);
    shown.pane.send(Command::SetPipeline(Some(text)));
    shown.pane.run();
    let fewer = format!("Made by {} event", payments - 1);
    shown
        .pane
        .until("the row is explained again", |harness| harness.query_all_by_label_contains(&fewer).next().is_some());
    assert!(!shown.pane.says(&format!("Made by {payments} events")));
}

#[test]
fn a_view_that_is_derived_again_is_the_same() {
    let mut shown = Shown::new(HOURS);
    let rows = shown.rows_at(None).len();
    shown.click("Details");
    shown.click("Check");
    shown.click("Derive again");
    assert!(shown.pane.says(&format!("The same {rows} rows")), "{:?}", shown.pane.all_that_say("rows"));
}

#[test]
fn where_history_is_cut_on_the_canvas_the_view_its_past_and_its_check_end_there() {
    let mut shown = Shown::new(TOTALS);
    let [early, cut] = [0.2, 0.45].map(|share| moment(&shown.pane, share));
    let rows = shown.rows_at(Some(cut));
    assert_ne!(rows, shown.rows_at(None));
    shown.cut(Some(cut));
    shown.says_rows(&rows);
    let until = format_iso_ms(cut).replace('T', " ").trim_end_matches('Z').to_owned();
    let header = format!("up to {until}, where history is cut");
    assert!(shown.pane.says(&header), "{header}: {:?}", shown.pane.all_that_say("totals"));
    assert!(!shown.pane.says("of all that has been read"), "that is not shown");
    shown.click("Details");
    shown.click("Check");
    shown.click("Derive again");
    let same = format!("The same {} rows", rows.len());
    assert!(shown.pane.says(&same), "{:?}", shown.pane.all_that_say("rows"));
    // Its past ends there, and holds what it does without a cut.
    shown.go_to(early);
    shown.says_rows(&shown.rows_at(Some(early)));
    shown.go_to(cut + 10_000_000);
    shown.says_rows(&rows);
    // Without the cut all is there again.
    shown.cut(None);
    shown.says_rows(&shown.rows_at(None));
    assert!(shown.pane.says("of all that has been read"));
    shown.click("Derive again");
    assert!(shown.pane.says("The same "), "{:?}", shown.pane.all_that_say("rows"));
}

/// More rows than are shown: of a stream, and of a table that has one for each click.
#[test]
fn a_view_of_more_rows_than_are_shown_is_derived_again_and_compared_too() {
    const CLICKS: &str = "version = 1\n[nodes.clicks]\nkind = \"stream\"\ntopic = \"web-clicks\"\n";
    let table = format!(
        "{CLICKS}[nodes.each]\nkind = \"aggregate\"\ninput = \"clicks\"\nby = [\"partition AS part\", \"offset AS at\"]\n\
         select = {{ n = \"count(*)\" }}\n"
    );
    for text in [CLICKS, &table] {
        let mut shown = Shown::over(250_000, text);
        let name = if text == CLICKS { "clicks" } else { "each" };
        let outcome = state(&shown.pane).outcome.clone().unwrap();
        let rows = &outcome.views[name];
        assert!(
            rows.count > 100_000 && (100_000..rows.count as usize).contains(&rows.rows.len()),
            "{} of {}",
            rows.rows.len(),
            rows.count
        );
        shown.click("Details");
        shown.click("Check");
        shown.click("Derive again");
        let same = format!("The same {} rows", fabula::figures::count(rows.count));
        assert!(shown.pane.says(&same), "{same}: {:?}", shown.pane.all_that_say("rows"));
        assert!(shown.pane.says("More rows than are shown"), "what was compared is said");
    }
}

#[test]
fn rows_are_sorted_by_a_press_on_a_columns_name() {
    let mut shown = Shown::new(TOTALS);
    let kinds: Vec<String> = shown.rows_at(None).iter().map(|row| text(&row["kind"])).collect();
    let revenues = |shown: &Shown| -> Vec<f64> {
        let mut lines: Vec<(f32, f64)> = Vec::new();
        for kind in &kinds {
            for node in shown.pane.harness.query_all_by_label_contains(kind) {
                let label = node.accesskit_node().label().unwrap_or_default();
                let words: Vec<&str> = label.split(' ').collect();
                if let [first, revenue, _] = words[..]
                    && first == kind
                {
                    lines.push((node.rect().top(), revenue.replace(',', "").parse().unwrap()));
                }
            }
        }
        lines.sort_by(|one, other| one.0.total_cmp(&other.0));
        lines.into_iter().map(|(_, revenue)| revenue).collect()
    };
    let own = revenues(&shown);
    assert_eq!(own.len(), kinds.len(), "{:?}", shown.pane.all_that_say("payment"));
    shown.click("Sort by revenue");
    let falling = revenues(&shown);
    assert!(falling.is_sorted_by(|one, other| one >= other), "the largest first: {falling:?}");
    shown.click("Sort by revenue");
    let rising = revenues(&shown);
    assert!(rising.is_sorted(), "{rising:?}");
    assert!(rising != falling);
    shown.click("Sort by revenue");
    assert_eq!(revenues(&shown), own, "a third press gives the own order back");
}

#[test]
fn a_chart_says_what_it_draws() {
    let mut shown = Shown::new(HOURS);
    let rows = shown.rows_at(None);
    shown.click("Chart");
    let told = |shown: &Shown| shown.pane.all_that_say("Chart of").join("");
    let points = rows.iter().filter(|row| !row["revenue"].is_null()).count();
    let said = told(&shown);
    assert!(said.starts_with(&format!("Chart of revenue over time by kind: {points} points, of ")), "{said}");
    for row in &rows {
        assert!(said.contains(&text(&row["kind"])), "{said}");
    }
    shown.click("Groups to draw");
    shown.click("nothing");
    assert_eq!(told(&shown), format!("Chart of revenue over time: {points} points"));
    shown.click("Figure to draw");
    shown.click("payments");
    shown.click("Spread");
    let said = told(&shown);
    assert!(said.starts_with("Chart of how payments is spread: "), "{said}");
    assert!(said.ends_with(&format!("{} rows", rows.len())), "{said}");
    // Of the rows that pass the filter.
    let passing = rows.iter().filter(|row| row["payments"].as_u64().unwrap() >= 12).count();
    shown.write("Filter rows", "payments >= 12");
    assert!(told(&shown).ends_with(&format!("{passing} rows")), "{}", told(&shown));
}

#[test]
fn the_rows_and_the_slider_are_reached_from_the_keyboard() {
    let mut shown = Shown::new(TOTALS);
    shown.click("Past");
    let table = shown.pane.all_that_say("Rows of totals").remove(0);
    shown.pane.harness.get_by_label(&table).focus();
    shown.settle();
    shown.press(Key::ArrowDown);
    let rows = shown.rows_at(None);
    let chosen = |shown: &Shown| -> Vec<String> {
        let selected = |line: &String| {
            let nodes = shown.pane.harness.query_all_by_label(line);
            nodes.map(|node| node.accesskit_node().toggled()).any(|chosen| chosen == Some(Toggled::True))
        };
        rows.iter().filter_map(|row| shown.line_of(row)).filter(selected).collect()
    };
    let first = chosen(&shown);
    shown.press(Key::ArrowDown);
    assert_eq!(first.len(), 1, "{:?}", shown.pane.all_that_say(""));
    assert_ne!(first, chosen(&shown), "the arrows move from row to row");
    assert!(state(&shown.pane).selection.is_none(), "and not in the story");
    let slider = shown.pane.all_that_say("Moment, now").remove(0);
    shown.pane.harness.get_by_label(&slider).focus();
    shown.settle();
    for _ in 0..40 {
        shown.press(Key::ArrowLeft);
    }
    assert!(shown.pane.says("As of 20"), "{:?}", shown.pane.all_that_say("As of"));
    shown.pane.send(Command::AsOfNow);
    assert!(shown.pane.says("Moment, now"));
}
