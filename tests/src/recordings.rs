//! Recordings that tests read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::program;

/// Arguments for the program, from strings and paths.
#[macro_export]
macro_rules! arguments {
    ($($argument:expr),* $(,)?) => { [$(std::ffi::OsString::from($argument)),*] };
}

/// A recording of the sample with so many events, in a folder.
///
/// # Panics
/// If the program cannot record it.
pub fn sample(events: u64, dir: &Path) {
    let arguments: [OsString; 6] = arguments!["record", format!("--sample={events}"), "-t", "*", "--to", dir];
    program::run(arguments).ok();
}

/// The segment files of a recording, the largest first.
///
/// # Panics
/// If the recording has none.
pub fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "arrow") {
                found.push((entry.metadata().map_or(0, |metadata| metadata.len()), path));
            }
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}
