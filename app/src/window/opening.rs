//! How a log comes to be open: from the command line, the workspace, a dialog, a dropped file.

use std::path::PathBuf;

use egui::{Align2, Id, LayerId, Order, Stroke, StrokeKind, Ui};

use super::{Start, Window};
use crate::chrome::Front;
use crate::chrome::connect::{Connect, Profile, Secrets, keychain};
use crate::chrome::import::{Import, ImportFiles};
use crate::command::Command;
use crate::figures;
use crate::files::{self, Ask, Found};
use crate::jobs::{Job, Progress, Title};
use crate::panes::PaneKind;
use crate::source::import::{Imported, import};
use crate::source::{News, Opening, Session};
use crate::theme::{font, size, tokens};
use crate::workspace::{SavedLog, Workspace};

/// What was asked for and is being waited for.
#[derive(Default)]
pub(super) struct Pending {
    asked: Option<(Ask, Job<Option<PathBuf>>)>,
    found: Vec<Job<Found>>,
    imported: Option<Job<Imported>>,
    workspace: Option<(PathBuf, Job<Result<Workspace, String>>)>,
    recalled: Option<(Profile, Job<Secrets>)>,
    kept: Option<Job<Result<(), String>>>,
    written: Option<Saving>,
}

/// A pipeline that is being written: to which file, what, and what came of it.
struct Saving {
    path: PathBuf,
    text: String,
    job: Job<Result<Option<String>, String>>,
}

impl Window {
    /// Opens what was asked for at the start, or what was open the last time.
    pub(super) fn start(&mut self, start: Start, last: Option<SavedLog>) {
        match start {
            Start::Nothing => {}
            Start::Sample { events, seed } => self.open(Opening::Sample { events, seed }),
            Start::Path(path) => self.look_at(path),
            Start::Cluster(settings) => self.open(Opening::Settings(settings)),
            Start::Last => match last {
                Some(saved) => self.open_saved(saved),
                None => self.open(Opening::sample()),
            },
        }
    }

    /// Opens a log in place of the one that is open.
    pub(super) fn open(&mut self, opening: Opening) {
        if let Some(session) = self.session.take() {
            session.close(&mut self.state, &self.jobs);
        }
        self.session = Some(Session::open(opening, &mut self.state, &self.jobs));
    }

    fn open_saved(&mut self, saved: SavedLog) {
        match saved {
            SavedLog::Sample { events, seed } => self.open(Opening::Sample { events, seed }),
            SavedLog::Recording { path } => self.open(Opening::Recording(path)),
            SavedLog::Cluster { connection } => {
                let known = self.state.profiles.iter().find(|profile| profile.title() == connection);
                let Some(profile) = known.cloned() else { return };
                let asked = profile.clone();
                let title = Title::quiet("Reading the keychain");
                let job = self.jobs.spawn_blocking(title, move |_| keychain::recall(&asked));
                self.pending.recalled = Some((profile, job));
            }
        }
    }

    /// Connects to a cluster, and remembers how for the next time.
    pub(super) fn connect_to(&mut self, profile: &Profile, secrets: &Secrets) {
        let mut profiles = self.state.profiles.to_vec();
        match profiles.iter_mut().find(|known| known.title() == profile.title()) {
            Some(known) => known.clone_from(profile),
            None => profiles.push(profile.clone()),
        }
        self.state.profiles = profiles.into();
        let (kept, theirs) = (profile.clone(), secrets.clone());
        let title = Title::quiet("Writing to the keychain");
        self.pending.kept = Some(self.jobs.spawn_blocking(title, move |_| keychain::keep(&kept, &theirs)));
        self.open(Opening::Cluster { profile: Box::new(profile.clone()), secrets: secrets.clone() });
    }

    pub(super) fn forget(&mut self, title: &str) {
        let (gone, left): (Vec<Profile>, Vec<Profile>) =
            self.state.profiles.iter().cloned().partition(|profile| profile.title() == title);
        self.state.profiles = left.into();
        for profile in gone {
            let title = Title::quiet("Clearing the keychain");
            let job = self.jobs.spawn_blocking(title, move |_| {
                keychain::forget(&profile);
                Ok(())
            });
            self.pending.kept = Some(job);
        }
    }

    /// The connect dialog, with how the open log was reached if it is a cluster.
    pub(super) fn ask_to_connect(&mut self) {
        let connect = match self.session.as_ref().map(Session::opening) {
            Some(Opening::Cluster { profile, secrets }) => Connect::with((**profile).clone(), secrets.clone()),
            _ => Connect::default(),
        };
        self.front = Front::Connect(Box::new(connect));
    }

    pub(super) fn ask(&mut self, what: Ask) {
        self.pending.asked = Some((what, files::ask(&self.jobs, what)));
    }

    /// Finds out what a path is, and opens it.
    pub(super) fn look_at(&mut self, path: PathBuf) {
        let title = Title::quiet("Looking at a file");
        self.pending.found.push(self.jobs.spawn_blocking(title, move |_| files::look_at(&path)));
    }

    fn read_workspace(&mut self, path: PathBuf) {
        let read = path.clone();
        let title = Title::quiet("Reading a workspace");
        self.pending.workspace = Some((path, self.jobs.spawn_blocking(title, move |_| Workspace::read(&read))));
    }

    /// Takes in what was waited for.
    pub(super) fn take_pending(&mut self) {
        if let Some((what, job)) = &mut self.pending.asked
            && let Some(path) = job.poll()
        {
            let what = *what;
            self.pending.asked = None;
            if let Some(path) = path {
                self.take_path(what, path);
            }
        }
        let mut found = Vec::new();
        self.pending.found.retain_mut(|job| match job.poll() {
            Some(it) => {
                found.push(it);
                false
            }
            None => !job.is_lost(),
        });
        found.into_iter().for_each(|found| self.take_found(found));
        if let Some(imported) = self.pending.imported.as_mut().and_then(Job::poll) {
            self.pending.imported = None;
            self.take_imported(imported);
        }
        if let Some((path, job)) = &mut self.pending.workspace
            && let Some(read) = job.poll()
        {
            let path = path.clone();
            self.pending.workspace = None;
            self.take_workspace(path, read);
        }
        if let Some((profile, job)) = &mut self.pending.recalled
            && let Some(secrets) = job.poll()
        {
            let profile = profile.clone();
            self.pending.recalled = None;
            self.take_recalled(profile, secrets);
        }
        if let Some(written) = self.pending.written.as_mut().and_then(|saving| saving.job.poll())
            && let Some(Saving { path, text, .. }) = self.pending.written.take()
        {
            let shown = path.display();
            let said = match &written {
                Ok(None) => format!("Pipeline saved to {shown}"),
                Ok(Some(_)) => {
                    format!("{shown} was changed elsewhere: save again to write over it, or as another file")
                }
                Err(error) => error.clone(),
            };
            self.commands.send(Command::Notify(said));
            if let Ok(other) = written {
                self.pipelines_read.insert(path, other.unwrap_or(text));
            }
        }
        if let Some(Err(error)) = self.pending.kept.as_mut().and_then(Job::poll) {
            self.commands.send(Command::Notify(error));
        }
    }

    fn take_path(&mut self, what: Ask, path: PathBuf) {
        match what {
            Ask::Recording | Ask::Events => self.look_at(path),
            Ask::Workspace => self.read_workspace(path),
            Ask::NewRecording => {
                if let Some(session) = &mut self.session {
                    session.keep(path, &self.jobs);
                }
            }
            Ask::Pipeline => self.look_at(path),
            Ask::NewPipeline => {
                // The dialog has asked whether what is there may go.
                self.pipelines_read.remove(&path);
                self.state.pipeline_saved_in(&path);
                self.save_pipeline();
            }
            Ask::NewWorkspace => {
                self.keeper.move_to(path);
                self.save_workspace();
            }
        }
    }

    fn take_found(&mut self, found: Found) {
        match found {
            Found::Recording(folder) => self.open(Opening::Recording(folder)),
            Found::Workspace(path) => self.read_workspace(path),
            Found::Connection(file) => {
                let (profile, secrets) = Profile::from_properties(&file.name, &file.properties);
                let connect = match file.notes.first() {
                    Some(note) => Connect::with_error(profile, secrets, note.clone()),
                    None => Connect::with(profile, secrets),
                };
                self.front = Front::Connect(Box::new(connect));
            }
            Found::Pipeline(path, text) => {
                if self.session.is_none() {
                    // A pipeline alone shows nothing: it runs over the sample until another log is opened.
                    self.open(Opening::sample());
                }
                self.pipelines_read.insert(path.clone(), text.clone());
                self.commands.send(Command::PutPipeline(text, Some(path)));
                self.commands.send(Command::ShowPane(PaneKind::Canvas));
                self.commands.send(Command::ShowPane(PaneKind::View));
            }
            Found::Events(path, sketch) => {
                let added = match &mut self.front {
                    Front::Import(import) => import.add(&path, &sketch),
                    _ => false,
                };
                if !added {
                    self.front = Front::Import(Box::new(Import::of(path, sketch)));
                }
            }
            Found::Unknown(why) => self.commands.send(Command::Notify(why)),
        }
    }

    /// Makes a recording of files, and opens it then.
    pub(super) fn import(&mut self, asked: ImportFiles) {
        self.pending.imported = Some(import(asked, &self.jobs));
    }

    fn take_imported(&mut self, imported: Imported) {
        match imported {
            Ok((folder, report)) => {
                let said = format!("{} imported into {}", figures::of(report.events, "event"), folder.display());
                self.open(Opening::Recording(folder));
                if report.listed.is_empty() {
                    self.commands.send(Command::Notify(said));
                } else {
                    self.front = Front::Import(Box::new(Import::Told(Box::new(report))));
                }
            }
            Err(error) => self.commands.send(Command::Notify(error)),
        }
    }

    fn take_workspace(&mut self, path: PathBuf, read: Result<Workspace, String>) {
        match read {
            Ok(workspace) => {
                workspace.restore(&mut self.state, &mut self.layout);
                self.commands.send(Command::FitCanvas);
                self.keeper.move_to(path);
                if let Some(saved) = workspace.log {
                    self.open_saved(saved);
                }
            }
            Err(error) => self.commands.send(Command::Notify(error)),
        }
    }

    fn take_recalled(&mut self, profile: Profile, secrets: Secrets) {
        match profile.missing_secrets(&secrets).first() {
            None => self.open(Opening::Cluster { profile: Box::new(profile), secrets }),
            Some((_, name)) => {
                let asked = format!("{} needs the {}", profile.title(), name.to_lowercase());
                self.front = Front::Connect(Box::new(Connect::with_error(profile, secrets, asked)));
            }
        }
    }

    /// Saves the pipeline where it came from, or asks where.
    pub(super) fn save_pipeline(&mut self) {
        let Some(text) = self.state.document.pipeline.clone() else {
            self.commands.send(Command::Notify("There is no pipeline to save".to_owned()));
            return;
        };
        let Some(path) = self.state.document.pipeline_file.clone() else {
            self.ask(Ask::NewPipeline);
            return;
        };
        if self.pending.written.is_some() {
            // One after the other, or the second would take what the first wrote for somebody else's.
            self.commands.send(Command::SavePipeline);
            return;
        }
        let known = self.pipelines_read.get(&path).cloned();
        let (to, written) = (path.clone(), text.clone());
        let job = move |_: &Progress| files::write_over(&to, known.as_deref(), &written);
        let job = self.jobs.spawn_blocking(Title::quiet("Saving the pipeline"), job);
        self.pending.written = Some(Saving { path, text, job });
    }

    pub(super) fn save_workspace(&mut self) {
        self.keeper.save(&self.jobs, Workspace::of(&self.state, &self.layout));
        let file = self.keeper.path().map(|path| path.display().to_string()).unwrap_or_default();
        self.commands.send(Command::Notify(format!("Workspace saved to {file}")));
    }

    /// What a session said: a connection that failed is shown where it can be mended.
    pub(super) fn hear_news(&mut self, news: Vec<News>, now: f64) {
        for piece in news {
            match piece {
                News::Said(text) => self.notices.add(now, text),
                News::Failed(error) => {
                    let opening = self.session.as_ref().map(Session::opening);
                    if let Some(Opening::Cluster { profile, secrets }) = opening {
                        let connect = Connect::with_error((**profile).clone(), secrets.clone(), error);
                        self.front = Front::Connect(Box::new(connect));
                    }
                }
                News::Kept(folder) => {
                    self.notices.add(now, format!("Kept in {}", folder.display()));
                    self.keeper.changed(now);
                }
            }
        }
    }
}

/// Says that what is held over the window can be dropped.
pub(super) fn drop_hint_ui(ui: &Ui) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let tokens = tokens(ui);
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Tooltip, Id::new("drop hint")));
    let rect = ui.ctx().content_rect();
    painter.rect_filled(rect, 0.0, tokens.scrim);
    let inner = rect.shrink(12.0);
    let stroke = Stroke::new(2.0, tokens.accent);
    painter.rect_stroke(inner, f32::from(size::RADIUS_LARGE), stroke, StrokeKind::Inside);
    let text = "Drop a recording, events to import, a pipeline, a workspace or connection properties";
    painter.text(rect.center(), Align2::CENTER_CENTER, text, font::title(), tokens.text);
}
