//! Where each chapter begins in each partition: what makes any offset findable without telling all that came before.

use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use rayon::prelude::*;

use super::plot::Plot;
use super::shop::LANES;

/// Offsets and latest timestamps by chapter and lane: a few megabytes for a hundred million events.
#[derive(Debug)]
pub(super) struct Outline {
    /// The first offset of each lane in each chapter, and at the end: `(chapters + 1) * LANES`.
    offsets: Vec<i64>,
    /// The largest timestamp of each lane from the day's start to each chapter's end; `i32::MIN` before the first.
    latest_ms: Vec<i32>,
}

impl Outline {
    /// Thinks up every step once and counts where it falls; on all cores.
    pub(super) fn of(plot: &Plot) -> Self {
        let cells = plot.chapters() as usize * LANES;
        let counts: Vec<AtomicU32> = (0..cells).map(|_| AtomicU32::new(0)).collect();
        let latest: Vec<AtomicI32> = (0..cells).map(|_| AtomicI32::new(i32::MIN)).collect();
        (0..plot.chapters()).into_par_iter().for_each_init(Vec::new, |steps, chapter| {
            steps.clear();
            plot.tell(chapter, steps);
            let end_ms = plot.day.start_ms(chapter + 1);
            for step in steps.iter() {
                let fallen = if step.at_ms() < end_ms { chapter } else { plot.day.chapter_at(step.at_ms()) };
                let cell = fallen as usize * LANES + usize::from(step.lane);
                counts[cell].fetch_add(1, Ordering::Relaxed);
                latest[cell].fetch_max(step.stamp_ms, Ordering::Relaxed);
            }
        });
        let mut offsets = vec![0; LANES];
        let mut latest_ms: Vec<i32> = latest.into_iter().map(AtomicI32::into_inner).collect();
        for (cell, count) in counts.into_iter().enumerate() {
            offsets.push(offsets[cell] + i64::from(count.into_inner()));
            if cell >= LANES {
                latest_ms[cell] = latest_ms[cell].max(latest_ms[cell - LANES]);
            }
        }
        Self { offsets, latest_ms }
    }

    /// How many chapters there are.
    fn chapters(&self) -> usize {
        self.latest_ms.len() / LANES
    }

    /// The first offset of a lane that was appended in a chapter or later.
    pub(super) fn start(&self, chapter: u32, lane: usize) -> i64 {
        self.offsets[chapter as usize * LANES + lane]
    }

    /// One past the last offset of a lane.
    pub(super) fn end(&self, lane: usize) -> i64 {
        self.offsets[self.chapters() * LANES + lane]
    }

    /// The chapter in which an offset of a lane was appended; the last one for offsets beyond the end.
    pub(super) fn chapter_of(&self, lane: usize, offset: i64) -> u32 {
        self.first_chapter(|chapter| self.offsets[(chapter + 1) * LANES + lane] > offset)
    }

    /// The first chapter at whose end a lane has seen a timestamp at or after `stamp_ms`, where there is one.
    pub(super) fn chapter_reaching(&self, lane: usize, stamp_ms: i32) -> Option<u32> {
        let reached = |chapter: usize| self.latest_ms[chapter * LANES + lane] >= stamp_ms;
        reached(self.chapters() - 1).then(|| self.first_chapter(reached))
    }

    /// The first chapter for which something holds that holds for all after it too, or else the last.
    fn first_chapter(&self, holds: impl Fn(usize) -> bool) -> u32 {
        let (mut from, mut to) = (0, self.chapters() - 1);
        while from < to {
            let middle = (from + to) / 2;
            if holds(middle) { to = middle } else { from = middle + 1 }
        }
        from as u32
    }
}
