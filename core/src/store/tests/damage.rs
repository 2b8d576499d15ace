//! What is damaged is found, named and left out; the rest opens.

use tokio_util::sync::CancellationToken;

use super::super::testing::{Row, batch, partition, rows_of};
use super::super::{Damage, LostRange, Store, VerifyProgress};
use super::*;
use crate::event::EventBatch;

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

fn verify(store: &Store) -> Vec<Damage> {
    store.verify(&VerifyProgress::default(), &CancellationToken::new())
}

fn without(lost: &LostRange) -> Vec<Row> {
    let mut rows = numbered(0, 100);
    rows.retain(|row| !(lost.from..lost.to).contains(&row.offset));
    rows
}

/// The damage is of this file, and everything but the offsets that it names is there; recording fills the hole.
fn assert_left_out(dir: &Path, damages: &[Damage], path: &Path, store: Store) {
    let [damage] = damages else { panic!("one file was damaged, {damages:?} were named") };
    assert_eq!(damage.file, path);
    let lost = damage.lost.clone().unwrap();
    assert_eq!(rows_of(&store.snapshot(), &partition()), without(&lost));
    let missing = store.snapshot().partition(&partition()).unwrap().coverage.missing(0, 100);
    assert_eq!(missing, [(lost.from, lost.to)]);
    drop(store);

    let (store, _) = Store::extend(dir).unwrap();
    verify(&store);
    for (from, to) in store.snapshot().partition(&partition()).unwrap().coverage.missing(0, 100) {
        store.append(&batch(&partition(), &numbered(from, to)), from, to).unwrap();
    }
    store.flush().unwrap();
    drop(store);
    let (store, damages) = Store::open(dir).unwrap();
    assert_eq!((damages, verify(&store)), (vec![], vec![]));
    assert_eq!(rows_of(&store.snapshot(), &partition()), numbered(0, 100));
}

#[test]
fn a_file_that_was_cut_short_is_named_on_opening() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(dir.path()));
    let path = segments(dir.path())[1].clone();
    change(&path, |bytes| bytes.truncate(bytes.len() / 2));
    let (store, damages) = Store::open(dir.path()).unwrap();
    assert!(damages[0].to_string().contains("cut short"), "{}", damages[0]);
    assert_left_out(dir.path(), &damages, &path, store);
}

#[test]
fn a_file_that_is_missing_is_named_on_opening() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(dir.path()));
    let path = segments(dir.path())[2].clone();
    std::fs::remove_file(&path).unwrap();
    let (store, damages) = Store::open(dir.path()).unwrap();
    assert!(damages[0].to_string().contains("missing"), "{}", damages[0]);
    assert_left_out(dir.path(), &damages, &path, store);
}

#[test]
fn a_flipped_byte_is_found_by_verifying_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(dir.path()));
    let path = segments(dir.path())[1].clone();
    let len = path.metadata().unwrap().len() as usize;
    for at in [0, 9, len / 3, len / 2, len - 30, len - 1] {
        change(&path, |bytes| bytes[at] ^= 0x10);
        let (store, damages) = Store::open(dir.path()).unwrap();
        assert_eq!(damages, [], "not looked for on opening");
        let damages = verify(&store);
        assert_eq!(damages.len(), 1, "byte {at}");
        assert_eq!(damages, store.damages());
        let lost = damages[0].lost.clone().unwrap();
        assert_eq!(rows_of(&store.snapshot(), &partition()), without(&lost));
        change(&path, |bytes| bytes[at] ^= 0x10);
    }
    change(&path, |bytes| bytes[len / 2] ^= 1);
    let (store, _) = Store::open(dir.path()).unwrap();
    let damages = verify(&store);
    assert_left_out(dir.path(), &damages, &path, store);
}

#[test]
fn a_flipped_byte_is_found_on_first_use() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(dir.path()));
    let path = segments(dir.path())[0].clone();
    change(&path, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    let (store, _) = Store::open(dir.path()).unwrap();
    let before = store.version();
    let snapshot = store.snapshot();
    let damaged = snapshot.segments().next().unwrap();
    let found = damaged.events().unwrap_err();
    assert_eq!(damaged.events().unwrap_err(), found, "found once, known ever after");
    assert!(store.version() > before);
    assert_left_out(dir.path(), &store.damages(), &path, store.clone());
}

fn all_of(store: &Store) -> (Vec<Row>, Vec<(i64, i64)>) {
    let snapshot = store.snapshot();
    let coverage = snapshot.partition(&partition()).unwrap().coverage.ranges().to_vec();
    (rows_of(&snapshot, &partition()), coverage)
}

#[test]
fn a_recording_without_its_manifest_is_put_together_from_its_segments() {
    type Spoil = fn(&Path);
    let spoils: [Spoil; 3] = [
        |path| std::fs::remove_file(path).unwrap(),
        |path| change(path, |bytes| bytes.truncate(bytes.len() / 2)),
        |path| {
            change(path, |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            });
        },
    ];
    for spoil in spoils {
        let dir = tempfile::tempdir().unwrap();
        drop(recording(dir.path()));
        spoil(&dir.path().join("recording.json"));
        let (store, damages) = Store::open(dir.path()).unwrap();
        assert_eq!(damages.len(), 1);
        assert!(damages[0].to_string().contains("put together again"), "{}", damages[0]);
        assert_eq!(all_of(&store), (numbered(0, 100), vec![(0, 100)]));
        assert_eq!(store.origin(), &super::super::testing::origin());
        drop(store);

        let (store, _) = Store::extend(dir.path()).unwrap();
        store.flush().unwrap();
        drop(store);
        let (store, damages) = Store::open(dir.path()).unwrap();
        assert_eq!(damages, [], "extending writes a new manifest");
        assert_eq!(all_of(&store), (numbered(0, 100), vec![(0, 100)]));
    }
}

#[test]
fn without_manifest_and_sidecars_the_segments_are_enough() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(dir.path()));
    std::fs::remove_file(dir.path().join("recording.json")).unwrap();
    for path in files(dir.path(), "index") {
        std::fs::remove_file(path).unwrap();
    }
    let (store, damages) = Store::open(dir.path()).unwrap();
    assert_eq!(damages.len(), 1);
    assert_eq!(all_of(&store), (numbered(0, 100), vec![(0, 100)]));
}

#[test]
fn a_sidecar_that_is_damaged_or_missing_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(dir.path(), super::super::testing::origin()).unwrap();
    let times: Vec<Row> = (0..2_000).map(|offset| Row::plain(offset, (offset * 7_919) % 5_000)).collect();
    store.append(&batch(&partition(), &times), 0, 2_000).unwrap();
    store.flush().unwrap();
    let index = || {
        let (store, damages) = Store::open(dir.path()).unwrap();
        assert_eq!(damages, []);
        let snapshot = store.snapshot();
        let segment = snapshot.segments().next().unwrap();
        let order = segment.time_order().unwrap().map(<[u32]>::to_vec);
        (segment.blocks().unwrap().clone(), order, segment.histogram().unwrap())
    };
    let sound = index();
    let events: EventBatch = store.snapshot().segments().next().unwrap().events().unwrap();
    let order = sound.1.clone().unwrap();
    assert!(order.is_sorted_by_key(|&row| (events.timestamps_ms()[row as usize], row)));

    let path = files(dir.path(), "index")[0].clone();
    let len = path.metadata().unwrap().len() as usize;
    for at in (0..len).step_by(97) {
        change(&path, |bytes| bytes[at] ^= 4);
        assert_eq!(index(), sound, "byte {at}");
        change(&path, |bytes| bytes[at] ^= 4);
    }
    change(&path, |bytes| bytes.truncate(len / 2));
    assert_eq!(index(), sound);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(index(), sound);
}

#[test]
fn a_segment_of_another_partition_in_its_place_is_found() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(dir.path()));
    let other = tempfile::tempdir().unwrap();
    let store = Store::create(other.path(), super::super::testing::origin()).unwrap();
    let elsewhere = crate::event::TopicPartition::new("payments", 0);
    store.append(&batch(&elsewhere, &numbered(0, 5)), 0, 5).unwrap();
    store.flush().unwrap();
    let path = segments(dir.path())[0].clone();
    std::fs::copy(&segments(other.path())[0], &path).unwrap();
    let (store, mut damages) = Store::open(dir.path()).unwrap();
    damages.extend(verify(&store));
    assert_eq!(damages.len(), 1, "{damages:?}");
    assert_eq!(damages[0].file, path);
}
