//! `fabula record`: makes or extends a recording.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use fabula_core::event::time::Moment;
use fabula_core::log::sample::SampleLog;
use fabula_core::log::{LogError, Origin, RangeEnd};
use fabula_core::store::record::Stopped;
use fabula_core::store::{Store, StoreError};

use super::coverage::say_recorded;
use super::fetch::fetch;
use super::source::{LogArgs, Source};
use super::span::SpanArgs;
use super::{interrupt, say};

/// Make a recording in a folder, or extend the one that is there with what is new.
///
/// Ctrl+C leaves a sound recording; running the same again goes on from there.
#[derive(Debug, Args)]
pub struct Record {
    #[command(flatten)]
    log: LogArgs,

    #[command(flatten)]
    span: SpanArgs,

    /// The recording's folder.
    #[arg(long = "to", value_name = "DIR")]
    dir: PathBuf,

    /// Where to stop: latest, ISO 8601, epoch ms, or a span before the end such as -15m.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    until: Option<Moment>,

    /// Go on with what comes, until Ctrl+C.
    #[arg(short, long, conflicts_with = "until")]
    follow: bool,
}

impl Record {
    /// Records, and says what the recording holds.
    pub fn run(self) -> anyhow::Result<()> {
        let span = self.span.span(self.until)?;
        let source = self.log.source()?;
        let truth = match source {
            Source::Sample { events, seed } => Some(SampleLog::new(events, seed)),
            Source::Recording(_) | Source::Kafka(_) => None,
        };
        let cancel = interrupt::cancelled_by_ctrl_c()?;
        let log = source.log()?;
        let report = super::runtime()?.block_on(async {
            let mut plan = tokio::select! {
                plan = span.plan(log.as_ref()) => plan?,
                () = cancel.cancelled() => return Err(LogError::Cancelled.into()),
            };
            if self.follow {
                plan.ranges.iter_mut().for_each(|range| range.end = RangeEnd::Follow);
            }
            let store = recording(&self.dir, log.origin())?;
            fetch(log.as_ref(), plan, &store, &cancel).await
        })?;
        if let Some(sample) = truth {
            let path = self.dir.join("sample-truth.json");
            std::fs::write(&path, sample.truth_json()?).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let covered = say_recorded(&report, self.follow);
        match report.stopped {
            Some(Stopped::Cancelled) => covered.map_err(|why| anyhow!("{why}; run it again to go on from there")),
            _ => covered,
        }
    }
}

/// The recording in a folder, made where there is none yet.
fn recording(dir: &Path, origin: Origin) -> anyhow::Result<Store> {
    match Store::create(dir, origin) {
        Err(StoreError::Exists { .. }) => {
            let (store, damages) = Store::extend(dir)?;
            damages.iter().for_each(|damage| say(&format!("recorded again: {damage}")));
            Ok(store)
        }
        made => Ok(made?),
    }
}
