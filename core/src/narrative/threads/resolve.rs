//! Which events belong together: union over the values that they say.
//!
//! A value that ties many stories into one (a tenant, a host, a constant) is a *hub* and is left out. What a hub is must
//! not depend on the order in which events came, so it is decided in two steps. Values that few events say tie at
//! once. A value that more than [`SMALL`] events say is then held against the stories that came of that: if it would
//! tie more than [`MOST_STORIES`] of them (of two events or more; single ones are no story yet), it is a hub. Big values are
//! not held against each other.
//!
//! An identity that events of several participants have is the identity of none by itself: event 1 of `/orders` is not
//! event 1 of `/payments`. Each participant's gets a node of its own, and who names such an identity as its cause is tied
//! to neither.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::dead_letter::Origin;
use super::events::Events;
use super::reader::Flags;
use super::role::Role;
use super::values::Values;

/// A value that no more events than this say is never a hub.
pub(super) const SMALL: u32 = 64;
/// How many stories a value may tie into one.
pub(super) const MOST_STORIES: usize = 16;

/// No thread.
pub(super) const NONE: u32 = u32::MAX;

/// By what of the values is tied.
pub(super) struct Tying<'t> {
    /// The roles that tie, a bit each; others say what led to what and no more.
    pub(super) roles: u8,
    /// Values that are identities of events of several participants.
    pub(super) shared: &'t FxHashSet<u32>,
    /// Places of changes in their transactions, by event.
    pub(super) orders: &'t [(u32, u32)],
    pub(super) keep_hubs: bool,
}

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
    /// Events whose values alone do not say their thread: a dead letter and what it was, and events whose identity
    /// others have too.
    pub(super) extra: FxHashMap<u32, u32>,
    pub(super) hubs: Vec<HubSlot>,
    /// Events that belong to no thread.
    pub(super) loose: u64,
    /// The roles that tie.
    roles: u8,
    /// Of each identity that several participants have, the threads of their events.
    pub(super) shared: FxHashMap<u32, Vec<u32>>,
}

impl Resolved {
    /// The thread of an event.
    pub(super) fn thread_of(&self, events: &Events, event: u32) -> Option<u32> {
        if let Some(&thread) = self.extra.get(&event) {
            return Some(thread);
        }
        let ties = |role: Role| self.roles >> role as u8 & 1 == 1;
        let known = |&(slot, role): &(u32, Role)| {
            ties(role) && (role != Role::Causation || self.shared.is_empty() || !self.shared.contains_key(&slot))
        };
        let mut threads = events.links_of(event).filter(known).map(|(slot, _)| self.thread_of_slot[slot as usize]);
        threads.find(|&thread| thread != NONE)
    }
}

/// Nodes of identities that several participants have: of a value and a participant.
type Own = FxHashMap<(u32, u16), u32>;

/// What ties each event: nodes of the union.
struct Nodes<'e> {
    events: &'e Events,
    tying: &'e Tying<'e>,
    own: Own,
}

impl<'e> Nodes<'e> {
    fn new(events: &'e Events, tying: &'e Tying<'e>, values: usize) -> Self {
        let mut own = Own::default();
        if !tying.shared.is_empty() {
            for event in 0..events.len() as u32 {
                for (slot, role) in events.links_of(event) {
                    if role == Role::Identity && tying.shared.contains(&slot) {
                        let next = (values + own.len()) as u32;
                        own.entry((slot, owner(events, event))).or_insert(next);
                    }
                }
            }
        }
        Self { events, tying, own }
    }

    fn add(&self, event: u32, link: u32, nodes: &mut Vec<u32>) {
        let (slot, role) = (link >> 3, link & 7);
        if self.tying.roles >> role & 1 == 0 {
            return;
        }
        if self.own.is_empty() || !self.tying.shared.contains(&slot) {
            nodes.push(slot);
        } else if role == Role::Identity as u32 {
            nodes.extend(self.own.get(&(slot, owner(self.events, event))));
        } else if role != Role::Causation as u32 {
            nodes.push(slot);
        }
    }

    /// Visits each event with its nodes, in one walk over the columns.
    fn each(&self, visit: &mut dyn FnMut(u32, &[u32])) {
        let mut links = self.events.links.pages().flatten().copied();
        let (mut from, mut event) = (0, 0);
        let mut nodes: Vec<u32> = Vec::with_capacity(8);
        for &end in self.events.ends.pages().flatten() {
            nodes.clear();
            links.by_ref().take((end - from) as usize).for_each(|link| self.add(event, link, &mut nodes));
            visit(event, &nodes);
            from = end;
            event += 1;
        }
    }

    fn of(&self, event: u32) -> Vec<u32> {
        let mut nodes = Vec::new();
        self.events.raw_links_of(event).for_each(|link| self.add(event, link, &mut nodes));
        nodes
    }

    /// The node of an event's own identity, if others have that too.
    fn own_of(&self, event: u32) -> Option<u32> {
        let mut links = self.events.links_of(event).filter(|&(_, role)| role == Role::Identity);
        links.find_map(|(slot, _)| self.own.get(&(slot, owner(self.events, event))).copied())
    }
}

/// Whose identity an event's is.
fn owner(events: &Events, event: u32) -> u16 {
    match events.flags_of(event).has(Flags::OWN_IDENTITY) {
        true => events.participants.get(event as usize),
        false => u16::MAX,
    }
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

pub(super) fn resolve(events: &Events, values: &Values, origins: &[(u32, Origin)], tying: &Tying<'_>) -> Resolved {
    let nodes = Nodes::new(events, tying, values.len());
    let mut union = Union((0..(values.len() + nodes.own.len()) as u32).collect());
    let is_small = |node: u32| tying.keep_hubs || node as usize >= values.len() || values.count(node) <= SMALL;
    let mut any_big = false;
    nodes.each(&mut |_, nodes| {
        let mut first = None;
        for &node in nodes {
            if !is_small(node) {
                any_big = true;
                continue;
            }
            match first {
                None => first = Some(node),
                Some(first) => union.join(first, node),
            }
        }
    });
    let mut extra = tie_dead_letters(&nodes, origins, &mut union, &is_small);
    if !nodes.own.is_empty() {
        for event in 0..events.len() as u32 {
            if let Some(node) = nodes.own_of(event).filter(|_| nodes.tying.roles >> Role::Identity as u8 & 1 == 1) {
                extra.insert(event, node);
            }
        }
    }
    let mut is_hub = FxHashSet::default();
    let mut hubs = Vec::new();
    if any_big {
        hubs = find_hubs(&nodes, &mut union, values, &is_small);
        is_hub = hubs.iter().map(|hub| hub.slot).collect();
        nodes.each(&mut |event, nodes| {
            let own = extra.get(&event).copied();
            let mut ties = nodes.iter().copied().filter(|node| !is_hub.contains(node)).chain(own);
            if let Some(first) = ties.next() {
                ties.for_each(|node| union.join(first, node));
            }
        });
    }
    let mut resolved = gather(&nodes, values.len(), &mut union, &is_hub, extra);
    resolved.hubs = hubs;
    resolved
}

/// Ties dead letters to what they were, where that was taken in. Events without a value of their own story get a node.
fn tie_dead_letters(
    nodes: &Nodes<'_>,
    origins: &[(u32, Origin)],
    union: &mut Union,
    is_small: &dyn Fn(u32) -> bool,
) -> FxHashMap<u32, u32> {
    let mut extra = FxHashMap::default();
    if origins.is_empty() {
        return extra;
    }
    let finder = nodes.events.finder();
    // A value that may turn out to be a hub must not stand for its event here.
    let mut node = |event: u32, union: &mut Union| match nodes.of(event).into_iter().find(|&node| is_small(node)) {
        Some(node) => node,
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

fn find_hubs(nodes: &Nodes<'_>, union: &mut Union, values: &Values, is_small: &dyn Fn(u32) -> bool) -> Vec<HubSlot> {
    // How many events each story has so far, by its root.
    let mut sizes = vec![0_u32; union.0.len()];
    nodes.each(&mut |_, slots| {
        if let Some(&slot) = slots.iter().find(|&&slot| is_small(slot)) {
            sizes[union.find(slot) as usize] += 1;
        }
    });
    let mut tied: FxHashMap<u32, (u32, Vec<u32>)> = FxHashMap::default();
    nodes.each(&mut |event, slots| {
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
    nodes: &Nodes<'_>,
    slots: usize,
    union: &mut Union,
    is_hub: &FxHashSet<u32>,
    extra: FxHashMap<u32, u32>,
) -> Resolved {
    let events = nodes.events;
    let no_hubs = is_hub.is_empty();
    let root_of = |event: u32, slots: &[u32], union: &mut Union| {
        let tie = slots.iter().copied().find(|slot| no_hubs || !is_hub.contains(slot));
        let node = tie.or_else(|| if extra.is_empty() { None } else { extra.get(&event).copied() })?;
        Some(union.find(node))
    };
    let mut sizes = vec![0_u32; union.0.len()];
    let mut loose = 0;
    nodes.each(&mut |event, slots| match root_of(event, slots, union) {
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
    nodes.each(&mut |event, slots| {
        if let Some(root) = root_of(event, slots, union) {
            let place = &mut next[number[root as usize] as usize];
            order[*place as usize] = event;
            *place += 1;
        }
    });
    drop(next);
    sort_within(events, nodes.tying.orders, &starts, &mut order);
    let mut thread_of_slot: Vec<u32> = (0..slots as u32)
        .map(|slot| if is_hub.contains(&slot) { NONE } else { number[union.find(slot) as usize] })
        .collect();
    let mut shared: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for (&(slot, _), &node) in &nodes.own {
        shared.entry(slot).or_default().push(number[union.find(node) as usize]);
    }
    let extra = extra.into_iter().map(|(event, node)| (event, number[union.find(node) as usize])).collect();
    let roles = nodes.tying.roles;
    let mut resolved = Resolved { starts, order, extra, loose, roles, shared, ..Resolved::default() };
    let renumbered = in_order_of_start(events, &mut resolved);
    for thread in thread_of_slot.iter_mut().filter(|thread| **thread != NONE) {
        *thread = renumbered[*thread as usize];
    }
    for thread in resolved.shared.values_mut().flatten().filter(|thread| **thread != NONE) {
        *thread = renumbered[*thread as usize];
    }
    for thread in resolved.extra.values_mut() {
        *thread = renumbered[*thread as usize];
    }
    resolved.thread_of_slot = thread_of_slot;
    resolved
}

/// The narrative's order; within a millisecond changes of one transaction are in the transaction's.
fn sort_within(events: &Events, orders: &[(u32, u32)], starts: &[u32], order: &mut [u32]) {
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
                if !orders.is_empty() {
                    let same = |one: &u32, other: &u32| key(one).0 == key(other).0;
                    slice.chunk_by_mut(same).for_each(|run| order_changes(events, orders, run));
                }
            }
        }
    });
}

/// Puts changes of one millisecond into their transaction's order. Within a partition offsets count: what has no place in
/// a transaction stays behind what it stood behind, as a tombstone does.
fn order_changes(events: &Events, orders: &[(u32, u32)], run: &mut [u32]) {
    if run.len() < 2 {
        return;
    }
    let mut placed: Vec<(u32, u32)> = Vec::with_capacity(run.len());
    let mut before: Option<(u32, u32)> = None;
    for &event in &*run {
        let (partition, _) = events.place(event);
        let at_least = before.filter(|(same, _)| *same == partition).map_or(0, |(_, order)| order);
        let own = orders.binary_search_by_key(&event, |(event, _)| *event).map_or(0, |at| orders[at].1);
        let order = own.max(at_least);
        before = Some((partition, order));
        placed.push((order, event));
    }
    placed.sort_by_key(|(order, _)| *order);
    run.iter_mut().zip(placed).for_each(|(slot, (_, event))| *slot = event);
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
