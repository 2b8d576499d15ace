//! A window with a pipeline's view in front, for tests of views.

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use fabula::command::Command;
use fabula::panes::PaneKind;
use fabula::window::Start;
use fabula_core::event::time::{format_iso_ms, ms_to_ns};
use serde_json::Value;

use crate::pane::Pane;
use crate::program;

/// How many events the sample has, unless a test says.
pub const EVENTS: u64 = 20_000;

/// A window in which a pipeline has run over the sample, with its view in front.
pub struct Shown {
    /// The window.
    pub pane: Pane,
    /// Where the pipeline lies, as `pipeline.toml`.
    pub folder: tempfile::TempDir,
}

impl Shown {
    /// A pipeline over the sample, its view in front.
    pub fn new(text: &str) -> Self {
        Self::over(EVENTS, text)
    }

    /// A pipeline over a sample of so many events, its view in front.
    pub fn over(events: u64, text: &str) -> Self {
        let mut pane = Pane::open(Start::Sample { events, seed: 7 }).unwrap();
        pane.until("the sample is read", |harness| {
            let log = &harness.state().state().log;
            log.snapshot.as_ref().is_some_and(|snapshot| snapshot.events() >= events)
        });
        pane.send(Command::ShowAllTopics);
        pane.send(Command::ShowPane(PaneKind::View));
        pane.send(Command::SetPipeline(Some(text.to_owned())));
        pane.until("the pipeline has run", |harness| {
            let state = harness.state().state();
            state.outcome.as_ref().is_some_and(|outcome| outcome.whole && outcome.version == state.design.version)
        });
        pane.settle();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pipeline.toml"), text).unwrap();
        Self { pane, folder }
    }

    /// Draws until what was asked for is done, and what came of that is drawn.
    pub fn settle(&mut self) {
        self.pane.settle();
        self.pane.settle();
    }

    /// Presses what has a name.
    pub fn click(&mut self, name: &str) {
        self.pane.harness.get_by_label(name).click();
        self.settle();
    }

    /// Types a text into a field.
    pub fn write(&mut self, field: &str, text: &str) {
        self.pane.harness.get_by_label(field).focus();
        self.pane.harness.step();
        self.pane.harness.get_by_label(field).type_text(text);
        self.settle();
    }

    /// Presses a key.
    pub fn press(&mut self, key: Key) {
        self.pane.harness.key_press(key);
        self.settle();
    }

    /// Cuts history on the canvas, or takes the cut away.
    pub fn cut(&mut self, at: Option<i64>) {
        self.pane.send(Command::CutHistory(at.map(ms_to_ns)));
        self.pane.until("the pipeline has run up to the cut", |harness| {
            let outcome = harness.state().state().outcome.clone();
            outcome.is_some_and(|outcome| outcome.whole && outcome.stretch.until_ms == at)
        });
        self.settle();
    }

    /// Looks at a moment.
    pub fn go_to(&mut self, ms: i64) {
        // What stands in the field from before goes first.
        self.pane.harness.get_by_label("Moment to look at").focus();
        self.pane.harness.step();
        self.pane.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
        self.pane.harness.step();
        self.write("Moment to look at", &format_iso_ms(ms));
        self.press(Key::Enter);
        let words = format!("as of {}", format_iso_ms(ms).replace('T', " ").trim_end_matches('Z'));
        assert!(self.pane.says(&words), "{words}: {:?}", self.pane.all_that_say("as of"));
    }

    /// The view's rows over the log cut at a moment, as a script gets them.
    pub fn rows_at(&self, at: Option<i64>) -> Vec<Value> {
        let file = self.folder.path().join("pipeline.toml").display().to_string();
        let log = format!("--sample={EVENTS}");
        let mut arguments = vec!["run".to_owned(), file, log, "--seed".to_owned(), "7".to_owned(), "-J".to_owned()];
        arguments.extend(at.map(|at| format!("--at={at}")));
        program::run(arguments).ok().json_lines()
    }

    /// What the row of the window says that has a row's values.
    pub fn line_of(&self, row: &Value) -> Option<String> {
        let said = self.pane.all_that_say(&text(&row["kind"]));
        // A number is written with all of its digits, and JSON's readers have their own.
        let is_it = |line: &String| {
            let words: Vec<&str> = line.split(' ').rev().take(2).collect();
            let number = |word: &str| word.replace(',', "").parse::<f64>().ok();
            words.len() == 2
                && number(words[0]) == row["payments"].as_f64()
                && number(words[1]) == row["revenue"].as_f64()
        };
        said.into_iter().find(is_it)
    }

    /// Every row says all of its values.
    pub fn says_rows(&self, rows: &[Value]) {
        for row in rows {
            assert!(self.line_of(row).is_some(), "{row}: {:?}", self.pane.all_that_say(&text(&row["kind"])));
        }
    }
}

/// A value as it is shown.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
