//! `fabula import`: files of events become a recording.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use anyhow::ensure;
use clap::Args;
use fabula_core::log::import::{ImportOptions, ImportProgress, ImportReport, origin};
use fabula_core::store::Store;
use indicatif::{ProgressBar, ProgressStyle};

use super::run::watched;
use super::{interrupt, say};
use crate::figures;

/// As many unreadable lines are named; of more, the number is said.
const MOST_NAMED: usize = 20;

/// Make a recording of files: kcat -J lines, fabula's own JSON lines, any JSON lines, CSV, Parquet.
///
/// What a file is in is found by its content. What cannot be read is named by file and line; the rest is imported.
#[derive(Debug, Args)]
pub struct Import {
    /// The files, in the order in which their events come.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The recording's folder, where none is yet.
    #[arg(long = "to", value_name = "DIR")]
    dir: PathBuf,

    /// The topic of every event.
    #[arg(long, value_name = "NAME", conflicts_with = "topic_field")]
    topic: Option<String>,

    /// The field that names an event's topic.
    #[arg(long, value_name = "F")]
    topic_field: Option<String>,

    /// The field that is an event's key.
    #[arg(long, value_name = "F")]
    key_field: Option<String>,

    /// The field that says when an event happened: ISO 8601 or epoch ms.
    #[arg(long, value_name = "F")]
    time_field: Option<String>,
}

impl Import {
    /// Imports, and says what came of it.
    pub fn run(self) -> anyhow::Result<()> {
        let cancel = interrupt::cancelled_by_ctrl_c()?;
        let missing = self.files.iter().find(|file| !file.is_file());
        ensure!(
            missing.is_none(),
            "{} is no file",
            missing.map_or_else(String::new, |file| file.display().to_string())
        );
        let store = Store::create(&self.dir, origin(&self.files))?;
        let options = ImportOptions {
            topic: self.topic,
            topic_field: self.topic_field,
            key_field: self.key_field,
            time_field: self.time_field,
            ..ImportOptions::default()
        };
        let report = with_bar(|progress| store.import(&self.files, &options, progress, &cancel))?;
        say_report(&report);
        ensure!(report.unread == 0, "{} could not be read; the rest was imported", figures::of(report.unread, "line"));
        Ok(())
    }
}

/// Works while a bar shows how far the work is.
fn with_bar<T>(work: impl FnOnce(&ImportProgress) -> T) -> T {
    let progress = ImportProgress::default();
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {percent:>3} %  {bytes} of {total_bytes}  {msg}") {
        bar.set_style(style);
    }
    let draw = || {
        bar.set_length(progress.bytes_total.load(Ordering::Relaxed));
        bar.set_position(progress.bytes_done.load(Ordering::Relaxed));
        bar.set_message(figures::of(progress.events.load(Ordering::Relaxed), "event"));
    };
    let result = watched(draw, || work(&progress));
    bar.finish_and_clear();
    result
}

fn say_report(report: &ImportReport) {
    for unread in report.listed.iter().take(MOST_NAMED) {
        say(&unread.to_string());
    }
    for file in &report.files {
        let unread = match file.unread {
            0 => "complete".to_owned(),
            some => format!("{} could not be read", figures::of(some, "line")),
        };
        say(&format!("{}: {} · {unread}", file.path.display(), figures::of(file.events, "event")));
    }
    if report.untimed > 0 {
        say(&format!(
            "{} have no time; --time-field names the field that says when",
            figures::of(report.untimed, "event")
        ));
    }
    let partitions = figures::of(report.partitions.len() as u64, "partition");
    say(&format!("{} in {partitions}", figures::of(report.events, "event")));
}
