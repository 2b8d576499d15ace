//! What a view is compared with.

use std::path::PathBuf;

use egui::{Frame, Margin, Ui};
use fabula_core::copies::Address;
use fabula_core::log::kafka::Secret;

use crate::comparison::Compared;
use crate::files;
use crate::jobs::Job;
use crate::panes::{Context, form};
use crate::theme::{size, tokens, widgets};

/// The fields that say it.
#[derive(Default)]
pub(super) struct CopyForm {
    copy: String,
    table: String,
    key: String,
    at: String,
    password: String,
    picked: Option<Job<Option<PathBuf>>>,
    /// Whether a server has asked for a password.
    pub(super) asks_password: bool,
}

impl CopyForm {
    /// Takes in the path that was chosen.
    pub(super) fn update(&mut self) {
        if let Some(path) = self.picked.as_mut().and_then(Job::poll) {
            self.picked = None;
            if let Some(path) = path {
                self.copy = path.display().to_string();
            }
        }
    }

    /// Draws it; gives what is to be compared, when somebody asks for it.
    pub(super) fn ui<T>(
        &mut self,
        ui: &mut Ui,
        node: &str,
        job: Option<&Job<T>>,
        failure: Option<&str>,
        context: &Context<'_>,
    ) -> Option<Compared> {
        let mut go = false;
        let frame = Frame::new().fill(tokens(ui).pane).inner_margin(Margin::symmetric(size::INSET as i8, 6));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                form::name(ui, "Copy");
                let hint = "a .csv, .jsonl, .parquet or .sqlite file, or postgres://user@host/database";
                go |= form::line(ui, "Copy", &mut self.copy, hint, 400.0);
                if widgets::button(ui, "Choose…").clicked() {
                    self.picked = Some(files::pick(context.jobs, "Compare with a copy"));
                }
                form::name(ui, "Table");
                go |= form::line(ui, "Table of the copy", &mut self.table, node, 120.0);
                if self.asks_password && Address::is_meant(&self.copy) {
                    form::name(ui, "Password");
                    go |= form::secret(ui, "Password of the copy", &mut self.password, 120.0);
                }
            });
            ui.horizontal_wrapped(|ui| {
                form::name(ui, "Matched by");
                let hint = "what tells the view's rows apart";
                go |= form::line(ui, "Matched by", &mut self.key, hint, 220.0);
                form::name(ui, "As of");
                let end = if context.state.cut.is_some() { "the cut on the canvas" } else { "the end" };
                go |= form::line(ui, "As of", &mut self.at, end, 200.0);
                match job {
                    Some(job) => form::job_ui(ui, job, context),
                    None => go |= widgets::primary_button(ui, "Compare").clicked(),
                }
            });
            if let Some(why) = failure {
                widgets::error_line(ui, why);
            }
        });
        (go && job.is_none()).then(|| Compared {
            copy: self.copy.clone(),
            table: self.table.clone(),
            key: form::names(&self.key),
            at: self.at.clone(),
            password: Some(self.password.as_str()).filter(|text| !text.is_empty()).map(Secret::new),
        })
    }
}
