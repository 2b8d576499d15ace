//! How events are written out: as JSON lines, CSV or a table.

mod csv;
mod json;
mod payload;
mod table;
mod view;

use std::borrow::Cow;
use std::io::Write as _;

use clap::ValueEnum;
use fabula_core::event::EventRef;

pub use json::{IsoClock, push_string};
pub use payload::{Decoding, Form};
pub use table::plain;
pub use view::{ViewRows, push_json};

/// A form of output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns, cut to the terminal's width.
    #[default]
    Table,
    /// A JSON object a line.
    Json,
    /// Comma-separated values, with a first row of names.
    Csv,
}

/// Writes events to stdout, buffered.
pub struct Output {
    rows: Rows,
    buffer: Vec<u8>,
    to: std::io::Stdout,
}

enum Rows {
    Json(json::JsonLines),
    Csv(csv::CsvRows),
    Table(table::Table),
}

/// Large enough that the system's calls cost nothing beside the rows.
const BUFFER_BYTES: usize = 256 << 10;

impl Output {
    /// An output of events of these topics; `columns` are what a person chose beside key and value.
    pub fn new<'a>(
        format: Format,
        decoding: Decoding,
        topics: impl Iterator<Item = &'a str>,
        columns: &[String],
    ) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + (64 << 10));
        let rows = match format {
            Format::Json => Rows::Json(json::JsonLines::new(decoding)),
            Format::Csv => {
                csv::CsvRows::header(columns, &mut buffer);
                Rows::Csv(csv::CsvRows::new(decoding))
            }
            Format::Table => {
                let table = table::Table::new(decoding, topics, columns, terminal_width());
                table.header(&mut buffer);
                Rows::Table(table)
            }
        };
        Self { rows, buffer, to: std::io::stdout() }
    }

    /// Writes one event; `cells` are its chosen columns, `None` where a field is null or absent.
    pub fn event(&mut self, event: EventRef<'_>, cells: &[Option<Cow<'_, str>>]) -> std::io::Result<()> {
        match &mut self.rows {
            Rows::Json(json) => json.event(event, &mut self.buffer),
            Rows::Csv(csv) => csv.event(event, cells, &mut self.buffer),
            Rows::Table(table) => table.event(event, cells, &mut self.buffer),
        }
        if self.buffer.len() >= BUFFER_BYTES { self.hand_over() } else { Ok(()) }
    }

    /// Hands everything written so far to whoever reads it.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.hand_over()?;
        self.to.flush()
    }

    fn hand_over(&mut self) -> std::io::Result<()> {
        let written = self.to.write_all(&self.buffer);
        self.buffer.clear();
        written
    }
}

fn terminal_width() -> Option<usize> {
    console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns))
}
