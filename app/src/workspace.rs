//! The workspace: what a person set up, in a file. It holds no secret and no event.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::chrome::connect::Profile;
use crate::jobs::{Job, Jobs, Title};
use crate::layout::Layout;
use crate::source::Depth;
use crate::state::{Document, History, Order, Series, State};
use crate::theme::Theme;
use crate::zone::Zone;

/// The version of the file that this program writes, and the last that it reads.
pub const VERSION: u32 = 1;

/// The file's ending.
pub const ENDING: &str = "fabula";

/// What a person set up.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Workspace {
    /// [`VERSION`].
    pub version: u32,
    /// The log that was open.
    #[serde(default)]
    pub log: Option<SavedLog>,
    /// How to reach clusters.
    #[serde(default)]
    pub connections: Vec<Profile>,
    /// Topics shown, columns, notes.
    #[serde(default)]
    pub document: Document,
    /// Each topic's colour.
    #[serde(default)]
    pub colours: Series,
    /// How things are shown.
    #[serde(default)]
    pub view: SavedView,
    /// Where the panes are.
    #[serde(default)]
    pub layout: Option<serde_json::Value>,
}

/// How things are shown.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct SavedView {
    /// Dark or light.
    pub theme: Theme,
    /// UTC or local.
    pub zone: Zone,
    /// Newest or oldest first.
    pub order: Order,
    /// How large everything is, in per cent.
    pub scale_percent: u16,
    /// Whether internal topics are listed.
    pub internal_topics: bool,
    /// How far back a topic of a cluster is read when it is first shown.
    pub first_read: Depth,
}

impl Default for SavedView {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            zone: Zone::default(),
            order: Order::default(),
            scale_percent: 100,
            internal_topics: false,
            first_read: Depth::default(),
        }
    }
}

/// A log by what it takes to open it again; without secrets.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SavedLog {
    /// The built-in sample.
    Sample {
        /// How many events it has.
        events: u64,
        /// What it is grown from.
        seed: u64,
    },
    /// A recording in a folder.
    Recording {
        /// The folder.
        path: PathBuf,
    },
    /// A cluster, by the title of its connection.
    Cluster {
        /// The title of one of [`Workspace::connections`].
        connection: String,
    },
}

impl Workspace {
    /// What is set up now.
    pub fn of(state: &State, layout: &Layout) -> Self {
        Self {
            version: VERSION,
            log: state.log.saved.clone(),
            connections: state.profiles.to_vec(),
            document: state.document.clone(),
            colours: state.series.clone(),
            view: SavedView {
                theme: state.theme,
                zone: state.clock.zone(),
                order: state.order,
                scale_percent: state.scale_percent,
                internal_topics: state.internal_shown,
                first_read: state.first_read,
            },
            layout: layout.to_saved(),
        }
    }

    /// Sets a window up as it was saved; which log to open is for the caller.
    pub fn restore(&self, state: &mut State, layout: &mut Layout) {
        state.profiles = self.connections.clone().into();
        state.document = self.document.clone();
        // What could be taken back was of another workspace.
        state.history = History::default();
        (state.cut, state.begins) = (None, None);
        state.follow_document();
        state.series = self.colours.clone();
        state.theme = self.view.theme;
        state.clock = state.clock.in_zone(self.view.zone);
        state.order = self.view.order;
        state.scale_percent = self.view.scale_percent.clamp(60, 240);
        state.internal_shown = self.view.internal_topics;
        state.first_read = self.view.first_read;
        *layout = self.layout.as_ref().map_or_else(Layout::default, Layout::from_saved);
    }

    /// Reads a workspace file.
    ///
    /// # Errors
    /// In one line, when it cannot be read, is not a workspace, or was written by a later version.
    pub fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        let found: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| format!("{shown} is not a workspace: {error}"))?;
        match found.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version > u64::from(VERSION) => {
                Err(format!("{shown} was written by a later Fabula (version {version}); use that one to open it"))
            }
            Some(_) => serde_json::from_value(found).map_err(|error| format!("{shown} is damaged: {error}")),
            None => Err(format!("{shown} is not a workspace: it names no version")),
        }
    }

    /// Writes a workspace file: aside first and then in its place, so that there is always a whole one.
    ///
    /// # Errors
    /// In one line, when it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("the workspace could not be saved to {}: {error}", path.display());
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let aside = path.with_extension(format!("{ENDING}.part"));
        let mut file = std::fs::File::create(&aside).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(&aside, path).map_err(failed)
    }
}

/// The file that the workspace is kept in when none was chosen.
pub fn default_file() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "fabula")?;
    Some(dirs.data_dir().join(format!("workspace.{ENDING}")))
}

/// Saves the workspace a moment after it changed, and says once when it cannot.
pub struct Keeper {
    path: Option<PathBuf>,
    due: Option<f64>,
    saving: Option<Job<Result<(), String>>>,
    refused: bool,
}

impl Keeper {
    const WAIT_SECONDS: f64 = 1.0;

    /// Keeps the workspace in a file, or nowhere.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, due: None, saving: None, refused: false }
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// From now on keeps the workspace in this file.
    pub fn move_to(&mut self, path: PathBuf) {
        self.path = Some(path);
        self.refused = false;
    }

    /// Something changed at `now`, in seconds.
    pub fn changed(&mut self, now: f64) {
        if self.path.is_some() {
            self.due = Some(now + Self::WAIT_SECONDS);
        }
    }

    /// Saves when it is time to. Gives what went wrong, the first time.
    pub fn update(&mut self, now: f64, jobs: &Jobs, workspace: impl FnOnce() -> Workspace) -> Option<String> {
        if let Some(saved) = self.saving.as_mut().and_then(Job::poll) {
            self.saving = None;
            let first = !std::mem::replace(&mut self.refused, saved.is_err());
            return saved.err().filter(|_| first);
        }
        let due = self.due?;
        if now < due {
            jobs.waker().wake_after(std::time::Duration::from_secs_f64(due - now));
        } else if self.saving.is_none() {
            self.due = None;
            self.save(jobs, workspace());
        }
        None
    }

    /// Saves at once.
    pub fn save(&mut self, jobs: &Jobs, workspace: Workspace) {
        let Some(path) = self.path.clone() else { return };
        self.saving = Some(jobs.spawn_blocking(Title::quiet("Saving the workspace"), move |_| workspace.write(&path)));
    }

    /// Whether a change has not been saved yet.
    pub fn is_due(&self) -> bool {
        self.due.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::state::Column;
    use crate::zone::Clock;

    fn state() -> State {
        State::new(Clock::new(Zone::Utc, jiff::tz::TimeZone::UTC), Theme::Dark)
    }

    #[test]
    fn a_workspace_comes_back_as_it_was() {
        let (mut state, layout) = (state(), Layout::default());
        state.apply(&Command::ToggleTheme);
        state.apply(&Command::ToggleTopic("orders".into()));
        state.apply(&Command::AddColumn(Column::Field("value.total".to_owned())));
        state.profiles = vec![Profile { name: "shop".to_owned(), ..Profile::default() }].into();
        let saved = Workspace::of(&state, &layout);
        let folder = std::env::temp_dir().join(format!("fabula-workspace-{}", std::process::id()));
        let path = folder.join("shop.fabula");
        saved.write(&path).expect("writes");
        let read = Workspace::read(&path).expect("reads");
        let (mut restored, mut restored_layout) = (self::state(), Layout::default());
        read.restore(&mut restored, &mut restored_layout);
        assert_eq!(restored_layout, layout);
        // The layout's shares are rounded when they are written; apart from them all is the same.
        let apart = |workspace: Workspace| Workspace { layout: None, ..workspace };
        assert_eq!(apart(read), apart(saved.clone()));
        assert_eq!(apart(Workspace::of(&restored, &restored_layout)), apart(saved));
        std::fs::remove_dir_all(&folder).expect("cleans up");
    }

    #[test]
    fn nothing_of_a_workspace_comes_back_in_the_next() {
        let (mut first, layout) = (state(), Layout::default());
        first.apply(&Command::SetPipeline(Some("version = 1\nname = \"mine\"\n".to_owned())));
        first.apply(&Command::ToggleTopic("orders".into()));
        first.apply(&Command::RunOverRange(crate::state::TimeRange::new(1_000_000, 9_000_000)));
        let second = Workspace::of(&state(), &layout);
        second.restore(&mut first, &mut Layout::default());
        assert_eq!(first.stretch(), crate::state::Stretch::default());
        first.apply(&Command::Undo);
        assert_eq!(first.document, second.document);
    }

    #[test]
    fn a_later_version_is_not_guessed_at() {
        let path = std::env::temp_dir().join(format!("fabula-later-{}.fabula", std::process::id()));
        std::fs::write(&path, r#"{"version": 99}"#).expect("writes");
        assert!(Workspace::read(&path).is_err_and(|error| error.contains("later")));
        std::fs::write(&path, "{}").expect("writes");
        assert!(Workspace::read(&path).is_err_and(|error| error.contains("not a workspace")));
        std::fs::remove_file(&path).expect("cleans up");
    }
}
