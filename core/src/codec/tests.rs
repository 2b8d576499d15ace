use arrow_array::LargeBinaryArray;
use proptest::prelude::*;

use super::*;

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

fn cells(choice: Choice, payload: Option<&'static [u8]>, paths: &[&str]) -> Vec<Cell<'static>> {
    let column = LargeBinaryArray::from_opt_vec(vec![payload]);
    let paths: Vec<Path> = paths.iter().map(|text| path(text)).collect();
    Codec::new(choice)
        .columns(&Payloads::new(&column, &[0]), &paths, Fault::UndecodableValue)
        .into_iter()
        .map(|mut column| column.remove(0).into_owned())
        .collect()
}

#[test]
fn null_empty_and_jsons_null_are_three_things() {
    let codec = Codec::new(Choice::Json);
    assert_eq!(codec.decode(None), Decoded::Null);
    assert_eq!(codec.decode(Some(b"")), Decoded::Empty);
    assert_eq!(codec.decode(Some(b" null ")), Decoded::Value(Value::Null));
    assert_eq!(cells(Choice::Json, None, &["", "a"]), [Cell::Missing, Cell::Missing]);
    assert_eq!(cells(Choice::Json, Some(b""), &["", "a"]), [Cell::Text("".into()), Cell::Missing]);
    assert_eq!(cells(Choice::Json, Some(b"null"), &["", "a"]), [Cell::Null, Cell::Missing]);
    assert_eq!(cells(Choice::Json, Some(b"{\"a\":null}"), &["a", "b"]), [Cell::Null, Cell::Missing]);
}

#[test]
fn what_is_not_json_survives_with_the_reason() {
    let codec = Codec::new(Choice::Json);
    let Decoded::Undecodable(garbage) = codec.decode(Some(b"{\"a\": NaN}")) else { panic!("NaN is not JSON") };
    assert_eq!(garbage.reason, "not JSON: no value begins here at byte 6");
    assert_eq!(garbage.raw, Value::String("{\"a\": NaN}".into()));
    let Decoded::Undecodable(bytes) = codec.decode(Some(&[b'"', 0xff, b'"'])) else { panic!("not UTF-8") };
    assert_eq!((bytes.at, bytes.raw), (Some(1), Value::Bytes(vec![b'"', 0xff, b'"'])));
    assert_eq!(
        cells(Choice::Json, Some(b"{\"a\":1"), &["a", "b"]),
        [Cell::Failed(Fault::UndecodableValue), Cell::Failed(Fault::UndecodableValue)]
    );
}

#[test]
fn of_a_repeated_key_all_are_kept_and_the_last_counts() {
    let text = br#"{"a":{"b":1},"a":{"c":2},"x":1,"x":[3]}"#;
    let Decoded::Value(value) = Codec::new(Choice::Json).decode(Some(text)) else { panic!("JSON") };
    assert_eq!(json::compact(&value).as_bytes(), text);
    assert_eq!(value.get(&path("a.b")), None);
    assert_eq!(
        cells(Choice::Json, Some(text), &["a.b", "a.c", "x", "x[0]"]),
        [Cell::Missing, Cell::Int(2), Cell::Array("[3]".into()), Cell::Int(3)]
    );
}

#[test]
fn a_framed_payload_is_named_and_shown_as_bytes() {
    let Decoded::Undecodable(framed) = Codec::new(Choice::Framed).decode(Some(&[0, 0, 0, 0, 7, 1, 2])) else {
        panic!("not decoded")
    };
    assert!(framed.reason.contains("schema id 7"), "{}", framed.reason);
    assert_eq!(framed_schema_id(&[0, 0, 0, 0, 7]), None);
}

#[test]
fn every_format_has_a_name_that_reads_back() {
    for choice in Choice::ALL {
        assert_eq!(choice.name().parse(), Ok(choice));
        assert_eq!(serde_json::to_string(&choice).unwrap(), format!("\"{choice}\""));
    }
}

#[test]
fn pretty_json_keeps_every_digit() {
    let text = "{\n  \"id\": 9007199254740993,\n  \"rate\": 1.50e-2,\n  \"none\": {},\n  \"list\": [\n    -0,\n    \"ž\\n\"\n  ]\n}";
    let value = json::parse(text.as_bytes()).unwrap();
    assert_eq!(json::pretty(&value), text);
}

/// Any JSON value, with the few names that make paths meet.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let name = prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("é\"".to_owned()), ".{0,3}"];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn any_path() -> impl Strategy<Value = Path> {
    let step = prop_oneof![
        Just(Step::Field("a".into())),
        Just(Step::Field("b".into())),
        Just(Step::Field("é\"".into())),
        (0_usize..3).prop_map(Step::Index),
    ];
    prop::collection::vec(step, 0..4).prop_map(Path::new)
}

proptest! {
    #[test]
    fn json_comes_back_as_it_went_in(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let ours = json::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(json::compact(&ours), serde_json::to_string(&value).unwrap());
        let theirs = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        prop_assert_eq!(theirs(&json::pretty(&ours)), theirs(&text));
    }

    #[test]
    fn columns_are_what_decoding_gives_row_by_row(
        values in prop::collection::vec(prop_oneof![
            6 => any_json().prop_map(|value| Some(value.to_string().into_bytes())),
            1 => Just(None),
            1 => prop::collection::vec(any::<u8>(), 0..6).prop_map(Some),
        ], 1..6),
        paths in prop::collection::btree_set(any_path(), 1..6),
    ) {
        let paths: Vec<Path> = paths.into_iter().collect();
        let column = LargeBinaryArray::from_opt_vec(values.iter().map(Option::as_deref).collect());
        let rows: Vec<u32> = (0..values.len() as u32).collect();
        for choice in Choice::ALL {
            let codec = Codec::new(choice);
            let columns = codec.columns(&Payloads::new(&column, &rows), &paths, Fault::UndecodableValue);
            for (column, path) in columns.iter().zip(&paths) {
                for (cell, payload) in column.iter().zip(&values) {
                    let decoded = codec.decode(payload.as_deref());
                    let expected = match &decoded {
                        Decoded::Null => Cell::Missing,
                        Decoded::Empty if path.is_root() => Cell::Text("".into()),
                        Decoded::Empty => Cell::Missing,
                        Decoded::Value(value) => value.get(path).map_or(Cell::Missing, Value::cell),
                        Decoded::Undecodable(_) => Cell::Failed(Fault::UndecodableValue),
                    };
                    // NaN is not equal to itself, so floats are compared as they are written.
                    prop_assert_eq!(format!("{cell:?}"), format!("{expected:?}"), "{} {}", choice, path);
                }
            }
        }
    }

    #[test]
    fn a_payload_that_holds_a_text_holds_its_traces(value in any_json(), escape_all in any::<bool>()) {
        let mut json = value.to_string();
        if escape_all {
            json = json.chars().map(|c| if c.is_ascii() { c.to_string() } else { utf16_escapes(c) }).collect();
        }
        for text in texts(&value) {
            if let Some(Traces::AnyOf(any_of)) = Codec::new(Choice::Json).traces(&text) {
                let found = any_of.iter().any(|trace| memchr::memmem::find(json.as_bytes(), trace).is_some());
                prop_assert!(found, "{:?} in {}", text, json);
            }
        }
    }
}

fn utf16_escapes(c: char) -> String {
    let mut units = [0; 2];
    c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn texts(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        serde_json::Value::Object(entries) => entries.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
