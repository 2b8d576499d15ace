//! Tying a log's events into threads, looking for what is unusual, and reading one thread: work for jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fabula_core::codec::{Decoded, Value};
use fabula_core::event::TopicName;
use fabula_core::narrative::threads::diagnose::{Diagnosed, Extent, Kind, shape_changes};
use fabula_core::narrative::threads::{Correlator, Profile, Settings, Threads, suggest};
use fabula_core::store::{Damage, Snapshot};

use crate::figures;
use crate::formats::Formats;
use crate::jobs::Progress;
use crate::state::{Tale, TaleStep, Tied, Values};

/// So many of a thread's events are looked at for their fields.
const VALUED: usize = 200;
/// So many fields are followed at most.
const FIELDS: usize = 120;
/// A text of a value is cut here.
const VALUE_CHARS: usize = 400;

/// What is to be tied.
#[derive(Clone)]
pub struct Ask {
    /// What has been read.
    pub snapshot: Arc<Snapshot>,
    /// The topics that take part.
    pub topics: Arc<[TopicName]>,
    /// How they are decoded.
    pub formats: Formats,
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
        return (Some(correlator), Err("cancelled".to_owned()));
    }
    let threads = correlator.threads();
    let diagnosed = diagnose(ask, &threads, progress);
    let profile = Arc::new(correlator.settings().profile.clone());
    let tied = diagnosed.and_then(|diagnosed| tied(ask, threads, diagnosed, profile, &damages));
    (Some(correlator), tied.map_err(|damage| damage.to_string()))
}

fn begin(ask: &Ask) -> Result<Correlator, Damage> {
    let named = |topic: &TopicName| ask.formats.of(topic, &ask.snapshot).ok().map(|formats| formats.codecs);
    let (profile, codecs) = suggest(&ask.snapshot, &ask.topics, named)?;
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
    let mut moments: Vec<i64> = diagnosed.findings.iter().filter_map(|finding| finding.at_ms).collect();
    moments.sort_unstable();
    moments.dedup();
    Ok(Tied {
        moments: moments.into_iter().map(|ms| ms.saturating_mul(1_000_000)).collect(),
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
    if threads.refused() > 0 {
        notes.push(format!("there was no room for {}", figures::of(threads.refused(), "value")));
    }
    Ok(notes)
}

/// Reads one thread.
///
/// # Errors
/// When the part of the store that names it is damaged.
pub fn tale(tied: &Tied, thread: u32, formats: &Formats) -> Result<Tale, String> {
    let threads = &tied.threads;
    let events = threads.events_of(thread);
    let mut numbers: Vec<u16> = Vec::new();
    let findings = tied.diagnosed.of(thread).to_vec();
    let mut steps = Vec::with_capacity(events.len());
    for &event in events {
        let participant = threads.participant(event);
        let place = numbers.iter().position(|known| *known == participant).unwrap_or_else(|| {
            numbers.push(participant);
            numbers.len() - 1
        });
        let at = threads.coordinates(event);
        let shows = |finding: &fabula_core::narrative::threads::diagnose::Diagnosis| finding.evidence.contains(&at);
        let shown = findings.iter().enumerate().filter(|(_, finding)| shows(finding)).map(|(place, _)| place);
        let findings = shown.collect();
        let step = Arc::clone(threads.step_name(threads.step(event)));
        steps.push(TaleStep { at, time_ms: threads.time_ms(event), step, participant: place, findings });
    }
    let mut causes = vec![None; steps.len()];
    for edge in threads.edges(thread) {
        if let Some(cause) = causes.get_mut(edge.to as usize) {
            *cause = Some(edge);
        }
    }
    let mut missing: Vec<Arc<str>> = Vec::new();
    for step in findings.iter().flat_map(|finding| &finding.missing) {
        let name = threads.step_name(*step);
        if !missing.contains(name) {
            missing.push(Arc::clone(name));
        }
    }
    let values = values(tied, &steps, formats);
    Ok(Tale {
        thread,
        of: tied.number,
        name: threads.label(thread, &tied.snapshot).map_err(|damage| damage.to_string())?,
        outcome: tied.diagnosed.outcome(thread),
        causes,
        participants: numbers.iter().map(|number| Arc::clone(threads.participant_name(*number))).collect(),
        findings,
        missing,
        values,
        steps,
    })
}

/// What the first steps of a thread say, field by field: those that more than one of them has first.
fn values(tied: &Tied, steps: &[TaleStep], formats: &Formats) -> Values {
    let looked = steps.len().min(VALUED);
    let mut values = Values { steps: looked, ..Values::default() };
    let mut fields: Vec<(String, Vec<Option<String>>)> = Vec::new();
    for (place, step) in steps.iter().take(looked).enumerate() {
        match leaves(tied, step, formats) {
            Ok(leaves) => {
                for (path, text) in leaves {
                    let known = fields.iter().position(|(known, _)| *known == path);
                    let field = match known {
                        Some(known) => known,
                        None if fields.len() >= FIELDS => continue,
                        None => {
                            fields.push((path, vec![None; looked]));
                            fields.len() - 1
                        }
                    };
                    fields[field].1[place] = Some(text);
                }
            }
            Err(damage) => values.failure = Some(damage.to_string()),
        }
    }
    let said = |cells: &[Option<String>]| cells.iter().flatten().count();
    fields.sort_by_key(|(_, cells)| std::cmp::Reverse(said(cells).min(2)));
    (values.fields, values.cells) = fields.into_iter().unzip();
    values
}

/// The fields of an event's value and what they say.
fn leaves(tied: &Tied, step: &TaleStep, formats: &Formats) -> Result<Vec<(String, String)>, Damage> {
    let Some(id) = tied.snapshot.find(&step.at)? else { return Ok(Vec::new()) };
    let Some(stored) = tied.snapshot.event(id)? else { return Ok(Vec::new()) };
    let codecs = formats.of(&step.at.topic, &tied.snapshot)?.codecs;
    let mut leaves = Vec::new();
    match codecs.value.decode(stored.get().value()) {
        Decoded::Value(value) => add_leaves("", &value, 0, &mut leaves),
        Decoded::Null => leaves.push(("value".to_owned(), "null".to_owned())),
        Decoded::Empty => leaves.push(("value".to_owned(), String::new())),
        Decoded::Undecodable(_) => leaves.push(("value".to_owned(), "cannot be decoded".to_owned())),
    }
    Ok(leaves)
}

fn add_leaves(path: &str, value: &Value, depth: usize, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(entries) if depth < 4 && !entries.is_empty() => {
            for (name, value) in entries {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                add_leaves(&path, value, depth + 1, leaves);
            }
        }
        value => {
            let path = if path.is_empty() { "value" } else { path };
            leaves.push((path.to_owned(), value.cell().to_string().chars().take(VALUE_CHARS).collect()));
        }
    }
}
