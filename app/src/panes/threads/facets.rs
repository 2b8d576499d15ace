//! What narrows the list, and how many threads each choice would leave.

use std::collections::HashMap;
use std::sync::Arc;

use fabula_core::narrative::threads::diagnose::{Kind, Outcome};

use crate::figures;
use crate::jobs::Progress;
use crate::state::{Tied, TimeRange};

use super::bar_ui::outcome_words;

/// So many variants can be chosen.
const VARIANTS: usize = 1000;
/// So many of a variant's steps are spelled out.
const SPELLED: usize = 40;
const NS: i64 = 1_000_000;

/// The steps of a thread, in their order.
pub(super) type Way = Arc<[Arc<str>]>;

/// What narrows the list. By names, not by numbers: those are others when events are tied again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facets {
    /// Only threads that came out so.
    pub(super) outcome: Option<Outcome>,
    /// Only findings of this kind, or threads that have one.
    pub(super) kind: Option<Kind>,
    /// Only threads in which this participant takes part.
    pub(super) participant: Option<Arc<str>>,
    /// Only threads that end with this step.
    pub(super) last: Option<Arc<str>>,
    /// Only threads that go this way.
    pub(super) variant: Option<Way>,
    /// Only threads that overlap this range, and findings in it.
    pub(super) range: Option<TimeRange>,
}

/// Facets with the numbers that their names have in some threads.
pub(super) struct Sieve<'t> {
    tied: &'t Tied,
    facets: &'t Facets,
    participant: Option<u16>,
    last: Option<u16>,
    variant: Option<Vec<u16>>,
    /// Whether a name is none of these threads': then nothing passes.
    is_strange: bool,
}

impl<'t> Sieve<'t> {
    pub(super) fn new(tied: &'t Tied, facets: &'t Facets) -> Self {
        let number =
            |names: &[Arc<str>], name: &Arc<str>| names.iter().position(|known| known == name).map(|at| at as u16);
        let (steps, participants) = (tied.threads.steps(), tied.threads.participants());
        let participant = facets.participant.as_ref().map(|name| number(participants, name));
        let last = facets.last.as_ref().map(|name| number(steps, name));
        let variant =
            facets.variant.as_ref().map(|way| way.iter().map(|name| number(steps, name)).collect::<Option<Vec<u16>>>());
        let is_strange = participant == Some(None) || last == Some(None) || variant == Some(None);
        Self {
            tied,
            facets,
            participant: participant.flatten(),
            last: last.flatten(),
            variant: variant.flatten(),
            is_strange,
        }
    }

    /// Whether a thread passes, but for the range.
    fn lets_through(&self, thread: u32) -> bool {
        let (threads, facets) = (&self.tied.threads, self.facets);
        let events = || threads.events_of(thread);
        !self.is_strange
            && facets.outcome.is_none_or(|outcome| self.tied.diagnosed.outcome(thread) == outcome)
            && self.last.is_none_or(|last| events().last().is_some_and(|&event| threads.step(event) == last))
            && self.variant.as_ref().is_none_or(|way| {
                events().len() == way.len()
                    && events().iter().zip(way).all(|(&event, step)| threads.step(event) == *step)
            })
            && self.participant.is_none_or(|who| events().iter().any(|&event| threads.participant(event) == who))
    }

    /// Whether a thread is listed.
    pub(super) fn thread(&self, thread: u32) -> bool {
        let (tied, facets) = (self.tied, self.facets);
        let overlaps = |range: TimeRange| {
            let times = || tied.threads.events_of(thread).iter().filter_map(|&event| tied.threads.time_ms(event));
            let (from, to) = (times().min(), times().max());
            from.zip(to).is_some_and(|(from, to)| {
                from.saturating_mul(NS) < range.end_ns && to.saturating_mul(NS) >= range.start_ns
            })
        };
        self.lets_through(thread)
            && facets.kind.is_none_or(|kind| tied.diagnosed.of(thread).iter().any(|found| found.kind == kind))
            && facets.range.is_none_or(overlaps)
    }

    /// Whether a finding is listed, by its place.
    pub(super) fn finding(&self, place: usize) -> bool {
        let finding = &self.tied.diagnosed.findings[place];
        let within = |range: TimeRange| finding.at_ms.is_some_and(|ms| range.contains(ms.saturating_mul(NS)));
        let about = || match finding.thread {
            Some(thread) => self.lets_through(thread),
            None => *self.facets == Facets { kind: self.facets.kind, range: self.facets.range, ..Facets::default() },
        };
        self.facets.kind.is_none_or(|kind| finding.kind == kind) && self.facets.range.is_none_or(within) && about()
    }
}

/// One choice of a facet: what is written, and how many threads there are of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice<T> {
    pub(super) value: T,
    pub(super) words: String,
    pub(super) count: u64,
}

impl<T> Choice<T> {
    fn new(value: T, words: impl Into<String>, count: u64) -> Self {
        Self { value, words: words.into(), count }
    }

    /// How many, as it stands beside the words.
    pub(super) fn figure(&self) -> String {
        figures::count(self.count)
    }
}

/// What can be chosen, and how many threads there are of each, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Choices {
    pub(super) outcomes: Vec<Choice<Outcome>>,
    pub(super) kinds: Vec<Choice<Kind>>,
    pub(super) lasts: Vec<Choice<Arc<str>>>,
    pub(super) participants: Vec<Choice<Arc<str>>>,
    pub(super) variants: Vec<Choice<Way>>,
    /// How many variants there are.
    pub(super) all_variants: usize,
}

impl Choices {
    /// Counts all threads; a part of them where the work is ended.
    pub(super) fn of(tied: &Tied, progress: &Progress) -> Self {
        let threads = &tied.threads;
        let mut outcomes: HashMap<Outcome, u64> = HashMap::new();
        let mut lasts = vec![0_u64; threads.steps().len()];
        let mut participants = vec![0_u64; threads.participants().len()];
        // Which thread was the last to count a participant.
        let mut seen = vec![u32::MAX; participants.len()];
        for thread in 0..threads.len() as u32 {
            if thread % 4096 == 0 && progress.is_cancelled() {
                return Self::default();
            }
            *outcomes.entry(tied.diagnosed.outcome(thread)).or_default() += 1;
            let events = threads.events_of(thread);
            if let Some(&last) = events.last() {
                lasts[usize::from(threads.step(last))] += 1;
            }
            for &event in events {
                let who = usize::from(threads.participant(event));
                if std::mem::replace(&mut seen[who], thread) != thread {
                    participants[who] += 1;
                }
            }
        }
        let named = |names: &[Arc<str>], counts: Vec<u64>, before: &str| {
            let choice =
                |(name, count): (&Arc<str>, u64)| Choice::new(Arc::clone(name), format!("{before} {name}"), count);
            let mut choices: Vec<_> = names.iter().zip(counts).map(choice).filter(|choice| choice.count > 0).collect();
            choices.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.words.cmp(&other.words)));
            choices
        };
        let variants = threads.variants();
        let all_variants = variants.len();
        let variants = variants.into_iter().take(VARIANTS).map(|variant| {
            let way: Way = variant.steps.iter().map(|step| Arc::clone(threads.step_name(*step))).collect();
            let more = if way.len() > SPELLED { " → …" } else { "" };
            let words = format!("{}{more}", way[..way.len().min(SPELLED)].join(" → "));
            Choice::new(way, words, variant.count)
        });
        let outcome = |outcome: &Outcome| {
            let count = outcomes.get(outcome).copied().unwrap_or(0);
            Choice::new(*outcome, outcome_words(*outcome), count)
        };
        Self {
            outcomes: Outcome::ALL.iter().map(outcome).filter(|choice| choice.count > 0).collect(),
            kinds: tied.kinds.iter().map(|(kind, count)| Choice::new(*kind, kind.title(), *count)).collect(),
            lasts: named(threads.steps(), lasts, "ends with"),
            participants: named(threads.participants(), participants, "with"),
            variants: variants.collect(),
            all_variants,
        }
    }
}
