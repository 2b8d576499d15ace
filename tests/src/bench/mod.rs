//! Benchmarks: how fast Fabula is beside something real, in the same run, on the same data.
//!
//! Machines differ, so a ratio is the result. A section measures one thing and adds [`Line`]s to the [`Table`]; the
//! sections are listed in `bin/bench.rs`. The data is the built-in sample at some size, recorded once under
//! `target/bench` and used again.

pub mod canvas;
pub mod data;
pub mod density;
pub mod engine;
pub mod frame;
pub mod live;
pub mod open;
pub mod predicate;
pub mod record;
pub mod search;
pub mod story;
pub mod threads;
pub mod threads_frame;

use std::time::{Duration, Instant};

pub use data::Data;

/// What was measured, one line a measurement.
#[derive(Debug, Default)]
pub struct Table {
    lines: Vec<Line>,
}

/// One measurement.
#[derive(Debug)]
pub struct Line {
    /// What was measured.
    pub what: String,
    /// Fabula's figure.
    pub ours: String,
    /// The other's name and figure; empty where there is nobody to compare with.
    pub peer: String,
    /// How many times better than the other, or than the goal where there is no other.
    pub ratio: Option<f64>,
    /// What is aimed at.
    pub goal: String,
    /// Whether the goal is met; `None` where there is none.
    pub met: Option<bool>,
}

impl Line {
    /// A duration that is to stay below a limit.
    pub fn below(what: impl Into<String>, took: Duration, limit: Duration) -> Self {
        Self {
            what: what.into(),
            ours: span(took),
            peer: String::new(),
            ratio: Some(limit.as_secs_f64() / took.as_secs_f64().max(1e-9)),
            goal: format!("under {}", span(limit)),
            met: Some(took < limit),
        }
    }

    /// A duration beside that of somebody else, who is to take at least `times` as long.
    pub fn beside(what: impl Into<String>, took: Duration, peer: &str, peer_took: Duration, times: f64) -> Self {
        let ratio = peer_took.as_secs_f64() / took.as_secs_f64().max(1e-9);
        Self {
            what: what.into(),
            ours: span(took),
            peer: format!("{peer} {}", span(peer_took)),
            ratio: Some(ratio),
            goal: format!("{times} ×"),
            met: Some(ratio >= times),
        }
    }

    /// A rate that is to stay above a limit.
    pub fn above(what: impl Into<String>, events: u64, took: Duration, limit: f64) -> Self {
        let rate = events as f64 / took.as_secs_f64().max(1e-9);
        Self {
            what: what.into(),
            ours: rate_of(rate),
            peer: String::new(),
            ratio: Some(rate / limit),
            goal: format!("over {}", rate_of(limit)),
            met: Some(rate > limit),
        }
    }

    /// A figure to be known, without a goal.
    pub fn figure(what: impl Into<String>, ours: impl Into<String>) -> Self {
        Self { what: what.into(), ours: ours.into(), peer: String::new(), ratio: None, goal: String::new(), met: None }
    }

    /// A size in bytes that is to stay below a limit.
    pub fn smaller(what: impl Into<String>, bytes: u64, limit: u64) -> Self {
        Self {
            what: what.into(),
            ours: megabytes(bytes),
            peer: String::new(),
            ratio: Some(limit as f64 / bytes.max(1) as f64),
            goal: format!("under {}", megabytes(limit)),
            met: Some(bytes < limit),
        }
    }
}

impl Table {
    /// Adds a line, and prints it, so that there is something to see before all is measured.
    pub fn add(&mut self, line: Line) {
        let ratio = line.ratio.map(|ratio| format!("{ratio:.2} ×")).unwrap_or_default();
        let met = match line.met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        println!("{:<58} {:>14} {:>24} {:>10}  {:<20} {met}", line.what, line.ours, line.peer, ratio, line.goal);
        self.lines.push(line);
    }

    /// Prints the head of the table.
    pub fn head(events: u64) {
        println!(
            "Fabula's benchmarks on the sample of {events} events; ratio: how many times better than the other, or than the goal"
        );
        println!("{:<58} {:>14} {:>24} {:>10}  {:<20}", "what", "Fabula", "the other", "ratio", "goal");
    }

    /// Prints how many goals are met; true if all are.
    pub fn foot(&self) -> bool {
        let goals = self.lines.iter().filter_map(|line| line.met);
        let met = goals.clone().filter(|&met| met).count();
        println!("{met} of {} goals met", goals.clone().count());
        goals.into_iter().all(|met| met)
    }
}

/// How long something takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// How long two ways of doing the same take, each at its best of several runs in turn: whatever else the machine does
/// then burdens both.
///
/// # Errors
/// When either fails.
pub fn race<A, B>(
    runs: usize,
    mut ours: impl FnMut() -> anyhow::Result<A>,
    mut theirs: impl FnMut() -> anyhow::Result<B>,
) -> anyhow::Result<((A, Duration), (B, Duration))> {
    let (mut our_best, mut their_best) = (timed_ok(&mut ours)?, timed_ok(&mut theirs)?);
    for _ in 1..runs {
        let (our, their) = (timed_ok(&mut ours)?, timed_ok(&mut theirs)?);
        if our.1 < our_best.1 {
            our_best = our;
        }
        if their.1 < their_best.1 {
            their_best = their;
        }
    }
    Ok((our_best, their_best))
}

fn timed_ok<T>(work: &mut impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<(T, Duration)> {
    let (result, took) = timed(work);
    Ok((result?, took))
}

/// Durations of many things, to be asked for their quantiles.
#[derive(Debug, Default)]
pub struct Durations(Vec<Duration>);

impl Durations {
    /// Measures one more thing, at its best of a few times, so that what else the machine does is not counted.
    pub fn time<T>(&mut self, mut work: impl FnMut() -> T) -> T {
        let (mut result, mut best) = timed(&mut work);
        for _ in 1..4 {
            let took;
            (result, took) = timed(&mut work);
            best = best.min(took);
        }
        self.0.push(best);
        result
    }

    /// Takes in a run that was measured elsewhere.
    pub fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// The duration that this share of them (0 to 1) does not exceed.
    pub fn quantile(&mut self, share: f64) -> Duration {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }
}

/// Numbers that look random and are the same every time.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall the same way.
    pub fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

impl Default for Dice {
    fn default() -> Self {
        Self::new()
    }
}

/// A duration with three figures.
pub fn span(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.1} µs", s * 1e6),
    }
}

fn rate_of(rate: f64) -> String {
    format!("{:.1} M/s", rate / 1e6)
}

/// Bytes as megabytes.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// This process's resident memory in bytes, where the system tells.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}
