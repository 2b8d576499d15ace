//! One row of each key: the one with the largest time.

use super::deduplicate::DeduplicateSpec;
use crate::engine::evaluated::Evaluated;
use crate::engine::join::{Chunks, Entry};
use crate::engine::key::NoKey;
use crate::engine::operator::{Aside, Dropped, Metrics, Operator, Output, StateError, StateReader, StateWriter, Stop};
use crate::engine::outgoing::{Half, OutgoingRows};
use crate::engine::recycled::RecycledKeys;
use crate::engine::rows::{Rows, Sign};
use crate::engine::stored::{ALLOCATION, store_row, take_stored_row};
use crate::expr::Formula;

/// The latest row of each key: a table. [`deduplicate`](super::deduplicate()) has the rule.
#[derive(Debug)]
pub(super) struct Latest {
    by: Vec<Formula>,
    within_ms: Option<i64>,
    columns: usize,
    keys: RecycledKeys,
    rows: Vec<LatestRow>,
    value_bytes: usize,
    /// Where rows leave the table: each key with a time that its row's is not before.
    leaving: Chunks,
    arrivals: u64,
    changes: OutgoingRows,
    metrics: Metrics,
    aside: Aside,
    key: Vec<u8>,
    values: Vec<u8>,
}

#[derive(Debug, Default)]
struct LatestRow {
    time_ms: i64,
    arrival: u64,
    values: Box<[u8]>,
}

impl Latest {
    pub(super) fn new(spec: DeduplicateSpec) -> Self {
        Self {
            by: spec.by,
            within_ms: spec.within_ms,
            columns: spec.columns,
            keys: RecycledKeys::default(),
            rows: Vec::new(),
            value_bytes: 0,
            leaving: Chunks::default(),
            arrivals: 0,
            changes: OutgoingRows::new(spec.columns, 0, true),
            metrics: Metrics::default(),
            aside: Aside::default(),
            key: Vec::new(),
            values: Vec::new(),
        }
    }

    fn take(&mut self, batch: &Rows, keys: &Evaluated, row: usize, out: &mut Output<'_>) -> Result<(), Stop> {
        let time_ms = batch.time_ms[row];
        self.metrics.rows_in += 1;
        self.metrics.stream_time_ms = self.metrics.stream_time_ms.max(Some(time_ms));
        self.let_leave(batch.seq[row], out)?;
        let why = match keys.key(row, &mut self.key) {
            Ok(()) => {
                let known = self.keys.find(&self.key);
                if known.is_some() || time_ms >= self.stays_from() {
                    return self.put(batch, row);
                }
                Dropped::Late
            }
            Err(NoKey::Null) => Dropped::NullKey,
            Err(NoKey::Failed(_)) => Dropped::FailedKey,
        };
        self.metrics.drop_row(why);
        if why != Dropped::NullKey {
            self.aside.keep(why, batch, row, self.metrics.stream_time_ms.unwrap_or(time_ms));
        }
        Ok(())
    }

    /// Rows before this time leave the table.
    fn stays_from(&self) -> i64 {
        match (self.metrics.stream_time_ms, self.within_ms) {
            (Some(now_ms), Some(within)) => now_ms.saturating_sub(within),
            _ => i64::MIN,
        }
    }

    fn put(&mut self, batch: &Rows, row: usize) -> Result<(), Stop> {
        let (seq, time_ms) = (batch.seq[row], batch.time_ms[row]);
        let (number, new) = self.keys.insert(&self.key)?;
        if number as usize == self.rows.len() {
            self.rows.push(LatestRow::default());
        }
        let kept = &mut self.rows[number as usize];
        if !new && time_ms < kept.time_ms {
            return Ok(());
        }
        self.values.clear();
        store_row(batch, row, &mut self.values);
        kept.time_ms = time_ms;
        kept.arrival = self.arrivals;
        self.arrivals += 1;
        if new && self.within_ms.is_some() {
            self.leaving.insert(Entry { time_ms, row: number });
        }
        if new || *kept.values != *self.values {
            if !new {
                self.changes.push(seq, time_ms, Sign::Minus, [Half::Stored(&kept.values), Half::Nothing]);
            }
            self.changes.push(seq, time_ms, Sign::Plus, [Half::Row(batch, row), Half::Nothing]);
            self.value_bytes = self.value_bytes + self.values.len() - kept.values.len();
            kept.values = self.values.as_slice().into();
        }
        Ok(())
    }

    fn let_leave(&mut self, seq: u64, out: &mut Output<'_>) -> Result<(), Stop> {
        let Some(within) = self.within_ms else { return Ok(()) };
        let from = self.stays_from();
        if self.leaving.first().is_none_or(|entry| entry.time_ms >= from) {
            return Ok(());
        }
        let mut leaving = Vec::new();
        while let Some(entry) = self.leaving.first().filter(|entry| entry.time_ms < from) {
            self.leaving.pop_first();
            let kept = &self.rows[entry.row as usize];
            if kept.time_ms < from {
                leaving.push((kept.time_ms, kept.arrival, entry.row));
            } else {
                self.leaving.insert(Entry { time_ms: kept.time_ms, ..entry });
            }
        }
        leaving.sort_unstable();
        for (time_ms, _, number) in leaving {
            let kept = std::mem::take(&mut self.rows[number as usize]);
            let left_ms = time_ms.saturating_add(within).saturating_add(1);
            self.changes.push(seq, left_ms, Sign::Minus, [Half::Stored(&kept.values), Half::Nothing]);
            self.value_bytes -= kept.values.len();
            self.keys.remove(number);
            self.changes.give_many(out)?;
        }
        Ok(())
    }
}

impl Operator for Latest {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        for batch in inputs {
            let keys = Evaluated::of(&self.by, &batch, &mut self.metrics.mismatched);
            for row in 0..batch.len() {
                if row % 1024 == 0 {
                    out.check()?;
                }
                self.take(&batch, &keys, row, out)?;
                self.changes.give_many(out)?;
            }
        }
        self.changes.give(out)
    }

    fn metrics(&self) -> Metrics {
        let rows = self.rows.len() * size_of::<LatestRow>() + self.keys.len() * ALLOCATION + self.value_bytes;
        let state_bytes = (self.keys.bytes() + rows + self.leaving.heap_bytes()) as u64;
        Metrics { rows_out: self.changes.given(), state_bytes, ..self.metrics.clone() }
    }

    fn aside(&self) -> Option<&Aside> {
        Some(&self.aside)
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.metrics);
        state.put(&(self.changes.given(), self.arrivals));
        self.aside.save(state);
        state.put(&self.keys.len());
        for (number, key) in self.keys.iter() {
            let kept = &self.rows[number as usize];
            state.put_bytes(key);
            state.put(&(kept.time_ms, kept.arrival));
            state.put_bytes(&kept.values);
        }
    }

    fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.metrics = state.take()?;
        let (given, arrivals) = state.take::<(u64, u64)>()?;
        self.changes.set_given(given);
        self.arrivals = arrivals;
        self.aside.load(state)?;
        (self.keys, self.leaving, self.value_bytes) = (RecycledKeys::default(), Chunks::default(), 0);
        self.rows.clear();
        for _ in 0..state.take::<usize>()? {
            let (number, new) = self.keys.insert(state.take()?).map_err(|stop| StateError(stop.to_string()))?;
            if !new {
                return Err(StateError("a key stands there twice".into()));
            }
            let (time_ms, arrival) = state.take::<(i64, u64)>()?;
            let values = take_stored_row(state, self.columns)?;
            self.value_bytes += values.len();
            self.rows.push(LatestRow { time_ms, arrival, values: values.into() });
            if self.within_ms.is_some() {
                self.leaving.insert(Entry { time_ms, row: number });
            }
        }
        Ok(())
    }
}
