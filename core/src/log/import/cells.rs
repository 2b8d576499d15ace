//! CSV: a row of names, then rows of cells. Each row becomes a JSON object of texts.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::gather::Gathering;
use super::json::push_string;
use super::report::Place;
use super::rows::{Row, RowTime, take};
use super::sketch::Seen;
use super::{ImportError, ImportOptions, cannot_read, check_columns, topic_of};
use crate::log::LogError;

/// What may stand between cells, the likeliest first.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// The longest row that is read: longer than any record that a broker takes.
const LONGEST_ROW: usize = 256 << 20;

/// How much of a file its first row is looked for in.
const HEAD_BYTES: u64 = 64 << 10;

/// Refuses fields that the file's first row doesn't name.
pub(super) fn check_fields(path: &Path, options: &ImportOptions) -> Result<(), LogError> {
    let (mut reader, _) = open(path, options)?;
    let names = reader.byte_headers().map_err(|error| unreadable(path, &error))?;
    let names: Vec<Cow<'_, str>> = names.iter().map(String::from_utf8_lossy).collect();
    check_columns(path, &names.iter().map(AsRef::as_ref).collect::<Vec<_>>(), options)
}

/// The names of a file's first row, and what stands under them in the first rows behind it.
pub(super) fn seen(path: &Path, options: &ImportOptions, rows: usize) -> Result<Vec<Seen>, LogError> {
    let (mut reader, _) = open(path, options)?;
    let names = reader.byte_headers().map_err(|error| unreadable(path, &error))?;
    let mut seen: Vec<Seen> =
        names.iter().map(|name| Seen { name: String::from_utf8_lossy(name).into_owned(), texts: Vec::new() }).collect();
    let mut cells = ByteRecord::new();
    // What can't be read is told when the file is imported.
    for _ in 0..rows {
        if !matches!(reader.read_byte_record(&mut cells), Ok(true)) {
            break;
        }
        for (seen, cell) in seen.iter_mut().zip(&cells).filter(|(_, cell)| !cell.is_empty()) {
            seen.texts.push(String::from_utf8_lossy(cell).into_owned());
        }
    }
    Ok(seen)
}

fn unreadable(path: &Path, error: &csv::Error) -> LogError {
    LogError::File { path: path.display().to_string(), reason: error.to_string() }
}

/// A file that refuses to be read on within one row for ever: a quote that is never closed would otherwise take the
/// rest of the file into memory.
struct Bounded {
    file: BufReader<File>,
    /// Bytes read since the row began; set back by whoever takes the rows.
    row_bytes: Rc<Cell<usize>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.row_bytes.get() > LONGEST_ROW {
            let reason = format!("a row is longer than {} MiB; is a quote not closed?", LONGEST_ROW >> 20);
            return Err(std::io::Error::other(reason));
        }
        let read = self.file.read(buffer)?;
        self.row_bytes.set(self.row_bytes.get() + read);
        Ok(read)
    }
}

/// A reader of the file's rows, and what counts the bytes of each.
fn open(path: &Path, options: &ImportOptions) -> Result<(Reader<Bounded>, Rc<Cell<usize>>), LogError> {
    let delimiter = match options.delimiter {
        Some(delimiter) => delimiter,
        None => delimiter_of(path)?,
    };
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    let row_bytes = Rc::new(Cell::new(0));
    let file = Bounded { file: BufReader::with_capacity(1 << 20, file), row_bytes: Rc::clone(&row_bytes) };
    Ok((ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file), row_bytes))
}

/// What stands between the names of a file's first row most often, outside of quotes.
fn delimiter_of(path: &Path) -> Result<u8, LogError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    file.take(HEAD_BYTES).read_to_end(&mut head).map_err(|error| cannot_read(path, &error))?;
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for &byte in head.iter().take_while(|&&byte| byte != b'\n') {
        quoted ^= byte == b'"';
        if let (false, Some(at)) = (quoted, DELIMITERS.iter().position(|&delimiter| delimiter == byte)) {
            counts[at] += 1;
        }
    }
    // Of several as frequent the likeliest: `max_by_key` takes the last.
    let most = (0..DELIMITERS.len()).rev().max_by_key(|&at| counts[at]).unwrap_or(0);
    Ok(DELIMITERS[most])
}

/// The columns of a file, and which of them are asked for.
struct Columns {
    /// `"name":` as it stands in the JSON object.
    written: Vec<Vec<u8>>,
    topic: Option<usize>,
    key: Option<usize>,
    time: Option<usize>,
}

impl Columns {
    fn of(names: &ByteRecord, options: &ImportOptions) -> Self {
        let written = |name: &[u8]| {
            let mut written = Vec::new();
            push_string(&mut written, &String::from_utf8_lossy(name));
            written.push(b':');
            written
        };
        let find = |field: &Option<String>| {
            field.as_ref().and_then(|field| names.iter().position(|name| name == field.as_bytes()))
        };
        Self {
            written: names.iter().map(written).collect(),
            topic: find(&options.topic_field),
            key: find(&options.key_field),
            time: find(&options.time_field),
        }
    }

    /// Writes a row's cells as a JSON object; `Err` says what is wrong with them.
    fn write(&self, cells: &ByteRecord, value: &mut Vec<u8>) -> Result<(), String> {
        if cells.len() != self.written.len() {
            return Err(format!("{} cells under {} names", cells.len(), self.written.len()));
        }
        value.clear();
        value.push(b'{');
        for (at, (name, cell)) in self.written.iter().zip(cells).enumerate() {
            let text = std::str::from_utf8(cell).map_err(|_| format!("cell {} is no UTF-8 text", at + 1))?;
            if at > 0 {
                value.push(b',');
            }
            value.extend_from_slice(name);
            push_string(value, text);
        }
        value.push(b'}');
        Ok(())
    }
}

/// Reads a CSV file.
pub(super) fn read(path: &Path, options: &ImportOptions, gathering: &mut Gathering<'_>) -> Result<(), ImportError> {
    let (mut reader, row_bytes) = open(path, options)?;
    let columns = Columns::of(reader.byte_headers().map_err(|error| unreadable(path, &error))?, options);
    let default_topic = options.topic.clone().unwrap_or_else(|| topic_of(path));
    let (mut cells, mut value, mut bytes_before) = (ByteRecord::new(), Vec::new(), 0);
    loop {
        row_bytes.set(0);
        match reader.read_byte_record(&mut cells) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                let line = Place::Line(cells.position().map_or(1, |position| position.line() + 1));
                gathering.leave_out(Some(line), format!("reading stopped: {error}"));
                return Ok(());
            }
        }
        let place = Place::Line(cells.position().map_or(0, csv::Position::line));
        let bytes = reader.position().byte();
        gathering.read_bytes((bytes - bytes_before) as usize);
        bytes_before = bytes;
        let taken = match columns.write(&cells, &mut value) {
            Ok(()) => {
                let row = row(&columns, &cells, &value);
                take(gathering, place, &default_topic, options, &row)?
            }
            Err(reason) => Err(reason),
        };
        if let Err(reason) = taken {
            gathering.leave_out(Some(place), reason);
        }
    }
}

fn row<'r>(columns: &Columns, cells: &'r ByteRecord, value: &'r [u8]) -> Row<'r> {
    let cell = |column: Option<usize>| column.and_then(|at| cells.get(at));
    let text = |column| cell(column).filter(|cell| !cell.is_empty()).map(String::from_utf8_lossy);
    Row {
        topic: text(columns.topic),
        key: cell(columns.key).map(Cow::Borrowed),
        time: text(columns.time).map_or(RowTime::None, RowTime::Text),
        value,
    }
}
