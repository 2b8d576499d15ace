//! What was taken in is there, however it came in and however the program ended.

use std::sync::atomic::Ordering;

use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::super::testing::{batch, origin, partition, rows, rows_of};
use super::super::{Coverage, Store, StoreError, VerifyProgress};
use super::*;
use crate::event::{Coordinates, TopicPartition, Watermarks};
use crate::log::TopicConfig;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_cut_into_batches_gives_the_same_events(
        rows in rows(80),
        cuts in prop::collection::vec(1_usize..12, 1..20),
        flush_after in 0_usize..20,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create_with(dir.path(), origin(), small()).unwrap();
        let (mut at, mut next, mut step) = (0, 0, 0);
        while at < rows.len() {
            let upto = (at + cuts[step % cuts.len()]).min(rows.len());
            let from = next;
            next = rows[upto - 1].offset + 1;
            let added = store.append(&batch(&partition(), &rows[at..upto]), from, next).unwrap();
            prop_assert_eq!(added, (upto - at) as u64);
            prop_assert_eq!(&rows_of(&store.snapshot(), &partition()), &rows[..upto]);
            (at, step) = (upto, step + 1);
            if step == flush_after {
                store.flush().unwrap();
            }
        }
        store.flush().unwrap();
        prop_assert_eq!(&rows_of(&store.snapshot(), &partition()), &rows);
        drop(store);

        let (store, damages) = Store::open(dir.path()).unwrap();
        prop_assert_eq!(damages, vec![]);
        let snapshot = store.snapshot();
        prop_assert_eq!(&rows_of(&snapshot, &partition()), &rows);
        for row in &rows {
            let at = Coordinates { topic: partition().topic, partition: 3, offset: row.offset };
            let found = snapshot.find(&at).unwrap().unwrap();
            prop_assert_eq!(&Row::of(snapshot.event(found).unwrap().unwrap().get()), row);
        }
        if !rows.is_empty() {
            let mut covered = Coverage::new();
            covered.insert(0, next);
            prop_assert_eq!(&snapshot.partition(&partition()).unwrap().coverage, &covered);
        }
    }

    #[test]
    fn events_that_come_twice_or_out_of_order_are_kept_once_and_in_order(
        ranges in prop::collection::vec((0_i64..60, 1_i64..25), 1..12),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create_with(dir.path(), origin(), small()).unwrap();
        let mut covered = Coverage::new();
        for (from, len) in ranges {
            store.append(&batch(&partition(), &numbered(from, from + len)), from, from + len).unwrap();
            covered.insert(from, from + len);
        }
        let expected: Vec<Row> = covered.ranges().iter().flat_map(|&(from, to)| numbered(from, to)).collect();
        prop_assert_eq!(&rows_of(&store.snapshot(), &partition()), &expected);
        store.flush().unwrap();
        let (store, damages) = Store::open(dir.path()).unwrap();
        prop_assert_eq!(damages, vec![]);
        prop_assert_eq!(&rows_of(&store.snapshot(), &partition()), &expected);
        let snapshot = store.snapshot();
        prop_assert_eq!(&snapshot.partition(&partition()).unwrap().coverage, &covered);
    }
}

#[test]
fn small_batches_do_not_make_many_segments() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(dir.path(), origin()).unwrap();
    for offset in 0..2_000 {
        store.append(&batch(&partition(), &numbered(offset, offset + 1)), offset, offset + 1).unwrap();
        let count = store.snapshot().segments().count();
        assert!(count <= 16, "{count} segments after {offset} events");
        if offset % 100 == 0 {
            store.flush().unwrap();
        }
    }
    store.flush().unwrap();
    assert!(segments(dir.path()).len() <= 16, "{}", segments(dir.path()).len());
    assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(0, 2_000));
}

#[test]
fn what_was_sealed_survives_a_kill_and_recording_again_completes_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create_with(dir.path(), origin(), small()).unwrap();
    for from in (0..60).step_by(5) {
        store.append(&batch(&partition(), &numbered(from, from + 5)), from, from + 5).unwrap();
    }
    store.append(&batch(&partition(), &numbered(60, 63)), 60, 63).unwrap();
    // Dropped without a flush, as if killed: what was queued is on the disk, and no manifest names it.
    drop(store);
    std::fs::write(dir.path().join("segments/orders/3-7-9.arrow.aside"), b"half a segm").unwrap();

    let (store, damages) = Store::extend_with(dir.path(), small()).unwrap();
    assert_eq!(damages, []);
    let sealed = rows_of(&store.snapshot(), &partition());
    assert_eq!(sealed, numbered(0, 60), "what was in memory only is gone");
    let coverage = store.snapshot().partition(&partition()).unwrap().coverage.clone();
    assert_eq!(coverage.ranges(), [(0, 60)]);
    assert_eq!(files(dir.path(), "aside"), Vec::<PathBuf>::new());

    for (from, to) in coverage.missing(0, 63) {
        store.append(&batch(&partition(), &numbered(from, to)), from, to).unwrap();
    }
    store.flush().unwrap();
    drop(store);
    let (store, damages) = Store::open(dir.path()).unwrap();
    assert_eq!(damages, []);
    assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(0, 63));
}

#[test]
fn a_slow_log_is_sealed_now_and_then_without_being_asked() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create_with(dir.path(), origin(), Limits { seal_after: Duration::ZERO, ..small() }).unwrap();
    store.append(&batch(&partition(), &numbered(0, 3)), 0, 3).unwrap();
    let mut changes = store.changes();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        while store.snapshot().segments().any(|segment| segment.is_live()) {
            changes.changed().await.unwrap();
        }
    });
    let (reader, _) = Store::open(dir.path()).unwrap();
    assert_eq!(rows_of(&reader.snapshot(), &partition()), numbered(0, 3), "there for whoever opens it meanwhile");
}

#[test]
fn events_are_the_same_after_their_memory_was_given_back() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(dir.path()));
    let (store, _) = Store::open(dir.path()).unwrap();
    let snapshot = store.snapshot();
    let held: Vec<_> = snapshot.segments().map(|segment| segment.events().unwrap()).collect();
    snapshot.segments().for_each(|segment| segment.release());
    let again: Vec<Row> = held.iter().flat_map(|events| events.events().map(Row::of)).collect();
    assert_eq!(again, numbered(0, 100));
    assert_eq!(rows_of(&snapshot, &partition()), numbered(0, 100));
}

#[test]
fn a_snapshot_stays_as_it_is_while_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create_with(dir.path(), origin(), small()).unwrap();
    let other = TopicPartition::new("payments", 0);
    store.append(&batch(&partition(), &numbered(0, 3)), 0, 3).unwrap();
    store.append(&batch(&other, &numbered(0, 3)), 0, 3).unwrap();
    let before = store.snapshot();
    store.append(&batch(&partition(), &numbered(3, 90)), 3, 90).unwrap();
    store.flush().unwrap();
    let after = store.snapshot();
    assert!(after.version > before.version);
    assert_eq!(rows_of(&before, &partition()), numbered(0, 3));
    assert_eq!(rows_of(&after, &partition()), numbered(0, 90));
    let settled = store.snapshot();
    store.append(&batch(&partition(), &numbered(90, 91)), 90, 91).unwrap();
    assert!(
        std::sync::Arc::ptr_eq(&settled.topics[1], &store.snapshot().topics[1]),
        "a topic that did not change is shared"
    );
}

#[test]
fn what_is_said_of_topics_and_partitions_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(dir.path(), origin()).unwrap();
    let config = TopicConfig([("cleanup.policy".to_owned(), "compact".to_owned())].into());
    store.set_config(&partition().topic, config.clone()).unwrap();
    store.set_watermarks(&partition(), Watermarks { low: 2, high: 9 }, 77).unwrap();
    store.account(&partition(), 2, 5).unwrap();
    store.flush().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let snapshot = store.snapshot();
    assert_eq!((snapshot.topics[0].config.clone(), (*snapshot.origin).clone()), (config, origin()));
    let held = snapshot.partition(&partition()).unwrap();
    assert_eq!((held.watermarks, held.watermarks_at_ms), (Some(Watermarks { low: 2, high: 9 }), Some(77)));
    assert_eq!(held.holes(), [(5, 9)]);
}

#[test]
fn two_writers_are_refused_and_readers_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = recording(dir.path());
    assert!(matches!(Store::extend(dir.path()), Err(StoreError::Locked { .. })));
    let (reader, _) = Store::open(dir.path()).unwrap();
    let refused = reader.append(&batch(&partition(), &numbered(100, 101)), 100, 101);
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })));
    drop(store);
    assert!(matches!(Store::create(dir.path(), origin()), Err(StoreError::Exists { .. })));
    Store::extend(dir.path()).unwrap();
}

#[test]
fn what_a_reader_may_still_open_is_not_removed() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { segment_bytes: 1 << 20, ..small() };
    let store = Store::create_with(dir.path(), origin(), limits).unwrap();
    store.append(&batch(&partition(), &numbered(0, 5)), 0, 5).unwrap();
    store.flush().unwrap();
    let (reader, _) = Store::open(dir.path()).unwrap();
    store.append(&batch(&partition(), &numbered(5, 10)), 5, 10).unwrap();
    store.flush().unwrap();
    assert_eq!(store.snapshot().segments().count(), 1, "the small segment was written again with what followed it");
    assert_eq!(rows_of(&reader.snapshot(), &partition()), numbered(0, 5));
    assert_eq!(segments(dir.path()).len(), 2);
    drop(reader);
    store.append(&batch(&partition(), &numbered(10, 11)), 10, 11).unwrap();
    store.flush().unwrap();
    assert_eq!(segments(dir.path()).len(), store.snapshot().segments().count());
    assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(0, 11));
}

#[test]
fn a_trickle_of_events_does_not_leave_a_file_for_each() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(dir.path(), origin()).unwrap();
    for offset in 0..64 {
        store.append(&batch(&partition(), &numbered(offset, offset + 1)), offset, offset + 1).unwrap();
        store.flush().unwrap();
    }
    assert!(segments(dir.path()).len() <= 7, "{:?}", segments(dir.path()));
    assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(0, 64));
}

#[test]
fn a_folder_without_a_recording_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::NotARecording { .. })));
    assert!(matches!(Store::extend(&dir.path().join("absent")), Err(StoreError::NotARecording { .. })));
}

#[test]
fn a_disk_that_refuses_is_named_and_what_is_there_stays_sound() {
    let dir = tempfile::tempdir().unwrap();
    let store = recording(dir.path());
    // Where the next topic's folder would be, there is a file.
    std::fs::write(dir.path().join("segments/payments"), b"").unwrap();
    let other = TopicPartition::new("payments", 0);
    store.append(&batch(&other, &numbered(0, 1)), 0, 1).unwrap();
    let refused = store.flush();
    assert!(matches!(&refused, Err(StoreError::Io { path, .. }) if path.ends_with("segments/payments")), "{refused:?}");
    assert_eq!(store.append(&batch(&other, &numbered(1, 2)), 1, 2).unwrap_err(), refused.unwrap_err());
    drop(store);
    let (store, damages) = Store::open(dir.path()).unwrap();
    assert_eq!(damages, []);
    assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(0, 100));
}

#[test]
fn a_temporary_store_keeps_to_its_budget_by_letting_the_oldest_go() {
    let parent = tempfile::tempdir().unwrap();
    let budget = 20_000;
    let store = Store::temporary_in(parent.path(), origin(), budget).unwrap();
    let number = |from: i64| TopicPartition::new("orders", i32::try_from(from / 50).unwrap());
    for from in (0..300).step_by(50) {
        store.append(&batch(&number(from), &numbered(from, from + 50)), from, from + 50).unwrap();
        store.flush().unwrap();
        while store.is_over_budget() {
            store.drop_oldest().unwrap().unwrap();
        }
    }
    assert!(store.bytes() <= budget);
    let snapshot = store.snapshot();
    let held: Vec<i64> = (0..300).step_by(50).filter(|&from| !rows_of(&snapshot, &number(from)).is_empty()).collect();
    assert!(!held.is_empty() && held.len() < 6);
    assert_eq!(held, (held[0]..300).step_by(50).collect::<Vec<_>>(), "the newest are kept");
    for from in (0..300).step_by(50) {
        let covered = snapshot.partition(&number(from)).unwrap().coverage.ranges().to_vec();
        let expected = if held.contains(&from) { vec![(from, from + 50)] } else { vec![] };
        assert_eq!(covered, expected, "what was let go of is a hole");
    }
    let folder = store.dir().to_owned();
    assert_eq!(segments(&folder).len(), held.len(), "what was let go of is off the disk");
    drop((snapshot, store));
    assert!(!folder.exists());
}

#[test]
fn a_sound_recording_is_verified_to_its_last_byte() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(dir.path()));
    let (store, _) = Store::open(dir.path()).unwrap();
    let progress = VerifyProgress::default();
    assert_eq!(store.verify(&progress, &CancellationToken::new()), []);
    let on_disk: u64 = segments(dir.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
    assert_eq!(progress.total_bytes.load(Ordering::Relaxed), on_disk);
    assert_eq!(progress.done_bytes.load(Ordering::Relaxed), on_disk);
}

#[test]
fn what_was_let_go_of_is_gone_and_stays_accounted_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = recording(dir.path());
    let before = segments(dir.path()).len();
    store.let_go_before(&partition(), 60).unwrap();
    let snapshot = store.snapshot();
    let left = rows_of(&snapshot, &partition());
    let first = left.first().unwrap().offset;
    assert!((1..=60).contains(&first), "segments go that end before 60, and no other: {first}");
    assert_eq!(left, numbered(first, 100));
    assert!(segments(dir.path()).len() < before, "their files go too");
    let held = snapshot.partition(&partition()).unwrap();
    assert_eq!(held.coverage.missing(0, 100), []);
    store.append(&batch(&partition(), &numbered(100, 105)), 100, 105).unwrap();
    store.flush().unwrap();
    assert_eq!(store.snapshot().partition(&partition()).unwrap().coverage.missing(0, 105), []);
}
