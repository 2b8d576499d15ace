//! The window: takes in what happened, changes the state, then draws from it.

use egui::{CentralPanel, Frame, Panel, Ui};

use crate::chrome::{status_bar, top_bar};
use crate::command::{Command, Commands, keys};
use crate::jobs::Jobs;
use crate::layout::Layout;
use crate::panes::{Context, Panes};
use crate::state::State;
use crate::theme::{self, Theme, size, tokens, widgets};
use crate::zone::{Clock, Zone};

/// What to open, and with what around it.
pub struct Options {
    /// What local time is.
    pub local_zone: jiff::tz::TimeZone,
}

impl Default for Options {
    fn default() -> Self {
        Self { local_zone: jiff::tz::TimeZone::system() }
    }
}

/// The window, apart from the system's frame around it: it can be driven by a test as well as by a screen.
pub struct Window {
    state: State,
    commands: Commands,
    jobs: Jobs,
    panes: Panes,
    layout: Layout,
    dressed: Option<Theme>,
}

impl Window {
    /// # Errors
    /// When the system gives no threads to work on.
    pub fn new(options: Options) -> anyhow::Result<Self> {
        Ok(Self {
            state: State::new(Clock::new(Zone::Utc, options.local_zone), Theme::Dark),
            commands: Commands::default(),
            jobs: Jobs::new()?,
            panes: Panes::default(),
            layout: Layout::default(),
            dressed: None,
        })
    }

    /// What it shows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where commands are sent to it.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// One frame.
    pub fn ui(&mut self, ui: &mut Ui) {
        if self.dressed.is_none() {
            // Fonts are there from the next frame on, and text cannot be drawn without them.
            self.jobs.waker().attach(ui.ctx());
            theme::install(ui.ctx(), self.state.theme);
            self.dressed = Some(self.state.theme);
            ui.ctx().request_repaint();
            return;
        }
        for command in keys::pressed(ui.ctx()) {
            self.commands.send(command);
        }
        self.take_commands();
        self.panes.update(&Context { state: &self.state, commands: &self.commands, jobs: &self.jobs });
        self.dress(ui);
        self.draw(ui);
        if !self.commands.is_empty() {
            ui.ctx().request_repaint();
        }
    }

    fn take_commands(&mut self) {
        for command in self.commands.take() {
            self.state.apply(&command);
            match &command {
                Command::ShowPane(kind) => self.layout.show(*kind),
                Command::ResetLayout => self.layout = Layout::default(),
                Command::CancelJob(id) => self.jobs.cancel(*id),
                _ => {}
            }
            let context = Context { state: &self.state, commands: &self.commands, jobs: &self.jobs };
            self.panes.command(&command, &context);
        }
    }

    /// Puts on the look and the size that the state says.
    fn dress(&mut self, ui: &Ui) {
        if self.dressed != Some(self.state.theme) {
            theme::show(ui.ctx(), self.state.theme);
            self.dressed = Some(self.state.theme);
            ui.ctx().request_repaint();
        }
        let scale = f32::from(self.state.scale_percent) / 100.0;
        if ui.ctx().zoom_factor() != scale {
            ui.ctx().set_zoom_factor(scale);
        }
    }

    fn draw(&mut self, ui: &mut Ui) {
        let context = Context { state: &self.state, commands: &self.commands, jobs: &self.jobs };
        let pane = tokens(ui).pane;
        let bar = Frame::new().fill(pane);
        Panel::top("top bar").exact_size(size::TOP_BAR).frame(bar).show_separator_line(false).show(ui, |ui| {
            top_bar::top_bar_ui(ui, &context, &mut self.panes.find);
            let rect = ui.max_rect();
            widgets::hairline_h(ui, rect.x_range(), rect.bottom() - 1.0);
        });
        Panel::bottom("status bar").exact_size(size::STATUS_BAR).frame(bar).show_separator_line(false).show(ui, |ui| {
            let rect = ui.max_rect();
            widgets::hairline_h(ui, rect.x_range(), rect.top());
            status_bar::status_bar_ui(ui, &context);
        });
        CentralPanel::no_frame().show(ui, |ui| {
            self.layout.ui(ui, &mut self.panes, &context);
        });
    }
}
