//! Differences and histories are what is found by looking at the rows after every single event.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::{Case, Limits, Row, codecs};
use crate::codec::Cell;
use crate::engine::tests::drawn::{any_events, pipeline};
use crate::engine::{Feed, Materialised, Plan, Rows, Running, Sink, Stop, TableRow};
use crate::pipeline::Flow;
use crate::view::Past;

/// Follows a view by a plan that knows nothing of pasts.
struct Follower {
    view: usize,
    flow: Flow,
    table: Materialised,
    stream: Vec<Row>,
    /// Of each column of the past's rows, the column here.
    layout: Vec<usize>,
}

impl Sink for Follower {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        if view == self.view {
            match self.flow {
                Flow::Table => self.table.apply(rows),
                Flow::Stream => {
                    let row = |row: usize| self.layout.iter().map(|&at| rows.cell(at, row).into_owned()).collect();
                    self.stream.extend((0..rows.len()).map(row));
                }
            }
        }
        Ok(())
    }
}

/// A view's rows after an event, and when that is told: of a stream all that have come.
type State = (i64, Vec<Row>);

/// The rows of a view after each event, in the columns of its past.
fn after_each_event(case: &Case, node: &str, past: &Past) -> Vec<State> {
    let plan = Plan::of(case.document.pipeline()).unwrap();
    let view = plan.views.iter().position(|view| view.name == node).unwrap();
    let planned = plan.views[view].clone();
    let mut layout = vec![usize::MAX; past.columns];
    for ((_, own, _), (_, place, _)) in planned.columns.iter().zip(&past.view().columns) {
        layout[*place] = *own;
    }
    planned.id.iter().zip(&past.view().id).for_each(|(own, place)| layout[*place] = *own);
    let mut feed = Feed::new(&case.store.snapshot(), &plan.sources, codecs, None);
    let table = Materialised::new(planned.id.clone());
    let mut follower = Follower { view, flow: planned.flow, table, stream: Vec::new(), layout };
    let (mut running, mut states) = (Running::new(plan), Vec::new());
    while let Some(step) = feed.step(1) {
        running.step(step.rows, &mut follower, &CancellationToken::new()).unwrap();
        let row = |row: &TableRow| follower.layout.iter().map(|&at| row.cells[at].clone()).collect();
        let rows = match follower.flow {
            Flow::Table => follower.table.sorted().unwrap().iter().map(row).collect(),
            Flow::Stream => follower.stream.clone(),
        };
        states.push((step.times.times_ms[0], rows));
    }
    states
}

/// The rows at a moment.
fn at(states: &[State], moment: i64) -> &[Row] {
    states.iter().rev().find(|(time, _)| *time <= moment).map_or(&[], |(_, rows)| rows)
}

fn written(row: &[Cell<'static>]) -> String {
    format!("{row:?}")
}

/// What tells a row apart.
fn identity(row: &Row, key: &[usize]) -> String {
    let cells: Row = key.iter().map(|&column| row[column].clone()).collect();
    written(&cells)
}

/// The rows by what tells them apart: what stands in them, and how many there are.
fn by_identity(rows: &[Row], key: &[usize]) -> BTreeMap<String, (String, u64)> {
    let mut by: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for row in rows {
        let entry = by.entry(identity(row, key)).or_insert_with(|| (written(row), 0));
        entry.1 += 1;
    }
    by
}

/// A row before and after, and how many of it: as a difference tells it.
type Changed = (Option<String>, Option<String>, u64);

/// What differs between two states of a table.
fn differing(before: &[Row], after: &[Row], key: &[usize]) -> Vec<Changed> {
    let (before, after) = (by_identity(before, key), by_identity(after, key));
    let mut all = Vec::new();
    for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let nothing = (String::new(), 0);
        let (was, is) = (before.get(name).unwrap_or(&nothing), after.get(name).unwrap_or(&nothing));
        match (was.1, is.1) {
            (0, count) => all.push((None, Some(is.0.clone()), count)),
            (count, 0) => all.push((Some(was.0.clone()), None, count)),
            _ if was.0 != is.0 => all.push((Some(was.0.clone()), Some(is.0.clone()), 1)),
            (more, less) if more > less => all.push((Some(was.0.clone()), None, more - less)),
            (less, more) if more > less => all.push((None, Some(is.0.clone()), more - less)),
            _ => {}
        }
    }
    all.sort();
    all
}

/// What became of a row up to a moment.
fn history(states: &[State], name: &str, key: &[usize], flow: Flow, until: i64) -> Vec<Option<String>> {
    if flow == Flow::Stream {
        let rows = at(states, until).iter().filter(|row| identity(row, key) == name);
        return rows.map(|row| Some(written(row))).collect();
    }
    let mut versions: Vec<Option<String>> = Vec::new();
    for (_, rows) in states.iter().take_while(|(time, _)| *time <= until) {
        let now = rows.iter().find(|row| identity(row, key) == name).map(|row| written(row));
        if versions.last().unwrap_or(&None) != &now {
            versions.push(now);
        }
    }
    versions
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Of every view, also of streams, of tables whose rows nothing tells apart and of those whose keys nobody sees; of
    /// every row that ever was there, also of those that are gone.
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
            let states = after_each_event(&case, &view.name, &past);
            let (flow, key) = (view.flow, past.key_columns());
            let (before, after) = (at(&states, from), at(&states, to));
            let told = past.between(from, Some(to), most).unwrap();
            let place = format!("{from}..{to} of {}\n{text}", view.name);
            if flow == Flow::Stream {
                let came = &after[before.len()..];
                prop_assert_eq!((told.added, told.gone, told.changed), (came.len() as u64, 0, 0), "{}", &place);
                let told_rows: Vec<String> = told.rows.iter().map(|row| written(&row.after.as_ref().unwrap().cells)).collect();
                let last = &came[came.len().saturating_sub(most)..];
                prop_assert_eq!(told_rows, last.iter().map(|row| written(row)).collect::<Vec<_>>(), "{}", &place);
            } else {
                let expected = differing(before, after, &key);
                let count = |which: fn(&Changed) -> bool| expected.iter().filter(|row| which(row)).map(|row| row.2).sum::<u64>();
                let added = count(|row| row.0.is_none());
                let gone = count(|row| row.1.is_none());
                let changed = count(|row| row.0.is_some() && row.1.is_some());
                prop_assert_eq!((told.added, told.gone, told.changed), (added, gone, changed), "{}", &place);
                let cells = |row: &Option<TableRow>| row.as_ref().map(|row| written(&row.cells));
                let mut rows: Vec<Changed> =
                    told.rows.iter().map(|row| (cells(&row.before), cells(&row.after), row.count)).collect();
                rows.sort();
                if told.left_out == 0 {
                    prop_assert_eq!(&rows, &expected, "{}", &place);
                } else {
                    prop_assert_eq!(rows.len() as u64 + told.left_out, expected.len() as u64, "{}", &place);
                    prop_assert!(rows.iter().all(|row| expected.contains(row)), "{}", &place);
                }
            }
            let ever: BTreeMap<String, &Row> =
                states.iter().flat_map(|(_, rows)| rows).map(|row| (identity(row, &key), row)).collect();
            for (name, row) in &ever {
                for until in [None, Some(from), Some(to)] {
                    let expected = history(&states, name, &key, flow, until.unwrap_or(i64::MAX));
                    let history = past.history(row, until, most).unwrap();
                    prop_assert!(history.whole);
                    let place = format!("{name} up to {until:?} in {}\n{text}", view.name);
                    prop_assert_eq!(history.count, expected.len() as u64, "{}", &place);
                    let told: Vec<Option<String>> =
                        history.versions.iter().map(|version| version.row.as_ref().map(|row| written(&row.cells))).collect();
                    prop_assert_eq!(&told[..], &expected[expected.len().saturating_sub(most)..], "{}", &place);
                }
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
            let count = there.len() as u64;
            let compared = |rows: &Rows, count| {
                past.compared_with(rows, &columns, count, 10, &CancellationToken::new()).unwrap()
            };
            prop_assert!(compared(&there, count).is_none());
            if !there.is_empty() {
                let all_but_one: Vec<u32> = (1..there.len() as u32).collect();
                let some = there.take(&all_but_one);
                let told = compared(&some, count - 1);
                prop_assert_eq!((told.added, told.gone, told.changed, told.rows.len()), (1, 0, 0, 1));
                // Where one is left out because only some are shown, none is missing; and how many there are is held too.
                prop_assert!(compared(&some, count).is_none());
                let told = compared(&some, count + 1);
                prop_assert_eq!((told.added, told.gone, told.changed, told.rows.len()), (0, 1, 0, 0));
            }
        }
    }
}
