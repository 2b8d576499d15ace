//! Steps taken too often, and values that are too popular.

use super::super::threads::Threads;
use super::{Diagnosis, Findings, Kind};
use crate::event::figures::count;

/// How many threads must have a step before it can be repeated too often.
const SEEN: u64 = 50;
/// A thread is hot from so many events on, if its peers have far fewer.
const HOT_EVENTS: u32 = 32;
/// How many times as many as in 99 of a hundred peers are too many.
const TIMES: u32 = 4;

pub(super) fn find(found: &mut Findings<'_>, thread: u32, events: &[u32]) {
    let first = found.threads.step(events[0]);
    let size = events.len() as u32;
    let usual = found.peers.usual_size.get(&first);
    if let Some(&(most, threads)) =
        usual.filter(|(most, threads)| *threads >= SEEN && size >= HOT_EVENTS && size > most.saturating_mul(TIMES))
    {
        let what = format!(
            "{} events; 99 % of {} threads that start with {} have at most {}",
            count(size.into()),
            count(threads),
            found.threads.step_name(first),
            count(most.into())
        );
        found.add(Kind::HotValue, thread, what, 0.9, &events[..events.len().min(3)]);
        // Its steps are many because it is large.
        return;
    }
    let mut own: Vec<(u16, Vec<u32>)> = Vec::new();
    for &event in events {
        let step = found.threads.step(event);
        match own.iter_mut().find(|(known, _)| *known == step) {
            Some((_, events)) => events.push(event),
            None => own.push((step, vec![event])),
        }
    }
    for (step, of_step) in own {
        let (usual, has) = (found.peers.usual_count[usize::from(step)], found.peers.has[usize::from(step)]);
        let times = of_step.len() as u32;
        if has < SEEN || times < 2 || times < usual.saturating_mul(2) {
            continue;
        }
        let what = format!(
            "{} is there {} times; 99 % of {} threads have it at most {}",
            found.threads.step_name(step),
            count(times.into()),
            count(has),
            if usual == 1 { "once".to_owned() } else { format!("{} times", count(usual.into())) }
        );
        found.add(Kind::RepeatedStep, thread, what, super::at_least(has * 99 / 100, has), &of_step);
    }
}

/// Values that were left out since they tie too much.
pub(super) fn hubs(threads: &Threads, findings: &mut Vec<Diagnosis>) {
    for hub in threads.hubs() {
        let what = format!(
            "one value of {} events would tie many stories into one, and was left out",
            count(hub.events.into())
        );
        let at_ms = threads.event_at(&hub.example).and_then(|event| threads.time_ms(event));
        findings.push(Diagnosis::shown(Kind::HotValue, None, what, 0.95, at_ms, vec![hub.example]));
    }
}
