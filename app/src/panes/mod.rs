//! The panes: each draws from the state, sends commands, and keeps only what is its own (scroll, caches, fetches).

mod as_of;
mod asking;
pub mod canvas;
mod catalogue;
mod drift;
mod find;
mod form;
mod grid_ui;
pub mod inspector;
mod journey;
mod made_of;
mod map;
mod node;
mod sql;
pub mod story;
mod thread;
mod threads;
pub mod timeline;
mod topology;
mod view;
mod walk;

use egui::Ui;

use crate::command::{Command, Commands};
use crate::jobs::Jobs;
use crate::state::State;

pub use canvas::Canvas;
pub use catalogue::Catalogue;
pub use drift::DriftPane;
pub use find::FindField;
pub use inspector::Inspector;
pub use journey::Journeys;
pub use map::MapPane;
pub use node::NodePane;
pub use sql::SqlPane;
pub use story::Story;
pub use thread::ThreadPane;
pub use threads::ThreadsPane;
pub use timeline::Timeline;
pub use topology::TopologyPane;
pub use view::ViewPane;

/// What a pane works with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What the window shows.
    pub state: &'a State,
    /// Where commands go.
    pub commands: &'a Commands,
    /// Who does the work that takes time.
    pub jobs: &'a Jobs,
}

impl Context<'_> {
    /// Sends a command.
    pub fn send(&self, command: Command) {
        self.commands.send(command);
    }
}

/// One of the window's panes.
pub trait Pane {
    /// Takes in results of the pane's own background work and starts what is missing. Called once a frame before
    /// anything is drawn, whether the pane is in sight or not.
    fn update(&mut self, _context: &Context<'_>) {}

    /// Hears a command that was sent, after the state has taken it. A pane that knows what the command needs (which
    /// event comes next) sends a plainer one.
    fn command(&mut self, _command: &Command, _context: &Context<'_>) {}

    /// Draws the facts at the right of the pane's header, laid out from right to left.
    fn header_ui(&mut self, _ui: &mut Ui, _context: &Context<'_>) {}

    /// Draws the pane.
    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>);
}

/// Which pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaneKind {
    /// The log's topics and groups.
    Catalogue,
    /// Lanes over time.
    Timeline,
    /// The merged events, one a row.
    Story,
    /// The chosen event.
    Inspector,
    /// The pipeline.
    Canvas,
    /// What the pipeline comes to.
    View,
    /// The chosen node of the pipeline.
    Node,
    /// Views asked in SQL.
    Sql,
    /// A view beside a copy of it.
    Drift,
    /// All threads, and what is unusual.
    Threads,
    /// One thread.
    Thread,
    /// What follows what in threads.
    Map,
    /// Who writes and who reads which topic.
    Topology,
}

impl PaneKind {
    /// All, in the order of their shortcuts.
    pub const ALL: [Self; 13] = [
        Self::Catalogue,
        Self::Timeline,
        Self::Story,
        Self::Inspector,
        Self::Canvas,
        Self::View,
        Self::Node,
        Self::Sql,
        Self::Drift,
        Self::Threads,
        Self::Thread,
        Self::Map,
        Self::Topology,
    ];

    /// As its tab says.
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalogue => "Topics",
            Self::Timeline => "Timeline",
            Self::Story => "Story",
            Self::Inspector => "Event",
            Self::Canvas => "Canvas",
            Self::View => "View",
            Self::Node => "Node",
            Self::Sql => "SQL",
            Self::Drift => "Drift",
            Self::Threads => "Threads",
            Self::Thread => "Thread",
            Self::Map => "Map",
            Self::Topology => "Topology",
        }
    }
}

/// Every pane there is.
#[derive(Default)]
pub struct Panes {
    /// The log's topics and groups.
    pub catalogue: Catalogue,
    /// Lanes over time.
    pub timeline: Timeline,
    /// The merged events.
    pub story: Story,
    /// The chosen event.
    pub inspector: Inspector,
    /// The pipeline.
    pub canvas: Canvas,
    /// What the pipeline comes to.
    pub view: ViewPane,
    /// The chosen node of the pipeline.
    pub node: NodePane,
    /// Views asked in SQL.
    pub sql: SqlPane,
    /// A view beside a copy of it.
    pub drift: DriftPane,
    /// All threads, and what is unusual.
    pub threads: ThreadsPane,
    /// One thread.
    pub thread: ThreadPane,
    /// What follows what in threads.
    pub map: MapPane,
    /// Who writes and who reads which topic.
    pub topology: TopologyPane,
    /// How far the chosen event got in the pipeline.
    pub journeys: Journeys,
    /// The find field of the top bar.
    pub find: FindField,
}

impl Panes {
    /// Lets every pane take in its results. The find field comes before, by itself: what it found is in the state by then.
    pub fn update(&mut self, context: &Context<'_>) {
        for kind in PaneKind::ALL {
            self.get(kind).update(context);
        }
    }

    /// Lets every pane hear a command.
    pub fn command(&mut self, command: &Command, context: &Context<'_>) {
        self.find.command(command, context);
        self.journeys.command(command, context);
        for kind in PaneKind::ALL {
            self.get(kind).command(command, context);
        }
    }

    /// A pane by its kind.
    pub fn get(&mut self, kind: PaneKind) -> &mut dyn Pane {
        match kind {
            PaneKind::Catalogue => &mut self.catalogue,
            PaneKind::Timeline => &mut self.timeline,
            PaneKind::Story => &mut self.story,
            PaneKind::Inspector => &mut self.inspector,
            PaneKind::Canvas => &mut self.canvas,
            PaneKind::View => &mut self.view,
            PaneKind::Node => &mut self.node,
            PaneKind::Sql => &mut self.sql,
            PaneKind::Drift => &mut self.drift,
            PaneKind::Threads => &mut self.threads,
            PaneKind::Thread => &mut self.thread,
            PaneKind::Map => &mut self.map,
            PaneKind::Topology => &mut self.topology,
        }
    }
}
