//! Files that hold events: kcat's dumps, Fabula's own lines, JSON lines, CSV and Parquet, read into batches.
//!
//! [`import`] reads files one after the other, in bounded memory, and hands what they hold to a sink (a store's writer)
//! batch by batch. What can't be read is named by its file and line, counted, and left out; the rest goes on.
//!
//! | format | an event is | its value |
//! |---|---|---|
//! | [`Format::Kcat`] | a line of `kcat -J` | `payload`, byte for byte |
//! | [`Format::Fabula`] | a line of `fabula read --format json` | text as it is, `{"$base64": …}` as its bytes, other JSON as its text |
//! | [`Format::JsonLines`] | any other JSON value, one a line, or the elements of the one array that a file is | the value as it is written, so that no number is rounded |
//! | [`Format::Csv`] | a row under a row of names | a JSON object of texts: cells are not guessed to be numbers, so `007` stays `007` |
//! | [`Format::Parquet`] | a row | a JSON object: integers and decimals exact, times in ISO 8601, bytes that are no text as `{"$base64": …}` |
//!
//! Dumps carry topic, partition, offset, timestamp, key and headers. Rows carry none of that, so [`ImportOptions`] says
//! which of their fields do: everything lies in partition 0 of its topic, with offsets in the order of the files.

mod array;
mod cells;
mod detect;
mod gather;
mod json;
mod kcat;
mod lines;
mod moment;
mod own;
mod parquet;
mod parquet_json;
mod report;
mod rows;
mod sketch;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use self::gather::Gathering;
use super::{LogError, Origin};
use crate::event::EventBatch;

pub use self::moment::parse_moment;
pub(crate) use self::parquet::{each_parquet_row, parquet_columns};
pub use self::report::{FileReport, ImportReport, ImportedPartition, MOST_LISTED, Unread};
pub use self::sketch::{Sketch, sketch};

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Lines of `kcat -J`.
    Kcat,
    /// Lines of `fabula read --format json`.
    Fabula,
    /// Any JSON, one value a line.
    JsonLines,
    /// Comma-separated values (or semicolons, tabs, bars) under a row of names.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// How to read files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// The format of every file; found by content and name where it is not said.
    pub format: Option<Format>,
    /// The topic that everything goes to. Without it (and without a topic field) rows go to a topic of the file's name,
    /// and dumped records to their own.
    pub topic: Option<String>,
    /// The field that names a row's topic.
    pub topic_field: Option<String>,
    /// The field whose text is a row's key.
    pub key_field: Option<String>,
    /// The field that says when a row happened; see [`parse_moment`]. Without it rows have no timestamp.
    pub time_field: Option<String>,
    /// What stands between the cells of a CSV; found in its first row where it is not said.
    pub delimiter: Option<u8>,
}

impl ImportOptions {
    /// The fields of rows that are named, each with the name of its setting.
    fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let named =
            [("topic-field", &self.topic_field), ("key-field", &self.key_field), ("time-field", &self.time_field)];
        named.into_iter().filter_map(|(name, field)| field.as_deref().map(|field| (name, field)))
    }
}

/// How far an import has come, for whoever watches.
#[derive(Debug, Default)]
pub struct ImportProgress {
    /// Bytes of all files.
    pub bytes_total: AtomicU64,
    /// Bytes read so far.
    pub bytes_done: AtomicU64,
    /// Events read so far.
    pub events: AtomicU64,
    /// Lines and rows that could not be read so far.
    pub unread: AtomicU64,
}

/// Why an import stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file can't be opened, a setting makes no sense, or a person cancelled.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What takes the events could not take any more.
    #[error(transparent)]
    Sink(Box<dyn std::error::Error + Send + Sync>),
}

/// Takes a batch that accounts for offsets `from..next` of its partition.
pub type Sink<'s> = dyn FnMut(EventBatch, i64, i64) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + 's;

/// What a store of imported files says of where it came from: the files' names, without their folders.
pub fn origin(files: &[PathBuf]) -> Origin {
    Origin::Import { files: files.iter().map(|file| name_of(file)).collect() }
}

/// Reads files into a sink, in the order given. Blocks: call it where waiting does no harm.
///
/// Batches of a partition come in the order of the files; their offsets grow unless a dump's own run backwards. Offsets
/// that a dump skips are taken for gaps of the log it was dumped from. The sink is not called after it failed.
///
/// # Errors
/// When a file can't be opened or an option doesn't fit it (both before anything is read), when cancelled, or when the
/// sink fails. What can't be read within a file is in the [`ImportReport`] instead.
pub fn import(
    files: &[PathBuf],
    options: &ImportOptions,
    progress: &ImportProgress,
    cancel: &CancellationToken,
    sink: &mut Sink<'_>,
) -> Result<ImportReport, ImportError> {
    let mut formats = Vec::new();
    if let Some((topic, fault)) = options.topic.as_ref().and_then(|topic| Some((topic, topic_fault(topic)?))) {
        let reason = format!("“{topic}” can be no topic: {fault}");
        return Err(LogError::Configuration { name: "topic".to_owned(), reason }.into());
    }
    for path in files {
        let length = std::fs::metadata(path).map_err(|error| cannot_read(path, &error))?.len();
        progress.bytes_total.fetch_add(length, Ordering::Relaxed);
        let format = match options.format {
            Some(format) => format,
            None => detect::format_of(path)?,
        };
        match format {
            Format::Kcat | Format::Fabula => no_fields_named(path, options)?,
            Format::JsonLines => {}
            Format::Csv => cells::check_fields(path, options)?,
            Format::Parquet => parquet::check_fields(path, options)?,
        }
        formats.push(format);
    }
    let mut gathering = Gathering::new(progress, cancel, sink);
    let mut bytes_before = 0;
    for (path, format) in files.iter().zip(formats) {
        gathering.begin_file(path, format);
        match format {
            Format::Kcat | Format::Fabula => lines::read_dump(path, format, options, &mut gathering)?,
            Format::JsonLines => rows::read(path, options, &mut gathering)?,
            Format::Csv => cells::read(path, options, &mut gathering)?,
            Format::Parquet => parquet::read(path, options, &mut gathering)?,
        }
        bytes_before += std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        progress.bytes_done.store(bytes_before, Ordering::Relaxed);
    }
    gathering.finish()
}

/// What keeps Kafka from having a topic of this name; `None` where nothing does.
fn topic_fault(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("it is empty"),
        "." | ".." => Some("it stands for a folder"),
        _ if name.len() > 249 => Some("it has more than 249 characters"),
        _ if !name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c)) => {
            Some("only letters without accents, digits, . _ and - may stand in it")
        }
        _ => None,
    }
}

/// Refuses to look for fields in whole records.
fn no_fields_named(path: &Path, options: &ImportOptions) -> Result<(), LogError> {
    match options.fields().next() {
        Some((name, _)) => Err(LogError::Configuration {
            name: name.to_owned(),
            reason: format!(
                "{} holds whole records, which have their own topic, key and timestamp; leave it out",
                path.display()
            ),
        }),
        None => Ok(()),
    }
}

/// Refuses fields that a file with these columns doesn't have.
fn check_columns(path: &Path, columns: &[&str], options: &ImportOptions) -> Result<(), LogError> {
    match options.fields().find(|(_, field)| !columns.contains(field)) {
        Some((name, field)) => Err(LogError::Configuration {
            name: name.to_owned(),
            reason: format!("“{field}” is no column of {}, which has: {}", path.display(), columns.join(", ")),
        }),
        None => Ok(()),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The topic of a file's rows where nothing says another: the file's name without what follows the first dot, in
/// characters that Kafka allows.
fn topic_of(path: &Path) -> String {
    let name = name_of(path);
    let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or("imported");
    stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' }).collect()
}

fn cannot_read(path: &Path, error: &std::io::Error) -> LogError {
    LogError::File { path: path.display().to_string(), reason: error.to_string() }
}
