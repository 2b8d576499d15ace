//! The command line: the same program without its window, for scripts and for tests.
//!
//! One file a subcommand, each thin over core. Results go to stdout; progress, failures and what was covered go to
//! stderr. Exit codes: 0 done, 1 failed (one line says why), 2 wrong usage.

mod check;
mod completions;
mod coverage;
mod drift;
mod explain;
mod fetch;
mod groups;
mod import;
mod interrupt;
mod logging;
mod open;
mod output;
mod pipeline;
mod read;
mod record;
pub(crate) mod run;
mod source;
mod span;
mod threads;
mod topics;
mod topology;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Open a replayable log and read its story.
///
/// Without a subcommand the window opens as it was left; at first on the built-in sample.
#[derive(Debug, Parser)]
#[command(name = "fabula", version, about, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Open(open::Open),
    Topics(topics::Topics),
    Read(read::Read),
    Record(record::Record),
    Import(import::Import),
    Threads(threads::Threads),
    Groups(groups::Groups),
    Topology(topology::Topology),
    Run(run::Run),
    Check(check::Check),
    Explain(explain::Explain),
    Drift(drift::Drift),
    Completions(completions::Completions),
}

/// Something was asked for in a way that cannot be meant: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{line}")]
pub(crate) struct Usage {
    line: String,
    /// The place in what was given, shown below the line.
    pointed: Option<String>,
}

impl Usage {
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), pointed: None }
    }

    pub(crate) fn pointing(line: impl Into<String>, pointed: String) -> Self {
        Self { line: line.into(), pointed: Some(pointed) }
    }
}

/// Reads the command line, does what it says, and returns the program's exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refused) => {
            let usage = refused.use_stderr();
            // Nothing is left to be told to whom, if that fails.
            let _ = refused.print();
            return if usage { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    logging::start();
    let done = match cli.command {
        None => open::as_it_was_left(),
        Some(Command::Open(open)) => open.run(),
        Some(Command::Topics(topics)) => topics.run(),
        Some(Command::Read(read)) => read.run(),
        Some(Command::Record(record)) => record.run(),
        Some(Command::Import(import)) => import.run(),
        Some(Command::Threads(threads)) => threads.run(),
        Some(Command::Groups(groups)) => groups.run(),
        Some(Command::Topology(topology)) => topology.run(),
        Some(Command::Run(run)) => run.run(),
        Some(Command::Check(check)) => check.run(),
        Some(Command::Explain(explain)) => explain.run(),
        Some(Command::Drift(drift)) => drift.run(),
        Some(Command::Completions(completions)) => completions.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            let usage = error.downcast_ref::<Usage>();
            for line in usage.and_then(|usage| usage.pointed.as_deref()).into_iter().flat_map(str::lines) {
                // A closed stderr leaves nothing to be told to whom.
                let _ = writeln!(std::io::stderr(), "  {line}");
            }
            ExitCode::from(if usage.is_some() { 2 } else { 1 })
        }
    }
}

/// Whether the reader of stdout went away (`fabula read … | head`): that is no failure and nobody wants to hear of it.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        // JSON's errors do not have the error that they come from behind them.
        io.or_else(|| cause.downcast_ref::<serde_json::Error>()?.io_error_kind())
    };
    error.chain().any(|cause| kind(cause) == Some(std::io::ErrorKind::BrokenPipe))
}

/// Says one thing on stderr, on one line, after the program's name.
pub(crate) fn say(what: &str) {
    let line: Vec<&str> = what.split_whitespace().collect();
    let line = line.join(" ");
    // What an event says must not steer the terminal. A closed stderr must not take a recording down with it.
    let safe: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let _ = writeln!(std::io::stderr(), "fabula: {safe}");
}

/// A runtime for the asynchronous side of core. Its end waits for nothing: a question that a broker does not answer must
/// not hold up who has pressed Ctrl+C.
pub(crate) struct Runtime(tokio::runtime::Runtime);

/// Starts a runtime.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    use anyhow::Context as _;
    let started = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("fabula-io").build();
    started.map(Runtime).context("the threads that read the log could not be started; the system may be out of them")
}

impl Runtime {
    /// Works until that is done.
    pub(crate) fn block_on<T>(self, work: impl Future<Output = T>) -> T {
        let done = self.0.block_on(work);
        self.0.shutdown_background();
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_broken_pipe_is_found_below_its_context() {
        let broken = anyhow::Error::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe)).context("writing");
        assert!(is_broken_pipe(&broken));
        assert!(!is_broken_pipe(&anyhow::anyhow!("broken pipe")));
        struct Closed;
        impl std::io::Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let broken = serde_json::to_writer(Closed, "text").expect_err("nobody reads it");
        assert!(is_broken_pipe(&broken.into()));
    }
}
