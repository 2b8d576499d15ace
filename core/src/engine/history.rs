//! Running a pipeline over what a store holds: one thread decodes ahead while another works.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use super::feed::{Feed, HISTORY_STEP};
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
    std::thread::scope(|scope| {
        let (give, take) = crossbeam_channel::bounded(WAITING_STEPS);
        let decode = move || {
            while !cancel.is_cancelled() {
                let Some(step) = feed.step(HISTORY_STEP) else { break };
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
        for step in take {
            running.step(step.rows, sink, cancel)?;
            done.fetch_add(step.events as u64, Ordering::Relaxed);
            look(running);
        }
        if cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    })
}
