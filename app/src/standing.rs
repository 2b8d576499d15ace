//! How far consumer groups are, in words: what is exact, what is a bound, what is not known.

use fabula_core::event::time::format_span_ns;
use fabula_core::log::ConsumerGroup;
use fabula_core::narrative::lag::{EventsBehind, Passed, TimeBehind};

use crate::figures;

/// A number of events: `1,204`, or `at most 1,204` where some offsets have not been read.
pub fn number(events: EventsBehind) -> String {
    let number = figures::count(events.number());
    if events.is_exact() { number } else { format!("at most {number}") }
}

/// How many events a group is behind: `12 events`, `at most 12 events`.
pub fn events(events: EventsBehind) -> String {
    let number = figures::of(events.number(), "event");
    if events.is_exact() { number } else { format!("at most {number}") }
}

/// How long a group is behind: `2 m 10 s`, `at least 2 m 10 s`, or why that is not known.
pub fn time(time: TimeBehind) -> String {
    match time {
        TimeBehind::Exactly(ns) => format_span_ns(ns),
        TimeBehind::AtLeast(ns) => format!("at least {}", format_span_ns(ns)),
        TimeBehind::NotRead => "not read".to_owned(),
        TimeBehind::Untimed => "no times".to_owned(),
    }
}

/// Why there is no lag to be told: nothing was committed, or an end is not known.
pub fn no_lag(committed: usize) -> &'static str {
    if committed == 0 { "no commit" } else { "end not known" }
}

/// A group's state in small letters, or that it is not told.
pub fn state(group: &ConsumerGroup) -> String {
    group.state.as_ref().map_or_else(|| "state not told".to_owned(), |state| state.to_lowercase())
}

/// How many members a group has, or that it is not told.
pub fn members(group: &ConsumerGroup) -> String {
    match &group.members {
        Some(members) => figures::of(members.len() as u64, "member"),
        None => "members not told".to_owned(),
    }
}

/// Whether a group has passed an event, as a person reads it.
pub fn passed(passed: &Passed) -> String {
    match passed {
        Passed::Yes(EventsBehind::Exactly(0)) => "passed, it was the last".to_owned(),
        Passed::Yes(further) => format!("passed, {} further", events(*further)),
        Passed::No(EventsBehind::Exactly(0)) => "not yet, it is the next".to_owned(),
        Passed::No(before) => format!("not yet, {} before it", events(*before)),
        Passed::Gone => "never: retention took it first".to_owned(),
        Passed::NotKnown(why) => format!("not known: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_never_written_as_a_figure() {
        assert_eq!(number(EventsBehind::Exactly(1_204)), "1,204");
        assert_eq!(events(EventsBehind::AtMost(1)), "at most 1 event");
        assert_eq!(time(TimeBehind::AtLeast(2_000_000_000)), "at least 2.000 s");
        assert_eq!(time(TimeBehind::NotRead), "not read");
        assert_eq!(passed(&Passed::No(EventsBehind::Exactly(2))), "not yet, 2 events before it");
        assert_eq!(passed(&Passed::NotKnown("not allowed".to_owned())), "not known: not allowed");
        assert_eq!(state(&ConsumerGroup::default()), "state not told");
    }
}
