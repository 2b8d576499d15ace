//! What is written to a file of typed columns is what another reader finds in it.

use std::fs::File;

use polars::prelude::{AnyValue, DataFrame, DataType, IpcReader, ParquetReader, SerReader as _, TimeUnit, TimeZone};

use super::*;
use crate::codec::{Fault, number_cell};

const FORMATS: [ColumnFormat; 2] = [ColumnFormat::Parquet, ColumnFormat::Arrow];

fn exported(format: ColumnFormat, columns: &[(&str, Type)], rows: Vec<Vec<Cell<'static>>>) -> (DataFrame, Exported) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows");
    let columns: Vec<(String, Type)> = columns.iter().map(|(name, of)| ((*name).to_owned(), *of)).collect();
    let mut file = ColumnFile::create(&path, format, &columns).unwrap();
    for row in rows {
        file.row(row).unwrap();
    }
    assert!(!path.exists(), "it is there when it is whole");
    let exported = file.finish().unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
    let read = File::open(&path).unwrap();
    let frame = match format {
        ColumnFormat::Parquet => ParquetReader::new(read).finish(),
        ColumnFormat::Arrow => IpcReader::new(read).finish(),
    };
    (frame.unwrap(), exported)
}

/// A column of some values: its type, and the values as polars shows them.
fn column(format: ColumnFormat, known: Type, cells: &[Cell<'static>]) -> (DataType, Vec<String>) {
    let rows = cells.iter().map(|cell| vec![cell.clone()]).collect();
    let (frame, _) = exported(format, &[("c", known)], rows);
    let column = frame.column("c").unwrap();
    let shown = |row: usize| match column.get(row).unwrap() {
        AnyValue::Null => "null".to_owned(),
        AnyValue::Float64(float) => format!("{float:?}"),
        AnyValue::String(text) => format!("“{text}”"),
        AnyValue::StringOwned(text) => format!("“{text}”"),
        AnyValue::Datetime(value, ..) => value.to_string(),
        AnyValue::DatetimeOwned(value, ..) => value.to_string(),
        value => value.to_string(),
    };
    (column.dtype().clone(), (0..frame.height()).map(shown).collect())
}

#[test]
fn each_kind_of_value_has_its_type_and_comes_back_exactly() {
    let text = |text: &str| Cell::Text(text.to_owned().into());
    let utc = |unit| DataType::Datetime(unit, Some(TimeZone::UTC));
    let cases: Vec<(Vec<Cell<'static>>, DataType, Vec<&str>)> = vec![
        (
            vec![Cell::Int(i64::MIN), Cell::Null, Cell::Int(i64::MAX)],
            DataType::Int64,
            vec!["-9223372036854775808", "null", "9223372036854775807"],
        ),
        (
            vec![number_cell("10.50"), Cell::Int(-3), Cell::Missing, number_cell("0.001")],
            DataType::Decimal(38, 3),
            vec!["10.500", "-3.000", "null", "0.001"],
        ),
        (vec![Cell::Float(0.5), Cell::Int(2)], DataType::Float64, vec!["0.5", "2.0"]),
        (vec![Cell::Float(0.5), Cell::Int((1 << 53) + 1)], DataType::String, vec!["“0.5”", "“9007199254740993”"]),
        (vec![Cell::Bool(true), Cell::Null], DataType::Boolean, vec!["true", "null"]),
        (vec![Cell::Time(1_500_000_000)], utc(TimeUnit::Milliseconds), vec!["1500"]),
        (vec![Cell::Time(1_500_000_001), Cell::Time(2)], utc(TimeUnit::Nanoseconds), vec!["1500000001", "2"]),
        (vec![text(""), Cell::Null, text("é")], DataType::String, vec!["“”", "null", "“é”"]),
        (vec![Cell::Bytes(vec![0, 255].into()), Cell::Null], DataType::Binary, vec!["b\"\\x00\\xff\"", "null"]),
        (vec![Cell::Array("[1]".into()), Cell::Object("{}".into())], DataType::String, vec!["“[1]”", "“{}”"]),
        (
            vec![text("a"), Cell::Time(1_500_000_001), Cell::Bytes(vec![0, 255].into())],
            DataType::String,
            vec!["“a”", "“1970-01-01T00:00:01.500000001Z”", "“\\x00ff”"],
        ),
        (vec![text("a"), Cell::Int(1), Cell::Bool(true)], DataType::String, vec!["“a”", "“1”", "“true”"]),
        (
            vec![number_cell("123456789012345678901234567890123"), Cell::Int(1)],
            DataType::String,
            vec!["“123456789012345678901234567890123”", "“1”"],
        ),
        (
            vec![number_cell("1234567890123456789012345678"), number_cell("0.0000000000000000000000000001")],
            DataType::String,
            vec!["“1234567890123456789012345678”", "“0.0000000000000000000000000001”"],
        ),
        // One tiny number among them makes no texts of numbers that floats hold.
        (
            vec![number_cell("10.50"), number_cell("5e-324"), Cell::Int(3), Cell::Float(0.1)],
            DataType::Float64,
            vec!["10.5", "5e-324", "3.0", "0.1"],
        ),
        (
            vec![number_cell("12345678901234567890.1"), number_cell("5e-324")],
            DataType::String,
            vec!["“12345678901234567890.1”", "“5e-324”"],
        ),
    ];
    for format in FORMATS {
        for (cells, of, values) in &cases {
            assert_eq!(
                column(format, Type::Any, cells),
                (of.clone(), values.iter().map(|v| (*v).to_owned()).collect())
            );
        }
    }
}

#[test]
fn a_column_without_values_is_of_the_type_that_the_pipeline_says() {
    for format in FORMATS {
        for (known, of) in [
            (Type::Number, DataType::Int64),
            (Type::Any, DataType::String),
            (Type::Bool, DataType::Boolean),
            (Type::Time, DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC))),
        ] {
            assert_eq!(column(format, known, &[Cell::Null]), (of.clone(), vec!["null".to_owned()]));
            assert_eq!(column(format, known, &[]), (of, vec![]));
        }
    }
}

#[test]
fn what_could_not_be_calculated_is_null_and_counted() {
    for format in FORMATS {
        let failed = Cell::Failed;
        let rows = vec![
            vec![Cell::Int(1), Cell::Int(2)],
            vec![failed(Fault::DivisionByZero), Cell::Null],
            vec![failed(Fault::UndecodableValue), Cell::Null],
            vec![failed(Fault::UndecodableKey), Cell::Null],
        ];
        let (frame, exported) = exported(format, &[("n", Type::Number), ("m", Type::Number)], rows);
        let untold = Untold { column: "n".to_owned(), undecodable: 2, uncalculated: 1 };
        assert!(untold.reasons().eq([(2, "could not be decoded"), (1, "could not be calculated")]));
        assert_eq!((exported.rows, exported.failed), (4, vec![untold]));
        assert_eq!(frame.column("n").unwrap().null_count(), 3);
    }
}

#[test]
fn rows_of_many_batches_come_in_order() {
    let many = (2 * BATCH_ROWS + 7) as i64;
    for format in FORMATS {
        let rows = (0..many).map(|n| vec![Cell::Int(n), Cell::Text(format!("row {n}").into())]).collect();
        let (frame, _) = exported(format, &[("n", Type::Any), ("t", Type::Any)], rows);
        let numbers = frame.column("n").unwrap().i64().unwrap();
        assert!(numbers.iter().eq((0..many).map(Some)));
        assert_eq!(
            frame.column("t").unwrap().str().unwrap().get(many as usize - 1),
            Some(format!("row {}", many - 1).as_str())
        );
    }
}

#[test]
fn an_export_that_is_given_up_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    std::fs::write(&path, "old").unwrap();
    let mut file = ColumnFile::create(&path, ColumnFormat::Parquet, &[("n".to_owned(), Type::Any)]).unwrap();
    file.row([Cell::Int(1)]).unwrap();
    drop(file);
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}
