//! The window without a screen: driven frame by frame, asked by what it says of itself.

use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fabula::command::Command;
use fabula::window::{Options, Start, Window};

/// How long anything may take that the window does in the background.
const PATIENCE: Duration = Duration::from_secs(120);

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
        let options = Options { start, workspace: None, ..Options::default() };
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
    pub fn settle(&mut self) {
        self.until("background work ends", |harness| !harness.state().jobs().is_busy());
        for _ in 0..4 {
            self.harness.step();
        }
        self.until("background work ends", |harness| !harness.state().jobs().is_busy());
    }

    /// Sends a command and draws until all of its consequences are.
    pub fn send(&mut self, command: Command) {
        self.harness.state().commands().send(command);
        self.settle();
    }

    /// Whether something on the screen says these words.
    pub fn says(&self, words: &str) -> bool {
        self.harness.query_all_by_label_contains(words).next().is_some()
    }

    /// Everything on the screen that says these words, as it says it.
    pub fn all_that_say(&self, words: &str) -> Vec<String> {
        self.harness.query_all_by_label_contains(words).filter_map(|node| node.accesskit_node().label()).collect()
    }
}
