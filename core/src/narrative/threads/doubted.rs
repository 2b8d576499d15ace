//! Whether the ids of traces, of whole stories and of requests are what they are called.
//!
//! A consumer that polls ten orders and begins one trace for all of them ties ten stories into one. That shows where
//! every event of a trace names what it is about, and the names are many.

use rustc_hash::{FxHashMap, FxHashSet};

use super::role::Role;
use super::suggest::{Look, Study};

/// So many values of a field are looked at.
const LOOKED_AT: usize = 2_000;
/// So many things have one trace on average where several have one, before that is called a batch: a transfer is about
/// two accounts.
const A_BATCH: usize = 3;

/// A field by its role and its name: the same in every topic.
type Name = (Role, String);

/// The fields whose values are those of batches, by number, and why.
pub(super) fn batches(study: &Study, looks: &[Look]) -> Vec<(usize, String)> {
    let mut fields: FxHashMap<Name, Vec<usize>> = FxHashMap::default();
    for (number, told) in study.told.iter().enumerate() {
        let wanted = &looks[told.topic].found.profile.fields[told.field];
        if wanted.ties && matches!(wanted.role, Role::Trace | Role::Correlation | Role::Reply) {
            let name = (wanted.role, wanted.field.to_string().to_ascii_lowercase());
            fields.entry(name).or_default().push(number);
        }
    }
    let told: Vec<(Vec<usize>, Vec<Vec<u32>>)> = fields
        .into_values()
        .map(|numbers| {
            let events = events_of_values(study, &numbers);
            (numbers, events)
        })
        .collect();
    let wanted: FxHashSet<u32> = told.iter().flat_map(|(_, events)| events).flatten().copied().collect();
    let about = entities(study, looks, &wanted);
    let mut doubted = Vec::new();
    for (numbers, values) in told {
        if let Some(because) = is_of_batches(&values, &about) {
            doubted.extend(numbers.into_iter().map(|number| (number, because.clone())));
        }
    }
    doubted
}

/// The events of each value that several events say, of as many values as are looked at.
fn events_of_values(study: &Study, numbers: &[usize]) -> Vec<Vec<u32>> {
    let mut values: Vec<u64> = numbers.iter().flat_map(|&number| study.told[number].values.iter().copied()).collect();
    values.sort_unstable();
    values.dedup();
    let events = |value: &u64| {
        let own = study.values[value].iter().filter(|(_, by)| numbers.contains(&(*by as usize)));
        let mut events: Vec<u32> = own.map(|(event, _)| *event).collect();
        events.sort_unstable();
        events.dedup();
        events
    };
    values.iter().map(events).filter(|events| events.len() > 1).take(LOOKED_AT).collect()
}

/// What an event is about: the name of an entity, and its value.
type About<'l> = FxHashMap<u32, Vec<(&'l str, u64)>>;

/// What some events are about, as far as other events say so too.
fn entities<'l>(study: &Study, looks: &'l [Look], wanted: &FxHashSet<u32>) -> About<'l> {
    let mut about = About::default();
    let name_of: Vec<Option<&str>> = study
        .told
        .iter()
        .map(|told| {
            let found = &looks[told.topic].found;
            let wanted = &found.profile.fields[told.field];
            let is_one = wanted.role == Role::Entity && wanted.ties && found.named[told.field];
            is_one.then_some(wanted.about.as_str())
        })
        .collect();
    for (&value, said) in study.values.iter().filter(|(_, said)| said.iter().any(|(event, _)| *event != said[0].0)) {
        for &(event, by) in said {
            if let Some(name) = name_of[by as usize].filter(|_| wanted.contains(&event)) {
                about.entry(event).or_default().push((name, value));
            }
        }
    }
    about
}

/// Why values are those of batches: enough of them have events that are all about an order, and about many orders.
fn is_of_batches(values: &[Vec<u32>], about: &About<'_>) -> Option<String> {
    /// Of one kind of entity: how many values have several of them, how many that are, and which there are at all.
    #[derive(Default)]
    struct Seen {
        several: usize,
        they: usize,
        all: FxHashSet<u64>,
    }
    let mut seen: FxHashMap<&str, Seen> = FxHashMap::default();
    for events in values {
        let mut own: FxHashMap<&str, (FxHashSet<u32>, FxHashSet<u64>)> = FxHashMap::default();
        for event in events {
            for &(name, value) in about.get(event).into_iter().flatten() {
                let (said_by, they) = own.entry(name).or_default();
                said_by.insert(*event);
                they.insert(value);
            }
        }
        for (name, (said_by, they)) in own {
            let seen = seen.entry(name).or_default();
            if they.len() > 1 && said_by.len() == events.len() {
                seen.several += 1;
                seen.they += they.len();
            }
            seen.all.extend(they);
        }
    }
    let mut names: Vec<(&str, Seen)> = seen.into_iter().collect();
    names.sort_unstable_by_key(|(name, _)| *name);
    names.into_iter().find_map(|(name, seen)| {
        let is_batch = seen.several > 1
            && seen.several * 10 >= values.len()
            && seen.they >= A_BATCH * seen.several
            && seen.all.len() > values.len();
        let each = seen.they / seen.several.max(1);
        is_batch.then(|| format!("coarse: {} of {} values are about {each} each of {name}", seen.several, values.len()))
    })
}
