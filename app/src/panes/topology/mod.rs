//! The topology: who writes which topic and who reads it, as a drawing with rates and lags, beside what nobody can tell.

mod graph_ui;
mod picture;
mod side_ui;

use std::sync::Arc;

use egui::Ui;
use fabula_core::narrative::lag::GroupStanding;
use fabula_core::narrative::threads::topology::Topology;

use super::asking::{Asking, Same};
use super::{Context, Pane};
use crate::command::Command;
use crate::figures;
use crate::jobs::{Title, Unit};
use crate::state::{Readers, Tied};
use crate::theme::widgets;
use picture::{Node, Picture};

/// Who writes and who reads which topic.
#[derive(Default)]
pub struct TopologyPane {
    gathering: Asking<Same<Tied>, Arc<Topology>>,
    drawing: Asking<(Same<Topology>, Stood), Arc<Picture>>,
    /// What is lit, with all that it is joined to.
    lit: Option<Node>,
    /// How large it is drawn; as it fits until somebody zooms.
    zoom: Option<f32>,
}

/// The groups of a moment, which are the same only if they are those very ones.
#[derive(Clone)]
enum Stood {
    NotTold,
    Told(Arc<[GroupStanding]>),
}

impl PartialEq for Stood {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::NotTold, Self::NotTold) => true,
            (Self::Told(one), Self::Told(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl TopologyPane {
    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        !self.gathering.is_busy() && !self.drawing.is_busy()
    }

    fn picture(&self) -> Option<Arc<Picture>> {
        self.drawing.last().map(|(_, picture)| Arc::clone(picture))
    }

    /// Has what is drawn brought up to the threads and the groups.
    fn ask(&mut self, tied: &Arc<Tied>, context: &Context<'_>) {
        let of = Arc::clone(tied);
        let gather = move |progress: &crate::jobs::Progress| {
            Arc::new(Topology::of(&of.threads, &of.topics, &|| progress.is_cancelled()))
        };
        let title = Title::listed("Finding writers and readers", Unit::None);
        self.gathering.ask(Same(Arc::clone(tied)), context.jobs, title, gather);
        let Some((Same(of), topology)) = self.gathering.last() else { return };
        if !Arc::ptr_eq(of, tied) {
            return;
        }
        let (topology, snapshot) = (Arc::clone(topology), Arc::clone(&tied.snapshot));
        let standings = context.state.log.readers.standings().cloned();
        let stood = standings.as_ref().map_or(Stood::NotTold, |standings| Stood::Told(standings.groups.clone()));
        let question = (Same(Arc::clone(&topology)), stood);
        let draw =
            move |_: &crate::jobs::Progress| Arc::new(Picture::of(topology.with_groups(&snapshot, standings.as_ref())));
        self.drawing.ask(question, context.jobs, Title::quiet("Topology"), draw);
    }

    /// What pressing a box does: it is lit, and leads on to what it stands for.
    fn press(&mut self, node: Node, context: &Context<'_>) {
        if self.lit.as_ref() == Some(&node) {
            self.lit = None;
            return;
        }
        match &node {
            Node::Topic(topic) => {
                if !context.state.is_shown(topic) {
                    context.send(Command::ToggleTopic(topic.clone()));
                }
                if !context.state.details.contains(topic) {
                    context.send(Command::ToggleDetails(topic.clone()));
                }
            }
            Node::Group(group) => context.send(Command::ShowGroup(group.clone())),
            Node::Service(_) => {}
        }
        self.lit = Some(node);
    }
}

impl Pane for TopologyPane {
    fn update(&mut self, _context: &Context<'_>) {
        self.gathering.update();
        self.drawing.update();
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let (Some(picture), Some(_)) = (self.picture(), &context.state.tied) else { return };
        let topics = figures::of(picture.topology.topics.len() as u64, "topic");
        let unknown = figures::count(picture.topology.unknown.len() as u64);
        widgets::caption(ui, format!("{topics} · {unknown} not known"));
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(tied) = context.state.tied.clone() else {
            self.gathering.forget();
            self.drawing.forget();
            let hint = "Services name themselves in events, and threads tell whose events were caused by whose: once \
                        events are tied, who writes and who reads which topic stands here";
            if widgets::empty_state(ui, "No topology yet", hint, Some("Tie events into threads")) {
                context.send(Command::TieThreads);
            }
            return;
        };
        self.ask(&tied, context);
        let Some(picture) = self.picture() else {
            widgets::empty_state(ui, "Finding writers and readers", "Events are gone through", None);
            return;
        };
        let rect = ui.available_rect_before_wrap();
        let split = (rect.right() - 340.0).max(rect.left() + rect.width() * 0.5);
        let drawn =
            graph_ui::graph_ui(ui, rect.with_max_x(split), &picture, self.lit.as_ref(), &mut self.zoom, context);
        widgets::hairline_v(ui, split, rect.y_range());
        let why = match &context.state.log.readers {
            Readers::NotTold(why) => Some(Arc::clone(why)),
            _ => None,
        };
        let listed =
            side_ui::side_ui(ui, rect.with_min_x(split + 1.0), &picture, self.lit.as_ref(), why.as_deref(), context);
        if let Some(node) = drawn.or(listed) {
            self.press(node, context);
        }
    }
}
