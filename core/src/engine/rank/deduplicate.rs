//! One row of each key: the first that came.

use std::collections::VecDeque;

use super::latest::Latest;
use crate::engine::evaluated::Evaluated;
use crate::engine::key::NoKey;
use crate::engine::operator::{Aside, Dropped, Metrics, Operator, Output, StateError, StateReader, StateWriter, Stop};
use crate::engine::recycled::RecycledKeys;
use crate::engine::rows::Rows;
use crate::expr::Formula;
use crate::pipeline::Keep;

/// Which rows are one, and which of them is kept.
#[derive(Debug, Clone)]
pub struct DeduplicateSpec {
    /// What tells rows apart.
    pub by: Vec<Formula>,
    /// For how long a key is remembered, in milliseconds; `None`: for ever.
    pub within_ms: Option<i64>,
    /// Which row is kept.
    pub keep: Keep,
    /// How many columns a row has.
    pub columns: usize,
}

/// Keeps one row of each key, of a stream.
///
/// T is the largest time of the rows so far, the current one included.
///
/// - [`Keep::First`] gives a stream: each row whose key is not remembered, as it comes. A key is remembered from
///   then on until `T > time + within_ms`, the time being that of the row that was given; repeated rows do not prolong
///   that. A row that is older than this when it comes is given and its key not remembered.
/// - [`Keep::Last`] gives a table's changelog, of which the key identifies the rows: of each key the row with the
///   largest time, of several the one that came last. A row leaves the table once `T > time + within_ms`: its going has
///   the time `time + within_ms + 1` and the `seq` of the row that made T pass; of several rows the one with the smallest
///   time goes first, then the one that came first. A row that is older than this when it comes is late, unless its
///   key has a newer one.
///
/// A row whose key is null, or can't be told, is dropped.
pub fn deduplicate(spec: DeduplicateSpec) -> Box<dyn Operator> {
    match spec.keep {
        Keep::First => Box::new(First::new(spec)),
        Keep::Last => Box::new(Latest::new(spec)),
    }
}

#[derive(Debug)]
struct First {
    by: Vec<Formula>,
    within_ms: Option<i64>,
    keys: RecycledKeys,
    /// For each key when it was given; empty where keys are remembered for ever.
    given: Vec<Given>,
    /// The keys that are remembered with the times at which they were given, in the order in which they came.
    queue: VecDeque<(i64, u32)>,
    metrics: Metrics,
    aside: Aside,
    key: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Given {
    time_ms: i64,
    /// How often the key stands in the queue.
    queued: u32,
}

impl First {
    fn new(spec: DeduplicateSpec) -> Self {
        Self {
            by: spec.by,
            within_ms: spec.within_ms,
            keys: RecycledKeys::default(),
            given: Vec::new(),
            queue: VecDeque::new(),
            metrics: Metrics::default(),
            aside: Aside::default(),
            key: Vec::new(),
        }
    }

    /// Whether a row is the first of its key.
    fn is_first(&mut self, batch: &Rows, keys: &Evaluated, row: usize) -> Result<bool, Stop> {
        let time_ms = batch.time_ms[row];
        self.metrics.rows_in += 1;
        let now_ms = self.metrics.stream_time_ms.map_or(time_ms, |now| now.max(time_ms));
        self.metrics.stream_time_ms = Some(now_ms);
        match keys.key(row, &mut self.key) {
            Ok(()) => {}
            Err(NoKey::Null) => {
                self.metrics.drop_row(Dropped::NullKey);
                return Ok(false);
            }
            Err(NoKey::Failed(_)) => {
                self.metrics.drop_row(Dropped::FailedKey);
                self.aside.keep(Dropped::FailedKey, batch, row, now_ms);
                return Ok(false);
            }
        }
        match self.within_ms {
            None => Ok(self.keys.insert(&self.key)?.1),
            Some(within) => self.is_first_within(time_ms, now_ms.saturating_sub(within)),
        }
    }

    /// As [`First::is_first`], where keys that were given before `from` are forgotten.
    fn is_first_within(&mut self, time_ms: i64, from: i64) -> Result<bool, Stop> {
        while let Some(&(given_ms, number)) = self.queue.front()
            && given_ms < from
        {
            self.queue.pop_front();
            let given = &mut self.given[number as usize];
            given.queued -= 1;
            if given.queued == 0 {
                self.keys.remove(number);
            }
        }
        if time_ms < from {
            // What is forgotten at once needs no place.
            let known = self.keys.find(&self.key).map(|number| self.given[number as usize].time_ms);
            return Ok(known.is_none_or(|given_ms| given_ms < from));
        }
        let (number, new) = self.keys.insert(&self.key)?;
        if number as usize == self.given.len() {
            self.given.push(Given::default());
        }
        let given = &mut self.given[number as usize];
        // Behind a row that is ahead of its time a key may stand in the queue although it is forgotten.
        let first = new || given.time_ms < from;
        if first {
            given.time_ms = time_ms;
            given.queued += 1;
            self.queue.push_back((time_ms, number));
        }
        Ok(first)
    }
}

impl Operator for First {
    fn process(&mut self, inputs: Vec<Rows>, out: &mut Output<'_>) -> Result<(), Stop> {
        for batch in inputs {
            let keys = Evaluated::of(&self.by, &batch, &mut self.metrics.mismatched);
            let mut firsts = Vec::new();
            for row in 0..batch.len() {
                if row % 1024 == 0 {
                    out.check()?;
                }
                if self.is_first(&batch, &keys, row)? {
                    firsts.push(row as u32);
                }
            }
            self.metrics.rows_out += firsts.len() as u64;
            out.give(if firsts.len() == batch.len() { batch } else { batch.take(&firsts) })?;
        }
        Ok(())
    }

    fn metrics(&self) -> Metrics {
        let given = self.given.len() * size_of::<Given>();
        let queue = self.queue.capacity() * size_of::<(i64, u32)>();
        Metrics { state_bytes: (self.keys.bytes() + given + queue) as u64, ..self.metrics.clone() }
    }

    fn aside(&self) -> Option<&Aside> {
        Some(&self.aside)
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.metrics);
        self.aside.save(state);
        let Some(within) = self.within_ms else {
            state.put(&self.keys.len());
            self.keys.iter().for_each(|(_, key)| state.put_bytes(key));
            return;
        };
        let from = self.metrics.stream_time_ms.unwrap_or(i64::MIN).saturating_sub(within);
        let remembered: Vec<_> = self.queue.iter().filter(|(given_ms, _)| *given_ms >= from).collect();
        state.put(&remembered.len());
        for (given_ms, number) in remembered {
            state.put(given_ms);
            state.put_bytes(self.keys.key(*number));
        }
    }

    fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.metrics = state.take()?;
        self.aside.load(state)?;
        self.keys = RecycledKeys::default();
        self.given.clear();
        self.queue.clear();
        for _ in 0..state.take::<usize>()? {
            let given_ms = if self.within_ms.is_some() { Some(state.take::<i64>()?) } else { None };
            let (number, new) = self.keys.insert(state.take()?).map_err(|stop| StateError(stop.to_string()))?;
            if !new {
                return Err(StateError("a key stands there twice".into()));
            }
            if let Some(time_ms) = given_ms {
                self.given.push(Given { time_ms, queued: 1 });
                self.queue.push_back((time_ms, number));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
