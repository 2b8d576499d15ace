//! Questions that jobs answer: of several only the last one counts, and what was answered stands until then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Context;
use crate::jobs::{Job, Jobs, Progress, Title};

/// A question under way, and the last answer.
pub(super) struct Asking<Q, A> {
    asked: Option<Q>,
    job: Option<Job<A>>,
    answer: Option<(Q, A)>,
}

impl<Q, A> Default for Asking<Q, A> {
    fn default() -> Self {
        Self { asked: None, job: None, answer: None }
    }
}

impl<Q: Clone + PartialEq, A: Send + 'static> Asking<Q, A> {
    /// Asks, unless it was asked last; what was asked before is given up.
    pub(super) fn ask<W>(&mut self, question: Q, jobs: &Jobs, title: Title, work: W)
    where
        W: FnOnce(&Progress) -> A + Send + 'static,
    {
        if self.asked.as_ref() != Some(&question) {
            self.asked = Some(question);
            self.job = Some(jobs.spawn_blocking(title, work));
        }
    }

    /// Takes in an answer.
    pub(super) fn update(&mut self) {
        let Some(job) = &mut self.job else { return };
        if let Some(answer) = job.poll() {
            self.answer = self.asked.clone().map(|asked| (asked, answer));
            self.job = None;
        } else if job.is_lost() {
            self.job = None;
        }
    }

    /// What was answered last, and to what.
    pub(super) fn last(&self) -> Option<(&Q, &A)> {
        self.answer.as_ref().map(|(asked, answer)| (asked, answer))
    }

    /// The answer to what was asked last.
    pub(super) fn answer(&self) -> Option<&A> {
        self.answer.as_ref().filter(|(of, _)| self.asked.as_ref() == Some(of)).map(|(_, answer)| answer)
    }

    /// Whether this was asked last.
    pub(super) fn asks(&self, question: &Q) -> bool {
        self.asked.as_ref() == Some(question)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// How long a choice must rest before something is asked about it that takes a while.
const PAUSE: Duration = Duration::from_millis(250);

/// What is to be asked about once the choice rests, and since when it has been so.
pub(super) struct Pause<Q>(Option<(Q, Instant)>);

impl<Q> Default for Pause<Q> {
    fn default() -> Self {
        Self(None)
    }
}

impl<Q: Clone + PartialEq> Pause<Q> {
    /// Whether this has been wanted for a while; if not, a frame is asked for when it will have been.
    pub(super) fn is_over(&mut self, wanted: &Q, context: &Context<'_>) -> bool {
        let since = match &self.0 {
            Some((known, since)) if known == wanted => *since,
            _ => {
                self.0 = Some((wanted.clone(), Instant::now()));
                context.jobs.waker().wake_after(PAUSE);
                return false;
            }
        };
        let rest = PAUSE.saturating_sub(since.elapsed());
        if !rest.is_zero() {
            context.jobs.waker().wake_after(rest);
        }
        rest.is_zero()
    }
}

/// Something shared, which is the same only if it is this very thing.
pub(super) struct Same<T>(pub(super) Arc<T>);

impl<T> Clone for Same<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
