//! All threads of what has been read, and everything that is unusual about them: lists to sort, to narrow, to open from.

mod bar_ui;
mod filter;
mod list;
mod list_ui;
mod tie;

use std::sync::Arc;

use egui::Ui;
use fabula_core::event::Coordinates;

use super::asking::{Asking, Same};
use super::{Context, Pane, PaneKind};
use crate::command::Command;
use crate::figures;
use crate::jobs::Title;
use crate::state::Tied;
use crate::theme::widgets;
use filter::{Condition, Filter};
use list::{By, Facets, Labels, Listed, Listing};

pub(super) use bar_ui::outcome_words;
pub(super) use list_ui::kind_color;
use tie::Tying;

/// What decides which rows are listed, and in which order.
type Question = (Same<Tied>, Listed, Facets, Option<Same<Condition>>, By);

/// Lists threads and findings.
#[derive(Default)]
pub struct ThreadsPane {
    tying: Tying,
    listed: Listed,
    facets: Facets,
    filter: Filter,
    by: By,
    listing: Asking<Question, Arc<Listing>>,
    labels: Asking<(Same<Tied>, Vec<u32>), Arc<Labels>>,
    /// What somebody looks for.
    looked_for: String,
    wanted: Option<Wanted>,
    looking: Asking<(Same<Tied>, Wanted), Option<u32>>,
    /// What was not found, in words.
    not_found: Option<String>,
    /// The thread that was opened last, or the finding.
    chosen: Option<u32>,
}

/// A thread that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// By a value that leads to it.
    Id(String),
    /// By one of its events.
    Event(Coordinates),
}

impl ThreadsPane {
    /// The threads, as all panes see them.
    pub fn tied(&self) -> Option<Arc<Tied>> {
        self.tying.tied()
    }

    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        !self.tying.is_busy() && !self.listing.is_busy() && !self.labels.is_busy() && !self.looking.is_busy()
    }

    /// Looks for the thread that is wanted, once there are threads.
    fn look(&mut self, context: &Context<'_>) {
        self.looking.update();
        let (Some(wanted), Some(tied)) = (&self.wanted, self.tying.tied()) else { return };
        if self.tying.is_busy() {
            return;
        }
        let question = (Same(Arc::clone(&tied)), wanted.clone());
        let find = wanted.clone();
        self.looking.ask(question, context.jobs, Title::quiet("Threads"), move |_| match find {
            Wanted::Id(id) => tied.threads.find(&id),
            Wanted::Event(at) => tied.threads.thread_at(&at),
        });
        let Some(found) = self.looking.answer() else { return };
        match (found, wanted) {
            (Some(thread), _) => {
                self.not_found = None;
                context.send(Command::OpenThread(*thread));
            }
            (None, Wanted::Id(id)) => self.not_found = Some(format!("no thread says “{id}”")),
            (None, Wanted::Event(at)) => {
                self.not_found = Some(format!("{at} is in no thread: no field of it ties it to others"));
                context.send(Command::ShowPane(PaneKind::Threads));
            }
        }
        self.wanted = None;
        self.looking.forget();
    }

    fn want(&mut self, wanted: Wanted) {
        self.not_found = None;
        self.looking.forget();
        self.wanted = Some(wanted);
        self.tying.want();
    }

    /// Puts the list in its order again when anything that decides about it has changed.
    fn list(&mut self, context: &Context<'_>) {
        self.listing.update();
        self.labels.update();
        let Some(tied) = self.tying.tied() else {
            self.listing.forget();
            self.labels.forget();
            self.chosen = None;
            return;
        };
        let (listed, facets, by, condition) = (self.listed, self.facets, self.by, self.filter.condition.clone());
        let question = (Same(Arc::clone(&tied)), listed, facets, condition.clone().map(Same), by);
        let work =
            move |_: &crate::jobs::Progress| Arc::new(Listing::of(&tied, listed, facets, condition.as_deref(), by));
        self.listing.ask(question, context.jobs, Title::quiet("Threads"), work);
    }
}

impl Pane for ThreadsPane {
    fn update(&mut self, context: &Context<'_>) {
        if self.tying.update(context) {
            self.facets = Facets { kind: self.facets.kind, ..Facets::default() };
        }
        self.look(context);
        self.list(context);
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::TieThreads => {
                self.tying.again();
                self.not_found = None;
            }
            Command::FindThread(id) => self.want(Wanted::Id(id.clone())),
            Command::ThreadOfEvent => match &context.state.selection {
                Some(selection) => self.want(Wanted::Event(selection.coordinates.clone())),
                None => context.send(Command::Notify("Choose an event first".to_owned())),
            },
            Command::ThreadsOfService(service) => {
                let named = |tied: &Arc<Tied>| tied.threads.participants().iter().position(|name| name == service);
                let participant = self.tying.tied().as_ref().and_then(named).map(|at| at as u16);
                (self.listed, self.facets) = (Listed::Threads, Facets { participant, ..Facets::default() });
                self.filter.clear();
            }
            Command::ShowFindings(kind) => {
                self.tying.want();
                (self.listed, self.facets) = (Listed::Findings, Facets { kind: *kind, ..Facets::default() });
                self.filter.clear();
            }
            Command::OpenThread(thread) if self.listed == Listed::Threads => self.chosen = Some(*thread),
            _ => {}
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(tied) = self.tying.tied() else { return };
        let events = tied.threads.events_taken() - tied.threads.loose();
        let threads = figures::of(tied.threads.len() as u64, "thread");
        let findings = figures::of(tied.diagnosed.findings.len() as u64, "finding");
        let notes = match tied.notes.len() {
            0 => String::new(),
            count => format!(" · {}", figures::of(count as u64, "note")),
        };
        let told = format!("{threads} of {} · {findings}{notes}", figures::of(events, "event"));
        let response = widgets::caption(ui, told);
        if !tied.notes.is_empty() {
            response.on_hover_ui(|ui| tied.notes.iter().for_each(|note| drop(ui.label(note))));
        }
        let behind = context.state.log.snapshot.as_ref().map_or(0, |now| tied.behind(now));
        if behind > 0 && !self.tying.is_busy() {
            let words = format!("{} since: tie again", figures::of(behind, "event"));
            if widgets::link(ui, &words).clicked() {
                context.send(Command::TieThreads);
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        if context.state.log.snapshot.is_none() {
            widgets::empty_state(ui, "No log is open", "Threads are tied of what has been read", None);
            return;
        }
        let Some(tied) = self.tying.tied() else {
            self.untied_ui(ui, context);
            return;
        };
        self.bar_ui(ui, &tied, context);
        match self.listed {
            Listed::Threads => self.threads_ui(ui, &tied, context),
            Listed::Findings => self.findings_ui(ui, &tied, context),
        }
    }
}

impl ThreadsPane {
    /// Before there are threads: what they are, and the button that makes them.
    fn untied_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        if let Some(job) = self.tying.job() {
            ui.add_space(crate::theme::size::INSET);
            super::form::job_ui(ui, job, context);
            return;
        }
        if let Some(why) = self.tying.failure() {
            widgets::error_line(ui, why);
        }
        let hint = "Events of one order or request are tied across topics by the ids that they share; each thread is held \
                    against its peers";
        if widgets::empty_state(ui, "No threads yet", hint, Some("Tie events into threads")) {
            context.send(Command::TieThreads);
        }
    }
}
