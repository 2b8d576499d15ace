//! An explanation in a person's words.

use std::fmt;

use super::told::{
    Apart, EventList, EventsExplanation, Journey, Meeting, Named, NamedEvent, Near, RowExplanation, Verdict,
};
use crate::codec::Cell;
use crate::engine::Dropped;
use crate::event::figures;
use crate::event::time::{format_iso_ms, format_span_ns, ms_to_ns};

/// So long a value is told; a longer one is cut.
const LONGEST: usize = 60;

fn span(ms: i64) -> String {
    let exact = format_span_ns(ms_to_ns(ms));
    // Two units are not exact beyond a minute.
    if ms.abs() < 60_000 { exact } else { format!("{exact} ({ms} ms)") }
}

fn value(cell: &Cell<'_>) -> String {
    let text = match cell {
        Cell::Missing => "missing".to_owned(),
        Cell::Null => "null".to_owned(),
        Cell::Text(text) => format!("'{text}'"),
        cell => cell.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn values(named: &[Named]) -> String {
    named.iter().map(|named| format!("{} = {}", named.name, value(&named.cell))).collect::<Vec<_>>().join(", ")
}

fn parts(parts: &[(Named, Named)]) -> String {
    let part = |(one, other): &(Named, Named)| {
        format!(
            "{} = {} ({}) but {} = {} ({})",
            one.name,
            value(&one.cell),
            one.cell.kind(),
            other.name,
            value(&other.cell),
            other.cell.kind()
        )
    };
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for NamedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.coordinates {
            Some(at) => write!(f, "{}/{}/{}", at.topic, at.partition, at.offset)?,
            None => write!(f, "event number {}", self.seq)?,
        }
        if let Some(ms) = self.timestamp_ms {
            write!(f, " of {}", format_iso_ms(ms))?;
        }
        if !matches!(self.key, Cell::Missing | Cell::Null) {
            write!(f, ", key {}", value(&self.key))?;
        }
        Ok(())
    }
}

impl EventList {
    /// The events on one line; of more than a few how many.
    fn in_short(&self) -> String {
        match self.events.as_slice() {
            [] => "no events".to_owned(),
            few if self.count <= 3 => few.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            [first, ..] => format!("{}, the first {first}", figures::of(self.count, "event")),
        }
    }

    fn in_lines(&self, indent: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, event) in self.events.iter().enumerate() {
            if self.left_out > 0 && at == self.events.len() / 2 {
                writeln!(f, "{indent}… {} more …", self.left_out)?;
            }
            writeln!(f, "{indent}{event}")?;
        }
        Ok(())
    }
}

impl fmt::Display for RowExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.view, values(&self.row))?;
        if self.others > 0 {
            writeln!(f, "  there are {} more rows like this", self.others)?;
        }
        let events = if self.made_by.count == 1 { "event" } else { "events" };
        writeln!(f, "made by {} {events}:", self.made_by.count)?;
        self.made_by.in_lines("  ", f)?;
        if !self.made_by.events.iter().any(|event| event.seq == self.came_with.seq) {
            writeln!(f, "it came out when {} made time pass", self.came_with)?;
        }
        for journey in &self.journeys {
            writeln!(f)?;
            journey.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for EventsExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, journey) in self.journeys.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            journey.fmt(f)?;
        }
        if !self.meetings.is_empty() {
            writeln!(f)?;
            self.meetings.iter().try_for_each(|meeting| writeln!(f, "{meeting}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Journey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.event)?;
        let widest = self.nodes.iter().map(|node| node.node.chars().count()).max().unwrap_or(0);
        for node in &self.nodes {
            let mut name = node.node.as_str();
            for verdict in &node.verdicts {
                writeln!(f, "  {name:widest$}  {verdict}")?;
                name = "";
            }
            if node.left_out > 0 {
                writeln!(f, "  {name:widest$}  and {} more", node.left_out)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed { rows: 1 } => f.write_str("went on"),
            Self::Passed { rows } => write!(f, "went on, as {rows} rows"),
            Self::Filtered { condition, came_to, operands } => {
                let holds = match came_to {
                    Cell::Bool(_) => "does not hold".to_owned(),
                    Cell::Failed(fault) => format!("can't be told ({fault})"),
                    cell => format!("is {}", value(cell)),
                };
                write!(f, "ruled out: {condition} {holds}: {}", values(operands))
            }
            Self::Dropped { why, key, .. } => {
                write!(f, "dropped: {why}")?;
                if key.is_empty() { Ok(()) } else { write!(f, ": {}", values(key)) }
            }
            Self::Late { windows, late_by_ms, time_ms, stream_time_ms, grace_ms } => {
                let (time, now) = (format_iso_ms(*time_ms), format_iso_ms(*stream_time_ms));
                write!(
                    f,
                    "late by {}: of {time}, when stream time was {now} and the grace {}",
                    span(*late_by_ms),
                    span(*grace_ms)
                )?;
                for window in windows.iter().take(4) {
                    let (start, end) = (format_iso_ms(window.start_ms), format_iso_ms(window.end_ms));
                    write!(f, "; for {start} to {end} by {}", span(window.late_by_ms))?;
                }
                if windows.len() > 4 { write!(f, "; and {} more windows", windows.len() - 4) } else { Ok(()) }
            }
            Self::Grouped { key, windows, only_when_closed, .. } => {
                match key.as_slice() {
                    [] => f.write_str("in the group of all rows")?,
                    key => write!(f, "in the group {}", values(key))?,
                }
                for window in windows.iter().take(4) {
                    let (start, end) = (format_iso_ms(window.start_ms), format_iso_ms(window.end_ms));
                    write!(f, "; {start} to {end}")?;
                    if *only_when_closed && !window.closed {
                        write!(f, " (open: closes when time reaches {})", format_iso_ms(window.closes_at_ms))?;
                    }
                }
                if windows.len() > 4 { write!(f, "; and {} more windows", windows.len() - 4) } else { Ok(()) }
            }
            Self::Joined { with, .. } => write!(f, "joined with {}", with.in_short()),
            Self::NoPartner { key, given_alone, waits_until_ms, stream_time_ms, near, .. } => {
                write!(f, "no partner for {}", values(key))?;
                match (given_alone, waits_until_ms) {
                    (Some(event), _) => write!(f, "; given alone when {event} came")?,
                    (None, Some(until)) => {
                        let waits = if *stream_time_ms > Some(*until) { "waited" } else { "waits" };
                        write!(f, "; it {waits} until stream time is beyond {}", format_iso_ms(*until))?
                    }
                    (None, None) => {}
                }
                near.iter().try_for_each(|near| write!(f, "; {near}"))
            }
            Self::Duplicate { of: Some(event), key } => write!(f, "repeats {event}: {}", values(key)),
            Self::Duplicate { of: None, key } => write!(f, "repeats an earlier row: {}", values(key)),
            Self::Older { key } => write!(f, "a row with a later time was there: {}", values(key)),
            Self::BeyondRank { n, key, order } => {
                write!(f, "not among the first {n}: {}", values(order))?;
                if key.is_empty() { Ok(()) } else { write!(f, " of {}", values(key)) }
            }
            Self::NoElements { array } => write!(f, "no elements: {} = {}", array.name, value(&array.cell)),
            Self::Tombstone { of: Some(event) } => write!(f, "a tombstone: took {event} away"),
            Self::Tombstone { of: None } => f.write_str("a tombstone of a key that was not there"),
            Self::Retracted { by } => write!(f, "there no more since {by}"),
            Self::Shown { rows: 1, row } => write!(f, "shown: {}", values(row)),
            Self::Shown { rows, row } => write!(f, "shown in {rows} rows, the last: {}", values(row)),
        }
    }
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nearly {}: {}", self.events.in_short(), self.because)
    }
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideWindow { by_ms, right_minus_left_ms, before_ms, after_ms } => {
                let (which, bound) =
                    if *right_minus_left_ms > *after_ms { ("late", after_ms) } else { ("early", before_ms) };
                let when = if *right_minus_left_ms < 0 { "before" } else { "after" };
                write!(
                    f,
                    "{} too {which}: the right one is {} {when} the left one, {} are allowed",
                    span(*by_ms),
                    span(right_minus_left_ms.abs()),
                    span(*bound)
                )
            }
            Self::KeysDiffer { parts: differ, types_only: true } => {
                write!(f, "the keys are of different types: {}", parts(differ))
            }
            Self::KeysDiffer { parts: differ, .. } => write!(f, "the keys differ: {}", parts(differ)),
            Self::Expired { by_ms } => write!(f, "the first had been forgotten for {} of stream time", span(*by_ms)),
            Self::Dropped { side, why: Dropped::Late } => write!(f, "the {side} one was late"),
            Self::Dropped { side, why } => write!(f, "the {side} one was dropped: {why}"),
            Self::TableLater { by_ms } => write!(f, "the table's row holds only from {} later on", span(*by_ms)),
            Self::TableCameLate => f.write_str("the table's row came after the stream's had been joined"),
            Self::Overtaken => f.write_str("another row of the table held"),
            Self::SameSide { side } => write!(f, "both are rows of the {side} side"),
            Self::OtherGroup { parts: differ } => write!(f, "they are of different groups: {}", parts(differ)),
            Self::OtherWindow => f.write_str("they are of one group, but in no window together"),
            Self::NotHere { which } => match which.as_slice() {
                [0] => f.write_str("the first did not come here"),
                [1] => f.write_str("the second did not come here"),
                _ => f.write_str("neither came here"),
            },
            Self::Unclear => f.write_str("there is no telling why"),
        }
    }
}

impl fmt::Display for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.apart {
            None => write!(f, "{}: they met", self.node),
            Some(apart) => write!(f, "{}: they did not meet: {apart}", self.node),
        }
    }
}
