//! What must hold for a store as a whole.

mod damage;
mod hostile;
mod keeping;
mod reading;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::contents::Limits;
use super::handle::Store;
use super::testing::{Row, batch, origin, partition};

/// Limits that make segments of a few events.
fn small() -> Limits {
    Limits { segment_bytes: 400, live_bytes: 4_000, seal_after: Duration::from_secs(3_600) }
}

fn numbered(from: i64, to: i64) -> Vec<Row> {
    (from..to).map(|offset| Row::plain(offset, offset * 10)).collect()
}

/// A recording of events 0..100 in several segments.
fn recording(dir: &Path) -> Store {
    let store = Store::create_with(dir, origin(), small()).unwrap();
    for from in (0..100).step_by(5) {
        store.append(&batch(&partition(), &numbered(from, from + 5)), from, from + 5).unwrap();
    }
    store.flush().unwrap();
    store
}

/// The recording's segments, in offset order.
fn segments(dir: &Path) -> Vec<PathBuf> {
    files(dir, "arrow")
}

fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let listed = super::files::list(dir).unwrap();
    let wanted = listed.into_iter().filter(|file| file.extension().is_some_and(|it| it == extension));
    wanted.map(|file| dir.join(file)).collect()
}
