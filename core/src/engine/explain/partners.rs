//! Rows that nearly fitted: the replay is gone through again, for the rows of the other side that a row without a partner
//! might have had.

use std::collections::BTreeMap;

use super::journey::{Lonely, waits_ms};
use super::judge::{key_of, values};
use super::lineage::RowId;
use super::told::{Apart, EventList, Named, Near};
use super::trace::{Node, Replay, Taken, Watcher};
use crate::codec::Cell;
use crate::engine::evaluated::Evaluated;
use crate::engine::plan::Recipe;
use crate::engine::{Dropped, Sign, Stop};

/// So many rows that nearly fitted are told of one.
const NEAREST: usize = 3;

/// What was found for a row.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Rows of the other side that nearly fitted, nearest first.
    pub(super) near: Vec<Near>,
    /// Of a repeated row: the event of the one before.
    pub(super) before: Option<u64>,
    nearest: Vec<Candidate>,
}

#[derive(Debug, Clone)]
struct Candidate {
    distance: u64,
    id: RowId,
    time_ms: i64,
    because: Apart,
}

/// Looks for rows that nearly fitted.
pub(super) struct PartnerWatch<'l> {
    lonely: Vec<(usize, &'l Lonely)>,
    pub(super) found: BTreeMap<usize, Found>,
    /// For each node how far time is.
    now_ms: BTreeMap<usize, i64>,
}

impl<'l> PartnerWatch<'l> {
    /// For those of some rows that have no partner.
    pub(super) fn new(lonely: &'l [Lonely]) -> Self {
        let alone = |(_, lonely): &(usize, &Lonely)| lonely.partners.is_empty() && lonely.dropped.is_none();
        let lonely: Vec<_> = lonely.iter().enumerate().filter(alone).collect();
        Self { lonely, found: BTreeMap::new(), now_ms: BTreeMap::new() }
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_idle(&self) -> bool {
        self.lonely.is_empty()
    }

    /// What was found, by the rows' places.
    pub(super) fn finish(mut self, replay: &Replay) -> BTreeMap<usize, Found> {
        for found in self.found.values_mut() {
            let near = |candidate: &Candidate| Near {
                events: EventList::of(&replay.lineage.events(candidate.id)),
                time_ms: candidate.time_ms,
                because: candidate.because.clone(),
            };
            found.near = found.nearest.iter().map(near).collect();
        }
        self.found
    }

    /// Looks at a row of a side, of which the keys are known.
    fn look(&mut self, taken: &Taken<'_>, side: usize, row: usize, keys: &Evaluated) {
        let (rows, mut bytes) = (&taken.inputs[side], Vec::new());
        let has_key = keys.key(row, &mut bytes).is_ok();
        let (time_ms, now_ms) = (rows.rows.time_ms[row], self.now_ms.get(&taken.node).copied().unwrap_or(i64::MIN));
        for &(number, lonely) in &self.lonely {
            if lonely.node != taken.node || lonely.side == side {
                continue;
            }
            let because = if has_key && lonely.key_bytes.as_ref() == Some(&bytes) {
                apart_in_time(taken.of, lonely, &Other { side, time_ms, seq: rows.rows.seq[row], now_ms })
            } else if differs_in_kind(lonely, keys, row) {
                let key = values(key_of(&taken.of.recipe, side), &rows.rows.take(&[row as u32]), 0);
                match differing(side_of(lonely, &key, side)) {
                    (parts, true) => Apart::KeysDiffer { parts, types_only: true },
                    _ => continue,
                }
            } else {
                continue;
            };
            let distance = time_ms.abs_diff(lonely.time_ms);
            let nearest = &mut self.found.entry(number).or_default().nearest;
            let place = nearest.partition_point(|known| known.distance <= distance);
            if place < NEAREST {
                nearest.insert(place, Candidate { distance, id: rows.ids[row], time_ms, because });
                nearest.truncate(NEAREST);
            }
        }
    }

    /// Looks for the row that came before a repeated one.
    fn look_before(&mut self, taken: &Taken<'_>) {
        let keys = Evaluated::of(key_of(&taken.of.recipe, 0), &taken.inputs[0].rows, &mut 0);
        let mut bytes = Vec::new();
        for row in 0..taken.inputs[0].len() {
            if keys.key(row, &mut bytes).is_err() {
                continue;
            }
            let (seq, id) = (taken.inputs[0].rows.seq[row], taken.inputs[0].ids[row]);
            for (number, lonely) in self.lonely.iter().filter(|(_, lonely)| lonely.node == taken.node) {
                let before = lonely.key_bytes.as_ref() == Some(&bytes) && seq <= lonely.seq;
                if before && taken.given.ids.contains(&id) {
                    self.found.entry(*number).or_default().before = Some(seq);
                }
            }
        }
    }
}

impl Watcher for PartnerWatch<'_> {
    fn taken(&mut self, taken: &Taken<'_>) -> Result<(), Stop> {
        if !self.lonely.iter().any(|(_, lonely)| lonely.node == taken.node) {
            return Ok(());
        }
        if taken.inputs.len() == 1 {
            self.look_before(taken);
            return Ok(());
        }
        let mut order: Vec<(u64, usize, usize)> = Vec::new();
        for (side, rows) in taken.inputs.iter().enumerate() {
            order.extend(rows.rows.seq.iter().enumerate().map(|(row, &seq)| (seq, side, row)));
        }
        order.sort_unstable();
        let keys: Vec<Evaluated> = (0..taken.inputs.len())
            .map(|side| Evaluated::of(key_of(&taken.of.recipe, side), &taken.inputs[side].rows, &mut 0))
            .collect();
        for (_, side, row) in order {
            let rows = &taken.inputs[side].rows;
            let now_ms = self.now_ms.entry(taken.node).or_insert(i64::MIN);
            *now_ms = (*now_ms).max(rows.time_ms[row]);
            let sought = self.lonely.iter().any(|(_, lonely)| lonely.node == taken.node && lonely.side != side);
            if sought && rows.sign(row) == Sign::Plus {
                self.look(taken, side, row, &keys[side]);
            }
        }
        Ok(())
    }
}

/// Whether a part of a row's key is of another kind than that of another row, and written the same.
fn differs_in_kind(lonely: &Lonely, keys: &Evaluated, row: usize) -> bool {
    lonely.key.iter().zip(keys.columns()).any(|(named, column)| {
        let cell = column.cell(row);
        cell.kind() != named.cell.kind() && !cell.is_null() && cell.to_string() == named.cell.to_string()
    })
}

/// A row of the other side.
pub(super) struct Other {
    pub(super) side: usize,
    pub(super) time_ms: i64,
    pub(super) seq: u64,
    /// How far time was when it came.
    pub(super) now_ms: i64,
}

/// The left values and the right ones, of a row and of another of a side.
pub(super) fn side_of<'v>(lonely: &'v Lonely, other: &'v [Named], side: usize) -> (&'v [Named], &'v [Named]) {
    if side == 1 { (&lonely.key, other) } else { (other, &lonely.key) }
}

/// The parts of two keys that differ, and whether they are only of other kinds.
pub(super) fn differing((left, right): (&[Named], &[Named])) -> (Vec<(Named, Named)>, bool) {
    let mut types_only = true;
    let mut parts = Vec::new();
    for (left, right) in left.iter().zip(right) {
        if left.cell.compare(&right.cell).is_some_and(std::cmp::Ordering::is_eq) {
            continue;
        }
        let told = |cell: &Cell<'static>| !cell.is_null() && !matches!(cell, Cell::Failed(_));
        let both = told(&left.cell) && told(&right.cell);
        types_only &= both && left.cell.kind() != right.cell.kind() && left.cell.to_string() == right.cell.to_string();
        parts.push((left.clone(), right.clone()));
    }
    let types_only = types_only && !parts.is_empty();
    (parts, types_only)
}

/// Why two rows of one key do not go together at a join.
pub(super) fn apart_in_time(node: &Node, lonely: &Lonely, other: &Other) -> Apart {
    let (left_ms, right_ms) =
        if other.side == 1 { (lonely.time_ms, other.time_ms) } else { (other.time_ms, lonely.time_ms) };
    match &node.recipe {
        Recipe::JoinStreams { within, .. } => {
            let (before_ms, after_ms) = (within.before.ms, within.after.ms);
            let right_minus_left_ms = right_ms.saturating_sub(left_ms);
            let by_ms = if right_minus_left_ms > after_ms {
                right_minus_left_ms.saturating_sub(after_ms)
            } else {
                before_ms.saturating_neg().saturating_sub(right_minus_left_ms)
            };
            if by_ms > 0 {
                return Apart::OutsideWindow { by_ms, right_minus_left_ms, before_ms, after_ms };
            }
            let beyond = |time_ms: i64, side: usize, now_ms: i64| {
                let (wait, grace) = waits_ms(&node.recipe, side).unwrap_or_default();
                now_ms.saturating_sub(time_ms.saturating_add(wait).saturating_add(grace))
            };
            let late = beyond(other.time_ms, other.side, other.now_ms);
            if late > 0 {
                return Apart::Dropped { side: side_name(other.side), why: Dropped::Late };
            }
            // Whichever came first had been forgotten when the other came.
            let expired = if other.seq < lonely.seq {
                beyond(other.time_ms, other.side, lonely.stream_time_ms)
            } else {
                beyond(lonely.time_ms, lonely.side, other.now_ms)
            };
            if expired > 0 { Apart::Expired { by_ms: expired } } else { Apart::Unclear }
        }
        Recipe::JoinStreamWithTable { .. } if right_ms > left_ms => {
            Apart::TableLater { by_ms: right_ms.saturating_sub(left_ms) }
        }
        Recipe::JoinStreamWithTable { .. } => {
            let (stream, table) = if other.side == 1 { (lonely.seq, other.seq) } else { (other.seq, lonely.seq) };
            if table >= stream { Apart::TableCameLate } else { Apart::Overtaken }
        }
        _ => Apart::Overtaken,
    }
}

pub(super) fn side_name(side: usize) -> &'static str {
    if side == 0 { "left" } else { "right" }
}
