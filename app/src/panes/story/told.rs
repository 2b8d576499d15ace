//! What the story tells, and the job that fetches rows of it.
//!
//! A frame asks for a window of rows around what is on the screen; the job answers with rows ready to be painted. The
//! narrative of a new snapshot is made in the same go, and the row that was at the top is found again in it, so that
//! rows that come or are sorted in above do not move what a person reads.

use fabula_core::event::{Coordinates, TopicName};
use fabula_core::narrative::Narrative;
use fabula_core::store::{Damage, Matches, Snapshot};
use std::sync::Arc;

use super::fields::Fields;
use super::load::{Reading, load};
use super::row::StoryRow;
use crate::formats::Formats;
use crate::state::Column;

/// What the rows are of: while this is the same, ranks mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Which log.
    pub generation: u64,
    /// Which version of its store.
    pub version: u64,
    /// The topics, sorted.
    pub topics: Vec<TopicName>,
    /// Which state of the search's matches, where only those are told.
    pub filter: Option<u64>,
}

/// What the rows look like: when this changes they are fetched again, but stand where they stood.
#[derive(Debug, Clone)]
pub struct Dress {
    /// The chosen columns.
    pub columns: Vec<Column>,
    /// Texts to mark.
    pub literals: Arc<[String]>,
    /// How payloads are decoded.
    pub formats: Formats,
    /// Which state of the search's matches is marked.
    pub marks: u64,
}

impl PartialEq for Dress {
    fn eq(&self, other: &Self) -> bool {
        self.columns == other.columns
            && self.literals == other.literals
            && self.marks == other.marks
            && self.formats.is_same(&other.formats)
    }
}

/// Everything that a fetch needs.
pub struct Request {
    /// What to tell.
    pub telling: Telling,
    /// From what.
    pub snapshot: Arc<Snapshot>,
    /// Only these events, where the story is filtered.
    pub filter: Option<Arc<Matches>>,
    /// These events are marked.
    pub matches: Option<Arc<Matches>>,
    /// How rows look.
    pub dress: Dress,
    /// The narrative, if it was made before.
    pub narrative: Option<Narrative>,
    /// Which rows.
    pub wanted: Wanted,
}

/// Which rows to fetch, and whether to go somewhere.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Those around a rank.
    Around(u64),
    /// Those around an event that was at the top, wherever it stands now; around the rank if it is gone.
    Kept(Coordinates, u64),
    /// Those at the end.
    End,
    /// Those around a place that a person asked for.
    Goal(Goal),
}

/// A place in the story that a person asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Goal {
    /// An event.
    Event(Coordinates),
    /// The event so many after another one (before, if negative), in time.
    Step(Coordinates, i64),
    /// The first event at or after a moment.
    Moment(i64),
    /// The first event.
    First,
    /// The last event.
    Last,
    /// The next event after another one (or before) that the search matched.
    Match {
        /// From where.
        from: Option<Coordinates>,
        /// Whether later.
        forward: bool,
    },
    /// The row at a rank.
    Rank(u64),
}

/// What a fetch brought.
pub struct Fetched {
    /// What was told.
    pub telling: Telling,
    /// How rows look.
    pub dress: Dress,
    /// The narrative.
    pub narrative: Narrative,
    /// The rank of the first row.
    pub first: u64,
    /// The rows, in order of time.
    pub rows: Vec<StoryRow>,
    /// Where what was kept or asked for stands; `None` if it is not in the story.
    pub landed: Option<u64>,
    /// What was asked for.
    pub wanted: Wanted,
    /// A segment that could not be read.
    pub damage: Option<Damage>,
}

/// Rows are fetched so many at a time: several screens, so that scrolling seldom finds the edge.
pub const WINDOW: u64 = 512;

/// Fetches rows.
pub fn fetch(request: Request) -> Fetched {
    let narrative = request
        .narrative
        .clone()
        .unwrap_or_else(|| Narrative::new(&request.snapshot, &request.telling.topics, request.filter.as_deref()));
    let mut damage = None;
    let landed = land(&request, &narrative).unwrap_or_else(|found| {
        damage = Some(found);
        None
    });
    let around = match &request.wanted {
        Wanted::Around(rank) | Wanted::Kept(_, rank) => landed.unwrap_or(*rank),
        Wanted::End => narrative.len(),
        Wanted::Goal(_) => landed.unwrap_or(0),
    };
    let first = window_start(around, narrative.len());
    let reading = Reading {
        snapshot: &request.snapshot,
        dress: &request.dress,
        matches: request.matches.as_deref().or(request.filter.as_deref()),
        fields: Fields::new(&request.dress.columns),
    };
    let rows = load(&narrative, first, WINDOW, &reading).unwrap_or_else(|found| {
        damage = Some(found);
        Vec::new()
    });
    let Request { telling, dress, wanted, .. } = request;
    Fetched { telling, dress, narrative, first, rows, landed, wanted, damage }
}

/// The first rank of the window around a rank: at multiples of a quarter of the window, so that a wait that is unusual
/// among its neighbours stays so while scrolling.
fn window_start(around: u64, len: u64) -> u64 {
    let quarter = WINDOW / 4;
    let start = (around / quarter).saturating_sub(2) * quarter;
    start.min(len.saturating_sub(WINDOW).div_ceil(quarter) * quarter)
}

fn land(request: &Request, narrative: &Narrative) -> Result<Option<u64>, Damage> {
    let rank_of = |at: &Coordinates| match request.snapshot.find(at)? {
        Some(event) => narrative.rank_of(event),
        None => Ok(None),
    };
    let last = narrative.len().checked_sub(1);
    match &request.wanted {
        Wanted::Around(_) | Wanted::End => Ok(None),
        Wanted::Kept(at, _) => rank_of(at),
        Wanted::Goal(goal) => match goal {
            Goal::Event(at) => rank_of(at),
            Goal::Step(at, by) => match (rank_of(at)?, last) {
                (Some(rank), Some(last)) => Ok(Some(rank.saturating_add_signed(*by).min(last))),
                _ => Ok(None),
            },
            Goal::Moment(time_ns) => {
                Ok(last.map(|last| narrative.rank_of_time(*time_ns).map(|rank| rank.min(last))).transpose()?)
            }
            Goal::First => Ok(last.map(|_| 0)),
            Goal::Last => Ok(last),
            Goal::Rank(rank) => Ok(last.map(|last| (*rank).min(last))),
            Goal::Match { from, forward } => next_match(request, narrative, from.as_ref(), *forward),
        },
    }
}

/// The next match is found in the narrative of the matches alone, and then its place in the one that is told.
fn next_match(
    request: &Request,
    narrative: &Narrative,
    from: Option<&Coordinates>,
    forward: bool,
) -> Result<Option<u64>, Damage> {
    let Some(matches) = request.matches.as_deref().or(request.filter.as_deref()) else { return Ok(None) };
    let found = Narrative::new(&request.snapshot, &request.telling.topics, Some(matches));
    let Some(last) = found.len().checked_sub(1) else { return Ok(None) };
    let from = from.map(|at| request.snapshot.find(at)).transpose()?.flatten();
    let rank = match from {
        None => Some(if forward { 0 } else { last }),
        Some(event) => match (found.rank_of(event)?, forward) {
            (Some(rank), true) => Some(if rank == last { 0 } else { rank + 1 }),
            (Some(rank), false) => Some(rank.checked_sub(1).unwrap_or(last)),
            (None, _) => {
                let Some(event) = request.snapshot.event(event)? else { return Ok(None) };
                let time = event.get().time_ns().unwrap_or(i64::MIN);
                let at = found.rank_of_time(time)?;
                Some(if forward { at % found.len() } else { at.checked_sub(1).unwrap_or(last) })
            }
        },
    };
    let Some(row) = rank.map(|rank| found.row(rank)).transpose()?.flatten() else { return Ok(None) };
    narrative.rank_of(row.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_what_it_was_asked_for_with_room_on_either_side() {
        for len in [0, 5, 511, 512, 513, 10_000, 100_000_000] {
            for around in [0, 1, 100, 511, 512, 5_000, 99_999_999] {
                let around = std::cmp::min(around, u64::max(len, 1) - 1);
                let start = window_start(around, len);
                assert!(start <= around && around < start + WINDOW, "{around} of {len}: {start}");
                let room = around.min(WINDOW / 4).min(len.saturating_sub(around + 1));
                assert!(around - start >= room.min(around), "{around} of {len}: {start}");
            }
        }
    }

    #[test]
    fn the_last_window_reaches_the_end() {
        for len in [600, 1_000, 12_345] {
            assert!(window_start(len, len) + WINDOW >= len, "{len}");
        }
    }
}
