//! How a view's rows are written out: as JSON lines, CSV or a table.

use std::io::Write;

use base64::Engine as _;
use fabula_core::codec::Cell;
use fabula_core::event::time::{NS_PER_MS, format_iso, ns_to_ms};
use unicode_width::UnicodeWidthStr as _;

use super::Format;
use super::csv::push_field;
use super::json::{IsoClock, push_integer, push_string};

/// Rows wait until so many bytes of them are written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Columns of a table are at most so wide; a longer value is cut and ends in an ellipsis.
const WIDEST: usize = 40;

/// So many rows are looked at to find out how wide a table's columns are.
const LOOKED_AT: usize = 200;

/// Writes rows of named columns.
pub struct ViewRows {
    names: Vec<String>,
    format: Format,
    buffer: Vec<u8>,
    clock: IsoClock,
    /// A table's rows, until its widths are known.
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    to: Box<dyn Write>,
    written: u64,
}

impl ViewRows {
    /// A writer of rows with these columns.
    pub fn new(names: Vec<String>, format: Format, to: Box<dyn Write>) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + (16 << 10));
        if format == Format::Csv {
            for (at, name) in names.iter().enumerate() {
                if at > 0 {
                    buffer.push(b',');
                }
                push_field(&mut buffer, name);
            }
            buffer.push(b'\n');
        }
        let clock = IsoClock::default();
        Self { names, format, buffer, clock, waiting: Vec::new(), widths: None, to, written: 0 }
    }

    /// Goes on where so many rows were written before: there are names above them already.
    pub fn go_on(&mut self, rows: u64) {
        self.buffer.clear();
        self.written = rows;
    }

    /// How many rows were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes one row; a cell a column.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) -> std::io::Result<()> {
        self.written += 1;
        match self.format {
            Format::Json => self.json(cells),
            Format::Csv => self.csv(cells),
            Format::Table => {
                let shown: Vec<String> = cells.into_iter().map(|cell| shown(&cell)).collect();
                match &self.widths {
                    Some(_) => self.line(&shown),
                    None => self.waiting.push(shown),
                }
                if self.waiting.len() >= LOOKED_AT {
                    self.settle();
                }
            }
        }
        if self.buffer.len() >= BUFFER_BYTES { self.hand_over() } else { Ok(()) }
    }

    /// Hands everything written so far to whoever reads it.
    pub fn flush(&mut self) -> std::io::Result<()> {
        if self.format == Format::Table {
            self.settle();
        }
        self.hand_over()?;
        self.to.flush()
    }

    fn hand_over(&mut self) -> std::io::Result<()> {
        let written = self.to.write_all(&self.buffer);
        self.buffer.clear();
        written
    }

    fn json<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) {
        self.buffer.push(b'{');
        for (at, (cell, name)) in cells.into_iter().zip(&self.names).enumerate() {
            if at > 0 {
                self.buffer.push(b',');
            }
            push_string(&mut self.buffer, name);
            self.buffer.push(b':');
            push_json(&mut self.buffer, &mut self.clock, &cell);
        }
        self.buffer.extend_from_slice(b"}\n");
    }

    fn csv<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) {
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                self.buffer.push(b',');
            }
            match &cell {
                // A line with nothing on it is no row to those who read it.
                Cell::Null | Cell::Missing if self.names.len() == 1 => push_field(&mut self.buffer, ""),
                Cell::Null | Cell::Missing => {}
                Cell::Failed(_) => push_field(&mut self.buffer, &cell.to_string()),
                cell => push_field(&mut self.buffer, &cell.written().unwrap_or_default()),
            }
        }
        self.buffer.push(b'\n');
    }

    /// Finds out how wide a table's columns are, and writes its titles and the rows that have waited.
    fn settle(&mut self) {
        if self.widths.is_some() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let titles: Vec<String> = self.names.iter().map(|name| name.to_uppercase()).collect();
        let width = |at: usize| {
            let cells = waiting.iter().filter_map(|row| row.get(at)).chain(titles.get(at));
            cells.map(|text| text.width()).max().unwrap_or(0).min(WIDEST)
        };
        self.widths = Some((0..titles.len()).map(width).collect());
        self.line(&titles);
        waiting.iter().for_each(|row| self.line(row));
    }

    fn line(&mut self, cells: &[String]) {
        let widths = self.widths.as_deref().unwrap_or_default();
        let mut line = String::new();
        for (text, &width) in cells.iter().zip(widths) {
            let text = cut(text, WIDEST.max(width));
            let gap = width.saturating_sub(text.width()) + 2;
            line.push_str(&text);
            line.extend(std::iter::repeat_n(' ', gap));
        }
        self.buffer.extend_from_slice(line.trim_end().as_bytes());
        self.buffer.push(b'\n');
    }
}

/// A value in a table: null is told from empty.
fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null | Cell::Missing => "∅".to_owned(),
        Cell::Text(text) if text.is_empty() => "\"\"".to_owned(),
        cell => {
            let text = cell.to_string().replace(['\n', '\r', '\t'], " ");
            // What an event says must not steer the terminal.
            if text.contains(char::is_control) { format!("{text:?}") } else { text }
        }
    }
}

fn cut(text: &str, widest: usize) -> std::borrow::Cow<'_, str> {
    if text.width() <= widest {
        return text.into();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + 2 > widest {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept.into()
}

/// Appends a value as JSON: a number with every digit, a time as ISO 8601 (with nine digits where three are too few), bytes as `{"$base64": "…"}`, and what could
/// not be told as `{"$error": "…"}`.
pub fn push_json(line: &mut Vec<u8>, clock: &mut IsoClock, cell: &Cell<'_>) {
    match cell {
        Cell::Missing | Cell::Null => line.extend_from_slice(b"null"),
        Cell::Bool(value) => line.extend_from_slice(if *value { b"true" } else { b"false" }),
        Cell::Int(int) => push_integer(line, *int),
        Cell::Float(float) if !float.is_finite() => push_string(line, &cell.to_string()),
        Cell::Decimal(_) | Cell::Number(_) | Cell::Float(_) => line.extend_from_slice(cell.to_string().as_bytes()),
        Cell::Time(ns) => {
            line.push(b'"');
            if ns % NS_PER_MS == 0 {
                clock.push(line, ns_to_ms(*ns));
            } else {
                line.extend_from_slice(format_iso(*ns).as_bytes());
            }
            line.push(b'"');
        }
        Cell::Text(text) => push_string(line, text),
        Cell::Array(text) | Cell::Object(text) => {
            line.extend(text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        }
        Cell::Bytes(bytes) => {
            line.extend_from_slice(b"{\"$base64\":\"");
            line.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(bytes).as_bytes());
            line.extend_from_slice(b"\"}");
        }
        Cell::Failed(fault) => {
            line.extend_from_slice(b"{\"$error\":");
            push_string(line, &fault.to_string());
            line.push(b'}');
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(format: Format) -> String {
        let page = Page::default();
        let mut rows = ViewRows::new(vec!["n".into(), "what".into()], format, Box::new(page.clone()));
        rows.row([Cell::Int(1), Cell::Text("a,b".into())]).unwrap();
        rows.row([Cell::Null, Cell::Time(1_500_000_000)]).unwrap();
        rows.row([Cell::Failed(fabula_core::codec::Fault::DivisionByZero), Cell::Array("[1]".into())]).unwrap();
        rows.flush().unwrap();
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_digit_of_a_time_and_every_byte_is_written() {
        let of = |format, cell: Cell<'static>| {
            let page = Page::default();
            let mut rows = ViewRows::new(vec!["one".into()], format, Box::new(page.clone()));
            rows.row([cell]).unwrap();
            rows.flush().unwrap();
            let bytes = page.0.lock().unwrap().clone();
            String::from_utf8(bytes).unwrap()
        };
        let time = Cell::Time(1_500_000_001);
        assert_eq!(of(Format::Json, time.clone()), "{\"one\":\"1970-01-01T00:00:01.500000001Z\"}\n");
        assert_eq!(of(Format::Csv, time), "one\n1970-01-01T00:00:01.500000001Z\n");
        assert_eq!(of(Format::Csv, Cell::Bytes(vec![0, 255].into())), "one\n\\x00ff\n");
        assert_eq!(of(Format::Csv, Cell::Null), "one\n\"\"\n", "an empty line would be no row");
    }

    #[test]
    fn rows_are_written_in_every_form() {
        assert_eq!(
            written(Format::Json),
            "{\"n\":1,\"what\":\"a,b\"}\n{\"n\":null,\"what\":\"1970-01-01T00:00:01.500Z\"}\n\
             {\"n\":{\"$error\":\"division by zero\"},\"what\":[1]}\n"
        );
        assert_eq!(written(Format::Csv), "n,what\n1,\"a,b\"\n,1970-01-01T00:00:01.500Z\n(division by zero),[1]\n");
        let table = written(Format::Table);
        assert!(table.starts_with("N                   WHAT\n1                   a,b\n∅"), "{table}");
    }
}
