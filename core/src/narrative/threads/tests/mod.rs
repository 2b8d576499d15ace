//! Tests of threads as a whole: against a naive union, on fixtures of specifications, on the sample's incidents.

mod changes;
mod clocks;
mod cloud_events;
mod copies;
mod findings;
mod fixtures;
mod incidents;
mod layouts;
mod naive;
mod naming;
mod roles;
mod stage;
mod taking;
mod topology;
mod traces;
