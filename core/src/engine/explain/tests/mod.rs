//! Explanations over small logs.

mod provenance;
mod reasons;

use std::sync::atomic::AtomicU64;

use tokio_util::sync::CancellationToken;

use super::{EventsExplanation, ExplainError, Explainer, RowExplanation, RowName};
use crate::codec::{Choice, TopicCodecs};
use crate::engine::tests::{Told, stored};
use crate::pipeline::Document;

/// Asks about a pipeline over some events.
fn explain<T>(
    pipeline: &str,
    events: &[Told<'_>],
    ask: impl FnOnce(&Explainer<'_>) -> Result<T, ExplainError>,
) -> Result<T, ExplainError> {
    let store = stored(events);
    let document = Document::parse(pipeline).unwrap_or_else(|problems| panic!("{problems:?}"));
    let (cancel, done) = (CancellationToken::new(), AtomicU64::new(0));
    ask(&Explainer {
        pipeline: document.pipeline(),
        snapshot: &store.snapshot(),
        codecs: &|_: &_| TopicCodecs::new(Choice::Text, Choice::Json),
        from_ms: None,
        until_ms: None,
        cancel: &cancel,
        done: &done,
    })
}

/// What became of events, each as `topic/partition/offset`.
fn followed(pipeline: &str, events: &[Told<'_>], asked: &[&str]) -> EventsExplanation {
    let asked: Vec<_> = asked.iter().map(|text| text.parse().unwrap()).collect();
    explain(pipeline, events, |explainer| explainer.events(&asked)).unwrap()
}

/// What made a row.
fn made(pipeline: &str, events: &[Told<'_>], name: &str) -> Result<RowExplanation, ExplainError> {
    let name: RowName = name.parse().unwrap();
    explain(pipeline, events, |explainer| explainer.row(None, &name))
}
