//! How many events there are when: what the timeline draws when it stands too far off to draw events.
//!
//! A [`Density`] counts the events of one lane (a topic, a partition, the matches of a search) in bins of any width,
//! exactly. Bins that are wider than the segments' histograms are summed from those, at a cost that follows the bins
//! and not the events; narrower ones are counted from the timestamps, of which there are few in so short a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::histogram::{COARSEST_LEVEL, FINEST_LEVEL};
use super::pyramid::{Pyramid, PyramidBuilder};
use super::run::Run;
use super::{Damage, EventId};

/// Counts of one lane's events by time. Immutable; [`Density::updated`] makes the next from it at the cost of what is new.
#[derive(Debug, Clone)]
pub struct Density {
    tiers: Vec<Arc<Tier>>,
    left_out: Vec<Damage>,
    total: u64,
    untimed: u64,
    span_ns: Option<(i64, i64)>,
}

/// Runs whose histograms were merged into one pyramid.
///
/// A lane has few of them: runs whose histograms are about equally fine go together, so that a sparse segment does not
/// blur a busy one; what is live stands apart from what is sealed, so that sealing undoes little; and small ones are
/// merged into larger ones as they pile up.
#[derive(Debug)]
struct Tier {
    kind: TierKind,
    /// Sorted by segment.
    runs: Vec<Run>,
    pyramid: Pyramid,
}

/// What may be merged with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct TierKind {
    live: bool,
    /// Half the histograms' level: runs of a kind differ by a factor of two at most.
    fineness: u8,
}

impl Density {
    /// The density of nothing.
    pub fn empty() -> Self {
        Self { tiers: Vec::new(), left_out: Vec::new(), total: 0, untimed: 0, span_ns: None }
    }

    /// The density of all the runs together. Segments that turn out to be damaged are left out and named.
    pub fn of(runs: Vec<Run>) -> Self {
        Self::empty().updated(runs)
    }

    /// The density of all these runs, making use of what was counted before.
    pub fn updated(&self, mut runs: Vec<Run>) -> Self {
        runs.sort_by_key(|run| run.segment().id());
        let mut density = Self::empty();
        let is_there = |run: &Run| {
            let place = runs.binary_search_by_key(&run.segment().id(), |other| other.segment().id());
            place.is_ok_and(|place| runs[place].is_same(run))
        };
        density.tiers = self.tiers.iter().filter(|tier| tier.runs.iter().all(is_there)).cloned().collect();
        let mut counted: Vec<_> =
            density.tiers.iter().flat_map(|tier| tier.runs.iter().map(|run| run.segment().id())).collect();
        counted.sort_unstable();
        let mut fresh: BTreeMap<TierKind, (Vec<Run>, PyramidBuilder)> = BTreeMap::new();
        for run in runs {
            density.total += run.len() as u64;
            density.untimed += run.untimed() as u64;
            density.span_ns = joined_span(density.span_ns, run.span_ns());
            if counted.binary_search(&run.segment().id()).is_err()
                && let Err(damage) = add_run(&mut fresh, &run)
            {
                density.total -= run.len() as u64;
                density.untimed -= run.untimed() as u64;
                density.left_out.push(damage);
            }
        }
        let fresh = fresh.into_iter().map(|(kind, (runs, builder))| Tier { kind, runs, pyramid: builder.finish() });
        density.tiers.extend(fresh.map(Arc::new));
        density.merge_tiers();
        density
    }

    /// Merges tiers of a kind until each is at least twice as large as the next: few tiers, and no bucket is merged
    /// more often than the logarithm of their number.
    fn merge_tiers(&mut self) {
        self.tiers.sort_by_key(|tier| (tier.kind, std::cmp::Reverse(tier.pyramid.len())));
        let mut merged: Vec<Arc<Tier>> = Vec::with_capacity(self.tiers.len());
        for tier in self.tiers.drain(..) {
            let mut tier = tier;
            while let Some(larger) =
                merged.pop_if(|last| last.kind == tier.kind && last.pyramid.len() < 2 * tier.pyramid.len().max(1))
            {
                tier = Arc::new(Tier::merged(&larger, &tier));
            }
            merged.push(tier);
        }
        self.tiers = merged;
    }

    /// How many events the lane has, with and without a timestamp.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many events have no timestamp, and so stand in no bin.
    pub fn untimed(&self) -> u64 {
        self.untimed
    }

    /// The smallest and the largest time in nanoseconds; `None` where no event has a timestamp.
    pub fn span_ns(&self) -> Option<(i64, i64)> {
        self.span_ns
    }

    /// Segments that could not be counted.
    pub fn left_out(&self) -> &[Damage] {
        &self.left_out
    }

    /// Bins of `2^level` ns with this level or a higher one are counted without touching a segment.
    pub fn resting_level(&self) -> u8 {
        self.tiers.iter().map(|tier| tier.pyramid.level()).max().unwrap_or(FINEST_LEVEL)
    }

    /// How much memory the counts take, in bytes.
    pub fn bytes(&self) -> usize {
        self.tiers.iter().map(|tier| tier.pyramid.bytes() + tier.runs.len() * size_of::<Run>()).sum()
    }

    /// How many events fall into each of `count` bins of `2^level` ns, of which the first holds the times `t` with
    /// `t >> level == start`. Exact at every level.
    ///
    /// # Errors
    /// When bins are narrow, so that timestamps must be looked at, and a segment turns out to be damaged.
    pub fn bins(&self, start: i64, level: u8, count: usize) -> Result<Vec<u64>, Damage> {
        let level = level.min(COARSEST_LEVEL);
        let mut counts = vec![0; count];
        for tier in &self.tiers {
            if tier.pyramid.level() <= level {
                tier.pyramid.add_to(start, level, &mut counts);
                continue;
            }
            let (from, to) = bins_span(start, level, count);
            for run in tier.runs.iter().filter(|run| overlaps(run, from, to)) {
                run.open()?.count_into(start, level, &mut counts)?;
            }
        }
        Ok(counts)
    }

    /// What [`Density::bins`] would say, estimated where timestamps would have to be looked at, so that there is
    /// something to draw at once: the events of a wide bucket are spread evenly over its bins.
    pub fn estimated_bins(&self, start: i64, level: u8, count: usize) -> Vec<f64> {
        let level = level.min(COARSEST_LEVEL);
        let mut counts = vec![0; count];
        let mut shares = vec![0.0; count];
        for tier in &self.tiers {
            if tier.pyramid.level() <= level {
                tier.pyramid.add_to(start, level, &mut counts);
            } else {
                tier.pyramid.spread_over(start, level, &mut shares);
            }
        }
        counts.into_iter().zip(shares).map(|(count, share)| count as f64 + share).collect()
    }

    /// How many events have a time at or after `from_ns` and before `to_ns`. Exact.
    ///
    /// # Errors
    /// When a segment at the edge of the range turns out to be damaged.
    pub fn count_between(&self, from_ns: i64, to_ns: i64) -> Result<u64, Damage> {
        let mut count = 0;
        for run in self.runs_between(from_ns, to_ns) {
            let inside = run.span_ns().is_some_and(|(min, max)| from_ns <= min && max < to_ns);
            count += if inside {
                run.len() - run.untimed()
            } else {
                let open = run.open()?;
                let (first, last) = open.keys()?.positions_between(from_ns.into(), to_ns.into());
                last - first
            } as u64;
        }
        Ok(count)
    }

    /// The events with a time at or after `from_ns` and before `to_ns`, each with its time, in order of time; `None` if
    /// there are more than `limit`.
    ///
    /// # Errors
    /// When a segment that has some of them turns out to be damaged.
    pub fn events_between(
        &self,
        from_ns: i64,
        to_ns: i64,
        limit: usize,
    ) -> Result<Option<Vec<(EventId, i64)>>, Damage> {
        let mut events = Vec::new();
        for run in self.runs_between(from_ns, to_ns) {
            let open = run.open()?;
            let keys = open.keys()?;
            let (first, last) = keys.positions_between(from_ns.into(), to_ns.into());
            if events.len() + (last - first) > limit {
                return Ok(None);
            }
            let segment = run.segment().id();
            events.extend((first..last).map(|at| (EventId { segment, row: keys.row(at) }, keys.key(at))));
        }
        events.sort_unstable_by_key(|&(event, time)| (time, event));
        Ok(Some(events))
    }

    fn runs_between(&self, from_ns: i64, to_ns: i64) -> impl Iterator<Item = &Run> {
        let runs = self.tiers.iter().flat_map(|tier| &tier.runs);
        runs.filter(move |run| overlaps(run, from_ns.into(), to_ns.into()))
    }
}

impl Tier {
    fn merged(one: &Self, other: &Self) -> Self {
        let mut builder = PyramidBuilder::new(one.pyramid.level());
        builder.add(one.pyramid.level(), one.pyramid.buckets());
        builder.add(other.pyramid.level(), other.pyramid.buckets());
        let runs = one.runs.iter().chain(&other.runs).cloned().collect();
        Self { kind: one.kind, runs, pyramid: builder.finish() }
    }
}

fn add_run(fresh: &mut BTreeMap<TierKind, (Vec<Run>, PyramidBuilder)>, run: &Run) -> Result<(), Damage> {
    let of_segment;
    let histogram = match run.choice() {
        Some(chosen) => chosen.histogram(),
        None => {
            of_segment = run.segment().histogram()?;
            &of_segment
        }
    };
    let kind = TierKind { live: run.segment().is_live(), fineness: histogram.level() / 2 };
    let (runs, builder) = fresh.entry(kind).or_insert_with(|| (Vec::new(), PyramidBuilder::new(FINEST_LEVEL)));
    builder.add(histogram.level(), histogram.buckets().iter().map(|&(bucket, count)| (bucket, u64::from(count))));
    runs.push(run.clone());
    Ok(())
}

/// The smallest span that holds both.
pub(crate) fn joined_span(one: Option<(i64, i64)>, other: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (one, other) {
        (Some((min, max)), Some((other_min, other_max))) => Some((min.min(other_min), max.max(other_max))),
        (one, other) => one.or(other),
    }
}

/// From the first nanosecond of the first bin to one past the last of the last. Wider than `i64` at its ends.
fn bins_span(start: i64, level: u8, count: usize) -> (i128, i128) {
    let start = i128::from(start);
    (start << level, (start + count as i128) << level)
}

fn overlaps(run: &Run, from: i128, to: i128) -> bool {
    run.span_ns().is_some_and(|(min, max)| i128::from(min) < to && from <= i128::from(max))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::UNTIMED;
    use crate::store::random::{Naive, RandomLog};
    use crate::store::{Chosen, Snapshot};

    fn runs(snapshot: &Snapshot) -> Vec<Run> {
        snapshot.segments().map(|segment| Run::whole(segment.clone())).collect()
    }

    fn naive_bins(events: &[Naive], start: i64, level: u8, count: usize) -> Vec<u64> {
        let mut bins = vec![0; count];
        for event in events.iter().filter(|event| event.key != UNTIMED) {
            let bin = i128::from(event.key >> level) - i128::from(start);
            if (0..count as i128).contains(&bin) {
                bins[bin as usize] += 1;
            }
        }
        bins
    }

    /// A window of bins somewhere around an event, or nowhere near any.
    fn window() -> impl Strategy<Value = (prop::sample::Index, i64, u8, usize)> {
        (any::<prop::sample::Index>(), -40i64..40, 0u8..=63, 0usize..200)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn density_equals_a_count_at_every_zoom(
            log in RandomLog::any(1500),
            windows in prop::collection::vec(window(), 1..12),
        ) {
            let (snapshot, events) = log.snapshot();
            let density = Density::of(runs(&snapshot));
            prop_assert_eq!(density.total(), events.len() as u64);
            prop_assert_eq!(density.untimed(), events.iter().filter(|event| event.key == UNTIMED).count() as u64);
            for (near, by, level, count) in windows {
                let near = if events.is_empty() { 0 } else { near.get(&events).key };
                let start = (near >> level).saturating_add(by);
                prop_assert_eq!(density.bins(start, level, count).unwrap(), naive_bins(&events, start, level, count));
            }
        }

        #[test]
        fn a_range_holds_what_a_count_says(log in RandomLog::any(600), from in 0i64..14, to in 0i64..14) {
            let (snapshot, mut events) = log.snapshot();
            let density = Density::of(runs(&snapshot));
            let (from, to) = (from * 1_000_000, to * 1_000_000);
            events.retain(|event| (from..to).contains(&event.key));
            prop_assert_eq!(density.count_between(from, to).unwrap(), events.len() as u64);
            let found = density.events_between(from, to, events.len()).unwrap().unwrap();
            let mut expected: Vec<_> = events.iter().map(|event| (event.id, event.key)).collect();
            expected.sort_unstable_by_key(|&(id, key)| (key, id));
            prop_assert_eq!(found, expected);
            if let Some(fewer) = events.len().checked_sub(1) {
                prop_assert_eq!(density.events_between(from, to, fewer).unwrap(), None);
            }
        }

        #[test]
        fn what_was_counted_step_by_step_is_what_is_counted_at_once(
            log in RandomLog::any(800),
            masks in prop::collection::vec(any::<u64>(), 1..6),
        ) {
            let (snapshot, events) = log.snapshot();
            let all = runs(&snapshot);
            let mut density = Density::empty();
            // Segments come and go, as when live ones are sealed.
            for mask in &masks {
                let some = all.iter().enumerate().filter(|(at, _)| mask >> (at % 64) & 1 == 1).map(|(_, run)| run.clone());
                density = density.updated(some.collect());
            }
            density = density.updated(all);
            let level = density.resting_level();
            if let Some((min, max)) = density.span_ns() {
                let start = min >> level;
                let count = ((max >> level) - start + 1).min(1 << 16) as usize;
                prop_assert_eq!(density.bins(start, level, count).unwrap(), naive_bins(&events, start, level, count));
            }
            prop_assert_eq!(density.total(), events.len() as u64);
        }

        #[test]
        fn matches_have_a_density_of_their_own(log in RandomLog::any(600), every in 1u32..5, level in 16u8..40) {
            let (snapshot, mut events) = log.snapshot();
            events.retain(|event| event.id.row % every == 0);
            let chosen = snapshot.segments().map(|segment| {
                let rows = (0..segment.len() as u32).filter(|row| row % every == 0).collect();
                Run::chosen(segment.clone(), Arc::new(Chosen::new(&segment.events().unwrap(), rows)))
            });
            let density = Density::of(chosen.collect());
            prop_assert_eq!(density.bins(0, level, 50).unwrap(), naive_bins(&events, 0, level, 50));
        }

        #[test]
        fn an_estimate_adds_up_to_the_truth(log in RandomLog::any(400)) {
            let (snapshot, _) = log.snapshot();
            let density = Density::of(runs(&snapshot));
            let start = 1_700_000_000_000_000_000 >> 16;
            // Whole buckets of the finest level, so that none is cut by the window's edge.
            let count = 1usize << 12;
            let start = start >> 12 << 12;
            let exact: u64 = density.bins(start, 16, count).unwrap().iter().sum();
            let estimate: f64 = density.estimated_bins(start, 16, count).iter().sum();
            prop_assert!((estimate - exact as f64).abs() < 1e-6, "{} and {}", estimate, exact);
        }
    }
}
