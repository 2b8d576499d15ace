//! Reading one thread: its steps, what led to what, what is unusual about it, and what its events say.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fabula_core::codec::{Decoded, Value};
use fabula_core::event::Coordinates;
use fabula_core::narrative::threads::Threads;
use fabula_core::narrative::threads::diagnose::Diagnosis;
use fabula_core::store::Damage;

use crate::formats::Formats;
use crate::state::{Missing, Tale, TaleStep, Tied, Values};

/// So many of a thread's events are looked at for their fields.
const VALUED: usize = 200;
/// So many fields are followed at most.
const FIELDS: usize = 120;
/// A text of a value is cut here.
const VALUE_CHARS: usize = 400;

/// Reads one thread.
///
/// # Errors
/// When the part of the store that names it is damaged.
pub fn tale(tied: &Tied, thread: u32, formats: &Formats) -> Result<Tale, String> {
    let threads = &tied.threads;
    let mut findings = tied.diagnosed.of(thread).to_vec();
    for finding in &mut findings {
        finding.what = threads.words(finding, &tied.snapshot).map_err(|damage| damage.to_string())?;
    }
    let (steps, participants) = steps(threads, thread, &findings);
    let mut causes = vec![None; steps.len()];
    for edge in threads.edges(thread) {
        if let Some(cause) = causes.get_mut(edge.to as usize) {
            *cause = Some(edge);
        }
    }
    let values = values(tied, &steps, formats);
    Ok(Tale {
        thread,
        of: tied.number,
        name: threads.label(thread, &tied.snapshot).map_err(|damage| damage.to_string())?,
        outcome: tied.diagnosed.outcome(thread),
        causes,
        participants,
        missing: missing(threads, &findings),
        findings,
        values,
        steps,
    })
}

/// The events as steps, and who took part.
fn steps(threads: &Threads, thread: u32, findings: &[Diagnosis]) -> (Vec<TaleStep>, Vec<Arc<str>>) {
    let mut shown: HashMap<&Coordinates, Vec<usize>> = HashMap::new();
    for (place, finding) in findings.iter().enumerate() {
        for at in &finding.evidence {
            let of = shown.entry(at).or_default();
            if of.last() != Some(&place) {
                of.push(place);
            }
        }
    }
    let mut places: HashMap<u16, usize> = HashMap::new();
    let mut participants = Vec::new();
    let step = |&event: &u32| {
        let number = threads.participant(event);
        let participant = *places.entry(number).or_insert_with(|| {
            participants.push(Arc::clone(threads.participant_name(number)));
            participants.len() - 1
        });
        let at = threads.coordinates(event);
        let findings = shown.get(&at).cloned().unwrap_or_default();
        let step = Arc::clone(threads.step_name(threads.step(event)));
        TaleStep { at, time_ms: threads.time_ms(event), step, participant, findings }
    };
    let steps = threads.events_of(thread).iter().map(step).collect();
    (steps, participants)
}

/// Every step that is missed, once.
fn missing(threads: &Threads, findings: &[Diagnosis]) -> Vec<Missing> {
    let mut missing: Vec<Missing> = Vec::new();
    for (place, finding) in findings.iter().enumerate() {
        for step in &finding.missing {
            let step = threads.step_name(*step);
            if !missing.iter().any(|known| known.step == *step) {
                missing.push(Missing { step: Arc::clone(step), absence: finding.certainty, finding: place });
            }
        }
    }
    missing
}

/// What the first steps of a thread say, field by field: those that more than one of them has first.
fn values(tied: &Tied, steps: &[TaleStep], formats: &Formats) -> Values {
    let looked = steps.len().min(VALUED);
    let mut values = Values { steps: looked, ..Values::default() };
    let mut fields: Vec<(String, Vec<Option<String>>)> = Vec::new();
    let mut left_out: BTreeSet<String> = BTreeSet::new();
    for (place, step) in steps.iter().take(looked).enumerate() {
        match leaves(tied, step, formats) {
            Ok(leaves) => {
                for (path, text) in leaves {
                    let known = fields.iter().position(|(known, _)| *known == path);
                    let field = match known {
                        Some(known) => known,
                        None if fields.len() >= FIELDS => {
                            left_out.insert(path);
                            continue;
                        }
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
    values.left_out = left_out.len();
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
