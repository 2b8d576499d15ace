//! What the window shows, as plain data.
//!
//! Views read it and never change it. It changes in one place, [`State::apply`], and where the window takes in what
//! background work has found (`window.rs`), both at the beginning of a frame.

mod apply;
mod design;
mod document;
mod journey;
mod log;
mod names;
mod range;
mod readers;
mod search;
mod threads;
pub mod ties;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fabula_core::event::time::ns_to_ms;
use fabula_core::event::{Coordinates, TopicName};

use crate::chrome::connect::Profile;
use crate::formats::Formats;
use crate::source::Depth;
use crate::theme::Theme;
use crate::zone::Clock;

pub use design::{AsideLine, Design, Failure, NodeRows, Outcome, Pace};
pub use document::{Column, Document, History, Order};
pub use journey::{Journey, Visit, Way};
pub use log::{CoverageTotals, LogState, LogStatus, Series, Topic, TopicTotals};
pub use names::{Name, Names, TopicNames};
pub use range::{Stretch, TimeRange};
pub use readers::Readers;
pub use search::{Found, Search};
pub use threads::{Missing, Moments, Tale, TaleStep, Tied, Values, is_grave};
pub use ties::{Ties, TopicTies};

/// What the window shows.
#[derive(Debug, Clone)]
pub struct State {
    /// The log that is open, its connection and its topics.
    pub log: LogState,
    /// What a person set up and can undo: topics shown, columns, notes.
    pub document: Document,
    /// The pipeline on the canvas, as the document's text says.
    pub design: Design,
    /// What expressions can name at its nodes.
    pub names: Names,
    /// The moment at which history is cut for the pipeline, in nanoseconds since the epoch.
    pub cut: Option<i64>,
    /// The moment of the past as of which the view is looked at, in milliseconds; `None` is now.
    pub moment_ms: Option<i64>,
    /// The moment at which history begins for the pipeline, in nanoseconds since the epoch; `None` is its beginning.
    pub begins: Option<i64>,
    /// How many events there were when, over the whole story.
    pub density: Option<Arc<Density>>,
    /// What that pipeline comes to over what has been read.
    pub outcome: Option<Arc<Outcome>>,
    /// The threads of what has been read, once they have been asked for.
    pub tied: Option<Arc<Tied>>,
    /// The thread that is looked at.
    pub tale: Option<Arc<Tale>>,
    /// The steps back and forth.
    pub history: History,
    /// The chosen event, for all panes.
    pub selection: Option<Selection>,
    /// How far it got in the pipeline.
    pub journey: Option<Arc<Journey>>,
    /// Events that were pointed out, such as those that made a row, with their times where these are known.
    pub pointed_out: PointedOut,
    /// The range of time that is marked on the timeline.
    pub marked: Option<TimeRange>,
    /// The range of time in view; `None` shows all there is.
    pub view: Option<TimeRange>,
    /// From the first to the last event of what has been read and is shown.
    pub extent: Option<TimeRange>,
    /// Newest or oldest first.
    pub order: Order,
    /// Whether the newest event is kept in sight.
    pub follow: bool,
    /// How to reach clusters; without their secrets.
    pub profiles: Arc<[Profile]>,
    /// The search.
    pub search: Search,
    /// How keys and values are decoded.
    pub formats: Formats,
    /// UTC or local, and how moments are written.
    pub clock: Clock,
    /// Dark or light.
    pub theme: Theme,
    /// How large everything is, in per cent.
    pub scale_percent: u16,
    /// How far back a topic of a cluster is read when it is first shown.
    pub first_read: Depth,
    /// Whether internal topics are listed.
    pub internal_shown: bool,
    /// The topics whose details are open in the catalogue.
    pub details: BTreeSet<TopicName>,
    /// The consumer groups whose partitions are open in the catalogue.
    pub open_groups: BTreeSet<Arc<str>>,
    /// Which colour each topic has.
    pub series: Series,
}

/// Events, with their times in nanoseconds since the epoch where these are known.
pub type PointedOut = Arc<BTreeMap<Coordinates, Option<i64>>>;

/// How many events there were when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Density {
    /// The first nanosecond of each stretch, and how many events lie in it.
    pub counts: Vec<(i64, u64)>,
}

/// The chosen event.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Selection {
    /// Where it stands in its log.
    pub coordinates: Coordinates,
    /// Its time in nanoseconds since the epoch; `None` for an event without a timestamp.
    pub time_ns: Option<i64>,
}

impl State {
    /// The stretch of history that the pipeline runs over.
    pub fn stretch(&self) -> Stretch {
        Stretch { from_ms: self.begins.map(ns_to_ms), until_ms: self.cut.map(ns_to_ms) }
    }

    /// An empty window.
    pub fn new(clock: Clock, theme: Theme) -> Self {
        Self {
            log: LogState::default(),
            document: Document::default(),
            design: Design::default(),
            names: Names::default(),
            cut: None,
            moment_ms: None,
            begins: None,
            density: None,
            outcome: None,
            tied: None,
            tale: None,
            history: History::default(),
            selection: None,
            journey: None,
            pointed_out: Arc::default(),
            marked: None,
            view: None,
            extent: None,
            order: Order::OldestFirst,
            follow: false,
            profiles: Arc::new([]),
            search: Search::default(),
            formats: Formats::default(),
            clock,
            theme,
            scale_percent: 100,
            first_read: Depth::default(),
            internal_shown: false,
            details: BTreeSet::new(),
            open_groups: BTreeSet::new(),
            series: Series::default(),
        }
    }

    /// The topics whose events are shown, sorted by name.
    pub fn shown_topics(&self) -> impl Iterator<Item = &Topic> {
        self.log.topics.iter().filter(|topic| self.is_shown(&topic.name))
    }

    /// Whether a topic's events are shown.
    pub fn is_shown(&self, topic: &str) -> bool {
        self.document.shown.contains(topic)
    }

    /// The range of time in view: the chosen one, or all there is.
    pub fn view_or_all(&self) -> Option<TimeRange> {
        self.view.or(self.extent)
    }
}
