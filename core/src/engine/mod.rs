//! Pipelines running: incremental operators over columnar batches.

mod aggregate;
mod column;
mod key;
mod operator;
mod rows;
mod stored;

pub use aggregate::{AggregateSpec, aggregate};
pub use column::{Column, Presence, Texts, Values};
pub use key::{KeyTable, NoKey, hash_key, write_key, write_key_of_row};
pub use operator::{
    Aside, AsideRow, Dropped, Metrics, OUTPUT_ROWS, Operator, Output, StateError, StateReader, StateWriter, Stop,
};
pub use rows::{Rows, RowsBuilder, Sign};
pub use stored::{StoredCells, store_cell};
