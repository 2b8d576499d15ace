//! One thread as a sequence: participants across, time down, what led to what, what is missing.

mod bar_ui;
mod drawing;
mod report;
mod sequence;
mod sequence_ui;
mod values_ui;
mod written;

use std::sync::Arc;

use egui::Ui;
use fabula_core::event::Coordinates;

use super::asking::{Asking, Same};
use super::{Context, Pane, PaneKind};
use crate::command::Command;
use crate::figures;
use crate::formats::Formats;
use crate::jobs::Title;
use crate::state::{Tale, Tied};
use crate::theme::widgets;
use report::Report;
use sequence::{Distances, Places};

/// So many events are shown by themselves in the story: each is a condition of the search.
const IN_STORY: usize = 200;

/// Shows one thread.
#[derive(Default)]
pub struct ThreadPane {
    sought: Option<Sought>,
    asking: Asking<(Same<Tied>, Sought), Result<Arc<Tale>, String>>,
    distances: Distances,
    values_shown: bool,
    places: Option<(Arc<Tale>, Distances, Arc<Places>)>,
    /// Where the chosen event is in the thread.
    chosen: Option<(Arc<Tale>, Coordinates, Option<usize>)>,
    /// Whether the chosen event is to be brought into sight.
    reveal: bool,
    seen: Option<Coordinates>,
    report: Report,
}

/// The thread that is to be shown.
#[derive(Clone)]
enum Sought {
    /// That of an event.
    Of(Coordinates),
    /// One that was shown already, among threads that were tied anew: by any of its events.
    Again(Arc<Tale>),
}

impl PartialEq for Sought {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Of(one), Self::Of(other)) => one == other,
            (Self::Again(one), Self::Again(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Sought {
    /// Finds the thread and reads it.
    fn tale(&self, tied: &Tied, formats: &Formats) -> Result<Arc<Tale>, String> {
        let thread = match self {
            Self::Of(at) => tied.threads.thread_at(at),
            Self::Again(tale) => tale.steps.iter().find_map(|step| tied.threads.thread_at(&step.at)),
        };
        let gone = || match self {
            Self::Of(at) => format!("{at} is in no thread any more: fields or topics that tie were changed"),
            Self::Again(tale) => {
                format!("thread {} is gone: none of its events is in a thread any more", tale.name)
            }
        };
        crate::tying::tale(tied, thread.ok_or_else(gone)?, formats).map(Arc::new)
    }
}

impl ThreadPane {
    /// The thread, as all panes see it.
    pub fn tale(&self) -> Option<Arc<Tale>> {
        self.asking.last().and_then(|(_, tale)| tale.as_ref().ok()).map(Arc::clone)
    }

    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        !self.asking.is_busy() && !self.report.is_busy()
    }

    fn places(&mut self, tale: &Arc<Tale>) -> Arc<Places> {
        if let Some((of, distances, places)) = &self.places
            && Arc::ptr_eq(of, tale)
            && *distances == self.distances
        {
            return Arc::clone(places);
        }
        let places = Arc::new(Places::of(tale, self.distances));
        self.places = Some((Arc::clone(tale), self.distances, Arc::clone(&places)));
        places
    }

    /// The place of the chosen event in the thread; looked for only when either is another.
    fn chosen(&mut self, tale: &Arc<Tale>, context: &Context<'_>) -> Option<usize> {
        let selected = &context.state.selection.as_ref()?.coordinates;
        if let Some((of, at, place)) = &self.chosen
            && Arc::ptr_eq(of, tale)
            && at == selected
        {
            return *place;
        }
        let place = tale.place_of(selected);
        self.chosen = Some((Arc::clone(tale), selected.clone(), place));
        place
    }

    /// Shows only the thread's events in the story, by a condition that names each.
    fn show_in_story(&self, context: &Context<'_>) {
        let Some(tale) = self.tale() else {
            context.send(Command::Notify("Open a thread first".to_owned()));
            return;
        };
        if tale.steps.len() > IN_STORY {
            let count = figures::of(tale.steps.len() as u64, "event");
            context.send(Command::Notify(format!("The thread has {count}: at most {IN_STORY} are shown in the story")));
            return;
        }
        let of = |step: &crate::state::TaleStep| {
            let topic = step.at.topic.replace('\'', "''");
            format!("(topic = '{topic}' AND partition = {} AND offset = {})", step.at.partition, step.at.offset)
        };
        let conditions: Vec<String> = tale.steps.iter().map(of).collect();
        context.send(Command::Search(conditions.join(" OR ")));
        if !context.state.search.filters {
            context.send(Command::ToggleFilter);
        }
    }
}

impl Pane for ThreadPane {
    fn update(&mut self, context: &Context<'_>) {
        self.asking.update();
        self.report.update(context);
        let Some(tied) = &context.state.tied else {
            self.sought = None;
            self.asking.forget();
            return;
        };
        // Threads have other numbers once more has been tied: the one that is looked at is found again by its events.
        if let Some(((_, answered), Ok(tale))) = self.asking.last()
            && tale.of != tied.number
            && self.sought.as_ref() == Some(answered)
        {
            self.sought = Some(Sought::Again(Arc::clone(tale)));
        }
        let Some(sought) = self.sought.clone() else { return };
        let (of, formats) = (Arc::clone(tied), context.state.formats.clone());
        let question = (Same(Arc::clone(tied)), sought.clone());
        let work = move |_: &crate::jobs::Progress| sought.tale(&of, &formats);
        self.asking.ask(question, context.jobs, Title::quiet("Thread"), work);
        let selected = context.state.selection.as_ref().map(|selection| &selection.coordinates);
        if selected != self.seen.as_ref() {
            self.seen = selected.cloned();
            self.reveal = true;
        }
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::OpenThread(at) => {
                self.sought = Some(Sought::Of(at.clone()));
                self.report.failure = None;
                self.reveal = true;
            }
            Command::CopyThread(form) => self.report.copy(self.tale(), *form, context),
            Command::SaveThread(form) => self.report.save(self.tale(), *form, context),
            Command::WriteThread(form, path) => self.report.write(self.tale(), *form, path.clone(), context),
            Command::ThreadInStory => self.show_in_story(context),
            Command::ToggleDistances => self.distances = self.distances.other(),
            Command::ShowThreadValues => self.values_shown = !self.values_shown,
            _ => {}
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, _context: &Context<'_>) {
        let Some(tale) = self.tale() else { return };
        let span = tale.span_ms().map(|(from, to)| {
            format!(" · {}", fabula_core::event::time::format_span_ns((to - from).saturating_mul(1_000_000)))
        });
        let events = figures::of(tale.steps.len() as u64, "event");
        let services = figures::of(tale.participants.len() as u64, "service");
        widgets::caption(ui, format!("{events} · {services}{}", span.unwrap_or_default()));
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let tale = match self.asking.last() {
            Some((_, Ok(tale))) => Arc::clone(tale),
            Some((_, Err(why))) => {
                let why = why.clone();
                widgets::error_line(ui, &why);
                return;
            }
            None => {
                let hint = "Choose an event and open its thread (Y), or choose a thread in the list of all";
                if widgets::empty_state(ui, "No thread is open", hint, Some("Show all threads")) {
                    context.send(Command::ShowPane(PaneKind::Threads));
                }
                return;
            }
        };
        self.bar_ui(ui, &tale, context);
        let rect = ui.available_rect_before_wrap();
        let places = self.places(&tale);
        let split = rect.left() + rect.width() * 0.56;
        let left = if self.values_shown { rect.with_max_x(split) } else { rect };
        let reveal = std::mem::take(&mut self.reveal);
        let chosen = self.chosen(&tale, context);
        sequence_ui::sequence_ui(ui, left, (&tale, &places), chosen, reveal, context);
        if self.values_shown {
            widgets::hairline_v(ui, split, rect.y_range());
            values_ui::values_ui(ui, rect.with_min_x(split + 1.0), &tale, context);
        }
    }
}
