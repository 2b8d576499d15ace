//! The bar above the list: looking for an id, what is listed, what narrows it.

use std::sync::Arc;

use egui::{ComboBox, Frame, Margin, Ui};
use fabula_core::narrative::threads::diagnose::{Kind, Outcome};

use super::list::{By, Column, Facets, Listed};
use super::{ThreadsPane, Wanted};
use crate::figures;
use crate::panes::{Context, form};
use crate::state::Tied;
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
    pub(super) fn bar_ui(&mut self, ui: &mut Ui, tied: &Arc<Tied>, context: &Context<'_>) {
        let frame = Frame::new().fill(tokens(ui).pane).inner_margin(Margin::symmetric(size::INSET as i8, 3));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                if form::line(ui, "Find a thread", &mut self.looked_for, "Any id: an order, a trace, an event", 220.0) {
                    let id = self.looked_for.trim().to_owned();
                    if !id.is_empty() {
                        self.want(Wanted::Id(id));
                    }
                }
                let before = self.listed;
                let words = [(Listed::Threads, "All threads"), (Listed::Findings, "Findings")];
                form::choice(ui, &mut self.listed, &words);
                if before != self.listed {
                    self.by = By { column: Column::Start, largest_first: false };
                }
                self.facets_ui(ui, tied);
                if self.facets != Facets::default() && widgets::link(ui, "Show all").clicked() {
                    self.facets = Facets::default();
                }
                let rows = self.listing.last().map_or(0, |(_, listing)| listing.rows.len());
                widgets::caption(ui, format!("{} shown", figures::count(rows as u64)));
            });
            let listing = self.listing.last().map(|(_, listing)| (listing.failed, listing.mismatched));
            let (failed, mismatched) = listing.unwrap_or_default();
            self.filter.ui(ui, failed, mismatched);
            if let Some(job) = self.tying.job() {
                form::job_ui(ui, job, context);
            }
            for failure in [self.tying.failure(), self.not_found.as_deref()].into_iter().flatten() {
                widgets::error_line(ui, failure);
            }
        });
        let rect = ui.min_rect();
        widgets::hairline_h(ui, rect.x_range(), rect.bottom());
    }

    fn facets_ui(&mut self, ui: &mut Ui, tied: &Tied) {
        let outcomes: Vec<(Option<Outcome>, String)> = std::iter::once((None, "Any outcome".to_owned()))
            .chain(Outcome::ALL.iter().map(|outcome| (Some(*outcome), outcome_words(*outcome).to_owned())))
            .collect();
        pick(ui, "Outcome", &mut self.facets.outcome, &outcomes);
        let counted =
            |(kind, count): &(Kind, u64)| (Some(*kind), format!("{} · {}", kind.title(), figures::count(*count)));
        let kinds: Vec<(Option<Kind>, String)> =
            std::iter::once((None, "Any finding".to_owned())).chain(tied.kinds.iter().map(counted)).collect();
        pick(ui, "Kind of finding", &mut self.facets.kind, &kinds);
        let steps = tied.threads.steps();
        let mut last: Vec<(Option<u16>, String)> =
            steps.iter().enumerate().map(|(at, name)| (Some(at as u16), format!("ends with {name}"))).collect();
        last.sort_by(|one, other| one.1.cmp(&other.1));
        last.insert(0, (None, "Any end".to_owned()));
        pick(ui, "Last step", &mut self.facets.last, &last);
        let names = tied.threads.participants().iter().enumerate();
        let mut services: Vec<(Option<u16>, String)> =
            names.map(|(at, name)| (Some(at as u16), format!("with {name}"))).collect();
        services.sort_by(|one, other| one.1.cmp(&other.1));
        services.insert(0, (None, "Any service".to_owned()));
        pick(ui, "Service", &mut self.facets.participant, &services);
    }
}

/// One of several values, from a list.
fn pick<T: Copy + PartialEq>(ui: &mut Ui, name: &str, chosen: &mut Option<T>, offers: &[(Option<T>, String)]) {
    let shown = offers.iter().find(|(value, _)| value == chosen).map_or("…", |(_, words)| words.as_str());
    let list = ComboBox::from_id_salt(name).selected_text(shown).width(118.0).truncate().icon(widgets::list_mark);
    let response = list.show_ui(ui, |ui| {
        for (value, words) in offers {
            ui.selectable_value(chosen, *value, words);
        }
    });
    form::named(ui, &response.response, name);
}
