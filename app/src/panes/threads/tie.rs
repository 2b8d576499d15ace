//! When events are tied: once somebody asks for threads, and again when what was read or who takes part has changed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fabula_core::event::TopicName;
use fabula_core::narrative::threads::Correlator;

use crate::formats::Formats;
use crate::jobs::{Job, Title, Unit};
use crate::panes::Context;
use crate::state::{State, Tied, Ties};
use crate::tying::{self, Ask};

/// While a log is followed events are tied again this often at most, and never in more than a fifth of the time.
const PAUSE: Duration = Duration::from_secs(5);
const REST: u32 = 5;

/// Ties events, when it is wanted.
#[derive(Default)]
pub(super) struct Tying {
    wanted: bool,
    /// Whether what has been read since is to be taken in.
    again: bool,
    job: Option<(Key, Job<tying::Outcome>, Instant)>,
    known: Option<(Key, Correlator)>,
    tied: Option<(Key, Arc<Tied>)>,
    failure: Option<String>,
    number: u64,
    failed: Option<Key>,
    /// When tying came to an end the last time, and how long it took.
    ended: Option<(Instant, Duration)>,
    /// Whether more was being read in the last frame.
    reading: bool,
    no_topics: bool,
}

/// What decides by which fields and of which topics threads are tied.
#[derive(Clone)]
struct Key {
    generation: u64,
    topics: Arc<[TopicName]>,
    formats: Formats,
    ties: Arc<Ties>,
}

impl Key {
    fn of(state: &State, ties: Arc<Ties>) -> Self {
        let takes_part = |topic: &&TopicName| !ties.get(*topic).is_some_and(|own| own.out);
        let topics: Vec<TopicName> = state.document.shown.iter().filter(takes_part).cloned().collect();
        Self { generation: state.log.generation, topics: topics.into(), formats: state.formats.clone(), ties }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.generation == other.generation
            && self.topics == other.topics
            && self.formats.is_same(&other.formats)
            && self.ties == other.ties
    }
}

impl Tying {
    /// From now on there shall be threads, also where tying failed or was cancelled before.
    pub(super) fn want(&mut self) {
        (self.wanted, self.failed) = (true, None);
    }

    /// Takes in what has been read since.
    pub(super) fn again(&mut self) {
        (self.wanted, self.again, self.failed) = (true, true, None);
    }

    pub(super) fn tied(&self) -> Option<Arc<Tied>> {
        self.tied.as_ref().map(|(_, tied)| Arc::clone(tied))
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    /// Whether there can be no threads, because no topic takes part.
    pub(super) fn has_no_topics(&self) -> bool {
        self.no_topics
    }

    pub(super) fn job(&self) -> Option<&Job<tying::Outcome>> {
        self.job.as_ref().map(|(_, job, _)| job)
    }

    /// Takes in what was tied and begins what is to be tied; says whether there are other threads than before.
    pub(super) fn update(&mut self, context: &Context<'_>) -> bool {
        let mut changed = self.take(context);
        let state = context.state;
        let Some(snapshot) = &state.log.snapshot else {
            let had = self.tied.is_some();
            *self = Self { number: self.number, ..Self::default() };
            return had;
        };
        let key = Key::of(state, self.ties(state));
        if self.tied.as_ref().is_some_and(|(of, _)| of.generation != key.generation) {
            // Another log: nobody has asked for its threads.
            *self = Self { number: self.number, ..Self::default() };
            return true;
        }
        self.no_topics = key.topics.is_empty();
        if self.no_topics {
            // Threads of what takes no part would pass for those of what is shown.
            changed |= self.tied.is_some();
            context.jobs.drop_aside((self.tied.take(), self.known.take()));
            self.job = None;
            return changed;
        }
        self.again |= self.is_due(context);
        let stale = self.again || self.tied.as_ref().is_none_or(|(of, _)| !of.is_same(&key));
        let failed = self.failed.as_ref().is_some_and(|failed| failed.is_same(&key));
        if !self.wanted || !stale || failed || self.job.is_some() {
            return changed;
        }
        self.again = false;
        self.failure = None;
        self.number += 1;
        let ask = Ask {
            snapshot: Arc::clone(snapshot),
            topics: Arc::clone(&key.topics),
            formats: key.formats.clone(),
            ties: Arc::clone(&key.ties),
            generation: key.generation,
            number: self.number,
        };
        let known = self.known.take().filter(|(of, _)| of.is_same(&key)).map(|(_, correlator)| correlator);
        let title = Title::listed("Tying threads", Unit::Events);
        let job = context.jobs.spawn_blocking(title, move |progress| tying::tie(&ask, known, progress));
        self.job = Some((key, job, Instant::now()));
        changed
    }

    /// What a person changed about tying; the very same thing as long as it is the same.
    fn ties(&self, state: &State) -> Arc<Ties> {
        let known = self.job.as_ref().map(|(key, ..)| key).or(self.tied.as_ref().map(|(key, _)| key));
        match known.filter(|key| *key.ties == state.document.ties) {
            Some(key) => Arc::clone(&key.ties),
            None => Arc::new(state.document.ties.clone()),
        }
    }

    /// Whether what was read since is to be tied without being asked: at once when reading ends, now and then while the
    /// log is followed.
    fn is_due(&mut self, context: &Context<'_>) -> bool {
        let (state, coverage) = (context.state, context.state.log.coverage);
        let reading = coverage.complete + coverage.failed < coverage.partitions;
        let has_ended = std::mem::replace(&mut self.reading, reading) && !reading;
        let (Some((_, tied)), Some(now), None) = (&self.tied, &state.log.snapshot, &self.job) else {
            // Whatever is being tied now was begun before reading ended.
            self.reading |= has_ended && self.job.is_some();
            return false;
        };
        if tied.behind(now) == 0 {
            return false;
        }
        if has_ended {
            return true;
        }
        let wait = self.ended.map_or(Duration::ZERO, |(at, took)| wait(at.elapsed(), took));
        if state.follow && !wait.is_zero() {
            context.jobs.waker().wake_after(wait);
        }
        state.follow && wait.is_zero()
    }

    fn take(&mut self, context: &Context<'_>) -> bool {
        let Some((key, job, began)) = &mut self.job else { return false };
        let outcome = match job.poll() {
            Some(outcome) => outcome,
            None if job.is_lost() => (None, Err("tying came to no end".to_owned())),
            None => return false,
        };
        let (key, took) = (key.clone(), began.elapsed());
        self.job = None;
        self.ended = Some((Instant::now(), took));
        let (correlator, tied) = outcome;
        self.known = correlator.map(|correlator| (key.clone(), correlator));
        match tied {
            Ok(tied) => {
                let before = self.tied.replace((key, Arc::new(tied)));
                context.jobs.drop_aside(before);
                self.failed = None;
                true
            }
            Err(why) => {
                (self.failure, self.failed, self.wanted) = (Some(why), Some(key), self.tied.is_some());
                false
            }
        }
    }
}

/// How long to wait yet, so long after tying that took so long.
fn wait(since: Duration, took: Duration) -> Duration {
    PAUSE.max(took * REST).saturating_sub(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tying_takes_at_most_a_fifth_of_the_time() {
        let seconds = Duration::from_secs;
        assert_eq!(wait(seconds(1), seconds(0)), seconds(4), "five seconds at least");
        assert_eq!(wait(seconds(6), seconds(1)), Duration::ZERO);
        assert_eq!(wait(seconds(6), seconds(4)), seconds(14), "five times as long as it took");
    }
}
