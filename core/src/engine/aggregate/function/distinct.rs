//! `count(DISTINCT x)`.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::per_slot::{check, fill_with, grown, pick_owned};
use super::{Accumulator, Part};
use crate::codec::Cell;
use crate::engine::{Sign, StateError, StateReader, StateWriter, write_key};

/// How many different values there are; values are one if they are one as keys.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    /// For each slot how often each value was added, by its bytes as a key.
    values: Vec<HashMap<Box<[u8]>, u64, FxBuildHasher>>,
    /// Bytes of all values together.
    bytes: usize,
    key: Vec<u8>,
}

/// About what a map takes for a value beside its bytes.
const ENTRY: usize = 48;

impl Accumulator for Distinct {
    fn grow(&mut self, slots: usize) {
        fill_with(&mut self.values, slots, HashMap::default);
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        part.each(|taken| {
            self.key.clear();
            if write_key(std::slice::from_ref(&taken.cell), &mut self.key).is_err() {
                return;
            }
            let values = &mut self.values[taken.slot as usize];
            match (values.get_mut(self.key.as_slice()), taken.sign) {
                (Some(count), Sign::Plus) => *count += 1,
                (Some(count), Sign::Minus) if *count > 1 => *count -= 1,
                (Some(_), Sign::Minus) => {
                    values.remove(self.key.as_slice());
                    self.bytes -= self.key.len();
                }
                (None, Sign::Plus) => {
                    values.insert(self.key.as_slice().into(), 1);
                    self.bytes += self.key.len();
                }
                (None, Sign::Minus) => {}
            }
        });
        0
    }

    fn merge(&mut self, into: u32, from: u32) {
        let from = std::mem::take(&mut self.values[from as usize]);
        let into = &mut self.values[into as usize];
        for (value, count) in from {
            let length = value.len();
            match into.get_mut(&value) {
                Some(own) => {
                    *own += count;
                    self.bytes -= length;
                }
                None => {
                    into.insert(value, count);
                }
            }
        }
    }

    fn keep(&mut self, slots: &[u32]) {
        self.values = pick_owned(&mut self.values, slots);
        self.bytes = self.values.iter().flat_map(|values| values.keys()).map(|value| value.len()).sum();
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        Cell::Int(self.values[slot as usize].len() as i64)
    }

    fn bytes(&self) -> usize {
        let values: usize = self.values.iter().map(HashMap::len).sum();
        grown(self.values.len()) * size_of::<HashMap<Box<[u8]>, u64, FxBuildHasher>>() + values * ENTRY + self.bytes
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.values.len());
        for values in &self.values {
            let mut values: Vec<(&[u8], u64)> = values.iter().map(|(value, count)| (&**value, *count)).collect();
            values.sort_unstable();
            state.put(&values);
        }
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        check(state.take::<usize>()? == slots)?;
        self.values.clear();
        self.bytes = 0;
        for _ in 0..slots {
            let values: Vec<(&[u8], u64)> = state.take()?;
            self.bytes += values.iter().map(|(value, _)| value.len()).sum::<usize>();
            self.values.push(values.into_iter().map(|(value, count)| (value.into(), count)).collect());
        }
        Ok(())
    }
}
