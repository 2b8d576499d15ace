//! Getting as much of a log as an answer needs into a store, and no more.

use fabula_core::event::time::{format_iso_ms, format_span_ns, ms_to_ns};
use fabula_core::log::plan::{Plan, Request};
use fabula_core::log::{Log, ends};
use fabula_core::store::Store;
use fabula_core::store::record::RecordReport;
use tokio_util::sync::CancellationToken;

use super::question::Question;
use super::told::{Answer, Part, Take};
use crate::cli::fetch::fetch;

/// How much further to look when what was read holds too few matches.
const GROWTH: u64 = 8;

/// What was read of a log.
pub struct Gathered {
    /// The ranges that were read.
    pub narrowed: Plan,
    /// What the reading came to.
    pub report: RecordReport,
    /// Whether that is all that the plan asks for.
    pub whole: bool,
}

/// Reads a plan into a store: all of it, or, where only the first or last few events are wanted, the stretch of time
/// that holds them. A stretch with too few matches is made longer until there are enough.
pub async fn gather(
    log: &dyn Log,
    plan: &Plan,
    store: &Store,
    part: &mut Part,
    take: Take,
    question: &mut Question,
    cancel: &CancellationToken,
) -> anyhow::Result<Gathered> {
    let (Take::First(wanted) | Take::Last(wanted)) = take else {
        let report = fetch(log, plan.clone(), store, cancel).await?;
        return Ok(Gathered { narrowed: plan.clone(), report, whole: true });
    };
    let mut count = wanted;
    loop {
        let events = usize::try_from(count).unwrap_or(usize::MAX);
        let narrowed = match take {
            Take::Last(_) => ends::newest(log, plan, events).await?,
            _ => ends::oldest(log, plan, events, Request::DEFAULT_LATENESS_MS).await?,
        };
        let whole = narrowed.ranges == plan.ranges;
        let mut report = fetch(log, narrowed.clone(), store, cancel).await?;
        // In a temporary copy it is of no interest what an earlier round has read.
        report.added = report.events();
        (part.from_ms, part.to_ms) = (narrowed.from_ms, narrowed.to_ms);
        let stopped = whole || report.stopped.is_some() || !report.is_complete();
        if stopped || Answer::find(store, part, question, cancel)?.len() >= wanted {
            return Ok(Gathered { narrowed, report, whole });
        }
        count = count.saturating_mul(GROWTH);
    }
}

/// How far a narrowed plan reaches, in a line.
pub fn reach(narrowed: &Plan, take: Take) -> String {
    let time = |ms: Option<i64>| ms.map_or_else(|| "the end".to_owned(), format_iso_ms);
    match take {
        Take::All => "all was looked at".to_owned(),
        Take::Last(count) => {
            format!("the newest {count}: every event since {} was looked at", time(narrowed.from_ms))
        }
        Take::First(count) => {
            let late = format_span_ns(ms_to_ns(Request::DEFAULT_LATENESS_MS));
            format!(
                "the oldest {count}: every event before {} was looked at, those up to {late} out of order among them",
                time(narrowed.to_ms)
            )
        }
    }
}
