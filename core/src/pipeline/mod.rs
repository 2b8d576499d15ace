//! Pipelines as data: a graph of nodes, its file, and what is wrong with it.
//!
//! A [`Pipeline`] is read from a TOML file that a person can review ([`Document`]), which keeps the person's comments
//! and order when a program changes it. Its structure is checked here ([`check`]): names, inputs, cycles, streams where
//! tables are needed, windows and spans. What needs the columns that flow through it (unknown columns, key types that
//! differ) is checked by the engine, which finds them out.

mod arrange;
mod check;
mod document;
mod entry;
mod graph;
mod model;
mod name;
mod problem;
#[cfg(test)]
mod samples;
mod sound;
mod span;

pub use arrange::{COLUMN, arrange, placed};
pub use check::{check, notes};
pub use document::Document;
pub use entry::{quoted, split_equality, split_name};
pub use graph::{Flow, flow, order};
pub use model::{Emit, JoinHow, Keep, Node, NodeKind, Note, OrderBy, Pipeline, Select, VERSION, Window, Within};
pub use name::name_fault;
pub use problem::Problem;
pub use sound::sound;
pub use span::{Span, SpanError};
