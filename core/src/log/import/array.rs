//! A file that is one JSON array: each of its elements is a value, as a line is of a file of lines.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::cannot_read;
use super::json::check;
use crate::log::LogError;

/// The largest array that is read: it lies in memory as a whole.
const LARGEST: u64 = 512 << 20;

/// How much of a file is looked at to see whether it begins as an array.
const HEAD_BYTES: u64 = 4 << 10;

/// The array that a file is; `None` where it is something else, such as lines of arrays.
pub(super) fn array_in(path: &Path) -> Result<Option<Vec<u8>>, LogError> {
    let failed = |error: &std::io::Error| cannot_read(path, error);
    let mut file = File::open(path).map_err(|error| failed(&error))?;
    let length = file.metadata().map_err(|error| failed(&error))?.len();
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if length > LARGEST || !without_mark(&bytes).trim_ascii_start().starts_with(b"[") {
        return Ok(None);
    }
    file.read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    let array = without_mark(&bytes).trim_ascii();
    Ok(check(array).is_ok().then(|| array.to_vec()))
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}
