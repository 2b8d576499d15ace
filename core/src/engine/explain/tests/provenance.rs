//! The events that are said to have made a row do make it, and none of them is idle.

use proptest::prelude::*;

use super::made;
use crate::engine::tests::{Told, run};

/// An event: topic, time, key, and a number that is never 0.
type Given = (bool, i64, u8, i64);

const SOURCES: &str =
    "version = 1\n[nodes.one]\nkind = \"stream\"\ntopic = \"one\"\n[nodes.two]\nkind = \"stream\"\ntopic = \"two\"\n";

fn over(window: &str) -> String {
    format!(
        "version = 1\n[nodes.one]\nkind = \"stream\"\ntopic = \"one\"\n[nodes.sums]\nkind = \"aggregate\"\ninput = \"one\"\n\
         by = [\"key AS id\"]\nselect = {{ n = \"count(*)\", sum = \"sum(value.v)\" }}\n{window}"
    )
}

fn joined(how: &str) -> String {
    format!(
        "{SOURCES}[nodes.both]\nkind = \"join\"\nhow = \"{how}\"\nleft = \"one\"\nright = \"two\"\non = [\"one.key = two.key\"]\n\
         within = {{ before = \"5ms\", after = \"9ms\" }}\ngrace = \"7ms\"\n\
         [nodes.sums]\nkind = \"aggregate\"\ninput = \"both\"\nby = [\"one.key AS id\"]\n\
         select = {{ n = \"count(*)\", ones = \"sum(one.value.v)\", twos = \"sum(two.value.v)\" }}\n"
    )
}

/// A table's keys put together in two groups: an event takes the place of the one before.
const TABLE: &str = "version = 1\n[nodes.one]\nkind = \"table\"\ntopic = \"one\"\n[nodes.sums]\nkind = \"aggregate\"\n\
                     input = \"one\"\nby = [\"value.v % 2 AS id\"]\nselect = { n = \"count(*)\", sum = \"sum(value.v)\" }\n";

/// A sum of sums, whose groups are not those of the view.
fn sums_of_sums() -> String {
    over("window = { kind = \"tumbling\", size = \"10ms\" }\ngrace = \"20ms\"\n")
        + "[nodes.all]\nkind = \"aggregate\"\ninput = \"sums\"\nby = [\"n AS id\"]\n\
           select = { groups = \"count(*)\", total = \"sum(sum)\" }\n"
}

fn told(events: &[(&Given, String)]) -> Vec<Vec<String>> {
    events
        .iter()
        .map(|((two, time, key, _), value)| {
            vec![if *two { "two" } else { "one" }.to_owned(), time.to_string(), key.to_string(), value.clone()]
        })
        .collect()
}

/// The rows of the view over some events; each as its columns, keyed by name where it is asked for.
fn rows(pipeline: &str, events: &[&Given]) -> Vec<Vec<String>> {
    let valued: Vec<(&Given, String)> = events.iter().map(|event| (*event, format!("{{\"v\":{}}}", event.3))).collect();
    let texts = told(&valued);
    let events: Vec<Told<'_>> = texts
        .iter()
        .zip(events)
        .map(|(text, event)| (text[0].as_str(), event.1, text[2].as_str(), text[3].as_str()))
        .collect();
    run(pipeline, &events).into_iter().skip(1).map(|row| row.split(" | ").map(str::to_owned).collect()).collect()
}

/// Explains every row, and holds the events that made it against what only they come to.
fn check(pipeline: &str, events: &[Given], windowed: bool) {
    let all: Vec<&Given> = events.iter().collect();
    let valued: Vec<(&Given, String)> = all.iter().map(|event| (*event, format!("{{\"v\":{}}}", event.3))).collect();
    let texts = told(&valued);
    let given: Vec<Told<'_>> = texts
        .iter()
        .zip(events)
        .map(|(text, event)| (text[0].as_str(), event.1, text[2].as_str(), text[3].as_str()))
        .collect();
    let every = rows(pipeline, &all);
    for row in &every {
        // A session that was over and another that came after it can begin at one time: the name is of both.
        if windowed && every.iter().filter(|other| other[..2] == row[..2]).count() > 1 {
            continue;
        }
        let name = if windowed { format!("{}@{}", row[0], row[1]) } else { row[0].clone() };
        let explanation = made(pipeline, &given, &name).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Topics have one partition each, so an event's offset is its place among those of its topic.
        let place = |event: &super::super::NamedEvent| {
            let at = event.coordinates.clone().expect("it is named");
            let own = |(_, given): &(usize, &Given)| given.0 == (&*at.topic == "two");
            events.iter().enumerate().filter(own).nth(at.offset as usize).expect("it is there").0
        };
        let makers: Vec<usize> = explanation.made_by.events.iter().map(place).collect();
        let mover = place(&explanation.came_with);
        let only = |moved: bool, without: Option<usize>| -> bool {
            let kept = |at: &usize| (makers.contains(at) || moved && *at == mover) && Some(*at) != without;
            let events: Vec<&Given> = (0..events.len()).filter(kept).map(|at| &events[at]).collect();
            rows(pipeline, &events).contains(row)
        };
        // Where a row comes out when time has passed, the event that made it pass is needed too.
        let moved = !only(false, None);
        assert!(only(moved, None), "{row:?} is not of {makers:?} alone, nor with {mover}");
        for &maker in &makers {
            assert!(!only(moved, Some(maker)), "{row:?} is there without {maker}");
        }
    }
}

prop_compose! {
    /// Events of one topic, out of order.
    fn of_one()(events in prop::collection::vec((0..60_i64, 0..3_u8, 1..50_i64), 1..25)) -> Vec<Given> {
        events.into_iter().map(|(time, key, v)| (false, time, key, v)).collect()
    }
}

prop_compose! {
    /// Events of two topics, in order.
    fn of_two()(events in prop::collection::vec((any::<bool>(), 0..4_i64, 0..2_u8, 1..50_i64), 1..25)) -> Vec<Given> {
        let mut now = 0;
        events.into_iter().map(|(two, ahead, key, v)| { now += ahead; (two, now, key, v) }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_windows_row_is_made_by_its_events_and_by_each_of_them(events in of_one()) {
        for window in [
            "",
            "window = { kind = \"tumbling\", size = \"10ms\" }\ngrace = \"8ms\"\n",
            "window = { kind = \"hopping\", size = \"10ms\", advance = \"4ms\" }\ngrace = \"3ms\"\n",
            "window = { kind = \"session\", gap = \"6ms\" }\ngrace = \"9ms\"\n",
            "window = { kind = \"tumbling\", size = \"10ms\" }\ngrace = \"8ms\"\nemit = \"final\"\n",
            "window = { kind = \"session\", gap = \"6ms\" }\ngrace = \"9ms\"\nemit = \"final\"\n",
        ] {
            check(&over(window), &events, !window.is_empty());
        }
    }

    #[test]
    fn a_sliding_windows_row_is_made_by_the_rows_in_it(events in of_one()) {
        let text = over("window = { kind = \"sliding\", size = \"10ms\" }\ngrace = \"8ms\"\n");
        let all: Vec<&Given> = events.iter().collect();
        let valued: Vec<(&Given, String)> = all.iter().map(|event| (*event, format!("{{\"v\":{}}}", event.3))).collect();
        let texts = told(&valued);
        let given: Vec<Told<'_>> =
            texts.iter().map(|text| (text[0].as_str(), text[1].parse().unwrap(), text[2].as_str(), text[3].as_str())).collect();
        for row in rows(&text, &all) {
            let explanation = made(&text, &given, &format!("{}@{}", row[0], row[1])).unwrap();
            let values = explanation.made_by.events.iter().map(|event| {
                events[event.coordinates.as_ref().unwrap().offset as usize].3
            });
            prop_assert_eq!((explanation.made_by.count.to_string(), values.sum::<i64>().to_string()), (row[3].clone(), row[4].clone()));
        }
    }

    #[test]
    fn a_joined_row_is_made_by_both_sides(events in of_two()) {
        check(&joined("inner"), &events, false);
    }

    #[test]
    fn a_group_of_a_table_is_made_by_the_events_that_hold(events in of_one()) {
        check(TABLE, &events, false);
    }

    #[test]
    fn a_sum_of_sums_is_made_by_the_events_of_its_sums(events in of_one()) {
        check(&sums_of_sums(), &events, false);
    }
}
