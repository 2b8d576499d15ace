//! Taking events in: stopped and gone on with, in one go, or batch by batch.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::super::{Correlator, FieldUse, Profile, Role, Settings, Threads};
use super::stage::{snapshot, topics_of};
use crate::event::{EventBatch, EventBatchBuilder, TimestampType};

fn batch(partition: i32, first: i64, events: i64) -> EventBatch {
    let mut builder = EventBatchBuilder::new("orders", partition);
    for offset in first..first + events {
        let order = format!("order-{}", offset % 37);
        let headers = [("correlationid", Some(order.as_bytes()))];
        builder.push(offset, offset * 10, TimestampType::Create, None, None, headers);
    }
    builder.finish()
}

fn correlator() -> Correlator {
    let mut profile = Profile::default();
    let field = "headers.correlationid".parse().unwrap();
    profile.set("orders", FieldUse::tying(field, Role::Correlation));
    Correlator::new(Settings { profile, keep_hubs: true, ..Settings::default() })
}

fn places(threads: &Threads) -> Vec<Vec<String>> {
    let at = |&event: &u32| threads.coordinates(event).to_string();
    (0..threads.len() as u32).map(|thread| threads.events_of(thread).iter().map(at).collect()).collect()
}

#[test]
fn what_a_cancel_drops_is_taken_when_it_goes_on() {
    let batches: Vec<EventBatch> = (0..30).map(|partition| batch(partition, 5, 200)).collect();
    let held = snapshot(&batches);
    let topics = topics_of(&held);
    let mut once = correlator();
    once.take_snapshot(&held, &topics, &AtomicU64::new(0), &|| false);
    let whole = once.threads();
    assert_eq!(whole.events_taken(), 6_000);
    for stop in 0..32 {
        let mut stopped = correlator();
        let asked = AtomicUsize::new(0);
        let cancelled = || asked.fetch_add(1, Ordering::Relaxed) >= stop;
        stopped.take_snapshot(&held, &topics, &AtomicU64::new(0), &cancelled);
        assert!(stopped.events() <= 6_000);
        stopped.take_snapshot(&held, &topics, &AtomicU64::new(0), &|| false);
        let threads = stopped.threads();
        assert_eq!((threads.events_taken(), threads.len()), (6_000, whole.len()), "stopped at {stop}");
        assert_eq!(places(&threads), places(&whole), "stopped at {stop}");
    }
}

#[test]
fn what_was_taken_is_told_from_what_was_not_when_batches_overlap() {
    let mut bits = correlator();
    for (first, events) in [(10, 5), (30, 10), (0, 40), (12, 20), (60, 3), (35, 40)] {
        bits.take(&batch(0, first, events));
    }
    let mut once = correlator();
    once.take(&batch(0, 0, 75));
    let (bits, once) = (bits.threads(), once.threads());
    assert_eq!(bits.events_taken(), 75);
    assert_eq!(places(&bits), places(&once));
}
