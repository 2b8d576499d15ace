//! Steps that peers have and a thread lacks, and threads that stopped.
//!
//! A step is missed in a thread if the steps that it has go along with it nearly always in peers, and none of them goes
//! along with its absence: an order that was cancelled is not shipped, however many orders are.

use rustc_hash::FxHashMap;

use super::{Diagnosis, Findings, Kind, at_least, span};

/// How many threads must have a step before it says what goes along with it.
const SEEN: u64 = 50;
/// How many must have it before it can speak against another.
const HEARD: u64 = 20;
/// From this share on a step goes along with another.
const NEARLY_ALWAYS: f64 = 0.95;
/// Below this share a step speaks against another.
const SPEAKS_AGAINST: f64 = 0.6;
/// A thread dies at a step that at most this share of threads ends with.
const SELDOM_LAST: f64 = 0.01;

pub(super) fn find(found: &mut Findings<'_>, thread: u32, events: &[u32]) {
    let mut own: Vec<u16> = Vec::new();
    for &event in events {
        let step = found.threads.step(event);
        if !own.contains(&step) {
            own.push(step);
        }
    }
    let peers = found.peers;
    let mut missed: Vec<(u16, u16, f64)> = Vec::new();
    for step in peers.ranked().filter(|step| !own.contains(step)) {
        // The step that goes along with it most surely, and whether any speaks against it.
        let mut best: Option<(f64, u16)> = None;
        let mut against = false;
        for &has in &own {
            let of = peers.has[usize::from(has)];
            let Some(both) = peers.with(has, step).filter(|_| of >= HEARD) else { continue };
            let share = both as f64 / of as f64;
            against |= share < SPEAKS_AGAINST;
            if of >= SEEN && share >= NEARLY_ALWAYS && best.is_none_or(|(best, _)| share > best) {
                best = Some((share, has));
            }
        }
        if let Some((_, has)) = best.filter(|_| !against) {
            let of = peers.has[usize::from(has)];
            missed.push((step, has, at_least(peers.with(has, step).unwrap_or(0), of)));
        }
    }
    if !missed.is_empty() {
        add_missing(found, thread, events, missed);
        return;
    }
    let last = events[events.len() - 1];
    let step = found.threads.step(last);
    let (has, ends) = (peers.has[usize::from(step)], peers.ends[usize::from(step)]);
    if has >= 2 * SEEN && (ends as f64) <= has as f64 * SELDOM_LAST {
        let what = format!("stopped at {}, with which {} of {has} threads end", found.threads.step_name(step), ends);
        found.add(Kind::Died, thread, what, 1.0 - at_least(ends, has), &[last]);
    }
}

/// Says which steps are missing; how long that may still take is found out for all at once afterwards.
fn add_missing(found: &mut Findings<'_>, thread: u32, events: &[u32], mut missed: Vec<(u16, u16, f64)>) {
    let threads = found.threads;
    missed.sort_by(|one, other| other.2.total_cmp(&one.2).then(one.0.cmp(&other.0)));
    let names: Vec<&str> = missed.iter().map(|(step, ..)| &**threads.step_name(*step)).collect();
    let (step, has, sureness) = missed[0];
    let both = found.peers.with(has, step).unwrap_or(0);
    let of = found.peers.has[usize::from(has)];
    let what =
        format!("no {}: {} of {} threads with {} have it", names.join(", no "), both, of, threads.step_name(has));
    let shown = events.iter().rev().find(|&&event| threads.step(event) == has).copied();
    let last = events[events.len() - 1];
    let evidence: Vec<u32> = shown.into_iter().chain((shown != Some(last)).then_some(last)).collect();
    found.add(Kind::MissingStep, thread, what, sureness, &evidence);
    if let Some(finding) = found.all.last_mut() {
        finding.missing = missed.iter().map(|(step, ..)| *step).collect();
    }
}

/// Whether what is missing may still come, or lie in what was not read.
pub(super) fn settle(found: &mut Findings<'_>) {
    let threads = found.threads;
    let end_ms = found.extent.cut_ms.or(threads.end_ms());
    let mut waits: FxHashMap<u16, i64> = FxHashMap::default();
    let wanted: Vec<u16> = found
        .all
        .iter()
        .filter(|finding| matches!(finding.kind, Kind::MissingStep | Kind::Died))
        .filter_map(|finding| last_step(found, finding))
        .collect();
    if wanted.is_empty() {
        return;
    }
    // How long threads go on after each of those steps, at most.
    for step in &wanted {
        waits.insert(*step, 0);
    }
    for thread in 0..threads.len() as u32 {
        let events = threads.events_of(thread);
        let Some(end) = events.last().and_then(|&event| threads.time_ms(event)) else { continue };
        let mut seen: Vec<u16> = Vec::new();
        for &event in events {
            let step = threads.step(event);
            if let Some(wait) = waits.get_mut(&step).filter(|_| !seen.contains(&step)) {
                seen.push(step);
                *wait = (*wait).max(threads.time_ms(event).map_or(0, |at| end - at));
            }
        }
    }
    let settled: Vec<Option<(bool, String)>> = found
        .all
        .iter()
        .map(|finding| {
            let thread = finding.thread?;
            let last = *threads.events_of(thread).last()?;
            let at = threads.time_ms(last)?;
            let waited = end_ms? - at;
            let wait = *waits.get(&last_step(found, finding)?)?;
            if waited <= wait {
                return Some((true, format!("; it may still come: threads go on for up to {}", span(wait))));
            }
            let holes: u64 = found.extent.topics.values().map(|topic| topic.missing).sum();
            if holes > 0 {
                return Some((false, format!("; it may lie among {holes} offsets that were not read")));
            }
            let first = threads.events_of(thread).iter().find_map(|&event| threads.time_ms(event))?;
            let cut =
                found.extent.topics.iter().find(|(_, topic)| {
                    topic.is_cut && topic.from_ms.is_some_and(|from| first < from.saturating_add(wait))
                });
            cut.map(|(topic, _)| (false, format!("; it may lie before what the log still has of {topic}")))
        })
        .collect();
    for (finding, settled) in found.all.iter_mut().zip(settled) {
        if !matches!(finding.kind, Kind::MissingStep | Kind::Died) {
            continue;
        }
        if let Some((may_still_come, says)) = settled {
            finding.may_still_come = may_still_come;
            finding.sureness *= 0.5;
            finding.what.push_str(&says);
        }
    }
}

fn last_step(found: &Findings<'_>, finding: &Diagnosis) -> Option<u16> {
    let last = found.threads.events_of(finding.thread?).last()?;
    Some(found.threads.step(*last))
}
