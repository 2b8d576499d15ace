use proptest::prelude::*;

use super::*;
use crate::event::time::Moment;
use crate::log::plan::{Request, plan};
use crate::log::{ConsumerGroup, GroupPosition, Groups, PartitionRange};
use crate::store::RecordingLog;
use crate::store::testing::{FakeLog, Row, origin, partition, rows, rows_of};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

async fn plan_of(log: &FakeLog, to: Option<Moment>) -> Plan {
    let request = Request {
        topics: vec!["orders".to_owned()],
        from: Moment::Earliest,
        to,
        lateness_ms: Request::DEFAULT_LATENESS_MS,
    };
    plan(log, &request).await.unwrap()
}

async fn record_all(log: &FakeLog, store: &Store) -> RecordReport {
    let plan = plan_of(log, Some(Moment::Latest)).await;
    record(log, plan, store, &RecordProgress::default(), CancellationToken::new()).await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_recording_holds_what_the_log_holds(rows in rows(60), batch_rows in 1_usize..9, tail in 1_i64..5) {
        let dir = tempfile::tempdir().unwrap();
        let high = rows.last().map_or(0, |row| row.offset) + tail;
        let log = FakeLog { batch_rows, ..FakeLog::new(rows.clone(), high) };
        let report = runtime().block_on(async {
            let store = Store::create(dir.path(), origin()).unwrap();
            record_all(&log, &store).await
        });
        prop_assert!(report.is_complete(), "{}", report);
        prop_assert_eq!((report.events(), report.added), (rows.len() as u64, rows.len() as u64));
        let (store, damages) = Store::open(dir.path()).unwrap();
        prop_assert_eq!(damages, vec![]);
        prop_assert_eq!(rows_of(&store.snapshot(), &partition()), rows);
        prop_assert!(store.snapshot().partition(&partition()).unwrap().holes().is_empty());
    }
}

fn numbered(to: i64) -> Vec<Row> {
    (0..to).map(|offset| Row::plain(offset, offset * 10)).collect()
}

#[test]
fn extending_reads_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = Store::create(dir.path(), origin()).unwrap();
        record_all(&FakeLog::new(numbered(10), 12), &store).await;
        drop(store);

        let (store, _) = Store::extend(dir.path()).unwrap();
        let grown = FakeLog::new(numbered(20), 20);
        let report = record_all(&grown, &store).await;
        let asked = grown.asked.lock().clone();
        assert_eq!(asked, [PartitionRange { partition: partition(), from: 12, end: RangeEnd::Before(20) }]);
        assert_eq!(report.added, 8);
        let summary = "1 of 1 partition complete · 18 events · 8 new";
        assert_eq!(report.lines(), [summary]);

        let again = FakeLog::new(numbered(20), 20);
        assert_eq!(record_all(&again, &store).await.added, 0);
        assert_eq!(*again.asked.lock(), []);
    });
}

#[test]
fn a_recording_keeps_how_groups_stood_and_without_being_told_it_does_not_know() {
    let dir = tempfile::tempdir().unwrap();
    let position = |topic: &str, committed| GroupPosition {
        partition: TopicPartition::new(topic, 3),
        committed,
        watermarks: None,
    };
    let group = ConsumerGroup {
        name: "mailer".to_owned(),
        positions: vec![position("carts", Some(1)), position("orders", Some(4))],
        ..ConsumerGroup::default()
    };
    let told = Groups { at_ms: 77, groups: vec![group.clone()] };
    let kept =
        Groups { at_ms: 77, groups: vec![ConsumerGroup { positions: vec![position("orders", Some(4))], ..group }] };
    runtime().block_on(async {
        let store = Store::create(dir.path(), origin()).unwrap();
        record_all(&FakeLog::new(numbered(10), 10), &store).await;
        assert_eq!(RecordingLog::new(store.clone()).groups().await, Ok(None), "not known is not the same as none");
        let log = FakeLog { groups: Some(told), ..FakeLog::new(numbered(12), 12) };
        record_all(&log, &store).await;
    });
    let (store, _) = Store::open(dir.path()).unwrap();
    assert_eq!(store.groups().as_deref(), Some(&kept), "only what concerns its topics");
    drop(store);
    // Who may not see groups later does not take away what was known.
    runtime().block_on(async {
        let (store, _) = Store::extend(dir.path()).unwrap();
        record_all(&FakeLog::new(numbered(15), 15), &store).await;
    });
    assert_eq!(Store::open(dir.path()).unwrap().0.groups().as_deref(), Some(&kept));
}

#[test]
fn holes_are_filled_in_offset_order() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = Store::create(dir.path(), origin()).unwrap();
        let log = FakeLog::new(numbered(40), 40);
        for (from, to) in [(30, 35), (5, 9), (9, 12)] {
            let mut part = plan_of(&log, Some(Moment::Latest)).await;
            part.ranges[0].from = from;
            part.ranges[0].end = RangeEnd::Before(to);
            record(&log, part, &store, &RecordProgress::default(), CancellationToken::new()).await.unwrap();
        }
        assert_eq!(store.snapshot().partition(&partition()).unwrap().coverage.ranges(), [(5, 12), (30, 35)]);
        let report = record_all(&log, &store).await;
        assert!(report.is_complete());
        assert_eq!(report.added, 28);
        assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(40));
    });
    let (store, damages) = Store::open(dir.path()).unwrap();
    assert_eq!(damages, []);
    assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(40));
}

#[test]
fn what_was_damaged_is_recorded_again() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let log = FakeLog::new(numbered(40), 40);
        let store = Store::create(dir.path(), origin()).unwrap();
        record_all(&log, &store).await;
        let path = store.snapshot().segments().next().unwrap().path().unwrap().to_owned();
        drop(store);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();

        let (store, damages) = Store::extend(dir.path()).unwrap();
        assert_eq!(damages, []);
        let report = record_all(&log, &store).await;
        assert_eq!((report.is_complete(), report.added), (true, 40));
        assert_eq!(store.damages().len(), 1);
        drop(store);
        let (store, damages) = Store::open(dir.path()).unwrap();
        assert_eq!(damages, []);
        assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(40));
    });
}

#[test]
fn a_partition_that_fails_is_named_and_the_rest_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = Store::create(dir.path(), origin()).unwrap();
        let mut log = FakeLog::new(numbered(10), 10);
        let other = TopicPartition::new("orders", 4);
        log.partitions.insert(other.clone(), (Watermarks { low: 0, high: 4 }, numbered(4)));
        log.failing.insert(partition(), 6);
        let report = record_all(&log, &store).await;
        assert!(!report.is_complete());
        let lines = report.lines();
        assert_eq!(lines[0], "1 of 2 partitions complete · 10 events");
        assert!(lines[1].starts_with("orders [3]: incomplete, no offsets 6 to 9: not allowed"), "{lines:?}");
        assert!(store.snapshot().partition(&partition()).unwrap().failure.is_some());
        assert_eq!(rows_of(&store.snapshot(), &other), numbered(4));

        log.failing.clear();
        assert!(record_all(&log, &store).await.is_complete());
        assert!(store.snapshot().partition(&partition()).unwrap().failure.is_none());
    });
}

#[test]
fn what_the_log_has_deleted_is_named() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(dir.path(), origin()).unwrap();
        let mut log = FakeLog::new(numbered(10), 10);
        let mut plan = plan_of(&log, Some(Moment::Latest)).await;
        log.partitions.get_mut(&partition()).unwrap().0.low = 4;
        plan.watermarks[0].1.low = 4;
        let report = record(&log, plan, &store, &RecordProgress::default(), CancellationToken::new()).await.unwrap();
        assert_eq!(report.partitions[0].holes, [(0, 4)]);
        assert_eq!(log.asked.lock()[0].from, 4);
    });
}

#[test]
fn following_goes_on_until_cancelled_and_leaves_a_sound_recording() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = Store::create(dir.path(), origin()).unwrap();
        let log = FakeLog::new(numbered(10), 10);
        let plan = plan_of(&log, None).await;
        let cancel = CancellationToken::new();
        let progress = RecordProgress::default();
        let mut changes = store.changes();
        let until_all_is_there = async {
            while store.snapshot().events() < 10 {
                changes.changed().await.unwrap();
            }
            cancel.cancel();
        };
        let (report, ()) = tokio::join!(record(&log, plan, &store, &progress, cancel.clone()), until_all_is_there);
        let report = report.unwrap();
        assert_eq!(report.stopped, Some(Stopped::Cancelled));
        assert_eq!((report.added, progress.events()), (10, 10));
    });
    let (store, damages) = Store::open(dir.path()).unwrap();
    assert_eq!(damages, []);
    assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(10));
    assert_eq!(store.snapshot().topics[0].config.retention_ms(), Some(1000));
}

#[test]
fn a_recording_stops_at_its_budget_and_says_so() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::temporary_in(dir.path(), origin(), 200).unwrap();
        let report = record_all(&FakeLog::new(numbered(100), 100), &store).await;
        assert_eq!(report.stopped, Some(Stopped::Budget { bytes: 200 }));
        assert!(!report.is_complete());
        assert!(report.lines()[0].contains("stopped: the store may hold"), "{report}");
    });
}

#[test]
fn events_of_another_log_are_refused() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(dir.path(), Origin::Sample { events: 5, seed: 9 }).unwrap();
        let log = FakeLog::new(numbered(10), 10);
        let plan = plan_of(&log, Some(Moment::Latest)).await;
        let refused = record(&log, plan, &store, &RecordProgress::default(), CancellationToken::new()).await;
        assert!(matches!(refused, Err(StoreError::OtherLog { .. })), "{refused:?}");
    });
}
