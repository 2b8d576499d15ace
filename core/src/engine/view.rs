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
    len: usize,
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
        self.len
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
            self.len += usize::from(self.id.is_empty());
            *kept = Kept { time_ms, cells: cells.into(), count };
            return;
        }
        self.bytes += key.len() + cells.len();
        self.len += 1;
        self.rows.insert(key.into(), Kept { time_ms, cells: cells.into(), count: 1 });
    }

    fn remove(&mut self, key: &[u8]) {
        let Some(kept) = self.rows.get_mut(key) else { return };
        kept.count -= 1;
        self.len -= 1;
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
    pub fn visit_sorted<E: From<Stop>>(&self, visit: impl FnMut(TableRow) -> Result<(), E>) -> Result<(), E> {
        self.visit_first(usize::MAX, visit)
    }

    /// Hands over the first rows of that order, up to so many.
    ///
    /// # Errors
    /// That of `visit`.
    pub fn visit_first<E: From<Stop>>(
        &self,
        most: usize,
        mut visit: impl FnMut(TableRow) -> Result<(), E>,
    ) -> Result<(), E> {
        // What tells the rows apart, row by row in one piece: a piece for each row would take twice the room.
        let (mut kept, mut by, mut width) = (Vec::with_capacity(self.rows.len()), Vec::new(), 0);
        for row in self.rows.values() {
            let cells = cells_of(row)?;
            if kept.is_empty() {
                width = if self.id.is_empty() { cells.len() } else { self.id.len() };
                by.reserve_exact(width * self.rows.len());
            }
            match self.id.is_empty() {
                true => by.extend(cells),
                false => by.extend(self.id.iter().map(|&at| cells[at].clone())),
            }
            kept.push(row);
        }
        let order = |&one: &u32, &other: &u32| {
            let (one, other) = (one as usize, other as usize);
            let mut orders = (0..width).map(|at| order_of(&by[one * width + at], &by[other * width + at]));
            let times = || kept[one].time_ms.cmp(&kept[other].time_ms);
            let by_row = orders.find(|order| order.is_ne()).unwrap_or_else(times);
            by_row.then_with(|| kept[one].cells.cmp(&kept[other].cells))
        };
        let mut places: Vec<u32> = (0..kept.len() as u32).collect();
        if most == 0 {
            return Ok(());
        }
        if most < places.len() {
            places.select_nth_unstable_by(most - 1, order);
            places.truncate(most);
        }
        places.sort_unstable_by(order);
        let mut room = most as u64;
        for row in places.into_iter().map(|place| kept[place as usize]) {
            let cells: Vec<Cell<'static>> = cells_of(row)?.into_iter().map(Cell::into_owned).collect();
            for _ in 0..row.count.min(room) {
                visit(TableRow { time_ms: row.time_ms, cells: cells.clone() })?;
            }
            room = room.saturating_sub(row.count);
            if room == 0 {
                break;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RowsBuilder;

    fn rows(values: &[(i64, i64, Sign)]) -> Rows {
        let mut rows = RowsBuilder::new(2, true);
        for (key, value, sign) in values {
            rows.push(0, *value, *sign, [Cell::Int(*key), Cell::Int(*value)]);
        }
        rows.finish()
    }

    #[test]
    fn rows_that_nothing_tells_apart_count_as_often_as_they_are_there() {
        let mut table = Materialised::new(Vec::new());
        table.apply(&rows(&[(1, 1, Sign::Plus), (1, 1, Sign::Plus), (2, 2, Sign::Plus), (1, 1, Sign::Plus)]));
        table.apply(&rows(&[(2, 2, Sign::Minus), (1, 1, Sign::Minus)]));
        assert_eq!((table.len(), table.sorted().unwrap().len()), (2, 2));
        table.apply(&rows(&[(1, 1, Sign::Minus), (1, 1, Sign::Minus)]));
        assert!(table.is_empty() && table.sorted().unwrap().is_empty());
    }

    #[test]
    fn the_first_rows_are_those_that_come_first_of_all() {
        for id in [vec![0], Vec::new()] {
            let mut table = Materialised::new(id);
            let changes: Vec<_> = (0..200).map(|at| (at * 37 % 101, at % 7, Sign::Plus)).collect();
            table.apply(&rows(&changes));
            let all = table.sorted().unwrap();
            assert_eq!(all.len(), table.len());
            for most in [0, 1, 2, 50, 100, 101, 199, 200, 500] {
                let mut first = Vec::new();
                let visited = table.visit_first(most, |row| -> Result<(), Stop> {
                    first.push(row);
                    Ok(())
                });
                visited.unwrap();
                assert_eq!(first, all[..most.min(all.len())], "the first {most}");
            }
        }
    }
}
