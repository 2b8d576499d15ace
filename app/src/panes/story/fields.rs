//! The chosen columns that are fields of the event: read for the rows at hand, typed, and nothing else decoded.

use fabula_core::codec::{Cell, Fault, Path, Payloads, TopicCodecs};
use fabula_core::event::EventBatch;

use super::row::RowCell;
use crate::state::Column;

enum Field {
    Value(Path),
    Header(String),
}

/// The fields that stand in columns.
pub(super) struct Fields<'a> {
    fields: Vec<Result<Field, String>>,
    codecs: &'a TopicCodecs,
}

/// Whether a text names a field.
pub(super) fn check(text: &str) -> Result<(), String> {
    parse(text).map(drop)
}

fn parse(text: &str) -> Result<Field, String> {
    if let Some(name) = text.strip_prefix("headers.") {
        return Ok(Field::Header(name.to_owned()));
    }
    let inside = text.strip_prefix("value").unwrap_or(text).trim_start_matches('.');
    inside.parse().map(Field::Value).map_err(|error| error.to_string())
}

impl<'a> Fields<'a> {
    pub(super) fn new(columns: &[Column], codecs: &'a TopicCodecs) -> Self {
        let fields = columns.iter().filter_map(|column| match column {
            Column::Field(text) => Some(parse(text)),
            Column::Key | Column::Value => None,
        });
        Self { fields: fields.collect(), codecs }
    }

    /// For each field a column of cells, one for each row.
    pub(super) fn read(&mut self, batch: &EventBatch, rows: &[u32]) -> Vec<Vec<RowCell>> {
        self.fields
            .iter()
            .map(|field| match field {
                Err(_) => rows.iter().map(|_| RowCell::Absent).collect(),
                Ok(Field::Value(path)) => {
                    let payloads = Payloads::new(batch.values(), rows);
                    let column =
                        self.codecs.value.columns(&payloads, std::slice::from_ref(path), Fault::UndecodableValue);
                    column.into_iter().flatten().map(|cell| cell_of(&cell)).collect()
                }
                Ok(Field::Header(name)) => rows
                    .iter()
                    .map(|&row| match batch.event(row as usize).headers().find(|(header, _)| header == name) {
                        None => RowCell::Absent,
                        Some((_, None)) => RowCell::Null,
                        Some((_, Some(bytes))) => RowCell::text(fabula_core::codec::preview(bytes, 200), &[]),
                    })
                    .collect(),
            })
            .collect()
    }
}

fn cell_of(cell: &Cell<'_>) -> RowCell {
    match cell {
        Cell::Missing => RowCell::Absent,
        Cell::Null => RowCell::Null,
        Cell::Failed(fault) => RowCell::Undecodable { text: fault.to_string() },
        number if number.is_number() => RowCell::Text { text: number.to_string(), found: Vec::new(), number: true },
        Cell::Text(text) if text.is_empty() => RowCell::Empty,
        other => RowCell::text(fabula_core::codec::preview(other.to_string().as_bytes(), 200), &[]),
    }
}
