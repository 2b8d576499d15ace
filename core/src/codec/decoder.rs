//! The seam behind which formats stand.

use std::fmt;

use arrow_array::{Array as _, LargeBinaryArray};

use super::{Cell, Fault, Path, Value};

/// Why a payload is not of its topic's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, in a line.
    pub reason: String,
    /// The byte at which it is wrong, where that is known.
    pub at: Option<usize>,
}

/// What must be found in a payload's bytes, if the payload is to hold a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Traces {
    /// At least one of these byte strings; if there is none, no payload holds the text.
    AnyOf(Vec<Vec<u8>>),
}

/// A format. JSON, text, Kafka's primitives and bytes are built in; Avro, Protobuf and whatever else comes are added
/// by implementing this and naming them in [`super::Choice`]. Callers only ever see a [`super::Codec`].
///
/// Payloads that are null or empty are handled before a format is asked.
pub trait Decoder: fmt::Debug + Send + Sync {
    /// Decodes a whole payload, which is not empty.
    ///
    /// # Errors
    /// [`Refusal`] if the payload is not of this format.
    fn decode(&self, payload: &[u8]) -> Result<Value, Refusal>;

    /// Chosen fields of many payloads: for each path a column with a cell a payload. Formats that can find a field
    /// without decoding the rest do so here. All cells of a payload that is not of this format are
    /// `Cell::Failed(undecodable)`.
    fn columns<'a>(&self, payloads: &Payloads<'a>, paths: &[Path], undecodable: Fault) -> Vec<Vec<Cell<'a>>> {
        let mut columns: Vec<Vec<Cell<'a>>> = paths.iter().map(|_| Vec::with_capacity(payloads.len())).collect();
        let mut row = vec![Cell::Missing; paths.len()];
        for payload in payloads.iter() {
            match payload {
                None => row.fill(Cell::Missing),
                Some([]) => empty_row(paths, &mut row),
                Some(payload) => match self.decode(payload) {
                    Err(_) => row.fill(Cell::Failed(undecodable)),
                    Ok(value) => {
                        for (cell, path) in row.iter_mut().zip(paths) {
                            *cell = value.get(path).map_or(Cell::Missing, |found| found.cell().into_owned());
                        }
                    }
                },
            }
            for (column, cell) in columns.iter_mut().zip(&mut row) {
                column.push(std::mem::replace(cell, Cell::Missing));
            }
        }
        columns
    }

    /// What must be found in the bytes of every payload that holds this text, whole or within a longer one, as one of
    /// its texts; `None` if that can't be said. Searching looks for traces before it decodes.
    fn traces(&self, text: &str) -> Option<Traces>;
}

/// An empty payload is an empty text, and has no fields.
pub(crate) fn empty_row(paths: &[Path], row: &mut [Cell<'_>]) {
    for (cell, path) in row.iter_mut().zip(paths) {
        *cell = if path.is_root() { Cell::Text("".into()) } else { Cell::Missing };
    }
}

/// The keys or values of some rows of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Payloads<'a> {
    column: &'a LargeBinaryArray,
    rows: &'a [u32],
}

impl<'a> Payloads<'a> {
    /// The payloads of these rows of a batch's key or value column.
    ///
    /// # Panics
    /// When they are read, if a row is not in the column.
    pub fn new(column: &'a LargeBinaryArray, rows: &'a [u32]) -> Self {
        Self { column, rows }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each payload; `None` is null.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&'a [u8]>> + use<'a> {
        let column = self.column;
        self.rows.iter().map(move |&row| column.is_valid(row as usize).then(|| column.value(row as usize)))
    }
}
