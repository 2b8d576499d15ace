//! The dialog that makes a recording of files: which field means what, and where the recording goes.

use std::path::{Path, PathBuf};

use egui::{Align, Layout, RichText, ScrollArea, Ui};
use fabula_core::log::import::{Format, ImportOptions, ImportReport, Sketch};

use super::dialog::title_ui;
use super::fields::{choice, edit, field, named, text};
use crate::command::Command;
use crate::figures;
use crate::files::{self, Ask};
use crate::jobs::Job;
use crate::panes::Context;
use crate::theme::{font, tokens, widgets};

/// Files that are to become a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportFiles {
    /// The files, in the order in which their events come.
    pub files: Vec<PathBuf>,
    /// Which field means what.
    pub options: ImportOptions,
    /// The recording's folder.
    pub folder: PathBuf,
}

/// The dialog that makes a recording of files, or that tells what came of it.
pub enum Import {
    /// It asks.
    Asking(Asking),
    /// It tells what could not be read.
    Told(Box<ImportReport>),
}

/// What is asked for.
pub struct Asking {
    files: Vec<PathBuf>,
    sketch: Sketch,
    topic: String,
    topic_field: Option<String>,
    key: Option<String>,
    time: Option<String>,
    folder: String,
    picked: Option<Job<Option<PathBuf>>>,
}

impl Import {
    /// Asks how a file is to be read.
    pub fn of(file: PathBuf, sketch: Sketch) -> Self {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = file.parent().unwrap_or(Path::new("")).join(format!("{name}-recording"));
        Self::Asking(Asking {
            files: vec![file],
            topic: if sketch.fields.is_empty() { String::new() } else { sketch.topic.clone() },
            topic_field: None,
            key: sketch.key.clone(),
            time: sketch.time.clone(),
            folder: folder.display().to_string(),
            sketch,
            picked: None,
        })
    }

    /// Adds a file to those that are asked about, if it is written in the same way.
    pub fn add(&mut self, file: &Path, sketch: &Sketch) -> bool {
        match self {
            Self::Asking(asking) if asking.sketch.format == sketch.format => {
                if !asking.files.iter().any(|known| known == file) {
                    asking.files.push(file.to_owned());
                }
                true
            }
            _ => false,
        }
    }

    /// Draws the dialog and says whether it is done with.
    pub fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) -> bool {
        match self {
            Self::Asking(asking) => asking.ui(ui, context),
            Self::Told(report) => report_ui(ui, report),
        }
    }
}

impl Asking {
    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) -> bool {
        if let Some(picked) = self.picked.as_mut().and_then(Job::poll) {
            self.picked = None;
            if let Some(folder) = picked {
                self.folder = folder.display().to_string();
            }
        }
        let mut closed = title_ui(ui, "Make a recording of files");
        ui.spacing_mut().item_spacing.y = 6.0;
        for file in &self.files {
            ui.label(RichText::new(file.display().to_string()).font(font::mono()).color(tokens(ui).text));
        }
        widgets::caption(ui, format_told(self.sketch.format));
        ui.add_space(6.0);
        if !self.sketch.fields.is_empty() {
            text(ui, "Topic", &mut self.topic, "the file's name");
            choice(ui, "Topic's field", &mut self.topic_field, "none: one topic for all", &self.sketch.fields);
            choice(ui, "Key", &mut self.key, "none: events have no key", &self.sketch.fields);
            choice(ui, "Time", &mut self.time, "none: events have no time", &self.sketch.fields);
        }
        field(ui, "Folder", |ui| {
            let width = ui.available_width() - 78.0;
            let response = ui.add(edit(ui, &mut self.folder, "where the recording goes").desired_width(width));
            named(&response, "Folder");
            if widgets::button(ui, "Choose…").clicked() {
                self.picked = Some(files::ask(context.jobs, Ask::NewRecording));
            }
        });
        ui.add_space(12.0);
        let untimed = self.time.is_none() && !self.sketch.fields.is_empty();
        widgets::caption(
            ui,
            if untimed {
                "Without a time the timeline has nothing to show: events keep their order only"
            } else {
                "The files stay as they are; what can't be read is named by its line"
            },
        );
        ui.add_space(12.0);
        buttons(ui, |ui| {
            ui.add_enabled_ui(!self.folder.trim().is_empty(), |ui| {
                if widgets::primary_button(ui, "Import").clicked() {
                    context.send(Command::ImportFiles(Box::new(self.asked())));
                    closed = true;
                }
            });
            if widgets::button(ui, "Cancel").clicked() {
                closed = true;
            }
        });
        closed
    }

    fn asked(&self) -> ImportFiles {
        let topic = Some(self.topic.trim().to_owned()).filter(|topic| !topic.is_empty() && self.topic_field.is_none());
        let options = ImportOptions {
            topic,
            topic_field: self.topic_field.clone(),
            key_field: self.key.clone(),
            time_field: self.time.clone(),
            ..ImportOptions::default()
        };
        ImportFiles { files: self.files.clone(), options, folder: PathBuf::from(self.folder.trim()) }
    }
}

fn format_told(format: Format) -> &'static str {
    match format {
        Format::Kcat => "Lines of kcat -J: each has its own topic, partition, offset, key and time",
        Format::Fabula => "Lines that Fabula wrote: each has its own topic, partition, offset, key and time",
        Format::JsonLines => "JSON, one value a line: say which fields are an event's key and time",
        Format::Csv => "Comma-separated values: say which columns are an event's key and time",
        Format::Parquet => "Parquet: say which columns are an event's key and time",
    }
}

/// What came of an import of which not everything could be read.
fn report_ui(ui: &mut Ui, report: &ImportReport) -> bool {
    let mut closed = title_ui(ui, "Imported, but not all of it");
    let events = figures::of(report.events, "event");
    let rest = match report.unread {
        0 => "some of them without what could not be read".to_owned(),
        unread => format!("{} could not be read", lines(unread)),
    };
    widgets::error_line(ui, &format!("{events} are in the recording; {rest}"));
    ui.add_space(8.0);
    ScrollArea::vertical().max_height(320.0).auto_shrink([false, true]).show_rows(
        ui,
        18.0,
        report.listed.len(),
        |ui, shown| {
            for unread in &report.listed[shown] {
                ui.label(RichText::new(unread.to_string()).font(font::mono()).color(tokens(ui).text_second));
            }
        },
    );
    let more = report.unread.saturating_sub(report.listed.len() as u64);
    if more > 0 {
        widgets::caption(ui, format!("and {} more", lines(more)));
    }
    ui.add_space(12.0);
    buttons(ui, |ui| {
        closed |= widgets::primary_button(ui, "Close").clicked();
        if widgets::button(ui, "Copy").clicked() {
            let all: Vec<String> = report.listed.iter().map(ToString::to_string).collect();
            ui.ctx().copy_text(all.join("\n"));
        }
    });
    closed
}

/// A row of buttons on the right, the first one outermost.
fn buttons(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| ui.with_layout(Layout::right_to_left(Align::Center), content));
}

fn lines(count: u64) -> String {
    figures::of(count, "line")
}
