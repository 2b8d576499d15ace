//! From when on the values of a topic's step have another shape.

use std::collections::{BTreeMap, BTreeSet};

use super::super::threads::Threads;
use super::{Diagnosis, Kind};
use crate::codec::{Decoded, TopicCodecs, Value};
use crate::store::{Damage, Snapshot};

/// How many events of a step are looked at.
const LOOKED_AT: usize = 240;
/// How many must show either shape.
const SHOWN: usize = 8;
/// By how much a field's share must differ before and after.
const DIFFERENCE: f64 = 0.95;
/// How deep a value is looked into.
const DEPTH: usize = 3;

/// Finds the steps whose values change their shape from some time on: fields that came, went, or are of another kind.
/// Some events of each step are decoded, evenly over time, and those around the change to find its first one.
///
/// # Errors
/// When a segment that is looked at is damaged.
pub fn shape_changes(
    threads: &Threads,
    snapshot: &Snapshot,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Diagnosis>, Damage> {
    let mut of_step: BTreeMap<(u32, u16), Vec<(i64, u32)>> = BTreeMap::new();
    let topics = topic_numbers(threads);
    for thread in 0..threads.len() as u32 {
        for &event in threads.events_of(thread) {
            let Some(at) = threads.time_ms(event) else { continue };
            let topic = topics[threads.events().place(event).0 as usize];
            of_step.entry((topic, threads.step(event))).or_default().push((at, event));
        }
    }
    let mut found = Vec::new();
    for ((_, step), mut events) in of_step {
        if cancelled() {
            break;
        }
        if events.len() < 2 * SHOWN {
            continue;
        }
        events.sort_unstable();
        found.extend(change(threads, snapshot, step, &events)?);
    }
    Ok(found)
}

/// A number for each topic, by partition.
fn topic_numbers(threads: &Threads) -> Vec<u32> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let partitions = &threads.events().partitions;
    partitions
        .iter()
        .map(|partition| {
            let next = known.len() as u32;
            *known.entry(&*partition.topic).or_insert(next)
        })
        .collect()
}

/// What an event holds.
type Shown = BTreeSet<ShapeField>;

/// A field's path, and the type of what it holds.
type ShapeField = (String, &'static str);

fn change(
    threads: &Threads,
    snapshot: &Snapshot,
    step: u16,
    events: &[(i64, u32)],
) -> Result<Option<Diagnosis>, Damage> {
    let looked_at = events.len().min(LOOKED_AT);
    let places: Vec<usize> = (0..looked_at).map(|at| at * (events.len() - 1) / (looked_at - 1).max(1)).collect();
    let mut shown: Vec<(usize, Shown)> = Vec::new();
    for place in places {
        if let Some(shape) = shape_of(threads, snapshot, events[place].1)? {
            shown.push((place, shape));
        }
    }
    if shown.len() < 2 * SHOWN {
        return Ok(None);
    }
    let fields: BTreeSet<&ShapeField> = shown.iter().flat_map(|(_, shape)| shape).collect();
    // The fields that came and those that went, by where.
    let mut splits: BTreeMap<usize, (Vec<&ShapeField>, Vec<&ShapeField>)> = BTreeMap::new();
    for field in fields {
        let has: Vec<bool> = shown.iter().map(|(_, shape)| shape.contains(field)).collect();
        let Some((at, came)) = split(&has) else { continue };
        // Fields that change about when another did change with it.
        let near = splits.keys().copied().find(|known| known.abs_diff(at) <= 2).unwrap_or(at);
        let (coming, going) = splits.entry(near).or_default();
        if came { coming.push(field) } else { going.push(field) }
    }
    let Some((at, (came, went))) = splits.into_iter().max_by_key(|(_, (came, went))| came.len() + went.len()) else {
        return Ok(None);
    };
    let tell = came.first().or(went.first()).map(|field| (**field).clone());
    let Some(tell) = tell else { return Ok(None) };
    let comes = !came.is_empty();
    // The first event of the new shape lies between two that were looked at.
    let (from, to) = (shown[at.saturating_sub(3)].0, shown[(at + 2).min(shown.len() - 1)].0);
    let mut first = shown[at].0;
    for (place, &(_, event)) in events.iter().enumerate().take(to + 1).skip(from) {
        if shape_of(threads, snapshot, event)?.is_some_and(|shape| shape.contains(&tell) == comes) {
            first = place;
            break;
        }
    }
    let (at_ms, event) = events[first];
    let what = format!("{} in {}: {}", threads.step_name(step), threads.topic(event), told(&came, &went));
    let evidence = vec![threads.coordinates(event)];
    Ok(Some(Diagnosis::shown(Kind::ShapeChange, None, what, 0.95, Some(at_ms), evidence)))
}

/// Where a row of answers turns from no to yes (or back) most clearly, if it does.
fn split(has: &[bool]) -> Option<(usize, bool)> {
    let all = has.iter().filter(|has| **has).count();
    let mut before = 0;
    let mut best: Option<(f64, usize, bool)> = None;
    for at in 1..has.len() {
        before += usize::from(has[at - 1]);
        if at < SHOWN || has.len() - at < SHOWN {
            continue;
        }
        let (share_before, share_after) = (before as f64 / at as f64, (all - before) as f64 / (has.len() - at) as f64);
        let difference = (share_after - share_before).abs();
        if difference >= DIFFERENCE && best.is_none_or(|(best, ..)| difference > best) {
            best = Some((difference, at, share_after > share_before));
        }
    }
    best.map(|(_, at, came)| (at, came))
}

fn told(came: &[&ShapeField], went: &[&ShapeField]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (field, kind) in went.iter() {
        match came.iter().find(|(other, _)| other == field) {
            Some((_, now)) => parts.push(format!("{field} is {now} instead of {kind}")),
            None => parts.push(format!("{field} is gone")),
        }
    }
    let new = came.iter().filter(|(field, _)| !went.iter().any(|(other, _)| other == field));
    parts.extend(new.map(|(field, _)| format!("{field} is new")));
    parts.join(", ")
}

fn shape_of(threads: &Threads, snapshot: &Snapshot, event: u32) -> Result<Option<Shown>, Damage> {
    let at = threads.coordinates(event);
    let Some(reader) = threads.reader(&at.topic) else { return Ok(None) };
    let Some(stored) = snapshot.find(&at)?.map(|id| snapshot.event(id)).transpose()?.flatten() else { return Ok(None) };
    let codecs: &TopicCodecs = reader.codecs();
    Ok(match codecs.value.decode(stored.get().value()) {
        Decoded::Value(value) => {
            let mut shown = Shown::new();
            look(&value, &mut String::new(), 0, &mut shown);
            Some(shown)
        }
        _ => None,
    })
}

/// Which fields a value has, and of which kind; a null says neither.
fn look(value: &Value, path: &mut String, depth: usize, shown: &mut Shown) {
    let kind = match value {
        Value::Null => return,
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Number(_) | Value::Float(_) => "a number",
        Value::String(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    if !path.is_empty() {
        shown.insert((path.clone(), kind));
    }
    if let Value::Object(entries) = value
        && depth < DEPTH
    {
        for (name, value) in entries {
            let before = path.len();
            if before > 0 {
                path.push('.');
            }
            path.push_str(name);
            look(value, path, depth + 1, shown);
            path.truncate(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_found_where_it_is_clear() {
        let mut has = vec![false; 50];
        has.extend([true; 30]);
        assert_eq!(split(&has), Some((50, true)));
        has.reverse();
        assert_eq!(split(&has), Some((30, false)));
        let mixed: Vec<bool> = (0..80).map(|at| at % 3 == 0).collect();
        assert_eq!(split(&mixed), None);
    }
}
