//! Looking through a store: literals at memory speed, and whatever else on the rows that they leave.
//!
//! All values of a segment lie in one buffer, so a literal is looked for in the buffer and a hit mapped back to its row;
//! an expression says which literals a matching event must hold and judges only the rows that hold them. Segments are
//! looked through in parallel, newest or oldest first; what is found streams out through a bounded channel, and the
//! [`SearchReport`] says at any time what has been looked at and what has not.

mod literal;
mod report;
mod scan;

pub use literal::{Literal, Places, Prefilter};
pub use report::{SearchEnd, SearchFailure, SearchProgress, SearchReport};
pub use scan::{Direction, Judge, Search, SearchError, SearchOptions, Verdict, search_literal, search_rows};

#[cfg(test)]
mod tests;
