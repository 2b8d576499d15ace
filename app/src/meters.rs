//! What the window costs: the time of a frame and the memory held.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::figures;
use crate::jobs::{Job, Jobs, Title};

/// Measures the window.
pub struct Meters {
    frame_ms: f32,
    resident: Arc<AtomicU64>,
    sampled: Option<Instant>,
    sample: Option<Job<()>>,
}

impl Default for Meters {
    fn default() -> Self {
        Self { frame_ms: 0.0, resident: Arc::new(AtomicU64::new(0)), sampled: None, sample: None }
    }
}

impl Meters {
    const EVERY: Duration = Duration::from_secs(1);

    /// Takes in how long a frame took, smoothed over the last dozen.
    pub fn frame_took(&mut self, time: Duration) {
        let ms = time.as_secs_f32() * 1_000.0;
        self.frame_ms = if self.frame_ms == 0.0 { ms } else { self.frame_ms * 0.9 + ms * 0.1 };
    }

    /// Has the memory measured now and then, in a job: the system is asked through a file.
    pub fn update(&mut self, jobs: &Jobs) {
        if self.sampled.is_some_and(|then| then.elapsed() < Self::EVERY) {
            return;
        }
        self.sampled = Some(Instant::now());
        let resident = self.resident.clone();
        self.sample = Some(jobs.spawn_silent(Title::quiet("Measuring memory"), move |_| {
            resident.store(resident_bytes().unwrap_or(0), Ordering::Relaxed);
        }));
    }

    /// `frame 1.8 ms`.
    pub fn frame(&self) -> String {
        format!("frame {:.1} ms", self.frame_ms)
    }

    /// `214 MB`, or nothing where the system does not say.
    pub fn memory(&self) -> String {
        match self.resident.load(Ordering::Relaxed) {
            0 => String::new(),
            bytes => figures::bytes(bytes),
        }
    }
}

/// What of this program lies in memory, where the system says.
fn resident_bytes() -> Option<u64> {
    const PAGE: u64 = 4_096;
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    text.split_whitespace().nth(1)?.parse::<u64>().ok().map(|pages| pages * PAGE)
}
