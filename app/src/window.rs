//! The window: takes in what happened, changes the state, then draws from it.
//!
//! It is apart from the system's frame around it, so that a test can drive it as well as a screen can.

mod opening;
mod perform;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use egui::{CentralPanel, Frame, Panel, Ui};
use fabula_core::log::kafka::Settings;

use crate::chrome::{Front, Notices, dialog_ui, status_bar, top_bar};
use crate::command::keys::{self, Attention};
use crate::command::{Command, Commands};
use crate::jobs::Jobs;
use crate::layout::Layout;
use crate::meters::Meters;
use crate::panes::{Context, Pane as _, Panes};
use crate::source::Session;
use crate::state::State;
use crate::theme::{self, Theme, size, tokens, widgets};
use crate::workspace::{Keeper, Workspace};
use crate::zone::{Clock, Zone};

use opening::Pending;

/// What to open first.
#[derive(Debug, Clone, Default)]
pub enum Start {
    /// What the workspace had open; the sample when that is nothing.
    #[default]
    Last,
    /// The built-in sample.
    Sample {
        /// How many events it has.
        events: u64,
        /// What it is grown from.
        seed: u64,
    },
    /// A recording's folder, a workspace file, connection properties.
    Path(PathBuf),
    /// A cluster.
    Cluster(Box<Settings>),
    /// Nothing.
    Nothing,
}

/// What to open, and with what around it.
#[derive(Debug, Clone)]
pub struct Options {
    /// What to open first.
    pub start: Start,
    /// The file in which the workspace is kept; `None` keeps none.
    pub workspace: Option<PathBuf>,
    /// What local time is.
    pub local_zone: jiff::tz::TimeZone,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            start: Start::default(),
            workspace: crate::workspace::default_file(),
            local_zone: jiff::tz::TimeZone::system(),
        }
    }
}

/// The window.
pub struct Window {
    state: State,
    commands: Commands,
    panes: Panes,
    layout: Layout,
    front: Front,
    notices: Notices,
    /// What stood in the pipelines' files when they were read or written last.
    pipelines_read: BTreeMap<PathBuf, String>,
    session: Option<Session>,
    pending: Pending,
    keeper: Keeper,
    meters: Meters,
    dressed: Option<Theme>,
    titled: String,
    writing: bool,
    /// What had the keyboard in the last frame.
    focused: Option<egui::Id>,
    // Last, so that what the others hold ends before the threads do.
    jobs: Jobs,
}

impl Window {
    /// A window with nothing drawn yet. A workspace that cannot be read is left as it is, and named.
    ///
    /// # Errors
    /// When the system gives no threads to work on.
    pub fn new(options: Options) -> anyhow::Result<Self> {
        let mut window = Self {
            state: State::new(Clock::new(Zone::Utc, options.local_zone), Theme::Dark),
            commands: Commands::default(),
            panes: Panes::default(),
            layout: Layout::default(),
            front: Front::default(),
            notices: Notices::default(),
            pipelines_read: BTreeMap::new(),
            session: None,
            pending: Pending::default(),
            keeper: Keeper::new(None),
            meters: Meters::default(),
            dressed: None,
            titled: String::new(),
            writing: false,
            focused: None,
            jobs: Jobs::new()?,
        };
        let mut last = None;
        if let Some(path) = options.workspace {
            match path.exists().then(|| Workspace::read(&path)) {
                Some(Ok(workspace)) => {
                    workspace.restore(&mut window.state, &mut window.layout);
                    last = workspace.log;
                    window.keeper.move_to(path);
                }
                // What cannot be read must not be written over: somebody may mend it.
                Some(Err(error)) => window.commands.send(Command::Notify(error)),
                None => window.keeper.move_to(path),
            }
        }
        window.start(options.start, last);
        Ok(window)
    }

    /// What it shows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where commands are sent to it.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// The work under way.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Where its workspace is kept.
    pub fn workspace_file(&self) -> Option<&std::path::Path> {
        self.keeper.path()
    }

    /// One frame.
    pub fn ui(&mut self, ui: &mut Ui) {
        let began = Instant::now();
        if self.dressed.is_none() {
            // Fonts are there from the next frame on, and text cannot be drawn without them.
            self.jobs.waker().attach(ui.ctx());
            ui.ctx().options_mut(|options| options.zoom_with_keyboard = false);
            theme::install(ui.ctx(), self.state.theme);
            self.dressed = Some(self.state.theme);
            ui.ctx().request_repaint();
            return;
        }
        self.follow_focus(ui.ctx());
        self.hear(ui);
        self.perform_all(ui.ctx());
        self.update(ui);
        self.dress(ui);
        self.draw(ui);
        self.writing = ui.ctx().text_edit_focused();
        if !self.commands.is_empty() {
            ui.ctx().request_repaint();
        }
        self.meters.frame_took(began.elapsed());
    }

    /// The window is about to close: what was changed last is saved.
    pub fn close(&mut self) {
        if self.keeper.is_due()
            && let Some(path) = self.keeper.path()
        {
            let workspace = Workspace::of(&self.state, &self.layout);
            if let Err(error) = workspace.write(path) {
                tracing::warn!("{error}");
            }
        }
    }

    /// Brings what has got the keyboard into sight, where it lies in a list that is scrolled.
    fn follow_focus(&mut self, ctx: &egui::Context) {
        let focused = ctx.memory(|memory| memory.focused());
        if std::mem::replace(&mut self.focused, focused) == focused {
            return;
        }
        let Some(response) = focused.and_then(|id| ctx.read_response(id)) else { return };
        if response.interact_rect.contains_rect(response.rect) {
            return;
        }
        let request = egui::accesskit::ActionRequest {
            action: egui::accesskit::Action::ScrollIntoView,
            target_node: response.id.accesskit_id(),
            target_tree: egui::accesskit::TreeId::ROOT,
            data: None,
        };
        ctx.input_mut(|input| input.events.push(egui::Event::AccessKitActionRequest(request)));
    }

    /// Turns keys and dropped files into commands.
    fn hear(&mut self, ui: &Ui) {
        let attention = match (self.front.is_open(), self.writing || ui.ctx().text_edit_focused()) {
            (true, _) => Attention::Dialog,
            (false, true) => Attention::Text,
            (false, false) if widgets::ends_are_taken(ui.ctx()) => Attention::Rows,
            (false, false) if self.panes.canvas.has_attention() => Attention::Canvas,
            (false, false) => Attention::Panes,
        };
        let canvas = attention == Attention::Canvas;
        for command in keys::pressed(ui.ctx(), attention) {
            self.commands.send(if canvas { self.panes.canvas.meant(command) } else { command });
        }
        if canvas {
            let clipboard = ui.input(|input| {
                let pasted = |event: &egui::Event| match event {
                    egui::Event::Paste(text) => vec![Command::PasteNodes(text.clone())],
                    egui::Event::Cut => vec![Command::CopyNodes, Command::RemoveNode],
                    _ => Vec::new(),
                };
                input.events.iter().flat_map(pasted).collect::<Vec<_>>()
            });
            clipboard.into_iter().for_each(|command| self.commands.send(command));
        }
        let dropped: Vec<PathBuf> =
            ui.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        for path in dropped {
            self.commands.send(Command::OpenPath(path));
        }
    }

    /// Takes in what jobs brought.
    fn update(&mut self, ui: &Ui) {
        let now = ui.input(|input| input.time);
        self.take_pending();
        if let Some(mut session) = self.session.take() {
            let news = session.update(&mut self.state, &self.jobs);
            self.session = Some(session);
            self.hear_news(news, now);
        }
        let (state, layout) = (&self.state, &self.layout);
        if let Some(error) = self.keeper.update(now, &self.jobs, || Workspace::of(state, layout)) {
            self.notices.add(now, error);
        }
        self.meters.update(&self.jobs);
        self.panes.find.update(&Context { state: &self.state, commands: &self.commands, jobs: &self.jobs });
        self.state.search.found = self.panes.find.found();
        let looks = self.panes.canvas.is_in_sight() || self.panes.view.shows_way();
        self.panes.canvas.update(&Context { state: &self.state, commands: &self.commands, jobs: &self.jobs });
        self.state.outcome = self.panes.canvas.outcome();
        self.state.names = self.panes.canvas.names();
        self.state.density = self.panes.timeline.density();
        self.state.tied = self.panes.threads.tied();
        self.state.tale = self.panes.thread.tale();
        let context = Context { state: &self.state, commands: &self.commands, jobs: &self.jobs };
        self.panes.journeys.update(&context, looks);
        self.state.journey = self.panes.journeys.told();
        self.panes.update(&Context { state: &self.state, commands: &self.commands, jobs: &self.jobs });
    }

    /// Puts on the look, the size and the title that the state says.
    fn dress(&mut self, ui: &Ui) {
        if self.dressed != Some(self.state.theme) {
            theme::show(ui.ctx(), self.state.theme);
            self.dressed = Some(self.state.theme);
            ui.ctx().request_repaint();
        }
        let scale = f32::from(self.state.scale_percent) / 100.0;
        if (ui.ctx().zoom_factor() - scale).abs() > 0.001 {
            ui.ctx().set_zoom_factor(scale);
        }
        if self.titled != self.state.log.name {
            self.titled.clone_from(&self.state.log.name);
            let title =
                if self.titled.is_empty() { "Fabula".to_owned() } else { format!("{} – Fabula", self.titled) };
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Title(title));
        }
    }

    fn draw(&mut self, ui: &mut Ui) {
        let context = Context { state: &self.state, commands: &self.commands, jobs: &self.jobs };
        let bar = Frame::new().fill(tokens(ui).pane);
        if self.state.log.production {
            Panel::top("production").exact_size(4.0).frame(bar).show_separator_line(false).show(ui, |ui| {
                top_bar::production_band_ui(ui);
            });
        }
        Panel::top("top bar").exact_size(size::TOP_BAR).frame(bar).show_separator_line(false).show(ui, |ui| {
            let rect = ui.max_rect();
            widgets::hairline_h(ui, rect.x_range(), rect.bottom() - 1.0);
            top_bar::top_bar_ui(ui, &context, &mut self.panes.find);
        });
        Panel::bottom("status bar").exact_size(size::STATUS_BAR).frame(bar).show_separator_line(false).show(ui, |ui| {
            let rect = ui.max_rect();
            widgets::hairline_h(ui, rect.x_range(), rect.top());
            status_bar::status_bar_ui(ui, &context, &self.meters);
        });
        let moved = CentralPanel::no_frame().show(ui, |ui| self.layout.ui(ui, &mut self.panes, &context)).inner;
        if moved {
            self.keeper.changed(ui.input(|input| input.time));
        }
        dialog_ui(ui, &mut self.front, &context);
        self.notices.ui(ui);
        opening::drop_hint_ui(ui);
    }
}
