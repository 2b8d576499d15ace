//! Rows into a file of typed columns: Parquet, or Arrow's IPC format.
//!
//! A column's type is that of the values which came ([`Seen`]), so rows wait on the disk until all are there; then they
//! are written in batches. In memory is one batch, whatever the number of rows. The file is there whole or not at all.

mod batch;
mod seen;
mod waiting;

use std::io;
use std::path::{Path, PathBuf};

use polars::prelude::{
    CompatLevel, DataFrame, DataType, Field, IpcWriter, KeyValueMetadata, ParquetWriter, PolarsError, PolarsResult,
    Schema, SchemaExt as _, SerWriter as _,
};
use polars_arrow::io::ipc::write::default_ipc_fields;
use polars_parquet::write::schema_to_metadata_key;

use crate::codec::Cell;
use crate::expr::Type;
use crate::store::WholeFile;
use batch::Batch;
pub use seen::Untold;
pub(crate) use seen::{Kind, Seen};
pub(crate) use waiting::WaitingRows;

/// A batch is written when it has so many rows …
const BATCH_ROWS: usize = 128 << 10;

/// … or so many bytes.
const BATCH_BYTES: usize = 32 << 20;

/// A format of files with typed columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnFormat {
    /// Apache Parquet.
    Parquet,
    /// Arrow's IPC file format, also known as Feather 2.
    Arrow,
}

/// Takes rows that will be a file of typed columns.
///
/// | values of a column | its type in the file |
/// |---|---|
/// | integers | `int64` |
/// | integers and decimals | `decimal(38, s)` with the most digits behind the point that came, where 38 are enough |
/// | floats, and numbers of any length, where each is the shortest decimal of a float | `float64`, else text |
/// | true, false | `boolean` |
/// | times | `timestamp` in UTC: in milliseconds where all are whole, else in nanoseconds |
/// | texts | text |
/// | bytes | binary |
/// | arrays and objects | text: their JSON |
/// | of several kinds | text |
/// | none but nulls | what the pipeline says: boolean, `int64`, text or `timestamp` |
///
/// Null and missing are null, and so is what could not be decoded or calculated, which is counted.
#[derive(Debug)]
pub struct ColumnFile {
    path: PathBuf,
    format: ColumnFormat,
    names: Vec<String>,
    seen: Vec<Seen>,
    waiting: WaitingRows,
    row: Vec<u8>,
    rows: u64,
}

/// What an export came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// How many rows the file has.
    pub rows: u64,
    /// The columns with values that could not be decoded or calculated and are null in the file.
    pub failed: Vec<Untold>,
}

impl ColumnFile {
    /// A file that will have this name, with these columns; what is known of their values decides where none comes.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn create(path: &Path, format: ColumnFormat, columns: &[(String, Type)]) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            format,
            names: columns.iter().map(|(name, _)| name.clone()).collect(),
            seen: columns.iter().map(|(_, of)| Seen::new(*of)).collect(),
            waiting: WaitingRows::beside(path)?,
            row: Vec::new(),
            rows: 0,
        })
    }

    /// How many rows have come.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes a row; a cell a column.
    ///
    /// # Errors
    /// When the disk is full, say.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) -> io::Result<()> {
        self.row.clear();
        for (cell, seen) in cells.into_iter().zip(&mut self.seen) {
            seen.add(&cell);
            super::store_cell(&cell, &mut self.row);
        }
        self.rows += 1;
        self.waiting.push(&self.row)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When the disk is full, say; what had the file's name before is there still.
    pub fn finish(self) -> io::Result<Exported> {
        let Self { path, format, names, seen, mut waiting, rows, .. } = self;
        let kinds: Vec<Kind> = seen.iter().map(Seen::kind).collect();
        let fields = names.iter().zip(&kinds).map(|(name, kind)| Field::new(name.into(), kind.data_type()));
        let schema: Schema = fields.collect();
        let mut file = WholeFile::create(&path)?;
        let mut batches = Batches { waiting: &mut waiting, names: &names, kinds: &kinds };
        let written = match format {
            ColumnFormat::Parquet => batches.write_parquet(&mut file, &schema),
            ColumnFormat::Arrow => batches.write_arrow(&mut file, &schema),
        };
        written.map_err(io::Error::other)?;
        file.finish()?;
        Ok(Exported { rows, failed: names.iter().zip(&seen).filter_map(|(name, seen)| seen.untold(name)).collect() })
    }
}

/// The rows that have waited, batch by batch.
struct Batches<'w> {
    waiting: &'w mut WaitingRows,
    names: &'w [String],
    kinds: &'w [Kind],
}

impl Batches<'_> {
    fn write_parquet(&mut self, file: &mut WholeFile, schema: &Schema) -> PolarsResult<()> {
        // What a file notes of its Arrow types its readers take at its word, and older ones know no layout that is newer.
        let note = schema_to_metadata_key(&schema.to_arrow(CompatLevel::oldest()));
        let notes = KeyValueMetadata::Static(vec![note]);
        let mut writer = ParquetWriter::new(file).with_key_value_metadata(Some(notes)).batched(schema)?;
        self.each(|frame| writer.write_batch(&frame))?;
        writer.finish().map(drop)
    }

    fn write_arrow(&mut self, file: &mut WholeFile, schema: &Schema) -> PolarsResult<()> {
        // Readers of Arrow do not all know its newer layouts of text.
        let level = CompatLevel::oldest();
        let arrow = schema.to_arrow(level);
        let mut writer =
            IpcWriter::new(file).with_compat_level(level).batched(schema, default_ipc_fields(arrow.iter_values()))?;
        self.each(|frame| writer.write_batch(&frame))?;
        writer.finish()
    }

    fn each(&mut self, mut write: impl FnMut(DataFrame) -> PolarsResult<()>) -> PolarsResult<()> {
        let mut rows = self.waiting.read()?;
        let mut row = Vec::new();
        let mut batch = Batch::new(self.kinds);
        while rows.next(&mut row)? {
            batch.push(&row).map_err(|error| PolarsError::ComputeError(error.to_string().into()))?;
            if batch.rows() >= BATCH_ROWS || batch.bytes() >= BATCH_BYTES {
                write(batch.finish(self.names)?)?;
            }
        }
        if batch.rows() > 0 { write(batch.finish(self.names)?) } else { Ok(()) }
    }
}

impl Kind {
    fn data_type(&self) -> DataType {
        use polars::prelude::{TimeUnit, TimeZone};
        match self {
            Self::Int => DataType::Int64,
            Self::Decimal { scale } => DataType::Decimal(seen::DIGITS, *scale as usize),
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Ms => DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)),
            Self::Ns => DataType::Datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)),
            Self::Text | Self::Json => DataType::String,
            Self::Bytes => DataType::Binary,
        }
    }
}

#[cfg(test)]
mod tests;
