//! Fabula's core: everything that can be done with a replayable log, without a screen.
//!
//! The modules stand in one line, and each may use only those before it:
//!
//! ```text
//! event  ←  log  ←  store  ←  codec  ←  schema  ←  narrative  ←  expr  ←  pipeline  ←  engine  ←  copies
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`event`] | the words of the domain as types: topic, partition, offset, event, batch, time |
//! | [`log`] | where events come from: the `Log` trait, Kafka, the built-in sample, imported files |
//! | [`store`] | the local columnar copy: segments, coverage, density, search, recordings |
//! | [`codec`] | bytes to values: detection, JSON, text, primitives, raw bytes |
//! | [`schema`] | the shape of a topic's values as its events show it |
//! | [`narrative`] | the merged, time-ordered story over a store |
//! | [`expr`] | the one expression language: SQL scalar expressions over events |
//! | [`pipeline`] | the graph of a pipeline as data: nodes, file format, structure |
//! | [`engine`] | pipelines running: operators over columnar batches |
//! | [`copies`] | what is kept of a view elsewhere: tables of databases, what differs there, SQL over views |
//!
//! Nothing here knows of a window; `tests/` holds a check that no screen toolkit is reachable from this crate.
#![warn(missing_docs)]

pub mod codec;
pub mod copies;
pub mod engine;
pub mod event;
pub mod expr;
pub mod log;
pub mod narrative;
pub mod pipeline;
pub mod schema;
pub mod store;
