//! Files a person chooses or drops: asked for in the system's own dialogs, looked at in jobs.

use std::path::{Path, PathBuf};

use fabula_core::log::import::{Sketch, sketch};
use fabula_core::log::kafka::Settings;

use crate::jobs::{Job, Jobs, Title};
use crate::workspace;

/// The properties in a connection file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// What to call the connection: the file's name without its ending.
    pub name: String,
    /// librdkafka's properties, secrets among them.
    pub properties: Vec<(String, String)>,
    /// What was left out, and why, in one line each.
    pub notes: Vec<String>,
}

/// What a dropped or chosen path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A recording, by its folder.
    Recording(PathBuf),
    /// A workspace file.
    Workspace(PathBuf),
    /// Connection properties.
    Connection(Properties),
    /// A pipeline's file and its text.
    Pipeline(PathBuf, String),
    /// A file of events, and what it looks like.
    Events(PathBuf, Sketch),
    /// Nothing that can be opened, and why, in one line.
    Unknown(String),
}

/// What a dialog asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// A recording's folder to open.
    Recording,
    /// A folder to keep a recording in.
    NewRecording,
    /// A workspace file to open.
    Workspace,
    /// A workspace file to save to.
    NewWorkspace,
    /// A pipeline's file to open.
    Pipeline,
    /// A file to save a pipeline to.
    NewPipeline,
    /// A file of events.
    Events,
}

/// Asks for a path in the system's dialog; `None` when the person thought better of it.
pub fn ask(jobs: &Jobs, what: Ask) -> Job<Option<PathBuf>> {
    // The dialog is made here because some systems want that on the window's thread; the waiting is done in a job.
    let dialog = rfd::AsyncFileDialog::new();
    let workspace = |dialog: rfd::AsyncFileDialog| dialog.add_filter("Fabula workspace", &[workspace::ENDING]);
    let pipeline = |dialog: rfd::AsyncFileDialog| dialog.add_filter("Pipeline", &["toml"]);
    let picking: std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> = match what {
        Ask::Recording => Box::pin(dialog.set_title("Open a recording").pick_folder()),
        Ask::NewRecording => Box::pin(dialog.set_title("Keep as a recording").pick_folder()),
        Ask::Workspace => Box::pin(workspace(dialog.set_title("Open a workspace")).pick_file()),
        Ask::Pipeline => Box::pin(pipeline(dialog.set_title("Open a pipeline")).pick_file()),
        Ask::Events => {
            let endings = ["json", "jsonl", "ndjson", "kcat", "csv", "tsv", "parquet"];
            let dialog = dialog.set_title("Import a file").add_filter("Events", &endings);
            Box::pin(dialog.add_filter("All files", &["*"]).pick_file())
        }
        Ask::NewPipeline => {
            let dialog = dialog.set_title("Save the pipeline").set_file_name("pipeline.toml");
            Box::pin(pipeline(dialog).save_file())
        }
        Ask::NewWorkspace => {
            let dialog = dialog.set_title("Save the workspace").set_file_name(format!("shop.{}", workspace::ENDING));
            Box::pin(workspace(dialog).save_file())
        }
    };
    jobs.spawn(Title::quiet("Asking for a path"), |_| async move {
        let picked = picking.await;
        picked.map(|file| file.path().to_owned())
    })
}

/// Asks for a file to write to, offering a name; the dialog itself asks whether one that is there may be replaced.
pub fn pick_new(jobs: &Jobs, title: &str, name: String) -> Job<Option<PathBuf>> {
    let picking = rfd::AsyncFileDialog::new().set_title(title).set_file_name(name).save_file();
    jobs.spawn(Title::quiet("Asking for a path"), |_| async move { picking.await.map(|file| file.path().to_owned()) })
}

/// Asks for a file to read.
pub fn pick(jobs: &Jobs, title: &str) -> Job<Option<PathBuf>> {
    let picking = rfd::AsyncFileDialog::new().set_title(title).pick_file();
    jobs.spawn(Title::quiet("Asking for a path"), |_| async move { picking.await.map(|file| file.path().to_owned()) })
}

/// Asks for a file of connection properties and reads it.
pub fn pick_properties(jobs: &Jobs) -> Job<Option<Result<Properties, String>>> {
    let dialog = rfd::AsyncFileDialog::new().set_title("Take a connection from a file");
    let dialog = dialog.add_filter("kcat.conf, client.properties", &["conf", "properties", "config", "ini", "txt"]);
    let picking = dialog.add_filter("All files", &["*"]).pick_file();
    jobs.spawn(Title::quiet("Reading connection properties"), |_| async move {
        let file = picking.await?;
        Some(read_properties(file.path()))
    })
}

/// Reads `kcat.conf` or Java's `client.properties`.
///
/// # Errors
/// In one line, when the file cannot be read or a property in it makes no sense.
pub fn read_properties(path: &Path) -> Result<Properties, String> {
    let mut settings = Settings::new("");
    settings.load(path).map_err(|error| error.to_string())?;
    let mut properties: Vec<(String, String)> = settings.without_secrets().into_iter().collect();
    properties
        .extend(settings.secrets().into_iter().map(|(name, secret)| (name.to_owned(), secret.reveal().to_owned())));
    properties.retain(|(_, value)| !value.is_empty());
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Properties { name, properties, notes: settings.notes().to_vec() })
}

/// Writes a text file whole or not at all.
///
/// # Errors
/// In one line, when it cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    write_bytes(path, text.as_bytes())
}

/// Writes a text file whole or not at all, unless it holds another text than is known of it: that is given then, and stays.
/// A file of which nothing is known, or that is gone, is written.
///
/// # Errors
/// In one line, when it cannot be written.
pub fn write_over(path: &Path, known: Option<&str>, text: &str) -> Result<Option<String>, String> {
    let there = known.and_then(|known| std::fs::read_to_string(path).ok().filter(|there| there != known));
    match there.filter(|there| there != text) {
        Some(other) => Ok(Some(other)),
        None => write(path, text).map(|()| None),
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
/// In one line, when it cannot be written.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = std::fs::File::create(&beside).map_err(failed)?;
    std::io::Write::write_all(&mut file, bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}

/// Finds out what a path is. Reads from the disk.
pub fn look_at(path: &Path) -> Found {
    let is_manifest = path.file_name().is_some_and(|name| name == "recording.json");
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    if path.is_dir() {
        let recording = path.join("recording.json").exists();
        let unknown =
            || Found::Unknown(format!("{} holds no recording: there is no recording.json in it", path.display()));
        return if recording { Found::Recording(path.to_owned()) } else { unknown() };
    }
    if is_manifest {
        return path.parent().map_or_else(
            || Found::Unknown(format!("{} stands in no folder", path.display())),
            |folder| Found::Recording(folder.to_owned()),
        );
    }
    match ending.as_deref() {
        Some(workspace::ENDING) => Found::Workspace(path.to_owned()),
        Some("toml") => match std::fs::read_to_string(path) {
            Ok(text) => Found::Pipeline(path.to_owned(), text),
            Err(error) => Found::Unknown(format!("{}: {error}", path.display())),
        },
        Some("conf" | "properties" | "config") => match read_properties(path) {
            Ok(properties) => Found::Connection(properties),
            Err(error) => Found::Unknown(error),
        },
        _ if !path.exists() => Found::Unknown(format!("{}: there is no such file", path.display())),
        _ => match sketch(path) {
            Ok(sketch) => Found::Events(path.to_owned(), sketch),
            Err(error) => Found::Unknown(format!(
                "{} is no recording, pipeline, workspace or connection properties, and holds no events: {error}",
                path.display()
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_it_holds() {
        let folder = std::env::temp_dir().join(format!("fabula-files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("makes a folder");
        assert!(matches!(look_at(&folder), Found::Unknown(why) if why.contains("recording.json")));
        let manifest = folder.join("recording.json");
        std::fs::write(&manifest, "{}").expect("writes");
        assert_eq!(look_at(&folder), Found::Recording(folder.clone()));
        assert_eq!(look_at(&manifest), Found::Recording(folder.clone()));
        assert!(matches!(look_at(&folder.join("a.csv")), Found::Unknown(why) if why.contains("no such file")));
        std::fs::write(folder.join("b.csv"), "id,time\n1,2026-03-14\n").expect("writes");
        assert!(matches!(look_at(&folder.join("b.csv")), Found::Events(_, sketch) if sketch.fields.len() == 2));
        std::fs::write(folder.join("c"), "words").expect("writes");
        assert!(matches!(look_at(&folder.join("c")), Found::Unknown(why) if why.contains("holds no events")));
        assert_eq!(look_at(&folder.join("a.fabula")), Found::Workspace(folder.join("a.fabula")));
        std::fs::remove_dir_all(&folder).expect("cleans up");
    }
}
