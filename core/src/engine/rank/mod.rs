//! Operators that keep some of the rows of a group: the first that came, the latest, the first in an order.

mod deduplicate;
mod latest;
mod order;
mod sought;
mod top_n;

pub use deduplicate::{DeduplicateSpec, deduplicate};
pub use top_n::{TopNSpec, top_n};
