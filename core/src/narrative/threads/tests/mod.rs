//! Tests of threads as a whole: against a naive union, on fixtures of specifications, on the sample's incidents.

mod fixtures;
mod incidents;
mod naive;
mod stage;
mod topology;
