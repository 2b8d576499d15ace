//! Threads: tying all events, the memory that takes, and opening one thread by its id; once as the events are, once with
//! values that nearly all of them share and that must neither tie everything nor slow it.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fabula_core::codec::TopicCodecs;
use fabula_core::event::TopicName;
use fabula_core::narrative::threads::diagnose::Extent;
use fabula_core::narrative::threads::{Correlator, FieldUse, Profile, Role, Settings, Threads, suggest};
use fabula_core::store::Snapshot;

use super::{Data, Dice, Durations, Line, Table, resident, span, timed};

/// How many events are to be tied a second, on two processors.
const RATE: f64 = 1e6;
/// How many threads ten million events are to come to.
const THREADS: usize = 1_000_000;
const EVENTS: u64 = 10_000_000;
/// How many processors tie.
const PROCESSORS: usize = 2;
/// How much memory an event may take.
const BYTES: f64 = 100.0;
/// How long a thread may take to be found by its id and read.
const OPENED: Duration = Duration::from_millis(50);
/// How many threads are opened.
const OPENINGS: usize = 60;
/// Fields that say the same in very many events.
const SHARED: [&str; 2] = ["headers.ce_specversion", "value.type"];

/// Measures threads over the recording.
///
/// # Errors
/// When the data cannot be made or read, or threads come out wrong.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let (_store, snapshot) = data.open()?;
    snapshot.segments().try_for_each(|segment| segment.verify())?;
    let topics: Vec<TopicName> = snapshot.topics.iter().map(|topic| topic.name.clone()).collect();
    let (found, took) = timed(|| suggest(&snapshot, &topics, |_| None::<TopicCodecs>));
    let (profile, codecs) = found?;
    table.add(Line::figure("threads: by which fields, found out", span(took)));
    let settings =
        |profile: &Profile| Settings { profile: profile.clone(), codecs: codecs.clone(), ..Settings::default() };

    let plain = tie(&snapshot, &topics, settings(&profile), "as they are", table)?;
    let (map, took) = timed(|| plain.map());
    table.add(Line::figure(format!("threads: the process map ({} edges)", map.edges.len()), span(took)));
    let (variants, took) = timed(|| plain.variants());
    table.add(Line::figure(format!("threads: {} variants", variants.len()), span(took)));
    let extent = Extent::of(&snapshot, &topics);
    let (diagnosed, took) = timed(|| plain.diagnose(&extent, &AtomicU64::new(0), &|| false));
    table.add(Line::figure(format!("threads: diagnosed ({} findings)", diagnosed.findings.len()), span(took)));
    open(&plain, &snapshot, table)?;
    let (threads, loose) = (plain.len(), plain.loose());
    drop(plain);

    let mut shared = profile;
    for topic in &topics {
        for field in SHARED {
            shared.set(topic, FieldUse::tying(field.parse()?, Role::Correlation));
        }
    }
    let hubs = tie(&snapshot, &topics, settings(&shared), "with hubs", table)?;
    let said: u64 = hubs.hubs().iter().map(|hub| u64::from(hub.events)).sum();
    ensure!(said * 2 > hubs.events_taken(), "only {said} events say a value that is shared");
    ensure!(hubs.len() == threads && hubs.loose() == loose, "{threads} threads, with hubs {}", hubs.len());
    Ok(())
}

fn tie(snapshot: &Snapshot, topics: &[TopicName], settings: Settings, how: &str, table: &mut Table) -> Result<Threads> {
    let before = resident().unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(PROCESSORS).build()?;
    let mut correlator = Correlator::new(settings);
    let take = || correlator.take_snapshot(snapshot, topics, &AtomicU64::new(0), &|| false);
    let (damage, reading) = timed(|| pool.install(take));
    ensure!(damage.is_empty(), "the recording is damaged");
    let (threads, tying) = timed(|| pool.install(|| correlator.threads()));
    let events = threads.events_taken();
    ensure!(
        events < EVENTS || threads.len() >= THREADS,
        "{events} events are only {} threads: the measure is of {THREADS}",
        threads.len()
    );
    let what = format!("threads: {how}, {} M events into {:.2} M", events / 1_000_000, threads.len() as f64 / 1e6);
    table.add(Line::above(what, events, reading + tying, RATE));
    table.add(Line::figure(format!("threads: {how}, of that tying what was read"), span(tying)));
    let each = (correlator.bytes() + threads.bytes()) as f64 / events.max(1) as f64;
    table.add(Line {
        what: format!("threads: {how}, memory for an event"),
        ours: format!("{each:.1} B"),
        peer: String::new(),
        ratio: Some(BYTES / each),
        goal: format!("under {BYTES} B"),
        met: Some(each < BYTES),
    });
    let grown = resident().unwrap_or(0).saturating_sub(before) as f64 / events.max(1) as f64;
    table.add(Line::figure(format!("threads: {how}, what the process grew by, for an event"), format!("{grown:.1} B")));
    Ok(threads)
}

/// Opens threads by the value that names them: finds them, reads every event of theirs, what it says and what led to it.
fn open(threads: &Threads, snapshot: &Snapshot, table: &mut Table) -> Result<()> {
    let mut dice = Dice::new();
    let mut durations = Durations::default();
    for _ in 0..OPENINGS {
        let wanted = dice.below(threads.len() as u64) as u32;
        let label = threads.label(wanted, snapshot)?;
        let (read, took) = timed(|| -> Result<usize> {
            let thread = threads.find(&label).with_context(|| format!("no thread says {label}"))?;
            let mut said = threads.edges(thread).len();
            for &event in threads.events_of(thread) {
                said += threads.said(event, snapshot)?.len();
            }
            Ok(said)
        });
        ensure!(read? > 0, "the thread of {label} says nothing");
        durations.push(took);
    }
    table.add(Line::figure("threads: one opened by its id, p50", span(durations.quantile(0.5))));
    table.add(Line::below("threads: one opened by its id, slowest", durations.quantile(1.0), OPENED));
    Ok(())
}
