//! The events with the same key as the chosen one: found when they are first asked for, by looking through the keys of
//! every topic shown, and kept while the key stays.

use std::sync::Arc;

use fabula_core::event::{Coordinates, EventBatch};
use fabula_core::narrative::Narrative;
use fabula_core::store::search::{Judge, Literal, Places, Prefilter, SearchOptions, Verdict, search_rows};
use fabula_core::store::{Matches, Snapshot};

use super::load::Detail;
use crate::command::Command;
use crate::jobs::{Job, Title, Unit};
use crate::panes::Context;
use crate::state::Selection;

/// Walks through the events of one key.
#[derive(Default)]
pub(super) struct SameKey {
    known: Option<Known>,
    finding: Option<Job<Result<Stepped, String>>>,
    /// A step that is asked for while another is under way.
    waiting: Option<bool>,
}

/// The events of a key.
#[derive(Clone)]
struct Known {
    generation: u64,
    version: u64,
    matches: Arc<Matches>,
    /// Where the chosen event stands among them.
    place: (u64, u64),
    at: Coordinates,
}

struct Stepped {
    known: Known,
    selection: Option<Selection>,
}

/// Rows whose key is exactly this one; the prefilter finds those that hold it somewhere.
struct Exactly(Option<Arc<[u8]>>);

impl Judge for Exactly {
    fn judge(&self, events: &EventBatch, rows: &[u32]) -> Verdict {
        let is_key = |row: &u32| events.event(*row as usize).key() == self.0.as_deref();
        Verdict { rows: rows.iter().copied().filter(is_key).collect(), ..Verdict::default() }
    }
}

impl SameKey {
    /// Another event is shown: what is known stays if it is one of the same key.
    pub(super) fn forget_unless(&mut self, detail: &Detail) {
        if self.known.as_ref().is_some_and(|known| known.at != detail.coordinates) {
            self.known = None;
        }
    }

    /// Where the event stands among those of its key, from 0, and how many they are; `None` until somebody stepped.
    pub(super) fn place(&self) -> Option<(u64, u64)> {
        self.known.as_ref().map(|known| known.place)
    }

    /// Whether the key's events are being looked for.
    pub(super) fn is_looking(&self) -> bool {
        self.finding.is_some()
    }

    /// Goes to the next event of the key, or to the one before.
    pub(super) fn step(&mut self, forward: bool, context: &Context<'_>) {
        if self.finding.is_some() {
            self.waiting = Some(forward);
            return;
        }
        let state = context.state;
        let (Some(selection), Some(snapshot)) = (&state.selection, state.log.snapshot.clone()) else { return };
        let at = selection.coordinates.clone();
        let generation = state.log.generation;
        let known = self
            .known
            .clone()
            .filter(|known| known.generation == generation && known.version == snapshot.version && known.at == at);
        let topics: Vec<_> = state.document.shown.iter().cloned().collect();
        let title = Title::listed("Events of the same key", Unit::Events);
        let job = move |_: &crate::jobs::Progress| {
            let known = match known {
                Some(known) => known,
                None => find(&at, &snapshot, generation)?,
            };
            step(known, &topics, &snapshot, &at, forward)
        };
        self.finding = Some(context.jobs.spawn_blocking(title, job));
    }

    /// Takes in what was found.
    pub(super) fn update(&mut self, context: &Context<'_>) {
        let Some(job) = &mut self.finding else { return };
        match job.poll() {
            Some(Ok(stepped)) => {
                self.known = Some(stepped.known);
                match stepped.selection {
                    Some(selection) => context.send(Command::Select(Some(selection))),
                    None => context.send(Command::Notify("There is no further event with this key".to_owned())),
                }
            }
            Some(Err(why)) => context.send(Command::Notify(why)),
            None if !job.is_lost() => return,
            None => {}
        }
        self.finding = None;
        if let Some(forward) = self.waiting.take() {
            self.step(forward, context);
        }
    }
}

fn find(at: &Coordinates, snapshot: &Snapshot, generation: u64) -> Result<Known, String> {
    let key = key_of(at, snapshot)?;
    let segments = snapshot.segments().cloned().collect();
    let prefilter = match key.as_deref() {
        Some(key) if !key.is_empty() => {
            Prefilter::Holds(Literal { bytes: key.to_vec(), ignore_ascii_case: false, places: Places::KEY })
        }
        _ => Prefilter::Nothing,
    };
    let judge = Arc::new(Exactly(key));
    let search =
        search_rows(segments, &prefilter, judge, SearchOptions::default()).map_err(|error| error.to_string())?;
    let (matches, _) = search.finish();
    Ok(Known { generation, version: snapshot.version, matches: Arc::new(matches), place: (0, 0), at: at.clone() })
}

fn key_of(at: &Coordinates, snapshot: &Snapshot) -> Result<Option<Arc<[u8]>>, String> {
    let gone = || format!("{at} is not in the store any more");
    let id = snapshot.find(at).map_err(|damage| damage.to_string())?.ok_or_else(gone)?;
    let stored = snapshot.event(id).map_err(|damage| damage.to_string())?.ok_or_else(gone)?;
    Ok(stored.get().key().map(Arc::from))
}

fn step(
    mut known: Known,
    topics: &[fabula_core::event::TopicName],
    snapshot: &Snapshot,
    at: &Coordinates,
    forward: bool,
) -> Result<Stepped, String> {
    let damaged = |damage: fabula_core::store::Damage| damage.to_string();
    let narrative = Narrative::new(snapshot, topics, Some(&known.matches));
    let id = snapshot.find(at).map_err(damaged)?;
    let rank = id.map(|id| narrative.rank_of(id)).transpose().map_err(damaged)?.flatten();
    let next = rank.and_then(|rank| if forward { rank.checked_add(1) } else { rank.checked_sub(1) });
    let row = next.map(|rank| narrative.row(rank)).transpose().map_err(damaged)?.flatten();
    let Some((row, place)) = row.zip(next) else {
        known.place = (rank.unwrap_or(0), narrative.len());
        return Ok(Stepped { known, selection: None });
    };
    let stored = snapshot.event(row.id).map_err(damaged)?;
    let selection = stored.map(|stored| Selection { coordinates: stored.get().coordinates(), time_ns: row.time_ns });
    known.place = (place, narrative.len());
    if let Some(selection) = &selection {
        known.at = selection.coordinates.clone();
    }
    Ok(Stepped { known, selection })
}
