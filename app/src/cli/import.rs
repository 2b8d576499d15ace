//! `fabula import`: files of events become a recording.

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context as _, anyhow, ensure};
use clap::{Args, ValueEnum};
use fabula_core::log::LogError;
use fabula_core::log::import::{Format, ImportError, ImportOptions, ImportProgress, ImportReport, origin};
use fabula_core::store::{Store, StoreError};
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

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
    /// The files, in the order in which their events come; - is what comes on stdin.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The recording's folder, where none is yet.
    #[arg(long = "to", value_name = "DIR")]
    dir: PathBuf,

    /// What the files are written in, where their content does not tell.
    #[arg(long, value_enum)]
    format: Option<Written>,

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
        for file in self.files.iter().filter(|file| !is_stdin(file)) {
            ensure!(file.exists(), "{} is not there", file.display());
            ensure!(!file.is_dir(), "{} is a folder: name the files in it", file.display());
        }
        let piped = self.files.iter().map(|file| Piped::of(file, &cancel)).collect::<anyhow::Result<Vec<Piped>>>()?;
        let files: Vec<PathBuf> = piped.iter().map(|file| file.path().to_owned()).collect();
        let was_there = self.dir.exists();
        let store = Store::create(&self.dir, origin(&files)).map_err(|error| match error {
            StoreError::Exists { dir } => anyhow!("{} holds a recording already; choose another folder", dir.display()),
            error => error.into(),
        })?;
        let options = ImportOptions {
            format: self.format.map(Format::from),
            topic: self.topic,
            topic_field: self.topic_field,
            key_field: self.key_field,
            time_field: self.time_field,
            ..ImportOptions::default()
        };
        let imported = with_bar(|progress| store.import(&files, &options, progress, &cancel));
        let is_empty = store.snapshot().topics.iter().all(|topic| topic.events() == 0);
        drop(store);
        if is_empty && imported.as_ref().map_or(true, |report| report.unread > 0) {
            leave_nothing(&self.dir, was_there);
        }
        let report = imported.map_err(named_by_flag)?;
        say_report(&report);
        let rest = if is_empty { "nothing was imported" } else { "the rest was imported" };
        ensure!(report.unread == 0, "{} could not be read; {rest}", figures::of(report.unread, "line"));
        Ok(())
    }
}

/// Takes away the recording that nothing came into, so that the same folder can be imported into again.
fn leave_nothing(dir: &Path, was_there: bool) {
    // What can't be removed is said when it is imported into again.
    let _ = match was_there {
        true => std::fs::remove_file(dir.join("recording.json")),
        false => std::fs::remove_dir_all(dir),
    };
}

/// A setting that makes no sense, by the flag that set it.
fn named_by_flag(error: ImportError) -> anyhow::Error {
    match error {
        ImportError::Log(LogError::Configuration { name, reason }) => anyhow!("--{name}: {reason}"),
        error => error.into(),
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-") || file == Path::new("/dev/stdin")
}

/// A file to be imported. What comes through a pipe is kept in a file of its own meanwhile, since its beginning is looked
/// at to find out what it is.
enum Piped {
    File(PathBuf),
    Kept { folder: PathBuf, file: PathBuf },
}

impl Piped {
    fn of(file: &Path, cancel: &CancellationToken) -> anyhow::Result<Self> {
        if !is_stdin(file) && file.is_file() {
            return Ok(Self::File(file.to_owned()));
        }
        let folder = std::env::temp_dir().join(format!("fabula-import-{}", std::process::id()));
        let name = if is_stdin(file) { "stdin".as_ref() } else { file.file_name().unwrap_or("piped".as_ref()) };
        let kept = Self::Kept { file: folder.join(name), folder };
        kept.fill(file, cancel).with_context(|| format!("what comes through {} can't be kept", file.display()))?;
        Ok(kept)
    }

    fn fill(&self, from: &Path, cancel: &CancellationToken) -> anyhow::Result<()> {
        let Self::Kept { folder, file } = self else { return Ok(()) };
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
        let mut to = std::fs::File::create(file)?;
        let mut from: Box<dyn Read> = match is_stdin(from) {
            true => Box::new(std::io::stdin().lock()),
            false => Box::new(std::fs::File::open(from)?),
        };
        let mut chunk = vec![0; 1 << 18];
        loop {
            let read = from.read(&mut chunk)?;
            ensure!(!cancel.is_cancelled(), "stopped before it was done");
            if read == 0 {
                return Ok(to.flush()?);
            }
            to.write_all(&chunk[..read])?;
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(file) | Self::Kept { file, .. } => file,
        }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        if let Self::Kept { folder, .. } = self {
            // It lies in the system's folder for what is temporary.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// What a file is written in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Written {
    /// Lines of kcat -J.
    Kcat,
    /// Lines of fabula read --format json.
    Fabula,
    /// Any JSON, one value a line.
    JsonLines,
    /// Comma-separated values under a row of names.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl From<Written> for Format {
    fn from(written: Written) -> Self {
        match written {
            Written::Kcat => Self::Kcat,
            Written::Fabula => Self::Fabula,
            Written::JsonLines => Self::JsonLines,
            Written::Csv => Self::Csv,
            Written::Parquet => Self::Parquet,
        }
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
    if report.files.iter().any(|file| file.format == Format::Csv && file.events > 0) {
        say("values of CSV are texts, as they stand there: CAST(value.amount AS DECIMAL) makes numbers of them");
    }
    if report.untimed > 0 {
        let have = if report.untimed == 1 { "has" } else { "have" };
        say(&format!(
            "{} {have} no time; --time-field names the field that says when",
            figures::of(report.untimed, "event")
        ));
    }
    let partitions = figures::of(report.partitions.len() as u64, "partition");
    say(&format!("{} in {partitions}", figures::of(report.events, "event")));
}
