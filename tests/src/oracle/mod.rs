//! Other engines as oracles: the same rows through Kafka Streams and through Flink SQL, to compare with.
//!
//! Each is a Java program of the project's own (`tests/streams`, `tests/flink`) around the real engine, started when a
//! test program first asks and kept: a line of JSON with a case goes in, a line with the answer comes out. It ends, and
//! takes its temporary files with it, when its stdin does: so it is gone after the tests, however they end.

pub mod flink;
pub mod rows;
pub mod streams;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::part;

/// How long an answer may take. Machines differ; a test's verdict never depends on it.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long a measurement may take.
const PATIENCE_WITH_TIMING: Duration = Duration::from_secs(3600);

/// An engine: where its program lies, and how Java is to run it.
struct Engine {
    /// What a person calls it.
    name: &'static str,
    /// Its folder below `tests`.
    folder: &'static str,
    main: &'static str,
    /// How Java runs it for cases: small, and soon ready.
    for_cases: &'static [&'static str],
    /// How Java runs it to be measured: as fast as it gets.
    for_timing: &'static [&'static str],
    /// The one process that answers a test program's cases.
    shared: OnceLock<Result<Mutex<Option<Process>>, String>>,
}

/// How long an engine may take to end by itself.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(20);

/// A running engine.
struct Process {
    java: Child,
    /// There until the end.
    cases: Option<ChildStdin>,
    answers: Receiver<std::io::Result<String>>,
}

impl Engine {
    /// Asks the shared process; `None` (and said so) where the parts are missing.
    fn ask<A: DeserializeOwned>(&self, test: &str, case: &impl Serialize) -> Option<A> {
        let shared = self.shared.get_or_init(|| self.classpath().map(|_| Mutex::new(None)));
        let shared = match shared {
            Ok(shared) => shared,
            Err(missing) => {
                part::skipped(test, missing);
                return None;
            }
        };
        // Where another test failed in here it took the process with it, so what is left is sound.
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let mut process = shared.take().unwrap_or_else(|| self.start(self.for_cases));
        let answer = process.ask(self.name, case, PATIENCE);
        *shared = Some(process);
        Some(answer)
    }

    /// Asks a process of its own, so that nothing else has warmed it up or filled its memory. Fails with the name of a
    /// part that is missing.
    fn measure<A: DeserializeOwned>(&self, case: &impl Serialize) -> Result<A, String> {
        self.classpath()?;
        Ok(self.start(self.for_timing).ask(self.name, case, PATIENCE_WITH_TIMING))
    }

    fn here(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder)
    }

    fn classpath(&self) -> Result<String, String> {
        part::classpath(&self.here().join("fetch"), &format!("{}.classpath", self.folder))
    }

    fn start(&self, options: &[&str]) -> Process {
        let classpath = self.classpath().expect("it was found before");
        let mut java = Command::new("java");
        java.current_dir(self.here()).args(options).args(["-cp", &classpath, self.main]);
        let mut java = java.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("java can be started");
        let cases = java.stdin.take();
        let stdout = BufReader::new(java.stdout.take().expect("it is piped"));
        let (send, answers) = sync_channel(1);
        let reader = std::thread::Builder::new().name(format!("{} answers", self.folder));
        let read = move || {
            for line in stdout.lines() {
                // Nobody waits any more where the process was given up.
                if send.send(line).is_err() {
                    return;
                }
            }
        };
        reader.spawn(read).expect("a thread can be started");
        Process { java, cases, answers }
    }
}

impl Process {
    fn ask<A: DeserializeOwned>(&mut self, name: &str, case: &impl Serialize, patience: Duration) -> A {
        let mut line = serde_json::to_string(case).expect("a case is JSON");
        line.push('\n');
        let cases = self.cases.as_mut().expect("it has not ended");
        let asked = cases.write_all(line.as_bytes()).and_then(|()| cases.flush());
        asked.unwrap_or_else(|error| panic!("{name} takes no more cases: {error}"));
        let answer = match self.answers.recv_timeout(patience) {
            Ok(answer) => answer.unwrap_or_else(|error| panic!("{name}: {error}")),
            Err(RecvTimeoutError::Timeout) => panic!("{name} did not answer in {patience:?} to {line}"),
            Err(RecvTimeoutError::Disconnected) => panic!("{name} ended over {line}"),
        };
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{name}: {error}: {answer}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Without cases it ends by itself, which is the end of its answers.
        self.cases = None;
        while self.answers.recv_timeout(PATIENCE_AT_THE_END).is_ok() {}
        let _ = self.java.kill();
        let _ = self.java.wait();
    }
}
