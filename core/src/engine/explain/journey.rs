//! How far events come: what is noted at each node while they are followed.

use std::collections::BTreeMap;

use super::identity::Identity;
use super::judge::{dropped, key_of, values, verdict};
use super::lineage::{Marks, NOBODY, RowId};
use super::partners::Found;
use super::told::{EventList, Named, NamedEvent, NodeVisit, TakenWindow, Verdict};
use super::trace::{Replay, Taken, Traced, Watcher};
use crate::engine::evaluated::Evaluated;
use crate::engine::plan::{PlannedSource, Recipe};
use crate::engine::{Dropped, Sign, Stop};
use crate::event::Coordinates;
use crate::pipeline::{Emit, Window};

/// So many verdicts of a node on an event are told.
const TOLD: usize = 12;

/// So many rows of an event are followed at a join.
const ROWS: usize = 64;

/// So many partners of a row are named.
const PARTNERS: usize = 1_000;

/// A row of an event at a join, or one that was there before at a node that keeps the first.
#[derive(Debug, Clone)]
pub(super) struct Lonely {
    pub(super) node: usize,
    /// Which of the events it is of.
    pub(super) marks: Marks,
    pub(super) side: usize,
    pub(super) id: RowId,
    pub(super) seq: u64,
    pub(super) time_ms: i64,
    pub(super) key: Vec<Named>,
    /// The key's bytes; `None` where it has none.
    pub(super) key_bytes: Option<Vec<u8>>,
    /// Why it takes no part.
    pub(super) dropped: Option<Dropped>,
    /// How far time was when it came.
    pub(super) stream_time_ms: i64,
    /// The rows that it was put together with.
    pub(super) partners: Vec<RowId>,
    joined: u64,
    /// When it was given without a partner.
    pub(super) alone: Option<u64>,
}

/// What happened to an event at a node.
#[derive(Debug, Clone, Default)]
pub(super) struct AtNode {
    pub(super) came: u64,
    pub(super) went: u64,
    standing: i64,
    gone_at: Option<u64>,
    verdicts: Vec<Verdict>,
    left_out: u64,
    /// What the last of its rows is grouped by.
    pub(super) key: Vec<Named>,
    /// Why it is in no group, if it is in none.
    pub(super) dropped: Option<Dropped>,
    shown: Vec<Named>,
}

/// Follows events.
pub(super) struct EventWatch<'e> {
    events: &'e [Coordinates],
    /// For each node and event what happened.
    pub(super) at: Vec<Vec<AtNode>>,
    /// Rows at joins, and those that a node took for repeated.
    pub(super) lonely: Vec<Lonely>,
    /// For each node whether rows of all events were put together there.
    pub(super) together: Vec<bool>,
    /// For each node whether rows of all events came there together.
    pub(super) came_together: Vec<bool>,
    names: Vec<Vec<String>>,
    shown: Vec<bool>,
}

impl<'e> EventWatch<'e> {
    /// Follows these events through a pipeline.
    pub(super) fn new(events: &'e [Coordinates], replay: &Replay) -> Self {
        let nodes = replay.nodes.len();
        let input_names = |node: &super::trace::Node| match node.inputs.first() {
            Some(&input) => replay.nodes[input].names.clone(),
            None => node.names.clone(),
        };
        Self {
            events,
            at: vec![vec![AtNode::default(); events.len()]; nodes],
            lonely: Vec::new(),
            together: vec![false; nodes],
            came_together: vec![false; nodes],
            names: replay.nodes.iter().map(input_names).collect(),
            shown: (0..nodes).map(|node| replay.views.iter().any(|view| view.node == node)).collect(),
        }
    }

    fn all(&self) -> Marks {
        (0..self.events.len()).fold(0, |marks, event| marks | 1 << event)
    }

    fn each(marks: Marks) -> impl Iterator<Item = usize> {
        (0..Marks::BITS as usize).filter(move |event| marks >> event & 1 == 1)
    }

    /// Notes what a row that was taken by itself came to.
    fn note_row(&mut self, taken: &Taken<'_>, side: usize, rows: &Traced, row: usize, marks: Marks) {
        let node = taken.node;
        let key = values(key_of(&taken.of.recipe, side), &rows.rows, row);
        let why = taken.metrics.as_ref().and_then(dropped);
        let said = match &taken.of.recipe {
            Recipe::JoinStreams { .. } | Recipe::JoinStreamWithTable { .. } | Recipe::JoinTables { .. } => {
                self.note_lonely(taken, side, rows, row, key.clone());
                None
            }
            _ => verdict(taken, rows, row, &self.names[node]),
        };
        if let Some(Verdict::Duplicate { .. }) = said {
            self.note_lonely(taken, side, rows, row, key.clone());
        }
        for event in Self::each(marks) {
            let at = &mut self.at[node][event];
            at.key.clone_from(&key);
            at.dropped = if taken.windows.is_empty() { why } else { None };
            let Some(said) = &said else { continue };
            if at.verdicts.contains(said) {
                continue;
            }
            if at.verdicts.len() < TOLD { at.verdicts.push(said.clone()) } else { at.left_out += 1 }
        }
    }

    fn note_lonely(&mut self, taken: &Taken<'_>, side: usize, rows: &Traced, row: usize, key: Vec<Named>) {
        let marks = taken.lineage.marks(rows.ids[row]);
        if self.lonely.iter().filter(|lonely| lonely.node == taken.node && lonely.marks == marks).count() >= ROWS {
            return;
        }
        let mut bytes = Vec::new();
        let evaluated = Evaluated::of(key_of(&taken.of.recipe, side), &rows.rows, &mut 0);
        let key_bytes = evaluated.key(row, &mut bytes).is_ok().then_some(bytes);
        self.lonely.push(Lonely {
            node: taken.node,
            marks,
            side,
            id: rows.ids[row],
            seq: rows.rows.seq[row],
            time_ms: rows.rows.time_ms[row],
            key,
            key_bytes,
            dropped: taken.metrics.as_ref().and_then(dropped),
            stream_time_ms: taken.metrics.as_ref().and_then(|[_, after]| after.stream_time_ms).unwrap_or(i64::MIN),
            partners: Vec::new(),
            joined: 0,
            alone: None,
        });
    }

    /// Notes what a join gave of a row that is followed.
    fn note_halves(&mut self, taken: &Taken<'_>) {
        for (row, halves) in taken.of.identity.halves().iter().enumerate() {
            for lonely in self.lonely.iter_mut().filter(|lonely| lonely.node == taken.node) {
                if halves[lonely.side] != Some(lonely.id) {
                    continue;
                }
                match (halves[1 - lonely.side], taken.given.rows.sign(row)) {
                    (Some(partner), Sign::Plus) => {
                        lonely.joined += 1;
                        if lonely.partners.len() < PARTNERS && !lonely.partners.contains(&partner) {
                            lonely.partners.push(partner);
                        }
                    }
                    (None, Sign::Plus) => lonely.alone = Some(taken.given.rows.seq[row]),
                    (None, Sign::Minus) => lonely.alone = None,
                    (Some(_), Sign::Minus) => {}
                }
            }
        }
    }

    /// What happened to an event at each node that it came to.
    pub(super) fn visits(&self, replay: &Replay, event: usize, near: &BTreeMap<usize, Found>) -> Vec<NodeVisit> {
        let mut visits = Vec::new();
        for (place, node) in replay.nodes.iter().enumerate() {
            let at = &self.at[place][event];
            if at.came == 0 {
                continue;
            }
            let mut verdicts = Vec::new();
            let own = |lonely: &&Lonely| lonely.node == place && lonely.marks >> event & 1 == 1;
            let partners = |(number, lonely): (usize, &Lonely)| self.of_join(replay, lonely, near.get(&number));
            let joins: Vec<Verdict> = match node.identity {
                Identity::Pairs { .. } | Identity::TablePairs { .. } => {
                    self.lonely.iter().enumerate().filter(|(_, lonely)| own(lonely)).map(partners).collect()
                }
                _ => Vec::new(),
            };
            let groups = grouped(replay, place, event, &at.key);
            let plain = joins.is_empty() && groups.is_none() && !self.shown[place];
            if at.went > 0 && plain {
                verdicts.push(Verdict::Passed { rows: at.went });
            }
            verdicts.extend(joins);
            verdicts.extend(groups);
            let mut own_verdicts = at.verdicts.clone();
            for said in &mut own_verdicts {
                let repeated = self.lonely.iter().enumerate().find(|(_, lonely)| own(lonely));
                if let (Verdict::Duplicate { of, .. }, Some((number, _))) = (said, repeated) {
                    *of = near.get(&number).and_then(|found| found.before).map(NamedEvent::of);
                }
            }
            verdicts.extend(own_verdicts);
            if self.shown[place] && at.standing > 0 {
                verdicts.push(Verdict::Shown { rows: at.standing as u64, row: at.shown.clone() });
            }
            if let (true, Some(seq)) = (at.standing <= 0, at.gone_at) {
                verdicts.push(Verdict::Retracted { by: NamedEvent::of(seq) });
            }
            let left_out = at.left_out + verdicts.len().saturating_sub(TOLD) as u64;
            verdicts.truncate(TOLD);
            visits.push(NodeVisit {
                node: node.name.clone(),
                kind: node.kind,
                went_on: at.went > 0,
                verdicts,
                left_out,
            });
        }
        visits
    }

    /// Whether an event has part in a row of a view.
    pub(super) fn is_shown(&self, event: usize) -> bool {
        self.at.iter().zip(&self.shown).any(|(at, shown)| *shown && at[event].standing > 0)
    }

    /// What became of a row at a join.
    fn of_join(&self, replay: &Replay, lonely: &Lonely, near: Option<&Found>) -> Verdict {
        let node = &replay.nodes[lonely.node];
        let stream_time_ms = node.metrics().stream_time_ms;
        if let (0, Some(why)) = (lonely.joined, lonely.dropped) {
            return match (why, waits_ms(&node.recipe, lonely.side)) {
                (Dropped::Late, Some((wait, grace_ms))) => {
                    let until = lonely.time_ms.saturating_add(wait).saturating_add(grace_ms);
                    let late_by_ms = lonely.stream_time_ms.saturating_sub(until);
                    let (time_ms, stream_time_ms) = (lonely.time_ms, lonely.stream_time_ms);
                    Verdict::Late { windows: Vec::new(), late_by_ms, time_ms, stream_time_ms, grace_ms }
                }
                _ => Verdict::Dropped { why, key: lonely.key.clone(), stream_time_ms: Some(lonely.stream_time_ms) },
            };
        }
        if lonely.joined > 0 {
            let mut events: Vec<u64> =
                lonely.partners.iter().flat_map(|&partner| replay.lineage.events(partner)).collect();
            events.sort_unstable();
            events.dedup();
            return Verdict::Joined { with: EventList::of(&events), rows: lonely.joined };
        }
        let waits = waits_ms(&node.recipe, lonely.side);
        Verdict::NoPartner {
            key: lonely.key.clone(),
            time_ms: lonely.time_ms,
            given_alone: lonely.alone.map(NamedEvent::of),
            waits_until_ms: waits.map(|(wait, grace)| lonely.time_ms.saturating_add(wait).saturating_add(grace)),
            stream_time_ms,
            near: near.map(|found| found.near.clone()).unwrap_or_default(),
        }
    }
}

impl Watcher for EventWatch<'_> {
    fn marks(&self, source: &PlannedSource, partition: i64, offset: i64) -> Marks {
        let is_it = |event: &Coordinates| {
            event.topic == source.topic && i64::from(event.partition) == partition && event.offset == offset
        };
        let found = self.events.iter().enumerate().filter(|(_, event)| is_it(event));
        found.fold(0, |marks, (at, _)| marks | 1 << at)
    }

    fn is_close(&self) -> bool {
        true
    }

    fn taken(&mut self, taken: &Taken<'_>) -> Result<(), Stop> {
        let (node, lineage, all) = (taken.node, taken.lineage, self.all());
        for (side, rows) in taken.inputs.iter().enumerate() {
            if taken.metrics.is_none() {
                break;
            }
            for row in 0..rows.len() {
                let marks = lineage.marks(rows.ids[row]);
                if marks == 0 || rows.rows.sign(row) == Sign::Minus {
                    continue;
                }
                self.came_together[node] |= marks == all;
                Self::each(marks).for_each(|event| self.at[node][event].came += 1);
                self.note_row(taken, side, rows, row, marks);
            }
        }
        for (row, &id) in taken.given.ids.iter().enumerate() {
            let marks = if id == NOBODY { 0 } else { lineage.marks(id) };
            if marks == 0 {
                continue;
            }
            self.together[node] |= marks == all;
            for event in Self::each(marks) {
                let at = &mut self.at[node][event];
                match taken.given.rows.sign(row) {
                    Sign::Minus => {
                        at.standing -= 1;
                        at.gone_at = Some(taken.given.rows.seq[row]);
                    }
                    Sign::Plus => {
                        at.went += 1;
                        at.standing += 1;
                        let shown = |(name, column, _): &(String, usize, _)| {
                            Named::new(name.as_str(), taken.given.rows.cell(*column, row))
                        };
                        at.shown = taken.of.shown.iter().map(shown).collect();
                    }
                }
            }
        }
        self.note_tombstone(taken);
        self.note_halves(taken);
        Ok(())
    }
}

impl EventWatch<'_> {
    /// Names the event that a tombstone took away.
    fn note_tombstone(&mut self, taken: &Taken<'_>) {
        let (Recipe::Table { .. }, Some(_), [rows]) = (&taken.of.recipe, &taken.metrics, taken.inputs) else { return };
        let (Some(&own), [gone]) = (rows.ids.first(), taken.given.ids.as_slice()) else { return };
        for event in Self::each(taken.lineage.marks(own)) {
            if let Some(Verdict::Tombstone { of }) = self.at[taken.node][event].verdicts.last_mut() {
                *of = (*gone >= 0).then(|| NamedEvent::of(*gone as u64));
            }
        }
    }
}

/// For how long a row of a side waits for a partner of a later time, and the grace beyond that.
pub(super) fn waits_ms(recipe: &Recipe, side: usize) -> Option<(i64, i64)> {
    match recipe {
        Recipe::JoinStreams { within, grace_ms, .. } => {
            Some((if side == 0 { within.after.ms } else { within.before.ms }, *grace_ms))
        }
        Recipe::JoinStreamWithTable { grace_ms: Some(grace), .. } if side == 0 => Some((0, *grace)),
        _ => None,
    }
}

/// The groups of an aggregate that an event is in.
fn grouped(replay: &Replay, place: usize, event: usize, key: &[Named]) -> Option<Verdict> {
    let node = &replay.nodes[place];
    let (Identity::Groups(groups), Recipe::Aggregate { window, grace_ms, emit, .. }) = (&node.identity, &node.recipe)
    else {
        return None;
    };
    let own = |group: &&super::groups::Group| replay.lineage.marks(group.rows) >> event & 1 == 1;
    let found: Vec<_> = groups.now().filter(own).collect();
    if found.is_empty() {
        return None;
    }
    let stream_time_ms = node.metrics().stream_time_ms;
    let only_when_closed = *emit == Emit::Final;
    let mut windows: Vec<TakenWindow> = found
        .iter()
        .filter_map(|group| {
            let (start_ms, end_ms) = group.window?;
            // Inclusive ends close a millisecond later.
            let behind = match window {
                Some(Window::Session { gap }) => gap.ms.saturating_add(1),
                Some(Window::Sliding { .. }) => 1,
                _ => 0,
            };
            let closes_at_ms = end_ms.saturating_add(*grace_ms).saturating_add(behind);
            let closed = stream_time_ms.is_some_and(|now| now >= closes_at_ms);
            let given_at = group.given_at.map(NamedEvent::of);
            Some(TakenWindow { start_ms, end_ms, closed, closes_at_ms, given_at })
        })
        .collect();
    windows.sort_by_key(|window| (window.start_ms, window.end_ms));
    let mut named = key.to_vec();
    if let Some(group) = found.first() {
        named.iter_mut().zip(&group.cells).for_each(|(named, cell)| named.cell.clone_from(cell));
    }
    Some(Verdict::Grouped { key: named, windows, only_when_closed, stream_time_ms })
}
