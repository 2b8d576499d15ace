//! The rules that importing keeps, on real files.

use std::path::PathBuf;

use polars::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::event::{EventRef, TimestampType, TopicPartition, Watermarks};

/// What came out of an import: the batches as they were handed over, and the report.
struct Outcome {
    batches: Vec<(EventBatch, i64, i64)>,
    report: ImportReport,
}

impl Outcome {
    fn events(&self) -> impl Iterator<Item = EventRef<'_>> {
        self.batches.iter().flat_map(|(batch, _, _)| batch.events())
    }

    fn values(&self) -> Vec<String> {
        self.events().map(|event| shown(event.value())).collect()
    }

    /// Line or row and reason of everything that could not be read.
    fn unread(&self) -> Vec<String> {
        let name = |unread: &Unread| unread.to_string().rsplit('/').next().unwrap().to_owned();
        self.report.listed.iter().map(name).collect()
    }
}

fn shown(bytes: Option<&[u8]>) -> String {
    bytes.map_or("null".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn file(dir: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn try_import(files: &[PathBuf], options: &ImportOptions) -> Result<Outcome, ImportError> {
    let mut batches = Vec::new();
    let progress = ImportProgress::default();
    let report = import(files, options, &progress, &CancellationToken::new(), &mut |events, from, next| {
        assert!(!events.is_empty() && from <= events.offsets()[0]);
        assert_eq!(events.offsets().last().map(|last| last + 1), Some(next));
        batches.push((events, from, next));
        Ok(())
    })?;
    assert_eq!(progress.events.into_inner(), report.events);
    assert_eq!(progress.unread.into_inner(), report.unread);
    assert_eq!(progress.bytes_done.into_inner(), progress.bytes_total.into_inner());
    Ok(Outcome { batches, report })
}

fn imported(files: &[PathBuf], options: &ImportOptions) -> Outcome {
    try_import(files, options).unwrap()
}

fn named(key: &str, time: &str) -> ImportOptions {
    ImportOptions { key_field: Some(key.to_owned()), time_field: Some(time.to_owned()), ..ImportOptions::default() }
}

#[test]
fn a_kcat_dump_comes_back_record_by_record() {
    let dir = tempfile::tempdir().unwrap();
    let mut dump = Vec::new();
    dump.extend_from_slice(
        br#"{"topic":"orders","partition":2,"offset":5,"tstype":"create","ts":1700000000123,"broker":1,"headers":["a","1","a",null,"b",""],"key":"k\"\u00e4","payload":"{\"n\":9007199254740993}"}
{"topic":"orders","partition":2,"offset":7,"tstype":"logappend","ts":1700000000124,"broker":1,"key":null,"payload":null}
{"topic":"orders","partition":0,"offset":0,"tstype":"unknown","ts":-1,"broker":1,"key":"","payload":""}

{"topic":"orders","partition":1,"key":"no offset","payload":{"decoded": 1.10}}
{"topic":"orders","partition":1,"key":7,"payload":"second"}
"#,
    );
    dump.extend_from_slice(
        b"{\"topic\":\"orders\",\"partition\":2,\"offset\":8,\"ts\":1,\"key\":null,\"payload\":\"\xFF\\u0000\"}\r\n",
    );
    let outcome = imported(&[file(&dir, "dump", &dump)], &ImportOptions::default());
    assert_eq!(outcome.report.files[0].format, Format::Kcat);
    let events: Vec<_> = outcome
        .events()
        .map(|event| {
            let headers: Vec<_> = event.headers().collect();
            let at = (event.partition(), event.offset(), event.timestamp_ms(), event.timestamp_type());
            (at, event.key(), event.value(), headers)
        })
        .collect();
    let create = TimestampType::Create;
    let headers = vec![("a", Some(&b"1"[..])), ("a", None), ("b", Some(&b""[..]))];
    assert_eq!(
        events,
        [
            (
                (2, 5, 1_700_000_000_123, create),
                Some("k\"ä".as_bytes()),
                Some(&b"{\"n\":9007199254740993}"[..]),
                headers
            ),
            ((2, 7, 1_700_000_000_124, TimestampType::LogAppend), None, None, vec![]),
            ((2, 8, 1, create), None, Some(&b"\xFF\x00"[..]), vec![]),
            ((0, 0, -1, TimestampType::None), Some(&b""[..]), Some(&b""[..]), vec![]),
            ((1, 0, -1, TimestampType::None), Some(&b"no offset"[..]), Some(&b"{\"decoded\": 1.10}"[..]), vec![]),
            ((1, 1, -1, TimestampType::None), Some(&b"7"[..]), Some(&b"second"[..]), vec![]),
        ]
    );
    let partition = |number, events, low, high| ImportedPartition {
        partition: TopicPartition::new("orders", number),
        events,
        watermarks: Watermarks { low, high },
    };
    assert_eq!(outcome.report.partitions, [partition(0, 1, 0, 1), partition(1, 2, 0, 2), partition(2, 3, 5, 9)]);
    assert_eq!((outcome.report.unread, outcome.report.untimed), (0, 3));
}

#[test]
fn what_cannot_be_read_is_named_by_its_line_and_the_rest_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let dump = r#"{"topic":"t","partition":0,"offset":0,"payload":"a"}
{"topic":"t","partition":0,"offset":1,"payload":"cut off
{"partition":0,"offset":2,"payload":"homeless"}
{"topic":"t","partition":-1,"offset":3,"payload":"x"}
{"topic":"t","partition":0,"offset":1.5,"payload":"x"}
[1]
{"topic":"t","partition":0,"offset":0,"payload":"again"}
{"topic":"t","partition":0,"offset":4,"headers":["alone"],"payload":"x"}
{"topic":"t","partition":0,"offset":5,"ts":"noon","payload":"z"}"#;
    let outcome = imported(&[file(&dir, "bad.jsonl", dump)], &ImportOptions::default());
    assert_eq!(outcome.values(), ["a", "z"]);
    assert_eq!(
        outcome.unread(),
        [
            "bad.jsonl, line 2: no JSON: EOF while parsing a string at character 56",
            "bad.jsonl, line 3: no topic",
            "bad.jsonl, line 4: -1 is no partition",
            "bad.jsonl, line 5: 1.5 is no offset",
            "bad.jsonl, line 6: no record: not a JSON object with fields",
            "bad.jsonl, line 7: offset 0 of t [0] was read before, or passed over as a gap",
            "bad.jsonl, line 8: headers: a name without a value",
            "bad.jsonl, line 9: ts \"noon\" is no timestamp; kept without a timestamp",
        ]
    );
    assert_eq!((outcome.report.unread, outcome.report.files[0].unread, outcome.report.untimed), (7, 7, 2));
    assert_eq!(outcome.report.listed.iter().filter(|unread| unread.kept).count(), 1);
}

#[test]
fn dumps_given_newest_first_still_cover_everything_once() {
    let dir = tempfile::tempdir().unwrap();
    let dump = |offsets: std::ops::Range<i64>| -> String {
        offsets
            .map(|offset| format!("{{\"topic\":\"t\",\"partition\":0,\"offset\":{offset},\"payload\":\"{offset}\"}}\n"))
            .collect()
    };
    let files = [file(&dir, "b", dump(10..20)), file(&dir, "a", dump(0..12)), file(&dir, "c", dump(18..25))];
    let outcome = imported(&files, &ImportOptions::default());
    let mut offsets: Vec<i64> = outcome.events().map(EventRef::offset).collect();
    offsets.sort_unstable();
    assert_eq!(offsets, (0..25).collect::<Vec<_>>());
    assert_eq!(outcome.report.unread, 4);
    let mut covered: Vec<(i64, i64)> = outcome.batches.iter().map(|&(_, from, next)| (from, next)).collect();
    covered.sort_unstable();
    assert_eq!(covered, [(0, 10), (10, 20), (20, 25)]);
    assert_eq!(outcome.report.partitions[0].watermarks, Watermarks { low: 0, high: 25 });
}

#[test]
fn lines_that_fabula_wrote_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let lines = r#"{"topic":"t","partition":3,"offset":9,"timestamp":"2026-03-14T09:14:07.482Z","timestamp_ms":1773479647482,"timestamp_type":"log_append","key":"k","value":{"amount":129.90,"n":9007199254740993},"headers":[["h","1"],["h",null],["b",{"$base64":"AP8="}]]}
{"topic":"t","partition":3,"offset":10,"timestamp":null,"timestamp_ms":null,"timestamp_type":"none","key":null,"value":null,"headers":[]}
{"topic":"t","partition":3,"offset":11,"timestamp":"2026-03-14T09:14:07.482Z","timestamp_type":"create","key":{"$base64":"/w=="},"value":"plain \"text\"","headers":[]}
{"topic":"t","partition":3,"offset":12,"timestamp_ms":1,"timestamp_type":"create","key":null,"value":{"$base64":"!"},"headers":[]}
"#;
    let outcome = imported(&[file(&dir, "lines.json", lines)], &ImportOptions::default());
    assert_eq!(outcome.report.files[0].format, Format::Fabula);
    let events: Vec<EventRef<'_>> = outcome.events().collect();
    assert_eq!((events[0].partition(), events[0].offset(), events[0].timestamp_ms()), (3, 9, 1_773_479_647_482));
    assert_eq!(events[0].timestamp_type(), TimestampType::LogAppend);
    assert_eq!(events[0].value(), Some(&br#"{"amount":129.90,"n":9007199254740993}"#[..]));
    assert_eq!(
        events[0].headers().collect::<Vec<_>>(),
        [("h", Some(&b"1"[..])), ("h", None), ("b", Some(&b"\x00\xFF"[..]))]
    );
    assert_eq!((events[1].key(), events[1].value(), events[1].time_ns()), (None, None, None));
    assert_eq!((events[2].key(), events[2].value()), (Some(&b"\xFF"[..]), Some(&b"plain \"text\""[..])));
    assert_eq!(events[2].timestamp_ms(), 1_773_479_647_482);
    assert!(outcome.unread()[0].starts_with("lines.json, line 4: $base64: "), "{:?}", outcome.unread());
}

#[test]
fn json_lines_keep_every_byte_and_name_their_own_key_time_and_topic() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "\u{feff}{\"id\":7,\"at\":\"2026-03-14 10:00:00+01:00\",\"to\":{\"topic\":\"a\"},\"x\":1.10, \"x\":12345678901234567890}\n\
                 {\"id\":\"seven\",\"at\":1773478800,\"to\":{\"topic\":\"b\"}}\n\
                 {\"id\":null,\"at\":null,\"to\":{\"topic\":\"a\"}}\n\
                 {\"id\":{\"n\":1},\"at\":\"soon\",\"to\":{}}\n\
                 {\"id\":{\"n\": 1},\"at\":\"soon\",\"to\":{\"topic\":\"b\"}}";
    let options = ImportOptions { topic_field: Some("to.topic".to_owned()), ..named("id", "at") };
    let outcome = imported(&[file(&dir, "rows.ndjson", lines)], &options);
    let events: Vec<_> = outcome
        .events()
        .map(|event| (event.topic().to_string(), event.offset(), event.timestamp_ms(), shown(event.key())))
        .collect();
    let event = |topic: &str, offset, at_ms, key: &str| (topic.to_owned(), offset, at_ms, key.to_owned());
    assert_eq!(
        events,
        [
            event("a", 0, 1_773_478_800_000, "7"),
            event("a", 1, -1, "null"),
            event("b", 0, 1_773_478_800_000, "seven"),
            event("b", 1, -1, "{\"n\": 1}"),
        ]
    );
    assert_eq!(outcome.values()[0], lines.lines().next().unwrap().trim_start_matches('\u{feff}'));
    assert_eq!(
        outcome.unread(),
        [
            "rows.ndjson, line 3: at is missing, null or empty; kept without a timestamp",
            "rows.ndjson, line 4: no topic: to.topic is missing, null or empty",
            "rows.ndjson, line 5: at: “soon” is no time; kept without a timestamp",
        ]
    );
}

#[test]
fn cells_stay_the_texts_that_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let table = "id;at;note\n007;2026-03-14;\"two\nlines; \"\"quoted\"\"\"\n008;;1.10\n9;x\n\u{e4};2026-03-15;\n";
    let mut bytes = table.as_bytes().to_vec();
    bytes.extend_from_slice(b"10;2026-03-16;\xFF\n");
    let outcome = imported(&[file(&dir, "my table.v2.csv", &bytes)], &named("id", "at"));
    assert_eq!(
        outcome.values(),
        [
            r#"{"id":"007","at":"2026-03-14","note":"two\nlines; \"quoted\""}"#,
            r#"{"id":"008","at":"","note":"1.10"}"#,
            r#"{"id":"ä","at":"2026-03-15","note":""}"#,
        ]
    );
    assert_eq!(outcome.events().map(|event| shown(event.key())).collect::<Vec<_>>(), ["007", "008", "ä"]);
    assert_eq!(&**outcome.batches[0].0.topic(), "my-table");
    assert_eq!(
        outcome.unread(),
        [
            "my table.v2.csv, line 4: at is missing, null or empty; kept without a timestamp",
            "my table.v2.csv, line 5: 2 cells under 3 names",
            "my table.v2.csv, line 7: cell 3 is no UTF-8 text",
        ]
    );
}

#[test]
fn a_field_that_is_not_there_is_refused_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let first = file(&dir, "a.csv", "id,at\n1,2\n");
    let second = file(&dir, "b.csv", "id,when\n1,2\n");
    let refused = try_import(&[first.clone(), second], &named("id", "at")).err().unwrap().to_string();
    assert!(refused.contains("“at” is no column of") && refused.contains("id, when"), "{refused}");
    let dump = file(&dir, "dump", r#"{"topic":"t","partition":0,"offset":0,"payload":"a"}"#);
    let refused = try_import(&[first, dump], &named("id", "at")).err().unwrap().to_string();
    assert!(refused.contains("leave it out"), "{refused}");
    let refused = try_import(&[dir.path().join("none")], &ImportOptions::default()).err().unwrap().to_string();
    assert!(refused.contains("none: "), "{refused}");
    let packed = file(&dir, "x.csv.gz", b"\x1F\x8B\x08\x00");
    let refused = try_import(&[packed], &ImportOptions::default()).err().unwrap().to_string();
    assert!(refused.contains("gzip"), "{refused}");
}

#[test]
fn the_elements_of_an_array_are_events() {
    let dir = tempfile::tempdir().unwrap();
    let array = file(&dir, "array.json", "[\n  {\"n\": 1},\n  {\"n\": [2, {}]}\n]\n");
    let outcome = imported(&[array], &ImportOptions::default());
    let values: Vec<_> = outcome.events().map(|event| event.value().map(<[u8]>::to_vec)).collect();
    assert_eq!(values.len(), 2, "{values:?}");
    assert_eq!(values[1].as_deref(), Some(br#"{"n": [2, {}]}"#.as_slice()));
}

#[test]
fn files_of_one_topic_are_appended() {
    let dir = tempfile::tempdir().unwrap();
    let files = [file(&dir, "a.csv", "n\n1\n2\n"), file(&dir, "b.csv", "n\n3\n")];
    let options = ImportOptions { topic: Some("all".to_owned()), ..ImportOptions::default() };
    let outcome = imported(&files, &options);
    let events: Vec<_> = outcome.events().map(|event| (event.topic().to_string(), event.offset())).collect();
    assert_eq!(events, (0..3).map(|offset| ("all".to_owned(), offset)).collect::<Vec<_>>());
    assert_eq!(outcome.report.files.iter().map(|file| file.events).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_large_file_comes_in_batches_of_bounded_size() {
    let dir = tempfile::tempdir().unwrap();
    let row = format!("{{\"filler\":\"{}\"}}\n", "x".repeat(1000));
    let outcome = imported(&[file(&dir, "rows.jsonl", row.repeat(20_000))], &ImportOptions::default());
    assert_eq!(outcome.report.events, 20_000);
    assert!(outcome.batches.iter().all(|(batch, _, _)| batch.payload_bytes() < 5 << 20));
    let bounds: Vec<(i64, i64)> = outcome.batches.iter().map(|&(_, from, next)| (from, next)).collect();
    assert!(bounds.len() > 3 && bounds.windows(2).all(|pair| pair[0].1 == pair[1].0), "{bounds:?}");
}

#[test]
fn an_import_ends_when_it_is_cancelled_or_the_sink_fails() {
    let dir = tempfile::tempdir().unwrap();
    let files = [file(&dir, "rows.jsonl", "{}\n".repeat(5_000))];
    let (options, progress, cancel) = (ImportOptions::default(), ImportProgress::default(), CancellationToken::new());
    let failed = import(&files, &options, &progress, &cancel, &mut |_, _, _| Err("disk full".into()));
    assert!(matches!(failed, Err(ImportError::Sink(error)) if error.to_string() == "disk full"));
    cancel.cancel();
    let cancelled = import(&files, &options, &progress, &cancel, &mut |_, _, _| Ok(()));
    assert!(matches!(cancelled, Err(ImportError::Log(LogError::Cancelled))));
}

fn parquet(dir: &TempDir, name: &str, frame: &mut DataFrame, group_rows: usize) -> PathBuf {
    let path = dir.path().join(name);
    let file = std::fs::File::create(&path).unwrap();
    ParquetWriter::new(file).with_row_group_size(Some(group_rows)).finish(frame).unwrap();
    path
}

#[test]
fn parquet_rows_are_exact() {
    let dir = tempfile::tempdir().unwrap();
    let big = Column::new("big".into(), [Some(9_007_199_254_740_993_i64), None, Some(i64::MIN)]);
    let name = Column::new("name".into(), [Some("Zoë \"Z\"\n"), Some(""), None]);
    let amount = Column::new("amount".into(), [Some(12_990_i128), Some(-5), None]);
    let amount = amount.i128().unwrap().clone().into_decimal_unchecked(20, 2).into_column();
    let at = Column::new("at".into(), [1_773_479_647_482_999_i64, 0, -1]);
    let at = at.cast(&DataType::Datetime(polars::prelude::TimeUnit::Microseconds, None)).unwrap();
    let day = Column::new("day".into(), [Some(20_526_i32), Some(-1), None]).cast(&DataType::Date).unwrap();
    let ratio = Column::new("ratio".into(), [Some(0.1_f64), Some(f64::NAN), None]);
    let flag = Column::new("flag".into(), [Some(true), Some(false), None]);
    let raw = Column::new("raw".into(), [Some(&b"\xFF\x00"[..]), Some(b""), None]);
    let tags =
        [Series::new("".into(), [1_i64, 2]), Series::new("".into(), [0_i64; 0]), Series::new("".into(), [3_i64])];
    let tags = Column::new("tags".into(), tags);
    let inner = [Series::new("a".into(), [1_u32, 2, 3]), Series::new("b".into(), [Some("x"), None, Some("z")])];
    let inner = StructChunked::from_series("inner".into(), 3, inner.iter()).unwrap().into_column();
    let columns = vec![big, name, amount, at, day, ratio, flag, raw, tags, inner];
    let mut frame = DataFrame::new(3, columns).unwrap();
    let outcome = imported(&[parquet(&dir, "rows.parquet", &mut frame, 2)], &named("big", "at"));
    assert_eq!(
        outcome.values(),
        [
            r#"{"big":9007199254740993,"name":"Zoë \"Z\"\n","amount":129.90,"at":"2026-03-14T09:14:07.482999","day":"2026-03-14","ratio":0.1,"flag":true,"raw":{"$base64":"/wA="},"tags":[1,2],"inner":{"a":1,"b":"x"}}"#,
            r#"{"big":null,"name":"","amount":-0.05,"at":"1970-01-01T00:00:00","day":"1969-12-31","ratio":"NaN","flag":false,"raw":"","tags":[],"inner":{"a":2,"b":null}}"#,
            r#"{"big":-9223372036854775808,"name":null,"amount":null,"at":"1969-12-31T23:59:59.999999","day":null,"ratio":null,"flag":null,"raw":null,"tags":[3],"inner":{"a":3,"b":"z"}}"#,
        ]
    );
    let times: Vec<i64> = outcome.events().map(EventRef::timestamp_ms).collect();
    assert_eq!(times, [1_773_479_647_482, 0, -1]);
    assert!(outcome.events().all(|event| event.timestamp_type() == TimestampType::Create));
    let keys: Vec<String> = outcome.events().map(|event| shown(event.key())).collect();
    assert_eq!(keys, ["9007199254740993", "null", "-9223372036854775808"]);
}

#[test]
fn parquet_of_many_slices_keeps_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let rows = 50_000;
    let mut frame = df!("n" => (0..rows).collect::<Vec<i64>>(), "t" => vec!["x"; rows as usize]).unwrap();
    let outcome = imported(&[parquet(&dir, "n.parquet", &mut frame, 40_000)], &ImportOptions::default());
    let expected: Vec<String> = (0..rows).map(|n| format!("{{\"n\":{n},\"t\":\"x\"}}")).collect();
    assert_eq!(outcome.values(), expected);
    assert_eq!(outcome.report.partitions[0].watermarks, Watermarks { low: 0, high: rows });
}

#[test]
fn a_damaged_parquet_file_is_named_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut frame = df!("n" => (0..1000_i64).collect::<Vec<_>>()).unwrap();
    let whole = parquet(&dir, "whole.parquet", &mut frame, 100);
    let bytes = std::fs::read(&whole).unwrap();
    let cut = file(&dir, "cut.parquet", &bytes[..bytes.len() / 2]);
    let outcome = imported(&[cut, whole], &ImportOptions::default());
    assert_eq!(outcome.report.events, 1000);
    assert!(outcome.unread()[0].starts_with("cut.parquet: no Parquet file: "), "{:?}", outcome.unread());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever is done to a file's bytes, what is left of it is read and the rest is named.
    #[test]
    fn no_damage_to_a_file_ends_the_import(
        name in proptest::sample::select(vec!["x.parquet", "x.jsonl", "x.csv"]),
        places in proptest::collection::vec(proptest::prelude::any::<(proptest::sample::Index, u8)>(), 1..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut frame = df!("n" => [1_i64, 2, 3], "t" => ["x", "y", "z"]).unwrap();
        let path = parquet(&dir, "x.parquet", &mut frame, 2);
        let mut bytes = match name {
            "x.parquet" => std::fs::read(&path).unwrap(),
            "x.csv" => b"n,t\n1,\"x\"\n2,y\n3,z\n".to_vec(),
            _ => b"{\"topic\":\"t\",\"partition\":0,\"offset\":1,\"headers\":[\"a\",\"\\u00e4\"],\"payload\":\"x\"}\n{}\n".to_vec(),
        };
        for (place, byte) in places {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        let (other, damaged) = (file(&dir, "other.csv", "n\n1\n"), file(&dir, name, bytes));
        if let Ok(outcome) = try_import(&[damaged, other], &ImportOptions::default()) {
            proptest::prop_assert_eq!(outcome.report.files[1].events, 1);
        }
    }
}

/// A real log that nobody here made, where it is at hand: read whole, with nothing left out.
#[test]
fn a_real_log_is_read_whole() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/receipt.csv"));
    if !path.exists() {
        println!("skipped: ../shared/data/receipt.csv is not here");
        return;
    }
    let outcome = imported(&[path], &named("case:concept:name", "time:timestamp"));
    assert_eq!((outcome.report.events, outcome.report.unread, outcome.report.untimed), (8_577, 0, 0));
    let cases: std::collections::BTreeSet<&[u8]> = outcome.events().filter_map(EventRef::key).collect();
    assert_eq!(cases.len(), 1_434);
    let first = outcome.events().next().unwrap();
    assert_eq!((shown(first.key()), first.timestamp_ms()), ("case-10011".to_owned(), 1_318_333_540_276));
    assert!(shown(first.value()).contains("\"concept:name\":\"Confirmation of receipt\""));
}

#[test]
fn a_sketch_tells_a_files_fields_and_guesses_key_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let csv = "case:name,case:enddate,starttime,time:timestamp,order_id\nc1,,soon,2011-10-11 13:45:40+02:00,7\n";
    let lines = "{\"id\":1,\"meta\":{\"created_at\":\"2026-03-14T09:00:00Z\",\"key\":\"a\"},\"items\":[]}\n";
    let mut frame = df!("ts" => [1_773_000_000_000_i64], "amount" => [1.5]).unwrap();
    let parquet = dir.path().join("rows.parquet");
    ParquetWriter::new(std::fs::File::create(&parquet).unwrap()).finish(&mut frame).unwrap();
    let owned = |text: &str| Some(text.to_owned());
    let of = |path: &std::path::Path| {
        let Sketch { format, fields, key, time, .. } = sketch(path).unwrap();
        (format, fields.join(" "), key, time)
    };
    assert_eq!(
        of(&file(&dir, "cases.csv", csv)),
        (Format::Csv, csv.lines().next().unwrap().replace(',', " "), owned("order_id"), owned("time:timestamp"))
    );
    assert_eq!(
        of(&file(&dir, "lines.json", lines)),
        (Format::JsonLines, "id meta.created_at meta.key".to_owned(), owned("meta.key"), owned("meta.created_at"))
    );
    assert_eq!(of(&parquet), (Format::Parquet, "ts amount".to_owned(), None, owned("ts")));
    let dump = "{\"topic\":\"orders\",\"partition\":0,\"offset\":1,\"payload\":\"x\"}\n";
    assert_eq!(of(&file(&dir, "dump.json", dump)), (Format::Kcat, String::new(), None, None));
    assert!(sketch(&dir.path().join("none.csv")).unwrap_err().to_string().contains("none.csv"));
}
