//! Steps that hardly any peer has.
//!
//! A step is extra in a thread if next to none of the threads that share the thread's other steps have it. A step that
//! any of the others brings with it now and then is none: a refund is rare among orders, but not among returns.

use super::super::reader::Flags;
use super::{Findings, Kind, at_least};
use crate::event::figures::count;

/// How many threads must have a step before it says what does not belong beside it.
const SEEN: u64 = 400;
/// How many must have it before it can explain another.
const HEARD: u64 = 20;
/// Up to this share of peers a step is extra.
const HARDLY_ANY: f64 = 0.005;

pub(super) fn find(found: &mut Findings<'_>, thread: u32, events: &[u32]) {
    let (threads, peers) = (found.threads, found.peers);
    let mut own: Vec<u16> = Vec::new();
    for &event in events {
        let step = threads.step(event);
        if !own.contains(&step) {
            own.push(step);
        }
    }
    // The surest of its steps: what most threads have.
    let Some(&surest) = own.iter().max_by_key(|&&step| (peers.has[usize::from(step)], step)) else { return };
    let of = peers.has[usize::from(surest)];
    if of < SEEN {
        return;
    }
    let mut extra: Vec<(u16, u64)> = Vec::new();
    for &step in own.iter().filter(|&&step| step != surest) {
        let Some(both) = peers.with(surest, step) else { continue };
        let explains = |&other: &u16| {
            let has = peers.has[usize::from(other)];
            let with = peers.with(other, step).unwrap_or(0);
            other != step && has >= HEARD && with as f64 > has as f64 * HARDLY_ANY
        };
        if both as f64 <= of as f64 * HARDLY_ANY && !own.iter().any(explains) {
            extra.push((step, both));
        }
    }
    for (step, both) in extra {
        let of_step = |wanted: u16| events.iter().copied().filter(move |&event| threads.step(event) == wanted);
        // What was put aside is told as that.
        if of_step(step).all(|event| threads.flags(event).has(Flags::COPY)) {
            continue;
        }
        let what = format!(
            "{} is there; {} of {} threads with {} have it",
            threads.step_name(step),
            count(both),
            count(of),
            threads.step_name(surest)
        );
        let evidence: Vec<u32> = of_step(step).chain(of_step(surest).take(1)).collect();
        found.add(Kind::ExtraStep, thread, what, at_least(of - both, of), &evidence);
    }
}
