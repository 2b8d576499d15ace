//! “Export…”: where a view goes, and how far that is.

use std::path::PathBuf;

use egui::{Frame, Margin, Ui};
use fabula_core::copies::Mode;
use fabula_core::log::kafka::Secret;

use crate::cli::run::Form;
use crate::export::{Export, export};
use crate::files;
use crate::jobs::{Job, Progress, Title, Unit};
use crate::panes::as_of::AsOf;
use crate::panes::made_of::MadeOf;
use crate::panes::{Context, form};
use crate::theme::{size, tokens, widgets};
use crate::whole_run::{Ended, shown_node};

/// The forms that can be chosen.
const FORMS: [(Form, &str); 6] = [
    (Form::Parquet, "Parquet"),
    (Form::Csv, "CSV"),
    (Form::Json, "JSON lines"),
    (Form::Arrow, "Arrow"),
    (Form::Sqlite, "SQLite"),
    (Form::Postgres, "PostgreSQL"),
];

/// The form above the rows, and what came of the last export.
pub(super) struct ExportForm {
    open: bool,
    form: Form,
    file: String,
    address: String,
    table: String,
    mode: Mode,
    key: String,
    as_of: AsOf,
    password: String,
    asks_password: bool,
    picked: Option<Job<Option<PathBuf>>>,
    job: Option<(Job<Result<String, Ended>>, MadeOf)>,
    /// What came of the last one, and what it was made of.
    done: Option<Result<(String, MadeOf), String>>,
}

impl Default for ExportForm {
    fn default() -> Self {
        Self {
            open: false,
            form: Form::Parquet,
            file: String::new(),
            address: String::new(),
            table: String::new(),
            mode: Mode::Replace,
            key: String::new(),
            as_of: AsOf::default(),
            password: String::new(),
            asks_password: false,
            picked: None,
            job: None,
            done: None,
        }
    }
}

impl ExportForm {
    /// Opens it, or shuts it.
    pub(super) fn toggle(&mut self) {
        self.open = !self.open;
    }

    /// Whether it is open.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether nothing is under way.
    pub(super) fn is_settled(&self) -> bool {
        self.job.is_none()
    }

    /// Takes in what came of an export.
    pub(super) fn update(&mut self) {
        if let Some(path) = self.picked.as_mut().and_then(Job::poll) {
            self.picked = None;
            if let Some(path) = path {
                self.file = path.display().to_string();
            }
        }
        let Some((job, _)) = &mut self.job else { return };
        let ended = match job.poll() {
            Some(ended) => ended,
            None if job.is_lost() => Err(Ended::Failed("the export came to no end".to_owned())),
            None => return,
        };
        let Some((_, made_of)) = self.job.take() else { return };
        self.done = Some(match ended {
            Ok(line) => Ok((line, made_of)),
            Err(Ended::Cancelled) => Err("cancelled; what was there before is there still".to_owned()),
            Err(Ended::Password(server)) => {
                self.asks_password = true;
                Err(format!("{server} asks for a password"))
            }
            Err(Ended::Failed(why)) => Err(why),
        });
    }

    /// Draws the form above what is left of the pane.
    pub(super) fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        if !self.open {
            return;
        }
        let frame = Frame::new().fill(tokens(ui).pane).inner_margin(Margin::symmetric(size::INSET as i8, 6));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            self.fields_ui(ui, context);
        });
        let bottom = ui.min_rect().bottom();
        widgets::hairline_h(ui, ui.max_rect().x_range(), bottom);
    }

    fn fields_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(node) = shown_node(context.state) else { return };
        ui.horizontal_wrapped(|ui| form::choice(ui, &mut self.form, &FORMS));
        let is_table = matches!(self.form, Form::Sqlite | Form::Postgres);
        let mut go = false;
        ui.horizontal_wrapped(|ui| {
            if self.form == Form::Postgres {
                form::name(ui, "Address");
                go |= form::line(ui, "Address", &mut self.address, "postgres://user@host:5432/database", 330.0);
                if self.asks_password {
                    form::name(ui, "Password");
                    go |= form::secret(ui, "Password", &mut self.password, 120.0);
                }
            } else {
                form::name(ui, "File");
                go |= form::line(ui, "File", &mut self.file, &format!("/home/me/{node}{}", ending(self.form)), 330.0);
                if widgets::button(ui, "Choose…").clicked() {
                    let name = format!("{node}{}", ending(self.form));
                    self.picked = Some(files::pick_new(context.jobs, "Export the view", name));
                }
            }
            if is_table {
                form::name(ui, "Table");
                go |= form::line(ui, "Table", &mut self.table, &node, 140.0);
            }
        });
        if is_table {
            ui.horizontal_wrapped(|ui| {
                let words = [(Mode::Replace, "Replace the table"), (Mode::Upsert, "Upsert by key")];
                form::choice(ui, &mut self.mode, &words);
                if self.mode == Mode::Upsert {
                    form::name(ui, "Key");
                    go |= form::line(ui, "Key", &mut self.key, "what tells the view's rows apart", 220.0);
                }
            });
        }
        ui.horizontal_wrapped(|ui| self.as_of.ui(ui, context));
        match &self.job {
            Some((job, _)) => form::job_ui(ui, job, context),
            None => {
                ui.horizontal(|ui| {
                    go |= widgets::primary_button(ui, "Export the view").clicked();
                    if !is_table {
                        widgets::caption(ui, "a file that is there is replaced when the new one is whole");
                    }
                });
                if go {
                    self.begin(&node, context);
                }
            }
        }
        match &self.done {
            Some(Ok((line, made_of))) => {
                widgets::good_line(ui, line);
                made_of.outdated_ui(ui, "What was exported", context.state);
            }
            Some(Err(why)) => drop(widgets::error_line(ui, why)),
            None => {}
        }
    }

    fn begin(&mut self, node: &str, context: &Context<'_>) {
        self.done = None;
        let Some(run) = self.as_of.run(context.state) else {
            self.done = Some(Err("the pipeline does not run: the canvas says why".to_owned()));
            return;
        };
        let place = if self.form == Form::Postgres { &self.address } else { &self.file };
        let to = Export {
            form: self.form,
            place: place.clone(),
            table: self.table.clone(),
            mode: self.mode,
            key: form::names(&self.key),
            password: Some(self.password.as_str()).filter(|text| !text.is_empty()).map(Secret::new),
        };
        let made_of = MadeOf::new(run.clone(), context.state);
        let (node, title) = (node.to_owned(), Title::listed(format!("Exporting {node}"), Unit::None));
        let work = move |progress: &Progress| export(&run, &node, &to, progress).map(|line| format!("{node}: {line}"));
        self.job = Some((context.jobs.spawn_blocking(title, work), made_of));
    }
}

fn ending(form: Form) -> &'static str {
    match form {
        Form::Parquet => ".parquet",
        Form::Csv => ".csv",
        Form::Json => ".jsonl",
        Form::Arrow => ".arrow",
        Form::Sqlite => ".sqlite",
        Form::Table | Form::Postgres => "",
    }
}
