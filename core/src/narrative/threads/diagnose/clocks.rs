//! Clocks of services that are ahead or behind.
//!
//! From a cause to its effect time passes, so the least latency ever seen from one service to another is at least the
//! difference of their clocks, and the least one back bounds it from the other side. Where effects stand before their
//! causes the clocks disagree; where both directions were seen, by how much lies between two bounds. Clocks are set
//! right now and then, so this is asked of stretches of time, and bounds are taken only from stretches in which the
//! clocks disagreed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::tale::Edge;
use super::super::threads::Threads;
use super::order::CLOCKS_MS;
use super::{Diagnosis, Kind, span};
use crate::event::figures::count;

/// Stretches of time that are looked at each by itself.
const STRETCHES: usize = 64;
/// Pairs of services that are looked at.
const MOST_PAIRS: usize = 4_096;
/// How many effects must stand before their causes before a clock is called wrong.
const SEEN: u64 = 3;

/// By how much a service's clock is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skew {
    /// The service, else the topic.
    pub participant: Arc<str>,
    /// By how many milliseconds its clock is ahead; negative where it is behind. Where there is no bound it is off by at
    /// least so much.
    pub ms: i64,
    /// How far that may be wrong, in milliseconds; `None` where only one direction was seen.
    pub within_ms: Option<i64>,
}

/// The least latency from one participant to another in a stretch of time.
#[derive(Debug, Clone, Copy)]
struct Least {
    latency_ms: i64,
    from: u32,
    to: u32,
    /// How many effects stand before their causes.
    contradicted: u64,
}

/// Latencies between participants, as far as they tell of clocks.
pub(super) struct Clocks {
    pairs: BTreeMap<(u16, u16), Vec<Option<Least>>>,
    from_ms: i64,
    stretch_ms: i64,
}

/// The clock of one is behind that of another.
#[derive(Debug, Clone)]
struct Behind {
    behind: u16,
    ahead: u16,
    at_least_ms: i64,
    at_most_ms: Option<i64>,
    contradicted: u64,
    worst: Least,
}

impl Clocks {
    pub(super) fn of(threads: &Threads) -> Self {
        let first = threads.events_of(0).iter().find_map(|&event| threads.time_ms(event));
        let from_ms = first.unwrap_or(0);
        let to_ms = threads.end_ms().unwrap_or(from_ms);
        let stretch_ms = (to_ms.saturating_sub(from_ms) / STRETCHES as i64).saturating_add(1).max(1);
        Self { pairs: BTreeMap::new(), from_ms, stretch_ms }
    }

    /// Takes note of a thread's exact edges.
    pub(super) fn look(&mut self, threads: &Threads, events: &[u32], edges: &[Edge]) {
        for edge in edges.iter().filter(|edge| edge.kind.is_exact()) {
            let (from, to) = (events[edge.from as usize], events[edge.to as usize]);
            let (one, other) = (threads.participant(from), threads.participant(to));
            let Some((latency_ms, at)) = edge.latency_ms.zip(threads.time_ms(to)).filter(|_| one != other) else {
                continue;
            };
            if self.pairs.len() >= MOST_PAIRS && !self.pairs.contains_key(&(one, other)) {
                continue;
            }
            let stretch = (at.saturating_sub(self.from_ms) / self.stretch_ms).clamp(0, STRETCHES as i64 - 1) as usize;
            let leasts = self.pairs.entry((one, other)).or_insert_with(|| vec![None; STRETCHES]);
            let contradicted = u64::from(latency_ms < -CLOCKS_MS);
            match &mut leasts[stretch] {
                None => leasts[stretch] = Some(Least { latency_ms, from, to, contradicted }),
                Some(least) => {
                    least.contradicted += contradicted;
                    if latency_ms < least.latency_ms {
                        *least = Least { latency_ms, from, to, contradicted: least.contradicted };
                    }
                }
            }
        }
    }

    fn disagreements(&self) -> Vec<Behind> {
        let mut found = Vec::new();
        for (&(ahead, behind), leasts) in &self.pairs {
            let wrong = |least: &Option<Least>| least.filter(|least| least.latency_ms < -CLOCKS_MS);
            let Some(worst) = leasts.iter().filter_map(wrong).min_by_key(|least| least.latency_ms) else { continue };
            let contradicted = leasts.iter().filter_map(wrong).map(|least| least.contradicted).sum();
            let at_least_ms = -worst.latency_ms;
            // What goes the other way in the same stretches says how much it is at most, unless the clock was set
            // between.
            let back = self.pairs.get(&(behind, ahead)).and_then(|back| {
                let same = leasts.iter().zip(back).filter(|(least, _)| wrong(least).is_some());
                same.filter_map(|(_, back)| *back).map(|back| back.latency_ms).min()
            });
            let at_most_ms = back.filter(|&back| back >= at_least_ms);
            if contradicted >= SEEN {
                found.push(Behind { behind, ahead, at_least_ms, at_most_ms, contradicted, worst });
            }
        }
        found
    }

    /// Which services' clocks are wrong, and by how much.
    pub(super) fn findings(&self, threads: &Threads) -> Vec<Diagnosis> {
        let disagreements = self.disagreements();
        let partners = |who: u16| {
            let other = |&(one, other): &(u16, u16)| match () {
                () if one == who => Some(other),
                () if other == who => Some(one),
                () => None,
            };
            let mut partners: Vec<u16> = self.pairs.keys().filter_map(other).collect();
            partners.sort_unstable();
            partners.dedup();
            partners.len()
        };
        let against = |who: u16| disagreements.iter().filter(|one| one.behind == who || one.ahead == who).count();
        // Who disagrees with more of those it talks to is the one that is wrong; with two alone there is no telling.
        let rank = |who: u16| (against(who), std::cmp::Reverse(partners(who)));
        let mut by_service: BTreeMap<(u16, bool), Vec<&Behind>> = BTreeMap::new();
        let mut findings = Vec::new();
        for one in &disagreements {
            match rank(one.behind).cmp(&rank(one.ahead)) {
                std::cmp::Ordering::Greater => by_service.entry((one.behind, true)).or_default().push(one),
                std::cmp::Ordering::Less => by_service.entry((one.ahead, false)).or_default().push(one),
                // The words name both; the figure is of the one that is behind.
                std::cmp::Ordering::Equal => findings.push(told(threads, one.behind, true, &[one])),
            }
        }
        findings.extend(by_service.iter().map(|(&(who, behind), said)| told(threads, who, behind, said)));
        findings
    }
}

/// What some disagreements say of one service.
fn told(threads: &Threads, who: u16, is_behind: bool, said: &[&Behind]) -> Diagnosis {
    let name = |who: u16| threads.participant_name(who);
    let at_least = said.iter().map(|one| one.at_least_ms).max().unwrap_or(0);
    let at_most = said.iter().filter_map(|one| one.at_most_ms).min().filter(|&most| most >= at_least);
    let contradicted: u64 = said.iter().map(|one| one.contradicted).sum();
    let (middle, within_ms) = match at_most {
        // Rounded outward, so that the truth is within.
        Some(most) => ((at_least + most) / 2, Some((most - at_least + 1) / 2)),
        None => (at_least, None),
    };
    let others: Vec<&str> = said.iter().map(|one| &**name(if is_behind { one.ahead } else { one.behind })).collect();
    let off = match within_ms {
        Some(within) => format!("{} ± {}", span(middle), span(within)),
        None => format!("at least {}", span(at_least)),
    };
    let what = format!(
        "the clock of {} is {off} {} {}: {} stamped before their causes",
        name(who),
        if is_behind { "behind that of" } else { "ahead of that of" },
        others.join(", "),
        if contradicted == 1 { "1 effect is".to_owned() } else { format!("{} effects are", count(contradicted)) }
    );
    let worst = said.iter().map(|one| one.worst).min_by_key(|least| least.latency_ms);
    let at_ms = worst.and_then(|worst| threads.time_ms(worst.to));
    let evidence = worst.map(|worst| [worst.to, worst.from].map(|event| threads.coordinates(event)));
    let sureness = if within_ms.is_some() { 0.97 } else { 0.9 };
    let evidence = evidence.into_iter().flatten().collect();
    Diagnosis {
        skew: Some(Skew {
            participant: Arc::clone(name(who)),
            ms: if is_behind { -middle } else { middle },
            within_ms,
        }),
        ..Diagnosis::shown(Kind::ClockSkew, None, what, sureness, at_ms, evidence)
    }
}
