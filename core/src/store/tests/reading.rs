//! A store read as a log gives what was recorded, in offset order, and names its holes.

use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::super::testing::{Row, batch, origin, partition, rows};
use super::super::{RecordingLog, Store};
use super::*;
use crate::event::{TimestampType, TopicPartition, Watermarks};
use crate::log::{Log, LogError, PartitionRange, RangeEnd, ReadItem, ReadOptions};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

/// What a reading gave: events, holes, and where it ended.
#[derive(Debug, Default, PartialEq)]
struct Read {
    rows: Vec<Row>,
    gone: Vec<(i64, i64)>,
    ends: Vec<i64>,
    failures: Vec<LogError>,
}

async fn read(log: &RecordingLog, from: i64, end: RangeEnd, options: ReadOptions) -> Read {
    let mut reading = log.read(vec![PartitionRange { partition: partition(), from, end }], options);
    let (mut read, mut at) = (Read::default(), from);
    while let Some(item) = reading.next().await {
        match item {
            ReadItem::Batch { events, next } => {
                assert!(at <= events.offsets()[0] && events.offsets()[events.len() - 1] < next);
                at = next;
                read.rows.extend(events.events().map(Row::of));
            }
            ReadItem::Gone { from, to, .. } => {
                assert!(at <= from && from < to);
                at = to;
                read.gone.push((from, to));
            }
            ReadItem::CaughtUp { next, .. } => read.ends.push(next),
            ReadItem::Failed { error, .. } => read.failures.push(error),
            ReadItem::Connection(_) => {}
        }
    }
    read
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_recording_reads_as_the_log_it_came_from(
        rows in rows(60),
        from in 0_i64..80,
        len in 0_i64..120,
        batch_bytes in 1_usize..400,
        time_ms in -5_i64..210,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create_with(dir.path(), origin(), small()).unwrap();
        let high = rows.last().map_or(60, |row| row.offset + 2);
        store.append(&batch(&partition(), &rows), 0, high).unwrap();
        store.flush().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let log = RecordingLog::new(store);
        runtime().block_on(async {
            let marks = log.watermarks(&[partition()]).await.unwrap();
            prop_assert_eq!(marks, vec![(partition(), Ok(Watermarks { low: 0, high }))]);
            let end = RangeEnd::Before(from + len);
            let options = ReadOptions { batch_bytes, ..ReadOptions::default() };
            let read = read(&log, from, end, options).await;
            let wanted = rows.iter().filter(|row| (from..from + len).contains(&row.offset)).cloned().collect::<Vec<_>>();
            prop_assert_eq!(read, Read { rows: wanted, ends: vec![(from + len).min(high).max(from)], ..Read::default() });

            let found = log.offsets_at(time_ms, &[partition()]).await.unwrap();
            let timed = |row: &&Row| row.kind != TimestampType::None && row.time_ms >= time_ms;
            let naive = rows.iter().find(timed).map_or(high, |row| row.offset);
            prop_assert_eq!(found, vec![(partition(), Ok(naive))]);
            Ok(())
        })?;
    }
}

#[test]
fn holes_are_named_and_reading_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create_with(dir.path(), origin(), small()).unwrap();
    for (from, to) in [(10, 20), (30, 40)] {
        store.append(&batch(&partition(), &numbered(from, to)), from, to).unwrap();
    }
    runtime().block_on(async {
        let read = read(&RecordingLog::new(store), 0, RangeEnd::Before(50), ReadOptions::default()).await;
        let rows = [numbered(10, 20), numbered(30, 40)].concat();
        assert_eq!(read, Read { rows, gone: vec![(0, 10), (20, 30)], ends: vec![40], failures: vec![] });
    });
}

#[test]
fn a_damaged_segment_is_a_hole_and_reading_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(dir.path()));
    let last = segments(dir.path()).last().unwrap().clone();
    let mut bytes = std::fs::read(&last).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&last, bytes).unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let log = RecordingLog::new(store);
    runtime().block_on(async {
        let read = read(&log, 0, RangeEnd::Before(100), ReadOptions::default()).await;
        let lost = log.store().damages()[0].lost.clone().unwrap();
        assert_eq!(read.gone, [(lost.from, lost.to)]);
        assert_eq!(read.rows, numbered(0, lost.from));
        let marks = log.watermarks(&[partition()]).await.unwrap();
        assert_eq!(marks[0].1, Ok(Watermarks { low: 0, high: 100 }), "what was lost still counts as wanted");
    });
}

#[test]
fn a_partition_that_was_not_recorded_fails_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let log = RecordingLog::new(recording(dir.path()));
    runtime().block_on(async {
        let absent = TopicPartition::new("nothing", 0);
        let range = PartitionRange { partition: absent.clone(), from: 0, end: RangeEnd::Before(5) };
        let mut reading = log.read(vec![range], ReadOptions::default());
        let item = reading.next().await;
        let error = LogError::UnknownPartition { partition: absent };
        assert!(matches!(item, Some(ReadItem::Failed { error: found, .. }) if found == error));
        assert!(reading.next().await.is_none());
    });
}

#[test]
fn following_a_store_gives_what_comes_until_it_is_cancelled() {
    let dir = tempfile::tempdir().unwrap();
    let store = recording(dir.path());
    let log = RecordingLog::new(store.clone());
    runtime().block_on(async {
        let cancel = CancellationToken::new();
        let options = ReadOptions { cancel: cancel.clone(), ..ReadOptions::default() };
        let range = PartitionRange { partition: partition(), from: 95, end: RangeEnd::Follow };
        let mut reading = log.read(vec![range], options);
        let mut seen = Vec::new();
        while let Some(item) = reading.next().await {
            match item {
                ReadItem::Batch { events, .. } => seen.extend_from_slice(events.offsets()),
                ReadItem::CaughtUp { next: 100, done: false, .. } if seen.len() == 5 => {
                    store.append(&batch(&partition(), &numbered(100, 103)), 100, 103).unwrap();
                }
                ReadItem::CaughtUp { next: 103, .. } => cancel.cancel(),
                _ => {}
            }
        }
        assert_eq!(seen, (95..103).collect::<Vec<i64>>());
    });
}
