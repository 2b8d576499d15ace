//! Every role at once, with dead letters, hubs, overlapping batches and copies: what comes out is what a naive union says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;

use proptest::prelude::*;

use super::super::resolve::{MOST_STORIES, SMALL};
use super::super::{Correlator, FieldUse, Profile, Role, Settings, Threads};
use super::stage::{snapshot, topics_of};
use crate::event::{Coordinates, EventBatch, EventBatchBuilder, TimestampType};

const TOPICS: [&str; 3] = ["one", "two", "three"];
/// In this topic keys tie only within it.
const WITHIN: &str = "two";
const HEADERS: [(&str, Role); 5] = [
    ("correlationid", Role::Correlation),
    ("traceparent", Role::Trace),
    ("kafka_correlationId", Role::Reply),
    ("messageid", Role::Identity),
    ("causationid", Role::Causation),
];

#[derive(Debug, Clone)]
struct Drawn {
    topic: u8,
    partition: u8,
    at: i64,
    /// Values of the headers and of the key; 0 is none.
    values: [u16; 6],
    /// The event before that this is a dead letter of, counted back.
    dead: Option<u8>,
}

fn drawn(most: u16) -> impl Strategy<Value = Drawn> {
    let value = move || prop_oneof![2 => Just(0_u16), 3 => 1..most];
    let values = [value().boxed(), value().boxed(), value().boxed(), value().boxed(), value().boxed(), value().boxed()];
    let dead = prop::option::weighted(0.1, any::<u8>());
    (any::<u8>(), any::<u8>(), 0_i64..300, values, dead).prop_map(|(topic, partition, at, values, dead)| Drawn {
        topic: topic % 3,
        partition: partition % 2,
        at,
        values,
        dead,
    })
}

struct Placed {
    at: Coordinates,
    drawn: Drawn,
    origin: Option<Coordinates>,
}

fn placed(drawn: &[Drawn]) -> Vec<Placed> {
    let mut next: BTreeMap<(u8, u8), i64> = BTreeMap::new();
    let mut placed: Vec<Placed> = Vec::new();
    for (number, drawn) in drawn.iter().enumerate() {
        let offset = next.entry((drawn.topic, drawn.partition)).or_insert(0);
        *offset += 1 + i64::from(drawn.partition);
        let origin = drawn.dead.filter(|_| number > 0).map(|back| placed[usize::from(back) % number].at.clone());
        let topic = TOPICS[usize::from(drawn.topic)].into();
        let at = Coordinates { topic, partition: drawn.partition.into(), offset: *offset };
        placed.push(Placed { at, drawn: drawn.clone(), origin });
    }
    placed
}

fn text(field: usize, value: u16) -> String {
    match HEADERS.get(field) {
        Some((_, Role::Trace)) => format!("00-{:032x}-00f067aa0ba902b7-01", 0xABC_0000_u64 + u64::from(value)),
        Some((_, Role::Identity | Role::Causation)) => format!("message-{value}"),
        Some((name, _)) => format!("{name}-{value}"),
        None => format!("key-{value}"),
    }
}

fn batch(events: &[&Placed]) -> EventBatch {
    let first = &events[0].at;
    let mut builder = EventBatchBuilder::new(first.topic.clone(), first.partition);
    for event in events {
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        for (field, (name, _)) in HEADERS.iter().enumerate() {
            let value = event.drawn.values[field];
            if value > 0 {
                headers.push(((*name).to_owned(), text(field, value).into_bytes()));
            }
        }
        if let Some(origin) = &event.origin {
            headers.push(("kafka_dlt-original-topic".to_owned(), origin.topic.as_bytes().to_vec()));
            headers.push(("kafka_dlt-original-partition".to_owned(), origin.partition.to_be_bytes().to_vec()));
            headers.push(("kafka_dlt-original-offset".to_owned(), origin.offset.to_be_bytes().to_vec()));
        }
        let headers = headers.iter().map(|(name, value)| (name.as_str(), Some(value.as_slice())));
        let key = Some(event.drawn.values[5]).filter(|value| *value > 0).map(|value| text(5, value));
        let (at, kind) = (event.drawn.at, TimestampType::Create);
        builder.push(event.at.offset, at, kind, key.as_deref().map(str::as_bytes), None, headers);
    }
    builder.finish()
}

fn settings(keep_hubs: bool) -> Settings {
    let mut profile = Profile::default();
    for topic in TOPICS {
        for (header, role) in HEADERS {
            let about = if matches!(role, Role::Identity | Role::Causation) { "identity" } else { header }.to_owned();
            let field = format!("headers['{header}']").parse().unwrap();
            profile.set(topic, FieldUse { about, ..FieldUse::tying(field, role) });
        }
        let within_topic = topic == WITHIN;
        profile.set(topic, FieldUse { within_topic, ..FieldUse::tying("key".parse().unwrap(), Role::Entity) });
    }
    Settings { profile, keep_hubs, ..Settings::default() }
}

/// What an event is tied by, each as a text.
fn ties(event: &Placed) -> BTreeSet<String> {
    let tie = |(field, &value): (usize, &u16)| {
        let within = field == 5 && &*event.at.topic == WITHIN;
        (value > 0).then(|| format!("{}{}", if within { "within " } else { "" }, text(field, value)))
    };
    event.drawn.values.iter().enumerate().filter_map(tie).collect()
}

/// The number of each event's story, over the ties that count and the dead letters that were read.
fn stories(events: &[Placed], ties: &[BTreeSet<String>]) -> Vec<usize> {
    let mut story: Vec<usize> = (0..events.len()).collect();
    loop {
        let mut changed = false;
        for one in 0..events.len() {
            for other in 0..one {
                let tied =
                    !ties[one].is_disjoint(&ties[other]) || events[one].origin.as_ref() == Some(&events[other].at);
                if tied && story[one] != story[other] {
                    let least = story[one].min(story[other]);
                    (story[one], story[other], changed) = (least, least, true);
                }
            }
        }
        if !changed {
            return story;
        }
    }
}

fn naive(events: &[Placed], keep_hubs: bool) -> BTreeSet<BTreeSet<String>> {
    let all: Vec<BTreeSet<String>> = events.iter().map(ties).collect();
    let mut said: BTreeMap<&String, u32> = BTreeMap::new();
    all.iter().flatten().for_each(|value| *said.entry(value).or_default() += 1);
    let is_small = |value: &&String| keep_hubs || said[*value] <= SMALL;
    let small: Vec<BTreeSet<String>> = all.iter().map(|own| own.iter().filter(is_small).cloned().collect()).collect();
    let story = stories(events, &small);
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let of_story = || (0..events.len()).filter(|&event| !small[event].is_empty());
    of_story().for_each(|event| *sizes.entry(story[event]).or_default() += 1);
    let is_hub = |value: &String| {
        let told = of_story().filter(|&event| all[event].contains(value) && sizes[&story[event]] >= 2);
        !is_small(&value) && told.map(|event| story[event]).collect::<BTreeSet<_>>().len() > MOST_STORIES
    };
    let counting: Vec<BTreeSet<String>> =
        all.iter().map(|own| own.iter().filter(|value| !is_hub(value)).cloned().collect()).collect();
    let story = stories(events, &counting);
    let mut told: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (number, event) in events.iter().enumerate() {
        let is_origin = events.iter().any(|other| other.origin.as_ref() == Some(&event.at));
        let origin_read = event.origin.as_ref().is_some_and(|origin| events.iter().any(|other| other.at == *origin));
        if !counting[number].is_empty() || is_origin || origin_read {
            told.entry(story[number]).or_default().insert(event.at.to_string());
        }
    }
    told.into_values().collect()
}

fn told(threads: &Threads) -> BTreeSet<BTreeSet<String>> {
    let at = |&event: &u32| threads.coordinates(event).to_string();
    (0..threads.len() as u32).map(|thread| threads.events_of(thread).iter().map(at).collect()).collect()
}

/// The events of each partition in batches cut as the numbers say; with `overlap` each begins before the last one's end.
fn cut(events: &[Placed], cuts: &[u8], overlap: bool) -> Vec<EventBatch> {
    let mut by_partition: BTreeMap<(String, i32), Vec<&Placed>> = BTreeMap::new();
    for event in events {
        by_partition.entry((event.at.topic.to_string(), event.at.partition)).or_default().push(event);
    }
    let mut batches = Vec::new();
    for own in by_partition.values() {
        let (mut from, mut sizes) = (0, cuts.iter().cycle());
        while from < own.len() {
            let size = usize::from(sizes.next().copied().unwrap_or(9) % 9) + 1;
            let to = own.len().min(from + size);
            let back = if overlap { size / 2 } else { 0 };
            batches.push(batch(&own[from.saturating_sub(back)..to]));
            from = to;
        }
    }
    batches
}

fn hold(drawn: &[Drawn], cuts: &[u8], keep_hubs: bool) -> Result<(), TestCaseError> {
    let events = placed(drawn);
    let wanted = naive(&events, keep_hubs);
    let mut live = Correlator::new(settings(keep_hubs));
    let mut batches = cut(&events, cuts, true);
    let spread = i64::from(cuts[0]) | 1;
    batches.sort_by_key(|batch| (batch.offsets()[0] * spread % 31, batch.len()));
    for batch in &batches {
        live.take(batch);
        live.take(batch);
    }
    let threads = live.threads();
    prop_assert_eq!(threads.events_taken(), events.len() as u64);
    prop_assert_eq!(&told(&threads), &wanted);
    let tied: usize = wanted.iter().map(BTreeSet::len).sum();
    prop_assert_eq!(threads.loose(), (events.len() - tied) as u64);
    // The whole at once says the same, to the order of events and their edges.
    let held = snapshot(&cut(&events, cuts, false));
    let mut whole = Correlator::new(settings(keep_hubs));
    whole.take_snapshot(&held, &topics_of(&held), &AtomicU64::new(0), &|| false);
    let at_once = whole.threads();
    prop_assert_eq!(at_once.len(), threads.len());
    for thread in 0..threads.len() as u32 {
        let places = |threads: &Threads| -> Vec<Coordinates> {
            threads.events_of(thread).iter().map(|&event| threads.coordinates(event)).collect()
        };
        prop_assert_eq!(places(&at_once), places(&threads));
        prop_assert_eq!(at_once.edges(thread), threads.edges(thread));
        for at in places(&threads) {
            prop_assert_eq!(threads.thread_at(&at), Some(thread));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_role_ties_as_a_naive_union_says(
        drawn in prop::collection::vec(drawn(60), 1..90),
        cuts in prop::collection::vec(any::<u8>(), 1..6),
        keep_hubs in any::<bool>(),
    ) {
        hold(&drawn, &cuts, keep_hubs)?;
    }

    #[test]
    fn what_very_many_events_say_is_weighed_as_a_naive_union_weighs_it(
        mut drawn in prop::collection::vec(drawn(90), 140..220),
        hubs in 1_u16..4,
        cuts in prop::collection::vec(any::<u8>(), 1..6),
    ) {
        // A correlation that nearly all say, and a trace of a few events each.
        for (number, drawn) in drawn.iter_mut().enumerate() {
            drawn.values = [1 + number as u16 % hubs, 1 + number as u16 / 3, 0, drawn.values[3], 0, 0];
        }
        hold(&drawn, &cuts, false)?;
    }
}
