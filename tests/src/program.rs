//! The real `fabula` program: built, started, spoken to.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::part;

/// Where the program lies: beside the tests, where `cargo build` puts it.
///
/// # Panics
/// If it was not built.
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows where it lies");
        let folder = test.parent().expect("a program lies in a folder");
        // Tests lie in target/<profile>/deps, benchmarks in target/<profile>.
        let profile = if folder.ends_with("deps") { folder.parent().expect("deps lie in a profile") } else { folder };
        let program = profile.join(format!("fabula{}", std::env::consts::EXE_SUFFIX));
        let build = "cargo build --release --workspace --bin fabula";
        assert!(program.is_file(), "{} is not there; build it first: {build}", program.display());
        program
    })
}

/// The program with arguments, not started yet. It finds no settings of the person who runs the tests.
pub fn command<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(path());
    command.args(arguments).stdin(Stdio::null());
    for name in ["KCAT_CONFIG", "FABULA_LOG", "COLUMNS"] {
        command.env_remove(name);
    }
    command.env("HOME", "/nonexistent").env("XDG_CONFIG_HOME", "/nonexistent");
    command
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// This, where the program said that all went well.
    ///
    /// # Panics
    /// If the exit code is not 0.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// stdout as a JSON object a line.
    ///
    /// # Panics
    /// If a line is no JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }
}

/// Runs the program to its end.
///
/// # Panics
/// If it cannot be started.
pub fn run<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    command(arguments).output().expect("the program can be started").into()
}

/// A program under way, which ends with this value.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts the program with pipes for its output.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self { child: child.expect("the program can be started") }
    }

    /// The program's process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Takes lines of stdout until one satisfies the condition; stdout is then left to be read by the lines returned.
    ///
    /// # Panics
    /// If stdout ends before.
    pub fn read_until(&mut self, mut found: impl FnMut(&str) -> bool) -> Vec<String> {
        let stdout = self.child.stdout.as_mut().expect("stdout was not taken");
        let mut lines = Vec::new();
        for line in BufReader::with_capacity(1, stdout).lines() {
            lines.push(line.expect("stdout can be read"));
            if found(&lines[lines.len() - 1]) {
                return lines;
            }
        }
        panic!("stdout ended: {lines:?}");
    }

    /// Sends a signal, by its name without SIG: `INT`, `KILL`.
    ///
    /// # Panics
    /// If it cannot be sent.
    pub fn signal(&self, name: &str) {
        let sent = part::signal(name, self.child.id());
        assert!(sent.expect("sh can be started").success(), "SIG{name} could not be sent");
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// If the output cannot be read.
    pub fn finish(mut self) -> Ran {
        let stdout = self.child.stdout.take();
        let reader = std::thread::Builder::new().name("stdout".to_owned()).spawn(move || {
            let mut bytes = Vec::new();
            stdout.map(|mut stdout| stdout.read_to_end(&mut bytes)).transpose().map(|_| bytes)
        });
        let mut stderr = Vec::new();
        if let Some(mut errors) = self.child.stderr.take() {
            errors.read_to_end(&mut stderr).expect("stderr can be read");
        }
        let stdout =
            reader.expect("a thread can be started").join().expect("the reader ends").expect("stdout can be read");
        let status = self.child.wait().expect("the program can be waited for");
        Output { status, stdout, stderr }.into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended long ago; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
