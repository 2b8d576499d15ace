//! All threads of what has been read, and everything that is unusual about them: lists to sort, to narrow, to open from.

mod bar_ui;
mod cells;
mod facets;
mod fields_ui;
mod filter;
mod list;
mod list_ui;
mod looking;
mod pick_ui;
mod tie;

use std::sync::Arc;

use egui::Ui;

use super::asking::{Asking, Same};
use super::story::scroll::Scroll;
use super::{Context, Pane};
use crate::command::Command;
use crate::figures;
use crate::jobs::Title;
use crate::state::Tied;
use crate::theme::widgets;
use facets::{Choices, Facets};
use fields_ui::Fields;
use filter::{Condition, Filter};
use list::{By, Lines, Listed, Listing, Mark};
use looking::{Looking, Wanted};

pub(super) use bar_ui::outcome_words;
pub(super) use cells::kind_color;
use tie::Tying;

/// What decides which rows are listed, and in which order.
type Question = (Same<Tied>, Listed, Facets, Option<Same<Condition>>, By);

/// What the pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Shown {
    /// Threads or findings.
    #[default]
    List,
    /// The fields that tie.
    Fields,
}

/// Lists threads and findings.
#[derive(Default)]
pub struct ThreadsPane {
    tying: Tying,
    shown: Shown,
    fields: Fields,
    listed: Listed,
    facets: Facets,
    /// Whether only what lies in the marked range is listed.
    in_range: bool,
    filter: Filter,
    by: By,
    scroll: Scroll,
    choices: Asking<Same<Tied>, Arc<Choices>>,
    listing: Asking<Question, Arc<Listing>>,
    lines: Asking<(Same<Tied>, Vec<u32>), Arc<Lines>>,
    /// What somebody looks for.
    looked_for: String,
    focus_find: bool,
    looking: Looking,
    notes_shown: bool,
    /// The thread, and the finding, that were opened last.
    marks: [Option<Mark>; 2],
    /// Where the mark is in a listing.
    marked: Option<(Arc<Listing>, Mark, Option<usize>)>,
    placing: Asking<(Same<Listing>, Mark), Option<usize>>,
}

impl ThreadsPane {
    /// The threads, as all panes see them.
    pub fn tied(&self) -> Option<Arc<Tied>> {
        self.tying.tied()
    }

    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        let asking = self.choices.is_busy() || self.listing.is_busy() || self.lines.is_busy() || self.placing.is_busy();
        !self.tying.is_busy() && !self.looking.is_busy() && !asking
    }

    /// Whether anything but the filter narrows the list.
    fn narrows(&self) -> bool {
        self.in_range || self.facets != Facets::default()
    }

    /// Puts the list in its order again when anything that decides about it has changed.
    fn list(&mut self, context: &Context<'_>) {
        self.choices.update();
        self.listing.update();
        self.lines.update();
        let Some(tied) = self.tying.tied() else {
            self.choices.forget();
            self.listing.forget();
            self.lines.forget();
            return;
        };
        let of = Arc::clone(&tied);
        let count = move |progress: &crate::jobs::Progress| Arc::new(Choices::of(&of, progress));
        self.choices.ask(Same(Arc::clone(&tied)), context.jobs, Title::quiet("Threads"), count);
        let range = context.state.marked.filter(|_| self.in_range);
        let facets = Facets { range, ..self.facets.clone() };
        let (listed, by, condition) = (self.listed, self.by, self.filter.condition.clone());
        let question = (Same(Arc::clone(&tied)), listed, facets.clone(), condition.clone().map(Same), by);
        let work = move |progress: &crate::jobs::Progress| {
            Arc::new(Listing::of(tied, listed, &facets, condition.as_deref(), by, progress))
        };
        self.listing.ask(question, context.jobs, Title::quiet("Threads"), work);
    }

    /// Finds the row of what was opened last, whenever the list is another.
    fn place(&mut self, context: &Context<'_>) {
        self.placing.update();
        let (Some(listing), Some(mark)) = (self.listing(), self.marks[self.listed as usize].clone()) else { return };
        let known = self.marked.as_ref();
        if known.is_some_and(|(of, known, _)| Arc::ptr_eq(of, &listing) && *known == mark) {
            return;
        }
        let question = (Same(Arc::clone(&listing)), mark.clone());
        let (of, sought) = (Arc::clone(&listing), mark.clone());
        self.placing.ask(question, context.jobs, Title::quiet("Threads"), move |_| of.row_of(&sought));
        if let Some(row) = self.placing.answer() {
            self.marked = Some((listing, mark, *row));
        }
    }

    /// The row of what was opened last.
    fn chosen_row(&self, listing: &Arc<Listing>) -> Option<usize> {
        let (of, mark, row) = self.marked.as_ref()?;
        let is_this = Arc::ptr_eq(of, listing) && self.marks[listing.listed as usize].as_ref() == Some(mark);
        row.filter(|_| is_this)
    }

    /// Marks a row as the one that was opened last.
    fn mark(&mut self, listing: &Arc<Listing>, row: usize) {
        let Some(mark) = listing.mark(row) else { return };
        self.marks[listing.listed as usize] = Some(mark.clone());
        self.marked = Some((Arc::clone(listing), mark, Some(row)));
    }
}

impl Pane for ThreadsPane {
    fn update(&mut self, context: &Context<'_>) {
        self.tying.update(context);
        self.look(context);
        self.list(context);
        self.place(context);
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::TieThreads => {
                self.tying.again();
                self.looking.failure = None;
            }
            Command::FindThread(id) => self.want(Wanted::Id(id.clone())),
            Command::ThreadOf(at) => self.want(Wanted::Event(at.clone())),
            Command::ThreadOfEvent => match &context.state.selection {
                Some(selection) => self.want(Wanted::Event(selection.coordinates.clone())),
                None => context.send(Command::Notify("Choose an event first".to_owned())),
            },
            Command::ThreadsOfService(service) => {
                self.list_of(Listed::Threads);
                let facets = Facets { participant: Some(Arc::clone(service)), ..Facets::default() };
                (self.facets, self.in_range) = (facets, false);
                self.filter.clear();
            }
            Command::NextOfId => self.next_of_id(context),
            Command::ShowFindings(kind) => {
                self.tying.want();
                self.list_of(Listed::Findings);
                (self.facets, self.in_range) = (Facets { kind: *kind, ..Facets::default() }, false);
                self.filter.clear();
            }
            Command::LookForThread => {
                self.tying.want();
                self.focus_find = true;
            }
            Command::FilterThreads => {
                self.tying.want();
                self.shown = Shown::List;
                self.filter.focus();
            }
            Command::ToggleFindings => {
                let other = if self.listed == Listed::Threads { Listed::Findings } else { Listed::Threads };
                self.list_of(other);
            }
            Command::SortThreads => self.sort_by_next(),
            Command::ThreadsInRange => (self.in_range, self.shown) = (!self.in_range, Shown::List),
            Command::ShowTyingFields => {
                self.tying.want();
                self.shown = if self.shown == Shown::Fields { Shown::List } else { Shown::Fields };
            }
            Command::OpenThread(at) => self.marks[Listed::Threads as usize] = Some(Mark::Thread(at.clone())),
            _ => {}
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(tied) = self.tying.tied() else { return };
        let events = tied.threads.events_taken() - tied.threads.loose();
        let threads = figures::of(tied.threads.len() as u64, "thread");
        let findings = figures::of(tied.diagnosed.findings.len() as u64, "finding");
        if !tied.notes.is_empty() {
            let words = figures::of(tied.notes.len() as u64, "note");
            if widgets::link(ui, &words).on_hover_text("What the threads lack or left out").clicked() {
                self.notes_shown = !self.notes_shown;
            }
        }
        widgets::caption(ui, format!("{threads} of {} · {findings}", figures::of(events, "event")));
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
        if self.tying.has_no_topics() && self.shown == Shown::List {
            self.no_topics_ui(ui, context);
            return;
        }
        if self.tying.tied().is_none() && self.shown == Shown::List {
            self.untied_ui(ui, context);
            return;
        }
        self.bar_ui(ui, context);
        match self.shown {
            Shown::List => self.rows_ui(ui, context),
            Shown::Fields => self.fields_ui(ui, context),
        }
    }
}

impl ThreadsPane {
    /// While no topic takes part: what to do about it.
    fn no_topics_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        if let Some(why) = &self.looking.failure {
            widgets::error_line(ui, why);
        }
        let hidden = context.state.document.shown.is_empty();
        let (hint, button) = match hidden {
            true => ("Threads are tied of the topics that are shown, and none is", "Show all topics"),
            false => ("Every topic that is shown is kept out of threads", "Change which take part"),
        };
        if widgets::empty_state(ui, "Show topics first", hint, Some(button)) {
            context.send(if hidden { Command::ShowAllTopics } else { Command::ShowTyingFields });
        }
    }

    /// Before there are threads: what they are, and the button that makes them.
    fn untied_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        if let Some(job) = self.tying.job() {
            ui.add_space(crate::theme::size::INSET);
            super::form::job_ui(ui, job, context);
            return;
        }
        for why in [self.tying.failure(), self.looking.failure.as_deref()].into_iter().flatten() {
            widgets::error_line(ui, why);
        }
        let hint = "Events of one order or request are tied across topics by the ids that they share; each thread is held \
                    against its peers";
        if widgets::empty_state(ui, "No threads yet", hint, Some("Tie events into threads")) {
            context.send(Command::TieThreads);
        }
    }
}
