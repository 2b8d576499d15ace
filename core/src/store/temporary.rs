//! Folders for stores that are not kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::damage::StoreError;
use super::files::Lock;

/// The number in the name of the next folder of this program.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder that goes when it is dropped.
#[derive(Debug)]
pub(super) struct TemporaryFolder {
    path: PathBuf,
}

/// Where temporary stores are kept: the user's cache folder, or the system's folder for such things.
pub(super) fn default_parent() -> PathBuf {
    directories::ProjectDirs::from("", "", "fabula")
        .map_or_else(|| std::env::temp_dir().join("fabula"), |dirs| dirs.cache_dir().to_owned())
        .join("connections")
}

/// Where they are kept when the user's cache folder can't be written.
pub(super) fn other_parent() -> PathBuf {
    std::env::temp_dir().join("fabula").join("connections")
}

impl TemporaryFolder {
    /// Makes a folder and takes its lock. Folders that nobody holds any more are removed on the way: those of programs
    /// that were killed.
    pub(super) fn make(parent: &Path) -> Result<(Self, Lock), StoreError> {
        make_private(parent).map_err(|error| StoreError::io("make", parent, &error))?;
        // Held until the new folder has its own lock, so that no other program takes it for an abandoned one.
        let _held = wait_for_lock(parent)?;
        remove_abandoned(parent);
        loop {
            // A number is never used twice: a folder's end, which comes after its lock's, must not meet a new one of its name.
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {
                    let lock = Lock::take(&path)?;
                    return Ok((Self { path }, lock));
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(StoreError::io("make", &path, &error)),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a folder and those above it; those that are made are for nobody but the user.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed now is removed when the next one is made.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn wait_for_lock(parent: &Path) -> Result<fs::File, StoreError> {
    let path = parent.join("lock");
    let failed = |error: std::io::Error| StoreError::io("lock", &path, &error);
    let file = fs::File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

fn remove_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        if Lock::take(&path).is_ok() {
            // The lock's file goes with the folder. What cannot be removed is tried again the next time.
            let _ = fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_when_it_is_dropped_and_an_abandoned_one_when_the_next_is_made() {
        let parent = tempfile::tempdir().unwrap();
        let abandoned = parent.path().join("1-0");
        fs::create_dir_all(abandoned.join("segments")).unwrap();
        let (held, _lock) = TemporaryFolder::make(parent.path()).unwrap();
        assert!(!abandoned.exists());
        let (other, _other_lock) = TemporaryFolder::make(parent.path()).unwrap();
        assert!(held.path().exists(), "a folder in use is left alone");
        drop(other);
        let path = held.path().to_owned();
        drop(held);
        assert!(!path.exists());
    }
}
