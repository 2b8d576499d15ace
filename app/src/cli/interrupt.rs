//! Ctrl+C: the first one ends the work soundly, the second one ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

/// A token that the first Ctrl+C (or a polite request to end) cancels.
///
/// What was under way then finishes what it has begun to write. A second Ctrl+C does not wait for that: a recording
/// survives it too, as it survives a crash.
pub fn cancelled_by_ctrl_c() -> anyhow::Result<CancellationToken> {
    const INTERRUPTED: i32 = 130;
    static ASKED: AtomicBool = AtomicBool::new(false);
    let cancel = CancellationToken::new();
    let cancelled = cancel.clone();
    ctrlc::set_handler(move || {
        if ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(INTERRUPTED);
        }
        cancelled.cancel();
    })
    .context("Ctrl+C could not be listened for")?;
    Ok(cancel)
}
