//! Clocks of services that are ahead or behind.
//!
//! From a cause to its effect time passes, so the least latency ever seen from one service to another is at least the
//! difference of their clocks, and the least one back bounds it from the other side. Where effects stand before their
//! causes the clocks disagree; where both directions were seen, by how much lies between two bounds. Clocks are set
//! right now and then, so this is asked of stretches of time, and bounds are taken only from stretches in which the
//! clocks disagreed.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::tale::Edge;
use super::super::threads::Threads;
use super::order::CLOCKS_MS;
use super::{Diagnosis, Kind};
use crate::event::figures::count;
use crate::event::time::format_span_ms as span;

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
    /// The other of two services, where it can't be told which of them is wrong: then its clock is off by as much the
    /// other way.
    pub or: Option<Arc<str>>,
}

/// The least latency from one participant to another in a stretch of time.
#[derive(Debug, Clone, Copy)]
struct Least {
    latency_ms: i64,
    from: u32,
    to: u32,
    /// How many effects stand before their causes.
    contradicted: u64,
    /// Of how many.
    seen: u64,
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
    /// Whether so are most effects, as long as the clocks disagree.
    is_usual: bool,
    worst: Least,
}

impl Clocks {
    pub(super) fn of(threads: &Threads, end_ms: Option<i64>) -> Self {
        let first = threads.events_of(0).iter().find_map(|&event| threads.time_ms(event));
        let from_ms = first.unwrap_or(0);
        let to_ms = end_ms.unwrap_or(from_ms);
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
                None => leasts[stretch] = Some(Least { latency_ms, from, to, contradicted, seen: 1 }),
                Some(least) => {
                    least.contradicted += contradicted;
                    least.seen += 1;
                    if latency_ms < least.latency_ms {
                        (least.latency_ms, least.from, least.to) = (latency_ms, from, to);
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
            let contradicted: u64 = leasts.iter().filter_map(wrong).map(|least| least.contradicted).sum();
            let seen: u64 = leasts.iter().filter_map(wrong).map(|least| least.seen).sum();
            let is_usual = contradicted * 2 > seen;
            let at_least_ms = -worst.latency_ms;
            // What goes the other way in the same stretches says how much it is at most, unless the clock was set
            // between.
            let back = self.pairs.get(&(behind, ahead)).and_then(|back| {
                let same = leasts.iter().zip(back).filter(|(least, _)| wrong(least).is_some());
                same.filter_map(|(_, back)| *back).map(|back| back.latency_ms).min()
            });
            let at_most_ms = back.filter(|&back| back >= at_least_ms);
            if contradicted >= SEEN {
                found.push(Behind { behind, ahead, at_least_ms, at_most_ms, contradicted, is_usual, worst });
            }
        }
        found
    }

    /// Marks contradictions of threads that a wrong clock explains: where most effects stand before their causes, that
    /// says nothing of the one thread.
    pub(super) fn explain(&self, threads: &Threads, findings: &mut [Diagnosis]) {
        let wrong: BTreeSet<(u16, u16)> =
            self.disagreements().iter().filter(|one| one.is_usual).map(|one| (one.ahead, one.behind)).collect();
        let finder = threads.events().finder();
        for finding in findings.iter_mut().filter(|finding| finding.kind == Kind::ClockContradiction) {
            let [to, from] = &finding.evidence[..] else { continue };
            let who = [from, to].map(|at| finder.find(at).map(|event| threads.participant(event)));
            if let [Some(from), Some(to)] = who {
                finding.explained = wrong.contains(&(from, to));
            }
        }
    }

    /// How much speaks for it that one clock is wrong: with how many of those that it could contradict it does, and with
    /// how many it does not. A clock that is behind can contradict only causes that are stamped by others, one that is
    /// ahead only effects; and only where what lies between took less than it is wrong by.
    fn weight(&self, disagreements: &[Behind], who: u16, is_behind: bool, by_ms: i64) -> (usize, Reverse<usize>) {
        let is_own = |ahead: u16, behind: u16| if is_behind { behind == who } else { ahead == who };
        let against = disagreements.iter().filter(|one| is_own(one.ahead, one.behind)).count();
        let contradicts = |pair: (u16, u16)| disagreements.iter().any(|one| (one.ahead, one.behind) == pair);
        let agrees = |(pair, leasts): &(&(u16, u16), &Vec<Option<Least>>)| {
            let least = leasts.iter().flatten().map(|least| least.latency_ms).min();
            is_own(pair.0, pair.1) && !contradicts(**pair) && least.is_some_and(|least| least <= by_ms)
        };
        (against, Reverse(self.pairs.iter().filter(agrees).count()))
    }

    /// Which services' clocks are wrong, and by how much.
    pub(super) fn findings(&self, threads: &Threads) -> Vec<Diagnosis> {
        let disagreements = self.disagreements();
        let mut by_service: BTreeMap<(u16, bool), Vec<&Behind>> = BTreeMap::new();
        let mut findings = Vec::new();
        for one in &disagreements {
            let weight = |who: u16, is_behind: bool| self.weight(&disagreements, who, is_behind, one.at_least_ms);
            match weight(one.behind, true).cmp(&weight(one.ahead, false)) {
                Ordering::Greater => by_service.entry((one.behind, true)).or_default().push(one),
                Ordering::Less => by_service.entry((one.ahead, false)).or_default().push(one),
                // There is no telling: the words name both, the figure is of the one that is behind.
                Ordering::Equal => findings.push(told(threads, one.behind, true, &[one], Some(one.ahead))),
            }
        }
        findings.extend(by_service.iter().map(|(&(who, behind), said)| told(threads, who, behind, said, None)));
        findings
    }
}

/// What some disagreements say of one service.
fn told(threads: &Threads, who: u16, is_behind: bool, said: &[&Behind], or: Option<u16>) -> Diagnosis {
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
        "the clock of {} is {off} {} {}{}: {} stamped before their causes",
        name(who),
        if is_behind { "behind that of" } else { "ahead of that of" },
        others.join(", "),
        if or.is_some() { " (which of the two is wrong, nothing says)" } else { "" },
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
            or: or.map(|or| Arc::clone(name(or))),
        }),
        ..Diagnosis::shown(Kind::ClockSkew, None, what, sureness, at_ms, evidence)
    }
}
