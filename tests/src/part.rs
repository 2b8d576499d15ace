//! Real parts that may be missing on a machine: a test that needs one says so instead of passing silently.

use std::io::Write as _;

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
