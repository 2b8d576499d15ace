//! A past keeps to its limits, and says what it has forgotten.

use super::{Case, Limits, rows_at};
use crate::engine::tests::drawn::Drawn;
use crate::view::PastError;

/// Prices change all the time: many changes of few rows.
fn events(count: i64) -> Vec<Drawn> {
    (0..count).map(|at| (0, 0, 2, (at % 4) as usize, 6, at % 5)).collect()
}

fn pipeline(by: &str) -> String {
    format!(
        "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n\
         [nodes.n]\nkind = \"aggregate\"\ninput = \"orders\"\nby = [\"{by}\"]\nselect = {{ n = \"count(*)\", last = \"last(value.n)\" }}\n"
    )
}

#[test]
fn what_has_no_room_is_forgotten_oldest_first_and_that_is_said() {
    let case = Case::new(&pipeline("key"), &events(3_000));
    let limits = Limits { memory: 2_000, disk: 16_000 };
    let past = case.past("n", limits);
    let (memory, disk) = past.bytes();
    assert!(memory <= 2_000 && disk <= 16_000, "{memory} {disk}");
    let from = past.kept_from_ms().unwrap();
    assert!((100..5_800).contains(&from), "{from}");
    for moment in [from, from + 1, from + 77, 5_900, 6_000] {
        assert_eq!(rows_at(&past, Some(moment)), case.cut_at(Some(moment)).0.rows(0), "as of {moment}");
    }
    assert_eq!(past.as_of(Some(from - 10), 1).err(), Some(PastError::Forgotten { kept_from_ms: from }));
    let row = past.as_of(None, 1).unwrap().rows;
    let history = past.history(&row.row(0), None, 5).unwrap();
    assert!(!history.whole && history.versions.len() == 5, "{history:?}");
    assert_eq!(past.changes(), 3_000);
}

#[test]
fn with_room_nothing_is_forgotten_wherever_it_lies() {
    let case = Case::new(&pipeline("key"), &events(1_000));
    let memory = case.past("n", Limits { memory: 1 << 20, disk: 0 });
    let disk = case.past("n", Limits { memory: 0, disk: 1 << 30 });
    assert_eq!((memory.bytes().1, disk.bytes().0), (0, 0));
    for moment in (0..2_000).step_by(97) {
        assert_eq!(rows_at(&memory, Some(moment)), rows_at(&disk, Some(moment)));
    }
    assert_eq!((memory.kept_from_ms(), disk.kept_from_ms()), (None, None));
}

#[test]
fn of_a_stream_the_last_rows_are_told_and_all_are_counted() {
    let text = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n";
    let case = Case::new(text, &events(500));
    let past = case.past("orders", Limits { memory: 300, disk: 1 << 30 });
    let told = past.as_of(Some(700), 7).unwrap();
    assert_eq!((told.count, told.rows.len()), (350, 7));
    assert_eq!(told.rows.time_ms, [688, 690, 692, 694, 696, 698, 700]);
    let told = past.between(690, Some(700), 3).unwrap();
    assert_eq!((told.added, told.rows.len(), told.left_out), (5, 3, 2));
    let one = past.as_of(Some(8), 1).unwrap().rows;
    let history = past.history(&one.row(0), Some(20), 100).unwrap();
    assert_eq!(history.versions.iter().map(|version| version.at.time_ms).collect::<Vec<_>>(), [8, 16], "{history:?}");
}
