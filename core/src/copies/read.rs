//! Reading a copy: a file or a table, row by row.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::{Address, CopyError, postgres, sqlite};
use crate::codec::{Cell, Value, json};
use crate::engine::Stop;
use crate::log::import::each_parquet_row;

/// A row of a copy; a cell a column.
pub type CopyRow<'r> = Vec<Cell<'r>>;

/// A copy of a view that is kept elsewhere.
#[derive(Debug, Clone)]
pub struct Copy {
    place: Place,
    columns: Vec<String>,
}

#[derive(Debug, Clone)]
enum Place {
    /// A file under a row of names; what stands between its cells.
    Csv(PathBuf, u8),
    /// A JSON object a line.
    Json(PathBuf),
    Parquet(PathBuf),
    Sqlite(PathBuf, String),
    Postgres(Box<Address>, String),
}

impl Copy {
    /// Opens a file: CSV, JSON lines and Parquet by the ending of the name (`.csv`, `.tsv`, `.json`, `.jsonl`, `.ndjson`,
    /// `.parquet`), else SQLite, of which `table` may name one.
    ///
    /// # Errors
    /// When it can't be read, or a table has to be named.
    pub fn file(path: &Path, table: Option<&str>, cancel: &CancellationToken) -> Result<Self, CopyError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if !path.is_file() {
            return Err(CopyError::refused(format!("{} is not there", path.display())));
        }
        match ending.as_str() {
            "csv" | "tsv" | "txt" => Self::csv(path),
            "json" | "jsonl" | "ndjson" => Self::json(path, cancel),
            "parquet" => Self::parquet(path),
            "arrow" | "ipc" | "feather" => {
                let how = "a copy is read from CSV, JSON lines, Parquet, SQLite or PostgreSQL";
                Err(CopyError::refused(format!("{}: {how}", path.display())))
            }
            _ => Self::sqlite(path, table, cancel),
        }
    }

    fn csv(path: &Path) -> Result<Self, CopyError> {
        let mut head = String::new();
        let file = File::open(path).map_err(cannot(path))?;
        BufReader::new(file.take(64 << 10)).read_line(&mut head).map_err(cannot(path))?;
        let count = |delimiter: &u8| head.bytes().filter(|byte| byte == delimiter).count();
        let delimiter = [b'|', b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
        let mut reader = csv_reader(path, delimiter)?;
        let names = reader.headers().map_err(|error| damaged(path, &error))?;
        let columns = names.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
        Ok(Self { place: Place::Csv(path.to_owned(), delimiter), columns })
    }

    /// Every line is looked at for its names: one that comes late is a column like the others.
    fn json(path: &Path, cancel: &CancellationToken) -> Result<Self, CopyError> {
        let mut columns: Vec<String> = Vec::new();
        each_object(path, cancel, &mut |entries| {
            for (at, (name, _)) in entries.into_iter().enumerate() {
                // Lines mostly have the same names in the same order.
                if columns.get(at) != Some(&name) && !columns.contains(&name) {
                    columns.push(name);
                }
            }
            Ok(())
        })?;
        Ok(Self { place: Place::Json(path.to_owned()), columns })
    }

    fn parquet(path: &Path) -> Result<Self, CopyError> {
        let columns = crate::log::import::parquet_columns(path).map_err(|why| damaged(path, &why))?;
        Ok(Self { place: Place::Parquet(path.to_owned()), columns })
    }

    /// Opens a table of an SQLite file; without a name its only one.
    ///
    /// # Errors
    /// When it can't be read, or there are several.
    pub fn sqlite(path: &Path, table: Option<&str>, cancel: &CancellationToken) -> Result<Self, CopyError> {
        let (table, columns) = sqlite::columns(path, table, cancel)?;
        Ok(Self { place: Place::Sqlite(path.to_owned(), table), columns })
    }

    /// Opens a table of a PostgreSQL database.
    ///
    /// # Errors
    /// When the server can't be reached or refuses, or there is no such table.
    pub fn postgres(address: &Address, table: &str, cancel: &CancellationToken) -> Result<Self, CopyError> {
        let columns = postgres::columns(address, table, cancel)?;
        Ok(Self { place: Place::Postgres(Box::new(address.clone()), table.to_owned()), columns })
    }

    /// What it is called: a file's path, a table and where it is.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Csv(path, _) | Place::Json(path) | Place::Parquet(path) => path.display().to_string(),
            Place::Sqlite(path, table) => format!("{table} in {}", path.display()),
            Place::Postgres(address, table) => format!("{table} in {}", address.server()),
        }
    }

    /// The names of its columns; of an empty file none.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Hands over every row, in the order of the copy.
    ///
    /// # Errors
    /// When it can't be read to its end, it was cancelled, or what `take` gives.
    pub fn each(
        &self,
        cancel: &CancellationToken,
        take: &mut dyn FnMut(CopyRow<'_>) -> Result<(), CopyError>,
    ) -> Result<(), CopyError> {
        match &self.place {
            Place::Csv(path, delimiter) => each_csv(path, *delimiter, cancel, take),
            Place::Json(path) => each_object(path, cancel, &mut |entries| take(self.row(&entries))),
            Place::Parquet(path) => {
                let mut failed = None;
                let read = each_parquet_row(path, &mut |object| {
                    let taken = entries(object).map_err(|why| damaged(path, &why));
                    let taken = taken.and_then(|entries| take(self.row(&entries)));
                    failed = taken.err().or_else(|| cancel.is_cancelled().then(|| Stop::Cancelled.into()));
                    failed.is_none()
                });
                match failed {
                    Some(error) => Err(error),
                    None => read.map_err(|why| damaged(path, &why)),
                }
            }
            Place::Sqlite(path, table) => sqlite::each(path, table, cancel, take),
            Place::Postgres(address, table) => postgres::each(address, table, cancel, take),
        }
    }

    /// The cells of a JSON object, of a repeated name the last.
    fn row<'v>(&self, entries: &'v [(String, Value)]) -> CopyRow<'v> {
        let cell = |name: &String| {
            let value = entries.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value);
            value.map_or(Cell::Null, cell_of)
        };
        self.columns.iter().map(cell).collect()
    }
}

fn cannot(path: &Path) -> impl FnOnce(std::io::Error) -> CopyError + use<> {
    CopyError::io(format!("{} can't be read", path.display()))
}

fn damaged(path: &Path, why: &dyn std::fmt::Display) -> CopyError {
    CopyError::refused(format!("{} can't be read: {why}", path.display()))
}

fn csv_reader(path: &Path, delimiter: u8) -> Result<csv::Reader<BufReader<File>>, CopyError> {
    let file = File::open(path).map_err(cannot(path))?;
    Ok(csv::ReaderBuilder::new().delimiter(delimiter).from_reader(BufReader::with_capacity(1 << 18, file)))
}

fn each_csv(
    path: &Path,
    delimiter: u8,
    cancel: &CancellationToken,
    take: &mut dyn FnMut(CopyRow<'_>) -> Result<(), CopyError>,
) -> Result<(), CopyError> {
    let mut reader = csv_reader(path, delimiter)?;
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| damaged(path, &error))? {
        if cancel.is_cancelled() {
            return Err(Stop::Cancelled.into());
        }
        // An empty cell is null or empty, which a CSV does not tell apart for its readers.
        let cell = |text| if str::is_empty(text) { Cell::Missing } else { Cell::Text(text.into()) };
        take(record.iter().map(cell).collect())?;
    }
    Ok(())
}

fn each_object(
    path: &Path,
    cancel: &CancellationToken,
    take: &mut dyn FnMut(Vec<(String, Value)>) -> Result<(), CopyError>,
) -> Result<(), CopyError> {
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path).map_err(cannot(path))?);
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(cannot(path))? == 0 {
            return Ok(());
        }
        number += 1;
        if cancel.is_cancelled() {
            return Err(Stop::Cancelled.into());
        }
        if !line.trim_ascii().is_empty() {
            let entries = entries(&line).map_err(|why| damaged(path, &format!("line {number}: {why}")))?;
            take(entries)?;
        }
    }
}

fn entries(object: &[u8]) -> Result<Vec<(String, Value)>, String> {
    match json::parse(object) {
        Ok(Value::Object(entries)) => Ok(entries),
        Ok(_) => Err("a row is a JSON object".to_owned()),
        Err(error) => Err(format!("no JSON: {error}")),
    }
}

/// A JSON value as a cell; bytes stand in it as `{"$base64": "…"}`.
fn cell_of(value: &Value) -> Cell<'_> {
    use base64::Engine as _;
    if let Value::Object(entries) = value
        && let [(name, Value::String(text))] = entries.as_slice()
        && name == "$base64"
        && let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(text)
    {
        return Cell::Bytes(bytes.into());
    }
    // What could not be calculated is told in Fabula's own lines; it is null everywhere else.
    if let Value::Object(entries) = value
        && let [(name, Value::String(_))] = entries.as_slice()
        && name == "$error"
    {
        return Cell::Null;
    }
    value.cell()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_late_is_a_column_like_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("copy.jsonl");
        let mut lines = "{\"key\":1,\"n\":2}\n".repeat(5_000);
        lines.push_str("{\"late\":3,\"key\":1}\n");
        std::fs::write(&path, lines).unwrap();
        let go = CancellationToken::new();
        let copy = Copy::file(&path, None, &go).unwrap();
        assert_eq!(copy.columns(), ["key", "n", "late"]);
        let mut last = Vec::new();
        let take = &mut |row: CopyRow<'_>| {
            last = row.into_iter().map(Cell::into_owned).collect();
            Ok(())
        };
        copy.each(&go, take).unwrap();
        assert_eq!(last, [Cell::Int(1), Cell::Null, Cell::Int(3)]);
    }

    #[test]
    fn an_empty_file_is_a_copy_without_columns_and_rows() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["copy.jsonl", "copy.csv"] {
            let path = dir.path().join(name);
            std::fs::write(&path, "").unwrap();
            let copy = Copy::file(&path, None, &CancellationToken::new()).unwrap();
            assert!(copy.columns().is_empty(), "{name}");
            copy.each(&CancellationToken::new(), &mut |row| panic!("{row:?}")).unwrap();
        }
    }
}
