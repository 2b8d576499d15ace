//! Files made to do harm give errors, never a panic and never memory that is not theirs.

use std::sync::OnceLock;

use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::super::testing::{batch, partition, rows};
use super::super::{Store, VerifyProgress, check_manifest, check_segment, ipc};
use super::*;

/// A change to a file's bytes.
#[derive(Debug, Clone)]
enum Change {
    Flip { at: usize, bits: u8 },
    Write { at: usize, number: i64 },
    Cut { at: usize },
    Repeat { at: usize, len: usize },
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = any::<usize>;
    let number = prop_oneof![
        Just(0_i64),
        Just(-1),
        Just(i64::MAX),
        Just(i64::MIN),
        Just(i64::from(i32::MAX)),
        -100_i64..100,
        any::<i64>()
    ];
    let change = prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, bits)| Change::Flip { at, bits }),
        4 => (at(), number).prop_map(|(at, number)| Change::Write { at, number }),
        1 => at().prop_map(|at| Change::Cut { at }),
        1 => (at(), 1_usize..64).prop_map(|(at, len)| Change::Repeat { at, len }),
    ];
    prop::collection::vec(change, 1..6)
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    match *change {
        Change::Flip { at, bits } => {
            let at = at % bytes.len();
            bytes[at] ^= bits;
        }
        Change::Write { at, number } => {
            let at = (at % bytes.len()) & !3;
            for (byte, new) in bytes[at..].iter_mut().zip(number.to_le_bytes()) {
                *byte = new;
            }
        }
        Change::Cut { at } => bytes.truncate(at % bytes.len()),
        Change::Repeat { at, len } => {
            let at = at % bytes.len();
            let part = bytes[at..bytes.len().min(at + len)].to_vec();
            bytes.splice(at..at, part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_in_place_of_a_segment_give_events_or_an_error(rows in rows(12), changes in changes()) {
        prop_assume!(!rows.is_empty());
        let mut bytes = Vec::new();
        ipc::encode(&batch(&partition(), &rows), (0, 1_000), &super::super::testing::origin(), &mut bytes).unwrap();
        changes.iter().for_each(|change| apply(&mut bytes, change));
        if let Ok(events) = check_segment(&bytes) {
            // Whatever is let through can be read to the end.
            let read: usize = events.events().map(|event| Row::of(event).headers.len()).sum();
            prop_assert!(read <= bytes.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_manifest_opens_or_is_refused(
        numbers in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            Just("0".to_owned()), Just("-1".to_owned()), Just("9223372036854775807".to_owned()),
            Just("-9223372036854775808".to_owned()), Just("18446744073709551615".to_owned()),
            (0_i64..200).prop_map(|number| number.to_string()),
        ]), 1..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        copy_of_recording(dir.path());
        let path = dir.path().join("recording.json");
        let mut manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for (which, number) in numbers {
            let mut spots = Vec::new();
            collect_numbers(&mut manifest["topics"], &mut spots);
            let at = which.index(spots.len());
            *spots.swap_remove(at) = serde_json::from_str(&number).unwrap();
        }
        let text = super::super::manifest::summed(&manifest);
        let _ = check_manifest(&text);
        std::fs::write(&path, text).unwrap();
        if let Ok((store, _)) = Store::open(dir.path()) {
            store.verify(&VerifyProgress::default(), &CancellationToken::new());
            let snapshot = store.snapshot();
            for segment in snapshot.segments() {
                if let (Ok(events), Ok(blocks), Ok(order)) = (segment.events(), segment.blocks(), segment.time_order()) {
                    prop_assert_eq!(events.len(), segment.len());
                    prop_assert_eq!(blocks.blocks().len(), events.len().div_ceil(super::super::BLOCK_ROWS));
                    prop_assert!(order.is_none_or(|order| order.len() == events.len()));
                }
            }
            for held in snapshot.topics.iter().flat_map(|topic| &topic.partitions) {
                let disjoint = held.segments.windows(2).all(|two| two[0].last_offset() < two[1].first_offset());
                prop_assert!(disjoint, "{:?}", held.segments);
                held.holes();
            }
        }
    }
}

/// A recording, made once and copied for each case.
fn copy_of_recording(to: &Path) {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let from = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        drop(recording(dir.path()));
        dir
    });
    let listed = super::super::files::list(from.path()).unwrap();
    for file in listed.iter().map(PathBuf::as_path).chain([Path::new("recording.json")]) {
        let copy = to.join(file);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(from.path().join(file), copy).unwrap();
    }
}

fn collect_numbers<'a>(value: &'a mut serde_json::Value, found: &mut Vec<&'a mut serde_json::Value>) {
    match value {
        serde_json::Value::Number(_) => found.push(value),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| collect_numbers(item, found)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| collect_numbers(field, found)),
        _ => {}
    }
}

#[test]
fn a_name_that_leads_out_of_the_recording_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    drop(recording(&dir.path().join("recording")));
    let path = dir.path().join("recording/recording.json");
    let secret = dir.path().join("secret.arrow");
    std::fs::copy(&segments(&dir.path().join("recording"))[0], secret).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    manifest["topics"][0]["partitions"][0]["segments"][0]["file"] = "../secret.arrow".into();
    std::fs::write(&path, super::super::manifest::summed(&manifest)).unwrap();
    let (store, damages) = Store::open(&dir.path().join("recording")).unwrap();
    assert!(damages[0].to_string().contains("leads out of the recording"), "{damages:?}");
    assert!(store.snapshot().segments().all(|segment| segment.path().unwrap().starts_with(store.dir())));
}
