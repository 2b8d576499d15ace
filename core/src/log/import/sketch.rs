//! What a file looks like before it is imported: for somebody who has yet to say which field means what.

use std::path::Path;

use super::json::{check, fields, string, text};
use super::kcat::into_text;
use super::lines::Lines;
use super::{Format, ImportError, ImportOptions, cannot_read, cells, detect, parquet, parse_moment, topic_of};

/// So many rows are looked at.
const ROWS: usize = 100;

/// A longer line is not looked into.
const LONGEST: usize = 1 << 20;

/// What a file looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// What it is written in.
    pub format: Format,
    /// The topic its rows go to if nobody says another.
    pub topic: String,
    /// The fields that may be named, in the order in which they stand in the file; those of nested objects with dots. Empty
    /// where records have a topic, key and time of their own.
    pub fields: Vec<String>,
    /// The field that is most likely the key.
    pub key: Option<String>,
    /// The field that is most likely the time: its name says so, and what stands in it can be read as one.
    pub time: Option<String>,
}

/// A field and what stands in it in the first rows; nothing where the format says by itself what it is.
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) texts: Vec<String>,
}

/// Looks at the beginning of a file.
///
/// # Errors
/// When it can't be opened, or it can't be told what it is written in.
pub fn sketch(path: &Path) -> Result<Sketch, ImportError> {
    let format = detect::format_of(path)?;
    let seen = match format {
        Format::Kcat | Format::Fabula => Vec::new(),
        Format::JsonLines => of_lines(path)?,
        Format::Csv => cells::seen(path, &ImportOptions::default(), ROWS)?,
        Format::Parquet => parquet::seen(path)?,
    };
    // Parquet's columns have types of their own: nothing of them was read.
    let is_known = |seen: &Seen| format == Format::Parquet || !seen.texts.is_empty();
    let best = |rank: fn(&Seen) -> u8| {
        let ranked = seen.iter().filter(|seen| is_known(seen)).map(|seen| (rank(seen), seen));
        // Of several that are as likely the first.
        ranked.filter(|(rank, _)| *rank > 0).rev().max_by_key(|(rank, _)| *rank).map(|(_, seen)| seen.name.clone())
    };
    let (key, time) = (best(key_rank), best(time_rank));
    Ok(Sketch { format, topic: topic_of(path), fields: seen.into_iter().map(|seen| seen.name).collect(), key, time })
}

/// How likely a field is the key, by its name.
fn key_rank(seen: &Seen) -> u8 {
    let name = seen.name.to_ascii_lowercase();
    let last = name.rsplit(['.', ':']).next().unwrap_or_default();
    match last {
        "key" => 4,
        _ if last.ends_with("key") => 3,
        "id" => 2,
        _ if last.ends_with("_id") || last.ends_with("-id") || seen.name.ends_with("Id") => 1,
        _ => 0,
    }
}

/// How likely a field is the time: by its name, if everything in it is one.
fn time_rank(seen: &Seen) -> u8 {
    let name = seen.name.to_ascii_lowercase();
    let last = name.rsplit(['.', ':']).next().unwrap_or_default();
    let rank = match last {
        "timestamp" => 5,
        "time" | "ts" | "datetime" => 4,
        _ if last.contains("timestamp") => 3,
        _ if last.contains("time") => 2,
        _ if last.contains("date") || last.ends_with("_at") || seen.name.ends_with("At") => 1,
        _ => 0,
    };
    if seen.texts.iter().all(|text| parse_moment(text).is_some()) { rank } else { 0 }
}

/// The fields of the first lines, and of the objects within them.
fn of_lines(path: &Path) -> Result<Vec<Seen>, ImportError> {
    let mut lines = Lines::open(path)?;
    let mut seen = Vec::new();
    for _ in 0..ROWS {
        let Some(line) = lines.next_line().map_err(|error| cannot_read(path, &error))? else { break };
        if line.bytes.len() <= LONGEST && check(line.bytes).is_ok() {
            note(line.bytes, "", &mut seen);
        }
    }
    Ok(seen)
}

fn note(object: &[u8], outer: &str, seen: &mut Vec<Seen>) {
    for (name, value) in fields(object) {
        let Some(name) = string(name).and_then(into_text) else { continue };
        let name = if outer.is_empty() { name.into_owned() } else { format!("{outer}.{name}") };
        if value.starts_with(b"{") {
            if outer.is_empty() {
                note(value, &name, seen);
            }
            continue;
        }
        if value.starts_with(b"[") {
            continue;
        }
        let text = text(value).and_then(into_text).filter(|text| !text.is_empty()).map(std::borrow::Cow::into_owned);
        match seen.iter_mut().find(|seen| seen.name == name) {
            Some(known) => known.texts.extend(text),
            None => seen.push(Seen { name, texts: text.into_iter().collect() }),
        }
    }
}
