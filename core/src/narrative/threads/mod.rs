//! Threads: the events that belong to one story, across topics.
//!
//! Events are tied by values that they share: a trace's id, a correlation id, an order's number, the identity of the
//! event that caused them. By which fields, a [`Profile`] says, topic by topic; [`suggest`] makes one by looking at names
//! and data, and a person can change it. A [`Correlator`] takes events in and ties them; [`Threads`] is what came of it:
//! numbered in the order of their first events, each with its events in the narrative's order.
//!
//! | file | subject |
//! |---|---|
//! | `role`, `field`, `profile` | what values mean, where they stand, by which of them to tie |
//! | `candidates`, `heard`, `suggest`, `judged`, `doubted` | finding that out |
//! | `reader`, `row`, `text`, `spans`, `dead_letter`, `names` | what one event says |
//! | `correlate`, `events`, `values`, `column` | taking events in, compactly |
//! | `resolve` | which belong together; hubs |
//! | `threads`, `find`, `tale`, `story` | asking: lists, one thread, causes; what JSON says of them |
//! | `map` | the process map, variants, conformance |
//! | `topology` | who writes and who reads which topic |
//! | `diagnose/` | what is unusual, and how sure that is |
//!
//! Only hashes of values are kept (about 50 bytes an event in all), so two values whose hashes of 64 bits are the same
//! would tie as one.

mod candidates;
mod column;
mod correlate;
mod dead_letter;
pub mod diagnose;
mod doubted;
mod events;
mod field;
mod find;
mod heard;
mod judged;
mod map;
mod names;
mod profile;
mod reader;
mod resolve;
pub mod role;
mod row;
mod spans;
mod story;
mod suggest;
mod tale;
mod text;
#[allow(clippy::module_inception, reason = "it is what the module is about")]
mod threads;
pub mod topology;
mod values;

pub use correlate::{Correlator, Settings};
pub use field::{Field, FieldError};
pub use find::Mentions;
pub use map::{MapEdge, Move, ProcessMap, StepCount, Variant, conformance, fitness};
pub use profile::{FieldUse, Profile, StepField, TopicProfile};
pub use reader::{Said, StepNames};
pub use role::Role;
pub use story::{Finding, Glance, Listed, Place, Story, StoryEdge, StoryEvent};
pub use suggest::suggest;
pub use tale::{Edge, EdgeKind};
pub use threads::{Hub, Summary, Threads};

#[cfg(test)]
mod tests;
