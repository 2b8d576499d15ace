//! Real parts that may be missing on a machine: a test that needs one says so instead of passing silently.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether a program can be started here.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Sends a process a signal by its name without SIG (`INT`, `KILL`), or `0` to ask whether it is there. The shell's own
/// `kill` is on every machine; a program of that name is not.
///
/// # Errors
/// When there is no shell.
pub fn signal(name: &str, process: u32) -> std::io::Result<std::process::ExitStatus> {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "kill -s \"$0\" \"$1\"", name, &process.to_string()]).stderr(std::process::Stdio::null()).status()
}

/// Says that a test is skipped, by name, because a part it needs cannot be had. The closing line of `tests/run` counts
/// these; return from the test afterwards.
///
/// # Panics
/// Where `FABULA_NONE_SKIPPED` is set, as on the project's CI: there a missing part is a failure.
pub fn skipped(test: &str, missing: &str) {
    let line = format!("{test}: {missing}\n");
    assert!(std::env::var_os("FABULA_NONE_SKIPPED").is_none_or(|set| set.is_empty()), "must not be skipped: {line}");
    eprint!("skipped: {line}");
    if let Some(list) = std::env::var_os("FABULA_SKIPPED") {
        let list = std::fs::OpenOptions::new().append(true).create(true).open(list);
        list.and_then(|mut list| list.write_all(line.as_bytes())).expect("the list of skipped tests can be written");
    }
}

/// Says that a test is skipped because data that is not Fabula's to hand out is not here. Where nothing may be skipped
/// that is no failure: nobody can fetch it.
///
/// # Panics
/// When the list of skipped tests cannot be written.
pub fn skipped_for_data(test: &str, missing: &str) {
    if std::env::var_os("FABULA_NONE_SKIPPED").is_none_or(|set| set.is_empty()) {
        return skipped(test, missing);
    }
    eprintln!("skipped: {test}: {missing}");
}

/// The class path of a part that runs in Java: a script fetches what is not here yet and writes it to a file in the
/// target folder.
///
/// # Errors
/// What is missing, for a person.
pub fn classpath(fetch: &Path, file: &str) -> Result<String, String> {
    if let Some(missing) = ["java", "sh"].into_iter().find(|program| !is_installed(program)) {
        return Err(format!("{missing} is not installed"));
    }
    let file = target()?.join(file);
    let fetched = Command::new(fetch).arg(&file).output().map_err(|error| error.to_string())?;
    if !fetched.status.success() {
        let said = String::from_utf8_lossy(&fetched.stderr);
        return Err(said.lines().next().unwrap_or("it cannot be fetched").to_owned());
    }
    let path = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    Ok(path.trim().to_owned())
}

/// Where cargo puts what it builds, which this program is part of.
pub(crate) fn target() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    // Tests lie in target/<profile>/deps, benchmarks in target/<profile>.
    let folder = program.parent().ok_or("a program lies in a folder")?;
    let profile = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    Ok(profile.and_then(Path::parent).ok_or("a profile lies in a target folder")?.to_owned())
}
