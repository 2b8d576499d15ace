//! Running a pipeline over what a store holds: one thread decodes ahead while another works.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use super::feed::{Feed, HISTORY_STEP, Step};
use super::mark::Mark;
use super::operator::Stop;
use super::run::{Running, Sink};

/// How many decoded steps may wait.
const WAITING_STEPS: usize = 2;

/// Takes all that a feed has. `done` counts the events that were taken.
///
/// # Errors
/// [`Stop`] when it was cancelled, or a bound was passed.
pub fn run_history(
    running: &mut Running,
    feed: &mut Feed,
    sink: &mut dyn Sink,
    cancel: &CancellationToken,
    done: &AtomicU64,
) -> Result<(), Stop> {
    run_steps(running, feed, sink, cancel, cancel, done)
}

/// As [`run_history`]; `enough` ends it between two steps, so that the operators can be saved, while `cancel` ends it
/// anywhere, after which they can't be used.
///
/// # Errors
/// [`Stop`] when it was ended or cancelled, or a bound was passed.
pub fn run_steps(
    running: &mut Running,
    feed: &mut Feed,
    sink: &mut dyn Sink,
    enough: &CancellationToken,
    cancel: &CancellationToken,
    done: &AtomicU64,
) -> Result<(), Stop> {
    let mut work = |step: Step, mark: Mark| {
        sink.begins(&step.times)?;
        running.step(step.rows, sink, cancel)?;
        done.fetch_add(step.events as u64, Ordering::Relaxed);
        sink.stepped(running, &mark)
    };
    each(feed, HISTORY_STEP, enough, &mut work, Feed::mark)
}

/// Hands a feed's steps of so many events to `take`. `done` counts the events that were taken.
///
/// # Errors
/// [`Stop`] when it was cancelled, or what `take` gives.
pub(super) fn each_step(
    feed: &mut Feed,
    events: usize,
    cancel: &CancellationToken,
    done: &AtomicU64,
    take: &mut dyn FnMut(Step) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut work = |step: Step, ()| {
        let events = step.events as u64;
        take(step)?;
        done.fetch_add(events, Ordering::Relaxed);
        Ok(())
    };
    each(feed, events, cancel, &mut work, |_| ())
}

/// Hands over steps, each with what `mark` says of the feed behind it, while the next ones are decoded.
fn each<M: Send>(
    feed: &mut Feed,
    events: usize,
    enough: &CancellationToken,
    work: &mut dyn FnMut(Step, M) -> Result<(), Stop>,
    mark: impl Fn(&Feed) -> M + Send,
) -> Result<(), Stop> {
    std::thread::scope(|scope| {
        let (give, given) = crossbeam_channel::bounded(WAITING_STEPS);
        let decode = move || {
            while !enough.is_cancelled() {
                let Some(step) = feed.step(events) else { break };
                if give.send((step, mark(feed))).is_err() {
                    // Nobody takes it any more: the other side has stopped, and says why.
                    break;
                }
            }
        };
        std::thread::Builder::new()
            .name("fabula-decode".to_owned())
            .spawn_scoped(scope, decode)
            .map_err(|error| Stop::Bound(format!("the system gives no thread to decode with: {error}")))?;
        for (step, mark) in given {
            if enough.is_cancelled() {
                break;
            }
            work(step, mark)?;
        }
        if enough.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    })
}
