//! What a view says of itself: how many rows, as of when, and how far behind what has been read.

use fabula_core::event::time::{format_span_ns, ms_to_ns};
use fabula_core::pipeline::Flow;
use fabula_core::store::Snapshot;

use super::past::Pasts;
use super::showing::Showing;
use crate::figures;
use crate::panes::Context;
use crate::panes::made_of::events;
use crate::state::State;

/// How many events a snapshot holds of the topics that the pipeline on the canvas takes, as far as they may count.
pub(super) fn held(state: &State, snapshot: &Snapshot) -> u64 {
    let stretch = state.outcome.as_ref().map(|outcome| outcome.stretch).unwrap_or_default();
    events(&state.design.pipeline.topics(), snapshot, stretch)
}

/// How many of them have been read.
fn read(state: &State) -> u64 {
    state.log.snapshot.as_ref().map_or(0, |snapshot| held(state, snapshot))
}

/// How many events came since the pipeline began to run over what had been read.
fn behind(state: &State) -> u64 {
    state.outcome.as_ref().map_or(0, |outcome| read(state).saturating_sub(outcome.done.1))
}

/// Whether events came that the rows do not count.
pub(super) fn is_behind(context: &Context<'_>) -> bool {
    behind(context.state) > 0 && context.state.outcome.as_ref().is_some_and(|outcome| outcome.whole)
}

/// The line in the pane's header.
pub(super) fn statement(pasts: &Pasts, showing: &Showing, context: &Context<'_>) -> String {
    let (rows, clock) = (&showing.rows, &context.state.clock);
    let mut parts = vec![showing.name.clone()];
    if !showing.whole {
        parts.push("first rows".to_owned());
        return parts.join(" · ");
    }
    parts.push(figures::of(rows.count, "row"));
    if rows.count > rows.rows.len() as u64 {
        let end = if rows.flow == Flow::Table { "first" } else { "last" };
        parts.push(format!("the {end} {} shown", figures::count(rows.rows.len() as u64)));
    }
    match showing.as_of_ms {
        Some(at) => {
            parts.push(format!("as of {}", clock.full(ms_to_ns(at))));
            if let Some((_, last)) = pasts.span_ms().filter(|(_, last)| *last > at) {
                parts.push(format!("{} before the last event", format_span_ns(ms_to_ns(last - at))));
            }
        }
        None if !showing.is_through => parts.push(so_far(context.state)),
        None => parts.push(match (showing.stretch.from_ms, showing.stretch.until_ms, behind(context.state)) {
            (Some(from), Some(until), _) => {
                format!("from {} to {}, where history is cut", clock.full(ms_to_ns(from)), clock.full(ms_to_ns(until)))
            }
            (Some(from), None, _) => format!("from {} on, where history is cut", clock.full(ms_to_ns(from))),
            (None, Some(until), _) => format!("up to {}, where history is cut", clock.full(ms_to_ns(until))),
            (None, None, 0) => "of all that has been read".to_owned(),
            (None, None, behind) => format!("{} behind", figures::of(behind, "event")),
        }),
    }
    parts.join(" · ")
}

/// How far a run is that has not been over all that has been read.
fn so_far(state: &State) -> String {
    let Some(outcome) = &state.outcome else { return String::new() };
    let (taken, all) = outcome.done;
    let words = format!("{} of {}", figures::count(taken), figures::of(all, "event"));
    if outcome.failure.is_some() { format!("{words}, then the run ended") } else { format!("{words} so far") }
}

/// The line beside the moment: how far the time of the windows was, and what the past does not hold.
pub(super) fn of_past(pasts: &Pasts, showing: &Showing, context: &Context<'_>) -> String {
    let clock = &context.state.clock;
    let Some(derived) = &pasts.derived else { return String::new() };
    let mut parts = Vec::new();
    if let Some(time) = showing.stream_time_ms {
        parts.push(format!("stream time {}", clock.time_of_day(ms_to_ns(time))));
    }
    let since = read(context.state).saturating_sub(derived.held);
    if since > 0 {
        parts.push(format!("{} came since it was derived", figures::of(since, "event")));
    }
    if let Some(from) = derived.past.kept_from_ms() {
        parts.push(format!("kept from {} on", clock.full(ms_to_ns(from))));
    }
    parts.join(" · ")
}
