//! Events that come twice, in the wrong order, late, or before their cause.

use rustc_hash::FxHashMap;

use super::super::Role;
use super::super::reader::Flags;
use super::super::tale::Edge;
use super::{Findings, Kind};
use crate::event::figures::count;
use crate::event::time::format_span_ms as span;

/// Timestamps of one partition may disagree with its order by this much before it is worth a word, in milliseconds.
const JITTER_MS: i64 = 20;
/// What is so far behind is late rather than out of order.
const LATE_MS: i64 = 300_000;
/// Clocks may differ by this much before they contradict each other.
pub(super) const CLOCKS_MS: i64 = 5;

/// The same identity in two events of one topic and step that are no copy by design, as a dead letter is. Who reads one
/// topic and writes another may hand headers on: that is no second delivery.
pub(super) fn duplicates(found: &mut Findings<'_>, thread: u32, events: &[u32]) {
    let mut first: FxHashMap<(u32, u16, u16), Vec<u32>> = FxHashMap::default();
    for &event in events {
        if found.threads.flags(event).has(Flags::COPY) {
            continue;
        }
        let (participant, step) = (found.threads.participant(event), found.threads.step(event));
        for (slot, role) in found.threads.events().links_of(event) {
            if role == Role::Identity {
                first.entry((slot, participant, step)).or_default().push(event);
            }
        }
    }
    let mut twice: Vec<Vec<u32>> = Vec::new();
    for mut events in first.into_values().filter(|events| events.len() > 1) {
        events.sort_by_cached_key(|&event| found.threads.topic_number(event));
        let same = |one: &u32, other: &u32| found.threads.topic_number(*one) == found.threads.topic_number(*other);
        twice.extend(events.chunk_by(same).filter(|events| events.len() > 1).map(<[u32]>::to_vec));
    }
    twice.sort_unstable();
    twice.dedup();
    for events in twice {
        let step = found.threads.step_name(found.threads.step(events[0]));
        let apart = found.threads.time_ms(events[0]).zip(found.threads.time_ms(events[events.len() - 1]));
        let apart = apart.map(|(one, other)| format!(", {} apart", span(other - one))).unwrap_or_default();
        let what = format!("{step} is there {} times with the same identity{apart}", count(events.len() as u64));
        found.add(Kind::DuplicateDelivery, thread, what, 0.99, &events);
    }
}

/// Within a partition offsets are a fact: an event with an earlier time behind a later one was appended late.
pub(super) fn in_partitions(found: &mut Findings<'_>, thread: u32, events: &[u32]) {
    let mut placed: Vec<(u32, i64, u32)> = events
        .iter()
        .map(|&event| {
            let (partition, offset) = found.threads.events().place(event);
            (partition, offset, event)
        })
        .collect();
    placed.sort_unstable();
    let mut newest: Option<(u32, i64, u32)> = None;
    let (mut late, mut swapped): (Vec<u32>, Vec<u32>) = Default::default();
    let (mut late_by, mut swapped_by) = (0, 0);
    let mut before = None;
    for (partition, _, event) in placed {
        let Some(at) = found.threads.time_ms(event) else { continue };
        match newest {
            Some((same, newest_ms, other)) if same == partition && at <= newest_ms => {
                let behind = newest_ms - at;
                if behind >= LATE_MS {
                    late.push(event);
                    late_by = late_by.max(behind);
                } else if behind > JITTER_MS {
                    swapped.push(event);
                    swapped_by = swapped_by.max(behind);
                    before.get_or_insert(other);
                }
            }
            _ => newest = Some((partition, at, event)),
        }
    }
    if !late.is_empty() {
        let what = format!("{} appended up to {} after happening", events_of(late.len()), span(late_by));
        found.add(Kind::Late, thread, what, 0.95, &late);
    }
    if let Some(before) = before {
        let name = |event: u32| found.threads.step_name(found.threads.step(event));
        let what = format!(
            "{} was appended after {}, though stamped {} before it",
            name(swapped[0]),
            name(before),
            span(swapped_by)
        );
        swapped.push(before);
        found.add(Kind::OutOfOrder, thread, what, 0.9, &swapped);
    }
}

/// In one partition a cause stands before its effect, whatever their times say. What was found of the thread's partitions
/// begins at `before`: those events are not told twice.
pub(super) fn against_causes(found: &mut Findings<'_>, thread: u32, events: &[u32], edges: &[Edge], before: usize) {
    for edge in edges.iter().filter(|edge| edge.kind.is_exact()) {
        let (cause, effect) = (events[edge.from as usize], events[edge.to as usize]);
        let place = |event: u32| found.threads.events().place(event);
        let ((one, cause_at), (other, effect_at)) = (place(cause), place(effect));
        if one != other || effect_at > cause_at {
            continue;
        }
        let places = [cause, effect].map(|event| found.threads.coordinates(event));
        let told = &found.all[before..];
        if told.iter().any(|finding| places.iter().any(|place| finding.evidence.contains(place))) {
            continue;
        }
        let name = |event: u32| found.threads.step_name(found.threads.step(event));
        let what = format!("{} was appended before its cause {}, to the same partition", name(effect), name(cause));
        found.add(Kind::OutOfOrder, thread, what, 0.95, &[effect, cause]);
    }
}

/// Effects that are stamped before their causes. Gives whether there is one.
pub(super) fn contradictions(found: &mut Findings<'_>, thread: u32, events: &[u32], edges: &[Edge]) -> bool {
    let mut any = false;
    for edge in edges.iter().filter(|edge| edge.kind.is_exact()) {
        let Some(latency) = edge.latency_ms.filter(|&latency| latency < -CLOCKS_MS) else { continue };
        any = true;
        let (from, to) = (events[edge.from as usize], events[edge.to as usize]);
        let (one, other) = (found.threads.step(from), found.threads.step(to));
        let usual = found.peers.paces.get(&(one, other, true)).map(|pace| pace.median_ms as i64);
        let [cause, effect] = [from, to].map(|event| found.threads.participant_name(found.threads.participant(event)));
        let clock = match usual {
            // One clock is not behind itself.
            Some(usual) if cause == effect => {
                format!("; usually it takes {}: {effect} stamped both, so its clock was set between", span(usual))
            }
            Some(usual) => format!(
                "; usually it takes {}, so the clock of {effect} is about {} behind that of {cause}",
                span(usual),
                span(usual - latency)
            ),
            None => String::new(),
        };
        let what = format!(
            "{} is stamped {} before its cause {}{clock}",
            found.threads.step_name(other),
            span(-latency),
            found.threads.step_name(one)
        );
        found.add(Kind::ClockContradiction, thread, what, 0.97, &[to, from]);
    }
    any
}

fn events_of(number: usize) -> String {
    if number == 1 { "1 event was".to_owned() } else { format!("{} events were", count(number as u64)) }
}
