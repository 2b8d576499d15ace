//! The bar above the list: looking for an id, what is listed, what narrows it.

use std::borrow::Cow;
use std::sync::Arc;

use egui::{Frame, Margin, Ui};
use fabula_core::narrative::threads::diagnose::Outcome;

use super::facets::{Choice, Facets};
use super::list::{By, Listed, NAMED};
use super::looking::Wanted;
use super::pick_ui::pick;
use super::{Shown, ThreadsPane};
use crate::command::Command;
use crate::figures;
use crate::panes::{Context, form};
use crate::theme::{size, tokens, widgets};

/// An outcome as a person reads it.
pub(in crate::panes) fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Usual => "as its peers",
        Outcome::Open => "may go on",
        Outcome::Unusual => "unusual",
        Outcome::DeadLettered => "dead-lettered",
        Outcome::Incomplete => "incomplete",
    }
}

impl ThreadsPane {
    pub(super) fn bar_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let frame = Frame::new().fill(tokens(ui).pane).inner_margin(Margin::symmetric(size::INSET as i8, 3));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            // What does not fit beside the rest stands below it.
            ui.horizontal_wrapped(|ui| {
                self.find_ui(ui);
                self.listed_ui(ui);
                if self.shown == Shown::List {
                    self.facets_ui(ui, context);
                    self.counted_ui(ui, context);
                }
            });
            if self.shown == Shown::List {
                let listing = self.listing.last().map(|(_, listing)| (listing.failed, listing.mismatched));
                let (failed, mismatched) = listing.unwrap_or_default();
                self.filter.ui(ui, failed, mismatched);
            }
            if let Some(job) = self.tying.job() {
                form::job_ui(ui, job, context);
            }
            for failure in [self.tying.failure(), self.looking.failure.as_deref()].into_iter().flatten() {
                widgets::error_line(ui, failure);
            }
            self.several_ui(ui, context);
            self.notes_ui(ui);
        });
        let rect = ui.min_rect();
        widgets::hairline_h(ui, rect.x_range(), rect.bottom());
    }

    fn find_ui(&mut self, ui: &mut Ui) {
        let hint = "Any id: an order, a trace, an event";
        let focus = std::mem::take(&mut self.focus_find);
        if form::line_to_focus(ui, "Find a thread", &mut self.looked_for, hint, 220.0, focus) {
            let id = self.looked_for.trim().to_owned();
            if !id.is_empty() {
                self.want(Wanted::Id(id));
            }
        }
    }

    /// Which list is shown, or the fields that tie.
    fn listed_ui(&mut self, ui: &mut Ui) {
        let words = [(Listed::Threads, "All threads"), (Listed::Findings, "Findings")];
        for (listed, word) in words {
            let on = self.shown == Shown::List && self.listed == listed;
            if widgets::bar_toggle(ui, word, on).clicked() {
                self.list_of(listed);
            }
        }
        let on = self.shown == Shown::Fields;
        let fields = widgets::bar_toggle(ui, "Fields", on).on_hover_text("By which fields events are tied");
        if fields.clicked() {
            self.shown = if on { Shown::List } else { Shown::Fields };
        }
    }

    /// Lists threads, or findings.
    pub(super) fn list_of(&mut self, listed: Listed) {
        if self.listed != listed {
            (self.by, self.scroll) = (By::default(), Default::default());
        }
        (self.listed, self.shown) = (listed, Shown::List);
    }

    fn counted_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let on = self.in_range;
        let range = widgets::bar_toggle(ui, "In the marked range", on)
            .on_hover_text("Threads that overlap the range marked on the timeline, and findings in it");
        if range.clicked() {
            self.in_range = !on;
        }
        if self.narrows() && widgets::link(ui, "Show all").clicked() {
            (self.facets, self.in_range) = (Facets::default(), false);
        }
        let rows = self.listing.last().map_or(0, |(_, listing)| listing.rows.len());
        widgets::whole_caption(ui, &format!("{} shown", figures::count(rows as u64)));
        if self.in_range && context.state.marked.is_none() {
            widgets::whole_caption(ui, "mark a range on the timeline");
        }
        if self.listing.last().is_some_and(|(_, listing)| listing.is_unsorted) {
            let words = format!("more than {} are not sorted by name: narrow the list", figures::count(NAMED as u64));
            widgets::whole_caption(ui, &words);
        }
    }

    fn facets_ui(&mut self, ui: &mut Ui, _context: &Context<'_>) {
        let choices = self.choices.last().map(|(_, choices)| Arc::clone(choices)).unwrap_or_default();
        let facets = &mut self.facets;
        facet(ui, "Outcome", "Any outcome", &mut facets.outcome, &choices.outcomes);
        facet(ui, "Kind of finding", "Any finding", &mut facets.kind, &choices.kinds);
        facet(ui, "Last step", "Any end", &mut facets.last, &choices.lasts);
        facet(ui, "Service", "Any service", &mut facets.participant, &choices.participants);
        facet(ui, "Variant", "Any variant", &mut facets.variant, &choices.variants);
    }

    /// Which of several threads that an id leads to is open, and how to get to the next.
    fn several_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(several) = &self.looking.several else { return };
        let words = format!("“{}” leads to thread {} of {}", several.id, several.at + 1, several.threads.len());
        ui.horizontal(|ui| {
            widgets::whole_caption(ui, &words);
            if widgets::link(ui, "Next").on_hover_text(Command::NextOfId.info().tooltip).clicked() {
                context.send(Command::NextOfId);
            }
        });
    }

    /// What the threads lack or left out, while it is looked at.
    fn notes_ui(&mut self, ui: &mut Ui) {
        let Some(tied) = self.tying.tied().filter(|_| self.notes_shown) else { return };
        egui::ScrollArea::vertical().id_salt("notes").max_height(4.0 * size::ROW).auto_shrink([false, true]).show_rows(
            ui,
            size::ROW,
            tied.notes.len(),
            |ui, rows| {
                for note in tied.notes.get(rows).unwrap_or_default() {
                    widgets::caption(ui, note.as_str()).on_hover_text(note);
                }
            },
        );
    }
}

/// One of several values, from a list with how many threads each has.
fn facet<T: Clone + PartialEq>(ui: &mut Ui, name: &str, any: &str, chosen: &mut Option<T>, choices: &[Choice<T>]) {
    let known = chosen.as_ref().and_then(|chosen| choices.iter().find(|choice| choice.value == *chosen));
    let shown = match (&chosen, known) {
        (None, _) => any,
        (Some(_), Some(choice)) => choice.words.as_str(),
        (Some(_), None) => "none is like that",
    };
    let offer = |at: usize| match at.checked_sub(1).and_then(|at| choices.get(at)) {
        Some(choice) => (Cow::Borrowed(choice.words.as_str()), Cow::Owned(choice.figure())),
        None => (Cow::Borrowed(any), Cow::Borrowed("")),
    };
    if let Some(at) = pick(ui, name, shown, 118.0, choices.len() + 1, &offer) {
        *chosen = at.checked_sub(1).and_then(|at| choices.get(at)).map(|choice| choice.value.clone());
    }
}
