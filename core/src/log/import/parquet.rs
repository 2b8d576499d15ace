//! Parquet: each row becomes a JSON object, exact in every number.
//!
//! A file is read row group by row group, and a row group in slices: in memory are its columns as they lie in the file,
//! and one slice of them decoded. The columns are decoded to Arrow without a data frame around them, so that every type
//! a Parquet file may have is read, whatever a data frame would make of it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use polars_arrow::array::Array;
use polars_arrow::datatypes::Field;
use polars_buffer::Buffer;
use polars_parquet::read::{
    BasicDecompressor, ColumnChunkMetadata, FileMetadata, Filter, PageReader, PrimitiveLogicalType, RowGroupMetadata,
    column_iter_to_arrays, infer_schema, read_metadata,
};

use super::gather::Gathering;
use super::parquet_json::{Form, moment_ms, text, write};
use super::report::Place;
use super::rows::{Row, RowTime, take};
use super::sketch::Seen;
use super::{ImportError, ImportOptions, cannot_read, check_columns, topic_of};
use crate::log::LogError;

/// How many rows are decoded at a time.
const SLICE_ROWS: usize = 64 << 10;

/// A Parquet file with its metadata read.
struct Opened {
    file: File,
    metadata: FileMetadata,
    columns: Vec<Column>,
}

/// A top-level column.
struct Column {
    field: Field,
    /// `"name":` as it stands in the JSON object.
    written: Vec<u8>,
    form: Form,
}

/// A column's part of a row group, as it lies in the file.
struct Chunk<'m> {
    metadata: &'m ColumnChunkMetadata,
    bytes: Buffer<u8>,
}

/// Refuses fields that the file has no column of.
pub(super) fn check_fields(path: &Path, options: &ImportOptions) -> Result<(), LogError> {
    // A file that is no Parquet is named when it is its turn, like any that can't be read.
    let Ok(opened) = open(path)? else { return Ok(()) };
    let names: Vec<&str> = opened.columns.iter().map(|column| column.field.name.as_str()).collect();
    check_columns(path, &names, options)
}

/// The columns' names; of a file that is no Parquet none.
pub(super) fn seen(path: &Path) -> Result<Vec<Seen>, LogError> {
    let Ok(opened) = open(path)? else { return Ok(Vec::new()) };
    let names = opened.columns.iter().map(|column| column.field.name.to_string());
    Ok(names.map(|name| Seen { name, texts: Vec::new() }).collect())
}

fn open(path: &Path) -> Result<Result<Opened, String>, LogError> {
    let mut file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    Ok(contained(|| understand(&mut file)).map(|(metadata, columns)| Opened { file, metadata, columns }))
}

fn understand(file: &mut File) -> Result<(FileMetadata, Vec<Column>), String> {
    let metadata = read_metadata(file).map_err(|error| error.to_string())?;
    let schema = infer_schema(&metadata).map_err(|error| error.to_string())?;
    let form = |name: &str| {
        let top_level = metadata
            .schema_descr
            .columns()
            .iter()
            .find(|column| column.path_in_schema.len() == 1 && column.path_in_schema[0] == name);
        match top_level.and_then(|column| column.descriptor.primitive_type.logical_type) {
            Some(PrimitiveLogicalType::Uuid) => Form::Uuid,
            Some(PrimitiveLogicalType::Json) => Form::Json,
            _ => Form::Plain,
        }
    };
    let column = |field: &Field| {
        let mut written = Vec::new();
        super::json::push_string(&mut written, &field.name);
        written.push(b':');
        Column { field: field.clone(), written, form: form(&field.name) }
    };
    let columns = schema.iter_values().map(column).collect();
    Ok((metadata, columns))
}

/// Polars' reader believes in places what a file says of itself, and panics where that is wrong. For a person that is a
/// damaged file like any other.
fn contained<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err("damaged: what it says of itself does not hold".to_owned()))
}

/// Reads a Parquet file.
pub(super) fn read(path: &Path, options: &ImportOptions, gathering: &mut Gathering<'_>) -> Result<(), ImportError> {
    let mut opened = match open(path)? {
        Ok(opened) => opened,
        Err(reason) => {
            gathering.leave_out(None, format!("no Parquet file: {reason}"));
            return Ok(());
        }
    };
    let default_topic = options.topic.clone().unwrap_or_else(|| topic_of(path));
    let mut rows_before = 0;
    let Opened { file, metadata, columns } = &mut opened;
    for group in &metadata.row_groups {
        match read_chunks(file, columns, group) {
            Ok(chunks) => {
                for from in (0..group.num_rows()).step_by(SLICE_ROWS) {
                    let to = group.num_rows().min(from + SLICE_ROWS);
                    let first_row = rows_before + from as u64 + 1;
                    match contained(|| decode(columns, &chunks, from..to)) {
                        Ok(arrays) => {
                            let slice = Slice { columns, arrays, first_row };
                            slice.take(to - from, &default_topic, options, gathering)?;
                        }
                        Err(reason) => leave_out_rows(gathering, first_row, to - from, &reason),
                    }
                }
            }
            Err(reason) => leave_out_rows(gathering, rows_before + 1, group.num_rows(), &reason),
        }
        gathering.read_bytes(group.compressed_size());
        rows_before += group.num_rows() as u64;
    }
    Ok(())
}

/// The names of a Parquet file's columns.
///
/// # Errors
/// Why it can't be read.
pub(crate) fn parquet_columns(path: &Path) -> Result<Vec<String>, String> {
    let opened = open(path).map_err(|error| error.to_string())??;
    Ok(opened.columns.iter().map(|column| column.field.name.to_string()).collect())
}

/// Hands over every row of a Parquet file as a JSON object, until `take` wants no more.
///
/// # Errors
/// Why it can't be read to its end.
pub(crate) fn each_parquet_row(path: &Path, take: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), String> {
    let Opened { mut file, metadata, columns } = open(path).map_err(|error| error.to_string())??;
    let mut object = Vec::new();
    for group in &metadata.row_groups {
        let chunks = read_chunks(&mut file, &columns, group)?;
        for from in (0..group.num_rows()).step_by(SLICE_ROWS) {
            let to = group.num_rows().min(from + SLICE_ROWS);
            let arrays = contained(|| decode(&columns, &chunks, from..to))?;
            let slice = Slice { columns: &columns, arrays, first_row: 0 };
            for row in 0..to - from {
                object.clear();
                slice.write(row, &mut object);
                if !take(&object) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn leave_out_rows(gathering: &mut Gathering<'_>, first: u64, count: usize, reason: &str) {
    for row in first..first + count as u64 {
        gathering.leave_out(Some(Place::Row(row)), reason);
    }
}

/// Reads the bytes of a row group, by column.
fn read_chunks<'m>(
    file: &mut File,
    columns: &[Column],
    group: &'m RowGroupMetadata,
) -> Result<Vec<Vec<Chunk<'m>>>, String> {
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let mut read = |metadata: &'m ColumnChunkMetadata| -> Result<Chunk<'m>, String> {
        let range = metadata.byte_range();
        if range.end > length || range.start > range.end {
            return Err(format!("the file ends at byte {length}, before this part of it does"));
        }
        let mut bytes = vec![0; (range.end - range.start) as usize];
        file.seek(SeekFrom::Start(range.start)).map_err(|error| error.to_string())?;
        file.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        Ok(Chunk { metadata, bytes: Buffer::from_vec(bytes) })
    };
    columns
        .iter()
        .map(|column| {
            let name = &column.field.name;
            let parts = group.columns_under_root_iter(name).ok_or_else(|| format!("{name} is not in this part"))?;
            parts.map(&mut read).collect()
        })
        .collect()
}

/// Decodes some rows of a row group: one array a column.
fn decode(
    columns: &[Column],
    chunks: &[Vec<Chunk<'_>>],
    rows: std::ops::Range<usize>,
) -> Result<Vec<Box<dyn Array>>, String> {
    let decode_column = |(column, chunks): (&Column, &Vec<Chunk<'_>>)| {
        let name = &column.field.name;
        let (pages, types) = chunks
            .iter()
            .map(|chunk| {
                let pages = PageReader::new(Cursor::new(chunk.bytes.clone()), chunk.metadata, Vec::new(), usize::MAX);
                let of = &chunk.metadata.descriptor().descriptor.primitive_type;
                (BasicDecompressor::new(pages, Vec::new()), of)
            })
            .unzip();
        let filter = Filter::new_ranged(rows.start, rows.end);
        let (mut arrays, _) = column_iter_to_arrays(pages, types, column.field.clone(), Some(filter))
            .map_err(|error| format!("{name}: {error}"))?;
        match (arrays.len(), arrays.pop()) {
            (1, Some(array)) if array.len() == rows.len() => Ok(array),
            _ => Err(format!("{name}: has not as many values as the file has rows")),
        }
    };
    columns.iter().zip(chunks).map(decode_column).collect()
}

/// Some rows, decoded.
struct Slice<'c> {
    columns: &'c [Column],
    arrays: Vec<Box<dyn Array>>,
    first_row: u64,
}

impl Slice<'_> {
    fn take(
        &self,
        rows: usize,
        default_topic: &str,
        options: &ImportOptions,
        gathering: &mut Gathering<'_>,
    ) -> Result<(), ImportError> {
        let find = |field: &Option<String>| {
            let name = field.as_deref()?;
            self.columns.iter().position(|column| column.field.name == name)
        };
        let (topic, key, time) = (find(&options.topic_field), find(&options.key_field), find(&options.time_field));
        let mut value = Vec::new();
        for row in 0..rows {
            value.clear();
            self.write(row, &mut value);
            let text = |column: Option<usize>| column.and_then(|at| self.text(at, row));
            let taken = Row {
                topic: text(topic).map(|text| Cow::Owned(String::from_utf8_lossy(&text).into_owned())),
                key: text(key).map(Cow::Owned),
                time: time.map_or(RowTime::None, |at| self.time(at, row)),
                value: &value,
            };
            let place = Place::Row(self.first_row + row as u64);
            if let Err(reason) = take(gathering, place, default_topic, options, &taken)? {
                gathering.leave_out(Some(place), reason);
            }
        }
        Ok(())
    }

    fn write(&self, row: usize, value: &mut Vec<u8>) {
        value.push(b'{');
        for (at, column) in self.columns.iter().enumerate() {
            if at > 0 {
                value.push(b',');
            }
            value.extend_from_slice(&column.written);
            write(value, self.arrays[at].as_ref(), row, column.form);
        }
        value.push(b'}');
    }

    fn text(&self, column: usize, row: usize) -> Option<Vec<u8>> {
        text(self.arrays[column].as_ref(), row, self.columns[column].form)
    }

    fn time(&self, column: usize, row: usize) -> RowTime<'static> {
        match moment_ms(self.arrays[column].as_ref(), row) {
            Some(at_ms) => RowTime::At(at_ms),
            None => match self.text(column, row) {
                Some(text) if !text.is_empty() => {
                    RowTime::Text(Cow::Owned(String::from_utf8_lossy(&text).into_owned()))
                }
                _ => RowTime::None,
            },
        }
    }
}
