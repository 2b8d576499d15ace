//! The rows of one side of a join of tables: found by what identifies them, and strung together where they are
//! joined on the same.

use crate::engine::operator::Stop;
use crate::engine::recycled::RecycledKeys;
use crate::engine::stored::ALLOCATION;

/// No row, or no key.
const NONE: u32 = u32::MAX;

/// The rows of a table as they stand.
#[derive(Debug, Default)]
pub(crate) struct TableRows {
    /// What identifies each row; its number is the row's.
    ids: RecycledKeys,
    rows: Vec<TableRow>,
    value_bytes: usize,
}

/// The number of a row that was put, and the values that it had before, if it is not new.
pub(crate) type Put = (u32, Option<Box<[u8]>>);

#[derive(Debug, Default, Clone)]
struct TableRow {
    time_ms: i64,
    /// The number of the key that it is joined on.
    key: u32,
    /// The rows before and after it that are joined on the same.
    before: u32,
    after: u32,
    values: Box<[u8]>,
}

/// Rows of one side that are joined on the same, in the order in which they came to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    first: u32,
    last: u32,
    rows: u32,
}

impl Default for Chain {
    fn default() -> Self {
        Self { first: NONE, last: NONE, rows: 0 }
    }
}

impl Chain {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows as usize
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

impl TableRows {
    /// The number of a row.
    pub(crate) fn find(&self, id: &[u8]) -> Option<u32> {
        self.ids.find(id)
    }

    /// What identifies a row.
    ///
    /// # Panics
    /// If there is no such row; so do the others that take a row's number.
    pub(crate) fn id(&self, row: u32) -> &[u8] {
        self.ids.key(row)
    }

    /// The time of a row's last change in milliseconds.
    pub(crate) fn time_ms(&self, row: u32) -> i64 {
        self.rows[row as usize].time_ms
    }

    /// A row's values.
    pub(crate) fn values(&self, row: u32) -> &[u8] {
        &self.rows[row as usize].values
    }

    /// The number of the key that a row is joined on, if that is not null.
    pub(crate) fn key(&self, row: u32) -> Option<u32> {
        Some(self.rows[row as usize].key).filter(|key| *key != NONE)
    }

    /// The rows of a chain, in order.
    pub(crate) fn of_chain(&self, chain: Chain) -> impl Iterator<Item = u32> {
        let after = |row: &u32| Some(self.rows[*row as usize].after).filter(|row| *row != NONE);
        std::iter::successors(Some(chain.first).filter(|row| *row != NONE), after)
    }

    /// The rows whose key is null, in the order of their numbers.
    pub(crate) fn without_key(&self) -> impl Iterator<Item = u32> {
        self.ids.iter().map(|(row, _)| row).filter(|row| self.rows[*row as usize].key == NONE)
    }

    /// How many rows there are whose key is null.
    pub(crate) fn count_without_key(&self) -> usize {
        self.without_key().count()
    }

    /// Adds a row, or gives a row other values; tells its number and the values that it had.
    ///
    /// # Errors
    /// [`Stop::Bound`] when the identities come to 4 GiB.
    pub(crate) fn put(&mut self, id: &[u8], time_ms: i64, values: &[u8]) -> Result<Put, Stop> {
        let (number, new) = self.ids.insert(id)?;
        if number as usize == self.rows.len() {
            self.rows.push(TableRow::default());
        }
        let row = &mut self.rows[number as usize];
        self.value_bytes += values.len();
        if new {
            *row = TableRow { time_ms, key: NONE, before: NONE, after: NONE, values: values.into() };
            return Ok((number, None));
        }
        row.time_ms = time_ms;
        self.value_bytes -= row.values.len();
        Ok((number, Some(std::mem::replace(&mut row.values, values.into()))))
    }

    /// Takes a row away that is in no chain; gives its values.
    pub(crate) fn remove(&mut self, row: u32) -> Box<[u8]> {
        self.ids.remove(row);
        let values = std::mem::take(&mut self.rows[row as usize]).values;
        self.value_bytes -= values.len();
        values
    }

    /// Puts a row at the end of the chain of a key.
    pub(crate) fn link(&mut self, row: u32, key: u32, chain: &mut Chain) {
        let place = &mut self.rows[row as usize];
        (place.key, place.before, place.after) = (key, chain.last, NONE);
        match self.rows.get_mut(chain.last as usize) {
            Some(last) => last.after = row,
            None => chain.first = row,
        }
        chain.last = row;
        chain.rows += 1;
    }

    /// Takes a row out of its chain.
    pub(crate) fn unlink(&mut self, row: u32, chain: &mut Chain) {
        let place = &mut self.rows[row as usize];
        let (before, after) = (place.before, place.after);
        (place.key, place.before, place.after) = (NONE, NONE, NONE);
        match self.rows.get_mut(before as usize) {
            Some(row) => row.after = after,
            None => chain.first = after,
        }
        match self.rows.get_mut(after as usize) {
            Some(row) => row.before = before,
            None => chain.last = before,
        }
        chain.rows -= 1;
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        let rows = self.rows.len() * size_of::<TableRow>() + self.ids.len() * ALLOCATION;
        self.ids.bytes() + rows + self.value_bytes
    }
}
