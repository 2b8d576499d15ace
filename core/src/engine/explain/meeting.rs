//! Where two events might have met, and why they did not.

use super::identity::Identity;
use super::journey::{AtNode, EventWatch, Lonely};
use super::partners::{Other, apart_in_time, differing, side_name, side_of};
use super::told::{Apart, Meeting};
use super::trace::Replay;

/// The nodes at which two events that were followed could have come together.
pub(super) fn meetings(watch: &EventWatch<'_>, replay: &Replay, sources: [Vec<usize>; 2]) -> Vec<Meeting> {
    let reached = sources.map(|sources| downstream(replay, &sources));
    let mut meetings = Vec::new();
    for (place, node) in replay.nodes.iter().enumerate() {
        let joins = matches!(node.identity, Identity::Pairs { .. } | Identity::TablePairs { .. });
        let meets = joins || matches!(node.identity, Identity::Groups(_));
        if !meets || !reached.iter().all(|reached| reached[place]) || watch.came_together[place] {
            continue;
        }
        let [one, other] = [&watch.at[place][0], &watch.at[place][1]];
        let which: Vec<usize> =
            [one, other].iter().enumerate().filter(|(_, at)| at.came == 0).map(|(which, _)| which).collect();
        let apart = if watch.together[place] || shares_a_group(replay, place) {
            None
        } else if !which.is_empty() {
            Some(Apart::NotHere { which })
        } else if joins {
            Some(apart_at_join(watch, replay, place))
        } else {
            Some(apart_at_group(one, other))
        };
        meetings.push(Meeting { node: node.name.clone(), kind: node.kind, apart });
    }
    meetings
}

/// For each node whether rows of some others come to it.
fn downstream(replay: &Replay, from: &[usize]) -> Vec<bool> {
    let mut reached = vec![false; replay.nodes.len()];
    for (place, node) in replay.nodes.iter().enumerate() {
        reached[place] = from.contains(&place) || node.inputs.iter().any(|&input| reached[input]);
    }
    reached
}

fn shares_a_group(replay: &Replay, place: usize) -> bool {
    match &replay.nodes[place].identity {
        Identity::Groups(groups) => groups.now().any(|group| replay.lineage.marks(group.rows) & 3 == 3),
        _ => false,
    }
}

fn apart_at_join(watch: &EventWatch<'_>, replay: &Replay, place: usize) -> Apart {
    let of = |event: u32| watch.lonely.iter().filter(move |row| row.node == place && row.marks >> event & 1 == 1);
    let pairs = of(0).flat_map(|one| of(1).map(move |other| (one, other)));
    // Of several rows those that came closest tell the most.
    let (one, other) = match pairs.min_by_key(|(one, other)| {
        (one.side == other.side, one.key_bytes != other.key_bytes, one.time_ms.abs_diff(other.time_ms))
    }) {
        Some(pair) => pair,
        None => return Apart::Unclear,
    };
    if one.side == other.side {
        return Apart::SameSide { side: side_name(one.side) };
    }
    for row in [one, other] {
        if let Some(why) = row.dropped {
            return Apart::Dropped { side: side_name(row.side), why };
        }
    }
    if one.key_bytes != other.key_bytes || one.key_bytes.is_none() {
        let (parts, types_only) = differing(side_of(one, &other.key, other.side));
        return Apart::KeysDiffer { parts, types_only };
    }
    apart_in_time(&replay.nodes[place], one, &as_other(other))
}

fn as_other(row: &Lonely) -> Other {
    Other { side: row.side, time_ms: row.time_ms, seq: row.seq, now_ms: row.stream_time_ms }
}

fn apart_at_group(one: &AtNode, other: &AtNode) -> Apart {
    for (which, at) in [one, other].into_iter().enumerate() {
        if let Some(why) = at.dropped {
            return Apart::Dropped { side: if which == 0 { "first" } else { "second" }, why };
        }
    }
    match differing((&one.key, &other.key)) {
        (parts, _) if !parts.is_empty() => Apart::OtherGroup { parts },
        _ => Apart::OtherWindow,
    }
}
