//! A view beside a copy of it that is kept elsewhere: what is missing there, extra or different.

mod form_ui;
mod rows;

use egui::Ui;
use fabula_core::copies::{DriftRow, Events};

use super::{Context, Pane, form};
use crate::command::Command;
use crate::comparison::{Compared, Found, compare, explain};
use crate::figures;
use crate::jobs::{Job, Title, Unit};
use crate::theme::{size, widgets};
use crate::whole_run::{Ended, WholeRun, shown_node};
use crate::zone::Clock;
use form_ui::CopyForm;
use rows::Listed;

/// The comparison of a view with a copy.
#[derive(Default)]
pub struct DriftPane {
    form: CopyForm,
    job: Option<Job<Result<Found, Ended>>>,
    listed: Option<Listed>,
    failure: Option<String>,
    /// The row that is looked at, and the events that made it.
    chosen: Option<usize>,
    explaining: Option<Job<Result<Events, Ended>>>,
    events: Option<Events>,
}

impl DriftPane {
    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        self.job.is_none() && self.explaining.is_none()
    }

    fn begin(&mut self, node: &str, with: Compared, context: &Context<'_>) {
        (self.failure, self.chosen, self.explaining, self.events) = (None, None, None, None);
        let Some(run) = WholeRun::of(context.state) else {
            self.failure = Some("the pipeline does not run: the canvas says why".to_owned());
            return;
        };
        let (node, title) = (node.to_owned(), Title::listed(format!("Comparing {node}"), Unit::Events));
        self.job = Some(context.jobs.spawn_blocking(title, move |progress| compare(&run, &node, &with, progress)));
    }

    fn explain(&mut self, row: DriftRow, found: Found, context: &Context<'_>) {
        let Some(run) = WholeRun::of(context.state) else { return };
        let title = Title::listed("Finding the events of a row", Unit::None);
        let work = move |progress: &crate::jobs::Progress| explain(&run, &found, &row, progress);
        self.explaining = Some(context.jobs.spawn_blocking(title, work));
    }

    fn take_in(&mut self, clock: &Clock) {
        if let Some(job) = &mut self.job {
            let found = match job.poll() {
                Some(found) => Some(found),
                None if job.is_lost() => Some(Err(Ended::Failed("the comparison came to no end".to_owned()))),
                None => None,
            };
            if let Some(found) = found {
                self.job = None;
                match found {
                    Ok(found) => self.listed = Some(Listed::of(found, clock)),
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

    /// What is known of the row that is looked at.
    fn chosen_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some((listed, row)) = self.listed.as_ref().zip(self.chosen) else { return };
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
                    let (row, found) = (row.clone(), listed.found.clone());
                    self.explain(row, found, context);
                }
            }
            Some(Events::Unknown(why)) => drop(widgets::error_line(ui, why)),
            Some(Events::MadeBy { count, named, .. }) => {
                ui.horizontal_wrapped(|ui| {
                    widgets::caption(ui, format!("made by {}:", figures::of(*count, "event")));
                    for at in named.iter().take(8).filter_map(|event| event.coordinates.as_ref()) {
                        if widgets::link(ui, &at.to_string()).clicked() {
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
        let clock = &context.state.clock;
        self.form.update();
        self.take_in(clock);
        // Another zone: the same rows with other times.
        if let Some(listed) = self.listed.take_if(|listed| !listed.is_by(clock)) {
            self.listed = Some(Listed::of(listed.found, clock));
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, _context: &Context<'_>) {
        if let Some(listed) = &self.listed {
            widgets::caption(ui, listed.counts());
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
        let asked = self.form.ui(ui, &node, self.job.as_ref(), self.failure.as_deref(), context);
        if let Some(with) = asked {
            self.begin(&node, with, context);
        }
        if self.listed.is_none() {
            return;
        }
        ui.horizontal(|ui| {
            ui.add_space(size::INSET);
            if let Some(listed) = &self.listed {
                ui.vertical(|ui| listed.facts_ui(ui));
            }
        });
        if self.chosen.is_some() {
            ui.horizontal(|ui| {
                ui.add_space(size::INSET);
                ui.vertical(|ui| self.chosen_ui(ui, context));
            });
            ui.add_space(size::GRID);
        }
        let Some(listed) = &self.listed else { return };
        if listed.found.drift.is_none() {
            return;
        }
        if let Some(row) = listed.grid.ui(ui, "Drift", self.chosen)
            && self.chosen != Some(row)
        {
            (self.chosen, self.explaining, self.events) = (Some(row), None, None);
        }
    }
}
