//! Running a pipeline over what a store holds: one thread decodes ahead while another works.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use super::feed::{Feed, HISTORY_STEP, Step};
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
    run_history_watched(running, feed, sink, cancel, done, &mut |_| {})
}

/// As [`run_history`]; after every step somebody may look at what the pipeline has come to.
///
/// # Errors
/// As [`run_history`].
pub fn run_history_watched(
    running: &mut Running,
    feed: &mut Feed,
    sink: &mut dyn Sink,
    cancel: &CancellationToken,
    done: &AtomicU64,
    look: &mut dyn FnMut(&Running),
) -> Result<(), Stop> {
    each_step(feed, HISTORY_STEP, cancel, done, &mut |step| {
        running.step(step.rows, sink, cancel)?;
        look(running);
        Ok(())
    })
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
    std::thread::scope(|scope| {
        let (give, given) = crossbeam_channel::bounded(WAITING_STEPS);
        let decode = move || {
            while !cancel.is_cancelled() {
                let Some(step) = feed.step(events) else { break };
                if give.send(step).is_err() {
                    // Nobody takes it any more: the other side has stopped, and says why.
                    break;
                }
            }
        };
        std::thread::Builder::new()
            .name("fabula-decode".to_owned())
            .spawn_scoped(scope, decode)
            .map_err(|error| Stop::Bound(format!("the system gives no thread to decode with: {error}")))?;
        for step in given {
            let events = step.events as u64;
            take(step)?;
            done.fetch_add(events, Ordering::Relaxed);
        }
        if cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    })
}
