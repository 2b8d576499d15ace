//! Operators that put two inputs together.
//!
//! | operator | inputs | output |
//! |---|---|---|
//! | [`join_streams`] | two streams | a stream: each pair that matches in key and time, and rows that found no partner |
//! | [`join_stream_with_table`] | a stream and a table | a stream: each row with the version of the table at its time |
//! | [`join_tables`] | two tables | a table: the pairs that match as both stand |
//!
//! A row's time, the order of what is given and what becomes of late rows and of nulls stand with each. What is kept
//! of a row are its values as bytes; a row of the output is read from them when it is given.

mod as_of;
mod merged;
mod row_store;
mod run;
mod streams;
mod streams_state;
mod table_rows;
mod tables;
mod tables_state;
mod versions;

pub use as_of::{StreamTableJoinSpec, join_stream_with_table};
pub(crate) use run::{Chunks, Entry};
pub use streams::{StreamJoinSpec, join_streams};
pub use tables::{TableJoinSpec, join_tables};
