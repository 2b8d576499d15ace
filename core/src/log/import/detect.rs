//! What a file is written in, by its content first and its name second.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::array::array_in;
use super::json::{check, fields, find};
use super::lines::Lines;
use super::{Format, cannot_read};
use crate::log::LogError;

/// Beginnings of files that have to be unpacked first.
const PACKED: [(&[u8], &str); 5] = [
    (b"\x1F\x8B", "gzip"),
    (b"\x28\xB5\x2F\xFD", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xFD7zXZ", "xz"),
    (b"PK\x03\x04", "zip"),
];

/// Finds the format of a file.
pub(super) fn format_of(path: &Path) -> Result<Format, LogError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    file.take(8).read_to_end(&mut head).map_err(|error| cannot_read(path, &error))?;
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let extension = extension.as_deref().unwrap_or_default();
    if head.starts_with(b"PAR1") || matches!(extension, "parquet" | "pq") {
        return Ok(Format::Parquet);
    }
    if let Some((_, packed)) = PACKED.iter().find(|(begins, _)| head.starts_with(begins)) {
        return Err(unknown(path, &format!("it is packed by {packed}: unpack it first")));
    }
    if matches!(extension, "csv" | "tsv" | "tab") {
        return Ok(Format::Csv);
    }
    let json_by_name = matches!(extension, "json" | "jsonl" | "ndjson" | "kcat");
    let mut lines = Lines::open(path).map_err(|error| unknown(path, &error.to_string()))?;
    let first = lines.next_line().map_err(|error| cannot_read(path, &error))?;
    match first {
        Some(line) if check(line.bytes).is_ok() => Ok(of_json(line.bytes)),
        Some(line) if line.bytes.starts_with(b"[") && array_in(path)?.is_some() => Ok(Format::JsonLines),
        _ if json_by_name => Ok(Format::JsonLines),
        Some(line) if line.bytes.starts_with(b"{") => Ok(Format::JsonLines),
        Some(line) if line.bytes.iter().any(|byte| b",;\t|".contains(byte)) => Ok(Format::Csv),
        Some(_) => Err(unknown(path, "its first line is neither JSON nor a row of names")),
        None => Ok(Format::JsonLines), // empty: nothing is read in any format
    }
}

/// Which kind of JSON lines a file has, by its first one.
fn of_json(line: &[u8]) -> Format {
    let fields = fields(line);
    let has = |name| find(&fields, name).is_some();
    if !has("topic") {
        Format::JsonLines
    } else if has("payload") && (has("partition") || has("ts") || has("tstype")) {
        Format::Kcat
    } else if has("partition") && has("offset") && has("value") {
        Format::Fabula
    } else {
        Format::JsonLines
    }
}

fn unknown(path: &Path, why: &str) -> LogError {
    LogError::Configuration {
        name: "format".to_owned(),
        reason: format!(
            "{} is not understood: {why}; name its format: kcat, fabula, json-lines, csv or parquet",
            path.display()
        ),
    }
}
