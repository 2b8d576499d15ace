//! What a join of tables writes down, and takes up again.

use super::table_rows::{Chain, TableRows};
use super::tables::TableJoin;
use crate::engine::operator::{StateError, StateReader, StateWriter};
use crate::engine::recycled::RecycledKeys;
use crate::engine::stored::take_stored_row;

impl TableJoin {
    /// Writes all that is remembered: key by key the rows of both sides in their order, then the rows without a key.
    pub(super) fn write(&self, state: &mut StateWriter) {
        state.put(&self.metrics);
        state.put(&self.joined.given());
        self.aside.save(state);
        state.put(&self.keys.len());
        for (key, bytes) in self.keys.iter() {
            state.put_bytes(bytes);
            for (side, chain) in self.chains[key as usize].iter().enumerate() {
                let rows = &self.sides[side].rows;
                state.put(&chain.len());
                rows.of_chain(*chain).for_each(|row| write_row(rows, row, state));
            }
        }
        for side in &self.sides {
            state.put(&side.rows.count_without_key());
            side.rows.without_key().for_each(|row| write_row(&side.rows, row, state));
        }
    }

    /// Takes up what [`TableJoin::write`] wrote.
    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.metrics = state.take()?;
        self.joined.set_given(state.take()?);
        self.aside.load(state)?;
        self.keys = RecycledKeys::default();
        self.chains.clear();
        self.sides.iter_mut().for_each(|side| side.rows = TableRows::default());
        for _ in 0..state.take::<usize>()? {
            let (key, new) = self.keys.insert(state.take()?).map_err(|stop| StateError(stop.to_string()))?;
            if !new {
                return Err(StateError("a key stands there twice".into()));
            }
            self.chains.push([Chain::default(); 2]);
            for side in 0..2 {
                self.read_rows(side, Some(key), state)?;
            }
        }
        (0..2).try_for_each(|side| self.read_rows(side, None, state))
    }

    fn read_rows(&mut self, side: usize, key: Option<u32>, state: &mut StateReader<'_>) -> Result<(), StateError> {
        for _ in 0..state.take::<usize>()? {
            let (id, time_ms) = (state.take::<&[u8]>()?, state.take::<i64>()?);
            let this = &mut self.sides[side];
            let values = take_stored_row(state, this.columns)?;
            let (row, old) = this.rows.put(id, time_ms, values).map_err(|stop| StateError(stop.to_string()))?;
            if old.is_some() {
                return Err(StateError("a row stands there twice".into()));
            }
            self.link(side, row, key);
        }
        Ok(())
    }
}

fn write_row(rows: &TableRows, row: u32, state: &mut StateWriter) {
    state.put_bytes(rows.id(row));
    state.put(&rows.time_ms(row));
    state.put_bytes(rows.values(row));
}
