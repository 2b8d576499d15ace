//! Whether what is missing may still come, or lie in what was not read.

use rustc_hash::FxHashMap;

use super::super::map::quantile;
use super::{Diagnosis, Findings, Kind};
use crate::event::figures::count;
use crate::event::time::format_span_ms as span;

/// How far what was read tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The events that are the evidence show it.
    #[default]
    Shown,
    /// Everything was read in which what is missing would be, and it is not there.
    Absent,
    /// What is missing may still come: the log ends before peers would have gone on.
    MayStillCome,
    /// What is missing may lie in what was not read.
    NotRead,
}

impl Certainty {
    /// Every certainty.
    pub const ALL: [Self; 4] = [Self::Shown, Self::Absent, Self::MayStillCome, Self::NotRead];

    /// The certainty as a word, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Absent => "absent",
            Self::MayStillCome => "may_still_come",
            Self::NotRead => "not_read",
        }
    }

    /// What is said of something that is missing, after its name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Shown | Self::Absent => "never came",
            Self::MayStillCome => "may still come",
            Self::NotRead => "may lie in what was not read",
        }
    }

    /// The certainty as a person reads it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Shown => "Shown by its events",
            Self::Absent => "Not there",
            Self::MayStillCome => "May still come",
            Self::NotRead => "May not have been read",
        }
    }
}

/// The share of peers that has gone on after so long, or begun so long before. Not all: one thread that lies about for a
/// day must not make every other one wait for a day.
const NEARLY_ALL: f64 = 0.995;

/// From this share of unread offsets on a finding is half as sure.
const MANY_UNREAD: f64 = 0.01;

/// Says of what is missing whether it may still come, or lie in what was not read.
pub(super) fn settle(found: &mut Findings<'_>) {
    let is_missing = |finding: &&Diagnosis| matches!(finding.kind, Kind::MissingStep | Kind::Died);
    let edges: Vec<(u16, u16)> =
        found.all.iter().filter(is_missing).filter_map(|finding| ends(found, finding)).collect();
    if edges.is_empty() {
        return;
    }
    // The log may end before the range that was asked for does.
    let end_ms = match (found.extent.cut_ms, found.end_ms) {
        (Some(cut), Some(end)) => Some(cut.min(end)),
        (cut, end) => cut.or(end),
    };
    let spans = Spans::of(found, &edges);
    let settled: Vec<Option<(Certainty, f64, String)>> =
        found.all.iter().map(|finding| settled(found, &spans, end_ms, finding)).collect();
    for (finding, settled) in found.all.iter_mut().zip(settled) {
        if !matches!(finding.kind, Kind::MissingStep | Kind::Died) {
            continue;
        }
        finding.certainty = Certainty::Absent;
        if let Some((certainty, factor, says)) = settled {
            finding.certainty = certainty;
            finding.may_still_come = certainty == Certainty::MayStillCome;
            finding.sureness *= factor;
            finding.what.push_str(&says);
        }
    }
}

fn settled(
    found: &Findings<'_>,
    spans: &Spans,
    end_ms: Option<i64>,
    finding: &Diagnosis,
) -> Option<(Certainty, f64, String)> {
    let (threads, events) = (found.threads, found.threads.events_of(finding.thread?));
    let (first, last) = ends(found, finding)?;
    let wait = spans.after.get(&last).copied().unwrap_or(0);
    let waited = end_ms?.saturating_sub(threads.time_ms(*events.last()?)?);
    if waited <= wait {
        let says = format!("; it may still come: threads go on for up to {}", span(wait));
        return Some((Certainty::MayStillCome, 0.5, says));
    }
    let topics = found.peers.topics_of(threads, finding, last);
    let extents = || found.extent.topics.iter().filter(|(topic, _)| topics.contains(topic));
    let unread: u64 = extents().map(|(_, topic)| topic.missing).sum();
    if unread > 0 {
        let read: u64 = extents().map(|(_, topic)| topic.events).sum();
        let share = unread as f64 / (unread + read) as f64;
        let says = format!("; it may lie among {} offsets that were not read", count(unread));
        return Some((Certainty::NotRead, 1.0 - 0.5 * (share / MANY_UNREAD).min(1.0), says));
    }
    // What came before the first event that was read: only steps that threads do not begin with have such.
    let lead = spans.before.get(&first).copied().unwrap_or(0);
    let start = events.iter().find_map(|&event| threads.time_ms(event))?;
    let is_near = |from: i64| start < from.saturating_add(lead);
    if finding.kind == Kind::MissingStep {
        if found.extent.from_ms.is_some_and(is_near) {
            return Some((Certainty::NotRead, 0.5, "; it may lie before the time that was asked for".to_owned()));
        }
        let mut cut = extents().filter(|(_, topic)| topic.is_cut && topic.from_ms.is_some_and(is_near));
        if let Some((topic, _)) = cut.next() {
            return Some((Certainty::NotRead, 0.5, format!("; it may lie before what the log still has of {topic}")));
        }
    }
    None
}

/// The first and the last step of the thread that a finding is about.
fn ends(found: &Findings<'_>, finding: &Diagnosis) -> Option<(u16, u16)> {
    let events = found.threads.events_of(finding.thread?);
    Some((found.threads.step(*events.first()?), found.threads.step(*events.last()?)))
}

/// How long threads go on after a step, and how long before it they began, nearly always.
struct Spans {
    before: FxHashMap<u16, i64>,
    after: FxHashMap<u16, i64>,
}

impl Spans {
    fn of(found: &Findings<'_>, wanted: &[(u16, u16)]) -> Self {
        let threads = found.threads;
        let mut before: FxHashMap<u16, Vec<i64>> = wanted.iter().map(|(first, _)| (*first, Vec::new())).collect();
        let mut after: FxHashMap<u16, Vec<i64>> = wanted.iter().map(|(_, last)| (*last, Vec::new())).collect();
        let mut seen: Vec<u16> = Vec::new();
        for thread in 0..threads.len() as u32 {
            let events = threads.events_of(thread);
            let (Some(&first), Some(&last)) = (events.first(), events.last()) else { continue };
            let Some((start, end)) = threads.time_ms(first).zip(threads.time_ms(last)) else { continue };
            // One event alone says nothing of how threads go on.
            if events.len() < 2 {
                continue;
            }
            seen.clear();
            for &event in events {
                let step = threads.step(event);
                if seen.contains(&step) {
                    continue;
                }
                seen.push(step);
                let Some(at) = threads.time_ms(event) else { continue };
                if let Some(spans) = before.get_mut(&step) {
                    spans.push(at - start);
                }
                if let Some(spans) = after.get_mut(&step) {
                    spans.push(end - at);
                }
            }
        }
        let nearly_all = |spans: FxHashMap<u16, Vec<i64>>| -> FxHashMap<u16, i64> {
            let most = |mut spans: Vec<i64>| {
                spans.sort_unstable();
                quantile(&spans, NEARLY_ALL).unwrap_or(0.0).ceil() as i64
            };
            spans.into_iter().map(|(step, spans)| (step, most(spans))).collect()
        };
        Self { before: nearly_all(before), after: nearly_all(after) }
    }
}
