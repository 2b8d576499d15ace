//! `fabula open`, and `fabula` alone: the window.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;

use super::Usage;
use super::source::{LogArgs, Source};
use crate::window::{Options, Start};

/// Open the window on a recording, a pipeline, a workspace, the sample or a cluster.
#[derive(Debug, Args)]
pub struct Open {
    /// A recording's folder, a pipeline, a workspace file, or a file of connection settings.
    path: Option<PathBuf>,

    #[command(flatten)]
    log: LogArgs,
}

impl Open {
    /// Opens the window and stays in it until it is closed.
    pub fn run(self) -> anyhow::Result<()> {
        let start = match self.path {
            Some(path) => {
                ensure!(self.log.is_empty(), Usage::new("name a path or a log, not both"));
                ensure!(path.exists(), "{} is not there", path.display());
                Start::Path(path)
            }
            None if self.log.is_empty() => Start::Last,
            None => match self.log.source()? {
                Source::Sample { events, seed } => Start::Sample { events, seed },
                Source::Recording(dir) => Start::Path(dir),
                Source::Kafka(settings) => Start::Cluster(Box::new(settings)),
            },
        };
        crate::run_window(Options { start, ..Options::default() })
    }
}

/// Opens the window as it was left; at first on the built-in sample.
pub fn as_it_was_left() -> anyhow::Result<()> {
    crate::run_window(Options::default())
}
