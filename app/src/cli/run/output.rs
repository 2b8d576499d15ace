//! Where a view's rows go: lines to stdout or a file, or a file of typed columns.

use std::cell::RefCell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context as _;
use clap::ValueEnum;
use fabula_core::codec::Cell;
use fabula_core::copies::TableRows;
use fabula_core::engine::{ColumnFile, ColumnFormat, PlannedView, Untold};
use fabula_core::store::WholeFile;

use super::table::Target;
use crate::cli::output::{Format, ViewRows};
use crate::cli::{Usage, say};
use crate::figures;

/// A form in which a view's rows are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Aligned columns, cut to the terminal's width.
    #[default]
    Table,
    /// A JSON object a line.
    Json,
    /// Comma-separated values, with a first row of names.
    Csv,
    /// Apache Parquet (with --to).
    Parquet,
    /// Arrow's IPC file format (with --to).
    Arrow,
    /// A table of an SQLite file (with --to).
    Sqlite,
    /// A table of a PostgreSQL database, as --to names one.
    #[value(skip)]
    Postgres,
}

impl Form {
    /// The form that the ending of a file's name tells; an ending that tells none is its error.
    pub(crate) fn of_name(path: &Path) -> Result<Option<Self>, Usage> {
        let Some(ending) = path.extension() else { return Ok(None) };
        let ending = ending.to_string_lossy().to_lowercase();
        Ok(Some(match ending.as_str() {
            "json" | "jsonl" | "ndjson" => Self::Json,
            "csv" => Self::Csv,
            "txt" => Self::Table,
            "parquet" => Self::Parquet,
            "arrow" | "ipc" | "feather" => Self::Arrow,
            "sqlite" | "sqlite3" | "db" => Self::Sqlite,
            other => {
                let how = "end in .json, .csv, .parquet, .arrow or .sqlite, or say --format";
                return Err(Usage::new(format!("“.{other}” tells no form: {how}")));
            }
        }))
    }

    /// The form where it is one of lines.
    pub fn lines(self) -> Option<Format> {
        match self {
            Self::Table => Some(Format::Table),
            Self::Json => Some(Format::Json),
            Self::Csv => Some(Format::Csv),
            Self::Parquet | Self::Arrow | Self::Sqlite | Self::Postgres => None,
        }
    }

    fn columns(self) -> ColumnFormat {
        if self == Self::Parquet { ColumnFormat::Parquet } else { ColumnFormat::Arrow }
    }
}

/// Takes a view's rows. A file is there whole or not at all: what it held before stays until all rows are written.
pub enum ViewOutput {
    Lines(ViewRows, Option<AsideFile>),
    Columns(ColumnFile, PathBuf),
    Table(TableRows, Rc<Target>, String),
}

/// A file being written whose name comes when it is whole. Clones are the same file.
#[derive(Clone)]
pub struct AsideFile(Rc<RefCell<Option<WholeFile>>>);

impl Write for AsideFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().as_mut().map_or(Err(std::io::ErrorKind::NotFound.into()), |file| file.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.borrow_mut().as_mut().map_or(Ok(()), Write::flush)
    }
}

impl ViewOutput {
    /// An output of a view to a file, or to stdout.
    pub fn new(
        shown: &PlannedView,
        form: Form,
        to: Option<&Path>,
        target: Option<&Rc<Target>>,
    ) -> anyhow::Result<Self> {
        if let Some(target) = target {
            return Ok(Self::Table(target.rows(shown)?, Rc::clone(target), shown.name.clone()));
        }
        let names = || shown.columns.iter().map(|column| column.0.clone()).collect();
        let cannot = |path: &Path| format!("{} can't be written", path.display());
        Ok(match (form.lines(), to) {
            (Some(format), None) => Self::Lines(ViewRows::new(names(), format, Box::new(std::io::stdout())), None),
            (Some(format), Some(path)) => {
                let file = WholeFile::create(path).with_context(|| cannot(path))?;
                let file = AsideFile(Rc::new(RefCell::new(Some(file))));
                Self::Lines(ViewRows::new(names(), format, Box::new(file.clone())), Some(file))
            }
            (None, Some(path)) => {
                let columns: Vec<_> = shown.columns.iter().map(|(name, _, of)| (name.clone(), *of)).collect();
                let file = ColumnFile::create(path, form.columns(), &columns).with_context(|| cannot(path))?;
                Self::Columns(file, path.to_owned())
            }
            (None, None) => return Err(Usage::new("typed columns go to a file: name one with --to").into()),
        })
    }

    /// Writes one row; a cell a column.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) -> std::io::Result<()> {
        match self {
            Self::Lines(rows, _) => rows.row(cells),
            Self::Columns(file, _) => file.row(cells),
            Self::Table(rows, ..) => rows.row(cells),
        }
    }

    /// Writes what is left; a file gets its name.
    pub fn finish(self) -> anyhow::Result<Finished> {
        match self {
            Self::Lines(mut rows, file) => {
                rows.flush()?;
                if let Some(file) = file.and_then(|file| file.0.borrow_mut().take()) {
                    file.finish().context("the file can't be put in its place")?;
                }
                Ok(Finished { rows: rows.written(), failed: Vec::new(), place: "file" })
            }
            Self::Columns(file, path) => {
                let exported = file.finish().with_context(|| format!("{} can't be written", path.display()))?;
                Ok(Finished { rows: exported.rows, failed: exported.failed, place: "file" })
            }
            Self::Table(rows, target, view) => {
                let written = target.write(rows, &view)?;
                Ok(Finished { rows: written.rows, failed: written.failed, place: "table" })
            }
        }
    }
}

/// What was written.
pub struct Finished {
    /// How many rows.
    pub rows: u64,
    /// The columns with values that could not be decoded or calculated and are null there.
    pub failed: Vec<Untold>,
    place: &'static str,
}

impl Finished {
    /// Says what is not as it was; gives how many rows there are.
    pub fn say(self) -> u64 {
        for untold in &self.failed {
            for (count, why) in untold.reasons() {
                let (column, values) = (&untold.column, figures::of(count, "value"));
                say(&format!("{column}: {values} {why}, and are null in the {}", self.place));
            }
        }
        self.rows
    }
}
