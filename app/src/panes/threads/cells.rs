//! What stands in the rows of the list.

use egui::{Color32, FontId};
use fabula_core::event::time::format_span_ns;
use fabula_core::narrative::threads::diagnose::{Diagnosis, Outcome};

use super::bar_ui::outcome_words;
use super::list::Lines;
use crate::figures;
use crate::panes::Context;
use crate::state::{Tied, is_grave};
use crate::theme::{Tokens, font};

const NS: i64 = 1_000_000;

/// A text of a cell, its colour and letters.
pub(super) struct Text(pub(super) String, pub(super) Color32, pub(super) FontId);

/// The colour of a kind of finding.
pub(in crate::panes) fn kind_color(tokens: &Tokens, finding: &Diagnosis) -> Color32 {
    match finding.kind {
        _ if finding.may_still_come => tokens.text_second,
        kind if is_grave(kind) => tokens.error,
        _ => tokens.warning,
    }
}

fn time(ms: Option<i64>, context: &Context<'_>) -> String {
    ms.map_or_else(|| "no time".to_owned(), |ms| context.state.clock.full(ms.saturating_mul(NS)))
}

/// A thread in a row; only its outcome until the rest has been read.
pub(super) fn thread_cells(
    tied: &Tied,
    lines: &Lines,
    thread: u32,
    tokens: &Tokens,
    context: &Context<'_>,
) -> Vec<Text> {
    let outcome = tied.diagnosed.outcome(thread);
    let outcome_color = match outcome {
        Outcome::Usual => tokens.text_faint,
        Outcome::Open => tokens.text_second,
        Outcome::Unusual => tokens.warning,
        Outcome::DeadLettered | Outcome::Incomplete => tokens.error,
    };
    let line = lines.get(thread);
    let of = |text: &dyn Fn(&super::list::Line) -> String| line.map(text).unwrap_or_default();
    let figure = |number: usize| figures::count(number as u64);
    let plain = |text: String| Text(text, tokens.text, font::mono());
    let duration = |line: &super::list::Line| {
        let span = line.summary.start_ms.zip(line.summary.end_ms);
        span.map(|(start, end)| format_span_ns((end - start).saturating_mul(NS))).unwrap_or_default()
    };
    vec![
        plain(of(&|line| line.name.clone())),
        Text(of(&|line| time(line.summary.start_ms, context)), tokens.text_second, font::mono()),
        plain(of(&duration)),
        plain(figure(tied.threads.events_of(thread).len())),
        plain(of(&|line| figure(line.summary.participants.len()))),
        Text(of(&|line| tied.threads.step_name(line.summary.last).to_string()), tokens.text, font::body()),
        Text(outcome_words(outcome).to_owned(), outcome_color, font::body()),
        Text(of(&|line| line.kinds.clone()), outcome_color, font::body()),
    ]
}

/// A finding in a row.
pub(super) fn finding_cells(finding: &Diagnosis, lines: &Lines, tokens: &Tokens, context: &Context<'_>) -> Vec<Text> {
    let name = |thread| lines.get(thread).map(|line| line.name.clone()).unwrap_or_default();
    let thread = finding.thread.map_or_else(|| "a topic or a value".to_owned(), name);
    let color = kind_color(tokens, finding);
    vec![
        Text(time(finding.at_ms, context), tokens.text_second, font::mono()),
        Text(finding.kind.title().to_owned(), color, font::medium()),
        Text(thread, tokens.text, font::mono()),
        Text(finding.sure(), tokens.text_second, font::mono()),
        Text(finding.what.clone(), tokens.text, font::body()),
    ]
}
