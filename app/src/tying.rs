//! Tying a log's events into threads, looking for what is unusual, and reading one thread: work for jobs.

mod tale;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fabula_core::event::TopicName;
use fabula_core::narrative::threads::diagnose::{Diagnosed, Extent, Kind, shape_changes};
use fabula_core::narrative::threads::{Correlator, Profile, Settings, Threads, suggest};
use fabula_core::store::{Damage, Snapshot};

use crate::figures;
use crate::formats::Formats;
use crate::jobs::Progress;
use crate::state::{Moments, Tied, Ties, ties};

pub use tale::tale;

/// Why there are no threads, where a person ended the job.
const CANCELLED: &str = "tying was cancelled: nothing was tied";

/// What is to be tied.
#[derive(Clone)]
pub struct Ask {
    /// What has been read.
    pub snapshot: Arc<Snapshot>,
    /// The topics that take part.
    pub topics: Arc<[TopicName]>,
    /// How they are decoded.
    pub formats: Formats,
    /// What a person changed about how they are tied.
    pub ties: Arc<Ties>,
    /// Which log it is.
    pub generation: u64,
    /// The number that the threads get.
    pub number: u64,
}

/// What tying came to: the correlator, to go on with, and the threads; or why there are none.
pub type Outcome = (Option<Correlator>, Result<Tied, String>);

/// Ties what has been read; a correlator that has tied a part of it goes on from there.
pub fn tie(ask: &Ask, known: Option<Correlator>, progress: &Progress) -> Outcome {
    let correlator = match known.map_or_else(|| begin(ask), Ok) {
        Ok(correlator) => correlator,
        Err(damage) => return (None, Err(damage.to_string())),
    };
    let mut correlator = correlator;
    let total: u64 = ask.topics.iter().filter_map(|topic| ask.snapshot.topic(topic)).map(|topic| topic.events()).sum();
    let done = AtomicU64::new(0);
    let told = || {
        progress.set(done.load(Ordering::Relaxed).min(total), total);
        progress.is_cancelled()
    };
    let damages = correlator.take_snapshot(&ask.snapshot, &ask.topics, &done, &told);
    if progress.is_cancelled() {
        return (Some(correlator), Err(CANCELLED.to_owned()));
    }
    let threads = correlator.threads();
    let diagnosed = diagnose(ask, &threads, progress);
    // What was found until then is a part, and would pass for all there is.
    if progress.is_cancelled() {
        return (Some(correlator), Err(CANCELLED.to_owned()));
    }
    let profile = Arc::new(correlator.settings().profile.clone());
    let tied = diagnosed.and_then(|diagnosed| tied(ask, threads, diagnosed, profile, &damages));
    (Some(correlator), tied.map_err(|damage| damage.to_string()))
}

fn begin(ask: &Ask) -> Result<Correlator, Damage> {
    let named = |topic: &TopicName| ask.formats.of(topic, &ask.snapshot).ok().map(|formats| formats.codecs);
    let (mut profile, codecs) = suggest(&ask.snapshot, &ask.topics, named)?;
    ties::lay_over(&ask.ties, &mut profile);
    Ok(Correlator::new(Settings { profile, codecs, ..Settings::default() }))
}

fn diagnose(ask: &Ask, threads: &Threads, progress: &Progress) -> Result<Diagnosed, Damage> {
    let done = AtomicU64::new(0);
    let cancelled = || progress.is_cancelled();
    let mut diagnosed = threads.diagnose(&Extent::of(&ask.snapshot, &ask.topics), &done, &cancelled);
    diagnosed.add(shape_changes(threads, &ask.snapshot, &cancelled)?);
    Ok(diagnosed)
}

fn tied(
    ask: &Ask,
    threads: Threads,
    diagnosed: Diagnosed,
    profile: Arc<Profile>,
    damages: &[Damage],
) -> Result<Tied, Damage> {
    let count = |kind: Kind| diagnosed.findings.iter().filter(|finding| finding.kind == kind).count() as u64;
    let kinds = Kind::ALL.iter().map(|kind| (*kind, count(*kind))).filter(|(_, count)| *count > 0).collect();
    Ok(Tied {
        moments: Arc::new(Moments::of(&diagnosed.findings)),
        notes: notes(ask, &threads, damages)?.into(),
        threads,
        diagnosed: Arc::new(diagnosed),
        kinds,
        profile,
        snapshot: Arc::clone(&ask.snapshot),
        topics: Arc::clone(&ask.topics),
        generation: ask.generation,
        number: ask.number,
    })
}

/// What the threads lack or left out.
fn notes(ask: &Ask, threads: &Threads, damages: &[Damage]) -> Result<Vec<String>, Damage> {
    let mut notes: Vec<String> =
        damages.iter().map(|damage| format!("{damage}: its events are in no thread")).collect();
    let holes: i64 = ask
        .topics
        .iter()
        .filter_map(|topic| ask.snapshot.topic(topic))
        .flat_map(|topic| topic.partitions.iter().flat_map(|partition| partition.holes()).collect::<Vec<_>>())
        .map(|(from, to)| (to - from).max(0))
        .sum();
    if holes > 0 {
        notes.push(format!("{} were not read", figures::of(holes.unsigned_abs(), "offset")));
    }
    if threads.loose() > 0 {
        notes.push(format!("{} in no thread: no field of theirs ties", figures::of(threads.loose(), "event")));
    }
    for hub in threads.hubs() {
        let value = threads.hub_value(&hub, &ask.snapshot)?;
        let value = value.map(|said| format!("{} = “{}”", said.field, said.text)).unwrap_or_default();
        let events = figures::of(hub.events.into(), "event");
        notes.push(format!("left out, since it would tie many stories into one: {value} ({events})"));
    }
    if threads.has_others() {
        let most = figures::count(u16::MAX.into());
        notes.push(format!("there are more kinds of steps or services than {most}: the others are one, “(others)”"));
    }
    if threads.refused() > 0 {
        notes.push(format!("there was no room for {}", figures::of(threads.refused(), "value")));
    }
    Ok(notes)
}
