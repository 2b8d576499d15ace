//! A view beside a copy of it that is kept elsewhere: what is missing there, extra or different.

mod form_ui;
mod rows;

use std::sync::Arc;

use egui::Ui;
use fabula_core::copies::{DriftRow, Events};

use super::made_of::MadeOf;
use super::{Context, Pane, form};
use crate::command::Command;
use crate::comparison::{Compared, compare, explain};
use crate::figures;
use crate::jobs::{Job, Progress, Title, Unit};
use crate::theme::{size, widgets};
use crate::whole_run::{Ended, WholeRun, shown_node};
use form_ui::CopyForm;
use rows::Listed;

/// The comparison of a view with a copy.
#[derive(Default)]
pub struct DriftPane {
    form: CopyForm,
    job: Option<(Job<Result<Listed, Ended>>, MadeOf)>,
    listed: Option<(Listed, MadeOf)>,
    /// The same rows with times of another zone.
    listing: Option<Job<Listed>>,
    failure: Option<String>,
    /// The row that is looked at, and the events that made it.
    chosen: Option<usize>,
    explaining: Option<Job<Result<Events, Ended>>>,
    events: Option<Events>,
}

impl DriftPane {
    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        self.job.is_none() && self.explaining.is_none() && self.listing.is_none()
    }

    fn begin(&mut self, node: &str, with: Compared, context: &Context<'_>) {
        (self.failure, self.chosen, self.explaining, self.events) = (None, None, None, None);
        self.listing = None;
        let Some(run) = WholeRun::of(context.state) else {
            self.failure = Some("the pipeline does not run: the canvas says why".to_owned());
            return;
        };
        let made_of = MadeOf::new(run.clone(), context.state);
        let (node, title) = (node.to_owned(), Title::listed(format!("Comparing {node}"), Unit::Events));
        let clock = context.state.clock.clone();
        let job = context.jobs.spawn_blocking(title, move |progress| {
            compare(&run, &node, &with, progress).map(|found| Listed::of(Arc::new(found), &clock))
        });
        self.job = Some((job, made_of));
    }

    /// Replays the run that the comparison was made of: what is there by now may be another pipeline, or more events.
    fn explain(&mut self, row: DriftRow, context: &Context<'_>) {
        let Some((listed, made_of)) = &self.listed else { return };
        let (run, found) = (made_of.run.clone(), Arc::clone(&listed.found));
        let title = Title::listed("Finding the events of a row", Unit::None);
        let work = move |progress: &Progress| explain(&run, &found, &row, progress);
        self.explaining = Some(context.jobs.spawn_blocking(title, work));
    }

    fn take_in(&mut self, context: &Context<'_>) {
        if let Some((job, _)) = &mut self.job {
            let found = match job.poll() {
                Some(found) => Some(found),
                None if job.is_lost() => Some(Err(Ended::Failed("the comparison came to no end".to_owned()))),
                None => None,
            };
            if let Some(found) = found {
                let made_of = self.job.take().map(|(_, made_of)| made_of);
                match found {
                    Ok(listed) => {
                        let was = std::mem::replace(&mut self.listed, made_of.map(|made_of| (listed, made_of)));
                        context.jobs.drop_aside(was);
                    }
                    Err(Ended::Cancelled) => self.failure = Some("cancelled".to_owned()),
                    Err(Ended::Failed(why)) => self.failure = Some(why),
                    Err(Ended::Password(server)) => {
                        self.form.asks_password = true;
                        self.failure = Some(format!("{server} asks for a password"));
                    }
                }
            }
        }
        if let Some(job) = &mut self.explaining {
            let events = match job.poll() {
                Some(Ok(events)) => events,
                Some(Err(Ended::Failed(why) | Ended::Password(why))) => Events::Unknown(why),
                Some(Err(Ended::Cancelled)) => Events::Unknown("cancelled".to_owned()),
                None if job.is_lost() => Events::Unknown("the search came to no end".to_owned()),
                None => return,
            };
            (self.explaining, self.events) = (None, Some(events));
        }
    }

    /// In another zone: the same rows with other times.
    fn follow_zone(&mut self, context: &Context<'_>) {
        if let Some(job) = &mut self.listing {
            match job.poll() {
                Some(again) => {
                    if let Some((listed, _)) = self.listed.as_mut().filter(|(known, _)| again.is_of(&known.found)) {
                        context.jobs.drop_aside(std::mem::replace(listed, again));
                    }
                }
                None if job.is_lost() => {}
                None => return,
            }
            self.listing = None;
        }
        let clock = &context.state.clock;
        if let Some((listed, _)) = self.listed.as_ref().filter(|(listed, _)| !listed.is_by(clock)) {
            let (found, clock) = (Arc::clone(&listed.found), clock.clone());
            let job = move |_: &Progress| Listed::of(found, &clock);
            self.listing = Some(context.jobs.spawn_blocking(Title::quiet("Listing what differs"), job));
        }
    }

    /// What is known of the row that is looked at.
    fn chosen_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(((listed, made_of), row)) = self.listed.as_ref().zip(self.chosen) else { return };
        let Some(row) = listed.found.drift.rows.get(listed.row_of(row)) else { return };
        if row.view.is_empty() {
            widgets::caption(ui, "No event of the log made this row: only the copy has it");
            return;
        }
        if let Some(job) = &self.explaining {
            form::job_ui(ui, job, context);
            return;
        }
        match &self.events {
            None => {
                if widgets::button(ui, "Which events made it?").clicked() {
                    let row = row.clone();
                    self.explain(row, context);
                }
            }
            Some(Events::Unknown(why)) => drop(widgets::error_line(ui, why)),
            Some(Events::MadeBy { count, named, .. }) => {
                ui.horizontal_wrapped(|ui| {
                    widgets::caption(ui, format!("made by {}:", figures::of(*count, "event")));
                    for at in named.iter().take(8).filter_map(|event| event.coordinates.as_ref()) {
                        // In another log something else stands there.
                        if !made_of.is_of_open_log(context.state) {
                            widgets::caption(ui, at.to_string());
                        } else if widgets::link(ui, &at.to_string()).clicked() {
                            context.send(Command::GoToEvent(at.clone()));
                        }
                    }
                    if *count > 8 {
                        widgets::caption(ui, "…");
                    }
                });
            }
        }
    }
}

impl Pane for DriftPane {
    fn update(&mut self, context: &Context<'_>) {
        self.form.update();
        self.take_in(context);
        self.follow_zone(context);
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        if let Some((listed, made_of)) = &self.listed {
            let outdated = made_of.outdated(context.state).map(|why| format!(" · {why}")).unwrap_or_default();
            widgets::caption(ui, format!("{}{outdated}", listed.counts()));
        }
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(node) = shown_node(context.state) else {
            let hint = "A pipeline's views can be compared with copies here; draw one on the canvas";
            if widgets::empty_state(ui, "No views yet", hint, Some("Open the canvas")) {
                context.send(Command::ShowPane(super::PaneKind::Canvas));
            }
            return;
        };
        let job = self.job.as_ref().map(|(job, _)| job);
        let asked = self.form.ui(ui, &node, job, self.failure.as_deref(), context);
        if let Some(with) = asked {
            self.begin(&node, with, context);
        }
        if self.listed.is_none() {
            return;
        }
        ui.horizontal(|ui| {
            ui.add_space(size::INSET);
            if let Some((listed, made_of)) = &self.listed {
                ui.vertical(|ui| {
                    made_of.outdated_ui(ui, "The comparison", context.state);
                    listed.facts_ui(ui);
                });
            }
        });
        if self.chosen.is_some() {
            ui.horizontal(|ui| {
                ui.add_space(size::INSET);
                ui.vertical(|ui| self.chosen_ui(ui, context));
            });
            ui.add_space(size::GRID);
        }
        let Some((listed, _)) = &self.listed else { return };
        if listed.found.drift.rows.is_empty() {
            return;
        }
        if let Some(row) = listed.grid.ui(ui, "Drift", self.chosen)
            && self.chosen != Some(row)
        {
            (self.chosen, self.explaining, self.events) = (Some(row), None, None);
        }
    }
}
