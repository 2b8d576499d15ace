//! Following a real broker: a minute of 20 000 events a second, as the window draws them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fabula::command::Command;
use fabula::window::{Start, Window};
use fabula_core::log::kafka::Settings;

use super::{Data, Durations, Line, Table, megabytes, resident, span};
use crate::kafka::Kafka;
use crate::kafka::produce::{Pen, Record};
use crate::pane::Pane;

const TOPIC: &str = "live";
const PARTITIONS: u64 = 12;
const RATE: u64 = 20_000;
/// For how long events are produced, unless `FABULA_LIVE_SECONDS` says otherwise.
const MINUTE: u64 = 60;
/// How often memory is looked at, in seconds.
const LOOK_S: u64 = 15;

/// The producer works in steps of this many milliseconds.
const STEP_MS: u64 = 5;

/// A frame at 60 a second.
const FRAME: Duration = Duration::from_micros(16_667);

/// When each event was handed to the producer; event `n` is in partition `n % PARTITIONS` at offset `n / PARTITIONS`.
type Sent = Arc<Mutex<Handed>>;

/// The moments at which events were handed over, but for those that were drawn: the benchmark's own memory must not grow
/// where it is to be seen whether the window's does.
struct Handed {
    first: u64,
    moments: VecDeque<Instant>,
}

impl Handed {
    fn get(&self, number: u64) -> Option<Instant> {
        self.moments.get(usize::try_from(number.checked_sub(self.first)?).ok()?).copied()
    }

    fn forget_before(&mut self, number: u64) {
        let gone = number.saturating_sub(self.first).min(self.moments.len() as u64);
        self.moments.drain(..gone as usize);
        self.first += gone;
    }
}

/// Measures following.
///
/// # Errors
/// When a part is missing, or an event never comes.
pub fn measure(_data: &Data, table: &mut Table) -> Result<()> {
    let kafka = Kafka::start("the benchmark of following").context("Java or Kafka is missing")?;
    kafka.create_topic(TOPIC, PARTITIONS as i32, &[]);
    Pen::new(&kafka.brokers()).write(TOPIC, (0..PARTITIONS).map(event));

    let mut window = Pane::open(Start::Cluster(Box::new(Settings::new(&kafka.brokers()))))?;
    window.until("the topic is read", |harness| harness.state().state().log.coverage.events >= PARTITIONS);
    window.harness.state().commands().send(Command::ToggleFollow);

    let sent: Sent =
        Arc::new(Mutex::new(Handed { first: 0, moments: vec![Instant::now(); PARTITIONS as usize].into() }));
    let written = Arc::new(AtomicU64::new(PARTITIONS));
    let total = PARTITIONS + RATE * seconds();
    let producer = {
        let (brokers, sent, written) = (kafka.brokers(), sent.clone(), written.clone());
        std::thread::Builder::new().name("producer".into()).spawn(move || produce(&brokers, total, &sent, &written))?
    };

    let watched = watch(&mut window, total, &sent)?;
    producer.join().map_err(|_| anyhow::anyhow!("the producer ended early"))?;
    report(table, watched);

    // The newest event is on the screen; those of other partitions may still be on their way.
    window.until("every event is in the store", |harness| stored(harness.state()) >= total);
    let stored = stored(window.harness.state());
    ensure!(stored == total, "{total} events were produced and {stored} are in the store");
    table.add(Line::figure("live: events produced and in the store", format!("{stored}")));
    Ok(())
}

/// How many events the store of a window holds.
fn stored(window: &Window) -> u64 {
    window.state().log.snapshot.as_ref().map_or(0, |snapshot| snapshot.events())
}

fn event(number: u64) -> Record {
    let value = format!(r#"{{"number":{number},"service":"checkout","status":"ok","note":"{:0>120}"}}"#, number);
    Record::new((number % PARTITIONS) as i32, format!("key {}", number % 5_000), value)
}

/// Writes events at the rate, and notes when.
fn produce(brokers: &str, total: u64, sent: &Sent, written: &AtomicU64) {
    let pen = Pen::new(brokers);
    let began = Instant::now();
    let mut next = PARTITIONS;
    while next < total {
        let due = PARTITIONS + began.elapsed().as_millis() as u64 * RATE / 1_000;
        let until = due.min(total);
        if let Ok(mut sent) = sent.lock() {
            sent.moments.extend((next..until).map(|_| Instant::now()));
        }
        pen.write(TOPIC, (next..until).map(event));
        written.store(until, Ordering::Relaxed);
        next = until;
        std::thread::park_timeout(Duration::from_millis(STEP_MS));
    }
}

/// What was seen.
#[derive(Default)]
struct Watched {
    latencies: Tally,
    frames: Durations,
    intervals: Durations,
    /// Every quarter of a minute, and at the end.
    resident: Vec<u64>,
}

/// How many events took how long, in tenths of a millisecond.
struct Tally(Vec<u64>);

impl Default for Tally {
    /// Room for ten seconds; what takes longer counts as that.
    fn default() -> Self {
        Self(vec![0; 100_000])
    }
}

impl Tally {
    fn push(&mut self, took: Duration) {
        let slot = (took.as_micros() / 100) as usize;
        self.0[slot.min(99_999)] += 1;
    }

    /// The duration that this share of them (0 to 1) does not exceed.
    fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.0.iter().sum::<u64>() as f64 * share).ceil() as u64;
        let mut before = 0;
        let slot = self.0.iter().position(|count| {
            before += count;
            before >= wanted
        });
        Duration::from_micros((slot.unwrap_or(0) as u64 + 1) * 100)
    }
}

/// Draws frames until the last event is on the screen. An event counts as drawn when it, or a later one of its
/// partition, is: what has scrolled past between two frames has been seen by nobody anyway.
fn watch(window: &mut Pane, total: u64, sent: &Sent) -> Result<Watched> {
    let mut watched = Watched::default();
    let mut drawn = vec![0_u64; PARTITIONS as usize];
    let began = Instant::now();
    let patience = Duration::from_secs(3 * seconds());
    let mut frame = Instant::now();
    loop {
        let start = Instant::now();
        window.harness.step();
        let end = Instant::now();
        watched.frames.push(end - start);
        watched.intervals.push(end - frame);
        frame = end;
        let newest = newest_on_screen(window);
        let mut times = sent.lock().map_err(|_| anyhow::anyhow!("the producer ended early"))?;
        // The rows in sight are the newest of all partitions: what is older than the newest of them has been passed.
        if let Some(newest) = newest {
            for number in drawn.iter().copied().min().unwrap_or(0)..=newest {
                let seen = &mut drawn[(number % PARTITIONS) as usize];
                if number > *seen {
                    *seen = number;
                    if let Some(at) = times.get(number) {
                        watched.latencies.push(end.saturating_duration_since(at));
                    }
                }
            }
        }
        times.forget_before(drawn.iter().copied().min().unwrap_or(0));
        drop(times);
        let elapsed = began.elapsed();
        if elapsed.as_secs() >= (watched.resident.len() as u64 + 1) * LOOK_S {
            watched.resident.push(resident().unwrap_or(0));
        }
        if newest.is_some_and(|newest| newest + 1 >= total) {
            watched.resident.push(resident().unwrap_or(0));
            return Ok(watched);
        }
        ensure!(elapsed < patience, "after {} s the newest on the screen is {newest:?} of {total}", elapsed.as_secs());
        std::thread::park_timeout(FRAME.saturating_sub(start.elapsed()));
    }
}

/// The largest running number among the rows on the screen.
fn newest_on_screen(window: &Pane) -> Option<u64> {
    let needle = format!(" {TOPIC} ");
    window.all_that_say(&needle).iter().filter_map(|row| number_of(row, &needle)).max()
}

fn number_of(row: &str, needle: &str) -> Option<u64> {
    let (_, rest) = row.split_once(needle)?;
    let (partition, rest) = rest.split_once(':')?;
    let offset: u64 = rest.split(' ').next()?.parse().ok()?;
    Some(offset * PARTITIONS + partition.parse::<u64>().ok()?)
}

fn report(table: &mut Table, mut watched: Watched) {
    let p99 = watched.latencies.quantile(0.99);
    table.add(Line::figure("live: from produced to drawn, p50", span(watched.latencies.quantile(0.5))));
    table.add(Line::below("live: from produced to drawn, p99", p99, Duration::from_millis(100)));
    table.add(Line::below("live: CPU of a frame, p99", watched.frames.quantile(0.99), FRAME));
    table.add(Line::figure("live: between frames, p99", span(watched.intervals.quantile(0.99))));
    let memory: Vec<String> = watched.resident.iter().map(|&bytes| megabytes(bytes)).collect();
    table.add(Line::figure(format!("live: resident every {LOOK_S} s, and at the end"), memory.join(", ")));
}

/// For how long events are produced.
fn seconds() -> u64 {
    std::env::var("FABULA_LIVE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(MINUTE)
}
