//! The window without a screen: driven frame by frame, asked by what it says of itself.

use std::time::{Duration, Instant};

use egui::{Event, Key, Modifiers, PointerButton, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::state::State;
use fabula::window::{Options, Start, Window};

/// How long anything may take that the window does in the background.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many frames in a row must have been quiet.
const QUIET: u32 = 4;

/// A window under test.
pub struct Pane {
    /// What drives it.
    pub harness: Harness<'static, Window>,
}

impl Pane {
    /// Opens a window of 1600 by 1000 points.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn open(start: Start) -> anyhow::Result<Self> {
        Self::open_with(Options { start, workspace: None, ..Options::default() })
    }

    /// Opens a window of 1600 by 1000 points, with what is to be opened, a workspace, or on another clock.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn open_with(options: Options) -> anyhow::Result<Self> {
        let window = Window::new(options)?;
        let harness = Harness::builder()
            .with_size([1600.0, 1000.0])
            .with_max_steps(64)
            .build_ui_state(|ui, window: &mut Window| window.ui(ui), window);
        Ok(Self { harness })
    }

    /// Draws frames until something holds.
    ///
    /// # Panics
    /// When it does not within two minutes.
    pub fn until(&mut self, what: &str, mut holds: impl FnMut(&Harness<'static, Window>) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.harness.step();
            if holds(&self.harness) {
                return;
            }
            assert!(Instant::now() < until, "{what}: not within {} s", PATIENCE.as_secs());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Draws frames until nothing is under way that ends by itself, and what it brought is drawn.
    ///
    /// A job may begin and end within one frame, and what it brought is taken in the next: only frames in which none
    /// was under way and none was begun say that all is quiet.
    pub fn settle(&mut self) {
        let (mut quiet, mut begun) = (0, None);
        self.until("background work ends", |harness| {
            let jobs = harness.state().jobs();
            let known = begun.replace(jobs.begun());
            quiet = if jobs.is_busy() || known != begun { 0 } else { quiet + 1 };
            quiet == QUIET
        });
    }

    /// Sends a command and draws until all of its consequences are.
    pub fn send(&mut self, command: Command) {
        self.harness.state().commands().send(command);
        self.settle();
    }

    /// Clicks on what has this name.
    ///
    /// # Panics
    /// When there is no such thing, or more than one.
    pub fn click(&mut self, name: &str) {
        let named = self.harness.query_all_by_label(name).count();
        assert_eq!(named, 1, "{name}: of {:?}", self.all_that_say(""));
        self.harness.get_by_label(name).click();
        self.settle();
    }

    /// Moves the pointer.
    pub fn move_to(&mut self, at: Pos2) {
        self.harness.event(Event::PointerMoved(at));
        self.harness.step();
    }

    /// Presses the pointer's first button, or lets it go.
    pub fn button(&mut self, at: Pos2, pressed: bool, modifiers: Modifiers) {
        let button = Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers };
        self.harness.event_modifiers(button, modifiers);
        self.harness.step();
    }

    /// Drags from one place to another, with the first button and these keys held.
    pub fn drag_with(&mut self, from: Pos2, to: Pos2, modifiers: Modifiers) {
        self.move_to(from);
        self.button(from, true, modifiers);
        for share in 1..=8 {
            let at = from + (to - from) * (share as f32 / 8.0);
            self.harness.event_modifiers(Event::PointerMoved(at), modifiers);
            self.harness.step();
        }
        self.button(to, false, modifiers);
        self.settle();
    }

    /// Drags from one place to another.
    pub fn drag(&mut self, from: Pos2, to: Pos2) {
        self.drag_with(from, to, Modifiers::NONE);
    }

    /// Presses a key as the window hears it.
    pub fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    /// Types a text into what has the keyboard.
    pub fn text(&mut self, text: &str) {
        self.harness.event(Event::Text(text.to_owned()));
        self.settle();
    }

    /// The name of what has the keyboard.
    pub fn focused(&self) -> Option<String> {
        self.harness.query_all_by(|node| node.is_focused()).find_map(|node| node.accesskit_node().label())
    }

    /// Presses Tab, or Shift and Tab, until something has the keyboard whose name holds this.
    ///
    /// # Panics
    /// When nothing of that name is come by.
    pub fn tab_to(&mut self, part: &str, back: bool) {
        let mut passed = Vec::new();
        for _ in 0..600 {
            let focused = self.focused().unwrap_or_default();
            if focused.contains(part) {
                return self.settle();
            }
            passed.push(focused);
            self.harness.key_press_modifiers(if back { Modifiers::SHIFT } else { Modifiers::NONE }, Key::Tab);
            self.harness.step();
            self.harness.step();
        }
        passed.dedup();
        panic!("Tab does not come to {part}: {passed:#?}");
    }

    /// Where the rows of a node leave its card on the canvas.
    pub fn output(&self, node: &str) -> Pos2 {
        self.harness.get_by_label(&format!("Rows of {node}")).rect().center()
    }

    /// Where a node's card is on the canvas.
    pub fn card(&self, node: &str) -> egui::Rect {
        self.harness.get_by_label_contains(&format!("{node} (")).rect()
    }

    /// What the window shows.
    pub fn state(&self) -> &State {
        self.harness.state().state()
    }

    /// Draws until the pipeline on the canvas has run over all that has been read.
    pub fn run(&mut self) {
        self.until("the pipeline has run", |harness| {
            let state = harness.state().state();
            let ran =
                state.outcome.as_ref().is_some_and(|outcome| outcome.whole && outcome.version == state.design.version);
            ran || !state.design.problems.is_empty()
        });
        self.settle();
    }

    /// Whether something on the screen says these words.
    pub fn says(&self, words: &str) -> bool {
        self.harness.query_all_by_label_contains(words).next().is_some()
    }

    /// Everything on the screen that says these words, as it says it.
    pub fn all_that_say(&self, words: &str) -> Vec<String> {
        // What a label says is its value.
        let said =
            |node: &egui_kittest::Node<'_>| node.accesskit_node().label().or_else(|| node.accesskit_node().value());
        self.harness.query_all_by_label_contains(words).filter_map(|node| said(&node)).collect()
    }
}
