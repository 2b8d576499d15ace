//! Spans: the hop of a trace that an event was sent in, and the hop that led to it, where headers say both.
//!
//! W3C's `traceparent` names only its own hop. Zipkin's and Jaeger's headers name the one before too, and CloudEvents'
//! `ce_traceparent` the one that the trace started with.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::field::Field;
use super::role::Role;
use super::row::{Place, Row};
use super::text;

/// Where spans stand.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    /// `b3`: trace-span-sampled-parent.
    Single(Place),
    /// `X-B3-TraceId`, `X-B3-SpanId`, `X-B3-ParentSpanId`.
    Several([Place; 3]),
    /// `uber-trace-id`: trace:span:parent:flags.
    Jaeger(Place),
    /// `traceparent` is the hop, `ce_traceparent` the trace's first.
    Start { hop: Place, first: Place },
}

/// Where a topic's events say their spans.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spans(Spelling);

impl Spans {
    /// Where they are, among the headers that say a trace; `None` where no two hops can be told to follow each other.
    pub(super) fn of<'f>(
        fields: impl Iterator<Item = &'f Field>,
        mut place: impl FnMut(&str) -> Place,
    ) -> Option<Self> {
        let names: Vec<String> = fields
            .filter_map(|field| match field {
                Field::Header(name) => Some(name.to_ascii_lowercase()),
                _ => None,
            })
            .collect();
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        let spelling = match () {
            () if has("b3") => Spelling::Single(place("b3")),
            () if has("x-b3-traceid") => {
                Spelling::Several(["x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid"].map(place))
            }
            () if has("uber-trace-id") => Spelling::Jaeger(place("uber-trace-id")),
            () if has("traceparent") && has("ce_traceparent") => {
                Spelling::Start { hop: place("traceparent"), first: place("ce_traceparent") }
            }
            () => return None,
        };
        Some(Self(spelling))
    }

    /// Adds an event's span and the one before it to its links.
    pub(super) fn add(self, row: &Row<'_, '_>, links: &mut Vec<(u64, Role)>) {
        let told = match self.0 {
            Spelling::Single(place) => row.text(place).and_then(|text| {
                let mut parts = text.split('-');
                let (trace, span) = (parts.next()?, parts.next()?);
                Some((hash(trace, span)?, parts.nth(1).and_then(|parent| hash(trace, parent))))
            }),
            Spelling::Jaeger(place) => row.text(place).and_then(|text| {
                let text: Cow<'_, str> = if text.contains('%') { text.replace("%3A", ":").into() } else { text };
                let mut parts = text.split(':');
                let (trace, span) = (parts.next()?, parts.next()?);
                Some((hash(trace, span)?, parts.next().and_then(|parent| hash(trace, parent))))
            }),
            Spelling::Several([trace, span, parent]) => row.text(trace).and_then(|trace| {
                let own = hash(&trace, &row.text(span)?)?;
                Some((own, row.text(parent).and_then(|parent| hash(&trace, &parent))))
            }),
            Spelling::Start { hop, first } => row.text(hop).and_then(|text| {
                let own = w3c(&text)?;
                Some((own, row.text(first).and_then(|text| w3c(&text)).filter(|first| *first != own)))
            }),
        };
        let Some((span, parent)) = told else { return };
        links.push((span, Role::Span));
        links.extend(parent.filter(|parent| *parent != span).map(|parent| (parent, Role::Causation)));
    }
}

fn w3c(text: &str) -> Option<u64> {
    let mut parts = text.split('-').skip(1);
    hash(parts.next()?, parts.next()?)
}

/// A span's hash within its trace; zeros alone are none.
fn hash(trace: &str, span: &str) -> Option<u64> {
    let (trace, span) = (trace.trim_start_matches('0'), span.trim_start_matches('0'));
    (!trace.is_empty() && !span.is_empty()).then_some(())?;
    let (trace, span) = (small(trace), small(span));
    Some(xxh3_64_with_seed(span.as_bytes(), text::about(&trace) ^ SEED))
}

/// In small letters; nearly always it is.
fn small(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => text.to_ascii_lowercase().into(),
        false => text.into(),
    }
}

/// So that a span is nothing else that has the same text.
const SEED: u64 = 0x5EA7_0F5A_4A15_B3D1;
