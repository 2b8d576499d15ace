//! The story: events of the chosen topics in one order.
//!
//! Offset order within a partition is a fact; order across partitions is inferred from timestamps. A [`Narrative`] tells
//! the events of a snapshot in [`Order::Time`] (time, topic, partition, offset; events without a timestamp first) or in
//! [`Order::Log`] (topic, partition, offset), all of them or those that a search has found, whole or between two times.
//!
//! Nothing is sorted to do so. Every segment is a run in time order already, so an event's *rank* (how many come before
//! it) is a sum of binary searches, the events at a rank are found by bisecting time, and from there on runs are merged
//! only as far as somebody reads. Making a narrative of a new snapshot costs nothing but a list of its segments.

pub mod lag;
mod merge;
mod order;
mod select;
mod strand;
pub mod threads;

pub use merge::{Cursor, Row};
pub use order::{Narrative, Order};

#[cfg(test)]
mod tests;
