//! Which events belong together: union over the values that they say.
//!
//! A value that ties many stories into one (a tenant, a host, a constant) is a *hub* and is left out. What a hub is must
//! not depend on the order in which events came, so it is decided in two steps. Values that few events say tie at
//! once. A value that more than [`SMALL`] events say is then held against the stories that came of that: if it would
//! tie more than [`MOST_STORIES`] of them (of two events or more; single ones are no story yet), it is a hub. Big values are
//! not held against each other.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::dead_letter::Origin;
use super::events::Events;
use super::values::Values;

/// A value that no more events than this say is never a hub.
pub(super) const SMALL: u32 = 64;
/// How many stories a value may tie into one.
pub(super) const MOST_STORIES: usize = 16;

/// No thread.
pub(super) const NONE: u32 = u32::MAX;

/// A value that was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HubSlot {
    pub(super) slot: u32,
    pub(super) events: u32,
    /// An event that says it.
    pub(super) example: u32,
}

/// Threads as ranges of events.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// The thread of each slot, or [`NONE`].
    pub(super) thread_of_slot: Vec<u32>,
    /// Where each thread's events begin in `order`, and at the end where the last one's end.
    pub(super) starts: Vec<u32>,
    /// Events by thread, each thread's in the narrative's order. Threads are in the order of their first events.
    pub(super) order: Vec<u32>,
    /// Events without a value that are in a thread all the same: a dead letter and what it was.
    pub(super) extra: FxHashMap<u32, u32>,
    pub(super) hubs: Vec<HubSlot>,
    /// Events that belong to no thread.
    pub(super) loose: u64,
}

struct Union(Vec<u32>);

impl Union {
    fn find(&mut self, mut node: u32) -> u32 {
        loop {
            let parent = self.0[node as usize];
            if parent == node {
                return node;
            }
            let above = self.0[parent as usize];
            self.0[node as usize] = above;
            node = above;
        }
    }

    /// The smaller number becomes the root.
    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.find(one), self.find(other));
        if one != other {
            self.0[one.max(other) as usize] = one.min(other);
        }
    }
}

pub(super) fn resolve(events: &Events, values: &Values, origins: &[(u32, Origin)], keep_hubs: bool) -> Resolved {
    let mut union = Union((0..values.len() as u32).collect());
    let is_small = |slot: u32| keep_hubs || values.count(slot) <= SMALL;
    // Each event's links, in one walk over the columns.
    let each = |visit: &mut dyn FnMut(u32, &[u32])| {
        let mut links = events.links.pages().flatten().copied();
        let (mut from, mut event) = (0, 0);
        let mut slots: Vec<u32> = Vec::with_capacity(8);
        for &end in events.ends.pages().flatten() {
            slots.clear();
            slots.extend(links.by_ref().take((end - from) as usize).map(|link| link >> 3));
            visit(event, &slots);
            from = end;
            event += 1;
        }
    };
    let mut any_big = false;
    each(&mut |_, slots| {
        let mut first = None;
        for &slot in slots {
            if !is_small(slot) {
                any_big = true;
                continue;
            }
            match first {
                None => first = Some(slot),
                Some(first) => union.join(first, slot),
            }
        }
    });
    let extra = tie_dead_letters(events, origins, &mut union, &is_small);
    let mut is_hub = rustc_hash::FxHashSet::default();
    let mut hubs = Vec::new();
    if any_big {
        hubs = find_hubs(&each, &mut union, values, &is_small);
        is_hub = hubs.iter().map(|hub| hub.slot).collect();
        each(&mut |event, slots| {
            let own = extra.get(&event).copied();
            let mut ties = slots.iter().copied().filter(|slot| !is_hub.contains(slot)).chain(own);
            if let Some(first) = ties.next() {
                ties.for_each(|slot| union.join(first, slot));
            }
        });
    }
    let mut resolved = gather(events, values.len(), &each, &mut union, &is_hub, extra);
    resolved.hubs = hubs;
    resolved
}

/// Ties dead letters to what they were, where that was taken in. Events without a value of their own story get a node.
fn tie_dead_letters(
    events: &Events,
    origins: &[(u32, Origin)],
    union: &mut Union,
    is_small: &dyn Fn(u32) -> bool,
) -> FxHashMap<u32, u32> {
    let mut extra = FxHashMap::default();
    if origins.is_empty() {
        return extra;
    }
    let finder = events.finder();
    // A value that may turn out to be a hub must not stand for its event here.
    let mut node = |event: u32, union: &mut Union| match events.links_of(event).find(|&(slot, _)| is_small(slot)) {
        Some((slot, _)) => slot,
        None => *extra.entry(event).or_insert_with(|| {
            union.0.push(union.0.len() as u32);
            union.0.len() as u32 - 1
        }),
    };
    for (event, origin) in origins {
        if let Some(was) = finder.find(origin) {
            let (one, other) = (node(*event, union), node(was, union));
            union.join(one, other);
        }
    }
    extra
}

type Each<'e> = dyn Fn(&mut dyn FnMut(u32, &[u32])) + 'e;

fn find_hubs(each: &Each<'_>, union: &mut Union, values: &Values, is_small: &dyn Fn(u32) -> bool) -> Vec<HubSlot> {
    // How many events each story has so far, by its root.
    let mut sizes = vec![0_u32; union.0.len()];
    each(&mut |_, slots| {
        if let Some(&slot) = slots.iter().find(|&&slot| is_small(slot)) {
            sizes[union.find(slot) as usize] += 1;
        }
    });
    let mut tied: FxHashMap<u32, (u32, Vec<u32>)> = FxHashMap::default();
    each(&mut |event, slots| {
        if slots.iter().all(|&slot| is_small(slot)) {
            return;
        }
        let story = slots.iter().find(|&&slot| is_small(slot)).map(|&slot| union.find(slot));
        let story = story.filter(|&root| sizes[root as usize] >= 2);
        for &slot in slots.iter().filter(|&&slot| !is_small(slot)) {
            let (_, stories) = tied.entry(slot).or_insert_with(|| (event, Vec::new()));
            if let Some(story) = story.filter(|story| stories.len() <= MOST_STORIES && !stories.contains(story)) {
                stories.push(story);
            }
        }
    });
    let mut hubs: Vec<HubSlot> = tied
        .into_iter()
        .filter(|(_, (_, stories))| stories.len() > MOST_STORIES)
        .map(|(slot, (example, _))| HubSlot { slot, events: values.count(slot), example })
        .collect();
    hubs.sort_by_key(|hub| (std::cmp::Reverse(hub.events), hub.slot));
    hubs
}

fn gather(
    events: &Events,
    slots: usize,
    each: &Each<'_>,
    union: &mut Union,
    is_hub: &rustc_hash::FxHashSet<u32>,
    extra: FxHashMap<u32, u32>,
) -> Resolved {
    let no_hubs = is_hub.is_empty();
    let root_of = |event: u32, slots: &[u32], union: &mut Union| {
        let tie = slots.iter().copied().find(|slot| no_hubs || !is_hub.contains(slot));
        let node = tie.or_else(|| if extra.is_empty() { None } else { extra.get(&event).copied() })?;
        Some(union.find(node))
    };
    let mut sizes = vec![0_u32; union.0.len()];
    let mut loose = 0;
    each(&mut |event, slots| match root_of(event, slots, union) {
        Some(root) => sizes[root as usize] += 1,
        None => loose += 1,
    });
    // Threads are numbered by the roots first, in the order of first events afterwards.
    let mut number = vec![NONE; union.0.len()];
    let mut starts = vec![0_u32];
    let mut total = 0;
    for (root, &size) in sizes.iter().enumerate() {
        if size > 0 {
            number[root] = starts.len() as u32 - 1;
            total += size;
            starts.push(total);
        }
    }
    drop(sizes);
    let mut order = vec![0_u32; total as usize];
    let mut next = starts.clone();
    each(&mut |event, slots| {
        if let Some(root) = root_of(event, slots, union) {
            let place = &mut next[number[root as usize] as usize];
            order[*place as usize] = event;
            *place += 1;
        }
    });
    drop(next);
    sort_within(events, &starts, &mut order);
    let mut thread_of_slot: Vec<u32> = (0..slots as u32)
        .map(|slot| if is_hub.contains(&slot) { NONE } else { number[union.find(slot) as usize] })
        .collect();
    let extra = extra.into_iter().map(|(event, node)| (event, number[union.find(node) as usize])).collect();
    let mut resolved = Resolved { thread_of_slot: Vec::new(), starts, order, extra, hubs: Vec::new(), loose };
    let renumbered = in_order_of_start(events, &mut resolved);
    for thread in thread_of_slot.iter_mut().filter(|thread| **thread != NONE) {
        *thread = renumbered[*thread as usize];
    }
    for thread in resolved.extra.values_mut() {
        *thread = renumbered[*thread as usize];
    }
    resolved.thread_of_slot = thread_of_slot;
    resolved
}

/// The narrative's order.
fn sort_within(events: &Events, starts: &[u32], order: &mut [u32]) {
    let ranks = events.partition_ranks();
    let key = |event: &u32| {
        let (partition, offset) = events.place(*event);
        (events.times_ms.get(*event as usize), ranks[partition as usize], offset)
    };
    // Slices of whole threads, so that each can be sorted by itself.
    let per_slice = starts.len() / (rayon::current_num_threads() * 8) + 1;
    let mut slices: Vec<(Range<usize>, &mut [u32])> = Vec::new();
    let (mut left, mut from) = (order, 0);
    let threads = starts.len() - 1;
    while from < threads {
        let to = (from + per_slice).min(threads);
        let (slice, rest) = left.split_at_mut((starts[to] - starts[from]) as usize);
        slices.push((from..to, slice));
        (left, from) = (rest, to);
    }
    slices.into_par_iter().for_each(|(threads, slice)| {
        let base = starts[threads.start];
        for thread in threads {
            let of = (starts[thread] - base) as usize..(starts[thread + 1] - base) as usize;
            let slice = &mut slice[of];
            if slice.len() > 1 {
                slice.sort_by_cached_key(key);
            }
        }
    });
}

/// Puts threads into the order of their first events; gives the new number of each.
fn in_order_of_start(events: &Events, resolved: &mut Resolved) -> Vec<u32> {
    let ranks = events.partition_ranks();
    let threads = resolved.starts.len() - 1;
    let key = |thread: u32| {
        let first = resolved.order[resolved.starts[thread as usize] as usize];
        let (partition, offset) = events.place(first);
        (events.times_ms.get(first as usize), ranks[partition as usize], offset)
    };
    let mut sorted: Vec<((i64, u32, i64), u32)> = (0..threads as u32).map(|thread| (key(thread), thread)).collect();
    sorted.par_sort_unstable();
    let mut renumbered = vec![0; threads];
    let mut order = Vec::with_capacity(resolved.order.len());
    let mut starts = Vec::with_capacity(threads + 1);
    starts.push(0);
    for (number, &(_, thread)) in sorted.iter().enumerate() {
        renumbered[thread as usize] = number as u32;
        let of = resolved.starts[thread as usize] as usize..resolved.starts[thread as usize + 1] as usize;
        order.extend_from_slice(&resolved.order[of]);
        starts.push(order.len() as u32);
    }
    resolved.order = order;
    resolved.starts = starts;
    renumbered
}
