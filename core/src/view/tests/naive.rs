//! Differences and histories are what is found by looking at the rows after every single event.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::{Case, Limits, Row, Shown, codecs, rows_at, shown};
use crate::engine::tests::drawn::{any_events, pipeline};
use crate::engine::{Feed, Plan, Running};
use crate::pipeline::Flow;

/// The rows of every view after each event, by when it is told.
fn after_each_event(case: &Case, node: &str) -> Vec<(i64, Vec<Row>)> {
    let plan = Plan::with_past(case.document.pipeline(), node).unwrap();
    let view = plan.views.iter().position(|view| view.name == node).unwrap();
    let mut feed = Feed::new(&case.store.snapshot(), &plan.sources, codecs, None);
    let (mut kept, mut running) = (Shown::new(&plan), Running::new(plan));
    let mut states = Vec::new();
    while let Some(step) = feed.step(1) {
        running.step(step.rows, &mut kept, &CancellationToken::new()).unwrap();
        let rows = kept.tables[view].sorted().unwrap();
        let columns = &kept.views[view].columns;
        let cells = |row: &crate::engine::TableRow| columns.iter().map(|(_, at, _)| row.cells[*at].clone()).collect();
        states.push((step.times.times_ms[0], rows.iter().map(cells).collect()));
    }
    states
}

fn counted(rows: &[Row]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    rows.iter().for_each(|row| *counts.entry(format!("{row:?}")).or_default() += 1);
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn differences_and_histories_equal_those_found_by_looking_after_every_event(
        choices in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..5),
        events in any_events(60),
        moments in prop::collection::vec(-5..300_i64, 2),
        most in prop_oneof![Just(3_usize), Just(usize::MAX)],
    ) {
        let text = pipeline(&choices);
        let case = Case::new(&text, &events);
        let (whole, _) = case.cut_at(None);
        let (from, to) = (moments[0].min(moments[1]), moments[0].max(moments[1]));
        for view in &whole.views {
            let past = case.past(&view.name, Limits { memory: 400, disk: 1 << 30 });
            let told = past.between(from, Some(to), most).unwrap();
            prop_assert_eq!(told.rows.len() as u64 + told.left_out >= 1, !told.is_none());
            if view.flow == Flow::Stream {
                let (before, after) = (rows_at(&past, Some(from)).len(), rows_at(&past, Some(to)).len());
                prop_assert_eq!(told.added as usize, after - before);
                let last: Vec<Row> = told.rows.iter().map(|row| row.after.as_ref().unwrap().cells.clone()).collect();
                let all = past.as_of(Some(to), usize::MAX).unwrap().rows;
                let expected: Vec<Row> = (all.len() - last.len()..all.len()).map(|row| all.row(row).into_iter().map(|cell| cell.into_owned()).collect()).collect();
                prop_assert_eq!(last, expected);
                continue;
            }
            let states = after_each_event(&case, &view.name);
            let at = |moment: i64| -> &[Row] {
                states.iter().rev().find(|(time, _)| *time <= moment).map_or(&[], |(_, rows)| rows)
            };
            let (before, after) = (counted(at(from)), counted(at(to)));
            // What differs as rows; a row that holds other values is one that went and one that came.
            let more = |one: &BTreeMap<String, u64>, other: &BTreeMap<String, u64>| -> u64 {
                one.iter().map(|(row, count)| count.saturating_sub(other.get(row).copied().unwrap_or(0))).sum()
            };
            let hidden = past.view().id.iter().any(|id| !past.view().columns.iter().any(|(_, column, _)| column == id));
            if !hidden {
                prop_assert_eq!(told.added + told.changed, more(&after, &before), "{}..{} of {}\n{}", from, to, &view.name, &text);
                prop_assert_eq!(told.gone + told.changed, more(&before, &after), "{}..{} of {}\n{}", from, to, &view.name, &text);
            }
            for row in &told.rows {
                let cells = |row: &crate::engine::TableRow| -> String {
                    let cells: Row = past.view().columns.iter().map(|(_, at, _)| row.cells[*at].clone()).collect();
                    format!("{cells:?}")
                };
                prop_assert!(row.before.as_ref().is_none_or(|row| before.contains_key(&cells(row))));
                prop_assert!(row.after.as_ref().is_none_or(|row| after.contains_key(&cells(row))));
            }
            if hidden || past.view().id.is_empty() {
                continue;
            }
            // The history of each row that there is at the end.
            let end = past.as_of(None, usize::MAX).unwrap().rows;
            for row in 0..end.len() {
                let full = end.row(row);
                let own: Row = shown(&end, row, past.view());
                let places: Vec<usize> = past.view().id.iter().map(|id| past.view().columns.iter().position(|(_, column, _)| column == id).unwrap()).collect();
                let same = |other: &Row| places.iter().all(|&place| other[place] == own[place]);
                let mut expected: Vec<Option<String>> = Vec::new();
                for (_, rows) in &states {
                    let now = rows.iter().find(|row| same(row)).map(|row| format!("{row:?}"));
                    if expected.last().unwrap_or(&None) != &now {
                        expected.push(now);
                    }
                }
                let history = past.history(&full, None, most).unwrap();
                prop_assert!(history.whole);
                prop_assert_eq!(history.count, expected.len() as u64, "{} of {}\n{}", format!("{own:?}"), &view.name, &text);
                let told: Vec<Option<String>> = history.versions.iter().map(|version| version.row.as_ref().map(|row| {
                    let cells: Row = past.view().columns.iter().map(|(_, at, _)| row.cells[*at].clone()).collect();
                    format!("{cells:?}")
                })).collect();
                let skipped = expected.len().saturating_sub(most);
                prop_assert_eq!(&told[..], &expected[skipped..]);
            }
        }
    }

    #[test]
    fn what_is_derived_again_is_what_was_there_and_what_is_not_is_found(
        choices in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..5),
        events in any_events(60),
    ) {
        let text = pipeline(&choices);
        let case = Case::new(&text, &events);
        let (whole, _) = case.cut_at(None);
        for view in &whole.views {
            let past = case.past(&view.name, Limits::default());
            let there = past.as_of(None, usize::MAX).unwrap().rows;
            let columns = past.view().columns.clone();
            prop_assert!(past.compared_with(&there, &columns, 10).unwrap().is_none());
            if !there.is_empty() {
                let all_but_one: Vec<u32> = (1..there.len() as u32).collect();
                let told = past.compared_with(&there.take(&all_but_one), &columns, 10).unwrap();
                prop_assert_eq!((told.added, told.gone, told.changed), (1, 0, 0));
            }
        }
    }
}
