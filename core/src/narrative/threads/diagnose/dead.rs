//! Events that were put aside, and values that can't be read.

use super::super::reader::Flags;
use super::{Findings, Kind};

pub(super) fn find(found: &mut Findings<'_>, thread: u32, events: &[u32]) {
    for &event in events {
        let flags = found.threads.flags(event);
        if flags.has(Flags::DEAD_LETTER) {
            let (what, evidence) = match found.threads.origin(event) {
                Some(origin) => {
                    let was = found.threads.event_in(events, origin);
                    let read = if was.is_some() { "" } else { ", which was not read" };
                    (format!("{origin} was put aside{read}"), vec![event].into_iter().chain(was).collect::<Vec<_>>())
                }
                None => ("put aside; the headers do not say from where".to_owned(), vec![event]),
            };
            found.add(Kind::DeadLettered, thread, what, 1.0, &evidence);
        } else if flags.has(Flags::UNDECODABLE) {
            let what = "the value is not of its topic's format".to_owned();
            found.add(Kind::Undecodable, thread, what, 1.0, &[event]);
        }
    }
}
