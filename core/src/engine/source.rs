//! A table from a topic: the latest event of each key.

use super::key::{NoKey, write_key_of_row};
use super::operator::{Aside, Dropped, Metrics, Operator, Output, StateError, StateReader, StateWriter, Stop};
use super::outgoing::{Half, OutgoingRows};
use super::recycled::RecycledKeys;
use super::rows::{Rows, Sign};
use super::stored::{ALLOCATION, store_row, take_stored_row};

/// Which columns of a topic's events make a table.
#[derive(Debug, Clone)]
pub struct TableSourceSpec {
    /// The column that identifies a row.
    pub key: usize,
    /// The column that is null or missing where the event is a tombstone.
    pub value: usize,
    /// How many columns there are.
    pub columns: usize,
    /// Whether somebody asks for the table as of a time: then an event that changes nothing now is given too, because it
    /// says what held at its own time, and an event of an earlier time may still come.
    pub versions: bool,
}

/// Makes the changelog of a table of a stream of all of a topic's events, with the same columns.
///
/// Of each key the event that came last holds, whatever its time; a tombstone takes the key away. A change has the event's
/// `seq` and time. An event that changes nothing (equal in every column to the one that holds, or a tombstone of a key
/// that is not there) is counted as [`Dropped::Unchanged`], unless [`TableSourceSpec::versions`] wants it: then an equal
/// row goes and comes, and a tombstone's row comes and goes. An event without a key is dropped. No two changes are put
/// together: whoever asks for the table as of a time gets every version.
pub fn table_source(spec: TableSourceSpec) -> Box<dyn Operator> {
    Box::new(TableSource::new(spec))
}

#[derive(Debug)]
struct TableSource {
    spec: TableSourceSpec,
    keys: RecycledKeys,
    /// The values of each key's row.
    rows: Vec<Option<Box<[u8]>>>,
    row_bytes: usize,
    changes: OutgoingRows,
    metrics: Metrics,
    aside: Aside,
    key: Vec<u8>,
    values: Vec<u8>,
}

impl TableSource {
    fn new(spec: TableSourceSpec) -> Self {
        Self {
            keys: RecycledKeys::default(),
            rows: Vec::new(),
            row_bytes: 0,
            changes: OutgoingRows::new(spec.columns, 0, true),
            spec,
            metrics: Metrics::default(),
            aside: Aside::default(),
            key: Vec::new(),
            values: Vec::new(),
        }
    }

    fn take(&mut self, batch: &Rows, row: usize) -> Result<(), Stop> {
        self.metrics.rows_in += 1;
        let time_ms = batch.time_ms[row];
        let now_ms = self.metrics.stream_time_ms.map_or(time_ms, |now| now.max(time_ms));
        self.metrics.stream_time_ms = Some(now_ms);
        self.key.clear();
        match write_key_of_row(&[&batch.columns[self.spec.key]], row, &mut self.key) {
            Err(NoKey::Null) => self.metrics.drop_row(Dropped::NullKey),
            Err(NoKey::Failed(_)) => {
                self.metrics.drop_row(Dropped::FailedKey);
                self.aside.keep(Dropped::FailedKey, batch, row, now_ms);
            }
            Ok(()) if batch.cell(self.spec.value, row).is_null() => self.remove(batch, row),
            Ok(()) => self.insert(batch, row)?,
        }
        Ok(())
    }

    fn insert(&mut self, batch: &Rows, row: usize) -> Result<(), Stop> {
        self.values.clear();
        store_row(batch, row, &mut self.values);
        let (number, _) = self.keys.insert(&self.key)?;
        if number as usize == self.rows.len() {
            self.rows.push(None);
        }
        let kept = &mut self.rows[number as usize];
        match kept {
            Some(old) if **old == *self.values && !self.spec.versions => {
                self.metrics.drop_row(Dropped::Unchanged);
                return Ok(());
            }
            Some(old) => {
                self.changes.push(batch.seq[row], batch.time_ms[row], Sign::Minus, [Half::Stored(old), Half::Nothing]);
                self.row_bytes -= old.len();
                // Rows are often as long as the one before.
                if old.len() == self.values.len() {
                    old.copy_from_slice(&self.values);
                } else {
                    *old = self.values.as_slice().into();
                }
            }
            None => *kept = Some(self.values.as_slice().into()),
        }
        self.row_bytes += self.values.len();
        self.changes.push(batch.seq[row], batch.time_ms[row], Sign::Plus, [Half::Row(batch, row), Half::Nothing]);
        Ok(())
    }

    fn remove(&mut self, batch: &Rows, row: usize) {
        let Some(number) = self.keys.find(&self.key) else {
            if !self.spec.versions {
                return self.metrics.drop_row(Dropped::Unchanged);
            }
            for sign in [Sign::Plus, Sign::Minus] {
                self.changes.push(batch.seq[row], batch.time_ms[row], sign, [Half::Row(batch, row), Half::Nothing]);
            }
            return;
        };
        if let Some(old) = self.rows[number as usize].take() {
            self.changes.push(batch.seq[row], batch.time_ms[row], Sign::Minus, [Half::Stored(&old), Half::Nothing]);
            self.row_bytes -= old.len();
        }
        self.keys.remove(number);
    }
}

impl Operator for TableSource {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        for batch in inputs {
            for row in 0..batch.len() {
                if row % 1024 == 0 {
                    out.check()?;
                }
                self.take(&batch, row)?;
                self.changes.give_many(out)?;
            }
        }
        self.changes.give(out)
    }

    fn metrics(&self) -> Metrics {
        let rows = self.rows.len() * size_of::<Option<Box<[u8]>>>() + self.row_bytes + self.keys.len() * ALLOCATION;
        Metrics {
            rows_out: self.changes.given(),
            state_bytes: (self.keys.bytes() + rows) as u64,
            ..self.metrics.clone()
        }
    }

    fn aside(&self) -> Option<&Aside> {
        Some(&self.aside)
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.metrics);
        state.put(&self.changes.given());
        self.aside.save(state);
        state.put(&self.keys.len());
        for (number, key) in self.keys.iter() {
            state.put_bytes(key);
            state.put_bytes(self.rows[number as usize].as_deref().unwrap_or_default());
        }
    }

    fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        *self = Self { metrics: state.take()?, ..Self::new(self.spec.clone()) };
        self.changes.set_given(state.take()?);
        self.aside.load(state)?;
        for _ in 0..state.take::<usize>()? {
            let key: &[u8] = state.take()?;
            let row = take_stored_row(state, self.spec.columns)?;
            let (_, new) = self.keys.insert(key).map_err(|stop| StateError(stop.to_string()))?;
            if !new {
                return Err(StateError("a key has two rows".into()));
            }
            self.rows.push(Some(row.into()));
            self.row_bytes += row.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::codec::{Cell, Fault};
    use crate::engine::trial::{Outcome, Row, Trial, int, minus, plus, text};

    fn run(given: &[Row]) -> Outcome {
        run_with(given, false)
    }

    fn run_with(given: &[Row], versions: bool) -> Outcome {
        let make = || table_source(TableSourceSpec { key: 0, value: 1, columns: 3, versions });
        Trial { make: &make, inputs: vec![(3, false)] }.run(given)
    }

    fn event(seq: u64, time_ms: i64, key: &str, value: Cell<'static>) -> Row {
        plus(0, seq, time_ms, vec![text(key), value, int(7)])
    }

    #[test]
    fn the_event_that_came_last_holds_whatever_its_time() {
        let given = [event(0, 10, "a", int(1)), event(1, 5, "a", int(2)), event(2, 20, "b", int(3))];
        let outcome = run(&given);
        let [first, second, third] = given.clone();
        assert_eq!(outcome.rows, [first, minus(0, 1, 5, given[0].cells.clone()), second, third]);
        assert_eq!(outcome.metrics.stream_time_ms, Some(20));
    }

    #[test]
    fn a_tombstone_takes_the_key_away() {
        let given = [
            event(0, 0, "a", int(1)),
            event(1, 3, "a", Cell::Missing),
            event(2, 4, "a", Cell::Null),
            event(3, 5, "a", int(1)),
        ];
        let outcome = run(&given);
        assert_eq!(outcome.rows, [given[0].clone(), minus(0, 1, 3, given[0].cells.clone()), given[3].clone()]);
        assert_eq!(outcome.metrics.dropped[&Dropped::Unchanged], 1);
    }

    #[test]
    fn an_event_that_changes_nothing_is_not_given() {
        let given = [event(0, 0, "a", int(1)), event(1, 3, "a", int(1))];
        let outcome = run(&given);
        assert_eq!(outcome.rows, given[..1]);
        assert_eq!(outcome.metrics.dropped[&Dropped::Unchanged], 1);
    }

    #[test]
    fn an_event_that_changes_nothing_is_given_to_those_who_ask_for_versions() {
        let given = [event(0, 9, "a", int(1)), event(1, 3, "a", int(1)), event(2, 4, "b", Cell::Missing)];
        let [first, second, gone] = given.clone();
        let (goes, leaves) = (minus(0, 1, 3, first.cells.clone()), minus(0, 2, 4, gone.cells.clone()));
        let outcome = run_with(&given, true);
        assert_eq!(outcome.rows, [first, goes, second, gone, leaves]);
        assert_eq!(outcome.metrics.dropped, [].into());
    }

    #[test]
    fn an_event_without_key_is_dropped() {
        let failed = plus(0, 1, 3, vec![Cell::Failed(Fault::UndecodableKey), int(1), int(7)]);
        let outcome = run(&[plus(0, 0, 0, vec![Cell::Null, int(1), int(7)]), failed.clone()]);
        assert_eq!(outcome.rows, []);
        assert_eq!(outcome.metrics.dropped, [(Dropped::NullKey, 1), (Dropped::FailedKey, 1)].into());
        assert_eq!(outcome.aside[0].cells, failed.cells);
    }

    proptest! {
        #[test]
        fn the_changelog_leads_to_the_latest_of_each_key(
            events in prop::collection::vec((0..5_i64, 0..4_i64, 0..100_i64), 0..80),
            cuts in prop::collection::vec(0..80_usize, 0..4),
        ) {
            let given: Vec<Row> = events
                .iter()
                .zip(0..)
                .map(|((key, value, time_ms), seq)| {
                    let value = if *value == 0 { Cell::Missing } else { int(*value) };
                    plus(0, seq, *time_ms, vec![int(*key), value, int(*key)])
                })
                .collect();
            let versions = cuts.len() % 2 == 0;
            let make = || table_source(TableSourceSpec { key: 0, value: 1, columns: 3, versions });
            let outcome = Trial { make: &make, inputs: vec![(3, false)] }.run_cut(&given, &cuts);
            let mut table: BTreeMap<String, Vec<Cell<'static>>> = BTreeMap::new();
            for row in outcome.rows {
                let key = row.cells[0].to_string();
                match row.sign {
                    Sign::Minus => prop_assert_eq!(table.remove(&key), Some(row.cells), "what goes is what was"),
                    Sign::Plus => prop_assert_eq!(table.insert(key, row.cells), None, "what was went before"),
                }
            }
            let mut latest: BTreeMap<String, Vec<Cell<'static>>> = BTreeMap::new();
            for row in given {
                let key = row.cells[0].to_string();
                latest.remove(&key);
                if !row.cells[1].is_null() {
                    latest.insert(key, row.cells);
                }
            }
            prop_assert_eq!(table, latest);
        }
    }
}
