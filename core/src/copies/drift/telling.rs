//! The rows that drifted, of which only the first are told.

use tokio_util::sync::CancellationToken;

use super::{DriftKind, DriftRow};
use crate::copies::CopyError;
use crate::engine::Stop;

/// After so many rows it is looked whether to go on.
const OFTEN: u64 = 1 << 10;

/// What was found of the rows.
pub(super) struct Telling {
    most: usize,
    /// For each column, in how many rows it differs.
    pub(super) by_column: Vec<u64>,
    /// Of each kind the first, with their places among all.
    told: [First; 3],
    looked_at: u64,
    cancel: CancellationToken,
}

/// Rows that come first, in whatever order they are found.
struct First {
    rows: Vec<(u64, DriftRow)>,
    /// What comes behind this is not among them.
    last: u64,
}

impl Telling {
    pub(super) fn new(most: usize, columns: usize, cancel: &CancellationToken) -> Self {
        let told = DriftKind::ALL.map(|_| First { rows: Vec::new(), last: u64::MAX });
        Self { most, by_column: vec![0; columns], told, looked_at: 0, cancel: cancel.clone() }
    }

    /// Tells a row that has this place among all, where it is one of the first.
    pub(super) fn tell(&mut self, kind: DriftKind, at: u64, row: impl FnOnce() -> DriftRow) {
        let First { rows, last } = &mut self.told[kind as usize];
        if at > *last {
            return;
        }
        rows.push((at, row()));
        if rows.len() >= self.most.saturating_mul(2) {
            first(rows, self.most);
            *last = rows.last().map_or(0, |(at, _)| *at);
        }
    }

    /// The rows that are told: those of the view in its order, then those that only the copy has.
    pub(super) fn rows(self) -> Vec<DriftRow> {
        let most = self.most;
        let [mut missing, extra, mut different] = self.told.map(|mut told| {
            first(&mut told.rows, most);
            told.rows
        });
        missing.append(&mut different);
        missing.sort_by_key(|(at, _)| *at);
        missing.into_iter().chain(extra).map(|(_, row)| row).collect()
    }

    /// Looks now and then whether to go on.
    pub(super) fn looks(&mut self) -> Result<(), CopyError> {
        self.looked_at += 1;
        if self.looked_at.is_multiple_of(OFTEN) && self.cancel.is_cancelled() {
            return Err(Stop::Cancelled.into());
        }
        Ok(())
    }
}

fn first(rows: &mut Vec<(u64, DriftRow)>, most: usize) {
    rows.sort_by_key(|(at, _)| *at);
    rows.truncate(most);
}
