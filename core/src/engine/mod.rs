//! Pipelines running: incremental operators over columnar batches.

mod column;
mod evaluated;
mod join;
mod key;
mod operator;
mod outgoing;
mod rank;
mod recycled;
mod rows;
mod source;
mod stored;
#[cfg(test)]
mod trial;

pub use column::{Column, Presence, Texts, Values};
pub use join::{StreamJoinSpec, StreamTableJoinSpec, TableJoinSpec, join_stream_with_table, join_streams, join_tables};
pub use key::{KeyTable, NoKey, hash_key, write_key, write_key_of_row};
pub use operator::{
    Aside, AsideRow, Dropped, Metrics, OUTPUT_ROWS, Operator, Output, StateError, StateReader, StateWriter, Stop,
};
pub use rank::{DeduplicateSpec, TopNSpec, deduplicate, top_n};
pub use rows::{Rows, RowsBuilder, Sign};
pub use source::{TableSourceSpec, table_source};
pub use stored::{StoredCells, store_cell};
