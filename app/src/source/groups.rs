//! Consumer groups in the background: asked for at once, again every few seconds while the log is followed, and held
//! against what the store has of their topics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fabula_core::log::{Groups as Told, Log, LogError};
use fabula_core::narrative::lag::Standings;
use fabula_core::store::{Snapshot, Store};

use crate::jobs::{Job, Jobs, Title};
use crate::state::{LogStatus, Readers, State};

/// How often groups are asked for while the log is followed; less often where the answer takes long.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// An answer that takes so long is waited for so many times as long before the next question.
const REST: u32 = 10;

/// How often lags are worked out again while events come in.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Why a recording does not tell groups.
const NOT_KEPT: &str = "the recording kept no groups";

/// What the log answered, and how long that took.
type Answer = (Result<Option<Told>, LogError>, Duration);

/// Asks for groups, and counts how far they are behind.
#[derive(Default)]
pub(super) struct Groups {
    asking: Option<Job<Answer>>,
    /// When to ask again.
    next: Option<Instant>,
    told: Option<Arc<Told>>,
    counting: Option<Job<Standings>>,
    /// Of which groups and of which version of the store lags were worked out last, and when.
    counted: Option<(Arc<Told>, u64, Instant)>,
}

impl Groups {
    /// Asks a log for its groups; the store keeps them for a recording that is made of it.
    pub(super) fn ask(&mut self, log: Arc<dyn Log>, store: Arc<Store>, jobs: &Jobs) {
        self.next = None;
        self.asking = Some(jobs.spawn(Title::quiet("Reading groups"), |progress| async move {
            let began = Instant::now();
            let answer = tokio::select! {
                answer = log.groups() => answer,
                () = progress.token().cancelled() => Err(LogError::Cancelled),
            };
            if let Ok(Some(told)) = &answer {
                // A store that is only read has kept what it has.
                let _ = store.set_groups(told.clone());
            }
            (answer, began.elapsed())
        }));
    }

    /// Takes what a recording has kept.
    pub(super) fn take_kept(&mut self, store: &Store, state: &mut State) {
        self.told = store.groups();
        if self.told.is_none() {
            state.log.readers = Readers::NotTold(NOT_KEPT.into());
        }
    }

    /// Takes in answers, and says whether it is time to ask again.
    pub(super) fn update(&mut self, state: &mut State, jobs: &Jobs) -> bool {
        if let Some((answer, took)) = self.asking.as_mut().and_then(Job::poll) {
            self.asking = None;
            self.next = Some(Instant::now() + ASK_EVERY.max(took * REST));
            self.take(answer, state);
        }
        if let Some(standings) = self.counting.as_mut().and_then(Job::poll) {
            self.counting = None;
            state.log.readers = Readers::Told(standings);
        }
        if let Some(snapshot) = state.log.snapshot.clone() {
            self.count(snapshot, jobs);
        }
        self.is_due(state, jobs)
    }

    fn take(&mut self, answer: Result<Option<Told>, LogError>, state: &mut State) {
        match answer {
            Ok(Some(told)) => self.told = Some(Arc::new(told)),
            // What was told before stands, with its moment. That groups may not be seen is no failure of the log.
            _ if self.told.is_some() => {}
            Ok(None) => state.log.readers = Readers::NotTold(NOT_KEPT.into()),
            Err(LogError::Cancelled) => {}
            Err(error) => state.log.readers = Readers::NotTold(error.to_string().into()),
        }
    }

    fn count(&mut self, snapshot: Arc<Snapshot>, jobs: &Jobs) {
        let Some(told) = &self.told else { return };
        if self.counting.is_some() {
            return;
        }
        if let Some((of, version, at)) = &self.counted {
            let same = Arc::ptr_eq(of, told);
            if same && *version == snapshot.version {
                return;
            }
            if same && at.elapsed() < COUNT_EVERY {
                jobs.waker().wake_after(COUNT_EVERY - at.elapsed().min(COUNT_EVERY));
                return;
            }
        }
        self.counted = Some((told.clone(), snapshot.version, Instant::now()));
        let told = told.clone();
        let count = move |_: &crate::jobs::Progress| Standings::of(&told, &snapshot);
        self.counting = Some(jobs.spawn_blocking(Title::quiet("Counting lags"), count));
    }

    fn is_due(&self, state: &State, jobs: &Jobs) -> bool {
        let Some(next) = self.next.filter(|_| self.asking.is_none() && state.log.can_read_more) else { return false };
        let now = Instant::now();
        if now < next {
            jobs.waker().wake_after(next - now);
            return false;
        }
        state.log.status == LogStatus::Up
    }
}
