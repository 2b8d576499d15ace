//! Steps that peers have and a thread lacks, and threads that stopped.
//!
//! Threads of one event count as the others do: an order placed with nothing after it is missed most of all, and page
//! views that stand alone are many.
//!
//! A step is missed in a thread if the steps that it has go along with it nearly always in peers, and none of them goes
//! along with its absence: an order that was cancelled is not shipped, however many orders are.

use rustc_hash::FxHashMap;

use super::super::tale::Edge;
use super::peers::Peers;
use super::{Findings, Kind, at_least};
use crate::event::figures::count;

/// How many threads must have a step before it says what goes along with it.
const SEEN: u64 = 50;
/// How many must have it before it can speak against another; and how many where all but none of them do.
const HEARD: u64 = 20;
const A_FEW: u64 = 5;
/// From this share on a step goes along with another.
const NEARLY_ALWAYS: f64 = 0.95;
/// Below this share a step speaks against another.
const SPEAKS_AGAINST: f64 = 0.6;
/// A thread dies at a step that at most this share of threads ends with.
const SELDOM_LAST: f64 = 0.01;

/// A step that is missed, the step that says so, and how surely.
type Missed = (u16, u16, f64);

/// What threads with the same steps miss is the same, and found out once.
pub(super) type Ways = FxHashMap<Vec<u16>, Vec<Missed>>;

/// So many sets of steps are remembered.
const MOST_WAYS: usize = 65_536;

/// What a thread that has some steps misses.
fn missed(peers: &Peers, own: &[u16]) -> Vec<Missed> {
    let mut missed: Vec<Missed> = Vec::new();
    for step in peers.ranked().filter(|step| !own.contains(step)) {
        // The step that goes along with it most surely, and whether any speaks against it.
        let mut best: Option<(f64, u16)> = None;
        let mut against = false;
        for &has in own {
            let of = peers.has[usize::from(has)];
            let Some(both) = peers.with(has, step).filter(|_| of >= A_FEW) else { continue };
            let share = both as f64 / of as f64;
            // Of a few it must be clear that they go without: orders that were cancelled are few and all alike.
            let at_most = if of >= HEARD { share } else { 1.0 - at_least(of - both, of) };
            against |= at_most < SPEAKS_AGAINST;
            if of >= SEEN && share >= NEARLY_ALWAYS && best.is_none_or(|(best, _)| share > best) {
                best = Some((share, has));
            }
        }
        if let Some((_, has)) = best.filter(|_| !against) {
            let of = peers.has[usize::from(has)];
            missed.push((step, has, at_least(peers.with(has, step).unwrap_or(0), of)));
        }
    }
    missed.sort_by(|one, other| other.2.total_cmp(&one.2).then(one.0.cmp(&other.0)));
    missed
}

pub(super) fn find(found: &mut Findings<'_>, thread: u32, events: &[u32], edges: &[Edge]) {
    let mut own: Vec<u16> = Vec::new();
    for &event in events {
        let step = found.threads.step(event);
        if !own.contains(&step) {
            own.push(step);
        }
    }
    own.sort_unstable();
    let peers = found.peers;
    let missed = match found.ways.get(&own) {
        Some(known) => known.clone(),
        None => {
            let missed = missed(peers, &own);
            if found.ways.len() < MOST_WAYS {
                found.ways.insert(own, missed.clone());
            }
            missed
        }
    };
    if !missed.is_empty() {
        add_missing(found, thread, events, missed);
        return;
    }
    let last = events[events.len() - 1];
    let step = found.threads.step(last);
    let (has, ends) = (peers.has[usize::from(step)], peers.ends[usize::from(step)]);
    // What led to something that is there did not stop, whatever the clocks say.
    if edges.iter().any(|edge| edge.kind.is_exact() && edge.from as usize + 1 == events.len()) {
        return;
    }
    if has >= 2 * SEEN && (ends as f64) <= has as f64 * SELDOM_LAST {
        let share = format!("{} of {} threads", count(ends), count(has));
        let what = match events.len() {
            1 => format!("nothing came after {}; {share} end with it", found.threads.step_name(step)),
            _ => format!("stopped at {}, with which {share} end", found.threads.step_name(step)),
        };
        found.add(Kind::Died, thread, what, 1.0 - at_least(ends, has), &[last]);
    }
}

/// Says which steps are missing; how long that may still take is found out for all at once afterwards.
fn add_missing(found: &mut Findings<'_>, thread: u32, events: &[u32], missed: Vec<Missed>) {
    let threads = found.threads;
    let names: Vec<&str> = missed.iter().map(|(step, ..)| &**threads.step_name(*step)).collect();
    let (step, has, sureness) = missed[0];
    let both = found.peers.with(has, step).unwrap_or(0);
    let of = found.peers.has[usize::from(has)];
    let (both, of) = (count(both), count(of));
    let what = format!("no {}: {both} of {of} threads with {} have it", names.join(", no "), threads.step_name(has));
    let shown = events.iter().rev().find(|&&event| threads.step(event) == has).copied();
    let last = events[events.len() - 1];
    let evidence: Vec<u32> = shown.into_iter().chain((shown != Some(last)).then_some(last)).collect();
    found.add(Kind::MissingStep, thread, what, sureness, &evidence);
    if let Some(finding) = found.all.last_mut() {
        finding.missing = missed.iter().map(|(step, ..)| *step).collect();
    }
}
