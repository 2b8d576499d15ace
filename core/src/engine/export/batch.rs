//! A batch of rows in typed columns.

use std::borrow::Cow;

use polars::prelude::{
    BinaryChunked, BooleanChunked, Column, DataFrame, Float64Chunked, Int64Chunked, Int128Chunked, IntoColumn as _,
    IntoSeries as _, NewChunkedArray as _, PlSmallStr, PolarsResult, StringChunked, TimeUnit, TimeZone,
};
use rust_decimal::Decimal;

use super::seen::{DIGITS, Kind, float_of};
use crate::codec::Cell;
use crate::engine::operator::StateError;
use crate::engine::stored::StoredCells;
use crate::event::time::ns_to_ms;

/// Rows in typed columns.
pub(super) struct Batch {
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
}

/// The values of a column, null where there is none.
enum Values {
    Ints(Vec<Option<i64>>),
    Decimals(u32, Vec<Option<i128>>),
    Floats(Vec<Option<f64>>),
    Bools(Vec<Option<bool>>),
    Times(TimeUnit, Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Batch {
    pub(super) fn new(kinds: &[Kind]) -> Self {
        Self { columns: kinds.iter().map(|kind| Values::new(*kind)).collect(), rows: 0, bytes: 0 }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row that has waited.
    pub(super) fn push(&mut self, row: &[u8]) -> Result<(), StateError> {
        let mut cells = StoredCells::new(row);
        for column in &mut self.columns {
            column.push(cells.take()?);
        }
        self.rows += 1;
        self.bytes += row.len();
        Ok(())
    }

    /// The rows as a frame; the batch is empty again.
    pub(super) fn finish(&mut self, names: &[String]) -> PolarsResult<DataFrame> {
        let columns = self.columns.iter_mut().zip(names).map(|(column, name)| column.finish(name.as_str().into()));
        let columns = columns.collect::<PolarsResult<Vec<Column>>>()?;
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        DataFrame::new(rows, columns)
    }
}

impl Values {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Int => Self::Ints(Vec::new()),
            Kind::Decimal { scale } => Self::Decimals(scale, Vec::new()),
            Kind::Float => Self::Floats(Vec::new()),
            Kind::Bool => Self::Bools(Vec::new()),
            Kind::Ms => Self::Times(TimeUnit::Milliseconds, Vec::new()),
            Kind::Ns => Self::Times(TimeUnit::Nanoseconds, Vec::new()),
            Kind::Text | Kind::Json => Self::Texts(Vec::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
        }
    }

    /// Adds a value, which the kind was chosen to hold.
    fn push(&mut self, cell: Cell<'_>) {
        match self {
            Self::Ints(values) => values.push(if let Cell::Int(int) = cell { Some(int) } else { None }),
            Self::Decimals(scale, values) => values.push(match cell {
                Cell::Int(int) => scaled(i128::from(int), 0, *scale),
                Cell::Decimal(decimal) => scaled(Decimal::mantissa(&decimal), decimal.scale(), *scale),
                _ => None,
            }),
            Self::Floats(values) => values.push(float_of(&cell)),
            Self::Bools(values) => values.push(if let Cell::Bool(value) = cell { Some(value) } else { None }),
            Self::Times(unit, values) => values.push(match cell {
                Cell::Time(ns) if *unit == TimeUnit::Milliseconds => Some(ns_to_ms(ns)),
                Cell::Time(ns) => Some(ns),
                _ => None,
            }),
            Self::Texts(values) => values.push(cell.written().map(Cow::into_owned)),
            Self::Bytes(values) => {
                values.push(if let Cell::Bytes(bytes) = cell { Some(bytes.into_owned()) } else { None })
            }
        }
    }

    fn finish(&mut self, name: PlSmallStr) -> PolarsResult<Column> {
        use std::mem::take;
        Ok(match self {
            Self::Ints(values) => Int64Chunked::from_iter_options(name, take(values).into_iter()).into_column(),
            Self::Decimals(scale, values) => {
                let values = Int128Chunked::from_iter_options(name, take(values).into_iter());
                values.into_decimal(DIGITS, *scale as usize)?.into_series().into_column()
            }
            Self::Floats(values) => Float64Chunked::from_iter_options(name, take(values).into_iter()).into_column(),
            Self::Bools(values) => BooleanChunked::from_iter_options(name, take(values).into_iter()).into_column(),
            Self::Times(unit, values) => {
                let values = Int64Chunked::from_iter_options(name, take(values).into_iter());
                values.into_datetime(*unit, Some(TimeZone::UTC)).into_series().into_column()
            }
            Self::Texts(values) => StringChunked::from_iter_options(name, take(values).into_iter()).into_column(),
            Self::Bytes(values) => BinaryChunked::from_iter_options(name, take(values).into_iter()).into_column(),
        })
    }
}

/// A number with so many digits behind the point, written with more.
fn scaled(mantissa: i128, scale: u32, wanted: u32) -> Option<i128> {
    mantissa.checked_mul(10_i128.checked_pow(wanted.checked_sub(scale)?)?)
}
