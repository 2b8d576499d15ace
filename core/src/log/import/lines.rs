//! Files of lines, in memory no larger than their longest one.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::gather::Gathering;
use super::report::Place;
use super::{Format, ImportError, ImportOptions, cannot_read, kcat, own};

/// The longest line that is read: longer than any record that a broker takes.
const LONGEST_LINE: usize = 512 << 20;

/// The lines of a file, one after the other.
pub(super) struct Lines {
    file: BufReader<File>,
    line: Vec<u8>,
    number: u64,
}

/// One line.
pub(super) struct Line<'l> {
    pub(super) number: u64,
    /// Without the line's end, and without white space around it.
    pub(super) bytes: &'l [u8],
    /// How many bytes it takes in the file.
    pub(super) length: usize,
    /// Whether there is more of it than may be read.
    pub(super) too_long: bool,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
        Ok(Self { file: BufReader::with_capacity(1 << 20, file), line: Vec::new(), number: 0 })
    }

    /// The next line that is not blank; `None` at the end.
    pub(super) fn next_line(&mut self) -> std::io::Result<Option<Line<'_>>> {
        let mut length = 0;
        loop {
            let (read, too_long) = self.read_line()?;
            length += read;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let first = self.number == 1 && self.line.starts_with(b"\xEF\xBB\xBF");
            let from = if first { 3 } else { 0 };
            if !self.line[from..].trim_ascii().is_empty() {
                let bytes = self.line[from..].trim_ascii();
                return Ok(Some(Line { number: self.number, bytes, length, too_long }));
            }
        }
    }

    /// Reads up to the line's end, keeping no more than [`LONGEST_LINE`].
    fn read_line(&mut self) -> std::io::Result<(usize, bool)> {
        self.line.clear();
        let (mut length, mut too_long) = (0, false);
        loop {
            let buffered = self.file.fill_buf()?;
            if buffered.is_empty() {
                return Ok((length, too_long));
            }
            let end = memchr::memchr(b'\n', buffered);
            let used = end.map_or(buffered.len(), |at| at + 1);
            let room = LONGEST_LINE - self.line.len();
            too_long |= used > room;
            self.line.extend_from_slice(&buffered[..used.min(room)]);
            self.file.consume(used);
            length += used;
            if end.is_some() {
                return Ok((length, too_long));
            }
        }
    }
}

/// Hands every line of a file to `take`; what `take` refuses is left out.
pub(super) fn each_line<'i>(
    path: &Path,
    gathering: &mut Gathering<'i>,
    mut take: impl FnMut(&mut Gathering<'i>, Place, &[u8]) -> Result<Result<(), String>, ImportError>,
) -> Result<(), ImportError> {
    let mut lines = Lines::open(path)?;
    loop {
        let line = match lines.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(error) => {
                gathering.leave_out(None, format!("reading stopped: {error}"));
                return Ok(());
            }
        };
        gathering.read_bytes(line.length);
        let place = Place::Line(line.number);
        let refused = if line.too_long {
            Err(format!("longer than {} MiB", LONGEST_LINE >> 20))
        } else {
            take(gathering, place, line.bytes)?
        };
        if let Err(reason) = refused {
            gathering.leave_out(Some(place), reason);
        }
    }
}

/// Reads lines that each hold a whole record.
pub(super) fn read_dump(
    path: &Path,
    format: Format,
    options: &ImportOptions,
    gathering: &mut Gathering<'_>,
) -> Result<(), ImportError> {
    let parse = if format == Format::Kcat { kcat::parse } else { own::parse };
    each_line(path, gathering, |gathering, place, line| {
        let dumped = match parse(line) {
            Ok(dumped) => dumped,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Some(reason) = &dumped.untimed_because {
            gathering.keep_without(place, format!("{reason}; kept without a timestamp"));
        }
        let mut record = dumped.record();
        if let Some(topic) = &options.topic {
            record.topic = topic;
        }
        gathering.take(place, &record).map(Ok)
    })
}
