//! What a view comes to: the rows of a table as they stand.

use std::collections::HashMap;

use super::operator::Stop;
use super::rows::{Rows, Sign};
use super::stored::{StoredCells, store_cell};
use crate::codec::Cell;

/// The rows of a table, kept up to date by its changelog.
#[derive(Debug, Clone, Default)]
pub struct Materialised {
    /// Columns that tell rows apart; where there are none, rows are told apart by all that stands in them.
    id: Vec<usize>,
    rows: HashMap<Box<[u8]>, Kept>,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct Kept {
    time_ms: i64,
    cells: Box<[u8]>,
    /// How many there are of it, where rows are told apart by all that stands in them.
    count: u64,
}

/// One row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRow {
    /// The row's time in milliseconds.
    pub time_ms: i64,
    /// What stands in its columns.
    pub cells: Vec<Cell<'static>>,
}

impl Materialised {
    /// A table without rows, whose rows these columns tell apart.
    pub fn new(id: Vec<usize>) -> Self {
        Self { id, ..Self::default() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of memory, near enough.
    pub fn bytes(&self) -> usize {
        self.bytes + self.rows.capacity() * (size_of::<Box<[u8]>>() + size_of::<Kept>() + 1)
    }

    /// Takes changes up.
    pub fn apply(&mut self, changes: &Rows) {
        let (mut key, mut cells) = (Vec::new(), Vec::new());
        for row in 0..changes.len() {
            key.clear();
            cells.clear();
            changes.columns.iter().for_each(|column| store_cell(&column.cell(row), &mut cells));
            if self.id.is_empty() {
                key.extend_from_slice(&cells);
            } else {
                self.id.iter().for_each(|&column| store_cell(&changes.cell(column, row), &mut key));
            }
            match changes.sign(row) {
                Sign::Plus => self.put(&key, changes.time_ms[row], &cells),
                Sign::Minus => self.remove(&key),
            }
        }
    }

    fn put(&mut self, key: &[u8], time_ms: i64, cells: &[u8]) {
        if let Some(kept) = self.rows.get_mut(key) {
            self.bytes = self.bytes + cells.len() - kept.cells.len();
            let count = if self.id.is_empty() { kept.count + 1 } else { 1 };
            *kept = Kept { time_ms, cells: cells.into(), count };
            return;
        }
        self.bytes += key.len() + cells.len();
        self.rows.insert(key.into(), Kept { time_ms, cells: cells.into(), count: 1 });
    }

    fn remove(&mut self, key: &[u8]) {
        let Some(kept) = self.rows.get_mut(key) else { return };
        kept.count -= 1;
        if kept.count == 0 {
            self.bytes -= key.len() + kept.cells.len();
            self.rows.remove(key);
        }
    }

    /// Every row, in the order of what tells them apart (all columns where nothing does).
    ///
    /// # Errors
    /// Never in practice: the rows were written here.
    pub fn sorted(&self) -> Result<Vec<TableRow>, Stop> {
        let mut rows = Vec::with_capacity(self.rows.len());
        self.visit_sorted(|row| {
            rows.push(row);
            Ok::<_, Stop>(())
        })?;
        Ok(rows)
    }

    /// Hands over every row as [`Materialised::sorted`] has them, one after the other, until `visit` fails. Only what tells
    /// the rows apart lies in memory for that.
    ///
    /// # Errors
    /// That of `visit`.
    pub fn visit_sorted<E: From<Stop>>(&self, mut visit: impl FnMut(TableRow) -> Result<(), E>) -> Result<(), E> {
        let mut rows = Vec::with_capacity(self.rows.len());
        for kept in self.rows.values() {
            let cells = cells_of(kept)?;
            let by: Vec<Cell<'_>> = match self.id.is_empty() {
                true => cells,
                false => self.id.iter().map(|&at| cells[at].clone()).collect(),
            };
            rows.push((by, kept));
        }
        rows.sort_by(|(one, kept), (other, other_kept)| {
            let order = one.iter().zip(other).map(|(one, other)| order_of(one, other));
            order.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| kept.time_ms.cmp(&other_kept.time_ms))
        });
        for (_, kept) in rows {
            let cells: Vec<Cell<'static>> = cells_of(kept)?.into_iter().map(Cell::into_owned).collect();
            for _ in 0..kept.count {
                visit(TableRow { time_ms: kept.time_ms, cells: cells.clone() })?;
            }
        }
        Ok(())
    }
}

fn cells_of(kept: &Kept) -> Result<Vec<Cell<'_>>, Stop> {
    let mut cells = Vec::new();
    let mut stored = StoredCells::new(&kept.cells);
    while !stored.is_at_end() {
        cells.push(stored.take().map_err(|error| Stop::Bound(error.to_string()))?);
    }
    Ok(cells)
}

/// An order of all values: nulls first, then by kind, then by worth.
pub fn order_of(one: &Cell<'_>, other: &Cell<'_>) -> std::cmp::Ordering {
    fn rank(cell: &Cell<'_>) -> u8 {
        match cell {
            Cell::Missing => 0,
            Cell::Null => 1,
            Cell::Bool(_) => 2,
            Cell::Int(_) | Cell::Decimal(_) | Cell::Number(_) | Cell::Float(_) => 3,
            Cell::Time(_) => 4,
            Cell::Text(_) => 5,
            Cell::Bytes(_) => 6,
            Cell::Array(_) => 7,
            Cell::Object(_) => 8,
            Cell::Failed(_) => 9,
        }
    }
    let same_kind = || one.compare(other).unwrap_or_else(|| one.to_string().cmp(&other.to_string()));
    rank(one).cmp(&rank(other)).then_with(same_kind)
}
