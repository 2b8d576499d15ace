//! What comes out is what a naive union says, however the events came.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::{Correlator, FieldUse, Profile, Role, Settings, Threads};
use crate::event::{EventBatch, EventBatchBuilder, TimestampType};

/// An event of the test: partition, time, and values for two fields; 0 is none.
type Drawn = (u8, i64, u16, u16);

fn batch(partition: i32, events: &[(i64, &Drawn)]) -> EventBatch {
    let mut builder = EventBatchBuilder::new("t", partition);
    for (offset, (_, at, one, other)) in events {
        let texts = [one, other].map(|value| format!("value-{value}"));
        let headers = [("correlationid", one, &texts[0]), ("x-request-id", other, &texts[1])]
            .into_iter()
            .filter(|(_, value, _)| **value > 0)
            .map(|(name, _, text)| (name, Some(text.as_bytes())));
        builder.push(*offset, *at, TimestampType::Create, None, None, headers);
    }
    builder.finish()
}

fn settings() -> Settings {
    let mut profile = Profile::default();
    for header in ["correlationid", "x-request-id"] {
        profile.set("t", FieldUse::tying(format!("headers['{header}']").parse().unwrap(), Role::Correlation));
    }
    Settings { profile, keep_hubs: true, ..Settings::default() }
}

/// Threads as sets of coordinates, in order.
fn sets(threads: &Threads) -> Vec<Vec<(i32, i64)>> {
    let place = |&event: &u32| {
        let at = threads.coordinates(event);
        (at.partition, at.offset)
    };
    (0..threads.len() as u32).map(|thread| threads.events_of(thread).iter().map(place).collect()).collect()
}

/// The partitions and offsets of events that belong together.
type Story = BTreeSet<(i32, i64)>;

/// Everything that shares a value, by repeatedly joining sets.
fn naive(events: &[(i32, i64, Drawn)]) -> BTreeSet<Story> {
    let mut stories: Vec<(BTreeSet<u16>, Story)> = Vec::new();
    for (partition, offset, (_, _, one, other)) in events {
        let mut values: BTreeSet<u16> = [*one, *other].into_iter().filter(|value| *value > 0).collect();
        if values.is_empty() {
            continue;
        }
        let mut own = BTreeSet::from([(*partition, *offset)]);
        stories.retain(|(known, events)| {
            let shares = !known.is_disjoint(&values);
            if shares {
                values.extend(known);
                own.extend(events);
            }
            !shares
        });
        stories.push((values, own));
    }
    stories.into_iter().map(|(_, events)| events).collect()
}

fn placed(drawn: &[Drawn]) -> Vec<(i32, i64, Drawn)> {
    let mut next: BTreeMap<i32, i64> = BTreeMap::new();
    let place = |event: &Drawn| {
        let partition = i32::from(event.0 % 3);
        let offset = next.entry(partition).or_insert(0);
        *offset += 1 + i64::from(event.0 / 200);
        (partition, *offset, *event)
    };
    drawn.iter().map(place).collect()
}

/// The events as batches of a partition each, cut as the numbers say, in the order that they say.
fn cut(events: &[(i32, i64, Drawn)], cuts: &[u8]) -> Vec<EventBatch> {
    let mut batches = Vec::new();
    for partition in 0..3 {
        let own: Vec<(i64, &Drawn)> =
            events.iter().filter(|event| event.0 == partition).map(|(_, offset, event)| (*offset, event)).collect();
        let mut left = own.as_slice();
        let mut cuts = cuts.iter().cycle();
        while !left.is_empty() {
            let (part, rest) = left.split_at(usize::from(cuts.next().copied().unwrap_or(50) % 9 + 1).min(left.len()));
            batches.push(batch(partition, part));
            left = rest;
        }
    }
    batches
        .sort_by_key(|batch| batch.offsets()[0].wrapping_mul(i64::from(cuts.first().copied().unwrap_or(1)) | 1) % 97);
    batches
}

proptest! {
    #[test]
    fn threads_are_what_a_naive_union_says(
        drawn in prop::collection::vec((any::<u8>(), 0_i64..500, 0_u16..60, 0_u16..60), 0..120),
        cuts in prop::collection::vec(any::<u8>(), 1..6),
    ) {
        let events = placed(&drawn);
        let mut correlator = Correlator::new(settings());
        let batches = cut(&events, &cuts);
        for batch in &batches {
            correlator.take(batch);
        }
        let threads = correlator.threads();
        let told: BTreeSet<BTreeSet<(i32, i64)>> =
            sets(&threads).into_iter().map(|thread| thread.into_iter().collect()).collect();
        prop_assert_eq!(&told, &naive(&events));
        let untied = drawn.iter().filter(|(_, _, one, other)| *one == 0 && *other == 0).count();
        prop_assert_eq!(threads.loose(), untied as u64);
        // Every event is found again, by its place and by what it says.
        for (partition, offset, (_, _, one, _)) in events {
            let at = crate::event::Coordinates { topic: "t".into(), partition, offset };
            let thread = threads.thread_at(&at);
            if one > 0 {
                prop_assert_eq!(threads.find(&format!("value-{one}")), thread);
            }
        }
    }

    #[test]
    fn taking_bit_by_bit_is_taking_at_once(
        drawn in prop::collection::vec((any::<u8>(), 0_i64..500, 0_u16..40, 0_u16..40), 1..120),
        cuts in prop::collection::vec(any::<u8>(), 1..6),
    ) {
        let events = placed(&drawn);
        let mut whole = Correlator::new(settings());
        for batch in cut(&events, &[8]) {
            whole.take(&batch);
        }
        let mut by_bits = Correlator::new(settings());
        let mut so_far = 0;
        for batch in cut(&events, &cuts) {
            by_bits.take(&batch);
            // What was taken before is passed over.
            by_bits.take(&batch);
            so_far += batch.len() as u64;
            let threads = by_bits.threads();
            prop_assert_eq!(threads.events_taken(), so_far);
        }
        let (one, other) = (whole.threads(), by_bits.threads());
        prop_assert_eq!(sets(&one), sets(&other));
        prop_assert_eq!(one.map(), other.map());
    }

    #[test]
    fn a_hub_is_a_hub_whatever_came_first(
        order in any::<u8>(), stories in 2_usize..40, events_each in 2_usize..6,
    ) {
        let mut drawn: Vec<Drawn> = Vec::new();
        for story in 0..stories {
            for event in 0..events_each {
                drawn.push((0, (story * 10 + event) as i64, 1, story as u16 + 2));
            }
        }
        let events = placed(&drawn);
        let mut correlator = Correlator::new(Settings { keep_hubs: false, ..settings() });
        for batch in cut(&events, &[order, 3]) {
            correlator.take(&batch);
        }
        let threads = correlator.threads();
        let is_hub = drawn.len() > 64 && stories > 16;
        prop_assert_eq!(threads.len(), if is_hub { stories } else { 1 });
        prop_assert_eq!(threads.hubs().len(), usize::from(is_hub));
    }
}

#[test]
fn one_value_of_many_single_events_is_a_thread_and_no_hub() {
    let drawn: Vec<Drawn> = (0..2_000).map(|at| (0, at, 1, at as u16 + 2)).collect();
    let mut correlator = Correlator::new(Settings { keep_hubs: false, ..settings() });
    for batch in cut(&placed(&drawn), &[8]) {
        correlator.take(&batch);
    }
    let threads = correlator.threads();
    assert_eq!((threads.len(), threads.hubs().len()), (1, 0));
    assert_eq!(threads.summary(0).events, 2_000);
}
