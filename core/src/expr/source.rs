//! The fields of an event that an expression can name, and their columns.

use std::fmt;

use arrow_array::Array as _;

use crate::codec::json::compact;
use crate::codec::{Cell, Codec, Fault, Path, Payloads, TopicCodecs, Value, is_plain_name};
use crate::event::time::ms_to_ns;
use crate::event::{EventBatch, TimestampType};

use super::node::Type;

/// A field of an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// `topic`
    Topic,
    /// `partition`
    Partition,
    /// `offset`
    Offset,
    /// `timestamp`: the record's, null where it has none.
    Timestamp,
    /// `timestamp_type`: `none`, `create` or `log_append`.
    TimestampType,
    /// `key`, `key.field`
    Key(Path),
    /// `value`, `value.field`
    Value(Path),
    /// `size(key)`: bytes of the key, null if the key is.
    KeySize,
    /// `size(value)`: bytes of the value, null if the value is.
    ValueSize,
    /// `headers.name`: the first header of that name.
    Header(String),
    /// `headers_all.name`: every header of that name, as an array.
    Headers(String),
    /// A column of a pipeline's rows, by its place, and what is known of it. No event has it.
    Column(usize, Type),
    /// An aggregate's result, by its place among the calls of its expression. No event has it.
    Aggregate(usize, Type),
}

/// The names that begin a field.
pub(crate) const ROOTS: [&str; 8] =
    ["topic", "partition", "offset", "timestamp", "timestamp_type", "key", "value", "headers"];

impl Source {
    /// Whether the field is inside a payload, which must be decoded to see it.
    pub(crate) fn is_inside_payload(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Value(_))
    }

    /// What is known of the field before there is an event.
    pub fn type_of(&self) -> Type {
        match self {
            Self::Topic | Self::TimestampType | Self::Header(_) => Type::Text,
            Self::Partition | Self::Offset | Self::KeySize | Self::ValueSize => Type::Number,
            Self::Timestamp => Type::Time,
            Self::Key(_) | Self::Value(_) | Self::Headers(_) => Type::Any,
            Self::Column(_, of) | Self::Aggregate(_, of) => *of,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = |f: &mut fmt::Formatter<'_>, root: &str, path: &Path| match path.to_string() {
            path if path.is_empty() || path.starts_with('[') => write!(f, "{root}{path}"),
            path => write!(f, "{root}.{path}"),
        };
        let header = |f: &mut fmt::Formatter<'_>, root: &str, name: &str| match is_plain_name(name) {
            true => write!(f, "{root}.{name}"),
            false => write!(f, "{root}['{}']", name.replace('\'', "''")),
        };
        match self {
            Self::Topic => f.write_str("topic"),
            Self::Partition => f.write_str("partition"),
            Self::Offset => f.write_str("offset"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::TimestampType => f.write_str("timestamp_type"),
            Self::Key(path) => inside(f, "key", path),
            Self::Value(path) => inside(f, "value", path),
            Self::KeySize => f.write_str("size(key)"),
            Self::ValueSize => f.write_str("size(value)"),
            Self::Header(name) => header(f, "headers", name),
            Self::Headers(name) => header(f, "headers_all", name),
            Self::Column(index, _) => write!(f, "column {index}"),
            Self::Aggregate(index, _) => write!(f, "aggregate {index}"),
        }
    }
}

/// The columns of sources for some rows of a batch, a cell a row; of those that are not `wanted`, empty ones. Each
/// payload is read once, however many of its fields are asked for.
pub(crate) fn columns<'a>(
    sources: &[Source],
    wanted: &[bool],
    batch: &'a EventBatch,
    rows: &'a [u32],
    codecs: &TopicCodecs,
) -> Vec<Vec<Cell<'a>>> {
    let mut key_paths = Vec::new();
    let mut value_paths = Vec::new();
    for (source, wanted) in sources.iter().zip(wanted) {
        match source {
            Source::Key(path) if *wanted => key_paths.push(path.clone()),
            Source::Value(path) if *wanted => value_paths.push(path.clone()),
            _ => {}
        }
    }
    let key_payloads = Payloads::new(batch.keys(), rows);
    let value_payloads = Payloads::new(batch.values(), rows);
    let side = |codec: &Codec, payloads, paths: &[Path], fault| {
        if paths.is_empty() { Vec::new() } else { codec.columns(payloads, paths, fault) }.into_iter()
    };
    let mut keys = side(&codecs.key, &key_payloads, &key_paths, Fault::UndecodableKey);
    let mut values = side(&codecs.value, &value_payloads, &value_paths, Fault::UndecodableValue);
    sources
        .iter()
        .zip(wanted)
        .map(|(source, wanted)| match source {
            _ if !wanted => Vec::new(),
            Source::Key(_) => keys.next().unwrap_or_default(),
            Source::Value(_) => values.next().unwrap_or_default(),
            Source::KeySize => key_payloads.iter().map(size).collect(),
            Source::ValueSize => value_payloads.iter().map(size).collect(),
            coordinate => rows.iter().map(|&row| of_row(coordinate, batch, row as usize)).collect(),
        })
        .collect()
}

fn size(payload: Option<&[u8]>) -> Cell<'static> {
    payload.map_or(Cell::Missing, |payload| Cell::Int(payload.len() as i64))
}

fn of_row<'a>(source: &Source, batch: &'a EventBatch, row: usize) -> Cell<'a> {
    match source {
        Source::Topic => Cell::Text((&**batch.topic()).into()),
        Source::Partition => Cell::Int(batch.partition().into()),
        Source::Offset => Cell::Int(batch.offsets()[row]),
        Source::Timestamp if batch.timestamp_types()[row] < 0 => Cell::Missing,
        Source::Timestamp => Cell::Time(ms_to_ns(batch.timestamps_ms()[row])),
        Source::TimestampType => Cell::Text(TimestampType::from_code(batch.timestamp_types()[row]).name().into()),
        Source::Header(name) => headers(batch, row, name).next().unwrap_or(Cell::Missing),
        Source::Headers(name) => all_headers(batch, row, name),
        Source::Key(_) | Source::Value(_) | Source::KeySize | Source::ValueSize => Cell::Missing,
        Source::Column(..) | Source::Aggregate(..) => Cell::Missing,
    }
}

fn headers<'a>(batch: &'a EventBatch, row: usize, name: &str) -> impl Iterator<Item = Cell<'a>> {
    let (names, values) = (batch.header_names(), batch.header_values());
    batch.header_range(row).filter(move |&entry| names.value(entry) == name).map(move |entry| {
        if values.is_null(entry) {
            return Cell::Null;
        }
        let bytes = values.value(entry);
        std::str::from_utf8(bytes).map_or(Cell::Bytes(bytes.into()), |text| Cell::Text(text.into()))
    })
}

fn all_headers(batch: &EventBatch, row: usize, name: &str) -> Cell<'static> {
    let values: Vec<Value> = headers(batch, row, name)
        .map(|cell| match cell {
            Cell::Text(text) => Value::String(text.into_owned()),
            Cell::Bytes(bytes) => Value::Bytes(bytes.into_owned()),
            _ => Value::Null,
        })
        .collect();
    if values.is_empty() { Cell::Missing } else { Cell::Array(compact(&Value::Array(values)).into()) }
}
