//! Other programs that read what Fabula writes: DuckDB, pyarrow and sqlite3, in a Python of the tests' own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::{part, python};

/// What the Python needs beside its own library.
const PACKAGES: [&str; 3] = ["duckdb>=2.0", "pyarrow>=17", "pytz"];

/// A Python that has the readers.
pub struct Readers {
    python: PathBuf,
}

/// A file as a reader has it.
pub struct Read {
    /// The names of its columns.
    pub names: Vec<String>,
    /// What they are declared as, in the reader's words; none where the form has no types.
    pub types: Vec<String>,
    /// The rows: arrays of `null` or `[type, text]`.
    pub rows: Vec<Vec<Value>>,
}

impl Readers {
    /// The readers, fetched where they are not here yet; `None` (and said so) where they cannot be had.
    pub fn find(test: &str) -> Option<&'static Self> {
        static FOUND: OnceLock<Result<Readers, String>> = OnceLock::new();
        match FOUND.get_or_init(Self::install) {
            Ok(readers) => Some(readers),
            Err(missing) => {
                part::skipped(test, missing);
                None
            }
        }
    }

    fn install() -> Result<Self, String> {
        Ok(Self { python: python::with("readers", &PACKAGES)? })
    }

    /// A file as a reader has it: `duckdb` (Parquet, CSV), `pyarrow` (Parquet, Arrow), `sqlite3` or `json` (Python's own).
    ///
    /// # Panics
    /// If the reader can't read it.
    pub fn rows(&self, reader: &str, file: &Path, table: &str) -> Read {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("readers").join("read.py");
        let output = Command::new(&self.python).arg(script).arg(reader).arg(file).arg(table).output();
        let output = output.expect("Python can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{reader} can't read {}: {said}", file.display());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let mut lines = text.lines();
        let mut texts = |what: &str| serde_json::from_str(lines.next().expect(what)).expect("JSON");
        let (names, types) = (texts("a line of names"), texts("a line of types"));
        Read { names, types, rows: lines.map(|line| serde_json::from_str(line).expect("JSON")).collect() }
    }

    /// What DuckDB answers to a question.
    ///
    /// # Panics
    /// If it refuses it.
    pub fn duckdb(&self, sql: &str) -> Vec<Vec<Value>> {
        self.rows("duckdb-sql", Path::new(sql), "").rows
    }
}
