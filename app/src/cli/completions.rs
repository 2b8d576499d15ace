//! `fabula completions`: completions for a shell.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

/// Write completions for a shell to stdout.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell to write for.
    shell: Shell,
}

impl Completions {
    /// Writes the completions.
    pub fn run(self) -> anyhow::Result<()> {
        use std::io::Write as _;
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "fabula", &mut script);
        std::io::stdout().write_all(&script)?;
        Ok(())
    }
}
