//! Events that were put aside, and values that can't be read.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::super::reader::Flags;
use super::super::threads::Threads;
use super::{Diagnosis, Findings, Kind};
use crate::event::{Coordinates, TopicName, figures};

/// Of each topic so many events that are in no thread are told one by one.
const LOOSE: usize = 200;

pub(super) fn find(found: &mut Findings<'_>, thread: u32, events: &[u32]) {
    let threads = found.threads;
    let mut ill = events.iter().filter(|&&event| threads.flags(event).has(Flags::DEAD_LETTER | Flags::UNDECODABLE));
    if ill.next().is_none() {
        return;
    }
    // Where the copies of each event are: one that has another in a further topic behind it was not the last attempt.
    let mut copies: FxHashMap<&Coordinates, Vec<(usize, usize)>> = FxHashMap::default();
    for (place, &event) in events.iter().enumerate().filter(|(_, event)| threads.flags(**event).has(Flags::COPY)) {
        if let Some(origin) = threads.origin(event) {
            copies.entry(origin).or_default().push((place, threads.topic_number(event)));
        }
    }
    let goes_on = |place: usize, event: u32| {
        let copies = threads.origin(event).and_then(|origin| copies.get(origin));
        let own = threads.topic_number(event);
        // Those that stand behind it, the last first.
        let after = copies.into_iter().flatten().rev().take_while(|(other, _)| *other > place);
        after.into_iter().any(|(_, topic)| *topic != own)
    };
    let finder = threads.events().finder();
    let was = |event: u32| finder.find(threads.origin(event)?).filter(|&was| threads.thread_of(was) == Some(thread));
    for (place, &event) in events.iter().enumerate() {
        let flags = threads.flags(event);
        if flags.has(Flags::DEAD_LETTER) && !goes_on(place, event) {
            let (what, evidence) = aside(threads, event, was(event));
            found.add(Kind::DeadLettered, thread, what, sureness(flags), &evidence);
        } else if flags.has(Flags::UNDECODABLE) {
            let what = FORMAT.to_owned();
            found.add(Kind::Undecodable, thread, what, 1.0, &[event]);
        }
    }
}

/// Less sure where only the topic's name says so.
fn sureness(flags: Flags) -> f64 {
    if flags.has(Flags::BY_NAME) { 0.85 } else { 1.0 }
}

const FORMAT: &str = "the value is not of its topic's format";

fn aside(threads: &Threads, event: u32, was: Option<u32>) -> (String, Vec<u32>) {
    match threads.origin(event) {
        Some(origin) => {
            let read = if was.is_some() { "" } else { ", which was not read" };
            (format!("{origin} was put aside{read}"), vec![event].into_iter().chain(was).collect())
        }
        None if threads.flags(event).has(Flags::BY_NAME) => {
            (format!("put aside, as the name of {} says", threads.topic(event)), vec![event])
        }
        None => ("put aside; the headers do not say from where".to_owned(), vec![event]),
    }
}

/// The same of events that are in no thread.
pub(super) fn loose(threads: &Threads, findings: &mut Vec<Diagnosis>) {
    let mut told: BTreeMap<(TopicName, Kind), (usize, u64)> = BTreeMap::new();
    for (event, flags) in (0_u32..).zip(threads.events().flags.pages().flatten()) {
        let kind = match flags {
            flags if flags & Flags::DEAD_LETTER != 0 => Kind::DeadLettered,
            flags if flags & Flags::UNDECODABLE != 0 => Kind::Undecodable,
            _ => continue,
        };
        if threads.thread_of(event).is_some() {
            continue;
        }
        let at = threads.coordinates(event);
        let place = findings.len();
        let (example, more) = told.entry((at.topic.clone(), kind)).or_insert((place, 0));
        *more += 1;
        // A topic of which nothing can be decoded is one finding, with some of its events.
        if *more > LOOSE as u64 {
            continue;
        }
        *example = place;
        let what = match kind {
            Kind::DeadLettered => format!("{} (in no thread)", aside(threads, event, None).0),
            _ => format!("{FORMAT} (in no thread)"),
        };
        let sureness = sureness(Flags(*flags));
        findings.push(Diagnosis::shown(kind, None, what, sureness, threads.time_ms(event), vec![at]));
    }
    for ((topic, _), (last, count)) in told {
        if count > LOOSE as u64 {
            findings[last].what.push_str(&format!("; so are {} more of {topic}", figures::count(count - LOOSE as u64)));
        }
    }
}
